package main

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// printBench scores a public set: folders of NAME.train.csv.gz, NAME.test.csv.gz
// and NAME.labels.csv, whose rows are the first and the last abnormal row of the
// test part. Detectors see the same rows.
func (o options) printBench(ctx context.Context) error {
	if o.bench == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(o.bench, "*.train.csv.gz"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		fmt.Printf("\n%s holds no *.train.csv.gz: left out\n", o.bench)
		return nil
	}
	all := benchSums{byName: map[string]*benchSum{}, files: float64(len(files))}
	for _, file := range files {
		if err := o.benchServer(ctx, file, &all); err != nil {
			return err
		}
	}
	fmt.Printf("\n%s, %d servers, learned from train, scored test\n%-18s %8s %8s %14s\n", filepath.Base(o.bench), len(files), "", "ROC", "PR", "events hit")
	var best benchSum
	for i, name := range all.order {
		s := all.byName[name]
		fmt.Printf("%-18s %8.3f %8.3f %14s\n", name, s.roc, s.pr, fmt.Sprintf("%.0f/%.0f", s.hit, s.events))
		if i > 0 {
			best = benchSum{roc: max(best.roc, s.roc), pr: max(best.pr, s.pr), hit: max(best.hit, s.hit)}
		}
	}
	fmt.Printf("events hit: at the lowest threshold with at most one false alarm in 600 normal buckets, without point adjustment\nalerts as raised by default: %.0f, %.0f of them true\n", all.alerts, all.right)
	us := all.byName[all.order[0]]
	o.table.add(filepath.Base(o.bench)+": ROC, PR, events hit", "%.3f, %.3f, %.0f of %.0f; the best of %d others on each: %.3f, %.3f, %.0f", us.roc, us.pr, us.hit, us.events, len(all.order)-1, best.roc, best.pr, best.hit)
	return nil
}

// benchSums are the means over all servers, by detector.
type benchSums struct {
	byName        map[string]*benchSum
	order         []string
	files         float64
	alerts, right float64
}

type benchSum struct{ roc, pr, events, hit float64 }

// benchServer learns and scores one server.
func (o options) benchServer(ctx context.Context, file string, all *benchSums) error {
	name := strings.TrimSuffix(file, ".train.csv.gz")
	train, err := readGauges(file)
	if err != nil {
		return err
	}
	test, err := readGauges(name + ".test.csv.gz")
	if err != nil {
		return err
	}
	r, err := benchRun(name, test)
	if err != nil {
		return err
	}
	began := time.Now()
	b, err := behavior.Learn(ctx, []*analysis.Series{train}, behavior.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	ours, reports, err := scoreOurs(ctx, b, []*run{r})
	if err != nil {
		return err
	}
	if o.verbose {
		fmt.Printf("  %s: %d gauges of %d sources, %.1f s\n", filepath.Base(name), gauges(b), len(b.Sources), time.Since(began).Seconds())
	}
	m := plainMatrix(train, test)
	detectors := []detector{ours, m.maxZ()}
	if o.python != "" {
		peers, err := m.peers(ctx, o.python, o.peers)
		if err != nil {
			return err
		}
		detectors = append(detectors, peers...)
	}
	for _, d := range detectors {
		s := all.byName[d.name]
		if s == nil {
			s = &benchSum{}
			all.byName[d.name], all.order = s, append(all.order, d.name)
		}
		roc, pr := curves(d.scores[0], r)
		s.roc, s.pr = s.roc+roc/all.files, s.pr+pr/all.files
		threshold := d.threshold([]*run{r})
		for _, f := range r.faults {
			s.events++
			if !math.IsInf(d.delay(0, r, f, threshold), 1) {
				s.hit++
			}
		}
		if o.verbose {
			fmt.Printf("    %-18s ROC %.3f PR %.3f\n", d.name, roc, pr)
		}
	}
	for _, a := range reports[0].Alerts {
		all.alerts++
		if slices.ContainsFunc(r.faults, func(f fault) bool { return a.Start < f.end && f.start < a.End }) {
			all.right++
		}
	}
	return nil
}

func gauges(b *behavior.Behavior) int {
	n := 0
	for _, s := range b.Sources {
		if s.Value == behavior.Gauge {
			n++
		}
	}
	return n
}

func readGauges(path string) (*analysis.Series, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return analysis.ReadCSV(z, path, analysis.CSVOptions{})
}

func benchRun(name string, test *analysis.Series) (*run, error) {
	f, err := os.Open(name + ".labels.csv")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	r := &run{name: filepath.Base(name), series: test}
	for _, row := range rows[1:] {
		first, err1 := strconv.Atoi(row[0])
		last, err2 := strconv.Atoi(row[1])
		if err1 != nil || err2 != nil || first < 0 || last >= len(test.Times) {
			return nil, fmt.Errorf("%s: rows from %q to %q", f.Name(), row[0], row[1])
		}
		r.faults = append(r.faults, fault{start: test.Times[first], end: test.Times[last] + test.Every.Seconds(), kind: "event"})
	}
	return r, nil
}

// curves are the areas under ROC and precision-recall over all buckets, as
// scikit-learn's roc_auc_score and average_precision_score define them.
func curves(scores []float64, r *run) (roc, pr float64) {
	label := make([]bool, len(scores))
	positives := 0.0
	for _, f := range r.faults {
		for _, i := range r.during(f) {
			if !label[i] {
				label[i] = true
				positives++
			}
		}
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return scores[order[a]] > scores[order[b]] })
	hits, wrong, recall := 0.0, 0.0, 0.0
	negatives := float64(len(scores)) - positives
	for i := 0; i < len(order); {
		tied, at := 0.0, i
		for ; i < len(order) && scores[order[i]] == scores[order[at]]; i++ {
			if label[order[i]] {
				tied++
			}
		}
		odd := float64(i-at) - tied
		roc += odd / negatives * (hits + tied/2) / positives
		hits, wrong = hits+tied, wrong+odd
		pr += (hits/positives - recall) * hits / (hits + wrong)
		recall = hits / positives
	}
	return roc, pr
}

// plainMatrix standardizes columns of gauges.
func plainMatrix(train, test *analysis.Series) *matrix {
	m := &matrix{names: train.Names}
	for _, s := range []*analysis.Series{train, test} {
		rows := make([][]float64, len(s.Times))
		for i := range rows {
			rows[i] = slices.Clone(s.Values.RawRowView(i))
		}
		if s == train {
			m.train = rows
		} else {
			m.test = [][][]float64{rows}
		}
	}
	m.standardize()
	return m
}
