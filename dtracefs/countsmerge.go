package dtracefs

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Join adds what another part of the same host counted: an hour beside another hour. Unlike [Counts.Merge],
// which lays hosts over each other, parts follow each other, so that nothing is counted twice: it is an
// error if they share more than the bucket in which one ends and the other begins. So parts longer than a bucket
// are joined in any order; shorter ones after their neighbors, and one that is there twice is told only as long
// as nothing else was joined to its bucket.
func (c *Counts) Join(o *Counts) error {
	if err := c.joinable(o); err != nil {
		return fmt.Errorf("joining counts: %w", err)
	}
	ids := make([]int, 0, len(o.sources.names))
	for _, n := range o.sources.names {
		ids = append(ids, c.sources.number(n))
	}
	for number, from := range o.all {
		to := c.row(number)
		switch {
		case c.measure.block > 0:
			to.pass(from.time())
		case !to.isUsed():
			to.pass(from.time())
		}
		for i, v := range from.counts() {
			if v != 0 {
				c.add(to, ids[i], v)
			}
		}
	}
	c.addLevels(o, ids)
	c.measure = joinMeasures(c.measure, o.measure)
	c.grid.block = int64(c.measure.block)
	c.Drops = append(c.Drops, o.Drops...)
	c.Notes = append(c.Notes, o.Notes...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
	return nil
}

// joinable tells why parts are none of one capture.
func (c *Counts) joinable(o *Counts) error {
	if c.measure == nil || o.measure == nil {
		return fmt.Errorf("it is not known what was counted")
	}
	if err := c.measure.Match(o.measure); err != nil {
		return err
	}
	switch {
	case c.grid.phase != 0 || o.grid.phase != 0:
		return fmt.Errorf("buckets do not end on whole multiples of their width since the epoch")
	case c.measure.Clock != o.measure.Clock:
		return fmt.Errorf("one has times of kind %s, the other of kind %s", c.measure.Clock, o.measure.Clock)
	case (c.measure.block > 0) != (o.measure.block > 0):
		return fmt.Errorf("one was printed block by block, the other event by event")
	case !c.sameHow(o):
		return fmt.Errorf("a source holds counts in one and levels in the other")
	}
	return c.overlap(o)
}

func (c *Counts) sameHow(o *Counts) bool {
	for i, name := range o.sources.names {
		if j, ok := c.sources.index[name]; ok && c.howOf(j) != o.howOf(i) {
			return false
		}
	}
	return true
}

// overlap tells whether both counted the same time. The bucket in which one part ends and the other
// begins may be in both, if they are not the same.
func (c *Counts) overlap(o *Counts) error {
	first, last := c.ends()
	begin, end := o.ends()
	var shared []int64
	for n := range o.all {
		if p := c.pages[pageOf(n)]; p != nil && (countRow{p, int(n - p.first)}).isUsed() {
			shared = append(shared, n)
		}
	}
	slices.Sort(shared)
	if len(shared) == 0 {
		return nil
	}
	if n := shared[0]; len(shared) == 1 && (n == last && n == begin || n == first && n == end) && !c.sameBucket(o, n) {
		return nil
	}
	from := time.Unix(0, c.grid.end(shared[0])-c.grid.every).UTC()
	to := time.Unix(0, c.grid.end(shared[len(shared)-1])).UTC()
	return fmt.Errorf("both counted %d buckets between %s and %s: is a part there twice?", len(shared), from.Format(time.RFC3339), to.Format(time.RFC3339))
}

// ends are the first and the last bucket.
func (c *Counts) ends() (first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for n := range c.all {
		first, last = min(first, n), max(last, n)
	}
	return first, last
}

// sameBucket reports whether both counted the same in a bucket.
func (c *Counts) sameBucket(o *Counts, number int64) bool {
	return c.bucketText(number) == o.bucketText(number)
}

func (c *Counts) bucketText(number int64) string {
	order := make([]int, len(c.sources.names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(c.sources.names[i], c.sources.names[j]) })
	var b strings.Builder
	values, levels := c.row(number).counts(), c.levels[number]
	for _, i := range order {
		if i < len(values) && values[i] != 0 {
			fmt.Fprintf(&b, "%q %v\n", c.sources.names[i], values[i])
		}
		if levels != nil && i < len(levels.n) && levels.n[i] > 0 {
			fmt.Fprintf(&b, "%q %v of %d\n", c.sources.names[i], levels.terms(i), levels.n[i])
		}
	}
	return b.String()
}

// joinMeasures is what both measures have, whichever comes first.
func joinMeasures(a, b *Measure) *Measure {
	x, y := a.wire(), b.wire()
	if strings.Join(y.Names, "\x00") < strings.Join(x.Names, "\x00") {
		x.Names = y.Names
	}
	if x.Block == 0 || y.Block > 0 && y.Block < x.Block {
		x.Block = y.Block
	}
	x.Tables = append(x.Tables, y.Tables...)
	x.sort()
	x.Kinds = append(x.Kinds, y.Kinds...)
	slices.Sort(x.Kinds)
	x.Kinds = slices.Compact(x.Kinds)
	x.Notes = nil
	return x.measure()
}

// ByHost parts counts whose measure has a dimension of hosts. Counts of one host are returned as they
// are, under the name "".
func (c *Counts) ByHost() map[string]*Counts {
	at := -1
	if c.measure != nil {
		at = slices.Index(c.measure.Dims, Host)
	}
	if at < 0 {
		return map[string]*Counts{"": c}
	}
	w := c.measure.wire()
	column := w.Names[at]
	w.Names = slices.Delete(slices.Clone(w.Names), at, at+1)
	w.Dims = slices.Delete(slices.Clone(w.Dims), at, at+1)
	for i := range w.Tables {
		w.Tables[i].By = slices.DeleteFunc(slices.Clone(w.Tables[i].By), func(s string) bool { return s == column })
	}
	out := map[string]*Counts{}
	of := make([]*Counts, len(c.sources.names))
	ids := make([]int, len(of))
	for i, name := range c.sources.names {
		parts := strings.Split(name, sourceSep)
		host := parts[at]
		h := out[host]
		if h == nil {
			h = newCounts(c.grid, newSourceNames())
			h.measure = w.measure()
			out[host] = h
		}
		of[i], ids[i] = h, h.sources.number(strings.Join(slices.Delete(parts, at, at+1), sourceSep))
		if how := c.howOf(i); how != addsUp {
			h.setHow(ids[i], how)
		}
	}
	for number, from := range c.all {
		for _, h := range out {
			h.row(number).pass(from.time())
		}
		for i, v := range from.counts() {
			if v != 0 {
				of[i].add(of[i].row(number), ids[i], v)
			}
		}
	}
	for number, from := range c.levels {
		for i, n := range from.n {
			if n > 0 {
				of[i].levelRow(number).take(ids[i], from, i)
			}
		}
	}
	// What was lost is not told by host: it stands with the first, lest it be counted twice.
	least := ""
	for host := range out {
		if least == "" || host < least {
			least = host
		}
	}
	if h := out[least]; h != nil {
		h.Drops, h.Skipped, h.Bytes, h.Notes = c.Drops, c.Skipped, c.Bytes, c.Notes
	}
	return out
}

// AcrossHosts lays the counts of hosts beside each other: the host is the first part of each source's
// name. Counts of one host are returned as they are.
func AcrossHosts(hosts map[string]*Counts) (*Counts, error) {
	names := make([]string, 0, len(hosts))
	for h := range hosts {
		names = append(names, h)
	}
	slices.Sort(names)
	if len(names) == 1 {
		return hosts[names[0]], nil
	}
	var all *Counts
	for _, host := range names {
		h := hosts[host]
		if h.measure == nil {
			return nil, fmt.Errorf("host %q: it is not known what was counted", host)
		}
		w := h.measure.wire()
		w.Names, w.Dims = slices.Insert(slices.Clone(w.Names), 0, "host"), slices.Insert(slices.Clone(w.Dims), 0, Host)
		for i := range w.Tables {
			w.Tables[i].By = slices.Insert(slices.Clone(w.Tables[i].By), 0, "host")
		}
		g := newCounts(h.grid, newSourceNames())
		g.measure = w.measure()
		ids := make([]int, 0, len(h.sources.names))
		for _, n := range h.sources.names {
			ids = append(ids, g.sources.number(host+sourceSep+n))
		}
		g.addAll(h, ids)
		if all == nil {
			all = g
			continue
		}
		if err := all.Merge(g); err != nil {
			return nil, fmt.Errorf("host %q: %w", host, err)
		}
	}
	return all, nil
}

// A PartError is of one of the files that were to be merged.
type PartError struct {
	File int // from 0
	Err  error
}

func (e *PartError) Error() string { return fmt.Sprintf("file %d: %v", e.File+1, e.Err) }
func (e *PartError) Unwrap() error { return e.Err }

// MergeCounts merges counts files into one, in memory for the parts of one host at a time. Parts of a host
// may come in any order if they are longer than a bucket; see [Counts.Join]. The bytes written do not depend on the order of the files, nor on
// how they were merged before: counts are integers, and sums of levels are exact.
func MergeCounts(ctx context.Context, w io.Writer, files ...io.ReadSeeker) error {
	type part struct {
		r    *CountsReader
		file int
		host string
		c    *Counts
	}
	parts := make([]*part, 0, len(files))
	advance := func(p *part) error {
		var err error
		p.host, p.c, err = p.r.Next()
		return err
	}
	for i, f := range files {
		r, err := NewCountsReader(f)
		if err != nil {
			return &PartError{File: i, Err: err}
		}
		p := &part{r: r, file: i}
		switch err := advance(p); err {
		case nil:
			parts = append(parts, p)
		case io.EOF:
		default:
			return &PartError{File: i, Err: err}
		}
	}
	out := NewCountsWriter(w)
	for len(parts) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		host := parts[0].host
		for _, p := range parts {
			host = min(host, p.host)
		}
		var of []*Counts
		for i := 0; i < len(parts); {
			p := parts[i]
			if p.host != host {
				i++
				continue
			}
			of = append(of, p.c)
			switch err := advance(p); err {
			case nil:
				i++
			case io.EOF:
				parts = slices.Delete(parts, i, i+1)
			default:
				return &PartError{File: p.file, Err: err}
			}
		}
		all, err := JoinAll(of)
		if err != nil {
			return fmt.Errorf("host %q: %w", host, err)
		}
		if err := out.Write(host, all); err != nil {
			return err
		}
	}
	return out.Close()
}

// JoinAll joins the parts of a host in the order of their times, into the first of them.
func JoinAll(parts []*Counts) (*Counts, error) {
	first := make(map[*Counts]int64, len(parts))
	for _, c := range parts {
		first[c], _ = c.ends()
	}
	slices.SortStableFunc(parts, func(a, b *Counts) int { return cmp.Compare(first[a], first[b]) })
	for _, c := range parts[1:] {
		if err := parts[0].Join(c); err != nil {
			return nil, err
		}
	}
	return parts[0], nil
}
