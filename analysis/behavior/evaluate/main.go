// Command evaluate measures how well behaviors spot labelled faults, beside
// max-|z| and scikit-learn's outlier detectors on the same matrix.
//
//	go run ./analysis/behavior/evaluate -captures DIR -python python3
//
// Captures are folders with a per-second capture; those to score also hold
// labels.csv (start,end,kind,…,detail) and timeline.tsv, which name the
// culprits. Without -python the scikit-learn rows are left out.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

func main() {
	var opt options
	flag.StringVar(&opt.captures, "captures", "../shared/captures", "`folder` of the captures")
	flag.StringVar(&opt.file, "file", "persec.dtrace.txt", "`name` of the capture in each run's folder")
	train := flag.String("train", "web/run1,web/run2", "runs to learn from, separated by commas")
	test := flag.String("test", "web-faulty/run1,web-faulty/run2", "runs to score")
	normal := flag.String("normal", "web/run1,web/run2 batch/run1,batch/run2", "families of normal runs to check p-values on, separated by blanks")
	overlays := flag.String("overlays", "batch/run1,batch/run2 vm-start/run1,vm-start/run2", "families of runs to merge the faults into")
	before := flag.String("before", "vm-start/run1,vm-start/run2", "runs that are normal before their first label")
	flag.StringVar(&opt.python, "python", "", "Python `command` with scikit-learn")
	flag.StringVar(&opt.peers, "peers", "analysis/behavior/peers/peers.py", "`script` of the other detectors")
	flag.StringVar(&opt.bench, "bench", "", "`folder` of a public set: NAME.train.csv.gz, NAME.test.csv.gz, NAME.labels.csv")
	flag.BoolVar(&opt.verbose, "v", false, "print every fault and every false alarm")
	flag.Parse()
	opt.train, opt.test = strings.Split(*train, ","), strings.Split(*test, ",")
	for _, family := range strings.Fields(*normal) {
		opt.normal = append(opt.normal, strings.Split(family, ","))
	}
	for _, family := range strings.Fields(*overlays) {
		opt.overlays = append(opt.overlays, strings.Split(family, ","))
	}
	if *before != "" {
		opt.before = strings.Split(*before, ",")
	}
	if err := opt.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

type options struct {
	captures, file, python, peers, bench string
	train, test, before                  []string
	normal, overlays                     [][]string
	verbose                              bool
}

func (o options) run(ctx context.Context) error {
	var train []*analysis.Series
	for _, name := range o.train {
		s, err := o.load(name)
		if err != nil {
			return err
		}
		train = append(train, s)
	}
	var runs []*run
	for _, name := range o.test {
		s, err := o.load(name)
		if err != nil {
			return err
		}
		r, err := newRun(name, filepath.Join(o.captures, name), s)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	normal, err := behavior.LearnContext(ctx, train, behavior.Options{ByKind: true})
	if err != nil {
		return err
	}
	ours, reports, err := scoreOurs(normal, runs)
	if err != nil {
		return err
	}
	m := newMatrix(train, runs, normal.Ignored)
	detectors := []detector{ours, m.maxZ()}
	if o.python != "" {
		peers, err := m.peers(ctx, o.python, o.peers)
		if err != nil {
			return err
		}
		detectors = append(detectors, peers...)
	}
	o.print(detectors, runs)
	printAlerts(runs, reports, o.verbose)
	if err := o.printCalibration(ctx, runs, reports); err != nil {
		return err
	}
	if err := o.printOnsets(ctx); err != nil {
		return err
	}
	if err := o.printSingles(ctx, train, runs); err != nil {
		return err
	}
	if err := o.printOverlays(ctx, runs); err != nil {
		return err
	}
	if err := o.printRenames(ctx, normal, train, runs); err != nil {
		return err
	}
	if o.bench != "" {
		return o.printBench(ctx)
	}
	return nil
}

func (o options) load(name string) (*analysis.Series, error) {
	dir := filepath.Join(o.captures, name)
	fsys, err := dtracefs.Open(dir)
	if err != nil {
		return nil, err
	}
	c, err := dtracefs.Load(fsys, o.file)
	if err != nil {
		return nil, err
	}
	t := c.Activity()
	if t == nil {
		return nil, fmt.Errorf("%s/%s holds no table of activity", dir, o.file)
	}
	s, err := behavior.Sources(t.DataFrame(), time.Second)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", dir, o.file, err)
	}
	return s, nil
}
