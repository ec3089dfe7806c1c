package main

import (
	"io/fs"
	"testing"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// recorded are the labeled captures that come with the module.
func recorded(t *testing.T) fs.FS {
	fsys, err := dtracefs.Open("../../../dtracefs/testdata/recorded/captures.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// TestRealFaults holds what behaviors are for against real captures: every
// fault is found within five seconds, and its culprit is among the first three.
func TestRealFaults(t *testing.T) {
	o := options{recorded: recorded(t), file: "persec.dtrace.txt", test: []string{"web-faulty/run1", "web-faulty/run2"}}
	var train []*analysis.Series
	for _, name := range []string{"web/run1", "web/run2"} {
		s, err := o.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		train = append(train, s)
	}
	b, err := behavior.Learn(t.Context(), train, behavior.Options{ByKind: true})
	if err != nil {
		t.Fatal(err)
	}
	var runs []*run
	for _, name := range o.test {
		s, err := o.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newRun(name, o.recorded, s)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
	d, reports, err := scoreOurs(t.Context(), b, runs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range runs {
		for _, f := range r.faults {
			if auc := d.auc(i, r, f); auc < 0.99 {
				t.Errorf("%s %s: area under ROC %.4f", r.name, f.kind, auc)
			}
			if rank := d.rank(i, r, f); rank < 1 || rank > 3 {
				t.Errorf("%s %s: culprit is number %d of %v", r.name, f.kind, rank, d.leaders(i, r, f))
			}
			if delay := firstRaised(r, reports[i], f); delay > soon {
				t.Errorf("%s %s: found after %.1f s", r.name, f.kind, delay)
			}
		}
	}
}

// TestCalibration holds what p-values are for: on normal runs not learned from,
// no more than twice as many buckets fall below a level as it says.
func TestCalibration(t *testing.T) {
	for _, file := range []string{"persec.dtrace.txt", "persec.bpftrace.txt"} {
		o := options{recorded: recorded(t), file: file}
		for _, family := range [][]string{{"web/run1", "web/run2"}, {"batch/run1", "batch/run2"}} {
			c, err := o.leaveOneOut(t.Context(), family)
			if err != nil {
				t.Fatal(err)
			}
			for _, level := range levels {
				if share := c.share(level); share > 2*level {
					t.Errorf("%s, %s: p ≤ %v in %.3f of %d normal buckets", file, family, level, share, len(c.ps))
				}
			}
		}
	}
}

// TestSimulated holds that p-values mean what they say down to one in a
// thousand, within a factor of two where enough was learned from; where little
// was, they promise no more than they keep. The command judges three times as many
// buckets of each system, for its interval.
func TestSimulated(t *testing.T) {
	if testing.Short() {
		t.Skip("many buckets")
	}
	for _, c := range fewAndMany {
		below, err := simulated(t.Context(), c.sources, c.learned, 4000, c.systems)
		if err != nil {
			t.Fatal(err)
		}
		for i, level := range rareLevels {
			if p := below[i].mean; p > 2*level || p < level/2 {
				t.Errorf("%d sources, learned from %d buckets: p at most %g in %.5f of normal buckets", c.sources, c.learned, level, p)
			}
		}
	}
}

// TestLearnedOnAlarms holds the same while a watch learns on from it, as what is old is forgotten;
// the command measures it over a day.
func TestLearnedOnAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("many buckets")
	}
	const hours = 4
	for _, halfLife := range halfLives {
		for seed, l := range learners {
			n, err := l.alerts(t.Context(), uint64(seed), halfLife, hours)
			if err != nil {
				t.Fatal(err)
			}
			if rate := float64(n) / hours; rate > behavior.FalseAlarms {
				t.Errorf("half-life %v, %+v: %.1f alerts an hour", halfLife, l, rate)
			}
		}
	}
}

// TestSimulatedAlarms holds that normal running raises no more alerts than
// stated, also where buckets that follow each other are alike.
func TestSimulatedAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("many buckets")
	}
	for _, c := range restless {
		rate, err := alarms(t.Context(), c.alike, c.learned, 7200, 3)
		if err != nil {
			t.Fatal(err)
		}
		if rate > behavior.FalseAlarms {
			t.Errorf("correlation %g, learned from %d buckets: %.1f alerts an hour", c.alike, c.learned, rate)
		}
	}
}
