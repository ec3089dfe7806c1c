package covariance

import (
	"math"
	"testing"
)

func TestBracket(t *testing.T) {
	for _, c := range []struct {
		name  string
		score func(x float64) float64
		want  float64
	}{
		{"parabola", func(x float64) float64 { return -(x - 333) * (x - 333) }, 333},
		{"lopsided", func(x float64) float64 { return -math.Exp(x/100) - 200*math.Exp(-x/50) }, 400.0 / 3 * 2},
		{"falling", func(x float64) float64 { return -x }, 0},
		{"rising", func(x float64) float64 { return x }, 900},
		{"flat", func(x float64) float64 { return 1 }, 0},
		{"flat top", func(x float64) float64 { return -math.Max(0, math.Abs(x-300)-80) }, 300},
	} {
		tried := 0
		b := bracket{step: 60, end: 920, flat: 1e-9, score: func(x float64) (float64, error) {
			tried++
			return c.score(x), nil
		}}
		got, err := b.find()
		if err != nil || c.name != "lopsided" && c.name != "flat top" && got != c.want || tried > 40 || c.score(got) < c.score(c.want)-1e-3*math.Abs(c.score(c.want)) {
			t.Errorf("%s: top at %v after %d tries (%v), want %v", c.name, got, tried, err, c.want)
		}
		b.step = 10
		for _, guess := range []float64{0, c.want, c.want + 7, c.want - 90, 920} {
			got, _, err := b.near(max(0, guess))
			if want := c.score(c.want); err != nil || c.score(got) < want-1e-2*math.Abs(want) {
				t.Errorf("%s: top at %v from %v (%v), want %v", c.name, got, guess, err, c.want)
			}
		}
	}
}
