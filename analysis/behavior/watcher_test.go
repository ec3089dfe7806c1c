package behavior_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/analysis/source"
)

// What is accepted is normal from then on; other faults are found as before.
func TestAccept(t *testing.T) {
	b := learn(t, server(t, 1, 300, nil), server(t, 2, 300, nil))
	backup := func(i int, c map[string]float64) {
		if i >= 60 && i < 75 {
			c["syscall new"], c["write_bytes db"] = 4000, 4e6
		}
	}
	w := watcher(t, b)
	first := push(t, w, beside(t, server(t, 3, 120, backup), "csw kworker/7", 50))
	if len(first) != 1 || first[0].Sources[0].Name != "new" && first[0].Sources[0].Name != "db" {
		t.Fatalf("alerts %v", first)
	}
	buckets := w.Buckets(first[0].Start, first[0].End)
	taught, err := b.Accept(buckets)
	if err != nil {
		t.Fatal(err)
	}
	if taught.Sources["csw kworker/7"] != nil || taught.Sources["syscall new"] == nil {
		t.Error("a thread of the kernel was accepted, or the new process was not")
	}
	// Another new process stands out as far as before.
	newer := beside(t, server(t, 6, 120, nil), "syscall newer", 4000)
	before, after := push(t, watcher(t, b), newer), push(t, watcher(t, taught), newer)
	if len(before) != 1 || len(after) != 1 || after[0].Start != before[0].Start || after[0].Sources[0].Score < 0.9*before[0].Sources[0].Score {
		t.Errorf("another new process: %v, where before %v", after, before)
	}
	if again := push(t, watcher(t, taught), server(t, 4, 120, backup)); len(again) != 0 {
		t.Errorf("accepted, and it raises %v", again)
	}
	other := push(t, watcher(t, taught), server(t, 5, 120, func(i int, c map[string]float64) {
		if i >= 60 && i < 70 {
			c["sysfail web"] = 3000
		}
	}))
	if len(other) != 1 || other[0].Sources[0].Name != "web" {
		t.Errorf("another fault raises %v", other)
	}
	if before := push(t, watcher(t, b), server(t, 4, 120, backup)); len(before) != 1 {
		t.Errorf("the behavior itself changed: %v", before)
	}
	if _, err := b.Accept(nil); err == nil {
		t.Error("accepted nothing")
	}
}

// beside is a series with one more source, which does so much from second 60 to 75.
func beside(t testing.TB, s *analysis.Series, name string, v float64) *analysis.Series {
	t.Helper()
	n, p := s.Dims()
	x := mat.NewDense(n, p+1, nil)
	x.Slice(0, n, 0, p).(*mat.Dense).Copy(s.Values)
	for i := 60; i < 75; i++ {
		x.Set(i, p, v)
	}
	out, err := analysis.NewSeries(append(slices.Clone(s.Names), name), s.Times[0], s.Every, x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func watcher(t testing.TB, b *behavior.Behavior) *behavior.Watcher {
	t.Helper()
	w, err := behavior.NewWatcher(b, behavior.ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// push gives a watcher the buckets of a series and returns the alerts that
// ended.
func push(t testing.TB, w *behavior.Watcher, s *analysis.Series) []behavior.Alert {
	t.Helper()
	var out []behavior.Alert
	for bucket, err := range stream(s) {
		if err != nil {
			t.Fatal(err)
		}
		u, err := w.Push(t.Context(), bucket)
		if err != nil {
			t.Fatal(err)
		}
		if u.Ended {
			out = append(out, *u.Alert)
		}
	}
	return out
}

// A watcher that remembers goes on as if it had not been stopped, wherever that
// was.
func TestAWatcherIsGoneOnWith(t *testing.T) {
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	s := server(t, 3, 100, func(i int, c map[string]float64) {
		if i >= 50 && i < 60 {
			c["sysfail web"] = 900
		}
	})
	want := push(t, watcher(t, b), s)
	if len(want) != 1 {
		t.Fatalf("alerts %v", want)
	}
	for _, stop := range []int{1, 30, 51, 55, 61, 90} {
		head, tail := *s, *s
		first := watcher(t, b)
		head.Times, tail.Times = s.Times[:stop], s.Times[stop:]
		tailValues := s.Window(s.Times[stop], 1e12)
		got := push(t, first, &head)
		text, err := json.Marshal(first.Memory())
		if err != nil {
			t.Fatal(err)
		}
		var m behavior.Memory
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		second := watcher(t, b)
		second.Remember(m)
		got = append(got, push(t, second, tailValues)...)
		if len(got) != 1 || got[0].Start != want[0].Start || got[0].End != want[0].End || got[0].Score != want[0].Score || got[0].Sources[0].Name != want[0].Sources[0].Name {
			t.Errorf("stopped at %d: %v, want %v", stop, got, want)
		}
	}
}

func TestSuppressedProcessesAreNotJudged(t *testing.T) {
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	s := server(t, 3, 120, func(i int, c map[string]float64) {
		if i >= 20 && i < 30 || i >= 80 && i < 90 {
			c["syscall web"] *= 30
		}
	})
	r, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{Suppressed: map[string]float64{"web": s.Times[60]}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Alerts) != 1 || r.Alerts[0].Start < s.Times[79] {
		t.Errorf("alerts %v", r.Alerts)
	}
}

// An alert does not begin inside the one that just ended, nor does a clock that
// is set lose what follows.
func TestAlertsFollowEachOther(t *testing.T) {
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	s := server(t, 3, 400, func(i int, c map[string]float64) {
		if i%9 < 3 {
			c["sysfail web"] = 900
		}
	})
	for i := range s.Times {
		switch {
		case i >= 300:
			s.Times[i] -= 500 // set back
		case i >= 200:
			s.Times[i] += 1000 // set forward
		}
	}
	alerts := push(t, watcher(t, b), s)
	if len(alerts) < 20 {
		t.Errorf("%d alerts", len(alerts))
	}
	for i, a := range alerts {
		if a.End <= a.Start {
			t.Errorf("alert from %v to %v", a.Start, a.End)
		}
		if i > 0 && a.Start < alerts[i-1].End && a.Start > alerts[i-1].Start {
			t.Errorf("alert from %v begins in the one to %v", a.Start, alerts[i-1].End)
		}
	}
}

// A day of a stream takes no more memory than its first hour.
func TestADayInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a day of buckets")
	}
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	hour := slices.Collect(func(yield func(behavior.Bucket) bool) {
		for bucket := range stream(server(t, 7, 3600, nil)) {
			yield(bucket)
		}
	})
	w := watcher(t, b)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early uint64
	for h := range 24 {
		for i, bucket := range hour {
			bucket.Time = float64(1e9 + h*3600 + i)
			if _, err := w.Push(t.Context(), bucket); err != nil {
				t.Fatal(err)
			}
		}
		if h == 0 {
			early = heap()
		}
	}
	if late := heap(); late > early+4<<20 {
		t.Errorf("heap of %d MB after an hour, %d MB after a day", early>>20, late>>20)
	}
	if m := w.Memory(); m.Last != 1e9+24*3600-1 || reflect.DeepEqual(m, behavior.Memory{}) {
		t.Errorf("memory %+v", m)
	}
}

// Names that never end fill no memory, and what else breaks is told with its links.
func TestNamesWithoutEndAreForgotten(t *testing.T) {
	b := learn(t, server(t, 1, 300, nil), server(t, 2, 300, nil))
	w := watcher(t, b)
	const fresh = 10_000
	last := server(t, 3, 60, nil)
	values := 0
	for i, at := range last.Times {
		counts := map[string]float64{}
		for j, name := range last.Names {
			counts[name] = last.Values.At(i, j)
		}
		for k := range fresh {
			counts[fmt.Sprintf("syscall p%d-%d", i, k)] = 3
		}
		if _, err := w.Push(t.Context(), behavior.Bucket{Time: at, Counts: counts}); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range w.Buckets(last.Times[0], last.Times[59]+1) {
		values += len(b.Counts)
	}
	if values < 10*fresh || values > 300_000 {
		t.Errorf("%d values are kept of %d", values, 60*fresh)
	}
	u, err := w.Close(t.Context())
	if err != nil || u == nil || u.Alert.End != last.Times[59]+1 {
		t.Errorf("%+v, %v", u, err)
	}
}

// A process that makes system calls is judged, though a thread of the kernel had
// its name; one left out by name alone is told.
func TestNamesAloneDecideNothingUntold(t *testing.T) {
	plain := server(t, 1, 200, nil)
	s := observed(t, plain, "x")
	s.Names[len(s.Names)-1] = "csw kworker/0:1"
	s.Origins = make([]source.Origin, len(s.Names))
	s.Origins[len(s.Origins)-1] = source.Platform
	b := learn(t, s)
	if !slices.Contains(b.Ignored, "kworker/0:1") {
		t.Fatalf("left out %v", b.Ignored)
	}
	fault := func(i int, c map[string]float64) {
		if i >= 60 && i < 70 {
			c["syscall new"] = 5000
		}
	}
	for _, name := range []string{"kworker/0:1", "kworker/9:9", "dtrace"} {
		fresh := server(t, 3, 120, fault)
		rename(fresh, "new", name)
		if r := score(t, b, fresh); len(r.Alerts) != 1 || r.Alerts[0].Sources[0].Name != name {
			t.Errorf("%s: %v", name, r)
		}
	}
	// A tracer at work is there from the first, and told.
	fresh := server(t, 3, 120, func(_ int, c map[string]float64) { c["syscall new"] = 500 })
	rename(fresh, "new", "dtrace")
	r := score(t, b, fresh)
	if len(r.Alerts) != 0 || !strings.Contains(r.String(), "left out by name alone, though they make system calls or use the CPU: dtrace (6e+04)") {
		t.Errorf("the tracer at work: %v", r)
	}
	w := watcher(t, b)
	for bucket := range stream(fresh) {
		if _, err := w.Push(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
	}
	if told := strings.Join(w.LeftOut(), "\n"); !strings.Contains(told, "kworker/0:1") || !strings.Contains(told, "use the CPU: dtrace (6e+04)") {
		t.Errorf("left out: %s", told)
	}
}
