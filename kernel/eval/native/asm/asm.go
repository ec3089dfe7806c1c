// Package asm writes machine code for amd64 and arm64: the few operations that package native needs
// of a processor, with the same meaning on both.
package asm

import "encoding/binary"

// A Reg is a register for integers and addresses, or one for floats, by the processor's number.
type Reg uint8

// A Size is how a number lies in memory; it is extended to 64 bits when it is loaded.
type Size uint8

// The sizes, signed and unsigned.
const (
	W8 Size = iota
	I4
	U4
	I2
	U2
	I1
	U1
)

// Shift is the binary logarithm of the bytes.
func (s Size) Shift() uint8 { return [...]uint8{3, 2, 2, 1, 1, 0, 0}[s] }

// A Cond is a comparison of two integers.
type Cond uint8

// The comparisons; those with U take the integers for unsigned.
const (
	EQ Cond = iota
	NE
	LT
	LE
	GT
	GE
	LTU
	LEU
	GTU
	GEU
)

// An FCond is a comparison of two floats. If one of them is not a number, only FNE, FNLT and FNLE
// hold.
type FCond uint8

// These are the comparisons. FNLT means "not less", FNLE "not less or equal"; because of floats
// that are not numbers, they differ from "greater or equal" and "greater".
const (
	FEQ FCond = iota
	FNE
	FLT
	FLE
	FNLT
	FNLE
)

// An Op is an operation on two integers.
type Op uint8

// The operations. Shifts by 64 and more are as in Go.
const (
	Add Op = iota
	Sub
	Mul
	And
	Or
	Xor
	AndNot
	Shl
	Shr
	ShrU
)

// An FOp is an operation on two floats.
type FOp uint8

// The operations.
const (
	FAdd FOp = iota
	FSub
	FMul
	FDiv
)

// A Label is a place in the code.
type Label int

// A Target says for which purpose generated code uses each register of a processor.
type Target struct {
	Context Reg // the address of what is shared with Go
	N, P    Reg // frames in the banks of numbers and of pointers
	Fuel    Reg // counts down to the next look at the stop flag

	Scratch  [3]Reg // free for every operation; Assembler methods may change them too
	FScratch [2]Reg
	Ints     []Reg // that hold slots
	Floats   []Reg
}

// A Context is where in memory, from the register Context on, Go and generated code put what they
// tell each other: addresses of 64 bits each.
type Context struct {
	N, P    int32
	Stack   int32 // of generated code
	Back    int32 // where the code goes that leaves
	GoSP    int32 // the goroutine's stack
	GoBP    int32
	At      int32 // why it leaves
	Fn      int32
	Result  int32
	Target  int32 // what is to be called
	X, Y    int32 // operands of what went wrong
	Limit   int32 // of the stack
	NEnd    int32
	PEnd    int32
	Guard   int32 // the address of the word of the goroutine that tells that it is to give way
	Barrier int32 // not 0 if pointers are stored by Go
}

// An Assembler writes code. Operands named d are written, others read; an operand may be both.
type Assembler interface {
	Target() *Target
	Code() []byte // with all labels resolved, or nil if there is too much of it
	Len() int
	Label() Label
	Bind(Label)
	Offset(Label) int // of a label that was bound

	Mov(d, x Reg)
	MovImm(d Reg, x uint64)
	MovF(d, x Reg)
	MovFI(d, x Reg) // bits of an integer register to a float
	MovIF(d, x Reg)

	Load(d, base Reg, off int32, s Size)
	Store(x, base Reg, off int32, s Size)
	LoadX(d, base, index Reg, s Size)
	StoreX(x, base, index Reg, s Size)
	LoadF(d, base Reg, off int32, single bool)
	StoreF(x, base Reg, off int32, single bool)
	LoadFX(d, base, index Reg, single bool)
	StoreFX(x, base, index Reg, single bool)
	AddrX(d, base, index Reg, size int32) // d must not be base

	Op(o Op, d, x, y Reg)
	OpImm(o Op, d, x Reg, y int32) // shifts by less than 64
	Div(d, x, y Reg, unsigned, remainder bool)
	Neg(d, x Reg)
	Com(d, x Reg)
	Ext(d, x Reg, s Size)

	FOp(o FOp, d, x, y Reg, single bool)
	FNeg(d, x Reg, single bool)
	FAbs(d, x Reg)
	FSqrt(d, x Reg)
	FromInt(d, x Reg, single bool)
	ToInt(d, x Reg) // as Go converts to int64 on that processor
	Widen(d, x Reg)
	Narrow(d, x Reg) // x is not the first scratch register

	Set(d Reg, c Cond, x, y Reg)
	SetImm(d Reg, c Cond, x Reg, y int32)
	SetF(d Reg, c FCond, x, y Reg)
	Jump(Label)
	Branch(c Cond, x, y Reg, to Label)
	BranchImm(c Cond, x Reg, y int32, to Label)
	BranchMem(c Cond, x, base Reg, off int32, to Label)
	BranchF(c FCond, x, y Reg, to Label)
	Burn(to Label)                   // counts the fuel down and branches if it was the last
	StackLow(to Label, ctx *Context) // branches if there is no room for a frame on the stack

	Begin()                        // of a function
	Return()                       // to where the frame on the stack says
	Push(f, ip uint64, dest int32) // a frame, for a call that follows
	Call(to Label)                 // code that begins with Begin
	// CallWord calls the code whose address is in memory at at. The first scratch register gets at.
	CallWord(at uint64)
	CallReg(x Reg)                          // code at an address
	Drop()                                  // the frame, after the call
	Exit(stub uint64, why uint32, f uint64) // goes to Go and comes back

	// Stubs writes the code that all functions share, and returns where its parts begin.
	Stubs(ctx *Context) Stubs
}

// Stubs are where code begins that all functions share.
type Stubs struct {
	EnterCall  int // from Go, to call what Target says
	EnterJump  int // to go on at what Target says, in a frame that is on the stack
	Resume     int // after an exit
	Exit       int
	Leave      int // where a frame at the bottom returns to
	Returned   int // where code returns to that goes on in Go
	Uncompiled int // the code of functions without code
}

// These are the reasons for which the shared code leaves.
const (
	WhyLeave uint32 = iota + 1
	WhyReturned
	WhyUncompiled
)

// A buffer is code with labels.
type buffer struct {
	b      []byte
	labels []int // offsets, or -1
	fixes  []fix
}

type fix struct {
	at int
	to Label
}

func (b *buffer) Len() int { return len(b.b) }

func (b *buffer) Label() Label {
	b.labels = append(b.labels, -1)
	return Label(len(b.labels) - 1)
}

func (b *buffer) Bind(l Label) { b.labels[l] = len(b.b) }

func (b *buffer) Offset(l Label) int { return b.labels[l] }

func (b *buffer) put(x ...byte) { b.b = append(b.b, x...) }

func (b *buffer) put4(x uint32) { b.b = binary.LittleEndian.AppendUint32(b.b, x) }

func (b *buffer) put8(x uint64) { b.b = binary.LittleEndian.AppendUint64(b.b, x) }

func (b *buffer) fix(to Label) { b.fixes = append(b.fixes, fix{len(b.b), to}) }
