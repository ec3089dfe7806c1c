package dtracefs

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dtnotes/dtracefs/internal/generate"
)

// everyKind are the options that make each kind of what a process did a source.
var everyKind = MeasureOptions{By: []string{"kind", "execname"}, Kinds: []string{"*"}}

// countOf counts a capture of one file.
func countOf(t testing.TB, fsys fs.FS, name string, o CountOptions) *Counts {
	t.Helper()
	c, err := CountFiles(t.Context(), []File{{fsys, name}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// countText counts text as a capture of its own.
func countText(t testing.TB, text string, o CountOptions) *Counts {
	t.Helper()
	return countOf(t, fstest.MapFS{"x": {Data: []byte(text)}}, "x", o)
}

// counted counts text as a capture of its own and returns the matrix.
func counted(t testing.TB, text string, o CountOptions) *Matrix {
	t.Helper()
	return matrixOf(t, countText(t, text, o))
}

func matrixOf(t testing.TB, c *Counts) *Matrix {
	t.Helper()
	m, err := c.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *Matrix) column(source string) []float64 {
	j := slices.Index(m.Sources, source)
	if j < 0 {
		return nil
	}
	column := make([]float64, m.Buckets)
	for i := range column {
		column[i] = m.Row(i)[j]
	}
	return column
}

func TestMissedTickSpreads(t *testing.T) {
	text := ""
	for _, second := range []int{1, 2, 3, 6, 7} {
		text += fmt.Sprintf("%d\ncsw a %d\n\n", int64(1_795_376_740+second)*1e9+int64(second)*1e5, 10)
	}
	m := counted(t, text, CountOptions{MeasureOptions: everyKind})
	if got, want := m.column("csw a"), []float64{10, 10, 10, 3, 3, 4, 10}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	for i, rate := range m.Rates() {
		if want := []float64{10, 10, 10, 3, 3, 4, 10}[i]; math.Abs(rate-want) > 0.01*want {
			t.Errorf("bucket %d: rate %g, want %g", i, rate, want)
		}
	}
}

func TestAppendedRunsAreApart(t *testing.T) {
	text := "1795376741000000000\ncsw a 1\n\n1795376742000000000\ncsw a 2\n\n" +
		"1795376842000000000\ncsw a 50\n\n1795376843000000000\ncsw a 60\n\n"
	m := counted(t, text, CountOptions{MeasureOptions: everyKind})
	got := m.column("csw a")
	if len(got) != 103 || got[0] != 1 || got[1] != 2 || got[101] != 50 || got[102] != 60 || got[50] != 0 {
		t.Errorf("%d buckets: %v", len(got), got)
	}
}

func TestEventsOutOfOrder(t *testing.T) {
	var text strings.Builder
	times := []int64{100, 1100, 900, 2500, 1999, 2000, 150, 3100, 2900, 3000}
	for _, ms := range times {
		fmt.Fprintf(&text, "%d 0 7 7 sh read:entry 3\n", 1_795_380_942_000_000_000+ms*1e6)
	}
	m := counted(t, text.String(), CountOptions{MeasureOptions: MeasureOptions{By: []string{"probe", "execname"}}})
	if got, want := m.column("read:entry sh"), []float64{3, 2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if m.First != time.Unix(1_795_380_943, 0).UTC() {
		t.Errorf("first bucket ends at %v", m.First)
	}
}

func TestCountOddNames(t *testing.T) {
	text := "1795380772212523676\ncsw  lead 4\ncsw  8\ncsw new\nline 5\ncsw 123 6\ncsw x, y -7\nLost 12 events\ndtrace: 3 drops on CPU 1\nnonsense here\n\n"
	c := countText(t, text, CountOptions{MeasureOptions: MeasureOptions{By: []string{"execname"}, Kinds: []string{"*"}}})
	m := matrixOf(t, c)
	for name, want := range map[string]float64{" lead": 4, "": 8, "new\nline": 5, "123": 6, "x, y": -7} {
		if got := m.column(name); len(got) != 1 || got[0] != want {
			t.Errorf("%q counted %v, want %g", name, got, want)
		}
	}
	if len(m.Sources) != 5 || len(c.Drops) != 2 || c.Skipped != 1 {
		t.Errorf("sources %q, drops %v, %d skipped", m.Sources, c.Drops, c.Skipped)
	}
}

func TestCountOptions(t *testing.T) {
	text := "1795376741000000000\ncsw a 1\nsyscall a 5\n\n1795376742000000000\ncsw b 2\nsyscall a 7\n\n1795376743000000000\nsyscall a 1\n\n"
	m := counted(t, text, CountOptions{MeasureOptions: MeasureOptions{By: []string{"execname"}, Kinds: []string{"syscall"}}})
	if !slices.Equal(m.Sources, []string{"a"}) || !slices.Equal(m.column("a"), []float64{5, 7, 1}) {
		t.Errorf("%v: %v", m.Sources, m.Values)
	}
	m = counted(t, text, CountOptions{MeasureOptions: MeasureOptions{By: []string{"execname"}, Kinds: []string{"syscall"}, Every: 3 * time.Second}, Origin: time.Unix(1795376743, 0)})
	if !slices.Equal(m.column("a"), []float64{13}) {
		t.Errorf("in one bucket: %v", m.Values)
	}
}

// kindsApart are the options that make each kind of thing in the generated captures a source.
var kindsApart = map[string]MeasureOptions{"activity": everyKind, "bpftrace": everyKind, "json": everyKind, "log": {By: []string{"probe", "execname"}}}

// TestWorkersAgree holds that neither chunks nor workers change the counts.
func TestWorkersAgree(t *testing.T) {
	for name, kind := range generated {
		fsys := inMemory(t, kind, 5<<20)
		var first *Matrix
		for _, workers := range []int{1, 2, 3} {
			c := countOf(t, fsys, "capture", CountOptions{MeasureOptions: kindsApart[name], Workers: workers})
			m := matrixOf(t, c)
			if c.Skipped != 0 {
				t.Errorf("%s: %d lines skipped", name, c.Skipped)
			}
			if first == nil {
				first = m
			} else if !reflect.DeepEqual(first, m) {
				t.Errorf("%s: %d workers make another matrix", name, workers)
			}
		}
	}
}

// TestCountIsLoad holds that counting in one pass gives what the full tables do.
func TestCountIsLoad(t *testing.T) {
	for name, kind := range generated {
		fsys := inMemory(t, kind, 3<<20)
		c, err := Load(t.Context(), fsys, "capture", Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{}
		if a := c.Activity(); a != nil {
			for i := range a.NumRows() {
				want[a.Column("kind").Text(i)+" "+a.Column("execname").Text(i)] += a.Column("value").Int(i)
			}
		} else {
			l := c.Table("log")
			for i := range l.NumRows() {
				want[l.Column("probe").Text(i)+" "+l.Column("execname").Text(i)]++
			}
		}
		m := matrixOf(t, countOf(t, fsys, "capture", CountOptions{MeasureOptions: kindsApart[name]}))
		if len(want) != len(m.Sources) {
			t.Errorf("%s: %d sources, want %d", name, len(m.Sources), len(want))
		}
		for j, s := range m.Sources {
			sum := 0.0
			for i := range m.Buckets {
				sum += m.Row(i)[j]
			}
			if int64(sum) != want[s] {
				t.Errorf("%s: %s sums to %g, want %d", name, s, sum, want[s])
			}
		}
	}
}

// TestDropsInOrder holds that drops come in the order of the text, whoever counts it.
func TestDropsInOrder(t *testing.T) {
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "%d\ncsw nginx 12\nsyscall postgres %d\n\n", 1_795_376_740_000_000_000+int64(i)*1e9, i)
		if i%100 == 0 {
			fmt.Fprintf(&text, "dtrace: %d drops on CPU 0\n", i+1)
		}
	}
	c := countText(t, text.String(), CountOptions{Workers: 3})
	if len(c.Drops) != 400 || !slices.IsSortedFunc(c.Drops, func(a, b Drop) int { return int(a.Count - b.Count) }) {
		t.Errorf("%d drops, not in their order", len(c.Drops))
	}
}

func TestMergeCounts(t *testing.T) {
	part := func(text string) *Counts {
		return countText(t, text, CountOptions{MeasureOptions: everyKind})
	}
	a := part("1795376741000000000\ncsw a 1\n\n1795376742000000000\ncsw a 2\n\n")
	b := part("1795376742000000000\ncsw b 4\n\n1795376743000000000\ncsw a 8\n\n")
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	m := matrixOf(t, a)
	if !slices.Equal(m.Values, []float64{1, 0, 2, 4, 8, 0}) {
		t.Errorf("%v: %v", m.Sources, m.Values)
	}
	b.grid.every++
	if err := a.Merge(b); err == nil {
		t.Error("no error for buckets of other widths")
	}
}

// TestTracersAgree holds the captures of one run by three tracers against each other: what
// every process did of every kind in a minute and more, and the course of the greatest.
func TestTracersAgree(t *testing.T) {
	recorded := recorded(t)
	runs, err := fs.Glob(recorded, "*/run*")
	if err != nil || len(runs) == 0 {
		t.Fatalf("%d recorded runs: %v", len(runs), err)
	}
	for _, run := range runs {
		fsys, err := fs.Sub(recorded, run)
		if err != nil {
			t.Fatal(err)
		}
		var all []*Matrix
		for _, name := range []string{"persec.dtrace.txt", "persec.bpftrace.txt", "persec.bpftrace.jsonl"} {
			c := countOf(t, fsys, name, CountOptions{MeasureOptions: everyKind})
			m := matrixOf(t, c)
			if c.Skipped > 0 {
				t.Errorf("%s/%s: %d lines skipped", run, name, c.Skipped)
			}
			all = append(all, m)
		}
		for _, other := range all[1:] {
			compareMatrices(t, run, all[0], other)
		}
	}
}

// compareMatrices allows what two tracers started moments apart differ by: a median of 2 %
// in the totals of what happened often, and seconds that begin at other instants.
func compareMatrices(t *testing.T, run string, a, b *Matrix) {
	var off []float64
	for _, s := range a.Sources {
		x, y := sum(a.column(s)), sum(b.column(s))
		if x+y < 2000 {
			continue
		}
		off = append(off, math.Abs(x-y)/math.Max(x, y))
	}
	slices.Sort(off)
	if len(off) < 5 || off[len(off)/2] > 0.02 {
		t.Errorf("%s: totals of %d sources differ by a median of %.3f", run, len(off), off[len(off)/2])
	}
	best, x := "", 0.0
	for _, s := range a.Sources {
		if v := sum(a.column(s)); strings.HasPrefix(s, "syscall ") && v > x {
			best, x = s, v
		}
	}
	if r := bestCorrelation(a.column(best), b.column(best)); r < 0.9 {
		t.Errorf("%s: the courses of %s correlate by %.3f", run, best, r)
	}
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// bestCorrelation tries the two ways in which seconds that overlap can be lined up.
func bestCorrelation(a, b []float64) float64 {
	best := -1.0
	for shift := -2; shift <= 2; shift++ {
		x, y := a[max(0, shift):], b[max(0, -shift):]
		n := min(len(x), len(y))
		best = math.Max(best, correlation(x[:n], y[:n]))
	}
	return best
}

func correlation(x, y []float64) float64 {
	n := float64(len(x))
	mx, my := sum(x)/n, sum(y)/n
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}

func TestCountStopsOnCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := CountOptions{Progress: func(n int64) {
		if n > 8<<20 {
			cancel()
		}
	}}
	for _, workers := range []int{1, 2} {
		o.Workers = workers
		_, err := CountFiles(ctx, []File{{generate.FS{Kind: generate.Activity, Size: 1 << 40}, "capture"}}, o)
		if err == nil {
			t.Error("counting went on")
		}
	}
}

// TestClearedTotals holds that after a map was cleared each of its keys counts from 0, also one
// that comes back greater than it was, and one that comes back later; a single total that falls was
// reset alone.
func TestClearedTotals(t *testing.T) {
	blocks := []map[string]int{
		{"a": 10, "b": 20, "c": 30, "d": 7}, {"a": 20, "b": 40, "c": 60, "d": 7}, {"a": 30, "b": 60, "c": 90, "d": 8},
		{"a": 50, "b": 3, "c": 4}, {"a": 60, "b": 6, "c": 8, "d": 9}, {"a": 70, "b": 2, "c": 12, "d": 9},
	}
	var text strings.Builder
	for i, block := range blocks {
		fmt.Fprintf(&text, "2026-11-28 20:05:%02d\n", i)
		for _, key := range slices.Sorted(maps.Keys(block)) {
			fmt.Fprintf(&text, "@[%s]: %d\n", key, block[key])
		}
		text.WriteString("\n")
	}
	m := counted(t, text.String(), CountOptions{MeasureOptions: MeasureOptions{As: AsTotal}})
	for key, want := range map[string][]float64{
		"a": {10, 10, 10, 50, 10, 10}, "b": {20, 20, 20, 3, 3, 2}, "c": {30, 30, 30, 4, 4, 4}, "d": {7, 0, 1, 0, 9, 0},
	} {
		if got := m.column(key); !slices.Equal(got, want) {
			t.Errorf("%s increased by %v, want %v", key, got, want)
		}
	}
}

// Running totals may have fractions, as seconds of CPU have.
func TestTotalsOfFractions(t *testing.T) {
	text := "time,name,seconds\n"
	for i, v := range []float64{1.5, 2, 4.25, 0.75, 1} {
		text += fmt.Sprintf("%d,a,%g\n%d,b,%d\n", 1700000000+i, v, 1700000000+i, 10+i)
	}
	m := counted(t, text, CountOptions{MeasureOptions: MeasureOptions{As: AsTotal, Value: []string{"seconds"}}})
	if got, want := m.column("a"), []float64{1.5, 0.5, 2.25, 0.75, 0.25}; !slices.Equal(got, want) {
		t.Errorf("a increased by %v, want %v", got, want)
	}
}

// TestMergeInAnyOrder holds that parts of two tracers, whose blocks end at other instants within
// the second, make the same matrix in whatever order they are merged.
func TestMergeInAnyOrder(t *testing.T) {
	part := func(from int64, phase int64, name string) func() *Counts {
		return func() *Counts {
			var b strings.Builder
			for i := range int64(20) {
				fmt.Fprintf(&b, "%d\ncsw %s %d\n\n", (1_795_376_740+from+i)*1e9+phase, name, from+i)
			}
			o := everyKind
			o.As = AsCount
			return countText(t, b.String(), CountOptions{MeasureOptions: o})
		}
	}
	parts := []func() *Counts{part(0, 117e6, "a"), part(20, 117e6, "a"), part(10, 902e6, "b")}
	var first *Matrix
	for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}} {
		c := parts[order[0]]()
		for _, i := range order[1:] {
			if err := c.Merge(parts[i]()); err != nil {
				t.Fatal(err)
			}
		}
		m := matrixOf(t, c)
		if first == nil {
			first = m
		}
		if !m.same(first) || m.Buckets != 40 || m.First.UnixNano() != 1_795_376_740*1e9 {
			t.Errorf("merged as %v: %d buckets from %v", order, m.Buckets, m.First)
		}
	}
	if a, b := first.column("csw a"), first.column("csw b"); a[25] != 25 || b[11] != 10 {
		t.Errorf("%v, %v", a, b)
	}
}

// same reports whether two matrices of one grid hold the same counts.
func (m *Matrix) same(o *Matrix) bool {
	return slices.Equal(m.Sources, o.Sources) && m.First.Equal(o.First) && m.Buckets == o.Buckets &&
		slices.Equal(m.Covered, o.Covered) && slices.Equal(m.Values, o.Values)
}
