package eval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLocalModule imports packages of a module on disk, which nobody compiled.
func TestLocalModule(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/you\n\ngo 1.26\n",
		"pkg/pkg.go": `// Package pkg is a prototype.
package pkg

import (
	"fmt"

	"example.com/you/inner"
)

var Table = map[string]int{"one": inner.One()}

func init() { Table["two"] = 2 }

type Point struct{ X, Y float64 }

func (p Point) String() string { return fmt.Sprintf("<%g %g>", p.X, p.Y) }

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }
func (s *Stack[T]) Len() int { return len(s.items) }

func Spin() { for {} }

func Fail() { panic("in the package") }
`,
		"inner/inner.go":    "package inner\n\nfunc One() int { return 1 }\n",
		"broken/broken.go":  "package broken\n\nfunc F() int { return \"x\" }\n",
		"notebooks/x.ipynb": "{}",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Options{Dir: filepath.Join(dir, "notebooks")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ code, want string }{
		{"import \"example.com/you/pkg\"\npkg.Table[\"one\"] + pkg.Table[\"two\"]", "3 :: int"},
		{"p := pkg.Point{1, 2}\np", "<1 2> :: pkg.Point"},
		{"st := &pkg.Stack[pkg.Point]{}\nst.Push(p)\nst.Push(p)\nst.Len()", "2 :: int"},
		{"func (q named) Twice() float64 { return 2 * q.X }\ntype named struct{ pkg.Point }\nnamed{p}.Twice()", "2 :: float64"},
		{"fmt.Sprint([]pkg.Point{{3, 4}})", "[<3 4>] :: string"},
	} {
		if got := must(t, s, c.code); got != c.want {
			t.Errorf("%s: %s, want %s", c.code, got, c.want)
		}
	}
	if _, _, err := run1(t, s, "pkg.Fail()"); err == nil || !strings.Contains(err.Message, "pkg.go:25: in the package") {
		t.Errorf("panic in a package from source: %v", err)
	}
	if _, _, err := run1(t, s, "import \"example.com/you/broken\""); err == nil || !strings.Contains(err.Message, "broken.go:3:23: cannot use") {
		t.Errorf("a package that does not compile: %v", err)
	}
	if _, _, err := run1(t, s, "import \"example.com/you/none\""); err == nil {
		t.Error("a package that is not there: no error")
	}
	if got := must(t, s, "p.X"); got != "1 :: float64" {
		t.Errorf("p.X is %s", got)
	}
}
