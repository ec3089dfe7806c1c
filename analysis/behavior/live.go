package behavior

import (
	"fmt"
	"iter"
	"time"

	"dtnotes/dtracefs"
)

// Buckets turns what a tracer prints, batch by batch, into buckets for
// [Watch]:
//
//	run, err := dtracefs.Live(ctx, script, dtracefs.LiveOptions{})
//	live := behavior.Buckets(run.Batches(), normal.Width)
//	for update, err := range behavior.Watch(ctx, normal, live, behavior.ScoreOptions{}) {
func Buckets(batches iter.Seq2[*dtracefs.Batch, error], width time.Duration) iter.Seq2[Bucket, error] {
	return func(yield func(Bucket, error) bool) {
		c := NewCounter(width)
		for batch, err := range batches {
			if err != nil {
				yield(Bucket{}, err)
				return
			}
			for _, b := range c.Capture(&batch.Capture) {
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// Capture takes in the blocks, or the events of a log, of a part of a capture
// and returns the buckets that this completes. The sources are named "kind
// process", or "probe process".
func (c *Counter) Capture(part *dtracefs.Capture) []Bucket {
	table := part.Activity()
	if table == nil {
		return c.log(part)
	}
	times, kinds, names, values := table.Column("time"), table.Column("kind"), table.Column("execname"), table.Column("value")
	var done []Bucket
	for i := 0; i < table.NumRows(); {
		stamp := times.Int(i)
		counts := map[string]float64{}
		for ; i < table.NumRows() && times.Int(i) == stamp; i++ {
			counts[kinds.Text(i)+" "+names.Text(i)] += values.Float(i)
		}
		done = append(done, c.Block(float64(stamp)/1e9, counts)...)
	}
	return done
}

// log takes in the events of a log, each a row with a time, a process and a
// probe.
func (c *Counter) log(part *dtracefs.Capture) []Bucket {
	var done []Bucket
	for _, t := range part.Tables {
		times, names, probes := t.Column("time"), t.Column("execname"), t.Column("probe")
		if times == nil || names == nil || probes == nil || times.Type() != dtracefs.Time {
			continue
		}
		for i := range t.NumRows() {
			done = append(done, c.Event(times.Float(i), probes.Text(i)+" "+names.Text(i))...)
		}
	}
	return done
}

// String tells the update in one line.
func (u Update) String() string {
	state := "normal"
	if u.Alert != nil {
		state = "alert of " + u.Alert.String()
	}
	return fmt.Sprintf("%s score %.1f, p = %.2g: %s", clock(u.Time), u.Verdict.Score, u.Verdict.P, state)
}
