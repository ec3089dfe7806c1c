// Package dtnotes holds no code: its tests hold rules that go over all packages of the module.
package dtnotes

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
)

// positions are those of the nodes of all files.
var positions = token.NewFileSet()

// sources are the module's files of Go by their folders, without tests and generated tables.
func sources(t *testing.T) map[string][]*ast.File {
	out := parsed(t, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
	if len(out) < 40 {
		t.Fatalf("%d packages", len(out))
	}
	return out
}

// parsed are those of the module's files of Go whose names are wanted, by their folders, without
// generated tables and what only tests read.
func parsed(t *testing.T, wanted func(name string) bool) map[string][]*ast.File {
	out := map[string][]*ast.File{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := path.Base(name); base == "testdata" || base == "tables" || name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || !wanted(name) {
			return nil
		}
		f, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err == nil {
			out[path.Dir(name)] = append(out[path.Dir(name)], f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestImports holds that imports stand in three groups, those of the standard library, of other
// modules and of this one, and that no station of the pipeline imports one to its right.
func TestImports(t *testing.T) {
	stations := []string{"dtracefs", "analysis", "kernel"}
	station := func(folder string) int {
		first, _, _ := strings.Cut(folder, "/")
		return slices.Index(stations, first)
	}
	group := func(path string) int {
		switch first, _, _ := strings.Cut(path, "/"); {
		case first == "dtnotes":
			return 2
		case strings.Contains(first, "."):
			return 1
		}
		return 0
	}
	for folder, files := range parsed(t, func(string) bool { return true }) {
		here := station(folder)
		for _, f := range files {
			last, line := -1, 0
			for _, spec := range f.Imports {
				name := strings.Trim(spec.Path.Value, `"`)
				at := positions.Position(spec.Pos())
				switch g := group(name); {
				case g < last:
					t.Errorf("%s: %s belongs to a group above", at, name)
				case last >= 0 && (g != last) != (at.Line > line+1):
					t.Errorf("%s: an empty line stands between groups of imports, and only there", at)
				default:
					last = g
				}
				line = positions.Position(spec.End()).Line
				if there := station(strings.TrimPrefix(name, "dtnotes/")); group(name) == 2 && here >= 0 && there > here {
					t.Errorf("%s: %s imports %s", at, stations[here], name)
				}
			}
		}
	}
}

// TestDependencies holds that the README says of every module that go.mod names why it is there.
func TestDependencies(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range mod.Require {
		if !r.Indirect {
			want = append(want, r.Mod.Path)
		}
	}
	for _, tool := range mod.Tool {
		want = append(want, tool.Path)
	}
	text, err = os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Dependencies\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var have []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 4 && strings.HasPrefix(cells[1], " `") && strings.TrimSpace(cells[2]) != "" {
			have = append(have, strings.Trim(cells[1], " `"))
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("go.mod requires\n%q\nand the README explains\n%q", want, have)
	}
}

// TestRooms holds that no type has methods in more than six files, and that nothing is hidden from
// the race detector.
func TestRooms(t *testing.T) {
	for folder, files := range sources(t) {
		for _, f := range files {
			for _, group := range f.Comments {
				for _, c := range group.List {
					if strings.HasPrefix(c.Text, "//go:norace") {
						t.Errorf("%s: package %s hides code from the race detector", folder, f.Name.Name)
					}
				}
			}
		}
		for name, n := range spread(files) {
			if n > 6 {
				t.Errorf("%s: %s has methods in %d files", folder, name, n)
			}
		}
	}
}

// spread returns in how many of the files each type has methods.
func spread(files []*ast.File) map[string]int {
	n := map[string]int{}
	for _, f := range files {
		here := map[string]bool{}
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv != nil {
				here[receiver(fd)] = true
			}
		}
		for name := range here {
			n[name]++
		}
	}
	return n
}

// receiver is the name of the type that a method belongs to, "" of a function.
func receiver(fd *ast.FuncDecl) string {
	if fd.Recv == nil {
		return ""
	}
	x := fd.Recv.List[0].Type
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.Ident:
			return t.Name
		}
	}
}

// TestOneWayToPassOptions holds what CONTRIBUTING says of contexts and options.
func TestOneWayToPassOptions(t *testing.T) {
	for folder, files := range sources(t) {
		for _, fault := range faults(files) {
			t.Errorf("%s: %s", folder, fault)
		}
	}
}

// TestWidthOfComments holds that no line with a comment is wider than 100 columns, where a tab is
// four.
func TestWidthOfComments(t *testing.T) {
	for _, files := range parsed(t, func(string) bool { return true }) {
		for _, f := range files {
			if ast.IsGenerated(f) {
				continue
			}
			name := positions.Position(f.Package).Filename
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(text), "\n")
			for _, group := range f.Comments {
				for n := positions.Position(group.Pos()).Line; n <= positions.Position(group.End()).Line; n++ {
					line := strings.ReplaceAll(lines[n-1], "\t", "    ")
					if width := utf8.RuneCountInString(line); width > 100 {
						t.Errorf("%s:%d: %d columns", name, n, width)
					}
				}
			}
		}
	}
}

// TestFaultsAreFound holds that each kind of fault is one, and that what is right is none.
func TestFaultsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"func F(opts ...Options)":                                    "variadic",
		"func F(opts ...figure.GraphOptions)":                        "variadic",
		"func F(n int, ctx context.Context)":                         "context",
		"func (T) M(n int, ctx context.Context)":                     "context",
		"type I interface { M(n int, ctx context.Context) }":         "context",
		"func F(o Options, n int)":                                   "last",
		"func F(o *Options)":                                         "value",
		"func F(n int)\nfunc FContext(ctx context.Context, n int)":   "F and FContext",
		"func F(n ...int)\nfunc FWith(n []int, o Options)":           "F and FWith",
		"func (Options) Load(name string) error":                     "method of options",
		"func F(ctx context.Context, n int, o Options)":              "",
		"func F(n int) int\nfunc FAll(ctx context.Context, n []int)": "",
		"func (o Options) String() string":                           "",
		"func f(opts ...Options)\nfunc (t) M(opts ...Options)":       "",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+text+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(faults([]*ast.File{f}), "; ")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// A signature is what an exported function or method takes.
type signature struct {
	name   string // with the receiver's before it
	params []string
	where  map[string]bool // "context", "options": whether it takes them
}

// faults are those of the exported functions and methods, also of interfaces, of one package.
func faults(files []*ast.File) (out []string) {
	var all []signature
	look := func(recv, name string, f *ast.FuncType) {
		if !ast.IsExported(name) || recv != "" && !ast.IsExported(recv) {
			return
		}
		if recv != "" {
			name = recv + "." + name
		}
		s := signature{name: name, where: map[string]bool{}}
		var types []ast.Expr
		for _, p := range f.Params.List {
			for range max(1, len(p.Names)) {
				types = append(types, p.Type)
			}
		}
		for i, x := range types {
			fault := s.take(x, i == 0, i == len(types)-1)
			if fault != "" {
				out = append(out, name+": "+fault)
			}
		}
		if strings.HasSuffix(recv, "Options") && f.Results != nil && len(s.params) > 0 {
			out = append(out, name+": a method of options does the work of a function")
		}
		all = append(all, s)
	}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				look(receiver(d), d.Name.Name, d.Type)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					spec, ok := spec.(*ast.TypeSpec)
					if !ok {
						continue
					}
					if it, ok := spec.Type.(*ast.InterfaceType); ok {
						for _, m := range it.Methods.List {
							if f, ok := m.Type.(*ast.FuncType); ok && len(m.Names) > 0 {
								look(spec.Name.Name, m.Names[0].Name, f)
							}
						}
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b signature) int { return cmp.Compare(a.name, b.name) })
	for _, a := range all {
		for _, b := range all {
			if a.name != b.name && strings.HasPrefix(b.name, a.name) && slices.Equal(a.params, b.params) &&
				(a.where["context"] != b.where["context"] || a.where["options"] != b.where["options"]) {
				out = append(out, fmt.Sprintf("%s and %s differ only in what is optional", a.name, b.name))
			}
		}
	}
	return out
}

// take takes in the type of one parameter, and returns what is wrong with it.
func (s *signature) take(x ast.Expr, first, last bool) string {
	variadic := false
	if e, ok := x.(*ast.Ellipsis); ok {
		x, variadic = e.Elt, true
	}
	text := types.ExprString(x)
	switch {
	case text == "context.Context":
		s.where["context"] = true
		if !first {
			return "the context does not come first"
		}
	case strings.HasSuffix(text, "Options") || strings.HasSuffix(text, "Option"):
		s.where["options"] = true
		switch {
		case variadic:
			return "options are variadic"
		case strings.HasPrefix(text, "*"):
			return "options are not a value"
		case !last:
			return "options do not come last"
		}
	case variadic:
		s.params = append(s.params, "[]"+text)
	default:
		s.params = append(s.params, text)
	}
	return ""
}
