package analysis

import (
	"context"
	"encoding/json"
	"math"

	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
	"dtnotes/analysis/manifold"
	"dtnotes/analysis/source"
)

// Model is what [Learn] found among p sources.
type Model struct {
	Names               []string
	Alpha               float64       // penalty of the graphical lasso
	Covariance          *mat.SymDense // p×p, regularized, of the standardized sources
	Precision           *mat.SymDense // its inverse
	PartialCorrelations *mat.SymDense // p×p, ones on the diagonal
	Labels              []int         // cluster of each source, -1 for one without an edge
	Exemplars           []int         // source that stands for each cluster, ascending
	Embedding           *mat.Dense    // p×2
	Edges               []Edge        // stable links, strongest first

	Activity []float64       // of each source, mean absolute value per second
	Units    string          // of Activity, such as "system calls"
	Origins  []source.Origin // where each source comes from
	Zones    []string        // zone or container, [source.Global] for the platform; nil if unknown

	// Links is the rule by which links were found, and Rule says what a link had to meet to be
	// listed.
	Links LinkRule
	Rule  string
	// WeightName says what the weight of a link is; "" means its partial correlation.
	WeightName string

	Transform Transform          // that the values went through, never auto
	Dropped   []Dropped          // sources left out
	Buckets   int                // time buckets learned from
	Gap       float64            // duality gap of the fit
	Trials    []covariance.Trial // of the cross-validation
}

// Edge is a link between two sources. The weight of a link between two copies is their partial
// correlation with all other copies of them left out.
type Edge struct {
	From      int     `json:"from"` // index of a source
	To        int     `json:"to"`
	Weight    float64 `json:"weight"`    // partial correlation, or what the model's WeightName says
	Stability float64 `json:"stability"` // part of half-samples that agree; 0 if none were drawn
}

func (m *Model) setLasso(l *covariance.Lasso, trials []covariance.Trial) {
	m.Alpha, m.Gap, m.Trials = l.Alpha, l.Gap, trials
	m.Covariance, m.Precision = l.Covariance, l.Precision
	m.PartialCorrelations = covariance.PartialCorrelations(l.Precision)
}

// MarshalJSON writes names, alpha, covariance, precision,
// partial_correlations, labels, exemplars, embedding (p pairs) and edges
// (objects of from, to, weight, stability).
func (m *Model) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Names               []string    `json:"names"`
		Alpha               float64     `json:"alpha"`
		Covariance          [][]float64 `json:"covariance"`
		Precision           [][]float64 `json:"precision"`
		PartialCorrelations [][]float64 `json:"partial_correlations"`
		Labels              []int       `json:"labels"`
		Exemplars           []int       `json:"exemplars"`
		Embedding           [][]float64 `json:"embedding"`
		Edges               []Edge      `json:"edges"`
	}{m.Names, m.Alpha, table(m.Covariance), table(m.Precision), table(m.PartialCorrelations),
		m.Labels, m.Exemplars, table(m.Embedding), m.Edges})
}

// table lists the rows of a matrix.
func table(m mat.Matrix) [][]float64 {
	r, c := m.Dims()
	rows := make([][]float64, r)
	for i := range rows {
		rows[i] = make([]float64, c)
		for j := range rows[i] {
			rows[i][j] = m.At(i, j)
		}
	}
	return rows
}

// Layout places the sources for drawing, p×2: linked ones about a unit apart,
// groups without links between them side by side, no two sources closer than
// 0.4 of it. The embedding, in contrast, shows which sources run alike,
// linked or not, and may put many on one spot.
func (m *Model) Layout(ctx context.Context) (*mat.Dense, error) {
	links := mat.NewSymDense(len(m.Names), nil)
	for _, e := range m.Edges {
		links.SetSym(e.From, e.To, math.Abs(e.Weight))
	}
	laid, err := manifold.Layout(ctx, links, manifold.LayoutOptions{})
	if err != nil {
		return nil, err
	}
	return laid.Embedding, nil
}

// EdgesFrame returns the links as a frame of source, with, weight and
// stability, and of source_zone and with_zone where zones are known.
func (m *Model) EdgesFrame() dataframe.DataFrame {
	from, to := make([]string, len(m.Edges)), make([]string, len(m.Edges))
	weight, stability := make([]float64, len(m.Edges)), make([]float64, len(m.Edges))
	for i, e := range m.Edges {
		from[i], to[i], weight[i], stability[i] = m.Names[e.From], m.Names[e.To], e.Weight, e.Stability
	}
	columns := []series.Series{
		series.New(from, series.String, "source"), series.New(to, series.String, "with"),
		series.New(weight, series.Float, "weight"), series.New(stability, series.Float, "stability")}
	if m.Zones != nil {
		for i, e := range m.Edges {
			from[i], to[i] = m.Zones[e.From], m.Zones[e.To]
		}
		columns = append(columns, series.New(from, series.String, "source_zone"), series.New(to, series.String, "with_zone"))
	}
	return dataframe.New(columns...)
}

// SourcesFrame returns the sources as a frame of source, cluster (-1 for one
// that stands alone) and its place x, y in the embedding, and of zone where
// zones are known.
func (m *Model) SourcesFrame() dataframe.DataFrame {
	columns := []series.Series{
		series.New(m.Names, series.String, "source"), series.New(m.Labels, series.Int, "cluster"),
		series.New(mat.Col(nil, 0, m.Embedding), series.Float, "x"), series.New(mat.Col(nil, 1, m.Embedding), series.Float, "y")}
	if m.Zones != nil {
		columns = append(columns, series.New(m.Zones, series.String, "zone"))
	}
	return dataframe.New(columns...)
}

// MatrixFrame returns one of the model's p×p matrices as a frame with a
// column source before a column per source.
func (m *Model) MatrixFrame(matrix mat.Matrix) dataframe.DataFrame {
	columns := []series.Series{series.New(m.Names, series.String, "source")}
	for j, name := range m.Names {
		columns = append(columns, series.New(mat.Col(nil, j, matrix), series.Float, name))
	}
	return dataframe.New(columns...)
}
