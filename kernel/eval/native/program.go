package native

import (
	"go/types"
	"reflect"
	"slices"
	"sync"
	"unsafe"
	"weak"

	"golang.org/x/tools/go/ssa"
)

// Supported says whether functions can be executed here: slots are made for words of 64 bits.
const Supported = unsafe.Sizeof(uintptr(0)) == 8

// A Host is what the functions of a program live among.
type Host interface {
	// Prepare is called for each function before it is compiled, and may change its code.
	Prepare(*ssa.Function)
	// Type is the run-time type of a type.
	Type(types.Type) (reflect.Type, error)
	// Global is a pointer to a package-level variable, if the host has that.
	Global(*ssa.Global) (reflect.Value, bool)
	// Func is a compiled function, one that has no code in the program. user is the function that
	// uses it.
	Func(f, user *ssa.Function) (reflect.Value, error)
	// Invoked is a function to be called instead of a method of an interface type, with what the
	// interface holds as its first argument. instead is false if there is none.
	Invoked(method *types.Func, iface reflect.Type) (f reflect.Value, instead bool)
	// Forgets reports whether a compiled function with a last parameter ...any does not keep the
	// slice that it gets.
	Forgets(*ssa.Function) bool
	// IsStop reports whether a variable is the one that says whether execution must stop, and
	// IsHalt whether a function is the one that is called then. A branch that does so is left out,
	// since loops and functions look at the program's stop flag themselves.
	IsStop(*ssa.Global) bool
	IsHalt(*ssa.Function) bool
	// IsRecover reports whether a function does what the builtin recover does, and gets what was
	// thrown as it is.
	IsRecover(*ssa.Function) bool
	// Recovered is what the builtin recover returns for a value that was thrown. It may throw it
	// again.
	Recovered(value any) any
	// Wrapper reports whether code only calls a function for another, so that a panic can be
	// recovered there when the wrapper is deferred.
	Wrapper(code uintptr) bool
	// Goroutine names the calling goroutine.
	Goroutine() string
	// Halt is called where the stop flag is set. It may return.
	Halt()
	// StackOverflow is called for a recursion without end. It must not return.
	StackOverflow()
	// Panicked reports a panic that leaves functions of a program, with their calls, the innermost
	// first. It is called again for each machine that the panic passes, with the same value, and
	// without calls if a deferred function has recovered the panic.
	Panicked(value any, stack []Frame)
	// Go starts a goroutine.
	Go(func())
	// Print is the builtin print or println.
	Print(newline bool, values ...any)
}

// A World is what the programs of a session share: how types are laid out, and the code of methods.
type World struct {
	// Machine says that functions get machine code when they are called often or loop.
	Machine bool
	// Eager says that they get it when they are first called, for tests.
	Eager bool

	layouts layouts
	methods sync.Map // methodKey -> weak.Pointer[fn]; who has values has their code
}

// A methodKey names a method of a type that is behind an interface.
type methodKey struct {
	typ  unsafe.Pointer
	name string
}

// A Program is compiled functions.
type Program struct {
	host  Host
	world *World
	stop  <-chan struct{}

	roots  map[string]*fn
	byFunc map[*types.Func]*fn // methods
	all    []*fn               // lives as long as the program: who calls methods does not keep them

	// These are used while the program is being compiled.
	fns      map[*ssa.Function]*fn
	queue    []*ssa.Function
	types    map[types.Type]reflect.Type
	globals  map[*ssa.Global]unsafe.Pointer
	foreign  map[*ssa.Function]*goCall
	instead  map[insteadKey]*goCall
	Compiled []string // names of the functions
	Refused  []string // names of functions that cannot be compiled, with the reason
}

// Compile compiles what main's init and main functions need, and the methods that can be called
// through interfaces. stop is the stop flag: execution stops where that channel is not empty. If
// anything was refused, the program must not be run.
func Compile(host Host, world *World, main *ssa.Package, stop <-chan struct{}) *Program {
	p := &Program{host: host, world: world, stop: stop, roots: map[string]*fn{}, byFunc: map[*types.Func]*fn{}, fns: map[*ssa.Function]*fn{}, types: map[types.Type]reflect.Type{},
		globals: map[*ssa.Global]unsafe.Pointer{}, foreign: map[*ssa.Function]*goCall{}, instead: map[insteadKey]*goCall{}}
	for _, name := range []string{"init", "main"} {
		if f := main.Func(name); f != nil && f.Blocks != nil {
			p.try(name, func() { p.roots[name] = p.declare(f) })
		}
	}
	methods := p.methods(main.Prog)
	for len(p.queue) > 0 {
		f := p.queue[0]
		p.queue = p.queue[1:]
		if err := p.compile(f, p.fns[f]); err != nil {
			p.Refused = append(p.Refused, f.String()+": "+err.Error())
		} else {
			p.Compiled = append(p.Compiled, f.String())
		}
	}
	if len(p.Refused) == 0 {
		for _, f := range p.all {
			f.inline()
		}
		for _, f := range p.all {
			fuse(f.code, world.Machine)
		}
		for k, f := range methods {
			world.methods.Store(k, weak.Make(f))
		}
	}
	p.fns, p.queue, p.types, p.globals, p.foreign, p.instead = nil, nil, nil, nil, nil, nil
	slices.Sort(p.Compiled)
	slices.Sort(p.Refused)
	return p
}

// try does what may be refused.
func (p *Program) try(name string, do func()) {
	defer func() {
		if r := recover(); r != nil {
			x, ok := r.(refusal)
			if !ok {
				panic(r)
			}
			p.Refused = append(p.Refused, name+": "+x.msg)
		}
	}()
	do()
}

// methods compiles the methods of types that values behind interfaces have.
func (p *Program) methods(prog *ssa.Program) map[methodKey]*fn {
	found := map[methodKey]*fn{}
	for _, t := range prog.RuntimeTypes() {
		if types.IsInterface(t) || isForeign(prog, t) {
			continue
		}
		_, pointer := t.Underlying().(*types.Pointer)
		set := prog.MethodSets.MethodSet(t)
		for sel := range set.Methods() {
			f := prog.MethodValue(sel)
			if f == nil || !p.isNative(f) {
				continue
			}
			p.try(f.String(), func() {
				rt := p.typ(t)
				code := p.declare(f)
				if m, ok := sel.Obj().(*types.Func); ok && p.byFunc[m] == nil {
					if own := prog.LookupMethod(m.Signature().Recv().Type(), m.Pkg(), m.Name()); own != nil && p.isNative(own) {
						p.byFunc[m] = p.declare(own)
					}
				}
				switch {
				case pointer:
				case !direct(rt): // through an interface it gets a pointer to the value
					ptr := prog.MethodSets.MethodSet(types.NewPointer(t)).Lookup(sel.Obj().Pkg(), sel.Obj().Name())
					code = p.declare(prog.MethodValue(ptr))
				}
				found[methodKey{typeWord(rt), methodName(sel.Obj())}] = code
			})
		}
	}
	return found
}

// isForeign reports whether a type is one of a compiled package, whose methods have code, or a
// pointer to one.
func isForeign(prog *ssa.Program, t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return ok
	}
	p := prog.Package(n.Obj().Pkg())
	return p == nil || p.Func("init") == nil || p.Func("init").Blocks == nil
}

// methodName names a method so that methods of different packages that have the same name and are
// not exported differ.
func methodName(m types.Object) string {
	if m.Exported() || m.Pkg() == nil {
		return m.Name()
	}
	return m.Pkg().Path() + "." + m.Name()
}

// method finds the code of a method of the value whose interface begins with word.
func (p *Program) method(d *dynCall, word unsafe.Pointer) *knownMethod {
	for i := range d.known {
		if m := d.known[i].Load(); m != nil && m.word == word {
			return m
		}
	}
	m := &knownMethod{word: word}
	if f, ok := p.world.methods.Load(methodKey{dynamicType(word, true), d.name}); ok {
		m.fn = f.(weak.Pointer[fn]).Value()
		m.boxed = m.fn != nil && m.fn.params[0].boxed
	}
	d.known[(d.next.Add(1)-1)%uint32(len(d.known))].Store(m)
	return m
}

// isNative reports whether a function is compiled here.
func (p *Program) isNative(f *ssa.Function) bool { return f.Blocks != nil }

// declare makes what callers need to know of a function.
func (p *Program) declare(f *ssa.Function) *fn {
	if x := p.fns[f]; x != nil {
		return x
	}
	x := &fn{name: f.String(), prog: p, wrapper: f.Synthetic != "" && f.Synthetic != "range-over-func yield" && f.TypeArgs() == nil, deferSlot: -1, stop: p.stop, enter: p.stop}
	var params, results []*layout
	for _, v := range f.Params {
		params = append(params, p.layout(v.Type()))
	}
	for _, v := range f.FreeVars {
		params = append(params, p.layout(v.Type()))
	}
	for v := range f.Signature.Results().Variables() {
		results = append(results, p.layout(v.Type()))
	}
	s := shapeOf(params, results)
	x.params, x.results, x.single, x.nfree = s.params, s.results, s.single, len(f.FreeVars)
	if x.nfree > 0 {
		l := x.params[len(f.Params)]
		x.freeN, x.freeP = l.atN, l.atP
	}
	x.nsize, x.psize = s.n, s.p
	x.nneed, x.pneed = s.n, s.p
	x.sig = p.typ(plainSignature(f))
	p.fns[f] = x
	p.all = append(p.all, x)
	p.queue = append(p.queue, f)
	return x
}

// plainSignature is the signature of a function with its receiver as the first parameter.
func plainSignature(f *ssa.Function) *types.Signature {
	var params []*types.Var
	for _, v := range f.Params {
		params = append(params, types.NewParam(0, nil, "", v.Type()))
	}
	return types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), f.Signature.Results(), f.Signature.Variadic() && len(params) > 0)
}

func (p *Program) typ(t types.Type) reflect.Type {
	if rt := p.types[t]; rt != nil {
		return rt
	}
	rt, err := p.host.Type(t)
	if err != nil {
		refuse("type %v: %v", t, err)
	}
	p.types[t] = rt
	return rt
}

func (p *Program) layout(t types.Type) *layout {
	if n, ok := t.(*types.Named); ok && n.Obj().Name() == "deferStack" && n.Obj().Parent() == nil {
		return pointerLayout
	}
	return p.world.layouts.of(p.typ(t))
}

// global is the address of a variable; what the host does not have belongs to the program.
func (p *Program) global(g *ssa.Global) unsafe.Pointer {
	if x := p.globals[g]; x != nil {
		return x
	}
	v, ok := p.host.Global(g)
	if !ok {
		if f := g.Pkg.Func("init"); f == nil || f.Blocks == nil {
			refuse("no variable %v", g)
		}
		v = reflect.New(p.typ(g.Type().Underlying().(*types.Pointer).Elem()))
	}
	p.globals[g] = v.UnsafePointer()
	return p.globals[g]
}

// funcValue is a function as a value for a function that uses it.
func (p *Program) funcValue(f, user *ssa.Function) unsafe.Pointer {
	if !p.isNative(f) {
		return p.compiled(f, user).code
	}
	x := p.declare(f)
	if x.value == nil {
		x.value = (&closure{fn: x}).value()
	}
	return x.value
}

// compiled is a function that the host has.
func (p *Program) compiled(f, user *ssa.Function) *goCall {
	if g := p.foreign[f]; g != nil {
		return g
	}
	v, err := p.host.Func(f, user)
	if err != nil {
		refuse("%v", err)
	}
	if !v.IsValid() { // there is nothing to do, as for the initialization of a compiled package
		v = reflect.ValueOf(func() {})
	}
	var params []*layout
	for v := range plainParams(f.Signature) {
		params = append(params, p.layout(v))
	}
	g := p.goCall(v, params, f.Signature.Results())
	p.foreign[f] = g
	return g
}

// goCall returns a compiled function whose parameters and results have these layouts.
func (p *Program) goCall(f reflect.Value, params []*layout, out *types.Tuple) *goCall {
	g := &goCall{}
	x := reflect.New(f.Type())
	x.Elem().Set(f)
	g.code = *(*unsafe.Pointer)(x.UnsafePointer())
	var results []*layout
	for v := range out.Variables() {
		results = append(results, p.layout(v.Type()))
	}
	g.callShape = shapeOf(params, results)
	g.sig = f.Type()
	g.byWords, g.regs = wordCallFor(g.params, g.results), registersFor(params, results, g.callShape)
	return g
}

func plainParams(sig *types.Signature) func(yield func(types.Type) bool) {
	return func(yield func(types.Type) bool) {
		if r := sig.Recv(); r != nil && !yield(r.Type()) {
			return
		}
		for v := range sig.Params().Variables() {
			if !yield(v.Type()) {
				return
			}
		}
	}
}

// Run calls a function of the main package without arguments, init or main, if it has that.
func (p *Program) Run(name string) {
	x := p.roots[name]
	if x == nil {
		return
	}
	vm := machineFor(x)
	vm.enter(x)
	clear(vm.p) // no value stays for what a frame left behind
	vm.done(x.pneed)
}

// Method is a method of a type of the program for callers that have values of package reflect, or
// nil.
func (p *Program) Method(f *types.Func) func([]reflect.Value) []reflect.Value {
	x := p.byFunc[f]
	if x == nil {
		return nil
	}
	return func(args []reflect.Value) []reflect.Value { return x.callValues(args, nil) }
}
