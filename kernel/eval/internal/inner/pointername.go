package inner

import (
	"reflect"
	"unsafe"

	"github.com/goplus/reflectx"
)

// typeHead is how a type begins in memory, as abi.Type of Go's runtime has it.
type typeHead struct {
	_    [2]uintptr
	_    uint32
	flag uint8
	_    [3]uint8
	_    [2]uintptr
	name int32
}

// extraStar is the flag of a type whose name in memory begins with a star that does not count.
const extraStar = 2

// NamePointer gives the pointer to a type the type's name.
//
// ixgo makes an instance of a generic type with methods under one name, as go/types writes its
// arguments, and later gives it another, as package reflect writes them. The pointer is made in
// between and keeps the first.
func NamePointer(t reflect.Type) {
	p, want := reflect.PointerTo(t), "*"+t.String()
	if p.String() == want {
		return
	}
	// A type that is called so lends its name, which nothing else makes.
	named := reflectx.NamedTypeOf("", want, reflect.TypeFor[struct{}]())
	if named.String() != want {
		return
	}
	to, from := head(p), head(named)
	to.name = from.name
	to.flag = to.flag&^extraStar | from.flag&extraStar
}

func head(t reflect.Type) *typeHead {
	return (*typeHead)((*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1])
}
