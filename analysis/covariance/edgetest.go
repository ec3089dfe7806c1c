package covariance

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// EdgePValues returns for each pair of variables the two-sided p-value of
// their having no edge, given the p×p empirical covariance s of n independent
// rows and a graphical lasso of it. The bias of the penalty is taken out of
// the estimate, T = 2P - PSP, whose entries are near Gaussian with variance
// (Pii Pjj + Pij²)/n (J. Janková and S. van de Geer, "Confidence intervals
// for high-dimensional inverse covariance estimation", 2015). Rows that
// depend on each other make the p-values too small.
func EdgePValues(s mat.Symmetric, l *Lasso, n int) (*mat.SymDense, error) {
	p := s.SymmetricDim()
	if l.Precision.SymmetricDim() != p || n < 1 {
		return nil, fmt.Errorf("p-values of edges: covariance of %d variables from %d rows, precision of %d", p, n, l.Precision.SymmetricDim())
	}
	out := newSym(p)
	if p == 0 {
		return out, nil
	}
	var precision rows
	precision.fill(flat(l.Precision), p)
	all := flat(s)
	ps := make([]float64, p)
	for i := range p {
		clear(ps)
		for k := precision.start[i]; k < precision.start[i+1]; k++ {
			j := int(precision.col[k])
			floats.AddScaled(ps, precision.value[k], all[j*p:(j+1)*p])
		}
		for j := i + 1; j < p; j++ {
			psp := 0.0
			for k := precision.start[j]; k < precision.start[j+1]; k++ {
				psp += ps[precision.col[k]] * precision.value[k]
			}
			pij := l.Precision.At(i, j)
			dev := math.Sqrt((l.Precision.At(i, i)*l.Precision.At(j, j) + pij*pij) / float64(n))
			out.SetSym(i, j, math.Erfc(math.Abs(2*pij-psp)/dev/math.Sqrt2))
		}
	}
	return out, nil
}

// PValueCut returns the p-value up to which calling a pair an edge is
// expected to give the best F1 score, the balance of edges missed and edges
// made up, given the p-values of all pairs in the upper triangle of pvalues:
// those of pairs without an edge are uniform, so that of k pairs below a cut
// c in m, about m·c are false (J. Storey, "A direct approach to false
// discovery rates", 2002).
func PValueCut(pvalues mat.Symmetric) float64 {
	var ps []float64
	p := pvalues.SymmetricDim()
	above := 0.0
	for i := range p {
		for j := i + 1; j < p; j++ {
			v := pvalues.At(i, j)
			ps = append(ps, v)
			if v > 0.5 {
				above++
			}
		}
	}
	slices.Sort(ps)
	m := float64(len(ps))
	noEdge := min(1, 2*above/m)
	edges := m * (1 - noEdge)
	for k, v := range ps {
		edges = max(edges, float64(k+1)-m*v)
	}
	best, cut := 0.0, 0.0
	for k, v := range ps {
		found := float64(k + 1)
		if f := 2 * (found - noEdge*m*v) / (found + edges); f > best {
			best, cut = f, v
		}
	}
	return cut
}
