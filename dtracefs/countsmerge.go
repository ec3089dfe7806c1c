package dtracefs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Join adds what another part of the same host counted: an hour beside another hour. Unlike
// [Counts.Merge], which lays hosts over each other, parts follow each other, so that nothing is
// counted twice: it is an error if they counted the same time, however wide the buckets are. Parts
// come in any order, as long as none is shorter than a block and a half or, of events, than a
// second or the bucket, whichever is less, and a second longer where the clock tells whole ones:
// such a one may find no room between two that were joined before. Parts of events need their lines
// in the order of time where they were cut; lines of one time may be in two parts unless the clock
// is finer than microseconds, or they hold levels.
func (c *Counts) Join(o *Counts) error {
	if err := c.joinable(o); err != nil {
		return fmt.Errorf("joining counts: %w", err)
	}
	ids := make([]int, 0, len(o.sources.names))
	for _, n := range o.sources.names {
		ids = append(ids, c.sources.number(n))
	}
	// Times that were only assumed for first blocks are taken back; what is left adds up, and
	// once the extents are joined, the times of those that are first blocks then are booked
	// again. So joining in any order books the same.
	c.passAll(c.startTimes(), -1)
	begun := o.startTimes()
	for number, from := range o.all {
		to := c.row(number)
		switch {
		case c.measure.block > 0:
			to.pass(from.time() - begun[number])
		// A bucket of events is covered as a whole, however many parts have events in it.
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
	c.seen.reach = extentReach(c.measure)
	c.passAll(c.gapsBetween(&o.seen), 1)
	c.seen.addAll(&o.seen)
	c.passAll(c.startTimes(), 1)
	c.grid.block = int64(c.measure.block)
	c.Drops = append(c.Drops, o.Drops...)
	c.Notes = append(c.Notes, o.Notes...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
	return nil
}

// startTimes are, by bucket, the times booked for the blocks with which extents start. What such
// a block really covers is only known when the one before is, so that they are no part of what
// adds up. They are taken for as long as a usual block.
func (c *Counts) startTimes() map[int64]int64 {
	times := map[int64]int64{}
	for _, x := range c.seen.runs {
		c.blockTimes(times, x.first, c.grid.block)
	}
	return times
}

// gapsBetween are, by bucket, the times between the ends of extents and the first blocks that
// follow them, where these become one with the extents of o. Such a block is no first one any
// more: it covers the time since the end of the other part.
func (c *Counts) gapsBetween(o *extents) map[int64]int64 {
	all := slices.Concat(c.seen.runs, o.runs)
	slices.SortFunc(all, func(a, b extent) int { return cmp.Compare(a.first, b.first) })
	times := map[int64]int64{}
	for i := 1; i < len(all); i++ {
		if gap := all[i].first - all[i-1].last; gap <= c.seen.reach {
			c.blockTimes(times, all[i].first, gap)
		}
	}
	return times
}

// blockTimes adds what a block that ends at ns and covers so many ns takes of each bucket.
func (c *Counts) blockTimes(times map[int64]int64, ns, covers int64) {
	if c.grid.block == 0 {
		return
	}
	last, n, covers := c.grid.buckets(ns, covers)
	for i := range n {
		times[last-i] += covers / n
	}
}

// passAll books times by bucket, or takes them back.
func (c *Counts) passAll(times map[int64]int64, sign int64) {
	for number, ns := range times {
		c.row(number).pass(sign * ns)
	}
}

// joinable returns why two counts are no parts of one capture, nil if they may be. It must find
// everything before Join changes anything, as Join cannot go back.
func (c *Counts) joinable(o *Counts) error {
	if c.measure == nil || o.measure == nil {
		return fmt.Errorf("it is not known what was counted")
	}
	if err := c.measure.Match(o.measure); err != nil {
		return err
	}
	if err := c.measure.sameValues(o.measure); err != nil {
		return err
	}
	switch {
	case c.stretches != nil || o.stretches != nil:
		return errThin
	case c.grid.phase != 0 || o.grid.phase != 0:
		return fmt.Errorf("buckets do not end on whole multiples of their width since the epoch")
	case c.measure.Clock != o.measure.Clock:
		return fmt.Errorf("one has times of kind %s, the other of kind %s", c.measure.Clock, o.measure.Clock)
	case (c.measure.block > 0) != (o.measure.block > 0):
		return fmt.Errorf("one was printed block by block, the other event by event")
	case !c.sameHow(o):
		return fmt.Errorf("a source holds counts in one and levels in the other")
	}
	apart := min(steadyBlock(c.measure.block), steadyBlock(o.measure.block)) / 2
	if apart == 0 && slices.Contains(c.measure.valueKinds(), AsGauge) {
		apart = 1 // levels of one time are not those of its parts
	}
	return c.seen.overlap(&o.seen, apart)
}

// sameHow reports whether all sources that both have hold the same kind of values.
func (c *Counts) sameHow(o *Counts) bool {
	for i, name := range o.sources.names {
		if j, ok := c.sources.index[name]; ok && c.howOf(j) != o.howOf(i) {
			return false
		}
	}
	return true
}

// sameValues returns an error that names the first table that one part counted otherwise than
// the other: what a part shows of a capture may let it be inferred so.
func (m *Measure) sameValues(o *Measure) error {
	type table struct{ name, kind string }
	of := map[table]TableMeasure{}
	for _, t := range m.Tables {
		of[table{t.Table, t.Kind}] = t
	}
	says := func(t TableMeasure) string {
		if t.Value == "" {
			return "rows"
		}
		return fmt.Sprintf("%s as %s", quoteName(t.Value), t.As)
	}
	for _, t := range o.Tables {
		if k, ok := of[table{t.Table, t.Kind}]; ok && (k.Value != t.Value || k.As != t.As) {
			return fmt.Errorf("of table %s one counted %s, the other %s: count them anew, both with the same --value and --as", quoteName(t.Table), says(k), says(t))
		}
	}
	return nil
}

// joinMeasures is what both measures have, whichever comes first: of two names the one earlier in
// the alphabet, of two blocks the shorter one, and all tables of both. joinable has made sure
// that they differ in nothing else that matters.
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
	x.Kinds, x.Said = unionOf(x.Kinds, y.Kinds), unionOf(x.Said, y.Said)
	x.Notes = nil
	return x.measure()
}

// unionOf is what is in either list, sorted and each once.
func unionOf(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// ByHost parts counts whose measure has a dimension of hosts. Counts of one host are returned as
// they are, under the name "". Each host gets the times that were covered, as nothing says which
// of them a host was silent in.
func (c *Counts) ByHost() map[string]*Counts {
	at := -1
	if c.measure != nil {
		at = slices.Index(c.measure.Dims, Host)
	}
	if at < 0 {
		return map[string]*Counts{"": c}
	}
	// wire copies the measure, but shares its lists: these are cloned before a name is taken out,
	// or c would change as well.
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
			h.seen = extents{c.seen.reach, slices.Clone(c.seen.runs)}
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
	if hosts := slices.Sorted(maps.Keys(out)); len(hosts) > 0 {
		h := out[hosts[0]]
		h.Drops, h.Skipped, h.Bytes, h.Notes = c.Drops, c.Skipped, c.Bytes, c.Notes
	}
	return out
}

// AcrossHosts lays the counts of hosts beside each other: the host is the first part of each
// source's name. Counts of one host are returned as they are. Their measures must match, but for
// the hosts.
func AcrossHosts(hosts map[string]*Counts) (*Counts, error) {
	names := make([]string, 0, len(hosts))
	for h := range hosts {
		names = append(names, h)
	}
	// Drops and notes are put together in this order, and that of a map differs from run to run.
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

// MergeCounts merges counts files into one, in memory for the parts of one host at a time (see
// [Counts.Join]). The bytes written do not depend on the order of the files, nor on how they were
// merged before: counts are integers, and sums of levels are exact.
func MergeCounts(ctx context.Context, w io.Writer, files ...io.ReadSeeker) error {
	type part struct {
		r    *CountsReader
		file int
		host string
	}
	// The files are sorted by host, so one pass over all of them side by side is enough: each
	// part stands at its next host, and the least of these comes next.
	var parts []*part
	// advance goes on to the next host of a part, and keeps the part as long as there is one.
	advance := func(p *part) error {
		var err error
		switch p.host, err = p.r.nextHost(); err {
		case nil:
			parts = append(parts, p)
		case io.EOF:
		default:
			return &PartError{File: p.file, Err: err}
		}
		return nil
	}
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := NewCountsReader(f)
		if err != nil {
			return &PartError{File: i, Err: err}
		}
		if err := advance(&part{r: r, file: i}); err != nil {
			return err
		}
	}
	out := NewCountsWriter(w)
	for len(parts) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		host := slices.MinFunc(parts, func(a, b *part) int { return strings.Compare(a.host, b.host) }).host
		var of []*part
		parts = slices.DeleteFunc(parts, func(p *part) bool {
			if p.host == host {
				of = append(of, p)
			}
			return p.host == host
		})
		if len(of) == 1 {
			// What one file alone has of a host is canonical as it is.
			size, packed, err := of[0].r.section()
			if err != nil {
				return &PartError{File: of[0].file, Err: err}
			}
			if err := out.section(host, size, packed); err != nil {
				return err
			}
		} else {
			all := make([]*Counts, len(of))
			for i, p := range of {
				var err error
				if all[i], err = p.r.counts(); err != nil {
					return &PartError{File: p.file, Err: err}
				}
			}
			joined, err := JoinAll(all)
			if err != nil {
				return fmt.Errorf("host %q: %w", host, err)
			}
			if err := out.Write(host, joined); err != nil {
				return err
			}
		}
		for _, p := range of {
			if err := advance(p); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// JoinAll joins the parts of a host in the order of their times, into the first of them. Of no
// parts it is an error.
func JoinAll(parts []*Counts) (*Counts, error) {
	if len(parts) == 0 {
		return nil, errors.New("joining counts: there are none")
	}
	// Then none has to find room between two that were joined before it, for which a short one may
	// be too short (see [Counts.Join]).
	slices.SortStableFunc(parts, func(a, b *Counts) int {
		switch x, y := a.seen.runs, b.seen.runs; {
		case len(x) > 0 && len(y) > 0:
			return cmp.Compare(x[0].first, y[0].first)
		default:
			return cmp.Compare(len(x), len(y))
		}
	})
	for _, c := range parts[1:] {
		if err := parts[0].Join(c); err != nil {
			return nil, err
		}
	}
	return parts[0], nil
}
