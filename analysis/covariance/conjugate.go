package covariance

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
)

// solveAtSigns minimizes the second-order model over the pairs whose proposed
// value is not zero, holding their signs: a linear system in the change,
//
//	(W D W)ij = -(Sij - Wij + alpha sign ij),
//
// solved by conjugate gradients with R ↦ X R X as preconditioner, which is
// the inverse when every pair is free. It moves toward the solution as far as
// no value changes its sign.
func (n *newton) solveAtSigns(ctx context.Context) error {
	f := &n.free
	size := len(f.col)
	buf := make([]float64, 5*size)
	d, res, z, dir, hd := buf[:size], buf[size:2*size], buf[2*size:3*size], buf[3*size:4*size], buf[4*size:]
	copy(d, f.change)
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
	n.sandwich(n.x, res, z)
	copy(dir, z)
	rz := floats.Dot(res, z)
	for enough := 1e-6 * rz; rz > enough; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.sandwich(n.w, dir, hd)
		curve := floats.Dot(dir, hd)
		if !(curve > 0) {
			break
		}
		floats.AddScaled(d, rz/curve, dir)
		floats.AddScaled(res, -rz/curve, hd)
		n.sandwich(n.x, res, z)
		next := floats.Dot(res, z)
		floats.Scale(next/rz, dir)
		floats.Add(dir, z)
		rz = next
	}
	n.moveToward(d)
	return nil
}

// moveToward proposes changes on the way to d, up to the first value that
// would cross zero off the diagonal.
func (n *newton) moveToward(d []float64) {
	f := &n.free
	step, stop := 1.0, -1
	for i := range n.m {
		for k := f.start[i]; k < f.start[i+1]; k++ {
			if int(f.col[k]) == i || f.value[k] == 0 {
				continue
			}
			move := d[k] - f.change[k]
			if (f.value[k]+move)*f.value[k] < 0 && -f.value[k]/move < step {
				step, stop = -f.value[k]/move, k
			}
		}
	}
	for i := range n.m {
		for k := f.upper[i]; k < f.start[i+1]; k++ {
			j := int(f.col[k])
			v := f.value[k] + step*(d[k]-f.change[k])
			if i != j && (f.value[k] == 0 || v*f.value[k] < 0) {
				v = 0
			}
			if stop >= 0 && (k == stop || int(f.mirror[k]) == stop) {
				v = 0
			}
			n.set(k, i, j, v)
		}
	}
}

// sandwich sets out to the entries of M D M at the pairs that a solve at
// fixed signs may move, and to zero at the others.
func (n *newton) sandwich(m, d, out []float64) {
	f := &n.free
	for i := range n.m {
		n.sparseProduct(d, m[i*n.m:(i+1)*n.m])
		for k := f.upper[i]; k < f.start[i+1]; k++ {
			j := int(f.col[k])
			v := 0.0
			if i == j || f.value[k] != 0 {
				v = floats.Dot(n.t, m[j*n.m:(j+1)*n.m])
			}
			out[k], out[f.mirror[k]] = v, v
		}
	}
}
