package covariance

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
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
	// Row i of PS is a sum of rows of S, one for each link of i, and an entry of PSP a sum over
	// the links of j: with few links this is far from the p³ of two products.
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
				psp += float64(ps[precision.col[k]] * precision.value[k])
			}
			pij := l.Precision.At(i, j)
			dev := math.Sqrt((float64(l.Precision.At(i, i)*l.Precision.At(j, j)) + float64(pij*pij)) / float64(n))
			// erfc(|z|/√2) is the probability that a standard normal number is further from zero
			// than z.
			out.SetSym(i, j, math.Erfc(math.Abs(float64(2*pij)-psp)/dev/math.Sqrt2))
		}
	}
	return out, nil
}

// CalibratePValues rescales the normal scores of the p-values in the upper triangle such that
// their median is what it is when no pair has an edge, as most have none (B. Efron, "Large-scale
// simultaneous hypothesis testing: the choice of a null hypothesis", 2004). The scores of few
// rows are too small, as the penalty's bias is not all taken out of them; those of heavy tails
// and of rows that depend on each other are too large. The fewer pairs there are, the more their
// median is chance, and the less is rescaled.
func CalibratePValues(pvalues mat.Symmetric) *mat.SymDense {
	p := pvalues.SymmetricDim()
	score := func(i, j int) float64 { return math.Sqrt2 * math.Erfcinv(pvalues.At(i, j)) }
	var scores []float64
	for i := range p {
		for j := i + 1; j < p; j++ {
			scores = append(scores, score(i, j))
		}
	}
	out := newSym(p)
	if len(scores) == 0 {
		return out
	}
	slices.Sort(scores)
	const few = 100 // pairs at which half of the way is gone
	pairs := float64(len(scores))
	// √2·erfinv(1/2) = 0.674 is the median of the absolute value of a standard normal number.
	scale := math.Pow(scores[len(scores)/2]/(math.Sqrt2*math.Erfinv(0.5)), pairs/(pairs+few))
	for i := range p {
		for j := i + 1; j < p; j++ {
			v := pvalues.At(i, j)
			if scale > 0 && !math.IsInf(scale, 0) {
				v = math.Erfc(score(i, j) / scale / math.Sqrt2)
			}
			out.SetSym(i, j, v)
		}
	}
	return out
}

// ByChance is the part of the links of p variables in n rows, 0 to 1, that [PValueCut] lets be
// chance: one in twenty, and more where rows are few and most links do not show. There, a stricter
// test would miss far more links than it would spare false ones.
func ByChance(n, p int) float64 {
	return min(1, max(0.05, float64(2.5*float64(p)/float64(n))))
}

// PValueCut returns the p-value up to which calling a pair an edge is
// expected to give the best F1 score, the balance of edges missed and edges
// made up, given the p-values of all pairs in the upper triangle of pvalues:
// those of pairs without an edge are uniform, so that of k pairs below a cut
// c in m, about m·c are false (J. Storey, "A direct approach to false
// discovery rates", 2002). Edges too weak to tell from n rows do not show among
// the p-values. Without them the cut would miss most edges of a short sample,
// so there are taken to be 1.5 edges for each of the p variables, and 40(p/n)²
// times as many more, but no more than half of all pairs.
//
// With k pairs called edges at a cut c, of which about noEdge·m·c are false, the F1 score is
// twice the number of right ones over the number called plus the number of edges there are. The
// cut is one of the p-values, as the score only falls between two of them, or 0 where none is
// worth calling. It is no higher than where more than the part [ByChance] of the pairs called are
// expected to be false (Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995;
// with the number of pairs without an edge as Storey has it for few pairs).
func PValueCut(pvalues mat.Symmetric, n int) float64 {
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
	// P-values above one half are nearly all of pairs without an edge, which are as many below
	// it.
	noEdge := min(1, 2*above/m)
	short := float64(p) / float64(n)
	edges := max(m*(1-noEdge), min(1.5*float64(p)*(1+float64(40*short*short)), m/2))
	// There are at least as many edges as any cut finds beyond what chance would.
	for k, v := range ps {
		edges = max(edges, float64(k+1)-float64(m*v))
	}
	best, cut, limit := 0.0, 0.0, 0.0
	for k, v := range ps {
		found := float64(k + 1)
		if f := 2 * (found - float64(noEdge*m*v)) / (found + edges); f > best {
			best, cut = f, v
		}
		// One more above one half keeps few pairs, none of which happens to be there, from all
		// being edges.
		if min(m, 2*(above+1))*v <= ByChance(n, p)*found {
			limit = v
		}
	}
	return min(cut, limit)
}

// UnrelatedPValue returns the p-value of no two variables being related, given the p×p covariance s
// of n independent rows: twice the smaller one of two tests. One sees a few strong correlations, by
// Student's t test of the largest (C. Bonferroni, 1936); the other one many weak ones, by the sum
// of their squares, which times n-1 has the mean of a χ² of as many degrees of freedom as there are
// pairs (J. Schott, "Testing for complete independence in high dimensions", 2005).
func UnrelatedPValue(s mat.Symmetric, n int) float64 {
	p := s.SymmetricDim()
	if p < 2 || n < 3 {
		return 1
	}
	r := Correlation(s)
	sum, largest := 0.0, 0.0
	for i := range p {
		for j := range i {
			v := r.At(i, j)
			sum += float64(v * v)
			largest = max(largest, math.Abs(v))
		}
	}
	pairs, free := float64(p*(p-1))/2, float64(n-2)
	t := largest * math.Sqrt(free/max(1e-300, 1-float64(largest*largest)))
	one := float64(2 * distuv.StudentsT{Sigma: 1, Nu: free}.CDF(-t))
	all := distuv.ChiSquared{K: pairs}.Survival(float64(n-1) * sum)
	return min(1, 2*min(all, pairs*one))
}
