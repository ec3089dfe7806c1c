package manifold

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Components are the principal components of points.
type Components struct {
	Mean     []float64  // of the points, length d
	Variance []float64  // along each axis, divided by n-1
	Ratio    []float64  // of the variance to that of all axes
	Axes     *mat.Dense // k×d, rows of unit length
	Scores   *mat.Dense // n×k, the centered points on the axes
}

// PCA finds the k orthogonal axes along which the n points in the rows of the
// n×d matrix x vary most (K. Pearson, 1901), at most min(n, d); 0 means all.
// Axes without variance are kept: their scores are zero.
func PCA(x mat.Matrix, k int) (*Components, error) {
	n, d := x.Dims()
	if n == 0 || d == 0 {
		return nil, errors.New("principal components: no points")
	}
	if k <= 0 {
		k = min(n, d)
	}
	if k > min(n, d) {
		return nil, fmt.Errorf("principal components: %d axes of %d points in %d dimensions", k, n, d)
	}
	if err := checkPoints(x); err != nil {
		return nil, fmt.Errorf("principal components: %w", err)
	}
	c := mat.DenseCopyOf(x)
	out := &Components{Mean: make([]float64, d), Axes: mat.NewDense(k, d, nil), Scores: mat.NewDense(n, k, nil)}
	for i := range n {
		floats.AddScaled(out.Mean, 1/float64(n), c.RawRowView(i))
	}
	for i := range n {
		floats.Sub(c.RawRowView(i), out.Mean)
	}
	var svd mat.SVD
	if !svd.Factorize(c, mat.SVDThin) {
		return nil, errors.New("principal components: singular values do not converge")
	}
	values := svd.Values(nil)
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	// The sum of the squared singular values is n-1 times the variance along all axes.
	total := floats.Dot(values, values)
	for a, s := range values[:k] {
		out.Variance = append(out.Variance, s*s/float64(max(1, n-1)))
		ratio := 0.0
		if total > 0 {
			ratio = s * s / total
		}
		out.Ratio = append(out.Ratio, ratio)
		col := mat.Col(nil, a, &u)
		setAxis(out.Scores, a, col, s)
		axis := mat.Col(nil, a, &v)
		// Singular vectors have their sign by chance: score and axis are turned together, so that
		// the largest score is positive.
		if sign(col) < 0 {
			floats.Scale(-1, axis)
		}
		out.Axes.SetRow(a, axis)
	}
	return out, nil
}
