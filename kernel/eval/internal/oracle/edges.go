package oracle

import (
	"fmt"
	"strings"
)

// This file has the places where an interpreter is likely to differ, with random types and values
// in them.

// nils has nil and zero values meet maps, channels, slices, fields, calls, results and type
// switches.
func (g *generator) nils() string {
	t := g.nilTyp()
	x := g.name("x")
	value := pick(g, []string{"nil", "nil", "zero[" + t.name + "]()", g.expr(t, 1)})
	show := func(e string) string { return fmt.Sprintf("fmt.Println(%s == nil)\n", e) }
	switch g.r.IntN(20) {
	case 0:
		k := g.keyTyp()
		key := g.constant(k)
		return fmt.Sprintf("{\n%[1]s := map[%[2]s]%[3]s{%[4]s: %[5]s}\n_, ok := %[1]s[%[4]s]\nfmt.Println(len(%[1]s), ok)\n%[1]s[%[4]s] = %[5]s\nv, ok := %[1]s[%[4]s]\nfmt.Println(len(%[1]s), v == nil, ok)\nfor range %[1]s { fmt.Println(\"one\") }\ndelete(%[1]s, %[4]s)\nfmt.Println(len(%[1]s), %[1]s[%[4]s] == nil)\n}\n", x, k.name, t.name, key, value)
	case 1:
		return fmt.Sprintf("{\n%[1]s := make(chan %[2]s, 2)\n%[1]s <- %[3]s\nselect {\ncase %[1]s <- %[3]s:\nfmt.Println(\"sent\")\ndefault:\n}\nclose(%[1]s)\nv, ok := <-%[1]s\nfmt.Println(v == nil, ok)\nfor v := range %[1]s { fmt.Println(v == nil) }\nv, ok = <-%[1]s\nfmt.Println(v == nil, ok)\n}\n", x, t.name, value)
	case 2:
		return fmt.Sprintf("{\n%[1]s := append([]%[2]s{%[3]s}, %[3]s, %[4]s)\n%[1]s[0] = %[3]s\n%[1]s = append(%[1]s, %[1]s...)\n%[1]s = append(%[1]s, nil)\nfmt.Println(len(%[1]s), %[1]s[0] == nil, %[1]s[len(%[1]s)-1] == nil)\nfor i, v := range %[1]s { fmt.Println(i, v == nil) }\n}\n", x, t.name, value, g.expr(t, 1))
	case 3:
		return fmt.Sprintf("{\n%[1]s := struct{ a, b %[2]s; c [2]%[2]s }{%[3]s, nil, [2]%[2]s{1: %[3]s}}\n%[1]s.a, %[1]s.c[0] = %[1]s.b, %[3]s\ny := %[1]s\ny.b = %[4]s\nfmt.Println(%[1]s.a == nil, %[1]s.b == nil, %[1]s.c[0] == nil, %[1]s.c[1] == nil, y.b == nil)\n}\n", x, t.name, value, g.expr(t, 1))
	case 4:
		return fmt.Sprintf("{\n%[1]s := func(a %[2]s, more ...%[2]s) (b %[2]s, n int) { if len(more) > 0 { b = more[0] }; return b, len(more) }\na, n := %[1]s(%[3]s)\nb, m := %[1]s(%[3]s, nil)\nc, l := %[1]s(nil, %[3]s, nil)\nfmt.Println(a == nil, n, b == nil, m, c == nil, l)\nfmt.Println(countOf[%[2]s](nil), countOf[%[2]s](nil...), countOf(%[4]s))\n}\n", x, t.name, value, g.valueOf(t, 1))
	case 5:
		return fmt.Sprintf("switch %[1]s := any(%[2]s).(type) {\ncase nil:\nfmt.Println(\"nil\")\ncase %[3]s:\nfmt.Println(%[1]s == nil)\ncase interface{ Error() string }, interface{ String() string }:\nfmt.Printf(\"%%T\\n\", %[1]s)\ndefault:\nfmt.Printf(\"other %%T\\n\", %[1]s)\n}\n", x, g.valueOf(t, 1), t.name)
	case 6:
		return fmt.Sprintf("{\n%[1]s := map[any]any{nil: nil, %[2]s: %[3]s}\n%[1]s[nil] = %[4]s\n%[1]s[%[2]s] = nil\n_, ok := %[1]s[zero[any]()]\nfmt.Println(len(%[1]s), ok, %[1]s[%[2]s] == nil)\n}\n", x, pick(g, []string{"1", `"a"`, "[1]any{nil}", "struct{ x any }{nil}", "error(nil) == nil"}), "any("+g.valueOf(g.printTyp(), 1)+")", "any("+g.valueOf(g.printTyp(), 1)+")")
	case 7:
		return fmt.Sprintf("{\n%[1]s := pair[string, %[2]s]{\"k\", %[3]s}\n%[1]s.set(\"l\", %[3]s)\nk, v := %[1]s.get()\nfmt.Println(k, v == nil)\nm := map[string]pair[string, %[2]s]{\"a\": %[1]s}\nfmt.Println(m[\"a\"].Value == nil, m[\"none\"].Value == nil)\n}\n", x, t.name, value)
	case 8:
		return fmt.Sprintf("{\n%[1]s := mapped([]%[2]s{nil, %[3]s}, func(v %[2]s) bool { return v == nil })\nfmt.Println(%[1]s)\nfmt.Println(len(mapped([]int{1, 2}, func(int) %[2]s { return %[3]s })))\n}\n", x, t.name, value)
	case 9:
		return fmt.Sprintf("{\ndone := make(chan bool)\ngo func(v %[1]s, w any) { fmt.Println(v == nil, w == nil); close(done) }(%[2]s, nil)\n<-done\nfunc() { defer func(v %[1]s, w error) { fmt.Println(v == nil, w == nil) }(%[2]s, nil) }()\n}\n", t.name, value)
	case 10:
		return fmt.Sprintf("{\nvar %[1]s any = %[2]s\n_, ok := %[1]s.(%[3]s)\nfmt.Println(%[1]s == nil, ok)\nvar e error\nvar i any = e\nfmt.Println(i == nil, i == any(e))\n}\n", x, g.valueOf(t, 1), t.name)
	case 11:
		return fmt.Sprintf("{\n%[1]s := map[string]map[string]%[2]s{\"a\": nil}\n_, ok := %[1]s[\"a\"][\"b\"]\nfmt.Println(len(%[1]s), ok)\n%[1]s[\"b\"] = map[string]%[2]s{\"c\": %[3]s}\nfmt.Println(len(%[1]s[\"b\"]))\nclear(%[1]s)\nfmt.Println(len(%[1]s))\n}\n", x, t.name, value)
	case 12:
		return fmt.Sprintf("{\n%[1]s := func() (a %[2]s, b any, c error) { return %[3]s, nil, nil }\na, b, c := %[1]s()\nfmt.Println(a == nil, b == nil, c == nil)\nfmt.Println(%[1]s())\n}\n", x, pick(g, []string{"any", "error", "[]int", "map[string]any"}), "nil")
	case 13:
		return fmt.Sprintf("{\np := &[]%[1]s{%[2]s, nil}\n(*p)[0], (*p)[1] = (*p)[1], (*p)[0]\nfmt.Println((*p)[0] == nil, (*p)[1] == nil)\nq := new(%[1]s)\n*q = %[2]s\nfmt.Println(*q == nil)\nvar r **%[1]s\nfmt.Println(r == nil)\n}\n", t.name, value)
	case 14:
		return fmt.Sprintf("{\n%[1]s := [...]%[2]s{2: nil}\nfmt.Println(len(%[1]s))\nfor _, v := range %[1]s { fmt.Println(v == nil) }\nfor i := range %[1]s { %[1]s[i] = %[3]s }\nfmt.Println(%[1]s[1] == nil)\n}\n", x, t.name, value)
	case 15:
		return fmt.Sprintf("{\nvar mu sync.Map\nmu.Store(\"a\", nil)\nv, ok := mu.Load(\"a\")\nfmt.Println(v, ok)\nm := map[string]any{\"x\": %[1]s, \"y\": nil}\nfmt.Println(len(m), m[\"y\"])\n}\n", g.expr(g.printTyp(), 1))
	case 16:
		return fmt.Sprintf("{\nvar f func() %[1]s\nfmt.Println(f == nil)\nf = func() %[1]s { return %[2]s }\nv := f()\n%[3]sfs := map[string]func() %[1]s{\"a\": nil, \"b\": f}\nfmt.Println(len(fs), fs[\"a\"] == nil, fs[\"b\"] == nil, fs[\"c\"] == nil)\n}\n", t.name, value, show("v"))
	case 17:
		return fmt.Sprintf("{\ns := slices.Insert([]%[1]s{nil}, 0, nil, %[2]s)\ns = slices.Grow(slices.Clone(s), 3)\nslices.Reverse(s)\nfmt.Println(len(s), s[0] == nil, slices.ContainsFunc(s, func(v %[1]s) bool { return v == nil }))\n}\n", t.name, value)
	case 18:
		return fmt.Sprintf("{\nc, d := make(chan %[1]s, 1), make(chan %[1]s, 1)\nc <- nil\nselect {\ncase v, ok := <-c:\nfmt.Println(v == nil, ok)\ncase v := <-d:\nfmt.Println(\"d\", v == nil)\n}\nm := map[int]%[1]s{}\nd <- %[2]s\nselect {\ncase m[1] = <-d:\nfmt.Println(len(m), m[1] == nil)\n}\n}\n", t.name, value)
	}
	return fmt.Sprintf("{\nvar %[1]s %[2]s = %[3]s\ny := %[1]s\n%[1]s = nil\nfmt.Println(%[1]s == nil, y == nil)\n}\n", x, t.name, value)
}

// defers has deferred calls change results, see arguments as they were, and recover.
func (g *generator) defers() string {
	t := pick(g, basics)
	switch g.r.IntN(6) {
	case 0:
		return fmt.Sprintf("fmt.Println(func() (a %[1]s, b int) {\ndefer func() { b++ }()\ndefer func() { a = %[2]s }()\na = %[3]s\nreturn a, 2\n}())\n", t.name, g.expr(t, 1), g.expr(t, 1))
	case 1:
		return fmt.Sprintf("func() {\nfor i := range 3 {\ndefer fmt.Println(\"deferred\", i, %s)\n}\nfor i := 0; i < 2; i++ {\ndefer func() { fmt.Println(\"closure\", i) }()\n}\n}()\n", g.expr(g.printTyp(), 1))
	case 2:
		return g.guard("defer func() {\nfmt.Println(recover())\npanic(\"second\")\n}()\ndefer func() {\ndefer func() { fmt.Println(\"inner\", recover()) }()\npanic(\"third\")\n}()\npanic(fmt.Sprint(" + g.expr(g.printTyp(), 1) + "))\n")
	case 3:
		return g.guard("panic(" + pick(g, []string{"nil", "any(nil)", "error(nil)", "zero[any]()"}) + ")\n")
	case 4:
		return fmt.Sprintf("fmt.Println(func() (s string) {\ndefer func() {\nif r := recover(); r != nil {\ns = fmt.Sprint(\"recovered \", r)\n}\n}()\nvar m map[string]%[1]s\nm[\"a\"] = %[2]s\nreturn \"none\"\n}())\n", t.name, g.expr(t, 1))
	}
	return "func() {\ndefer func() { fmt.Println(\"outer\", recover()) }()\nfunc() {\ndefer recover()\ndefer func() { func() { fmt.Println(\"too deep\", recover()) }() }()\n" + pick(g, []string{"panic(\"p\")", "panic(errors.New(\"e\"))", "var p *int; *p = 1"}) + "\n}()\n}()\n"
}

// goroutines has some talk in an order that is given.
func (g *generator) goroutines() string {
	t := g.printTyp()
	switch g.r.IntN(5) {
	case 0:
		return fmt.Sprintf("{\nvar group sync.WaitGroup\nout := make([]%[1]s, 4)\nfor i := range out {\ngroup.Add(1)\ngo func() { defer group.Done(); defer func() { _ = recover() }(); if i > 0 { out[i] = %[2]s } }()\n}\ngroup.Wait()\nfmt.Println(len(out), out)\n}\n", t.name, g.closed(t))
	case 1:
		return fmt.Sprintf("{\nin, out, v := make(chan int), make(chan string), any(%[1]s)\ngo func() { defer close(out); for n := range in { out <- fmt.Sprint(n*n, v) } }()\nfor i := range 3 { in <- i; fmt.Println(<-out) }\nclose(in)\n_, ok := <-out\nfmt.Println(ok)\n}\n", g.closed(t))
	case 2:
		return "{\nvar mu sync.Mutex\nvar group sync.WaitGroup\nsum := 0\nfor i := range 10 {\ngroup.Go(func() { mu.Lock(); defer mu.Unlock(); sum += i })\n}\ngroup.Wait()\nfmt.Println(sum)\n}\n"
	case 3:
		return "{\ndone := make(chan any)\ngo func() {\ndefer func() { done <- recover() }()\n" + pick(g, []string{"var m map[int]int; m[1] = 1", "panic(\"in a goroutine\")", "runtime.Goexit()", "_ = []int{}[id(3)]"}) + "\n}()\nfmt.Println(<-done)\n}\n"
	}
	return "{\nvar once sync.Once\nfor range 3 { once.Do(func() { fmt.Println(\"once\") }) }\nf := sync.OnceValue(func() string { return fmt.Sprint(" + g.closed(t) + ") })\nfmt.Println(f(), f())\n}\n"
}

// switches has clauses in an order that matters, fallthrough, and default in odd places.
func (g *generator) switches() string {
	t := pick(g, basics)
	if t.kind == boolean || t.kind == complexNumber {
		t = intType
	}
	x := g.name("x")
	switch g.r.IntN(3) {
	case 0:
		return fmt.Sprintf("switch %[1]s := %[2]s; %[1]s {\ncase %[3]s:\nfmt.Println(\"one\")\nfallthrough\ncase id[%[5]s](%[4]s), %[1]s:\nfmt.Println(\"two\")\ndefault:\nfmt.Println(\"none\")\n}\n", x, g.valueOf(t, 1), g.valueOf(t, 0), g.constant(t), t.name)
	case 1:
		return fmt.Sprintf("switch {\ndefault:\nfmt.Println(\"default\")\ncase %s:\nfmt.Println(\"a\")\ncase %s:\nfmt.Println(\"b\")\nfallthrough\ncase %s:\nfmt.Println(\"c\")\n}\n", g.boolExpr(2), g.boolExpr(2), g.boolExpr(1))
	}
	return fmt.Sprintf("for i := range 4 {\nswitch any(i) {\ncase 1:\ncontinue\ncase any(int8(2)), \"x\", nil:\nfmt.Println(\"never\")\ncase %d:\nbreak\ndefault:\nfmt.Println(i)\n}\n}\n", 2+g.r.IntN(3))
}

// types2 asks for the types that values have.
func (g *generator) types2() string {
	var cases strings.Builder
	seen := map[string]bool{"byte": true, "rune": true}
	for range 2 + g.r.IntN(4) {
		t := g.anyTyp(1)
		if seen[t.name] || strings.Contains(t.name, "byte") || strings.Contains(t.name, "rune") || t.name == "any" {
			continue
		}
		seen[t.name] = true
		fmt.Fprintf(&cases, "case %s:\nfmt.Printf(\"%%T %d\\n\", v)\n", t.name, len(seen))
	}
	return fmt.Sprintf("for _, x := range []any{%s, %s, %s, nil} {\nswitch v := x.(type) {\n%scase nil:\nfmt.Println(\"nil\")\ndefault:\n_ = v\nfmt.Println(\"other\")\n}\n}\n",
		g.valueOf(g.printTyp(), 1), g.valueOf(g.anyTyp(1), 1), g.valueOf(g.printTyp(), 1), cases.String())
}

// methods calls them on variables, as values and as expressions, and through interfaces.
func (g *generator) methods() string {
	var fit []*typ
	for _, t := range g.types {
		if len(t.methods) > 0 && t.kind != contract {
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return g.define()
	}
	t := pick(g, fit)
	m := pick(g, t.methods)
	x, y := g.name("x"), g.name("y")
	text := fmt.Sprintf("%s := %s\n", x, g.valueOf(t, 2))
	receiver := t.name
	if m.changes {
		receiver = "(*" + t.name + ")"
	}
	show := g.show(y, m.result) + "_ = " + y + "\n"
	switch g.r.IntN(4) {
	case 0:
		text += fmt.Sprintf("%s := %s\n%s%s", y, g.call(x+"."+m.name, m, 1), show, g.show(x, t))
	case 1: // the receiver of a method value is what it was
		text += fmt.Sprintf("bound := %s.%s\n%s = %s\n%s := %s\n%s%s", x, m.name, x, g.expr(t, 1), y, g.call("bound", m, 1), show, g.show(x, t))
	case 2:
		operand := x
		if m.changes {
			operand = "&" + x
		}
		call := g.call("", m, 1)
		args := strings.TrimSuffix(operand+", "+call[1:], ", )")
		if !strings.HasSuffix(args, ")") || len(m.params) > 0 {
			args = strings.TrimSuffix(args, ")")
		}
		text += fmt.Sprintf("%s := %s.%s(%s)\n%s%s", y, receiver, m.name, args, show, g.show(x, t))
	default:
		operand := x
		if m.changes || g.one(2) {
			operand = "&" + x
		}
		text += fmt.Sprintf("var i interface{ %s(%s) %s } = %s\n%s := %s\n%s%s", m.name, typeNames(m.params), m.result.name, operand, y, g.call("i."+m.name, m, 1), show, g.show(x, t))
	}
	return "{\n" + text + "}\n"
}

// selects has several ways of a select ready, or none, but never two at a time, of which Go takes
// either.
func (g *generator) selects() string {
	t := g.printTyp()
	return fmt.Sprintf("{\nc, d := make(chan %[1]s, 1), make(chan int)\nfor i := range 3 {\nselect {\ncase v, ok := <-c:\nfmt.Println(i, v, ok)\ncase d <- 1:\nfmt.Println(\"never\")\ndefault:\nfmt.Println(i, \"nothing\")\nc <- %[2]s\n}\n}\nclose(c)\nselect {\ncase v, ok := <-c:\nfmt.Println(v, ok)\n}\nvar never chan %[1]s\nselect {\ncase <-never:\ncase never <- %[2]s:\ndefault:\nfmt.Println(\"nil channels\")\n}\n}\n", t.name, g.expr(t, 1))
}

// slices shares memory between them and takes it apart.
func (g *generator) slices() string {
	t := g.printTyp()
	a, b, c := g.valueOf(t, 1), g.valueOf(t, 1), g.valueOf(t, 0)
	switch g.r.IntN(5) {
	case 0:
		return fmt.Sprintf("{\ns := make([]%[1]s, 3, 10)\nu := append(s, %[2]s)\nv := append(s, %[3]s)\ns[0] = %[4]s\nfmt.Println(u, v, len(s), cap(s))\nw := append(s[:1:1], %[2]s)\nfmt.Println(w, s)\n}\n", t.name, a, b, c)
	case 1:
		return fmt.Sprintf("{\ns := []%[1]s{%[2]s, %[3]s, %[4]s, %[2]s}\nfmt.Println(copy(s[1:], s), s)\nfmt.Println(copy(s, s[2:]), s)\nclear(s[:1])\nfmt.Println(s)\n}\n", t.name, a, b, c)
	case 2:
		return fmt.Sprintf("{\ns := []%[1]s{%[2]s, %[3]s, %[4]s}\nfor i, v := range s {\ns[2] = %[2]s\nif i == 0 { s = append(s, v) }\nfmt.Println(v, len(s))\n}\na := [2]%[1]s(s)\na[0] = %[3]s\np := (*[2]%[1]s)(s)\np[1] = %[4]s\nfmt.Println(a, s)\n}\n", t.name, a, b, c)
	case 3:
		return fmt.Sprintf("{\na := [3]%[1]s{%[2]s}\nb := a\nb[1] = %[3]s\nfor i, v := range a { a[2] = %[4]s; fmt.Println(i, v) }\nfor i, v := range &a { a[2] = %[3]s; fmt.Println(i, v) }\nfmt.Println(a, b, [3]%[1]s{} )\ns := a[:]\ns[0] = %[3]s\nfmt.Println(a)\n}\n", t.name, a, b, c)
	}
	return fmt.Sprintf("{\nb := []byte(%[1]s)\ncopy(b, \"xy\")\nb = append(b, \"tail\"...)\nfmt.Println(string(b), []rune(string(b)), len(%[1]s))\nfor i, r := range string(b) { fmt.Print(i, r, \" \") }\nfmt.Println(strings.ToUpper(%[1]s) < %[2]s)\n}\n", g.varOr(stringType), g.expr(stringType, 1))
}

// iterators goes over functions, and leaves them in several ways.
func (g *generator) iterators() string {
	t := g.printTyp()
	s := g.valueOf(sliceOf(t), 1)
	switch g.r.IntN(4) {
	case 0:
		return fmt.Sprintf("for i, v := range each(%s) {\nif i == %d { break }\nfmt.Println(i, v)\n}\n", s, g.r.IntN(3))
	case 1:
		return fmt.Sprintf("fmt.Println(func() (n int) {\nfor i, v := range each(%s) {\ndefer fmt.Println(\"deferred\", i, v)\nif i == %d { return i + 10 }\nn++\n}\nreturn n\n}())\n", s, g.r.IntN(3))
	case 2:
		out := g.name("out")
		return fmt.Sprintf("%[1]s:\nfor i := range each(%[2]s) {\nfor j, v := range each(%[3]s) {\nif j == 1 { continue %[1]s }\nif i == %[4]d { break %[1]s }\nfmt.Println(i, j, v)\n}\n}\n", out, s, g.valueOf(sliceOf(t), 1), g.r.IntN(3))
	}
	return g.guard(fmt.Sprintf("for i, v := range each(%s) {\nif i == %d { panic(fmt.Sprint(\"within \", v)) }\n}\n", s, g.r.IntN(3)))
}

// neverReached has operations on what are known to be constants, where they are not executed.
func (g *generator) neverReached() string {
	t := pick(g, integers)
	op := pick(g, []string{"a / b", "a % b", "s[a]", "s[b:a]", "1 << (b - a)", "int(x.(string)[0])", "*p", "m.(map[string]int)[\"a\"]", "len([2]int(s[:b]))"})
	return fmt.Sprintf("fmt.Println(func() (r any) {\na, b := %[1]s(7), %[1]s(0)\nvar s []int\nvar p *int\nvar x, m any\n_, _, _, _, _, _ = a, b, s, p, x, m\nif b > 0 { r = %[2]s; return }\nreturn \"not reached\"\n}())\n", t.name, op) + g.guard(fmt.Sprintf("a, b := %[1]s(7), %[1]s(0)\nvar s []int\nvar p *int\nvar x, m any\n_, _, _, _, _, _ = a, b, s, p, x, m\ndefer fmt.Println(\"deferred\")\nfmt.Println(%[2]s)\n", t.name, op))
}

// constants has what is calculated exactly and has a type only when it is used.
func (g *generator) constants() string {
	t := pick(g, integers)
	c := g.name("c")
	return fmt.Sprintf("{\nconst (\n%[1]sA %[2]s = iota + 1\n%[1]sB\n_\n%[1]sC = 1 << %[1]sB\n%[1]sD\n)\nfmt.Printf(\"%%v %%v %%v %%v %%T %%T\\n\", %[1]sA, %[1]sB, %[1]sC, %[1]sD, %[1]sB, %[1]sC)\nconst big = 1 << 100\nfmt.Println(big>>98, %[3]s, 'a'+1, \"s\"[0], len(\"héé\"), 7/2*2.0, 1<<3.0, -7%%3, -7/2)\nx := %[4]s\nx %[5]s= %[1]sB\nfmt.Println(x, ^x, x&^1)\n}\n",
		c, t.name, pick(g, []string{"big/1e29", "complex(1, 2)", "real(3i)", "0x1p-2", "0b101", "'\\n'", "1e3"}), g.valueOf(t, 1), pick(g, []string{"+", "-", "*", "<<", "|", "^"}))
}

// copies has structs and arrays copied where they are assigned, passed, captured and stored.
func (g *generator) copies() string {
	t := g.printTyp()
	a, b := g.valueOf(t, 1), g.valueOf(t, 1)
	return fmt.Sprintf("{\ntype box struct { v %[1]s; a [2]%[1]s; in struct{ v %[1]s } }\nx := box{v: %[2]s}\ny := x\np := &x\np.v, p.a[1], p.in.v = %[3]s, %[3]s, %[3]s\nfmt.Println(x, y)\nm := map[string]box{\"a\": x}\nz := m[\"a\"]\nz.v = %[2]s\nfmt.Println(m, z == z || true)\nbs := []box{x, y}\nfor _, e := range bs { e.a[0] = %[3]s }\nfor i := range bs { bs[i].in.v = %[2]s }\nfmt.Println(bs)\nvar i any = x\nx.a[0] = %[2]s\nfmt.Println(i.(box).a, func(b box) box { b.v = %[2]s; return b }(x), x)\nq, r := *p, p\nr.v = %[2]s\nfmt.Println(q, *r)\n}\n", comparableOr(t).name, orZero(t, a), orZero(t, b))
}

func comparableOr(t *typ) *typ {
	if t.comparable() {
		return t
	}
	return intType
}

func orZero(t *typ, x string) string {
	if t.comparable() {
		return x
	}
	return "0"
}

// embedded promotes fields and methods.
func (g *generator) embedded() string {
	t := g.printTyp()
	outer, inner := g.name("Outer"), g.name("Inner")
	return fmt.Sprintf("{\ntype %[1]s struct { V %[2]s; N int }\ntype %[3]s struct { *%[1]s; pair[string, %[2]s] }\nx := %[3]s{&%[1]s{%[4]s, 1}, pair[string, %[2]s]{\"k\", %[4]s}}\nx.N++\nx.set(\"l\", %[4]s)\nk, v := x.get()\nf := x.get\nx.Key = \"m\"\nk2, _ := f()\nfmt.Println(k, v, k2, x.V, x.N, x.Key)\ny := x\ny.N, y.Key = 9, \"y\"\nfmt.Println(x.N, x.Key)\n%[5]s}\n", inner, t.name, outer, g.valueOf(t, 1), g.guard("x."+inner+" = nil\nfmt.Println(x.Value)\nx.N++\n"))
}

// order prints in which order calls are made and operands are taken, as far as Go lays it down.
func (g *generator) order() string {
	t := pick(g, integers)
	return fmt.Sprintf("{\nvar log []string\nat := func(s string, n int) int { log = append(log, s); return n }\ns := []int{1, 2, 3}\ni := 0\ni, s[i] = 2, at(\"a\", 7)\ns[at(\"b\", 0)], s[at(\"c\", 1)] = at(\"d\", 4), at(\"e\", 5)\nm := map[int]int{at(\"f\", 1): at(\"g\", 2)}\nm[at(\"h\", 3)] += at(\"i\", 4)\n_ = at(\"j\", 0) == 1 && at(\"k\", 1) == 1 || at(\"l\", 2) == 2\nfunc(...int) {}(at(\"m\", 0), at(\"n\", 1))\ndefer func(n int) { _ = n }(at(\"o\", 1))\nx, y := %[1]s, %[2]s\nx, y = y, x\nfmt.Println(log, s, i, m, x, y)\n}\n", g.valueOf(t, 1), g.valueOf(t, 1))
}
