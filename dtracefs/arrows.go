package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// flowHead is the heading of such columns: "C    TIME(us)          FILE            DELTA(us)  --
// SUB", or that of a script in the manner of truss.
var flowHead = pattern.New(`^(|.*?\s)(?:--\s+([A-Za-z]\S*)|(CALL\(args\)\s*= return))\s*$`)

// arrows are entries and returns that a script printed in the likeness of -F: columns, then an
// arrow, moved in by two blanks for each call that is open. The heading holds until another one
// comes, through any number of paragraphs:
//
//	C    PID  TIME(us)         FILE         -- SUB
//	0   1234  3426701          func.pl      -> a
//	0   1234  4436981          func.pl        -> b
type arrows struct {
	columns []string // names of what stands before an arrow; nil outside of a flow
	base    int      // the column of the outermost arrow
}

func (a *arrows) file(st *station, lines []textLine) int {
	for i, l := range lines {
		m := flowHead.FindSubmatch(l.text)
		if m == nil || bytes.Contains(l.text, []byte("->")) {
			// A heading stands near the top, maybe under a sentence or two.
			if i >= 3 {
				break
			}
			continue
		}
		if m[2] != nil && !inCapitals(m[1], m[2]) {
			continue // a dash in a sentence
		}
		if m[2] == nil && m[3] == nil || !isHeading(append(bytes.Clone(m[1]), " X X"...), nil, false) && m[3] == nil && len(bytes.Fields(m[1])) == 0 {
			continue
		}
		if i > 0 {
			// What stands above the heading is filed first, so that the tables come in the order
			// of the text.
			st.free.stretch(lines[:i])
		}
		st.account(classNotice, l.size)
		st.notice(l.num, "heading", l.text, 0)
		a.columns, a.base = strings.Fields(string(m[1])), -1
		if a.columns == nil {
			// A heading without columns is one all the same: nil is none.
			a.columns = []string{}
		}
		return i + 1
	}
	if a.columns == nil {
		return 0
	}
	for i, l := range lines {
		at, f, ok := cutArrow(l.text)
		if !ok {
			return i
		}
		st.account(classTable, l.size)
		if a.base < 0 {
			a.base = at
		}
		// The first arrow is taken for the outermost. A call that was open before it returns
		// further out, and has depth 0, too.
		f.Depth = max(at-a.base, 0) / 2
		s := st.sheetFor("flow", "flow", "flow")
		for j, v := range bytes.Fields(f.Before) {
			name := "c" + strconv.Itoa(j+1) // beyond what the heading names
			if j < len(a.columns) {
				name = a.columns[j]
			}
			_, isInt := syntax.Int(v)
			s.key(name, syntax.Key{Text: v, IsInt: isInt})
		}
		flowRow(s, f)
	}
	return len(lines)
}

// inCapitals reports whether most words of a heading are written in capitals, its last one too,
// as those of a sentence are not.
func inCapitals(names, last []byte) bool {
	n := 0
	words := bytes.Fields(names)
	for _, w := range words {
		if isCapitals(w) {
			n++
		}
	}
	return isCapitals(last) && n*2 >= len(words)
}

// cutArrow splits a line at the first arrow.
func cutArrow(line []byte) (at int, f syntax.Flow, ok bool) {
	for i := 0; i+2 < len(line); i++ {
		if (i == 0 || line[i-1] == ' ') && (line[i+2] == ' ') && (line[i] == '-' && line[i+1] == '>' || line[i] == '<' && line[i+1] == '-') {
			f.Before, f.Direction = line[:i], string(line[i:i+2])
			f.Function = bytes.TrimSpace(line[i+3:])
			return i, f, len(f.Function) > 0
		}
	}
	return 0, f, false
}
