package figure

import (
	"math"

	"dtnotes/analysis/source"
)

// A legendItem is a sample and what it means. A group starts with bold text of its own, its head,
// and goes on up to the next one.
type legendItem struct {
	text   string
	head   bool
	sample length // width of the sample, 0 for none
	draw   func(p *page, at point)
	// node is the radius of the node that is the sample, 0 if it is another.
	node length
	// What flow sets: the size of the text, the width of the whole, and where it stands.
	size, width length
	row         int
	x           length
}

const (
	legendSize = 8.5
	legendRow  = 17
	// leastLegendSize is the size down to which a group that is wider than its row is written.
	leastLegendSize = 6.5
)

// flow gives every item its size, row and place within width and returns the height of all rows. A
// group stays on one row, so that no sample is read as belonging to what stands above it. One that
// is too wide for a row is written a little smaller and closer. If that is not enough, it is a
// column beside its head, with a row for each item.
func flow(p pen, items []legendItem, width length) length {
	x, row, column := length(0), 0, false
	for from, to := 0, 0; from < len(items); from = to {
		to = groupEnd(items, from)
		group := items[from:to]
		if group[0].head {
			group[0].text = p.fitBetween(group[0].text, legendSize, true, width*0.4)
		}
		wide := fitGroup(p, group, width)
		if column || x > 0 && x+6+wide > width {
			x, row = 0, row+1
		} else if x > 0 {
			x += 6
		}
		if column = wide > width; column {
			row = stack(p, group, row, width)
			continue
		}
		for i := range group {
			group[i].x, group[i].row = x, row
			x += group[i].width
		}
	}
	if len(items) == 0 {
		return 0
	}
	return length(row+1) * legendRow
}

// stack places the items of a group below each other beside their head, which is in the row that is
// given, and returns the last row. Text that is too wide is shortened.
func stack(p pen, group []legendItem, row int, width length) int {
	indent := length(0)
	if head := &group[0]; head.head {
		head.x, head.row, indent = 0, row, head.width
		group = group[1:]
	}
	room := width - indent
	for i := range group {
		room = min(room, width-indent-group[i].beside())
	}
	texts := p.fitApart(group, room)
	for i := range group {
		group[i].text = texts[i]
		group[i].x, group[i].row = indent, row+i
	}
	measureGroup(p, group, legendSize)
	return row + max(0, len(group)-1)
}

// beside is what an item takes to the left of its text.
func (it legendItem) beside() length {
	if it.sample > 0 {
		return it.sample + 4
	}
	return 0
}

// fitApart returns the texts of items, shortened so that none is wider than room and those that
// differ still look different.
func (p pen) fitApart(items []legendItem, room length) []string {
	texts := make([]string, len(items))
	for i, it := range items {
		texts[i] = it.text
	}
	widest := func(of []string) length {
		w := length(0)
		for _, s := range of {
			w = max(w, p.width(s, legendSize, false))
		}
		return w
	}
	if widest(texts) <= room {
		return texts // samples without text, too
	}
	out := texts
	for n := nameLength; n >= 4 && widest(out) > room; n-- {
		out = labels(texts, n)
	}
	return out
}

// groupEnd returns where the group ends that begins at from.
func groupEnd(items []legendItem, from int) int {
	to := from + 1
	for to < len(items) && !items[to].head {
		to++
	}
	return to
}

// fitGroup sets the size and the width of each item of a group, and returns the width of the group.
// The size is the largest at which the group is no wider than a row, but the usual one if there is
// none.
func fitGroup(p pen, group []legendItem, width length) length {
	for size := length(legendSize); size >= leastLegendSize; size -= 0.25 {
		if wide := measureGroup(p, group, size); wide <= width {
			return wide
		}
	}
	return measureGroup(p, group, legendSize)
}

// measureGroup sets the width of each item at a size of text, and returns that of all of them.
// Smaller text stands closer, too.
func measureGroup(p pen, group []legendItem, size length) length {
	space := 12 - length(3*(legendSize-size)) // behind an item
	wide := length(0)
	for i := range group {
		it := &group[i]
		it.size, it.width = size, it.beside()+p.width(it.text, size, it.head)+space
		if it.head {
			it.width -= space / 2
		}
		if it.text == "" {
			it.width -= space / 2
		}
		wide += it.width
	}
	return wide
}

// drawLegend draws items whose rows start below top.
func drawLegend(p *page, items []legendItem, x, top length) {
	for _, it := range items {
		at := point{X: x + it.x, Y: top - length((length(it.row)+0.5)*legendRow)}
		if it.node > 0 {
			p.node(source.Process, point{X: at.X + it.sample/2, Y: at.Y}, it.node, p.neutral)
		}
		if it.draw != nil {
			it.draw(p, at)
		}
		if it.sample > 0 {
			at.X += it.sample + 4
		}
		l := label{text: it.text, size: it.size, bold: it.head, color: p.ink}
		if !it.head {
			l.color = p.muted
		}
		p.write(at, l)
	}
}

// legend returns the items that explain the graph and the height they take.
func (g Graph) legend(p pen, width length) ([]legendItem, length) {
	var items []legendItem
	items = append(items, g.edgeLegend()...)
	items = append(items, g.nodeLegend()...)
	items = append(items, ruleLegend(p, legendItem{text: "link"}, g.Rule, width)...)
	return items, flow(p, items, width-2*pageMargin)
}

// ruleLegend says which rule had to be met for something to be drawn, in several lines if the rule
// is too long for one.
func ruleLegend(p pen, head legendItem, rule string, width length) []legendItem {
	if rule == "" {
		return nil
	}
	head.head = true
	items := []legendItem{head, {text: line1(rule)}}
	row := width - 2*pageMargin
	if fitGroup(p, items, row) <= row {
		return items
	}
	room := row - items[0].width
	items = items[:1]
	for _, l := range p.wrap(line1(rule), legendSize, room) {
		items = append(items, legendItem{text: l})
	}
	return items
}

// weightSteps returns up to three round sizes that show the scale of the edges. Each is at least a
// fifth larger than the one before, since otherwise they would look the same.
func (g Graph) weightSteps() []float64 {
	most := g.heaviest()
	steps := []float64{}
	for _, f := range []float64{0.12, 0.45, 1} {
		v := nice(most * f)
		if len(steps) == 0 || v > steps[len(steps)-1]*1.2 {
			steps = append(steps, v)
		}
	}
	return steps
}

func (g Graph) edgeLegend() []legendItem {
	var negative, unstable, leads, some bool
	for _, e := range g.Edges {
		some = some || e.Weight != 0
		negative = negative || e.Weight < 0
		unstable = unstable || e.Stability > 0
		leads = leads || e.Leads
	}
	if !some {
		return nil
	}
	if g.changes != nil {
		return g.changeLegend()
	}
	line := func(w, stability float64) func(*page, point) {
		return func(p *page, at point) {
			p.line(g.edgeStyle(p.colors).weight(w, stability), at, point{X: at.X + 24, Y: at.Y})
		}
	}
	items := []legendItem{{text: g.weightName(), head: true}}
	for _, v := range g.weightSteps() {
		items = append(items, legendItem{text: si(v), sample: 24, draw: line(v, 0)})
	}
	// Samples that do not explain size all have the same size.
	mid := nice(g.heaviest() * 0.6)
	if negative {
		items = append(items, legendItem{text: "negative", sample: 24, draw: line(-mid, 0)})
	}
	if unstable {
		items = append(items, legendItem{text: "in a quarter of resamples", sample: 24, draw: line(mid, 0.25)})
	}
	if leads {
		items = append(items, legendItem{text: "leads", sample: 24, draw: func(p *page, at point) {
			style := g.edgeStyle(p.colors)
			s := style.weight(mid, 0)
			p.line(s, at, p.arrow(at, point{X: at.X + 24, Y: at.Y}, 0, style.headSize(s), s))
		}})
	}
	return items
}

// changeLegend explains the edges of a difference.
func (g Graph) changeLegend() []legendItem {
	there := map[change]bool{}
	for _, a := range g.changes {
		there[a.what] = true
	}
	items := []legendItem{{text: "link", head: true}}
	for _, what := range []change{gained, stronger, weaker, lost, reversed, same} {
		if there[what] {
			items = append(items, legendItem{text: what.String(), sample: 24, draw: func(p *page, at point) {
				p.line(changeStroke(p.colors, what, 0.6, 1), at, point{X: at.X + 24, Y: at.Y})
			}})
		}
	}
	return items
}

func (g Graph) nodeLegend() []legendItem {
	var items []legendItem
	origins := map[source.Origin]bool{}
	most := 0.0
	for _, n := range g.Nodes {
		origins[n.Origin] = true
		most = math.Max(most, n.Activity)
	}
	if most > 0 {
		unit := "activity"
		if g.Unit != "" {
			unit = g.Unit
		}
		items = append(items, legendItem{text: unit, head: true})
		largest := 17 - float64(8*math.Min(1, float64(len(g.Nodes))/120))
		for _, f := range []float64{0.1, 1} {
			v := nice(most * f)
			r := min(g.radius(v, most, largest), legendRow/2)
			// The circle is higher than its row: the legend then shows the largest activity whose
			// circle fits, and says which activity that is.
			if g.radius(v, most, largest) > legendRow/2 {
				v = most * (float64(r*r) - leastRadius*leastRadius) / (float64(largest*largest) - leastRadius*leastRadius)
				v = nice(v)
				r = g.radius(v, most, largest)
			}
			if n := len(items); f == 1 && items[n-1].text == si(v) {
				continue
			}
			items = append(items, legendItem{text: si(v), sample: 2 * r, node: r})
		}
	}
	if len(origins) > 1 {
		items = append(items, legendItem{text: "origin", head: true})
		for _, o := range source.Origins() {
			if origins[o] {
				items = append(items, legendItem{text: o.String(), sample: 11, draw: func(p *page, at point) {
					p.node(o, point{X: at.X + 5.5, Y: at.Y}, 5, p.neutral)
				}})
			}
		}
	}
	items = append(items, g.zoneLegend()...)
	return append(items, g.clusterLegend()...)
}

// clustersNamed is the number of colors that there are. Further clusters, and further zones, are in
// the picture but not in the legend.
const clustersNamed = 12

func (g Graph) clusterLegend() []legendItem {
	clusters, alone := g.members()
	if len(clusters) == 0 {
		return nil
	}
	items := []legendItem{{text: "cluster", head: true}}
	named := len(g.Clusters) > 0
	var names []string
	for _, m := range clusters[:min(len(clusters), clustersNamed)] {
		names = append(names, g.clusterName(g.Nodes[m[0]].Cluster))
	}
	names = labels(names, nameLength)
	for k := range names {
		it := legendItem{sample: 9, draw: func(p *page, at point) {
			p.node(source.Process, point{X: at.X + 4.5, Y: at.Y}, 4.5, p.cluster(k))
		}}
		if named {
			it.text = names[k]
		}
		items = append(items, it)
	}
	if len(alone) > 0 {
		items = append(items, legendItem{text: "in none", sample: 9, draw: func(p *page, at point) {
			p.node(source.Process, point{X: at.X + 4.5, Y: at.Y}, 4.5, p.neutral)
		}})
	}
	return items
}
