package native

import (
	"math"
	"unsafe"
)

// Most functions that compiled code calls back are small. What the function that sort.Slice
// compares by does takes less time than to get a machine and to give it back. Of a function that
// only calculates and reads memory, and has no loop, this file makes a tree of Go functions, each
// of which gives the value of one expression. Where anything is wrong in it, such as an index that
// is out of range, the function is executed again by a machine, which panics as it should: nothing
// has been changed by then.

// A quick is a call of such a function.
type quick struct {
	n      [quickWords]uint64 // the arguments, as they are in slots
	p      [quickWords]unsafe.Pointer
	c      *closure
	failed bool
}

const (
	quickWords = 6
	quickCode  = 150 // instructions, on all ways through a function and what it calls
	quickDepth = 3   // calls within each other
)

type (
	quickNum func(*quick) uint64
	quickPtr func(*quick) unsafe.Pointer
)

func setQuick[W register](q *quick, w *word, x W) {
	if w.ptr {
		*(*W)(unsafe.Pointer(&q.p[w.slot/8])) = x
		return
	}
	n := &q.n[w.slot/8]
	*(*W)(unsafe.Pointer(n)) = x
	if w.short {
		*n = narrow(w.kind, *n)
	}
}

// run makes the call, if it can, and stores the result at r.
func (q *quick) run(c *closure, tree *quickNum, r unsafe.Pointer) bool {
	if isSet(c.fn.enter) || handedOver.Load() != 0 {
		return false
	}
	q.c = c
	// A number hides q from the analysis that would have it on the heap, since the tree is not
	// known. Nothing is called before the number is a pointer again, so the stack with q stays
	// where it is.
	hidden := uintptr(unsafe.Pointer(q))
	x := (*tree)(*(**quick)(unsafe.Pointer(&hidden)))
	if q.failed {
		return false
	}
	*(*uint64)(r) = x
	return true
}

// quickly makes the tree of the entry's function when it is first called, if there is one.
func (e *entry) quickly(f *fn) {
	if e.tried.Swap(true) {
		return
	}
	if len(e.out) != 1 || e.out[0].ptr || f.deferSlot >= 0 {
		return
	}
	for _, w := range e.in {
		if w.slot >= 8*quickWords {
			return
		}
	}
	m := &quickMaker{left: quickCode}
	st := m.frame(f)
	var less *quickLess
	tree := m.tree(f, 0, st, 0, func(st *quickState, x quickN) quickNum {
		m.ways++
		if less = x.less; st.open&^x.fails != 0 {
			less = nil
		}
		return m.all(st, x)
	})
	if m.refused {
		return
	}
	e.quick.Store(&tree)
	if less != nil && m.ways == 1 {
		less.enter = f.enter
		e.less.Store(less)
	}
}

// A debt is what it takes to find a value: how many expressions, and which of them may go wrong.
// What is used twice is found twice, so that a value may cost much more than it has instructions.
type debt struct {
	cost  int
	fails needs
}

const quickCost = 60

// A needs is a set of expressions that may go wrong, by number.
type needs uint64

func (d debt) and(e debt) debt { return debt{d.cost + e.cost + 1, d.fails | e.fails} }

// A quickN is a number whose value is to be found, and a quickP is a pointer.
type quickN struct {
	debt
	eval   quickNum     // nil if the slot has no value
	arg    int          // number of the argument that it is, or -1
	header *quickHeader // of which it is the length
	part   *quickPart   // that it is, or of which it is the length
	less   *quickLess   // that it is
}

type quickP struct {
	debt
	eval   quickPtr
	fixed  unsafe.Pointer // a constant
	free   int            // number of the free variable that it is, or -1
	header *quickHeader   // of which it is the data
	part   *quickPart     // whose address it is
	text   *quickPart     // of which it is the data
}

// A quickHeader is a slice in memory.
type quickHeader struct {
	at  quickP
	off int
}

// A quickPart is an element of a slice at the index that is an argument, or something in the
// element.
type quickPart struct {
	slice quickSlice
	arg   int
}

// A quickSlice says where a slice is, and which part of its elements is looked at.
type quickSlice struct {
	fixed     *sliceHeader // nil if a free variable points to it
	free, off int
	size      int
	within    int // the element
	kind      kind
}

// A quickLess compares the same part of two elements of a slice, at the indexes that are the first
// two arguments, or the other way round: what most functions do by which slices are sorted.
type quickLess struct {
	quickSlice
	order  quickOrder
	turned bool
	enter  <-chan struct{} // that calls look at
}

// A quickOrder is by what parts are compared.
type quickOrder int

const (
	byInt quickOrder = iota
	byShort
	byUint
	byFloat
	byText
)

// lessOf is a comparison of two parts, or nil.
func lessOf(o op, x, y *quickPart) *quickLess {
	if x == nil || y == nil || x.slice != y.slice || x.arg+y.arg != 1 {
		return nil
	}
	l := &quickLess{quickSlice: x.slice, turned: x.arg == 1}
	switch {
	case o == opLt && l.kind == k64:
		l.order = byInt
	case o == opLt:
		l.order = byShort
	case o == opLtU && l.kind == k64:
		l.order = byUint
	case o == opFLt:
		l.order = byFloat
	case o == opStrLt:
		l.order = byText
	default:
		return nil
	}
	return l
}

// A quickState is what slots hold at some place, and what may have gone wrong since the value of
// the last expression was found.
type quickState struct {
	n            []quickN
	p            []quickP
	open         needs
	baseN, baseP int // of the frame, in slots
}

func (st *quickState) clone() *quickState {
	c := *st
	c.n, c.p = append([]quickN(nil), st.n...), append([]quickP(nil), st.p...)
	return &c
}

// A quickMaker makes the tree of a function.
type quickMaker struct {
	left    int
	ways    int // through the function
	refused bool
	checks  []quickNum // by the numbers of needs
}

func (m *quickMaker) refuse() quickNum {
	m.refused = true
	return nil
}

// frame is the state in which a function begins.
func (m *quickMaker) frame(f *fn) *quickState {
	st := &quickState{}
	for i, l := range f.params {
		for k := int32(0); k < l.n; k += 8 {
			at := int(l.atN+k) / 8
			if i >= len(f.params)-f.nfree {
				j := at - int(f.freeN)/8
				st.setN(at, quickN{eval: func(q *quick) uint64 { return q.c.n[j] }, arg: -1})
				continue
			}
			st.setN(at, quickN{eval: func(q *quick) uint64 { return q.n[at] }, arg: at})
		}
		for k := int32(0); k < l.p; k += 8 {
			at := int(l.atP+k) / 8
			if i >= len(f.params)-f.nfree {
				j := at - int(f.freeP)/8
				st.setP(at, quickP{eval: func(q *quick) unsafe.Pointer { return q.c.p[j] }, free: j})
				continue
			}
			st.setP(at, quickP{eval: func(q *quick) unsafe.Pointer { return q.p[at] }, free: -1})
		}
	}
	return st
}

func (st *quickState) setN(slot int, x quickN) {
	slot += st.baseN
	for len(st.n) <= slot {
		st.n = append(st.n, quickN{})
	}
	st.n[slot] = x
}

func (st *quickState) setP(slot int, x quickP) {
	slot += st.baseP
	for len(st.p) <= slot {
		st.p = append(st.p, quickP{})
	}
	st.p[slot] = x
}

// num is what a slot holds. Every slot that is read has been written.
func (m *quickMaker) num(st *quickState, s int32) quickN {
	if i := int(s)/8 + st.baseN; i < len(st.n) && st.n[i].eval != nil {
		return st.n[i]
	}
	m.refused = true
	return quickN{eval: func(*quick) uint64 { return 0 }, arg: -1}
}

func (m *quickMaker) ptr(st *quickState, s int32) quickP {
	if i := int(s)/8 + st.baseP; i < len(st.p) && st.p[i].eval != nil {
		return st.p[i]
	}
	m.refused = true
	return quickP{eval: func(*quick) unsafe.Pointer { return nil }, free: -1}
}

// mayFail notes that an expression may go wrong, beside what it is made of.
func (m *quickMaker) mayFail(st *quickState, d debt, check quickNum) debt {
	if len(m.checks) == 64 {
		m.refused = true
		return d
	}
	m.checks = append(m.checks, check)
	n := needs(1) << (len(m.checks) - 1)
	st.open |= n
	return d.and(debt{0, n})
}

// found checks whether there is an address.
func found(at quickPtr) quickNum {
	return func(q *quick) uint64 {
		q.failed = at(q) == nil || q.failed
		return 0
	}
}

// all finds the value of an expression, and whether anything else has gone wrong before.
func (m *quickMaker) all(st *quickState, x quickN) quickNum {
	var more []quickNum
	for i, check := range m.checks {
		if n := needs(1) << i; st.open&n != 0 && x.fails&n == 0 {
			more = append(more, check)
		}
	}
	st.open = 0
	if len(more) == 0 {
		return x.eval
	}
	eval := x.eval
	return func(q *quick) uint64 {
		for _, check := range more {
			check(q)
		}
		return eval(q)
	}
}

// tree makes the function of what is executed from instruction i on. then makes that of what
// follows when the function returns x.
func (m *quickMaker) tree(f *fn, i int, st *quickState, depth int, then func(st *quickState, x quickN) quickNum) quickNum {
	for ; i < len(f.code) && !m.refused; i++ {
		if m.left--; m.left < 0 {
			break
		}
		in := &f.code[i]
		switch {
		case in.op == opJmp && in.d >= 0:
			i += int(in.d) / instrSize
		case in.op >= opBrT && in.op <= opBrNotNil && in.d >= 0:
			cond := m.all(st, m.condition(st, in))
			yes := m.tree(f, i+1+int(in.d)/instrSize, st.clone(), depth, then)
			no := m.tree(f, i+1, st, depth, then)
			return func(q *quick) uint64 {
				if cond(q) != 0 {
					return yes(q)
				}
				return no(q)
			}
		case in.op == opRetN:
			return then(st, m.num(st, in.a))
		case in.op == opCall:
			callee := f.calls[in.b]
			if depth == quickDepth || callee.single != 'n' || callee.deferSlot >= 0 || len(callee.code) == 0 {
				return m.refuse()
			}
			baseN, baseP := st.baseN, st.baseP
			st.baseN, st.baseP = baseN+int(f.nsize)/8, baseP+int(f.psize)/8
			return m.tree(callee, 0, st, depth+1, func(st *quickState, x quickN) quickNum {
				st.baseN, st.baseP = baseN, baseP
				st.setN(int(in.a)/8, x)
				return m.tree(f, i+1, st, depth, then)
			})
		case !m.instr(f, st, in):
			return m.refuse()
		}
	}
	return m.refuse()
}

// instr changes the state as an instruction does.
func (m *quickMaker) instr(f *fn, st *quickState, in *instr) bool {
	setN := func(s int32, d debt, eval quickNum) {
		m.refused = m.refused || d.cost > quickCost
		st.setN(int(s)/8, quickN{debt: d, eval: eval, arg: -1})
	}
	setP := func(s int32, d debt, eval quickPtr) {
		m.refused = m.refused || d.cost > quickCost
		st.setP(int(s)/8, quickP{debt: d, eval: eval, free: -1})
	}
	switch o := in.op; o {
	case opNop:
	case opMovN:
		st.setN(int(in.a)/8, m.num(st, in.b))
	case opMovP:
		st.setP(int(in.a)/8, m.ptr(st, in.b))
	case opMovPN:
		x, y := m.ptr(st, in.b), m.num(st, in.d)
		st.setP(int(in.a)/8, x)
		st.setN(int(in.c)/8, y)
	case opConstN:
		x := uint64(uint32(in.b)) | uint64(uint32(in.c))<<32
		setN(in.a, debt{}, func(*quick) uint64 { return x })
	case opConstP:
		x := f.ptrs[in.b]
		st.setP(int(in.a)/8, quickP{eval: func(*quick) unsafe.Pointer { return x }, fixed: x, free: -1})
	case opShift:
		x := m.num(st, in.a)
		eval := x.eval
		m.mayFail(st, x.debt, func(q *quick) uint64 {
			q.failed = int64(eval(q)) < 0 || q.failed
			return 0
		})
	case opNilChk:
		p := m.ptr(st, in.a)
		m.mayFail(st, p.debt, found(p.eval))
	case opDiv, opRem, opDivU, opRemU:
		x, y := m.num(st, in.b), m.num(st, in.c)
		eval := divided(o, x.eval, y.eval)
		setN(in.a, m.mayFail(st, x.and(y.debt), eval), eval)
	case opPEq, opPNe:
		x, y := m.ptr(st, in.b), m.ptr(st, in.c)
		a, b, equal := x.eval, y.eval, o == opPEq
		setN(in.a, x.and(y.debt), func(q *quick) uint64 { return truth((a(q) == b(q)) == equal) })
	case opStrEq, opStrLt, opStrLe:
		s, t, k, l := m.ptr(st, in.b), m.ptr(st, in.c), m.num(st, in.d), m.num(st, in.e)
		setN(in.a, s.and(t.debt).and(k.and(l.debt)), quickText(o, s.eval, t.eval, k.eval, l.eval))
		if s.text != nil && s.text == k.part && t.text == l.part {
			st.partN(in.a).less = lessOf(o, s.text, t.text)
		}
	case opAddrF:
		p := m.ptr(st, in.b)
		setP(in.a, m.mayFail(st, p.debt, found(p.eval)), at(p.eval, int(in.c)))
		st.partP(in.a).part = p.part.within(int(in.c), kPtr)
	case opAddrX, opAddrA:
		eval, d := m.element(st, in, int(in.e))
		part := m.partOf(st, in, int(in.e))
		setP(in.a, m.mayFail(st, d, found(eval)), eval)
		st.partP(in.a).part = part
	case opLd8, opLdI4, opLdU4, opLdI2, opLdU2, opLdI1, opLdU1:
		p := m.ptr(st, in.b)
		eval := loaded(o-opLd8, at(p.eval, int(in.c)))
		setN(in.a, m.mayFail(st, p.debt, eval), eval)
		st.partN(in.a).part = p.part.within(int(in.c), loadKinds[o-opLd8])
	case opLdX8, opLdXI4, opLdXU4, opLdXI2, opLdXU2, opLdXI1, opLdXU1:
		k := loadKinds[o-opLdX8]
		x, d := m.element(st, in, int(k.size()))
		eval := loaded(o-opLdX8, x)
		part := m.partOf(st, in, int(k.size())).within(0, k)
		setN(in.a, m.mayFail(st, d, eval), eval)
		st.partN(in.a).part = part
	case opLdP, opLdPN, opLdPNN, opLdPP:
		p := m.ptr(st, in.b)
		m.words(st, in, at(p.eval, int(in.c)), p.debt, in.d, &quickHeader{p, int(in.c)})
		st.text(in, in.d, p.part.within(int(in.c), kPtr))
	case opLdXP, opLdXPN, opLdXPNN:
		size := [...]int{8, 16, 24}[o-opLdXP]
		x, d := m.element(st, in, size)
		part := m.partOf(st, in, size)
		m.words(st, in, x, d, in.e, nil)
		st.text(in, in.e, part)
	default:
		if banks := slotBanks(o); banks == "nnn--" {
			x, y := m.num(st, in.b), m.num(st, in.c)
			eval := calculated(o, x.eval, y.eval)
			setN(in.a, x.and(y.debt), eval)
			st.partN(in.a).less = lessOf(o, x.part, y.part)
			return eval != nil
		} else if banks != "nn---" || in.op >= opJmp {
			return false
		}
		x := m.num(st, in.b)
		eval := changed(in, x.eval)
		setN(in.a, x.and(debt{}), eval)
		return eval != nil
	}
	return true
}

// at is an address some bytes behind another, or nil if that is nil.
func at(p quickPtr, off int) quickPtr {
	if off == 0 {
		return p
	}
	return func(q *quick) unsafe.Pointer {
		x := p(q)
		if x == nil {
			return nil
		}
		return unsafe.Add(x, off)
	}
}

// words loads a pointer and what stands behind it.
func (m *quickMaker) words(st *quickState, in *instr, at quickPtr, d debt, second int32, h *quickHeader) {
	first := func(q *quick) unsafe.Pointer {
		x := at(q)
		if x == nil {
			q.failed = true
			return nil
		}
		return *(*unsafe.Pointer)(x)
	}
	d = m.mayFail(st, d, found(at))
	number := func(off int) quickNum {
		return func(q *quick) uint64 {
			x := at(q)
			if x == nil {
				q.failed = true
				return 0
			}
			return *(*uint64)(unsafe.Add(x, off))
		}
	}
	switch in.op {
	case opLdPNN, opLdXPNN:
		st.setN(int(second)/8, quickN{eval: number(8), debt: d, arg: -1, header: h})
		st.setN(int(second)/8+1, quickN{eval: number(16), debt: d, arg: -1})
	case opLdPN, opLdXPN:
		h = nil
		st.setN(int(second)/8, quickN{eval: number(8), debt: d, arg: -1})
	case opLdPP:
		h = nil
		other := func(q *quick) unsafe.Pointer {
			x := at(q)
			if x == nil {
				q.failed = true
				return nil
			}
			return *(*unsafe.Pointer)(unsafe.Add(x, 8))
		}
		st.setP(int(in.a)/8+1, quickP{eval: other, debt: d, free: -1})
	default:
		h = nil
	}
	st.setP(int(in.a)/8, quickP{eval: first, debt: d, free: -1, header: h})
}

// headerOf is where the slice is that an instruction indexes by an argument, if it is at a fixed
// place or a free variable.
func (m *quickMaker) headerOf(st *quickState, in *instr) (h *quickHeader, arg int) {
	if in.op == opAddrA {
		return nil, 0
	}
	p, i, n := m.ptr(st, in.b), m.num(st, in.c), m.num(st, in.d)
	if p.header == nil || p.header != n.header || i.arg < 0 || p.header.at.fixed == nil && p.header.at.free < 0 {
		return nil, 0
	}
	return p.header, i.arg
}

// element is the address of an element of a slice or array, or nil if there is none.
func (m *quickMaker) element(st *quickState, in *instr, size int) (quickPtr, debt) {
	p, i := m.ptr(st, in.b), m.num(st, in.c)
	base, index := p.eval, i.eval
	if in.op == opAddrA {
		length := uint64(in.d)
		return func(q *quick) unsafe.Pointer {
			x, k := base(q), index(q)
			if x == nil || k >= length {
				q.failed = true
				return nil
			}
			return unsafe.Add(x, int(k)*size)
		}, p.and(i.debt)
	}
	n := m.num(st, in.d)
	length, d := n.eval, p.and(i.and(n.debt))
	h, arg := m.headerOf(st, in)
	switch {
	case h != nil && h.at.fixed != nil:
		s := (*sliceHeader)(unsafe.Add(h.at.fixed, h.off))
		return func(q *quick) unsafe.Pointer {
			if k := q.n[arg]; k < uint64(s.len) {
				return unsafe.Add(s.data, int(k)*size)
			}
			q.failed = true
			return nil
		}, d
	case h != nil:
		free, off := h.at.free, h.off
		return func(q *quick) unsafe.Pointer {
			if v := q.c.p[free]; v != nil {
				s := (*sliceHeader)(unsafe.Add(v, off))
				if k := q.n[arg]; k < uint64(s.len) {
					return unsafe.Add(s.data, int(k)*size)
				}
			}
			q.failed = true
			return nil
		}, d
	}
	return func(q *quick) unsafe.Pointer {
		if k := index(q); k < length(q) {
			if x := base(q); x != nil {
				return unsafe.Add(x, int(k)*size)
			}
		}
		q.failed = true
		return nil
	}, d
}

// loadKinds are what the instructions from opLd8 and from opLdX8 on load.
var loadKinds = [...]kind{k64, kI32, kU32, kI16, kU16, kI8, kU8}

// partOf is the element that an instruction indexes, or nil if it is not at an argument.
func (m *quickMaker) partOf(st *quickState, in *instr, size int) *quickPart {
	h, arg := m.headerOf(st, in)
	switch {
	case h == nil:
		return nil
	case h.at.fixed != nil:
		return &quickPart{quickSlice{fixed: (*sliceHeader)(unsafe.Add(h.at.fixed, h.off)), size: size}, arg}
	}
	return &quickPart{quickSlice{free: h.at.free, off: h.off, size: size}, arg}
}

// within is what is some bytes behind the beginning of a part.
func (p *quickPart) within(off int, k kind) *quickPart {
	if p == nil {
		return nil
	}
	x := *p
	x.slice.within += off
	x.slice.kind = k
	return &x
}

// text notes that two slots hold a string that is a part.
func (st *quickState) text(in *instr, n int32, part *quickPart) {
	if in.op == opLdPN || in.op == opLdXPN {
		st.partP(in.a).text, st.partN(n).part = part, part
	}
}

func (st *quickState) partN(s int32) *quickN { return &st.n[int(s)/8+st.baseN] }
func (st *quickState) partP(s int32) *quickP { return &st.p[int(s)/8+st.baseP] }

// loaded loads a number as the instruction of that number behind opLd8 does.
func loaded(o op, at quickPtr) quickNum {
	k := loadKinds[o]
	if k == k64 {
		return func(q *quick) uint64 {
			x := at(q)
			if x == nil {
				q.failed = true
				return 0
			}
			return *(*uint64)(x)
		}
	}
	return func(q *quick) uint64 {
		x := at(q)
		if x == nil {
			q.failed = true
			return 0
		}
		return loadKind(k, x)
	}
}

func quickText(o op, s, t quickPtr, k, l quickNum) quickNum {
	texts := func(q *quick) (x, y string) {
		a, b, n, m := s(q), t(q), k(q), l(q)
		if q.failed { // what has been found is nothing to go on with
			return "", ""
		}
		return unsafe.String((*byte)(a), int(n)), unsafe.String((*byte)(b), int(m))
	}
	switch o {
	case opStrEq:
		return func(q *quick) uint64 { x, y := texts(q); return truth(x == y) }
	case opStrLt:
		return func(q *quick) uint64 { x, y := texts(q); return truth(x < y) }
	}
	return func(q *quick) uint64 { x, y := texts(q); return truth(x <= y) }
}

// divided divides, if the divisor is not zero.
func divided(o op, x, y quickNum) quickNum {
	return func(q *quick) uint64 {
		a, b := x(q), y(q)
		if b == 0 {
			q.failed = true
			return 0
		}
		switch o {
		case opDiv:
			return uint64(int64(a) / int64(b))
		case opRem:
			return uint64(int64(a) % int64(b))
		case opDivU:
			return a / b
		}
		return a % b
	}
}

func float(x uint64) float64  { return math.Float64frombits(x) }
func single(x uint64) float32 { return math.Float32frombits(uint32(x)) }

// calculated is what an instruction makes of two numbers, or nil.
func calculated(o op, x, y quickNum) quickNum {
	f := func(calc func(a, b float64) float64) quickNum {
		return func(q *quick) uint64 { return math.Float64bits(calc(float(x(q)), float(y(q)))) }
	}
	f32 := func(calc func(a, b float32) float32) quickNum {
		return func(q *quick) uint64 { return uint64(math.Float32bits(calc(single(x(q)), single(y(q))))) }
	}
	switch o {
	case opAdd:
		return func(q *quick) uint64 { return x(q) + y(q) }
	case opSub:
		return func(q *quick) uint64 { return x(q) - y(q) }
	case opMul:
		return func(q *quick) uint64 { return x(q) * y(q) }
	case opAnd:
		return func(q *quick) uint64 { return x(q) & y(q) }
	case opOr:
		return func(q *quick) uint64 { return x(q) | y(q) }
	case opXor:
		return func(q *quick) uint64 { return x(q) ^ y(q) }
	case opAndNot:
		return func(q *quick) uint64 { return x(q) &^ y(q) }
	case opShl:
		return func(q *quick) uint64 { return x(q) << y(q) }
	case opShr:
		return func(q *quick) uint64 { return uint64(int64(x(q)) >> y(q)) }
	case opShrU:
		return func(q *quick) uint64 { return x(q) >> y(q) }
	case opEq:
		return func(q *quick) uint64 { return truth(x(q) == y(q)) }
	case opNe:
		return func(q *quick) uint64 { return truth(x(q) != y(q)) }
	case opLt:
		return func(q *quick) uint64 { return truth(int64(x(q)) < int64(y(q))) }
	case opLe:
		return func(q *quick) uint64 { return truth(int64(x(q)) <= int64(y(q))) }
	case opLtU:
		return func(q *quick) uint64 { return truth(x(q) < y(q)) }
	case opLeU:
		return func(q *quick) uint64 { return truth(x(q) <= y(q)) }
	case opFEq:
		return func(q *quick) uint64 { return truth(float(x(q)) == float(y(q))) }
	case opFNe:
		return func(q *quick) uint64 { return truth(float(x(q)) != float(y(q))) }
	case opFLt:
		return func(q *quick) uint64 { return truth(float(x(q)) < float(y(q))) }
	case opFLe:
		return func(q *quick) uint64 { return truth(float(x(q)) <= float(y(q))) }
	case opFAdd:
		return f(func(a, b float64) float64 { return a + b })
	case opFSub:
		return f(func(a, b float64) float64 { return a - b })
	case opFMul:
		return f(func(a, b float64) float64 { return a * b })
	case opFDiv:
		return f(func(a, b float64) float64 { return a / b })
	case opFAdd32:
		return f32(func(a, b float32) float32 { return a + b })
	case opFSub32:
		return f32(func(a, b float32) float32 { return a - b })
	case opFMul32:
		return f32(func(a, b float32) float32 { return a * b })
	case opFDiv32:
		return f32(func(a, b float32) float32 { return a / b })
	}
	return nil
}

// changed is what an instruction makes of one number, or nil.
func changed(in *instr, x quickNum) quickNum {
	c := int64(in.c)
	switch in.op {
	case opAddI:
		return func(q *quick) uint64 { return x(q) + uint64(c) }
	case opMulI:
		return func(q *quick) uint64 { return x(q) * uint64(c) }
	case opAndI:
		return func(q *quick) uint64 { return x(q) & uint64(c) }
	case opShlI:
		return func(q *quick) uint64 { return x(q) << (uint(c) & 63) }
	case opShrI:
		return func(q *quick) uint64 { return uint64(int64(x(q)) >> (uint(c) & 63)) }
	case opShrUI:
		return func(q *quick) uint64 { return x(q) >> (uint(c) & 63) }
	case opNeg:
		return func(q *quick) uint64 { return -x(q) }
	case opCom:
		return func(q *quick) uint64 { return ^x(q) }
	case opNot:
		return func(q *quick) uint64 { return x(q) ^ 1 }
	case opExt:
		return func(q *quick) uint64 { return narrow(kind(c), x(q)) }
	case opFNeg:
		return func(q *quick) uint64 { return math.Float64bits(-float(x(q))) }
	case opFNeg32:
		return func(q *quick) uint64 { return uint64(math.Float32bits(-single(x(q)))) }
	case opFSqrt:
		return func(q *quick) uint64 { return math.Float64bits(math.Sqrt(float(x(q)))) }
	case opFAbs:
		return func(q *quick) uint64 { return math.Float64bits(math.Abs(float(x(q)))) }
	case opMath1:
		f := math1[in.c].f
		return func(q *quick) uint64 { return math.Float64bits(f(float(x(q)))) }
	case opI2F:
		return func(q *quick) uint64 { return math.Float64bits(float64(int64(x(q)))) }
	case opU2F:
		return func(q *quick) uint64 { return math.Float64bits(float64(x(q))) }
	case opI2F32:
		return func(q *quick) uint64 { return uint64(math.Float32bits(float32(int64(x(q))))) }
	case opU2F32:
		return func(q *quick) uint64 { return uint64(math.Float32bits(float32(x(q)))) }
	case opF2I:
		unsigned := in.e != 0
		return func(q *quick) uint64 { return toInt(float(x(q)), kind(c), unsigned) }
	case op32to64:
		return func(q *quick) uint64 { return math.Float64bits(float64(single(x(q)))) }
	case op64to32:
		return func(q *quick) uint64 { return uint64(math.Float32bits(float32(float(x(q))))) }
	}
	return nil
}

// condition is 1 if a branch is taken.
func (m *quickMaker) condition(st *quickState, in *instr) quickN {
	unary := func(test func(x int64) bool) quickN {
		x := m.num(st, in.a)
		eval := x.eval
		return quickN{eval: func(q *quick) uint64 { return truth(test(int64(eval(q)))) }, debt: x.and(debt{}), arg: -1}
	}
	c := int64(in.c)
	switch in.op {
	case opBrT:
		return m.num(st, in.a)
	case opBrF:
		return unary(func(x int64) bool { return x == 0 })
	case opBrEqI:
		return unary(func(x int64) bool { return x == c })
	case opBrNeI:
		return unary(func(x int64) bool { return x != c })
	case opBrLtI:
		return unary(func(x int64) bool { return x < c })
	case opBrLeI:
		return unary(func(x int64) bool { return x <= c })
	case opBrGtI:
		return unary(func(x int64) bool { return x > c })
	case opBrGeI:
		return unary(func(x int64) bool { return x >= c })
	case opBrNil, opBrNotNil:
		p := m.ptr(st, in.a)
		eval, isNil := p.eval, in.op == opBrNil
		return quickN{eval: func(q *quick) uint64 { return truth((eval(q) == nil) == isNil) }, debt: p.and(debt{}), arg: -1}
	}
	x, y := m.num(st, in.a), m.num(st, in.b)
	o, not := in.op, false
	switch o {
	case opBrEq, opBrNe, opBrLt, opBrLe, opBrLtU, opBrLeU:
		o = [...]op{opEq, opNe, opLt, opLe, opLtU, opLeU}[o-opBrEq]
	case opBrFLt, opBrFLe, opBrFNLt, opBrFNLe:
		not = o >= opBrFNLt
		o = [...]op{opFLt, opFLe, opFLt, opFLe}[o-opBrFLt]
	default:
		m.refused = true
		return x
	}
	eval := calculated(o, x.eval, y.eval)
	if not {
		inner := eval
		eval = func(q *quick) uint64 { return inner(q) ^ 1 }
	}
	return quickN{eval: eval, debt: x.and(y.debt), arg: -1}
}
