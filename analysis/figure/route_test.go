package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
)

// A drawing keeps the links and nodes of a graph as they get to the page, by hand with every
// wobble. The gaps that these cut into what lies below are left out.
type drawing struct {
	canvas.Surface
	paper, color color.Color
	links, nodes []drawn
	open         *drawn // what is being drawn, nil if it is neither a link nor a node
}

// A drawn is a link or a node on the page.
type drawn struct {
	from, to int // of a link
	lines    [][]point
}

func drawingOf(g Graph) *drawing {
	w, h, draw := g.plan()
	d := &drawing{Surface: canvas.NewSVG(w, h, color.White), paper: g.colors().paper}
	paint(d, g.Style, draw)
	return d
}

func (d *drawing) Begin(_ string, attrs ...string) {
	value := map[string]string{}
	for i := 0; i < len(attrs); i += 2 {
		value[attrs[i]] = attrs[i+1]
	}
	switch value["class"] {
	case "edge":
		from, _ := strconv.Atoi(value["data-s"])
		to, _ := strconv.Atoi(value["data-t"])
		d.links = append(d.links, drawn{from: from, to: to})
		d.open = &d.links[len(d.links)-1]
	case "node":
		d.nodes = append(d.nodes, drawn{})
		d.open = &d.nodes[len(d.nodes)-1]
	}
}

func (d *drawing) End()                                              { d.open = nil }
func (d *drawing) SetColor(c color.Color)                            { d.color = c }
func (d *drawing) Stroke(p vg.Path)                                  { d.keep(p) }
func (d *drawing) StrokeCased(p vg.Path, _ color.Color, _ vg.Length) { d.keep(p) }
func (d *drawing) Fill(p vg.Path)                                    { d.keep(p) }

func (d *drawing) keep(p vg.Path) {
	if d.open == nil || d.color == d.paper {
		return
	}
	var line []point
	for _, c := range p {
		switch c.Type {
		case vg.CloseComp:
			line = append(line, line[0])
		case vg.ArcComp: // a circle
			for i := range 64 {
				s, cs := math.Sincos(2 * math.Pi * float64(i) / 64)
				line = append(line, c.Pos.Add(canvas.Scaled(point{X: length(cs), Y: length(s)}, c.Radius)))
			}
		default:
			line = append(line, c.Pos)
		}
	}
	d.open.lines = append(d.open.lines, line)
}

// underNodes counts the links of a graph that are drawn nearer than 4 points to a node that they do
// not link, beyond how far that is drawn from its center, or that are routed between others than
// their ends. It returns how near the nearest link is drawn to a node, and how many links there
// are.
func underNodes(g Graph) (count int, nearest float64, links int) {
	nearest = math.Inf(1)
	p := pen{g.XKCD}
	_, legend := g.legend(p, g.pageWidth())
	pl := g.place(p, legend)
	for i, way := range g.routes(pl) {
		if e := g.Edges[i]; e.Weight != 0 && way != nil && (way[0] != pl.at[e.From] || way[len(way)-1] != pl.at[e.To]) {
			count++
		}
	}
	d := drawingOf(g)
	reach := make([]float64, len(d.nodes))
	for k, n := range d.nodes {
		for _, line := range n.lines {
			for _, q := range line {
				reach[k] = max(reach[k], float64(distance(q, pl.at[k])))
			}
		}
	}
	for _, l := range d.links {
		near := math.Inf(1)
		for k := range d.nodes {
			if k == l.from || k == l.to {
				continue
			}
			for _, line := range l.lines {
				for j := 1; j < len(line); j++ {
					near = min(near, segmentDistance(pl.at[k], line[j-1], line[j])-reach[k])
				}
			}
		}
		if near < 4-1e-6 {
			count++
		}
		nearest = min(nearest, near)
	}
	return count, nearest, len(d.links)
}

func TestNoEdgePassesUnderANode(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		all, nearest := 0, math.Inf(1)
		for seed := range uint64(100) {
			n := []int{5, 12, 30, 60, 90}[seed%5]
			g := randomGraph(n, []float64{1.5, 3, 5}[seed%3], seed)
			g.XKCD, g.Seed = byHand, seed
			for i := range g.Edges {
				g.Edges[i].Leads = i%3 == 0
			}
			c, near, links := underNodes(g)
			all += links
			nearest = min(nearest, near)
			if c > 0 {
				t.Errorf("seed %d, by hand %v: %d of %d edges of %d nodes pass under a node that they do not link, or %.2f points beside it", seed, byHand, c, links, n, near)
			}
		}
		t.Logf("by hand %v: %d edges, the nearest passes a node at %.2f points", byHand, all, nearest)
	}
}

func TestNoEdgeOfACapturePassesUnderANode(t *testing.T) {
	all := 0
	for name, c := range captureCounts(t) {
		for _, least := range []float64{0.3, 0.5, 0.8} {
			g := related(c, least)
			if len(g.Edges) > 4*len(g.Nodes) {
				continue // more than a model lists, and nothing to see
			}
			for _, byHand := range []bool{false, true} {
				g.XKCD = byHand
				count, near, links := underNodes(g)
				all += links
				if count > 0 {
					t.Errorf("%s, correlations above %v, by hand %v: %d of %d edges of %d nodes pass under a node that they do not link, or %.2f points beside it", name, least, byHand, count, links, len(g.Nodes), near)
				}
			}
		}
	}
	if t.Log(all, "edges"); all == 0 {
		t.Error("no edge to look at")
	}
}

// TestNoEdgeOnASmallPageMisleads has up to 200 nodes on pages of any size: what is not drawn is
// told, and on pages where nodes can be seen that is little.
func TestNoEdgeOnASmallPageMisleads(t *testing.T) {
	sizes := [][2]length{{400, 300}, {300, 225}, {150, 600}, {600, 200}, {200, 150}, {30, 20}, {1, 1}}
	drawn, all := 0, 0
	for seed := range uint64(28) {
		n := []int{5, 30, 120, 160, 200}[seed%5]
		g := randomGraph(n, []float64{1.5, 3, 6}[seed%3], seed)
		g.Width, g.Height = sizes[seed%7][0], sizes[seed%7][1]
		g.XKCD, g.Seed = seed%4 == 0, seed
		for i := range g.Edges {
			g.Edges[i].Leads = i%3 == 0
		}
		what := fmt.Sprintf("seed %d, %d nodes, %v×%v, by hand %v", seed, n, g.Width, g.Height, g.XKCD)
		c, near, links := underNodes(g)
		if c > 0 {
			t.Errorf("%s: %d of %d edges pass under a node that they do not link, or %.2f points beside it", what, c, links, near)
		}
		over, hidden := overlaps(g)
		if over > 0 && g.Height > 100 {
			t.Errorf("%s: %d overlaps", what, over)
		}
		_, legend := g.legend(pen{g.XKCD}, g.pageWidth())
		pl := g.place(pen{g.XKCD}, legend)
		told, missing := g.leftOut(pl, g.routes(pl)), len(g.byWeight())-links
		if missing > 0 != strings.Contains(told, plural(missing, "link")) || hidden > 0 != strings.Contains(told, plural(hidden, "label")) {
			t.Errorf("%s: %d links and %d labels are missing, told as %q", what, missing, hidden, told)
		}
		if g.Width*g.Height >= 300*225 && !g.XKCD {
			drawn, all = drawn+links, all+len(g.byWeight())
		}
	}
	if t.Logf("%d of %d links on pages of 300×225 points and more", drawn, all); drawn < all*8/10 {
		t.Errorf("only %d of %d links are drawn on pages of 300×225 points and more", drawn, all)
	}
}

// TestNodesOnOneSpotHaveNoLinks fixes two nodes on one spot: a line to it would be read as a link
// of both.
func TestNodesOnOneSpotHaveNoLinks(t *testing.T) {
	g := Graph{
		Fixed: true,
		Nodes: []Node{{Name: "a", X: 1, Y: 1}, {Name: "b", X: 1, Y: 1}, {Name: "c", X: 9, Y: 5}, {Name: "d", X: 5, Y: 8}},
		Edges: []Edge{{From: 0, To: 2, Weight: 1}, {From: 1, To: 3, Weight: 1}, {From: 2, To: 3, Weight: 1}},
	}
	if c, _, links := underNodes(g); c != 0 || links != 1 {
		t.Errorf("%d links are drawn, %d of them under nodes", links, c)
	}
	if svg := string(g.Vega()); !strings.Contains(svg, "2 links left out for lack of room") {
		t.Error("what can be touched does not tell what is left out")
	}
}
