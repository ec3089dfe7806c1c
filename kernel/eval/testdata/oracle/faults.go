// What faults, where it faults, and what is recovered then.
package main

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
)

type T struct{ a, b int }
type small uint8
type meters float64

func try(name string, f func()) {
	defer func() {
		r := recover()
		e, isError := r.(error)
		_, isRuntime := r.(runtime.Error)
		var assertion *runtime.TypeAssertionError
		var anyRuntime runtime.Error
		fmt.Printf("%s: %T %v %v %v %v %v\n", name, r, r, isError, isRuntime,
			isError && errors.As(e, &assertion), isError && errors.As(e, &anyRuntime))
	}()
	f()
}

func constants() {
	try("rem", func() { a, b := 7, 0; fmt.Println(a % b) })
	try("quo", func() { a, b := 7, 0; fmt.Println(a / b) })
	try("typed", func() { a, b := small(7), small(0); fmt.Println(a / b) })
	try("uint", func() { var a, b uint = 7, 0; fmt.Println(a % b) })
	try("int8", func() { var a, b int8 = -128, -1; fmt.Println(a / b) })
	try("int64", func() { var a, b int64 = math.MinInt64, -1; fmt.Println(a/b, a%b) })
	try("float", func() { a, b := 7.0, 0.0; fmt.Println(a / b) })
	try("complex", func() { a, b := 7i, 0i; fmt.Println(a / b) })
	try("shl", func() { n := -1; fmt.Println(1 << n) })
	try("shr", func() { n := -1; x := uint8(4); fmt.Println(x >> n) })
	try("shift typed", func() { n := int8(-1); x := small(4); fmt.Println(x << n) })
	try("shift wide", func() { n := 70; x := 4; fmt.Println(x<<n, x>>n, -x>>n) })
	try("shift big", func() { var n uint64 = 1 << 40; x := 4; fmt.Println(x<<n, x>>n) })
	try("never", func() {
		run := false
		if run {
			a, b := 1, 0
			fmt.Println(a % b)
		}
		fmt.Println("fine")
	})
	try("index", func() { s := []int{1, 2}; n := 5; fmt.Println(s[n]) })
	try("string", func() { s := "ab"; n := 5; fmt.Println(s[n]) })
	try("array", func() { s := [2]int{1, 2}; n := -1; fmt.Println(s[n]) })
	try("slice", func() { s := "abc"; a, b := 2, 1; fmt.Println(s[a:b]) })
	try("pointer", func() { var p *T = nil; fmt.Println(p.b) })
	try("deref", func() { var p *int = nil; fmt.Println(*p) })
	try("conversion", func() { s := []int{1, 2}; fmt.Println([3]int(s)) })
	try("conversion", func() { s := []int(nil); fmt.Println([0]int(s), (*[0]int)(s) == nil) })
	try("conversion", func() { s := []int{1, 2, 3}; fmt.Println([2]int(s), *(*[1]int)(s)) })
	try("make", func() { n := -5; fmt.Println(make([]int, n)) })
	try("make", func() { n := 5; fmt.Println(len(make([]int, 2, n-4))) })
	try("make chan", func() { n := -5; fmt.Println(make(chan int, n)) })
	try("loop", func() {
		for i := 2; i >= 0; i-- {
			fmt.Print(6/i, " ")
		}
	})
	try("assign op", func() { x, y := 5, 0; x /= y; fmt.Println(x) })
	try("rem op", func() { x, y := 5, 0; x %= y; fmt.Println(x) })
	try("shift op", func() { x, y := 5, -3; x <<= y; fmt.Println(x) })
	try("repeat", func() { n := -1; strings.Repeat("x", n) })
	try("overflow", func() {
		var x int8 = 127
		x++
		fmt.Println(x)
		y := uint8(0)
		y--
		fmt.Println(y)
	})
	try("float to int", func() { f := 3.99; fmt.Println(int(f), int(-f), uint8(int(f))) })
	try("named", func() { var m meters = 3; fmt.Println(m/2, -m, m > 2) })
}

func operands() {
	s, arr, str := []int{1, 2, 3}, [3]int{1, 2, 3}, "abc"
	big, u8, neg := uint64(math.MaxUint64), uint8(200), int64(-7)
	var ptr uintptr = 9
	try("uint64", func() { fmt.Println(s[big]) })
	try("uint64 array", func() { fmt.Println(arr[big]) })
	try("uint64 string", func() { fmt.Println(str[big]) })
	try("uint8", func() { fmt.Println(s[u8]) })
	try("int64", func() { fmt.Println(str[neg]) })
	try("uintptr", func() { fmt.Println(s[ptr]) })
	try("named", func() { fmt.Println(s[small(9)], str[small(9)]) })
	try("store", func() { s[big] = 1 })
	try("address", func() { _ = &arr[u8] })
	try("slice hi", func() { fmt.Println(s[:big]) })
	try("slice lo", func() { fmt.Println(s[neg:]) })
	try("slice lo", func() { fmt.Println(str[big:]) })
	try("slice cap", func() { fmt.Println(s[:2:u8]) })
	try("slice order", func() { a, b := 2, 1; fmt.Println(s[a:b]) })
	try("slice order", func() { a, b := 3, 2; fmt.Println(s[:a:b]) })
	try("array slice", func() { fmt.Println(arr[:u8]) })
	try("grow", func() { t := s[:1]; fmt.Println(t[:3], len(t[:2]), cap(t[:1:2])) })
	try("ok", func() { i, j := uint(1), int8(2); fmt.Println(s[i], str[j], arr[small(1)], s[i:j], str[i:]) })
	try("multi", func() { m := [][]int{{1}, nil}; fmt.Println(m[1][0]) })
	try("map in struct", func() { var t struct{ m map[string]int }; t.m["a"] = 1 })
	try("nil slice", func() { var s []int; s[0] = 1 })
	try("copy", func() { var d []int; fmt.Println(copy(d, s)) })
	try("closed", func() { c := make(chan int); close(c); close(c) })
}

func named() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	n = 3
	var m map[string]int
	m["x"] = 1
	return 4, nil
}

func nested() (s string) {
	defer func() {
		s = fmt.Sprint(recover(), " ", s)
	}()
	defer func() {
		defer func() { s += fmt.Sprint(recover()) }()
		panic("second")
	}()
	panic("first")
}

func again() (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	defer func() { panic(fmt.Sprint("again ", recover())) }()
	panic("once")
}

type custom struct{ code int }

func (c custom) Error() string { return fmt.Sprint("custom ", c.code) }

func recovers() {
	fmt.Println(named())
	fmt.Println(nested())
	fmt.Println(again())
	fmt.Println(recover())
	try("custom", func() { panic(custom{3}) })
	try("wrapped", func() { panic(fmt.Errorf("w: %w", custom{4})) })
	try("int", func() { panic(5) })
	try("nil error", func() { var e error; panic(e) })
	try("go", func() {
		c := make(chan any)
		go func() {
			defer func() { c <- recover() }()
			var p *T
			p.a = 1
		}()
		panic(<-c)
	})
	func() {
		defer func() {
			e := recover().(error)
			var target runtime.Error
			fmt.Println(errors.As(fmt.Errorf("x: %w", e), &target), target)
		}()
		var x any = "s"
		_ = x.(int)
	}()
	helper := func() any { return recover() }
	try("helper does not recover", func() {
		defer func() { fmt.Println(helper()) }()
		panic("still")
	})
	try("panic nil", func() { panic(nil) })
	for i := range 3 {
		func() {
			defer func() { fmt.Println(i, recover()) }()
			if i > 0 {
				panic(i)
			}
		}()
	}
}

func main() {
	constants()
	operands()
	recovers()
}
