package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
	"dtnotes/analysis/internal/parallel"
)

// LinkRule is what makes a link between two sources.
type LinkRule string

// These are the rules.
const (
	// LinksPartial are partial correlations that halves of the buckets agree on, the default.
	LinksPartial LinkRule = "partial"
	// LinksHidden are the links that are left when what a few hidden common causes explain is taken
	// out, such as the load that drives everything ([covariance.LatentGraphicalLasso]).
	LinksHidden LinkRule = "hidden"
	// LinksCounts link small counts of which each is needed to explain the other
	// ([covariance.CountNeighborhoods]).
	LinksCounts LinkRule = "counts"
)

// LinkRules lists the rules.
var LinkRules = []LinkRule{LinksPartial, LinksHidden, LinksCounts}

// ParseLinkRule returns the rule of that name.
func ParseLinkRule(name string) (LinkRule, error) {
	if slices.Contains(LinkRules, LinkRule(name)) {
		return LinkRule(name), nil
	}
	return "", fmt.Errorf("links %q: want one of %v", name, LinkRules)
}

// link lists the links of the model by the rule asked for.
func (o Options) link(ctx context.Context, m *Model, s *Series, d *distinct) error {
	m.Links = cmp.Or(o.Links, LinksPartial)
	switch m.Links {
	case LinksPartial:
		return o.edges(ctx, m, d)
	case LinksHidden:
		return o.hiddenEdges(ctx, m, d)
	case LinksCounts:
		return o.countEdges(ctx, m, s, d)
	}
	_, err := ParseLinkRule(string(m.Links))
	return err
}

// weighed makes links from a symmetric matrix of weights among the distinct sources, where 0 means
// no link, and from twins, which are linked without a test. A link between two groups of twins goes
// to the first of each. If stability is nil, no stability is known.
func weighed(m *Model, d *distinct, weights, stability mat.Symmetric) []Edge {
	twins := d.twins(m)
	edges := []Edge{}
	for i, a := range d.of {
		for j := i + 1; j < len(d.of); j++ {
			b := d.of[j]
			e := Edge{From: i, To: j}
			switch {
			case a == b:
				e.Weight = twins.At(i, j)
			case i == d.groups[a][0] && j == d.groups[b][0]:
				e.Weight = weights.At(a, b)
			}
			if stability != nil {
				if e.Stability = 1; a != b {
					e.Stability = stability.At(a, b)
				}
			}
			if e.Weight != 0 {
				edges = append(edges, e)
			}
		}
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return edges
}

// hiddenEdges lists the links that are left without hidden causes, in all buckets and in enough of
// their halves. The penalty is what chance gives in a pair, and not that of cross-validation. The
// latter is far smaller where a load drives everything, since it has to explain the load pair by
// pair.
func (o Options) hiddenEdges(ctx context.Context, m *Model, d *distinct) error {
	n, q := d.x.Dims()
	least := o.MinStability
	if least == 0 {
		least = 0.7
	}
	m.Rule = fmt.Sprintf("not explained by hidden common causes, in %.0f%% or more of half-samples%s", 100*least, d.copies())
	if least < 0 {
		m.Rule = "not explained by hidden common causes, whether chance or not"
	}
	none := mat.NewSymDense(q, nil)
	if q < 2 || n < 8 {
		m.Edges = weighed(m, d, none, none)
		return nil
	}
	alpha := o.Alpha
	if alpha == 0 {
		alpha = 0.7 * math.Sqrt(math.Log(float64(q))/float64(n))
	}
	l, err := covariance.LatentGraphicalLasso(ctx, d.s, alpha, covariance.LatentOptions{Tol: 1e-5})
	if err != nil {
		return err
	}
	m.Rule += fmt.Sprintf("; hidden: rank %d of %d", l.Rank, q)
	freq := none
	if least >= 0 {
		if freq, err = o.hiddenStability(ctx, d, alpha, l.Sparse); err != nil {
			return err
		}
	}
	weights := covariance.PartialCorrelations(l.Sparse)
	for a := range q {
		for b := range a {
			if l.Sparse.At(a, b) == 0 || freq.At(a, b) < least {
				weights.SetSym(a, b, 0)
			}
		}
	}
	if least < 0 {
		m.Edges = weighed(m, d, weights, nil)
	} else {
		m.Edges = weighed(m, d, weights, freq)
	}
	return nil
}

// hiddenStability fits complementary halves of the buckets, in blocks of neighbors. It returns in
// what part of the halves each pair is linked with the sign that it has in all buckets.
func (o Options) hiddenStability(ctx context.Context, d *distinct, alpha float64, all mat.Symmetric) (*mat.SymDense, error) {
	const pairs = 8
	n, q := d.x.Dims()
	blocks := min(20, n/2)
	parts := make([]*covariance.Accumulator, blocks)
	for b := range parts {
		parts[b] = covariance.NewAccumulator(q)
		if err := parts[b].AddMatrix(d.x.Slice(n*b/blocks, n*(b+1)/blocks, 0, q)); err != nil {
			return nil, err
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x41dde))
	halves := make([][]int, 0, 2*pairs)
	for range pairs {
		order := rng.Perm(blocks)
		halves = append(halves, order[:blocks/2], order[blocks/2:])
	}
	fits := make([]*mat.SymDense, len(halves))
	errs := make([]error, len(halves))
	parallel.For(len(halves), func(h int) { fits[h], errs[h] = fitHiddenHalf(ctx, parts, halves[h], alpha) })
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("stability: %w", err)
	}
	freq := mat.NewSymDense(q, nil)
	for a := range q {
		for b := range a {
			same := 0
			for _, f := range fits {
				if float64(f.At(a, b)*all.At(a, b)) > 0 {
					same++
				}
			}
			freq.SetSym(a, b, float64(same)/float64(len(fits)))
		}
	}
	return freq, nil
}

// fitHiddenHalf returns the links of a half. A source that does not vary in that half has no links
// there.
func fitHiddenHalf(ctx context.Context, parts []*covariance.Accumulator, half []int, alpha float64) (*mat.SymDense, error) {
	q := len(parts[0].Mean())
	sum := covariance.NewAccumulator(q)
	for _, b := range half {
		if err := sum.Merge(parts[b]); err != nil {
			return nil, err
		}
	}
	s := sum.Covariance()
	var vary []int
	for a := range q {
		if s.At(a, a) > 1e-12 {
			vary = append(vary, a)
		}
	}
	out := mat.NewSymDense(q, nil)
	if len(vary) < 2 {
		return out, nil
	}
	sub := mat.NewSymDense(len(vary), nil)
	for i, a := range vary {
		for j, b := range vary[:i+1] {
			sub.SetSym(i, j, s.At(a, b)/math.Sqrt(s.At(a, a)*s.At(b, b)))
		}
	}
	l, err := covariance.LatentGraphicalLasso(ctx, sub, alpha, covariance.LatentOptions{Tol: 1e-3})
	if err != nil {
		return nil, err
	}
	for i, a := range vary {
		for j, b := range vary[:i] {
			out.SetSym(a, b, l.Sparse.At(i, j))
		}
	}
	return out, nil
}

// countEdges lists the links between counts that explain each other.
func (o Options) countEdges(ctx context.Context, m *Model, s *Series, d *distinct) error {
	if !s.Counts || o.Difference {
		return errors.New("links of counts are links of whole numbers of 0 or more: some values, or all, are not that")
	}
	m.WeightName = "log count per deviation"
	m.Rule = "each is needed to explain the other's count (Poisson or negative binomial, extended Bayesian criterion)" + d.copies()
	q := len(d.groups)
	x := mat.NewDense(len(s.Times), q, nil)
	for a, members := range d.groups {
		col, err := s.Column(m.Names[members[0]])
		if err != nil {
			return err
		}
		x.SetCol(a, col)
	}
	weights, err := covariance.CountNeighborhoods(ctx, x, covariance.CountOptions{})
	if err != nil {
		return err
	}
	m.Edges = weighed(m, d, weights, nil)
	return nil
}
