package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/source"
)

// plan places everything before the size of the page is known, since that size follows from it.
func (g Graph) plan() (w, h length, draw func(*page)) {
	g = g.short()
	p := pen{g.XKCD}
	items, legendHeight := g.legend(p, g.pageWidth())
	pl := g.place(p, legendHeight)
	return pl.w, pl.h, func(p *page) {
		p.head(g.Style, pl.w, pl.h)
		if pl.alone > 0 {
			y := pl.alone + blockGap/2
			p.line(stroke{color: p.faint, width: 1}, point{X: pl.frame.Min.X, Y: y}, point{X: pl.frame.Max.X, Y: y})
			p.write(point{X: pl.frame.Max.X, Y: y}, label{text: "no links", size: 8, align: right, color: p.muted, cased: true})
		}
		// Things are drawn from what lies below to what lies on top.
		g.drawHulls(p, pl)
		ways := g.routes(pl)
		g.drawEdges(p, pl, ways)
		g.drawNodes(p, pl)
		g.drawLabels(p, pl)
		if !pl.noLegend {
			for i := range items {
				items[i].node *= pl.scale
			}
			drawLegend(p, items, pageMargin, legendHeight+pageMargin/2)
		}
		p.touch("null")
		if s := g.leftOut(pl, ways); s != "" {
			size := min(8, 8*(pl.w-2*pageMargin)/p.width(s, 8, false))
			p.write(point{X: pl.w - pageMargin, Y: 7}, label{text: s, size: max(1, size), align: right, color: p.muted})
		}
	}
}

// leftOut tells what the page has no room for, "" if there is room for all.
func (g Graph) leftOut(pl *placement, ways [][]point) string {
	links := 0
	for _, i := range g.byWeight() {
		if ways[i] == nil {
			links++
		}
	}
	var parts []string
	if n := pl.hidden(); n > 0 {
		parts = append(parts, plural(n, "label"))
	}
	if links > 0 {
		parts = append(parts, plural(links, "link"))
	}
	if pl.noLegend {
		parts = append(parts, "the legend")
	}
	if len(parts) == 0 {
		return ""
	}
	return and(parts) + " left out for lack of room"
}

// and lists parts of a sentence.
func and(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// An edgeStyle says how the edges of a graph look.
type edgeStyle struct {
	*colors
	heaviest, largestChange float64
	// thin makes lines thinner where there are many per node.
	thin length
	// head makes arrow heads smaller, and lines thinner, on a page that is small for its nodes.
	head length
}

func (g Graph) edgeStyle(c *colors) edgeStyle {
	const easy = 8 // edges per node that can be told apart
	// Beyond this number of edges, the ink of all edges together no longer grows: widths shrink
	// with the root of how many there are.
	degree := 2 * float64(len(g.Edges)) / float64(len(g.Nodes))
	thin, crowd := length(math.Max(0.25, math.Min(1, math.Sqrt(easy/degree)))), g.crowded()
	return edgeStyle{c, g.heaviest(), g.largestChange(), thin * crowd, crowd}
}

// crowded is 1 if the height of the page, if it is given, leaves enough room for each node, and
// less, by how much is missing, if not.
func (g Graph) crowded() length {
	const enough = 40 // points in each direction
	if g.Height <= 0 {
		return 1
	}
	each := g.pageWidth() * g.Height / length(len(g.Nodes))
	return length(max(0.25, min(1, math.Sqrt(float64(each))/enough)))
}

// headSize is how long an arrow head is.
func (s edgeStyle) headSize(line stroke) length { return length(5*s.head) + line.width }

// edge returns how edge i of g looks.
func (s edgeStyle) edge(g Graph, i int) stroke {
	if g.changes != nil {
		return changeStroke(s.colors, g.changes[i].what, g.changes[i].size(), s.largestChange)
	}
	return s.weight(g.Edges[i].Weight, g.Edges[i].Stability)
}

// largestChange returns the size of the largest change of an edge, 1 if there is none.
func (g Graph) largestChange() float64 {
	for _, a := range g.changes { // the largest comes first
		if a.what != same {
			return a.size()
		}
	}
	return 1
}

// weight returns how an edge of weight w looks.
func (s edgeStyle) weight(w, stability float64) stroke {
	t := math.Abs(w) / s.heaviest
	line := stroke{color: ramp(s.cool, t), width: length(0.9+float64(4.1*t)) * s.thin, cased: s.thin > 0.6}
	if w < 0 {
		line.color = ramp(s.warm, t)
		line.dash = []length{4 + line.width, 2.5 + length(line.width*0.6)}
	}
	// An edge that was seldom found again is drawn faint, and without a casing, which would seem to
	// cut edges that are more certain.
	if stability > 0 {
		line.color = withAlpha(line.color.(color.NRGBA), 0.15+float64(0.85*stability))
		line.cased = line.cased && stability > 0.5
	}
	return line
}

func (g Graph) drawEdges(p *page, pl *placement, ways [][]point) {
	style := g.edgeStyle(p.colors)
	order := g.byWeight()
	if g.changes != nil { // what did not change stays below
		sort.SliceStable(order, func(a, b int) bool {
			return g.changes[order[a]].what != same && g.changes[order[b]].what == same
		})
	}
	// The strongest is drawn last, so that it is on top.
	for k := len(order) - 1; k >= 0; k-- {
		e := g.Edges[order[k]]
		s := style.edge(g, order[k])
		if ways[order[k]] == nil {
			continue // there is no way, which leftOut tells
		}
		p.Begin(g.edgeWords(order[k]), "class", "edge", "data-s", strconv.Itoa(e.From), "data-t", strconv.Itoa(e.To))
		way := slices.Clone(ways[order[k]])
		if e.Leads {
			// The part of the line that lies within reach of the node is covered by the arrow head.
			for len(way) > 2 && distance(way[len(way)-2], pl.at[e.To]) <= pl.reach[e.To]+1 {
				way = slices.Delete(way, len(way)-2, len(way)-1)
			}
			way[len(way)-1] = p.arrow(way[len(way)-2], pl.at[e.To], pl.reach[e.To]+1, style.headSize(s), s)
		}
		p.line(s, way...)
		p.End()
	}
}

func distance(a, b point) length {
	d := a.Sub(b)
	return length(math.Hypot(float64(d.X), float64(d.Y)))
}

// arrow draws a head that points at a circle around b and returns where the line to it ends.
func (p *page) arrow(a, b point, r, size length, s stroke) point {
	tip, side, foot, ok := arrowHead(a, b, r, size)
	if !ok {
		return b
	}
	p.fill(polyline([]point{tip, foot.Add(side), foot.Sub(side)}, true), s.color)
	return foot
}

// arrowHead returns the tip of a head of that size that points from a at a circle around b, how far
// its corners are from its foot, and its foot; there is none if a lies in the circle.
func arrowHead(a, b point, r, size length) (tip, side, foot point, ok bool) {
	d := b.Sub(a)
	n := length(math.Hypot(float64(d.X), float64(d.Y)))
	if n <= r {
		return b, point{}, b, false
	}
	d = canvas.Scaled(d, 1/n)
	tip = b.Sub(canvas.Scaled(d, r))
	foot = tip.Sub(canvas.Scaled(d, size))
	return tip, canvas.Scaled(point{X: -d.Y, Y: d.X}, size*0.5), foot, true
}

// nodeColors returns the fill of each node.
func (g Graph) nodeColors(c *colors) []color.NRGBA {
	out := make([]color.NRGBA, len(g.Nodes))
	for i := range out {
		out[i] = c.neutral
	}
	clusters, _ := g.members()
	for k, m := range clusters {
		for _, i := range m {
			out[i] = c.cluster(k)
		}
	}
	return out
}

// cluster returns the color of the k-th largest cluster. When all colors are used, paler ones
// follow.
func (c *colors) cluster(k int) color.NRGBA {
	n := len(c.category)
	return mix(c.category[k%n], c.paper, 0.55*math.Min(1, float64(k/n)))
}

// corner returns how far the corners of an origin's shape reach, beside the radius of a circle of
// its area.
func corner(o source.Origin) length {
	switch o {
	case source.Platform:
		return 1.1
	case source.Storage, source.Network:
		return 1.25
	}
	return 1
}

// shapeOf is the outline of an origin's shape around c, of about the area of a circle of radius r.
// Origins have different shapes, since color already distinguishes clusters.
func shapeOf(o source.Origin, c point, r length) vg.Path {
	r *= corner(o)
	switch o {
	case source.Platform:
		return polygon(c, r, 6, 0)
	case source.Storage:
		return polygon(c, r, 4, math.Pi/4)
	case source.Network:
		return polygon(c, r, 4, 0)
	}
	return circle(c, r)
}

// rim is how far the outline of a node of radius r reaches beyond it.
func rim(r length) length { return min(0.5, r/4) }

func (p *page) node(o source.Origin, c point, r length, fill color.NRGBA) {
	if p.xkcd {
		outline := stroke{color: p.ink, width: min(1.4, r*r/20)}
		if o == source.Zone {
			p.path(circle(c, r), outline)
			r -= min(2.2, r/2)
		}
		p.fill(shapeOf(o, c, r), fill)
		p.path(shapeOf(o, c, r), outline)
		return
	}
	// The outlines are made by drawing shapes on top of each other, which is quicker than drawing
	// lines around them.
	outline := mix(fill, p.ink, 0.45)
	p.fill(shapeOf(o, c, r+1.5), p.paper)
	p.fill(shapeOf(o, c, r+rim(r)), outline)
	if o == source.Zone {
		p.fill(circle(c, r-rim(r)), p.paper)
		r -= min(2.2, r/2)
		p.fill(circle(c, r+rim(r)), outline)
	}
	p.fill(shapeOf(o, c, r-rim(r)), fill)
}

func (g Graph) drawNodes(p *page, pl *placement) {
	fills := g.nodeColors(p.colors)
	numbers := map[int]int{}
	// Without colors, a dozen clusters cannot be distinguished by their shade, so that a number in
	// the node says which cluster it is in.
	if p.mono {
		clusters, _ := g.members()
		for k, m := range clusters {
			for _, i := range m {
				numbers[i] = k + 1
			}
		}
	}
	for i, l := range pl.labels {
		if l.leader {
			to := point{X: max(l.box.Min.X, min(pl.at[i].X, l.box.Max.X)), Y: max(l.box.Min.Y, min(pl.at[i].Y, l.box.Max.Y))}
			p.line(stroke{color: p.muted, width: 0.7}, pl.at[i], to)
		}
	}
	for i, n := range g.Nodes {
		p.Begin(g.nodeWords(n), "class", "node", "data-n", strconv.Itoa(i), "data-name", n.shown())
		p.node(n.Origin, pl.at[i], pl.radius[i], fills[i])
		if k := numbers[i]; k > 0 {
			p.write(pl.at[i], label{text: fmt.Sprint(k), size: min(8, pl.radius[i]*1.3), align: center, color: readableOn(fills[i]), bare: true})
		}
		p.End()
	}
}

func (g Graph) nodeWords(n Node) string {
	s := n.shown() + ": " + n.Origin.String()
	if n.Zone != "" && n.Zone != source.Global {
		s += ", zone " + visible(n.Zone)
	}
	if n.Activity > 0 {
		s += ", " + si(n.Activity)
		if g.Unit != "" {
			s += " " + g.Unit
		}
	}
	if n.Cluster >= 0 {
		s += ", " + g.clusterName(n.Cluster)
	}
	return s
}

func (g Graph) drawLabels(p *page, pl *placement) {
	for i, l := range pl.labels {
		if l.hidden() {
			continue
		}
		p.Begin("", "data-n", strconv.Itoa(i), "data-name", g.Nodes[i].shown())
		mid := l.box.Min.Add(l.box.Max).Scale(0.5)
		p.write(mid, label{text: l.text, size: pl.size, align: center, cased: true})
		p.End()
	}
}
