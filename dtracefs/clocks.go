package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// clocks are lines that say the instant of what follows: a time alone, or a date with what the
// interval that ends there sums up to, as iotop of the DTraceToolkit prints it:
//
//	2024 Jan  5 10:00:01,  load: 0.50,  disk_r:      0 KB,  disk_w:     12 KB
type clocks struct {
	digits int             // of the numbers that are taken for clocks
	none   int             // offset up to which numbers alone are none
	labels map[string]bool // what stands before clocks that end a line
}

// resume forgets an offset in the text before.
func (f *clocks) resume(*station) { f.none = 0 }

func (f *clocks) take(st *station, num int, line []byte) bool {
	c, text, ok := clockLine(line)
	if !ok {
		return f.labeled(st, line) || titledClock(st, line)
	}
	if c.Form == syntax.Epoch && !f.countsSeconds(st, line) {
		return false
	}
	if len(text) > 0 && text[0] != ',' {
		// A date and words may as well be a row: of a table of dates, then.
		if next := st.peekAfter(); next == nil || syntax.Blank(next) || isClockStart(next) {
			return false
		}
	}
	st.free.flush()
	st.take(classTable)
	st.interval(c, text)
	return true
}

// titledClock takes a time with a title of what stands under it. That is moved in, as memleak of
// bcc prints it, or it is a heading in capitals, as cachetop does:
//
//	[11:16:33] Top 10 stacks with outstanding allocations:
//	13:01:01 Buffers MB: 76 / Cached MB: 114 / Sort: HITS / Order: ascending
//
// A heading whose first name is that of a time may be printed again under a row that begins with
// one.
func titledClock(st *station, line []byte) bool {
	c, n, ok := leadingClock(line)
	if !ok || c.Form == syntax.Epoch {
		return false
	}
	next := plain(st.peekAfter())
	if syntax.Blank(next) {
		return false
	}
	under := line[len(line)-1] == ':' && (next[0] == ' ' || next[0] == '\t')
	first, others, _ := bytes.Cut(syntax.TrimIndent(next), []byte(" "))
	if !under && (timeName(string(first)) || len(bytes.Fields(others)) < 2 || !namesInCapitals(next)) {
		return false
	}
	st.free.flush()
	st.take(classTable)
	st.tell(c, st.opt.Location)
	st.block++
	st.intervalRow(string(bytes.TrimSpace(line[n:])))
	return true
}

// mostLabels bounds how many labels of clocks are remembered, longestLabel their bytes.
const (
	mostLabels   = 16
	longestLabel = 60
)

// labeled takes a line that ends in a clock and says before it what that is, as `time: 20:05:26` or
// `--- 2026-11-28 20:05:26 ---` do. Rows may end in a clock too: other lines stand under a label.
func (f *clocks) labeled(st *station, line []byte) bool {
	label, c, ok := labelOfClock(line)
	if !ok || st.free.open() {
		return false
	}
	if !f.labels[string(label)] {
		next := st.peekAfter()
		if next == nil || syntax.Blank(next) || len(f.labels) == mostLabels {
			return false
		}
		// The next line ends in a clock, too: these are rows, unless both are drawn lines around
		// it.
		if other, _, ok := labelOfClock(next); ok && !isRule(label) || ok && !bytes.Equal(other, label) {
			return false
		}
		if f.labels == nil {
			f.labels = map[string]bool{}
		}
		f.labels[string(label)] = true
	}
	st.free.flush()
	st.take(classTable)
	// Of `time: 20:05:26` the label says nothing that the clock does not; other words are kept
	// with the interval.
	said := bytes.Trim(label, ruleMarks+":(")
	if timeName(string(said)) {
		said = nil
	}
	st.interval(c, said)
	return true
}

// ruleMarks are what lines are drawn with.
const ruleMarks = " -=*#~+_"

// isRule reports whether a text is a drawn line.
func isRule(text []byte) bool { return len(bytes.Trim(text, ruleMarks)) == 0 }

// labelOfClock splits a line of words or of a rule, and a clock with a rule or a colon behind it.
// Most lines are none, so the look at its last byte comes first.
func labelOfClock(line []byte) (label []byte, c syntax.Clock, ok bool) {
	n := len(line)
	for n > 0 && strings.IndexByte(ruleMarks+":\t\r", line[n-1]) >= 0 {
		n--
	}
	end := line[:n]
	if n < 9 || n > longestLabel+40 || end[n-1]-'0' > 9 && end[n-1] != ']' && end[n-1] != 'M' && end[n-1] != 'Z' {
		return nil, c, false
	}
	// The clock starts where the line's first number does, but for the names of a day and a month.
	at := syntax.FirstDigit(end)
	if at > 0 && end[at-1] == '[' {
		at--
	}
	for _, start := range []int{at - 8, at - 4, at} { // `Sat Nov 28`, `Nov 28`
		if start < 1 || start > longestLabel || end[start-1] != ' ' && end[start-1] != '=' && end[start-1] != '(' {
			continue
		}
		if c, n, ok := syntax.ParseClock(end[start:]); ok && start+n == len(end) {
			label := end[:start]
			return label, c, isRule(label) || timeName(string(bytes.Trim(label, ruleMarks+":("))) || c.Form != syntax.Epoch && isSentence(label)
		}
	}
	return nil, c, false
}

// isSentence reports whether a text is words and marks alone, without a digit or anything of
// which a name or a path is made.
func isSentence(text []byte) bool {
	return !bytes.ContainsAny(text, "0123456789@`|<>{}$%/\\") && bytes.ContainsAny(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// clockLine splits a line that says an instant. What is left of it is nothing, or stands behind a
// date: after a comma, or as words, which whoever asks must judge. An indented time is one, an
// indented number is not.
func clockLine(line []byte) (c syntax.Clock, text []byte, ok bool) {
	first := syntax.TrimIndent(line)
	c, n, ok := syntax.ParseClock(first)
	if !ok {
		return c, nil, false
	}
	text = bytes.TrimSpace(first[n:])
	if c.Form != syntax.Epoch && len(text) == 1 && (text[0] == '.' || text[0] == ':' || text[0] == ';') {
		text = nil
	}
	switch {
	case c.Form == syntax.Epoch:
		// An indented number is a value.
		return c, nil, len(text) == 0 && len(first) == len(line)
	case len(text) == 0:
		return c, nil, true
	case c.Form != syntax.Date:
		return c, nil, false
	case text[0] == ',':
		return c, text, len(text) == 1 || text[1] == ' '
	}
	return c, text, len(first) == len(line) && syntax.FirstDigit(text) < 0
}

// isClockStart reports whether a line starts with a clock.
func isClockStart(line []byte) bool {
	_, _, ok := syntax.ParseClock(line)
	return ok
}

// countsSeconds reports whether a line of digits that can be a time since the epoch is one, and
// no row of numbers such as sizes: other lines stand between such numbers, and those never get
// less. What is found once holds for the whole capture. What is not found holds up to where was
// looked, so that a column of large numbers is not looked at for each of its lines.
func (f *clocks) countsSeconds(st *station, line []byte) bool {
	digits := 0
	for digits < len(line) && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	if digits == f.digits {
		return true
	}
	if st.cur.Offset() < f.none {
		return false
	}
	c := *st.cur
	last, others := int64(0), false
	for n := 0; n < sampleLines && !c.Done(); n++ {
		line, _ := c.Next()
		clock, _, ok := clockLine(line)
		switch {
		case !ok || clock.Form != syntax.Epoch:
			others = others || !syntax.Blank(line)
			continue
		case clock.NS < last:
			f.none = c.Offset()
			return false
		}
		last = clock.NS
	}
	if !others {
		f.none = c.Offset()
		return false
	}
	f.digits = digits
	return true
}

// summary finds the pairs of such a line; a value may be a list, as of three loads: "load
// averages: 0.50, 0.40, 0.30".
var summary = pattern.New(`([A-Za-z][\w/ %]*?):\s+([^,:]*?(?:, [\d.]+)*)\s*(?:,|\s{2,}|$)`)

// interval starts an interval for which a clock line stands, and files the line: pairs of names
// and values as labels of all rows to come, and whatever else was said as text.
func (st *station) interval(c syntax.Clock, text []byte) {
	st.tell(c, st.opt.Location)
	st.block++
	if text = bytes.TrimLeft(text, ", "); len(text) == 0 {
		st.intervalRow("")
		return
	}
	for _, p := range summary.FindAllSubmatch(text, -1) {
		st.labels = append(st.labels, labeled{string(bytes.TrimSpace(p[1])), string(bytes.TrimSpace(p[2]))})
	}
	if len(bytes.Trim(summary.ReplaceAll(text, nil), ", \t")) == 0 {
		text = nil // the labels tell it all
	}
	st.intervalRow(string(text))
}

// intervalRow files an interval, whether or not anything is printed of it.
func (st *station) intervalRow(text string) {
	s := st.sheetFor("intervals", "intervals", "intervals")
	s.inferred = true
	st.context(s)
	if text != "" {
		s.text("text", []byte(text))
	}
	s.end()
}
