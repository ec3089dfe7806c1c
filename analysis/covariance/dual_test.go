package covariance

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// driven is the correlation of n rows of p variables that a few common causes drive.
func driven(n, p, causes int, seed uint64) *mat.SymDense {
	s, err := Empirical(drivenRows(n, p, causes, seed))
	if err != nil {
		panic(err)
	}
	return Correlation(s)
}

func drivenRows(n, p, causes int, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 11))
	draw := func(r, c int) *mat.Dense {
		m := mat.NewDense(r, c, nil)
		m.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, m)
		return m
	}
	// The loadings are those of every seed.
	weights := mat.NewDense(causes, p, nil)
	fixed := rand.New(rand.NewPCG(1, 12))
	weights.Apply(func(int, int, float64) float64 { return fixed.NormFloat64() }, weights)
	var x mat.Dense
	x.Mul(draw(n, causes), weights)
	x.Add(&x, draw(n, p))
	return &x
}

// TestManyLinks holds solutions that link most pairs, from the diagonal and from guesses near and
// far, to the conditions for the minimum: W is S + alpha·sign where there is a link, and no more
// than alpha off S where there is none.
func TestManyLinks(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		n, p, causes int
		alpha        float64
	}{{2000, 60, 4, 0.005}, {40, 50, 3, 0.02}, {300, 30, 2, 0.001}, {500, 5, 1, 0.01}} {
		s := driven(c.n, c.p, c.causes, 1)
		near, err := GraphicalLasso(ctx, s, 1.3*c.alpha, LassoOptions{Tol: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		far, err := GraphicalLasso(ctx, driven(c.n, c.p, c.causes, 2), c.alpha, LassoOptions{Tol: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		for name, start := range map[string]mat.Symmetric{"diagonal": nil, "near": near.Precision, "far": far.Precision} {
			l, err := GraphicalLasso(ctx, s, c.alpha, LassoOptions{Start: start})
			if err != nil {
				t.Fatalf("%+v from %s: %v", c, name, err)
			}
			if l.Edges()*2 < c.p*(c.p-1)/5 {
				t.Errorf("%+v: only %d links", c, l.Edges())
			}
			off := 0.0
			for i := range c.p {
				off = max(off, math.Abs(l.Covariance.At(i, i)-s.At(i, i)))
				for j := i + 1; j < c.p; j++ {
					g := l.Covariance.At(i, j) - s.At(i, j)
					if x := l.Precision.At(i, j); x != 0 {
						off = max(off, math.Abs(g-math.Copysign(c.alpha, x)))
					} else {
						off = max(off, math.Abs(g)-c.alpha)
					}
				}
			}
			if off > 1e-5*c.alpha {
				t.Errorf("%+v from %s: off the conditions by %g", c, name, off)
			}
		}
	}
}
