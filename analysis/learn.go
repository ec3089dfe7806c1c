package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
	"dtnotes/analysis/internal/parallel"
	"dtnotes/analysis/manifold"
)

// Options tune [Learn]. The zero value is the default.
type Options struct {
	// Transform is that of the values. The default is Anscombe's for counts, and none for other
	// values.
	Transform Transform
	// Difference learns from the changes between buckets instead of the
	// values, which takes out slow drifts.
	Difference bool
	// Robust scales by median and median absolute deviation and pulls values
	// more than three such deviations out back to three, so that a few wild
	// buckets cannot make or hide a link.
	Robust bool
	// Alpha is the penalty of the graphical lasso; 0 chooses it by
	// cross-validation.
	Alpha float64
	// MinStability is the part of half-samples, 0 to 1, that must agree on an
	// edge for the model to list it; 0 means 0.7, or less, down to 0.5, where
	// there are less than four buckets for each source. Below 0 every pair with
	// a partial correlation is an edge, whether it may be chance or not.
	MinStability float64
	// Links is the rule that links are found by; "" is [LinksPartial]. The covariance, and the
	// partial correlations in which a hidden cause shows everywhere, are the same by all rules.
	Links LinkRule
	// Seed starts all that is random.
	Seed uint64
	// Progress, when set, is called as each step starts and goes on, perhaps
	// from another goroutine, but not once the context is done.
	Progress func(step string, done int)

	// window is set if the series is a part of a longer one, so that its ends are not those of the
	// work.
	window bool

	// Covariance, if set, returns the covariance of the named sources, transformed, over all
	// buckets, of which the series holds only some; an example is [FoldedCovariance]. Covariance,
	// precision and partial correlations of the model are fitted to it, with the penalty that the
	// series chooses. Everything else comes from the series: which sources are left, which links
	// are stable, groups and positions. If it returns nil, all comes from the series.
	Covariance func(ctx context.Context, names []string, t Transform) (*mat.SymDense, error)
	// Estimate replaces the sparse covariance of the standardized n×p matrix.
	Estimate func(ctx context.Context, x *mat.Dense) (*covariance.Lasso, error)
	// Cluster replaces the grouping of sources, given the model so far. It
	// returns a label per source, -1 for one that stands alone, and the source
	// that stands for each label, ascending; without exemplars, labels may be
	// any numbers and the most central source of each is its exemplar.
	Cluster func(ctx context.Context, m *Model) (labels, exemplars []int, err error)
	// Embed replaces the positions of the columns of the standardized n×p
	// matrix; it returns p×2.
	Embed func(ctx context.Context, x *mat.Dense) (*mat.Dense, error)
}

func (o Options) report(step string, done int) {
	if o.Progress != nil {
		o.Progress(step, done)
	}
}

// Learn fits a model to a series. It returns the context's error once the context is done.
//
// If values are counts, the buckets before the first and after the last in which anything was
// counted are left out, and so are the partial ones beside them. Values are transformed and
// standardized; sources that are constant, or busy in less than five buckets (in short series a
// quarter of all, but at least three), are dropped and listed. Buckets unlike all others, such as
// those in which everything starts, count for less, unless transform and penalty are both given:
// then the estimate is the plain one. A graphical lasso with cross-validated penalty gives the
// covariance, its inverse and the partial correlations. Edges are the strongest of the pairs on
// which fits to random halves of the buckets agree, and there are as many as chance does not
// explain; of sources none of which are related, there are none in nineteen of twenty series.
// Sources that run alike except for scale, sign and a little noise, whose correlation is at least
// 0.98 (in series of a few buckets more, if that may be chance), are always linked, and count as
// one where the penalty is chosen and links to others are judged; where values are transformed, or
// some buckets count for less, that may be the correlation of the values as they are, if more than
// one bucket bears it out. Affinity propagation groups the
// sources that have an edge. Locally linear embedding of the standardized columns gives positions.
//
// NaN and infinite values are errors that name source and bucket, as is a
// series in which no source is left.
func Learn(ctx context.Context, s *Series, o Options) (*Model, error) {
	if progress := o.Progress; progress != nil {
		o.Progress = func(step string, done int) {
			if ctx.Err() == nil {
				progress(step, done)
			}
		}
	}
	m, err := parallel.Await(ctx, func() (*Model, error) { return learn(ctx, s, o) })
	if err != nil {
		return nil, fmt.Errorf("learning: %w", err)
	}
	return m, nil
}

func learn(ctx context.Context, s *Series, o Options) (*Model, error) {
	if s == nil {
		return nil, errors.New("no series")
	}
	if o.Alpha < 0 || math.IsNaN(o.Alpha) || math.IsInf(o.Alpha, 0) {
		return nil, fmt.Errorf("alpha is %v: want a positive number, or 0 to choose one", o.Alpha)
	}
	if o.Covariance != nil && (o.Robust || o.Difference) {
		return nil, errors.New("a covariance of all buckets goes with their values alone, neither robust nor of differences")
	}
	// A bucket is named by its place in the series, of which the first ones may be left out next.
	if err := s.checkFinite(); err != nil {
		return nil, err
	}
	if o.Links != "" {
		if _, err := ParseLinkRule(string(o.Links)); err != nil {
			return nil, err
		}
	}
	if s.Counts && len(s.Names) > 0 && !o.window {
		s = s.rows(awake(s))
	}
	transform := o.Transform.resolve(s)
	z, err := o.standardize(s, transform)
	if err != nil {
		return nil, err
	}
	if len(z.names) == 0 {
		return nil, fmt.Errorf("no source left of %d in %d buckets%s", len(s.Names), len(s.Times), reasons(z.dropped))
	}
	if o.Alpha == 0 || o.Transform == TransformAuto {
		if err := z.weigh(); err != nil {
			return nil, err
		}
	}
	m := &Model{Names: z.names, Transform: transform, Dropped: z.dropped, Buckets: len(s.Times)}
	m.describe(s)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.report("covariance", 0)
	plain, err := o.plain(s, z)
	if err != nil {
		return nil, err
	}
	d, err := findDistinct(z.x, plain)
	if err != nil {
		return nil, err
	}
	l, trials, err := o.estimate(ctx, z.x, d)
	if err != nil {
		return nil, err
	}
	if l == nil || l.Precision == nil || l.Covariance == nil || l.Precision.SymmetricDim() != len(z.names) || l.Covariance.SymmetricDim() != len(z.names) {
		return nil, fmt.Errorf("the estimate given has no covariance and precision of %d sources", len(z.names))
	}
	if o.Covariance != nil {
		if l, err = o.whole(ctx, m, l); err != nil {
			return nil, err
		}
	}
	m.setLasso(l, trials)
	o.report("stability", 0)
	if err := o.link(ctx, m, s, d); err != nil {
		return nil, err
	}
	o.report("clusters", 0)
	if m.Labels, m.Exemplars, err = o.cluster(ctx, m); err != nil {
		return nil, err
	}
	if err := m.checkClusters(); err != nil {
		return nil, err
	}
	o.report("embedding", 0)
	if m.Embedding, err = o.embed(ctx, z.x); err != nil {
		return nil, err
	}
	if m.Embedding == nil || m.Embedding.RawMatrix().Rows != len(m.Names) || m.Embedding.RawMatrix().Cols != 2 {
		return nil, fmt.Errorf("the embedding given is not %d×2", len(m.Names))
	}
	return m, nil
}

// checkClusters refuses labels that are neither a position in the exemplars nor -1.
func (m *Model) checkClusters() error {
	if len(m.Labels) != len(m.Names) {
		return fmt.Errorf("the clustering given has %d labels for %d sources", len(m.Labels), len(m.Names))
	}
	for i, l := range m.Labels {
		if l < -1 || l >= len(m.Exemplars) {
			return fmt.Errorf("the clustering given puts %q in cluster %d of %d", m.Names[i], l, len(m.Exemplars))
		}
	}
	for c, i := range m.Exemplars {
		if i < 0 || i >= len(m.Names) {
			return fmt.Errorf("the clustering given has source %d of %d as exemplar of cluster %d", i, len(m.Names), c)
		}
	}
	return nil
}

func reasons(dropped []Dropped) string {
	var b strings.Builder
	for i, d := range dropped {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(dropped)-i)
			break
		}
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%q is %s", sep, d.Name, d.Reason)
	}
	return b.String()
}

func (o Options) embed(ctx context.Context, x *mat.Dense) (*mat.Dense, error) {
	if o.Embed != nil {
		return o.Embed(ctx, x)
	}
	e, err := manifold.LLE(ctx, x.T(), 2, manifold.LLEOptions{})
	if err != nil {
		return nil, err
	}
	return e.Embedding, nil
}
