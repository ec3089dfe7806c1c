package cluster

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Distances returns the Euclidean distances between the rows of x.
func Distances(x mat.Matrix) *mat.SymDense {
	d := mat.DenseCopyOf(x)
	n, _ := d.Dims()
	if n == 0 {
		return &mat.SymDense{}
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		a := d.RawRowView(i)
		for j := i + 1; j < n; j++ {
			sum := 0.0
			for k, v := range d.RawRowView(j) {
				sum += float64((a[k] - v) * (a[k] - v))
			}
			out.SetSym(i, j, math.Sqrt(sum))
		}
	}
	return out
}

// CorrelationDistances returns √(2(1-r)) for each pair, the distance between
// standardized columns divided by √n.
func CorrelationDistances(correlation mat.Symmetric) *mat.SymDense {
	n := correlation.SymmetricDim()
	if n == 0 {
		return &mat.SymDense{}
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i + 1; j < n; j++ {
			out.SetSym(i, j, math.Sqrt(max(0, 2*(1-correlation.At(i, j)))))
		}
	}
	return out
}

// checkDistances refuses NaN, infinities and negative numbers.
func checkDistances(d mat.Symmetric) error {
	n := d.SymmetricDim()
	for i := range n {
		for j := i; j < n; j++ {
			if v := d.At(i, j); !(v >= 0) || math.IsInf(v, 0) {
				return fmt.Errorf("distance of points %d and %d is %v: want a finite number ≥ 0", i, j, v)
			}
		}
	}
	return nil
}
