package dtracefs

import (
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// packed are packed histograms (aggpack): a header and a row for each tuple, in which a character
// stands for each bucket. They cannot be turned back into counts, so the drawing is a cell.
type packed struct{}

func (packed) take(st *station, num int, line []byte) bool {
	if !syntax.PackHeader(line) {
		return false
	}
	where := syntax.PackColumns(line)
	// A header alone may be any line with these words.
	if next := st.peekAfter(); next == nil {
		return false
	} else if _, _, _, _, _, ok := syntax.PackRow(plain(next), where); !ok {
		return false
	}
	// Text above belongs in front of this table, so it is filed first.
	st.free.flush()
	st.take(classTable)
	// Each header is another print of the aggregation; the number of the block keeps the prints
	// apart where no time was printed.
	st.block++
	s := st.sheetFor("packed", "packed", "packed")
	for !st.cur.Done() {
		keys, low, buckets, high, count, ok := syntax.PackRow(st.peek(), where)
		if !ok {
			break
		}
		st.take(classTable)
		st.context(s)
		if len(keys) > 0 {
			// Keys are padded to the width of their column, so two blanks part them. One blank
			// does not: a key may be the name of a process such as `Web Content`.
			for i, k := range gap.Split(string(keys), -1) {
				_, isInt := syntax.Int([]byte(k))
				s.key("key"+strconv.Itoa(i+1), syntax.Key{Text: []byte(k), IsInt: isInt})
			}
		}
		// The ends are labels and no numbers, as `< 0` and `>= 100` are open ranges.
		s.text("min", low)
		s.text("packed", buckets)
		s.text("max", high)
		s.int("count", count, false)
		s.int("block", int64(st.block), false)
		s.end()
	}
	return true
}
