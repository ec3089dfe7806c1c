package eval

import (
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strconv"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/eval/internal/inner"
)

// Where ixgo would not do what Go does, the instructions of a program are replaced before ixgo
// gets them. A nil in an interface is no value to package reflect, with which ixgo works: maps
// whose keys or values may be one are read and written by functions of this package. Operations
// on constants that fault would do so where they are loaded, even if they are never executed.

const lowerPath = "dtnotes/kernel/eval/lower"

// printMost is how many values the functions for print and println take; more are printed in turns.
const printMost = 8

func init() {
	funcs := map[string]reflect.Value{
		"SetMap":   reflect.ValueOf(setMap),
		"GetMap":   reflect.ValueOf(func(m, k any) any { v, _ := getMap(m, k); return v }),
		"GetOwn":   reflect.ValueOf(getOwn),
		"GetMapOK": reflect.ValueOf(getMap),
		"Delete":   reflect.ValueOf(deleteMap),
		"ByteAt":   reflect.ValueOf(byteAt),
		"Clear":    reflect.ValueOf(func(x any) { reflect.ValueOf(x).Clear() }),
		"NotNil":   reflect.ValueOf(notNil),
		"Made":     reflect.ValueOf(inner.DeferMade),
		"Goexit":   reflect.ValueOf(inner.Goexit),
		"GoexitOf": reflect.ValueOf(inner.GoexitOf),
		"Thrown":   reflect.ValueOf(caught),
		"Max":      reflect.ValueOf(func(x, y any) any { return extreme(x, y, true) }),
		"Min":      reflect.ValueOf(func(x, y any) any { return extreme(x, y, false) }),
	}
	for n := range printMost + 1 {
		in := make([]reflect.Type, n)
		for i := range in {
			in[i] = reflect.TypeFor[any]()
		}
		t := reflect.FuncOf(in, nil, false)
		for name, p := range map[string]struct{ sep, end string }{"Print": {"", ""}, "Println": {" ", "\n"}} {
			funcs[name+strconv.Itoa(n)] = reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
				values := make([]any, len(args))
				for i, a := range args {
					values[i] = a.Interface()
				}
				printTo(1, []byte(builtinText(values, p.sep)+p.end))
				return nil
			})
		}
	}
	ixgo.RegisterPackage(&ixgo.Package{Name: "lower", Path: lowerPath, Funcs: funcs})
}

// inType is x as a value of a type, which may be an interface that holds nothing: package reflect
// has no value for a nil interface that is not of some interface type.
func inType(x any, t reflect.Type) reflect.Value {
	if x == nil {
		return reflect.Zero(t)
	}
	return reflect.ValueOf(x)
}

// setMap is m[k] = v. Without a type, a nil v would be an invalid value, by which SetMapIndex
// deletes the key.
func setMap(m, k, v any) {
	x := reflect.ValueOf(m)
	x.SetMapIndex(inType(k, x.Type().Key()), inType(v, x.Type().Elem()))
}

// getMap is v, ok := m[k], with the zero value of the map's elements where there is no k.
func getMap(m, k any) (any, bool) {
	x := reflect.ValueOf(m)
	v := x.MapIndex(inType(k, x.Type().Key()))
	if !v.IsValid() {
		return reflect.Zero(x.Type().Elem()).Interface(), false
	}
	return v.Interface(), true
}

// getOwn is m[k] where m[k] is assigned to in the same operation, which asks for k's hash as an
// assignment does: whether an empty map has a key, Go's runtime finds out in another way.
func getOwn(m, k any) any {
	x := reflect.ValueOf(m)
	if x.Len() == 0 && !x.IsNil() {
		reflect.MakeMap(x.Type()).SetMapIndex(inType(k, x.Type().Key()), reflect.Zero(x.Type().Elem()))
	}
	if x.Len() == 0 {
		return reflect.Zero(x.Type().Elem()).Interface()
	}
	v, _ := getMap(m, k)
	return v
}

// notNil fails as Go does where a method of an interface that holds nothing is looked for.
//
// A go or defer statement looks for the method when it runs, and ixgo would do so only when the
// function is called.
func notNil(x any) {
	if x == nil {
		var p *int
		*p = 0
	}
}

// deleteMap is delete(m, k) for a key that may be nil.
func deleteMap(m, k any) {
	x := reflect.ValueOf(m)
	x.SetMapIndex(inType(k, x.Type().Key()), reflect.Value{})
}

// extreme is the greater or the smaller of two floats or addresses of one type.
func extreme(x, y any, greater bool) any {
	v, w := reflect.ValueOf(x), reflect.ValueOf(y)
	out := reflect.New(v.Type()).Elem()
	switch {
	case v.CanFloat() && greater:
		out.SetFloat(max(v.Float(), w.Float()))
	case v.CanFloat():
		out.SetFloat(min(v.Float(), w.Float()))
	case greater:
		out.SetUint(max(v.Uint(), w.Uint()))
	default:
		out.SetUint(min(v.Uint(), w.Uint()))
	}
	return out.Interface()
}

// byteAt is s[i] for an i that may not fit an int.
func byteAt(s, i any) any { return reflect.ValueOf(s).String()[reflect.ValueOf(i).Uint()] }

// lowering replaces instructions of the functions of one program.
//
// It works on the instructions of go/ssa before ixgo sees them, which keeps this list of
// differences in one place and leaves ixgo as it is.
type lowering struct {
	prog *ssa.Program
	pkg  *ssa.Package // of the functions that do it instead
}

// helper is a function of package lower in the program, which gets that package when the first is
// asked for.
func (w *lowering) helper(name string) *ssa.Function {
	if w.pkg == nil {
		tp := types.NewPackage(lowerPath, "lower")
		// ixgo goes by the signature of the function itself.
		sig := types.NewSignatureType(nil, nil, nil, nil, nil, false)
		p, _ := ixgo.LookupPackage(lowerPath)
		for name := range p.Funcs {
			tp.Scope().Insert(types.NewFunc(token.NoPos, tp, name, sig))
		}
		w.pkg = w.prog.CreatePackage(tp, nil, nil, true)
		w.pkg.Build()
	}
	return w.pkg.Func(name)
}

// function lowers the code of one function.
//
// A block is copied only if something in it changes, as nearly none does.
func (w *lowering) function(f *ssa.Function) {
	rangeErrors(f)
	orderPhis(f)
	for _, b := range f.Blocks {
		var out []ssa.Instruction
		for i, in := range b.Instrs {
			instead := w.instruction(b, in)
			if instead != nil && out == nil {
				out = append(make([]ssa.Instruction, 0, len(b.Instrs)+1), b.Instrs[:i]...)
			}
			if instead == nil {
				instead = []ssa.Instruction{in}
			}
			if out != nil {
				out = append(out, instead...)
			}
		}
		if out != nil {
			b.Instrs = out
		}
	}
}

// rangeErrors has loops over functions throw what Go's runtime throws.
func rangeErrors(f *ssa.Function) {
	inner.RangeErrors(f, f.Prog.ImportedPackage(rtPath).Func("Range"))
}

// instruction is what stands for an instruction; nil if it stays.
//
// Instructions that stand for others come in an order in which each finds the values it needs,
// and the last has the value of the one that it replaces.
func (w *lowering) instruction(b *ssa.BasicBlock, in ssa.Instruction) []ssa.Instruction {
	switch in := in.(type) {
	case *ssa.BinOp:
		if faults(in) {
			y := inner.NewCopy(b, in.Y)
			in.Y = y
			return []ssa.Instruction{y, in}
		}
	// ixgo takes all slices of what is allocated for what make makes, and says so if they fail.
	case *ssa.Slice:
		if a, ok := in.X.(*ssa.Alloc); ok && a.Comment != "makeslice" && (in.Low != nil || in.High != nil || in.Max != nil) {
			x := inner.NewCopy(b, a)
			in.X = x
			return []ssa.Instruction{x, in}
		}
	case *ssa.UnOp:
		if g, ok := in.X.(*ssa.Global); ok && in.Op == token.MUL && g.Name() == "Stop" && g.Pkg.Pkg.Path() == rtPath {
			return stopped(b, in, g)
		}
	case *ssa.MapUpdate:
		if mayBeNil(in.Key) || mayBeNil(in.Value) {
			return []ssa.Instruction{inner.NewCall(b, w.helper("SetMap"), types.NewTuple(), in.Pos(), in.Map, in.Key, in.Value)}
		}
	case *ssa.Lookup:
		return w.lookup(b, in)
	case *ssa.Call:
		return w.builtin(b, in)
	case ssa.CallInstruction: // go and defer
		// Such a call looks for the method at once, and not when it is called.
		instead := []ssa.Instruction{in}
		// A program with package runtime may end goroutines.
		if d, ok := in.(*ssa.Defer); ok && w.prog.ImportedPackage("runtime") != nil {
			instead = inner.Counted(b, d, w.helper("Made"), w.helper("GoexitOf"))
		}
		if call := in.Common(); call.IsInvoke() {
			return append([]ssa.Instruction{inner.NewCall(b, w.helper("NotNil"), types.NewTuple(), in.Pos(), call.Value)}, instead...)
		}
		w.deferred(in.Common())
		if len(instead) > 1 {
			return instead
		}
	}
	return nil
}

// faults reports whether an operation on constants would fault: a division by zero, or a shift by
// less than zero.
func faults(in *ssa.BinOp) bool {
	_, isConst := in.X.(*ssa.Const)
	y, ok := in.Y.(*ssa.Const)
	if !isConst || !ok || y.Value == nil || y.Value.Kind() != constant.Int {
		return false
	}
	switch in.Op {
	case token.QUO, token.REM:
		return constant.Sign(y.Value) == 0
	case token.SHL, token.SHR:
		return constant.Sign(y.Value) < 0
	}
	return false
}

// stopped gives the instructions that ask whether the code is to stop. The flag is a channel,
// which ixgo is given in the place of the variable's address, see typeTable.Installed.
func stopped(b *ssa.BasicBlock, load *ssa.UnOp, flag *ssa.Global) []ssa.Instruction {
	length := inner.NewCall(b, builtinLen, types.Typ[types.Int], load.Pos(), flag)
	zero := ssa.NewConst(constant.MakeInt64(0), types.Typ[types.Int])
	is := inner.NewBinOp(b, token.NEQ, length, zero, types.Typ[types.Bool])
	inner.Replace(load, is)
	return []ssa.Instruction{length, is}
}

var builtinLen = inner.NewBuiltin("len", types.NewSignatureType(nil, nil, nil,
	types.NewTuple(types.NewParam(token.NoPos, nil, "", types.NewChan(types.SendRecv, types.NewStruct(nil, nil)))),
	types.NewTuple(types.NewParam(token.NoPos, nil, "", types.Typ[types.Int])), false))

var builtinRecover = inner.NewBuiltin("recover", types.NewSignatureType(nil, nil, nil, nil,
	types.NewTuple(types.NewParam(token.NoPos, nil, "", types.Universe.Lookup("any").Type())), false))

func (w *lowering) lookup(b *ssa.BasicBlock, in *ssa.Lookup) []ssa.Instruction {
	name := ""
	switch t := in.Index.Type().Underlying().(type) {
	case *types.Basic:
		_, isMap := in.X.Type().Underlying().(*types.Map)
		if !isMap && t.Info()&types.IsUnsigned != 0 && platformSizes.Sizeof(t) == platformSizes.Sizeof(types.Typ[types.Int]) {
			name = "ByteAt"
		}
	case *types.Interface, *types.Struct, *types.Array:
		switch {
		case !in.CommaOk && !hashable(t) && isUpdate(in):
			name = "GetOwn"
		case !mayBeNil(in.Index):
		case in.CommaOk:
			name = "GetMapOK"
		default:
			name = "GetMap"
		}
	}
	if name == "" {
		return nil
	}
	call := inner.NewCall(b, w.helper(name), in.Type(), in.Pos(), in.X, in.Index)
	inner.Replace(in, call)
	return []ssa.Instruction{call}
}

// isUpdate reports whether the element looked for is assigned to in the same operation, such as
// m[k]++.
func isUpdate(in *ssa.Lookup) bool {
	return slices.ContainsFunc(in.Block().Instrs, func(other ssa.Instruction) bool {
		u, ok := other.(*ssa.MapUpdate)
		return ok && u.Map == in.X && u.Key == in.Index
	})
}

// hashable reports whether all values of a type have a hash: there is no interface in it.
func hashable(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Interface:
		return false
	case *types.Array:
		return hashable(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if !hashable(f.Type()) {
				return false
			}
		}
	}
	return true
}

// builtin lowers the call of a builtin function. A recover stays and is followed by a call that
// looks at what it gave: ixgo's errors are made into Go's, and what is thrown to end a goroutine
// goes on its way.
func (w *lowering) builtin(b *ssa.BasicBlock, in *ssa.Call) []ssa.Instruction {
	f, ok := in.Call.Value.(*ssa.Builtin)
	if !ok {
		if c := in.Call.StaticCallee(); c != nil && c.Name() == "Caught" && c.Pkg != nil && c.Pkg.Pkg.Path() == rtPath {
			in.Call.Value = builtinRecover
		} else if c != nil && c.String() == "runtime.Goexit" {
			in.Call.Value = w.helper("Goexit")
		}
		return nil
	}
	switch f.Name() {
	case "recover":
		call := inner.NewCall(b, w.helper("Thrown"), in.Type(), in.Pos())
		inner.Replace(in, call)
		call.Call.Args = []ssa.Value{in}
		return []ssa.Instruction{in, call}
	case "print", "println":
		return w.prints(b, in, f.Name())
	case "max", "min":
		return w.extreme(b, in, map[string]string{"max": "Max", "min": "Min"}[f.Name()])
	default:
		w.deferred(&in.Call)
	}
	return nil
}

// extreme lowers a call of max or min where ixgo is not Go: of floats, of which a NaN decides and
// zeros have signs, and of addresses, which it does not compare.
func (w *lowering) extreme(b *ssa.BasicBlock, in *ssa.Call, helper string) (out []ssa.Instruction) {
	t, ok := in.Type().Underlying().(*types.Basic)
	if !ok || len(in.Call.Args) < 2 || t.Info()&types.IsFloat == 0 && t.Kind() != types.Uintptr {
		return nil
	}
	x := in.Call.Args[0]
	for _, y := range in.Call.Args[1:] {
		call := inner.NewCall(b, w.helper(helper), in.Type(), in.Pos(), x, y)
		out, x = append(out, call), call
	}
	inner.Replace(in, x.(*ssa.Call))
	return out
}

// prints lowers a call of print or println, which may take several calls.
func (w *lowering) prints(b *ssa.BasicBlock, in *ssa.Call, name string) (out []ssa.Instruction) {
	args := in.Call.Args
	if name == "println" && len(args) > printMost {
		text := func(s string) ssa.Value { return ssa.NewConst(constant.MakeString(s), types.Typ[types.String]) }
		var spaced []ssa.Value
		for i, x := range args {
			if i > 0 {
				spaced = append(spaced, text(" "))
			}
			spaced = append(spaced, x)
		}
		name, args = "print", append(spaced, text("\n"))
	}
	for ; len(args) > printMost; args = args[printMost:] {
		part := inner.NewCall(b, nil, types.NewTuple(), in.Pos())
		w.print(&part.Call, name, args[:printMost])
		out = append(out, part)
	}
	w.print(&in.Call, name, args)
	return append(out, in)
}

func (w *lowering) print(call *ssa.CallCommon, name string, args []ssa.Value) {
	helper := map[string]string{"print": "Print", "println": "Println"}[name]
	call.Value, call.Args = w.helper(helper+strconv.Itoa(len(args))), args
}

// deferred lowers a call of a builtin function whose result nobody uses, which may be deferred.
func (w *lowering) deferred(call *ssa.CallCommon) {
	f, ok := call.Value.(*ssa.Builtin)
	if !ok {
		return
	}
	switch f.Name() {
	case "delete":
		if mayBeNil(call.Args[1]) {
			call.Value = w.helper("Delete")
		}
	case "clear":
		call.Value = w.helper("Clear")
	case "print", "println":
		if len(call.Args) <= printMost {
			w.print(call, f.Name(), call.Args)
		}
	}
}

// mayBeNil reports whether a value is of an interface type and may hold nothing. A value that was
// just put into an interface does not, unless it came from another.
func mayBeNil(v ssa.Value) bool {
	if !types.IsInterface(v.Type()) {
		return false
	}
	switch v := v.(type) {
	case *ssa.MakeInterface:
		return types.IsInterface(v.X.Type())
	case *ssa.ChangeInterface:
		return mayBeNil(v.X)
	}
	return true
}
