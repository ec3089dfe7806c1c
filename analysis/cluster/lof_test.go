package cluster

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

// The outlier numbers of isolation forests and of the minimum covariance determinant follow another
// library's random numbers: nothing is compared with them.
func TestGoldenOutliers(t *testing.T) {
	for _, set := range golden.Sets {
		var want struct {
			LOF []float64 `json:"lof_20"`
		}
		golden.Read(t, set+".outliers.json", &want)
		got, err := LocalOutlierFactors(Distances(golden.Scaled(t, set)), 20)
		if err != nil || len(got) != len(want.LOF) {
			t.Fatalf("%s: %d factors, want %d (%v)", set, len(got), len(want.LOF), err)
		}
		for i, w := range want.LOF {
			if !near(got[i], w) {
				t.Errorf("%s factor of %d: %v, want %v", set, i, got[i], w)
			}
		}
	}
}

// Two groups of different density: a point near the dense one is an outlier,
// one as far from its neighbors in the sparse one is not.
func TestLocalOutlierFactors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	x := mat.NewDense(101, 2, nil)
	for i := range 100 {
		width, at := 0.05, 0.0
		if i >= 50 {
			width, at = 2, 30
		}
		x.SetRow(i, []float64{at + width*rng.NormFloat64(), width * rng.NormFloat64()})
	}
	x.SetRow(100, []float64{0, 1.5})
	got, err := LocalOutlierFactors(Distances(x), 10)
	if err != nil || floats.MaxIdx(got) != 100 || got[100] < 3*floats.Max(got[:100]) {
		t.Errorf("factors %v (%v)", got, err)
	}
	same, err := LocalOutlierFactors(mat.NewSymDense(5, nil), 2)
	for i, v := range same {
		if err != nil || !near(v, 1) {
			t.Errorf("equal point %d: %v (%v)", i, v, err)
		}
	}
	for _, k := range []int{0, 5} {
		if _, err := LocalOutlierFactors(mat.NewSymDense(5, nil), k); err == nil {
			t.Errorf("%d neighbors of 5 points: no error", k)
		}
	}
}
