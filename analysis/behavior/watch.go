package behavior

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// An Update is what a bucket of a live stream brings.
type Update struct {
	Bucket
	Verdict Verdict
	Alert   *Alert // that goes on, as far as it is known, or that this bucket ended
	Ended   bool   // the alert is over
}

// remembered is the number of buckets kept to explain alerts by.
const remembered = 240

// Watch scores buckets as they come and yields an update for each, in memory
// that does not grow with the stream. An error of the stream is yielded and
// ends it, as does ctx. An alert that goes on when the stream ends is ended by
// a last update without counts.
//
// For the same buckets, verdicts and alerts are those of [Score]; but only
// Score marks as part of an alert the buckets between remarkable ones.
func Watch(ctx context.Context, b *Behavior, live iter.Seq2[Bucket, error], opts ScoreOptions) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		w, err := newWatcher(b, opts)
		if err != nil {
			yield(Update{}, fmt.Errorf("watching: %w", err))
			return
		}
		past := history{b: b}
		for bucket, err := range live {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = bucket.check()
			}
			if err != nil {
				yield(Update{}, fmt.Errorf("watching: %w", err))
				return
			}
			past.add(bucket)
			u := Update{Bucket: bucket}
			u.Verdict, u.Alert = w.push(bucket.Time, bucket.Counts)
			if u.Ended = u.Alert != nil; u.Ended {
				if err := past.explain(ctx, u.Alert); err != nil {
					yield(Update{}, fmt.Errorf("watching: %w", err))
					return
				}
			} else if w.open != nil {
				a := w.open.current()
				u.Alert = &a
			}
			if !yield(u, nil) {
				return
			}
		}
		if last := w.close(); last != nil {
			if err := past.explain(ctx, last); err != nil {
				yield(Update{}, fmt.Errorf("watching: %w", err))
				return
			}
			yield(Update{Bucket: Bucket{Time: last.End}, Verdict: Verdict{Time: last.End, P: 1, ProcessP: 1, DistanceP: 1, ApartP: 1, SteadyP: 1}, Alert: last, Ended: true}, nil)
		}
	}
}

func (b Bucket) check() error {
	for name, v := range b.Counts {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("source %q at %.3f is %v", name, b.Time, v)
		}
	}
	return nil
}

// history remembers the last buckets.
type history struct {
	b    *Behavior
	ring []Bucket
}

func (h *history) add(b Bucket) {
	if len(h.ring) == remembered {
		copy(h.ring, h.ring[1:])
		h.ring = h.ring[:remembered-1]
	}
	h.ring = append(h.ring, b)
}

// explain says which links differ in an alert that ended just now.
func (h *history) explain(ctx context.Context, a *Alert) error {
	s := &analysis.Series{Width: h.b.Width}
	at := map[string]int{}
	r := &Report{behavior: h.b, series: s, Alerts: []Alert{*a}}
	for _, b := range h.ring {
		s.Times = append(s.Times, b.Time)
		r.Buckets = append(r.Buckets, Verdict{Time: b.Time})
		for name := range b.Counts {
			if _, ok := at[name]; !ok {
				at[name] = 0
				s.Names = append(s.Names, name)
			}
		}
	}
	if len(s.Names) == 0 {
		return nil
	}
	sortNames(s.Names, at)
	s.Values = mat.NewDense(len(s.Times), len(s.Names), nil)
	for i, b := range h.ring {
		for name, v := range b.Counts {
			s.Values.Set(i, at[name], v)
		}
	}
	err := r.explainLinks(ctx)
	*a = r.Alerts[0]
	return err
}

func sortNames(names []string, at map[string]int) {
	slices.Sort(names)
	for i, name := range names {
		at[name] = i
	}
}
