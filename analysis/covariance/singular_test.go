package covariance

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestNearSingular fits correlations that a few causes explain but for a ten-thousandth, often of
// fewer rows than variables, at penalties down to next to none: entries of the precision reach a
// million, and rounding hides the last steps in the objective. Fits from the diagonal and from the
// solution at another penalty end at the same objective, within what they say they are off.
func TestNearSingular(t *testing.T) {
	for seed := uint64(800); seed < 825; seed++ {
		rng := rand.New(rand.NewPCG(seed, 7))
		c := causes(rng)
		alpha := AlphaMax(c) * math.Exp(-9.2*rng.Float64())
		plain, err := GraphicalLasso(t.Context(), c, alpha, LassoOptions{})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		near, err := GraphicalLasso(t.Context(), c, alpha*math.Exp(rng.NormFloat64()), LassoOptions{Tol: 1e-8})
		if err != nil {
			t.Errorf("seed %d, near: %v", seed, err)
			continue
		}
		guessed, err := GraphicalLasso(t.Context(), c, alpha, LassoOptions{Start: near.Precision})
		if err != nil {
			t.Errorf("seed %d, from near: %v", seed, err)
			continue
		}
		if d := math.Abs(plain.Objective - guessed.Objective); d > plain.Gap+guessed.Gap+1e-9*(1+math.Abs(plain.Objective)) {
			t.Errorf("seed %d: objectives %v and %v from two starts, gaps %g and %g", seed, plain.Objective, guessed.Objective, plain.Gap, guessed.Gap)
		}
	}
}

// causes draws the p×p correlations of variables that up to four causes drive.
func causes(rng *rand.Rand) *mat.SymDense {
	p := 3 + rng.IntN(40)
	n := p/2 + rng.IntN(4*p) + 3
	k := 1 + rng.IntN(4)
	normal := func(r, c int) *mat.Dense {
		m := mat.NewDense(r, c, nil)
		m.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, m)
		return m
	}
	var x mat.Dense
	x.Mul(normal(n, k), normal(k, p))
	scale := math.Pow(10, -4*rng.Float64())
	own := make([]float64, p)
	for j := range own {
		own[j] = scale * math.Pow(10, -2*rng.Float64())
	}
	x.Apply(func(_, j int, v float64) float64 { return v + float64(own[j]*rng.NormFloat64()) }, &x)
	s, err := Empirical(&x)
	if err != nil {
		panic(err)
	}
	c := newSym(p)
	for i := range p {
		for j := i; j < p; j++ {
			c.SetSym(i, j, s.At(i, j)/math.Sqrt(s.At(i, i)*s.At(j, j)))
		}
	}
	return c
}

// TestSmallGap holds the gap that is taken from U - W beside the one that is a difference, where
// both can be seen.
func TestSmallGap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 7))
	c := causes(rng)
	p := c.SymmetricDim()
	group := make([]int, p)
	for i := range group {
		group[i] = i
	}
	n := newNewton(flat(c), p, group, AlphaMax(c)/20, nil)
	n.startDiagonal()
	seen := 0
	n.ascended = true
	for range 60 {
		n.invert()
		gap := n.dualityGap(math.Inf(1))
		if gap < 1e-2 && gap > 1e4*n.noise {
			n.noise = gap
			small := n.dualityGap(0)
			if small < gap*0.99 || small > gap*1.5 {
				t.Errorf("gap %g, from the difference of the matrices %g", gap, small)
			}
			seen++
		}
		if _, err := n.descend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := n.backtrack(); !ok {
			break
		}
	}
	if seen < 2 {
		t.Errorf("%d gaps were small enough to compare", seen)
	}
}
