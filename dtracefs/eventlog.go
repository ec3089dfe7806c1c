package dtracefs

import (
	"bytes"
	"slices"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

const (
	// sampleLines bounds how many lines tell a log's format.
	sampleLines = 4096
	// fewestLogLines is how many lines make a log: the words of fewer may look like probes by
	// chance.
	fewestLogLines = 8
	// longLog is so many lines that there are likely many more.
	longLog = 256
	// mostArgs bounds the columns of arguments; what is more stays in the last one.
	mostArgs = 16
)

// An eventLog is lines of leading integers, process, probe and arguments, as scripts that print
// each event write them:
//
//	1795376741117661993 512 nginx read:entry 4 1024
//	1795376741117662114 97 sshd write:entry 3 "hello"
type eventLog struct {
	writer *logWriter // of the log being read; nil outside of one
	none   int        // offset up to which no log starts
}

// take takes as many lines as there are, in a loop of its own: a log may have millions.
func (f *eventLog) take(st *station, num int, line []byte) bool {
	if line[0] < '0' || line[0] > '9' || st.mode != syntax.NoHeader || st.cur.Offset() < f.none {
		return false
	}
	if f.writer == nil && !f.starts(st) {
		return false
	}
	w := f.writer
	taken := false
	for !st.cur.Done() {
		ahead := *st.cur
		line, terminated := ahead.Next()
		name, probe, args, known, ok := w.split(line)
		lines := 1
		// A line whose probe is not known may be the first half of one whose name holds the end
		// of a line.
		if !known && terminated {
			if whole, n := w.joined(line, &ahead); n > 0 {
				name, probe, args, _, ok = w.split(whole)
				lines += n
			}
		}
		if !ok {
			break
		}
		size := ahead.Offset() - st.cur.Offset()
		// What has no end of the line may be cut anywhere, even within a number, so that its cells
		// cannot be trusted.
		if !terminated && taken {
			st.account(classUnparsed, size)
			st.unparsed(st.cur.Number(), line)
			st.truncated(st.cur.Number())
		} else {
			if !taken {
				st.free.flush()
				taken = true
			}
			st.accountLines(classTable, lines, size)
			w.row(name, probe, args)
			if w.sheet.n == longLog {
				// Only once it is seen to be long, as counting lines costs a look at all the
				// rest.
				w.reserve(bytes.Count(st.cur.Rest(), []byte("\n")))
			}
		}
		*st.cur = ahead
	}
	return taken
}

// resume goes on with the log in a sheet of its own. The format stays: what a log's first lines
// show holds for all parts.
func (f *eventLog) resume(st *station) {
	f.none = 0
	if f.writer != nil {
		f.open(st, f.writer.format)
	}
}

// open starts a log of that format.
func (f *eventLog) open(st *station, g syntax.Log) {
	f.writer = newLogWriter(st.sheetFor("log", "log", "log"), g)
}

// starts looks ahead for the format of a log. One integer in front is not enough, since a row of
// names and numbers may start with one, unless it is a clock and some names are of several lines,
// which rows are not; and where most lines would have to be joined to others it is none.
func (f *eventLog) starts(st *station) bool {
	c := *st.cur
	var sample [][]byte
	joined := 0 // lines that a name with the end of a line in it goes on to
	for !c.Done() && len(sample) < sampleLines {
		line, terminated := c.Next()
		if syntax.Blank(line) || !terminated {
			break
		}
		// A line that starts with no number is the rest of the one before, if that is short enough
		// to be an event whose name holds the end of a line.
		if n := len(sample); n > 0 && line[0]-'0' > 9 && line[0] != '-' && len(sample[n-1])+len(line) < longestEntry {
			sample[n-1] = append(append(bytes.Clone(sample[n-1]), '\n'), line...)
			joined++
			continue
		}
		sample = append(sample, line)
	}
	if len(sample) >= fewestLogLines && joined*2 <= len(sample) {
		if g, ok := syntax.LogOf(sample); ok && mostKnown(g, sample) && (g.Leading > 1 || joined > 0 && clockLeads(sample)) {
			f.open(st, g)
			return true
		}
	}
	// Numbers may stand on thousands of lines that are no log: none of them asks again before
	// that offset.
	f.none = c.Offset()
	return false
}

// mostKnown reports whether half of the lines at least have a probe that is known: the second words
// of a few names are none.
func mostKnown(g syntax.Log, lines [][]byte) bool {
	known := 0
	for _, l := range lines {
		for range g.Leading {
			_, n := leadingInt(l)
			l = l[n:]
		}
		if _, probe, _, ok := g.SplitName(l); ok && g.Probes[string(probe)] {
			known++
		}
	}
	return 2*known >= len(lines)
}

// clockLeads reports whether the integers in front of lines are a clock in nanoseconds, be it since
// boot: they are large and grow. Some may be late, as each CPU has a buffer of its own.
func clockLeads(lines [][]byte) bool {
	late, last := 0, int64(0)
	for _, l := range lines {
		v, _ := leadingInt(l)
		if v < 1e9 {
			return false
		}
		if v < last {
			late++
		}
		last = max(last, v)
	}
	first, _ := leadingInt(lines[0])
	return late*20 <= len(lines) && last > first
}

// A logWriter appends the rows of an event log.
type logWriter struct {
	format      syntax.Log
	leading     []int64 // of the line at hand
	sheet       *sheet
	clocks      []*Column
	name, probe *Column
	args        []*Column
	prefixes    *prefixTable // codes of name and probe
}

// newLogWriter makes the columns: time for a wall clock and c1… for other integers, as the
// lines alone do not tell what those are, then execname, probe and arg1….
func newLogWriter(s *sheet, g syntax.Log) *logWriter {
	w := &logWriter{format: g, sheet: s, leading: make([]int64, g.Leading), prefixes: newPrefixTable()}
	for i := range g.Leading {
		if i == 0 && g.Clock {
			w.clocks = append(w.clocks, s.col("time", Time))
		} else {
			w.clocks = append(w.clocks, s.col("c"+strconv.Itoa(i+1), Int))
		}
	}
	w.name, w.probe = s.col("execname", String), s.col("probe", String)
	return w
}

// joined returns a line with those behind it on which it goes on, as its name holds the end of a
// line, and how many those are: together they have a probe that is known. It goes past them.
// Processes may be called anything, so a name such as "my\nname" makes two lines of an event:
//
//	1795376741117661993 512 my
//	name read:entry 4
func (w *logWriter) joined(line []byte, ahead *syntax.Cursor) (whole []byte, lines int) {
	cur := *ahead
	for lines = 1; lines <= 3 && !cur.Done(); lines++ {
		next, terminated := cur.Next()
		if !terminated || len(next) == 0 || next[0]-'0' <= 9 || len(line)+len(next) > longestEntry {
			return nil, 0
		}
		line = append(append(bytes.Clone(line), '\n'), next...)
		if _, _, _, known, ok := w.split(line); ok && known {
			*ahead = cur
			return line, lines
		}
	}
	return nil, 0
}

// split splits a line: the leading integers, codes of the name and the probe, arguments. known
// says that the probe is one of the log's. Most lines have a name and a probe that came together
// before, and these are found as one.
func (w *logWriter) split(line []byte) (name, probe uint32, args []byte, known, ok bool) {
	for i := range w.leading {
		v, n := leadingInt(line)
		if n == 0 {
			return 0, 0, nil, false, false
		}
		w.leading[i], line = v, line[n:]
	}
	end := bytes.IndexByte(line, ' ')
	if end < 0 {
		return 0, 0, nil, false, false
	}
	prefix := line
	if second := bytes.IndexByte(line[end+1:], ' '); second >= 0 {
		prefix = line[:end+1+second]
	}
	slot := w.prefixes.find(prefix)
	if !slot.free() {
		return uint32(slot.a), uint32(slot.b), line[min(len(prefix)+1, len(line)):], true, true
	}
	n, p, args, ok := w.format.SplitName(line)
	if !ok {
		return 0, 0, nil, false, false
	}
	known = w.format.Probes[string(p)]
	name, probe = w.name.words.code(n), w.probe.words.code(p)
	// Only where the name is one word are two words the name and the probe: "my prog read" is
	// not.
	if len(n) == end && known {
		w.prefixes.put(slot, prefix, int32(name), int32(probe))
	}
	return name, probe, args, known, true
}

// leadingInt reads an integer and the blank after it; n is their length, or 0.
func leadingInt(line []byte) (v int64, n int) {
	start := 0
	if len(line) > 0 && line[0] == '-' {
		start = 1
	}
	v, digits := leadingNumber(line[start:])
	end := start + digits
	// What has 19 digits, as ns since the epoch do, fits into 64 bits unless the first is a 9.
	// Whatever is longer is read with care, and is none if it does not fit.
	if digits == 0 || end == len(line) || line[end] != ' ' || digits == 19 && line[start] == '9' {
		if at := bytes.IndexByte(line, ' '); at > 0 {
			if v, ok := syntax.Int(line[:at]); ok {
				return v, at + 1
			}
		}
		return 0, 0
	}
	if start > 0 {
		v = -v
	}
	return v, end + 1
}

// row appends a row. It fills the columns directly, all but those of arguments, of which a line
// may have fewer or more than the others.
func (w *logWriter) row(name, probe uint32, args []byte) {
	for i, v := range w.leading {
		w.clocks[i].ints = append(w.clocks[i].ints, v)
	}
	w.name.codes = append(w.name.codes, name)
	w.probe.codes = append(w.probe.codes, probe)
	n := w.sheet.n
	w.sheet.n++
	for i := 0; len(args) > 0; i++ {
		var word []byte
		word, args = nextArg(args)
		if i == mostArgs-1 && len(args) > 0 {
			word, args = append(append(bytes.Clone(word), ' '), args...), nil
		}
		if i == len(w.args) {
			c := newColumn("arg"+strconv.Itoa(i+1), Int)
			w.sheet.index[c.Name] = c
			w.sheet.Columns = append(w.sheet.Columns, c)
			w.args = append(w.args, c)
		}
		w.args[i].padTo(n)
		w.args[i].appendWord(word)
	}
}

// reserve makes room for n more rows.
func (w *logWriter) reserve(n int) {
	for _, c := range w.sheet.Columns {
		if c.typ == String {
			c.codes = slices.Grow(c.codes, n)
		} else {
			c.ints = slices.Grow(c.ints, n)
		}
	}
}

// nextArg splits a word off, or what stands in quotes.
func nextArg(args []byte) (word, rest []byte) {
	if args[0] == '"' && len(args) > 1 {
		if end := bytes.LastIndexByte(args, '"'); end > 0 {
			return args[1:end], bytes.TrimPrefix(args[end+1:], []byte(" "))
		}
	}
	i := bytes.IndexByte(args, ' ')
	if i < 0 {
		return args, nil
	}
	return args[:i], args[i+1:]
}
