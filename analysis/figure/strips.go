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

// Span is a stretch of time that a row of [Strips] spends in a state.
type Span struct {
	Row        int
	Start, End float64
	State      int
}

// Strips draws which state each of several things is in over time, with a row for each thing and a
// color for each state, like a statemap (Cantrill 2018). If more spans fall on a place than it can
// show, the state that takes most of the time there is drawn. Time in no state stays empty.
type Strips struct {
	Style
	Names []string
	// With is the other source of each row if rows are links, and nil if they are not.
	With   []string
	States []string
	// Neutral are those of States that are no finding, such as what may be chance or was not
	// judged. They are thin and gray, the first darkest, since a color would look like a finding.
	Neutral []string
	Spans   []Span
	// Start and End are those of the time axis. If both are 0, it goes from the first span to the
	// last.
	Start, End float64
	Zone       *time.Location
	// Rule says in the legend what had to be met for a state to be drawn; "" says nothing.
	Rule string
}

// SVG returns the strips as an SVG document.
func (s Strips) SVG() string { return toSVG(s) }

// PNG returns the strips as a PNG file.
func (s Strips) PNG() []byte { return toPNG(s) }

// Save writes the strips to a .svg or .png file.
func (s Strips) Save(path string) error { return save(s, path) }

// String lists the share of time each row spends in each state.
func (s Strips) String() string { return text(s) }

func (s Strips) look() Style  { return s.Style }
func (s Strips) kind() string { return "state strips" }

func (s Strips) check() error {
	switch {
	case len(s.Names) == 0:
		return errors.New("there are no rows")
	case len(s.States) == 0:
		return errors.New("there are no states")
	case len(s.Spans) == 0 && s.Start == s.End:
		return errors.New("there are no spans")
	case s.With != nil && len(s.With) != len(s.Names):
		return fmt.Errorf("there are %d rows and %d sources that they link with", len(s.Names), len(s.With))
	}
	if !finite(s.Start) || !finite(s.End) || s.End < s.Start {
		return fmt.Errorf("the time axis is from %v to %v", s.Start, s.End)
	}
	for i, p := range s.Spans {
		switch {
		case p.Row < 0 || p.Row >= len(s.Names):
			return fmt.Errorf("span %d is in row %d of %d", i, p.Row, len(s.Names))
		case p.State < 0 || p.State >= len(s.States):
			return fmt.Errorf("span %d is in state %d of %d", i, p.State, len(s.States))
		case !finite(p.Start) || !finite(p.End) || p.End < p.Start:
			return fmt.Errorf("span %d runs from %v to %v", i, p.Start, p.End)
		}
	}
	return nil
}

func (s Strips) extent() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	if s.Start != 0 || s.End != 0 {
		lo, hi = s.Start, s.End
	}
	for _, p := range s.Spans {
		lo, hi = math.Min(lo, p.Start), math.Max(hi, p.End)
	}
	if lo == hi {
		return lo - 0.5, hi + 0.5
	}
	return lo, hi
}

// names are the names of the rows as they are shown, of about most characters at most.
func (s Strips) names(most int) []string {
	if s.With == nil {
		return labels(allVisible(shortNames(s.Names)), most)
	}
	// The names of both ends of a link keep their beginning and end, and each source is called the
	// same in every row.
	index := map[string]int{}
	var all []string
	for _, n := range append(slices.Clone(s.Names), s.With...) {
		if _, ok := index[n]; !ok {
			index[n] = len(all)
			all = append(all, n)
		}
	}
	short := labels(allVisible(shortNames(all)), most*3/5)
	out := make([]string, len(s.Names))
	for i := range out {
		out[i] = short[index[s.Names[i]]] + " – " + short[index[s.With[i]]]
	}
	return out
}

func (s Strips) words() string {
	var b strings.Builder
	sums := make([][]float64, len(s.Names))
	for i := range sums {
		sums[i] = make([]float64, len(s.States))
	}
	for _, p := range s.Spans {
		sums[p.Row][p.State] += p.End - p.Start
	}
	lo, hi := s.extent()
	fmt.Fprintf(&b, "state strips: %s over %s s\n", plural(len(s.Names), "row"), si(hi-lo))
	names := s.names(1000)
	for i, row := range sums {
		var shares []string
		for k, v := range row {
			if v > 0 {
				shares = append(shares, fmt.Sprintf("%s %.1f%%", visible(s.States[k]), 100*v/(hi-lo)))
			}
		}
		fmt.Fprintf(&b, "  %s: %s\n", names[i], strings.Join(shares, ", "))
	}
	return b.String()
}

// A run is a stretch of a strip as it is drawn.
type run struct {
	from, to float64
	state    int
}

// runs returns what is drawn of a row's spans, given by start, in columns from lo to hi: the spans
// themselves if they are few, else the state that prevails in each column.
func runs(spans []Span, states int, lo, hi float64, columns int) []run {
	if len(spans) <= columns/2 {
		out := make([]run, len(spans))
		for i, p := range spans {
			out[i] = run{p.Start, p.End, p.State}
		}
		return out
	}
	width := (hi - lo) / float64(columns)
	time := make([][]float64, columns)
	for _, p := range spans {
		// The last moment of the axis belongs to its last column.
		a := min(columns-1, int((p.Start-lo)/width))
		b := min(columns-1, int((p.End-lo)/width))
		for c := a; c <= b; c++ {
			if time[c] == nil {
				time[c] = make([]float64, states)
			}
			from, to := lo+float64(float64(c)*width), lo+float64(float64(c+1)*width)
			time[c][p.State] += math.Max(0, math.Min(to, p.End)-math.Max(from, p.Start))
		}
	}
	var out []run
	for c, sums := range time {
		best, idle := -1, width
		for k, v := range sums {
			idle -= v
			if v > 0 && (best < 0 || v > sums[best]) {
				best = k
			}
		}
		// The row was in no state for most of the column.
		if best < 0 || idle > sums[best] {
			continue
		}
		from, to := lo+float64(float64(c)*width), lo+float64(float64(c+1)*width)
		// Columns of one state that touch become one box: a document with two boxes for each point
		// would be slow.
		if n := len(out); n > 0 && out[n-1].state == best && out[n-1].to > from-width/2 {
			out[n-1].to = to
			continue
		}
		out = append(out, run{from, to, best})
	}
	return out
}

// drawn returns how a state that has all of r is drawn.
func (s Strips) drawn(c *colors, state int, r vg.Rectangle) (vg.Rectangle, color.NRGBA) {
	k := slices.Index(s.Neutral, s.States[state])
	if k < 0 {
		return r, c.cluster(state)
	}
	gray := mix(c.neutral, c.muted, 0.35)
	if k > 0 {
		gray = mix(c.neutral, c.faint, 0.6)
	}
	thin := (r.Max.Y - r.Min.Y) / 4
	return rect(r.Min.X, r.Min.Y+thin, r.Max.X, r.Max.Y-thin), gray
}

// legend names the states and says which rule they had to meet.
func (s Strips) legend(p pen, width length) ([]legendItem, length) {
	var items []legendItem
	for k, n := range labels(allVisible(s.States), nameLength) {
		items = append(items, legendItem{text: n, sample: 12, draw: func(p *page, at point) {
			p.bar(s.drawn(p.colors, k, rect(at.X, at.Y-4, at.X+12, at.Y+4)))
		}})
	}
	what := legendItem{text: "state"}
	if s.With != nil {
		what.text = "link"
	}
	items = append(items, ruleLegend(p, what, s.Rule, width)...)
	return items, flow(p, items, width-2*pageMargin)
}

func (s Strips) plan() (w, h length, draw func(*page)) {
	w, h = s.Width, s.Height
	if w <= 0 {
		w = graphWidth
	}
	p := pen{s.XKCD}
	names, room := s.names(nameLength), length(0)
	for _, n := range names {
		room = max(room, p.width(n, smallSize, false))
	}
	lo, hi := s.extent()
	x := scale{min: lo, max: hi, lo: pageMargin + room + 6, hi: w - pageMargin}
	ticks, when := clockTicks(lo, hi, max(2, int(x.hi-x.lo)/62), s.Zone)
	items, legendHeight := s.legend(p, w)
	above, below := s.heading()+pageMargin, axisHeight(when)+legendHeight+pageMargin/2
	row := length(18)
	if len(names) > 40 {
		row = 12
	}
	if h <= 0 {
		h = above + below + length(row*length(len(names)))
	} else {
		row = (h - above - below) / length(len(names))
	}
	rows := make([][]Span, len(s.Names))
	for _, p := range s.Spans {
		rows[p.Row] = append(rows[p.Row], p)
	}
	for _, r := range rows {
		sort.SliceStable(r, func(i, j int) bool { return r[i].Start < r[j].Start })
	}
	return w, h, func(p *page) {
		p.head(s.Style, w, h)
		box := rect(x.lo, below, x.hi, h-above)
		// There are two columns to a point, each of which is about a pixel of a dense screen.
		columns := max(1, int(2*(x.hi-x.lo)))
		for i, spans := range rows {
			mid := box.Max.Y - length((length(i)+0.5)*row)
			p.write(point{X: x.lo - 6, Y: mid}, label{text: names[i], size: min(smallSize, row), align: right})
			p.Begin(names[i])
			for _, r := range runs(spans, len(s.States), lo, hi, columns) {
				at := rect(x.at(r.from), mid-length(row*0.42), max(x.at(r.to), x.at(r.from)+0.25), mid+length(row*0.42))
				shape, fill := s.drawn(p.colors, r.state, at)
				p.box(shape, fill)
			}
			p.End()
		}
		p.xAxis(box, x, ticks, when, w)
		drawLegend(p, items, pageMargin, legendHeight+pageMargin/2)
	}
}
