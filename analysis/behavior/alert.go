package behavior

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// patience is the number of unremarkable buckets that end an alert.
const patience = 3

// watcher turns buckets into verdicts and alerts.
type watcher struct {
	b         *Behavior
	scorer    *scorer
	level     float64       // p-value below which a bucket raises an alert
	last      float64       // time of the bucket before
	precision *mat.SymDense // of the links; nil without links
	distances []float64     // of the buckets before
	open      *opened
}

// opened is an alert that goes on.
type opened struct {
	alert   Alert
	calm    int // buckets since the last remarkable one
	buckets int
	sums    map[string]*Finding
}

func newWatcher(b *Behavior, opts ScoreOptions) (*watcher, error) {
	rate := opts.FalseAlarms
	if rate == 0 {
		rate = FalseAlarms
	}
	if !(rate > 0) {
		return nil, fmt.Errorf("%v false alarms an hour: want a positive number", opts.FalseAlarms)
	}
	w := &watcher{b: b, scorer: newScorer(b), level: min(1, rate*b.Width.Hours())}
	if b.Links != nil {
		p, err := b.Links.precision()
		if err != nil {
			return nil, err
		}
		w.precision = p
	}
	return w, nil
}

// distance measures all processes of a bucket together, 0 without links.
func (w *watcher) distance(counts map[string]float64) float64 {
	if w.precision == nil {
		return 0
	}
	l := w.b.Links
	sums := make(map[string]float64, len(l.Names))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if !w.b.callsOnly() || kindOf(name, w.b.ByKind) == "syscall" {
			sums[processOf(name, w.b.ByKind)] += counts[name]
		}
	}
	return l.distance(w.precision, func(j int) float64 { return sums[l.Names[j]] })
}

// push judges the bucket that starts at time t. It returns the alert that this
// bucket ended, or nil.
func (w *watcher) push(t float64, counts map[string]float64) (Verdict, *Alert) {
	if w.last != 0 && t-w.last > 1.5*w.b.Width.Seconds() {
		w.scorer.before, w.distances = nil, nil
	}
	w.last = t
	e := w.scorer.raw(counts)
	v := Verdict{Time: t, Sources: e.found, Distance: w.distance(counts), MaxZ: e.z}
	if v.Sources == nil {
		v.Sources = []Finding{}
	}
	far, since := steadily(v.Distance, w.distances)
	w.distances = remember(w.distances, v.Distance)
	p := w.b.probabilities(measures{e.score, e.steady, v.Distance, far})
	v.ProcessP, v.DistanceP, v.SteadyP = p.process, p.distance, p.steady()
	v.Score = p.score(w.b.Buckets)
	v.P = pooled(w.b.Joint, v.Score)
	// Each of the two tests may spend half of the false alarms.
	v.Raised = v.P <= w.level/2 || v.SteadyP <= w.level/2
	v.Alert = v.Raised
	back := 0
	if v.SteadyP <= w.level/2 {
		if back = e.back; p.steadyDistance < p.steadyProcess {
			back = since
		}
	}
	return v, w.update(v, back)
}

// update begins, goes on with or ends an alert. A new one began some buckets
// back.
func (w *watcher) update(v Verdict, back int) *Alert {
	width := w.b.Width.Seconds()
	if !v.Raised {
		if w.open == nil {
			return nil
		}
		if w.open.calm++; w.open.calm < patience {
			return nil
		}
		return w.close()
	}
	if w.open == nil {
		w.open = &opened{alert: Alert{Start: v.Time, P: 1, Edges: []Change{}}, sums: map[string]*Finding{}}
		w.open.alert.Start -= float64(back) * width
	}
	o := w.open
	o.calm = 0
	o.buckets++
	o.alert.End = v.Time + width
	o.alert.Score = math.Max(o.alert.Score, v.Score)
	o.alert.P = min(o.alert.P, v.P, v.SteadyP)
	for _, f := range v.Sources {
		sum := o.sums[f.Name]
		if sum == nil {
			if len(o.sums) >= mostNames {
				continue
			}
			sum = &Finding{Name: f.Name}
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
			all[i].Value = s.Value
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
	w.open = nil
	return &a
}

// current is the alert as far as it is known.
func (o *opened) current() Alert {
	a := o.alert
	a.Sources = make([]Finding, 0, len(o.sums))
	for _, f := range o.sums {
		n := float64(o.buckets)
		mean := Finding{Name: f.Name, Score: f.Score / n, Why: slices.Clone(f.Why)}
		for i := range mean.Why {
			mean.Why[i].Score /= n
		}
		slices.SortFunc(mean.Why, func(x, y Sign) int {
			return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Source, y.Source), cmp.Compare(x.State, y.State))
		})
		mean.Why = mean.Why[:min(len(mean.Why), mostSigns)]
		a.Sources = append(a.Sources, mean)
	}
	rank(a.Sources)
	a.Sources = a.Sources[:min(len(a.Sources), mostFindings)]
	return a
}

// String tells the alert in one line.
func (a Alert) String() string {
	names := make([]string, 0, 3)
	for _, f := range a.Sources[:min(3, len(a.Sources))] {
		why := ""
		if len(f.Why) > 0 {
			why = " (" + f.Why[0].String() + ")"
		}
		names = append(names, f.Name+why)
	}
	return fmt.Sprintf("%.0f s, score %.1f: %s", a.End-a.Start, a.Score, strings.Join(names, "; "))
}
