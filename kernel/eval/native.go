package eval

import (
	"fmt"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/eval/internal/slots"
	"dtnotes/kernel/eval/native"
)

// This file is what stands between cells and package native, which executes them on values that are
// not boxed. A program that it cannot take as a whole is left to the interpreter.

// nativeVariable is the environment variable that says what executes cells: off, portable or
// machine. If it is not set, the fastest does that can be had and has proven itself.
const nativeVariable = "DTNOTES_NATIVE"

// A nativeTier compiles programs, if that is switched on.
type nativeTier struct {
	on      bool
	why     string // it is on, or is not
	lacks   string // what it was asked for and cannot have
	world   native.World
	replace map[string]reflect.Value // what code gets instead of compiled functions
	told    []string                 // of the functions of the last programs, what executes them
}

func newNativeTier() *nativeTier {
	tier := os.Getenv(nativeVariable)
	t := &nativeTier{why: nativeVariable + " is " + tier, replace: map[string]reflect.Value{}}
	if tier == "" {
		tier, t.why = "portable", "the default"
		if raceMode == 0 && native.MachineProven && native.MachineCode() {
			tier = "machine"
		}
	}
	switch {
	case tier == "off":
	case tier != "portable" && tier != "machine":
		t.why += ", which is neither off, portable nor machine"
	case !native.Supported:
		t.why = "words here have not 64 bits"
	case raceMode != 0:
		t.why = "races are being looked for"
	case tier == "machine" && !native.MachineCode():
		t.on, t.lacks = true, "machine code cannot be had here, on this processor and system or because memory must not be made executable"
	default:
		t.on = true
		t.world.Machine = tier == "machine"
	}
	return t
}

// externals are told what code gets instead of compiled functions.
type externals interface{ RegisterExternal(key string, f any) }

// externals has both executors told.
func (t *nativeTier) externals(ctx *ixgo.Context) externals { return bothExternals{t, ctx} }

type bothExternals struct {
	t   *nativeTier
	ctx *ixgo.Context
}

func (b bothExternals) RegisterExternal(key string, f any) {
	b.t.replace[key] = reflect.ValueOf(f)
	b.ctx.RegisterExternal(key, f)
}

// compile makes a program, or nil if the interpreter has to run it.
func (t *nativeTier) compile(table *typeTable, main *ssa.Package, flag *stopFlag) program {
	if !t.on {
		return nil
	}
	host := &nativeHost{table: table, replace: t.replace}
	p := native.Compile(host, &t.world, main, flag.c)
	t.note(p)
	if len(p.Refused) > 0 {
		return nil
	}
	return nativeProgram{p}
}

// note remembers what executes functions.
func (t *nativeTier) note(p *native.Program) {
	t.told = t.told[:0]
	for _, f := range p.Refused {
		t.told = append(t.told, "interpreted\t"+f)
	}
	for _, f := range p.Compiled {
		if len(p.Refused) > 0 {
			t.told = append(t.told, "interpreted\t"+f+": stands in a program with one that has to be")
		} else {
			t.told = append(t.told, t.name()+"\t"+f)
		}
	}
}

// name is what the tier is called. Functions get machine code once they are hot.
func (t *nativeTier) name() string {
	if t.world.Machine {
		return "machine"
	}
	return "portable"
}

// tell says what executes the functions of the last cell.
func (t *nativeTier) tell() string {
	if !t.on {
		return "interpreted: all functions (" + t.why + ")\n"
	}
	var b strings.Builder
	if t.lacks != "" {
		b.WriteString(t.lacks + "\n")
	}
	if len(t.told) == 0 {
		b.WriteString(t.name() + " (" + t.why + "); no cell has run yet\n")
		return b.String()
	}
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, line := range t.told {
		fmt.Fprintln(w, line)
	}
	w.Flush()
	return b.String()
}

// A nativeProgram is a program that package native executes.
type nativeProgram struct{ p *native.Program }

func (n nativeProgram) RunInit() error { return n.run("init") }

func (n nativeProgram) RunMain() (int, error) { return 0, n.run("main") }

func (n nativeProgram) run(name string) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = ixgo.FatalError{Value: located{x, traceOf(x)}}
		}
	}()
	n.p.Run(name)
	return nil
}

func (n nativeProgram) FindMethod(_ reflect.Type, fn *types.Func) func([]reflect.Value) []reflect.Value {
	return n.p.Method(fn)
}

// A nativeHost is what a program lives among.
type nativeHost struct {
	table   *typeTable
	replace map[string]reflect.Value
}

var _ native.Host = (*nativeHost)(nil)

func (h *nativeHost) Prepare(f *ssa.Function) { rangeErrors(f) }

func (h *nativeHost) Type(t types.Type) (reflect.Type, error) { return h.table.reflectType(t) }

func (h *nativeHost) Global(g *ssa.Global) (reflect.Value, bool) {
	path := g.Pkg.Pkg.Path()
	p, ok := h.table.Installed(path)
	if !ok {
		return reflect.Value{}, false
	}
	v, ok := p.Vars[g.Name()]
	return v, ok
}

func (h *nativeHost) IsStop(g *ssa.Global) bool {
	return g.Name() == "Stop" && g.Pkg.Pkg.Path() == rtPath
}

func (h *nativeHost) IsHalt(f *ssa.Function) bool { return f.String() == rtPath+".Halt" }

func (h *nativeHost) IsRecover(f *ssa.Function) bool { return f.String() == rtPath+".Caught" }

func (h *nativeHost) Recovered(v any) any { return caught(v) }

// asksStack are functions that look at the stack of the goroutine, where package native has no
// frames.
var asksStack = []string{"runtime.Caller", "runtime.Callers", "runtime.FuncForPC", "runtime.Stack", "runtime/debug.Stack", "runtime/debug.PrintStack"}

// Func finds a compiled function as the interpreter does.
func (h *nativeHost) Func(f, user *ssa.Function) (reflect.Value, error) {
	name := f.String()
	if v, ok := h.replace[name]; ok {
		return v, nil
	}
	// The package with that path gets the stack from the panic.
	if slices.Contains(asksStack, name) && user.Pkg.Pkg.Path() != rtGenericPath {
		return reflect.Value{}, fmt.Errorf("%s needs the interpreter's stack", name)
	}
	if f.Pkg == nil {
		return reflect.Value{}, fmt.Errorf("no code for %s", name)
	}
	if recv := f.Signature.Recv(); recv != nil {
		if t, ok := h.table.LookupReflect(recv.Type()); ok {
			if m, ok := reflectx.MethodByName(t, f.Name()); ok {
				return m.Func, nil
			}
		}
	} else if p, ok := ixgo.LookupPackage(f.Pkg.Pkg.Path()); ok {
		if v, ok := p.Funcs[f.Name()]; ok {
			return v, nil
		}
	}
	if f.Name() == "init" {
		return reflect.Value{}, nil
	}
	return reflect.Value{}, fmt.Errorf("no code for %s", name)
}

// Invoked takes the methods of package reflect's types that give methods, of which it does not know
// the code if they are those of types of cells. Any interface may have them.
func (h *nativeHost) Invoked(m *types.Func, iface reflect.Type) (f reflect.Value, instead bool) {
	name := m.Name()
	if name != "Method" && name != "MethodByName" {
		return f, false
	}
	declared, _ := iface.MethodByName(name)
	sig := declared.Type
	if sig == nil || sig.NumOut() == 0 || sig.Out(0) != reflect.TypeFor[reflect.Method]() || sig.IsVariadic() {
		return f, false
	}
	in, out := []reflect.Type{iface}, []reflect.Type{}
	for t := range sig.Ins() {
		in = append(in, t)
	}
	for t := range sig.Outs() {
		out = append(out, t)
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, false), func(args []reflect.Value) []reflect.Value {
		x := args[0].Elem()
		if !x.IsValid() {
			panic(nilDereference)
		}
		if t, ok := x.Interface().(reflect.Type); ok && t == x.Interface() {
			switch arg := args[1].Interface().(type) {
			case int:
				return []reflect.Value{reflect.ValueOf(reflectx.MethodByIndex(t, arg))}
			case string:
				found, ok := reflectx.MethodByName(t, arg)
				return []reflect.Value{reflect.ValueOf(found), reflect.ValueOf(ok)}
			}
		}
		return args[0].MethodByName(name).Call(args[1:])
	}), true
}

// Forgets tells functions of package fmt that print.
func (h *nativeHost) Forgets(f *ssa.Function) bool {
	name, ok := strings.CutPrefix(f.String(), "fmt.")
	return ok && (slices.Contains(quietNames, name) || slices.Contains([]string{"Sprint", "Sprintf", "Sprintln"}, name))
}

// wrappers are the functions behind which there are others: function values that package reflect
// made, and methods of types of cells.
var wrappers = []string{"reflect.makeFuncStub", "reflect.methodValueCall", slots.Stubs}

func (h *nativeHost) Wrapper(code uintptr) bool {
	f := runtime.FuncForPC(code)
	return f != nil && slices.Contains(wrappers, f.Name())
}

func (h *nativeHost) Goroutine() string { return goroutineName() }

func (h *nativeHost) Halt() { halt() }

func (h *nativeHost) StackOverflow() {
	if r := runOfGoroutine(); r != nil {
		r.overflow()
	}
	panic(haltValue{})
}

func (h *nativeHost) Go(f func()) { go f() }

func (h *nativeHost) Print(newline bool, values ...any) {
	if newline {
		printTo(1, []byte(builtinText(values, " ")+"\n"))
		return
	}
	printTo(1, []byte(builtinText(values, "")))
}

// A located is the value of a panic and the calls that it left.
type located struct {
	value  any
	frames []frame
}

// traces are those of panics that are on their way, by goroutine.
var traces sync.Map

// Panicked keeps the calls for the message, which knows only the value.
func (h *nativeHost) Panicked(v any, stack []native.Frame) {
	name := goroutineName()
	if stack == nil {
		traces.Delete(name)
		return
	}
	var frames []frame
	for _, f := range stack {
		frames = append(frames, frame{goName(f.Function), h.position(f.Pos)})
	}
	if old, ok := traces.Load(name); ok && identical(old.(*located).value, v) {
		frames = append(old.(*located).frames, frames...)
	}
	traces.Store(name, &located{v, frames})
}

func (h *nativeHost) position(p token.Pos) token.Position { return h.table.ctx.FileSet.Position(p) }

// goName is the name of a function as stacks of Go have it.
func goName(name string) string {
	name, inner, ok := strings.Cut(name, "$")
	for ok {
		var n string
		n, inner, ok = strings.Cut(inner, "$")
		name += ".func" + n
	}
	return name
}

// traceOf is the calls that the panic with a value left in the calling goroutine.
func traceOf(v any) []frame {
	if x, ok := traces.LoadAndDelete(goroutineName()); ok && identical(x.(*located).value, v) {
		return x.(*located).frames
	}
	return nil
}

// identical tells values that are one; values of types that cannot be compared are if their types
// are.
func identical(a, b any) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	return !reflect.ValueOf(a).Comparable() || a == b
}
