package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/dtracefs"
)

// hostSeries makes hosts of slowly varying sources; each host from the second on follows the one
// before by lag buckets.
func hostSeries(rng *rand.Rand, hosts, n, lag int) []HostSeries {
	var out []HostSeries
	wave := make([]float64, n+lag*hosts)
	for t := 1; t < len(wave); t++ {
		wave[t] = .8*wave[t-1] + .3*rng.NormFloat64()
	}
	for h := range hosts {
		s := &Series{Every: time.Second, Counts: true, Names: []string{"load", "own"}, Values: mat.NewDense(n, 2, nil), Measure: &dtracefs.Measure{Clock: dtracefs.ClockEpoch}}
		slow := 0.0
		for t := range n {
			slow = .95*slow + .2*rng.NormFloat64()
			s.Times = append(s.Times, 1.7e9+float64(t))
			at := wave[t+lag*(hosts-1-h)]
			s.Values.SetRow(t, []float64{math.Round(500 * math.Exp(at+.1*rng.NormFloat64())), math.Round(300 * math.Exp(slow))})
		}
		out = append(out, HostSeries{fmt.Sprint("h", h), s})
	}
	return out
}

func TestLeadsAcrossHosts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a, err := LeadsAcross(t.Context(), hostSeries(rng, 2, 600, 2), 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Leads) != 1 || a.Tested != 4 {
		t.Fatalf("%v", a)
	}
	if l := a.Leads[0]; l.FromHost != "h0" || l.From != "load" || l.ToHost != "h1" || l.To != "load" || l.Lag != 2 || l.Correlation < .5 {
		t.Errorf("%+v", l)
	}
	// What happens at the same time leads nothing, and slow waves of their own do not either.
	wrong := 0
	for range 20 {
		if a, err = LeadsAcross(t.Context(), hostSeries(rng, 4, 400, 0), 4); err != nil {
			t.Fatal(err)
		}
		wrong += len(a.Leads)
	}
	if wrong > 4 {
		t.Errorf("%d leads among hosts that follow each other nowhere", wrong)
	}
}

func TestLeadsAcrossNeedsClocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for says, change := range map[string]func(h []HostSeries) []HostSeries{
		"clocks of host \"h1\" do not allow it": func(h []HostSeries) []HostSeries { h[1].Series.Measure.Clock = dtracefs.ClockRelative; return h },
		"0 buckets of 1s are common": func(h []HostSeries) []HostSeries {
			for i := range h[1].Series.Times {
				h[1].Series.Times[i] += 1e6
			}
			return h
		},
		"host \"h1\" of 1m0s":     func(h []HostSeries) []HostSeries { h[1].Series.Every = time.Minute; return h },
		"there are less than two": func(h []HostSeries) []HostSeries { return h[:1] },
	} {
		if _, err := LeadsAcross(t.Context(), change(hostSeries(rng, 2, 100, 1)), 3); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}
