package behavior

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// An Expectation predicts a source from what the other processes do in the same bucket. By how much
// it is wrong, smoothed over time, shows what no count by itself shows: a leak, a ratio that
// changed, work that is done twice.
//
// The weights are those of a ridge regression on the standardized activity of the processes of the
// links, without the source's own process: a source that is predicted from itself would never
// differ from the prediction.
type Expectation struct {
	Source  string    `json:"source"`
	Center  float64   `json:"center"` // of its value on its scale
	Scale   float64   `json:"scale"`
	Weights []float64 `json:"weights"` // of the standardized activity of each process of the links
	Error   float64   `json:"error"`   // deviation of what it is off by, in buckets held out
	Fast    Smooth    `json:"fast"`
	Slow    Smooth    `json:"slow"`
}

// Smooth is how far from 0 an exponentially weighted moving average (S. Roberts,
// 1959) of what an expectation is off by lay in buckets held out.
type Smooth struct {
	Deviation float64 `json:"deviation"`
	Stretches float64 `json:"stretches"` // that tell something new
	At        float64 `json:"at"`        // one in ten lies farther, in deviations
	Scale     float64 `json:"scale"`     // how much farther those lie on average
}

// The moving averages: the weight of the newest bucket, and the bound of what a
// bucket may add, in deviations. Bounds let an alert end when what raised it
// does.
const (
	// The fast average remembers 5.7 buckets, the slow one 39 (see [span]): between them they cover
	// a fault that shows within seconds and a small shift that takes a minute to distinguish from
	// chance.
	fast, fastBound = 0.3, 10.0
	slow, slowBound = 0.05, 2.0
)

// mostExpected bounds the number of sources that are predicted: each costs a residual in every
// bucket, and what the least active of thousands do says little that the others do not.
const mostExpected = 200

// foretold lists the sources to predict, by their columns: those that do something in at least half
// of the buckets, and the most active of these if there are many. For a source that mostly rests,
// rest would be predicted, and the difference would then be its count. The result is in the order
// of names, whichever was the most active, so that two behaviors learned from similar data list the
// same.
func (r *record) foretold(b *Behavior, rows []int) []int {
	var keep []int
	active := func(j int) int { return b.Sources[r.names[j]].Active }
	for j, name := range r.names {
		if src := b.Sources[name]; src != nil && 2*src.Active >= len(rows) && !r.guess(name) {
			keep = append(keep, j)
		}
	}
	byName := func(x, y int) int { return cmp.Compare(r.names[x], r.names[y]) }
	slices.SortFunc(keep, func(x, y int) int { return cmp.Or(cmp.Compare(active(y), active(x)), byName(x, y)) })
	keep = keep[:min(len(keep), mostExpected)]
	slices.SortFunc(keep, byName)
	return keep
}

// expectations says how each source is predicted: by the solution w of (C + r/(1-r)·I)·w = c, r
// being the ridge, where C are the correlations of the other processes with each other and c those
// with the source. Rows are the buckets to learn from. It is an error if C is singular, which the
// ridge prevents.
func (r *record) expectations(b *Behavior, l *Links, rows []int) ([]Expectation, error) {
	nodes := l.standardizedRows(r.nodes, rows)
	solved := map[string]*mat.Cholesky{}
	var out []Expectation
	for _, at := range r.foretold(b, rows) {
		name := r.names[at]
		src := b.Sources[name]
		// By how much the prediction is wrong in buckets held out is not known yet: until
		// [Links.calibrate] learns it, errors and averages are those of independent buckets of
		// deviation 1.
		e := Expectation{Source: name, Scale: 1, Weights: make([]float64, len(l.Names)), Error: 1, Fast: newSmooth(independent(fast), 1), Slow: newSmooth(independent(slow), 1)}
		m := newMoments()
		for _, row := range rows {
			if v := r.columns[at][row]; !math.IsNaN(v) {
				m.add(src.shaped(v, 1))
			}
		}
		e.Center = m.mean
		if v := m.variance(); v > 1e-12*(1+float64(m.mean*m.mean)) {
			e.Scale = math.Sqrt(v)
		} else {
			continue // a constant: its tails say all
		}
		// Most sources of one process have the same others, so that one factorization serves them
		// all.
		own := l.own(name, b.ByKind)
		var others []int
		for i := range l.Names {
			if !own[i] {
				others = append(others, i)
			}
		}
		if len(others) == 0 {
			continue
		}
		key := fmt.Sprint(own)
		chol := solved[key]
		if chol == nil {
			cov := mat.NewSymDense(len(others), nil)
			for x, i := range others {
				for y := x; y < len(others); y++ {
					cov.SetSym(x, y, l.sharp(i, others[y]))
				}
			}
			chol = &mat.Cholesky{}
			if !chol.Factorize(cov) {
				return nil, fmt.Errorf("expecting %s: the covariance of the others is singular", name)
			}
			solved[key] = chol
		}
		shared := mat.NewVecDense(len(others), nil)
		for k, row := range rows {
			y := e.standard(src, r.columns[at][row])
			for x, i := range others {
				shared.SetVec(x, shared.AtVec(x)+float64(y*nodes.At(k, i)/float64(len(rows))))
			}
		}
		var w mat.VecDense
		if err := chol.SolveVecTo(&w, shared); err != nil {
			return nil, fmt.Errorf("expecting %s: %w", name, err)
		}
		for x, i := range others {
			// The covariance that was solved with is shrunk by the ridge, off its diagonal by
			// 1-Ridge. So is what the processes share with the source, by the same factor.
			e.Weights[i] = (1 - l.Ridge) * w.AtVec(x)
		}
		out = append(out, e)
	}
	return out, nil
}

// standard is the standardized value of the source, 0 (as usual) if it is missing. It is bounded
// as the activity of processes is, so that one outlier does not bend the weights.
func (e *Expectation) standard(src *Source, v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return max(-farthest, min(farthest, (src.shaped(v, 1)-e.Center)/e.Scale))
}

// expected is the value that the other processes let us expect, given their standardized activity.
// It is never less than no events.
func (e *Expectation) expected(src *Source, z []float64) float64 {
	v := src.unshaped(e.Center + float64(e.Scale*dot(e.Weights, z)))
	if !src.Value.level() {
		v = max(0, v)
	}
	return v
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v * y[i])
	}
	return sum
}

// span is the number of buckets that a moving average remembers, given the weight of the newest.
func span(weight float64) float64 { return (2 - weight) / weight }

// average is what an expectation is off by, smoothed.
type average struct {
	value float64
	n     int
	usual bool // the last residual was
}

// add takes in a residual. A usual residual shows that a large move is over: the average then
// forgets the move at once, rather than slowly.
func (a *average) add(residual, weight, bound float64) {
	usual := math.Abs(residual) <= 1
	if usual && a.usual {
		a.value = max(-1, min(1, a.value))
	}
	a.usual = usual
	a.value += float64(weight * (max(-bound, min(bound, residual)) - a.value))
	a.n++
}

// deviations is how far from 0 the average lies, in deviations. After n buckets an average that
// started at 0 has the part √(1-(1-weight)²ⁿ) of its final deviation. Before the first one, weight
// stands in, so that nothing is divided by 0.
func (a *average) deviations(s Smooth, weight float64) float64 {
	settled := math.Sqrt(1 - math.Pow(1-weight, float64(2*a.n)))
	return math.Abs(a.value) / (s.Deviation * max(settled, weight))
}

// nats is -ln of how often normal buckets lie as far out: by Student's distribution, since the
// deviation is known from so few stretches, but beyond one in ten no more than exponential tails as
// those of buckets held out make it. The lesser holds, which is the larger probability: neither is
// believed further than the other one allows.
func (s Smooth) nats(q float64) float64 {
	out := student(q, s.Stretches)
	if q > s.At {
		out = min(out, tellMoved+(q-s.At)/s.Scale)
	}
	return out
}

// student is -ln of the chance that Student's t with v degrees of freedom lies farther from 0
// than q, by the approximation of D. Wallace (1959). Unlike the survival function, which is 0
// beyond some q, its logarithm is finite however far q lies.
func student(q, v float64) float64 {
	z := (float64(8*v) + 1) / (float64(8*v) + 3) * math.Sqrt(v*math.Log1p(float64(q*q)/v))
	// Erfc underflows at about 27, where z is 38. From 30 on the first term of its asymptotic
	// series is exact enough.
	if z > 30 {
		return float64(z*z)/2 + math.Log(z*math.Sqrt(math.Pi/2))
	}
	return -math.Log(math.Erfc(z / math.Sqrt2))
}

// newSmooth is what that many independent stretches would show. The point beyond which one in ten
// lies is found by bisection, and the scale of the tail is the inverse of the slope of -ln P there.
func newSmooth(deviation, stretches float64) Smooth {
	s := Smooth{Deviation: deviation, Stretches: stretches}
	near, far := 1.0, 20.0
	for range 60 {
		if s.At = (near + far) / 2; student(s.At, stretches) < tellMoved {
			near = s.At
		} else {
			far = s.At
		}
	}
	const step = 1e-3
	s.Scale = step / (student(s.At+step, stretches) - student(s.At, stretches))
	return s
}

// independent is the deviation of the average of independent values of
// deviation 1.
func independent(weight float64) float64 { return math.Sqrt(weight / (2 - weight)) }

// learn takes the averages of buckets that follow each other. An average says something new after
// as many buckets as it remembers, times the factor by which it varies more than the average of
// independent buckets would.
func (s *Smooth) learn(values []average, weight float64) {
	known := independent(weight)
	squares, n := 0.0, float64(len(values))
	for _, a := range values {
		squares += float64(a.value * a.value)
	}
	// This is as if one more stretch had been seen, in which buckets were independent: a prediction
	// that was too good in few buckets is not believed.
	deviation := math.Sqrt((squares + float64(span(weight)*float64(known*known))) / (n + span(weight)))
	inflation := max(1, deviation/known)
	*s = newSmooth(deviation, max(1, n/(span(weight)*float64(inflation*inflation))))
	sum, k := 0.0, 0.0
	for i := range values {
		if q := values[i].deviations(*s, weight); q > s.At {
			sum, k = sum+q-s.At, k+1
		}
	}
	// Neighbors are alike, so that as many of them as an average remembers count for one.
	sum, k = sum/span(weight), k/span(weight)
	s.Scale = max(s.Scale, (sum+float64(prior*s.Scale))/(k+prior))
}

// calibrate learns from the residuals of the folds how wrong expectations are in buckets that they
// were not learned from.
func (l *Links) calibrate(folds [][]raw) {
	for at := range l.Expected {
		e := &l.Expected[at]
		squares, n := 0.0, 0.0
		for _, raws := range folds {
			for _, w := range raws {
				if r, ok := w.residuals[e.Source]; ok {
					squares, n = squares+float64(r*r), n+1
				}
			}
		}
		// A little is added, so that nothing is divided by 0 where the others predict a source
		// exactly.
		if n > 0 {
			e.Error = math.Sqrt(squares/n) + 1e-3
		}
		var quick, steady []average
		for _, raws := range folds {
			var a, b average
			for _, w := range raws {
				if r, ok := w.residuals[e.Source]; ok {
					// Averages go on over buckets in which the source is missing, as they do
					// while watching.
					a.add(r/e.Error, fast, fastBound)
					b.add(r/e.Error, slow, slowBound)
				}
				quick, steady = append(quick, a), append(steady, b)
			}
		}
		e.Fast.learn(quick, fast)
		e.Slow.learn(steady, slow)
	}
	for _, raws := range folds {
		var t tracks
		for i := range raws {
			t.follow(l, &raws[i])
		}
	}
}

// tracks follow the moving averages of all expectations.
type tracks struct {
	fast, slow []average
}

// follow takes in by how much the expectations of a bucket are wrong, and says how far that has
// moved.
func (t *tracks) follow(l *Links, w *raw) {
	if len(t.fast) != len(l.Expected) {
		t.fast, t.slow = make([]average, len(l.Expected)), make([]average, len(l.Expected))
	}
	w.moved = make([]moved, len(l.Expected))
	for k := range l.Expected {
		e := &l.Expected[k]
		if r, ok := w.residuals[e.Source]; ok {
			t.fast[k].add(r/e.Error, fast, fastBound)
			t.slow[k].add(r/e.Error, slow, slowBound)
		}
		// The direction is that of the fast average, which is the first to turn around.
		m := moved{up: t.fast[k].value > 0, fast: e.Fast.nats(t.fast[k].deviations(e.Fast, fast))}
		// A slow average that the fast one does not confirm shows something that is over.
		if (t.slow[k].value > 0) == m.up && m.fast >= nat {
			m.slow = e.Slow.nats(t.slow[k].deviations(e.Slow, slow))
		}
		w.moved[k] = m
	}
}

// moved is how far a source has moved from what the others let us expect, as -ln of how often
// normal buckets show as much.
type moved struct {
	fast, slow float64
	up         bool
}

func (s Smooth) valid() bool { return s.Deviation > 0 && s.Stretches >= 1 && s.At > 0 && s.Scale > 0 }
