package dtracefs

import (
	"bytes"
	"strconv"

	"dtnotes/dtracefs/internal/pattern"
)

var (
	ruler   = pattern.New(`^\s*0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\s*$`)
	dumpRow = pattern.New(`^\s*([0-9a-f]+): ((?:[0-9a-f]{2}(?: |$)){1,16})(.*)$`)

	// Where bytes are printed without the zeros in front, as Java's toHexString does, they stand
	// wherever they do, and those below zero have as many digits as an integer.
	looseRow = pattern.New(`^\s*(?:([0-9a-f]+): +)?((?:(?:f{6})?[0-9a-f]{1,2}(?: |$))+)(?: +(\S.*))?$`)
)

// isRuler reports whether a line is the ruler over a dump.
func isRuler(line []byte) bool {
	return bytes.Contains(line, []byte("0  1  2  3")) && ruler.Match(line)
}

// dumpWidth is where the text stands in a dump's row, counted from the first byte: 16 bytes of
// two digits and a blank each, and one more blank. The last row may have fewer bytes, but its
// text stands there too.
const dumpWidth = 16*3 + 1

// dumps are the rows that tracemem() and the raw print of other data show, under a ruler:
//
//	    0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
//	0: 2f 75 73 72 2f 62 69 6e 00 00 00 00 00 00 00 00  /usr/bin........
type dumps struct{}

func (dumps) take(st *station, num int, line []byte) bool {
	if !isRuler(line) {
		return false
	}
	title := st.free.title()
	st.take(classTable)
	// Several dumps share one table, and offsets start at 0 in each. The number keeps them apart.
	st.block++
	s := st.sheetFor("bytes", "bytes", "bytes")
	for !st.cur.Done() {
		row := st.peek()
		m := dumpRow.FindSubmatchIndex(row)
		if loose := looseRow.FindSubmatchIndex(row); loose != nil && loose[2] >= 0 && (m == nil || loose[5] > m[5]) {
			st.take(classTable)
			fileDump(st, title, row, loose)
			continue
		}
		// The first line that is no row is left to others.
		if m == nil {
			return true
		}
		st.take(classTable)
		hex, ascii := row[m[4]:m[5]], row[m[6]:m[7]]
		if at := m[4] + dumpWidth; at < len(row) && row[at-1] == ' ' {
			hex, ascii = row[m[4]:at], row[at:]
		} else {
			ascii = bytes.TrimLeft(ascii, " ") // a shorter row, or one of other columns
		}
		st.context(s)
		if title != "" {
			s.text("label", []byte(title))
		}
		s.int("dump", int64(st.block), false)
		s.text("offset", row[m[2]:m[3]])
		s.text("hex", bytes.TrimSpace(hex))
		s.text("ascii", ascii)
		s.end()
	}
	return true
}

// fileDump files a row of bytes that looseRow found.
func fileDump(st *station, title string, row []byte, at []int) {
	s := st.sheetFor("bytes", "bytes", "bytes")
	st.context(s)
	if title != "" {
		s.text("label", []byte(title))
	}
	s.int("dump", int64(st.block), false)
	for i, name := range []string{"offset", "hex", "ascii"} {
		if from, to := at[2*i+2], at[2*i+3]; from >= 0 {
			s.text(name, bytes.TrimSpace(row[from:to]))
		}
	}
	s.end()
}

// fewestBytes is how many bytes a row has without an offset in front: names and numbers of one or
// two digits are more often fewer.
const fewestBytes = 8

// bytes files lines that are nothing but bytes in hexadecimal, with their offsets or without, where
// no ruler stands above them. As rows they would be a table made of nonsense, in which 10 is ten.
// All but the last have as many, and letters are in two columns at least: else they are numbers.
// Offsets go up by as many as stand in a row: else they are numbers or names of something else.
func (f *freeText) bytes(title string, lines []textLine) bool {
	if len(lines) < 2 {
		return false
	}
	width, offset := 0, uint64(0)
	letters := map[int]bool{}
	for i, l := range lines {
		m := looseRow.FindSubmatchIndex(l.text)
		if m == nil || l.frames != nil {
			return false
		}
		words := bytes.Fields(l.text[m[4]:m[5]])
		if i == 0 {
			width = len(words)
		}
		if m[2] >= 0 {
			at, err := strconv.ParseUint(string(l.text[m[2]:m[3]]), 16, 64)
			if err != nil || i > 0 && at != offset+uint64(width) {
				return false
			}
			offset = at
		}
		if len(words) != width && (i < len(lines)-1 || len(words) > width) || width < fewestBytes && m[2] < 0 {
			return false
		}
		for column, w := range words {
			letters[column] = letters[column] || bytes.ContainsAny(w, "abcdef")
		}
	}
	columns := 0
	for _, some := range letters {
		if some {
			columns++
		}
	}
	if columns < 2 {
		return false
	}
	f.st.block++
	for _, l := range lines {
		fileDump(f.st, title, l.text, looseRow.FindSubmatchIndex(l.text))
	}
	f.adjacent.sheet = nil
	return true
}
