package manifold

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/golden"
)

// columns reads a set as points: its columns, centered or not.
func columns(t testing.TB, set string, center bool) *mat.Dense {
	x := mat.DenseCopyOf(golden.Scaled(t, set).T())
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
	golden.Read(t, "cv_converged_and_centred_lle.json", &centered)
	for _, set := range golden.Sets {
		want := centered[set].LLE
		got, err := LLE(context.Background(), columns(t, set, true), 2, LLEOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Error > want.Error+1e-9 {
			t.Errorf("%s: error %g, want ≤ %g", set, got.Error, want.Error)
		}
		if r := procrustes(got.Embedding, golden.Matrix(want.Embedding)); len(got.Parts) == 1 && r > 1e-8 {
			t.Errorf("%s: residual %g", set, r)
		}
		t.Log(set, len(got.Parts), got.Error, want.Error, procrustes(got.Embedding, golden.Matrix(want.Embedding)))
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

func symmetric(rows [][]float64) *mat.SymDense {
	s := mat.NewSymDense(len(rows), nil)
	for i, r := range rows {
		for j := i; j < len(r); j++ {
			s.SetSym(i, j, r[j])
		}
	}
	return s
}

func TestGoldenEmbeddings(t *testing.T) {
	type placed struct {
		Embedding   [][]float64
		Eigenvalues []float64
		Stress      float64
		Geodesic    [][]float64
		Error       float64   `json:"reconstruction_error"`
		Ratio       []float64 `json:"explained_variance_ratio"`
		Smallest    []float64 `json:"smallest_eigenvalues"`
	}
	ctx := context.Background()
	for _, set := range golden.Sets {
		var corr struct {
			Distances [][]float64 `json:"distance_corr"`
		}
		golden.Read(t, set+".clustering.json", &corr)
		var want struct {
			PCA struct {
				Variance   []float64 `json:"explained_variance"`
				Ratio      []float64 `json:"explained_variance_ratio"`
				Components [][]float64
				Mean       []float64
				Scores     [][]float64 `json:"first_rows_scores"`
			} `json:"pca_rows"`
			Columns   placed `json:"pca_columns_2d"`
			Classical placed `json:"classical_mds_corrdist"`
			Smacof    placed `json:"smacof_tight"`
			Isomap6   placed `json:"isomap_6"`
			Isomap3   placed `json:"isomap_3"`
			LLE3      placed `json:"lle_3"`
			LLE6      placed `json:"lle_6"`
			LLE8      placed `json:"lle_8"`
		}
		golden.Read(t, set+".embedding.json", &want)
		same := func(what string, got mat.Matrix, w placed) {
			t.Helper()
			if r := procrustes(got, golden.Matrix(w.Embedding)); r > 1e-8 {
				t.Errorf("%s %s: residual %g", set, what, r)
			}
		}

		pca, err := PCA(golden.Scaled(t, set), 0)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want.PCA.Variance {
			if !near(pca.Variance[k], v) || !near(pca.Ratio[k], want.PCA.Ratio[k]) || !near(pca.Mean[k], want.PCA.Mean[k]) {
				t.Errorf("%s component %d: variance %v ratio %v, want %v %v", set, k, pca.Variance[k], pca.Ratio[k], v, want.PCA.Ratio[k])
			}
		}
		for k, axis := range want.PCA.Components {
			dot := 0.0
			for j, v := range axis {
				dot += v * pca.Axes.At(k, j)
			}
			if math.Abs(math.Abs(dot)-1) > 1e-8 {
				t.Errorf("%s component %d: cosine %v", set, k, dot)
			}
			for i, row := range want.PCA.Scores {
				if math.Abs(math.Abs(pca.Scores.At(i, k))-math.Abs(row[k])) > 1e-8 {
					t.Errorf("%s score %d, %d: %v, want %v", set, i, k, pca.Scores.At(i, k), row[k])
				}
			}
		}
		cols, err := PCA(columns(t, set, true), 2)
		if err != nil {
			t.Fatal(err)
		}
		same("columns", cols.Scores, want.Columns)

		distances := symmetric(corr.Distances)
		classical, values, err := ClassicalMDS(distances, 2)
		if err != nil {
			t.Fatal(err)
		}
		same("classical", classical, want.Classical)
		for k, v := range want.Classical.Eigenvalues {
			if !near(values[k], v) {
				t.Errorf("%s classical eigenvalue %d: %v, want %v", set, k, values[k], v)
			}
		}
		s, err := SMACOF(ctx, distances, 2, SMACOFOptions{Tol: 1e-10, MaxIter: 5000})
		if err != nil || s.Stress > want.Smacof.Stress*(1+1e-6) {
			t.Errorf("%s smacof: stress %v, want ≤ %v (%v)", set, s.Stress, want.Smacof.Stress, err)
		}

		points := columns(t, set, true)
		g, n := gram(points)
		euclidean := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i + 1; j < n; j++ {
				euclidean.SetSym(i, j, math.Sqrt(g[i*n+i]+g[j*n+j]-2*g[i*n+j]))
			}
		}
		for k, w := range map[int]placed{6: want.Isomap6, 3: want.Isomap3} {
			iso, err := Isomap(ctx, euclidean, 2, k)
			if err != nil {
				t.Fatal(err)
			}
			same("isomap", iso.Embedding, w)
			if !near(iso.Error, w.Error) {
				t.Errorf("%s isomap %d: error %v, want %v", set, k, iso.Error, w.Error)
			}
			for i, row := range w.Geodesic {
				for j, v := range row {
					if !near(iso.Geodesics.At(i, j), v) {
						t.Fatalf("%s isomap %d: geodesic %d, %d is %v, want %v", set, k, i, j, iso.Geodesics.At(i, j), v)
					}
				}
			}
		}
		for k, w := range map[int]placed{3: want.LLE3, 6: want.LLE6, 8: want.LLE8} {
			got, err := LLE(ctx, columns(t, set, false), 2, LLEOptions{Neighbors: k})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Parts) > 1 || w.Smallest[1] < 1e-12 {
				continue // the reference's graph falls apart: its answer is one of many
			}
			if got.Error > w.Error+1e-9 {
				t.Errorf("%s lle %d: error %v, want ≤ %v", set, k, got.Error, w.Error)
			}
			same("lle", got.Embedding, w)
		}
	}
}
