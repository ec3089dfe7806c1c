package dtracefs

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// A tally counts the tables of a capture, batch by batch, as a measure says. Batches must come in
// the order of the text, as running totals and the time that a block covers need the block
// before.
type tally struct {
	m      *Measure
	counts *Counts
	tables []*tableTally

	begin   int64              // the first time at which a block ended
	last    int64              // the last one
	spans   map[int64]span     // of the block ends of the batch at hand
	end     int64              // the one that was looked up last
	span    span               // what it covers; of no bucket if there is none
	level   int64              // the time that partial belongs to
	partial map[int]*levelPart // levels of the sources in the block at hand
	resets  int                // running totals that fell
	left    int                // rows printed at exit, under no clock of their own
	undated int                // rows without a time
	wordy   int                // rows whose value is no number, unlike those of the sample
	known   map[tableID]bool   // the tables of the sample
	late    map[string]int     // rows of tables that the sample did not have
	early   int                // rows before the first clock, if clocks are printed before rows
	day     dayClock
	clocks  map[*Column][]int64 // the times that texts of the batch at hand tell

	location *time.Location // of dates without a zone
	blocks   blockNumbers
}

// A tableTally is the counting of one table's values.
type tableTally struct {
	*TableMeasure
	combine combine
	totals  totals
	stamp   int64          // the clock of the block at hand
	prints  map[int64]bool // numbers of the blocks under it
	pending []pendingRow   // what more blocks under it hold than usual
	sources map[string]int // by the parts of their names
	buf     []byte
}

// A pendingRow is a row that waits for a clock of its own (see [tally.count]).
type pendingRow struct {
	ns     int64
	source int
	value  int64
}

// combine is how levels of one source in one block go together. The sizes of a process's threads
// add up, but the mean of their latencies is no sum.
type combine uint8

const (
	addUp combine = iota
	average
	least
	most
)

// A levelPart is what is known of a level in the block at hand.
type levelPart struct {
	v float64
	n int
	c combine
}

// combineOf returns how the levels of a column go together, by its name. Names that say nothing
// add up, such as size and rss.
func combineOf(name string) combine {
	low := strings.ToLower(name)
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch w {
		case "min":
			return least
		case "max":
			return most
		case "avg", "average", "mean", "median", "stddev", "std", "await", "lat", "latency", "temp":
			return average
		}
	}
	return addUp
}

// newTally returns the counting by a measure of a capture whose first block ends at first. Where
// buckets are about as wide as the blocks, a bucket ends where the first block does: each block
// then falls into a bucket of its own, rather than half into one and half into the next.
func newTally(m *Measure, first int64) *tally {
	g := grid{every: int64(m.Every), block: int64(m.block)}
	// Blocks without clocks are numbered, and so always punctual.
	if m.block > 0 && m.Clock != ClockBlocks && g.every*4 < g.block*5 && g.every*5 > g.block*4 {
		g.endAt(first)
	}
	t := &tally{m: m, counts: newCounts(g, newSourceNames()), spans: map[int64]span{}, partial: map[int]*levelPart{}, clocks: map[*Column][]int64{}, known: map[tableID]bool{}, late: map[string]int{}}
	t.counts.measure, t.counts.seen.reach = m, extentReach(m)
	for i := range m.Tables {
		tm := &m.Tables[i]
		t.tables = append(t.tables, &tableTally{
			TableMeasure: tm, combine: combineOf(tm.Value), prints: map[int64]bool{}, sources: map[string]int{},
		})
	}
	return t
}

// know takes the tables of a part of the sample, which the measure is made of.
func (t *tally) know(tables []*Table) {
	for _, table := range tables {
		t.known[idOf(table)] = true
	}
}

// add counts a batch. stamps are the clocks that were printed in it, in their order.
func (t *tally) add(tables []*Table, stamps []int64) {
	t.early += t.unclocked(tables)
	clear(t.clocks)
	t.mark(tables, stamps)
	for _, table := range tables {
		if _, text := unlearnable[table.Kind]; !text && !t.known[idOf(table)] {
			t.late[table.Name] += table.NumRows()
		}
	}
	for _, tm := range t.tables {
		for _, table := range tables {
			if idOf(table) == tm.id {
				t.table(tm, table)
			}
		}
	}
}

// unclocked counts the rows of a capture that stand under no clock, where clocks are printed before
// what is counted: as where a part starts in the middle of a block.
func (t *tally) unclocked(tables []*Table) (rows int) {
	if t.last != 0 || t.tables[0].timing != byStamp {
		return 0
	}
	for _, table := range tables {
		_, text := unlearnable[table.Kind]
		counted := slices.ContainsFunc(t.tables, func(tm *tableTally) bool { return tm.id == idOf(table) })
		if !text && !counted && table.Column("time") == nil {
			rows += table.NumRows()
		}
	}
	return rows
}

// mark finds the ends of the blocks in a batch and what time each covers. All of them must be
// known before the first value is counted: several tables share the blocks, and a clock under
// which nothing was printed ends a block too, one in which every count is 0. A log has no blocks.
func (t *tally) mark(tables []*Table, stamps []int64) {
	t.forgetSpans()
	ends := map[int64]bool{}
	stamped := false
	for _, tm := range t.tables {
		stamped = stamped || tm.timing == byStamp
		if tm.log {
			continue
		}
		for _, table := range tables {
			if idOf(table) != tm.id {
				continue
			}
			times := t.times(tm, table)
			last := int64(math.MinInt64)
			for i := range table.NumRows() {
				// Rows of a block nearly always follow each other.
				if ns, ok := times(i); ok && ns != last {
					ends[ns] = true
					last = ns
				}
			}
		}
	}
	if stamped {
		for _, ns := range stamps {
			ends[ns] = true
		}
	}
	// In the order of time, as what a block covers starts where the one before it ends.
	for _, ns := range slices.Sorted(maps.Keys(ends)) {
		t.ended(ns)
	}
}

// forgetSpans forgets the blocks of the batch before, so that memory does not grow with the
// capture, but for those whose running totals are still to be counted.
func (t *tally) forgetSpans() {
	kept := make([]span, len(t.tables))
	for i, tm := range t.tables {
		kept[i] = t.spans[tm.totals.at]
	}
	clear(t.spans)
	t.span = span{}
	for i, tm := range t.tables {
		if kept[i].n > 0 {
			t.spans[tm.totals.at] = kept[i]
		}
	}
}

// ended returns what the block that ends at ns covers, and books that time when the block comes
// first. The time since the block before is what it covers, so that a tick that came late is no
// quiet second.
func (t *tally) ended(ns int64) span {
	// The rows of a block follow each other.
	if t.span.n == 0 || ns != t.end {
		s, ok := t.spans[ns]
		if !ok {
			s = t.firstEnd(ns)
			t.spans[ns] = s
		}
		t.end, t.span = ns, s
	}
	return t.span
}

// firstEnd returns what the block covers that ends at ns, which did not come before, and books its
// time.
func (t *tally) firstEnd(ns int64) (s span) {
	if t.begin == 0 {
		t.begin = ns
	}
	t.counts.seen.mark(ns)
	switch number := t.counts.grid.ofBlock(ns); {
	case t.last != 0 && ns <= t.last && t.last-ns <= longestBlock*max(t.counts.grid.block, 1):
		// A time out of order, as where it is a key: the bucket was covered before, or was skipped.
		s = span{last: number, n: 1, row: t.counts.row(number)}
		if s.row.time() == 0 {
			s.row.pass(t.counts.grid.block)
		}
	case ns < t.last:
		s = t.counts.spanOf(0, ns) // an older run, appended or a key
		t.last = ns
	default:
		s = t.counts.spanOf(t.last, ns)
		t.last = ns
	}
	return s
}

// times returns how the time of a table's row is read, in ns of the measure's clock; false if the
// row has none.
func (t *tally) times(tm *tableTally, table *Table) func(i int) (int64, bool) {
	if tm.timing == byBlock {
		b := table.Column("block")
		if b == nil || b.typ != Int {
			return func(int) (int64, bool) { return 0, false }
		}
		return func(i int) (int64, bool) { return t.blocks.ordinal(b.ints[i]) * int64(t.m.block), !b.Null(i) }
	}
	col := table.Column(tm.Time)
	if col != nil && col.typ == String {
		// A batch is gone through twice, to find its blocks and to count. A second reading of times
		// of the day would begin behind the end of the first, and so on the next day.
		known := t.clocks[col]
		if known == nil {
			known = t.readClocks(col)
			t.clocks[col] = known
		}
		return func(i int) (int64, bool) {
			v := known[i]
			return v, v != math.MinInt64 && !col.Null(i)
		}
	}
	return func(i int) (int64, bool) {
		ns, ok := timeAt(col, i, tm.unit)
		return ns + tm.anchor, ok
	}
}

// readClocks reads the texts of a column that are times, row by row: the same time of the day may
// come again on the next day. A text that is none is math.MinInt64.
func (t *tally) readClocks(col *Column) []int64 {
	// The same clock stands on many rows: each is parsed once.
	clocks := make([]syntax.Clock, len(col.words.values))
	for code, text := range col.words.values {
		var ok bool
		if clocks[code], _, ok = syntax.ParseClock([]byte(text)); !ok {
			clocks[code].NS = math.MinInt64
		}
	}
	times := make([]int64, len(col.codes))
	for i, code := range col.codes {
		c := &clocks[code]
		if times[i] = c.NS; c.Form == syntax.TimeOfDay && c.NS != math.MinInt64 && !col.Null(i) {
			times[i] = t.day.next(c.NS)
		}
	}
	return times
}

// A dayClock lets clocks without a date go on after midnight. A step back by more than twelve
// hours is one; smaller ones are rows out of order.
type dayClock struct {
	days, last int64
}

// next takes the next time of the day and returns the ns since the first midnight.
func (d *dayClock) next(ns int64) int64 {
	if ns < d.last-12*3600e9 {
		d.days++
	}
	d.last = ns
	return ns + d.days*24*3600e9
}

// time is the last time that it returned.
func (d *dayClock) time() int64 { return d.last + d.days*24*3600e9 }

// set lets it go on after a time that it may have returned, as a worker does whose chunk starts
// in the middle.
func (d *dayClock) set(ns int64) {
	d.days = floorDiv(ns, 24*3600e9)
	d.last = ns - d.days*24*3600e9
}

// blockNumbers numbers the blocks of tables that no clock tells apart, in the order they appear.
// Where the numbers of the decoder go up by more than one each time, since other things are printed
// between, so do these by one; a number that is left out is a block in which nothing was printed.
type blockNumbers struct {
	seen map[int64]int64
	last int64
}

func (b *blockNumbers) ordinal(number int64) int64 {
	if n, ok := b.seen[number]; ok {
		return n
	}
	if b.seen == nil {
		b.seen = map[int64]int64{}
	}
	b.last++
	b.seen[number] = b.last
	return b.last
}

// manyBlocks bounds how many blocks back a number may come again.
const manyBlocks = 1 << 12

// forget drops the numbers of blocks that are long over.
func (b *blockNumbers) forget() {
	if len(b.seen) > 2*manyBlocks {
		maps.DeleteFunc(b.seen, func(_, n int64) bool { return n <= b.last-manyBlocks })
	}
}

// table counts the rows of a table.
func (t *tally) table(tm *tableTally, table *Table) {
	table = zonedAs(table, tm.zone)
	times := t.times(tm, table)
	by, keys := columnsNamed(table, tm.By), columnsNamed(table, tm.keys)
	var value, block, kind *Column
	if tm.As != AsEvents {
		if value = table.Column(tm.Value); value == nil {
			return
		}
	}
	if tm.timing == byStamp && tm.atStamp > 0 {
		// Numbers of blocks are looked at only where it is known how many of them stand under one
		// clock.
		block = table.Column("block")
	}
	if t.m.Kinds != nil {
		kind = table.Column(t.m.kindColumn)
	}
	numberOf, n := wordNumbers(by, table.NumRows())
	sources := make([]int, n) // by those numbers, from 1; 0 is one that was not looked up yet
	for i := range table.NumRows() {
		if kind != nil && !slices.Contains(t.m.Kinds, kind.Text(i)) || value != nil && value.Null(i) {
			continue
		}
		ns, ok := times(i)
		if !ok {
			t.undated++
			continue
		}
		// The type of a column is found anew in each part, and is text where a single cell is no
		// number. The others still count.
		if value != nil && value.typ == String && math.IsNaN(value.Float(i)) {
			t.wordy++
			continue
		}
		source, print := 0, noPrint
		if n > 0 {
			source = sources[numberOf(i)] - 1
		}
		if n == 0 || source < 0 {
			if source = t.source(tm, by, i); n > 0 {
				sources[numberOf(i)] = source + 1
			}
		}
		if block != nil {
			print = block.ints[i]
		}
		switch {
		case tm.As == AsEvents:
			t.count(tm, print, ns, source, 1)
		case tm.As == AsGauge:
			t.gauge(tm, ns, source, value.Float(i))
		case tm.As == AsTotal:
			v := totalValue{part: value.Float(i)}
			if value.typ == Int && !value.unsigned {
				v = totalValue{whole: value.ints[i]}
			}
			tm.buf = appendRowKey(tm.buf[:0], keys, i)
			t.total(tm, tm.totals.of(tm.buf), print, ns, source, v)
		case value.typ != Int || value.unsigned:
			t.sum(ns, tm, source, value.Float(i))
		default:
			t.count(tm, print, ns, source, value.ints[i])
		}
	}
}

// columnsNamed returns the columns of those names, nil for one that the table lacks: the parts of
// a capture need not have the same columns.
func columnsNamed(t *Table, names []string) []*Column {
	out := make([]*Column, 0, len(names))
	for _, n := range names {
		out = append(out, t.Column(n))
	}
	return out
}

// sourceSep parts the columns of a source's name while it is counted.
const sourceSep = "\x1f"

// source returns the number of a row's source, whose name is made of the cells of its columns.
// Names of a table are looked up in a map of its own first: that of all sources is shared and
// locked.
func (t *tally) source(tm *tableTally, by []*Column, i int) int {
	b := tm.buf[:0]
	// Where several tables are counted, the same process has a source in each: its reads and its
	// writes.
	if len(t.m.Tables) > 1 || len(by) == 0 {
		b = append(b, tm.Kind...)
		if len(by) > 0 {
			b = append(b, sourceSep...)
		}
	}
	for k, c := range by {
		if k > 0 {
			b = append(b, sourceSep...)
		}
		switch {
		// A part that lacks the column has an empty cell there, so that the parts of a name stay at
		// their places.
		case c == nil:
		case c.typ == String:
			b = append(b, c.words.at(c.codes[i])...)
		case c.typ == Int && !c.unsigned && !c.Null(i):
			b = strconv.AppendInt(b, c.ints[i], 10)
		default:
			b = append(b, c.Text(i)...)
		}
	}
	tm.buf = b
	if n, ok := tm.sources[string(b)]; ok {
		return n
	}
	n := t.counts.sources.number(string(b))
	tm.sources[string(b)] = n
	if tm.As == AsGauge {
		t.counts.isLevel(n)
	}
	return n
}

// noPrint is the number of a print where it does not matter.
const noPrint = int64(-1)

// count adds v to a source at a time. What is printed once more under the last clock, as tracers
// do at exit, waits for a clock of its own. print numbers what is printed at once. At exit DTrace
// prints every aggregation once more, with what came since the last tick, below that tick's
// clock: counted there, the last second would hold more than a second.
func (t *tally) count(tm *tableTally, print, ns int64, source int, v int64) {
	if print != noPrint {
		if ns != tm.stamp {
			t.commit(tm)
			tm.stamp = ns
			clear(tm.prints)
		}
		tm.prints[print] = true
		if len(tm.prints) > tm.atStamp {
			tm.pending = append(tm.pending, pendingRow{ns, source, v})
			return
		}
	}
	t.book(tm, ns, source, v)
}

// commit counts the rows that waited: another clock came, so the end had not come yet.
func (t *tally) commit(tm *tableTally) {
	for _, p := range tm.pending {
		t.book(tm, p.ns, p.source, p.value)
	}
	tm.pending = tm.pending[:0]
}

// book adds to the bucket of an event's own time, or to the buckets that its block covers.
func (t *tally) book(tm *tableTally, ns int64, source int, v int64) {
	if tm.log {
		t.last = max(t.last, ns)
		t.counts.seen.mark(ns)
		number := t.counts.grid.ofEvent(ns)
		t.counts.add(t.counts.row(number), source, float64(v))
		return
	}
	s := t.ended(ns)
	if s.n == 1 {
		t.counts.add(s.row, source, float64(v))
		return
	}
	t.counts.spread(s, source, v)
}

// sum adds a number that is no integer. Such sums are kept with what rounding leaves out, so that
// the order of adding is all the same. A block of several buckets counts as a whole in the last
// one.
func (t *tally) sum(ns int64, tm *tableTally, source int, v float64) {
	if math.IsNaN(v) {
		return
	}
	number := t.counts.grid.ofEvent(ns)
	if tm.log {
		t.counts.seen.mark(ns)
	} else {
		number = t.ended(ns).last
	}
	t.counts.row(number)
	t.counts.isSum(source)
	r := t.counts.levelRow(number)
	r.add(source, v)
}

// gauge takes in a level of a source. Levels of one block go together as their kind asks: those
// of the threads of a process add up, and a mean is the mean of them. Blocks of one bucket are
// averaged. They wait in partial until the time changes, since only then the block is whole.
func (t *tally) gauge(tm *tableTally, ns int64, source int, v float64) {
	if math.IsNaN(v) {
		return
	}
	if ns != t.level {
		t.flushLevels()
		t.level = ns
	}
	p := t.partial[source]
	if p == nil {
		t.partial[source] = &levelPart{v, 1, tm.combine}
		return
	}
	p.n++
	switch p.c {
	case least:
		p.v = min(p.v, v)
	case most:
		p.v = max(p.v, v)
	default:
		p.v += v
	}
}

// flushLevels counts the levels of the block that ended.
func (t *tally) flushLevels() {
	if len(t.partial) == 0 {
		return
	}
	// Levels of a block stand where its counts do; single ones, as those of a log, at their own
	// time.
	number := t.counts.grid.ofEvent(t.level)
	if t.counts.grid.block > 0 {
		number = t.ended(t.level).last
	} else {
		t.counts.seen.mark(t.level)
	}
	t.counts.row(number)
	r := t.counts.levelRow(number)
	for source, p := range t.partial {
		v := p.v
		if p.c == average {
			v /= float64(p.n)
		}
		r.add(source, v)
	}
	clear(t.partial)
}

// finish ends the counting, and says what was left out. What still waits was printed at exit.
func (t *tally) finish() *Counts {
	t.flushLevels()
	for _, tm := range t.tables {
		// This comes first, as it may put rows among those that wait.
		t.endTotals(tm)
		t.left += len(tm.pending)
	}
	note := func(n int, format string) {
		if n > 0 {
			t.counts.Notes = append(t.counts.Notes, fmt.Sprintf(format, n))
		}
	}
	note(t.left, "left out %d rows that were printed at exit, under no clock of their own")
	note(t.early, "left out %d rows before the first clock: does it start in the middle of what was printed at one time?")
	note(t.undated, "left out %d rows without a time")
	note(t.wordy, "left out %d rows whose value is no number")
	for _, name := range slices.Sorted(maps.Keys(t.late)) {
		note(t.late[name], "left out %d rows of "+strings.ReplaceAll(Printable(name), "%", "%%")+", which is printed only after what tells how to count, the first megabyte")
	}
	note(t.resets, "%d running totals fell: each was reset and counts from 0")
	return t.counts
}
