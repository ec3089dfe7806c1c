package figure

import (
	"math"
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

func TestLegendKeepsGroupsOnARow(t *testing.T) {
	g := randomGraph(40, 3, 1)
	g.Rule = strings.Repeat("a rule that goes on and on ", 8)
	for _, width := range []length{300, 400, 500, 600, 800} {
		items, _ := g.legend(pen{}, width)
		for i := 0; i < len(items); {
			j := i + 1
			for j < len(items) && !items[j].head {
				j++
			}
			if groupWidth(pen{}, items[i:j]) <= width-2*pageMargin && items[i].row != items[j-1].row {
				t.Errorf("width %v: %q is on rows %d to %d", width, items[i].text, items[i].row, items[j-1].row)
			}
			for _, it := range items[i:j] {
				if it.x+it.width > width && it.head {
					t.Errorf("width %v: %q reaches %v", width, it.text, it.x+it.width)
				}
			}
			i = j
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
