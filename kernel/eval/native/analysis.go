package native

import (
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// An analysis finds what of a function needs no code of its own.
type analysis struct {
	p       *Program
	f       *ssa.Function
	flow    *flow
	fused   map[ssa.Instruction]bool        // computed where they are used, or not at all
	split   map[ssa.Value]bool              // local variables that are kept in slots
	varargs map[ssa.Instruction][]ssa.Value // slices that only append looks at, by their elements
	sums    map[*ssa.MapUpdate]*ssa.BinOp   // what sets an element to its old value + something
	decides bool                            // it looks at the stop flag to do something of its own
}

// stopChecks finds the branches that look at the stop flag. They need no code, since the code looks
// at the flag at the end of loops and on entry anyway.
func (c *analysis) stopChecks() map[*ssa.BasicBlock]bool {
	out := map[*ssa.BasicBlock]bool{}
	for _, b := range c.f.Blocks {
		if len(b.Instrs) == 0 {
			continue
		}
		branch, ok := b.Instrs[len(b.Instrs)-1].(*ssa.If)
		if !ok {
			continue
		}
		load, ok := branch.Cond.(*ssa.UnOp)
		if !ok || load.Op != token.MUL || len(*load.Referrers()) != 1 {
			continue
		}
		g, ok := load.X.(*ssa.Global)
		switch {
		case !ok || !c.p.host.IsStop(g):
		case c.halts(b.Succs[0]):
			out[b] = true
			c.fused[load] = true
		default: // it decides itself what it does then
			c.decides = true
		}
	}
	return out
}

// findSplit finds the local variables whose address is only used to load, to store and to name
// fields: they need no memory.
func (c *analysis) findSplit() {
	for _, b := range c.f.Blocks {
		for _, in := range b.Instrs {
			a, ok := in.(*ssa.Alloc)
			if !ok {
				continue
			}
			if l := c.layout(elem(a.Type())); !l.boxed && onlyAccessed(a) {
				c.split[a] = true
			}
		}
	}
	var mark func(v ssa.Value)
	mark = func(v ssa.Value) {
		for _, r := range *v.Referrers() {
			if fa, ok := r.(*ssa.FieldAddr); ok {
				c.fused[fa] = true
				mark(fa)
			}
		}
	}
	for a := range c.split {
		mark(a)
	}
}

func onlyAccessed(addr ssa.Value) bool {
	for _, r := range *addr.Referrers() {
		switch r := r.(type) {
		case *ssa.UnOp:
			if r.Op != token.MUL {
				return false
			}
		case *ssa.Store:
			if r.Val == addr {
				return false
			}
		case *ssa.FieldAddr:
			if !onlyAccessed(r) {
				return false
			}
		case *ssa.DebugRef:
		default:
			return false
		}
	}
	return true
}

// findFused finds addresses and comparisons whose only user computes them itself.
func (c *analysis) findFused() {
	for _, b := range c.f.Blocks {
		for i, in := range b.Instrs {
			v, ok := in.(ssa.Value)
			if !ok || c.fused[in] || len(*refs(v)) != 1 {
				continue
			}
			user := (*refs(v))[0]
			if user.Block() != b {
				continue
			}
			switch in := in.(type) {
			case *ssa.IndexAddr, *ssa.FieldAddr:
				switch u := user.(type) {
				case *ssa.UnOp:
					c.fused[in] = u.Op == token.MUL && slices.Index(b.Instrs, user) <= i+2
				case *ssa.Store:
					c.fused[in] = u.Addr == v && u.Val != v
				case *ssa.FieldAddr:
					_, deep := in.(*ssa.FieldAddr)
					c.fused[in] = deep && c.loadedOnce(u)
				}
			case *ssa.BinOp:
				_, branch := user.(*ssa.If)
				c.fused[in] = branch && comparison(in.Op) && !isUntyped(in.X) && c.oneSlot(in.X.Type())
			}
		}
	}
	c.findLengths()
	c.findVarargs()
	c.findDirect()
	c.findSums()
	c.findAsked()
	for in, is := range c.fused {
		if !is {
			delete(c.fused, in)
		}
	}
}

// findVarargs finds the arrays that are made of what is to be appended to a slice, or to be
// printed: append takes the values from their slots, and functions that print get them in memory
// that is used again.
func (c *analysis) findVarargs() {
	c.varargs = map[ssa.Instruction][]ssa.Value{}
	for _, b := range c.f.Blocks {
		for _, in := range b.Instrs {
			s, ok := in.(*ssa.Slice)
			if !ok || s.Low != nil || s.High != nil || s.Max != nil || len(*s.Referrers()) != 1 {
				continue
			}
			call, ok := (*s.Referrers())[0].(*ssa.Call)
			array, isAlloc := s.X.(*ssa.Alloc)
			if !ok || !isAlloc || call.Block() != b || array.Block() != b || array.Comment != "varargs" || !isAppend(call) && !c.forgets(call, s) {
				continue
			}
			parts, values := c.elements(array, b)
			if values == nil {
				continue
			}
			for _, p := range append(parts, s, array) {
				c.fused[p] = true
			}
			c.varargs[s] = values
			for _, v := range values {
				if mi, ok := v.(*ssa.MakeInterface); ok && !isAppend(call) && len(*mi.Referrers()) == 1 && c.isPlain(mi.X) {
					c.fused[mi] = true
				}
			}
		}
	}
}

// findDirect finds closures that are only called where they are made: their calls get the free
// variables as arguments.
func (c *analysis) findDirect() {
	for _, b := range c.f.Blocks {
		for _, in := range b.Instrs {
			mc, ok := in.(*ssa.MakeClosure)
			if !ok {
				continue
			}
			direct := true
			for _, r := range *mc.Referrers() {
				call, ok := r.(*ssa.Call)
				direct = direct && ok && call.Call.Value == mc && !slices.Contains(call.Call.Args, ssa.Value(mc))
			}
			c.fused[mc] = direct
		}
	}
}

// findLengths finds the strings and slices that are loaded from a variable only for their length.
func (c *analysis) findLengths() {
	for _, b := range c.f.Blocks {
		for i, in := range b.Instrs {
			u, ok := in.(*ssa.UnOp)
			if !ok || u.Op != token.MUL || len(*refs(u)) != 1 || i+1 == len(b.Instrs) || (*refs(u))[0] != b.Instrs[i+1] {
				continue
			}
			g, ok := u.X.(*ssa.Global)
			call, isCall := b.Instrs[i+1].(*ssa.Call)
			if !ok || !isCall || c.p.host.IsStop(g) {
				continue
			}
			f, ok := call.Call.Value.(*ssa.Builtin)
			if l := c.layout(u.Type()); ok && f.Name() == "len" && (l.isText() || l.isSlice()) {
				c.fused[u] = true
			}
		}
	}
}

// findSums finds the elements of maps that are numbers and get a new value from the old one, as by
// m[k] += x. They are looked up once, instead of once to read and once to write.
func (c *analysis) findSums() {
	c.sums = map[*ssa.MapUpdate]*ssa.BinOp{}
	for _, b := range c.f.Blocks {
		for i, in := range b.Instrs {
			u, ok := in.(*ssa.MapUpdate)
			if !ok {
				continue
			}
			sum, ok := u.Value.(*ssa.BinOp)
			if !ok || len(*refs(sum)) != 1 || sum.Block() != b || sumOf[sum.Op] == nil {
				continue
			}
			l, ok := sum.X.(*ssa.Lookup)
			if !ok || l.CommaOk || l.X != u.Map || l.Index != u.Key || len(*refs(l)) != 1 || l.Block() != b || sum.Y == ssa.Value(l) {
				continue
			}
			t := c.layout(l.Type())
			if t.boxed || len(t.pieces) != 1 || t.pieces[0].kind == kPtr || t.pieces[0].kind == kF32 || t.typ.Size() != t.pieces[0].kind.size() ||
				t.pieces[0].kind == kF64 && sumOfFloats[sum.Op] == nil {
				continue
			}
			between := slices.Index(b.Instrs, ssa.Instruction(l)) + 1
			if slices.ContainsFunc(b.Instrs[between:i], func(in ssa.Instruction) bool { return in != ssa.Instruction(sum) && !harmless(in) }) {
				continue
			}
			c.fused[l], c.fused[sum], c.sums[u] = true, true, sum
		}
	}
}

// harmless reports whether an instruction cannot panic and changes nothing that others see.
func harmless(in ssa.Instruction) bool {
	switch in := in.(type) {
	case *ssa.UnOp:
		_, global := in.X.(*ssa.Global)
		return in.Op == token.MUL && global
	case *ssa.Extract, *ssa.DebugRef:
		return true
	}
	return false
}

// sumOf is what becomes of two numbers.
var sumOf = map[token.Token]func(x, y uint64) uint64{
	token.ADD: func(x, y uint64) uint64 { return x + y }, token.SUB: func(x, y uint64) uint64 { return x - y }, token.MUL: func(x, y uint64) uint64 { return x * y },
	token.OR: func(x, y uint64) uint64 { return x | y }, token.AND: func(x, y uint64) uint64 { return x & y }, token.XOR: func(x, y uint64) uint64 { return x ^ y },
}

var sumOfFloats = map[token.Token]func(x, y float64) float64{
	token.ADD: func(x, y float64) float64 { return x + y }, token.SUB: func(x, y float64) float64 { return x - y }, token.MUL: func(x, y float64) float64 { return x * y },
}

// static is the function that a call is known to call, or nil.
func (c *analysis) static(common *ssa.CallCommon) *ssa.Function {
	if mc, ok := common.Value.(*ssa.MakeClosure); ok && !c.fused[mc] {
		return nil
	}
	return common.StaticCallee()
}

// forgets reports whether a call gets s for its last parameter and does not keep it.
func (c *analysis) forgets(call *ssa.Call, s *ssa.Slice) bool {
	f, ok := call.Call.Value.(*ssa.Function)
	if !ok || f.Blocks != nil || !f.Signature.Variadic() || !types.IsInterface(elem(s.Type())) || !c.p.host.Forgets(f) {
		return false
	}
	args := call.Call.Args
	return args[len(args)-1] == ssa.Value(s) && !slices.Contains(args[:len(args)-1], ssa.Value(s))
}

// isPlain reports whether a value that is computed is a number or a string, of a type without
// methods: nobody can get hold of where it is in memory.
func (c *analysis) isPlain(v ssa.Value) bool {
	if _, ok := v.Type().(*types.Basic); !ok || isSlotless(v) {
		return false
	}
	l := c.layout(v.Type())
	return l.isNumber() || l.isText()
}

func isAppend(call *ssa.Call) bool {
	b, ok := call.Call.Value.(*ssa.Builtin)
	return ok && b.Name() == "append"
}

// elements is what is stored in an array that only one slice expression looks at, and the
// instructions that do so.
func (c *analysis) elements(array *ssa.Alloc, b *ssa.BasicBlock) (parts []ssa.Instruction, values []ssa.Value) {
	n := elem(array.Type()).Underlying().(*types.Array).Len()
	values = make([]ssa.Value, n)
	for _, r := range *array.Referrers() {
		ix, ok := r.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		k, isConst := c.small(ix.Index)
		if !isConst || len(*ix.Referrers()) != 1 {
			return nil, nil
		}
		st, ok := (*ix.Referrers())[0].(*ssa.Store)
		if !ok || st.Addr != ix || st.Block() != b || values[k] != nil {
			return nil, nil
		}
		values[k] = st.Val
		parts = append(parts, ix, st)
	}
	if int64(len(parts)) != 2*n || len(*array.Referrers()) != int(n)+1 || n == 0 {
		return nil, nil
	}
	return parts, values
}

// loadedOnce reports whether the address of a field is going to be fused itself.
func (c *analysis) loadedOnce(fa *ssa.FieldAddr) bool {
	if len(*fa.Referrers()) != 1 {
		return false
	}
	u := (*fa.Referrers())[0]
	if u.Block() != fa.Block() {
		return false
	}
	l, ok := u.(*ssa.UnOp)
	return ok && l.Op == token.MUL
}

func refs(v ssa.Value) *[]ssa.Instruction {
	if r := v.Referrers(); r != nil {
		return r
	}
	return &[]ssa.Instruction{}
}

func (c *analysis) oneSlot(t types.Type) bool {
	l := c.layout(types.Default(t))
	return len(l.pieces) == 1 && !l.boxed && (l.pieces[0].kind != kF32)
}

func comparison(t token.Token) bool {
	switch t {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		return true
	}
	return false
}

// elem is what a pointer type points to, and what a slice or array holds.
func elem(t types.Type) types.Type {
	switch t := t.Underlying().(type) {
	case *types.Pointer:
		return t.Elem()
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	}
	refuse("type %v", t)
	return nil
}

func (c *analysis) typ(t types.Type) reflect.Type { return c.p.typ(t) }

func (c *analysis) layout(t types.Type) *layout {
	if tp, ok := t.(*types.Tuple); ok {
		var parts []*layout
		for v := range tp.Variables() {
			if v.Type() == types.Typ[types.Invalid] {
				parts = append(parts, &layout{})
				continue
			}
			parts = append(parts, c.layout(v.Type()))
		}
		return tuple(parts)
	}
	return c.p.layout(t)
}

func (c *analysis) layoutOf(v ssa.Value) *layout {
	switch v := v.(type) {
	case *ssa.Alloc:
		if c.split[v] {
			return c.layout(elem(v.Type()))
		}
	case *ssa.Range:
		return pointerLayout
	}
	return c.layout(v.Type())
}

// small is the value of an integer constant that fits into an instruction.
func (c *analysis) small(v ssa.Value) (int32, bool) {
	k, ok := v.(*ssa.Const)
	if !ok {
		return 0, false
	}
	b, ok := k.Type().Underlying().(*types.Basic)
	if !ok || b.Info()&(types.IsInteger|types.IsBoolean) == 0 || k.Value == nil {
		return 0, false
	}
	nums, _ := c.constBits(k, c.layout(types.Default(k.Type())))
	x := int64(nums[0])
	return int32(x), int64(int32(x)) == x
}

// constBits is what the slots of a constant hold.
func (c *analysis) constBits(k *ssa.Const, l *layout) (nums []uint64, ptrs []unsafe.Pointer) {
	nums, ptrs = make([]uint64, l.n/8), make([]unsafe.Pointer, l.p/8)
	if l.boxed {
		ptrs[0] = l.zero
	}
	if k.Value == nil {
		return
	}
	b, ok := k.Type().Underlying().(*types.Basic)
	if !ok {
		refuse("constant %v", k)
	}
	switch info := b.Info(); {
	case info&types.IsString != 0:
		s := constant.StringVal(k.Value)
		ptrs[0], nums[0] = unsafe.Pointer(unsafe.StringData(s)), uint64(len(s))
	case info&types.IsBoolean != 0:
		nums[0] = truth(constant.BoolVal(k.Value))
	case info&types.IsComplex != 0:
		re, im := constant.ToFloat(constant.Real(k.Value)), constant.ToFloat(constant.Imag(k.Value))
		nums[0], nums[1] = floatBits(re, l.pieces[0].kind), floatBits(im, l.pieces[0].kind)
	case info&types.IsFloat != 0:
		nums[0] = floatBits(k.Value, l.pieces[0].kind)
	case b.Kind() == types.UnsafePointer:
		bits := intBits(k.Value)
		ptrs[0] = *(*unsafe.Pointer)(unsafe.Pointer(&bits))
	default:
		nums[0] = narrow(l.pieces[0].kind, intBits(k.Value))
	}
	return
}

// halts reports whether a block halts the goroutine.
func (c *analysis) halts(b *ssa.BasicBlock) bool {
	for _, in := range b.Instrs {
		if call, ok := in.(*ssa.Call); ok {
			f := call.Call.StaticCallee()
			return f != nil && c.p.host.IsHalt(f)
		}
	}
	return false
}
