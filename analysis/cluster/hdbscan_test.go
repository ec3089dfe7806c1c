package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestHDBSCAN(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	x := mat.NewDense(100, 2, nil)
	for i := range 100 {
		switch {
		case i < 40: // dense
			x.SetRow(i, []float64{rng.NormFloat64() * 0.1, rng.NormFloat64() * 0.1})
		case i < 90: // sparse
			x.SetRow(i, []float64{20 + 2*rng.NormFloat64(), 2 * rng.NormFloat64()})
		default: // far from all
			x.SetRow(i, []float64{200 * rng.NormFloat64(), 100 + 50*float64(i)})
		}
	}
	d, err := HDBSCAN(context.Background(), Distances(x), HDBSCANOptions{MinSize: 12, MinPoints: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range d.Labels[:40] {
		if l != 0 {
			t.Errorf("dense point %d is in %d", i, l)
		}
	}
	inside := 0
	for _, l := range d.Labels[40:90] {
		if l == 1 {
			inside++
		}
	}
	if inside < 45 {
		t.Errorf("%d of 50 sparse points are together", inside)
	}
	for i, l := range d.Labels[90:] {
		if l != -1 || d.Probabilities[90+i] != 0 {
			t.Errorf("far point %d is in %d", i, l)
		}
	}
	if len(d.Stability) != 2 || slices.Min(d.Probabilities) < 0 || slices.Max(d.Probabilities) != 1 {
		t.Errorf("stability %v, probabilities %v", d.Stability, d.Probabilities)
	}
}

func TestHDBSCANSmall(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{0, 1, 2, 4} {
		d := &mat.SymDense{}
		if n > 0 {
			d = mat.NewSymDense(n, nil)
		}
		got, err := HDBSCAN(ctx, d, HDBSCANOptions{})
		if err != nil || len(got.Labels) != n || slices.ContainsFunc(got.Labels, func(l int) bool { return l >= 0 }) {
			t.Errorf("%d equal points: %v (%v)", n, got, err)
		}
	}
	if _, err := HDBSCAN(ctx, mat.NewSymDense(2, []float64{0, math.NaN(), math.NaN(), 0}), HDBSCANOptions{}); err == nil {
		t.Error("NaN: no error")
	}
}

func TestEdgesOfInput(t *testing.T) {
	ctx := context.Background()
	one := mat.NewSymDense(1, nil)
	if l, err := Spectral(t.Context(), one, 1, SpectralOptions{}); err != nil || l[0] != 0 {
		t.Errorf("spectral: %v (%v)", l, err)
	}
	if tree, err := Agglomerate(ctx, one, Ward); err != nil || !slices.Equal(tree.Leaves(), []int{0}) {
		t.Errorf("one point: %v (%v)", tree, err)
	}
	if _, err := Agglomerate(ctx, one, "centroid"); err == nil {
		t.Error("unknown method: no error")
	}
	if l, _, err := DBSCAN(one, 1, 1); err != nil || l[0] != 0 {
		t.Errorf("dbscan: %v (%v)", l, err)
	}
	if _, err := KMeans(ctx, mat.NewDense(3, 2, nil), 4, KMeansOptions{}); err == nil {
		t.Error("more groups than points: no error")
	}
	if c, err := KMeans(ctx, mat.NewDense(3, 2, nil), 3, KMeansOptions{}); err != nil || c.Inertia != 0 {
		t.Errorf("equal points: %v (%v)", c, err)
	}
	if _, err := Silhouette(one, []int{0}); err == nil {
		t.Error("silhouette of one group: no error")
	}
	if v, err := AdjustedRand([]int{0, 0, 1, 1}, []int{5, 5, -1, -1}); err != nil || v != 1 {
		t.Errorf("same groups: %v (%v)", v, err)
	}
}
