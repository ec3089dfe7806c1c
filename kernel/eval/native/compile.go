package native

import (
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"reflect"
	"slices"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// A refusal says why a function is not compiled.
type refusal struct{ msg string }

func refuse(format string, args ...any) { panic(refusal{fmt.Sprintf(format, args...)}) }

// A compiler makes the instructions of one function.
type compiler struct {
	*allocator

	head    []instr // what is done on entry
	code    []instr
	codePos []token.Pos
	pos     token.Pos
	block   *ssa.BasicBlock
	start   map[*ssa.BasicBlock]int
	jumps   []jump
	defined map[ssa.Value]int
	barrier int // no argument is computed in place before this instruction

	deferLoc   loc
	consts     map[string]loc
	temps      []temp
	outN, outP int32 // what calls need above the frame
	seen       []loc // operands of the instruction at hand
}

// A temp is the slots for what an instruction computes on its way to its result.
type temp struct {
	loc
	used bool // by the instruction at hand
}

type jump struct {
	at int
	to *ssa.BasicBlock
}

// outMark is added to slots of the frame of the function that is going to be called, until the size
// of the caller's frame is known.
const outMark = 1 << 28

// compile makes the code of f, which has been declared.
func (p *Program) compile(f *ssa.Function, out *fn) (err error) {
	defer func() {
		if r := recover(); r != nil {
			x, ok := r.(refusal)
			if !ok {
				x.msg = fmt.Sprintf("a mistake in the compiler: %v", r)
			}
			err = errors.New(x.msg)
		}
	}()
	if f.Blocks == nil {
		refuse("no code")
	}
	p.host.Prepare(f)
	a := &analysis{p: p, f: f, fused: map[ssa.Instruction]bool{}, split: map[ssa.Value]bool{}}
	c := &compiler{allocator: &allocator{analysis: a, out: out},
		start: map[*ssa.BasicBlock]int{}, defined: map[ssa.Value]int{}, consts: map[string]loc{}}
	c.flow = newFlow(f, c.stopChecks())
	if c.decides {
		out.enter = nil
	}
	c.findSplit()
	c.findFused()
	c.assignSlots()
	for i, b := range c.flow.order {
		c.block, c.barrier = b, len(c.code)
		c.start[b] = len(c.code)
		var next *ssa.BasicBlock
		if i+1 < len(c.flow.order) {
			next = c.flow.order[i+1]
		}
		for _, in := range b.Instrs {
			for i := range c.temps {
				c.temps[i].used = false
			}
			c.seen = c.seen[:0]
			if in.Pos().IsValid() {
				c.pos = in.Pos()
			}
			if !c.fused[in] && !c.aliases(in) {
				c.instr(in, next)
			}
		}
	}
	c.finish()
	return nil
}

// finish puts the parts of the code together and fills in what was not known before.
func (c *compiler) finish() {
	out := c.out
	if c.deferring() {
		out.deferSlot = c.deferSlot().atP
		c.head = append(c.head, instr{op: opConstP, a: out.deferSlot, b: c.pointer(nil)})
	}
	if len(out.dyn) > 0 {
		out.keep = c.permanent(pointerLayout).atP
	}
	out.nneed, out.pneed = out.nsize+c.outN+8, out.psize+c.outP+8
	for _, j := range c.jumps {
		c.code[j.at].d = int32((c.start[j.to] - j.at - 1) * instrSize)
	}
	for i := range c.code {
		c.resolve(&c.code[i])
	}
	// One more instruction than is needed keeps the pointer behind the last one within what is
	// allocated.
	out.code = append(append(c.head, c.code...), instr{})
	out.code = out.code[:len(out.code)-1]
	out.pos = make([]token.Pos, len(c.head), len(out.code))
	for i := range out.pos {
		out.pos[i] = c.f.Pos()
	}
	out.pos = append(out.pos, c.codePos...)
	if c.f.Recover != nil {
		out.recover = len(c.head) + c.start[c.f.Recover]
	}
	unsigned := map[int]bool{}
	for i := range out.unsigned {
		unsigned[i+len(c.head)] = true
	}
	out.unsigned = unsigned
}

// slotBanks says for each of the operands a to e which bank it names: n, p, or neither.
func slotBanks(o op) string {
	switch o {
	case opMovN, opExt, opNeg, opCom, opNot, opAddI, opMulI, opAndI, opShlI, opShrI, opShrUI, opFNeg, opFNeg32, opFSqrt, opFAbs, opMath1,
		opI2F, opU2F, opI2F32, opU2F32, opF2I, op32to64, op64to32:
		return "nn---"
	case opMovP:
		return "pp---"
	case opMovPN:
		return "ppnn-"
	case opConstN, opShift, opBrT, opBrF, opBrEqI, opBrNeI, opBrLtI, opBrLeI, opBrGtI, opBrGeI, opRetN:
		return "n----"
	case opNextLt:
		return "nn--n"
	case opNextLtI, opNextGtI:
		return "n---n"
	case opConstP, opNew, opNilChk, opBrNil, opBrNotNil, opRetP:
		return "p----"
	case opPEq, opPNe:
		return "npp--"
	case opStrEq, opStrLt, opStrLe:
		return "nppnn"
	case opLd8, opLdI4, opLdU4, opLdI2, opLdU2, opLdI1, opLdU1, opSt8, opSt4, opSt2, opSt1:
		return "np---"
	case opCount:
		return "np--n"
	case opLdP, opLdPP, opStP, opStPP, opAddrF:
		return "pp---"
	case opLdPN, opLdPNN, opStPN, opStPNN:
		return "pp-n-"
	case opLdX8, opLdXI4, opLdXU4, opLdXI2, opLdXU2, opLdXI1, opLdXU1, opStX8, opStX4, opStX2, opStX1:
		return "npnn-"
	case opLdXP, opStXP, opAddrX:
		return "ppnn-"
	case opLdXPN, opLdXPNN:
		return "ppnnn"
	case opAddrA:
		return "ppn--"
	case opBrEq, opBrNe, opBrLt, opBrLe, opBrLtU, opBrLeU, opBrFLt, opBrFLe, opBrFNLt, opBrFNLe:
		return "nn---"
	case opCallClo, opInvoke:
		return "-p---" // a is marked for its bank by the call
	}
	if o >= opAdd && o <= opFDiv32 {
		return "nnn--"
	}
	return "-----"
}

func (c *compiler) resolve(in *instr) {
	banks := slotBanks(in.op)
	for i, s := range []*int32{&in.a, &in.b, &in.c, &in.d, &in.e} {
		if banks[i] == '-' {
			continue
		}
		frame := c.out.nsize
		if banks[i] == 'p' {
			frame = c.out.psize
		}
		if *s >= outMark {
			*s += frame - outMark
		}
	}
}

func (c *compiler) emit(o op, a, b, x int32) *instr {
	c.code = append(c.code, instr{op: o, a: a, b: b, c: x})
	c.codePos = append(c.codePos, c.pos)
	return &c.code[len(c.code)-1]
}

// exit lets Go do an operation. The operation cannot name slots of the frame of a function to be
// called.
func (c *compiler) exit(f exit) {
	c.out.exits = append(c.out.exits, f)
	c.out.touches = append(c.out.touches, slices.Clone(c.seen))
	c.emit(opExit, int32(len(c.out.exits)-1), 0, 0)
	c.barrier = len(c.code)
}

// permanent is new slots that nothing else uses.
func (c *compiler) permanent(l *layout) loc {
	x := loc{l, c.out.nsize, c.out.psize}
	c.out.nsize, c.out.psize = c.out.nsize+l.n, c.out.psize+l.p
	return x
}

// temp returns slots that belong to the instruction at hand alone.
func (c *compiler) temp(l *layout) loc {
	for i := range c.temps {
		if t := &c.temps[i]; !t.used && t.n == l.n && t.p == l.p {
			t.used = true
			c.seen = append(c.seen, loc{l, t.atN, t.atP})
			return loc{l, t.atN, t.atP}
		}
	}
	x := c.permanent(l)
	c.seen = append(c.seen, x)
	c.temps = append(c.temps, temp{x, true})
	return x
}

var (
	pointerLayout = (&layouts{}).of(reflect.TypeFor[unsafe.Pointer]())
	numberLayout  = (&layouts{}).of(reflect.TypeFor[uint64]())
)

// operand is where a value is to be read.
func (c *compiler) operand(v ssa.Value) loc {
	l := c.slotsOf(v)
	c.seen = append(c.seen, l)
	return l
}

func (c *compiler) slotsOf(v ssa.Value) loc {
	switch v := v.(type) {
	case *ssa.Const:
		return c.constant(v, nil)
	case *ssa.Global:
		l := c.constPointer(c.p.global(v))
		l.layout = c.layout(v.Type())
		return l
	case *ssa.Function:
		l := c.constPointer(c.p.funcValue(v, c.f))
		l.layout = c.layout(v.Type())
		return l
	case *ssa.ChangeType:
		if isSlotless(v.X) {
			break
		}
		l := c.operand(v.X)
		l.layout = c.layout(v.Type())
		return l
	case *ssa.Extract:
		return c.operand(v.Tuple).part(v.Index)
	case *ssa.Field:
		if c.root(v) != v {
			return c.operand(v.X).part(v.Field)
		}
	}
	cl := c.classOf(v)
	if cl == nil {
		refuse("value %v (%T) without slots", v, v)
	}
	l := cl.loc
	l.layout = c.layoutOf(v)
	return l
}

// inLoop reports whether the block at hand is in a loop, where constants are better made once, when
// the function is entered.
func (c *compiler) inLoop() bool { return c.flow.depth[c.flow.num[c.block]] > 0 }

func (c *compiler) constPointer(x unsafe.Pointer) loc {
	if !c.inLoop() {
		l := c.temp(pointerLayout)
		c.emit(opConstP, l.atP, c.pointer(x), 0)
		return l
	}
	key := fmt.Sprintf("pointer %p", x)
	if l, ok := c.consts[key]; ok {
		return l
	}
	l := c.permanent(pointerLayout)
	in := instr{op: opConstP, a: l.atP, b: c.pointer(x)}
	c.consts[key] = l
	c.head = append(c.head, in)
	return l
}

func (c *compiler) pointer(x unsafe.Pointer) int32 {
	c.out.ptrs = append(c.out.ptrs, x)
	return int32(len(c.out.ptrs) - 1)
}

func constNInstr(a int32, bits uint64) instr {
	return instr{op: opConstN, a: a, b: int32(uint32(bits)), c: int32(uint32(bits >> 32))}
}

// constant returns slots that hold a constant: the slots of to if that is not nil.
func (c *compiler) constant(k *ssa.Const, to *loc) loc {
	l := c.layout(types.Default(k.Type()))
	key := ""
	var at loc
	switch {
	case to != nil:
		at = *to
	case !c.inLoop():
		at = c.temp(l)
		to = &at
	default:
		value := "zero"
		if k.Value != nil {
			value = k.Value.ExactString()
		}
		key = fmt.Sprintf("%p %s", l, value)
		if x, ok := c.consts[key]; ok {
			return x
		}
		at = c.permanent(l)
		c.consts[key] = at
	}
	put := func(in instr) {
		if to == nil {
			c.head = append(c.head, in)
			return
		}
		*c.emit(opNop, 0, 0, 0) = in
	}
	nums, ptrs := c.constBits(k, l)
	for i, x := range nums {
		put(constNInstr(at.atN+int32(8*i), x))
	}
	for i, x := range ptrs {
		put(instr{op: opConstP, a: at.atP + int32(8*i), b: c.pointer(x)})
	}
	return at
}

func floatBits(v constant.Value, k kind) uint64 {
	if k == kF32 {
		f, _ := constant.Float32Val(v)
		return uint64(math.Float32bits(f))
	}
	f, _ := constant.Float64Val(v)
	return math.Float64bits(f)
}

func intBits(v constant.Value) uint64 {
	v = constant.ToInt(v)
	if i, ok := constant.Int64Val(v); ok {
		return uint64(i)
	}
	u, _ := constant.Uint64Val(v)
	return u
}

// mov copies a value.
func (c *compiler) mov(to, from loc) {
	for i := int32(0); i < to.p; i += 8 {
		if i == 0 && to.n == 8 && to.p == 8 && to.atN != from.atN && to.atP != from.atP {
			in := c.emit(opMovPN, to.atP, from.atP, to.atN)
			in.d = from.atN
			return
		}
		if to.atP != from.atP {
			c.emit(opMovP, to.atP+i, from.atP+i, 0)
		}
	}
	for i := int32(0); i < to.n; i += 8 {
		if to.atN != from.atN {
			c.emit(opMovN, to.atN+i, from.atN+i, 0)
		}
	}
}

// put copies an operand, which may be a constant.
func (c *compiler) put(to loc, v ssa.Value) {
	if k, ok := v.(*ssa.Const); ok {
		c.constant(k, &to)
		return
	}
	c.mov(to, c.operand(v))
}

// A move is one slot of a parallel copy.
type move struct {
	op       op
	to, from int32
}

func moves(to, from loc) (out []move) {
	for i := int32(0); i < to.n; i += 8 {
		if to.atN != from.atN {
			out = append(out, move{opMovN, to.atN + i, from.atN + i})
		}
	}
	for i := int32(0); i < to.p; i += 8 {
		if to.atP != from.atP {
			out = append(out, move{opMovP, to.atP + i, from.atP + i})
		}
	}
	return out
}

// parallel makes moves as if all happened at once.
func (c *compiler) parallel(ms []move) {
	for len(ms) > 0 {
		done := false
		for i, m := range ms {
			free := true
			for j, o := range ms {
				free = free && (i == j || o.op != m.op || o.from != m.to)
			}
			if free {
				c.emit(m.op, m.to, m.from, 0)
				ms = append(ms[:i:i], ms[i+1:]...)
				done = true
				break
			}
		}
		if done {
			continue
		}
		m := ms[0] // a circle: break it
		var t int32
		if m.op == opMovN {
			t = c.temp(numberLayout).atN
		} else {
			t = c.temp(pointerLayout).atP
		}
		c.emit(m.op, t, m.from, 0)
		for i := range ms {
			if ms[i].op == m.op && ms[i].from == m.from {
				ms[i].from = t
			}
		}
	}
}
