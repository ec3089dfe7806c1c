package native

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	mathbits "math/bits"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// exits makes the code of instructions that Go does.
func (c *compiler) exits(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.Call:
		c.call(in)
	case *ssa.Go:
		c.goStmt(in)
	case *ssa.Defer:
		c.deferStmt(in)
	case *ssa.RunDefers:
		c.runDefers()
	case *ssa.Panic:
		x := c.operand(in.X)
		c.exit(func(_ *machine, _, pp unsafe.Pointer) { panic(eface(*ptr(pp, x.atP), *ptr(pp, x.atP+8))) })
	case *ssa.MakeInterface:
		c.makeInterface(in)
	case *ssa.ChangeInterface:
		c.changeInterface(in)
	case *ssa.TypeAssert:
		c.typeAssert(in)
	case *ssa.MakeClosure:
		c.makeClosure(in)
	case *ssa.MakeMap:
		c.makeMap(in)
	case *ssa.MapUpdate:
		c.mapUpdate(in)
	case *ssa.Range:
		c.rangeOver(in)
	case *ssa.Next:
		c.next(in)
	case *ssa.MakeChan:
		d, n, t := c.operand(in), c.operand(in.Size), c.typ(in.Type())
		both := reflect.ChanOf(reflect.BothDir, t.Elem())
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			size := *snum(np, n.atN)
			if size < 0 {
				panic(errChan)
			}
			*ptr(pp, d.atP) = reflect.MakeChan(both, int(size)).UnsafePointer()
		})
	case *ssa.Send:
		c.send(in)
	case *ssa.Select:
		c.selectStmt(in)
	default:
		refuse("%T", in)
	}
}

func (c *compiler) makeInterface(in *ssa.MakeInterface) {
	d, t := c.operand(in), c.typ(in.X.Type())
	word := itabFor(c.typ(in.Type()), t)
	if word == nil {
		refuse("%v as %v", t, in.Type())
	}
	c.emit(opConstP, d.atP, c.pointer(word), 0)
	if k, ok := in.X.(*ssa.Const); ok && !direct(t) {
		l := c.layout(types.Default(k.Type()))
		nums, ptrs := c.constBits(k, l)
		nums, ptrs = append(nums, 0), append(ptrs, nil)
		m := loc{l, 0, 0}.memory(unsafe.Pointer(&nums[0]), unsafe.Pointer(&ptrs[0]))
		c.emit(opConstP, d.atP+8, c.pointer(m), 0)
		return
	}
	x := c.operand(in.X)
	switch {
	case direct(t) && x.boxed:
		c.exit(func(_ *machine, _, pp unsafe.Pointer) { *ptr(pp, d.atP+8) = *(*unsafe.Pointer)(*ptr(pp, x.atP)) })
	case direct(t):
		c.emit(opMovP, d.atP+8, x.atP, 0)
	case x.boxed: // nobody changes it
		c.emit(opMovP, d.atP+8, x.atP, 0)
	case x.isNumber(): // as the next, at less expense
		typ := typeWord(t)
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			v := *num(np, x.atN)
			if v < uint64(len(smallNumbers)) {
				*ptr(pp, d.atP+8) = unsafe.Pointer(&smallNumbers[v])
				return
			}
			m := mallocgc(8, typ, false)
			*(*uint64)(m) = v
			*ptr(pp, d.atP+8) = m
		})
	case x.isText():
		typ := typeWord(t)
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			// It may be a struct that looks like a string: a nil pointer, and any number.
			m := mallocgc(16, typ, true)
			*(*two[unsafe.Pointer, uint64])(m) = two[unsafe.Pointer, uint64]{*ptr(pp, x.atP), *num(np, x.atN)}
			*ptr(pp, d.atP+8) = m
		})
	default:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) { *ptr(pp, d.atP+8) = x.memory(np, pp) })
	}
}

// smallNumbers are what interfaces that hold small numbers point to, so that no memory is taken for
// them.
var smallNumbers = func() (t [256]uint64) {
	for i := range t {
		t[i] = uint64(i)
	}
	return t
}()

// An ifaceCache is the first word of an interface for the type that was met last.
type ifaceCache struct {
	last atomic.Pointer[[2]unsafe.Pointer]
}

// word is the first word of an interface type for a dynamic type, or nil.
func (ic *ifaceCache) word(it reflect.Type, typ unsafe.Pointer) unsafe.Pointer {
	if l := ic.last.Load(); l != nil && l[0] == typ {
		return l[1]
	}
	w := itabFor(it, typeOfWord(typ))
	ic.last.Store(&[2]unsafe.Pointer{typ, w})
	return w
}

func hasMethods(t types.Type) bool { return t.Underlying().(*types.Interface).NumMethods() > 0 }

func (c *compiler) changeInterface(in *ssa.ChangeInterface) {
	d, x, it, methods := c.operand(in), c.operand(in.X), c.typ(in.Type()), hasMethods(in.X.Type())
	cache := &ifaceCache{}
	c.exit(func(_ *machine, _, pp unsafe.Pointer) {
		typ, data := dynamicType(*ptr(pp, x.atP), methods), *ptr(pp, x.atP+8)
		if typ != nil {
			typ = cache.word(it, typ)
		}
		*ptr(pp, d.atP), *ptr(pp, d.atP+8) = typ, data
	})
}

func (c *compiler) typeAssert(in *ssa.TypeAssert) {
	x, d := c.operand(in.X), c.operand(in)
	t, methods := c.typ(in.AssertedType), hasMethods(in.X.Type())
	static := typeWord(c.typ(in.X.Type()))
	nilCheck := IsNilCheck(in)
	var ok loc
	if in.CommaOk {
		d, ok = d.part(0), d.part(1)
	}
	// done says what came of the assertion.
	done := func(np, pp unsafe.Pointer, is bool, typ unsafe.Pointer) bool {
		if in.CommaOk {
			*num(np, ok.atN) = truth(is)
			if !is {
				d.clear(np, pp)
			}
		} else if !is {
			if nilCheck && typ == nil {
				panic(errNil)
			}
			panic(assertionError(static, typ, t))
		}
		return is
	}
	if t.Kind() == reflect.Interface {
		cache := &ifaceCache{}
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			typ, data := dynamicType(*ptr(pp, x.atP), methods), *ptr(pp, x.atP+8)
			word := typ
			if typ != nil {
				word = cache.word(t, typ)
			}
			if done(np, pp, word != nil, typ) {
				*ptr(pp, d.atP), *ptr(pp, d.atP+8) = word, data
			}
		})
		return
	}
	want, isDirect := typeWord(t), direct(t)
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		typ, data := dynamicType(*ptr(pp, x.atP), methods), *ptr(pp, x.atP+8)
		if !done(np, pp, typ == want, typ) {
			return
		}
		switch {
		case d.boxed && isDirect:
			*ptr(pp, d.atP) = clone(t, unsafe.Pointer(&data))
		case isDirect, d.boxed:
			*ptr(pp, d.atP) = data
		default:
			d.load(np, pp, data)
		}
	})
}

// IsNilCheck reports whether an assertion is the one that go/ssa puts before it takes a method
// value from an interface, to look for nil. It asserts the type that the interface has anyway.
func IsNilCheck(in *ssa.TypeAssert) bool {
	after := slices.Index(in.Block().Instrs, ssa.Instruction(in)) + 1
	if in.CommaOk || after >= len(in.Block().Instrs) {
		return false
	}
	method, ok := in.Block().Instrs[after].(*ssa.MakeClosure)
	return ok && len(method.Bindings) == 1 && method.Bindings[0] == in.X && types.Identical(in.X.Type(), in.AssertedType)
}

func assertionError(static, concrete unsafe.Pointer, t reflect.Type) error {
	e := &runtime.TypeAssertionError{}
	m := (*typeAssertionError)(unsafe.Pointer(e))
	m.inter, m.concrete, m.asserted = static, concrete, typeWord(t)
	if t.Kind() == reflect.Interface {
		m.inter = nil // as Go's runtime has it
	}
	if concrete != nil && t.Kind() == reflect.Interface {
		m.missing = MissingMethod(typeOfWord(concrete), t)
	}
	return e
}

// MissingMethod names the first method of an interface that a type, which is no interface, lacks;
// it is empty if none is.
func MissingMethod(have, t reflect.Type) string {
	for i := range t.NumMethod() {
		if wanted := t.Method(i); !hasMethod(have, wanted) {
			return wanted.Name
		}
	}
	return ""
}

// hasMethod reports whether a type that is no interface has a method of an interface.
func hasMethod(t reflect.Type, wanted reflect.Method) bool {
	m, ok := t.MethodByName(wanted.Name)
	if !ok || m.Type.NumIn() != wanted.Type.NumIn()+1 || m.Type.IsVariadic() != wanted.Type.IsVariadic() {
		return false
	}
	params := slices.Collect(m.Type.Ins())[1:] // without the receiver
	return slices.Equal(params, slices.Collect(wanted.Type.Ins())) && slices.Equal(slices.Collect(m.Type.Outs()), slices.Collect(wanted.Type.Outs()))
}

func (c *compiler) makeClosure(in *ssa.MakeClosure) {
	f := c.p.declare(in.Fn.(*ssa.Function))
	d := c.operand(in)
	var n, p int32
	type part struct{ from, to loc }
	var parts []part
	for _, b := range in.Bindings {
		x := c.operand(b)
		parts = append(parts, part{x, loc{x.layout, n, p}})
		n, p = n+x.n, p+x.p
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		clo := &closure{fn: f, n: newSlice[uint64](n), p: newSlice[unsafe.Pointer](p)}
		for _, x := range parts {
			copy(clo.n[x.to.atN/8:], unsafe.Slice((*uint64)(unsafe.Add(np, x.from.atN)), x.from.n/8))
			copy(clo.p[x.to.atP/8:], unsafe.Slice((*unsafe.Pointer)(unsafe.Add(pp, x.from.atP)), x.from.p/8))
		}
		*ptr(pp, d.atP) = clo.value()
	})
}

func (c *compiler) makeMap(in *ssa.MakeMap) {
	d, t := c.operand(in), c.typ(in.Type())
	var n loc
	if in.Reserve != nil {
		n = c.operand(in.Reserve)
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		size := int64(0)
		if n.layout != nil {
			size = max(0, *snum(np, n.atN))
		}
		*ptr(pp, d.atP) = reflect.MakeMapWithSize(t, int(size)).UnsafePointer()
	})
}

// A mapAccess knows how elements of a type of maps are found.
type mapAccess struct {
	typ    unsafe.Pointer
	key    loc
	number bool // keys are integers of 64 bits
	text   bool // strings
}

func (c *compiler) mapAccess(m types.Type, key ssa.Value) mapAccess {
	t := c.typ(m)
	x := mapAccess{typ: typeWord(t), key: c.operand(key)}
	switch t.Key().Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		x.number = t.Elem().Size() <= 128
	case reflect.String:
		x.text = t.Elem().Size() <= 128
	}
	return x
}

func (a *mapAccess) find(np, pp, m unsafe.Pointer) (unsafe.Pointer, bool) {
	switch {
	case a.number:
		return mapaccess2_fast64(a.typ, m, *num(np, a.key.atN))
	case a.text:
		return mapaccess2_faststr(a.typ, m, text(np, pp, a.key))
	}
	return mapaccess2(a.typ, m, a.keyMemory(np, pp))
}

func (a *mapAccess) assign(np, pp, m unsafe.Pointer) unsafe.Pointer {
	switch {
	case a.number:
		return mapassign_fast64(a.typ, m, *num(np, a.key.atN))
	case a.text:
		return mapassign_faststr(a.typ, m, text(np, pp, a.key))
	}
	return mapassign(a.typ, m, a.keyMemory(np, pp))
}

func (a *mapAccess) keyMemory(np, pp unsafe.Pointer) unsafe.Pointer {
	if a.key.boxed {
		return *ptr(pp, a.key.atP)
	}
	return a.key.memory(np, pp)
}

func (c *compiler) mapLookup(in *ssa.Lookup) {
	a, m, d := c.mapAccess(in.X.Type(), in.Index), c.operand(in.X), c.operand(in)
	var ok loc
	if in.CommaOk {
		d, ok = d.part(0), d.part(1)
	}
	comma := in.CommaOk
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		e, found := a.find(np, pp, *ptr(pp, m.atP))
		if comma {
			*num(np, ok.atN) = truth(found)
		}
		if !found {
			d.clear(np, pp)
			return
		}
		d.load(np, pp, e)
	})
}

func (c *compiler) mapUpdate(in *ssa.MapUpdate) {
	if sum := c.sums[in]; sum != nil {
		c.mapSum(in, sum)
		return
	}
	a, m, v := c.mapAccess(in.Map.Type(), in.Key), c.operand(in.Map), c.operand(in.Value)
	c.exit(func(_ *machine, np, pp unsafe.Pointer) { v.store(np, pp, a.assign(np, pp, *ptr(pp, m.atP))) })
}

// mapSum sets an element to what it was and something else.
func (c *compiler) mapSum(in *ssa.MapUpdate, sum *ssa.BinOp) {
	a, m, y := c.mapAccess(in.Map.Type(), in.Key), c.operand(in.Map), c.operand(sum.Y)
	k := c.layout(sum.Type()).pieces[0].kind
	of, ofFloats := sumOf[sum.Op], sumOfFloats[sum.Op]
	switch {
	case k == kF64:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			x := (*float64)(a.assign(np, pp, *ptr(pp, m.atP)))
			*x = ofFloats(*x, *flt(np, y.atN))
		})
	case k == k64 && sum.Op == token.ADD:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			*(*uint64)(a.assign(np, pp, *ptr(pp, m.atP))) += *num(np, y.atN)
		})
	default:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			x := a.assign(np, pp, *ptr(pp, m.atP))
			storeKind(k, x, of(loadKind(k, x), *num(np, y.atN)))
		})
	}
}

// A textIter is where a range over a string is.
type textIter struct {
	s string
	i int
}

// A mapIter is where a range over a map is.
type mapIter struct {
	it         *reflect.MapIter
	key, value reflect.Value
}

func (c *compiler) rangeOver(in *ssa.Range) {
	d, x := c.operand(in), c.operand(in.X)
	if _, ok := in.X.Type().Underlying().(*types.Basic); ok {
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			*ptr(pp, d.atP) = unsafe.Pointer(&textIter{s: text(np, pp, x)})
		})
		return
	}
	t := c.typ(in.X.Type())
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		m := reflect.NewAt(t, unsafe.Pointer(ptr(pp, x.atP))).Elem()
		m = reflect.ValueOf(m.Interface()) // not what the slot holds later
		*ptr(pp, d.atP) = unsafe.Pointer(&mapIter{m.MapRange(), reflect.New(t.Key()), reflect.New(t.Elem())})
	})
}

func (c *compiler) next(in *ssa.Next) {
	it, d := c.operand(in.Iter), c.operand(in)
	ok, key, value := d.part(0), d.part(1), d.part(2)
	hasKey, hasValue := key.typ != nil, value.typ != nil
	if in.IsString {
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			s := (*textIter)(*ptr(pp, it.atP))
			*num(np, ok.atN) = truth(s.i < len(s.s))
			if s.i == len(s.s) {
				return
			}
			r, size := utf8.DecodeRuneInString(s.s[s.i:])
			if hasKey {
				*snum(np, key.atN) = int64(s.i)
			}
			if hasValue {
				*snum(np, value.atN) = int64(r)
			}
			s.i += size
		})
		return
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		m := (*mapIter)(*ptr(pp, it.atP))
		more := m.it.Next()
		*num(np, ok.atN) = truth(more)
		if !more {
			return
		}
		if hasKey {
			m.key.Elem().SetIterKey(m.it)
			key.load(np, pp, m.key.UnsafePointer())
		}
		if hasValue {
			m.value.Elem().SetIterValue(m.it)
			value.load(np, pp, m.value.UnsafePointer())
		}
	})
}

// channel is a channel in a slot, of which both directions can be used.
func channel(pp unsafe.Pointer, x loc, both reflect.Type) reflect.Value {
	p := *ptr(pp, x.atP)
	return reflect.NewAt(both, unsafe.Pointer(&p)).Elem()
}

func (c *compiler) both(ch ssa.Value) reflect.Type {
	return reflect.ChanOf(reflect.BothDir, c.typ(ch.Type()).Elem())
}

func (c *compiler) send(in *ssa.Send) {
	ch, x, both := c.operand(in.Chan), c.operand(in.X), c.both(in.Chan)
	if x.isNumber() {
		c.exit(func(_ *machine, np, pp unsafe.Pointer) { (*(*chan uint64)(unsafe.Add(pp, ch.atP))) <- *num(np, x.atN) })
		return
	}
	c.exit(func(_ *machine, np, pp unsafe.Pointer) { channel(pp, ch, both).Send(x.value(np, pp)) })
}

// isNumber reports whether a value is one number of 64 bits.
func (l *layout) isNumber() bool {
	return !l.boxed && len(l.pieces) == 1 && l.n == 8 && l.typ != nil && l.typ.Size() == 8
}

func (c *compiler) receive(in *ssa.UnOp) {
	ch, d, both := c.operand(in.X), c.operand(in), c.both(in.X)
	var ok loc
	if in.CommaOk {
		d, ok = d.part(0), d.part(1)
	}
	comma, number := in.CommaOk, d.isNumber()
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		var is bool
		if number {
			var x uint64
			x, is = <-*(*chan uint64)(unsafe.Add(pp, ch.atP))
			*num(np, d.atN) = x
		} else {
			var v reflect.Value
			v, is = channel(pp, ch, both).Recv()
			d.set(np, pp, v)
		}
		if comma {
			*num(np, ok.atN) = truth(is)
		}
	})
}

func (c *compiler) selectStmt(in *ssa.Select) {
	type one struct {
		dir      reflect.SelectDir
		ch, x, r loc
		both     reflect.Type
	}
	d := c.operand(in)
	var list []one
	n := 2
	for _, s := range in.States {
		x := one{dir: reflect.SelectRecv, ch: c.operand(s.Chan), both: c.both(s.Chan)}
		if s.Dir == types.SendOnly {
			x.dir, x.x = reflect.SelectSend, c.operand(s.Send)
		} else {
			x.r = d.part(n)
			n++
		}
		list = append(list, x)
	}
	blocking := in.Blocking
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		var cases []reflect.SelectCase
		for _, x := range list {
			k := reflect.SelectCase{Dir: x.dir, Chan: channel(pp, x.ch, x.both)}
			if x.dir == reflect.SelectSend {
				k.Send = x.x.value(np, pp)
			}
			cases = append(cases, k)
		}
		if !blocking {
			cases = append(cases, reflect.SelectCase{Dir: reflect.SelectDefault})
		}
		i, v, ok := reflect.Select(cases)
		for k, x := range list {
			if x.dir == reflect.SelectRecv {
				if k == i {
					x.r.set(np, pp, v)
				} else {
					x.r.clear(np, pp)
				}
			}
		}
		if i == len(list) {
			i = -1
		}
		*snum(np, d.part(0).atN), *num(np, d.part(1).atN) = int64(i), truth(ok)
	})
}

// builtin makes the code of a call of a builtin function.
func (c *compiler) builtin(in *ssa.Call, name string, args []ssa.Value) {
	switch name {
	case "append":
		c.appendTo(in, args)
	case "copy":
		c.copyTo(in, args)
	case "len", "cap":
		c.length(in, name, args[0])
	case "min", "max":
		c.extreme(in, name == "max", args)
	case "real":
		c.emit(opMovN, c.operand(in).atN, c.operand(args[0]).atN, 0)
	case "imag":
		c.emit(opMovN, c.operand(in).atN, c.operand(args[0]).atN+8, 0)
	case "complex":
		d, re, im := c.operand(in), c.operand(args[0]), c.operand(args[1])
		c.emit(opMovN, d.atN, re.atN, 0)
		c.emit(opMovN, d.atN+8, im.atN, 0)
	case "recover":
		c.recoverTo(c.operand(in), c.p.host.Recovered)
	case "ssa:wrapnilchk":
		c.wrapNilCheck(in, args)
	case "ssa:deferstack":
		d, slot := c.operand(in), c.deferSlot().atP
		c.exit(func(_ *machine, _, pp unsafe.Pointer) { *ptr(pp, d.atP) = unsafe.Pointer(defers(pp, slot)) })
	case "Add", "Slice", "String", "SliceData", "StringData":
		c.unsafeCall(in, name, args)
	case "Sizeof", "Alignof", "Offsetof":
		askType(c, in, name)
	default:
		c.pendingBuiltin(name, args, func(_ *machine, _, _ unsafe.Pointer, run func(*panicState)) { run(nil) })
	}
}

// recoverTo recovers what was thrown, and lets see look at it first.
func (c *compiler) recoverTo(d loc, see func(any) any) {
	c.exit(func(vm *machine, _, pp unsafe.Pointer) {
		v := see(vm.recovered())
		w := efaceWords(&v)
		*ptr(pp, d.atP), *ptr(pp, d.atP+8) = w[0], w[1]
	})
}

// pendingBuiltin keeps a call of a builtin without result for later.
func (c *compiler) pendingBuiltin(name string, args []ssa.Value, use func(vm *machine, np, pp unsafe.Pointer, run func(*panicState))) {
	var locs []loc
	for _, a := range args {
		locs = append(locs, c.operand(a))
	}
	var do func(vm *machine, v []reflect.Value, st *panicState)
	switch name {
	case "close":
		both := c.both(args[0])
		c.exit(func(vm *machine, np, pp unsafe.Pointer) {
			ch := channel(pp, locs[0], both)
			use(vm, np, pp, func(*panicState) { ch.Close() })
		})
		return
	case "delete":
		t := typeWord(c.typ(args[0].Type()))
		c.exit(func(vm *machine, np, pp unsafe.Pointer) {
			m, key := *ptr(pp, locs[0].atP), locs[1].memory(np, pp)
			use(vm, np, pp, func(*panicState) { mapdelete(t, m, key) })
		})
		return
	case "clear":
		do = func(_ *machine, v []reflect.Value, _ *panicState) { v[0].Clear() }
	case "panic":
		do = func(_ *machine, v []reflect.Value, _ *panicState) { panic(v[0].Interface()) }
	case "copy":
		do = func(_ *machine, v []reflect.Value, _ *panicState) { reflect.Copy(v[0], v[1]) }
	case "recover": // deferred, it stops the panic that the function it is deferred by may recover
		see := c.p.host.Recovered
		do = func(vm *machine, _ []reflect.Value, st *panicState) {
			if st == nil { // else it is called by the panic of its own function
				see(vm.recovered())
			}
		}
	case "print", "println":
		host := c.p.host
		do = func(_ *machine, v []reflect.Value, _ *panicState) {
			var list []any
			for _, x := range v {
				list = append(list, x.Interface())
			}
			host.Print(name == "println", list...)
		}
	default:
		refuse("builtin %s", name)
	}
	c.exit(func(vm *machine, np, pp unsafe.Pointer) {
		var list []reflect.Value
		for _, l := range locs {
			list = append(list, l.value(np, pp))
		}
		use(vm, np, pp, func(st *panicState) { do(vm, list, st) })
	})
}

func (c *compiler) appendTo(in *ssa.Call, args []ssa.Value) {
	d, s := c.operand(in), c.operand(args[0])
	et := c.typ(in.Type()).Elem()
	size, word, pointers := et.Size(), typeWord(et), hasPointers(et)
	room := func(h sliceHeader, n int) sliceHeader {
		if length := h.len + n; uint(length) <= uint(h.cap) {
			h.len = length
			return h
		}
		return growslice(h.data, h.len+n, h.cap, n, word)
	}
	if slice, ok := args[1].(ssa.Instruction); ok && c.varargs[slice] != nil {
		var values []loc
		for _, v := range c.varargs[slice] {
			values = append(values, c.operand(v))
		}
		if len(values) == 1 && values[0].isNumber() {
			c.exit(func(_ *machine, np, pp unsafe.Pointer) {
				h := header(np, pp, s)
				v := *num(np, values[0].atN)
				at := h.len
				h = room(h, 1)
				*(*uint64)(unsafe.Add(h.data, uintptr(at)*8)) = v
				setHeader(np, pp, d, h)
			})
			return
		}
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			h := header(np, pp, s)
			at := h.len
			h = room(h, len(values))
			for i, v := range values {
				v.store(np, pp, unsafe.Add(h.data, uintptr(at+i)*size))
			}
			setHeader(np, pp, d, h)
		})
		return
	}
	if len(args) == 1 {
		c.mov(d, s)
		return
	}
	t := c.operand(args[1])
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		h, more := header(np, pp, s), *ptr(pp, t.atP)
		n := int(*snum(np, t.atN))
		if n == 0 {
			setHeader(np, pp, d, h)
			return
		}
		at := h.len
		h = room(h, n)
		copyElements(word, size, pointers, unsafe.Add(h.data, uintptr(at)*size), more, n)
		setHeader(np, pp, d, h)
	})
}

func (c *compiler) copyTo(in *ssa.Call, args []ssa.Value) {
	d, to, from := c.operand(in), c.operand(args[0]), c.operand(args[1])
	et := c.typ(args[0].Type()).Elem()
	size, word, pointers := et.Size(), typeWord(et), hasPointers(et)
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		n := min(*snum(np, to.atN), *snum(np, from.atN))
		copyElements(word, size, pointers, *ptr(pp, to.atP), *ptr(pp, from.atP), int(n))
		*snum(np, d.atN) = n
	})
}

// copyElements copies n elements of a type.
func copyElements(typ unsafe.Pointer, size uintptr, pointers bool, to, from unsafe.Pointer, n int) {
	if pointers {
		typedslicecopy(typ, to, n, from, n)
		return
	}
	bytes := n * int(size)
	copy(unsafe.Slice((*byte)(to), bytes), unsafe.Slice((*byte)(from), bytes))
}

func (c *compiler) length(in *ssa.Call, name string, x ssa.Value) {
	d := c.operand(in)
	if arr, ok := arrayBelow(x.Type()); ok {
		*c.emit(opNop, 0, 0, 0) = constNInstr(d.atN, uint64(arr.Len()))
		return
	}
	if u, ok := x.(*ssa.UnOp); ok && c.fused[u] {
		slot, off := c.address(u.X)
		c.emit(opLd8, d.atN, slot, off+8)
		return
	}
	l := c.operand(x)
	isCap := name == "cap"
	switch x.Type().Underlying().(type) {
	case *types.Map:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			*snum(np, d.atN) = int64(len(*(*map[int]int)(unsafe.Add(pp, l.atP))))
		})
	case *types.Chan:
		c.exit(func(_ *machine, np, pp unsafe.Pointer) {
			ch := *(*chan int)(unsafe.Add(pp, l.atP))
			*snum(np, d.atN) = int64(pick(isCap, cap(ch), len(ch)))
		})
	default:
		c.emit(opMovN, d.atN, l.atN+pick[int32](isCap, 8, 0), 0)
	}
}

func (c *compiler) extreme(in *ssa.Call, largest bool, args []ssa.Value) {
	var list []loc
	for _, a := range args {
		list = append(list, c.operand(a))
	}
	d := c.operand(in)
	switch {
	case d.p > 0:
		reduce(c, list, largest, func(np, pp unsafe.Pointer, l loc) string { return text(np, pp, l) }, func(np, pp unsafe.Pointer, s string) { setText(np, pp, d, s) })
	case d.pieces[0].kind == kF32:
		reduce(c, list, largest, func(np, _ unsafe.Pointer, l loc) float32 { return f32(np, l.atN) }, func(np, _ unsafe.Pointer, x float32) { setF32(np, d.atN, x) })
	case d.pieces[0].kind == kF64:
		reduce(c, list, largest, func(np, _ unsafe.Pointer, l loc) float64 { return *flt(np, l.atN) }, func(np, _ unsafe.Pointer, x float64) { *flt(np, d.atN) = x })
	case isUnsigned(in.Type()):
		reduce(c, list, largest, func(np, _ unsafe.Pointer, l loc) uint64 { return *num(np, l.atN) }, func(np, _ unsafe.Pointer, x uint64) { *num(np, d.atN) = x })
	default:
		reduce(c, list, largest, func(np, _ unsafe.Pointer, l loc) int64 { return *snum(np, l.atN) }, func(np, _ unsafe.Pointer, x int64) { *snum(np, d.atN) = x })
	}
}

func reduce[T cmp.Ordered](c *compiler, list []loc, largest bool, get func(np, pp unsafe.Pointer, l loc) T, set func(np, pp unsafe.Pointer, x T)) {
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		x := get(np, pp, list[0])
		for _, l := range list[1:] {
			if largest {
				x = max(x, get(np, pp, l))
			} else {
				x = min(x, get(np, pp, l))
			}
		}
		set(np, pp, x)
	})
}

// wrapNilCheck panics where a method of a value is called through a nil pointer.
func (c *compiler) wrapNilCheck(in *ssa.Call, args []ssa.Value) {
	d, x, recv, method := c.operand(in), c.operand(args[0]), c.operand(args[1]), c.operand(args[2])
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		if *ptr(pp, x.atP) == nil {
			t, m := text(np, pp, recv), text(np, pp, method)
			panic(plainError(fmt.Sprintf("value method %s.%s called using nil *%s pointer", t, m, t[strings.LastIndex(t, ".")+1:])))
		}
		*ptr(pp, d.atP) = *ptr(pp, x.atP)
	})
}

func (c *compiler) unsafeCall(in *ssa.Call, name string, args []ssa.Value) {
	d, x := c.operand(in), c.operand(args[0])
	var n loc
	if len(args) > 1 {
		n = c.operand(args[1])
	}
	et := reflect.TypeFor[struct{}]()
	if pt := c.typ(args[0].Type()); name == "Slice" {
		et = pt.Elem()
	}
	unsigned := len(args) > 1 && isUnsigned(args[1].Type())
	c.exit(func(_ *machine, np, pp unsafe.Pointer) {
		if n.layout != nil && unsigned && *snum(np, n.atN) < 0 {
			panic(runtimeError("unsafe." + name + ": len out of range"))
		}
		switch name {
		case "Add":
			*ptr(pp, d.atP) = unsafe.Add(*ptr(pp, x.atP), int(*snum(np, n.atN)))
		case "Slice":
			p, length := *ptr(pp, x.atP), int(*snum(np, n.atN))
			if size := et.Size(); size > 0 && length > 0 { // as many bytes, to have the same checks
				high, low := mathbits.Mul64(uint64(size), uint64(length))
				if high != 0 || low > 1<<63-1 {
					panic(runtimeError("unsafe.Slice: len out of range"))
				}
				_ = unsafe.Slice((*byte)(p), low)
			} else {
				_ = unsafe.Slice((*struct{})(p), length)
			}
			setHeader(np, pp, d, sliceHeader{p, length, length})
		case "String":
			setText(np, pp, d, unsafe.String((*byte)(*ptr(pp, x.atP)), int(*snum(np, n.atN))))
		default:
			*ptr(pp, d.atP) = *ptr(pp, x.atP)
		}
	})
}
