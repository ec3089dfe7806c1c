package oracle

import (
	"fmt"
	"strings"
)

// statement is one or several, with what they print.
//
// Within functions it is one that prints nothing and does not fail, for the reason that
// declareFunc gives. What happens at the top level of the body is seen in the output.
func (g *generator) statement() string {
	g.level++
	defer func() { g.level-- }()
	if g.inFunc && g.level > 2 {
		return g.assign()
	}
	if g.level > 3 {
		return g.print()
	}
	if g.inFunc {
		return pick(g, []func() string{g.define, g.assign, g.branch, g.loop, g.assign, g.closure, g.shadow, g.ranges, g.jump})()
	}
	return pick(g, []func() string{
		g.define, g.define, g.assign, g.assign, g.print, g.print, g.branch, g.loop, g.ranges, g.closure, g.shadow, g.jump,
		g.fails, g.fails, g.fails, g.nils, g.nils, g.nils, g.defers, g.goroutines, g.switches, g.types2, g.methods, g.selects, g.slices, g.iterators,
		g.neverReached, g.constants, g.copies, g.embedded, g.order,
	})()
}

// block is statements in braces, whose variables end with it.
func (g *generator) block(n int, more ...*variable) string {
	scope := g.scope
	g.scope = append(append([]*variable{}, scope...), more...)
	var b strings.Builder
	b.WriteString("{\n")
	for range 1 + g.r.IntN(n) {
		b.WriteString(g.statement())
	}
	b.WriteString("}")
	g.scope = scope
	return b.String()
}

// show prints the value of an expression without an address.
//
// Maps print in the order of their keys by package fmt; what holds pointers, functions or
// channels below the top is shown by its length or nil alone.
func (g *generator) show(x string, t *typ) string {
	switch {
	case t.printable():
		return fmt.Sprintf("fmt.Printf(\"%%v %%T\\n\", %s, %s)\n", x, x)
	case t.kind == pointer && t.elem.printable():
		return fmt.Sprintf("fmt.Println(deref(%s))\n", x)
	case t.kind == pointer, t.kind == function:
		return fmt.Sprintf("fmt.Printf(\"%%v %%T\\n\", %s == nil, %s)\n", x, x)
	case t.kind == channel:
		return fmt.Sprintf("fmt.Println(%s == nil, len(%s), cap(%s))\n", x, x, x)
	case t.kind == slice, t.kind == mapping:
		return fmt.Sprintf("fmt.Printf(\"%%v %%d %%T\\n\", %s == nil, len(%s), %s)\n", x, x, x)
	case t.kind == structure:
		var b strings.Builder
		for _, f := range t.fields {
			b.WriteString(g.show(x+"."+f.name, f.t))
		}
		return b.String()
	case t.kind == array:
		return fmt.Sprintf("fmt.Printf(\"%%d %%T\\n\", len(%s), %s)\n", x, x)
	}
	return fmt.Sprintf("fmt.Printf(\"%%T\\n\", %s)\n", x)
}

// print prints a value of any type.
func (g *generator) print() string {
	t := g.anyTyp(2)
	if !t.printable() {
		v := g.name("x")
		return fmt.Sprintf("{\nvar %s %s = %s\n%s}\n", v, t.name, g.expr(t, 3), g.show(v, t))
	}
	return fmt.Sprintf("fmt.Printf(%q, %s)\n", g.verb(t)+"\n", g.valueOf(t, 3))
}

// define declares a variable in one of the ways that Go has. Each is used at once, lest the
// program be invalid.
func (g *generator) define() string {
	t := g.anyTyp(2)
	v := &variable{name: g.name("x"), t: t}
	text := ""
	switch g.r.IntN(4) {
	case 0:
		text = fmt.Sprintf("var %s %s\n", v.name, t.name)
	case 1:
		w := &variable{name: g.name("x"), t: g.anyTyp(1)}
		text = fmt.Sprintf("%s, %s := %s, %s\n_ = %s\n", v.name, w.name, g.valueOf(t, 2), g.valueOf(w.t, 2), w.name)
		g.scope = append(g.scope, w)
	case 2:
		text = fmt.Sprintf("%s := %s\n", v.name, g.valueOf(t, 3))
	default:
		text = fmt.Sprintf("var %s %s = %s\n", v.name, t.name, g.expr(t, 3))
	}
	g.scope = append(g.scope, v)
	if g.inFunc {
		return text + "_ = " + v.name + "\n"
	}
	return text + g.show(v.name, t) + "_ = " + v.name + "\n"
}

// target is a variable that may be assigned to.
func (g *generator) target() *variable {
	var fit []*variable
	for _, v := range g.scope {
		if !v.fixed {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return pick(g, fit)
}

// assign changes a variable, or a part of one. Where that could fail, because a map is nil or a
// slice empty, it looks first.
func (g *generator) assign() string {
	v := g.target()
	if v == nil {
		return g.define()
	}
	x, t := v.name, v.t
	switch {
	case t.kind == structure && len(t.fields) > 0 && g.one(2):
		f := pick(g, t.fields)
		x, t = x+"."+f.name, f.t
	case t.kind == array && g.one(2):
		x, t = fmt.Sprintf("%s[%d]", x, g.r.IntN(t.size)), t.elem
	case t.kind == mapping && g.one(2):
		return fmt.Sprintf("if %s != nil { %s[%s] = %s }\n", x, x, g.constant(t.key), g.expr(t.elem, 2))
	case t.kind == mapping && g.one(3):
		return fmt.Sprintf("delete(%s, %s)\n", x, g.constant(t.key))
	case t.kind == slice && g.one(2):
		return fmt.Sprintf("%s = append(%s, %s)\n", x, x, g.expr(t.elem, 2))
	case t.kind == slice && g.one(2):
		return fmt.Sprintf("if len(%s) > 0 { %s[len(%s)-1] = %s }\n", x, x, x, g.expr(t.elem, 2))
	case t.kind == pointer && g.one(2):
		return fmt.Sprintf("if %s != nil { *%s = %s }\n", x, x, g.expr(t.elem, 2))
	}
	text := fmt.Sprintf("%s = %s\n", x, g.expr(t, 3))
	switch {
	case (t.integer() || t.kind == float) && g.one(3):
		text = x + pick(g, []string{"++", "--"}) + "\n"
	case (t.number() || t.kind == textual) && g.one(2):
		text = fmt.Sprintf("%s += %s\n", x, g.expr(t, 2))
	case t.integer() && g.one(2):
		text = fmt.Sprintf("%s %s= %s\n", x, pick(g, []string{"<<", ">>"}), g.shift())
	}
	if t.name == "error" {
		text += "_ = " + x + "\n"
	}
	return text
}

func (g *generator) branch() string {
	text := "if "
	if g.one(3) {
		t := pick(g, basics)
		v := &variable{name: g.name("x"), t: t}
		text += fmt.Sprintf("%s := %s; %s == %s ", v.name, g.valueOf(t, 1), v.name, g.varOr(t))
	} else {
		text += g.boolExpr(2) + " "
	}
	text += g.block(2)
	if g.one(2) {
		text += " else " + g.block(2)
	}
	return text + "\n"
}

// loop is a loop that ends. The limit on how many lie in each other keeps programs quick.
func (g *generator) loop() string {
	if g.loops > 1 {
		return g.assign()
	}
	g.loops++
	defer func() { g.loops-- }()
	i := &variable{name: g.name("i"), t: intType, fixed: true}
	switch g.r.IntN(4) {
	case 0:
		return fmt.Sprintf("for %s := range %d %s\n", i.name, 1+g.r.IntN(3), g.blockUsing(i))
	case 1:
		i.t = pick(g, integers)
		return fmt.Sprintf("for %s := range id[%s](3) %s\n", i.name, i.t.name, g.blockUsing(i))
	case 2: // closures of each turn have a variable of their own
		fs := g.name("fs")
		after := fmt.Sprintf("for _, f := range %s { f() }\n", fs)
		return fmt.Sprintf("var %[1]s []func() int\nfor %[2]s := 0; %[2]s < 3; %[2]s++ {\n%[1]s = append(%[1]s, func() int { %[2]s += 10; return %[2]s })\n%[3]sif %[2]s == 1 { %[1]s = append(%[1]s, func() int { return %[2]s }) }\n}\n%[4]s",
			fs, i.name, g.statementIn(i), after)
	}
	out := g.name("out")
	j := &variable{name: g.name("i"), t: intType, fixed: true}
	return fmt.Sprintf("%[1]s:\nfor %[2]s := 0; %[2]s < 3; %[2]s++ {\nfor %[3]s := range 3 {\nif %[3]s == %[4]d { continue %[1]s }\nif %[2]s+%[3]s == %[5]d { break %[1]s }\nswitch { case %[3]s == 0: continue; case %[2]s > 5: break %[1]s }\n%[6]s}\n}\n",
		out, i.name, j.name, g.r.IntN(4), g.r.IntN(5), g.statementIn(i, j))
}

// statementIn is a statement with more variables.
func (g *generator) statementIn(more ...*variable) string {
	scope := g.scope
	g.scope = append(append([]*variable{}, scope...), more...)
	defer func() { g.scope = scope }()
	return "{\n" + g.statement() + "}\n"
}

// ranges goes over something.
func (g *generator) ranges() string {
	if g.loops > 1 {
		return g.assign()
	}
	g.loops++
	defer func() { g.loops-- }()
	k, v := &variable{name: g.name("k"), t: intType}, &variable{name: g.name("e"), t: g.anyTyp(1)}
	switch g.r.IntN(6) {
	case 0:
		return fmt.Sprintf("for %s, %s := range %s %s\n", k.name, v.name, g.typed(sliceOf(v.t), g.expr(sliceOf(v.t), 2)), g.blockUsing(k, v))
	case 1:
		a := arrayOf(2, v.t)
		return fmt.Sprintf("for %s, %s := range %s %s\n", k.name, v.name, g.valueOf(a, 2), g.blockUsing(k, v))
	case 2:
		v.t = basic(signed, "rune", 32)
		return fmt.Sprintf("for %s, %s := range %s %s\n", k.name, v.name, g.varOr(stringType), g.blockUsing(k, v))
	case 3:
		x, n := g.name("x"), g.name("n")
		key := g.keyTyp()
		return fmt.Sprintf("{\n%[1]s := %[2]s\n%[3]s := 0\nfor k, v := range %[1]s {\n_, _ = k, v\n%[3]s++\nif _, ok := %[1]s[k]; !ok { panic(\"no key\") }\n}\nif %[3]s != len(%[1]s) || %[3]s != count(%[1]s) { panic(%[3]s) }\n}\n", x, g.valueOf(mapOf(key, v.t), 2), n)
	case 4:
		return fmt.Sprintf("for %s := range %s {\nif %s > 2 { break }\n%s}\n", k.name, g.valueOf(sliceOf(v.t), 1), k.name, g.statementIn(k))
	}
	return fmt.Sprintf("for range %d %s\n", g.r.IntN(4), g.block(2))
}

// blockUsing is a block that uses variables which Go would otherwise refuse as unused.
func (g *generator) blockUsing(vs ...*variable) string {
	use := ""
	for _, v := range vs {
		use += "_ = " + v.name + "\n"
	}
	b := g.block(2, vs...)
	return "{\n" + use + b[2:]
}

// closure makes a function literal that changes a variable, and calls it.
func (g *generator) closure() string {
	f := g.name("f")
	v := g.target()
	if v == nil {
		return g.define()
	}
	switch g.r.IntN(3) {
	case 0:
		return fmt.Sprintf("%[1]s := func() { %[2]s = %[3]s; _ = %[2]s }\n%[1]s()\n%[1]s()\n", f, v.name, g.expr(v.t, 2))
	case 1:
		return fmt.Sprintf("{\n%[1]s := %[2]s\nfunc() { %[1]s, %[2]s = %[2]s, %[3]s; _ = %[2]s }()\n_ = %[1]s\n}\n", f, v.name, g.expr(v.t, 1))
	}
	return fmt.Sprintf("{\nvar %[1]s func(n int) int\n%[1]s = func(n int) int { if n <= 0 { return 0 }; return n + %[1]s(n-1) }\n_ = %[1]s(%[2]d)\n}\n", f, g.r.IntN(5))
}

// builtins are names that a program may use for its own.
var builtins = []string{"len", "nil", "true", "string", "int", "append", "recover", "new", "error", "any", "print", "max", "copy", "panic", "iota", "cap", "make", "min",
	"clear", "close", "delete", "real", "byte", "uint", "bool", "println", "false", "rune", "comparable", "fmt", "errors", "runtime", "burn", "id"}

// shadow uses a name of Go's or a package's for a variable of its own.
//
// An interpreter rewrites code with names such as len in it, which must not mean the program's
// own.
func (g *generator) shadow() string {
	b, c := pick(g, builtins), pick(g, builtins)
	if b == c {
		c = "other"
	}
	v := g.name("x")
	show := "fmt.Println(\"shadow\", " + v + ")\n"
	if g.inFunc {
		show = "_ = " + v + "\n"
	}
	switch g.r.IntN(5) {
	case 0:
		return fmt.Sprintf("%[1]s := 1\n{\n%[2]s := 2\nfor i := 0; i < 3; i++ { %[2]s += i; %[1]s += %[2]s }\n}\n%[3]s", v, b, show)
	case 1:
		return fmt.Sprintf("%[1]s := 0\nfunc(%[2]s, %[3]s int16) {\nfor i := range 3 { if i == 2 { break }; %[1]s += i; %[2]s += %[3]s }\n%[1]s += 3 * func() (n int) { for range %[2]s { n++ ; if n > 4 { break } }; return n }()\n}(3, 4)\n%[4]s", v, b, c, show)
	case 2:
		return fmt.Sprintf("%[1]s := 0.5\n{\n%[2]s := func(n float64) float64 { return n + 1 }\nfunc() { defer func() { %[1]s = %[2]s(%[1]s) }(); %[1]s *= 2 }()\nfor %[1]s < 5 { %[1]s = %[2]s(%[1]s) }\n}\n%[3]s", v, b, show)
	case 3:
		return fmt.Sprintf("%[1]s := \"s\"\n{\ntype %[2]s struct{ %[3]s float64 }\n%[3]s := []%[2]s{{1}, {2}}\nfor _, x := range %[3]s { %[1]s += \"t\"; x.%[3]s++ ; _ = x }\nfor range 2 { %[1]s += \"u\" }\n}\n%[4]s", v, b, c, show)
	}
	return fmt.Sprintf("%[1]s := 0\n{\nconst %[2]s = 3\n%[3]s := [2]float64{1}\nfor %[1]s = range %[2]s { if %[3]s[0] > 5 { continue }; %[3]s[1]++ }\n}\n%[4]s", v, b, c, show)
}

// jump goes to a label.
func (g *generator) jump() string {
	n, again, done := g.name("n"), g.name("again"), g.name("done")
	return fmt.Sprintf("func() {\n%[1]s := 0\n%[2]s:\n%[1]s++\nif %[1]s > %[4]d { goto %[3]s }\nif %[1]s < 9 { goto %[2]s }\n%[3]s:\n_ = %[1]s\n}()\n", n, again, done, g.r.IntN(12))
}

// guard is a function that recovers from what statements do.
func (g *generator) guard(statements string) string {
	return fmt.Sprintf("try(%q, func() {\n%s})\n", g.name("try "), statements)
}

// fails does one thing that may fail.
func (g *generator) fails() string {
	g.guarded = true
	defer func() { g.guarded = false }()
	return g.guard(g.fault())
}

// fault is a statement that may fail once.
//
// The cases are the ways in which Go's runtime throws, each with values that make it do so about
// half of the time.
func (g *generator) fault() string {
	g.faults = 1
	defer func() { g.faults = 0 }()
	t := g.anyTyp(1)
	x := g.name("x")
	switch g.r.IntN(26) {
	case 0:
		return fmt.Sprintf("var m map[%s]%s\nm[%s] = %s\n", "string", t.name, g.expr(stringType, 1), g.expr(t, 1))
	case 1:
		return fmt.Sprintf("var p *%s\n%s := *p\n_ = %s\n", t.name, x, x)
	case 2:
		return fmt.Sprintf("var c chan %s\nclose(c)\n", t.name)
	case 3:
		return fmt.Sprintf("c := make(chan %s, 2)\nclose(c)\nv, ok := <-c\n_ = v\nfmt.Println(ok)\n%s\n", t.name, pick(g, []string{"close(c)", "c <- " + g.expr(t, 1)}))
	case 4:
		return fmt.Sprintf("s := make([]%s, id(%s))\nfmt.Println(len(s))\n", t.name, pick(g, []string{"-1", "2"}))
	case 5:
		return fmt.Sprintf("s := %s\nv := s[%s]\n_ = v\nfmt.Println(len(s))\n", g.valueOf(sliceOf(t), 1), g.index())
	case 6:
		return fmt.Sprintf("s := %s\ns = s[:len(s):len(s)][%s:%s]\nfmt.Println(len(s))\n", g.valueOf(sliceOf(t), 1), g.index(), g.index())
	case 7:
		return fmt.Sprintf("s := make([]%s, 2, 5)\ns = s[%s:%s:%s]\nfmt.Println(len(s), cap(s))\n", t.name, g.index(), g.index(), g.index())
	case 8:
		return fmt.Sprintf("v := any(%s).(%s)\n_ = v\n", g.valueOf(g.printTyp(), 1), t.name)
	case 9:
		u := pick(g, integers)
		return fmt.Sprintf("a, b := %s, %s\nfmt.Println(a %s b)\n", g.valueOf(u, 1), g.valueOf(u, 0), pick(g, []string{"/", "%"}))
	case 10:
		u := pick(g, integers)
		return fmt.Sprintf("a := %s\na %s= %s\nfmt.Println(a)\n", g.valueOf(u, 1), pick(g, []string{"<<", ">>"}), g.valueOf(intType, 0))
	case 11:
		return fmt.Sprintf("m := map[any]int{}\nm[any(%s)]++\nfmt.Println(len(m))\n", g.valueOf(g.printTyp(), 1))
	case 12:
		return fmt.Sprintf("panic(%s)\n", pick(g, []string{`"text"`, `fmt.Errorf("error %d", 3)`, `fmt.Sprint("text", 1)`, "errors.New(\"mine\")"}))
	case 13:
		return fmt.Sprintf("a := [3]%s{}\nfmt.Println(len(a[:%s]))\n", t.name, g.index())
	case 14:
		return fmt.Sprintf("s := make([]%s, id(%d))\na := [2]%s(s)\n_ = a\nfmt.Println(len(a))\n", t.name, g.r.IntN(4), t.name)
	case 15:
		return fmt.Sprintf("s := make([]%s, id(%d))\na := (*[2]%s)(s)\nfmt.Println(a == nil, len(a))\n", t.name, g.r.IntN(4), t.name)
	case 16:
		return fmt.Sprintf("var f func(int) %s\nif fuel >= 0 { f(%s) }\n", t.name, g.expr(intType, 1))
	case 17:
		return "var e error\nfmt.Println(e.Error())\n"
	case 18:
		for _, c := range g.types {
			if c.kind == contract && c.elem != nil {
				return pick(g, []string{
					fmt.Sprintf("var i %s\ni.%s(1)\n", c.name, c.methods[0].name),
					fmt.Sprintf("i := any(%s).(%s)\nfmt.Printf(\"%%T\\n\", i)\n", g.valueOf(g.printTyp(), 1), c.name),
				})
			}
		}
		return "var p *pair[int, string]\nfmt.Println(p.Key)\n"
	case 19:
		return "var p *pair[int, string]\np.set(1, \"a\")\n"
	case 20:
		return fmt.Sprintf("defer func() { panic(fmt.Sprint(\"again \", recover())) }()\n%s", g.fault())
	case 21:
		return fmt.Sprintf("func() {\ndefer func() { fmt.Println(\"first\", recover()) }()\n%s}()\n", g.fault())
	case 22:
		return fmt.Sprintf("defer fmt.Println(\"deferred\", %s)\n%s", g.expr(intType, 1), g.fault())
	case 23:
		return fmt.Sprintf("s := %s\nfmt.Println(s[%s])\n", g.varOr(stringType), g.index())
	case 24:
		return fmt.Sprintf("p := new(*pair[int, %s])\n(*p).Value = %s\n", t.name, g.expr(t, 1))
	}
	return fmt.Sprintf("fmt.Println(%s)\n", g.expr(g.printTyp(), 4))
}
