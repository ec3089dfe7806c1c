package behavior

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Pattern is an accepted way of running: how processes stand to each other in
// it. Distances and expectations are measured from the nearest one, and by how
// far its own buckets lie from it where that is more than usual.
type Pattern struct {
	Activity  []float64          `json:"activity"`  // standardized, of each process of the links
	Residuals map[string]float64 `json:"residuals"` // of the sources foretold: how far off they are in it
	Spread    map[string]float64 `json:"spread"`    // of those
	Distance  float64            `json:"distance"`  // of its buckets from it
}

// Accept returns a behavior that has learned buckets as normal, such as those of
// an alert: what their sources do is usual from then on, and so is how they stand
// to each other. What else is odd stays so: thresholds are those of before. The
// buckets follow each other, as they came from a stream.
func (b *Behavior) Accept(buckets []Bucket) (*Behavior, error) {
	if len(buckets) == 0 {
		return nil, errors.New("accepting buckets: none given")
	}
	out, err := b.clone()
	if err != nil {
		return nil, fmt.Errorf("accepting buckets: %w", err)
	}
	s, err := newScorer(b)
	if err != nil {
		return nil, fmt.Errorf("accepting buckets: %w", err)
	}
	r := &record{every: b.Every, units: b.Units, byKind: b.ByKind, starts: []int{0, len(buckets)}}
	at := map[string]int{}
	held := map[string]*Held{}
	var raws []raw
	for i, bucket := range buckets {
		w := s.raw(bucket.Time, bucket.Counts)
		takeSigns(held, w.signs, b.ByKind)
		raws = append(raws, w)
		for name, v := range w.values {
			k, ok := at[name]
			if !ok {
				if s.ignore[processOf(name, b.ByKind)] {
					continue
				}
				k = len(r.names)
				at[name] = k
				proto := &Source{Value: Count, Scaling: Scaling{Shape: Logarithm, Scale: 1}}
				fill := 0.0
				if known := b.Sources[name]; known != nil {
					if proto = known; known.Value == Gauge {
						fill = math.NaN()
					}
				}
				r.names, r.protos = append(r.names, name), append(r.protos, proto)
				r.columns = append(r.columns, slices.Repeat([]float64{fill}, len(buckets)))
			}
			r.columns[k][i] = v
		}
	}
	part := r.behavior(r.all())
	part.Until = buckets[len(buckets)-1].Time + b.Every.Seconds()
	part.IncludeKernel, part.IncludeObserver = b.IncludeKernel, b.IncludeObserver
	part.Held = map[string]*Held{}
	for class, h := range held {
		h.Buckets = float64(len(buckets))
		if src := part.Sources[class]; src != nil {
			src.Held = *h
		} else if b.Sources[class] == nil {
			part.Held[class] = h
		}
	}
	absorb(out, part)
	if out.Links != nil {
		out.Links.accept(b, raws)
	}
	return out, nil
}

// accept adds the medians of buckets as a pattern: the first and the last may be
// of what was before and after.
func (l *Links) accept(b *Behavior, raws []raw) {
	p := Pattern{Activity: make([]float64, len(l.Names)), Residuals: map[string]float64{}, Spread: map[string]float64{}}
	activity, residuals := make([][]float64, len(l.Names)), map[string][]float64{}
	for _, w := range raws {
		for j, z := range b.Links.standardizedBucket(b, w.values) {
			activity[j] = append(activity[j], z)
		}
		for source, residual := range w.plain {
			residuals[source] = append(residuals[source], residual)
		}
	}
	for j, list := range activity {
		p.Activity[j] = median(list)
	}
	for source, list := range residuals {
		p.Residuals[source] = median(list)
		for i := range list {
			list[i] = math.Abs(list[i] - p.Residuals[source])
		}
		p.Spread[source] = wide * median(list)
	}
	var distances []float64
	for _, w := range raws {
		z := b.Links.standardizedBucket(b, w.values)
		for j := range z {
			z[j] -= p.Activity[j]
		}
		distances = append(distances, distance(b.compiled.precision, z))
	}
	p.Distance = wide * median(distances)
	l.Accepted = append(l.Accepted, p)
}

// wide is how far the buckets of a pattern are taken to lie from it, in medians:
// it is known from few, of one load.
const wide = 3.0

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// clone copies a behavior.
func (b *Behavior) clone() (*Behavior, error) {
	var text bytes.Buffer
	if err := b.Write(&text); err != nil {
		return nil, err
	}
	return Read(&text)
}

// MergeFading is [Merge] for behaviors of different days: what was learned a half
// life before the newest counts half.
func MergeFading(halfLife time.Duration, behaviors ...*Behavior) (*Behavior, error) {
	if halfLife <= 0 {
		return nil, fmt.Errorf("merging behaviors: a half-life of %v: want a positive time", halfLife)
	}
	newest := math.Inf(-1)
	for i, b := range behaviors {
		if b == nil {
			return nil, fmt.Errorf("merging behaviors: number %d is nil", i+1)
		}
		newest = max(newest, b.Until)
	}
	faded := make([]*Behavior, len(behaviors))
	for i, b := range behaviors {
		var err error
		if faded[i], err = b.fade(math.Exp2((b.Until - newest) / halfLife.Seconds())); err != nil {
			return nil, fmt.Errorf("merging behaviors: %w", err)
		}
	}
	return Merge(faded...)
}

// fade returns a behavior as if learned from a part of its buckets.
func (b *Behavior) fade(weight float64) (*Behavior, error) {
	out, err := b.clone()
	if err != nil || weight >= 1 {
		return out, err
	}
	part := func(n int) int { return int(math.Round(weight * float64(n))) }
	out.Buckets = max(1, part(b.Buckets))
	for _, s := range out.Sources {
		s.Active, s.Missing = max(1, part(s.Active)), min(part(s.Missing), out.Buckets-1)
		s.Total, s.Sum, s.Squares = weight*s.Total, weight*s.Sum, weight*s.Squares
		s.Upper, s.Lower = s.Upper.thin(weight), s.Lower.thin(weight)
		s.Blocks = s.Blocks[len(s.Blocks)-part(len(s.Blocks)):]
		s.Held = Held{}.less(s.Held, -weight)
	}
	for process, n := range out.Presence {
		out.Presence[process] = min(max(1, part(n)), out.Buckets)
	}
	for _, h := range out.Held {
		*h = Held{}.less(*h, -weight)
	}
	always, linked := out.Levels.lists()
	for _, list := range slices.Concat(always, linked) {
		for i := range *list {
			c := &(*list)[i]
			c.Buckets = max(1, part(c.Buckets))
			c.Effective = min(max(1, weight*c.Effective), float64(c.Buckets))
			c.Moments = max(1, weight*c.Moments)
			c.Tail = c.Tail.thin(weight)
		}
	}
	if out.Links != nil {
		out.Links.Effective = max(1, weight*out.Links.Effective)
	}
	return out, nil
}

// thin keeps a part of the values of a tail, spread evenly, the farthest among
// them.
func (t Tail) thin(weight float64) Tail {
	n := len(t.Beyond)
	keep := int(math.Ceil(weight * float64(n)))
	out := Tail{At: t.At}
	for i := range keep {
		out.Beyond = append(out.Beyond, t.Beyond[(i+1)*n/keep-1])
	}
	return out
}
