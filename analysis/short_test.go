package analysis

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// shortSeries draws n buckets of p sources linked at random, three links for each; the values are
// Gaussian, have the tails of Student's t with three degrees of freedom, or are counts.
func shortSeries(n, p int, family string, seed uint64) (*Series, *mat.SymDense) {
	rng := rand.New(rand.NewPCG(seed, 77))
	links := mat.NewSymDense(p, nil)
	for i := range p {
		for j := range i {
			if rng.Float64() < 3/float64(p) {
				links.SetSym(i, j, math.Copysign(0.2+0.3*rng.Float64(), rng.Float64()-0.6))
			}
		}
	}
	precision := mat.NewSymDense(p, nil)
	precision.CopySym(links)
	var eigen mat.EigenSym
	eigen.Factorize(links, false)
	for i := range p {
		precision.SetSym(i, i, 0.15-eigen.Values(nil)[0])
	}
	var chol mat.Cholesky
	chol.Factorize(precision)
	var cov mat.SymDense
	if err := chol.InverseTo(&cov); err != nil {
		panic(err)
	}
	var upper mat.TriDense
	chol.UTo(&upper)
	z := mat.NewDense(p, n, nil)
	z.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, z)
	x := mat.NewDense(p, n, nil)
	if err := x.Solve(&upper, z); err != nil {
		panic(err)
	}
	values := mat.DenseCopyOf(x.T())
	for i := range n {
		spread := math.Sqrt(3 / distuv.ChiSquared{K: 3, Src: rng}.Rand())
		for j := range p {
			switch v := values.At(i, j); family {
			case "t":
				values.Set(i, j, v*spread)
			case "counts":
				mean := math.Exp(1 + 2.5*float64(j)/float64(p) + 0.5*v/math.Sqrt(cov.At(j, j)))
				values.Set(i, j, distuv.Poisson{Lambda: mean, Src: rng}.Rand())
			}
		}
	}
	names := make([]string, p)
	for j := range names {
		names[j] = string(rune('A'+j/26)) + string(rune('a'+j%26))
	}
	s, err := NewSeries(names, 0, time.Second, values)
	if err != nil {
		panic(err)
	}
	s.Counts = family == "counts"
	return s, links
}

// TestShortCaptures holds the links of sources, many beside the buckets or few, to a mean F1 score
// above that of the reference's defaults (0.50, 0.37 and 0.29 at 60 buckets of 40 sources), and
// those of sources without any link to next to none.
func TestShortCaptures(t *testing.T) {
	const n, p, tries = 60, 40, 6
	for _, c := range []struct {
		n, p   int
		family string
		least  float64
	}{
		{60, 40, "gauss", 0.54}, {60, 40, "t", 0.46}, {60, 40, "counts", 0.32},
		{400, 30, "gauss", 0.92}, {400, 30, "t", 0.89}, {400, 30, "counts", 0.75},
	} {
		n, p, family, least := c.n, c.p, c.family, c.least
		sum := 0.0
		for seed := range uint64(tries) {
			s, links := shortSeries(n, p, family, seed)
			m := mustLearn(t, s, Options{})
			hit, want := 0, 0
			for i := range p {
				for j := range i {
					if links.At(i, j) != 0 {
						want++
					}
				}
			}
			for _, e := range m.Edges {
				if links.At(e.From, e.To) != 0 {
					hit++
				}
			}
			sum += 2 * float64(hit) / float64(want+len(m.Edges)) / tries
		}
		t.Logf("%d×%d %s: F1 %.3f", n, p, family, sum)
		if sum < least {
			t.Errorf("%d×%d %s: F1 of links %.3f, want %.2f", n, p, family, sum, least)
		}
	}
	made := 0
	for seed := range uint64(tries) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, _ := shortSeries(n, p, "gauss", seed)
		s.Values.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, s.Values)
		made += len(mustLearn(t, s, Options{}).Edges)
	}
	if made > 3*tries {
		t.Errorf("%d links among sources without any in %d captures", made, tries)
	}
}

// TestThin holds that a thinned series has stretches of the whole, and says so.
func TestThin(t *testing.T) {
	x := mat.NewDense(103, 2, nil)
	for i := range 103 {
		x.Set(i, 0, float64(i))
	}
	s, err := NewSeries([]string{"a", "b"}, 1000, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	if s.Thin(103) != s {
		t.Error("a short series is thinned")
	}
	thin := s.Thin(20)
	if n, p := thin.Dims(); n != 20 || p != 2 || len(thin.Notes) != 1 {
		t.Fatalf("%d×%d, notes %q", n, p, thin.Notes)
	}
	for i, want := range []float64{0, 1, 2, 3, 24, 25, 26, 27, 49, 50, 51, 52, 74, 75, 76, 77, 99, 100, 101, 102} {
		if thin.Values.At(i, 0) != want || thin.Times[i] != 1000+want {
			t.Errorf("row %d is bucket %g at %g, want %g", i, thin.Values.At(i, 0), thin.Times[i], want)
		}
	}
}
