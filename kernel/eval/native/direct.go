package native

import "unsafe"

// The functions here call compiled functions of the commonest signatures: those of texts, numbers
// and errors. They are written out because what they find in the frame is always at the same place,
// so that there is nothing to look up for each word. In their names, n is a number, p a pointer,
// and what stands behind the underscore are the results.

// A directCall is the functions for one pattern of words. quiet is for calls whose results nobody
// looks at, or nil.
type directCall struct{ call, quiet caller }

var directCalls = map[string]directCall{
	"n:pn":     {n_pn, nil},
	"p:n":      {p_n, nil},
	"p:pn":     {p_pn, nil},
	"pn:n":     {pn_n, nil},
	"pn:pn":    {pn_pn, nil},
	"pn:pp":    {pn_pp, pnQuiet[pair]},
	"pn:npp":   {pn_npp, pnQuiet[numError]},
	"pn:pnn":   {pn_pnn, nil},
	"ppn:npp":  {ppn_npp, ppnQuiet[numError]},
	"pnpn:n":   {pnpn_n, nil},
	"pnpn:pn":  {pnpn_pn, nil},
	"pnpn:pnn": {pnpn_pnn, nil},
	"pnpnn:pn": {pnpnn_pn, nil},
}

// numError is a number and an error.
type numError = three[uint64, pWord, pWord]

// directFor finds how words are called whose places are those that the functions here know. A
// result may be less than a slot only if it is the only one.
func directFor(pattern string, in, out []word) directCall {
	if !followEachOther(in) || !followEachOther(out) {
		return directCall{}
	}
	for _, w := range out {
		if w.short && len(out) > 1 {
			return directCall{}
		}
	}
	return directCalls[pattern]
}

// followEachOther reports whether words have the first slots of their banks, without gaps.
func followEachOther(list []word) bool {
	var n, p int32
	for _, w := range list {
		at := pick(w.ptr, &p, &n)
		if w.slot != *at {
			return false
		}
		*at += 8
	}
	return true
}

// setOnly puts a number that is the only result into its slot.
func (d *wordCall) setOnly(np unsafe.Pointer, x uint64) {
	if w := &d.out[0]; w.short {
		x = narrow(w.kind, x)
	}
	*num(np, 0) = x
}

func setPN(np, pp unsafe.Pointer, r text2) { *ptr(pp, 0), *num(np, 0) = r.a, r.b }

func setNPP(np, pp unsafe.Pointer, r numError) {
	*num(np, 0), *ptr(pp, 0), *ptr(pp, 8) = r.a, r.b, r.c
}

func n_pn(code, np, pp unsafe.Pointer, _ *wordCall) {
	setPN(np, pp, (*(*func(uint64) text2)(unsafe.Pointer(&code)))(*num(np, 0)))
}

func p_n(code, np, pp unsafe.Pointer, d *wordCall) {
	d.setOnly(np, (*(*func(pWord) uint64)(unsafe.Pointer(&code)))(*ptr(pp, 0)))
}

func p_pn(code, np, pp unsafe.Pointer, _ *wordCall) {
	setPN(np, pp, (*(*func(pWord) text2)(unsafe.Pointer(&code)))(*ptr(pp, 0)))
}

func pn_n(code, np, pp unsafe.Pointer, d *wordCall) {
	d.setOnly(np, (*(*func(pWord, uint64) uint64)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0)))
}

func pn_pn(code, np, pp unsafe.Pointer, _ *wordCall) {
	setPN(np, pp, (*(*func(pWord, uint64) text2)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0)))
}

func pn_pp(code, np, pp unsafe.Pointer, _ *wordCall) {
	r := (*(*func(pWord, uint64) pair)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0))
	*ptr(pp, 0), *ptr(pp, 8) = r.a, r.b
}

func pn_npp(code, np, pp unsafe.Pointer, _ *wordCall) {
	setNPP(np, pp, (*(*func(pWord, uint64) numError)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0)))
}

func pnQuiet[R callResults](code, np, pp unsafe.Pointer, _ *wordCall) {
	(*(*func(pWord, uint64) R)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0))
}

func pn_pnn(code, np, pp unsafe.Pointer, _ *wordCall) {
	r := (*(*func(pWord, uint64) slice)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0))
	*ptr(pp, 0), *num(np, 0), *num(np, 8) = r.p, r.n, r.m
}

func ppn_npp(code, np, pp unsafe.Pointer, _ *wordCall) {
	setNPP(np, pp, (*(*func(pWord, pWord, uint64) numError)(unsafe.Pointer(&code)))(*ptr(pp, 0), *ptr(pp, 8), *num(np, 0)))
}

func ppnQuiet[R callResults](code, np, pp unsafe.Pointer, _ *wordCall) {
	(*(*func(pWord, pWord, uint64) R)(unsafe.Pointer(&code)))(*ptr(pp, 0), *ptr(pp, 8), *num(np, 0))
}

func pnpn_n(code, np, pp unsafe.Pointer, d *wordCall) {
	d.setOnly(np, (*(*func(pWord, uint64, pWord, uint64) uint64)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0), *ptr(pp, 8), *num(np, 8)))
}

func pnpn_pn(code, np, pp unsafe.Pointer, _ *wordCall) {
	setPN(np, pp, (*(*func(pWord, uint64, pWord, uint64) text2)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0), *ptr(pp, 8), *num(np, 8)))
}

func pnpn_pnn(code, np, pp unsafe.Pointer, _ *wordCall) {
	r := (*(*func(pWord, uint64, pWord, uint64) slice)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0), *ptr(pp, 8), *num(np, 8))
	*ptr(pp, 0), *num(np, 0), *num(np, 8) = r.p, r.n, r.m
}

func pnpnn_pn(code, np, pp unsafe.Pointer, _ *wordCall) {
	setPN(np, pp, (*(*func(pWord, uint64, pWord, uint64, uint64) text2)(unsafe.Pointer(&code)))(*ptr(pp, 0), *num(np, 0), *ptr(pp, 8), *num(np, 8), *num(np, 16)))
}
