package eval

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
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

// stopCheck is: if len(__rt.Stop) != 0 { __rt.Halt() }; see stopFlag.
func stopCheck() ast.Stmt {
	return &ast.IfStmt{
		Cond: &ast.BinaryExpr{X: &ast.CallExpr{Fun: ident("len"), Args: []ast.Expr{rt("Stop")}}, Op: token.NEQ, Y: &ast.BasicLit{Kind: token.INT, Value: "0"}},
		Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: rtCall("Halt")}}},
	}
}

// instrument rewrites one declaration, statement or expression.
func instrument(root ast.Node, checks bool) {
	cleanup := map[*ast.FuncLit]bool{} // deferred: it must run also where the code around it is stopped
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
				instrumentBody(n.Body, checks && !isLeaf(n.Body))
			}
		case *ast.FuncLit: // compiled code may call it for long, as sort.Slice does
			if !done[n] {
				instrumentBody(n.Body, checks && !cleanup[n])
			}
		case *ast.ForStmt:
			if checks {
				unroll(n)
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
			} else if r, ok := n.Stmt.(*ast.RangeStmt); ok && checks {
				n.Stmt = counted(r)
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

func instrumentBody(b *ast.BlockStmt, checks bool) {
	if checks {
		prepend(b, stopCheck())
	}
	if defersInRange(b) {
		prepend(b, &ast.DeferStmt{Call: &ast.CallExpr{Fun: funcLit(nil)}})
	}
}

// defersInRange tells that a body defers within a range loop. If that ranges over a function, go/ssa
// takes the enclosing function for one that defers nothing, unless it does so itself.
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

func prepend(b *ast.BlockStmt, s ast.Stmt) { b.List = append([]ast.Stmt{s}, b.List...) }

// checkList gives the statements of a block the checks that belong between them.
func checkList(list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for i, s := range list {
		if r, ok := s.(*ast.RangeStmt); ok {
			s = counted(r)
			list[i] = s
		}
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

// counted is a range loop as a loop that counts, if it can be unrolled then.
func counted(r *ast.RangeStmt) ast.Stmt {
	if loop := countingLoop(r); loop != nil {
		return loop
	}
	return r
}

// isLeaf tells that a body calls nothing but builtins and conversions to basic types, so that no
// recursion goes through it.
func isLeaf(body *ast.BlockStmt) bool {
	leaf := true
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			id, ok := ast.Unparen(c.Fun).(*ast.Ident)
			leaf = leaf && ok && types.Universe.Lookup(id.Name) != nil
		}
		return leaf
	})
	return leaf
}

// guardGo makes go f(x) into go __rtg.Guard(f)(x). Calls of builtins and literals cannot be passed
// so, or need not: their body gets the recovery itself, before anything in it can panic, and without
// checks of its own: a check in it would throw what it is there to catch. What it puts into the
// syntax that must stay as it is goes to done.
func guardGo(g *ast.GoStmt, checks bool, done map[ast.Node]bool) {
	fun := ast.Unparen(g.Call.Fun)
	if id, ok := fun.(*ast.Ident); ok {
		if _, builtin := types.Universe.Lookup(id.Name).(*types.Builtin); builtin {
			g.Call = callInLiteral(g.Call)
			fun = g.Call.Fun
		}
	}
	lit, ok := fun.(*ast.FuncLit)
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

// recoverGo is: defer func() { if r := recover(); r != nil { __rtg.GoPanic(r) } }().
func recoverGo() *ast.DeferStmt {
	body := &ast.IfStmt{
		Init: &ast.AssignStmt{Lhs: []ast.Expr{ident("__r")}, Tok: token.DEFINE, Rhs: []ast.Expr{&ast.CallExpr{Fun: ident("recover")}}},
		Cond: &ast.BinaryExpr{X: ident("__r"), Op: token.NEQ, Y: ident("nil")},
		Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: generic("GoPanic", ident("__r"))}}},
	}
	return &ast.DeferStmt{Call: &ast.CallExpr{Fun: funcLit(nil, body)}}
}

func funcLit(results *ast.FieldList, body ...ast.Stmt) *ast.FuncLit {
	return &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}, Results: results}, Body: &ast.BlockStmt{List: body}}
}

func callInLiteral(call *ast.CallExpr) *ast.CallExpr {
	c := *call
	return &ast.CallExpr{Fun: funcLit(nil, &ast.ExprStmt{X: &c})}
}

// deferAtEnd makes a top-level defer f(x) into __rtg.Defer(f)(x): the arguments are evaluated at
// once, the call waits for the end of the cell.
func deferAtEnd(call *ast.CallExpr) ast.Stmt {
	fun := ast.Unparen(call.Fun)
	if id, ok := fun.(*ast.Ident); ok {
		if _, builtin := types.Universe.Lookup(id.Name).(*types.Builtin); builtin {
			return &ast.ExprStmt{X: &ast.CallExpr{Fun: generic("Defer", funcLit(nil, &ast.ExprStmt{X: call}))}}
		}
	}
	if lit, ok := fun.(*ast.FuncLit); ok {
		recoverAtEnd(lit.Body)
	}
	c := *call
	c.Fun = generic("Defer", call.Fun)
	return &ast.ExprStmt{X: &c}
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

// recoverInGoWords makes recover() into __rt.Thrown(recover()).
func recoverInGoWords(root ast.Node) {
	keep := map[*ast.CallExpr]bool{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.DeferStmt:
			keep[n.Call] = true
		case *ast.GoStmt:
			keep[n.Call] = true
		case *ast.CallExpr:
			if len(n.Args) == 0 && isIdent(n.Fun, "recover") && !keep[n] {
				inner := *n
				keep[&inner] = true
				*n = *rtCall("Thrown", &inner)
			}
		}
		return true
	})
}

// hoistGeneric rewrites __rtg.Guard(f)(a, b) of a generic f without type arguments, which cannot be
// passed as a value, into __rtg.Guard(func() func() { x, y := a, b; return func() { f(x, y) } }())().
func hoistGeneric(root ast.Node) bool {
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
			if _, lit := a.(*ast.BasicLit); !lit {
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
