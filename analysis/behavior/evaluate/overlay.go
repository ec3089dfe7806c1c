package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/analysis/source"
)

// overlay merges what the culprits of a fault did into another run, from a third
// of it on. It returns the run, nil if they did nothing during the fault.
func (r *run) overlay(f fault, other *run) *run {
	from := len(other.series.Times) / 3
	rows := r.during(f)
	rows = rows[:min(len(rows), len(other.series.Times)-from)]
	names := slices.Clone(other.series.Names)
	add := map[string]int{} // column in r, by name
	for j, name := range r.series.Names {
		_, process, _ := strings.Cut(name, " ")
		if !f.culprits[process] {
			continue
		}
		active := false
		for _, i := range rows {
			active = active || r.series.Values.At(i, j) != 0
		}
		if active {
			add[name] = j
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(add) == 0 {
		return nil
	}
	x := mat.NewDense(len(other.series.Times), len(names), nil)
	for i := range other.series.Times {
		copy(x.RawRowView(i), other.series.Values.RawRowView(i))
	}
	for j, name := range names {
		if at, ok := add[name]; ok {
			for k, i := range rows {
				x.Set(from+k, j, x.At(from+k, j)+r.series.Values.At(i, at))
			}
		}
	}
	s := *other.series
	s.Names, s.Values, s.Origins = names, x, nil
	w := s.Every.Seconds()
	return &run{name: other.name, series: &s, faults: []fault{{
		start: s.Times[from], end: s.Times[from+len(rows)-1] + w, kind: f.kind, culprits: f.culprits,
	}}}
}

// printOverlays merges each fault into each run of the families of normal runs,
// learned from the others of the family, and from all of it. A killed process
// cannot be merged: those faults are left out.
func (o options) printOverlays(ctx context.Context, runs []*run) error {
	fmt.Printf("\nfaults merged into other runs (found: an alert was raised by then; told of: one raised then or later covers part of the fault)\n")
	for _, family := range o.overlays {
		least, lasting, told, most := math.MaxInt, math.MaxInt, math.MaxInt, 0
		var series []*analysis.Series
		for _, name := range family {
			s, err := o.load(ctx, name)
			if err != nil {
				return err
			}
			series = append(series, s)
		}
		for k := range 2 * len(family) {
			i := k / 2
			name, how, train := family[i], "learned from the others", slices.Delete(slices.Clone(series), i, i+1)
			if k%2 == 1 {
				how, train = "learned from all", series
			}
			b, err := behavior.Learn(ctx, train, behavior.Options{ByKind: true})
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			found, during, covered, named, all := 0, 0, 0, 0, 0
			for _, r := range runs {
				for _, f := range r.faults {
					if f.kind == "backend_down" {
						continue
					}
					with := r.overlay(f, &run{name: name, series: series[i]})
					if with == nil {
						continue
					}
					report, err := behavior.Score(ctx, b, with.series, behavior.ScoreOptions{})
					if err != nil {
						return err
					}
					all++
					delay := firstRaised(with, report, with.faults[0])
					d := rankings(report)
					rank := d.rank(0, with, with.faults[0])
					if delay <= soon {
						found++
					}
					if !math.IsInf(delay, 1) {
						during++
					}
					if slices.ContainsFunc(report.Alerts, func(a behavior.Alert) bool {
						return a.Start < with.faults[0].end && a.End > with.faults[0].start
					}) {
						covered++
					}
					if rank >= 1 && rank <= 3 {
						named++
					}
					if o.verbose {
						fmt.Printf("    %s %s in %s: found after %.1f s, culprit is number %d of %s\n", r.name, f.kind, name, delay, rank, strings.Join(d.leaders(0, with, with.faults[0]), ", "))
					}
				}
			}
			alone, err := behavior.Score(ctx, b, series[i], behavior.ScoreOptions{})
			if err != nil {
				return err
			}
			fmt.Printf("  %-14s %-24s %d of %d found within %d s, %d while they last, %d told of sooner or later, culprit among the first three %d of %d; %d alerts without a fault\n", name, how, found, all, soon, during, covered, named, all, len(alone.Alerts))
			least, lasting, told, most = min(least, found), min(lasting, during), min(told, covered), max(most, all)
		}
		o.table.add("faults merged into "+strings.Join(family, " and ")+", at the least", "%d of %d found within %d s, %d while they last, %d told of", least, most, soon, lasting, told)
	}
	return nil
}

// rankings are the rankings of one report.
func rankings(report *behavior.Report) detector {
	d := detector{ranks: make([][]map[string]float64, 1)}
	for _, v := range report.Buckets {
		rank := map[string]float64{}
		for _, f := range v.Sources {
			rank[f.Name] = f.Score
		}
		d.ranks[0] = append(d.ranks[0], rank)
	}
	return d
}

// printSingles learns from one normal run at a time.
func (o options) printSingles(ctx context.Context, train []*analysis.Series, runs []*run) error {
	fmt.Printf("\nlearned from one run alone\n")
	least, faults := math.MaxInt, 0
	for i, s := range train {
		b, err := behavior.Learn(ctx, []*analysis.Series{s}, behavior.Options{ByKind: true})
		if err != nil {
			return err
		}
		_, reports, err := scoreOurs(ctx, b, runs)
		if err != nil {
			return err
		}
		found, all, wrong := 0, 0, 0
		for k, r := range runs {
			for _, f := range r.faults {
				all++
				if firstRaised(r, reports[k], f) <= soon {
					found++
				} else if o.verbose {
					fmt.Printf("    %s: %s %s not found\n", o.train[i], r.name, f.kind)
				}
			}
			for _, a := range reports[k].Alerts {
				if !r.explained(a.Start, a.End) {
					wrong++
				}
			}
		}
		fmt.Printf("  %-16s %d of %d faults found within %d s, %d false alerts\n", o.train[i], found, all, soon, wrong)
		least, faults = min(least, found), all
	}
	o.table.add("learned from one run alone, at the least", "%d of %d found within %d s", least, faults, soon)
	return nil
}

// printRenames gives the culprits of each fault the name of each observer and of each thread of the
// kernel that was left out: the culprits must be found as before, or it must be reported what was
// left out.
func (o options) printRenames(ctx context.Context, whole *behavior.Behavior, train []*analysis.Series, runs []*run) error {
	names := append(slices.Clone(analysis.Observers), whole.Ignored...)
	slices.Sort(names)
	names = slices.Compact(names)
	found, told, missed := 0, 0, []string{}
	for _, r := range runs {
		for _, f := range r.faults {
			for _, name := range names {
				with, b := r.renamed(f, name), whole
				for process := range f.culprits {
					if _, known := whole.Presence[process]; !known {
						continue
					}
					// The culprit was there while learning, under the other name.
					var renamed []*analysis.Series
					for _, s := range train {
						renamed = append(renamed, (&run{series: s}).renamed(f, name).series)
					}
					var err error
					if b, err = behavior.Learn(ctx, renamed, behavior.Options{ByKind: true}); err != nil {
						return err
					}
					break
				}
				report, err := behavior.Score(ctx, b, with.series, behavior.ScoreOptions{})
				if err != nil {
					return err
				}
				if d := rankings(report); firstRaised(with, report, f) <= soon && d.rank(0, with, with.faults[0]) == 1 {
					found++
				} else if slices.ContainsFunc(append(report.Notes, b.Notes...), func(n string) bool {
					return strings.HasPrefix(n, "left out by name alone") && strings.Contains(n, name+" (")
				}) {
					told++
				} else {
					missed = append(missed, fmt.Sprintf("%s %s as %s", r.name, f.kind, name))
				}
			}
		}
	}
	fmt.Printf("\nculprits renamed to each of %d observers and threads of the kernel: %d found as the first, %d told to be left out, %d neither\n", len(names), found, told, len(missed))
	o.table.add("culprits renamed", "%d found as the first, %d told, %d neither", found, told, len(missed))
	for _, m := range missed[:min(len(missed), 5)] {
		fmt.Println("  neither:", m)
	}
	return nil
}

// renamed is the run with the culprits of the fault under another name, as a
// tracer that counts by name would print it: what they do adds to what another
// process of that name does.
func (r *run) renamed(f fault, name string) *run {
	s := *r.series
	s.Names, s.Origins = nil, nil
	at := map[string]int{}
	to := make([]int, len(r.series.Names))
	for j, source := range r.series.Names {
		kind, process, _ := strings.Cut(source, " ")
		if f.culprits[process] {
			source = kind + " " + name
		}
		k, known := at[source]
		if !known {
			k = len(s.Names)
			at[source] = k
			s.Names = append(s.Names, source)
			if r.series.Origins != nil {
				s.Origins = append(s.Origins, r.series.Origins[j])
			}
		}
		to[j] = k
	}
	s.Values = mat.NewDense(len(s.Times), len(s.Names), nil)
	for i := range s.Times {
		for j, k := range to {
			s.Values.Set(i, k, s.Values.At(i, k)+r.series.Values.At(i, j))
		}
	}
	// A process that makes system calls is no thread of the kernel.
	if _, calls := at["syscall "+name]; calls && s.Origins != nil {
		for j, column := range s.Names {
			if _, process, _ := strings.Cut(column, " "); process == name {
				s.Origins[j] = source.Process
			}
		}
	}
	f.culprits = map[string]bool{name: true}
	return &run{name: r.name, series: &s, faults: []fault{f}}
}
