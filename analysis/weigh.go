package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/covariance"
)

// awake returns the whole buckets of the work, from first up to last. Whether a tracer was started
// long before the work, and prints tables that are empty or none at all, says nothing about the
// sources, but would make all of them start and stop together. The bucket in which the work or the
// capture starts or ends holds only a part of what another would.
func awake(s *Series) (first, last int) {
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
// The weight of a bucket falls with its squared Mahalanobis distance beyond what the farthest of n
// Gaussian rows would have (P. Huber, "Robust estimation of a location parameter", 1964; R.
// Maronna, "Robust M-estimators of multivariate location and scatter", 1976), measured against the
// median distance and by correlations that shrinkage keeps definite. Deviations stay those over all
// buckets: a bucket is not unlike others only because a source does in it what it seldom does. At
// most one bucket in ten is taken to be unlike others: where most buckets are idle, the busy ones
// are far from the median, and it is they from which there is something to learn. In nineteen of
// twenty Gaussian samples all weights stay one, so that nothing changes.
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
	plain, err := covariance.Empirical(z)
	if err != nil {
		return nil, err
	}
	_, shrinkage, err := covariance.LedoitWolf(z)
	if err != nil {
		return nil, err
	}
	middle, cov := make([]float64, p), plain
	const rounds, still = 4, 0.02
	for range rounds {
		precision, err := covariance.Precision(covariance.Shrunk(unitDiagonal(cov), max(shrinkage, 0.01)))
		if err != nil {
			return nil, fmt.Errorf("weighing buckets: %w", err)
		}
		distances, err := covariance.Mahalanobis(z, middle, precision)
		if err != nil {
			return nil, err
		}
		limit := max(far*medianOf(distances), nthLargest(distances, n/10))
		moved := 0.0
		for i, d := range distances {
			w := min(1, limit/d)
			moved = max(moved, math.Abs(w-weights[i]))
			weights[i] = w
		}
		if slices.Min(weights) == 1 {
			return weights, nil
		}
		middle, cov = weighted(z, plain, weights)
		if moved < still {
			break
		}
	}
	for i, w := range weights {
		row := z.RawRowView(i)
		for j := range row {
			row[j] = math.Sqrt(w) * (row[j] - middle[j])
		}
	}
	rescale(z)
	return weights, nil
}

// nthLargest returns the largest value if k values are left out that are larger still.
func nthLargest(values []float64, k int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)-1-k]
}

// weighted returns the weighted mean and covariance of rows whose plain mean
// is 0 and whose plain covariance is given, from the few that weigh less.
func weighted(x *mat.Dense, plain *mat.SymDense, weights []float64) ([]float64, *mat.SymDense) {
	n, p := x.Dims()
	mean, total := make([]float64, p), float64(n)
	cov := mat.NewSymDense(p, nil)
	cov.CopySym(plain)
	for i, w := range weights {
		if w == 1 {
			continue
		}
		total -= 1 - w
		row := x.RowView(i)
		cov.SymRankOne(cov, -(1-w)/float64(n), row)
		floats.AddScaled(mean, -(1 - w), x.RawRowView(i))
	}
	floats.Scale(1/total, mean)
	cov.SymRankOne(cov, -total/float64(n), mat.NewVecDense(p, mean))
	for j := range p {
		// A source that did something only in buckets that weigh nothing has no variance left.
		cov.SetSym(j, j, max(cov.At(j, j), 1e-9))
	}
	return mean, cov
}

// unitDiagonal returns the correlations of a covariance.
func unitDiagonal(cov *mat.SymDense) *mat.SymDense {
	p := cov.SymmetricDim()
	out := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			out.SetSym(i, j, cov.At(i, j)/math.Sqrt(cov.At(i, i)*cov.At(j, j)))
		}
	}
	return out
}

// rescale gives each column of x mean 0 and deviation 1. A column that does not vary is left at 0.
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
