package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// threes are p sources over n buckets, of which each three in a row hang together as a chain, and
// all on a load that is not seen.
func threes(t *testing.T, n, p int, load float64, seed uint64) *Series {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 11))
	x := mat.NewDense(n, p, nil)
	names := make([]string, p)
	for j := range p {
		names[j] = fmt.Sprint("s", j)
	}
	for i := range n {
		for j := range p {
			v := rng.NormFloat64()
			if j%3 != 0 {
				v += 0.9 * x.At(i, j-1)
			}
			x.Set(i, j, v)
		}
		l := load * rng.NormFloat64()
		for j := range p {
			x.Set(i, j, x.At(i, j)+l*(1+0.5*math.Sin(float64(j*j))))
		}
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// linksF1 is how well the links of a model are the pairs for which real holds.
func linksF1(m *Model, p int, real func(i, j int) bool) float64 {
	hit, all := 0, 0
	for j := range p {
		for i := range j {
			if real(i, j) {
				all++
			}
		}
	}
	for _, e := range m.Edges {
		if real(min(e.From, e.To), max(e.From, e.To)) {
			hit++
		}
	}
	return 2 * float64(hit) / float64(all+len(m.Edges))
}

// TestLinksWithoutHiddenCauses holds that the links that are left without the load are the real
// ones more often than today's, and that where there is no load little is lost.
func TestLinksWithoutHiddenCauses(t *testing.T) {
	ctx := context.Background()
	real := func(i, j int) bool { return j == i+1 && j%3 != 0 }
	const p = 24
	for _, c := range []struct{ load, least, gain float64 }{{0, 0.9, -0.03}, {1, 0.85, 0.01}, {2, 0.8, 0.04}} {
		var plain, hidden float64
		for seed := range uint64(3) {
			s := threes(t, 300, p, c.load, seed)
			m, err := Learn(ctx, s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			h, err := Learn(ctx, s, Options{Links: LinksHidden})
			if err != nil {
				t.Fatal(err)
			}
			plain, hidden = plain+linksF1(m, p, real)/3, hidden+linksF1(h, p, real)/3
			if seed == 0 {
				again, err := Learn(ctx, s, Options{Links: LinksHidden})
				if err != nil || again.String() != h.String() {
					t.Errorf("the same seed gave other links (%v)", err)
				}
				g := h.Graph()
				if g.Rule != h.Rule || !strings.Contains(h.Rule, "hidden common causes") || !strings.Contains(h.String(), h.Rule) {
					t.Errorf("rule %q in the graph, %q in the model", g.Rule, h.Rule)
				}
			}
		}
		t.Logf("load %v: F1 %.2f, without hidden causes %.2f", c.load, plain, hidden)
		if hidden < c.least || hidden < plain+c.gain {
			t.Errorf("load %v: F1 %.2f, without hidden causes %.2f", c.load, plain, hidden)
		}
	}
}

func TestLinksOfSmallCounts(t *testing.T) {
	ctx := context.Background()
	const n, p = 300, 12
	src := rand.NewPCG(4, 4)
	x := mat.NewDense(n, p, nil)
	names := make([]string, p)
	for j := range p {
		names[j] = fmt.Sprint("s", j)
	}
	for i := range n {
		for j := range p {
			mean := 1.5
			if j%2 == 1 {
				mean = 0.3 + 1.2*x.At(i, j-1)
			}
			x.Set(i, j, distuv.Poisson{Lambda: mean, Src: src}.Rand())
		}
		x.Set(i, p-1, x.At(i, p-2)) // a copy
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Learn(ctx, s, Options{Links: LinksCounts})
	if err != nil {
		t.Fatal(err)
	}
	if f := linksF1(m, p, func(i, j int) bool { return i%2 == 0 && j == i+1 }); f < 0.9 {
		t.Errorf("F1 %.2f\n%s", f, m)
	}
	g := m.Graph()
	if g.WeightName == "" || !strings.Contains(g.Rule, "negative binomial") || strings.Contains(m.String(), "partial correlation") || strings.Contains(m.String(), "0%") {
		t.Errorf("weight %q, rule %q\n%s", g.WeightName, g.Rule, m)
	}
	if _, err := Learn(ctx, s, Options{Links: LinksCounts, Difference: true}); err == nil {
		t.Error("links of changes as counts: no error")
	}
	s.Values.Set(0, 0, 0.5)
	s.Counts = false
	if _, err := Learn(ctx, s, Options{Links: LinksCounts}); err == nil {
		t.Error("links of no counts as counts: no error")
	}
	if _, err := Learn(ctx, s, Options{Links: "who knows"}); err == nil || !strings.Contains(err.Error(), "want one of") {
		t.Errorf("another rule: %v", err)
	}
}

// TestLinksByEveryRule covers twins, few sources and few buckets.
func TestLinksByEveryRule(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{8, 12, 60} {
		for _, p := range []int{1, 2, 3, 6} {
			x := mat.NewDense(n, p, nil)
			rng := rand.New(rand.NewPCG(uint64(n), uint64(p)))
			names := make([]string, p)
			for j := range p {
				names[j] = fmt.Sprint(j)
				for i := range n {
					x.Set(i, j, float64(rng.IntN(9)))
					if j == 1 { // the same as the first
						x.Set(i, 1, 3*x.At(i, 0))
					}
				}
			}
			s, err := NewSeries(names, 0, time.Second, x)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range LinkRules {
				m, err := Learn(ctx, s, Options{Links: rule})
				if err != nil {
					t.Errorf("%d×%d, %s: %v", n, p, rule, err)
					continue
				}
				twins := false
				for _, e := range m.Edges {
					twins = twins || m.Names[e.From] == "0" && m.Names[e.To] == "1"
				}
				if p > 1 && !twins {
					t.Errorf("%d×%d, %s: twins are not linked\n%s", n, p, rule, m)
				}
				if svg := m.Graph().SVG(); !strings.Contains(svg, "<svg") {
					t.Error(svg)
				}
			}
		}
	}
}
