// runtime.Goexit in a loop over a function runs the deferred calls of all frames. Where the race
// detector is built in, the interpreter's frames of the loop's body do not know which called them,
// and recover finds a panic without a value further up.
package main

import (
	"fmt"
	"runtime"
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

func each(yield func(int) bool) {
	defer say("each ends")
	for i := range 3 {
		if !yield(i) {
			return
		}
	}
}

func main() {
	run("in a loop over a function", func() {
		defer tell("run")
		for x := range each {
			defer fmt.Println("deferred", x)
			if x == 1 {
				runtime.Goexit()
			}
		}
	})
}
