package figure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSeparateIsThatOfAllPairs holds the result of separate against that of loops over all pairs,
// bit for bit: what is out of sight must never matter.
func TestSeparateIsThatOfAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	freed := map[bool]int{}
	for range 300 {
		n, width := 1+rng.IntN(80), 200+float64(500*rng.Float64())
		spread := math.Exp(2 * rng.NormFloat64())
		pos, bodies := make([]vec, n), make([]body, n)
		for i := range pos {
			pos[i] = vec{50 * spread * rng.NormFloat64(), 50 * spread * rng.NormFloat64()}
			if i > 0 && rng.IntN(10) == 0 {
				pos[i] = pos[rng.IntN(i)] // nodes on one spot
			}
			r := 4 + float64(10*rng.Float64())
			bodies[i] = body{half: r + float64(40*rng.Float64()), up: r, down: r + 10, radius: r}
		}
		var links []link
		for range rng.IntN(3 * n) {
			if a, b := rng.IntN(n), rng.IntN(n); a != b {
				links = append(links, link{a, b, 1})
			}
		}
		want := slices.Clone(pos)
		free := plainSeparate(want, bodies, links, width)
		freed[free]++
		if got := separate(pos, bodies, links, width); got != free {
			t.Fatalf("%d nodes, %d links: free is %v, want %v", n, len(links), got, free)
		}
		if !slices.Equal(pos, want) {
			t.Fatalf("%d nodes, %d links: other positions than from all pairs", n, len(links))
		}
	}
	if freed[true] < 50 || freed[false] < 20 {
		t.Errorf("too few layouts got free or did not: %v", freed)
	}
}

// plainSeparate, plainOverlap and plainClearLinks do what separate does over all pairs.
func plainSeparate(pos []vec, bodies []body, links []link, width float64) bool {
	const rounds = 400
	sparse := len(links)*len(pos) < 60_000
	for round := range rounds {
		if sparse && round < rounds/2 {
			plainClearLinks(pos, bodies, links)
		}
		worst := 0.0
		for i := range pos {
			for j := range i {
				ox, oy := overlap(pos[i], bodies[i], pos[j], bodies[j])
				if ox <= 0 || oy <= 0 {
					continue
				}
				worst = math.Max(worst, math.Min(ox, oy))
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
			}
		}
		for i := range pos {
			room := math.Max(0, width/2-bodies[i].half)
			pos[i].x = math.Max(-room, math.Min(room, pos[i].x))
		}
		if worst == 0 && round >= 20 && !plainOverlap(pos, bodies) {
			return true
		}
	}
	return !plainOverlap(pos, bodies)
}

func plainOverlap(pos []vec, bodies []body) bool {
	for i := range pos {
		for j := range i {
			if x, y := overlap(pos[i], bodies[i], pos[j], bodies[j]); x > 0 && y > 0 {
				return true
			}
		}
	}
	return false
}

func plainClearLinks(pos []vec, bodies []body, links []link) {
	for _, l := range links {
		a, d := pos[l.a], pos[l.b].sub(pos[l.a])
		n := d.dot(d)
		if n == 0 {
			continue
		}
		for i := range pos {
			want := bodies[i].radius + 5
			if q := pos[i].sub(a); (float64(q.x*d.y)-float64(q.y*d.x))*(float64(q.x*d.y)-float64(q.y*d.x)) > 1.001*want*want*n || i == l.a || i == l.b {
				continue
			}
			t := pos[i].sub(a).dot(d) / n
			if t < 0.03 || t > 0.97 {
				continue
			}
			off := pos[i].sub(vec{a.x + float64(t*d.x), a.y + float64(t*d.y)})
			dist := off.norm()
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
		}
	}
}
