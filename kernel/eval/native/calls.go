package native

import (
	"go/types"
	"math"
	"reflect"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// A callShape is where arguments and results of a call are in the callee's frame.
type callShape struct {
	params, results []loc
	n, p            int32 // size of the part of the frame that the caller uses
	single          byte
	sig             reflect.Type // without receiver
	byWords         *wordCall    // how it is called as a function of words, or nil
	regs            *registers   // nil if the call goes through package reflect
}

// shapeOf is the shape of calls with these parameters, which follow each other from the first slot
// on. The results follow each other from the first slot on, too, and so overwrite the parameters.
func shapeOf(params, results []*layout) callShape {
	var s callShape
	var n, p int32
	lay := func(list []*layout) (out []loc) {
		n, p = 0, 0
		for _, l := range list {
			out = append(out, loc{l, n, p})
			n, p = n+l.n, p+l.p
		}
		s.n, s.p = max(s.n, n), max(s.p, p)
		return out
	}
	s.params = lay(params)
	s.results = lay(results)
	if len(results) == 1 {
		switch {
		case n == 8 && p == 0:
			s.single = 'n'
		case n == 0 && p == 8:
			s.single = 'p'
		}
	}
	return s
}

// shape is that of calls of a signature; recv says that a pointer goes before its parameters.
func (p *Program) shape(sig *types.Signature, recv bool) callShape {
	var params, results []*layout
	if recv {
		params = append(params, pointerLayout)
	}
	for v := range sig.Params().Variables() {
		params = append(params, p.layout(v.Type()))
	}
	for v := range sig.Results().Variables() {
		results = append(results, p.layout(v.Type()))
	}
	s := shapeOf(params, results)
	s.sig = p.typ(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic()))
	s.byWords, s.regs = wordCallFor(s.params, s.results), registersFor(params, results, s)
	return s
}

// A goCall is a compiled function.
type goCall struct {
	callShape
	code unsafe.Pointer // a function value
}

// A dynCall is a call of a function value, or of a method through an interface.
type dynCall struct {
	callShape
	iface  reflect.Type // of a method
	method int          // its number
	name   string
	known  [4]atomic.Pointer[knownMethod] // of the types met last
	next   atomic.Uint32                  // which of them is the next to go
}

// A knownMethod is the code of a method for one dynamic type; fn is nil if it is compiled.
type knownMethod struct {
	word  unsafe.Pointer
	fn    *fn
	boxed bool // its receiver is in memory
}

// receiver is what the method expects for the data word of an interface. Where the type is one
// pointer, the data word is the value itself. That is so also for an array or a struct that holds
// nothing but one pointer, such as [1]*int, though the code here keeps such a value in memory.
func (m *knownMethod) receiver(data unsafe.Pointer) unsafe.Pointer {
	if !m.boxed {
		return data
	}
	box := new(unsafe.Pointer)
	*box = data
	return unsafe.Pointer(box)
}

// call calls the compiled function behind a function value with arguments and results in a frame.
func (s *callShape) call(code, np, pp unsafe.Pointer) {
	if code == nil {
		panic(errNil)
	}
	if s.words(code, np, pp) {
		return
	}
	held := code // a variable of its own, since only this one has to be on the heap
	s.reflectCall(reflect.NewAt(s.sig, unsafe.Pointer(&held)).Elem(), s.params, np, pp)
}

// words makes a call without package reflect, if it can.
func (s *callShape) words(code, np, pp unsafe.Pointer) bool {
	switch {
	case s.byWords != nil:
		s.byWords.call(code, np, pp, s.byWords)
	case s.regs != nil:
		s.regs.call(code, np, pp)
	default:
		return false
	}
	return true
}

func (s *callShape) reflectCall(f reflect.Value, params []loc, np, pp unsafe.Pointer) {
	args := make([]reflect.Value, len(params))
	for i, l := range params {
		args[i] = l.value(np, pp)
	}
	for i, v := range callAny(f, args) {
		s.results[i].set(np, pp, v)
	}
}

func callAny(f reflect.Value, args []reflect.Value) []reflect.Value {
	if f.Type().IsVariadic() {
		return f.CallSlice(args)
	}
	return f.Call(args)
}

// target finds what is to be called. If that is compiled code, it is called, and nil is returned.
func (vm *machine) target(d *dynCall, in *instr, np, pp unsafe.Pointer) *fn {
	f := vm.f
	if d.iface == nil {
		value := *ptr(pp, in.b)
		if value == nil {
			panic(errNil)
		}
		if c := closureOf(value); c != nil {
			vm.closure = c
			return c.fn
		}
		d.call(value, unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize))
		return nil
	}
	word := *ptr(pp, in.b)
	if word == nil {
		panic(errNil)
	}
	*ptr(pp, f.psize) = *ptr(pp, in.b+8)
	m := f.prog.method(d, word)
	if m.fn != nil {
		if m.boxed {
			*ptr(pp, f.psize) = m.receiver(*ptr(pp, f.psize))
		}
		return m.fn
	}
	d.callMethod(word, unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize))
	return nil
}

// callMethod calls a compiled method of the value whose interface begins with word; the receiver is
// in the first slot.
func (d *dynCall) callMethod(word, np, pp unsafe.Pointer) {
	if d.words(d.methodCode(word), np, pp) {
		return
	}
	words := [2]unsafe.Pointer{word, *ptr(pp, 0)}
	v := reflect.NewAt(d.iface, unsafe.Pointer(&words)).Elem()
	d.reflectCall(v.Method(d.method), d.params[1:], np, pp)
}

// methodCode is the method as a function value.
func (d *dynCall) methodCode(word unsafe.Pointer) unsafe.Pointer {
	return unsafe.Pointer(&(*itab)(word).fun[d.method])
}

// out is a slot of the callee's frame, as the instructions of the caller name it.
func (l loc) out() loc {
	l.atN, l.atP = l.atN+outMark, l.atP+outMark
	return l
}

// call makes the code of a call whose result goes to v, which is nil for none.
func (c *compiler) call(in *ssa.Call) {
	common := &in.Call
	if b, ok := common.Value.(*ssa.Builtin); ok {
		c.builtin(in, b.Name(), common.Args)
		return
	}
	if f, ok := common.Value.(*ssa.Function); ok && c.p.host.IsRecover(f) {
		c.recoverTo(c.operand(in), func(v any) any { return v })
		return
	}
	if c.mathCall(in) {
		return
	}
	s, emit := c.callee(common)
	c.arguments(s, common)
	d := c.operand(in)
	dest := int32(0)
	switch s.single {
	case 'n':
		dest = d.atN
	case 'p':
		dest = d.atP
	}
	emit(dest)
	if call := c.code[len(c.code)-1]; call.op == opCallGo && len(*in.Referrers()) == 0 {
		c.out.goes[call.b] = c.out.goes[call.b].forgetting()
	}
	c.barrier = len(c.code)
	if s.single != 0 {
		return
	}
	for i, r := range s.results {
		switch {
		case !isUsed(in, i):
		case len(s.results) > 1:
			c.mov(d.part(i), r.out())
		default:
			c.mov(d, r.out())
		}
	}
}

// isUsed reports whether anything looks at a result of a call.
func isUsed(in *ssa.Call, i int) bool {
	return slices.ContainsFunc(*in.Referrers(), func(r ssa.Instruction) bool {
		x, ok := r.(*ssa.Extract)
		return !ok || x.Index == i && len(*x.Referrers()) > 0
	})
}

// forgetting is the compiled function for a call whose results nobody looks at.
func (g *goCall) forgetting() *goCall {
	if g.single != 0 || g.byWords == nil {
		return g
	}
	x := *g
	words := *g.byWords
	words.out = nil
	if words.quiet != nil {
		words.call = words.quiet
	}
	x.byWords = &words
	return &x
}

// callee finds how a call is made: its shape, and the instruction.
func (c *compiler) callee(common *ssa.CallCommon) (s *callShape, emit func(dest int32)) {
	switch {
	case c.instead(common) != nil:
		g := c.instead(common)
		return &g.callShape, func(dest int32) {
			c.out.goes = append(c.out.goes, g)
			c.emit(opCallGo, dest, int32(len(c.out.goes)-1), 0)
		}
	case common.IsInvoke():
		d := c.dynamic(common)
		x := c.operand(common.Value)
		return &d.callShape, func(dest int32) { c.emit(opInvoke, dest, x.atP, int32(len(c.out.dyn)-1)) }
	case c.static(common) != nil && c.p.isNative(c.static(common)):
		f := c.p.declare(c.static(common))
		s := &callShape{params: f.params, results: f.results, n: f.nneed, p: f.pneed, single: f.single}
		s.n, s.p = sizeOf(f.params, f.results)
		return s, func(dest int32) {
			c.out.calls = append(c.out.calls, f)
			c.emit(opCall, dest, int32(len(c.out.calls)-1), 0)
		}
	}
	if f, ok := common.Value.(*ssa.Function); ok {
		g := c.p.compiled(f, c.f)
		return &g.callShape, func(dest int32) {
			c.out.goes = append(c.out.goes, g)
			c.emit(opCallGo, dest, int32(len(c.out.goes)-1), 0)
		}
	}
	d := c.dynamic(common)
	x := c.operand(common.Value)
	return &d.callShape, func(dest int32) { c.emit(opCallClo, dest, x.atP, int32(len(c.out.dyn)-1)) }
}

// instead is the function that the host calls instead of a method of an interface, or nil.
func (c *compiler) instead(common *ssa.CallCommon) *goCall {
	if !common.IsInvoke() {
		return nil
	}
	key := insteadKey{c.typ(common.Value.Type()), common.Method.Name()}
	g, known := c.p.instead[key]
	if !known {
		if f, ok := c.p.host.Invoked(common.Method, key.iface); ok {
			params := []*layout{c.layout(common.Value.Type())}
			for v := range common.Signature().Params().Variables() {
				params = append(params, c.layout(v.Type()))
			}
			g = c.p.goCall(f, params, common.Signature().Results())
		}
		c.p.instead[key] = g
	}
	return g
}

// An insteadKey names a method of an interface type.
type insteadKey struct {
	iface  reflect.Type
	method string
}

func sizeOf(lists ...[]loc) (n, p int32) {
	for _, list := range lists {
		for _, l := range list {
			n, p = max(n, l.atN+l.n), max(p, l.atP+l.p)
		}
	}
	return n, p
}

func (c *compiler) dynamic(common *ssa.CallCommon) *dynCall {
	d := &dynCall{}
	if common.IsInvoke() {
		d.iface = c.typ(common.Value.Type())
		d.name = methodName(common.Method)
		d.method = methodNumber(d.iface, common.Method)
	}
	d.callShape = c.p.shape(common.Signature(), common.IsInvoke())
	c.out.dyn = append(c.out.dyn, d)
	return d
}

func methodNumber(it reflect.Type, m *types.Func) int {
	for i := range it.NumMethod() {
		if x := it.Method(i); x.Name == m.Name() && (m.Exported() || x.PkgPath == m.Pkg().Path()) {
			return i
		}
	}
	refuse("method %v of %v", m.Name(), it)
	return 0
}

// arguments puts the arguments of a call where the callee looks for them.
func (c *compiler) arguments(s *callShape, common *ssa.CallCommon) {
	params, args := s.params, common.Args
	switch {
	case c.instead(common) != nil:
		args = append([]ssa.Value{common.Value}, args...)
	case common.IsInvoke():
		params = params[1:]
	}
	if mc, ok := common.Value.(*ssa.MakeClosure); ok && c.fused[mc] {
		args = append(args[:len(args):len(args)], mc.Bindings...)
	}
	if len(args) != len(params) {
		refuse("call with %d arguments for %d parameters", len(args), len(params))
	}
	c.outN, c.outP = max(c.outN, s.n), max(c.outP, s.p)
	for i, a := range args {
		if s, ok := a.(*ssa.Slice); ok && c.varargs[s] != nil {
			c.list(params[i].out(), c.varargs[s])
			continue
		}
		if c.computeInPlace(params[i].out(), a) {
			continue
		}
		c.put(params[i].out(), a)
	}
}

// A listed is an element of a slice of interfaces: one that is in slots, or the value that it is to
// hold.
type listed struct {
	loc
	word unsafe.Pointer // the first word of an interface of the value
}

// A list is memory that a machine has for a slice of interfaces that is not kept, and for what the
// interfaces hold.
type list struct {
	words   []unsafe.Pointer
	numbers []uint64
	texts   []string
}

// list makes a slice of interfaces in the memory that a machine has for those that are not kept.
func (c *compiler) list(to loc, values []ssa.Value) {
	var from []listed
	for _, v := range values {
		if mi, ok := v.(*ssa.MakeInterface); ok && c.fused[mi] {
			from = append(from, listed{c.operand(mi.X), itabFor(c.typ(mi.Type()), c.typ(mi.X.Type()))})
			continue
		}
		from = append(from, listed{loc: c.operand(v)})
	}
	t := c.temp(to.layout)
	c.exit(func(vm *machine, np, pp unsafe.Pointer) {
		l := vm.list
		if l == nil || len(l.numbers) < len(from) {
			l = &list{make([]unsafe.Pointer, 2*len(from)), make([]uint64, len(from)), make([]string, len(from))}
			vm.list = l
		}
		for i := range from {
			x := &from[i]
			word, data := &l.words[2*i], &l.words[2*i+1]
			switch {
			case x.word == nil:
				*word, *data = *ptr(pp, x.atP), *ptr(pp, x.atP+8)
			case x.p == 0:
				l.numbers[i] = *num(np, x.atN)
				*word, *data = x.word, unsafe.Pointer(&l.numbers[i])
			default:
				l.texts[i] = text(np, pp, x.loc)
				*word, *data = x.word, unsafe.Pointer(&l.texts[i])
			}
		}
		setHeader(np, pp, t, sliceHeader{unsafe.Pointer(&l.words[0]), len(from), len(from)})
	})
	c.mov(to, t)
}

// computeInPlace has the instruction that computed an argument put it where the callee wants it, if
// nothing else uses it.
func (c *compiler) computeInPlace(to loc, v ssa.Value) bool {
	at, ok := c.defined[v]
	if !ok || at < c.barrier || len(to.pieces) != 1 || len(*refs(v)) != 1 || isPhiOperand(v) {
		return false
	}
	x := c.operand(v)
	slot, target := x.atN, to.atN
	if to.p > 0 {
		slot, target = x.atP, to.atP
	}
	banks := slotBanks(c.code[at].op)
	if c.code[at].a != slot || banks[0] == '-' || storesTo(c.code[at].op) {
		return false
	}
	c.code[at].a = target
	return true
}

func isPhiOperand(v ssa.Value) bool {
	_, ok := (*refs(v))[0].(*ssa.Phi)
	return ok
}

func storesTo(o op) bool {
	return o >= opSt8 && o <= opStPP || o >= opStX8 && o <= opStXP || o == opNilChk || o == opShift || o >= opJmp
}

// mathCall makes instructions of functions of package math.
func (c *compiler) mathCall(in *ssa.Call) bool {
	f, ok := in.Call.Value.(*ssa.Function)
	if !ok || f.Blocks != nil || f.Pkg == nil || f.Pkg.Pkg.Path() != "math" || f.Signature.Recv() != nil {
		return false
	}
	switch f.Name() {
	case "Sqrt":
		c.emit(opFSqrt, c.operand(in).atN, c.operand(in.Call.Args[0]).atN, 0)
		return true
	case "Abs":
		c.emit(opFAbs, c.operand(in).atN, c.operand(in.Call.Args[0]).atN, 0)
		return true
	case "Inf":
		if i, ok := c.small(in.Call.Args[0]); ok {
			*c.emit(opNop, 0, 0, 0) = constNInstr(c.operand(in).atN, math.Float64bits(math.Inf(int(i))))
			return true
		}
	case "Float64bits", "Float64frombits":
		c.emit(opMovN, c.operand(in).atN, c.operand(in.Call.Args[0]).atN, 0)
		return true
	}
	for i, m := range math1 {
		if m.name == f.Name() {
			c.emit(opMath1, c.operand(in).atN, c.operand(in.Call.Args[0]).atN, int32(i))
			return true
		}
	}
	return false
}

// A pendingCall is a call that is made later, or by another goroutine: it holds the arguments and
// what is called.
type pendingCall struct {
	prog  *Program
	n     []uint64
	p     []unsafe.Pointer
	fn    *fn
	clo   *closure
	shape *callShape
	code  unsafe.Pointer // a compiled function value
	dyn   *dynCall       // a compiled method
	word  unsafe.Pointer
}

// run makes the call.
func (x *pendingCall) run(st *panicState) {
	var vm *machine
	size := x.shape.p
	if x.fn != nil {
		vm, size = machineFor(x.fn), x.fn.pneed
	} else {
		vm = machineWith(x.shape.n, x.shape.p)
	}
	copy(vm.n, x.n)
	copy(vm.p, x.p)
	np, pp := vm.base()
	switch {
	case x.fn != nil:
		if x.clo != nil {
			x.clo.free(np, pp)
		}
		vm.panicked = st
		vm.enter(x.fn)
	case x.dyn != nil:
		x.prog.handing(st, x.dyn.methodCode(x.word), func() { x.dyn.callMethod(x.word, np, pp) })
	default:
		x.prog.handing(st, x.code, func() { x.shape.call(x.code, np, pp) })
	}
	vm.done(size)
}

// pending makes the code that keeps a call for later, and hands it to use.
func (c *compiler) pending(common *ssa.CallCommon, use func(vm *machine, np, pp unsafe.Pointer, run func(*panicState))) {
	if b, ok := common.Value.(*ssa.Builtin); ok {
		c.pendingBuiltin(b.Name(), common.Args, use)
		return
	}
	var x loc
	var make func(vm *machine, np, pp unsafe.Pointer, call *pendingCall)
	static := c.static(common)
	var s *callShape
	switch {
	case c.instead(common) != nil:
		g := c.instead(common)
		s = &g.callShape
		make = func(_ *machine, _, _ unsafe.Pointer, call *pendingCall) { call.code = g.code }
	case common.IsInvoke():
		d := c.dynamic(common)
		x, s = c.operand(common.Value), &d.callShape
		make = func(vm *machine, np, pp unsafe.Pointer, call *pendingCall) {
			word := *ptr(pp, x.atP)
			if word == nil {
				panic(errNil)
			}
			call.p[0] = *ptr(pp, x.atP+8)
			if m := vm.f.prog.method(d, word); m.fn != nil {
				call.fn, call.p[0] = m.fn, m.receiver(call.p[0])
				return
			}
			call.dyn, call.word = d, word
		}
	case static != nil && c.p.isNative(static):
		f := c.p.declare(static)
		s = &callShape{params: f.params, results: f.results}
		s.n, s.p = sizeOf(f.params, f.results)
		make = func(_ *machine, _, _ unsafe.Pointer, call *pendingCall) { call.fn = f }
	case isFunction(common.Value):
		g := c.p.compiled(common.Value.(*ssa.Function), c.f)
		s = &g.callShape
		make = func(_ *machine, _, _ unsafe.Pointer, call *pendingCall) { call.code = g.code }
	default:
		d := c.dynamic(common)
		x, s = c.operand(common.Value), &d.callShape
		make = func(_ *machine, _, pp unsafe.Pointer, call *pendingCall) {
			value := *ptr(pp, x.atP)
			if value == nil { // it panics when it is called
				return
			}
			if clo := closureOf(value); clo != nil {
				call.fn, call.clo = clo.fn, clo
				return
			}
			call.code = value
		}
	}
	c.arguments(s, common)
	size := *s
	c.exit(func(vm *machine, np, pp unsafe.Pointer) {
		call := &pendingCall{prog: vm.f.prog, shape: s, n: newSlice[uint64](size.n), p: newSlice[unsafe.Pointer](size.p)}
		copy(call.n, unsafe.Slice((*uint64)(unsafe.Add(np, vm.f.nsize)), len(call.n)))
		copy(call.p, unsafe.Slice((*unsafe.Pointer)(unsafe.Add(pp, vm.f.psize)), len(call.p)))
		make(vm, np, pp, call)
		use(vm, np, pp, call.run)
	})
}

func newSlice[T any](bytes int32) []T { return make([]T, bytes/8) }

func isFunction(v ssa.Value) bool {
	_, ok := v.(*ssa.Function)
	return ok
}

// goStmt starts a goroutine.
func (c *compiler) goStmt(in *ssa.Go) {
	host := c.p.host
	c.pending(&in.Call, func(_ *machine, _, _ unsafe.Pointer, run func(*panicState)) {
		host.Go(func() { run(nil) })
	})
}

func (c *compiler) deferring() bool {
	return c.f.Recover != nil || c.deferLoc.layout != nil
}

// deferSlot is where the function keeps its deferred calls.
func (c *compiler) deferSlot() loc {
	if c.deferLoc.layout == nil {
		c.deferLoc = c.permanent(pointerLayout)
	}
	return c.deferLoc
}

// defers is the list of a frame, made when it is first needed.
func defers(pp unsafe.Pointer, slot int32) *deferList {
	p := ptr(pp, slot)
	if *p == nil {
		*p = unsafe.Pointer(new(deferList))
	}
	return (*deferList)(*p)
}

func (c *compiler) deferStmt(in *ssa.Defer) {
	slot := c.deferSlot().atP
	if in.DeferStack != nil {
		slot = c.operand(in.DeferStack).atP
	}
	c.pending(&in.Call, func(_ *machine, _, pp unsafe.Pointer, run func(*panicState)) {
		d := defers(pp, slot)
		d.calls = append(d.calls, run)
	})
}

func (c *compiler) runDefers() {
	slot := c.deferSlot().atP
	c.exit(func(_ *machine, _, pp unsafe.Pointer) {
		if d := (*deferList)(*ptr(pp, slot)); d != nil {
			d.runDefers()
		}
	})
}
