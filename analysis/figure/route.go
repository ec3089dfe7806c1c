package figure

import (
	"container/heap"
	"iter"
	"math"
	"slices"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/xkcd"
)

// clearance is how far an edge keeps away from the nodes that it does not link, beyond their reach:
// an edge that runs under a node would be read as two links that are not there. What is to be seen
// between them is 4 points. By hand, both the edge and the outline of the node may come nearer by
// as much as lines wobble; otherwise the outline of a square has corners an eighth of a point
// beyond its reach.
func (p pen) clearance() length {
	if p.xkcd {
		return 4 + 2*xkcd.MostOff
	}
	return 4 + 0.125
}

// route is the line of a link, which at its end has an arrow head of that size, 0 for none. It is
// straight if nothing is in its way, else the flattest bow that is clear, else the shortest way
// around all nodes. It is nil if there is no way: a line that runs under a node, or beside it,
// would be read as links that are not there.
func (pl *placement) route(from, to int, head length) []point {
	a, b := pl.at[from], pl.at[to]
	if straight := []point{a, b}; pl.clearOf(straight, from, to, head) {
		return straight
	}
	d := b.Sub(a)
	long := math.Hypot(float64(d.X), float64(d.Y))
	if long < 1e-6 {
		return nil
	}
	side := canvas.Scaled(point{X: -d.Y, Y: d.X}, length(1/long))
	// The flattest bow is tried first, with its top in the middle before others, and to either
	// side.
	for off := 8.0; off <= math.Max(60, 0.9*long); off += 6 {
		for _, along := range []float64{0.5, 0.3, 0.7} {
			for _, sign := range []float64{1, -1} {
				mid := a.Add(canvas.Scaled(d, length(along))).Add(canvas.Scaled(side, length(sign*off)))
				if bow := bowed(a, mid, b); pl.inside(mid) && pl.clearOf(bow, from, to, head) {
					return bow
				}
			}
		}
	}
	for k := range pl.lattices {
		if way := pl.around(k, from, to); way != nil && pl.clearOf(way, from, to, head) {
			return way
		}
	}
	return nil
}

// bowed samples the quadratic curve from a to b with its control point at c.
func bowed(a, c, b point) []point {
	const pieces = 14
	out := make([]point, pieces+1)
	for i := range out {
		t := length(i) / pieces
		out[i] = canvas.Scaled(a, (1-t)*(1-t)).Add(canvas.Scaled(c, 2*t*(1-t))).Add(canvas.Scaled(b, t*t))
	}
	return out
}

func (pl *placement) inside(q point) bool {
	f := pl.frame
	return q.X >= f.Min.X-4 && q.X <= f.Max.X+4 && q.Y >= f.Min.Y-4 && q.Y <= f.Max.Y+4
}

// clearOf reports whether a line, and the arrow head at its end, keep clear of all nodes except the
// two that it links.
func (pl *placement) clearOf(pts []point, from, to int, head length) bool {
	if head > 0 {
		// The head is drawn where the line comes within reach of the node.
		last := len(pts) - 2
		for last > 0 && distance(pts[last], pl.at[to]) <= pl.reach[to]+1 {
			last--
		}
		if tip, side, foot, ok := arrowHead(pts[last], pl.at[to], pl.reach[to]+1, head); ok {
			corners := []point{tip, foot.Add(side), foot.Sub(side), tip}
			if !pl.clearOf(corners, from, to, 0) || !pl.clearOf([]point{pts[last], foot}, from, to, 0) {
				return false
			}
		}
	}
	low, high := pts[0], pts[0]
	for _, q := range pts[1:] {
		low, high = point{X: min(low.X, q.X), Y: min(low.Y, q.Y)}, point{X: max(high.X, q.X), Y: max(high.Y, q.Y)}
	}
	for k, c := range pl.at {
		reach := pl.reach[k] + pl.clearance
		if k == from || k == to || c.X < low.X-reach || c.X > high.X+reach || c.Y < low.Y-reach || c.Y > high.Y+reach {
			continue
		}
		keep := float64(reach)
		for i := 1; i < len(pts); i++ {
			if segmentDistance(c, pts[i-1], pts[i]) < keep {
				return false
			}
		}
	}
	return true
}

// segmentDistance is how far q is from the segment from a to b.
func segmentDistance(q, a, b point) float64 {
	ax, ay := float64(b.X-a.X), float64(b.Y-a.Y)
	qx, qy := float64(q.X-a.X), float64(q.Y-a.Y)
	t := 0.0
	if n := float64(ax*ax) + float64(ay*ay); n > 0 {
		t = math.Max(0, math.Min(1, (float64(qx*ax)+float64(qy*ay))/n))
	}
	return math.Hypot(qx-float64(t*ax), qy-float64(t*ay))
}

// A lattice is a grid of places over a graph's frame, for lines that must find their way.
type lattice struct {
	origin     point
	step       length // between two places
	cols, rows int
	region     []int32   // of places that no node blocks, from 1; between two there is no way
	blocked    []int32   // by how many nodes a place is
	cost       []float64 // of the way to a place, infinite where none is known
	before     []int32   // the place before it on that way
}

// latticeSteps are the distances between places, in points, of the lattices that a way is looked
// for on, one after the other. The first is good for gaps between nodes that labels make. Where
// many nodes stand on a small page, only a finer one finds the ways between them.
var latticeSteps = [...]float64{3, 1}

// newLattice returns the k-th lattice of a frame, or nil if it would have a million places, where
// the search would take too long for one link. The finer one has as many as the first has on a
// large page.
func (pl *placement) newLattice(k int) *lattice {
	size := pl.frame.Size()
	l := &lattice{origin: point{X: pl.frame.Min.X - 4, Y: pl.frame.Min.Y - 4}, step: length(latticeSteps[k])}
	if k > 0 {
		l.step = max(l.step, length(math.Sqrt(float64((size.X+8)*(size.Y+8))/100_000)))
	}
	l.cols, l.rows = int((size.X+8)/l.step)+1, int((size.Y+8)/l.step)+1
	cells := l.cols * l.rows
	if l.cols < 2 || l.rows < 2 || cells > 1<<20 {
		return nil
	}
	l.blocked, l.cost, l.before = make([]int32, cells), make([]float64, cells), make([]int32, cells)
	for c := range l.cost {
		l.cost[c], l.before[c] = math.Inf(1), -1
	}
	for k := range pl.at {
		l.block(pl, k, 1)
	}
	l.region = make([]int32, cells)
	for c, found := 0, int32(0); c < cells; c++ {
		if l.blocked[c] == 0 && l.region[c] == 0 {
			found++
			l.fill(c, func(n int) bool {
				if l.blocked[n] > 0 || l.region[n] > 0 {
					return false
				}
				l.region[n] = found
				return true
			})
		}
	}
	return l
}

// fill visits a place, its neighbors, theirs and so on, as far as visit says to go on.
func (l *lattice) fill(from int, visit func(c int) bool) {
	visit(from)
	for open := []int{from}; len(open) > 0; {
		c := open[len(open)-1]
		open = open[:len(open)-1]
		for n := range l.around(c) {
			if visit(n) {
				open = append(open, n)
			}
		}
	}
}

// around are the neighbors of a place, and how far they are.
func (l *lattice) around(c int) iter.Seq2[int, float64] {
	x, y := c%l.cols, c/l.cols
	return func(yield func(int, float64) bool) {
		for dy := max(-1, -y); dy <= min(1, l.rows-1-y); dy++ {
			for dx := max(-1, -x); dx <= min(1, l.cols-1-x); dx++ {
				if (dx != 0 || dy != 0) && !yield((y+dy)*l.cols+x+dx, float64(latticeWay[dx*dx+dy*dy]*float64(l.step))) {
					return
				}
			}
		}
	}
}

// joined reports whether there is a way from start to goal while the nodes there block nothing. It
// spares the search over a whole page where there is none.
func (l *lattice) joined(start, goal int) bool {
	seen, met := map[int]bool{}, map[int32]bool{}
	// The places that were opened around the start lead to some regions.
	open := func(c int) bool {
		if l.region[c] > 0 || l.blocked[c] > 0 && c != start && c != goal || seen[c] {
			return false
		}
		seen[c] = true
		return true
	}
	l.fill(start, func(c int) bool {
		met[l.region[c]] = true
		return open(c)
	})
	delete(met, 0)
	found := seen[goal] || met[l.region[goal]]
	clear(seen)
	l.fill(goal, func(c int) bool {
		found = found || met[l.region[c]] || c == start
		return !found && open(c)
	})
	return found
}

func (l *lattice) at(c int) point {
	return point{
		X: l.origin.X + length(l.step*length(c%l.cols)),
		Y: l.origin.Y + length(l.step*length(c/l.cols)),
	}
}

// around finds the shortest way from one node to another around all others (P. Hart, N. Nilsson and
// B. Raphael, "A formal basis for the heuristic determination of minimum cost paths", 1968), and
// straightens it; nil if the k-th lattice has none.
func (pl *placement) around(k, from, to int) []point {
	if pl.lattices[k] == nil {
		if pl.lattices[k] = pl.newLattice(k); pl.lattices[k] == nil {
			return nil
		}
	}
	l := pl.lattices[k]
	// The nodes that are linked are in nobody's way.
	for _, k := range []int{from, to} {
		l.block(pl, k, -1)
		defer l.block(pl, k, 1)
	}
	start, goal := l.nearest(pl.at[from]), l.nearest(pl.at[to])
	if !l.joined(start, goal) {
		return nil
	}
	cost, before := l.cost, l.before
	touched := []int{start}
	defer func() {
		for _, c := range touched {
			cost[c], before[c] = math.Inf(1), -1
		}
	}()
	// This is the straight distance, which is never more than the length of the way. It makes the
	// search go toward the goal first.
	end := l.at(goal)
	far := func(c int) float64 {
		d := end.Sub(l.at(c))
		return math.Hypot(float64(d.X), float64(d.Y))
	}
	cost[start] = 0
	open := &queue{{start, far(start)}}
	for open.Len() > 0 && before[goal] < 0 {
		c := heap.Pop(open).(visit).cell
		for n, way := range l.around(c) {
			if w := cost[c] + way; l.blocked[n] == 0 && w < cost[n]-1e-9 {
				cost[n], before[n] = w, int32(c)
				touched = append(touched, n)
				heap.Push(open, visit{n, w + far(n)})
			}
		}
	}
	if before[goal] < 0 {
		return nil
	}
	way := []point{pl.at[to]}
	for c := goal; c >= 0; c = int(before[c]) {
		way = append(way, l.at(c))
	}
	way = append(way, pl.at[from])
	slices.Reverse(way)
	return pl.straighten(way, from, to)
}

// latticeWay is how many steps far a neighbor is, by the square of the steps to it.
var latticeWay = [...]float64{0, 1, math.Hypot(1, 1)}

// block adds to the number of nodes that block the places too near to node k: those from which a
// step to a place as far from the node may come too near to it on the way.
func (l *lattice) block(pl *placement, k int, add int32) {
	c, keep := pl.at[k], pl.reach[k]+pl.clearance
	keep = length(math.Hypot(float64(keep), float64(l.step)*math.Sqrt2/2)) + 1e-6
	x0, x1 := int((c.X-keep-l.origin.X)/l.step), int((c.X+keep-l.origin.X)/l.step)+1
	y0, y1 := int((c.Y-keep-l.origin.Y)/l.step), int((c.Y+keep-l.origin.Y)/l.step)+1
	for y := max(0, y0); y <= min(l.rows-1, y1); y++ {
		for x := max(0, x0); x <= min(l.cols-1, x1); x++ {
			q := l.at(y*l.cols + x).Sub(c)
			if math.Hypot(float64(q.X), float64(q.Y)) < float64(keep) {
				l.blocked[y*l.cols+x] += add
			}
		}
	}
}

func (l *lattice) nearest(q point) int {
	x := int((q.X-l.at(0).X)/l.step + 0.5)
	y := int((q.Y-l.at(0).Y)/l.step + 0.5)
	return max(0, min(l.rows-1, y))*l.cols + max(0, min(l.cols-1, x))
}

// straighten leaves out the points of a way that a straight line may skip.
func (pl *placement) straighten(way []point, from, to int) []point {
	out := []point{way[0]}
	for at := 0; at < len(way)-1; {
		next := at + 1
		for k := len(way) - 1; k > next; k-- {
			if pl.clearOf([]point{way[at], way[k]}, from, to, 0) {
				next = k
				break
			}
		}
		out = append(out, way[next])
		at = next
	}
	return out
}

// A visit is a place to go on from and the least length of a way through it.
type visit struct {
	cell int
	cost float64
}

type queue []visit

func (q queue) Len() int { return len(q) }

// Less breaks ties by the place, so that the same one of several ways of equal length is found each
// time.
func (q queue) Less(i, j int) bool {
	if q[i].cost != q[j].cost {
		return q[i].cost < q[j].cost
	}
	return q[i].cell < q[j].cell
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(v any)   { *q = append(*q, v.(visit)) }
func (q *queue) Pop() any {
	old := *q
	v := old[len(old)-1]
	*q = old[:len(old)-1]
	return v
}
