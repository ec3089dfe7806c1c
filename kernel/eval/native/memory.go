package native

import (
	"go/types"
	"math"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// instr makes the code of one instruction; next is the block behind it.
func (c *compiler) instr(in ssa.Instruction, next *ssa.BasicBlock) {
	from := len(c.code)
	switch in := in.(type) {
	case *ssa.Phi, *ssa.DebugRef:
	case *ssa.BinOp:
		c.binop(in)
	case *ssa.UnOp:
		c.unop(in)
	case *ssa.Convert:
		c.convert(in)
	case *ssa.ChangeType: // of a constant
		c.put(c.operand(in), in.X)
	case *ssa.Alloc:
		c.alloc(in)
	case *ssa.Store:
		c.store(in)
	case *ssa.FieldAddr:
		p, off := c.address(in.X)
		c.emit(opAddrF, c.operand(in).atP, p, off+c.fieldOffset(in))
	case *ssa.IndexAddr:
		c.indexAddr(c.operand(in).atP, in)
	case *ssa.Field:
		c.field(in)
	case *ssa.Index:
		c.index(in)
	case *ssa.Lookup:
		c.lookup(in)
	case *ssa.Slice:
		c.slice(in)
	case *ssa.SliceToArrayPointer:
		c.sliceToArray(in)
	case *ssa.MakeSlice:
		c.makeSlice(in)
	case *ssa.Jump:
		c.edge(in.Block(), in.Block().Succs[0], next)
	case *ssa.If:
		c.branch(in, next)
	case *ssa.Return:
		c.ret(in)
	default:
		c.exits(in)
	}
	if v, ok := in.(ssa.Value); ok && len(c.code) == from+1 {
		c.defined[v] = from
	}
}

func (c *compiler) alloc(in *ssa.Alloc) {
	if c.split[in] {
		l := c.operand(in)
		if l.boxed {
			c.emit(opConstP, l.atP, c.pointer(l.zero), 0)
			return
		}
		for i := int32(0); i < l.n; i += 8 {
			c.emit(opConstN, l.atN+i, 0, 0)
		}
		for i := int32(0); i < l.p; i += 8 {
			c.emit(opConstP, l.atP+i, c.pointer(nil), 0)
		}
		return
	}
	c.out.types = append(c.out.types, c.typ(elem(in.Type())))
	c.emit(opNew, c.operand(in).atP, int32(len(c.out.types)-1), 0)
}

func (c *compiler) fieldOffset(in *ssa.FieldAddr) int32 {
	return int32(c.typ(elem(in.X.Type())).Field(in.Field).Offset)
}

// address is the slot and the offset of an address; an address that is fused is computed.
func (c *compiler) address(v ssa.Value) (slot, off int32) {
	if in, ok := v.(ssa.Instruction); ok && c.fused[in] {
		switch a := v.(type) {
		case *ssa.FieldAddr:
			slot, off = c.address(a.X)
			return slot, off + c.fieldOffset(a)
		case *ssa.IndexAddr:
			slot = c.temp(pointerLayout).atP
			c.indexAddr(slot, a)
			return slot, 0
		}
	}
	return c.operand(v).atP, 0
}

func (c *compiler) indexAddr(to int32, in *ssa.IndexAddr) {
	size := int32(c.typ(elem(elemOrSelf(in.X.Type()))).Size())
	i := c.operand(in.Index)
	if arr, ok := arrayBelow(in.X.Type()); ok {
		p, off := c.address(in.X)
		if off != 0 {
			t := c.temp(pointerLayout).atP
			c.emit(opAddrF, t, p, off)
			p = t
		}
		x := c.emit(opAddrA, to, p, i.atN)
		x.d, x.e = int32(arr.Len()), size
	} else {
		l := c.operand(in.X)
		x := c.emit(opAddrX, to, l.atP, i.atN)
		x.d, x.e = l.atN, size
	}
	c.noteUnsigned(in.Index)
	c.again()
}

// again leaves out the last instruction if it does what one of those shortly before it has done.
func (c *compiler) again() {
	n := len(c.code) - 1
	in := c.code[n]
	for i := n - 1; i >= max(c.start[c.block], c.barrier, n-8); i-- {
		if c.code[i] == in {
			c.code, c.codePos = c.code[:n], c.codePos[:n]
			delete(c.out.unsigned, n)
			return
		}
		if c.writes(c.code[i], in) {
			return
		}
	}
}

// writes reports whether an instruction may write a slot that another reads or writes.
func (c *compiler) writes(in, other instr) bool {
	if in.op == opExit || in.op >= opJmp {
		return true
	}
	of := func(in instr, r byte, k int) (number bool, from, to int32) {
		from = [...]int32{in.a, in.b, in.c, in.d, in.e}[k]
		to = from
		if r |= 0x20; r == 'm' || r == 'q' {
			to += 8
		}
		return r != 'p' && r != 'q', from, to
	}
	for k, r := range []byte(roles[in.op]) {
		if r < 'A' || r > 'Z' {
			continue
		}
		number, from, to := of(in, r, k)
		for k, r := range []byte(roles[other.op]) {
			if r == '-' {
				continue
			}
			if n, f, t := of(other, r, k); n == number && f <= to && from <= t {
				return true
			}
		}
	}
	return false
}

// noteUnsigned remembers for the message of a panic that the last instruction's index is unsigned.
func (c *compiler) noteUnsigned(i ssa.Value) {
	if isUnsigned(i.Type()) {
		if c.out.unsigned == nil {
			c.out.unsigned = map[int]bool{}
		}
		c.out.unsigned[len(c.code)-1] = true
	}
}

func elemOrSelf(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func arrayBelow(t types.Type) (*types.Array, bool) {
	a, ok := elemOrSelf(t).Underlying().(*types.Array)
	return a, ok
}

var (
	loadOps  = map[kind]op{k64: opLd8, kF64: opLd8, kI32: opLdI4, kU32: opLdU4, kF32: opLdU4, kI16: opLdI2, kU16: opLdU2, kI8: opLdI1, kU8: opLdU1, kPtr: opLdP}
	storeOps = map[kind]op{k64: opSt8, kF64: opSt8, kI32: opSt4, kU32: opSt4, kF32: opSt4, kI16: opSt2, kU16: opSt2, kI8: opSt1, kU8: opSt1, kPtr: opStP}
	indexOps = map[kind]op{k64: opLdX8, kF64: opLdX8, kI32: opLdXI4, kU32: opLdXU4, kF32: opLdXU4, kI16: opLdXI2, kU16: opLdXU2, kI8: opLdXI1, kU8: opLdXU1, kPtr: opLdXP}
	putOps   = map[kind]op{k64: opStX8, kF64: opStX8, kI32: opStX4, kU32: opStX4, kF32: opStX4, kI16: opStX2, kU16: opStX2, kI8: opStX1, kU8: opStX1, kPtr: opStXP}
)

// The shapes of strings, slices and interfaces.
func (l *layout) isText() bool {
	return !l.boxed && len(l.pieces) == 2 && l.pieces[0].kind == kPtr && l.pieces[1].kind == k64 && l.pieces[1].off == 8
}
func (l *layout) isSlice() bool {
	return !l.boxed && len(l.pieces) == 3 && l.pieces[0].kind == kPtr && l.pieces[1].kind == k64 && l.pieces[2].kind == k64 && l.pieces[2].off == 16
}
func (l *layout) isPair() bool {
	return !l.boxed && len(l.pieces) == 2 && l.pieces[0].kind == kPtr && l.pieces[1].kind == kPtr
}

func (l loc) piece(p piece) int32 {
	if p.kind == kPtr {
		return l.atP + p.slot
	}
	return l.atN + p.slot
}

// load takes a value from memory.
func (c *compiler) load(d loc, slot, off int32) {
	switch {
	case d.boxed:
		t := d.typ
		c.exit(func(vm *machine, np, pp unsafe.Pointer) {
			m := *ptr(pp, slot)
			if m == nil {
				panic(errNil)
			}
			*ptr(pp, d.atP) = clone(t, unsafe.Add(m, off))
		})
	case len(d.pieces) == 0:
		c.emit(opNilChk, slot, 0, 0)
	case d.isText():
		c.emit(opLdPN, d.atP, slot, off).d = d.atN
	case d.isSlice():
		c.emit(opLdPNN, d.atP, slot, off).d = d.atN
	case d.isPair():
		c.emit(opLdPP, d.atP, slot, off)
	default:
		for _, p := range d.pieces {
			c.emit(loadOps[p.kind], d.piece(p), slot, off+int32(p.off))
		}
	}
}

func (c *compiler) loadFrom(in *ssa.UnOp) {
	d := c.operand(in)
	if g, ok := in.X.(*ssa.Global); ok && c.p.host.IsStop(g) {
		stop := c.p.stop
		c.exit(func(_ *machine, np, _ unsafe.Pointer) { *num(np, d.atN) = truth(isSet(stop)) })
		return
	}
	if l, ok := c.slotsAt(in.X); ok {
		c.mov(d, l)
		return
	}
	ix, ok := in.X.(*ssa.IndexAddr)
	if ok && c.fused[ix] {
		if _, array := arrayBelow(ix.X.Type()); !array && !d.boxed {
			x, i := c.operand(ix.X), c.operand(ix.Index)
			var k *instr
			switch {
			case d.isText():
				k = c.emit(opLdXPN, d.atP, x.atP, i.atN)
				k.e = d.atN
			case d.isSlice():
				k = c.emit(opLdXPNN, d.atP, x.atP, i.atN)
				k.e = d.atN
			case len(d.pieces) == 1 && d.typ.Size() == d.pieces[0].kind.size():
				k = c.emit(indexOps[d.pieces[0].kind], d.piece(d.pieces[0]), x.atP, i.atN)
			}
			if k != nil {
				k.d = x.atN
				c.noteUnsigned(ix.Index)
				return
			}
		}
	}
	slot, off := c.address(in.X)
	c.load(d, slot, off)
}

func (c *compiler) store(in *ssa.Store) {
	if isBlank(in.Addr) {
		return
	}
	if l, ok := c.slotsAt(in.Addr); ok {
		c.put(l, in.Val)
		return
	}
	v := c.operand(in.Val)
	ix, ok := in.Addr.(*ssa.IndexAddr)
	if ok && c.fused[ix] && len(v.pieces) == 1 && !v.boxed && v.typ.Size() == v.pieces[0].kind.size() {
		if _, array := arrayBelow(ix.X.Type()); !array {
			x, i := c.operand(ix.X), c.operand(ix.Index)
			k := c.emit(putOps[v.pieces[0].kind], v.piece(v.pieces[0]), x.atP, i.atN)
			k.d = x.atN
			c.noteUnsigned(ix.Index)
			return
		}
	}
	slot, off := c.address(in.Addr)
	switch {
	case v.boxed:
		t := typeWord(v.typ)
		c.exit(func(vm *machine, np, pp unsafe.Pointer) {
			m := *ptr(pp, slot)
			if m == nil {
				panic(errNil)
			}
			typedmemmove(t, unsafe.Add(m, off), *ptr(pp, v.atP))
		})
	case len(v.pieces) == 0:
		c.emit(opNilChk, slot, 0, 0)
	case v.isText():
		c.emit(opStPN, v.atP, slot, off).d = v.atN
	case v.isSlice():
		c.emit(opStPNN, v.atP, slot, off).d = v.atN
	case v.isPair():
		c.emit(opStPP, v.atP, slot, off)
	default:
		for _, p := range v.pieces {
			c.emit(storeOps[p.kind], v.piece(p), slot, off+int32(p.off))
		}
		c.count()
	}
}

// count makes one instruction of the last three if these add a constant to a number in memory.
func (c *compiler) count() {
	n := len(c.code)
	if n-3 < max(c.start[c.block], c.barrier) {
		return
	}
	ld, add, st := c.code[n-3], c.code[n-2], c.code[n-1]
	if ld.op != opLd8 || add.op != opAddI || st.op != opSt8 || add.b != ld.a || st.a != add.a || st.b != ld.b || st.c != ld.c || add.c == math.MinInt32 ||
		max(ld.a, add.a) >= outMark {
		return
	}
	c.code, c.codePos = c.code[:n-3], c.codePos[:n-3]
	x := c.emit(opCount, add.a, ld.b, ld.c)
	x.d, x.e = add.c, ld.a
	c.barrier = len(c.code)
}

// isBlank reports whether an address is that of a field without a name, which a literal does not
// set.
func isBlank(addr ssa.Value) bool {
	a, ok := addr.(*ssa.FieldAddr)
	return ok && elem(a.X.Type()).Underlying().(*types.Struct).Field(a.Field).Name() == "_"
}

// field takes a field of a struct that is in memory, or of a constant.
func (c *compiler) field(in *ssa.Field) {
	x := c.operand(in.X)
	d := c.operand(in)
	if !x.boxed {
		c.mov(d, x.part(in.Field))
		return
	}
	c.load(d, x.atP, int32(x.typ.Field(in.Field).Offset))
}

// index takes an element of an array, or a byte of a string.
func (c *compiler) index(in *ssa.Index) {
	x, i, d := c.operand(in.X), c.operand(in.Index), c.operand(in)
	if _, ok := in.X.Type().Underlying().(*types.Basic); ok {
		c.emit(opLdXU1, d.atN, x.atP, i.atN).d = x.atN
		c.noteUnsigned(in.Index)
		return
	}
	t := c.temp(pointerLayout).atP
	n := in.X.Type().Underlying().(*types.Array).Len()
	if !x.boxed { // of no size: there is nothing but the check
		x = c.constPointer(unsafe.Pointer(&zeroSized))
	}
	k := c.emit(opAddrA, t, x.atP, i.atN)
	k.d, k.e = int32(n), int32(c.typ(in.Type()).Size())
	c.noteUnsigned(in.Index)
	c.load(d, t, 0)
}

var zeroSized struct{ _ byte }

// lookup takes a byte of a string or an element of a map.
func (c *compiler) lookup(in *ssa.Lookup) {
	if _, ok := in.X.Type().Underlying().(*types.Basic); ok {
		x, i := c.operand(in.X), c.operand(in.Index)
		c.emit(opLdXU1, c.operand(in).atN, x.atP, i.atN).d = x.atN
		c.noteUnsigned(in.Index)
		return
	}
	c.mapLookup(in)
}

// limits are the bounds of a slice expression.
type limits struct {
	lo, hi, top loc // without layout if they are not there
	unsigned    [3]bool
}

func (c *compiler) limits(in *ssa.Slice) (l limits) {
	for i, v := range []ssa.Value{in.Low, in.High, in.Max} {
		if v != nil {
			*[]*loc{&l.lo, &l.hi, &l.top}[i] = c.operand(v)
			l.unsigned[i] = isUnsigned(v.Type())
		}
	}
	return l
}

func (l loc) intOr(np unsafe.Pointer, other int) int {
	if l.layout == nil {
		return other
	}
	return int(*snum(np, l.atN))
}

// cut finds the bounds in something of a length and a capacity. fixed says that it is a string or
// an array.
func (l *limits) cut(np unsafe.Pointer, length, capacity int, fixed bool) (i, j, m int) {
	i, j, m = l.lo.intOr(np, 0), l.hi.intOr(np, length), l.top.intOr(np, capacity)
	code := uint8(boundsAcap)
	if fixed {
		code = boundsAlen
	}
	switch three := l.top.layout != nil; {
	case three && uint(m) > uint(capacity):
		panic(boundsError(int64(m), capacity, !l.unsigned[2], code+bounds3Alen-boundsAlen))
	case three && uint(j) > uint(m):
		panic(boundsError(int64(j), m, !l.unsigned[1], bounds3B))
	case three && uint(i) > uint(j):
		panic(boundsError(int64(i), j, !l.unsigned[0], bounds3C))
	case uint(j) > uint(m):
		panic(boundsError(int64(j), m, !l.unsigned[1], code))
	case uint(i) > uint(j):
		panic(boundsError(int64(i), j, !l.unsigned[0], boundsB))
	}
	return i, j, m
}

func (c *compiler) slice(in *ssa.Slice) {
	d, x, l := c.operand(in), c.operand(in.X), c.limits(in)
	if b, ok := in.X.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			s := text(np, pp, x)
			i, j, _ := l.cut(np, len(s), len(s), true)
			setText(np, pp, d, s[i:j])
		})
		return
	}
	et := c.typ(elem(elemOrSelf(in.X.Type())))
	size := et.Size()
	arr, fixed := arrayBelow(in.X.Type())
	a, _ := in.X.(*ssa.Alloc)
	made := a != nil && a.Comment == "makeslice" // make with a constant capacity
	if a != nil && fixed && in.Low == nil && in.High == nil && in.Max == nil {
		c.emit(opMovP, d.atP, x.atP, 0)
		for i := range int32(2) {
			*c.emit(opNop, 0, 0, 0) = constNInstr(d.atN+8*i, uint64(arr.Len()))
		}
		return
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		var h sliceHeader
		if !fixed {
			h = header(np, pp, x)
		} else if h = (sliceHeader{*ptr(pp, x.atP), int(arr.Len()), int(arr.Len())}); h.data == nil {
			panic(errNil)
		}
		if j := l.hi.intOr(np, 0); made && uint(j) > uint(h.cap) {
			makeslice(typeWord(et), j, h.cap) // panics
		}
		i, j, m := l.cut(np, h.len, h.cap, fixed)
		if m > i { // else the address could be that of what stands behind
			h.data = unsafe.Add(h.data, uintptr(i)*size)
		}
		setHeader(np, pp, d, sliceHeader{h.data, j - i, m - i})
	})
}

func (c *compiler) sliceToArray(in *ssa.SliceToArrayPointer) {
	x, d := c.operand(in.X), c.operand(in)
	t := c.typ(in.Type())
	n := t.Elem().Len()
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		if h := header(np, pp, x); h.len < n {
			panic(boundsError(int64(n), h.len, true, boundsConvert))
		}
		*ptr(pp, d.atP) = *ptr(pp, x.atP)
	})
}

func (c *compiler) makeSlice(in *ssa.MakeSlice) {
	d, n, m := c.operand(in), c.operand(in.Len), c.operand(in.Cap)
	t := typeWord(c.typ(in.Type()).Elem())
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		length, capacity := int(*snum(np, n.atN)), int(*snum(np, m.atN))
		setHeader(np, pp, d, sliceHeader{makeslice(t, length, capacity), length, capacity})
	})
}

// ret puts the results where callers look for them.
func (c *compiler) ret(in *ssa.Return) {
	out := c.out
	switch out.single {
	case 'n':
		c.emit(opRetN, c.operand(in.Results[0]).atN, 0, 0)
		return
	case 'p':
		c.emit(opRetP, c.operand(in.Results[0]).atP, 0, 0)
		return
	}
	var ms []move
	var later []func()
	for i, v := range in.Results {
		if isSlotless(v) {
			later = append(later, func() { c.put(out.results[i], v) })
			continue
		}
		ms = append(ms, moves(out.results[i], c.operand(v))...)
	}
	c.parallel(ms)
	for _, f := range later {
		f()
	}
	c.emit(opRet, 0, 0, 0)
}
