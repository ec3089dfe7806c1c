// Methods of types that an interface holds as they are, and methods by embedding at different places.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sort"
	"strings"
)

type inMap struct{ m map[int]int }

func (x inMap) String() string { return fmt.Sprint("inMap ", len(x.m), x.m[1]) }
func (x *inMap) Put(v int)     { x.m = map[int]int{1: v} }

type inChan struct{ c ch }
type ch chan int

func (x inChan) String() string { return fmt.Sprint("inChan ", cap(x.c)) }

type inFunc struct{ f func() int }

func (x inFunc) Error() string {
	if x.f == nil {
		return "inFunc none"
	}
	return fmt.Sprint("inFunc ", x.f())
}

type array [1]*int

func (x array) String() string {
	if x[0] == nil {
		return "array nil"
	}
	return fmt.Sprint("array ", *x[0])
}

type nested struct{ inMap }

type padded struct {
	_ struct{}
	p *int
}

func (x padded) String() string { return fmt.Sprint("padded ", x.p == nil) }

type header struct{ http.Header }

type box[T any] struct{ v T }

func (b box[T]) String() string { return fmt.Sprint("box ", b.v) }

type byLen []inMap

func (b byLen) Len() int           { return len(b) }
func (b byLen) Less(i, j int) bool { return len(b[i].m) < len(b[j].m) }
func (b byLen) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

type t struct{ n int }

func (x t) String() string { return fmt.Sprint("t", x.n) }
func (x *t) Set(n int)     { x.n = n }

type a struct {
	x int8
	t
}
type b struct {
	s    string
	x, y int
	t
}
type c struct {
	s string
	t
}
type d struct {
	s [3]string
	*t
}
type generic[T any] struct {
	v T
	t
}
type deep struct {
	s string
	c
}
type wrapped struct {
	s string
	fmt.Stringer
}
type setter interface{ Set(int) }
type both interface {
	setter
	fmt.Stringer
}

func direct() {
	n := 5
	full, none := inMap{map[int]int{1: 9}}, inMap{}
	fmt.Println(full, none, &full, []inMap{full, none}, map[string]inMap{"a": full}, struct{ inMap }{full}, [1]inMap{full})
	fmt.Println(inChan{make(ch, 3)}, inChan{}, inFunc{func() int { return 7 }}, inFunc{}, array{&n}, array{}, nested{full}, nested{})
	fmt.Println(padded{p: &n}, padded{}, padded{p: &n} == padded{p: &n}, padded{} == padded{p: &n})
	fmt.Println(array{&n} == array{&n}, array{} == array{&n}, any(array{&n}) == any(array{&n}), map[any]int{array{&n}: 1, padded{p: &n}: 2}[padded{p: &n}])
	fmt.Println(box[map[int]int]{map[int]int{1: 1}}, box[int]{3}, box[[1]func()]{}.String() != "")
	var s fmt.Stringer = full
	bound := s.String
	full.Put(4)
	fmt.Println(bound(), full, fmt.Stringer.String(s), inMap.String(full), (*inMap).String(&full))
	fmt.Println(reflect.ValueOf(s).Method(0).Call(nil)[0], reflect.ValueOf(&full).MethodByName("String").Call(nil)[0])
	var h interface{ Get(string) string } = header{http.Header{"A": {"b"}}}
	fmt.Println(h.Get("a"))
	var e inFunc
	err := fmt.Errorf("so: %w", inFunc{func() int { return 2 }})
	fmt.Println(err, errors.As(err, &e), e)
	list := []inMap{{map[int]int{1: 1, 2: 2}}, {}, {map[int]int{3: 3}}}
	sort.Sort(byLen(list))
	fmt.Println(list)
	type local struct{ inMap }
	fmt.Println(local{full}, struct{ local }{})
	for _, x := range []any{full, none, array{&n}, padded{p: &n}, nested{full}} {
		switch x := x.(type) {
		case padded:
			fmt.Println(*x.p, fmt.Stringer(x))
		case fmt.Stringer:
			fmt.Println(x.String())
		default:
			fmt.Println("none")
		}
	}
}

func embedded() {
	fmt.Println(a{1, t{2}}, b{"s", 1, 2, t{3}}, c{"s", t{4}}, &c{"s", t{5}}, d{t: &t{6}})
	x, y, z, p := a{1, t{2}}, b{"s", 1, 2, t{3}}, c{"s", t{4}}, d{t: &t{5}}
	for i, s := range []both{&x, &y, &z, &p, p} {
		s.Set(10 + i)
		fmt.Println(s)
	}
	fmt.Println(x.n, y.n, z.n, p.n, x, y, z)
	fmt.Println(generic[int8]{1, t{1}}, generic[string]{"", t{2}}, generic[[3]string]{t: t{3}}, deep{"s", c{"s", t{4}}})
	fmt.Println(wrapped{"s", t{5}}, struct {
		x bool
		t
	}{true, t{6}}, struct {
		x [7]int
		fmt.Stringer
	}{Stringer: t{7}})
	type here struct {
		x [2]int8
		t
	}
	type there struct {
		x complex128
		*t
	}
	fmt.Println(here{t: t{8}}, there{t: &t{9}}, strings.Contains(fmt.Sprintf("%+v", []any{here{}, there{t: &t{}}}), "t0"))
}

func main() {
	direct()
	embedded()
}
