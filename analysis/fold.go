package analysis

import (
	"context"
	"fmt"
	"io"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// FoldedCovariance is the p×p covariance of the named sources, transformed, over all buckets of a
// series that need not fit in memory. part(k) returns [covariance.BlockRows] buckets from k times
// that number on. The last part may have fewer, and after it part returns [io.EOF]. The parts are
// folded in this order, and the sources stand in that of the names, so that the result is the same
// to the bit whichever way it was counted. No more than one part and O(p²) numbers are in memory.
// Normal scores rank all buckets of a source, and so cannot be computed part by part: they are an
// error.
func FoldedCovariance(ctx context.Context, names []string, t Transform, part func(k int) (*Series, error)) (*mat.SymDense, error) {
	if t == TransformAuto || t == TransformNormal {
		return nil, fmt.Errorf("covariance of parts: transform %q needs all buckets at once", t)
	}
	f := covariance.NewFolding(len(names))
	for k := 0; ; k++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := part(k)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = foldPart(f, k, s, names, t)
		}
		if err != nil {
			return nil, fmt.Errorf("covariance of parts: %w", err)
		}
	}
	if f.Accumulator().N() == 0 {
		return nil, fmt.Errorf("covariance of parts: %w", covariance.ErrEmpty)
	}
	return f.Accumulator().Covariance(), nil
}

func foldPart(f *covariance.Folding, k int, s *Series, names []string, t Transform) error {
	s, err := s.Select(names...)
	if err != nil {
		return err
	}
	if s, err = s.Transform(t); err != nil {
		return err
	}
	a := covariance.NewAccumulator(len(names))
	if err := a.AddMatrix(s.Values); err != nil {
		return err
	}
	return f.Add(k, a)
}

// whole fits the covariance that the options give, with the penalty of an estimate.
func (o Options) whole(ctx context.Context, m *Model, l *covariance.Lasso) (*covariance.Lasso, error) {
	o.report("covariance of all buckets", 0)
	s, err := o.Covariance(ctx, m.Names, m.Transform)
	if err != nil || s == nil {
		return l, err
	}
	if s.SymmetricDim() != len(m.Names) {
		return nil, fmt.Errorf("the covariance given is of %d sources, want %d", s.SymmetricDim(), len(m.Names))
	}
	return covariance.GraphicalLasso(ctx, covariance.Correlation(s), l.Alpha, covariance.LassoOptions{})
}
