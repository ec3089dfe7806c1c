package cluster

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/neighbors"
)

// LocalOutlierFactors returns for each of n points with the given distances how much sparser its
// surroundings are than those of its k nearest others, about 1 within a group and more for outliers
// (M. Breunig, H.-P. Kriegel, R. Ng and J. Sander, "LOF: identifying density-based local outliers",
// 2000). If others are equally far, the first ones count, so that there are always k of them; k is
// at most n-1. 1e-10 is added to mean distances, so that equal points have factor 1.
func LocalOutlierFactors(distances mat.Symmetric, k int) ([]float64, error) {
	n := distances.SymmetricDim()
	if k < 1 || k >= n {
		return nil, fmt.Errorf("local outlier factors: %d neighbors of %d points: want 1 to points - 1", k, n)
	}
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("local outlier factors: %w", err)
	}
	near := neighbors.Nearest(n, k, distances.At)
	density := make([]float64, n)
	for i, others := range near {
		sum := 0.0
		for _, j := range others {
			sum += max(distances.At(i, j), distances.At(j, near[j][k-1]))
		}
		density[i] = 1 / (sum/float64(k) + 1e-10)
	}
	out := make([]float64, n)
	for i, others := range near {
		for _, j := range others {
			out[i] += density[j] / density[i] / float64(k)
		}
	}
	return out, nil
}
