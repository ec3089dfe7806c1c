package behavior

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// Merge makes one behavior of several, of different days or hosts: what is
// usual in any of them is usual in it. The behaviors stay as they are.
//
// Tails and calibrations merge exactly, as if all buckets had been learned from together, except
// that scores were calibrated within each behavior: if hosts differ more from each other than the
// days of one host do, there are fewer alerts than stated. Links are averaged over the processes
// that all behaviors know, and positions are those of the first behavior. The behaviors must have
// buckets of one width, and all or none of them distinguish kinds.
//
// Calibrations are not made anew, since that would need the buckets, which are gone.
func Merge(behaviors ...*Behavior) (*Behavior, error) {
	if err := mergeable(behaviors); err != nil {
		return nil, fmt.Errorf("merging behaviors: %w", err)
	}
	first := behaviors[0]
	links, err := mergeLinks(alikeLinks(behaviors))
	if err != nil {
		return nil, fmt.Errorf("merging behaviors: %w", err)
	}
	out := &Behavior{Every: first.Every, ByKind: first.ByKind, Units: first.Units, Measure: first.Measure, Sources: map[string]*Source{}, Presence: map[string]int{}, Kinds: map[string]float64{}, Held: map[string]*Held{}}
	for _, b := range behaviors {
		absorb(out, b, false)
	}
	// A process that some host has as a process of its own is no thread of the kernel, and no
	// observer.
	own := func(p string) bool { return out.Presence[p] > 0 }
	out.Ignored, out.Observers = slices.DeleteFunc(out.Ignored, own), slices.DeleteFunc(out.Observers, own)
	// Calibrations of what only behaviors with links have are of no use, and would not be read
	// back.
	out.Links = links
	if links != nil {
		links.sources = out.Sources
	} else {
		_, linked := out.Levels.lists()
		for _, list := range linked {
			*list = nil
		}
	}
	return out, nil
}

// mergeable reports what keeps behaviors from being merged.
func mergeable(behaviors []*Behavior) error {
	if len(behaviors) == 0 {
		return errors.New("none given")
	}
	first := behaviors[0]
	for i, b := range behaviors {
		switch {
		case b == nil:
			return fmt.Errorf("number %d is nil", i+1)
		case b.Every != first.Every:
			return fmt.Errorf("buckets of %v and of %v", first.Every, b.Every)
		case b.ByKind != first.ByKind:
			return errors.New("some tell kinds of events apart, some do not")
		case (b.Measure == nil) != (first.Measure == nil):
			return errors.New("some were learned from captures, some from matrices")
		case b.Measure != nil:
			if err := first.Measure.Match(b.Measure); err != nil {
				return err
			}
		}
	}
	return nil
}

// alikeLinks are the links of behaviors between what all of them take for values of the same kind.
// A level may wander in one behavior and not in another, and what depends on its steps says nothing
// about its level.
func alikeLinks(behaviors []*Behavior) []*Behavior {
	mixed := map[string]bool{}
	kinds := map[string]Value{}
	for _, b := range behaviors {
		for name, s := range b.Sources {
			if kinds[name] == "" {
				kinds[name] = s.Value
			}
			if kinds[name] != s.Value {
				mixed[name] = true
			}
		}
	}
	if len(mixed) == 0 {
		return behaviors
	}
	out := make([]*Behavior, len(behaviors))
	for i, b := range behaviors {
		out[i] = &Behavior{Links: b.Links.without(mixed)}
	}
	return out
}

// without leaves out what is known of these sources, nil if nothing is left.
func (l *Links) without(sources map[string]bool) *Links {
	if l == nil {
		return nil
	}
	out := *l
	var keep []int
	for i, name := range l.Names {
		if !sources[name] {
			keep = append(keep, i)
		}
	}
	if len(keep) < 2 {
		return nil
	}
	out.Names, out.Zones, out.Labels, out.Positions = take(l.Names, keep), take(l.Zones, keep), take(l.Labels, keep), take(l.Positions, keep)
	out.Center, out.Scale, out.Activity = take(l.Center, keep), take(l.Scale, keep), take(l.Activity, keep)
	out.Covariance, out.Spread = take(l.Covariance, keep), take(l.Spread, keep)
	for i := range keep {
		out.Covariance[i], out.Spread[i] = take(out.Covariance[i], keep), take(out.Spread[i], keep)
	}
	out.Edges = []Edge{}
	for _, e := range l.Edges {
		if e.From, e.To = slices.Index(keep, e.From), slices.Index(keep, e.To); e.From >= 0 && e.To >= 0 {
			out.Edges = append(out.Edges, e)
		}
	}
	out.Expected, out.Accepted = nil, slices.Clone(l.Accepted)
	for _, e := range l.Expected {
		if !sources[e.Source] {
			e.Weights = take(e.Weights, keep)
			out.Expected = append(out.Expected, e)
		}
	}
	for i := range out.Accepted {
		out.Accepted[i].Activity = take(out.Accepted[i].Activity, keep)
	}
	return &out
}

// take returns the elements at these places, or nil for none.
func take[T any](all []T, at []int) []T {
	if all == nil {
		return nil
	}
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = all[k]
	}
	return out
}

// absorb adds what another behavior knows. Where the first one fades, its tails give way to those
// of the other, see [newerTail]. A source that the two take for values of different kinds is
// known from one alone: the newer one where the first one fades, else the one that presumes less.
func absorb(b, o *Behavior, fading bool) {
	mixed := map[Value][]string{}
	for name := range o.Sources {
		if b.Sources[name] == nil {
			b.Sources[name] = silent(b.blocks())
		}
	}
	blocks := o.blocks()
	for name, s := range b.Sources {
		t := o.Sources[name]
		if t == nil {
			t = silent(blocks)
		}
		switch {
		// Nothing is known of one of the two except that it was silent.
		case s.Value == "" || t.Value == "" || s.Value == t.Value:
		case fading || slices.Index(kindsOfValues, t.Value) < slices.Index(kindsOfValues, s.Value):
			s = t.unknown(b.Buckets, len(s.Blocks))
			mixed[t.Value] = append(mixed[t.Value], name)
		default:
			t = s.unknown(o.Buckets, blocks)
			mixed[s.Value] = append(mixed[s.Value], name)
		}
		b.Sources[name] = s.join(t, b.Buckets, o.Buckets, fading)
	}
	for kind, unit := range o.Kinds {
		if u := b.Kinds[kind]; u == 0 || unit < u {
			b.Kinds[kind] = unit
		}
	}
	for process, n := range o.Presence {
		b.Presence[process] += n
	}
	b.Buckets += o.Buckets
	b.Until = max(b.Until, o.Until)
	b.IncludeKernel = b.IncludeKernel || o.IncludeKernel
	b.IncludeObserver = b.IncludeObserver || o.IncludeObserver
	b.Levels.join(&o.Levels)
	for class, h := range o.Held {
		all := h.plus(Held{})
		if known := b.Held[class]; known != nil {
			all = all.plus(*known)
		}
		b.Held[class] = &all
	}
	if b.Missing == Refuse {
		b.Missing = o.Missing
	}
	b.Accepted = union(b.Accepted, o.Accepted)
	b.Tags = union(b.Tags, o.Tags)
	b.Ignored = union(b.Ignored, o.Ignored)
	b.Excluded = union(b.Excluded, o.Excluded)
	b.Observers = union(b.Observers, o.Observers)
	slices.Sort(b.Observers)
	slices.Sort(b.Ignored)
	b.Notes = union(b.Notes, o.Notes)
	for _, kind := range slices.Sorted(maps.Keys(mixed)) {
		slices.Sort(mixed[kind])
		b.Notes = union(b.Notes, []string{fmt.Sprintf("taken for a %s by a part of what is merged, and known from that alone: %s", kind, listing(mixed[kind], 5))})
	}
}

// union appends to a those elements of b that a does not have, in their order.
func union[T comparable](a, b []T) []T {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// silent is a source that did nothing in any block. Whoever joins it with a source that did
// something must say what its values are and what their scale is.
func silent(blocks int) *Source { return &Source{Blocks: make([]float64, blocks)} }

// unknown is a source of that kind of which that many buckets say nothing.
func (s *Source) unknown(buckets, blocks int) *Source {
	return &Source{Value: s.Value, Scaling: s.Scaling, Season: s.Season, Missing: buckets, Blocks: make([]float64, blocks)}
}

// join is the source over the buckets of both, m and n of them. The sums of gauges on different
// scales are brought to the wider scale, or to one between them where the first fades.
func (s *Source) join(t *Source, m, n int, fading bool) *Source {
	if s.Value == "" || s.Active == 0 && t.Value != "" {
		s = t.silent(s, m)
	}
	if t.Value == "" {
		t = s.silent(t, n)
	}
	out := &Source{
		Value: s.Value, Scaling: s.Scaling, Season: s.Season,
		Missing: s.Missing + t.Missing, Active: s.Active + t.Active, Total: s.Total + t.Total,
		Upper: mergeTails(s.Upper, t.Upper, m-s.Missing, n-t.Missing, 1), Lower: mergeTails(s.Lower, t.Lower, m-s.Missing, n-t.Missing, -1),
		Blocks: slices.Concat(s.Blocks, t.Blocks),
		Held:   s.Held.plus(t.Held),
	}
	if t.Scale > s.Scale {
		out.Scaling = t.Scaling
	}
	if fading {
		out.Scaling = s.Scaling.between(t.Scaling, m-s.Missing, n-t.Missing)
		out.Upper, out.Lower = newerTail(s, t, m, n, 1), newerTail(s, t, m, n, -1)
		out.Held = s.heldBy(out, m).plus(t.heldBy(out, n))
		if t.Season != nil {
			out.Season = t.Season
		}
	}
	for _, tail := range []*Tail{&out.Upper, &out.Lower} {
		tail.Ties = s.tied(tail.At) + t.tied(tail.At)
	}
	a, b := s.rescaled(out, m-s.Missing), t.rescaled(out, n-t.Missing)
	out.Sum, out.Squares = a[0]+b[0], a[1]+b[1]
	return out
}

// silent returns what is known of a source that was not there: nothing if it is a gauge, silence if
// it is a count.
func (s *Source) silent(o *Source, buckets int) *Source {
	out := *o
	if s.Value.level() {
		out.Missing = buckets
	} else {
		out.Upper.Ties, out.Lower.Ties = buckets, buckets
	}
	out.Value, out.Scaling, out.Season = s.Value, s.Scaling, s.Season
	return &out
}

// rescaled gives the sums of n values and of their squares on the scale of o. The values are
// gone; their mean and the values a deviation above and below it are brought over instead, which
// is exact between linear scales.
func (s *Source) rescaled(o *Source, n int) [2]float64 {
	if n <= 0 || s.Scaling == o.Scaling {
		return [2]float64{s.Sum, s.Squares}
	}
	count := float64(n)
	mean := s.Sum / count
	dev := math.Sqrt(max(0, s.Squares/count-float64(mean*mean)))
	x, y, z := o.shaped(s.unshaped(mean-dev), 1), o.shaped(s.unshaped(mean), 1), o.shaped(s.unshaped(mean+dev), 1)
	width := (z - x) / 2
	return [2]float64{count * y, count * (float64(y*y) + float64(width*width))}
}

// mergeTails merges the tails of a and b values, either of which may be none.
func mergeTails(s, t Tail, a, b int, sign float64) Tail {
	switch {
	case a == 0:
		return t
	case b == 0:
		return s
	}
	return s.merge(t, sign)
}

// mergeLinks averages covariances, weighted by what each is worth.
func mergeLinks(behaviors []*Behavior) (*Links, error) {
	first := behaviors[0].Links
	if first == nil {
		return nil, nil
	}
	names := slices.Clone(first.Names)
	for _, b := range behaviors[1:] {
		if b.Links == nil {
			return nil, nil
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(b.Links.Names, n) })
	}
	if len(names) < 2 {
		return nil, nil
	}
	p := len(names)
	out := &Links{Names: names, Center: make([]float64, p), Scale: make([]float64, p), Activity: make([]float64, p), Edges: []Edge{}}
	cov, spread := mat.NewSymDense(p, nil), mat.NewSymDense(p, nil)
	// Each is worth the number of independent buckets that it was learned from.
	total := 0.0
	for _, b := range behaviors {
		total += b.Links.Effective
	}
	for _, b := range behaviors {
		l := b.Links
		w := l.Effective / total
		out.Ridge += float64(w * l.Ridge)
		for i, name := range names {
			r := slices.Index(l.Names, name)
			out.Center[i] += float64(w * l.Center[r])
			out.Scale[i] += float64(w * l.Scale[r])
			out.Activity[i] += float64(w * l.Activity[r])
			for j := i; j < p; j++ {
				c := slices.Index(l.Names, names[j])
				cov.SetSym(i, j, cov.At(i, j)+float64(w*l.Covariance[r][c]))
				spread.SetSym(i, j, spread.At(i, j)+float64(w*l.Spread[r][c]))
			}
		}
	}
	out.Effective, out.Covariance, out.Spread = total, rowsOf(cov), rowsOf(spread)
	for _, name := range names {
		r := slices.Index(first.Names, name)
		out.Labels = append(out.Labels, first.Labels[r])
		out.Positions = append(out.Positions, first.Positions[r])
		if first.Zones != nil {
			out.Zones = append(out.Zones, first.Zones[r])
		}
	}
	precision, err := covariance.Precision(cov)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	out.mergeExpected(behaviors)
	for _, b := range behaviors {
		for _, p := range b.Links.Accepted {
			// A pattern is of the processes that are still linked.
			kept := Pattern{Activity: make([]float64, len(names)), Residuals: p.Residuals, Spread: p.Spread, Distance: p.Distance}
			for i, name := range names {
				kept.Activity[i] = p.Activity[slices.Index(b.Links.Names, name)]
			}
			out.Accepted = append(out.Accepted, kept)
		}
	}
	out.keepEdges(covariance.PartialCorrelations(precision), behaviors)
	return out, nil
}

// keepEdges keeps the edges that any of the behaviors has, with the merged weight; lagged edges
// keep the strongest weight that they had. A lead must be a lead in all behaviors that have the
// edge.
func (l *Links) keepEdges(weights mat.Symmetric, behaviors []*Behavior) {
	at := map[[2]int]int{}
	for _, b := range behaviors {
		for _, e := range b.Links.Edges {
			e.From, e.To = slices.Index(l.Names, b.Links.Names[e.From]), slices.Index(l.Names, b.Links.Names[e.To])
			if e.From < 0 || e.To < 0 {
				continue
			}
			pair := [2]int{min(e.From, e.To), max(e.From, e.To)}
			k, ok := at[pair]
			if !ok {
				at[pair] = len(l.Edges)
				l.Edges = append(l.Edges, e)
				continue
			}
			known := &l.Edges[k]
			// A direction, once lost, does not come back: the direction in one of many hosts says
			// nothing about all of them.
			known.Leads = known.Leads && e.Leads && known.From == e.From
			known.Lagged = known.Lagged && e.Lagged && known.Leads
			if math.Abs(e.Weight) > math.Abs(known.Weight) {
				known.Weight = e.Weight
			}
		}
	}
	for k := range l.Edges {
		if e := &l.Edges[k]; !e.Lagged {
			e.Weight = weights.At(e.From, e.To)
		}
	}
	l.sortEdges()
}

// mergeExpected averages what predicts the sources that all behaviors predict. What is normal for
// any of them is normal for all, so that the widest errors hold.
func (l *Links) mergeExpected(behaviors []*Behavior) {
	for _, first := range behaviors[0].Links.Expected {
		e := Expectation{Source: first.Source, Weights: make([]float64, len(l.Names)), Scale: 0}
		known := 0
		for _, b := range behaviors {
			at := slices.IndexFunc(b.Links.Expected, func(o Expectation) bool { return o.Source == first.Source })
			if at < 0 {
				break
			}
			known++
			o, w := b.Links.Expected[at], b.Links.Effective/l.Effective
			e.Center += float64(w * o.Center)
			e.Scale += float64(w * o.Scale)
			for i, name := range l.Names {
				e.Weights[i] += float64(w * o.Weights[slices.Index(b.Links.Names, name)])
			}
			e.Error, e.Fast, e.Slow = max(e.Error, o.Error), e.Fast.wider(o.Fast), e.Slow.wider(o.Slow)
		}
		if known == len(behaviors) {
			l.Expected = append(l.Expected, e)
		}
	}
}

// wider is what averages show of several behaviors that stand side by side: the larger of each
// number, so that what is usual for one of them raises no alert.
func (s Smooth) wider(o Smooth) Smooth {
	return Smooth{max(s.Deviation, o.Deviation), max(s.Stretches, o.Stretches), max(s.At, o.At), max(s.Scale, o.Scale)}
}

// giveWay averages links with newer ones, between the processes of those. A process that was not
// linked before was independent, as far as is known.
func (l *Links) giveWay(newer *Links) (*Links, error) {
	p, total := len(newer.Names), l.Effective+newer.Effective
	mean := func(old, fresh float64) float64 { return between(old, fresh, l.Effective, newer.Effective) }
	// The deviation of both around their common mean.
	deviation := func(s, t, c, d float64) float64 {
		apart := c - d
		return math.Sqrt(mean(float64(s*s), float64(t*t)) + float64(l.Effective/total*(newer.Effective/total)*float64(apart*apart)))
	}
	out := &Links{Names: newer.Names, Zones: newer.Zones, Labels: newer.Labels, Positions: newer.Positions, Effective: total, Ridge: mean(l.Ridge, newer.Ridge), Edges: []Edge{}}
	at := make([]int, p)
	for i, name := range newer.Names {
		c, s, a := newer.Center[i], newer.Scale[i], newer.Activity[i]
		if at[i] = slices.Index(l.Names, name); at[i] >= 0 {
			r := at[i]
			c, s, a = mean(l.Center[r], c), deviation(l.Scale[r], s, l.Center[r], c), mean(l.Activity[r], a)
		}
		out.Center, out.Scale, out.Activity = append(out.Center, c), append(out.Scale, s), append(out.Activity, a)
	}
	average := func(old, fresh [][]float64) *mat.SymDense {
		m := mat.NewSymDense(p, nil)
		for i := range p {
			for j := i; j < p; j++ {
				known := 0.0
				if at[i] >= 0 && at[j] >= 0 {
					known = old[at[i]][at[j]]
				} else if i == j {
					known = 1
				}
				m.SetSym(i, j, mean(known, fresh[i][j]))
			}
		}
		return m
	}
	cov := average(l.Covariance, newer.Covariance)
	out.Covariance, out.Spread = rowsOf(cov), rowsOf(average(l.Spread, newer.Spread))
	precision, err := covariance.Precision(cov)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	out.Expected = slices.Clone(newer.Expected)
	for k := range out.Expected {
		e := &out.Expected[k]
		was := slices.IndexFunc(l.Expected, func(o Expectation) bool { return o.Source == e.Source })
		if was < 0 {
			continue
		}
		o, fresh := l.Expected[was], *e
		e.Center, e.Scale = mean(o.Center, fresh.Center), mean(o.Scale, fresh.Scale)
		e.Error = deviation(o.Error*o.Scale, fresh.Error*fresh.Scale, o.Center, fresh.Center) / e.Scale
		e.Weights = make([]float64, p)
		for i := range p {
			known := 0.0
			if at[i] >= 0 {
				known = o.Weights[at[i]]
			}
			e.Weights[i] = mean(known, fresh.Weights[i])
		}
		e.Fast, e.Slow = o.Fast.between(fresh.Fast, mean), o.Slow.between(fresh.Slow, mean)
	}
	for _, b := range []*Links{l, newer} {
		for _, p := range b.Accepted {
			kept := p
			kept.Activity = make([]float64, len(out.Names))
			for i, name := range out.Names {
				if r := slices.Index(b.Names, name); r >= 0 {
					kept.Activity[i] = p.Activity[r]
				}
			}
			out.Accepted = append(out.Accepted, kept)
		}
	}
	out.keepEdges(covariance.PartialCorrelations(precision), []*Behavior{{Links: l}, {Links: newer}})
	return out, nil
}
