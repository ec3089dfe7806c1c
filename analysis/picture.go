package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/covariance"
	"dtnotes/analysis/figure"
	"dtnotes/analysis/source"
)

// Timeline draws the series over time, as rates per second. Style and marks are plain fields of the
// result: t := s.Timeline(); t.XKCD = true.
func (s *Series) Timeline() figure.Timeline {
	values := make([][]float64, len(s.Names))
	for j := range values {
		values[j] = s.column(j)
	}
	return figure.Timeline{Names: s.Names, Times: s.Times, Values: values, Unit: s.Units, Every: s.Every}
}

// Graph draws the stable links between the sources. Clusters are shown by color and activity by
// size. The layout starts from the embedding.
func (m *Model) Graph() figure.Graph {
	g := figure.Graph{Unit: cmp.Or(m.Units, "values") + "/s", Rule: m.Rule, WeightName: m.WeightName}
	for i, name := range m.Names {
		g.Nodes = append(g.Nodes, figure.Node{
			Name: name, Cluster: m.Labels[i], Activity: m.Activity[i], Origin: m.Origins[i],
			X: m.Embedding.At(i, 0), Y: m.Embedding.At(i, 1),
		})
		if m.Zones != nil {
			g.Nodes[i].Zone = m.Zones[i]
		}
	}
	for _, e := range m.Edges {
		g.Edges = append(g.Edges, figure.Edge{From: e.From, To: e.To, Weight: e.Weight, Stability: e.Stability})
	}
	return g
}

// Matrix draws the correlations of all pairs of sources, with the dendrogram that orders them
// beside it (L. Wilkinson and M. Friendly, "The history of the cluster heat map", 2009). The two
// groups with the smallest mean distance are joined first (R. Sokal and C. Michener, "A statistical
// method for evaluating systematic relationships", 1958), where the distance of two sources is
// √(2(1-r)), and each group is turned so that neighbors are as much alike as they can be
// ([cluster.Tree.OptimalLeaves]). The correlations are those of the model's covariance.
func (m *Model) Matrix(ctx context.Context) (figure.Matrix, error) {
	p := len(m.Names)
	out := figure.Matrix{Names: m.Names, Values: make([][]float64, p)}
	if p == 0 {
		return out, nil
	}
	r, rounded := covariance.Correlation(m.Covariance), mat.NewSymDense(p, nil)
	for i := range p {
		out.Values[i] = mat.Row(nil, i, r)
		for j := range i + 1 {
			// Ties are joined in the same order on processors that round differently.
			rounded.SetSym(i, j, math.Round(1e9*r.At(i, j))/1e9)
		}
	}
	distances := cluster.CorrelationDistances(rounded)
	tree, err := cluster.Agglomerate(ctx, distances, cluster.Average)
	if err != nil {
		return out, fmt.Errorf("matrix: %w", err)
	}
	leaves, err := tree.OptimalLeaves(ctx, distances)
	if err != nil {
		return out, fmt.Errorf("matrix: %w", err)
	}
	place := make([]int, p, p+len(tree.Merges)) // of the first leaf of each group
	for k, i := range leaves {
		place[i] = k
	}
	for _, j := range tree.Merges {
		if place[j.A] > place[j.B] {
			j.A, j.B = j.B, j.A
		}
		place = append(place, place[j.A])
		out.Merges = append(out.Merges, figure.Merge{A: j.A, B: j.B, Height: j.Height})
	}
	return out, nil
}

// origins returns where each source comes from, plain processes if the series does not know.
func (s *Series) origins() []source.Origin {
	if s.Origins != nil {
		return s.Origins
	}
	return make([]source.Origin, len(s.Names))
}

// describe notes how active each source of the model is and where it comes from.
func (m *Model) describe(s *Series) {
	index := make(map[string]int, len(s.Names))
	for j, name := range s.Names {
		index[name] = j
	}
	origins := s.origins()
	m.Units = s.Units
	for _, name := range m.Names {
		j := index[name]
		total := 0.0
		for _, v := range s.column(j) {
			total += math.Abs(v)
		}
		m.Activity = append(m.Activity, total/(float64(len(s.Times))*s.Every.Seconds()))
		m.Origins = append(m.Origins, origins[j])
		if s.Zones != nil {
			m.Zones = append(m.Zones, s.Zones[j])
		}
	}
}
