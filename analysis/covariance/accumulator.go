package covariance

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Accumulator gathers count, mean and centered cross products of rows seen
// one at a time, so that n never has to fit in memory. Two accumulators over
// disjoint rows merge into the one over all of them (Welford 1962; Chan,
// Golub & LeVeque 1979). It holds O(p²) numbers.
//
// Sums of x and of x·xᵀ would be simpler and wrong: their difference loses all digits where
// values are far from zero beside their spread, as times since the epoch are. Cross products are
// taken around a mean instead, and the mean itself is kept in two numbers, because at an offset
// of 1e12 the last bit of one number is a ten-thousandth of a spread of one.
type Accumulator struct {
	n       int
	mean    []float64
	rest    []float64     // what rounding left out of mean, for spreads that are small beside it
	scatter *mat.SymDense // Σ (x-mean)(x-mean)ᵀ
	delta   []float64
}

// NewAccumulator returns an empty accumulator of p variables.
func NewAccumulator(p int) *Accumulator {
	return &Accumulator{mean: make([]float64, p), rest: make([]float64, p), scatter: newSym(p), delta: make([]float64, p)}
}

// Add takes in one row of p values.
//
// An error leaves the accumulator as it was. A row costs O(p²); [Accumulator.AddMatrix] does the
// same with one matrix product for many rows.
func (a *Accumulator) Add(row []float64) error {
	if len(row) != len(a.mean) {
		return fmt.Errorf("accumulating a row of %d values: want %d", len(row), len(a.mean))
	}
	for j, v := range row {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("accumulating row %d: column %d is %v: %w", a.n, j, v, ErrNotFinite)
		}
	}
	// gonum has no matrix of size zero to update.
	if len(row) == 0 {
		a.n++
		return nil
	}
	a.n++
	for j, v := range row {
		a.delta[j] = v - a.mean[j] - a.rest[j]
		a.shift(j, a.delta[j]/float64(a.n))
	}
	// Welford's step: delta is the distance from the old mean, and (x-old)(x-new) =
	// delta²·(1-1/n).
	a.scatter.SymRankOne(a.scatter, 1-1/float64(a.n), mat.NewVecDense(len(a.delta), a.delta))
	return nil
}

// AddMatrix takes in every row of an n×p matrix, faster than row by row.
func (a *Accumulator) AddMatrix(x mat.Matrix) error {
	if _, p := x.Dims(); p != len(a.mean) {
		return fmt.Errorf("accumulating rows of %d values: want %d", p, len(a.mean))
	}
	// The rows are gathered around their own mean first, so that one matrix product does for all
	// of them.
	b, err := accumulate(x)
	if err != nil {
		return fmt.Errorf("accumulating: %w", err)
	}
	return a.Merge(b)
}

// addBlock sets an empty accumulator to the rows of x.
//
// There must be a row. The mean is found in two passes: the first is off by the rounding of a sum
// of n differences, and the second adds the mean of what is left, which is so small that its
// rounding does not matter.
func (a *Accumulator) addBlock(x *mat.Dense) {
	n, p := x.Dims()
	a.n = n
	// Differences from the first row keep the digits that an offset would cost.
	centered := mat.NewDense(n, p, nil)
	copy(a.mean, x.RawRowView(0))
	for range 2 {
		clear(a.delta)
		for i := range n {
			src, dst := x.RawRowView(i), centered.RawRowView(i)
			for j, v := range src {
				dst[j] = v - a.mean[j] - a.rest[j]
				a.delta[j] += dst[j]
			}
		}
		for j, sum := range a.delta {
			a.shift(j, sum/float64(n))
		}
	}
	for i := range n {
		src, dst := x.RawRowView(i), centered.RawRowView(i)
		for j, v := range src {
			dst[j] = v - a.mean[j] - a.rest[j]
		}
	}
	blas64.Syrk(blas.Trans, 1, centered.RawMatrix(), 0, a.scatter.RawSymmetric())
}

// shift adds d to the mean of variable j, which is mean+rest: the sum is rounded to mean, and
// rest takes what that rounding left out, exactly unless d is larger than the mean (T. Dekker, "A
// floating-point technique for extending the available precision", 1971).
func (a *Accumulator) shift(j int, d float64) {
	d += a.rest[j]
	sum := a.mean[j] + d
	a.rest[j] = d - (sum - a.mean[j])
	a.mean[j] = sum
}

// Merge takes in what b has seen; b is left as it was.
//
// The cross products of both around their own means add up, and the distance of the means counts
// as one more row with the weight na·nb/n (Chan, Golub and LeVeque, 1979). Which of the two is
// merged into the other changes the last bits, so callers who promise equal bytes merge in a
// fixed order.
func (a *Accumulator) Merge(b *Accumulator) error {
	if len(a.mean) != len(b.mean) {
		return fmt.Errorf("merging accumulators of %d and %d variables", len(a.mean), len(b.mean))
	}
	if b.n == 0 {
		return nil
	}
	// Start at the mean of b, so that delta is exactly zero and b's sums come over to the bit.
	if a.n == 0 {
		copy(a.mean, b.mean)
		copy(a.rest, b.rest)
	}
	n := a.n + b.n
	for j := range a.mean {
		a.delta[j] = b.mean[j] - a.mean[j] + (b.rest[j] - a.rest[j])
		a.shift(j, a.delta[j]*float64(b.n)/float64(n))
	}
	if len(a.mean) > 0 {
		a.scatter.AddSym(a.scatter, b.scatter)
		w := float64(a.n) * float64(b.n) / float64(n)
		a.scatter.SymRankOne(a.scatter, w, mat.NewVecDense(len(a.delta), a.delta))
	}
	a.n = n
	return nil
}

// Clone returns an independent copy.
func (a *Accumulator) Clone() *Accumulator {
	b := NewAccumulator(len(a.mean))
	b.n = a.n
	copy(b.mean, a.mean)
	copy(b.rest, a.rest)
	if len(a.mean) > 0 {
		b.scatter.CopySym(a.scatter)
	}
	return b
}

// N returns the number of rows seen.
func (a *Accumulator) N() int { return a.n }

// Mean returns the mean of each variable, zeros before the first row.
func (a *Accumulator) Mean() []float64 { return append([]float64(nil), a.mean...) }

// Covariance returns the covariance of the rows seen, divided by their
// number; zeros before the first row.
//
// The division is by n and not by n-1, as that is the estimate of maximum likelihood, which the
// penalized likelihoods of this package are written for, and what scikit-learn does.
func (a *Accumulator) Covariance() *mat.SymDense {
	c := newSym(len(a.mean))
	if a.n > 0 && len(a.mean) > 0 {
		c.ScaleSym(1/float64(a.n), a.scatter)
	}
	return c
}

// Correlation returns the correlation of the rows seen.
func (a *Accumulator) Correlation() (*mat.SymDense, error) {
	if a.n == 0 {
		return nil, errors.New("correlation of no rows")
	}
	return Correlation(a.Covariance()), nil
}
