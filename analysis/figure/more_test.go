package figure

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestBadFiguresSaySo(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	ok := Histogram{Edges: []float64{0, 1}, Counts: []float64{1}}
	wide, notWide := ok, ok
	wide.Width, notWide.Height = vg.Length(inf), vg.Length(nan)
	for _, c := range []struct {
		f    shown
		want string
	}{
		{wide, "picture is to be +Inf by 0 points"},
		{notWide, "picture is to be 0 by NaN points"},
		{Histogram{}, "no counts"},
		{Histogram{Edges: []float64{0}, Counts: []float64{1}}, "1 edges do not bound 1 counts"},
		{Histogram{Edges: []float64{1, 0}, Counts: []float64{1}}, "edges must ascend"},
		{Histogram{Edges: []float64{0, 1}, Counts: []float64{-1}}, "count 0 is -1"},
		{Histogram{Edges: []float64{0, 1}, Counts: []float64{0}}, "every count is zero"},
		{Heat{}, "no times"},
		{Heat{Times: []float64{1}, Edges: []float64{0, 1}, Counts: [][]float64{{nan}}}, "column 0, row 0 is NaN"},
		{Heat{Times: []float64{1}, Edges: []float64{0, 1}, Counts: [][]float64{{1, 2}}}, "column 0 has 2 counts for 1 rows"},
		{Heat{Times: []float64{1}, Edges: []float64{0, inf, 2}, Counts: [][]float64{{1, 2}}}, "edge 1 is +Inf"},
		{OffsetHeat{}, "no events"},
		{OffsetHeat{Times: []float64{0, 1e9}}, "more than fit"},
		{OffsetHeat{Times: []float64{nan}}, "time 0 is NaN"},
		{OffsetHeat{Times: []float64{0}, Weights: []float64{-1}}, "weight 0 is -1"},
		{Flame{}, "no stacks"},
		{Flame{Stacks: []Stack{{Count: -1}}}, "count of stack 0 is -1"},
		{Flame{Stacks: []Stack{{Count: 1}}, Base: []Stack{{}}}, "base has no stacks"},
		{Dendrogram{}, "no sources"},
		{Dendrogram{Names: []string{"a", "b"}, Merges: []Merge{{0, 2, 1}}}, "joins cluster 2 of 2"},
		{Dendrogram{Names: []string{"a", "b", "c"}, Merges: []Merge{{0, 1, 1}, {0, 2, 1}}}, "joined already"},
		{Dendrogram{Names: []string{"a", "b"}, Merges: []Merge{{0, 1, nan}}}, "height NaN"},
		{Grid{}, "no rows"},
		{Grid{Rows: []string{"a"}, Columns: []string{"b"}, Values: [][]float64{{inf}}}, "is +Inf"},
		{Grid{Rows: []string{"a"}, Columns: []string{"b"}, Values: [][]float64{{1, 2}}}, "1 values"},
		{Matrix{}, "no sources"},
		{Matrix{Names: []string{"a"}, Values: [][]float64{{nan}}}, "every value is NaN"},
		{Matrix{Names: []string{"a"}, Values: [][]float64{{inf}}}, "is +Inf"},
		{ProcessTree{}, "no processes"},
		{ProcessTree{Procs: []Proc{{Parent: 1, End: 1}, {Parent: 0, End: 1}}}, "descends from itself"},
		{ProcessTree{Procs: []Proc{{Parent: -1, Start: 2, End: 1}}}, "before it starts"},
		{ProcessTree{Procs: []Proc{{Parent: -1, Start: nan, End: nan}}}, "no process has a start"},
		{Spectrum{}, "no frequency above 0"},
		{Spectrum{Frequencies: []float64{0, 1}}, "0 and 0 densities and 0 coherences do not belong to 2 frequencies"},
		{Spectrum{Frequencies: []float64{1, 1}, Density: [2][]float64{{1, 1}, {1, 1}}, Coherence: []float64{0, 0}}, "frequencies must ascend"},
		{Spectrum{Names: [2]string{"a"}, Frequencies: []float64{1}, Density: [2][]float64{{nan}, {1}}, Coherence: []float64{0}}, "density 0 of a is NaN"},
		{Spectrum{Frequencies: []float64{1}, Density: [2][]float64{{1}, {1}}, Coherence: []float64{1.5}}, "coherence 0 is 1.5"},
		{Spectrum{Frequencies: []float64{1}, Density: [2][]float64{{1}, {1}}, Coherence: []float64{1}, Peaks: []float64{0}}, "peak 0 is at frequency 0"},
		{Strips{}, "no rows"},
		{Strips{Names: []string{"a"}, States: []string{"b"}, Spans: []Span{{}}, Start: 2, End: 1}, "time axis is from 2 to 1"},
		{Strips{Names: []string{"a"}, States: []string{"b"}, Spans: []Span{{State: 1}}}, "in state 1 of 1"},
		{Strips{Names: []string{"a"}, States: []string{"b"}, Spans: []Span{{Start: 2, End: 1}}}, "runs from 2 to 1"},
	} {
		checkProblem(t, c.f, c.want)
	}
}

func TestSmallestFiguresDraw(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, f := range map[string]shown{
		"histogram": Histogram{Edges: []float64{math.Inf(-1), 0, inf}, Counts: []float64{1, 2}},
		"heat":      Heat{Times: []float64{3}, Edges: []float64{math.Inf(-1), 0, inf}, Counts: [][]float64{{1, 2}}},
		"offsets":   OffsetHeat{Times: []float64{3.5}},
		"flame":     Flame{Stacks: []Stack{{Count: 1}}},
		"deep":      Flame{Stacks: []Stack{{Frames: strings.Split(strings.Repeat("f ", 3000), " "), Count: 1}}},
		"one leaf":  Dendrogram{Names: []string{"a"}},
		"loose":     Dendrogram{Names: []string{"a", "b"}, Cut: 1},
		"grid":      Grid{Rows: []string{"a"}, Columns: []string{"b"}, Values: [][]float64{{0}}},
		"matrix":    Matrix{Names: []string{"a"}, Values: [][]float64{{0}}},
		"process":   ProcessTree{Procs: []Proc{{Parent: -1, Start: 1, End: nan}}},
		"strip":     Strips{Names: []string{"a"}, States: []string{"b"}, Spans: []Span{{Start: 1, End: 1}}},
		"spectrum":  Spectrum{Frequencies: []float64{0, 1}, Density: [2][]float64{{0, 0}, {0, 0}}, Coherence: []float64{0, 0}},
		"node":      Graph{Nodes: []Node{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			checkXML(t, f.SVG())
			checkPNG(t, f.PNG())
		})
	}
}

func TestQuantile(t *testing.T) {
	edges, counts := []float64{0, 10, 20, 40}, []float64{10, 10, 20}
	for q, want := range map[float64]float64{0.25: 10, 0.5: 20, 0.75: 30, 1: 40} {
		if got := quantile(edges, counts, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 999: "999", 999.6: "1k", 1234: "1.23k", 1.5e6: "1.5M", 0.25: "0.25", -2e9: "-2G", 12.34: "12.3", 2e16: "20P", 1e-5: "1e-05"} {
		if got := si(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for _, c := range []struct {
		v          float64
		unit, want string
	}{{1024, "ns", "1.02 µs"}, {1.5e9, "ns", "1.5 s"}, {3, "ms", "3 ms"}, {4096, "bytes", "4.1k"}, {math.Inf(1), "ns", "∞"}} {
		if got := valueLabel(c.v, c.unit); got != c.want {
			t.Errorf("%v %s is written %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestFlameMergesFunctions(t *testing.T) {
	f := Flame{LeafFirst: true, Stacks: []Stack{
		{Frames: []string{"m`f+0x10", "m`main+0x2", "prog"}, Count: 2},
		{Frames: []string{"m`f+0x24", "m`main+0x8", "prog"}, Count: 3},
		{Frames: []string{"m`0x7f00", "prog"}, Count: 4},
		{Frames: []string{"0xdeadbeef", "prog"}, Count: 1},
	}}
	root := f.tree()
	prog := root.children["prog"]
	if root.count != 10 || prog == nil || prog.count != 10 {
		t.Fatalf("tree %+v", root)
	}
	if m := prog.children["m`main"]; m == nil || m.count != 5 || m.children["m`f"].self != 5 {
		t.Errorf("main %+v", m)
	}
	if prog.children["m`[unknown]"] == nil || prog.children["[unknown]"] == nil {
		t.Errorf("frames without a function %v", prog.children)
	}
	f.KeepOffsets = true
	if f.tree().children["prog"].children["m`main+0x2"] == nil {
		t.Error("offsets are not kept")
	}
	f.Base = f.Stacks[:1]
	f.KeepOffsets = false
	if n := f.tree().children["prog"].children["m`[unknown]"]; n.base != 0 || n.count != 4 {
		t.Errorf("difference %+v", n)
	}
}

func TestLeafOrderAndClusters(t *testing.T) {
	d := Dendrogram{Names: []string{"a", "b", "c", "d"}, Cut: 0.5, Merges: []Merge{{0, 2, 0.1}, {1, 4, 0.4}, {5, 3, 0.9}}}
	order := leafOrder(4, d.Merges)
	if want := []int{1, 0, 2, 3}; len(order) != 4 || order[0] != want[0] || order[1] != want[1] || order[2] != want[2] || order[3] != want[3] {
		t.Errorf("order %v, want %v", order, want)
	}
	of := d.clusters()
	if of[0] != 0 || of[1] != 0 || of[2] != 0 || of[3] != -1 || of[6] != -1 || of[5] != 0 {
		t.Errorf("clusters %v", of)
	}
}

func TestRunsKeepWhatPrevails(t *testing.T) {
	var spans []Span
	for i := range 1000 { // in state 0 for 9 of 10 ms
		at := float64(i) / 100
		spans = append(spans, Span{0, at, at + 0.009, 0}, Span{0, at + 0.009, at + 0.01, 1})
	}
	got := runs(spans, 2, 0, 10, 100)
	if len(got) != 1 || got[0].state != 0 || got[0].from != 0 || math.Abs(got[0].to-10) > 1e-9 {
		t.Errorf("runs %v", got)
	}
	if few := runs(spans[:4], 2, 0, 10, 100); len(few) != 4 {
		t.Errorf("few spans are drawn as %v", few)
	}
}

func TestTagsDoNotTouch(t *testing.T) {
	tl := Timeline{}
	for i := range 40 {
		at := float64((i * 37) % 100)
		tl.Intervals = append(tl.Intervals, Interval{at, at + float64(i%13), strings.Repeat("x", 3+i%9)})
		tl.Marks = append(tl.Marks, Mark{at + 0.5, "mark"})
	}
	p := pen{}
	tags, lanes := tl.tags(p, scale{min: 0, max: 100, lo: 40, hi: 500})
	type box struct{ lo, hi length }
	byLane := make([][]box, lanes)
	for _, g := range tags {
		b := box{min(g.x0, g.text.X), max(g.x1, g.text.X+p.width(g.name, 8, false))}
		for _, o := range byLane[g.lane] {
			if b.lo < o.hi && o.lo < b.hi {
				t.Errorf("%q touches another name in lane %d", g.name, g.lane)
			}
		}
		byLane[g.lane] = append(byLane[g.lane], b)
	}
}
