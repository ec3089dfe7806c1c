package figure

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestBadTimelinesSaySo(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		t    Timeline
		want string
	}{
		{Timeline{}, "no sources"},
		{Timeline{Names: []string{"a"}}, "no times"},
		{Timeline{Names: []string{"a"}, Times: []float64{1}}, "1 names and 0 rows"},
		{Timeline{Names: []string{"a"}, Times: []float64{1, 2}, Values: [][]float64{{1}}}, "a has 1 values for 2 times"},
		{Timeline{Names: []string{"a"}, Times: []float64{2, 1}, Values: [][]float64{{1, 1}}}, "must ascend"},
		{Timeline{Names: []string{"a"}, Times: []float64{nan}, Values: [][]float64{{1}}}, "time 0 is NaN"},
		{Timeline{Names: []string{"a"}, Times: []float64{1}, Values: [][]float64{{nan}}}, "every value is NaN"},
		{Timeline{Names: []string{"a"}, Times: []float64{1}, Values: [][]float64{{math.Inf(1)}}}, "a at time 0 is +Inf"},
	} {
		checkProblem(t, c.t, c.want)
	}
}

func TestTimelineOfEveryShapeDraws(t *testing.T) {
	for name, tl := range map[string]Timeline{
		"one point":     {Names: []string{"a"}, Times: []float64{5}, Values: [][]float64{{3}}},
		"all zero":      {Names: []string{"a"}, Times: []float64{5, 6}, Values: [][]float64{{0, 0}}},
		"all zero log":  {Names: []string{"a"}, Times: []float64{5, 6}, Values: [][]float64{{0, 0}}, Log: true},
		"gap":           {Names: []string{"a"}, Times: []float64{5, 6, 7}, Values: [][]float64{{1, math.NaN(), 2}}},
		"negative":      {Names: []string{"a"}, Times: []float64{5, 6, 7}, Values: [][]float64{{1, -3, 2}}},
		"one time":      {Names: []string{"a"}, Times: []float64{5, 5, 5}, Values: [][]float64{{1, 3, 2}}},
		"huge":          {Names: []string{"a"}, Times: []float64{5, 6}, Values: [][]float64{{1e300, 2e16}}},
		"tiny page":     {Names: []string{"a"}, Times: []float64{5, 6}, Values: [][]float64{{1, 2}}, Style: Style{Width: 50, Height: 50}},
		"marks outside": {Names: []string{"a"}, Times: []float64{5, 6}, Values: [][]float64{{1, 2}}, Marks: []Mark{{99, "x"}}, Intervals: []Interval{{-5, 99, "y"}, {70, 80, "z"}}},
	} {
		for _, stacked := range []bool{false, true} {
			if tl.Stacked = stacked; stacked && name == "negative" {
				continue // which is refused
			}
			t.Run(name, func(t *testing.T) {
				checkXML(t, tl.SVG())
				checkPNG(t, tl.PNG())
				if s := tl.String(); !strings.HasPrefix(s, "timeline: 1 source") {
					t.Errorf("text %q", s)
				}
			})
		}
	}
}

func TestTopSumsUpOthers(t *testing.T) {
	tl := Timeline{
		Names:  []string{"a", "b", "c", "d"},
		Times:  []float64{0, 10},
		Values: [][]float64{{1, 1}, {100, 0}, {2, math.NaN()}, {3, 4}},
		Top:    1, Every: 10 * time.Second,
	}
	s := tl.strands()
	if len(s) != 2 || s[0].name != "b" || s[1].name != "3 others" {
		t.Fatalf("strands %+v", s)
	}
	if s[1].values[0] != 0.6 || s[1].values[1] != 0.5 || s[1].total != 11 || s[0].peak != 10 {
		t.Errorf("others %+v", s[1])
	}
}

func TestClockTicks(t *testing.T) {
	day := float64(time.Date(2026, 11, 22, 23, 30, 7, 0, time.UTC).Unix())
	kolkata := time.FixedZone("IST", 5*3600+1800)
	for _, c := range []struct {
		lo, hi  float64
		zone    *time.Location
		labels  string
		caption string
	}{
		{day, day + 20, nil, "23:30:10 23:30:15 23:30:20 23:30:25", "22 November 2026, UTC"},
		{day, day + 3600, nil, "23:45 23 Nov 00:00 00:15 00:30", "22 November 2026 to 23 November 2026, UTC"},
		{day, day + 7200, kolkata, "05:30 06:00 06:30 07:00", "23 November 2026, IST"},
		{day, day + 0.4, nil, "23:30:07.0 23:30:07.1 23:30:07.2 23:30:07.3 23:30:07.4", "22 November 2026, UTC"},
		{day, day + 4*86400, nil, "23 Nov 24 Nov 25 Nov 26 Nov", "22 November 2026 to 26 November 2026, UTC"},
		{0, 90, nil, "0:00 0:30 1:00 1:30", "time since start"},
		{0, 0.004, nil, "0 s 0.001 s 0.002 s 0.003 s 0.004 s", "time since start"},
	} {
		ticks, caption := clockTicks(c.lo, c.hi, 5, c.zone)
		var labels []string
		for _, k := range ticks {
			labels = append(labels, k.label)
		}
		if got := strings.Join(labels, " "); got != c.labels || caption != c.caption {
			t.Errorf("from %v to %v: %q, %q, want %q, %q", c.lo, c.hi, got, caption, c.labels, c.caption)
		}
	}
}

func TestSlotsKeepTheirDistance(t *testing.T) {
	got := slots([]length{50, 49, 48, 10, 0}, 10, 0, 60)
	for i := 1; i < len(got); i++ {
		if got[i-1]-got[i] < 10-1e-6 {
			t.Errorf("slots %v are closer than 10", got)
		}
	}
	if got[len(got)-1] < 0 || got[0] > 60 {
		t.Errorf("slots %v leave 0 to 60", got)
	}
}

// TestNamesOfALowTimelineStayApart counts the names that are written on a page too low for all.
func TestNamesOfALowTimelineStayApart(t *testing.T) {
	tl := wander(300, 20)
	tl.XKCD, tl.Top, tl.Height = false, -1, 200
	low := len(tl.SVG())
	if tl.Height = 4000; low > len(tl.SVG())*3/4 {
		t.Error("all names are written on a page of 200 points")
	}
}

func TestLongTimelinesStaySmall(t *testing.T) {
	tl := wander(3, 100_000)
	if n := len(tl.SVG()); n > 400<<10 {
		t.Errorf("3 series of 100000 points take %d bytes", n)
	}
}

func TestThinKeepsExtremes(t *testing.T) {
	var pts []point
	for i := range 10_000 {
		pts = append(pts, point{X: length(i) / 1000, Y: length(i * 7919 % 1000)})
	}
	pts[5000].Y, pts[7001].Y = -50, 5000
	out := thin(pts)
	if len(out) > 4*21 || out[0] != pts[0] || out[len(out)-1] != pts[len(pts)-1] {
		t.Fatalf("%d points from %v to %v", len(out), out[0], out[len(out)-1])
	}
	lo, hi := length(math.Inf(1)), length(math.Inf(-1))
	for i, p := range out {
		lo, hi = min(lo, p.Y), max(hi, p.Y)
		if i > 0 && p.X < out[i-1].X {
			t.Fatal("points step back")
		}
	}
	if lo != -50 || hi != 5000 {
		t.Errorf("extremes %v and %v, want -50 and 5000", lo, hi)
	}
}

// many returns a timeline of n sources that all have lines, with the given values.
func many(n, buckets int, value func(source, bucket int) float64) Timeline {
	t := Timeline{Top: -1, Style: Style{XKCD: true}}
	for j := range buckets {
		t.Times = append(t.Times, float64(j))
	}
	for i := range n {
		row := make([]float64, buckets)
		for j := range row {
			row[j] = value(i, j)
		}
		t.Names, t.Values = append(t.Names, "p"+strconv.Itoa(i)), append(t.Values, row)
	}
	return t
}

// TestWorkOfManyLinesIsBounded looks at how long all strokes of a timeline are, and at the size of
// its document: the hand moves point by point.
func TestWorkOfManyLinesIsBounded(t *testing.T) {
	noise := func(i, j int) float64 {
		return float64((uint32(i*1000+j+1) * 2654435761) >> 8 % 1000)
	}
	for name, value := range map[string]func(i, j int) float64{
		"noise": noise,
		"spikes": func(i, j int) float64 {
			if (i+j)%5 == 0 {
				return noise(i, j)
			}
			return 0
		},
		"up and down": func(_, j int) float64 { return float64(j % 2) },
		"constant":    func(i, _ int) float64 { return float64(i) },
	} {
		for _, c := range []struct {
			byHand  bool
			buckets int
			least   length
			bound   float64
		}{{false, 900, 1, 1.01e7}, {true, 100, 4, 3.1e6}, {true, 900, 4, 3.1e6}} {
			byHand, buckets := c.byHand, c.buckets
			tl := many(300, buckets, value)
			tl.XKCD = byHand
			strands := tl.strands()
			y := tl.valueScale(strands)
			x := scale{min: 0, max: float64(buckets), lo: 0, hi: 500}
			y.lo, y.hi = 0, 500
			most, sum := mostInk(byHand, len(strands)), 0.0
			for _, s := range strands {
				var pts []point
				for j, v := range s.values {
					pts = append(pts, point{X: tl.xOf(x, j), Y: y.at(v)})
				}
				if wide := tl.bandColumn(x, y, s.values, c.least, most); wide > 0 {
					band, mean := means(pts, wide)
					sum += inkOf(band) + inkOf(mean)
				} else {
					sum += inkOf(pts)
				}
			}
			if sum > c.bound {
				t.Errorf("%s, %d buckets, by hand %v: strokes of %.3g points", name, buckets, byHand, sum)
			}
			if n := len(tl.SVG()); n > 8e6 {
				t.Errorf("%s, %d buckets, by hand %v: %d bytes", name, buckets, byHand, n)
			}
		}
	}
	for _, byHand := range []bool{false, true} {
		few := many(40, 900, noise)
		few.XKCD = byHand
		if strings.Contains(few.SVG(), "bands:") {
			t.Errorf("by hand %v: forty lines are drawn as bands", byHand)
		}
	}
}

// TestManyNamesStandInColumns looks at the size of pages of many names.
func TestManyNamesStandInColumns(t *testing.T) {
	flat := func(i, j int) float64 { return float64(i) }
	for _, xkcd := range []bool{false, true} {
		var w40, h40 length
		for _, n := range []int{40, 41, 61, 120, 300} {
			tl := many(n, 20, flat)
			tl.XKCD = xkcd
			w, h, _ := tl.plan()
			switch columns := length((n + 39) / 40); {
			case n == 40:
				w40, h40 = w, h
			case h != h40:
				t.Errorf("%d names make a page %v high, 40 one of %v", n, h, h40)
			case w < w40+(columns-1)*nameMargin:
				t.Errorf("%d names make a page %v wide, 40 one of %v", n, w, w40)
			}
			checkPNG(t, tl.PNG())
			tl.Width = 600 // as wide as a cell: the plot keeps its room
			if w, _, _ := tl.plan(); w != 600 {
				t.Errorf("a page of 600 is %v wide", w)
			}
			if s := tl.SVG(); strings.Contains(s, "left out for lack of room") {
				t.Errorf("of %d names some are left out", n)
			}
		}
	}
}
