package covariance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// StabilityOptions tune stability selection. The zero value is the default.
type StabilityOptions struct {
	// Pairs of complementary halves to draw; 0 means 12, for 24 fits.
	Pairs int
	// Blocks of consecutive rows that a half is made of, so that what depends
	// on the row before stays together; 0 means 20, or fewer when a block
	// would have less than two rows.
	Blocks int
	// Tol is the duality gap per variable of each fit; 0 means the gap by
	// which the fit to all rows is expected to suit them better than others:
	// one for every n parameters, the pairs not zero in Start and the diagonal.
	Tol float64
	// Start is a precision to start every fit from, such as that of all rows.
	Start mat.Symmetric
	// Seed of the draws.
	Seed uint64
}

// Stability fits the graphical lasso at alpha to many random halves of the
// rows of the n×p sample x and returns for each pair of variables the part of
// the fits, 0 to 1, in which it is an edge of its more frequent sign
// (N. Meinshausen and P. Bühlmann, "Stability selection", 2010; complementary
// halves as R. Shah and R. Samworth, "Variable selection with error control",
// 2013). The diagonal is one. Variables that do not vary in a half have no
// edge in it.
func Stability(ctx context.Context, x mat.Matrix, alpha float64, o StabilityOptions) (*mat.SymDense, error) {
	if err := CheckFinite(x); err != nil {
		return nil, fmt.Errorf("stability: %w", err)
	}
	n, p := x.Dims()
	if o.Pairs <= 0 {
		o.Pairs = 12
	}
	if o.Blocks <= 0 {
		o.Blocks = min(20, n/2)
	}
	if o.Tol <= 0 {
		o.Tol = (1 + float64(countEdges(o.Start))/float64(p)) / float64(n)
	}
	if o.Blocks < 2 || o.Blocks > n {
		return nil, fmt.Errorf("stability: %d rows in %d blocks: want at least 2 blocks of at least a row", n, o.Blocks)
	}
	blocks := make([]*Accumulator, o.Blocks)
	rows := mat.DenseCopyOf(x)
	parallel.For(len(blocks), func(b int) {
		lo, hi := foldBounds(n, len(blocks), b)
		blocks[b] = accumulateRows(rows.Slice(lo, hi, 0, p).(*mat.Dense))
	})
	return parallel.Await(ctx, func() (*mat.SymDense, error) { return stability(ctx, blocks, p, alpha, o) })
}

func stability(ctx context.Context, blocks []*Accumulator, p int, alpha float64, o StabilityOptions) (*mat.SymDense, error) {
	total := NewAccumulator(p)
	for _, b := range blocks {
		if err := total.Merge(b); err != nil {
			return nil, err
		}
	}
	all := total.Covariance()
	rng := rand.New(rand.NewPCG(o.Seed, 0x5ab1e))
	orders := make([][]int, o.Pairs)
	for i := range orders {
		orders[i] = rng.Perm(len(blocks))
	}
	signs := make([][]int8, 2*o.Pairs)
	errs := make([]error, len(signs))
	parallel.For(len(signs), func(i int) {
		half := orders[i/2][:len(blocks)/2]
		if i%2 == 1 {
			half = orders[i/2][len(blocks)/2:]
		}
		signs[i], errs[i] = fitHalf(ctx, blocks, half, all, alpha, o)
	})
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("stability: %w", err)
	}
	out := newSym(p)
	for i := range p {
		out.SetSym(i, i, 1)
		for j := i + 1; j < p; j++ {
			pos, neg := 0, 0
			for _, s := range signs {
				switch s[i*p+j] {
				case 1:
					pos++
				case -1:
					neg++
				}
			}
			out.SetSym(i, j, float64(max(pos, neg))/float64(len(signs)))
		}
	}
	return out, nil
}

// fitHalf returns the signs of the edges, row major, upper triangle.
func fitHalf(ctx context.Context, blocks []*Accumulator, half []int, all *mat.SymDense, alpha float64, o StabilityOptions) ([]int8, error) {
	p := all.SymmetricDim()
	a := NewAccumulator(p)
	for _, b := range half {
		if err := a.Merge(blocks[b]); err != nil {
			return nil, err
		}
	}
	every := make([]int, p)
	for i := range every {
		every[i] = i
	}
	f := newFold(a.Covariance(), all, all, every)
	lasso := LassoOptions{Tol: o.Tol}
	if o.Start != nil {
		lasso.Start = subset(o.Start, f.keep)
	}
	l, err := solveLasso(ctx, f.train, len(f.keep), alpha, lasso)
	if err != nil {
		return nil, err
	}
	signs := make([]int8, p*p)
	for a, i := range f.keep {
		for b := a + 1; b < len(f.keep); b++ {
			switch v := l.Precision.At(a, b); {
			case v < 0:
				signs[i*p+f.keep[b]] = 1
			case v > 0:
				signs[i*p+f.keep[b]] = -1
			}
		}
	}
	return signs, nil
}
