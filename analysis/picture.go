package analysis

import (
	"cmp"
	"math"

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
