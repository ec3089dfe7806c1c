package covariance

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"dtnotes/analysis/covariance/internal/gather"
)

// manyLinks is the part of all pairs, 0 to 1, from which on a step works with full matrices.
const manyLinks = 0.15

// dense is what such a step needs: matrices that are m×m, row major and symmetric, both triangles
// set, and vectors over the pairs that are held at zero, each pair once.
type dense struct {
	sign          []float64 // of each pair that may move, 0 for the others
	b             []float64 // what W D W is to be at the pairs that may move
	z             []float64 // what it then is at the others
	d             []float64 // the change
	product, out  []float64
	at            []int32 // where in a matrix the pairs held are, above the diagonal
	res, dir, hd  []float64
	values, scale []float64 // of z, and what divides the residual, as a factor
}

func newDense(m int) *dense {
	var d dense
	for _, s := range []*[]float64{&d.sign, &d.b, &d.z, &d.d, &d.product, &d.out} {
		*s = make([]float64, m*m)
	}
	pairs := m * (m - 1) / 2
	for _, s := range []*[]float64{&d.res, &d.dir, &d.hd, &d.values, &d.scale} {
		*s = make([]float64, pairs)
	}
	d.at = make([]int32, pairs)
	return &d
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

// descendDense minimizes the second-order model by an active set method (M. Hintermüller, K. Ito
// and K. Kunisch, "The primal-dual active set strategy as a semismooth Newton method", 2002). Let
// the signs of all values be given, and which pairs are zero, Q. Then the minimum is where W D W is
//
//	B = W - S - alpha·sign
//
// at the pairs that may move, and X + D is zero at Q. So D = X (B + Z) X for a Z that is zero
// except at Q, and
//
//	(X Z X)ij = -(X + X B X)ij at Q
//
// These are the equations that conjugate gradients solve here, and not (W D W)ij = Bij for D, which
// take far more steps where a few eigenvalues of W tower above all others, as where some causes
// drive everything. X is small in these few directions and much alike in the many others.
//
// The solution also says what is next: a value that would change its sign becomes zero, and a pair
// at zero whose gradient in the model, S - W + Z, exceeds alpha may move. The signs are found when
// nothing changes any more, which takes few rounds where the start is near, and not always happens
// where it is far. The result is false if the change found is not near the minimum of the model;
// the change proposed is then what lowers it, if only to a part, or none.
func (n *newton) descendDense(ctx context.Context) (bool, error) {
	m := n.m
	if n.dense == nil {
		n.dense = newDense(m)
	}
	f := n.dense
	clear(f.z)
	for k, x := range n.x {
		f.sign[k] = 0
		if x != 0 {
			f.sign[k] = math.Copysign(1, x)
		}
	}
	const (
		rounds = 6
		loose  = 0.03  // of the residual, while signs are looked for
		close  = 0.003 // and for the change
		cuts   = 2     // solves more when values were cut at zero
	)
	// While signs still change, an exact solution for them would be thrown away, so they are looked
	// for with a loose one. The first rounds may change more pairs than the one before, since many
	// start to move at once; if a later one does, the signs go round in a circle, as the method may
	// do far from the minimum.
	last, settled := m*m, false
	for round := range rounds {
		if err := n.solveHeld(ctx, loose*n.inner); err != nil {
			return false, err
		}
		changed, moving := n.nextSigns()
		settled = float64(changed) <= 0.3*n.inner*float64(moving)
		if settled || round > 2 && changed >= last {
			break
		}
		last = changed
	}
	for tries := 0; ; tries++ {
		if err := n.solveHeld(ctx, close*n.inner); err != nil {
			return false, err
		}
		least := n.proposeHeld(settled)
		// Values that would have crossed zero were cut there, which may cost what the others gain.
		// If so much is lost that the model does not fall, the pattern is made anew for sweeps over
		// single values, which always lower it.
		lowered := n.model() - n.penalty
		if !(lowered < 0) {
			n.findFree()
		}
		switch {
		// What falls by less than can be seen may be any change. Sweeps go on from it.
		case settled && lowered <= min(0.8*least, -100*n.noise):
			return true, nil
		case !settled || tries == cuts:
			return false, nil
		}
		// Too much was cut, by few values that are far across zero: they are held there now.
		n.nextSigns()
	}
}

// proposeHeld proposes the change of the last solution, with zero for each value that would cross
// it, and returns what the model would fall by if none did.
//
// A pair at zero that went to and fro may have come to rest on the wrong side, where nothing of the
// change would show it. So unless signs have settled it stays free, and sweeps decide on it.
func (n *newton) proposeHeld(settled bool) (least float64) {
	m, f := n.m, n.dense
	n.pattern(func(k int) bool {
		return n.x[k] != 0 || f.sign[k] != 0 || !settled && math.Abs(n.s[k]-n.w[k]) > n.alpha
	})
	for i := range m {
		for k := n.free.upper[i]; k < n.free.start[i+1]; k++ {
			j := int(n.free.col[k])
			at := i*m + j
			v := n.x[at] + f.d[at]
			// The model's quadratic part is half of what W D W, here B + Z, gives along D; the sum
			// of both parts at a pair is this product.
			lower := f.d[at] * (n.s[at] - n.w[at] + (f.b[at]+f.z[at])/2)
			if i != j {
				// A pair stands for both triangles; the diagonal has no penalty.
				lower = 2 * (lower + float64(n.alpha*(float64(f.sign[at]*v)-math.Abs(n.x[at]))))
				if v*f.sign[at] <= 0 {
					v = 0
				}
			}
			least += lower
			n.set(k, i, j, v)
		}
	}
	return least
}

// nextSigns sets the signs to what the last solution says, and returns how many pairs changed and
// how many could move before.
func (n *newton) nextSigns() (changed, moving int) {
	m, f := n.m, n.dense
	limit := n.alpha * (1 + 1e-9) // of a gradient that is rounded
	for i := range m {
		for j := i + 1; j < m; j++ {
			k := i*m + j
			sign := f.sign[k]
			// A pair at zero that may move has D alone here: if D goes against the sign that the
			// pair was let go with, it stays at zero.
			if sign != 0 {
				moving++
				if (n.x[k]+f.d[k])*sign <= 0 {
					sign = 0
				}
			} else if g := n.s[k] - n.w[k] + f.z[k]; math.Abs(g) > limit {
				sign = -math.Copysign(1, g)
			}
			if sign != f.sign[k] {
				changed++
				f.sign[k], f.sign[j*m+i] = sign, sign
			}
		}
	}
	return changed, moving
}

// solveHeld sets d to the change at the signs given by conjugate gradients, from the z of the last
// signs, until the residual is at most that part of what it is at z = 0.
//
// The preconditioner divides the residual by what stands on the diagonal of Z ↦ X Z X, so that rows
// of different scales count alike. It is never zero, as the diagonal of X is positive.
func (n *newton) solveHeld(ctx context.Context, small float64) error {
	m, f := n.m, n.dense
	count := 0
	for i := range m {
		f.b[i*m+i] = n.w[i*m+i] - n.s[i*m+i]
		xii := n.x[i*m+i]
		for j := i + 1; j < m; j++ {
			k := i*m + j
			if sign := f.sign[k]; sign != 0 {
				f.b[k], f.z[k] = n.w[k]-n.s[k]-float64(n.alpha*sign), 0
				continue
			}
			f.b[k] = 0
			f.at[count], f.values[count] = int32(k), f.z[k]
			f.scale[count] = 1 / (float64(xii*n.x[j*m+j]) + float64(n.x[k]*n.x[k]))
			count++
		}
	}
	mirror(f.b, m)
	at, values, scale := f.at[:count], f.values[:count], f.scale[:count]
	res, dir, hd := f.res[:count], f.dir[:count], f.hd[:count]
	// The residual at z = 0 comes first, as the measure of what is small enough: the start from the
	// last signs may be so good already that a part of its own residual would be out of reach.
	f.sandwich(n.x, f.out, f.b, m)
	enough := 0.0
	for q, k := range at {
		res[q] = -n.x[k] - f.out[k]
		enough += float64(res[q] * res[q] * scale[q])
	}
	enough *= small * small
	mirror(f.z, m)
	f.sandwich(n.x, f.out, f.z, m)
	rz := 0.0
	for q, k := range at {
		res[q] -= f.out[k]
		dir[q] = res[q] * scale[q]
		rz += float64(res[q] * dir[q])
	}
	// From here on z holds the direction, while its values stand aside.
	for steps := 0; rz > enough && steps < 100; steps++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.spread(at, dir, m)
		f.sandwich(n.x, f.out, f.z, m)
		curve := 0.0
		for q, k := range at {
			hd[q] = f.out[k]
			curve += float64(dir[q] * hd[q])
		}
		// X is positive definite, so only rounding, or an overflow that made it NaN, leaves no
		// curvature. What was found up to here is still good.
		if !(curve > 0) {
			break
		}
		step, next := rz/curve, 0.0
		for q, h := range hd {
			values[q] += float64(step * dir[q])
			r := res[q] - float64(step*h)
			res[q] = r
			next += float64(r * r * scale[q])
		}
		turn := next / rz
		for q, r := range res {
			dir[q] = float64(r*scale[q]) + float64(turn*dir[q])
		}
		rz = next
	}
	f.spread(at, values, m)
	floats.AddTo(f.out, f.b, f.z)
	f.sandwich(n.x, f.d, f.out, m)
	mirror(f.d, m)
	return nil
}

// spread sets z to the values at the pairs held.
func (f *dense) spread(at []int32, values []float64, m int) {
	for q, k := range at {
		f.z[k] = values[q]
	}
	mirror(f.z, m)
}

// sandwich sets the upper triangle of out to that of X A X.
func (f *dense) sandwich(x, out, a []float64, m int) {
	gather.Product(f.product, a, x, m, false)
	gather.Product(out, x, f.product, m, true)
}

// mirror copies what is above the diagonal below it, square by square: a column at a time would
// touch a cache line for every single number.
func mirror(a []float64, m int) {
	const side = 16
	for rows := 0; rows < m; rows += side {
		for cols := rows; cols < m; cols += side {
			for i := rows; i < min(rows+side, m); i++ {
				for j := max(i+1, cols); j < min(cols+side, m); j++ {
					a[j*m+i] = a[i*m+j]
				}
			}
		}
	}
}
