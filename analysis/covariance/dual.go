package covariance

import (
	"context"
	"math"
	"slices"

	"dtnotes/analysis/covariance/internal/gather"
)

// manyLinks is the part of all pairs, 0 to 1, from which on the dual problem is solved first, and
// someLinks that from which on it is where steps in X turn out to be slow.
const someLinks, manyLinks = 0.05, 0.15

// dual is what that needs: matrices that are m×m, row major and symmetric, the pairs that are free,
// each once, and, for the conjugate gradients, narrow matrices; see [gather.NarrowProduct].
type dual struct {
	m                   int
	u, other            []float64
	at                  []int32 // where in a matrix the free pairs are, above the diagonal
	change              []float64
	size                []float64 // what rows of X are divided by
	x, z, product, out  []float32 // X scaled, the direction in both triangles, and products
	step, res           []float32 // above the diagonal: the change, and what is left to do,
	dir, scale          []float32 // the direction, and what a residual is times, zero if not free
	rows, panels, width int       // of narrow matrices
}

// newDual takes memory that was given back if it is for as many rows, see newTriangles.
func newDual(m int) *dual {
	if f, ok := spareDual.Get().(*dual); ok && f.m == m {
		return f
	}
	pairs := m * (m - 1) / 2
	f := dual{
		m: m, u: make([]float64, m*m), other: make([]float64, m*m), at: make([]int32, pairs),
		change: make([]float64, pairs), size: make([]float64, m),
		rows: gather.NarrowRows(m), panels: gather.NarrowPanels(m),
	}
	f.width = f.rows * gather.Across
	for _, s := range []*[]float32{&f.x, &f.z, &f.product, &f.out, &f.step, &f.res, &f.dir, &f.scale} {
		*s = make([]float32, f.panels*f.width)
	}
	return &f
}

// place is where a narrow matrix has row i, column j.
func (f *dual) place(i, j int) int {
	return j/gather.Across*f.width + i*gather.Across + j%gather.Across
}

// links is the part of all pairs, 0 to 1, that is linked.
func (n *newton) links() float64 {
	count := 0
	for _, v := range n.x {
		if v != 0 {
			count++
		}
	}
	return float64(count) / float64(len(n.x))
}

// ascend maximizes the dual problem, log det U + m over positive definite U with Uii = Sii and
// |Uij - Sij| ≤ alpha off the diagonal, by projected Newton steps (D. Bertsekas, "Projected Newton
// methods for optimization problems with simple constraints", 1982). A pair is linked where U is at
// a bound and X, the inverse of U, pushes it there. The others are free, and a step is the D over
// them with
//
//	(X D X)ij = Xij
//
// which conjugate gradients solve to a part; then each pair goes as far as to its bound. Any X on
// the way is positive definite, and the objective at U is a bound from below for that of X.
//
// Where many pairs are linked this takes far fewer products of matrices than steps in X do. Where
// rows are much more variable than those of the guess, W grows by a multiple, which is one step in
// U but many short ones in X. And steps in X need the zeros of X + D, so that their equations must
// be solved well where a few eigenvalues of W tower above all others, as where some causes drive
// everything: what is left of the residual is cut off and costs as much as these say.
//
// It sets out from a guess, or from w, the inverse of x, and ends when the objective is estimated
// to be off by tol, with X and U in x and w. X then has no zeros; see cut. The result is false if
// no step gets anywhere before that; x and w are then what they were.
func (n *newton) ascend(ctx context.Context, tol float64) (left float64, ok bool, err error) {
	if n.dual == nil {
		n.dual = newDual(n.m)
	}
	before := slices.Clone(n.x)
	if left, ok, err = n.climb(ctx, tol); !ok && err == nil {
		copy(n.x, before)
		n.evaluate()
		n.invert()
	}
	return left, ok, err
}

// climb is ascend without the way back.
func (n *newton) climb(ctx context.Context, tol float64) (left float64, ok bool, err error) {
	logDet, ok := n.enter()
	if !ok {
		return 0, false, nil
	}
	const steps = 200
	decrement := 0.0
	for range steps {
		n.triangles.invert(n.x)
		free, ok, err := n.solveFree(ctx, decrement)
		if !ok || err != nil {
			return 0, false, err
		}
		last := decrement
		decrement = 0
		for q, k := range free {
			decrement += 2 * float64(n.x[k]*n.dual.change[q])
		}
		// Steps go on to shrink where they can no longer be seen in log det U, until rounding is
		// all there is to them.
		noise := 1e-15 * float64(n.m) * (1 + math.Abs(logDet))
		if !(decrement > 0) || decrement <= noise && last > 0 && decrement > last/2 {
			return max(0, decrement), true, nil
		}
		if logDet, ok = n.rise(free, logDet-noise); !ok {
			return 0, false, nil
		}
		if left = remaining(decrement, last); left <= tol {
			n.triangles.invert(n.x)
			return left, true, nil
		}
	}
	return 0, false, nil
}

// enter moves w into the bounds, or takes S and the rest that is a guess if log det U is larger
// there, factors it and returns log det U. A solution for other rows or at another alpha has nearly
// the same rest where it is at a bound, while its w may be far from the bounds of these rows.
//
// If neither is positive definite, w is mixed with S shrunk toward its diagonal, so far that no
// pair is off by more than alpha: with alpha above zero this is positive definite whatever S is.
func (n *newton) enter() (logDet float64, ok bool) {
	m, u := n.m, n.dual.u
	guess, guessed := 0.0, false
	if n.rest != nil {
		for i := range m {
			u[i*m+i] = n.s[i*m+i]
			for k := i*m + i + 1; k < (i+1)*m; k++ {
				u[k] = n.s[k] + max(-n.alpha, min(n.alpha, n.rest[k]))
			}
		}
		if guess, guessed = n.triangles.factor(u); guessed {
			copy(n.dual.other, u)
		}
	}
	top := 0.0
	for i := range m {
		for j := i + 1; j < m; j++ {
			top = max(top, math.Abs(n.s[i*m+j]))
		}
	}
	shrink := min(1, n.alpha/top)
	for _, part := range []float64{0, 0.125, 0.25, 0.5, 1} {
		for i := range m {
			u[i*m+i] = n.s[i*m+i]
			for j := i + 1; j < m; j++ {
				k := i*m + j
				off := max(-n.alpha, min(n.alpha, n.w[k]-n.s[k]))
				u[k] = n.s[k] + float64((1-part)*off) - float64(part*shrink*n.s[k])
			}
		}
		logDet, ok = n.triangles.factor(u)
		if guessed && !(ok && logDet >= guess) {
			copy(u, n.dual.other)
			logDet, ok = n.triangles.factor(u)
		}
		if ok {
			copy(n.w, u)
			mirror(n.w, m)
			return logDet, true
		}
	}
	return 0, false
}

// pushed says whether the pair at k is linked.
func (n *newton) pushed(k int) bool {
	// A sum with the penalty is rounded, so that it may be a little off the bound.
	bound := n.alpha - float64(1e-15*(n.alpha+math.Abs(n.s[k])))
	off := n.w[k] - n.s[k]
	return off >= bound && n.x[k] > 0 || off <= -bound && n.x[k] < 0
}

// cut sets x to zero where pairs are not linked. Short of the solution it may no longer be positive
// definite then.
func (n *newton) cut() {
	m := n.m
	for i := range m {
		for j := i + 1; j < m; j++ {
			if k := i*m + j; !n.pushed(k) {
				n.x[k], n.x[j*m+i] = 0, 0
			}
		}
	}
}

// solveFree finds the free pairs and their step.
//
// Far from the solution, and while pairs still go from and to their bounds, an exact step would not
// get further than a coarse one, and near it some coarse steps cost no more than an exact one. In
// the first step, so many pairs may seem free that little is left of it at their bounds. The nearer
// it is, the more pairs stay free or linked, and each restart of the gradients loses what they
// found. The
// preconditioner divides the residual by what stands on the diagonal of D ↦ X D X, so that rows of
// different scales count alike. It is never zero, as the diagonal of X is positive.
//
// As steps are coarse anyway, and the residual of the next one is taken anew from the inverse of U,
// the gradients are computed in 32 bits, which takes half of the time. For this, X and D are scaled
// so that X has ones on the diagonal.
//
// Last is what the step before promised, 0 if there was none. Not ok means that X is so near
// singular that rounding leaves no curvature.
func (n *newton) solveFree(ctx context.Context, last float64) (free []int32, ok bool, err error) {
	const near, very = 1e-3, 1e-7 // for each variable
	coarse, most := 0.3, 14       // of the residual, and products
	switch {
	case last == 0:
		most = 4
	case last > near*float64(n.m):
		most = 7
	case last < very*float64(n.m):
		coarse, most = 0.03, 30
	}
	m, f := n.m, n.dual
	free, rz := n.prepare()
	enough := coarse * coarse * rz
	for steps := 0; rz > enough && steps < most; steps++ {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		f.both()
		gather.NarrowProduct(f.product, f.z, f.x, m, false)
		// Only the upper triangle of the second product is wanted.
		gather.NarrowProduct(f.out, f.x, f.product, m, true)
		curve := 0.0
		for p := range f.panels {
			lo, hi := f.above(p)
			curve += float64(gather.NarrowDot(f.dir[lo:hi], f.out[lo:hi]))
		}
		// What was found before rounding, or an overflow that made it NaN, left no curvature is
		// still good.
		if !(curve > 0) {
			if steps == 0 {
				return nil, false, nil
			}
			break
		}
		step, next := float32(rz/curve), 0.0
		for p := range f.panels {
			lo, hi := f.above(p)
			next += float64(gather.NarrowStep(f.step[lo:hi], f.res[lo:hi], f.dir[lo:hi], f.out[lo:hi], f.scale[lo:hi], step))
		}
		turn := float32(next / rz)
		for p := range f.panels {
			lo, hi := f.above(p)
			gather.NarrowTurn(f.dir[lo:hi], f.res[lo:hi], f.scale[lo:hi], turn)
		}
		rz = next
	}
	q := 0
	for i := range m {
		for j := i + 1; j < m; j++ {
			if q < len(free) && free[q] == int32(i*m+j) {
				f.change[q] = float64(f.step[f.place(i, j)]) / (f.size[i] * f.size[j])
				q++
			}
		}
	}
	return free, true, nil
}

// prepare finds the free pairs, scales X, sets the residual and the direction at no change, and
// returns the square of the residual.
func (n *newton) prepare() (free []int32, rz float64) {
	m, f := n.m, n.dual
	for i := range m {
		f.size[i] = math.Sqrt(n.x[i*m+i])
	}
	for _, s := range [][]float32{f.step, f.res, f.dir, f.scale} {
		clear(s)
	}
	count := 0
	for i := range m {
		f.x[f.place(i, i)] = 1
		for j := i + 1; j < m; j++ {
			k := i*m + j
			x := float32(n.x[k] / (f.size[i] * f.size[j]))
			at := f.place(i, j)
			f.x[at], f.x[f.place(j, i)], f.res[at] = x, x, x
			if n.pushed(k) {
				continue
			}
			f.at[count] = int32(k)
			count++
			f.scale[at] = 1 / (1 + float32(x*x))
			f.dir[at] = float32(x * f.scale[at])
			rz += float64(x * f.dir[at])
		}
	}
	return f.at[:count], rz
}

// above are the bounds of the rows of a panel down to its last one that has pairs above the
// diagonal.
func (f *dual) above(panel int) (lo, hi int) {
	lo = panel * f.width
	return lo, lo + min(f.rows, (panel+1)*gather.Across)*gather.Across
}

// both sets z to the direction, above the diagonal and below.
func (f *dual) both() {
	const side = gather.Across
	for p := range f.panels {
		for top := 0; top <= p*side; top += side {
			rows := min(side, f.rows-top)
			from := f.dir[p*f.width+top*side:][:rows*side]
			if top == p*side {
				to := f.z[p*f.width+top*side:][:rows*side]
				for i := range rows {
					for j := i; j < rows; j++ {
						v := from[i*side+j]
						to[i*side+j], to[j*side+i] = v, v
					}
				}
				continue
			}
			copy(f.z[p*f.width+top*side:], from)
			// Rows of this panel that there are not are columns of zeros here.
			down := min(side, f.rows-p*side)
			to := f.z[top/side*f.width+p*side*side:][:down*side]
			for i := range rows {
				for j := range down {
					to[j*side+i] = from[i*side+j]
				}
			}
		}
	}
}

// rise moves w along the step as far as log det U rises enough above what it was, factors it and
// returns log det U; false if it does not rise.
func (n *newton) rise(free []int32, was float64) (logDet float64, ok bool) {
	m, f := n.m, n.dual
	for step := 1.0; step > 1e-8; step /= 2 {
		copy(f.u, n.w)
		promise := 0.0
		for q, k := range free {
			s := n.s[k]
			v := max(s-n.alpha, min(s+n.alpha, n.w[k]+float64(step*f.change[q])))
			promise += 2 * float64(n.x[k]*(v-n.w[k]))
			f.u[k] = v
		}
		if logDet, ok = n.triangles.factor(f.u); ok && logDet >= was+float64(1e-3*promise) {
			copy(n.w, f.u)
			mirror(n.w, m)
			return logDet, true
		}
	}
	return 0, false
}
