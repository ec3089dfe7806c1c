package behavior

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// An Update is what a bucket of a live stream brings.
type Update struct {
	Bucket
	Verdict Verdict
	Alert   *Alert // that goes on, as far as it is known, or that this bucket ended
	Ended   bool   // the alert is over
}

// remembered is the number of buckets kept to explain alerts by, and to learn an alert from when it
// is accepted: links are judged over the alert and as many buckets before it, so that an alert of
// two minutes, of buckets of a second, is still held whole.
const remembered = 240

// mostRemembered bounds the values in those buckets, since new names may come without end.
const mostRemembered = 1000 * remembered

// Watch scores buckets as they come and yields an update for each, in memory
// that does not grow with the stream. An error of the stream is yielded and
// ends it, as does ctx. An alert that goes on when the stream ends is ended by
// a last update without counts.
//
// For the same buckets, verdicts and alerts are those of [Score]; but only
// Score marks as part of an alert the buckets between remarkable ones.
func Watch(ctx context.Context, b *Behavior, live iter.Seq2[Bucket, error], opts ScoreOptions) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		w, err := NewWatcher(b, opts)
		if err != nil {
			yield(Update{}, err)
			return
		}
		for bucket, err := range live {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Update{}, fmt.Errorf("watching: %w", err))
				return
			}
			u, err := w.Push(ctx, bucket)
			if !yield(u, err) || err != nil {
				return
			}
		}
		if u, err := w.Close(ctx); u != nil || err != nil {
			if u == nil {
				u = &Update{}
			}
			yield(*u, err)
		}
	}
}

// A Watcher scores buckets as they come, one by one. What it remembers can be kept over a restart
// of the program.
type Watcher struct {
	w    *watcher
	past history
}

// NewWatcher returns a watcher that has seen nothing yet.
func NewWatcher(b *Behavior, opts ScoreOptions) (*Watcher, error) {
	w, err := newWatcher(b, opts)
	if err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	return &Watcher{w: w, past: history{b: b}}, nil
}

// Push takes in a bucket and says what it brings.
func (w *Watcher) Push(ctx context.Context, bucket Bucket) (Update, error) {
	if err := bucket.check(w.w.b.Missing); err != nil {
		return Update{}, fmt.Errorf("watching: %w", err)
	}
	bucket = legibleBucket(bucket)
	w.past.add(bucket)
	u := Update{Bucket: bucket}
	u.Verdict, u.Alert = w.w.push(bucket.Time, bucket.Counts)
	if u.Ended = u.Alert != nil; u.Ended {
		if err := w.past.explain(ctx, u.Alert); err != nil {
			return Update{}, fmt.Errorf("watching: %w", err)
		}
	} else if w.w.open != nil {
		a := w.w.open.current()
		u.Alert = &a
	}
	return u, nil
}

// LeftOut says, in a line each, what was not judged so far, and what of that makes system calls or
// uses the CPU.
func (w *Watcher) LeftOut() []string {
	x := w.w.scorer
	kernel := slices.DeleteFunc(slices.Clone(x.b.Ignored), func(p string) bool { return slices.Contains(x.b.Observers, p) })
	observers := union(slices.Clone(x.b.Observers), slices.Sorted(maps.Keys(x.guests)))
	return slices.Concat(leftOutNotes(kernel, observers), x.done.notes())
}

// Close ends the alert that goes on, if one does, by a last update without
// counts.
func (w *Watcher) Close(ctx context.Context) (*Update, error) {
	last := w.w.close()
	if last == nil {
		return nil, nil
	}
	if err := w.past.explain(ctx, last); err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	quiet := Verdict{Time: last.End, P: 1, ProcessP: 1, DistanceP: 1, OutsideP: 1, ApartP: 1, SteadyP: 1}
	return &Update{Bucket: Bucket{Time: last.End}, Verdict: quiet, Alert: last, Ended: true}, nil
}

// Buckets returns the last buckets from time start and before time end, as they came: those of an
// alert, as [Behavior.Accept] takes them. Where sources are judged by what they grow by or by their
// steps, the bucket before start comes first.
func (w *Watcher) Buckets(start, end float64) []Bucket {
	if w.w.b.steps() {
		start -= w.w.b.Every.Seconds()
	}
	var out []Bucket
	for _, b := range w.past.ring {
		if b.Time >= start && b.Time < end {
			out = append(out, b)
		}
	}
	return out
}

// A Memory is what a watcher remembers of the buckets before, as JSON.
//
// Not kept is what can be learned anew within a few buckets: the buckets themselves, and which
// processes have been alive.
type Memory struct {
	Last    float64    `json:"last"`            // time of the last bucket
	Ended   float64    `json:"ended,omitempty"` // end of the last alert
	Sum     float64    `json:"sum"`             // evidence added up
	Newness float64    `json:"newness"`
	Since   int        `json:"since"`
	Fast    []Averaged `json:"fast,omitempty"` // of each source foretold
	Slow    []Averaged `json:"slow,omitempty"`
	Open    *Unended   `json:"open,omitempty"`    // the alert that goes on
	Tracers []string   `json:"tracers,omitempty"` // processes taken for the tracer at work

	// Levels has the last value of each source that is judged by its growth or its steps.
	Levels map[string]float64 `json:"levels,omitempty"`
}

// Averaged is a moving average of one source.
type Averaged struct {
	Source string  `json:"source"`
	Value  float64 `json:"value"`
	N      int     `json:"n"`
}

// Unended is an alert that goes on.
type Unended struct {
	Alert   Alert     `json:"alert"`
	Calm    int       `json:"calm"`
	Buckets int       `json:"buckets"`
	Sums    []Finding `json:"sums"`
}

// Memory returns what the watcher remembers.
func (w *Watcher) Memory() Memory {
	x := w.w
	m := Memory{Last: x.last, Sum: x.sum.all, Newness: x.sum.newness, Since: x.since, Tracers: slices.Sorted(maps.Keys(x.scorer.guests))}
	if !math.IsInf(x.ended, 0) {
		m.Ended = x.ended
	}
	for i := range x.scorer.preps {
		if p := &x.scorer.preps[i]; p.src.Value.steps() && p.rate.known {
			if m.Levels == nil {
				m.Levels = map[string]float64{}
			}
			m.Levels[x.scorer.c.sources[i].name] = p.rate.last
		}
	}
	if l := x.b.Links; l != nil && len(x.scorer.tracks.fast) == len(l.Expected) {
		for k, e := range l.Expected {
			f, s := x.scorer.tracks.fast[k], x.scorer.tracks.slow[k]
			m.Fast = append(m.Fast, Averaged{e.Source, f.value, f.n})
			m.Slow = append(m.Slow, Averaged{e.Source, s.value, s.n})
		}
	}
	if o := x.open; o != nil {
		m.Open = &Unended{Alert: o.current(), Calm: o.calm, Buckets: o.buckets}
		for _, f := range m.Open.Alert.Sources {
			m.Open.Sums = append(m.Open.Sums, *o.sums[f.Name])
		}
	}
	return m
}

// Remember lets the watcher go on where another watcher of this behavior, or of one like it, has
// been.
func (w *Watcher) Remember(m Memory) {
	x := w.w
	x.last, x.sum, x.since = m.Last, sums{m.Sum, m.Newness}, m.Since
	if m.Ended != 0 {
		x.ended = m.Ended
	}
	for _, p := range m.Tracers {
		x.scorer.guests[p] = true
	}
	for i := range x.scorer.preps {
		p := &x.scorer.preps[i]
		if v, ok := m.Levels[x.scorer.c.sources[i].name]; ok && p.src.Value.steps() {
			p.last, p.rate, p.at, p.known = v, rate{last: v, known: true}, m.Last, true
		}
	}
	if l := x.b.Links; l != nil {
		t := &x.scorer.tracks
		t.fast, t.slow = make([]average, len(l.Expected)), make([]average, len(l.Expected))
		for k, e := range l.Expected {
			for _, a := range m.Fast {
				if a.Source == e.Source {
					t.fast[k] = average{value: a.Value, n: a.N}
				}
			}
			for _, a := range m.Slow {
				if a.Source == e.Source {
					t.slow[k] = average{value: a.Value, n: a.N}
				}
			}
		}
	}
	if o := m.Open; o != nil {
		x.open = &opened{alert: o.Alert, calm: o.Calm, buckets: max(1, o.Buckets), sums: map[string]*Finding{}}
		for _, f := range o.Sums {
			x.open.sums[f.Name] = &f
		}
	}
}

// RememberBuckets lets the watcher explain alerts by the last buckets that another watcher saw,
// such as one of the same stream before its behavior learned on.
func (w *Watcher) RememberBuckets(of *Watcher) {
	w.past.ring, w.past.values = slices.Clone(of.past.ring), of.past.values
}

// check refuses values that cannot be judged, as [check] does of a series.
func (b Bucket) check(missing Missing) error {
	for name, v := range b.Counts {
		if math.IsNaN(v) && missing == Refuse || math.IsInf(v, 0) {
			return fmt.Errorf("source %q at %.3f is %v", name, b.Time, v)
		}
	}
	return nil
}

// history remembers the last buckets.
type history struct {
	b      *Behavior
	ring   []Bucket
	values int // in them
}

func (h *history) add(b Bucket) {
	h.ring = append(h.ring, b)
	h.values += len(b.Counts)
	gone := 0
	// The oldest go first. As many stay as are needed to judge links, however many values they
	// hold.
	for n := len(h.ring); n-gone > remembered || h.values > mostRemembered && n-gone > fewestInWindow; gone++ {
		h.values -= len(h.ring[gone].Counts)
	}
	h.ring = slices.Delete(h.ring, 0, gone)
}

// explain says which links differ in an alert that ended just now.
func (h *history) explain(ctx context.Context, a *Alert) error {
	if h.b.Links == nil {
		return nil
	}
	// There may be thousands of names, few of which have to do with links.
	matters := map[string]bool{}
	for _, name := range h.b.Links.Names {
		matters[name] = true
	}
	for _, f := range a.Sources {
		matters[f.Name] = true
	}
	r := &Report{behavior: h.b, Alerts: []Alert{*a}}
	r.series = seriesOf(h.b, h.ring, func(name string) bool { return matters[processOf(name, h.b.ByKind)] })
	err := r.explainLinks(ctx)
	*a = r.Alerts[0]
	return err
}

// seriesOf makes a series of buckets, with the sources that matter, or with all of them if matters
// is nil. The series has no values if the buckets have no sources.
func seriesOf(b *Behavior, buckets []Bucket, matters func(source string) bool) *analysis.Series {
	s := &analysis.Series{Every: b.Every, Values: &mat.Dense{}}
	at := map[string]int{}
	for _, b := range buckets {
		s.Times = append(s.Times, b.Time)
		for name := range b.Counts {
			if _, ok := at[name]; !ok && (matters == nil || matters(name)) {
				at[name] = 0
				s.Names = append(s.Names, name)
			}
		}
	}
	if len(s.Names) == 0 {
		return s
	}
	sortNames(s.Names, at)
	s.Values = mat.NewDense(len(s.Times), len(s.Names), nil)
	for i, b := range buckets {
		for name, v := range b.Counts {
			if j, ok := at[name]; ok {
				s.Values.Set(i, j, v)
			}
		}
	}
	return s
}

func sortNames(names []string, at map[string]int) {
	slices.Sort(names)
	for i, name := range names {
		at[name] = i
	}
}
