package analysis

import (
	"fmt"
	"math"
	"slices"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// FlameGraph draws where the stacks of a table spend their counts. Columns of text, such as the
// process, stand at the root. If a row has several stacks, as by stack(), ustack(), the first is
// the one nearest to the leaf. A table without stacks is an error.
func FlameGraph(t *dtracefs.Table) (figure.Flame, error) {
	var texts, stacks []*dtracefs.Column
	for _, c := range t.Columns {
		switch c.Type() {
		case dtracefs.String:
			texts = append(texts, c)
		case dtracefs.Stack:
			stacks = append(stacks, c)
		}
	}
	if len(stacks) == 0 {
		return figure.Flame{}, fmt.Errorf("flame graph of table %s: it has no stacks", t.Name)
	}
	count := t.Column("value")
	f := figure.Flame{Stacks: make([]figure.Stack, 0, t.NumRows())}
	for i := range t.NumRows() {
		s := figure.Stack{Count: 1}
		if count != nil {
			s.Count = count.Float(i)
		}
		for _, c := range texts {
			s.Frames = append(s.Frames, c.Text(i))
		}
		for _, c := range slices.Backward(stacks) {
			if c.Null(i) {
				continue
			}
			for _, frame := range slices.Backward(c.Stack(i)) {
				s.Frames = append(s.Frames, frame)
			}
		}
		f.Stacks = append(f.Stacks, s)
	}
	return f, nil
}

// Histogram draws the distribution in a table of quantize, lquantize or llquantize, summed over its
// rows, or only over those rows in which every one of keys stands in a column of text.
func Histogram(t *dtracefs.Table, keys ...string) (figure.Histogram, error) {
	b, err := readBuckets(t, keys)
	if err != nil {
		return figure.Histogram{}, fmt.Errorf("histogram of table %s: %w", t.Name, err)
	}
	h := figure.Histogram{Edges: b.edges, Counts: make([]float64, len(b.edges)-1)}
	for k, i := range b.rows {
		h.Counts[b.ranges[k]] += b.count.Float(i)
	}
	return h, nil
}

// LatencyHeat draws the distributions in a table of quantize, lquantize or llquantize over time:
// there is a column for each time, or for each block if the table has no time. Keys choose rows as
// for [Histogram].
func LatencyHeat(t *dtracefs.Table, keys ...string) (figure.Heat, error) {
	b, err := readBuckets(t, keys)
	when := t.Column("time")
	if when == nil {
		when = t.Column("block")
	}
	if err == nil && when == nil {
		err = fmt.Errorf("it has neither a column time nor a column block")
	}
	if err != nil {
		return figure.Heat{}, fmt.Errorf("heat map of table %s: %w", t.Name, err)
	}
	h := figure.Heat{Edges: b.edges}
	for _, i := range b.rows {
		h.Times = append(h.Times, when.Float(i))
	}
	slices.Sort(h.Times)
	h.Times = slices.Compact(h.Times)
	for range h.Times {
		h.Counts = append(h.Counts, make([]float64, len(b.edges)-1))
	}
	for k, i := range b.rows {
		at, _ := slices.BinarySearch(h.Times, when.Float(i))
		h.Counts[at][b.ranges[k]] += b.count.Float(i)
	}
	return h, nil
}

// buckets are the rows of a table of distributions on common ranges.
type buckets struct {
	edges  []float64 // one more than ranges
	rows   []int     // of the table
	ranges []int     // of each of rows
	count  *dtracefs.Column
}

func readBuckets(t *dtracefs.Table, keys []string) (*buckets, error) {
	low, high := t.Column("bucket_low"), t.Column("bucket_high")
	b := &buckets{count: t.Column("count")}
	if low == nil || high == nil || b.count == nil {
		return nil, fmt.Errorf("it has no columns bucket_low, bucket_high and count")
	}
	var texts []*dtracefs.Column
	for _, c := range t.Columns {
		if c.Type() == dtracefs.String && c.Name != "bucket" {
			texts = append(texts, c)
		}
	}
	// The bounds are whole numbers, and both of them are within the bucket.
	from := func(i int) float64 {
		if low.Null(i) {
			return math.Inf(-1)
		}
		return low.Float(i)
	}
	to := func(i int) float64 {
		if high.Null(i) {
			return math.Inf(1)
		}
		return high.Float(i) + 1
	}
	for i := range t.NumRows() {
		if slices.ContainsFunc(keys, func(key string) bool {
			return !slices.ContainsFunc(texts, func(c *dtracefs.Column) bool { return c.Text(i) == key })
		}) {
			continue
		}
		b.rows = append(b.rows, i)
		b.edges = append(b.edges, from(i), to(i))
	}
	if len(b.rows) == 0 {
		return nil, fmt.Errorf("none of its %d rows has %q", t.NumRows(), keys)
	}
	slices.Sort(b.edges)
	b.edges = slices.Compact(b.edges)
	for _, i := range b.rows {
		r, _ := slices.BinarySearch(b.edges, from(i))
		b.ranges = append(b.ranges, r)
	}
	return b, nil
}
