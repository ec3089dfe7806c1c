package analysis

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/internal/parallel"
)

// cluster groups the sources that have an edge. A source without an edge stands alone, with label
// -1: its similarities are ties, which could only be broken arbitrarily.
//
// Similarity is the logarithm of the regularized correlation's magnitude, which falls evenly along
// a chain of links, while the correlation itself falls too fast for a far member to find its
// exemplar. Of the clusterings that affinity propagation gives for a range of preferences, the one
// with the highest modularity on the edges is taken, and refined.
func (o Options) cluster(ctx context.Context, m *Model) (labels, exemplars []int, err error) {
	if o.Cluster != nil {
		labels, exemplars, err = o.Cluster(ctx, m)
		if err != nil || len(exemplars) > 0 || len(labels) != len(m.Names) {
			return labels, exemplars, err
		}
		labels, exemplars = standFor(m.Covariance, groupsOf(labels), len(labels))
		return labels, exemplars, nil
	}
	linked := m.linked()
	if len(linked) == 0 {
		labels, exemplars = standFor(m.Covariance, nil, len(m.Names))
		return labels, exemplars, nil
	}
	sim := logCorrelations(m.Covariance, linked)
	groups, err := bestGroups(ctx, sim, m.linkWeights(linked))
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		for k := range g {
			g[k] = linked[g[k]]
		}
	}
	labels, exemplars = standFor(m.Covariance, groups, len(m.Names))
	return labels, exemplars, nil
}

// standFor returns the labels of p sources, -1 for a source in no group, and the most central
// source of each group, ascending.
func standFor(cov mat.Symmetric, groups [][]int, p int) (labels, exemplars []int) {
	labels, exemplars = make([]int, p), []int{}
	for i := range labels {
		labels[i] = -1
	}
	for _, g := range groups {
		exemplars = append(exemplars, central(cov, g))
	}
	slices.Sort(exemplars)
	for _, g := range groups {
		at, _ := slices.BinarySearch(exemplars, central(cov, g))
		for _, i := range g {
			labels[i] = at
		}
	}
	return labels, exemplars
}

// linked lists the sources with an edge.
func (m *Model) linked() []int {
	var out []int
	for _, e := range m.Edges {
		out = append(out, e.From, e.To)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// linkWeights returns the magnitudes of the edges among the given sources.
func (m *Model) linkWeights(among []int) *mat.SymDense {
	w := mat.NewSymDense(len(among), nil)
	for _, e := range m.Edges {
		a, _ := slices.BinarySearch(among, e.From)
		b, _ := slices.BinarySearch(among, e.To)
		w.SetSym(a, b, math.Abs(e.Weight))
	}
	return w
}

func logCorrelations(cov mat.Symmetric, among []int) *mat.Dense {
	const floor = 1e-3 // below, correlations differ by noise only
	sim := mat.NewDense(len(among), len(among), nil)
	sim.Apply(func(a, b int, _ float64) float64 {
		i, j := among[a], among[b]
		r := math.Abs(cov.At(i, j)) / math.Sqrt(cov.At(i, i)*cov.At(j, j))
		return math.Log(min(1, r) + floor)
	}, sim)
	return sim
}

// bestGroups runs affinity propagation over a range of preferences.
func bestGroups(ctx context.Context, sim *mat.Dense, links *mat.SymDense) ([][]int, error) {
	lo := mat.Min(sim)
	const tries = 12
	var labels [tries][]int
	var errs [tries]error
	parallel.For(tries, func(k int) {
		// Preferences are evenly spaced in their logarithm, since near 0 a small difference makes
		// another cluster.
		preference := 3 * lo * math.Pow(150, -float64(k)/(tries-1))
		c, err := cluster.AffinityPropagation(ctx, sim, cluster.AffinityOptions{Preference: &preference, Damping: 0.7, MaxIter: 500})
		if errs[k] = err; err == nil {
			labels[k] = c.Labels
		}
	})
	var best []int
	top := math.Inf(-1)
	for k, err := range errs {
		if errors.Is(err, cluster.ErrNotConverged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if q := cluster.Modularity(links, labels[k]); q > top+1e-12 {
			top, best = q, labels[k]
		}
	}
	if best == nil {
		best = make([]int, links.SymmetricDim())
	}
	return groupsOf(refine(links, best)), nil
}

// groupsOf lists the points of each label, by label, without those below 0.
func groupsOf(labels []int) [][]int {
	at := map[int][]int{}
	for i, l := range labels {
		if l >= 0 {
			at[l] = append(at[l], i)
		}
	}
	var out [][]int
	for _, l := range slices.Sorted(maps.Keys(at)) {
		out = append(out, at[l])
	}
	return out
}

// central returns the member with the largest covariance to all of its group, or the first of
// several equal ones.
func central(cov mat.Symmetric, group []int) int {
	best, at := math.Inf(-1), -1
	for _, j := range group {
		sum := 0.0
		for _, i := range group {
			if i != j {
				sum += cov.At(i, j)
			}
		}
		if at < 0 || sum-best > 1e-12*math.Abs(best) {
			best, at = sum, j
		}
	}
	return at
}
