package figure

import (
	"math"
	"testing"
)

// underNodes counts the edges of a graph that come nearer than clearance to a node that they do not
// link, and how many there are.
func underNodes(g Graph) (count, edges int) {
	p := pen{g.XKCD}
	_, legend := g.legend(p, g.pageWidth())
	pl := g.place(p, legend)
	for i, way := range g.routes(pl) {
		e := g.Edges[i]
		if e.Weight == 0 {
			continue
		}
		edges++
		if way[0] != pl.at[e.From] || way[len(way)-1] != pl.at[e.To] {
			count++
		}
		for k := range pl.at {
			near := math.Inf(1)
			for j := 1; j < len(way); j++ {
				near = math.Min(near, segmentDistance(pl.at[k], way[j-1], way[j]))
			}
			if k != e.From && k != e.To && near < float64(pl.reach[k]+clearance)-1e-9 {
				count++
				break
			}
		}
	}
	return count, edges
}

func TestNoEdgePassesUnderANode(t *testing.T) {
	all := 0
	for seed := range uint64(100) {
		n := []int{5, 12, 30, 60, 90}[seed%5]
		g := randomGraph(n, []float64{1.5, 3, 5}[seed%3], seed)
		c, edges := underNodes(g)
		all += edges
		if c > 0 {
			t.Errorf("seed %d: %d of %d edges of %d nodes pass under a node that they do not link", seed, c, edges, n)
		}
	}
	t.Log(all, "edges")
}

func TestNoEdgeOfACapturePassesUnderANode(t *testing.T) {
	all := 0
	for name, c := range captureCounts(t) {
		for _, least := range []float64{0.3, 0.5, 0.8} {
			g := related(c, least)
			if len(g.Edges) > 4*len(g.Nodes) {
				continue // more than a model lists, and nothing to see
			}
			count, edges := underNodes(g)
			all += edges
			if count > 0 {
				t.Errorf("%s, correlations above %v: %d of %d edges of %d nodes pass under a node that they do not link", name, least, count, edges, len(g.Nodes))
			}
		}
	}
	if t.Log(all, "edges"); all == 0 {
		t.Error("no edge to look at")
	}
}
