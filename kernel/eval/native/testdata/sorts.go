package main

import (
	"cmp"
	"fmt"
	"math"
	"sort"
)

type one struct{ n int32 }

type named string

var seed uint32

func random() uint32 {
	seed = seed*1664525 + 1013904223
	return seed >> 8
}

// many is as many elements as are cut, of few or many values, in order or not.
func many[T any](n int, from func(x uint32) T) (x []T) {
	for range n {
		x = append(x, from(random()))
	}
	return x
}

// told sums up what is in a slice, and in which order.
func told[T any](what string, x []T) {
	sum := uint64(0)
	for _, c := range []byte(fmt.Sprint(x)) {
		sum = sum*1099511628211 + uint64(c)
	}
	fmt.Println(what, len(x), x[0], x[len(x)/2], x[len(x)-1], sum)
}

func ordered[T cmp.Ordered](what string, x []T) {
	y := append([]T(nil), x...)
	sort.Slice(x, func(i, j int) bool { return x[i] < x[j] })
	told(what, x)
	sort.Slice(y, func(i, j int) bool { return y[i] > y[j] })
	told(what+", turned", y)
	sort.Slice(y, func(i, j int) bool { return y[j] > y[i] })
	told(what+", turned twice", y)
	sort.Slice(x, func(i, j int) bool { return x[i] < x[j] })
	told(what+", again", x)
}

var all = many(5000, func(x uint32) int { return int(x) })

func main() {
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	told("a variable of the package", all)
	for _, n := range []int{63, 64, 65, 1000, 9000} {
		ordered("int", many(n, func(x uint32) int { return int(x) - 1<<22 }))
		ordered("few", many(n, func(x uint32) int { return int(x % 5) }))
		ordered("one", many(n, func(uint32) int { return 7 }))
	}
	ordered("uint", many(500, func(x uint32) uint { return uint(x) << 42 }))
	ordered("int64", many(500, func(x uint32) int64 { return int64(x) << 42 }))
	ordered("int32", many(500, func(x uint32) int32 { return int32(x << 8) }))
	ordered("uint32", many(500, func(x uint32) uint32 { return x << 8 }))
	ordered("int16", many(500, func(x uint32) int16 { return int16(x) }))
	ordered("uint16", many(500, func(x uint32) uint16 { return uint16(x) }))
	ordered("int8", many(500, func(x uint32) int8 { return int8(x) }))
	ordered("uint8", many(500, func(x uint32) uint8 { return uint8(x) }))
	ordered("float64", many(500, func(x uint32) float64 { return float64(x)/3 - 1e6 }))
	ordered("float32", many(500, func(x uint32) float32 { return float32(x)/3 - 1e6 }))
	ordered("infinite", many(500, func(x uint32) float64 { return 1 / (math.Sqrt(float64(x%3)) - 1) }))
	ordered("zeros", many(500, func(x uint32) float64 { return math.Copysign(0, float64(x%2)-.5) }))
	ordered("no numbers", many(500, func(x uint32) float64 { return math.Sqrt(float64(x%7) - 3) }))
	ordered("string", many(500, func(x uint32) string { return fmt.Sprint(x % 1000) }))
	ordered("named", many(500, func(x uint32) named { return named(fmt.Sprint(x)) }))

	s := many(500, func(x uint32) one { return one{int32(x % 50)} })
	sort.Slice(s, func(i, j int) bool { return s[i].n < s[j].n })
	told("a struct of one number", s)
	part := many(500, func(x uint32) int { return int(x) })
	sort.Slice(part[100:300], func(i, j int) bool { return part[i] < part[j] })
	told("another's elements", part)
	sort.Slice(part[:300], func(i, j int) bool { return part[i] < part[j] })
	told("a beginning", part)
	pairs := many(500, func(x uint32) [2]int { return [2]int{int(x % 7), int(x)} })
	sort.Slice(pairs, func(i, j int) bool { return pairs[i][0] < pairs[j][0] })
	told("what is equal in part", pairs)
	sort.Slice(part, func(i, j int) bool { return part[i] <= part[j] })
	told("not a strict order", part)
	sort.Slice(part, byLowBits(part))
	told("from elsewhere", part)
	short := part[:400]
	defer func() { fmt.Println(recover()) }()
	sort.Slice(part, func(i, j int) bool { return short[i] > short[j] })
}

func byLowBits(x []int) func(i, j int) bool {
	return func(i, j int) bool { return x[i]&15 < x[j]&15 }
}
