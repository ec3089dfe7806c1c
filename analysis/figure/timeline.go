package figure

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
)

// Mark is a moment worth a line across a [Timeline].
type Mark struct {
	Time float64
	Name string
}

// Interval is a stretch of time worth shading in a [Timeline].
type Interval struct {
	Start, End float64
	Name       string
}

// Timeline draws how much each source does over time. While a source is silent it has no line.
type Timeline struct {
	Style
	Names []string
	// Times are those of the buckets, ascending, in seconds since the epoch, or since a start if
	// they are small.
	Times []float64
	// Values are those of each source (a row per name) in each bucket (a column per time). NaN is a
	// gap.
	Values [][]float64
	// Unit is that of the values, such as "calls".
	Unit string
	// Every is the width of a bucket. If it is positive, values are counts per bucket
	// and are drawn per second; otherwise they are drawn as they are.
	Every time.Duration
	// Top is how many sources get a line of their own, those with the largest totals; the rest are
	// summed up as "others". 0 means 8, negative means all.
	Top int
	// Log draws values on a log axis, with zero at its foot.
	Log bool
	// Stacked draws areas on top of each other instead of lines.
	Stacked bool
	// Zone is the time zone of the clock; nil is UTC.
	Zone      *time.Location
	Marks     []Mark
	Intervals []Interval
}

// SVG returns the timeline as an SVG document.
func (t Timeline) SVG() string { return toSVG(t) }

// PNG returns the timeline as a PNG file.
func (t Timeline) PNG() []byte { return toPNG(t) }

// Save writes the timeline to a .svg or .png file.
func (t Timeline) Save(path string) error { return save(t, path) }

// String lists the sources' totals and peaks, largest first.
func (t Timeline) String() string { return text(t) }

func (t Timeline) look() Style  { return t.Style }
func (t Timeline) kind() string { return "timeline" }

func (t Timeline) check() error {
	switch {
	case len(t.Names) == 0:
		return errors.New("there are no sources")
	case len(t.Times) == 0:
		return errors.New("there are no times")
	case len(t.Values) != len(t.Names):
		return fmt.Errorf("there are %d names and %d rows of values", len(t.Names), len(t.Values))
	}
	for i, v := range t.Times {
		if !finite(v) || i > 0 && v < t.Times[i-1] {
			return fmt.Errorf("time %d is %v: times must ascend", i, v)
		}
	}
	some := false
	for i, row := range t.Values {
		if len(row) != len(t.Times) {
			return fmt.Errorf("%s has %d values for %d times", visible(t.Names[i]), len(row), len(t.Times))
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return fmt.Errorf("%s at time %d is %v", visible(t.Names[i]), j, v)
			}
			if t.Stacked && v < 0 {
				return fmt.Errorf("%s at time %d is %v: areas stacked on each other cannot show what is below zero; draw lines", visible(t.Names[i]), j, v)
			}
			some = some || !math.IsNaN(v)
		}
	}
	if !some {
		return errors.New("every value is NaN")
	}
	for _, m := range t.Marks {
		if !finite(m.Time) {
			return fmt.Errorf("mark %s is at time %v", visible(m.Name), m.Time)
		}
	}
	for _, in := range t.Intervals {
		if !finite(in.Start) || !finite(in.End) {
			return fmt.Errorf("interval %s is from %v to %v", visible(in.Name), in.Start, in.End)
		}
	}
	return nil
}

// A strand is a line or area of a timeline, in the unit that is drawn.
type strand struct {
	name   string
	whole  string // the name in full, where it is known
	values []float64
	total  float64 // of the counts, not of the rates
	peak   float64
	peakAt int
	others bool
	// apart says that the sum of the others is too large to be drawn together with the sources that
	// have lines of their own.
	apart bool
}

// strands returns what is drawn, largest total first, others last.
func (t Timeline) strands() []strand {
	per := 1.0
	if t.Every > 0 {
		per = t.Every.Seconds()
	}
	all := make([]strand, len(t.Names))
	for i, n := range shortNames(t.Names) {
		all[i] = newStrand(visible(n), t.Values[i], per)
	}
	// The sort is stable, so that sources with equal totals keep their order, and with it their
	// colors.
	sort.SliceStable(all, func(i, j int) bool { return all[i].total > all[j].total })
	top := t.Top
	if top == 0 {
		top = 8
	}
	// If there is only one source more than there are lines, it is drawn itself and not as "1
	// others".
	if top < 0 || len(all) <= top+1 {
		return all
	}
	sum := make([]float64, len(t.Times))
	for j := range sum {
		// A bucket is a gap of the others only if it is a gap of each of them.
		sum[j] = math.NaN()
		for _, s := range all[top:] {
			if v := float64(s.values[j] * per); !math.IsNaN(v) {
				if math.IsNaN(sum[j]) {
					sum[j] = 0
				}
				sum[j] += v
			}
		}
	}
	rest := newStrand(fmt.Sprintf("%d others", len(all)-top), sum, per)
	rest.others = true
	tallest := 0.0
	for _, s := range all[:top] {
		tallest = math.Max(tallest, s.peak)
	}
	// In a linear plot, the axis would have to fit the others, and all lines with names would be
	// pressed to its foot.
	if !t.Stacked && !t.Log && rest.peak > 1.5*tallest {
		rest.apart = true
		rest.name += ": not drawn (" + si(rest.peak) + ")"
	}
	return append(all[:top:top], rest)
}

// strandNames returns the names in at most n characters each.
func strandNames(strands []strand, n int) []string {
	out := make([]string, len(strands))
	for i, s := range strands {
		out[i] = s.name
	}
	out = labels(out, n)
	for i, s := range strands {
		if s.others { // what it says of itself is no name to shorten
			out[i] = s.name
		}
	}
	return out
}

func newStrand(name string, values []float64, per float64) strand {
	s := strand{name: name, values: make([]float64, len(values)), peak: math.Inf(-1)}
	for j, v := range values {
		s.values[j] = v / per
		if math.IsNaN(v) {
			continue
		}
		s.total += v
		if s.values[j] > s.peak {
			s.peak, s.peakAt = s.values[j], j
		}
	}
	return s
}

// unit returns the unit that is drawn.
func (t Timeline) unit() string {
	switch {
	case t.Every > 0 && t.Unit != "":
		return t.Unit + " per second"
	case t.Every > 0:
		return "per second"
	}
	return t.Unit
}

func (t Timeline) words() string {
	var b strings.Builder
	first, last := t.Times[0], t.Times[len(t.Times)-1]
	fmt.Fprintf(&b, "timeline: %s, %s", plural(len(t.Names), "source"), plural(len(t.Times), "bucket"))
	zone := t.Zone
	if zone == nil {
		zone = time.UTC
	}
	when := func(v float64) string {
		if math.Abs(first) < epochFrom {
			return elapsed(v, 1)
		}
		return clock(v, zone).Format("15:04:05")
	}
	if math.Abs(first) >= epochFrom {
		fmt.Fprintf(&b, ", %s to %s", clock(first, zone).Format("2006-01-02 15:04:05"), clock(last, zone).Format("15:04:05 MST"))
	} else {
		fmt.Fprintf(&b, ", %s to %s", when(first), when(last))
	}
	b.WriteString("\n")
	unit := t.Unit
	if unit != "" {
		unit = " " + unit
	}
	for _, s := range t.strands() {
		fmt.Fprintf(&b, "  %-24s total %s%s", s.name, si(s.total), unit)
		if finite(s.peak) {
			fmt.Fprintf(&b, ", peak %s", si(s.peak))
			if t.Every > 0 {
				b.WriteString("/s")
			}
			fmt.Fprintf(&b, " at %s", when(t.Times[s.peakAt]))
		}
		b.WriteString("\n")
	}
	brief := Shorten(t.Names)
	for _, in := range t.Intervals {
		fmt.Fprintf(&b, "  %s to %s: %s\n", when(in.Start), when(in.End), visible(brief(in.Name)))
	}
	for _, m := range t.Marks {
		fmt.Fprintf(&b, "  %s: %s\n", when(m.Time), visible(brief(m.Name)))
	}
	return b.String()
}

const (
	timelineWidth  = 600
	timelineHeight = 300 // of the whole without the lanes of intervals and marks
	laneHeight     = 14
	// nameRowsMost is how many names stand below each other before there are columns of names: a
	// plot that grew with every name would make every line longer, and pages no screen can show.
	nameRowsMost = 40
	// nameMargin is what a column of names takes beside the names: samples, and space between.
	nameMargin = 26
)

// nameColumns returns how many columns the names are in. A page whose width is given keeps at least
// leastPlot for the plot; one whose height is given has a single column.
func (t Timeline) nameColumns(names int, column, left length) int {
	columns := (names + nameRowsMost - 1) / nameRowsMost
	const leastPlot = 240
	switch {
	case t.Height > 0:
		return 1
	case t.Width > 0:
		columns = min(columns, int((t.Width-pageMargin-left-leastPlot)/column))
	}
	return max(1, columns)
}

// tag is the name of an interval or mark above the plot.
type tag struct {
	name   string
	x0, x1 length // of the interval; equal for a mark
	text   point  // left end of the name
	lane   int
	mark   bool
}

// tags places the names of intervals and marks in lanes above the plot.
func (t Timeline) tags(p pen, x scale) (tags []tag, lanes int) {
	brief := Shorten(t.Names)
	for _, in := range t.Intervals {
		a, b := math.Max(in.Start, x.min), math.Min(in.End, x.max)
		if a <= b {
			tags = append(tags, tag{name: line1(brief(in.Name)), x0: x.at(a), x1: x.at(b)})
		}
	}
	for _, m := range t.Marks {
		if m.Time >= x.min && m.Time <= x.max {
			tags = append(tags, tag{name: line1(brief(m.Name)), x0: x.at(m.Time), x1: x.at(m.Time), mark: true})
		}
	}
	sort.SliceStable(tags, func(i, j int) bool {
		if tags[i].x0 != tags[j].x0 {
			return tags[i].x0 < tags[j].x0
		}
		return tags[i].x1 > tags[j].x1
	})
	// Names are placed from the right to the left, so that the line down from a mark passes the
	// names to its right.
	var ends []length
	for i := len(tags) - 1; i >= 0; i-- {
		g := &tags[i]
		g.name = p.fitBetween(shorten(g.name, nameLength), 8, false, x.hi-pageMargin)
		w := p.width(g.name, 8, false)
		// The name stands at the start of its interval, or, near the right end, before it.
		g.text.X = min(g.x0+3, x.hi-w)
		lo, hi := min(g.x0, g.text.X), max(g.x1, g.text.X+w)
		k := 0
		for _, o := range tags[i+1:] { // the line of a mark goes up to its lane
			if o.mark && o.x0 > lo-2 && o.x0 < hi+2 {
				k = max(k, o.lane+1)
			}
		}
		// The name goes to the lowest lane in which it does not touch the one to its right.
		for k < len(ends) && ends[k] < hi+4 {
			k++
		}
		for k >= len(ends) {
			ends = append(ends, x.hi+1000)
		}
		ends[k], g.lane = lo, k
	}
	return tags, len(ends)
}

func (t Timeline) plan() (w, h length, draw func(*page)) {
	w = t.Width
	if w <= 0 {
		w = timelineWidth
	}
	p := pen{t.XKCD}
	strands := t.strands()
	first, last := t.Times[0], t.Times[len(t.Times)-1]
	means := false
	if t.Stacked {
		t, strands, means = t.coarse(strands, w)
	}
	y := t.valueScale(strands)
	yTicks := t.valueTicks(y)
	legend := length(0)
	whole := strandNames(strands, math.MaxInt)
	for i, s := range strandNames(strands, nameLength) {
		strands[i].name, strands[i].whole = s, whole[i]
		legend = max(legend, p.width(strands[i].name, smallSize, false))
	}
	x := scale{min: first, max: last}
	if t.Every > 0 {
		// The last bucket has a width, too.
		x.max += t.Every.Seconds()
	}
	if x.max == x.min {
		x.min, x.max = x.min-0.5, x.max+0.5
	}
	x.lo = pageMargin + p.yAxisWidth(yTicks)
	columns := t.nameColumns(len(strands), legend+nameMargin, x.lo)
	if t.Width <= 0 {
		w += length(length(columns-1) * (legend + nameMargin))
	}
	x.hi = w - pageMargin - length(length(columns)*(legend+nameMargin))
	if x.hi < x.lo+40 { // a narrow page: better a plot without names than names without a plot
		x.hi = max(x.lo+1, w-pageMargin)
	}
	xTicks, caption := clockTicks(x.min, x.max, max(2, int(x.hi-x.lo)/62), t.Zone)
	tags, lanes := t.tags(p, x)
	above := t.heading() + pageMargin + length(length(lanes)*laneHeight)
	if t.unit() != "" {
		above += 13
	}
	h = t.Height
	if h <= 0 {
		h = timelineHeight + length(length(lanes)*laneHeight) + t.heading()
		h = max(h, above+axisHeight(caption)+pageMargin+length(length(nameRows(len(strands), columns))*12))
	}
	y.lo, y.hi = axisHeight(caption)+pageMargin/2, h-above
	box := rect(x.lo, y.lo, x.hi, y.hi)
	return w, h, func(p *page) {
		p.head(t.Style, w, h)
		if u := t.unit(); u != "" {
			p.write(point{X: pageMargin, Y: h - t.heading() - pageMargin - 3}, label{text: p.fitBetween(u, tickSize, false, w-2*pageMargin), size: tickSize, color: p.muted})
		}
		t.drawShades(p, box, tags)
		p.yAxis(box, y, yTicks)
		p.xAxis(box, x, xTicks, caption, w)
		colors, dashes := p.strandStyles(strands, t.Stacked)
		if t.Stacked {
			t.drawAreas(p, x, y, strands, colors)
			if means {
				p.footnote("areas: means of neighboring buckets")
			}
		} else {
			t.drawLines(p, x, y, strands, colors, dashes)
		}
		t.drawTags(p, box, tags)
		t.drawNames(p, box, x, y, strands, colors, dashes, columns, legend+nameMargin)
		p.touch(t.touchData(box, x, h, strands))
	}
}

// nameRows returns how many rows of names a page has room for.
func nameRows(names, columns int) int {
	return max(min(names, nameRowsMost), (names+columns-1)/columns)
}

// valueScale returns the scale of the values, not yet placed on the page.
func (t Timeline) valueScale(strands []strand) scale {
	s := scale{log: t.Log}
	least := math.Inf(1)
	sum := make([]float64, len(t.Times))
	for _, st := range strands {
		if st.apart {
			continue
		}
		for j, v := range st.values {
			if math.IsNaN(v) {
				continue
			}
			sum[j] += v
			s.max = math.Max(s.max, v)
			s.min = math.Min(s.min, v)
			if v > 0 {
				least = math.Min(least, v)
			}
		}
	}
	if t.Stacked {
		for _, v := range sum {
			s.max = math.Max(s.max, v)
		}
	}
	if t.Log {
		if math.IsInf(least, 1) {
			least = 1
		}
		s.min = math.Pow(10, math.Floor(math.Log10(least)+1e-9))
		s.max = math.Max(s.max, s.min*10)
		return s
	}
	if s.max == s.min {
		s.max = s.min + 1
	}
	step := niceUp((s.max - s.min) / 5)
	// The axis gets one more step, unless values reach over the last step by less than a fifth of
	// it.
	s.top = math.Ceil(s.max/step-0.2) * step
	s.max = math.Max(s.max, s.top)
	if s.min < 0 {
		s.min = math.Floor(s.min/step) * step
	}
	return s
}

func (t Timeline) valueTicks(y scale) []tick {
	if t.Log {
		return logTicks(y.min, y.max)
	}
	return linearTicks(y.min, y.top, 5)
}

// strandStyles returns a color and dash for each strand; without colors, dashes distinguish lines.
func (p *page) strandStyles(strands []strand, areas bool) ([]color.NRGBA, [][]length) {
	gray := [][]length{nil, {6, 2}, {2, 2}, {8, 2, 2, 2}, {4, 1}, {1, 3}, {10, 3}, {6, 2, 1, 2, 1, 2}}
	cs, ds := make([]color.NRGBA, len(strands)), make([][]length, len(strands))
	for k, s := range strands {
		switch {
		case s.others:
			cs[k] = mix(p.neutral, p.muted, 0.2)
		default:
			cs[k] = p.cluster(k)
			if !areas && p.mono { // dashes show up in dark lines only
				ds[k] = gray[k%len(gray)]
				cs[k] = mix(p.ink, p.paper, 0.45*float64(k%2))
			}
		}
	}
	return cs, ds
}

func (t Timeline) drawShades(p *page, box vg.Rectangle, tags []tag) {
	for _, g := range tags {
		if !g.mark {
			p.Begin(g.name, "class", "strand", "data-name", g.name)
			p.box(rect(g.x0, box.Min.Y, g.x1, box.Max.Y), p.shade)
			p.End()
		}
	}
}

func (t Timeline) drawTags(p *page, box vg.Rectangle, tags []tag) {
	for _, g := range tags {
		y := box.Max.Y + 4 + length(length(g.lane)*laneHeight)
		p.Begin("", "class", "when", "data-x", short(g.x0))
		if g.mark {
			p.line(stroke{color: p.ink, width: 1, dash: []length{3, 3}}, point{X: g.x0, Y: box.Min.Y}, point{X: g.x0, Y: y + 8})
		} else {
			p.line(stroke{color: withAlpha(p.shade, 4), width: 2.5}, point{X: g.x0, Y: y}, point{X: g.x1, Y: y})
		}
		p.End()
	}
	for _, g := range tags { // over all lines
		p.Begin("", "class", "when", "data-x", short(g.x0))
		p.write(point{X: g.text.X, Y: box.Max.Y + 10.5 + length(length(g.lane)*laneHeight)}, label{text: g.name, size: 8, color: p.ink, cased: crossed(p.pen, g, tags)})
		p.End()
	}
}

// crossed reports whether the line of a mark passes through a name, as near the right end, where
// names stand left of what they name.
func crossed(p pen, g tag, tags []tag) bool {
	w := p.width(g.name, 8, false)
	return slices.ContainsFunc(tags, func(o tag) bool {
		return o.mark && o.lane >= g.lane && o.x0 > g.text.X && o.x0 < g.text.X+w
	})
}

// xOf returns where bucket j stands: a count belongs to the middle of its bucket.
func (t Timeline) xOf(x scale, j int) length {
	v := t.Times[j]
	if t.Every > 0 {
		v += t.Every.Seconds() / 2
	}
	return x.at(v)
}

func (t Timeline) drawLines(p *page, x, y scale, strands []strand, cs []color.NRGBA, ds [][]length) {
	bands, column := false, length(1)
	if p.xkcd {
		column = 4 // a broader pen
	}
	most := mostInk(p.xkcd, len(strands))
	// Of many bands each is faint, and all lie below the lines, which they would hide.
	faint := max(0.04, 6/float64(len(strands)))
	var over []func()
	for k := len(strands) - 1; k >= 0; k-- {
		if strands[k].apart {
			continue
		}
		s := stroke{color: cs[k], width: 1.6, dash: ds[k]}
		if p.xkcd {
			s.width = 2
		}
		p.Begin(strands[k].whole+": total "+si(strands[k].total), "class", "strand", "data-name", strands[k].whole)
		var run []point
		quiet := func(j int) bool { // silence before, at and after
			v := strands[k].values
			return v[j] == 0 && (j == 0 || v[j-1] == 0) && (j == len(v)-1 || v[j+1] == 0)
		}
		wide := t.bandColumn(x, y, strands[k].values, column, most)
		if wide > 0 {
			busy := map[int]bool{}
			for j, v := range strands[k].values {
				if v != 0 && !math.IsNaN(v) {
					busy[int(t.xOf(x, j)/wide)] = true
				}
			}
			quiet = func(j int) bool { // in the column of the bucket and those beside it
				c := int(t.xOf(x, j) / wide)
				return !busy[c-1] && !busy[c] && !busy[c+1]
			}
		}
		flush := func() {
			// A line of a single point would not be seen.
			if len(run) == 1 {
				p.fill(circle(run[0], s.width), s.color)
			}
			band, mean := envelope(run, column)
			if wide > 0 && len(run) > 1 {
				if b, m := means(run, wide); len(m) > 1 {
					band, mean = b, m
				}
			}
			if wide > 0 && len(mean) > 1 {
				bands = true
				p.fill(polyline(band, true), withAlpha(cs[k], faint))
				over = append(over, func() {
					p.Begin(strands[k].whole+": total "+si(strands[k].total), "class", "strand", "data-name", strands[k].whole)
					p.line(s, mean...)
					p.End()
				})
			} else if band != nil {
				bands = true
				p.fill(polyline(band, true), withAlpha(cs[k], 0.3))
				p.line(s, mean...)
			} else {
				p.line(s, thin(run)...)
			}
			run = run[:0]
		}
		for j, v := range strands[k].values {
			if math.IsNaN(v) || quiet(j) {
				flush()
				continue
			}
			run = append(run, point{X: t.xOf(x, j), Y: y.at(v)})
		}
		flush()
		p.End()
	}
	for _, draw := range over {
		draw()
	}
	if bands {
		p.footnote("bands: least to most of neighboring buckets, lines: means")
	}
}

// mostInk returns how long a line may be, in points, before it is drawn as a band: for a few lines
// as long as it is. Many lines that go up and down all the time are a solid block in the end, which
// would take a quarter of a minute to draw, and a minute by a hand that moves point by point.
func mostInk(xkcd bool, lines int) float64 {
	const few, all, byHand = 40, 1e7, 3e6
	switch {
	case lines <= few:
		return math.Inf(1)
	case xkcd:
		return byHand / float64(lines)
	}
	return all / float64(lines)
}

// bandColumn returns how wide the columns must be whose means, and the outline of their band, are
// at most as long as given together, or 0 if the line of the values itself is no longer than that.
func (t Timeline) bandColumn(x, y scale, values []float64, least length, most float64) length {
	if math.IsInf(most, 1) {
		return 0
	}
	var pts []point
	for j, v := range values {
		if !math.IsNaN(v) {
			pts = append(pts, point{X: t.xOf(x, j), Y: y.at(v)})
		}
	}
	if inkOf(pts) <= most {
		return 0
	}
	wide := least
	for ; wide < (x.hi-x.lo)/8; wide *= 2 {
		if band, mean := means(pts, wide); inkOf(band)+inkOf(mean) <= most {
			break
		}
	}
	return wide
}

// inkOf returns how far a line goes up, down and to the right: no less than its length.
func inkOf(pts []point) float64 {
	sum := 0.0
	for i := 1; i < len(pts); i++ {
		sum += math.Abs(float64(pts[i].X-pts[i-1].X)) + math.Abs(float64(pts[i].Y-pts[i-1].Y))
	}
	return sum
}

// footnote says in a corner how something is drawn.
func (p *page) footnote(s string) {
	p.write(point{X: p.right() - pageMargin, Y: 6}, label{text: s, size: 7, align: right, color: p.muted})
}

// coarse returns the timeline with the means of the buckets of each column of a page w wide, if
// there are at least twice as many buckets as columns, and whether it did. Means add up as the
// values do. Drawn one by one, the areas would be solid blocks up to the largest of their values.
func (t Timeline) coarse(strands []strand, w length) (Timeline, []strand, bool) {
	columns := max(1, int(w))
	if t.XKCD {
		columns = max(1, int(w/4)) // a broader pen
	}
	first, last := t.Times[0], t.Times[len(t.Times)-1]
	if len(t.Times) < 2*columns || last == first {
		return t, strands, false
	}
	column := func(j int) int { return int((t.Times[j] - first) / (last - first) * float64(columns)) }
	mean := func(values []float64) []float64 {
		var out []float64
		for a := 0; a < len(values); {
			b, n, sum := a, 0, 0.0
			for ; b < len(values) && column(b) == column(a); b++ {
				if v := values[b]; !math.IsNaN(v) {
					n, sum = n+1, sum+v
				}
			}
			out = append(out, sum/float64(n)) // NaN where all are
			a = b
		}
		return out
	}
	out := slices.Clone(strands)
	for k := range out {
		out[k].values = mean(strands[k].values)
	}
	// Differences are small where times since the epoch would lose digits when they are summed up.
	since := make([]float64, len(t.Times))
	for j, v := range t.Times {
		since[j] = v - first
	}
	t.Times = mean(since)
	for j := range t.Times {
		t.Times[j] += first
	}
	return t, out, true
}

// envelope returns, for a line with many more points than the page has columns, the band from the
// least to the largest value of each column and the line of their means. It returns nil for other
// lines. Drawn as a line, such a run would be a solid block that hides where most values are.
func envelope(pts []point, column length) (band, mean []point) {
	// There must be at least eight buckets to a column: with fewer, the line itself shows more.
	if len(pts) < 400 || length(len(pts)) < 8*(pts[len(pts)-1].X-pts[0].X)/column {
		return nil, nil
	}
	return means(pts, column)
}

// means returns the band from the least to the largest value of each column and the line of their
// means.
func means(pts []point, column length) (band, mean []point) {
	var low []point
	for a := 0; a < len(pts); {
		b, lo, hi, sum := a, pts[a].Y, pts[a].Y, length(0)
		for ; b < len(pts) && int(pts[b].X/column) == int(pts[a].X/column); b++ {
			lo, hi, sum = min(lo, pts[b].Y), max(hi, pts[b].Y), sum+pts[b].Y
		}
		x := (pts[a].X + pts[b-1].X) / 2
		band, low, mean = append(band, point{X: x, Y: hi}), append(low, point{X: x, Y: lo}), append(mean, point{X: x, Y: sum / length(b-a)})
		a = b
	}
	slices.Reverse(low)
	return append(band, low...), mean
}

// thin leaves out points of a line that show nothing: of those within half a point from left to
// right it keeps the first, lowest, highest and last, which draws the same pixels (M4: Jugel,
// Jerzak, Hackenbroich and Markl 2014).
func thin(pts []point) []point {
	const column = 0.5
	if len(pts) < 8 || length(len(pts)) < 4*(pts[len(pts)-1].X-pts[0].X)/column {
		return pts
	}
	var out []point
	for a := 0; a < len(pts); {
		b, lo, hi := a, a, a
		for ; b < len(pts) && int(pts[b].X/column) == int(pts[a].X/column); b++ {
			if pts[b].Y < pts[lo].Y {
				lo = b
			}
			if pts[b].Y > pts[hi].Y {
				hi = b
			}
		}
		last := -1
		for _, i := range []int{a, min(lo, hi), max(lo, hi), b - 1} {
			if i > last {
				out = append(out, pts[i])
				last = i
			}
		}
		a = b
	}
	return out
}

func (t Timeline) drawAreas(p *page, x, y scale, strands []strand, cs []color.NRGBA) {
	base := make([]float64, len(t.Times))
	for k := range strands {
		var low, high []point
		for j, v := range strands[k].values {
			low = append(low, point{X: t.xOf(x, j), Y: y.at(base[j])})
			// A missing value adds nothing, and leaves the areas above where they are.
			if v > 0 {
				base[j] += v
			}
			high = append(high, point{X: t.xOf(x, j), Y: y.at(base[j])})
		}
		p.Begin(strands[k].whole+": total "+si(strands[k].total), "class", "strand", "data-name", strands[k].whole)
		outline := append([]point(nil), high...)
		for j := len(low) - 1; j >= 0; j-- {
			outline = append(outline, low[j])
		}
		p.fill(polyline(outline, true), cs[k])
		p.End()
	}
}

// drawNames writes the strands' names at the right, each as near to the end of its line as the
// other names allow. In several columns, names whose lines end near each other share a row.
func (t Timeline) drawNames(p *page, box vg.Rectangle, x, y scale, strands []strand, cs []color.NRGBA, ds [][]length, columns int, column length) {
	if x.hi > p.right()-pageMargin-30 {
		return
	}
	type end struct {
		k    int
		y    length
		slot length
	}
	// On a page too low for all names, those of the largest are written, not all over each other.
	room := max(1, columns*int((box.Max.Y-box.Min.Y+8)/8))
	var ends []end
	base := 0.0
	for k, s := range strands {
		v := 0.0
		for j := len(s.values) - 1; j >= 0; j-- {
			if !math.IsNaN(s.values[j]) {
				v = s.values[j]
				break
			}
		}
		if t.Stacked {
			v, base = base+v/2, base+v
		}
		if s.apart {
			v = y.min
		}
		if k < room || len(strands) <= room {
			ends = append(ends, end{k: k, y: y.at(v)})
		}
	}
	if left := len(strands) - len(ends); left > 0 {
		p.write(point{X: pageMargin, Y: 6}, label{text: plural(left, "name") + " left out for lack of room", size: 7, color: p.muted})
	}
	sort.SliceStable(ends, func(a, b int) bool { return ends[a].y > ends[b].y })
	rows := (len(ends) + columns - 1) / columns
	gap := min(13, (box.Max.Y-box.Min.Y+10)/length(rows))
	want := make([]length, rows)
	for i, row := range slices.Collect(slices.Chunk(ends, columns)) {
		for _, e := range row {
			want[i] += e.y / length(len(row))
		}
	}
	for i, s := range slots(want, gap, box.Min.Y-4, box.Max.Y+4) {
		for k := i * columns; k < min(len(ends), (i+1)*columns); k++ {
			ends[k].slot = s
		}
	}
	for i, e := range ends {
		at := point{X: box.Max.X + 22 + length(length(i%columns)*column), Y: e.slot}
		s := stroke{color: cs[e.k], width: 1.2, dash: ds[e.k]}
		last := t.xOf(x, len(t.Times)-1)
		if t.Stacked {
			last = box.Max.X
		}
		if near := e.slot-e.y < 40 && e.y-e.slot < 40; near && columns == 1 && !p.xkcd && !strands[e.k].apart {
			p.line(stroke{color: withAlpha(cs[e.k], 0.7), width: 0.8}, point{X: last + 1, Y: e.y}, point{X: box.Max.X + 5, Y: e.y}, point{X: box.Max.X + 12, Y: e.slot})
		}
		s.width = 2.4
		p.line(s, point{X: at.X - 10, Y: at.Y}, point{X: at.X - 2, Y: at.Y})
		p.write(point{X: at.X + 2, Y: at.Y}, label{text: strands[e.k].name, size: smallSize})
	}
}

// right is the right edge of the page.
func (p *page) right() length {
	w, _ := p.Size()
	return w
}

// slots moves values, given in descending order, as little as needed to keep gap between
// neighbors and all within lo and hi: by least squares, pooling neighbors that would touch (the
// algorithm for isotonic regression of M. Ayer and others, 1955).
func slots(want []length, gap, lo, hi length) []length {
	// Runs of touching values are centered on the mean of the places they want.
	type run struct {
		n   int
		sum length // of wanted value plus what lies above in the run
	}
	top := func(r run) length { return r.sum / length(r.n) }
	var runs []run
	for _, v := range want {
		runs = append(runs, run{1, v})
		for len(runs) > 1 {
			a, b := runs[len(runs)-2], runs[len(runs)-1]
			if top(a)-length(length(a.n)*gap) >= top(b) {
				break
			}
			runs = append(runs[:len(runs)-2], run{a.n + b.n, a.sum + b.sum + length(length(a.n*b.n)*gap)})
		}
	}
	var out []length
	for _, r := range runs {
		for i := range r.n {
			out = append(out, top(r)-length(length(i)*gap))
		}
	}
	// Values are kept within the ends, from below and then from above.
	floor := lo
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = max(out[i], floor)
		floor = out[i] + gap
	}
	ceil := hi
	for i := range out {
		out[i] = min(out[i], ceil)
		ceil = out[i] - gap
	}
	return out
}
