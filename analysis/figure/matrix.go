package figure

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Matrix draws a matrix of correlations or other values of pairs of sources. Sources of a cluster
// stand side by side.
type Matrix struct {
	Style
	Names  []string
	Values [][]float64 // a row per name; NaN is not known
	// Labels holds the number of each source's cluster. Clusters are framed. nil means that no
	// clusters are known.
	Labels []int
	// Merges order the sources as a dendrogram does. The dendrogram stands beside the matrix,
	// unless clusters take sources out of its order, since sources are ordered by Labels first.
	Merges []Merge
	// Range is the absolute value with the strongest color; 0 takes the largest off the diagonal.
	Range float64
	// ValueName says what the values are; "" means correlation.
	ValueName string
}

// SVG returns the matrix as an SVG document.
func (m Matrix) SVG() string { return toSVG(m) }

// PNG returns the matrix as a PNG file.
func (m Matrix) PNG() []byte { return toPNG(m) }

// Save writes the matrix to a .svg or .png file.
func (m Matrix) Save(path string) error { return save(m, path) }

// String lists the largest values off the diagonal.
func (m Matrix) String() string { return text(m) }

func (m Matrix) look() Style  { return m.Style }
func (m Matrix) kind() string { return m.valueName() + " matrix" }

func (m Matrix) valueName() string {
	if m.ValueName == "" {
		return "correlation"
	}
	return visible(m.ValueName)
}

func (m Matrix) check() error {
	n := len(m.Names)
	switch {
	case n == 0:
		return errors.New("there are no sources")
	case len(m.Values) != n:
		return fmt.Errorf("there are %d names and %d rows of values", n, len(m.Values))
	case m.Labels != nil && len(m.Labels) != n:
		return fmt.Errorf("there are %d names and %d labels", n, len(m.Labels))
	case !finite(m.Range) || m.Range < 0:
		return fmt.Errorf("the range is %v", m.Range)
	}
	some := false
	for i, row := range m.Values {
		if len(row) != n {
			return fmt.Errorf("row %d (%s) has %d values for %d sources", i, visible(m.Names[i]), len(row), n)
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return fmt.Errorf("the value of %s and %s is %v", visible(m.Names[i]), visible(m.Names[j]), v)
			}
			some = some || !math.IsNaN(v)
		}
	}
	if !some {
		return errors.New("every value is NaN")
	}
	return checkMerges(n, m.Merges)
}

// order returns the sources as they are drawn: by cluster, within a cluster as they were merged,
// and without merges in the order in which they came.
func (m Matrix) order() []int {
	out := leafOrder(len(m.Names), m.Merges)
	if len(m.Merges) == 0 {
		sort.Ints(out)
	}
	if m.Labels != nil {
		sort.SliceStable(out, func(a, b int) bool { return m.Labels[out[a]] < m.Labels[out[b]] })
	}
	return out
}

// strongest returns the absolute value with the strongest color, 1 if all are 0, and the largest.
func (m Matrix) strongest() (most, peak float64) {
	for i, row := range m.Values {
		for j, v := range row {
			// On the diagonal, all correlations are 1, which would leave only pale colors for all
			// others.
			if i != j {
				peak = math.Max(peak, math.Abs(v))
			}
		}
	}
	return lastColor(m.Range, peak), peak
}

// lastColor is the value with the strongest color: the range if it is stated, otherwise the most
// that is shown, but never 0.
func lastColor(stated, most float64) float64 {
	switch {
	case stated > 0:
		return stated
	case most > 0:
		return most
	}
	return 1
}

func (m Matrix) words() string {
	type pair struct {
		i, j int
		v    float64
	}
	var pairs []pair
	for i, row := range m.Values {
		for j := range i {
			if v := row[j]; !math.IsNaN(v) && v != 0 {
				pairs = append(pairs, pair{i, j, v})
			}
		}
	}
	sort.SliceStable(pairs, func(a, b int) bool { return math.Abs(pairs[a].v) > math.Abs(pairs[b].v) })
	m.Names = shortNames(m.Names)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", m.kind(), plural(len(m.Names), "source"))
	for k, p := range pairs {
		if k == linksListed {
			fmt.Fprintf(&b, "  and %d smaller\n", len(pairs)-k)
			break
		}
		fmt.Fprintf(&b, "  %+.3f  %s – %s\n", p.v, visible(m.Names[p.j]), visible(m.Names[p.i]))
	}
	return b.String()
}

// diverging returns the color of a value from -1 to 1: cool below zero and warm above, as on
// thermometers. In gray, negative values are lighter than positive ones and carry a mark.
func diverging(c *colors, v float64) color.NRGBA {
	zero := mix(c.faint, c.paper, 0.5)
	switch {
	case math.IsNaN(v):
		return color.NRGBA{}
	case v < 0:
		return mix(zero, c.cool[2], math.Min(1, -v))
	}
	return mix(zero, c.warm[2], math.Min(1, v))
}

// names returns the names as they are written, and the width of the widest. They leave most of w to
// the values, unless that would cut them to a few characters.
func (m Matrix) names(p pen, size, w length) (names []string, room length) {
	for n := nameLength; n >= 12; n -= 4 {
		names, room = labels(allVisible(shortNames(m.Names)), n), 0
		for _, s := range names {
			room = max(room, p.width(s, size, false))
		}
		if room <= w*0.3 {
			break
		}
	}
	return names, room
}

func (m Matrix) plan() (w, h length, draw func(*page)) {
	n := len(m.Names)
	w = m.Width
	if w <= 0 {
		w = graphWidth
	}
	p := pen{m.XKCD}
	size := labelSizeFor(n)
	legend := length(56)
	tree := m.tree()
	if tree {
		legend += treeWidth
	}
	names, room := m.names(p, size, w-2*pageMargin-legend)
	cell := min(26, (w-2*pageMargin-room-legend)/length(n))
	if m.Height > 0 {
		cell = min(cell, (m.Height-2*pageMargin-m.heading()-room-6)/length(n))
	}
	// A page that is too narrow for all sources grows beyond its width, so that none is left out.
	cell = max(cell, 0.5)
	// Names that are higher than a cell would touch each other.
	size = min(size, cell*0.95)
	if size < 4 {
		room = 0
	}
	h = m.Height
	if h <= 0 {
		// The scale of colors is as high for few sources as for many.
		h = m.heading() + 2*pageMargin + max(length(cell*length(n))+room+6, 150)
	}
	order := m.order()
	return w, h, func(p *page) {
		p.head(m.Style, w, h)
		side := length(cell * length(n))
		x0 := pageMargin + room + 5
		y1 := h - pageMargin - m.heading()
		box := rect(x0, y1-side, x0+side, y1)
		most, peak := m.strongest()
		img := image.NewNRGBA(image.Rect(0, 0, n, n))
		for r, i := range order {
			for c, j := range order {
				img.SetNRGBA(c, r, diverging(p.colors, m.Values[i][j]/most))
			}
		}
		p.DrawImage(box, img)
		m.drawNegatives(p, box, cell, order)
		for k, i := range order {
			if room == 0 {
				break
			}
			at := length((length(k) + 0.5) * cell)
			p.write(point{X: x0 - 5, Y: y1 - at}, label{text: names[i], size: size, align: right})
			p.write(point{X: x0 + at, Y: y1 - side - 5}, label{text: names[i], size: size, align: right, turn: math.Pi / 2})
		}
		m.drawFrames(p, box, cell, order)
		at := point{X: box.Max.X + 14, Y: y1}
		if tree {
			m.drawTree(p, box, cell, order)
			at.X += treeWidth
		}
		m.drawScale(p, at, most, peak)
	}
}

const treeWidth = 52 // of the dendrogram beside a matrix

// tree reports whether a dendrogram can stand beside the matrix: if clusters took sources out of
// its order, its lines would cross.
func (m Matrix) tree() bool {
	return len(m.Merges) > 0 && slices.Equal(m.order(), leafOrder(len(m.Names), m.Merges))
}

// drawTree draws which sources were joined. Those joined first stand next to the matrix.
func (m Matrix) drawTree(p *page, box vg.Rectangle, cell length, order []int) {
	top := 0.0
	for _, j := range m.Merges {
		top = math.Max(top, j.Height)
	}
	if top == 0 {
		top = 1
	}
	x := scale{min: 0, max: top, lo: box.Max.X + 4, hi: box.Max.X + treeWidth - 2}
	n := len(order)
	at := make([]point, n+len(m.Merges))
	for k, i := range order {
		at[i] = point{X: x.at(0), Y: box.Max.Y - length((length(k)+0.5)*cell)}
	}
	for k, j := range m.Merges {
		a, b, to := at[j.A], at[j.B], x.at(math.Max(0, j.Height))
		at[n+k] = point{X: to, Y: (a.Y + b.Y) / 2}
		p.Begin("joined at " + si(j.Height))
		p.line(stroke{color: p.muted, width: min(1.2, cell/3)}, a, point{X: to, Y: a.Y}, point{X: to, Y: b.Y}, b)
		p.End()
	}
}

// drawNegatives marks negative values where color cannot show the sign.
func (m Matrix) drawNegatives(p *page, box vg.Rectangle, cell length, order []int) {
	if !p.mono || cell < 4 {
		return
	}
	for r, i := range order {
		for c, j := range order {
			if v := m.Values[i][j]; v < 0 {
				x, y := box.Min.X+length((length(c)+0.5)*cell), box.Max.Y-length((length(r)+0.5)*cell)
				p.line(stroke{color: p.paper, width: 1}, point{X: x - length(cell*0.25), Y: y}, point{X: x + length(cell*0.25), Y: y})
			}
		}
	}
}

// drawFrames outlines the clusters along the diagonal.
func (m Matrix) drawFrames(p *page, box vg.Rectangle, cell length, order []int) {
	if m.Labels == nil {
		return
	}
	for a := 0; a < len(order); {
		b := a
		for b < len(order) && m.Labels[order[b]] == m.Labels[order[a]] {
			b++
		}
		if b-a > 1 {
			lo, hi := length(length(a)*cell), length(length(b)*cell)
			p.path(rect(box.Min.X+lo, box.Max.Y-hi, box.Min.X+hi, box.Max.Y-lo).Path(), stroke{color: p.ink, width: 1.2})
		}
		a = b
	}
}

// drawScale explains the colors below a corner at the right, and says the largest absolute value if
// it is above that of the last color.
func (m Matrix) drawScale(p *page, at point, most, peak float64) {
	const steps, high = 41, 120
	img := image.NewNRGBA(image.Rect(0, 0, 1, steps))
	for i := range steps {
		img.SetNRGBA(0, i, diverging(p.colors, 1-2*float64(i)/(steps-1)))
	}
	p.write(point{X: at.X, Y: at.Y - 5}, label{text: p.fit(m.valueName(), 8, false, p.right()-at.X-2), size: 8, color: p.muted})
	top := at.Y - 16
	p.DrawImage(rect(at.X, top-high, at.X+9, top), img)
	for k, s := range scaleNames(most, peak) {
		p.write(point{X: at.X + 13, Y: top - length(k)*high/4}, label{text: s, size: 8, color: p.muted})
	}
	if peak > most {
		p.write(point{X: at.X, Y: top - high - 9}, label{text: "max " + si(peak), size: 8, color: p.muted})
	}
}

// scaleNames returns what five colors of a scale stand for, the highest first. Where the largest
// absolute value is above that of the last color, the ends stand for more.
func scaleNames(most, peak float64) []string {
	names := []string{"+" + si(most), "+" + si(most/2), si(0), "−" + si(most/2), "−" + si(most)}
	if peak > most {
		names[0], names[4] = "≥"+names[0], "≤"+names[4]
	}
	return names
}
