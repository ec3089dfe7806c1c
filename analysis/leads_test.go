package analysis

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
)

func TestLeads(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	const n, lag = 500, 2
	x := mat.NewDense(n, 3, nil)
	for i := 1; i < n; i++ {
		x.Set(i, 0, 0.9*x.At(i-1, 0)+rng.NormFloat64())
		x.Set(i, 1, 0.3*rng.NormFloat64())
		if i >= lag {
			x.Set(i, 1, x.At(i, 1)+x.At(i-lag, 0))
		}
		x.Set(i, 2, rng.NormFloat64())
	}
	s, err := NewSeries([]string{"web", "database", "cron"}, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	m := mustLearn(t, s, Options{})
	leads, err := m.Leads(context.Background(), s, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(leads) != 1 || m.Names[leads[0].From] != "web" || m.Names[leads[0].To] != "database" || leads[0].Lag != lag {
		t.Errorf("leads %+v, want web over database by %d", leads, lag)
	}
	if _, err := m.Leads(context.Background(), s.Top(1), 4); err == nil {
		t.Error("leads in a series without the sources: no error")
	}
}

func TestCopiesDoNotLead(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	x := mat.NewDense(200, 2, nil)
	for i := range 200 {
		v := rng.NormFloat64()
		x.SetRow(i, []float64{v, 2 * v})
	}
	s, err := NewSeries([]string{"web", "copy"}, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{Names: s.Names, Transform: TransformNone, Edges: []Edge{{From: 0, To: 1, Weight: 1}}}
	leads, err := m.Leads(context.Background(), s, 2)
	if err != nil || len(leads) != 0 {
		t.Errorf("leads %v, error %v", leads, err)
	}
}
