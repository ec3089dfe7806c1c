package eval

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"maps"
	"slices"

	"github.com/goplus/ixgo"
)

// An engine makes programs of cells and runs them; it is what a session forgets when it is reset.
// Its parts own their state: scope the declarations, packages the imports, builder the types and
// the code, runner the goroutines.
type engine struct {
	fset     *token.FileSet
	scope    *scope
	packages *packages
	builder  *builder
	runner   *runner
	texts    *texts

	context  *types.Context // one for all cells: instances of a type are the same in each
	checks   bool           // loops and calls look at the stop flag
	tellsAll bool           // all values of a cell's last expression are its result, also errors
}

func newEngine(opts Options, rr *runner, t *texts) *engine {
	// Several interpreters have to be alive at once, one for each program that is still in use.
	ctx := ixgo.NewContext(ixgo.SupportMultipleInterp | raceMode)
	s := newScope()
	b := newBuilder(ctx, s)
	register(b.native.externals(ctx))
	p := &packages{ctx: ctx, scope: s, builder: b, runner: rr, texts: t, dir: opts.Dir, got: opts.Got, checks: !opts.NoInterrupt, initialized: map[string]bool{}, read: map[string]string{}, failed: map[string]error{}}
	b.packages = p
	return &engine{fset: ctx.FileSet, scope: s, packages: p, builder: b, runner: rr, texts: t,
		context: types.NewContext(), checks: !opts.NoInterrupt, tellsAll: opts.PrintValues}
}

// compile finds the meaning of the Go code of a cell.
//
// Each step rests on the one before: names are made unique within the cell before it is
// rewritten, the rewriting puts checks into the syntax before dropUnchanged compares texts, which
// are the user's, and the checker gets what is left.
func (e *engine) compile(file, code string) (*checked, []string, error) {
	p, err := e.parse(file, code)
	if err != nil {
		return nil, nil, err
	}
	p.repeatedNames()
	if err := e.prepareCell(file, p); err != nil {
		return nil, nil, err
	}
	e.scope.dropUnchanged(p)
	return e.check(file, p)
}

// prepareCell rewrites the syntax of a cell for the interpreter.
//
// Top-level statements get what functions do not: their defer and return belong to the cell, and
// checks between them.
func (e *engine) prepareCell(file string, p *parsed) error {
	user := p.names()
	for _, it := range p.items {
		defersAtEnd(it.stmts)
		if err := returnsEnd(it.stmts); err != nil {
			return err
		}
		it.each(func(n ast.Node) { e.prepare(n, user) })
		if e.checks {
			it.stmts = checkList(it.stmts)
		}
	}
	return nil
}

// prepare rewrites one declaration, statement or expression of a cell that declares the names of
// user for the interpreter.
//
// The rewriting itself uses names such as len, which mean Go's own only where nothing hides them:
// a name of Go's that the cell, an earlier cell or the syntax itself declares is not relied on.
func (e *engine) prepare(n ast.Node, user map[string]bool) {
	hides := declares(n)
	for _, names := range []iter.Seq[string]{maps.Keys(user), maps.Keys(e.scope.names)} {
		for name := range names {
			if types.Universe.Lookup(name) != nil {
				if hides == nil {
					hides = map[string]bool{}
				}
				hides[name] = true
			}
		}
	}
	instrument(n, e.checks, hides)
}

// tellStale warns of what a cell uses that could not be compiled with what its names mean now.
func (e *engine) tellStale(o outline, c *checked) {
	var warnings []string
	for _, d := range o.decls {
		if d.stale != "" && c.stale[d.name] == "" && e.scope.names[d.name] == d.obj {
			warnings = append(warnings, staleWarning(d.name, d.stale))
		}
	}
	for _, w := range slices.Sorted(slices.Values(warnings)) {
		printTo(1, []byte("warning: "+w+"\n"))
	}
}

// runChecked compiles and runs a cell and, as far as it came, makes its names those of the session.
//
// The order is one of dependencies: objects of variables are made unique before anything refers
// to them in a program; declarations are entered before their needs are followed; types exist
// before memory of them is allocated; memory exists before ixgo learns where it is. Names are
// committed last before the run and taken back after it where it failed. An error before the
// commit leaves all names as they were; what was entered by then is dropped by the next sweep.
func (e *engine) runChecked(ctx context.Context, r *run, c *checked) error {
	u := c.unit
	e.scope.uniqueVars(u)
	decls := e.scope.declare(u, []*ast.File{c.file}, c.sources)
	for _, d := range decls {
		if d.kind == token.TYPE {
			d.unfits = c.unfit[d.name]
		}
	}
	whole := &decl{unit: u, kind: token.FUNC} // statements and initializers
	e.scope.scan(whole, c.file)
	o := e.builder.outlineOf(append([]*decl{whole}, decls...), u)
	e.tellStale(o, c)
	e.builder.table.begin()
	if err := e.builder.allocate(u, c.migrated); err != nil {
		return err
	}
	e.builder.table.memory = e.builder.memoryOf(decls, o)
	u.pkg.SetImports(nil)
	prog, err := e.builder.buildProgram(u, []*ast.File{c.file}, o)
	if err != nil {
		return err
	}
	undo := e.scope.commit(c)
	err = e.runner.execute(ctx, r, e.builder.loader(prog, o.files(r.file)), c.main)
	if err != nil || r.returned {
		e.scope.rollBack(r, c, undo)
	}
	return err
}
