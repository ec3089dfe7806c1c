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
type Accumulator struct {
	n       int
	mean    []float64
	rest    []float64     // what rounding left out of mean, which counts where the spread is small beside it
	scatter *mat.SymDense // Σ (x-mean)(x-mean)ᵀ
	delta   []float64
}

// NewAccumulator returns an empty accumulator of p variables.
func NewAccumulator(p int) *Accumulator {
	return &Accumulator{mean: make([]float64, p), rest: make([]float64, p), scatter: newSym(p), delta: make([]float64, p)}
}

// Add takes in one row of p values.
func (a *Accumulator) Add(row []float64) error {
	if len(row) != len(a.mean) {
		return fmt.Errorf("accumulating a row of %d values: want %d", len(row), len(a.mean))
	}
	for j, v := range row {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("accumulating row %d: column %d is %v: %w", a.n, j, v, ErrNotFinite)
		}
	}
	if len(row) == 0 {
		a.n++
		return nil
	}
	a.n++
	for j, v := range row {
		a.delta[j] = v - a.mean[j] - a.rest[j]
		a.shift(j, a.delta[j]/float64(a.n))
	}
	a.scatter.SymRankOne(a.scatter, 1-1/float64(a.n), mat.NewVecDense(len(a.delta), a.delta))
	return nil
}

// AddMatrix takes in every row of an n×p matrix, faster than row by row.
func (a *Accumulator) AddMatrix(x mat.Matrix) error {
	if _, p := x.Dims(); p != len(a.mean) {
		return fmt.Errorf("accumulating rows of %d values: want %d", p, len(a.mean))
	}
	b, err := accumulate(x)
	if err != nil {
		return fmt.Errorf("accumulating: %w", err)
	}
	return a.Merge(b)
}

// addBlock sets an empty accumulator to the rows of x.
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

// shift adds d to the mean of variable j.
func (a *Accumulator) shift(j int, d float64) {
	d += a.rest[j]
	sum := a.mean[j] + d
	a.rest[j] = d - (sum - a.mean[j])
	a.mean[j] = sum
}

// Merge takes in what b has seen; b is left as it was.
func (a *Accumulator) Merge(b *Accumulator) error {
	if len(a.mean) != len(b.mean) {
		return fmt.Errorf("merging accumulators of %d and %d variables", len(a.mean), len(b.mean))
	}
	if b.n == 0 {
		return nil
	}
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
