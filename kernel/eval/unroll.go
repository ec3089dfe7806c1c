package eval

import (
	"go/ast"
	"go/token"
	"reflect"
)

// A check of the stop flag costs about as much as half the body of a numeric loop. Small innermost
// loops are therefore unrolled, so that several iterations share a check. Package native looks at the flag at less
// cost, and machine code of more syntax is slower: for it, nothing is unrolled.

const (
	unrollTimes = 8
	unrollNodes = 120 // a body with more nodes of syntax is not unrolled
)

// unroll makes a loop that counts do several iterations between two checks:
//
//	for init; cond; post { check; {body}; post; if !cond { break }; {body}; … }
//
// Loops where this could mean something else stay: those whose iterations end with continue, and
// those where somebody may hold on to the variables of an iteration.
func unroll(loop *ast.ForStmt) bool {
	if loop.Cond == nil || !canUnroll(loop) {
		return false
	}
	body := loop.Body.List
	list := []ast.Stmt{&ast.BlockStmt{List: body}}
	for range unrollTimes - 1 {
		if loop.Post != nil {
			list = append(list, clone(loop.Post))
		}
		list = append(list,
			&ast.IfStmt{
				Cond: &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: clone(loop.Cond)}},
				Body: &ast.BlockStmt{List: []ast.Stmt{&ast.BranchStmt{Tok: token.BREAK}}},
			},
			&ast.BlockStmt{List: clone(body)})
	}
	loop.Body = &ast.BlockStmt{Lbrace: loop.Body.Lbrace, List: list, Rbrace: loop.Body.Rbrace}
	return true
}

func canUnroll(loop *ast.ForStmt) bool {
	// A function literal, or an address, may outlive the iteration: since Go 1.22 each iteration
	// has variables of its own, and several in one would share them.
	ok, nodes := true, 0
	look := func(n ast.Node) bool {
		nodes++
		switch n := n.(type) {
		case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt, *ast.LabeledStmt, *ast.DeferStmt, *ast.GoStmt, *ast.TypeSpec:
			ok = false
		case *ast.BranchStmt:
			ok = ok && n.Tok != token.CONTINUE && n.Tok != token.GOTO && n.Label == nil
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.AND
		}
		return ok
	}
	ast.Inspect(loop.Body, look)
	ast.Inspect(loop.Cond, look)
	if loop.Post != nil {
		ast.Inspect(loop.Post, look)
	}
	return ok && nodes <= unrollNodes
}

// countingLoop is the loop with three clauses that does the same as for i := range 10 or range
// len(x), or nil.
//
// The length is taken once, before the loop, as range does. Loops over other expressions stay:
// their type, which may be a channel or a function, is not known here.
func countingLoop(r *ast.RangeStmt) *ast.ForStmt {
	key, ok := r.Key.(*ast.Ident)
	if !ok || r.Value != nil || r.Tok != token.DEFINE || key.Name == "_" || assigns(r.Body, key.Name) {
		return nil
	}
	start := &ast.AssignStmt{Lhs: []ast.Expr{key}, TokPos: r.TokPos, Tok: token.DEFINE, Rhs: []ast.Expr{&ast.BasicLit{Kind: token.INT, Value: "0"}}}
	loop := &ast.ForStmt{For: r.For, Init: start, Post: &ast.IncDecStmt{X: ident(key.Name), Tok: token.INC}, Body: r.Body}
	switch x := r.X.(type) {
	case *ast.BasicLit:
		if x.Kind != token.INT {
			return nil
		}
		loop.Cond = &ast.BinaryExpr{X: ident(key.Name), Op: token.LSS, Y: x}
	case *ast.CallExpr:
		if !isIdent(x.Fun, "len") {
			return nil
		}
		start.Lhs = append(start.Lhs, ident("__end"))
		start.Rhs = append(start.Rhs, x)
		loop.Cond = &ast.BinaryExpr{X: ident(key.Name), Op: token.LSS, Y: ident("__end")}
	default:
		return nil
	}
	if !canUnroll(loop) {
		return nil
	}
	return loop
}

// assigns reports whether a variable may be changed in body. A counter of a range loop that is
// changed there goes on from its own count, where one of three clauses would go on from the
// change.
func assigns(body ast.Node, name string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				found = found || isIdent(ast.Unparen(l), name)
			}
		case *ast.IncDecStmt:
			found = found || isIdent(ast.Unparen(n.X), name)
		}
		return !found
	})
	return found
}

// clone copies syntax, so that the checker can tell the copies apart.
func clone[T any](x T) T {
	out := cloneValue(reflect.ValueOf(&x).Elem())
	return out.Interface().(T)
}

func cloneValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(cloneValue(v.Elem()))
		return out
	case reflect.Pointer:
		//lint:ignore SA1019 parsed trees still hold such objects, which point back into the tree
		if v.IsNil() || v.Type() == reflect.TypeFor[*ast.Object]() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(cloneValue(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(cloneValue(v.Index(i)))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			out.Field(i).Set(cloneValue(v.Field(i)))
		}
		return out
	}
	return v
}
