package native

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"sort"
	"unsafe"
)

// SortSlice is sort.Slice. Where less compares whole elements that are numbers or strings, these
// are compared without calling it: elements that are equal then are the same, so that there is only
// one order for them to end in. Everything else is left to sort.Slice.
func SortSlice(x any, less func(i, j int) bool) {
	if v := reflect.ValueOf(x); v.Kind() != reflect.Slice || v.Len() < shortSort || !sortWhole(v, less) {
		sort.Slice(x, less)
	}
}

// These are how many elements are sorted in so little time that nothing is worth looking at, or not
// even the best place to cut them; how many are looked at without a look at the stop flag; and how
// few do not need one at all.
const (
	shortSort = 64
	shortPart = 16
	longStep  = 1 << 20
	shortStep = 1 << 12
)

// sortWhole sorts, if less compares whole elements.
func sortWhole(v reflect.Value, less func(i, j int) bool) bool {
	if less == nil || handedOver.Load() != 0 {
		return false
	}
	c := closureOf(funcWord(less))
	if c == nil || len(c.fn.code) == 0 {
		return false
	}
	e := c.fn.entry.Load()
	if e == nil || e.make == nil {
		return false
	}
	e.quickly(c.fn)
	l := e.less.Load()
	if l == nil || l.within != 0 || uintptr(l.size) != v.Type().Elem().Size() {
		return false
	}
	s := l.fixed
	if s == nil && c.p[l.free] != nil {
		s = (*sliceHeader)(unsafe.Add(c.p[l.free], l.off))
	}
	if s == nil || s.data != v.UnsafePointer() || s.len < v.Len() {
		return false
	}
	n := v.Len()
	// What less does where execution must stop, it does here, too.
	poll := func() {
		if isSet(l.enter) {
			less(0, 0)
		}
	}
	switch {
	case l.order == byInt:
		sortElements[int64](s.data, n, l.turned, poll)
	case l.order == byUint:
		sortElements[uint64](s.data, n, l.turned, poll)
	case l.order == byText && l.size == int(unsafe.Sizeof("")):
		sortElements[string](s.data, n, l.turned, poll)
	case l.order == byFloat:
		// A zero has two forms that are equal, and what is not a number has no place.
		if slices.ContainsFunc(unsafe.Slice((*float64)(s.data), n), func(x float64) bool { return x != x || x == 0 && math.Signbit(x) }) {
			return false
		}
		sortElements[float64](s.data, n, l.turned, poll)
	case l.order == byShort && l.size == int(l.kind.size()):
		switch l.kind {
		case kI32:
			sortElements[int32](s.data, n, l.turned, poll)
		case kU32:
			sortElements[uint32](s.data, n, l.turned, poll)
		case kI16:
			sortElements[int16](s.data, n, l.turned, poll)
		case kU16:
			sortElements[uint16](s.data, n, l.turned, poll)
		case kI8:
			sortElements[int8](s.data, n, l.turned, poll)
		case kU8:
			sortElements[uint8](s.data, n, l.turned, poll)
		default:
			return false
		}
	default:
		return false
	}
	return true
}

func sortElements[T cmp.Ordered](data unsafe.Pointer, n int, turned bool, poll func()) {
	x := unsafe.Slice((*T)(data), n)
	if turned {
		slices.Reverse(x)
	}
	if !isSorted(x, poll) {
		sortParts(x, 64, poll)
	}
	if turned {
		slices.Reverse(x)
	}
}

func isSorted[T cmp.Ordered](x []T, poll func()) bool {
	for rest := x; len(rest) > 0; {
		part := step(&rest, poll)
		if !slices.IsSorted(part) || len(rest) > 0 && rest[0] < part[len(part)-1] {
			return false
		}
	}
	return true
}

// sortParts cuts a slice in two at an element, again and again, until its parts are short. cuts is
// how often a slice is cut before it is left to package slices, as one that is always cut at a bad
// place.
func sortParts[T cmp.Ordered](x []T, cuts int, poll func()) {
	for len(x) > shortPart && cuts > 0 {
		cuts--
		at := x[len(x)/2]
		if a, b := x[len(x)/4], x[len(x)/4*3]; len(x) > shortSort {
			at = max(min(a, b), min(max(a, b), at))
		}
		// Which element goes where is calculated: a branch that depends on elements takes as long
		// as several others, since the processor cannot guess it.
		k := 0
		for rest := x; len(rest) > 0; {
			part := step(&rest, poll)
			for i, y := range part {
				part[i], x[k] = x[k], y
				k += int(truth(y < at))
			}
		}
		if k > 0 {
			sortParts(x[:k], cuts, poll)
			x = x[k:]
			continue
		}
		for rest := x; len(rest) > 0; { // no element is less, and many may be like it
			part := step(&rest, poll)
			for i, y := range part {
				part[i], x[k] = x[k], y
				k += int(truth(y <= at))
			}
		}
		x = x[k:]
	}
	slices.Sort(x)
}

// step takes the next elements away that are looked at without a look at the stop flag.
func step[T any](rest *[]T, poll func()) []T {
	n := min(len(*rest), longStep)
	if n > shortStep {
		poll()
	}
	part := (*rest)[:n]
	*rest = (*rest)[n:]
	return part
}
