package behavior

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"dtnotes/analysis"
)

// MergeFading is [Merge] for behaviors of different days: in all parts of the behavior, what was
// learned a half-life before the newest counts half, so that a normal that moved is normal, and
// the one before becomes unusual again. Processes are linked as in the newest.
//
// What buckets held out showed fades less: 3600 of them stay, without which no alert could be
// told from what normal running may show.
func MergeFading(halfLife time.Duration, behaviors ...*Behavior) (*Behavior, error) {
	if halfLife <= 0 {
		return nil, fmt.Errorf("merging behaviors: a half-life of %v: want a positive time", halfLife)
	}
	out, err := mergeFading(halfLife, ScoreOptions{}, behaviors)
	if err != nil {
		return nil, fmt.Errorf("merging behaviors: %w", err)
	}
	return out, nil
}

func mergeFading(halfLife time.Duration, opts ScoreOptions, behaviors []*Behavior) (*Behavior, error) {
	if err := mergeable(behaviors); err != nil {
		return nil, err
	}
	level, err := opts.level(behaviors[0].Every)
	if err != nil {
		return nil, err
	}
	behaviors = slices.Clone(behaviors)
	// The oldest comes first: each fades by its age relative to the next one, together with what it
	// was added to.
	slices.SortStableFunc(behaviors, func(a, b *Behavior) int { return cmp.Compare(a.Until, b.Until) })
	var out *Behavior
	for _, b := range behaviors {
		if b, err = b.clone(); err == nil && out != nil {
			err = out.giveWay(b, math.Exp2((out.Until-b.Until)/halfLife.Seconds()), enough/level)
		} else {
			out = b
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// enough is how many false alerts buckets held out must be able to show: calibrations do not fade
// below enough/level buckets where they have as many. At four alerts an hour of buckets of a
// second these are 3600.
const enough = 4.0

// LearnOn goes on learning from newer captures of normal running, while what is known already
// fades: see [MergeFading]. Sources are what they are known to be, and are judged without their
// seasons, which follow the captures at the same pace. Alerts at the rate of the options can be
// raised afterwards if they could before.
func (b *Behavior) LearnOn(ctx context.Context, series []*analysis.Series, halfLife time.Duration, opts ScoreOptions) (*Behavior, error) {
	if halfLife <= 0 {
		return nil, fmt.Errorf("learning on: a half-life of %v: want a positive time", halfLife)
	}
	kernel := slices.DeleteFunc(slices.Clone(b.Ignored), func(p string) bool { return slices.Contains(b.Observers, p) })
	// What the behavior left out stays left out: a new capture alone might be too short to tell.
	next, err := Learn(ctx, series, Options{
		ByKind: b.ByKind, Tags: b.Tags, Exclude: kernel, IncludeKernel: b.IncludeKernel, IncludeObserver: b.IncludeObserver, Missing: b.Missing,
		known: b, halfLife: halfLife,
	})
	if err != nil {
		return nil, err
	}
	next.Measure, next.Excluded = b.Measure, slices.Clone(b.Excluded)
	out, err := mergeFading(halfLife, opts, []*Behavior{b, next})
	if err != nil {
		return nil, fmt.Errorf("learning on: %w", err)
	}
	return out, nil
}

// giveWay fades a behavior to a weight between 0 and 1, its calibrations to no less than the
// fewest buckets, and adds a newer one.
func (b *Behavior) giveWay(newer *Behavior, weight, fewest float64) error {
	b.fade(weight, fewest)
	// This is taken before sources are joined, while it is still known which of the two behaviors
	// took which source for which kind of values.
	alike := alikeLinks([]*Behavior{b, newer})[0].Links
	kinds := map[string]float64{}
	for kind, unit := range newer.Kinds {
		kinds[kind] = unit
		if old := b.Kinds[kind]; old > 0 {
			kinds[kind] = between(old, unit, float64(b.Buckets), float64(newer.Buckets))
		}
	}
	for name := range b.Sources {
		if kind := kindOf(name, b.ByKind); kinds[kind] == 0 {
			kinds[kind] = b.Kinds[kind]
		}
	}
	absorb(b, newer, true)
	b.Kinds = kinds
	always, linked := b.Levels.lists()
	// No links are left, and so there is nothing to which their calibrations could be applied.
	if newer.Links == nil && alike == nil {
		for _, list := range linked {
			*list = nil
		}
	}
	for _, list := range slices.Concat(always, linked) {
		// There must be one calibration, and not a list that grows by one with every lesson.
		for len(*list) > 1 {
			*list = append([]Calibration{blend((*list)[0], (*list)[1])}, (*list)[2:]...)
		}
	}
	switch {
	case newer.Links == nil:
		b.Links = alike
	case alike == nil:
		b.Links = newer.Links
	default:
		links, err := alike.giveWay(newer.Links)
		if err != nil {
			return err
		}
		b.Links = links
	}
	if b.Links != nil {
		b.Links.sources = b.Sources
		b.Links.Expected = slices.DeleteFunc(b.Links.Expected, func(e Expectation) bool { return b.Sources[e.Source] == nil })
	}
	b.compiled = nil
	return nil
}

// between is the mean of two values of these weights.
func between(a, b, m, n float64) float64 { return float64(a*(m/(m+n))) + float64(b*(n/(m+n))) }

// between is a scale between two, of which m and n values are known.
//
// Shapes cannot be averaged, so that the shape of the one with more values holds.
func (s Scaling) between(t Scaling, m, n int) Scaling {
	if s == t {
		return s
	}
	if m <= 0 || n > m {
		s.Shape = t.Shape
	}
	if m+n > 0 {
		s.Center, s.Scale = between(s.Center, t.Center, float64(m), float64(n)), between(s.Scale, t.Scale, float64(m), float64(n))
	}
	return s
}

// A fading keeps a part of what was counted. Whole numbers are rounded by a common start, between 0
// and 1: over many of them nothing is kept for ever nor lost too early, and of two the greater one
// stays so.
type fading struct{ weight, start float64 }

func (f fading) part(n int) int { return int(math.Floor(float64(f.weight*float64(n)) + f.start)) }

// thin keeps a part of a list, spread evenly.
func thin[T any](f fading, list []T) []T {
	var out []T
	for i, v := range list {
		// The running number of those kept rises by one at each value that stays: by the weight
		// evenly, from a start that differs from fading to fading, so that it is not always the
		// farthest value of a tail that goes.
		if f.part(i+1) > f.part(i) {
			out = append(out, v)
		}
	}
	return out
}

// fade turns the behavior into what a part of its buckets would have taught. Its calibrations keep
// the fewest buckets at least, or all that they have. What would have been seen in no bucket goes.
func (b *Behavior) fade(weight, fewest float64) {
	if weight >= 1 {
		return
	}
	// The seed depends on the behavior alone, so that the same stream always fades in the same way.
	rng := rand.New(rand.NewPCG(math.Float64bits(b.Until), math.Float64bits(weight)))
	f := fading{weight, rng.Float64()}
	all, blocks := b.Buckets, f.part(b.blocks())
	b.Buckets = f.part(all)
	for name, s := range b.Sources {
		known := all - s.Missing
		if s.Active, s.Missing = f.part(s.Active), min(f.part(s.Missing), b.Buckets-1); s.Active == 0 {
			delete(b.Sources, name)
			continue
		}
		left := float64(b.Buckets-s.Missing) / float64(known)
		s.Total, s.Sum, s.Squares = left*s.Total, left*s.Sum, left*s.Squares
		for _, t := range []*Tail{&s.Upper, &s.Lower} {
			t.Beyond, t.Ties = thin(f, t.Beyond), f.part(t.Ties)
		}
		// The blocks are in the order of time, and the newest stay.
		s.Blocks = s.Blocks[len(s.Blocks)-blocks:]
		// To take off the part -weight from nothing leaves the part weight of what was held.
		s.Held = Held{}.less(s.Held, -weight)
	}
	for process, n := range b.Presence {
		if b.Presence[process] = f.part(n); b.Presence[process] == 0 {
			delete(b.Presence, process)
		}
	}
	for _, h := range b.Held {
		*h = Held{}.less(*h, -weight)
	}
	always, linked := b.Levels.lists()
	for _, list := range slices.Concat(always, linked) {
		held := 0
		for _, c := range *list {
			held += c.Buckets
		}
		// The number over the whole list counts, as [pooled] judges by all of it.
		kept := fading{min(1, max(weight, fewest/float64(held))), f.start}
		for i := range *list {
			c := &(*list)[i]
			c.Buckets = max(1, kept.part(c.Buckets))
			c.Effective = min(max(1, kept.weight*c.Effective), float64(c.Buckets))
			c.Moments = max(1, kept.weight*c.Moments)
			c.Tail.Beyond = thin(kept, c.Tail.Beyond)
		}
	}
	if l := b.Links; l != nil {
		l.Effective *= weight
		l.Edges = thin(f, l.Edges)
		for i := range l.Accepted {
			l.Accepted[i].Buckets = f.part(max(1, l.Accepted[i].Buckets))
		}
		l.Accepted = slices.DeleteFunc(l.Accepted, func(p Pattern) bool { return p.Buckets == 0 })
	}
}

// A ranking gives n values, those of a tail first, the farthest before all.
type ranking struct {
	tail Tail
	n    int
	rest func(i int) float64 // the value i places after the tail
}

func (r ranking) at(i int) float64 {
	if k := len(r.tail.Beyond); i >= k {
		return r.rest(i - k)
	} else {
		return r.tail.Beyond[k-1-i]
	}
}

// newer is the tail of the values of both where a merged tail would say too little: next to nothing
// of what counts may lie beyond the farther threshold. Values that are not known are then taken
// from where they are likely to be.
func newer(a, b ranking, sign float64) Tail {
	// A merged tail is exact, but begins at the farther threshold of the two. Where the old
	// normal was far out and has faded, nearly nothing of the new one lies there; half of a
	// tail's size is where that is taken to begin.
	size := tailSize(a.n + b.n)
	if exact := mergeTails(a.tail, b.tail, a.n, b.n, sign); (2*len(exact.Beyond) >= size || a.tail.At == b.tail.At) && len(exact.Beyond) <= longestTail {
		return exact
	}
	var far []float64
	// These are the farthest values of both rankings, one more than a tail holds: that last one is
	// the threshold.
	for i, j := 0, 0; len(far) <= size && i+j < a.n+b.n; {
		if j >= b.n || i < a.n && sign*a.at(i) >= sign*b.at(j) {
			far = append(far, a.at(i))
			i++
		} else {
			far = append(far, b.at(j))
			j++
		}
	}
	if len(far) == 0 {
		return Tail{}
	}
	slices.Reverse(far)
	out := Tail{At: far[0]}
	for _, v := range far {
		if v != out.At {
			out.Beyond = append(out.Beyond, v)
		}
	}
	return out
}

// newerTail is the tail of both sources together, which were seen over m and n buckets.
func newerTail(s, t *Source, m, n int, sign float64) Tail {
	return newer(s.ranked(m, sign), t.ranked(n, sign), sign)
}

// tied is the number of values that are known to equal v.
func (s *Source) tied(v float64) int {
	most := 0
	for _, t := range []Tail{s.Upper, s.Lower} {
		n := 0
		if t.At == v {
			n = t.Ties
		}
		for _, b := range t.Beyond {
			if b == v {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// heldBy is what the source showed in buckets held out, were it judged by the thresholds of out.
// Where these lie nearer than its own, the values between the two stand out from now on, of which
// the source itself took no account. A source that does the same in one bucket of ten, as what runs
// by a clock does, would otherwise raise an alert each time.
func (s *Source) heldBy(out *Source, buckets int) Held {
	h := s.Held
	more := func(own, by Tail, sign float64) Excess {
		r := s.ranked(buckets, sign)
		if r.n == 0 || sign*by.At >= sign*own.At {
			return Excess{}
		}
		last := sort.Search(r.n, func(i int) bool { return sign*r.at(i) <= sign*by.At })
		// Beyond a threshold values lie a nat farther on average, with the mean square of an
		// exponential distribution.
		k := float64(last-len(own.Beyond)) / float64(r.n) * h.Buckets
		return Excess{k, k * nat, k * 2 * nat * nat}
	}
	h.Up, h.Down = h.Up.plus(more(s.Upper, out.Upper, 1)), h.Down.plus(more(s.Lower, out.Lower, -1))
	return h
}

// ranked ranks the values of a source. Those between its thresholds are taken to be normal on its
// scale, apart from those that are known to equal one of them.
func (s *Source) ranked(buckets int, sign float64) ranking {
	near, far := s.Upper, s.Lower
	if sign < 0 {
		near, far = far, near
	}
	n := buckets - s.Missing
	if n <= 0 {
		return ranking{}
	}
	n = max(n, len(near.Beyond)+len(far.Beyond))
	mean, dev := s.moments(buckets)
	return ranking{near, n, func(i int) float64 {
		i += len(near.Beyond)
		switch {
		case i >= n-len(far.Beyond):
			return far.Beyond[i-n+len(far.Beyond)]
		case near.At == far.At, i < len(near.Beyond)+near.Ties:
			return near.At
		case i >= n-len(far.Beyond)-far.Ties:
			return far.At
		}
		out := math.Sqrt2 * math.Erfinv(1-(float64(2*i)+1)/float64(n)) // in deviations
		v := s.unshaped(mean + float64(float64(sign*out)*dev))
		if !s.Value.level() {
			v = sign * math.Ceil(sign*v) // whole numbers: the farther one, lest many lie beyond
		}
		return max(min(near.At, far.At), min(max(near.At, far.At), v))
	}}
}

// ranked ranks scores. Below the tail they are taken from the quantiles.
func (c Calibration) ranked() ranking {
	n := max(c.Buckets, len(c.Tail.Beyond))
	return ranking{c.Tail, n, func(i int) float64 {
		below := n - 1 - len(c.Tail.Beyond) - i
		return min(c.Tail.At, c.Quantiles[below*(quantiles-1)/max(1, n-1)])
	}}
}

// blend is a calibration by the scores of both. Together they rest on more buckets than each does
// alone.
func blend(a, b Calibration) Calibration {
	out := Calibration{Buckets: a.Buckets + b.Buckets, Effective: a.Effective + b.Effective, Tail: newer(a.ranked(), b.ranked(), 1)}
	type point struct{ score, weight float64 }
	var points []point
	for _, c := range []Calibration{a, b} {
		for _, q := range c.Quantiles {
			points = append(points, point{q, float64(c.Buckets) / float64(out.Buckets) / quantiles})
		}
		if c.Scale > 0 {
			out.Moments += c.Moments
			out.Scale += float64(c.Moments * c.Scale)
		}
	}
	if out.Moments > 0 {
		out.Scale /= out.Moments
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.score, b.score) })
	at, sum := 0, points[0].weight
	for i := range quantiles {
		for at < len(points)-1 && sum < float64(i)/(quantiles-1) {
			at++
			sum += points[at].weight
		}
		out.Quantiles = append(out.Quantiles, points[at].score)
	}
	if k := len(out.Tail.Beyond); k > 0 && out.Tail.At <= out.Quantiles[0] {
		for _, v := range out.Tail.Beyond {
			out.Usual += (v - out.Tail.At) / float64(k)
		}
	}
	return out
}

// between is what moving averages show if a part of them is older. Unlike [Smooth.wider], which is
// for behaviors that stand side by side, it lets what was seen long ago be forgotten.
func (s Smooth) between(t Smooth, mean func(old, fresh float64) float64) Smooth {
	return Smooth{mean(s.Deviation, t.Deviation), mean(s.Stretches, t.Stretches), mean(s.At, t.At), mean(s.Scale, t.Scale)}
}
