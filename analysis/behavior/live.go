package behavior

import (
	"fmt"
	"iter"

	"dtnotes/dtracefs"
)

// Buckets turns what a tracer prints, batch by batch, into buckets for [Watch]. They are counted as
// the buckets were that the behavior was learned from, by the same columns and values. If what is
// printed cannot be counted so, an error is yielded, and it is the last. Options that say something
// else are an error, too.
//
//	run, err := dtracefs.Live(ctx, script, dtracefs.LiveOptions{})
//	live := behavior.Buckets(run.Batches(), normal, dtracefs.MeasureOptions{})
//	for update, err := range behavior.Watch(ctx, normal, live, behavior.ScoreOptions{}) {
func Buckets(batches iter.Seq2[*dtracefs.Batch, error], b *Behavior, o dtracefs.MeasureOptions) iter.Seq2[Bucket, error] {
	return func(yield func(Bucket, error) bool) {
		if o.Like == nil {
			o.Like = b.Measure
		}
		if o.Every == 0 {
			o.Every = b.Every
		}
		if o.Kinds == nil && o.Like == nil {
			o.Kinds = []string{"*"}
		}
		stream := dtracefs.NewStream(dtracefs.CountOptions{MeasureOptions: o})
		fits := false
		hand := func(done []dtracefs.Interval, err error) bool {
			// The measure is known only when the stream has seen enough to infer it. It is then
			// compared once.
			if m := stream.Measure(); err == nil && m != nil && !fits && b.Measure != nil {
				err, fits = b.Measure.Match(m), true
			}
			if err != nil {
				yield(Bucket{}, fmt.Errorf("counting what the tracer prints: %w", err))
				return false
			}
			for _, in := range done {
				if !yield(Bucket{Time: float64(in.Start.UnixNano()) / 1e9, Counts: in.Counts}, nil) {
					return false
				}
			}
			return true
		}
		for batch, err := range batches {
			if err != nil {
				yield(Bucket{}, err)
				return
			}
			if !hand(stream.Add(batch)) {
				return
			}
		}
		// What the stream holds back until it has seen more is handed out at its end.
		hand(stream.Close())
	}
}

// String describes the update in one line.
func (u Update) String() string {
	state := "normal"
	if u.Alert != nil {
		state = "alert of " + u.Alert.String()
	}
	return fmt.Sprintf("%s score %.1f, p = %.2g: %s", clock(u.Time), u.Verdict.Score, u.Verdict.P, state)
}
