package inner

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// TestRangeErrors pins how go/ssa builds the checks of loops over functions.
func TestRangeErrors(t *testing.T) {
	const src = "package p\nfunc newError(int) any\nfunc f(seq func(func(int) bool)) { for x := range seq { if x > 1 { break } } }"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := ssautil.BuildPackage(&types.Config{}, fset, types.NewPackage("p", "p"), []*ast.File{file}, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Func("f")
	for _, f := range []*ssa.Function{f, f.AnonFuncs[0]} {
		for range 2 { // the second time there is nothing to do
			RangeErrors(f, p.Func("newError"))
		}
		calls, stores := 0, 0
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				switch in := in.(type) {
				case *ssa.Call:
					if in.Call.StaticCallee() == p.Func("newError") {
						calls++
					}
				case *ssa.Store:
					if k, ok := in.Val.(*ssa.Const); ok && (k.Int64() == rangeBusy || k.Int64() == rangeExhausted) {
						stores++
					}
				}
			}
		}
		if calls != 1 || stores != 2 {
			t.Errorf("%v has %d panics and %d stores of a state:", f, calls, stores)
			f.WriteTo(t.Output())
		}
	}
}
