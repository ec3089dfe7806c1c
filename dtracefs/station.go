package dtracefs

import (
	"bytes"
	"time"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// A station decodes what a tracer prints as text. A capture is a mix in which nothing but the
// shape of the lines separates the parts: each group of lines is offered to the recognizers in
// their order, and what none of them takes is free text, which is filed when its end is known.
//
// The recognizers have their own state. What they share is here, and is little: where the cursor
// stands, the ledger and the sheets that they fill (by way of the decoder), the moment and the
// block that is being printed, the header in force and the free text that was not filed yet, as
// it may hold the keys or the title of what follows. Whatever a new recognizer needs to know of
// another goes through these fields; none calls another's methods, but for those few that the
// station names.
type station struct {
	*decoder
	moment
	blocks
	cur        *syntax.Cursor
	mode       syntax.Header // of the rows being printed
	blanks     int           // blank lines since the last other line
	afterClock int           // number of the line after the last clock that stood alone
	afterStack bool          // the group before was a stack: a value alone is that of an empty one

	// behindStack is the signature of the keys that stand behind that stack, with its value; ""
	// where keys stand before it, or none do.
	behindStack string
	free        *freeText
	turns       turns
	turn        int // which aggregation the block is of that is being printed; -1 if nothing tells
	maps        mapPrints
	forms       []recognizer // as in the list of forms

	// The two recognizers whose captures get large. Parts of those are decoded ahead.
	activity *activity
	log      *eventLog
	clocked  *clockedRows // the first of whose rows may stand behind the clock
}

// A recognizer knows one thing that tracers print. A group may be one line or thousands.
type recognizer interface {
	// take takes the group of lines that starts with line, the next one, which is not
	// blank: it goes past them, books and files them. Where they are nothing that it knows,
	// it leaves all as it is and returns false.
	take(st *station, num int, line []byte) bool
}

// A resumer is a recognizer with state that does not outlast the part of a capture that it is of:
// sheets, and offsets in the text. Everything else in a recognizer's state is kept, as the next
// part goes on where this one ended.
type resumer interface{ resume(st *station) }

// An ender is a recognizer, or a form of paragraphs, that holds something back until it knows
// what it is.
type ender interface {
	// end gives up what is held back, as no more lines come.
	end(st *station)
}

// A form is an entry of the list of recognizers.
type form struct {
	name string
	new  func() recognizer

	keeps keeping
}

// keeping says whether all words of the lines that a recognizer takes are sure to stand in cells as
// they stand in the line, so that nobody need look whether one was lost. That is exact; it is for
// what large captures hold. The lines of all others are looked at.
type keeping bool

const (
	exact   keeping = true
	checked keeping = false
)

// forms are the recognizers in the order in which lines are offered to them: the more exact a
// shape is, and the more lines it has, the earlier it comes. Clocks come before all but activity,
// as a line that is one may be anything else too; what a script's own formats write comes before
// shapes of tracers, since the script knows; and rows under a clock come last, as they may be
// anything.
var forms = []form{
	{"activity", func() recognizer { return newActivity() }, exact},
	{"tool's rows", func() recognizer { return &besideTools{} }, checked},
	{"clock", func() recognizer { return &clocks{} }, checked},
	{"bars", func() recognizer { return barCharts{} }, checked},
	{"script", func() recognizer { return &scriptLines{} }, checked},
	{"log", func() recognizer { return &eventLog{} }, exact},
	{"message", func() recognizer { return messages{} }, checked},
	{"kernel trace", func() recognizer { return kernelTrace{} }, checked},
	{"record", func() recognizer { return printedRecords{} }, checked},
	{"names and values", func() recognizer { return &keyValues{} }, checked},
	{"row behind a clock", func() recognizer { return &timedRows{} }, checked},
	{"header", func() recognizer { return headers{} }, checked},
	{"listing", func() recognizer { return &listing{} }, checked},
	{"packed", func() recognizer { return packed{} }, checked},
	{"histogram", func() recognizer { return histograms{} }, checked},
	{"call counts", func() recognizer { return callTotals{} }, checked},
	{"dump", func() recognizer { return dumps{} }, checked},
	{"stability", func() recognizer { return &stability{} }, checked},
	{"map", func() recognizer { return &bpftraceMaps{} }, checked},
	{"event", func() recognizer { return events{} }, checked},
	{"flow", func() recognizer { return flows{} }, checked},
	{"print", func() recognizer { return structs{} }, checked},
	{"stack", func() recognizer { return &stacks{} }, checked},
	{"aggregation", func() recognizer { return aggregations{} }, exact},
	{"tool's heading", func() recognizer { return &toolHeadings{} }, checked},
	{"rows under a clock", func() recognizer { return &clockedRows{} }, exact},
}

// newStation returns a station with recognizers of its own, for one capture.
func newStation() *station {
	st := &station{turn: -1}
	st.free = newFreeText(st)
	var beside *besideTools
	for _, f := range forms {
		r := f.new()
		switch r := r.(type) {
		case *activity:
			st.activity = r
		case *eventLog:
			st.log = r
		case *clockedRows:
			st.clocked = r
		case *besideTools:
			beside = r
		case *toolHeadings:
			r.tables = beside
		}
		st.forms = append(st.forms, r)
	}
	return st
}

func startText() reader { return newStation() }

// longestLine bounds, in bytes, the lines that have a shape; longer ones are text. A line without
// end, as of a binary dump, would keep every pattern busy.
const longestLine = 64 << 10

// read decodes a part. At the end of the last one, whatever was held back is given up, and the
// free text last, as what is held back may become some.
func (st *station) read(d *decoder, data []byte, line int, last bool) int {
	st.resume(d, d.lines(data, line))
	st.run()
	if last {
		for _, r := range st.forms {
			if r, ok := r.(ender); ok {
				r.end(st)
			}
		}
		st.free.end()
	}
	return st.cur.Number() - line
}

// resume goes on with more text, which is decoded into d. What the text before it left
// open stays so: the mode, the instant, a script's heading.
func (st *station) resume(d *decoder, cur *syntax.Cursor) {
	st.decoder, st.cur = d, cur
	st.maps, st.afterStack = mapPrints{}, false
	st.free.resume()
	for _, r := range st.forms {
		if r, ok := r.(resumer); ok {
			r.resume(st)
		}
	}
}

// run takes all groups up to the end of the text at hand.
func (st *station) run() {
	for !st.cur.Done() {
		st.step()
	}
	st.free.flush()
}

// step takes the next group of lines.
func (st *station) step() {
	// Blank lines may be part of an entry whose name holds ends of lines.
	if !st.activity.open() {
		if n := st.cur.SkipEmpty(); n > 0 {
			st.accountLines(classBlank, n, n)
			st.blank(n)
			return
		}
	}
	num, line := st.cur.Number(), st.peek()
	if !st.activity.open() && syntax.Blank(line) {
		st.take(classBlank)
		st.blank(1)
		return
	}
	if !st.activity.open() && st.cur.Rest()[0] == '\f' {
		// A page begins, and with it another paragraph.
		st.accountLines(classBlank, 0, 1)
		st.cur.Skip(1)
		st.blank(1)
		return
	}
	if len(line) > longestLine {
		st.free.flush()
		st.free.add(line)
		st.free.flush()
		st.blanks = 0
		return
	}
	for i, r := range st.forms {
		from := st.cur.Offset()
		if r.take(st, num, line) {
			if forms[i].keeps == exact {
				st.wasExact(from, st.cur.Offset(), st.cur.Number()-num)
			}
			st.blanks = 0
			return
		}
	}
	st.free.add(line)
	st.blanks = 0
}

// blank marks the end of what n blank lines end. They end a block of activity of DTrace; bpftrace
// prints blank lines between its maps.
func (st *station) blank(n int) {
	st.blanks += n
	st.turns.blanks += n
	if st.c.Dialect != "bpftrace" {
		st.activity.stamped = false
	}
	st.free.blank()
}

// tell starts the block of a clock that was printed in front of it: for the moment of rows, for
// turns, and for counting, which must know of clocks under which nothing was printed.
func (st *station) tell(c syntax.Clock, loc *time.Location) {
	st.moment.tell(c, loc)
	st.turns.mark(false)
	st.c.stamps = append(st.c.stamps, st.stamp)
	st.afterClock = st.cur.Number()
}

// peek returns the next line without going past it.
func (st *station) peek() []byte { return plain(st.cur.Peek()) }

// peekAfter returns the line after the next one, or nil. Colors are in it, unlike in what peek
// returns.
func (st *station) peekAfter() []byte {
	c := *st.cur
	c.Next()
	if c.Done() {
		return nil
	}
	return c.Peek()
}

// take goes past the next line, which belongs to class. Whoever takes a line books it by this.
func (st *station) take(class lineClass) []byte {
	from := st.cur.Offset()
	line, _ := st.cur.Next()
	st.account(class, st.cur.Offset()-from)
	return plain(line)
}

// takeLines goes past the next n lines.
func (st *station) takeLines(class lineClass, n int) {
	for range n {
		st.take(class)
	}
}

// colors are the escapes that color terminals, and those that clear the screen or a line and move
// to where a tool prints anew.
var colors = pattern.New("\x1b\\[[0-9;?]*[mHJKhl]")

// plain returns the line without the escapes that color and clear terminals, and the mark of a
// page's end behind it.
func plain(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\f' {
		line = bytes.TrimRight(line, "\f")
	}
	if bytes.IndexByte(line, 0x1b) < 0 {
		return line
	}
	return colors.ReplaceAll(line, nil)
}

// cutWithin is how far back, in bytes, a text is searched for the place where it is best cut.
const cutWithin = 64 << 10

// cutText cuts before the last clock that stands on a line of its own, perhaps behind a label; or
// else after a blank line that ends something, or before an entry of a map, whichever comes last;
// or else after the last line. Cut before a clock, a part starts with the time of its rows, and no
// block is in two. Where clocks are rarer than every 64 KB, the blocks are long.
func cutText(data []byte) int {
	from := max(0, len(data)-cutWithin)
	for end := bytes.LastIndexByte(data, '\n') + 1; end > from; {
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		if start == end-1 {
			end = start // an empty line, of which there may be very many
			continue
		}
		line := bytes.TrimRight(data[start:end], "\r\n")
		if c, text, ok := clockLine(line); ok && start > 0 && (len(text) == 0 || text[0] == ',' && c.Form == syntax.Date) {
			return start
		} else if label, _, ok := labelOfClock(line); ok && start > 0 && len(label) > 0 {
			return start
		}
		end = start
	}
	cut := max(cutAtBlank(data), lastMapEntry(data))
	if cut == 0 {
		if openEntry(data) == 0 {
			return 0
		}
		cut = cutAtLine(data)
	}
	if cut < len(data) && data[0]-'0' <= 9 && data[cut]-'0' > 9 {
		// A log, in which a name holds the end of a line: its first half stays with the second.
		for end := cut; end > max(0, cut-4*longestEntry); {
			start := bytes.LastIndexByte(data[:end-1], '\n') + 1
			if data[start]-'0' <= 9 && start > 0 {
				return start
			}
			end = start
		}
	}
	return cut
}
