package behavior

import (
	"context"
	"math"
	"slices"
)

// Held says how often and how far a source stood out of its tails in buckets held out while
// learning. By chance alone that would be as often as its tails say, and a nat far on average.
// Restless sources stand out more, and are then judged by that.
//
// Why this is needed: tails are fitted to the buckets that they then describe, and are
// exponential by assumption. Both make a bucket that was not learned from look rarer than it is,
// and more so for a source that changes its ways from day to day.
type Held struct {
	Buckets float64 `json:"buckets"`
	Up      Excess  `json:"up"`   // above the upper threshold
	Down    Excess  `json:"down"` // below the lower one
}

// Excess sums how far, in nats, values lay beyond a threshold. A nat is the unit of -ln P: by a
// tail that fits, excesses are exponential with a mean of one. Sums rather than means are kept,
// since sums of two behaviors add up to those of both.
type Excess struct {
	N       float64 `json:"n"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
}

func (e Excess) plus(o Excess) Excess {
	return Excess{e.N + o.N, e.Sum + o.Sum, e.Squares + o.Squares}
}

// less takes off a part of what was added.
//
// Sums are kept from falling below 0, where only rounding could take them.
func (h Held) less(o Held, part float64) Held {
	take := func(a, b Excess) Excess {
		return Excess{a.N - float64(part*b.N), max(0, a.Sum-float64(part*b.Sum)), max(0, a.Squares-float64(part*b.Squares))}
	}
	return Held{h.Buckets - float64(part*o.Buckets), take(h.Up, o.Up), take(h.Down, o.Down)}
}

func (h Held) plus(o Held) Held {
	return Held{h.Buckets + o.Buckets, h.Up.plus(o.Up), h.Down.plus(o.Down)}
}

// add takes in a sign of a bucket held out.
func (h *Held) add(s rawSign) {
	// The surprise of being beyond the threshold at all is left out, since N counts how often that
	// happens.
	x := s.score - s.surprise
	e := Excess{1, x, float64(x * x)}
	if s.down {
		h.Down = h.Down.plus(e)
	} else {
		h.Up = h.Up.plus(e)
	}
}

// calibrated corrects -ln P of a sign by how often and how far the source stood
// out in buckets held out. What its tails say, exponential excesses of a nat,
// weighs as much as prior values.
func (h Held) calibrated(s rawSign) float64 {
	e := h.Up
	if s.down {
		e = h.Down
	}
	// An exponential distribution of mean m has the mean square 2m².
	return beyond(s, h.Buckets, e.N, e.steadied(nat, 2*nat*nat))
}

// novelty corrects -ln P of a sign of something new: it takes how often there was anything new of
// its class in buckets held out, and how far the sign lies beyond what was new of its kind of
// event. The latter is known from few values, and so goes by Student's distribution.
func novelty(s rawSign, class, kind Held) float64 {
	// Nothing new of this kind of event was ever seen in buckets held out: all that can be said
	// is how often anything new of the class was.
	k := kind.Up.N
	if k < 1 {
		return beyond(s, class.Buckets, class.Up.N, Excess{}.steadied(nat, 2*nat*nat))
	}
	mean := kind.Up.Sum / k
	// One imagined excess, a nat off the mean, steadies the variance of the few there are; 1+1/k
	// makes it that of a prediction, as Student's distribution wants it.
	spread := math.Sqrt((max(0, kind.Up.Squares-float64(k*mean*mean)) + nat*nat) / (k + 1) * (1 + 1/k))
	x := s.score - s.surprise
	out := -math.Log(share(s, class.Buckets, class.Up.N)) + float64(math.Ln2*min(1, x/max(nat, mean)))
	if x > mean {
		out += student((x-mean)/max(nat, spread), k)
	}
	return max(0, out)
}

// steadied is the mean and the deviation of excesses, with prior values of that mean and mean
// square. Neither is less than a nat: a source that stood out less in buckets held out than its
// tails say may do so by chance, and is judged by its tails.
func (e Excess) steadied(mean, square float64) [2]float64 {
	k := e.N
	m := (e.Sum + float64(prior*mean)) / (k + prior)
	v := (e.Squares+float64(prior*square))/(k+prior) - float64(m*m)
	return [2]float64{max(nat, m), max(nat, math.Sqrt(max(0, v)))}
}

// beyond is -ln P of a sign, k of n buckets having shown signs with that mean and deviation of
// the excess: how rare such signs are, ln 2 for being beyond the mean of them, and an exponential
// from there.
func beyond(s rawSign, n, k float64, excess [2]float64) float64 {
	x, mean, dev := s.score-s.surprise, excess[0], excess[1]
	return max(0, -math.Log(share(s, n, k))+float64(math.Ln2*min(1, x/mean))+max(0, x-mean)/dev)
}

// share is the part of buckets that show such a sign, if k of n buckets did. What its tail says
// weighs as much as prior buckets.
func share(s rawSign, n, k float64) float64 {
	return (k + float64(prior*math.Exp(-s.surprise))) / (n + prior)
}

// The classes of what was never seen before, in [Behavior.Held]: by themselves,
// and with the kind of event after a blank.
const (
	newProcess = "process" // of a process never seen
	newSource  = "source"  // of a known process
)

// Levels are the calibrations, on buckets held out, of all that a bucket is
// judged by. Merged behaviors have several of each.
type Levels struct {
	Process  []Calibration `json:"process"`  // the process that stands out most
	Distance []Calibration `json:"distance"` // all together: Mahalanobis distance
	Whole    []Calibration `json:"whole"`    // process, distance and outside combined
	// Apart is about the source farthest from what the others lead to expect.
	Apart []Calibration `json:"apart"`
	// Outside is about all together: the distance from what processes do in common.
	Outside  []Calibration `json:"outside"`
	Together []Calibration `json:"together"` // all sources: how far they moved from that
	// Slow is about the source that moved farthest from that over a longer time.
	Slow     []Calibration `json:"slow"`
	Instant  []Calibration `json:"instant"`  // what a bucket shows by itself
	Evidence []Calibration `json:"evidence"` // what adds up over time
	Novel    []Calibration `json:"novel"`    // the new process that stands out most
	Newness  []Calibration `json:"newness"`  // what of that adds up over time
	// Joint is of the score itself, which is the least p-value of several: since these are tried
	// together and depend on each other, the score is calibrated once more as a whole.
	Joint []Calibration `json:"joint"` // the score
}

// lists gives all calibrations: first those that every behavior has, then those
// that only behaviors with links have.
func (l *Levels) lists() (always, linked []*[]Calibration) {
	return []*[]Calibration{&l.Process, &l.Instant, &l.Evidence, &l.Novel, &l.Newness, &l.Joint}, []*[]Calibration{&l.Distance, &l.Outside, &l.Whole, &l.Apart, &l.Together, &l.Slow}
}

// measures are what a bucket shows.
type measures struct {
	process, novel, distance, outside, apart, together, slow float64
}

// probabilities are the parts of normal buckets that show as much.
type probabilities struct {
	process, novel, distance, outside, whole, together, apart, slow float64
}

// probabilities compares a bucket with normal ones.
func (l *Levels) probabilities(m measures) probabilities {
	// A test that cannot be made shows nothing: its p-value is 1, and its logarithm adds nothing
	// to sums.
	p := probabilities{pooled(l.Process, m.process), pooled(l.Novel, m.novel), 1, 1, 1, 1, 1, 1}
	if len(l.Distance) > 0 {
		p.distance = pooled(l.Distance, order(m.distance))
		p.outside = pooled(l.Outside, order(m.outside))
		p.whole = pooled(l.Whole, p.combined())
		p.apart = pooled(l.Apart, m.apart)
		p.together = pooled(l.Together, m.together)
		p.slow = pooled(l.Slow, m.slow)
	}
	return p
}

// order is the order of magnitude of a distance: beyond a threshold that is exponential where
// distances thin out by a power law (B. Hill, 1975), as they do where a few sources have heavy
// tails.
func order(distance float64) float64 { return math.Log(max(distance, 1e-9)) }

// combined is -ln of the chance that the three tests of a bucket by itself show
// as much together, by the product of their p-values (R. Fisher, 1925), were they
// independent. Calibration makes up for their not being so.
func (p probabilities) combined() float64 {
	sum := -math.Log(p.process) - math.Log(p.distance) - math.Log(p.outside)
	// The sum of three exponentials of mean 1 is of Gamma's distribution with shape 3, whose
	// upper tail is exp(-s)·(1+s+s²/2).
	return sum - math.Log(1+sum+float64(sum*sum)/2)
}

// perTests is how far what tests show together lies beyond a threshold on
// average, since they depend on each other: 1.2 to 1.8 in simulations of normal
// values of 3 to 40 sources that have a fifth as many causes.
const perTests = 1.5

// instant is what a bucket shows by itself, as -ln p: either the process that stands out most, or
// that combined with both tests of all processes together. The first finds what is odd in a single
// process, the second what is a little odd in many.
func (p probabilities) instant() float64 { return -math.Log(min(p.process, p.whole)) }

// Evidence that adds up is a cumulative sum (E. Page, 1954) of -ln p, less what normal buckets show
// on average and something for the time it takes: unusual buckets that follow each other add up,
// however little each of them says. One odd bucket alone does not add up to anything.
const (
	allowance  = 2.0  // taken off -ln p of each bucket, whose mean is 1
	mostAtOnce = 5.0  // of -ln p of one bucket
	mostInAll  = 20.0 // of the sum: an alert ends soon after what raised it
)

// perSum is how far the sum lies beyond a threshold on average where buckets are independent: 1/θ,
// with exp(-θ·allowance)/(1-θ) = 1 for exponential -ln p. Where several buckets say only as much as
// one, it goes that many times as far.
const perSum = 1.255

// sums are the evidence added up: of all that a bucket shows, and of new processes alone. Where
// processes come and go, a new one that stays is unusual only because of how long it stays.
type sums struct{ all, newness float64 }

// add takes in a bucket with that p-value in all. What one bucket may add is bounded by
// mostAtOnce, so that a single gross bucket, for which the test of a bucket by itself is there,
// does not pass for what lasts.
func (s *sums) add(now float64, p probabilities) {
	s.all, s.newness = cumulate(s.all, now), cumulate(s.newness, p.novel)
}

// cumulate returns the sum with a bucket of that p-value.
func cumulate(sum, p float64) float64 {
	return min(mostInAll, max(0, sum+min(mostAtOnce, -math.Log(p))-allowance))
}

// rarestLasting is the least p-value with which what lasts goes into the score of a bucket, in
// parts of the normal buckets that are known: it is not said to be rarer than the rarest that was
// seen. Buckets that follow each other may be one odd moment, such as a load that ended, so that
// their tail does not reach far.
const rarestLasting = 1.0

// score is -ln of the lesser p-value, of what a bucket shows by itself and of
// what lasts. Calibration makes up for the two being tried.
//
// How much is known is counted in effective buckets of the slowest memory there is, since the
// p-value that is bounded may be that of the slow averages.
func (l *Levels) score(p probabilities, lasting float64) float64 {
	known := 0.0
	for i := range l.Evidence {
		if len(l.Slow) > 0 {
			known += l.Slow[i].Effective
		} else {
			known += l.Evidence[i].Effective
		}
	}
	return max(-math.Log(p.process), p.combined(), -math.Log(max(lasting, rarestLasting/known)))
}

// p is the p-value of a score. Few buckets say little of how far the score of normal ones goes, but
// it is no more than that of the three tests together, each of which is calibrated by itself
// (Bonferroni). Where nothing is linked, there is only one test.
//
// The second bound is the one that lets a gross fault be recognized after little learning: a
// calibration of the score knows only how often the least of all tests went as far, while each of
// the three knows its own tail.
func (l *Levels) p(score float64, p probabilities) float64 {
	tests := 1.0
	if len(l.Distance) > 0 {
		tests = 3
	}
	return min(pooled(l.Joint, score), tests*min(p.process, p.whole))
}

// unusual is the p-value of a bucket from which it may be part of what lasts.
const unusual = 0.1

// lasting is the p-value of what lasts, the least of those there are (Bonferroni): the evidence
// added up, in all and of new processes, if this bucket adds to it; how far a source has moved from
// what the others let us expect, lately and over a longer time; and how far all have. Where no
// source is predicted, the last three are not tried. What is no longer unusual is over.
func (l *Levels) lasting(now float64, s sums, p probabilities) float64 {
	out, tried := 1.0, 2.0
	if now <= unusual {
		out = min(out, pooled(l.Evidence, s.all))
	}
	if p.novel <= unusual {
		out = min(out, pooled(l.Newness, s.newness))
	}
	if l.moves() {
		if out, tried = min(out, p.apart, p.slow), tried+3; now <= unusual {
			out = min(out, p.together)
		}
	}
	return min(1, tried*out)
}

// moves reports whether any source is predicted.
func (l *Levels) moves() bool {
	for _, c := range l.Apart {
		if c.Quantiles[quantiles-1] > 0 {
			return true
		}
	}
	return false
}

// ownPart is the part of what a fold showed itself that does not count when the
// fold is judged. If all counted, what a fold alone shows would look usual by
// its own measure; if none did, each fold with something of its own would stand
// out as far as anything ever may, and hide faults.
const ownPart = 0.5

// mostTaught bounds how often the others teach. If there are more series than that, such as those
// of several hosts, some that lie beside each other are held out together, so that time grows with
// the series and not with their square.
const mostTaught = 20

// calibrate judges the buckets of each fold by what the others teach, and
// learns from that how often normal buckets show as much.
func (r *record) calibrate(ctx context.Context, b *Behavior, opts Options) error {
	folds := r.folds()
	raws := make([][]raw, len(folds))
	held := map[string]*Held{}                  // by source, or class of what is new
	own := make([]map[string]*Held, len(folds)) // the same of each fold
	groups := min(len(folds), mostTaught)
	for g := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		if opts.Progress != nil {
			opts.Progress("calibration", g)
		}
		from, to := g*len(folds)/groups, (g+1)*len(folds)/groups
		rest, err := r.teach(b, [2]int{folds[from][0], folds[to-1][1]})
		if err != nil {
			return err
		}
		for k := from; k < to; k++ {
			s, err := newScorer(rest)
			if err != nil {
				return err
			}
			s.prepared = true
			own[k] = map[string]*Held{}
			for i := folds[k][0]; i < folds[k][1]; i++ {
				e := s.raw(r.times[i], r.bucket(i))
				takeSigns(held, e.signs, b.ByKind)
				takeSigns(own[k], e.signs, b.ByKind)
				raws[k] = append(raws[k], e)
			}
		}
	}
	// The denominator is the same for all: the number of buckets held out. A source that never
	// stood out in them must have it too, or its silence would count for nothing; those are
	// filled in below.
	b.Held = map[string]*Held{}
	for class, h := range held {
		h.Buckets = float64(r.buckets())
		if src := b.Sources[class]; src != nil {
			src.Held = *h
		} else {
			b.Held[class] = h
		}
	}
	for name, src := range b.Sources {
		if held[name] == nil {
			src.Held.Buckets = float64(r.buckets())
		}
	}
	if b.Links != nil {
		// This comes before measures are taken, since it also follows the averages over the buckets
		// of each fold.
		b.Links.calibrate(raws)
	}
	var all []measures
	for k, fold := range folds {
		known := func(class string) Held {
			if b.Sources[class] == nil {
				return b.heldOf(class) // a rate over all folds: no name is its own
			}
			o := Held{Buckets: float64(fold[1] - fold[0])}
			if mine := own[k][class]; mine != nil {
				o.Up, o.Down = mine.Up, mine.Down
			}
			return b.heldOf(class).less(o, ownPart)
		}
		for i := range raws[k] {
			// The bucket is judged as a watch will judge it, by what all the other folds showed and
			// a part of what its own fold showed.
			m, _ := b.measure(&raws[k][i], known)
			all = append(all, m)
		}
	}
	b.Levels.calibrate(all, folds, b.Links != nil)
	return nil
}

// takeSigns adds the signs of a bucket: the strongest one of each source or class.
//
// A class counts once for each bucket: ten new processes in a bucket, such as those of a build that
// starts, are one moment at which something was new.
func takeSigns(h map[string]*Held, signs []rawSign, byKind bool) {
	strongest := map[string]rawSign{}
	take := func(class string, s rawSign) {
		if o, ok := strongest[class]; !ok || s.score > o.score {
			strongest[class] = s
		}
	}
	for _, s := range signs {
		take(s.class, s)
		if s.State == New {
			take(s.class+" "+kindOf(s.Source, byKind), s)
		}
	}
	for class, s := range strongest {
		if h[class] == nil {
			h[class] = &Held{}
		}
		h[class].add(s)
	}
}

// calibrate learns from what all buckets held out show, fold after fold. The order matters: each
// calibration below is of something computed by those above it.
func (l *Levels) calibrate(all []measures, folds [][2]int, linked bool) {
	each := func(value func(measures) float64, typical, span float64) []Calibration {
		scores := make([]float64, len(all))
		for i, m := range all {
			scores[i] = value(m)
		}
		return []Calibration{calibrate(scores, typical, span)}
	}
	l.Process = each(func(m measures) float64 { return m.process }, nat, 1)
	l.Novel = each(func(m measures) float64 { return m.novel }, nat, 1)
	if linked {
		l.Distance = each(func(m measures) float64 { return order(m.distance) }, 0, 1)
		l.Outside = each(func(m measures) float64 { return order(m.outside) }, 0, 1)
		l.Whole = each(func(m measures) float64 {
			return probabilities{process: pooled(l.Process, m.process), distance: pooled(l.Distance, order(m.distance)), outside: pooled(l.Outside, order(m.outside))}.combined()
		}, perTests, 1)
		l.Apart = each(func(m measures) float64 { return m.apart }, nat, span(fast))
		l.Together = each(func(m measures) float64 { return m.together }, 0, span(fast))
		l.Slow = each(func(m measures) float64 { return m.slow }, nat, span(slow))
	}
	l.Instant = each(func(m measures) float64 { return l.probabilities(m).instant() }, nat, 1)
	ps, added := make([]probabilities, len(all)), make([]sums, len(all))
	now := make([]float64, len(all))
	at := 0
	// Evidence begins anew with each fold, as it does after a pause: folds need not follow each
	// other in time.
	for _, fold := range folds {
		var sum sums
		for range fold[1] - fold[0] {
			ps[at] = l.probabilities(all[at])
			now[at] = pooled(l.Instant, ps[at].instant())
			sum.add(now[at], ps[at])
			added[at] = sum
			at++
		}
	}
	inAll, newness := make([]float64, len(all)), make([]float64, len(all))
	shown := make([]float64, len(all))
	for i, s := range added {
		inAll[i], newness[i] = s.all, s.newness
		shown[i] = -math.Log(now[i])
	}
	// Where several normal buckets say the same, sums of them go that many times farther.
	l.Evidence, l.Newness = []Calibration{calibrate(inAll, perSum*alike(shown), memory)}, []Calibration{calibrate(newness, perSum, memory)}
	scores := make([]float64, len(all))
	for i := range all {
		scores[i] = l.score(ps[i], l.lasting(now[i], added[i], ps[i]))
	}
	l.Joint = []Calibration{calibrate(scores, perTests, 1)}
}

// join keeps the calibrations of both side by side: how the scores of several behaviors are
// distributed together cannot be computed from their quantiles, but p-values can be averaged, as
// [pooled] does.
func (l *Levels) join(o *Levels) {
	always, linked := l.lists()
	a, b := o.lists()
	theirs := slices.Concat(a, b)
	for i, list := range slices.Concat(always, linked) {
		*list = slices.Concat(*list, *theirs[i])
	}
}
