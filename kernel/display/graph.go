package display

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/layout"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/spatial/r2"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// These are the limits of graphs: a larger graph is shown as text, which lists only a limited
// number of edges.
const (
	maxGraphNodes = 300
	maxGraphEdges = 3000
	maxEdgeLines  = 40
)

// sketch is a graph in the form that is drawn: nodes by position in a list sorted by ID.
type sketch struct {
	names    []string
	edges    []arc
	directed bool
	weighted bool
}

type arc struct {
	from, to int
	weight   float64
}

// drawGraph renders a gonum graph as SVG, PNG and text. The layout is Eades's spring embedder
// (1984) from a fixed start, so the same graph always looks the same.
func drawGraph(g graph.Graph) Bundle {
	s := sketchOf(g)
	if len(s.names) == 0 || len(s.names) > maxGraphNodes || len(s.edges) > maxGraphEdges {
		return textOnly(s.text())
	}
	at := s.layout()
	side := vg.Length(math.Min(3+0.25*math.Sqrt(float64(len(s.names)))*2, 8)) * vg.Inch
	return picture(side, side, s.text(), func(c draw.Canvas) { s.paint(c, at) })
}

func sketchOf(g graph.Graph) sketch {
	nodes := graph.NodesOf(g.Nodes())
	slices.SortFunc(nodes, func(a, b graph.Node) int { return cmp.Compare(a.ID(), b.ID()) })
	_, directed := g.(graph.Directed)
	weights, weighted := g.(graph.Weighted)
	s := sketch{directed: directed, weighted: weighted}
	index := make(map[int64]int, len(nodes))
	for i, n := range nodes {
		index[n.ID()] = i
		s.names = append(s.names, nodeName(n))
	}
	for i, n := range nodes {
		for _, to := range graph.NodesOf(g.From(n.ID())) {
			j := index[to.ID()]
			// An undirected edge is found from both ends, and must be counted once.
			if !directed && j < i {
				continue
			}
			w := 1.0
			if weighted {
				w, _ = weights.Weight(n.ID(), to.ID())
			}
			s.edges = append(s.edges, arc{i, j, w})
		}
	}
	slices.SortFunc(s.edges, func(a, b arc) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return s
}

// nodeName is the node's DOT name or what it prints, or else its ID.
func nodeName(n graph.Node) string {
	switch n := n.(type) {
	case interface{ DOTID() string }:
		return strings.Trim(n.DOTID(), `"`)
	case fmt.Stringer:
		return n.String()
	}
	return strconv.FormatInt(n.ID(), 10)
}

func (s sketch) text() string {
	kind, link := "undirected graph", "—"
	if s.directed {
		kind, link = "directed graph", "→"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s", kind, plural(len(s.names), "node"), plural(len(s.edges), "edge"))
	for k, e := range s.edges {
		if k == maxEdgeLines {
			fmt.Fprintf(&b, "\n… %s more edges", count(len(s.edges)-k))
			break
		}
		fmt.Fprintf(&b, "\n%s %s %s", cut(s.names[e.from]), link, cut(s.names[e.to]))
		if s.weighted {
			fmt.Fprintf(&b, "  %.4g", e.weight)
		}
	}
	return b.String()
}

// layout places the nodes in the unit square.
func (s sketch) layout() []r2.Vec {
	g := make(links, len(s.names))
	for _, e := range s.edges {
		if e.from != e.to {
			g[e.from] = append(g[e.from], simple.Node(e.to))
			g[e.to] = append(g[e.to], simple.Node(e.from))
		}
	}
	eades := layout.EadesR2{Updates: 60, Repulsion: 1, Rate: 0.05, Theta: 0.1, Src: rand.NewPCG(1, 1)}
	o := layout.NewOptimizerR2(g, eades.Update)
	for o.Update() {
	}
	at := make([]r2.Vec, len(s.names))
	lo, hi := r2.Vec{X: math.Inf(1), Y: math.Inf(1)}, r2.Vec{X: math.Inf(-1), Y: math.Inf(-1)}
	for i := range at {
		at[i] = o.LayoutNodeR2(int64(i)).Coord2
		lo = r2.Vec{X: math.Min(lo.X, at[i].X), Y: math.Min(lo.Y, at[i].Y)}
		hi = r2.Vec{X: math.Max(hi.X, at[i].X), Y: math.Max(hi.Y, at[i].Y)}
	}
	span := math.Max(hi.X-lo.X, hi.Y-lo.Y)
	for i, p := range at {
		// The layout has put all nodes on one spot, or infinitely far apart. A circle at least
		// shows all of them.
		if !(span > 0) || math.IsInf(span, 0) {
			angle := 2 * math.Pi * float64(i) / float64(len(at))
			at[i] = r2.Vec{X: 0.5 + 0.5*math.Cos(angle), Y: 0.5 + 0.5*math.Sin(angle)}
			continue
		}
		at[i] = r2.Vec{X: 0.5 + (p.X-(lo.X+hi.X)/2)/span, Y: 0.5 + (p.Y-(lo.Y+hi.Y)/2)/span}
	}
	return at
}

// links is an undirected graph as lists of neighbors, which are always walked in the same order.
type links [][]graph.Node

func (l links) Node(id int64) graph.Node { return simple.Node(id) }

func (l links) Nodes() graph.Nodes {
	nodes := make([]graph.Node, len(l))
	for i := range l {
		nodes[i] = simple.Node(i)
	}
	return iterator.NewOrderedNodes(nodes)
}

func (l links) From(id int64) graph.Nodes { return iterator.NewOrderedNodes(l[id]) }

func (l links) HasEdgeBetween(x, y int64) bool {
	return slices.Contains(l[x], graph.Node(simple.Node(y)))
}

func (l links) Edge(u, v int64) graph.Edge {
	if !l.HasEdgeBetween(u, v) {
		return nil
	}
	return simple.Edge{F: simple.Node(u), T: simple.Node(v)}
}

var (
	edgeColor = color.RGBA{0x88, 0x88, 0x88, 0xff}
	nodeColor = color.RGBA{0x1f, 0x77, 0xb4, 0xff}
)

func (s sketch) paint(c draw.Canvas, at []r2.Vec) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	const margin, radius = 0.5 * vg.Inch, 4 * vg.Length(1)
	w, h := c.Size().X-2*margin, c.Size().Y-2*margin
	pos := make([]vg.Point, len(at))
	for i, p := range at {
		pos[i] = vg.Point{X: c.Min.X + margin + vg.Length(p.X)*w, Y: c.Min.Y + margin + vg.Length(p.Y)*h}
	}
	heaviest := 0.0
	for _, e := range s.edges {
		if a := math.Abs(e.weight); !math.IsInf(a, 0) {
			heaviest = math.Max(heaviest, a)
		}
	}
	for _, e := range s.edges {
		width := vg.Length(0.8)
		if s.weighted && heaviest > 0 {
			width = vg.Length(0.4 + 2.1*math.Min(1, math.Abs(e.weight)/heaviest))
		}
		s.paintEdge(c, pos[e.from], pos[e.to], width, radius)
	}
	style := text.Style{
		Color:   color.Black,
		Font:    font.From(plot.DefaultFont, 9),
		XAlign:  draw.XCenter,
		YAlign:  draw.YBottom,
		Handler: plot.DefaultTextHandler,
	}
	for i, p := range pos {
		c.DrawGlyph(draw.GlyphStyle{Color: nodeColor, Radius: radius, Shape: draw.CircleGlyph{}}, p)
		c.FillText(style, vg.Point{X: p.X, Y: p.Y + radius + 1}, cut(s.names[i]))
	}
}

func (s sketch) paintEdge(c draw.Canvas, a, b vg.Point, width, radius vg.Length) {
	line := draw.LineStyle{Color: edgeColor, Width: width}
	d := b.Sub(a)
	length := vg.Length(math.Hypot(float64(d.X), float64(d.Y)))
	if length == 0 {
		loop := vg.Point{X: a.X + 2*radius, Y: a.Y}
		var path vg.Path
		path.Move(vg.Point{X: loop.X + 2*radius, Y: loop.Y})
		path.Arc(loop, 2*radius, 0, 2*math.Pi)
		c.SetLineStyle(line)
		c.Stroke(path)
		return
	}
	c.StrokeLine2(line, a.X, a.Y, b.X, b.Y)
	if !s.directed || length < 3*radius {
		return
	}
	unit := d.Scale(1 / length)
	tip := b.Sub(unit.Scale(radius))
	back := tip.Sub(unit.Scale(6))
	side := vg.Point{X: -unit.Y, Y: unit.X}.Scale(2.5)
	c.FillPolygon(edgeColor, []vg.Point{tip, back.Add(side), back.Sub(side)})
}
