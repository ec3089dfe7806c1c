package covariance

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// ErrNotConverged is returned when a solve ran out of iterations, or of
// floating point precision, before its duality gap reached the tolerance.
var ErrNotConverged = errors.New("not converged")

// LassoOptions tune the graphical lasso. The zero value is the default.
//
// The tolerance is per variable because the objective is a sum over variables: the same Tol then
// means the same closeness for ten variables and for a thousand.
type LassoOptions struct {
	// Tol is the largest duality gap allowed per variable; 0 means 1e-13.
	Tol float64
	// MaxIter bounds the Newton steps of one connected component; 0 means 200.
	MaxIter int
	// Start is a positive definite p×p guess of the precision, such as the
	// solution at a neighboring alpha; nil starts from the diagonal.
	Start mat.Symmetric

	least int       // Newton steps to take whatever the gap
	rough bool      // Tol is what the last steps say is left to gain, not a bound on it
	rest  []float64 // p×p guess of how far the model covariance is above s, or nil
}

// The default is near what rounding allows, so that precision entries agree with other solvers to
// five digits and the zeros are those of the exact solution. Newton's last steps are cheap: each
// squares the gap.
func (o LassoOptions) tol() float64 {
	if o.Tol <= 0 {
		return 1e-13
	}
	return o.Tol
}

func (o LassoOptions) maxIter() int {
	if o.MaxIter <= 0 {
		return 200
	}
	return o.MaxIter
}

// Lasso is a sparse Gaussian model: the minimizer over positive definite P of
// tr(SP) - log det P + alpha Σ_{i≠j} |Pij|.
//
// The diagonal is not penalized, as in scikit-learn: with a penalty there the variances of the
// model would be Sii + alpha instead of Sii.
type Lasso struct {
	Alpha      float64
	Precision  *mat.SymDense // p×p, exact zeros where no edge is
	Covariance *mat.SymDense // its inverse
	Objective  float64       // what was minimized
	Gap        float64       // Objective is at most this far above the minimum
	Iterations int           // Newton steps of the component that took most
	Components int           // connected components solved apart
}

// Edges counts the pairs i < j whose precision is not zero.
func (l *Lasso) Edges() int {
	n := 0
	p := l.Precision.SymmetricDim()
	for i := range p {
		for j := i + 1; j < p; j++ {
			if l.Precision.At(i, j) != 0 {
				n++
			}
		}
	}
	return n
}

// GraphicalLasso fits a sparse precision matrix to the p×p empirical
// covariance s with an l1 penalty alpha ≥ 0 on the off-diagonal entries
// (J. Friedman, T. Hastie and R. Tibshirani, "Sparse inverse covariance
// estimation with the graphical lasso", 2008), by exact thresholding into
// components and a proximal Newton method in each (C.-J. Hsieh, M. Sustik,
// I. Dhillon and P. Ravikumar, "QUIC: quadratic approximation for sparse
// inverse covariance estimation", 2014).
//
// A variable without variance is an error, as is a singular s with alpha 0.
//
// The solve runs apart from the caller, so that a canceled context returns at once even in the
// midst of a factorization, which cannot be interrupted; it then ends by itself at its next look
// at the context.
func GraphicalLasso(ctx context.Context, s mat.Symmetric, alpha float64, o LassoOptions) (*Lasso, error) {
	if err := checkLasso(s, alpha, o); err != nil {
		return nil, fmt.Errorf("graphical lasso: %w", err)
	}
	return parallel.Await(ctx, func() (*Lasso, error) {
		return solveLasso(ctx, flat(s), s.SymmetricDim(), alpha, o)
	})
}

// checkLasso refuses what has no solution. Without variance Sii is zero, and -log Xii falls
// without end as Xii grows.
func checkLasso(s mat.Symmetric, alpha float64, o LassoOptions) error {
	p := s.SymmetricDim()
	if err := CheckFinite(s); err != nil {
		return err
	}
	if !(alpha >= 0) || math.IsInf(alpha, 0) {
		return fmt.Errorf("alpha is %v: want a number ≥ 0", alpha)
	}
	for i := range p {
		switch v := s.At(i, i); {
		case v < 0:
			return fmt.Errorf("variable %d has variance %v: no covariance has one below 0", i, v)
		case v == 0:
			return fmt.Errorf("variable %d does not vary (variance 0): drop it first", i)
		}
	}
	if o.Start != nil && o.Start.SymmetricDim() != p {
		return fmt.Errorf("start is %d×%[1]d: want %d×%[2]d", o.Start.SymmetricDim(), p)
	}
	return nil
}

// solveLasso minimizes the objective of s (p×p, full, row major).
//
// Twins, variables that are the same in every row, make s singular, and Newton's steps for them
// may go to and fro in what rounding leaves of the objective. With alpha above zero they are
// solved as one; with alpha zero there is no solution.
func solveLasso(ctx context.Context, s []float64, p int, alpha float64, o LassoOptions) (*Lasso, error) {
	if alpha > 0 {
		if t := findTwins(s, p, alpha); len(t.first) < p {
			if l, ok, err := solveTwins(ctx, t, s, p, alpha, o); ok || err != nil {
				return l, err
			}
		}
	}
	return solveDistinct(ctx, s, p, alpha, o)
}

// solveDistinct solves each component of s in turn.
//
// Objective and gap are sums over components, because the determinant of a matrix of blocks is
// the product of theirs.
func solveDistinct(ctx context.Context, s []float64, p int, alpha float64, o LassoOptions) (*Lasso, error) {
	out := &Lasso{Alpha: alpha, Precision: newSym(p), Covariance: newSym(p)}
	groups := components(s, p, alpha)
	out.Components = len(groups)
	for _, g := range groups {
		if len(g) == 1 {
			// A variable alone: 1/Sii minimizes Sii·x - log x, exactly.
			i := g[0]
			v := s[i*p+i]
			out.Precision.SetSym(i, i, 1/v)
			out.Covariance.SetSym(i, i, v)
			out.Objective += 1 + math.Log(v)
			continue
		}
		n := newNewton(s, p, g, alpha, o.Start)
		n.start(o.Start)
		n.least, n.rough, n.rest = o.least, o.rough, submatrix(o.rest, p, g)
		err := n.solve(ctx, o.tol()*float64(len(g)), o.maxIter())
		n.done()
		if err != nil {
			return nil, fmt.Errorf("graphical lasso of %d variables at alpha %.6g: %w", p, alpha, err)
		}
		for a, i := range g {
			for b := a; b < len(g); b++ {
				out.Precision.SetSym(i, g[b], n.x[a*n.m+b])
				out.Covariance.SetSym(i, g[b], n.w[a*n.m+b])
			}
		}
		out.Objective += n.objective
		out.Gap += n.gap
		out.Iterations = max(out.Iterations, n.iterations)
	}
	return out, nil
}

// submatrix returns the rows and columns of the p×p matrix a at the given indexes, nil if a is nil.
func submatrix(a []float64, p int, group []int) []float64 {
	if a == nil {
		return nil
	}
	m := len(group)
	out := make([]float64, m*m)
	for b, i := range group {
		for c, j := range group {
			out[b*m+c] = a[i*p+j]
		}
	}
	return out
}

// flat copies a symmetric matrix to a full row-major slice.
func flat(s mat.Symmetric) []float64 {
	p := s.SymmetricDim()
	out := make([]float64, p*p)
	for i := range p {
		for j := i; j < p; j++ {
			v := s.At(i, j)
			out[i*p+j], out[j*p+i] = v, v
		}
	}
	return out
}

// AlphaMax returns the smallest alpha at which the graphical lasso of s has
// no edge: the largest |Sij| off the diagonal.
//
// The diagonal is then the minimum: the gradient of a pair at zero is Sij - Wij = Sij, which is
// within the penalty for all.
func AlphaMax(s mat.Symmetric) float64 {
	p := s.SymmetricDim()
	top := 0.0
	for i := range p {
		for j := i + 1; j < p; j++ {
			top = max(top, math.Abs(s.At(i, j)))
		}
	}
	return top
}
