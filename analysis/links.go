package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/covariance"
)

// nearTwins is the correlation from which on two sources are the same for the model. The
// correlation of a source with a copy that has noise of a tenth of its deviation is 0.995, and that
// of two such copies 0.99; in a short capture, or if the values of a few buckets are far from all
// others, it may be seen to be less.
const nearTwins = 0.98

// correlationBeyondChance is the correlation that unrelated sources, of which there are p in n
// buckets, reach in one of a hundred such captures, by Student's t test of each pair (C.
// Bonferroni, 1936). It is above one if none tells anything.
func correlationBeyondChance(n, p int) float64 {
	if n < 3 || p < 2 {
		return math.Inf(1)
	}
	pairs := float64(p*(p-1)) / 2
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 2)}.Quantile(1 - 0.005/pairs)
	// Copies are found in any case: rounding leaves their correlation just below one.
	return min(t/math.Sqrt(float64(t*t)+float64(n-2)), 1-1e-9)
}

// plain returns the standardized values of the sources of z as they are, neither transformed nor
// with buckets that count for less. It is nil if that is what z has, or what the options exclude.
func (o Options) plain(s *Series, z *standardized) (*mat.Dense, error) {
	if o.Robust || o.Alpha > 0 && o.Transform != TransformAuto {
		return nil, nil
	}
	all, err := Options{Difference: o.Difference}.standardize(s, TransformNone)
	if err != nil {
		return nil, err
	}
	out, k := mat.NewDense(len(z.x.RawMatrix().Data)/len(z.names), len(z.names), nil), 0
	for j, name := range z.names {
		for k < len(all.names) && all.names[k] != name {
			k++
		}
		if k == len(all.names) {
			return nil, nil
		}
		out.SetCol(j, mat.Col(nil, k, all.x))
	}
	return out, nil
}

// copied returns the correlations that copies are found by: s, in which values are transformed and
// buckets unlike all others count for less, or that of the values as they are. The noise of a copy
// is little beside all that a source does, and may be much beside what is left without the few
// buckets in which it did most. By one such bucket alone, whatever starts together would be alike:
// without the bucket that tells most, or transformed, the two must still be alike beyond chance.
func copied(s *mat.SymDense, plain *mat.Dense, chance, least float64) *mat.SymDense {
	if plain == nil {
		return s
	}
	n, p := plain.Dims()
	out := mat.NewSymDense(p, nil)
	out.CopySym(s)
	columns := make([][]float64, p)
	for j := range columns {
		columns[j] = mat.Col(nil, j, plain)
	}
	for i := range p {
		for j := range i {
			r := s.At(i, j)
			if math.Abs(r) >= least {
				continue
			}
			all := floats.Dot(columns[i], columns[j]) / float64(n)
			if math.Abs(all) >= least && (all*r > 0 && math.Abs(r) > chance || all*withoutMost(columns[i], columns[j]) > chance) {
				out.SetSym(i, j, all)
			}
		}
	}
	return out
}

// withoutMost is the correlation of two columns without the row that adds most to it.
func withoutMost(a, b []float64) float64 {
	most := 0
	for k := range a {
		if math.Abs(a[k]*b[k]) > math.Abs(a[most]*b[most]) {
			most = k
		}
	}
	return stat.Correlation(slices.Delete(slices.Clone(a), most, most+1), slices.Delete(slices.Clone(b), most, most+1), nil)
}

// distinct are the sources with near twins taken together.
type distinct struct {
	groups [][]int    // sources in each group
	of     []int      // group of each source
	sign   []float64  // of each source's correlation with the first of its group
	x      *mat.Dense // standardized means of the groups, n×groups
	s      *mat.SymDense
	lasso  *covariance.Lasso // of s; nil before it is fitted
	least  float64           // correlation of those of a group
	copied *mat.SymDense     // correlations of the sources, as copies are found by them
	all    *mat.SymDense     // correlations of the sources, as the model has them
}

// findDistinct takes the near twins among the columns of x, which are
// standardized, together. Two sources are twins from a correlation of nearTwins on, or more in a
// capture so short that it may be chance.
func findDistinct(x, plain *mat.Dense) (*distinct, error) {
	s, err := covariance.Empirical(x)
	if err != nil {
		return nil, err
	}
	n, p := x.Dims()
	chance := correlationBeyondChance(n, p)
	d := &distinct{least: max(nearTwins, chance), of: make([]int, p), sign: make([]float64, p), x: x, s: s, all: s}
	d.copied = copied(s, plain, chance, d.least)
	d.groups = covariance.NearTwins(d.copied, d.least)
	for g, members := range d.groups {
		for _, i := range members {
			d.of[i], d.sign[i] = g, math.Copysign(1, d.copied.At(members[0], i))
		}
	}
	if !d.hasTwins() {
		return d, nil
	}
	d.x = d.means(x)
	d.s, err = covariance.Empirical(d.x)
	return d, err
}

// means returns the standardized means of the groups of columns of x, which are standardized.
func (d *distinct) means(x *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	out := mat.NewDense(n, len(d.groups), nil)
	for g, members := range d.groups {
		col := make([]float64, n)
		for _, i := range members {
			for k := range col {
				col[k] += float64(d.sign[i] * x.At(k, i))
			}
		}
		mean, dev := moments(col)
		for k := range col {
			col[k] = (col[k] - mean) / dev
		}
		out.SetCol(g, col)
	}
	return out
}

// copies says for the rule which links need no test.
func (d *distinct) copies() string {
	if d.least > 1 {
		return ""
	}
	return fmt.Sprintf(", or copies (correlation %.3g or more)", d.least)
}

func (d *distinct) hasTwins() bool { return len(d.groups) < len(d.of) }

// estimate returns the model of the standardized sources and what
// cross-validation tried, and fits the distinct ones.
func (o Options) estimate(ctx context.Context, x *mat.Dense, d *distinct) (l *covariance.Lasso, trials []covariance.Trial, err error) {
	if o.Estimate != nil {
		l, err = o.Estimate(ctx, x)
		if err != nil || l == nil {
			return l, nil, err
		}
		o.Alpha = l.Alpha
	}
	n, p := x.Dims()
	alpha := o.Alpha
	switch {
	case alpha > 0 || p == 1:
	case len(d.groups) == 1:
		// Nothing is left to predict, so that the penalty is what chance alone would give in a
		// pair.
		alpha = min(0.5, math.Sqrt(math.Log(float64(p))/float64(n)))
	default:
		cv, err := covariance.GraphicalLassoCV(ctx, d.x, covariance.CVOptions{Progress: func(n int) { o.report("covariance", n) }})
		if err != nil {
			return nil, nil, err
		}
		d.lasso, trials, alpha = cv.Lasso, cv.Trials, cv.Alpha
	}
	if d.lasso == nil {
		if d.lasso, err = covariance.GraphicalLasso(ctx, d.s, alpha, covariance.LassoOptions{}); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case l != nil:
	case !d.hasTwins():
		l = d.lasso
	default:
		s, err := covariance.Empirical(x)
		if err != nil {
			return nil, nil, err
		}
		if l, err = covariance.GraphicalLasso(ctx, s, alpha, covariance.LassoOptions{}); err != nil {
			return nil, nil, err
		}
	}
	return l, trials, nil
}

// edges lists the pairs with a partial correlation that enough half-samples agree on and that
// chance does not explain, the strongest first. Strength and stability are those of the distinct
// sources; a link between two groups of twins goes to the members that the model gives it to, and
// twins are linked without a test.
func (o Options) edges(ctx context.Context, m *Model, d *distinct) error {
	m.Edges = []Edge{}
	least := o.leastStability(d.x.Dims())
	m.Rule = fmt.Sprintf("in %.0f%% or more of half-samples, %s%s", 100*least, byChance(d.x.Dims()), d.copies())
	if least < 0 {
		m.Rule = "every partial correlation that is not zero, whether chance or not"
	}
	strength := d.strength(m.Precision)
	freq, linked, err := o.judge(ctx, d, strength, least)
	if err != nil {
		return err
	}
	twins, most := d.twins(m), d.most(m.PartialCorrelations, strength)
	for i, a := range d.of {
		for j := i + 1; j < len(d.of); j++ {
			b := d.of[j]
			e := Edge{From: i, To: j, Weight: m.PartialCorrelations.At(i, j), Stability: 1}
			if a == b {
				e.Weight = twins.At(i, j)
			} else {
				e.Stability = freq.At(a, b)
			}
			if e.Weight != 0 && (a == b || least < 0 || linked(a, b) && d.along(strength, i, j)*e.Weight >= most.At(a, b)/2) {
				m.Edges = append(m.Edges, e)
			}
		}
	}
	slices.SortStableFunc(m.Edges, func(a, b Edge) int {
		return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight))
	})
	return nil
}

// twins returns the partial correlations of the model, those of two near twins with the other twins
// of their group left out. Given a third copy, two copies have little or nothing in common, of
// either sign, though they are the same. Where the penalty may leave nothing between copies, since
// what they did most counts for less, it is the correlation of their values.
func (d *distinct) twins(m *Model) *mat.SymDense {
	out := m.PartialCorrelations
	if d.hasTwins() {
		out = mat.NewSymDense(len(d.of), nil)
		out.CopySym(m.PartialCorrelations)
	}
	for _, group := range d.groups {
		for a, i := range group {
			for _, j := range group[:a] {
				if r := d.copied.At(i, j); r != d.all.At(i, j) {
					out.SetSym(i, j, r)
				}
			}
		}
		if len(group) < 3 {
			continue
		}
		// The inverse of a group's part of the precision is its covariance given all others. A
		// precision is positive definite, unless the options bring another one: then they say what
		// twins have in common, too. What a bad condition spoils are the differences of twins.
		part := mat.NewSymDense(len(group), nil)
		for a, i := range group {
			for b, j := range group[:a+1] {
				part.SetSym(a, b, m.Precision.At(i, j))
			}
		}
		var chol mat.Cholesky
		if !chol.Factorize(part) {
			continue
		}
		var given mat.SymDense
		_ = chol.InverseTo(&given)
		r := covariance.Correlation(&given)
		for a, i := range group {
			for b, j := range group[:a] {
				if d.copied.At(i, j) == d.all.At(i, j) {
					out.SetSym(i, j, r.At(a, b))
				}
			}
		}
	}
	return out
}

// leastStability is 0.7 unless the options say otherwise. Half of a short capture has too few
// buckets to find again what all of them show. With 1.5 buckets for each source or less it is 0.5,
// and with four or more it is 0.7.
func (o Options) leastStability(n, q int) float64 {
	if o.MinStability != 0 {
		return o.MinStability
	}
	each := float64(n) / float64(q)
	return 0.5 + float64(0.2*max(0, min(1, (each-1.5)/2.5)))
}

// strength returns the partial correlations of groups: those of a model in which the twins of a
// group are all the same. Its precision has for each two groups the sum of the entries of their
// members. Given a twin, a source has less in common with all others, so that links of single
// members are weaker than those that they would have alone.
func (d *distinct) strength(precision mat.Symmetric) *mat.SymDense {
	sums := mat.NewSymDense(len(d.groups), nil)
	for i, a := range d.of {
		for j, b := range d.of {
			if a <= b {
				sums.SetSym(a, b, sums.At(a, b)+float64(d.sign[i]*d.sign[j]*precision.At(i, j)))
			}
		}
	}
	return covariance.PartialCorrelations(sums)
}

// most returns for each two groups the largest partial correlation of their members that has the
// sign of the groups' own.
func (d *distinct) most(rho, strength mat.Symmetric) *mat.SymDense {
	out := mat.NewSymDense(len(d.groups), nil)
	for i, a := range d.of {
		for j := i + 1; j < len(d.of); j++ {
			if b := d.of[j]; a != b {
				out.SetSym(a, b, max(out.At(a, b), float64(d.along(strength, i, j)*rho.At(i, j))))
			}
		}
	}
	return out
}

// along is the sign of a link of i and j that is one of their groups.
func (d *distinct) along(strength mat.Symmetric, i, j int) float64 {
	return float64(d.sign[i]*d.sign[j]) * math.Copysign(1, strength.At(d.of[i], d.of[j]))
}

// byChance says for the rule how many links of q distinct sources in n buckets may be chance.
func byChance(n, q int) string {
	if part := covariance.ByChance(n, q); part <= 0.5 {
		return fmt.Sprintf("1 in %.0f or less by chance", math.Floor(1/part))
	}
	return "more than there are by chance"
}

// judge returns how stable each pair is, and whether it is linked: of the stable pairs, there are
// as many links as a test against chance finds. The test is better at showing how many links there
// are than which they are: it takes the penalty's bias out of the estimate, which with few buckets
// makes that so noisy that the strengths of the penalized estimate rank the pairs better. Weaker
// pairs that the test finds are links, too, if all halves agree on them: which of several pairs are
// the strongest is another matter in another capture of the same work.
//
// Where chance explains all correlations, there are no links: of some pairs, one always is the
// strongest.
func (o Options) judge(ctx context.Context, d *distinct, strength *mat.SymDense, least float64) (freq *mat.SymDense, linked func(a, b int) bool, err error) {
	n, q := d.x.Dims()
	none := func(int, int) bool { return false }
	if q < 2 || n < 4 || d.lasso.Edges() == 0 || least >= 0 && covariance.UnrelatedPValue(d.s, n) > 0.05 {
		return mat.NewSymDense(q, nil), none, nil
	}
	pvalues, err := covariance.EdgePValues(d.s, d.lasso, n)
	if err != nil {
		return nil, nil, err
	}
	pvalues = covariance.CalibratePValues(pvalues)
	cut := covariance.PValueCut(pvalues, n)
	if freq, err = o.stability(ctx, d); err != nil {
		return nil, nil, err
	}
	found := 0
	var stable []float64
	for a := range q {
		for b := range a {
			weight := math.Abs(strength.At(a, b))
			if freq.At(a, b) < least || weight == 0 {
				continue
			}
			stable = append(stable, weight)
			if pvalues.At(a, b) <= cut {
				found++
			}
		}
	}
	if found == 0 {
		return freq, none, nil
	}
	slices.Sort(stable)
	floor := stable[len(stable)-found]
	return freq, func(a, b int) bool {
		f := freq.At(a, b)
		return f >= least && (math.Abs(strength.At(a, b)) >= floor || f == 1 && pvalues.At(a, b) <= cut)
	}, nil
}

// stability returns how often halves of the buckets agree on each pair. Where some sources all but
// determine others, cross-validation may choose a penalty far below what chance alone gives in a
// pair, with which every half agrees on everything; a third of that is the least that halves are
// fitted with.
func (o Options) stability(ctx context.Context, d *distinct) (*mat.SymDense, error) {
	n, q := d.x.Dims()
	alpha, start := d.lasso.Alpha, mat.Symmetric(d.lasso.Precision)
	if least := math.Sqrt(math.Log(float64(q))/float64(n)) / 3; o.Alpha == 0 && alpha < least {
		l, err := covariance.GraphicalLasso(ctx, d.s, least, covariance.LassoOptions{Tol: 1e-7, Start: start})
		if err != nil {
			return nil, err
		}
		alpha, start = least, l.Precision
	}
	return covariance.Stability(ctx, d.x, alpha, covariance.StabilityOptions{Seed: o.Seed, Start: start})
}
