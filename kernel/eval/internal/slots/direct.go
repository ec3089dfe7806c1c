package slots

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/goplus/reflectx/abi"
)

// An interface holds structs and arrays that are no more than one pointer as they are, and all
// others by their address. reflectx knows that of structs of one field that is a pointer, but not
// of those with a map, a channel or a function, nor of an array of one: their methods would get for
// an address what is none. So the methods of such a type get code for receivers as they are, and as
// soon as reflectx has made the type's table, Settle puts it there.

// A correction is code that a type's own table is to have in place of another, which stays in that
// of pointers to the type.
type correction struct {
	t             reflect.Type
	wrong, proper unsafe.Pointer
}

var corrections struct {
	sync.Mutex
	list []correction
}

// Settle corrects the tables of the types that have got methods since it was called last. They may
// not be used before.
func Settle() {
	corrections.Lock()
	defer corrections.Unlock()
	for _, c := range corrections.list {
		wrong, proper := addReflectOff(c.wrong), addReflectOff(c.proper)
		for i := range table(c.t) {
			if m := &table(c.t)[i]; m.call == wrong {
				m.call = proper
			}
		}
	}
	corrections.list = nil
}

// misjudged reports whether the receiver of a type's own method is held by an interface as it is,
// though reflectx takes it for one that is held by address.
func misjudged(m *abi.MethodInfo) bool {
	if !m.Indirect || m.OnePtr || m.Type.Size() != unsafe.Sizeof(uintptr(0)) {
		return false
	}
	if k := m.Type.Kind(); k != reflect.Struct && k != reflect.Array {
		return false
	}
	return direct(m.Type)
}

// direct reports whether an interface holds a value of a type of a pointer's size as it is. It
// puts a pointer into a value and looks whether the interface has that very pointer.
func direct(t reflect.Type) bool {
	v, p := reflect.New(t), unsafe.Pointer(new(int64))
	*(*unsafe.Pointer)(v.UnsafePointer()) = p
	x := v.Elem().Interface()
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1] == p
}

// What the runtime knows of a type, as of Go 1.26: see internal/abi/type.go.
type (
	head struct {
		_ [2]uintptr
		_ uint32
		_ [4]uint8
		_ [2]unsafe.Pointer
		_ [2]int32
	}
	structHead struct {
		_ head
		_ unsafe.Pointer
		_ []struct{}
	}
	arrayHead struct {
		_ head
		_ [2]unsafe.Pointer
		_ uintptr
	}
	uncommon struct {
		_         int32
		count, _  uint16
		offset, _ uint32
	}
	method struct{ _, _, call, _ int32 }
)

// table is the table of the methods of a struct or array.
func table(t reflect.Type) []method {
	p := (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1]
	size := unsafe.Sizeof(structHead{})
	if t.Kind() == reflect.Array {
		size = unsafe.Sizeof(arrayHead{})
	}
	u := (*uncommon)(unsafe.Add(p, size))
	return unsafe.Slice((*method)(unsafe.Add(unsafe.Pointer(u), u.offset)), u.count)
}

// addReflectOff is the number by which tables refer to code that the linker does not know.
//
//go:linkname addReflectOff reflect.addReflectOff
func addReflectOff(unsafe.Pointer) int32
