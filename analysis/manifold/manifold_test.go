package manifold

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func points(n, d int, seed uint64) *mat.Dense {
	if n == 0 {
		return &mat.Dense{}
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	x := mat.NewDense(n, d, nil)
	x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
	return x
}

func finite(t *testing.T, what string, n int, m mat.Matrix) {
	t.Helper()
	r, c := m.Dims()
	if r != n || n > 0 && c != 2 {
		t.Errorf("%s of %d points is %d×%d", what, n, r, c)
	}
	if err := checkPoints(m); err != nil {
		t.Errorf("%s of %d points: %v", what, n, err)
	}
}

func distancesOf(x *mat.Dense) *mat.SymDense {
	n, _ := x.Dims()
	d := newSym(n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			d.SetSym(i, j, apart(x, i, j))
		}
	}
	return d
}

func TestAnyNumberOfPoints(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{0, 1, 2, 3, 6, 7, 20} {
		x := points(n, 5, 1)
		lle, err := LLE(ctx, x, 2, LLEOptions{})
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "lle", n, lle.Embedding)
		d := distancesOf(x)
		c, _, err := ClassicalMDS(d, 2)
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "classical scaling", n, c)
		s, err := SMACOF(ctx, d, 2, SMACOFOptions{})
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "smacof", n, s.Embedding)
		layout, err := Layout(ctx, d, LayoutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "layout", n, layout.Embedding)
		if n == 0 {
			continue
		}
		iso, err := Isomap(ctx, d, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "isomap", n, iso.Embedding)
	}
}

func TestEqualPoints(t *testing.T) {
	x := mat.NewDense(9, 3, nil)
	lle, err := LLE(context.Background(), x, 2, LLEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	finite(t, "lle", 9, lle.Embedding)
}

func TestPartsStandSideBySide(t *testing.T) {
	x := points(21, 4, 2)
	for i := range 21 {
		x.Set(i, 0, x.At(i, 0)+1000*float64(i%3))
	}
	got, err := LLE(context.Background(), x, 2, LLEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Parts) != 3 {
		t.Fatalf("%d parts, want 3", len(got.Parts))
	}
	for a, p := range got.Parts {
		for _, q := range got.Parts[a+1:] {
			lo, hi := math.Inf(1), math.Inf(-1)
			for _, i := range p {
				lo, hi = min(lo, got.Embedding.At(i, 0)), max(hi, got.Embedding.At(i, 0))
			}
			for _, i := range q {
				if v := got.Embedding.At(i, 0); v >= lo && v <= hi {
					t.Errorf("point %d of another part stands in [%v, %v]", i, lo, hi)
				}
			}
		}
	}
}

func TestLayoutKeepsNodesApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{2, 10, 60} {
		links := mat.NewSymDense(n, nil)
		for range n {
			if i, j := rng.IntN(n), rng.IntN(n); i != j {
				links.SetSym(i, j, rng.Float64())
			}
		}
		for i := 1; i < n/3; i++ {
			links.SetSym(0, i, 0.5)
		}
		x, err := Layout(context.Background(), links, LayoutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range i {
				if d := apart(x.Embedding, i, j); d < 0.39 {
					t.Errorf("%d nodes: %d and %d are %v apart", n, i, j, d)
				}
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	ctx := context.Background()
	bad := mat.NewDense(2, 2, []float64{1, math.NaN(), 3, 4})
	if _, err := LLE(ctx, bad, 2, LLEOptions{}); err == nil {
		t.Error("lle: no error for NaN")
	}
	if _, err := PCA(bad, 1); err == nil {
		t.Error("principal components: no error for NaN")
	}
	if _, err := PCA(points(3, 3, 1), 4); err == nil {
		t.Error("principal components: no error for too many axes")
	}
	d := mat.NewSymDense(2, []float64{0, -1, -1, 0})
	if _, _, err := ClassicalMDS(d, 2); err == nil {
		t.Error("classical scaling: no error for a negative distance")
	}
	if _, err := Isomap(ctx, d, 2, 1); err == nil {
		t.Error("isomap: no error for a negative distance")
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := SMACOF(canceled, distancesOf(points(5, 3, 1)), 2, SMACOFOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("smacof: %v", err)
	}
}

// TestLLEMutual links two groups by a point that nobody has as a neighbor.
func TestLLEMutual(t *testing.T) {
	x := mat.NewDense(13, 2, nil)
	for i := range 12 {
		x.SetRow(i, []float64{10*float64(i%2) + math.Cos(float64(i)), math.Sin(float64(i))})
	}
	x.SetRow(12, []float64{5, 0})
	for points, want := range map[int]string{12: "[false false]", 13: "[true]"} {
		e, err := LLE(context.Background(), x.Slice(0, points, 0, 2), 2, LLEOptions{Neighbors: 5})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(e.Mutual); got != want {
			t.Errorf("%d points: parts %v counted both ways %v, want %v", points, e.Parts, got, want)
		}
	}
}
