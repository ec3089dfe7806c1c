package analysis

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/dtracefs"
)

// TestGaussianBucketsCountAlike holds that at most one Gaussian sample in ten has a bucket that
// counts for less.
func TestGaussianBucketsCountAlike(t *testing.T) {
	for _, size := range [][2]int{{40, 3}, {60, 40}, {300, 20}} {
		less := 0
		for seed := range uint64(30) {
			z, err := standardize(sparseSeries(size[0], size[1], seed), false)
			if err != nil {
				t.Fatal(err)
			}
			before := mat.DenseCopyOf(z.x)
			w, err := weigh(z.x)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Min(w) < 1 {
				less++
			} else if !mat.Equal(before, z.x) {
				t.Errorf("%v: weights of one change the values", size)
			}
		}
		if less > 3 {
			t.Errorf("%v: %d of 30 samples have a bucket that counts for less", size, less)
		}
	}
}

// TestABucketUnlikeAllOthers holds that one bucket in which unrelated sources all start makes no
// links.
func TestABucketUnlikeAllOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(90, 8, nil)
	x.Apply(func(i, j int, _ float64) float64 {
		if i == 3 {
			return 4000 + 100*float64(j)
		}
		return math.Floor(100 + 20*rng.NormFloat64())
	}, x)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	s, err := NewSeries(names, 0, 1e9, x)
	if err != nil {
		t.Fatal(err)
	}
	with, without := mustLearn(t, s, Options{}), mustLearn(t, s.rows(4, 90), Options{})
	if len(with.Edges) > 1 {
		t.Errorf("%d links, %d without that bucket", len(with.Edges), len(without.Edges))
	}
	plain := mustLearn(t, s, Options{Transform: TransformAnscombe, Alpha: 0.1})
	if c := plain.Covariance.At(0, 1); c < 0.7 {
		t.Errorf("transform and alpha given: covariance %v is not the plain one", c)
	}
}

func TestAwake(t *testing.T) {
	x := mat.NewDense(60, 2, nil)
	for i := 10; i < 50; i++ {
		x.Set(i, i%2, 5)
	}
	s, err := NewSeries([]string{"a", "b"}, 0, 1e9, x)
	if err != nil {
		t.Fatal(err)
	}
	if lo, hi := awake(s); lo != 11 || hi != 49 {
		t.Errorf("awake from %d to %d, want 11 to 49", lo, hi)
	}
	if lo, hi := awake(s.rows(10, 50)); lo != 0 || hi != 40 {
		t.Errorf("without silence: from %d to %d", lo, hi)
	}
	busy := s.rows(10, 50)
	busy.Measure = &dtracefs.Measure{}
	if lo, hi := awake(busy); lo != 1 || hi != 39 {
		t.Errorf("of a capture: from %d to %d", lo, hi)
	}
	if lo, hi := awake(s.rows(0, 5)); lo != hi {
		t.Errorf("of silence: from %d to %d", lo, hi)
	}
}

// TestRefineRaisesModularity holds that labels, however bad, end with a modularity that is at most
// what joining may cost below the one they had.
func TestRefineRaisesModularity(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 9))
		const p = 24
		links := mat.NewSymDense(p, nil)
		labels, planted := make([]int, p), make([]int, p)
		for i := range p {
			if labels[i] = i / 6; rng.Float64() < 0.25 {
				labels[i] = rng.IntN(6)
			}
			for j := range i {
				planted[i], planted[j] = i/6, j/6
				if near := i/6 == j/6; rng.Float64() < 0.05 || near && rng.Float64() < 0.7 {
					links.SetSym(i, j, 0.1+rng.Float64())
				}
			}
		}
		refined := refine(links, labels)
		before, after, want := cluster.Modularity(links, labels), cluster.Modularity(links, refined), cluster.Modularity(links, planted)
		if after < before-0.05 || after < want-0.15 {
			t.Errorf("seed %d: modularity %.3f became %.3f, that of the groups drawn is %.3f", seed, before, after, want)
		}
	}
}

// TestBusyBucketsCount holds that what happens in bursts between idle buckets is learned from, as
// when a virtual machine starts.
func TestBusyBucketsCount(t *testing.T) {
	capture, err := dtracefs.Load(t.Context(), dtracefs.Samples(), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromFrame(capture.Activity().DataFrame(), SeriesOptions{By: []string{"kind", "execname"}, Kinds: []string{"syscall", "bio_ops"}})
	if err != nil {
		t.Fatal(err)
	}
	m := mustLearn(t, s, Options{})
	if len(m.Edges) == 0 || m.Edges[0].Weight < 0.6 {
		t.Fatalf("links %v", m.Edges)
	}
	got := []string{m.Names[m.Edges[0].From], m.Names[m.Edges[0].To]}
	slices.Sort(got)
	if want := []string{"bio_ops qemu-system-x86", "syscall qemu-system-x86"}; !slices.Equal(got, want) {
		t.Errorf("the strongest link is that of %q, want %q", got, want)
	}
	if len(m.Names) < 10 {
		t.Errorf("sources %q are left", m.Names)
	}
}
