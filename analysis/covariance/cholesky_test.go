package covariance

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestTriangles holds factors and inverses of all small sizes, and what is not positive definite,
// to those of gonum. The memory is used again, after what fails too.
func TestTriangles(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 9))
	for m := 1; m <= 70; m++ {
		f := newTriangles(m)
		for _, rows := range []int{2 * m, m + 1, max(1, m/2), 3 * m} {
			x := mat.NewDense(rows, m, nil)
			x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
			a := mat.NewSymDense(m, nil)
			a.SymOuterK(1/float64(rows), x.T())
			var chol mat.Cholesky
			want := chol.Factorize(a)
			if rows < m {
				want = false // what rounding leaves of a singular matrix may be anything
				for i := range m {
					a.SetSym(i, i, a.At(i, i)-1e-3)
				}
			}
			logDet, ok := f.factor(flat(a))
			if ok != want {
				t.Fatalf("%d×%[1]d of %d rows: positive definite %v, want %v", m, rows, ok, want)
			}
			if !ok {
				continue
			}
			if d := math.Abs(logDet - chol.LogDet()); d > 1e-10*float64(m) {
				t.Errorf("%d×%[1]d of %d rows: logarithm of the determinant off by %g", m, rows, d)
			}
			inverse := make([]float64, m*m)
			f.invert(inverse)
			var product mat.Dense
			product.Mul(a, mat.NewDense(m, m, inverse))
			for i := range m {
				for j := range m {
					one := 0.0
					if i == j {
						one = 1
					}
					if d := math.Abs(product.At(i, j) - one); d > 1e-12*chol.Cond() {
						t.Fatalf("%d×%[1]d of %d rows: product with the inverse off by %g at %d, %d", m, rows, d, i, j)
					}
					if inverse[i*m+j] != inverse[j*m+i] {
						t.Fatalf("%d×%[1]d: the inverse is not symmetric", m)
					}
				}
			}
		}
	}
	if _, ok := newTriangles(2).factor([]float64{1, math.NaN(), 0, 1}); ok {
		t.Error("a matrix that is not a number is positive definite")
	}
}

// TestMemoryAgain holds that what is left in memory that was given back changes nothing, be it NaN.
func TestMemoryAgain(t *testing.T) {
	// A common load, so that most pairs are linked and the dual problem is solved, too.
	const n, m = 60, 23
	rng := rand.New(rand.NewPCG(8, 1))
	x := mat.NewDense(n, m, nil)
	for i := range n {
		load := rng.NormFloat64()
		for j := range m {
			x.Set(i, j, load+rng.NormFloat64())
		}
	}
	sample, err := Empirical(x)
	if err != nil {
		t.Fatal(err)
	}
	fit := func() *Lasso {
		l, err := GraphicalLasso(t.Context(), sample, 0.05, LassoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	want := fit()
	for range 20 {
		f, d := newTriangles(m), newDual(m)
		for _, s := range [][]float64{f.r, f.t, f.rows, f.across, d.u, d.other, d.change, d.size} {
			for i := range s {
				s[i] = math.NaN()
			}
		}
		for _, s := range [][]float32{d.x, d.z, d.product, d.out, d.step, d.res, d.dir, d.scale} {
			for i := range m {
				for j := range m {
					s[d.place(i, j)] = float32(math.NaN())
				}
			}
		}
		f.done()
		spareDual.Put(d)
		if got := fit(); !mat.Equal(got.Precision, want.Precision) || !mat.Equal(got.Covariance, want.Covariance) {
			t.Fatal("a fit depends on what memory held before")
		}
	}
}
