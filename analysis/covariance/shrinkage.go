package covariance

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Shrunk returns (1-shrinkage) S + shrinkage tr(S)/p I.
//
// It keeps the trace, and with any shrinkage above 0 the result is positive definite, even of
// fewer rows than columns, if one variable varies.
func Shrunk(s mat.Symmetric, shrinkage float64) *mat.SymDense {
	p := s.SymmetricDim()
	out := newSym(p)
	mu := 0.0
	for i := range p {
		mu += s.At(i, i) / float64(p)
	}
	for i := range p {
		for j := i; j < p; j++ {
			v := float64((1 - shrinkage) * s.At(i, j))
			if i == j {
				v += float64(shrinkage * mu)
			}
			out.SetSym(i, j, v)
		}
	}
	return out
}

// LedoitWolf returns the covariance of the n×p sample x shrunk toward a
// multiple of the identity, and the shrinkage in [0, 1] (O. Ledoit and
// M. Wolf, "A well-conditioned estimator for large-dimensional covariance
// matrices", 2004).
func LedoitWolf(x mat.Matrix) (*mat.SymDense, float64, error) {
	a, err := accumulate(x)
	if err != nil {
		return nil, 0, fmt.Errorf("ledoit-wolf: %w", err)
	}
	n, p := x.Dims()
	s := a.Covariance()
	// β = Σ_ij Var(s_ij) needs Σ_t ‖x_t‖⁴, which the second moments lack.
	fourth := 0.0
	for t := range n {
		sq := 0.0
		for j := range p {
			d := x.At(t, j) - a.mean[j]
			sq += float64(d * d)
		}
		fourth += float64(sq * sq)
	}
	// In the paper's terms, with |A|² = tr(AAᵀ)/p: delta = |S - mu I|², how far S is from the
	// target, and beta = (1/n²) Σ_t |x_t x_tᵀ - S|², how much of that is the noise of S. Both are
	// opened up so that no x xᵀ has to be formed; the shrinkage is their ratio.
	frob := traceProduct(s, s)
	mu := mat.Trace(s) / float64(p)
	delta := (frob - float64(float64(p)*mu*mu)) / float64(p)
	beta := (fourth/float64(n) - frob) / (float64(p) * float64(n))
	shrinkage := 0.0
	// The noise cannot be more than the whole distance. Where S is zero or a multiple of the
	// identity both are zero, and there is nothing to shrink.
	if beta = min(beta, delta); beta > 0 {
		shrinkage = beta / delta
	}
	return Shrunk(s, shrinkage), shrinkage, nil
}

// OAS returns the oracle approximating shrinkage estimate of the covariance
// of the n×p sample x, and the shrinkage in [0, 1] (Y. Chen, A. Wiesel,
// Y. Eldar and A. Hero, "Shrinkage algorithms for MMSE covariance
// estimation", 2010). It follows scikit-learn in leaving out the paper's
// 2/p terms.
func OAS(x mat.Matrix) (*mat.SymDense, float64, error) {
	a, err := accumulate(x)
	if err != nil {
		return nil, 0, fmt.Errorf("oracle approximating shrinkage: %w", err)
	}
	n, p := x.Dims()
	s := a.Covariance()
	// One variable is its own target: there is nothing to shrink, which 0 says and the formula
	// below would not.
	if p == 1 {
		return s, 0, nil
	}
	mu := mat.Trace(s) / float64(p)
	alpha := traceProduct(s, s) / float64(p*p)
	den := (float64(n) + 1) * (alpha - mu*mu/float64(p))
	// The denominator is zero where S is a multiple of the identity already: then any shrinkage
	// gives S.
	shrinkage := 1.0
	if den > 0 {
		shrinkage = math.Min((alpha+float64(mu*mu))/den, 1)
	}
	return Shrunk(s, shrinkage), shrinkage, nil
}
