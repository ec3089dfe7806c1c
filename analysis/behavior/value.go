package behavior

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// A Value says what the numbers of a source are.
type Value string

// The kinds of values.
const (
	Count Value = "count" // events of a bucket: not negative, silent at 0
	Gauge Value = "gauge" // a level, such as memory in use: 0 is a value like others
	Walk  Value = "walk"  // a level that wanders and does not come back: its steps are judged
	Total Value = "total" // events since some start: grows, and begins anew at times
)

// level reports whether values are levels: 0 is then a value like any other, and does not say that
// nobody is there.
func (v Value) level() bool { return v == Gauge || v == Walk }

// kindsOfValues are all kinds. If a source was taken for two of them, the one that comes first here
// presumes less.
var kindsOfValues = []Value{Walk, Gauge, Count, Total}

func (v Value) valid() bool { return slices.Contains(kindsOfValues, v) }

// steps reports whether a value is judged by what changed since the one before.
func (v Value) steps() bool { return v == Walk || v == Total }

// A Shape is the scale on which the values of a source are judged.
type Shape string

// The shapes.
const (
	Logarithm Shape = "log"    // of counts: log(1+v)
	Linear    Shape = "linear" // of gauges: (v-center)/scale
	Arcsine   Shape = "asinh"  // of gauges with heavy tails: asinh((v-center)/scale)
)

// A Scaling brings values to the scale on which they are judged.
type Scaling struct {
	Shape  Shape   `json:"shape"`
	Center float64 `json:"center"` // 0 on a logarithmic scale
	Scale  float64 `json:"scale"`  // 1 on a logarithmic scale
}

// everySource is the key of [Options.Values] for the sources not named.
const everySource = "*"

// guess returns what the values of a source are, by what they look like. Missing ones are NaN.
// Values that grow but for a few new starts are totals. Whole numbers that come near 0, seen from
// their median, are counts; all others are gauges.
func guess(values []float64) Value {
	if growing(values) {
		return Total
	}
	least, sorted := math.Inf(1), make([]float64, 0, len(values))
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		// One negative or broken value is enough: counts have none.
		if v < 0 || v != math.Trunc(v) {
			return Gauge
		}
		least = min(least, v)
		sorted = append(sorted, v)
	}
	slices.Sort(sorted)
	// Counts that never fall below half of their median are not judged by a logarithm from 0: for
	// memory in use, half a gigabyte more or less is what matters, not whether it is twice as much.
	if len(sorted) > 0 && least > sorted[len(sorted)/2]/2 {
		return Gauge
	}
	return Count
}

// growing reports whether values grow in at least half of their steps and never fall, except when
// they start anew far below, in at most one step of twenty. A total falls when whoever counts
// starts anew, and then to less than half.
func growing(values []float64) bool {
	steps, up, anew := 0, 0, 0
	last := math.NaN()
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			continue
		case v < 0:
			return false
		case math.IsNaN(last):
		case v > last:
			up++
		case v < last/2:
			anew++
		case v < last:
			return false
		}
		if !math.IsNaN(last) {
			steps++
		}
		last = v
	}
	return steps >= FewestBuckets-1 && 2*up >= steps && 20*anew <= steps
}

// A rate turns a total into counts of buckets, and a level into its steps.
type rate struct {
	last    float64
	known   bool
	skipped float64 // missing values since the last one
}

// change returns the step of a level since the value before, NaN if that is not known. Over
// missing values a walk goes as far as the root of their number.
func (r *rate) change(v float64) float64 {
	if math.IsNaN(v) {
		r.skipped++
		return v
	}
	last, known, n := r.last, r.known, r.skipped
	*r = rate{last: v, known: true}
	if !known {
		return math.NaN()
	}
	return (v - last) / math.Sqrt(1+n)
}

// step returns what was counted since the value before, NaN if that is not known. A total that
// fell began anew, so that all of it is new. Over missing values it returns what was counted in
// all of them.
func (r *rate) step(v float64) float64 {
	if math.IsNaN(v) {
		return v
	}
	last, known := r.last, r.known
	r.last, r.known = v, true
	switch {
	case !known:
		return math.NaN()
	case v < last:
		return v
	}
	return v - last
}

// fitShape chooses the scale of a source by its values, which are given in ascending order. The
// center of a gauge is its median and the scale its spread, so that it is judged the same wherever
// its zero is and whatever its unit. Of the linear and the arcsine scale it takes the one on which
// values are closer to normal, by their likelihood (G. Box and D. Cox, 1964).
func (s *Source) fitShape(sorted []float64) {
	if !s.Value.level() {
		s.Scaling = Scaling{Logarithm, 0, 1}
		return
	}
	s.Scaling = Scaling{Linear, 0, 1}
	if len(sorted) == 0 {
		return
	}
	s.Center, s.Scale = sorted[len(sorted)/2], spread(sorted)
	n := float64(len(sorted))
	linear, arcsine, jacobian := newMoments(), newMoments(), 0.0
	for _, v := range sorted {
		z := (v - s.Center) / s.Scale
		linear.add(z)
		arcsine.add(math.Asinh(z))
		jacobian -= float64(0.5 * math.Log1p(float64(z*z)))
	}
	// The log likelihoods of a normal distribution on either scale, the one of the arcsine with the
	// logarithm of its derivative, -½·ln(1+z²). The arcsine must be better by two, or else the
	// simpler scale stays.
	if jacobian-float64(n/2*math.Log(arcsine.variance()+1e-9)) > 2-float64(n/2*math.Log(linear.variance()+1e-9)) {
		s.Shape = Arcsine
	}
}

// telling lists the values that show the scale, in ascending order. For a walk these are the steps
// that it made, if it made any.
func (s *Source) telling(values []float64) []float64 {
	sorted := sortedKnown(values)
	if s.Value == Walk {
		if made := slices.DeleteFunc(slices.Clone(sorted), func(v float64) bool { return v == 0 }); len(made) > 0 {
			return made
		}
	}
	return sorted
}

// spread is a deviation that outliers do not govern, of values in ascending order. It is the
// deviation of the inner four fifths, or of all if those do not differ. It is never less than the
// smallest step between values, since a difference of that size is no sign of anything.
func spread(sorted []float64) float64 {
	n := len(sorted)
	// The outer deciles of a normal distribution are 2.563 deviations apart.
	inner := (sorted[min(n-1, n-1-n/10)] - sorted[n/10]) / 2.563
	m, least := newMoments(), math.Inf(1)
	for i, v := range sorted {
		m.add(v - sorted[0])
		if i > 0 && v > sorted[i-1] {
			least = min(least, v-sorted[i-1])
		}
	}
	if inner == 0 {
		inner = math.Sqrt(m.variance())
	}
	if !math.IsInf(least, 0) {
		inner = max(inner, least)
	}
	if inner > 0 {
		return inner
	}
	return max(1e-9, 1e-3*math.Abs(sorted[0])) // a constant
}

// moments sums values for their mean and variance (B. Welford, 1962).
type moments struct{ n, mean, squares float64 }

func newMoments() *moments { return &moments{} }

func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / m.n
	m.squares += float64(d * (v - m.mean))
}

func (m *moments) variance() float64 {
	if m.n == 0 {
		return 0
	}
	return m.squares / m.n
}

// shaped brings a value to the scale; counts are linear below
// unit, so that tails of bursty counts become about exponential.
func (s Scaling) shaped(v, unit float64) float64 {
	switch s.Shape {
	case Linear:
		return (v - s.Center) / s.Scale
	case Arcsine:
		return math.Asinh((v - s.Center) / s.Scale)
	}
	return magnitude(v, unit)
}

// unshaped is the inverse of shaped for unit 1.
func (s Scaling) unshaped(m float64) float64 {
	switch s.Shape {
	case Linear:
		return s.Center + float64(s.Scale*m)
	case Arcsine:
		return s.Center + float64(s.Scale*math.Sinh(m))
	}
	return math.Copysign(math.Expm1(math.Abs(m)), m)
}

// magnitude brings counts of any size to one scale: ln(1+|v|/unit), with the sign of v.
func magnitude(v, unit float64) float64 {
	return math.Copysign(math.Log1p(math.Abs(v)/unit), v)
}

// Missing says what becomes of values that are not there (NaN).
type Missing string

// These say what becomes of missing values.
const (
	Refuse Missing = ""      // an error, the default
	Skip   Missing = "skip"  // the source is not judged in that bucket
	Carry  Missing = "carry" // the value before stands, none before is skipped
	Zero   Missing = "zero"  // 0
)

// ParseMissing returns the treatment of that name.
func ParseMissing(name string) (Missing, error) {
	m := Missing(name)
	if name == "error" {
		m = Refuse
	}
	if !slices.Contains([]Missing{Refuse, Skip, Carry, Zero}, m) {
		return m, fmt.Errorf("unknown treatment of missing values %q: want error, skip, carry or zero", name)
	}
	return m, nil
}

// fill treats a missing value, last being the value before.
func (m Missing) fill(v, last float64) float64 {
	switch {
	case !math.IsNaN(v):
		return v
	case m == Carry:
		return last
	case m == Zero:
		return 0
	}
	return v
}

// preparer turns the values of a source, bucket after bucket, into what is judged. After a pause
// nothing is known of the value before.
type preparer struct {
	src     *Source
	missing Missing
	every   float64 // seconds between values that follow each other
	rate    rate
	last    float64
	at      float64 // time of the last value
	known   bool
}

func newPreparer(src *Source, missing Missing, every time.Duration) preparer {
	return preparer{src: src, missing: missing, every: every.Seconds()}
}

// count fills a missing value, and turns a total into a count and a walk into its step.
func (p *preparer) count(v, t float64) float64 {
	// After a pause, or when the clock was set, the value before is of another time.
	if !p.known || math.Abs(t-p.at-p.every) > p.every/2 {
		p.last, p.rate, p.known = math.NaN(), rate{}, true
	}
	p.at = t
	v = p.missing.fill(v, p.last)
	p.last = v
	switch p.src.Value {
	case Total:
		return p.rate.step(v)
	case Walk:
		return p.rate.change(v)
	}
	return v
}

// without takes the season off a value. A count of nothing at all stays nothing.
func (s *Source) without(v, t float64) float64 {
	if s.Season == nil || v == 0 && !s.Value.level() {
		return v
	}
	out := s.Season.unshaped(s.Season.shaped(v, 1) - s.Season.at(t))
	if !s.Value.level() {
		out = max(0, out)
	}
	return out
}

// with puts the season back on.
func (s *Source) with(v, t float64) float64 {
	if s.Season == nil || v == 0 && !s.Value.level() {
		return v
	}
	return s.Season.unshaped(s.Season.shaped(v, 1) + s.Season.at(t))
}
