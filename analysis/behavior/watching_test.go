package behavior_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// ticks is a capture of so many seconds; in those after from one process does ten times as much.
func ticks(seconds, from int) string {
	var b strings.Builder
	for s := range seconds {
		n := 900 + (s*37)%50
		if s >= from {
			n *= 10
		}
		fmt.Fprintf(&b, "%d000000000\nsyscall nginx %d\nsyscall sh %d\nsyscall cron %d\n\n", 1795376740+s, n, 40+(s*17)%9, 5+(s*13)%4)
	}
	return b.String()
}

func normalTicks(t *testing.T) *behavior.Behavior {
	t.Helper()
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"a.txt": {Data: []byte(ticks(300, 300))}}, "a.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := analysis.FromCapture(c, analysis.SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBehaviorWatch holds that a watch shows each bucket, and that its report has the alerts that
// scoring gives.
func TestBehaviorWatch(t *testing.T) {
	normal := normalTicks(t)
	text := ticks(120, 80)
	fsys := fstest.MapFS{"b.txt": {Data: []byte(text)}}
	shown, ended := 0, 0
	behavior.SetScreen(func(w *behavior.Watching) func(bool) {
		return func(end bool) {
			if end {
				ended++
			}
			shown++
			if _, n := w.Last(); n > 0 && len(w.Report().Buckets) != n {
				t.Errorf("%d buckets of %d", len(w.Report().Buckets), n)
			}
		}
	})
	defer behavior.SetScreen(nil)
	report, err := normal.Watch(context.Background(), dtracefs.Scan(context.Background(), fsys, "b.txt", dtracefs.Options{}), behavior.ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dtracefs.Load(t.Context(), fsys, "b.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := analysis.FromCapture(c, analysis.SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := behavior.Score(t.Context(), normal, s, behavior.ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Alerts) == 0 || len(report.Alerts) != len(want.Alerts) || report.Alerts[0].Start != want.Alerts[0].Start || report.Alerts[0].Sources[0].Name != want.Alerts[0].Sources[0].Name {
		t.Errorf("watching gives\n%v\nscoring\n%v", report, want)
	}
	if shown < len(report.Buckets) || ended != 1 {
		t.Errorf("shown %d times, ended %d times, in %d buckets", shown, ended, len(report.Buckets))
	}
	if svg := report.Timeline().SVG(); !strings.Contains(svg, "nginx") {
		t.Error("the timeline does not name nginx")
	}
}

// TestBehaviorWatchStops stops a watch of a tracer that never ends, by its button and by its
// context.
func TestBehaviorWatchStops(t *testing.T) {
	normal := normalTicks(t)
	endless := func(hold <-chan struct{}) func(yield func(*dtracefs.Batch, error) bool) {
		return func(yield func(*dtracefs.Batch, error) bool) {
			fsys := fstest.MapFS{"b.txt": {Data: []byte(ticks(60, 60))}}
			for b, err := range dtracefs.Scan(context.Background(), fsys, "b.txt", dtracefs.Options{}) {
				if !yield(b, err) {
					return
				}
			}
			<-hold
		}
	}
	hold := make(chan struct{})
	defer close(hold)
	behavior.SetScreen(func(w *behavior.Watching) func(bool) {
		return func(bool) {
			if _, n := w.Last(); n == 50 {
				w.Stop()
			}
		}
	})
	report, err := normal.Watch(context.Background(), endless(hold), behavior.ScoreOptions{})
	behavior.SetScreen(nil)
	if err != nil || len(report.Buckets) < 50 {
		t.Errorf("stopped: %v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := normal.Watch(ctx, endless(hold), behavior.ScoreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
