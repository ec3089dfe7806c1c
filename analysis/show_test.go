package analysis

import (
	"context"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
)

// tinySeries has two linked sources, one alone and one that never changes.
func tinySeries(t testing.TB) *Series {
	t.Helper()
	x := mat.NewDense(60, 4, nil)
	state := uint32(7)
	next := func() float64 {
		state = state*214013 + 2531011
		return float64(state>>16&0x7fff) / 0x8000
	}
	for i := range 60 {
		a := next()
		x.SetRow(i, []float64{100 * a, 100*a + 40*next(), 50 * next(), 3})
	}
	s, err := NewSeries([]string{"nginx", "<b>php & co</b>", "cron", "idle"}, 1700000000, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShow(t *testing.T) {
	s := tinySeries(t)
	m, err := Learn(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"series": s.HTML(), "model": m.HTML()} {
		if strings.Contains(text, "<b>") || !strings.Contains(text, "&lt;b&gt;php &amp; co&lt;/b&gt;") {
			t.Errorf("%s: names are not escaped:\n%s", what, text)
		}
		for _, bad := range []string{"<script", "style", "class=", "on" + "click"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %q in\n%s", what, bad, text)
			}
		}
	}
	for _, want := range []string{"1 clusters", "alone", "cron", "1 links", "constant", "100%"} {
		if !strings.Contains(m.String(), want) {
			t.Errorf("no %q in\n%s", want, m)
		}
	}
	if !strings.Contains(s.String(), "60 buckets of 1s × 4 sources") {
		t.Errorf("series shows as\n%s", s)
	}
	if f := m.EdgesFrame(); f.Err != nil || f.Nrow() != 1 {
		t.Errorf("edges frame: %v", f)
	}
	if f := m.SourcesFrame(); f.Err != nil || f.Nrow() != 3 || f.Ncol() != 4 {
		t.Errorf("sources frame: %v", f)
	}
	if f := m.MatrixFrame(m.Precision); f.Err != nil || f.Nrow() != 3 || f.Ncol() != 4 {
		t.Errorf("matrix frame: %v", f)
	}
	if f := s.Frame(); f.Err != nil || f.Nrow() != 60 || f.Ncol() != 5 {
		t.Errorf("series frame: %v", f)
	}
	at, err := m.Layout(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n, d := at.Dims(); n != 3 || d != 2 {
		t.Errorf("layout is %d×%d", n, d)
	}
}

// TestGraphNamesItsUnit has a series without a unit.
func TestGraphNamesItsUnit(t *testing.T) {
	s := tinySeries(t)
	s.Units = ""
	if g := mustLearn(t, s, Options{}).Graph(); g.Unit != "values/s" {
		t.Errorf("unit %q", g.Unit)
	}
}
