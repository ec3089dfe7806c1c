package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// OptimalLeaves lists the points in the order of that drawing without crossings in which neighbors
// are closest to each other, in sum (Z. Bar-Joseph, D. Gifford and T. Jaakkola, "Fast optimal leaf
// ordering for hierarchical clustering", 2001). The order and its reverse are equally good: the one
// that starts with the smaller of both ends is returned. It takes O(n³) time.
func (t *Tree) OptimalLeaves(ctx context.Context, distances mat.Symmetric) ([]int, error) {
	return parallel.Await(ctx, func() ([]int, error) { return t.optimalLeaves(ctx, distances) })
}

func (t *Tree) optimalLeaves(ctx context.Context, distances mat.Symmetric) ([]int, error) {
	if n := distances.SymmetricDim(); n != t.N {
		return nil, fmt.Errorf("ordering the leaves of a tree of %d points: distances of %d", t.N, n)
	}
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("ordering the leaves of a tree: %w", err)
	}
	o := newOrdering(t, distances)
	for _, g := range o.groups[t.N:] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.solve(g)
	}
	top := o.groups[len(o.groups)-1]
	bu, bw := top.low, top.high-1
	for u := top.low; u < top.middle; u++ {
		for w := top.middle; w < top.high; w++ {
			if o.cost[u][w] < o.cost[bu][bw] {
				bu, bw = u, w
			}
		}
	}
	out := make([]int, 0, t.N)
	for _, at := range o.walk(nil, top, bu, bw) {
		out = append(out, o.order[at])
	}
	if out[0] > out[len(out)-1] {
		slices.Reverse(out)
	}
	return out, nil
}

// span is a group as positions in a drawing: its parts are low … middle-1 and
// middle … high-1.
type span struct {
	low, middle, high int
	left, right       *span // nil for a point
}

// across returns the positions that may stand at the other end from u.
func (s *span) across(u int) (from, to int) {
	switch {
	case s.left == nil:
		return s.low, s.high
	case u < s.middle:
		return s.middle, s.high
	}
	return s.low, s.middle
}

type ordering struct {
	order    []int // point at each position of some drawing
	groups   []*span
	distance [][]float64 // between positions
	// cost of the best order, with these two at the ends, of the smallest
	// group that holds both
	cost [][]float64
}

func newOrdering(t *Tree, distances mat.Symmetric) *ordering {
	o := &ordering{order: t.Leaves(), groups: make([]*span, t.N), distance: make([][]float64, t.N), cost: make([][]float64, t.N)}
	for at, i := range o.order {
		o.groups[i] = &span{low: at, high: at + 1}
		o.distance[at], o.cost[at] = make([]float64, t.N), make([]float64, t.N)
		for b, j := range o.order {
			o.distance[at][b] = distances.At(i, j)
		}
	}
	for _, m := range t.Merges {
		a, b := o.groups[m.A], o.groups[m.B]
		o.groups = append(o.groups, &span{a.low, b.low, b.high, a, b})
	}
	return o
}

// solve finds the cost of group g for each pair of ends.
func (o *ordering) solve(g *span) {
	// This is the best way from u through the left part to each position of the right part. It is
	// kept, so that each pair of ends costs one pass and not two, which turns O(n⁴) into O(n³).
	reach := make([]float64, g.high-g.middle)
	for u := g.low; u < g.middle; u++ {
		from, to := g.left.across(u)
		for k := range reach {
			reach[k] = math.Inf(1)
		}
		for m := from; m < to; m++ {
			base, d := o.cost[u][m], o.distance[m][g.middle:g.high]
			for k, v := range d {
				reach[k] = min(reach[k], base+v)
			}
		}
		for w := g.middle; w < g.high; w++ {
			best := math.Inf(1)
			from, to := g.right.across(w)
			row := o.cost[w]
			for k := from; k < to; k++ {
				best = min(best, reach[k-g.middle]+row[k])
			}
			o.cost[u][w], o.cost[w][u] = best, best
		}
	}
}

// walk appends the best order of group g from u to w.
func (o *ordering) walk(out []int, g *span, u, w int) []int {
	if g.left == nil {
		return append(out, u)
	}
	first, second := g.left, g.right
	if u >= g.middle {
		first, second = second, first
	}
	best, bm, bk := math.Inf(1), u, w
	mFrom, mTo := first.across(u)
	kFrom, kTo := second.across(w)
	for m := mFrom; m < mTo; m++ {
		for k := kFrom; k < kTo; k++ {
			if c := o.cost[u][m] + o.distance[m][k] + o.cost[k][w]; c < best {
				best, bm, bk = c, m, k
			}
		}
	}
	return o.walk(o.walk(out, first, u, bm), second, bk, w)
}
