package eval

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
)

// Interpreted code is rewritten before it is checked: loops and functions look at the run's stop
// flag, and goroutines hand a panic to the session instead of ending the process.

// rtName and rtGenericName are the names under which a cell imports the session's own packages.
const (
	rtName        = "__rt"
	rtGenericName = "__rtg"
)

func rt(name string) ast.Expr { return &ast.SelectorExpr{X: ident(rtName), Sel: ident(name)} }

func rtCall(name string, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: rt(name), Args: args}
}

// stopCheck is: if __rt.Stop { __rt.Halt() }; see stopFlag. Everything that is put into code uses
// names that no code can have.
func stopCheck() ast.Stmt { return ifStopped("Halt") }

func ifStopped(then string) ast.Stmt {
	return &ast.IfStmt{
		Cond: rt("Stop"),
		Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: rtCall(then)}}},
	}
}

// instrument rewrites one declaration, statement or expression in place. hides are the names that
// do not mean there what Go declares, and checks says whether there are any. Package native looks
// at the flag by itself and leaves them out; they are for what the interpreter executes.
//
// A goroutine can be stopped at a check and nowhere else, so every way to run for long must lead
// through one: each iteration of a loop, each call of a function that may recurse, each jump
// back. Code that waits, for a channel or in compiled code, is not stopped by this; its goroutine
// is left behind.
func instrument(root ast.Node, checks bool, hides map[string]bool) {
	// What is deferred must run even if the code around it is stopped.
	cleanup := map[*ast.FuncLit]bool{}
	done := map[ast.Node]bool{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			guardGo(n, checks, done)
		case *ast.DeferStmt:
			if done[n] {
				return false
			}
			if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
				cleanup[lit] = true
			}
		case *ast.FuncDecl:
			if n.Body != nil {
				instrumentBody(n.Body, checks && !isLeaf(n.Body, hides))
			}
		case *ast.FuncLit: // compiled code may call it for long, as sort.Slice does
			if !done[n] {
				if checks && cleanup[n] {
					prepend(n.Body, ifStopped("Leave"))
				}
				instrumentBody(n.Body, checks && !cleanup[n])
			}
		case *ast.ForStmt:
			if checks {
				prepend(n.Body, stopCheck())
			}
		case *ast.RangeStmt:
			if checks {
				prepend(n.Body, stopCheck())
			}
		case *ast.BlockStmt:
			if checks {
				n.List = checkList(n.List)
			}
		case *ast.LabeledStmt:
			if b, ok := n.Stmt.(*ast.BranchStmt); ok && checks && b.Tok == token.GOTO {
				n.Stmt = &ast.BlockStmt{List: []ast.Stmt{b}}
			}
		case *ast.CaseClause:
			if checks {
				n.Body = checkList(n.Body)
			}
		case *ast.CommClause:
			if checks {
				n.Body = checkList(n.Body)
			}
		}
		return true
	})
}

// instrumentBody gives the body of a function its check. An empty deferred call in front makes
// go/ssa see that the function defers, see defersInRange.
func instrumentBody(b *ast.BlockStmt, checks bool) {
	if checks {
		prepend(b, stopCheck())
	}
	if defersInRange(b) {
		prepend(b, &ast.DeferStmt{Call: &ast.CallExpr{Fun: funcLit(nil)}})
	}
}

// defersInRange reports whether a body defers within a range loop. If that ranges over a
// function, go/ssa takes the enclosing function for one that defers nothing, unless it does so
// itself.
func defersInRange(body ast.Node) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.RangeStmt:
			ast.Inspect(n.Body, func(n ast.Node) bool {
				switch n.(type) {
				case *ast.FuncLit:
					return false
				case *ast.DeferStmt:
					found = true
				}
				return !found
			})
		}
		return !found
	})
	return found
}

// declares are the names of Go's own that something declares for itself somewhere below root.
//
// It goes by names alone, wherever they are declared: a name too many costs a little speed, a
// name that was missed would make code mean something else.
func declares(root ast.Node) map[string]bool {
	var names map[string]bool
	add := func(exprs ...ast.Expr) {
		for _, x := range exprs {
			if id, ok := x.(*ast.Ident); ok && types.Universe.Lookup(id.Name) != nil {
				if names == nil {
					names = map[string]bool{}
				}
				names[id.Name] = true
			}
		}
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				add(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key, n.Value)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.Field:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.FuncDecl:
			add(n.Name)
		}
		return true
	})
	return names
}

func prepend(b *ast.BlockStmt, s ast.Stmt) { b.List = append([]ast.Stmt{s}, b.List...) }

// checkList gives the statements of a block the checks that belong between them.
//
// A goto can make a loop, so it is a place for one.
func checkList(list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for i, s := range list {
		b, ok := s.(*ast.BranchStmt)
		if ok && b.Tok == token.GOTO && out == nil {
			out = slices.Clone(list[:i])
		}
		if ok && b.Tok == token.GOTO {
			out = append(out, stopCheck())
		}
		if out != nil {
			out = append(out, s)
		}
	}
	if out == nil {
		return list
	}
	return out
}

// isLeaf reports whether a body calls nothing but builtins and conversions to basic types, so
// that no recursion goes through it. Such a function ends by itself but for its loops, which have
// their checks.
func isLeaf(body *ast.BlockStmt, hides map[string]bool) bool {
	leaf := true
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			id, ok := ast.Unparen(c.Fun).(*ast.Ident)
			leaf = leaf && ok && !hides[id.Name] && types.Universe.Lookup(id.Name) != nil
		}
		return leaf
	})
	return leaf
}

// guardGo makes go f(x) into go __rtg.Guard(f)(x). The body of a literal gets the recovery
// itself, before anything in it can panic, and without checks of its own: a check in it would
// throw what it is there to catch. What it puts into the syntax and must stay as it is goes to
// done.
func guardGo(g *ast.GoStmt, checks bool, done map[ast.Node]bool) {
	lit, ok := ast.Unparen(g.Call.Fun).(*ast.FuncLit)
	if !ok {
		g.Call.Fun = generic("Guard", g.Call.Fun)
		return
	}
	instrumentBody(lit.Body, checks)
	guard := recoverGo()
	prepend(lit.Body, guard)
	done[lit], done[guard] = true, true
}

func generic(name string, f ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: &ast.SelectorExpr{X: ident(rtGenericName), Sel: ident(name)}, Args: []ast.Expr{f}}
}

// recoverGo is: defer func() { __rtg.GoPanic(__rt.Caught()) }().
func recoverGo() *ast.DeferStmt {
	body := &ast.ExprStmt{X: generic("GoPanic", rtCall("Caught"))}
	return &ast.DeferStmt{Call: &ast.CallExpr{Fun: funcLit(nil, body)}}
}

func funcLit(results *ast.FieldList, body ...ast.Stmt) *ast.FuncLit {
	return &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}, Results: results}, Body: &ast.BlockStmt{List: body}}
}

// defersAtEnd makes the defer statements at the top level of a cell, also within its blocks, wait
// for the end of the cell: defer f(x) becomes __rtg.Defer(f)(x), which evaluates the arguments at
// once.
//
// A defer would otherwise run at the end of the function literal that the statement is wrapped
// in, which is at once: f, err := os.Open(…); defer f.Close() would close the file before the
// next line.
func defersAtEnd(stmts []ast.Stmt) {
	for i := range stmts {
		astutil.Apply(&ast.BlockStmt{List: stmts[i : i+1]}, func(cur *astutil.Cursor) bool {
			switch n := cur.Node().(type) {
			case *ast.FuncLit:
				return false
			case *ast.DeferStmt:
				if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok && !declares(lit)["recover"] {
					recoverAtEnd(lit.Body)
				}
				n.Call.Fun = generic("Defer", n.Call.Fun)
				cur.Replace(&ast.ExprStmt{X: n.Call})
			}
			return true
		}, nil)
	}
}

// returnsEnd makes a return statement at the top level of a cell end the cell.
//
// Behind the call that ends the cell there is a return with a value, as the function literal
// around the statement has one.
func returnsEnd(stmts []ast.Stmt) error {
	var err error
	for i := range stmts {
		astutil.Apply(&ast.BlockStmt{List: stmts[i : i+1]}, func(cur *astutil.Cursor) bool {
			switch n := cur.Node().(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				if len(n.Results) > 0 {
					err = &sourceError{pos: n.Pos(), msg: "return with a value: a cell has none but that of its last expression"}
				}
				zero := &ast.ReturnStmt{Return: n.Return, Results: []ast.Expr{&ast.BasicLit{ValuePos: n.Pos(), Kind: token.INT, Value: "0"}}}
				cur.Replace(&ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: rtCall("Return")}, zero}})
				return false
			}
			return true
		}, nil)
	}
	return err
}

// recoverAtEnd makes recover() in the body of a function deferred by a cell's top level mean the
// panic that ended the cell: it has unwound the interpreter when the function runs.
func recoverAtEnd(body *ast.BlockStmt) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "recover" && len(n.Args) == 0 {
				n.Fun = rt("Recover")
			}
		}
		return true
	})
}

// hoist rewrites __rtg.Guard(f)(a, b) of an f that cannot be passed as a value, a generic function
// without type arguments or a builtin one, into __rtg.Guard(func() func() { x, y := a, b; return
// func() { f(x, y) } }())().
//
// Arguments are evaluated outside the inner literal, at the statement, as go f(x) does.
func hoist(root ast.Node) bool {
	ast.Inspect(root, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		guard, ok := call.Fun.(*ast.CallExpr)
		if !ok || len(guard.Args) != 1 {
			return true
		}
		if sel, ok := guard.Fun.(*ast.SelectorExpr); !ok || !isIdent(sel.X, rtGenericName) {
			return true
		}
		if _, done := guard.Args[0].(*ast.CallExpr); done {
			return true
		}
		inner := &ast.CallExpr{Fun: guard.Args[0], Ellipsis: call.Ellipsis}
		var body []ast.Stmt
		for i, a := range call.Args {
			if _, lit := a.(*ast.BasicLit); !lit && !isIdent(a, "nil") {
				v := ident("__arg" + strconv.Itoa(i))
				body = append(body, &ast.AssignStmt{Lhs: []ast.Expr{v}, Tok: token.DEFINE, Rhs: []ast.Expr{a}})
				a = ident(v.Name)
			}
			inner.Args = append(inner.Args, a)
		}
		body = append(body, &ast.ReturnStmt{Results: []ast.Expr{funcLit(nil, &ast.ExprStmt{X: inner})}})
		fn := &ast.FieldList{List: []*ast.Field{{Type: &ast.FuncType{Params: &ast.FieldList{}}}}}
		guard.Args = []ast.Expr{&ast.CallExpr{Fun: funcLit(fn, body...)}}
		call.Args, call.Ellipsis = nil, token.NoPos
		return true
	})
	return true
}

func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}
