package native

//lint:file-ignore U1000 The fields of results are written by calls, and read by their addresses.

import (
	"sync"
	"unsafe"
)

// Compiled functions whose arguments and results are few words are called as functions of words, by
// code that Go has compiled for their number and kinds. Most calls are made so; abiCall is for the
// rest.

// A caller calls the code behind a function value, with arguments and results in a frame.
type caller func(code, np, pp unsafe.Pointer, d *wordCall)

// A wordCall is how a function is called as one of words, and where each word is.
type wordCall struct {
	call    caller
	quiet   caller // for results that nobody looks at; nil for call, which then has no out
	in, out []word
}

// wordCallFor is nil where there is no caller for the kinds of words.
func wordCallFor(params, results []loc) *wordCall {
	if !abiWorks {
		return nil
	}
	in, from, ok := words(params)
	out, to, ok2 := words(results)
	if !ok || !ok2 {
		return nil
	}
	pattern := from + ":" + to
	if d := directFor(pattern, in, out); d.call != nil {
		return &wordCall{d.call, d.quiet, in, out}
	}
	if call := callers()[pattern]; call != nil {
		return &wordCall{call, nil, in, out}
	}
	return nil
}

func getWord[W register](np, pp unsafe.Pointer, w *word) W {
	if w.ptr {
		return *(*W)(unsafe.Add(pp, w.slot))
	}
	return *(*W)(unsafe.Add(np, w.slot))
}

// take puts the results behind r, which it does not keep, into the frame.
func (d *wordCall) take(np, pp, r unsafe.Pointer) {
	for i := range d.out {
		w, x := &d.out[i], unsafe.Add(r, 8*i)
		switch {
		case w.ptr:
			*ptr(pp, w.slot) = *(*unsafe.Pointer)(x)
		case w.short:
			*num(np, w.slot) = narrow(w.kind, *(*uint64)(x))
		default:
			*num(np, w.slot) = *(*uint64)(x)
		}
	}
}

type three[A, B, C register] struct {
	a A
	b B
	c C
}
type four[A, B, C, D register] struct {
	a A
	b B
	c C
	d D
}
type five[A, B, C, D, E register] struct {
	a A
	b B
	c C
	d D
	e E
}

// callResults are the results of a call as one value, as those of callbacks are.
type callResults interface {
	results | two[uint64, uint64] | three[uint64, pWord, pWord] | three[float64, pWord, pWord] | three[pWord, pWord, pWord] |
		four[pWord, uint64, pWord, pWord] | five[pWord, uint64, uint64, pWord, pWord]
}

func call0[R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	r := (*(*func() R)(unsafe.Pointer(&code)))()
	d.take(np, pp, unsafe.Pointer(&r))
}

func call1[A register, R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	r := (*(*func(A) R)(unsafe.Pointer(&code)))(getWord[A](np, pp, &d.in[0]))
	d.take(np, pp, unsafe.Pointer(&r))
}

func call2[A, B register, R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	in := d.in[:2]
	r := (*(*func(A, B) R)(unsafe.Pointer(&code)))(getWord[A](np, pp, &in[0]), getWord[B](np, pp, &in[1]))
	d.take(np, pp, unsafe.Pointer(&r))
}

func call3[A, B, C register, R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	in := d.in[:3]
	r := (*(*func(A, B, C) R)(unsafe.Pointer(&code)))(getWord[A](np, pp, &in[0]), getWord[B](np, pp, &in[1]), getWord[C](np, pp, &in[2]))
	d.take(np, pp, unsafe.Pointer(&r))
}

func call4[A, B, C, D register, R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	in := d.in[:4]
	r := (*(*func(A, B, C, D) R)(unsafe.Pointer(&code)))(getWord[A](np, pp, &in[0]), getWord[B](np, pp, &in[1]), getWord[C](np, pp, &in[2]), getWord[D](np, pp, &in[3]))
	d.take(np, pp, unsafe.Pointer(&r))
}

func call5[A, B, C, D, E register, R callResults](code, np, pp unsafe.Pointer, d *wordCall) {
	in := d.in[:5]
	r := (*(*func(A, B, C, D, E) R)(unsafe.Pointer(&code)))(getWord[A](np, pp, &in[0]), getWord[B](np, pp, &in[1]), getWord[C](np, pp, &in[2]),
		getWord[D](np, pp, &in[3]), getWord[E](np, pp, &in[4]))
	d.take(np, pp, unsafe.Pointer(&r))
}

// callers are the functions for each pattern of words, as makers has them.
var callers = sync.OnceValue(func() map[string]caller {
	t := map[string]caller{}
	callersOf[none](t, ":")
	callersOf[one[uint64]](t, ":n")
	callersOf[one[float64]](t, ":f")
	callersOf[one[pWord]](t, ":p")
	callersOf[two[uint64, uint64]](t, ":nn")
	callersOf[text2](t, ":pn")
	callersOf[pair](t, ":pp")
	callersOf[slice](t, ":pnn")
	callersOf[three[uint64, pWord, pWord]](t, ":npp")
	callersOf[three[float64, pWord, pWord]](t, ":fpp")
	callersOf[three[pWord, pWord, pWord]](t, ":ppp")
	callersOf[four[pWord, uint64, pWord, pWord]](t, ":pnpp")
	callersOf[five[pWord, uint64, uint64, pWord, pWord]](t, ":pnnpp")
	return t
})

func callersOf[R callResults](t map[string]caller, r string) {
	t[r], t["n"+r], t["f"+r], t["p"+r] = call0[R], call1[uint64, R], call1[float64, R], call1[pWord, R]
	t["nn"+r], t["np"+r], t["pn"+r], t["pp"+r] = call2[uint64, uint64, R], call2[uint64, pWord, R], call2[pWord, uint64, R], call2[pWord, pWord, R]
	t["ff"+r], t["pf"+r] = call2[float64, float64, R], call2[pWord, float64, R]
	t["nnn"+r], t["pnn"+r], t["ppn"+r], t["ppp"+r] = call3[uint64, uint64, uint64, R], call3[pWord, uint64, uint64, R], call3[pWord, pWord, uint64, R], call3[pWord, pWord, pWord, R]
	t["pnp"+r], t["npn"+r] = call3[pWord, uint64, pWord, R], call3[uint64, pWord, uint64, R]
	t["pnpn"+r], t["ppnn"+r], t["pnnn"+r] = call4[pWord, uint64, pWord, uint64, R], call4[pWord, pWord, uint64, uint64, R], call4[pWord, uint64, uint64, uint64, R]
	t["pnpnn"+r], t["ppnpn"+r] = call5[pWord, uint64, pWord, uint64, uint64, R], call5[pWord, pWord, uint64, pWord, uint64, R]
}
