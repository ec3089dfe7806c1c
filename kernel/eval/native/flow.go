package native

import (
	"go/token"
	"go/types"
	"math"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// slotsAt is the slots of a local variable that is kept in slots, or of a field of it.
func (c *compiler) slotsAt(addr ssa.Value) (loc, bool) {
	switch a := addr.(type) {
	case *ssa.Alloc:
		if c.split[a] {
			return c.operand(a), true
		}
	case *ssa.FieldAddr:
		if l, ok := c.slotsAt(a.X); ok {
			return l.part(a.Field), true
		}
	}
	return loc{}, false
}

// edge makes the copies for φ-nodes on the way from one block to another, and goes there.
func (c *compiler) edge(from, to, next *ssa.BasicBlock) {
	c.phis(from, to)
	if to == next {
		return
	}
	o := opJmp
	if c.flow.num[to] <= c.flow.num[from] {
		if c.loopEnd(to, next) {
			return
		}
		o = opJmpBack
	}
	c.emit(o, 0, 0, 0)
	c.jumps = append(c.jumps, jump{len(c.code) - 1, to})
}

// loopEnd makes one instruction at the end of a loop where the code goes back to a block that does
// nothing but compare a number, and perhaps add a constant to it before. The number must be counted
// up or down by a constant, in that block or just before going back. Execution goes on in next if
// that is where the block would go.
func (c *compiler) loopEnd(head, next *ssa.BasicBlock) bool {
	branch, ok := head.Instrs[len(head.Instrs)-1].(*ssa.If)
	if !ok || c.flow.skip[head] {
		return false
	}
	body := head.Succs[0]
	from, to := c.start[head], c.start[body]
	if c.flow.num[body] != c.flow.num[head]+1 || to <= from || len(c.jumps) == 0 || from == len(c.code) {
		return false
	}
	at := to - 1 // leaves the loop
	var out *ssa.BasicBlock
	for _, j := range c.jumps {
		if j.at == at {
			out = j.to
		}
	}
	if out == nil || out != head.Succs[1] || out == body || branch.Cond == nil {
		return false
	}
	var in instr
	switch k := c.code[at]; k.op {
	case opBrLe: // out if B <= I
		in = instr{op: opNextLt, a: k.b, b: k.a}
	case opBrGeI:
		in = instr{op: opNextLtI, a: k.a, b: k.c}
	case opBrGtI:
		if k.c == math.MaxInt32 {
			return false
		}
		in = instr{op: opNextLtI, a: k.a, b: k.c + 1}
	case opBrLeI:
		in = instr{op: opNextGtI, a: k.a, b: k.c}
	case opBrLtI:
		if k.c == math.MinInt32 {
			return false
		}
		in = instr{op: opNextGtI, a: k.a, b: k.c - 1}
	default:
		return false
	}
	in.e = in.a
	counts := func(k instr) bool { return k.op == opAddI && k.a == in.a && k.b == in.a }
	loads := at > from && c.code[at-1].op != opAddI
	for _, k := range c.code[from:at] {
		loads = loads && k.op >= opLd8 && k.op <= opLdPNN && k.a != in.a
	}
	switch last := len(c.code) - 1; {
	case loads && at-from <= 2 && in.op == opNextLt: // which is the end of the loop
		for i, k := range c.code[from:at] {
			c.code, c.codePos = append(c.code, k), append(c.codePos, c.codePos[from+i])
		}
	case at == from && last > at && counts(c.code[last]) && c.start[c.block] <= last && !(in.op == opNextLt && in.b == in.a):
		in.c = c.code[last].c
		c.code = c.code[:last]
		c.codePos = c.codePos[:last]
		if c.barrier > last {
			c.barrier = last
		}
	case at == from+1 && counts(c.code[from]) && !(in.op == opNextLt && in.b == in.a):
		in.c = c.code[from].c
	default:
		return false
	}
	*c.emit(opNop, 0, 0, 0) = in
	c.jumps = append(c.jumps, jump{len(c.code) - 1, body})
	if out != next {
		c.emit(opJmp, 0, 0, 0)
		c.jumps = append(c.jumps, jump{len(c.code) - 1, out})
	}
	return true
}

func (c *compiler) phis(from, to *ssa.BasicBlock) {
	k := slices.Index(to.Preds, from)
	var ms []move
	var later []func()
	for _, in := range to.Instrs {
		p, ok := in.(*ssa.Phi)
		if !ok {
			break
		}
		if len(*p.Referrers()) == 0 {
			continue
		}
		at := c.operand(p)
		if isSlotless(p.Edges[k]) {
			later = append(later, func() { c.put(at, p.Edges[k]) })
			continue
		}
		ms = append(ms, moves(at, c.operand(p.Edges[k]))...)
	}
	c.parallel(ms)
	for _, f := range later {
		f()
	}
}

// moved reports whether going from one block to another takes copies.
func (c *compiler) moved(from, to *ssa.BasicBlock) bool {
	k := slices.Index(to.Preds, from)
	for _, in := range to.Instrs {
		p, ok := in.(*ssa.Phi)
		if !ok {
			return false
		}
		if len(*p.Referrers()) > 0 && (isSlotless(p.Edges[k]) || len(moves(c.operand(p), c.operand(p.Edges[k]))) > 0) {
			return true
		}
	}
	return false
}

func (c *compiler) branch(in *ssa.If, next *ssa.BasicBlock) {
	b := in.Block()
	if c.flow.skip[b] {
		c.edge(b, b.Succs[1], next)
		return
	}
	yes, no := b.Succs[0], b.Succs[1]
	// The branch goes straight to a block further on if nothing has to be moved for that.
	straight := func(to *ssa.BasicBlock) bool { return c.flow.num[to] > c.flow.num[b] && !c.moved(b, to) }
	switch {
	case yes != next && straight(yes):
		c.jumps = append(c.jumps, jump{c.condition(in.Cond, false), yes})
		c.edge(b, no, next)
	case straight(no):
		c.jumps = append(c.jumps, jump{c.condition(in.Cond, true), no})
		c.edge(b, yes, next)
	default:
		at := c.condition(in.Cond, true)
		c.edge(b, yes, nil)
		c.code[at].d = int32((len(c.code) - at - 1) * instrSize)
		c.edge(b, no, next)
	}
}

// condition jumps if a condition holds, or if it does not. It returns which instruction jumps.
func (c *compiler) condition(cond ssa.Value, not bool) int {
	cmp, ok := cond.(*ssa.BinOp)
	if ok && c.fused[cmp] {
		c.compareJump(cmp, not)
	} else {
		c.emit(pick(not, opBrF, opBrT), c.operand(cond).atN, 0, 0)
	}
	return len(c.code) - 1
}

func pick[T any](b bool, x, y T) T {
	if b {
		return x
	}
	return y
}

var negated = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR}
var turned = map[token.Token]token.Token{token.EQL: token.EQL, token.NEQ: token.NEQ, token.LSS: token.GTR, token.GEQ: token.LEQ, token.GTR: token.LSS, token.LEQ: token.GEQ}

var (
	jumpSmall    = map[token.Token]op{token.EQL: opBrEqI, token.NEQ: opBrNeI, token.LSS: opBrLtI, token.LEQ: opBrLeI, token.GTR: opBrGtI, token.GEQ: opBrGeI}
	jumpSigned   = map[token.Token]op{token.EQL: opBrEq, token.NEQ: opBrNe, token.LSS: opBrLt, token.LEQ: opBrLe}
	jumpUnsigned = map[token.Token]op{token.EQL: opBrEq, token.NEQ: opBrNe, token.LSS: opBrLtU, token.LEQ: opBrLeU}
)

func (c *compiler) compareJump(in *ssa.BinOp, not bool) {
	o, x, y := in.Op, in.X, in.Y
	k := c.layout(types.Default(x.Type())).pieces[0].kind
	switch k {
	case kPtr:
		if isNil(x) {
			x, y = y, x
		}
		if isNil(y) {
			c.emit(pick((o == token.EQL) != not, opBrNil, opBrNotNil), c.operand(x).atP, 0, 0)
			return
		}
		t := c.temp(numberLayout)
		c.emit(pick(o == token.EQL, opPEq, opPNe), t.atN, c.operand(x).atP, c.operand(y).atP)
		c.emit(pick(not, opBrF, opBrT), t.atN, 0, 0)
	case kF64:
		if o == token.EQL || o == token.NEQ {
			t := c.temp(numberLayout)
			c.emit(pick(o == token.EQL, opFEq, opFNe), t.atN, c.operand(x).atN, c.operand(y).atN)
			c.emit(pick(not, opBrF, opBrT), t.atN, 0, 0)
			return
		}
		if o == token.GTR || o == token.GEQ {
			o, x, y = turned[o], y, x
		}
		jump := pick(o == token.LSS, pick(not, opBrFNLt, opBrFLt), pick(not, opBrFNLe, opBrFLe))
		c.emit(jump, c.operand(x).atN, c.operand(y).atN, 0)
	default:
		if not {
			o = negated[o]
		}
		if _, small := c.small(x); small {
			o, x, y = turned[o], y, x
		}
		unsigned := isUnsigned(x.Type()) && k == k64 && o != token.EQL && o != token.NEQ
		if i, small := c.small(y); small && !unsigned {
			c.emit(jumpSmall[o], c.operand(x).atN, 0, i)
			return
		}
		if o == token.GTR || o == token.GEQ {
			o, x, y = turned[o], y, x
		}
		jump := jumpSigned[o]
		if unsigned {
			jump = jumpUnsigned[o]
		}
		c.emit(jump, c.operand(x).atN, c.operand(y).atN, 0)
	}
}

func isNil(v ssa.Value) bool {
	k, ok := v.(*ssa.Const)
	return ok && k.Value == nil
}

func isUnsigned(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}
