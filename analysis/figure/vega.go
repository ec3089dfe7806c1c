package figure

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"
	"time"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// obj is a JSON object of a Vega specification.
type obj = map[string]any

// vega is a Vega 5 specification (A. Satyanarayan, R. Russell, J. Hoffswell and J. Heer, "Reactive
// Vega", 2016) of a width and height in CSS pixels, to which a figure adds what it draws. Notebooks
// draw it even where they do not run the scripts of a page. Some do so with version 6, so that it
// must be right for versions 5 and 6 alike.
//
// Names get into it only as data, and never within an expression, where a name like "constructor"
// is an error, which is then shown in place of the figure.
type vega struct {
	colors              *colors
	width, height       float64
	words               string
	signals, data       []obj
	scales, axes, marks []obj
}

// px turns points to CSS pixels, of which there are four to three points, with one decimal.
func px(v length) float64 { return math.Round(float64(v)*4/3*10) / 10 }

// live returns the specification of d, or nil if it has none, because it is drawn by hand, which
// Vega cannot do, or because there is nothing to draw.
func live(d drawer, plan func() *vega) []byte {
	if problem(d) != nil || d.look().XKCD {
		return nil
	}
	v := plan()
	ink, muted, faint := css(v.colors.ink), css(v.colors.muted), css(v.colors.faint)
	spec := obj{
		"$schema": "https://vega.github.io/schema/vega/v5.json", "description": v.words,
		"width": v.width, "height": v.height, "padding": 8, "autosize": "pad",
		"background": css(v.colors.paper),
		"config": obj{
			"axis":  obj{"domainColor": muted, "tickColor": muted, "gridColor": faint, "labelColor": muted, "titleColor": ink},
			"title": obj{"color": ink, "subtitleColor": muted, "anchor": "start"},
			"style": obj{"guide-label": obj{"fill": ink}, "guide-title": obj{"fill": ink}},
		},
		"signals": v.signals, "data": v.data, "scales": v.scales, "marks": v.marks,
	}
	if len(v.axes) > 0 {
		spec["axes"] = v.axes
	}
	if s := d.look(); s.Title != "" || s.Subtitle != "" {
		spec["title"] = obj{"text": line1(s.Title), "subtitle": line1(s.Subtitle)}
	}
	out, err := json.Marshal(spec)
	if err != nil { // a number that is not finite: the still shows it as far as it can be shown
		return nil
	}
	return out
}

func css(c color.NRGBA) string {
	if c.A == 255 {
		return hexColor(c)
	}
	return fmt.Sprintf("rgba(%d,%d,%d,%.2f)", c.R, c.G, c.B, float64(c.A)/255)
}

// table adds data of the given columns, the numeric ones parsed.
func (v *vega) table(name string, head []string, numbers []string, rows [][]string, transform ...obj) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(head)
	w.WriteAll(rows) // a Buffer does not fail
	parse := obj{}
	for _, n := range numbers {
		parse[n] = "number"
	}
	d := obj{"name": name, "values": b.String(), "format": obj{"type": "csv", "parse": parse}}
	if len(transform) > 0 {
		d["transform"] = transform
	}
	v.data = append(v.data, d)
}

// find adds a box that finds names. It returns an expression that is true if a name is looked for
// that the field does not have.
func (v *vega) find(what, field string) string {
	v.signals = append(v.signals, obj{"name": "find", "value": "",
		"bind": obj{"input": "search", "name": "find " + what + " ", "placeholder": "part of a name"}})
	return "(find && indexof(lower(" + field + "),lower(find))<0)"
}

// panX lets the domain of the x scale, a signal xdom from lo to hi, be dragged, zoomed by the wheel
// with Ctrl or Alt, so that the page still scrolls without these keys, and reset by a double click.
func (v *vega) panX(lo, hi float64) {
	whole := fmt.Sprintf("[%s,%s]", number(lo), number(hi))
	within := fmt.Sprintf(",%s,%s)", number(lo), number(hi))
	v.signals = append(v.signals, grab()...)
	v.signals = append(v.signals,
		obj{"name": "at", "value": 0, "on": []obj{{"events": "wheel[event.ctrlKey || event.altKey]", "update": "toNumber(invert('xs',clamp(x(),0,width)))"}}},
		obj{"name": "x0", "value": []float64{lo, hi}, "on": []obj{{"events": "pointerdown", "update": "slice(xdom)"}}},
		obj{"name": "xdom", "value": []float64{lo, hi}, "on": []obj{
			{"events": obj{"signal": "drag"}, "update": "clampRange([x0[0]+span(x0)*drag[0]/width,x0[1]+span(x0)*drag[0]/width]" + within},
			{"events": obj{"signal": "zoom"}, "update": "clampRange([at+(xdom[0]-at)*zoom,at+(xdom[1]-at)*zoom]" + within},
			{"events": "dblclick", "update": whole},
		}})
}

// panXY does the same for both axes, with the signals xdom and ydom.
func (v *vega) panXY() {
	v.signals = append(v.signals, grab()...)
	v.signals = append(v.signals,
		obj{"name": "at", "value": []float64{0, 0}, "on": []obj{{"events": "wheel[event.ctrlKey || event.altKey]", "update": "[invert('xs',x()),invert('ys',y())]"}}})
	for i, axis := range []string{"x", "y"} {
		hi, size := v.width, "width"
		if axis == "y" {
			hi, size = v.height, "height"
		}
		dom, from := axis+"dom", axis+"0"
		v.signals = append(v.signals,
			obj{"name": from, "value": []float64{0, hi}, "on": []obj{{"events": "pointerdown", "update": "slice(" + dom + ")"}}},
			obj{"name": dom, "value": []float64{0, hi}, "on": []obj{
				{"events": obj{"signal": "drag"}, "update": fmt.Sprintf("[%[1]s[0]+span(%[1]s)*drag[%[2]d]/%[3]s,%[1]s[1]+span(%[1]s)*drag[%[2]d]/%[3]s]", from, i, size)},
				{"events": obj{"signal": "zoom"}, "update": fmt.Sprintf("[at[%[2]d]+(%[1]s[0]-at[%[2]d])*zoom,at[%[2]d]+(%[1]s[1]-at[%[2]d])*zoom]", dom, i)},
				{"events": "dblclick", "update": fmt.Sprintf("[0,%s]", number(hi))},
			}})
	}
}

// grab are the signals of a drag and of the wheel.
func grab() []obj {
	return []obj{
		{"name": "down", "value": nil, "on": []obj{{"events": "pointerdown[!event.ctrlKey]", "update": "xy()"}, {"events": "window:pointerup", "update": "null"}}},
		{"name": "drag", "value": []float64{0, 0}, "on": []obj{{"events": "[pointerdown, window:pointerup] > window:pointermove!", "update": "down ? [down[0]-x(),down[1]-y()] : [0,0]"}}},
		{"name": "zoom", "value": 1, "on": []obj{{"events": "wheel![event.ctrlKey || event.altKey]", "force": true, "update": "pow(1.002,event.deltaY)"}}},
	}
}

// pane is a group that clips what is drawn in it, and takes the pointer.
func pane(marks ...obj) obj {
	return obj{"type": "group", "encode": obj{"update": obj{
		"clip": obj{"value": true}, "width": obj{"signal": "width"}, "height": obj{"signal": "height"}, "fill": obj{"value": "transparent"},
	}}, "marks": marks}
}

// at places a field on a scale.
func at(scale, field string) obj { return obj{"scale": scale, "field": field} }

func val(v any) obj { return obj{"value": v} }

func sig(expr string) obj { return obj{"signal": expr} }

// figures writes a number for a table with four digits, which is as much as a reader can
// distinguish: a specification is saved with the notebook, and digits are most of it.
func figures(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func tenths(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'g', -1, 64) }

// jsEscape makes text fit to stand between double quotes in an expression.
func jsEscape(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func vegaShape(o source.Origin) string {
	switch o {
	case source.Platform:
		return "M1,0L.5,.866L-.5,.866L-1,0L-.5,-.866L.5,-.866Z"
	case source.Storage:
		return "square"
	case source.Network:
		return "diamond"
	}
	return "circle"
}

// mostRows is how many buckets a live timeline has at most. If there are more, it shows means of
// several.
const mostRows = 400

// Vega returns the timeline as a Vega 5 specification, in which every bucket shows its values, the
// time axis can be moved and enlarged, and sources can be found and picked. It is nil for a
// timeline that is drawn by hand, is stacked or cannot be drawn.
func (t Timeline) Vega() []byte {
	if t.Stacked {
		return nil
	}
	return live(t, t.vega)
}

func (t Timeline) vega() *vega {
	strands := t.strands()
	v := &vega{colors: t.colors(), width: 600, height: 260,
		words: fmt.Sprintf("timeline: %s, %s", plural(len(t.Names), "source"), plural(len(t.Times), "bucket"))}
	// The clock of the first bucket shows all times, and the caption and the tooltips name it: a
	// time axis cannot repeat an hour.
	zone := time.FixedZone(clock(t.Times[0], t.zone()).Zone())
	_, offset := clock(t.Times[0], zone).Zone()
	clocked := math.Abs(t.Times[0]) >= epochFrom
	place := func(s float64) float64 {
		if clocked {
			return math.Round((s + float64(offset)) * 1000)
		}
		return s
	}
	head, numbers := []string{"s"}, []string{"s"}
	names, tip := obj{}, "{title:datum.when"
	keys := make([]string, len(strands))
	whole, cut := obj{}, false
	for k, s := range strandNames(strands, math.MaxInt) {
		keys[k] = "p" + strconv.Itoa(k)
		whole[keys[k]] = s
	}
	for k, s := range strandNames(strands, nameLength) {
		names[keys[k]] = s
		cut = cut || s != whole[keys[k]]
	}
	head, numbers = append(head, keys...), append(numbers, keys...)
	// The blank after a name keeps it from being a word that expressions do not allow.
	for _, key := range keys {
		tip += fmt.Sprintf(`,"%s ":isValid(datum.%s)?format(datum.%[2]s,'.4~s'):'–'`, jsEscape(names[key].(string)), key)
	}
	tip += "}"
	var rows [][]string
	for _, b := range t.buckets(strands) {
		rows = append(rows, append([]string{sinceStart(b.since)}, b.values...))
	}
	base, unit := place(t.Times[0]), 1.0
	when := "format(datum.t,'.6~r')+' s'"
	if clocked {
		unit = 1000
		when = "utcFormat(datum.t,'%Y-%m-%d %H:%M:%S')+' " + zoneName(t.Times[0], zone) + "'"
	}
	if group := t.grouped(); group > 1 {
		when += fmt.Sprintf("+', mean of %d buckets'", group)
	}
	wide := t.step() * float64(t.grouped())
	last := place(t.Times[len(t.Times)-1] + t.step())
	v.signals = append(v.signals, obj{"name": "nm", "value": names})
	far := v.find("a source", "nm[datum.KEY]")
	if cut { // a name is found by what is left out of it, too
		v.signals = append(v.signals, obj{"name": "whole", "value": whole})
		far = strings.ReplaceAll(far, "nm[", "whole[")
	}
	v.signals = append(v.signals, obj{"name": "pick", "value": nil, "on": []obj{
		{"events": "@leg:click, @legt:click", "update": "pick===datum.value ? null : datum.value", "force": true}, {"events": "dblclick", "update": "null"}}},
		obj{"name": "over", "value": nil, "on": []obj{{"events": "@bar:pointerover", "update": "datum.t"}, {"events": "@bar:pointerout", "update": "null"}}})
	v.panX(place(t.Times[0]), last)
	v.table("rows", head, numbers, rows,
		obj{"type": "formula", "as": "t", "expr": fmt.Sprintf("%s+datum.s*%s", number(base), number(unit))},
		obj{"type": "formula", "as": "u", "expr": fmt.Sprintf("datum.t+%s", number(wide*unit))},
		obj{"type": "formula", "as": "when", "expr": when})
	v.data = append(v.data, obj{"name": "long", "source": "rows", "transform": []obj{
		{"type": "fold", "fields": keys, "as": []string{"p", "v"}},
		{"type": "formula", "as": "m", "expr": "(datum.t+datum.u)/2"}}})
	var shades [][]string
	brief := Shorten(t.Names)
	for _, in := range t.Intervals {
		shades = append(shades, []string{number(place(in.Start)), number(place(in.End)), line1(brief(in.Name))})
	}
	for _, m := range t.Marks {
		shades = append(shades, []string{number(place(m.Time)), number(place(m.Time)), line1(brief(m.Name))})
	}
	v.table("marked", []string{"a", "b", "name"}, []string{"a", "b"}, shades)
	kind := "linear"
	if clocked {
		kind = "utc"
	}
	values := obj{"name": "ys", "type": "linear", "domain": obj{"data": "long", "field": "v"}, "range": "height", "nice": true, "zero": true}
	if t.Log {
		// This scale has a zero, as the log axis of the drawn picture does, while Vega's own log
		// scale has none.
		values["type"], values["constant"] = "symlog", 1
	}
	cs, ds := (&page{colors: v.colors}).strandStyles(strands, false)
	shown := make([]string, len(cs))
	dashes := make([][]float64, len(cs))
	for k := range cs {
		shown[k], dashes[k] = css(cs[k]), []float64{}
		for _, d := range ds[k] {
			dashes[k] = append(dashes[k], px(d))
		}
	}
	v.scales = []obj{
		{"name": "xs", "type": kind, "domain": sig("xdom"), "range": "width", "zero": false, "nice": false},
		values,
		{"name": "c", "type": "ordinal", "domain": keys, "range": shown},
		{"name": "d", "type": "ordinal", "domain": keys, "range": dashes},
	}
	if clocked {
		delete(v.scales[0], "zero")
	}
	times := obj{"orient": "bottom", "scale": "xs", "title": "seconds since start", "labelOverlap": true}
	if clocked {
		_, times["title"] = clockTicks(t.Times[0], t.Times[len(t.Times)-1], 8, zone)
		// By default, hours go to twelve and minutes do not say to which half of the day they
		// belong.
		times["format"] = obj{"year": "%Y", "month": "%b %Y", "week": "%-d %b", "day": "%-d %b", "date": "%-d %b",
			"hours": "%H:%M", "minutes": "%H:%M", "seconds": "%H:%M:%S", "milliseconds": "%H:%M:%S.%L"}
	}
	v.axes = []obj{
		times,
		{"orient": "left", "scale": "ys", "title": t.unit(), "grid": true, "tickCount": 5, "format": "~s"},
	}
	dim := func(key string) string {
		return "(" + replaceKey(far, key) + " || (pick && pick!==datum." + key + ")) ? 0.1 : 1"
	}
	line := obj{"type": "line", "interactive": false, "from": obj{"data": "one"}, "encode": obj{"update": obj{
		"x": at("xs", "m"), "y": at("ys", "v"), "defined": sig("isValid(datum.v)"), "stroke": at("c", "p"), "strokeDash": at("d", "p"),
		"strokeWidth": val(1.8), "opacity": sig(dim("p")),
	}}}
	v.marks = []obj{
		pane(
			obj{"type": "rect", "interactive": false, "from": obj{"data": "marked"}, "encode": obj{"update": obj{
				"x": at("xs", "a"), "x2": at("xs", "b"), "y": val(0), "y2": sig("height"), "fill": val(css(v.colors.shade)),
				"stroke": val(css(v.colors.muted)), "strokeDash": val([]int{3, 3}), "strokeWidth": sig("datum.a===datum.b ? 1 : 0")}}},
			obj{"type": "group", "from": obj{"facet": obj{"name": "one", "data": "long", "groupby": "p"}}, "marks": []obj{line}},
			obj{"type": "text", "interactive": false, "from": obj{"data": "marked"}, "encode": obj{"update": obj{
				"x": obj{"scale": "xs", "field": "a", "offset": 3}, "y": val(9), "text": obj{"field": "name"}, "fontSize": val(10), "fill": val(css(v.colors.ink))}}},
			obj{"type": "rule", "interactive": false, "encode": obj{"update": obj{"x": sig("over===null ? 0 : scale('xs',over)"), "y": val(0), "y2": sig("height"),
				"stroke": val(css(v.colors.muted)), "opacity": sig("over===null ? 0 : 0.8")}}},
			// A bar for each bucket takes the pointer, so that the values shown are those of the
			// bucket under it.
			obj{"name": "bar", "type": "rect", "from": obj{"data": "rows"}, "encode": obj{"update": obj{
				"x": at("xs", "t"), "x2": at("xs", "u"), "y": val(0), "y2": sig("height"), "fill": val("transparent"), "cursor": val("crosshair"),
				"aria": val(false), "tooltip": sig(tip)}}},
		),
		legendMarks(v, dim),
	}
	v.table("names", []string{"value", "at"}, []string{"at"}, func() (rows [][]string) {
		for k, key := range keys {
			rows = append(rows, []string{dtracefs.Printable(key), strconv.Itoa(k)})
		}
		return rows
	}())
	return v
}

// A bucket is a stretch of time of a live timeline.
type bucket struct {
	start  float64  // seconds
	since  float64  // the first bucket
	values []string // of the strands, empty for one that has none
}

// step is the width of a bucket, or the mean distance of times.
func (t Timeline) step() float64 {
	switch {
	case t.Every > 0:
		return t.Every.Seconds()
	case len(t.Times) > 1 && t.Times[len(t.Times)-1] > t.Times[0]:
		return (t.Times[len(t.Times)-1] - t.Times[0]) / float64(len(t.Times)-1)
	}
	return 1
}

// grouped is how many buckets a live timeline draws as one.
func (t Timeline) grouped() int { return (len(t.Times) + mostRows - 1) / mostRows }

// zoneName names the zone at a time by its letters and distance from UTC.
func zoneName(v float64, zone *time.Location) string {
	s := clock(v, zone).Format("MST -0700")
	if name, _, _ := strings.Cut(s, " "); name == "UTC" || strings.ContainsAny(name, "+-") {
		return name
	}
	return s
}

// sinceStart writes a time since the start.
func sinceStart(v float64) string { return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64) }

// buckets lists the buckets with what is drawn of each strand. Several are drawn as one if there
// are many.
func (t Timeline) buckets(strands []strand) []bucket {
	var out []bucket
	group := t.grouped()
	for j := 0; j < len(t.Times); j += group {
		end := min(j+group, len(t.Times))
		b := bucket{start: t.Times[j], since: t.Times[j] - t.Times[0]}
		for _, s := range strands {
			sum, n := 0.0, 0
			for _, x := range s.values[j:end] {
				if !math.IsNaN(x) {
					sum += x
					n++
				}
			}
			if n == 0 {
				b.values = append(b.values, "")
			} else {
				b.values = append(b.values, figures(sum/float64(n)))
			}
		}
		out = append(out, b)
	}
	return out
}

func (t Timeline) zone() *time.Location {
	if t.Zone == nil {
		return time.UTC
	}
	return t.Zone
}

func replaceKey(expr, key string) string {
	return string(bytes.ReplaceAll([]byte(expr), []byte("KEY"), []byte(key)))
}

// legendMarks list the sources at the right, to be picked.
func legendMarks(v *vega, dim func(string) string) obj {
	y := sig("datum.at*17+8")
	return obj{"type": "group", "encode": obj{"update": obj{"x": sig("width+14"), "width": val(190), "height": sig("height")}}, "marks": []obj{
		{"name": "leg", "type": "rule", "from": obj{"data": "names"}, "encode": obj{"update": obj{
			"x": val(0), "x2": val(14), "y": y, "stroke": at("c", "value"), "strokeDash": at("d", "value"), "strokeWidth": val(4),
			"cursor": val("pointer"), "opacity": sig(dim("value"))}}},
		{"name": "legt", "type": "text", "from": obj{"data": "names"}, "encode": obj{"update": obj{
			"x": val(19), "y": y, "baseline": val("middle"), "text": sig("nm[datum.value]"), "fontSize": val(11), "fill": val(css(v.colors.ink)),
			"cursor": val("pointer"), "opacity": sig(dim("value"))}}},
	}}
}

// mostLiveFrames is how many frames a live flame graph has at most. The widest are kept.
const mostLiveFrames = 1500

// Vega returns the flame graph as a Vega 5 specification, in which frames show their counts, are
// enlarged by a click, and can be found by name. It is nil for a flame graph that is drawn by hand
// or cannot be drawn.
func (f Flame) Vega() []byte { return live(f, f.vega) }

func (f Flame) vega() *vega {
	root := f.tree()
	_, index := f.modules(root)
	depth := min(root.depth(), mostFrames)
	v := &vega{colors: f.colors(), width: px(graphWidth), height: px(frameHeight) * float64(depth),
		words: fmt.Sprintf("%s: %s %s in %s", f.kind(), si(root.count), f.unit(), plural(len(f.Stacks), "stack"))}
	if f.Width > 0 {
		v.width = px(f.Width)
	}
	// This is a quarter of a pixel.
	least := root.count / v.width / 4
	rows, left := f.frameRows(v, root, index, depth, least)
	// The least width is doubled each time. That ends soon, since ever fewer frames are as wide.
	for len(rows) > mostLiveFrames {
		least *= 2
		rows, left = f.frameRows(v, root, index, depth, least)
	}
	if left > 0 {
		v.words += "; " + plural(left, "frame") + " too narrow to draw"
	}
	far := v.find("a function", "datum.name")
	v.signals = append(v.signals,
		obj{"name": "xdom", "value": []float64{0, root.count}, "on": []obj{
			{"events": "@frame:click", "update": "[datum.x,datum.x+datum.w]"}, {"events": "dblclick", "update": fmt.Sprintf("[0,%s]", number(root.count))}}})
	v.table("frames", []string{"name", "x", "w", "level", "fill", "ink", "share"}, []string{"x", "w", "level"}, rows)
	v.scales = []obj{{"name": "xs", "type": "linear", "domain": sig("xdom"), "range": "width", "zero": false, "nice": false}}
	high := px(frameHeight)
	y := fmt.Sprintf("(%d-datum.level)*%s", depth-1, number(high))
	if f.Icicle {
		y = "datum.level*" + number(high)
	}
	v.marks = []obj{pane(
		obj{"name": "frame", "type": "rect", "from": obj{"data": "frames"}, "encode": obj{"update": obj{
			"x": at("xs", "x"), "x2": sig("scale('xs',datum.x+datum.w)"), "y": sig(y), "height": val(high - 1),
			"fill": sig("find && !" + far + " ? '" + css(v.colors.category[5%len(v.colors.category)]) + "' : datum.fill"), "stroke": val(css(v.colors.paper)), "strokeWidth": val(0.5),
			"opacity": sig("datum.x<=xdom[0] && datum.x+datum.w>=xdom[1] && datum.w>span(xdom) ? 0.5 : 1"),
			"cursor":  val("pointer"), "tooltip": sig(`{title:datum.name,"` + jsEscape(f.unit()) + ` ":format(datum.w,',.4~r'),share:datum.share}`),
		}}},
		obj{"type": "text", "interactive": false, "from": obj{"data": "frames"}, "encode": obj{"update": obj{
			"x": sig("max(0,scale('xs',datum.x))+3"), "y": sig(y + "+" + number(high/2)), "baseline": val("middle"), "text": obj{"field": "name"},
			"limit":    sig("max(0.01,min(width,scale('xs',datum.x+datum.w))-max(0,scale('xs',datum.x))-5)"),
			"opacity":  sig("min(width,scale('xs',datum.x+datum.w))-max(0,scale('xs',datum.x)) > 22 ? 1 : 0"),
			"fontSize": val(px(frameText)), "fill": obj{"field": "ink"},
		}}},
	)}
	return v
}

// frameRows lists the frames that are at least as wide as least, in counts, and counts the others.
func (f Flame) frameRows(v *vega, root *frame, modules map[string]int, depth int, least float64) (rows [][]string, left int) {
	var walk func(n *frame, x float64, level int)
	walk = func(n *frame, x float64, level int) {
		fill := f.frameColor(v.colors, n, modules)
		share := fmt.Sprintf("%.2f%%", 100*n.count/root.count)
		if f.Base != nil {
			share += fmt.Sprintf(", base %.2f%%", 100*n.base/root.count)
		}
		rows = append(rows, []string{n.name, number(x), number(n.count), strconv.Itoa(level), css(fill), css(readableOn(fill)), share})
		for _, c := range n.sorted() {
			if c.count >= least && level+1 < depth {
				walk(c, x, level+1)
			} else if c.count > 0 {
				left++
			}
			x += c.count
		}
	}
	walk(root, 0, 0)
	return rows, left
}
