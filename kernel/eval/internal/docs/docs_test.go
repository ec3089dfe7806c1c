package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestOf has a package with every kind of name.
func TestOf(t *testing.T) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", `// Package p is one.
package p

// Most is the most.
const Most = 3

// A Pair is two.
type Pair struct{ A int }

// New makes one.
func New() Pair { return Pair{} }

// Sum adds.
func (p Pair) Sum() int { return p.A }

// hidden is.
func hidden() {}
`, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Of(fset, "example.com/p", []*ast.File{f})
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{
		{"", "package p", "Package p is one."},
		{"Most", "const Most", "Most is the most."},
		{"Pair", "", "A Pair is two."},
		{"New", "func New() Pair", "New makes one."},
		{"Pair.Sum", "func (p Pair) Sum() int", "Sum adds."},
	}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i, r := range got {
		if r != want[i] {
			t.Errorf("got %q, want %q", r, want[i])
		}
	}
}
