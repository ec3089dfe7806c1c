package figure

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"dtnotes/analysis/source"
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

// hexOf writes a gray as CSS and DOT read it.
func hexOf(gray uint8) string { return fmt.Sprintf("#%02x%02x%02x", gray, gray, gray) }

// number writes a value with as many digits as it takes to read the same back.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// dotQuote writes a string as DOT reads it back: only the quote and the backslash are special.
// Bytes that are not UTF-8 are replaced, since Graphviz refuses a file that holds some.
func dotQuote(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// dotShape is the shape of Graphviz that comes nearest to the shape that the picture has for an
// origin.
func dotShape(o source.Origin) string {
	switch o {
	case source.Zone:
		return "doublecircle"
	case source.Platform:
		return "hexagon"
	case source.Storage:
		return "square"
	case source.Network:
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

// WriteJSON writes the graph as node-link JSON, as d3 and NetworkX read it: nodes by index, with
// the positions where they are drawn in points.
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

// Vega returns the graph as a Vega 5 specification, in which nodes and links show their numbers, a
// node shows its neighbors, a name can be found, and everything can be moved and enlarged. It is
// nil for a graph that is drawn by hand or cannot be drawn.
func (g Graph) Vega() []byte { return live(g, g.vega) }

func (g Graph) vega() *vega {
	g = g.short()
	p := pen{}
	_, legend := g.legend(p, g.pageWidth())
	pl := g.place(p, legend)
	ways := g.routes(pl)
	top := pl.frame.Max.Y
	v := &vega{colors: g.colors(), width: px(pl.w - 2*pageMargin), height: px(pl.frame.Size().Y),
		words: fmt.Sprintf("%s: %s, %s", g.kind(), plural(len(g.Nodes), "source"), plural(len(g.byWeight()), "link"))}
	// Vega's y grows downwards, from the upper left corner of what is drawn.
	here := func(q point) (float64, float64) { return px(q.X - pageMargin), px(top - q.Y) }
	fills := g.nodeColors(v.colors)
	var nodes [][]string
	for i, n := range g.Nodes {
		x, y := here(pl.at[i])
		text, dx, dy := "", 0.0, 0.0
		if l := pl.labels[i]; !l.hidden() {
			lx, ly := here(l.box.Min.Add(l.box.Max).Scale(0.5))
			text, dx, dy = l.text, lx-x, ly-y
		}
		activity := ""
		if n.Activity > 0 {
			activity = si(n.Activity)
			if g.Unit != "" {
				activity += " " + g.Unit
			}
		}
		group := "alone"
		if n.Cluster >= 0 {
			group = g.clusterName(n.Cluster)
		}
		// Vega sizes symbols by their area.
		size := math.Pi * px(pl.radius[i]) * px(pl.radius[i])
		origin := n.Origin.String()
		if n.Zone != "" && n.Zone != source.Global {
			origin += ", zone " + visible(n.Zone)
		}
		nodes = append(nodes, []string{strconv.Itoa(i), n.shown(), text, tenths(x), tenths(y), tenths(dx), tenths(dy),
			tenths(size), css(fills[i]), vegaShape(n.Origin), origin, activity, group})
	}
	far := v.find("a source", "datum.name")
	v.signals = append(v.signals, obj{"name": "over", "value": -1, "on": []obj{
		{"events": "@node:pointerover", "update": "datum.id"}, {"events": "@node:pointerout", "update": "-1"}}})
	v.panXY()
	v.table("nodes", []string{"id", "name", "label", "x", "y", "dx", "dy", "size", "fill", "shape", "origin", "activity", "group"},
		[]string{"id", "x", "y", "dx", "dy", "size"}, nodes)
	style := g.edgeStyle(v.colors)
	var edges [][]string
	order := g.byWeight()
	// The strongest is drawn last, so that it is on top.
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		e := g.Edges[i]
		if ways[i] == nil {
			continue
		}
		s := style.edge(g, i)
		dash := ""
		if len(s.dash) > 0 {
			dash = fmt.Sprintf("%s,%s", tenths(px(s.dash[0])), tenths(px(s.dash[1])))
		}
		stable := "unknown"
		if e.Stability > 0 {
			stable = fmt.Sprintf("%.0f%% of resamples", 100*e.Stability)
		}
		if g.changes != nil {
			stable = fmt.Sprint(g.changes[i].what)
		}
		path := ""
		for k, q := range ways[i] {
			x, y := here(q)
			path += map[bool]string{true: "M", false: "L"}[k == 0] + tenths(x) + "," + tenths(y)
		}
		edges = append(edges, []string{path, strconv.Itoa(e.From), strconv.Itoa(e.To), fmt.Sprintf("%+.3f", e.Weight), stable,
			tenths(px(s.width)), css(s.color.(color.NRGBA)), dash})
	}
	v.table("edges", []string{"path", "s", "t", "weight", "stable", "width", "color", "dash"}, []string{"s", "t", "width"}, edges,
		obj{"type": "lookup", "from": "nodes", "key": "id", "fields": []string{"s", "t"}, "as": []string{"a", "b"}})
	v.data = append(v.data, obj{"name": "near", "source": "edges", "transform": []obj{
		{"type": "filter", "expr": "datum.s===over||datum.t===over"}, {"type": "formula", "as": "o", "expr": "datum.s===over?datum.t:datum.s"}}})
	v.scales = []obj{
		{"name": "xs", "type": "linear", "domain": sig("xdom"), "range": []float64{0, v.width}, "zero": false},
		{"name": "ys", "type": "linear", "domain": sig("ydom"), "range": []float64{0, v.height}, "zero": false},
	}
	// If the pointer is on a node, its neighbors and its links stay, and all others fade.
	ends := "(over===datum.s || over===datum.t)"
	lit := "(over<0 || over===datum.id || indata('near','o',datum.id)) && !" + far
	tip := `{title:datum.a.name+' – '+datum.b.name,"` + jsEscape(g.weightName()) + `":datum.weight,stability:datum.stable}`
	if g.changes != nil {
		tip = `{title:datum.a.name+' – '+datum.b.name,change:datum.weight,what:datum.stable}`
	}
	var grounds [][]string
	for k, z := range g.zones() {
		ground, _ := v.colors.hullOf(k)
		grounds = append(grounds, []string{g.hull(pl, z).svg(pl, here), css(ground)})
	}
	var marks []obj
	if len(grounds) > 0 {
		v.table("grounds", []string{"path", "fill"}, nil, grounds)
		marks = append(marks, obj{"type": "path", "interactive": false, "from": obj{"data": "grounds"}, "encode": obj{"update": obj{
			"path": obj{"field": "path"}, "x": sig("scale('xs',0)"), "y": sig("scale('ys',0)"),
			"scaleX": sig("width/span(xdom)"), "scaleY": sig("height/span(ydom)"), "fill": obj{"field": "fill"},
		}}})
	}
	marks = append(marks,
		obj{"name": "edge", "type": "path", "from": obj{"data": "edges"}, "encode": obj{"update": obj{
			"path": obj{"field": "path"}, "x": sig("scale('xs',0)"), "y": sig("scale('ys',0)"),
			"scaleX": sig("width/span(xdom)"), "scaleY": sig("height/span(ydom)"),
			"stroke": sig(ends + " ? '" + css(v.colors.ink) + "' : datum.color"), "strokeWidth": sig("datum.width*span(xdom)/width"),
			"strokeDash": sig("datum.dash ? split(datum.dash,',') : null"),
			"opacity":    sig("over<0 && !find ? 1 : " + ends + " ? 1 : 0.1"), "tooltip": sig(tip),
		}}},
		obj{"name": "node", "type": "symbol", "from": obj{"data": "nodes"}, "encode": obj{"update": obj{
			"x": at("xs", "x"), "y": at("ys", "y"), "size": obj{"field": "size"}, "shape": obj{"field": "shape"}, "fill": obj{"field": "fill"},
			"stroke": val(css(v.colors.paper)), "cursor": val("pointer"), "opacity": sig(lit + " ? 1 : 0.12"),
			"description": sig("datum.name+', '+datum.activity"),
			"tooltip":     sig("{title:datum.name,origin:datum.origin,activity:datum.activity,group:datum.group}"),
		}}},
		obj{"type": "text", "interactive": false, "from": obj{"data": "nodes"}, "encode": obj{"update": obj{
			"x": obj{"scale": "xs", "field": "x", "offset": obj{"field": "dx"}}, "y": obj{"scale": "ys", "field": "y", "offset": obj{"field": "dy"}},
			"text": obj{"field": "label"}, "align": val("center"), "baseline": val("middle"), "fontSize": val(px(pl.size)),
			"fill": val(css(v.colors.ink)), "opacity": sig(lit + " ? 1 : 0.08"),
		}}},
	)
	v.marks = []obj{pane(marks...)}
	if s := g.leftOut(pl, ways); s != "" {
		v.words += "; " + s
		v.marks = append(v.marks, obj{"type": "text", "interactive": false, "encode": obj{"update": obj{
			"x": sig("width"), "y": sig("height"), "dy": val(px(8)), "align": val("right"), "text": val(s), "fontSize": val(px(8)), "fill": val(css(v.colors.muted)),
		}}})
	}
	return v
}
