package native

import (
	"math"
	"reflect"
	"strings"
	"unsafe"
)

// Compiled functions are called with arguments in the registers of Go's calling convention where
// abiCall knows it. Elsewhere, and where a value does not fit, they are called through package
// reflect.

// These are the numbers of registers that abiCall fills.
const (
	intRegs   = 9
	floatRegs = 8
)

// regs is what abiCall loads registers from and stores them to. Results whose bit is set in
// pointers go to ptrs, which the collector sees: a regs lives on the stack.
type regs struct {
	ints     [intRegs]uintptr
	ptrs     [intRegs]unsafe.Pointer
	floats   [floatRegs]uint64
	pointers uint64
}

// registers is which register each word of a call goes through.
type registers struct {
	ints, floats             []word // arguments
	intResults, floatResults []word
	pointers                 uint64
}

// registersFor is nil if not all words of a call have registers.
func registersFor(params, results []*layout, s callShape) *registers {
	if !abiWorks {
		return nil
	}
	r := &registers{}
	if !assign(s.params, &r.ints, &r.floats) || !assign(s.results, &r.intResults, &r.floatResults) {
		return nil
	}
	for i, w := range r.intResults {
		if w.ptr {
			r.pointers |= 1 << i
		}
	}
	return r
}

func assign(list []loc, ints, floats *[]word) bool {
	for _, l := range list {
		if l.boxed || l.typ != nil && hasArray(l.typ) {
			return false
		}
		for _, x := range l.pieces {
			w := word{x.kind == kPtr, x.kind.size() < 8, x.kind, l.piece(x)}
			if x.kind.float() {
				*floats = append(*floats, w)
			} else {
				*ints = append(*ints, w)
			}
		}
	}
	return len(*ints) <= intRegs && len(*floats) <= floatRegs
}

// hasArray reports whether a type holds an array in itself: the calling convention has rules of its
// own for such types.
func hasArray(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if hasArray(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// call calls the code behind a function value.
func (x *registers) call(code, np, pp unsafe.Pointer) {
	var r regs
	r.pointers = x.pointers
	for i := range x.ints {
		if w := &x.ints[i]; w.ptr {
			r.ints[i] = uintptr(*ptr(pp, w.slot))
		} else {
			r.ints[i] = uintptr(*num(np, w.slot))
		}
	}
	for i := range x.floats {
		r.floats[i] = *num(np, x.floats[i].slot)
	}
	abiCall(code, &r)
	for i := range x.intResults {
		if w := &x.intResults[i]; w.ptr {
			*ptr(pp, w.slot) = r.ptrs[i]
		} else {
			*num(np, w.slot) = narrow(w.kind, uint64(r.ints[i]))
		}
	}
	for i := range x.floatResults {
		*num(np, x.floatResults[i].slot) = narrow(x.floatResults[i].kind, r.floats[i])
	}
}

// abiWorks says whether abiCall calls functions correctly on this machine, which is tried once when
// the program starts.
var abiWorks = abiKnown && tryABI()

type abiTrial struct {
	s    string
	f    float32
	i    int16
	list []byte
}

func tryABI() bool {
	f := func(a string, x float64, b []byte, y float32, n int8) (abiTrial, float64, string) {
		return abiTrial{a, y, int16(n), b}, x, strings.Repeat(a, 2)
	}
	r := regs{pointers: 1<<0 | 1<<3 | 1<<6}
	s, b := "ab", []byte("xyz")
	r.ints = [intRegs]uintptr{uintptr(unsafe.Pointer(unsafe.StringData(s))), 2, uintptr(unsafe.Pointer(&b[0])), 3, 3, 0xfff00 | 5}
	r.floats = [floatRegs]uint64{math.Float64bits(1.5), uint64(math.Float32bits(2.5))}
	abiCall(funcWord(f), &r)
	return unsafe.String((*byte)(r.ptrs[0]), r.ints[1]) == s && int16(r.ints[2]) == 5 && r.ptrs[3] == unsafe.Pointer(&b[0]) && r.ints[4] == 3 &&
		uint32(r.floats[0]) == math.Float32bits(2.5) && r.floats[1] == math.Float64bits(1.5) && r.ints[7] == 4 &&
		unsafe.String((*byte)(r.ptrs[6]), 4) == "abab"
}
