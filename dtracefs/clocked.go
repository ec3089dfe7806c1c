package dtracefs

import (
	"bytes"
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// timedRows are rows that start with their clock: a log of events, or what ts put before every
// line. The clock is a cell of the row:
//
//	12:00:01 nginx 12 read
//	12:00:01 sshd 7 write
type timedRows struct {
	shapes rowShapes
	glued  bool // a clock stands before the first row of each block, and not before the others
	looked int  // offset up to which that was looked for in vain
}

// resume forgets offsets in the text before. The shapes stay: all parts of a capture share their
// tables.
func (k *timedRows) resume(*station) { k.shapes.tried, k.looked = 0, 0 }

func (k *timedRows) take(st *station, num int, line []byte) bool {
	c, n, ok := leadingClock(line)
	if !ok || st.free.open() {
		return false
	}
	if h := st.free.tables.header; h != nil && h.fits(line) {
		return false // a row of a table, whose first cell is a clock
	}
	// bpftrace's time("%H:%M:%S ") and then print(@map) leave this; it is the clock of the map.
	if _, _, _, isMap := syntax.MapHead(bytes.TrimLeft(line[n:], " \t")); isMap {
		return false
	}
	// So it is where a title stands between the two.
	if _, title, rest, told := clockBefore(line); told && title != "" {
		if _, _, _, isMap := syntax.MapHead(rest); isMap {
			return false
		}
	}
	if k.glued || k.findGlued(st.cur) {
		return k.gluedRow(st, c, line[n:])
	}
	if k.shapes.none() && (headingAhead(st.cur) || !k.shapes.learn(st.cur, afterClock)) {
		return false
	}
	cells, shape, ok := k.shapes.split(line[n+1:])
	if !ok {
		return false
	}
	st.free.flush()
	st.take(classTable)
	s := st.sheetFor(shape.key, shape.name, "rows")
	s.inferred = true
	st.moment.tell(c, st.opt.Location)
	s.instant("time", st.stamp, st.ofDay)
	shape.file(s, cells, 2)
	s.end()
	return true
}

// findGlued looks ahead for rows that stand under a clock with a row on the same line: they look
// as what stands behind the clock does, and there are more of them. A script that prints the time
// without an end of the line makes these:
//
//	12:00:01 nginx 12
//	sshd 7
//	cron 1
//	12:00:02 nginx 9
func (k *timedRows) findGlued(cur *syntax.Cursor) bool {
	if cur.Offset() < k.looked || !k.shapes.none() {
		return false
	}
	ahead := *cur
	clocked, rows := map[shape]int{}, map[shape]int{}
	for n := 0; !ahead.Done() && n < rowsAhead; n++ {
		line, _ := ahead.Next()
		if rest := afterClock(line); rest != nil {
			if len(rest) > 0 {
				clocked[shapeOf(rest)]++
			}
		} else if !syntax.Blank(line) {
			rows[shapeOf(line)]++
		}
	}
	most := shape{}
	for s, n := range clocked {
		if s.words > 1 && s.number != 0 && s.words <= widestRow && (n > clocked[most] || n == clocked[most] && s.words < most.words) {
			most = s
		}
	}
	k.glued = most.words > 0 && clocked[most] > 1 && rows[most] >= clocked[most]
	k.looked = ahead.Offset()
	return k.glued
}

// gluedRow takes a clock and the first row under it, which stands on the same line. The rows that
// follow are those of an aggregation or of [clockedRows], and the first must go to the same
// table.
func (k *timedRows) gluedRow(st *station, c syntax.Clock, row []byte) bool {
	if keys, value, unsigned, ok := syntax.AggRow(row); ok {
		st.free.flush()
		st.take(classTable)
		st.tell(c, st.opt.Location)
		st.block++
		aggRow(st, "", unnamed(keys), value, unsigned)
		return true
	}
	r := st.clocked
	if r.shapes.none() && !r.learn(st, behindAnyClock) {
		return false
	}
	cells, shape, ok := r.shapes.split(row)
	if !ok {
		return false
	}
	st.free.flush()
	st.take(classTable)
	st.tell(c, st.opt.Location)
	st.block++
	r.file(st, cells, shape)
	return true
}

// behindAnyClock returns what of a line is a row where some rows stand behind a clock.
func behindAnyClock(line []byte) []byte {
	if _, _, ok := syntax.ParseClock(line); ok {
		return afterClock(line)
	}
	return line
}

// headingAhead reports whether a line in capitals follows in the same paragraph: the heading of a
// table that its BEGIN printed on another CPU, and so last, as each CPU has a buffer of its own.
// The rows are then left to the form of tables.
func headingAhead(cur *syntax.Cursor) bool {
	ahead := *cur
	for n := 0; !ahead.Done() && n < rowsAhead; n++ {
		line, _ := ahead.Next()
		if syntax.Blank(line) {
			return false
		}
		if len(bytes.Fields(line)) > 2 && namesInCapitals(line) {
			return true
		}
	}
	return false
}

// namesInCapitals reports whether a line is two names in capitals or more, as a heading is. A line
// between it and a clock is the title of its table.
func namesInCapitals(line []byte) bool {
	words := bytes.Fields(line)
	return len(words) > 1 && !slices.ContainsFunc(words, func(w []byte) bool { return !isName(w) || !isCapitals(w) })
}

// leadingClock reads the clock that a line starts with, which goes up to the blank at n. A colon
// may end it. A clock alone on its line is none of these.
func leadingClock(line []byte) (c syntax.Clock, n int, ok bool) {
	c, n, ok = syntax.ParseClock(line)
	if ok && n < len(line) && line[n] == ':' {
		n++
	}
	return c, n, ok && n < len(line) && (line[n] == ' ' || line[n] == '\t')
}

// afterClock returns what stands behind the clock of a line, nil if none does.
func afterClock(line []byte) []byte {
	_, n, ok := leadingClock(line)
	if !ok {
		return nil
	}
	return bytes.TrimLeft(line[n:], " \t")
}

// clockedRows are the rows under a clock that no aggregation printed: what printf and printa
// write with a format, block after block. They begin right under a clock, or else right under
// another row: the same line elsewhere is free text. A heading that was printed once, before the
// first clock, names their cells:
//
//	TIME      EXECNAME   PID   READS
//	10:00:01
//	          nginx       12       4
type clockedRows struct {
	shapes rowShapes
	next   int // number of the line after the last row
}

func (r *clockedRows) resume(*station) { r.shapes.tried = 0 }

func (r *clockedRows) take(st *station, num int, line []byte) bool {
	if num != r.next && num-st.blanks != st.afterClock || st.free.open() {
		return false
	}
	if r.shapes.none() && !r.learn(st, wholeLine) {
		return false
	}
	cells, shape, ok := r.shapes.split(line)
	if !ok || overHistogram(st) || num != r.next && namesInCapitals(plain(st.peekAfter())) {
		return false
	}
	// The heading of a table still holds, and the row fits it.
	if h := st.free.tables.header; h != nil && h.fits(line) && num != r.next {
		return false
	}
	st.free.flush()
	st.take(classTable)
	r.file(st, cells, shape)
	return true
}

// overHistogram reports whether the next line stands over a histogram, as whose that is.
func overHistogram(st *station) bool {
	next := plain(st.peekAfter())
	_, isHist := syntax.HistHeader(next)
	_, isBars := syntax.ParseBarsHead(next)
	return isHist || isBars
}

// learn learns the shapes of the rows ahead, and their names if a heading stands over the clock.
func (r *clockedRows) learn(st *station, row func(line []byte) []byte) bool {
	if !r.shapes.learn(st.cur, row) {
		return false
	}
	tables := st.free.tables
	for _, s := range r.shapes.shapes {
		if s.names = tables.namesOf(s.width); s.names != nil && len(s.names) == len(tables.keyNames) && tables.header.title == "" {
			tables.bare = textLine{} // all words of the heading are names of columns
		}
	}
	return true
}

// file files a row, past which the cursor is: the number of the next line is where another may
// follow.
func (r *clockedRows) file(st *station, cells [][]byte, shape *rowShape) {
	s := st.sheetFor(shape.key, shape.name, "rows")
	s.inferred = true
	st.context(s)
	shape.file(s, cells, 1)
	s.int("block", int64(st.block), false)
	s.end()
	r.next = st.cur.Number()
}

// wholeLine returns a line as a row, or nil where it is a clock.
func wholeLine(line []byte) []byte {
	if _, text, ok := clockLine(line); ok && (len(text) == 0 || text[0] == ',') {
		return nil
	}
	return line
}
