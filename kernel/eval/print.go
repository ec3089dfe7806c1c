package eval

import (
	"fmt"
	"go/token"
	"go/types"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/display"
)

// quietPath is the package of the printing functions without results. The interpreter calls
// compiled functions by reflection, where results nobody looks at cost more than the printing, and
// so does the slice of what is printed: a few values have functions of their own.
const quietPath = "dtnotes/kernel/eval/quiet"

// quietNames are the functions of package fmt that have such a form.
var quietNames = []string{"Print", "Println", "Printf", "Fprint", "Fprintln", "Fprintf"}

func init() {
	ixgo.RegisterPackage(&ixgo.Package{Name: "quiet", Path: quietPath, Funcs: map[string]reflect.Value{
		"Print":    reflect.ValueOf(func(v ...any) { printOut(v) }),
		"Println":  reflect.ValueOf(func(v ...any) { printlnOut(v) }),
		"Printf":   reflect.ValueOf(func(f string, v ...any) { printfOut(f, v) }),
		"Fprint":   reflect.ValueOf(func(w io.Writer, v ...any) { fmt.Fprint(cellWriter(w), printable(v)...) }),
		"Fprintln": reflect.ValueOf(func(w io.Writer, v ...any) { fmt.Fprintln(cellWriter(w), printable(v)...) }),
		"Fprintf":  reflect.ValueOf(func(w io.Writer, f string, v ...any) { fmt.Fprintf(cellWriter(w), f, printable(v)...) }),
		"Print1":   reflect.ValueOf(func(a any) { printOut([]any{a}) }),
		"Print2":   reflect.ValueOf(func(a, b any) { printOut([]any{a, b}) }),
		"Print3":   reflect.ValueOf(func(a, b, c any) { printOut([]any{a, b, c}) }),
		"Println1": reflect.ValueOf(func(a any) { printlnOut([]any{a}) }),
		"Println2": reflect.ValueOf(func(a, b any) { printlnOut([]any{a, b}) }),
		"Println3": reflect.ValueOf(func(a, b, c any) { printlnOut([]any{a, b, c}) }),
		"Printf1":  reflect.ValueOf(func(f string, a any) { printfOut(f, []any{a}) }),
		"Printf2":  reflect.ValueOf(func(f string, a, b any) { printfOut(f, []any{a, b}) }),
		"Printf3":  reflect.ValueOf(func(f string, a, b, c any) { printfOut(f, []any{a, b, c}) }),
	}})
}

// registerPrinting has interpreted code print to its own cell. Through the redirected files it
// would print to the cell that ran last, as a pipe does not know who writes to it. All printing
// goes through printable, as of values that contain themselves package fmt would never end.
func registerPrinting(c externals) {
	c.RegisterExternal("fmt.Print", func(v ...any) (int, error) { return printOut(v), nil })
	c.RegisterExternal("fmt.Println", func(v ...any) (int, error) { return printlnOut(v), nil })
	c.RegisterExternal("fmt.Printf", func(f string, v ...any) (int, error) { return printfOut(f, v), nil })
	c.RegisterExternal("fmt.Sprint", func(v ...any) string { return fmt.Sprint(printable(v)...) })
	c.RegisterExternal("fmt.Sprintln", func(v ...any) string { return fmt.Sprintln(printable(v)...) })
	c.RegisterExternal("fmt.Sprintf", func(f string, v ...any) string { return fmt.Sprintf(f, printable(v)...) })
	c.RegisterExternal("fmt.Fprint", func(w io.Writer, v ...any) (int, error) { return fmt.Fprint(cellWriter(w), printable(v)...) })
	c.RegisterExternal("fmt.Fprintln", func(w io.Writer, v ...any) (int, error) { return fmt.Fprintln(cellWriter(w), printable(v)...) })
	c.RegisterExternal("fmt.Fprintf", func(w io.Writer, f string, v ...any) (int, error) {
		return fmt.Fprintf(cellWriter(w), f, printable(v)...)
	})
	c.RegisterExternal("io.WriteString", func(w io.Writer, s string) (int, error) { return io.WriteString(cellWriter(w), s) })
	c.RegisterExternal("(*os.File).Write", func(f *os.File, b []byte) (int, error) {
		if stream, ok := streamOf(f); ok {
			return streamWriter(stream).Write(b)
		}
		return f.Write(b)
	})
	c.RegisterExternal("(*os.File).WriteString", func(f *os.File, s string) (int, error) {
		if stream, ok := streamOf(f); ok {
			return streamWriter(stream).Write([]byte(s))
		}
		return f.WriteString(s)
	})
}

func printOut(v []any) int {
	return printWith(func(b []byte) []byte { return fmt.Append(b, printable(v)...) })
}

func printlnOut(v []any) int {
	return printWith(func(b []byte) []byte { return fmt.Appendln(b, printable(v)...) })
}

func printfOut(f string, v []any) int {
	return printWith(func(b []byte) []byte { return fmt.Appendf(b, f, printable(v)...) })
}

// lineBuffers are for text on its way to printTo.
var lineBuffers = sync.Pool{New: func() any { return new([]byte) }}

// printWith prints what format appends to the cell's standard output and returns its length.
//
// Buffers are used again, but one that has grown large is let go.
func printWith(format func([]byte) []byte) int {
	buf := lineBuffers.Get().(*[]byte)
	text := format((*buf)[:0])
	printTo(0, text)
	if cap(text) <= batchSize {
		*buf = text
		lineBuffers.Put(buf)
	}
	return len(text)
}

// cellWriter is the direct way to a stream of the cell, if w is one.
func cellWriter(w io.Writer) io.Writer {
	if stream, ok := streamOf(w); ok {
		return streamWriter(stream)
	}
	return w
}

// printable replaces values that contain themselves, at which package fmt would never end, by a
// text.
func printable(v []any) []any {
	var out []any
	for i, x := range v {
		switch x.(type) {
		case nil, bool, string, int, int64, int32, uint8, float64:
			continue
		}
		if !containsItself(reflect.ValueOf(x), nil) {
			continue
		}
		if out == nil {
			out = slices.Clone(v)
		}
		out[i] = display.Text(x)
	}
	if out == nil {
		return v
	}
	return out
}

// quiet makes calls that print, and whose results are dropped, calls of the functions without
// results. Up to three values are passed as they are, without the slice that variadic functions
// want.
func (l *lateFinder) quiet(prog *ssa.Program) {
	var pkg *ssa.Package
	for f := range l.seen {
		for _, b := range f.Blocks {
			gone := map[ssa.Instruction]bool{}
			for _, in := range b.Instrs {
				c, ok := in.(*ssa.Call)
				if !ok || len(*c.Referrers()) > 0 {
					continue
				}
				callee := c.Call.StaticCallee()
				if callee == nil || callee.Pkg == nil || callee.Pkg.Pkg.Path() != "fmt" || !slices.Contains(quietNames, callee.Name()) {
					continue
				}
				if pkg == nil {
					pkg = quietPackage(prog, callee.Pkg.Pkg)
				}
				c.Call.Value = pkg.Func(callee.Name())
				values, packing := packed(c)
				if few := pkg.Func(callee.Name() + strconv.Itoa(len(values))); few != nil {
					c.Call.Value = few
					c.Call.Args = append(slices.Clone(c.Call.Args[:len(c.Call.Args)-1]), values...)
					for _, p := range packing {
						gone[p] = true
					}
				}
			}
			if len(gone) > 0 {
				b.Instrs = slices.DeleteFunc(b.Instrs, func(in ssa.Instruction) bool { return gone[in] })
			}
		}
	}
}

// packed returns the values that a call passes for the dots of a variadic function, and the
// instructions of its block that only make a slice of them; nothing if they are passed otherwise.
//
// Go's builder makes an array, stores each value into it in order, and slices it. All of that can
// go if nothing else refers to it and it is in the block of the call.
func packed(c *ssa.Call) (values []ssa.Value, packing []ssa.Instruction) {
	slice, ok := c.Call.Args[len(c.Call.Args)-1].(*ssa.Slice)
	if !ok || len(*slice.Referrers()) != 1 {
		return nil, nil
	}
	array, ok := slice.X.(*ssa.Alloc)
	if !ok || array.Comment != "varargs" {
		return nil, nil
	}
	for _, r := range *array.Referrers() {
		if r == slice {
			continue
		}
		place, ok := r.(*ssa.IndexAddr)
		if !ok || len(*place.Referrers()) != 1 {
			return nil, nil
		}
		store, ok := (*place.Referrers())[0].(*ssa.Store)
		index, isConst := place.Index.(*ssa.Const)
		if !ok || !isConst || index.Int64() != int64(len(values)) || store.Block() != c.Block() {
			return nil, nil
		}
		values = append(values, store.Val)
		packing = append(packing, place, store)
	}
	return values, append(packing, array, slice)
}

func quietPackage(prog *ssa.Program, fmtPackage *types.Package) *ssa.Package {
	tp := types.NewPackage(quietPath, "quiet")
	add := func(name string, params *types.Tuple, variadic bool) {
		tp.Scope().Insert(types.NewFunc(token.NoPos, tp, name, types.NewSignatureType(nil, nil, nil, params, nil, variadic)))
	}
	for _, name := range quietNames {
		params := fmtPackage.Scope().Lookup(name).Type().(*types.Signature).Params()
		add(name, params, true)
		if name[0] == 'F' {
			continue
		}
		few := slices.Collect(params.Variables())
		few = few[:len(few)-1]
		for n := range 3 {
			few = append(few, types.NewParam(token.NoPos, tp, "", types.Universe.Lookup("any").Type()))
			add(name+strconv.Itoa(n+1), types.NewTuple(slices.Clone(few)...), false)
		}
	}
	pkg := prog.CreatePackage(tp, nil, nil, true)
	pkg.Build()
	return pkg
}
