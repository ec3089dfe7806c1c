package figure

import (
	"context"
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/manifold"
)

// A placement is where everything of a graph stands on the page.
type placement struct {
	w, h   length
	frame  vg.Rectangle // of nodes and labels
	at     []point
	radius []length // of the circle with a node's area
	reach  []length // from a node's center to its farthest corner
	// clearance is how far edges keep away from nodes beyond their reach.
	clearance length
	size      length // of labels
	labels    []nodeLabel
	// alone is the top of the band of nodes without a link, or 0 if there is no such band below
	// other nodes.
	alone length
	// scale is how much smaller nodes are than on a page with room for them.
	scale length
	// noLegend says that the page is too low for a legend.
	noLegend bool
	lattices [len(latticeSteps)]*lattice // nil before they are needed
}

// nodeLabel is the label of a node. If it has no box, it did not fit.
type nodeLabel struct {
	text string
	box  vg.Rectangle
	// leader says that the label stands off its node, to which a line leads.
	leader bool
}

func (l nodeLabel) hidden() bool { return l.box == (vg.Rectangle{}) }

// hidden counts the labels that did not fit.
func (p *placement) hidden() int {
	n := 0
	for _, l := range p.labels {
		if l.hidden() {
			n++
		}
	}
	return n
}

const (
	graphWidth   = 600 // points, 800 CSS pixels
	labelGap     = 2   // between a node and its label
	bodyMargin   = 2.5 // around a node with its label
	leastRadius  = 4.5
	nameLength   = 28 // characters of a name that are drawn
	leastLabel   = 5.5
	fixedInset   = 34 // of nodes at fixed positions from the frame
	blockGap     = 14
	graphLabelLo = 8
)

// labelSizeFor returns the size of labels that suits n nodes, in points: the more nodes, the
// smaller.
func labelSizeFor(n int) length {
	switch {
	case n <= 30:
		return 10
	case n <= 80:
		return 9
	}
	return graphLabelLo
}

// radii returns the nodes' radii: areas grow with activity from a least size.
func (g Graph) radii() []length {
	most := 0.0
	for _, n := range g.Nodes {
		most = math.Max(most, n.Activity)
	}
	// The largest radius is between 17 points for a few nodes and 9 points for 120 and more.
	largest := 17 - float64(8*math.Min(1, float64(len(g.Nodes))/120))
	out := make([]length, len(g.Nodes))
	for i, n := range g.Nodes {
		out[i] = g.radius(n.Activity, most, largest)
	}
	return out
}

// radius returns the radius of a node with such an activity, where the most active node has the
// largest. The area beyond that of the least radius is proportional to activity, since areas are
// what eyes compare.
func (g Graph) radius(activity, most, largest float64) length {
	if most == 0 {
		return 7
	}
	return length(math.Sqrt(leastRadius*leastRadius + (float64(largest*largest)-leastRadius*leastRadius)*activity/most))
}

func (g Graph) links() []link {
	most := g.heaviest()
	var out []link
	for _, e := range g.Edges {
		if e.Weight != 0 {
			out = append(out, link{e.From, e.To, math.Abs(e.Weight) / most})
		}
	}
	return out
}

// starts returns the positions that the nodes come with, or nil if they come with none.
func (g Graph) starts() []vec {
	out := make([]vec, len(g.Nodes))
	any := false
	for i, n := range g.Nodes {
		out[i] = vec{n.X, n.Y}
		any = any || n.X != 0 || n.Y != 0
	}
	if !any {
		return nil
	}
	return out
}

// place finds where everything stands. It leaves room for a legend below the frame.
func (g Graph) place(p pen, legend length) *placement {
	pl := &placement{w: g.pageWidth(), radius: g.radii(), size: labelSizeFor(len(g.Nodes)), clearance: p.clearance(), scale: 1}
	if pl.noLegend = g.Height > 0 && g.crowds(legend); pl.noLegend {
		legend = 0
	}
	pl.reach = make([]length, len(g.Nodes))
	for i, n := range g.Nodes {
		pl.reach[i] = reachOf(n, pl.radius[i])
	}
	pl.at = make([]point, len(g.Nodes))
	pl.labels = make([]nodeLabel, len(g.Nodes))
	for i, s := range labels(g.names(), nameLength) {
		pl.labels[i].text = s
	}
	top := g.heading() + pageMargin
	bottom := legend + pageMargin
	if g.Fixed && g.starts() != nil {
		g.placeFixed(pl, top, bottom)
		g.placeLabels(p, pl)
		return pl
	}
	// On a page without any room, all is in one spot, and none of the links are drawn.
	room, limit := max(1, float64(pl.w)-2*pageMargin), 0.0
	if g.Height > 0 {
		limit = max(1, float64(g.Height-top-bottom))
	}
	height, alone := g.placeFree(p, pl, room, limit)
	pl.h = g.Height
	if pl.h <= 0 {
		pl.h = length(height) + top + bottom
	}
	pl.frame = rect(pageMargin, bottom, pl.w-pageMargin, pl.h-top)
	for i := range pl.at {
		pl.at[i] = pl.at[i].Add(pl.frame.Min)
	}
	if alone > 0 && alone < height-1 {
		pl.alone = length(alone) + pl.frame.Min.Y
	}
	g.placeLabels(p, pl)
	return pl
}

// crowds reports whether a legend takes the room that the nodes need: most of the page, or more
// than a quarter where nodes stand so close beside it that links hardly find a way.
func (g Graph) crowds(legend length) bool {
	const close = 20 // points in each direction for each node
	rest := g.pageWidth() * (g.Height - legend)
	return legend > 0.55*g.Height || legend > g.Height/4 && rest < close*close*length(len(g.Nodes))
}

// placeFixed keeps the nodes' positions relative to each other.
func (g Graph) placeFixed(pl *placement, top, bottom length) {
	pos := g.starts()
	lo, hi := bounds(pos)
	dx, dy := math.Max(hi.x-lo.x, 1e-9), math.Max(hi.y-lo.y, 1e-9)
	pl.h = g.Height
	if g.placeOnPage(pl, top, bottom) {
		return
	}
	if pl.h <= 0 {
		aspect := math.Max(0.3, math.Min(2, dy/dx))
		pl.h = top + bottom + 2*fixedInset + length((pl.w-2*pageMargin-2*fixedInset)*length(aspect))
	}
	pl.frame = rect(pageMargin, bottom, pl.w-pageMargin, pl.h-top)
	in := rect(pl.frame.Min.X+fixedInset, pl.frame.Min.Y+fixedInset, pl.frame.Max.X-fixedInset, pl.frame.Max.Y-fixedInset)
	k := math.Min(float64(in.Size().X)/dx, float64(in.Size().Y)/dy)
	mid := in.Min.Add(in.Max).Scale(0.5)
	for i, q := range pos {
		pl.at[i] = mid.Add(canvas.Scaled(point{X: length(q.x - (lo.x+hi.x)/2), Y: length(q.y - (lo.y+hi.y)/2)}, length(k)))
	}
}

// placeOnPage places nodes whose positions are points on the page already; it reports whether they
// are, which means right of the page's left edge, below its top, no wider than the page, and not
// all in a corner.
func (g Graph) placeOnPage(pl *placement, top, bottom length) bool {
	pos := g.starts()
	lo, hi := bounds(pos)
	// Positions in another unit, such as those of an embedding around 0, are small compared with a
	// page.
	if lo.x < 0 || hi.x > float64(pl.w) || hi.y > 0 || lo.y < -mostSize || len(pos) > 1 && hi.sub(lo).norm() < float64(pl.w)/8 {
		return false
	}
	low := 0.0
	for i, q := range pos {
		low = math.Min(low, q.y-float64(pl.reach[i]))
	}
	if need := top + bottom + length(-low) + length(1.5*pl.size); g.Height <= 0 {
		pl.h = need
	} else if need > g.Height {
		return false
	}
	pl.frame = rect(pageMargin, bottom, pl.w-pageMargin, pl.h-top)
	for i, q := range pos {
		pl.at[i] = point{X: length(q.x), Y: pl.frame.Max.Y + length(q.y)}
	}
	return true
}

// placeFree lays the nodes out within a width, from y = 0 upwards, and returns the height they
// take and the top of the band of nodes without a link. If limit is positive it makes labels
// smaller, leaves labels out, and at last makes nodes smaller, until they fit that height, and
// spreads them over it.
func (g Graph) placeFree(p pen, pl *placement, width, limit float64) (height, alone float64) {
	links := g.links()
	comps, arranged := g.arrange(links)
	headroom := float64(p.lineHeight(pl.size)) // for labels above the topmost nodes
	shrunk := 1.0
	// This is how many times the area of its bodies a component takes. Links need room, which there
	// is when nodes are few.
	roomy := 4.2 - float64(1.6*math.Min(1, float64(len(g.Nodes))/150))
	busy := g.byActivity()
	for try := 0; ; try++ {
		if len(busy) == 0 && limit > 0 {
			headroom = 0
		}
		// Nodes are made smaller by a page that is so much larger for the layout.
		width, limit := width/shrunk, limit/shrunk
		if limit > 0 {
			limit = max(limit-headroom, 1e-3)
		}
		bodies := g.bodies(p, pl, width, shrunk)
		rows := g.loners(comps, bodies, width)
		alone = rowsHeight(rows, bodies)
		// What is more than the page is not worth a try.
		if last := try == 200; limit <= 0 || last || area(bodies, comps) <= float64(width*(limit-alone)) {
			blocks := layoutBlocks(comps, arranged, bodies, links, width, roomy)
			top := pack(blocks, width, blockGap)
			// Blocks that are just too wide to stand side by side leave much of the page empty.
			if top > 0.7*width && len(blocks) > 1 {
				closer := layoutBlocks(comps, arranged, bodies, links, width, 0.7*roomy)
				if t := pack(closer, width, blockGap); t < 0.65*top {
					blocks, top = closer, t
				}
			}
			height = top + alone
			if top > 0 && alone > 0 {
				height += blockGap
			}
			if limit <= 0 || height <= limit || last {
				g.settle(pl, blocks, rows, bodies, width, height, alone, limit)
				pl.shrink(length(shrunk), g.Nodes)
				return float64(shrunk * (math.Max(height, limit) + headroom)), shrunk * alone
			}
		}
		switch {
		// What is missed the least is given up first: room between nodes, then the size of labels,
		// then the labels of the least active nodes, and at last the size of nodes.
		case roomy > 1.5:
			roomy *= 0.8
		case pl.size > leastLabel:
			pl.size *= 0.9
		case len(busy) > 0:
			drop := max(1, len(busy)/4)
			for _, i := range busy[len(busy)-drop:] {
				pl.labels[i].text = ""
			}
			busy = busy[:len(busy)-drop]
		default:
			shrunk *= 0.85
		}
	}
}

// area is that of the bodies of nodes with links.
func area(bodies []body, comps [][]int) float64 {
	sum := 0.0
	for _, nodes := range comps {
		if len(nodes) == 1 {
			continue
		}
		for _, i := range nodes {
			sum += float64(2 * bodies[i].half * (bodies[i].up + bodies[i].down))
		}
	}
	return sum
}

// reachOf is how far the farthest corner of a node of radius r is from its center.
func reachOf(n Node, r length) length { return length(r*corner(n.Origin)) + rim(r) }

// shrink makes nodes, and what is between them, smaller.
func (pl *placement) shrink(by length, nodes []Node) {
	if pl.scale = by; by == 1 {
		return
	}
	for i, n := range nodes {
		pl.at[i] = canvas.Scaled(pl.at[i], by)
		pl.radius[i] *= by
		pl.reach[i] = reachOf(n, pl.radius[i])
	}
}

// settle writes the positions of a layout. Height that is left over goes between the nodes, which
// parts them further and never lets them overlap.
func (g Graph) settle(pl *placement, blocks []*block, rows [][]int, bodies []body, width, height, alone, limit float64) {
	if len(blocks) > 0 {
		top := 0.0
		lo := math.Inf(1)
		hiX := 0.0
		for _, b := range blocks {
			top, lo, hiX = math.Max(top, b.hi.y), math.Min(lo, b.lo.y), math.Max(hiX, b.hi.x)
		}
		shiftX := (width - hiX) / 2
		extra := math.Max(0, limit-height)
		for _, b := range blocks {
			for k, i := range b.nodes {
				y := b.pos[k].y + height - top
				if size := top - lo; size > 0 {
					y += extra * (b.pos[k].y - lo) / size
				}
				pl.at[i] = point{X: length(b.pos[k].x + shiftX), Y: length(y)}
			}
		}
	}
	y := alone
	if len(blocks) == 0 {
		y += math.Max(0, limit-height)
	}
	for _, row := range rows {
		up, down, used := 0.0, 0.0, 0.0
		for _, i := range row {
			up, down = math.Max(up, bodies[i].up), math.Max(down, bodies[i].down)
			used += float64(2 * bodies[i].half)
		}
		gap := math.Min(24, (width-used)/float64(len(row)+1))
		x := (width - used - float64(gap*float64(len(row)-1))) / 2
		for _, i := range row {
			pl.at[i] = point{X: length(x + bodies[i].half), Y: length(y - up)}
			x += float64(2*bodies[i].half) + gap
		}
		y -= up + down
	}
}

// byActivity returns the nodes, the most active first.
func (g Graph) byActivity() []int {
	order := make([]int, len(g.Nodes))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return g.Nodes[order[a]].Activity > g.Nodes[order[b]].Activity })
	return order
}

// bodies returns the nodes with their labels as the layout sees them, which are made smaller later.
func (g Graph) bodies(p pen, pl *placement, width, shrunk float64) []body {
	linked := make([]bool, len(g.Nodes))
	for _, e := range g.Edges {
		if e.Weight != 0 {
			linked[e.From], linked[e.To] = true, true
		}
	}
	// Between nodes with labels there is room for links. Nodes without keep lanes free, which get
	// narrower only where nodes are already so small that they can hardly be seen.
	lane := (float64(pl.clearance) + 1.2) / max(shrunk, 0.45)
	out := make([]body, len(g.Nodes))
	for i := range out {
		r := float64(reachOf(g.Nodes[i], pl.radius[i]*length(shrunk))) / shrunk
		margin := float64(bodyMargin)
		if linked[i] && pl.labels[i].text == "" {
			margin = lane
		}
		b := body{half: r, up: r + margin, down: r, radius: r}
		if pl.labels[i].text != "" {
			// A name that is wider than the page has no place on it.
			pl.labels[i].text = p.fitBetween(pl.labels[i].text, pl.size, false, length(width-2*bodyMargin))
			b.half = math.Max(r, float64(p.width(pl.labels[i].text, pl.size, false))/2+1)
			b.down += labelGap + float64(p.lineHeight(pl.size))
		}
		b.half += margin
		b.down += margin
		out[i] = b
	}
	return out
}

// loners breaks the nodes without a link into rows, clusters together, the most active first.
func (g Graph) loners(comps [][]int, bodies []body, width float64) [][]int {
	var order []int
	for _, c := range comps {
		if len(c) == 1 {
			order = append(order, c[0])
		}
	}
	sort.SliceStable(order, func(a, b int) bool {
		m, n := g.Nodes[order[a]], g.Nodes[order[b]]
		if m.Cluster != n.Cluster {
			return m.Cluster < n.Cluster
		}
		if m.Zone != n.Zone {
			return m.Zone < n.Zone
		}
		return m.Activity > n.Activity
	})
	var rows [][]int
	used := math.Inf(1)
	for _, i := range order {
		w := float64(2*bodies[i].half) + 6
		if used+w > width && used > 0 {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], i)
		used += w
	}
	// Rows of equal length look better than full rows and a short last one.
	return even(rows, order, bodies, width)
}

func even(rows [][]int, order []int, bodies []body, width float64) [][]int {
	if len(rows) < 2 {
		return rows
	}
	per := (len(order) + len(rows) - 1) / len(rows)
	var out [][]int
	for start := 0; start < len(order); start += per {
		row := order[start:min(start+per, len(order))]
		used := 0.0
		for _, i := range row {
			used += float64(2 * bodies[i].half)
		}
		if used > width {
			return rows
		}
		out = append(out, row)
	}
	return out
}

// rowsHeight is the height that settle needs for rows of bodies.
func rowsHeight(rows [][]int, bodies []body) float64 {
	h := 0.0
	for _, row := range rows {
		up, down := 0.0, 0.0
		for _, i := range row {
			up, down = math.Max(up, bodies[i].up), math.Max(down, bodies[i].down)
		}
		h += up + down
	}
	return h
}

// spot is a place for a label beside its node: offsets of the label's center in units of
// (radius + half the label) plus the gap.
var spots = []struct{ x, y, cost float64 }{
	{0, -1, 0}, {1, 0, 0.5}, {-1, 0, 0.8}, {0, 1, 0.6},
	{0.8, -0.8, 1.2}, {-0.8, -0.8, 1.3}, {0.8, 0.8, 1.3}, {-0.8, 0.8, 1.4},
}

// placeLabels chooses a spot for every label so that none covers a label, a node, or reaches out of
// the frame, and as few edges as possible run through it. Where a node stands free that is always
// possible beneath it; at fixed positions a label may move off its node, or stay away for lack of
// room.
func (g Graph) placeLabels(p pen, pl *placement) {
	segments := g.segments(pl)
	free := !(g.Fixed && g.starts() != nil)
	if free {
		for i := range pl.labels {
			if pl.labels[i].text != "" {
				pl.labels[i].box = g.labelBox(p, pl, i, spots[0].x, spots[0].y, 0)
			}
		}
	}
	order := g.byActivity()
	// The first labels were placed before the others were there. Three rounds let them move once
	// the others are.
	for range 3 {
		for _, i := range order {
			if pl.labels[i].text != "" {
				g.placeLabel(p, pl, i, segments, !free)
			}
		}
	}
}

func (g Graph) placeLabel(p pen, pl *placement, i int, segments []segment, far bool) {
	best, bestCost, leader := pl.labels[i].box, math.Inf(1), pl.labels[i].leader
	try := func(x, y, off, cost float64) {
		box := g.labelBox(p, pl, i, x, y, off)
		if cost >= bestCost || !pl.free(i, box) {
			return
		}
		for _, s := range segments {
			if l := inside(s.a, s.b, box); l > 0 {
				// An edge through a label costs more than any spot beside the node, and costs more
				// the longer and the stronger it is.
				cost += float64((3 + float64(0.3*l)) * (0.6 + float64(1.4*s.strength)))
			}
			if cost >= bestCost {
				return
			}
		}
		best, bestCost, leader = box, cost, off > 0
	}
	for _, s := range spots {
		try(s.x, s.y, 0, s.cost)
	}
	// A label moves away only if no spot beside the node is free of edges.
	if far && bestCost > 8 {
		for off := 8.0; off <= 120; off += 8 {
			for k := range 16 {
				s, c := math.Sincos(2 * math.Pi * float64(k) / 16)
				try(c, s, off, 4+off/3)
			}
		}
	}
	pl.labels[i].box, pl.labels[i].leader = best, leader
}

// labelBox returns the box of node i's label in the direction (x, y) and off away.
func (g Graph) labelBox(p pen, pl *placement, i int, x, y, off float64) vg.Rectangle {
	w := p.width(pl.labels[i].text, pl.size, false) + 2
	h := p.lineHeight(pl.size)
	r := pl.reach[i] + labelGap
	c := pl.at[i].Add(point{
		X: length(length(x) * (r + w/2 + length(off))),
		Y: length(length(y) * (r + h/2 + length(off))),
	})
	if x != 0 && y != 0 && off == 0 { // a corner of the box comes near the circle
		c = pl.at[i].Add(point{
			X: length(length(sign(x)) * (length(r*0.72) + w/2)),
			Y: length(length(sign(y)) * (length(r*0.72) + h/2)),
		})
	}
	return rect(c.X-w/2, c.Y-h/2, c.X+w/2, c.Y+h/2)
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

// free reports whether box can hold node i's label.
func (pl *placement) free(i int, box vg.Rectangle) bool {
	f := pl.frame
	if box.Min.X < f.Min.X || box.Min.Y < f.Min.Y || box.Max.X > f.Max.X || box.Max.Y > f.Max.Y {
		return false
	}
	for j, at := range pl.at {
		if circleMeets(at, pl.reach[j]+0.5, box) {
			return false
		}
		if j != i && !pl.labels[j].hidden() && boxesMeet(box, pl.labels[j].box) {
			return false
		}
	}
	return true
}

func boxesMeet(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

func circleMeets(c point, r length, b vg.Rectangle) bool {
	x := max(b.Min.X, min(c.X, b.Max.X))
	y := max(b.Min.Y, min(c.Y, b.Max.Y))
	return math.Hypot(float64(c.X-x), float64(c.Y-y)) < float64(r)
}

// A segment is an edge on the page; strength is from 0 to 1.
type segment struct {
	a, b     point
	strength float64
}

// segments returns the strongest edges from node to node, from which labels keep away.
func (g Graph) segments(pl *placement) []segment {
	const most = 500
	var out []segment
	heaviest := g.heaviest()
	for _, i := range g.byWeight() {
		if len(out) == most {
			break
		}
		e := g.Edges[i]
		out = append(out, segment{pl.at[e.From], pl.at[e.To], math.Abs(e.Weight) / heaviest})
	}
	return out
}

// inside returns how much of the segment ab lies in the box, in points: the segment is cut by each
// side in turn, and the part from t0 to t1 is left (Y. Liang and B. Barsky, 1984).
func inside(a, b point, box vg.Rectangle) float64 {
	t0, t1 := 0.0, 1.0
	d := b.Sub(a)
	for _, c := range [4][2]length{
		{-d.X, a.X - box.Min.X}, {d.X, box.Max.X - a.X},
		{-d.Y, a.Y - box.Min.Y}, {d.Y, box.Max.Y - a.Y},
	} {
		p, q := float64(c[0]), float64(c[1])
		if p == 0 {
			if q < 0 {
				return 0
			}
			continue
		}
		if t := q / p; p < 0 {
			t0 = math.Max(t0, t)
		} else {
			t1 = math.Min(t1, t)
		}
		if t0 >= t1 {
			return 0
		}
	}
	return (t1 - t0) * math.Hypot(float64(d.X), float64(d.Y))
}

// Placed returns a copy of g with every node where it is drawn, fixed there: change its edges and
// clusters and draw it again to compare.
func (g Graph) Placed() Graph {
	if g.check() != nil {
		return g
	}
	drawn := g.short()
	_, legendHeight := drawn.legend(pen{g.XKCD}, g.pageWidth())
	pl := drawn.place(pen{g.XKCD}, legendHeight)
	nodes := make([]Node, len(g.Nodes))
	for i, n := range g.Nodes {
		n.X, n.Y = float64(pl.at[i].X), float64(pl.at[i].Y-pl.frame.Max.Y)
		nodes[i] = n
	}
	g.Nodes, g.Fixed = nodes, true
	return g
}

// names returns the names of the nodes, made visible.
func (g Graph) names() []string {
	out := make([]string, len(g.Nodes))
	for i, n := range g.Nodes {
		out[i] = n.shown()
	}
	return out
}

func (g Graph) pageWidth() length {
	if g.Width > 0 {
		return g.Width
	}
	return graphWidth
}

// arrange lays the graph out without regard to the nodes' sizes. It returns the connected parts,
// and for each part of at least two nodes the positions of these, in units of a link's length.
func (g Graph) arrange(links []link) (parts [][]int, arranged [][]vec) {
	if len(g.Nodes) == 0 {
		return nil, nil
	}
	weights := mat.NewSymDense(len(g.Nodes), nil)
	for _, l := range links {
		weights.SetSym(l.a, l.b, math.Max(weights.At(l.a, l.b), l.strength))
	}
	g.drawTogether(weights)
	how := manifold.LayoutOptions{Seed: g.Seed}
	if start := g.starts(); start != nil {
		how.Start = mat.NewDense(len(start), 2, nil)
		for i, p := range start {
			how.Start.SetRow(i, []float64{p.x, p.y})
		}
	}
	laid, err := manifold.Layout(context.Background(), weights, how)
	if err != nil {
		panic(err) // weights and positions are finite: check saw to it
	}
	arranged = make([][]vec, len(laid.Parts))
	for k, part := range laid.Parts {
		if len(part) < 2 {
			continue
		}
		for _, i := range part {
			arranged[k] = append(arranged[k], vec{laid.Embedding.At(i, 0), laid.Embedding.At(i, 1)})
		}
	}
	return laid.Parts, arranged
}

// routes returns for each edge the points that its line goes through, none if there is no way.
func (g Graph) routes(pl *placement) [][]point {
	style := g.edgeStyle(g.colors())
	out := make([][]point, len(g.Edges))
	for i, e := range g.Edges {
		head := length(0)
		if e.Leads {
			head = style.headSize(style.edge(g, i))
		}
		if e.Weight != 0 {
			out[i] = pl.route(e.From, e.To, head)
		}
	}
	return out
}
