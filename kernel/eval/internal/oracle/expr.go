package oracle

import (
	"fmt"
	"strings"
)

// expr is an expression of a type. It changes no variable, so that no order of evaluation is left
// to the compiler, and fails only where g.faults allows one operation that may.
func (g *generator) expr(t *typ, depth int) string {
	if depth <= 0 || g.one(4) {
		return g.leaf(t)
	}
	if g.one(5) {
		if e := g.byWay(t, depth-1); e != "" {
			return e
		}
	}
	switch t.kind {
	case signed, unsigned:
		return g.intExpr(t, depth-1)
	case float, complexNumber:
		if g.one(4) {
			if t.kind == complexNumber {
				return fmt.Sprintf("%s(complex(%s, %s))", t.name, g.expr(floatType, depth-1), g.expr(floatType, 0))
			}
			return fmt.Sprintf("%s(%s)", t.name, g.varOr(pick(g, integers)))
		}
		return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"+", "-", "*"}), g.expr(t, depth-1))
	case textual:
		return g.textExpr(t, depth-1)
	case boolean:
		if t.named {
			return t.name + "(" + g.boolExpr(depth-1) + ")"
		}
		return g.boolExpr(depth - 1)
	}
	return g.composite(t, depth-1)
}

// byWay is an expression that has its value go a long way; empty if it knows none.
//
// The ways are those in which a value can go wrong: through type parameters, interfaces,
// channels, closures, named results, pointers, elements and variadic calls.
func (g *generator) byWay(t *typ, depth int) string {
	x := g.expr(t, depth)
	switch g.r.IntN(16) {
	case 0:
		return fmt.Sprintf("id[%s](%s)", t.name, x)
	case 1:
		return fmt.Sprintf("first[%s](%s, %s)", t.name, x, g.expr(g.printTyp(), 0))
	case 2:
		return fmt.Sprintf("func() %s { return %s }()", t.name, x)
	case 3:
		return fmt.Sprintf("func() %[1]s { c := make(chan %[1]s, 1); c <- %[2]s; return <-c }()", t.name, x)
	case 4:
		return fmt.Sprintf("func() (y %s) { defer func() { y = %s }(); return }()", t.name, x)
	case 5:
		return fmt.Sprintf("func() %[1]s { p := new(%[1]s); *p = %[2]s; return *p }()", t.name, x)
	case 6:
		return fmt.Sprintf("[]%s{%s}[0]", t.name, x)
	case 7:
		k := g.keyTyp()
		key := g.constant(k)
		return fmt.Sprintf("map[%s]%s{%s: %s}[%s]", k.name, t.name, key, x, key)
	case 8:
		return fmt.Sprintf("struct{ x %s }{%s}.x", t.name, x)
	case 9:
		return fmt.Sprintf("pair[string, %s]{\"\", %s}.Value", t.name, x)
	case 10:
		return fmt.Sprintf("mapped([]int{1}, func(int) %s { return %s })[0]", t.name, x)
	case 11:
		if t.kind != contract {
			return fmt.Sprintf("any(%s).(%s)", g.typed(t, x), t.name)
		}
	case 12:
		return fmt.Sprintf("func() (y %[1]s) { c, x := make(chan %[1]s), %[2]s; go func() { c <- x; close(c) }(); for y = range c { }; return }()", t.name, g.typed(t, x))
	case 13:
		return fmt.Sprintf("func() %s { if %s { return %s }; return %s }()", t.name, g.boolExpr(0), x, g.leaf(t))
	case 14:
		if f := g.funcFor(t); f != nil {
			return g.call(f.name, f, depth)
		}
	case 15:
		return fmt.Sprintf("func(x ...%s) %s { return x[len(x)-1] }(%s, %s)", t.name, t.name, g.leaf(t), x)
	}
	return ""
}

// typed is an expression that has its type where nothing says it.
func (g *generator) typed(t *typ, x string) string {
	if strings.HasPrefix(t.name, "*") || strings.HasPrefix(t.name, "func") || strings.HasPrefix(t.name, "chan") {
		return "(" + t.name + ")(" + x + ")"
	}
	return t.name + "(" + x + ")"
}

func (g *generator) funcFor(t *typ) *fn {
	var fit []*fn
	for _, f := range g.funcs {
		if f.result.name == t.name {
			fit = append(fit, f)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return pick(g, fit)
}

// call calls a function, a variadic one with nothing, a slice or several values for the last
// parameter.
func (g *generator) call(name string, f *fn, depth int) string {
	var args []string
	for i, p := range f.params {
		if f.variadic && i == len(f.params)-1 {
			switch g.r.IntN(4) {
			case 0:
			case 1:
				args = append(args, g.expr(sliceOf(p), depth)+"...")
			default:
				args = append(args, g.expr(p, depth), g.expr(p, 0))
			}
			break
		}
		args = append(args, g.expr(p, depth))
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// variable is the name of one of a type; empty if there is none.
func (g *generator) variable(t *typ) string {
	var fit []string
	for _, v := range g.scope {
		if v.t.name == t.name {
			fit = append(fit, v.name)
		}
		if v.t.kind == structure && !v.t.generic {
			for _, f := range v.t.fields {
				if f.t.name == t.name && !f.embedded {
					fit = append(fit, v.name+"."+f.name)
				}
			}
		}
		if v.t.kind == array && v.t.elem.name == t.name {
			fit = append(fit, fmt.Sprintf("%s[%d]", v.name, g.r.IntN(v.t.size)))
		}
		if v.t.kind == mapping && v.t.elem.name == t.name {
			fit = append(fit, fmt.Sprintf("%s[%s]", v.name, g.constant(v.t.key)))
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return pick(g, fit)
}

// varOr is an expression that is no constant.
func (g *generator) varOr(t *typ) string {
	if v := g.variable(t); v != "" && !g.one(5) {
		return v
	}
	return fmt.Sprintf("id[%s](%s)", t.name, g.constant(t))
}

// leaf is an expression that has no others in it but for composite ones of nothing.
func (g *generator) leaf(t *typ) string {
	if v := g.variable(t); v != "" && !g.one(3) {
		return v
	}
	if t.number() || t.kind == textual || t.kind == boolean {
		return g.typed(t, g.constant(t))
	}
	if t.nilable() && g.one(3) {
		if t.kind == contract {
			return pick(g, []string{"nil", "zero[" + t.name + "]()", t.name + "(nil)"})
		}
		return g.typed(t, "nil")
	}
	return g.composite(t, 0)
}

// constant is one that fits a type that may be a key.
func (g *generator) constant(t *typ) string {
	switch t.kind {
	case signed:
		high := int64(1)<<(t.bits-1) - 1
		return fmt.Sprint(pick(g, []int64{0, 1, 2, -1, 3, 7, high, -high - 1, high - 1, int64(g.r.IntN(100))}))
	case unsigned:
		high := ^uint64(0) >> (64 - t.bits)
		return fmt.Sprint(pick(g, []uint64{0, 1, 2, 3, 7, high, high - 1, uint64(g.r.IntN(100))}))
	case float:
		return pick(g, []string{"0", "1", "-1", "0.5", "1e9", "-2.25", "3"})
	case complexNumber:
		return pick(g, []string{"0", "1i", "(1+2i)", "-3"})
	case textual:
		return pick(g, []string{`""`, `"a"`, `"b"`, `"two words"`, `"héé"`, `"\xff\xfea"`, `"日本"`, `"long enough to matter"`})
	case boolean:
		return pick(g, []string{"true", "false"})
	}
	return g.composite(t, 0)
}

// intExpr is an expression of an integer type. A constant never stands on the left of an
// operator: Go would calculate with it, and refuse what overflows.
func (g *generator) intExpr(t *typ, depth int) string {
	switch g.r.IntN(14) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"+", "-", "*", "&", "|", "^", "&^"}), g.expr(t, depth))
	case 3:
		return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"<<", ">>"}), g.shift())
	case 4:
		if g.mayFail() {
			return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"/", "%"}), g.varOr(t))
		}
		return fmt.Sprintf("(%s %s %d)", g.varOr(t), pick(g, []string{"/", "%"}), 1+g.r.IntN(9))
	case 5:
		return pick(g, []string{"-", "^", "+"}) + g.varOr(t)
	case 6, 7:
		return fmt.Sprintf("%s(%s)", t.name, g.varOr(pick(g, integers)))
	case 8:
		s := pick(g, []*typ{stringType, sliceOf(g.anyTyp(0)), mapOf(stringType, g.anyTyp(0)), chanOf(intType)})
		return fmt.Sprintf("%s(len(%s))", t.name, g.expr(s, depth))
	case 9:
		return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"min", "max"}), g.varOr(t), g.expr(t, depth))
	case 10:
		if g.mayFail() {
			return fmt.Sprintf("%s(%s[%s])", t.name, g.expr(sliceOf(t), depth), g.index())
		}
	case 11:
		return fmt.Sprintf("%s(%s[%s%%3])", t.name, "[...]int{4, 5, 6}", "id(uint("+g.constant(basic(unsigned, "uint8", 8))+"))")
	case 12:
		return fmt.Sprintf("%s(countOf[%s](%s))", t.name, "any", g.list(anyType, 3, depth))
	}
	return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"+", "-", "*"}), g.varOr(t))
}

// shift is a count for a shift; one that may be negative may fail.
func (g *generator) shift() string {
	if g.one(2) {
		return fmt.Sprint(g.r.IntN(70))
	}
	if t := pick(g, integers); t.kind == unsigned {
		return g.varOr(t)
	} else if g.mayFail() {
		return g.varOr(t)
	}
	return "id[uint8](" + fmt.Sprint(g.r.IntN(80)) + ")"
}

// mayFail reports whether an operation that may fail may stand here, and counts it: of two in a
// statement it would be open which of them fails first.
func (g *generator) mayFail() bool {
	if g.faults > 0 && g.guarded {
		g.faults--
		return true
	}
	return false
}

// index is an index that may be out of range, of any integer type.
func (g *generator) index() string {
	t := pick(g, integers)
	n := []string{"0", "1", "2", "3", "9"}
	if t.kind == signed {
		n = append(n, "-1")
	}
	return fmt.Sprintf("id[%s](%s)", t.name, pick(g, n))
}

func (g *generator) textExpr(t *typ, depth int) string {
	s := ""
	switch g.r.IntN(10) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s + %s)", g.varOr(t), g.expr(t, depth))
	case 3:
		s = fmt.Sprintf("fmt.Sprint(%s)", g.expr(g.printTyp(), depth))
	case 4:
		t := g.printTyp()
		s = fmt.Sprintf("fmt.Sprintf(%q, %s)", g.verb(t), g.expr(t, depth))
	case 5:
		s = fmt.Sprintf("string(%s)", g.varOr(basic(signed, "rune", 32)))
	case 6:
		s = fmt.Sprintf("string(%s)", g.expr(sliceOf(basic(unsigned, "byte", 8)), depth))
	case 7:
		s = fmt.Sprintf("string(%s)", g.expr(sliceOf(basic(signed, "rune", 32)), depth))
	case 8:
		if g.mayFail() {
			return fmt.Sprintf("%s[%s:%s]", g.varOr(t), g.index(), pick(g, []string{"", g.index()}))
		}
		return fmt.Sprintf("func() %s { s := %s; return s[len(s)/2:] }()", t.name, g.varOr(t))
	default:
		s = fmt.Sprintf("strings.Repeat(%s, %d)", g.typed(stringType, g.expr(stringType, depth)), g.r.IntN(3))
	}
	if t.named {
		return t.name + "(" + s + ")"
	}
	return s
}

// verb is one that prints no address of values of a type.
func (g *generator) verb(t *typ) string {
	if t.plain() {
		return pick(g, []string{"%v", "%T", "%#v", "%+v", "%d", "%q", "%x"})
	}
	return pick(g, []string{"%v", "%T", "%+v"})
}

// boolExpr is an expression of type bool. Values of types that cannot be compared are compared as
// interfaces only where the panic is caught.
func (g *generator) boolExpr(depth int) string {
	switch g.r.IntN(10) {
	case 0, 1, 2:
		t := pick(g, basics)
		if t.ordered() {
			return fmt.Sprintf("(%s %s %s)", g.varOr(t), pick(g, []string{"<", "<=", ">", ">=", "==", "!="}), g.expr(t, depth))
		}
	case 3:
		return fmt.Sprintf("(%s %s %s)", g.varOr(boolType), pick(g, []string{"&&", "||", "==", "!="}), g.expr(boolType, depth))
	case 4:
		return "!" + g.varOr(boolType)
	case 5:
		t := g.nilTyp()
		return fmt.Sprintf("(%s %s nil)", g.notNil(t, depth), pick(g, []string{"==", "!="}))
	case 6:
		t := g.anyTyp(1)
		if t.comparable() {
			return fmt.Sprintf("(%s == %s)", g.valueOf(t, depth), g.valueOf(t, 0))
		}
	case 7:
		t := g.anyTyp(1)
		if t.comparable() || g.mayFail() {
			return fmt.Sprintf("(any(%s) == any(%s))", g.valueOf(t, depth), g.valueOf(t, 0))
		}
	case 8:
		t := g.anyTyp(1)
		return fmt.Sprintf("func() bool { _, ok := any(%s).(%s); return ok }()", g.valueOf(g.printTyp(), depth), t.name)
	case 9:
		k := g.keyTyp()
		return fmt.Sprintf("func() bool { _, ok := %s[%s]; return ok }()", g.valueOf(mapOf(k, g.nilTyp()), depth), g.constant(k))
	}
	return g.varOr(boolType)
}

// notNil is an expression of a type that is not the word nil.
func (g *generator) notNil(t *typ, depth int) string {
	if v := g.variable(t); v != "" {
		return v
	}
	return "id[" + t.name + "](" + g.expr(t, depth) + ")"
}

// valueOf is an expression that may stand before an operator and where nothing says the type.
func (g *generator) valueOf(t *typ, depth int) string {
	return "id[" + t.name + "](" + g.expr(t, depth) + ")"
}

// list are n expressions of a type.
func (g *generator) list(t *typ, n, depth int) string {
	var xs []string
	for range g.r.IntN(n + 1) {
		xs = append(xs, g.expr(t, depth))
	}
	return strings.Join(xs, ", ")
}

// composite is an expression of a type that is neither a number nor text.
func (g *generator) composite(t *typ, depth int) string {
	switch t.kind {
	case slice:
		switch g.r.IntN(7) {
		case 0:
			return fmt.Sprintf("make(%s, %d)", t.name, g.r.IntN(4))
		case 1:
			return fmt.Sprintf("append(%s(nil), %s)", t.name, strings.TrimSuffix(g.expr(t.elem, depth)+", "+g.list(t.elem, 2, depth), ", "))
		case 2:
			return fmt.Sprintf("append(%s{%s}, %s{%s}...)", t.name, g.list(t.elem, 2, depth), t.name, g.list(t.elem, 2, depth))
		case 3:
			if g.mayFail() {
				return fmt.Sprintf("%s{%s}[%s:]", t.name, g.list(t.elem, 3, depth), g.index())
			}
		case 4:
			if t.elem.name == "byte" || t.elem.name == "rune" {
				return fmt.Sprintf("%s(%s)", t.name, g.varOr(stringType))
			}
		case 5:
			return fmt.Sprintf("%s{%d: %s}", t.name, g.r.IntN(3), g.expr(t.elem, depth))
		}
		return t.name + "{" + g.list(t.elem, 3, depth) + "}"
	case array:
		if g.one(4) {
			return fmt.Sprintf("%s{%d: %s}", t.name, g.r.IntN(t.size), g.expr(t.elem, depth))
		}
		return t.name + "{" + g.list(t.elem, t.size, depth) + "}"
	case mapping:
		if g.one(6) {
			return "make(" + t.name + ")"
		}
		var xs []string
		seen := map[string]bool{}
		for range g.r.IntN(3) {
			k := g.constant(t.key)
			if !seen[k] && (t.key.number() || t.key.kind == textual) || len(seen) == 0 {
				xs = append(xs, k+": "+g.expr(t.elem, depth))
			}
			seen[k] = true
		}
		return t.name + "{" + strings.Join(xs, ", ") + "}"
	case structure:
		var xs []string
		whole := g.one(2)
		for _, f := range t.fields {
			if whole {
				xs = append(xs, g.expr(f.t, depth))
			} else if g.one(2) {
				xs = append(xs, f.name+": "+g.expr(f.t, depth))
			}
		}
		return t.name + "{" + strings.Join(xs, ", ") + "}"
	case pointer:
		if t.elem.kind >= slice && t.elem.kind <= structure && t.elem.kind != mapping && g.one(2) {
			if x := g.literal(t.elem, depth); x != "" {
				return "&" + x
			}
		}
		return fmt.Sprintf("func() %s { x := %s; return &x }()", t.name, g.valueOf(t.elem, depth))
	case function:
		if t.result == nil {
			return t.name + " {}"
		}
		scope, faults := g.scope, g.faults
		params := []string{}
		g.scope = append([]*variable{}, scope...)
		for _, p := range t.params {
			name := g.name("p")
			params = append(params, name+" "+p.name)
			g.scope = append(g.scope, &variable{name: name, t: p, fixed: true})
		}
		g.faults = 0
		body := g.expr(t.result, depth)
		g.scope, g.faults = scope, faults
		return "func(" + strings.Join(params, ", ") + ") " + t.result.name + " { return " + body + " }"
	case channel:
		return fmt.Sprintf("make(%s, %d)", t.name, 1+g.r.IntN(3))
	}
	switch { // interfaces
	case t.name == "error":
		return pick(g, []string{`errors.New("wrong")`, fmt.Sprintf(`fmt.Errorf("so: %%w", error(%s))`, "errors.ErrUnsupported"), "error(nil)"})
	case t.elem != nil:
		return t.name + "(" + t.elem.name + "(" + g.constant(t.elem) + "))"
	}
	x := g.printTyp()
	if x.kind == contract {
		return g.expr(x, depth)
	}
	return "any(" + g.typed(x, g.expr(x, depth)) + ")"
}

// literal is a composite literal of a type.
func (g *generator) literal(t *typ, depth int) string {
	switch t.kind {
	case slice, array:
		return t.name + "{" + g.list(t.elem, max(t.size, 1), depth) + "}"
	case structure:
		return t.name + "{}"
	}
	return ""
}
