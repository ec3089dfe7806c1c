package behavior

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// A Host is one of many that are compared.
type Host struct {
	Name     string
	Role     string // those of one role are expected to do the same
	Behavior *Behavior
}

// A HostComparison says which hosts stand out from others of their role.
type HostComparison struct {
	Hosts  []HostChange `json:"hosts"`  // that stand out, surest first
	Level  float64      `json:"level"`  // the expected part of false ones among them
	Tested int          `json:"tested"` // hosts looked at
	Notes  []string     `json:"notes,omitempty"`

	roles []*role
}

// A HostChange is a host that stands out.
type HostChange struct {
	Name    string      `json:"name"`
	Role    string      `json:"role"`
	P       float64     `json:"p"`       // of standing out as far by chance
	Differs []HostDiffs `json:"differs"` // in what, surest first
}

// A HostDiffs is a source of which a host does more or less than others of its role, or a link.
type HostDiffs struct {
	Name string `json:"name"`
	Link bool   `json:"link,omitempty"`
	// Level is true where the values are levels, such as memory in use, and not counts.
	Level bool `json:"level,omitempty"`
	// Usual is that of the others: events per second, a level as it is, or the partial correlation
	// of a link.
	Usual float64 `json:"usual"`
	Value float64 `json:"value"`
	P     float64 `json:"p"`
}

func (d HostDiffs) String() string {
	switch {
	case d.Link:
		return fmt.Sprintf("%s: %+.2f instead of %+.2f", d.Name, d.Value, d.Usual)
	case d.Level:
		return fmt.Sprintf("%s: %.4g instead of %.4g", d.Name, d.Value, d.Usual)
	case d.Usual == 0:
		return fmt.Sprintf("%s: %.4g/s, no other has it", d.Name, d.Value)
	case d.Value == 0:
		return fmt.Sprintf("%s: none instead of %.4g/s", d.Name, d.Usual)
	}
	return fmt.Sprintf("%s: %.4g/s instead of %.4g/s (×%.3g)", d.Name, d.Value, d.Usual, d.Value/d.Usual)
}

// fewestHosts is the least number of hosts that show what is usual for a role: among three, each
// may be as far from the others as any.
const fewestHosts = 4

// CompareHosts finds the hosts that stand out from others of their role, in how much their sources
// do and in links. Time grows with the number of hosts.
//
// What hosts of a role do is compared source by source, as logarithms of counts, and link by link,
// as Fisher's z of partial correlations. The most extreme host is held against the others by
// Student's test, then the most extreme of those, and so on up to a quarter of them, or 16, so that
// several that misbehave do not hide each other (B. Rosner, "Percentage points for a generalized
// ESD many-outlier procedure", 1983). The tests of a host are combined to one (R. Simes, 1986).
// Hosts are reported so that the expected part of false ones among them stays below 5 % (Y.
// Benjamini and Y. Hochberg, 1995). What differs in each of these hosts is tested at a level that
// is lowered by the part of hosts that were reported (Y. Benjamini and M. Bogomolov, "Selective
// inference on multiple families of hypotheses", 2014).
//
// A role of less than four hosts is left out with a note; if all are, it is an error. So are
// behaviors of other bucket widths or measures. When ctx is done, its error is returned.
func CompareHosts(ctx context.Context, hosts []Host) (*HostComparison, error) {
	c, err := compareHosts(ctx, hosts)
	if err != nil {
		return nil, fmt.Errorf("comparing hosts: %w", err)
	}
	return c, nil
}

func compareHosts(ctx context.Context, hosts []Host) (*HostComparison, error) {
	c := &HostComparison{Level: falseDiscoveries}
	byRole := map[string][]Host{}
	for _, h := range hosts {
		if h.Behavior == nil {
			return nil, fmt.Errorf("host %q has no behavior", h.Name)
		}
		if err := sameKind(hosts[0].Behavior, h.Behavior); err != nil {
			return nil, fmt.Errorf("host %q and host %q: %w", hosts[0].Name, h.Name, err)
		}
		byRole[h.Role] = append(byRole[h.Role], h)
	}
	var all []HostChange
	var ps []float64
	for _, name := range slices.Sorted(maps.Keys(byRole)) {
		of := byRole[name]
		if len(of) < fewestHosts {
			c.Notes = append(c.Notes, fmt.Sprintf("role %q has %d hosts: it takes %d to tell which stands out", name, len(of), fewestHosts))
			continue
		}
		// Hosts are sorted by name, so that the result does not depend on the order in which they
		// were given.
		slices.SortFunc(of, func(a, b Host) int { return strings.Compare(a.Name, b.Name) })
		r := &role{name: name, hosts: of}
		if err := r.test(ctx); err != nil {
			return nil, err
		}
		for h := range of {
			all = append(all, HostChange{Name: of[h].Name, Role: name, P: simes(r.p[h]), Differs: r.differs(h)})
			ps = append(ps, all[len(all)-1].P)
		}
		c.roles = append(c.roles, r)
	}
	if len(all) == 0 {
		return nil, errors.New(cmp.Or(strings.Join(c.Notes, "; "), "there are none"))
	}
	c.Tested = len(all)
	cut := discoveries(ps, c.Level)
	all = slices.DeleteFunc(all, func(h HostChange) bool { return h.P > cut })
	for i := range all {
		var of []float64
		for _, d := range all[i].Differs {
			of = append(of, d.P)
		}
		// Having chosen which hosts to look into makes chance more likely there: the level within
		// a host is lowered by the part of hosts that were chosen.
		within := discoveries(of, c.Level*float64(len(all))/float64(c.Tested))
		all[i].Differs = slices.DeleteFunc(all[i].Differs, func(d HostDiffs) bool { return d.P > within })
		slices.SortStableFunc(all[i].Differs, func(a, b HostDiffs) int { return cmp.Compare(a.P, b.P) })
	}
	slices.SortStableFunc(all, func(a, b HostChange) int { return cmp.Compare(a.P, b.P) })
	c.Hosts = all
	return c, nil
}

// sameKind returns the reason why behaviors cannot be compared, or nil if they can: what differs
// because it was counted differently is no difference of the systems.
func sameKind(a, b *Behavior) error {
	switch {
	case a.Every != b.Every:
		return fmt.Errorf("buckets of %v and of %v", a.Every, b.Every)
	case a.ByKind != b.ByKind:
		return errors.New("one tells kinds of events apart, the other does not")
	case (a.Measure == nil) != (b.Measure == nil):
		return errors.New("one was learned from captures, the other from matrices")
	case a.Measure != nil:
		return a.Measure.Match(b.Measure)
	}
	return nil
}

// A role holds the hosts of a role, and in what they are compared.
type role struct {
	name  string
	hosts []Host
	names []string        // of what is compared: sources, then links
	links int             // how many of them are links
	level map[string]bool // sources whose values are levels
	value [][]float64     // by host and name: events per second, a level, or a partial correlation
	p     [][]float64     // of each being as far from the others
	score [][]float64     // by how many deviations of the others it differs from them
}

// test compares the hosts in all that they do.
func (r *role) test(ctx context.Context) error {
	n := len(r.hosts)
	r.value, r.p, r.score = make([][]float64, n), make([][]float64, n), make([][]float64, n)
	seconds := r.hosts[0].Behavior.Every.Seconds()
	// The scale is that of the first host that knows the source. All hosts must have the same, or a
	// gauge would differ just by its scale.
	sources := map[string]*Source{}
	for _, h := range r.hosts {
		for name, s := range h.Behavior.Sources {
			if sources[name] == nil {
				sources[name] = s
			}
		}
	}
	x, spread := make([]float64, n), make([]float64, n)
	r.level = map[string]bool{}
	for name, s := range sources {
		r.level[name] = s.Value.level()
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		each := seconds
		if r.level[name] {
			each = 1 // a level is the same however long a bucket is
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		unit := 1.0
		for _, h := range r.hosts {
			unit = max(unit, h.Behavior.unit(kindOf(name, h.Behavior.ByKind)))
		}
		for i, h := range r.hosts {
			means := h.Behavior.means(name, 1)
			shaped := make([]float64, len(means))
			for k, v := range means {
				shaped[k] = sources[name].shaped(v, unit)
			}
			x[i], spread[i] = stat.Mean(shaped, nil), 0
			if len(shaped) > 1 {
				// This is the variance of the mean of blocks, which are nearly independent.
				spread[i] = stat.Variance(shaped, nil) / float64(len(shaped))
			}
			r.value[i] = append(r.value[i], stat.Mean(means, nil)/each)
		}
		r.add(name, x, spread)
	}
	return r.testLinks(ctx)
}

// testLinks compares the partial correlations of the processes that all hosts of the role know.
func (r *role) testLinks(ctx context.Context) error {
	var names []string
	for i, h := range r.hosts {
		// Partial correlations given different processes cannot be compared, so that all hosts must
		// know the same processes. One host without links leaves those of the role uncompared.
		switch l := h.Behavior.Links; {
		case l == nil:
			return nil
		case i == 0:
			names = slices.Clone(l.Names)
		default:
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(l.Names, name) })
		}
	}
	if len(names) < 2 {
		return nil
	}
	slices.Sort(names)
	n := len(r.hosts)
	rho, spread := make([]*mat.SymDense, n), make([]float64, n)
	for i, h := range r.hosts {
		if err := ctx.Err(); err != nil {
			return err
		}
		free := h.Behavior.Links.Effective - float64(len(names)) - 1
		if free < 1 {
			return nil
		}
		spread[i] = 1 / free
		var err error
		if rho[i], err = h.Behavior.Links.among(names); err != nil {
			return fmt.Errorf("host %q: %w", h.Name, err)
		}
	}
	x := make([]float64, n)
	for a := range names {
		for b := a + 1; b < len(names); b++ {
			most := 0.0
			for i := range rho {
				// Rounding may take a correlation to 1, whose z is infinite.
				v := math.Max(-1+1e-12, math.Min(1-1e-12, rho[i].At(a, b)))
				most, x[i] = max(most, math.Abs(v)), math.Atanh(v)
			}
			if most < leastLink {
				continue
			}
			for i := range rho {
				r.value[i] = append(r.value[i], rho[i].At(a, b))
			}
			r.links++
			r.add(names[a]+" – "+names[b], x, spread)
		}
	}
	return nil
}

// add compares the hosts in something: x is what each does, spread the variance of that by chance
// within the host.
func (r *role) add(name string, x, spread []float64) {
	r.names = append(r.names, name)
	p, score := outliers(x, spread)
	for i := range x {
		r.p[i], r.score[i] = append(r.p[i], p[i]), append(r.score[i], score[i])
	}
}

// outliers returns for each value how likely one is as far from the others by chance, and by how
// many deviations it differs from them. A value that was seen for a shorter time than the others,
// whose spread is larger, may differ more.
func outliers(x, spread []float64) (p, score []float64) {
	n := len(x)
	p, score = make([]float64, n), make([]float64, n)
	// How much hosts usually vary within themselves is part of how far they lie from each other,
	// and is measured there. Only what a host varies beyond the usual is added to its variance.
	usual := median(slices.Clone(spread))
	left := make([]int, n)
	for i := range left {
		left[i], p[i] = i, 1
	}
	var order []int
	var ps []float64
	for range min(max(1, n/4), mostOutliers) {
		of := crowdOf(x, left)
		worst, most := 0, -1.0
		for k, i := range left {
			if z := math.Abs(of.without(x[i], spread[i]-usual)); z > most {
				worst, most = k, z
			}
		}
		i := left[worst]
		score[i] = of.without(x[i], spread[i]-usual)
		order = append(order, i)
		// The worst of n was chosen, and on either side, so that Bonferroni's correction is for
		// both.
		ps = append(ps, min(1, of.n*2*distuv.StudentsT{Sigma: 1, Nu: of.n - 2}.Survival(most)))
		left = slices.Delete(left, worst, worst+1)
	}
	// If one that was found later stands out, so do those found before it, which lie farther out.
	least := 1.0
	for k := len(order) - 1; k >= 0; k-- {
		least = min(least, ps[k])
		p[order[k]] = least
	}
	// What stands out does not count when it is measured how far the others are from each other.
	of := crowdOf(x, left)
	for _, i := range left {
		score[i] = of.without(x[i], spread[i]-usual)
	}
	return p, score
}

// mostOutliers bounds the number of hosts of a role that may stand out in one thing, since each
// costs a pass over all.
const mostOutliers = 16

// A crowd is how many values there are, their mean and the sum of squares around it.
type crowd struct{ n, mean, squares float64 }

func crowdOf(x []float64, of []int) crowd {
	m := crowd{n: float64(len(of))}
	for _, i := range of {
		m.mean += x[i] / m.n
	}
	for _, i := range of {
		m.squares += float64((x[i] - m.mean) * (x[i] - m.mean))
	}
	return m
}

// without holds one of the values against the others, as Student's t does.
func (m crowd) without(x, extra float64) float64 {
	n, d := m.n-1, x-m.mean
	// This is the sum of squares around the mean of all, less the share of the value that is left
	// out: d²·n/(n-1), n being the number of all. The mean of the others lies n/(n-1) times as far
	// from it as that of all.
	variance := max((m.squares-d*d*m.n/n)/(n-1), steadiest*steadiest)
	return d * m.n / n / math.Sqrt(float64(variance*(1+1/n))+max(0, extra))
}

// simes is the p-value of no test being other than chance (R. Simes, 1986): the least of n·p/k
// over the sorted p-values, k being the place. It holds under positive dependence, as sources of
// a host have it, where Fisher's sum of logarithms would not.
func simes(ps []float64) float64 {
	least := 1.0
	for k, p := range slices.Sorted(slices.Values(ps)) {
		least = min(least, p*float64(len(ps))/float64(k+1))
	}
	return least
}

// differs returns in what a host of the role differs from the others.
func (r *role) differs(h int) []HostDiffs {
	var out []HostDiffs
	for k, name := range r.names {
		var others []float64
		for i := range r.hosts {
			if i != h {
				others = append(others, r.value[i][k])
			}
		}
		out = append(out, HostDiffs{Name: name, Link: k >= len(r.names)-r.links, Level: r.level[name], Usual: median(others), Value: r.value[h][k], P: r.p[h][k]})
	}
	return out
}

// String lists the hosts that stand out, and in what.
func (c *HostComparison) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d hosts stand out from their role (at most %.0f %% of them by chance)\n", len(c.Hosts), c.Tested, 100*c.Level)
	for _, h := range c.Hosts {
		name := h.Name
		if h.Role != "" {
			name += fmt.Sprintf(" (%s)", h.Role)
		}
		fmt.Fprintf(&b, "%s, p = %.2g\n", dtracefs.Printable(name), h.P)
		for _, d := range h.Differs {
			fmt.Fprintf(&b, "  %s, p = %.2g\n", dtracefs.Printable(d.String()), d.P)
		}
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", dtracefs.Printable(n))
	}
	return b.String()
}

// mostScore bounds the deviations for which the picture has different colors: one host far out
// would leave no colors for the others.
const mostScore = 8

// Picture draws a grid of hosts × sources. It shows by how many deviations of the others of its
// role a host does more or less of each source. Hosts of a role, and sources, stand beside those
// that deviate in a similar way, and what stands out is marked.
func (c *HostComparison) Picture() (figure.Grid, error) {
	g := figure.Grid{ValueName: "deviations", Range: mostScore}
	at := map[string]int{}
	for _, r := range c.roles {
		for _, name := range r.names[:len(r.names)-r.links] {
			at[name] = 0
		}
	}
	g.Columns = slices.Sorted(maps.Keys(at))
	for j, name := range g.Columns {
		at[name] = j
	}
	marked := map[string]bool{}
	for _, h := range c.Hosts {
		for _, d := range h.Differs {
			marked[h.Name+"\x00"+d.Name] = true
		}
	}
	for _, r := range c.roles {
		rows := make([][]float64, len(r.hosts))
		for h := range rows {
			row := make([]float64, len(g.Columns))
			for j := range row {
				row[j] = math.NaN()
			}
			for k, name := range r.names[:len(r.names)-r.links] {
				row[at[name]] = max(-mostScore, min(mostScore, r.score[h][k]))
			}
			rows[h] = row
		}
		order, err := byLikeness(rows)
		if err != nil {
			return g, fmt.Errorf("picture of hosts: %w", err)
		}
		for _, h := range order {
			name := r.hosts[h].Name
			marks := make([]bool, len(g.Columns))
			for j, source := range g.Columns {
				marks[j] = marked[name+"\x00"+source]
			}
			g.Rows, g.Groups = append(g.Rows, name), append(g.Groups, r.name)
			g.Values, g.Marks = append(g.Values, rows[h]), append(g.Marks, marks)
		}
	}
	columns := make([][]float64, len(g.Columns))
	for j := range columns {
		for _, row := range g.Values {
			columns[j] = append(columns[j], row[j])
		}
	}
	order, err := byLikeness(columns)
	if err != nil {
		return g, fmt.Errorf("picture of hosts: %w", err)
	}
	g.Columns = inOrder(g.Columns, order)
	for i := range g.Values {
		g.Values[i], g.Marks[i] = inOrder(g.Values[i], order), inOrder(g.Marks[i], order)
	}
	return g, nil
}

func inOrder[T any](x []T, order []int) []T {
	out := make([]T, len(x))
	for k, i := range order {
		out[k] = x[i]
	}
	return out
}

// byLikeness orders rows so that similar ones are neighbors: in the order of the leaves of the tree
// of average linkage. Missing values count as 0, which of scores is no deviation.
func byLikeness(rows [][]float64) ([]int, error) {
	if len(rows) < 2 {
		return []int{0}[:len(rows)], nil
	}
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		for j, v := range row {
			if !math.IsNaN(v) {
				x.Set(i, j, v)
			}
		}
	}
	tree, err := cluster.Agglomerate(context.Background(), cluster.Distances(x), cluster.Average)
	if err != nil {
		return nil, err
	}
	return tree.Leaves(), nil
}
