package covariance

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestTwins(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	const n, p = 60, 12
	x := mat.NewDense(n, p, nil)
	x.Apply(func(i, j int, v float64) float64 { return rng.NormFloat64() }, x)
	for i := range n {
		x.Set(i, 1, x.At(i, 0)+0.3*x.At(i, 1))
		x.Set(i, 7, x.At(i, 0)+0.05*x.At(i, 7))
	}
	for to, from := range map[int]int{3: 0, 5: 0, 9: 2, 11: 1} {
		x.SetCol(to, mat.Col(nil, from, x))
	}
	s, err := Empirical(x)
	if err != nil {
		t.Fatal(err)
	}
	r := flat(Correlation(s))
	if found := findTwins(r, p, 0); len(found.first) != p-4 {
		t.Fatalf("%d distinct variables, want %d", len(found.first), p-4)
	}
	for _, alpha := range []float64{1.5, 0.9, 0.5, 0.2, 0.05} {
		ctx := context.Background()
		want, err := solveDistinct(ctx, r, p, alpha, LassoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := solveLasso(ctx, r, p, alpha, LassoOptions{Start: want.Precision})
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(got.Objective - want.Objective); d > 1e-10 {
			t.Errorf("alpha %v: objective off by %g", alpha, d)
		}
		for i := range p {
			for j := range p {
				if d := math.Abs(got.Precision.At(i, j) - want.Precision.At(i, j)); d > 1e-5 {
					t.Errorf("alpha %v: precision %d, %d off by %g", alpha, i, j, d)
				}
				if d := math.Abs(got.Covariance.At(i, j) - want.Covariance.At(i, j)); d > 1e-5 {
					t.Errorf("alpha %v: covariance %d, %d off by %g", alpha, i, j, d)
				}
			}
		}
	}
}

// Every pair is as far from its solution as any other, and all must move.
func TestLassoEvenCorrelations(t *testing.T) {
	const p, alpha = 40, 0.1
	s := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			s.SetSym(i, j, 0.6)
		}
		s.SetSym(i, i, 1)
	}
	l, err := GraphicalLasso(context.Background(), s, alpha, LassoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range p {
		for j := range i {
			if v := l.Covariance.At(i, j); math.Abs(v-0.5) > 1e-6 {
				t.Fatalf("covariance %d, %d is %v, want 0.5", i, j, v)
			}
		}
	}
}
