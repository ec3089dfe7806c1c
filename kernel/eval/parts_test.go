package eval

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goplus/ixgo"

	"dtnotes/kernel/cell"
)

// The parts of a session, each without the others that it does not need.

// unitOf checks the source of a cell that uses nothing of other cells but what is in s.
func unitOf(t *testing.T, s *scope, src string) (*unit, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "cell", "package main\n"+src, 0)
	if err != nil {
		t.Fatal(err)
	}
	u := &unit{cell: true, pkg: types.NewPackage("main", "main"), info: newInfo()}
	for _, o := range s.names {
		u.pkg.Scope().Insert(o)
	}
	if err := types.NewChecker(&types.Config{}, fset, u.pkg, u.info).Files([]*ast.File{f}); err != nil {
		t.Fatal(err)
	}
	return u, f
}

// enter declares a cell in a scope.
func enter(t *testing.T, s *scope, src string) (*unit, []*decl) {
	t.Helper()
	u, f := unitOf(t, s, src)
	decls := s.declare(u, []*ast.File{f}, nil)
	c := &checked{unit: u, declared: map[string]bool{}}
	for _, d := range decls {
		if d.recv == "" {
			c.declared[d.name] = true
		}
	}
	s.commit(c)
	return u, decls
}

func namesOf(decls []*decl) []string {
	var names []string
	for _, d := range decls {
		names = append(names, d.name)
	}
	slices.Sort(names)
	return names
}

// TestScopePart has a scope know what declarations need, and which of them are outdated.
func TestScopePart(t *testing.T) {
	s := newScope()
	_, decls := enter(t, s, "type point struct{ x unit }\ntype unit int\nfunc (p point) len() int { return half(int(p.x)) }\nfunc half(n int) int { return n / two }\nconst two = 2\nfunc alone() {}")
	want := map[string][]string{"point": {"unit"}, "unit": nil, "len": {"half", "point", "unit"}, "half": {"two"}, "two": nil, "alone": nil}
	for _, d := range decls {
		if got := namesOf(slices.Collect(maps.Keys(d.decls))); !slices.Equal(got, want[d.name]) {
			t.Errorf("%s needs %v, want %v", d.name, got, want[d.name])
		}
	}
	if d := s.typeDecl("point"); d == nil || !slices.Equal(namesOf(d.methods), []string{"len"}) {
		t.Errorf("the type is %+v", d)
	}
	old := s.decls[s.names["point"]]
	if s.outdated(old) {
		t.Error("what was just declared is outdated")
	}
	delete(s.names, "half")
	enter(t, s, "func half(n int) int { return n }")
	if !s.outdated(old) {
		t.Error("a type whose method calls a function that was declared again is not outdated")
	}
}

// TestProgramPart has a program made of what a cell needs of others, and of nothing else.
func TestProgramPart(t *testing.T) {
	s := newScope()
	b := newBuilder(ixgo.NewContext(ixgo.SupportMultipleInterp), s)
	enter(t, s, "type point struct{ X int }\nfunc (p point) Len() int { return half(p.X) }\nfunc half(n int) int { return n / 2 }\nfunc alone() {}")
	u, decls := enter(t, s, "func own() int { return point{4}.Len() }")
	if got := namesOf(b.outlineOf(decls, u).decls); !slices.Equal(got, []string{"Len", "half", "point"}) {
		t.Errorf("beside the cell the program has %v", got)
	}
}

// TestCheckerPart checks cells and runs none.
func TestCheckerPart(t *testing.T) {
	x := newTexts()
	e := newEngine(Options{}, newRunner(&sync.Mutex{}, x, Options{}), x)
	c, warnings, err := e.compile("cell[1]", "n := 2\nfunc f() int { return n }\nf()")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if !c.declared["n"] || !c.declared["f"] || len(c.declared) != 2 || c.main {
		t.Errorf("it declares %v", c.declared)
	}
	if o := c.unit.pkg.Scope().Lookup("n"); o == nil || o.Type().String() != "int" {
		t.Errorf("n is %v", o)
	}
	if len(e.scope.names) > 0 {
		t.Errorf("a cell that did not run has declared %v", e.scope.names)
	}
	_, _, err = e.compile("cell[2]", "a := 1\nb := a + \"x\"\nreturnn")
	if err == nil || !strings.Contains(e.compileError(err).Message, "cell[2]:2:") {
		t.Errorf("error %v", err)
	}
}

// fake is a program that is no code.
type fake struct{ run func() error }

func (f fake) RunInit() error        { return f.run() }
func (f fake) RunMain() (int, error) { return 0, errors.New("it has no main") }
func (f fake) FindMethod(reflect.Type, *types.Func) func([]reflect.Value) []reflect.Value {
	return nil
}

// TestRunPart runs programs that no cell is behind.
func TestRunPart(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	rr := newRunner(&mu, newTexts(), Options{PrintValues: true})
	defer rr.close()
	for _, c := range []struct {
		name, want string
		load       error
		main       bool
		run        func() error
	}{
		{name: "ends", run: func() error { return nil }},
		{name: "fails", run: func() error { return errors.New("it failed") }, want: "it failed"},
		{name: "panics", run: func() error { panic("burst") }, want: "burst"},
		{name: "cannot be made", load: errors.New("no code"), want: "no code"},
		{name: "has a main", run: func() error { return nil }, main: true, want: "it has no main"},
	} {
		r := rr.begin(t.Context(), "cell", cell.Cell{Out: discard{}})
		err := rr.execute(t.Context(), r, func(*stopFlag) (program, error) { return fake{c.run}, c.load }, c.main)
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("a program that %s: %v", c.name, err)
		}
		if mu.TryLock() {
			t.Fatalf("a program that %s leaves the compiler free", c.name)
		}
		if !r.ended.Load() {
			t.Errorf("a program that %s has not ended", c.name)
		}
		rr.end(r)
	}
	if len(rr.running) > 0 || !rr.idle.Load() {
		t.Errorf("%d run", len(rr.running))
	}
}
