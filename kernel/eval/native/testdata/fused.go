package main

import (
	"fmt"
	"math"
)

// What the loop of instructions does as one, done rightly and wrongly.

var text = "the quick brown fox"
var rows = [][]float64{{1.5, -2, 3}, {0.25}, nil, {math.MaxFloat64, 5e-324, 1e-300, 7}}
var counts [128]int
var nan = math.Sqrt(-1)

type grid struct {
	m    [][]float64
	name string
	n    [4]int
	list []int
}

func try(what string, f func() any) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(what, "panics:", r)
		}
	}()
	fmt.Println(what, f())
}

func main() {
	for i := 0; i < len(text); i++ {
		counts[text[i]]++
	}
	fmt.Println(counts)
	for n := range 4 {
		try("text", func() (x any) {
			sum := 0
			for i := n * 6; i < n*6+6; i++ {
				sum += int(text[i]) << i
			}
			return sum
		})
		try("rows", func() any {
			sum := 0.0
			for k := 0; k < 4; k++ {
				sum += rows[k][n] * rows[0][k%3]
			}
			return sum
		})
		try("columns", func() any {
			sum := 1.0
			for i := n - 1; i < 3; i++ {
				sum = rows[n][i]*sum - float64(i)
				sum = sum - rows[0][i]*rows[n][i]
			}
			return sum
		})
	}
	var none *grid
	g := &grid{m: rows, name: "grid", list: []int{1, 2, 3}}
	for _, g := range []*grid{g, none} {
		try("of a pointer", func() any {
			x := 0.0
			for i := 0; i < 3; i++ {
				x = x + g.m[0][i]*g.m[0][i]
			}
			return x
		})
		try("name of a pointer", func() any {
			x := byte(0)
			for i := 0; i <= 4; i++ {
				x ^= g.name[i%(4+i/4)]
			}
			return x
		})
		try("counts of a pointer", func() any {
			for i := 0; i < len(g.name); i++ {
				g.n[i]++
				g.list[i] += 2
			}
			return g.n
		})
		try("counts", func() any {
			for i := 0; i < 5; i++ {
				g.n[i&3] += 3
				g.list[i&1]--
			}
			return g.list
		})
	}
	fmt.Println(g.n, g.list)
	n := 7
	bound := &n
	steps := func() (out []int) {
		for i := 0; i < n; i++ {
			out = append(out, i)
			n -= i % 2
		}
		for i := 0; i < *bound; i += 2 {
			out = append(out, i, *bound)
			if i == 2 {
				bound = nil
			}
		}
		return out
	}
	try("bounds", func() any { return steps() })
	fmt.Println(n, bound)
	x := []float64{1e200, nan, math.Copysign(0, -1), 3, 1e-200, 1 / math.Copysign(0, -1), 0.1, 1.0 / 3}
	for i := range x {
		a, b, c, d := 0.0, 1.0, math.Copysign(0, -1), 0.0
		for k := range x {
			a += x[i] * x[k]
			b = x[k]*x[i] + b
			c -= x[i] * x[k]
			d = d + x[k]
			b *= x[k]
			a = a*a + a*a
			d = d*x[k] - x[k]*d
		}
		fmt.Println(math.Float64bits(a)&^(1<<63), b, c, 1/c, d)
	}
	dot := func(a, b []float64) (s float64) {
		for i := range a {
			s += a[i] * b[i]
		}
		return s
	}
	try("dot", func() any { return dot(rows[0], rows[3]) })
	try("dot, too long", func() any { return dot(rows[3], rows[0]) })
	list := make([]int, 5)
	try("slice", func() any {
		for _, c := range []byte(text) {
			list[c&7]++
		}
		return 0
	})
	hist := make([]int, 26)
	for _, c := range []byte("abcabcab") {
		hist[c-'a']++
	}
	fmt.Println(list, hist)
	m := [3]int{}
	try("array", func() any {
		for i := 0; i < 4; i++ {
			m[i]++
		}
		return 0
	})
	fmt.Println(m)
}
