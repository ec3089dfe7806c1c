// Functions that misbehave while a loop ranges over them.
package main

import (
	"errors"
	"fmt"
	"runtime"
)

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		fmt.Printf("%s: %v, %T, runtime.Error %t\n", name, r, r, isRuntime)
	}()
	f()
}

// heedless calls the body whatever it returns.
func heedless(yield func(int) bool) {
	for i := range 3 {
		fmt.Println("body", i, yield(i))
	}
}

var kept func(int) bool

// keeping keeps the body.
func keeping(yield func(int) bool) {
	kept = yield
	yield(0)
}

// swallowing recovers what the body panics with, and calls it once more.
func swallowing(again bool) func(func(int) bool) {
	return func(yield func(int) bool) {
		func() {
			defer func() { fmt.Println("swallowed", recover()) }()
			yield(0)
		}()
		if again {
			yield(1)
		}
	}
}

func returns() (r int, err error) {
	for x := range heedless {
		return x + 10, errors.New("returned")
	}
	return 1, nil
}

func pairs[K, V any](k K, v V) func(func(K, V) bool) {
	return func(yield func(K, V) bool) {
		yield(k, v)
		yield(k, v)
	}
}

func main() {
	try("break", func() {
		for x := range heedless {
			fmt.Println("x", x)
			break
		}
	})
	try("return", func() { fmt.Println(returns()) })
	try("break of two", func() {
	outer:
		for range heedless {
			for range heedless {
				break outer
			}
		}
	})
	try("continue of two", func() {
	outer:
		for x := range heedless {
			for y := range heedless {
				fmt.Println(x, y)
				continue outer
			}
		}
	})
	try("goto", func() {
		for range heedless {
			goto end
		}
	end:
		fmt.Println("end")
	})
	try("after the end", func() {
		for x := range keeping {
			fmt.Println("x", x)
		}
		kept(1)
	})
	try("after the end by break", func() {
		for x := range keeping {
			fmt.Println("x", x)
			break
		}
		kept(1)
	})
	try("twice after the end", func() {
		for range keeping {
		}
		try("first", func() { kept(1) })
		kept(2)
	})
	try("swallowed", func() {
		for range swallowing(false) {
			panic("from the body")
		}
		fmt.Println("not reached")
	})
	try("swallowed and called", func() {
		for range swallowing(true) {
			panic("from the body")
		}
	})
	try("within itself", func() {
		for x := range keeping {
			fmt.Println("x", x)
			kept(x + 1)
		}
	})
	try("generic", func() {
		for k, v := range pairs("a", 1.5) {
			fmt.Println(k, v)
			break
		}
	})
	try("a panic passes", func() {
		for range pairs(1, 2) {
			panic(errors.New("of the body"))
		}
	})
	func() {
		defer func() {
			var e runtime.Error
			err, _ := recover().(error)
			fmt.Println(errors.As(err, &e), e)
		}()
		for range heedless {
			break
		}
	}()
}
