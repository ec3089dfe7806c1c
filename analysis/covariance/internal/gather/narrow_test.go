package gather

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestNarrowProduct holds that products of narrow matrices are right, and the same to the last bit
// in each way.
func TestNarrowProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, m := range []int{0, 1, 7, 8, 9, 31, 32, 33, 40, 65, 71} {
		at := func(i, j int) int { return (j/Across*NarrowRows(m)+i)*Across + j%Across }
		size := NarrowRows(m) * NarrowPanels(m) * Across
		a, b := make([]float32, size), make([]float32, size)
		for i := range m {
			for j := range m {
				if b[at(i, j)] = float32(rng.NormFloat64()); j >= i {
					v := float32(rng.NormFloat64())
					a[at(i, j)], a[at(j, i)] = v, v
				}
			}
		}
		for _, upper := range []bool{false, true} {
			got := make([]float32, size)
			NarrowProduct(got, a, b, m, upper)
			ways(func() {
				other := make([]float32, size)
				NarrowProduct(other, a, b, m, upper)
				if !slices.Equal(got, other) {
					t.Fatalf("%d×%[1]d: vectors give other bits", m)
				}
			})
			for i, j := range wanted(m, upper) {
				want := 0.0
				for k := range m {
					want += float64(a[at(i, k)]) * float64(b[at(k, j)])
				}
				if math.Abs(float64(got[at(i, j)])-want) > 1e-4 {
					t.Fatalf("%d×%[1]d at %d, %d: got %v, want %v", m, i, j, got[at(i, j)], want)
				}
			}
		}
	}
}

// TestNarrowVectors holds the same of what vectors are added by and multiplied with.
func TestNarrowVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 16, 32, 80} {
		draw := func() []float32 {
			out := make([]float32, n)
			for k := range out {
				out[k] = float32(rng.NormFloat64())
			}
			return out
		}
		change, res, dir, out, scale := draw(), draw(), draw(), draw(), draw()
		all := func() [][]float32 {
			c, r, d := slices.Clone(change), slices.Clone(res), slices.Clone(dir)
			dot, norm := NarrowDot(dir, out), NarrowStep(c, r, dir, out, scale, 0.7)
			NarrowTurn(d, r, scale, 0.3)
			return [][]float32{c, r, d, {dot, norm}}
		}
		got := all()
		ways(func() {
			for k, other := range all() {
				if !slices.Equal(got[k], other) {
					t.Fatalf("%d numbers: vectors give other bits", n)
				}
			}
		})
		dot, norm := 0.0, 0.0
		for k := range n {
			r := float64(res[k]) - 0.7*float64(out[k])
			dot += float64(dir[k]) * float64(out[k])
			norm += r * r * float64(scale[k])
			for i, want := range []float64{
				float64(change[k]) + 0.7*float64(dir[k]), r, r*float64(scale[k]) + 0.3*float64(dir[k]),
			} {
				if math.Abs(float64(got[i][k])-want) > 1e-5 {
					t.Fatalf("%d numbers, result %d at %d: got %v, want %v", n, i, k, got[i][k], want)
				}
			}
		}
		if math.Abs(float64(got[3][0])-dot) > 1e-4 || math.Abs(float64(got[3][1])-norm) > 1e-4 {
			t.Fatalf("%d numbers: got %v, want %v, %v", n, got[3], dot, norm)
		}
	}
}

// TestFMA32 holds that the sum of a product is rounded once, also where it is next to the middle
// between two numbers.
func TestFMA32(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 100000 {
		x, y := float32(rng.NormFloat64()), float32(rng.NormFloat64())
		z := float32(math.Ldexp(rng.NormFloat64(), rng.IntN(60)-30))
		if rng.IntN(2) == 0 {
			x, y = 1+float32(rng.IntN(64))/(1<<23), 1+float32(rng.IntN(64))/(1<<23)
		}
		exact := new(big.Float).SetPrec(300)
		exact.Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
		exact.Add(exact, big.NewFloat(float64(z)))
		if want, _ := exact.Float32(); fma32(x, y, z) != want {
			t.Fatalf("%v·%v + %v: got %v, want %v", x, y, z, fma32(x, y, z), want)
		}
	}
}
