package main

import (
	"fmt"
	"unsafe"
)

type wide[T any] struct {
	a byte
	v T
	inner[T]
	last byte
}

type inner[T any] struct {
	b byte
	w T
	deep[T]
}

type deep[T any] struct {
	c byte
	x T
}

type holder[T any] struct {
	n     byte
	inner inner[T]
	p     *inner[T]
}

func sizes[T any](x T) {
	var s []T
	var p *T
	var h *holder[T]
	var w wide[T]
	fmt.Println(unsafe.Sizeof(x), unsafe.Alignof(x), unsafe.Sizeof(s), unsafe.Sizeof([3]T{}), unsafe.Sizeof(struct {
		b byte
		x T
	}{}), unsafe.Sizeof(w), unsafe.Alignof(w))
	// Nothing is computed: not what is out of range, nor behind a nil pointer, nor a call.
	fmt.Println(unsafe.Sizeof(s[7]), unsafe.Sizeof(*p), unsafe.Alignof(s[len(s)-1]), unsafe.Sizeof(never(x)), unsafe.Sizeof(never(s)[5]), unsafe.Sizeof(h.p.deep.x))
	fmt.Println(unsafe.Offsetof(w.v), unsafe.Offsetof(w.w), unsafe.Offsetof(w.inner.w), unsafe.Offsetof(w.x), unsafe.Offsetof(w.inner.x), unsafe.Offsetof(w.inner.deep.x), unsafe.Offsetof(w.inner), unsafe.Offsetof(w.last))
	fmt.Println(unsafe.Offsetof(h.inner.w), unsafe.Offsetof(h.inner.x), unsafe.Offsetof((h.inner).deep.x), unsafe.Offsetof(h.p.x), unsafe.Offsetof((h.p.deep).x), unsafe.Offsetof( /* the same */ h.p.x), unsafe.Offsetof(never(w).x))
	y := counted(x)
	fmt.Println(unsafe.Sizeof(y), calls)
	f := func() uintptr { return unsafe.Sizeof(*p) + unsafe.Offsetof(h.p.w) }
	fmt.Println(f())
}

var calls int

func counted[T any](x T) T { calls++; return x }

func never[T any](x T) T { panic("called") }

// overlaps is as package slices has it.
func overlaps[E any](a, b []E) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	elemSize := unsafe.Sizeof(a[0])
	if elemSize == 0 {
		return false
	}
	return uintptr(unsafe.Pointer(&a[0])) <= uintptr(unsafe.Pointer(&b[len(b)-1]))+(elemSize-1) &&
		uintptr(unsafe.Pointer(&b[0])) <= uintptr(unsafe.Pointer(&a[len(a)-1]))+(elemSize-1)
}

func main() {
	sizes(byte(1))
	sizes(1.5)
	sizes("text")
	sizes([]int{1})
	sizes(struct{}{})
	sizes([5]int16{})
	sizes[any](nil)
	sizes[error](nil)
	s := []int32{1, 2, 3, 4}
	fmt.Println(overlaps(s[:2], s[1:]), overlaps(s[:2], s[2:]), overlaps(s, nil))
}
