// A generic function is the first to mention error, in a program that the interpreter has to run,
// which wants the stack here.
package main

import (
	"fmt"
	"runtime"
)

func pointer[T any](x T) {
	p := (*error)(nil)
	fmt.Printf("%T %T\n", p, x)
}

func main() {
	_, _, _, ok := runtime.Caller(0)
	pointer(ok)
}
