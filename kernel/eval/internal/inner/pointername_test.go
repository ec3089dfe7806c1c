package inner

import (
	"reflect"
	"testing"

	"github.com/goplus/reflectx"
)

// TestNamePointer pins where the name of a type is in memory.
func TestNamePointer(t *testing.T) {
	typ := reflectx.NamedTypeOf("main", "first[byte]", reflect.TypeFor[int]())
	if got := reflect.PointerTo(typ).String(); got != "*main.first[byte]" {
		t.Fatal(got)
	}
	reflectx.SetTypeName(typ, "main", "second[uint8]")
	if got := reflect.PointerTo(typ).String(); got != "*main.first[byte]" {
		t.Fatal("a pointer takes the new name of what it points to: NamePointer has nothing left to do")
	}
	NamePointer(typ)
	p := reflect.PointerTo(typ)
	if p.String() != "*main.second[uint8]" || p.Name() != "" || p.Elem() != typ || p.Kind() != reflect.Pointer {
		t.Errorf("%v, name %q, to %v, %v", p, p.Name(), p.Elem(), p.Kind())
	}
}
