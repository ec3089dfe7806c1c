package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Spectrum draws how the variation of two sources is spread over frequencies. Below, along the same
// axis, it draws how far the two vary together at each frequency. Frequencies ascend from left to
// right, and are labeled by their periods, since a timer has a period.
type Spectrum struct {
	Style
	// Names are those of the two sources.
	Names [2]string
	// Frequencies are per second, ascending. Those that are not above 0 are not drawn.
	Frequencies []float64
	// Density is that of each source at each frequency, 0 or more. It is drawn on a log axis.
	Density [2][]float64
	// Coherence is that of the two sources at each frequency, 0 to 1.
	Coherence []float64
	// Chance is a coherence that sources with nothing in common seldom reach. It is drawn as a
	// line, which Rule explains in the legend. 0 draws none.
	Chance float64
	Rule   string
	// Peaks are frequencies to mark with their periods.
	Peaks []float64
	// Unit is that of the sources' values, such as "calls".
	Unit string
}

// SVG returns the spectrum as an SVG document.
func (s Spectrum) SVG() string { return toSVG(s) }

// PNG returns the spectrum as a PNG file.
func (s Spectrum) PNG() []byte { return toPNG(s) }

// Save writes the spectrum to a .svg or .png file.
func (s Spectrum) Save(path string) error { return save(s, path) }

// String lists the frequencies at which the two are most coherent.
func (s Spectrum) String() string { return text(s) }

func (s Spectrum) look() Style  { return s.Style }
func (s Spectrum) kind() string { return "spectrum" }

func (s Spectrum) check() error {
	if !slices.ContainsFunc(s.Frequencies, func(f float64) bool { return f > 0 }) {
		return errors.New("there is no frequency above 0")
	}
	if n := len(s.Frequencies); len(s.Density[0]) != n || len(s.Density[1]) != n || len(s.Coherence) != n {
		return fmt.Errorf("%d and %d densities and %d coherences do not belong to %d frequencies", len(s.Density[0]), len(s.Density[1]), len(s.Coherence), n)
	}
	for k, f := range s.Frequencies {
		switch {
		case !finite(f) || k > 0 && f <= s.Frequencies[k-1]:
			return fmt.Errorf("frequency %d is %v: frequencies must ascend", k, f)
		case !(s.Coherence[k] >= 0 && s.Coherence[k] <= 1):
			return fmt.Errorf("coherence %d is %v, not from 0 to 1", k, s.Coherence[k])
		}
		for i := range s.Density {
			if v := s.Density[i][k]; !finite(v) || v < 0 {
				return fmt.Errorf("density %d of %s is %v", k, visible(s.Names[i]), v)
			}
		}
	}
	if !(s.Chance >= 0 && s.Chance <= 1) {
		return fmt.Errorf("coherence by chance is %v, not from 0 to 1", s.Chance)
	}
	for i, f := range s.Peaks {
		if !finite(f) || f <= 0 {
			return fmt.Errorf("peak %d is at frequency %v", i, f)
		}
	}
	return nil
}

// names are the names as they are drawn.
func (s Spectrum) names() []string {
	return labels(allVisible(shortNames(s.Names[:])), nameLength)
}

func (s Spectrum) words() string {
	var b strings.Builder
	n := s.names()
	fmt.Fprintf(&b, "spectrum: %s and %s, %s up to %s Hz\n", n[0], n[1], fmt.Sprint(len(s.Frequencies), " frequencies"), si(s.Frequencies[len(s.Frequencies)-1]))
	for _, f := range s.Peaks {
		k, _ := slices.BinarySearch(s.Frequencies, f)
		if k = min(k, len(s.Frequencies)-1); k > 0 && f-s.Frequencies[k-1] < s.Frequencies[k]-f {
			k--
		}
		fmt.Fprintf(&b, "  every %s: coherence %.2f\n", period(1/f), s.Coherence[k])
	}
	return b.String()
}

// period writes a stretch of time with three digits and the unit that people use.
func period(seconds float64) string {
	for _, u := range []struct {
		unit float64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if seconds >= u.unit*(1-5e-4) {
			return trim(strconv.FormatFloat(seconds/u.unit, 'f', decimals(seconds/u.unit), 64)) + " " + u.name
		}
	}
	return strconv.FormatFloat(seconds*1e9, 'g', 3, 64) + " ns"
}

// periods are round stretches of time between lo and hi, long ones first.
func periods(lo, hi float64) []float64 {
	var out []float64
	for d := 1e-9; d < 0.5; d *= 10 {
		out = append(out, d, 2*d, 5*d)
	}
	out = append(out, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 2*3600, 6*3600, 12*3600, 86400)
	for d := 2.0 * 86400; d < 1e9; d *= 2 {
		out = append(out, d)
	}
	slices.Reverse(out)
	return slices.DeleteFunc(out, func(v float64) bool { return v < lo*(1-1e-9) || v > hi*(1+1e-9) })
}

// drawn returns from which frequency on they are above 0, and the scale of their logarithms.
func (s Spectrum) drawn() (from int, x scale) {
	from = slices.IndexFunc(s.Frequencies, func(f float64) bool { return f > 0 })
	x.min, x.max = math.Log10(s.Frequencies[from]), math.Log10(s.Frequencies[len(s.Frequencies)-1])
	if x.min == x.max {
		x.min, x.max = x.min-0.5, x.max+0.5
	}
	return from, x
}

// densities returns the scale of the densities. What is less than a hundred millionth of the
// largest is mostly rounding error, and does not stretch the axis.
func (s Spectrum) densities(from int) scale {
	y := scale{log: true}
	least := math.Inf(1)
	for _, d := range s.Density {
		for _, v := range d[from:] {
			y.max = math.Max(y.max, v)
		}
	}
	for _, d := range s.Density {
		for _, v := range d[from:] {
			if v > y.max*1e-8 {
				least = math.Min(least, v)
			}
		}
	}
	if y.max == 0 {
		y.min, y.max = 1, 10
		return y
	}
	y.min = math.Pow(10, math.Floor(math.Log10(least)+1e-9))
	y.max = math.Max(y.max, y.min*10)
	return y
}

func (s Spectrum) densityUnit() string {
	if s.Unit == "" {
		return "variance per Hz"
	}
	return "(" + s.Unit + ")² per Hz"
}

func (s Spectrum) plan() (w, h length, draw func(*page)) {
	w, h = s.Width, s.Height
	if w <= 0 {
		w = graphWidth
	}
	p := pen{s.XKCD}
	from, x := s.drawn()
	y := s.densities(from)
	yTicks := logTicks(y.min, y.max)
	c := scale{min: 0, max: 1}
	cTicks := []tick{{0, "0"}, {0.5, "0.5"}, {1, "1"}}
	x.lo = pageMargin + max(p.yAxisWidth(yTicks), p.yAxisWidth(cTicks))
	x.hi = max(w-pageMargin-8, x.lo+20)
	var xTicks []tick
	for _, v := range periods(1/s.Frequencies[len(s.Frequencies)-1], 1/s.Frequencies[from]) {
		xTicks = append(xTicks, tick{-math.Log10(v), period(v)})
	}
	items, legendHeight := s.legend(p, w)
	const between, captions = 34, 26
	above, below := s.heading()+pageMargin+captions, axisHeight("period")+legendHeight+pageMargin/2
	if h <= 0 {
		h = above + below + between + 230
	}
	room := max(20, h-above-below-between)
	c.lo, c.hi = below, below+length(room*0.4)
	y.lo, y.hi = c.hi+between, c.hi+between+length(room*0.6)
	return w, h, func(p *page) {
		p.head(s.Style, w, h)
		upper, lower := rect(x.lo, y.lo, x.hi, y.hi), rect(x.lo, c.lo, x.hi, c.hi)
		p.yAxis(upper, y, yTicks)
		p.yAxis(lower, c, cTicks)
		end := length(math.Inf(-1))
		for _, f := range slices.Sorted(slices.Values(s.Peaks)) {
			at := x.at(math.Log10(f))
			if at < x.lo-0.5 || at > x.hi+0.5 {
				continue
			}
			p.Begin("every " + period(1/f))
			p.line(stroke{color: p.muted, width: 0.9, dash: []length{3, 3}}, point{X: at, Y: lower.Min.Y}, point{X: at, Y: upper.Max.Y + 5})
			name := period(1 / f)
			wide := p.width(name, 8, false)
			if left := min(at-wide/2, w-pageMargin-wide); left > end+4 {
				p.write(point{X: left, Y: upper.Max.Y + 10}, label{text: name, size: 8, cased: true})
				end = left + wide
			}
			p.End()
		}
		// These stand on the lines of the peaks.
		unit := p.fitBetween(s.densityUnit(), tickSize, false, w-2*pageMargin)
		p.write(point{X: pageMargin, Y: y.hi + 19}, label{text: unit, size: tickSize, color: p.muted, cased: true})
		p.write(point{X: pageMargin, Y: c.hi + 16}, label{text: "coherence", size: tickSize, color: p.muted, cased: true})
		strands := []strand{{name: items[0].text}, {name: items[1].text}}
		colors, dashes := p.strandStyles(strands, false)
		for i, d := range s.Density {
			p.Begin(strands[i].name, "class", "strand", "data-name", strands[i].name)
			p.line(stroke{color: colors[i], width: 1.6, dash: dashes[i]}, s.curve(from, x, y, d)...)
			p.End()
		}
		if s.Chance > 0 {
			p.line(stroke{color: p.muted, width: 1, dash: []length{1.5, 2.5}}, point{X: x.lo, Y: c.at(s.Chance)}, point{X: x.hi, Y: c.at(s.Chance)})
		}
		p.line(stroke{color: p.ink, width: 1.4}, s.curve(from, x, c, s.Coherence)...)
		if from+1 == len(s.Frequencies) { // a line of one point does not show
			for i, d := range s.Density {
				p.fill(circle(point{X: x.at((x.min + x.max) / 2), Y: y.at(d[from])}, 2), colors[i])
			}
			p.fill(circle(point{X: x.at((x.min + x.max) / 2), Y: c.at(s.Coherence[from])}, 2), p.ink)
		}
		p.xAxis(lower, x, xTicks, "period", w)
		drawLegend(p, items, pageMargin, legendHeight+pageMargin/2)
	}
}

// curve places values at their frequencies.
func (s Spectrum) curve(from int, x, y scale, values []float64) []point {
	var out []point
	for k := from; k < len(values); k++ {
		out = append(out, point{X: x.at(math.Log10(s.Frequencies[k])), Y: y.at(values[k])})
	}
	return out
}

// legend names the two sources first, and then, in a row of its own, the line of chance.
func (s Spectrum) legend(p pen, width length) ([]legendItem, length) {
	var items []legendItem
	for i, n := range s.names() {
		items = append(items, legendItem{text: n, sample: 18, draw: func(p *page, at point) {
			colors, dashes := p.strandStyles(make([]strand, 2), false)
			p.line(stroke{color: colors[i], width: 2, dash: dashes[i]}, at, point{X: at.X + 18, Y: at.Y})
		}})
	}
	if s.Chance > 0 && s.Rule != "" {
		chance := legendItem{sample: 18, draw: func(p *page, at point) {
			p.line(stroke{color: p.muted, width: 1, dash: []length{1.5, 2.5}}, at, point{X: at.X + 18, Y: at.Y})
		}}
		items = append(items, ruleLegend(p, chance, s.Rule, width)...)
	}
	return items, flow(p, items, width-2*pageMargin)
}

// Vega returns the spectrum as a Vega 5 specification, in which every frequency shows its period,
// the densities and the coherence, and the axis can be moved and enlarged. It is nil for a spectrum
// that is drawn by hand or cannot be drawn.
func (s Spectrum) Vega() []byte { return live(s, s.vega) }

func (s Spectrum) vega() *vega {
	from, x := s.drawn()
	names := s.names()
	v := &vega{colors: s.colors(), width: 600, height: 270, words: strings.TrimSuffix(strings.SplitN(s.words(), "\n", 2)[0], "\n")}
	const upper, lower = 150, 180 // foot of the densities, top of the coherence
	v.signals = append(v.signals, obj{"name": "nm", "value": names},
		obj{"name": "over", "value": nil, "on": []obj{{"events": "@bar:pointerover", "update": "datum.x"}, {"events": "@bar:pointerout", "update": "null"}}})
	v.panX(x.min, x.max)
	y := s.densities(from)
	var rows [][]string
	for k := from; k < len(s.Frequencies); k++ {
		f := s.Frequencies[k]
		// A bar reaches halfway to its neighbors.
		lo, hi := f, f
		if k > from {
			// Halfway on the logarithmic axis is the geometric mean.
			lo = math.Sqrt(float64(f * s.Frequencies[k-1]))
		}
		if k+1 < len(s.Frequencies) {
			hi = math.Sqrt(float64(f * s.Frequencies[k+1]))
		}
		log := func(v float64) string { return strconv.FormatFloat(math.Log10(v), 'f', 5, 64) }
		rows = append(rows, []string{log(f), log(lo), log(hi), period(1 / f), figures(s.Density[0][k]), figures(s.Density[1][k]), figures(s.Coherence[k])})
	}
	v.table("rows", []string{"x", "lo", "hi", "every", "a", "b", "c"}, []string{"x", "lo", "hi", "a", "b", "c"}, rows)
	shownPeriods := make([][]string, 0, len(s.Peaks))
	for _, f := range s.Peaks {
		shownPeriods = append(shownPeriods, []string{strconv.FormatFloat(math.Log10(f), 'f', 5, 64), period(1 / f)})
	}
	v.table("peaks", []string{"x", "every"}, []string{"x"}, shownPeriods)
	v.scales = []obj{
		{"name": "xs", "type": "linear", "domain": sig("xdom"), "range": "width", "zero": false, "nice": false},
		{"name": "ys", "type": "log", "domain": []float64{y.min, y.max}, "range": []float64{upper, 0}, "clamp": true},
		{"name": "cs", "type": "linear", "domain": []float64{0, 1}, "range": []float64{v.height, lower}},
	}
	every := "pow(10,-datum.value)"
	v.axes = []obj{
		{"orient": "bottom", "scale": "xs", "title": "period", "labelOverlap": true, "encode": obj{"labels": obj{"update": obj{
			"text": sig(every + "<60 ? format(" + every + ",'.2~s')+'s' : " + every + "<3600 ? format(" + every + "/60,'.2~r')+' min' : format(" + every + "/3600,'.2~r')+' h'")}}}},
		{"orient": "left", "scale": "ys", "title": s.densityUnit(), "grid": true, "tickCount": 4, "format": "~s"},
		{"orient": "left", "scale": "cs", "title": "coherence", "grid": true, "tickCount": 3},
	}
	cs, ds := (&page{colors: v.colors}).strandStyles(make([]strand, 2), false)
	line := func(scale, field string, color string, dash []length, width float64) obj {
		d := []float64{}
		for _, l := range dash {
			d = append(d, px(l))
		}
		return obj{"type": "line", "interactive": false, "from": obj{"data": "rows"}, "encode": obj{"update": obj{
			"x": at("xs", "x"), "y": at(scale, field), "stroke": val(color), "strokeDash": val(d), "strokeWidth": val(width)}}}
	}
	marks := []obj{
		{"type": "rule", "interactive": false, "from": obj{"data": "peaks"}, "encode": obj{"update": obj{
			"x": at("xs", "x"), "y": val(0), "y2": sig("height"), "stroke": val(css(v.colors.muted)), "strokeDash": val([]int{3, 3}), "opacity": val(0.7)}}},
		{"type": "text", "interactive": false, "from": obj{"data": "peaks"}, "encode": obj{"update": obj{
			"x": obj{"scale": "xs", "field": "x", "offset": 3}, "y": val(9), "text": obj{"field": "every"}, "fontSize": val(10), "fill": val(css(v.colors.ink))}}},
		line("ys", "a", css(cs[0]), ds[0], 1.8), line("ys", "b", css(cs[1]), ds[1], 1.8), line("cs", "c", css(v.colors.ink), nil, 1.5),
		{"type": "rule", "interactive": false, "encode": obj{"update": obj{"x": sig("over===null ? 0 : scale('xs',over)"), "y": val(0), "y2": sig("height"),
			"stroke": val(css(v.colors.muted)), "opacity": sig("over===null ? 0 : 0.8")}}},
	}
	if s.Chance > 0 {
		marks = append(marks, obj{"type": "rule", "interactive": false, "encode": obj{"update": obj{"x": val(0), "x2": sig("width"),
			"y": obj{"scale": "cs", "value": s.Chance}, "stroke": val(css(v.colors.muted)), "strokeDash": val([]int{2, 3})}}})
	}
	// The blank after a name keeps it from being a word that expressions do not allow.
	tip := fmt.Sprintf(`{title:'every '+datum.every,"%s ":format(datum.a,'.4~s'),"%s ":format(datum.b,'.4~s'),"coherence":format(datum.c,'.2f')}`, jsEscape(names[0]), jsEscape(names[1]))
	marks = append(marks, obj{"name": "bar", "type": "rect", "from": obj{"data": "rows"}, "encode": obj{"update": obj{
		"x": at("xs", "lo"), "x2": at("xs", "hi"), "y": val(0), "y2": sig("height"), "fill": val("transparent"), "cursor": val("crosshair"),
		"aria": val(false), "tooltip": sig(tip)}}})
	var legend []obj
	for i := range names {
		d := []float64{}
		for _, l := range ds[i] {
			d = append(d, px(l))
		}
		y := val(8 + 17*i)
		legend = append(legend,
			obj{"type": "rule", "encode": obj{"update": obj{"x": val(0), "x2": val(14), "y": y, "stroke": val(css(cs[i])), "strokeDash": val(d), "strokeWidth": val(4)}}},
			obj{"type": "text", "encode": obj{"update": obj{"x": val(19), "y": y, "baseline": val("middle"), "text": sig(fmt.Sprintf("nm[%d]", i)), "fontSize": val(11), "fill": val(css(v.colors.ink))}}})
	}
	v.marks = []obj{pane(marks...),
		{"type": "group", "encode": obj{"update": obj{"x": sig("width+14"), "width": val(190), "height": sig("height")}}, "marks": legend}}
	return v
}
