package covariance

import (
	"context"
	"math"
	"slices"

	"dtnotes/analysis/covariance/internal/gather"
)

// manyLinks is the part of all pairs, 0 to 1, from which on the dual problem is solved first.
const manyLinks = 0.15

// dual is what that needs: matrices that are m×m, row major and symmetric, and vectors over the
// pairs that are free, each pair once.
type dual struct {
	u, z, product, out []float64
	at                 []int32 // where in a matrix the free pairs are, above the diagonal
	change             []float64
	res, dir, scale    []float64 // of the conjugate gradients; scale is what a residual is times
}

// newDual takes memory that was given back if it is for as many rows, see newTriangles.
func newDual(m int) *dual {
	if f, ok := spareDual.Get().(*dual); ok && len(f.u) == m*m {
		return f
	}
	var f dual
	for _, s := range []*[]float64{&f.u, &f.z, &f.product, &f.out} {
		*s = make([]float64, m*m)
	}
	pairs := m * (m - 1) / 2
	for _, s := range []*[]float64{&f.change, &f.res, &f.dir, &f.scale} {
		*s = make([]float64, pairs)
	}
	f.at = make([]int32, pairs)
	return &f
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
		free, err := n.solveFree(ctx, decrement)
		if err != nil {
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
			copy(n.dual.z, u)
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
			copy(u, n.dual.z)
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
// the first step, so many pairs may seem free that little is left of it at their bounds. Very near,
// pairs stay free or linked, and each restart of the gradients loses what they found. The
// preconditioner divides the residual by what stands on the diagonal of D ↦ X D X, so that rows of
// different scales count alike. It is never zero, as the diagonal of X is positive.
//
// Last is what the step before promised, 0 if there was none.
func (n *newton) solveFree(ctx context.Context, last float64) ([]int32, error) {
	const near = 1e-7       // for each variable
	coarse, most := 0.3, 10 // of the residual, and products
	switch {
	case last == 0:
		most = 4
	case last < near*float64(n.m):
		coarse, most = 0.03, 30
	}
	m, f := n.m, n.dual
	clear(f.z)
	count, rz := 0, 0.0
	for i := range m {
		xii := n.x[i*m+i]
		for j := i + 1; j < m; j++ {
			k := i*m + j
			if n.pushed(k) {
				continue
			}
			x := n.x[k]
			scale := 1 / (float64(xii*n.x[j*m+j]) + float64(x*x))
			f.at[count], f.change[count], f.scale[count] = int32(k), 0, scale
			f.res[count], f.dir[count] = x, x*scale
			rz += float64(x * f.dir[count])
			count++
		}
	}
	at, change, scale := f.at[:count], f.change[:count], f.scale[:count]
	res, dir := f.res[:count], f.dir[:count]
	enough := coarse * coarse * rz
	for steps := 0; rz > enough && steps < most; steps++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for q, k := range at {
			f.z[k] = dir[q]
		}
		mirror(f.z, m)
		// Only the upper triangle of the second product is wanted.
		gather.Product(f.product, f.z, n.x, m, false)
		gather.Product(f.out, n.x, f.product, m, true)
		curve := 0.0
		for q, k := range at {
			curve += float64(dir[q] * f.out[k])
		}
		// X is positive definite, so only rounding, or an overflow that made it NaN, leaves no
		// curvature. What was found up to here is still good.
		if !(curve > 0) {
			break
		}
		step, next := rz/curve, 0.0
		for q, k := range at {
			change[q] += float64(step * dir[q])
			r := res[q] - float64(step*f.out[k])
			res[q] = r
			next += float64(r * r * scale[q])
		}
		turn := next / rz
		for q, r := range res {
			dir[q] = float64(r*scale[q]) + float64(turn*dir[q])
		}
		rz = next
	}
	return at, nil
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
