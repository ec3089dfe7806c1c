package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// cut splits a line into what stands around its time, without the numbers that count, and those.
// What stands first is cut first, since places of cells are counted from the start of what is
// left.
func (f *fastLines) cut(line []byte) (head, rest []byte, v tail, ok bool) {
	if f.layout.early {
		if line, v, ok = f.cutValues(line); ok {
			head, rest, ok = f.cutTime(line)
		}
		return head, rest, v, ok
	}
	if head, rest, ok = f.cutTime(line); ok {
		rest, v, ok = f.cutValues(rest)
	}
	return head, rest, v, ok
}

// cutTime splits a line around its time and takes that over. It tries the cheapest way first:
// digits that a time of this bucket starts with, then the very bytes of the last time, as lines
// of one time follow each other, and only then reads the time.
func (f *fastLines) cutTime(line []byte) (head, rest []byte, ok bool) {
	l := &f.layout
	text := line
	switch l.timed {
	case timeBehind:
		i := bytes.Index(line, l.time)
		if i < 0 {
			return nil, nil, false
		}
		i += len(l.time)
		// A time as text stands in quotes, and some writers put a blank behind the colon. What is
		// skipped goes to the head, so that only the time itself is cut out.
		for i < len(line) && (line[i] == ' ' || line[i] == '"') {
			i++
		}
		head, text = line[:i], line[i:]
	case timeCell:
		i := cellAt(line, l.field[0], l.comma)
		if i < 0 {
			return nil, nil, false
		}
		head, text = line[:i], line[i:]
	}
	n := len(f.stamp)
	// The blank shows that the number has as many digits as the last one: a longer one may start
	// with the same digits, and is another time.
	if k := len(f.inside); k > 0 && len(text) > n && text[n] == ' ' && string(text[:k]) == string(f.inside) {
		if v, digits := leadingNumber(text[k:n]); digits == n-k {
			f.ns = f.from + v*f.unit
			return head, text[n:], true
		}
	}
	if n > 0 && len(text) >= n && string(text[:n]) == string(f.stamp) && f.endsTime(text, n) {
		// The time in force may be a later one by now, of which only the last digits were read.
		f.ns, f.timed = f.at, true
		return head, text[n:], true
	}
	n, ok = f.readTime(text)
	return head, text[n:], ok
}

// endsTime reports whether a time of n bytes ends there. The line ends with it only if the value
// stands before it.
func (f *fastLines) endsTime(text []byte, n int) bool {
	if n == len(text) {
		return n > 0 && f.layout.early
	}
	c := text[n]
	// A blank is behind a time of text, a quote or a brace behind that of JSON, and the others part
	// cells of CSV. Behind anything else the time goes on, as 12 does in 12.5.
	return c == ' ' || c == ',' || c == '"' || c == '}' || c == '\t' || c == ';' || c == '|'
}

// readTime takes over the time that text starts with and returns its length; false if there is
// none, or one that goes on in a way that is not known.
func (f *fastLines) readTime(text []byte) (n int, ok bool) {
	if t := f.t.tables[0]; f.numeric() {
		v, n := leadingNumber(text)
		if n == 0 || !f.endsTime(text, n) {
			return 0, false
		}
		f.ns, f.ofDay, f.timed = v*t.unit+t.anchor, false, true
		f.stamp, f.at = append(f.stamp[:0], text[:n]...), f.ns
		return n, true
	}
	c, ok := f.clocks.read(text)
	// A clock of another shape is learned, so that the next one is read quickly again.
	if n = len(f.clocks.text); !ok || !f.endsTime(text, n) {
		if c, n, ok = syntax.ParseClock(text); !ok || !f.endsTime(text, n) {
			return 0, false
		}
		f.clocks.learn(text[:n], c)
	}
	f.setTime(c, text[:n])
	return n, true
}

// numeric reports whether times are numbers of a clock of their own. Times of the day are text.
func (f *fastCount) numeric() bool {
	t := f.t.tables[0]
	return t.unit > 0 && f.t.m.Clock != ClockOfDay && (f.t.m.Clock != ClockEpoch || t.anchor != 0 || t.columnIsNumber)
}

// cellAt is where a cell of a line of CSV starts, -1 if the line has too few cells.
func cellAt(line []byte, field int, sep byte) int {
	at := 0
	for range field {
		i := bytes.IndexByte(line[at:], sep)
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	return at
}

// A tail are the numbers of a line, as many as the layout counts. It has a fixed size so that it
// needs no memory of its own.
type tail [8]int64

// cutValues splits the numbers that count off a line. What is left must be the same for all lines
// of a source, so blanks in front of a number go with it: how many they are depends on its
// digits.
func (f *fastLines) cutValues(line []byte) (rest []byte, v tail, ok bool) {
	l := &f.layout
	switch l.values {
	case valueFirst:
		i := 0
		for i < len(line) && line[i] == ' ' {
			i++
		}
		n := i
		for n < len(line) && line[n] != ' ' {
			n++
		}
		// A number alone does not say whose it is.
		if n == len(line) {
			return nil, v, false
		}
		v[0], ok = syntax.Int(line[i:n])
		return line[n:], v, ok
	case valueCell:
		field := l.field[1]
		if !l.early {
			field -= l.field[0] // the line starts behind the time
		}
		i := cellAt(line, field, l.comma)
		if i < 0 {
			return nil, v, false
		}
		n := i
		for n < len(line) && line[n] != l.comma {
			n++
		}
		if v[0], ok = syntax.Int(line[i:n]); !ok {
			return nil, v, false
		}
		return f.without(line, i, n), v, true
	case valueBehind:
		i := bytes.Index(line, l.value)
		if i < 0 {
			return nil, v, false
		}
		i += len(l.value)
		for i < len(line) && line[i] == ' ' {
			i++
		}
		n := i
		for n < len(line) && (line[n]-'0' <= 9 || line[n] == '-') {
			n++
		}
		// What goes on as 1.5 or 12ms is no integer, and cutting it there would leave a rest with
		// digits of its own.
		if v[0], ok = syntax.Int(line[i:n]); !ok || n < len(line) && line[n] != ',' && line[n] != '}' && line[n] != ' ' {
			return nil, v, false
		}
		return f.without(line, i, n), v, true
	}
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	// From the end, since names may hold blanks and digits, and how many words stand before the
	// numbers is not known.
	for k := l.n - 1; k >= 0; k-- {
		var prefix []byte
		if prefix, v[k], ok = cutValue(line); !ok {
			return nil, v, false
		}
		for len(prefix) > 0 && prefix[len(prefix)-1] == ' ' {
			prefix = prefix[:len(prefix)-1]
		}
		// Nothing is left that could say whose the numbers are.
		if len(prefix) == 0 {
			return nil, v, false
		}
		line = prefix
	}
	return line, v, true
}

// without is the line without the bytes from i to n. Where nothing follows them, that needs no
// copy; otherwise it is valid until the next line.
func (f *fastLines) without(line []byte, i, n int) []byte {
	if n == len(line) || n == len(line)-1 && line[n] == '}' {
		return line[:i]
	}
	f.rest = append(append(f.rest[:0], line[:i]...), line[n:]...)
	return f.rest
}
