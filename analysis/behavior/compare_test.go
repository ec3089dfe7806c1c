package behavior_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

func TestCompareFindsWhatChanged(t *testing.T) {
	before := learn(t, server(t, 1, 400, nil))
	after := learn(t, server(t, 2, 400, func(i int, c map[string]float64) {
		c["sysfail web"] += 30
		c["syscall new"] = 100
	}))
	c, err := behavior.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	if len(names) != 2 || !strings.Contains(strings.Join(names, ","), "sysfail web") || !strings.Contains(strings.Join(names, ","), "syscall new") {
		t.Errorf("sources that differ: %v", c)
	}
	for _, s := range c.Sources {
		if s.Name == "syscall new" && (s.Before != 0 || s.After != 100) {
			t.Errorf("%v, want 0 → 100", s)
		}
	}
	if d, err := c.Difference(); err != nil || len(d.PNG()) == 0 {
		t.Errorf("drawing the difference: %v", err)
	}
}

func TestCompareControlsFalseDiscoveries(t *testing.T) {
	wrong := 0
	const trials = 40
	for i := range trials {
		c, err := behavior.Compare(learn(t, server(t, uint64(2*i), 200, nil)), learn(t, server(t, uint64(2*i+1), 200, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Sources)+len(c.Links) > 0 {
			wrong++
		}
	}
	if wrong > trials/8 {
		t.Errorf("%d of %d comparisons of like behaviors found a difference", wrong, trials)
	}
}

func TestCompareRefuses(t *testing.T) {
	b := learn(t, server(t, 1, 100, nil))
	wide := server(t, 1, 100, nil)
	wide.Every = 2 * time.Second
	plain, err := behavior.Learn(t.Context(), []*analysis.Series{server(t, 1, 100, nil)}, behavior.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		other *behavior.Behavior
		want  string
	}{
		{nil, "no behavior"},
		{learn(t, wide), "buckets of 1s and of 2s"},
		{plain, "kinds of events apart"},
		{learn(t, server(t, 1, 25, nil)), "want at least 3"},
	} {
		if _, err := behavior.Compare(b, c.other); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	one, two := server(t, 1, 300, nil), server(t, 2, 300, func(i int, c map[string]float64) { c["syscall new"] = 10 })
	a, b := learn(t, one), learn(t, two)
	var before bytes.Buffer
	if err := a.Write(&before); err != nil {
		t.Fatal(err)
	}
	m, err := behavior.Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	both := learn(t, one, two)
	if m.Buckets != both.Buckets || !reflect.DeepEqual(m.Presence, both.Presence) {
		t.Errorf("merged knows %d buckets, %v", m.Buckets, m.Presence)
	}
	for name, s := range both.Sources {
		got := m.Sources[name]
		if got == nil || got.Total != s.Total || got.Active != s.Active {
			t.Errorf("%s: merged %+v, learned together %+v", name, got, s)
			continue
		}
		// Every value beyond the merged threshold is one that learning from
		// both at once sees there too.
		for k := 1; k <= min(len(got.Upper.Beyond), len(s.Upper.Beyond)); k++ {
			if got.Upper.Beyond[len(got.Upper.Beyond)-k] != s.Upper.Beyond[len(s.Upper.Beyond)-k] {
				t.Errorf("%s: tails %v and %v", name, got.Upper, s.Upper)
				break
			}
		}
	}
	if r := score(t, m, server(t, 3, 100, func(i int, c map[string]float64) { c["syscall new"] = 10 })); len(r.Alerts) > 0 {
		t.Errorf("what one of the merged knows raises %v", r.Alerts)
	}
	if r := score(t, m, server(t, 3, 100, func(i int, c map[string]float64) {
		if i > 50 && i < 60 {
			c["syscall other"], c["sysfail web"] = 0, 2000
		}
	})); len(r.Alerts) != 1 {
		t.Errorf("alerts %v, want 1", r.Alerts)
	}
	var after, saved bytes.Buffer
	if err := a.Write(&after); err != nil || after.String() != before.String() {
		t.Error("merging changed its argument")
	}
	if err := m.Write(&saved); err != nil {
		t.Fatal(err)
	}
	if _, err := behavior.Read(&saved); err != nil {
		t.Error(err)
	}
	if _, err := behavior.Merge(); err == nil {
		t.Error("merged nothing")
	}
}

// chain makes processes a → b → c: c follows b, and b follows a one bucket
// later. While broken, c goes its own way.
func chain(t *testing.T, seed uint64, n int, broken func(i int) bool) *analysis.Series {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	x := mat.NewDense(n, 3, nil)
	before := 100.0
	for i := range n {
		a := 50 + 400*rng.Float64()
		b := before * (1 + 0.05*rng.NormFloat64())
		c := b * (1 + 0.05*rng.NormFloat64())
		if broken(i) {
			c = 50 + 400*rng.Float64()
		}
		before = a
		x.SetRow(i, []float64{float64(int(a)), float64(int(b)), float64(int(c))})
	}
	s, err := analysis.NewSeries([]string{"a", "b", "c"}, 1000, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBrokenLinkIsTold(t *testing.T) {
	never := func(int) bool { return false }
	b, err := behavior.Learn(t.Context(), []*analysis.Series{chain(t, 1, 300, never), chain(t, 2, 300, never)}, behavior.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lead := false
	for _, e := range b.Links.Edges {
		lead = lead || e.Leads && b.Links.Names[e.From] == "a" && b.Links.Names[e.To] == "b"
		if e.Leads && b.Links.Names[e.To] == "a" {
			t.Errorf("%s is said to lead a", b.Links.Names[e.From])
		}
	}
	if !lead {
		t.Errorf("b follows a a bucket later, but the links are %+v", b.Links.Edges)
	}
	r := score(t, b, chain(t, 3, 120, func(i int) bool { return i >= 60 && i < 80 }))
	if len(r.Alerts) == 0 {
		t.Fatal("no alert: every count is usual, but c no longer follows b")
	}
	var edges []behavior.Change
	for _, a := range r.Alerts {
		edges = append(edges, a.Edges...)
	}
	found := false
	for _, e := range edges {
		found = found || e.From == "b" && e.To == "c" && (e.What == "lost" || e.What == "weakened")
	}
	if !found {
		t.Errorf("changed links %v, want b–c lost or weakened", edges)
	}
	d, err := r.Difference(r.Alerts[0])
	if err != nil || len(d.SVG()) == 0 {
		t.Errorf("difference: %v", err)
	}
	if len(r.Timeline().SVG()) == 0 || !strings.Contains(r.String(), "alert") {
		t.Error("nothing drawn")
	}
}

func TestWatchDoesNotGrow(t *testing.T) {
	b := learn(t, server(t, 1, 100, nil), server(t, 2, 100, nil))
	const hour = 3600
	long := func(yield func(behavior.Bucket, error) bool) {
		for i := range hour {
			counts := map[string]float64{"syscall web": 1000, "syscall db": 600}
			for k := range 100 { // names that never come again
				counts[fmt.Sprintf("syscall once%d-%d", i, k)] = 1
			}
			if !yield(behavior.Bucket{Time: float64(1000 + i), Counts: counts}, nil) {
				return
			}
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early uint64
	i := 0
	for _, err := range behavior.Watch(context.Background(), b, long, behavior.ScoreOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if i++; i == 600 {
			early = heap()
		}
	}
	if late := heap(); late > early+8<<20 || late > 100<<20 {
		t.Errorf("heap of %d MB after ten minutes, %d MB after an hour", early>>20, late>>20)
	}
}

// TestCompareLevels holds that a level is told as it is, whatever the width of a bucket is, and
// events by the second.
func TestCompareLevels(t *testing.T) {
	normal := func(seed uint64, free float64) *behavior.Behavior {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := &analysis.Series{Every: 10 * time.Second, Names: []string{"calls", "free"}, Values: mat.NewDense(400, 2, nil)}
		for i := range 400 {
			s.Times = append(s.Times, 1795376740+10*float64(i))
			s.Values.SetRow(i, []float64{math.Round(1000 + 20*rng.NormFloat64()), free + 0.5*rng.NormFloat64()})
		}
		b, err := behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{Values: map[string]behavior.Value{"calls": behavior.Count, "free": behavior.Gauge}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c, err := behavior.Compare(normal(1, 50), normal(2, 70))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 1 || c.Sources[0].String() != "free: 50 → 70" && !strings.HasPrefix(c.Sources[0].String(), "free: 50.0") && !strings.HasPrefix(c.Sources[0].String(), "free: 49.9") {
		t.Errorf("sources that differ: %v", c.Sources)
	}
	var hosts []behavior.Host
	for i := range 6 {
		free := 50.0
		if i == 3 {
			free = 70
		}
		hosts = append(hosts, behavior.Host{Name: fmt.Sprintf("web-%d", i), Role: "web", Behavior: normal(uint64(10+i), free)})
	}
	compared, err := behavior.CompareHosts(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	if text := compared.String(); !strings.Contains(text, "web-3") || strings.Contains(text, "/s") {
		t.Errorf("hosts that differ:\n%s", text)
	}
}

// An alert near the start of a series tells which links lost an end, and that too little was seen
// to tell which others changed.
func TestLinksOfAnEarlyAlert(t *testing.T) {
	b := learn(t, server(t, 1, 300, nil), server(t, 2, 300, nil))
	early := server(t, 3, 20, func(i int, c map[string]float64) {
		if i >= 2 && i < 5 {
			delete(c, "syscall db")
			delete(c, "write_bytes db")
		}
	})
	lost := func(a behavior.Alert, from, to string) bool {
		return slices.ContainsFunc(a.Edges, func(c behavior.Change) bool { return c.From == from && c.To == to && c.What == "lost" })
	}
	r := score(t, b, early)
	if len(r.Alerts) != 1 || !lost(r.Alerts[0], "db", "web") || !strings.Contains(r.Alerts[0].Note, "10 buckets up to the end of the alert, and 6 were seen") || !strings.Contains(r.String(), r.Alerts[0].Note) {
		t.Errorf("told:\n%v", r)
	}
	if watched := push(t, watcher(t, b), early); !reflect.DeepEqual(watched, r.Alerts) {
		t.Errorf("a watch tells %v", watched)
	}
	// A watch that goes on where another one of the same stream was knows the buckets before.
	before, on := watcher(t, b), watcher(t, b)
	push(t, before, server(t, 3, 20, nil))
	on.RememberBuckets(before)
	for i := range early.Times {
		early.Times[i] += 20
	}
	if told := push(t, on, early); len(told) != 1 || !lost(told[0], "db", "web") || told[0].Note != "" {
		t.Errorf("a watch that goes on tells %+v", told)
	}
	// A watch that begins in an outage sees no source at all.
	w := watcher(t, b)
	push(t, w, server(t, 3, 12, func(_ int, c map[string]float64) { clear(c) }))
	dark, err := w.Close(t.Context())
	if err != nil || dark == nil || !lost(*dark.Alert, "db", "web") || dark.Alert.Note != "" {
		t.Errorf("in an outage a watch tells %+v, %v", dark, err)
	}
}
