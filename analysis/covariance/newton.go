package covariance

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance/internal/gather"
)

// newton minimizes the graphical lasso objective over one component of m
// variables. All matrices are full and row major.
//
// A step minimizes the second-order model of the smooth part plus the
// penalty by coordinate descent over the free pairs, row by row, then
// backtracks along it. Within row i the descent needs (W D W)_ij for the free
// j only: t = D Wᵢ is a sparse product, each entry then one dot product, so a
// sweep costs O(m · free pairs) and keeps no m×m product up to date.
//
// With S the empirical covariance, X the precision that is sought and W its inverse, the
// objective is
//
//	f(X) = tr(SX) - log det X + α Σ_{i≠j} |Xij|
//
// Its smooth part has the gradient S - W and the second derivative D ↦ W D W, so that a change D
// of X costs, to second order and without the penalty,
//
//	tr((S-W)D) + tr(W D W D)/2
//
// which is what the code calls the model. It is never written down as the m²×m² matrix that it
// is: all that coordinate descent and conjugate gradients need are entries of W D W.
//
// Invariants once a step has begun with invert: x is positive definite and w its inverse; x, w and
// s are symmetric to the last bit, because every writer sets both (i, j) and (j, i) to one number.
// The patterns in compressed rows rely on that symmetry.
type newton struct {
	m         int
	alpha     float64
	s         []float64  // empirical covariance
	x         []float64  // precision
	w         []float64  // its inverse
	triangles *triangles // of x, after evaluate
	free      pairs
	sparse    rows
	over      []float64
	t, r      []float64
	some      []float64 // values of a row that are not zero
	at        []int32   // and their columns

	inner        float64
	product, row []float64 // M D of the last sandwich, and rows on their way there
	dual         *dual     // nil before it is needed
	rest         []float64 // a guess of w - s that the dual sets out from, nil if there is none
	ascended     bool      // the dual problem was tried
	away         bool      // x is too far from the solution to go on from it

	smooth, penalty float64 // tr(SX) - log det X, alpha Σ|Xij|
	noise           float64 // what rounding leaves uncertain of their sum
	objective, gap  float64
	iterations      int
	guessed         bool // x was a guess at first, and is not far from it yet
	least           int  // iterations
	rough           bool // stop by what the last steps gained
}

// pairs is a symmetric sparsity pattern in compressed rows, diagonal
// included, with the proposed value and the change for each pair.
//
// Both triangles are kept, although they hold the same numbers, because products with a row of D
// need the whole row. Only the upper triangle is walked when pairs are changed; mirror then finds
// the other place without a search. Columns ascend within a row, and as the diagonal is always
// free, upper is the position of the diagonal entry.
//
// Value and change always differ by the X that the step sets out from: value = X + change.
type pairs struct {
	start  []int // of each row
	upper  []int // first position in the row with column ≥ row
	col    []int32
	mirror []int32 // position of (j, i)
	value  []float64
	change []float64
	moved  []float64 // in the last sweep, upper triangle
}

// rows are what is not zero of a matrix, in compressed rows.
type rows struct {
	start []int
	col   []int32
	value []float64
}

// newNewton copies the rows and columns of one component out of s (p×p, row major), and out of
// the guess when there is one. It evaluates nothing: x holds zeros, or the guess, until start or
// evaluate is called. A guess may link variables of different components, as the solution at a
// smaller penalty does; what it holds between them is dropped here, and what is left is still
// positive definite, as every principal submatrix of a positive definite matrix is.
func newNewton(s []float64, p int, group []int, alpha float64, guess mat.Symmetric) *newton {
	m := len(group)
	n := &newton{
		m: m, alpha: alpha,
		s: submatrix(s, p, group), x: make([]float64, m*m), w: make([]float64, m*m), triangles: newTriangles(m),
		t: make([]float64, batch*m), r: make([]float64, m),
	}
	if guess != nil {
		for a, i := range group {
			for b, j := range group {
				n.x[a*m+b] = guess.At(i, j)
			}
		}
	}
	return n
}

// done gives memory back that only solving needs.
func (n *newton) done() {
	n.triangles.done()
	if n.dual != nil {
		spareDual.Put(n.dual)
	}
	n.triangles, n.dual = nil, nil
}

// start sets x to the guess, or to the diagonal when the guess is not positive definite or no
// better than the diagonal, as a solution for quite another penalty or covariance may be. A bad
// start costs steps but leads to the same solution, within the tolerance, as the objective is
// convex.
func (n *newton) start(guess mat.Symmetric) {
	n.guessed = guess != nil && n.evaluate() && n.smooth+n.penalty <= n.diagonalObjective()
	if !n.guessed {
		n.startDiagonal()
	}
}

// diagonalObjective is the objective at X = diag(1/Sii), in closed form: tr(SX) is m, -log det X
// is Σ log Sii, and there is no penalty. That X is the best diagonal matrix, and the solution
// where no two variables are linked.
func (n *newton) diagonalObjective() float64 {
	sum := float64(n.m)
	for i := range n.m {
		sum += math.Log(n.s[i*n.m+i])
	}
	return sum
}

func (n *newton) startDiagonal() {
	clear(n.x)
	for i := range n.m {
		n.x[i*n.m+i] = 1 / n.s[i*n.m+i]
	}
	n.evaluate()
}

// evaluate factors x and sets the objective's parts; false when x is not
// positive definite.
//
// The factorization is the test of positive definiteness: there is no cheaper one, and log det X
// comes with it as twice the sum of the logarithms of the factor's diagonal. On false,
// smooth and penalty are not those of x, and w is left alone in either case.
func (n *newton) evaluate() bool {
	logDet, ok := n.triangles.factor(n.x)
	if !ok {
		return false
	}
	n.smooth = blas64.Dot(vector(n.s), vector(n.x)) - logDet
	n.penalty = n.alpha * n.offDiagonal(n.x)
	n.noise = n.uncertainty()
	return true
}

// uncertainty estimates by how much rounding may change the objective: a few units in the last
// place of all that is added up. Near a singular covariance the terms of tr(SX) are thousands of
// times larger than their sum, and this is far more than the last digits of the objective.
func (n *newton) uncertainty() float64 {
	const few = 4 * 0x1p-53
	sum := n.penalty
	for k, x := range n.x {
		sum += math.Abs(n.s[k] * x)
	}
	for i := range n.m {
		sum += 2 * math.Abs(math.Log(n.triangles.r[i*n.triangles.stride+i]))
	}
	return few * sum
}

// offDiagonal returns Σ_{i≠j} |xij|, both triangles.
func (n *newton) offDiagonal(x []float64) float64 {
	sum := 0.0
	for i := range n.m {
		for _, v := range x[i*n.m+i+1 : (i+1)*n.m] {
			sum += math.Abs(v)
		}
	}
	return 2 * sum
}

// solve takes Newton steps until the duality gap is at most tol, or within the rounding of the
// objective. It returns [ErrNotConverged] after maxIter steps, or when steps get nowhere, from the
// guess and from the diagonal, and the context's error. The caller has called start, evaluate or
// startDiagonal.
func (n *newton) solve(ctx context.Context, tol float64, maxIter int) error {
	decrement := 0.0              // of the last step, estimates the gap before it; 0 before any
	left := math.Inf(1)           // an estimate of the gap after it
	least, idle := math.Inf(1), 0 // gap, and steps since it fell
	for n.iterations = 0; ; n.iterations++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.invert()
		n.objective = n.smooth + n.penalty
		// Far from the solution the gap says little: a step after which it is infinite may be the
		// last that gains anything to speak of. And near it, the gap bounds what is left by far
		// more than what steps go on to gain.
		if n.rough && left <= tol {
			n.gap = left
			return nil
		}
		rounding := max(n.noise, 1e-14*float64(n.m)*(1+math.Abs(n.objective)))
		// Close to the solution Newton's method converges quadratically: after a step that
		// promised a decrease d, about d² is left. The gap costs a factorization and a matrix of
		// its own, so it is computed only where d² says that it may be small enough. Before the
		// first step d is 0, so a guess that is good already returns at once, unless least asks
		// for a step.
		if n.iterations >= n.least && decrement*decrement <= 10*tol {
			if n.gap = n.dualityGap(tol); n.gap <= max(tol, rounding) {
				return nil
			}
		}
		// Where a step promises less than can be seen in the objective, only the gap tells whether
		// steps still get anywhere.
		if decrement <= n.noise {
			idle++
			if n.gap <= least/2 {
				least, idle = n.gap, 0
			}
		}
		ok := n.iterations < maxIter && idle < patience
		if ok {
			slow, err := n.descend(ctx)
			if slow {
				n.ascended = true
				var done bool
				if done, err = n.leap(ctx, tol); done && n.rough {
					return nil
				}
				if done {
					n.guessed = true
					decrement, left = 0, math.Inf(1)
					continue
				}
				if err == nil && n.away {
					n.restart()
					continue
				}
				if err == nil {
					_, err = n.descend(ctx)
				}
			}
			if err != nil {
				return err
			}
			last := decrement
			decrement, ok = n.backtrack()
			left = remaining(decrement, last)
		}
		if !ok {
			// The solution may be as good as this arithmetic can make it, which the gap has to
			// confirm, with more room for rounding than when it still falls.
			if n.gap = n.dualityGap(tol); n.gap <= max(tol, 100*rounding) {
				return nil
			}
			// A guess may be so near singular that no step from it gets anywhere.
			if !n.guessed {
				return fmt.Errorf("duality gap %.3g after %d Newton steps, want %.3g: %w", n.gap, n.iterations, tol, ErrNotConverged)
			}
		}
		// What Newton's method gains by few steps from near, it may not in many from afar: a model
		// of second order then says little, and steps must be so short that the pattern of zeros is
		// lost. From the diagonal the pattern grows with the steps.
		if n.guessed && (!ok || n.iterations == 0 && decrement > far*float64(n.m)) {
			// Where there are some links, the dual problem takes fewer steps from afar than that.
			if n.away = !n.ascended && n.links() > someLinks; !n.away {
				n.restart()
			}
			decrement, left, least, idle = 0, math.Inf(1), math.Inf(1), 0
		}
	}
}

// leap moves x to the solution of the dual problem, from which a step or none is left to take.
//
// A rough solution is left as it is, without any zeros. So it predicts other rows as well as one
// with zeros does that is ten times closer, and may be off by that much more where it is to be
// close.
func (n *newton) leap(ctx context.Context, tol float64) (bool, error) {
	const near = 1e-5 // for each variable
	switch {
	case !n.rough:
		// The zeros of X must come out right.
		tol *= 1e-6
	case tol < near*float64(n.m):
		tol *= 10
	}
	before := slices.Clone(n.x)
	left, ok, err := n.ascend(ctx, tol)
	if !ok || err != nil {
		return false, err
	}
	if !n.rough {
		n.cut()
	}
	if !n.evaluate() {
		copy(n.x, before)
		n.evaluate()
		n.invert()
		return false, nil
	}
	n.objective, n.gap = n.smooth+n.penalty, left
	return true, nil
}

// remaining estimates how much all steps to come will lower the objective, given what the last two
// promised; the one before is 0 if there was none. Steps whose models are solved to a part of the
// change shrink by a ratio q, so what is left are d·(q + q² + …) = d·q/(1-q). Two steps that happen
// to differ more than inexact models allow do not say that all will. Of a single step nothing is
// known but what it promised itself.
func remaining(decrement, before float64) float64 {
	if before == 0 {
		return decrement
	}
	q := max(decrement/before, 1.0/30)
	if q >= 1 {
		return math.Inf(1)
	}
	return decrement * q / (1 - q)
}

// patience is how many steps may leave the gap at more than half of the least so far.
const patience = 6

// far is the decrease of the objective per variable from which on a guess is far from the solution.
const far = 0.1

// restart sets out from the diagonal after all.
func (n *newton) restart() {
	n.guessed = false
	n.startDiagonal()
	n.iterations = -1
}

// invert sets w to the inverse of x from its factor. It is apart from evaluate because
// backtracking evaluates several x of which only the last one needs its inverse, which costs
// twice the factorization.
func (n *newton) invert() {
	n.triangles.invert(n.w)
}

// findFree collects the pairs that this step may change: those not zero, and those whose gradient
// exceeds the penalty. A pair at zero whose gradient is within ±alpha meets the condition for the
// minimum where it stands, and the model's minimum over it alone is zero. As these pairs are left
// out, the cost of a step grows with the number of links and not with m² (the free and the fixed
// variables of QUIC, Hsieh and others, 2014).
//
// It also starts the change at zero and takes x as it is at the start of the step in compressed
// rows, for the preconditioner.
func (n *newton) findFree() {
	limit := n.admission()
	n.pattern(func(k int) bool { return n.x[k] != 0 || math.Abs(n.s[k]-n.w[k]) > limit })
}

// pattern makes the diagonal and the pairs free that are asked for, by their places in a full
// matrix.
func (n *newton) pattern(free func(k int) bool) {
	m := n.m
	f := &n.free
	f.start, f.upper = append(f.start[:0], 0), f.upper[:0]
	f.col = f.col[:0]
	for i := range m {
		at := -1
		for j := range m {
			k := i*m + j
			if i == j || free(k) {
				if at < 0 && j >= i {
					at = len(f.col)
				}
				f.col = append(f.col, int32(j))
			}
		}
		f.upper = append(f.upper, at)
		f.start = append(f.start, len(f.col))
	}
	n.sparse.fill(n.x, m)
	f.mirror = resize(f.mirror, len(f.col))
	f.value = resize(f.value, len(f.col))
	f.change = resize(f.change, len(f.col))
	f.moved = resize(f.moved, len(f.col))
	// Position k in row i is (i, j). As the pattern is symmetric and rows are walked in order,
	// the pairs of row j are met in ascending i, the order in which they stand in row j: a
	// counter for each row finds the mirror of k.
	next := append([]int(nil), f.start...)
	for i := range m {
		for k := f.start[i]; k < f.start[i+1]; k++ {
			j := f.col[k]
			f.mirror[k] = int32(next[j])
			next[j]++
			f.value[k] = n.x[i*m+int(j)]
			f.change[k] = 0
		}
	}
}

// admission returns the gradient above which a pair at zero becomes free. This is the penalty,
// unless so many pairs exceed it that they would outnumber the pairs that are not zero, as
// happens far from the solution: at the first step from the diagonal at a small alpha nearly all
// of the m²/2 pairs exceed it, yet most of them would only come and go. Then only the pairs with
// the largest gradients are let in, as many as there are links and four for each variable, and
// the others have their turn in later steps. What is found stays the same, as the gap is what
// ends the search.
func (n *newton) admission() float64 {
	over, nonzero := n.over[:0], 0
	for i := range n.m {
		for j := i + 1; j < n.m; j++ {
			k := i*n.m + j
			if n.x[k] != 0 {
				nonzero++
			} else if g := math.Abs(n.s[k] - n.w[k]); g > n.alpha {
				over = append(over, g)
			}
		}
	}
	n.over = over
	most := nonzero + 4*n.m
	if len(over) <= most {
		return n.alpha
	}
	slices.Sort(over)
	// A pair is free when its gradient is above the limit, so the limit is the number just below
	// the last one to be let in. All pairs of that very gradient come in together: where all
	// correlations are equal there is no better choice among them, and nothing would say which to
	// leave out.
	return math.Nextafter(over[len(over)-most], 0)
}

// fill sets r to what is not zero of x, m×m and row major, in the memory that r has.
func (r *rows) fill(x []float64, m int) {
	r.start, r.col, r.value = append(r.start[:0], 0), r.col[:0], r.value[:0]
	for i := range m {
		for j, v := range x[i*m : (i+1)*m] {
			if v != 0 {
				r.col, r.value = append(r.col, int32(j)), append(r.value, v)
			}
		}
		r.start = append(r.start, len(r.col))
	}
}

// resize returns a slice of n elements, in the memory of s if that is enough. Their values are
// whatever was there: every caller sets or clears those that it reads.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// descend minimizes the second-order model. Sweeps of coordinate descent find which values are
// zero and the signs of the others. Where they converge slowly, as with variables that are nearly
// the same, a conjugate gradient solve at these signs does the rest: with signs held, the penalty
// is linear and the model a plain quadratic. Both take turns until what is left to move is small
// against the whole change. It returns no error when the rounds end before that, as any change
// that lowers the model will do for a step; backtrack checks that it does.
//
// A model that is soon replaced need not be solved well, so the first steps solve it to a fifth
// and a tenth of the change only. Newton's method with inexact steps converges as long as the
// inexactness shrinks with the steps (R. Dembo, S. Eisenstat and T. Steihaug, "Inexact Newton
// methods", 1982).
//
// It leaves the model, and slow is true, where the dual problem was not tried yet and may be
// faster: where there are many links, or some and x is far away or rounds do not get to an end.
func (n *newton) descend(ctx context.Context) (slow bool, err error) {
	if !n.ascended && (n.away || n.links() > manyLinks) {
		return true, nil
	}
	n.inner = [...]float64{0.2, 0.1, 0.03}[min(n.iterations, 2)]
	if n.iterations >= hard {
		n.inner = 0.01
	}
	n.findFree()
	const rounds, sweeps = 5, 4
	for round := range rounds {
		if done, err := n.sweep(ctx, sweeps, n.inner); done || err != nil {
			return false, err
		}
		if round > 0 && !n.ascended && float64(len(n.free.col)) > someLinks*float64(n.m*n.m) {
			return true, nil
		}
		if err := n.solveAtSigns(ctx); err != nil {
			return false, err
		}
	}
	return false, nil
}

// hard is after how many Newton steps a problem turns out to be so near singular
// that models must be solved well.
const hard = 8

// sweep goes over all free pairs, at most the given number of times, and reports whether what is
// left to move is small, as a part, against the whole change so far.
func (n *newton) sweep(ctx context.Context, times int, small float64) (bool, error) {
	last := 0.0
	for range times {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		moved := 0.0
		for i := 0; i < n.m; i += batch {
			moved += n.descendRows(i, min(i+batch, n.m))
		}
		total := 0.0
		for _, d := range n.free.change {
			total += math.Abs(d)
		}
		// Coordinate descent converges linearly: each sweep moves about q = moved/last as far as
		// the one before. All sweeps to come together then move moved·(q + q² + …) =
		// moved·q/(1-q) = moved²/(last-moved). Where sweeps do not shrink, nothing can be said
		// and another one is due.
		if moved == 0 || moved < last && moved*moved/(last-moved) <= small*total {
			return true, nil
		}
		last = moved
	}
	return false, nil
}

// batch is how many rows share one pass over D. D W for one row reads a column of W, a number
// from each cache line; for eight rows it reads the line whole. A larger batch would pay more for
// correcting the products of the rows to come, below.
const batch = 8

// descendRows minimizes the model over each free pair of the rows lo ≤ i < hi in turn and returns
// by how much they moved in all, each pair off the diagonal counted twice. Up to rounding the
// result is the same as with a fresh product for each row.
func (n *newton) descendRows(lo, hi int) float64 {
	m := n.m
	n.sparseProducts(lo, hi)
	moved := 0.0
	for i := lo; i < hi; i++ {
		moved += n.descendRow(i, n.t[(i-lo)*m:(i-lo+1)*m])
		// The products of the rows to come are of D as it was before this row. D changed by mu at
		// (i, j) and (j, i), so D Wₗ changes by mu·Wjl at i and mu·Wil at j.
		for k := n.free.upper[i]; k < n.free.start[i+1]; k++ {
			mu, j := n.free.moved[k], int(n.free.col[k])
			if mu == 0 {
				continue
			}
			for l := i + 1; l < hi; l++ {
				t := n.t[(l-lo)*m : (l-lo+1)*m]
				t[i] += float64(mu * n.w[l*m+j])
				if j != i {
					t[j] += float64(mu * n.w[l*m+i])
				}
			}
		}
	}
	return moved
}

// descendRow does so for row i, given t = D Wᵢ.
//
// Along the pair (i, j) the model is a parabola in the change mu of Dij = Dji, plus the penalty.
// With a = Wij² + Wii·Wjj and b = Sij - Wij + (W D W)ij it is, for i ≠ j and as half of both
// entries, a·mu²/2 + b·mu + alpha·|Xij + Dij + mu|, whose minimum puts the value at the
// soft-thresholded (old - b/a), by alpha/a. On the diagonal a is Wii² and there is no penalty
// (QUIC, Hsieh and others, 2014).
func (n *newton) descendRow(i int, t []float64) float64 {
	m, f := n.m, &n.free
	wi := n.w[i*m : (i+1)*m]
	lo, hi := f.upper[i], f.start[i+1]
	cols := f.col[lo:hi]
	// r holds (W D W)ij for the free j of this row, and is kept right as values move: a change mu
	// at (i, j) adds mu·(Wii·Wjl + Wij·Wil) to (W D W)il. So a sweep takes each product with t
	// once only.
	r := n.r[:len(cols)]
	gather.Dots(r, t, cols, n.w, m)
	moved := 0.0
	for k, j32 := range cols {
		j := int(j32)
		wj := n.w[j*m : (j+1)*m]
		wii, wij, wjj := wi[i], wi[j], wj[j]
		b := n.s[i*m+j] - wij + r[k]
		old := f.value[lo+k]
		var now float64
		if i == j {
			now = old - b/(wii*wii)
		} else {
			a := float64(wij*wij) + float64(wii*wjj)
			now = soft(old-b/a, n.alpha/a)
		}
		mu := now - old
		f.moved[lo+k] = mu
		if mu == 0 {
			continue
		}
		n.set(lo+k, i, j, now)
		if i == j {
			moved += math.Abs(mu)
			for q, l := range cols {
				r[q] += float64(mu * wii * wi[l])
			}
			continue
		}
		moved += float64(2 * math.Abs(mu))
		for q, l := range cols {
			r[q] += float64(mu * (float64(wii*wj[l]) + float64(wij*wi[l])))
		}
	}
	return moved
}

// set proposes a value for the pair at position k, (i, j), and its mirror. Single values are set
// nowhere else, so that value = X + change holds and the matrix stays symmetric.
func (n *newton) set(k, i, j int, v float64) {
	f := &n.free
	d := v - n.x[i*n.m+j]
	f.value[k], f.change[k] = v, d
	f.value[f.mirror[k]], f.change[f.mirror[k]] = v, d
}

// sparseProducts sets t to D Wᵢ for the rows lo ≤ i < hi, at most a batch.
//
// It walks D by rows and adds up eight sums at once, instead of taking eight products of D with a
// column of W: D is read once, and of each row of W eight numbers that lie side by side.
func (n *newton) sparseProducts(lo, hi int) {
	var sum [batch]float64
	for i := range n.m {
		value, col := n.changes(i)
		gather.Combine(sum[:hi-lo], value, col, n.w[lo:], n.m)
		for b := range hi - lo {
			n.t[b*n.m+i] = sum[b]
		}
	}
}

// changes lists what is not zero in row i of D.
func (n *newton) changes(i int) ([]float64, []int32) {
	f := &n.free
	return n.nonzero(f.change[f.start[i]:f.start[i+1]], f.col[f.start[i]:f.start[i+1]])
}

// nonzero lists the values that are not zero, and their columns. The slices are good until it is
// called again: they are one buffer, as this runs for each row of each product. Free pairs often
// have no change yet, or zero as their value, and the products skip these.
func (n *newton) nonzero(values []float64, cols []int32) ([]float64, []int32) {
	n.some, n.at = resize(n.some, n.m), resize(n.at, n.m)
	some, at := n.some[:len(values)], n.at[:len(values)]
	cols = cols[:len(values)]
	k := 0
	for q, v := range values {
		// Every value is written and k goes on past those that are not zero: which ones these are
		// has no pattern that a processor could foresee, so a branch here would cost more than all
		// else. The bits of a value without its sign are zero only for zero.
		some[k], at[k] = v, cols[q]
		bits := math.Float64bits(v) << 1
		k += int((bits | -bits) >> 63)
	}
	return some[:k], at[:k]
}

// soft moves v toward zero by t, and to zero when it is nearer than that: the minimum over z of
// (z-v)²/2 + t|z|. This is where exact zeros come from.
func soft(v, t float64) float64 {
	switch {
	case v > t:
		return v - t
	case v < -t:
		return v + t
	}
	return 0
}

// backtrack moves x along the change as far as the objective falls enough
// (Armijo's rule), as far as rounding lets one see, and x stays positive
// definite. It returns the decrease the model promised for the full step.
//
// The promise is the decrease of the linear part, tr((S-W)D) plus the change of the penalty at
// the full step, as the rule for objectives with a part that is not smooth wants (P. Tseng and S.
// Yun, "A coordinate gradient descent method for nonsmooth separable minimization", 2009). It is
// negative unless D is zero or rounding is all there is to it; then x is left as it was and the
// second result is false. On true, smooth and penalty are those of the new x.
func (n *newton) backtrack() (float64, bool) {
	m, f := n.m, &n.free
	slope, penalty := 0.0, 0.0
	for i := range m {
		for k := f.start[i]; k < f.start[i+1]; k++ {
			j := int(f.col[k])
			slope += float64((n.s[i*m+j] - n.w[i*m+j]) * f.change[k])
			if i != j {
				penalty += math.Abs(f.value[k])
			}
		}
	}
	slope += float64(n.alpha*penalty) - n.penalty
	if slope >= 0 {
		return 0, false
	}
	old := n.smooth + n.penalty
	// The first step tried is the full one, which near the solution is taken always and gives
	// exact zeros: they are values, not sums. Where the full step fails, a pair that was to
	// become zero is not zero yet; a later full step makes it so. Below 1e-10 of the step the
	// decrease to ask for would be no more than the rounding of the objective.
	for step := 1.0; step > 1e-10; step /= 2 {
		for i := range m {
			for k := f.start[i]; k < f.start[i+1]; k++ {
				at := i*m + int(f.col[k])
				if step == 1 {
					n.x[at] = f.value[k]
				} else {
					n.x[at] = f.value[k] - float64((1-step)*f.change[k])
				}
			}
		}
		if n.evaluate() && n.smooth+n.penalty <= old+float64(1e-3*step*slope)+n.noise {
			return -slope, true
		}
	}
	// Go back to where the step began, up to rounding; zeros come back as zeros.
	for i := range m {
		for k := f.start[i]; k < f.start[i+1]; k++ {
			n.x[i*m+int(f.col[k])] = f.value[k] - f.change[k]
		}
	}
	n.evaluate()
	return 0, false
}

// dualityGap bounds the distance of the objective from its minimum: the value of any point of the
// dual problem is a bound on it from below. The dual is log det U + m over positive definite U
// with |Uij - Sij| ≤ alpha off the diagonal and Uii = Sii (O. Banerjee, L. El Ghaoui and A.
// d'Aspremont, "Model selection through sparse maximum likelihood estimation", 2008). It returns
// +Inf where the U taken here is not positive definite, which happens only far from the solution.
//
// At the solution U is W, and Wij = Sij + alpha·sign Xij where X is not zero. So U is W moved
// into that set, and where x is not zero onto the boundary that belongs to its sign, even if W is
// inside. Then tr(UX) is tr(SX) + alpha Σ|Xij|, and the gap is tr(UX) - log det(UX) - m, which
// falls with the square of U - W; with W merely clipped it would fall only with U - W itself.
//
// Taken as a difference it is as uncertain as the objective. Where that is too much for tol, a
// small gap comes from U - W itself.
func (n *newton) dualityGap(tol float64) float64 {
	m := n.m
	u := make([]float64, m*m)
	for i := range m {
		u[i*m+i] = n.s[i*m+i]
		for j := i + 1; j < m; j++ {
			k := i*m + j
			switch {
			case n.x[k] > 0:
				u[k] = n.s[k] + n.alpha
			case n.x[k] < 0:
				u[k] = n.s[k] - n.alpha
			default:
				u[k] = n.s[k] + max(-n.alpha, min(n.alpha, n.w[k]-n.s[k]))
			}
		}
	}
	logDet, ok := n.triangles.factor(u)
	if !ok {
		return math.Inf(1)
	}
	gap := n.smooth + n.penalty - logDet - float64(m)
	if visible := 10 * n.noise; visible > tol && gap < visible {
		return n.smallGap(u)
	}
	// Rounding can make the difference a little negative.
	return max(0, gap)
}

// smallGap bounds tr(UX) - log det(UX) - m from above without a difference of large numbers. With
// E = U - W, and R the factor of X = R'R, UX has the eigenvalues of I + M, M = R E R', so the gap
// is the sum of λ - log(1+λ) over the eigenvalues λ of M. Each is at most λ²/2(1-|λ|) where |λ| is
// less than one, and the sum of all λ² is that of the squared entries of M. U is an upper triangle,
// and is overwritten.
func (n *newton) smallGap(u []float64) float64 {
	m := n.m
	for i := range m {
		for j := i; j < m; j++ {
			d := u[i*m+j] - n.w[i*m+j]
			u[i*m+j], u[j*m+i] = d, d
		}
	}
	n.triangles.factor(n.x)
	r := blas64.Triangular{Uplo: blas.Upper, Diag: blas.NonUnit, N: m, Data: n.triangles.r, Stride: n.triangles.stride}
	e := blas64.General{Rows: m, Cols: m, Data: u, Stride: m}
	blas64.Trmm(blas.Left, blas.NoTrans, 1, r, e)
	blas64.Trmm(blas.Right, blas.Trans, 1, r, e)
	size := blas64.Nrm2(vector(u))
	if size >= 1 {
		return math.Inf(1)
	}
	return size * size / 2 / (1 - size)
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Inc: 1, Data: v} }
