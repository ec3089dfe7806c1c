package eval

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
)

// A program of ixgo can call a method through an interface only on types that it has compiled;
// on others it jumps to an address that is no code. Code that can run after its cell has ended
// (function values, goroutines, methods, and what they call) may meet types of later cells. There
// the calls are replaced by calls of a function that finds the method at run time.

const latePath = "dtnotes/kernel/eval/late"

// latePackage holds those functions for all sessions. ixgo reads the map while programs run, so it
// is never changed but replaced.
var (
	latePackage = &ixgo.Package{Name: "late", Path: latePath, Funcs: map[string]reflect.Value{}}
	lateMu      sync.Mutex
	lateCount   atomic.Int64
)

func init() { ixgo.RegisterPackage(latePackage) }

//go:norace
func setLateFuncs(m map[string]reflect.Value) { latePackage.Funcs = m }

func addLateFunc(name string, f reflect.Value) {
	lateMu.Lock()
	defer lateMu.Unlock()
	m := maps.Clone(latePackage.Funcs)
	m[name] = f
	setLateFuncs(m)
}

func removeLateFuncs(names []string) {
	lateMu.Lock()
	defer lateMu.Unlock()
	m := maps.Clone(latePackage.Funcs)
	for _, n := range names {
		delete(m, n)
	}
	setLateFuncs(m)
}

// lateCalls replaces the interface calls of the code in prog that can outlive the cell, and
// prepares all of it for ixgo.
func (s *Session) lateCalls(prog *ssa.Program, pkgs []*ssa.Package) error {
	l := &lateFinder{s: s, late: map[*ssa.Function]bool{}, seen: map[*ssa.Function]bool{}}
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
			if p := sel.Obj().Pkg(); s.owns(p) {
				if f := prog.MethodValue(sel); f != nil {
					l.push(f)
					l.visit(f)
				}
			}
		}
	}
	l.spread()
	for f := range l.seen {
		orderPhis(f)
	}
	l.quiet(prog)
	return l.replace(prog)
}

type lateFinder struct {
	s          *Session
	late, seen map[*ssa.Function]bool
	work       []*ssa.Function
}

func (l *lateFinder) push(f *ssa.Function) {
	if f != nil && f.Blocks != nil && !l.late[f] {
		l.late[f] = true
		l.work = append(l.work, f)
	}
}

// visit looks for functions that become values or goroutines.
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

func calledOnTheSpot(mc *ssa.MakeClosure) bool {
	for _, r := range *mc.Referrers() {
		if c, ok := r.(*ssa.Call); !ok || c.Call.Value != mc {
			return false
		}
	}
	return true
}

// spread follows late functions to what they call.
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

func (l *lateFinder) replace(prog *ssa.Program) error {
	used := map[*types.Func]bool{}
	type site struct {
		call *ssa.CallCommon
		fn   *types.Func
	}
	var sites []site
	for f := range l.seen {
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				c, ok := in.(ssa.CallInstruction)
				if !ok || !c.Common().IsInvoke() || hasTypeParam(c.Common().Value.Type()) {
					continue
				}
				if !l.late[f] && !l.s.unnamedMethods[c.Common().Method.Name()] {
					continue
				}
				fn, err := l.s.lateFunc(c.Common())
				if err != nil {
					return err
				}
				used[fn] = true
				sites = append(sites, site{c.Common(), fn})
			}
		}
	}
	if len(sites) == 0 {
		return nil
	}
	tp := types.NewPackage(latePath, "late")
	for fn := range used {
		tp.Scope().Insert(types.NewFunc(token.NoPos, tp, fn.Name(), fn.Signature()))
	}
	p := prog.CreatePackage(tp, nil, nil, true)
	p.Build()
	for _, x := range sites {
		x.call.Args = append([]ssa.Value{x.call.Value}, x.call.Args...)
		x.call.Value = p.Func(x.fn.Name())
		x.call.Method = nil
	}
	return nil
}

// lateFunc is the function for one method of one interface type.
func (s *Session) lateFunc(c *ssa.CallCommon) (*types.Func, error) {
	it := c.Value.Type()
	byName, _ := s.lateFuncs.At(it).(map[string]*types.Func)
	if byName == nil {
		byName = map[string]*types.Func{}
		s.lateFuncs.Set(it, byName)
	}
	name := c.Method.Name()
	if f := byName[name]; f != nil {
		return f, nil
	}
	sig := c.Method.Signature()
	params := []*types.Var{types.NewParam(token.NoPos, nil, "x", it)}
	for v := range sig.Params().Variables() {
		params = append(params, v)
	}
	f := types.NewFunc(token.NoPos, nil, "F"+strconv.FormatInt(lateCount.Add(1), 10),
		types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), sig.Results(), sig.Variadic()))
	rt, err := s.table.reflectType(f.Type())
	if err != nil {
		return nil, err
	}
	byName[name] = f
	s.lateNames = append(s.lateNames, f.Name())
	addLateFunc(f.Name(), reflect.MakeFunc(rt, func(args []reflect.Value) []reflect.Value {
		return s.callMethod(name, args, sig.Variadic())
	}))
	return f, nil
}

type methodKey struct {
	typ  reflect.Type
	name string
}

func (s *Session) callMethod(name string, args []reflect.Value, variadic bool) []reflect.Value {
	x := args[0].Elem()
	if !x.IsValid() {
		panic(ixgo.RuntimeError("invalid memory address or nil pointer dereference"))
	}
	key := methodKey{x.Type(), name}
	cached, ok := s.methodCache.Load(key)
	if !ok {
		cached = s.findMethod(x.Type(), name)
		s.methodCache.Store(key, cached)
	}
	m := cached.(reflect.Value)
	if !m.IsValid() {
		panic(fmt.Sprintf("no code for method %s of %v", name, x.Type()))
	}
	args[0] = x
	if variadic {
		return m.CallSlice(args)
	}
	return m.Call(args)
}

func (s *Session) findMethod(t reflect.Type, name string) reflect.Value {
	base := t
	if base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if s.table.isOwn(base) || base.Name() == "" || base.PkgPath() == "main" {
		if m, ok := reflectx.MethodByName(t, name); ok {
			return m.Func
		}
	}
	if m, ok := t.MethodByName(name); ok {
		return m.Func
	}
	return reflect.Value{}
}
