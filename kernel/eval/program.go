package eval

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"weak"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"

	"dtnotes/kernel/eval/internal/inner"
	"dtnotes/kernel/eval/internal/slots"
	"dtnotes/kernel/eval/native"
)

// A builder makes programs of declarations, and owns what outlives a program: the types, the code
// behind their methods, and what is known of the types that may be behind interfaces.
//
// Each cell is a program of its own, which is dropped when nothing of it is in use. What has to
// survive it is here, and it has to be enough for a value of an earlier cell to work in a later
// program.
type builder struct {
	ctx      *ixgo.Context
	fset     *token.FileSet
	scope    *scope
	packages *packages
	table    *typeTable
	native   *nativeTier

	dynamic     typeutil.Map            // types whose values may be behind interfaces
	behind      map[string][]types.Type // the same by method name
	replaced    []*types.Named          // those that no name leads to any more, the oldest first
	released    []*releasedType         // such types, while their programs are in use
	programs    []compiledProgram
	lateMethods map[string]bool // methods of unnamed structs in interfaces, and of released types
	lateFuncs   typeutil.Map    // signature -> map[string]*types.Var
	lateCode    map[string]reflect.Value
	methodCache sync.Map // methodKey -> reflect.Value
}

// A compiledProgram is one that may still be in use.
type compiledProgram struct {
	code  weakProgram
	files []string // the names of the cells whose code it has
}

func newBuilder(ctx *ixgo.Context, s *scope) *builder {
	b := &builder{ctx: ctx, fset: ctx.FileSet, scope: s, behind: map[string][]types.Type{}, lateMethods: map[string]bool{}, lateCode: map[string]reflect.Value{}}
	b.table = newTypeTable(ctx, s)
	b.table.late = b.lateCode
	b.native = newNativeTier()
	ctx.Loader = b.table
	ctx.SetPanic(b.fault)
	inner.ForgetAlways(ctx)
	return b
}

// fault makes what the interpreter throws into what Go would, so that code which recovers and
// looks at the value, or prints it, sees what it would see in a compiled program.
func (b *builder) fault(info *ixgo.PanicInfo) {
	switch e := info.Error.(type) {
	case ixgo.PanicError:
		if e.Value == nil {
			e.Value = new(runtime.PanicNilError)
			info.Error = e
		}
	case ixgo.FatalError:
	default:
		if err := inner.Fault(info, b.assertedTypes); err != nil {
			info.Error = err
		}
	}
}

// assertedTypes are the run-time types of an interface and of what is asserted; nil where they
// cannot be made.
func (b *builder) assertedTypes(in *ssa.TypeAssert) (x, asserted reflect.Type) {
	x, err := b.table.reflectType(in.X.Type())
	if err != nil {
		return nil, nil
	}
	if asserted, err = b.table.reflectType(in.AssertedType); err != nil {
		return nil, nil
	}
	return x, asserted
}

// A program is what executes the code of a cell.
type program interface {
	RunInit() error
	RunMain() (exitCode int, err error)
	FindMethod(typ reflect.Type, fn *types.Func) func([]reflect.Value) []reflect.Value
}

// A weakProgram does not keep its program.
//
// The session keeps track of all programs but must not keep them alive: it is closures,
// goroutines and method slots that do.
type weakProgram struct {
	interp weak.Pointer[ixgo.Interp]
	native weak.Pointer[native.Program]
}

func weakly(p program) weakProgram {
	if n, ok := p.(nativeProgram); ok {
		return weakProgram{native: weak.Make(n.p)}
	}
	return weakProgram{interp: weak.Make(p.(*ixgo.Interp))}
}

// value is nil if the program is gone.
func (w weakProgram) value() program {
	if interp := w.interp.Value(); interp != nil {
		return interp
	}
	if p := w.native.Value(); p != nil {
		return nativeProgram{p}
	}
	return nil
}

// loader makes what executes a program, whose code looks at the flag, and takes from it the code of
// methods that have none yet. files are the names of the cells whose code it has.
//
// It is a function because the flag belongs to the run, which makes it later. All that it does to
// the builder happens while the session is still locked, see runner.execute.
func (b *builder) loader(p *ssa.Package, files []string) func(*stopFlag) (program, error) {
	return func(flag *stopFlag) (program, error) {
		b.table.stop = flag.c
		code := b.native.compile(b.table, p, flag)
		if code == nil {
			// Package native finds methods at run time by itself and does what Go does; only ixgo
			// needs to be given a program without such calls.
			funcs, err := b.lateCalls(p.Prog, p.Prog.AllPackages())
			if err != nil {
				return nil, err
			}
			interp, err := inner.NewInterp(b.ctx, p, b.table.known(p.Prog, funcs))
			slots.Settle() // of types without a name
			if err != nil {
				return nil, err
			}
			code = interp
		}
		b.programs = append(b.programs, compiledProgram{weakly(code), files})
		b.bind(code, p.Prog)
		return code, nil
	}
}

// An outline is what a program is made of, beside the cell itself.
type outline struct {
	decls    []*decl                 // of other units
	packages map[*types.Package]bool // compiled in
	keep     []types.Type            // types that may be behind an interface that is called
}

// files are the names of the cells that the code of a program comes from; own is that of the cell
// itself.
func (o outline) files(own string) []string {
	files := []string{own}
	for _, d := range o.decls {
		files = append(files, d.src.file)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// outlineOf follows what the decls of a unit need.
//
// The outline is closed: whatever the code of a declaration in it can reach is in it, too.
// Reaching has two ways, by name and through an interface. For the second, every method name that
// is called through some interface brings in the types with such a method whose values may be
// behind interfaces.
func (b *builder) outlineOf(start []*decl, own *unit) outline {
	out := outline{packages: map[*types.Package]bool{}}
	seen := map[*decl]bool{}
	kept := map[types.Type]bool{}
	called := map[string]bool{}
	var work []needs
	push := func(d *decl) {
		if seen[d] {
			return
		}
		seen[d] = true
		if d.unit != own && d.syntax != nil {
			out.decls = append(out.decls, d)
		}
		work = append(work, d.needs)
		for _, m := range d.methods {
			if !seen[m] {
				seen[m] = true
				if m.unit != own {
					out.decls = append(out.decls, m)
				}
				work = append(work, m.needs)
			}
		}
	}
	for _, d := range start {
		push(d)
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		for p := range n.packages {
			out.packages[p] = true
		}
		for d := range n.decls {
			push(d)
		}
		for name := range n.calls {
			if called[name] {
				continue
			}
			called[name] = true
			for _, t := range b.behind[name] {
				if !kept[t] {
					kept[t] = true
					out.keep = append(out.keep, t)
					work = append(work, b.scope.needsOf(t))
				}
			}
		}
	}
	return out
}

// buildProgram makes the SSA form of a unit and its outline.
//
// One ssa.Package is made for each unit of which a declaration is needed, with that declaration
// alone, and one for each compiled-in package, without code. go/ssa panics on what it does not
// expect, which becomes an error of the cell.
func (b *builder) buildProgram(u *unit, files []*ast.File, o outline) (main *ssa.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("build program: %v", r)
		}
	}()
	// Generic functions are instantiated, because ixgo executes only code with concrete types.
	// Bare inits leave out the calls that initialize imported packages: these have run.
	prog := ssa.NewProgram(b.fset, ssa.InstantiateGenerics|ssa.BareInits)
	var pkgs []*ssa.Package
	external := func(p *types.Package) {
		if !b.scope.owns(p) && p != types.Unsafe && prog.Package(p) == nil {
			pkgs = append(pkgs, prog.CreatePackage(p, nil, nil, true))
		}
	}
	for p := range o.packages {
		external(p)
	}
	byUnit := map[*unit][]ast.Decl{}
	var order []*unit
	for _, d := range o.decls {
		if byUnit[d.unit] == nil {
			order = append(order, d.unit)
		}
		byUnit[d.unit] = append(byUnit[d.unit], d.syntax)
	}
	for _, ou := range order {
		info := *ou.info
		info.InitOrder = nil // its variables have their values
		f := &ast.File{Name: ident(ou.pkg.Name()), Decls: byUnit[ou]}
		pkgs = append(pkgs, prog.CreatePackage(ou.pkg, []*ast.File{f}, &info, true))
	}
	main = prog.CreatePackage(u.pkg, files, u.info, false)
	pkgs = append(pkgs, main)
	external(b.rtPackage())
	if len(o.keep) > 0 {
		kept, err := b.keepPackage(o.keep)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, prog.CreatePackage(kept.pkg, []*ast.File{kept.file}, kept.info, true))
	}
	for _, p := range pkgs {
		p.Build()
	}
	return main, nil
}

type keptPackage struct {
	pkg  *types.Package
	file *ast.File
	info *types.Info
}

// keepPackage is a package that converts types to interfaces, which makes ixgo compile their
// methods.
//
// Its types come from several cells and may share a name, so they are entered under names of
// their own.
func (b *builder) keepPackage(keep []types.Type) (keptPackage, error) {
	k := keptPackage{pkg: types.NewPackage("main", "main"), info: newInfo()}
	var names []string
	for i, t := range keep {
		n := "K" + strconv.Itoa(i)
		names = append(names, n)
		k.pkg.Scope().Insert(types.NewTypeName(token.NoPos, k.pkg, n, t))
	}
	k.file = &ast.File{Name: ident("main"), Decls: append(importDecls(map[string]string{rtName: rtPath}), keeper(keepPrefix, names...))}
	conf := &types.Config{Importer: importer(b.packages.importPackage), Sizes: platformSizes}
	if err := types.NewChecker(conf, b.fset, k.pkg, k.info).Files([]*ast.File{k.file}); err != nil {
		return k, fmt.Errorf("keep types: %w", err)
	}
	return k, nil
}

// allocate gives the variables of a new cell memory; those in migrated keep that of their name.
//
// The memory of a variable is of the session and not of a program: it is made here, by the type,
// and programs learn where it is. A variable whose type only got methods has to stay where it
// is, since pointers to it may be anywhere; that is possible if the new type looks the same in
// memory.
func (b *builder) allocate(u *unit, migrated map[string]bool) error {
	for _, name := range u.pkg.Scope().Names() {
		v, ok := u.pkg.Scope().Lookup(name).(*types.Var)
		if !ok || v.Pkg() != u.pkg {
			continue
		}
		rt, err := b.table.reflectType(v.Type())
		if err != nil {
			return err
		}
		d := b.scope.decls[v]
		if d == nil {
			continue
		}
		if old := b.scope.decls[b.scope.names[name]]; migrated[name] && old != nil && old.memory.IsValid() {
			if t := old.memory.Type().Elem(); t.Size() == rt.Size() && t.Kind() == rt.Kind() {
				d.memory = reflect.NewAt(rt, old.memory.UnsafePointer())
				continue
			}
		}
		d.memory = reflect.New(rt)
	}
	return nil
}

// memoryOf collects the variables of a program, by the names that they have there.
func (b *builder) memoryOf(own []*decl, o outline) map[string]reflect.Value {
	vars := map[string]reflect.Value{}
	for _, ds := range [][]*decl{own, o.decls} {
		for _, d := range ds {
			if d.memory.IsValid() && d.unit.cell {
				vars[d.obj.Name()] = d.memory // the object in programs, see uniqueVars
			}
		}
	}
	return vars
}

func (b *builder) rtPackage() *types.Package {
	p, err := b.packages.importPackage(rtPath)
	if err != nil {
		panic(err)
	}
	return p
}

var platformSizes = types.SizesFor("gc", runtime.GOARCH)
