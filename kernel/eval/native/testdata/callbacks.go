package main

import (
	"fmt"
	"sort"
	"strings"
)

type inside struct {
	k    int8
	name string
}

type item struct {
	n    int
	f    float64
	s    string
	u    uint16
	in   inside
	p    *inside
	list []int
	a    [3]int32
	i    any
}

var global = []int{5, 2, 8, 1, 9, 3}
var words = []string{"b", "a", "", "abc", "ab", "é"}

func items() (list []item) {
	for i := range 9 {
		n := (i*7 + 3) % 5
		list = append(list, item{n, float64(n) / 3, strings.Repeat("x", n), uint16(60000 + 1000*n), inside{int8(100 * n), fmt.Sprint(n)}, &inside{int8(n), "p"}, []int{n, i}, [3]int32{int32(-n), 2, int32(i)}, n})
	}
	return list
}

func by(what string, less func(list []item) func(i, j int) bool) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(what, "panics:", r)
		}
	}()
	list := items()
	sort.Slice(list, less(list))
	fmt.Print(what)
	for _, x := range list {
		fmt.Print(" ", x.n, x.list[1])
	}
	fmt.Println()
}

func compare(a, b int) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func key(x *item) int { return x.n*x.n - 4*x.n }

func main() {
	sort.Slice(global, func(i, j int) bool { return global[i] < global[j] })
	sort.Slice(words, func(i, j int) bool { return words[i] >= words[j] })
	fmt.Println(global, words)
	less := func(what string, f func(a, b *item) bool) {
		by(what, func(l []item) func(i, j int) bool { return func(i, j int) bool { return f(&l[i], &l[j]) } })
	}
	less("through a function", func(a, b *item) bool { return a.n < b.n })
	by("ints", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].n < l[j].n } })
	by("floats", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].f > l[j].f } })
	by("strings", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].s < l[j].s } })
	by("strings, turned", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].s > l[j].s } })
	by("short", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].u < l[j].u } })
	by("signed", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].in.k < l[j].in.k } })
	by("nested", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].in.name < l[j].in.name } })
	by("pointers", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].p.k < l[j].p.k } })
	by("lists", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].list[1] > l[j].list[1] } })
	by("arrays", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].a[0] < l[j].a[0] } })
	by("two keys", func(l []item) func(i, j int) bool {
		return func(i, j int) bool {
			if a, b := l[i], l[j]; a.n != b.n {
				return a.n > b.n
			}
			return l[i].list[1] > l[j].list[1]
		}
	})
	by("or", func(l []item) func(i, j int) bool {
		return func(i, j int) bool {
			return l[i].n < l[j].n || l[i].n == l[j].n && l[i].list[1] < l[j].list[1]
		}
	})
	by("calls", func(l []item) func(i, j int) bool {
		return func(i, j int) bool { return compare(key(&l[i]), key(&l[j])) < 0 }
	})
	by("captured", func(l []item) func(i, j int) bool {
		m, turned := []int{3, 1, 4, 1, 5}, true
		return func(i, j int) bool { return (m[l[i].n] < m[l[j].n]) != turned }
	})
	by("divided", func(l []item) func(i, j int) bool {
		return func(i, j int) bool { return 60/(l[i].n+1) < 60%(l[j].n+1) }
	})
	by("divided by zero", func(l []item) func(i, j int) bool { return func(i, j int) bool { return 60/l[i].n < 60/l[j].n } })
	by("shifted", func(l []item) func(i, j int) bool { return func(i, j int) bool { return 1<<l[i].n < 1<<l[j].n } })
	by("shifted badly", func(l []item) func(i, j int) bool { return func(i, j int) bool { return 1<<(l[i].n-2) < 5 } })
	by("outside", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].list[l[j].n] < 3 } })
	by("outside, unused", func(l []item) func(i, j int) bool {
		return func(i, j int) bool {
			_ = l[i+100]
			return i < j
		}
	})
	by("outside of an array", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].a[l[j].n] < 0 } })
	by("nil", func(l []item) func(i, j int) bool {
		l[4].p = nil
		return func(i, j int) bool { return l[i].p.k < l[j].p.k }
	})
	by("nil, unused", func(l []item) func(i, j int) bool {
		var p *item
		return func(i, j int) bool {
			x := p.n
			if i < j {
				return true
			}
			return x > 0
		}
	})
	by("interfaces", func(l []item) func(i, j int) bool { return func(i, j int) bool { return l[i].i.(int) < l[j].i.(int) } })
	by("much", func(l []item) func(i, j int) bool {
		return func(i, j int) bool {
			a, b := uint32(l[i].n), uint32(l[j].n)
			a = a*a + a
			a = a*a ^ a
			a = a*a - a
			a = a*a + a
			b = b*b + b
			b = b*b ^ b
			b = b*b - b
			b = b*b + b
			return a < b
		}
	})
	by("changes", func(l []item) func(i, j int) bool {
		calls := 0
		return func(i, j int) bool {
			calls++
			return (calls+l[i].n)%3 < l[j].n
		}
	})
	fmt.Println(strings.Map(func(r rune) rune {
		switch {
		case r == 'x':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 32
		}
		return r ^ 1
	}, "hexéllo, 世界"))
	fmt.Println(strings.FieldsFunc("a1b22c", func(r rune) bool { return '0' <= r && r <= '9' }))
	fmt.Println(sort.Search(100, func(i int) bool { return i*i > 50 }))
	fmt.Println(strings.Map(func(r rune) rune { return rune(uint8(r) << 1) }, "abé"), strings.Map(func(r rune) rune { return rune(float32(r) / 2) }, "abé"))
}
