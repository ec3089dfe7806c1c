package native

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A ret is where a call returns to. The stack of machine code consists of these: to call a function
// is to push the fields of one, the last first. What machine code pushes only for a moment falls on
// dest of the one below, which is not in use then.
type ret struct {
	native uintptr // for machine code
	f      *fn
	ip     unsafe.Pointer
	dest   int // where a single slot of result goes
}

// A machine executes calls of one goroutine. Its banks are on the heap and grow; whoever calls back
// into functions from compiled code does so on a machine of its own.
type machine struct {
	n      []uint64
	p      []unsafe.Pointer
	frames []ret // from the last on, as frame has them; the first returns to leave

	// These say where the machine is, for the Go functions that it calls.
	f  *fn
	at *instr
	sp int

	context                 // for machine code
	alone    bool           // machine code runs without anything around it that sees panics
	shaded   unsafe.Pointer // each pointer of the bank in turn, for the collector to mark
	heat     int            // how often functions were entered
	bottom   *fn            // the function at the bottom
	closure  *closure       // of the function value that is being called
	panicked *panicState    // what the function at the bottom may recover
	list     *list          // interfaces for functions that do not keep them
}

// These are the sizes of new banks, and how large a machine may become before its recursion is
// taken for one without end.
const (
	firstSlots  = 96
	firstFrames = 16
	spareFrames = 3         // that are not used but by the last call of a leaf
	spareSlots  = 32        // of a bank, that are not used otherwise either
	maxStack    = 256 << 20 // bytes in all
	keepSlots   = 1 << 14   // machines with larger banks are not kept for others
)

var machines = sync.Pool{New: func() any {
	vm := &machine{frames: make([]ret, firstFrames)}
	vm.n, vm.p = make([]uint64, firstSlots), make([]unsafe.Pointer, firstSlots)
	*vm.frame(0) = ret{f: leave, ip: unsafe.Pointer(&leave.code[0])}
	vm.setEnds()
	return vm
}}

func (vm *machine) setEnds() {
	vm.limit = uintptr(unsafe.Pointer(&vm.frames[spareFrames+1]))
	vm.nEnd = uintptr(unsafe.Pointer(&vm.n[0])) + uintptr((len(vm.n)-spareSlots)*8)
	vm.pEnd = uintptr(unsafe.Pointer(&vm.p[0])) + uintptr((len(vm.p)-spareSlots)*8)
}

// frame is where the call of number i from the bottom returns to.
func (vm *machine) frame(i int) *ret { return &vm.frames[len(vm.frames)-1-i] }

// lacks reports whether there is no room for a frame of callee above that of f.
func (vm *machine) lacks(sp int, np, pp unsafe.Pointer, f, callee *fn) bool {
	return sp >= len(vm.frames)-spareFrames || uintptr(np)+uintptr(f.nsize+callee.nneed) > vm.nEnd || uintptr(pp)+uintptr(f.psize+callee.pneed) > vm.pEnd
}

// machineFor is a machine with room for one frame of f.
func machineFor(f *fn) *machine { return machineWith(f.nneed, f.pneed) }

func machineWith(n, p int32) *machine {
	vm := machines.Get().(*machine)
	if slots := int(max(n, p))/8 + spareSlots; slots > min(len(vm.n), len(vm.p)) {
		vm.n, vm.p = make([]uint64, max(len(vm.n), slots)), make([]unsafe.Pointer, max(len(vm.p), slots))
		vm.setEnds()
	}
	return vm
}

// done gives a machine back whose first frame had p bytes of pointers. Machines that a panic went
// through are not given back. What frames above have left is overwritten, or is gone with the
// machine: a pool does not keep it for long.
func (vm *machine) done(p int32) {
	if len(vm.n) > keepSlots || len(vm.p) > keepSlots {
		return
	}
	for i, x := range vm.p[:p/8] { // mostly few, of which fewer are not nil
		if x != nil {
			vm.p[i] = nil
		}
	}
	if vm.list != nil {
		vm.list = nil
	}
	vm.f, vm.at, vm.bottom, vm.closure, vm.panicked = nil, nil, nil, nil, nil
	machines.Put(vm)
}

func (vm *machine) base() (np, pp unsafe.Pointer) {
	return unsafe.Pointer(&vm.n[0]), unsafe.Pointer(&vm.p[0])
}

// grow makes room for a frame of callee above that of f. It returns where the frame of f is now.
//
//go:noinline
func (vm *machine) grow(f *fn, in *instr, sp int, np, pp unsafe.Pointer, callee *fn) (_, _ unsafe.Pointer) {
	nOff, pOff := uintptr(np)-uintptr(unsafe.Pointer(&vm.n[0])), uintptr(pp)-uintptr(unsafe.Pointer(&vm.p[0]))
	n, p := int(nOff)+int(f.nsize+callee.nneed), int(pOff)+int(f.psize+callee.pneed)
	if 8*(len(vm.n)+len(vm.p))+int(unsafe.Sizeof(ret{}))*len(vm.frames) > maxStack {
		vm.f, vm.at, vm.sp = f, in, sp
		f.prog.host.StackOverflow()
	}
	if n > 8*(len(vm.n)-spareSlots) {
		bank := make([]uint64, max(2*len(vm.n), n/8+firstSlots))
		copy(bank, vm.n)
		vm.n = bank
	}
	if p > 8*(len(vm.p)-spareSlots) {
		bank := make([]unsafe.Pointer, max(2*len(vm.p), p/8+firstSlots))
		copy(bank, vm.p)
		vm.p = bank
	}
	if sp >= len(vm.frames)-spareFrames {
		// Frames grow downwards, as the stack of machine code does, so that the old ones go to the
		// end.
		frames := make([]ret, 2*len(vm.frames))
		copy(frames[len(vm.frames):], vm.frames)
		vm.frames = frames
	}
	vm.setEnds()
	return unsafe.Add(unsafe.Pointer(&vm.n[0]), nOff), unsafe.Add(unsafe.Pointer(&vm.p[0]), pOff)
}

// leave is what the function at the bottom returns to.
var leave = &fn{name: "leave", code: []instr{{op: opLeave, run: opLeave}, {}}[:1]}

// enter calls f, whose arguments are in the first slots, where its results are to be.
func (vm *machine) enter(f *fn) {
	if handedOver.Load() != 0 && vm.panicked == nil {
		vm.take(f)
	}
	vm.bottom = f
	var s state
	if c := f.native.Load(); c != nil { // which looks at the stop flag itself, if it is no leaf
		if c.leaf {
			f.poll()
		}
		if !vm.begin(f, c) {
			return
		}
		s = vm.next
	} else {
		f.poll()
		s = state{f: f, ip: unsafe.Pointer(&f.code[0]), sp: 1}
	}
	for again := true; again; {
		s, again = vm.protect(s)
	}
}

// isSet reports whether a stop flag is set: a channel that is not empty. Its first word is how much
// is in it, which machine code reads, too. The builtin len would be a call.
func isSet(stop <-chan struct{}) bool {
	n := *(**uintptr)(unsafe.Pointer(&stop))
	return n != nil && atomic.LoadUintptr(n) != 0
}

// poll looks at the stop flag.
func (f *fn) poll() {
	if isSet(f.enter) {
		f.prog.host.Halt()
	}
}

// callValues calls f with values of package reflect.
func (f *fn) callValues(args []reflect.Value, c *closure) []reflect.Value {
	vm := machineFor(f)
	np, pp := vm.base()
	for i, a := range args {
		f.params[i].set(np, pp, a)
	}
	if c != nil {
		c.free(np, pp)
	}
	vm.enter(f)
	np, pp = vm.base()
	out := make([]reflect.Value, len(f.results))
	for i, r := range f.results {
		out[i] = r.value(np, pp)
	}
	vm.done(f.pneed)
	return out
}
