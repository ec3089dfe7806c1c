package analysis

import (
	"encoding/json"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
	"dtnotes/analysis/figure"
)

// Model is what [Learn] found among p sources.
type Model struct {
	Names               []string
	Alpha               float64       // penalty of the graphical lasso
	Covariance          *mat.SymDense // p×p, regularized, of the standardized sources
	Precision           *mat.SymDense // its inverse
	PartialCorrelations *mat.SymDense // p×p, ones on the diagonal
	Labels              []int         // cluster of each source, -1 for one without an edge, which stands alone
	Exemplars           []int         // source that stands for each cluster, ascending
	Embedding           *mat.Dense    // p×2
	Edges               []Edge        // stable links, strongest first

	Activity []float64       // of each source, mean absolute value per second
	Units    string          // of Activity, such as "system calls"
	Origins  []figure.Origin // where each source comes from

	Transform Transform          // that the values went through, never auto
	Dropped   []Dropped          // sources left out
	Buckets   int                // time buckets learned from
	Gap       float64            // duality gap of the fit
	Trials    []covariance.Trial // of the cross-validation
}

// Edge is a link between two sources.
type Edge struct {
	From      int     `json:"from"` // index of a source
	To        int     `json:"to"`
	Weight    float64 `json:"weight"`    // partial correlation
	Stability float64 `json:"stability"` // part of half-samples that agree, 0 to 1
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
