package dtracefs

import (
	"bytes"
	"strings"
)

// freeText gathers the lines that no recognizer took until it is known that they end, and files
// them paragraph by paragraph. They must wait: the last of them may turn out to be the title or
// the keys of what follows, and a paragraph is a table only if its lines agree.
type freeText struct {
	st        *station
	lines     []textLine
	gapBefore bool // two blank lines stood before the last line
	goesOn    bool // it is the rest of a paragraph too long to hold
	forms     []paragraphForm
	tables    *scriptTables // one of the forms
	adjacent  rowsBefore

	shapesBefore rowShapes // of a long paragraph of rows

	behind   []textLine      // the paragraphs after the one that is filed
	oneName  string          // that all lines of a paragraph had; see keyed
	together map[string]bool // names that stood in one paragraph

	paired    bool // there were lines of names and values
	pairsTold bool // it was said that they may be a command's
}

// A textLine is a line of free text. It has number 0 where lines were blank. size is 0 where the
// line was booked already.
type textLine struct {
	num  int
	text []byte
	size int // in bytes of the input, with the line's end

	frames    []string // of the stack under it
	frameless bool     // neither it nor a line before it in its paragraph is a frame
}

// longestParagraph bounds, in lines, the free text that is held until its end is known. A script
// may print rows for days without a blank line; then they are filed piece by piece, each like the
// one before (see goesOn).
const longestParagraph = 1 << 16

// A paragraphForm knows one thing that scripts print as lines that no blank line parts, such as a
// heading with rows: something that a line alone does not show, but several together do.
type paragraphForm interface {
	// file books and files lines, of which there is one at least, from the first on as far as
	// it knows them, and returns how many those are. Where the first ones are nothing that it
	// knows, it leaves all as it is and returns 0.
	file(st *station, lines []textLine) int
}

// paragraphForms are tried in this order, the more exact ones first. What none of them knows is
// filed by its shape: see rows. Tables come last, since nearly anything may stand under a
// heading.
var paragraphForms = []struct {
	name string
	new  func() paragraphForm
}{
	{"usage", func() paragraphForm { return &usages{} }},
	{"truss", func() paragraphForm { return &trussCalls{} }},
	{"bare stacks", func() paragraphForm { return bareStacks{} }},
	{"rows with stacks", func() paragraphForm { return stackedRows{} }},
	{"arrows", func() paragraphForm { return &arrows{} }},
	{"table", func() paragraphForm { return &scriptTables{} }},
}

func newFreeText(st *station) *freeText {
	f := &freeText{st: st}
	for _, p := range paragraphForms {
		form := p.new()
		if tables, ok := form.(*scriptTables); ok {
			f.tables = tables
		}
		f.forms = append(f.forms, form)
	}
	return f
}

// resume forgets the sheets of the text before. Whatever lines wait stay: they may be the title
// of what the next part starts with.
func (f *freeText) resume() { f.adjacent.sheet = nil }

// end files what is left, as no more lines come.
func (f *freeText) end() {
	f.flush()
	for _, form := range f.forms {
		if form, ok := form.(ender); ok {
			form.end(f.st)
		}
	}
}

// blank marks the end of a paragraph.
func (f *freeText) blank() {
	switch n := len(f.lines); {
	case n == 0:
		f.goesOn = false
	// Any number of blank lines is one mark, so that flush sees paragraphs and not gaps.
	case f.lines[n-1].num != 0:
		f.lines = append(f.lines, textLine{})
	}
}

// add takes the next line as free text; line is that line without its colors. It is not booked
// yet: whoever files it books it, as a table's or as text.
func (f *freeText) add(line []byte) {
	st := f.st
	num, from := st.cur.Number(), st.cur.Offset()
	st.cur.Next()
	st.afterStack, f.gapBefore = false, st.blanks > 1
	f.append(num, line, st.cur.Offset()-from)
}

// append takes a line that the cursor went past.
func (f *freeText) append(num int, line []byte, size int) {
	if len(f.lines) == longestParagraph {
		f.flush()
		f.goesOn = true
	}
	f.lines = append(f.lines, textLine{num: num, text: line, size: size})
}

// open reports whether a line of free text stands right before the next line.
func (f *freeText) open() bool { return len(f.lines) > 0 && f.lines[len(f.lines)-1].num != 0 }

// nameOf is what a table is called: its title, or what it is where it has none.
func nameOf(title, otherwise string) string {
	if title == "" {
		return otherwise
	}
	return title
}

// title files the free text and returns its last line if that stands alone, as the title of the
// block that follows, or "". A line stands alone if a blank line or nothing is in front of it:
//
//	reads by process:
//
//	  nginx  12
//
// More than three blank lines under it part the two, and a number alone is a value. What a title
// stands over ends the table before, too: its heading holds no longer.
func (f *freeText) title() string {
	n := len(f.lines)
	for n > 0 && f.lines[n-1].num == 0 {
		n--
	}
	if n == 0 || n > 1 && f.lines[n-2].num != 0 || f.st.blanks > 3 || isNumber(bytes.TrimSpace(f.lines[n-1].text)) {
		f.flush()
		return ""
	}
	line := f.lines[n-1]
	f.lines = f.lines[:n-1]
	f.flush()
	f.tables.header = nil
	f.st.account(classTable, line.size)
	return strings.TrimRight(strings.TrimSpace(string(line.text)), ",:")
}

// flush files the free text, paragraph by paragraph. It must be called before anything else is
// filed, so that tables come in the order of the text.
func (f *freeText) flush() {
	free := f.lines
	f.lines = nil
	for lines := free; len(lines) > 0; {
		n := 0
		for n < len(lines) && lines[n].num != 0 {
			n++
		}
		f.behind = lines[min(n+1, len(lines)):]
		if n > 0 && !f.tables.titledBy(f.st, lines, n) {
			f.paragraph(lines[:n])
		}
		if lines = lines[min(n+1, len(lines)):]; len(lines) > 0 {
			f.goesOn = false
		}
	}
	// The room is used again; nothing that was filed keeps lines of it.
	f.lines, f.goesOn = free[:0], false
}

// paragraph files lines of free text that no blank line parts.
func (f *freeText) paragraph(lines []textLine) {
	// Splitting a line without end into words would take memory without end.
	if len(lines) == 1 && len(lines[0].text) > longestLine {
		f.st.account(classTable, lines[0].size)
		f.prose(lines)
		return
	}
	f.stretch(lines)
}

// stretch files what forms of paragraphs know, and from the first line on that none of them knows
// the rest by its shape. It does not try the forms again further down in what is left: a
// paragraph of 65,536 lines would be looked at as many times.
func (f *freeText) stretch(lines []textLine) {
	for len(lines) > 0 {
		n := 0
		for i := 0; n == 0 && i < len(f.forms); i++ {
			n = f.forms[i].file(f.st, lines)
		}
		if n == 0 {
			f.shapes(lines)
			return
		}
		lines = lines[n:]
	}
}

// shapes files lines by their shape, titles apart.
func (f *freeText) shapes(lines []textLine) {
	for _, l := range lines {
		f.st.account(classTable, l.size)
	}
	for len(lines) > 0 {
		title, n := titled(lines)
		if title != "" {
			f.rows(title, lines[1:n])
		} else {
			f.rows("", lines[:n])
		}
		lines = lines[n:]
	}
}
