package eval

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dtnotes/kernel/cell"
)

// How a proposal fits what has been written.
const (
	exactMatch  = iota // begins with it
	foldedMatch        // but for small and capital letters
	fuzzyMatch         // has its letters in this order
	noMatch
)

// match says how a name fits a prefix. Letters in their order are enough from the second one on;
// a single letter would fit nearly every name.
func match(name, prefix string) int {
	switch {
	case strings.HasPrefix(name, prefix):
		return exactMatch
	case len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix):
		return foldedMatch
	case utf8.RuneCountInString(prefix) > 1 && isSubsequence(name, prefix):
		return fuzzyMatch
	}
	return noMatch
}

// isSubsequence reports whether the letters of short occur in name in their order, the first at
// its beginning or at that of a word, whether words begin with a capital letter or behind an
// underscore.
func isSubsequence(name, short string) bool {
	want := []rune(strings.ToLower(short))
	last := '_'
	k := 0
	for _, c := range name {
		if k == len(want) {
			return true
		}
		if unicode.ToLower(c) == want[k] && (k > 0 || last == '_' || unicode.IsUpper(c) && !unicode.IsUpper(last)) {
			k++
		}
		last = c
	}
	return k == len(want)
}

// A proposal is an item with what ranks it.
type proposal struct {
	item  cell.CompletionItem
	match int
	score float64
}

// compareProposals puts proposals in their order: how they fit what has been written comes before
// what is likely, since the user can see that; equal ones go by the alphabet, so that the order
// is always one.
func compareProposals(a, b proposal) int {
	return cmp.Or(a.match-b.match, cmp.Compare(b.score, a.score), strings.Compare(a.item.Text, b.item.Text))
}

// The distances of names that are in no scope of the checker.
const (
	memberFar  = -1
	sessionFar = 100 + iota
	packageFar
	universeFar
	keywordFar
)

// expectedType is the type of what is to stand where the cursor is; nil if anything can. Of
// x.name it is the type of the whole selector that is looked for.
func (v *view) expectedType() types.Type {
	if len(v.path) < 2 {
		return nil
	}
	var x ast.Node = v.ident
	k := len(v.path) - 2
	if sel, ok := v.path[k].(*ast.SelectorExpr); ok && sel.Sel == v.ident {
		x, k = sel, k-1
	}
	if k < 0 {
		return nil
	}
	switch n := v.path[k].(type) {
	case *ast.CallExpr:
		return v.parameter(n, x)
	case *ast.AssignStmt:
		if i := slices.IndexFunc(n.Rhs, func(e ast.Expr) bool { return e == x }); i >= 0 && n.Tok != token.DEFINE && i < len(n.Lhs) {
			return v.typeOf(n.Lhs[i])
		}
	case *ast.ValueSpec:
		if n.Type != nil && n.Type != x {
			return v.typeOf(n.Type)
		}
	case *ast.BinaryExpr:
		other := n.X
		if other == x {
			other = n.Y
		}
		if n.Op != token.SHL && n.Op != token.SHR {
			return v.typeOf(other)
		}
	case *ast.ReturnStmt:
		return v.result(slices.IndexFunc(n.Results, func(e ast.Expr) bool { return e == x }))
	case *ast.SendStmt:
		if c, ok := under(v.typeOf(n.Chan)).(*types.Chan); ok && n.Value == x {
			return c.Elem()
		}
	case *ast.IndexExpr:
		if m, ok := under(v.typeOf(n.X)).(*types.Map); ok && n.Index == x {
			return m.Key()
		}
		return types.Typ[types.Int]
	case *ast.KeyValueExpr:
		if n.Value == x && k > 0 {
			return v.element(v.path[k-1], n.Key)
		}
	case *ast.CompositeLit:
		return v.element(n, nil)
	case *ast.IfStmt, *ast.ForStmt:
		return types.Typ[types.Bool]
	}
	return nil
}

func under(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// typeOf is the type of an expression; nil if the checker found none, as for what has a mistake
// in it. A name on the left of := is not among the expressions that have types, so its object is
// asked.
func (v *view) typeOf(x ast.Expr) types.Type {
	t := v.info.Types[x].Type
	if id, ok := x.(*ast.Ident); ok && t == nil {
		if o := objectOf(v.info, id); o != nil {
			t = o.Type()
		}
	}
	if b, ok := t.(*types.Basic); ok && b.Kind() == types.Invalid {
		return nil
	}
	return t
}

// parameter is the type of the parameter that x is passed for.
//
// Beyond the last parameter of a variadic function it is the type of an element.
func (v *view) parameter(call *ast.CallExpr, x ast.Node) types.Type {
	i := slices.IndexFunc(call.Args, func(e ast.Expr) bool { return e == x })
	sig, ok := under(v.typeOf(call.Fun)).(*types.Signature)
	if !ok || i < 0 || sig.Params().Len() == 0 {
		return nil
	}
	last := sig.Params().Len() - 1
	if sig.Variadic() && i >= last {
		if s, ok := sig.Params().At(last).Type().(*types.Slice); ok {
			return s.Elem()
		}
	}
	if i > last {
		return nil
	}
	return sig.Params().At(i).Type()
}

// result is the type of result i of the function that the cursor is in.
func (v *view) result(i int) types.Type {
	for _, n := range slices.Backward(v.path) {
		var sig types.Type
		switch n := n.(type) {
		case *ast.FuncLit:
			sig = v.typeOf(n)
		case *ast.FuncDecl:
			if o := v.info.Defs[n.Name]; o != nil {
				sig = o.Type()
			}
		default:
			continue
		}
		if s, ok := sig.(*types.Signature); ok && i >= 0 && i < s.Results().Len() {
			return s.Results().At(i).Type()
		}
		return nil
	}
	return nil
}

// element is the type of an element of a literal, of the field that key names where it is a
// struct's.
func (v *view) element(lit ast.Node, key ast.Expr) types.Type {
	c, ok := lit.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	switch t := under(v.typeOf(c)).(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	case *types.Map:
		return t.Elem()
	case *types.Struct:
		for f := range t.Fields() {
			if key != nil && isIdent(key, f.Name()) {
				return f.Type()
			}
		}
	}
	return nil
}

// misfit is 0 for an object that has the type, 1 for one that leads there by a call or a member, 3
// for others; packages are between.
//
// A want without a type, as where the other side of == is 1, counts as its default type. Types
// themselves never fit, as a conversion has the type but not the name alone.
func misfit(o types.Object, want types.Type) int {
	if want == nil {
		return 0
	}
	want = types.Default(want)
	t := o.Type()
	if _, isType := o.(*types.TypeName); isType {
		return 3
	}
	if t == nil {
		return 1
	}
	if c, ok := o.(*types.Const); ok && types.AssignableTo(c.Type(), want) {
		return 0
	}
	if types.AssignableTo(t, want) {
		return 0
	}
	switch t := t.Underlying().(type) {
	case *types.Signature:
		if t.Results().Len() > 0 && types.AssignableTo(t.Results().At(0).Type(), want) {
			return 1
		}
	case *types.Pointer, *types.Struct:
		return 2
	}
	return 3
}
