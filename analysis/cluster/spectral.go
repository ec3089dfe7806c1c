package cluster

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Spectral divides n points into k groups by the k smoothest eigenvectors of
// the normalized Laplacian of their n×n non-negative affinities, whose
// diagonal is ignored (A. Ng, M. Jordan and Y. Weiss, 2001), assigned by
// pivoted QR, which needs no random start (A. Damle, V. Minden and L. Ying,
// "Simple, direct and efficient multi-way spectral clustering", 2019).
func Spectral(affinities mat.Symmetric, k int) ([]int, error) {
	n := affinities.SymmetricDim()
	if k < 1 || k > n {
		return nil, fmt.Errorf("spectral clustering: %d groups of %d points: want 1 to %[2]d", k, n)
	}
	if err := checkDistances(affinities); err != nil {
		return nil, fmt.Errorf("spectral clustering: %w", err)
	}
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
		return nil, fmt.Errorf("spectral clustering: eigenvalues of a %d×%[1]d matrix: no convergence", n)
	}
	var all mat.Dense
	eigen.VectorsTo(&all)
	v := mat.NewDense(n, k, nil)
	v.Apply(func(i, j int, _ float64) float64 { return all.At(i, j) / root[i] }, v)
	return renumber(assignByQR(v)), nil
}

// assignByQR rotates the axes onto k rows that span the rows of v best, and
// gives each row its largest axis.
func assignByQR(v *mat.Dense) []int {
	n, k := v.Dims()
	basis := mat.NewDense(k, k, nil)
	for c, i := range pivots(v) {
		basis.SetCol(c, v.RawRowView(i))
	}
	var svd mat.SVD
	svd.Factorize(basis, mat.SVDThin)
	var u, w, turn, turned mat.Dense
	svd.UTo(&u)
	svd.VTo(&w)
	turn.Mul(&u, w.T())
	turned.Mul(v, &turn)
	labels := make([]int, n)
	for i := range labels {
		for c := range k {
			if math.Abs(turned.At(i, c)) > math.Abs(turned.At(i, labels[i])) {
				labels[i] = c
			}
		}
	}
	return labels
}

// pivots picks k rows of v, each the longest once the ones before are
// projected out.
func pivots(v *mat.Dense) []int {
	n, k := v.Dims()
	rest := mat.DenseCopyOf(v)
	var out []int
	for range k {
		best, at := -1.0, 0
		for i := range n {
			if l := mat.Norm(rest.RowView(i), 2); l > best*(1+1e-12) {
				best, at = l, i
			}
		}
		out = append(out, at)
		if best <= 0 {
			continue
		}
		axis := mat.VecDenseCopyOf(rest.RowView(at))
		axis.ScaleVec(1/best, axis)
		for i := range n {
			row := rest.RawRowView(i)
			d := mat.Dot(rest.RowView(i), axis)
			for c := range row {
				row[c] -= d * axis.AtVec(c)
			}
		}
	}
	return out
}
