package figure

import (
	"math"
	"slices"
	"sort"
)

// A body is a node with its label beneath, as the layout sees it: around its center it reaches
// half to the left and right, up above and down below, all in points, as all lengths of the
// layout are.
type body struct {
	half, up, down float64
	radius         float64
}

// clear is how far a link that does not end at the body is to be from its center.
func (b body) clear() float64 { return b.radius + 5 }

// link is an edge as the layout sees it: strength is from 0 to 1.
type link struct {
	a, b     int
	strength float64
}

type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec     { return vec{a.x - b.x, a.y - b.y} }
func (a vec) norm() float64     { return math.Sqrt(float64(a.x*a.x) + float64(a.y*a.y)) }
func (a vec) dot(b vec) float64 { return float64(a.x*b.x) + float64(a.y*b.y) }

// within returns the links among the given nodes, renumbered by their position there.
func within(nodes []int, links []link) []link {
	at := map[int]int{}
	for k, i := range nodes {
		at[i] = k
	}
	var out []link
	for _, l := range links {
		a, ok := at[l.a]
		b, ok2 := at[l.b]
		if ok && ok2 {
			out = append(out, link{a, b, l.strength})
		}
	}
	return out
}

func bounds(pos []vec) (lo, hi vec) {
	lo, hi = vec{math.Inf(1), math.Inf(1)}, vec{math.Inf(-1), math.Inf(-1)}
	for _, p := range pos {
		lo.x, lo.y = math.Min(lo.x, p.x), math.Min(lo.y, p.y)
		hi.x, hi.y = math.Max(hi.x, p.x), math.Max(hi.y, p.y)
	}
	return lo, hi
}

// stretchTo scales pos to fill w by h, each direction on its own, and centers it on the origin.
func stretchTo(pos []vec, w, h float64) {
	lo, hi := bounds(pos)
	scale := func(size, want float64) float64 {
		if size < 1e-9 {
			return 0
		}
		return want / size
	}
	kx, ky := scale(hi.x-lo.x, w), scale(hi.y-lo.y, h)
	for i, p := range pos {
		pos[i] = vec{(p.x - (lo.x+hi.x)/2) * kx, (p.y - (lo.y+hi.y)/2) * ky}
	}
}

// separate moves bodies apart until none overlaps another, within width around x = 0, and while it
// does so pushes nodes off links that they are no end of. Bodies must fit the width. It reports
// whether it got there. The slack, in points, decides how fast it is and nothing else.
func separate(pos []vec, bodies []body, links []link, width, slack float64) bool {
	// Bodies that are pushed out of one overlap may be pushed into another. If it takes more rounds
	// than this, it is tried again with more room.
	const rounds = 400
	// In a dense graph, nodes lie on links wherever they are.
	if len(links)*len(pos) >= 60_000 {
		links = nil
	}
	near := newVicinity(pos, bodies, links, slack)
	for round := range rounds {
		// This is done only in the first half of the rounds: pushing nodes off links may work for
		// ever against pushing them off each other, and it matters more that nothing overlaps.
		if round < rounds/2 {
			near.clearLinks()
		} else {
			near.forgetLinks()
		}
		worst := 0.0
		for i := range pos {
			for j := near.bodyBody.next(i, 0, i); j < i; j = near.bodyBody.next(i, j+1, i) {
				ox, oy := overlap(pos[i], bodies[i], pos[j], bodies[j])
				if ox <= 0 || oy <= 0 {
					continue
				}
				worst = math.Max(worst, math.Min(ox, oy))
				// A little more than half each, so that the last round ends free of rounding. They
				// are moved along the direction in which less is missing.
				if ox < oy {
					push := ox/2 + 0.05
					if pos[i].x < pos[j].x || pos[i].x == pos[j].x && i < j {
						push = -push
					}
					pos[i].x += push
					pos[j].x -= push
				} else {
					push := oy/2 + 0.05
					if middle(pos[i], bodies[i]) < middle(pos[j], bodies[j]) {
						push = -push
					}
					pos[i].y += push
					pos[j].y -= push
				}
				near.moved(i)
				near.moved(j)
			}
		}
		for i := range pos {
			// They are moved back within the width, which may make bodies overlap again.
			room := math.Max(0, width/2-bodies[i].half)
			pos[i].x = math.Max(-room, math.Min(room, pos[i].x))
			near.moved(i)
		}
		// It does not end before twenty rounds, in which nodes get off links.
		if worst == 0 && round >= 20 && !near.anyOverlap() {
			return true
		}
	}
	return !near.anyOverlap()
}

// drop moves bodies down, beginning with the highest, until none overlaps another. It always
// succeeds, though the result looks less good than that of separate.
func drop(pos []vec, bodies []body) {
	order := make([]int, len(pos))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool {
		return middle(pos[order[a]], bodies[order[a]]) > middle(pos[order[b]], bodies[order[b]])
	})
	for k, i := range order {
		for moved := true; moved; {
			moved = false
			for _, j := range order[:k] {
				if x, y := overlap(pos[i], bodies[i], pos[j], bodies[j]); x > 0 && y > 0 {
					pos[i].y = pos[j].y - bodies[j].down - bodies[i].up - 0.1
					moved = true
				}
			}
		}
	}
}

func middle(p vec, b body) float64 { return p.y + (b.up-b.down)/2 }

// overlap returns how far two bodies overlap in each direction; they do if both are positive.
func overlap(p vec, a body, q vec, b body) (x, y float64) {
	x = a.half + b.half - math.Abs(p.x-q.x)
	y = (a.up+a.down+b.up+b.down)/2 - math.Abs(middle(p, a)-middle(q, b))
	return x, y
}

// A block is a laid-out component: nodes at pos, within lo and hi.
type block struct {
	nodes  []int
	pos    []vec
	lo, hi vec
}

func (b *block) measure(bodies []body) {
	b.lo, b.hi = vec{math.Inf(1), math.Inf(1)}, vec{math.Inf(-1), math.Inf(-1)}
	for k, i := range b.nodes {
		p, o := b.pos[k], bodies[i]
		b.lo.x, b.hi.x = math.Min(b.lo.x, p.x-o.half), math.Max(b.hi.x, p.x+o.half)
		b.lo.y, b.hi.y = math.Min(b.lo.y, p.y-o.down), math.Max(b.hi.y, p.y+o.up)
	}
}

func (b *block) width() float64  { return b.hi.x - b.lo.x }
func (b *block) height() float64 { return b.hi.y - b.lo.y }

// moveTo puts the block's lower left corner there.
func (b *block) moveTo(to vec) {
	by := to.sub(b.lo)
	for k := range b.pos {
		b.pos[k].x += by.x
		b.pos[k].y += by.y
	}
	b.lo, b.hi = vec{b.lo.x + by.x, b.lo.y + by.y}, vec{b.hi.x + by.x, b.hi.y + by.y}
}

// layoutBlocks turns arranged components into blocks, the largest first. Each is roomy times as
// large as its bodies need at least, and none is wider than width.
func layoutBlocks(comps [][]int, arranged [][]vec, bodies []body, links []link, width, roomy float64) []*block {
	need := func(nodes []int) float64 {
		a := 0.0
		for _, i := range nodes {
			a += float64(2 * bodies[i].half * (bodies[i].up + bodies[i].down))
		}
		return a
	}
	total := 0.0
	for k, nodes := range comps {
		if arranged[k] != nil {
			total += need(nodes)
		}
	}
	// Components that are small enough for one row share its width.
	oneRow := total*roomy < 0.75*width*width
	var blocks []*block
	for k, nodes := range comps {
		if arranged[k] == nil {
			continue
		}
		own := within(nodes, links)
		b := &block{nodes: nodes}
		mine := make([]body, len(nodes))
		widest := 0.0
		for k, i := range nodes {
			mine[k] = bodies[i]
			widest = math.Max(widest, 2*bodies[i].half)
		}
		area, limit := need(nodes), width
		if oneRow {
			limit = math.Max(float64(1.5*widest)+30, width*area/total-blockGap)
		}
		limit = math.Min(width, limit)
		free, more := false, roomy
		// A component that fills its page is as high as it must be.
		tall := 0.0
		if roomy < 1.5 {
			tall = 1.3 * area
		}
		if len(nodes) == 2 {
			more /= 4 // there is nothing between the two to make room for
		}
		for ; !free && more < 3*roomy; more *= 1.5 {
			b.pos = slices.Clone(arranged[k])
			w, h := shape(b.pos, tall*more/roomy, area*more, limit-widest)
			stretchTo(b.pos, w, h)
			free = separate(b.pos, mine, own, limit, nearSlack)
		}
		if !free {
			drop(b.pos, mine)
		}
		b.measure(bodies)
		blocks = append(blocks, b)
	}
	sort.SliceStable(blocks, func(i, j int) bool {
		return blocks[i].width()*blocks[i].height() > blocks[j].width()*blocks[j].height()
	})
	return blocks
}

// shape chooses the size of a component of the given area. It is near the component's own
// proportions, but wide rather than high, since names and pages are wide, unless that leaves it
// less than the area tall.
func shape(pos []vec, tall, area, width float64) (w, h float64) {
	width = math.Max(width, 1)
	lo, hi := bounds(pos)
	aspect := 1.5
	if dx, dy := hi.x-lo.x, hi.y-lo.y; dy > 1e-9 {
		aspect = math.Max(1.1, math.Min(2.4, dx/dy))
	} else if dx > 0 {
		return math.Min(width, math.Sqrt(area)*1.5), 0
	}
	w = math.Min(width, math.Sqrt(area*aspect))
	return w, math.Min(area/w, math.Max(float64(1.2*w)+float64(0.1*math.Sqrt(area)), tall/w))
}

// pack places blocks side by side within width, top down, each as high as it fits, and returns the
// height they take. Coordinates grow upwards from 0 at the bottom once all is known.
func pack(blocks []*block, width, gap float64) float64 {
	type span struct{ lo, hi vec } // y downwards
	var placed []span
	height := 0.0
	for _, b := range blocks {
		w, h := b.width(), b.height()
		best, found := vec{0, height}, math.Inf(1)
		// A block's corner goes where two that are placed make a corner, or an edge and the page
		// do: the bottom-left rule of packing rectangles (B. Baker, E. Coffman and R. Rivest,
		// 1980), upside down.
		candidates := []vec{{}}
		for _, s := range placed {
			candidates = append(candidates, vec{s.hi.x + gap, s.lo.y}, vec{s.lo.x, s.hi.y + gap}, vec{0, s.hi.y + gap}, vec{s.hi.x + gap, 0})
		}
		for _, c := range candidates {
			if c.x+w > width+1e-6 && c.x > 0 {
				continue
			}
			free := true
			for _, s := range placed {
				if c.x < s.hi.x+gap-1e-9 && s.lo.x < c.x+w+gap-1e-9 && c.y < s.hi.y+gap-1e-9 && s.lo.y < c.y+h+gap-1e-9 {
					free = false
					break
				}
			}
			// The block goes as high as it fits, and among places that are equally high to the
			// leftmost.
			if cost := c.y + h + float64(1e-3*c.x); free && cost < found {
				best, found = c, cost
			}
		}
		placed = append(placed, span{best, vec{best.x + w, best.y + h}})
		height = math.Max(height, best.y+h)
	}
	for k, b := range blocks {
		s := placed[k]
		b.moveTo(vec{s.lo.x, height - s.hi.y})
	}
	return height
}
