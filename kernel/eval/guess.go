package eval

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"dtnotes/kernel/cell"
)

// A feature is something that is known of a proposal, and how much of it there is.
//
// Proposals are ranked by a conditional logit (D. McFadden, "Conditional logit analysis of
// qualitative choice behavior", 1974): the score of each is the sum of its features times their
// weights, and the probability that it is the one meant grows with the exponential of the score.
// The weights are those that make the names in real code likeliest, so features are added by what
// helps there and not by taste.
type feature struct {
	name  string
	value float64
}

// weights say what each feature counts for. TestFitWeights has found them in the code of Go's
// standard library: they make the names that stand there the likeliest of those that could.
var weights = sync.OnceValue(func() map[string]float64 {
	w := map[string]float64{}
	for line := range strings.Lines(weightsText) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		w[name], _ = strconv.ParseFloat(value, 64)
	}
	return w
})

//go:embed weights.txt
var weightsText string

// scoreOf is the sum of what features count for. A feature without a weight, as one of a package
// that was not in the code that weights were found in, counts for nothing.
func scoreOf(features []feature) float64 {
	w, sum := weights(), 0.0
	for _, f := range features {
		sum += float64(w[f.name] * f.value)
	}
	return sum
}

// neighbors are the tokens around the cursor and, for each name of the text, how it occurs there.
type neighbors struct {
	before, after [3]string // the nearest tokens first
	names         map[string]*occurrences
	all           occurrences // of names behind the same tokens
}

// occurrences count those of a name, and those of them that have the neighbors of the cursor:
// before one, two and three tokens, after one, on both sides.
type occurrences struct {
	count, one, two, three, next, both float64
	above, below                       int // how many tokens away the nearest is; 0 for none
}

// neighborsOf reads a text with a placeholder at the cursor as a sequence of tokens. Strings are
// one token and numbers another, whatever they hold. In the text of a cell a name is often
// followed and preceded by the same tokens as before: behind "for _, x := range " there was rows,
// so there may be rows again.
func neighborsOf(text string) *neighbors {
	var sc scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(text))
	sc.Init(f, []byte(text), nil, 0)
	var toks []string
	var isName []bool
	at := -1
	for {
		_, tok, lit := sc.Scan()
		if tok == token.EOF {
			break
		}
		word := tok.String()
		switch {
		case tok == token.IDENT:
			if word = lit; lit == placeholder {
				at = len(toks)
			}
		case tok == token.STRING:
			word = `"`
		case tok.IsLiteral():
			word = "#"
		}
		toks, isName = append(toks, word), append(isName, tok == token.IDENT)
	}
	n := &neighbors{names: map[string]*occurrences{}}
	if at < 0 {
		return n
	}
	get := func(i int) string {
		if i < 0 || i >= len(toks) {
			return ""
		}
		return toks[i]
	}
	for k := range 3 {
		n.before[k], n.after[k] = get(at-1-k), get(at+1+k)
	}
	for i, word := range toks {
		if i == at || !isName[i] {
			continue
		}
		o := n.names[word]
		if o == nil {
			o = &occurrences{}
			n.names[word] = o
		}
		// The loop goes down the text, so what is kept of those above is the nearest, and of
		// those below the first.
		if i < at {
			o.above = at - i
		} else if o.below == 0 {
			o.below = i - at
		}
		// The neighbors of each occurrence are compared with those of the cursor, from the
		// nearest outwards: three in front are only alike if two are. The same counts over all
		// names say how much a match means, as behind a dot there are many names and behind
		// "defer mu." there are few.
		one := get(i-1) == n.before[0]
		two := one && get(i-2) == n.before[1]
		three := two && get(i-3) == n.before[2]
		next := get(i+1) == n.after[0]
		for _, o := range []*occurrences{o, &n.all} {
			o.count++
			o.one += bit(one)
			o.two += bit(two)
			o.three += bit(three)
			o.next += bit(next)
			o.both += bit(one && next)
		}
	}
	return n
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// describeSpot finds the role of what is to stand where the cursor is: which field of which node
// of the syntax holds it, such as CallExpr.Args, and by what name the place goes. In Move(from,
// to) the parameters have names, in T{Width: w} the field has one, in width = w the variable: a
// proposal of a name like that is likely meant.
func (v *view) describeSpot() {
	if len(v.path) < 2 {
		return
	}
	var x ast.Node = v.ident
	k := len(v.path) - 2
	if sel, ok := v.path[k].(*ast.SelectorExpr); ok && sel.Sel == v.ident {
		x, k = sel, k-1
	}
	for ; k > 0; k-- { // *T and (T) are where T is
		switch v.path[k].(type) {
		case *ast.StarExpr, *ast.ParenExpr:
			x = v.path[k]
			continue
		}
		break
	}
	if k < 0 {
		return
	}
	v.spot = roleIn(v.path[k], x)
	nameOf := func(x ast.Expr) string {
		switch x := x.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.SelectorExpr:
			return x.Sel.Name
		}
		return ""
	}
	switch n := v.path[k].(type) {
	case *ast.CallExpr:
		if sig, ok := under(v.typeOf(n.Fun)).(*types.Signature); ok {
			for i, arg := range n.Args {
				if arg == x && sig.Params().Len() > 0 {
					v.like = sig.Params().At(min(i, sig.Params().Len()-1)).Name()
				}
			}
		}
	case *ast.KeyValueExpr:
		if n.Value == x {
			v.like = nameOf(n.Key)
		}
	case *ast.AssignStmt:
		for i, r := range n.Rhs {
			if r == x && i < len(n.Lhs) {
				v.like = nameOf(n.Lhs[i])
				v.twin = types.ExprString(n.Lhs[i])
			}
		}
		for i, l := range n.Lhs {
			if l == x && i < len(n.Rhs) {
				v.like = nameOf(n.Rhs[i])
				v.twin = types.ExprString(n.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, value := range n.Values {
			if value == x && i < len(n.Names) {
				v.like, v.twin = n.Names[i].Name, n.Names[i].Name
			}
		}
	case *ast.BinaryExpr:
		other := n.X
		if other == x {
			other = n.Y
		}
		v.like, v.twin = nameOf(other), types.ExprString(other)
	}
}

// roleIn names the field of a node that holds x.
//
// It goes by reflection, so that roles have the names of package ast and none is forgotten.
func roleIn(n, x ast.Node) string {
	p := reflect.ValueOf(n).Elem()
	t := p.Type()
	for i := range t.NumField() {
		switch f := p.Field(i); f.Kind() {
		case reflect.Interface, reflect.Pointer:
			if !f.IsNil() && f.Interface() == x {
				return t.Name() + "." + t.Field(i).Name
			}
		case reflect.Slice:
			for k := range f.Len() {
				if f.Index(k).Interface() == x {
					return t.Name() + "." + t.Field(i).Name
				}
			}
		}
	}
	return t.Name()
}

// features are what is known of a proposal at the cursor. Their names, with the values that are
// put into them, are the keys of weights.txt: whoever changes one has to find the weights again,
// which TestGuesses notices.
func (v *view) features(item cell.CompletionItem, o types.Object, far int) []feature {
	out := make([]feature, 0, 24)
	is := func(format string, args ...any) { out = append(out, feature{fmt.Sprintf(format, args...), 1}) }
	much := func(name string, x float64) {
		if x != 0 {
			out = append(out, feature{name, x})
		}
	}
	kind := item.Kind
	if far == universeFar {
		kind = "Go's " + kind
		is("Go's %s", item.Text)
		is("Go's %s behind %s", item.Text, tokenClass(v.near.before[0]))
	}
	if o != nil && kind == "variable" {
		if _, ok := o.Type().Underlying().(*types.Signature); ok {
			kind = "function variable"
		}
	}
	spot := v.spot
	if far == memberFar {
		spot = "." + spot
	}
	is("%s in %s", kind, spot)
	is("%s before %s", kind, tokenClass(v.near.after[0]))
	is("%s behind %s", kind, tokenClass(v.near.before[0]))
	if kind == "package" {
		is("package %s", item.Text)
	}
	// Deeper nesting than four scopes makes no difference.
	if far < sessionFar {
		far = min(far, 4)
	}
	is("far %d", far)
	// How the type fits what is expected. That anything fits an empty interface says little, so
	// it is another feature; and of what is called here it is the result that has to fit, not the
	// function.
	if v.want != nil {
		want := "a type"
		if i, ok := v.want.Underlying().(*types.Interface); ok && i.Empty() {
			want = "anything"
		}
		m := 2
		if o != nil {
			m = misfit(o, v.want)
		}
		is("misfit %d where %s is wanted", m, want)
		if v.near.after[0] == "(" {
			is("misfit %d of what is called", m)
		}
	}
	if far == memberFar && o != nil && o.Pkg() != nil && !isCell(o.Pkg()) {
		is("%s.%s", o.Pkg().Path(), item.Text)
	}
	// The cell goes on with .name behind the cursor, as when a name is put in front of it: what
	// has such a member is meant.
	if name := v.near.after[1]; v.near.after[0] == "." && tokenClass(name) == "a name" && o != nil {
		if v.hasMember(o, name) {
			is("has the member")
		} else {
			is("lacks the member")
		}
	}
	if item.Text == v.twin {
		is("twin")
	} else if item.Text == v.like {
		is("same name")
	} else if len(v.like) > 1 && len(item.Text) > 1 {
		a, b := strings.ToLower(v.like), strings.ToLower(item.Text)
		switch {
		case a == b:
			is("same name")
		case strings.Contains(a, b), strings.Contains(b, a):
			is("similar name")
		}
	}
	n := v.near.names[item.Text]
	if n == nil {
		is("new %s", kind)
		return out
	}
	all := &v.near.all
	// Logarithms, as the second occurrence says more than the twentieth.
	much("count", math.Log1p(n.count))
	much("behind one", math.Log1p(n.one))
	much("behind two", math.Log1p(n.two))
	much("behind three", math.Log1p(n.three))
	much("before next", math.Log1p(n.next))
	much("between both", math.Log1p(n.both))
	much("share behind one", n.one/(all.one+1))
	much("share behind two", n.two/(all.two+1))
	much("share behind three", n.three/(all.three+1))
	much("share between both", n.both/(all.both+1))
	if n.above > 0 {
		is("above %d", int(math.Log2(float64(n.above))))
	}
	if n.below > 0 {
		is("below %d", int(math.Log2(float64(n.below))))
	}
	return out
}

// hasMember reports whether a name can follow an object and a dot.
func (v *view) hasMember(o types.Object, name string) bool {
	if p, ok := o.(*types.PkgName); ok {
		return p.Imported().Scope().Lookup(name) != nil
	}
	m, _, _ := types.LookupFieldOrMethod(o.Type(), true, v.pkg, name)
	return m != nil
}

// tokenClass is a token as features name it: itself, if it is of Go, or else that it is a name.
// There are too many names to learn a weight for each.
func tokenClass(tok string) string {
	if tok != "" && isNameRune([]rune(tok)[0]) && !token.IsKeyword(tok) {
		return "a name"
	}
	return tok
}
