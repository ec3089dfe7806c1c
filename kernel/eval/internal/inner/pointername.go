package inner

import (
	"go/types"
	"iter"
	"reflect"
	"strings"
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
	rename(reflect.PointerTo(t), "*"+t.String())
}

// NameInterface gives an interface type without a name the text that Go has for it: a method that
// is not exported stands with its package. reflectx leaves that out.
func NameInterface(t reflect.Type, methods iter.Seq[*types.Func]) {
	var texts []string
	for m := range methods {
		name := m.Name()
		if !m.Exported() {
			name = m.Pkg().Name() + "." + name
		}
		if f, ok := t.MethodByName(m.Name()); ok {
			texts = append(texts, name+strings.TrimPrefix(f.Type.String(), "func"))
		}
	}
	rename(t, "interface { "+strings.Join(texts, "; ")+" }")
}

// rename gives a type another text.
func rename(t reflect.Type, want string) {
	if t.String() == want {
		return
	}
	// A type that is called so lends its name, which nothing else makes.
	named := reflectx.NamedTypeOf("", want, reflect.TypeFor[struct{}]())
	if named.String() != want {
		return
	}
	to, from := head(t), head(named)
	to.name = from.name
	to.flag = to.flag&^extraStar | from.flag&extraStar
}

func head(t reflect.Type) *typeHead {
	return (*typeHead)((*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1])
}
