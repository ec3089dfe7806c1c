package covariance

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// LatentOptions tune the latent-variable graphical lasso. The zero value is the default.
type LatentOptions struct {
	// Gamma is the penalty of the hidden causes beside that of the links: the trace of Low costs
	// Alpha·Gamma. 0 means √p/2; more hides less.
	Gamma float64
	// Tol is the largest residual, primal and dual, relative to the size of what is solved for; 0
	// means 1e-7.
	Tol float64
	// MaxIter bounds the iterations; 0 means 5000.
	MaxIter int
}

// Latent is a Gaussian model in which some common causes are not seen. The precision of what is
// seen is Sparse - Low.
type Latent struct {
	Alpha, Gamma float64
	Sparse       *mat.SymDense // p×p, the links among what is seen, with hidden causes removed
	Low          *mat.SymDense // p×p, positive semidefinite, what the hidden causes do
	Rank         int           // of Low: how many hidden causes there are
	Objective    float64
	Iterations   int
}

// LatentGraphicalLasso splits the dependence in the p×p covariance s into links among the variables
// and the work of a few hidden causes, such as the load that drives everything: it minimizes
//
//	tr(S(Θ-L)) - log det(Θ-L) + alpha (Σ_{i≠j}|Θij| + gamma·tr L), L positive semidefinite
//
// (V. Chandrasekaran, P. Parrilo and A. Willsky, "Latent variable graphical model selection via
// convex optimization", 2012), by alternating directions (S. Ma, L. Xue and H. Zou, "Alternating
// direction methods for latent variable Gaussian graphical model selection", 2013). A variable
// without variance, NaN and infinities are errors; [ErrNotConverged] comes where MaxIter is too
// small.
//
// Without the second term a common cause shows up as links between all that it drives, since none
// of them explains the others away. Summed out of a Gaussian, h hidden causes subtract a positive
// semidefinite matrix of rank h from the precision of what is seen, and the trace is the convex
// stand-in for that rank.
func LatentGraphicalLasso(ctx context.Context, s mat.Symmetric, alpha float64, o LatentOptions) (*Latent, error) {
	if err := checkLasso(s, alpha, LassoOptions{}); err != nil {
		return nil, fmt.Errorf("latent-variable graphical lasso: %w", err)
	}
	if !(alpha > 0) || o.Gamma < 0 || math.IsNaN(o.Gamma) {
		return nil, fmt.Errorf("latent-variable graphical lasso: alpha %v and gamma %v: want numbers above 0", alpha, o.Gamma)
	}
	p := s.SymmetricDim()
	if o.Gamma == 0 {
		o.Gamma = math.Sqrt(float64(p)) / 2
	}
	if o.Tol <= 0 {
		o.Tol = 1e-7
	}
	if o.MaxIter <= 0 {
		o.MaxIter = 5000
	}
	return parallel.Await(ctx, func() (*Latent, error) { return latent(ctx, s, alpha, o) })
}

// latent does the work. With R = Θ - L set apart, each of the three terms has a minimum in closed
// form, and the iteration alternates between them and the multiplier until they agree: first R,
// which sees the likelihood alone, then Θ and L, which see the penalties alone. An iteration
// costs two decompositions into eigenvalues, O(p³) each.
func latent(ctx context.Context, s mat.Symmetric, alpha float64, o LatentOptions) (*Latent, error) {
	p := s.SymmetricDim()
	// R = Θ - L is what the likelihood sees; the multiplier u, in units of 1/mu, holds them
	// together.
	r, theta, low, u, t := newSym(p), newSym(p), newSym(p), newSym(p), newSym(p)
	for i := range p {
		r.SetSym(i, i, 1/s.At(i, i))
		theta.SetSym(i, i, 1/s.At(i, i))
	}
	mu := 1.0
	out := &Latent{Alpha: alpha, Gamma: o.Gamma}
	each := func(dst *mat.SymDense, f func(i, j int) float64) {
		for i := range p {
			for j := i; j < p; j++ {
				dst.SetSym(i, j, f(i, j))
			}
		}
	}
	before := newSym(p)
	for out.Iterations = 1; out.Iterations <= o.MaxIter; out.Iterations++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// R minimizes tr(SR) - log det R + mu/2 |R - (Θ - L - u)|². Where the gradient is zero, R
		// - 1/(mu R) is the matrix t, so R has its eigenvectors, and each eigenvalue r with r -
		// 1/(mu r) = v is the positive root of r² - v·r - 1/mu. R is therefore positive definite
		// by itself.
		each(t, func(i, j int) float64 { return theta.At(i, j) - low.At(i, j) - u.At(i, j) - s.At(i, j)/mu })
		if err := spectral(t, r, func(v float64) float64 { return (v + math.Sqrt(float64(v*v)+4/mu)) / 2 }); err != nil {
			return nil, err
		}
		each(before, func(i, j int) float64 { return theta.At(i, j) - low.At(i, j) })
		// Θ and L are coupled by |Θ - L - R - u|², for which there is no joint minimum in closed
		// form. A proximal gradient step of both, of half length, still converges: half the
		// squared norm of Θ - L has the second derivative 2 in the direction that moves both
		// apart, and a step of at most one over that never overshoots (Ma, Xue and Zou, 2013).
		const half = 0.5
		each(t, func(i, j int) float64 {
			return half * (before.At(i, j) - r.At(i, j) - u.At(i, j))
		})
		old := t
		each(theta, func(i, j int) float64 {
			v := theta.At(i, j) - old.At(i, j)
			if i != j {
				v = soft(v, half*alpha/mu)
			}
			return v
		})
		each(low, func(i, j int) float64 { return low.At(i, j) + old.At(i, j) })
		// The nearest positive semidefinite matrix, with its trace penalized: eigenvalues are
		// lowered by the penalty's share and cut off at zero, which is where low rank comes from.
		shift := half * alpha * o.Gamma / mu
		if err := spectral(low, low, func(v float64) float64 { return max(0, v-shift) }); err != nil {
			return nil, err
		}
		// The primal residual is how far R is from Θ - L, the dual one how far Θ - L still moves,
		// in units of the gradient (S. Boyd and others, "Distributed optimization and statistical
		// learning via the alternating direction method of multipliers", 2011, section 3.3). Size
		// starts at one so that it is never zero.
		primal, dual, size := 0.0, 0.0, 1.0
		each(u, func(i, j int) float64 {
			d := theta.At(i, j) - low.At(i, j)
			gap, moved := r.At(i, j)-d, mu*(d-before.At(i, j))
			primal, dual, size = primal+float64(gap*gap), dual+float64(moved*moved), size+float64(d*d)
			return u.At(i, j) + gap
		})
		primal, dual, size = math.Sqrt(primal), math.Sqrt(dual), math.Sqrt(size)
		if max(primal, dual) <= o.Tol*size {
			return out, out.finish(s, theta, low)
		}
		// Convergence is slow when one residual is far above the other: a larger mu presses the
		// primal one down, a smaller one the dual one. It is changed seldom, as each change sets
		// the iteration back. The multiplier is kept in units of 1/mu, so it changes with it.
		if out.Iterations%50 == 0 {
			factor := 1.0
			switch {
			case primal > 5*dual:
				factor = 2
			case dual > 5*primal:
				factor = 0.5
			}
			mu *= factor
			each(u, func(i, j int) float64 { return u.At(i, j) / factor })
		}
	}
	return nil, fmt.Errorf("latent-variable graphical lasso of %d variables at alpha %.6g after %d iterations: %w", p, alpha, o.MaxIter, ErrNotConverged)
}

// finish notes the solution, its rank and its objective. Theta and low agree with R, which is
// positive definite, only up to the tolerance, so their difference is checked before its
// determinant is taken. Eigenvalues that the penalty cut off come back as rounding, so the rank
// counts those above 1e-6.
func (l *Latent) finish(s mat.Symmetric, theta, low *mat.SymDense) error {
	p := s.SymmetricDim()
	l.Sparse, l.Low = theta, low
	diff := minus(theta, low)
	var chol mat.Cholesky
	if !chol.Factorize(diff) {
		return fmt.Errorf("latent-variable graphical lasso: the solution is not positive definite: %w", ErrNotConverged)
	}
	l.Objective = traceProduct(s, diff) - chol.LogDet()
	for i := range p {
		l.Objective += float64(l.Alpha * l.Gamma * low.At(i, i))
		for j := i + 1; j < p; j++ {
			l.Objective += float64(2 * l.Alpha * math.Abs(theta.At(i, j)))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(low, false) {
		return fmt.Errorf("latent-variable graphical lasso: eigenvalues of %d variables: %w", p, ErrNotConverged)
	}
	for _, v := range e.Values(nil) {
		if v > 1e-6 {
			l.Rank++
		}
	}
	return nil
}

// minus returns a - b.
func minus(a, b *mat.SymDense) *mat.SymDense {
	p := a.SymmetricDim()
	out := newSym(p)
	for i := range p {
		for j := i; j < p; j++ {
			out.SetSym(i, j, a.At(i, j)-b.At(i, j))
		}
	}
	return out
}

// spectral sets dst to s with its eigenvalues mapped by f.
//
// A product of matrices is symmetric only up to rounding, so the mean of both triangles is taken.
func spectral(s, dst *mat.SymDense, f func(float64) float64) error {
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return fmt.Errorf("eigenvalues of %d variables: %w", s.SymmetricDim(), ErrNotConverged)
	}
	var q, scaled, back mat.Dense
	e.VectorsTo(&q)
	values := e.Values(nil)
	scaled.Apply(func(_, j int, v float64) float64 { return v * f(values[j]) }, &q)
	back.Mul(&scaled, q.T())
	p := s.SymmetricDim()
	for i := range p {
		for j := i; j < p; j++ {
			dst.SetSym(i, j, (back.At(i, j)+back.At(j, i))/2)
		}
	}
	return nil
}
