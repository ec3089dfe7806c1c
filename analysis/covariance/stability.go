package covariance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
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
	// Start is the precision fitted to all rows at alpha; nil, or one that is
	// not positive definite, fits it.
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
//
// A fit to a half is a proximal Newton step from the fit to all rows, as in
// A. Wilson, M. Kasy and L. Mackey, "Approximate cross-validation", 2020: its
// edges differ from those of the converged fit far less than those of one set
// of halves from another. Where a half differs from all rows by more than
// chance, as when a few rows with large values are not in it, it takes more
// steps.
//
// Two halves of one draw have no row in common, so chance agrees in both less often than in two
// halves drawn apart, which have half of their rows in common.
func Stability(ctx context.Context, x mat.Matrix, alpha float64, o StabilityOptions) (*mat.SymDense, error) {
	return parallel.Await(ctx, func() (*mat.SymDense, error) { return stability(ctx, x, alpha, o) })
}

func stability(ctx context.Context, x mat.Matrix, alpha float64, o StabilityOptions) (*mat.SymDense, error) {
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
	if o.Blocks < 2 || o.Blocks > n {
		return nil, fmt.Errorf("stability: %d rows in %d blocks: want at least 2 blocks of at least a row", n, o.Blocks)
	}
	blocks := make([]*Accumulator, o.Blocks)
	rows := mat.DenseCopyOf(x)
	parallel.For(len(blocks), func(b int) {
		lo, hi := foldBounds(n, len(blocks), b)
		blocks[b] = accumulateRows(rows.Slice(lo, hi, 0, p).(*mat.Dense))
	})
	return frequencies(ctx, blocks, p, alpha, o)
}

// frequencies fits the halves, given the blocks of rows that halves are made of. Accumulators of
// blocks are merged for each half, so the rows are gone over once, however many halves there are.
func frequencies(ctx context.Context, blocks []*Accumulator, p int, alpha float64, o StabilityOptions) (*mat.SymDense, error) {
	total := NewAccumulator(p)
	for _, b := range blocks {
		if err := total.Merge(b); err != nil {
			return nil, err
		}
	}
	all := total.Covariance()
	rng := rand.New(rand.NewPCG(o.Seed, 0x5ab1e))
	// All draws are made before the fits begin: these run in parallel, and a generator that they
	// shared would give out its numbers in another order each time.
	orders := make([][]int, o.Pairs)
	for i := range orders {
		orders[i] = rng.Perm(len(blocks))
	}
	full, err := newStart(ctx, all, alpha, o.Start)
	if err != nil {
		return nil, fmt.Errorf("stability: %w", err)
	}
	signs := make([][]int8, 2*o.Pairs)
	errs := make([]error, len(signs))
	parallel.For(len(signs), func(i int) {
		// Of an odd number of blocks, the second half has one more.
		half := orders[i/2][:len(blocks)/2]
		if i%2 == 1 {
			half = orders[i/2][len(blocks)/2:]
		}
		signs[i], errs[i] = full.fitHalf(ctx, blocks, half)
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
			// Halves that disagree on the sign do not support each other, so the rarer sign does
			// not count.
			out.SetSym(i, j, float64(max(pos, neg))/float64(len(signs)))
		}
	}
	return out, nil
}

// start is the fit to all rows that the fits to halves set out from. Twins are those of all rows:
// they are twins in every half, and the few that are the same in one half only are left to the
// solver there.
type start struct {
	alpha     float64
	p         int
	variance  []float64
	twins     twins
	precision mat.Symmetric // of the means of twins
	rest      []float64     // how far its inverse is above their covariance
}

var errNotPositive = errors.New("the precision to start from is not positive definite")

// newStart checks the precision given, or fits it. The tolerance is loose beside that of a fit
// for its own sake: steps to the halves move much further than that.
func newStart(ctx context.Context, all *mat.SymDense, alpha float64, precision mat.Symmetric) (*start, error) {
	p := all.SymmetricDim()
	f := &start{alpha: alpha, p: p, variance: make([]float64, p)}
	for i := range f.variance {
		f.variance[i] = all.At(i, i)
	}
	if precision != nil && precision.SymmetricDim() != p {
		return nil, fmt.Errorf("start is %d×%[1]d: want %d×%[2]d", precision.SymmetricDim(), p)
	}
	var chol mat.Cholesky
	if precision == nil || !chol.Factorize(precision) {
		l, err := GraphicalLasso(ctx, all, alpha, LassoOptions{Tol: 1e-7})
		if err != nil {
			return nil, err
		}
		precision = l.Precision
	}
	f.twins = findTwins(flat(all), p, alpha)
	f.precision = f.twins.sums(precision)
	q := len(f.twins.first)
	f.rest = flat(f.precision)
	inverse := newTriangles(q)
	defer inverse.done()
	if _, ok := inverse.factor(f.rest); !ok {
		return nil, errNotPositive
	}
	inverse.invert(f.rest)
	floats.Sub(f.rest, f.twins.means(flat(all), p, alpha))
	return f, nil
}

// fitHalf returns the signs of the edges, row major, upper triangle.
func (f *start) fitHalf(ctx context.Context, blocks []*Accumulator, half []int) ([]int8, error) {
	p, t := f.p, f.twins
	a := NewAccumulator(p)
	for _, b := range half {
		if err := a.Merge(blocks[b]); err != nil {
			return nil, err
		}
	}
	s := flat(a.Covariance())
	q := len(t.first)
	means := t.means(s, p, f.alpha)
	sign, err := f.step(ctx, means, a.N())
	if err != nil {
		return nil, err
	}
	out := make([]int8, p*p)
	// Signs of groups go to all pairs of their members. Twins are always linked, positively, as
	// long as they vary in this half.
	for i, a := range t.group {
		for j := i + 1; j < p; j++ {
			if b := t.group[j]; s[i*p+i] > 1e-12*f.variance[i] && s[j*p+j] > 1e-12*f.variance[j] {
				if out[i*p+j] = sign[a*q+b]; a == b {
					out[i*p+j] = 1
				}
			}
		}
	}
	return out, nil
}

// step returns the signs of the partial correlations in a half, q×q for q groups of twins, after
// Newton steps from the fit to all rows. S is the covariance of the means of twins in the rows of
// the half.
//
// The sign of a partial correlation is opposite to that of the precision.
func (f *start) step(ctx context.Context, s []float64, rows int) ([]int8, error) {
	q := len(f.twins.first)
	// The components must hold together what is linked in the fit to start from, or what its
	// precision says about pairs across two of them would be lost; and also what the half would
	// link.
	linked := slices.Clone(s)
	still := func(i int) bool { return s[i*q+i] <= 1e-12*f.variance[f.twins.first[i]] }
	for i := range q {
		for j := range q {
			switch {
			case still(i) || still(j):
				linked[i*q+j] = 0 // a variable that does not vary here
			case f.precision.At(i, j) != 0:
				linked[i*q+j] = math.Inf(1)
			}
		}
	}
	sign := make([]int8, q*q)
	for _, g := range components(linked, q, f.alpha) {
		if len(g) == 1 {
			continue
		}
		n := newNewton(s, q, g, f.alpha, f.precision)
		n.rest = submatrix(f.rest, q, g)
		err := errNotPositive
		if n.evaluate() {
			err = n.stepTo(ctx, rows)
		}
		n.done()
		if err != nil {
			return nil, err
		}
		// The proposed values and not x have the exact zeros, as backtracking may have gone part
		// of the way only.
		for a, i := range g {
			for k := n.free.start[a]; k < n.free.start[a+1]; k++ {
				switch j, v := g[n.free.col[k]], n.free.value[k]; {
				case v < 0:
					sign[i*q+j] = 1
				case v > 0:
					sign[i*q+j] = -1
				}
			}
		}
	}
	return sign, nil
}

// stepTo takes Newton steps until one is known to come close to the solution for a sample of so
// many rows. This is known of a step that set out near, with variances no more than half off the
// sample's, and that promised no more than twice what chance alone would, which is the number of
// parameters divided by that of rows. What rests on a few rows takes several steps: in a half
// without these rows, all is different. After six steps the last one has to do. The caller has
// evaluated x.
//
// Where many pairs are linked, or some and sweeps do not find their signs soon, the solution is
// found without such steps, to a hundredth of what chance would gain.
func (n *newton) stepTo(ctx context.Context, rows int) error {
	// Sweeps go from place to place in memory, which takes longer the more sources there are, while
	// products of whole matrices do not.
	some := max(0.03, min(0.08, 12/float64(n.m))) // of all pairs
	// Where there are few sources, sweeps cost nothing.
	sweeps := 12 + 400/n.m
	links, done := n.links(), false
	if links > some {
		n.invert()
		if links <= manyLinks {
			var err error
			if done, err = n.descendTo(ctx, sweeps/3); err != nil {
				return err
			}
		}
		if !done {
			chance := (float64(links*float64(n.m*n.m)) + float64(n.m)) / 2 / float64(rows)
			if _, ok, err := n.ascend(ctx, 0.01*chance); ok || err != nil {
				n.cut()
				n.pattern(func(k int) bool { return n.x[k] != 0 })
				return err
			}
		}
	}
	for n.iterations = 0; n.iterations < 6; n.iterations++ {
		n.invert()
		near := true
		for i := range n.m {
			near = near && math.Abs(n.w[i*n.m+i]-n.s[i*n.m+i]) <= 0.5*n.s[i*n.m+i]
		}
		if !done {
			if _, err := n.descendTo(ctx, sweeps); err != nil {
				return err
			}
		}
		done = false
		parameters := n.m
		for i := range n.m {
			for k := n.free.upper[i] + 1; k < n.free.start[i+1]; k++ {
				if n.free.value[k] != 0 {
					parameters++
				}
			}
		}
		// Not ok means that no step lowers the objective: this is the solution.
		promised, ok := n.backtrack()
		if !ok || near && promised <= 2*float64(parameters)/float64(rows) {
			break
		}
	}
	return nil
}

// descendTo minimizes the model of a step of stepTo, of which the signs are asked for, in so many
// sweeps, and reports whether they settled. Signs settle before values do, but not in a few sweeps:
// with six, links of the fit to all rows would be found in halves where they are not.
func (n *newton) descendTo(ctx context.Context, sweeps int) (bool, error) {
	n.inner = 0.2
	n.findFree()
	return n.sweep(ctx, sweeps, 0.03)
}
