package native

import (
	"math"
	"slices"
)

// This file finds which slots are kept in registers. What a slot holds between where it is written
// and where that is last read is a web; webs that are never alive at once can have the same
// register, and what is used most, in loops above all, gets one first.

// roles says for each of the operands a to e what an instruction does with the slots that it names.
// A small letter says that they are read: x integers, f floats, n either, p pointers, q two
// pointers and m two numbers beside each other. A capital letter says that they are written.
var roles = func() (t [opLeave + 1]string) {
	set := func(r string, ops ...op) {
		for _, o := range ops {
			t[o] = r
		}
	}
	span := func(r string, from, to op) {
		for o := from; o <= to; o++ {
			t[o] = r
		}
	}
	set("Nn", opMovN)
	set("Pp", opMovP, opLdP, opAddrF)
	set("PpNn", opMovPN)
	set("N", opConstN)
	set("P", opConstP, opNew)
	span("Xxx", opAdd, opShrU)
	span("Xx", opAddI, opExt)
	set("x", opShift, opBrT, opBrF)
	set("Xx--x", opNextLt)
	set("X---x", opNextLtI, opNextGtI)
	span("Xxx", opEq, opLeU)
	set("Xpp", opPEq, opPNe)
	span("Xff", opFEq, opFLe)
	set("Xppxx", opStrEq, opStrLt, opStrLe)
	span("Fff", opFAdd, opFDiv32)
	set("Ff", opFNeg, opFNeg32, opFSqrt, opFAbs, opMath1, op32to64, op64to32)
	set("Fx", opI2F, opU2F, opI2F32, opU2F32)
	set("Xf", opF2I)
	span("Xp", opLd8, opLdU1)
	set("Np", opLd8, opLdU4)
	set("Pp-N", opLdPN)
	set("Pp-M", opLdPNN)
	set("Qp", opLdPP)
	set("np", opSt8, opSt4)
	set("xp", opSt2, opSt1)
	set("Xp--X", opCount)
	set("pp", opStP)
	set("pp-n", opStPN)
	set("pp-m", opStPNN)
	set("qp", opStPP)
	span("Xpxx", opLdX8, opLdXU1)
	set("Npxx", opLdX8, opLdXU4)
	set("Ppxx", opLdXP, opAddrX)
	set("PpxxN", opLdXPN)
	set("PpxxM", opLdXPNN)
	set("npxx", opStX8, opStX4)
	set("xpxx", opStX2, opStX1)
	set("ppxx", opStXP)
	set("Ppx", opAddrA)
	set("p", opNilChk, opBrNil, opBrNotNil, opRetP)
	span("xx", opBrEq, opBrLeU)
	span("x", opBrEqI, opBrGeI)
	span("ff", opBrFLt, opBrFNLe)
	set("-p", opCallClo)
	set("-q", opInvoke)
	set("n", opRetN)
	return t
}()

// A ref is a slot that an instruction reads or writes.
type ref struct {
	slot  int32 // numbers first, then pointers
	web   int32
	def   bool
	may   bool // it may read or write it, or leave it alone
	float bool
	any   bool // of a number: it may be a float
	dead  bool // what is written is never read
}

// A webbed is a web.
type webbed struct {
	slot      int32
	uses      float64 // by how often they are likely to happen
	defs      float64
	crossed   float64 // leaves to Go and calls while it is alive
	floats    float64 // uses and definitions as floats, less those as integers
	reg       int     // or -1
	float     bool
	through   bool // what is written is also stored in the slot
	reads     int  // places that may read it
	constants int  // definitions by a constant
	all       int  // definitions
	bits      uint64
	candidate int // or -1
}

// maxCandidates is how many webs can get registers.
const maxCandidates = 256

type liveSet [maxCandidates / 64]uint64

func (s *liveSet) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *liveSet) del(i int)      { s[i>>6] &^= 1 << (i & 63) }
func (s *liveSet) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// A blockOf is instructions that are executed one after another.
type blockOf struct {
	from, to int
	succs    []int
	in, out  bits
	inWeb    []int32 // of slots, -1 for those that are not alive
	outWeb   []int32
}

// A webs is the registers of a function.
type webs struct {
	f       *fn
	nN, nS  int32
	refs    [][]ref
	blocks  []blockOf
	at      []int // which block begins at an instruction, or -1
	depth   []int
	targets []bool // instructions that something jumps to
	known   []bool // instructions that would do what has just been done
	list    []webbed
	union   []int32
	cands   []int32
	after   []liveSet // candidates that are alive behind an instruction
}

func (o op) jumps() bool { return o >= opJmp && o <= opBrNotNil }

// goesBack reports whether an instruction ends a loop. There the code looks whether execution must
// stop.
func (o op) goesBack() bool { return o >= opJmpBack && o <= opNextGtI }

// ends reports whether execution does not go on behind an instruction.
func (o op) ends() bool {
	return o == opJmp || o == opJmpBack || o >= opRet && o <= opRetP || o == opLeave
}

func (f *fn) jumpTarget(i int) int { return i + 1 + int(f.code[i].d)/instrSize }

// add notes a slot of the frame.
func (w *webs) add(out []ref, n bool, s int32, r ref) []ref {
	limit, base := w.f.nsize, int32(0)
	if !n {
		limit, base = w.f.psize, w.nN
	}
	if s >= limit { // of the frame of a function that is called
		return out
	}
	r.slot = base + s/8
	return append(out, r)
}

func (w *webs) locs(out []ref, l loc, r ref) []ref {
	for i := int32(0); i < l.n; i += 8 {
		r := r
		r.any = true
		out = w.add(out, true, l.atN+i, r)
	}
	for i := int32(0); i < l.p; i += 8 {
		out = w.add(out, false, l.atP+i, r)
	}
	return out
}

// refsOf is what an instruction reads, and then what it writes.
func (w *webs) refsOf(in *instr) (out []ref) {
	f := w.f
	operands := [5]int32{in.a, in.b, in.c, in.d, in.e}
	for _, defs := range []bool{false, true} {
		for i, c := range []byte(roles[in.op]) {
			if c == '-' || (c < 'a') != defs {
				continue
			}
			r := ref{def: defs}
			s := operands[i]
			switch c | 0x20 {
			case 'x':
				out = w.add(out, true, s, r)
			case 'f':
				r.float = true
				out = w.add(out, true, s, r)
			case 'n', 'm':
				r.any = true
				out = w.add(out, true, s, r)
				if c|0x20 == 'm' {
					out = w.add(out, true, s+8, r)
				}
			case 'p', 'q':
				out = w.add(out, false, s, r)
				if c|0x20 == 'q' {
					out = w.add(out, false, s+8, r)
				}
			}
		}
	}
	switch in.op {
	case opExit:
		for _, l := range f.touches[in.a] {
			out = w.locs(out, l, ref{may: true})
		}
	case opRet:
		for _, l := range f.results {
			out = w.locs(out, l, ref{})
		}
	case opCall, opCallGo, opCallClo, opInvoke:
		r := ref{def: true}
		if l := in.resultOf(f); len(l) == 1 && len(l[0].pieces) == 1 {
			r.float = l[0].pieces[0].kind.float()
		}
		if s := in.singleOf(f); s != 0 {
			out = w.add(out, s == 'n', in.a, r)
		}
	}
	return out
}

func (in *instr) resultOf(f *fn) []loc {
	switch in.op {
	case opCall:
		return f.calls[in.b].results
	case opCallGo:
		return f.goes[in.b].results
	}
	return f.dyn[in.c].results
}

func (w *webs) find(i int32) int32 {
	for w.union[i] != i {
		w.union[i] = w.union[w.union[i]]
		i = w.union[i]
	}
	return i
}

func (w *webs) node() int32 {
	w.union = append(w.union, int32(len(w.union)))
	return int32(len(w.union) - 1)
}

func newWebs(f *fn) *webs {
	w := &webs{f: f, nN: f.nsize / 8, nS: f.nsize/8 + f.psize/8}
	w.cut()
	w.repeated()
	w.liveness()
	w.connect()
	w.weigh()
	w.assign()
	return w
}

// cut finds the blocks.
func (w *webs) cut() {
	code := w.f.code
	begins := make([]bool, len(code)+1)
	begins[0] = true
	if w.f.recover > 0 {
		begins[w.f.recover] = true
	}
	w.depth, w.targets = make([]int, len(code)), make([]bool, len(code)+1)
	w.targets[0] = true
	if w.f.recover > 0 {
		w.targets[w.f.recover] = true
	}
	for i := range code {
		w.refs = append(w.refs, w.refsOf(&code[i]))
		o := code[i].op
		if o.jumps() {
			begins[w.f.jumpTarget(i)] = true
			w.targets[w.f.jumpTarget(i)] = true
		}
		if o.jumps() || o.ends() {
			begins[i+1] = true
		}
		if o.goesBack() {
			for k := w.f.jumpTarget(i); k <= i; k++ {
				w.depth[k]++
			}
		}
	}
	w.at = make([]int, len(code)+1)
	for i := range code {
		w.at[i] = -1
		if begins[i] {
			w.at[i] = len(w.blocks)
			w.blocks = append(w.blocks, blockOf{from: i})
		}
		w.blocks[len(w.blocks)-1].to = i + 1
	}
	for k := range w.blocks {
		b := &w.blocks[k]
		last := b.to - 1
		o := code[last].op
		if o.jumps() {
			b.succs = append(b.succs, w.at[w.f.jumpTarget(last)])
		}
		if !o.ends() && b.to < len(code) {
			b.succs = append(b.succs, w.at[b.to])
		}
	}
}

// maxRepeated is how far back repeated looks.
const maxRepeated = 24

// repeated finds instructions that do again what is done already: they compute the same address of
// the same element, or load a value that was loaded before and has not been overwritten since. No
// jump from elsewhere may lead in between.
func (w *webs) repeated() {
	code := w.f.code
	w.known = make([]bool, len(code))
	for i := range code {
		o := code[i].op
		address := o >= opAddrX && o <= opAddrF
		load := o >= opLd8 && o <= opLdPP || o >= opLdX8 && o <= opLdXPNN
		if !address && !load {
			continue
		}
		changed := func(j int) bool { // by instruction j, what this one reads or writes
			for _, d := range w.refs[j] {
				if !d.def && !d.may {
					continue
				}
				for _, r := range w.refs[i] {
					if r.slot == d.slot {
						return true
					}
				}
			}
			return false
		}
		for j := i - 1; j >= max(0, i-maxRepeated); j-- {
			if w.targets[j+1] {
				break
			}
			x := code[j].op
			if code[j] == code[i] {
				w.known[i] = !w.overwritesItself(i)
				break
			}
			if x.ends() || changed(j) || load && (x.leaves() || x >= opSt8 && x <= opStPP || x >= opStX8 && x <= opStXP) {
				break
			}
		}
		if w.known[i] {
			w.refs[i] = nil
		}
	}
}

// overwritesItself reports whether an instruction writes what it reads, or has to do with the frame
// of a function to be called.
func (w *webs) overwritesItself(i int) bool {
	slots := 0
	for _, c := range []byte(roles[w.f.code[i].op]) {
		switch c | 0x20 {
		case '-' | 0x20:
		case 'm', 'q':
			slots += 2
		default:
			slots++
		}
	}
	for _, d := range w.refs[i] {
		for _, r := range w.refs[i] {
			if d.def && !r.def && r.slot == d.slot {
				return true
			}
		}
	}
	return len(w.refs[i]) != slots
}

func (w *webs) liveness() {
	n := int(w.nS+63) / 64
	for k := range w.blocks {
		w.blocks[k].in, w.blocks[k].out = make(bits, n), make(bits, n)
	}
	live := make(bits, n)
	// What is alive flows backwards through the blocks. Loops lead it around, so that this goes on
	// until nothing changes any more.
	for changed := true; changed; {
		changed = false
		for k := len(w.blocks) - 1; k >= 0; k-- {
			b := &w.blocks[k]
			for _, s := range b.succs {
				merge(b.out, w.blocks[s].in)
			}
			copy(live, b.out)
			for i := b.to - 1; i >= b.from; i-- {
				for _, r := range w.refs[i] {
					if r.def {
						live.unset(int(r.slot))
					}
				}
				for _, r := range w.refs[i] {
					if !r.def {
						live.set(int(r.slot))
					}
				}
			}
			changed = merge(b.in, live) || changed
		}
	}
}

// connect finds the webs.
func (w *webs) connect() {
	for k := range w.blocks {
		b := &w.blocks[k]
		b.inWeb = make([]int32, w.nS)
		for s := range b.inWeb {
			b.inWeb[s] = -1
			if b.in.has(s) {
				b.inWeb[s] = w.node()
			}
		}
	}
	for k := range w.blocks {
		b := &w.blocks[k]
		cur := slices.Clone(b.inWeb)
		for i := b.from; i < b.to; i++ {
			for j := range w.refs[i] {
				r := &w.refs[i][j]
				if r.def || cur[r.slot] < 0 {
					cur[r.slot] = w.node()
				}
				r.web = cur[r.slot]
			}
		}
		b.outWeb = cur
		for _, s := range b.succs {
			for slot, n := range w.blocks[s].inWeb {
				if n >= 0 && cur[slot] >= 0 {
					w.union[w.find(n)] = w.find(cur[slot])
				}
			}
		}
	}
	number := make([]int32, len(w.union))
	for i := range number {
		number[i] = -1
	}
	name := func(n, slot int32) int32 {
		if n < 0 {
			return -1
		}
		n = w.find(n)
		if number[n] < 0 {
			number[n] = int32(len(w.list))
			w.list = append(w.list, webbed{slot: slot, reg: -1, candidate: -1})
		}
		return number[n]
	}
	for k := range w.blocks {
		b := &w.blocks[k]
		for s := range b.inWeb {
			b.inWeb[s] = name(b.inWeb[s], int32(s))
			b.outWeb[s] = name(b.outWeb[s], int32(s))
		}
	}
	for i := range w.refs {
		for j := range w.refs[i] {
			r := &w.refs[i][j]
			r.web = name(r.web, r.slot)
		}
	}
}

func (w *webs) often(i int) float64 { return math.Pow(8, float64(min(w.depth[i], 12))) }

// leaves reports whether an instruction leaves to Go or calls a function.
func (o op) leaves() bool {
	switch o {
	case opCall, opCallGo, opCallClo, opInvoke, opExit, opMath1, opNew:
		return true
	}
	return false
}

// smallBits is what a web always holds, if that is a constant that fits into an instruction.
func (w *webs) smallBits(i int32) (int32, bool) {
	x := &w.list[i]
	if x.all == 0 || x.constants != x.all {
		return 0, false
	}
	v := int64(x.bits)
	return int32(v), v == int64(int32(v))
}

// takesConst reports whether a constant can stand for operand k.
func takesConst(o op, k int) bool {
	switch {
	case o >= opAdd && o <= opMul, o >= opAnd && o <= opAndNot, o >= opEq && o <= opLeU, o >= opBrEq && o <= opBrLeU:
		return k == 1
	}
	return false
}

// weigh counts how often webs are read and written, and for how much of that they are floats.
func (w *webs) weigh() {
	for k := range w.blocks {
		for i := w.blocks[k].from; i < w.blocks[k].to; i++ {
			in := &w.f.code[i]
			for j := range w.refs[i] {
				r := &w.refs[i][j]
				x := &w.list[r.web]
				if !r.def {
					x.reads++
				}
				if !r.def && !r.may {
					continue
				}
				x.all++
				if in.op == opConstN && r.def {
					bits := uint64(uint32(in.b)) | uint64(uint32(in.c))<<32
					if x.constants == 0 || x.bits == bits {
						x.constants++
						x.bits = bits
					}
				}
			}
		}
	}
	for _, web := range w.blocks[0].inWeb { // what it holds when the function is entered
		if web >= 0 {
			w.list[web].all++
		}
	}
	for i := range w.refs {
		often := w.often(i)
		for j := range w.refs[i] {
			r := &w.refs[i][j]
			x := &w.list[r.web]
			if r.may {
				continue
			}
			if r.def {
				x.defs += often
			} else {
				// A constant that stands in the instruction itself needs no register.
				if _, small := w.smallBits(r.web); small && takesConst(w.f.code[i].op, j) {
					continue
				}
				x.uses += often
			}
			if r.float {
				x.floats += often
			} else if !r.any {
				x.floats -= often
			}
		}
	}
}

// memoryOnly returns the slots that Go looks at whenever there is a panic. They must always be in
// memory.
func (w *webs) memoryOnly() map[int32]bool {
	out := map[int32]bool{}
	f := w.f
	if f.deferSlot >= 0 {
		out[w.nN+f.deferSlot/8] = true
		if f.recover > 0 {
			for s := range w.nS {
				if w.blocks[w.at[f.recover]].in.has(int(s)) {
					out[s] = true
				}
			}
		}
	}
	if len(f.dyn) > 0 {
		out[w.nN+f.keep/8] = true
	}
	return out
}

// backward goes through the code from its end and shows which candidates are alive behind each
// instruction.
func (w *webs) backward(see func(i int, live *liveSet)) {
	for k := range w.blocks {
		b := &w.blocks[k]
		var live liveSet
		for s, web := range b.outWeb {
			if web >= 0 && b.out.has(s) && w.list[web].candidate >= 0 {
				live.add(w.list[web].candidate)
			}
		}
		for i := b.to - 1; i >= b.from; i-- {
			see(i, &live)
			for _, r := range w.refs[i] {
				if c := w.list[r.web].candidate; r.def && c >= 0 {
					live.del(c)
				}
			}
			for _, r := range w.refs[i] {
				if c := w.list[r.web].candidate; !r.def && c >= 0 {
					live.add(c)
				}
			}
		}
	}
}

// assign gives webs registers.
func (w *webs) assign() {
	only := w.memoryOnly()
	var list []int32
	for i := range w.list {
		if x := &w.list[i]; x.uses > 0 && !only[x.slot] {
			x.float = x.slot < w.nN && x.floats > 0
			list = append(list, int32(i))
		}
	}
	for i := range w.refs {
		for j := range w.refs[i] {
			if r := &w.refs[i][j]; r.def && w.list[r.web].reads == 0 && !only[r.slot] {
				r.dead = true
			}
		}
	}
	// Webs that are used most choose first. The sort is stable, so that the same function always
	// gets the same code.
	weight := func(i int32) float64 { return w.list[i].uses + w.list[i].defs }
	slices.SortStableFunc(list, func(a, b int32) int {
		switch x, y := weight(a), weight(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	w.cands = list[:min(len(list), maxCandidates)]
	for k, i := range w.cands {
		w.list[i].candidate = k
	}
	w.after = make([]liveSet, len(w.refs))
	clash := make([]liveSet, len(w.cands))
	each := func(s *liveSet, f func(k int)) {
		for k := range w.cands {
			if s.has(k) {
				f(k)
			}
		}
	}
	w.backward(func(i int, live *liveSet) {
		w.after[i] = *live
		var defs liveSet
		for j := range w.refs[i] {
			r := &w.refs[i][j]
			if c := w.list[r.web].candidate; c >= 0 && (r.def || r.may) {
				r.dead = r.def && !live.has(c)
				defs.add(c)
				each(live, func(k int) {
					if k != c {
						clash[c].add(k)
						clash[k].add(c)
					}
				})
			}
		}
		if w.f.code[i].op.leaves() {
			often := w.often(i)
			each(live, func(k int) {
				if !defs.has(k) {
					w.list[w.cands[k]].crossed += often
				}
			})
			for _, r := range w.refs[i] {
				if c := w.list[r.web].candidate; r.may && c >= 0 {
					w.list[w.cands[c]].crossed += often
				}
			}
		}
	})
	// All that is alive on entry is loaded at once, so that no two of these webs can share a
	// register.
	var entry []int
	for _, web := range w.blocks[0].inWeb {
		if web >= 0 && w.list[web].candidate >= 0 {
			entry = append(entry, w.list[web].candidate)
		}
	}
	for _, a := range entry {
		for _, b := range entry {
			if a != b {
				clash[a].add(b)
			}
		}
	}
	t := newAssembler().Target()
	for k, i := range w.cands {
		x := &w.list[i]
		// Before code leaves to Go, a slot must be current. If that happens at least as often as
		// the web is written, it is cheaper to store at each write. A register saves a load for
		// each use and a store for each write, but costs a load after each time that code leaves,
		// and the stores; if it costs as much as it saves, the web stays in memory.
		x.through = x.defs <= x.crossed
		if x.uses+x.defs <= x.crossed+min(x.crossed, x.defs) {
			continue
		}
		pool := t.Ints
		if x.float {
			pool = t.Floats
		}
		for _, reg := range pool {
			free := true
			for m, j := range w.cands {
				y := &w.list[j]
				if free = !(y.reg == int(reg) && y.float == x.float && clash[k].has(m)); !free {
					break
				}
			}
			if free {
				x.reg = int(reg)
				break
			}
		}
	}
}
