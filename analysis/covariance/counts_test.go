package covariance

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/internal/golden"
)

// smallCounts draws counts of a few per row; every odd one follows the one before. Spread makes
// them vary more than Poisson counts.
func smallCounts(n, p int, spread float64, seed uint64) *mat.Dense {
	src := rand.NewPCG(seed, 3)
	x := mat.NewDense(n, p, nil)
	for i := range n {
		for j := range p {
			mean := 1.5
			if j%2 == 1 {
				mean = 0.3 + 1.2*x.At(i, j-1)
			}
			if spread > 0 {
				mean *= distuv.Gamma{Alpha: 1 / spread, Beta: 1 / spread, Src: src}.Rand()
			}
			x.Set(i, j, distuv.Poisson{Lambda: max(mean, 1e-9), Src: src}.Rand())
		}
	}
	return x
}

func TestCountNeighborhoods(t *testing.T) {
	ctx := context.Background()
	const p = 16
	for _, spread := range []float64{0, 0.5} {
		hit, found := 0, 0
		const tries = 5
		for seed := range uint64(tries) {
			got, err := CountNeighborhoods(ctx, smallCounts(200, p, spread, seed), CountOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range p {
				for j := i + 1; j < p; j++ {
					if v := got.At(i, j); v != 0 {
						found++
						if i%2 == 0 && j == i+1 && v > 0 {
							hit++
						}
					}
				}
			}
		}
		f1 := 2 * float64(hit) / float64(tries*p/2+found)
		t.Logf("spread %v: F1 %.2f, %d of %d links are right", spread, f1, hit, found)
		if f1 < 0.9 {
			t.Errorf("spread %v: F1 %.2f", spread, f1)
		}
	}
}

// TestCountRegression holds coefficients without a penalty against the conditions of the maximum.
func TestCountRegression(t *testing.T) {
	x := smallCounts(300, 4, 0, 9)
	z := make([][]float64, 4)
	for j := range z {
		z[j] = standardRoots(mat.Col(nil, j, x))
	}
	r := newCountRegression(mat.Col(nil, 1, x), z, 1)
	r.phi = 0
	r.fit(0)
	for k, col := range append(z, nil) {
		g := 0.0
		for i, y := range r.y {
			v := 1.0
			if col != nil {
				v = col[i]
			}
			g += v * (y - math.Exp(r.eta[i]))
		}
		if k != 1 && math.Abs(g) > 1e-3 {
			t.Errorf("gradient %d is %v", k, g)
		}
	}
}

// TestGoldenCountRegression holds coefficients, with and without a penalty, against those of
// statsmodels and cvxpy.
func TestGoldenCountRegression(t *testing.T) {
	var g struct {
		Counts struct {
			X    [][]float64
			Fits []struct {
				Phi, Penalty, Base float64
				Beta               []float64
			}
		}
	}
	golden.Read(t, "explore.json", &g)
	x := mat.NewDense(len(g.Counts.X), len(g.Counts.X[0]), nil)
	for i, row := range g.Counts.X {
		x.SetRow(i, row)
	}
	z := make([][]float64, 4)
	for j := range z {
		z[j] = standardRoots(mat.Col(nil, j, x))
	}
	if len(g.Counts.Fits) != 6 {
		t.Errorf("%d fits", len(g.Counts.Fits))
	}
	for _, want := range g.Counts.Fits {
		r := newCountRegression(mat.Col(nil, 1, x), z, 1)
		r.phi = want.Phi
		r.fit(want.Penalty)
		got := append([]float64{r.base, r.beta[0]}, r.beta[2:]...)
		for k, v := range append([]float64{want.Base}, want.Beta...) {
			if math.Abs(got[k]-v) > 2e-6 {
				t.Errorf("phi %v, penalty %v: coefficient %d is %v, want %v", want.Phi, want.Penalty, k, got[k], v)
			}
		}
	}
}

func TestCountNeighborhoodsBadInput(t *testing.T) {
	ctx := context.Background()
	for name, x := range map[string]*mat.Dense{
		"below zero": mat.NewDense(8, 1, []float64{1, 2, -3, 4, 5, 6, 7, 8}), "few": mat.NewDense(3, 2, nil),
		"NaN": mat.NewDense(8, 1, []float64{1, 2, math.NaN(), 4, 5, 6, 7, 8}),
	} {
		if _, err := CountNeighborhoods(ctx, x, CountOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	still, err := CountNeighborhoods(ctx, mat.NewDense(20, 3, nil), CountOptions{Either: true})
	if err != nil || mat.Max(still) != 0 {
		t.Errorf("constant counts: %v, %v", still, err)
	}
}
