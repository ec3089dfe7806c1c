package tables

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestLeftOut has generic declarations that need what no table can give, in their own package or in
// another one: they stay out, and so does whatever needs them.
func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module example.com/m\n\ngo 1.24\n",
		"internal/in/in.go":  "package in\n\nfunc Pick(n int) int { return 0 }\n",
		"below/below.go":     "package below\n\nimport \"example.com/m/internal/in\"\n\nfunc Any[T any](x []T) T { return x[in.Pick(len(x))] }\n\nfunc First[T any](x []T) T { return x[0] }\n\ntype Box[T any] struct{ V T }\n\nfunc (b Box[T]) Get() T { return b.V }\n\nfunc Plain() int { return in.Pick(1) }\n\ntype Hidden struct{ n, N int }\n\nfunc Field[T any](h Hidden, f func(int) T) T { return f(number(h)) }\n\nfunc number(h Hidden) int { return h.n }\n\nfunc Fields[T any](h Hidden, f func(int) T) T {\n\ttype local struct{ n T }\n\treturn local{pair[T]{n: f(h.N)}.n}.n\n}\n\ntype pair[T any] struct{ n T }\n",
		"m.go":               "package m\n\nimport \"example.com/m/below\"\n\nfunc Some[T any](x []T) T { return below.Any(x) }\n\nfunc Other[T any](x []T) T { return below.Box[T]{below.First(x)}.Get() }\n\nfunc Once[T any](x []T) int { return below.Plain() }\n",
		"above/above.go":     "package above\n\nimport \"example.com/m\"\n\nfunc Top[T any](x []T) T { return m.Some(x) }\n",
		"above/beside/be.go": "package beside\n\nimport \"example.com/m\"\n\nfunc Top[T any](x []T) T { return m.Other(x) }\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	pkgs, err := packages.Load(&packages.Config{Mode: Mode, Dir: dir, Env: append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")},
		"example.com/m", "example.com/m/below", "example.com/m/above", "example.com/m/above/beside")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"example.com/m": {"example.com/m.Some is generic and stays out: it needs example.com/m/below.Any, and it needs the internal package example.com/m/internal/in"},
		"example.com/m/below": {
			"example.com/m/below.Any is generic and stays out: it needs the internal package example.com/m/internal/in",
			"example.com/m/below.Field is generic and stays out: it uses the unexported field n of Hidden",
		},
		"example.com/m/above": {"example.com/m/above.Top is generic and stays out: it needs example.com/m.Some, and it needs example.com/m/below.Any, and it needs the internal package example.com/m/internal/in"},
	}
	for _, p := range pkgs { // one at a time, as they are made of what is got
		source, left, err := File("package p\n\n", "x", []*packages.Package{p})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(left, want[p.PkgPath]) {
			t.Errorf("of %s stays out %q", p.PkgPath, left)
		}
		if p.PkgPath == "example.com/m" && (strings.Contains(string(source), "Some") || !strings.Contains(string(source), "func Other") || !strings.Contains(string(source), "func Once")) {
			t.Errorf("the table of %s is\n%s", p.PkgPath, source)
		}
	}
}
