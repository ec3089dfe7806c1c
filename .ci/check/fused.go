package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// fused reports products of floats that are added to something before they are rounded. Go lets a
// processor multiply and add in one step there, which rounds once and not twice: arm64 does it and
// amd64 does not. Numbers and pictures are the same everywhere if such products are written
// float64(x*y) + z. A product that waits in a variable, or that a function returns which is
// inlined, is not seen. What is for arm64 alone may want the one step: a test there holds it to what
// others do.
var fused = &analysis.Analyzer{
	Name: "fused",
	Doc:  "report products of floats that are added to something without rounding",
	Run: func(pass *analysis.Pass) (any, error) {
		for _, f := range pass.Files {
			name := pass.Fset.Position(f.Pos()).Filename
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_arm64.go") || !computes(pass.Pkg.Path()) {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op == token.ADD || n.Op == token.SUB {
						addend(pass, n.X)
						addend(pass, n.Y)
					}
				case *ast.AssignStmt:
					if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
						addend(pass, n.Rhs[0])
					}
				}
				return true
			})
		}
		return nil, nil
	},
}

// computes tells packages whose numbers and pictures must not depend on the processor.
func computes(path string) bool {
	return strings.HasPrefix(path, "dtnotes/analysis") || strings.HasPrefix(path, "dtnotes/dtracefs")
}

func addend(pass *analysis.Pass, e ast.Expr) {
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.SUB {
		e = ast.Unparen(u.X)
	}
	b, ok := e.(*ast.BinaryExpr)
	if !ok || b.Op != token.MUL {
		return
	}
	product := pass.TypesInfo.Types[b]
	if t, ok := product.Type.Underlying().(*types.Basic); !ok || t.Info()&(types.IsFloat|types.IsComplex) == 0 || product.Value != nil {
		return
	}
	if exact(pass.TypesInfo.Types[b.X].Value) || exact(pass.TypesInfo.Types[b.Y].Value) {
		return
	}
	pass.Reportf(b.Pos(), "a product is added without being rounded: write float64(x*y) + z")
}

// exact tells whether products with a constant have nothing to round, as those with a power of two.
func exact(v constant.Value) bool {
	if v == nil || v.Kind() != constant.Int && v.Kind() != constant.Float {
		return false
	}
	f, _ := constant.Float64Val(v)
	m, _ := math.Frexp(math.Abs(f))
	return m == 0.5
}
