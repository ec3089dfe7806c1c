package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// keyValues are rows that name each of their cells, as `time=1795896668 exec=nginx count=5` does. A
// clock may stand before them. Each set of names is a table.
type keyValues struct {
	known map[string]bool // sets of names that were seen twice
}

func (k *keyValues) take(st *station, num int, line []byte) bool {
	// The quick look comes first, since every line of a capture that nothing above knows comes
	// by. A line right under free text goes on in its paragraph: `x=1 y=2` there is a part of a
	// sentence.
	if bytes.IndexByte(line, '=') <= 0 || st.free.open() {
		return false
	}
	clock, pairs := clockedPairs(line)
	if len(pairs) < 2 {
		return false
	}
	names := namesOfPairs(pairs)
	// One line alone may be a sentence with two equals signs in it; two with the same names are
	// rows.
	if !k.known[names] {
		_, next := clockedPairs(st.peekAfter())
		if namesOfPairs(next) != names {
			return false
		}
		if k.known == nil {
			k.known = map[string]bool{}
		}
		k.known[names] = true
	}
	st.free.flush()
	st.take(classTable)
	// The order of the names is a part of the key: a script that prints them in another order
	// prints them in another place, and so perhaps of something else.
	s := st.sheetFor("keys/"+names, strings.TrimSpace(names), "rows")
	st.inferred[s] = true
	// A clock in the row is the row's own; otherwise the last one above it holds.
	if clock != nil {
		st.moment.tell(*clock, st.opt.Location)
		s.instant("time", st.stamp, st.ofDay)
	} else {
		st.context(s)
	}
	for _, p := range pairs {
		s.text(string(p[0]), p[1])
	}
	s.end()
	return true
}

// namesOfPairs are the names in their order, as one text.
func namesOfPairs(pairs [][2][]byte) string {
	var b strings.Builder
	for _, p := range pairs {
		b.Write(p[0])
		b.WriteByte(' ')
	}
	return b.String()
}

// clockedPairs splits a line of names and values and the clock before them; no pairs if it is
// none. Every word of the line must belong to a pair. Commas may part them.
func clockedPairs(line []byte) (clock *syntax.Clock, pairs [][2][]byte) {
	line = bytes.TrimSpace(line)
	// `10:20:30=x` is a name that looks like a clock, so a blank must follow.
	if c, n, ok := syntax.ParseClock(line); ok && n < len(line) && line[n] == ' ' {
		clock, line = &c, bytes.TrimLeft(line[n:], " ")
	}
	for len(line) > 0 {
		i := bytes.IndexByte(line, '=')
		if i <= 0 || !isKey(line[:i]) {
			return nil, nil
		}
		name, rest := line[:i], line[i+1:]
		var value []byte
		if len(rest) > 0 && rest[0] == '"' {
			// Quotes are taken off only where a pair ends behind them. `"a"b` is no quoted
			// value, and what was meant by it cannot be known, so the line is none of these.
			end := bytes.IndexByte(rest[1:], '"') + 1
			if end == 0 || end+1 < len(rest) && rest[end+1] != ' ' && rest[end+1] != ',' {
				return nil, nil
			}
			value, rest = rest[1:end], rest[end+1:]
		} else {
			// The value goes up to the word that has the next name; it may hold blanks.
			end := len(rest)
			// `comm=Web Content pid=12`: the last blank before the next equals sign is where the
			// next name starts, so the value is all of `Web Content`.
			if next := bytes.IndexByte(rest, '='); next >= 0 {
				end = bytes.LastIndexAny(rest[:next], " ,\t") + 1
			}
			value, rest = rest[:end], rest[end:]
		}
		value = bytes.TrimRight(value, " ,\t")
		line = bytes.TrimLeft(rest, " ,\t")
		pairs = append(pairs, [2][]byte{name, value})
		// So many columns are no table.
		if len(pairs) > widestRow {
			return nil, nil
		}
	}
	return clock, pairs
}

// isKey reports whether a word can name a cell.
func isKey(w []byte) bool {
	// `1=2` is arithmetic and `-x=1` an option in a command's line.
	if w[0]-'0' <= 9 || w[0] == '-' {
		return false
	}
	for _, c := range w {
		if c != '_' && c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
