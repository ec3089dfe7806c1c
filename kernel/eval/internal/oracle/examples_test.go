package oracle

import (
	"cmp"
	"context"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An example is one of a package's documentation, as a program, with what it has to print.
type example struct {
	name, code, want string // name is the package's path, a dot, and the example's name
	unordered        bool
}

// examplesIn are the examples of the package in a folder that are programs and say what they print.
func examplesIn(t *testing.T, path, dir string) (examples []example) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if ok, err := build.Default.MatchFile(dir, filepath.Base(name)); err != nil || !ok {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, e := range doc.Examples(files...) {
		if e.Play == nil || e.Output == "" && !e.EmptyOutput {
			continue
		}
		var code strings.Builder
		if err := format.Node(&code, fset, e.Play); err != nil {
			t.Fatal(err)
		}
		examples = append(examples, example{path + "." + cmp.Or(e.Name, "package"), code.String(), e.Output, e.Unordered})
	}
	return examples
}

// exampleFolders are the folders of packages with examples: of the standard library, and of the
// modules that the notebook's own packages stand on.
func exampleFolders(t *testing.T) map[string]string {
	t.Helper()
	folders := map[string]string{}
	walk := func(path, root string) {
		err := filepath.WalkDir(root, func(file string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if name := d.Name(); d.IsDir() && file != root && (name == "cmd" || name == "vendor" || name == "internal" || name == "testdata") {
				return filepath.SkipDir
			}
			if !d.IsDir() && strings.HasSuffix(file, "_test.go") {
				rel, err := filepath.Rel(root, filepath.Dir(file))
				if err != nil {
					return err
				}
				folders[strings.TrimSuffix(filepath.ToSlash(filepath.Join(path, rel)), "/.")] = filepath.Dir(file)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk("", filepath.Join(goEnv(t, "GOROOT"), "src"))
	for _, module := range []string{"gonum.org/v1/gonum", "github.com/go-gota/gota"} {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			t.Fatal(module, err)
		}
		walk(module, strings.TrimSpace(string(out)))
	}
	return folders
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestExamples runs examples of the standard library, of gonum and of gota as cells, those of a
// package in one session. They print what they say they do, but for those that
// testdata/examples.txt explains. Without -oracle, it takes every fourth.
func TestExamples(t *testing.T) {
	explained := explanations(t, "testdata/examples.txt")
	folders := exampleFolders(t)
	n, taken := 0, 0
	for _, path := range slices.Sorted(maps.Keys(folders)) {
		var examples []example
		for _, e := range examplesIn(t, path, folders[path]) {
			if n++; *oracle || n%4 == 0 {
				examples = append(examples, e)
			}
		}
		if len(examples) == 0 {
			continue
		}
		taken += len(examples)
		t.Run(path, func(t *testing.T) {
			s := newSession(t)
			defer s.Close()
			t.Chdir(folders[path])
			for _, e := range examples {
				t.Run(strings.TrimPrefix(e.name, path+"."), func(t *testing.T) {
					why := explained[e.name]
					delete(explained, e.name)
					patience := 5 * time.Minute
					if why != "" {
						patience = 5 * time.Second
					}
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					got, failed := (&output{}).of(ctx, s, e.code)
					if failed != nil {
						got += failed.Error()
					}
					if asExample(got, e.unordered) == asExample(e.want, e.unordered) {
						if why != "" {
							t.Logf("prints what it should, though %s", why)
						}
						return
					}
					if why == "" {
						t.Errorf("%s prints\n%.2000s\nand should\n%.2000s", e.name, got, e.want)
					}
				})
			}
		})
	}
	t.Logf("%d of %d examples", taken, n)
	if *oracle {
		for name := range explained {
			t.Errorf("%s is explained, and no example", name)
		}
	}
}

// asExample is an output as go test compares it.
func asExample(out string, unordered bool) string {
	out = strings.TrimSpace(out)
	if unordered {
		lines := strings.Split(out, "\n")
		slices.Sort(lines)
		out = strings.Join(lines, "\n")
	}
	return out
}

// explanations reads a file of names, each with a tab and why it differs from compiled Go. Lines
// that begin with a number sign are remarks.
func explanations(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("%s: %q has no reason", file, line)
		}
		why[name] = reason
	}
	return why
}
