package analysis

import (
	"fmt"
	"math"
	"slices"
)

// CrossCorrelation returns the correlation of x with y shifted by each lag from -maxLag to maxLag,
// r[maxLag+k] = Σ_t x[t] y[t+k] / (n sx sy), both centered: a peak at a positive lag says that x
// leads y by k buckets. A constant series is correlated with nothing.
func CrossCorrelation(x, y []float64, maxLag int) ([]float64, error) {
	n := len(x)
	if len(y) != n || n == 0 {
		return nil, fmt.Errorf("cross-correlation of %d and %d values", n, len(y))
	}
	if maxLag < 0 || maxLag >= n {
		return nil, fmt.Errorf("cross-correlation up to lag %d of %d values", maxLag, n)
	}
	mx, sx := moments(x)
	my, sy := moments(y)
	r := make([]float64, 2*maxLag+1)
	if sx == 0 || sy == 0 {
		return r, nil
	}
	for k := -maxLag; k <= maxLag; k++ {
		sum := 0.0
		for t := max(0, -k); t < min(n, n-k); t++ {
			sum += float64((x[t] - mx) * (y[t+k] - my))
		}
		r[maxLag+k] = sum / (float64(n) * sx * sy)
	}
	return r, nil
}

// BestLag returns the lag at which x and y are correlated most, with either sign, and that
// correlation; positive lags say that x leads.
func BestLag(x, y []float64, maxLag int) (lag int, r float64, err error) {
	all, err := CrossCorrelation(x, y, maxLag)
	if err != nil {
		return 0, 0, err
	}
	lag, r = 0, all[maxLag]
	for i, v := range all {
		if math.Abs(v) > math.Abs(r) {
			lag, r = i-maxLag, v
		}
	}
	return lag, r, nil
}

// Autocorrelation returns the correlation of x with itself at lags 0 to
// maxLag, divided by n at every lag.
func Autocorrelation(x []float64, maxLag int) ([]float64, error) {
	r, err := CrossCorrelation(x, x, maxLag)
	if err != nil {
		return nil, err
	}
	return r[maxLag:], nil
}

// PartialAutocorrelation returns the correlation of x with itself at lags 0 to
// maxLag once the lags between are accounted for, by the Yule-Walker equations
// (J. Durbin, "The fitting of time-series models", 1960).
func PartialAutocorrelation(x []float64, maxLag int) ([]float64, error) {
	r, err := Autocorrelation(x, maxLag)
	if err != nil {
		return nil, err
	}
	out, phi, rest := make([]float64, maxLag+1), make([]float64, maxLag+1), 1.0
	out[0] = 1
	for k := 1; k <= maxLag && rest > 0; k++ {
		sum := r[k]
		for j := 1; j < k; j++ {
			sum -= float64(phi[j] * r[k-j])
		}
		out[k] = sum / rest
		old := slices.Clone(phi[:k])
		phi[k] = out[k]
		for j := 1; j < k; j++ {
			phi[j] = old[j] - float64(out[k]*old[k-j])
		}
		rest *= 1 - float64(out[k]*out[k])
	}
	return out, nil
}
