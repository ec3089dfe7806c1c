package main

import (
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// printed is what a function prints to standard output.
func printed(t *testing.T, f func() error) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdout
	os.Stdout = w
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r) // what was read until then is looked at
		text <- string(b)
	}()
	err = f()
	os.Stdout = was
	w.Close()
	out := <-text
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSteps runs what the command measures on captures, each on as little as it takes, and reads
// what it says of it.
func TestSteps(t *testing.T) {
	bench := t.TempDir()
	for _, end := range []string{".train.csv.gz", ".test.csv.gz", ".labels.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata/asd", "omi-9"+end))
		if err == nil {
			err = os.WriteFile(filepath.Join(bench, "omi-9"+end), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	o := options{
		recorded: recorded(t), file: "persec.dtrace.txt", bench: bench, verbose: true, table: &table{},
		train: []string{"web/run1", "web/run2"}, test: []string{"web-faulty/run1"}, before: []string{"vm-start/run1", "vm-start/run2"},
		normal: [][]string{{"web/run1", "web/run2"}}, overlays: [][]string{{"batch/run1", "batch/run2"}},
	}
	var train []*analysis.Series
	for _, name := range o.train {
		s, err := o.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		train = append(train, s)
	}
	s, err := o.load(t.Context(), o.test[0])
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRun(o.test[0], o.recorded, s)
	if err != nil {
		t.Fatal(err)
	}
	runs := []*run{r}
	b, err := behavior.Learn(t.Context(), train, behavior.Options{ByKind: true})
	if err != nil {
		t.Fatal(err)
	}
	ours, reports, err := scoreOurs(t.Context(), b, runs)
	if err != nil {
		t.Fatal(err)
	}
	one := *r
	one.faults = r.faults[:1]
	for _, step := range []struct {
		name string
		run  func(ctx context.Context) error
		want []string
	}{
		{"detectors", func(context.Context) error {
			o.print([]detector{ours, newMatrix(train, runs, b.Ignored).maxZ()}, runs)
			return nil
		}, []string{"mean AUC", ours.name, "max-|z|", "normal bucket at", "culprit is number 1"}},
		{"alerts", func(context.Context) error { o.printAlerts(runs, reports); return nil }, []string{"explained true", "faults found within 5 s"}},
		{"calibration", func(ctx context.Context) error { return o.printCalibration(ctx, runs, reports) }, []string{"web/run1 → web/run2", "web/run2 → web/run1", "all"}},
		{"onsets", o.printOnsets, []string{"vm-start/run1 → vm-start/run2", "found after"}},
		{"singles", func(ctx context.Context) error { return o.printSingles(ctx, train, runs) }, []string{"web/run1", "web/run2", "faults found within 5 s"}},
		{"overlays", func(ctx context.Context) error { return o.printOverlays(ctx, runs) }, []string{"batch/run1", "learned from the others", "learned from all"}},
		{"renames", func(ctx context.Context) error { return o.printRenames(ctx, b, train, []*run{&one}) }, []string{"culprits renamed to each of", " 0 neither"}},
		{"bench", o.printBench, []string{"1 servers", ours.name, "max-|z|", "alerts as raised by default"}},
	} {
		text := printed(t, func() error { return step.run(t.Context()) })
		for _, want := range step.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q:\n%s", step.name, want, text)
			}
		}
	}
	summary := printed(t, func() error { o.table.print(); return nil })
	for _, want := range []string{"labeled faults", "normal runs, each learned from the others", "learned from one run alone", "faults merged into batch/run1 and batch/run2", "culprits renamed", "ROC, PR, events hit"} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary lacks %q:\n%s", want, summary)
		}
	}
}

// TestCommandRefuses holds that the command says what it cannot read.
func TestCommandRefuses(t *testing.T) {
	captures := "../../../dtracefs/testdata/recorded/captures.tar.zst"
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{captures: "none"}, "none"},
		{options{captures: captures, file: "persec.dtrace.txt", train: []string{"nowhere/run1"}}, "nowhere/run1"},
		{options{captures: captures, file: "persec.dtrace.txt", train: []string{"web/run1"}, test: []string{"web/run2"}}, "labels.csv"},
		{options{captures: captures, file: "labels.csv", train: []string{"web-faulty/run1"}}, "labels.csv"},
	} {
		if err := c.o.run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q in it", err, c.want)
		}
	}
}

// TestPeersFail holds that an error of the other detectors is reported with their own words.
func TestPeersFail(t *testing.T) {
	m := &matrix{}
	if _, err := m.peers(t.Context(), filepath.Join(t.TempDir(), "python"), "peers.py"); err == nil || !strings.Contains(err.Error(), "peers.py") {
		t.Errorf("%v", err)
	}
}

// TestCurves compares with what scikit-learn computes: roc_auc_score and average_precision_score of
// the labels 0, 0, 1, 1 and these scores.
func TestCurves(t *testing.T) {
	s := &analysis.Series{Times: []float64{0, 1, 2, 3}, Every: 1e9}
	r := &run{series: s, faults: []fault{{start: 2, end: 4}}}
	for _, c := range []struct {
		scores  []float64
		roc, pr float64
	}{
		{[]float64{0.1, 0.4, 0.35, 0.8}, 0.75, 5. / 6},
		{[]float64{1, 1, 1, 1}, 0.5, 0.5},
		{[]float64{0, 1, 2, 3}, 1, 1},
		{[]float64{0, 2, 2, 1}, 0.625, 7. / 12},
	} {
		if roc, pr := curves(c.scores, r); math.Abs(roc-c.roc) > 1e-12 || math.Abs(pr-c.pr) > 1e-12 {
			t.Errorf("%v: %v and %v, want %v and %v", c.scores, roc, pr, c.roc, c.pr)
		}
	}
}

// TestRenamedAddsUp holds that a culprit under the name of another process adds to what that one
// does, as a tracer that counts by name would print it.
func TestRenamedAddsUp(t *testing.T) {
	s := &analysis.Series{Names: []string{"syscall a", "syscall b", "read a"}, Times: []float64{0, 1}, Every: 1e9,
		Values: mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})}
	r := &run{series: s}
	with := r.renamed(fault{culprits: map[string]bool{"a": true}}, "b")
	if got := strings.Join(with.series.Names, ","); got != "syscall b,read b" {
		t.Fatalf("sources %s", got)
	}
	if !mat.Equal(with.series.Values, mat.NewDense(2, 2, []float64{3, 3, 9, 6})) || !with.faults[0].culprits["b"] {
		t.Errorf("%v", mat.Formatted(with.series.Values))
	}
}
