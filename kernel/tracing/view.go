package tracing

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"dtnotes/analysis"
	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// These bound what a view remembers, however long it runs.
const (
	mostBuckets = 120    // of time, in timeline and heat map
	mostSources = 5_000  // the rest are summed up
	mostStacks  = 4_000  // those with the least counts go first
	shownTop    = 10     // rows of the table of who does most
	shownRows   = 15     // of events
	narrowest   = 400    // a stack with less than this part of counts has no room in a flame graph
	mostForgot  = 10_000 // sources past the bound after which counting begins anew
)

// A view is what is shown of a trace while it runs. It keeps what the picture needs and no more.
type view struct {
	tracer string
	begun  time.Time
	now    func() time.Time

	lines, events, drops int64
	rate                 float64 // events per second, lately
	since                time.Time
	before               int64
	faults               int
	waits                string // what the tracer said last, while nothing came
	ended                string // how it ended, "" while it runs
	note                 string // what else is to be told then

	stream   *dtracefs.Stream  // counts; nil once nothing can be counted
	measured *dtracefs.Measure // how; nil until it is known
	buckets  []dtracefs.Interval
	totals   map[string]float64
	others   float64 // of sources past the bound
	forgot   int     // how often since the stream began

	heat   []column
	heatOf string
	stacks map[string]*stack
	rare   float64 // counts of stacks past the bound
	flame  bool
	rows   *dtracefs.Table
}

// A column of a heat map holds the counts of one moment, in seconds since the epoch, by the range
// of values, whose lower end is included and whose upper end is not.
type column struct {
	at     float64
	counts map[[2]float64]float64
}

type stack struct {
	frames []string
	count  float64
}

func newView(tracer string, now func() time.Time) *view {
	v := &view{tracer: tracer, now: now, begun: now(), since: now(), totals: map[string]float64{}, stacks: map[string]*stack{}}
	v.stream = newStream()
	return v
}

func newStream() *dtracefs.Stream {
	return dtracefs.NewStream(dtracefs.CountOptions{MeasureOptions: dtracefs.MeasureOptions{Kinds: []string{"*"}}})
}

// add takes in what came.
func (v *view) add(b *dtracefs.Batch) {
	v.lines += int64(b.Lines)
	for _, d := range b.Drops {
		v.drops += d.Count
	}
	v.faults += len(b.Errors)
	for _, n := range b.Notices {
		// As long as nothing is printed, this shows that the tracer has begun.
		if n.Kind == "attached" || n.Kind == "matched" || n.Kind == "notice" {
			v.waits = n.Text
		}
	}
	counted := false
	for _, t := range b.Tables {
		switch {
		case hasStacks(t):
			v.addStacks(t)
		case t.Column("bucket_low") != nil && t.Column("count") != nil:
			v.addHeat(t)
		case t.NumRows() > 0:
			v.rows = t
			counted = true
			v.events += int64(t.NumRows())
		}
	}
	if counted || v.stream != nil && v.stream.Measure() != nil {
		v.count(v.streamAdd(b))
	}
}

func hasStacks(t *dtracefs.Table) bool {
	return slices.ContainsFunc(t.Columns, func(c *dtracefs.Column) bool { return c.Type() == dtracefs.Stack })
}

// streamAdd counts a batch. What cannot be counted shows as rows, and is not tried again.
func (v *view) streamAdd(b *dtracefs.Batch) []dtracefs.Interval {
	if v.stream == nil {
		return nil
	}
	done, err := v.stream.Add(b)
	if err == nil && v.forgot > mostForgot {
		// A stream remembers the names of all its sources, which must not become too many.
		var rest []dtracefs.Interval
		rest, err = v.stream.Close()
		done = append(done, rest...)
		v.stream, v.forgot = newStream(), 0
	}
	if err != nil {
		v.stream = nil
	}
	return done
}

// finish takes in what the stream has held back.
func (v *view) finish(how string) {
	v.ended = how
	if v.stream == nil {
		return
	}
	done, err := v.stream.Close()
	if err != nil {
		v.stream = nil
		return
	}
	v.count(done)
}

// count takes in buckets of time that are complete.
func (v *view) count(done []dtracefs.Interval) {
	if v.stream != nil && v.stream.Measure() != nil {
		v.measured = v.stream.Measure()
	}
	for _, in := range done {
		for name, n := range in.Counts {
			if _, ok := v.totals[name]; !ok && len(v.totals) >= mostSources {
				v.others += n
				v.forgot++
				continue
			}
			v.totals[name] += n
		}
	}
	v.buckets = append(v.buckets, done...)
	if n := len(v.buckets); n > mostBuckets {
		v.buckets = slices.Delete(v.buckets, 0, n-mostBuckets)
	}
}

// addHeat takes in a table of a distribution, with a row for each range. A row has its own time or
// else the time when it came.
func (v *view) addHeat(t *dtracefs.Table) {
	low, high, count, when := t.Column("bucket_low"), t.Column("bucket_high"), t.Column("count"), t.Column("time")
	v.heatOf = t.Name
	arrived := float64(v.now().UnixNano()) / 1e9
	for i := range t.NumRows() {
		at := arrived
		if when != nil && !when.Null(i) {
			at = when.Float(i)
		}
		n := len(v.heat)
		// Rows of one moment follow each other, and make one column.
		if n == 0 || at > v.heat[n-1].at {
			v.heat = append(v.heat, column{at, map[[2]float64]float64{}})
			n++
		}
		r := [2]float64{math.Inf(-1), math.Inf(1)}
		if !low.Null(i) {
			r[0] = low.Float(i)
		}
		if !high.Null(i) {
			// Tables have the largest value of a range, while a heat map has the value at which the
			// next range begins. Values are whole numbers.
			r[1] = high.Float(i) + 1
		}
		if c := count.Float(i); c > 0 {
			v.heat[n-1].counts[r] += c
			v.events += int64(c)
		}
	}
	if n := len(v.heat); n > mostBuckets {
		v.heat = slices.Delete(v.heat, 0, n-mostBuckets)
	}
}

func (v *view) addStacks(t *dtracefs.Table) {
	f, err := analysis.FlameGraph(t)
	if err != nil {
		return // it has stacks
	}
	v.flame = true
	for _, s := range f.Stacks {
		key := strings.Join(s.Frames, "\x00")
		if v.stacks[key] == nil {
			v.stacks[key] = &stack{frames: s.Frames}
		}
		v.stacks[key].count += s.Count
		v.events += int64(s.Count)
	}
	if len(v.stacks) > mostStacks {
		keys := slices.SortedFunc(maps.Keys(v.stacks), func(a, b string) int {
			return cmp.Or(cmp.Compare(v.stacks[b].count, v.stacks[a].count), strings.Compare(a, b))
		})
		// Half of them are dropped at once, so that not every new stack makes all of them be
		// sorted.
		for _, key := range keys[mostStacks/2:] {
			v.rare += v.stacks[key].count
			delete(v.stacks, key)
		}
	}
}

// status is the line that stands above everything.
func (v *view) status() string {
	now := v.now()
	// A rate over less than about a second would jump each time a tracer prints that prints once a
	// second.
	if d := now.Sub(v.since); d >= 900*time.Millisecond || v.ended != "" && v.before == 0 {
		v.rate = float64(v.counted()-v.before) / max(d.Seconds(), 1e-3)
		v.since, v.before = now, v.counted()
	}
	parts := []string{v.tracer}
	ran := now.Sub(v.begun)
	if ran > 0 || v.ended == "" { // a recording does not run
		parts = append(parts, ran.Round(100*time.Millisecond).String())
	}
	switch {
	case v.ended == "":
		parts = append(parts, number(v.rate)+" events/s")
	case ran > 0:
		parts = append(parts, v.ended, fmt.Sprintf("%s events, %s/s", number(float64(v.counted())), number(float64(v.counted())/ran.Seconds())))
	default:
		parts = append(parts, v.ended, number(float64(v.counted()))+" events")
	}
	parts = append(parts, number(float64(v.lines))+" lines", number(float64(v.drops))+" dropped")
	if v.faults > 0 {
		parts = append(parts, number(float64(v.faults))+" errors in probes")
	}
	return strings.Join(parts, " · ")
}

// counted is how many events there were: what counts add up to, or else what distributions and
// stacks count, and the rows.
func (v *view) counted() int64 {
	if !v.counts() {
		return v.events
	}
	sum := v.others
	for _, n := range v.totals {
		sum += n
	}
	return int64(sum)
}

// counts reports whether what is printed are counts by source over time.
func (v *view) counts() bool {
	if v.measured == nil {
		return false
	}
	return slices.ContainsFunc(v.measured.Tables, func(t dtracefs.TableMeasure) bool {
		return t.As != dtracefs.AsDistribution && t.As != dtracefs.AsEvents
	})
}

// A ranked source is a row of the table of who does most.
type ranked struct {
	name        string
	total, last float64 // last is per second, in the last bucket
}

// top lists the sources by their totals, the largest first.
func (v *view) top() []ranked {
	var out []ranked
	width := v.measured.Every.Seconds()
	for name, total := range v.totals {
		r := ranked{name: name, total: total}
		if n := len(v.buckets); n > 0 && width > 0 {
			r.last = v.buckets[n-1].Counts[name] / width
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.total, a.total), strings.Compare(a.name, b.name))
	})
	return out
}

// timeline draws the sources that did most.
func (v *view) timeline(top []ranked) figure.Timeline {
	t := figure.Timeline{Every: v.measured.Every, Top: 8, Style: figure.Style{Width: pageWidth, Height: 230}}
	for _, b := range v.buckets {
		t.Times = append(t.Times, float64(b.Start.UnixNano())/1e9)
	}
	for _, r := range top[:min(len(top), 8)] {
		row := make([]float64, len(v.buckets))
		for i, b := range v.buckets {
			row[i] = b.Counts[r.name]
		}
		t.Names, t.Values = append(t.Names, r.name), append(t.Values, row)
	}
	return t
}

// heatMap draws the distributions of the last moments.
func (v *view) heatMap() figure.Heat {
	h := figure.Heat{Style: figure.Style{Width: pageWidth, Height: 260}, ValueName: v.heatOf}
	edges := map[float64]bool{}
	for _, c := range v.heat {
		for r := range c.counts {
			edges[r[0]], edges[r[1]] = true, true
		}
	}
	h.Edges = slices.Sorted(maps.Keys(edges))
	for _, c := range v.heat {
		row := make([]float64, max(0, len(h.Edges)-1))
		for r, n := range c.counts {
			if i, ok := slices.BinarySearch(h.Edges, r[0]); ok && i < len(row) {
				row[i] += n
			}
		}
		h.Times, h.Counts = append(h.Times, c.at), append(h.Counts, row)
	}
	return h
}

func (v *view) flameGraph() figure.Flame {
	f := figure.Flame{Style: figure.Style{Width: pageWidth}}
	total := v.rare
	for _, s := range v.stacks {
		total += s.count
	}
	rare := v.rare
	for _, key := range slices.Sorted(maps.Keys(v.stacks)) {
		s := v.stacks[key]
		if s.count < total/narrowest {
			rare += s.count
			continue
		}
		f.Stacks = append(f.Stacks, figure.Stack{Frames: s.frames, Count: s.count})
	}
	if rare > 0 {
		f.Stacks = append(f.Stacks, figure.Stack{Frames: []string{"(rare stacks)"}, Count: rare})
	}
	return f
}
