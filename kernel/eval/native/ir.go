package native

import (
	"go/token"
	"math"
	"reflect"
	"sync/atomic"
	"unsafe"
)

// An op is what an instruction does. N and P are the banks of numbers and pointers; operands are
// slots, in bytes from the frame's first, unless said otherwise.
type op uint16

const (
	opNop op = iota

	opMovN   // N[A] = N[B]
	opMovP   // P[A] = P[B]
	opMovPN  // P[A], N[C] = P[B], N[D]
	opConstN // N[A] = B | C<<32
	opConstP // P[A] = constant pointer number B

	opAdd // N[A] = N[B] + N[C], and so on
	opSub
	opMul
	opDiv
	opRem
	opDivU
	opRemU
	opAnd
	opOr
	opXor
	opAndNot
	opShl
	opShr
	opShrU
	opAddI // N[A] = N[B] + C, and so on
	opMulI
	opAndI
	opShlI
	opShrI
	opShrUI
	opNeg
	opCom
	opNot
	opExt   // N[A] = N[B] cut down to kind C
	opShift // panics if N[A] < 0

	opEq // N[A] = N[B] == N[C], and so on
	opNe
	opLt
	opLe
	opLtU
	opLeU
	opPEq
	opPNe
	opFEq
	opFNe
	opFLt
	opFLe
	opStrEq // N[A] = strings P[B],N[D] and P[C],N[E] are equal, and so on
	opStrLt
	opStrLe

	opFAdd
	opFSub
	opFMul
	opFDiv
	opFNeg
	opFAdd32
	opFSub32
	opFMul32
	opFDiv32
	opFNeg32
	opFSqrt
	opFAbs
	opMath1 // N[A] = function number C of package math of N[B]
	opI2F
	opU2F
	opI2F32
	opU2F32
	opF2I // N[A] = N[B] as the integer kind C; E says whether it is uint64
	op32to64
	op64to32

	opLd8 // N[A] = what is at P[B]+C, which must not be nil, and so on
	opLdI4
	opLdU4
	opLdI2
	opLdU2
	opLdI1
	opLdU1
	opLdP
	opLdPN  // P[A], N[D] = a string there
	opLdPNN // P[A], N[D], N[D+8] = a slice there
	opLdPP
	opSt8 // what is at P[B]+C = N[A], and so on
	opSt4
	opSt2
	opSt1
	opCount // N[E] = what is at P[B]+C, and N[A] = it and D, which is there then
	opStP
	opStPN
	opStPNN
	opStPP

	opLdX8 // N[A] = element N[C] of P[B], which has N[D] of them, and so on
	opLdXI4
	opLdXU4
	opLdXI2
	opLdXU2
	opLdXI1
	opLdXU1
	opLdXP
	opLdXPN // P[A], N[E]
	opLdXPNN
	opStX8
	opStX4
	opStX2
	opStX1
	opStXP

	opAddrX  // P[A] = address of element N[C] of P[B], which has N[D] of size E
	opAddrA  // the same of an array at P[B], which must not be nil, of D elements
	opAddrF  // P[A] = P[B] + C, which must not be nil
	opNilChk // P[A] must not be nil
	opNew    // P[A] = memory for a value of type number B

	// Branches: D is how far to jump, in bytes from the next instruction.
	opJmp
	opJmpBack // looks at the stop flag
	opNextLt  // N[A] += C, and back if it is < N[B] then; E is A, for what is read
	opNextLtI // the same for a number B
	opNextGtI // back if it is > B
	opBrT     // if N[A] != 0
	opBrF
	opBrEq // if N[A] == N[B], and so on
	opBrNe
	opBrLt
	opBrLe
	opBrLtU
	opBrLeU
	opBrEqI // if N[A] == C, and so on
	opBrNeI
	opBrLtI
	opBrLeI
	opBrGtI
	opBrGeI
	opBrFLt
	opBrFLe
	opBrFNLt // if !(N[A] < N[B])
	opBrFNLe
	opBrNil // if P[A] == nil
	opBrNotNil

	opCall    // function number B; a single slot of result goes to A
	opCallGo  // compiled function number B
	opCallClo // function value P[B], as call number C says
	opInvoke  // method of the interface at P[B], as call number C says
	opRet     // results are in the first slots of the frame
	opRetN    // N[A] is the result
	opRetP    // P[A]
	opExit    // exit number A
	opLeave   // ends the run
)

// An instr is one instruction.
type instr struct {
	op            op
	run           op // what the loop of instructions does: op, or this and what follows as one
	a, b, c, d, e int32
}

const instrSize = int(unsafe.Sizeof(instr{}))

// An exit does one operation in Go.
type exit func(vm *machine, np, pp unsafe.Pointer)

// A fn is a compiled function.
type fn struct {
	name     string
	code     []instr
	pos      []token.Pos
	unsigned map[int]bool // instructions that index by an unsigned number
	inlines  []inlined
	prog     *Program

	ptrs  []unsafe.Pointer // constants
	types []reflect.Type
	exits []exit
	// touches are the slots of the frame that exits read and write, by exit.
	touches [][]loc
	calls   []*fn
	goes    []*goCall
	dyn     []*dynCall

	params  []loc // in its own frame; those of free variables at the end
	results []loc
	single  byte // 'n' or 'p' if the result is one slot

	nsize, psize int32 // of the frame, in bytes
	nneed, pneed int32 // with the arguments of calls
	sig          reflect.Type
	nfree        int   // free variables
	freeN, freeP int32 // where they are
	entry        atomic.Pointer[entry]
	wrapper      bool            // calls a method or function that the program does not name
	recover      int             // index of the code that goes on after a recovered panic
	keep         int32           // P slot with the function that a call found, if any looks for it
	deferSlot    int32           // P slot with the deferred calls; -1 if the function defers none
	stop         <-chan struct{} // that loops look at
	enter        <-chan struct{} // that calls look at
	native       atomic.Pointer[nativeCode]
	noNative     atomic.Bool    // there is no machine code and will be none
	word         uintptr        // where the machine code begins, or what stands for it
	value        unsafe.Pointer // as a function value without free variables
}

// num, ptr and the like give the slot at an offset of a bank.
func num(np unsafe.Pointer, s int32) *uint64       { return (*uint64)(unsafe.Add(np, int(s))) }
func snum(np unsafe.Pointer, s int32) *int64       { return (*int64)(unsafe.Add(np, int(s))) }
func flt(np unsafe.Pointer, s int32) *float64      { return (*float64)(unsafe.Add(np, int(s))) }
func f32(np unsafe.Pointer, s int32) float32       { return math.Float32frombits(uint32(*num(np, s))) }
func setF32(np unsafe.Pointer, s int32, x float32) { *num(np, s) = uint64(math.Float32bits(x)) }
func ptr(pp unsafe.Pointer, s int32) *unsafe.Pointer {
	return (*unsafe.Pointer)(unsafe.Add(pp, int(s)))
}

// text is the string in two slots.
func text(np, pp unsafe.Pointer, l loc) string { return textAt(np, pp, l.atP, l.atN) }

func textAt(np, pp unsafe.Pointer, p, n int32) string {
	return unsafe.String((*byte)(*ptr(pp, p)), int(*snum(np, n)))
}

func setText(np, pp unsafe.Pointer, l loc, s string) {
	*ptr(pp, l.atP) = unsafe.Pointer(unsafe.StringData(s))
	*snum(np, l.atN) = int64(len(s))
}

func header(np, pp unsafe.Pointer, l loc) sliceHeader {
	return sliceHeader{*ptr(pp, l.atP), int(*snum(np, l.atN)), int(*snum(np, l.atN+8))}
}

func setHeader(np, pp unsafe.Pointer, l loc, h sliceHeader) {
	*ptr(pp, l.atP) = h.data
	*snum(np, l.atN) = int64(h.len)
	*snum(np, l.atN+8) = int64(h.cap)
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
