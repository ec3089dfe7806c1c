package behavior

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// A gauge that wanders is told of when it is learned, and one that comes back is not, however
// slowly.
func TestWanders(t *testing.T) {
	const n, seeds = 1000, 20
	count := func(stay, noise float64) (found int) {
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 5))
			x, level := make([]float64, n), 0.0
			for i := range x {
				level = float64(stay*level) + rng.NormFloat64()
				x[i] = level + float64(noise*rng.NormFloat64())
			}
			if wanders(x, false) {
				found++
			}
		}
		return found
	}
	for _, c := range []struct {
		stay, noise float64
		least, most int
	}{{1, 0, 19, seeds}, {1, 0.5, 19, seeds}, {0, 0, 0, 0}, {0.9, 0, 0, 0}, {0.95, 1, 0, 1}} {
		if got := count(c.stay, c.noise); got < c.least || got > c.most {
			t.Errorf("levels that stay by %v under noise of %v: %d of %d wander, want %d to %d", c.stay, c.noise, got, seeds, c.least, c.most)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	x, level := mat.NewDense(600, 2, nil), 0.0
	for i := range 600 {
		level += rng.NormFloat64()
		x.SetRow(i, []float64{level, rng.NormFloat64()})
	}
	s, err := analysis.NewSeries([]string{"walk", "steady"}, 0, 1e9, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Learn(t.Context(), []*analysis.Series{s}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "wander without a level of their own, and are judged by their steps: walk") {
		t.Errorf("learned:\n%s", text)
	}
}

// A wandering system has three levels that wander, each with steps of its own kind, beside four
// that follow a load.
type wandering struct {
	rng   *rand.Rand
	kind  string
	level [3]float64
	step  [3]float64
	time  float64
}

func newWandering(seed uint64, kind string) *wandering {
	return &wandering{rng: rand.New(rand.NewPCG(seed, 17)), kind: kind, time: 1e6}
}

// buckets are that many more. In one of them, the first level jumps so far.
func (w *wandering) buckets(t testing.TB, n, at int, jump float64) *analysis.Series {
	t.Helper()
	x, names := mat.NewDense(n, 7, nil), make([]string, 7)
	for j := range names {
		if names[j] = fmt.Sprint("steady ", j); j < 3 {
			names[j] = fmt.Sprint("walk ", j)
		}
	}
	for i := range n {
		load := w.rng.NormFloat64()
		for j := range names {
			noise := w.rng.NormFloat64()
			if j >= 3 {
				x.Set(i, j, 50+float64(2*load)+noise)
				continue
			}
			step, read := noise, 0.0
			switch w.kind {
			case "heavy": // Student's t of three degrees of freedom
				squares := 0.0
				for range 3 {
					v := w.rng.NormFloat64()
					squares += float64(v * v)
				}
				step /= math.Sqrt(squares / 3)
			case "common":
				step += load
			case "lazy":
				if w.rng.IntN(10) < 7 {
					step = 0
				}
			case "smooth":
				step += float64(0.6 * w.step[j])
			case "noisy":
				read = w.rng.NormFloat64()
			}
			w.step[j] = step
			if w.level[j] += step; i == at && j == 0 {
				w.level[j] += jump
			}
			x.Set(i, j, 1000+float64(w.level[j]+read)*math.Pow(10, float64(j)))
		}
	}
	s, err := analysis.NewSeries(names, w.time, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	w.time += float64(n)
	return s
}

// Levels that wander raise no more alerts than stated on more normal running, and a jump of one
// is found, whatever their steps are like and from however much was learned.
func TestWalksAreJudgedByTheirSteps(t *testing.T) {
	const seeds, hours = 6, 0.6
	for _, learned := range []int{300, 2000} {
		walks, steady, alerts, found, systems := 0, 0, 0, 0, 0
		for _, kind := range []string{"plain", "common", "lazy", "smooth", "noisy"} {
			for seed := range uint64(seeds) {
				systems++
				w := newWandering(seed, kind)
				b, err := Learn(t.Context(), []*analysis.Series{w.buckets(t, learned, -1, 0)}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				for name, s := range b.Sources {
					if s.Value == Walk && strings.HasPrefix(name, "walk") {
						walks++
					} else if s.Value == Walk {
						steady++
					}
				}
				alerts += len(scoreWalks(t, b, w.buckets(t, int(hours*3600), -1, 0)).Alerts)
				s := w.buckets(t, 60, 30, 14)
				if slices.ContainsFunc(scoreWalks(t, b, s).Alerts, func(a Alert) bool { return a.Start <= s.Times[30] && a.End > s.Times[30] }) {
					found++
				}
			}
		}
		if 20*walks < 19*3*systems || steady > 0 {
			t.Errorf("%d buckets: %d of %d levels that wander are taken for walks, and %d of those that do not", learned, walks, 3*systems, steady)
		}
		if rate := float64(alerts) / (float64(systems) * hours); rate > FalseAlarms {
			t.Errorf("%d buckets: %.1f alerts an hour", learned, rate)
		}
		if 10*found < 9*systems {
			t.Errorf("%d buckets: %d of %d jumps found", learned, found, systems)
		}
		t.Logf("%d buckets: %d walks of %d, %d alerts in %.0f h, %d of %d jumps found", learned, walks, 3*systems, alerts, float64(systems)*hours, found, systems)
	}
}

// Where steps have heavy tails, no more alerts are raised than stated, and jumps are found that are
// rarer than that: one in 230,000 steps goes as far as this one, one in 29,000 half as far.
func TestHeavySteps(t *testing.T) {
	const seeds = 6
	alerts, found := 0, 0
	for seed := range uint64(seeds) {
		w := newWandering(seed, "heavy")
		b, err := Learn(t.Context(), []*analysis.Series{w.buckets(t, 2000, -1, 0)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		alerts += len(scoreWalks(t, b, w.buckets(t, 3600, -1, 0)).Alerts)
		s := w.buckets(t, 60, 30, 80)
		if slices.ContainsFunc(scoreWalks(t, b, s).Alerts, func(a Alert) bool { return a.Start <= s.Times[30] && a.End > s.Times[30] }) {
			found++
		}
	}
	if rate := float64(alerts) / seeds; rate > FalseAlarms || found < seeds-1 {
		t.Errorf("%.1f alerts an hour, %d of %d jumps found", rate, found, seeds)
	}
}

func scoreWalks(t testing.TB, b *Behavior, s *analysis.Series) *Report {
	t.Helper()
	r, err := Score(t.Context(), b, s, ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is judged by its steps stays so in a file, in a merged behavior, as it is learned on, and
// over a restart.
func TestWalksStaySo(t *testing.T) {
	w := newWandering(2, "plain")
	learned := func(n int, opts Options) *Behavior {
		b, err := Learn(t.Context(), []*analysis.Series{w.buckets(t, n, -1, 0)}, opts)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b, other := learned(600, Options{}), learned(600, Options{})
	levels := learned(600, Options{Values: map[string]Value{"walk 0": Gauge}})
	if text := levels.String(); !strings.Contains(text, "judged by it, as was said") || levels.Sources["walk 0"].Value != Gauge {
		t.Errorf("told to be a gauge:\n%s", text)
	}
	read, err := b.clone()
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(b, other)
	if err != nil {
		t.Fatal(err)
	}
	on := b
	for range 3 {
		if on, err = on.LearnOn(t.Context(), []*analysis.Series{w.buckets(t, 600, -1, 0)}, 10*time.Minute, ScoreOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	mixed := map[string]*Behavior{}
	for name, list := range map[string][]*Behavior{"walk first": {b, levels}, "walk last": {levels, b}} {
		if mixed[name], err = Merge(list...); err != nil {
			t.Fatal(err)
		}
		if text := mixed[name].String(); !strings.Contains(text, "taken for a walk by a part of what is merged, and known from that alone: walk 0") {
			t.Errorf("%s:\n%s", name, text)
		}
		if s := mixed[name].Sources["walk 0"]; !reflect.DeepEqual(s.Upper, b.Sources["walk 0"].Upper) {
			t.Errorf("%s: the tail is not that of the steps", name)
		}
	}
	fading, err := MergeFading(time.Hour, b, levels)
	if err != nil {
		t.Fatal(err)
	}
	if v := fading.Sources["walk 0"].Value; v != Gauge {
		t.Errorf("taken for a %s, though the newer behavior has a gauge", v)
	}
	if c, err := Compare(b, levels); err != nil || !strings.Contains(c.String(), "of another kind than the other: walk 0") {
		t.Errorf("compared: %v, %v", c, err)
	}
	normal, odd := w.buckets(t, 1000, -1, 0), w.buckets(t, 60, 30, 14)
	for name, b := range map[string]*Behavior{"read": read, "merged": merged, "learned on": on, "walk first": mixed["walk first"], "walk last": mixed["walk last"]} {
		if err := b.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v := b.Sources["walk 0"].Value; v != Walk {
			t.Errorf("%s: walk 0 is a %s", name, v)
		}
		if r := scoreWalks(t, b, normal); len(r.Alerts) > 1 {
			t.Errorf("%s: %v", name, r.Alerts)
		}
		r := scoreWalks(t, b, odd)
		if len(r.Alerts) == 0 || r.Alerts[0].Start != odd.Times[30] || !strings.Contains(r.Alerts[0].String(), "step of walk 0 1") {
			t.Errorf("%s: %v", name, r.Alerts)
		}
	}
	// A watcher that goes on where another was judges the jump in its first bucket.
	var updates []Update
	watcher, err := NewWatcher(b, ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, now := range odd.Times[:34] {
		if i == 30 {
			next, err := NewWatcher(b, ScoreOptions{})
			if err != nil {
				t.Fatal(err)
			}
			next.Remember(watcher.Memory())
			watcher = next
		}
		u, err := watcher.Push(t.Context(), Bucket{Time: now, Counts: b.row(odd, i)})
		if err != nil {
			t.Fatal(err)
		}
		updates = append(updates, u)
	}
	if !updates[30].Verdict.Raised || updates[29].Verdict.Raised {
		t.Errorf("over a restart: %v, %v", updates[29], updates[30])
	}
	// What was accepted is normal from then on.
	all, err := NewWatcher(b, ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var alert *Alert
	for i, now := range odd.Times {
		u, err := all.Push(t.Context(), Bucket{Time: now, Counts: b.row(odd, i)})
		if err != nil {
			t.Fatal(err)
		}
		if u.Ended {
			alert = u.Alert
		}
	}
	if alert == nil {
		t.Fatal("no alert ended")
	}
	kept := all.Buckets(alert.Start, alert.End)
	for range 5 {
		accepted, err := b.Accept(kept)
		if err != nil {
			t.Fatal(err)
		}
		b = accepted
	}
	if s := b.Sources["walk 0"].Upper.Beyond; s[len(s)-1] < 10 {
		t.Errorf("accepted a jump, and the farthest step is %v", s[len(s)-1])
	}
}

// Where values are missing a walk goes on, and after a pause none of its steps is known.
func TestStepsOverGaps(t *testing.T) {
	p := newPreparer(&Source{Value: Walk}, Skip, time.Second)
	var got []float64
	for _, v := range [][2]float64{{0, 5}, {1, 6}, {2, math.NaN()}, {3, math.NaN()}, {4, math.NaN()}, {5, 10}, {60, 3}, {61, 4}} {
		got = append(got, p.count(v[1], v[0]))
	}
	nan := math.NaN()
	if want := []float64{nan, 1, nan, nan, nan, 2, nan, 1}; !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
		t.Errorf("steps %v, want %v", got, want)
	}
}
