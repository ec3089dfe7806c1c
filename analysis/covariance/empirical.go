package covariance

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// ErrEmpty is returned when a matrix has no rows or no columns.
var ErrEmpty = errors.New("empty matrix")

// ErrNotFinite is returned when a matrix holds NaN or an infinity.
var ErrNotFinite = errors.New("not a finite number")

// Empirical returns the maximum likelihood covariance (divided by n, not n-1)
// of the n×p sample x, centered on its own mean.
func Empirical(x mat.Matrix) (*mat.SymDense, error) {
	a, err := accumulate(x)
	if err != nil {
		return nil, err
	}
	return a.Covariance(), nil
}

// accumulate returns the accumulator of the rows of x, which is copied as it is gone over several
// times. It is the one place where samples are checked before anything is computed from them.
func accumulate(x mat.Matrix) (*Accumulator, error) {
	if err := CheckFinite(x); err != nil {
		return nil, err
	}
	return accumulateRows(mat.DenseCopyOf(x)), nil
}

func accumulateRows(x *mat.Dense) *Accumulator {
	_, p := x.Dims()
	a := NewAccumulator(p)
	a.addBlock(x)
	return a
}

// CheckFinite reports the first NaN or infinity of x by row and column, both
// counted from 0, and refuses a matrix without rows or columns.
//
// The row and column are of the caller's matrix, so every function here checks before it scales,
// cuts or reorders anything.
func CheckFinite(x mat.Matrix) error {
	n, p := x.Dims()
	if n == 0 || p == 0 {
		return fmt.Errorf("%d×%d sample: %w", n, p, ErrEmpty)
	}
	for i := range n {
		for j := range p {
			if v := x.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("row %d, column %d is %v: %w", i, j, v, ErrNotFinite)
			}
		}
	}
	return nil
}

// LogLikelihood returns the mean Gaussian log-likelihood per observation of
// data with empirical covariance s under the given precision matrix,
// (log det P - tr(SP) - p log 2π)/2, or -Inf when precision is not positive
// definite.
//
// Of all of the sample only s enters, since Σ(x-mean)ᵀP(x-mean) is n·tr(SP) when s was centered
// on that same mean. Held-out rows are thus scored around their own mean, and a mere shift costs
// nothing; [Score] counts it.
func LogLikelihood(s, precision mat.Symmetric) float64 {
	p := s.SymmetricDim()
	triangles := newTriangles(p)
	defer triangles.done()
	logDet, ok := triangles.factor(flat(precision))
	if !ok {
		return math.Inf(-1)
	}
	return (logDet - traceProduct(s, precision) - float64(float64(p)*math.Log(2*math.Pi))) / 2
}

// traceProduct returns tr(AB) of two symmetric matrices.
func traceProduct(a, b mat.Symmetric) float64 {
	p := a.SymmetricDim()
	var diag, off float64
	for i := range p {
		diag += float64(a.At(i, i) * b.At(i, i))
		for j := i + 1; j < p; j++ {
			off += float64(a.At(i, j) * b.At(i, j))
		}
	}
	return diag + float64(2*off)
}

// Precision inverts a positive definite covariance.
//
// It is an error where there are fewer rows than columns, two columns the same, or one that does
// not vary. So it is where the condition number is so large that no digit of the inverse would be
// right.
func Precision(cov mat.Symmetric) (*mat.SymDense, error) {
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		return nil, errors.New("inverting a covariance: it is not positive definite; shrink it or use the graphical lasso")
	}
	var inv mat.SymDense
	if err := chol.InverseTo(&inv); err != nil {
		return nil, fmt.Errorf("inverting a covariance: %w", err)
	}
	return &inv, nil
}

// Mahalanobis returns, for each row of x, the squared Mahalanobis distance
// (x-location)ᵀ P (x-location) (P. C. Mahalanobis, 1936).
//
// Precision should be positive definite; otherwise distances may come out negative. Under a
// Gaussian model they follow a chi-squared distribution with p degrees of freedom.
func Mahalanobis(x mat.Matrix, location []float64, precision mat.Symmetric) ([]float64, error) {
	n, p := x.Dims()
	if len(location) != p || precision.SymmetricDim() != p {
		return nil, fmt.Errorf("mahalanobis distance: %d columns, location of %d, precision of %d", p, len(location), precision.SymmetricDim())
	}
	if err := CheckFinite(x); err != nil {
		return nil, fmt.Errorf("mahalanobis distance: %w", err)
	}
	d := make([]float64, n)
	if n == 0 || p == 0 {
		return d, nil
	}
	centered := mat.DenseCopyOf(x)
	for i := range n {
		floats.Sub(centered.RawRowView(i), location)
	}
	var turned mat.Dense
	turned.Mul(centered, mat.DenseCopyOf(precision)) // faster than by a symmetric matrix
	for i := range d {
		d[i] = floats.Dot(centered.RawRowView(i), turned.RawRowView(i))
	}
	return d, nil
}

// Score returns the mean Gaussian log-likelihood of the rows of x around a
// location under the given precision: unlike [LogLikelihood] it holds a shift
// of the mean against the model.
func Score(x mat.Matrix, location []float64, precision mat.Symmetric) (float64, error) {
	d, err := Mahalanobis(x, location, precision)
	if err != nil {
		return 0, fmt.Errorf("scoring rows: %w", err)
	}
	var chol mat.Cholesky
	if !chol.Factorize(precision) {
		return math.Inf(-1), nil
	}
	p := float64(precision.SymmetricDim())
	return (chol.LogDet() - floats.Sum(d)/float64(len(d)) - float64(p*math.Log(2*math.Pi))) / 2, nil
}

// PartialCorrelations returns ρij = -Pij/√(Pii Pjj) with ones on the diagonal:
// the correlation of i and j once every other variable is held fixed.
//
// The pairs that are zero in the precision are zero here, exactly, so that edges can be counted.
func PartialCorrelations(precision mat.Symmetric) *mat.SymDense {
	p := precision.SymmetricDim()
	rho := newSym(p)
	for i := range p {
		rho.SetSym(i, i, 1)
		for j := i + 1; j < p; j++ {
			v := precision.At(i, j)
			if v == 0 {
				continue
			}
			rho.SetSym(i, j, -v/math.Sqrt(precision.At(i, i)*precision.At(j, j)))
		}
	}
	return rho
}

// Correlation scales a covariance to unit diagonal. A variable without
// variance correlates with nothing.
//
// Rounding may leave the correlation of a variable and its scaled copy a little above one.
func Correlation(cov mat.Symmetric) *mat.SymDense {
	p := cov.SymmetricDim()
	r := newSym(p)
	for i := range p {
		r.SetSym(i, i, 1)
		for j := i + 1; j < p; j++ {
			if d := math.Sqrt(cov.At(i, i) * cov.At(j, j)); d > 0 {
				r.SetSym(i, j, cov.At(i, j)/d)
			}
		}
	}
	return r
}

// newSym returns a p×p matrix of zeros. gonum panics for p = 0, but an empty selection of
// variables is a valid input here, with an empty matrix as its result.
func newSym(p int) *mat.SymDense {
	if p == 0 {
		return &mat.SymDense{}
	}
	return mat.NewSymDense(p, nil)
}
