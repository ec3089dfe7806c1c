package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// ErrNotConverged is returned together with the last state when an iteration reached its limit
// before the result stopped changing.
var ErrNotConverged = errors.New("not converged")

// AffinityOptions tune affinity propagation. The zero value is the default.
type AffinityOptions struct {
	// Preference is how willing each point is to be an exemplar; more gives
	// more clusters. Nil means the median of all similarities, the diagonal
	// included.
	Preference *float64
	// Damping in [0.5, 1) is the weight of the old messages; 0 means 0.5.
	Damping float64
	// MaxIter bounds the iterations; 0 means 200.
	MaxIter int
	// Stable is for how many iterations the exemplars must stay the same; 0
	// means 15.
	Stable int
}

func (o *AffinityOptions) defaults() error {
	if o.Damping == 0 {
		o.Damping = 0.5
	}
	if o.MaxIter <= 0 {
		o.MaxIter = 200
	}
	if o.Stable <= 0 {
		o.Stable = 15
	}
	if !(o.Damping >= 0.5 && o.Damping < 1) {
		return fmt.Errorf("damping is %v: want 0.5 or more, below 1", o.Damping)
	}
	if o.Preference != nil && (math.IsNaN(*o.Preference) || math.IsInf(*o.Preference, 0)) {
		return fmt.Errorf("preference is %v: want a number", *o.Preference)
	}
	return nil
}

// Exemplars is a clustering in which a member stands for each cluster.
type Exemplars struct {
	Labels     []int // per point, the position of its exemplar in Exemplars
	Exemplars  []int // ascending point indexes
	Iterations int
}

// AffinityPropagation clusters n points by their n×n similarities s, larger
// meaning more alike; s need not be symmetric and its diagonal only counts
// toward the default preference (B. Frey and D. Dueck, "Clustering by passing
// messages between data points", 2007).
//
// Ties are broken the same way every time. Where most similarities are tied, as
// on a grid, that way decides which of many clusterings comes out: of eight ways
// the one with the highest net similarity is taken, the sum of the similarities
// to exemplars and of the exemplars' preferences. Points all equally similar are
// a cluster each when the preference is at least their similarity, one cluster
// otherwise. When MaxIter passes without stable exemplars the last clustering
// comes with [ErrNotConverged].
func AffinityPropagation(ctx context.Context, s mat.Matrix, o AffinityOptions) (*Exemplars, error) {
	return parallel.Await(ctx, func() (*Exemplars, error) { return affinityPropagation(ctx, s, o) })
}

func affinityPropagation(ctx context.Context, s mat.Matrix, o AffinityOptions) (*Exemplars, error) {
	n, c := s.Dims()
	if n != c {
		return nil, fmt.Errorf("affinity propagation: similarities are %d×%d: want a square matrix", n, c)
	}
	if err := o.defaults(); err != nil {
		return nil, fmt.Errorf("affinity propagation: %w", err)
	}
	if n == 0 {
		return &Exemplars{}, nil
	}
	sim, err := dense(s)
	if err != nil {
		return nil, fmt.Errorf("affinity propagation: %w", err)
	}
	var preference float64
	if o.Preference != nil {
		preference = *o.Preference
	} else {
		// The median includes the diagonal, as in scikit-learn.
		preference = median(sim)
	}
	if even, ok := allEqual(sim, n); ok {
		return evenSimilarities(n, preference >= even), nil
	}
	// If there are few ties, they are broken the same way whichever nudge is taken.
	if !mostlyTied(sim, n) {
		return newAffinity(sim, n, preference, 0).run(ctx, o)
	}
	var best *Exemplars
	var reason error
	top := math.Inf(-1)
	for way := range uint64(8) {
		e, err := newAffinity(slices.Clone(sim), n, preference, way).run(ctx, o)
		if err != nil && !errors.Is(err, ErrNotConverged) {
			return nil, err
		}
		net := netSimilarity(sim, n, preference, e)
		if better := net > top+float64(1e-12*math.Abs(top)); best == nil || (err == nil) == (reason == nil) && better || err == nil && reason != nil {
			best, reason, top = e, err, net
		}
	}
	return best, reason
}

// mostlyTied reports whether less than half of the similarities between different points are
// distinct numbers. The two similarities of a pair, one for each direction, count once.
func mostlyTied(s []float64, n int) bool {
	above := make([]float64, 0, n*(n-1)/2)
	for i := range n {
		above = append(above, s[i*n+i+1:(i+1)*n]...)
	}
	pairs := len(above)
	slices.Sort(above)
	return 2*len(slices.Compact(above)) < pairs
}

// netSimilarity is what affinity propagation seeks to maximize.
func netSimilarity(s []float64, n int, preference float64, e *Exemplars) float64 {
	sum := 0.0
	for i, l := range e.Labels {
		if k := e.Exemplars[l]; k == i {
			sum += preference
		} else {
			sum += s[i*n+k]
		}
	}
	return sum
}

func dense(s mat.Matrix) ([]float64, error) {
	n, m := s.Dims()
	out := make([]float64, n*m)
	for i := range n {
		for j := range m {
			v := s.At(i, j)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("row %d, column %d is %v: want a finite number", i, j, v)
			}
			out[i*m+j] = v
		}
	}
	return out, nil
}

// median takes linear time, which matters because there are n² similarities.
func median(v []float64) float64 {
	v = slices.Clone(v)
	h := len(v) / 2
	upper := nth(v, h)
	if len(v)%2 == 1 {
		return upper
	}
	return (slices.Max(v[:h]) + upper) / 2
}

// nth puts the value that sorting would put at k there, smaller ones before
// and larger ones after it (C. Hoare, "Algorithm 65: find", 1961).
func nth(v []float64, k int) float64 {
	for lo, hi := 0, len(v)-1; lo < hi; {
		a, b, c := v[lo], v[(lo+hi)/2], v[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	return v[k]
}

// allEqual reports whether all similarities between different points are one
// number.
func allEqual(s []float64, n int) (float64, bool) {
	if n == 1 {
		return math.Inf(-1), true
	}
	for i := range n {
		for j := range n {
			if i != j && s[i*n+j] != s[1] {
				return 0, false
			}
		}
	}
	return s[1], true
}

func evenSimilarities(n int, apart bool) *Exemplars {
	e := &Exemplars{Labels: make([]int, n), Exemplars: []int{0}}
	if apart {
		e.Exemplars = make([]int, n)
		for i := range n {
			e.Labels[i], e.Exemplars[i] = i, i
		}
	}
	return e
}

// affinity holds the messages, full and row major. The availabilities are
// those of the step before, since one pass over the rows updates both.
type affinity struct {
	n         int
	s, r, a   []float64
	blockSums [][]float64 // per block of rows, Σ max(0, r) by column without the diagonal
	sums      []float64   // of the blocks, plus the diagonal
	diagonal  []float64   // of r
	exemplar  []bool
}

// block is how many rows one worker takes at a time. It is fixed, so that sums are the same on any
// number of cores.
const block = 64

func newAffinity(s []float64, n int, preference float64, way uint64) *affinity {
	for i := range n {
		s[i*n+i] = preference
	}
	a := &affinity{n: n, s: s, r: make([]float64, n*n), a: make([]float64, n*n),
		sums: make([]float64, n), diagonal: make([]float64, n), exemplar: make([]bool, n)}
	for range (n + block - 1) / block {
		a.blockSums = append(a.blockSums, make([]float64, n))
	}
	// Messages oscillate between points that are exactly tied. Every similarity is therefore
	// changed by a few units in its last place, by a fixed sequence.
	state := way
	for k, v := range s {
		state = state*6364136223846793005 + 1442695040888963407
		s[k] = v + float64((float64(1e-15*v)+1e-305)*(float64(state>>11)/(1<<53)-0.5))
	}
	return a
}

func (a *affinity) run(ctx context.Context, o AffinityOptions) (*Exemplars, error) {
	stable := 0
	for it := 1; it <= o.MaxIter; it++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.step(o.Damping, it == 1)
		changed, some := a.decide(o.Damping)
		if changed {
			stable = 0
		}
		if stable++; stable >= o.Stable && it > o.Stable && some {
			return a.clusters(it), nil
		}
	}
	return a.clusters(o.MaxIter), fmt.Errorf("affinity propagation: exemplars still change after %d iterations: %w", o.MaxIter, ErrNotConverged)
}

// step updates availabilities with the last responsibilities, then
// responsibilities, in one pass over the rows.
func (a *affinity) step(damping float64, first bool) {
	parallel.For(len(a.blockSums), func(b int) {
		clear(a.blockSums[b])
		for i := b * block; i < min((b+1)*block, a.n); i++ {
			a.row(i, damping, first, a.blockSums[b])
		}
	})
	clear(a.sums)
	for _, sums := range a.blockSums {
		for k, v := range sums {
			a.sums[k] += v
		}
	}
	for i := range a.n {
		a.diagonal[i] = a.r[i*a.n+i]
		a.sums[i] += a.diagonal[i]
	}
}

// row updates row i of the availabilities, except the first time, and of the responsibilities,
// whose positive entries off the diagonal it adds to sums.
func (a *affinity) row(i int, damping float64, first bool, sums []float64) {
	av, s, r := a.a[i*a.n:(i+1)*a.n], a.s[i*a.n:(i+1)*a.n], a.r[i*a.n:(i+1)*a.n]
	best := ranking{math.Inf(-1), math.Inf(-1), -1}
	if first {
		for k, v := range s {
			best.add(v, k)
		}
	} else {
		best.available(av[:i], r, s, a.sums, damping, 0)
		av[i] = float64(damping*av[i]) + float64((1-damping)*(a.sums[i]-a.diagonal[i]))
		best.add(av[i]+s[i], i)
		best.available(av[i+1:], r[i+1:], s[i+1:], a.sums[i+1:], damping, i+1)
	}
	top, at, fresh := best.top, best.at, 1-damping
	// The loop below treats all entries alike, since a test in it would cost more. The two entries
	// that differ are corrected after it.
	old, sumAt, sumI := r[at], sums[at], sums[i]
	r, sums = r[:len(s)], sums[:len(s)]
	for k, v := range s {
		v = float64(damping*r[k]) + float64(fresh*(v-top))
		r[k] = v
		if v > 0 {
			sums[k] += v
		}
	}
	r[at] = float64(damping*old) + float64(fresh*(s[at]-best.second))
	sums[at] = sumAt + max(r[at], 0)
	sums[i] = sumI
}

// ranking is the two largest values seen, and where the largest was.
type ranking struct {
	top, second float64
	at          int
}

func (b *ranking) add(v float64, at int) {
	if v > b.top {
		b.top, b.second, b.at = v, b.top, at
	} else if v > b.second {
		b.second = v
	}
}

// available updates availabilities off the diagonal, from those of the point
// at on, and ranks their sums with s.
func (b *ranking) available(av, r, s, sums []float64, damping float64, at int) {
	r, s, sums = r[:len(av)], s[:len(av)], sums[:len(av)]
	fresh, second := 1-damping, b.second
	for k, old := range av {
		v := float64(damping*old) + float64(fresh*min(sums[k]-max(r[k], 0), 0))
		av[k] = v
		if v += s[k]; v > second {
			b.add(v, at+k)
			second = b.second
		}
	}
}

// decide names the exemplars by what the availabilities become with this step's responsibilities.
// It returns whether they changed and whether there are any.
func (a *affinity) decide(damping float64) (changed, some bool) {
	for i, r := range a.diagonal {
		available := float64(damping*a.a[i*a.n+i]) + float64((1-damping)*(a.sums[i]-r))
		e := available+r > 0
		changed = changed || e != a.exemplar[i]
		a.exemplar[i] = e
		some = some || e
	}
	return changed, some
}

// clusters assigns every point to its most similar exemplar, then lets each cluster choose the
// member that is most similar to all of it, or the first of several equal ones.
func (a *affinity) clusters(iterations int) *Exemplars {
	var ex []int
	for i, e := range a.exemplar {
		if e {
			ex = append(ex, i)
		}
	}
	if len(ex) == 0 {
		return &Exemplars{Labels: make([]int, a.n), Exemplars: []int{0}, Iterations: iterations}
	}
	labels := a.assign(ex)
	for k := range ex {
		ex[k] = a.center(labels, k)
	}
	labels = a.assign(ex)
	order := make([]int, len(ex))
	for k := range order {
		order[k] = k
	}
	sort.Slice(order, func(x, y int) bool { return ex[order[x]] < ex[order[y]] })
	rank := make([]int, len(ex))
	out := &Exemplars{Labels: labels, Iterations: iterations}
	for r, k := range order {
		rank[k] = r
		out.Exemplars = append(out.Exemplars, ex[k])
	}
	for i, l := range labels {
		labels[i] = rank[l]
	}
	return out
}

func (a *affinity) assign(ex []int) []int {
	labels := make([]int, a.n)
	for i := range labels {
		for k := 1; k < len(ex); k++ {
			if a.s[i*a.n+ex[k]] > a.s[i*a.n+ex[labels[i]]] {
				labels[i] = k
			}
		}
	}
	for k, i := range ex {
		labels[i] = k
	}
	return labels
}

func (a *affinity) center(labels []int, k int) int {
	best, at := math.Inf(-1), -1
	for j, lj := range labels {
		if lj != k {
			continue
		}
		sum := 0.0
		for i, li := range labels {
			if li == k {
				sum += a.s[i*a.n+j]
			}
		}
		if at < 0 || sum-best > 1e-12*math.Abs(best) {
			best, at = sum, j
		}
	}
	return at
}

// AffinityPropagationK searches for the preference that gives k clusters by bisection, and returns
// the clustering whose number of clusters comes nearest to k, since not every number is possible.
// It damps more, 0.9 by default, since few clusters converge slowly.
func AffinityPropagationK(ctx context.Context, s mat.Matrix, k int, o AffinityOptions) (*Exemplars, error) {
	n, _ := s.Dims()
	if k < 1 || k > n {
		return nil, fmt.Errorf("affinity propagation: %d clusters of %d points: want 1 to %[2]d", k, n)
	}
	sim, err := dense(s)
	if err != nil {
		return nil, fmt.Errorf("affinity propagation: %w", err)
	}
	if o.Damping == 0 {
		o.Damping = 0.9
	}
	if o.MaxIter <= 0 {
		o.MaxIter = 1000
	}
	lo, hi := slices.Min(sim), slices.Max(sim)
	lo -= float64(float64(n) * max(hi-lo, 1e-12))
	var best *Exemplars
	for range 40 {
		preference := (lo + hi) / 2
		o.Preference = &preference
		c, err := AffinityPropagation(ctx, s, o)
		if err != nil && !errors.Is(err, ErrNotConverged) {
			return nil, err
		}
		if err == nil && (best == nil || abs(len(c.Exemplars)-k) < abs(len(best.Exemplars)-k)) {
			best = c
		}
		switch found := len(c.Exemplars); {
		case err != nil || found < k:
			lo = preference
		case found > k:
			hi = preference
		default:
			return c, nil
		}
	}
	if best == nil {
		return nil, fmt.Errorf("affinity propagation: no preference gives %d clusters: %w", k, ErrNotConverged)
	}
	return best, nil
}

func abs(v int) int { return max(v, -v) }
