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

// Lesson is the number of normal buckets that are learned at once: less says too little of tails,
// and each lesson holds out buckets and calibrates anew. No half-life can be shorter.
const Lesson = 600

// shortest is the least length of the stretches that a lesson is made of: alerts come between.
const shortest = 60

// Take takes in a bucket that follows those before, or comes after an alert or a pause, and is
// part of no alert. It returns what is known after the lesson that it completes, or nil if it
// completes none.
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
	// Not before the last stretch is long enough, lest it be thrown away with the lesson.
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
