package inner

import (
	"go/types"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// runDefers makes the deferred calls of a frame. If one panics, so does it after the last.
//
//go:linkname runDefers github.com/goplus/ixgo.(*frame).runDefers
func runDefers(*ixgo.Frame)

// Goexit is runtime.Goexit for interpreted code.
//
// A frame of ixgo makes its deferred calls once, in a loop that does not go on if one of them ends
// the goroutine, or begins anew. So they are made here, of all frames down to the first, and none
// is left when the goroutine ends.
func Goexit(fr *ixgo.Frame) {
	var thrown any // by a deferred call
	panicked := false
	for ; fr != nil; fr = read(reflect.ValueOf(fr).Elem().FieldByName("caller")).Interface().(*ixgo.Frame) {
		frame := reflect.ValueOf(fr).Elem()
		state := read(frame.FieldByName("_panic"))
		if state.SetZero(); panicked {
			state.Set(reflect.New(state.Type().Elem()))
			read(state.Elem().FieldByName("arg")).Set(reflect.ValueOf(&thrown).Elem())
		}
		func() {
			defer func() {
				if panicked {
					thrown = recover()
				}
			}()
			panicked = true
			runDefers(fr)
			panicked = false
		}()
	}
	if panicked {
		defer runtime.Goexit()
		panic(thrown)
	}
	runtime.Goexit()
}

// Counted gives what stands for a defer statement so that DeferMade, which is made in the program,
// is called before what it defers. If that is runtime.Goexit, goexit is called, which is GoexitOf.
func Counted(b *ssa.BasicBlock, d *ssa.Defer, made, goexit *ssa.Function) []ssa.Instruction {
	var out []ssa.Instruction
	list := d.DeferStack
	if list == nil {
		own := NewCall(b, NewBuiltin("ssa:deferstack", types.NewSignatureType(nil, nil, nil, nil, nil, false)), types.Typ[types.UnsafePointer], d.Pos())
		out, list = append(out, own), own
	}
	if f := d.Call.StaticCallee(); f != nil && f.String() == "runtime.Goexit" {
		d.Call.Value, d.Call.Args = goexit, []ssa.Value{list}
	}
	call := &ssa.Defer{Call: ssa.CallCommon{Value: made, Args: []ssa.Value{list}}, DeferStack: d.DeferStack}
	set(call, "block", b)
	set(call, "pos", d.Pos())
	return append(out, d, call)
}

// GoexitOf is Goexit where the frame's list of deferred calls is known, a **ixgo._defer.
func GoexitOf(list any) {
	field, _ := reflect.TypeFor[ixgo.Frame]().FieldByName("_defer")
	Goexit((*ixgo.Frame)(unsafe.Add(reflect.ValueOf(list).UnsafePointer(), -int(field.Offset))))
}

// DeferMade is called before each deferred call with the frame's list of them, a **ixgo._defer, on
// which this call and the next one are the first. It takes both off, so that the list says what is
// left to do.
func DeferMade(list any) {
	first := reflect.ValueOf(list).Elem()
	for range 2 {
		first.Set(read(first.Elem().FieldByName("tail")))
	}
}
