package dtracefs

import (
	"math"
	"slices"
	"strings"
	"time"
)

// A Stream counts what a running tracer prints, batch by batch, and hands out each bucket when it
// is complete. It keeps in memory only what is not. A stream is used by one goroutine at a time.
type Stream struct {
	counting counting
	next     int64 // number of the first bucket not handed out
	started  bool
	many     int // sources are so many that it looks which of them still do something
}

// An Interval is how much each source did in one bucket of a stream.
type Interval struct {
	Start  time.Time
	Counts map[string]float64 // by source; one that is not in it was silent
}

// NewStream returns a stream that counts as the options say; what they leave open is inferred from
// the first blocks.
func NewStream(o CountOptions) *Stream {
	return &Stream{counting: counting{opt: o}, many: manySources}
}

const (
	// fewestBlocks is how many blocks a stream waits for before it decides how they are counted.
	fewestBlocks = 3
	// mostWaited is how many it waits for if tables are missing that are known to be counted.
	mostWaited = 10
	// lateness is how late events may come: tracers order events within a CPU, not across.
	lateness = 500 * time.Millisecond
	// longestPause is how many empty buckets a stream hands out before it takes them for a pause.
	longestPause = 5
)

// Measure says how the stream is counted; nil while too little was printed to tell.
func (s *Stream) Measure() *Measure {
	if s.counting.tally == nil {
		return nil
	}
	return s.counting.tally.m
}

// Add counts what a part of a capture holds and returns the buckets that this completes. While the
// blocks are too few to tell how they are counted, there are none. The error of a stream in which
// nothing can be counted is a [*MeasureError]; it is given once a megabyte of text came, or by
// Close.
func (s *Stream) Add(b *Batch) ([]Interval, error) {
	c := &s.counting
	if c.tally == nil {
		c.sample, c.size = append(c.sample, b), c.size+b.Bytes
		if err := s.tryStart(c.size >= sampleSize); err != nil || c.tally == nil {
			return nil, err
		}
	} else {
		c.add(b)
	}
	return s.complete(false), nil
}

// Close counts what is left.
func (s *Stream) Close() ([]Interval, error) {
	if len(s.counting.sample) > 0 && s.counting.size > 0 {
		if err := s.tryStart(true); err != nil {
			return nil, err
		}
	}
	if s.counting.tally == nil {
		return nil, nil
	}
	s.counting.tally.finish()
	return s.complete(true), nil
}

// tryStart decides how the stream is counted if enough was printed, or must be.
func (s *Stream) tryStart(must bool) error {
	c := &s.counting
	tables, m, err := c.infer()
	if err != nil {
		// Text to come may have what is missing still.
		if must {
			return err
		}
		return nil
	}
	// Times are counted, not rows: one block may be thousands of rows.
	blocks := map[int64]bool{}
	probe := newTally(m, 0)
	for _, tm := range probe.tables {
		for _, t := range tables {
			if idOf(t) != tm.id {
				continue
			}
			times := probe.times(tm, t)
			for i := range t.NumRows() {
				if ns, ok := times(i); ok {
					blocks[ns] = true
				}
			}
		}
	}
	// With fewer than three blocks nothing shows whether values are running totals.
	few := fewestBlocks
	// The capture to compare with has tables that have not come yet. Some are printed late, so a
	// stream waits for a while, but not forever.
	if c.opt.Like.lacks(tables) {
		few = mostWaited
	}
	if len(blocks) < few && !must {
		return nil
	}
	return c.start()
}

// complete hands out the buckets that nothing more will come for. A bucket of blocks is complete
// when a later block has come; one of events, when the time has gone on by as much as they may be
// late.
func (s *Stream) complete(all bool) []Interval {
	t := s.counting.tally
	c := t.counts
	if t.level != t.last {
		t.flushLevels() // nothing more comes for their block
	}
	end := int64(math.MaxInt64)
	if !all {
		if end = c.grid.ofBlock(t.last); c.grid.block == 0 {
			end = c.grid.ofEvent(t.last - int64(lateness))
		}
	}
	var numbers []int64
	for n := range c.all {
		if n < end {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var out []Interval
	for _, n := range numbers {
		if s.started && n < s.next {
			continue // later than late
		}
		// Silent buckets have no row here, but a watch must see that nothing happened. A longer
		// gap is taken for a pause of the tracer, and left out.
		if s.started && n-s.next <= longestPause {
			for ; s.next < n; s.next++ {
				out = append(out, s.interval(s.next))
			}
		}
		out = append(out, s.interval(n))
		s.next, s.started = n+1, true
	}
	// What was handed out is forgotten.
	for first := range c.pages {
		if first+pageSize <= s.next-1 {
			delete(c.pages, first)
		}
	}
	for n := range c.levels {
		if n < s.next-1 {
			delete(c.levels, n)
		}
	}
	// The page used last may be one of those.
	c.at = nil
	// What a stream counted is merged with nothing.
	c.seen.runs = c.seen.runs[max(0, len(c.seen.runs)-1):]
	s.forget()
	return out
}

// manySources are more than most streams have.
const manySources = 1 << 10

// forget drops what is known of sources that do nothing any more, once they are many: names that
// never end, such as those of processes told apart by their numbers, would fill the memory. One
// that comes back is numbered anew.
func (s *Stream) forget() {
	t := s.counting.tally
	c := t.counts
	t.blocks.forget()
	for _, tm := range t.tables {
		tm.totals.forget()
	}
	if !s.started || c.sources.count() < s.many {
		return
	}
	// Whatever holds the number of a source has to be gone through: levels, what waits in the
	// tables, the cells of the pages, and the names of each table. Only what is met on the way
	// keeps a number.
	names, ids := newSourceNames(), map[int]int{}
	keep := func(source int) int {
		id, ok := ids[source]
		if !ok {
			id = names.number(c.sources.names[source])
			ids[source] = id
		}
		return id
	}
	levels := map[int64]*levelRow{}
	for n, from := range c.levels {
		if n < s.next {
			continue
		}
		levels[n] = &levelRow{}
		for i := range from.n {
			if from.n[i] > 0 {
				levels[n].take(keep(i), from, i)
			}
		}
	}
	partial := make(map[int]*levelPart, len(t.partial))
	for source, p := range t.partial {
		partial[keep(source)] = p
	}
	for _, tm := range t.tables {
		for i := range tm.pending {
			tm.pending[i].source = keep(tm.pending[i].source)
		}
		for i := range tm.totals.rows {
			tm.totals.rows[i].source = keep(tm.totals.rows[i].source)
		}
	}
	type cell struct {
		row    countRow
		source int
		v      float64
	}
	// Values are taken out before pages are laid out anew, as only then it is known for how many
	// sources they need room.
	var cells []cell
	for n, r := range c.all {
		if n < s.next {
			continue
		}
		for i, v := range r.counts() {
			if v != 0 {
				cells = append(cells, cell{r, keep(i), v})
			}
		}
	}
	for _, p := range c.pages {
		p.stride = names.count()
		p.values = make([]float64, p.stride*pageSize)
	}
	for _, k := range cells {
		k.row.counts()[k.source] = k.v
	}
	how := make([]howCounted, names.count())
	for source, id := range ids {
		how[id] = c.howOf(source)
	}
	for _, tm := range t.tables {
		sources := map[string]int{}
		for parts, source := range tm.sources {
			if id, ok := ids[source]; ok {
				sources[parts] = id
			}
		}
		tm.sources = sources
	}
	c.sources, c.levels, c.how, t.partial = names, levels, how, partial
	s.many = max(manySources, 2*names.count())
}

// interval is a bucket to be handed out. A bucket in which nothing was counted has no sources.
func (s *Stream) interval(number int64) Interval {
	c := s.counting.tally.counts
	in := Interval{Start: time.Unix(0, c.grid.end(number-1)).UTC(), Counts: map[string]float64{}}
	r := c.row(number)
	names := c.sources.names
	for i, v := range r.counts() {
		if v != 0 {
			in.Counts[strings.ReplaceAll(names[i], sourceSep, " ")] = v
		}
	}
	if l := c.levels[number]; l != nil {
		for i, n := range l.n {
			if n > 0 {
				v := l.value(i)
				if c.howOf(i) == leveled {
					v /= float64(n)
				}
				in.Counts[strings.ReplaceAll(names[i], sourceSep, " ")] = v
			}
		}
	}
	return in
}
