package behavior

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis"
	"dtnotes/analysis/covariance"
	"dtnotes/dtracefs"
)

// A Change is a link between two processes that differs from the behavior.
type Change struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	What   string  `json:"what"`   // gained, lost, strengthened, weakened or reversed
	Before float64 `json:"before"` // partial correlation in the behavior, fitted without a penalty
	After  float64 `json:"after"`  // around the alert
	// P is that of a change as large by chance, if it were the only pair looked at.
	P float64 `json:"p"`
}

func (c Change) String() string {
	return fmt.Sprintf("link between %s and %s %s (%+.2f → %+.2f)", dtracefs.Printable(c.From), dtracefs.Printable(c.To), c.What, c.Before, c.After)
}

// leastLink is the partial correlation from which two processes are said to be linked. Fainter
// links may be beyond chance in long captures, and still explain no more than a hundredth of what a
// process does.
const leastLink = 0.1

// describe names what became of a link. That the sign changed is said only if there is a link both
// before and after.
func describe(before, after float64) string {
	b, a := math.Abs(before), math.Abs(after)
	switch {
	case b < leastLink:
		return "gained"
	case a < leastLink:
		return "lost"
	case before*after < 0:
		return "reversed"
	case a > b:
		return "strengthened"
	}
	return "weakened"
}

// window is how the processes depended on each other around an alert.
//
// Both covariances are p×p, over the names, of standardized activity.
type window struct {
	names         []string
	before, after *mat.SymDense // covariances: the behavior's, the window's
	weight        float64       // of the window's own buckets in after, 0 to 1
	buckets       float64
}

// explainLinks says of each alert which links differ from the behavior: those that lost an end
// first, then those that changed beyond chance. If too few buckets were seen up to the end of an
// alert to judge the latter, its note says so.
func (r *Report) explainLinks(ctx context.Context) error {
	l := r.behavior.Links
	if l == nil || len(r.Alerts) == 0 {
		return nil
	}
	usual, err := l.among(l.Names)
	if err != nil {
		return err
	}
	whole := r
	for i := range r.Alerts {
		if err := ctx.Err(); err != nil {
			return err
		}
		a := &whole.Alerts[i]
		r := whole.around(a)
		values := r.activity()
		a.Edges = r.broken(a, values, usual)
		w := r.window(a, values)
		if w == nil {
			first, last := r.span(a)
			a.Note = fmt.Sprintf("links that changed are not listed: that takes %d buckets up to the end of the alert, and %d were seen", fewestInWindow, last-first)
			continue
		}
		before, err := covariance.Precision(w.before)
		if err != nil {
			return fmt.Errorf("links before the alert: %w", err)
		}
		after, err := covariance.Precision(w.after)
		if err != nil {
			return fmt.Errorf("links in the alert: %w", err)
		}
		for _, c := range w.changes(before, after) {
			// A broken link is reported only once.
			known := func(b Change) bool { return b.From == c.From && b.To == c.To }
			if !slices.ContainsFunc(a.Edges, known) {
				a.Edges = append(a.Edges, c)
			}
		}
	}
	return nil
}

// around is the report of an alert and its window alone, and of the bucket before, from which
// running totals go on.
func (r *Report) around(a *Alert) *Report {
	first, last := r.span(a)
	// One more bucket is taken, whose own growth is not known: without it, the growth of the
	// window's first bucket would be missing.
	first = max(0, first-1)
	s := *r.series
	s.Times = s.Times[first:last]
	if n, p := s.Dims(); n*p > 0 {
		s.Values = s.Values.Slice(first, last, 0, p).(*mat.Dense)
	}
	return &Report{behavior: r.behavior, series: &s, Alerts: r.Alerts}
}

// broken lists the links of processes that hardly ever rest and were silent for most of the alert:
// with one end gone a link is lost, as surely as the silence is no chance. No correlation would
// show it, since what does not vary correlates with nothing, and a window holds too few buckets to
// conclude that a link is absent.
func (r *Report) broken(a *Alert, values map[string][]float64, before mat.Symmetric) []Change {
	b := r.behavior
	gone := func(name string) (p float64, ok bool) {
		at := slices.IndexFunc(a.Sources, func(f Finding) bool { return f.Name == name })
		if at < 0 || float64(b.Presence[name]) < 0.95*float64(b.Buckets) {
			return 1, false
		}
		silent, all := 0, 0
		for i, t := range r.series.Times {
			if t >= a.Start && t < a.End {
				all++
				if values[name] == nil || values[name][i] == 0 {
					silent++
				}
			}
		}
		// A score is -ln of how often normal running shows as much, so that this is the p-value
		// of the silence.
		return math.Exp(-a.Sources[at].Score), 2*silent > all
	}
	out := []Change{}
	for _, e := range b.Links.Edges {
		from, to := b.Links.Names[min(e.From, e.To)], b.Links.Names[max(e.From, e.To)]
		p, ok := gone(from)
		if q, also := gone(to); also && (!ok || q < p) {
			p, ok = q, true
		}
		// A lagged link has no weight among partial correlations of the same bucket.
		if weight := before.At(e.From, e.To); ok && !e.Lagged && math.Abs(weight) >= leastLink {
			out = append(out, Change{from, to, "lost", weight, 0, p})
		}
	}
	return out
}

// activity returns what each process did in each bucket, as links count it: with running totals
// as what they grow by, and without seasons. A source that the behavior does not know is taken
// for a count.
func (r *Report) activity() map[string][]float64 {
	s := r.series
	rec := record{byKind: r.behavior.ByKind, names: s.Names, starts: []int{0, len(s.Times)}}
	for j, name := range s.Names {
		src := r.behavior.Sources[name]
		if src == nil {
			src = &Source{Value: Count, Scaling: Scaling{Shape: Logarithm}}
		}
		col, p := column(s, j), newPreparer(src, r.behavior.Missing, s.Every)
		for i := range col {
			col[i] = src.without(p.count(col[i], s.Times[i]), s.Times[i])
		}
		rec.columns, rec.protos = append(rec.columns, col), append(rec.protos, src)
	}
	names, columns := rec.activity()
	out := make(map[string][]float64, len(names))
	for k, name := range names {
		out[name] = columns[k]
	}
	return out
}

func column(s *analysis.Series, j int) []float64 {
	out := make([]float64, len(s.Times))
	for i := range out {
		out[i] = s.Values.At(i, j)
	}
	return out
}

// fewestInWindow is the number of buckets that links are judged by at least. With fewer, the
// variance of Fisher's z, 1/(n-3), leaves next to nothing beyond chance.
const fewestInWindow = 10

// newcomers is the number of processes unknown to the behavior that a window takes in: each needs
// a row of the covariance, and takes a degree of freedom from all links.
const newcomers = 3

// window models the buckets of an alert and as many before it. The behavior
// stands behind the window's own buckets as prior knowledge (an inverse Wishart
// prior worth p+2 buckets): few buckets say little, and change little.
func (r *Report) window(a *Alert, values map[string][]float64) *window {
	first, last := r.span(a)
	if last-first < fewestInWindow {
		return nil
	}
	l := r.behavior.Links
	names := slices.Clone(l.Names)
	for _, f := range a.Sources {
		if _, ok := values[f.Name]; ok && !slices.Contains(names, f.Name) && len(names) < len(l.Names)+newcomers {
			names = append(names, f.Name)
		}
	}
	n, p := last-first, len(names)
	z := mat.NewDense(n, p, nil)
	for j, name := range names {
		z.SetCol(j, l.standardized(name, values[name], first, last))
	}
	// Values are taken around the window's own level: that one process by itself does more or less
	// than usual is no link.
	for j := range names {
		mean := mat.Sum(z.ColView(j)) / float64(n)
		for i := range n {
			z.Set(i, j, z.At(i, j)-mean)
		}
	}
	// Buckets that are alike count for less here too, as much as they did while learning.
	w := &window{names: names, before: mat.NewSymDense(p, nil), buckets: float64(n) * l.independence(r.behavior.Buckets)}
	for i := range p {
		for j := i; j < p; j++ {
			switch {
			// Between processes of the behavior, the prior is what the behavior knows. A newcomer
			// is taken to be independent of them beforehand, with variance 1.
			case j < len(l.Names):
				w.before.SetSym(i, j, l.Covariance[i][j])
			case i == j:
				w.before.SetSym(i, i, 1)
			}
		}
	}
	// The behavior's covariance weighs as much as p+2 buckets, so that the window's has an
	// inverse however few buckets of its own it has.
	prior := float64(p + 2)
	w.weight = float64(n) / (float64(n) + prior)
	w.after = mat.NewSymDense(p, nil)
	w.after.SymOuterK(1/(float64(n)+prior), z.T())
	for i := range p {
		for j := i; j < p; j++ {
			w.after.SetSym(i, j, w.after.At(i, j)+float64((1-w.weight)*w.before.At(i, j)))
		}
	}
	return w
}

// span returns the buckets of an alert and as many before it, but at least as many as are needed to
// judge links.
func (r *Report) span(a *Alert) (first, last int) {
	first, last = sort.SearchFloat64s(r.series.Times, a.Start), sort.SearchFloat64s(r.series.Times, a.End)
	before := max(last-first, fewestInWindow-(last-first))
	return max(0, first-before), last
}

// independence is the part of the buckets that say something new.
func (l *Links) independence(buckets int) float64 {
	return min(1, l.Effective/float64(buckets))
}

// standardized returns the standardized counts of a process in a window, buckets first to last-1.
// If there are no values, the process was silent. A newcomer has neither a usual level nor a usual
// deviation, and is measured by its own deviation.
func (l *Links) standardized(name string, values []float64, first, last int) []float64 {
	out := make([]float64, last-first)
	at := slices.Index(l.Names, name)
	var squares, sum float64
	for i := range out {
		v := 0.0
		if values != nil {
			v = values[first+i]
		}
		if at >= 0 {
			out[i] = bounded(l.standard(at, v))
			continue
		}
		out[i] = math.Log1p(max(0, v))
		sum += out[i] / float64(len(out))
		squares += out[i] * out[i] / float64(len(out))
	}
	if dev := math.Sqrt(max(0, squares-float64(sum*sum))); at < 0 && dev > 0 {
		for i := range out {
			out[i] /= dev
		}
	}
	return out
}

// changes lists the links that differ beyond chance, the largest change first.
// At most one in ten is expected to be chance (Benjamini and Hochberg, 1995).
func (w *window) changes(before, after *mat.SymDense) []Change {
	old, now := covariance.PartialCorrelations(before), covariance.PartialCorrelations(after)
	p := len(w.names)
	var ps []float64
	// Fisher's z of the window's own buckets has variance 1/(n-3); the prior
	// lets the share weight of it through.
	dev := w.weight / math.Sqrt(max(1, w.buckets-3))
	out := []Change{}
	for i := range p {
		for j := i + 1; j < p; j++ {
			b, a := old.At(i, j), now.At(i, j)
			if max(math.Abs(a), math.Abs(b)) < leastLink {
				continue
			}
			shift := math.Abs(math.Atanh(a)-math.Atanh(b)) / dev
			pv := 2 * distuv.UnitNormal.Survival(shift)
			ps = append(ps, pv)
			out = append(out, Change{w.names[i], w.names[j], describe(b, a), b, a, pv})
		}
	}
	cut := discoveries(ps, 0.1)
	out = slices.DeleteFunc(out, func(c Change) bool { return c.P > cut })
	slices.SortStableFunc(out, func(x, y Change) int {
		return cmp.Compare(math.Abs(y.After-y.Before), math.Abs(x.After-x.Before))
	})
	return out
}
