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
	// Gamma of the extended Bayesian criterion that chooses each penalty; 0 means 0.5, below 0
	// none.
	Gamma float64
	// Either links two variables when one of them needs the other to be explained; by default both
	// must.
	Either bool
}

// CountNeighborhoods finds which of p counts depend on each other in an n×p sample of small counts,
// for which a Gaussian is a poor model: each count is explained by the others in a regression of
// its logarithm with a lasso penalty (G. Allen and Z. Liu, "A local Poisson graphical model for
// inferring networks from sequencing data", 2013; neighborhoods as N. Meinshausen and P. Bühlmann,
// "High-dimensional graphs and variable selection with the lasso", 2006). A count that varies more
// than a Poisson count does is taken for a negative binomial one, with the dispersion that its
// residuals have. The others enter as 2√(x+3/8), standardized. The penalty of each regression is
// the one with the least extended Bayesian information criterion.
//
// It returns a p×p matrix that is 0 for pairs that are not linked, and else the geometric mean of
// the two coefficients with their sign: by how much the logarithm of one count changes with a
// standard deviation of the other, all else the same. The diagonal is 0. Numbers below zero, NaN
// and infinities are errors; a count that does not vary is linked to nothing.
//
// Columns are regressed in parallel, each by itself, so the result does not depend on the number
// of cores.
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

// countNeighborhoods regresses each column on all others and joins the two coefficients of each
// pair. By default both must be there and have the same sign: a link is mutual, but two
// regressions are free to differ, and one alone is chance more often than both are.
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
			// The other one is zero, so the sum is the one that is not. Two of opposite signs
			// contradict each other and make no link either way.
			case o.Either && (a == 0 || b == 0):
				out.SetSym(i, j, a+b)
			}
		}
	}
	return out, nil
}

// standardRoots returns 2√(x+3/8), centered and scaled, or nil if it does not vary. It overwrites
// v. The root makes the spread of a Poisson count nearly the same whatever its mean (F. Anscombe,
// "The transformation of Poisson, binomial and negative-binomial data", 1948), so that a single
// large count does not outweigh all others in the regressions. Unit variance makes one penalty
// fair to all of them.
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

// A countRegression explains one count by others: y has the expectation mu = exp(eta) with eta =
// base + Σ beta_k z_k, and the variance mu + phi mu². That is a Poisson count where phi is 0 and
// a negative binomial one above.
type countRegression struct {
	y    []float64
	z    [][]float64
	self int
	base float64   // the constant
	beta []float64 // of each column
	eta  []float64 // logarithms of what is expected
	phi  float64   // dispersion: the variance is mu + phi mu²
}

// newCountRegression starts with the constant alone, whose best value is the logarithm of the
// mean. The caller has seen to it that y varies, so the mean is above zero. Z holds all columns,
// that of y itself at index self, and nil for those that do not vary.
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

// disperse estimates the dispersion from the residuals by moments: (y-mu)² - mu has the
// expectation phi mu², so the sums of both sides have phi as their ratio. It is below zero where
// counts vary less than Poisson counts do, and taken as zero then.
func (r *countRegression) disperse() {
	over, squares := 0.0, 0.0
	for i, y := range r.y {
		mu := math.Exp(r.eta[i])
		over += float64((y-mu)*(y-mu)) - mu
		squares += float64(mu * mu)
	}
	r.phi = max(0, over/squares)
}

// choose goes down a path of penalties and leaves the coefficients of the one with the least
// criterion in best. Each fit starts where the last one ended, and as the dispersion falls with
// each coefficient that explains something, it is estimated anew after each fit, for the
// criterion and for the next fit.
func (r *countRegression) choose(ctx context.Context, gamma float64, best []float64) error {
	const steps = 20
	// The largest gradient, at zero coefficients, is the least penalty at which all of them stay
	// zero, as in the lasso of J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths
	// for generalized linear models via coordinate descent", 2010. The path goes from there to a
	// fiftieth in even ratios.
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
		// The extended criterion of J. Chen and Z. Chen, "Extended Bayesian information criteria
		// for model selection with large model spaces", 2008: with many columns to choose from,
		// each coefficient has to pay for the choice, too.
		criterion := float64(-2*r.logLikelihood()) + float64(used*math.Log(n)) + float64(2*gamma*used*math.Log(float64(len(r.z))))
		if criterion < least {
			least = criterion
			copy(best, r.beta)
		}
		// With fewer than four rows for each coefficient the residuals say little about the
		// dispersion, on which the criterion rests; smaller penalties only add more coefficients.
		if used > n/4 {
			break
		}
	}
	return nil
}

// fit minimizes the penalized likelihood by coordinate descent on its second-order model, which
// is a weighted lasso: with the weights w = mu/(1+phi mu) and the working residuals (y-mu)/mu its
// gradient and curvature are those of the likelihood (Friedman, Hastie and Tibshirani, 2010).
// Each of the outer rounds makes a new model where the last one has its minimum. It stops after
// 25 rounds without an error: the criterion compares what came of it with the other penalties,
// whatever it is.
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
		// The logarithms are summed up anew rather than updated, so that rounding does not add up
		// over rounds.
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

// update moves one coefficient, b with the column z, or with b nil the constant, to the minimum
// of the model along it, subtracts what it now explains from the working residuals, and returns
// by how much it moved. The constant is not penalized. A move is at most 1, a factor of e in the
// expected count for a column's standard deviation: far from the solution the model is too flat
// where few counts are expected, and its minimum may be far off.
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
	// A coefficient on its way to zero may go all the way, so that zeros are exact.
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

// logLikelihood of the counts, Poisson or negative binomial, with all constants, since the
// dispersion and with it the constants differ between the fits that are compared. Below a
// dispersion of 1e-6 the two are the same but for the rounding of large terms that cancel, so the
// simpler one is used. Counts need not be whole numbers: Γ takes the place of factorials.
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
