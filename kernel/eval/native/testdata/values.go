package main

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

type point struct{ x, y int }
type line struct {
	a, b  point
	name  string
	color [3]uint8
}
type mixed struct {
	b bool
	i int8
	f float32
	s string
	e error
	l []int
}

func (p point) plus(q point) point      { return point{p.x + q.x, p.y + q.y} }
func (p *point) move(d int)             { p.x += d; p.y -= d }
func swap(a, b string) (string, string) { return b, a }
func many(a int8, b string, c float32, d []int, e point) (int, string, float64, []int, point, error) {
	return int(a) * 2, b + "!", float64(c), append(d, int(a)), e.plus(e), errors.New("none")
}

type list struct {
	next *list
	v    int
}

func arrays() {
	var a [4]int
	b := a
	b[1] = 5
	p := &a
	p[2] = 7
	fmt.Println(a, b, a == b, a != [4]int{0, 0, 7, 0}, len(p), a[1:3], cap(a[1:3]), len(a[:2:3]))
	m := [2][3]string{{"a", "b", "c"}, {"d"}}
	n := m
	n[1][0] = "z"
	for i, row := range m {
		for j, s := range row {
			fmt.Print(i, j, s, n[i][j], " ")
		}
	}
	fmt.Println(m == n)
	one := [1]*int{new(int)}
	var any any = one
	*any.([1]*int)[0] = 3
	fmt.Println(*one[0])
	z := [0]int{}
	fmt.Println(len(z), z == [0]int{})
}

func structs() {
	p := point{1, 2}
	p.move(10)
	q := p
	q.x = 0
	fmt.Println(p, q, p == q, p.plus(q), p == point{11, -8})
	l := line{a: p, name: "l", color: [3]uint8{1, 2, 3}}
	k := l
	k.color[0] = 9
	k.b.y = 4
	fmt.Println(l, k, l == k)
	ls := []line{l, k}
	ls[0].a.x, ls[1].name = 100, "k"
	for _, x := range ls {
		fmt.Println(x.a.x, x.name, x.color)
	}
	m := mixed{true, -3, 1.5, "s", nil, []int{1}}
	n := m
	n.l[0], n.s = 5, "t"
	fmt.Println(m.b, m.i, m.f, m.s, m.e == nil, m.l, n.s)
	mp := map[point]string{{1, 2}: "a"}
	mp[point{3, 4}] = "b"
	fmt.Println(mp[point{1, 2}], mp[point{3, 4}], mp[point{}], len(mp))
	ms := map[string]point{"a": {1, 1}}
	x, ok := ms["b"]
	fmt.Println(ms["a"], x, ok)
	var e struct{}
	f := e
	fmt.Println(e == f, struct{ a, b int }{1, 2} == struct{ a, b int }{1, 2})
}

func closures() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for _, f := range fs {
		fmt.Print(f(), f(), " ")
	}
	p := point{1, 2}
	plus := p.plus
	move := (*point).move
	move(&p, 5)
	fmt.Println(plus(point{1, 1}), p, point.plus(p, p))
	var fib func(int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		return fib(n-1) + fib(n-2)
	}
	fmt.Println(fib(15))
	s := []string{"pear", "fig", "apple"}
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	fmt.Println(s, strings.Map(func(r rune) rune { return r + 1 }, "abc"), strings.FieldsFunc("a1b2c", func(r rune) bool { return r < 'a' }), sort.Search(100, func(i int) bool { return i*i > 50 }))
}

func texts() {
	s := "aé世界\xff"
	for i, r := range s {
		fmt.Print(i, ":", r, " ")
	}
	b := []byte(s)
	b[0] = 'z'
	r := []rune(s)
	fmt.Println(len(s), s[1], s[1:3], string(b[:1]), len(r), string(r[:2]), s < "b", s == "a", s+"x" >= s, "" < s)
	t := ""
	for i := range 10 {
		t += strconv.Itoa(i)
	}
	x, y := swap(t, s[:1])
	fmt.Println(x, y, strings.Repeat(t, 2), strings.Split("a,b", ","), append([]byte("a"), "bc"...), copy(b, "q"))
	switch t[:2] {
	case "01":
		fmt.Println("one")
	case "02":
		fmt.Println("two")
	}
}

func lists() {
	var l *list
	for i := range 5 {
		l = &list{l, i}
	}
	n := 0
	for x := l; x != nil; x = x.next {
		n = n*10 + x.v
	}
	fmt.Println(n)
	s := make([]int, 2, 5)
	t := append(s, 1, 2)
	u := append(s, 9)
	fmt.Println(s, t, u, len(t), cap(t), t[2:4:5], append([]int(nil), t...), append(s[:1], s[1:]...))
	var grow []string
	for i := range 100 {
		grow = append(grow, strconv.Itoa(i))
	}
	fmt.Println(len(grow), grow[99], copy(grow, grow[50:]), grow[0])
	clear(s)
	m := map[string][]int{}
	m["a"] = append(m["a"], 1)
	m["a"][0]++
	delete(m, "b")
	fmt.Println(m, s, *(*[2]int)(s))
	a, b, c, d, e, f := many(-5, "x", 2.5, []int{1}, point{1, 2})
	fmt.Println(a, b, c, d, e, f)
	i, j, k := 1, 2, 3
	for range 4 {
		i, j, k = j, k, i
	}
	fmt.Println(i, j, k)
}

func main() {
	arrays()
	structs()
	closures()
	texts()
	lists()
}
