package asm

import "encoding/binary"

// Registers of amd64.
const (
	rax Reg = iota
	rcx
	rdx
	rbx
	rsp
	rbp
	rsi
	rdi
	r8
	r9
	r10
	r11
	r12
	r13
	r14
	r15
)

var amd64Target = Target{Context: r15, N: rbx, P: r13, Fuel: r14, Scratch: [3]Reg{rax, rcx, rdx}, FScratch: [2]Reg{0, 1},
	Ints: []Reg{rsi, rdi, r8, r9, r10, r11, r12, rbp}, Floats: []Reg{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}

type amd64 struct{ buffer }

// NewAMD64 writes code for amd64 with the instructions that every such processor has.
func NewAMD64() Assembler { return &amd64{} }

func (a *amd64) Target() *Target { return &amd64Target }

func (a *amd64) Code() []byte {
	for _, f := range a.fixes {
		binary.LittleEndian.PutUint32(a.b[f.at:], uint32(a.labels[f.to]-f.at-4))
	}
	a.fixes = nil
	return a.b
}

// An enc is an instruction: a prefix or 0, whether it is on 64 bits, and its code.
type enc struct {
	prefix byte
	w      byte
	force  bool // a register of one byte, which needs a prefix to be the low one
	code   string
}

func (a *amd64) rex(e enc, reg, index, base Reg) {
	if e.prefix != 0 {
		a.put(e.prefix)
	}
	if x := 0x40 | e.w<<3 | byte(reg>>3)<<2 | byte(index>>3)<<1 | byte(base>>3); x != 0x40 || e.force {
		a.put(x)
	}
	a.put([]byte(e.code)...)
}

// rr writes an instruction whose operands are two registers.
func (a *amd64) rr(e enc, reg, rm Reg) {
	a.rex(e, reg, 0, rm)
	a.put(0xc0 | byte(reg&7)<<3 | byte(rm&7))
}

// rm writes an instruction whose operands are a register and a place in memory.
func (a *amd64) rm(e enc, reg, base Reg, off int32) {
	a.rex(e, reg, 0, base)
	short := off == int32(int8(off))
	mod := byte(0x80)
	if short {
		mod = 0x40
	}
	a.put(mod | byte(reg&7)<<3 | byte(base&7))
	if base&7 == rsp {
		a.put(0x24)
	}
	if short {
		a.put(byte(off))
	} else {
		a.put4(uint32(off))
	}
}

// rx writes an instruction whose operands are a register and an element of an array.
func (a *amd64) rx(e enc, reg, base, index Reg, shift uint8) {
	a.rex(e, reg, index, base)
	a.put(0x44|byte(reg&7)<<3, shift<<6|byte(index&7)<<3|byte(base&7), 0)
}

var (
	movLoad  = enc{w: 1, code: "\x8b"}
	movStore = enc{w: 1, code: "\x89"}
	cmpRM    = enc{w: 1, code: "\x3b"}
	testRR   = enc{w: 1, code: "\x85"}
	lea      = enc{w: 1, code: "\x8d"}
	group1   = enc{w: 1, code: "\x81"} // add or and sub xor cmp with a constant of 4 bytes
	group1b  = enc{w: 1, code: "\x83"} // of one byte
	group2   = enc{w: 1, code: "\xc1"} // shifts by a constant
	group2c  = enc{w: 1, code: "\xd3"} // by cl
	group3   = enc{w: 1, code: "\xf7"} // not neg mul div
	group5   = enc{code: "\xff"}       // call jmp
	xorRR    = enc{code: "\x31"}
	movaps   = enc{code: "\x0f\x28"}
	xorps    = enc{code: "\x0f\x57"}
	andps    = enc{code: "\x0f\x54"}
)

// In instructions of these groups, the field for a register says instead which operation it is.
const (
	extAdd Reg = 0
	extOr  Reg = 1
	extAnd Reg = 4
	extSub Reg = 5
	extXor Reg = 6
	extCmp Reg = 7
	extShl Reg = 4
	extShr Reg = 5
	extSar Reg = 7
	extNot Reg = 2
	extNeg Reg = 3
	extDiv Reg = 6
	extIDv Reg = 7
)

func (a *amd64) Mov(d, x Reg) {
	if d != x {
		a.rr(movLoad, d, x)
	}
}

func (a *amd64) MovImm(d Reg, x uint64) {
	switch {
	case x == 0:
		a.rr(xorRR, d, d)
	case x>>32 == 0:
		a.rex(enc{code: string([]byte{0xb8 | byte(d&7)})}, 0, 0, d)
		a.put4(uint32(x))
	case int64(x) == int64(int32(x)):
		a.rr(enc{w: 1, code: "\xc7"}, 0, d)
		a.put4(uint32(x))
	default:
		a.rex(enc{w: 1, code: string([]byte{0xb8 | byte(d&7)})}, 0, 0, d)
		a.put8(x)
	}
}

func (a *amd64) MovF(d, x Reg) {
	if d != x {
		a.rr(movaps, d, x)
	}
}

func (a *amd64) MovFI(d, x Reg) { a.rr(enc{prefix: 0x66, w: 1, code: "\x0f\x6e"}, d, x) }
func (a *amd64) MovIF(d, x Reg) { a.rr(enc{prefix: 0x66, w: 1, code: "\x0f\x7e"}, x, d) }

var loads = [...]enc{W8: movLoad, I4: {w: 1, code: "\x63"}, U4: {code: "\x8b"}, I2: {w: 1, code: "\x0f\xbf"}, U2: {code: "\x0f\xb7"}, I1: {w: 1, code: "\x0f\xbe"}, U1: {code: "\x0f\xb6"}}
var stores = [...]enc{{force: true, code: "\x88"}, {prefix: 0x66, code: "\x89"}, {code: "\x89"}, movStore}

func (a *amd64) Load(d, base Reg, off int32, s Size)  { a.rm(loads[s], d, base, off) }
func (a *amd64) Store(x, base Reg, off int32, s Size) { a.rm(stores[s.Shift()], x, base, off) }
func (a *amd64) LoadX(d, base, index Reg, s Size)     { a.rx(loads[s], d, base, index, s.Shift()) }
func (a *amd64) StoreX(x, base, index Reg, s Size) {
	a.rx(stores[s.Shift()], x, base, index, s.Shift())
}

// float is the instruction on floats of one or two words.
func float(code string, single bool) enc {
	if single {
		return enc{prefix: 0xf3, code: "\x0f" + code}
	}
	return enc{prefix: 0xf2, code: "\x0f" + code}
}

func (a *amd64) LoadF(d, base Reg, off int32, single bool) { a.rm(float("\x10", single), d, base, off) }
func (a *amd64) StoreF(x, base Reg, off int32, single bool) {
	a.rm(float("\x11", single), x, base, off)
}

func shiftOf(single bool) uint8 {
	if single {
		return 2
	}
	return 3
}

func (a *amd64) LoadFX(d, base, index Reg, single bool) {
	a.rx(float("\x10", single), d, base, index, shiftOf(single))
}
func (a *amd64) StoreFX(x, base, index Reg, single bool) {
	a.rx(float("\x11", single), x, base, index, shiftOf(single))
}

func (a *amd64) AddrX(d, base, index Reg, size int32) {
	switch size {
	case 1, 2, 4, 8:
		a.rx(lea, d, base, index, map[int32]uint8{1: 0, 2: 1, 4: 2, 8: 3}[size])
	default:
		a.OpImm(Mul, d, index, size)
		a.rx(lea, d, base, d, 0)
	}
}

var aluCodes = [...]string{Add: "\x03", Sub: "\x2b", Mul: "\x0f\xaf", And: "\x23", Or: "\x0b", Xor: "\x33"}

func (a *amd64) Op(o Op, d, x, y Reg) {
	switch {
	case o >= Shl:
		a.shift(o, d, x, y)
	case o == AndNot:
		a.Com(rdx, y)
		a.rr(enc{w: 1, code: aluCodes[And]}, rdx, x)
		a.Mov(d, rdx)
	case o == Add && d != x && d != y:
		a.rx(lea, d, x, y, 0)
	case d == y && d != x && o == Sub:
		a.rr(group3, extNeg, d)
		a.rr(enc{w: 1, code: aluCodes[Add]}, d, x)
	case d == y && d != x:
		a.rr(enc{w: 1, code: aluCodes[o]}, d, x)
	default:
		a.Mov(d, x)
		a.rr(enc{w: 1, code: aluCodes[o]}, d, y)
	}
}

// shift shifts x by y, all 64 bits of which count: the processor itself looks at the lowest six
// alone.
func (a *amd64) shift(o Op, d, x, y Reg) {
	a.Mov(rdx, x)
	a.Mov(rcx, y)
	if o == Shr {
		a.MovImm(rax, 63)
		a.rr(cmpRM, rcx, rax)
		a.rr(enc{w: 1, code: "\x0f\x47"}, rcx, rax) // cmova
		// The processor looks at six bits of the count alone. A count above 63 becomes 63, which
		// leaves nothing but copies of the sign.
		a.rr(group2c, extSar, rdx)
	} else {
		a.rr(group2c, map[Op]Reg{Shl: extShl, ShrU: extShr}[o], rdx)
		a.rr(group1b, extCmp, rcx)
		a.put(64)
		a.rr(enc{w: 1, code: "\x1b"}, rax, rax) // sbb: all ones if the count is less
		a.rr(enc{w: 1, code: aluCodes[And]}, rdx, rax)
	}
	a.Mov(d, rdx)
}

// imm is an instruction of group 1.
func (a *amd64) imm(ext, d Reg, y int32) {
	if y == int32(int8(y)) {
		a.rr(group1b, ext, d)
		a.put(byte(y))
		return
	}
	a.rr(group1, ext, d)
	a.put4(uint32(y))
}

func (a *amd64) OpImm(o Op, d, x Reg, y int32) {
	switch o {
	case Add:
		if d != x {
			a.rm(lea, d, x, y)
			return
		}
		a.imm(extAdd, d, y)
	case Sub:
		a.Mov(d, x)
		a.imm(extSub, d, y)
	case Mul:
		a.rr(enc{w: 1, code: "\x69"}, d, x)
		a.put4(uint32(y))
	case And, Or, Xor, AndNot:
		if o == AndNot {
			o, y = And, ^y
		}
		a.Mov(d, x)
		a.imm(map[Op]Reg{And: extAnd, Or: extOr, Xor: extXor}[o], d, y)
	default:
		a.Mov(d, x)
		a.rr(group2, map[Op]Reg{Shl: extShl, Shr: extSar, ShrU: extShr}[o], d)
		a.put(byte(y))
	}
}

func (a *amd64) Div(d, x, y Reg, unsigned, remainder bool) {
	if y == rax || y == rdx {
		a.Mov(rcx, y)
		y = rcx
	}
	a.Mov(rax, x)
	if unsigned {
		a.MovImm(rdx, 0)
		a.rr(group3, extDiv, y)
	} else { // the processor faults for the least number by -1
		minus, end := a.Label(), a.Label()
		a.BranchImm(EQ, y, -1, minus)
		a.put(0x48, 0x99) // cqo
		a.rr(group3, extIDv, y)
		a.Jump(end)
		a.Bind(minus)
		a.MovImm(rdx, 0)
		a.rr(group3, extNeg, rax)
		a.Bind(end)
	}
	if remainder {
		a.Mov(d, rdx)
	} else {
		a.Mov(d, rax)
	}
}

func (a *amd64) Neg(d, x Reg) {
	a.Mov(d, x)
	a.rr(group3, extNeg, d)
}

func (a *amd64) Com(d, x Reg) {
	a.Mov(d, x)
	a.rr(group3, extNot, d)
}

func (a *amd64) Ext(d, x Reg, s Size) {
	e := loads[s]
	e.force = s >= I1
	a.rr(e, d, x)
}

func (a *amd64) FOp(o FOp, d, x, y Reg, single bool) {
	e := float([...]string{FAdd: "\x58", FSub: "\x5c", FMul: "\x59", FDiv: "\x5e"}[o], single)
	switch {
	case d == y && d != x:
		a.MovF(0, x)
		a.rr(e, 0, y)
		a.MovF(d, 0)
	default:
		a.MovF(d, x)
		a.rr(e, d, y)
	}
}

// mask does an operation with a constant.
func (a *amd64) mask(e enc, d, x Reg, bits uint64) {
	a.MovImm(rax, bits)
	t := Reg(1)
	if x == 1 {
		t = 0
	}
	a.MovFI(t, rax)
	a.rr(e, t, x)
	a.MovF(d, t)
}

func (a *amd64) FNeg(d, x Reg, single bool) {
	if single {
		a.mask(xorps, d, x, 1<<31)
	} else {
		a.mask(xorps, d, x, 1<<63)
	}
}

func (a *amd64) FAbs(d, x Reg) { a.mask(andps, d, x, 1<<63-1) }

func (a *amd64) FSqrt(d, x Reg) {
	if d != x { // else it would wait for what d was
		a.rr(xorps, d, d)
	}
	a.rr(float("\x51", false), d, x)
}

func (a *amd64) FromInt(d, x Reg, single bool) {
	a.rr(xorps, d, d)
	e := float("\x2a", single)
	e.w = 1
	a.rr(e, d, x)
}

func (a *amd64) ToInt(d, x Reg) {
	e := float("\x2c", false)
	e.w = 1
	a.rr(e, d, x)
}

func (a *amd64) Widen(d, x Reg) {
	if d != x {
		a.rr(xorps, d, d)
	}
	a.rr(float("\x5a", true), d, x)
}

func (a *amd64) Narrow(d, x Reg) {
	a.rr(xorps, 0, 0) // what is above the float is zero
	a.rr(float("\x5a", false), 0, x)
	a.MovF(d, 0)
}

var condCodes = [...]byte{EQ: 4, NE: 5, LT: 12, LE: 14, GT: 15, GE: 13, LTU: 2, LEU: 6, GTU: 7, GEU: 3}

func (a *amd64) set(d Reg, cc byte) {
	a.rr(enc{force: true, code: string([]byte{0x0f, 0x90 | cc})}, 0, d)
	a.rr(enc{force: true, code: "\x0f\xb6"}, d, d)
}

func (a *amd64) cmpImm(x Reg, y int32) {
	if y == 0 {
		a.rr(testRR, x, x)
		return
	}
	a.imm(extCmp, x, y)
}

func (a *amd64) Set(d Reg, c Cond, x, y Reg) {
	a.rr(cmpRM, x, y)
	a.set(d, condCodes[c])
}

func (a *amd64) SetImm(d Reg, c Cond, x Reg, y int32) {
	a.cmpImm(x, y)
	a.set(d, condCodes[c])
}

// ucomis compares floats. If one of them is not a number, it sets the flags of less and of equal,
// and also that of parity, by which the case can be told.
var ucomis = enc{prefix: 0x66, code: "\x0f\x2e"}

func (a *amd64) SetF(d Reg, c FCond, x, y Reg) {
	switch c {
	case FEQ, FNE:
		a.rr(ucomis, x, y)
		a.set(rax, [...]byte{FEQ: 4, FNE: 5}[c])
		a.set(rdx, [...]byte{FEQ: 11, FNE: 10}[c])
		a.rr(enc{w: 1, code: aluCodes[[...]Op{FEQ: And, FNE: Or}[c]]}, rax, rdx)
		a.Mov(d, rax)
	default:
		a.rr(ucomis, y, x)
		a.set(d, floatCodes[c])
	}
}

// floatCodes are the conditions to test after y was compared with x. The operands are swapped,
// since with a float that is not a number "above" is false and "below" is true.
var floatCodes = [...]byte{FLT: 7, FLE: 3, FNLT: 6, FNLE: 2}

func (a *amd64) Jump(to Label) {
	a.put(0xe9)
	a.fix(to)
	a.put4(0)
}

func (a *amd64) jcc(cc byte, to Label) {
	a.put(0x0f, 0x80|cc)
	a.fix(to)
	a.put4(0)
}

func (a *amd64) Branch(c Cond, x, y Reg, to Label) {
	a.rr(cmpRM, x, y)
	a.jcc(condCodes[c], to)
}

func (a *amd64) BranchImm(c Cond, x Reg, y int32, to Label) {
	a.cmpImm(x, y)
	a.jcc(condCodes[c], to)
}

func (a *amd64) BranchMem(c Cond, x, base Reg, off int32, to Label) {
	a.rm(cmpRM, x, base, off)
	a.jcc(condCodes[c], to)
}

func (a *amd64) BranchF(c FCond, x, y Reg, to Label) {
	switch c {
	case FEQ:
		over := a.Label()
		a.rr(ucomis, x, y)
		// If one of the floats is not a number, the flag of equal is set, too, so that parity is
		// tested first.
		a.jcc(10, over)
		a.jcc(4, to)
		a.Bind(over)
	case FNE:
		a.rr(ucomis, x, y)
		a.jcc(10, to)
		a.jcc(5, to)
	default:
		a.rr(ucomis, y, x)
		a.jcc(floatCodes[c], to)
	}
}

func (a *amd64) Burn(to Label) {
	a.rr(enc{w: 1, code: "\xff"}, 1, r14) // dec
	a.jcc(14, to)
}

func (a *amd64) StackLow(to Label, ctx *Context) {
	a.rm(cmpRM, rsp, r15, ctx.Limit)
	a.jcc(condCodes[LTU], to)
}

func (a *amd64) Begin()  {}
func (a *amd64) Return() { a.put(0xc3) }

// push writes an instruction that pushes a register.
func (a *amd64) push(x Reg) { a.rex(enc{code: string([]byte{0x50 | byte(x&7)})}, 0, 0, x) }

func (a *amd64) Push(f, ip uint64, dest int32) {
	// What is pushed here, and the address that the call pushes after it, lie in memory as the
	// fields of a ret of package native.
	a.put(0x68)
	a.put4(uint32(dest))
	a.MovImm(rax, ip)
	a.push(rax)
	a.MovImm(rax, f)
	a.push(rax)
}

func (a *amd64) Call(to Label) {
	a.put(0xe8)
	a.fix(to)
	a.put4(0)
}

func (a *amd64) CallWord(at uint64) {
	a.MovImm(rax, at)
	a.rm(group5, 2, rax, 0)
}

func (a *amd64) CallReg(x Reg) { a.rr(group5, 2, x) }

func (a *amd64) Drop() { a.imm(extAdd, rsp, 24) }

func (a *amd64) Exit(stub uint64, why uint32, f uint64) {
	a.MovImm(rax, uint64(why))
	a.MovImm(rcx, f)
	a.MovImm(rdx, stub)
	a.CallReg(rdx)
}

func (a *amd64) Stubs(ctx *Context) (s Stubs) {
	set := func(off int32, x Reg) { a.rm(movStore, x, r15, off) }
	get := func(x Reg, off int32) { a.rm(movLoad, x, r15, off) }
	in := func() {
		set(ctx.GoSP, rsp)
		set(ctx.GoBP, rbp)
		get(rsp, ctx.Stack)
		get(rbx, ctx.N)
		get(r13, ctx.P)
		a.MovImm(r14, 1)
	}
	out := func() {
		set(ctx.N, rbx)
		set(ctx.P, r13)
		get(rsp, ctx.GoSP)
		get(rbp, ctx.GoBP)
	}
	exit := a.Label()
	leave := func(why uint32) {
		a.MovImm(rax, uint64(why))
		a.Call(exit)
	}
	back := func() { // where the call to the code returns to
		a.put(0x58) // pop rax
		set(ctx.Back, rax)
	}
	s.EnterCall = a.Len()
	back()
	in()
	a.rm(group5, 2, r15, ctx.Target)
	s.Leave = a.Len()
	set(ctx.Result, rax)
	a.MovImm(rax, uint64(WhyLeave))
	set(ctx.At, rax)
	out()
	// Push and ret instead of a jump: the processor predicts that the call that began this returns.
	a.rm(group5, 6, r15, ctx.Back)
	a.put(0xc3)
	s.EnterJump = a.Len()
	back()
	in()
	a.rm(group5, 4, r15, ctx.Target)
	s.Resume = a.Len()
	in()
	a.put(0xc3)
	s.Exit = a.Len()
	a.Bind(exit)
	set(ctx.At, rax)
	set(ctx.Fn, rcx)
	set(ctx.Stack, rsp)
	out()
	a.rm(group5, 4, r15, ctx.Back)
	s.Returned = a.Len()
	set(ctx.Result, rax)
	leave(WhyReturned)
	s.Uncompiled = a.Len()
	a.Mov(rcx, rax)
	leave(WhyUncompiled)
	a.rm(group5, 4, r15, ctx.Target)
	return s
}
