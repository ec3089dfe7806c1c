// Package bind makes packages that are compiled into the program importable by interpreted code:
// those of packages.txt, described by generated tables, and the standard library as ixgo carries
// it. Nothing of a package is unpacked before it is imported.
package bind

import (
	"go/constant"
	"go/token"
	"reflect"
	"strings"
	"sync"

	"github.com/goplus/ixgo"
	_ "github.com/goplus/ixgo/pkg" // the standard library
)

//go:generate go run ./gen

// Table describes one compiled-in package. Its parts are values that the linker can lay out, so a
// table costs no start-up time.
type Table struct {
	Path, Name string
	Deps       string // packages that the API mentions: "path name" a line
	Types      []any  // nil pointers to the defined types
	Aliases    []Symbol
	Vars       []Symbol // pointers
	Funcs      []Symbol
	Consts     []Symbol // of a defined or basic type
	Untyped    []Literal
	Source     string // generic declarations, which only exist as source
}

// Symbol is a name of a package and its value.
type Symbol struct {
	Name  string
	Value any
}

// Literal is an untyped constant.
type Literal struct {
	Name, Kind, Text string
}

// Register tells ixgo of the package without unpacking it.
func Register(t *Table) {
	ixgo.RegisterPackageLazy(t.Path, t.unpack)
	if t.Source != "" {
		ixgo.RegisterPatch(t.Path, t.Source)
	}
	registered = append(registered, t.Path)
	all = append(all, t)
}

var (
	registered []string
	all        []*Table
)

// IsMentioned tells a package whose types the packages of generated tables show.
func IsMentioned(path string) bool { return mentioned()[path] }

// mentioned are the packages of all types that one comes to from what the tables have.
var mentioned = sync.OnceValue(func() map[string]bool {
	paths, seen := map[string]bool{}, map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		paths[t.PkgPath()] = true
		for m := range t.Methods() {
			visit(m.Type)
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan, reflect.Map:
			visit(t.Elem())
			if t.Kind() == reflect.Map {
				visit(t.Key())
			}
		case reflect.Func:
			for p := range t.Ins() {
				visit(p)
			}
			for p := range t.Outs() {
				visit(p)
			}
		case reflect.Struct:
			for f := range t.Fields() {
				if f.IsExported() || f.Anonymous {
					visit(f.Type)
				}
			}
		}
	}
	for _, t := range all {
		for _, v := range t.Types {
			visit(reflect.TypeOf(v))
		}
		for _, list := range [][]Symbol{t.Aliases, t.Vars, t.Funcs, t.Consts} {
			for _, s := range list {
				visit(reflect.TypeOf(s.Value))
			}
		}
	}
	return paths
})

// Packages lists the import paths of the generated tables.
func Packages() []string { return registered }

func (t *Table) unpack() *ixgo.Package {
	p := &ixgo.Package{
		Name:          t.Name,
		Path:          t.Path,
		Deps:          map[string]string{},
		Interfaces:    map[string]reflect.Type{},
		NamedTypes:    map[string]reflect.Type{},
		AliasTypes:    map[string]reflect.Type{},
		Vars:          map[string]reflect.Value{},
		Funcs:         map[string]reflect.Value{},
		TypedConsts:   map[string]ixgo.TypedConst{},
		UntypedConsts: map[string]ixgo.UntypedConst{},
	}
	for line := range strings.Lines(t.Deps) {
		path, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.Deps[path] = name
	}
	for _, v := range t.Types {
		typ := reflect.TypeOf(v).Elem()
		if typ.Kind() == reflect.Interface {
			p.Interfaces[typ.Name()] = typ
		} else {
			p.NamedTypes[typ.Name()] = typ
		}
	}
	for _, s := range t.Aliases {
		p.AliasTypes[s.Name] = reflect.TypeOf(s.Value).Elem()
	}
	for _, s := range t.Vars {
		p.Vars[s.Name] = reflect.ValueOf(s.Value)
	}
	for _, s := range t.Funcs {
		p.Funcs[s.Name] = reflect.ValueOf(s.Value)
	}
	for _, s := range t.Consts {
		p.TypedConsts[s.Name] = ixgo.TypedConst{Typ: reflect.TypeOf(s.Value), Value: constantOf(reflect.ValueOf(s.Value))}
	}
	for _, l := range t.Untyped {
		p.UntypedConsts[l.Name] = ixgo.UntypedConst{Typ: "untyped " + l.Kind, Value: l.value()}
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

// value reads a constant as the generator wrote it: an exact rational keeps more digits than a
// float.
func (l Literal) value() constant.Value {
	switch l.Kind {
	case "bool":
		return constant.MakeBool(l.Text == "true")
	case "string":
		return constant.MakeString(l.Text)
	case "rune", "int":
		return constant.MakeFromLiteral(l.Text, token.INT, 0)
	default:
		num, den, isFraction := strings.Cut(l.Text, "/")
		v := constant.ToFloat(constant.MakeFromLiteral(num, token.INT, 0))
		if isFraction {
			v = constant.BinaryOp(v, token.QUO, constant.ToFloat(constant.MakeFromLiteral(den, token.INT, 0)))
		}
		return v
	}
}
