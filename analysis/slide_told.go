package analysis

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// evidence is what every single bucket says about the links, given a model of all buckets.
//
// With P the precision of all buckets and x one of them, standardized, (Px)i·(Px)j is Pij on
// average, and in a stretch of time whose own precision is P + D it is Pij - Dij, up to terms of
// second order: a Newton step from P towards the precision of the stretch. So a link that changes
// shifts the mean of this product, which a plain test of two means can tell from chance, however
// few buckets a window has.
type evidence struct {
	at map[string]int // column of each source
	px *mat.Dense     // n×p: Px of each bucket
}

// newEvidence learns a model of the whole series.
func newEvidence(ctx context.Context, s *Series, o Options) (*evidence, error) {
	m, err := Learn(ctx, s, o)
	if err != nil {
		return nil, err
	}
	z, err := o.standardize(s, m.Transform)
	if err != nil {
		return nil, err
	}
	n, _ := z.x.Dims()
	e := &evidence{at: make(map[string]int), px: mat.NewDense(n, len(m.Names), nil)}
	for j, name := range m.Names {
		e.at[name] = j
	}
	e.px.Mul(z.x, m.Precision)
	return e, nil
}

// products returns what each bucket says about a pair of sources, nil if one of them does too
// little in all buckets to be judged.
func (e *evidence) products(a, b string) []float64 {
	i, ok := e.at[a]
	j, both := e.at[b]
	if !ok || !both {
		return nil
	}
	out := mat.Col(nil, i, e.px)
	for k, v := range mat.Col(nil, j, e.px) {
		out[k] *= v
	}
	return out
}

// stretches divides windows, given by the buckets where the part of each begins and by where the
// last one ends, into stretches between which the mean of the values changes by more than chance,
// and returns the first window of each. It sets out from single windows and joins the two
// neighbors that differ least until all that are left differ. Level is how likely two that do not
// differ may seem to.
func stretches(values []float64, starts []int, level float64) []int {
	windows := len(starts) - 1
	first := make([]int, windows)
	for w := range first {
		first[w] = w
	}
	part := func(k int) []float64 {
		end := windows
		if k+1 < len(first) {
			end = first[k+1]
		}
		return values[starts[first[k]]:starts[end]]
	}
	for len(first) > 1 {
		least, at := -1.0, 0
		for k := 1; k < len(first); k++ {
			if p := alike(part(k-1), part(k)); p > least {
				least, at = p, k
			}
		}
		if least < level {
			break
		}
		first = slices.Delete(first, at, at+1)
	}
	return first
}

// alike returns how likely two stretches of values with one mean differ as much as these do, by a
// test of two means whose variances may differ (B. Welch, "The generalization of 'Student's'
// problem when several different population variances are involved", 1947). Values that follow each
// other may be alike, which leaves fewer independent ones (G. Bayley and J. Hammersley, "The
// effective number of independent observations in an autocorrelated time series", 1946):
// n(1-r)/(1+r) of n, with r the correlation of neighbors.
func alike(a, b []float64) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 1
	}
	meanA, varA := stat.MeanVariance(a, nil)
	meanB, varB := stat.MeanVariance(b, nil)
	r := neighborCorrelation(a, meanA, b, meanB)
	countA, countB := math.Max(2, float64(len(a))*(1-r)/(1+r)), math.Max(2, float64(len(b))*(1-r)/(1+r))
	va, vb := varA/countA, varB/countB
	if va+vb == 0 {
		if meanA == meanB {
			return 1
		}
		return 0
	}
	freedom := (va + vb) * (va + vb) / (float64(va*va/(countA-1)) + float64(vb*vb/(countB-1)))
	t := math.Abs(meanA-meanB) / math.Sqrt(va+vb)
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Survival(t)
}

// neighborCorrelation is that of neighbors within two stretches, from 0 to 0.9.
func neighborCorrelation(a []float64, meanA float64, b []float64, meanB float64) float64 {
	product, square := 0.0, 0.0
	for _, s := range []struct {
		values []float64
		mean   float64
	}{{a, meanA}, {b, meanB}} {
		for i, v := range s.values {
			square += float64((v - s.mean) * (v - s.mean))
			if i > 0 {
				product += float64((v - s.mean) * (s.values[i-1] - s.mean))
			}
		}
	}
	if square == 0 {
		return 0
	}
	return max(0, min(0.9, product/square))
}

// tell finds the windows of each link in which chance alone may have found or missed it, and counts
// its changes from one stretch of windows to the next. Of a hundred links that stay as they are,
// one may be taken to change.
func (s *Sliding) tell(e *evidence, size, step int) {
	var judged []int
	for w, m := range s.Models {
		if m != nil {
			judged = append(judged, w)
		}
	}
	n, _ := e.px.Dims()
	// The part of a window is what is nearer to its middle than to that of any other.
	begin := func(w int) int {
		switch w {
		case 0:
			return 0
		case len(s.Models):
			return n
		}
		return min(n, ((2*w-1)*step+size)/2)
	}
	level := 0.01 / float64(max(1, len(judged)-1))
	for k := range s.Links {
		l := &s.Links[k]
		l.Chance, l.Changes = make([]bool, len(s.Models)), 0
		states := make([]int, len(judged))
		for i, w := range judged {
			states[i] = linkState(l.Weights[w])
		}
		first := []int{0}
		if all := e.products(l.A, l.B); all != nil {
			var values []float64
			starts := []int{0}
			for _, w := range judged {
				values = append(values, all[begin(w):begin(w+1)]...)
				starts = append(starts, len(values))
			}
			first = stretches(values, starts, level)
		}
		last := -1
		for i, from := range first {
			to := len(judged)
			if i+1 < len(first) {
				to = first[i+1]
			}
			state := prevailing(states[from:to])
			for j := from; j < to; j++ {
				l.Chance[judged[j]] = states[j] != state
			}
			if last >= 0 && state != last {
				l.Changes++
			}
			last = state
		}
	}
}

// prevailing returns the state that most of the windows have, that of a link where it is a tie.
func prevailing(states []int) int {
	var count [3]int
	for _, s := range states {
		count[s]++
	}
	best := 1
	for _, s := range []int{2, 0} {
		if count[s] > count[best] {
			best = s
		}
	}
	return best
}
