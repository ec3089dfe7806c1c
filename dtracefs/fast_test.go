package dtracefs

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dtnotes/dtracefs/internal/generate"
)

// countStream counts generated text as a file is, and tells whether lines were counted without
// decoding them.
func countStream(t testing.TB, r io.Reader, o CountOptions, slow bool) (*Matrix, bool) {
	t.Helper()
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(r, head)
	head = head[:n]
	c := counting{opt: o, scanner: newScanner(Options{}, "x", dialectOf(head))}
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), c.scanner.dialect.cut)
	chunks.lines = true
	if slow {
		c.size = math.MinInt64 // the sample never ends
	}
	if err := c.all(t.Context(), chunks); err != nil {
		t.Fatal(err)
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	m, err := c.tally.finish().IntoMatrix()
	if err != nil {
		t.Fatal(err)
	}
	return m, c.quick > 0
}

// TestFastLinesCountAsDecoding holds that counting lines without decoding them gives what decoding
// gives, for every form that a large capture is generated in.
func TestFastLinesCountAsDecoding(t *testing.T) {
	for _, kind := range generate.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			const size = 6 << 20
			got, fast := countStream(t, generate.NewReader(kind, size, 1), CountOptions{}, false)
			want, _ := countStream(t, generate.NewReader(kind, size, 1), CountOptions{}, true)
			if !fast {
				t.Error("was decoded")
			}
			if !got.same(want) {
				t.Errorf("%d sources in %d buckets differ from %d in %d", len(got.Sources), got.Buckets, len(want.Sources), want.Buckets)
			}
		})
	}
}

// workload prints, second by second, what a few processes did, as the functions say.
func workload(size int, head func(b *strings.Builder, at time.Time), row func(b *strings.Builder, i int, at time.Time, name string, value int)) string {
	var b strings.Builder
	at := time.Date(2026, 11, 28, 23, 50, 0, 0, time.UTC)
	rng := rand.New(rand.NewPCG(7, 1))
	for b.Len() < size {
		at = at.Add(time.Second)
		if head != nil {
			head(&b, at)
		}
		n := 0
		for _, name := range []string{"nginx", "postgres", "redis-server", "sshd", "tar"} {
			if rng.IntN(5) == 0 && n > 0 {
				continue
			}
			row(&b, n, at, name, 1+rng.IntN(5000))
			n++
		}
	}
	return b.String()
}

// TestFastLinesOfOtherForms holds the same for forms that are not generated: clocks with a label or
// glued to the first row, CSV with other separators and other orders of its columns, and running
// totals.
func TestFastLinesOfOtherForms(t *testing.T) {
	clock := func(layout string) func(b *strings.Builder, at time.Time) {
		return func(b *strings.Builder, at time.Time) { b.WriteString(at.Format(layout)) }
	}
	pair := func(b *strings.Builder, _ int, _ time.Time, name string, value int) {
		fmt.Fprintf(b, "%s %d\n", name, value)
	}
	rows := func(format string) func(b *strings.Builder, i int, at time.Time, name string, value int) {
		return func(b *strings.Builder, _ int, at time.Time, name string, value int) {
			fmt.Fprintf(b, format, at.Unix(), name, value)
		}
	}
	daily := func(format string) func(b *strings.Builder, i int, at time.Time, name string, value int) {
		return func(b *strings.Builder, i int, at time.Time, name string, value int) {
			at = at.Add(time.Duration(i) * 1357 * time.Microsecond)
			fmt.Fprintf(b, format, at.Format("15:04:05.000000"), name, value)
		}
	}
	totals := map[string]int{}
	for name, text := range map[string]string{
		"label":       workload(3<<20, clock("time: 15:04:05\n"), pair),
		"epoch label": workload(3<<20, func(b *strings.Builder, at time.Time) { fmt.Fprintf(b, "time: %d\n", at.Unix()) }, pair),
		"rule":        workload(3<<20, clock("--- 2006-01-02 15:04:05 ---\n"), pair),
		"dot":         workload(3<<20, clock("15:04:05.\n"), pair),
		"fraction":    workload(3<<20, clock("15:04:05.000000\n"), pair),
		"afternoon":   workload(3<<20, clock("03:04:05 PM\n"), pair),
		"iso zone":    workload(3<<20, clock("2006-01-02T15:04:05+01:00\n"), pair),
		"glued": workload(3<<20, clock("\n2006 Jan _2 15:04:05"), func(b *strings.Builder, _ int, _ time.Time, name string, value int) {
			fmt.Fprintf(b, "  %-50s %16d\n", name, value)
		}),
		"daily rows":   workload(3<<20, nil, daily("%s %s %d\n")),
		"daily events": workload(3<<20, nil, daily("%s %s read:entry %d\n")),
		"semicolons":   "time;execname;calls\n" + workload(3<<20, nil, rows("%d;%s;%d\n")),
		"bars":         "time|execname|calls\n" + workload(3<<20, nil, rows("%d|%s|%d\n")),
		"value first":  "calls,execname,time\n" + workload(3<<20, nil, rows("%[3]d,%[2]s,%[1]d\n")),
		"objects":      workload(3<<20, nil, rows(`{"calls": %[3]d, "execname": "%[2]s", "time": %[1]d}`+"\n")),
		"totals": workload(3<<20, clock("15:04:05\n"), func(b *strings.Builder, i int, _ time.Time, name string, value int) {
			totals[name] += value
			if i == 0 {
				for _, n := range slices.Sorted(maps.Keys(totals)) {
					fmt.Fprintf(b, "@[%s]: %d\n", n, totals[n])
				}
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			got, fast := countStream(t, strings.NewReader(text), CountOptions{}, false)
			want, _ := countStream(t, strings.NewReader(text), CountOptions{}, true)
			if !fast {
				t.Error("was decoded")
			}
			if !got.same(want) {
				t.Errorf("%d sources in %d buckets differ from %d in %d", len(got.Sources), got.Buckets, len(want.Sources), want.Buckets)
			}
		})
	}
}

// TestLateTablesAreTold holds that a table whose first rows come after the sample, which is not
// counted, is told of, with all its rows and whoever reads them.
func TestLateTablesAreTold(t *testing.T) {
	const seconds, late, each = 12_000, 9_000, 2
	var b strings.Builder
	for s := range seconds {
		fmt.Fprintf(&b, "%d.5\n", 1_700_000_000+s)
		for i := range 6 {
			fmt.Fprintf(&b, "@calls[process%d]: %d\n", i, 100+s%7*i)
		}
		for i := range each {
			if s >= late {
				fmt.Fprintf(&b, "@reads[process%d]: %d\n", i, s%5)
			}
		}
	}
	if b.Len() < sampleSize*5/4 {
		t.Fatalf("%d bytes are hardly more than the sample", b.Len())
	}
	want := fmt.Sprintf("left out %d rows of @reads,", (seconds-late)*each)
	for _, workers := range []int{1, 3} {
		counts := countText(t, b.String(), CountOptions{Workers: workers})
		if !slices.ContainsFunc(counts.Notes, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("with %d workers the notes are %q and not %q", workers, counts.Notes, want)
		}
	}
}
