package analysis

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// parted is a series of counts, and what returns its parts.
func parted(t *testing.T, n, p int) (*Series, func(k int) (*Series, error)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(n, p, nil)
	names := make([]string, p)
	for j := range names {
		names[j] = string(rune('a' + j))
	}
	for i := range n {
		common := rng.NormFloat64()
		for j := range p {
			v := float64(100*(j+1)) + float64(20*rng.NormFloat64())
			if j < 2 {
				v += float64(15 * common)
			}
			x.Set(i, j, math.Max(0, math.Round(v)))
		}
	}
	s, err := NewSeries(names, 0, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s, func(k int) (*Series, error) {
		from := k * covariance.BlockRows
		if from >= n {
			return nil, io.EOF
		}
		return s.rows(from, min(n, from+covariance.BlockRows)), nil
	}
}

// A covariance of parts is that of the whole, the same to the bit with any number of threads.
func TestFoldedCovariance(t *testing.T) {
	const n = 2*covariance.BlockRows + 300
	s, part := parted(t, n, 5)
	names := []string{"c", "a", "b"} // in any order, and some of them
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, tr := range []Transform{TransformNone, TransformLog1p, TransformAnscombe} {
		var first *mat.SymDense
		for threads := 1; threads <= 3; threads++ {
			runtime.GOMAXPROCS(threads)
			got, err := FoldedCovariance(context.Background(), names, tr, part)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			if !mat.Equal(got, first) {
				t.Errorf("%s: other bits with %d threads", tr, threads)
			}
		}
		some, err := s.Select(names...)
		if err != nil {
			t.Fatal(err)
		}
		if some, err = some.Transform(tr); err != nil {
			t.Fatal(err)
		}
		want, err := covariance.Empirical(some.Values)
		if err != nil {
			t.Fatal(err)
		}
		if !mat.EqualApprox(first, want, 1e-9*mat.Max(want)) {
			t.Errorf("%s:\n%v\nwant\n%v", tr, mat.Formatted(first), mat.Formatted(want))
		}
	}
	if _, err := FoldedCovariance(context.Background(), names, TransformNormal, part); err == nil {
		t.Error("normal scores of parts")
	}
	if _, err := FoldedCovariance(context.Background(), []string{"z"}, TransformNone, part); err == nil {
		t.Error("a source that is not there")
	}
	if _, err := FoldedCovariance(context.Background(), names, TransformNone, func(int) (*Series, error) { return nil, io.EOF }); !errors.Is(err, covariance.ErrEmpty) {
		t.Errorf("no part: error %v", err)
	}
	short := func(int) (*Series, error) { return s.rows(0, 5), nil }
	if _, err := FoldedCovariance(context.Background(), names, TransformNone, short); err == nil {
		t.Error("a short part before others")
	}
}

// A model learned from stretches has the covariance of all buckets, with the penalty and the links
// of the stretches.
func TestLearnFromCovarianceOfAllBuckets(t *testing.T) {
	s, part := parted(t, covariance.BlockRows+1000, 5)
	thin := s.Thin(500)
	o := Options{Seed: 1}
	plain, err := Learn(context.Background(), thin, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Covariance = func(ctx context.Context, names []string, tr Transform) (*mat.SymDense, error) {
		return FoldedCovariance(ctx, names, tr, part)
	}
	m, err := Learn(context.Background(), thin, o)
	if err != nil {
		t.Fatal(err)
	}
	if m.Alpha != plain.Alpha || len(m.Edges) != 1 || m.Names[m.Edges[0].From] != "a" || m.Names[m.Edges[0].To] != "b" {
		t.Errorf("alpha %v, want %v; links %v", m.Alpha, plain.Alpha, m.Edges)
	}
	c, err := FoldedCovariance(context.Background(), m.Names, m.Transform, part)
	if err != nil {
		t.Fatal(err)
	}
	l, err := covariance.GraphicalLasso(context.Background(), covariance.Correlation(c), m.Alpha, covariance.LassoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(m.Precision, l.Precision) || mat.Equal(m.Precision, plain.Precision) {
		t.Errorf("precision\n%v\nwant\n%v", mat.Formatted(m.Precision), mat.Formatted(l.Precision))
	}
	o.Covariance = func(context.Context, []string, Transform) (*mat.SymDense, error) { return nil, nil }
	if m, err = Learn(context.Background(), thin, o); err != nil || !mat.Equal(m.Precision, plain.Precision) {
		t.Errorf("without a covariance, another model; error %v", err)
	}
	o.Covariance = func(context.Context, []string, Transform) (*mat.SymDense, error) { return mat.NewSymDense(2, nil), nil }
	if _, err = Learn(context.Background(), thin, o); err == nil {
		t.Error("a covariance of two sources: no error")
	}
	o.Robust = true
	if _, err = Learn(context.Background(), thin, o); err == nil {
		t.Error("robust: no error")
	}
}
