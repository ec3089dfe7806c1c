package figure

import (
	"math"
	"math/bits"
)

// A vicinity knows which bodies, and which bodies and links, are near each other, so that a round
// of separate need not look at all pairs. As in the neighbor lists of molecular dynamics (L.
// Verlet, "Computer experiments on classical fluids", 1967), what is near is found for where bodies
// stood at one time, with some slack, and holds until a body leaves the slack around that place;
// then it is found anew for this body alone.
type vicinity struct {
	slack      float64
	pos, stood []vec // where bodies are, and where they were when what is near them was found
	bodies     []body
	links      []link
	ends       [][]int // of each body the links that it is an end of

	bodyBody, linkBody grid
}

// A grid is a matrix of bits.
type grid struct {
	words int // of a row
	bits  []uint64
}

func newGrid(rows, cols int) grid {
	words := (cols + 63) / 64
	return grid{words, make([]uint64, rows*words)}
}

func (g grid) set(row, col int, to bool) {
	w, bit := &g.bits[row*g.words+col/64], uint64(1)<<(col%64)
	if *w &^= bit; to {
		*w |= bit
	}
}

// next returns the first column from col on that is set in a row, or end if that comes first.
func (g grid) next(row, col, end int) int {
	for col < end {
		if w := g.bits[row*g.words+col/64] >> (col % 64); w != 0 {
			return min(end, col+bits.TrailingZeros64(w))
		}
		col = (col/64 + 1) * 64
	}
	return end
}

// nearSlack is how far a body may move before what is near it is found anew, in points. With more
// of it that is done less often, and more is near.
const nearSlack = 12

// newVicinity watches over bodies at pos, and over links unless there are none. With a slack
// without end, all are near.
func newVicinity(pos []vec, bodies []body, links []link, slack float64) *vicinity {
	v := &vicinity{
		slack: slack, pos: pos, stood: append([]vec(nil), pos...), bodies: bodies, links: links, ends: make([][]int, len(pos)),
		bodyBody: newGrid(len(pos), len(pos)), linkBody: newGrid(len(links), len(pos)),
	}
	for k, l := range links {
		v.ends[l.a], v.ends[l.b] = append(v.ends[l.a], k), append(v.ends[l.b], k)
	}
	for i := range pos {
		v.findBodies(i)
	}
	for k := range links {
		for i := range pos {
			v.find(k, i)
		}
	}
	return v
}

// forgetLinks spares what it takes to watch over links that are no longer asked for.
func (v *vicinity) forgetLinks() {
	v.links = nil
	clear(v.ends)
}

// moved is to be called after a body has been moved.
func (v *vicinity) moved(i int) {
	if d := v.pos[i].sub(v.stood[i]); d.dot(d) <= v.slack*v.slack {
		return
	}
	v.stood[i] = v.pos[i]
	v.findBodies(i)
	for k := range v.links {
		v.find(k, i)
	}
	for _, k := range v.ends[i] {
		for j := range v.pos {
			v.find(k, j)
		}
	}
}

// farther is how much nearer two things may come while both move within their slack, and a little
// more for rounding.
func (v *vicinity) farther() float64 { return 2*v.slack + 0.01 }

// findBodies finds the bodies near body i.
func (v *vicinity) findBodies(i int) {
	for j := range v.pos {
		x, y := overlap(v.stood[i], v.bodies[i], v.stood[j], v.bodies[j])
		near := x > -v.farther() && y > -v.farther() && i != j
		v.bodyBody.set(i, j, near)
		v.bodyBody.set(j, i, near)
	}
}

// find finds whether body i, unless it is an end of link k, is near it.
func (v *vicinity) find(k, i int) {
	l := v.links[k]
	a, d := v.stood[l.a], v.stood[l.b].sub(v.stood[l.a])
	q := v.stood[i].sub(a)
	// The nearest point of the link may be one of its ends.
	t := 0.0
	if n := d.dot(d); n > 0 {
		t = math.Max(0, math.Min(1, q.dot(d)/n))
	}
	off := q.sub(vec{float64(t * d.x), float64(t * d.y)})
	reach := v.bodies[i].clear() + v.farther()
	v.linkBody.set(k, i, i != l.a && i != l.b && off.dot(off) < float64(reach*reach))
}

func (v *vicinity) anyOverlap() bool {
	for i := range v.pos {
		for j := v.bodyBody.next(i, 0, i); j < i; j = v.bodyBody.next(i, j+1, i) {
			if x, y := overlap(v.pos[i], v.bodies[i], v.pos[j], v.bodies[j]); x > 0 && y > 0 {
				return true
			}
		}
	}
	return false
}

// clearLinks pushes nodes that lie on links of others a little aside.
func (v *vicinity) clearLinks() {
	pos := v.pos
	for k, l := range v.links {
		a, d := pos[l.a], pos[l.b].sub(pos[l.a])
		n := d.dot(d)
		if n == 0 {
			continue
		}
		for i := v.linkBody.next(k, 0, len(pos)); i < len(pos); i = v.linkBody.next(k, i+1, len(pos)) {
			t := pos[i].sub(a).dot(d) / n
			if t < 0.03 || t > 0.97 {
				continue
			}
			off := pos[i].sub(vec{a.x + float64(t*d.x), a.y + float64(t*d.y)})
			dist, want := off.norm(), v.bodies[i].clear()
			if dist >= want {
				continue
			}
			side := vec{-d.y, d.x}
			if dist > 1e-9 {
				side = off
			}
			k := 0.15 * (want - dist) / side.norm()
			pos[i].x += float64(k * side.x)
			pos[i].y += float64(k * side.y)
			v.moved(i)
		}
	}
}
