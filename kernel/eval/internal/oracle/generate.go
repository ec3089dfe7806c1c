package oracle

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Program is what a generated program is made of.
//
// Parts can be run in several ways that must all print the same: as one cell, as cells of a part
// each, with declarations in cells of their own in any order that has what they need, or with
// drafts first, which are then edited into what they are to be.
type Program struct {
	Imports string
	// Decls are declarations, of which each needs only those before it, and functions that all need
	// first.
	Decls []string
	// Drafts are other declarations of the same names, by the index in Decls, that Decls replace.
	Drafts map[int]string
	// Body is what the program does, in parts that share their variables. Only the last may panic.
	Body []string
}

// File is the program as a Go file of a package whose function is to be called.
func (p *Program) File(pkg, function string) string {
	return "package " + pkg + "\n\n" + p.Imports + "\n\n" + strings.Join(p.Decls, "\n\n") + "\n\nfunc " + function + "() {\n" + strings.Join(p.Body, "\n") + "\n}\n"
}

// imports are those of every program, whose prelude uses each.
const imports = `import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
)`

// prelude are declarations of every program.
var prelude = []string{
	"var fuel int",
	`// burn tells that enough has been called.
func burn() bool { fuel++; return fuel > 400 }`,
	`func try(what string, f func()) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		fmt.Printf("%s panics: %v %T\n", what, r, r)
		if err, ok := r.(error); ok {
			var fault runtime.Error
			var assertion *runtime.TypeAssertionError
			fmt.Println(errors.As(err, &fault), errors.As(err, &assertion), errors.Unwrap(err))
		}
	}()
	f()
	fmt.Println(what, "returns")
}`,
	"func id[T any](x T) T { return x }",
	"func zero[T any]() (x T) { return }",
	"func first[T any](x T, _ ...any) T { return x }",
	`func deref[T any](p *T) any {
	if p == nil {
		return "nil pointer"
	}
	return *p
}`,
	"func countOf[T any](xs ...T) int { return len(xs) }",
	`func mapped[A, B any](xs []A, f func(A) B) (ys []B) {
	for _, x := range xs {
		ys = append(ys, f(x))
	}
	return ys
}`,
	`func count[K comparable, V any](m map[K]V) (n int) {
	for range m {
		n++
	}
	return n
}`,
	`func each[T any](xs []T) func(func(int, T) bool) {
	return func(yield func(int, T) bool) {
		defer fmt.Println("each ends")
		for i, x := range xs {
			if !yield(i, x) {
				return
			}
		}
	}
}`,
	`type pair[K comparable, V any] struct {
	Key   K
	Value V
}`,
	"func (p pair[K, V]) get() (K, V) { return p.Key, p.Value }",
	"func (p *pair[K, V]) set(k K, v V) { p.Key, p.Value = k, v }",
	"var _, _, _ = slices.Sort[[]int], sort.Ints, strings.Repeat",
	"var locked sync.Mutex",
}

// A variable is one that may be used where the generator is.
type variable struct {
	name  string
	t     *typ
	fixed bool // may not be assigned to
}

// A generator makes one program. It keeps track of types, so that nearly every program is valid
// Go, and of what may fail, so that a program prints the same wherever it runs: what compilers
// may do in either order, or print by address, is not generated.
type generator struct {
	r       *rand.Rand
	p       *Program
	types   []*typ // named ones
	funcs   []*fn
	scope   []*variable
	n       int  // names so far
	level   int  // how deep statements lie in each other
	faults  int  // how many more operations of this statement may fail
	inFunc  bool // of the program, not the body's top level
	loops   int
	guarded bool // within a try
}

// Generate makes the program of a seed.
func Generate(seed uint64) *Program {
	g := &generator{r: rand.New(rand.NewPCG(seed, 15)), p: &Program{Imports: imports, Drafts: map[int]string{}}}
	g.p.Decls = append(g.p.Decls, prelude...)
	for range 3 + g.r.IntN(4) {
		g.declareType()
	}
	for range 2 + g.r.IntN(4) {
		g.declareFunc()
		if g.one(3) {
			g.declareVar()
		}
		if g.one(3) {
			g.declareType()
		}
	}
	globals := len(g.scope)
	for range 3 + g.r.IntN(3) {
		var b strings.Builder
		for range 3 + g.r.IntN(5) {
			b.WriteString(g.statement())
		}
		g.p.Body = append(g.p.Body, b.String())
	}
	var b strings.Builder
	for _, v := range g.scope[:globals] {
		b.WriteString(g.show(v.name, v.t))
	}
	if g.one(2) {
		b.WriteString("defer func() { fmt.Println(\"at the end\", recover()) }()\n")
	}
	if g.one(2) {
		g.guarded = true
		b.WriteString(g.fault())
	}
	g.p.Body = append(g.p.Body, b.String())
	return g.p
}

// one is true once in n times.
func (g *generator) one(n int) bool { return g.r.IntN(n) == 0 }

func pick[T any](g *generator, xs []T) T { return xs[g.r.IntN(len(xs))] }

// name is a name that the program does not have yet.
func (g *generator) name(prefix string) string {
	g.n++
	return fmt.Sprintf("%s%d", prefix, g.n)
}

// anyTyp is a type at most so deep.
func (g *generator) anyTyp(depth int) *typ {
	if depth > 0 && g.one(2) {
		t := g.anyTyp(depth - 1)
		switch g.r.IntN(9) {
		case 0, 1:
			return sliceOf(t)
		case 2:
			return arrayOf(1+g.r.IntN(3), t)
		case 3, 4:
			return mapOf(g.keyTyp(), t)
		case 5:
			return pointerTo(t)
		case 6:
			return chanOf(t)
		case 7:
			k := g.keyTyp()
			return &typ{kind: structure, name: "pair[" + k.name + ", " + t.name + "]", generic: true, fields: []field{{"Key", k, false}, {"Value", t, false}}}
		default:
			return funcOf(t, g.anyTyp(0))
		}
	}
	switch {
	case len(g.types) > 0 && g.one(3):
		return pick(g, g.types)
	case g.one(6):
		return anyType
	case g.one(8):
		return errorType
	}
	return pick(g, basics)
}

// keyTyp is a type of keys of a map.
func (g *generator) keyTyp() *typ {
	if len(g.types) > 0 && g.one(4) {
		if t := pick(g, g.types); t.keyType() {
			return t
		}
	}
	if g.one(2) {
		return stringType
	}
	return pick(g, integers)
}

// nilTyp is a type of which nil is a value.
func (g *generator) nilTyp() *typ {
	for range 20 {
		if t := g.anyTyp(1); t.nilable() {
			return t
		}
	}
	return pick(g, []*typ{anyType, errorType, sliceOf(anyType), pointerTo(intType), mapOf(stringType, anyType)})
}

// printTyp is a type whose values print without an address.
func (g *generator) printTyp() *typ {
	for range 20 {
		if t := g.anyTyp(1); t.printable() {
			return t
		}
	}
	return intType
}

// declare appends a declaration.
//
// The draft, if there is one, is another declaration of the same name that a test may run first,
// to edit it into this one.
func (g *generator) declare(text, draft string) {
	if draft != "" && draft != text {
		g.p.Drafts[len(g.p.Decls)] = draft
	}
	g.p.Decls = append(g.p.Decls, text)
}

// declareType declares a type of any kind with some methods. Drafts have other fields or another
// kind, so that an edit of a type has all that depends on it made anew.
func (g *generator) declareType() {
	t := &typ{named: true, name: g.name("T")}
	switch g.r.IntN(8) {
	case 0, 1, 2:
		t.kind = structure
		var b, less strings.Builder
		for i := range 1 + g.r.IntN(4) {
			f := field{name: fmt.Sprintf("F%d", i), t: g.anyTyp(2)}
			if len(g.types) > 0 && i == 0 && g.one(3) {
				if e := pick(g, g.types); e.kind == structure || e.kind == contract && e.name != "any" {
					f = field{name: e.name, t: e, embedded: true}
				}
			}
			t.fields = append(t.fields, f)
			if f.embedded {
				fmt.Fprintf(&b, "\t%s\n", f.t.name)
				fmt.Fprintf(&less, "\t%s\n", f.t.name)
			} else {
				fmt.Fprintf(&b, "\t%s %s\n", f.name, f.t.name)
				fmt.Fprintf(&less, "\t%s %s\n\tX%d int\n", f.name, f.t.name, i)
			}
		}
		g.declare("type "+t.name+" struct {\n"+b.String()+"}", "type "+t.name+" struct {\n"+less.String()+"}")
	case 3:
		e := g.anyTyp(1)
		t.kind, t.elem = slice, e
		g.declare("type "+t.name+" []"+e.name, "type "+t.name+" []string")
	case 4:
		k, e := g.keyTyp(), g.anyTyp(1)
		t.kind, t.key, t.elem = mapping, k, e
		g.declare("type "+t.name+" map["+k.name+"]"+e.name, "type "+t.name+" map[string]bool")
	case 5:
		e := g.anyTyp(0)
		t.kind, t.elem, t.size = array, e, 1+g.r.IntN(3)
		g.declare(fmt.Sprintf("type %s [%d]%s", t.name, t.size, e.name), "type "+t.name+" [7]int")
	default:
		b := pick(g, basics)
		t.kind, t.bits = b.kind, b.bits
		g.declare("type "+t.name+" "+b.name, "type "+t.name+" "+pick(g, basics).name)
	}
	if g.one(6) {
		g.declareContract()
	}
	for range g.r.IntN(3) {
		g.declareMethod(t)
	}
	if t.printable() && g.one(4) {
		g.declare("func (x "+t.name+") String() string { return "+fmt.Sprintf("%q", t.name+" as text")+" }", "func (x "+t.name+") String() string { return \"draft\" }")
		t.methods = append(t.methods, &fn{name: "String", result: stringType})
	}
	g.types = append(g.types, t)
}

// declareContract makes an interface of a method, and a type that has it.
func (g *generator) declareContract() {
	m := &fn{name: g.name("M"), params: []*typ{intType}, result: pick(g, basics)}
	t := &typ{kind: contract, named: true, name: g.name("I"), methods: []*fn{m}}
	g.declare(fmt.Sprintf("type %s interface{ %s(int) %s }", t.name, m.name, m.result.name), "")
	impl := &typ{kind: signed, bits: 64, named: true, name: g.name("T"), methods: []*fn{m}}
	g.declare("type "+impl.name+" int", "")
	scope := g.scope
	g.scope = append(g.scope[:len(g.scope):len(g.scope)], &variable{name: "x", t: impl, fixed: true}, &variable{name: "n", t: intType, fixed: true})
	text := fmt.Sprintf("func (x %s) %s(n int) %s { return %s }", impl.name, m.name, m.result.name, g.expr(m.result, 2))
	draft := fmt.Sprintf("func (x %s) %s(n int) (y %s) { return }", impl.name, m.name, m.result.name)
	g.scope = scope
	g.declare(text, draft)
	g.types = append(g.types, t, impl)
	t.elem = impl
}

// declareMethod declares a method of a type. One with a pointer as receiver changes what it
// points to, so that it shows which variable the receiver was.
func (g *generator) declareMethod(t *typ) {
	m := &fn{name: g.name("M"), params: []*typ{g.anyTyp(0)}, result: g.anyTyp(1), changes: g.one(3)}
	text, draft := g.function("(x "+t.name+") ", m, &variable{name: "x", t: t, fixed: true})
	if m.changes {
		f := ""
		if !strings.Contains(text, "x.") && !strings.Contains(text, "x[") && (t.integer() || t.kind == float) {
			f = fmt.Sprintf("func (x *%s) %s(a0 %s) (y %s) {\n\t*x++\n\treturn %s\n}", t.name, m.name, m.params[0].name, m.result.name, g.closed(m.result))
		} else {
			f = fmt.Sprintf("func (x *%s) %s(a0 %s) (y %s) {\n\t*x = %s\n\treturn %s\n}", t.name, m.name, m.params[0].name, m.result.name, g.closed(t), g.closed(m.result))
		}
		text, draft = f, ""
	}
	t.methods = append(t.methods, m)
	g.declare(text, draft)
}

// closed is an expression without variables.
func (g *generator) closed(t *typ) string {
	scope := g.scope
	g.scope = nil
	defer func() { g.scope = scope }()
	return g.expr(t, 1)
}

// declareFunc declares a function, whose result may depend on its parameters alone: it is called
// from expressions, where Go leaves open in which order variables are read.
func (g *generator) declareFunc() {
	f := &fn{name: g.name("f"), result: g.anyTyp(1)}
	for range g.r.IntN(4) {
		f.params = append(f.params, g.anyTyp(1))
	}
	f.variadic = len(f.params) > 0 && g.one(5)
	text, draft := g.function("", f)
	g.declare(text, draft)
	g.funcs = append(g.funcs, f)
}

// function is the text of a function, and of a draft of it that returns nothing of meaning.
//
// A function begins by burning fuel, as functions call each other: a program ends after some
// hundred calls.
func (g *generator) function(receiver string, f *fn, more ...*variable) (text, draft string) {
	scope, level, inFunc, loops := g.scope, g.level, g.inFunc, g.loops
	defer func() { g.scope, g.level, g.inFunc, g.loops = scope, level, inFunc, loops }()
	g.scope = append([]*variable{}, more...)
	g.level, g.inFunc, g.loops = 0, true, 0
	var params []string
	for i, p := range f.params {
		name := fmt.Sprintf("a%d", i)
		if f.variadic && i == len(f.params)-1 {
			params = append(params, name+" ..."+p.name)
			g.scope = append(g.scope, &variable{name: name, t: sliceOf(p)})
			continue
		}
		params = append(params, name+" "+p.name)
		g.scope = append(g.scope, &variable{name: name, t: p})
	}
	head := "func " + receiver + f.name + "(" + strings.Join(params, ", ") + ") (y " + f.result.name + ") {\n"
	g.scope = append(g.scope, &variable{name: "y", t: f.result})
	var b strings.Builder
	b.WriteString("if burn() { return }\n")
	if g.one(3) {
		fmt.Fprintf(&b, "defer func() { y = %s }()\n", g.expr(f.result, 1))
	}
	for range g.r.IntN(4) {
		b.WriteString(g.statement())
	}
	b.WriteString("return " + g.expr(f.result, 2) + "\n}")
	return head + b.String(), head + "return\n}"
}

func (g *generator) declareVar() {
	t := g.anyTyp(2)
	v := &variable{name: g.name("v"), t: t}
	scope := g.scope
	text := "var " + v.name + " " + t.name
	if g.one(2) {
		text += " = " + g.expr(t, 2)
	}
	g.declare(text, "")
	g.scope = append(scope, v)
}
