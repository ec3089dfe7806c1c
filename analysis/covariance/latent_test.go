package covariance

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

// loaded draws a chain of variables, the load that drives all of them, and returns the covariance.
func loaded(n, p int, load float64) *mat.SymDense {
	x := chain(n, p)
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		l := load * rng.NormFloat64()
		for j := range p {
			x.Set(i, j, x.At(i, j)+l*(1+0.5*math.Sin(float64(j*j))))
		}
	}
	s, err := Empirical(x)
	if err != nil {
		panic(err)
	}
	return Correlation(s)
}

// TestLatentFindsTheLoad compares the links among variables that a hidden load drives with those
// that the plain graphical lasso finds.
func TestLatentFindsTheLoad(t *testing.T) {
	ctx := context.Background()
	const p = 20
	s := loaded(4000, p, 1.5)
	f1 := func(m *mat.SymDense) float64 {
		hit, found := 0, 0
		for i := range p {
			for j := i + 1; j < p; j++ {
				if math.Abs(m.At(i, j)) > 1e-3 {
					found++
					if j == i+1 {
						hit++
					}
				}
			}
		}
		return 2 * float64(hit) / float64(p-1+found)
	}
	best, bestLatent := 0.0, 0.0
	for _, alpha := range []float64{0.02, 0.05, 0.1, 0.2} {
		plain, err := GraphicalLasso(ctx, s, alpha, LassoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := LatentGraphicalLasso(ctx, s, alpha, LatentOptions{})
		if err != nil {
			t.Fatal(err)
		}
		best, bestLatent = max(best, f1(plain.Precision)), max(bestLatent, f1(l.Sparse))
		if alpha == 0.05 && (l.Rank < 1 || l.Rank > p/2) {
			t.Errorf("alpha %v: %d hidden causes", alpha, l.Rank)
		}
		t.Logf("alpha %v: F1 %.2f plain, %.2f latent, rank %d, %d iterations", alpha, f1(plain.Precision), f1(l.Sparse), l.Rank, l.Iterations)
	}
	if bestLatent < 0.9 || bestLatent < best+0.1 {
		t.Errorf("F1 of links %.2f, without hidden causes %.2f", bestLatent, best)
	}
}

// TestLatentIsOptimal checks the conditions that only the minimum meets: with W the inverse of
// Sparse - Low, |S - W| is at most alpha off the diagonal, and alpha·gamma - (W - S) has no
// negative direction in which Low could grow.
func TestLatentIsOptimal(t *testing.T) {
	const p, alpha = 12, 0.1
	s := loaded(500, p, 1)
	l, err := LatentGraphicalLasso(context.Background(), s, alpha, LatentOptions{Tol: 1e-9, MaxIter: 20000})
	if err != nil {
		t.Fatal(err)
	}
	w, err := Precision(minus(l.Sparse, l.Low))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p {
		for j := range p {
			g := s.At(i, j) - w.At(i, j)
			switch v := l.Sparse.At(i, j); {
			case i == j && math.Abs(g) > 1e-5, i != j && math.Abs(g) > alpha+1e-5,
				i != j && v != 0 && math.Abs(g+math.Copysign(alpha, v)) > 1e-5:
				t.Errorf("%d, %d: gradient %v at %v", i, j, g, v)
			}
		}
	}
	grow := minus(w, s)
	for i := range p {
		grow.SetSym(i, i, grow.At(i, i)+alpha*l.Gamma)
	}
	var e mat.EigenSym
	e.Factorize(grow, false)
	if least := e.Values(nil)[0]; least < -1e-5 {
		t.Errorf("a hidden cause would lower the objective: eigenvalue %v", least)
	}
}

// TestGoldenLatent holds links and hidden causes against those of cvxpy, which solves the same
// problem by an interior-point method.
func TestGoldenLatent(t *testing.T) {
	var g struct {
		Latent struct {
			Alpha float64
			S     [][]float64
			Fits  []struct {
				Gamma, Objective float64
				Sparse, Low      [][]float64
			}
		}
	}
	golden.Read(t, "explore.json", &g)
	p := len(g.Latent.S)
	s := mat.NewSymDense(p, nil)
	for i, row := range g.Latent.S {
		for j := i; j < p; j++ {
			s.SetSym(i, j, row[j])
		}
	}
	if len(g.Latent.Fits) != 2 {
		t.Errorf("%d fits", len(g.Latent.Fits))
	}
	for _, want := range g.Latent.Fits {
		got, err := LatentGraphicalLasso(context.Background(), s, g.Latent.Alpha, LatentOptions{Gamma: want.Gamma, Tol: 1e-10, MaxIter: 50000})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Objective-want.Objective) > 1e-7 {
			t.Errorf("gamma %v: objective %v, want %v", want.Gamma, got.Objective, want.Objective)
		}
		for i := range p {
			for j := range p {
				if math.Abs(got.Sparse.At(i, j)-want.Sparse[i][j]) > 1e-4 || math.Abs(got.Low.At(i, j)-want.Low[i][j]) > 1e-4 {
					t.Errorf("gamma %v, %d, %d: %v - %v, want %v - %v", want.Gamma, i, j, got.Sparse.At(i, j), got.Low.At(i, j), want.Sparse[i][j], want.Low[i][j])
				}
			}
		}
	}
}

func TestLatentWithoutHiddenCauses(t *testing.T) {
	ctx := context.Background()
	s, err := Empirical(chain(2000, 10))
	if err != nil {
		t.Fatal(err)
	}
	l, err := LatentGraphicalLasso(ctx, s, 0.1, LatentOptions{Gamma: 50, Tol: 1e-9, MaxIter: 20000})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := GraphicalLasso(ctx, s, 0.1, LassoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Rank != 0 || math.Abs(l.Objective-plain.Objective) > 1e-6 {
		t.Errorf("rank %d, objective %v, want 0 and %v", l.Rank, l.Objective, plain.Objective)
	}
	for variance, want := range map[float64]string{-61: "variance -61: no covariance has one below 0", 0: "does not vary"} {
		bad := mat.NewSymDense(2, []float64{1, 0, 0, variance})
		_, err := GraphicalLasso(ctx, bad, 0.1, LassoOptions{})
		_, err2 := LatentGraphicalLasso(ctx, bad, 0.1, LatentOptions{})
		if err == nil || err2 == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err2.Error(), want) || variance < 0 && strings.Contains(err.Error(), "does not vary") {
			t.Errorf("variance %v: %v, %v", variance, err, err2)
		}
	}
	for alpha, o := range map[float64]LatentOptions{0: {}, -1: {}, 0.1: {Gamma: -1}} {
		if _, err := LatentGraphicalLasso(ctx, s, alpha, o); err == nil {
			t.Errorf("alpha %v, %+v: no error", alpha, o)
		}
	}
}
