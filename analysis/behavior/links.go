package behavior

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis"
	"dtnotes/analysis/covariance"
)

// Links say how the processes of a behavior depend on each other, by a sparse Gaussian model of the
// logarithms of their counts. A gauge stands for itself, under the name of its source.
type Links struct {
	Names      []string    `json:"names"`           // of the p processes
	Zones      []string    `json:"zones,omitempty"` // zone or container of each, where known
	Center     []float64   `json:"center"`          // of log(1+count), or of a gauge on its scale
	Scale      []float64   `json:"scale"`
	Covariance [][]float64 `json:"covariance"` // p×p, of the standardized values, shrunk a little
	// Effective is the number of independent buckets that those learned from are worth.
	Effective float64      `json:"effective"`
	Labels    []int        `json:"labels"`    // cluster of each process
	Positions [][2]float64 `json:"positions"` // for drawing
	Activity  []float64    `json:"activity"`  // events per second
	Edges     []Edge       `json:"edges"`     // stable links, strongest first

	// Ridge is how far covariances are shrunk toward independence to measure distances and to
	// predict sources; it is less than for links if many buckets are known.
	Ridge    float64       `json:"ridge"`
	Expected []Expectation `json:"expected"` // sources foretold by what the others do

	// Spread is the covariance that distances are measured by: of values however
	// far out, as those that are measured are, shrunk by Ridge.
	Spread [][]float64 `json:"spread"`

	Accepted []Pattern `json:"accepted,omitempty"` // other ways of running that are normal

	sources map[string]*Source // of the behavior, for the scales of gauges
}

// An Edge is a link between two processes, each given as an index into the names.
type Edge struct {
	From   int     `json:"from"`
	To     int     `json:"to"`
	Weight float64 `json:"weight"` // partial correlation
	Leads  bool    `json:"leads"`  // From runs ahead of To; this is no cause
	// Lagged is set where the link shows only from one bucket to the next. The weight is then that
	// of To with From's bucket before, given To's own bucket before.
	Lagged bool `json:"lagged"`
}

// mostLinked bounds the processes in a model of links: covariances need buckets in proportion to
// their number, inverting them takes the cube of it, and no picture shows more.
const mostLinked = 60

// activity returns what each process does in each of the buckets: its system calls where those
// are counted, else all its events. Gauges are not added up: each is a node of its own, under the
// name of its source.
func (r *record) activity() (names []string, columns [][]float64) {
	calls := slices.ContainsFunc(r.names, func(n string) bool { return kindOf(n, r.byKind) == "syscall" })
	at := map[string]int{}
	for j, name := range r.names {
		if r.guess(name) {
			continue // it reacts to whatever it watches
		}
		node := processOf(name, r.byKind)
		if r.protos != nil && r.protos[j].Value.level() {
			node = name
		} else if calls && kindOf(name, r.byKind) != "syscall" {
			continue
		}
		k, ok := at[node]
		if !ok {
			k = len(names)
			at[node] = k
			names = append(names, node)
			columns = append(columns, make([]float64, r.buckets()))
		}
		for i, v := range r.columns[j] {
			columns[k][i] += v
		}
	}
	return names, columns
}

// learnLinks models how processes vary together. There are no links if less
// than two do.
func (r *record) learnLinks(ctx context.Context, b *Behavior, opts Options) error {
	names, columns := r.activity()
	s, err := r.busiest(b, names, columns)
	if err != nil || s == nil {
		return err
	}
	m, err := analysis.Learn(ctx, s, analysis.Options{Transform: analysis.TransformNone, Seed: opts.Seed, Progress: opts.Progress})
	if err != nil {
		return err
	}
	if len(m.Names) < 2 {
		return nil
	}
	z, err := s.Select(m.Names...)
	if err != nil {
		return err
	}
	r.nodes = z
	l := newLinks(z, r.all())
	l.sources = b.Sources
	l.Labels = m.Labels
	for i, name := range l.Names {
		l.Positions = append(l.Positions, [2]float64{m.Embedding.At(i, 0), m.Embedding.At(i, 1)})
		sum := newMoments()
		for _, v := range columns[slices.Index(names, name)] {
			if !math.IsNaN(v) {
				sum.add(v)
			}
		}
		l.Activity = append(l.Activity, math.Abs(sum.mean)/r.every.Seconds())
	}
	for _, e := range m.Edges {
		l.Edges = append(l.Edges, l.directed(z, e))
	}
	l.addLagged(z)
	if len(r.zones) > 0 {
		for _, name := range l.Names {
			l.Zones = append(l.Zones, r.zones[name])
		}
	}
	b.Links = l
	l.Expected, err = r.expectations(b, l, r.all())
	return err
}

// teach returns what the buckets outside a fold teach.
//
// What does not depend on single buckets is taken over from the whole: scales, seasons, and which
// processes are modeled. To find them again for each fold would take as many times as long as there
// are folds.
func (r *record) teach(whole *Behavior, fold [2]int) (*Behavior, error) {
	rest := r.except(fold)
	b := r.behavior(rest)
	b.Ignored, b.Observers, b.Excluded = whole.Ignored, whole.Observers, whole.Excluded
	b.IncludeKernel, b.IncludeObserver = whole.IncludeKernel, whole.IncludeObserver
	if whole.Links == nil {
		return b, nil
	}
	b.Links = newLinks(r.nodes, rest)
	b.Links.sources = b.Sources
	var err error
	b.Links.Expected, err = r.expectations(b, b.Links, rest)
	return b, err
}

// busiest returns the processes that can be modeled, on the scale they are
// modeled on: no negative counts, varying in several buckets, the most varying
// if there are many. It returns nil when less than two are left.
func (r *record) busiest(b *Behavior, names []string, columns [][]float64) (*analysis.Series, error) {
	type candidate struct{ at, active int }
	var keep []candidate
	for k, col := range columns {
		active := 0
		for _, v := range col {
			if src := b.Sources[names[k]]; v < 0 && (src == nil || !src.Value.level()) {
				// A negative value has no logarithm, and is no count.
				active = -1
				break
			}
			if v != col[0] && !math.IsNaN(v) {
				active++
			}
		}
		// A process that differed from its first bucket only once or twice would be linked with
		// whatever else happened then.
		if active >= 3 {
			keep = append(keep, candidate{k, active})
		}
	}
	slices.SortStableFunc(keep, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.active, a.active), cmp.Compare(names[a.at], names[b.at]))
	})
	keep = keep[:min(len(keep), mostLinked)]
	slices.SortFunc(keep, func(a, b candidate) int { return cmp.Compare(names[a.at], names[b.at]) })
	if len(keep) < 2 {
		return nil, nil
	}
	kept := make([]string, len(keep))
	x := mat.NewDense(r.buckets(), len(keep), nil)
	for k, c := range keep {
		kept[k] = names[c.at]
		m := newMoments()
		for i, v := range columns[c.at] {
			y := plain(b.Sources, names[c.at], v)
			x.Set(i, k, y)
			if !math.IsNaN(y) {
				m.add(y)
			}
		}
		for i := range columns[c.at] {
			if math.IsNaN(x.At(i, k)) {
				x.Set(i, k, m.mean) // missing: as usual
			}
		}
	}
	s, err := analysis.NewSeries(kept, 0, r.every, x)
	if err != nil {
		return nil, err
	}
	s.Units = r.units
	return s, nil
}

// plain brings the activity of a process to the scale of links: log(1+count), or that of its gauge.
// NaN stays NaN for a gauge; for counts it means no activity.
func plain(sources map[string]*Source, name string, v float64) float64 {
	if s := sources[name]; s != nil && s.Value.level() {
		return s.shaped(v, 1)
	}
	return math.Log1p(max(0, v))
}

// newLinks standardizes the given buckets of a series, which is on the scale of links, and takes
// two covariances of them: one of bounded values, shrunk by ridge, for partial correlations; and
// one of values however far out, shrunk by less where many buckets are known, for distances.
func newLinks(s *analysis.Series, rows []int) *Links {
	l := &Links{Names: slices.Clone(s.Names), Edges: []Edge{}}
	n := float64(len(rows))
	correlation := 0.0
	for j := range s.Names {
		mean, dev, lag := 0.0, 0.0, 0.0
		for _, row := range rows {
			mean += s.Values.At(row, j) / n
		}
		for i, row := range rows {
			d := s.Values.At(row, j) - mean
			dev += float64(d*d) / n
			// Rows mostly follow each other in time. The one pair across the gap that a left-out
			// fold leaves makes no difference.
			if i > 0 {
				lag += float64(d*(s.Values.At(rows[i-1], j)-mean)) / n
			}
		}
		if dev > 0 {
			correlation += max(0, lag/dev) / float64(len(s.Names))
		} else {
			dev = 1
		}
		l.Center, l.Scale = append(l.Center, mean), append(l.Scale, math.Sqrt(dev))
	}
	// Buckets on end are alike: n of them tell as much as n(1-r)/(1+r)
	// independent ones, r their correlation.
	l.Effective = max(1, n*(1-correlation)/(1+correlation))
	// The more processes there are for each bucket, the less can a covariance be believed.
	l.Ridge = max(leastRidge, min(ridge, float64(len(l.Names))/n))
	z := l.standardizedRows(s, rows)
	var cov mat.SymDense
	cov.SymOuterK((1-ridge)/float64(len(rows)), z.T())
	for j := range l.Names {
		cov.SetSym(j, j, cov.At(j, j)+ridge)
	}
	l.Covariance = rowsOf(&cov)
	for k, i := range rows {
		for j := range l.Names {
			z.Set(k, j, (s.Values.At(i, j)-l.Center[j])/l.Scale[j])
		}
	}
	// Distances are measured for values however far out they are, so that the covariance by which
	// they are measured is of such values, too.
	cov.SymOuterK((1-l.Ridge)/n, z.T())
	for j := range l.Names {
		cov.SetSym(j, j, cov.At(j, j)+l.Ridge)
	}
	l.Spread = rowsOf(&cov)
	return l
}

// ridge is how far covariances are shrunk toward independence. Processes that follow a load nearly
// in step have partial correlations that would come out quite differently from one normal day to
// another; this steadies them.
const ridge = 0.1

// leastRidge keeps distances finite where sources are copies of each other.
const leastRidge = 1e-3

// sharp is an entry of the covariance shrunk by Ridge instead of ridge, computed back from the
// saved one.
func (l *Links) sharp(i, j int) float64 {
	c := l.Covariance[i][j]
	if i == j {
		return float64((1-l.Ridge)*(c-ridge)/(1-ridge)) + l.Ridge
	}
	return (1 - l.Ridge) * c / (1 - ridge)
}

// standardizedRows are the standardized values of these buckets.
func (l *Links) standardizedRows(s *analysis.Series, rows []int) *mat.Dense {
	z := mat.NewDense(len(rows), len(l.Names), nil)
	for k, i := range rows {
		for j := range l.Names {
			z.Set(k, j, l.bounded(j, s.Values.At(i, j)))
		}
	}
	return z
}

// own says which entries of the links belong to the process of a source: the process itself and its
// gauges, which say the same as the source in other words.
func (l *Links) own(source string, byKind bool) []bool {
	process := processOf(source, byKind)
	out := make([]bool, len(l.Names))
	for i, name := range l.Names {
		s := l.sources[name]
		gauge := s != nil && s.Value.level()
		out[i] = name == source || !gauge && name == process || gauge && byKind && processOf(name, true) == process
	}
	return out
}

// farthest bounds standardized values, so that one outlier does not pass for
// a link.
const farthest = 6.0

// standard returns the standardized activity of process j, 0 if it is missing.
func (l *Links) standard(j int, v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return (plain(l.sources, l.Names[j], v) - l.Center[j]) / l.Scale[j]
}

// bounded standardizes a value on the scale of links.
func (l *Links) bounded(j int, y float64) float64 { return bounded((y - l.Center[j]) / l.Scale[j]) }

func bounded(z float64) float64 { return max(-farthest, min(farthest, z)) }

// spread is the covariance that distances are measured by.
func (l *Links) spread() *mat.SymDense {
	p := len(l.Names)
	cov := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			cov.SetSym(i, j, l.Spread[i][j])
		}
	}
	return cov
}

func (l *Links) precision() (*mat.SymDense, error) { return covariance.Precision(l.spread()) }

// standardizedBucket are the standardized activities of all processes in a
// bucket, however far out.
func (l *Links) standardizedBucket(b *Behavior, values map[string]float64) []float64 {
	sums := make(map[string]float64, len(l.Names))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if s := l.sources[name]; s != nil && s.Value.level() {
			sums[name] = values[name]
		} else if !b.callsOnly() || kindOf(name, b.ByKind) == "syscall" {
			sums[processOf(name, b.ByKind)] += values[name]
		}
	}
	z := make([]float64, len(l.Names))
	for j, name := range l.Names {
		v, known := sums[name]
		if s := l.sources[name]; !known && s != nil && s.Value.level() {
			continue // missing
		}
		z[j] = l.standard(j, v)
	}
	return z
}

// A gap is how far a bucket lies from normal running, or from the accepted
// pattern that it is nearest to.
type gap struct {
	distance  float64            // Mahalanobis'
	outside   float64            // from what processes do in common
	residuals map[string]float64 // what sources are off by
}

// nearest measures how far a bucket lies from normal running, or from the accepted pattern that
// it is nearest to. z is its standardized activity, residuals what its sources are off by.
func (l *Links) nearest(c *compiled, z []float64, residuals map[string]float64) gap {
	best := gap{distance(c.precision, z), outside(c.rest, z), residuals}
	if len(l.Accepted) == 0 {
		return best
	}
	// Which pattern is the nearest is decided by all that is known: a bucket may be no farther
	// from one in activity and still be off in what its sources do.
	cost := func(g gap) float64 {
		sum := g.distance * g.distance
		for k := range l.Expected {
			e := &l.Expected[k]
			r := g.residuals[e.Source] / e.Error
			// A source that is far off in every pattern says nothing about which pattern the bucket
			// belongs to.
			sum += min(float64(r*r), farthest*farthest)
		}
		return sum
	}
	least := cost(best)
	for _, p := range l.Accepted {
		apart, rest := make([]float64, len(z)), make(map[string]float64, len(residuals))
		for j := range z {
			apart[j] = z[j] - p.Activity[j]
		}
		for k := range l.Expected {
			e := &l.Expected[k]
			r, ok := residuals[e.Source]
			off := p.Residuals[e.Source]
			switch {
			case !ok:
			case math.Abs(off) > 2*e.Error && off*r > 0:
				rest[e.Source] = 0 // it does not follow the others in this pattern
			default:
				rest[e.Source] = (r - p.Residuals[e.Source]) * min(1, e.Error/max(1e-9, p.Spread[e.Source]))
			}
		}
		// The root of p is what a normal bucket of p independent processes is distant on average.
		// If a pattern's own buckets lie farther from its middle than that, distances from it are
		// measured in a unit that is larger by as much.
		wide := min(1, math.Sqrt(float64(len(z)))/max(1e-9, p.Distance))
		g := gap{wide * distance(c.precision, apart), wide * outside(c.rest, apart), rest}
		if d := cost(g); d < least {
			least, best = d, g
		}
	}
	return best
}

// impute gives processes that are not judged the activity that all others let us expect, so that
// they add nothing to the distance: the conditional mean of a Gaussian, -Σ P(j,k)·z(k) / P(j,j)
// over k≠j, by twenty Gauss-Seidel sweeps, since each of several depends on the rest of them. They
// converge as the precision is positive definite.
func impute(precision *mat.SymDense, z []float64, unknown []int) {
	for _, j := range unknown {
		z[j] = 0
	}
	for range 20 * min(1, len(unknown)) {
		for _, j := range unknown {
			sum := 0.0
			for k := range z {
				if k != j {
					sum += float64(precision.At(j, k) * z[k])
				}
			}
			z[j] = -sum / precision.At(j, j)
		}
	}
}

// distance is the Mahalanobis distance of a bucket.
func distance(precision *mat.SymDense, z []float64) float64 {
	v := mat.NewVecDense(len(z), z)
	return math.Sqrt(max(0, mat.Inner(v, precision, v)))
}

// common is the part of the variance that processes are said to have in common.
// The statistic of what lies outside it goes back to J. Jackson and G. Mudholkar
// (1979), who show it beside Mahalanobis' distance; the part is the usual one.
const common = 0.95

// rest spans what lies outside of what processes do in common: a row for each of
// the last principal components.
func (l *Links) rest() (*mat.Dense, error) {
	cov := l.spread()
	p := cov.SymmetricDim()
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return nil, errors.New("links: the covariance has no principal components")
	}
	values := eigen.Values(nil) // ascending
	k, sum, all := 0, 0.0, mat.Trace(cov)
	for k < p && sum+values[k] <= (1-common)*all {
		sum += values[k]
		k++
	}
	if k == 0 {
		return nil, nil // nothing lies outside
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return mat.DenseCopyOf(vectors.Slice(0, p, 0, k).T()), nil
}

// outside is how far a bucket lies from what processes do in common.
func outside(rest *mat.Dense, z []float64) float64 {
	if rest == nil {
		return 0
	}
	var v mat.VecDense
	v.MulVec(rest, mat.NewVecDense(len(z), z))
	return mat.Norm(&v, 2)
}

// leadLevel is the p-value below which a process is said to run ahead. It is far below the level
// of links: of sixty processes there are thousands of ordered pairs, and an arrow is easily taken
// for a cause.
const leadLevel = 0.001

// directed turns the edge so that it starts at the process that runs ahead of the other, if one
// does: the bucket before of the first says something about the other that its own bucket before
// does not (C. Granger, 1969), and not the other way round.
func (l *Links) directed(s *analysis.Series, e analysis.Edge) Edge {
	out := Edge{From: e.From, To: e.To, Weight: e.Weight}
	_, forth := l.leads(s, e.From, e.To)
	_, back := l.leads(s, e.To, e.From)
	switch {
	// If it holds both ways, there is no direction: processes that follow a common load, each with
	// some delay, predict each other.
	case forth < leadLevel && back > 0.05:
		out.Leads = true
	case back < leadLevel && forth > 0.05:
		out.From, out.To, out.Leads = e.To, e.From, true
	}
	return out
}

// addLagged adds the links that only show from one bucket to the next, at the
// same level over all pairs together.
func (l *Links) addLagged(s *analysis.Series) {
	p := len(l.Names)
	linked := map[[2]int]bool{}
	for _, e := range l.Edges {
		linked[[2]int{min(e.From, e.To), max(e.From, e.To)}] = true
	}
	level := leadLevel / float64(p*(p-1))
	for i := range p {
		for j := i + 1; j < p; j++ {
			if linked[[2]int{i, j}] {
				continue
			}
			rij, forth := l.leads(s, i, j)
			rji, back := l.leads(s, j, i)
			switch {
			case forth < level && back > 0.05:
				l.Edges = append(l.Edges, Edge{From: i, To: j, Weight: rij, Leads: true, Lagged: true})
			case back < level && forth > 0.05:
				l.Edges = append(l.Edges, Edge{From: j, To: i, Weight: rji, Leads: true, Lagged: true})
			}
		}
	}
	l.sortEdges()
}

func (l *Links) sortEdges() {
	slices.SortFunc(l.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
}

// leads returns the partial correlation of b's bucket with a's bucket before, given b's own
// before, and the p-value of there being none: 0 and 1 where there are too few buckets to tell,
// or where one determines another.
func (l *Links) leads(s *analysis.Series, a, b int) (r, p float64) {
	n := len(s.Times) - 1
	if n < FewestBuckets {
		return 0, 1
	}
	var x, y, z []float64 // a before, b before, b now
	for i := range n {
		x = append(x, l.bounded(a, s.Values.At(i, a)))
		y = append(y, l.bounded(b, s.Values.At(i, b)))
		z = append(z, l.bounded(b, s.Values.At(i+1, b)))
	}
	rxz, rxy, ryz := correlate(x, z), correlate(x, y), correlate(y, z)
	rest := (1 - float64(rxy*rxy)) * (1 - float64(ryz*ryz))
	if rest < 1e-12 {
		return 0, 1
	}
	r = max(-1+1e-12, min(1-1e-12, (rxz-float64(rxy*ryz))/math.Sqrt(rest)))
	// Three values are correlated, and one of them is held fixed.
	free := float64(n - 3)
	t := math.Abs(r) * math.Sqrt(free/(1-float64(r*r)))
	return r, 2 * distuv.StudentsT{Sigma: 1, Nu: free}.Survival(t)
}

func correlate(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my, sxx, syy, sxy float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	for i := range x {
		sxx += float64((x[i] - mx) * (x[i] - mx))
		syy += float64((y[i] - my) * (y[i] - my))
		sxy += float64((x[i] - mx) * (y[i] - my))
	}
	if sxx == 0 || syy == 0 {
		return 0
	}
	return sxy / math.Sqrt(sxx*syy)
}

func rowsOf(m mat.Matrix) [][]float64 {
	n, p := m.Dims()
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, p)
		for j := range out[i] {
			out[i][j] = m.At(i, j)
		}
	}
	return out
}

// check refuses what could not be scored with: lists of other lengths than that of the processes,
// indices out of range, and covariances without an inverse.
func (l *Links) check() error {
	p := len(l.Names)
	if p < 2 || len(l.Center) != p || len(l.Scale) != p || len(l.Covariance) != p || len(l.Spread) != p || len(l.Labels) != p || len(l.Positions) != p || len(l.Activity) != p || l.Zones != nil && len(l.Zones) != p {
		return fmt.Errorf("links of %d processes: lists differ in length", p)
	}
	for _, row := range slices.Concat(l.Covariance, l.Spread) {
		if len(row) != p {
			return fmt.Errorf("links of %d processes: a row of the covariance has %d entries", p, len(row))
		}
	}
	for _, e := range l.Edges {
		if e.From < 0 || e.From >= p || e.To < 0 || e.To >= p {
			return fmt.Errorf("link between processes %d and %d of %d", e.From, e.To, p)
		}
	}
	for _, s := range l.Scale {
		if !(s > 0) {
			return fmt.Errorf("links: scale %v", s)
		}
	}
	if !(l.Ridge > 0 && l.Ridge <= ridge) {
		return fmt.Errorf("links: ridge %v", l.Ridge)
	}
	for _, a := range l.Accepted {
		if len(a.Activity) != p {
			return fmt.Errorf("an accepted pattern of %d processes", len(a.Activity))
		}
	}
	for _, e := range l.Expected {
		if l.sources[e.Source] == nil || len(e.Weights) != p || !(e.Scale > 0 && e.Error > 0) || !e.Fast.valid() || !e.Slow.valid() {
			return fmt.Errorf("expectation of source %q is damaged", e.Source)
		}
	}
	if _, err := l.precision(); err != nil {
		return err
	}
	_, err := l.rest()
	return err
}
