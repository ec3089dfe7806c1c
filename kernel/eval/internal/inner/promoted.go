package inner

import (
	"reflect"
	"sync"
	_ "unsafe" // for linkname

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
)

// promoted is where ixgo keeps the code of methods that types have by embedding, by the type
// embedded and the path of fields to it. All types with such a path are given the code of the
// first.
//
//go:linkname promoted github.com/goplus/ixgo.mfnMap
var promoted sync.Map

// ForgetAlways has the types that programs of a context make by themselves forget.
func ForgetAlways(ctx *ixgo.Context) {
	check := ctx.MethodChecker
	ctx.MethodChecker = func(ctx *ixgo.Context, prog *ssa.Program) func(reflect.Type, reflectx.Method) bool {
		checked := check(ctx, prog)
		return func(t reflect.Type, m reflectx.Method) bool {
			ForgetPromoted()
			return checked(t, m)
		}
	}
}

// ForgetPromoted has the next type with methods by embedding get code of its own: that of another
// finds the embedded field where the other type has it, which need not be where this one does.
func ForgetPromoted() { promoted.Clear() }
