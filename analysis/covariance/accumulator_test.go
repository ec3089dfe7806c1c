package covariance

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestMergeIsAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		n, p := 1+rng.IntN(60), 1+rng.IntN(6)
		x := mat.NewDense(n, p, nil)
		x.Apply(func(_, j int, _ float64) float64 { return 1e6*float64(j) + rng.NormFloat64() }, x)
		all := NewAccumulator(p)
		if err := all.AddMatrix(x); err != nil {
			t.Fatal(err)
		}
		cut := rng.IntN(n + 1)
		a, b := NewAccumulator(p), NewAccumulator(p)
		for i := range n {
			into := a
			if i >= cut {
				into = b
			}
			if err := into.Add(x.RawRowView(i)); err != nil {
				t.Fatal(err)
			}
		}
		before := b.Clone()
		if err := a.Merge(b); err != nil {
			t.Fatal(err)
		}
		if a.N() != n || !mat.EqualApprox(a.Covariance(), all.Covariance(), 1e-9) {
			t.Errorf("%d + %d rows: covariance\n%v\nwant\n%v", cut, n-cut, mat.Formatted(a.Covariance()), mat.Formatted(all.Covariance()))
		}
		for j, m := range a.Mean() {
			if math.Abs(m-all.Mean()[j]) > 1e-9*math.Abs(all.Mean()[j])+1e-9 {
				t.Errorf("mean %v, want %v", m, all.Mean()[j])
			}
		}
		if b.N() != before.N() || !mat.Equal(b.Covariance(), before.Covariance()) {
			t.Error("merging changed what was merged in")
		}
	}
}

func TestAccumulatorBadInput(t *testing.T) {
	a := NewAccumulator(2)
	if err := a.Add([]float64{1}); err == nil {
		t.Error("short row: no error")
	}
	if err := a.Add([]float64{1, math.Inf(1)}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("infinity: %v", err)
	}
	if err := a.Merge(NewAccumulator(3)); err == nil {
		t.Error("merging another width: no error")
	}
	if a.N() != 0 {
		t.Errorf("%d rows after errors", a.N())
	}
	if _, err := Empirical(&mat.Dense{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty matrix: %v", err)
	}
	empty := NewAccumulator(0)
	if err := empty.Add(nil); err != nil || empty.N() != 1 {
		t.Errorf("row without columns: %v", err)
	}
}
