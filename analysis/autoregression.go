package analysis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Autoregression is a linear model of each of p series by the past of all of them.
type Autoregression struct {
	Lags int
	// Coefficients is (1+Lags·p)×p: a row of intercepts, then p rows for each lag, from 1 on, with
	// a column for each series.
	Coefficients *mat.Dense
	Residuals    *mat.SymDense // p×p, covariance of what is left, per degree of freedom
	// AIC and BIC are information criteria of the Gaussian model, per row; smaller is better.
	AIC, BIC float64
}

// Autoregress fits a vector autoregression to the n×p values, a row for each
// bucket, by least squares (C. Sims, "Macroeconomics and reality", 1980; the
// criteria as in H. Lütkepohl, "New introduction to multiple time series
// analysis", 2005). Series whose lagged values depend on each other linearly
// are an error that wraps [ErrDependent].
func Autoregress(values mat.Matrix, lags int) (*Autoregression, error) {
	n, p := values.Dims()
	rows, columns := n-lags, 1+lags*p
	if lags < 1 || rows <= columns {
		return nil, fmt.Errorf("autoregression with %d lags of %d series of %d values: too few values", lags, p, n)
	}
	design, target := mat.NewDense(rows, columns, nil), mat.NewDense(rows, p, nil)
	for t := range rows {
		design.Set(t, 0, 1)
		for j := range p {
			target.Set(t, j, values.At(t+lags, j))
			for k := range lags {
				design.Set(t, 1+k*p+j, values.At(t+lags-1-k, j))
			}
		}
	}
	var qr mat.QR
	qr.Factorize(design)
	if !(qr.Cond() <= 1e15) {
		return nil, fmt.Errorf("autoregression: %w", ErrDependent)
	}
	a := &Autoregression{Lags: lags, Coefficients: &mat.Dense{}, Residuals: mat.NewSymDense(p, nil)}
	if err := qr.SolveTo(a.Coefficients, false, target); err != nil {
		return nil, fmt.Errorf("autoregression: %w", err)
	}
	var fit mat.Dense
	fit.Mul(design, a.Coefficients)
	target.Sub(target, &fit)
	a.Residuals.SymOuterK(1/float64(rows-columns), target.T())
	var chol mat.Cholesky
	if !chol.Factorize(a.Residuals) {
		return nil, fmt.Errorf("autoregression: what is left of the series: %w", ErrDependent)
	}
	likelihood := chol.LogDet() + float64(float64(p)*math.Log(float64(rows-columns)/float64(rows)))
	parameters := float64(columns * p)
	a.AIC = likelihood + 2*parameters/float64(rows)
	a.BIC = likelihood + math.Log(float64(rows))*parameters/float64(rows)
	return a, nil
}
