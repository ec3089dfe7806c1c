package eval

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"dtnotes/kernel/cell"
)

// An error that a cell gets and nobody looks at fails the cell when it has ended:
//
//   - the value of a variable of type error that a statement at the top level of the cell assigns
//     from a call, if nothing in the cell reads the variable before it is assigned again;
//   - the last result of a call that is a statement at the top level, or, where the session does
//     not show all values, the last expression of the cell.
//
// Errors that are made there, by package errors or fmt.Errorf, are values like others, and so are
// those that methods Err and Unwrap give. Assigning to _ says that an error does not matter.

// A sighting is a place where a cell gets an error that it does not look at.
type sighting struct {
	pos  token.Position
	name string // of the variable; empty for the result of a call
}

// lostError is an error that was got and not looked at.
type lostError struct {
	sighting
	err error
}

// read is one place where a variable is read.
type read struct {
	item   int
	inside bool // of a function, which may run at any time
}

// findLost marks the items of a checked cell that get an error which nothing looks at. It reports
// whether there are any, for the cell has to be checked again with what watches them.
func (c *checker) findLost(info *types.Info) bool {
	reads := map[types.Object][]read{}
	writes := make([][]*ast.Ident, len(c.p.items)) // at the top level
	for i, it := range c.p.items {
		writes[i] = it.assigned()
		it.each(func(n ast.Node) { collectReads(n, info, i, it.kind == declItem || it.kind == deferItem, reads) })
	}
	for i, it := range c.p.items {
		for _, id := range writes[i] {
			if o := objectOf(info, id); o != nil && isError(o.Type()) && !isRead(o, i, reads, writes, info) {
				it.watched = append(it.watched, c.see(id.Pos(), id.Name))
				it.watchedNames = append(it.watchedNames, id.Name)
			}
		}
		call := it.loneCall()
		if call == nil || madeHere(call) || isPrint(call) || !lastIsError(info.Types[call].Type) {
			continue
		}
		if it.kind == stmtItem {
			it.stmts = []ast.Stmt{c.watchCall(call, info.Types[call].Type)}
		} else if !c.e.tellsAll && !isGetter(call) {
			it.watched = append(it.watched, c.see(call.Pos(), ""))
		}
	}
	return len(c.sightings) > 0
}

// see notes where an error comes from and returns its number, by which the code at run time
// refers to it.
func (c *checker) see(pos token.Pos, name string) int {
	c.sightings = append(c.sightings, sighting{c.e.fset.Position(pos), name})
	return len(c.sightings) - 1
}

// assigned are the variables that an item assigns from a call, at its top level.
func (it *item) assigned() []*ast.Ident {
	var targets []ast.Expr
	var values []ast.Expr
	switch {
	case it.kind == varItem:
		for _, d := range it.decls {
			for _, spec := range d.(*ast.GenDecl).Specs {
				v := spec.(*ast.ValueSpec)
				if len(v.Values) == 1 || len(v.Values) == len(v.Names) {
					for i, n := range v.Names {
						targets, values = append(targets, n), append(values, v.Values[min(i, len(v.Values)-1)])
					}
				}
			}
		}
	case it.kind == stmtItem && len(it.stmts) == 1:
		if a, ok := it.stmts[0].(*ast.AssignStmt); ok && a.Tok == token.ASSIGN {
			for i, l := range a.Lhs {
				targets, values = append(targets, l), append(values, a.Rhs[min(i, len(a.Rhs)-1)])
			}
		}
	}
	var out []*ast.Ident
	for i, t := range targets {
		id, ok := ast.Unparen(t).(*ast.Ident)
		call, isCall := ast.Unparen(values[i]).(*ast.CallExpr)
		again := it.again && isIdentExpr(values[i])
		if ok && id.Name != "_" && (isCall && !madeHere(call) || again) {
			out = append(out, id)
		}
	}
	return out
}

func isIdentExpr(x ast.Expr) bool { _, ok := x.(*ast.Ident); return ok }

// loneCall is the call that an item consists of.
func (it *item) loneCall() *ast.CallExpr {
	x := it.expr
	if it.kind == stmtItem && len(it.stmts) == 1 {
		if s, ok := it.stmts[0].(*ast.ExprStmt); ok {
			x = s.X
		}
	}
	if x == nil || it.kind != stmtItem && it.kind != showItem {
		return nil
	}
	call, _ := ast.Unparen(x).(*ast.CallExpr)
	return call
}

// madeHere reports whether a call makes an error.
func madeHere(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && (isIdent(sel.X, "errors") || isIdent(sel.X, "fmt") && sel.Sel.Name == "Errorf")
}

// isGetter reports whether a call is of a method that gives an error which is there anyway.
func isGetter(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Err", "Unwrap", "Cause"}, sel.Sel.Name)
}

func isError(t types.Type) bool {
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

func lastIsError(t types.Type) bool {
	if tuple, ok := t.(*types.Tuple); ok {
		return tuple.Len() > 0 && isError(tuple.At(tuple.Len()-1).Type())
	}
	return isError(t)
}

func objectOf(info *types.Info, id *ast.Ident) types.Object {
	if o := info.Defs[id]; o != nil {
		return o
	}
	return info.Uses[id]
}

// collectReads finds where variables are read in an item. To be assigned is not to be read.
func collectReads(root ast.Node, info *types.Info, i int, inside bool, reads map[types.Object][]read) {
	targets := map[*ast.Ident]bool{}
	var depth []ast.Node // open function literals
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if id, ok := ast.Unparen(l).(*ast.Ident); ok && n.Tok == token.ASSIGN {
					targets[id] = true
				}
			}
		case *ast.FuncLit:
			depth = append(depth, n)
		case *ast.Ident:
			if o := info.Uses[n]; o != nil && !targets[n] {
				in := inside
				for _, f := range depth {
					in = in || f.Pos() <= n.Pos() && n.Pos() < f.End()
				}
				reads[o] = append(reads[o], read{i, in})
			}
		}
		return true
	})
}

// isRead reports whether what item i assigns to a variable is read: by a function, whenever that
// runs, or by an item from the next one up to the one that assigns the variable again. For
// example, in f, err := open(); g, err := open() the first err is lost, unless something between
// reads it.
func isRead(o types.Object, i int, reads map[types.Object][]read, writes [][]*ast.Ident, info *types.Info) bool {
	until := len(writes) // the item that assigns it again, which may read it for that
	for k := i + 1; k < len(writes) && until == len(writes); k++ {
		for _, id := range writes[k] {
			if objectOf(info, id) == o {
				until = k
			}
		}
	}
	return slices.ContainsFunc(reads[o], func(r read) bool { return r.inside || r.item > i && r.item <= until })
}

// watchCall makes the statement f(x) into _, __e := f(x); __rt.Lost(n, &__e).
//
// A block, so that __e is a variable of its own for each of them.
func (c *checker) watchCall(call *ast.CallExpr, results types.Type) ast.Stmt {
	names := []ast.Expr{ident("__e")}
	if tuple, ok := results.(*types.Tuple); ok {
		for range tuple.Len() - 1 {
			names = append([]ast.Expr{ident("_")}, names...)
		}
	}
	return &ast.BlockStmt{List: []ast.Stmt{
		&ast.AssignStmt{Lhs: names, TokPos: call.Pos(), Tok: token.DEFINE, Rhs: []ast.Expr{call}},
		&ast.ExprStmt{X: lostCall(c.see(call.Pos(), ""), "__e")},
	}}
}

// lostCall is: __rt.Lost(n, &name).
func lostCall(n int, name string) *ast.CallExpr {
	return rtCall("Lost", &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(n)}, &ast.UnaryExpr{Op: token.AND, X: ident(name)})
}

// lost is called with the variable that nothing looks at; only its first error counts.
func lost(n int, variable any) int {
	p, ok := variable.(*error)
	if r := currentRun(); ok && r != nil && *p != nil && r.lost == nil {
		r.lost = &lostError{r.sightings[n], *p}
	}
	return 0
}

// showCall is show for a call whose last result is an error.
func showCall(n int) int {
	if r := currentRun(); r != nil {
		r.watchShown = n + 1
	}
	return 0
}

// lookAtShown takes the error that the last expression gave for lost, if it was a call to be
// watched.
func (r *run) lookAtShown() {
	if r.watchShown == 0 || r.lost != nil || len(r.shown) == 0 {
		return
	}
	if err, ok := r.shown[len(r.shown)-1].(error); ok && err != nil {
		r.lost = &lostError{r.sightings[r.watchShown-1], err}
	}
}

// lostFailure is the failure of a cell that has lost an error; then is what it failed with after
// that.
func (t *texts) lostFailure(l *lostError, then *cell.Error) *cell.Error {
	text := describe(l.err)
	at := l.pos.Filename + ":" + strconv.Itoa(l.pos.Line)
	out := &cell.Error{Name: "error", Message: at + ": " + text}
	out.Traceback = append(out.Traceback, cell.Headline(out.Name, text), at)
	out.Traceback = append(out.Traceback, t.marked(l.pos)...)
	hint := "The cell does not look at this error. Assign it to a variable and read that, or to _ if it does not matter."
	if l.name != "" {
		hint = "The cell does not look at " + l.name + ". Read it, or write _ in its place if the error does not matter."
	}
	out.Traceback = append(out.Traceback, cell.Dim+hint+cell.Plain)
	if then != nil {
		out.Traceback = append(append(out.Traceback, "Then the cell failed:"), then.Traceback...)
	}
	return out
}
