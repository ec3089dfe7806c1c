package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/covariance"
)

// peer is a Python with scikit-learn to race in the same run, on one thread:
//
//	DTNOTES_PEER=python3 go test -run NONE -bench . ./analysis
//
// Then each benchmark reports how many times faster it is.
var peer = os.Getenv("DTNOTES_PEER")

// race reports the peer's time for the same step on the same numbers against
// the benchmark's own.
func race(b *testing.B, step string, s *Series) {
	b.Helper()
	b.StopTimer()
	if peer == "" {
		return
	}
	path := filepath.Join(b.TempDir(), "series.csv")
	var text strings.Builder
	text.WriteString(strings.Join(s.Names, ",") + "\n")
	for i := range s.Times {
		for j, v := range s.Values.RawRowView(i) {
			if j > 0 {
				text.WriteByte(',')
			}
			text.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		}
		text.WriteByte('\n')
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(peer, "testdata/peer.py", step, path)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(seconds, "peer-s/op")
	b.ReportMetric(seconds/(b.Elapsed().Seconds()/float64(b.N)), "times-faster")
}

// sparseSeries draws n buckets from a Gaussian with p/10 groups of linked
// sources and few links between groups.
func sparseSeries(n, p int, seed uint64) *Series {
	rng := rand.New(rand.NewPCG(seed, 1))
	group := make([]int, p)
	precision := mat.NewSymDense(p, nil)
	for i := range p {
		group[i] = rng.IntN(max(1, p/10))
		for j := range i {
			chance := 0.3 / float64(p)
			if group[i] == group[j] {
				chance = 0.3
			}
			if rng.Float64() < chance {
				v := 0.15 + 0.25*rng.Float64()
				if rng.Float64() < 0.8 {
					v = -v
				}
				precision.SetSym(i, j, v)
			}
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(precision, false)
	for i := range p {
		precision.SetSym(i, i, 0.2-eigen.Values(nil)[0])
	}
	var chol mat.Cholesky
	chol.Factorize(precision)
	var upper mat.TriDense
	chol.UTo(&upper)
	z := mat.NewDense(p, n, nil)
	z.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, z)
	var x mat.Dense
	if err := x.Solve(&upper, z); err != nil {
		panic(err)
	}
	names := make([]string, p)
	for j := range names {
		names[j] = fmt.Sprintf("s%03d", j)
	}
	s, err := NewSeries(names, 0, time.Second, x.T())
	if err != nil {
		panic(err)
	}
	return s
}

func BenchmarkLearn(b *testing.B) {
	for _, size := range [][2]int{{300, 12}, {900, 24}, {2000, 60}, {5000, 200}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := sparseSeries(size[0], size[1], 1)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Learn(b.Context(), s, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			race(b, "pipeline", s)
		})
	}
}

func BenchmarkGraphicalLassoCV(b *testing.B) {
	for _, size := range [][2]int{{2000, 30}, {500, 60}, {2000, 60}, {8000, 60}, {5000, 200}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := sparseSeries(size[0], size[1], 2)
			z, err := standardize(s, false)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := covariance.GraphicalLassoCV(context.Background(), z.x, covariance.CVOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			race(b, "lasso", s)
		})
	}
}

// BenchmarkGraphicalLasso1000 solves p=1000 at about the alpha that
// cross-validation chooses.
func BenchmarkGraphicalLasso1000(b *testing.B) {
	s := sparseSeries(3000, 1000, 3)
	z, err := standardize(s, false)
	if err != nil {
		b.Fatal(err)
	}
	cov, err := covariance.Empirical(z.x)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := covariance.GraphicalLasso(context.Background(), cov, 0.046, covariance.LassoOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAffinityPropagation(b *testing.B) {
	for _, n := range []int{500, 2000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			points := affinityPoints(n)
			var sim mat.Dense
			sim.Mul(points.Values, points.Values.T())
			sim.Scale(1.0/10, &sim)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cluster.AffinityPropagation(context.Background(), &sim, cluster.AffinityOptions{}); err != nil {
					b.Log(err)
				}
			}
			race(b, "affinity", points)
		})
	}
}

// affinityPoints draws n points of unit length around 20 directions.
func affinityPoints(n int) *Series {
	rng := rand.New(rand.NewPCG(4, 1))
	centers := make([][10]float64, 20)
	for c := range centers {
		for k := range centers[c] {
			centers[c][k] = rng.NormFloat64()
		}
	}
	x := mat.NewDense(n, 10, nil)
	for i := range n {
		norm := 0.0
		row := x.RawRowView(i)
		for k := range row {
			row[k] = centers[i%20][k] + 0.3*rng.NormFloat64()
			norm += row[k] * row[k]
		}
		for k := range row {
			row[k] /= math.Sqrt(norm)
		}
	}
	names := make([]string, 10)
	for k := range names {
		names[k] = strconv.Itoa(k)
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		panic(err)
	}
	return s
}
