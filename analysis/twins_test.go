package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/covariance"
)

// twinSeries draws n buckets of p sources, each linked to the one before, and
// adds a copy of source 0 with that scale and noise, relative to its deviation.
func twinSeries(n, p int, scale, noise float64, seed uint64) *Series {
	rng := rand.New(rand.NewPCG(seed, 5))
	x := mat.NewDense(n, p+1, nil)
	names := make([]string, p+1)
	for j := range names {
		names[j] = fmt.Sprint("s", j)
	}
	for i := range n {
		row := x.RawRowView(i)
		for j := range p {
			row[j] = rng.NormFloat64()
			if j > 0 {
				row[j] += 0.6 * row[j-1]
			}
		}
		row[p] = scale * (row[0] + noise*rng.NormFloat64())
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		panic(err)
	}
	return s
}

func TestTwinsAreLinked(t *testing.T) {
	for _, p := range []int{1, 2, 5, 20} {
		for _, n := range []int{30, 200} {
			alone := 0.0
			if p > 1 {
				s := twinSeries(n, p, 1, 0, 1)
				names := s.Names[:p]
				without, err := s.Select(names...)
				if err != nil {
					t.Fatal(err)
				}
				alone = mustLearn(t, without, Options{}).Alpha
			}
			for _, scale := range []float64{1, 1e-6, 3e5, -2} {
				for _, noise := range []float64{0, 1e-9, 1e-3, 0.03, 0.1} {
					m := mustLearn(t, twinSeries(n, p, scale, noise, 1), Options{})
					found := false
					for _, e := range m.Edges {
						if e.From == 0 && e.To == p {
							found = math.Copysign(e.Weight, e.Weight*scale) > 0.05
						}
					}
					if !found {
						t.Errorf("%d buckets of %d sources: no link to a copy times %g with noise %g among %d links", n, p, scale, noise, len(m.Edges))
					}
					if m.Labels[0] < 0 || m.Labels[0] != m.Labels[p] {
						t.Errorf("%d buckets of %d sources: a copy times %g with noise %g has labels %v", n, p, scale, noise, m.Labels)
					}
					if p >= 20 && (m.Alpha < alone/1.5 || m.Alpha > alone*1.5) {
						t.Errorf("%d buckets of %d sources: alpha %g with a copy times %g with noise %g, %g without", n, p, m.Alpha, scale, noise, alone)
					}
				}
			}
		}
	}
}

// TestSeveralCopies links all copies of a source, none of which has anything in common with another
// one once all others are known.
func TestSeveralCopies(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 9))
	for _, p := range []int{1, 2, 8} {
		for _, n := range []int{60, 500} {
			for _, noise := range []float64{0, 1e-6, 0.02, 0.1} {
				for _, copies := range []int{2, 5} {
					s := twinSeries(n, p, 1, 0, uint64(n))
					for range copies - 1 {
						s = withCopy(s, math.Copysign(rng.Float64(), rng.Float64()-0.5), noise, rng)
					}
					if noise > 0 {
						for i := range n {
							s.Values.Set(i, p, s.Values.At(i, p)+float64(noise*rng.NormFloat64()))
						}
					}
					m := mustLearn(t, s, Options{})
					weight := map[[2]int]float64{}
					for _, e := range m.Edges {
						weight[[2]int{e.From, e.To}] = e.Weight
					}
					for a := p - 1; a < len(m.Names); a++ {
						for b := a + 1; b < len(m.Names); b++ {
							i := a
							if a == p-1 {
								i = 0
							}
							if w := float64(weight[[2]int{i, b}] * m.Covariance.At(i, b)); w < 0.2 {
								t.Errorf("%d×%d with %d copies of noise %g: %s and %s are linked by %g", n, p, copies, noise, m.Names[i], m.Names[b], weight[[2]int{i, b}])
							}
						}
					}
				}
			}
		}
	}
}

// withCopy returns the series with one more copy of its first source.
func withCopy(s *Series, scale, noise float64, rng *rand.Rand) *Series {
	n, p := s.Dims()
	x := mat.NewDense(n, p+1, nil)
	x.Copy(s.Values)
	for i := range n {
		x.Set(i, p, float64(scale*(s.Values.At(i, 0)+float64(noise*rng.NormFloat64()))))
	}
	out, err := NewSeries(append(slices.Clone(s.Names), fmt.Sprint("copy", p)), 0, time.Second, x)
	if err != nil {
		panic(err)
	}
	return out
}

// TestCopiesKeepLinks holds that a source with copies is linked to whom it was linked without them.
func TestCopiesKeepLinks(t *testing.T) {
	lost, made, all := 0, 0, 0
	for seed := range uint64(20) {
		s := twinSeries(60, 6, 1, 0, seed)
		links := func(m *Model) map[[2]int]bool {
			out := map[[2]int]bool{}
			for _, e := range m.Edges {
				// The sources from the sixth on are copies of the first.
				i, j := e.From, e.To
				if i > 5 {
					i = 0
				}
				if j > 5 {
					j = 0
				}
				if i != j {
					out[[2]int{min(i, j), max(i, j)}] = true
				}
			}
			return out
		}
		alone, err := s.Select(s.Names[:6]...)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(seed, 3))
		with := links(mustLearn(t, withCopy(withCopy(s, -2, 1e-3, rng), 1e4, 1e-3, rng), Options{}))
		without := links(mustLearn(t, alone, Options{}))
		all += len(without)
		for l := range without {
			if !with[l] {
				lost++
			}
		}
		for l := range with {
			if !without[l] {
				made++
			}
		}
	}
	t.Logf("%d lost, %d made of %d", lost, made, all)
	if lost+made > all/10 {
		t.Errorf("of %d links, copies of one source lose %d and make %d others", all, lost, made)
	}
}

// TestFewBucketsMakeNoTwins holds that unrelated sources are no copies in captures of a few
// buckets, and copies are.
func TestFewBucketsMakeNoTwins(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{2, 3, 4, 5, 6, 8} {
		found, missed := 0, 0
		const tries = 300
		for range tries {
			x := mat.NewDense(n, 6, nil)
			x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
			for i := range n {
				x.Set(i, 5, float64(-7*x.At(i, 4)))
			}
			for j := range 6 {
				col := mat.Col(nil, j, x)
				mean, dev := moments(col)
				for i := range col {
					x.Set(i, j, (col[i]-mean)/dev)
				}
			}
			d, err := findDistinct(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.of[4] != d.of[5] {
				missed++
			}
			if len(d.groups) < 5 {
				found++
			}
		}
		if found > tries/50 || (missed > 0) != (n == 2) {
			t.Errorf("%d buckets: of %d captures, unrelated sources are copies in %d, and copies are not in %d", n, tries, found, missed)
		}
	}
}

func TestNearTwins(t *testing.T) {
	r := mat.NewSymDense(5, []float64{
		4, 2 * 0.999, 0, 0, 0,
		0, 1, 0, 0, -0.99,
		0, 0, 1, 0.3, 0,
		0, 0, 0, 1, 0,
		0, 0, 0, 0, 1,
	})
	// 1 is near 0 and 4, but 0 and 4 are not near each other.
	if got := fmt.Sprint(covariance.NearTwins(r, 0.985)); got != "[[0 1] [2] [3] [4]]" {
		t.Error(got)
	}
}

// TestClustersWithoutExemplars takes labels of any numbers.
func TestClustersWithoutExemplars(t *testing.T) {
	for label, want := range map[int]int{7: 0, -1: -1} {
		o := Options{Cluster: clusterAll(label)}
		m := mustLearn(t, sparseSeries(200, 6, 1), o)
		if len(m.Exemplars) != 2+want || m.Labels[0] != want || m.Labels[5] < 0 || math.Signbit(float64(m.Exemplars[0])) {
			t.Errorf("labels %v, exemplars %v", m.Labels, m.Exemplars)
		}
		_, _ = m.String(), m.Graph().String()
	}
}

// TestClustersOfOtherAlgorithms takes the labels of those here that have no exemplars.
func TestClustersOfOtherAlgorithms(t *testing.T) {
	s := sparseSeries(200, 6, 1)
	for name, labels := range map[string]func(context.Context, *Model) ([]int, error){
		"spectral": func(ctx context.Context, m *Model) ([]int, error) {
			p := len(m.Names)
			affinity := mat.NewSymDense(p, nil)
			for i := range p {
				for j := range i + 1 {
					affinity.SetSym(i, j, math.Abs(m.PartialCorrelations.At(i, j)))
				}
			}
			return cluster.Spectral(ctx, affinity, 2, cluster.SpectralOptions{})
		},
		"HDBSCAN": func(ctx context.Context, m *Model) ([]int, error) {
			got, err := cluster.HDBSCAN(ctx, cluster.CorrelationDistances(m.Covariance), cluster.HDBSCANOptions{MinSize: 2})
			if err != nil {
				return nil, err
			}
			return got.Labels, nil
		},
	} {
		m := mustLearn(t, s, Options{Cluster: func(ctx context.Context, m *Model) ([]int, []int, error) {
			l, err := labels(ctx, m)
			return l, nil, err
		}})
		for i, l := range m.Labels {
			if l < -1 || l >= len(m.Exemplars) {
				t.Errorf("%s: source %d is in cluster %d of %d", name, i, l, len(m.Exemplars))
			}
		}
		for c, i := range m.Exemplars {
			if m.Labels[i] != c {
				t.Errorf("%s: the exemplar of cluster %d is in %d", name, c, m.Labels[i])
			}
		}
		if len(m.Exemplars) == 0 || m.String() == "" || m.Graph().SVG() == "" {
			t.Errorf("%s: labels %v, exemplars %v", name, m.Labels, m.Exemplars)
		}
	}
}

func clusterAll(first int) func(context.Context, *Model) ([]int, []int, error) {
	return func(_ context.Context, m *Model) ([]int, []int, error) {
		labels := make([]int, len(m.Names))
		for i := range labels {
			labels[i] = 30
		}
		labels[0] = first
		return labels, nil, nil
	}
}

// TestNoisyCopiesOfHeavyTails has values of which one or two make up most of the variance, so that
// noise of a tenth of the deviation is much beside the others.
func TestNoisyCopiesOfHeavyTails(t *testing.T) {
	families := map[string]func(rng *rand.Rand) float64{
		"lognormal": func(rng *rand.Rand) float64 { return math.Exp(1.5 * rng.NormFloat64()) },
		"counts":    func(rng *rand.Rand) float64 { return math.Floor(math.Exp(2 + rng.NormFloat64())) },
		"t3": func(rng *rand.Rand) float64 {
			c := 0.0
			for range 3 {
				x := rng.NormFloat64()
				c += float64(x * x)
			}
			return rng.NormFloat64() / math.Sqrt(c/3)
		},
	}
	lost, made, all := 0, 0, 0
	for name, draw := range families {
		for _, p := range []int{2, 8, 16} {
			for _, n := range []int{10, 15, 30, 100} {
				for _, noise := range []float64{0.05, 0.1} {
					for seed := range uint64(6) {
						rng := rand.New(rand.NewPCG(seed, uint64(1000*n+p)))
						x := mat.NewDense(n, p, nil)
						x.Apply(func(_, _ int, _ float64) float64 { return draw(rng) }, x)
						_, dev := moments(mat.Col(nil, 0, x))
						scale := []float64{1, -2, 1e-6, 1e6}[seed%4]
						names := make([]string, p)
						for j := range names {
							names[j] = fmt.Sprint("s", j)
						}
						for i := range n {
							x.Set(i, p-1, scale*(x.At(i, 0)+float64(noise*dev*rng.NormFloat64())))
						}
						s, err := NewSeries(names, 0, time.Second, x)
						if err != nil {
							t.Fatal(err)
						}
						m := mustLearn(t, s, Options{})
						if len(m.Names) < p {
							continue // some sources are too seldom busy
						}
						found := false
						for _, e := range m.Edges {
							switch {
							case e.From == 0 && e.To == p-1:
								found = math.Copysign(e.Weight, e.Weight*scale) > 0.05
							case math.Abs(m.Covariance.At(e.From, e.To)) < 0.9 && math.Abs(e.Weight) >= nearTwins:
								made++
							}
						}
						if all++; !found {
							lost++
							t.Logf("%s, %d×%d, noise %g times %g, seed %d: no link", name, n, p, noise, scale, seed)
						}
					}
				}
			}
		}
	}
	t.Logf("of %d copies %d are lost; %d unrelated pairs are copies", all, lost, made)
	if lost > all/200 || made > all/100 {
		t.Errorf("of %d copies %d are lost, and %d unrelated pairs are copies", all, lost, made)
	}
}

// TestWhatVariesIsNotConstant has values far from zero that vary by little, down to a few dozen
// times the last digit, and values that differ by rounding only.
func TestWhatVariesIsNotConstant(t *testing.T) {
	for _, offset := range []float64{0, 1e6, -1e9, 1e11, -1e11} {
		rng := rand.New(rand.NewPCG(1, 1))
		x := mat.NewDense(200, 3, nil)
		for i := range 200 {
			a, b := rng.NormFloat64(), rng.NormFloat64()
			x.SetRow(i, []float64{offset + float64(1e-3*a), offset + float64(1e-3*(a+0.5*b)), (offset + 0.1) * (1 + float64(i%2)*0x1p-52)})
		}
		s, err := NewSeries([]string{"a", "b", "rounded"}, 0, time.Second, x)
		if err != nil {
			t.Fatal(err)
		}
		m := mustLearn(t, s, Options{})
		if len(m.Edges) != 1 || len(m.Dropped) != 1 || m.Dropped[0].Name != "rounded" {
			t.Errorf("offset %g: %d links, %v dropped", offset, len(m.Edges), m.Dropped)
		}
	}
}
