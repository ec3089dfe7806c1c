package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
)

// GrangerTest says whether the past of x helps to predict y.
type GrangerTest struct {
	F, P          float64 // of the F test that it does not
	Lags          int     // degrees of freedom of the numerator
	Denominator   int     // degrees of freedom of the denominator
	Unexplained   float64 // Σ of squared residuals of y with x's past
	WithoutSource float64 // and without
}

// ErrDependent is wrapped by the errors of [Granger] for series whose lagged
// values depend on each other linearly, such as a constant or a copy.
var ErrDependent = errors.New("the lagged values depend on each other linearly: a series may be constant or a copy")

// Granger tests whether lags 1 to lags of x help to predict y beyond y's own
// past and that of the given others, by an F test of two least squares
// regressions with intercept (C. Granger, "Investigating causal relations by
// econometric models and cross-spectral methods", 1969). A small P says that
// x leads y; it does not say that x causes y.
func Granger(x, y []float64, lags int, others ...[]float64) (GrangerTest, error) {
	n := len(y)
	for _, s := range append([][]float64{x}, others...) {
		if len(s) != n {
			return GrangerTest{}, fmt.Errorf("granger test of %d and %d values", len(s), n)
		}
	}
	restricted := 1 + lags*(1+len(others))
	denominator := n - lags - restricted - lags
	if lags < 1 || denominator < 1 {
		return GrangerTest{}, fmt.Errorf("granger test with %d lags of %d values: too few values", lags, n)
	}
	series := append(append([][]float64{y}, others...), x)
	design := mat.NewDense(n-lags, restricted+lags, nil)
	for t := lags; t < n; t++ {
		row := design.RawRowView(t - lags)
		row[0] = 1
		for s, v := range series {
			for k := range lags {
				row[1+s*lags+k] = v[t-1-k]
			}
		}
	}
	target := mat.NewVecDense(n-lags, slices.Clone(y[lags:]))
	without, err := residual(design.Slice(0, n-lags, 0, restricted), target)
	if err != nil {
		return GrangerTest{}, err
	}
	with, err := residual(design, target)
	if err != nil {
		return GrangerTest{}, err
	}
	out := GrangerTest{Lags: lags, Denominator: denominator, Unexplained: with, WithoutSource: without, P: 1}
	if without <= with {
		return out, nil
	}
	d1, d2 := float64(lags), float64(denominator)
	if with == 0 {
		out.F, out.P = math.Inf(1), 0
		return out, nil
	}
	out.F = (without - with) / d1 / (with / d2)
	out.P = mathext.RegIncBeta(d2/2, d1/2, d2/(d2+float64(d1*out.F)))
	return out, nil
}

// residual returns the sum of squares that a least squares fit leaves.
func residual(design mat.Matrix, target *mat.VecDense) (float64, error) {
	var qr mat.QR
	qr.Factorize(design)
	if qr.Cond() > 1e15 {
		return 0, fmt.Errorf("granger test: %w", ErrDependent)
	}
	var beta, fit mat.VecDense
	if err := qr.SolveVecTo(&beta, false, target); err != nil {
		return 0, fmt.Errorf("granger test: %w", err)
	}
	fit.MulVec(design, &beta)
	fit.SubVec(target, &fit)
	return mat.Dot(&fit, &fit), nil
}

// Lead says that one source's past helps to predict another's presence.
type Lead struct {
	From, To    int     // indexes of the sources
	Lag         int     // buckets at which they correlate most
	Correlation float64 // at that lag
	P           float64 // of the Granger test
}

// Leads tests each edge of the model in both directions on the series it was learned from, with
// lags up to maxLag buckets, and returns those that hold at a false discovery rate of 1% (Y.
// Benjamini and Y. Hochberg, 1995), surest first. It gives an edge a direction in time, never a
// cause. Sources whose pasts are the same, or hardly change, are not said to lead each other.
func (m *Model) Leads(ctx context.Context, s *Series, maxLag int) ([]Lead, error) {
	picked, err := s.Select(m.Names...)
	if err != nil {
		return nil, fmt.Errorf("finding leads: %w", err)
	}
	if picked, err = picked.Transform(m.Transform); err != nil {
		return nil, fmt.Errorf("finding leads: %w", err)
	}
	columns := make([][]float64, len(m.Names))
	for j := range columns {
		columns[j] = picked.column(j)
	}
	var all []Lead
	for _, e := range m.Edges {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, d := range [][2]int{{e.From, e.To}, {e.To, e.From}} {
			l, err := lead(columns, d[0], d[1], maxLag)
			if errors.Is(err, ErrDependent) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("finding leads of %q over %q: %w", m.Names[d[0]], m.Names[d[1]], err)
			}
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Lead) int {
		switch {
		case a.P < b.P:
			return -1
		case a.P > b.P:
			return 1
		}
		return 0
	})
	const rate = 0.01
	keep := 0
	for i, l := range all {
		if l.P <= rate*float64(i+1)/float64(len(all)) {
			keep = i + 1
		}
	}
	return slices.DeleteFunc(all[:keep], func(l Lead) bool { return l.Lag == 0 }), nil
}

func lead(columns [][]float64, from, to, maxLag int) (Lead, error) {
	g, err := Granger(columns[from], columns[to], maxLag)
	if err != nil {
		return Lead{}, err
	}
	r, err := CrossCorrelation(columns[from], columns[to], maxLag)
	if err != nil {
		return Lead{}, err
	}
	l := Lead{From: from, To: to, P: g.P}
	for k, v := range r[maxLag:] {
		if math.Abs(v) > math.Abs(l.Correlation) {
			l.Lag, l.Correlation = k, v
		}
	}
	return l, nil
}
