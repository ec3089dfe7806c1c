package dtracefs

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"

	"dtnotes/dtracefs/internal/syntax"
)

// A fastCount counts the lines of a large capture without making tables of them. It knows no
// form: it knows where in a line the time and the numbers that count stand, and asks the decoder,
// once for each different rest of a line, what such a line is. A chunk in which a line is
// anything else is left to the decoder as a whole. It is used only if it counts the sample as the
// decoder does.
//
// In the line "syscall nginx 12" under a clock, for example, the value is 12 and the rest
// "syscall nginx". The decoder says of that rest once that it is one row of the activity, of the
// source nginx; from then on a line with it costs one look-up.
//
// Chunks are read side by side, by a [fastLines] each, and counted in their order.
type fastCount struct {
	t      *tally
	layout layout
	log    bool // the rows have times of their own
	totals bool // there are running totals

	heading  []byte // names the columns of CSV; it may come again
	preamble bool   // what stands before the first line that counts is let pass: it is of a sample

	mu      sync.Mutex // of all below, and of the sources of the tally
	ask     *scanner   // decodes single lines, with what it learned from the sample
	context []byte     // lines of the sample among which a line of a log is decoded
	rows    map[tableID]int
	known   map[string][]fastCell // what was asked, by the rests of the lines
	asked   int
}

// A fastLines reads the lines of a chunk into a log of numbers, which commit counts when the
// chunk's turn comes. It writes nothing that others read, but for what is asked, under the lock.
type fastLines struct {
	*fastCount
	memo   *prefixTable // of rests of lines: the first of their cells, and how many
	cells  []fastCell
	stamp  []byte // the last clock
	at     int64  // its time
	clocks clockShape
	label  []byte  // what stands before a clock that has a label
	ns     int64   // the time in force
	seen   extents // of a log, those of the day aside
	ofDay  bool
	timed  bool  // there is one
	booked int64 // the time that stands last in the log
	low    int64 // with high, the times of the bucket that is last in the log of a log
	high   int64
	inside []byte // digits with which the numbers of nothing but times of that bucket start
	from   int64  // the time of those digits with zeros behind them
	unit   int64  // ns of the last digit
	key    []byte
	rest   []byte // a line without its value

	log []fastEntry
	// events are those of a log in the bucket at hand, by cell, that are not in the log of numbers
	// yet.
	events []int64
	some   []int32 // the cells that have such events
	drops  []Drop
	n      int // lines of the chunk that were read
}

// A fastCell is what a number of a line is: that of a source, and perhaps a running total.
type fastCell struct {
	source int32
	tm     *tableTally
	total  *runningTotal
}

// A fastEntry is a number that counts; or, where its source means endOfBlock, the time of the
// numbers that follow.
type fastEntry struct {
	value  int64
	source int32
	cell   int32 // of a running total
}

const (
	endOfBlock = -1
	endOfDaily = -2 // a time of the day
)

// contextLines is how many lines of a log show the decoder what a line among them is: shapes are
// learned from so many.
const contextLines = 200

// mostAsked bounds the different rests of lines that are worth to be remembered. A capture with
// more, such as one with a number in each name, is decoded: asking costs more than decoding.
const mostAsked = 1 << 16

// newFastCount returns a counter of lines that have the layout, which adds to t. ask must have
// decoded the sample.
func newFastCount(t *tally, l layout, ask *scanner) *fastCount {
	f := &fastCount{t: t, layout: l, ask: ask, known: map[string][]fastCell{}, log: t.tables[0].log}
	f.totals = slices.ContainsFunc(t.tables, func(tm *tableTally) bool { return tm.As == AsTotal })
	return f
}

// learn takes over what lines of another count of the same sources are, but for running totals:
// those have what they were in the other count.
func (f *fastCount) learn(from *fastCount) {
	for rest, cells := range from.known {
		if slices.ContainsFunc(cells, func(c fastCell) bool { return c.total != nil }) {
			continue
		}
		// The other count is given up, so its cells may be written over.
		for i, c := range cells {
			name := from.t.counts.sources.names[c.source]
			cells[i] = fastCell{source: int32(f.t.counts.sources.number(name)), tm: f.t.tables[slices.Index(from.t.tables, c.tm)]}
		}
		f.known[rest] = cells
	}
}

// lines returns a reader of chunks, for one goroutine at a time.
func (f *fastCount) lines() *fastLines { return &fastLines{fastCount: f, memo: newPrefixTable()} }

// among lets lines of a log be decoded among some of the sample: there a name with a blank in it
// can be told from two words. It notes how many rows those make by themselves, so that the row of
// one more line is the next. An event log needs none: its format is known since the sample.
func (f *fastCount) among(sample []byte) {
	if f.layout.timed != timeFirst {
		return
	}
	if st, ok := f.ask.reader.(*station); ok && st.log.writer != nil {
		return
	}
	at := len(sample) / 2
	at += bytes.IndexByte(sample[at:], '\n') + 1
	end := at
	// Where the sample ends before there are as many, no end of a line is found, and the offset
	// stays.
	for range contextLines {
		end += bytes.IndexByte(sample[end:], '\n') + 1
	}
	f.context, f.rows = sample[at:end], map[tableID]int{}
	b := f.ask.batch(chunk{data: bytes.Clone(f.context), line: 1})
	for _, t := range b.Tables {
		f.rows[idOf(t)] = t.NumRows()
	}
}

// chunk reads a chunk, and returns whether every line of it is what is expected. Otherwise
// nothing of it must be counted. A chunk starts without a time, since the one before it may still
// be read: where times stand above rows, chunks are cut before a clock.
func (f *fastLines) chunk(data []byte) bool {
	f.bookEvents() // of a chunk that was given up
	f.log, f.drops, f.n, f.timed = f.log[:0], f.drops[:0], 0, false
	// With the lower bound above the upper one no time is inside, so the first event starts a
	// bucket.
	f.booked, f.low, f.high, f.inside = 0, 0, -1, f.inside[:0]
	if f.layout.timed == timeAbove && !f.layout.maps {
		// A line under a clock rarely has fewer bytes.
		f.log = slices.Grow(f.log, len(data)/16)
	}
	f.seen.reach, f.seen.runs = f.t.counts.seen.reach, f.seen.runs[:0]
	for at := 0; ; {
		if f.layout.timed == timeAbove && f.layout.values == valueLast && f.layout.n == 1 && !f.layout.maps {
			at = f.knownLines(data, at)
		}
		if len(f.inside) > 0 && f.layout.values == valueNone {
			at = f.knownEvents(data, at)
		}
		n := -1
		if at < len(data) {
			n = bytes.IndexByte(data[at:], '\n')
		}
		if n < 0 {
			f.bookEvents()
			return syntax.Blank(data[at:]) // the last line, perhaps cut
		}
		line := data[at : at+n]
		at, f.n = at+n+1, f.n+1
		if n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 || f.line(line) {
			continue
		}
		if !(f.preamble && len(f.log) == 0) && string(line) != string(f.heading) {
			return false
		}
	}
}

// knownLines reads the lines from an offset on that are known, and returns the offset of the
// first that is not. They are most, and this is the inner loop of counting. It must do what
// lineOfBlock does with such a line, and gives everything else to it.
func (f *fastLines) knownLines(data []byte, at int) int {
	if !f.timed {
		return at
	}
	// What changes in each turn is kept apart: the compiler cannot know that nobody else sees it.
	log, cells, memo, lines := f.log, f.cells, f.memo, 0
	// Wherever this ends, the line at the offset is untouched, so that it can be read anew.
	for {
		n := bytes.IndexByte(data[at:], '\n')
		end := at + n
		if n <= 0 || end < 8 {
			break
		}
		// As in lastDigits, but that a line may be shorter than what is read at once.
		word := binary.LittleEndian.Uint64(data[end-8:end]) ^ zeros
		// The end of the line before is no digit, so none of that line's are taken. Nor is a
		// carriage return: lines that end with one have no digits here.
		digits := bits.LeadingZeros64(oddBytes(word)) / 8
		blank := end - digits - 1
		if digits == 0 || digits == 8 || blank <= at || data[blank] != ' ' {
			break
		}
		v := number(word & (^uint64(0) << (8 * (8 - digits))))
		for blank > at && data[blank-1] == ' ' {
			blank--
		}
		slot := memo.find(data[at:blank])
		// No cell is a row that does not count, such as one of another kind; more cells are not
		// for this loop.
		if slot.free() || slot.b > 1 || slot.b < 0 {
			break
		}
		if slot.b == 1 {
			log = append(log, fastEntry{value: v, source: cells[slot.a].source, cell: slot.a})
		}
		at, lines = end+1, lines+1
	}
	f.log, f.n = log, f.n+lines
	return at
}

// line reads a line.
func (f *fastLines) line(line []byte) bool {
	switch {
	case f.layout.maps:
		return f.jsonMaps(line)
	case f.layout.timed == timeAbove:
		return f.lineOfBlock(line)
	case f.layout.values == valueNone:
		return f.event(line)
	}
	head, rest, v, ok := f.cut(line)
	if !ok {
		return f.odd(line)
	}
	// What stands before the time may say whose line it is as well, so both are asked for together:
	// in `{"name":"nginx","time":…}` the name comes first.
	if len(head) > 0 {
		f.key = append(append(f.key[:0], head...), rest...)
		rest = f.key
	}
	return f.entry(line, rest, &v)
}

// lineOfBlock reads a line under a clock, or a clock. Clocks that look like the last one come
// first, and then the lines that are known. No clock is among those, as what is left of it without
// its value was never asked with success.
func (f *fastLines) lineOfBlock(line []byte) bool {
	if c, ok := f.clocks.read(line); ok && len(line) == len(f.clocks.text) {
		f.setTime(c, line)
		return true
	}
	var rest []byte
	var v tail
	var ok bool
	if f.timed {
		if f.layout.values == valueLast && f.layout.n == 1 {
			// A blank at the end of a line is rare, and only the slower way expects it.
			if rest, v[0], ok = cutValue(line); !ok {
				rest, v, ok = f.cutValues(line)
			}
			for ok && len(rest) > 0 && rest[len(rest)-1] == ' ' {
				rest = rest[:len(rest)-1]
			}
		} else {
			rest, v, ok = f.cutValues(line)
		}
		if ok = ok && len(rest) > 0; ok {
			if slot := f.memo.find(rest); !slot.free() {
				f.put(slot, &v)
				return true
			}
		}
	}
	// A clock comes before what is asked for as a row, since some end in a number: that of ctime,
	// `Sat Nov 28 20:15:05 2026`, is words and the number 2026.
	if clock, ok := f.clockOf(line); ok {
		f.setTime(clock, line)
		return true
	}
	if f.gluedRow(line) {
		return true
	}
	if ok {
		return f.entry(line, rest, &v)
	}
	return f.odd(line)
}

// clockOf reads a line that is a clock: alone, or as the decoder says, behind a label.
func (f *fastLines) clockOf(line []byte) (c syntax.Clock, ok bool) {
	// Clocks start with a digit, the name of a day or month, or a bracket.
	if b := line[0]; (b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b == '[') && line[len(line)-1] != ' ' {
		if c, text, ok := clockLine(line); ok && (len(text) == 0 || text[0] == ',') {
			if len(text) == 0 {
				f.clocks.learn(line, c)
			}
			return c, true
		}
	}
	label, c, ok := labelOfClock(line)
	if !ok || len(label) == 0 || string(label) != string(f.label) && !f.isClock(line) {
		return c, false
	}
	f.label = append(f.label[:0], label...)
	f.clocks.learn(line, c)
	return c, true
}

// isClock asks whether a line is a clock with a label. The decoder takes it for one only if it
// knows the label; its answer holds for the label, which is remembered.
func (f *fastLines) isClock(line []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked++; f.asked > mostAsked {
		return false
	}
	b := f.ask.batch(chunk{data: append(bytes.Clone(line), '\n'), line: 1})
	return len(b.stamps) == 1 && len(b.Unparsed) == 0
}

// gluedRow reads the first row of a block that stands on the line of its clock.
func (f *fastLines) gluedRow(line []byte) bool {
	// A clock starts here with a digit or with the name of a day or a month, so a look at one byte
	// spares the parsing of other lines.
	if line[0]-'0' > 9 && (line[0] < 'A' || line[0] > 'Z') {
		return false
	}
	c, n, ok := syntax.ParseClock(line)
	if !ok || n == len(line) || line[n] != ' ' {
		return false
	}
	rest, v, ok := f.cutValues(line[n:])
	if !ok || len(rest) == 0 {
		return false
	}
	f.setTime(c, line[:n])
	// The decoder is asked for the line as a whole, clock and all, and may take it for something
	// else than the row alone. So these rows have keys of their own.
	f.key = append(append(f.key[:0], 0), rest...)
	slot := f.memo.find(f.key)
	if slot.free() {
		if slot = f.askFor(f.key, line, nil, v[:f.layout.n]); slot == nil {
			return false
		}
	}
	f.put(slot, &v)
	return true
}

// setTime takes over the time of the lines that follow. The text is kept, so that the same clock
// on the next lines is known by its bytes.
func (f *fastLines) setTime(c syntax.Clock, text []byte) {
	f.ns, f.ofDay, f.timed = c.In(f.t.location), c.Form == syntax.TimeOfDay, true
	f.stamp, f.at = append(f.stamp[:0], text...), f.ns
	if f.layout.timed == timeAbove {
		f.bookTime()
	}
}

// bookTime writes the time in force to the log. Times of the day are written as such: which day
// it is depends on the chunks before, and is known when this one is counted.
func (f *fastLines) bookTime() {
	what := int32(endOfBlock)
	if f.ofDay {
		what = endOfDaily
	}
	f.log = append(f.log, fastEntry{value: f.ns, source: what})
	f.booked = f.ns
}

// entry books a line, and asks what it is if that is not known.
func (f *fastLines) entry(line, rest []byte, v *tail) bool {
	slot := f.memo.find(rest)
	if slot.free() {
		var under []byte
		if f.layout.timed == timeAbove {
			if !f.timed {
				return f.odd(line)
			}
			under = f.stamp
		}
		if slot = f.askFor(rest, line, under, v[:f.layout.n]); slot == nil {
			return f.odd(line)
		}
	}
	f.put(slot, v)
	return true
}

// put books the numbers of a line that is known. A time that differs from that of the line before
// stands before them. In a log of events only the bucket matters, so the time is written again
// when the next event is in another one.
func (f *fastLines) put(slot *prefixSlot, v *tail) {
	// A line that does not count needs no time, and a time above lines was booked when it was read.
	if f.layout.timed != timeAbove && slot.b > 0 {
		switch {
		case !f.fastCount.log:
			if f.ns != f.booked || len(f.log) == 0 {
				f.bookTime()
			}
		case f.ns < f.low || f.ns > f.high:
			f.bookEvents()
			f.bookTime()
			// The bucket of a time of the day depends on the day, which is not known here: only the
			// very same time is certain to be of the same bucket.
			f.low, f.high = f.ns, f.ns
			if g := f.t.counts.grid; !f.ofDay {
				f.low = g.end(g.ofEvent(f.ns) - 1)
				f.high = f.low + g.every - 1
			}
			f.findInside()
		}
		// Times of the day are all booked one by one, and marked when the chunk is counted.
		if f.fastCount.log && !f.ofDay {
			f.seen.mark(f.ns)
		}
	}
	if f.layout.values == valueNone && f.fastCount.log {
		// All events of a bucket count alike, so they are added up before they are booked.
		for cell := slot.a; cell < slot.a+slot.b; cell++ {
			if f.events[cell] == 0 {
				f.some = append(f.some, cell)
			}
			f.events[cell]++
		}
		return
	}
	for k := range slot.b {
		cell := slot.a + k
		f.log = append(f.log, fastEntry{value: v[k], source: f.cells[cell].source, cell: cell})
	}
}

// bookEvents writes to the log how many events of the bucket at hand each source has.
func (f *fastLines) bookEvents() {
	for _, cell := range f.some {
		f.log = append(f.log, fastEntry{value: f.events[cell], source: f.cells[cell].source, cell: cell})
		f.events[cell] = 0
	}
	f.some = f.some[:0]
}

// findInside finds the digits by which alone a time is known to be of the bucket at hand. With
// buckets of a second and times in ns, a time that starts with the same ten digits is, whatever
// the nine others are: reading these would be most of the work.
func (f *fastLines) findInside() {
	base, unit := int64(0), f.clocks.unit
	if t := f.t.tables[0]; f.numeric() {
		base, unit = t.anchor, t.unit
	} else if f.clocks.n == 0 || f.clocks.frac > 0 || f.clocks.at > 0 {
		return
	}
	f.inside = f.inside[:0]
	if unit <= 0 || f.layout.timed != timeFirst {
		return
	}
	v, low, high := (f.ns-base)/unit, ceilDiv(f.low-base, unit), floorDiv(f.high-base, unit)
	m, digits := int64(1), len(f.stamp)
	// Each turn leaves out one digit more, as long as the least and the greatest number that start
	// with those that are left lie in the bucket. The bound keeps the product within 64 bits.
	for digits > 1 && m < 1e17 && v/(m*10)*(m*10) >= low && v/(m*10)*(m*10)+m*10-1 <= high {
		m, digits = m*10, digits-1
	}
	if m > 1 {
		f.inside = append(f.inside, f.stamp[:digits]...)
		f.from, f.unit = base+v/m*m*unit, unit
	}
}

// odd takes what the tracer says about itself. Drops are counted here, as any chunk may have
// some; all else makes the chunk one for the decoder.
func (f *fastLines) odd(line []byte) bool {
	if syntax.Blank(line) {
		return true
	}
	m, ok := syntax.ParseMessage(line)
	if !ok || m.Kind != "drop" {
		return false
	}
	d := Drop{Kind: m.DropKind, Count: m.N, Text: string(bytes.TrimSpace(line))}
	if m.CPU >= 0 {
		d.CPU = &m.CPU
	}
	f.drops = append(f.drops, d)
	return true
}

// askFor asks what lines of a rest are, and remembers it; nil if such lines do not count by
// themselves. All readers share what was asked, and each has a memo of its own that needs no
// lock.
func (f *fastLines) askFor(rest, line, under []byte, values []int64) *prefixSlot {
	f.mu.Lock()
	defer f.mu.Unlock()
	cells, known := f.known[string(rest)]
	if !known {
		if f.asked++; f.asked > mostAsked {
			return nil
		}
		b := f.batchOf(line, under)
		if b == nil {
			return nil
		}
		var ok bool
		if cells, ok = f.cellsOf(b, values); !ok {
			return nil
		}
		f.known[string(rest)] = cells
	}
	return f.remember(rest, cells)
}

// remember notes what lines of a rest are.
func (f *fastLines) remember(rest []byte, cells []fastCell) *prefixSlot {
	f.memo.put(f.memo.find(rest), rest, int32(len(f.cells)), int32(len(cells)))
	f.cells, f.events = append(f.cells, cells...), append(f.events, make([]int64, len(cells))...)
	return f.memo.find(rest)
}

// cellsOf returns what the numbers of a line are that was decoded: it must have made one row that
// is counted for each of the values, in their order, or none at all in a table that is not
// counted. Comparing the values makes sure that the layout found the number that the decoder did.
func (f *fastCount) cellsOf(b *Batch, values []int64) (cells []fastCell, ok bool) {
	rows := 0
	for _, tm := range f.t.tables {
		for _, table := range b.Tables {
			if idOf(table) != tm.id {
				continue
			}
			table = zonedAs(table, tm.zone)
			at := f.rows[tm.id]
			if table.NumRows() != at+1 {
				return nil, false
			}
			rows++
			// A row of a kind that is not counted was understood all the same: it is known as a
			// line without cells.
			if kinds := f.t.m.Kinds; kinds != nil {
				if c := table.Column(f.t.m.kindColumn); c != nil && !slices.Contains(kinds, c.Text(at)) {
					continue
				}
			}
			if tm.As != AsEvents {
				v := table.Column(tm.Value)
				if k := len(cells); v == nil || v.typ != Int || v.unsigned || v.Null(at) || k >= len(values) || v.ints[at] != values[k] {
					return nil, false
				}
			}
			cell := fastCell{source: int32(f.t.source(tm, columnsNamed(table, tm.By), at)), tm: tm}
			if tm.As == AsTotal {
				cell.total = tm.totals.of(appendRowKey(nil, columnsNamed(table, tm.keys), at))
			}
			cells = append(cells, cell)
		}
	}
	return cells, rows > 0 && (len(cells) == len(values) || len(cells) == 0)
}

// batchOf decodes a line, under a clock if there is one; nil if it is anything but rows.
func (f *fastCount) batchOf(line, under []byte) *Batch {
	var text []byte
	if under != nil {
		text = append(append(text, under...), '\n')
	}
	text = append(append(append(text, f.context...), line...), '\n')
	b := f.ask.batch(chunk{data: text, line: 1})
	if len(b.Unparsed) > 0 || len(b.Notices) > 0 || len(b.Drops) > 0 || len(b.Errors) > 0 {
		return nil
	}
	return b
}

// commit counts what was read of a chunk. It runs when all chunks before are counted, and alone.
func (f *fastLines) commit() {
	t := f.t
	t.forgetSpans()
	var s span
	var row []float64
	var at int64
	for i := 0; i < len(f.log); i++ {
		// Nearly all entries are of a bucket, and of a source that it has room for already.
		if !f.totals {
			i += book(row, f.log[i:])
			if i == len(f.log) {
				break
			}
		}
		e := &f.log[i]
		switch {
		case e.source < 0:
			if at = e.value; e.source == endOfDaily {
				at = t.day.next(at)
			}
			// A block of several buckets has no one row: its numbers are spread below.
			s, row = f.block(at), nil
			if s.n == 1 {
				row = s.row.counts()
			}
		case f.totals && f.cells[e.cell].total != nil:
			c := &f.cells[e.cell]
			t.total(c.tm, c.total, noPrint, at, int(e.source), totalValue{whole: e.value})
		case s.n == 1:
			// To make room for the source, all values of the page may move, so the row is looked up
			// again.
			t.counts.add(s.row, int(e.source), float64(e.value))
			row = s.row.counts()
		default:
			t.counts.spread(s, int(e.source), e.value)
		}
	}
	t.counts.seen.addAll(&f.seen)
	t.counts.Drops = append(t.counts.Drops, f.drops...)
}

// book adds the numbers that a log starts with to the counts of a bucket, up to the first time or
// source without room, and returns how many these are.
func book(row []float64, log []fastEntry) int {
	for i := range log {
		// A time has no number of a source, but one below zero, and so stands behind all.
		source := uint(uint32(log[i].source))
		if source >= uint(len(row)) {
			return i
		}
		row[source] += float64(log[i].value)
	}
	return len(log)
}

// block is the span of the numbers of a time, and books the time as a tally does.
func (f *fastCount) block(ns int64) span {
	t := f.t
	switch {
	case !f.log && !f.totals && ns > t.last && t.last != 0:
		// In their order, as blocks nearly always are, they need not be remembered.
		s := t.counts.spanOf(t.last, ns)
		t.counts.seen.mark(ns)
		t.last = ns
		return s
	// Running totals are counted when their block is over, and a time out of order may come again,
	// so these blocks are remembered.
	case !f.log:
		return t.ended(ns)
	}
	t.last = max(t.last, ns)
	t.counts.seen.mark(ns)
	number := t.counts.grid.ofEvent(ns)
	s := span{last: number, n: 1, row: t.counts.row(number)}
	s.row.use()
	return s
}
