package analysis

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

func relative(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*math.Abs(b) || math.Abs(b) < 1e-300 && math.Abs(a) < 1e-300
}

func TestGoldenTime(t *testing.T) {
	var want struct {
		Granger []struct {
			Dataset, X, Y string
			Lags          map[string]struct {
				F []float64 `json:"ssr_ftest"`
			}
		}
		CCF []struct {
			Dataset, X, Y string
			R             []float64
			BestLag       int `json:"best_lag"`
			Best          float64
		}
		ACF []struct {
			Dataset, Series string
			ACF, PACF       []float64
		}
		VAR struct {
			Granger  struct{ Stat float64 } `json:"granger_ab"`
			Order    int
			Params   [][]float64
			Sigma    [][]float64 `json:"sigma_u"`
			AIC, BIC float64
		} `json:"var3"`
	}
	golden.Read(t, "lagged.granger_ccf.json", &want)
	sets := map[string]*Series{}
	column := func(set, name string) []float64 {
		if set == "" {
			set = "counts24"
		}
		if sets[set] == nil {
			sets[set] = goldenSeries(t, set)
		}
		c, err := sets[set].Column(name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, w := range want.Granger {
		for lag, f := range w.Lags {
			k, _ := strconv.Atoi(lag)
			g, err := Granger(column(w.Dataset, w.X), column(w.Dataset, w.Y), k)
			if err != nil || !relative(g.F, f.F[0]) || !relative(g.P, f.F[1]) || g.Denominator != int(f.F[2]) {
				t.Errorf("%s → %s, %d lags: F %v p %v, want %v %v (%v)", w.X, w.Y, k, g.F, g.P, f.F[0], f.F[1], err)
			}
		}
	}
	for _, w := range want.CCF {
		x, y := column(w.Dataset, w.X), column(w.Dataset, w.Y)
		r, err := CrossCorrelation(x, y, len(w.R)/2)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range w.R {
			if !near(r[k], v) {
				t.Errorf("%s, %s lag %d: %v, want %v", w.X, w.Y, k-len(w.R)/2, r[k], v)
			}
		}
		if lag, best, _ := BestLag(x, y, len(w.R)/2); lag != w.BestLag || !near(best, w.Best) {
			t.Errorf("%s, %s: best lag %d (%v), want %d (%v)", w.X, w.Y, lag, best, w.BestLag, w.Best)
		}
	}
	for _, w := range want.ACF {
		x := column(w.Dataset, w.Series)
		acf, err := Autocorrelation(x, len(w.ACF)-1)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range w.ACF {
			if !near(acf[k], v) {
				t.Errorf("%s autocorrelation %d: %v, want %v", w.Series, k, acf[k], v)
			}
		}
		pacf, err := PartialAutocorrelation(x, len(w.PACF)-1)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range w.PACF {
			if !near(pacf[k], v) {
				t.Errorf("%s partial autocorrelation %d: %v, want %v", w.Series, k, pacf[k], v)
			}
		}
	}
	g, err := Granger(column("var3", "a"), column("var3", "b"), 2, column("var3", "c"))
	if err != nil || !relative(g.F, want.VAR.Granger.Stat) {
		t.Errorf("a → b given c: F %v, want %v (%v)", g.F, want.VAR.Granger.Stat, err)
	}
	a, err := Autoregress(sets["var3"].Values, want.VAR.Order)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(a.Coefficients, golden.Matrix(want.VAR.Params), 1e-9) || !mat.EqualApprox(a.Residuals, golden.Matrix(want.VAR.Sigma), 1e-9) ||
		!near(a.AIC, want.VAR.AIC) || !near(a.BIC, want.VAR.BIC) {
		t.Errorf("autoregression %+v, want %+v", a, want.VAR)
	}
}

func TestAutoregress(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	x := mat.NewDense(4000, 2, nil)
	for i := 1; i < 4000; i++ {
		x.Set(i, 0, 2+0.5*x.At(i-1, 0)+rng.NormFloat64())
		x.Set(i, 1, 0.8*x.At(i-1, 0)+rng.NormFloat64())
	}
	a, err := Autoregress(x, 1)
	if err != nil || !mat.EqualApprox(a.Coefficients, mat.NewDense(3, 2, []float64{2, 0, 0.5, 0.8, 0, 0}), 0.15) {
		t.Errorf("%v, %v", a, err)
	}
	x.SetCol(1, mat.Col(nil, 0, x))
	if _, err := Autoregress(x, 1); !errors.Is(err, ErrDependent) {
		t.Errorf("a copy: %v", err)
	}
	if _, err := Autoregress(x.Slice(0, 5, 0, 2), 2); err == nil {
		t.Error("too few values: no error")
	}
}

func TestChangePoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 300)
	for i := range values {
		rate := 5.0
		if i >= 100 && i < 180 {
			rate = 9
		}
		values[i] = rate + rng.NormFloat64()
	}
	got, err := ChangePoints(values, 0, 0)
	if err != nil || len(got) != 2 || abs(got[0].At-100) > 2 || abs(got[1].At-180) > 2 {
		t.Errorf("change points %v (%v), want about 100 and 180", got, err)
	}
	for _, v := range [][]float64{nil, {1}, {1, 1, 1, 1, 1, 1, 1, 1}} {
		if got, err := ChangePoints(v, 0, 0); len(got) > 0 || err != nil {
			t.Errorf("change points of %v: %v (%v)", v, got, err)
		}
	}
	if got, err := ChangePoints(values[:100], 0, 0); len(got) > 0 || err != nil {
		t.Errorf("change points of noise: %v (%v)", got, err)
	}
}

func abs(v int) int { return max(v, -v) }

func TestResample(t *testing.T) {
	s, err := NewSeries([]string{"a", "b"}, 100, time.Second, mat.NewDense(5, 2, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resample(2 * time.Second)
	if err != nil || !mat.Equal(r.Values, mat.NewDense(2, 2, []float64{4, 6, 12, 14})) || r.Times[1] != 102 || len(r.Notes) != 1 {
		t.Errorf("resampled to %v at %v, %v (%v)", mat.Formatted(r.Values), r.Times, r.Notes, err)
	}
	if _, err := s.Resample(1500 * time.Millisecond); err == nil {
		t.Error("resampling to one and a half buckets: no error")
	}
	if d := s.Difference(); !mat.Equal(d.Values, mat.NewDense(4, 2, []float64{2, 2, 2, 2, 2, 2, 2, 2})) || d.Times[0] != 101 {
		t.Errorf("differences %v at %v", mat.Formatted(d.Values), d.Times)
	}
	count := 0
	for w := range s.Windows(2, 2) {
		if len(w.Times) != 2 {
			t.Errorf("window of %d buckets", len(w.Times))
		}
		count++
	}
	if count != 2 {
		t.Errorf("%d windows, want 2", count)
	}
}

func TestFill(t *testing.T) {
	nan := math.NaN()
	for how, want := range map[Filling][]float64{
		FillZero:     {0, 2, 0, 0, 8, 0},
		FillPrevious: {2, 2, 2, 2, 8, 8},
		FillLinear:   {2, 2, 4, 6, 8, 8},
	} {
		s, err := NewSeries([]string{"a"}, 0, time.Second, mat.NewDense(6, 1, []float64{nan, 2, nan, nan, 8, math.Inf(1)}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Fill(how)
		if err != nil || !mat.Equal(got.Values, mat.NewDense(6, 1, want)) || len(got.Notes) != 1 {
			t.Errorf("%s: %v %v (%v)", how, got.Values, got.Notes, err)
		}
	}
}
