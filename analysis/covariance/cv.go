package covariance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// CVOptions tune the cross-validated graphical lasso. The zero value is the
// default.
//
// Folds are blocks and not drawn at random because rows of a capture follow each other in time
// and are much like their neighbors: among shuffled rows, each held-out one would have near
// copies of itself in training, and too small a penalty would look best.
type CVOptions struct {
	// Folds is how many contiguous, unshuffled blocks of rows to hold out in
	// turn; 0 means 5, or fewer when a fold would have less than two rows.
	Folds int
	// Tol is the duality gap per variable of the solves on folds; 0 means
	// 1e-8, so that alpha does not depend on the order of the variables. The
	// final solve follows Lasso.
	Tol float64
	// Lasso tunes the final solve on all rows.
	Lasso LassoOptions
	// Progress, when set, is called after each alpha with the number tried.
	Progress func(tried int)
}

func (o CVOptions) tol() float64 {
	if o.Tol <= 0 {
		return 1e-8
	}
	return o.Tol
}

// CrossValidated is a graphical lasso whose alpha predicts held-out rows best.
type CrossValidated struct {
	*Lasso
	Empirical *mat.SymDense // p×p covariance of all rows
	Trials    []Trial       // every alpha tried on all folds, descending
}

// Trial is one alpha and how well its models predicted the held-out rows.
type Trial struct {
	Alpha  float64
	Score  float64   // mean of Scores
	Scores []float64 // held-out log-likelihood per row, by fold
}

// GraphicalLassoCV fits the graphical lasso to the n×p sample x with the
// alpha that maximizes the held-out Gaussian log-likelihood over contiguous
// folds, each centered on its own mean. The search follows the path of
// solutions down from the alpha without edges on one fold until its score has
// passed the top, then goes on from there on all folds and narrows alpha to a
// few percent.
//
// A variable that does not vary outside a fold cannot be judged on it and is
// left out of that fold's score, at every alpha alike. Variables that are the
// same in all rows are judged once: the less the penalty, the better each
// predicts the other, without end.
//
// Penalties are tried in steps of whole percents, so that they come out the same however the
// rounding of a score falls. A fit that does not converge is an error, [ErrNotConverged].
func GraphicalLassoCV(ctx context.Context, x mat.Matrix, o CVOptions) (*CrossValidated, error) {
	return parallel.Await(ctx, func() (*CrossValidated, error) { return graphicalLassoCV(ctx, x, o) })
}

func graphicalLassoCV(ctx context.Context, x mat.Matrix, o CVOptions) (*CrossValidated, error) {
	if err := CheckFinite(x); err != nil {
		return nil, fmt.Errorf("cross-validated graphical lasso: %w", err)
	}
	n, p := x.Dims()
	k, err := foldCount(n, o.Folds)
	if err != nil {
		return nil, fmt.Errorf("cross-validated graphical lasso: %w", err)
	}
	dense := mat.DenseCopyOf(x)
	folds := make([]*Accumulator, k)
	parallel.For(k, func(f int) {
		lo, hi := foldBounds(n, k, f)
		folds[f] = accumulateRows(dense.Slice(lo, hi, 0, p).(*mat.Dense))
	})
	return CrossValidate(ctx, folds, o)
}

// foldCount returns how many folds to take of n rows. Each must have two rows, as the covariance
// of one is zero.
func foldCount(n, asked int) (int, error) {
	switch {
	case n < 4:
		return 0, fmt.Errorf("%d rows cannot be split into folds of at least two: give an alpha instead", n)
	case asked == 0:
		return min(5, n/2), nil
	case asked < 2 || n/asked < 2:
		return 0, fmt.Errorf("%d folds of %d rows: want 2 folds or more, of 2 rows or more", asked, n)
	}
	return asked, nil
}

// foldBounds gives the first n%k folds a row more than the others.
//
// The bounds are of rows lo ≤ i < hi.
func foldBounds(n, k, f int) (lo, hi int) {
	size, extra := n/k, n%k
	lo = f*size + min(f, extra)
	hi = lo + size
	if f < extra {
		hi++
	}
	return lo, hi
}

// CrossValidate is [GraphicalLassoCV] on rows already accumulated fold by
// fold, for samples that never were in memory at once.
//
// Each accumulator is one fold, of two rows or more, and is not changed. The rows that a fold is
// trained on are all others, merged: with k folds that is k² merges of O(p²) numbers and no pass
// over the rows.
func CrossValidate(ctx context.Context, folds []*Accumulator, o CVOptions) (*CrossValidated, error) {
	cv, err := newValidation(folds, o.tol())
	if err != nil {
		return nil, fmt.Errorf("cross-validated graphical lasso: %w", err)
	}
	return parallel.Await(ctx, func() (*CrossValidated, error) {
		best, err := cv.search(ctx, o.Progress)
		if err != nil {
			return nil, err
		}
		// The folds have left fits at nearby penalties, which are good starts for that of all
		// rows.
		if o.Lasso.Start == nil {
			o.Lasso.Start, o.Lasso.rest = cv.guess(best)
		}
		l, err := solveLasso(ctx, flat(cv.all), cv.p, best, o.Lasso)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(cv.trials, func(a, b Trial) int {
			switch {
			case a.Alpha > b.Alpha:
				return -1
			case a.Alpha < b.Alpha:
				return 1
			}
			return 0
		})
		return &CrossValidated{Lasso: l, Empirical: cv.all, Trials: cv.trials}, nil
	})
}

// validation holds what the search over alpha needs of each fold. The empirical covariance of all
// rows sets the scale of alpha; beyond that all is judged by held-out rows.
type validation struct {
	p      int
	tol    float64
	all    *mat.SymDense
	folds  []fold
	trials []Trial
}

// A fold is fitted to the rows outside it and scored on those in it, both through their
// covariance alone. Warm makes its scores depend a little, within the tolerance of a fit, on the
// penalties tried before.
type fold struct {
	keep  []int     // the variables that vary in training
	train []float64 // their covariance outside the fold
	test  *mat.SymDense
	warm  [2]*fit // of the last alphas, the last first
}

// A fit also holds how far the covariance of the model is above that of the rows that it was fitted
// to, row major, which a fit to other rows may set out from.
type fit struct {
	*Lasso
	rest []float64
}

// newValidation makes the folds ready to be fitted. Of variables that are the same in all rows
// the first one stands for all. A variable that does not vary at all is an error, which names its
// index.
func newValidation(folds []*Accumulator, tol float64) (*validation, error) {
	if len(folds) < 2 {
		return nil, fmt.Errorf("%d folds: want at least 2", len(folds))
	}
	p := len(folds[0].mean)
	total := NewAccumulator(p)
	for f, a := range folds {
		if a.n < 2 {
			return nil, fmt.Errorf("fold %d has %d rows: want at least 2", f, a.n)
		}
		if err := total.Merge(a); err != nil {
			return nil, fmt.Errorf("fold %d: %w", f, err)
		}
	}
	v := &validation{p: p, tol: tol, all: total.Covariance(), folds: make([]fold, len(folds))}
	if err := checkLasso(v.all, 0, LassoOptions{}); err != nil {
		return nil, err
	}
	distinct := findTwins(flat(v.all), p, 0).first
	for f := range folds {
		train := NewAccumulator(p)
		for g, a := range folds {
			if g != f {
				if err := train.Merge(a); err != nil {
					return nil, err
				}
			}
		}
		v.folds[f] = newFold(train.Covariance(), folds[f].Covariance(), v.all, distinct)
	}
	return v, nil
}

// newFold takes the given variables, but leaves out those whose training
// variance is nothing but rounding beside their variance over all rows.
//
// Such a variable has a variance in the model that is next to nothing, so one held-out row where
// it moves would cost more than all else could gain, at any penalty.
func newFold(train, test, all *mat.SymDense, among []int) fold {
	var f fold
	for _, i := range among {
		if train.At(i, i) > 1e-12*all.At(i, i) {
			f.keep = append(f.keep, i)
		}
	}
	f.train = flat(subset(train, f.keep))
	f.test = subset(test, f.keep)
	return f
}

// subset returns the rows and columns of s at the given indexes.
func subset(s mat.Symmetric, keep []int) *mat.SymDense {
	out := newSym(len(keep))
	for a, i := range keep {
		for b := a; b < len(keep); b++ {
			out.SetSym(a, b, s.At(i, keep[b]))
		}
	}
	return out
}

// search returns the alpha with the best score. Most penalties tried lie far from it, and one
// fold is enough to see that; its fits need not be close either. So the path down is walked on
// the middle fold with rough fits, and all folds are fitted to the tolerance only around the top
// found there.
func (v *validation) search(ctx context.Context, progress func(int)) (float64, error) {
	top := AlphaMax(v.all)
	// Nothing to choose: no pair covaries, so the model has no edge at any penalty.
	if v.p == 1 || top == 0 {
		return top, nil
	}
	const percent = 0.01
	alpha := func(steps float64) float64 { return top * math.Exp(-percent*steps) }
	tried := 0
	report := func(err error) {
		if tried++; progress != nil && err == nil {
			progress(tried)
		}
	}
	middle := len(v.folds) / 2
	// The path ends at e^-9.2, a ten-thousandth, of the penalty without edges, which is next to
	// no penalty.
	path := bracket{step: 30, end: 920, flat: 3e-7 * float64(v.p), score: func(steps float64) (float64, error) {
		s, err := v.folds[middle].score(ctx, alpha(steps), LassoOptions{Tol: max(v.tol, 2e-3), rough: true})
		report(err)
		return s, err
	}}
	x, y, err := path.walk()
	if err != nil {
		return 0, err
	}
	// A parabola needs three different points.
	guess := x[1]
	if x[0] < x[1] && x[1] < x[2] {
		guess = vertex(x, y)
	}
	v.startFrom(middle)
	peak := path
	peak.step = 10 // percent
	peak.score = func(steps float64) (float64, error) {
		s, err := v.try(ctx, alpha(steps))
		report(err)
		return s, err
	}
	at, found, err := peak.near(guess)
	if err != nil {
		return 0, err
	}
	// Where edges hardly help, chance gives the score several peaks, and those of one fold are
	// not those of all folds. Then the first peak on the path of all folds is taken.
	const little = 0.02 // log-likelihood per variable and row
	if none, err := peak.score(0); err != nil || found-none > little*float64(v.p) {
		return alpha(at), err
	}
	peak.step = path.step
	at, err = peak.find()
	return alpha(at), err
}

// startFrom gives every fold with the same variables as the given one that fold's last fits as
// starts. Training rows of two folds are mostly the same, so their solutions are near; without
// this each fold would have to come down the path by itself.
func (v *validation) startFrom(one int) {
	for i := range v.folds {
		if f := &v.folds[i]; slices.Equal(f.keep, v.folds[one].keep) {
			f.warm = v.folds[one].warm
		}
	}
}

// try scores one alpha on every fold, in parallel.
//
// Each goroutine writes its own fold and its own entry. The mean is over folds, not rows: they
// differ by one row at most, and the same holds in scikit-learn.
func (v *validation) try(ctx context.Context, alpha float64) (float64, error) {
	t := Trial{Alpha: alpha, Scores: make([]float64, len(v.folds))}
	errs := make([]error, len(v.folds))
	parallel.For(len(v.folds), func(i int) {
		t.Scores[i], errs[i] = v.folds[i].score(ctx, alpha, LassoOptions{Tol: v.tol, rough: true})
	})
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	for _, s := range t.Scores {
		t.Score += s / float64(len(t.Scores))
	}
	v.trials = append(v.trials, t)
	return t.Score, nil
}

// score returns the mean log-likelihood of the held-out rows under the model fitted at alpha. The
// variables that do not vary in training are left out at every alpha alike, so scores of one fold
// compare with each other, though not with those of a fold that kept others.
func (f *fold) score(ctx context.Context, alpha float64, o LassoOptions) (float64, error) {
	p := len(f.keep)
	if p == 0 {
		return 0, nil
	}
	// There is at least one step, or else one fit would serve several penalties.
	o.least = 1
	o.Start, o.rest = f.start(alpha)
	l, err := solveLasso(ctx, f.train, p, alpha, o)
	if err != nil {
		return 0, err
	}
	rest := flat(l.Covariance)
	floats.Sub(rest, f.train)
	f.warm = [2]*fit{{l, rest}, f.warm[0]}
	return LogLikelihood(f.test, l.Precision), nil
}

// start returns guesses of the precision at alpha and of its rest, nil if there are none: the
// nearest fit, or what the last two say of where the path of solutions goes on; of the precision if
// that is better. Between the penalties at which an edge comes or goes, the path is smooth.
func (f *fold) start(alpha float64) (mat.Symmetric, []float64) {
	near := f.nearest(alpha)
	if near == nil {
		return nil, nil
	}
	far := f.warm[0]
	if far == near {
		far = f.warm[1]
	}
	if far == nil || far.Alpha == near.Alpha {
		return near.Precision, near.at(alpha, near, 0)
	}
	p := len(f.keep)
	part := math.Log(alpha/near.Alpha) / math.Log(far.Alpha/near.Alpha)
	x := newSym(p)
	for i := range p {
		for j := i; j < p; j++ {
			v := near.Precision.At(i, j)
			w := v + float64(part*(far.Precision.At(i, j)-v))
			if i != j && w*v <= 0 {
				w = 0
			}
			x.SetSym(i, j, w)
		}
	}
	rest := near.at(alpha, far, part)
	if f.objective(x, alpha) < f.objective(near.Precision, alpha) {
		return x, rest
	}
	return near.Precision, rest
}

// at guesses the rest at alpha, which lies the given part of the way to the far fit. What is at its
// bound stays there.
func (l *fit) at(alpha float64, far *fit, part float64) []float64 {
	rest := make([]float64, len(l.rest))
	for k, v := range l.rest {
		if math.Abs(v) >= l.Alpha*(1-1e-9) {
			rest[k] = math.Copysign(alpha, v)
		} else {
			rest[k] = v + float64(part*(far.rest[k]-v))
		}
	}
	return rest
}

// objective is that of a graphical lasso of the training rows, +Inf if x is not positive definite.
func (f *fold) objective(x *mat.SymDense, alpha float64) float64 {
	p := len(f.keep)
	triangles := newTriangles(p)
	defer triangles.done()
	logDet, ok := triangles.factor(flat(x))
	if !ok {
		return math.Inf(1)
	}
	sum := -logDet
	for i := range p {
		sum += float64(f.train[i*p+i] * x.At(i, i))
		for j := i + 1; j < p; j++ {
			v := x.At(i, j)
			sum += 2 * (float64(f.train[i*p+j]*v) + float64(alpha*math.Abs(v)))
		}
	}
	return sum
}

// nearest returns the fit with the penalty nearest to alpha in ratio, the last one if both are as
// near, nil if there is none. Two are kept because near the top the search goes to and fro
// between points on both sides.
func (f *fold) nearest(alpha float64) *fit {
	a, b := f.warm[0], f.warm[1]
	if a != nil && b != nil && math.Abs(math.Log(b.Alpha/alpha)) < math.Abs(math.Log(a.Alpha/alpha)) {
		return b
	}
	return a
}

// guess is a start for the solve on all rows, from a fold that kept every
// variable, if there is one. The last penalty tried may be far from alpha.
func (v *validation) guess(alpha float64) (mat.Symmetric, []float64) {
	for i := range v.folds {
		f := &v.folds[i]
		if l := f.nearest(alpha); l != nil && len(f.keep) == v.p {
			return l.Precision, l.at(alpha, l, 0)
		}
	}
	return nil, nil
}
