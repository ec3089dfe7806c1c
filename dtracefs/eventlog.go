package dtracefs

import (
	"bytes"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// A logFormat is what the lines of an event log have in common: leading integers (a
// clock, CPU, pid, …), a process's name that may hold blanks, a word that tells the probe,
// and arguments.
type logFormat struct {
	leading int
	probes  map[string]bool
}

// sampleLines bounds how many lines tell a log's format.
const sampleLines = 4096

// logFormatOf finds the format of the lines, if they are a log's.
func logFormatOf(lines [][]byte) (f logFormat, ok bool) {
	f.leading = -1
	counts := map[string]int{}
	for _, l := range lines {
		n := leadingInts(l)
		if f.leading < 0 || n < f.leading {
			f.leading = n
		}
	}
	if f.leading < 1 {
		return f, false
	}
	for _, l := range lines {
		if w := bytes.Fields(l); len(w) > f.leading+1 {
			counts[string(w[f.leading+1])]++
		}
	}
	f.probes = map[string]bool{}
	for w, n := range counts {
		if n*1000 >= len(lines) && !isNumber([]byte(w)) && w[0] != '"' {
			f.probes[w] = true
		}
	}
	return f, len(f.probes) > 0 && len(f.probes) <= 512
}

func leadingInts(line []byte) (n int) {
	for {
		word, rest, more := bytes.Cut(line, []byte(" "))
		if _, ok := syntax.Int(word); !ok || !more {
			return n
		}
		n++
		line = rest
	}
}

// split splits a line. The name reaches up to the first word known for a probe.
func (f logFormat) split(line []byte, leading []int64) (name, probe, args []byte, ok bool) {
	for i := range f.leading {
		word, rest, _ := bytes.Cut(line, []byte(" "))
		if leading[i], ok = syntax.Int(word); !ok {
			return nil, nil, nil, false
		}
		line = rest
	}
	whole := line
	at := bytes.IndexByte(line, ' ')
	for at >= 0 {
		word, rest, _ := bytes.Cut(line[at+1:], []byte(" "))
		if f.probes[string(word)] {
			return line[:at], word, rest, true
		}
		next := bytes.IndexByte(line[at+1:], ' ')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	// A probe not seen in the sample: the word after a name without blanks.
	name, rest, more := bytes.Cut(whole, []byte(" "))
	probe, args, _ = bytes.Cut(rest, []byte(" "))
	return name, probe, args, more && len(name) > 0 && len(probe) > 0 && !isNumber(probe) && probe[0] != '"'
}

// fileLog files the lines of an event log: the leading integers (the first one as time if
// it is a wall clock), execname, probe and arguments.
func (t *text) fileLog(lines []textLine) bool {
	if len(lines) < 3 {
		return false
	}
	sample := make([][]byte, 0, min(len(lines), sampleLines))
	for i := 0; i < len(lines); i += 1 + len(lines)/sampleLines {
		sample = append(sample, lines[i].text)
	}
	f, ok := logFormatOf(sample)
	if !ok {
		return false
	}
	leading := make([]int64, f.leading)
	var rest []textLine
	s := t.newTable("log", "log")
	w := newLogWriter(s, f)
	for _, l := range lines {
		name, probe, args, ok := f.split(l.text, leading)
		if !ok {
			rest = append(rest, l)
			continue
		}
		w.row(leading, name, probe, args)
	}
	if len(rest)*2 > len(lines) {
		s.n, s.Columns = 0, nil
		return false
	}
	s.n = w.n
	for _, c := range w.args {
		c.padTo(s.n)
	}
	if len(rest) > 0 {
		t.fileText(rest)
	}
	return true
}

// A logWriter appends the rows of an event log.
type logWriter struct {
	sheet       *sheet
	leading     []*Column
	name, probe *Column
	args        []*Column
	n           int
}

func newLogWriter(s *sheet, f logFormat) *logWriter {
	w := &logWriter{sheet: s}
	for i := range f.leading {
		w.leading = append(w.leading, s.col("c"+strconv.Itoa(i+1), Int))
	}
	w.name, w.probe = s.col("execname", String), s.col("probe", String)
	return w
}

func (w *logWriter) row(leading []int64, name, probe, args []byte) {
	if w.n == 0 && leading[0] >= 1e18 && leading[0] < 4e18 {
		w.leading[0].Name, w.leading[0].typ = "time", Time
	}
	for i, v := range leading {
		w.leading[i].ints = append(w.leading[i].ints, v)
	}
	w.name.appendText(name)
	w.probe.appendText(probe)
	for i := 0; len(args) > 0; i++ {
		word, rest, _ := bytes.Cut(args, []byte(" "))
		if len(args) > 1 && args[0] == '"' {
			if end := bytes.LastIndexByte(args, '"'); end > 0 {
				word, rest = args[1:end], bytes.TrimPrefix(args[end+1:], []byte(" "))
			}
		}
		args = rest
		if i == len(w.args) {
			if i >= 16 {
				return
			}
			c := w.sheet.col("arg"+strconv.Itoa(i+1), Int)
			w.args = append(w.args, c)
		}
		c := w.args[i]
		c.padTo(w.n)
		c.appendWord(word)
	}
	w.n++
}

// appendWord appends an integer to a column of integers; any other word turns it into one
// of text.
func (c *Column) appendWord(word []byte) {
	if c.typ == Int {
		if v, unsigned, ok := syntax.Int64(word); ok && (!unsigned || c.unsigned) {
			c.appendInt(v)
			return
		}
		c.becomeText()
	}
	c.appendText(word)
}
