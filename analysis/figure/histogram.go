package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// median is the middle value, or the mean of the two in the middle. It is NaN if there are no
// values.
func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Histogram draws how often values of each range occur, as quantize, lquantize and llquantize count
// them. Bars are equally wide whatever range they stand for.
type Histogram struct {
	Style
	// Edges are the borders of the ranges, ascending, one more than there are counts. The outermost
	// may be infinite.
	Edges  []float64
	Counts []float64
	// Unit is that of the values: ns, us, ms and s are written as times, everything else as it is.
	Unit string
	// ValueName says what the values are.
	ValueName string
	// Log draws counts on a log axis.
	Log bool
}

// SVG returns the histogram as an SVG document.
func (h Histogram) SVG() string { return toSVG(h) }

// PNG returns the histogram as a PNG file.
func (h Histogram) PNG() []byte { return toPNG(h) }

// Save writes the histogram to a .svg or .png file.
func (h Histogram) Save(path string) error { return save(h, path) }

// String gives the total, quantiles and counts.
func (h Histogram) String() string { return text(h) }

func (h Histogram) look() Style  { return h.Style }
func (h Histogram) kind() string { return "histogram" }

func (h Histogram) check() error {
	if len(h.Counts) == 0 {
		return errors.New("there are no counts")
	}
	if len(h.Edges) != len(h.Counts)+1 {
		return fmt.Errorf("%d edges do not bound %d counts", len(h.Edges), len(h.Counts))
	}
	if err := checkEdges(h.Edges); err != nil {
		return err
	}
	total := 0.0
	for i, c := range h.Counts {
		if !finite(c) || c < 0 {
			return fmt.Errorf("count %d is %v", i, c)
		}
		total += c
	}
	if total == 0 {
		return errors.New("every count is zero")
	}
	return nil
}

// used returns the first range with a count and the one after the last. There is at least one, as
// check has made sure.
func (h Histogram) used() (lo, hi int) {
	lo, hi = 0, len(h.Counts)
	for h.Counts[lo] == 0 {
		lo++
	}
	for h.Counts[hi-1] == 0 {
		hi--
	}
	return lo, hi
}

func (h Histogram) words() string {
	var b strings.Builder
	total := 0.0
	for _, c := range h.Counts {
		total += c
	}
	name := h.ValueName
	if name == "" {
		name = "values"
	}
	fmt.Fprintf(&b, "histogram of %s: %s counts; %s\n", visible(name), si(total), quantileWords(h.Edges, h.Counts, h.Unit))
	lo, hi := h.used()
	for i := lo; i < hi; i++ {
		fmt.Fprintf(&b, "  %10s  %-30s %s\n", valueLabel(h.Edges[i], h.Unit), strings.Repeat("█", int(math.Ceil(30*h.Counts[i]/slices.Max(h.Counts)))), si(h.Counts[i]))
	}
	return b.String()
}

func (h Histogram) plan() (w, hh length, draw func(*page)) {
	w, hh = h.Width, h.Height
	if w <= 0 {
		w = graphWidth
	}
	lo, hi := h.used()
	counts, edges := h.Counts[lo:hi], h.Edges[lo:hi+1]
	// Counts have the axis that a timeline's values have.
	tl := Timeline{Times: make([]float64, len(counts)), Log: h.Log}
	y := tl.valueScale([]strand{{values: counts}})
	yTicks := tl.valueTicks(y)
	p := pen{h.XKCD}
	x := scale{min: 0, max: float64(len(counts)), lo: pageMargin + p.yAxisWidth(yTicks), hi: w - pageMargin - 8}
	caption := h.ValueName
	above := h.heading() + pageMargin + 26 // quantiles stand above
	if hh <= 0 {
		hh = 250 + h.heading()
	}
	y.lo, y.hi = axisHeight(caption)+pageMargin/2, hh-above
	box := rect(x.lo, y.lo, max(x.hi, x.lo+20), max(y.hi, y.lo+1))
	x.hi = box.Max.X
	widest := length(0)
	for _, e := range edges {
		widest = max(widest, p.width(valueLabel(e, h.Unit), tickSize, false))
	}
	// There are as many labels as fit side by side, if all were as wide as the widest.
	every := max(1, int(math.Ceil(float64((widest+8)*length(len(counts))/(x.hi-x.lo)))))
	var xTicks []tick
	for i, e := range edges {
		t := tick{at: float64(i)}
		if i%every == 0 {
			t.label = valueLabel(e, h.Unit)
		}
		xTicks = append(xTicks, t)
	}
	return w, hh, func(p *page) {
		p.head(h.Style, w, hh)
		p.write(point{X: pageMargin, Y: hh - h.heading() - pageMargin - 3}, label{text: "count", size: tickSize, color: p.muted})
		p.yAxis(box, y, yTicks)
		for i, c := range counts {
			if c == 0 {
				continue
			}
			p.Begin(fmt.Sprintf("%s to %s: %s", valueLabel(edges[i], h.Unit), valueLabel(edges[i+1], h.Unit), si(c)))
			gap := min(1.5, (x.hi-x.lo)/length(len(counts))*0.08)
			bar := rect(x.at(float64(i))+gap, box.Min.Y, x.at(float64(i+1))-gap, max(y.at(c), box.Min.Y+0.8))
			p.bar(bar, p.category[0])
			p.End()
		}
		p.xAxis(box, x, xTicks, caption, w)
		h.drawQuantiles(p, box, x, edges, counts)
	}
}

// drawQuantiles marks the median and the tail above the bars.
func (h Histogram) drawQuantiles(p *page, box vg.Rectangle, x scale, edges, counts []float64) {
	end := length(math.Inf(-1))
	for _, q := range []float64{0.5, 0.9, 0.99} {
		v := quantile(edges, counts, q)
		at := x.at(place(edges, v))
		p.line(stroke{color: p.ink, width: 0.9, dash: []length{3, 3}}, point{X: at, Y: box.Min.Y}, point{X: at, Y: box.Max.Y + 5})
		name := fmt.Sprintf("p%g ≈ %s", 100*q, valueLabel(v, h.Unit))
		w := p.width(name, 8, false)
		left := min(max(at-w/2, end+8), p.right()-pageMargin-w)
		if left < end+4 {
			continue
		}
		end = left + w
		p.write(point{X: left, Y: box.Max.Y + 12}, label{text: name, size: 8, cased: true})
	}
}

// place returns where v lies among edges: the number of its range and the fraction within it,
// which is where it is drawn, since all ranges are equally wide.
func place(edges []float64, v float64) float64 {
	for i := 1; i < len(edges); i++ {
		if v <= edges[i] {
			lo, hi := edges[i-1], edges[i]
			if math.IsInf(lo, -1) {
				return float64(i)
			}
			if math.IsInf(hi, 1) {
				return float64(i - 1)
			}
			return float64(i-1) + (v-lo)/(hi-lo)
		}
	}
	return float64(len(edges) - 1)
}
