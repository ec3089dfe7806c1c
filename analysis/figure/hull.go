package figure

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/source"
)

// A zoneGroup holds the nodes of one zone.
type zoneGroup struct {
	name  string
	nodes []int
}

// zones returns the zones that are drawn, the largest first. The platform is not one of them: it is
// what stands outside of all zones.
func (g Graph) zones() []zoneGroup {
	var out []zoneGroup
	at := map[string]int{}
	for i, n := range g.Nodes {
		if n.Zone == "" || n.Zone == source.Global {
			continue
		}
		k, ok := at[n.Zone]
		if !ok {
			k = len(out)
			at[n.Zone] = k
			out = append(out, zoneGroup{name: n.Zone})
		}
		out[k].nodes = append(out[k].nodes, i)
	}
	slices.SortStableFunc(out, func(a, b zoneGroup) int { return cmp.Compare(len(b.nodes), len(a.nodes)) })
	return out
}

// crowd is the number of nodes from which on a zone is not drawn together: such a zone fills the
// page anyway, and each pair of its nodes would be one more link for the layout.
const crowd = 30

// drawTogether adds weak links between the nodes of a zone for the layout, within parts that hang
// together without them.
func (g Graph) drawTogether(weights *mat.SymDense) {
	part := make([]int, len(g.Nodes))
	for i := range part {
		part[i] = i
	}
	var root func(i int) int
	root = func(i int) int {
		if part[i] != i {
			part[i] = root(part[i])
		}
		return part[i]
	}
	for i := range g.Nodes {
		for j := range i {
			if weights.At(i, j) > 0 {
				part[root(i)] = root(j)
			}
		}
	}
	// The weight is a quarter of that of the strongest link. It decides between places that links
	// leave open, and draws no node away from its links.
	const weak = 0.25
	for _, z := range g.zones() {
		if len(z.nodes) >= crowd {
			continue
		}
		for k, i := range z.nodes {
			for _, j := range z.nodes[:k] {
				if root(i) == root(j) {
					weights.SetSym(i, j, math.Max(weights.At(i, j), weak))
				}
			}
		}
	}
}

const (
	hullMargin = 7 // around a node
	hullNeck   = 6 // half the width of what joins two nodes
)

// A hull is the colored ground of a zone: it has a disc behind each of the nodes, and discs are
// joined where no other node lies between them. It never takes in the node of another zone.
type hull struct {
	discs []int
	necks [][2]int
}

func (g Graph) hull(pl *placement, z zoneGroup) hull {
	h := hull{discs: z.nodes}
	type neck struct {
		a, b   int
		length float64
	}
	var all []neck
	for k, i := range z.nodes {
		for _, j := range z.nodes[:k] {
			// A connection across the line above the nodes without links would contradict what the
			// line says.
			if (pl.at[i].Y < pl.alone) == (pl.at[j].Y < pl.alone) && g.clearBetween(pl, i, j) {
				all = append(all, neck{i, j, away(pl.at[i], pl.at[j])})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b neck) int { return cmp.Compare(a.length, b.length) })
	// These are the shortest connections that join everything that can be joined (Kruskal, 1956).
	of := map[int]int{}
	for _, i := range z.nodes {
		of[i] = i
	}
	for _, n := range all {
		a, b := of[n.a], of[n.b]
		if a == b {
			continue
		}
		for i, r := range of {
			if r == a {
				of[i] = b
			}
		}
		h.necks = append(h.necks, [2]int{n.a, n.b})
	}
	return h
}

func away(a, b point) float64 { return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) }

// clearBetween reports whether no node of another zone lies between two nodes.
func (g Graph) clearBetween(pl *placement, i, j int) bool {
	a, b := pl.at[i], pl.at[j]
	d := b.Sub(a)
	n := float64(vg.Length(d.X*d.X) + vg.Length(d.Y*d.Y))
	for k, at := range pl.at {
		if g.Nodes[k].Zone == g.Nodes[i].Zone {
			continue
		}
		t := 0.0
		if n > 0 {
			// The nearest point of the segment to the node.
			t = math.Max(0, math.Min(1, float64(vg.Length((at.X-a.X)*d.X)+vg.Length((at.Y-a.Y)*d.Y))/n))
		}
		if away(at, a.Add(canvas.Scaled(d, length(t)))) < float64(pl.reach[k])+hullNeck+1 {
			return false
		}
	}
	return true
}

// hullOf returns the colors of the ground of the k-th largest zone and of its edge. If there are
// more zones than colors, the colors come again, and only names distinguish the zones.
func (c *colors) hullOf(k int) (ground, edge color.NRGBA) {
	ground = c.hull[k%len(c.hull)]
	return ground, mix(ground, c.muted, 0.45)
}

func (g Graph) drawHulls(p *page, pl *placement) {
	for k, z := range g.zones() {
		h := g.hull(pl, z)
		ground, edge := p.hullOf(k)
		p.Begin(fmt.Sprintf("zone %s: %s", visible(z.name), plural(len(z.nodes), "source")))
		// The hull is drawn twice, the second time a little smaller, which gives the whole an
		// outline. A hand would not draw the same line twice.
		for _, pass := range []struct {
			more  length
			color color.NRGBA
		}{{0.6, edge}, {-0.6, ground}} {
			if p.xkcd && pass.more > 0 {
				continue
			}
			for _, n := range h.necks {
				p.fill(band(pl.at[n[0]], pl.at[n[1]], hullNeck+pass.more), pass.color)
			}
			for _, i := range h.discs {
				p.fill(circle(pl.at[i], pl.reach[i]+hullMargin+pass.more), pass.color)
			}
		}
		p.End()
	}
}

// svg writes the hull as the path of an SVG, all of its parts turning the same way, so that they
// fill as one.
func (h hull) svg(pl *placement, here func(point) (x, y float64)) string {
	var b strings.Builder
	for _, i := range h.discs {
		r := pl.reach[i] + hullMargin
		x, y := here(point{X: pl.at[i].X - r, Y: pl.at[i].Y})
		d := tenths(px(2 * r))
		fmt.Fprintf(&b, "M%s,%sa%s,%s 0 1,0 %s,0a%s,%s 0 1,0 -%s,0Z", tenths(x), tenths(y), tenths(px(r)), tenths(px(r)), d, tenths(px(r)), tenths(px(r)), d)
	}
	for _, n := range h.necks {
		corners := corners(pl.at[n[0]], pl.at[n[1]], hullNeck)
		slices.Reverse(corners)
		for k, q := range corners {
			x, y := here(q)
			b.WriteString(map[bool]string{true: "M", false: "L"}[k == 0] + tenths(x) + "," + tenths(y))
		}
		b.WriteString("Z")
	}
	return b.String()
}

// band is a straight band from a to b.
func band(a, b point, half length) vg.Path {
	return polyline(corners(a, b, half), true)
}

// corners are those of a band, clockwise where y points upwards.
func corners(a, b point, half length) []point {
	d := b.Sub(a)
	n := max(length(away(a, b)), 1e-6)
	side := canvas.Scaled(point{X: -d.Y / n, Y: d.X / n}, half)
	return []point{a.Add(side), b.Add(side), b.Sub(side), a.Sub(side)}
}

func (g Graph) zoneLegend() []legendItem {
	zones := g.zones()
	if len(zones) == 0 {
		return nil
	}
	items := []legendItem{{text: "zone", head: true}}
	var names []string
	for _, z := range zones {
		names = append(names, visible(z.name))
	}
	names = labels(names, nameLength)
	for k := range zones {
		if k == clustersNamed {
			items = append(items, legendItem{text: fmt.Sprintf("and %d more", len(zones)-k)})
			break
		}
		items = append(items, legendItem{text: names[k], sample: 14, draw: func(p *page, at point) {
			ground, edge := p.hullOf(k)
			a, b := point{X: at.X + 5, Y: at.Y}, point{X: at.X + 9, Y: at.Y}
			for _, pass := range []struct {
				r     length
				color color.NRGBA
			}{{5.6, edge}, {4.4, ground}} {
				if p.xkcd && pass.r > 5 {
					continue
				}
				p.fill(band(a, b, pass.r), pass.color)
				p.fill(circle(a, pass.r), pass.color)
				p.fill(circle(b, pass.r), pass.color)
			}
		}})
	}
	return items
}
