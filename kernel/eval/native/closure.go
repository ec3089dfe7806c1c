package native

//lint:file-ignore U1000 Fields of results are written by address, and read as results of a call.

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A closure is a function with the values of its free variables.
type closure struct {
	fn *fn
	n  []uint64
	p  []unsafe.Pointer
}

// free puts the free variables into a frame of the function.
func (c *closure) free(np, pp unsafe.Pointer) {
	for i, x := range c.n {
		*num(np, c.fn.freeN+int32(8*i)) = x
	}
	for i, x := range c.p {
		*ptr(pp, c.fn.freeP+int32(8*i)) = x
	}
}

// value is the closure as a function value of Go: one of the functions below where the shape of its
// signature has one, so that compiled code calls it without package reflect.
func (c *closure) value() unsafe.Pointer {
	e := c.fn.entry.Load()
	if e == nil {
		e = entryFor(c.fn)
		c.fn.entry.Store(e)
	}
	if e.make != nil {
		return e.make(c, e)
	}
	f := reflect.MakeFunc(c.fn.sig, func(args []reflect.Value) []reflect.Value { return c.fn.callValues(args, c) })
	x := reflect.New(c.fn.sig)
	x.Elem().Set(f)
	value := *(*unsafe.Pointer)(x.UnsafePointer())
	madeClosures.add(value, c)
	return value
}

// An entry is how compiled code enters a function: it says where each word of the arguments and
// results is.
type entry struct {
	make    func(*closure, *entry) unsafe.Pointer
	in, out []word
	quick   atomic.Pointer[quickNum]  // what calls it without a machine, if it is small
	less    atomic.Pointer[quickLess] // the same in one step, if it is no more
	tried   atomic.Bool               // to make these
}

// A word is one register of a call.
type word struct {
	ptr   bool
	short bool // less than a slot
	kind  kind
	slot  int32
}

func (w word) letter() byte {
	switch {
	case w.ptr:
		return 'p'
	case w.kind.float():
		return 'f'
	}
	return 'n'
}

// words takes values apart. ok is false where registers do not follow the words, or where what a
// callee keeps of them for itself would be laid out differently.
func words(list []loc) (out []word, pattern string, ok bool) {
	narrow := false
	for _, l := range list {
		if l.boxed || l.typ != nil && l.typ.Size() > 0 && len(l.pieces) == 0 {
			return nil, "", false
		}
		for _, x := range l.pieces {
			is := x.kind.size() < 8
			if is && narrow {
				return nil, "", false
			}
			narrow = is
			w := word{x.kind == kPtr, is, x.kind, l.piece(x)}
			out = append(out, w)
			pattern += string(w.letter())
		}
	}
	return out, pattern, true
}

func entryFor(f *fn) *entry {
	e := &entry{}
	in, params, ok := words(f.params[:len(f.params)-f.nfree])
	out, results, ok2 := words(f.results)
	if ok && ok2 {
		e.in, e.out, e.make = in, out, makers()[params+":"+results]
	}
	return e
}

// register is what one register of a call holds.
type register interface {
	uint64 | float64 | unsafe.Pointer
}

func setWord[W register](np, pp unsafe.Pointer, w *word, x W) {
	if w.ptr {
		*(*W)(unsafe.Add(pp, w.slot)) = x
		return
	}
	*(*W)(unsafe.Add(np, w.slot)) = x
	if w.short {
		*num(np, w.slot) = narrow(w.kind, *num(np, w.slot))
	}
}

// begin makes a machine that is about to call c.
func (c *closure) begin(e *entry) (vm *machine, np, pp unsafe.Pointer) {
	if !e.tried.Load() {
		e.quickly(c.fn)
	}
	vm = machineFor(c.fn)
	np, pp = vm.base()
	if c.fn.nfree > 0 {
		c.free(np, pp)
	}
	return vm, np, pp
}

func funcWord[F any](f F) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&f)) }

func in0[R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func() (r R) {
		vm, _, _ := c.begin(e)
		vm.enter(c.fn)
		vm.finish(c.fn, e, unsafe.Pointer(&r))
		return r
	})
}

// results are the results of a call as one value: Go returns the fields of a struct in registers as
// it does several results.
type results interface {
	none | one[uint64] | one[float64] | one[unsafe.Pointer] | two[unsafe.Pointer, uint64] | two[unsafe.Pointer, unsafe.Pointer] | slice
}

type none struct{}
type one[A register] struct{ a A }
type two[A, B register] struct {
	a A
	b B
}
type slice struct {
	p    unsafe.Pointer
	n, m uint64
}

// finish takes the results of a call and gives the machine back. It does not keep r.
func (vm *machine) finish(f *fn, e *entry, r unsafe.Pointer) {
	np, pp := vm.base()
	for i := range e.out {
		w := &e.out[i]
		to := unsafe.Add(r, 8*i)
		if w.ptr {
			*(*unsafe.Pointer)(to) = *ptr(pp, w.slot)
		} else {
			*(*uint64)(to) = *num(np, w.slot)
		}
	}
	vm.done(f.pneed)
}

func in1[A register, R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a A) (r R) {
		if tree := e.quick.Load(); tree != nil {
			var q quick
			setQuick(&q, &e.in[0], a)
			if q.run(c, tree, unsafe.Pointer(&r)) {
				return r
			}
		}
		vm, np, pp := c.begin(e)
		setWord(np, pp, &e.in[0], a)
		vm.enter(c.fn)
		vm.finish(c.fn, e, unsafe.Pointer(&r))
		return r
	})
}

func in2[A, B register, R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a A, b B) (r R) { return in2Call[A, B, R](c, e, a, b) })
}

func in2Call[A, B register, R results](c *closure, e *entry, a A, b B) (r R) {
	if tree := e.quick.Load(); tree != nil {
		var q quick
		setQuick(&q, &e.in[0], a)
		setQuick(&q, &e.in[1], b)
		if q.run(c, tree, unsafe.Pointer(&r)) {
			return r
		}
	}
	vm, np, pp := c.begin(e)
	setWord(np, pp, &e.in[0], a)
	setWord(np, pp, &e.in[1], b)
	vm.enter(c.fn)
	vm.finish(c.fn, e, unsafe.Pointer(&r))
	return r
}

// inPair is in2 for two numbers and one. A quickLess it executes itself.
func inPair(c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a, b uint64) (r one[uint64]) {
		l := e.less.Load()
		if l == nil || isSet(l.enter) || handedOver.Load() != 0 {
			return in2Call[uint64, uint64, one[uint64]](c, e, a, b)
		}
		s := l.fixed
		if s == nil && c.p[l.free] != nil {
			s = (*sliceHeader)(unsafe.Add(c.p[l.free], l.off))
		}
		if s == nil || a >= uint64(s.len) || b >= uint64(s.len) { // it panics
			return in2Call[uint64, uint64, one[uint64]](c, e, a, b)
		}
		x, y := unsafe.Add(s.data, int(a)*l.size+l.within), unsafe.Add(s.data, int(b)*l.size+l.within)
		if l.turned {
			x, y = y, x
		}
		switch l.order {
		case byInt:
			return one[uint64]{truth(*(*int64)(x) < *(*int64)(y))}
		case byUint:
			return one[uint64]{truth(*(*uint64)(x) < *(*uint64)(y))}
		case byFloat:
			return one[uint64]{truth(*(*float64)(x) < *(*float64)(y))}
		case byText:
			return one[uint64]{truth(*(*string)(x) < *(*string)(y))}
		}
		return one[uint64]{truth(int64(loadKind(l.kind, x)) < int64(loadKind(l.kind, y)))}
	})
}

func in3[A, B, C register, R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a A, b B, x C) (r R) {
		if tree := e.quick.Load(); tree != nil {
			var q quick
			setQuick(&q, &e.in[0], a)
			setQuick(&q, &e.in[1], b)
			setQuick(&q, &e.in[2], x)
			if q.run(c, tree, unsafe.Pointer(&r)) {
				return r
			}
		}
		vm, np, pp := c.begin(e)
		setWord(np, pp, &e.in[0], a)
		setWord(np, pp, &e.in[1], b)
		setWord(np, pp, &e.in[2], x)
		vm.enter(c.fn)
		vm.finish(c.fn, e, unsafe.Pointer(&r))
		return r
	})
}

func in4[A, B, C, D register, R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a A, b B, x C, y D) (r R) {
		if tree := e.quick.Load(); tree != nil {
			var q quick
			setQuick(&q, &e.in[0], a)
			setQuick(&q, &e.in[1], b)
			setQuick(&q, &e.in[2], x)
			setQuick(&q, &e.in[3], y)
			if q.run(c, tree, unsafe.Pointer(&r)) {
				return r
			}
		}
		vm, np, pp := c.begin(e)
		setWord(np, pp, &e.in[0], a)
		setWord(np, pp, &e.in[1], b)
		setWord(np, pp, &e.in[2], x)
		setWord(np, pp, &e.in[3], y)
		vm.enter(c.fn)
		vm.finish(c.fn, e, unsafe.Pointer(&r))
		return r
	})
}

func in6[A, B, C, D, E, F register, R results](c *closure, e *entry) unsafe.Pointer {
	return funcWord(func(a A, b B, x C, y D, z E, w F) (r R) {
		if tree := e.quick.Load(); tree != nil {
			var q quick
			setQuick(&q, &e.in[0], a)
			setQuick(&q, &e.in[1], b)
			setQuick(&q, &e.in[2], x)
			setQuick(&q, &e.in[3], y)
			setQuick(&q, &e.in[4], z)
			setQuick(&q, &e.in[5], w)
			if q.run(c, tree, unsafe.Pointer(&r)) {
				return r
			}
		}
		vm, np, pp := c.begin(e)
		setWord(np, pp, &e.in[0], a)
		setWord(np, pp, &e.in[1], b)
		setWord(np, pp, &e.in[2], x)
		setWord(np, pp, &e.in[3], y)
		setWord(np, pp, &e.in[4], z)
		setWord(np, pp, &e.in[5], w)
		vm.enter(c.fn)
		vm.finish(c.fn, e, unsafe.Pointer(&r))
		return r
	})
}

type maker = func(*closure, *entry) unsafe.Pointer
type makerTable map[string]maker

type (
	pWord = unsafe.Pointer
	text2 = two[pWord, uint64]
	pair  = two[pWord, pWord]
)

// makers are the functions for each pattern of words: n for numbers, f for floats, p for pointers.
var makers = sync.OnceValue(func() makerTable {
	t := makerTable{":": in0[none], ":n": in0[one[uint64]], ":f": in0[one[float64]], ":p": in0[one[pWord]], ":pn": in0[text2], ":pp": in0[pair], ":pnn": in0[slice]}
	with1[uint64](t, "n")
	with1[float64](t, "f")
	with1[pWord](t, "p")
	t["nn:n"] = inPair
	with4[pWord, uint64, pWord, uint64](t, "pnpn")
	with4[uint64, uint64, uint64, uint64](t, "nnnn")
	with4[pWord, pWord, pWord, pWord](t, "pppp")
	with6[pWord, uint64, uint64, pWord, uint64, uint64](t, "pnnpnn")
	with6[uint64, pWord, uint64, uint64, pWord, uint64](t, "npnnpn")
	with6[pWord, uint64, float64, pWord, uint64, float64](t, "pnfpnf")
	probe := &closure{}
	for _, m := range t {
		value := m(probe, nil)
		at := uintptr(8)
		// The value stands behind what a generic function keeps for itself.
		for *(*unsafe.Pointer)(unsafe.Add(value, at)) != unsafe.Pointer(probe) {
			at += 8
		}
		known.add(*(*uintptr)(value), at)
	}
	return t
})

func with1[A register](t makerTable, p string) {
	t[p+":"], t[p+":n"], t[p+":f"] = in1[A, none], in1[A, one[uint64]], in1[A, one[float64]]
	t[p+":p"], t[p+":pn"], t[p+":pp"], t[p+":pnn"] = in1[A, one[pWord]], in1[A, text2], in1[A, pair], in1[A, slice]
	with2[A, uint64](t, p+"n")
	with2[A, float64](t, p+"f")
	with2[A, pWord](t, p+"p")
}

func with2[A, B register](t makerTable, p string) {
	t[p+":"], t[p+":n"], t[p+":f"] = in2[A, B, none], in2[A, B, one[uint64]], in2[A, B, one[float64]]
	t[p+":p"], t[p+":pn"], t[p+":pp"], t[p+":pnn"] = in2[A, B, one[pWord]], in2[A, B, text2], in2[A, B, pair], in2[A, B, slice]
	with3[A, B, uint64](t, p+"n")
	with3[A, B, float64](t, p+"f")
	with3[A, B, pWord](t, p+"p")
}

func with3[A, B, C register](t makerTable, p string) {
	t[p+":"], t[p+":n"], t[p+":f"] = in3[A, B, C, none], in3[A, B, C, one[uint64]], in3[A, B, C, one[float64]]
	t[p+":p"], t[p+":pn"], t[p+":pp"] = in3[A, B, C, one[pWord]], in3[A, B, C, text2], in3[A, B, C, pair]
}

func with4[A, B, C, D register](t makerTable, p string) {
	t[p+":"], t[p+":n"], t[p+":f"] = in4[A, B, C, D, none], in4[A, B, C, D, one[uint64]], in4[A, B, C, D, one[float64]]
	t[p+":p"], t[p+":pn"], t[p+":pp"] = in4[A, B, C, D, one[pWord]], in4[A, B, C, D, text2], in4[A, B, C, D, pair]
}

func with6[A, B, C, D, E, F register](t makerTable, p string) {
	t[p+":"], t[p+":n"], t[p+":f"] = in6[A, B, C, D, E, F, none], in6[A, B, C, D, E, F, one[uint64]], in6[A, B, C, D, E, F, one[float64]]
}

// A codeTable finds, from the code of a function value, where in the value the closure is. It never
// shrinks.
type codeTable [2048]struct {
	code atomic.Uintptr
	at   uintptr
}

func (t *codeTable) add(code, at uintptr) {
	i := code >> 4 % uintptr(len(t))
	for t[i].code.Load() != 0 {
		i = (i + 1) % uintptr(len(t))
	}
	t[i].at = at
	t[i].code.Store(code)
}

// find returns 0 for other code.
func (t *codeTable) find(code uintptr) (at uintptr) {
	for i := code >> 4 % uintptr(len(t)); ; i = (i + 1) % uintptr(len(t)) {
		switch t[i].code.Load() {
		case code:
			return t[i].at
		case 0:
			return 0
		}
	}
}

// known is the code of the functions above.
var known codeTable

// closureOf is the closure behind a function value, or nil if that is compiled code.
func closureOf(value unsafe.Pointer) *closure {
	code := *(*uintptr)(value)
	if at := known.find(code); at != 0 {
		return *(**closure)(unsafe.Add(value, at))
	}
	if code == makeFuncCode {
		return madeClosures.find(value)
	}
	return nil
}

var makeFuncCode = func() uintptr {
	f := reflect.MakeFunc(reflect.TypeFor[func()](), func([]reflect.Value) []reflect.Value { return nil }).Interface().(func())
	return *(*uintptr)(funcWord(f))
}()
