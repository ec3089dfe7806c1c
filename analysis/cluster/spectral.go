package cluster

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/laplacian"
)

// Assignment says how spectral clustering makes groups from eigenvectors.
type Assignment string

// The assignments of spectral clustering.
const (
	// AssignQR is the default: pivoted QR, which needs no start (A. Damle, V. Minden and L. Ying,
	// 2019).
	AssignQR Assignment = "cluster_qr"
	// AssignKMeans is k-means of the points' entries (A. Ng, M. Jordan and Y. Weiss, 2001).
	AssignKMeans Assignment = "kmeans"
	// AssignDiscrete is the closest division by a rotation (S. Yu and J. Shi, "Multiclass spectral
	// clustering", 2003).
	AssignDiscrete Assignment = "discretize"
)

// SpectralOptions tune [Spectral]. The zero value is the default.
type SpectralOptions struct {
	// Assign makes groups of the eigenvectors; by default [AssignQR].
	Assign Assignment
}

// Spectral divides n points into k groups by the k smoothest eigenvectors of the normalized
// Laplacian of their n×n non-negative affinities, whose diagonal is ignored (A. Ng, M. Jordan and
// Y. Weiss, 2001), assigned by pivoted QR unless the options say otherwise (A. Damle, V. Minden and
// L. Ying, "Simple, direct and efficient multi-way spectral clustering", 2019). When ctx is done,
// its error is returned.
func Spectral(ctx context.Context, affinities mat.Symmetric, k int, o SpectralOptions) ([]int, error) {
	n := affinities.SymmetricDim()
	if k < 1 || k > n {
		return nil, fmt.Errorf("spectral clustering: %d groups of %d points: want 1 to %[2]d", k, n)
	}
	if err := checkDistances(affinities); err != nil {
		return nil, fmt.Errorf("spectral clustering: %w", err)
	}
	all, err := laplacian.Vectors(affinities)
	if err != nil {
		return nil, fmt.Errorf("spectral clustering: %w", err)
	}
	v := mat.DenseCopyOf(all.Slice(0, n, 0, k))
	switch o.Assign {
	case "", AssignQR:
		return renumber(assignByQR(v)), nil
	case AssignKMeans:
		c, err := KMeans(ctx, v, k, KMeansOptions{})
		if err != nil {
			return nil, fmt.Errorf("spectral clustering: %w", err)
		}
		return c.Labels, nil
	case AssignDiscrete:
		labels, err := discretize(ctx, v)
		if err != nil {
			return nil, err
		}
		return renumber(labels), nil
	}
	return nil, fmt.Errorf("spectral clustering: no assignment %q", o.Assign)
}

// discretize rotates the rows of v, scaled to length one, so that they come closest to the axes,
// and gives each row its axis. Each point in turn is the first axis of a start; the closest result
// counts.
func discretize(ctx context.Context, v *mat.Dense) ([]int, error) {
	unitRows(v)
	n, _ := v.Dims()
	best, out := -1.0, make([]int, n)
	// From a single start, the rotation may end at a result that is only the closest in its
	// surroundings.
	for start := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		turn := apart(v, start)
		labels := make([]int, n)
		last := -1.0
		for {
			var turned mat.Dense
			turned.Mul(v, turn)
			for i := range n {
				labels[i] = floats.MaxIdx(turned.RawRowView(i))
			}
			var score float64
			if turn, score = rotation(v, labels); score <= last*(1+1e-12) {
				break
			}
			last = score
		}
		if last > best*(1+1e-12) {
			best = last
			copy(out, labels)
		}
	}
	return out, nil
}

// unitRows scales the columns of v, then its rows, to length one.
func unitRows(v *mat.Dense) {
	n, k := v.Dims()
	for j := range k {
		col := v.ColView(j).(*mat.VecDense)
		col.ScaleVec(1/mat.Norm(col, 2), col)
	}
	for i := range n {
		if l := mat.Norm(v.RowView(i), 2); l > 0 {
			floats.Scale(1/l, v.RawRowView(i))
		}
	}
}

// rotation returns the rotation that brings the rows of v closest to the axes that they are labeled
// with, and the sum of the rows' entries on those axes.
func rotation(v *mat.Dense, labels []int) (*mat.Dense, float64) {
	_, k := v.Dims()
	sums := mat.NewDense(k, k, nil)
	for i, l := range labels {
		floats.Add(sums.RawRowView(l), v.RawRowView(i))
	}
	var svd mat.SVD
	svd.Factorize(sums, mat.SVDThin)
	var u, w, turn mat.Dense
	svd.UTo(&u)
	svd.VTo(&w)
	turn.Mul(&w, u.T())
	return &turn, floats.Sum(svd.Values(nil))
}

// apart returns k rows of v as columns. The first is the given one, and each further one is as
// orthogonal to those before as any that there is.
func apart(v *mat.Dense, first int) *mat.Dense {
	n, k := v.Dims()
	out := mat.NewDense(k, k, nil)
	overlap := make([]float64, n)
	for c := range k {
		out.SetCol(c, v.RawRowView(first))
		for i := range n {
			overlap[i] += math.Abs(floats.Dot(v.RawRowView(i), v.RawRowView(first)))
		}
		first = floats.MinIdx(overlap)
	}
	return out
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
				row[c] -= float64(d * axis.AtVec(c))
			}
		}
	}
	return out
}
