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

// threshold is the lowest score to alert above that keeps within the highest
// rate of false alarms. Runs that are too short to tell may raise one.
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
		if !(s > threshold) || r.explained(t, t+r.series.Width.Seconds()) {
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
			return r.series.Times[k] + r.series.Width.Seconds() - f.start
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
		if end := v.Time + r.series.Width.Seconds(); v.Raised && end > f.start && v.Time < f.end {
			return end - f.start
		}
	}
	return math.Inf(1)
}

// printAlerts tells what the alerts raised by default were worth.
func printAlerts(runs []*run, reports []*behavior.Report, verbose bool) {
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
			if verbose {
				fmt.Printf("  %s %.0f–%.0f s, explained %v: %s\n", r.name, a.Start-r.series.Times[0], a.End-r.series.Times[0], r.explained(a.Start, a.End), a)
			}
		}
	}
	fmt.Printf("\nalerts as raised by default: %d of %d faults found within %d s, mean delay %.1f s; %d false in %.2f h\n", found, faults, soon, delays/float64(max(1, found)), wrong, hours)
}

// falseAlarms compares p-values with how often normal buckets fall below them.
func (o options) falseAlarms(ctx context.Context, train []*analysis.Series, runs []*run, reports []*behavior.Report) error {
	levels := []float64{0.2, 0.1, 0.05, 0.02, 0.01}
	fmt.Printf("\npart of normal buckets with p at most %v:\n", levels)
	var ps []float64
	for i, r := range runs {
		var own []float64
		for _, k := range r.normal() {
			t := r.series.Times[k]
			if !r.explained(t, t+r.series.Width.Seconds()) {
				own = append(own, reports[i].Buckets[k].P)
			}
		}
		printLevels(r.name+", outside of faults", own, levels)
		ps = append(ps, own...)
	}
	printLevels("both", ps, levels)
	if len(train) < 2 {
		return nil
	}
	for i, held := range train {
		rest := slices.Concat(train[:i], train[i+1:])
		b, err := behavior.LearnContext(ctx, rest, behavior.Options{ByKind: true})
		if err != nil {
			return err
		}
		report, err := behavior.Score(b, held)
		if err != nil {
			return err
		}
		var own []float64
		for _, v := range report.Buckets {
			own = append(own, v.P)
		}
		printLevels(fmt.Sprintf("%s, learned from the others (%d alerts)", o.train[i], len(report.Alerts)), own, levels)
	}
	return nil
}

func printLevels(name string, ps, levels []float64) {
	fmt.Printf("  %-50s", name)
	for _, l := range levels {
		k := 0
		for _, p := range ps {
			if p <= l {
				k++
			}
		}
		fmt.Printf(" %7.3f", float64(k)/float64(len(ps)))
	}
	fmt.Printf("  of %d\n", len(ps))
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
