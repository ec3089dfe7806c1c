package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/analysis/covariance"
	"dtnotes/dtracefs"
)

// learnOptions are the flags of learn: of a model, or, with -o, of a behavior.
type learnOptions struct {
	json, graph, timeline string
	matrix                string
	behavior              string
	tags, exclude         []string
	transform, links      string
	count                 dtracefs.CountOptions
	look                  look
	kernel, observer      bool
	missing               string
	values                map[string]string
	model                 analysis.Options
}

func learnCommand() *cobra.Command {
	var opt learnOptions
	cmd := &cobra.Command{
		Use:   "learn CAPTURE|SERIES.csv ...",
		Short: "Learn which sources depend on which, and draw it",
		Long: `Learn counts what each source does in each bucket of time, estimates a sparse inverse covariance,
and prints the clusters and the strongest links. CAPTURE is what a tracer or a tool printed, in any
form that has a time or a steady beat, compressed or not; "-" is standard input. How it is counted
is inferred and told; the options override every word of it. SERIES.csv has a header, a row per
bucket and a column per source; a column "time" is optional.

With -o it learns what is normal from one or several captures and saves that behavior, to score
other captures by (see dtnotes score, watch and compare).`,
		Example: `  dtnotes learn capture.txt --graph graph.svg --timeline calls.png --xkcd
  dtnotes learn capture.txt --by kind,execname --every 2s --json model.json
  dtnotes learn pidstat.txt --by Command --value %CPU
  dtnotes learn series.csv --transform none --alpha 0.1
  dtnotes learn capture.txt --links hidden --graph hidden.svg
  dtnotes learn capture.txt --matrix matrix.png
  dtnotes learn -o normal.json monday.txt tuesday.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opt.behavior != "" {
				return opt.learnBehavior(cmd, args)
			}
			if len(args) > 1 {
				return errors.New("several captures make a behavior: say -o FILE where to save it (the parts of one capture: dtnotes series PART ... -o all.csv)")
			}
			return opt.run(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&opt.json, "json", "", `write the model to `+"`FILE`"+` as JSON; "-" is standard output`)
	f.StringVar(&opt.graph, "graph", "", "draw the dependency graph to `FILE`.svg or .png")
	f.StringVar(&opt.matrix, "matrix", "", "draw the correlations of all pairs beside a dendrogram to `FILE`.svg or .png")
	f.StringVar(&opt.timeline, "timeline", "", "draw the activity over time to `FILE`.svg or .png")
	f.StringVarP(&opt.behavior, "behavior", "o", "", "learn what is normal and save it to `FILE`.json")
	f.StringSliceVar(&opt.tags, "tag", nil, "with -o, a `NAME` to keep with the behavior, such as the host")
	f.StringSliceVar(&opt.exclude, "exclude", nil, "with -o, a `PROCESS` to leave out, such as a collector")
	f.BoolVar(&opt.kernel, "include-kernel", false, "with -o, take in the kernel's own threads")
	f.BoolVar(&opt.observer, "include-observer", false, "with -o, take in tracers such as dtrace and bpftrace, and dtnotes itself")
	f.StringVar(&opt.missing, "missing", "error", "with -o, what becomes of missing values of a matrix: error, skip, carry or zero")
	f.StringToStringVar(&opt.values, "values", nil, "with -o, what the values of a source are, told apart by evidence otherwise: `SOURCE=count`, gauge, walk (a level judged by its steps) or total; '*' stands for all others")
	opt.look.flags(cmd)
	measureFlags(cmd, &opt.count.MeasureOptions)
	f.StringVar(&opt.transform, "transform", "auto", "applied to the values first: auto, none, log1p, anscombe or normal")
	linksFlag(cmd, &opt.links)
	f.Float64Var(&opt.model.Alpha, "alpha", 0, "penalty of the graphical lasso; 0 chooses it by cross-validation")
	f.Uint64Var(&opt.model.Seed, "seed", 0, "seed of all that is random")
	return cmd
}

func (opt *learnOptions) run(cmd *cobra.Command, path string) error {
	var err error
	if opt.model.Transform, err = analysis.ParseTransform(opt.transform); err != nil {
		return err
	}
	if opt.model.Links, err = analysis.ParseLinkRule(opt.links); err != nil {
		return err
	}
	if isCountsFile(path) {
		long, err := opt.runLong(cmd, path)
		if long || err != nil {
			return err
		}
	}
	series, err := readSeries(cmd, []string{path}, opt.count, opt.observer, behavior.Refuse)
	if err != nil {
		return err
	}
	return opt.learn(cmd, path, series)
}

// runLong learns from a counts file that holds more than is learned from at once, and reports
// whether it does. Sources and links are judged by stretches of it. The covariance is that of all
// buckets, folded in their order, with the hosts beside each other. In memory are at first one
// host, and then [covariance.BlockRows] buckets and some matrices whose size is the square of the
// number of sources.
func (opt *learnOptions) runLong(cmd *cobra.Command, path string) (long bool, err error) {
	scratch, err := newSpool()
	if err != nil {
		return false, err
	}
	defer scratch.close()
	var across *dtracefs.Across
	if err := readCounts(cmd, []string{path}, func(r *dtracefs.CountsReader, keep func(host string) bool, _ int) error {
		across, err = dtracefs.NewAcross(cmd.Context(), r, keep, scratch.f)
		return err
	}); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	n, p := across.Dims()
	// All of it fits, so that it is read like any capture.
	if p == 0 || n*p <= mostLearned {
		return false, nil
	}
	m, err := across.Thin(mostLearned, fewestThinned)
	if err != nil {
		return true, fmt.Errorf("%s: %w", path, err)
	}
	if m.LeftOut == 0 {
		return false, nil // few buckets of many sources
	}
	drops, skipped := across.Losses()
	sayMatrix(cmd, m, &dtracefs.Counts{Drops: drops, Skipped: skipped})
	stderr := cmd.ErrOrStderr()
	say(stderr, fmt.Sprintf("note: sources and links are judged by %d of %d buckets, in stretches spread evenly", m.Buckets, n))
	m.Notes = nil // told already
	o := analysis.SeriesOptions{IncludeObserver: opt.observer}
	opt.model.Covariance = func(ctx context.Context, names []string, t analysis.Transform) (*mat.SymDense, error) {
		if t == analysis.TransformNormal {
			return nil, sayf(stderr, "note: so are their strengths: normal scores need all values at once; another --transform takes all buckets\n")
		}
		// The memory of what the stretches were taken from is given back before the pass over all
		// buckets begins.
		debug.FreeOSMemory()
		return analysis.FoldedCovariance(ctx, names, t, func(k int) (*analysis.Series, error) {
			if k*covariance.BlockRows >= n {
				return nil, io.EOF
			}
			m, err := across.Matrix(k*covariance.BlockRows, covariance.BlockRows)
			if err != nil {
				return nil, err
			}
			return analysis.FromCounts(m, o), nil
		})
	}
	return true, opt.learn(cmd, path, analysis.FromCounts(m, o))
}

// learn learns a model of a series, and shows it.
func (opt *learnOptions) learn(cmd *cobra.Command, path string, series *analysis.Series) error {
	for _, note := range series.Notes {
		say(cmd.ErrOrStderr(), "note:", note)
	}
	if opt.timeline != "" {
		t := series.Timeline()
		opt.look.of(&t.Style)
		t.Seed, t.Title = opt.model.Seed, filepath.Base(path)
		if err := t.Save(opt.timeline); err != nil {
			return err
		}
	}
	if opt.model.Covariance == nil {
		var err error
		if series, err = thin(cmd, series, mostLearned); err != nil {
			return err
		}
	}
	_, p := series.Dims()
	// The collector then works harder near that size, instead of letting garbage double it: memory
	// must not grow with the capture.
	debug.SetMemoryLimit(modelMemory + 8*int64(2*mostLearned+16*p*p))
	live := isTerminal(os.Stderr)
	if live {
		opt.model.Progress = func(step string, done int) {
			control(os.Stderr, clearLine)
			sayf(os.Stderr, "%s %d", step, done)
		}
	}
	model, err := analysis.Learn(cmd.Context(), series, opt.model)
	if live {
		control(os.Stderr, clearLine)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if opt.graph != "" {
		g := model.Graph()
		opt.look.of(&g.Style)
		g.Seed, g.Title = opt.model.Seed, filepath.Base(path)
		if err := g.Save(opt.graph); err != nil {
			return err
		}
	}
	if opt.matrix != "" {
		matrix, err := model.Matrix(cmd.Context())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		opt.look.of(&matrix.Style)
		matrix.Title = filepath.Base(path)
		if err := matrix.Save(opt.matrix); err != nil {
			return err
		}
	}
	if opt.json == "-" {
		return json.NewEncoder(data(cmd.OutOrStdout(), false)).Encode(model)
	}
	if opt.json != "" {
		b, err := json.Marshal(model)
		if err == nil {
			err = os.WriteFile(opt.json, append(b, '\n'), 0o644)
		}
		if err != nil {
			return err
		}
	}
	sayf(cmd.OutOrStdout(), "%v", model)
	return nil
}

// mostLearned are the values of a series that a model is learned from at once, fewer in tests.
// More are thinned to stretches spread evenly, which tell as much of links and need no more
// memory than this.
var mostLearned = 2_000_000

// modelMemory is how much memory learning a model takes beside its series and the matrices whose
// size is the square of the number of sources.
const modelMemory = 180 << 20

// valuesOfEach is how many values a behavior is learned from of each host or capture, if there are
// n of them.
func valuesOfEach(n int) int { return 1_000_000 / n }

// fewestThinned is the least number of buckets that are learned from, however many sources there
// are.
const fewestThinned = 5 * behavior.FewestBuckets

// thin leaves of a long series as many values as are enough to learn from, and says so. The memory
// of the series is given back.
func thin(cmd *cobra.Command, s *analysis.Series, mostValues int) (*analysis.Series, error) {
	n, p := s.Dims()
	if n*p <= mostValues {
		return s, nil
	}
	thinned := s.Thin(max(mostValues/p, fewestThinned))
	if thinned == s {
		return s, nil
	}
	debug.FreeOSMemory()
	m, _ := thinned.Dims()
	return thinned, sayThinned(cmd, m, n)
}

func sayThinned(cmd *cobra.Command, m, n int) error {
	return sayf(cmd.ErrOrStderr(), "note: learned from %d of %d buckets, in stretches spread evenly\n", m, n)
}
