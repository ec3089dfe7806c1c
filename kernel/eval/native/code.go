package native

import (
	"math"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"dtnotes/kernel/eval/native/asm"
)

// Machine code is a second way to execute the instructions of a function, on the same slots and
// frames, so that a machine can go from one to the other wherever machine code leaves. It is made
// when a function turns out to be called often or to loop. It keeps slots in registers between the
// places where it leaves to Go: for an exit, for a panic, or when its fuel is used up and somebody
// wants it to give way. It stores pointers in slots without a write barrier. While the collector
// marks, it therefore runs only after the bank of pointers has been shaded (see machineShade), and
// leaves to Go for every instruction that stores pointers elsewhere (see barrier). Marking begins
// and ends only while all goroutines are stopped, and so never while machine code runs.

// A nativeCode is the machine code of a function.
type nativeCode struct {
	begin   uintptr
	leaf    bool            // it calls no function of a program, so callers look at the stop flag
	resumes map[int]uintptr // where the code can be entered, by instruction
	returns map[int]uintptr // where calls return to, by the instruction of the call
}

// A context is what a machine and machine code tell each other.
type context struct {
	n, p, stack, back, goSP, goBP, at, fn, result, target, x, y, limit, nEnd, pEnd, guard uintptr
	// Barrier is not 0 while the collector marks.
	barrier uintptr
	// Cycle is the collection before which the bank was shaded.
	cycle uintptr

	next state // where to go on if machine code was left
}

var contextLayout = func() *asm.Context {
	var vm machine
	from := unsafe.Offsetof(vm.context)
	at := func(o uintptr) int32 { return int32(from + o) }
	return &asm.Context{N: at(unsafe.Offsetof(vm.context.n)), P: at(unsafe.Offsetof(vm.context.p)), Stack: at(unsafe.Offsetof(vm.context.stack)), Back: at(unsafe.Offsetof(vm.context.back)),
		GoSP: at(unsafe.Offsetof(vm.context.goSP)), GoBP: at(unsafe.Offsetof(vm.context.goBP)), At: at(unsafe.Offsetof(vm.context.at)), Fn: at(unsafe.Offsetof(vm.context.fn)),
		Result: at(unsafe.Offsetof(vm.context.result)), Target: at(unsafe.Offsetof(vm.context.target)), X: at(unsafe.Offsetof(vm.context.x)), Y: at(unsafe.Offsetof(vm.context.y)),
		Limit: at(unsafe.Offsetof(vm.context.limit)), NEnd: at(unsafe.Offsetof(vm.context.nEnd)), PEnd: at(unsafe.Offsetof(vm.context.pEnd)), Guard: at(unsafe.Offsetof(vm.context.guard)),
		Barrier: at(unsafe.Offsetof(vm.context.barrier))}
}()

// stubs is the code that all functions share; its addresses are 0 if machine code cannot be had.
type stubs struct {
	enterCall, enterJump, resume, exit, leave, returned, uncompiled uintptr
}

// shared is set once somebody has asked for machine code.
var (
	shared     stubs
	makeShared sync.Once
)

// MachineCode reports whether machine code can be had here: the processor must be one that there is
// a generator for, and memory must be allowed to become executable.
func MachineCode() bool {
	makeShared.Do(func() {
		if !machineKnown || !cyclesKnown {
			return
		}
		a := newAssembler()
		at := a.Stubs(contextLayout)
		mem, err := executable(a.Code())
		if err != nil {
			return
		}
		base := uintptr(unsafe.Pointer(&mem[0]))
		from := func(off int) uintptr { return base + uintptr(off) }
		shared = stubs{from(at.EnterCall), from(at.EnterJump), from(at.Resume), from(at.Exit), from(at.Leave), from(at.Returned), from(at.Uncompiled)}
	})
	return shared.exit != 0
}

// hot is the number of ends of loops and calls after which the function at hand gets machine code.
const hot = 500

// execute runs a machine from a state until the function at the bottom returns.
func (vm *machine) execute(s state) {
	if !s.f.prog.world.Machine {
		vm.run(s, math.MaxInt)
		return
	}
	hot := hot
	if s.f.prog.world.Eager {
		hot = 0
	}
	if vm.heat++; vm.heat > hot {
		vm.heat = 0
		s.f.compiled()
	}
	for more := true; more; {
		if c := s.f.native.Load(); c != nil {
			if at := c.resumes[s.f.index((*instr)(s.ip))]; at != 0 {
				if more = vm.native(s.f, s.nOff, s.pOff, s.sp, at); more {
					s = vm.next
				}
				continue
			}
		}
		if s, more = vm.run(s, hot); more {
			s.f.compiled()
			// The loop may be the caller's, if the count happens to end at a call every time.
			if caller := vm.frame(s.sp - 1).f; caller != leave {
				caller.compiled()
			}
		}
	}
}

var compiling sync.Mutex

// compiled is the machine code of a function, which is made if there is none, or nil.
func (f *fn) compiled() *nativeCode {
	if c := f.native.Load(); c != nil || f.noNative.Load() {
		return c
	}
	compiling.Lock()
	defer compiling.Unlock()
	// Another goroutine may have made the code while this one waited.
	if c := f.native.Load(); c != nil || f.noNative.Load() {
		return c
	}
	c := f.generate()
	if c == nil {
		f.noNative.Store(true)
		return nil
	}
	f.native.Store(c)
	// Machine code calls f through this word, so that callers which were compiled before now reach
	// the code without being compiled again.
	atomic.StoreUintptr(&f.word, c.begin)
	return c
}

// install puts code where it can be executed, until the function is gone.
func (f *fn) install(code []byte) uintptr {
	mem, err := executable(code)
	if err != nil {
		return 0
	}
	runtime.AddCleanup(f, release, mem)
	return uintptr(unsafe.Pointer(&mem[0]))
}

// wordAt is where the address of the function's code is.
func (f *fn) wordAt() uintptr {
	atomic.CompareAndSwapUintptr(&f.word, 0, shared.uncompiled)
	return uintptr(unsafe.Pointer(&f.word))
}

// native runs machine code at an address, of a function whose frame is there. It returns true if
// machine code was left; where to go on is in next.
func (vm *machine) native(f *fn, nOff, pOff uintptr, sp int, at uintptr) bool {
	c := &vm.context
	vm.frame(0).native = shared.leave
	// Frames may have been made by the loop of instructions, and a function may have got machine
	// code after it was called: where each frame returns to is therefore found out again.
	for i := 1; i < sp; i++ {
		r := vm.frame(i)
		r.native = r.returnTo()
	}
	c.stack = uintptr(unsafe.Pointer(vm.frame(sp - 1)))
	c.n, c.p = uintptr(unsafe.Pointer(&vm.n[0]))+nOff, uintptr(unsafe.Pointer(&vm.p[0]))+pOff
	c.target = at
	c.at, c.fn = uintptr(whyEnter), uintptr(unsafe.Pointer(f))
	machineRun(vm, shared.enterJump)
	runtime.KeepAlive(f)
	if c.at == uintptr(asm.WhyLeave) { // a pointer is in its slot
		if vm.bottom.single == 'n' {
			vm.n[0] = uint64(c.result)
		}
		return false
	}
	return true
}

// begin runs the machine code of the function at the bottom from its beginning, as native does.
func (vm *machine) begin(f *fn, code *nativeCode) bool {
	c := &vm.context
	// The call pushes where it returns to.
	c.stack = uintptr(unsafe.Pointer(&vm.frames[len(vm.frames)-1])) + 8
	c.n, c.p = uintptr(unsafe.Pointer(&vm.n[0])), uintptr(unsafe.Pointer(&vm.p[0]))
	c.target = code.begin
	c.at, c.fn = uintptr(whyEnter), uintptr(unsafe.Pointer(f))
	vm.alone = true
	machineRun(vm, shared.enterCall)
	vm.alone = false
	if c.at != uintptr(asm.WhyLeave) {
		return true
	}
	if f.single == 'n' { // a pointer is in its slot
		vm.n[0] = uint64(c.result)
	}
	return false
}

// returnTo is where machine code returns to.
func (r *ret) returnTo() uintptr {
	if c := r.f.native.Load(); c != nil {
		if at := c.returns[r.f.index((*instr)(r.ip))-1]; at != 0 {
			return at
		}
	}
	return shared.returned
}

// These are reasons to leave machine code, beside those of package asm. They stand in the bits
// above the number of the instruction.
const (
	whyOp uint32 = (iota + 1) << 28
	whyPoll
	whyEnter
	whyNil
	whyIndex
	whyDivide
	whyShift
	whyGrow
	whyMask = 15 << 28
)

// Code in assembler alone calls these.
var _, _ = machineExit, machineShade

// machineExit is called whenever machine code leaves. If it returns true, machine code must not go
// on.
func machineExit(vm *machine) bool {
	if vm.alone {
		return vm.aloneExit()
	}
	return vm.exit()
}

// aloneExit does what protect does, for what machine code left for.
func (vm *machine) aloneExit() (leave bool) {
	ended := false
	defer func() {
		if !ended {
			vm.next, leave = vm.unwind(recover())
		}
	}()
	leave = vm.exit()
	ended = true
	return
}

func (vm *machine) exit() bool {
	c := &vm.context
	why, f, np, pp, sp := vm.left()
	if why&whyMask == 0 {
		return vm.sharedExit(why, np, pp, sp)
	}
	in := &f.code[why&^whyMask]
	switch why & whyMask {
	case whyOp:
		vm.f, vm.at, vm.sp = f, in, sp
		switch in.op {
		case opExit:
			f.exits[in.a](vm, np, pp)
		case opCallGo:
			g := f.goes[in.b]
			g.call(g.code, unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize))
		case opCallClo, opInvoke:
			return vm.exitCall(f, in, np, pp, sp)
		default:
			vm.slow(f, in, np, pp)
		}
	case whyPoll:
		if isSet(f.stop) {
			vm.halt(f, in, sp)
		}
	case whyEnter:
		if isSet(f.enter) {
			vm.halt(f, in, sp)
		}
	case whyNil:
		vm.fail(f, in, sp, errNil)
	case whyIndex:
		vm.outside(f, in, sp, uint64(c.x), int64(c.y))
	case whyDivide:
		vm.fail(f, in, sp, errDivide)
	case whyShift:
		vm.fail(f, in, sp, errShift)
	case whyGrow:
		vm.growNative(f, in, sp, np, pp, f.calls[in.b])
	}
	return false
}

// goInto makes a call go on outside of machine code.
func (vm *machine) goInto(callee, f *fn, in *instr, np, pp unsafe.Pointer, sp int) {
	*vm.frame(sp) = ret{f: f, ip: unsafe.Add(unsafe.Pointer(in), instrSize), dest: int(in.a)}
	vm.next = vm.state(callee, unsafe.Pointer(&callee.code[0]), unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize), sp+1)
}

// left is why and where machine code left.
func (vm *machine) left() (why uint32, f *fn, np, pp unsafe.Pointer, sp int) {
	c := &vm.context
	np, pp = unsafe.Pointer(&vm.n[0]), unsafe.Pointer(&vm.p[0])
	// The pointers are computed from those to the banks, and not from the numbers in the context
	// alone: the rules of package unsafe allow no pointer that was a number.
	np, pp = unsafe.Add(np, c.n-uintptr(np)), unsafe.Add(pp, c.p-uintptr(pp))
	return uint32(c.at), *(**fn)(unsafe.Pointer(&c.fn)), np, pp, int(vm.stackEnd()-c.stack-8) / int(unsafe.Sizeof(ret{}))
}

func (vm *machine) stackEnd() uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(vm.frames))) + uintptr(len(vm.frames))*unsafe.Sizeof(ret{})
}

// growNative makes room for a frame of callee, and tells machine code where everything is
// afterwards.
func (vm *machine) growNative(f *fn, in *instr, sp int, np, pp unsafe.Pointer, callee *fn) (_, _ unsafe.Pointer) {
	c := &vm.context
	// The frames lie at the end of their memory, which may move when it grows. Their distance from
	// the end stays the same.
	below := vm.stackEnd() - c.stack
	np, pp = vm.grow(f, in, sp, np, pp, callee)
	c.n, c.p, c.stack = uintptr(np), uintptr(pp), vm.stackEnd()-below
	return np, pp
}

// exitCall finds the code that a call calls, or calls it if it is not machine code.
func (vm *machine) exitCall(f *fn, in *instr, np, pp unsafe.Pointer, sp int) bool {
	c := &vm.context
	c.target = 0
	d := f.dyn[in.c]
	callee := vm.target(d, in, np, pp)
	if callee == nil {
		return false
	}
	// The context and the stack of machine code hold only numbers, which do not keep the function
	// from being collected. This slot does.
	*ptr(pp, f.keep) = unsafe.Pointer(callee)
	if vm.lacks(sp, np, pp, f, callee) {
		np, pp = vm.growNative(f, in, sp, np, pp, callee)
	}
	if callee.nfree > 0 {
		vm.closure.free(unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize))
	}
	if code := callee.compiled(); code != nil {
		c.target = code.begin
		return false
	}
	vm.goInto(callee, f, in, np, pp, sp)
	return true
}

// sharedExit does what the shared code leaves for.
func (vm *machine) sharedExit(why uint32, np, pp unsafe.Pointer, sp int) bool {
	c := &vm.context
	switch why {
	case asm.WhyReturned:
		sp = int(vm.stackEnd()-c.stack)/int(unsafe.Sizeof(ret{})) - 1
		r := vm.frame(sp)
		f := r.f
		np, pp = unsafe.Add(np, -f.nsize), unsafe.Add(pp, -f.psize)
		switch f.code[f.index((*instr)(r.ip))-1].singleOf(f) {
		case 'n':
			*num(np, int32(r.dest)) = uint64(c.result)
		case 'p':
			*ptr(pp, int32(r.dest)) = *(*unsafe.Pointer)(unsafe.Pointer(&c.result))
		}
		c.next = vm.state(f, r.ip, np, pp, sp)
	case asm.WhyUncompiled:
		callee := uncompiled(c)
		if code := callee.compiled(); code != nil {
			c.target = code.begin
			return false
		}
		c.next = vm.state(callee, unsafe.Pointer(&callee.code[0]), np, pp, sp)
	}
	return true
}

// uncompiled is the function without code that was called.
func uncompiled(c *context) *fn {
	return (*fn)(unsafe.Add(*(*unsafe.Pointer)(unsafe.Pointer(&c.fn)), -int(unsafe.Offsetof(fn{}.word))))
}

// machineShade is called when machine code is about to run while the collector marks, and the bank
// of pointers has not been shaded since the marking began.
func machineShade(vm *machine) {
	now := cycle() // if another collection begins behind this, all is done again
	why, f, _, pp, _ := vm.left()
	if why == asm.WhyUncompiled {
		f = uncompiled(&vm.context)
	}
	for _, x := range vm.p[:(uintptr(pp)-uintptr(unsafe.Pointer(&vm.p[0]))+uintptr(f.pneed))/8] {
		vm.shaded = x // storing it marks it
	}
	vm.shaded = nil
	vm.cycle = now
}

// A cycleCounter is a pool whose only use is to tell one collection from the next. When a
// collection begins, while all goroutines are stopped, Go takes away what a pool holds, and the
// first word of the pool shows that.
type cycleCounter struct {
	pool  sync.Pool
	mu    sync.Mutex
	local *unsafe.Pointer
	count uintptr
}

var cycles cycleCounter

var cyclesKnown = func() bool {
	field, ok := reflect.TypeFor[sync.Pool]().FieldByName("local")
	if !ok || field.Type != reflect.TypeFor[unsafe.Pointer]() {
		return false
	}
	cycles.local = (*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(&cycles.pool), field.Offset))
	return true
}()

// cycle returns a number that changes once a collection has begun. As long as the pool still holds
// something, none has begun since somebody last asked.
func cycle() uintptr {
	cycles.mu.Lock()
	defer cycles.mu.Unlock()
	if atomic.LoadPointer(cycles.local) == nil {
		atomic.AddUintptr(&cycles.count, 1)
		cycles.pool.Put(cycles.local)
	}
	return cycles.count
}

// singleOf says in which kind of slot a call gives its result, if the result is a single slot.
func (in *instr) singleOf(f *fn) byte {
	switch in.op {
	case opCall:
		return f.calls[in.b].single
	case opCallGo:
		return f.goes[in.b].single
	case opCallClo, opInvoke:
		return f.dyn[in.c].single
	}
	return 0
}

// slow executes an instruction that has no machine code.
func (vm *machine) slow(f *fn, in *instr, np, pp unsafe.Pointer) {
	switch in.op {
	case opStrEq:
		n := int(*num(np, in.d))
		*num(np, in.a) = truth(n == int(*num(np, in.e)) && unsafe.String((*byte)(*ptr(pp, in.b)), n) == unsafe.String((*byte)(*ptr(pp, in.c)), n))
	case opStrLt:
		*num(np, in.a) = truth(textAt(np, pp, in.b, in.d) < textAt(np, pp, in.c, in.e))
	case opStrLe:
		*num(np, in.a) = truth(textAt(np, pp, in.b, in.d) <= textAt(np, pp, in.c, in.e))
	case opMath1:
		*flt(np, in.a) = math1[in.c].f(*flt(np, in.b))
	case opU2F:
		*flt(np, in.a) = float64(*num(np, in.b))
	case opU2F32:
		setF32(np, in.a, float32(*num(np, in.b)))
	case opF2I:
		*num(np, in.a) = toInt(*flt(np, in.b), kind(in.c), in.e != 0)
	case opNew:
		t := f.types[in.b]
		*ptr(pp, in.a) = mallocgc(t.Size(), typeWord(t), true)
	case opStP, opStPN, opStPNN, opStPP: // with the write barrier; the address has been looked at
		m := unsafe.Add(*ptr(pp, in.b), int(in.c))
		*(*unsafe.Pointer)(m) = *ptr(pp, in.a)
		switch in.op {
		case opStPN:
			*num(m, 8) = *num(np, in.d)
		case opStPNN:
			*num(m, 8), *num(m, 16) = *num(np, in.d), *num(np, in.d+8)
		case opStPP:
			*ptr(m, 8) = *ptr(pp, in.a+8)
		}
	case opStXP:
		*(*unsafe.Pointer)(unsafe.Add(*ptr(pp, in.b), int(*num(np, in.c))*8)) = *ptr(pp, in.a)
	}
}
