package eval

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"iter"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"dtnotes/kernel/eval/internal/inner"
)

const keepPrefix = "__keep_"

// checked is a cell that has passed the type checker, with everything that has to run with it. It
// is a proposal: nothing of the session has changed until runChecked takes it.
type checked struct {
	unit     *unit
	file     *ast.File
	sources  map[ast.Node]snippet // what can be checked again
	declared map[string]bool      // names that the cell gives a new meaning, dependents included
	migrated map[string]bool      // variables that keep their memory under an extended type
	redone   map[string]bool      // earlier functions and types that are compiled again
	imports  map[string]string
	items    []*item
	main     bool // func main is to be called

	sightings []sighting         // of errors
	stale     map[string]string  // dependents that keep their old meaning, and why
	unfit     map[string][]*decl // by type name, methods of earlier cells that no longer fit
	unused    map[token.Pos]bool // variables of functions that nothing uses
}

// checker checks one cell. Go has no notion of a program that grows, so the cell is presented to
// go/types as a whole package: its own code, the earlier declarations that mean something else
// because of it, written out again, and everything else that it names as objects that are already
// in the scope. What has to be done differently is found out by trying: each round of check
// builds that package anew.
//
// The fields below p say how it is to be built. They only grow from round to round (another
// dependent is skipped, another method left out, another name renamed), so the rounds come to an
// end.
type checker struct {
	e       *engine
	file    string
	p       *parsed
	imports map[string]string          // of this cell
	user    map[string]bool            // names that the cell declares
	methods map[string]map[string]bool // by type name
	extend  map[string]bool            // earlier types that get methods
	skip    map[string]string          // dependents that keep their old meaning, and why
	kept    map[string][]*decl         // by type name, methods of earlier cells that it keeps
	unfit   map[*decl]bool             // methods of earlier cells that do not fit
	bare    map[string]types.Object    // undeclared names that mean a function of a package
	asStmt  bool                       // the last expression has no value
	warn    []string

	sightings []sighting // of errors
}

// check finds the meaning of a cell.
//
// It returns the cell and the warnings to print, or an error that quotes the cell. It changes the
// syntax in p but nothing of the session, so that a cell that is refused leaves everything as it
// was.
func (e *engine) check(file string, p *parsed) (*checked, []string, error) {
	c := &checker{e: e, file: file, p: p, imports: map[string]string{},
		methods: map[string]map[string]bool{}, extend: map[string]bool{}, skip: map[string]string{},
		kept: map[string][]*decl{}, unfit: map[*decl]bool{}}
	if err := c.readImports(); err != nil {
		return nil, nil, err
	}
	c.user = p.names()
	for _, it := range p.items {
		for _, d := range it.decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				if r := receiverName(f); r != "" {
					if c.methods[r] == nil {
						c.methods[r] = map[string]bool{}
					}
					c.methods[r][f.Name.Name] = true
				}
			}
		}
	}
	// Methods for a type of an earlier cell: in Go they have to be in the package of the type, so
	// the type is declared again with them, as if the cell held its text.
	for r := range c.methods {
		if !c.user[r] && e.scope.typeDecl(r) != nil {
			c.extend[r] = true
		}
	}
	// A type that the cell declares anew keeps the methods that stand in cells of their own. Run
	// from the top, the notebook would declare them after it, so they have to be there after an
	// edit, too.
	for _, it := range p.items {
		for _, d := range it.decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				for _, spec := range g.Specs {
					name := spec.(*ast.TypeSpec).Name.Name
					c.kept[name] = e.scope.methodsBeside(name)
				}
			}
		}
	}
	for {
		// The order matters. useEarlier comes first, because what it renames changes what
		// everything else means, and errors about it would be the wrong ones. Only a cell without
		// errors is looked at for errors that it loses, since that needs the types of all calls.
		// Errors are taken for the user's own only when nothing is left to adapt.
		out, errs := c.once()
		switch { // none of these can be so forever
		case c.useEarlier(out):
		case len(errs) == 0 && c.sightings == nil && c.findLost(out.unit.info):
		case len(errs) > 0 && c.adapt(out, errs):
		case len(errs) > 0:
			return nil, nil, c.suggest(out, errs)
		default:
			out.sightings, out.stale, out.unfit = c.sightings, c.skip, c.leftOut(out)
			return out, c.warn, nil
		}
	}
}

// readImports loads what the cell imports, which for a package from source runs its
// initialization. It is done once and before all rounds: a round may be repeated, an
// initialization must not. All packages that could be had by getting them are named together, so
// that they are got at once.
func (c *checker) readImports() error {
	var missing *sourceError
	for _, spec := range c.p.imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return &sourceError{pos: spec.Pos(), msg: "invalid import path " + spec.Path.Value}
		}
		pkg, err := c.e.packages.importPackage(path)
		if err != nil {
			source := &sourceError{pos: spec.Pos(), msg: fmt.Sprintf("import %q: %v", path, err)}
			if _, ok := errors.AsType[*ungotten](err); !ok {
				return source
			}
			if missing == nil {
				missing = source
			}
			missing.ungotten = append(missing.ungotten, path)
			continue
		}
		name := pkg.Name()
		if spec.Name != nil {
			name = spec.Name.Name
		}
		c.imports[name] = path
	}
	if missing != nil {
		return missing
	}
	return nil
}

// checkErrors are all errors of one check.
type checkErrors []types.Error

func (e checkErrors) Error() string {
	var b []string
	for _, x := range e {
		b = append(b, x.Error())
	}
	return strings.Join(b, "\n")
}

func (e checkErrors) has(kind func(types.Error) bool) bool { return slices.ContainsFunc(e, kind) }

// undeclares reports whether the checker found that nothing declares id where it stands. The same
// name may be declared at another place.
func (e checkErrors) undeclares(id *ast.Ident) bool {
	return e.has(func(x types.Error) bool { return x.Pos == id.Pos() && inner.IsUndeclared(x) })
}

// adapt changes how the cell is presented to the checker if that may help, and reports whether it
// did.
//
// An error in the text of an earlier cell is not a mistake in this one. The function
//
//	func f() int { return g() }
//
// is right until a later cell declares func g() string. It is then left with the g that it was made
// for, and a warning says so. A method of another cell that does not fit the type declared anew, as
// one that reads a field that is gone, is left out in the same way.
func (c *checker) adapt(out *checked, errs checkErrors) bool {
	// The last line may be a call without a value, such as a call of a function that only prints.
	// The type checker is the first to know, and then the call is a statement and no result.
	if n := len(c.p.items); n > 0 && !c.asStmt && c.p.items[n-1].kind == showItem &&
		errs.has(inner.IsNoValue) {
		c.asStmt = true
		return true
	}
	again := false
	for _, e := range errs {
		pos := e.Fset.Position(e.Pos)
		for name, m := range c.earlierMethods(out) {
			if pos.Filename != c.file && m.covers(pos) {
				if c.unfit[m], again = true, true; !m.unfit {
					c.warn = append(c.warn, fmt.Sprintf("the method %s.%s does not fit and is left out until it does: %s", name, m.name, e.Msg))
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(out.redone)) {
			// A type that the cell itself extends has to be declared again, or there would be
			// nothing to have the methods; its errors are the cell's.
			if c.extend[name] || c.skip[name] != "" || pos.Filename == c.file {
				continue
			}
			if d := c.e.scope.decls[c.e.scope.names[name]]; d != nil && d.covers(pos) {
				c.skip[name], again = e.Msg, true
				c.warn = append(c.warn, staleWarning(name, e.Msg))
			}
		}
	}
	return again
}

func staleWarning(name, why string) string {
	return fmt.Sprintf("%s still uses the previous definitions: %s", name, why)
}

// covers reports whether a position lies in the text of a declaration or of one of its methods.
func (d *decl) covers(pos token.Position) bool {
	return slices.ContainsFunc(d.all(), func(x *decl) bool { return x.src.holds(pos) })
}

// earlierMethods are the methods of earlier cells that are declared again, each with its type's
// name, and that may be left out: those of types that the cell declares, and those that were left
// out before.
func (c *checker) earlierMethods(out *checked) iter.Seq2[string, *decl] {
	return func(yield func(string, *decl) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.kept)) {
			for _, m := range c.kept[name] {
				if !c.unfit[m] && !c.methods[name][m.name] && !yield(name, m) {
					return
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(out.redone)) {
			for _, m := range c.e.scope.decls[c.e.scope.names[name]].unfits {
				if !c.unfit[m] && !c.methods[name][m.name] && !yield(name, m) {
					return
				}
			}
		}
	}
}

// leftOut are the methods that were left out, by the names of their types.
func (c *checker) leftOut(out *checked) map[string][]*decl {
	left := map[string][]*decl{}
	for m := range c.unfit {
		if out.declared[m.recv] {
			left[m.recv] = append(left[m.recv], &decl{kind: m.kind, name: m.name, recv: m.recv, src: m.src, unfit: true})
		}
	}
	for _, methods := range left {
		slices.SortFunc(methods, func(a, b *decl) int { return strings.Compare(a.name, b.name) })
	}
	return left
}

// dependents finds the earlier functions and types that use a name which gets a new meaning, and
// the variables whose type gets more methods.
//
// This is a fixed point: a function that calls one that is compiled again has to be compiled
// again, too, or it would go on calling the old one. Which order the map gives does not matter
// for what comes out.
func (c *checker) dependents() (redo, migrate map[string]bool) {
	s := c.e.scope
	redo, migrate = maps.Clone(c.extend), map[string]bool{}
	if len(c.user)+len(redo)+len(c.imports) == 0 {
		return redo, migrate
	}
	for changed := true; changed; {
		changed = false
		extended := c.extendedTypes(redo)
		for name, obj := range s.names {
			d := s.decls[obj]
			if d == nil || c.user[name] || redo[name] || migrate[name] || c.skip[name] != "" {
				continue
			}
			// A variable of a type that only gets methods is declared again under the new type
			// and keeps its memory, as the layout is the same. A variable is never dependent on
			// functions: it has its value.
			switch d.kind {
			case token.VAR:
				if len(extended) > 0 && mentions(obj.Type(), extended) {
					migrate[name], changed = true, true
				}
			case token.FUNC, token.TYPE, token.CONST:
				if c.usesNew(d, redo, migrate) {
					redo[name], changed = true, true
				}
			}
		}
	}
	return redo, migrate
}

// usesNew reports whether d, or one of its methods, refers to a name that gets a new meaning.
// What it refers to has to be what the name means now: code that was left with an older meaning
// on purpose does not follow a newer one, unless it is marked as stale, in which case any change
// may be the one that mends it. A recursive function does not depend on itself.
func (c *checker) usesNew(d *decl, redo, migrate map[string]bool) bool {
	for _, x := range d.all() {
		for u := range x.uses {
			n := u.Name()
			if n != d.name && (c.user[n] || redo[n] || migrate[n] || c.imports[n] != "") && (c.e.scope.names[n] == u || d.stale != "") {
				return true
			}
		}
	}
	return false
}

// extendedTypes are the earlier types whose values stay valid under their new declaration: it only
// adds or replaces methods.
func (c *checker) extendedTypes(redo map[string]bool) map[*types.TypeName]bool {
	out := map[*types.TypeName]bool{}
	for n := range redo {
		tn, ok := c.e.scope.names[n].(*types.TypeName)
		if !ok || c.user[n] {
			continue
		}
		// A type built of another one that is declared by the cell, as type list []elem, has
		// another layout.
		same := true
		for u := range c.e.scope.decls[tn].uses {
			same = same && !(c.user[u.Name()] && c.e.scope.names[u.Name()] == u)
		}
		if same || c.extend[n] {
			out[tn] = true
		}
	}
	return out
}

// once builds the syntax of the cell with what has to be compiled again, and checks it. The order
// of the declarations is that of the cell's items, because initializers run in it; what is
// emitted again comes before them in the order of names, so that the same cells give the same
// program.
func (c *checker) once() (*checked, checkErrors) {
	redo, migrate := c.dependents()
	out := &checked{sources: map[ast.Node]snippet{}, declared: maps.Clone(c.user), redone: redo, migrated: migrate, imports: c.imports, items: c.p.items}
	var decls []ast.Decl
	imports := map[string]string{}
	emit := func(d ast.Decl, src snippet) {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, spec := range g.Specs {
				out.sources[spec] = src
			}
		}
		out.sources[d] = src
		decls = append(decls, d)
	}
	// Constants of one group are one declaration, which is emitted once however many of them are
	// redone.
	groups := map[snippet]bool{}
	for _, name := range slices.Sorted(maps.Keys(redo)) {
		out.declared[name] = true
		if d := c.e.scope.decls[c.e.scope.names[name]]; d.kind == token.CONST {
			if groups[d.src] {
				continue
			}
			groups[d.src] = true
		}
		c.emitAgain(name, redo, emit)
	}
	for _, name := range slices.Sorted(maps.Keys(migrate)) {
		out.declared[name] = true
		// Not through emit: without a source it is not taken for a declaration of this cell.
		decls = append(decls, c.redeclareVar(name, imports))
	}
	for name, m := range c.earlierMethods(out) {
		if !redo[name] {
			c.emitOne(m, redo, emit)
		}
	}
	for _, it := range c.p.items {
		for _, d := range it.decls {
			emit(d, it.src)
		}
		decls = append(decls, c.code(it, len(decls))...)
	}
	decls = append(decls, keepers(decls)...)
	names := identifiers(decls)
	c.chooseImports(names, out.declared, imports)
	out.file = &ast.File{Name: ident("main"), Decls: append(importDecls(imports), decls...)}
	out.main = c.p.program && c.user["main"]
	errs := c.typecheck(out, names, imports)
	// What the checker refuses for reasons of its own, and a small rewrite of the syntax mends.
	// Each sees the errors of the check before it, so that a cell that needs none of them is
	// checked once.
	for _, repair := range []func() bool{
		func() bool {
			found := c.plainIterators(out, imports)
			out.file.Decls = append(importDecls(imports), decls...)
			return found
		},
		func() bool { return c.useUnqualified(out.file, errs) },
		func() bool {
			return (errs.has(inner.IsUninstantiated) || errs.has(inner.IsNoValue)) && names[rtGenericName] && hoist(out.file)
		},
		func() bool { return errs.has(inner.IsUnexportedField) && keyComposites(out.file, out.unit.info) },
	} {
		if repair() {
			errs = c.typecheck(out, names, imports)
		}
	}
	rangeByPointer(out.file, out.unit.info)
	return out, errs
}

// useUnqualified gives the undeclared names that may stand without a package their meaning. It
// reports whether there are any.
//
// That is done on the error and not before, as a local variable or parameter may have the name.
func (c *checker) useUnqualified(f *ast.File, errs checkErrors) bool {
	if !errs.has(inner.IsUndeclared) {
		return false
	}
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || unqualified[id.Name] == "" || c.bare[id.Name] != nil {
			return true
		}
		if o := c.e.packages.unqualifiedFunc(id.Name); o != nil && errs.undeclares(id) {
			if c.bare == nil {
				c.bare = map[string]types.Object{}
			}
			c.bare[id.Name], found = o, true
		}
		return true
	})
	return found
}

const earlierPrefix = "__earlier_"

// useEarlier makes x := x + 1, and what stands above such a line, mean the x of an earlier cell.
// It reports whether anything has changed.
//
// A package of Go knows no order of lines: in x := x + 1 x would be the new one, which is a
// cycle, and in y := x; x := 2 y would be 2, as initializers run after what they depend on. In a
// cell lines follow each other, so what stands above a declaration, or in it, reads what the name
// meant before. The name is rewritten to one that no code can have, under which typecheck enters
// the earlier object. Declarations of functions are left alone: they run later, with what the
// names mean by then.
func (c *checker) useEarlier(out *checked) bool {
	later := map[types.Object]bool{} // variables declared by the items from here on
	found := false
	// From the last item up, so that later holds exactly what is declared at or below the item at
	// hand.
	for _, it := range slices.Backward(c.p.items) {
		if it.kind == varItem {
			for _, n := range it.names {
				if o := out.unit.pkg.Scope().Lookup(n); o != nil && c.e.scope.names[n] != nil {
					later[o] = true
				}
			}
		}
		if len(later) == 0 || it.kind == declItem {
			continue
		}
		it.each(func(root ast.Node) {
			ast.Inspect(root, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && later[out.unit.info.Uses[id]] {
					id.Name = earlierPrefix + id.Name
					found = true
				}
				return true
			})
		})
	}
	return found
}

// emitAgain parses an earlier declaration, and the methods that the cell does not replace, again.
//
// The text is parsed anew each time. The syntax of the first time was rewritten since, and its
// types belong to another check.
func (c *checker) emitAgain(name string, redo map[string]bool, emit func(ast.Decl, snippet)) {
	d := c.e.scope.decls[c.e.scope.names[name]]
	for _, x := range append(d.all(), d.unfits...) {
		if x.recv == "" || !c.methods[name][x.name] && !c.unfit[x] {
			c.emitOne(x, redo, emit)
		}
	}
}

func (c *checker) emitOne(d *decl, redo map[string]bool, emit func(ast.Decl, snippet)) {
	f, err := c.e.parseFile(d.src, 0)
	if err != nil {
		return // it parsed before
	}
	// A chunk with several declarations, type ( A …; B … ), is cut down to the one that is
	// wanted.
	for _, again := range f.Decls {
		if again = c.only(again, d, redo); again != nil {
			c.e.prepare(again, c.user)
			emit(again, d.src)
		}
	}
}

// only cuts a parsed chunk down to the declaration d: type ( A …; B … ) declares several. A group
// of constants stays whole, for they may count; those that are not declared again lose their names.
func (c *checker) only(again ast.Decl, d *decl, redo map[string]bool) ast.Decl {
	switch again := again.(type) {
	case *ast.FuncDecl:
		if again.Name.Name == d.name && receiverName(again) == d.recv {
			return again
		}
	case *ast.GenDecl:
		if again.Tok == token.CONST && d.kind == token.CONST {
			for _, spec := range again.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					now := c.e.scope.decls[c.e.scope.names[id.Name]]
					if !redo[id.Name] || now == nil || now.src != d.src {
						id.Name = "_"
					}
				}
			}
			return again
		}
		for _, spec := range again.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == d.name && d.kind == token.TYPE {
				return &ast.GenDecl{Tok: token.TYPE, TokPos: again.TokPos, Specs: []ast.Spec{t}}
			}
		}
	}
	return nil
}

// redeclareVar declares a variable without a value; its memory is taken over.
func (c *checker) redeclareVar(name string, imports map[string]string) ast.Decl {
	expr, err := parser.ParseExpr(types.TypeString(c.e.scope.names[name].Type(), c.qualifier(imports)))
	if err != nil {
		expr = &ast.InterfaceType{Methods: &ast.FieldList{}}
	}
	return &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ident(name)}, Type: expr}}}
}

// qualifier names packages by imports that it adds. Nothing hides these, whatever the cell
// declares, as no code has such names.
func (c *checker) qualifier(imports map[string]string) types.Qualifier {
	return func(p *types.Package) string {
		if isCell(p) {
			return ""
		}
		for n := 1; ; n++ { // html/template and text/template have one name
			alias := "__i" + strconv.Itoa(n) + "_" + p.Name()
			if path, taken := imports[alias]; !taken || path == p.Path() {
				imports[alias] = p.Path()
				return alias
			}
		}
	}
}

// code gives the package-level declarations that run an item. They are variables without a name:
// Go runs initializers in the order in which they stand, after what they depend on.
//
// Each kind of item becomes one or two such variables, var _ = …. After an item that has run,
// Mark writes n, so that a cell that fails is known to have come so far: scope.rollBack takes
// back the variables that have no value by then.
func (c *checker) code(it *item, n int) []ast.Decl {
	mark := func() ast.Decl { return blank(rtCall("Mark", &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(n)})) }
	switch it.kind {
	case varItem:
		it.mark = int64(n)
		return append([]ast.Decl{mark()}, it.watches()...)
	case stmtItem:
		return append([]ast.Decl{blank(thunk(it.stmts...)), mark()}, it.watches()...)
	case valueItem:
		return []ast.Decl{blank(rtCall("Use", it.expr))}
	case showItem:
		if c.asStmt {
			return []ast.Decl{blank(thunk(&ast.ExprStmt{X: it.expr}))}
		}
		if len(it.watched) > 0 {
			n := &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(it.watched[0])}
			return []ast.Decl{blank(rtCall("ShowCall", n)), blank(rtCall("Show", it.expr))}
		}
		return []ast.Decl{blank(rtCall("Show", append([]ast.Expr{it.expr}, it.rest...)...))}
	case deferItem:
		return []ast.Decl{blank(thunk(it.stmts...))}
	}
	return nil
}

// watches look at the errors that an item has assigned and nothing else looks at.
func (it *item) watches() []ast.Decl {
	var out []ast.Decl
	for i, n := range it.watched {
		out = append(out, blank(lostCall(n, it.watchedNames[i])))
	}
	return out
}

// blank is: var _ = x.
func blank(x ast.Expr) ast.Decl {
	return &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ident("_")}, Values: []ast.Expr{x}}}}
}

// thunk is: func() __rt.Int { stmts; return 0 }().
//
// A statement cannot stand at the level of a package, and an initializer has to have a value.
func thunk(stmts ...ast.Stmt) ast.Expr {
	results := &ast.FieldList{List: []*ast.Field{{Type: rt("Int")}}}
	body := append(slices.Clip(stmts), &ast.ReturnStmt{Results: []ast.Expr{&ast.BasicLit{Kind: token.INT, Value: "0"}}})
	return &ast.CallExpr{Fun: funcLit(results, body...)}
}

// keepers make the interpreter compile all methods of the types that are declared here, so that
// compiled code can call them later: func __keep_T() { var __t *T; __rt.Keep(__t) }.
//
// The linker of Go keeps methods that reflection may reach; ixgo makes code only for what it sees
// used.
func keepers(decls []ast.Decl) []ast.Decl {
	has := map[string]bool{}
	for _, d := range decls {
		if f, ok := d.(*ast.FuncDecl); ok && !isGenericDecl(f) {
			has[receiverName(f)] = true
		}
	}
	var out []ast.Decl
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, spec := range g.Specs {
			if t := spec.(*ast.TypeSpec); has[t.Name.Name] && t.TypeParams == nil {
				out = append(out, keeper(keepPrefix+t.Name.Name, t.Name.Name))
			}
		}
	}
	return out
}

func keeper(name string, typeNames ...string) ast.Decl {
	var body []ast.Stmt
	for i, t := range typeNames {
		v := ident("__t" + strconv.Itoa(i))
		spec := &ast.ValueSpec{Names: []*ast.Ident{v}, Type: &ast.StarExpr{X: ident(t)}}
		body = append(body, &ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{spec}}}, &ast.ExprStmt{X: rtCall("Keep", ident(v.Name))})
	}
	return &ast.FuncDecl{Name: ident(name), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: body}}
}

// identifiers are all names that occur; true if the name occurs before a dot.
//
// These are more than the names that refer to something, since fields and local variables are
// among them. A name too many only brings an object or import into the scope that nothing uses.
func identifiers(decls []ast.Decl) map[string]bool {
	names := map[string]bool{}
	for _, d := range decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if !names[n.Name] {
					names[n.Name] = false
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					names[x.Name] = true
				}
			}
			return true
		})
	}
	return names
}

// chooseImports gives the cell those imports whose names occur: its own, those of earlier cells,
// and, where nothing else has the name, the packages that need no import.
//
// The order is that of Go's scopes: what the cell declares hides everything; an import of the
// cell hides one of an earlier cell, which hides the packages that need none. These count only
// before a dot, since a variable called path or time is more likely meant as one.
func (c *checker) chooseImports(names, declared map[string]bool, imports map[string]string) {
	for name, qualifies := range names {
		if declared[name] {
			continue
		}
		if path, ok := c.e.scope.imports[name]; ok {
			imports[name] = path
		} else if qualifies && c.e.scope.names[name] == nil {
			if path, ok := ambient()[name]; ok {
				imports[name] = path
			}
		}
	}
	for name, path := range c.imports {
		if _, occurs := names[name]; occurs || name == "_" || name == "." {
			imports[name] = path
		}
	}
	if _, ok := names[rtName]; ok {
		imports[rtName] = rtPath
	}
	if _, ok := names[rtGenericName]; ok {
		imports[rtGenericName] = rtGenericPath
	}
}

func importDecls(imports map[string]string) []ast.Decl {
	var out []ast.Decl
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		spec := &ast.ImportSpec{Name: ident(name), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(imports[name])}}
		out = append(out, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{spec}})
	}
	return out
}

// typecheck has go/types check the package that once has built. Earlier declarations come in as
// the very objects that they were when they were declared: their types are identical to
// themselves, so values pass from cell to cell without any conversion. All cells are one package
// by name, main, but each check has a package of its own, by which the objects of this cell are
// known from earlier ones.
//
// A variable or import that nothing uses is noted and is no error. Errors are put in the order of
// their positions, as go/types reports them in the order in which it looks things up.
func (c *checker) typecheck(out *checked, names map[string]bool, imports map[string]string) checkErrors {
	s := c.e.scope
	pkg := types.NewPackage("main", "main")
	for name := range names { // only what occurs: the scope of a session may be large
		if o := s.names[name]; o != nil && !out.declared[name] && imports[name] == "" {
			pkg.Scope().Insert(o)
		} else if strings.HasPrefix(name, earlierPrefix) {
			if o := s.earlier(name); o != nil {
				pkg.Scope().Insert(o)
			}
		}
	}
	for name, o := range c.bare {
		if !out.declared[name] && imports[name] == "" {
			pkg.Scope().Insert(o)
		}
	}
	var errs checkErrors
	unused := map[token.Pos]bool{}
	info := newInfo()
	conf := &types.Config{
		Importer:                 importer(c.e.packages.importPackage),
		Context:                  c.e.context,
		Sizes:                    platformSizes,
		DisableUnusedImportCheck: true,
		Error: func(err error) {
			e, ok := err.(types.Error)
			if ok && inner.IsUnused(e) {
				unused[e.Pos] = true
				return
			}
			errs = append(errs, e)
		},
	}
	types.NewChecker(conf, c.e.fset, pkg, info).Files([]*ast.File{out.file})
	sort.SliceStable(errs, func(i, j int) bool { return errs[i].Pos < errs[j].Pos })
	out.unit, out.unused = &unit{cell: true, pkg: pkg, info: info}, unused
	return errs
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// keyComposites makes T{x, y} into T{a: x, b: y}: for the former go/types wants unexported fields
// to be of the same package, and every cell is a package of its own to it.
func keyComposites(f ast.Node, info *types.Info) bool {
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || info.Types[lit].Type == nil {
			return true
		}
		t := info.Types[lit].Type.Underlying()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem().Underlying()
		}
		st, ok := t.(*types.Struct)
		if !ok || st.NumFields() != len(lit.Elts) {
			return true
		}
		for i, x := range lit.Elts {
			if _, keyed := x.(*ast.KeyValueExpr); !keyed {
				lit.Elts[i] = &ast.KeyValueExpr{Key: &ast.Ident{NamePos: x.Pos(), Name: st.Field(i).Name()}, Colon: x.Pos(), Value: x}
			}
		}
		return true
	})
	return true
}
