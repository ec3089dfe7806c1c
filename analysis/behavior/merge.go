package behavior

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// Merge makes one behavior of several, of different days or hosts: what is
// usual in any of them is usual in it. The behaviors stay as they are.
//
// Tails and calibrations merge exactly, as if all buckets had been learned
// from together, except that scores were calibrated within each behavior:
// hosts that differ more than their own days do raise fewer alerts than
// stated. Links are averaged over the processes that all behaviors know, and
// positions are the first one's. The behaviors must have buckets of one width
// and both or neither tell kinds apart.
func Merge(behaviors ...*Behavior) (*Behavior, error) {
	if len(behaviors) == 0 {
		return nil, errors.New("merging behaviors: none given")
	}
	first := behaviors[0]
	for i, b := range behaviors {
		switch {
		case b == nil:
			return nil, fmt.Errorf("merging behaviors: number %d is nil", i+1)
		case b.Width != first.Width:
			return nil, fmt.Errorf("merging behaviors: buckets of %v and of %v", first.Width, b.Width)
		case b.ByKind != first.ByKind:
			return nil, errors.New("merging behaviors: some tell kinds of events apart, some do not")
		}
	}
	out := &Behavior{Width: first.Width, ByKind: first.ByKind, Units: first.Units, Sources: map[string]*Source{}, Presence: map[string]int{}, Kinds: map[string]float64{}}
	for _, b := range behaviors {
		out.absorb(b)
	}
	// A process that some host has as its own is no thread of the kernel.
	out.Ignored = slices.DeleteFunc(out.Ignored, func(p string) bool { return out.Presence[p] > 0 })
	links, err := mergeLinks(behaviors)
	if err != nil {
		return nil, fmt.Errorf("merging behaviors: %w", err)
	}
	out.Links = links
	if links == nil {
		out.Distance, out.SteadyDistance = nil, nil
	}
	return out, nil
}

func (b *Behavior) absorb(o *Behavior) {
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
		b.Sources[name] = &Source{
			Active: s.Active + t.Active, Total: s.Total + t.Total,
			Upper: mergeTails(s.Upper, t.Upper, b.Buckets, o.Buckets, 1), Lower: mergeTails(s.Lower, t.Lower, b.Buckets, o.Buckets, -1),
			Blocks: slices.Concat(s.Blocks, t.Blocks),
			LogSum: s.LogSum + t.LogSum, LogSquares: s.LogSquares + t.LogSquares,
		}
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
	b.IncludeKernel = b.IncludeKernel || o.IncludeKernel
	b.IncludeObserver = b.IncludeObserver || o.IncludeObserver
	b.Bucket = slices.Concat(b.Bucket, o.Bucket)
	b.SteadyBucket = slices.Concat(b.SteadyBucket, o.SteadyBucket)
	b.SteadyDistance = slices.Concat(b.SteadyDistance, o.SteadyDistance)
	b.Distance = slices.Concat(b.Distance, o.Distance)
	b.Joint = slices.Concat(b.Joint, o.Joint)
	b.Tags = union(b.Tags, o.Tags)
	b.Ignored = union(b.Ignored, o.Ignored)
	slices.Sort(b.Ignored)
	b.Notes = union(b.Notes, o.Notes)
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// silent is a source that did nothing.
func silent(blocks int) *Source { return &Source{Blocks: make([]float64, blocks)} }

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
	cov := mat.NewSymDense(p, nil)
	total := 0.0
	for _, b := range behaviors {
		total += b.Links.Effective
	}
	for _, b := range behaviors {
		l := b.Links
		w := l.Effective / total
		for i, name := range names {
			r := slices.Index(l.Names, name)
			out.Center[i] += w * l.Center[r]
			out.Scale[i] += w * l.Scale[r]
			out.Activity[i] += w * l.Activity[r]
			for j := i; j < p; j++ {
				cov.SetSym(i, j, cov.At(i, j)+w*l.Covariance[r][slices.Index(l.Names, names[j])])
			}
		}
	}
	out.Effective, out.Covariance = total, rowsOf(cov)
	for _, name := range names {
		r := slices.Index(first.Names, name)
		out.Labels = append(out.Labels, first.Labels[r])
		out.Positions = append(out.Positions, first.Positions[r])
	}
	precision, err := covariance.Precision(cov)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	out.keepEdges(covariance.PartialCorrelations(precision), behaviors)
	return out, nil
}

// keepEdges keeps the edges that any of the behaviors has, with the merged
// weight; lagged ones with the strongest they had. A lead must be one in all
// that have the edge.
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
