package inner

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// TestLabels has a label go from goroutine to goroutine, also through compiled code, and end with
// them.
func TestLabels(t *testing.T) {
	var l Labels[int]
	if _, ok := l.Owner(); ok {
		t.Error("a goroutine of nobody's has an owner")
	}
	var wg sync.WaitGroup
	for n := range 3 {
		wg.Go(func() {
			l.Set("cell", n)
			inner := make(chan int)
			var group sync.WaitGroup
			group.Go(func() {
				x, ok := l.Owner()
				if !ok {
					x = -1
				}
				inner <- x
			})
			if got := <-inner; got != n {
				t.Errorf("a goroutine of %d belongs to %d", n, got)
			}
		})
	}
	wg.Wait()
	left := func() (n int) {
		l.owners.Range(func(any, any) bool { n++; return true })
		return n
	}
	for range 100 {
		if left() == 0 {
			return
		}
		runtime.GC()
	}
	t.Errorf("%d owners stay", left())
}

// mistakes type-checks a file and returns what is wrong with it.
func mistakes(t *testing.T, src string) (errs []types.Error) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil), Error: func(err error) { errs = append(errs, err.(types.Error)) }}
	conf.Check("p", fset, []*ast.File{f}, nil)
	return errs
}

// TestTypeErrors holds each question about a mistake to all the others' mistakes.
func TestTypeErrors(t *testing.T) {
	questions := map[string]func(types.Error) bool{
		"unused": IsUnused, "no value": IsNoValue, "undeclared": IsUndeclared, "missing": IsMissingMember,
		"unexported field": IsUnexportedField, "uninstantiated": IsUninstantiated, "none": func(types.Error) bool { return false },
	}
	for src, want := range map[string]string{
		"func f() { x := 1 }":                                 "unused",
		"func f() { var x int }":                              "unused",
		"func f() { L: for {} }":                              "unused",
		"func f() {}; var _ = f()":                            "no value",
		"func f() {}; func s(...any) {}; func g() { s(f()) }": "no value",
		"var _ = len":                                         "no value",
		"func s(...any) int { return 0 }; var _ = s(print)":   "no value",
		"var _ = nope":                                        "undeclared",
		"var _ = nope.Nope":                                   "undeclared",
		"var x nope":                                          "undeclared",
		"import \"fmt\"; var _ = fmt.Nope":                    "missing",
		"type T struct{}; var _ = T{}.Nope":                   "missing",
		"import \"sync\"; var _ = sync.Mutex{1}":              "unexported field",
		"import \"bytes\"; var _ = bytes.Buffer{nil}":         "unexported field",
		"func g[T any](T) {}; func s(...any) int { return 0 }; var _ = s(g)":           "uninstantiated",
		"func g[T any](T) {}; func G[F any](f F) F { return f }; func f() { G(g)(1) }": "uninstantiated",
		"func g[T any](T) {}; func f() { x := g; _ = x }":                              "uninstantiated",
		"var _ int = \"\"": "none",
	} {
		errs := mistakes(t, "package p; "+src)
		if len(errs) == 0 {
			t.Errorf("%s: no mistake", src)
			continue
		}
		for kind, is := range questions {
			if is(errs[0]) != (kind == want && kind != "none") {
				t.Errorf("%s: %q is said to be %v: %v", src, errs[0].Msg, kind, is(errs[0]))
			}
		}
	}
}

func TestMessages(t *testing.T) {
	errs := mistakes(t, "package p; import \"fmt\"; func f() {}; type T int; var _ = fmt.Errorf(f(), 1); var _ fmt.Stringer = T(1); var _ = fmt.Sprint(fmt.Sprint)(1)")
	for _, e := range errs {
		if got := CutArgument(e.Msg, "fmt.Errorf"); bytes.Contains([]byte(got), []byte("argument to")) {
			t.Errorf("%q", got)
		}
	}
	if got := CutNumbered("cannot use __again12_x (variable of type T) as __again1_y", "__again"); got != "cannot use x (variable of type T) as y" {
		t.Error(got)
	}
	if got := CutPackage("cannot use x (variable of type main.T) as domain.T value", "main"); got != "cannot use x (variable of type T) as domain.T value" {
		t.Errorf("%q", got)
	}
	two := types.NewPackage("main", "main")
	one := types.NewPackage("main", "main")
	named := func(p *types.Package) types.Type {
		return types.NewNamed(types.NewTypeName(0, p, "Point", nil), types.NewStruct(nil, nil), nil)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", "package main; func g() { f(v) }", 0)
	if err != nil {
		t.Fatal(err)
	}
	one.Scope().Insert(types.NewVar(0, one, "v", named(two)))
	params := types.NewTuple(types.NewParam(0, one, "", named(one)))
	one.Scope().Insert(types.NewFunc(0, one, "f", types.NewSignatureType(nil, nil, nil, params, nil, false)))
	var msg string
	conf := types.Config{Error: func(err error) { msg = err.(types.Error).Msg }}
	types.NewChecker(&conf, fset, one, nil).Files([]*ast.File{f})
	if got := SameName(CutPackage(msg, "main")); got != "Point" {
		t.Errorf("%q has %q twice", msg, got)
	}
	one.Scope().Insert(types.NewVar(0, one, "w", types.NewSlice(named(one))))
	one.Scope().Insert(types.NewVar(0, one, "x", types.NewSlice(named(two))))
	one.Scope().Insert(types.NewTypeName(0, one, "Point", named(one)))
	for src, want := range map[string]string{
		"w = x": "[]Point", "_ = []Point(x)": "[]Point", "_ = v == Point{}": "Point", "_ = v == 1": "", "w = v": "", "_ = []string(w)": "",
	} {
		f, err := parser.ParseFile(fset, "p.go", "package main; func _() { "+src+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		msg = ""
		types.NewChecker(&conf, fset, one, nil).Files([]*ast.File{f})
		if got := SameName(CutPackage(msg, "main")); msg == "" || got != want {
			t.Errorf("%s: %q has %q twice", src, msg, got)
		}
	}
	if got := SameName("cannot use x (variable of type int) as string value"); got != "" {
		t.Errorf("%q", got)
	}
	if _, err := parser.ParseFile(fset, "", "package p; func _() { x = }", 0); err == nil || FoundEnd(err.Error()) == err.Error() {
		t.Errorf("%v", err)
	}
}

func program(t *testing.T, src string) *ssa.Package {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := ssautil.BuildPackage(&types.Config{}, fset, types.NewPackage("main", "main"), []*ast.File{f}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestInstructions puts instructions of this package's making into a function and has ixgo run it.
func TestInstructions(t *testing.T) {
	p := program(t, "package main\nvar v = 20\nfunc twice(x int) int { return 2 * x }\nfunc f() int { return 1 }\nfunc main() {}")
	f := p.Func("f")
	b := f.Blocks[0]
	load := NewLoad(b, p.Var("v"), f.Pos())
	same := NewCopy(b, load)
	call := NewCall(b, p.Func("twice"), types.Typ[types.Int], f.Pos(), same)
	ret := b.Instrs[0].(*ssa.Return)
	ret.Results[0] = call
	b.Instrs = []ssa.Instruction{load, same, call, ret}
	for _, in := range b.Instrs {
		if in.Block() != b || in.Parent() != f {
			t.Errorf("%v stands elsewhere", in)
		}
	}
	if load.Type() != types.Typ[types.Int] || same.Type() != types.Typ[types.Int] || call.Type() != types.Typ[types.Int] || load.Pos() != f.Pos() {
		t.Errorf("types %v, %v, %v", load.Type(), same.Type(), call.Type())
	}
	interp, err := ixgo.NewContext(0).NewInterp(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := interp.RunInit(); err != nil {
		t.Fatal(err)
	}
	if got, err := interp.RunFunc("f"); err != nil || got != 40 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDeferStack(t *testing.T) {
	if DeferStack.Kind() != reflect.Pointer || DeferStack.Elem().Kind() != reflect.Pointer || DeferStack.Elem().Elem().Kind() != reflect.Struct {
		t.Errorf("%v is no list of calls", DeferStack)
	}
}
