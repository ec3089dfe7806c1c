package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// exitStatus ends the command with a status and no message.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("status %d", int(s)) }

// misbehavior is the status of score and watch when there were alerts.
const misbehavior exitStatus = 3

// learnBehavior learns what is normal from captures, or from the hosts of counts files, and saves
// it. Each is a series of its own, since calibration holds out whole series.
func (opt *learnOptions) learnBehavior(cmd *cobra.Command, paths []string) error {
	if opt.json != "" || opt.graph != "" || opt.matrix != "" || opt.timeline != "" || cmd.Flags().Changed("links") {
		return errors.New("--json, --graph, --matrix, --timeline and --links are of a model: use them without -o")
	}
	missing, err := behavior.ParseMissing(opt.missing)
	if err != nil {
		return err
	}
	values := map[string]behavior.Value{}
	for source, value := range opt.values {
		values[source] = behavior.Value(value)
	}
	var series []*analysis.Series
	type run struct{ path, host string }
	of := map[*analysis.Series]run{}
	count := everyKind(cmd, opt.count)
	most := func(hosts int) int { return valuesOfEach(max(len(paths), hosts)) }
	for _, path := range paths {
		// Observers are read, too: it is the behavior that leaves them out.
		err := readHosts(cmd, path, count, true, missing, most, func(host string, s *analysis.Series, hosts int) error {
			if len(series) > 0 {
				if err := sameMeasure(series[0].Measure, s.Measure); err != nil {
					return fmt.Errorf("%s and %s do not go together: %w", paths[0], path, err)
				}
			}
			s, err := thin(cmd, s, most(hosts))
			if err != nil {
				return err
			}
			// What is normal of one run is held against the others, so that a run that is there
			// twice would look as if nothing ever varied.
			for _, other := range series {
				if of[other].host == host && sameRun(other, s) {
					return fmt.Errorf("%s holds the same run as %s: each run is learned from once", path, of[other].path)
				}
			}
			series, of[s] = append(series, s), run{path, host}
			return nil
		})
		if err != nil {
			return err
		}
	}
	b, err := behavior.Learn(cmd.Context(), series, behavior.Options{
		ByKind: kinded(series[0]), Tags: opt.tags, Exclude: opt.exclude, Seed: opt.model.Seed,
		IncludeKernel: opt.kernel, IncludeObserver: opt.observer, Missing: missing, Values: values,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
	}
	if err := b.Save(opt.behavior); err != nil {
		return err
	}
	sayf(cmd.OutOrStdout(), "%v", b)
	return nil
}

// everyKind takes in every kind of event of a capture that has several, each a source of its own:
// what is normal is learned for all of them.
func everyKind(cmd *cobra.Command, o dtracefs.CountOptions) dtracefs.CountOptions {
	if !cmd.Flags().Changed("kinds") {
		o.Kinds = []string{"*"}
	}
	return o
}

// kinded reports whether the sources of a series are kinds of what a process does.
func kinded(s *analysis.Series) bool { return s.Measure != nil && s.Measure.Kinded() }

// sameRun reports whether two series have the same values at the same times.
func sameRun(a, b *analysis.Series) bool {
	return slices.Equal(a.Names, b.Names) && slices.Equal(a.Times, b.Times) && mat.Equal(a.Values, b.Values)
}

// sameMeasure compares how two captures were counted.
func sameMeasure(a, b *dtracefs.Measure) error {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil || b == nil:
		return errors.New("captures and matrices do not mix")
	}
	return a.Match(b)
}

// measuredAs makes options that count a capture as those of the behavior were counted, where the
// options do not say otherwise.
func measuredAs(cmd *cobra.Command, b *behavior.Behavior, o dtracefs.CountOptions) dtracefs.CountOptions {
	if o.Like = b.Measure; o.Like == nil {
		o = everyKind(cmd, o)
	}
	if o.Every == 0 {
		o.Every = b.Every
	}
	return o
}

// scoreOptions are the flags of score, some of which watch has, too.
type scoreOptions struct {
	json            bool
	alerts, exec    string
	timeline, graph string
	look            look
	count           dtracefs.CountOptions
	behavior.ScoreOptions
}

func (opt *scoreOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&opt.alerts, "alerts", "", "write a row for each alert to `FILE`.csv")
	f.StringVar(&opt.exec, "exec", "", "run the shell's `COMMAND` for each phase of an alert, with DTNOTES_PHASE and the alert as JSON on its standard input")
	f.Float64Var(&opt.FalseAlarms, "false-alarms", 0, "alerts an hour that normal running may raise; 0 means 4, but no more than one in 900 buckets")
}

func scoreCommand() *cobra.Command {
	var opt scoreOptions
	cmd := &cobra.Command{
		Use:   "score BEHAVIOR.json CAPTURE|SERIES.csv",
		Short: "Say when and where a capture breaks a behavior",
		Long: `Score compares each bucket of a capture with a behavior that dtnotes learn -o saved, and lists the
alerts: when, how surely, which processes stand out and which links between processes changed. The
capture is counted as those that were learned from: what was said then (--by, --value, …) need not
be said again, and something else is refused.

The status is 0 when nothing stands out, 3 when there are alerts, 1 on an error.`,
		Example: `  dtnotes score normal.json capture.txt
  dtnotes score normal.json capture.txt --json --alerts alerts.csv
  dtnotes score normal.json capture.txt --timeline alerts.svg --graph changes.svg`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return opt.run(cmd, args[0], args[1]) },
	}
	opt.flags(cmd)
	measureFlags(cmd, &opt.count.MeasureOptions)
	f := cmd.Flags()
	f.BoolVar(&opt.json, "json", false, "print every bucket and alert as JSON")
	f.StringVar(&opt.timeline, "timeline", "", "draw the sources that stand out over time, alerts shaded, to `FILE`.svg or .png")
	f.StringVar(&opt.graph, "graph", "", "draw which links changed, in the alert that changed most, to `FILE`.svg or .png")
	opt.look.flags(cmd)
	return cmd
}

func (opt *scoreOptions) run(cmd *cobra.Command, behaviorPath, path string) error {
	b, err := behavior.Load(behaviorPath)
	if err != nil {
		return err
	}
	var s *analysis.Series
	// Observers are taken in: the behavior knows which of them to judge.
	err = readHosts(cmd, path, measuredAs(cmd, b, opt.count), true, b.Missing, nil, func(_ string, of *analysis.Series, hosts int) error {
		// A behavior is of one host, or of several hosts merged, so that it must be said which host
		// is compared with it.
		if hosts > 1 {
			return fmt.Errorf("%s holds counts of %d hosts: say --host to score one", path, hosts)
		}
		s = of
		return nil
	})
	if err != nil {
		return err
	}
	if err := b.Fits(s); err != nil {
		return fmt.Errorf("%s cannot be held against %s: %w", path, behaviorPath, err)
	}
	opt.AlertsOnly = !opt.json
	r, err := behavior.Score(cmd.Context(), b, s, opt.ScoreOptions)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if opt.json {
		err = json.NewEncoder(data(cmd.OutOrStdout(), false)).Encode(r)
	} else {
		err = sayf(cmd.OutOrStdout(), "%v", r)
	}
	if err == nil && opt.alerts != "" {
		err = writeAlerts(opt.alerts, r.Alerts)
	}
	if err == nil {
		err = opt.draw(r, filepath.Base(path))
	}
	if err == nil && len(r.Alerts) > 0 && opt.exec != "" {
		// Here all alerts are over: each is told once, as ended, and one after the other.
		h := newHooks(cmd.Context(), opt.exec, "", cmd.ErrOrStderr())
		for i := range r.Alerts {
			text, failed := json.Marshal(event{Phase: phaseEnd, Behavior: behaviorPath, Number: i + 1, Time: time.Now().Unix(), Alert: &r.Alerts[i]})
			if failed == nil {
				failed = h.run(phaseEnd, text)
			}
			if failed != nil && err == nil {
				err = fmt.Errorf("running %q for an alert: %w", opt.exec, failed)
			}
		}
		h.close()
	}
	if err == nil && len(r.Alerts) > 0 {
		return misbehavior
	}
	return err
}

func (opt *scoreOptions) draw(r *behavior.Report, title string) error {
	if opt.timeline != "" {
		t := r.Timeline()
		opt.look.of(&t.Style)
		t.Title = title
		if err := t.Save(opt.timeline); err != nil {
			return err
		}
	}
	if opt.graph == "" {
		return nil
	}
	if len(r.Alerts) == 0 {
		return errors.New("no alert: no links to draw")
	}
	// This is the alert that changed the most links, or the strongest of those that changed as
	// many.
	shown := slices.MaxFunc(r.Alerts, func(a, b behavior.Alert) int {
		return cmp.Or(cmp.Compare(len(a.Edges), len(b.Edges)), cmp.Compare(a.Score, b.Score))
	})
	d, err := r.Difference(shown)
	if err != nil {
		return err
	}
	opt.look.of(&d.Style)
	d.Title = title
	return d.Save(opt.graph)
}

// noFormula keeps a spreadsheet from taking a cell for a formula: it puts an apostrophe before the
// signs with which a formula begins.
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// writeAlerts writes a table of start, end (seconds since the epoch), score, sources and edges,
// names joined by semicolons.
func writeAlerts(path string, alerts []behavior.Alert) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"start", "end", "score", "p", "sources", "edges"})
	for _, a := range alerts {
		var names, edges []string
		for _, f := range a.Sources {
			names = append(names, dtracefs.Printable(f.Name))
		}
		for _, e := range a.Edges {
			edges = append(edges, fmt.Sprintf("%s - %s %s", dtracefs.Printable(e.From), dtracefs.Printable(e.To), e.What))
		}
		w.Write([]string{
			strconv.FormatFloat(a.Start, 'f', 3, 64), strconv.FormatFloat(a.End, 'f', 3, 64),
			strconv.FormatFloat(a.Score, 'g', 6, 64), strconv.FormatFloat(a.P, 'g', 3, 64),
			noFormula(strings.Join(names, ";")), noFormula(strings.Join(edges, ";")),
		})
	}
	w.Flush()
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing alerts: %w", err)
	}
	return nil
}
