package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/covariance"
)

// awake returns the whole buckets of the work, from first up to last. Whether
// a tracer was started long before the work, and prints tables that are empty
// or none at all, says nothing about the sources, but would make all of them
// start and stop together. The bucket in which the work or the capture starts
// or ends holds but a part of what another would.
func (s *Series) awake() (first, last int) {
	silent := func(i int) bool {
		return !slices.ContainsFunc(s.Values.RawRowView(i), func(v float64) bool { return v != 0 })
	}
	n := len(s.Times)
	for last = n; last > 0 && silent(last-1); last-- {
	}
	for first < last && silent(first) {
		first++
	}
	const few = 20 // buckets of which none is given up
	if last-first < few {
		return first, last
	}
	if first > 0 || s.Measure != nil {
		first++
	}
	if last < n || s.Measure != nil {
		last--
	}
	return first, last
}

// weigh makes buckets that are unlike all others count for less: programs that
// start or stop touch files that they never touch again, all at once, and one
// such bucket outweighs a minute of work. z holds the n×p standardized values
// and is standardized anew; the weights, 0 to 1, are returned.
//
// The weight of a bucket falls with its squared Mahalanobis distance
// beyond what the farthest of n Gaussian rows would have (P. Huber, "Robust
// estimation of a location parameter", 1964; R. Maronna, "Robust M-estimators
// of multivariate location and scatter", 1976), measured against the median
// distance and by a covariance that shrinkage keeps definite. A Gaussian
// sample keeps weights of one, so that nothing changes in it.
func weigh(z *mat.Dense) ([]float64, error) {
	n, p := z.Dims()
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 1
	}
	if n < 8 || p < 2 {
		return weights, nil
	}
	chi := distuv.ChiSquared{K: float64(p)}
	far := chi.Quantile(1-0.05/float64(n)) / chi.Quantile(0.5)
	x := mat.DenseCopyOf(z)
	const rounds = 4 // the weights then move by a few percent
	for range rounds {
		_, shrinkage, err := covariance.LedoitWolf(x)
		if err != nil {
			return nil, err
		}
		s, err := covariance.Empirical(x)
		if err != nil {
			return nil, err
		}
		precision, err := covariance.Precision(covariance.Shrunk(s, max(shrinkage, 0.01)))
		if err != nil {
			return nil, fmt.Errorf("weighing buckets: %w", err)
		}
		distances, err := covariance.Mahalanobis(z, center(z, weights), precision)
		if err != nil {
			return nil, err
		}
		limit := far * medianOf(distances)
		for i, d := range distances {
			if weights[i] = 1; d > limit {
				weights[i] = limit / d
			}
		}
		if !slices.ContainsFunc(weights, func(w float64) bool { return w < 1 }) {
			return weights, nil
		}
		middle := center(z, weights)
		for i, w := range weights {
			for j := range p {
				x.Set(i, j, math.Sqrt(w)*(z.At(i, j)-middle[j]))
			}
		}
		rescale(x)
	}
	z.Copy(x)
	return weights, nil
}

// center returns the weighted mean of the rows.
func center(x *mat.Dense, weights []float64) []float64 {
	_, p := x.Dims()
	mean := make([]float64, p)
	total := 0.0
	for i, w := range weights {
		total += w
		for j, v := range x.RawRowView(i) {
			mean[j] += w * v
		}
	}
	for j := range mean {
		mean[j] /= total
	}
	return mean
}

// rescale gives each column of x mean 0 and deviation 1; one that does not
// vary is left at 0.
func rescale(x *mat.Dense) {
	_, p := x.Dims()
	for j := range p {
		col := mat.Col(nil, j, x)
		mean, dev := moments(col)
		for i := range col {
			col[i] -= mean
			if dev > 0 {
				col[i] /= dev
			}
		}
		x.SetCol(j, col)
	}
}
