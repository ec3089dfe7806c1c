package covariance

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"dtnotes/analysis/covariance/internal/gather"
)

// solveAtSigns minimizes the second-order model over the pairs whose proposed value is not zero,
// holding their signs. Values that would cross zero become zero; the sweeps to come find what
// else has to change then.
//
// After many steps it solves several times, each at the signs that the one before left, as an
// active set method does: the problem is then so nearly singular that sweeps hardly move, and
// what they leave undone would have to be done by Newton steps, each with an inverse.
func (n *newton) solveAtSigns(ctx context.Context) error {
	size := len(n.free.col)
	// The change, and the four vectors of the conjugate gradients, all over the free pairs. Once
	// the change is found, moveToward uses the others for what it may have to go back to.
	buf := make([]float64, 5*size)
	rounds := 1
	if n.iterations >= hard {
		rounds = 10
	}
	for crossed := true; crossed && rounds > 0; rounds-- {
		d := buf[:size]
		if err := n.conjugate(ctx, d, buf[size:]); err != nil {
			return err
		}
		crossed = n.moveToward(d, buf[size:])
	}
	return nil
}

// conjugate sets d to the change that solves
//
//	(W D W)ij = -(Sij - Wij + alpha sign ij)
//
// over the pairs with a value, by conjugate gradients with R ↦ X R X as
// preconditioner, which is the inverse when every pair is free.
//
// Where the value is zero the change stays what it is: the residual is kept at zero there, and so
// is every direction. As the pattern holds both triangles, plain dot products over it are those
// of the matrices, each pair counted twice.
func (n *newton) conjugate(ctx context.Context, d, buf []float64) error {
	f := &n.free
	size := len(d)
	res, z, dir, hd := buf[:size], buf[size:2*size], buf[2*size:3*size], buf[3*size:]
	// The sweeps have come part of the way, so start from their change and not from zero.
	copy(d, f.change)
	clear(res)
	n.sandwich(n.w, d, hd)
	for i := range n.m {
		for k := f.start[i]; k < f.start[i+1]; k++ {
			at := i*n.m + int(f.col[k])
			if int(f.col[k]) == i {
				res[k] = n.w[at] - n.s[at] - hd[k]
			} else if f.value[k] != 0 {
				res[k] = n.w[at] - n.s[at] - math.Copysign(n.alpha, f.value[k]) - hd[k]
			}
		}
	}
	n.precondition(res, z)
	copy(dir, z)
	rz := floats.Dot(res, z)
	// In the norm of the preconditioner, which is nearly that of the error in the model: no more
	// precise than the Newton step needs.
	enough := n.inner * n.inner * rz
	for steps := 0; rz > enough && steps < 100; steps++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.sandwich(n.w, dir, hd)
		curve := floats.Dot(dir, hd)
		// W is positive definite, so only rounding, or an overflow that made it NaN, leaves no
		// curvature. What was found up to here is still good.
		if !(curve > 0) {
			break
		}
		floats.AddScaled(d, rz/curve, dir)
		floats.AddScaled(res, -rz/curve, hd)
		n.precondition(res, z)
		next := floats.Dot(res, z)
		floats.Scale(next/rz, dir)
		floats.Add(dir, z)
		rz = next
	}
	return nil
}

// moveToward proposes the change d, with zero for each value that would cross it, or, where that
// does not lower the model, a smaller part of the way to d. It reports whether any value crossed
// zero.
//
// Setting all that cross to zero at once is a guess that mostly pays, as many may become zero in
// one solve. It bends the way to d, though, and so may miss the minimum. Where no part of the
// bent way is better than where it began, the change goes straight on until the first value is
// zero and stops there. Up to that point the model is the quadratic that d minimizes, so this
// part of the way lowers it for sure.
func (n *newton) moveToward(d, buf []float64) bool {
	f := &n.free
	step, first, crossed := 1.0, -1, false
	for i := range n.m {
		for k := f.upper[i]; k < f.start[i+1]; k++ {
			if int(f.col[k]) == i || f.value[k] == 0 {
				continue
			}
			to := f.value[k] + d[k] - f.change[k]
			if to*f.value[k] <= 0 {
				crossed = true
				// Where on the straight way, from 0 to 1, this value is zero.
				if s := f.value[k] / (f.value[k] - to); s < step {
					step, first = s, k
				}
			}
		}
	}
	if !crossed {
		n.propose(d, 1, -1)
		return false
	}
	oldValue, oldChange := buf[:len(d)], buf[len(d):2*len(d)]
	copy(oldValue, f.value)
	copy(oldChange, f.change)
	before := n.model()
	for part := 1.0; part > step; part /= 4 {
		n.propose(d, part, -1)
		if n.model() < before {
			return true
		}
		copy(f.value, oldValue)
		copy(f.change, oldChange)
	}
	n.propose(d, step, first)
	return true
}

// propose moves the change part of the way to d, by step from 0 to 1. Values at zero stay there,
// those that cross it and the one at position stop become zero. Stop is needed as rounding may
// leave the value that is to be zero a little off it; -1 means none.
func (n *newton) propose(d []float64, step float64, stop int) {
	f := &n.free
	for i := range n.m {
		for k := f.upper[i]; k < f.start[i+1]; k++ {
			j := int(f.col[k])
			v := f.value[k] + float64(step*(d[k]-f.change[k]))
			if i != j && (v*f.value[k] <= 0 || k == stop) {
				v = 0
			}
			n.set(k, i, j, v)
		}
	}
}

// model returns the second-order model at the proposed change, without the constant f(X) but with
// the whole penalty, so that only differences of two of its values mean anything. It costs as
// much as a step of the conjugate gradients.
func (n *newton) model() float64 {
	f := &n.free
	sum := 0.0
	n.multiply(f.change, n.w)
	for i := range n.m {
		lo, hi := f.upper[i], f.start[i+1]
		_, cols := n.nonzero(f.change[lo:hi], f.col[lo:hi])
		// The products are taken only for the columns that changed, in ascending order, and so
		// are consumed in that order below.
		products := n.r[:len(cols)]
		gather.Dots(products, n.w[i*n.m:(i+1)*n.m], cols, n.product, n.m)
		for k := lo; k < hi; k++ {
			j := int(f.col[k])
			v := f.change[k]
			if v != 0 {
				at := i*n.m + j
				v *= n.s[at] - n.w[at] + products[0]/2
				products = products[1:]
			}
			if i != j {
				v = 2 * (v + float64(n.alpha*math.Abs(f.value[k])))
			}
			sum += v
		}
	}
	return sum
}

// sandwich sets out to the entries of M D M at the pairs that a solve at
// fixed signs may move, and to zero at the others.
//
// M is W for the second derivative, X for its preconditioner; d and out are over the free pairs.
// It makes the full product M D, with m multiplications for each entry of D, then one dot
// product for each pair asked for.
func (n *newton) sandwich(m, d, out []float64) {
	f := &n.free
	n.multiply(d, m)
	for i := range n.m {
		// The diagonal is among the columns: in a positive definite matrix it is never zero.
		lo, hi := f.upper[i], f.start[i+1]
		_, cols := n.nonzero(f.value[lo:hi], f.col[lo:hi])
		products := n.r[:len(cols)]
		gather.Dots(products, m[i*n.m:(i+1)*n.m], cols, n.product, n.m)
		for k := lo; k < hi; k++ {
			v := 0.0
			if f.value[k] != 0 {
				v, products = products[0], products[1:]
			}
			out[k], out[f.mirror[k]] = v, v
		}
	}
}

// precondition sets out to the entries of X R X, as sandwich does for W. While X is sparse it
// makes the products from its compressed rows, which are those at the start of the step. Once
// more than a sixth of X is not zero, full rows are faster: they are multiplied by vector
// instructions, while sparse products go from place to place in memory.
func (n *newton) precondition(res, out []float64) {
	f, x := &n.free, &n.sparse
	if 6*len(x.value) > n.m*n.m {
		n.sandwich(n.x, res, out)
		return
	}
	n.product = resize(n.product, n.m*n.m)
	clear(n.product)
	for i := range n.m {
		// Row i of X R is the sum of the rows of R at the columns of X's row i.
		row := n.product[i*n.m : (i+1)*n.m]
		for q := x.start[i]; q < x.start[i+1]; q++ {
			v, j := x.value[q], x.col[q]
			at := f.col[f.start[j]:f.start[j+1]]
			for k, r := range res[f.start[j]:f.start[j+1]] {
				row[at[k]] += float64(v * r)
			}
		}
	}
	for i := range n.m {
		row := n.product[i*n.m : (i+1)*n.m]
		for k := f.upper[i]; k < f.start[i+1]; k++ {
			j := int(f.col[k])
			v := 0.0
			if i == j || f.value[k] != 0 {
				// (X R X)ij is row i of X R times column j of X, which is row j.
				at := x.col[x.start[j]:x.start[j+1]]
				for q, v2 := range x.value[x.start[j]:x.start[j+1]] {
					v += float64(v2 * row[at[q]])
				}
			}
			out[k], out[f.mirror[k]] = v, v
		}
	}
}

// multiply sets product to M D. Both are symmetric, so column i of M D is row i of D M, a sum of
// those few rows of M where D's row i is not zero. Eight such rows are made before they are laid
// down as columns: writing one column at a time would touch a cache line for every single number.
func (n *newton) multiply(d, m []float64) {
	f := &n.free
	n.product = resize(n.product, n.m*n.m)
	n.row = resize(n.row, batch*n.m)
	for i := 0; i < n.m; i += batch {
		count := min(batch, n.m-i)
		for r := range count {
			lo, hi := f.start[i+r], f.start[i+r+1]
			value, col := n.nonzero(d[lo:hi], f.col[lo:hi])
			gather.Combine(n.row[r*n.m:(r+1)*n.m], value, col, m, n.m)
		}
		for j := range n.m {
			to := n.product[j*n.m+i:][:count]
			for r := range to {
				to[r] = n.row[r*n.m+j]
			}
		}
	}
}
