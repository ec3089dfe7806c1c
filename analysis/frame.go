package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-gota/gota/dataframe"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// SeriesOptions say how rows of a frame become a series. The zero value is
// the default.
type SeriesOptions struct {
	// Every is the width of a bucket; 0 means a second.
	Every time.Duration
	// By names the columns that make a source, joined by a blank. The default is the keys of a
	// capture, or for a frame "execname", with "zonename", "container" or "cgroup" before it if
	// there is one; "kind", "execname" has "bio_ops jbd2/vda-8" beside "syscall postgres".
	By []string
	// Table, Time, Value and As say for a capture which tables count, which column holds the time,
	// which one holds the value, and what the value is: see [dtracefs.MeasureOptions]. For a frame,
	// Time and Value name the columns that are called "time" and "value" by default.
	Table []string
	Time  string
	Value []string
	As    dtracefs.ValueKind
	// Kinds are the values of the column kind to take in. By default these are system calls if
	// sources are processes, and system calls, block I/O, context switches and accepted connections
	// if kind is part of the source; all kinds are taken if the frame has none of these. "*" takes
	// all.
	Kinds []string
	// Instants says that a row happened at its time. By default the rows of
	// one time were counted over the interval that ends at this time, as
	// tracers print them.
	Instants bool
	// IncludeObserver keeps the tracer's own processes, left out by default
	// because they react to whatever they watch.
	IncludeObserver bool
}

// Observers are the processes left out of a series by default: tracers, and the kernel of the
// notebook that runs them. They are recognized by name; a collector that a site wrote itself is not
// recognized.
var Observers = []string{"dtrace", "bpftrace", "stap", "stapio", "strace", "ltrace", "perf", "trace-cmd", "sysdig", "dtnotes"}

func (o SeriesOptions) kinds(byKind bool, has func(string) bool) func(string) bool {
	want := o.Kinds
	if len(want) == 0 {
		want = []string{"syscall"}
		if byKind {
			want = append(want, "bio_ops", "csw", "accept")
		}
		if !slices.ContainsFunc(want, has) {
			return func(string) bool { return true }
		}
	}
	return func(kind string) bool { return slices.Contains(want, kind) || slices.Contains(want, "*") }
}

// FromFrame counts the rows of a long frame into time buckets. The frame has a column time (seconds
// since the epoch), the columns that make a source, and a column value. Without a column value,
// each row counts as one instant. Silent buckets are zeros. Sources come with the largest total
// first.
//
// A tracer that misses a tick prints two or three intervals at once: such a
// block is spread evenly over the time since the block before, so that rates
// stay comparable and totals are kept. A gap of more than five intervals is
// taken for a pause and stays silent. A last bucket that the rows cover only
// in part is left out, and a note says so.
func FromFrame(frame dataframe.DataFrame, o SeriesOptions) (*Series, error) {
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Every < 0 {
		return nil, fmt.Errorf("series from frame: buckets of %v: want a positive width", o.Every)
	}
	rows, err := readRows(frame, o)
	if err != nil {
		return nil, fmt.Errorf("series from frame: %w", err)
	}
	s := &Series{Every: o.Every, Units: rows.units, Counts: rows.counts, Notes: rows.notes}
	g := newGrid(rows.time, o.Every.Seconds(), o.Instants || rows.instants)
	s.Times, s.Notes = g.times(), append(s.Notes, g.notes...)
	all := &Series{Names: rows.names, Origins: rows.origins, Zones: rows.zones, Times: s.Times, Values: rows.count(g)}
	ordered := all.Top(len(all.Names))
	s.Names, s.Origins, s.Zones, s.Values = ordered.Names, ordered.Origins, ordered.Zones, ordered.Values
	return s, nil
}

// rows are the columns of a long frame. Rows that were not asked for have source -1; their times
// still show when a block was printed.
type rows struct {
	time, value []float64
	source      []int
	names       []string
	origins     []source.Origin
	zones       []string
	instants    bool
	counts      bool
	units       string
	notes       []string
}

// zoneColumn is the column by which a system is divided into zones, control groups or containers,
// or "" if there is none.
func zoneColumn(columns []string) string {
	for _, d := range []dtracefs.Dimension{dtracefs.ZoneName, dtracefs.Container, dtracefs.Cgroup} {
		if slices.Contains(columns, string(d)) {
			return string(d)
		}
	}
	return ""
}

func readRows(frame dataframe.DataFrame, o SeriesOptions) (*rows, error) {
	if frame.Err != nil {
		return nil, frame.Err
	}
	by := o.By
	if len(by) == 0 {
		by = []string{"execname"}
		if zone := zoneColumn(frame.Names()); zone != "" {
			by = []string{zone, "execname"}
		}
	}
	columns := frame.Names()
	timeColumn, valueColumn := cmp.Or(o.Time, "time"), "value"
	if len(o.Value) > 1 {
		return nil, fmt.Errorf("%d columns of values: want one of a frame", len(o.Value))
	}
	if len(o.Value) == 1 {
		valueColumn = o.Value[0]
		by = append(slices.Clone(by), valueColumn) // to be there, too
	}
	for _, c := range append([]string{timeColumn}, by...) {
		if !slices.Contains(columns, c) {
			return nil, fmt.Errorf("no column %q among %s", c, strings.Join(columns, ", "))
		}
	}
	if frame.Nrow() == 0 {
		return nil, errors.New("no rows")
	}
	r := &rows{time: frame.Col(timeColumn).Float(), source: make([]int, frame.Nrow()), counts: true}
	if len(o.Value) == 1 {
		by = by[:len(by)-1]
	}
	if slices.Contains(columns, valueColumn) && o.As != dtracefs.AsEvents {
		r.value = frame.Col(valueColumn).Float()
	} else {
		r.instants = true
		r.value = make([]float64, frame.Nrow())
		for i := range r.value {
			r.value[i] = 1
		}
	}
	for i, t := range r.time {
		if v := r.value[i]; math.IsNaN(t) || math.IsInf(t, 0) || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("row %d has time %v and value %v: want finite numbers", i, t, v)
		}
		r.counts = r.counts && r.value[i] >= 0
	}
	return r, r.nameSources(frame, by, o)
}

func (r *rows) nameSources(frame dataframe.DataFrame, by []string, o SeriesOptions) error {
	parts := make([][]string, len(by))
	for i, c := range by {
		parts[i] = frame.Col(c).Records()
	}
	take := func(string) bool { return true }
	var kinds []string
	if slices.Contains(frame.Names(), "kind") {
		kinds = frame.Col("kind").Records()
		take = o.kinds(slices.Contains(by, "kind"), func(k string) bool { return slices.Contains(kinds, k) })
	}
	exec := slices.Index(by, "execname")
	origin := origins(frame, slices.Contains(by, "kind"))
	column := zoneColumn(by)
	zone := slices.Index(by, column)
	index := map[string]int{}
	taken, observed := map[string]bool{}, map[string]bool{}
	for i := range r.source {
		r.source[i] = -1
		if kinds != nil && !take(kinds[i]) {
			continue
		}
		if exec >= 0 && !o.IncludeObserver && slices.Contains(Observers, parts[exec][i]) {
			observed[parts[exec][i]] = true
			continue
		}
		if kinds != nil {
			taken[kinds[i]] = true
		}
		id := r.intern(index, parts, i)
		r.source[i] = id
		if id == len(r.origins) {
			r.origins = append(r.origins, origin(i))
			if zone >= 0 {
				z, o := zoneAndOrigin(dtracefs.Dimension(column), parts[zone][i], r.origins[id])
				r.origins[id], r.zones = o, append(r.zones, z)
			}
		}
	}
	if len(r.names) == 0 {
		return fmt.Errorf("none of the %d rows is of a kind asked for", len(r.source))
	}
	r.units = units(taken)
	for _, name := range Observers {
		if observed[name] {
			r.notes = append(r.notes, fmt.Sprintf("left out the observer %s", name))
		}
	}
	return nil
}

// origins returns a function that finds where the source of a row comes from. When kind is part of
// the source, block I/O and connections are sources beside processes. A thread of the kernel is
// recognized because it makes no system calls in a capture that counts them.
func origins(frame dataframe.DataFrame, byKind bool) func(row int) source.Origin {
	columns := frame.Names()
	if !slices.Contains(columns, "kind") || !slices.Contains(columns, "execname") {
		return func(int) source.Origin { return source.Process }
	}
	kinds, names := frame.Col("kind").Records(), frame.Col("execname").Records()
	calls := map[string]bool{}
	for i, kind := range kinds {
		if kind == "syscall" {
			calls[names[i]] = true
		}
	}
	return func(i int) source.Origin {
		kind := kinds[i]
		switch {
		case byKind && isStorage(kind):
			return source.Storage
		case byKind && (kind == "accept" || kind == "connect" || strings.HasPrefix(kind, "tcp_")):
			return source.Network
		case len(calls) > 0 && !calls[names[i]]:
			return source.Platform
		}
		return source.Process
	}
}

func (r *rows) intern(index map[string]int, parts [][]string, i int) int {
	name := parts[0][i]
	for _, p := range parts[1:] {
		name += " " + p[i]
	}
	id, ok := index[name]
	if !ok {
		id = len(r.names)
		index[name] = id
		r.names = append(r.names, name)
	}
	return id
}

// units names what the values count.
func units(kinds map[string]bool) string {
	if len(kinds) != 1 {
		return "events"
	}
	for kind := range kinds {
		switch {
		case kind == "syscall":
			return "system calls"
		case kind == "csw":
			return "context switches"
		case strings.HasSuffix(kind, "_bytes"):
			return "bytes"
		case strings.HasSuffix(kind, "_ops"):
			return "operations"
		default:
			return kind
		}
	}
	return ""
}

// count adds the rows up.
func (r *rows) count(g *grid) *mat.Dense {
	x := newDense(g.buckets, len(r.names))
	for i, src := range r.source {
		if src < 0 {
			continue
		}
		for _, share := range g.shares(r.time[i]) {
			x.Set(share.bucket, src, x.At(share.bucket, src)+float64(share.part*r.value[i]))
		}
	}
	return x
}

// grid maps the times of rows to buckets.
type grid struct {
	start, every float64
	buckets      int
	blocks       []block // by end, ascending
	instants     bool
	notes        []string
}

// block is the interval whose counts were printed at its end.
type block struct {
	end    float64
	shares []share
}

type share struct {
	bucket int
	part   float64
}

// slack is the part of a bucket by which a block's edge may miss the bucket's
// edge and still be taken to lie on it.
const slack = 0.05

func newGrid(times []float64, every float64, instants bool) *grid {
	ends := slices.Clone(times)
	sort.Float64s(ends)
	ends = slices.Compact(ends)
	g := &grid{every: every, instants: instants, start: ends[0]}
	last := ends[len(ends)-1]
	if instants {
		g.start = float64(math.Floor(ends[0]/every) * every)
		g.buckets = int((last-g.start)/every) + 1
		return g
	}
	interval := typicalInterval(ends, every)
	g.start -= interval
	whole := (last - g.start) / every
	g.buckets = max(1, int(whole+slack))
	if rest := (whole - float64(g.buckets)) * every; rest > slack*every {
		g.notes = append(g.notes, fmt.Sprintf("left out the last %.3g s, less than a bucket", rest))
	}
	late := 0
	for i, end := range ends {
		from := end - interval
		if i > 0 && end-ends[i-1] < 5.5*interval {
			from = ends[i-1]
		}
		if end-from > 1.5*interval {
			late++
		}
		g.blocks = append(g.blocks, block{end: end, shares: g.spread(from, end)})
	}
	if late > 0 {
		g.notes = append(g.notes, fmt.Sprintf("spread %d blocks that cover more than one interval of %.3g s", late, interval))
	}
	return g
}

// typicalInterval is the median time between blocks, or a bucket's width if there is only one
// block.
func typicalInterval(ends []float64, every float64) float64 {
	if len(ends) < 2 {
		return every
	}
	gaps := make([]float64, len(ends)-1)
	for i := range gaps {
		gaps[i] = ends[i+1] - ends[i]
	}
	sort.Float64s(gaps)
	return gaps[len(gaps)/2]
}

// spread divides an interval among the buckets it overlaps.
func (g *grid) spread(from, to float64) []share {
	a, b := g.snap(from), g.snap(to)
	if b <= a {
		a, b = (from-g.start)/g.every, (to-g.start)/g.every
	}
	var out []share
	for k := max(0, int(a)); k < g.buckets && float64(k) < b; k++ {
		if part := (min(b, float64(k+1)) - max(a, float64(k))) / (b - a); part > 0 {
			out = append(out, share{k, part})
		}
	}
	return out
}

func (g *grid) snap(t float64) float64 {
	at := (t - g.start) / g.every
	if r := math.Round(at); math.Abs(at-r) < slack {
		return r
	}
	return at
}

func (g *grid) shares(t float64) []share {
	if g.instants {
		return []share{{min(int((t-g.start)/g.every), g.buckets-1), 1}}
	}
	i := sort.Search(len(g.blocks), func(i int) bool { return g.blocks[i].end >= t })
	return g.blocks[i].shares
}

func (g *grid) times() []float64 {
	t := make([]float64, g.buckets)
	for i := range t {
		t[i] = g.start + float64(float64(i)*g.every)
	}
	return t
}
