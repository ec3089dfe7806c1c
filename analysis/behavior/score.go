package behavior

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"dtnotes/analysis"
)

// FalseAlarms is how many alerts an hour normal running may raise by default, where buckets are at
// most a second wide.
const FalseAlarms = 4.0

// bucketsPerAlarm is the default where buckets are wider than a second: one false alert in that
// many buckets, which for buckets of a second is four an hour. Four an hour would be one in three
// buckets of five minutes.
const bucketsPerAlarm = 900

// ScoreOptions tune [Score] and [Watch]. The zero value is the default.
type ScoreOptions struct {
	// FalseAlarms is how many alerts an hour normal running may raise; 0 means
	// [FalseAlarms], but no more than one in 900 buckets.
	FalseAlarms float64
	// Tracers are the numbers of the processes that trace: where a capture has
	// them, these are left out whatever their names.
	Tracers []int
	// Suppressed processes, or sources, are not judged before that time, in
	// seconds since the epoch.
	Suppressed map[string]float64
	// AlertsOnly leaves buckets outside of alerts out of the report, which then stays small
	// whatever was scored.
	AlertsOnly bool
}

// A Verdict is what one bucket shows.
type Verdict struct {
	Time float64 `json:"time"` // start of the bucket, seconds since the epoch
	// Score is about -ln of the least of ProcessP, of ProcessP with DistanceP and OutsideP, and of
	// SteadyP, which is bounded.
	Score float64 `json:"score"`
	P     float64 `json:"p"` // part of normal buckets with this score or a higher one
	// ProcessP is the part of normal buckets in which a process stands out as much.
	ProcessP  float64 `json:"p_process"`
	Distance  float64 `json:"distance"`   // Mahalanobis distance of all processes together
	DistanceP float64 `json:"p_distance"` // part of normal buckets as far or farther
	OutsideP  float64 `json:"p_outside"`  // the same from what processes do in common
	// ApartP is the part of normal buckets in which all sources have moved as far from what the
	// others let us expect.
	ApartP float64 `json:"p_apart"`
	// SteadyP is the same for what lasts: evidence that adds up over buckets, or one source that
	// moves away from the others.
	SteadyP float64   `json:"p_steady"`
	MaxZ    Deviation `json:"max_z"`   // for comparison: plays no part in Score
	Alert   bool      `json:"alert"`   // part of an alert
	Raised  bool      `json:"raised"`  // remarkable by itself, as it was reported when it came
	Sources []Finding `json:"sources"` // strongest first
}

// An Alert is a stretch of time that breaks the behavior.
type Alert struct {
	Start   float64   `json:"start"` // seconds since the epoch
	End     float64   `json:"end"`
	Score   float64   `json:"score"`          // of its strongest bucket
	P       float64   `json:"p"`              // of its strongest bucket
	Sources []Finding `json:"sources"`        // strongest first: mean score over the alert
	Edges   []Change  `json:"edges"`          // links that differ
	Note    string    `json:"note,omitempty"` // what could not be said
}

// A Report is what [Score] found.
type Report struct {
	Buckets []Verdict `json:"buckets"`
	Alerts  []Alert   `json:"alerts"`
	Ignored []string  `json:"ignored"` // processes left out: the kernel's own, the observer
	Notes   []string  `json:"notes,omitempty"`

	judged   int // buckets
	kept     int // buckets that were left when the others were forgotten
	behavior *Behavior
	series   *analysis.Series
}

// Score compares a series with a behavior, and stops when ctx is done.
//
// The series must have buckets as wide as the behavior's, or buckets that make
// up such ones; a rest that does not fill a bucket is left out and noted, other
// widths are errors. A source that the series does not hold was silent, one
// that the behavior does not know is new: both stand out. An empty series, or
// one shorter than a bucket, gives an empty report. NaN and infinite values are
// errors. Threads of the kernel, the tracer at work and what was excluded while
// learning are left out, listed in the report's Ignored and noted. An alert level that
// cannot be reached with what was learned is noted too.
func Score(ctx context.Context, b *Behavior, s *analysis.Series, opts ScoreOptions) (*Report, error) {
	r, err := score(ctx, b, s, opts)
	if err != nil {
		return nil, fmt.Errorf("scoring: %w", err)
	}
	return r, nil
}

func score(ctx context.Context, b *Behavior, s *analysis.Series, opts ScoreOptions) (*Report, error) {
	if err := check(s, b.Missing); err != nil {
		return nil, err
	}
	s, notes, err := widen(b, legibleSeries(s))
	if err != nil {
		return nil, err
	}
	w, err := newWatcher(b, opts)
	if err != nil {
		return nil, err
	}
	r := &Report{Buckets: []Verdict{}, Alerts: []Alert{}, Ignored: []string{}, Notes: notes, behavior: b, series: s}
	reach, err := b.Reach(opts)
	if err != nil {
		return nil, err
	}
	if text := reach.String(); text != "" {
		r.Notes = append(r.Notes, text)
	}
	for i, t := range s.Times {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, ended := w.push(t, b.row(s, i))
		r.judged++
		r.Buckets = append(r.Buckets, v)
		if ended != nil {
			r.Alerts = append(r.Alerts, *ended)
		}
		// Buckets are forgotten only when there are twice as many as were kept, so that each bucket
		// is moved a bounded number of times however long the series is. They are not forgotten
		// within an alert, whose first bucket is not settled yet.
		if opts.AlertsOnly && len(r.Buckets) >= 2*r.kept+mostCalm && w.open == nil {
			r.forgetCalm(longestOnset)
		}
	}
	// An alert that still goes on at the end of the series is reported, too.
	if last := w.close(); last != nil {
		r.Alerts = append(r.Alerts, *last)
	}
	r.leftOut(w.scorer)
	r.flag()
	if opts.AlertsOnly {
		r.forgetCalm(0)
	}
	if err := r.explainLinks(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// leftOut notes what was not judged, and what of that does more than the kernel's own threads do.
func (r *Report) leftOut(s *scorer) {
	b := r.behavior
	all, observers := leftOut(r.series, Options{ByKind: b.ByKind, IncludeKernel: b.IncludeKernel, IncludeObserver: b.IncludeObserver, Exclude: b.leftOutByName()})
	// What the behavior knows as a process that does something was judged, whatever its name
	// looks like.
	kernel := slices.DeleteFunc(all, func(p string) bool { return b.Presence[p] > 0 })
	observers = slices.DeleteFunc(observers, func(p string) bool { return !s.guests[p] && !slices.Contains(b.Observers, p) })
	for _, list := range []*[]string{&kernel, &observers} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	r.Ignored = append(r.Ignored, union(slices.Clone(kernel), observers)...)
	slices.Sort(r.Ignored)
	r.Notes = slices.Concat(r.Notes, leftOutNotes(kernel, observers), s.done.notes())
}

// flag marks every bucket of an alert: also those of its patience between remarkable ones, and
// those before the one that raised it, back to where the evidence began to add up. This is known
// only afterwards, which is why a watch does not say it.
func (r *Report) flag() {
	at := 0
	for i := range r.Buckets {
		t := r.Buckets[i].Time
		for at < len(r.Alerts) && t >= r.Alerts[at].End {
			at++
		}
		if at < len(r.Alerts) && t >= r.Alerts[at].Start {
			r.Buckets[i].Alert = true
		}
	}
}

const (
	// mostCalm bounds the buckets outside of alerts that are held where those are not wanted.
	mostCalm = 1 << 14
	// longestOnset is by how many buckets the start of an alert may lie before the bucket that
	// raises it.
	longestOnset = 1 << 10
)

// forgetCalm forgets the buckets outside of alerts but for the last ones.
func (r *Report) forgetCalm(last int) {
	r.flag()
	n := len(r.Buckets) - last
	i := -1
	r.Buckets = slices.DeleteFunc(r.Buckets, func(v Verdict) bool {
		i++
		return i < n && !v.Alert
	})
	r.kept = len(r.Buckets)
}

// widen joins the buckets of a series to ones as wide as the behavior's, k to one. Narrower buckets
// than those of the series, and widths that k of them do not make up, are errors: counts cannot be
// split.
func widen(b *Behavior, s *analysis.Series) (*analysis.Series, []string, error) {
	every := b.Every
	if s.Every == every {
		return s, s.Notes, nil
	}
	k := int(math.Round(float64(every) / float64(s.Every)))
	if k < 1 || time.Duration(k)*s.Every != every {
		return nil, nil, fmt.Errorf("buckets of %v do not make up the behavior's buckets of %v", s.Every, every)
	}
	out := *s
	out.Every, out.Times, out.Values = every, nil, nil
	n := len(s.Times) / k
	out.Values = newDense(n, len(s.Names))
	for i := range n {
		out.Times = append(out.Times, s.Times[i*k])
		for j, name := range s.Names {
			value := Count
			if src := b.Sources[name]; src != nil {
				value = src.Value
			} else if s.Levels[name] {
				value = Gauge
			}
			values := make([]float64, k)
			for t := range values {
				values[t] = s.Values.At(i*k+t, j)
			}
			out.Values.Set(i, j, joined(values, value))
		}
	}
	notes := append([]string{}, s.Notes...)
	if rest := len(s.Times) - n*k; rest > 0 {
		notes = append(notes, fmt.Sprintf("left out the last %v, less than a bucket", time.Duration(rest)*s.Every))
	}
	return &out, notes, nil
}

// joined is the value of a bucket that is made up of narrower ones. Counts add up, a level is the
// mean of the values that are there, as in [dtracefs.AsGauge], and a running total stands where
// it was last seen. It is NaN if a count is missing, since the sum would be too small, or if all
// values of the others are.
func joined(values []float64, value Value) float64 {
	sum, n, last := 0.0, 0.0, math.NaN()
	for _, v := range values {
		if value != Count && math.IsNaN(v) {
			continue
		}
		sum, n, last = sum+v, n+1, v
	}
	switch {
	case value == Total || n == 0:
		return last
	case value.level():
		return sum / n
	}
	return sum
}
