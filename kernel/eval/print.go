package eval

import (
	"fmt"
	"go/token"
	"go/types"
	"io"
	"os"
	"reflect"
	"slices"
	"sync"

	"dtnotes/kernel/display"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// quietPath is the package of the printing functions without results. The interpreter calls
// compiled functions by reflection, where results nobody looks at cost more than the printing.
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
	}})
}

func registerPrinting(c *ixgo.Context) {
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

// printable replaces values that contain themselves, at which package fmt would never end, by a text.
func printable(v []any) []any {
	var out []any
	for i, x := range v {
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

// quiet makes calls that print, and whose results are dropped, calls of the functions without.
func (l *lateFinder) quiet(prog *ssa.Program) {
	var pkg *ssa.Package
	for f := range l.seen {
		for _, b := range f.Blocks {
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
			}
		}
	}
}

func quietPackage(prog *ssa.Program, fmtPackage *types.Package) *ssa.Package {
	tp := types.NewPackage(quietPath, "quiet")
	for _, name := range quietNames {
		sig := fmtPackage.Scope().Lookup(name).Type().(*types.Signature)
		tp.Scope().Insert(types.NewFunc(token.NoPos, tp, name, types.NewSignatureType(nil, nil, nil, sig.Params(), nil, sig.Variadic())))
	}
	pkg := prog.CreatePackage(tp, nil, nil, true)
	pkg.Build()
	return pkg
}
