package manifold

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/laplacian"
)

// SpectralEmbedding places n points in dims dimensions by the smoothest
// eigenvectors, after the constant one, of the normalized Laplacian of their
// n×n affinities ≥ 0, whose diagonal is ignored (M. Belkin and P. Niyogi,
// "Laplacian eigenmaps for dimensionality reduction and data representation",
// 2003), scaled to length one before they are divided by the roots of the
// degrees. Parts without affinity to each other are embedded alone and stand
// side by side along the first axis; a part of k ≤ dims points spans k-1 axes
// only; the others are zero.
func SpectralEmbedding(affinities mat.Symmetric, dims int) (*mat.Dense, error) {
	if dims < 1 {
		return nil, fmt.Errorf("spectral embedding: %d dimensions: want 1 or more", dims)
	}
	if err := checkDistances(affinities); err != nil {
		return nil, fmt.Errorf("spectral embedding: %w", err)
	}
	n := affinities.SymmetricDim()
	if n == 0 {
		return &mat.Dense{}, nil
	}
	links := make([][]int, n)
	for i := range n {
		for j := range n {
			if j != i && affinities.At(i, j) > 0 {
				links[i] = append(links[i], j)
			}
		}
	}
	parts := components(links)
	placed := make([]*mat.Dense, len(parts))
	for p, part := range parts {
		own := mat.NewSymDense(len(part), nil)
		for a, i := range part {
			for b, j := range part[:a] {
				own.SetSym(a, b, affinities.At(i, j))
			}
		}
		vectors, err := laplacian.Vectors(own)
		if err != nil {
			return nil, fmt.Errorf("spectral embedding: %w", err)
		}
		placed[p] = mat.NewDense(len(part), dims, nil)
		for d := range min(dims, len(part)-1) {
			setAxis(placed[p], d, mat.Col(nil, d+1, vectors), 1)
		}
	}
	out := mat.NewDense(n, dims, nil)
	sideBySide(out, parts, placed)
	return out, nil
}
