package behavior_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// server makes n buckets of a web server under a load that varies: counts of
// three processes that follow the load, and one that is rarely active.
func server(t testing.TB, seed uint64, n int, change func(i int, counts map[string]float64)) *analysis.Series {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	names := []string{"connect web", "syscall cron", "syscall db", "syscall new", "syscall web", "sysfail web", "write_bytes db"}
	x := mat.NewDense(n, len(names), nil)
	load := 50.0
	for i := range n {
		if i%10 == 0 {
			load = 20 + 180*rng.Float64()
		}
		count := func(mean float64) float64 { return math.Max(0, math.Round(mean+math.Sqrt(mean)*2*rng.NormFloat64())) }
		counts := map[string]float64{
			"syscall web": count(10 * load), "syscall db": count(6 * load), "write_bytes db": 512 * count(load),
			"connect web": count(load / 20), "sysfail web": count(1),
		}
		if rng.IntN(30) == 0 {
			counts["syscall cron"] = count(40)
		}
		if change != nil {
			change(i, counts)
		}
		for j, name := range names {
			x.Set(i, j, counts[name])
		}
	}
	s, err := analysis.NewSeries(names, 1000, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func learn(t testing.TB, series ...*analysis.Series) *behavior.Behavior {
	t.Helper()
	b, err := behavior.Learn(context.Background(), series, behavior.Options{ByKind: true, Tags: []string{"host a"}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func score(t testing.TB, b *behavior.Behavior, s *analysis.Series) *behavior.Report {
	t.Helper()
	r, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFaultsAreFoundAndNamed(t *testing.T) {
	b := learn(t, server(t, 1, 300, nil), server(t, 2, 300, nil))
	for _, f := range []struct {
		name, culprit string
		change        func(map[string]float64)
	}{
		{"new process", "new", func(c map[string]float64) { c["syscall new"] = 5000 }},
		{"failing calls", "web", func(c map[string]float64) { c["sysfail web"] = 3000 }},
		{"process gone", "db", func(c map[string]float64) { delete(c, "syscall db"); delete(c, "write_bytes db") }},
		{"flood", "db", func(c map[string]float64) { c["write_bytes db"] *= 200 }},
		{"rare process busy", "cron", func(c map[string]float64) { c["syscall cron"] = 9000 }},
	} {
		t.Run(f.name, func(t *testing.T) {
			r := score(t, b, server(t, 3, 120, func(i int, c map[string]float64) {
				if i >= 60 && i < 70 {
					f.change(c)
				}
			}))
			if len(r.Alerts) != 1 {
				t.Fatalf("%d alerts: %v", len(r.Alerts), r.Alerts)
			}
			a := r.Alerts[0]
			// What lasted may seem to go on for a few odd buckets.
			if a.Start != 1060 || a.End < 1070 || a.End > 1073 {
				t.Errorf("alert from %v to %v, want 1060 to 1070", a.Start, a.End)
			}
			if a.Sources[0].Name != f.culprit {
				t.Errorf("strongest is %v, want %s", a.Sources, f.culprit)
			}
			lost := slices.ContainsFunc(a.Edges, func(c behavior.Change) bool {
				return c.From == "db" && c.To == "web" && c.What == "lost" && c.After == 0 && c.P < 1e-3
			})
			if lost != (f.name == "process gone") {
				t.Errorf("changed links %v", a.Edges)
			}
			for i, v := range r.Buckets {
				if v.Alert != (v.Time >= a.Start && v.Time < a.End) {
					t.Errorf("bucket %d: alert is %v", i, v.Alert)
				}
			}
		})
	}
}

func TestFalseAlarmsStayNearTheStatedRate(t *testing.T) {
	b := learn(t, server(t, 1, 400, nil), server(t, 2, 400, nil))
	const n = 20000
	r, err := behavior.Score(context.Background(), b, server(t, 9, n, nil), behavior.ScoreOptions{FalseAlarms: 36})
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range []float64{0.2, 0.05, 0.02} {
		k := 0.0
		for _, v := range r.Buckets {
			if v.P <= level {
				k++
			}
		}
		if share := k / n; share > 2*level || share < level/2 {
			t.Errorf("p ≤ %v in %.4f of normal buckets, want within a factor of 2", level, share)
		}
	}
	if rate := float64(len(r.Alerts)) / (n / 3600.0); rate > 72 {
		t.Errorf("%.1f alerts an hour, asked for at most 36", rate)
	}
}

func TestSaveAndLoad(t *testing.T) {
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	path := filepath.Join(t.TempDir(), "b.json")
	if err := b.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := behavior.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh := server(t, 3, 60, func(i int, c map[string]float64) {
		if i > 40 {
			c["sysfail web"] = 500
		}
	})
	want, got := score(t, b, fresh), score(t, loaded, fresh)
	if !reflect.DeepEqual(got.Buckets, want.Buckets) || !reflect.DeepEqual(got.Alerts, want.Alerts) {
		t.Error("a loaded behavior scores differently")
	}
	var first, second bytes.Buffer
	if err := errors.Join(b.Write(&first), loaded.Write(&second)); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("saved, loaded and saved again differs")
	}
}

// TestReadsOldName holds that a behavior is read whose buckets' width has the name that it had at
// first.
func TestReadsOldName(t *testing.T) {
	var now bytes.Buffer
	if err := learn(t, server(t, 1, 60, nil)).Write(&now); err != nil {
		t.Fatal(err)
	}
	old := strings.Replace(now.String(), `"every":1000000000`, `"width":1000000000`, 1)
	if old == now.String() {
		t.Fatal("the width of a bucket has another name")
	}
	b, err := behavior.Read(strings.NewReader(old))
	if err != nil || b.Every != time.Second {
		t.Fatalf("%v, buckets of %v", err, b.Every)
	}
	var again bytes.Buffer
	if err := b.Write(&again); err != nil || again.String() != now.String() {
		t.Errorf("%v, or saved again it differs", err)
	}
}

func TestBadBehaviorsSaySo(t *testing.T) {
	var good bytes.Buffer
	if err := learn(t, server(t, 1, 60, nil)).Write(&good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"", "not a behavior"},
		{"[1]", "not a behavior"},
		{"{}", "no version"},
		{`{"version":2}`, "unknown version of a behavior: 2, this program knows 3"},
		{`{"version":3}`, "damaged"},
		{good.String()[:good.Len()/2], "not a behavior"},
		{strings.Replace(good.String(), `"every":1000000000`, `"every":-1`, 1), "buckets of -1ns"},
		{strings.Replace(good.String(), `"presence":{"cron"`, `"presence":{"corn"`, 1), "process unknown"},
	} {
		_, err := behavior.Read(strings.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("reading %.40q: %v, want %q", c.in, err, c.want)
		}
	}
	_, err := behavior.Read(strings.NewReader(`{"version":7}`))
	if !errors.Is(err, behavior.ErrVersion) {
		t.Errorf("version 7: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	s := server(f, 1, 40, nil)
	if err := learn(f, s).Write(&good); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add([]byte(`{"version":3,"width":1,"buckets":1,"sources":{"a":null},"links":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := behavior.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		one, err := analysis.NewSeries([]string{"syscall web"}, 0, b.Every, mat.NewDense(3, 1, []float64{0, 1, 1e9}))
		if err != nil {
			t.Fatal(err)
		}
		behavior.Score(t.Context(), b, one, behavior.ScoreOptions{})
		_ = b.String()
	})
}

// gone reports whether a process is silent by the alert.
func gone(a behavior.Alert) bool {
	return slices.ContainsFunc(a.Sources[0].Why, func(s behavior.Sign) bool { return s.State == behavior.Silent })
}

func TestOddSeries(t *testing.T) {
	b := learn(t, server(t, 1, 100, nil), server(t, 2, 100, nil))
	t.Run("empty", func(t *testing.T) {
		s, err := analysis.NewSeries(nil, 0, time.Second, &mat.Dense{})
		if err != nil {
			t.Fatal(err)
		}
		if r := score(t, b, s); len(r.Buckets) != 0 || len(r.Alerts) != 0 {
			t.Errorf("empty series: %v", r)
		}
	})
	t.Run("one bucket", func(t *testing.T) {
		if r := score(t, b, server(t, 3, 1, nil)); len(r.Buckets) != 1 {
			t.Errorf("one bucket: %v", r)
		}
	})
	t.Run("narrower buckets", func(t *testing.T) {
		s := server(t, 3, 105, nil)
		s.Every = 100 * time.Millisecond
		r := score(t, b, s)
		if len(r.Buckets) != 10 || !strings.Contains(strings.Join(r.Notes, " "), "left out the last 500ms") {
			t.Errorf("%d buckets, notes %v", len(r.Buckets), r.Notes)
		}
	})
	t.Run("shorter than a bucket", func(t *testing.T) {
		s := server(t, 3, 5, nil)
		s.Every = 100 * time.Millisecond
		if r := score(t, b, s); len(r.Buckets) != 0 || !strings.Contains(r.String(), "left out the last 500ms") {
			t.Errorf("half a bucket: %v", r)
		}
	})
	t.Run("wider buckets", func(t *testing.T) {
		s := server(t, 3, 20, nil)
		s.Every = 2 * time.Second
		if _, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{}); err == nil || !strings.Contains(err.Error(), "buckets of 2s do not make up the behavior's buckets of 1s") {
			t.Error(err)
		}
	})
	t.Run("fewer sources", func(t *testing.T) {
		s, err := server(t, 3, 40, nil).Select("syscall web", "sysfail web", "connect web")
		if err != nil {
			t.Fatal(err)
		}
		r := score(t, b, s)
		if len(r.Alerts) != 1 || r.Alerts[0].Sources[0].Name != "db" || !gone(r.Alerts[0]) {
			t.Errorf("alerts %v", r.Alerts)
		}
	})
	t.Run("buckets that do not fit", func(t *testing.T) {
		s := server(t, 3, 20, nil)
		s.Every = 300 * time.Millisecond
		if _, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{}); err == nil || !strings.Contains(err.Error(), "do not make up") {
			t.Error(err)
		}
	})
	t.Run("other sources", func(t *testing.T) {
		s := server(t, 3, 40, nil)
		for j := range s.Names {
			s.Names[j] += "2"
		}
		r := score(t, b, s)
		if len(r.Alerts) != 1 || r.Alerts[0].End-r.Alerts[0].Start != 40 {
			t.Errorf("alerts %v", r.Alerts)
		}
	})
	t.Run("NaN", func(t *testing.T) {
		s := server(t, 3, 40, nil)
		s.Values.Set(7, 2, math.NaN())
		_, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{})
		_, err2 := behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{})
		for _, err := range []error{err, err2} {
			if err == nil || !strings.Contains(err.Error(), `"syscall db", bucket 7 is NaN`) {
				t.Error(err)
			}
		}
	})
	t.Run("too short to learn", func(t *testing.T) {
		if _, err := behavior.Learn(t.Context(), []*analysis.Series{server(t, 3, 10, nil)}, behavior.Options{}); err == nil || !strings.Contains(err.Error(), "10 buckets of 1s: want at least 20") {
			t.Error(err)
		}
	})
	t.Run("widths differ", func(t *testing.T) {
		s := server(t, 3, 40, nil)
		s.Every = 2 * time.Second
		if _, err := behavior.Learn(t.Context(), []*analysis.Series{server(t, 3, 40, nil), s}, behavior.Options{}); err == nil || !strings.Contains(err.Error(), "buckets of 2s") {
			t.Error(err)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		if _, err := behavior.Learn(t.Context(), nil, behavior.Options{}); err == nil {
			t.Error("learned from no series")
		}
		if _, err := behavior.Learn(t.Context(), []*analysis.Series{nil}, behavior.Options{}); err == nil {
			t.Error("learned from a nil series")
		}
	})
}

// stream gives the buckets of a series.
func stream(s *analysis.Series) iter.Seq2[behavior.Bucket, error] {
	return func(yield func(behavior.Bucket, error) bool) {
		for i, t := range s.Times {
			counts := map[string]float64{}
			for j, name := range s.Names {
				counts[name] = s.Values.At(i, j)
			}
			if !yield(behavior.Bucket{Time: t, Counts: counts}, nil) {
				return
			}
		}
	}
}

func TestWatchIsScore(t *testing.T) {
	b := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil))
	s := server(t, 3, 100, func(i int, c map[string]float64) {
		if i >= 50 && i < 60 || i > 95 {
			c["sysfail web"] = 900
		}
	})
	report := score(t, b, s)
	var alerts []behavior.Alert
	i := 0
	for u, err := range behavior.Watch(context.Background(), b, stream(s), behavior.ScoreOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Ended {
			alerts = append(alerts, *u.Alert)
		}
		if i < len(report.Buckets) && u.Verdict.Score != report.Buckets[i].Score {
			t.Errorf("bucket %d: %v, want %v", i, u.Verdict.Score, report.Buckets[i].Score)
		}
		i++
	}
	if len(alerts) != 2 || !reflect.DeepEqual(alerts, report.Alerts) {
		t.Errorf("watched %v\nscored %v", alerts, report.Alerts)
	}
}

func TestWatchStops(t *testing.T) {
	b := learn(t, server(t, 1, 60, nil))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for _, err := range behavior.Watch(ctx, b, stream(server(t, 2, 50, nil)), behavior.ScoreOptions{}) {
		if n++; n == 10 {
			cancel()
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) || n != 11 {
				t.Errorf("update %d: %v", n, err)
			}
			return
		}
	}
	t.Error("went on after cancel")
}

func TestCounter(t *testing.T) {
	c := behavior.NewCounter(time.Second)
	var got []string
	take := func(bs []behavior.Bucket) {
		for _, b := range bs {
			got = append(got, fmt.Sprintf("%.3f %v", b.Time, b.Counts))
		}
	}
	take(c.Block(101, map[string]float64{"a": 1}))
	take(c.Block(102.01, map[string]float64{"a": 2}))
	take(c.Block(104, map[string]float64{"a": 6})) // a tick was missed
	take(c.Block(200, map[string]float64{"a": 7})) // after a pause
	want := []string{"100.000 map[a:1]", "101.000 map[a:2]", "102.000 map[a:3]", "103.000 map[a:3]", "199.000 map[a:7]"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	got, c = nil, behavior.NewCounter(time.Second)
	for _, e := range []float64{10.2, 11.1, 10.9, 11.4, 11.6, 13.6} {
		take(c.Event(e, "a"))
	}
	want = []string{"10.000 map[a:2]", "11.000 map[a:3]", "12.000 map[]"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// observed adds a tracer that follows the load to a series.
func observed(t testing.TB, s *analysis.Series, name string) *analysis.Series {
	t.Helper()
	n, p := s.Dims()
	x := mat.NewDense(n, p+1, nil)
	for i := range n {
		x.SetRow(i, append(append([]float64{}, s.Values.RawRowView(i)...), 3*s.Values.At(i, p-1)+float64(i%7)))
	}
	out, err := analysis.NewSeries(append(append([]string{}, s.Names...), "syscall "+name), s.Times[0], s.Every, x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheObserverIsLeftOutAndListed(t *testing.T) {
	plain, series := server(t, 1, 120, nil), observed(t, server(t, 1, 120, nil), "bpftrace")
	b := learn(t, series)
	if !reflect.DeepEqual(b.Ignored, []string{"bpftrace"}) || b.Sources["syscall bpftrace"] == nil || b.Presence["bpftrace"] != 0 {
		t.Errorf("ignored %v, sources %v", b.Ignored, b.Sources)
	}
	others := maps.Clone(b.Sources)
	delete(others, "syscall bpftrace")
	if want := learn(t, plain); !reflect.DeepEqual(others, want.Sources) || !reflect.DeepEqual(b.Kinds, want.Kinds) || !reflect.DeepEqual(withoutSources(t, b.Links), withoutSources(t, want.Links)) {
		t.Error("the observer changes what is learned of others")
	}
	// One that was not there while learning is left out too, and listed.
	without := learn(t, plain)
	for _, r := range []*behavior.Report{score(t, b, series), score(t, without, series)} {
		if len(r.Alerts) != 0 || !reflect.DeepEqual(r.Ignored, []string{"bpftrace"}) || !strings.Contains(r.String(), "left out the observer bpftrace") {
			t.Errorf("ignored %v, %v", r.Ignored, r)
		}
	}
	for u, err := range behavior.Watch(context.Background(), without, stream(series), behavior.ScoreOptions{}) {
		if err != nil || u.Alert != nil {
			t.Fatal(u, err)
		}
	}
	kept, err := behavior.Learn(context.Background(), []*analysis.Series{series}, behavior.Options{ByKind: true, IncludeObserver: true})
	if err != nil {
		t.Fatal(err)
	}
	if kept.Sources["syscall bpftrace"] == nil || len(kept.Ignored) != 0 {
		t.Errorf("asked for, it is not kept: ignored %v", kept.Ignored)
	}
	// It is missed when it was asked for.
	if r := score(t, kept, plain); len(r.Alerts) == 0 {
		t.Error("its silence raises no alert")
	}
}

// withoutSources are links as they are saved.
func withoutSources(t *testing.T, l *behavior.Links) string {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rename gives a process another name.
func rename(s *analysis.Series, from, to string) {
	for j, source := range s.Names {
		if kind, process, _ := strings.Cut(source, " "); process == from {
			s.Names[j] = kind + " " + to
		}
	}
}

// What has the name of an observer is judged if it misbehaves: the one that was
// there while learning by what it did then, one that comes later as any other.
func TestObserversThatMisbehave(t *testing.T) {
	b := learn(t, observed(t, server(t, 1, 200, nil), "bpftrace"))
	busy := observed(t, server(t, 2, 120, nil), "bpftrace")
	_, p := busy.Dims()
	for i := 60; i < 70; i++ {
		busy.Values.Set(i, p-1, 50*busy.Values.At(i, p-1))
	}
	late := observed(t, server(t, 2, 120, func(i int, c map[string]float64) {
		if i >= 60 && i < 70 {
			c["syscall new"] = 5000
		}
	}), "bpftrace")
	rename(late, "new", "strace")
	for name, s := range map[string]*analysis.Series{"bpftrace": busy, "strace": late} {
		r := score(t, b, s)
		if len(r.Alerts) != 1 || r.Alerts[0].Sources[0].Name != name || r.Alerts[0].Start != 1060 {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestMaxZ(t *testing.T) {
	s := server(t, 1, 200, nil)
	b := learn(t, s)
	fresh := server(t, 2, 50, func(i int, c map[string]float64) {
		if i == 30 {
			c["syscall new"] = math.E*math.E - 1 // a source never seen: log(1+count) is its z
		}
	})
	for i, v := range score(t, b, fresh).Buckets {
		want := behavior.Deviation{}
		for j, name := range s.Names {
			x := mat.Col(nil, j, s.Values)
			for k := range x {
				x[k] = math.Log1p(x[k])
			}
			mean, dev := stat.PopMeanStdDev(x, nil)
			if dev == 0 {
				dev = 1
			}
			if z := (math.Log1p(fresh.Values.At(i, j)) - mean) / dev; math.Abs(z) > math.Abs(want.Z) {
				want = behavior.Deviation{Source: name, Z: z}
			}
		}
		if v.MaxZ.Source != want.Source || math.Abs(v.MaxZ.Z-want.Z) > 1e-9*(1+math.Abs(want.Z)) {
			t.Errorf("bucket %d: %v, want %v", i, v.MaxZ, want)
		}
	}
}

// Several goroutines may use one behavior, also one that none has used before. The race detector
// judges.
func TestGoroutinesShareABehavior(t *testing.T) {
	var saved bytes.Buffer
	if err := learn(t, server(t, 1, 200, nil), server(t, 2, 200, nil)).Write(&saved); err != nil {
		t.Fatal(err)
	}
	b, err := behavior.Read(&saved)
	if err != nil {
		t.Fatal(err)
	}
	s := server(t, 3, 40, nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := behavior.Merge(b, b); err != nil {
				t.Error(err)
			}
			_ = b.String()
		})
	}
	all.Wait()
}
