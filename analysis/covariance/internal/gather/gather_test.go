package gather

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSameBits holds that vector instructions change no bit, and that both
// ways are right, at all widths beside and between whole vectors.
func TestSameBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = rng.NormFloat64()
		}
		return out
	}
	for width := range 71 {
		for _, n := range []int{0, 1, 2, 17} {
			const height = 9
			stride := width + rng.IntN(3)
			m := draw(height*stride + 1)
			rows := make([]int32, n)
			for k := range rows {
				rows[k] = int32(rng.IntN(height))
			}
			coef, v := draw(n), draw(width)
			sum, portable := draw(width), draw(width)
			Combine(sum, coef, rows, m, stride)
			products, portableProducts := draw(n), draw(n)
			Dots(products, v, rows, m, stride)
			ways(func() {
				Combine(portable, coef, rows, m, stride)
				Dots(portableProducts, v, rows, m, stride)
				if !slices.Equal(sum, portable) || !slices.Equal(products, portableProducts) {
					t.Fatalf("width %d, %d rows: vectors give other bits", width, n)
				}
			})
			for j, got := range sum {
				want := 0.0
				for k, c := range coef {
					want += c * m[int(rows[k])*stride+j]
				}
				near(t, got, want)
			}
			for k, got := range products {
				want := 0.0
				for j, x := range v {
					want += x * m[int(rows[k])*stride+j]
				}
				near(t, got, want)
			}
		}
	}
}

func near(t *testing.T, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// TestOutside holds that a row that is not there panics as an index does.
func TestOutside(t *testing.T) {
	for _, f := range []func(){
		func() { Combine(make([]float64, 4), []float64{1}, []int32{2}, make([]float64, 8), 4) },
		func() { Dots(make([]float64, 1), make([]float64, 4), []int32{2}, make([]float64, 8), 4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

// TestProduct holds that products of whole matrices are right, and the same to
// the last bit without vector instructions.
func TestProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for m := range 35 {
		a, b := make([]float64, m*m), make([]float64, m*m)
		for k := range a {
			a[k], b[k] = rng.NormFloat64(), rng.NormFloat64()
		}
		for _, upper := range []bool{false, true} {
			out, portable := make([]float64, m*m), make([]float64, m*m)
			Product(out, a, b, m, upper)
			ways(func() {
				Product(portable, a, b, m, upper)
				for i, j := range wanted(m, upper) {
					if out[i*m+j] != portable[i*m+j] {
						t.Fatalf("%d×%[1]d: vectors give other bits at %d, %d", m, i, j)
					}
				}
			})
			for i, j := range wanted(m, upper) {
				want := 0.0
				for k := range m {
					want += a[i*m+k] * b[k*m+j]
				}
				near(t, out[i*m+j], want)
			}
		}
	}
}

// TestPanel holds that panels are right, and the same to the last bit in each way.
func TestPanel(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 1, 7, 20} {
		for _, cols := range []int{0, 16, 48} {
			const stride = 51
			a, b := make([]float64, PanelRows*stride), make([]float64, max(1, n)*stride)
			for k := range a {
				a[k] = rng.NormFloat64()
			}
			for k := range b {
				b[k] = rng.NormFloat64()
			}
			got := make([]float64, PanelRows*stride)
			Panel(got, stride, a, stride, b, stride, n, cols)
			for i := range PanelRows {
				for j := range stride {
					want := 0.0
					if j < cols {
						for k := range n {
							want += float64(a[i*stride+k] * b[k*stride+j])
						}
					}
					near(t, got[i*stride+j], want)
				}
			}
			ways(func() {
				other := make([]float64, PanelRows*stride)
				Panel(other, stride, a, stride, b, stride, n, cols)
				if !slices.Equal(got, other) {
					t.Fatalf("%d rows of %d columns: vectors give other bits", n, cols)
				}
			})
		}
	}
}

// wanted are the places of an m×m product that are set for sure.
func wanted(m int, upper bool) iter.Seq2[int, int] {
	return func(yield func(i, j int) bool) {
		for i := range m {
			for j := range m {
				if (!upper || j >= i) && !yield(i, j) {
					return
				}
			}
		}
	}
}
