package manifold

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// LayoutOptions says where [Layout] begins.
type LayoutOptions struct {
	Start *mat.Dense // n×2, positions to refine; nil tries several random ones
	Seed  uint64     // of the random ones
}

// LayoutResult is a graph in the plane.
type LayoutResult struct {
	Embedding *mat.Dense // n×2
	Parts     [][]int    // connected nodes; they and their members ascend
}

// Layout places the nodes of a graph in the plane for drawing, links about a
// unit long. Links is n×n with a positive weight for each link, its diagonal
// ignored; a stronger link is shorter, by up to a half. Within a connected
// part, distances in the plane follow those along the graph, near ones more
// strictly (T. Kamada and S. Kawai, 1989, by stress majorization node by node:
// E. Gansner, Y. Koren and S. North, 2005); of several random starts the one
// with the least stress and the fewest crossings is kept, its longest side
// from left to right. Parts stand in rows, the largest first; nodes without a
// link fill rows below. No two nodes come closer than 0.4.
func Layout(ctx context.Context, links mat.Symmetric, opt LayoutOptions) (*LayoutResult, error) {
	return parallel.Await(ctx, func() (*LayoutResult, error) { return layout(ctx, links, opt) })
}

func layout(ctx context.Context, links mat.Symmetric, opt LayoutOptions) (*LayoutResult, error) {
	if err := checkDistances(links); err != nil {
		return nil, fmt.Errorf("layout: weights: %w", err)
	}
	n := links.SymmetricDim()
	if opt.Start != nil {
		if r, c := opt.Start.Dims(); r != n || c != 2 {
			return nil, fmt.Errorf("layout: start is %d×%d, want %d×2", r, c, n)
		}
		if err := checkPoints(opt.Start); err != nil {
			return nil, fmt.Errorf("layout: start: %w", err)
		}
	}
	if n == 0 {
		return &LayoutResult{Embedding: &mat.Dense{}}, nil
	}
	graph := make([][]int, n)
	strongest := 0.0
	for i := range n {
		for j := range n {
			if i != j && links.At(i, j) > 0 {
				graph[i] = append(graph[i], j)
				strongest = max(strongest, links.At(i, j))
			}
		}
	}
	// From 1.35 for the faintest down to 0.65 for the strongest link: strength shows as nearness,
	// by no more than a half, or faint links would stretch the picture.
	length := func(i, j int) float64 { return 1.35 - 0.7*links.At(i, j)/strongest }
	res := &LayoutResult{Embedding: mat.NewDense(n, 2, nil), Parts: components(graph)}
	var boxes []box
	var alone []int
	for k, part := range res.Parts {
		if len(part) == 1 {
			alone = append(alone, part[0])
			continue
		}
		a := newArrangement(part, graph, length)
		rng := rand.New(rand.NewPCG(opt.Seed, uint64(k)))
		var at []point
		if opt.Start != nil {
			at = a.refine(ctx, opt.Start, rng)
		} else {
			at = a.try(ctx, rng)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// Majorization lets points meet where distances leave no other way, as two leaves of one
		// node do.
		push(at, 0.4)
		boxes = append(boxes, newBox(part, at))
	}
	slices.SortStableFunc(boxes, func(a, b box) int { return len(b.members) - len(a.members) })
	pack(res.Embedding, boxes, alone)
	return res, nil
}

type point struct{ x, y float64 }

func (p point) minus(q point) point   { return point{p.x - q.x, p.y - q.y} }
func (p point) cross(q point) float64 { return float64(p.x*q.y) - float64(p.y*q.x) }
func (p point) norm() float64         { return math.Sqrt(float64(p.x*p.x) + float64(p.y*p.y)) }

// An arrangement is one connected part to be laid out. Without connection there would be no
// distance along the graph.
type arrangement struct {
	members []int
	links   [][2]int    // by position in members
	d       [][]float64 // distances along the graph
}

func newArrangement(part []int, graph [][]int, length func(i, j int) float64) *arrangement {
	a := &arrangement{members: part, d: make([][]float64, len(part))}
	at := map[int]int{}
	for k, i := range part {
		at[i] = k
	}
	for k, i := range part {
		for _, j := range graph[i] {
			if l := at[j]; l > k {
				a.links = append(a.links, [2]int{k, l})
			}
		}
		dist := shortest(graph, i, length)
		for _, j := range part {
			a.d[k] = append(a.d[k], dist[j])
		}
	}
	return a
}

// refine improves given positions.
func (a *arrangement) refine(ctx context.Context, start *mat.Dense, rng *rand.Rand) []point {
	at := make([]point, len(a.members))
	for k, i := range a.members {
		at[k] = point{start.At(i, 0), start.At(i, 1)}
	}
	// Points on one spot have no direction in which to part: all forces on them are the same.
	stir(at, rng)
	a.scale(at)
	a.majorize(ctx, at, 60)
	return at
}

// try lays the part out from several random starts and keeps the best.
func (a *arrangement) try(ctx context.Context, rng *rand.Rand) []point {
	n := len(a.members)
	// A sweep takes the square of the number of nodes: the larger the part, the fewer starts.
	tries, sweeps := 8, 80
	switch {
	case n > 100:
		tries, sweeps = 2, 40
	case n > 40:
		tries, sweeps = 4, 50
	}
	laid, cost := make([][]point, tries), make([]float64, tries)
	seeds := make([]uint64, tries)
	for k := range seeds {
		// Drawn before the starts run beside each other, so that the result is the same on any
		// number of cores.
		seeds[k] = rng.Uint64()
	}
	parallel.For(tries, func(k int) {
		rng := rand.New(rand.NewPCG(seeds[k], uint64(k)))
		at := make([]point, n)
		for i := range at {
			at[i] = point{rng.Float64(), rng.Float64()}
		}
		a.scale(at)
		laid[k], cost[k] = at, a.majorize(ctx, at, sweeps)
		if len(a.links) < 500 { // more cross anyhow
			// Stress knows nothing of crossings, which an eye minds more.
			cost[k] += 0.3 * float64(a.crossings(at)) / float64(len(a.links))
		}
	})
	best := 0
	for k := range cost {
		if cost[k] < cost[best] {
			best = k
		}
	}
	level(laid[best])
	return laid[best]
}

// majorize moves points so that their distances come near those along the
// graph, weighted by d⁻², and returns the stress that is left, per pair.
func (a *arrangement) majorize(ctx context.Context, at []point, sweeps int) float64 {
	n := len(at)
	for range sweeps {
		if ctx.Err() != nil {
			return math.Inf(1)
		}
		moved := 0.0
		for i, p := range at {
			var sum point
			var weight float64
			for j, q := range at {
				if j == i {
					continue
				}
				v := 1 / a.d[i][j]
				w := float64(v * v)
				dx, dy := p.x-q.x, p.y-q.y
				// This is the weight, times the distance that is wanted over the one that there is.
				k := v / math.Sqrt(float64(dx*dx)+float64(dy*dy)+1e-18)
				sum.x += float64(w*q.x) + float64(k*dx)
				sum.y += float64(w*q.y) + float64(k*dy)
				weight += w
			}
			to := point{sum.x / weight, sum.y / weight}
			moved = max(moved, math.Abs(to.x-p.x)+math.Abs(to.y-p.y))
			at[i] = to
		}
		if moved < 1e-2 {
			break
		}
	}
	stress := 0.0
	for i := range n {
		for j := range i {
			e := at[i].minus(at[j]).norm()/a.d[i][j] - 1
			stress += float64(e * e)
		}
	}
	return stress / float64(max(1, n*(n-1)/2))
}

// crossings counts the pairs of links that cross.
func (a *arrangement) crossings(at []point) int {
	n := 0
	for i, l := range a.links {
		for _, m := range a.links[:i] {
			if l[0] == m[0] || l[0] == m[1] || l[1] == m[0] || l[1] == m[1] {
				continue
			}
			if segmentsCross(at[l[0]], at[l[1]], at[m[0]], at[m[1]]) {
				n++
			}
		}
	}
	return n
}

func segmentsCross(a, b, c, d point) bool {
	ab, cd := b.minus(a), d.minus(c)
	return ab.cross(c.minus(a))*ab.cross(d.minus(a)) < 0 && cd.cross(a.minus(c))*cd.cross(b.minus(c)) < 0
}

// scale makes the mean distance of the points that along the graph.
func (a *arrangement) scale(at []point) {
	var is, want float64
	for i := range at {
		for j := range i {
			is += at[i].minus(at[j]).norm()
			want += a.d[i][j]
		}
	}
	if is > 0 {
		for i := range at {
			at[i].x *= want / is
			at[i].y *= want / is
		}
	}
}

// stir parts points that start on one spot.
func stir(at []point, rng *rand.Rand) {
	lo, hi := bounds(at)
	size := max(hi.minus(lo).norm(), 1e-9)
	for i := range at {
		at[i].x += float64(size * 0.02 * (rng.Float64() - 0.5))
		at[i].y += float64(size * 0.02 * (rng.Float64() - 0.5))
	}
}

// level turns points so that they are widest from left to right.
func level(at []point) {
	var m point
	for _, p := range at {
		m.x += p.x / float64(len(at))
		m.y += p.y / float64(len(at))
	}
	var xx, xy, yy float64
	for _, p := range at {
		q := p.minus(m)
		xx += float64(q.x * q.x)
		xy += float64(q.x * q.y)
		yy += float64(q.y * q.y)
	}
	// The angle of the first principal axis of the points.
	s, c := math.Sincos(-0.5 * math.Atan2(2*xy, xx-yy))
	for i, p := range at {
		q := p.minus(m)
		at[i] = point{float64(c*q.x) - float64(s*q.y), float64(s*q.x) + float64(c*q.y)}
	}
}

func bounds(at []point) (lo, hi point) {
	lo, hi = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range at {
		lo.x, lo.y = min(lo.x, p.x), min(lo.y, p.y)
		hi.x, hi.y = max(hi.x, p.x), max(hi.y, p.y)
	}
	return lo, hi
}

// push parts points until none are closer than least.
func push(at []point, least float64) {
	for range 200 {
		moved := false
		for i := range at {
			for j := i + 1; j < len(at); j++ {
				by := at[j].minus(at[i])
				d := by.norm()
				if d >= least*(1-1e-6) {
					continue
				}
				moved = true
				if d == 0 {
					by, d = point{1, 0}, 1
				}
				k := (least - at[j].minus(at[i]).norm()) / 2 / d
				at[i] = point{at[i].x - float64(k*by.x), at[i].y - float64(k*by.y)}
				at[j] = point{at[j].x + float64(k*by.x), at[j].y + float64(k*by.y)}
			}
		}
		if !moved {
			return
		}
	}
}

// box is a placed part and how much room it takes.
type box struct {
	members       []int
	points        []point
	left, bottom  float64
	width, height float64
}

func newBox(members []int, points []point) box {
	lo, hi := bounds(points)
	return box{members, points, lo.x, lo.y, hi.x - lo.x, hi.y - lo.y}
}

// pack sets the boxes in rows from the top, about as wide together as high,
// and the nodes that stand alone in rows below.
func pack(out *mat.Dense, boxes []box, alone []int) {
	const gap = 1.0
	area, widest := float64(len(alone)), 0.0
	for _, b := range boxes {
		area += float64((b.width + gap) * (b.height + gap))
		widest = max(widest, b.width)
	}
	limit := max(widest, 1.3*math.Sqrt(area))
	x, top, row := 0.0, 0.0, 0.0
	for _, b := range boxes {
		if x > 0 && x+b.width > limit {
			x, top, row = 0, top-row-gap, 0
		}
		for a, i := range b.members {
			out.Set(i, 0, x+b.points[a].x-b.left)
			out.Set(i, 1, top-b.height+b.points[a].y-b.bottom)
		}
		x += b.width + gap
		row = max(row, b.height)
	}
	if len(boxes) > 0 {
		x, top = 0, top-row-gap
	}
	for _, i := range alone {
		if x > limit {
			x, top = 0, top-gap
		}
		out.Set(i, 0, x)
		out.Set(i, 1, top)
		x += gap
	}
}
