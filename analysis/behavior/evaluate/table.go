package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// highestRate is how many false alarms an hour a detector may raise when its
// delays are compared.
const highestRate = 6.0

// soon is the delay, in seconds, within which a fault should be found.
const soon = 5

func (o options) print(ds []detector, runs []*run) {
	fmt.Printf("learned from %s, scored %s, %s\n\n", strings.Join(o.train, " and "), strings.Join(o.test, " and "), o.file)
	fmt.Printf("%-18s %10s %14s %9s %9s\n", "", "mean AUC", "found in 5 s", "top 1", "top 3")
	faults := 0
	for _, r := range runs {
		faults += len(r.faults)
	}
	for _, d := range ds {
		auc, found, top1, top3 := 0.0, 0, 0, 0
		threshold := d.threshold(runs)
		for i, r := range runs {
			for _, f := range r.faults {
				auc += d.auc(i, r, f) / float64(faults)
				if d.delay(i, r, f, threshold) <= soon {
					found++
				}
				rank := d.rank(i, r, f)
				if o.verbose {
					fmt.Printf("  %-16s %s %-14s AUC %.4f, found after %.1f s, culprit is number %d of %s\n", d.name, r.name, f.kind, d.auc(i, r, f), d.delay(i, r, f, threshold), rank, strings.Join(d.leaders(i, r, f), ", "))
				}
				if rank == 1 {
					top1++
				}
				if rank >= 1 && rank <= 3 {
					top3++
				}
			}
		}
		if o.verbose {
			d.printOdd(runs)
		}
		hits := []string{"-", "-"}
		if d.ranks != nil {
			hits = []string{fmt.Sprintf("%d/%d", top1, faults), fmt.Sprintf("%d/%d", top3, faults)}
		}
		fmt.Printf("%-18s %10.4f %14s %9s %9s\n", d.name, auc, fmt.Sprintf("%d/%d", found, faults), hits[0], hits[1])
	}
	fmt.Printf("\nmean AUC: over the faults, area under ROC of the buckets at least half inside the fault against those at least a bucket away from any fault\n")
	fmt.Printf("found in 5 s: at the lowest threshold with at most %g false alarms an hour in these runs, or one\n", highestRate)
}

// auc is the probability that a bucket of the fault scores above a normal one.
func (d detector) auc(i int, r *run, f fault) float64 {
	wins, pairs := 0.0, 0.0
	for _, p := range r.during(f) {
		for _, n := range r.normal() {
			switch a, b := d.scores[i][p], d.scores[i][n]; {
			case a > b:
				wins++
			case a == b:
				wins += 0.5
			}
			pairs++
		}
	}
	return wins / pairs
}

// threshold is the lowest score to alert above that keeps within the highest rate of false alarms.
// Where the runs are too short to judge a rate, one false alarm is allowed.
func (d detector) threshold(runs []*run) float64 {
	var scores []float64
	hours := 0.0
	for i, r := range runs {
		hours += r.normalHours()
		for _, n := range r.normal() {
			scores = append(scores, d.scores[i][n])
		}
	}
	sort.Sort(sort.Reverse(sort.Float64Slice(scores)))
	best := math.Inf(1)
	for _, t := range scores {
		alarms := 0
		for i, r := range runs {
			alarms += len(d.falseAlarms(i, r, t))
		}
		if float64(alarms) > max(1, highestRate*hours) {
			break
		}
		best = t
	}
	return best
}

// falseAlarms are the times of stretches of buckets above the threshold that
// no fault explains; buckets less than three apart make one stretch.
func (d detector) falseAlarms(i int, r *run, threshold float64) []float64 {
	var out []float64
	last := -10
	for k, s := range d.scores[i] {
		t := r.series.Times[k]
		if !(s > threshold) || r.explained(t, t+r.series.Every.Seconds()) {
			continue
		}
		if k-last > 3 {
			out = append(out, t)
		}
		last = k
	}
	return out
}

// delay is the time from the start of the fault to the end of the first
// bucket above the threshold, infinite if there is none.
func (d detector) delay(i int, r *run, f fault, threshold float64) float64 {
	for k := range r.series.Times {
		if r.overlap(k, f) > 0 && d.scores[i][k] > threshold {
			return r.series.Times[k] + r.series.Every.Seconds() - f.start
		}
	}
	return math.Inf(1)
}

// leaders are the processes ranked by their mean score during the fault.
func (d detector) leaders(i int, r *run, f fault) []string {
	if d.ranks == nil {
		return nil
	}
	sums := map[string]float64{}
	for _, k := range r.during(f) {
		for name, s := range d.ranks[i][k] {
			sums[name] += s
		}
	}
	var names []string
	for name := range sums {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case sums[a] > sums[b]:
			return -1
		case sums[a] < sums[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return names[:min(5, len(names))]
}

// rank is the place of the first culprit, 0 if it is not among the leaders.
func (d detector) rank(i int, r *run, f fault) int {
	return 1 + slices.IndexFunc(d.leaders(i, r, f), func(name string) bool { return f.culprits[name] })
}

// firstRaised is the time from the start of the fault to the end of the first
// bucket that raised an alert, infinite if none did.
func firstRaised(r *run, report *behavior.Report, f fault) float64 {
	for _, v := range report.Buckets {
		if end := v.Time + r.series.Every.Seconds(); v.Raised && end > f.start && v.Time < f.end {
			return end - f.start
		}
	}
	return math.Inf(1)
}

// printAlerts prints what the alerts that are raised by default were worth.
func (o options) printAlerts(runs []*run, reports []*behavior.Report) {
	found, faults, wrong, delays := 0, 0, 0, 0.0
	hours := 0.0
	for i, r := range runs {
		hours += r.normalHours()
		for _, f := range r.faults {
			faults++
			if delay := firstRaised(r, reports[i], f); delay <= soon {
				found++
				delays += delay
			}
		}
		for _, a := range reports[i].Alerts {
			if !r.explained(a.Start, a.End) {
				wrong++
			}
			if o.verbose {
				fmt.Printf("  %s %.0f–%.0f s, explained %v: %s\n", r.name, a.Start-r.series.Times[0], a.End-r.series.Times[0], r.explained(a.Start, a.End), a)
			}
		}
	}
	o.table.add("labeled faults", "%d of %d found within %d s, %d false alerts", found, faults, soon, wrong)
	fmt.Printf("\nalerts as raised by default: %d of %d faults found within %d s, mean delay %.1f s; %d false in %.2f h\n", found, faults, soon, delays/float64(max(1, found)), wrong, hours)
}

// levels are the p-values whose meaning is checked.
var levels = []float64{0.2, 0.1, 0.05, 0.02, 0.01}

// calibration is what normal buckets not learned from show.
type calibration struct {
	ps     []float64
	alerts int
	hours  float64
}

// add takes in the buckets of a report that no fault touches.
func (c *calibration) add(r *run, report *behavior.Report) {
	for _, k := range r.normal() {
		t := r.series.Times[k]
		if !r.explained(t, t+r.series.Every.Seconds()) {
			c.ps = append(c.ps, report.Buckets[k].P)
		}
	}
	for _, a := range report.Alerts {
		if !r.explained(a.Start, a.End) {
			c.alerts++
		}
	}
	c.hours += r.normalHours()
}

// share is the part of the buckets with a p-value of at most level.
func (c *calibration) share(level float64) float64 {
	k := 0
	for _, p := range c.ps {
		if p <= level {
			k++
		}
	}
	return float64(k) / float64(len(c.ps))
}

func (c *calibration) join(d calibration) {
	c.ps = append(c.ps, d.ps...)
	c.alerts += d.alerts
	c.hours += d.hours
}

func (c *calibration) print(name string) {
	fmt.Printf("  %-46s", name)
	for _, l := range levels {
		fmt.Printf(" %6.3f", c.share(l))
	}
	fmt.Printf("  %7d %6d %6.2f\n", len(c.ps), c.alerts, c.hours)
}

// printCalibration compares p-values with how often normal buckets not learned
// from fall below them: those of the runs scored, and of each run of a family
// of normal runs, learned from every other one and from all others.
func (o options) printCalibration(ctx context.Context, runs []*run, reports []*behavior.Report) error {
	fmt.Printf("\n%-48s", "part of normal buckets with p at most")
	for _, l := range levels {
		fmt.Printf(" %6.2f", l)
	}
	fmt.Printf("  %7s %6s %6s\n", "buckets", "alerts", "hours")
	var all, normal calibration
	for i, r := range runs {
		var c calibration
		c.add(r, reports[i])
		c.print(strings.Join(o.train, "+") + " → " + r.name)
		all.join(c)
	}
	for _, family := range o.normal {
		c, err := o.leaveOneOut(ctx, family)
		if err != nil {
			return err
		}
		all.join(c)
		normal.join(c)
	}
	all.print("all")
	o.table.add("normal runs, each learned from the others", "%d false alerts in %.2f h, where %.2g are stated", normal.alerts, normal.hours, behavior.FalseAlarms*normal.hours)
	o.table.add("normal buckets of captures with p at most 0.05, 0.01", "%.3f, %.3f of %d", all.share(0.05), all.share(0.01), len(all.ps))
	return nil
}

// leaveOneOut scores each run of a family by what each other one teaches, and
// if there are several by what all others do.
func (o options) leaveOneOut(ctx context.Context, family []string) (calibration, error) {
	var all calibration
	series := make([]*analysis.Series, len(family))
	for i, name := range family {
		s, err := o.load(ctx, name)
		if err != nil {
			return all, err
		}
		series[i] = s
	}
	for i, s := range series {
		held := &run{name: family[i], series: s}
		teachers := [][]int{}
		for k := range series {
			if k != i {
				teachers = append(teachers, []int{k})
			}
		}
		if len(teachers) > 1 {
			teachers = append(teachers, slices.Concat(teachers...))
		}
		for _, ks := range teachers {
			var names []string
			var train []*analysis.Series
			for _, k := range ks {
				names, train = append(names, family[k]), append(train, series[k])
			}
			b, err := behavior.Learn(ctx, train, behavior.Options{ByKind: true})
			if err != nil {
				return all, fmt.Errorf("%s: %w", strings.Join(names, ", "), err)
			}
			report, err := behavior.Score(ctx, b, held.series, behavior.ScoreOptions{})
			if err != nil {
				return all, fmt.Errorf("%s: %w", held.name, err)
			}
			var c calibration
			c.add(held, report)
			if o.verbose {
				c.print(strings.Join(names, "+") + " → " + held.name)
			}
			all.join(c)
		}
	}
	return all, nil
}

// printOnsets learns what each run shows before its first label and scores the
// others whole: their first label is new to it.
func (o options) printOnsets(ctx context.Context) error {
	runs := make([]*run, len(o.before))
	for i, name := range o.before {
		s, err := o.load(ctx, name)
		if err != nil {
			return err
		}
		if runs[i], err = newRun(name, o.recorded, s); err != nil {
			return err
		}
		if len(runs[i].faults) == 0 {
			return fmt.Errorf("%s: no labels", name)
		}
	}
	fmt.Printf("\nlearned from what comes before a run's first label\n")
	for i, teacher := range runs {
		head, err := teacher.head()
		if err != nil {
			return err
		}
		b, err := behavior.Learn(ctx, []*analysis.Series{head}, behavior.Options{ByKind: true})
		if err != nil {
			return fmt.Errorf("%s: %w", teacher.name, err)
		}
		for k, r := range runs {
			if k == i {
				continue
			}
			d, reports, err := scoreOurs(ctx, b, []*run{r})
			if err != nil {
				return err
			}
			var c calibration
			c.add(r, reports[0])
			f := r.faults[0]
			fmt.Printf("  %s → %s: %s found after %.1f s, culprit is number %d of %s; %d false alerts in %d s before\n", teacher.name, r.name, f.kind,
				firstRaised(r, reports[0], f), d.rank(0, r, f), strings.Join(d.leaders(0, r, f), ", "), c.alerts, len(c.ps))
		}
	}
	return nil
}

// printOdd prints the normal buckets with the highest scores.
func (d detector) printOdd(runs []*run) {
	for i, r := range runs {
		normal := r.normal()
		slices.SortFunc(normal, func(a, b int) int { return cmp.Compare(d.scores[i][b], d.scores[i][a]) })
		for _, k := range normal[:min(6, len(normal))] {
			fmt.Printf("  %-16s %s normal bucket at %.0f s scores %.2f\n", d.name, r.name, r.series.Times[k]-r.series.Times[0], d.scores[i][k])
		}
	}
}
