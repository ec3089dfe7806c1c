package covariance

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Path solves the graphical lasso of s at each alpha, each from the solution
// before; it goes down from the largest alpha whatever their order, and
// returns them in the order asked for.
//
// Large penalties come first because their solutions are sparse and quick to find, and each is a
// good start for the next. The order asked for does not change a bit of any solution. The first
// error ends the path; o.Start, if set, is the start of the first.
func Path(ctx context.Context, s mat.Symmetric, alphas []float64, o LassoOptions) ([]*Lasso, error) {
	order := make([]int, len(alphas))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case alphas[a] > alphas[b]:
			return -1
		case alphas[a] < alphas[b]:
			return 1
		}
		return 0
	})
	out := make([]*Lasso, len(alphas))
	for _, i := range order {
		l, err := GraphicalLasso(ctx, s, alphas[i], o)
		if err != nil {
			return nil, err
		}
		out[i] = l
		o.Start = l.Precision
	}
	return out, nil
}

// Alphas returns count penalties evenly spaced in their logarithm, from the
// smallest one without edges down to that times ratio.
//
// Count 1 gives the largest alone.
func Alphas(s mat.Symmetric, count int, ratio float64) []float64 {
	top := AlphaMax(s)
	out := make([]float64, count)
	for i := range out {
		out[i] = top
		if count > 1 {
			out[i] *= math.Pow(ratio, float64(i)/float64(count-1))
		}
	}
	return out
}

// EBIC returns the extended Bayesian information criterion of a graphical
// lasso of the covariance of n rows, smaller being better (R. Foygel and
// M. Drton, "Extended Bayesian information criteria for Gaussian graphical
// models", 2010). Gamma 0 is the plain criterion; 0.5 is usual.
//
// Beside the fit, each edge costs log n for its value and 4γ·log p for having been chosen among
// the p²/2 pairs. A covariance that is not the one fitted gives the criterion of the model on it.
func (l *Lasso) EBIC(s mat.Symmetric, n int, gamma float64) float64 {
	p, edges := float64(s.SymmetricDim()), float64(l.Edges())
	fit := float64(-2 * float64(n) * (LogLikelihood(s, l.Precision) + float64(p*math.Log(2*math.Pi))/2))
	return fit + float64(edges*math.Log(float64(n))) + float64(4*gamma*edges*math.Log(p))
}

// EBICOptions tune the choice of alpha by EBIC. The zero value is the default.
type EBICOptions struct {
	Gamma  float64   // 0 means 0.5; below 0, none
	Alphas []float64 // to choose among; nil means 30 down to a hundredth of the largest
	Lasso  LassoOptions
}

// GraphicalLassoEBIC fits the graphical lasso to the covariance s of n rows
// with the alpha of least EBIC. It needs one path where cross-validation needs
// five, and tends to fewer edges.
func GraphicalLassoEBIC(ctx context.Context, s mat.Symmetric, n int, o EBICOptions) (*Lasso, error) {
	if n < 2 {
		return nil, fmt.Errorf("graphical lasso by ebic: %d rows: want at least 2", n)
	}
	gamma := o.Gamma
	switch {
	case gamma == 0:
		gamma = 0.5
	case gamma < 0:
		gamma = 0
	}
	if o.Alphas == nil {
		o.Alphas = Alphas(s, 30, 0.01)
	}
	var best *Lasso
	least := math.Inf(1)
	path, err := Path(ctx, s, o.Alphas, o.Lasso)
	if err != nil {
		return nil, err
	}
	// Alphas may come in any order; of equal criteria the first one asked for is taken. A
	// criterion that is not a number is never less.
	for _, l := range path {
		if v := l.EBIC(s, n, gamma); v < least {
			best, least = l, v
		}
	}
	if best == nil {
		return nil, fmt.Errorf("graphical lasso by ebic: none of %d alphas has a finite criterion", len(o.Alphas))
	}
	return best, nil
}
