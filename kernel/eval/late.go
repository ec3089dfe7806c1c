package eval

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strconv"

	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/eval/internal/inner"
)

// A program of ixgo can call a method through an interface only on types that it has compiled; on
// others it jumps to an address that is no code. Code that can run after its cell has ended
// (function values, goroutines, methods, and what they call) may meet types of later cells. There
// the calls are replaced by calls of a function that finds the method at run time. That function
// stands in a variable, because ixgo looks variables up only while it makes a program, and
// functions also while programs run.

const latePath = "dtnotes/kernel/eval/late"

// lateCalls replaces the interface calls of the code in prog that can outlive the cell, and
// prepares all of it for ixgo.
//
// Code that runs only while its cell does needs none of this, and is most of the code of a cell:
// it meets no type but those of its program, since outlineOf has put in every type with such a
// method.
//
// It returns all functions that it has come upon.
func (b *builder) lateCalls(prog *ssa.Program, pkgs []*ssa.Package) (map[*ssa.Function]bool, error) {
	l := &lateFinder{b: b, late: map[*ssa.Function]bool{}, seen: map[*ssa.Function]bool{}}
	for _, p := range pkgs {
		for _, m := range p.Members {
			if f, ok := m.(*ssa.Function); ok {
				l.visit(f)
			}
		}
	}
	for _, t := range prog.RuntimeTypes() { // compiled code calls methods at any time
		ms := prog.MethodSets.MethodSet(t)
		for sel := range ms.Methods() {
			if p := sel.Obj().Pkg(); b.scope.owns(p) {
				if f := prog.MethodValue(sel); f != nil {
					l.push(f)
					l.visit(f)
				}
			}
		}
	}
	l.spread()
	w := &lowering{prog: prog}
	for f := range l.seen {
		w.function(f)
	}
	l.quiet(prog)
	return l.seen, l.replace(prog)
}

// A lateFinder finds the functions that calls have to be replaced in. late are the functions
// whose code may run after the cell, seen those that were looked through.
type lateFinder struct {
	b          *builder
	late, seen map[*ssa.Function]bool
	work       []*ssa.Function
}

// push notes that a function may run later. What has no code here is compiled in.
func (l *lateFinder) push(f *ssa.Function) {
	if f != nil && f.Blocks != nil && !l.late[f] {
		l.late[f] = true
		l.work = append(l.work, f)
	}
}

// visit looks for functions that become values or goroutines: such may be kept, by a variable, a
// channel or compiled code, and called at any time. A function that is only called is not late by
// that, and neither is a literal that is called on the spot.
func (l *lateFinder) visit(f *ssa.Function) {
	if f == nil || l.seen[f] {
		return
	}
	l.seen[f] = true
	var buf [16]*ssa.Value
	for _, b := range f.Blocks {
		for _, in := range b.Instrs {
			var callee ssa.Value
			if c, ok := in.(ssa.CallInstruction); ok && c.Common().Method == nil {
				callee = c.Common().Value
				if _, ok := in.(*ssa.Go); ok {
					l.push(c.Common().StaticCallee())
				}
			}
			if mc, ok := in.(*ssa.MakeClosure); ok {
				fn := mc.Fn.(*ssa.Function)
				if !calledOnTheSpot(mc) && fn.Synthetic != "range-over-func yield" {
					l.push(fn)
				}
				l.visit(fn)
				continue
			}
			for _, op := range in.Operands(buf[:0]) {
				if fn, ok := (*op).(*ssa.Function); ok {
					if ssa.Value(fn) != callee {
						l.push(fn)
					}
					l.visit(fn)
				}
			}
		}
	}
}

// calledOnTheSpot reports whether nothing is done with a closure but calling it.
func calledOnTheSpot(mc *ssa.MakeClosure) bool {
	for _, r := range *mc.Referrers() {
		if c, ok := r.(*ssa.Call); !ok || c.Call.Value != mc {
			return false
		}
	}
	return true
}

// spread follows late functions to what they call, and to the literals in them, which run as
// late.
func (l *lateFinder) spread() {
	var buf [16]*ssa.Value
	for len(l.work) > 0 {
		f := l.work[len(l.work)-1]
		l.work = l.work[:len(l.work)-1]
		l.visit(f)
		for _, a := range f.AnonFuncs {
			l.push(a)
		}
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				for _, op := range in.Operands(buf[:0]) {
					if fn, ok := (*op).(*ssa.Function); ok {
						l.push(fn)
					}
				}
			}
		}
	}
}

// replace replaces the calls, first finding all: the variables of the functions to be called have
// to be in their package before go/ssa makes it. A call x.M(a) becomes one of the function in the
// variable with x as the first argument, F(x, a), in the place of the call, so that its results
// and the code around it stay as they are.
func (l *lateFinder) replace(prog *ssa.Program) error {
	type site struct {
		block *ssa.BasicBlock
		call  ssa.CallInstruction
		fn    *types.Var
	}
	var sites []site
	for f := range l.seen {
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				c, ok := in.(ssa.CallInstruction)
				if !ok || !c.Common().IsInvoke() || hasTypeParam(c.Common().Value.Type()) {
					continue
				}
				if !l.late[f] && !l.b.lateMethods[c.Common().Method.Name()] {
					continue
				}
				fn, err := l.b.lateFunc(c.Common())
				if err != nil {
					return err
				}
				sites = append(sites, site{b, c, fn})
			}
		}
	}
	if len(sites) == 0 {
		return nil
	}
	tp := types.NewPackage(latePath, "late")
	for _, x := range sites {
		tp.Scope().Insert(types.NewVar(token.NoPos, tp, x.fn.Name(), x.fn.Type()))
	}
	p := prog.CreatePackage(tp, nil, nil, true)
	p.Build()
	for _, x := range sites {
		load := inner.NewLoad(x.block, p.Var(x.fn.Name()), x.call.Pos())
		at := slices.Index(x.block.Instrs, ssa.Instruction(x.call))
		x.block.Instrs = slices.Insert(x.block.Instrs, at, ssa.Instruction(load))
		call := x.call.Common()
		call.Args = append([]ssa.Value{call.Value}, call.Args...)
		call.Value = load
		call.Method = nil
	}
	return nil
}

// lateFunc is the variable that holds the function for the methods of a name and signature, of any
// interface.
//
// It is made once for the session: reflect never lets go of a function type, so one for each
// program would add up. An interface converts to any, so methods of one name and signature share
// it.
func (b *builder) lateFunc(c *ssa.CallCommon) (*types.Var, error) {
	name, sig := c.Method.Name(), c.Method.Signature()
	byName, _ := b.lateFuncs.At(sig).(map[string]*types.Var)
	if byName == nil {
		byName = map[string]*types.Var{}
		b.lateFuncs.Set(sig, byName)
	}
	if f := byName[name]; f != nil {
		return f, nil
	}
	params := []*types.Var{types.NewParam(token.NoPos, nil, "x", types.Universe.Lookup("any").Type())}
	for v := range sig.Params().Variables() {
		params = append(params, v)
	}
	f := types.NewVar(token.NoPos, nil, "F"+strconv.Itoa(len(b.lateCode)),
		types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), sig.Results(), sig.Variadic()))
	rt, err := b.table.reflectType(f.Type())
	if err != nil {
		return nil, err
	}
	byName[name] = f
	code := reflect.New(rt)
	code.Elem().Set(reflect.MakeFunc(rt, func(args []reflect.Value) []reflect.Value {
		return b.callMethod(name, args, sig.Variadic())
	}))
	b.lateCode[f.Name()] = code
	return f, nil
}

type methodKey struct {
	typ  reflect.Type
	name string
}

// callMethod calls the method of a name on the first of args, an interface that holds anything.
// Which method that is stays the same for a type, so it is remembered.
func (b *builder) callMethod(name string, args []reflect.Value, variadic bool) []reflect.Value {
	x := args[0].Elem()
	if !x.IsValid() {
		panic(nilDereference)
	}
	key := methodKey{x.Type(), name}
	cached, ok := b.methodCache.Load(key)
	if !ok {
		cached = b.findMethod(x.Type(), name)
		b.methodCache.Store(key, cached)
	}
	m := cached.(reflect.Value)
	if !m.IsValid() {
		panic(fmt.Sprintf("no code for method %s of %v", name, x.Type()))
	}
	if args[0] = x; x.Kind() == reflect.Pointer && x.IsNil() && b.table.isOwn(x.Type().Elem()) {
		if _, ofValue := reflectx.MethodByName(x.Type().Elem(), name); ofValue {
			panic(inner.NilReceiver(x.Type().Elem(), name))
		}
	}
	if variadic {
		return m.CallSlice(args)
	}
	return m.Call(args)
}

// typeMethods are the methods of a reflect.Type that give methods of the type, whose code package
// reflect does not know if ixgo made the type.
var typeMethods = map[string]reflect.Value{"Method": reflect.ValueOf(reflectx.MethodByIndex), "MethodByName": reflect.ValueOf(reflectx.MethodByName)}

// findMethod returns a type's method as a function with the receiver first; an invalid value if
// it has none. reflectx knows the methods of the types that ixgo made, also those that are not
// exported, which package reflect does not give.
func (b *builder) findMethod(t reflect.Type, name string) reflect.Value {
	if f, ok := typeMethods[name]; ok && t == reflect.TypeOf(reflect.TypeFor[int]()) {
		return f
	}
	base := t
	if base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if b.table.isOwn(base) || base.Name() == "" || base.PkgPath() == "main" {
		if m, ok := reflectx.MethodByName(t, name); ok {
			return m.Func
		}
	}
	if m, ok := t.MethodByName(name); ok {
		return m.Func
	}
	return reflect.Value{}
}
