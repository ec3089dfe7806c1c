// Command evaluate measures how well behaviors spot labeled faults, beside
// max-|z| and scikit-learn's outlier detectors on the same matrix, in the same
// run. What it measured is summed up in a table at the end.
//
//	go run ./analysis/behavior/evaluate -python python3
//
// Captures are folders, or an archive of folders, with a per-second capture in
// each; those to score also hold labels.csv (start,end,kind,…,detail) and
// timeline.tsv, which name the culprits. Those that come with the module are
// the default, as are six servers of a public set, the Application Server
// Dataset (Li et al., InterFusion, KDD 2021). Without -python the scikit-learn
// rows are left out.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"strings"
	"time"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

func main() {
	var opt options
	flag.StringVar(&opt.captures, "captures", "dtracefs/testdata/recorded/captures.tar.zst", "`folder` or archive of the captures")
	flag.StringVar(&opt.file, "file", "persec.dtrace.txt", "`name` of the capture in each run's folder")
	train := flag.String("train", "web/run1,web/run2", "runs to learn from, separated by commas")
	test := flag.String("test", "web-faulty/run1,web-faulty/run2", "runs to score")
	normal := flag.String("normal", "web/run1,web/run2 batch/run1,batch/run2", "families of normal runs to check p-values on, separated by blanks")
	overlays := flag.String("overlays", "batch/run1,batch/run2 vm-start/run1,vm-start/run2", "families of runs to merge the faults into")
	before := flag.String("before", "vm-start/run1,vm-start/run2", "runs that are normal before their first label")
	flag.StringVar(&opt.python, "python", "", "Python `command` with scikit-learn")
	flag.StringVar(&opt.peers, "peers", "analysis/behavior/peers/peers.py", "`script` of the other detectors")
	flag.StringVar(&opt.bench, "bench", "analysis/behavior/evaluate/testdata/asd", "`folder` of a public set: NAME.train.csv.gz, NAME.test.csv.gz, NAME.labels.csv")
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := opt.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

type options struct {
	captures, file, python, peers, bench string
	train, test, before                  []string
	normal, overlays                     [][]string
	verbose                              bool

	recorded fs.FS  // the captures
	table    *table // what was measured
}

// A table sums up what was measured.
type table struct{ rows [][2]string }

func (t *table) add(what, format string, args ...any) {
	t.rows = append(t.rows, [2]string{what, fmt.Sprintf(format, args...)})
}

func (t *table) print() {
	fmt.Printf("\n%-52s %s\n", "summed up", "")
	for _, row := range t.rows {
		fmt.Printf("  %-50s %s\n", row[0], row[1])
	}
}

func (o options) run(ctx context.Context) error {
	var err error
	if o.recorded, err = dtracefs.Open(o.captures); err != nil {
		return err
	}
	var train []*analysis.Series
	for _, name := range o.train {
		s, err := o.load(ctx, name)
		if err != nil {
			return err
		}
		train = append(train, s)
	}
	var runs []*run
	for _, name := range o.test {
		s, err := o.load(ctx, name)
		if err != nil {
			return err
		}
		r, err := newRun(name, o.recorded, s)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	normal, err := behavior.Learn(ctx, train, behavior.Options{ByKind: true})
	if err != nil {
		return err
	}
	ours, reports, err := scoreOurs(ctx, normal, runs)
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
	o.table = &table{}
	o.print(detectors, runs)
	o.printAlerts(runs, reports)
	for _, step := range []func() error{
		func() error { return o.printCalibration(ctx, runs, reports) },
		func() error { return o.printSimulated(ctx) },
		func() error { return o.printForgetting(ctx) },
		func() error { return o.printOnsets(ctx) },
		func() error { return o.printSingles(ctx, train, runs) },
		func() error { return o.printOverlays(ctx, runs) },
		func() error { return o.printRenames(ctx, normal, train, runs) },
		func() error { return o.printBench(ctx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	o.table.print()
	return nil
}

func (o options) load(ctx context.Context, name string) (*analysis.Series, error) {
	file := path.Join(name, o.file)
	c, err := dtracefs.Load(ctx, o.recorded, file, dtracefs.Options{})
	if err != nil {
		return nil, err
	}
	t := c.Activity()
	if t == nil {
		return nil, fmt.Errorf("%s holds no table of activity", file)
	}
	s, err := behavior.Sources(t.DataFrame(), time.Second)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}
