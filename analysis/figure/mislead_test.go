package figure

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestStackedAreasRefuseNegativeValues(t *testing.T) {
	g := Timeline{Stacked: true, Names: []string{"a"}, Times: []float64{0, 1}, Values: [][]float64{{1, -2}}}
	if err := g.check(); err == nil || !strings.Contains(err.Error(), "below zero") {
		t.Errorf("error %v", err)
	}
}

func TestOthersDoNotFlattenTheRest(t *testing.T) {
	g := Timeline{Times: []float64{0, 1, 2}}
	for i := range 300 {
		g.Names = append(g.Names, strings.Repeat("n", 1+i%20))
		g.Values = append(g.Values, []float64{10, float64(10 + i%3), 10})
	}
	strands := g.strands()
	last := strands[len(strands)-1]
	if y := g.valueScale(strands); y.max > 15 || !last.apart || !strings.Contains(last.name, "not drawn") {
		t.Errorf("values up to %v, others %q", y.max, last.name)
	}
}

func TestRepeatedHourIsToldApart(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	lo := float64(time.Date(2025, 10, 25, 23, 0, 0, 0, time.UTC).Unix())
	ticks, caption := clockTicks(lo, lo+4*3600, 8, zone)
	seen := map[string]bool{}
	for _, tk := range ticks {
		if seen[tk.label] {
			t.Errorf("%q stands twice", tk.label)
		}
		seen[tk.label] = true
	}
	if !seen["02:00 CET"] || !seen["02:00"] || !strings.Contains(caption, "CEST, then CET") {
		t.Errorf("ticks %v, caption %q", ticks, caption)
	}
}

// TestDaysBeginAtMidnight has days of 23 and of 25 hours.
func TestDaysBeginAtMidnight(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		for _, month := range []time.Month{3, 4, 9, 10, 11} {
			lo := time.Date(2024, month, 1, 5, 0, 0, 0, zone)
			for _, days := range []float64{1.5, 4, 30} {
				ticks, _ := clockTicks(float64(lo.Unix()), float64(lo.Unix())+days*86400, 8, zone)
				for _, tk := range ticks {
					at := clock(tk.at, zone)
					// A day without midnight begins at its first instant.
					skipped := at.Add(-time.Minute).Day() != at.Day()
					if at.Minute() != 0 || at.Hour()%2 != 0 && !skipped || days > 2 && !strings.Contains(tk.label, ":") && at.Hour() != 0 && !skipped {
						t.Errorf("%v is labeled %q", at, tk.label)
					}
				}
				if len(ticks) < 4 {
					t.Errorf("%d ticks in %v days from %v", len(ticks), days, lo)
				}
			}
		}
	}
}

func TestEnvelope(t *testing.T) {
	pts := make([]point, 100_000)
	for i := range pts {
		pts[i] = point{X: length(i) / 200, Y: length(50 + 10*math.Sin(float64(i)))}
	}
	pts[70_000].Y = 99
	band, mean := envelope(pts, 1)
	if len(band) > 1100 || len(mean) > 550 || len(mean) == 0 {
		t.Fatalf("%d points of the band, %d of the mean", len(band), len(mean))
	}
	top := length(0)
	for _, q := range band {
		top = max(top, q.Y)
	}
	if top != 99 || math.Abs(float64(mean[10].Y)-50) > 1 {
		t.Errorf("band up to %v, mean %v", top, mean[10])
	}
	if band, _ := envelope(pts[:300], 1); band != nil {
		t.Error("an envelope of few points")
	}
}

// TestAMillionBucketsAreAnEnvelope draws a million buckets: a band, and few points, by hand as
// well.
func TestAMillionBucketsAreAnEnvelope(t *testing.T) {
	g := Timeline{Names: []string{"a"}, Values: [][]float64{nil}}
	for j := range 1_000_000 {
		g.Times = append(g.Times, float64(j))
		g.Values[0] = append(g.Values[0], 10+math.Sin(float64(j)*1e3))
	}
	for _, g.XKCD = range []bool{false, true} {
		svg := g.SVG()
		if len(svg) > 100_000 {
			t.Errorf("by hand %v: %d bytes", g.XKCD, len(svg))
		}
		if !strings.Contains(svg, `fill="`+hexColor(themes[Light].category[0])+`" fill-opacity="`) {
			t.Errorf("by hand %v: no band", g.XKCD)
		}
	}
}

// TestStackedBucketsThatShareAColumnAreMeans has far more buckets than the page has columns: they
// add up to the same, in pictures that take no longer than those of fewer.
func TestStackedBucketsThatShareAColumnAreMeans(t *testing.T) {
	tl := Timeline{Names: []string{"a", "b"}, Values: make([][]float64, 2), Stacked: true}
	for i := range 100_000 {
		tl.Times = append(tl.Times, 1.8e9+float64(i))
		tl.Values[0] = append(tl.Values[0], float64(i%10))
		tl.Values[1] = append(tl.Values[1], math.NaN())
	}
	for _, xkcd := range []bool{false, true} {
		tl.XKCD = xkcd
		coarse, strands, means := tl.coarse(tl.strands(), 600)
		if !means || len(coarse.Times) > 601 || len(coarse.Times) < 100 {
			t.Fatalf("by hand %v: %d columns", xkcd, len(coarse.Times))
		}
		for j, v := range strands[0].values[1 : len(coarse.Times)-1] {
			if math.Abs(v-4.5) > 0.1 || !math.IsNaN(strands[1].values[j]) || coarse.Times[j+1] <= coarse.Times[j] {
				t.Fatalf("by hand %v: column %d at %v is %v and %v", xkcd, j, coarse.Times[j], v, strands[1].values[j])
			}
		}
		checkPNG(t, tl.PNG())
		if n := len(tl.SVG()); n > 200<<10 {
			t.Errorf("by hand %v: the document takes %d bytes", xkcd, n)
		}
	}
}

func TestOneOutlierLeavesAHeatMapItsColors(t *testing.T) {
	cols := make([][]float64, 50)
	for i := range cols {
		cols[i] = []float64{float64(1 + i%5), 3}
	}
	if most, peak := heatTop(cols); most != 5 || peak != 5 {
		t.Errorf("%v of %v", most, peak)
	}
	cols[7][0] = 1e6
	if most, peak := heatTop(cols); most != 5 || peak != 1e6 {
		t.Errorf("with an outlier %v of %v", most, peak)
	}
}

func TestOneOutlierLeavesAGridItsColors(t *testing.T) {
	g := Grid{ValueName: "load"}
	for i := range 6 {
		g.Rows = append(g.Rows, fmt.Sprint("host", i))
		g.Columns = append(g.Columns, fmt.Sprint("source", i))
		g.Values = append(g.Values, []float64{1, -2, 3, -4, 5, float64(-i)})
	}
	if most, peak := g.strongest(); most != 5 || peak != 5 {
		t.Errorf("%v of %v", most, peak)
	}
	g.Values[2][1] = -1e6
	most, peak := g.strongest()
	if most != 5 || peak != 1e6 {
		t.Errorf("with an outlier %v of %v", most, peak)
	}
	if got := scaleNames(most, peak); !slices.Equal(got, []string{"≥+5", "+2.5", "0", "−2.5", "≤−5"}) {
		t.Errorf("the scale says %q", got)
	}
	if got := scaleNames(1, 1); !slices.Equal(got, []string{"+1", "+0.5", "0", "−0.5", "−1"}) {
		t.Errorf("the whole scale says %q", got)
	}
	g.Range = 20
	if most, peak := g.strongest(); most != 20 || peak != 1e6 {
		t.Errorf("with a range %v of %v", most, peak)
	}
}

// TestLegendsKeepGroupsOnARow looks at the legend of every figure that has one: a group stands on
// one row, or is a column with a row for each item, at any width of the picture.
func TestLegendsKeepGroupsOnARow(t *testing.T) {
	g := randomGraph(40, 3, 1)
	for k := range 15 {
		g.Clusters = append(g.Clusters, strings.Repeat("cluster ", 1+k%3)+string(rune('a'+k))+strings.Repeat(" of hosts", k%3))
	}
	states := Strips{Names: []string{"a"}, With: []string{"b"}, States: []string{"linked", "linked, negative", "not judged"}, End: 1}
	changed := g
	changed.WeightName = strings.Repeat("change of a weight ", 5)
	for i := range changed.Edges {
		changed.changes = append(changed.changes, alteration{what: change(i % 6), after: 0.5})
	}
	sound := Spectrum{Names: [2]string{"cron", strings.Repeat("a long name ", 4)}, Chance: 0.5}
	calls := Flame{Stacks: []Stack{{Frames: []string{"libc.so.6`malloc", "genunix`kmem_alloc", "libjvm.so`run"}, Count: 3}}}
	legends := map[string]func(p pen, rule string, width length) []legendItem{
		"graph": func(p pen, rule string, width length) []legendItem {
			g.Rule = rule
			items, _ := g.legend(p, width)
			return items
		},
		"difference": func(p pen, rule string, width length) []legendItem {
			changed.Rule = rule
			items, _ := changed.legend(p, width)
			return items
		},
		"weights": func(p pen, rule string, width length) []legendItem {
			g := changed
			g.changes, g.Unit = nil, strings.Repeat("calls per second ", 4)
			items, _ := g.legend(p, width)
			return items
		},
		"strips": func(p pen, rule string, width length) []legendItem {
			states.Rule = rule
			items, _ := states.legend(p, width)
			return items
		},
		"spectrum": func(p pen, rule string, width length) []legendItem {
			sound.Rule = rule
			items, _ := sound.legend(p, width)
			return items
		},
		"flame": func(p pen, _ string, width length) []legendItem {
			names, _ := calls.modules(calls.tree())
			items, _ := calls.legend(p, names, width)
			return items
		},
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, f := range files {
		if text, err := os.ReadFile(f); err != nil {
			t.Fatal(err)
		} else if !strings.HasSuffix(f, "_test.go") {
			drawn += strings.Count(string(text), "\tdrawLegend(")
		}
	}
	if looked := len(legends) - 2; drawn != looked { // three of them are graphs
		t.Errorf("%d figures draw a legend, %d are looked at", drawn, looked)
	}
	for name, legend := range legends {
		for _, words := range []int{0, 10, 24, 60} {
			for width := length(150); width <= 1200; width += 75 { // 200 to 1600 pixels
				for _, xkcd := range []bool{false, true} {
					checkLegend(t, name, pen{xkcd}, legend(pen{xkcd}, strings.Repeat("rule ", words), width), width-2*pageMargin)
				}
			}
		}
	}
}

func checkLegend(t *testing.T, name string, p pen, items []legendItem, width length) {
	t.Helper()
	groupOf := map[int]int{} // of each row that a column takes
	for from, to := 0, 0; from < len(items); from = to {
		to = groupEnd(items, from)
		group := items[from:to]
		first, last := group[0], group[len(group)-1]
		if fits := measureGroup(p, slices.Clone(group), leastLegendSize) <= width; fits && first.row != last.row {
			t.Errorf("%s, width %v: %q is on rows %d to %d", name, width, first.text, first.row, last.row)
		}
		texts := map[string]bool{}
		for k, it := range group {
			if first.head && k > 0 && it.x < first.x+first.width {
				t.Errorf("%s, width %v: %q stands under the head %q", name, width, it.text, first.text)
			}
			if other, ok := groupOf[it.row]; ok && other != from {
				t.Errorf("%s, width %v: %q shares a row with a column", name, width, it.text)
			}
			if it.x+it.beside()+p.width(it.text, it.size, it.head) > width+0.01 {
				t.Errorf("%s, width %v: %q reaches %v", name, width, it.text, it.x+it.width)
			}
			if it.sample > 0 && it.text != "" && texts[it.text] {
				t.Errorf("%s, width %v: %q stands for two things", name, width, it.text)
			}
			texts[it.text] = true
			if first.row == last.row || k < 2 {
				continue
			}
			if prior := group[k-1]; it.row != prior.row+1 || it.x != prior.x {
				t.Errorf("%s, width %v: %q is not below %q", name, width, it.text, prior.text)
			}
		}
		if first.row != last.row {
			for row := first.row; row <= last.row; row++ {
				groupOf[row] = from
			}
		}
	}
}

func TestMarksDoNotStrikeThroughNames(t *testing.T) {
	g := Timeline{Names: []string{"a"}, Every: time.Second}
	for j := range 100 {
		g.Times = append(g.Times, float64(j))
	}
	g.Values = [][]float64{make([]float64, 100)}
	for _, at := range []float64{3, 6, 9, 20, 22, 60, 61, 95, 97} {
		g.Marks = append(g.Marks, Mark{Time: at, Name: "a mark with a name"})
	}
	p := pen{}
	tags, _ := g.tags(p, scale{min: 0, max: 100, lo: 40, hi: 500})
	struck := 0
	for _, a := range tags {
		for _, b := range tags {
			w := p.width(b.name, 8, false)
			if a.lane > b.lane && a.x0 > b.text.X+0.5 && a.x0 < b.text.X+w-0.5 && b.x0 < 500-w {
				struck++
			}
		}
	}
	if struck > 0 {
		t.Errorf("%d names are struck through", struck)
	}
}

// TestValuesStayWithinTheAxis has values that reach a little over the last tick: they may not be
// drawn over what stands above the axis, nor be cut off.
func TestValuesStayWithinTheAxis(t *testing.T) {
	g := Timeline{Names: []string{"a"}, Times: []float64{0, 1}, Values: [][]float64{{100, 106}}}
	y := g.valueScale(g.strands())
	ticks := g.valueTicks(y)
	if last := ticks[len(ticks)-1]; y.max < 106 || last.at != 100 || ticks[1].at != 20 {
		t.Errorf("axis up to %v, ticks %v", y.max, ticks)
	}
}

func TestNamesOfAGridLeaveRoom(t *testing.T) {
	g := Grid{}
	for i := range 5 {
		g.Rows = append(g.Rows, strings.Repeat("مرحبا", 60)+string(rune('a'+i)))
		g.Groups = append(g.Groups, strings.Repeat("a host ", 40)+string(rune('a'+i)))
	}
	for _, w := range []length{300, 420, graphWidth} {
		rows, groups, left, right := g.names(pen{}, 10, w)
		slices.Sort(rows)
		slices.Sort(groups)
		if left+right > w*2/3 || len(slices.Compact(rows)) < 5 || len(slices.Compact(groups)) < 5 {
			t.Errorf("width %v: names take %v, %q %q", w, left+right, rows, groups)
		}
	}
}

// TestLongNamesStayOnThePage looks at the margin of pictures with long names: nothing is there.
func TestLongNamesStayOnThePage(t *testing.T) {
	long := strings.Repeat("a long name of what is drawn ", 12)
	for name, f := range map[string]interface{ PNG() []byte }{
		"histogram":  Histogram{Edges: []float64{1, 2, 4}, Counts: []float64{1, 2}, ValueName: long},
		"heat":       Heat{Times: []float64{0, 1}, Edges: []float64{1, 2, 4}, Counts: [][]float64{{1, 2}, {3, 4}}, ValueName: long},
		"timeline":   Timeline{Names: []string{long}, Times: []float64{0, 1}, Values: [][]float64{{1, 2}}, Unit: long},
		"mark":       Timeline{Style: Style{Width: 340}, Names: []string{long}, Times: []float64{0, 1}, Values: [][]float64{{1, 2}}, Marks: []Mark{{Time: 0.9, Name: strings.Repeat("W", 60)}}},
		"dendrogram": Dendrogram{Names: []string{long, "b"}, Merges: []Merge{{A: 0, B: 1, Height: 1}}, HeightName: long},
	} {
		img, err := png.Decode(bytes.NewReader(f.PNG()))
		if err != nil {
			t.Fatal(err)
		}
		b, paper := img.Bounds(), img.At(0, 0)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			if img.At(b.Min.X, y) != paper || img.At(b.Max.X-1, y) != paper {
				t.Errorf("%s: something reaches the edge at row %d", name, y)
				break
			}
		}
	}
}

// TestWhatIsNoFindingIsGray has states of both kinds.
func TestWhatIsNoFindingIsGray(t *testing.T) {
	s := Strips{States: []string{"linked", "may be chance", "not judged"}, Neutral: []string{"may be chance", "not judged"}}
	whole := rect(0, 0, 10, 8)
	seen := map[any]bool{}
	for k, state := range s.States {
		for theme, c := range themes {
			r, fill := s.drawn(c, k, whole)
			if thin := r != whole; thin != (k > 0) {
				t.Errorf("%s is thin: %v", state, thin)
			}
			if seen[[2]any{theme, fill}] || k > 0 && slices.Contains(c.category[:3], fill) {
				t.Errorf("theme %v: %s has the color of something else", theme, state)
			}
			seen[[2]any{theme, fill}] = true
		}
	}
}

// TestMatrixKeepsRoomForValues has names that would leave none.
func TestMatrixKeepsRoomForValues(t *testing.T) {
	m := Matrix{Style: Style{Width: 500}}
	for i := range 10 {
		m.Names = append(m.Names, strings.Repeat("W", 50)+strconv.Itoa(i)+strings.Repeat("W", 50))
		m.Values = append(m.Values, make([]float64, 10))
	}
	for _, xkcd := range []bool{false, true} {
		if names, room := m.names(pen{xkcd}, labelSize, m.Width); room > m.Width/3 {
			t.Errorf("by hand %v: names take %v of %v: %q", xkcd, room, m.Width, names)
		}
	}
}

// TestScaleOfASmallMatrixIsWhole looks at the lower edge: the scale of colors was cut there.
func TestScaleOfASmallMatrixIsWhole(t *testing.T) {
	for n := 1; n < 5; n++ {
		m := Matrix{}
		for i := range n {
			m.Names = append(m.Names, strconv.Itoa(i))
			m.Values = append(m.Values, make([]float64, n))
		}
		img, err := png.Decode(bytes.NewReader(m.PNG()))
		if err != nil {
			t.Fatal(err)
		}
		b, paper := img.Bounds(), img.At(0, 0)
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, b.Max.Y-1) != paper {
				t.Errorf("%d sources: something reaches the lower edge at %d", n, x)
				break
			}
		}
	}
}

// TestNewAndGoneNamesAreTheirs has sources of no or of blank names come and go.
func TestNewAndGoneNamesAreTheirs(t *testing.T) {
	d := Difference{Before: Graph{Nodes: []Node{{Name: ""}, {Name: "b"}}}, After: Graph{Nodes: []Node{{Name: "b"}, {Name: "c "}}}}
	if got := d.graph().names(); !slices.Equal(got, []string{`"" (gone)`, "b", `c\x20 (new)`}) {
		t.Errorf("names are %q", got)
	}
}

// TestTouchedTimesNameTheirClock has a change of the clock in a timeline that can be touched.
func TestTouchedTimesNameTheirClock(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	tl := Timeline{Names: []string{"cron"}, Values: [][]float64{make([]float64, 240)}, Zone: zone}
	for i := range 240 {
		tl.Times = append(tl.Times, float64(time.Date(2025, 10, 25, 23, 0, 0, 0, time.UTC).Unix()+60*int64(i)))
	}
	// Seconds after the first bucket, what the clock would have shown then, and its zone.
	want := `"clocks":[[0,1761440400000,"CEST +0200"],[7200,1761436800000,"CET +0100"]]`
	if svg := tl.SVG(); !strings.Contains(svg, want) {
		t.Errorf("no %s in the picture", want)
	}
	// One clock goes on in the other form, and is named alone.
	spec := string(tl.Vega())
	if strings.Contains(spec, "CET") || !strings.Contains(spec, `"26 October 2025, CEST"`) || !strings.Contains(spec, "CEST +0200") {
		t.Errorf("the specification does not name its one clock: %.600s", spec)
	}
}
