package covariance

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

func maxDiff(a mat.Matrix, b [][]float64) float64 {
	top := 0.0
	for i := range b {
		for j := range b[i] {
			top = max(top, math.Abs(a.At(i, j)-b[i][j]))
		}
	}
	return top
}

type goldenLasso struct {
	Alpha     float64
	Precision [][]float64
	Objective float64
	Nonzero   int `json:"nonzero_offdiag_upper"`
}

func checkLassoGolden(t *testing.T, s *mat.SymDense, want goldenLasso) {
	t.Helper()
	l, err := GraphicalLasso(context.Background(), s, want.Alpha, LassoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := s.SymmetricDim()
	offset := 2 * float64(p) * math.Log(2*math.Pi)
	if l.Objective+offset > want.Objective+1e-8 {
		t.Errorf("alpha %g: objective %.12g, want ≤ %.12g", want.Alpha, l.Objective+offset, want.Objective)
	}
	if d := maxDiff(l.Precision, want.Precision); d > 1e-5 {
		t.Errorf("alpha %g: precision off by %g", want.Alpha, d)
	}
	for i := range p {
		for j := range i {
			if (math.Abs(l.Precision.At(i, j)) > 1e-6) != (math.Abs(want.Precision[i][j]) > 1e-6) {
				t.Errorf("alpha %g: support differs at %d, %d: %g and %g", want.Alpha, i, j, l.Precision.At(i, j), want.Precision[i][j])
			}
		}
	}
	t.Logf("alpha %.4g gap %.2g steps %d edges %d", want.Alpha, l.Gap, l.Iterations, l.Edges())
}

func TestGoldenLasso(t *testing.T) {
	for _, set := range golden.Sets {
		t.Run(set, func(t *testing.T) {
			s, err := Empirical(golden.Scaled(t, set))
			if err != nil {
				t.Fatal(err)
			}
			var fixed struct {
				Tight []goldenLasso `json:"tight_tol"`
			}
			golden.Read(t, set+".graphical_lasso_fixed.json", &fixed)
			for _, w := range fixed.Tight {
				checkLassoGolden(t, s, w)
			}
			for _, kind := range []string{"default", "example"} {
				var pipeline struct{ Tight goldenLasso }
				golden.Read(t, set+".pipeline_"+kind+".json", &pipeline)
				checkLassoGolden(t, s, pipeline.Tight)
			}
		})
	}
}

func TestGoldenCV(t *testing.T) {
	var want map[string]struct {
		SklearnScore float64                          `json:"sklearn_score"`
		BestScore    float64                          `json:"best_score"`
		Grid         []struct{ Alpha, Score float64 } `json:"converged_grid"`
	}
	golden.Read(t, "cv_converged_and_centred_lle.json", &want)
	for _, set := range golden.Sets {
		t.Run(set, func(t *testing.T) {
			x := golden.Scaled(t, set)
			cv, err := GraphicalLassoCV(context.Background(), x, CVOptions{})
			if err != nil {
				t.Fatal(err)
			}
			n, p := x.Dims()
			folds := make([]*Accumulator, 5)
			for f := range folds {
				lo, hi := foldBounds(n, len(folds), f)
				folds[f] = accumulateRows(mat.DenseCopyOf(x).Slice(lo, hi, 0, p).(*mat.Dense))
			}
			v, err := newValidation(folds, 1e-12)
			if err != nil {
				t.Fatal(err)
			}
			score, err := v.try(context.Background(), cv.Alpha)
			if err != nil {
				t.Fatal(err)
			}
			w := want[set]
			if score < max(w.BestScore, w.SklearnScore)-1e-5 {
				t.Errorf("alpha %.5g scores %.7f, want ≥ %.7f and %.7f", cv.Alpha, score, w.BestScore, w.SklearnScore)
			}
			t.Logf("alpha %.5g score %.7f (%.7f) trials %d edges %d", cv.Alpha, score, w.BestScore, len(cv.Trials), cv.Edges())
		})
	}
}

func TestLassoHardCases(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name string
		n, p int
		edit func(x *mat.Dense)
	}{
		{"duplicate column", 100, 8, func(x *mat.Dense) { x.SetCol(3, mat.Col(nil, 0, x)) }},
		{"three duplicates, one negated", 100, 8, func(x *mat.Dense) {
			c := mat.Col(nil, 0, x)
			x.SetCol(3, c)
			x.SetCol(5, c)
			for i := range c {
				c[i] = -c[i]
			}
			x.SetCol(7, c)
		}},
		{"nearly duplicate", 100, 8, func(x *mat.Dense) {
			c := mat.Col(nil, 0, x)
			for i := range c {
				c[i] += 1e-6 * rng.NormFloat64()
			}
			x.SetCol(3, c)
		}},
		{"fewer rows than columns", 20, 40, func(*mat.Dense) {}},
		{"one huge outlier", 100, 8, func(x *mat.Dense) { x.Set(17, 2, 1e6) }},
		{"scales far apart", 100, 8, func(x *mat.Dense) {
			for i := range 100 {
				x.Set(i, 0, 1e6*x.At(i, 0))
				x.Set(i, 1, 1e-6*x.At(i, 1))
			}
		}},
		{"all columns one factor", 100, 8, func(x *mat.Dense) {
			for i := range 100 {
				for j := 1; j < 8; j++ {
					x.Set(i, j, x.At(i, 0)+1e-3*x.At(i, j))
				}
			}
		}},
	} {
		x := mat.NewDense(c.n, c.p, nil)
		x.Apply(func(i, j int, v float64) float64 { return rng.NormFloat64() }, x)
		c.edit(x)
		s, err := Empirical(x)
		if err != nil {
			t.Fatal(err)
		}
		r := Correlation(s)
		for _, alpha := range []float64{0.5, 0.1, 0.01, 0.001} {
			l, err := GraphicalLasso(context.Background(), r, alpha, LassoOptions{})
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			t.Logf("%s alpha %v gap %.2g steps %d edges %d", c.name, alpha, l.Gap, l.Iterations, l.Edges())
		}
		cv, err := GraphicalLassoCV(context.Background(), x, CVOptions{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		t.Logf("%s cv alpha %.3g edges %d", c.name, cv.Alpha, cv.Edges())
	}
}

func TestGoldenCovariance(t *testing.T) {
	for _, set := range golden.Sets {
		var want struct {
			LedoitWolf, OAS struct {
				Shrinkage  float64
				Covariance [][]float64
				Score      float64
			}
			Empirical struct {
				Self        float64 `json:"loglik_self"`
				Halves      float64 `json:"loglik_fit_first_half_score_second"`
				Precision   [][]float64
				Mahalanobis []float64 `json:"mahalanobis_sq"`
			}
			Shrunk        struct{ Score float64 } `json:"shrunk_0_1"`
			LWMahalanobis []float64
		}
		var raw map[string]json.RawMessage
		golden.Read(t, set+".covariance.json", &raw)
		for key, into := range map[string]any{"ledoit_wolf": &want.LedoitWolf, "oas": &want.OAS, "empirical": &want.Empirical, "shrunk_0_1": &want.Shrunk,
			"ledoit_wolf_mahalanobis_sq": &want.LWMahalanobis} {
			if err := json.Unmarshal(raw[key], into); err != nil {
				t.Fatal(err)
			}
		}
		x := golden.Scaled(t, set)
		n, p := x.Dims()
		s, err := Empirical(x)
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
				t.Errorf("%s %s: %v, want %v", set, what, got, want)
			}
		}
		score := func(cov *mat.SymDense) float64 {
			precision, err := Precision(cov)
			if err != nil {
				t.Fatal(err)
			}
			return LogLikelihood(s, precision)
		}
		lw, shrinkage, err := LedoitWolf(x)
		if err != nil {
			t.Fatal(err)
		}
		near("ledoit-wolf shrinkage", shrinkage, want.LedoitWolf.Shrinkage)
		near("ledoit-wolf", maxDiff(lw, want.LedoitWolf.Covariance), 0)
		near("ledoit-wolf score", score(lw), want.LedoitWolf.Score)
		oas, shrinkage, err := OAS(x)
		if err != nil {
			t.Fatal(err)
		}
		near("oas shrinkage", shrinkage, want.OAS.Shrinkage)
		near("oas", maxDiff(oas, want.OAS.Covariance), 0)
		near("oas score", score(oas), want.OAS.Score)
		near("shrunk score", score(Shrunk(s, 0.1)), want.Shrunk.Score)
		near("log-likelihood", score(s), want.Empirical.Self)
		precision, err := Precision(s)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range want.Empirical.Precision {
			for j, v := range row {
				near("precision", precision.At(i, j), v)
			}
		}
		a, err := accumulate(x)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Mahalanobis(x, a.Mean(), precision)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want.Empirical.Mahalanobis {
			near("mahalanobis", d[i], v)
		}
		if precision, err = Precision(lw); err != nil {
			t.Fatal(err)
		}
		if d, err = Mahalanobis(x, a.Mean(), precision); err != nil {
			t.Fatal(err)
		}
		for i, v := range want.LWMahalanobis {
			near("ledoit-wolf mahalanobis", d[i], v)
		}
		first, err := accumulate(x.Slice(0, n/2, 0, p))
		if err != nil {
			t.Fatal(err)
		}
		inverse, err := Precision(first.Covariance())
		if err != nil {
			t.Fatal(err)
		}
		other, err := Score(x.Slice(n/2, n, 0, p), first.Mean(), inverse)
		if err != nil {
			t.Fatal(err)
		}
		near("log-likelihood of the other half", other, want.Empirical.Halves)
	}
}
