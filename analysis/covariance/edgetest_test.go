package covariance_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// TestUnrelatedPValue holds that unrelated variables have p-values that are no smaller than chance
// makes them, and that one strong correlation and many weak ones have small ones.
func TestUnrelatedPValue(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const tries = 400
	sample := func(n, p int, load, pair float64) *mat.SymDense {
		x := mat.NewDense(n, p, nil)
		for i := range n {
			common, row := rng.NormFloat64(), x.RawRowView(i)
			for j := range p {
				row[j] = rng.NormFloat64() + float64(load*common)
			}
			row[1] += float64(pair * row[0])
		}
		s, err := covariance.Empirical(x)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		n, p        int
		load, pair  float64
		least, most float64 // part of p-values up to 0.05
	}{
		{20, 2, 0, 0, 0, 0.065}, {20, 12, 0, 0, 0, 0.065}, {60, 40, 0, 0, 0, 0.065}, {500, 8, 0, 0, 0, 0.065},
		{60, 40, 0.4, 0, 0.9, 1}, {60, 40, 0, 1, 0.9, 1}, {60, 3, 0, 1, 0.99, 1},
	} {
		small := 0.0
		for range tries {
			if covariance.UnrelatedPValue(sample(c.n, c.p, c.load, c.pair), c.n) <= 0.05 {
				small += 1.0 / tries
			}
		}
		if small < c.least || small > c.most {
			t.Errorf("%d×%d, load %g, pair %g: %.3f of p-values are small, want %g to %g", c.n, c.p, c.load, c.pair, small, c.least, c.most)
		}
	}
	// Two copies are related, variables that do not vary are not, and of one there are no pairs.
	for want, s := range map[float64]*mat.SymDense{
		0: mat.NewSymDense(2, []float64{1, -1, -1, 1}),
		1: mat.NewSymDense(2, []float64{1, 0, 0, 0}),
	} {
		if got := covariance.UnrelatedPValue(s, 30); math.Abs(got-want) > 1e-12 {
			t.Errorf("p-value %g, want %g", got, want)
		}
	}
	if got := covariance.UnrelatedPValue(mat.NewSymDense(1, []float64{1}), 30); got != 1 {
		t.Errorf("one variable: p-value %g", got)
	}
}

// TestPValueCut holds that few rows let more be chance than many, and that nothing is called where
// all p-values are large.
func TestPValueCut(t *testing.T) {
	pvalues := mat.NewSymDense(5, nil)
	for i, v := range []float64{1e-6, 0.03, 0.04, 0.3, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9} {
		for a, k := 0, 0; a < 5; a++ {
			for b := a + 1; b < 5; b++ {
				if k == i {
					pvalues.SetSym(a, b, v)
				}
				k++
			}
		}
	}
	if few, many := covariance.PValueCut(pvalues, 30), covariance.PValueCut(pvalues, 1000); few < 0.03 || many != 1e-6 {
		t.Errorf("cut %g in 30 rows, %g in 1000", few, many)
	}
	for a := range 5 {
		for b := range a {
			pvalues.SetSym(a, b, max(0.3, pvalues.At(a, b)))
		}
	}
	if cut := covariance.PValueCut(pvalues, 1000); cut != 0 {
		t.Errorf("cut %g where nothing shows", cut)
	}
	for n, want := range map[int]float64{1: 1, 30: 0.4166666666666667, 1000: 0.05} {
		if got := covariance.ByChance(n, 5); got != want {
			t.Errorf("%d rows: %g, want %g", n, got, want)
		}
	}
}
