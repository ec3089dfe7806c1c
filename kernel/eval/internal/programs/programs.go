// Package programs writes programs for tests of what executes them, and finds where what they
// print differs.
package programs

import (
	"fmt"
	"math/rand"
	"strings"
)

// A generator writes programs whose expressions have types, from random numbers. Only calls panic
// in them: Go does not say when other operands do.
type generator struct {
	r     *rand.Rand
	b     strings.Builder
	vars  map[string][]string // names by type
	funcs []genFunc
	depth int
	names int
}

type genFunc struct {
	name   string
	params []string
	result string
}

var genTypes = []string{"int", "int8", "uint8", "int32", "uint32", "uint64", "float64", "float32", "bool", "string", "[]int", "pair"}

var genNumbers = []string{"int", "int8", "uint8", "int32", "uint32", "uint64", "float64", "float32"}

// Generate writes a program, the same for the same seed. It prints what its functions return.
//
// Functions print nothing themselves, so that a program shows values and not the order in which
// they came.
func Generate(seed int64) string {
	g := &generator{r: rand.New(rand.NewSource(seed))}
	g.b.WriteString("package main\n\nimport (\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n)\n\ntype pair struct {\n\ta int\n\tb float64\n\tc string\n}\n\nfunc at(x []int, i int) int { return x[i] }\n\n")
	for range 5 {
		g.function()
	}
	g.b.WriteString("var _, _ = sort.Ints, strings.Repeat\n\nfunc try(f func()) {\n\tdefer func() {\n\t\tif r := recover(); r != nil {\n\t\t\tfmt.Println(\"panic:\", r)\n\t\t}\n\t}()\n\tf()\n}\n\nfunc main() {\n")
	g.vars = map[string][]string{}
	for range 12 {
		f := g.funcs[g.r.Intn(len(g.funcs))]
		fmt.Fprintf(&g.b, "\ttry(func() { fmt.Println(%s) })\n", g.call(f, 1))
	}
	for range 3 {
		g.callback()
	}
	g.b.WriteString("}\n")
	return g.b.String()
}

// callback writes the call of a compiled function that calls a closure of the program back: mostly
// what is small and only calculates, since that has ways of its own to be executed.
func (g *generator) callback() {
	g.b.WriteString("\ttry(func() {\n")
	before := g.vars
	defer func() { g.vars = before }()
	g.vars = map[string][]string{}
	for _, t := range []string{"int", "float64", "string", "[]int", "uint8"} {
		n := g.name()
		fmt.Fprintf(&g.b, "\t\tvar %s %s = %s\n\t\t_ = %s\n", n, t, g.expr(t, 1), n)
		g.vars[t] = append(g.vars[t], n)
	}
	body := func(result string) {
		for range g.r.Intn(2) {
			fmt.Fprintf(&g.b, "\t\t\tif %s {\n\t\t\t\treturn %s\n\t\t\t}\n", g.expr("bool", 2), g.expr(result, 2))
		}
		fmt.Fprintf(&g.b, "\t\t\treturn %s\n\t\t}", g.expr(result, 1+g.r.Intn(3)))
	}
	use := func(t string, names ...string) { g.vars[t] = append(g.vars[t], names...) }
	switch g.r.Intn(4) {
	case 0:
		use("int32", "r", "r", "r")
		g.b.WriteString("\t\tfmt.Println([]rune(strings.Map(func(r rune) rune {\n")
		body("int32")
		g.b.WriteString(", \"héllo, wörld\")))\n")
	case 1:
		use("int", "i", "i")
		g.b.WriteString("\t\tfmt.Println(sort.Search(20, func(i int) bool {\n")
		body("bool")
		g.b.WriteString("))\n")
	default:
		g.b.WriteString("\t\ts := []pair{")
		for range 6 {
			fmt.Fprintf(&g.b, "{%s, %s, %s}, ", g.expr("int", 1), g.expr("float64", 1), g.expr("string", 1))
		}
		use("int", "i", "j", "s[i].a", "s[j].a", "s[i].a", "s[j].a")
		use("float64", "s[i].b", "s[j].b", "s[i].b", "s[j].b")
		use("string", "s[i].c", "s[j].c")
		use("pair", "s[i]", "s[j]")
		g.b.WriteString("}\n\t\tsort.Slice(s, func(i, j int) bool {\n")
		body("bool")
		g.b.WriteString(")\n\t\tfmt.Println(s)\n")
	}
	g.b.WriteString("\t})\n")
}

func pickOne[T any](g *generator, list []T) T { return list[g.r.Intn(len(list))] }

func (g *generator) name() string {
	g.names++
	return fmt.Sprintf("v%d", g.names)
}

func (g *generator) function() {
	f := genFunc{name: fmt.Sprintf("f%d", len(g.funcs)), result: pickOne(g, genTypes)}
	g.vars = map[string][]string{}
	var params []string
	for range 1 + g.r.Intn(3) {
		t, n := pickOne(g, genTypes), g.name()
		f.params = append(f.params, t)
		params = append(params, n+" "+t)
		g.vars[t] = append(g.vars[t], n)
	}
	fmt.Fprintf(&g.b, "func %s(%s) %s {\n", f.name, strings.Join(params, ", "), f.result)
	g.block(1, 6)
	fmt.Fprintf(&g.b, "\treturn %s\n}\n\n", g.expr(f.result, 3))
	g.funcs = append(g.funcs, f)
}

// block writes statements, whose variables end with it.
func (g *generator) block(indent, n int) {
	before := map[string][]string{}
	for t, list := range g.vars {
		before[t] = list[:len(list):len(list)]
	}
	for range n {
		g.statement(indent)
	}
	if indent > 1 {
		g.vars = before
	}
}

// statement writes a declaration, an assignment, a branch, a short loop, or a change of an
// element or field that is there.
func (g *generator) statement(indent int) {
	tab := strings.Repeat("\t", indent)
	k := g.r.Intn(10)
	switch {
	case k < 3:
		t, n := pickOne(g, genTypes), g.name()
		fmt.Fprintf(&g.b, "%svar %s %s = %s\n%s_ = %s\n", tab, n, t, g.expr(t, 3), tab, n)
		g.vars[t] = append(g.vars[t], n)
	case k < 6:
		t := pickOne(g, genTypes)
		if list := g.vars[t]; len(list) > 0 {
			fmt.Fprintf(&g.b, "%s%s = %s\n", tab, pickOne(g, list), g.expr(t, 3))
		}
	case k == 6 && indent < 4:
		fmt.Fprintf(&g.b, "%sif %s {\n", tab, g.expr("bool", 2))
		g.block(indent+1, 2)
		fmt.Fprintf(&g.b, "%s} else {\n", tab)
		g.block(indent+1, 2)
		fmt.Fprintf(&g.b, "%s}\n", tab)
	case k == 7 && indent < 3:
		n := g.name()
		fmt.Fprintf(&g.b, "%sfor %s := range %d {\n%s\t_ = %s\n", tab, n, 1+g.r.Intn(9), tab, n)
		g.vars["int"] = append(g.vars["int"], n)
		g.block(indent+1, 3)
		g.vars["int"] = g.vars["int"][:len(g.vars["int"])-1]
		fmt.Fprintf(&g.b, "%s}\n", tab)
	case k == 8:
		if list := g.vars["[]int"]; len(list) > 0 {
			x := pickOne(g, list)
			fmt.Fprintf(&g.b, "%sif len(%s) > 0 {\n%s\t%s[uint(%s)%%uint(len(%s))] += %s\n%s}\n", tab, x, tab, x, g.expr("int", 2), x, g.expr("int", 2), tab)
		}
	case k == 9:
		if list := g.vars["pair"]; len(list) > 0 {
			x := pickOne(g, list)
			fmt.Fprintf(&g.b, "%s%s.a, %s.b = %s, %s\n", tab, x, x, g.expr("int", 2), g.expr("float64", 2))
		}
	}
}

func (g *generator) call(f genFunc, depth int) string {
	var args []string
	for _, t := range f.params {
		args = append(args, g.expr(t, depth))
	}
	return f.name + "(" + strings.Join(args, ", ") + ")"
}

// expr is an expression of a type, at most so deep. Calls of other functions are not put into
// calls, as the time of a program would grow without bound.
func (g *generator) expr(t string, depth int) string {
	list := g.vars[t]
	if depth == 0 || g.r.Intn(4) == 0 {
		if len(list) > 0 && g.r.Intn(4) > 0 {
			return pickOne(g, list)
		}
		return g.literal(t)
	}
	if len(g.funcs) > 0 && g.r.Intn(8) == 0 && g.depth == 0 {
		for _, f := range g.funcs {
			if f.result == t {
				g.depth++
				defer func() { g.depth-- }()
				return g.call(f, depth-1)
			}
		}
	}
	switch t {
	case "bool":
		if g.r.Intn(3) == 0 {
			return fmt.Sprintf("(%s %s %s)", g.expr("bool", depth-1), pickOne(g, []string{"&&", "||", "==", "!="}), g.expr("bool", depth-1))
		}
		u := pickOne(g, append(genNumbers, "string"))
		return fmt.Sprintf("(%s %s %s)", g.expr(u, depth-1), pickOne(g, []string{"<", "<=", "==", "!=", ">", ">="}), g.expr(u, depth-1))
	case "string":
		switch g.r.Intn(3) {
		case 0:
			return fmt.Sprintf("(%s + %s)", g.expr("string", depth-1), g.literal("string"))
		case 1:
			return g.expr("pair", depth-1) + ".c"
		}
		return fmt.Sprintf("fmt.Sprint(%s)", g.expr(pickOne(g, genNumbers), depth-1))
	case "[]int":
		return fmt.Sprintf("append(%s[:0:0], %s, %s)", g.expr("[]int", depth-1), g.expr("int", depth-1), g.expr("int", depth-1))
	case "pair":
		return fmt.Sprintf("pair{%s, %s, %s}", g.expr("int", depth-1), g.expr("float64", depth-1), g.expr("string", depth-1))
	case "float64", "float32":
		switch g.r.Intn(5) {
		case 0:
			return fmt.Sprintf("%s(%s)", t, g.expr(pickOne(g, genNumbers), depth-1))
		case 1:
			if t == "float64" {
				return g.expr("pair", depth-1) + ".b"
			}
		}
		return fmt.Sprintf("(%s %s %s)", g.expr(t, depth-1), pickOne(g, []string{"+", "-", "*", "/"}), g.expr(t, depth-1))
	}
	return g.integer(t, depth)
}

// integer is an expression of an integer type. Shifts are of less than 72 bits, beyond the width
// of all types on purpose, and divisors are never zero.
func (g *generator) integer(t string, depth int) string {
	switch g.r.Intn(8) {
	case 0:
		from := pickOne(g, []string{"int", "int8", "uint8", "int32", "uint32", "uint64"})
		return fmt.Sprintf("%s(%s)", t, g.expr(from, depth-1))
	case 1:
		return fmt.Sprintf("(%s %s (%s & 71))", g.expr(t, depth-1), pickOne(g, []string{"<<", ">>"}), g.expr("uint8", depth-1))
	case 2:
		if t == "int" {
			return pickOne(g, []string{"len(" + g.expr("[]int", depth-1) + ")", "len(" + g.expr("string", depth-1) + ")", g.expr("pair", depth-1) + ".a"})
		}
	case 3:
		return fmt.Sprintf("func(x %s) %s { return x %s %s }(%s)", t, t, pickOne(g, []string{"+", "*", "^"}), g.expr(t, depth-1), g.expr(t, depth-1))
	case 4:
		if t == "int" {
			x := pickOne(g, append(g.vars["[]int"], "[]int{1, 2, 3}"))
			return fmt.Sprintf("at(%s, %s)", x, g.expr("int", depth-1))
		}
	}
	o := pickOne(g, []string{"+", "-", "*", "/", "%", "&", "|", "^", "&^"})
	y := g.expr(t, depth-1)
	if o == "/" || o == "%" {
		y = fmt.Sprintf("(%s | %s)", y, g.one(t))
	}
	return fmt.Sprintf("(%s %s %s)", g.expr(t, depth-1), o, y)
}

// one is the number 1, which the compiler does not calculate with.
func (g *generator) one(t string) string { return fmt.Sprintf("func() %s { return 1 }()", t) }

// literal is a value of t that the compiler does not calculate with.
func (g *generator) literal(t string) string {
	switch t {
	case "bool":
		return pickOne(g, []string{"(len(fmt.Sprint()) == 0)", "(len(fmt.Sprint()) == 1)"})
	case "string":
		return pickOne(g, []string{`""`, `"a"`, `"héllo"`, `"xyz"`})
	case "[]int":
		return pickOne(g, []string{"[]int{}", "[]int{1, 2, 3}", "[]int(nil)", "make([]int, 4)"})
	case "pair":
		return pickOne(g, []string{"pair{}", `pair{3, 0.5, "p"}`})
	case "float64", "float32":
		return fmt.Sprintf("func() %s { return %s }()", t, pickOne(g, []string{"0.1", "1.5", "-2", "1e10", "0", "3"}))
	}
	return fmt.Sprintf("func() %s { return %s }()", t, pickOne(g, []string{"0", "1", "2", "7", "13", "100", "127"}))
}
