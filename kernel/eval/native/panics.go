package native

import (
	"fmt"
	"go/token"
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Frame is one call of a stack.
type Frame struct {
	Function string
	Pos      token.Pos
}

// A state is where a machine goes on.
type state struct {
	f          *fn
	ip         unsafe.Pointer
	nOff, pOff uintptr
	sp         int
}

// A panicState is a panic that deferred functions see, or that the goroutine ends by
// runtime.Goexit. It goes on to end where a panic that came afterwards is recovered.
type panicState struct {
	value     any
	goexit    bool
	recovered bool
	ending    bool
}

// A deferList is the deferred calls of one frame.
type deferList struct{ calls []func(*panicState) }

// These are the panics of Go's runtime, as the runtime itself makes them.
var (
	errNil    = thrown(func() { var p *int; *p = 1 })
	errDivide = thrown(func() { _ = 1 / len(noBytes) })
	errChan   = thrown(func() { n := len(noBytes) - 1; _ = make(chan int, n) })
	errIndex  = thrown(func() { noBytes[len(noBytes)] = 1 })
	errShift  = thrown(func() { n := len(noBytes) - 1; _ = 1 << n })
)

var noBytes []byte

// runtimeError and plainError are panics of Go's runtime that have words of their own.
func runtimeError(text string) error { return likeText(errNil, text) }
func plainError(text string) error   { return likeText(errChan, text) }

// likeText is another error of the type of one, which is a string.
func likeText(e any, text string) error {
	v := reflect.New(reflect.TypeOf(e)).Elem()
	v.SetString(text)
	return v.Interface().(error)
}

// These say why an index or a bound of a slice is outside, as Go's runtime numbers the reasons.
const (
	boundsIndex = iota
	boundsAlen
	boundsAcap
	boundsB
	bounds3Alen
	bounds3Acap
	bounds3B
	bounds3C
	boundsConvert
)

// outOfBounds is laid out as Go's runtime does its error.
type outOfBounds struct {
	x      int64
	y      int
	signed bool
	code   uint8
}

// boundsError is what Go's runtime throws for x where y is the limit.
func boundsError(x int64, y int, signed bool, code uint8) any {
	t := reflect.TypeOf(errIndex)
	if t.Size() != unsafe.Sizeof(outOfBounds{}) {
		return runtimeError(fmt.Sprintf("index out of range [%d] with length %d", x, y))
	}
	return reflect.NewAt(t, unsafe.Pointer(&outOfBounds{x, y, signed, code})).Elem().Interface()
}

func thrown(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// fail panics with v at an instruction. Like those below, it is not inlined, so that the loop of
// instructions stays small.
//
//go:noinline
func (vm *machine) fail(f *fn, in *instr, sp int, v any) {
	vm.f, vm.at, vm.sp = f, in, sp
	panic(v)
}

// outside panics because an index is out of range.
//
//go:noinline
func (vm *machine) outside(f *fn, in *instr, sp int, i uint64, n int64) {
	vm.f, vm.at, vm.sp = f, in, sp
	panic(boundsError(int64(i), int(n), !f.unsignedIndex(in), boundsIndex))
}

// halt is called where the stop flag is set. It returns where the flag is that of another run.
//
//go:noinline
func (vm *machine) halt(f *fn, in *instr, sp int) {
	vm.f, vm.at, vm.sp = f, in, sp
	f.prog.host.Halt()
}

// wrong panics because of what an instruction has found, such as an index that is out of range.
//
//go:noinline
func (vm *machine) wrong(f *fn, in *instr, sp int, np, pp unsafe.Pointer) {
	switch o := in.op; {
	case o >= opDiv && o <= opRemU:
		vm.fail(f, in, sp, errDivide)
	case o == opShift:
		vm.fail(f, in, sp, errShift)
	case o == opAddrA && *ptr(pp, in.b) != nil:
		vm.outside(f, in, sp, *num(np, in.c), int64(in.d))
	case o >= opLdX8 && o <= opAddrX:
		vm.outside(f, in, sp, *num(np, in.c), *snum(np, in.d))
	}
	vm.fail(f, in, sp, errNil)
}

// protect runs a machine. If a panic ends that and a deferred function recovers it, protect returns
// the state in which to go on.
func (vm *machine) protect(s state) (next state, again bool) {
	ended := false
	defer func() {
		if !ended {
			next, again = vm.unwind(recover())
		}
	}()
	vm.execute(s)
	ended = true
	return
}

// unwind runs what the frames of a machine have deferred, from the one that panicked. v is nil if
// the goroutine ends by runtime.Goexit.
func (vm *machine) unwind(v any) (next state, again bool) {
	u := &unwinding{vm: vm, f: vm.f, sp: vm.sp, st: &panicState{value: v, goexit: v == nil, ending: v == nil}}
	if v != nil {
		u.f.prog.host.Panicked(v, vm.stack())
	}
	u.nOff, u.pOff = vm.offsets()
	next, again = u.run()
	if !again && !u.st.goexit {
		panic(u.st.value)
	}
	return next, again
}

// An unwinding is how far unwind has come.
type unwinding struct {
	vm         *machine
	f          *fn
	nOff, pOff uintptr
	sp         int
	st         *panicState
}

// run goes on until a deferred function has recovered the panic.
//
// If a deferred function ends the goroutine, what called it does not go on: the rest is run where
// Go runs its own deferred functions.
func (u *unwinding) run() (next state, again bool) {
	ended := false
	defer func() {
		if !ended {
			u.f.prog.host.Panicked(nil, nil)
			u.run()
		}
	}()
	next, again = u.frames()
	ended = true
	return next, again
}

func (u *unwinding) frames() (next state, again bool) {
	for u.sp > 0 {
		f := u.f
		if f.deferSlot >= 0 {
			u.vm.sp = u.sp
			if d := (*deferList)(*ptr(unsafe.Pointer(&u.vm.p[0]), int32(u.pOff)+f.deferSlot)); d != nil {
				d.unwind(u.st)
				if u.st.recovered && !u.st.goexit {
					f.prog.host.Panicked(u.st.value, nil)
					if !u.st.ending {
						return state{f, unsafe.Pointer(&f.code[f.recover]), u.nOff, u.pOff, u.sp}, true
					}
					*u.st = panicState{goexit: true, ending: true}
				}
			}
		}
		u.sp--
		u.f = u.vm.frame(u.sp).f
		u.nOff, u.pOff = u.nOff-uintptr(u.f.nsize), u.pOff-uintptr(u.f.psize)
	}
	return state{}, false
}

// unwind makes the deferred calls of a frame that panics.
func (d *deferList) unwind(st *panicState) {
	for len(d.calls) > 0 {
		call := d.pop()
		func() {
			ended := false
			defer func() {
				if ended {
					return
				}
				v := recover()
				*st = panicState{value: v, goexit: v == nil, ending: st.ending || v == nil}
			}()
			if st.recovered {
				call(nil)
			} else {
				call(st)
			}
			ended = true
		}()
	}
}

func (d *deferList) pop() func(*panicState) {
	n := len(d.calls) - 1
	call := d.calls[n]
	d.calls[n] = nil
	d.calls = d.calls[:n]
	return call
}

// runDefers makes the deferred calls of a frame that returns.
func (d *deferList) runDefers() {
	for len(d.calls) > 0 {
		d.pop()(nil)
	}
}

// recovered is the builtin recover.
func (vm *machine) recovered() any {
	st := vm.panicked
	if st == nil || st.recovered || st.goexit {
		return nil
	}
	for i := 1; i < vm.sp; i++ {
		if !vm.frame(i).f.wrapper { // the deferred function has called another
			return nil
		}
	}
	st.recovered = true
	return st.value
}

// handed are panics that wrappers, which are deferred, hand to what they call, by the goroutine.
// handedOver is how many there are.
var (
	handed     sync.Map
	handedOver atomic.Int32
)

// handing makes a deferred call of compiled code that may be a wrapper.
func (p *Program) handing(st *panicState, code unsafe.Pointer, call func()) {
	if st == nil || code == nil || !p.host.Wrapper(*(*uintptr)(code)) {
		call()
		return
	}
	name := p.host.Goroutine()
	handed.Store(name, st)
	handedOver.Add(1)
	defer func() {
		if _, there := handed.LoadAndDelete(name); there {
			handedOver.Add(-1)
		}
	}()
	call()
}

// take takes what a wrapper has handed over.
func (vm *machine) take(f *fn) {
	if st, ok := handed.LoadAndDelete(f.prog.host.Goroutine()); ok {
		handedOver.Add(-1)
		vm.panicked = st.(*panicState)
	}
}

// offsets is where the frame of a machine that has stopped is.
func (vm *machine) offsets() (nOff, pOff uintptr) {
	for i := 1; i < vm.sp; i++ {
		nOff, pOff = nOff+uintptr(vm.frame(i).f.nsize), pOff+uintptr(vm.frame(i).f.psize)
	}
	return nOff, pOff
}

// maxFrames is how many frames of a stack are reported.
const maxFrames = 100

// stack is the calls of a machine that has stopped, the innermost first.
func (vm *machine) stack() []Frame {
	out := vm.f.frames(vm.at)
	for i := vm.sp - 1; i > 0 && len(out) < maxFrames; i-- {
		r := vm.frame(i)
		out = append(out, Frame{r.f.name, r.f.posOf((*instr)(unsafe.Add(r.ip, -instrSize)))})
	}
	return out
}

// index is the number of an instruction.
func (f *fn) index(in *instr) int {
	return int(uintptr(unsafe.Pointer(in))-uintptr(unsafe.Pointer(&f.code[0]))) / instrSize
}

func (f *fn) posOf(in *instr) token.Pos { return f.pos[f.index(in)] }

// unsignedIndex reports whether an instruction indexes by an unsigned number.
func (f *fn) unsignedIndex(in *instr) bool { return f.unsigned[f.index(in)] }

// math1 are the functions of package math of one argument that are called directly.
var math1 = []struct {
	name string
	f    func(float64) float64
}{
	{"Sin", math.Sin}, {"Cos", math.Cos}, {"Tan", math.Tan}, {"Asin", math.Asin}, {"Acos", math.Acos}, {"Atan", math.Atan},
	{"Exp", math.Exp}, {"Exp2", math.Exp2}, {"Log", math.Log}, {"Log2", math.Log2}, {"Log10", math.Log10}, {"Log1p", math.Log1p},
	{"Floor", math.Floor}, {"Ceil", math.Ceil}, {"Trunc", math.Trunc}, {"Round", math.Round}, {"Cbrt", math.Cbrt}, {"Tanh", math.Tanh},
}

// toInt is a float as an integer, as Go converts to that kind on this processor.
func toInt(x float64, k kind, unsigned bool) uint64 {
	switch k {
	case kI32:
		return uint64(int32(x))
	case kU32:
		return uint64(uint32(x))
	case kI16:
		return uint64(int16(x))
	case kU16:
		return uint64(uint16(x))
	case kI8:
		return uint64(int8(x))
	case kU8:
		return uint64(uint8(x))
	}
	if unsigned {
		return uint64(x)
	}
	return uint64(int64(x))
}
