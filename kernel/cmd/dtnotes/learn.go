package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis"
	"dtnotes/dtracefs"
)

type learnOptions struct {
	json, graph, timeline string
	behavior              string
	tags, exclude         []string
	by, transform         string
	every                 time.Duration
	xkcd                  bool
	kernel, observer      bool
	model                 analysis.Options
}

func learnCommand() *cobra.Command {
	var opt learnOptions
	cmd := &cobra.Command{
		Use:   "learn CAPTURE|SERIES.csv ...",
		Short: "Learn which sources depend on which, and draw it",
		Long: `Learn counts what each source does in each bucket of time, estimates a sparse inverse covariance, and prints
the clusters and the strongest links. CAPTURE is what a tracer printed, compressed or not; "-" is standard input.
SERIES.csv has a header, a row per bucket and a column per source; a column "time" is optional.

With -o it learns what is normal from one or several captures and saves that behavior, to score other captures
by (see dtnotes score, watch and compare).`,
		Example: `  dtnotes learn capture.txt --graph graph.svg --timeline calls.png --xkcd
  dtnotes learn capture.txt --by kind,execname --every 2s --json model.json
  dtnotes learn series.csv --transform none --alpha 0.1
  dtnotes learn -o normal.json monday.txt tuesday.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opt.behavior != "" {
				return opt.learnBehavior(cmd, args)
			}
			if len(args) > 1 {
				return errors.New("several captures make a behavior: say -o FILE where to save it")
			}
			return opt.run(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&opt.json, "json", "", `write the model to `+"`FILE`"+` as JSON; "-" is standard output`)
	f.StringVar(&opt.graph, "graph", "", "draw the dependency graph to `FILE`.svg or .png")
	f.StringVar(&opt.timeline, "timeline", "", "draw the activity over time to `FILE`.svg or .png")
	f.StringVarP(&opt.behavior, "behavior", "o", "", "learn what is normal and save it to `FILE`.json")
	f.StringSliceVar(&opt.tags, "tag", nil, "with -o, a `NAME` to keep with the behavior, such as the host")
	f.StringSliceVar(&opt.exclude, "exclude", nil, "with -o, a `PROCESS` to leave out, such as a collector")
	f.BoolVar(&opt.kernel, "include-kernel", false, "with -o, take in the kernel's own threads")
	f.BoolVar(&opt.observer, "include-observer", false, "with -o, take in tracers such as dtrace and bpftrace, and dtnotes itself")
	f.BoolVar(&opt.xkcd, "xkcd", false, "draw by hand")
	f.StringVar(&opt.by, "by", "execname", "columns that make a source in a capture: execname, or kind,execname")
	f.DurationVar(&opt.every, "every", time.Second, "width of a bucket in a capture")
	f.StringVar(&opt.transform, "transform", "auto", "applied to the values first: auto, none, log1p, anscombe or normal")
	f.Float64Var(&opt.model.Alpha, "alpha", 0, "penalty of the graphical lasso; 0 chooses it by cross-validation")
	f.Uint64Var(&opt.model.Seed, "seed", 0, "seed of all that is random")
	return cmd
}

func (opt *learnOptions) run(cmd *cobra.Command, path string) error {
	var err error
	if opt.model.Transform, err = analysis.ParseTransform(opt.transform); err != nil {
		return err
	}
	series, err := opt.series(cmd, path)
	if err != nil {
		return err
	}
	for _, note := range series.Notes {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
	}
	if opt.timeline != "" {
		t := series.Timeline()
		t.XKCD, t.Seed, t.Title = opt.xkcd, opt.model.Seed, filepath.Base(path)
		if err := t.Save(opt.timeline); err != nil {
			return err
		}
	}
	const clear = "\r\x1b[K"
	live := isTerminal(os.Stderr)
	if live {
		opt.model.Progress = func(step string, done int) { fmt.Fprintf(os.Stderr, "%s%s %d", clear, step, done) }
	}
	model, err := analysis.LearnContext(cmd.Context(), series, opt.model)
	if live {
		fmt.Fprint(os.Stderr, clear)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if opt.graph != "" {
		g := model.Graph()
		g.XKCD, g.Seed, g.Title = opt.xkcd, opt.model.Seed, filepath.Base(path)
		if err := g.Save(opt.graph); err != nil {
			return err
		}
	}
	if opt.json == "-" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(model)
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
	fmt.Fprint(cmd.OutOrStdout(), model)
	return nil
}

// series reads a matrix, or makes one of a capture. What a reader of the pictures should know of the
// capture goes to standard error.
func (opt *learnOptions) series(cmd *cobra.Command, path string) (*analysis.Series, error) {
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		return analysis.ReadCSVFile(path)
	}
	table, err := loadActivity(cmd.Context(), path, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	return analysis.FromFrame(table.DataFrame(), analysis.SeriesOptions{Every: opt.every, By: strings.Split(opt.by, ",")})
}

// loadActivity loads the table of who did what over time from a capture.
func loadActivity(ctx context.Context, path string, warnings io.Writer) (*dtracefs.Table, error) {
	fsys, names, err := openCaptures(ctx, path)
	if err != nil {
		return nil, err
	}
	if len(names) > 1 {
		return nil, fmt.Errorf("%s holds %d files: name one of them", path, len(names))
	}
	c, err := dtracefs.Load(fsys, names[0])
	if err != nil {
		return nil, err
	}
	if c.Lossy() {
		fmt.Fprintf(warnings, "warning: %s: the tracer dropped data %d times; counts are too low\n", path, len(c.Drops))
	}
	if n := len(c.Unparsed); n > 0 {
		fmt.Fprintf(warnings, "warning: %s: %d of %d lines were not understood, the first is line %d\n", path, n, c.Lines, c.Unparsed[0].Number)
	}
	table := activity(c)
	if table == nil {
		return nil, fmt.Errorf("%s: %w", path, errNoActivity)
	}
	return table, nil
}

// activity finds the table of who did what over time: counts, or else a log with a row for each event.
func activity(c *dtracefs.Capture) *dtracefs.Table {
	if t := c.Activity(); t != nil {
		return t
	}
	for _, t := range c.Tables {
		if t.Column("time") != nil && t.Column("execname") != nil {
			return t
		}
	}
	return nil
}

var errNoActivity = errors.New("no table of who did what over time in it (see dtnotes inspect)")
