package main

import (
	"fmt"
	"slices"
	"unsafe"
)

type record[T any] struct {
	flag bool
	part[T]
}

type part[T any] struct {
	n int16
	v T
}

func ask[T any](p *record[T]) {
	fmt.Println(unsafe.Sizeof(*p), unsafe.Alignof(p.v), unsafe.Offsetof(p.v), unsafe.Offsetof(p.part.v))
}

func main() {
	s := []string{"b", "c"}
	fmt.Println(slices.Insert(s, 1, "x", "y"), slices.Insert(s, 0, s...), slices.Replace(s, 0, 1, "p", "q", "r"))
	ask[byte](nil)
	ask[string](nil)
	ask[any](nil)
}
