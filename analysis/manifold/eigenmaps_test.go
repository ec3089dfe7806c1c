package manifold

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

func TestGoldenSpectralEmbedding(t *testing.T) {
	for _, set := range golden.Sets {
		var scale struct{ Corrcoef [][]float64 }
		golden.Read(t, set+".scale.json", &scale)
		var want struct {
			Spectral struct{ Embedding [][]float64 } `json:"spectral_embedding_abs_corr"`
		}
		golden.Read(t, set+".embedding.json", &want)
		affinities := symmetric(scale.Corrcoef)
		for i := range scale.Corrcoef {
			for j := range i {
				affinities.SetSym(i, j, math.Abs(affinities.At(i, j)))
			}
		}
		got, err := SpectralEmbedding(affinities, 2)
		if err != nil {
			t.Fatal(err)
		}
		w := golden.Matrix(want.Spectral.Embedding)
		for d := range 2 {
			axis := mat.Col(nil, d, w)
			for i, v := range axis {
				if v *= sign(axis); !near(got.At(i, d), v) {
					t.Errorf("%s point %d, axis %d: %v, want %v", set, i, d, got.At(i, d), v)
				}
			}
		}
	}
}

// A path is embedded in its order along the first axis, as a cosine; a point
// alone and a pair stand apart.
func TestSpectralEmbedding(t *testing.T) {
	const n = 20
	path := mat.NewSymDense(n+3, nil)
	for i := range n - 1 {
		path.SetSym(i, i+1, 1)
	}
	path.SetSym(n+1, n+2, 0.5)
	got, err := SpectralEmbedding(path, 2)
	if err != nil {
		t.Fatal(err)
	}
	up := got.At(1, 0) > got.At(0, 0)
	for i := range n - 1 {
		if d := got.At(i+1, 0) - got.At(i, 0); d > 0 != up {
			t.Errorf("the path turns at %d", i)
		}
	}
	for i := range n + 3 {
		for j := range i {
			if math.Hypot(got.At(i, 0)-got.At(j, 0), got.At(i, 1)-got.At(j, 1)) < 1e-6 {
				t.Errorf("points %d and %d coincide", i, j)
			}
		}
	}
	path.SetSym(0, 5, math.NaN())
	if _, err := SpectralEmbedding(path, 2); err == nil {
		t.Error("NaN: no error")
	}
	for p := range 4 {
		if _, err := SpectralEmbedding(newSym(p), 2); err != nil {
			t.Errorf("%d points alone: %v", p, err)
		}
	}
}
