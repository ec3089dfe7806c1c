package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// keyValues are rows that name each of their cells, as `time=1795896668 exec=nginx count=5` does,
// or `pid: 12, comm: nginx`, or `bytes read = 12; file = /etc/passwd`. A clock may stand before
// them, and a few words that are no name, as in `open pid=12 fd=3`. Each set of names is a table.
type keyValues struct {
	known map[string]bool // sets of names that were seen twice
}

func (k *keyValues) take(st *station, num int, line []byte) bool {
	// The quick look comes first, since every line of a capture that nothing above knows comes
	// by.
	if bytes.IndexByte(line, '=') <= 0 && bytes.Count(line, []byte(":")) < 2 {
		return false
	}
	if pairs := measuredPairs(line); len(pairs) >= fewestMeasured {
		st.free.flush()
		st.take(classTable)
		fileNamed(st, "", namesOfPairs(nil, pairs), nil, nil, pairs)
		return true
	}
	// A line right under free text goes on in its paragraph: `x=1 y=2` there is a part of a
	// sentence.
	if st.free.open() {
		return false
	}
	clock, lead, pairs := namedCells(line)
	if len(pairs) < 2 {
		return false
	}
	names := namesOfPairs(lead, pairs)
	// One line alone may be a sentence with two equals signs in it; two with the same names are
	// rows.
	if !k.known[names] {
		_, lead, next := namedCells(plain(st.peekAfter()))
		if len(next) == 0 || namesOfPairs(lead, next) != names {
			return false
		}
		if k.known == nil {
			k.known = map[string]bool{}
		}
		k.known[names] = true
	}
	st.free.flush()
	st.take(classTable)
	fileNamed(st, "", names, clock, lead, pairs)
	return true
}

// fewestMeasured is how many names with numbers make a line a row though no other line has them,
// and wherever it stands: such sums are printed right under a table.
const fewestMeasured = 3

// measuredPairs splits a line that is nothing but names and numbers, with units or with names of
// several words, which other forms of pairs do not have; nil if it is none. A unit becomes a part
// of the name, so that the cell is a number: `avg (nsecs)`.
//
//	avg = 663 nsecs, total: 16575 nsecs, count: 25
//	Total References: 7139900 Total Misses: 1413900 Hit Rate: 80.20%
func measuredPairs(line []byte) (pairs [][2][]byte) {
	wide := false
	for line = bytes.TrimSpace(line); len(line) > 0; {
		at := bytes.IndexAny(line, ":=")
		if at <= 0 || at+1 == len(line) || line[at+1] != ' ' || len(pairs) > widestRow {
			return nil
		}
		name := bytes.TrimRight(line[:at], " ")
		if !isCellName(name) {
			return nil
		}
		line = bytes.TrimLeft(line[at+1:], " ")
		end := bytes.IndexAny(line, " ,")
		if end < 0 {
			end = len(line)
		}
		value := line[:end]
		if _, ok := syntax.ParseMeasure(value); !ok && !isNumber(value) {
			return nil
		}
		line = bytes.TrimLeft(line[end:], " ")
		// What stands up to the comma, or to the end, is a unit where it is one word.
		end = bytes.IndexByte(line, ',')
		if end < 0 {
			end = len(line)
		}
		if unit := bytes.TrimRight(line[:end], " "); !bytes.ContainsAny(unit, " :=") {
			if len(unit) > 0 {
				name = append(append(append(bytes.Clone(name), " ("...), unit...), ')')
			}
			line = bytes.TrimLeft(line[min(end+1, len(line)):], " ")
		}
		wide = wide || bytes.IndexByte(name, ' ') > 0
		pairs = append(pairs, [2][]byte{name, value})
	}
	if !wide {
		return nil
	}
	return pairs
}

// named files lines that all name their cells, by the same names, where they stand under a title
// or other text.
func (f *freeText) named(title string, lines []textLine) bool {
	if len(lines) < 2 {
		return false
	}
	_, lead, pairs := namedCells(lines[0].text)
	names := namesOfPairs(lead, pairs)
	if len(pairs) < 2 {
		return false
	}
	for _, l := range lines[1:] {
		if _, lead, pairs := namedCells(l.text); len(pairs) < 2 || l.frames != nil || namesOfPairs(lead, pairs) != names {
			return false
		}
	}
	for _, l := range lines {
		clock, lead, pairs := namedCells(l.text)
		fileNamed(f.st, title, names, clock, lead, pairs)
	}
	f.adjacent.sheet = nil
	return true
}

// sameName files lines that all have the one name and a number, as `total: 12`: the name is that of
// a column, and no key whose values these are, as those would have others beside it (see keyed).
func (f *freeText) sameName(title string, lines []textLine) bool {
	names := namesBefore(lines)
	if len(names) != 1 {
		if len(names) > 1 {
			f.together = names
		}
		return false
	}
	name, _ := nameBefore(lines[0])
	// A title says what is counted, so that the name is whose it is.
	if len(lines) < 2 || title != "" || f.keyed(string(name)) {
		return false
	}
	for _, l := range lines {
		_, value := nameBefore(l)
		fileNamed(f.st, title, string(name)+" ", nil, nil, [][2][]byte{{name, value}})
	}
	f.adjacent.sheet = nil
	return true
}

// nameBefore splits a line that is a name and a number.
func nameBefore(l textLine) (name, value []byte) {
	name, value, ok := bytes.Cut(l.text, []byte(":"))
	if !ok {
		name, value, _ = bytes.Cut(l.text, []byte("="))
	}
	name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
	if _, ok := syntax.ParseMeasure(value); !ok && !isNumber(value) || len(name) == 0 || !isCellName(name) || l.frames != nil {
		return nil, nil
	}
	return name, value
}

// namesBefore are the names of lines that all are a name and a number; nil if some are not.
func namesBefore(lines []textLine) map[string]bool {
	names := map[string]bool{}
	for _, l := range lines {
		name, _ := nameBefore(l)
		if name == nil {
			return nil
		}
		names[string(name)] = true
	}
	return names
}

// keyed reports whether a name that all lines of a paragraph have is a key: another paragraph has
// it among others, or has another one in all of its lines. A script that prints a line for each
// call, or each processor, prints so.
func (f *freeText) keyed(name string) bool {
	other := f.oneName != "" && f.oneName != name
	f.oneName = name
	if other || f.together[name] {
		return true
	}
	n := 0
	for n < len(f.behind) && f.behind[n].num != 0 {
		n++
	}
	names := namesBefore(f.behind[:n])
	return names[name] && len(names) > 1 || !names[name] && len(names) == 1 && n > 1
}

// fileNamed files a row that names its cells.
func fileNamed(st *station, title, names string, clock *syntax.Clock, lead []byte, pairs [][2][]byte) {
	// The order of the names is a part of the key: a script that prints them in another order
	// prints them in another place, and so perhaps of something else.
	s := st.sheetFor("keys/"+title+"/"+names, nameOf(title, strings.TrimSpace(names)), "rows")
	s.inferred = true
	// A clock in the row is the row's own; otherwise the last one above it holds.
	if clock != nil {
		st.moment.tell(*clock, st.opt.Location)
		s.instant("time", st.stamp, st.ofDay)
	} else {
		st.context(s)
	}
	if lead != nil {
		s.text("text", lead)
	}
	for _, p := range pairs {
		s.text(string(p[0]), p[1])
	}
	s.end()
}

// namesOfPairs are the names in their order, as one text. Of words before the first name it tells
// how many there are.
func namesOfPairs(lead []byte, pairs [][2][]byte) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", len(bytes.Fields(lead))))
	for _, p := range pairs {
		b.Write(p[0])
		b.WriteByte(' ')
	}
	return b.String()
}

// namedCells splits a line of names and values; there are none if it is none. What stands before
// them may be a clock and, in lead, words.
func namedCells(line []byte) (clock *syntax.Clock, lead []byte, pairs [][2][]byte) {
	if clock, pairs := clockedPairs(line); pairs != nil {
		return clock, nil, pairs
	}
	line = bytes.TrimSpace(line)
	if c, n, ok := syntax.ParseClock(line); ok && n < len(line) && line[n] == ' ' {
		clock, line = &c, bytes.TrimLeft(line[n:], " ")
	}
	for _, mark := range []string{"=", ": ", ":"} {
		if lead, pairs := markedPairs(line, mark); len(pairs) > 1 {
			return clock, lead, pairs
		}
	}
	return nil, nil, nil
}

// mostLead bounds the words before the first name: more are a sentence.
const mostLead = 4

// markedPairs splits a line at the marks behind its names: an equals sign, which may have blanks
// around it, a colon with one behind it, or all colons. Where commas,
// semicolons or gaps part the pairs, names may have blanks. It returns nil if a mark has no name
// before it or the next name no value.
func markedPairs(line []byte, mark string) (lead []byte, pairs [][2][]byte) {
	from := 0     // where the value of the last pair starts
	wide := false // a name has blanks
	for i := 0; i < len(line); i++ {
		if line[i] != mark[0] || len(mark) > 1 && i+1 < len(line) && line[i+1] != ' ' {
			continue
		}
		if i+1 == len(line) || len(pairs) > widestRow {
			return nil, nil
		}
		name := bytes.TrimRight(line[from:i], " ")
		start, parted := nameStart(name)
		if name = name[start:]; len(name) == 0 || !isCellName(name) {
			return nil, nil
		}
		before := bytes.TrimSpace(line[from : from+start])
		switch n := len(pairs); {
		case n == 0 && parted && len(before) > 0:
			return nil, nil // words that a comma ends
		case n == 0:
			lead = before
		default:
			if before = unquoted(bytes.TrimRight(before, " ,;\t")); len(before) == 0 {
				return nil, nil
			}
			pairs[n-1][1] = before
		}
		wide = wide || bytes.IndexByte(name, ' ') > 0
		pairs = append(pairs, [2][]byte{name, nil})
		from = i + 1
	}
	if len(pairs) < 2 || len(bytes.Fields(lead)) > mostLead {
		return nil, nil
	}
	last := unquoted(bytes.TrimSpace(bytes.TrimRight(bytes.TrimSpace(line[from:]), ",;")))
	if len(last) == 0 {
		return nil, nil
	}
	pairs[len(pairs)-1][1] = last
	// The words before the first name are a part of it where other names are of several words.
	if full := line[:len(lead)+1+len(pairs[0][0])]; wide && len(lead) > 0 && isCellName(full) {
		lead, pairs[0][0] = nil, full
	}
	if len(lead) == 0 {
		lead = nil
	}
	return lead, pairs
}

// nameStart returns where in the text before a mark the name starts: behind the last comma,
// semicolon or gap if there is one, otherwise with the last word.
func nameStart(text []byte) (start int, parted bool) {
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == '\t' || text[i] == ' ' && bytes.IndexByte([]byte(",; "), text[i-1]) >= 0 {
			return i + 1, true
		}
	}
	return bytes.LastIndexByte(text, ' ') + 1, false
}

// isCellName reports whether up to three words can name a cell. The first one may start with what
// printf's own conversions start with.
func isCellName(name []byte) bool {
	words := bytes.Fields(name)
	for i, w := range words {
		if i == 0 && len(w) > 1 && (w[0] == '%' || w[0] == '$') {
			w = w[1:]
		}
		if !isKey(w) {
			return false
		}
	}
	return len(words) < 4
}

// unquoted takes off the quotes around a value that has no others.
func unquoted(value []byte) []byte {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' && bytes.Count(value, []byte{'"'}) == 2 {
		return value[1 : n-1]
	}
	return value
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
			if end == 0 || end+1 < len(rest) && rest[end+1] != ' ' && rest[end+1] != ',' && rest[end+1] != ';' {
				return nil, nil
			}
			value, rest = rest[1:end], rest[end+1:]
		} else {
			// The value goes up to the word that has the next name; it may hold blanks.
			end := len(rest)
			// `comm=Web Content pid=12`: the last blank before the next equals sign is where the
			// next name starts, so the value is all of `Web Content`.
			if next := bytes.IndexByte(rest, '='); next >= 0 {
				end = bytes.LastIndexAny(rest[:next], " ,;\t") + 1
			}
			value, rest = rest[:end], rest[end:]
		}
		value = bytes.TrimRight(value, " ,;\t")
		line = bytes.TrimLeft(rest, " ,;\t")
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
