package eval

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRooms holds that no type's methods are spread over more than six files, and that nothing is
// hidden from the race detector.
func TestRooms(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "//go:norace") {
			t.Errorf("%s hides code from the race detector", file)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv != nil {
				name := receiverName(fd)
				if where[name] == nil {
					where[name] = map[string]bool{}
				}
				where[name][file] = true
			}
		}
	}
	for name, in := range where {
		if len(in) > 6 {
			t.Errorf("%s has methods in %d files", name, len(in))
		}
	}
}
