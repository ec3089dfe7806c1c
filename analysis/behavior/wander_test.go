package behavior

import (
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// A gauge that wanders is told of when it is learned, and one that comes back is not, however slowly.
func TestWanders(t *testing.T) {
	const n, seeds = 1000, 20
	count := func(stay, noise float64) (found int) {
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 5))
			x, level := make([]float64, n), 0.0
			for i := range x {
				level = float64(stay*level) + rng.NormFloat64()
				x[i] = level + float64(noise*rng.NormFloat64())
			}
			if wanders(x) {
				found++
			}
		}
		return found
	}
	for _, c := range []struct {
		stay, noise float64
		least, most int
	}{{1, 0, 16, seeds}, {1, 0.5, 14, seeds}, {0, 0, 0, 0}, {0.9, 0, 0, 0}, {0.95, 1, 0, 1}} {
		if got := count(c.stay, c.noise); got < c.least || got > c.most {
			t.Errorf("levels that stay by %v under noise of %v: %d of %d wander, want %d to %d", c.stay, c.noise, got, seeds, c.least, c.most)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	x, level := mat.NewDense(600, 2, nil), 0.0
	for i := range 600 {
		level += rng.NormFloat64()
		x.SetRow(i, []float64{level, rng.NormFloat64()})
	}
	s, err := analysis.NewSeries([]string{"walk", "steady"}, 0, 1e9, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Learn(t.Context(), []*analysis.Series{s}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "wander without a level of their own") || !strings.Contains(text, "): walk\n") {
		t.Errorf("learned:\n%s", text)
	}
}
