package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// looseTuples files rows of an aggregation's default print whose columns were not kept, as where
// documentation copied them: two blanks, keys and the value at gaps. All lines must be such, and
// of as many cells: two blanks in front are little to go by.
func looseTuples(st *station, title string, lines []textLine) bool {
	n := 0
	for _, l := range lines {
		if !bytes.HasPrefix(l.text, []byte("  ")) || len(l.text) == 2 || l.text[2] == ' ' {
			return false
		}
		cells := cellsAtGaps(nil, l.text)
		if n == 0 {
			n = len(cells)
		}
		// A value alone is the aggregation without keys, which another form knows.
		if _, ok := syntax.Int(cells[len(cells)-1]); !ok || len(cells) != n || n < 2 {
			return false
		}
	}
	// All lines are known to be rows by now: nothing is filed of a paragraph that is something
	// else.
	st.block++
	for _, l := range lines {
		cells := cellsAtGaps(nil, l.text)
		keys := make([]syntax.Key, n-1)
		for i := range keys {
			_, isInt := syntax.Int(cells[i])
			keys[i] = syntax.Key{Text: cells[i], IsInt: isInt}
		}
		value, _ := syntax.Int(cells[n-1])
		aggRow(st, title, unnamed(keys), value, false)
	}
	return true
}
