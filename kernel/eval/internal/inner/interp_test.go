package inner

import (
	"go/types"
	"maps"
	"reflect"
	"testing"

	"github.com/goplus/ixgo"
)

// TestNewInterp has two programs agree about an interface without a name, which package reflect
// cannot make again.
func TestNewInterp(t *testing.T) {
	known := map[types.Type]reflect.Type{}
	run := func(fresh bool) reflect.Type {
		ctx := ixgo.NewContext(ixgo.SupportMultipleInterp)
		p, err := ctx.LoadFile("main.go", `package main
var list []interface{ M(int) string }
func f() any { list = append(list, nil); return list }
func main() {}
`)
		if err != nil {
			t.Fatal(err)
		}
		given := known
		if fresh {
			given = nil
		}
		interp, err := NewInterp(ctx, p, maps.All(given))
		if err != nil {
			t.Fatal(err)
		}
		if err := interp.RunInit(); err != nil {
			t.Fatal(err)
		}
		got, err := interp.RunFunc("f")
		if err != nil || reflect.ValueOf(got).Len() != 1 {
			t.Fatal(got, err)
		}
		element := p.Var("list").Type().(*types.Pointer).Elem().(*types.Slice).Elem()
		rt := reflect.TypeOf(got).Elem()
		known[element] = rt
		return rt
	}
	first := run(true)
	if again := run(true); again == first {
		t.Error("two programs have the same interface by themselves: NewInterp is not needed any more")
	}
	known = map[types.Type]reflect.Type{}
	first = run(true)
	if again := run(false); again != first {
		t.Errorf("%p is not %p", again, first)
	}
}
