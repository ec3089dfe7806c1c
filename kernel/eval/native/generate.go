package native

import (
	"slices"
	"unsafe"

	"dtnotes/kernel/eval/native/asm"
)

// A coder writes the machine code of one function.
type coder struct {
	asm.Assembler
	*webs
	t      *asm.Target
	s      stubs
	labels []asm.Label
	entry  asm.Label
	later  []func()       // code that is seldom executed
	i      int            // the instruction at hand
	nonNil map[int32]bool // P slots that were looked at since their block began
}

// generate makes the machine code of a function, or nil.
func (f *fn) generate() *nativeCode {
	if len(f.code)*int(f.nsize+f.psize) > 64<<20 { // finding registers would take too long
		return nil
	}
	g := &coder{Assembler: newAssembler(), webs: newWebs(f), s: shared, nonNil: map[int32]bool{}}
	g.t = g.Target()
	returns, resumes := map[int]asm.Label{}, map[int]asm.Label{}
	g.entry = g.Label()
	for range f.code {
		g.labels = append(g.labels, g.Label())
	}
	g.Bind(g.entry)
	g.Begin()
	leaf := f.leaf()
	// A function that calls others may be part of a recursion without end, and so looks at the flag
	// when it is entered. A leaf does not need to: it can run for long only by looping, and loops
	// look at the flag themselves.
	if f.enter != nil && !leaf {
		back, stub := g.Label(), g.Label()
		g.Burn(stub)
		g.Bind(back)
		g.later = append(g.later, func() {
			g.Bind(stub)
			g.poll(f.enter, back, func() {
				g.exit(whyEnter, 0)
				g.Jump(back)
			})
		})
	}
	g.loadAll(0)
	for i := range f.code {
		g.i = i
		g.Bind(g.labels[i])
		// Something jumps to this place, so that nothing is known of what happened before.
		if g.targets[i] {
			clear(g.nonNil)
		}
		// An instruction that would do again what has just been done needs no code.
		if !g.known[i] {
			g.instr(&f.code[i])
		}
		for _, r := range g.refs[i] {
			if r.def || r.may {
				delete(g.nonNil, (r.slot-g.nN)*8)
			}
		}
		// The address of an element or a field, or of a new variable, is not nil.
		if in := &f.code[i]; (in.op >= opAddrX && in.op <= opAddrF || in.op == opNew) && in.a < f.psize {
			g.nonNil[in.a] = true
		}
		switch o := f.code[i].op; {
		case o == opCall || o == opCallClo || o == opInvoke:
			returns[i] = asm.Label(-1)
		case o.goesBack():
			resumes[f.jumpTarget(i)] = asm.Label(-1)
		}
	}
	g.exit(whyNil, 0) // behind the last instruction, which is never reached
	// Code that is seldom executed stands behind all other code, so that the usual way has no
	// jumps. Such code may add more of its kind, which is why the list is not ranged over.
	for len(g.later) > 0 {
		do := g.later[0]
		g.later = g.later[1:]
		do()
	}
	if f.recover > 0 {
		resumes[f.recover] = asm.Label(-1)
	}
	// Here the loop of instructions hands over to machine code. All values are in their slots then,
	// so that those that machine code expects in registers are loaded first.
	for i := range resumes {
		resumes[i] = g.Label()
		g.Bind(resumes[i])
		g.loadAll(g.at[i])
		g.Jump(g.labels[i])
	}
	// In a frame that was made elsewhere, the code of the call goes on here.
	for i := range returns {
		returns[i] = g.Label()
		g.Bind(returns[i])
		g.i = i
		g.Drop()
		g.bases(-1)
		g.afterCall(&f.code[i])
		g.Jump(g.labels[i+1])
	}
	base := f.install(g.Code())
	if base == 0 {
		return nil
	}
	c := &nativeCode{leaf: leaf, begin: base + uintptr(g.Offset(g.entry)), resumes: map[int]uintptr{0: base + uintptr(g.Offset(g.entry))}, returns: map[int]uintptr{}}
	for i, l := range resumes {
		c.resumes[i] = base + uintptr(g.Offset(l))
	}
	for i, l := range returns {
		c.returns[i] = base + uintptr(g.Offset(l))
	}
	return c
}

// leaf reports whether a function calls no function of a program.
func (f *fn) leaf() bool {
	return !slices.ContainsFunc(f.code, func(in instr) bool { return in.op == opCall || in.op == opCallClo || in.op == opInvoke })
}

func (g *coder) exit(why uint32, i int) {
	g.Exit(uint64(g.s.exit), why|uint32(i), uint64(uintptr(unsafe.Pointer(g.f))))
}

// poll looks whether execution must stop or give way, and goes on at back if it need not.
func (g *coder) poll(stop <-chan struct{}, back asm.Label, out func()) {
	leave := g.Label()
	a, b := g.t.Scratch[0], g.t.Scratch[1]
	if stop != nil {
		g.MovImm(a, uint64(*(*uintptr)(unsafe.Pointer(&stop))))
		g.Load(b, a, 0, asm.W8)
		g.BranchImm(asm.NE, b, 0, leave)
	}
	// Fuel in a register is cheaper to count down than these words are to read: they are looked at
	// only once in a thousand rounds.
	g.Load(a, g.t.Context, contextLayout.Guard, asm.W8)
	g.Load(b, a, 0, asm.W8)
	g.BranchImm(asm.EQ, b, -1314, leave) // stackPreempt
	g.MovImm(g.t.Fuel, 1000)
	g.Jump(back)
	g.Bind(leave)
	out()
}

// place is where a slot of the frame is in memory.
func (g *coder) place(slot int32) (base asm.Reg, off int32) {
	if slot >= g.nN {
		return g.t.P, (slot - g.nN) * 8
	}
	return g.t.N, slot * 8
}

func (g *coder) loadWeb(x *webbed) {
	base, off := g.place(x.slot)
	if x.float {
		g.LoadF(asm.Reg(x.reg), base, off, false)
	} else {
		g.Load(asm.Reg(x.reg), base, off, asm.W8)
	}
}

func (g *coder) storeWeb(x *webbed) {
	base, off := g.place(x.slot)
	if x.float {
		g.StoreF(asm.Reg(x.reg), base, off, false)
	} else {
		g.Store(asm.Reg(x.reg), base, off, asm.W8)
	}
}

// loadAll loads what is alive where a block begins.
func (g *coder) loadAll(block int) {
	for _, web := range g.blocks[block].inWeb {
		if web >= 0 && g.list[web].reg >= 0 {
			g.loadWeb(&g.list[web])
		}
	}
}

// save stores what is alive behind the instruction at hand, and what it reads.
func (g *coder) save() {
	need := g.after[g.i]
	for _, r := range g.refs[g.i] {
		c := g.list[r.web].candidate
		switch {
		case c < 0:
		case !r.def:
			need.add(c)
		default:
			need.del(c)
		}
	}
	// A web that goes through has been stored at each write, so that its slot is current already.
	for k, i := range g.cands {
		if x := &g.list[i]; need.has(k) && x.reg >= 0 && !x.through {
			g.storeWeb(x)
		}
	}
}

// restore loads what is alive behind the instruction at hand, with or without what that instruction
// has written.
func (g *coder) restore(defs bool) {
	need := g.after[g.i]
	for _, r := range g.refs[g.i] {
		if c := g.list[r.web].candidate; c >= 0 && r.def && !defs {
			need.del(c)
		}
	}
	for k, i := range g.cands {
		if x := &g.list[i]; need.has(k) && x.reg >= 0 {
			g.loadWeb(x)
		}
	}
}

// before is what is alive before the instruction at hand.
func (g *coder) before() liveSet {
	need := g.after[g.i]
	for _, def := range []bool{true, false} {
		for _, r := range g.refs[g.i] {
			switch c := g.list[r.web].candidate; {
			case c < 0 || r.def != def:
			case def:
				need.del(c)
			default:
				need.add(c)
			}
		}
	}
	return need
}

// each calls f with the webs of a set that have registers.
func (g *coder) each(s liveSet, f func(x *webbed)) {
	for k, i := range g.cands {
		if x := &g.list[i]; s.has(k) && x.reg >= 0 {
			f(x)
		}
	}
}

// count adds to the number that a loop counts, and returns the register that holds the sum.
func (g *coder) count(in *instr) asm.Reg {
	x, t := g.num(in.e, 0), g.t.Scratch[0]
	w, r := g.web(true, in.a, true)
	if r != nil && r.dead { // nobody else looks at it
		g.OpImm(asm.Add, t, x, in.c)
		return t
	}
	g.into(true, in.a, func(d asm.Reg) { g.OpImm(asm.Add, d, x, in.c) })
	if w != nil && w.reg >= 0 && !w.float {
		return asm.Reg(w.reg)
	}
	return t
}

// slowly leaves to Go, which executes the instruction at hand.
func (g *coder) slowly() {
	g.save()
	g.exit(whyOp, g.i)
	g.restore(true)
}

func (g *coder) web(n bool, s int32, def bool) (*webbed, *ref) {
	slot := s / 8
	if !n {
		slot += g.nN
	}
	if n && s >= g.f.nsize || !n && s >= g.f.psize {
		return nil, nil
	}
	for j := range g.refs[g.i] {
		if r := &g.refs[g.i][j]; r.slot == slot && r.def == def {
			return &g.list[r.web], r
		}
	}
	return nil, nil
}

func (g *coder) bank(n bool) asm.Reg {
	if n {
		return g.t.N
	}
	return g.t.P
}

// get returns a register that holds what is in a slot.
func (g *coder) get(n bool, s int32, scratch int) asm.Reg {
	t := g.t.Scratch[scratch]
	if x, _ := g.web(n, s, false); x != nil && x.reg >= 0 {
		if !x.float {
			return asm.Reg(x.reg)
		}
		g.MovIF(t, asm.Reg(x.reg))
		return t
	}
	g.Load(t, g.bank(n), s, asm.W8)
	return t
}

func (g *coder) num(s int32, scratch int) asm.Reg { return g.get(true, s, scratch) }
func (g *coder) ptr(s int32, scratch int) asm.Reg { return g.get(false, s, scratch) }

func (g *coder) flt(s int32, scratch int) asm.Reg {
	t := g.t.FScratch[scratch]
	if x, _ := g.web(true, s, false); x != nil && x.reg >= 0 {
		if x.float {
			return asm.Reg(x.reg)
		}
		g.MovFI(t, asm.Reg(x.reg))
		return t
	}
	g.LoadF(t, g.t.N, s, false)
	return t
}

// isFloat reports whether the instruction at hand finds a slot, or with def leaves it, in a
// register for floats.
func (g *coder) isFloat(s int32, def bool) bool {
	x, _ := g.web(true, s, def)
	return x != nil && x.reg >= 0 && x.float
}

// small is what a slot always holds.
func (g *coder) small(s int32) (int32, bool) {
	if s >= g.f.nsize {
		return 0, false
	}
	for _, r := range g.refs[g.i] {
		if r.slot == s/8 && !r.def {
			return g.smallBits(r.web)
		}
	}
	return 0, false
}

// into writes a slot: do computes its value into the register that it is given.
func (g *coder) into(n bool, s int32, do func(d asm.Reg)) {
	x, r := g.web(n, s, true)
	if r != nil && r.dead {
		return
	}
	t := g.t.Scratch[0]
	if x == nil || x.reg < 0 {
		do(t)
		g.Store(t, g.bank(n), s, asm.W8)
		return
	}
	if x.float {
		do(t)
		g.MovFI(asm.Reg(x.reg), t)
	} else {
		do(asm.Reg(x.reg))
	}
	if x.through {
		g.storeWeb(x)
	}
}

// intoF does the same for floats.
func (g *coder) intoF(s int32, do func(d asm.Reg)) {
	x, r := g.web(true, s, true)
	if r != nil && r.dead {
		return
	}
	t := g.t.FScratch[0]
	if x == nil || x.reg < 0 {
		do(t)
		g.StoreF(t, g.t.N, s, false)
		return
	}
	if x.float {
		do(asm.Reg(x.reg))
	} else {
		do(t)
		g.MovIF(asm.Reg(x.reg), t)
	}
	if x.through {
		g.storeWeb(x)
	}
}

// trap branches to an exit that does not come back.
func (g *coder) trap(why uint32, branch func(asm.Label), before func()) {
	l, i := g.Label(), g.i
	branch(l)
	g.later = append(g.later, func() {
		g.Bind(l)
		g.i = i
		if before != nil {
			before()
		}
		g.exit(why, i)
	})
}

// notNil returns a register with the pointer in a slot, after a check that it is not nil.
func (g *coder) notNil(s int32) asm.Reg {
	p := g.ptr(s, 2)
	if g.nonNil[s] {
		return p
	}
	g.trap(whyNil, func(l asm.Label) { g.BranchImm(asm.EQ, p, 0, l) }, nil)
	if s < g.f.psize {
		g.nonNil[s] = true
	}
	return p
}

// element checks an index, and returns the registers of the address and the index.
func (g *coder) element(in *instr) (base, index asm.Reg) {
	index = g.num(in.c, 1)
	t := g.t
	g.trap(whyIndex, func(l asm.Label) {
		if x, _ := g.web(true, in.d, false); x != nil && x.reg >= 0 && !x.float {
			g.Branch(asm.GEU, index, asm.Reg(x.reg), l)
		} else if x != nil && x.reg >= 0 {
			g.Branch(asm.GEU, index, g.num(in.d, 2), l)
		} else {
			g.BranchMem(asm.GEU, index, t.N, in.d, l)
		}
	}, func() {
		g.Store(g.num(in.c, 1), t.Context, contextLayout.X, asm.W8)
		g.Store(g.num(in.d, 1), t.Context, contextLayout.Y, asm.W8)
	})
	return g.ptr(in.b, 2), index
}

var sizes = map[op]asm.Size{opLd8: asm.W8, opLdI4: asm.I4, opLdU4: asm.U4, opLdI2: asm.I2, opLdU2: asm.U2, opLdI1: asm.I1, opLdU1: asm.U1,
	opSt8: asm.W8, opSt4: asm.U4, opSt2: asm.U2, opSt1: asm.U1,
	opLdX8: asm.W8, opLdXI4: asm.I4, opLdXU4: asm.U4, opLdXI2: asm.I2, opLdXU2: asm.U2, opLdXI1: asm.I1, opLdXU1: asm.U1,
	opStX8: asm.W8, opStX4: asm.U4, opStX2: asm.U2, opStX1: asm.U1}

var conds = map[op]asm.Cond{opEq: asm.EQ, opNe: asm.NE, opLt: asm.LT, opLe: asm.LE, opLtU: asm.LTU, opLeU: asm.LEU,
	opBrEq: asm.EQ, opBrNe: asm.NE, opBrLt: asm.LT, opBrLe: asm.LE, opBrLtU: asm.LTU, opBrLeU: asm.LEU,
	opBrEqI: asm.EQ, opBrNeI: asm.NE, opBrLtI: asm.LT, opBrLeI: asm.LE, opBrGtI: asm.GT, opBrGeI: asm.GE, opPEq: asm.EQ, opPNe: asm.NE}

var floatConds = map[op]asm.FCond{opFEq: asm.FEQ, opFNe: asm.FNE, opFLt: asm.FLT, opFLe: asm.FLE, opBrFLt: asm.FLT, opBrFLe: asm.FLE, opBrFNLt: asm.FNLT, opBrFNLe: asm.FNLE}

var kindSizes = map[kind]asm.Size{kI32: asm.I4, kU32: asm.U4, kF32: asm.U4, kI16: asm.I2, kU16: asm.U2, kI8: asm.I1, kU8: asm.U1}

func (g *coder) target() asm.Label { return g.labels[g.f.jumpTarget(g.i)] }

// words loads values that follow each other in memory.
func (g *coder) words(base asm.Reg, off int32, parts ...part) {
	g.Mov(g.t.Scratch[2], base)
	for k, x := range parts {
		g.into(x.n, x.slot, func(d asm.Reg) { g.Load(d, g.t.Scratch[2], off+int32(8*k), asm.W8) })
	}
}

func (g *coder) storeWords(base asm.Reg, off int32, parts ...part) {
	defer g.barrier()()
	g.Mov(g.t.Scratch[2], base)
	for k, x := range parts {
		g.Store(g.get(x.n, x.slot, 0), g.t.Scratch[2], off+int32(8*k), asm.W8)
	}
}

// barrier lets Go execute the instruction at hand, which stores pointers, while the collector
// marks. It returns a function that must be called behind the code for the time when the collector
// does not mark.
func (g *coder) barrier() func() {
	marks, end, i := g.Label(), g.Label(), g.i
	g.Load(g.t.Scratch[0], g.t.Context, contextLayout.Barrier, asm.W8)
	g.BranchImm(asm.NE, g.t.Scratch[0], 0, marks)
	g.later = append(g.later, func() {
		g.Bind(marks)
		g.i = i
		g.slowly()
		g.Jump(end)
	})
	return func() { g.Bind(end) }
}

// A part is a slot.
type part struct {
	n    bool
	slot int32
}

func (g *coder) instr(in *instr) {
	f, t := g.f, g.t
	o := in.op
	switch {
	case o == opNop:
	case o == opMovN:
		g.moveN(in.a, in.b)
	case o == opMovP:
		g.moveP(in.a, in.b)
	case o == opMovPN:
		if a, _ := g.web(false, in.a, true); a != nil && a.reg >= 0 {
			// The number is read here for the last time: its register becomes that of the pointer.
			if d, _ := g.web(true, in.d, false); d != nil && d.reg == a.reg && !d.float {
				g.Mov(t.Scratch[1], asm.Reg(d.reg))
				p := g.ptr(in.b, 0)
				g.into(false, in.a, func(d asm.Reg) { g.Mov(d, p) })
				g.into(true, in.c, func(d asm.Reg) { g.Mov(d, t.Scratch[1]) })
				return
			}
		}
		g.moveP(in.a, in.b)
		g.moveN(in.c, in.d)
	case o == opConstN:
		g.into(true, in.a, func(d asm.Reg) { g.MovImm(d, uint64(uint32(in.b))|uint64(uint32(in.c))<<32) })
	case o == opConstP:
		g.into(false, in.a, func(d asm.Reg) { g.MovImm(d, uint64(uintptr(f.ptrs[in.b]))) })
	case o == opDiv || o == opRem || o == opDivU || o == opRemU:
		y := g.num(in.c, 1)
		g.trap(whyDivide, func(l asm.Label) { g.BranchImm(asm.EQ, y, 0, l) }, nil)
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.Div(d, x, y, o == opDivU || o == opRemU, o == opRem || o == opRemU) })
	case o >= opAdd && o <= opShrU:
		k := [...]asm.Op{opAdd: asm.Add, opSub: asm.Sub, opMul: asm.Mul, opAnd: asm.And, opOr: asm.Or, opXor: asm.Xor, opAndNot: asm.AndNot, opShl: asm.Shl, opShr: asm.Shr, opShrU: asm.ShrU}[o]
		x := g.num(in.b, 0)
		if c, ok := g.small(in.c); ok && k < asm.Shl {
			g.into(true, in.a, func(d asm.Reg) { g.OpImm(k, d, x, c) })
			return
		}
		y := g.num(in.c, 1)
		g.into(true, in.a, func(d asm.Reg) { g.Op(k, d, x, y) })
	case o >= opAddI && o <= opShrUI:
		k := [...]asm.Op{asm.Add, asm.Mul, asm.And, asm.Shl, asm.Shr, asm.ShrU}[o-opAddI]
		c := in.c
		if k >= asm.Shl {
			c &= 63
		}
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.OpImm(k, d, x, c) })
	case o == opNeg:
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.Neg(d, x) })
	case o == opCom:
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.Com(d, x) })
	case o == opNot:
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.OpImm(asm.Xor, d, x, 1) })
	case o == opExt:
		x := g.num(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.Ext(d, x, kindSizes[kind(in.c)]) })
	case o == opShift:
		x := g.num(in.a, 0)
		g.trap(whyShift, func(l asm.Label) { g.BranchImm(asm.LT, x, 0, l) }, nil)
	case o >= opEq && o <= opLeU:
		x := g.num(in.b, 0)
		if c, ok := g.small(in.c); ok {
			g.into(true, in.a, func(d asm.Reg) { g.SetImm(d, conds[o], x, c) })
			return
		}
		y := g.num(in.c, 1)
		g.into(true, in.a, func(d asm.Reg) { g.Set(d, conds[o], x, y) })
	case o == opPEq || o == opPNe:
		x, y := g.ptr(in.b, 0), g.ptr(in.c, 1)
		g.into(true, in.a, func(d asm.Reg) { g.Set(d, conds[o], x, y) })
	case o >= opFEq && o <= opFLe:
		x, y := g.flt(in.b, 0), g.flt(in.c, 1)
		g.into(true, in.a, func(d asm.Reg) { g.SetF(d, floatConds[o], x, y) })
	case o >= opFAdd && o <= opFDiv, o >= opFAdd32 && o <= opFDiv32:
		single := o >= opFAdd32
		k := asm.FOp(o - pick(single, opFAdd32, opFAdd))
		x, y := g.flt(in.b, 0), g.flt(in.c, 1)
		g.intoF(in.a, func(d asm.Reg) { g.FOp(k, d, x, y, single) })
	case o == opFNeg || o == opFNeg32:
		x := g.flt(in.b, 0)
		g.intoF(in.a, func(d asm.Reg) { g.FNeg(d, x, o == opFNeg32) })
	case o == opFAbs:
		x := g.flt(in.b, 0)
		g.intoF(in.a, func(d asm.Reg) { g.FAbs(d, x) })
	case o == opFSqrt:
		x := g.flt(in.b, 1)
		g.intoF(in.a, func(d asm.Reg) { g.FSqrt(d, x) })
	case o == opI2F || o == opI2F32:
		x := g.num(in.b, 0)
		g.intoF(in.a, func(d asm.Reg) { g.FromInt(d, x, o == opI2F32) })
	case o == op32to64:
		x := g.flt(in.b, 1)
		g.intoF(in.a, func(d asm.Reg) { g.Widen(d, x) })
	case o == op64to32:
		x := g.flt(in.b, 1)
		g.intoF(in.a, func(d asm.Reg) { g.Narrow(d, x) })
	case o == opF2I && kind(in.c) == k64 && in.e == 0:
		x := g.flt(in.b, 0)
		g.into(true, in.a, func(d asm.Reg) { g.ToInt(d, x) })
	case o >= opLd8 && o <= opLdU1:
		p := g.notNil(in.b)
		if g.isFloat(in.a, true) && (o == opLd8 || o == opLdU4) {
			g.intoF(in.a, func(d asm.Reg) { g.LoadF(d, p, in.c, o == opLdU4) })
			return
		}
		g.into(true, in.a, func(d asm.Reg) { g.Load(d, p, in.c, sizes[o]) })
	case o >= opLdP && o <= opLdPP:
		p := g.notNil(in.b)
		g.words(p, in.c, [][]part{{{false, in.a}}, {{false, in.a}, {true, in.d}}, {{false, in.a}, {true, in.d}, {true, in.d + 8}}, {{false, in.a}, {false, in.a + 8}}}[o-opLdP]...)
	case o >= opSt8 && o <= opSt1:
		p := g.notNil(in.b)
		if g.isFloat(in.a, false) && o <= opSt4 {
			g.StoreF(g.flt(in.a, 0), p, in.c, o == opSt4)
			return
		}
		g.Store(g.num(in.a, 0), p, in.c, sizes[o])
	case o == opCount:
		p, x := g.notNil(in.b), t.Scratch[1]
		g.Load(x, p, in.c, asm.W8)
		g.OpImm(asm.Add, x, x, in.d)
		g.Store(x, p, in.c, asm.W8)
		g.into(true, in.a, func(d asm.Reg) { g.Mov(d, x) })
		g.into(true, in.e, func(d asm.Reg) { g.OpImm(asm.Add, d, x, -in.d) })
	case o >= opStP && o <= opStPP:
		p := g.notNil(in.b)
		g.storeWords(p, in.c, [][]part{{{false, in.a}}, {{false, in.a}, {true, in.d}}, {{false, in.a}, {true, in.d}, {true, in.d + 8}}, {{false, in.a}, {false, in.a + 8}}}[o-opStP]...)
	case o >= opLdX8 && o <= opLdXU1:
		p, i := g.element(in)
		if g.isFloat(in.a, true) && (o == opLdX8 || o == opLdXU4) {
			g.intoF(in.a, func(d asm.Reg) { g.LoadFX(d, p, i, o == opLdXU4) })
			return
		}
		g.into(true, in.a, func(d asm.Reg) { g.LoadX(d, p, i, sizes[o]) })
	case o == opLdXP:
		p, i := g.element(in)
		g.into(false, in.a, func(d asm.Reg) { g.LoadX(d, p, i, asm.W8) })
	case o == opLdXPN || o == opLdXPNN:
		p, i := g.element(in)
		g.AddrX(t.Scratch[0], p, i, pick[int32](o == opLdXPN, 16, 24))
		g.words(t.Scratch[0], 0, []part{{false, in.a}, {true, in.e}, {true, in.e + 8}}[:pick(o == opLdXPN, 2, 3)]...)
	case o >= opStX8 && o <= opStX1:
		p, i := g.element(in)
		if g.isFloat(in.a, false) && o <= opStX4 {
			g.StoreFX(g.flt(in.a, 0), p, i, o == opStX4)
			return
		}
		g.StoreX(g.num(in.a, 0), p, i, sizes[o])
	case o == opStXP:
		p, i := g.element(in)
		defer g.barrier()()
		g.StoreX(g.ptr(in.a, 0), p, i, asm.W8)
	case o == opAddrX:
		p, i := g.element(in)
		g.AddrX(t.Scratch[0], p, i, in.e)
		g.into(false, in.a, func(d asm.Reg) { g.Mov(d, t.Scratch[0]) })
	case o == opAddrA:
		p, i := g.notNil(in.b), g.num(in.c, 1)
		g.trap(whyIndex, func(l asm.Label) { g.BranchImm(asm.GEU, i, in.d, l) }, func() {
			g.Store(g.num(in.c, 1), t.Context, contextLayout.X, asm.W8)
			g.MovImm(t.Scratch[1], uint64(in.d))
			g.Store(t.Scratch[1], t.Context, contextLayout.Y, asm.W8)
		})
		g.AddrX(t.Scratch[0], p, i, in.e)
		g.into(false, in.a, func(d asm.Reg) { g.Mov(d, t.Scratch[0]) })
	case o == opAddrF:
		p := g.notNil(in.b)
		g.into(false, in.a, func(d asm.Reg) { g.OpImm(asm.Add, d, p, in.c) })
	case o == opNilChk:
		g.notNil(in.a)
	case o == opJmp:
		g.Jump(g.target())
	case o == opJmpBack:
		l, i, to := g.Label(), g.i, g.target()
		g.Burn(l)
		g.Jump(to)
		g.later = append(g.later, func() {
			g.Bind(l)
			g.i = i
			g.poll(f.stop, to, func() {
				g.save()
				g.exit(whyPoll, i)
				g.restore(true)
				g.Jump(to)
			})
		})
	case o >= opNextLt && o <= opNextGtI:
		l, back, i := g.Label(), g.Label(), g.i
		g.Burn(l)
		g.Bind(back)
		limit, small := in.b, true
		if o == opNextLt {
			limit, small = g.small(in.b)
		}
		switch {
		case o == opNextGtI:
			g.BranchImm(asm.GT, g.count(in), limit, g.target())
		case small:
			g.BranchImm(asm.LT, g.count(in), limit, g.target())
		default:
			y := g.num(in.b, 1)
			// The limit is read here for the last time: its register becomes that of the count.
			if w, _ := g.web(true, in.a, true); w != nil && w.reg == int(y) && !w.float {
				g.Mov(t.Scratch[1], y)
				y = t.Scratch[1]
			}
			g.Branch(asm.LT, g.count(in), y, g.target())
		}
		g.later = append(g.later, func() { // before anything is done
			g.Bind(l)
			g.i = i
			g.poll(f.stop, back, func() {
				need := g.before()
				g.each(need, func(x *webbed) {
					if !x.through {
						g.storeWeb(x)
					}
				})
				g.exit(whyPoll, i)
				g.each(need, g.loadWeb)
				g.Jump(back)
			})
		})
	case o == opBrT || o == opBrF:
		g.BranchImm(pick(o == opBrT, asm.NE, asm.EQ), g.num(in.a, 0), 0, g.target())
	case o >= opBrEq && o <= opBrLeU:
		x := g.num(in.a, 0)
		if c, ok := g.small(in.b); ok {
			g.BranchImm(conds[o], x, c, g.target())
			return
		}
		g.Branch(conds[o], x, g.num(in.b, 1), g.target())
	case o >= opBrEqI && o <= opBrGeI:
		g.BranchImm(conds[o], g.num(in.a, 0), in.c, g.target())
	case o >= opBrFLt && o <= opBrFNLe:
		x, y := g.flt(in.a, 0), g.flt(in.b, 1)
		g.BranchF(floatConds[o], x, y, g.target())
	case o == opBrNil || o == opBrNotNil:
		g.BranchImm(pick(o == opBrNil, asm.EQ, asm.NE), g.ptr(in.a, 0), 0, g.target())
	case o == opCall:
		g.call(in)
	case o == opCallClo || o == opInvoke:
		g.dynamic(in)
	case o == opCallGo:
		g.save()
		g.exit(whyOp, g.i)
		g.fromOut(f.goes[in.b].single)
		g.afterCall(in)
	case o == opRet:
		g.save()
		g.Return()
	case o == opRetN:
		g.Mov(t.Scratch[0], g.num(in.a, 0))
		g.Return()
	case o == opRetP: // it also stays where the collector sees it
		g.Mov(t.Scratch[0], g.ptr(in.a, 0))
		g.Store(t.Scratch[0], t.P, 0, asm.W8)
		g.Return()
	default:
		g.slowly()
	}
}

func (g *coder) moveN(a, b int32) {
	if g.isFloat(b, false) || g.isFloat(a, true) {
		x := g.flt(b, 0)
		g.intoF(a, func(d asm.Reg) { g.MovF(d, x) })
		return
	}
	g.move(true, a, g.num(b, 0))
}

func (g *coder) moveP(a, b int32) { g.move(false, a, g.ptr(b, 0)) }

// move writes what is in a register to a slot.
func (g *coder) move(n bool, s int32, x asm.Reg) {
	if w, r := g.web(n, s, true); (w == nil || w.reg < 0) && (r == nil || !r.dead) {
		g.Store(x, g.bank(n), s, asm.W8)
		return
	}
	g.into(n, s, func(d asm.Reg) { g.Mov(d, x) })
}

// fromOut takes a result from the frame of what was called.
func (g *coder) fromOut(single byte) {
	switch single {
	case 'n':
		g.Load(g.t.Scratch[0], g.t.N, g.f.nsize, asm.W8)
	case 'p':
		g.Load(g.t.Scratch[0], g.t.P, g.f.psize, asm.W8)
	}
}

// bases moves the bases of the banks to the frame of what is called, or back.
func (g *coder) bases(sign int32) {
	if g.f.nsize > 0 {
		g.OpImm(asm.Add, g.t.N, g.t.N, sign*g.f.nsize)
	}
	if g.f.psize > 0 {
		g.OpImm(asm.Add, g.t.P, g.t.P, sign*g.f.psize)
	}
}

func (g *coder) push(in *instr) {
	ip := uintptr(unsafe.Pointer(in)) + uintptr(instrSize)
	g.Push(uint64(uintptr(unsafe.Pointer(g.f))), uint64(ip), in.a)
}

// afterCall puts the result, in the first scratch register, where it belongs. Code comes here too
// by returning to a frame that was made elsewhere, so the frame is dropped before.
func (g *coder) afterCall(in *instr) {
	if s := in.singleOf(g.f); s != 0 {
		g.into(s == 'n', in.a, func(d asm.Reg) { g.Mov(d, g.t.Scratch[0]) })
	}
	g.restore(false)
}

func (g *coder) call(in *instr) {
	f := g.f
	callee := f.calls[in.b]
	g.save()
	// There is always room for a leaf with small frames.
	if !callee.leaf() || max(callee.nneed, callee.pneed) > spareSlots*8 {
		g.room(in, callee)
	}
	g.push(in)
	g.bases(1)
	if callee == f {
		g.Call(g.entry)
	} else {
		g.CallWord(uint64(callee.wordAt()))
	}
	g.Drop()
	g.bases(-1)
	g.afterCall(in)
}

// room makes the code that looks whether there is room for a frame of callee.
func (g *coder) room(in *instr, callee *fn) {
	f, t := g.f, g.t
	again, grow, i := g.Label(), g.Label(), g.i
	g.Bind(again)
	g.StackLow(grow, contextLayout)
	for _, x := range []struct {
		base      asm.Reg
		size, has int32
		end       int32
	}{{t.N, f.nsize + callee.nneed, f.nneed, contextLayout.NEnd}, {t.P, f.psize + callee.pneed, f.pneed, contextLayout.PEnd}} {
		if x.size > x.has {
			g.OpImm(asm.Add, t.Scratch[0], x.base, x.size)
			g.BranchMem(asm.GTU, t.Scratch[0], t.Context, x.end, grow)
		}
	}
	g.later = append(g.later, func() {
		g.Bind(grow)
		g.exit(whyGrow, i)
		g.Jump(again)
	})
}

func (g *coder) dynamic(in *instr) {
	t := g.t
	g.save()
	g.exit(whyOp, g.i)
	found, join := g.Label(), g.Label()
	g.Load(t.Scratch[1], t.Context, contextLayout.Target, asm.W8)
	g.BranchImm(asm.NE, t.Scratch[1], 0, found)
	g.fromOut(g.f.dyn[in.c].single)
	g.Jump(join)
	g.Bind(found)
	g.push(in)
	g.bases(1)
	g.CallReg(t.Scratch[1])
	g.Drop()
	g.bases(-1)
	g.Bind(join)
	g.afterCall(in)
}
