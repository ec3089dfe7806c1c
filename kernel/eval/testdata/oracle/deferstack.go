// Deferred calls in loops over functions, in a program of which a function has to be interpreted:
// slices.Insert asks for the size of a type that is a parameter.
package main

import (
	"fmt"
	"slices"
)

func each(yield func(int) bool) {
	defer fmt.Println("each ends")
	for i := range 3 {
		if !yield(i) {
			return
		}
	}
}

func body() (out []int) {
	defer func() { out = append(out, len(out)) }()
	for x := range each {
		defer func() { out = slices.Insert(out, 0, x) }()
		defer fmt.Println("deferred", x)
	}
	fmt.Println("end")
	return out
}

func main() {
	fmt.Println(body())
}
