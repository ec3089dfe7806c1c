package eval

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	_ "dtnotes/kernel/eval/internal/slots" // room for methods of interpreted types

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/types/typeutil"
)

// Options says how a session is to be; the zero value is a session as a notebook wants it.
type Options struct {
	// Dir is the folder from which packages of a local module are imported; the current folder if empty.
	Dir string
	// CellName names a cell in errors and stacks; "cell[3]" for the third if nil.
	CellName func(number int) string
	// NoInterrupt leaves out the checks that make loops and calls interruptible.
	NoInterrupt bool
	// PrintValues has the values of results come with their text, as fmt prints it.
	PrintValues bool
}

// A Session evaluates cells; it implements cell.Evaluator. A cell is compiled while no other is, and
// runs beside others. All sessions of a process share its os.Stdout and os.Stderr, which a session
// redirects while it is open, so that only one of them should run cells at a time.
type Session struct {
	dir    string
	checks bool
	name   func(number int) string
	ctx    *ixgo.Context
	fset   *token.FileSet
	sizes  types.Sizes
	table  *typeTable
	flags  flags
	stacks stackWatch

	idle       atomic.Bool  // no cell runs
	generation atomic.Int64 // goes up with reset: what is older is to end

	typesContext *types.Context
	scope        map[string]types.Object // what a name means now
	imports      map[string]string       // import names to paths
	decls        map[types.Object]*decl
	sources      map[*types.Package]*unit  // packages from source
	programVar   map[*types.Var]*types.Var // checked variable -> its object in programs
	checkedVar   map[*types.Var]*types.Var // and back
	earlierFunc  map[*types.Func]*types.Func
	vars         int
	lifted       map[string]string // unnamed interface -> hidden name
	initialized  map[string]bool   // packages from source

	dynamic        typeutil.Map            // types whose values may be behind interfaces
	behind         map[string][]types.Type // the same by method name
	unnamedMethods map[string]bool         // methods of unnamed struct types behind interfaces
	lateFuncs      typeutil.Map            // interface type -> map[string]*types.Func
	lateNames      []string
	methodCache    sync.Map // methodKey -> reflect.Value

	cells       int
	current     *run // the cell being compiled, or compiled last
	currentCtx  context.Context
	running     []*run
	printValues bool

	mu      sync.Mutex // held but while a cell runs: completion looks at all of the above
	closing sync.Once
	textMu  sync.Mutex
	texts   map[string]string // cell name -> source

	sourceDirs map[string]bool // where packages from source are
}

var _ cell.Evaluator = (*Session)(nil)

// New begins a session.
func New(opts Options) (*Session, error) {
	if err := openConsole(); err != nil {
		return nil, err
	}
	if opts.CellName == nil {
		opts.CellName = func(n int) string { return fmt.Sprintf("cell[%d]", n) }
	}
	s := &Session{dir: opts.Dir, name: opts.CellName, checks: !opts.NoInterrupt, printValues: opts.PrintValues, sizes: platformSizes, texts: map[string]string{}, sourceDirs: map[string]bool{}}
	s.stacks.limit, s.stacks.frames = stackLimit, maxFrames
	s.reset()
	s.current, s.currentCtx = s.newRun("", cell.Cell{Out: discard{}}), context.Background()
	return s, nil
}

// discard is where what completion brings about would print to.
type discard struct{}

func (discard) Stream(name, text string)                         {}
func (discard) Display(b display.Bundle, id string, update bool) {}
func (discard) Clear(wait bool)                                  {}

// reset forgets everything, and ends the goroutines that cells have left behind.
func (s *Session) reset() {
	s.generation.Add(1)
	s.flags.retire()
	s.ctx = ixgo.NewContext(ixgo.SupportMultipleInterp | raceMode)
	s.fset = s.ctx.FileSet
	s.table = newTypeTable(s, s.ctx.Loader)
	s.ctx.Loader = s.table
	register(s.ctx)
	s.typesContext = types.NewContext()
	s.scope = map[string]types.Object{}
	s.imports = map[string]string{}
	s.decls = map[types.Object]*decl{}
	s.sources = map[*types.Package]*unit{}
	s.programVar = map[*types.Var]*types.Var{}
	s.checkedVar = map[*types.Var]*types.Var{}
	s.earlierFunc = map[*types.Func]*types.Func{}
	s.lifted = map[string]string{}
	s.initialized = map[string]bool{}
	s.behind = map[string][]types.Type{}
	s.unnamedMethods = map[string]bool{}
	s.dynamic, s.lateFuncs = typeutil.Map{}, typeutil.Map{}
	s.methodCache.Clear()
	removeLateFuncs(s.lateNames)
	s.lateNames = nil
}

// Close implements cell.Evaluator.
func (s *Session) Close() error {
	s.closing.Do(func() {
		s.generation.Add(1)
		s.flags.retire()
		s.stacks.close()
		removeLateFuncs(s.lateNames)
		s.lateNames = nil
		closeConsole()
	})
	return nil
}

// Eval implements cell.Evaluator.
func (s *Session) Eval(ctx context.Context, c cell.Cell) (res cell.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cells++
	if c.Number == 0 {
		c.Number = s.cells
	}
	file := s.name(c.Number)
	s.textMu.Lock()
	s.texts[file] = c.Code
	s.textMu.Unlock()
	r := s.begin(ctx, file, c)
	s.idle.Store(false)
	defer func() { s.end(r) }()
	defer func() {
		if x := recover(); x != nil {
			res = failure("internal error", fmt.Sprintf("internal error: %v", x))
		}
	}()
	if s.asksExit(c.Code) {
		return cell.Result{Exit: true}
	}
	for _, seg := range segments(c.Code) {
		s.current, s.currentCtx = r, ctx
		if ctx.Err() != nil {
			return cell.Result{Err: s.runError(interrupted())}
		}
		r.shown, r.bundle, r.printed = nil, display.Bundle{}, nil
		if seg.magic != "" {
			res = s.command(ctx, r, seg)
		} else {
			res = s.goCode(ctx, r, seg.code)
		}
		if res.Err != nil {
			return res
		}
		if r.halted() { // by %reset, which ends the goroutines of what stands above it
			s.end(r)
			r = s.begin(ctx, file, c)
		}
	}
	if s.cells%sweepEvery == 0 && len(s.running) == 1 {
		s.sweep()
	}
	return res
}

// begin makes the run of a cell the current one.
func (s *Session) begin(ctx context.Context, file string, c cell.Cell) *run {
	r := s.newRun(file, c)
	r.ctx = ctx
	r.own, r.release = context.WithCancel(ctx)
	setLatest(r)
	s.current, s.currentCtx = r, ctx
	s.running = append(s.running, r)
	return r
}

// end is the end of a run. What nobody's goroutine prints belongs to a cell that still runs, if any.
func (s *Session) end(r *run) {
	flushConsole()
	r.release()
	s.running = slices.DeleteFunc(s.running, func(x *run) bool { return x == r })
	if n := len(s.running); n > 0 {
		setLatest(s.running[n-1])
		return
	}
	s.idle.Store(true)
	stdin.forget()
}

func (s *Session) newRun(file string, c cell.Cell) *run {
	return &run{session: s, file: file, out: c.Out, input: c.Input, birth: s.generation.Load(), deep: make(chan struct{}, 1)}
}

// goCode runs the Go code of a cell.
func (s *Session) goCode(ctx context.Context, r *run, code string) cell.Result {
	p, err := s.parse(r.file, code)
	if err != nil {
		return cell.Result{Err: s.compileError(err)}
	}
	p.repeatedNames()
	s.prepareCell(r.file, p)
	s.dropUnchanged(p)
	c, warnings, err := s.check(r.file, p)
	if err != nil {
		return cell.Result{Err: s.compileError(err)}
	}
	for _, w := range warnings {
		printTo(1, []byte("warning: "+w+"\n"))
	}
	r.sightings, r.lost, r.watchShown = c.sightings, nil, 0
	err = s.runChecked(ctx, r, c)
	r.lookAtShown()
	switch {
	case err != nil && r.lost != nil && !r.halted():
		return cell.Result{Err: s.lostFailure(r.lost, s.runError(err))}
	case err != nil:
		return cell.Result{Err: s.runError(err)}
	case r.lost != nil:
		return cell.Result{Err: s.lostFailure(r.lost, nil)}
	}
	res := cell.Result{Bundle: r.bundle}
	for i, v := range r.shown {
		value := cell.Value{V: v, Type: fmt.Sprintf("%T", v)}
		if i < len(r.printed) {
			value.Text = r.printed[i]
		}
		res.Values = append(res.Values, value)
	}
	return res
}

// prepareCell rewrites the syntax of a cell for the interpreter.
func (s *Session) prepareCell(file string, p *parsed) {
	hidden := map[string]*ast.InterfaceType{}
	for _, it := range p.items {
		it.each(func(n ast.Node) { maps.Copy(hidden, s.prepare(n)) })
		if s.checks {
			it.stmts = checkList(it.stmts)
		}
	}
	var lifted []*item
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		spec := &ast.TypeSpec{Name: ident(name), Type: hidden[name]}
		src := snippet{file, 1, 1, "type " + name + " " + types.ExprString(hidden[name])}
		lifted = append(lifted, &item{kind: declItem, src: src, names: []string{name},
			decls: []ast.Decl{&ast.GenDecl{Tok: token.TYPE, Specs: []ast.Spec{spec}}}})
	}
	p.items = append(lifted, p.items...)
}

// prepare rewrites one declaration, statement or expression for the interpreter.
func (s *Session) prepare(n ast.Node) map[string]*ast.InterfaceType {
	hidden := s.liftInterfaces(n)
	if s.scope["print"] == nil && s.scope["println"] == nil {
		builtinPrints(n)
	}
	if s.scope["recover"] == nil {
		recoverInGoWords(n)
	}
	instrument(n, s.checks)
	return hidden
}

// dropUnchanged removes the type declarations, with their methods, that an earlier cell already
// made with the same text: running a cell again keeps the identity of its types.
func (s *Session) dropUnchanged(p *parsed) {
	methods := map[string]map[string]string{}
	declares := map[string]bool{}
	for _, it := range p.items {
		for _, d := range it.decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				r := receiverName(f)
				if methods[r] == nil {
					methods[r] = map[string]string{}
				}
				methods[r][f.Name.Name] = it.src.text
			}
		}
		for _, n := range it.names {
			declares[n] = true
		}
	}
	same := map[string]*decl{}
	for _, it := range p.items {
		if name := onlyType(it); name != "" {
			if d := s.typeDecl(name); d != nil && d.src.text == it.src.text && d.hasMethods(methods[name]) {
				same[name] = d
			}
		}
	}
	for changed := len(same) > 0; changed; {
		changed = false
		for name, d := range same {
			if s.usesChanged(d, same, declares) {
				delete(same, name)
				changed = true
			}
		}
	}
	p.items = slices.DeleteFunc(p.items, func(it *item) bool {
		if len(it.decls) != 1 {
			return false
		}
		if f, ok := it.decls[0].(*ast.FuncDecl); ok && f.Recv != nil {
			return same[receiverName(f)] != nil
		}
		return same[onlyType(it)] != nil
	})
}

// onlyType is the name that an item declares if it is one type.
func onlyType(it *item) string {
	if len(it.decls) == 1 && len(it.names) == 1 {
		if g, ok := it.decls[0].(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) == 1 {
			return it.names[0]
		}
	}
	return ""
}

func (d *decl) hasMethods(texts map[string]string) bool {
	if len(texts) != len(d.methods) {
		return false
	}
	for _, m := range d.methods {
		if texts[m.name] != m.src.text {
			return false
		}
	}
	return true
}

func (s *Session) usesChanged(d *decl, same map[string]*decl, declares map[string]bool) bool {
	for _, x := range d.all() {
		for o := range x.uses {
			if !isCell(o.Pkg()) || o.Parent() != o.Pkg().Scope() || same[o.Name()] != nil {
				continue
			}
			if declares[o.Name()] || s.scope[o.Name()] != o {
				return true
			}
		}
	}
	return false
}

// runChecked compiles and runs a cell and, as far as it came, makes its names those of the session.
func (s *Session) runChecked(ctx context.Context, r *run, c *checked) error {
	u := c.unit
	s.uniqueVars(u)
	decls := s.declare(u, []*ast.File{c.file}, c.sources)
	whole := &decl{unit: u, kind: token.FUNC} // statements and initializers
	s.scan(whole, c.file)
	o := s.outlineOf(append([]*decl{whole}, decls...), u)
	s.table.begin()
	if err := s.allocate(u, c.migrated); err != nil {
		return err
	}
	s.table.memory = s.memoryOf(decls, o)
	u.pkg.SetImports(nil)
	prog, err := s.buildProgram(u, []*ast.File{c.file}, o)
	if err != nil {
		return err
	}
	undo := s.commit(c)
	err = s.execute(ctx, r, prog, c.main)
	if err != nil {
		s.rollBack(r, c, undo)
	}
	return err
}

// commit gives the names of a cell their new meaning; it returns what they meant before.
func (s *Session) commit(c *checked) map[string]types.Object {
	for name, path := range c.imports {
		if name != "_" && name != "." {
			s.imports[name] = path
			if !c.declared[name] {
				delete(s.scope, name)
			}
		}
	}
	before := map[string]types.Object{}
	for name := range c.declared {
		if o := c.unit.pkg.Scope().Lookup(name); o != nil && o.Pkg() == c.unit.pkg {
			before[name] = s.scope[name]
			s.scope[name] = o
			delete(s.imports, name)
		}
	}
	return before
}

// rollBack takes back the variables that got no value because the cell failed before, and what
// uses them.
func (s *Session) rollBack(r *run, c *checked, before map[string]types.Object) {
	gone := map[types.Object]bool{}
	for _, it := range c.items {
		if it.kind == varItem && r.progress.Load() < it.mark {
			for _, n := range it.names {
				gone[s.scope[n]] = true
			}
		}
	}
	for changed := len(gone) > 0; changed; {
		changed = false
		for name := range before {
			if o := s.scope[name]; !gone[o] && s.decls[o] != nil && usesAny(s.decls[o], gone) {
				gone[o], changed = true, true
			}
		}
	}
	for name, old := range before {
		if !gone[s.scope[name]] {
			continue
		}
		if old != nil {
			s.scope[name] = old
		} else {
			delete(s.scope, name)
		}
	}
}

func usesAny(d *decl, objs map[types.Object]bool) bool {
	for _, x := range d.all() {
		for o := range x.uses {
			if objs[o] {
				return true
			}
		}
	}
	return false
}
