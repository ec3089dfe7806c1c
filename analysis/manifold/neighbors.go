package manifold

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// checkPoints refuses what is not a finite number.
func checkPoints(x mat.Matrix) error {
	n, d := x.Dims()
	for i := range n {
		for j := range d {
			if v := x.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("row %d, column %d is %v: want a finite number", i, j, v)
			}
		}
	}
	return nil
}

// gram returns the n×n inner products of the rows of x, full and row major: one triangle is
// computed, and mirrored.
func gram(x mat.Matrix) ([]float64, int) {
	d := mat.DenseCopyOf(x)
	n, _ := d.Dims()
	g := make([]float64, n*n)
	blas64.Syrk(blas.NoTrans, 1, d.RawMatrix(), 0, blas64.Symmetric{Uplo: blas.Upper, N: n, Data: g, Stride: n})
	for i := range n {
		for j := range i {
			g[i*n+j] = g[j*n+i]
		}
	}
	return g, n
}

func newSym(n int) *mat.SymDense {
	if n == 0 {
		return &mat.SymDense{}
	}
	return mat.NewSymDense(n, nil)
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

// components groups points connected by neighbor links in either direction.
// Groups and their members ascend.
func components(links [][]int) [][]int {
	parent := make([]int, len(links))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i, to := range links {
		for _, j := range to {
			a, b := find(i), find(j)
			// The smaller index is the root, so that parts come in the order of their first
			// members.
			parent[max(a, b)] = min(a, b)
		}
	}
	at := map[int]int{}
	var out [][]int
	for i := range links {
		r := find(i)
		g, ok := at[r]
		if !ok {
			g = len(out)
			at[r] = g
			out = append(out, nil)
		}
		out[g] = append(out[g], i)
	}
	return out
}
