package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/covariance"
	"dtnotes/analysis/manifold"
)

func mustLearn(t testing.TB, s *Series, o Options) *Model {
	t.Helper()
	m, err := Learn(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPrecisionIsPositiveDefinite(t *testing.T) {
	for _, size := range [][2]int{{40, 3}, {30, 20}, {25, 40}, {200, 30}} {
		m := mustLearn(t, sparseSeries(size[0], size[1], 9), Options{})
		var chol mat.Cholesky
		if !chol.Factorize(m.Precision) {
			t.Errorf("%v: precision is not positive definite", size)
		}
		var product mat.Dense
		product.Mul(m.Precision, m.Covariance)
		p := len(m.Names)
		for i := range p {
			for j := range p {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(product.At(i, j)-want) > 1e-8 {
					t.Fatalf("%v: precision times covariance at %d, %d is %v", size, i, j, product.At(i, j))
				}
			}
		}
	}
}

func TestPermutingSourcesPermutesResults(t *testing.T) {
	s := sparseSeries(400, 24, 5)
	order := make([]string, len(s.Names))
	for i := range order {
		order[i] = s.Names[(i*7+3)%len(order)]
	}
	turned, err := s.Select(order...)
	if err != nil {
		t.Fatal(err)
	}
	a, b := mustLearn(t, s, Options{}), mustLearn(t, turned, Options{})
	if math.Abs(a.Alpha-b.Alpha) > 1e-9 {
		t.Errorf("alpha %v and %v", a.Alpha, b.Alpha)
	}
	at := make([]int, len(order))
	labels := make([]int, len(order))
	for i, name := range order {
		at[i] = slices.Index(s.Names, name)
		labels[i] = a.Labels[at[i]]
	}
	for i := range order {
		for j := range order {
			if d := math.Abs(b.Precision.At(i, j) - a.Precision.At(at[i], at[j])); d > 1e-5 {
				t.Errorf("precision of %s and %s differs by %g", order[i], order[j], d)
			}
		}
	}
	if len(a.Edges) != len(b.Edges) {
		t.Errorf("%d edges and %d", len(a.Edges), len(b.Edges))
	}
	if same, err := cluster.AdjustedRand(labels, b.Labels); err != nil || same < 1 {
		t.Errorf("clusters agree to %v only (%v)", same, err)
	}
}

func TestScalingASourceChangesNothing(t *testing.T) {
	s := sparseSeries(300, 12, 6)
	scaled := s.rows(0, len(s.Times))
	scaled.Values.Apply(func(_, j int, v float64) float64 { return v*math.Pow(10, float64(j%5)-2) + float64(j) }, s.Values)
	a, b := mustLearn(t, s, Options{}), mustLearn(t, scaled, Options{})
	for i := range s.Names {
		for j := range s.Names {
			if d := math.Abs(b.Precision.At(i, j) - a.Precision.At(i, j)); d > 1e-5 {
				t.Errorf("precision at %d, %d differs by %g", i, j, d)
			}
		}
	}
	if len(a.Edges) != len(b.Edges) || !slices.Equal(a.Labels, b.Labels) {
		t.Errorf("edges %d and %d, labels %v and %v", len(a.Edges), len(b.Edges), a.Labels, b.Labels)
	}
}

func TestSameBytesOnAnyNumberOfCores(t *testing.T) {
	s := sparseSeries(300, 40, 7)
	learn := func(cores int) []byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		data, err := json.Marshal(mustLearn(t, s, Options{Seed: 3}))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	one := learn(1)
	for _, cores := range []int{1, 2, 4} {
		if !bytes.Equal(one, learn(cores)) {
			t.Errorf("results on %d cores differ", cores)
		}
	}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	s := sparseSeries(600, 150, 8)
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 150 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		_, err := Learn(ctx, s, Options{})
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", after, err)
		}
		if err == nil && after == 0 {
			t.Error("learned although canceled before")
		}
	}
}

// TestCanceledBeforeAndDuring holds every long computation to its context.
func TestCanceledBeforeAndDuring(t *testing.T) {
	s := sparseSeries(300, 200, 3)
	points := affinityPoints(700)
	distances := cluster.Distances(points.Values)
	similar := mat.NewDense(700, 700, nil)
	similar.Mul(points.Values, points.Values.T())
	chain := mat.NewSymDense(700, nil)
	for i := range 699 {
		chain.SetSym(i, i+1, 1)
	}
	cov, err := covariance.Empirical(s.Values)
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(ctx context.Context) error{
		"learning": func(ctx context.Context) error { _, err := Learn(ctx, s, Options{}); return err },
		"cross-validation": func(ctx context.Context) error {
			_, err := covariance.GraphicalLassoCV(ctx, s.Values, covariance.CVOptions{})
			return err
		},
		"graphical lasso": func(ctx context.Context) error {
			_, err := covariance.GraphicalLasso(ctx, cov, 0.01, covariance.LassoOptions{})
			return err
		},
		"stability": func(ctx context.Context) error {
			_, err := covariance.Stability(ctx, s.Values, 0.05, covariance.StabilityOptions{})
			return err
		},
		"affinity propagation": func(ctx context.Context) error {
			_, err := cluster.AffinityPropagation(ctx, similar, cluster.AffinityOptions{MaxIter: 1e6, Stable: 1e6})
			return err
		},
		"k-means": func(ctx context.Context) error {
			_, err := cluster.KMeans(ctx, points.Values, 50, cluster.KMeansOptions{})
			return err
		},
		"linkage": func(ctx context.Context) error {
			_, err := cluster.Agglomerate(ctx, distances, cluster.Average)
			return err
		},
		"density": func(ctx context.Context) error {
			_, err := cluster.HDBSCAN(ctx, distances, cluster.HDBSCANOptions{})
			return err
		},
		"local embedding": func(ctx context.Context) error {
			_, err := manifold.LLE(ctx, points.Values, 2, manifold.LLEOptions{})
			return err
		},
		"geodesic embedding": func(ctx context.Context) error { _, err := manifold.Isomap(ctx, distances, 2, 6); return err },
		"scaling": func(ctx context.Context) error {
			_, err := manifold.SMACOF(ctx, distances, 2, manifold.SMACOFOptions{})
			return err
		},
		"layout": func(ctx context.Context) error {
			_, err := manifold.Layout(ctx, chain, manifold.LayoutOptions{})
			return err
		},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, canceled before: %v", name, err)
		}
		ctx, cancel = context.WithTimeout(context.Background(), 5*time.Millisecond)
		if err := run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, canceled on the way: %v", name, err)
		}
		cancel()
	}
}

func TestJSON(t *testing.T) {
	data, err := json.Marshal(mustLearn(t, tinySeries(t), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k := range got {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := []string{"alpha", "covariance", "edges", "embedding", "exemplars", "labels", "names", "partial_correlations", "precision"}
	if !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
}

func TestLearnBadInput(t *testing.T) {
	series := func(n, p int, f func(i, j int) float64) *Series {
		x := newDense(n, p)
		for i := range n {
			for j := range p {
				x.Set(i, j, f(i, j))
			}
		}
		names := make([]string, p)
		for j := range names {
			names[j] = string(rune('a' + j))
		}
		return &Series{Names: names, Times: make([]float64, n), Every: time.Second, Values: x}
	}
	noise := func(i, j int) float64 { return math.Mod(float64((i+1)*(j+3)*7919), 101) + 0.5 }
	for _, c := range []struct {
		name string
		s    *Series
		o    Options
		want string // part of the error, "" for none
	}{
		{"NaN", series(20, 3, func(i, j int) float64 {
			if i == 4 && j == 1 {
				return math.NaN()
			}
			return noise(i, j)
		}), Options{}, `source "b", bucket 4 is NaN`},
		{"Inf", series(20, 3, func(i, j int) float64 {
			if i == 7 && j == 2 {
				return math.Inf(-1)
			}
			return noise(i, j)
		}), Options{}, `source "c", bucket 7 is -Inf`},
		{"all constant", series(20, 3, func(i, j int) float64 { return 5 }), Options{}, `no source left of 3 in 20 buckets: "a" is constant`},
		{"one constant", series(20, 3, func(i, j int) float64 {
			if j == 0 {
				return 5
			}
			return noise(i, j)
		}), Options{}, ""},
		{"duplicates", series(20, 3, func(i, j int) float64 { return noise(i, j/2) }), Options{}, ""},
		{"fewer buckets than sources", series(12, 20, noise), Options{}, ""},
		{"one bucket", series(1, 3, noise), Options{}, "no source left"},
		{"three buckets", series(3, 3, noise), Options{}, "cannot be split into folds"},
		{"three buckets, alpha given", series(3, 3, noise), Options{Alpha: 0.3}, ""},
		{"no bucket", series(0, 3, noise), Options{}, "no source left"},
		{"one source", series(20, 1, noise), Options{}, ""},
		{"no source", series(20, 0, noise), Options{}, "no source left"},
		{"nil", nil, Options{}, "no series"},
		{"negative alpha", series(20, 3, noise), Options{Alpha: -1}, "alpha is -1"},
		{"unknown transform", series(20, 3, noise), Options{Transform: "root"}, `transform "root"`},
		{"log of negative", series(20, 3, func(i, j int) float64 { return -noise(i, j) }), Options{Transform: TransformLog1p}, `source "a", bucket 0`},
		{"robust differences", series(40, 4, noise), Options{Robust: true, Difference: true}, ""},
		{"normal scores", series(40, 4, noise), Options{Transform: TransformNormal}, ""},
		{"all edges", series(40, 4, noise), Options{MinStability: -1, Alpha: 0.01}, ""},
	} {
		m, err := Learn(t.Context(), c.s, c.o)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want == "":
			if r, d := m.Embedding.Dims(); r != len(m.Names) || d != 2 || len(m.Labels) != len(m.Names) {
				t.Errorf("%s: %d names, %d labels, embedding %d×%d", c.name, len(m.Names), len(m.Labels), r, d)
			}
			_ = m.String()
			if _, err := json.Marshal(m); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

func TestReplacedSteps(t *testing.T) {
	s := tinySeries(t)
	own := Options{
		Estimate: func(ctx context.Context, x *mat.Dense) (*covariance.Lasso, error) {
			cov, err := covariance.Empirical(x)
			if err != nil {
				return nil, err
			}
			n, _ := x.Dims()
			return covariance.GraphicalLassoEBIC(ctx, cov, n, covariance.EBICOptions{})
		},
		Cluster: func(ctx context.Context, m *Model) ([]int, []int, error) {
			c, err := cluster.AffinityPropagation(ctx, m.Covariance, cluster.AffinityOptions{})
			if err != nil {
				return nil, nil, err
			}
			return c.Labels, c.Exemplars, nil
		},
		Embed: func(ctx context.Context, x *mat.Dense) (*mat.Dense, error) {
			c, err := manifold.PCA(x.T(), 2)
			if err != nil {
				return nil, err
			}
			return c.Scores, nil
		},
	}
	m := mustLearn(t, s, own)
	if len(m.Edges) != 1 || m.Labels[0] != m.Labels[1] || m.Labels[2] == m.Labels[0] {
		t.Errorf("edges %v, labels %v", m.Edges, m.Labels)
	}
	for name, o := range map[string]Options{
		"no estimate":  {Estimate: func(context.Context, *mat.Dense) (*covariance.Lasso, error) { return nil, nil }},
		"few labels":   {Cluster: func(context.Context, *Model) ([]int, []int, error) { return []int{0}, []int{0}, nil }},
		"wrong labels": {Cluster: func(context.Context, *Model) ([]int, []int, error) { return []int{0, 1, 2}, []int{0}, nil }},
		"no embedding": {Embed: func(context.Context, *mat.Dense) (*mat.Dense, error) { return nil, nil }},
	} {
		if _, err := Learn(t.Context(), s, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
