package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// lockstatTitle stands over each table, as `Adaptive mutex spin: 13 events in 0.100 seconds (130
// events/sec)`.
var lockstatTitle = pattern.New(`^(\S.*): (\d+) events in ([\d.]+) seconds \((\d+) events/sec\)\s*$`)

// lockstat reads what lockstat of illumos and FreeBSD prints: for each kind of event a title, then
// a table of locks and callers between rules. With -s and -h a distribution of times follows each
// row, with the stack beside it.
type lockstat struct {
	*decoder
	event   string
	heading *syntax.Heading
	of      [][]byte // cells of that row
	frames  []string
	names   []string
}

func startLockstat() reader { return &lockstat{} }

// lockstatSays is what stands before all that lockstat says of itself.
var lockstatSays = []byte("lockstat: ")

// isLockstat reports whether a text starts with the title of a table, and with what stands under
// it.
func isLockstat(head []byte) bool {
	cur := syntax.NewCursor(head)
	line, _ := cur.Next()
	for !cur.Done() && (syntax.Blank(line) || bytes.HasPrefix(line, lockstatSays)) {
		line, _ = cur.Next()
	}
	if !lockstatTitle.Match(line) {
		return false
	}
	for !cur.Done() {
		if line, _ := cur.Next(); !syntax.Blank(line) {
			return isLockstatHeading(line) || isRuledLine(line)
		}
	}
	return false
}

// isLockstatHeading reports whether a line has the names of columns: the first is that of a
// count or a rate, the second that of a share by itself or of what a function called.
func isLockstatHeading(line []byte) bool {
	words := bytes.Fields(line)
	return len(words) > 4 && (string(words[0]) == "Count" || string(words[0]) == "ops/s") &&
		(string(words[1]) == "indv" || string(words[1]) == "genr") && string(words[2]) == "cuml"
}

// isLockstatTimes reports whether a line heads a distribution of times.
func isLockstatTimes(line []byte) bool {
	return bytes.Contains(line, []byte("--- Time Distribution ---"))
}

// cutLockstat cuts before the last rule, which ends a row and what belongs to it.
func cutLockstat(data []byte) int {
	return cutBefore(data, isRuledLine)
}

func (l *lockstat) read(d *decoder, data []byte, num int, last bool) int {
	l.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		d.account(l.line(n, line), cur.Offset()-from)
	}
	l.end()
	return cur.Number() - num
}

// line reads a line. A row is filed only when the next one begins, as the distribution and the
// stack under it belong to it.
func (l *lockstat) line(num int, line []byte) lineClass {
	if syntax.Blank(line) {
		return classBlank
	}
	if m := lockstatTitle.FindSubmatch(line); m != nil {
		l.end()
		l.heading = nil
		l.event = string(m[1])
		s := l.sheetFor("totals", "totals", "summary")
		s.inferred = true
		for i, name := range []string{"event", "events", "seconds", "events/sec"} {
			s.text(name, m[i+1])
		}
		s.end()
		return classTable
	}
	switch {
	case bytes.HasPrefix(line, lockstatSays):
		l.notice(num, "warning", line, 0)
		return classNotice
	// Before the first title nothing tells what a line is. It goes to what was not understood.
	case l.event == "":
	// A rule stands under a heading or, with -s and -h, over it. No row goes on behind one.
	case isRuledLine(line):
		l.end()
		return classTable
	case isLockstatHeading(line):
		l.end()
		h := syntax.ParseHeading(line)
		// "Hottest CPU+PIL" is one name of two words.
		if i := h.Index("Hottest"); i >= 0 && i+1 < len(h.Names) {
			h = syntax.ParseHeading(bytes.Replace(line, []byte("Hottest "), []byte("Hottest_"), 1))
			h.Names[i] = string(bytes.Replace([]byte(h.Names[i]), []byte("_"), []byte(" "), 1))
		}
		l.heading = &h
		return classTable
	case isLockstatTimes(line) && l.of != nil:
		// As `nsec ------ Time Distribution ------ count     Stack`.
		l.names = nil
		for _, w := range bytes.Fields(line) {
			if w[0] != '-' && string(w) != "Time" && string(w) != "Distribution" {
				l.names = append(l.names, string(w))
			}
		}
		return classTable
	case l.names != nil && l.bucket(line):
		return classTable
	case l.heading != nil && l.names == nil:
		if cells, ok := l.heading.Cells(nil, line); ok && isNumber(cells[0]) {
			l.end()
			l.of = cells
			return classTable
		}
	}
	l.unparsed(num, line)
	return classUnparsed
}

// bucket files a row of a distribution, `65536 |@@@@   1   taskq_thread+0x2f1`. The stack has
// frames of its own beside the rows, and may be longer than they are: a line then has a frame
// alone.
func (l *lockstat) bucket(line []byte) bool {
	left, right, ok := bytes.Cut(line, []byte("|"))
	words := bytes.Fields(bytes.TrimLeft(right, "@ "))
	low := bytes.TrimSpace(left)
	// A bound before the bar and a count behind it come together, or not at all where the line has
	// a frame alone.
	if !ok || len(low) > 0 != (len(words) > 0 && isNumber(words[0])) || len(low) > 0 && !isNumber(low) {
		return false
	}
	if len(low) > 0 {
		s := l.sheetFor("times", "Time Distribution", "hist")
		s.inferred = true
		l.cells(s)
		s.text(l.names[0], low)
		s.index[l.names[0]].role = roleAside
		s.text("count", words[0])
		s.end()
		words = words[1:]
	}
	if len(words) > 0 {
		l.frames = append(l.frames, string(bytes.Join(words, []byte(" "))))
	}
	return true
}

// cells appends all of the row at hand, or, to the table of times, only what says which lock it
// is.
func (l *lockstat) cells(s *sheet) {
	s.text("event", []byte(l.event))
	s.index["event"].role = roleKey
	for i, cell := range l.of {
		name, role := l.heading.Names[i], roleAside // a share, or the mean of a time
		switch name {
		case "Count", "ops/s":
			role = roleCount
		case "Lock", "CPU+PIL", "Caller", "Hottest CPU+PIL", "Hottest Caller":
			role = roleKey
		}
		if cell == nil || s.Kind != "table" && role != roleKey {
			continue
		}
		// The sign goes into the name, so that the cells are numbers.
		if share, ok := bytes.CutSuffix(cell, []byte("%")); ok && role == roleAside {
			name, cell = name+" (%)", share
		}
		s.text(name, cell)
		s.index[name].role = role
	}
}

// end files the row at hand.
func (l *lockstat) end() {
	if l.of != nil {
		s := l.sheetFor("lockstat", "lockstat", "table")
		s.inferred = true
		l.cells(s)
		// The stack is the last column of the distribution's heading. Frames only come under one.
		if l.frames != nil {
			s.open(l.names[len(l.names)-1], Stack).appendStack(l.frames)
		}
		s.end()
	}
	l.of, l.frames, l.names = nil, nil, nil
}
