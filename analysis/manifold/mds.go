package manifold

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// ClassicalMDS embeds n points in dims dimensions from their distances by the
// leading eigenvectors of the doubly centered squares (W. Torgerson, 1952).
// It also returns all n eigenvalues, the largest first; negative ones tell
// that the distances are not Euclidean. Axes beyond the positive eigenvalues
// are zero.
func ClassicalMDS(distances mat.Symmetric, dims int) (*mat.Dense, []float64, error) {
	if dims < 1 {
		return nil, nil, fmt.Errorf("classical scaling: %d dimensions: want 1 or more", dims)
	}
	if err := checkDistances(distances); err != nil {
		return nil, nil, fmt.Errorf("classical scaling: %w", err)
	}
	n := distances.SymmetricDim()
	if n == 0 {
		return &mat.Dense{}, nil, nil
	}
	values, vectors, err := eigen(doublyCentered(distances))
	if err != nil {
		return nil, nil, fmt.Errorf("classical scaling: %w", err)
	}
	out := mat.NewDense(n, dims, nil)
	descending := make([]float64, n)
	for k := range n {
		descending[k] = values[n-1-k]
		if k < dims && descending[k] > 0 {
			setAxis(out, k, mat.Col(nil, n-1-k, vectors), math.Sqrt(descending[k]))
		}
	}
	return out, descending, nil
}

// doublyCentered returns -½ J D² J, J being what takes off the mean: the inner products of
// centered points that have these distances, if there are any.
func doublyCentered(distances mat.Symmetric) *mat.SymDense {
	n := distances.SymmetricDim()
	mean := make([]float64, n)
	all := 0.0
	for i := range n {
		for j := range n {
			d := distances.At(i, j)
			mean[i] += d * d / float64(n)
		}
		all += mean[i] / float64(n)
	}
	b := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			d := distances.At(i, j)
			b.SetSym(i, j, -(float64(d*d)-mean[i]-mean[j]+all)/2)
		}
	}
	return b
}

// SMACOFOptions tune stress majorization. The zero value is the default.
type SMACOFOptions struct {
	// Start is an n×dims guess; nil starts from classical scaling.
	Start mat.Matrix
	// Weights of the pairs, ≥ 0; nil weighs all alike.
	Weights mat.Symmetric
	// MaxIter bounds the iterations; 0 means 1000.
	MaxIter int
	// Tol is the relative fall of the stress at which to stop; 0 means 1e-9.
	Tol float64
}

// Scaled is an embedding with its stress.
type Scaled struct {
	Embedding  *mat.Dense // n×dims
	Stress     float64    // Σ over pairs of w (distance wanted - had)²
	Iterations int
}

// SMACOF moves points in dims dimensions until their distances come as near
// to the wanted ones as they get from the start (J. de Leeuw, 1977). The
// stress falls with each iteration.
func SMACOF(ctx context.Context, distances mat.Symmetric, dims int, o SMACOFOptions) (*Scaled, error) {
	return parallel.Await(ctx, func() (*Scaled, error) { return majorize(ctx, distances, dims, o) })
}

func majorize(ctx context.Context, distances mat.Symmetric, dims int, o SMACOFOptions) (*Scaled, error) {
	if o.MaxIter <= 0 {
		o.MaxIter = 1000
	}
	if o.Tol <= 0 {
		o.Tol = 1e-9
	}
	n := distances.SymmetricDim()
	if o.Start == nil {
		start, _, err := ClassicalMDS(distances, dims)
		if err != nil {
			return nil, fmt.Errorf("stress majorization: %w", err)
		}
		o.Start = start
	}
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("stress majorization: %w", err)
	}
	if r, c := o.Start.Dims(); n > 0 && (r != n || c != dims) {
		return nil, fmt.Errorf("stress majorization: start is %d×%d: want %d×%d", r, c, n, dims)
	}
	if o.Weights != nil && o.Weights.SymmetricDim() != n {
		return nil, fmt.Errorf("stress majorization: weights of %d points for %d", o.Weights.SymmetricDim(), n)
	}
	out := &Scaled{Embedding: mat.DenseCopyOf(o.Start)}
	if n < 2 {
		return out, nil
	}
	s, err := newSMACOF(distances, o.Weights)
	if err != nil {
		return nil, err
	}
	out.Stress = s.stress(out.Embedding)
	for out.Iterations < o.MaxIter {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out.Iterations++
		next := s.step(out.Embedding)
		stress := s.stress(next)
		// Majorization never raises the stress: where it seems to, rounding is all that is left.
		if stress > out.Stress {
			break
		}
		fall := out.Stress - stress
		out.Embedding, out.Stress = next, stress
		if fall <= o.Tol*stress {
			break
		}
	}
	return out, nil
}

type smacof struct {
	want    mat.Symmetric
	weight  func(i, j int) float64
	inverse *mat.SymDense // of the weights' Laplacian, nil for equal weights
}

func newSMACOF(want, weights mat.Symmetric) (*smacof, error) {
	s := &smacof{want: want, weight: func(i, j int) float64 { return 1 }}
	if weights == nil {
		return s, nil
	}
	s.weight = weights.At
	// The Laplacian is singular along the constant vector only, if the
	// weights connect all points: fill that direction in.
	n := want.SymmetricDim()
	v := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			v.SetSym(i, j, 1/float64(n)-weights.At(i, j))
		}
		degree := 0.0
		for j := range n {
			if j != i {
				degree += weights.At(i, j)
			}
		}
		v.SetSym(i, i, 1/float64(n)+degree)
	}
	var chol mat.Cholesky
	if !chol.Factorize(v) {
		return nil, fmt.Errorf("stress majorization: the weights do not connect all points")
	}
	s.inverse = mat.NewSymDense(n, nil)
	if err := chol.InverseTo(s.inverse); err != nil {
		return nil, fmt.Errorf("stress majorization: %w", err)
	}
	return s, nil
}

func apart(x *mat.Dense, i, j int) float64 {
	sum := 0.0
	a, b := x.RawRowView(i), x.RawRowView(j)
	for k, v := range a {
		sum += float64((v - b[k]) * (v - b[k]))
	}
	return math.Sqrt(sum)
}

func (s *smacof) stress(x *mat.Dense) float64 {
	n, sum := s.want.SymmetricDim(), 0.0
	for i := range n {
		for j := i + 1; j < n; j++ {
			d := apart(x, i, j) - s.want.At(i, j)
			sum += float64(s.weight(i, j) * d * d)
		}
	}
	return sum
}

// step is the Guttman transform (L. Guttman, 1968): the minimum of a quadratic function that
// touches the stress at x and lies above it elsewhere. Pairs on one spot have no direction, and
// pull at nothing.
func (s *smacof) step(x *mat.Dense) *mat.Dense {
	n, dims := x.Dims()
	next := mat.NewDense(n, dims, nil)
	for i := range n {
		row, xi := next.RawRowView(i), x.RawRowView(i)
		for j := range n {
			if j == i {
				continue
			}
			d := apart(x, i, j)
			if d == 0 {
				continue
			}
			b := s.weight(i, j) * s.want.At(i, j) / d
			for k, v := range x.RawRowView(j) {
				row[k] += float64(b * (xi[k] - v))
			}
		}
	}
	// With equal weights the inverse of the Laplacian is 1/n on centered points, which these are.
	if s.inverse == nil {
		next.Scale(1/float64(n), next)
		return next
	}
	var out mat.Dense
	out.Mul(s.inverse, next)
	return &out
}
