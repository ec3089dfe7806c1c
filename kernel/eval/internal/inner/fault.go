package inner

import (
	"fmt"
	"go/types"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"

	"dtnotes/kernel/eval/native"
)

// Fault is the error that Go's runtime would have thrown where interpreted code throws
// info.Error; nil if that is right as it is. typeOf gives the run-time types of an assertion's
// interface and of what is asserted.
//
// ixgo throws texts of its own, often without the index or length that Go's have. The operands of
// the instruction are still in the interpreter's frame, so the error is made anew out of them, as
// a value of the runtime's own type: code that recovers may look at it by errors.As, or print it.
func Fault(info *ixgo.PanicInfo, typeOf func(*ssa.TypeAssert) (x, asserted reflect.Type)) error {
	text, ok := words(info.Error)
	if !ok {
		return nil
	}
	f := reflect.ValueOf(info).Elem().FieldByName("funcInstr")
	switch in := read(f).Interface().(type) {
	case *ssa.TypeAssert:
		if native.IsNilCheck(in) {
			return Known(ixgo.RuntimeError("invalid memory address or nil pointer dereference"))
		}
		x, asserted := typeOf(in)
		if x == nil || asserted == nil {
			break
		}
		concrete, missing := reflect.TypeOf(operand(info.Frame, in.X)), ""
		// ixgo names a missing method of types of cells alone.
		if concrete != nil && asserted.Kind() == reflect.Interface {
			missing = native.MissingMethod(concrete, asserted)
		}
		return assertion(x, concrete, asserted, missing)
	case *ssa.IndexAddr:
		if strings.HasPrefix(text, "index out of range") {
			return bounds(operand(info.Frame, in.Index), length(operand(info.Frame, in.X)), boundsIndex)
		}
	case *ssa.Index:
		if strings.HasPrefix(text, "index out of range") {
			return bounds(operand(info.Frame, in.Index), length(operand(info.Frame, in.X)), boundsIndex)
		}
	case *ssa.Slice:
		if strings.HasPrefix(text, "slice bounds out of range") {
			return slicing(info.Frame, in)
		}
	case *ssa.SliceToArrayPointer:
		if strings.HasPrefix(text, "cannot convert slice") {
			array := in.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Array)
			return bounds(int(array.Len()), length(operand(info.Frame, in.X)), boundsConvert)
		}
	}
	return Known(info.Error)
}

// Known is the error of Go's runtime for one of ixgo's own, by its words; other errors stay.
//
// Go's errors whose words do not begin with "runtime error", as that of closing a nil channel,
// are of a type of their own.
func Known(err error) error {
	text, ok := words(err)
	if !ok {
		return err
	}
	typ := errorString
	if _, plain := err.(ixgo.PlainError); plain || strings.HasPrefix(text, "makechan: ") {
		typ = plainError
	}
	v := reflect.New(typ).Elem()
	v.SetString(text)
	return v.Interface().(error)
}

// NilReceiver is what Go's runtime throws where the method of values of a type is called through a
// nil pointer: a method that the type has from what is embedded in it is looked for behind the
// pointer first.
func NilReceiver(t reflect.Type, method string) error {
	if t.Kind() == reflect.Struct {
		for f := range t.Fields() {
			if _, promoted := reflectx.MethodByName(f.Type, method); promoted && f.Anonymous {
				return Known(ixgo.RuntimeError("invalid memory address or nil pointer dereference"))
			}
		}
	}
	return Known(ixgo.PlainError(fmt.Sprintf("value method %v.%s called using nil *%s pointer", t, method, t.Name())))
}

// words is what one of ixgo's own errors says, without the words that it all begins with.
func words(err error) (string, bool) {
	switch e := err.(type) {
	case ixgo.RuntimeError:
		return strings.TrimPrefix(string(e), "runtime error: "), true
	case ixgo.PlainError:
		return string(e), true
	}
	return "", false
}

// thrown is what f panics with.
func thrown(f func()) (x any) {
	defer func() { x = recover() }()
	f()
	return nil
}

// The types of the errors that Go's runtime throws, which it does not export, and the numbers that
// it gives the ways to be out of bounds.
var (
	negative    = -1
	errorString = reflect.TypeOf(thrown(func() { _ = make([]int, negative) }))
	plainError  = reflect.TypeOf(thrown(func() { close((chan int)(nil)) }))
	boundsError = reflect.TypeOf(thrown(func() { _ = []int{}[negative] }))
)

const (
	boundsIndex = iota
	boundsSliceAlen
	boundsSliceAcap
	boundsSliceB
	boundsSlice3Alen
	boundsSlice3Acap
	boundsSlice3B
	boundsSlice3C
	boundsConvert
)

// bounds is the error of an index, or a bound, that is out of a length or bound y.
func bounds(x any, y, code int) error {
	v := reflect.New(boundsError).Elem()
	switch n := reflect.ValueOf(x); {
	case n.CanInt():
		read(v.FieldByName("x")).SetInt(n.Int())
		read(v.FieldByName("signed")).SetBool(true)
	case n.CanUint():
		read(v.FieldByName("x")).SetInt(int64(n.Uint()))
	}
	read(v.FieldByName("y")).SetInt(int64(y))
	read(v.FieldByName("code")).SetUint(uint64(code))
	return v.Interface().(error)
}

// slicing is the error of x[low:high:max], whose operands ixgo found to be out of bounds.
//
// The order of the checks is Go's, as only the first that fails is reported: from the last bound to
// the first, each against the next.
func slicing(fr *ixgo.Frame, in *ssa.Slice) error {
	x := reflect.Indirect(reflect.ValueOf(operand(fr, in.X)))
	limit, isSlice := x.Len(), x.Kind() == reflect.Slice
	if isSlice {
		limit = x.Cap()
	}
	get := func(v ssa.Value, otherwise int) any {
		if v == nil {
			return otherwise
		}
		return operand(fr, v)
	}
	low, high, most := get(in.Low, 0), get(in.High, x.Len()), get(in.Max, limit)
	which := func(ofSlice, ofOther int) int {
		if isSlice {
			return ofSlice
		}
		return ofOther
	}
	switch {
	case in.Max == nil && exceeds(high, limit):
		return bounds(high, limit, which(boundsSliceAcap, boundsSliceAlen))
	case in.Max == nil:
		return bounds(low, int(reflect.ValueOf(high).Convert(reflect.TypeFor[int]()).Int()), boundsSliceB)
	case exceeds(most, limit):
		return bounds(most, limit, which(boundsSlice3Acap, boundsSlice3Alen))
	}
	end := int(reflect.ValueOf(most).Convert(reflect.TypeFor[int]()).Int())
	if exceeds(high, end) {
		return bounds(high, end, boundsSlice3B)
	}
	return bounds(low, int(reflect.ValueOf(high).Convert(reflect.TypeFor[int]()).Int()), boundsSlice3C)
}

// exceeds reports whether an integer x is not within 0 and limit.
func exceeds(x any, limit int) bool {
	v := reflect.ValueOf(x)
	if v.CanInt() {
		return v.Int() < 0 || v.Int() > int64(limit)
	}
	return v.Uint() > uint64(limit)
}

// length is that of a slice, string, array or pointer to an array.
func length(x any) int { return reflect.Indirect(reflect.ValueOf(x)).Len() }

// assertion is the error of asserting a type for the value of an interface.
//
// The runtime's error holds types as pointers to its own descriptions, which is what the second
// word of a reflect.Type is.
func assertion(x, concrete, asserted reflect.Type, missing string) error {
	if concrete == nil && asserted.Kind() == reflect.Interface {
		x = nil // so does Go
	}
	e := new(runtime.TypeAssertionError)
	v := reflect.ValueOf(e).Elem()
	for name, t := range map[string]reflect.Type{"_interface": x, "concrete": concrete, "asserted": asserted} {
		if t != nil { // the second word of an interface of a type is the runtime's pointer to it
			f := v.FieldByName(name)
			*(*unsafe.Pointer)(unsafe.Pointer(f.UnsafeAddr())) = (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1]
		}
	}
	read(v.FieldByName("missingMethod")).SetString(missing)
	return e
}

// operand is what an instruction's operand is in a frame of the interpreter.
//
// A frame has a stack of values, and its function says at which place of it each SSA value is.
func operand(fr *ixgo.Frame, v ssa.Value) any {
	frame := reflect.ValueOf(fr).Elem()
	index := read(reflect.Indirect(read(frame.FieldByName("pfn"))).FieldByName("index")).Interface().(map[ssa.Value]uint32)
	return read(frame.FieldByName("stack")).Index(int(index[v] & 0xffffff)).Interface()
}

// read gives access to a field of a value that can be addressed, exported or not.
func read(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}
