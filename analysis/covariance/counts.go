package covariance

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// CountOptions tune [CountNeighborhoods]. The zero value is the default.
type CountOptions struct {
	// Gamma of the extended Bayesian criterion that chooses each penalty; 0 means 0.5, below 0 none.
	Gamma float64
	// Either links two variables when one of them needs the other to be explained; by default both
	// must.
	Either bool
}

// CountNeighborhoods finds which of p counts depend on each other in an n×p sample of small counts, for
// which a Gaussian is a poor model: each count is explained by the others in a regression of its
// logarithm with a lasso penalty (G. Allen and Z. Liu, "A local Poisson graphical model for inferring
// networks from sequencing data", 2013; neighborhoods as N. Meinshausen and P. Bühlmann,
// "High-dimensional graphs and variable selection with the lasso", 2006). A count that varies more than
// a Poisson count does is taken for a negative binomial one, with the dispersion that its residuals
// have. The others enter as 2√(x+3/8), standardized. The penalty of each regression is the one with the
// least extended Bayesian information criterion.
//
// It returns a p×p matrix that is 0 for pairs that are not linked, and else the geometric mean of the
// two coefficients with their sign: by how much the logarithm of one count changes with a standard
// deviation of the other, all else the same. The diagonal is 0. Numbers below zero, NaN and infinities
// are errors; a count that does not vary is linked to nothing.
func CountNeighborhoods(ctx context.Context, x mat.Matrix, o CountOptions) (*mat.SymDense, error) {
	if err := CheckFinite(x); err != nil {
		return nil, fmt.Errorf("neighborhoods of counts: %w", err)
	}
	n, p := x.Dims()
	if n < 8 {
		return nil, fmt.Errorf("neighborhoods of counts: %d rows: want at least 8", n)
	}
	for i := range n {
		for j := range p {
			if v := x.At(i, j); v < 0 {
				return nil, fmt.Errorf("neighborhoods of counts: row %d, column %d is %v: want a count", i, j, v)
			}
		}
	}
	switch {
	case o.Gamma == 0:
		o.Gamma = 0.5
	case o.Gamma < 0:
		o.Gamma = 0
	}
	return parallel.Await(ctx, func() (*mat.SymDense, error) { return countNeighborhoods(ctx, x, o) })
}

func countNeighborhoods(ctx context.Context, x mat.Matrix, o CountOptions) (*mat.SymDense, error) {
	_, p := x.Dims()
	z := make([][]float64, p) // nil for a column that does not vary
	for j := range p {
		z[j] = standardRoots(mat.Col(nil, j, x))
	}
	beta := make([][]float64, p)
	errs := make([]error, p)
	parallel.For(p, func(j int) {
		beta[j] = make([]float64, p)
		if z[j] == nil {
			return
		}
		r := newCountRegression(mat.Col(nil, j, x), z, j)
		errs[j] = r.choose(ctx, o.Gamma, beta[j])
	})
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("neighborhoods of counts: %w", err)
	}
	out := newSym(p)
	for i := range p {
		for j := i + 1; j < p; j++ {
			a, b := beta[i][j], beta[j][i]
			switch {
			case float64(a*b) > 0:
				out.SetSym(i, j, math.Copysign(math.Sqrt(a*b), a))
			case o.Either && (a == 0 || b == 0):
				out.SetSym(i, j, a+b)
			}
		}
	}
	return out, nil
}

// standardRoots returns 2√(x+3/8), centered and scaled, or nil if it does not vary.
func standardRoots(v []float64) []float64 {
	n := float64(len(v))
	mean, variance := 0.0, 0.0
	for i := range v {
		v[i] = 2 * math.Sqrt(v[i]+0.375)
		mean += v[i] / n
	}
	for _, u := range v {
		variance += float64((u-mean)*(u-mean)) / n
	}
	if variance <= 1e-12*mean*mean {
		return nil
	}
	dev := math.Sqrt(variance)
	for i := range v {
		v[i] = (v[i] - mean) / dev
	}
	return v
}

// A countRegression explains one count by others.
type countRegression struct {
	y    []float64
	z    [][]float64
	self int
	base float64   // the constant
	beta []float64 // of each column
	eta  []float64 // logarithms of what is expected
	phi  float64   // dispersion: the variance is mu + phi mu²
}

func newCountRegression(y []float64, z [][]float64, self int) *countRegression {
	r := &countRegression{y: y, z: z, self: self, beta: make([]float64, len(z)), eta: make([]float64, len(y))}
	mean := 0.0
	for _, v := range y {
		mean += v / float64(len(y))
	}
	r.base = math.Log(mean)
	for i := range r.eta {
		r.eta[i] = r.base
	}
	r.disperse()
	return r
}

// disperse estimates the dispersion from the residuals by moments.
func (r *countRegression) disperse() {
	over, squares := 0.0, 0.0
	for i, y := range r.y {
		mu := math.Exp(r.eta[i])
		over += float64((y-mu)*(y-mu)) - mu
		squares += float64(mu * mu)
	}
	r.phi = max(0, over/squares)
}

// choose goes down a path of penalties and leaves the coefficients of the one with the least criterion.
func (r *countRegression) choose(ctx context.Context, gamma float64, best []float64) error {
	const steps = 20
	top := 0.0
	n := float64(len(r.y))
	for k, z := range r.z {
		if k == r.self || z == nil {
			continue
		}
		g := 0.0
		for i, y := range r.y {
			mu := math.Exp(r.eta[i])
			g += float64(z[i] * (y - mu) / (1 + float64(r.phi*mu)))
		}
		top = max(top, math.Abs(g)/n)
	}
	least := math.Inf(1)
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.fit(top * math.Pow(0.02, float64(step)/(steps-1)))
		r.disperse()
		used := 0.0
		for _, b := range r.beta {
			if b != 0 {
				used++
			}
		}
		criterion := float64(-2*r.logLikelihood()) + float64(used*math.Log(n)) + float64(2*gamma*used*math.Log(float64(len(r.z))))
		if criterion < least {
			least = criterion
			copy(best, r.beta)
		}
		if used > n/4 {
			break
		}
	}
	return nil
}

// fit minimizes the penalized likelihood by coordinate descent on its second-order model.
func (r *countRegression) fit(penalty float64) {
	w, res := make([]float64, len(r.y)), make([]float64, len(r.y))
	for range 25 {
		for i, y := range r.y {
			mu := math.Exp(r.eta[i])
			w[i] = mu / (1 + float64(r.phi*mu))
			res[i] = (y - mu) / mu
		}
		moved := 0.0
		for range 50 {
			step := r.update(w, res, nil, 0)
			for k, z := range r.z {
				if k != r.self && z != nil {
					step = max(step, r.update(w, res, &r.beta[k], penalty, z...))
				}
			}
			moved = max(moved, step)
			if step < 1e-7 {
				break
			}
		}
		for i := range r.eta {
			r.eta[i] = r.base
		}
		for k, b := range r.beta {
			if b != 0 {
				for i, v := range r.z[k] {
					r.eta[i] += float64(b * v)
				}
			}
		}
		for i := range r.eta { // far from the solution a step may overshoot
			r.eta[i] = max(-30, min(30, r.eta[i]))
		}
		if moved < 1e-6 {
			break
		}
	}
}

// update moves one coefficient, or without one the constant, and the working residuals with it, and
// returns by how much.
func (r *countRegression) update(w, res []float64, b *float64, penalty float64, z ...float64) float64 {
	g, h := 0.0, 0.0
	for i, wi := range w {
		zi := 1.0
		if b != nil {
			zi = z[i]
		}
		g += float64(wi * zi * res[i])
		h += float64(wi * zi * zi)
	}
	if h <= 0 {
		return 0
	}
	target := &r.base
	now := r.base + g/h
	if b != nil {
		target = b
		now = soft(*b+g/h, penalty*float64(len(w))/h)
	}
	d := max(-1, min(1, now-*target))
	if b != nil && now == 0 {
		d = -*b
	}
	if d == 0 {
		return 0
	}
	*target += d
	for i := range res {
		if b != nil {
			res[i] -= float64(d * z[i])
		} else {
			res[i] -= d
		}
	}
	return math.Abs(d)
}

// logLikelihood of the counts, Poisson or negative binomial.
func (r *countRegression) logLikelihood() float64 {
	sum := 0.0
	for i, y := range r.y {
		mu := math.Exp(r.eta[i])
		if r.phi < 1e-6 {
			g, _ := math.Lgamma(y + 1)
			sum += float64(y*r.eta[i]) - mu - g
			continue
		}
		size := 1 / r.phi
		a, _ := math.Lgamma(y + size)
		b, _ := math.Lgamma(size)
		c, _ := math.Lgamma(y + 1)
		sum += a - b - c + float64(size*math.Log(size/(size+mu))) + float64(y*math.Log(mu/(size+mu)))
	}
	return sum
}
