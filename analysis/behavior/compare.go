package behavior

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/covariance"
	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// A Comparison says in what two behaviors differ beyond chance.
type Comparison struct {
	Sources []SourceChange `json:"sources"` // surest first
	Links   []Change       `json:"links"`   // largest change first
	Level   float64        `json:"level"`   // the expected part of false ones among the differences
	Tested  int            `json:"tested"`  // sources and links looked at
	Notes   []string       `json:"notes,omitempty"`

	a, b *Behavior
}

// A SourceChange is a source that does more or less in the second behavior.
type SourceChange struct {
	Name   string  `json:"name"`
	Before float64 `json:"before"` // mean: events per second, or a level as it is
	After  float64 `json:"after"`
	P      float64 `json:"p"` // of a difference as large by chance
	// Level says that the values are levels, such as memory in use, and not counts of events.
	Level bool `json:"level,omitempty"`
}

func (s SourceChange) String() string {
	switch {
	case s.Level:
		return fmt.Sprintf("%s: %.4g → %.4g", s.Name, s.Before, s.After)
	case s.Before == 0:
		return fmt.Sprintf("%s: new, %.4g/s", s.Name, s.After)
	case s.After == 0:
		return fmt.Sprintf("%s: gone, was %.4g/s", s.Name, s.Before)
	}
	return fmt.Sprintf("%s: %.4g/s → %.4g/s (×%.3g)", s.Name, s.Before, s.After, s.After/s.Before)
}

// falseDiscoveries is the part of false differences among those reported. It is a part of what is
// reported and not of what is tested, so that it means the same for ten sources and for ten
// thousand.
const falseDiscoveries = 0.05

// fewestBlocks is the least number of stretches of time that show how much a source varies by
// itself: Welch's test needs a variance for each side, and a variance from two values is worth
// nothing.
const fewestBlocks = 3

// Compare finds the sources and links that differ between two behaviors, such as those before and
// after a change of the configuration, or those of two hosts.
//
// Sources are compared by Welch's test on the logarithms of their means over
// stretches of at least ten buckets, links by Fisher's z of the partial
// correlations of the processes that both know. All tests together keep the
// expected part of false differences below 5 % (Y. Benjamini and Y. Hochberg,
// 1995). Behaviors of less than three stretches, or of different bucket
// widths, are errors.
func Compare(a, b *Behavior) (*Comparison, error) {
	c, err := compare(a, b)
	if err != nil {
		return nil, fmt.Errorf("comparing behaviors: %w", err)
	}
	return c, nil
}

func compare(a, b *Behavior) (*Comparison, error) {
	switch {
	case a == nil || b == nil:
		return nil, errors.New("no behavior")
	}
	if err := sameKind(a, b); err != nil {
		return nil, err
	}
	na, nb := a.blocks(), b.blocks()
	if min(na, nb) < fewestBlocks {
		return nil, fmt.Errorf("stretches of ten buckets: %d and %d, want at least %d of each", na, nb, fewestBlocks)
	}
	c := &Comparison{Level: falseDiscoveries, a: a, b: b}
	var mixed []string
	for _, name := range slices.Sorted(maps.Keys(a.Sources)) {
		if c.mixed(name) {
			mixed = append(mixed, name)
		}
	}
	if len(mixed) > 0 {
		c.Notes = append(c.Notes, "not compared, since one behavior takes them for values of another kind than the other: "+listing(mixed, 5))
	}
	sources := c.testSources(na, nb)
	links, err := c.testLinks()
	if err != nil {
		return nil, err
	}
	var ps []float64
	for _, s := range sources {
		ps = append(ps, s.P)
	}
	for _, l := range links {
		ps = append(ps, l.P)
	}
	c.Tested = len(ps)
	cut := discoveries(ps, c.Level)
	c.Sources = slices.DeleteFunc(sources, func(s SourceChange) bool { return s.P > cut })
	c.Links = slices.DeleteFunc(links, func(l Change) bool { return l.P > cut })
	slices.SortStableFunc(c.Sources, func(x, y SourceChange) int { return cmp.Compare(x.P, y.P) })
	slices.SortStableFunc(c.Links, func(x, y Change) int {
		return cmp.Compare(math.Abs(y.After-y.Before), math.Abs(x.After-x.Before))
	})
	return c, nil
}

func (c *Comparison) testSources(na, nb int) []SourceChange {
	all := maps.Clone(c.a.Sources)
	maps.Copy(all, c.b.Sources)
	maps.DeleteFunc(all, func(name string, _ *Source) bool { return c.mixed(name) })
	out := []SourceChange{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		kind := kindOf(name, c.a.ByKind)
		unit := max(c.a.unit(kind), c.b.unit(kind))
		x, y := c.a.means(name, na), c.b.means(name, nb)
		// A level is the same however long a bucket is; events are reported per second.
		level, each := all[name].Value.level(), c.a.Every.Seconds()
		if level {
			each = 1
		}
		out = append(out, SourceChange{
			Name: name, Before: stat.Mean(x, nil) / each, After: stat.Mean(y, nil) / each, Level: level,
			P: welch(c.magnitudes(name, x, unit), c.magnitudes(name, y, unit)),
		})
	}
	return out
}

// mixed reports whether the behaviors take a source for values of different kinds, which cannot be
// compared.
func (c *Comparison) mixed(name string) bool {
	s, t := c.a.Sources[name], c.b.Sources[name]
	return s != nil && t != nil && s.Value != t.Value
}

// magnitudes brings block means to the scale of the source in the first
// behavior that knows it.
//
// Both sides must be on the same scale, or a gauge would differ by its scale alone.
func (c *Comparison) magnitudes(name string, values []float64, unit float64) []float64 {
	src := c.a.Sources[name]
	if src == nil {
		src = c.b.Sources[name]
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = src.shaped(v, unit)
	}
	return out
}

// steadiest is the least deviation that magnitudes of block means are taken to have: a source that
// happens not to vary in a few blocks may still vary.
const steadiest = 0.05

// welch is the two-sided p-value of equal means (B. Welch, 1947). The degrees of freedom are
// those of F. Satterthwaite (1946), between the lesser of the two numbers of values less one and
// their sum less two.
func welch(x, y []float64) float64 {
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	nx, ny := float64(len(x)), float64(len(y))
	ax, ay := max(vx, steadiest*steadiest)/nx, max(vy, steadiest*steadiest)/ny
	t := math.Abs(mx-my) / math.Sqrt(ax+ay)
	free := (ax + ay) * (ax + ay) / (ax*ax/(nx-1) + ay*ay/(ny-1))
	return 2 * distuv.StudentsT{Sigma: 1, Nu: free}.Survival(t)
}

// testLinks compares the partial correlations of the processes that both
// behaviors know, given each other.
//
// Given each other, and not all that each behavior knows: a partial correlation depends on what
// is held fixed, so that a process that only one of them knows would change links it has no part
// in.
func (c *Comparison) testLinks() ([]Change, error) {
	if c.a.Links == nil || c.b.Links == nil {
		c.Notes = append(c.Notes, "no links to compare: less than two processes vary")
		return nil, nil
	}
	var names []string
	for _, name := range c.a.Links.Names {
		if slices.Contains(c.b.Links.Names, name) && !c.mixed(name) {
			names = append(names, name)
		}
	}
	p := float64(len(names))
	freeA, freeB := c.a.Links.Effective-p-1, c.b.Links.Effective-p-1
	if len(names) < 2 || min(freeA, freeB) < 1 {
		c.Notes = append(c.Notes, fmt.Sprintf("links were not compared: %d processes in common, worth %.0f and %.0f independent buckets", len(names), c.a.Links.Effective, c.b.Links.Effective))
		return nil, nil
	}
	before, err := c.a.Links.among(names)
	if err != nil {
		return nil, err
	}
	after, err := c.b.Links.among(names)
	if err != nil {
		return nil, err
	}
	// Fisher's z of a partial correlation given k others has the variance 1/(n-k-3), n being
	// independent buckets: here k is p-2.
	dev := math.Sqrt(1/freeA + 1/freeB)
	out := []Change{}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			// Pairs that are linked in neither behavior are not tested. Among thousands of
			// processes nearly all pairs are such, and if they were tested, a difference would have
			// to be larger to be reported.
			x, y := before.At(i, j), after.At(i, j)
			if max(math.Abs(x), math.Abs(y)) < leastLink {
				continue
			}
			z := math.Abs(math.Atanh(x)-math.Atanh(y)) / dev
			out = append(out, Change{names[i], names[j], describe(x, y), x, y, 2 * distuv.UnitNormal.Survival(z)})
		}
	}
	return out, nil
}

// among returns the partial correlations of the named processes given each other alone, which are
// those of a part of the covariance. The names must all be linked.
func (l *Links) among(names []string) (*mat.SymDense, error) {
	at := make([]int, len(names))
	for i, name := range names {
		at[i] = slices.Index(l.Names, name)
	}
	cov := mat.NewSymDense(len(names), nil)
	for i, r := range at {
		for j, s := range at {
			if j >= i {
				cov.SetSym(i, j, l.Covariance[r][s])
			}
		}
	}
	precision, err := covariance.Precision(cov)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	return covariance.PartialCorrelations(precision), nil
}

// discoveries returns the p-value up to which tests are called significant so that the expected
// part of false ones stays below level, -1 if none is (Y. Benjamini and Y. Hochberg, 1995): the
// largest of the n sorted p-values that is at most level·k/n at place k. Those before it count
// even where they miss their own bound.
func discoveries(ps []float64, level float64) float64 {
	sorted := slices.Sorted(slices.Values(ps))
	for k := len(sorted); k > 0; k-- {
		if sorted[k-1] <= level*float64(k)/float64(len(sorted)) {
			return sorted[k-1]
		}
	}
	return -1
}

// String lists the differences.
func (c *Comparison) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d sources and %d links differ of %d compared (at most %.0f %% of them by chance)\n", len(c.Sources), len(c.Links), c.Tested, 100*c.Level)
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	for _, l := range c.Links {
		names = append(names, l.From, l.To)
	}
	brief := figure.Shorten(names)
	for _, s := range c.Sources {
		fmt.Fprintf(&b, "  %s, p = %.2g\n", dtracefs.Printable(brief(s.String())), s.P)
	}
	for _, l := range c.Links {
		fmt.Fprintf(&b, "  %s, p = %.2g\n", dtracefs.Printable(brief(l.String())), l.P)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", dtracefs.Printable(n))
	}
	return b.String()
}

// Difference draws the links of both behaviors, every process where it stands
// in the first one's graph. Only the changes beyond chance are drawn as such.
func (c *Comparison) Difference() (figure.Difference, error) {
	if c.a.Links == nil {
		return figure.Difference{}, errors.New("difference of links: the first behavior has none")
	}
	return difference(c.a.Graph(), c.Links), nil
}
