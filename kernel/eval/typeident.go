package eval

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"

	"dtnotes/kernel/eval/internal/inner"
	"dtnotes/kernel/eval/internal/slots"
)

// A typeTable stands between ixgo and its loader. It owns what must be the same for all programs of
// a session: which reflect.Type a named type is, what code its methods run, where variables live.
//
// ixgo by itself would make new run-time types for each program: a value of T from one cell would
// not be a T in the next, neither in a type switch nor for a map or interface. With the table as
// its loader it asks here first, and takes the types of all declarations of the session as if
// they were compiled in.
type typeTable struct {
	ixgo.Loader // the compiled-in packages
	ctx         *ixgo.Context
	scope       *scope

	mu         sync.Mutex
	types      typeutil.Map // named types of cells and source packages -> reflect.Type
	back       map[reflect.Type]types.Type
	slots      typeutil.Map // named type -> map[string]*methodSlot
	record     *ixgo.TypesRecord
	met        map[types.Type]bool // what the record has met, see unnamed.go
	interfaces typeutil.Map        // interfaces without a name -> reflect.Type
	pending    []*types.Named
	unused     map[string][]*releasedType // by shape

	memory map[string]reflect.Value            // of the current cell's package
	source map[string]map[string]reflect.Value // of packages from source, by path
	late   map[string]reflect.Value            // of the functions that find methods at run time
	stop   chan struct{}                       // the flag of the program being made
}

// A methodSlot is a method of a type as compiled code calls it: the code comes with the first
// program that compiles the method.
//
// The run-time type of T is made once, with addresses of its methods that can never change, but
// the code of the methods belongs to a program, and methods may be compiled later than the type
// is made. The address leads to call, which goes to whatever code the slot has.
type methodSlot struct {
	name string
	typ  reflect.Type
	fn   *types.Func
	full string // the method's name for messages
	mu   sync.RWMutex
	code func([]reflect.Value) []reflect.Value
	from weakProgram // whose code it is
}

// call runs the method. A released method has no code here but may have its program still,
// through a goroutine or a closure of it.
func (m *methodSlot) call(args []reflect.Value) []reflect.Value {
	m.mu.RLock()
	code, fn := m.code, m.fn
	if p := m.from.value(); code == nil && p != nil && fn != nil { // released, but still there
		code = p.FindMethod(m.typ, fn)
	}
	m.mu.RUnlock()
	switch {
	case code != nil:
		return code(args)
	case m.gone():
		panic(fmt.Sprintf("method %s is gone: its type has been declared again long ago; make the value anew", m.full))
	}
	panic(fmt.Sprintf("method %s is not compiled yet", m.full))
}

// bind gives a slot the code of a program, which the slot keeps alive from then on.
func (m *methodSlot) bind(p program, fn *types.Func) {
	code := p.FindMethod(m.typ, fn)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.code, m.fn, m.from = code, fn, weakly(p)
}

func newTypeTable(ctx *ixgo.Context, s *scope) *typeTable {
	t := &typeTable{Loader: ctx.Loader, ctx: ctx, scope: s, back: map[reflect.Type]types.Type{}, unused: map[string][]*releasedType{}, source: map[string]map[string]reflect.Value{}}
	// ixgo knows error by its name, to which it adds type arguments in a generic function.
	t.types.Set(types.Universe.Lookup("error").Type(), reflect.TypeFor[error]())
	return t
}

// begin starts the types of one cell. It takes a fresh reflectx context each time, because a
// context remembers interfaces by a string in which types of the same name look alike.
//
// The record converts types for all that is done with one cell, and asks the table, through
// recordView, about types that are known already.
func (t *typeTable) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	rctx := reflectx.NewContext()
	rctx.SetHasImethod(func(typ reflect.Type, m reflectx.Method) bool {
		inner.ForgetPromoted()
		return m.FuncId != -1 && (ast.IsExported(m.Name) || typ.PkgPath() != m.PkgPath)
	})
	methodSets := ssa.NewProgram(t.ctx.FileSet, 0)
	view := recordView{t.Loader, t}
	t.record = ixgo.NewTypesRecord(t.ctx, rctx, methodSets, view, view, map[*types.Named]int{})
	t.met = map[types.Type]bool{}
}

// Import implements ixgo.Loader. ixgo leaves a package incomplete that a type of another package
// has mentioned before it is imported, and would load it from source then, with types of its own.
func (t *typeTable) Import(path string) (*types.Package, error) {
	p, err := t.Loader.Import(path)
	if err != nil || p.Complete() {
		return p, err
	}
	loader, isTypes := t.Loader.(*ixgo.TypesLoader)
	pkg, compiledIn := ixgo.LookupPackage(path)
	if !isTypes || !compiledIn || pkg.Source != "" {
		return p, nil
	}
	return p, fill(loader, p, pkg)
}

// fill gives a package that has only the types others mention everything else, as ixgo does for one
// that it imports before.
func fill(loader *ixgo.TypesLoader, p *types.Package, pkg *ixgo.Package) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("describe package %s: %v", p.Path(), r)
		}
	}()
	var imports []*types.Package
	for _, path := range slices.Sorted(maps.Keys(pkg.Deps)) {
		if dep, err := loader.Import(path); err == nil {
			imports = append(imports, dep)
		}
	}
	p.SetName(pkg.Name)
	for name, rt := range pkg.Interfaces {
		loader.InsertInterface(p, name, rt)
	}
	for name, rt := range pkg.NamedTypes {
		loader.InsertNamedType(p, name, rt)
	}
	for name, rt := range pkg.AliasTypes {
		loader.InsertAlias(p, name, rt)
	}
	for name, f := range pkg.Funcs {
		loader.InsertFunc(p, name, f)
	}
	for name, v := range pkg.Vars {
		loader.InsertVar(p, name, v.Elem())
	}
	for name, c := range pkg.TypedConsts {
		loader.InsertTypedConst(p, name, c)
	}
	for name, c := range pkg.UntypedConsts {
		loader.InsertUntypedConst(p, name, c)
	}
	p.SetImports(imports)
	p.MarkComplete()
	return nil
}

// reflectType is the run-time type of a type of a cell. What ixgo cannot convert it panics about,
// which becomes an error.
func (t *typeTable) reflectType(typ types.Type) (rt reflect.Type, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("make type %v: %v", typ, r)
		}
	}()
	return t.convert(typ), nil
}

// convert does so; t.mu is held. Converting one type may come upon others that have names, which
// are noted as pending and converted afterwards, until all are known: a type can refer to one
// that is only being made.
func (t *typeTable) convert(typ types.Type) reflect.Type {
	defer slots.Settle()
	t.meet(typ)
	rt, _ := t.record.ToType(typ)
	for len(t.pending) > 0 {
		n := t.pending[len(t.pending)-1]
		t.pending = t.pending[:len(t.pending)-1]
		if t.types.At(n) == nil {
			nrt, _ := t.record.ToType(n)
			if n.TypeArgs().Len() > 0 {
				inner.NamePointer(nrt)
			}
			t.types.Set(n, nrt)
			t.back[nrt] = n
		}
	}
	return rt
}

// recordView is what the table's own record sees of it. The record calls back while the table's
// lock is held, so its methods take none; and names that it asks about and the table does not
// know are noted.
type recordView struct {
	ixgo.Loader
	t *typeTable
}

func (v recordView) LookupReflect(typ types.Type) (reflect.Type, bool) {
	if isDeferStack(typ) {
		return inner.DeferStack, true
	}
	if rt, ok := v.t.types.At(typ).(reflect.Type); ok {
		return rt, true
	}
	if rt, ok := v.Loader.LookupReflect(typ); ok {
		return rt, true
	}
	if n, ok := typ.(*types.Named); ok {
		if rt := v.t.reuse(n); rt != nil {
			return rt, true
		}
		if plain := withoutAliases(n); plain != n {
			rt, _ := v.t.record.ToType(plain)
			return rt, true
		}
		v.t.needSlots(n)
		v.t.pending = append(v.t.pending, n)
	}
	return nil, false
}

// withoutAliases gives an instance of a generic type for byte or rune as that for uint8 or int32,
// which is the same type: a name that the record makes of its arguments has their names, and Go's
// has these.
func withoutAliases(n *types.Named) *types.Named {
	args := slices.Collect(n.TypeArgs().Types())
	changed := false
	for i, a := range args {
		plain := unaliased(a)
		changed = changed || plain != a
		args[i] = plain
	}
	if !changed {
		return n
	}
	plain, err := types.Instantiate(nil, n.Origin(), args, false)
	if err != nil {
		return n
	}
	return plain.(*types.Named)
}

// unaliased does so within a type. What it does not look into stays as it is.
func unaliased(t types.Type) types.Type {
	switch x := types.Unalias(t).(type) {
	case *types.Basic:
		return types.Typ[x.Kind()]
	case *types.Pointer:
		if e := unaliased(x.Elem()); e != x.Elem() {
			return types.NewPointer(e)
		}
	case *types.Slice:
		if e := unaliased(x.Elem()); e != x.Elem() {
			return types.NewSlice(e)
		}
	case *types.Array:
		if e := unaliased(x.Elem()); e != x.Elem() {
			return types.NewArray(e, x.Len())
		}
	case *types.Chan:
		if e := unaliased(x.Elem()); e != x.Elem() {
			return types.NewChan(x.Dir(), e)
		}
	case *types.Map:
		if k, e := unaliased(x.Key()), unaliased(x.Elem()); k != x.Key() || e != x.Elem() {
			return types.NewMap(k, e)
		}
	case *types.Signature:
		if p, r := unaliasedAll(x.Params()), unaliasedAll(x.Results()); p != x.Params() || r != x.Results() {
			return types.NewSignatureType(nil, nil, nil, p, r, x.Variadic())
		}
	case *types.Named:
		return withoutAliases(x)
	}
	return t
}

func unaliasedAll(vars *types.Tuple) *types.Tuple {
	changed := false
	var out []*types.Var
	for v := range vars.Variables() {
		t := unaliased(v.Type())
		changed = changed || t != v.Type()
		out = append(out, types.NewParam(v.Pos(), v.Pkg(), v.Name(), t))
	}
	if !changed {
		return vars
	}
	return types.NewTuple(out...)
}

// needSlots refuses a type whose methods find no room: ixgo would end the process.
//
// Each method needs a slot for the value and one for the pointer as receiver.
func (t *typeTable) needSlots(n *types.Named) {
	if types.IsInterface(n) {
		return
	}
	need := 2 * types.NewMethodSet(types.NewPointer(n)).Len()
	capacity, used, _ := ixgo.IcallStat()
	if need > 0 && need > capacity-used {
		panic(fmt.Errorf("no room for the methods of type %v: all %d method slots of the session are taken; restart the kernel", n, capacity))
	}
}

// FindMethod makes the slot of a method.
func (v recordView) FindMethod(typ reflect.Type, fn *types.Func) func([]reflect.Value) []reflect.Value {
	recv := fn.Signature().Recv().Type()
	if p, ok := recv.(*types.Pointer); ok {
		recv = p.Elem()
	}
	slots, _ := v.t.slots.At(recv).(map[string]*methodSlot)
	if slots == nil {
		slots = map[string]*methodSlot{}
		v.t.slots.Set(recv, slots)
	}
	m := &methodSlot{name: fn.Name(), typ: typ, fn: fn, full: fn.FullName()}
	slots[m.name] = m
	return m.call
}

// owns reports whether the table gives a named type its identity: it is of a cell or a package
// from source, and concrete.
func (t *typeTable) owns(n *types.Named) bool {
	pkg := n.Origin().Obj().Pkg()
	return t.scope.owns(pkg) && !hasTypeParam(n)
}

// isDeferStack reports whether a type is the one that go/ssa makes up for defer in loops over
// functions, which no package declares. Whoever asks for it first, native cells or the interpreter,
// must get what the interpreter has for it, since the table keeps what it once gave.
func isDeferStack(typ types.Type) bool {
	n, ok := typ.(*types.Named)
	return ok && n.Obj().Name() == "deferStack" && n.Obj().Parent() == nil
}

// LookupReflect implements ixgo.Loader.
func (t *typeTable) LookupReflect(typ types.Type) (reflect.Type, bool) {
	if isDeferStack(typ) {
		return inner.DeferStack, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if rt, ok := t.types.At(typ).(reflect.Type); ok {
		return rt, true
	}
	if rt, ok := t.Loader.LookupReflect(typ); ok {
		return rt, true
	}
	switch x := typ.(type) {
	case *types.Pointer:
		if n, ok := x.Elem().(*types.Named); ok && t.owns(n) {
			return reflect.PointerTo(t.convert(n)), true
		}
	case *types.Named:
		if t.owns(x) {
			return t.convert(x), true
		}
	}
	return nil, false
}

// LookupTypes implements ixgo.Loader.
func (t *typeTable) LookupTypes(rt reflect.Type) (types.Type, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if typ, ok := t.back[rt]; ok {
		return typ, true
	}
	return t.Loader.LookupTypes(rt)
}

// isOwn reports whether the session made a run-time type.
func (t *typeTable) isOwn(rt reflect.Type) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.back[rt]
	return ok
}

// Installed implements ixgo.Loader. This is where ixgo learns where variables live.
//
// All cells are package main to ixgo, so that the memory of the program being made is given here,
// under names that uniqueVars made different.
func (t *typeTable) Installed(path string) (*ixgo.Package, bool) {
	if path == "main" {
		return &ixgo.Package{Name: "main", Path: "main", Vars: t.memory}, true
	}
	if path == latePath {
		return &ixgo.Package{Name: "late", Path: latePath, Vars: t.late}, true
	}
	p, ok := t.Loader.Installed(path)
	if path == rtPath && ok {
		q := *p
		// It is not the address: see stopped.
		q.Vars = map[string]reflect.Value{"Stop": reflect.ValueOf(t.stop)}
		return &q, true
	}
	if vars, isSource := t.source[path]; isSource {
		return &ixgo.Package{Name: path, Path: path, Vars: vars}, true
	}
	return p, ok
}

// bind takes from a new program the code of methods that have none yet.
func (b *builder) bind(code program, prog *ssa.Program) {
	for _, typ := range prog.RuntimeTypes() {
		// A struct without a name has methods by what it embeds. It has no slots, so calls of
		// such methods through interfaces are looked up at run time from now on, by name.
		if st, ok := typ.(*types.Struct); ok {
			for sel := range types.NewMethodSet(types.NewPointer(st)).Methods() {
				b.lateMethods[sel.Obj().Name()] = true
			}
		}
		n, ok := typ.(*types.Named)
		if !ok || types.IsInterface(n) || !b.scope.owns(n.Obj().Pkg()) {
			continue
		}
		b.noteDynamic(n)
		b.table.mu.Lock()
		slots, _ := b.table.slots.At(n).(map[string]*methodSlot)
		b.table.mu.Unlock()
		for _, m := range slots {
			if m.code != nil {
				continue
			}
			obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), false, m.fn.Pkg(), m.name)
			if fn, ok := obj.(*types.Func); ok {
				m.bind(code, fn)
			}
		}
	}
}

// noteDynamic remembers that values of a type may be behind interfaces from now on.
func (b *builder) noteDynamic(n *types.Named) {
	if b.dynamic.At(n) != nil {
		return
	}
	b.dynamic.Set(n, true)
	for sel := range types.NewMethodSet(types.NewPointer(n)).Methods() {
		name := sel.Obj().Name()
		b.behind[name] = append(b.behind[name], n)
	}
}
