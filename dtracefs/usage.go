package dtracefs

import "bytes"

// usages are what commands print of how they are called: a line that starts so, and the paragraphs
// right under it that describe the command or list its options and examples. They are text, however
// well their columns stand.
type usages struct {
	next int // number of the line after the last one, 0 if there was none
}

func (u *usages) file(st *station, lines []textLine) int {
	// Usage may stand under the command.
	starts := isUsage(lines[0].text) || len(lines) > 1 && isUsage(lines[1].text)
	// Up to two blank lines may part a paragraph from the one that it goes on.
	if !starts && (u.next == 0 || lines[0].num > u.next+2 || !u.goesOn(lines)) {
		u.next = 0
		return 0
	}
	u.next = lines[len(lines)-1].num + 1
	for _, l := range lines {
		st.account(classTable, l.size)
	}
	st.free.prose(lines)
	return len(lines)
}

// isUsage reports whether a line starts as such text does.
func isUsage(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) >= 6 && bytes.EqualFold(line[:6], []byte("usage:"))
}

// goesOn reports whether a paragraph is a sentence, or a list with or without a title.
func (u *usages) goesOn(lines []textLine) bool {
	first := bytes.TrimRight(lines[0].text, " \t")
	if len(lines) == 1 {
		return !anyNumber(bytes.Fields(first))
	}
	// A title ends in a colon or a comma. It alone may stand at the margin: what is listed under it
	// is moved in.
	title := first[len(first)-1]
	for i, l := range lines {
		if indentOf(l.text) == 0 && (i > 0 || title != ':' && title != ',') {
			return false
		}
	}
	return true
}
