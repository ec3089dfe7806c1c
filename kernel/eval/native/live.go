package native

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// This file finds which slots the values of a function get. Values share slots when they are never
// alive at once, and a φ-node has those of its operands where that is possible, so that nothing is
// moved at the end of a loop.

// A flow is the blocks of a function that can be reached, in the order of their code.
type flow struct {
	order []*ssa.BasicBlock
	num   map[*ssa.BasicBlock]int
	depth []int // of loops, by number
	// skip are the branches that look at the stop flag: the code goes straight to their second
	// successor.
	skip map[*ssa.BasicBlock]bool
}

func newFlow(f *ssa.Function, skip map[*ssa.BasicBlock]bool) *flow {
	fl := &flow{num: map[*ssa.BasicBlock]int{}, skip: skip}
	seen := map[*ssa.BasicBlock]bool{}
	var post []*ssa.BasicBlock
	var walk func(b *ssa.BasicBlock)
	walk = func(b *ssa.BasicBlock) {
		if seen[b] {
			return
		}
		seen[b] = true
		succs := fl.succs(b)
		for i := len(succs) - 1; i >= 0; i-- {
			walk(succs[i])
		}
		post = append(post, b)
	}
	if f.Recover != nil {
		walk(f.Recover)
	}
	walk(f.Blocks[0])
	slices.Reverse(post)
	fl.order = post
	for i, b := range post {
		fl.num[b] = i
	}
	fl.depth = make([]int, len(post))
	for i, b := range post {
		for _, s := range fl.succs(b) {
			for k := fl.num[s]; k <= i; k++ {
				fl.depth[k]++
			}
		}
	}
	return fl
}

func (fl *flow) succs(b *ssa.BasicBlock) []*ssa.BasicBlock {
	if fl.skip[b] {
		return b.Succs[1:]
	}
	return b.Succs
}

// An allocator gives the values of a function their slots.
type allocator struct {
	*analysis
	out     *fn
	number  map[ssa.Value]int
	values  []ssa.Value
	parent  []int
	classes []*class
}

// A span is a range of positions in the code at which a value is alive.
type span struct{ from, to int }

// A class is values that share slots.
type class struct {
	loc
	spans []span
	fixed bool // a parameter
}

func (c *allocator) classOf(v ssa.Value) *class {
	i, ok := c.number[v]
	if !ok {
		return nil
	}
	for c.parent[i] != i {
		c.parent[i] = c.parent[c.parent[i]]
		i = c.parent[i]
	}
	return c.classes[i]
}

// isSlotless reports whether no instruction of the function computes an operand.
func isSlotless(v ssa.Value) bool {
	switch v.(type) {
	case nil, *ssa.Const, *ssa.Global, *ssa.Function, *ssa.Builtin:
		return true
	}
	return false
}

// root is the value in whose slots v is, and the way to v within them.
func (c *allocator) root(v ssa.Value) ssa.Value {
	for {
		switch x := v.(type) {
		case *ssa.Extract:
			v = x.Tuple
		case *ssa.ChangeType:
			if isSlotless(x.X) {
				return v
			}
			v = x.X
		case *ssa.Field:
			if isSlotless(x.X) || c.layout(x.X.Type()).boxed {
				return v
			}
			v = x.X
		default:
			return v
		}
	}
}

// uses calls f with every value that an instruction reads where its code is, also through addresses
// and comparisons that are computed there.
func (c *allocator) uses(in ssa.Instruction, f func(ssa.Value)) {
	var buf [12]*ssa.Value
	for _, o := range in.Operands(buf[:0]) {
		if *o == nil || isSlotless(*o) {
			continue
		}
		if i, ok := (*o).(ssa.Instruction); ok && c.fused[i] {
			c.uses(i, f)
			for _, v := range c.varargs[i] {
				if boxed, ok := v.(*ssa.MakeInterface); ok && c.fused[boxed] {
					c.uses(boxed, f)
				} else if !isSlotless(v) {
					f(c.root(v))
				}
			}
			continue
		}
		f(c.root(*o))
	}
}

// assignSlots gives every value of the function its slots.
func (c *allocator) assignSlots() {
	c.number = map[ssa.Value]int{}
	add := func(v ssa.Value) {
		if _, ok := c.number[v]; ok {
			return
		}
		c.number[v] = len(c.classes)
		c.parent = append(c.parent, len(c.classes))
		c.classes = append(c.classes, &class{loc: loc{layout: c.layoutOf(v)}})
		c.values = append(c.values, v)
	}
	for i, p := range c.f.Params {
		add(p)
		c.classes[i].loc, c.classes[i].fixed = c.out.params[i], true
	}
	for i, p := range c.f.FreeVars {
		i += len(c.f.Params)
		add(p)
		c.classes[i].loc, c.classes[i].fixed = c.out.params[i], true
	}
	for _, b := range c.flow.order {
		for _, in := range b.Instrs {
			if v, ok := in.(ssa.Value); ok && !c.fused[in] && c.root(v) == v {
				add(v)
			}
		}
	}
	c.liveness()
	c.coalesce()
	c.place()
}

type bits []uint64

func (s bits) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
func (s bits) set(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s bits) unset(i int)    { s[i>>6] &^= 1 << (i & 63) }

// liveness finds the spans of all values. Instruction k has positions 4k for what it defines where
// that must not be in the slots of what it reads, 4k+1 for what it reads and 4k+2 for what it
// defines.
func (c *allocator) liveness() {
	n := (len(c.values) + 63) / 64
	ins, outs := make([]bits, len(c.flow.order)), make([]bits, len(c.flow.order))
	for i := range ins {
		ins[i], outs[i] = make(bits, n), make(bits, n)
	}
	use := func(s bits) func(ssa.Value) { return func(v ssa.Value) { s.set(c.number[v]) } }
	live := make(bits, n)
	for changed := true; changed; {
		changed = false
		for i := len(c.flow.order) - 1; i >= 0; i-- {
			b := c.flow.order[i]
			copy(live, outs[i])
			c.liveOut(b, ins, live)
			changed = merge(outs[i], live) || changed
			for j := len(b.Instrs) - 1; j >= 0; j-- {
				in := b.Instrs[j]
				if c.fused[in] {
					continue
				}
				if v, ok := in.(ssa.Value); ok && c.root(v) == v {
					live.unset(c.number[v])
				}
				if _, ok := in.(*ssa.Phi); !ok && !c.aliases(in) {
					c.uses(in, use(live))
				}
			}
			changed = merge(ins[i], live) || changed
		}
	}
	c.spansOf(outs)
	if c.f.Recover != nil { // where it goes on after a panic, from anywhere
		for i, cl := range c.classes {
			if ins[c.flow.num[c.f.Recover]].has(i) {
				cl.spans = c.everywhere()
			}
		}
	}
}

// everywhere is the span of values that keep their slots to themselves.
func (c *allocator) everywhere() []span {
	n := 0
	for _, b := range c.flow.order {
		n += len(b.Instrs) + 1
	}
	return []span{{0, 4 * (n + 2)}}
}

// aliases reports whether an instruction has no code because its value is in the slots of another.
func (c *allocator) aliases(in ssa.Instruction) bool {
	v, ok := in.(ssa.Value)
	return ok && c.root(v) != v
}

// liveOut adds what is alive at the end of a block for its successors.
func (c *allocator) liveOut(b *ssa.BasicBlock, ins []bits, live bits) {
	for _, s := range c.flow.succs(b) {
		from := ins[c.flow.num[s]]
		for i := range live {
			live[i] |= from[i]
		}
		k := slices.Index(s.Preds, b)
		for _, in := range s.Instrs {
			p, ok := in.(*ssa.Phi)
			if !ok {
				break
			}
			if e := p.Edges[k]; !isSlotless(e) {
				live.set(c.number[c.root(e)])
			}
		}
	}
}

func merge(to, from bits) bool {
	changed := false
	for i := range to {
		if x := to[i] | from[i]; x != to[i] {
			to[i], changed = x, true
		}
	}
	return changed
}

func (c *allocator) spansOf(outs []bits) {
	pos := 1
	starts := make([]int, len(c.flow.order))
	for i, b := range c.flow.order {
		starts[i] = pos
		pos += len(b.Instrs) + 1
	}
	ends := make([]int, len(c.values))
	for i := len(c.flow.order) - 1; i >= 0; i-- {
		b := c.flow.order[i]
		for v := range ends {
			ends[v] = 0
			if outs[i].has(v) {
				ends[v] = 4 * (starts[i] + len(b.Instrs) + 1)
			}
		}
		close := func(v, from int) {
			to := max(ends[v], from+1)
			c.classes[v].spans = append(c.classes[v].spans, span{from, to})
			ends[v] = 0
		}
		for j := len(b.Instrs) - 1; j >= 0; j-- {
			in := b.Instrs[j]
			if c.fused[in] {
				continue
			}
			at := 4 * (starts[i] + j)
			if _, ok := in.(*ssa.Phi); ok {
				continue
			}
			if v, ok := in.(ssa.Value); ok && c.root(v) == v {
				if c.isSimple(v) {
					close(c.number[v], at+2)
				} else {
					close(c.number[v], at)
				}
			}
			if !c.aliases(in) {
				c.uses(in, func(v ssa.Value) {
					if k := c.number[v]; ends[k] == 0 {
						ends[k] = at + 2
					}
				})
			}
		}
		for _, in := range b.Instrs {
			p, ok := in.(*ssa.Phi)
			if !ok {
				break
			}
			close(c.number[p], 4*starts[i])
		}
		for v, end := range ends {
			if end != 0 {
				close(v, 4*starts[i])
			}
		}
	}
	for v, cl := range c.classes {
		if _, ok := c.values[v].(ssa.Instruction); !ok {
			cl.spans = append(cl.spans, span{0, 4})
		}
		if c.split[c.values[v]] {
			cl.spans = c.everywhere()
		}
		slices.SortFunc(cl.spans, func(a, b span) int { return a.from - b.from })
	}
}

// isSimple reports whether one instruction computes a value and reads all its operands before it
// writes.
func (c *allocator) isSimple(v ssa.Value) bool {
	l := c.layoutOf(v)
	if len(l.pieces) != 1 || l.boxed {
		return false
	}
	switch v := v.(type) {
	case *ssa.BinOp:
		if isUntyped(v.X) {
			return false
		}
		x := c.layout(types.Default(v.X.Type()))
		return len(x.pieces) == 1 && !x.boxed
	case *ssa.UnOp:
		return v.Op != token.ARROW
	case *ssa.Call:
		_, builtin := v.Call.Value.(*ssa.Builtin)
		return !builtin
	}
	return false
}

func overlap(a, b []span) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].to <= b[j].from:
			i++
		case b[j].to <= a[i].from:
			j++
		default:
			return true
		}
	}
	return false
}

func union(a, b []span) []span {
	out := append(slices.Clone(a), b...)
	slices.SortFunc(out, func(x, y span) int { return x.from - y.from })
	return out
}

// coalesce puts φ-nodes and their operands into one class where they are never alive at once.
func (c *allocator) coalesce() {
	for _, b := range c.flow.order {
		for _, in := range b.Instrs {
			p, ok := in.(*ssa.Phi)
			if !ok {
				break
			}
			for k, e := range p.Edges {
				if _, reached := c.flow.num[b.Preds[k]]; !reached || isSlotless(e) || c.root(e) != e && !c.whole(e) || c.split[c.root(e)] {
					continue
				}
				x, y := c.classOf(p), c.classOf(c.root(e))
				if x == y || x.fixed && y.fixed || overlap(x.spans, y.spans) || !same(x.layout, y.layout) {
					continue
				}
				if y.fixed {
					x, y = y, x
				}
				x.spans = union(x.spans, y.spans)
				c.join(p, e, x)
			}
		}
	}
}

// whole reports whether v is all of its root and not a part of it.
func (c *allocator) whole(v ssa.Value) bool {
	for {
		x, ok := v.(*ssa.ChangeType)
		if !ok {
			return c.root(v) == v
		}
		v = x.X
	}
}

func same(a, b *layout) bool {
	return a.boxed == b.boxed && slices.EqualFunc(a.pieces, b.pieces, func(x, y piece) bool { return x.kind == y.kind })
}

func (c *allocator) join(p, e ssa.Value, cl *class) {
	i, j := c.find(c.number[p]), c.find(c.number[c.root(e)])
	c.parent[j] = i
	c.classes[i] = cl
}

func (c *allocator) find(i int) int {
	for c.parent[i] != i {
		i = c.parent[i]
	}
	return i
}

// manyValues is the number of values from which on they do not share slots: it would take too long
// to find out which of them can.
const manyValues = 1500

// place gives classes their slots, in the order in which the classes begin.
func (c *allocator) place() {
	nFixed, pFixed := c.out.nsize, c.out.psize // parameters and results
	var usedN, usedP [][]span
	reserve := func(used *[][]span, at, size int32, spans []span) {
		for i := at / 8; i < (at+size)/8; i++ {
			for int(i) >= len(*used) {
				*used = append(*used, nil)
			}
			(*used)[i] = union((*used)[i], spans)
		}
	}
	find := func(used [][]span, size int32, spans []span) int32 {
		if size == 0 {
			return 0
		}
	next:
		for at := int32(0); ; at++ {
			for i := at; i < at+size/8 && int(i) < len(used); i++ {
				if overlap(used[i], spans) {
					continue next
				}
			}
			return at * 8
		}
	}
	var list []*class
	for i := range c.classes {
		if c.parent[i] == i {
			list = append(list, c.classes[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *class) int {
		if a.fixed != b.fixed {
			if a.fixed {
				return -1
			}
			return 1
		}
		if len(a.spans) == 0 || len(b.spans) == 0 {
			return len(b.spans) - len(a.spans)
		}
		return a.spans[0].from - b.spans[0].from
	})
	n, p := nFixed, pFixed
	for _, cl := range list {
		switch {
		case cl.fixed:
		case len(c.values) > manyValues:
			cl.atN, cl.atP = n, p
		default:
			cl.atN, cl.atP = find(usedN, cl.n, cl.spans), find(usedP, cl.p, cl.spans)
		}
		if len(c.values) <= manyValues {
			reserve(&usedN, cl.atN, cl.n, cl.spans)
			reserve(&usedP, cl.atP, cl.p, cl.spans)
		}
		n, p = max(n, cl.atN+cl.n), max(p, cl.atP+cl.p)
	}
	c.out.nsize, c.out.psize = n, p
}
