package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func orderLength(d mat.Symmetric, order []int) float64 {
	sum := 0.0
	for i := range order[1:] {
		sum += d.At(order[i], order[i+1])
	}
	return sum
}

// draws reports whether the members of each group stand side by side in order.
func (t *Tree) draws(order []int) bool {
	at := make([]int, t.N)
	for k, i := range order {
		at[i] = k
	}
	for g, m := range t.Merges {
		low, high := t.N, -1
		for _, i := range t.points(t.N + g) {
			low, high = min(low, at[i]), max(high, at[i])
		}
		if high-low+1 != m.Size {
			return false
		}
	}
	return true
}

// drawings lists all orders of group g without crossings.
func (t *Tree) drawings(g int) [][]int {
	if g < t.N {
		return [][]int{{g}}
	}
	var out [][]int
	for _, a := range t.drawings(t.Merges[g-t.N].A) {
		for _, b := range t.drawings(t.Merges[g-t.N].B) {
			out = append(out, slices.Concat(a, b), slices.Concat(b, a))
		}
	}
	return out
}

func TestOptimalLeaves(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(4, 2))
	for n := 1; n <= 9; n++ {
		x := mat.NewDense(n, 3, nil)
		x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
		d := Distances(x)
		for _, method := range []Method{Average, Single} {
			tree, err := Agglomerate(ctx, d, method)
			if err != nil {
				t.Fatal(err)
			}
			best := math.Inf(1)
			for _, order := range tree.drawings(n + len(tree.Merges) - 1) {
				best = min(best, orderLength(d, order))
			}
			got, err := tree.OptimalLeaves(ctx, d)
			if err != nil || len(got) != n || !near(orderLength(d, got), best) {
				t.Errorf("%d points, %s: %v of length %v, want %v (%v)", n, method, got, orderLength(d, got), best, err)
			}
			if sorted := slices.Sorted(slices.Values(got)); sorted[0] != 0 || sorted[n-1] != n-1 || len(slices.Compact(sorted)) != n || !tree.draws(got) {
				t.Errorf("%d points, %s: %v is no drawing of the tree", n, method, got)
			}
			if _, err := tree.OptimalLeaves(ctx, mat.NewSymDense(n+1, nil)); err == nil {
				t.Errorf("distances of other points: no error")
			}
		}
	}
}
