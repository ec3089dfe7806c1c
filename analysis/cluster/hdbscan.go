package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// HDBSCANOptions tune HDBSCAN. The zero value is the default.
type HDBSCANOptions struct {
	// MinSize is the fewest points that make a cluster; 0 means 5.
	MinSize int
	// MinPoints says how density is measured: by the distance to the MinPoints-th nearest point,
	// the point itself included. 0 means MinSize.
	MinPoints int
}

// Density is a clustering by density.
type Density struct {
	Labels        []int     // -1 for noise
	Probabilities []float64 // how firmly each point belongs, 0 for noise to 1
	Stability     []float64 // of each cluster
}

// HDBSCAN finds clusters of any density in points with the given distances: those that persist
// longest as the distance at which points are linked shrinks (R. Campello, D. Moulavi and J.
// Sander, "Density-based clustering based on hierarchical density estimates", 2013). All points
// together are no cluster, so that points without structure are noise. Points whose distances are
// tied, such as those within a dense core, are linked in the order of the points.
func HDBSCAN(ctx context.Context, distances mat.Symmetric, o HDBSCANOptions) (*Density, error) {
	return parallel.Await(ctx, func() (*Density, error) { return hdbscan(ctx, distances, o) })
}

func hdbscan(ctx context.Context, distances mat.Symmetric, o HDBSCANOptions) (*Density, error) {
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("hdbscan: %w", err)
	}
	if o.MinSize <= 0 {
		o.MinSize = 5
	}
	if o.MinPoints <= 0 {
		o.MinPoints = o.MinSize
	}
	n := distances.SymmetricDim()
	if o.MinSize < 2 {
		return nil, fmt.Errorf("hdbscan: clusters of %d points: want 2 or more", o.MinSize)
	}
	out := &Density{Labels: make([]int, n), Probabilities: make([]float64, n)}
	for i := range out.Labels {
		out.Labels[i] = -1
	}
	if n < 2 {
		return out, nil
	}
	tree, err := Agglomerate(ctx, mutualReachability(distances, o.MinPoints), Single)
	if err != nil {
		return nil, err
	}
	c := condense(tree, o.MinSize)
	c.choose()
	c.label(out)
	return out, nil
}

// mutualReachability raises distances to the core distances of both points.
func mutualReachability(d mat.Symmetric, minPoints int) *mat.SymDense {
	n := d.SymmetricDim()
	core := make([]float64, n)
	row := make([]float64, n)
	for i := range n {
		for j := range n {
			row[j] = d.At(i, j)
		}
		row[i] = 0
		slices.Sort(row)
		// The point itself counts as the nearest, at distance 0.
		core[i] = row[min(minPoints, n)-1]
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i + 1; j < n; j++ {
			out.SetSym(i, j, max(d.At(i, j), core[i], core[j]))
		}
	}
	return out
}

// condensed is the hierarchy without the splits that only shed a few points.
// Lambda is 1/distance. Cluster 0 holds all points.
type condensed struct {
	clusters []condensedCluster
	cluster  []int     // the last one each point was in
	lambda   []float64 // at which it fell out of it
}

type condensedCluster struct {
	parent    int
	children  []int
	birth     float64
	death     float64 // lambda at which its last points left or it split
	stability float64 // Σ over points of (lambda left - birth)
	chosen    bool
}

func condense(t *Tree, minSize int) *condensed {
	c := &condensed{cluster: make([]int, t.N), lambda: make([]float64, t.N)}
	c.clusters = []condensedCluster{{parent: -1}}
	type task struct{ group, cluster int }
	size := func(g int) int {
		if g < t.N {
			return 1
		}
		return t.Merges[g-t.N].Size
	}
	stack := []task{{t.N + len(t.Merges) - 1, 0}}
	for len(stack) > 0 {
		k := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if k.group < t.N {
			continue
		}
		m := t.Merges[k.group-t.N]
		lambda := math.Inf(1)
		if m.Height > 0 {
			lambda = 1 / m.Height
		}
		split := size(m.A) >= minSize && size(m.B) >= minSize
		for _, g := range []int{m.A, m.B} {
			switch {
			case split:
				id := len(c.clusters)
				c.clusters = append(c.clusters, condensedCluster{parent: k.cluster, birth: lambda})
				c.clusters[k.cluster].children = append(c.clusters[k.cluster].children, id)
				c.clusters[k.cluster].leave(lambda, size(g))
				stack = append(stack, task{g, id})
			case size(g) >= minSize:
				stack = append(stack, task{g, k.cluster})
			default:
				c.clusters[k.cluster].leave(lambda, size(g))
				for _, i := range t.points(g) {
					c.cluster[i], c.lambda[i] = k.cluster, lambda
				}
			}
		}
	}
	return c
}

func (c *condensedCluster) leave(lambda float64, points int) {
	c.death = max(c.death, lambda)
	if lambda > c.birth {
		// Points on one spot have no distance and stay together for ever, so that a bound must keep
		// the sums finite.
		c.stability += float64(float64(points) * (min(lambda, math.MaxFloat64/1e6) - c.birth))
	}
}

// points lists the members of a group.
func (t *Tree) points(group int) []int {
	if group < t.N {
		return []int{group}
	}
	m := t.Merges[group-t.N]
	return append(t.points(m.A), t.points(m.B)...)
}

// choose picks the clusters that are more stable than all clusters below them together. The cluster
// of all points is never picked.
func (c *condensed) choose() {
	best := make([]float64, len(c.clusters))
	// Children come after their parents, so that, from the last cluster on, those below are already
	// known.
	for k := len(c.clusters) - 1; k > 0; k-- {
		below := 0.0
		for _, child := range c.clusters[k].children {
			below += best[child]
		}
		c.clusters[k].chosen = c.clusters[k].stability >= below
		best[k] = max(c.clusters[k].stability, below)
	}
	for k := range c.clusters {
		if p := c.clusters[k].parent; p > 0 && c.covered(p) {
			c.clusters[k].chosen = false
		}
	}
}

// covered reports whether a cluster or one above it is chosen.
func (c *condensed) covered(k int) bool {
	for ; k > 0; k = c.clusters[k].parent {
		if c.clusters[k].chosen {
			return true
		}
	}
	return false
}

func (c *condensed) label(out *Density) {
	number := map[int]int{}
	owner := make([]int, len(out.Labels))
	for i, k := range c.cluster {
		for k > 0 && !c.clusters[k].chosen {
			k = c.clusters[k].parent
		}
		if owner[i] = k; k <= 0 {
			continue
		}
		if _, ok := number[k]; !ok {
			number[k] = len(number)
			out.Stability = append(out.Stability, c.clusters[k].stability)
		}
		out.Labels[i] = number[k]
	}
	for i, k := range owner {
		if k <= 0 {
			continue
		}
		out.Probabilities[i] = 1
		if death := c.clusters[k].death; c.lambda[i] < death && !math.IsInf(death, 0) {
			out.Probabilities[i] = c.lambda[i] / death
		}
	}
}
