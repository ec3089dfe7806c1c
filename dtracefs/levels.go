package dtracefs

import (
	"math"
	"slices"
)

// A levelRow is what is known of levels and of sums that are no integers in a bucket. Sums are
// exact, so that they are the same to the bit in whatever order and parts they were added up: a
// float alone would depend on it, and with it the bytes of a counts file.
type levelRow struct {
	sum  []float64         // by number of the source
	n    []int32           // of values in sum
	rest map[int][]float64 // by source, what does not fit into sum: ascending, without common bits
}

// add adds a level of a source.
func (r *levelRow) add(source int, v float64) {
	r.grow(source)
	r.addTerm(source, v)
	r.n[source]++
}

// take adds the sum of a source of another row.
func (r *levelRow) take(source int, o *levelRow, of int) {
	r.grow(source)
	r.addTerm(source, o.sum[of])
	for _, v := range o.rest[of] {
		r.addTerm(source, v)
	}
	r.n[source] += o.n[of]
}

// grow makes room for a source.
func (r *levelRow) grow(source int) {
	for len(r.sum) <= source {
		r.sum, r.n = append(r.sum, 0), append(r.n, 0)
	}
}

// addTerm adds to the sum of a source, and not to how many values it has. Where a float holds the
// new sum exactly, as with nearly all that tracers print, that is one addition and its proof;
// only otherwise are terms kept.
func (r *levelRow) addTerm(source int, v float64) {
	rest := r.rest[source]
	if sum := r.sum[source] + v; len(rest) == 0 && sum-v == r.sum[source] && sum-r.sum[source] == v {
		r.sum[source] = sum
		return
	}
	terms := addExactly(append(rest, r.sum[source]), v)
	last := len(terms) - 1
	r.sum[source] = terms[last]
	switch {
	case last > 0:
		if r.rest == nil {
			r.rest = map[int][]float64{}
		}
		r.rest[source] = terms[:last]
	case len(rest) > 0:
		delete(r.rest, source)
	}
}

// value is the sum of a source, rounded once.
func (r *levelRow) value(source int) float64 {
	if len(r.rest[source]) == 0 {
		return r.sum[source]
	}
	return roundedSum(append(slices.Clone(r.rest[source]), r.sum[source]))
}

// terms are the one way to write the sum of a source: its value, then that of what the value
// leaves out, and so on; none for 0. The same sum may be held as other terms, by how it came
// about, and must be the same bytes in a file.
func (r *levelRow) terms(source int) []float64 {
	var out []float64
	for left := append(slices.Clone(r.rest[source]), r.sum[source]); ; {
		v := roundedSum(left)
		switch {
		case v == 0:
			return out
		case math.IsNaN(v):
			return append(out, math.NaN()) // of the many, the same everywhere
		case math.IsInf(v, 0):
			return append(out, v)
		}
		out = append(out, v)
		left = addExactly(left, -v)
	}
}

// addExactly adds v to a sum of terms that ascend and have no bits in common, of which it makes
// others (J. Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric
// predicates", 1997). What is not finite is the only term. Each step adds two numbers and keeps
// what rounding left out of it, which is a float itself as long as the larger one comes first.
func addExactly(terms []float64, v float64) []float64 {
	out := terms[:0]
	for _, t := range terms {
		if math.Abs(v) < math.Abs(t) {
			v, t = t, v
		}
		high := v + t
		if math.IsInf(high, 0) || math.IsNaN(high) {
			v, out = high, out[:0]
			continue
		}
		if low := t - (high - v); low != 0 {
			out = append(out, low)
		}
		v = high
	}
	return append(out, v)
}

// roundedSum rounds a sum of terms as [addExactly] makes them to the nearest number, to the even
// one of two.
func roundedSum(terms []float64) float64 {
	i := len(terms) - 1
	sum, low := terms[i], 0.0
	for i--; i >= 0 && low == 0; i-- {
		high := sum + terms[i]
		low = terms[i] - (high - sum)
		sum = high
	}
	// Halfway between two numbers, the terms below tell to which side.
	if i >= 0 && (low < 0 && terms[i] < 0 || low > 0 && terms[i] > 0) {
		if twice := 2 * low; sum+twice-sum == twice {
			sum += twice
		}
	}
	return sum
}
