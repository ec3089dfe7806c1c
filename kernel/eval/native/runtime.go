package native

import (
	"reflect"
	"unsafe"
)

// These are functions of Go's runtime that do for this package what they do for compiled code. The
// runtime keeps their names open for packages like this.

//go:linkname mallocgc runtime.mallocgc
func mallocgc(size uintptr, typ unsafe.Pointer, needzero bool) unsafe.Pointer

//go:linkname typedmemmove runtime.typedmemmove
//go:noescape
func typedmemmove(typ, dst, src unsafe.Pointer)

//go:linkname makeslice runtime.makeslice
func makeslice(typ unsafe.Pointer, len, cap int) unsafe.Pointer

//go:linkname growslice runtime.growslice
func growslice(old unsafe.Pointer, newLen, oldCap, num int, typ unsafe.Pointer) sliceHeader

//go:linkname typedslicecopy runtime.typedslicecopy
func typedslicecopy(typ, dst unsafe.Pointer, dstLen int, src unsafe.Pointer, srcLen int) int

//go:linkname mapaccess2 runtime.mapaccess2
func mapaccess2(typ, m, key unsafe.Pointer) (unsafe.Pointer, bool)

//go:linkname mapassign runtime.mapassign
func mapassign(typ, m, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapdelete runtime.mapdelete
func mapdelete(typ, m, key unsafe.Pointer)

//go:linkname mapaccess2_fast64 runtime.mapaccess2_fast64
func mapaccess2_fast64(typ, m unsafe.Pointer, key uint64) (unsafe.Pointer, bool)

//go:linkname mapassign_fast64 runtime.mapassign_fast64
func mapassign_fast64(typ, m unsafe.Pointer, key uint64) unsafe.Pointer

//go:linkname mapaccess2_faststr runtime.mapaccess2_faststr
func mapaccess2_faststr(typ, m unsafe.Pointer, key string) (unsafe.Pointer, bool)

//go:linkname mapassign_faststr runtime.mapassign_faststr
func mapassign_faststr(typ, m unsafe.Pointer, key string) unsafe.Pointer

type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// An itab is how an interface with methods names its dynamic type.
type itab struct {
	inter, typ unsafe.Pointer
	hash       uint32
	fun        [1 << 10]uintptr
}

// dynamicType is the type word of what an interface holds; word is its first.
func dynamicType(word unsafe.Pointer, methods bool) unsafe.Pointer {
	if word == nil || !methods {
		return word
	}
	return (*itab)(word).typ
}

// eface makes an interface value of its words.
func eface(typ, data unsafe.Pointer) any {
	w := [2]unsafe.Pointer{typ, data}
	return *(*any)(unsafe.Pointer(&w))
}

func efaceWords(v *any) *[2]unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(v)) }

// itabFor is the first word of a value of type t in an interface of type it, or nil if t lacks a
// method.
func itabFor(it, t reflect.Type) unsafe.Pointer {
	if it.NumMethod() == 0 {
		return typeWord(t)
	}
	if !t.Implements(it) {
		return nil
	}
	v := reflect.New(it)
	v.Elem().Set(reflect.Zero(t))
	return *(*unsafe.Pointer)(v.UnsafePointer())
}

// typeOfWord is the type that a type word stands for.
func typeOfWord(w unsafe.Pointer) reflect.Type { return reflect.TypeOf(eface(w, nil)) }

// A typeAssertionError is laid out as that of package runtime.
type typeAssertionError struct {
	inter, concrete, asserted unsafe.Pointer
	missing                   string
}
