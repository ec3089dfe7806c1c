package behavior

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// fewestToWander is the least number of values that tell whether a level wanders.
const fewestToWander = 100

// Critical values for levels around a constant.
const (
	unitRoot   = -2.57 // of the regression's t, 10 % (W. Fuller, 1976)
	stationary = 0.739 // of the sums' test, 1 % (D. Kwiatkowski and others, 1992)
)

// wanders reports whether values have no level that they come back to, as a random walk has none: the test
// of a unit root does not reject one (D. Dickey and W. Fuller, 1979, with lagged steps), and that of a
// steady level rejects it (D. Kwiatkowski, P. Phillips, P. Schmidt and Y. Shin, 1992). NaN are left out.
func wanders(values []float64) bool {
	x := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	n := len(x)
	if n < fewestToWander {
		return false
	}
	m := newMoments()
	for _, v := range x {
		m.add(v)
	}
	dev := math.Sqrt(m.variance())
	if !(dev > 0) {
		return false
	}
	for i := range x {
		x[i] = (x[i] - m.mean) / dev
	}
	lags := int(4 * math.Pow(float64(n)/100, 0.25)) // W. Schwert, 1989
	t, ok := dickeyFuller(x, lags)
	return ok && t > unitRoot && kpss(x, lags) > stationary
}

// dickeyFuller is the t of the last value's coefficient in a regression of the steps on it, a constant and
// the steps before.
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

// kpss is the mean square of the sums of values around 0, over the variance that sums of them have in the
// long run.
func kpss(x []float64, lags int) float64 {
	n := float64(len(x))
	sum, squares, long := 0.0, 0.0, 0.0
	for _, v := range x {
		sum += v
		squares += float64(sum * sum)
	}
	for l := 0; l <= lags; l++ {
		c := 0.0
		for i := l; i < len(x); i++ {
			c += float64(x[i] * x[i-l])
		}
		weight := 2 * (1 - float64(l)/float64(lags+1))
		if l == 0 {
			weight = 1
		}
		long += float64(weight * c / n)
	}
	return squares / (n * n * max(long, 1e-9))
}
