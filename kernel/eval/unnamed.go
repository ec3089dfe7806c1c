package eval

import (
	"go/types"
	"iter"
	"reflect"

	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/eval/internal/inner"
)

// Interfaces without a name are the one kind of type that package reflect cannot make and find
// again. As the programs of a session must have the same of each, they are in the table, too.

// meet gives the record the interfaces without a name that a type is built of, and makes those that
// no program had before; t.mu is held. It looks behind a name only as long as that is not known.
func (t *typeTable) meet(typ types.Type) {
	var fresh []*types.Interface
	walkDeep(typ, t.met, func(n *types.Named) bool { return t.types.At(n) == nil && t.owns(n) }, func(it *types.Interface) {
		if it.NumMethods() == 0 || isGenericInterface(it) {
			return
		}
		if rt, ok := t.interfaces.At(it).(reflect.Type); ok {
			inner.Know(t.record, it, rt)
			return
		}
		fresh = append(fresh, it)
	})
	for _, it := range fresh {
		if t.interfaces.At(it) == nil {
			rt := t.newInterface(it)
			t.interfaces.Set(it, rt)
			t.back[rt] = it
		}
	}
}

// newInterface makes one. Where another looks the same, because types of one name are in both, the
// record has taken that one.
func (t *typeTable) newInterface(it *types.Interface) reflect.Type {
	rt, _ := t.record.ToType(it)
	if other, ok := t.back[rt]; !ok || types.Identical(other, it) {
		inner.NameInterface(rt, it.Methods())
		return rt
	}
	var methods []reflect.Method
	for m := range it.Methods() {
		f, _ := t.record.ToType(m.Type())
		methods = append(methods, reflect.Method{Name: m.Name(), PkgPath: m.Pkg().Path(), Type: f})
	}
	rt = reflectx.NewContext().InterfaceOf(nil, methods)
	inner.NameInterface(rt, it.Methods())
	inner.Know(t.record, it, rt)
	return rt
}

// known gives the interfaces without a name that a program may come upon, once it has met all of
// its types.
func (t *typeTable) known(prog *ssa.Program, funcs map[*ssa.Function]bool) iter.Seq2[types.Type, reflect.Type] {
	t.mu.Lock()
	defer t.mu.Unlock()
	for f := range funcs {
		t.meet(f.Signature)
		for _, l := range f.Locals {
			t.meet(l.Type())
		}
		for _, v := range f.FreeVars {
			t.meet(v.Type())
		}
		var buf [16]*ssa.Value
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				if v, ok := in.(ssa.Value); ok {
					t.meet(v.Type())
				}
				if a, ok := in.(*ssa.TypeAssert); ok {
					t.meet(a.AssertedType)
				}
				for _, op := range in.Operands(buf[:0]) {
					if *op != nil {
						t.meet((*op).Type())
					}
				}
			}
		}
	}
	for _, typ := range prog.RuntimeTypes() {
		t.meet(typ)
	}
	return func(yield func(types.Type, reflect.Type) bool) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.interfaces.Iterate(func(it types.Type, rt any) { yield(it, rt.(reflect.Type)) })
	}
}

// forgetInterfaces drops those that mention a type which is gone; t.mu is held.
func (t *typeTable) forgetInterfaces(gone func(*types.Named) bool) {
	for rt, typ := range t.back {
		it, ok := typ.(*types.Interface)
		if !ok {
			continue
		}
		walkDeep(it, map[types.Type]bool{}, func(n *types.Named) bool {
			if gone(n) {
				t.interfaces.Delete(it)
				delete(t.back, rt)
			}
			return false
		}, func(*types.Interface) {})
	}
	t.interfaces = compact(t.interfaces)
}

// isGenericInterface reports whether an interface depends on type parameters.
func isGenericInterface(it *types.Interface) bool {
	open := false
	for m := range it.Methods() {
		open = open || hasTypeParam(m.Type())
	}
	walkDeep(it, map[types.Type]bool{}, func(*types.Named) bool { return false }, func(other *types.Interface) {
		if other != it {
			for m := range other.Methods() {
				open = open || hasTypeParam(m.Type())
			}
		}
	})
	return open
}

// walkDeep finds the interfaces without a name in a type, and also in those of them that it has
// found; into named types, and their methods, it looks where enter says so. What is in seen was
// looked through before.
func walkDeep(typ types.Type, seen map[types.Type]bool, enter func(*types.Named) bool, found func(*types.Interface)) {
	var walk func(types.Type)
	walk = func(typ types.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch x := typ.(type) {
		case *types.Named:
			for a := range x.TypeArgs().Types() {
				walk(a)
			}
			if !enter(x) {
				return
			}
			if it, ok := x.Underlying().(*types.Interface); ok {
				for m := range it.Methods() {
					walk(m.Type())
				}
				return
			}
			walk(x.Underlying())
			for m := range types.NewMethodSet(types.NewPointer(x)).Methods() {
				walk(m.Obj().Type())
			}
		case *types.Interface:
			for m := range x.Methods() {
				walk(m.Type())
			}
			found(x)
		case *types.Alias:
			walk(types.Unalias(x))
		case *types.Map:
			walk(x.Key())
			walk(x.Elem())
		case *types.Signature:
			walk(x.Params())
			walk(x.Results())
		case *types.Tuple:
			for v := range x.Variables() {
				walk(v.Type())
			}
		case *types.Struct:
			for f := range x.Fields() {
				walk(f.Type())
			}
		case interface{ Elem() types.Type }: // a pointer, slice, array or channel
			walk(x.Elem())
		}
	}
	walk(typ)
}
