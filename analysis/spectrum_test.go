package analysis

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

// spectrumGolden is what scipy 1.10 and later and scikit-learn give.
func spectrumGolden(t *testing.T) (g struct {
	X, Y  []float64
	Welch map[string]struct{ F, X, Y, Coherence, Phase []float64 }
	// Counts of 60 buckets × 10 sources, and the best error of ten factorizations into three.
	Counts [][]float64
	NMF    float64
}) {
	t.Helper()
	golden.Read(t, "spectrum_factors.json", &g)
	return g
}

func TestGoldenSpectrum(t *testing.T) {
	g := spectrumGolden(t)
	x := mat.NewDense(len(g.X), 2, nil)
	x.SetCol(0, g.X)
	x.SetCol(1, g.Y)
	s, err := NewSeries([]string{"x", "y"}, 0, 500*time.Millisecond, x)
	if err != nil {
		t.Fatal(err)
	}
	for segment, want := range map[int]string{64: "64", 75: "75"} {
		w := g.Welch[want]
		got, err := s.Spectrum("x", "y", SpectrumOptions{Segment: segment})
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got, want []float64) {
			if len(got) != len(want) {
				t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
			}
			for k := range got {
				if d := math.Abs(got[k] - want[k]); d > 1e-9*(1+math.Abs(want[k])) && !(what == "phase" && math.Abs(d-2*math.Pi) < 1e-9) {
					t.Errorf("segment %d, %s at %d: %v, want %v", segment, what, k, got[k], want[k])
				}
			}
		}
		near("frequencies", got.Frequencies, w.F)
		near("density of x", got.Density[0], w.X)
		near("density of y", got.Density[1], w.Y)
		// The mean is taken out, so that nothing but rounding is left at frequency 0.
		near("coherence", got.Coherence[2:], w.Coherence[2:])
		lag := make([]float64, len(w.Phase))
		for k, v := range w.Phase {
			lag[k] = -v
		}
		near("phase", got.Phase[2:], lag[2:])
	}
	sp, err := s.Spectrum("x", "y", SpectrumOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p := sp.Peaks(1); len(p) != 1 || math.Abs(p[0]-5) > 0.5 || !strings.Contains(sp.String(), "coherence") {
		t.Errorf("peaks at %v s: want 5\n%s", p, sp)
	}
	if _, err := s.Spectrum("x", "nobody", SpectrumOptions{}); err == nil {
		t.Error("a source that is not there: no error")
	}
	if _, err := s.Spectrum("x", "y", SpectrumOptions{Segment: 250}); err == nil {
		t.Error("too few segments: no error")
	}
}

// TestTimersArePeriods lists the period of a timer and not the multiples of its frequency, which
// are as coherent, and nothing of the kind for sources that are coherent at all frequencies.
func TestTimersArePeriods(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 60))
	const n = 1800
	x := mat.NewDense(n, 5, nil)
	both := 0.0
	for i := range n {
		both = rng.NormFloat64()
		x.SetRow(i, []float64{float64(rng.IntN(30) / 29), float64(rng.IntN(20) / 19), float64(rng.IntN(20) / 19), 100 + both + float64(0.3*rng.NormFloat64()), 50 + both})
		if i%60 == 7 {
			x.Set(i, 0, 20)
		}
		if i%60 == 8 {
			x.Set(i, 1, 15)
		}
		if i%10 == 2 {
			x.Set(i, 2, 5)
		}
	}
	s, err := NewSeries([]string{"cron", "sh", "poller", "web", "db"}, 1.7e9, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		want float64
	}{{"cron", "sh", 60}, {"poller", "sh", 10}, {"cron", "poller", 10}} {
		sp, err := s.Spectrum(c.a, c.b, SpectrumOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if p := sp.Peaks(5); len(p) != 1 || math.Abs(p[0]/c.want-1) > 0.01 || !strings.Contains(sp.String(), "multiples") || len(sp.Figure().Peaks) != 1 {
			t.Errorf("%s and %s have periods of %v s, want %v\n%s", c.a, c.b, p, c.want, sp)
		}
	}
	sp, err := s.Spectrum("web", "db", SpectrumOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(sp.Peaks(5)) != 5 || strings.Contains(sp.String(), "multiples") {
		t.Error(sp)
	}
}

func TestFactors(t *testing.T) {
	g := spectrumGolden(t)
	x := mat.NewDense(len(g.Counts), len(g.Counts[0]), nil)
	for i, row := range g.Counts {
		x.SetRow(i, row)
	}
	names := strings.Split("abcdefghij", "")
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	f, err := s.Factors(ctx, 3, FactorOptions{Iterations: 5000})
	if err != nil {
		t.Fatal(err)
	}
	if f.Error > g.NMF*(1+1e-4) {
		t.Errorf("%v left over, the reference has %v", f.Error, g.NMF)
	}
	again, err := s.Factors(ctx, 3, FactorOptions{Iterations: 5000})
	if err != nil || !mat.Equal(f.Activity, again.Activity) {
		t.Errorf("the same seed gave other factors (%v)", err)
	}
	for c := range 3 {
		if sum := mat.Sum(f.Shares.RowView(c)); math.Abs(sum-1) > 1e-9 {
			t.Errorf("shares of factor %d sum to %v", c, sum)
		}
	}
	if mat.Min(f.Activity) < 0 || mat.Min(f.Shares) < 0 || !strings.HasPrefix(f.String(), "3 factors of 10 sources in 60 buckets") {
		t.Error(f)
	}
	s.Values.Set(2, 1, -1)
	if _, err := s.Factors(ctx, 3, FactorOptions{}); err == nil || !strings.Contains(err.Error(), `source "b", bucket 2 is -1`) {
		t.Errorf("a value below zero: %v", err)
	}
	if _, err := s.Factors(ctx, 0, FactorOptions{}); err == nil {
		t.Error("no factors: no error")
	}
}

// TestChanceOfCoherence draws pairs of sources without anything in common: hardly one in ten has a
// peak, where one in twenty should if segments that overlap were independent.
func TestChanceOfCoherence(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	const tries = 300
	found := 0
	for range tries {
		x := mat.NewDense(1200, 2, nil)
		for i := range 1200 {
			x.SetRow(i, []float64{rng.NormFloat64(), rng.ExpFloat64()})
		}
		s, err := NewSeries([]string{"a", "b"}, 0, time.Second, x)
		if err != nil {
			t.Fatal(err)
		}
		sp, err := s.Spectrum("a", "b", SpectrumOptions{Segment: 128})
		if err != nil {
			t.Fatal(err)
		}
		if len(sp.Peaks(9)) > 0 {
			found++
		} else if !strings.Contains(sp.String(), "no frequency more coherent than chance") {
			t.Error(sp)
		}
		if f := sp.Figure(); f.Chance <= 0.2 || f.Chance >= 1 || len(f.Peaks) != len(sp.Peaks(peaksShown)) {
			t.Errorf("chance %v, peaks %v", f.Chance, f.Peaks)
		}
	}
	if t.Log(found, "of", tries); found > tries/10 {
		t.Errorf("%d of %d pairs have a peak by chance", found, tries)
	}
}
