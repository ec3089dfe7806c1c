// runtime.Goexit runs all deferred calls, wherever it is called.
package main

import (
	"fmt"
	"runtime"
	"sort"
)

func run(name string, f func()) {
	fmt.Println("---", name)
	done := make(chan bool)
	go func() {
		defer close(done)
		f()
		fmt.Println("goes on")
	}()
	<-done
}

func say(text string) { fmt.Println(text) }

func tell(name string) { fmt.Println(name, "recovers", recover()) }

func inner() {
	defer tell("inner")
	defer say("inner 1")
	runtime.Goexit()
}

func outer() {
	defer tell("outer")
	defer say("outer 1")
	inner()
	fmt.Println("not reached")
}

func panics() {
	defer tell("panics")
	defer say("after the one that ends")
	defer func() {
		defer say("of the one that ends")
		runtime.Goexit()
	}()
	defer say("before the one that ends")
	panic("aborted")
}

func twice() {
	for i := range 3 {
		defer func() {
			fmt.Println("ends", i)
			runtime.Goexit()
		}()
	}
	panic("aborted")
}

func main() {
	run("calls", outer)
	run("in a deferred call after a return", func() {
		defer say("first")
		defer func() {
			defer tell("the one that ends")
			runtime.Goexit()
		}()
		defer say("last")
	})
	run("during a panic", func() {
		defer tell("run")
		panics()
	})
	run("several", func() {
		defer say("run")
		twice()
	})
	run("a panic while it ends is recovered", func() {
		defer say("first")
		func() {
			defer say("inside")
			defer tell("inside")
			defer func() { panic("new") }()
			runtime.Goexit()
		}()
		fmt.Println("not reached")
	})
	run("a panic while it ends is recovered further up", func() {
		defer say("first")
		func() {
			defer tell("up")
			func() {
				defer say("inside")
				defer func() { panic("new") }()
				runtime.Goexit()
			}()
		}()
		fmt.Println("not reached")
	})
	run("in a function that compiled code calls", func() {
		defer tell("run")
		x := []int{3, 1, 2}
		defer say("sorted")
		sort.Slice(x, func(i, j int) bool {
			defer say("less")
			runtime.Goexit()
			return false
		})
	})
	run("a panic in that, and a deferred call that ends", func() {
		defer tell("run")
		defer func() { runtime.Goexit() }()
		x := []int{3, 1, 2}
		sort.Slice(x, func(i, j int) bool {
			defer say("less")
			panic("in less")
		})
	})
	run("deferred itself", func() {
		defer tell("run")
		defer say("first")
		defer runtime.Goexit()
		defer say("last")
	})
	run("recovered before", func() {
		defer say("first")
		defer runtime.Goexit()
		defer tell("run")
		panic("recovered")
	})
}
