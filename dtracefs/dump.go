package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
)

var (
	ruler   = pattern.New(`^\s*0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\s*$`)
	dumpRow = pattern.New(`^\s*([0-9a-f]+): ((?:[0-9a-f]{2}(?: |$)){1,16})(.*)$`)
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
