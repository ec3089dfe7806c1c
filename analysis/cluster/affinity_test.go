package cluster

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestMedian(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 60; n++ {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(rng.IntN(n))
		}
		sorted := slices.Clone(v)
		slices.Sort(sorted)
		want := (sorted[(n-1)/2] + sorted[n/2]) / 2
		if got := median(v); got != want {
			t.Errorf("median of %v is %v, want %v", v, got, want)
		}
	}
}

func TestAffinityTies(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *mat.Dense
		want []int
	}{
		{"identity", mat.NewDense(3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}), []int{0, 1, 2}},
		{"ones", mat.NewDense(2, 2, []float64{1, 1, 1, 1}), []int{0, 1}},
		{"one point", mat.NewDense(1, 1, []float64{7}), []int{0}},
		{"far apart", mat.NewDense(4, 4, []float64{0, -1, -9, -9, -1, 0, -9, -9, -9, -9, 0, -1, -9, -9, -1, 0}), []int{0, 0, 1, 1}},
	} {
		for range 3 {
			got, err := AffinityPropagation(context.Background(), c.s, AffinityOptions{})
			if err != nil || !slices.Equal(got.Labels, c.want) {
				t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
			}
		}
	}
}

func TestAffinityBadInput(t *testing.T) {
	ctx := context.Background()
	nan := mat.NewDense(2, 2, []float64{1, 2, math.NaN(), 1})
	if _, err := AffinityPropagation(ctx, nan, AffinityOptions{}); err == nil {
		t.Error("NaN: no error")
	}
	if _, err := AffinityPropagation(ctx, mat.NewDense(2, 3, nil), AffinityOptions{}); err == nil {
		t.Error("not square: no error")
	}
	if _, err := AffinityPropagation(ctx, mat.NewDense(2, 2, nil), AffinityOptions{Damping: 1}); err == nil {
		t.Error("damping 1: no error")
	}
	if got, err := AffinityPropagation(ctx, &mat.Dense{}, AffinityOptions{}); err != nil || len(got.Labels) > 0 {
		t.Errorf("no points: %v (%v)", got, err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := AffinityPropagation(canceled, mat.NewDense(3, 3, []float64{0, -1, -2, -1, 0, -3, -2, -3, 0}), AffinityOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestAffinityPropagationK(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	x := mat.NewDense(60, 2, nil)
	for i := range 60 {
		x.SetRow(i, []float64{float64(i%6)*10 + rng.NormFloat64(), rng.NormFloat64()})
	}
	d := Distances(x)
	s := mat.NewDense(60, 60, nil)
	s.Apply(func(i, j int, _ float64) float64 { return -d.At(i, j) * d.At(i, j) }, s)
	for _, k := range []int{2, 3, 6} {
		got, err := AffinityPropagationK(context.Background(), s, k, AffinityOptions{})
		if err != nil || len(got.Exemplars) != k {
			t.Errorf("%d clusters: %v (%v)", k, got, err)
		}
	}
}

// TestAffinityOnGrids checks that the clustering of tied points is the best of those that single
// ways of breaking the ties give.
func TestAffinityOnGrids(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for range 10 {
		n := 20 + rng.IntN(30)
		s := tiedGrid(rng, n, 5)
		got, err := AffinityPropagation(context.Background(), s, AffinityOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sim, err := dense(s)
		if err != nil {
			t.Fatal(err)
		}
		o, preference := AffinityOptions{}, median(sim)
		if err := o.defaults(); err != nil {
			t.Fatal(err)
		}
		net := netSimilarity(sim, n, preference, got)
		for way := range uint64(8) {
			e, err := newAffinity(slices.Clone(sim), n, preference, way).run(context.Background(), o)
			if other := netSimilarity(sim, n, preference, e); err == nil && other > net+1e-9 {
				t.Errorf("net similarity %v, another way gives %v", net, other)
			}
		}
	}
}

// TestAffinityOnGridsBesideAPeer checks that the net similarity on grids of whole numbers, where
// most similarities are tied, is no less than the median of fifteen random states of scikit-learn
// 1.9.1, converged or not.
func TestAffinityOnGridsBesideAPeer(t *testing.T) {
	medians := []float64{-34, -80, -228, -514, -288, -77.5, -209, -455, -101, -200, -124, -326, -52, -143, -383, -258, -43, -121, -340, -721, -56, -89, -306, -554, -213}
	rng := rand.New(rand.NewPCG(61, 17))
	for k, want := range medians {
		n, side := []int{20, 40, 60, 90, 150}[k%5], []int{4, 6, 9, 12}[k%4]
		s := tiedGrid(rng, n, side)
		got, err := AffinityPropagation(context.Background(), s, AffinityOptions{})
		if err != nil && !errors.Is(err, ErrNotConverged) {
			t.Fatal(err)
		}
		sim, err := dense(s)
		if err != nil {
			t.Fatal(err)
		}
		if net := netSimilarity(sim, n, median(sim), got); net < want-1e-9 {
			t.Errorf("grid %d of %d points: net similarity %v, the peer's median is %v", k, n, net, want)
		}
	}
}

// tiedGrid returns the similarities, squared distances below zero, of n random points of a grid
// that has so many places a side. Many are the same.
func tiedGrid(rng *rand.Rand, n, side int) *mat.Dense {
	x := mat.NewDense(n, 2, nil)
	x.Apply(func(int, int, float64) float64 { return float64(rng.IntN(side)) }, x)
	s := mat.NewDense(n, n, nil)
	s.Apply(func(i, j int, _ float64) float64 {
		a, b := x.At(i, 0)-x.At(j, 0), x.At(i, 1)-x.At(j, 1)
		return -(a*a + b*b)
	}, s)
	return s
}
