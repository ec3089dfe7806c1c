package dtracefs

import (
	"bytes"
	"math"
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// A fastLines counts the lines of a large capture without making tables of them. It knows no form:
// it knows where in a line the time and the numbers that count stand, and asks the decoder, once for
// each different rest of a line, what such a line is. A chunk in which a line is anything else is
// left to the decoder as a whole. It is used only if it counts the sample as the decoder does.
type fastLines struct {
	t      *tally
	layout layout
	ask    *scanner // decodes single lines, with what it learned from the sample
	memo   *prefixTable
	known  []lineMeaning
	stamp  []byte // the last line that was a clock
	at     int64  // the time of the last line
	own    moment // tells the day of clocks without a date
	key    []byte
	log    []fastEntry // of the chunk at hand; a source of -1 is the end of a block
	drops  []Drop
	asked  int

	context []byte          // lines of the sample among which a line of a log is decoded
	rows    map[tableID]int // that the context makes

	heading  []byte // names the columns of CSV; it may come again
	preamble bool   // what stands before the first line that counts is let pass: it is of a sample
}

// A layout is where the time and the values of a line stand.
type layout struct {
	timed  timePlace
	values valuePlace
	n      int    // how many numbers count
	time   []byte // what stands before the time, where it stands within the line
	value  []byte // what stands before the value, where it does
	comma  bool   // cells are parted by commas
	field  [2]int // the cells of time and value then
	by     []int  // words of a row that say whose event it is; nil if the whole rest does
	words  int    // of a row of events
	digits uint64 // a bit for each that is a number
	maps   bool   // bpftrace's JSON: a line holds all entries of a map
}

type timePlace uint8

const (
	timeAbove  timePlace = iota // on a line of its own
	timeFirst                   // the line starts with it
	timeBehind                  // behind a name, as in JSON
	timeCell                    // in a cell of CSV
)

type valuePlace uint8

const (
	valueLast valuePlace = iota
	valueFirst
	valueBehind
	valueCell
	valueNone
)

// A lineMeaning is what lines of one rest are: a source for each number, and the key of its running
// total.
type lineMeaning struct {
	tables  []*tableTally
	sources []int
	keys    []string
}

// A fastEntry is a number that counts, of a line that means that; or, where it means endOfBlock, the
// time of the numbers that follow.
type fastEntry struct {
	value   int64
	meaning int32
	which   int32 // of the line's numbers
}

const endOfBlock = -1

// contextLines is how many lines of a log show the decoder what a line among them is.
const contextLines = 200

// among lets lines of a log be decoded among some of the sample: there a name with a blank in it can
// be told from two words.
func (f *fastLines) among(sample []byte) {
	if f.layout.timed != timeFirst {
		return
	}
	at := len(sample) / 2
	at += bytes.IndexByte(sample[at:], '\n') + 1
	end := at
	for range contextLines {
		end += bytes.IndexByte(sample[end:], '\n') + 1
	}
	f.context, f.rows = sample[at:end], map[tableID]int{}
	b := f.ask.batch(chunk{data: bytes.Clone(f.context), line: 1})
	for _, t := range b.Tables {
		f.rows[idOf(t)] = t.NumRows()
	}
}

// mostAsked bounds the different rests of lines that are worth to be remembered.
const mostAsked = 1 << 16

// newFastLines returns a counter of lines that have the layout, which adds to t. ask must have decoded
// the sample.
func newFastLines(t *tally, l layout, ask *scanner) *fastLines {
	return &fastLines{t: t, layout: l, ask: ask, memo: newPrefixTable()}
}

// layouts are those that lines counted as m says may have, the likeliest first.
func layouts(m *Measure, dl dialect, sample []byte) []layout {
	n := len(m.Tables)
	first := &m.Tables[0]
	for i := range m.Tables {
		t := &m.Tables[i]
		if t.As == AsGauge || t.As == AsDistribution || t.timing != first.timing || t.timing == byBlock || t.Table != first.Table && t.timing == byRow {
			return nil
		}
	}
	switch {
	case dl.name == "csv":
		return csvLayouts(m, sample)
	case dl.name == "json":
		return jsonLayouts(m)
	case dl.name == "bpftrace-json" && first.timing == byStamp:
		return []layout{{maps: true, n: 1}}
	case dl.name != "dtrace" && dl.name != "bpftrace":
		return nil
	case first.timing == byStamp:
		out := []layout{{values: valueLast, n: 1}, {values: valueFirst, n: 1}}
		if n > 1 {
			out = append(out, layout{values: valueLast, n: n})
		}
		return out
	case first.As == AsEvents:
		return eventLayouts(m, sample)
	}
	return []layout{{timed: timeFirst, values: valueLast, n: n}, {timed: timeFirst, values: valueFirst, n: 1}}
}

// jsonLayouts find time and value behind their names.
func jsonLayouts(m *Measure) []layout {
	t := &m.Tables[0]
	if len(m.Tables) > 1 || t.Time == "" {
		return nil
	}
	name := func(n string) []byte {
		if i := bytes.LastIndexByte([]byte(n), '.'); i >= 0 {
			n = n[i+1:]
		}
		return []byte(`"` + n + `":`)
	}
	l := layout{timed: timeBehind, time: name(t.Time), values: valueBehind, value: name(t.Value), n: 1}
	if t.As == AsEvents {
		return nil
	}
	return []layout{l}
}

// csvLayouts find the cells of time and value by the heading.
func csvLayouts(m *Measure, sample []byte) []layout {
	t := &m.Tables[0]
	if len(m.Tables) > 1 || t.As == AsEvents || csvSeparator(sample) != ',' {
		return nil
	}
	r := csvRecords{data: sample, sep: ','}
	c := csvText{}
	for {
		record, _, ok := r.next()
		if !ok {
			return nil
		}
		if record != nil {
			c.heading(record)
			break
		}
	}
	l := layout{timed: timeCell, values: valueCell, n: 1, comma: true, field: [2]int{-1, -1}}
	for i, name := range c.names {
		if name == t.Time {
			l.field[0] = i
		}
		if name == t.Value {
			l.field[1] = i
		}
	}
	if l.field[0] < 0 || l.field[1] < 0 {
		return nil
	}
	return []layout{l}
}

// eventLayouts find the words of a row that say whose event it is.
func eventLayouts(m *Measure, sample []byte) []layout {
	t := &m.Tables[0]
	l := layout{timed: timeFirst, values: valueNone, n: 1}
	if len(m.Tables) > 1 || !t.timeFirst {
		return nil
	}
	for _, place := range t.places {
		if place == 0 {
			return nil
		}
		l.by = append(l.by, place-1) // behind the time, which is the first
	}
	counts := map[shape]int{}
	var best shape
	cur := syntax.NewCursor(sample)
	for range rowsAhead {
		if cur.Done() {
			break
		}
		line, _ := cur.Next()
		if i := bytes.IndexByte(line, ' '); i > 0 {
			s := shapeOf(line[i:])
			if counts[s]++; counts[s] > counts[best] {
				best = s
			}
		}
	}
	l.words, l.digits = best.words, best.number
	if len(l.by) == 0 {
		return nil
	}
	return []layout{l}
}

// chunk counts a chunk, or nothing of it if it holds a line that is not what it expects.
func (f *fastLines) chunk(data []byte) bool {
	f.log, f.drops, f.at = f.log[:0], f.drops[:0], math.MinInt64
	saved := f.own
	last := int64(math.MinInt64)
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n')
		if n < 0 {
			n = len(data) // the last line, perhaps cut
			if len(bytes.TrimSpace(data)) > 0 {
				f.own = saved
				return false
			}
		}
		line := data[:n]
		data = data[min(n+1, len(data)):]
		if n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			continue
		}
		ns, ok := f.line(line, last)
		if !ok && !(f.preamble && len(f.log) == 0) && string(line) != string(f.heading) {
			f.own = saved
			return false
		}
		last = ns
	}
	f.commit()
	return true
}

// line counts a line. at is the time in force, and so is what it returns.
func (f *fastLines) line(line []byte, at int64) (ns int64, ok bool) {
	l := &f.layout
	if l.maps {
		return f.jsonMaps(line, at)
	}
	if l.timed == timeAbove {
		if c := line[0]; (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '[') && line[len(line)-1] != ' ' {
			if clock, text, ok := clockLine(line); ok && (len(text) == 0 || text[0] == ',') {
				return f.stampLine(line, clock)
			}
		}
		if at == math.MinInt64 {
			return at, syntax.Blank(line)
		}
		rest, tail, ok := f.cutValues(line)
		if !ok {
			return at, f.odd(line)
		}
		return at, f.entry(line, rest, tail, at)
	}
	head, rest, ns, ok := f.cutTime(line)
	if !ok {
		return at, f.odd(line)
	}
	if l.values == valueNone {
		return ns, f.event(line, rest, ns)
	}
	rest, tail, ok := f.cutValues(rest)
	if !ok {
		return at, f.odd(line)
	}
	if len(head) > 0 {
		f.key = append(append(f.key[:0], head...), rest...)
		rest = f.key
	}
	return ns, f.entry(line, rest, tail, ns)
}

func (f *fastLines) stampLine(line []byte, c syntax.Clock) (ns int64, ok bool) {
	f.own.tell(c, f.t.location)
	f.stamp = append(f.stamp[:0], line...)
	f.log = append(f.log, fastEntry{value: f.own.stamp, meaning: endOfBlock})
	return f.own.stamp, true
}

// cutTime splits a line around its time. Lines of one time follow each other: it is read once.
func (f *fastLines) cutTime(line []byte) (head, rest []byte, ns int64, ok bool) {
	l := &f.layout
	text := line
	switch l.timed {
	case timeBehind:
		i := bytes.Index(line, l.time)
		if i < 0 {
			return nil, nil, 0, false
		}
		i += len(l.time)
		for i < len(line) && (line[i] == ' ' || line[i] == '"') {
			i++
		}
		head, text = line[:i], line[i:]
	case timeCell:
		i := cellAt(line, l.field[0])
		if i < 0 {
			return nil, nil, 0, false
		}
		head, text = line[:i], line[i:]
	}
	if n := len(f.stamp); n > 0 && len(text) > n && string(text[:n]) == string(f.stamp) && endOfTime(text[n]) {
		return head, text[n:], f.own.stamp, true
	}
	n, ok := f.readTime(text)
	if !ok {
		return nil, nil, 0, false
	}
	f.stamp = append(f.stamp[:0], text[:n]...)
	return head, text[n:], f.own.stamp, true
}

func endOfTime(c byte) bool { return c == ' ' || c == ',' || c == '"' || c == '}' || c == '\t' }

// readTime reads the time that text starts with and returns its length.
func (f *fastLines) readTime(text []byte) (n int, ok bool) {
	t := f.t.tables[0]
	if t.unit > 0 {
		v := int64(0)
		for n < len(text) && text[n]-'0' <= 9 && n < 19 {
			v = v*10 + int64(text[n]-'0')
			n++
		}
		if n == 0 || n == len(text) || !endOfTime(text[n]) {
			return 0, false
		}
		f.own.stamp = v*t.unit + t.anchor
		if f.t.m.Clock != ClockEpoch || t.anchor != 0 || t.columnIsNumber {
			return n, true
		}
	}
	c, n, ok := syntax.ParseClock(text)
	if !ok || n == len(text) || !endOfTime(text[n]) {
		return 0, false
	}
	f.own.tell(c, f.t.location)
	return n, true
}

// cellAt is where a cell of a line of CSV starts, -1 if the line has quotes or too few cells.
func cellAt(line []byte, field int) int {
	at := 0
	for range field {
		i := bytes.IndexByte(line[at:], ',')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	return at
}

// A tail are the numbers of a line.
type tail [8]int64

// cutValues splits the numbers that count off a line.
func (f *fastLines) cutValues(line []byte) (rest []byte, v tail, ok bool) {
	l := &f.layout
	switch l.values {
	case valueFirst:
		i := 0
		for i < len(line) && line[i] == ' ' {
			i++
		}
		n := i
		for n < len(line) && line[n] != ' ' {
			n++
		}
		if n == len(line) {
			return nil, v, false
		}
		v[0], ok = syntax.Int(line[i:n])
		return line[n:], v, ok
	case valueCell:
		field := l.field[1]
		if field > l.field[0] {
			field -= l.field[0]
		} else {
			return nil, v, false
		}
		i := cellAt(line, field)
		if i < 0 {
			return nil, v, false
		}
		n := i
		for n < len(line) && line[n] != ',' {
			n++
		}
		if v[0], ok = syntax.Int(line[i:n]); !ok {
			return nil, v, false
		}
		if n == len(line) {
			return line[:i], v, true
		}
		f.key = append(append(f.key[:0], line[:i]...), line[n:]...)
		return f.key, v, true
	case valueBehind:
		i := bytes.Index(line, l.value)
		if i < 0 {
			return nil, v, false
		}
		i += len(l.value)
		for i < len(line) && line[i] == ' ' {
			i++
		}
		n := i
		for n < len(line) && (line[n]-'0' <= 9 || line[n] == '-') {
			n++
		}
		if v[0], ok = syntax.Int(line[i:n]); !ok || n < len(line) && line[n] != ',' && line[n] != '}' && line[n] != ' ' {
			return nil, v, false
		}
		if n == len(line)-1 {
			return line[:i], v, true
		}
		f.key = append(append(f.key[:0], line[:i]...), line[n:]...)
		return f.key, v, true
	}
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	for k := l.n - 1; k >= 0; k-- {
		var prefix []byte
		if prefix, v[k], ok = cutValue(line); !ok {
			return nil, v, false
		}
		for len(prefix) > 0 && prefix[len(prefix)-1] == ' ' {
			prefix = prefix[:len(prefix)-1]
		}
		if len(prefix) == 0 {
			return nil, v, false
		}
		line = prefix
	}
	return line, v, true
}

// entry books a line whose rest is known, or asks what it is.
func (f *fastLines) entry(line, rest []byte, v tail, ns int64) bool {
	slot := f.memo.find(rest)
	var i int32
	if slot.free() {
		meaning, ok := f.meaning(line, v[:f.layout.n])
		if !ok {
			return f.odd(line)
		}
		i = int32(len(f.known))
		f.known = append(f.known, meaning)
		f.memo.put(slot, rest, i, 0)
	} else {
		i = slot.a
	}
	f.put(i, &v, ns)
	return true
}

// put books the numbers of a line that is known. A time that differs from that of the line before
// stands before them.
func (f *fastLines) put(i int32, v *tail, ns int64) {
	if f.layout.timed != timeAbove && ns != f.at {
		f.log = append(f.log, fastEntry{value: ns, meaning: endOfBlock})
		f.at = ns
	}
	for k := range f.known[i].sources {
		f.log = append(f.log, fastEntry{value: v[k], meaning: i, which: int32(k)})
	}
}

// event books a line of a log by the words that say whose it is.
func (f *fastLines) event(line, rest []byte, ns int64) bool {
	l := &f.layout
	f.key = f.key[:0]
	words, at := 0, 0
	for at < len(rest) {
		for at < len(rest) && rest[at] == ' ' {
			at++
		}
		start := at
		for at < len(rest) && rest[at] != ' ' {
			at++
		}
		if start == at {
			break
		}
		for _, b := range l.by {
			if b == words {
				f.key = append(append(f.key, rest[start:at]...), 0)
			}
		}
		if words < 64 && l.digits&(1<<words) != 0 && rest[start]-'0' > 9 && rest[start] != '-' {
			return f.askEvent(line, rest, ns)
		}
		words++
	}
	if words != l.words {
		return f.askEvent(line, rest, ns)
	}
	return f.entry(line, f.key, tail{1}, ns)
}

// askEvent decodes a line of a log that has words too many, since a name holds a blank.
func (f *fastLines) askEvent(line, rest []byte, ns int64) bool {
	// Numbers in the line tell nothing of whose it is.
	f.key = append(f.key[:0], 1)
	for at := 0; at < len(rest); {
		for at < len(rest) && rest[at] == ' ' {
			at++
		}
		start := at
		for at < len(rest) && rest[at] != ' ' {
			at++
		}
		if start < at && rest[start]-'0' > 9 {
			f.key = append(append(f.key, rest[start:at]...), 0)
		}
	}
	return f.entry(line, f.key, tail{1}, ns)
}

// odd takes what the tracer says about itself.
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

// meaning asks what lines of a rest are.
func (f *fastLines) meaning(line []byte, values []int64) (lineMeaning, bool) {
	if f.asked++; f.asked > mostAsked {
		return lineMeaning{}, false
	}
	return f.decode(line, values)
}

// decode decodes a line under the clock in force: it must make one row that is counted for each of
// the values, in their order, or none at all in a table that is not counted.
func (f *fastLines) decode(line []byte, values []int64) (m lineMeaning, ok bool) {
	var text []byte
	if f.layout.timed == timeAbove {
		text = append(append(text, f.stamp...), '\n')
	}
	text = append(append(append(text, f.context...), line...), '\n')
	b := f.ask.batch(chunk{data: text, line: 1})
	if len(b.Unparsed) > 0 || len(b.Notices) > 0 || len(b.Drops) > 0 || len(b.Errors) > 0 {
		return m, false
	}
	rows := 0
	for _, tm := range f.t.tables {
		for _, table := range b.Tables {
			if idOf(table) != tm.id {
				continue
			}
			table = zonedAs(table, tm.zone)
			at := f.rows[tm.id]
			if table.NumRows() != at+1 {
				return m, false
			}
			rows++
			if kind := f.t.m.kinds; kind != nil {
				if c := table.Column(f.t.m.kindColumn); c != nil && !kind[c.Text(at)] {
					continue
				}
			}
			if tm.As != AsEvents {
				v := table.Column(tm.Value)
				if k := len(m.sources); v == nil || v.typ != Int || v.unsigned || v.Null(at) || k >= len(values) || v.ints[at] != values[k] {
					return m, false
				}
			}
			m.tables = append(m.tables, tm)
			m.sources = append(m.sources, f.t.source(tm, columnsNamed(table, tm.By), at))
			if tm.As == AsTotal {
				m.keys = append(m.keys, totalKey(columnsNamed(table, tm.keys), at))
			}
		}
	}
	return m, rows > 0 && (len(m.sources) == len(values) || len(m.sources) == 0) && (m.keys == nil || len(m.keys) == len(m.sources))
}

// commit adds what a chunk holds.
func (f *fastLines) commit() {
	t := f.t
	clear(t.spans)
	log := t.tables[0].log
	totals := slices.ContainsFunc(t.tables, func(tm *tableTally) bool { return tm.As == AsTotal })
	var s span
	for i := range f.log {
		e := &f.log[i]
		if e.meaning == endOfBlock {
			if !log {
				s = t.ended(e.value)
				continue
			}
			t.last = max(t.last, e.value)
			s.last = t.counts.grid.ofEvent(e.value)
			s.row, s.n = t.counts.row(s.last), 1
			continue
		}
		m := &f.known[e.meaning]
		v := e.value
		if totals && m.keys != nil {
			var more bool
			if v, more = t.grown(m.tables[e.which], m.keys[e.which], v); !more {
				continue
			}
		}
		if source := m.sources[e.which]; s.n != 1 {
			t.counts.spread(s, source, v)
		} else if source < len(s.row.values) {
			s.row.values[source] += v
		} else {
			t.counts.add(s.row, source, v)
		}
	}
	t.counts.Drops = append(t.counts.Drops, f.drops...)
}
