package behavior

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"dtnotes/dtracefs"
)

// compiled is a behavior made ready to score with: it holds what would otherwise be computed anew
// for each bucket. It is indexed by numbers, since a bucket has thousands of sources and one comes
// every second.
type compiled struct {
	sources   []judge
	index     map[string]int // of a source, by name
	processes []string
	silence   []float64 // of each process: how surprising it is that it does nothing
	calls     []bool    // of each process: it makes system calls
	process   map[string]int
	typical   float64 // scale of the tails of all counts
	precision *mat.SymDense
	rest      *mat.Dense // see [Links.rest]
}

// compiling is held while a behavior is made ready: several goroutines may begin to score with one.
var compiling sync.Mutex

// judge is one source made ready to score.
//
// Slopes are on the scale of the source with the unit of its kind, mean and deviation with the
// unit 1.
type judge struct {
	name, kind   string
	src          *Source
	process      int
	unit         float64 // of the kind
	upper, lower slope
	mean, dev    float64 // on its scale
}

// compile makes the behavior ready to score with, once. It fails where the links have no inverse
// covariance.
func (b *Behavior) compile() (*compiled, error) {
	compiling.Lock()
	defer compiling.Unlock()
	if b.compiled != nil {
		return b.compiled, nil
	}
	c := &compiled{index: map[string]int{}, process: map[string]int{}}
	for name := range b.Presence {
		c.processes = append(c.processes, name)
	}
	slices.Sort(c.processes)
	c.processes = append(c.processes, b.Observers...)
	for i, name := range c.processes {
		c.process[name] = i
		active := b.Presence[name]
		// A process that makes system calls is there when it makes some: events
		// of a thread of the kernel with its name say nothing of it.
		calls := b.ByKind && b.Sources["syscall "+name] != nil
		if calls {
			active = b.Sources["syscall "+name].Active
		}
		c.calls = append(c.calls, calls)
		// One is added to the number of silent buckets and to that of the others: a process that
		// was never silent may still rest.
		c.silence = append(c.silence, -math.Log(float64(b.Buckets-active+1)/float64(b.Buckets+2)))
	}
	var names, own []string
	for _, name := range slices.Sorted(maps.Keys(b.Sources)) {
		names = append(names, name)
		if !slices.Contains(b.Observers, processOf(name, b.ByKind)) {
			own = append(own, name)
		}
	}
	c.typical = b.typicalScale(own, false)
	// Counts and levels are on different scales, so that what is typical is found for each
	// separately. Observers do not count for it.
	level := b.typicalScale(own, true)
	for i, name := range names {
		src, kind := b.Sources[name], kindOf(name, b.ByKind)
		j := judge{name: name, kind: kind, src: src, process: c.process[processOf(name, b.ByKind)], unit: b.unit(kind)}
		j.mean, j.dev = src.moments(b.Buckets)
		typical := c.typical
		if src.Value.level() {
			typical = level
		}
		n := b.Buckets - src.Missing
		j.upper, j.lower = src.slope(src.Upper, j.unit, 1, n, typical), src.slope(src.Lower, j.unit, -1, n, typical)
		c.index[name] = i
		c.sources = append(c.sources, j)
	}
	if b.Links != nil {
		var err error
		if c.precision, err = b.Links.precision(); err != nil {
			return nil, err
		}
		if c.rest, err = b.Links.rest(); err != nil {
			return nil, err
		}
	}
	b.compiled = c
	return c, nil
}

// moments are the mean and the deviation of the values on their scale, 1 for a
// source that never varied.
func (s *Source) moments(buckets int) (mean, dev float64) {
	n := float64(buckets - s.Missing)
	mean = s.Sum / n
	variance := s.Squares/n - float64(mean*mean)
	if variance <= 1e-12*(1+float64(mean*mean)) {
		return mean, 1
	}
	return mean, math.Sqrt(variance)
}

// excesses lists how far the values of a tail lie beyond its threshold.
func (s *Source) excesses(t Tail, unit, sign float64) []float64 {
	at, out := float64(sign*s.shaped(t.At, unit)), make([]float64, len(t.Beyond))
	for i, v := range t.Beyond {
		out[i] = float64(sign*s.shaped(v, unit)) - at
	}
	return out
}

// slope fits a tail. For a lower one, values and threshold are negated, so that all tails are upper
// ones. n is the number of values that were there.
func (s *Source) slope(t Tail, unit, sign float64, n int, typical float64) slope {
	silence := !s.Value.level() && t.At == 0
	out := fit(sign*s.shaped(t.At, unit), s.excesses(t, unit, sign), n, typical, silence)
	if !s.Value.level() && !silence {
		// Counts of independent events vary by their square root (S. Poisson, 1837).
		out.noise = math.Abs(s.shaped(t.At+math.Sqrt(math.Abs(t.At)), unit) - s.shaped(t.At, unit))
	}
	return out
}

// typicalScale is the mean, over all counts or all gauges, of how far the values
// of an upper tail lie beyond its threshold.
func (b *Behavior) typicalScale(names []string, gauges bool) float64 {
	sum, k := 0.0, 0
	for _, name := range names {
		s := b.Sources[name]
		if t := s.Upper; len(t.Beyond) > 0 && s.Value.level() == gauges {
			m := newMoments()
			for _, x := range s.excesses(t, b.unit(kindOf(name, b.ByKind)), 1) {
				m.add(x)
			}
			if !s.Value.level() && t.At == 0 {
				sum += math.Sqrt(m.variance()) // around what it does when it is not silent
			} else {
				sum += m.mean
			}
			k++
		}
	}
	if k == 0 || sum == 0 {
		return 1
	}
	return sum / float64(k)
}

// A Finding is a process, or any other source, that stands out.
type Finding struct {
	Name  string  `json:"name"`
	Score float64 `json:"score"` // -ln of how often normal running shows as much
	Why   []Sign  `json:"why,omitempty"`
}

// A Sign is a count that gives a source away.
type Sign struct {
	Source string  `json:"source"`
	State  State   `json:"state"`
	Value  float64 `json:"value"` // in the bucket
	// Usual is what nine of ten normal buckets stay below, or above for low counts; or, of More and
	// Less, what the others let us expect.
	Usual float64 `json:"usual"`
	Score float64 `json:"score"`
	Step  bool    `json:"step,omitempty"` // values are steps: of a level that wanders
}

// State says in which way a count is unusual.
type State string

// These are the states.
const (
	New    State = "new"    // never seen before
	High   State = "high"   // above the usual
	Low    State = "low"    // below the usual
	Silent State = "silent" // nothing where there always or often is something
	More   State = "more"   // more than what the others let us expect, over some time
	Less   State = "less"   // less than that
)

func (s Sign) String() string {
	if s.Source = dtracefs.Printable(s.Source); s.Step {
		s.Source = "step of " + s.Source
	}
	switch s.State {
	case New:
		return fmt.Sprintf("%s %.4g, never seen before", s.Source, s.Value)
	case Silent:
		return fmt.Sprintf("%s silent, usually at least %.4g", s.Source, s.Usual)
	case Low:
		return fmt.Sprintf("%s %.4g, usually at least %.4g", s.Source, s.Value, s.Usual)
	case More, Less:
		return fmt.Sprintf("%s %.4g, %s for some time than the %.4g that the others let expect", s.Source, s.Value, s.State, s.Usual)
	}
	return fmt.Sprintf("%s %.4g, usually at most %.4g", s.Source, s.Value, s.Usual)
}

// raw is what one bucket shows before calibration.
//
// It is kept apart from what is reported: while learning, all buckets must have been looked at
// before it is known how far normal ones stand out.
type raw struct {
	signs    []rawSign
	gap                         // residuals: of the sources foretold, in their standard deviations
	plain    map[string]float64 // the same, whatever pattern is accepted
	moved    []moved            // of the sources foretold
	expected map[string]float64 // their values, for those that moved
	values   map[string]float64
	absent   []string // known processes that do nothing
	z        Deviation
}

// rawSign is a sign before calibration.
type rawSign struct {
	Sign
	process  string
	class    string // the source, or which class of new ones
	down     bool
	score    float64 // -ln P by the tail of the source
	surprise float64 // of the threshold alone
	told     float64 // part of it that counts
}

// A Deviation is the source whose count lies farthest from its mean, in
// deviations of log(1+count): the simplest of scores, to compare others with.
type Deviation struct {
	Source string  `json:"source"`
	Z      float64 `json:"z"`
}

// farther returns the one that lies farther out, or the first by name if both lie as far.
//
// The tie is broken so that the order in which sources are looked at makes no difference.
func (d Deviation) farther(source string, z float64) Deviation {
	if a, b := math.Abs(z), math.Abs(d.Z); a > b || a == b && source < d.Source {
		return Deviation{source, z}
	}
	return d
}

// scorer looks at buckets that follow each other.
//
// It remembers what a single bucket does not show: the previous value of running totals, moving
// averages, and which processes have been seen.
type scorer struct {
	b        *Behavior
	c        *compiled
	id       identity
	ignore   map[string]bool
	alive    map[string]bool // new processes that made a system call
	guests   map[string]bool // observers that are new, but there from the first: the tracer at work
	done     activity        // of what is left out
	seen     int             // buckets
	prepared bool            // values come as they are judged
	preps    []preparer

	tracers    []string           // numbers of the processes that trace
	suppressed map[string]float64 // until when processes or sources are not judged
	tracks     tracks
}

func newScorer(b *Behavior) (*scorer, error) {
	c, err := b.compile()
	if err != nil {
		return nil, err
	}
	s := &scorer{
		b: b, c: c, id: identityOf(b.Measure, b.ByKind),
		ignore: map[string]bool{}, alive: map[string]bool{}, guests: map[string]bool{}, done: newActivity(identityOf(b.Measure, b.ByKind)),
	}
	for _, p := range b.leftOutByName() {
		s.ignore[p] = true
	}
	for i := range c.sources {
		s.preps = append(s.preps, newPreparer(c.sources[i].src, b.Missing, b.Every))
	}
	return s, nil
}

// guest reports whether a source that the behavior does not know belongs to the tracer at work: it
// has the tracer's number, or an observer's name and was there from the first buckets on. An
// observer that comes later is judged as any other process.
func (s *scorer) guest(source, process string) bool {
	if s.b.IncludeObserver {
		return false
	}
	if s.guests[process] {
		return true
	}
	is := s.id.numbered(source, s.tracers) || s.seen <= warmUp && s.id.observer(source)
	if is && len(s.guests) < mostNames {
		s.guests[process] = true
	}
	return is
}

// warmUp is the number of buckets within which a tracer shows itself: its own start may be spread
// over the first.
const warmUp = 3

// mute reports whether a source is suppressed at time t.
func (s *scorer) mute(name string, t float64) bool {
	if len(s.suppressed) == 0 {
		return false
	}
	return t < s.suppressed[name] || t < s.suppressed[processOf(name, s.b.ByKind)]
}

// pause forgets what is followed over buckets.
func (s *scorer) pause() { s.tracks = tracks{} }

// mostNames bounds what is remembered of names that never end, as those of processes that are named
// by a random number. Memory then stays bounded, at the price of sometimes looking at a name anew.
const mostNames = 10_000

// mostFindings and mostSigns bound what a bucket and a finding tell.
const (
	mostFindings = 20
	mostSigns    = 5
)

// raw looks at a bucket that starts at time t and has these values by source. Zeros may be left
// out.
func (s *scorer) raw(t float64, values map[string]float64) raw {
	if !s.prepared {
		values = s.prepare(t, values)
	}
	s.seen++
	w := raw{values: values}
	present := make([]bool, len(s.c.processes))
	for name, v := range values {
		process := processOf(name, s.b.ByKind)
		if s.ignore[process] || slices.Contains(s.b.Observers, process) {
			s.done.add(name, process, v)
		}
		if i, ok := s.c.process[process]; ok && (v != 0 || s.gauge(name)) && (!s.c.calls[i] || kindOf(name, true) == "syscall") {
			present[i] = true
		}
	}
	for i := range s.c.sources {
		j := &s.c.sources[i]
		name := s.c.processes[j.process]
		v, there := values[j.name]
		if s.ignore[name] || s.mute(j.name, t) || math.IsNaN(v) || !there && j.src.Value.level() {
			// Where nothing can be said of a source, its process is not said to be absent.
			present[j.process] = present[j.process] || !s.ignore[name]
			continue
		}
		w.z = w.z.farther(j.name, (j.src.shaped(v, 1)-j.mean)/j.dev)
		if sign, ok := j.sign(v); ok {
			sign.process = name
			w.signs = append(w.signs, sign)
		}
	}
	s.unseen(t, values, &w)
	for i, name := range s.c.processes {
		if !present[i] && !s.ignore[name] {
			w.absent = append(w.absent, name)
		}
	}
	if l := s.b.Links; l != nil {
		z := l.standardizedBucket(s.b, values)
		var muted []int
		for j, name := range l.Names {
			if s.mute(name, t) {
				muted = append(muted, j)
			}
		}
		impute(s.c.precision, z, muted)
		near := make([]float64, len(z))
		for j := range z {
			// Distances are measured however far out, expectations from bounded values, as their
			// weights were learned.
			near[j] = bounded(z[j])
		}
		w.plain = make(map[string]float64, len(l.Expected))
		for k := range l.Expected {
			e := &l.Expected[k]
			src := s.b.Sources[e.Source]
			v, there := values[e.Source]
			if math.IsNaN(v) || !there && src.Value.level() || s.mute(e.Source, t) {
				continue
			}
			w.plain[e.Source] = e.standard(src, v) - dot(e.Weights, near)
		}
		w.gap = l.nearest(s.c, z, w.plain)
		s.tracks.follow(l, &w)
		w.expected = map[string]float64{}
		for k, m := range w.moved {
			if max(m.fast, m.slow) >= tellMoved {
				e := &l.Expected[k]
				w.expected[e.Source] = e.expected(s.b.Sources[e.Source], near)
			}
		}
	}
	return w
}

// tellMoved is how far, as -ln p, a source must have moved from what the others let us expect for
// that to be reported: it must be as unusual as the threshold of a tail.
const tellMoved = 2.302585092994046 // ln 10

func (s *scorer) gauge(name string) bool {
	src := s.b.Sources[name]
	return src != nil && src.Value.level()
}

// prepare turns values into what is judged. NaN are those that are missing.
func (s *scorer) prepare(t float64, values map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(values))
	for name, v := range values {
		if _, known := s.c.index[name]; !known && !math.IsNaN(v) {
			out[name] = v
		}
	}
	for i := range s.preps {
		p := &s.preps[i]
		name := s.c.sources[i].name
		v, there := values[name]
		// What a capture does not print is not there.
		if !there && p.src.Value != Count && s.b.Measure == nil {
			v = math.NaN()
		}
		// A bucket lists no counts of 0, but a level of 0.
		if v = p.count(v, t); v != 0 || p.src.Value.level() {
			out[name] = p.src.without(v, t)
		}
	}
	return out
}

// sign reports whether a value of a known source is unusual, that is, beyond one of its two
// thresholds.
func (j *judge) sign(v float64) (rawSign, bool) {
	m := j.src.shaped(v, j.unit)
	sign := rawSign{Sign: Sign{Source: j.name, Value: v, Step: j.src.Value == Walk}, class: j.name}
	if x := m - j.upper.at; x > 0 {
		sign.State, sign.Usual = High, j.src.Upper.At
		sign.score, sign.surprise, sign.told = j.upper.beyond(x), j.upper.surprise, j.upper.told(x)
		return sign, true
	}
	x := -m - j.lower.at
	// This holds also where x is NaN.
	if !(x > 0) {
		return rawSign{}, false
	}
	sign.State, sign.Usual, sign.down = Low, j.src.Lower.At, true
	if v == 0 && !j.src.Value.level() {
		sign.State = Silent
	}
	sign.score, sign.surprise, sign.told = j.lower.beyond(x), j.lower.surprise, j.lower.told(x)
	return sign, true
}

// unseen takes in the sources that the behavior does not know. A process that
// makes no system calls where those are counted is a thread of the kernel. A
// source never seen has mean 0, deviation 1.
func (s *scorer) unseen(t float64, values map[string]float64, w *raw) {
	_, counted := s.b.Kinds["syscall"]
	surprise := math.Log(float64(s.b.Buckets + 1))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		if _, known := s.c.index[name]; known || v == 0 {
			continue
		}
		process, kind := processOf(name, s.b.ByKind), kindOf(name, s.b.ByKind)
		if s.ignore[process] || s.mute(name, t) {
			continue
		}
		_, known := s.c.process[process]
		if !known && s.guest(name, process) {
			s.done.add(name, process, v)
			continue
		}
		decided := unknown
		if !known && !s.b.IncludeKernel {
			if decided = s.id.kernel(name); decided == yes {
				s.done.add(name, process, v)
				continue
			}
		}
		if !known && s.b.ByKind && counted && !s.b.IncludeKernel && decided == unknown {
			// All are forgotten at once and not one by one: a process that goes on makes its next
			// system call soon.
			if len(s.alive) >= mostNames {
				clear(s.alive)
			}
			s.alive[process] = s.alive[process] || values["syscall "+process] != 0
			if !s.alive[process] {
				continue
			}
		}
		class := newProcess
		if known {
			class = newSource
		}
		w.signs = append(w.signs, rawSign{
			Sign: Sign{Source: name, State: New, Value: v}, process: process, class: class,
			score: surprise + math.Abs(magnitude(v, s.b.unit(kind)))/s.c.typical, surprise: surprise, told: 1,
		})
		w.z = w.z.farther(name, magnitude(v, 1))
	}
}

// measure calibrates what a bucket shows by how sources stood out in buckets
// held out, and ranks processes.
func (b *Behavior) measure(w *raw, known func(class string) Held) (measures, []Finding) {
	m := measures{distance: w.distance, outside: w.outside}
	signs := map[string][]Sign{}
	for _, s := range w.signs {
		if s.Score = b.calibrated(s, known); s.Score > 0 {
			m.process = max(m.process, s.Score)
			if s.class == newProcess {
				m.novel = max(m.novel, s.Score)
			}
			signs[s.process] = append(signs[s.process], s.Sign)
		}
	}
	for k, d := range w.moved {
		e := &b.Links.Expected[k]
		m.apart, m.slow = max(m.apart, d.fast), max(m.slow, d.slow)
		// This is the sum over all sources, while apart is the largest: a fault that moves each
		// source a little shows in the sum alone.
		m.together += d.fast
		if expected, ok := w.expected[e.Source]; ok {
			sign := Sign{Source: e.Source, State: Less, Value: w.values[e.Source], Usual: expected, Score: max(d.fast, d.slow), Step: b.Sources[e.Source].Value == Walk}
			if d.up {
				sign.State = More
			}
			process := processOf(e.Source, b.ByKind)
			// What a value shows by itself is reported in preference.
			if at := slices.IndexFunc(signs[process], func(o Sign) bool { return o.Source == e.Source }); at >= 0 {
				signs[process][at].Score = max(signs[process][at].Score, sign.Score)
			} else {
				signs[process] = append(signs[process], sign)
			}
		}
	}
	var found []Finding
	for name, list := range signs {
		slices.SortFunc(list, func(a, b Sign) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Source, b.Source))
		})
		// The score is that of the strongest sign and not their sum: kinds of events of one process
		// come together, and many kinds would make the busiest process the strangest.
		found = append(found, Finding{Name: name, Score: list[0].Score, Why: list[:min(len(list), mostSigns)]})
	}
	return m, found
}

func rank(found []Finding) {
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Name, b.Name))
	})
}

func newDense(n, p int) *mat.Dense {
	if n == 0 || p == 0 {
		return &mat.Dense{}
	}
	return mat.NewDense(n, p, nil)
}

// calibrated corrects -ln P of a sign by what is known of its source, or of its
// class and kind of event if it is new.
func (b *Behavior) calibrated(s rawSign, known func(class string) Held) float64 {
	if s.State != New {
		return s.told * known(s.class).calibrated(s)
	}
	return novelty(s, known(s.class), known(s.class+" "+kindOf(s.Source, b.ByKind)))
}

// heldOf is what is known of a source, or a class of new ones.
func (b *Behavior) heldOf(class string) Held {
	if src := b.Sources[class]; src != nil {
		return src.Held
	}
	if h := b.Held[class]; h != nil {
		return *h
	}
	// It was never seen in buckets held out, and so it stood out in none of them.
	h := Held{}
	for _, c := range b.Levels.Process {
		h.Buckets += float64(c.Buckets)
	}
	if h.Buckets == 0 {
		h.Buckets = float64(b.Buckets) // while learning
	}
	return h
}

// Watch scores what a tracer prints, batch by batch, until the batches end, ctx is done or
// [Watching.Stop] is called, and reports what stood out. A notebook shows it meanwhile, with
// alerts as they come and a button that stops it:
//
//	run, err := dtracefs.Live(display.Context(), script, dtracefs.LiveOptions{})
//	report, err := normal.Watch(display.Context(), run.Batches(), behavior.ScoreOptions{})
//
// The report has all alerts, and the buckets of the last hour of seconds. It is returned together
// with an error, too, if something was judged before.
func (b *Behavior) Watch(ctx context.Context, batches iter.Seq2[*dtracefs.Batch, error], opts ScoreOptions) (*Report, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	w := &Watching{b: b, stop: stop}
	w.report.behavior = b
	changed := func(bool) {}
	if show := screen.Load(); show != nil {
		changed = (*show)(w)
	}
	var failed error
	for u, err := range Watch(running, b, Buckets(until(running, batches), b, dtracefs.MeasureOptions{}), opts) {
		if err != nil {
			failed = err
			break
		}
		w.take(u)
		changed(false)
	}
	w.mu.Lock()
	// Stop cancels a context of the watch's own. That the watch ends by this is no failure, while
	// the end of the caller's context is one.
	ended := w.stopped && ctx.Err() == nil && errors.Is(failed, context.Canceled)
	w.open = nil
	w.mu.Unlock()
	if ended {
		failed = nil
	}
	changed(true)
	r := w.Report()
	if failed != nil && r.judged == 0 {
		return nil, failed
	}
	return r, failed
}
