package manifold

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"
)

const golden = "../../../shared/golden"

var goldenSets = []string{"syn12", "counts24", "counts24_log1p", "syn60"}

func readGolden(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden, name))
	if err != nil {
		t.Skip("reference numbers not here: ", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(name, err)
	}
}

func matrix(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}

// columns reads a set as points: its columns, centered or not.
func columns(t testing.TB, set string, center bool) *mat.Dense {
	var scale struct{ Scaled [][]float64 }
	readGolden(t, set+".scale.json", &scale)
	x := mat.DenseCopyOf(matrix(scale.Scaled).T())
	if center {
		n, _ := x.Dims()
		for i := range n {
			row := x.RawRowView(i)
			mean := 0.0
			for _, v := range row {
				mean += v / float64(len(row))
			}
			for j := range row {
				row[j] -= mean
			}
		}
	}
	return x
}

// procrustes returns the part of b that no rotation, reflection, shift and
// scaling of a explains.
func procrustes(a, b mat.Matrix) float64 {
	norm := func(m mat.Matrix) *mat.Dense {
		d := mat.DenseCopyOf(m)
		n, k := d.Dims()
		sum := 0.0
		for j := range k {
			mean := 0.0
			for i := range n {
				mean += d.At(i, j) / float64(n)
			}
			for i := range n {
				d.Set(i, j, d.At(i, j)-mean)
				sum += d.At(i, j) * d.At(i, j)
			}
		}
		d.Scale(1/math.Sqrt(sum), d)
		return d
	}
	x, y := norm(a), norm(b)
	var c mat.Dense
	c.Mul(x.T(), y)
	var svd mat.SVD
	svd.Factorize(&c, mat.SVDThin)
	trace := 0.0
	for _, v := range svd.Values(nil) {
		trace += v
	}
	return 1 - trace*trace
}

func TestGoldenLLE(t *testing.T) {
	var centered map[string]struct {
		LLE struct {
			Embedding [][]float64
			Error     float64 `json:"reconstruction_error"`
		} `json:"lle_on_centred"`
	}
	readGolden(t, "cv_converged_and_centred_lle.json", &centered)
	for _, set := range goldenSets {
		want := centered[set].LLE
		got, err := LLE(context.Background(), columns(t, set, true), 2, LLEOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Error > want.Error+1e-9 {
			t.Errorf("%s: error %g, want ≤ %g", set, got.Error, want.Error)
		}
		if r := procrustes(got.Embedding, matrix(want.Embedding)); len(got.Parts) == 1 && r > 1e-8 {
			t.Errorf("%s: residual %g", set, r)
		}
		t.Log(set, len(got.Parts), got.Error, want.Error, procrustes(got.Embedding, matrix(want.Embedding)))
	}
}
