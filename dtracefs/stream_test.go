package dtracefs

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestMergeKeepsLevels holds that levels of two parts are averaged as those of one capture.
func TestMergeKeepsLevels(t *testing.T) {
	part := func(from, to int) string {
		var b strings.Builder
		b.WriteString("time,Command,%CPU\n")
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "%d,nginx,%d.5\n%d,sh,%d.25\n", 1_795_896_564+i, i%7, 1_795_896_564+i, i%3)
		}
		return b.String()
	}
	count := func(text string) *Counts {
		c, err := countReader(context.Background(), strings.NewReader(text), "x.csv", Options{}, CountOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole, err := count(part(0, 40)).Matrix()
	if err != nil {
		t.Fatal(err)
	}
	a := count(part(0, 20))
	if err := a.Merge(count(part(20, 40))); err != nil {
		t.Fatal(err)
	}
	got, err := a.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if !got.same(whole) || !got.Levels[0] || got.Row(1)[0] != 1.5 {
		t.Errorf("%v: %v, want %v", got.Sources, got.Values, whole.Values)
	}
}

// TestStreamForgets holds that a stream whose names never end keeps only those of late, and loses
// nothing of what they did.
func TestStreamForgets(t *testing.T) {
	s := NewStream(CountOptions{})
	const blocks, fresh = 63, 1000
	total, most := map[string]float64{}, 0
	take := func(in []Interval, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range in {
			for name, v := range i.Counts {
				total[name] += v
			}
		}
		if s.counting.tally != nil {
			most = max(most, s.counting.tally.counts.sources.count())
		}
	}
	var text strings.Builder
	for i := range blocks {
		fmt.Fprintf(&text, "%d000000000\nsyscall web %d\n", 1_700_000_000+i, 1+i%7)
		for k := range fresh {
			fmt.Fprintf(&text, "syscall p%d-%d 3\n", i, k)
		}
		text.WriteString("\n")
	}
	for b, err := range Follow(t.Context(), strings.NewReader(text.String()), "x", Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		take(s.Add(b))
	}
	take(s.Close())
	if len(total) != blocks*fresh+1 || total["web"] != 4*blocks {
		t.Errorf("%d sources, web %v", len(total), total["web"])
	}
	for name, v := range total {
		if name != "web" && v != 3 {
			t.Fatalf("%s: %v, want 3", name, v)
		}
	}
	if most > 3*manySources {
		t.Errorf("%d sources at once", most)
	}
}

// TestStreamForgetsTotals holds that a stream of running totals whose names never end keeps those
// that are printed, and counts them all.
func TestStreamForgetsTotals(t *testing.T) {
	s := NewStream(CountOptions{MeasureOptions: MeasureOptions{As: AsTotal}})
	const blocks, fresh = 100, 1000
	total, most := map[string]float64{}, 0
	take := func(in []Interval, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range in {
			for name, v := range i.Counts {
				total[name] += v
			}
		}
		if c := s.counting.tally; c != nil {
			most = max(most, len(c.tables[0].totals.byKey))
		}
	}
	for i := range blocks {
		var b strings.Builder
		fmt.Fprintf(&b, "%d000000000\nweb %d\n", 1_700_000_000+i, 10+4*i)
		for k := range fresh { // of the block before, and new ones
			if i > 0 {
				fmt.Fprintf(&b, "job-%d 5\n", (i-1)*fresh+k)
			}
			fmt.Fprintf(&b, "job-%d 3\n", i*fresh+k)
		}
		b.WriteString("\n")
		for batch, err := range Follow(t.Context(), strings.NewReader(b.String()), "live", Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			take(s.Add(batch))
		}
	}
	take(s.Close())
	if total["web"] < 4*(blocks-1) || total["job-50500"] != 5 || total["job-98000"] != 5 {
		t.Errorf("web %v, jobs %v and %v", total["web"], total["job-50500"], total["job-98000"])
	}
	if most > manyTotals+3*fresh {
		t.Errorf("%d totals at once", most)
	}
}

// TestStreamIsCount holds that a stream hands out, bucket by bucket, what counting at once gives,
// though it forgets what is over.
func TestStreamIsCount(t *testing.T) {
	fsys, cases := shapeCases(t)
	for _, c := range cases {
		if c.Refuse || len(c.Capture) > 1 {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			want, err := c.count(fsys)
			if err != nil {
				t.Fatal(err)
			}
			f, err := fsys.Open(c.Capture[0])
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r, err := decompress(f)
			if err != nil {
				t.Fatal(err)
			}
			s := NewStream(c.options())
			totals := map[string]float64{}
			take := func(in []Interval, err error) {
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range in {
					for name, v := range i.Counts {
						totals[name] += v
					}
				}
			}
			for b, err := range Follow(context.Background(), r, c.Name, Options{}) {
				if err != nil {
					t.Fatal(err)
				}
				s.many = 0
				take(s.Add(b))
			}
			take(s.Close())
			for j, name := range want.Sources {
				total := 0.0
				for _, row := range want.Rows {
					if row[j] == row[j] {
						total += row[j]
					}
				}
				if d := totals[name] - total; d > 0.01*total+1e-6 || d < -0.01*total-1e-6 {
					t.Errorf("%s: a total of %g instead of %g", name, totals[name], total)
				}
			}
		})
	}
}
