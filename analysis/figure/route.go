package figure

import (
	"container/heap"
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

// route is the line of a link. It is straight if nothing is in its way, else the flattest bow that
// is clear, else the shortest way around all nodes, and straight after all if there is no way.
func (pl *placement) route(from, to int) []point {
	a, b := pl.at[from], pl.at[to]
	straight := []point{a, b}
	if pl.clearOf(straight, from, to) {
		return straight
	}
	d := b.Sub(a)
	long := math.Hypot(float64(d.X), float64(d.Y))
	if long < 1e-6 {
		return straight
	}
	side := canvas.Scaled(point{X: -d.Y, Y: d.X}, length(1/long))
	// The flattest bow is tried first, with its top in the middle before others, and to either
	// side.
	for off := 8.0; off <= math.Max(60, 0.9*long); off += 6 {
		for _, along := range []float64{0.5, 0.3, 0.7} {
			for _, sign := range []float64{1, -1} {
				mid := a.Add(canvas.Scaled(d, length(along))).Add(canvas.Scaled(side, length(sign*off)))
				if bow := bowed(a, mid, b); pl.inside(mid) && pl.clearOf(bow, from, to) {
					return bow
				}
			}
		}
	}
	if around := pl.around(from, to); around != nil {
		return around
	}
	return straight
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

// clearOf reports whether a line keeps clear of all nodes except the two that it links.
func (pl *placement) clearOf(pts []point, from, to int) bool {
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
	cols, rows int
	blocked    []int32   // by how many nodes a place is
	cost       []float64 // of the way to a place, infinite where none is known
	before     []int32   // the place before it on that way
}

// latticeStep is finer than the smallest gap between two nodes through which a line may pass, which
// is twice the clearance.
const latticeStep = 3 // points

// newLattice returns the lattice of a frame, or nil on a page of a million places, where the search
// would take too long for one link.
func (pl *placement) newLattice() *lattice {
	size := pl.frame.Size()
	l := &lattice{
		origin: point{X: pl.frame.Min.X - 4, Y: pl.frame.Min.Y - 4},
		cols:   int((size.X+8)/latticeStep) + 1, rows: int((size.Y+8)/latticeStep) + 1,
	}
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
	return l
}

func (l *lattice) at(c int) point {
	return point{
		X: l.origin.X + length(latticeStep*length(c%l.cols)),
		Y: l.origin.Y + length(latticeStep*length(c/l.cols)),
	}
}

// around finds the shortest way from one node to another around all others (P. Hart, N. Nilsson and
// B. Raphael, "A formal basis for the heuristic determination of minimum cost paths", 1968), and
// straightens it; nil if there is none.
func (pl *placement) around(from, to int) []point {
	if pl.lattice == nil {
		if pl.lattice = pl.newLattice(); pl.lattice == nil {
			return nil
		}
	}
	l := pl.lattice
	// The nodes that are linked are in nobody's way.
	for _, k := range []int{from, to} {
		l.block(pl, k, -1)
		defer l.block(pl, k, 1)
	}
	start, goal := l.nearest(pl.at[from]), l.nearest(pl.at[to])
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
		x, y := c%l.cols, c/l.cols
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if dx == 0 && dy == 0 || x+dx < 0 || x+dx >= l.cols || y+dy < 0 || y+dy >= l.rows {
					continue
				}
				n := (y+dy)*l.cols + x + dx
				if l.blocked[n] > 0 {
					continue
				}
				if w := cost[c] + latticeWay[dx*dx+dy*dy]; w < cost[n]-1e-9 {
					cost[n], before[n] = w, int32(c)
					touched = append(touched, n)
					heap.Push(open, visit{n, w + far(n)})
				}
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

// latticeWay is how far a neighbor is, by the square of the steps to it.
var latticeWay = [...]float64{0, latticeStep, latticeStep * math.Hypot(1, 1)}

// block adds to the number of nodes that block the places too near to node k, with some room added
// for the step between two places.
func (l *lattice) block(pl *placement, k int, add int32) {
	c, keep := pl.at[k], pl.reach[k]+pl.clearance+0.4
	x0, x1 := int((c.X-keep-l.origin.X)/latticeStep), int((c.X+keep-l.origin.X)/latticeStep)+1
	y0, y1 := int((c.Y-keep-l.origin.Y)/latticeStep), int((c.Y+keep-l.origin.Y)/latticeStep)+1
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
	x := int((q.X-l.at(0).X)/latticeStep + 0.5)
	y := int((q.Y-l.at(0).Y)/latticeStep + 0.5)
	return max(0, min(l.rows-1, y))*l.cols + max(0, min(l.cols-1, x))
}

// straighten leaves out the points of a way that a straight line may skip.
func (pl *placement) straighten(way []point, from, to int) []point {
	out := []point{way[0]}
	for at := 0; at < len(way)-1; {
		next := at + 1
		for k := len(way) - 1; k > next; k-- {
			if pl.clearOf([]point{way[at], way[k]}, from, to) {
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
