package behavior

import (
	"context"
	"math"
	"time"

	"dtnotes/analysis"
)

// Lessons teach a behavior from a stream of normal running, as old knowledge fades: see
// [Behavior.LearnOn].
type Lessons struct {
	HalfLife time.Duration
	Options  ScoreOptions

	calm [][]Bucket // stretches of normal buckets
	n    int        // in them
}

// Lesson is the number of normal buckets that are learned from at once: fewer would say too little
// about tails, and each lesson costs the holding out of buckets and a new calibration. No half-life
// can be shorter.
const Lesson = 600

// shortest is the least length, in buckets, of the stretches that make up a lesson: alerts come
// between them.
const shortest = 60

// Take takes in a bucket that is part of no alert, and that follows those before or comes after an
// alert or a pause. It returns what is known after the lesson that the bucket completes, or nil if
// it completes none.
func (l *Lessons) Take(ctx context.Context, b *Behavior, bucket Bucket) (*Behavior, error) {
	k := len(l.calm) - 1
	if k < 0 || math.Abs(bucket.Time-l.calm[k][len(l.calm[k])-1].Time-b.Every.Seconds()) > b.Every.Seconds()/2 {
		// The stretch that just ended was too short to teach how buckets follow each other.
		if k >= 0 && len(l.calm[k]) < shortest {
			l.n -= len(l.calm[k])
			l.calm = l.calm[:k]
		}
		l.calm = append(l.calm, nil)
		k = len(l.calm) - 1
	}
	l.calm[k] = append(l.calm[k], bucket)
	// A lesson does not begin before the last stretch is long enough, or else that stretch would be
	// thrown away with the lesson.
	if l.n++; l.n < Lesson || len(l.calm[k]) < shortest {
		return nil, nil
	}
	var series []*analysis.Series
	for _, stretch := range l.calm {
		s := seriesOf(b, stretch, nil)
		s.Measure, s.Units, s.Counts = b.Measure, b.Units, true
		for j, name := range s.Names {
			// In a capture, what is not printed is not there.
			if src := b.Sources[name]; b.Measure != nil || src == nil || src.Value == Count {
				continue
			}
			for i := range stretch {
				if _, there := stretch[i].Counts[name]; !there {
					s.Values.Set(i, j, math.NaN())
				}
			}
		}
		series = append(series, s)
	}
	l.calm, l.n = nil, 0
	return b.LearnOn(ctx, series, l.HalfLife, l.Options)
}
