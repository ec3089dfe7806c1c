package eval

import (
	"go/ast"
	"go/types"
	"regexp"
	"strconv"
	"strings"
)

const liftedPrefix = "__iface"

// liftInterfaces gives unnamed interface types with methods a hidden name, the same one in every
// cell: the interpreter would make a new type of them for every program. It returns the
// declarations of the hidden names that root needs.
//
// Two of the same text are the same type to Go, so the text is the key. Where the same text means
// two types, as names in it were declared again in between, the hidden declaration is checked
// again like any other.
func (s *scope) liftInterfaces(root ast.Node) map[string]*ast.InterfaceType {
	hidden := map[string]*ast.InterfaceType{}
	replace := func(x ast.Expr) ast.Expr {
		it, ok := x.(*ast.InterfaceType)
		if !ok || !hasPlainMethods(it) {
			return x
		}
		key := types.ExprString(it)
		name := s.lifted[key]
		if name == "" {
			name = liftedPrefix + strconv.Itoa(len(s.lifted)+1)
			s.lifted[key] = name
		}
		hidden[name] = it
		return &ast.Ident{NamePos: it.Pos(), Name: name}
	}
	liftIn(root, replace)
	return hidden
}

// hasPlainMethods reports whether an interface has methods and is no type constraint: it is built
// of methods and named interfaces alone.
func hasPlainMethods(it *ast.InterfaceType) bool {
	has := false
	for _, m := range it.Methods.List {
		switch m.Type.(type) {
		case *ast.FuncType:
			has = has || len(m.Names) > 0
		case *ast.Ident, *ast.SelectorExpr:
		default:
			return false
		}
	}
	return has
}

// liftIn calls replace for every type expression where a hidden name may stand: not in generic
// declarations, not where the interface is what a type declaration declares, and not in functions
// with local types, which the interface may mention.
//
// Within a type declaration the interface is the declared type itself and gets its identity from
// there.
func liftIn(root ast.Node, replace func(ast.Expr) ast.Expr) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			return !isGenericDecl(x) && !hasLocalTypes(x)
		case *ast.FuncLit:
			return !hasLocalTypes(x)
		case *ast.TypeSpec:
			_, direct := x.Type.(*ast.InterfaceType)
			if direct || x.TypeParams != nil {
				return false
			}
			x.Type = replace(x.Type)
		case *ast.ValueSpec:
			x.Type = replace(x.Type)
		case *ast.Field:
			x.Type = replace(x.Type)
		case *ast.ArrayType:
			x.Elt = replace(x.Elt)
		case *ast.MapType:
			x.Key, x.Value = replace(x.Key), replace(x.Value)
		case *ast.ChanType:
			x.Value = replace(x.Value)
		case *ast.StarExpr:
			x.X = replace(x.X)
		case *ast.Ellipsis:
			x.Elt = replace(x.Elt)
		case *ast.TypeAssertExpr:
			x.Type = replace(x.Type)
		case *ast.CallExpr:
			x.Fun = replace(x.Fun)
			for i, a := range x.Args {
				x.Args[i] = replace(a)
			}
		case *ast.ParenExpr:
			x.X = replace(x.X)
		case *ast.CompositeLit:
			x.Type = replace(x.Type)
		case *ast.IndexExpr:
			x.Index = replace(x.Index)
		case *ast.IndexListExpr:
			for i, a := range x.Indices {
				x.Indices[i] = replace(a)
			}
		case *ast.CaseClause:
			for i, a := range x.List {
				x.List[i] = replace(a)
			}
		case *ast.InterfaceType:
			return false
		}
		return true
	})
}

func isGenericDecl(d *ast.FuncDecl) bool {
	if d.Type.TypeParams != nil {
		return true
	}
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return false
	}
	t := d.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t = s.X
	}
	switch t.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}

func hasLocalTypes(root ast.Node) bool {
	found := false
	ast.Inspect(root, func(n ast.Node) bool {
		if _, ok := n.(*ast.TypeSpec); ok {
			found = true
		}
		return !found
	})
	return found
}

// unlift writes the interfaces that were given a hidden name as the user did.
//
// A message of the checker may name such an interface, and the user has never heard of __iface3.
func (s *scope) unlift(msg string) string {
	if strings.Contains(msg, liftedPrefix) {
		for literal, name := range s.lifted {
			msg = regexp.MustCompile(name+`\b`).ReplaceAllLiteralString(msg, literal)
		}
	}
	return msg
}
