package behavior

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// fewestToWander is the least number of values that show whether a level wanders: with fewer, a
// walk and a level that comes back slowly look the same.
const fewestToWander = 100

// In 999 of 1000 walks, the t of the regression lies above this (J. MacKinnon, 1994).
const (
	unitRoot          = -4.1
	unitRootDetrended = -4.6
)

// wanders reports whether values have no level that they are known to come back to, as a random
// walk has none: the test of a unit root does not reject one (D. Dickey and W. Fuller, 1979, with
// lagged steps). Where that is not known, a level is judged by its steps, so that it is not taken
// for a fault that the level is where it never was before. NaN are left out. More values look as if
// they came back once their trend was taken off, so that detrended says whether it was.
func wanders(values []float64, detrended bool) bool {
	x := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	n := len(x)
	if n < fewestToWander {
		return false
	}
	m := newMoments()
	for _, v := range x {
		m.add(v)
	}
	// Values are centered and scaled, since the normal equations below lose digits where a level is
	// far from 0.
	dev := math.Sqrt(m.variance())
	if !(dev > 0) {
		return false
	}
	for i := range x {
		x[i] = (x[i] - m.mean) / dev
	}
	lags := int(4 * math.Pow(float64(n)/100, 0.25)) // W. Schwert, 1989
	t, ok := dickeyFuller(x, lags)
	if detrended {
		return ok && t > unitRootDetrended
	}
	return ok && t > unitRoot
}

// dickeyFuller is the t of the last value's coefficient in a regression of the steps on it, a
// constant and the steps before: negative where values come back, about 0 for a walk. ok is false
// where there are too few values for that many lags, or where the steps are not random.
func dickeyFuller(x []float64, lags int) (t float64, ok bool) {
	k := lags + 2
	row, xx, xy, yy, n := make([]float64, k), mat.NewSymDense(k, nil), mat.NewVecDense(k, nil), 0.0, 0
	for i := lags + 1; i < len(x); i++ {
		row[0], row[1] = x[i-1], 1
		for l := range lags {
			row[2+l] = x[i-1-l] - x[i-2-l]
		}
		y := x[i] - x[i-1]
		for a, v := range row {
			xy.SetVec(a, xy.AtVec(a)+float64(v*y))
			for b := a; b < k; b++ {
				xx.SetSym(a, b, xx.At(a, b)+float64(v*row[b]))
			}
		}
		yy += float64(y * y)
		n++
	}
	var c mat.Cholesky
	if n <= k || !c.Factorize(xx) {
		return 0, false
	}
	var beta mat.VecDense
	var inverse mat.SymDense
	if c.SolveVecTo(&beta, xy) != nil || c.InverseTo(&inverse) != nil {
		return 0, false
	}
	left := (yy - mat.Dot(&beta, xy)) / float64(n-k)
	if !(left > 0) {
		return 0, false
	}
	return beta.AtVec(0) / math.Sqrt(left*inverse.At(0, 0)), true
}
