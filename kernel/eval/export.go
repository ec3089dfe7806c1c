package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/modules"
)

// An Export is what a program is made of.
type Export struct {
	Cells    []string
	Dir      string // in which the cells work
	Prologue string // the statements that main begins with; they use package display
	Got      *modules.Set
}

// Exported is a program made of cells.
type Exported struct {
	Source []byte
	Notes  []string     // what of the cells is left out or comes out differently
	Got    *modules.Set // the modules that it needs beside that of dtnotes; nil for none
	// Next is the program in which this one has to be made, since what the cells get is compiled in
	// there; nil if it is made.
	Next *modules.Program
}

// Make makes one Go program of the cells of a notebook, which imports the packages that the cells
// use and nothing of the interpreter: functions, types and variables of the cells become those of
// the program, and each cell a function that main calls. Messages about getting modules go to
// progress.
//
// Nothing of the cells is run, but what is imported from source is initialized, as its types are
// needed. An error names its cell; Notes are given with it, too. The source is gofmt's, or with
// an error what came of the attempt.
func (want Export) Make(ctx context.Context, progress io.Writer) (out Exported, err error) {
	s, err := New(Options{Dir: want.Dir, NoInterrupt: true, Got: want.Got})
	if err != nil {
		return out, err
	}
	defer s.Close()
	x := &exporter{s: s, e: s.engine, ctx: ctx, progress: progress, names: map[types.Object]string{}, taken: map[string]bool{"main": true, "init": true, "_": true},
		latest: map[string]string{}, typeOf: map[string]string{}, texts: map[string]string{}, refs: map[string][]*ast.Ident{}}
	// A cell may declare len for itself; cells above it mean Go's. In a program a package-level
	// len would be meant by both.
	// A name that a cell declares means something else before that cell.
	for _, name := range types.Universe.Names() {
		x.taken[name] = true
	}
	for i, code := range want.Cells {
		err := x.cell(i+1, code)
		if out.Notes = x.notes; err != nil {
			return out, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if out.Next = x.next; x.next != nil {
			return out, nil
		}
	}
	out.Source, err = x.program(want.Prologue)
	if err != nil {
		return out, err
	}
	out.Got, err = x.needed()
	return out, err
}

// needed are the modules that the program needs: those that the cells have got, and that of their
// folder.
func (x *exporter) needed() (*modules.Set, error) {
	ps := x.e.packages
	var local []string
	for _, path := range slices.Sorted(maps.Keys(x.refs)) {
		if p, ok := ps.got.Package(path); !compiledIn(path) && (!ok || p.Local()) {
			local = append(local, path)
		}
	}
	if len(local) == 0 {
		return ps.got, nil
	}
	set, err := modules.List(x.ctx, ps.dir, local...)
	if err != nil {
		return nil, err
	}
	return ps.got.And(set), nil
}

// resultName is the variable that keeps the result of a cell until what it defers has run.
const resultName = "result_"

// exporter collects the program. It checks the cells one after the other in a session that runs
// none, and writes down their syntax with other names: x of two cells that are two variables
// become x and x2. The types of each check say which x an identifier is.
type exporter struct {
	s        *Session
	e        *engine
	ctx      context.Context
	progress io.Writer
	next     *modules.Program
	names    map[types.Object]string // what a name of a cell is called in the program
	taken    map[string]bool         // names that the program declares
	latest   map[string]string       // name in cells -> name in the program, as of the current cell
	typeOf   map[string]string       // name in the program -> type of the variable
	texts    map[string]string       // name in the program -> declaration

	refs   map[string][]*ast.Ident // idents that stand for a package, by path
	decls  []ast.Decl
	main   []ast.Stmt
	notes  []string
	number int // of the cell

	deferred bool               // the current cell has defer statements at its top level
	unused   map[token.Pos]bool // variables of functions in the current cell that nothing uses
}

// cell takes one cell into the program.
func (x *exporter) cell(number int, code string) error {
	s := x.s
	s.mu.Lock()
	defer s.mu.Unlock()
	x.number = number
	file := s.opts.CellName(number)
	s.texts.add(file, code)
	s.runner.resume(s.runner.newRun(file, cell.Cell{Out: discard{}}))
	s.runner.current.ctx = x.ctx
	var body []ast.Stmt
	for _, seg := range together(segments(code, x.e.knows)) {
		if seg.isGet() {
			if err := x.get(seg.arguments()); err != nil || x.next != nil {
				return err
			}
			continue
		}
		// A cell that is timed in the notebook runs without the clock in the program.
		if word, rest, _ := strings.Cut(strings.TrimLeft(seg.magic, "%"), " "); seg.magic != "" && seg.magic[0] == '%' && word == "time" {
			if seg.magic = ""; strings.TrimSpace(seg.code) == "" {
				seg.code = rest
			}
		}
		if text, ok, err := inGo(code, seg.magic, seg.code); err != nil {
			return err
		} else if ok {
			seg = segment{code: text}
		}
		if seg.magic != "" {
			x.notes = append(x.notes, fmt.Sprintf("cell %d: %q is for the notebook alone and left out", number, seg.magic))
			continue
		}
		stmts, err := x.segment(file, seg.code)
		if err != nil || x.next != nil {
			return err
		}
		body = append(body, stmts...)
	}
	if len(body) == 0 {
		return nil
	}
	name := x.fresh("cell" + strconv.Itoa(number))
	x.decls = append(x.decls, &ast.FuncDecl{Name: ident(name), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: body}})
	x.main = append(x.main, &ast.ExprStmt{X: &ast.CallExpr{Fun: ident(name)}})
	return nil
}

// get gets modules as a cell does.
func (x *exporter) get(arg string) error {
	requests, err := modules.Parse(arg)
	if err != nil {
		return fmt.Errorf("%%get: %w", err)
	}
	g := &getter{ps: x.e.packages, out: x.progress, restarts: true, unlocked: func(f func()) { f() }}
	x.next, err = g.get(x.ctx, requests)
	return err
}

// bring gets packages as a cell that imports them does.
func (x *exporter) bring(err error) (again bool, _ error) {
	missing, ok := errors.AsType[*sourceError](err)
	if !ok || len(missing.ungotten) == 0 {
		return false, nil
	}
	return true, x.get(strings.Join(missing.ungotten, " "))
}

// fresh is a name that nothing in the program has.
//
// A name that cells have hidden behind underscores becomes one that Go's users write.
func (x *exporter) fresh(name string) string {
	name = strings.TrimLeft(name, "_")
	out := name
	for n := 2; x.taken[out] || token.IsKeyword(out); n++ {
		out = name + strconv.Itoa(n)
	}
	x.taken[out] = true
	return out
}

// segment takes Go code into the program and returns the statements that run there.
//
// The checks that make code interruptible are left out by the session's options, and so is all
// else that compile adds for the interpreter; what watches errors is in the syntax, and unwatch
// writes it anew.
func (x *exporter) segment(file, code string) ([]ast.Stmt, error) {
	e := x.e
	p, err := e.parse(file, code)
	if err != nil {
		return nil, errors.New(e.compileError(err).Message)
	}
	p.repeatedNames()
	e.scope.dropUnchanged(p)
	c, _, err := e.check(file, p)
	if again, failed := x.bring(err); failed != nil || x.next != nil {
		return nil, failed
	} else if again {
		c, _, err = e.check(file, p)
	}
	if err != nil {
		return nil, errors.New(e.compileError(err).Message)
	}
	x.declare(c)
	x.unused = c.unused
	u := c.unit
	var lead []ast.Stmt // imports for their effect leave nothing
	for name, path := range c.imports {
		if name == "_" {
			x.refs[path] = append(x.refs[path], ident("_"))
		}
	}
	for _, d := range c.file.Decls {
		x.topLevel(c, d)
	}
	// What a cell defers runs before its result is shown.
	x.deferred = slices.ContainsFunc(c.items, func(it *item) bool { return it.kind == deferItem })
	if x.deferred {
		show := &ast.CallExpr{Fun: x.display("Result"), Args: []ast.Expr{ident(resultName)}, Ellipsis: 1}
		lead = append(lead,
			&ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{
				Names: []*ast.Ident{ident(resultName)}, Type: &ast.ArrayType{Elt: ident("any")}}}}},
			&ast.DeferStmt{Call: &ast.CallExpr{Fun: funcLit(nil, &ast.ExprStmt{X: show})}})
	}
	for _, it := range c.items {
		stmts, err := x.item(u, it)
		if err != nil {
			return nil, err
		}
		lead = append(lead, stmts...)
	}
	e.scope.uniqueVars(u)
	e.scope.declare(u, []*ast.File{c.file}, c.sources)
	e.scope.commit(c)
	if c.main {
		lead = append(lead, &ast.ExprStmt{X: &ast.CallExpr{Fun: ident(x.latest["main"])}})
	}
	return lead, nil
}

// declare names what a cell declares. A variable that is declared again with its type, and a
// function or type with its text, stays what it is.
//
// A variable may be declared again in a later cell with the type it has: in the program that is
// one variable with another value, so functions of earlier cells see it, as they do in the
// session.
func (x *exporter) declare(c *checked) {
	u := c.unit
	for _, name := range u.pkg.Scope().Names() {
		o := u.pkg.Scope().Lookup(name)
		if o.Pkg() != u.pkg || strings.HasPrefix(name, keepPrefix) {
			continue
		}
		had := x.latest[name]
		switch o.(type) {
		case *types.Var:
			t := types.TypeString(o.Type(), nil)
			if c.migrated[name] && had != "" || had != "" && x.typeOf[had] == t && !x.mentionsNew(o.Type(), u.pkg) {
				x.names[o] = had
				continue
			}
			out := x.fresh(name)
			x.names[o], x.latest[name], x.typeOf[out] = out, out, t
		default:
			if tn, ok := o.(*types.TypeName); ok && had != "" && x.extends(c, tn) {
				x.names[o] = had // it only gets more methods
				if addsMethods(c, name) {
					x.notes = append(x.notes, fmt.Sprintf("cell %d: type %s has the methods of this cell from the start, also for values behind interfaces", x.number, name))
				}
				continue
			}
			out := x.fresh(name)
			x.names[o], x.latest[name] = out, out
			if _, isType := o.(*types.TypeName); isType && had != "" && name[0] != '_' {
				x.notes = append(x.notes, fmt.Sprintf("cell %d: type %s, which has been declared before, is called %s, also where a value tells its type", x.number, name, out))
			}
		}
	}
}

// mentionsNew reports whether a type is built of a type that this cell declares and the program
// does not have yet.
func (x *exporter) mentionsNew(t types.Type, pkg *types.Package) bool {
	return walkType(t, func(t types.Type) bool {
		n, ok := t.(*types.Named)
		return ok && n.Obj().Pkg() == pkg && x.texts[x.latest[n.Obj().Name()]] == ""
	})
}

// extends reports whether a type is there again only for more methods, which a later cell
// declares.
func (x *exporter) extends(c *checked, o *types.TypeName) bool {
	return c.redone[o.Name()] && !slices.ContainsFunc(c.items, func(it *item) bool { return slices.Contains(it.names, o.Name()) })
}

// addsMethods reports whether a cell declares methods of the type.
func addsMethods(c *checked, name string) bool {
	return slices.ContainsFunc(c.items, func(it *item) bool {
		return slices.ContainsFunc(it.decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && f.Recv != nil && receiverName(f) == name
		})
	})
}

// topLevel takes a declaration of a function, type or constants into the program.
//
// A function that the checker emitted again, because it depends on what changed, is a function of
// its own in the program, with the name that declare found for it.
func (x *exporter) topLevel(c *checked, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if strings.HasPrefix(d.Name.Name, keepPrefix) {
			return
		}
		var key string
		if d.Recv == nil {
			key = x.goName(c.unit.info, d.Name)
		} else {
			key = x.latest[receiverName(d)] + "." + d.Name.Name
		}
		text := c.sources[d].text
		if x.texts[key] != "" { // a method again: the last one counts
			if x.texts[key] == text {
				return
			}
			x.drop(key)
		}
		x.texts[key] = text
		x.rename(c.unit, d)
		x.decls = append(x.decls, d)
	case *ast.GenDecl:
		if d.Tok != token.TYPE && d.Tok != token.CONST {
			return
		}
		var specs []ast.Spec
		for _, spec := range d.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				name := x.goName(c.unit.info, t.Name)
				if x.texts[name] != "" {
					continue
				}
				x.texts[name] = "type"
			}
			x.rename(c.unit, spec)
			specs = append(specs, spec)
		}
		if len(specs) > 0 {
			x.decls = append(x.decls, &ast.GenDecl{Tok: d.Tok, Lparen: d.Lparen, Specs: specs, Rparen: d.Rparen})
		}
	}
}

// drop takes a method out of the program that a later cell replaces.
func (x *exporter) drop(key string) {
	x.decls = slices.DeleteFunc(x.decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv != nil && receiverName(f)+"."+f.Name.Name == key
	})
}

// goName is the name in the program of what an ident of a cell stands for; empty for what is local.
func (x *exporter) goName(info *types.Info, id *ast.Ident) string {
	if name, ok := strings.CutPrefix(id.Name, earlierPrefix); ok {
		return x.names[x.e.scope.names[name]]
	}
	o := objectOf(info, id)
	if o == nil {
		return ""
	}
	if f, ok := o.(*types.Func); ok {
		o = f.Origin()
	}
	return x.names[o]
}

// rename writes the names of the program into a piece of a cell, and notes where packages stand.
//
// It changes the syntax in place, after which the type information, which is by identifier, still
// holds. The name of a selector is a member's and stays. Identifiers for packages are only
// collected: which name a package has in the program is known when all names are taken.
func (x *exporter) rename(u *unit, root ast.Node) {
	info := u.info
	keyComposites(root, info) // go vet asks for it
	x.useAll(root)
	astutil.Apply(root, func(cur *astutil.Cursor) bool {
		id, ok := cur.Node().(*ast.Ident)
		if !ok {
			return true
		}
		if sel, ok := cur.Parent().(*ast.SelectorExpr); ok && sel.Sel == id {
			return true
		}
		switch o := objectOf(info, id).(type) {
		case *types.PkgName:
			x.refs[o.Imported().Path()] = append(x.refs[o.Imported().Path()], id)
		case *types.Func: // of a package, without its name
			if o.Pkg() != nil && !isCell(o.Pkg()) && o.Signature().Recv() == nil {
				q := ident(o.Pkg().Name())
				x.refs[o.Pkg().Path()] = append(x.refs[o.Pkg().Path()], q)
				cur.Replace(&ast.SelectorExpr{X: q, Sel: ident(o.Name())})
				return false
			}
		}
		if name := x.goName(info, id); name != "" {
			id.Name = name
		}
		return true
	}, nil)
}

// useAll adds _ = v for the variables that nothing uses, which Go asks for and a cell does not.
//
// Such a statement goes right behind the declaration, or to the beginning of the body for what a
// loop or an if declares.
func (x *exporter) useAll(root ast.Node) {
	use := func(id *ast.Ident) ast.Stmt {
		return &ast.AssignStmt{Lhs: []ast.Expr{ident("_")}, Tok: token.ASSIGN, Rhs: []ast.Expr{ident(id.Name)}}
	}
	defined := func(st ast.Stmt) (ids []*ast.Ident) {
		var all []ast.Expr
		switch st := st.(type) {
		case *ast.AssignStmt:
			all = st.Lhs
		case *ast.RangeStmt:
			all = []ast.Expr{st.Key, st.Value}
		case *ast.DeclStmt:
			for _, spec := range st.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, n := range v.Names {
						all = append(all, n)
					}
				}
			}
		}
		for _, e := range all {
			if id, ok := e.(*ast.Ident); ok && x.unused[id.Pos()] {
				ids = append(ids, id)
			}
		}
		return ids
	}
	astutil.Apply(root, func(cur *astutil.Cursor) bool {
		st, ok := cur.Node().(ast.Stmt)
		if !ok {
			return true
		}
		var body *ast.BlockStmt
		ids := defined(st)
		switch st := st.(type) {
		case *ast.RangeStmt:
			body = st.Body
		case *ast.IfStmt:
			ids, body = defined(st.Init), st.Body
		case *ast.ForStmt:
			ids, body = defined(st.Init), st.Body
		}
		for _, id := range ids {
			if body != nil {
				prepend(body, use(id))
			} else if cur.Index() >= 0 {
				cur.InsertAfter(use(id))
			}
		}
		return true
	}, nil)
}

// item gives the statements of one item.
func (x *exporter) item(u *unit, it *item) ([]ast.Stmt, error) {
	names := map[int]string{}
	for i, n := range it.watchedNames {
		names[i] = n
	}
	var out []ast.Stmt
	switch it.kind {
	case varItem:
		for _, d := range it.decls {
			for _, spec := range d.(*ast.GenDecl).Specs {
				stmts, err := x.variables(u, spec.(*ast.ValueSpec))
				if err != nil {
					return nil, err
				}
				out = append(out, stmts...)
			}
		}
	case stmtItem, deferItem:
		for _, st := range it.stmts {
			x.unwatch(st)
			x.rename(u, st)
			out = append(out, st)
		}
	case valueItem:
		x.rename(u, it.expr)
		return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{ident("_")}, Tok: token.ASSIGN, Rhs: []ast.Expr{it.expr}}}, nil
	case showItem:
		tv := u.info.Types[it.expr]
		x.rename(u, it.expr)
		values := []ast.Expr{it.expr}
		for i := range it.rest {
			x.rename(u, it.rest[i])
		}
		values = append(values, it.rest...)
		if tuple, ok := tv.Type.(*types.Tuple); tv.IsVoid() || ok && tuple.Len() == 0 {
			return []ast.Stmt{&ast.ExprStmt{X: it.expr}}, nil
		}
		if x.deferred {
			call := &ast.CallExpr{Fun: x.display("Values"), Args: values}
			return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{ident(resultName)}, Tok: token.ASSIGN, Rhs: []ast.Expr{call}}}, nil
		}
		fun := "Result"
		if len(it.watched) > 0 {
			fun = "ResultOrExit"
		}
		return []ast.Stmt{&ast.ExprStmt{X: &ast.CallExpr{Fun: x.display(fun), Args: values}}}, nil
	}
	// Where the session would fail the cell, the program ends with the error.
	for _, n := range it.watchedNames {
		name := x.latest[n]
		if o := u.pkg.Scope().Lookup(n); o != nil && x.names[o] != "" {
			name = x.names[o]
		}
		out = append(out, &ast.ExprStmt{X: &ast.CallExpr{Fun: x.display("ExitIf"), Args: []ast.Expr{ident(name)}}})
	}
	return out, nil
}

// unwatch makes what looks at the error of a call in a session into what does in a program.
func (x *exporter) unwatch(st ast.Stmt) {
	ast.Inspect(st, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && isIdent(sel.X, rtName) && sel.Sel.Name == "Lost" {
				call.Fun = x.display("ExitIf")
				call.Args = []ast.Expr{call.Args[1].(*ast.UnaryExpr).X}
			}
		}
		return true
	})
}

const (
	displayPath  = "dtnotes/kernel/display"
	behaviorPath = "dtnotes/analysis/behavior"
	tracingPath  = "dtnotes/kernel/tracing"
)

// display refers to a function of package display, which programs of notebooks show things with.
func (x *exporter) display(fun string) ast.Expr { return x.nameOf(displayPath, fun) }

// nameOf refers to a name of a package, which the program then imports.
func (x *exporter) nameOf(path, name string) ast.Expr {
	q := ident("pkg")
	x.refs[path] = append(x.refs[path], q)
	return &ast.SelectorExpr{X: q, Sel: ident(name)}
}

// variables declares variables in the program and gives them their values in the cell.
//
// They are declared at the top level, since functions of all cells may use them, and assigned
// where the cell has them, in the order of the cell. A declaration without a value assigns zero
// only where the variable may have had another value before.
func (x *exporter) variables(u *unit, spec *ast.ValueSpec) ([]ast.Stmt, error) {
	var targets []ast.Expr
	for _, id := range spec.Names {
		name := "_"
		if id.Name != "_" {
			o := u.info.Defs[id]
			name = x.names[o]
			if x.texts[name] == "" {
				x.texts[name] = "var"
				t, err := x.typeExpr(o.Type())
				if err != nil {
					return nil, fmt.Errorf("variable %s: %w", id.Name, err)
				}
				x.decls = append(x.decls, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ident(name)}, Type: t}}})
			}
		}
		targets = append(targets, ident(name))
	}
	if len(spec.Values) == 0 {
		var out []ast.Stmt
		for i, id := range spec.Names {
			if t, err := x.typeExpr(u.info.Defs[id].Type()); err == nil && id.Name != "_" {
				zero := &ast.StarExpr{X: &ast.CallExpr{Fun: ident("new"), Args: []ast.Expr{t}}}
				if x.zeroed(id.Name) {
					out = append(out, &ast.AssignStmt{Lhs: targets[i : i+1], Tok: token.ASSIGN, Rhs: []ast.Expr{zero}})
				}
			}
		}
		return out, nil
	}
	for _, v := range spec.Values {
		x.rename(u, v)
	}
	return []ast.Stmt{&ast.AssignStmt{Lhs: targets, Tok: token.ASSIGN, Rhs: spec.Values}}, nil
}

// zeroed reports whether a variable has had a value before it is declared again.
func (x *exporter) zeroed(name string) bool {
	_, again := x.e.scope.names[name].(*types.Var)
	return again
}

// typeExpr writes a type as the program does.
//
// A variable of an inferred type needs that type written out, which is an error if the type is
// not exported by its package: x := pkg.New() may give such a one, and Go has no way to declare x
// without it.
func (x *exporter) typeExpr(t types.Type) (ast.Expr, error) {
	hidden := ""
	walkType(t, func(t types.Type) bool {
		if n, ok := t.(*types.Named); ok && n.Obj().Pkg() != nil && !isCell(n.Obj().Pkg()) && !n.Obj().Exported() {
			hidden = n.String()
		}
		return hidden != ""
	})
	if hidden != "" {
		return nil, fmt.Errorf("its type %s cannot be named outside its package", hidden)
	}
	paths := map[string]string{}
	text := types.TypeString(t, func(p *types.Package) string {
		if isCell(p) {
			return ""
		}
		alias := "__pkg" + strconv.Itoa(len(paths)) + "_"
		paths[alias] = p.Path()
		return alias
	})
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	local := map[string]bool{}
	walkType(t, func(t types.Type) bool {
		if n, ok := t.(*types.Named); ok && isCell(n.Obj().Pkg()) {
			local[n.Obj().Name()] = true
		}
		return false
	})
	ast.Inspect(expr, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if p := paths[id.Name]; p != "" {
				x.refs[p] = append(x.refs[p], id)
			} else if local[id.Name] && x.latest[id.Name] != "" {
				id.Name = x.latest[id.Name]
			}
		}
		return true
	})
	return expr, nil
}

// program prints everything. Only now do packages get their names, as all others are taken: a
// package whose name is also that of a variable gets another one, and every identifier that
// stands for it is set.
func (x *exporter) program(prologue string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("package main\n\nimport (\n")
	if prologue != "" {
		x.display("")
		if len(x.refs[behaviorPath]) > 0 { // a watch shows itself as in a cell
			screen := &ast.CallExpr{Fun: x.nameOf(behaviorPath, "SetScreen"), Args: []ast.Expr{x.nameOf(tracingPath, "ShowWatch")}}
			x.main = slices.Insert(x.main, 0, ast.Stmt(&ast.ExprStmt{X: screen}))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(x.refs)) {
		pkg, err := x.e.packages.ctx.Importer.Import(p)
		if err != nil {
			return nil, err
		}
		name := pkg.Name()
		if blank := x.refs[p][0].Name == "_"; blank && len(x.refs[p]) == 1 {
			name = "_"
		}
		for x.taken[name] && name != "_" {
			name += "pkg"
		}
		x.taken[name] = true
		for _, id := range x.refs[p] {
			id.Name = name
		}
		if name == path.Base(p) {
			name = ""
		}
		fmt.Fprintf(&b, "\t%s %q\n", name, p)
	}
	alias := "display"
	if ids := x.refs[displayPath]; len(ids) > 0 {
		alias = ids[0].Name
	}
	fmt.Fprintf(&b, ")\n\nfunc main() {\n%s", strings.ReplaceAll(prologue, "display.", alias+"."))
	for _, st := range x.main {
		printer.Fprint(&b, token.NewFileSet(), st)
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	for _, d := range x.decls {
		b.WriteByte('\n')
		if err := printer.Fprint(&b, x.e.fset, &printer.CommentedNode{Node: d}); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return b.Bytes(), fmt.Errorf("writing the program: %w", err)
	}
	return source, nil
}
