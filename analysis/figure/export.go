package figure

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteDOT writes the graph in Graphviz's language, undirected, every node with its position in
// points as neato -n takes it.
func (g Graph) WriteDOT(w io.Writer) error {
	if err := g.check(); err != nil {
		return fmt.Errorf("writing graph as DOT: %w", err)
	}
	b := bufio.NewWriter(w)
	fills := g.nodeColors(g.colors())
	fmt.Fprintf(b, "graph %s {\n", dotQuote(g.Title))
	fmt.Fprintf(b, "\tnode [shape=circle, style=filled, fontname=\"Helvetica\"];\n")
	for i, n := range g.Placed().Nodes {
		c := fills[i]
		zone := ""
		if n.Zone != "" {
			zone = "zone=" + dotQuote(visible(n.Zone)) + ", "
		}
		fmt.Fprintf(b, "\tn%d [label=%s, cluster=%d, activity=%s, origin=%s, %sshape=%s, fillcolor=\"#%02x%02x%02x\", fontcolor=%q, pos=\"%.2f,%.2f!\"];\n",
			i, dotQuote(visible(n.Name)), n.Cluster, number(n.Activity), dotQuote(n.Origin.String()), zone, dotShape(n.Origin),
			c.R, c.G, c.B, hexOf(readableOn(c).R), n.X, n.Y)
	}
	style := g.edgeStyle(g.colors())
	for i, e := range g.Edges {
		if e.Weight == 0 {
			continue
		}
		s := style.edge(g, i)
		line, dir := "solid", "none"
		if e.Weight < 0 {
			line = "dashed"
		}
		if e.Leads {
			dir = "forward"
		}
		fmt.Fprintf(b, "\tn%d -- n%d [weight=%s, stability=%s, penwidth=%.2f, style=%s, dir=%s];\n",
			e.From, e.To, number(e.Weight), number(e.Stability), float64(s.width), line, dir)
	}
	b.WriteString("}\n")
	return b.Flush()
}

func hexOf(gray uint8) string { return fmt.Sprintf("#%02x%02x%02x", gray, gray, gray) }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// dotQuote writes a string as DOT reads it back: only the quote and the backslash are special.
func dotQuote(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func dotShape(o Origin) string {
	switch o {
	case Zone:
		return "doublecircle"
	case Platform:
		return "hexagon"
	case Storage:
		return "square"
	case Network:
		return "diamond"
	}
	return "circle"
}

// WriteGraphML writes the graph as GraphML, as Gephi, yEd and NetworkX read it.
func (g Graph) WriteGraphML(w io.Writer) error {
	if err := g.check(); err != nil {
		return fmt.Errorf("writing graph as GraphML: %w", err)
	}
	b := bufio.NewWriter(w)
	b.WriteString(xml.Header)
	b.WriteString(`<graphml xmlns="http://graphml.graphdrawing.org/xmlns">` + "\n")
	for _, k := range []struct{ id, on, kind string }{
		{"name", "node", "string"}, {"cluster", "node", "int"}, {"activity", "node", "double"},
		{"origin", "node", "string"}, {"zone", "node", "string"}, {"x", "node", "double"}, {"y", "node", "double"},
		{"weight", "edge", "double"}, {"stability", "edge", "double"}, {"leads", "edge", "boolean"},
	} {
		fmt.Fprintf(b, "  <key id=%q for=%q attr.name=%q attr.type=%q/>\n", k.id, k.on, k.id, k.kind)
	}
	b.WriteString(`  <graph edgedefault="undirected">` + "\n")
	value := func(key, v string) {
		fmt.Fprintf(b, "<data key=%q>", key)
		xml.EscapeText(b, []byte(v)) // a bufio.Writer keeps its error for Flush
		b.WriteString("</data>")
	}
	for i, n := range g.Placed().Nodes {
		fmt.Fprintf(b, `    <node id="n%d">`, i)
		value("name", visible(n.Name))
		value("cluster", strconv.Itoa(n.Cluster))
		value("activity", number(n.Activity))
		value("origin", n.Origin.String())
		if n.Zone != "" {
			value("zone", visible(n.Zone))
		}
		value("x", number(n.X))
		value("y", number(n.Y))
		b.WriteString("</node>\n")
	}
	for _, e := range g.Edges {
		if e.Weight == 0 {
			continue
		}
		fmt.Fprintf(b, `    <edge source="n%d" target="n%d" directed="%t">`, e.From, e.To, e.Leads)
		value("weight", number(e.Weight))
		value("stability", number(e.Stability))
		value("leads", strconv.FormatBool(e.Leads))
		b.WriteString("</edge>\n")
	}
	b.WriteString("  </graph>\n</graphml>\n")
	return b.Flush()
}

type jsonNode struct {
	ID       int     `json:"id"`
	Name     string  `json:"name"`
	Cluster  int     `json:"cluster"`
	Activity float64 `json:"activity"`
	Origin   string  `json:"origin"`
	Zone     string  `json:"zone,omitempty"`
	X        float64 `json:"x"`
	Y        float64 `json:"y"`
}

type jsonEdge struct {
	Source    int     `json:"source"`
	Target    int     `json:"target"`
	Weight    float64 `json:"weight"`
	Stability float64 `json:"stability,omitempty"`
	Leads     bool    `json:"leads,omitempty"`
}

// WriteJSON writes the graph as node-link JSON, as d3 and NetworkX read it: nodes by index, with the
// positions where they are drawn in points.
func (g Graph) WriteJSON(w io.Writer) error {
	if err := g.check(); err != nil {
		return fmt.Errorf("writing graph as JSON: %w", err)
	}
	out := struct {
		Title      string     `json:"title,omitempty"`
		Unit       string     `json:"unit,omitempty"`
		WeightName string     `json:"weight_name"`
		Directed   bool       `json:"directed"`
		Nodes      []jsonNode `json:"nodes"`
		Edges      []jsonEdge `json:"edges"`
	}{Title: g.Title, Unit: g.Unit, WeightName: g.weightName(), Edges: []jsonEdge{}}
	for i, n := range g.Placed().Nodes {
		name := n.Name
		if !utf8.ValidString(name) { // which JSON cannot hold
			name = visible(name)
		}
		out.Nodes = append(out.Nodes, jsonNode{i, name, n.Cluster, n.Activity, n.Origin.String(), strings.ToValidUTF8(n.Zone, "\ufffd"), n.X, n.Y})
	}
	for _, e := range g.Edges {
		if e.Weight != 0 {
			out.Edges = append(out.Edges, jsonEdge{e.From, e.To, e.Weight, e.Stability, e.Leads})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
