package behavior

import (
	"math"
	"slices"
	"sort"
)

// A Tail is one end of a distribution: a threshold that few values lie
// beyond, and those values.
type Tail struct {
	At     float64   `json:"at"`
	Beyond []float64 `json:"beyond"`         // ascending in distance from At
	Ties   int       `json:"ties,omitempty"` // values of a source that are equal to At
}

// tailShare is the part of all values that a tail may hold. A tenth is enough to fit a slope to
// after a few hundred buckets, and little enough that the bulk of the values, which has another
// shape, does not influence the slope.
const tailShare = 0.1

// longestTail bounds the values kept in a tail, so that a behavior learned from months is saved
// in as many bytes as one of hours. The mean excess of 200 values is known to 7 %.
const longestTail = 200

// tailSize is the number of values beyond the threshold for n values: there is at least one, since
// a tail without any value would say nothing about how far the next one may lie.
func tailSize(n int) int {
	return max(1, min(int(tailShare*float64(n)), longestTail))
}

// upperTail and lowerTail take sorted values, ascending. Values tied with the
// threshold do not count as beyond it.
func upperTail(sorted []float64) Tail {
	n := len(sorted)
	if n == 0 {
		return Tail{}
	}
	// The threshold is itself a value, the first one that does not belong to the tail. Where many
	// values equal it, as zeros of a source that is mostly silent do, the tail is shorter than
	// tailSize.
	at := sorted[max(0, n-1-tailSize(n))]
	first := sort.Search(n, func(i int) bool { return sorted[i] > at })
	return Tail{At: at, Beyond: slices.Clone(sorted[first:])}
}

func lowerTail(sorted []float64) Tail {
	n := len(sorted)
	if n == 0 {
		return Tail{}
	}
	at := sorted[min(n-1, tailSize(n))]
	end := sort.Search(n, func(i int) bool { return sorted[i] >= at })
	beyond := slices.Clone(sorted[:end])
	slices.Reverse(beyond)
	return Tail{At: at, Beyond: beyond}
}

// merge is the tail of the values of both: beyond the farther threshold both
// know every value. sign is 1 for upper tails, -1 for lower ones.
//
// Nearer than that, one of the two has forgotten values that the other has kept, and a mixture
// would count those of the other too often.
func (t Tail) merge(u Tail, sign float64) Tail {
	at := sign * max(sign*t.At, sign*u.At)
	out := Tail{At: at}
	for _, v := range slices.Concat(t.Beyond, u.Beyond) {
		if sign*v > sign*at {
			out.Beyond = append(out.Beyond, v)
		}
	}
	slices.SortFunc(out.Beyond, func(a, b float64) int {
		if sign*a < sign*b {
			return -1
		} else if sign*a > sign*b {
			return 1
		}
		return 0
	})
	return out
}

// slope describes how a tail thins out: beyond at, values are exponential with mean excess scale,
// so P(X > x) = share·exp(-(x-at)/scale). It is the peaks-over-threshold model (Pickands, 1975)
// with shape 0. For a source that is silent most of the time, what lies beyond the threshold is all
// that it ever does: that lies around usual, and is exponential from there.
//
// A shape of 0 is a decision, not a fit: the shape of the generalized Pareto distribution is known
// from k excesses to about 1/√k, which of a few tens is worth little, and a negative one would put
// an end to the distribution beyond which everything would be impossible. The logarithm of counts
// and the scales of gauges are chosen such that tails are about exponential on them; what is left
// is corrected by [Held].
type slope struct {
	at, scale float64
	usual     float64 // excess that values beyond at have on average, if at is silence
	surprise  float64 // -ln(share)
	noise     float64 // that counts of events have at the threshold
}

// prior is the weight, in values, of what is known before a tail's own values. When a tail has ten
// values, what it shows itself and what is typical of all sources have equal weight.
const prior = 10

// fit estimates the slope of excesses among n values. With few values it leans on
// the scale typical of all sources.
func fit(at float64, excesses []float64, n int, typical float64, silence bool) slope {
	k := float64(len(excesses))
	// One is added above and below, as if one more value had been seen beyond the threshold: a
	// source that never went there has a finite surprise, that grows with how long it was
	// watched.
	s := slope{at: at, surprise: -math.Log((k + 1) / float64(n+1))}
	m := newMoments()
	for _, x := range excesses {
		m.add(x)
	}
	if !silence || k == 0 {
		s.scale = (float64(k*m.mean) + float64(prior*typical)) / (k + prior)
		return s
	}
	// What is beyond silence is not the tail of something but all of it, so that its mean is not
	// the scale at which it thins out: that is its deviation around the mean. The factor 1+1/k is
	// that of a prediction, since the mean around which the next value varies is itself known from
	// only k values.
	s.usual = m.mean
	s.scale = math.Sqrt((m.squares + float64(prior*float64(typical*typical))) / (k + prior) * (1 + 1/k))
	return s
}

// beyond returns -ln P of a value that far beyond the threshold, 0 when it is
// not beyond.
func (s slope) beyond(excess float64) float64 {
	switch {
	case !(excess > 0):
		return 0
	// Half of the values beyond are taken to lie beyond the usual one, which adds ln 2 there. Up
	// to it the score grows evenly, so that it has no step at the threshold.
	case excess < s.usual:
		return s.surprise + float64(math.Ln2*excess/s.usual)
	case s.usual > 0:
		return s.surprise + math.Ln2 + (excess-s.usual)/s.scale
	}
	return s.surprise + excess/s.scale
}

// told is the part of what an excess says that counts. An excess that is less than the noise says
// little, however rarely a source that hardly varies is beyond its threshold.
//
// A source that counts exactly 100 events in nine of ten buckets has its threshold there and
// hardly any slope: 103 would be very rare by that, though counts of independent events vary by
// ten.
func (s slope) told(excess float64) float64 {
	if s.noise == 0 {
		return 1
	}
	return min(1, excess/s.noise)
}

// A Calibration turns scores into p-values: the part of held-out normal
// buckets that score as high.
type Calibration struct {
	Buckets   int       `json:"buckets"`
	Effective float64   `json:"effective"` // number of independent buckets that these are worth
	Quantiles []float64 `json:"quantiles"` // of the scores, at levels evenly spaced from 0 to 1
	Tail      Tail      `json:"tail"`
	// Usual is the excess that scores of the tail have on average, if its threshold is the least
	// score, else 0.
	Usual float64 `json:"usual"`
	// Scale is the mean excess of the tail beyond Usual, with what is known before; 0 if unknown.
	Scale   float64 `json:"scale"`
	Moments float64 `json:"moments"` // number of independent moments that the scale is known from
}

const quantiles = 101

// nat is how far -ln p lies beyond a threshold on average, by construction.
const nat = 1.0

// calibrate takes scores in the order of time. typical is how far they are known beforehand to lie
// beyond a threshold on average, 0 if that is not known. span is how many buckets a score
// remembers: that many say only as much as one.
func calibrate(scores []float64, typical, span float64) Calibration {
	// A score that remembers k buckets is the same for about k on end, and scores may be alike
	// for longer still because the load is. The larger of the two numbers holds.
	span = min(float64(len(scores)), max(span, alike(scores)))
	sorted := slices.Sorted(slices.Values(scores))
	c := Calibration{Buckets: len(sorted), Quantiles: make([]float64, quantiles), Tail: upperTail(sorted)}
	c.Effective = max(1, float64(len(sorted))/span)
	c.Moments = float64(clusters(scores, c.Tail.At, max(memory, int(span))))
	k, sum := float64(len(c.Tail.Beyond)), 0.0
	for _, v := range c.Tail.Beyond {
		sum += v - c.Tail.At
	}
	// What is known beforehand does not count for more than what was seen: beside three independent
	// buckets, ten imagined ones would hide all that the three say.
	known := min(prior, c.Effective)
	switch {
	case c.Tail.At == sorted[0] && k > 0:
		// Nearly all scores are equal to the least one. The others lie around what they usually
		// are, like the values of a source that is mostly silent.
		c.Usual = sum / k
		squares := 0.0
		for _, v := range c.Tail.Beyond {
			d := v - c.Tail.At - c.Usual
			squares += float64(d * d)
		}
		c.Scale = math.Sqrt((squares/span + float64(known*typical*typical)) / (k/span + known))
		c.Moments += known
	// Sum and number are both divided by the span: neighbors that are beyond the threshold
	// together are one observation of how far scores go, where the prior stands for independent
	// ones.
	case typical > 0:
		c.Scale = (sum/span + float64(known*typical)) / (k/span + known)
		c.Moments += known
	case k > 0:
		c.Scale = sum / k
	}
	for i := range c.Quantiles {
		// A hundred and one quantiles stand for the bulk, where no alert depends on the second
		// digit of a p-value.
		c.Quantiles[i] = sorted[i*(len(sorted)-1)/(quantiles-1)]
	}
	return c
}

// alike is the number of scores that say only as much as one, since those that follow each other
// are alike: (1+r)/(1-r), r being their correlation, as in a process whose correlation fades
// exponentially.
//
// That is the ratio of the variances of a mean of so many scores, and of as many independent
// ones. Negative correlations count as none, since they would make more of the buckets than there
// are.
func alike(scores []float64) float64 {
	m := newMoments()
	for _, v := range scores {
		m.add(v)
	}
	lag := 0.0
	for i := 1; i < len(scores); i++ {
		lag += float64((scores[i] - m.mean) * (scores[i-1] - m.mean))
	}
	if m.squares == 0 {
		return 1
	}
	r := max(0, min(1-1/float64(len(scores)), lag/m.squares))
	return (1 + r) / (1 - r)
}

// memory is the number of buckets within which odd ones are one odd moment.
const memory = 4

// clusters counts the stretches of values above a threshold. Those close
// together are one odd moment, not several: the runs method (R. Smith and I.
// Weissman, 1994).
func clusters(values []float64, at float64, memory int) int {
	n, last := 0, -memory-1
	for i, v := range values {
		if v > at {
			if i-last > memory {
				n++
			}
			last = i
		}
	}
	return n
}

// p returns the part of normal buckets with that score or a higher one, never
// 0. Beyond the tail's threshold scores are exponential at a rate known from
// as many independent moments as there are clusters and the prior; over what that rate may be, the
// chance of the next one is Pareto's (the predictive distribution under a gamma prior). Few moments
// thus say little about what is rare.
func (c Calibration) p(score float64) float64 {
	n := c.Effective
	if score > c.Tail.At {
		// This is the part of normal buckets beyond the threshold, with one imagined bucket added
		// there, so that it is never 0.
		most := (n*float64(len(c.Tail.Beyond))/float64(c.Buckets) + 1) / (n + 1)
		x := score - c.Tail.At - c.Usual
		switch {
		case c.Scale == 0:
			return most
		case x < 0:
			// As in slope.beyond: half of the scores beyond are taken to lie beyond the usual
			// one.
			return most * math.Exp2(-(score-c.Tail.At)/c.Usual)
		case c.Usual > 0:
			most /= 2
		}
		// For many moments this approaches the exponential exp(-x/scale).
		return most * math.Pow(1+x/(c.Scale*c.Moments), -c.Moments)
	}
	// If several quantiles equal the score, the first one counts, so that all of them are among
	// those as high.
	below := sort.SearchFloat64s(c.Quantiles, score)
	return (1 + n*float64(quantiles-below)/quantiles) / (n + 1)
}

// leastP is the smallest p-value reported: a tail says nothing about what is rarer. It also keeps
// the logarithms of p-values, which are added up, finite.
const leastP = 1e-12

// pooled is the p-value over several calibrations, each with the weight of its
// buckets.
//
// For a bucket of which it is not known by which of the merged behaviors it should be judged, this
// is the chance of such a score: what is usual for one of ten hosts is usual enough not to raise an
// alert.
func pooled(cs []Calibration, score float64) float64 {
	p, n := 0.0, 0.0
	for _, c := range cs {
		p += float64(float64(c.Buckets) * c.p(score))
		n += float64(c.Buckets)
	}
	return max(leastP, min(1, p/n))
}
