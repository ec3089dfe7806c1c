package figure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSeparateIsThatOfAllPairs holds the result of separate against that of all pairs, bit for bit:
// what is out of sight must never matter.
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
		free := separate(want, bodies, links, width, math.Inf(1))
		freed[free]++
		if got := separate(pos, bodies, links, width, nearSlack); got != free {
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
