package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
)

type node struct {
	v    int
	next *node
	f    func() int
}

func try(name string, f func()) {
	defer func() {
		r := recover()
		e, ok := r.(error)
		fmt.Println(name, r, ok, ok && e != nil)
	}()
	f()
}

func named() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("caught %v", r)
			n *= 2
		}
	}()
	n = 21
	panic("boom")
}

func order() {
	for i := range 3 {
		defer fmt.Print(i, " ")
	}
	defer func() {
		defer func() { fmt.Print("inner ", recover(), " ") }()
		panic("second")
	}()
	fmt.Print("body ")
}

func replaced() (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	defer func() { panic("new") }()
	panic("old")
}

func notDirect() (s string) {
	defer func() {
		if recover() == nil {
			s = "none"
		}
	}()
	defer func() { func() { recover() }() }()
	return "fine"
}

func nested(depth int) (s string) {
	defer func() {
		if depth == 2 {
			s = fmt.Sprint(s, recover())
		} else {
			s += strconv.Itoa(depth)
		}
	}()
	if depth == 0 {
		panic("deep")
	}
	return nested(depth - 1)
}

func main() {
	x := []int{1, 2, 3}
	var np *node
	var m map[string]int
	zero, five, minus := 0, 5, -1
	try("index", func() { x[five]++ })
	try("index negative", func() { fmt.Println(x[minus]) })
	try("index unsigned", func() { fmt.Println(x[uint8(five)]) })
	try("array", func() { var a [2]int; a[five] = 1 })
	try("string", func() { fmt.Println("abc"[five]) })
	try("slice", func() { fmt.Println(x[five:]) })
	try("slice high", func() { fmt.Println(x[:five]) })
	try("slice order", func() { fmt.Println(x[3 : minus+2]) })
	try("slice three", func() { fmt.Println(x[:2:five]) })
	try("slice string", func() { fmt.Println("abc"[:five]) })
	try("nil", func() { np.v = 1 })
	try("nil load", func() { fmt.Println(np.next.next) })
	try("nil func", func() { (&node{}).f() })
	try("nil map", func() { m["a"] = 1 })
	try("divide", func() { fmt.Println(1 / zero) })
	try("modulo", func() { fmt.Println(uint(1) % uint(zero)) })
	try("make", func() { fmt.Println(make([]int, minus)) })
	try("assert", func() { var a any = "s"; fmt.Println(a.(int)) })
	try("assert nil", func() { var a any; fmt.Println(a.(string)) })
	try("assert interface", func() { var a any = 1; fmt.Println(a.(error)) })
	try("compare", func() { var a, b any = []int{}, []int{}; fmt.Println(a == b) })
	try("hash", func() { mm := map[any]int{}; mm[[]int{}] = 1 })
	try("closed", func() { c := make(chan int); close(c); c <- 1 })
	try("close nil", func() { var c chan int; close(c) })
	try("value", func() { panic(42) })
	try("error", func() { panic(errors.New("own")) })
	try("nil value", func() { panic(nil) })
	try("array pointer", func() { fmt.Println(*(*[4]int)(x)) })
	fmt.Println(named())
	order()
	fmt.Println(replaced(), notDirect(), nested(3))
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 1000 {
				mu.Lock()
				sum += i
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	fmt.Println(sum)
	c, quit := make(chan string, 2), make(chan struct{})
	go func() {
		defer close(quit)
		for s := range c {
			fmt.Print(s, " ")
		}
	}()
	for i := range 3 {
		select {
		case c <- strconv.Itoa(i):
		case <-quit:
		}
	}
	close(c)
	<-quit
	v, ok := <-c
	fmt.Println(v == "", ok)
	select {
	case _, ok := <-quit:
		fmt.Println("closed", ok)
	default:
		fmt.Println("open")
	}
	switch y := any(x).(type) {
	case int, string:
		fmt.Println("no", y)
	case []int:
		fmt.Println("list", len(y))
	}
	for i, s := range func(yield func(int, string) bool) {
		for i := range 5 {
			if !yield(i, strconv.Itoa(i*i)) {
				return
			}
		}
	} {
		if i == 3 {
			break
		}
		defer fmt.Println("deferred in a loop", s)
	}
	type tree struct {
		kids []*tree
		n    int
	}
	var count func(t *tree) int
	count = func(t *tree) int {
		n := t.n
		for _, k := range t.kids {
			n += count(k)
		}
		return n
	}
	fmt.Println(count(&tree{n: 1, kids: []*tree{{n: 2}, {n: 3, kids: []*tree{{n: 4}}}}}))
outer:
	for i := range 3 {
		for j := range 3 {
			if j == 2 {
				continue outer
			}
			if i == 2 {
				break outer
			}
			fmt.Print(i, j, " ")
		}
	}
	i := 0
again:
	if i < 3 {
		i++
		goto again
	}
	fmt.Println(i)
	var a [2]int
	a[five] = i
}
