package oracle

import (
	"fmt"
	"strings"
)

// A kind is what the values of a type are.
type kind int

const (
	signed kind = iota
	unsigned
	float
	complexNumber
	textual
	boolean
	slice
	array
	mapping
	structure
	pointer
	function
	channel
	contract // an interface
)

// A typ is a type of a generated program.
//
// Types are the same if their names are, which are unique.
type typ struct {
	kind      kind
	name      string // as Go writes it
	bits      int    // of numbers
	size      int    // of arrays
	key, elem *typ   // of maps, slices, arrays, pointers, channels
	fields    []field
	params    []*typ
	result    *typ // of functions; nil if they return nothing
	named     bool // by a declaration of the program
	methods   []*fn
	generic   bool // an instance of a generic type
}

type field struct {
	name     string
	t        *typ
	embedded bool
}

// A fn is a function or a method of a generated program.
type fn struct {
	name     string
	params   []*typ
	variadic bool
	result   *typ
	changes  bool // its receiver, which is a pointer
}

func basic(k kind, name string, bits int) *typ { return &typ{kind: k, name: name, bits: bits} }

var (
	intType    = basic(signed, "int", 64)
	stringType = basic(textual, "string", 0)
	boolType   = basic(boolean, "bool", 0)
	floatType  = basic(float, "float64", 64)
	anyType    = &typ{kind: contract, name: "any"}
	errorType  = &typ{kind: contract, name: "error"}
	integers   = []*typ{
		intType, basic(signed, "int8", 8), basic(signed, "int16", 16), basic(signed, "int32", 32), basic(signed, "int64", 64),
		basic(signed, "rune", 32), basic(unsigned, "uint", 64), basic(unsigned, "uint8", 8), basic(unsigned, "uint16", 16),
		basic(unsigned, "uint32", 32), basic(unsigned, "uint64", 64), basic(unsigned, "byte", 8), basic(unsigned, "uintptr", 64),
	}
	basics = append([]*typ{stringType, stringType, boolType, floatType, basic(float, "float32", 32), basic(complexNumber, "complex128", 128)}, integers...)
)

func sliceOf(t *typ) *typ   { return &typ{kind: slice, name: "[]" + t.name, elem: t} }
func pointerTo(t *typ) *typ { return &typ{kind: pointer, name: "*" + t.name, elem: t} }
func chanOf(t *typ) *typ    { return &typ{kind: channel, name: "chan " + t.name, elem: t} }
func mapOf(k, t *typ) *typ {
	return &typ{kind: mapping, name: "map[" + k.name + "]" + t.name, key: k, elem: t}
}
func arrayOf(n int, t *typ) *typ {
	return &typ{kind: array, name: fmt.Sprintf("[%d]%s", n, t.name), size: n, elem: t}
}

func funcOf(result *typ, params ...*typ) *typ {
	t := &typ{kind: function, params: params, result: result}
	t.name = "func(" + typeNames(params) + ")"
	if result != nil {
		t.name += " " + result.name
	}
	return t
}

func typeNames(ts []*typ) string {
	var names []string
	for _, t := range ts {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

func (t *typ) integer() bool { return t.kind == signed || t.kind == unsigned }
func (t *typ) number() bool  { return t.kind <= complexNumber }
func (t *typ) ordered() bool { return t.kind <= float || t.kind == textual }

// nilable reports whether nil is a value of the type.
func (t *typ) nilable() bool {
	return t.kind == slice || t.kind == mapping || t.kind >= pointer
}

// comparable reports whether values can be compared without a panic.
func (t *typ) comparable() bool {
	switch t.kind {
	case slice, mapping, function, contract:
		return false
	case array:
		return t.elem.comparable()
	case structure:
		for _, f := range t.fields {
			if !f.t.comparable() {
				return false
			}
		}
	}
	return true
}

// keyType reports whether a type is fit for keys of maps: those print in one order.
func (t *typ) keyType() bool {
	switch t.kind {
	case signed, unsigned, textual, boolean:
		return true
	case array:
		return t.elem.keyType()
	case structure:
		for _, f := range t.fields {
			if !f.t.keyType() {
				return false
			}
		}
		return true
	}
	return false
}

// printable reports whether values print without an address.
func (t *typ) printable() bool {
	switch t.kind {
	case pointer, function, channel:
		return false
	case slice, array:
		return t.elem.printable()
	case mapping:
		return t.key.printable() && t.elem.printable()
	case structure:
		for _, f := range t.fields {
			if !f.t.printable() {
				return false
			}
		}
	}
	return true
}

// plain reports whether values print the same by all verbs: interfaces may hold pointers below
// what they print by themselves.
func (t *typ) plain() bool {
	switch t.kind {
	case contract:
		return false
	case slice, array:
		return t.elem.plain()
	case mapping:
		return t.key.plain() && t.elem.plain()
	case structure:
		for _, f := range t.fields {
			if !f.t.plain() {
				return false
			}
		}
	}
	return t.printable()
}
