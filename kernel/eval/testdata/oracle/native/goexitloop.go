// runtime.Goexit in a loop over a function runs the deferred calls of all frames. Where the race
// detector is built in, the interpreter's frames of the loop's body do not know which called them,
// and recover finds a panic without a value further up.
package main

import (
	"fmt"
	"runtime"
)

func each(yield func(int) bool) {
	defer fmt.Println("each ends")
	for i := 0; yield(i); i++ {
	}
}

func main() {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() { fmt.Println("recovers", recover()) }()
		for x := range each {
			defer fmt.Println("deferred", x)
			if x == 1 {
				runtime.Goexit()
			}
		}
	}()
	<-done
}
