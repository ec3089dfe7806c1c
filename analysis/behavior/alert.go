package behavior

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// patience is the number of unremarkable buckets that end an alert. Faults come in gusts: with less
// patience, a fault that shows in every other bucket would be as many alerts.
const patience = 3

// watcher turns buckets into verdicts and alerts. [Score] and [Watch] both go through it, so that
// they say the same of the same buckets.
type watcher struct {
	b      *Behavior
	scorer *scorer
	level  float64 // p-value below which a bucket raises an alert
	last   float64 // time of the bucket before
	sum    sums    // evidence added up
	since  int     // buckets since it began to add up
	ended  float64 // end of the last alert
	open   *opened
}

// opened is an alert that goes on.
type opened struct {
	alert   Alert
	calm    int // buckets since the last remarkable one
	buckets int
	sums    map[string]*Finding
}

// rate is how many alerts an hour normal running may raise.
func (o ScoreOptions) rate(every time.Duration) (float64, error) {
	switch {
	// The default is the lesser of two: a person can bear some alerts an hour, but not an alert for
	// one in three buckets where these are wide.
	case o.FalseAlarms == 0:
		return min(FalseAlarms, 1/(bucketsPerAlarm*every.Hours())), nil
	case !(o.FalseAlarms > 0) || math.IsInf(o.FalseAlarms, 0):
		return 0, fmt.Errorf("%v false alarms an hour: want a positive number", o.FalseAlarms)
	}
	return o.FalseAlarms, nil
}

// highestLevel is the largest p-value that raises an alert, however many false alarms are asked
// for: the tails, by which alerts are raised, hold no more than this part of all buckets.
const highestLevel = 0.1

// level is the p-value below which buckets of that width raise alerts: the alerts an hour that
// may be false, over the buckets in an hour. This counts every false bucket as an alert of its
// own, and so keeps the promise on the safe side where false ones follow each other.
func (o ScoreOptions) level(every time.Duration) (float64, error) {
	rate, err := o.rate(every)
	return min(highestLevel, rate*every.Hours()), err
}

func newWatcher(b *Behavior, opts ScoreOptions) (*watcher, error) {
	level, err := opts.level(b.Every)
	if err != nil {
		return nil, err
	}
	s, err := newScorer(b)
	if err != nil {
		return nil, err
	}
	s.suppressed = opts.Suppressed
	for _, pid := range opts.Tracers {
		s.tracers = append(s.tracers, strconv.Itoa(pid))
	}
	// The end of the alert before is set to before all times, so that the first alert may have
	// begun with the first bucket.
	return &watcher{b: b, scorer: s, level: level, ended: math.Inf(-1)}, nil
}

// push judges the bucket that starts at time t. It returns the alert that this
// bucket ended, or nil.
func (w *watcher) push(t float64, values map[string]float64) (Verdict, *Alert) {
	// After a pause, and when the clock was set, no alert and no evidence goes on. Half a bucket is
	// more than clocks and rounding are off by, and less than a bucket that is missing.
	if every := w.b.Every.Seconds(); w.last != 0 && math.Abs(t-w.last-every) > every/2 {
		w.restart()
		if t <= w.last {
			w.ended = math.Inf(-1)
		}
	}
	w.last = t
	e := w.scorer.raw(t, values)
	m, found := w.b.measure(&e, w.b.heldOf)
	l := &w.b.Levels
	p := l.probabilities(m)
	now := pooled(l.Instant, p.instant())
	// How long evidence has been adding up is remembered, since an alert that it raises began
	// back then.
	if w.sum.add(now, p); w.sum == (sums{}) {
		w.since = 0
	} else {
		w.since++
	}
	lasting := l.lasting(now, w.sum, p)
	v := Verdict{Time: t, Sources: w.told(found, &e, t), Distance: m.distance, MaxZ: e.z}
	v.ProcessP, v.DistanceP, v.OutsideP, v.ApartP, v.SteadyP = p.process, p.distance, p.outside, p.together, lasting
	v.Score = l.score(p, lasting)
	v.P = l.p(v.Score, p)
	// Each of the two tests may spend half of the false alarms.
	v.Raised = v.P <= w.level/2 || lasting <= w.level/2
	v.Alert = v.Raised
	back := 0
	if v.Raised && v.P > w.level/2 { // by what lasts alone: it began earlier
		back = max(0, w.since-1)
	}
	return v, w.update(v, back)
}

// restart forgets what the buckets before have shown. Evidence, moving averages, and the values
// from which running totals go on belong to a time that is over.
func (w *watcher) restart() {
	w.scorer.pause()
	w.sum, w.since = sums{}, 0
}

// told ranks what stands out, the strongest first, and keeps mostFindings. That a process does
// nothing at all adds to its score, and adds more the rarer that is. Values are reported as they
// were printed, with the season that was taken off before they were judged.
func (w *watcher) told(found []Finding, e *raw, t float64) []Finding {
	for i := range found {
		f := &found[i]
		if slices.Contains(e.absent, f.Name) {
			f.Score += w.scorer.c.silence[w.scorer.c.process[f.Name]]
		}
		for k := range f.Why {
			s := &f.Why[k]
			if src := w.b.Sources[s.Source]; src != nil {
				s.Value, s.Usual = src.with(s.Value, t), src.with(s.Usual, t)
			}
		}
	}
	rank(found)
	if found == nil {
		// An empty list and not nil, which JSON would write as null.
		found = []Finding{}
	}
	return found[:min(len(found), mostFindings)]
}

// update begins, goes on with or ends an alert, and returns the one that the bucket ended. A new
// alert began as many buckets ago as back says.
func (w *watcher) update(v Verdict, back int) *Alert {
	every := w.b.Every.Seconds()
	if !v.Raised {
		if w.open == nil {
			return nil
		}
		if w.open.calm++; w.open.calm < patience {
			return nil
		}
		return w.close()
	}
	if o := w.open; o != nil && v.Time < o.alert.Start {
		o.alert.Start = v.Time // the clock was set back
	}
	if w.open == nil {
		w.open = &opened{alert: Alert{Start: v.Time, P: 1, Edges: []Change{}}, sums: map[string]*Finding{}}
		// An alert does not begin inside the one before.
		w.open.alert.Start = min(v.Time, max(w.ended, v.Time-float64(float64(back)*every)))
	}
	o := w.open
	o.calm = 0
	o.buckets++
	// The unremarkable buckets at the end, during which patience lasted, are no part of the alert:
	// it ends with the last remarkable one.
	o.alert.End = v.Time + every
	o.alert.Score = math.Max(o.alert.Score, v.Score)
	o.alert.P = min(o.alert.P, v.P, v.SteadyP)
	for _, f := range v.Sources {
		sum := o.sums[f.Name]
		if sum == nil {
			if len(o.sums) >= mostNames {
				continue
			}
			sum = &Finding{Name: f.Name}
			// The scores of a name are summed, and divided by the number of all remarkable buckets
			// when the alert is reported: a process that stood out in one of a hundred buckets says
			// little about it.
			o.sums[f.Name] = sum
		}
		sum.Score += f.Score
		sum.Why = addSigns(sum.Why, f.Why)
	}
	return nil
}

// addSigns sums the scores of like signs and keeps the value of the strongest
// of each.
func addSigns(all, signs []Sign) []Sign {
	for _, s := range signs {
		i := slices.IndexFunc(all, func(t Sign) bool { return t.Source == s.Source && t.State == s.State })
		if i < 0 {
			all = append(all, s)
			continue
		}
		if math.Abs(s.Value-s.Usual) > math.Abs(all[i].Value-all[i].Usual) {
			all[i].Value, all[i].Usual = s.Value, s.Usual
		}
		all[i].Score += s.Score
	}
	return all
}

// close ends the alert that goes on and returns it, or nil.
func (w *watcher) close() *Alert {
	if w.open == nil {
		return nil
	}
	a := w.open.current()
	w.open, w.ended = nil, a.End
	// The evidence that raised the alert has been reported, so that new evidence adds up from
	// nothing.
	w.restart()
	return &a
}

// current is the alert as far as it is known. It is a copy, which whoever gets it may keep while
// the alert goes on.
func (o *opened) current() Alert {
	a := o.alert
	a.Sources = []Finding{}
	n := float64(o.buckets)
	stronger := func(x, y Finding) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Name, y.Name))
	}
	// There may be thousands of names, so that only the few that are reported are kept in order.
	for _, f := range o.sums {
		mean := Finding{Name: f.Name, Score: f.Score / n, Why: f.Why}
		if len(a.Sources) == mostFindings && stronger(mean, a.Sources[mostFindings-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(a.Sources, mean, stronger)
		a.Sources = slices.Insert(a.Sources, at, mean)
		a.Sources = a.Sources[:min(len(a.Sources), mostFindings)]
	}
	for i := range a.Sources {
		f := &a.Sources[i]
		f.Why = slices.Clone(f.Why)
		for k := range f.Why {
			f.Why[k].Score /= n
		}
		slices.SortFunc(f.Why, func(x, y Sign) int {
			return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Source, y.Source), cmp.Compare(x.State, y.State))
		})
		f.Why = f.Why[:min(len(f.Why), mostSigns)]
	}
	return a
}

// String describes the alert in one line.
func (a Alert) String() string {
	names := make([]string, 0, 3)
	brief := figure.Shorten(a.names())
	for _, f := range a.Sources[:min(3, len(a.Sources))] {
		why := ""
		if len(f.Why) > 0 {
			why = " (" + brief(f.Why[0].String()) + ")"
		}
		names = append(names, dtracefs.Printable(brief(f.Name))+why)
	}
	return fmt.Sprintf("%.0f s, score %.1f: %s", a.End-a.Start, a.Score, strings.Join(names, "; "))
}
