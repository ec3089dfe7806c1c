package native

import (
	"go/token"
	"go/types"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

var intOps = map[token.Token]op{token.ADD: opAdd, token.SUB: opSub, token.MUL: opMul, token.QUO: opDiv, token.REM: opRem, token.AND: opAnd, token.OR: opOr,
	token.XOR: opXor, token.AND_NOT: opAndNot, token.SHL: opShl, token.SHR: opShr, token.EQL: opEq, token.NEQ: opNe, token.LSS: opLt, token.LEQ: opLe}

var unsignedOps = map[op]op{opDiv: opDivU, opRem: opRemU, opShr: opShrU, opLt: opLtU, opLe: opLeU}

var smallOps = map[token.Token]op{token.ADD: opAddI, token.MUL: opMulI, token.AND: opAndI, token.SHL: opShlI, token.SHR: opShrI}

var floatOps = map[token.Token]op{token.ADD: opFAdd, token.SUB: opFSub, token.MUL: opFMul, token.QUO: opFDiv, token.EQL: opFEq, token.NEQ: opFNe, token.LSS: opFLt, token.LEQ: opFLe}

var float32Ops = map[token.Token]op{token.ADD: opFAdd32, token.SUB: opFSub32, token.MUL: opFMul32, token.QUO: opFDiv32}

func (c *compiler) binop(in *ssa.BinOp) {
	o, x, y := in.Op, in.X, in.Y
	if comparison(o) && (isNil(x) || isNil(y)) {
		c.compareNil(in)
		return
	}
	l := c.layout(types.Default(x.Type()))
	b, basic := l.basic(x.Type())
	switch {
	case basic && b.Info()&types.IsString != 0:
		c.stringOp(in)
	case basic && b.Info()&types.IsComplex != 0:
		c.complexOp(in, l)
	case !basic && !(len(l.pieces) == 1 && !l.boxed):
		c.compareValues(in, l)
	case l.pieces[0].kind == kPtr:
		if _, ok := x.Type().Underlying().(*types.Array); ok || l.boxed {
			c.compareValues(in, l)
			return
		}
		c.emit(pick(o == token.EQL, opPEq, opPNe), c.operand(in).atN, c.operand(x).atP, c.operand(y).atP)
	case l.pieces[0].kind.float():
		c.floatOp(in, l.pieces[0].kind)
	default:
		c.intOp(in, l.pieces[0].kind)
	}
}

// basic is the basic type below a type, if it is one.
func (l *layout) basic(t types.Type) (*types.Basic, bool) {
	b, ok := t.Underlying().(*types.Basic)
	return b, ok && b.Kind() != types.UnsafePointer
}

func (c *compiler) intOp(in *ssa.BinOp, k kind) {
	o, x, y := in.Op, in.X, in.Y
	d := c.operand(in).atN
	if _, small := c.small(x); small && (o == token.ADD || o == token.MUL || o == token.AND) {
		x, y = y, x
	}
	if o == token.GTR || o == token.GEQ {
		o, x, y = turned[o], y, x
	}
	defer func() {
		if !comparison(in.Op) && isNarrow2(k) {
			c.emit(opExt, d, d, int32(k))
		}
	}()
	if i, ok := c.small(y); ok {
		if o == token.SUB && i != -1<<31 {
			c.emit(opAddI, d, c.operand(x).atN, -i)
			return
		}
		shift := o == token.SHL || o == token.SHR
		if s, ok := smallOps[o]; ok && (!shift || i >= 0 && i < 64) {
			if s == opShrI && isUnsigned(x.Type()) {
				s = opShrUI
			}
			c.emit(s, d, c.operand(x).atN, i)
			return
		}
	}
	i := intOps[o]
	if isUnsigned(x.Type()) {
		if u, ok := unsignedOps[i]; ok {
			i = u
		}
	}
	if o == token.SHL || o == token.SHR {
		if !isUnsigned(y.Type()) {
			c.emit(opShift, c.operand(y).atN, 0, 0)
		}
	}
	c.emit(i, d, c.operand(x).atN, c.operand(y).atN)
}

// isNarrow2 reports whether a result of arithmetic must be cut down to the kind.
func isNarrow2(k kind) bool { return k != kPtr && k != k64 && !k.float() }

func (c *compiler) floatOp(in *ssa.BinOp, k kind) {
	o, x, y := in.Op, in.X, in.Y
	if o == token.GTR || o == token.GEQ {
		o, x, y = turned[o], y, x
	}
	d, a, b := c.operand(in).atN, c.operand(x).atN, c.operand(y).atN
	if k == kF64 {
		c.emit(floatOps[o], d, a, b)
		return
	}
	if !comparison(o) {
		c.emit(float32Ops[o], d, a, b)
		return
	}
	s, t := c.temp(numberLayout).atN, c.temp(numberLayout).atN
	c.emit(op32to64, s, a, 0)
	c.emit(op32to64, t, b, 0)
	c.emit(floatOps[o], d, s, t)
}

func (c *compiler) stringOp(in *ssa.BinOp) {
	d, x, y := c.operand(in), c.operand(in.X), c.operand(in.Y)
	switch in.Op {
	case token.ADD:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) { setText(np, pp, d, text(np, pp, x)+text(np, pp, y)) })
	case token.EQL, token.NEQ:
		c.compareTexts(opStrEq, d, x, y)
		if in.Op == token.NEQ {
			c.emit(opNot, d.atN, d.atN, 0)
		}
	case token.LSS:
		c.compareTexts(opStrLt, d, x, y)
	case token.LEQ:
		c.compareTexts(opStrLe, d, x, y)
	case token.GTR:
		c.compareTexts(opStrLt, d, y, x)
	case token.GEQ:
		c.compareTexts(opStrLe, d, y, x)
	}
}

func (c *compiler) compareTexts(o op, d, x, y loc) {
	i := c.emit(o, d.atN, x.atP, y.atP)
	i.d, i.e = x.atN, y.atN
}

// complexAt is the complex number in two slots.
func complexAt(np unsafe.Pointer, l loc) complex128 {
	if l.pieces[0].kind == kF32 {
		return complex128(complex(f32(np, l.atN), f32(np, l.atN+8)))
	}
	return complex(*flt(np, l.atN), *flt(np, l.atN+8))
}

func setComplex(np unsafe.Pointer, l loc, x complex128) {
	if l.pieces[0].kind == kF32 {
		setF32(np, l.atN, float32(real(x)))
		setF32(np, l.atN+8, float32(imag(x)))
		return
	}
	*flt(np, l.atN), *flt(np, l.atN+8) = real(x), imag(x)
}

func (c *compiler) complexOp(in *ssa.BinOp, l *layout) {
	d, x, y := c.operand(in), c.operand(in.X), c.operand(in.Y)
	single := l.pieces[0].kind == kF32
	o := in.Op
	c.exit(func(_ *machine, np, _ unsafe.Pointer) {
		a, b := complexAt(np, x), complexAt(np, y)
		var r complex128
		switch o {
		case token.EQL:
			*num(np, d.atN) = truth(a == b)
			return
		case token.NEQ:
			*num(np, d.atN) = truth(a != b)
			return
		case token.ADD:
			r = a + b
		case token.SUB:
			r = a - b
		case token.MUL:
			r = times(a, b)
			if single {
				r = times32(complex64(a), complex64(b))
			}
		case token.QUO:
			r = a / b
		}
		setComplex(np, d, r)
	})
}

// times multiplies without fusing products and sums.
func times(a, b complex128) complex128 {
	ac, bd, ad, bc := float64(real(a)*real(b)), float64(imag(a)*imag(b)), float64(real(a)*imag(b)), float64(imag(a)*real(b))
	return complex(ac-bd, ad+bc)
}

func times32(a, b complex64) complex128 {
	ac, bd, ad, bc := float32(real(a)*real(b)), float32(imag(a)*imag(b)), float32(real(a)*imag(b)), float32(imag(a)*real(b))
	return complex128(complex(ac-bd, ad+bc))
}

// compareNil compares a value with nil. Only the first pointer of the value counts.
func (c *compiler) compareNil(in *ssa.BinOp) {
	x := in.X
	if isNil(x) && !isUntyped(in.Y) {
		x = in.Y
	}
	d := c.operand(in).atN
	if !nillable(x.Type()) {
		c.compareValues(in, c.layout(x.Type()))
		return
	}
	c.emit(pick(in.Op == token.EQL, opPEq, opPNe), d, c.operand(x).atP, c.constPointer(nil).atP)
}

// isUntyped reports whether a value is a nil that has no type.
func isUntyped(v ssa.Value) bool { return v.Type() == types.Typ[types.UntypedNil] }

func nillable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array:
		return false
	}
	return true
}

// compareValues compares interfaces, structs and arrays as Go does.
func (c *compiler) compareValues(in *ssa.BinOp, l *layout) {
	d, x, y := c.operand(in), c.operand(in.X), c.operand(in.Y)
	not := in.Op == token.NEQ
	if it, ok := in.X.Type().Underlying().(*types.Interface); ok {
		methods := it.NumMethods() > 0
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			a := eface(dynamicType(*ptr(pp, x.atP), methods), *ptr(pp, x.atP+8))
			b := eface(dynamicType(*ptr(pp, y.atP), methods), *ptr(pp, y.atP+8))
			*num(np, d.atN) = truth((a == b) != not)
		})
		return
	}
	t := typeWord(l.typ)
	if direct(l.typ) { // one pointer, which an interface holds as it is
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			a, b := *ptr(pp, x.atP), *ptr(pp, y.atP)
			if l.boxed {
				a, b = *ptr(a, 0), *ptr(b, 0)
			}
			*num(np, d.atN) = truth((a == b) != not)
		})
		return
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		*num(np, d.atN) = truth((eface(t, x.memory(np, pp)) == eface(t, y.memory(np, pp))) != not)
	})
}

func (c *compiler) unop(in *ssa.UnOp) {
	switch in.Op {
	case token.MUL:
		c.loadFrom(in)
	case token.ARROW:
		c.receive(in)
	case token.NOT:
		c.emit(opNot, c.operand(in).atN, c.operand(in.X).atN, 0)
	case token.XOR:
		d := c.operand(in).atN
		c.emit(opCom, d, c.operand(in.X).atN, 0)
		c.cut(d, in.Type())
	case token.SUB:
		d, x := c.operand(in), c.operand(in.X)
		for i, p := range d.pieces {
			at := int32(8 * i)
			switch p.kind {
			case kF64:
				c.emit(opFNeg, d.atN+at, x.atN+at, 0)
			case kF32:
				c.emit(opFNeg32, d.atN+at, x.atN+at, 0)
			default:
				c.emit(opNeg, d.atN, x.atN, 0)
				c.cut(d.atN, in.Type())
			}
		}
	}
}

// cut brings a number to the width of its type.
func (c *compiler) cut(slot int32, t types.Type) {
	if k := c.layout(t).pieces[0].kind; isNarrow2(k) {
		c.emit(opExt, slot, slot, int32(k))
	}
}

func (c *compiler) convert(in *ssa.Convert) {
	from, to := in.X.Type().Underlying(), in.Type().Underlying()
	d, x := c.operand(in), c.operand(in.X)
	fb, fok := from.(*types.Basic)
	tb, tok := to.(*types.Basic)
	switch {
	case tok && tb.Kind() == types.UnsafePointer && fok && fb.Info()&types.IsInteger != 0:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			*ptr(pp, d.atP) = *(*unsafe.Pointer)(unsafe.Pointer(num(np, x.atN)))
		})
	case fok && fb.Kind() == types.UnsafePointer && tok && tb.Info()&types.IsInteger != 0:
		// What it points to stays while what gets the number runs.
		kept := c.permanent(pointerLayout).atP
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			*ptr(pp, kept) = *ptr(pp, x.atP)
			*num(np, d.atN) = uint64(uintptr(*ptr(pp, x.atP)))
		})
	case fok && tok && fb.Info()&types.IsNumeric != 0 && tb.Info()&types.IsNumeric != 0:
		c.convertNumber(d, x, fb, tb)
	case tok && tb.Info()&types.IsString != 0 || fok && fb.Info()&types.IsString != 0:
		c.convertString(in, d, x)
	default:
		if !same(d.layout, x.layout) {
			refuse("conversion %v", in)
		}
		c.mov(d, x)
	}
}

func (c *compiler) convertNumber(d, x loc, fb, tb *types.Basic) {
	from, to := x.pieces[0].kind, d.pieces[0].kind
	fu := fb.Info()&types.IsUnsigned != 0 && from == k64
	switch {
	case fb.Info()&types.IsComplex != 0:
		for i := int32(0); i < 16; i += 8 {
			c.convertFloat(d.atN+i, x.atN+i, from, to)
		}
	case from.float() && to.float():
		c.convertFloat(d.atN, x.atN, from, to)
	case from.float():
		a := x.atN
		if from == kF32 {
			a = c.temp(numberLayout).atN
			c.emit(op32to64, a, x.atN, 0)
		}
		c.emit(opF2I, d.atN, a, int32(to)).e = int32(truth(tb.Info()&types.IsUnsigned != 0 && to == k64))
	case to == kF64:
		c.emit(pick(fu, opU2F, opI2F), d.atN, x.atN, 0)
	case to == kF32:
		c.emit(pick(fu, opU2F32, opI2F32), d.atN, x.atN, 0)
	case isNarrow2(to):
		c.emit(opExt, d.atN, x.atN, int32(to))
	default:
		c.mov(d, x)
	}
}

func (c *compiler) convertFloat(d, x int32, from, to kind) {
	switch {
	case from == to:
		c.emit(opMovN, d, x, 0)
	case to == kF32:
		c.emit(op64to32, d, x, 0)
	default:
		c.emit(op32to64, d, x, 0)
	}
}

func (c *compiler) convertString(in *ssa.Convert, d, x loc) {
	switch from := in.X.Type().Underlying().(type) {
	case *types.Basic:
		if from.Info()&types.IsInteger != 0 {
			unsigned := from.Info()&types.IsUnsigned != 0
			c.exit(func(_ *machine, np, pp unsafe.Pointer) {
				r := *snum(np, x.atN)
				if unsigned && r < 0 || r > 0x10ffff || r < 0 {
					r = 0xfffd
				}
				setText(np, pp, d, string(rune(r)))
			})
			return
		}
		to, ok := in.Type().Underlying().(*types.Slice)
		switch {
		case !ok:
			c.mov(d, x)
		case c.layout(to.Elem()).pieces[0].kind == kU8:
			c.exit(func(_ *machine, np, pp unsafe.Pointer) {
				b := []byte(text(np, pp, x))
				setHeader(np, pp, d, *(*sliceHeader)(unsafe.Pointer(&b)))
			})
		default:
			c.exit(func(_ *machine, np, pp unsafe.Pointer) {
				b := []rune(text(np, pp, x))
				setHeader(np, pp, d, *(*sliceHeader)(unsafe.Pointer(&b)))
			})
		}
	case *types.Slice:
		runes := c.layout(from.Elem()).pieces[0].kind != kU8
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			h := header(np, pp, x)
			if runes {
				setText(np, pp, d, string(*(*[]rune)(unsafe.Pointer(&h))))
				return
			}
			setText(np, pp, d, string(*(*[]byte)(unsafe.Pointer(&h))))
		})
	default:
		refuse("conversion %v", in)
	}
}
