package native

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	mathbits "math/bits"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// A testHost gives programs of tests what they need. Its types have no names.
type testHost struct {
	mu     sync.Mutex
	out    bytes.Buffer
	stack  []Frame
	types  typeutil.Map
	making map[*types.Named]bool
	halts  func()
	vars   map[string]any // pointers to variables that are not the program's own
}

var testFuncs = map[string]any{
	"math.Pow": math.Pow, "math.Mod": math.Mod, "math.IsNaN": math.IsNaN, "math.NaN": math.NaN, "math.Float32bits": math.Float32bits, "math.Float32frombits": math.Float32frombits,
	"math.Hypot": math.Hypot, "math.Copysign": math.Copysign, "math/mathbits.OnesCount64": mathbits.OnesCount64, "math/bits.Mul64": mathbits.Mul64,
	"strconv.Itoa": strconv.Itoa, "strconv.Atoi": strconv.Atoi, "strconv.Quote": strconv.Quote, "strconv.FormatFloat": strconv.FormatFloat,
	"strings.Fields": strings.Fields, "strings.Split": strings.Split, "strings.Repeat": strings.Repeat, "strings.Map": strings.Map, "strings.Contains": strings.Contains,
	"strings.TrimPrefix": strings.TrimPrefix, "strings.Index": strings.Index, "unicode/utf8.RuneCountInString": utf8.RuneCountInString, "unicode/utf8.ValidString": utf8.ValidString,
	"strings.FieldsFunc": strings.FieldsFunc, "strings.ToUpper": strings.ToUpper, "strings.Join": strings.Join, "sort.Slice": SortSlice, "sort.Ints": sort.Ints, "sort.Search": sort.Search,
	"fmt.Sprint": fmt.Sprint, "fmt.Sprintf": fmt.Sprintf, "errors.New": errors.New, "fmt.Errorf": fmt.Errorf,
	"(*strings.Builder).WriteString": (*strings.Builder).WriteString, "(*strings.Builder).WriteByte": (*strings.Builder).WriteByte, "(*strings.Builder).WriteRune": (*strings.Builder).WriteRune,
	"(*strings.Builder).String": (*strings.Builder).String, "(*strings.Builder).Len": (*strings.Builder).Len,
	"(*sync.WaitGroup).Add": (*sync.WaitGroup).Add, "(*sync.WaitGroup).Done": (*sync.WaitGroup).Done, "(*sync.WaitGroup).Wait": (*sync.WaitGroup).Wait,
	"(*sync.Mutex).Lock": (*sync.Mutex).Lock, "(*sync.Mutex).Unlock": (*sync.Mutex).Unlock,
}

var testTypes = map[string]reflect.Type{
	"strings.Builder": reflect.TypeFor[strings.Builder](), "sync.WaitGroup": reflect.TypeFor[sync.WaitGroup](), "sync.Mutex": reflect.TypeFor[sync.Mutex](), "error": reflect.TypeFor[error](),
	"runtime.Error": reflect.TypeFor[interface {
		error
		RuntimeError()
	}](),
	"fmt.Stringer": reflect.TypeFor[fmt.Stringer](),
}

func (h *testHost) Invoked(*types.Func, reflect.Type) (f reflect.Value, instead bool) {
	return f, false
}
func (h *testHost) Forgets(f *ssa.Function) bool {
	return slices.Contains([]string{"fmt.Sprint", "fmt.Sprintf", "fmt.Println"}, f.String())
}
func (h *testHost) Prepare(*ssa.Function) {}
func (h *testHost) Wrapper(uintptr) bool  { return false }
func (h *testHost) Goroutine() string     { return "" }

func (h *testHost) Func(f, _ *ssa.Function) (reflect.Value, error) {
	if f.Name() == "init" {
		return reflect.Value{}, nil
	}
	switch f.String() {
	case "fmt.Println":
		return reflect.ValueOf(func(v ...any) (int, error) { return h.write(fmt.Appendln(nil, v...)) }), nil
	case "fmt.Print":
		return reflect.ValueOf(func(v ...any) (int, error) { return h.write(fmt.Append(nil, v...)) }), nil
	}
	x := testFuncs[f.String()]
	if x == nil {
		return reflect.Value{}, fmt.Errorf("no function %v", f)
	}
	return reflect.ValueOf(x), nil
}

func (h *testHost) write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.out.Write(b)
}

func (h *testHost) Global(g *ssa.Global) (reflect.Value, bool) {
	v, ok := h.vars[g.Name()]
	return reflect.ValueOf(v), ok
}
func (h *testHost) IsStop(*ssa.Global) bool      { return false }
func (h *testHost) IsHalt(*ssa.Function) bool    { return false }
func (h *testHost) IsRecover(*ssa.Function) bool { return false }
func (h *testHost) Recovered(v any) any          { return v }
func (h *testHost) Halt() {
	if h.halts != nil {
		h.halts()
	}
}
func (h *testHost) StackOverflow() { panic("stack overflow") }
func (h *testHost) Go(f func())    { go f() }
func (h *testHost) Panicked(v any, stack []Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stack = stack
}
func (h *testHost) Print(newline bool, v ...any) {
	h.write(pick(newline, fmt.Appendln(nil, v...), fmt.Append(nil, v...)))
}

func (h *testHost) Type(t types.Type) (rt reflect.Type, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if rt, ok := h.types.At(t).(reflect.Type); ok {
		return rt, nil
	}
	h.making = map[*types.Named]bool{}
	rt = h.make(t)
	h.types.Set(t, rt)
	return rt, nil
}

func (h *testHost) list(t *types.Tuple) (out []reflect.Type) {
	for v := range t.Variables() {
		out = append(out, h.make(v.Type()))
	}
	return out
}

var basicTypes = map[types.BasicKind]reflect.Type{types.Bool: reflect.TypeFor[bool](), types.Int: reflect.TypeFor[int](), types.Int8: reflect.TypeFor[int8](),
	types.Int16: reflect.TypeFor[int16](), types.Int32: reflect.TypeFor[int32](), types.Int64: reflect.TypeFor[int64](), types.Uint: reflect.TypeFor[uint](),
	types.Uint8: reflect.TypeFor[uint8](), types.Uint16: reflect.TypeFor[uint16](), types.Uint32: reflect.TypeFor[uint32](), types.Uint64: reflect.TypeFor[uint64](),
	types.Uintptr: reflect.TypeFor[uintptr](), types.Float32: reflect.TypeFor[float32](), types.Float64: reflect.TypeFor[float64](), types.Complex64: reflect.TypeFor[complex64](),
	types.Complex128: reflect.TypeFor[complex128](), types.String: reflect.TypeFor[string](), types.UnsafePointer: reflect.TypeFor[unsafe.Pointer]()}

func (h *testHost) make(t types.Type) reflect.Type {
	if n, ok := t.(*types.Named); ok {
		if rt := testTypes[n.String()]; rt != nil {
			return rt
		}
		h.making[n] = true
		defer delete(h.making, n)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basicTypes[u.Kind()]
	case *types.Pointer:
		if n, ok := u.Elem().(*types.Named); ok && h.making[n] {
			// The type is recursive. That it is a pointer is enough.
			return reflect.TypeFor[unsafe.Pointer]()
		}
		return reflect.PointerTo(h.make(u.Elem()))
	case *types.Slice:
		return reflect.SliceOf(h.make(u.Elem()))
	case *types.Array:
		return reflect.ArrayOf(int(u.Len()), h.make(u.Elem()))
	case *types.Map:
		return reflect.MapOf(h.make(u.Key()), h.make(u.Elem()))
	case *types.Chan:
		return reflect.ChanOf(map[types.ChanDir]reflect.ChanDir{types.SendRecv: reflect.BothDir, types.SendOnly: reflect.SendDir, types.RecvOnly: reflect.RecvDir}[u.Dir()], h.make(u.Elem()))
	case *types.Signature:
		return reflect.FuncOf(h.list(u.Params()), h.list(u.Results()), u.Variadic())
	case *types.Struct:
		var fields []reflect.StructField
		for i := range u.NumFields() {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d_%s", i, u.Field(i).Name()), Type: h.make(u.Field(i).Type())})
		}
		return reflect.StructOf(fields)
	case *types.Interface:
		if u.NumMethods() == 0 {
			return reflect.TypeFor[any]()
		}
	}
	panic(fmt.Sprintf("type %v", t))
}

// The packages that tests import are read once.
var (
	testFiles    = token.NewFileSet()
	testImporter = importer.ForCompiler(testFiles, "source", nil)
)

// build makes the SSA form of a package main.
func build(t testing.TB, src string) *ssa.Package {
	t.Helper()
	fset := testFiles
	f, err := parser.ParseFile(fset, "a.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Implicits: map[ast.Node]types.Object{},
		Scopes: map[ast.Node]*types.Scope{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, Instances: map[*ast.Ident]types.Instance{}}
	conf := types.Config{Importer: testImporter}
	pkg, err := conf.Check("main", fset, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics|ssa.BareInits)
	seen := map[*types.Package]bool{}
	var add func(p *types.Package)
	add = func(p *types.Package) {
		for _, i := range p.Imports() {
			if !seen[i] {
				seen[i] = true
				prog.CreatePackage(i, nil, nil, true)
				add(i)
			}
		}
	}
	add(pkg)
	main := prog.CreatePackage(pkg, []*ast.File{f}, info, false)
	main.Build()
	return main
}

// testMachine says that programs of tests get machine code, all of it.
var testMachine bool

// start compiles a program.
func start(t testing.TB, src string, host *testHost) (*Program, *ssa.Package) {
	t.Helper()
	main := build(t, src)
	p := Compile(host, &World{Machine: testMachine && MachineCode(), Eager: true}, main, make(chan struct{}, 1))
	if len(p.Refused) > 0 {
		t.Fatalf("refused:\n%s", strings.Join(p.Refused, "\n"))
	}
	return p, main
}

// output is what a program prints, and its panic.
func output(t testing.TB, src string) string {
	t.Helper()
	host := &testHost{}
	p, main := start(t, src, host)
	func() {
		defer func() {
			if r := recover(); r != nil {
				fmt.Fprintf(&host.out, "panic: %v\n", r)
				for _, f := range host.stack {
					fmt.Fprintf(&host.out, "  %s:%d\n", f.Function, main.Prog.Fset.Position(f.Pos).Line)
				}
			}
		}()
		p.Run("init")
		p.Run("main")
	}()
	return host.out.String()
}
