// Package bind makes packages that are compiled into the program importable by interpreted code:
// those of packages.txt, described by generated tables, and the standard library as ixgo carries it.
// Nothing of a package is unpacked before it is imported.
package bind

import (
	"go/constant"
	"go/token"
	"reflect"
	"strings"

	"github.com/goplus/ixgo"
	_ "github.com/goplus/ixgo/pkg" // the standard library
)

//go:generate go run ./gen

// table describes one compiled-in package. Its parts are values that the linker can lay out, so a
// table costs no start-up time.
type table struct {
	path, name string
	deps       string // packages that the API mentions: "path name" a line
	types      []any  // nil pointers to the defined types
	aliases    []symbol
	vars       []symbol // pointers
	funcs      []symbol
	consts     []symbol // of a defined or basic type
	untyped    []literal
	source     string // generic declarations, which only exist as source
}

type symbol struct {
	name  string
	value any
}

type literal struct {
	name, kind, text string
}

// register tells ixgo of the package without unpacking it.
func register(t *table) {
	ixgo.RegisterPackageLazy(t.path, t.unpack)
	if t.source != "" {
		ixgo.RegisterPatch(t.path, t.source)
	}
	registered = append(registered, t.path)
}

var registered []string

// Packages lists the import paths of the generated tables.
func Packages() []string { return registered }

func (t *table) unpack() *ixgo.Package {
	p := &ixgo.Package{
		Name:          t.name,
		Path:          t.path,
		Deps:          map[string]string{},
		Interfaces:    map[string]reflect.Type{},
		NamedTypes:    map[string]reflect.Type{},
		AliasTypes:    map[string]reflect.Type{},
		Vars:          map[string]reflect.Value{},
		Funcs:         map[string]reflect.Value{},
		TypedConsts:   map[string]ixgo.TypedConst{},
		UntypedConsts: map[string]ixgo.UntypedConst{},
	}
	for line := range strings.Lines(t.deps) {
		path, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.Deps[path] = name
	}
	for _, v := range t.types {
		typ := reflect.TypeOf(v).Elem()
		if typ.Kind() == reflect.Interface {
			p.Interfaces[typ.Name()] = typ
		} else {
			p.NamedTypes[typ.Name()] = typ
		}
	}
	for _, s := range t.aliases {
		p.AliasTypes[s.name] = reflect.TypeOf(s.value).Elem()
	}
	for _, s := range t.vars {
		p.Vars[s.name] = reflect.ValueOf(s.value)
	}
	for _, s := range t.funcs {
		p.Funcs[s.name] = reflect.ValueOf(s.value)
	}
	for _, s := range t.consts {
		p.TypedConsts[s.name] = ixgo.TypedConst{Typ: reflect.TypeOf(s.value), Value: constantOf(reflect.ValueOf(s.value))}
	}
	for _, l := range t.untyped {
		p.UntypedConsts[l.name] = ixgo.UntypedConst{Typ: "untyped " + l.kind, Value: l.value()}
	}
	return p
}

func constantOf(v reflect.Value) constant.Value {
	switch {
	case v.CanInt():
		return constant.MakeInt64(v.Int())
	case v.CanUint():
		return constant.MakeUint64(v.Uint())
	case v.CanFloat():
		return constant.MakeFloat64(v.Float())
	case v.CanComplex():
		c := v.Complex()
		return constant.BinaryOp(constant.MakeFloat64(real(c)), token.ADD, constant.MakeImag(constant.MakeFloat64(imag(c))))
	case v.Kind() == reflect.String:
		return constant.MakeString(v.String())
	default:
		return constant.MakeBool(v.Bool())
	}
}

// value reads a constant as the generator wrote it: an exact rational keeps more digits than a float.
func (l literal) value() constant.Value {
	switch l.kind {
	case "bool":
		return constant.MakeBool(l.text == "true")
	case "string":
		return constant.MakeString(l.text)
	case "rune", "int":
		return constant.MakeFromLiteral(l.text, token.INT, 0)
	default:
		num, den, isFraction := strings.Cut(l.text, "/")
		v := constant.ToFloat(constant.MakeFromLiteral(num, token.INT, 0))
		if isFraction {
			v = constant.BinaryOp(v, token.QUO, constant.ToFloat(constant.MakeFromLiteral(den, token.INT, 0)))
		}
		return v
	}
}
