package analysis

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis/internal/golden"
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

// chained draws n buckets of p sources, each of which follows the one before it; if broken, two of
// them only in the first half.
func chained(t *testing.T, n, p int, counts, broken bool, seed uint64) *Series {
	rng := rand.New(rand.NewPCG(seed, 5))
	x := mat.NewDense(n, p, nil)
	names := make([]string, p)
	for j := range names {
		names[j] = string(rune('a' + j))
	}
	for i := range n {
		row := x.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64()
			if j%3 != 0 && (!broken || j != 4 || i < n/2) {
				row[j] += row[j-1]
			}
		}
	}
	if counts {
		x.Apply(func(_, _ int, v float64) float64 {
			return distuv.Poisson{Lambda: 8 * math.Exp(0.5*v), Src: rng}.Rand()
		}, x)
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	s.Counts = counts
	return s
}

// TestSlideTellsChanceFromChange follows sources through windows that are short for them: links
// come and go in most of them, but a change is only what is one.
func TestSlideTellsChanceFromChange(t *testing.T) {
	found, made := 0, 0
	for _, c := range []struct{ n, p, size int }{{300, 15, 30}, {600, 9, 60}, {240, 24, 30}} {
		for seed := range uint64(2) {
			counts := seed == 1
			w, err := chained(t, c.n, c.p, counts, false, seed).Slide(context.Background(), c.size, c.size/2, Options{})
			if err != nil {
				t.Fatal(err)
			}
			really, byChance := w.changing()
			made += really
			if byChance < len(w.Links)/4 {
				t.Errorf("%+v, counts %v: the windows are not short: %s", c, counts, w)
			}
			if text, shown := w.String(), w.Figure().String(); !strings.Contains(text, "it may be chance") || !strings.Contains(shown, "may be chance") {
				t.Errorf("%s\n%s", text, shown)
			}
			w, err = chained(t, c.n, c.p, counts, true, seed).Slide(context.Background(), c.size, c.size/2, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range w.Links {
				if l.Changes == 0 {
					continue
				}
				if l.A+l.B == "de" {
					found++
				} else if !strings.Contains("def", l.A) && !strings.Contains("def", l.B) {
					t.Errorf("%+v, counts %v: %s – %s changes\n%s", c, counts, l.A, l.B, w)
				}
			}
		}
	}
	if found < 4 || made > 1 {
		t.Errorf("a link that ends is found in %d of 6 series; %d changes in 6 series without any", found, made)
	}
}

// TestGoldenAlike holds the test of two means against scipy's.
func TestGoldenAlike(t *testing.T) {
	var g struct {
		Welch []struct {
			A, B []float64
			P    float64
		}
	}
	golden.Read(t, "explore.json", &g)
	if len(g.Welch) != 4 {
		t.Errorf("%d pairs", len(g.Welch))
	}
	for k, w := range g.Welch {
		if p := alike(w.A, w.B); math.Abs(p-w.P) > 1e-9 {
			t.Errorf("pair %d: %v, want %v", k, p, w.P)
		}
	}
}

// TestSlideLearnsFromEachWindow holds the links of windows against those of models that are learned
// from the same buckets alone.
func TestSlideLearnsFromEachWindow(t *testing.T) {
	s := chained(t, 300, 6, false, true, 1)
	w, err := s.Slide(t.Context(), 100, 50, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for k, from := range []int{0, 50, 100, 150, 200} {
		part, err := NewSeries(s.Names, float64(from), s.Every, mat.DenseCopyOf(s.Values.Slice(from, from+100, 0, 6)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Learn(t.Context(), part, Options{})
		if err != nil {
			t.Fatal(err)
		}
		links := map[string]float64{}
		for _, e := range m.Edges {
			links[min(m.Names[e.From], m.Names[e.To])+max(m.Names[e.From], m.Names[e.To])] = e.Weight
		}
		for _, l := range w.Links {
			if l.Weights[k] != links[l.A+l.B] {
				t.Errorf("window %d, %s – %s: %v, want %v", k, l.A, l.B, l.Weights[k], links[l.A+l.B])
			}
			if l.Weights[k] != 0 {
				found++
				delete(links, l.A+l.B)
			}
		}
		if len(links) > 0 || w.Starts[k] != float64(from) {
			t.Errorf("window %d from %v lacks %v", k, w.Starts[k], links)
		}
	}
	if len(w.Models) != 5 || found < 10 {
		t.Errorf("%d windows, %d links", len(w.Models), found)
	}
}

func TestStretches(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var values []float64
	for i := range 100 {
		v := rng.NormFloat64()
		if i >= 60 {
			v += 3
		}
		values = append(values, v)
	}
	starts := []int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	if got := stretches(values, starts, 1e-3); !slices.Equal(got, []int{0, 6}) {
		t.Errorf("stretches from %v", got)
	}
	if got := stretches(values[:60], starts[:7], 1e-3); !slices.Equal(got, []int{0}) {
		t.Errorf("without a change: stretches from %v", got)
	}
	if got := stretches(make([]float64, 100), starts, 1e-3); !slices.Equal(got, []int{0}) {
		t.Errorf("of equal values: stretches from %v", got)
	}
}

// TestMissingValuesAreNamedByTheirPlace has silent buckets in front, which a model of counts leaves
// out.
func TestMissingValuesAreNamedByTheirPlace(t *testing.T) {
	x := mat.NewDense(60, 2, nil)
	for i := 6; i < 60; i++ {
		x.SetRow(i, []float64{float64(i % 7), float64(i % 5)})
	}
	s, err := NewSeries([]string{"a", "b"}, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	s.Counts = true
	s.Values.Set(33, 1, math.NaN())
	ctx := t.Context()
	_, learned := Learn(ctx, s, Options{})
	_, slid := s.Slide(ctx, 20, 10, Options{})
	_, spectrum := s.Spectrum("a", "b", SpectrumOptions{})
	_, factors := s.Factors(ctx, 2, FactorOptions{})
	for what, err := range map[string]error{"learning": learned, "sliding": slid, "spectrum": spectrum, "factors": factors} {
		if err == nil || !strings.HasPrefix(err.Error(), what+": ") || !strings.Contains(err.Error(), `source "b", bucket 33 is NaN`) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
