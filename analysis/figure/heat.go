package figure

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
)

// Heat draws a distribution over time as a heat map, with a column per time and a row per range of
// values: the darker a cell is, the more was counted. It takes what quantize, lquantize and
// llquantize print at each tick. Rows are equally high whatever range they stand for, as the
// tracers' own charts have them.
type Heat struct {
	Style
	// Times are those of the columns, ascending, in seconds since the epoch or since a start.
	Times []float64
	// Edges are the borders of the rows, ascending, one more than there are rows: row r holds
	// values from Edges[r] up to but not including Edges[r+1]. The first may be -Inf and the last
	// +Inf, for values below and above.
	Edges []float64
	// Counts[t][r] is the count of column t and row r.
	Counts [][]float64
	// Unit is that of the values: ns, us, ms and s are written as times, everything else as it is.
	Unit string
	// ValueName says what the values are, such as "latency of read".
	ValueName string
	Zone      *time.Location
}

// SVG returns the heat map as an SVG document.
func (h Heat) SVG() string { return toSVG(h) }

// PNG returns the heat map as a PNG file.
func (h Heat) PNG() []byte { return toPNG(h) }

// Save writes the heat map to a .svg or .png file.
func (h Heat) Save(path string) error { return save(h, path) }

// String gives the counts and quantiles.
func (h Heat) String() string { return text(h) }

func (h Heat) look() Style  { return h.Style }
func (h Heat) kind() string { return "heat map" }

func (h Heat) check() error {
	switch {
	case len(h.Times) == 0:
		return errors.New("there are no times")
	case len(h.Edges) < 2:
		return fmt.Errorf("%d edges bound no row", len(h.Edges))
	case len(h.Counts) != len(h.Times):
		return fmt.Errorf("there are %d times and %d columns of counts", len(h.Times), len(h.Counts))
	}
	if err := checkTimes(h.Times); err != nil {
		return err
	}
	if err := checkEdges(h.Edges); err != nil {
		return err
	}
	total := 0.0
	for t, col := range h.Counts {
		if len(col) != len(h.Edges)-1 {
			return fmt.Errorf("column %d has %d counts for %d rows", t, len(col), len(h.Edges)-1)
		}
		for r, c := range col {
			if !finite(c) || c < 0 {
				return fmt.Errorf("the count of column %d, row %d is %v", t, r, c)
			}
			total += c
		}
	}
	if total == 0 {
		return errors.New("every count is zero")
	}
	return nil
}

// checkTimes refuses times that are no numbers or go back: a column would be drawn over another
// one.
func checkTimes(times []float64) error {
	for i, v := range times {
		if !finite(v) || i > 0 && v < times[i-1] {
			return fmt.Errorf("time %d is %v: times must ascend", i, v)
		}
	}
	return nil
}

// checkEdges refuses ranges that overlap or have no width. Only the outermost may be infinite.
func checkEdges(edges []float64) error {
	for i, v := range edges {
		inner := i > 0 && i < len(edges)-1
		if math.IsNaN(v) || inner && math.IsInf(v, 0) || i > 0 && v <= edges[i-1] {
			return fmt.Errorf("edge %d is %v: edges must ascend", i, v)
		}
	}
	return nil
}

// valueLabel writes a value in the unit it comes in. Each time gets the unit that suits it, since
// the rows of a distribution may run from nanoseconds to seconds.
func valueLabel(v float64, unit string) string {
	switch {
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	scale, isTime := map[string]float64{"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1}[unit]
	if !isTime || v == 0 {
		return si(v)
	}
	s := v * scale
	for _, u := range []struct {
		unit float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}} {
		// What would be rounded to 1000 of a unit is written as 1 of the next.
		if math.Abs(s) >= u.unit*0.9995 || u.name == "ns" {
			return si(s/u.unit) + " " + u.name
		}
	}
	return si(v)
}

// quantile returns about where the fraction q of the counts lies, linearly within a row. In a row
// that is open at one side, it is the border at the other side, since it is not known how far the
// values reach.
func quantile(edges, counts []float64, q float64) float64 {
	total := 0.0
	for _, c := range counts {
		total += c
	}
	rest := q * total
	for r, c := range counts {
		if c > 0 && rest <= c {
			lo, hi := edges[r], edges[r+1]
			if math.IsInf(lo, -1) {
				return hi
			}
			if math.IsInf(hi, 1) {
				return lo
			}
			return lo + (hi-lo)*rest/c
		}
		rest -= c
	}
	return edges[len(edges)-1]
}

// rowTotals sums each row over all times.
func (h Heat) rowTotals() []float64 {
	out := make([]float64, len(h.Edges)-1)
	for _, col := range h.Counts {
		for r, c := range col {
			out[r] += c
		}
	}
	return out
}

func (h Heat) words() string {
	var b strings.Builder
	rows := h.rowTotals()
	total := 0.0
	for _, c := range rows {
		total += c
	}
	name := h.ValueName
	if name == "" {
		name = "values"
	}
	fmt.Fprintf(&b, "heat map of %s: %s counts in %s and %s\n", visible(name), si(total), plural(len(h.Times), "column"), plural(len(rows), "row"))
	fmt.Fprintf(&b, "  %s\n", quantileWords(h.Edges, rows, h.Unit))
	return b.String()
}

func quantileWords(edges, counts []float64, unit string) string {
	var list []string
	for _, q := range []float64{0.5, 0.9, 0.99} {
		list = append(list, fmt.Sprintf("p%g ≈ %s", 100*q, valueLabel(quantile(edges, counts, q), unit)))
	}
	return strings.Join(list, ", ")
}

func (h Heat) plan() (w, hh length, draw func(*page)) {
	// Rows without counts at either end show nothing.
	rows := h.rowTotals()
	lo, hi := 0, len(rows)
	for lo < hi-1 && rows[lo] == 0 {
		lo++
	}
	for hi > lo+1 && rows[hi-1] == 0 {
		hi--
	}
	cells := make([][]float64, len(h.Counts))
	for t, col := range h.Counts {
		cells[t] = col[lo:hi]
	}
	edges := h.Edges[lo : hi+1]
	var ticks []tick
	every := max(1, int(math.Ceil(float64(len(edges))/16)))
	for i := 0; i < len(edges); i += every {
		ticks = append(ticks, tick{float64(i), valueLabel(edges[i], h.Unit)})
	}
	grid := heatGrid{
		Style: h.Style, times: h.Times, cells: cells, yTicks: ticks, rows: float64(hi - lo),
		caption: h.ValueName, zone: h.Zone,
	}
	return grid.plan()
}

// heatGrid is what heat maps share: columns of cells over time and a scale of colors.
type heatGrid struct {
	Style
	times   []float64
	width   float64 // of a column in seconds; 0 takes it from the times
	cells   [][]float64
	yTicks  []tick // at row numbers
	rows    float64
	caption string
	zone    *time.Location
}

// step returns the usual distance between times: their median, which a pause does not change.
func step(times []float64) float64 {
	if len(times) < 2 {
		return 1
	}
	var gaps []float64
	for i := 1; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	if m := median(gaps); m > 0 {
		return m
	}
	return 1
}

// mostColumns is more than a page has pixels across.
const mostColumns = 2000

// columns puts the cells on an even grid of time, so that a missing tick is a gap. In a run that is
// longer than mostColumns, neighbors are summed up.
func (g heatGrid) columns() (cols [][]float64, x scale) {
	width := g.width
	if width == 0 {
		width = step(g.times)
	}
	first, last := g.times[0], g.times[len(g.times)-1]
	n := int(math.Round((last-first)/width)) + 1
	if n > mostColumns {
		width *= math.Ceil(float64(n) / mostColumns)
		n = int((last-first)/width) + 1
	}
	cols = make([][]float64, n)
	for i, t := range g.times {
		// This is rounded, since ticks come a little early or late.
		k := min(n-1, int((t-first)/width+0.5))
		if cols[k] == nil {
			cols[k] = make([]float64, len(g.cells[i]))
		}
		for r, c := range g.cells[i] {
			cols[k][r] += c
		}
	}
	return cols, scale{min: first, max: first + float64(width*float64(n))}
}

func (g heatGrid) plan() (w, h length, draw func(*page)) {
	w, h = g.Width, g.Height
	if w <= 0 {
		w = graphWidth
	}
	p := pen{g.XKCD}
	cols, x := g.columns()
	most, peak := heatTop(cols)
	legend := 34 + p.width("≥"+si(most), tickSize, false)
	if peak > most {
		legend = max(legend, 18+p.width("max "+si(peak), 8, false))
	}
	x.lo, x.hi = pageMargin+p.yAxisWidth(g.yTicks), max(w-legend, pageMargin+p.yAxisWidth(g.yTicks)+20)
	xTicks, when := clockTicks(x.min, x.max, max(2, int(x.hi-x.lo)/62), g.zone)
	above := g.heading() + pageMargin
	if g.caption != "" {
		above += 15
	}
	if h <= 0 {
		h = above + axisHeight(when) + pageMargin/2 + max(120, min(320, length(g.rows)*15))
	}
	y := scale{min: 0, max: g.rows, lo: axisHeight(when) + pageMargin/2, hi: h - above}
	box := rect(x.lo, y.lo, x.hi, max(y.hi, y.lo+1))
	return w, h, func(p *page) {
		p.head(g.Style, w, h)
		if g.caption != "" {
			p.write(point{X: pageMargin, Y: h - g.heading() - pageMargin - 3}, label{text: p.fitBetween(line1(g.caption), tickSize, false, w-2*pageMargin), size: tickSize, color: p.muted})
		}
		p.yAxis(box, y, g.yTicks)
		p.DrawImage(box, heatImage(p.colors, cols, int(g.rows), most))
		p.xAxis(box, x, xTicks, when, w)
		p.colorBar(rect(box.Max.X+10, box.Min.Y, box.Max.X+19, box.Max.Y), most, peak)
	}
}

// heatTop returns the count of the last color, and the largest count. A few counts far above all
// others would leave only one color for those others. Therefore, if the largest is more than ten
// times the count that all but a hundredth stay below, that count gets the last color.
func heatTop(cols [][]float64) (most, peak float64) {
	var some []float64
	for _, col := range cols {
		for _, c := range col {
			if c > 0 {
				some = append(some, c)
				peak = math.Max(peak, c)
			}
		}
	}
	// Among only a few counts, none is an outlier.
	if len(some) < 20 {
		return peak, peak
	}
	slices.Sort(some)
	if high := some[len(some)-1-max(1, len(some)/100)]; peak > 10*high {
		return high, peak
	}
	return peak, peak
}

// heatColor returns the color of a count; the square root keeps small counts visible.
func heatColor(c *colors, v, most float64) color.NRGBA {
	if v <= 0 {
		return color.NRGBA{}
	}
	return ramp(c.heat, math.Sqrt(v/most))
}

func heatImage(c *colors, cols [][]float64, rows int, most float64) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, len(cols), rows))
	for x, col := range cols {
		for r, v := range col {
			img.SetNRGBA(x, rows-1-r, heatColor(c, v, most))
		}
	}
	return img
}

// colorBar explains the colors of counts up to most. The last color stands for all counts from
// there up to the peak.
func (p *page) colorBar(r vg.Rectangle, most, peak float64) {
	const steps = 48
	img := image.NewNRGBA(image.Rect(0, 0, 1, steps))
	for i := range steps {
		img.SetNRGBA(0, steps-1-i, ramp(p.heat, (float64(i)+0.5)/steps))
	}
	r.Max.Y = min(r.Max.Y, r.Min.Y+140)
	p.DrawImage(r, img)
	y := scale{min: 0, max: 1, lo: r.Min.Y, hi: r.Max.Y}
	last := math.Inf(-1)
	for _, v := range []float64{most, nice(most / 3), nice(most / 12)} {
		f := math.Sqrt(v / most)
		if v <= 0 {
			continue
		}
		// This label would touch the one before.
		if math.Abs(f-last) < 0.12 {
			continue
		}
		last = f
		text := si(v)
		if v == most && peak > most {
			text = "≥" + text
		}
		p.write(point{X: r.Max.X + 4, Y: y.at(f)}, label{text: text, size: 8, color: p.muted})
	}
	if peak > most {
		p.write(point{X: r.Min.X, Y: r.Max.Y + 19}, label{text: "max " + si(peak), size: 8, color: p.muted})
	}
	p.write(point{X: r.Min.X, Y: r.Max.Y + 9}, label{text: "count", size: 8, color: p.muted})
}

// OffsetHeat draws events by second, and by where within the second they fall (a subsecond-offset
// heat map). What happens at a fixed rate draws lines, and what waits for something leaves gaps.
type OffsetHeat struct {
	Style
	// Times are those of the events, in any order, in seconds since the epoch or since a start.
	Times []float64
	// Weights count an event more than once, such as the counts of buckets shorter than a second;
	// nil counts each once.
	Weights []float64
	// Rows divide the second; 0 means 50.
	Rows int
	// Name says what the events are.
	Name string
	Zone *time.Location
}

// SVG returns the heat map as an SVG document.
func (o OffsetHeat) SVG() string { return toSVG(o) }

// PNG returns the heat map as a PNG file.
func (o OffsetHeat) PNG() []byte { return toPNG(o) }

// Save writes the heat map to a .svg or .png file.
func (o OffsetHeat) Save(path string) error { return save(o, path) }

// String gives the number of events and the busiest offset.
func (o OffsetHeat) String() string { return text(o) }

func (o OffsetHeat) look() Style  { return o.Style }
func (o OffsetHeat) kind() string { return "subsecond-offset heat map" }

func (o OffsetHeat) check() error {
	switch {
	case len(o.Times) == 0:
		return errors.New("there are no events")
	case o.Weights != nil && len(o.Weights) != len(o.Times):
		return fmt.Errorf("there are %d events and %d weights", len(o.Times), len(o.Weights))
	case o.Rows < 0 || o.Rows > 1000:
		return fmt.Errorf("%d rows are not from 1 to 1000", o.Rows)
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, t := range o.Times {
		if !finite(t) {
			return fmt.Errorf("time %d is %v", i, t)
		}
		lo, hi = math.Min(lo, t), math.Max(hi, t)
	}
	// There is a column for each second, and twelve days have a million seconds.
	if hi-lo > 1e6 {
		return fmt.Errorf("events span %.3g s: more than fit a picture by the second", hi-lo)
	}
	total := 0.0
	for i, w := range o.Weights {
		if !finite(w) || w < 0 {
			return fmt.Errorf("weight %d is %v", i, w)
		}
		total += w
	}
	if o.Weights != nil && total == 0 {
		return errors.New("every weight is zero")
	}
	return nil
}

func (o OffsetHeat) rows() int {
	if o.Rows == 0 {
		return 50
	}
	return o.Rows
}

// bins counts events by second and offset.
func (o OffsetHeat) bins() (seconds []float64, cells [][]float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, t := range o.Times {
		lo, hi = math.Min(lo, math.Floor(t)), math.Max(hi, math.Floor(t))
	}
	for s := lo; s <= hi; s++ {
		seconds = append(seconds, s)
		cells = append(cells, make([]float64, o.rows()))
	}
	for i, t := range o.Times {
		w := 1.0
		if o.Weights != nil {
			w = o.Weights[i]
		}
		s := math.Floor(t)
		r := min(o.rows()-1, int((t-s)*float64(o.rows())))
		cells[int(s-lo)][r] += w
	}
	return seconds, cells
}

func (o OffsetHeat) words() string {
	seconds, cells := o.bins()
	total, byRow, busiest := 0.0, make([]float64, o.rows()), 0
	for _, col := range cells {
		for r, c := range col {
			total += c
			byRow[r] += c
		}
	}
	for r, c := range byRow {
		if c > byRow[busiest] {
			busiest = r
		}
	}
	name := o.Name
	if name == "" {
		name = "events"
	}
	return fmt.Sprintf("subsecond offsets of %s: %s in %s; busiest %.0f to %.0f ms into the second, with %.0f%%\n",
		visible(name), si(total), plural(len(seconds), "second"),
		1000*float64(busiest)/float64(o.rows()), 1000*float64(busiest+1)/float64(o.rows()), 100*byRow[busiest]/total)
}

func (o OffsetHeat) plan() (w, h length, draw func(*page)) {
	seconds, cells := o.bins()
	rows := float64(o.rows())
	var ticks []tick
	for _, ms := range []float64{0, 250, 500, 750, 1000} {
		ticks = append(ticks, tick{rows * ms / 1000, fmt.Sprintf("%g ms", ms)})
	}
	caption := "offset within the second"
	if o.Name != "" {
		caption = o.Name + ": " + caption
	}
	grid := heatGrid{Style: o.Style, times: seconds, width: 1, cells: cells, yTicks: ticks, rows: rows, caption: caption, zone: o.Zone}
	if grid.Height <= 0 {
		grid.Height = 260 + grid.heading()
	}
	return grid.plan()
}
