package analysis_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/analysis"
	"dtnotes/dtracefs"
)

func decode(t *testing.T, text string) *dtracefs.Capture {
	t.Helper()
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"x.txt": {Data: []byte(text)}}, "x.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const distributions = `
  read
           value  ------------- Distribution ------------- count
             512 |                                         0
            1024 |@@@@@@@@@@@@@@@@@@@@@@@@@@               2
            2048 |@@@@@@@@@@@@@                            1
            4096 |                                         0

  write
           value  ------------- Distribution ------------- count
            1024 |                                         0
            2048 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 7
            4096 |                                         0

`

func TestHistogramOfTable(t *testing.T) {
	c := decode(t, distributions)
	all, err := analysis.Histogram(c.Tables[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{512, 1024, 2048, 4096, 8192}; !slices.Equal(all.Edges, want) || !slices.Equal(all.Counts, []float64{0, 2, 8, 0}) {
		t.Errorf("edges %v, counts %v", all.Edges, all.Counts)
	}
	read, err := analysis.Histogram(c.Tables[0], "read")
	if err != nil || !slices.Equal(read.Counts, []float64{0, 2, 1, 0}) {
		t.Errorf("of read: counts %v, %v", read.Counts, err)
	}
	if _, err := analysis.Histogram(c.Tables[0], "fsync"); err == nil || !strings.Contains(err.Error(), "fsync") {
		t.Errorf("of a key that is not there: %v", err)
	}
}

func TestHeatOfTable(t *testing.T) {
	c := decode(t, strings.Replace(distributions, "  write\n", "  read\n", 1))
	h, err := analysis.LatencyHeat(c.Tables[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Times) != 2 || !slices.Equal(h.Counts[0], []float64{0, 2, 1, 0}) || !slices.Equal(h.Counts[1], []float64{0, 0, 7, 0}) {
		t.Errorf("times %v, counts %v", h.Times, h.Counts)
	}
}

func TestTablesOfOtherKinds(t *testing.T) {
	c, err := dtracefs.Load(t.Context(), dtracefs.Samples(), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := analysis.FlameGraph(c.Activity()); err == nil {
		t.Error("a flame graph without stacks")
	}
	if _, err := analysis.LatencyHeat(c.Activity()); err == nil {
		t.Error("a heat map without buckets")
	}
}

// The captures' own totals stand in the figures.
func TestFiguresOfRealTables(t *testing.T) {
	recorded, err := dtracefs.Open("../dtracefs/testdata/recorded/captures.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stacks.dtrace.txt", "stacks.bpftrace.txt", "stacks.bpftrace.jsonl", "latency.dtrace.txt", "latency.bpftrace.txt"} {
		c, err := dtracefs.Load(t.Context(), recorded, "misc/"+name, dtracefs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range c.Tables {
			if value := table.Column("value"); strings.HasPrefix(name, "stacks") && value != nil {
				f, err := analysis.FlameGraph(table)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				sum := 0.0
				for i, s := range f.Stacks {
					sum += s.Count - value.Float(i)
				}
				if sum != 0 || len(f.Stacks) != table.NumRows() || !strings.Contains(f.SVG(), "<svg") {
					t.Errorf("%s: %d stacks of %d, counts off by %v", name, len(f.Stacks), table.NumRows(), sum)
				}
			}
			if count := table.Column("count"); table.Column("bucket_low") != nil {
				h, err := analysis.Histogram(table)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				sum := 0.0
				for i := range table.NumRows() {
					sum += count.Float(i)
				}
				for _, n := range h.Counts {
					sum -= n
				}
				if math.Abs(sum) > 0 {
					t.Errorf("%s: counts off by %v", name, sum)
				}
			}
		}
	}
}
