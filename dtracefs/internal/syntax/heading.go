package syntax

import (
	"bytes"
	"strconv"
)

// A Word is the place of a word in its line.
type Word struct{ Start, End int }

// Words appends the places of the words of a line to dst, which may have room for them so that
// nothing is allocated.
func Words(dst []Word, line []byte) []Word {
	for i := 0; i < len(line); {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		start := i
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		if i > start {
			dst = append(dst, Word{start, i})
		}
	}
	return dst
}

// A Heading is a line that names the columns of the rows under it, a word each. Tools align their
// columns, but print what does not fit all the same, so rows are split by their words first, and
// by the columns only where words are missing.
type Heading struct {
	// Names are distinct: a name that comes again has a number behind it, as in kBps and kBps_2.
	// Whoever knows what they are of may write others, such as "read kBps": rows are split by what
	// the heading line was, whatever Names holds.
	Names []string

	words []Word
	rest  int    // the column whose cells may hold blanks, such as a command's; -1 if there is none
	date  []bool // whose cells may be a date of several words
}

// ParseHeading reads a line of names. It takes any line: whether it is a heading, the caller must
// know.
func ParseHeading(line []byte) Heading {
	h := Heading{words: Words(nil, line), rest: -1}
	h.Names = make([]string, len(h.words))
	h.date = make([]bool, len(h.words))
	seen := map[string]int{}
	for i, w := range h.words {
		name := string(line[w.Start:w.End])
		switch name {
		case "COMMAND", "Command", "CMD", "ARGS", "COMM", "UCOMM", "device", "Device", "Device:", "FILESYSTEM", "Filesystem:":
			// ps may print two; the last one is the one with arguments.
			h.rest = i
		case "STIME", "START", "STARTED", "LSTART":
			h.date[i] = true
		}
		if seen[name]++; seen[name] > 1 {
			name += "_" + strconv.Itoa(seen[name])
		}
		h.Names[i] = name
	}
	return h
}

// RestIs has cells of that column hold blanks, where its name alone does not tell that they may.
func (h *Heading) RestIs(column int) { h.rest = column }

// Has reports whether all names are among the columns.
func (h Heading) Has(names ...string) bool {
	for _, n := range names {
		if h.Index(n) < 0 {
			return false
		}
	}
	return true
}

// Index returns the number of the column of that name, or -1. A name that comes again is asked
// for with its number, as Names has it.
func (h Heading) Index(name string) int {
	for i, n := range h.Names {
		if n == name {
			return i
		}
	}
	return -1
}

// Cells splits a row into a cell for each column, appended to dst. Where the words are as many as
// the columns, each is a cell; a command or a date takes the words that are left over. Where they
// are fewer, cells are empty, and where the words stand tells which. ok is false for a line that
// is no row of the heading. An empty cell is nil, and the cells share the line's bytes.
func (h Heading) Cells(dst [][]byte, line []byte) (cells [][]byte, ok bool) {
	var room [64]Word
	words := Words(room[:0], line)
	n, at := len(h.words), 0
	stop := n
	if h.rest >= 0 {
		stop = h.rest
	}
	cells = dst
	for col := 0; col < stop; col++ {
		k := 1
		if at < len(words) && h.date[col] {
			k = dateWords(line, words[at:])
		}
		if at+k > len(words) {
			return h.placed(dst, line, words)
		}
		cells = append(cells, line[words[at].Start:words[at+k-1].End])
		at += k
	}
	if h.rest >= 0 {
		// Behind the command each column has one word again: the command takes all between.
		behind := len(words) - (n - h.rest - 1)
		if behind <= at {
			return h.placed(dst, line, words)
		}
		cells = append(cells, line[words[at].Start:words[behind-1].End])
		for _, w := range words[behind:] {
			cells = append(cells, line[w.Start:w.End])
		}
		return cells, true
	}
	return cells, at == len(words)
}

// dateWords returns how many of the words are one date, as ps prints when a process started: `Nov
// 28`, `Sat Nov 28 20:16:47 2026`, or a single word. Only a whole date counts: a word such as Nov
// may be a user's name.
func dateWords(line []byte, words []Word) int {
	first := line[words[0].Start:words[0].End]
	switch {
	case len(words) >= 5 && len(first) == 3 && isWeekday(first):
		if _, n, ok := ParseClock(line[words[0].Start:words[4].End]); ok && words[0].Start+n == words[4].End {
			return 5
		}
	case len(words) >= 2 && len(first) == 3 && monthOf(first) != 0:
		if _, ok := Int(line[words[1].Start:words[1].End]); ok {
			return 2
		}
	}
	return 1
}

// isWeekday reports whether b is the short name of a day.
func isWeekday(b []byte) bool {
	for _, w := range weekdays {
		if string(b) == w {
			return true
		}
	}
	return false
}

// placed splits a row with fewer words than columns by where the words stand: each is a cell of
// the column whose name it stands under. At least half of the columns must have one, as words
// under a heading may also be a sentence.
func (h Heading) placed(dst [][]byte, line []byte, words []Word) ([][]byte, bool) {
	if len(words)*2 < len(h.words) {
		return dst, false
	}
	base := len(dst)
	for range h.words {
		dst = append(dst, nil)
	}
	col := 0
	for i, w := range words {
		for col < len(h.words) && h.words[col].End <= w.Start {
			col++
		}
		if col == len(h.words) || w.End < h.words[col].Start {
			return dst[:base], false
		}
		if col == h.rest && h.rest == len(h.words)-1 {
			dst[base+col] = line[w.Start:words[len(words)-1].End]
			return dst, true
		}
		dst[base+col] = line[w.Start:w.End]
		if col++; col == len(h.words) && i < len(words)-1 {
			return dst[:base], false
		}
	}
	return dst, true
}

// A Measure is a number as tools print it for people: with a percent sign, or a suffix that makes
// it a thousand or 1,024 times larger.
type Measure struct {
	Value  float64
	Int    bool // it has no fraction
	Suffix byte // '%', 'K', 'M', 'G', 'T', 'P', 'E', or 0
}

// ParseMeasure reads a word that is a measure. A decimal comma is read where two digits follow
// it: three would be a thousand.
func ParseMeasure(b []byte) (m Measure, ok bool) {
	i := 0
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		i++
	}
	start, frac, scale := i, false, 1.0
	for ; i < len(b); i++ {
		if d := b[i] - '0'; d <= 9 {
			m.Value = float64(m.Value*10) + float64(d)
			if frac {
				scale *= 10
			}
			continue
		}
		if frac || i == start && b[i] != '.' || b[i] != '.' && (b[i] != ',' || digitsOf(b[i+1:]) != 2) {
			break
		}
		frac = true
	}
	if i == start || frac && scale == 1 || i-start > 18 {
		return m, false
	}
	// A decimal power below 10^18 and a whole number below 2^53 divide exactly rounded.
	m.Value /= scale
	m.Int = !frac
	if neg {
		m.Value = -m.Value
	}
	switch rest := b[i:]; {
	case len(rest) == 0:
		return m, true
	case len(rest) == 1 && rest[0] == '%':
		m.Suffix = '%'
		return m, true
	case len(rest) == 1 && rest[0] == 'B':
		m.Suffix = 'B'
		return m, true
	case len(rest) == 1 || len(rest) == 2 && rest[1] == 'B' || len(rest) == 3 && rest[1] == 'i' && rest[2] == 'B':
		c := rest[0] &^ 0x20
		if bytes.IndexByte(suffixes, c) >= 0 {
			m.Suffix = c
			return m, true
		}
	}
	return m, false
}

var suffixes = []byte("KMGTPE")

// Scaled returns the value with its suffix worked in, where a K stands for kilo. That is 1,000
// for some tools and 1,024 for others, and only their reader knows.
func (m Measure) Scaled(kilo float64) float64 {
	v := m.Value
	for i := bytes.IndexByte(suffixes, m.Suffix); i >= 0; i-- {
		v *= kilo
	}
	return v
}
