package behavior

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-gota/gota/dataframe"

	"dtnotes/analysis"
	"dtnotes/dtracefs"
)

// FewestBuckets is the least number of buckets that can be learned from: with fewer, a tail that
// holds a tenth of them is a single value.
const FewestBuckets = 20

// Sources counts the rows of a capture's activity into buckets of that width, with a source for
// each kind of event of each process. This is the series that shows misbehavior best. Learn from it
// with [Options.ByKind].
func Sources(frame dataframe.DataFrame, every time.Duration) (*analysis.Series, error) {
	by := []string{"kind", "execname"}
	for _, zone := range []dtracefs.Dimension{dtracefs.ZoneName, dtracefs.Container, dtracefs.Cgroup} {
		if slices.Contains(frame.Names(), string(zone)) {
			by = []string{"kind", string(zone), "execname"}
		}
	}
	return analysis.FromFrame(frame, analysis.SeriesOptions{Every: every, By: by, Kinds: []string{"*"}, IncludeObserver: true})
}

// Learn learns what is normal from one or several captures of normal running,
// and stops when ctx is done.
//
// All series must have buckets of the same width; a source missing from one of them was silent
// there. Scores are calibrated on buckets held out: each series in turn is scored by what the
// others teach. If there are more than twenty series, a twentieth of them is held out at a time,
// and a single series is held out in five stretches. Fewer than [FewestBuckets] buckets in all, NaN
// and infinite values are errors.
func Learn(ctx context.Context, series []*analysis.Series, opts Options) (*Behavior, error) {
	legibly := make([]*analysis.Series, len(series))
	for i, s := range series {
		legibly[i] = legibleSeries(s)
	}
	b, err := learn(ctx, legibly, opts)
	if err != nil {
		return nil, fmt.Errorf("learning behavior: %w", err)
	}
	// All series have the same measure, or were brought to one width and kind of source by whoever
	// made them.
	b.Measure = series[0].Measure
	return b, nil
}

func learn(ctx context.Context, series []*analysis.Series, opts Options) (*Behavior, error) {
	rec, err := newRecord(series, opts)
	if err != nil {
		return nil, err
	}
	b := rec.behavior(rec.all())
	b.Tags, b.Ignored, b.Notes = slices.Clone(opts.Tags), rec.ignored, rec.notes
	b.Observers = slices.Sorted(maps.Keys(rec.guessed))
	b.Excluded = slices.Clone(opts.Exclude)
	b.IncludeKernel, b.IncludeObserver, b.Missing = opts.IncludeKernel, opts.IncludeObserver, opts.Missing
	b.Until = slices.Max(rec.times) + rec.every.Seconds()
	// Links must be learned first: calibration scores buckets by links, too.
	if err := rec.learnLinks(ctx, b, opts); err != nil {
		return nil, err
	}
	if err := rec.calibrate(ctx, b, opts); err != nil {
		return nil, err
	}
	return b, nil
}

// A record is the data learned from: all series one after the other, with the sources of all of
// them.
type record struct {
	every   time.Duration
	units   string
	byKind  bool
	names   []string
	protos  []*Source        // of each source: what its values are and their scale
	columns [][]float64      // of each source, over all buckets, as they are judged; NaN if missing
	times   []float64        // of the buckets
	starts  []int            // first bucket of each series, and the end
	nodes   *analysis.Series // what links are learned from, on their scale
	ignored []string
	guessed map[string]bool // observers, by their names
	notes   []string
	zones   map[string]string // of each process, where zones are known

	walks, wandering []string // levels that wander, taken for walks or told to be gauges
}

func newRecord(series []*analysis.Series, opts Options) (*record, error) {
	if len(series) == 0 {
		return nil, errors.New("no series")
	}
	r := &record{byKind: opts.ByKind, starts: []int{0}, zones: map[string]string{}, guessed: map[string]bool{}}
	ignored := map[string]bool{}
	for i, s := range series {
		if err := check(s, opts.Missing); err != nil {
			return nil, fmt.Errorf("series %d of %d: %w", i+1, len(series), err)
		}
		if i == 0 {
			r.every, r.units = s.Every, s.Units
		}
		if s.Every != r.every {
			return nil, fmt.Errorf("series %d of %d has buckets of %v, the first one of %v: bring them to one width", i+1, len(series), s.Every, r.every)
		}
		n, _ := s.Dims()
		r.starts = append(r.starts, r.starts[i]+n)
		r.times = append(r.times, s.Times...)
		kernel, observers := leftOut(s, opts)
		for _, p := range kernel {
			ignored[p] = true
		}
		for _, p := range observers {
			r.guessed[p] = true
		}
		for _, note := range s.Notes {
			if !slices.Contains(r.notes, note) {
				r.notes = append(r.notes, note)
			}
		}
	}
	if n := r.buckets(); n < FewestBuckets {
		return nil, fmt.Errorf("%d buckets of %v: want at least %d to know what is normal", n, r.every, FewestBuckets)
	}
	kernel, observers := slices.Sorted(maps.Keys(ignored)), slices.Sorted(maps.Keys(r.guessed))
	r.ignored = slices.Concat(kernel, observers)
	slices.Sort(r.ignored)
	done := newActivity(identityOf(series[0].Measure, opts.ByKind))
	for _, s := range series {
		done.addSeries(s, r.ignored)
	}
	r.notes = slices.Concat(r.notes, leftOutNotes(kernel, observers), done.notes())
	r.fill(series, ignored)
	if !slices.ContainsFunc(r.names, func(n string) bool { return !r.guess(n) }) {
		return nil, errors.New("no source but the kernel and the observer")
	}
	if err := r.prepare(series, opts); err != nil {
		return nil, err
	}
	return r, nil
}

// check refuses what cannot be judged: buckets without a width, a number of values other than one
// for each time and name, NaN unless it was said what becomes of them, and infinite values, which
// no scale can bring back.
func check(s *analysis.Series, missing Missing) error {
	if s == nil {
		return errors.New("no series")
	}
	n, p := s.Dims()
	if rows, cols := s.Values.Dims(); n*p > 0 && (rows != n || cols != p) {
		return fmt.Errorf("values are %d×%d for %d times and %d names", rows, cols, n, p)
	}
	if s.Every <= 0 {
		return fmt.Errorf("buckets of %v: want a positive width", s.Every)
	}
	if n*p == 0 {
		return nil
	}
	for i := range n {
		for j, v := range s.Values.RawRowView(i) {
			if math.IsNaN(v) && missing == Refuse || math.IsInf(v, 0) {
				return fmt.Errorf("source %q, bucket %d is %v: fill or drop missing values first, or say what becomes of them", s.Names[j], i, v)
			}
		}
	}
	return nil
}

// processOf takes the kind off a source's name, where names begin with one: up to the first
// blank.
func processOf(name string, byKind bool) string {
	if _, process, ok := strings.Cut(name, " "); ok && byKind {
		return process
	}
	return name
}

func kindOf(name string, byKind bool) string {
	if kind, _, ok := strings.Cut(name, " "); ok && byKind {
		return kind
	}
	return ""
}

func listing(names []string, most int) string {
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// guess reports whether a source belongs to an observer, by its name alone.
func (r *record) guess(source string) bool { return r.guessed[processOf(source, r.byKind)] }

// fill gathers the columns of the sources, NaN where a series does not know
// one.
func (r *record) fill(series []*analysis.Series, ignored map[string]bool) {
	index := map[string]int{}
	for i, s := range series {
		for j, name := range s.Names {
			if ignored[processOf(name, r.byKind)] {
				continue
			}
			if s.Zones != nil {
				r.zones[processOf(name, r.byKind)] = s.Zones[j]
			}
			k, ok := index[name]
			if !ok {
				k = len(r.names)
				index[name] = k
				r.names = append(r.names, name)
				column := make([]float64, r.buckets())
				for t := range column {
					column[t] = math.NaN()
				}
				r.columns = append(r.columns, column)
			}
			for t := range s.Times {
				r.columns[k][r.starts[i]+t] = s.Values.At(t, j)
			}
		}
	}
}

// prepare finds out what the values of each source are, and brings them to what is judged. It is
// an error if no source varies, since all that could be said of the next bucket then is whether
// it is the same.
func (r *record) prepare(series []*analysis.Series, opts Options) error {
	varies := 0
	from, to := r.longest()
	for j, name := range r.names {
		src, told, err := r.proto(name, r.columns[j], series, opts)
		if err != nil {
			return err
		}
		r.protos = append(r.protos, src)
		printed := r.columns[j]
		r.columns[j] = r.judged(name, src, printed, series, opts)
		// Only the longest series is tested: the test needs values that follow each other. What is
		// known from before is not tested again, since steps learned now could not be merged with
		// levels learned then.
		if src.Value == Gauge && opts.source(name) == nil && wanders(r.columns[j][from:to], src.Season != nil && src.Season.Slope != 0) {
			if told {
				r.wandering = append(r.wandering, name)
			} else {
				*src = Source{Value: Walk}
				r.columns[j] = r.judged(name, src, printed, series, opts)
				r.walks = append(r.walks, name)
			}
		}
		for _, v := range printed {
			if v != printed[0] && !(math.IsNaN(v) && math.IsNaN(printed[0])) {
				varies++
				break
			}
		}
	}
	if varies == 0 {
		return fmt.Errorf("all %d sources are constant in %d buckets: nothing to learn", len(r.names), r.buckets())
	}
	r.noteValues(opts)
	return nil
}

// judged brings values as they were printed to what is judged, and finds the scale and the season
// of the source.
func (r *record) judged(name string, src *Source, printed []float64, series []*analysis.Series, opts Options) []float64 {
	col := slices.Clone(printed)
	for i := 1; i < len(r.starts); i++ {
		// A source of counts that a capture does not hold was silent there. Nothing is known of a
		// level that it does not hold, which stays NaN.
		if !src.Value.level() && !slices.Contains(series[i-1].Names, name) {
			clear(col[r.starts[i-1]:r.starts[i]])
			continue
		}
		p := newPreparer(src, opts.Missing, r.every)
		for t := r.starts[i-1]; t < r.starts[i]; t++ {
			col[t] = p.count(col[t], r.times[t])
		}
	}
	src.fitShape(src.telling(col))
	shaped := make([]float64, len(col))
	for t, v := range col {
		shaped[t] = src.shaped(v, 1)
	}
	known := opts.source(name)
	if known != nil {
		src.Season = known.Season
	} else if slices.IsSorted(r.times) {
		// No season is looked for in series that are not in the order of time.
		if src.Season = fitSeason(r.times, shaped, r.every); src.Season != nil {
			src.Season.Scaling = src.Scaling
		}
	}
	if src.Season != nil {
		// Without the season, values are judged on a scale of their own.
		for t := range col {
			col[t] = src.without(col[t], r.times[t])
		}
		src.fitShape(src.telling(col))
	}
	if known != nil && known.Season != nil {
		mean, _ := known.moments(opts.known.Buckets)
		src.Season = known.Season.follow(r.times, col, known.unshaped(mean), r.every.Seconds()/opts.halfLife.Seconds())
	}
	return col
}

// sortedKnown lists the values that are not missing, in ascending order.
func sortedKnown(values []float64) []float64 {
	out := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(out)
	return out
}

// source is what is known of a source by the behavior that is learned on from, nil if there is
// none.
func (o Options) source(name string) *Source {
	if o.known == nil {
		return nil
	}
	return o.known.Sources[name]
}

// proto says what the values of a source are: what the options say, or else what they look like,
// where a series is not of counts of a tracer and does not say itself.
func (r *record) proto(name string, column []float64, series []*analysis.Series, opts Options) (src *Source, told bool, err error) {
	value, told := opts.Values[name]
	if !told {
		value, told = opts.Values[everySource]
	}
	counts, level := true, false
	for _, s := range series {
		counts = counts && (r.byKind && s.Counts || s.Measure != nil)
		level = level || s.Levels[name]
	}
	known := opts.source(name)
	switch {
	case known != nil:
		value = known.Value
	case told && !value.valid():
		return nil, told, fmt.Errorf("source %q: unknown kind of values %q: want %s, %s, %s or %s", name, value, Count, Gauge, Walk, Total)
	case told:
	case level:
		value = Gauge
	case counts:
		value = Count
	default:
		value = guess(column)
	}
	return &Source{Value: value, Scaling: Scaling{Shape: Logarithm, Scale: 1}}, told, nil
}

// noteValues notes what was taken for totals because it looks like totals, and which sources have a
// season or a trend.
func (r *record) noteValues(opts Options) {
	var totals, seasons, trends []string
	for j, name := range r.names {
		_, told := opts.Values[name]
		_, all := opts.Values[everySource]
		if r.protos[j].Value == Total && !told && !all {
			totals = append(totals, name)
		}
		if s := r.protos[j].Season; s != nil {
			if s.Period != 0 {
				seasons = append(seasons, fmt.Sprintf("%s (%v)", name, time.Duration(s.Period)*time.Second))
			}
			if s.Slope != 0 {
				trends = append(trends, name)
			}
		}
	}
	if len(totals) > 0 {
		r.notes = append(r.notes, "took for running totals, and judges what they grow by: "+listing(totals, 5))
	}
	if len(r.walks) > 0 {
		r.notes = append(r.notes, "wander without a level of their own, and are judged by their steps: "+listing(r.walks, 5))
	}
	if len(r.wandering) > 0 {
		r.notes = append(r.notes, "wander without a level of their own but are judged by it, as was said, so that where they were not before raises alerts: "+listing(r.wandering, 5))
	}
	if len(seasons) > 0 {
		r.notes = append(r.notes, "judged without what comes back with the clock: "+listing(seasons, 5))
	}
	if len(trends) > 0 {
		r.notes = append(r.notes, "judged without a steady growth or decline: "+listing(trends, 5))
	}
}

// longest returns where the series with the most buckets begins and ends, or the first such series
// if several are as long.
func (r *record) longest() (from, to int) {
	for i := 1; i < len(r.starts); i++ {
		if r.starts[i]-r.starts[i-1] > to-from {
			from, to = r.starts[i-1], r.starts[i]
		}
	}
	return from, to
}

func (r *record) buckets() int { return r.starts[len(r.starts)-1] }

func (r *record) all() []int {
	rows := make([]int, r.buckets())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// behavior describes the given buckets, without calibration or links. Sources
// silent in all of them are left out.
func (r *record) behavior(rows []int) *Behavior {
	b := &Behavior{
		Every: r.every, ByKind: r.byKind, Units: r.units, Buckets: len(rows),
		Sources: map[string]*Source{}, Presence: map[string]int{}, Kinds: map[string]float64{},
	}
	usual := map[string][]float64{}
	present := map[string][]bool{}
	col := make([]float64, len(rows))
	for j, name := range r.names {
		kind, process := kindOf(name, r.byKind), processOf(name, r.byKind)
		proto := r.protos[j]
		src := &Source{Value: proto.Value, Scaling: proto.Scaling, Season: proto.Season}
		for i, row := range rows {
			v := r.columns[j][row]
			col[i] = v
			if math.IsNaN(v) {
				src.Missing++
				continue
			}
			if v == 0 && !src.Value.level() {
				continue
			}
			if !r.guess(name) {
				if present[process] == nil {
					present[process] = make([]bool, len(rows))
				}
				present[process][i] = true
			}
			src.Active++
			m := src.shaped(v, 1)
			src.Sum, src.Squares = src.Sum+m, src.Squares+float64(m*m)
			src.Total += v
			if !src.Value.level() && !r.guess(name) {
				usual[kind] = append(usual[kind], math.Abs(v))
			}
		}
		if src.Active == 0 {
			continue
		}
		src.Blocks = blockMeans(col)
		sorted := sortedKnown(col)
		src.Upper, src.Lower = upperTail(sorted), lowerTail(sorted)
		for _, t := range []*Tail{&src.Upper, &src.Lower} {
			for at := sort.SearchFloat64s(sorted, t.At); at < len(sorted) && sorted[at] == t.At; at++ {
				t.Ties++
			}
		}
		b.Sources[name] = src
	}
	for kind, values := range usual {
		slices.Sort(values)
		// A tenth of all counts that are not zero are smaller than this: it is what a source of
		// that kind does when it does little.
		b.Kinds[kind] = values[len(values)/10]
	}
	for process, on := range present {
		for _, p := range on {
			if p {
				b.Presence[process]++
			}
		}
	}
	return b
}

// mostBlocks bounds the stretches of time that a source keeps means of. Sixty show the variance of
// a mean to within a fifth, and a behavior of a thousand sources still takes only a few megabytes.
const mostBlocks = 60

// blockMeans averages stretches of at least ten values: the means of that many are nearly
// independent, while single counts are not.
func blockMeans(values []float64) []float64 {
	size := max(10, (len(values)+mostBlocks-1)/mostBlocks)
	var out []float64
	for from := 0; from+size <= len(values); from += size {
		sum := newMoments()
		for _, v := range values[from : from+size] {
			if !math.IsNaN(v) {
				sum.add(v)
			}
		}
		if sum.n == 0 && len(out) > 0 {
			sum.mean = out[len(out)-1] // all missing: as before
		}
		out = append(out, sum.mean)
	}
	return out
}

// folds splits the buckets to hold out in turn: series by series, or a single one in five
// stretches. Stretches are held out and not single buckets: buckets that follow each other are
// alike, so that their neighbors would teach what they are.
func (r *record) folds() [][2]int {
	var out [][2]int
	for i := 1; i < len(r.starts); i++ {
		if r.starts[i] > r.starts[i-1] {
			out = append(out, [2]int{r.starts[i-1], r.starts[i]})
		}
	}
	if len(out) > 1 {
		return out
	}
	out = out[:0]
	const parts = 5
	for i := range parts {
		out = append(out, [2]int{i * r.buckets() / parts, (i + 1) * r.buckets() / parts})
	}
	return out
}

// bucket returns the values of a bucket; what is missing is left out.
func (r *record) bucket(i int) map[string]float64 {
	out := map[string]float64{}
	for j, name := range r.names {
		v := r.columns[j][i]
		if !math.IsNaN(v) && (v != 0 || r.protos[j].Value.level()) {
			out[name] = v
		}
	}
	return out
}

// except lists the buckets outside a fold.
func (r *record) except(fold [2]int) []int {
	var rest []int
	for i := range r.buckets() {
		if i < fold[0] || i >= fold[1] {
			rest = append(rest, i)
		}
	}
	return rest
}
