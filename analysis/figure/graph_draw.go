package figure

import (
	"fmt"
	"image/color"
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
)

func (g Graph) plan() (w, h length, draw func(*page)) {
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
		g.drawEdges(p, pl)
		g.drawNodes(p, pl)
		g.drawLabels(p, pl)
		drawLegend(p, items, pageMargin, legendHeight+pageMargin/2, pl.w)
		if n := pl.hidden(); n > 0 {
			p.write(point{X: pl.w - pageMargin, Y: 7}, label{text: plural(n, "label") + " left out for lack of room", size: 8, align: right, color: p.muted})
		}
	}
}

// edgeStroke returns how edge i looks.
func (g Graph) edgeStroke(c *colors, i int) stroke {
	if g.changes != nil {
		return changeStroke(c, g.changes[i].what, g.changes[i].size(), g.largestChange())
	}
	return g.weightStroke(c, g.Edges[i].Weight, g.Edges[i].Stability)
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

// weightStroke returns how an edge of weight w looks.
func (g Graph) weightStroke(c *colors, w, stability float64) stroke {
	t := math.Abs(w) / g.heaviest()
	s := stroke{color: ramp(c.cool, t), width: length(0.9 + 4.1*t), cased: true}
	if w < 0 {
		s.color = ramp(c.warm, t)
		s.dash = []length{4 + s.width, 2.5 + s.width*0.6}
	}
	if stability > 0 {
		s.color = withAlpha(s.color.(color.NRGBA), 0.15+0.85*stability)
		s.cased = stability > 0.5
	}
	return s
}

func (g Graph) drawEdges(p *page, pl *placement) {
	order := g.byWeight()
	if g.changes != nil { // what did not change stays below
		sort.SliceStable(order, func(a, b int) bool {
			return g.changes[order[a]].what != same && g.changes[order[b]].what == same
		})
	}
	for k := len(order) - 1; k >= 0; k-- {
		e := g.Edges[order[k]]
		s := g.edgeStroke(p.colors, order[k])
		p.Begin(g.edgeWords(order[k]))
		a, b := pl.at[e.From], pl.at[e.To]
		if e.Leads {
			b = p.arrow(a, b, pl.reach[e.To]+1, s)
		}
		p.line(s, a, b)
		p.End()
	}
}

// arrow draws a head that points at a circle around b and returns where the line to it ends.
func (p *page) arrow(a, b point, r length, s stroke) point {
	d := b.Sub(a)
	n := length(math.Hypot(float64(d.X), float64(d.Y)))
	if n <= r {
		return b
	}
	d = d.Scale(1 / n)
	size := 5 + s.width
	tip := b.Sub(d.Scale(r))
	foot := tip.Sub(d.Scale(size))
	side := point{X: -d.Y, Y: d.X}.Scale(size * 0.5)
	p.fill(polyline([]point{tip, foot.Add(side), foot.Sub(side)}, true), s.color)
	return foot
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

// cluster returns the color of the k-th largest cluster; when all are used, paler ones follow.
func (c *colors) cluster(k int) color.NRGBA {
	n := len(c.category)
	return mix(c.category[k%n], c.paper, 0.55*math.Min(1, float64(k/n)))
}

// corner returns how far the corners of an origin's shape reach, beside the radius of a circle of
// its area.
func (o Origin) corner() length {
	switch o {
	case Platform:
		return 1.1
	case Storage, Network:
		return 1.25
	}
	return 1
}

func shapeOf(o Origin, c point, r length) vg.Path {
	r *= o.corner()
	switch o {
	case Platform:
		return polygon(c, r, 6, 0)
	case Storage:
		return polygon(c, r, 4, math.Pi/4)
	case Network:
		return polygon(c, r, 4, 0)
	}
	return circle(c, r)
}

func (p *page) node(o Origin, c point, r length, fill color.NRGBA) {
	outline := stroke{color: mix(fill, p.ink, 0.45), width: 1}
	if p.xkcd {
		outline = stroke{color: p.ink, width: 1.4}
	}
	if o == Zone {
		p.path(circle(c, r), stroke{color: outline.color, width: outline.width, cased: true})
		r -= 2.2
	} else {
		shape := shapeOf(o, c, r)
		p.path(shape, stroke{color: p.paper, width: 3})
	}
	p.fill(shapeOf(o, c, r), fill)
	p.path(shapeOf(o, c, r), outline)
}

func (g Graph) drawNodes(p *page, pl *placement) {
	fills := g.nodeColors(p.colors)
	numbers := map[int]int{}
	if g.Theme == Gray {
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
		p.Begin(g.nodeWords(n))
		p.node(n.Origin, pl.at[i], pl.radius[i], fills[i])
		if k := numbers[i]; k > 0 {
			p.write(pl.at[i], label{text: fmt.Sprint(k), size: min(8, pl.radius[i]*1.3), align: center, color: readableOn(fills[i]), bare: true})
		}
		p.End()
	}
}

func (g Graph) nodeWords(n Node) string {
	s := visible(n.Name) + ": " + n.Origin.String()
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
	for _, l := range pl.labels {
		if l.hidden() {
			continue
		}
		mid := l.box.Min.Add(l.box.Max).Scale(0.5)
		p.write(mid, label{text: l.text, size: pl.size, align: center, cased: true})
	}
}
