package behavior

import (
	"math"
	"time"
)

// A Bucket is what each source did in one stretch of time.
type Bucket struct {
	Time   float64            // its start, seconds since the epoch
	Counts map[string]float64 // by source; a source not in it was silent
}

// A Counter turns what a tracer prints, block by block or event by event, into
// buckets of one width that follow each other. A block that covers several
// intervals because the tracer missed a tick is spread evenly over them; more
// than five are a pause, after which buckets begin anew. Events may come up to
// half a second late.
type Counter struct {
	every float64
	start float64 // of the first bucket that is not complete
	last  float64 // end of the last block, 0 before the first
	open  []map[string]float64
}

// NewCounter returns a counter into buckets of that width.
func NewCounter(every time.Duration) *Counter { return &Counter{every: every.Seconds()} }

// longestPause is the number of intervals that a block may cover. A tracer under load misses a
// tick or two; to spread a block over minutes would invent a steady load where nothing is known.
const longestPause = 5

// Block takes in counts that were printed at time end, in seconds since the
// epoch, and returns the buckets that this completes.
func (c *Counter) Block(end float64, counts map[string]float64) []Bucket {
	from := end - c.every
	switch {
	case c.last == 0:
		c.start = from
	case end <= c.last:
		// This is a second block of the same time, or the clock was set back: what the block counts
		// belongs to where the counter is.
		from, end = c.last, c.last+1e-9
	case end-c.last > (longestPause+0.5)*c.every:
		c.open, c.start = nil, from
	default:
		from = c.last
	}
	c.last = end
	first, last := (from-c.start)/c.every, (end-c.start)/c.every
	first, last = snap(first), snap(last)
	// The block covers next to no time, because it came right after the one before: all of it
	// belongs to the bucket in which it lies.
	if last <= first {
		first, last = max(0, math.Ceil(first)-1), math.Ceil(first)
	}
	for k := int(first); float64(k) < last; k++ {
		// The part of the block that lies in bucket k. Parts add up to one, so that no count is
		// lost or doubled.
		share := (min(last, float64(k+1)) - max(first, float64(k))) / (last - first)
		at := c.at(k)
		for source, v := range counts {
			at[source] += float64(v * share)
		}
	}
	return c.complete(int(last))
}

// edge is the part of a bucket by which the end of a block may miss the end of
// a bucket and still be taken for it.
const edge = 0.05

// snap brings the end of a block to that of a bucket, so that ticks that jitter do not leave a
// hundredth of each block to the next bucket, which would then look as if something had happened
// in it.
func snap(at float64) float64 {
	if r := math.Round(at); math.Abs(at-r) < edge {
		return r
	}
	return at
}

// lateness is how late, in seconds, an event may come: tracers order events
// within a CPU, not across.
const lateness = 0.5

// Event takes in one event and returns the buckets that this completes. An event that comes too
// late counts in the oldest bucket that is not yet complete.
func (c *Counter) Event(t float64, source string) []Bucket {
	if c.last == 0 {
		// Buckets of events begin at multiples of their width since the epoch, since no tick says
		// where they should.
		c.start = math.Floor(t/c.every) * c.every
	}
	var done []Bucket
	if t > c.last {
		if c.last != 0 && t-c.last > (longestPause+0.5)*c.every {
			// What was counted before the pause is handed out first; the buckets of the pause are
			// not, since nobody knows whether it was silent or not watched.
			done = c.complete(len(c.open))
			c.open, c.start = nil, math.Floor(t/c.every)*c.every
		}
		c.last = t
	}
	c.at(max(0, int((t-c.start)/c.every)))[source]++
	return append(done, c.complete(int((c.last-lateness-c.start)/c.every))...)
}

// at is the k-th bucket that is not complete, made when something first falls into it.
func (c *Counter) at(k int) map[string]float64 {
	for len(c.open) <= k {
		c.open = append(c.open, nil)
	}
	if c.open[k] == nil {
		c.open[k] = map[string]float64{}
	}
	return c.open[k]
}

// complete hands out the first k buckets. A bucket in which nothing happened is handed out without
// counts, since whoever judges must learn that it was silent.
func (c *Counter) complete(k int) []Bucket {
	if k <= 0 {
		return nil
	}
	out := make([]Bucket, 0, k)
	for i := range k {
		b := Bucket{Time: c.start + float64(float64(i)*c.every)}
		if i < len(c.open) {
			b.Counts = c.open[i]
		}
		out = append(out, b)
	}
	c.start += float64(float64(k) * c.every)
	c.open = c.open[min(k, len(c.open)):]
	return out
}
