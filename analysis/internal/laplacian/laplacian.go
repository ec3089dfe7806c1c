// Package laplacian holds the eigenvectors that spectral clustering and
// spectral embedding share.
package laplacian

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Vectors returns, as columns, the eigenvectors of the symmetric normalized
// Laplacian of n×n affinities ≥ 0, smoothest first, each entry divided by the
// root of its point's degree. The diagonal is ignored.
func Vectors(affinities mat.Symmetric) (*mat.Dense, error) {
	n := affinities.SymmetricDim()
	root := make([]float64, n)
	for i := range n {
		for j := range n {
			if j != i {
				root[i] += affinities.At(i, j)
			}
		}
		if root[i] = math.Sqrt(root[i]); root[i] == 0 {
			root[i] = 1
		}
	}
	laplacian := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i + 1; j < n; j++ {
			laplacian.SetSym(i, j, -affinities.At(i, j)/(root[i]*root[j]))
		}
		laplacian.SetSym(i, i, 1)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(laplacian, true) {
		return nil, fmt.Errorf("eigenvalues of a %d×%[1]d matrix: no convergence", n)
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	v.Apply(func(i, _ int, x float64) float64 { return x / root[i] }, &v)
	return &v, nil
}
