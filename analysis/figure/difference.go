package figure

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
)

// Difference draws how the links changed from one graph to another: gained, lost, stronger, weaker,
// or of the other sign. Nodes are matched by name and stand where they stand in Before if that is
// fixed, so that several differences can be compared; those of After only stand in rows below. What
// is in only one of the graphs is marked so.
type Difference struct {
	Style
	Before, After Graph
	// Least is the smallest change of a weight that counts; 0 means 0.05.
	Least float64
}

// change is what became of an edge.
type change int

const (
	same change = iota
	gained
	lost
	stronger
	weaker
	reversed
)

var changeNames = [...]string{"unchanged", "gained", "lost", "stronger", "weaker", "reversed"}

func (c change) String() string { return changeNames[c] }

// SVG returns the difference as an SVG document.
func (d Difference) SVG() string { return toSVG(d) }

// PNG returns the difference as a PNG file.
func (d Difference) PNG() []byte { return toPNG(d) }

// Save writes the difference to a .svg or .png file.
func (d Difference) Save(path string) error { return save(d, path) }

// String lists the changes, largest first.
func (d Difference) String() string { return text(d) }

func (d Difference) look() Style  { return d.Style }
func (d Difference) kind() string { return "difference of dependency graphs" }

func (d Difference) check() error {
	if len(d.Before.Nodes)+len(d.After.Nodes) == 0 {
		return errors.New("there are no nodes")
	}
	for _, g := range []struct {
		when  string
		graph Graph
	}{{"before", d.Before}, {"after", d.After}} {
		if len(g.graph.Nodes) == 0 {
			continue // everything is gained, or lost
		}
		if err := g.graph.check(); err != nil {
			return fmt.Errorf("%s: %w", g.when, err)
		}
		seen := map[string]bool{}
		for _, n := range g.graph.Nodes {
			if seen[n.Name] {
				return fmt.Errorf("%s: two nodes are named %s", g.when, visible(n.Name))
			}
			seen[n.Name] = true
		}
	}
	if !finite(d.Least) || d.Least < 0 {
		return fmt.Errorf("least change is %v", d.Least)
	}
	return nil
}

// An alteration is an edge before and after.
type alteration struct {
	from, to      string
	before, after float64
	what          change
}

func (a alteration) size() float64 { return math.Abs(a.after - a.before) }

// classify returns what became of a link. A change smaller than Least is no change, even if a faint
// link came or went: elsewhere, weights that differ by as little are called the same.
func (d Difference) classify(before, after float64) change {
	least := d.Least
	if least == 0 {
		least = 0.05
	}
	switch {
	case math.Abs(after-before) < least:
		return same
	case before == 0:
		return gained
	case after == 0:
		return lost
	case before*after < 0:
		return reversed
	case math.Abs(after) > math.Abs(before):
		return stronger
	}
	return weaker
}

// alterations returns every edge of either graph, the largest change first.
func (d Difference) alterations() []alteration {
	at := map[[2]string]int{}
	var out []alteration
	add := func(g Graph, set func(*alteration, float64)) {
		for _, e := range g.Edges {
			if e.Weight == 0 {
				continue
			}
			a, b := g.Nodes[e.From].Name, g.Nodes[e.To].Name
			// Links have no direction here, so that a link is the same from whichever end it is
			// seen.
			if a > b {
				a, b = b, a
			}
			i, ok := at[[2]string{a, b}]
			if !ok {
				i = len(out)
				at[[2]string{a, b}] = i
				out = append(out, alteration{from: a, to: b})
			}
			set(&out[i], e.Weight)
		}
	}
	add(d.Before, func(a *alteration, w float64) { a.before = w })
	add(d.After, func(a *alteration, w float64) { a.after = w })
	for i := range out {
		out[i].what = d.classify(out[i].before, out[i].after)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].size() > out[j].size() })
	return out
}

// graph returns the union of both graphs, which knows what became of each edge. A name that is in
// only one of them is marked so, since the color of a node does not show that. What is gone is in
// no cluster, since the clusters are those of After.
func (d Difference) graph() Graph {
	g := Graph{Style: d.Style, Unit: d.After.Unit, Clusters: d.After.Clusters, WeightName: "change", Fixed: d.Before.Fixed}
	at := map[string]int{}
	for _, n := range d.Before.Nodes {
		at[n.Name] = len(g.Nodes)
		g.Nodes = append(g.Nodes, n)
	}
	fresh := d.rows()
	stays := map[string]bool{}
	for _, n := range d.After.Nodes {
		stays[n.Name] = true
		if i, ok := at[n.Name]; ok {
			n.X, n.Y = g.Nodes[i].X, g.Nodes[i].Y
			g.Nodes[i] = n
			continue
		}
		at[n.Name] = len(g.Nodes)
		n.note = " (new)"
		if g.Fixed {
			n.X, n.Y = fresh()
		}
		g.Nodes = append(g.Nodes, n)
	}
	for i, n := range d.Before.Nodes {
		if !stays[n.Name] {
			g.Nodes[i].note = " (gone)"
			g.Nodes[i].Cluster = -1
		}
	}
	for _, a := range d.alterations() {
		// What did not change is there for orientation, and keeps its weight.
		w := a.size()
		if a.what == same {
			w = math.Abs(a.after)
		}
		if w == 0 {
			continue
		}
		g.Edges = append(g.Edges, Edge{From: at[a.from], To: at[a.to], Weight: w})
		g.changes = append(g.changes, a)
	}
	return g
}

// rows returns what gives one place after another in rows of eight below the nodes of Before, in
// whatever unit their positions are.
func (d Difference) rows() func() (x, y float64) {
	lo, hi := bounds(d.Before.starts())
	k := -1
	return func() (x, y float64) {
		k++
		dx, dy := (hi.x-lo.x)/8, math.Max(hi.y-lo.y, hi.x-lo.x)/8
		return lo.x + float64((float64(k%8)+0.5)*dx), lo.y - float64(float64(k/8+1)*dy)
	}
}

func (d Difference) plan() (w, h length, draw func(*page)) { return d.graph().plan() }

// changeStroke returns how an edge that changed by size looks, where largest is the largest change.
// What became more is cool and solid, and what became less is warm and dashed: color or dashes
// alone would be enough to distinguish them, so that those who do not see the colors can, too.
func changeStroke(c *colors, what change, size, largest float64) stroke {
	t := math.Min(1, size/largest)
	s := stroke{width: length(1.2 + float64(3.8*t)), cased: true}
	switch what {
	case gained:
		s.color = c.cool[3]
	case stronger:
		s.color = c.cool[2]
		s.width *= 0.8
	case lost:
		s.color = c.warm[2]
		s.dash = []length{1.2, 2 + length(s.width*0.6)}
	case weaker:
		s.color = c.warm[1]
		s.dash = []length{4 + s.width, 2 + length(s.width*0.5)}
		s.width *= 0.8
	case reversed:
		s.color = c.category[5%len(c.category)]
		s.dash = []length{6, 2, 1.5, 2}
	default:
		s.color, s.width, s.cased = c.faint, 1, false
	}
	return s
}

func (d Difference) words() string {
	var b strings.Builder
	counts := map[change]int{}
	all := d.alterations()
	for _, a := range all {
		counts[a.what]++
	}
	fmt.Fprintf(&b, "%s:", d.kind())
	for k := gained; k <= reversed; k++ {
		fmt.Fprintf(&b, " %d %s,", counts[k], k)
	}
	fmt.Fprintf(&b, " %d %s\n", counts[same], same)
	var names []string
	for _, a := range all {
		names = append(names, a.from, a.to)
	}
	brief := Shorten(names)
	listed := 0
	for _, a := range all {
		if a.what == same {
			continue
		}
		if listed == 2*linksListed {
			fmt.Fprintf(&b, "  and %d smaller\n", len(all)-counts[same]-listed)
			break
		}
		listed++
		fmt.Fprintf(&b, "  %-8s %s – %s: %+.3f → %+.3f\n", a.what, visible(brief(a.from)), visible(brief(a.to)), a.before, a.after)
	}
	return b.String()
}
