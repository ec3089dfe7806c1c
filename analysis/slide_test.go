package analysis

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
)

func TestSlideFindsWhenALinkBreaks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	const n = 600
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		row := x.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64()
		}
		row[1] += row[0] // always
		if i < 300 {     // until half time
			row[3] -= row[2]
		}
	}
	s, err := NewSeries([]string{"cron", "sh", "nginx", "php"}, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Slide(context.Background(), 100, 100, Options{})
	if err != nil {
		t.Fatal(err)
	}
	find := func(a, b string) SlidingLink {
		k := slices.IndexFunc(w.Links, func(l SlidingLink) bool { return l.A == a && l.B == b })
		if k < 0 {
			t.Fatalf("%s and %s are never linked\n%s", a, b, w)
		}
		return w.Links[k]
	}
	if l := find("cron", "sh"); l.Changes != 0 || slices.Min(l.Weights) <= 0 {
		t.Errorf("cron and sh: %+v", l)
	}
	if l := find("nginx", "php"); l.Changes != 1 || l.Weights[2] >= 0 || l.Weights[3] != 0 {
		t.Errorf("nginx and php: %+v", l)
	}
	if text := w.String(); !strings.Contains(text, "nginx – php: − − − · · ·") || !strings.Contains(w.Figure().SVG(), "<svg") {
		t.Error(text)
	}
	for _, bad := range [][2]int{{4, 1}, {50, 0}, {601, 10}} {
		if _, err := s.Slide(context.Background(), bad[0], bad[1], Options{}); err == nil {
			t.Errorf("windows of %v: no error", bad)
		}
	}
}
