package figure

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"dtnotes/analysis/source"
)

// Node is a source in a [Graph].
type Node struct {
	Name string
	// Cluster numbers the group the source belongs to, from 0; negative means none. Sources that
	// are alone in their cluster are drawn gray.
	Cluster int
	// Activity, in the graph's Unit, is proportional to the node's area beyond a least size.
	Activity float64
	Origin   source.Origin
	// Zone is the zone, control group or container that the source belongs to, [source.Global]
	// for the platform, "" if that is not known. The nodes of a zone share a hull.
	Zone string
	// X and Y are where the layout starts, in any unit, y upwards; all zero means nowhere.
	X, Y float64

	note string // stands behind the name
}

// shown is the name as it is written.
func (n Node) shown() string { return visible(n.Name) + n.note }

// Edge links two sources of a [Graph]: indices into its nodes.
type Edge struct {
	From, To int
	// Weight is the strength, such as a partial correlation. Its size is drawn as width and color,
	// and a negative one is dashed. An edge of weight 0 is no edge.
	Weight float64
	// Stability is how often the edge was found when the data was resampled, 0 to 1; it is drawn as
	// opacity. 0 means that it is not known, and is drawn as if it were 1.
	Stability float64
	// Leads says that From runs ahead of To, which is drawn as an arrow. It does not mean that From
	// is the cause.
	Leads bool
}

// Graph draws which sources depend on which, and how strongly. Sources without an edge stand below
// the others. No label covers another, a node, or an edge's end.
type Graph struct {
	Style
	Nodes []Node
	Edges []Edge
	// Unit is that of the nodes' activity, such as "calls/s".
	Unit string
	// WeightName is what the legend calls the edges' weight; "" means partial correlation.
	WeightName string
	// Rule says in the legend what a link had to meet to be drawn; "" says nothing.
	Rule string
	// Clusters names the clusters in the legend. Without names, only colors distinguish them.
	Clusters []string
	// Fixed keeps the nodes exactly at X and Y, so that two graphs with the same nodes can be
	// compared. Positions as [Graph.Placed] gives them are points from the upper left corner, y
	// negative downwards; those in another unit are scaled to the page as a whole, and nodes that
	// they put on one spot stay there.
	Fixed bool

	// changes says what became of each edge. If it is set, the graph is a difference.
	changes []alteration
}

// SVG returns the graph as an SVG document.
func (g Graph) SVG() string { return toSVG(g) }

// PNG returns the graph as a PNG file.
func (g Graph) PNG() []byte { return toPNG(g) }

// Save writes the graph to a file: .svg, .png, or as data .dot, .graphml, .json.
func (g Graph) Save(path string) error {
	write := map[string]func(io.Writer) error{".dot": g.WriteDOT, ".graphml": g.WriteGraphML, ".json": g.WriteJSON}[strings.ToLower(filepath.Ext(path))]
	if write == nil {
		return save(g, path)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("saving to %s: %w", path, err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("saving graph: %w", err)
	}
	return nil
}

// String lists the clusters and the strongest links.
func (g Graph) String() string { return text(g) }

func (g Graph) look() Style  { return g.Style }
func (g Graph) kind() string { return "dependency graph" }

func (g Graph) weightName() string {
	if g.WeightName == "" {
		return "partial correlation"
	}
	return g.WeightName
}

func (g Graph) check() error {
	if len(g.Nodes) == 0 {
		return errors.New("there are no nodes")
	}
	for i, n := range g.Nodes {
		switch {
		case !finite(n.Activity) || n.Activity < 0:
			return fmt.Errorf("node %d (%s): activity is %v", i, visible(n.Name), n.Activity)
		case !finite(n.X) || !finite(n.Y):
			return fmt.Errorf("node %d (%s): position is %v, %v", i, visible(n.Name), n.X, n.Y)
		}
	}
	for i, e := range g.Edges {
		if min(e.From, e.To) < 0 || max(e.From, e.To) >= len(g.Nodes) {
			return fmt.Errorf("edge %d links nodes %d and %d of %d", i, e.From, e.To, len(g.Nodes))
		}
		a, b := visible(g.Nodes[e.From].Name), visible(g.Nodes[e.To].Name)
		switch {
		case e.From == e.To:
			return fmt.Errorf("edge %d links %s to itself", i, a)
		case !finite(e.Weight):
			return fmt.Errorf("edge %d (%s–%s): weight is %v", i, a, b, e.Weight)
		case !(e.Stability >= 0 && e.Stability <= 1):
			return fmt.Errorf("edge %d (%s–%s): stability is %v, not from 0 to 1", i, a, b, e.Stability)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// heaviest returns the largest |weight|, 1 if there is none.
func (g Graph) heaviest() float64 {
	w := 0.0
	for _, e := range g.Edges {
		w = math.Max(w, math.Abs(e.Weight))
	}
	if w == 0 {
		return 1
	}
	return w
}

// byWeight returns the indices of the edges that are there, strongest first.
func (g Graph) byWeight() []int {
	var order []int
	for i, e := range g.Edges {
		if e.Weight != 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool {
		return math.Abs(g.Edges[order[a]].Weight) > math.Abs(g.Edges[order[b]].Weight)
	})
	return order
}

// members returns the nodes of each cluster that has more than one, largest cluster first, and
// those that are alone.
func (g Graph) members() (clusters [][]int, alone []int) {
	of := map[int][]int{}
	for i, n := range g.Nodes {
		if n.Cluster < 0 {
			alone = append(alone, i)
		} else {
			of[n.Cluster] = append(of[n.Cluster], i)
		}
	}
	for _, m := range of {
		if len(m) > 1 {
			clusters = append(clusters, m)
		} else {
			alone = append(alone, m...)
		}
	}
	sort.Ints(alone)
	sort.Slice(clusters, func(a, b int) bool {
		if len(clusters[a]) != len(clusters[b]) {
			return len(clusters[a]) > len(clusters[b])
		}
		// A cluster's place decides its color, so that the order must not depend on that of a map.
		return clusters[a][0] < clusters[b][0]
	})
	return clusters, alone
}

// clusterName returns the name of a cluster in text.
func (g Graph) clusterName(c int) string {
	if c >= 0 && c < len(g.Clusters) && g.Clusters[c] != "" {
		return visible(g.Clusters[c])
	}
	return fmt.Sprintf("cluster %d", c)
}

const (
	linksListed = 12
	namesListed = 20
)

// short returns the graph as people read it, with short names. Names of nodes, zones, clusters
// and changes are shortened together, so that one source is called the same wherever it is named.
func (g Graph) short() Graph {
	names := make([]string, 0, 2*len(g.Nodes))
	for _, n := range g.Nodes {
		names = append(names, n.Name)
	}
	for _, n := range g.Nodes {
		if n.Zone != "" {
			names = append(names, n.Zone)
		}
	}
	short := Shorten(names)
	g.Nodes = slices.Clone(g.Nodes)
	for i := range g.Nodes {
		g.Nodes[i].Name, g.Nodes[i].Zone = short(g.Nodes[i].Name), short(g.Nodes[i].Zone)
	}
	g.Clusters = slices.Clone(g.Clusters)
	for i := range g.Clusters {
		g.Clusters[i] = short(g.Clusters[i])
	}
	g.changes = slices.Clone(g.changes)
	for i := range g.changes {
		g.changes[i].from, g.changes[i].to = short(g.changes[i].from), short(g.changes[i].to)
	}
	// Names that look the same are numbered wherever they stand, as those in the picture are.
	for i, s := range labels(g.names(), math.MaxInt) {
		g.Nodes[i].note = s[len(visible(g.Nodes[i].Name)):]
	}
	return g
}

// words is the graph for those who do not see it, and the answer of a terminal.
func (g Graph) words() string {
	g = g.short()
	var b strings.Builder
	order := g.byWeight()
	fmt.Fprintf(&b, "%s: %s, %s\n", g.kind(), plural(len(g.Nodes), "source"), plural(len(order), "link"))
	names := func(m []int) string {
		var list []string
		for _, i := range m {
			list = append(list, g.Nodes[i].shown())
		}
		if more := len(list) - namesListed; more > 0 {
			list = append(list[:namesListed], fmt.Sprintf("and %d more", more))
		}
		return strings.Join(list, ", ")
	}
	clusters, alone := g.members()
	for _, m := range clusters {
		fmt.Fprintf(&b, "%s: %s\n", g.clusterName(g.Nodes[m[0]].Cluster), names(m))
	}
	if len(alone) > 0 {
		fmt.Fprintf(&b, "alone: %s\n", names(alone))
	}
	for _, z := range g.zones() {
		fmt.Fprintf(&b, "zone %s: %s\n", visible(z.name), names(z.nodes))
	}
	for k, i := range order {
		if k == 0 {
			fmt.Fprintf(&b, "strongest links (%s):\n", g.weightName())
		}
		if k == linksListed {
			fmt.Fprintf(&b, "  and %d weaker\n", len(order)-k)
			break
		}
		b.WriteString("  " + g.edgeWords(i) + "\n")
	}
	return b.String()
}

// edgeWords is what a link shows when it is pointed at.
func (g Graph) edgeWords(i int) string {
	e := g.Edges[i]
	if g.changes != nil {
		a := g.changes[i]
		return fmt.Sprintf("%s – %s: %s, %+.3f → %+.3f", visible(a.from), visible(a.to), a.what, a.before, a.after)
	}
	link := "–"
	if e.Leads {
		link = "→"
	}
	s := fmt.Sprintf("%+.3f  %s %s %s", e.Weight, g.Nodes[e.From].shown(), link, g.Nodes[e.To].shown())
	if e.Stability > 0 {
		s += fmt.Sprintf("  (in %.0f%% of resamples)", 100*e.Stability)
	}
	return s
}
