package behavior

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Pattern is an accepted way of running: how processes stand to each other in
// it. Distances and expectations are measured from the nearest one, and by how
// far its own buckets lie from it where that is more than usual.
//
// Patterns are kept beside the links and not merged into them: two ways of running have two
// covariances and two middles, and the mean of both is neither.
type Pattern struct {
	Activity  []float64          `json:"activity"`  // standardized, of each process of the links
	Residuals map[string]float64 `json:"residuals"` // of the sources foretold: how far off they are
	Spread    map[string]float64 `json:"spread"`    // of those
	Distance  float64            `json:"distance"`  // of its buckets from it
	Buckets   int                `json:"buckets"`   // accepted
}

// Accept returns a behavior that has learned buckets as normal, such as those of an alert: what
// their sources do is usual from then on, and so is how they stand to each other. What else is odd
// stays odd: the thresholds are those of before. The buckets must follow each other, as they came
// from a stream. Where sources are judged by what they grow by or by their steps, the first bucket
// serves only to know the value from which they go on.
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
	// The first bucket tells the scorer from which value each source grows. It is not judged
	// itself, and so nothing is learned from it.
	if len(buckets) > 1 && b.steps() {
		s.raw(buckets[0].Time, buckets[0].Counts)
		buckets = buckets[1:]
	}
	r := &record{every: b.Every, units: b.Units, byKind: b.ByKind, starts: []int{0, len(buckets)}}
	at := map[string]int{}
	judged := map[string]bool{} // new sources: the kernel's own and the tracer at work are none
	held := map[string]*Held{}
	var raws []raw
	for i, bucket := range buckets {
		w := s.raw(bucket.Time, bucket.Counts)
		takeSigns(held, w.signs, b.ByKind)
		raws = append(raws, w)
		for _, sign := range w.signs {
			judged[sign.Source] = judged[sign.Source] || sign.State == New
		}
		for name, v := range w.values {
			k, ok := at[name]
			if !ok {
				if b.Sources[name] == nil && !judged[name] {
					continue
				}
				k = len(r.names)
				at[name] = k
				proto := &Source{Value: Count, Scaling: Scaling{Shape: Logarithm, Scale: 1}}
				// A source that first appears in a later bucket was silent before, or, if it is a
				// level, its value was not known.
				fill := 0.0
				if known := b.Sources[name]; known != nil {
					if proto = known; known.Value.level() {
						fill = math.NaN()
					}
				}
				r.names, r.protos = append(r.names, name), append(r.protos, proto)
				r.columns = append(r.columns, slices.Repeat([]float64{fill}, len(buckets)))
			}
			r.columns[k][i] = v
		}
	}
	// What the accepted buckets alone would teach, which is then merged as the behavior of
	// another day would be.
	part := r.behavior(r.all())
	part.Until = buckets[len(buckets)-1].Time + b.Every.Seconds()
	part.IncludeKernel, part.IncludeObserver = b.IncludeKernel, b.IncludeObserver
	// That something new was accepted does not make it usual that there is something new.
	for class, h := range held {
		h.Buckets = float64(len(buckets))
		if src := part.Sources[class]; src != nil {
			src.Held = *h
		}
	}
	absorb(out, part, false)
	if out.Links != nil {
		out.Links.accept(b, raws)
	}
	return out, nil
}

// steps reports whether any source is judged by what it grows by or by its steps.
func (b *Behavior) steps() bool {
	for _, s := range b.Sources {
		if s.Value.steps() {
			return true
		}
	}
	return false
}

// accept adds the medians of buckets as a pattern. Medians are taken since the first and the last
// bucket may show what was before and after.
func (l *Links) accept(b *Behavior, raws []raw) {
	p := Pattern{Activity: make([]float64, len(l.Names)), Residuals: map[string]float64{}, Spread: map[string]float64{}, Buckets: len(raws)}
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

// wide is how far the buckets of a pattern are taken to lie from it, in medians. The distance is
// wide because the pattern is known from few buckets, under a single load.
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
