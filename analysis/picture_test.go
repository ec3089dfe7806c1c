package analysis_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/cluster"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// sampleSeries returns what the sources of the embedded sample do.
func sampleSeries(t *testing.T) *analysis.Series {
	t.Helper()
	c, err := dtracefs.Load(t.Context(), dtracefs.Samples(), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := analysis.FromFrame(c.Activity().DataFrame(), analysis.SeriesOptions{By: []string{"kind", "execname"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The sample's VM reads its disk: sources of several origins, linked.
func TestPicturesOfASample(t *testing.T) {
	s := sampleSeries(t)
	want := map[string]source.Origin{
		"syscall qemu-system-x86": source.Process, "bio_ops qemu-system-x86": source.Storage,
		"csw ksoftirqd/0": source.Platform, "csw redis-server": source.Process,
	}
	for i, name := range s.Names {
		if o, ok := want[name]; ok && s.Origins[i] != o {
			t.Errorf("%s is taken for %v; want %v", name, s.Origins[i], o)
		}
	}
	m, err := analysis.Learn(t.Context(), s, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graph()
	if len(g.Nodes) != len(m.Names) || len(g.Edges) != len(m.Edges) || len(g.Edges) == 0 {
		t.Fatalf("%d nodes and %d edges of %d sources and %d links", len(g.Nodes), len(g.Edges), len(m.Names), len(m.Edges))
	}
	for i, n := range g.Nodes {
		if o, ok := want[n.Name]; ok && n.Origin != o {
			t.Errorf("node %s is taken for %v; want %v", n.Name, n.Origin, o)
		}
		if !(n.Activity > 0) {
			t.Errorf("node %d, %s, has activity %v", i, n.Name, n.Activity)
		}
	}
	if text := s.Timeline().String(); !strings.Contains(text, "csw swapper/1") {
		t.Errorf("timeline in text lacks the busiest source:\n%s", text)
	}
}

// TestMatrixOfAModel holds the order of a model's matrix against the best one of its tree.
func TestMatrixOfAModel(t *testing.T) {
	s := sampleSeries(t)
	model, err := analysis.Learn(t.Context(), s, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Matrix(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := len(m.Names)
	r := mat.NewSymDense(p, nil)
	for i := range p {
		for j := range i + 1 {
			if d := math.Abs(m.Values[i][j] - m.Values[j][i]); d > 1e-12 || i == j && math.Abs(m.Values[i][i]-1) > 1e-12 {
				t.Errorf("correlations of %d and %d: %v and %v", i, j, m.Values[i][j], m.Values[j][i])
			}
			r.SetSym(i, j, m.Values[i][j])
		}
	}
	d := cluster.CorrelationDistances(r)
	groups := make([][]int, p, 2*p-1)
	for i := range groups {
		groups[i] = []int{i}
	}
	for k, j := range m.Merges {
		a, b := groups[j.A], groups[j.B]
		mean := 0.0
		for _, i := range a {
			for _, j := range b {
				mean += d.At(i, j) / float64(len(a)*len(b))
			}
		}
		if math.Abs(j.Height-mean) > 1e-6 {
			t.Errorf("groups %v and %v are joined at %v, want %v", a, b, j.Height, mean)
		}
		if k > 0 && j.Height < m.Merges[k-1].Height {
			t.Errorf("merge %d is lower than the one before", k)
		}
		groups = append(groups, slices.Concat(a, b))
	}
	tree, err := cluster.Agglomerate(t.Context(), d, cluster.Average)
	if err != nil {
		t.Fatal(err)
	}
	best, err := tree.OptimalLeaves(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if drawn := groups[len(groups)-1]; p < 8 || !slices.Equal(drawn, best) {
		t.Errorf("%d sources stand as %v, want %v", p, drawn, best)
	}
	if !strings.Contains(m.SVG(), "joined at") {
		t.Error("no dendrogram stands beside the matrix")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := model.Matrix(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	model.Names, model.Covariance = model.Names[:1], mat.NewSymDense(1, []float64{2})
	if one, err := model.Matrix(t.Context()); err != nil || len(one.Merges) != 0 || one.Values[0][0] != 1 {
		t.Errorf("of one source: %+v, %v", one, err)
	}
}
