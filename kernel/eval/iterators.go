package eval

import (
	"go/ast"
	"go/parser"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// Compiled-in functions are known by their reflect types, in which an instance of a generic type,
// such as iter.Seq[string], is a type of its own that no type parameter can be inferred from. Calls
// that return such a function type are converted to the plain function type, which fits everywhere.

// plainIterators rewrites those calls and reports whether there were any. Where nothing has to be
// inferred from the result, as in a range loop, they stay.
func (c *checker) plainIterators(out *checked, imports map[string]string) bool {
	found := false
	info := out.unit.info
	astutil.Apply(out.file, nil, func(cur *astutil.Cursor) bool {
		call, ok := cur.Node().(*ast.CallExpr)
		if !ok || !opaqueFunc(info.Types[call].Type) {
			return true
		}
		switch cur.Parent().(type) {
		case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt, *ast.RangeStmt:
			return true
		}
		plain, err := parser.ParseExpr(types.TypeString(info.Types[call].Type.Underlying(), c.qualifier(imports)))
		if err == nil {
			found = true
			cur.Replace(&ast.CallExpr{Fun: &ast.ParenExpr{X: plain}, Lparen: call.Pos(), Args: []ast.Expr{call}, Rparen: call.End()})
		}
		return true
	})
	return found
}

// opaqueFunc reports whether a function type stands for an instance of a generic one: its name,
// as reflect has it, holds the type arguments, as in Seq[string].
func opaqueFunc(t types.Type) bool {
	n, ok := t.(*types.Named)
	if !ok || n.TypeArgs().Len() > 0 || !strings.Contains(n.Obj().Name(), "[") {
		return false
	}
	_, isFunc := n.Underlying().(*types.Signature)
	return isFunc
}

// rangeByPointer makes for i := range *p of an array into range p: its length is known, and what p
// points to is not looked at.
func rangeByPointer(f *ast.File, info *types.Info) {
	ast.Inspect(f, func(n ast.Node) bool {
		r, ok := n.(*ast.RangeStmt)
		if !ok || r.Value != nil && !isIdent(r.Value, "_") {
			return true
		}
		if star, ok := ast.Unparen(r.X).(*ast.StarExpr); ok && info.Types[star].Type != nil {
			if _, isArray := info.Types[star].Type.Underlying().(*types.Array); isArray {
				r.X = star.X
			}
		}
		return true
	})
}
