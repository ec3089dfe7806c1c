package xkcd

import (
	"math"
	"testing"

	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/golden"
)

// Path codes of matplotlib.
const (
	codeMove  = 1
	codeClose = 79
)

func TestSketchMatchesMatplotlib(t *testing.T) {
	var reference struct {
		Cases []struct {
			Name        string
			Params      [3]float64
			Vertices    [][2]float64
			Codes       []int
			OutVertices [][2]float64 `json:"out_vertices"`
		}
	}
	golden.Read(t, "sketch.json", &reference)
	if len(reference.Cases) == 0 {
		t.Fatal("no cases")
	}
	worst := 0.0
	for _, c := range reference.Cases {
		var in []subpath
		for i, v := range c.Vertices {
			p := vg.Point{X: vg.Length(v[0]), Y: vg.Length(v[1])}
			switch c.Codes[i] {
			case codeMove:
				in = append(in, subpath{points: []vg.Point{p}})
			case codeClose:
				in[len(in)-1].closed = true
			default:
				in[len(in)-1].points = append(in[len(in)-1].points, p)
			}
		}
		pen := Sketch{c.Params[0], c.Params[1], c.Params[2]}.pen(0)
		var got [][2]float64
		for _, s := range pen.draw(in) {
			for _, p := range s.points {
				got = append(got, [2]float64{float64(p.X), float64(p.Y)})
			}
			if s.closed {
				got = append(got, [2]float64{}) // matplotlib's closing code has a dummy vertex
			}
		}
		if len(got) != len(c.OutVertices) {
			t.Errorf("%s %v: %d points, want %d", c.Name, c.Params, len(got), len(c.OutVertices))
			continue
		}
		for i, w := range c.OutVertices {
			worst = math.Max(worst, math.Max(math.Abs(got[i][0]-w[0]), math.Abs(got[i][1]-w[1])))
		}
	}
	if worst > 1e-11 {
		t.Errorf("largest deviation %g, want at most 1e-11", worst)
	}
	t.Logf("%d cases, largest deviation %.2g", len(reference.Cases), worst)
}
