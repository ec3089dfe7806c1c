package asm

import (
	"encoding/binary"
	"math/bits"
)

// These are registers of arm64. x16 and x17 hold what is needed in between where one operation
// takes several instructions. x18 belongs to the system, x28 points to Go's goroutine and x29 to
// its frame.
const (
	x0  Reg = 0
	x1  Reg = 1
	x16 Reg = 16
	x17 Reg = 17
	x19 Reg = 19 // numbers
	x20 Reg = 20 // pointers
	x21 Reg = 21 // the stack of frames
	x22 Reg = 22 // fuel
	x23 Reg = 23 // what is shared with Go
	x30 Reg = 30 // where a call returns to
	xzr Reg = 31
)

var arm64Target = Target{Context: x23, N: x19, P: x20, Fuel: x22, Scratch: [3]Reg{x0, x1, 2}, FScratch: [2]Reg{0, 1},
	Ints:   []Reg{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26},
	Floats: []Reg{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}}

// An arm64 keeps the frames of its calls where amd64 has them, by a register of its own: the
// processor's stack pointer stays the goroutine's. A frame begins with the address to which the
// call returns, which the function that was called puts there.
type arm64 struct{ buffer }

// NewARM64 writes code for arm64 with the instructions that every such processor has.
func NewARM64() Assembler { return &arm64{} }

func (a *arm64) Target() *Target { return &arm64Target }

// Code is nil if a jump goes further than its instruction can.
func (a *arm64) Code() []byte {
	for _, f := range a.fixes {
		width, shift := 19, 5 // of the distance, and where it stands
		op := binary.LittleEndian.Uint32(a.b[f.at:])
		if op>>26&0x1f == 5 { // b and bl
			width, shift = 26, 0
		}
		far := (a.labels[f.to] - f.at) / 4
		if far>>(width-1) != 0 && far>>(width-1) != -1 {
			return nil
		}
		binary.LittleEndian.PutUint32(a.b[f.at:], op|uint32(far)&(1<<width-1)<<shift)
	}
	a.fixes = nil
	return a.b
}

// rrr writes an instruction whose operands are three registers.
func (a *arm64) rrr(op uint32, d, n, m Reg) {
	a.put4(op | uint32(m)<<16 | uint32(n)<<5 | uint32(d))
}

// rr writes an instruction whose operands are two registers.
func (a *arm64) rr(op uint32, d, n Reg) { a.put4(op | uint32(n)<<5 | uint32(d)) }

// These are instructions on 64 bits.
const (
	aADD  = 0x8b000000
	aSUB  = 0xcb000000
	aSUBS = 0xeb000000
	aAND  = 0x8a000000
	aORR  = 0xaa000000
	aEOR  = 0xca000000
	aBIC  = 0x8a200000
	aORN  = 0xaa200000
	aMUL  = 0x9b007c00 // madd with xzr
	aMADD = 0x9b000000
	aMSUB = 0x9b008000
	aSDIV = 0x9ac00c00
	aUDIV = 0x9ac00800
	aLSLV = 0x9ac02000
	aLSRV = 0x9ac02400
	aASRV = 0x9ac02800
	aCSEL = 0x9a800000
	aSBFM = 0x93400000
	aUBFM = 0xd3400000

	aADDI  = 0x91000000
	aSUBI  = 0xd1000000
	aADDSI = 0xb1000000
	aSUBSI = 0xf1000000
	aMOVZ  = 0xd2800000
	aMOVN  = 0x92800000
	aMOVK  = 0xf2800000

	aB    = 0x14000000
	aBL   = 0x94000000
	aBC   = 0x54000000
	aCBZ  = 0xb4000000
	aCBNZ = 0xb5000000
	aBR   = 0xd61f0000
	aBLR  = 0xd63f0000
	aRET  = 0xd65f0000
	aSTP  = 0xa9000000

	aFMOV  = 0x1e604000
	aFMOVI = 0x9e670000 // from an integer
	aFMOVO = 0x9e660000 // to one
	aFADD  = 0x1e602800
	aFSUB  = 0x1e603800
	aFMUL  = 0x1e600800
	aFDIV  = 0x1e601800
	aFNEG  = 0x1e614000
	aFABS  = 0x1e60c000
	aFSQRT = 0x1e61c000
	aFCMP  = 0x1e602000
	aSCVTF = 0x9e620000
	aFCVTZ = 0x9e780000 // fcvtzs
	aWiden = 0x1e22c000 // fcvt d, s
	aNarrw = 0x1e624000 // fcvt s, d
	single = 0x00400000 // the bit that those with two sizes have for the larger
)

func (a *arm64) Mov(d, x Reg) {
	if d != x {
		a.rrr(aORR, d, xzr, x)
	}
}

func (a *arm64) MovImm(d Reg, x uint64) {
	op, other := uint32(aMOVZ), uint64(0)
	zeros, ones := 0, 0
	for i := 0; i < 64; i += 16 {
		switch x >> i & 0xffff {
		case 0:
			zeros++
		case 0xffff:
			ones++
		}
	}
	if ones > zeros {
		op, other = aMOVN, 0xffff
	}
	first := true
	for i := 0; i < 64; i += 16 {
		part := x >> i & 0xffff
		if part == other {
			continue
		}
		if first && op == aMOVN {
			part ^= 0xffff
		}
		a.put4(op | uint32(i/16)<<21 | uint32(part)<<5 | uint32(d))
		op, first = aMOVK, false
	}
	if first {
		a.put4(op | uint32(d))
	}
}

func (a *arm64) MovF(d, x Reg) {
	if d != x {
		a.rr(aFMOV, d, x)
	}
}

func (a *arm64) MovFI(d, x Reg) { a.rr(aFMOVI, d, x) }
func (a *arm64) MovIF(d, x Reg) { a.rr(aFMOVO, d, x) }

// A mem is a load or a store in its three forms: an offset in units, one in bytes, and an index.
type mem struct {
	code  uint32 // with an index; the others follow from it
	shift uint8
}

var armLoads = [...]mem{W8: {0xf8606800, 3}, I4: {0xb8a06800, 2}, U4: {0xb8606800, 2}, I2: {0x78a06800, 1}, U2: {0x78606800, 1}, I1: {0x38a06800, 0}, U1: {0x38606800, 0}}
var armStores = [...]mem{{0x38206800, 0}, {0x78206800, 1}, {0xb8206800, 2}, {0xf8206800, 3}}

var (
	loadD  = mem{0xfc606800, 3}
	loadS  = mem{0xbc606800, 2}
	storeD = mem{0xfc206800, 3}
	storeS = mem{0xbc206800, 2}
)

func floatMem(s bool, one, two mem) mem {
	if s {
		return one
	}
	return two
}

// at writes an instruction whose operands are a register and a place in memory.
func (a *arm64) at(m mem, x, base Reg, off int32) {
	const indexed = 0x00206800
	switch units := off >> m.shift; {
	case units >= 0 && units < 1<<12 && units<<m.shift == off:
		a.rr(m.code&^indexed|1<<24|uint32(units)<<10, x, base)
	case off >= -256 && off < 256:
		a.rr(m.code&^indexed|uint32(off)&0x1ff<<12, x, base)
	default:
		a.MovImm(x17, uint64(int64(off)))
		a.rrr(m.code, x, base, x17)
	}
}

// index writes an instruction whose operands are a register and an element of an array.
func (a *arm64) index(m mem, x, base, index Reg) {
	if m.shift > 0 {
		m.code |= 1 << 12 // the index is shifted
	}
	a.rrr(m.code, x, base, index)
}

func (a *arm64) Load(d, base Reg, off int32, s Size)  { a.at(armLoads[s], d, base, off) }
func (a *arm64) Store(x, base Reg, off int32, s Size) { a.at(armStores[s.Shift()], x, base, off) }
func (a *arm64) LoadX(d, base, index Reg, s Size)     { a.index(armLoads[s], d, base, index) }
func (a *arm64) StoreX(x, base, index Reg, s Size)    { a.index(armStores[s.Shift()], x, base, index) }

func (a *arm64) LoadF(d, base Reg, off int32, single bool) {
	a.at(floatMem(single, loadS, loadD), d, base, off)
}
func (a *arm64) StoreF(x, base Reg, off int32, single bool) {
	a.at(floatMem(single, storeS, storeD), x, base, off)
}
func (a *arm64) LoadFX(d, base, index Reg, single bool) {
	a.index(floatMem(single, loadS, loadD), d, base, index)
}
func (a *arm64) StoreFX(x, base, index Reg, single bool) {
	a.index(floatMem(single, storeS, storeD), x, base, index)
}

func (a *arm64) AddrX(d, base, index Reg, size int32) {
	if size > 0 && size&(size-1) == 0 {
		a.rrr(aADD|uint32(bits.TrailingZeros32(uint32(size)))<<10, d, base, index)
		return
	}
	a.MovImm(x16, uint64(int64(size)))
	a.rrr(aMADD|uint32(base)<<10, d, index, x16)
}

var armOps = [...]uint32{Add: aADD, Sub: aSUB, Mul: aMUL, And: aAND, Or: aORR, Xor: aEOR, AndNot: aBIC, Shl: aLSLV, ShrU: aLSRV}

func (a *arm64) Op(o Op, d, x, y Reg) {
	switch o {
	case Shl, ShrU: // the instruction takes the count modulo 64
		a.cmpImm(y, 64)
		a.rrr(armOps[o], x16, x, y)
		a.csel(d, x16, xzr, LTU)
	case Shr:
		a.MovImm(x16, 63)
		a.rrr(aSUBS, xzr, y, x16)
		a.csel(x16, y, x16, LTU)
		a.rrr(aASRV, d, x, x16)
	default:
		a.rrr(armOps[o], d, x, y)
	}
}

// csel sets d to x if the condition holds, and to y otherwise.
func (a *arm64) csel(d, x, y Reg, c Cond) { a.rrr(aCSEL|armConds[c]<<12, d, x, y) }

func (a *arm64) OpImm(o Op, d, x Reg, y int32) {
	switch o {
	case Add:
		a.addImm(aADDI, aSUBI, aADD, d, x, int64(y))
	case Sub:
		a.addImm(aSUBI, aADDI, aSUB, d, x, int64(y))
	case Shl:
		a.put4(aUBFM | uint32(-y&63)<<16 | uint32(63-y)<<10 | uint32(x)<<5 | uint32(d))
	case ShrU:
		a.put4(aUBFM | uint32(y)<<16 | 63<<10 | uint32(x)<<5 | uint32(d))
	case Shr:
		a.put4(aSBFM | uint32(y)<<16 | 63<<10 | uint32(x)<<5 | uint32(d))
	default:
		a.MovImm(x16, uint64(int64(y)))
		a.rrr(armOps[o], d, x, x16)
	}
}

// addImm adds or subtracts a constant: by op, or by opposite with the negated constant where that
// is what fits into an instruction, or else by full, with the constant in a register.
func (a *arm64) addImm(op, opposite, full uint32, d, x Reg, y int64) {
	abs := y
	if y < 0 {
		abs, op = -y, opposite
	}
	switch {
	case abs < 1<<12:
		a.rr(op|uint32(abs)<<10, d, x)
	case abs < 1<<24 && abs&0xfff == 0:
		a.rr(op|1<<22|uint32(abs>>12)<<10, d, x)
	default:
		a.MovImm(x16, uint64(y))
		a.rrr(full, d, x, x16)
	}
}

func (a *arm64) Div(d, x, y Reg, unsigned, remainder bool) {
	op := uint32(aSDIV)
	if unsigned {
		op = aUDIV
	}
	if !remainder {
		a.rrr(op, d, x, y)
		return
	}
	a.rrr(op, x16, x, y)
	a.rrr(aMSUB|uint32(x)<<10, d, x16, y)
}

func (a *arm64) Neg(d, x Reg) { a.rrr(aSUB, d, xzr, x) }
func (a *arm64) Com(d, x Reg) { a.rrr(aORN, d, xzr, x) }

func (a *arm64) Ext(d, x Reg, s Size) {
	last := uint32(8)<<s.Shift() - 1 // bit
	op := uint32(aUBFM)
	if s == I4 || s == I2 || s == I1 {
		op = aSBFM
	}
	a.rr(op|last<<10, d, x)
}

// sized is an instruction on floats of one or two words.
func sized(op uint32, s bool) uint32 {
	if s {
		return op &^ single
	}
	return op
}

func (a *arm64) FOp(o FOp, d, x, y Reg, single bool) {
	a.rrr(sized([...]uint32{FAdd: aFADD, FSub: aFSUB, FMul: aFMUL, FDiv: aFDIV}[o], single), d, x, y)
}

func (a *arm64) FNeg(d, x Reg, single bool)    { a.rr(sized(aFNEG, single), d, x) }
func (a *arm64) FAbs(d, x Reg)                 { a.rr(aFABS, d, x) }
func (a *arm64) FSqrt(d, x Reg)                { a.rr(aFSQRT, d, x) }
func (a *arm64) FromInt(d, x Reg, single bool) { a.rr(sized(aSCVTF, single), d, x) }
func (a *arm64) ToInt(d, x Reg)                { a.rr(aFCVTZ, d, x) }
func (a *arm64) Widen(d, x Reg)                { a.rr(aWiden, d, x) }
func (a *arm64) Narrow(d, x Reg)               { a.rr(aNarrw, d, x) }

var armConds = [...]uint32{EQ: 0, NE: 1, LT: 11, LE: 13, GT: 12, GE: 10, LTU: 3, LEU: 9, GTU: 8, GEU: 2}

// These are the conditions to test after x was compared with y. If one of them is not a number, the
// flags are those of an unsigned "greater".
var armFConds = [...]uint32{FEQ: 0, FNE: 1, FLT: 4, FLE: 9, FNLT: 5, FNLE: 8}

func (a *arm64) cmpImm(x Reg, y int32) { a.addImm(aSUBSI, aADDSI, aSUBS, xzr, x, int64(y)) }

// cset sets d to 1 if a condition holds, and to 0 otherwise.
func (a *arm64) cset(d Reg, cc uint32) { a.put4(0x9a9f07e0 | (cc^1)<<12 | uint32(d)) }

func (a *arm64) Set(d Reg, c Cond, x, y Reg) {
	a.rrr(aSUBS, xzr, x, y)
	a.cset(d, armConds[c])
}

func (a *arm64) SetImm(d Reg, c Cond, x Reg, y int32) {
	a.cmpImm(x, y)
	a.cset(d, armConds[c])
}

func (a *arm64) SetF(d Reg, c FCond, x, y Reg) {
	a.rrr(aFCMP, 0, x, y)
	a.cset(d, armFConds[c])
}

func (a *arm64) jump(op uint32, to Label) {
	a.fix(to)
	a.put4(op)
}

func (a *arm64) Jump(to Label) { a.jump(aB, to) }

func (a *arm64) Branch(c Cond, x, y Reg, to Label) {
	a.rrr(aSUBS, xzr, x, y)
	a.jump(aBC|armConds[c], to)
}

func (a *arm64) BranchImm(c Cond, x Reg, y int32, to Label) {
	switch {
	case y == 0 && c == EQ:
		a.jump(aCBZ|uint32(x), to)
	case y == 0 && c == NE:
		a.jump(aCBNZ|uint32(x), to)
	default:
		a.cmpImm(x, y)
		a.jump(aBC|armConds[c], to)
	}
}

func (a *arm64) BranchMem(c Cond, x, base Reg, off int32, to Label) {
	a.Load(x16, base, off, W8)
	a.Branch(c, x, x16, to)
}

func (a *arm64) BranchF(c FCond, x, y Reg, to Label) {
	a.rrr(aFCMP, 0, x, y)
	a.jump(aBC|armFConds[c], to)
}

func (a *arm64) Burn(to Label) {
	a.rr(aSUBSI|1<<10, x22, x22)
	a.jump(aBC|armConds[LE], to)
}

func (a *arm64) StackLow(to Label, ctx *Context) {
	a.Load(x16, x23, ctx.Limit, W8)
	a.Branch(LTU, x21, x16, to)
}

// Begin stores where the call returns to, which the processor has put into x30, in the frame that
// Push has made.
func (a *arm64) Begin() { a.Store(x30, x21, 0, W8) }

func (a *arm64) Return() {
	a.rr(0xf8408400, x30, x21) // ldr x30, [x21], #8
	a.rr(aRET, 0, x30)
}

func (a *arm64) Push(f, ip uint64, dest int32) {
	a.MovImm(x16, f)
	a.MovImm(x17, ip)
	// stp x16, x17, [x21, #-24]
	a.put4(aSTP | (-3&0x7f)<<15 | uint32(x17)<<10 | uint32(x21)<<5 | uint32(x16))
	a.MovImm(x16, uint64(int64(dest)))
	a.Store(x16, x21, -8, W8)
	// A frame has 32 bytes, of which the first eight are for Begin.
	a.OpImm(Sub, x21, x21, 32)
}

func (a *arm64) Call(to Label) { a.jump(aBL, to) }

func (a *arm64) CallWord(at uint64) {
	a.MovImm(x0, at)
	a.Load(x16, x0, 0, W8)
	a.CallReg(x16)
}

func (a *arm64) CallReg(x Reg) { a.rr(aBLR, 0, x) }

func (a *arm64) Drop() { a.OpImm(Add, x21, x21, 24) }

func (a *arm64) Exit(stub uint64, why uint32, f uint64) {
	a.MovImm(x0, uint64(why))
	a.MovImm(x1, f)
	a.MovImm(x16, stub)
	a.CallReg(x16)
}

func (a *arm64) Stubs(ctx *Context) (s Stubs) {
	set := func(off int32, x Reg) { a.Store(x, x23, off, W8) }
	get := func(x Reg, off int32) { a.Load(x, x23, off, W8) }
	in := func() {
		get(x21, ctx.Stack)
		get(x19, ctx.N)
		get(x20, ctx.P)
		a.MovImm(x22, 1)
	}
	out := func() {
		set(ctx.N, x19)
		set(ctx.P, x20)
		get(x16, ctx.Back)
		a.rr(aBR, 0, x16)
	}
	target := func(op uint32) {
		get(x16, ctx.Target)
		a.rr(op, 0, x16)
	}
	exit := a.Label()
	leave := func(why uint32) {
		a.MovImm(x0, uint64(why))
		a.Call(exit)
	}
	s.EnterCall = a.Len()
	set(ctx.Back, x30)
	in()
	a.OpImm(Sub, x21, x21, 8) // the frame at the bottom, which says where it returns to already
	target(aBLR)
	s.Leave = a.Len()
	set(ctx.Result, x0)
	a.MovImm(x0, uint64(WhyLeave))
	set(ctx.At, x0)
	set(ctx.N, x19)
	set(ctx.P, x20)
	get(x30, ctx.Back) // as the call that began all this is predicted to return
	a.rr(aRET, 0, x30)
	s.EnterJump = a.Len()
	set(ctx.Back, x30)
	in()
	a.Load(x30, x21, 0, W8) // which the function may put there again
	target(aBR)
	s.Resume = a.Len()
	in()
	a.rr(0xf8408400, x30, x21) // ldr x30, [x21], #8
	a.rr(aRET, 0, x30)
	s.Exit = a.Len()
	a.Bind(exit)
	set(ctx.At, x0)
	set(ctx.Fn, x1)
	a.rr(0xf81f8c00, x30, x21) // str x30, [x21, #-8]!
	set(ctx.Stack, x21)
	out()
	s.Returned = a.Len()
	set(ctx.Result, x0)
	leave(WhyReturned)
	s.Uncompiled = a.Len()
	a.Begin()
	a.Mov(x1, x0)
	leave(WhyUncompiled)
	a.Load(x30, x21, 0, W8)
	target(aBR)
	return s
}
