package dtracefs

import (
	"bytes"
	"slices"
	"strconv"
	"unicode"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// titled returns the first line as a title if it ends in a colon and has lines under it, and the
// number of lines up to the next title. A script that prints several groups under names of their
// own, with no blank line between, needs this:
//
//	reads:
//	 nginx 12
//	writes:
//	 nginx 7
func titled(lines []textLine) (title string, n int) {
	isTitle := func(i int) bool {
		l := bytes.TrimSpace(lines[i].text)
		// The last line can be no title: nothing stands under it.
		return len(l) > 1 && l[len(l)-1] == ':' && i+1 < len(lines)
	}
	n = 1
	for n < len(lines) && !isTitle(n) {
		n++
	}
	if isTitle(0) && n > 1 {
		title = string(bytes.TrimRight(bytes.TrimSpace(lines[0].text), ":"))
	}
	return title, n
}

// rows files lines under no header, by the first reading that fits. Where they have one shape but
// for the first, that is their title. The order goes from what a line says most about to what it
// says least about: tuples have two blanks in front, pairs have names, rows of one shape have as
// many cells each; rows of a few shapes are sought only then, since any text has some; and the
// rest is text. The lines are booked already (see shapes).
func (f *freeText) rows(title string, lines []textLine) {
	for title == "" && len(lines) > 2 && lines[0].text[0] == '#' {
		f.prose(lines[:1]) // a comment is no title
		lines = lines[1:]
	}
	if !slices.ContainsFunc(lines, func(l textLine) bool { return l.text[0] != '#' }) {
		f.prose(lines)
		return
	}
	if f.foreign(title, lines) {
		return
	}
	if len(lines) > 3 && title == "" && isNumber(bytes.TrimSpace(lines[0].text)) {
		if split, n := splitOf(lines[1:]); split != nil && n > 1 {
			f.rows("", lines[:1]) // a number alone is no title
			lines = lines[1:]
		}
	}
	switch {
	case f.bytes(title, lines):
	case looseTuples(f.st, title, lines):
	case f.named(title, lines):
	case f.sameName(title, lines):
	case f.pairs(title, lines):
	case title == "" && isTitleOver(lines) && f.shaped(string(bytes.TrimSpace(lines[0].text)), true, lines[1:]):
	case numbersLead(lines) && f.ofShapes(title, lines):
	case f.shaped(title, false, lines):
	case title == "" && len(lines) > 2 && !isRowOver(lines[0].text, lines[1].text) && f.shaped(string(bytes.TrimSpace(lines[0].text)), true, lines[1:]):
	case f.ofShapes(title, lines):
	default:
		if title != "" {
			// A title of text is text. Its line was booked with the others, so it has no size
			// here.
			f.prose([]textLine{{num: lines[0].num - 1, text: []byte(title + ":")}})
		}
		f.prose(lines)
	}
}

// isTitleOver reports whether the first of three lines and more is words with single blanks between
// them, and the others are cells that are far apart with numbers among them.
func isTitleOver(lines []textLine) bool {
	words := bytes.Fields(lines[0].text)
	return len(lines) > 2 && len(words) > 1 && !hasGap(lines[0].text) && !anyNumber(words) &&
		!slices.ContainsFunc(lines[1:], func(l textLine) bool { return !hasGap(l.text) || !anyNumber(bytes.Fields(l.text)) })
}

// numbersLead reports whether each line starts with a number, such as a clock since boot, and the
// lines have neither as many words each nor gaps that part their cells: a name in some of them
// holds a blank. Without the number at the end they are no names.
func numbersLead(lines []textLine) bool {
	words := 0
	for i, l := range lines {
		first, _, _ := bytes.Cut(l.text, []byte(" "))
		if !isNumber(first) || hasGap(l.text) {
			return false
		}
		if i == 0 {
			words = len(bytes.Fields(l.text))
		}
	}
	return slices.ContainsFunc(lines, func(l textLine) bool { return len(bytes.Fields(l.text)) != words })
}

// isRowOver reports whether a line over another is a row as well, and no title: a number alone, the
// same line, or one of as many words of which one is a number.
func isRowOver(line, under []byte) bool {
	words := bytes.Fields(line)
	return isNumber(bytes.TrimSpace(line)) || bytes.Equal(line, under) || len(words) == len(bytes.Fields(under)) && anyNumber(words)
}

// foreign files lines that the script beside the capture cannot have printed, nor an aggregation:
// they are the output of the command that is traced, and whatever they look like, text. One line
// that the script may have printed makes them all its own: a form that was not understood must
// not turn rows into text.
func (f *freeText) foreign(title string, lines []textLine) bool {
	if f.st.script == nil {
		return false
	}
	for _, l := range lines {
		if !f.st.script.Foreign(l.text) || syntax.ParseHeader(l.text) != syntax.NoHeader {
			return false
		}
	}
	if title != "" {
		lines = append([]textLine{{num: lines[0].num - 1, text: []byte(title + ":")}}, lines...)
	}
	f.textRows("output", lines)
	return true
}

// fewestOfShapes is how many lines without a heading make rows of a few shapes likelier than
// prose. In fewer lines a shape that comes twice is chance.
const fewestOfShapes = 16

// ofShapes files many lines of a few shapes, such as events of which some have a name with a blank;
// the odd lines between are text.
func (f *freeText) ofShapes(title string, lines []textLine) bool {
	if len(lines) < fewestOfShapes && !f.goesOn || len(f.tables.keyNames) > 0 {
		return false
	}
	// A paragraph longer than longestParagraph comes in pieces: the shapes of the first one hold
	// for all, so that the pieces share their tables.
	shapes := &f.shapesBefore
	if !f.goesOn || shapes.none() {
		*shapes = rowShapes{}
		texts := make([][]byte, 0, rowsAhead)
		for _, l := range lines[:min(len(lines), rowsAhead)] {
			texts = append(texts, l.text)
		}
		// Nine tenths must be rows, more than the six that rows under a clock need (see learn):
		// here nothing else says that these are rows.
		if !shapes.find(texts, 9) {
			return false
		}
	}
	f.st.block++
	for _, l := range lines {
		cells, shape, ok := shapes.split(l.text)
		if !ok {
			f.prose([]textLine{l})
			continue
		}
		s := f.st.sheetFor("shapes/"+title+"/"+shape.name, nameOf(title, shape.name), "rows")
		s.inferred = true
		f.st.context(s)
		shape.file(s, cells, 1)
		s.int("block", int64(f.st.block), false)
		s.end()
	}
	f.adjacent.sheet = nil
	return true
}

// prose files lines that are none of these as text. It is what nothing else understood, and is
// counted apart (see [Account]).
func (f *freeText) prose(lines []textLine) { f.textRows("text", lines) }

// textRows files lines as they are, one row for each, in a table of that name.
func (f *freeText) textRows(name string, lines []textLine) {
	s := f.st.sheetFor(name, name, "text")
	var num, words *Column
	for i, l := range lines {
		f.st.context(s)
		// Looked up once: there may be 65,536 lines. What context adds to a row comes first, so
		// that these stay the right ones.
		if i == 0 {
			num, words = s.open("line", Int), s.open("text", String)
		}
		num.appendInt(int64(l.num))
		words.appendText(l.text)
		s.under(l)
		s.end()
		f.st.prose(l.size)
	}
	f.adjacent.sheet = nil
}

// A shape is how a line's words look. The lines of one printf have the same shape, as long as no
// name in them holds a blank.
type shape struct {
	words  int
	number uint64 // a bit for each of the first words that is a number
}

// shapeOf returns the shape of a line. Of the words beyond the 64th only the number of them
// counts.
func shapeOf(line []byte) shape {
	var s shape
	for i, w := range bytes.Fields(line) {
		s.words++
		if i < 64 && isNumber(w) {
			s.number |= 1 << i
		}
	}
	return s
}

func (s shape) same(o shape) bool { return s.words == o.words && s.number == o.number }

// isNumber reports whether a word is an integer in decimal or a decimal number. Words such as NaN
// and Inf, which ParseFloat would take, are names more often: a number must start as one does.
func isNumber(w []byte) bool {
	if _, _, ok := syntax.Int64(w); ok {
		return true
	}
	if len(w) == 0 || (w[0] < '0' || w[0] > '9') && w[0] != '-' && w[0] != '.' {
		return false
	}
	_, err := strconv.ParseFloat(string(w), 64)
	return err == nil
}

// shaped files lines that split into as many cells each: at blanks, or else at gaps of two blanks
// and more. Rows of the same shape in the paragraph before go on in its table, so that what a
// script prints every second is one table and not one for each second. A block counts up with
// each paragraph, as that is what tells the seconds apart where no clock does.
//
// A title that is guessed is a line over rows that does not end as titles do.
func (f *freeText) shaped(title string, guessed bool, lines []textLine) bool {
	split, n := splitOf(lines)
	if split == nil {
		return false
	}
	var cells [][]byte
	// One line always splits into as many words as itself. To be a row it needs a number, and
	// must not be a remark or a typed command, such as "$ dtrace -n tick-1s".
	if !amountsOfStacks(lines) && (len(lines) == 1 && !isRow(split(nil, lines[0].text), lines[0].text) || isProse(lines)) {
		return false
	}
	split = withoutMarks(split, n, lines)
	numbers := numberColumns(lines, split, n)
	if numbers == 0 && !f.goesOn && areSayings(lines, split, n) {
		return false
	}
	before, s := &f.adjacent, f.adjacent.sheet
	// In the pieces of one long paragraph a column of numbers may hold its first word late; it is
	// the same table still.
	if s == nil || modDigits(title) != before.title || before.width != n || before.numbers != numbers && !f.goesOn {
		if (title == "" || guessed) && !f.goesOn && isChance(lines, split, n) {
			return false
		}
		s = f.st.newTable(nameOf(title, "rows"), "rows")
	}
	*before = rowsBefore{s, modDigits(title), n, numbers}
	f.st.block++
	for _, l := range lines {
		f.st.context(s)
		if title != "" {
			s.text("label", []byte(title))
		}
		cells = split(cells[:0], l.text)
		for i, cell := range cells {
			s.text(cellName(i+1), cell)
		}
		s.int("block", int64(f.st.block), false)
		s.under(l)
		s.end()
	}
	return true
}

// amountsOfStacks reports whether each line starts with a number and has a stack under it, as `64
// bytes in 4 allocations from stack` of memleak does: whatever words follow, it is no sentence.
func amountsOfStacks(lines []textLine) bool {
	return !slices.ContainsFunc(lines, func(l textLine) bool {
		word, _ := nextWord(l.text)
		return l.frames == nil || !isNumber(word)
	})
}

// under appends the stack that stands under a line, if one does. It opens no column where none
// does, so that rows without stacks have no column of nulls.
func (s *sheet) under(l textLine) {
	if l.frames != nil {
		s.open("stack", Stack).appendStack(l.frames)
	}
}

// rowsBefore is the table of the paragraph before, which rows of the same shape go on.
type rowsBefore struct {
	sheet   *sheet
	title   string
	width   int
	numbers uint64 // a bit for each column of numbers
}

// modDigits is a title without its numbers: titles that differ in nothing else head
// the blocks of one table.
func modDigits(title string) string { return digits.ReplaceAllString(title, "#") }

var digits = pattern.New(`\d+`)

// A splitter appends the cells of a line to cells.
type splitter func(cells [][]byte, line []byte) [][]byte

// splitOf finds how lines split into as many cells each; nil if they do not. The finest way comes
// first: words. Where names hold single blanks ("Web Content   12"), gaps of two blanks part
// cells; where there are no such gaps either, only the integer at the end is sure ("Web Content
// 12").
func splitOf(lines []textLine) (split splitter, n int) {
	var cells [][]byte
	for _, split := range []splitter{cellsAtBlanks, cellsAtGaps, nameAndValue} {
		cells = split(cells[:0], lines[0].text)
		n := len(cells)
		// Words of which each stands alone on its line are no rows, but numbers are: a column of
		// values.
		uniform := n > 1 || n == 1 && isNumber(cells[0])
		for i := 1; uniform && i < len(lines); i++ {
			cells = split(cells[:0], lines[i].text)
			uniform = len(cells) == n && (n > 1 || bytes.IndexByte(cells[0], ' ') < 0)
		}
		if uniform {
			return split, n
		}
	}
	return nil, 0
}

// withoutMarks returns the splitter that takes off the mark which all cells of a column end in, or
// the brackets around them: they are of the format, as in `[12] nginx: 512, 3`, and are no part of
// a number.
func withoutMarks(split splitter, n int, lines []textLine) splitter {
	ends, opens := make([]byte, n), make([]byte, n)
	var cells [][]byte
	for i, l := range lines {
		cells = split(cells[:0], l.text)
		for j, c := range cells {
			var end, open byte
			if last := c[len(c)-1]; len(c) > 1 && bytes.IndexByte([]byte(",:;"), last) >= 0 {
				end, c = last, c[:len(c)-1]
			}
			if at := bytes.IndexByte([]byte(`[(<"'|`), c[0]); len(c) > 2 && at >= 0 && c[len(c)-1] == `])>"'|`[at] && bytes.IndexByte(c[1:len(c)-1], c[0]) < 0 {
				open = c[0]
			}
			if i > 0 && end != ends[j] {
				end, open = 0, 0
			}
			if i > 0 && open != opens[j] {
				open = 0
			}
			ends[j], opens[j] = end, open
		}
	}
	return func(cells [][]byte, line []byte) [][]byte {
		from := len(cells)
		cells = split(cells, line)
		for j := range cells[from:] {
			if j >= n {
				break
			}
			c := cells[from+j]
			if ends[j] != 0 {
				c = c[:len(c)-1]
			}
			if opens[j] != 0 {
				c = c[1 : len(c)-1]
			}
			cells[from+j] = c
		}
		return cells
	}
}

// cellsAtBlanks is the splitter at blanks of any number, but for those in quotes.
func cellsAtBlanks(cells [][]byte, line []byte) [][]byte {
	if bytes.IndexByte(line, '"') < 0 {
		for w := range bytes.FieldsSeq(line) {
			cells = append(cells, w)
		}
		return cells
	}
	for line = bytes.TrimSpace(line); len(line) > 0; line = bytes.TrimSpace(line) {
		n := bytes.IndexAny(line, " \t")
		// The quote that closes is the first one with a blank behind it, or a mark and a blank.
		for i := 1; line[0] == '"' && i < len(line); i++ {
			if end := i + 1; line[i] == '"' {
				if end < len(line) && bytes.IndexByte([]byte(",:;)"), line[end]) >= 0 {
					end++
				}
				if end == len(line) || line[end] == ' ' || line[end] == '\t' {
					n = end
					break
				}
			}
		}
		if n < 0 || n >= len(line) {
			return append(cells, line)
		}
		cells, line = append(cells, line[:n]), line[n:]
	}
	return cells
}

// cellsAtGaps is the splitter at two blanks and more, or at a tab, whichever comes first: a name
// may hold single blanks, but hardly ever two.
func cellsAtGaps(cells [][]byte, line []byte) [][]byte {
	line = bytes.TrimSpace(line)
	for len(line) > 0 {
		i := bytes.Index(line, []byte("  "))
		if j := bytes.IndexByte(line, '\t'); j >= 0 && (i < 0 || j < i) {
			i = j
		}
		if i < 0 {
			return append(cells, line)
		}
		cells = append(cells, line[:i])
		line = bytes.TrimLeft(line[i:], " \t")
	}
	return cells
}

// nameAndValue splits off the integer that a line ends in; what stands before it may hold
// blanks.
func nameAndValue(cells [][]byte, line []byte) [][]byte {
	line = bytes.TrimSpace(line)
	i := bytes.LastIndexByte(line, ' ')
	if i < 0 {
		return append(cells, line)
	}
	// Numbers in front alone are no name: the line is one of numbers whose count varies.
	if _, _, ok := syntax.Int64(line[i+1:]); !ok || !bytes.ContainsFunc(line[:i], unicode.IsLetter) {
		return append(cells, line)
	}
	return append(cells, bytes.TrimRight(line[:i], " "), line[i+1:])
}

// anyNumber reports whether at least one cell is a number.
func anyNumber(cells [][]byte) bool {
	for _, c := range cells {
		if isNumber(c) {
			return true
		}
	}
	return false
}

// isRow reports whether a line by itself is a row: one of its cells is a number, half of many are,
// and it is no remark.
func isRow(cells [][]byte, line []byte) bool {
	const many = 16
	numbers := 0
	for _, c := range cells {
		if isNumber(c) {
			numbers++
		}
	}
	return numbers > 0 && (len(cells) <= many || 2*numbers >= len(cells)) && !isRemark(line) && !hasJoining(line)
}

// fewRows are so few that they may have as many words each by chance.
const fewRows = 3

// isChance reports whether a few lines have nothing in common but the number of their words: where
// one has a number another has a word, or they are nothing but words of a language.
func isChance(lines []textLine, split splitter, n int) bool {
	if len(lines) < 2 || len(lines) > fewRows {
		return false
	}
	numbers, words := make([]bool, n), make([]bool, n)
	letters, all := 0, 0
	var cells [][]byte
	for _, l := range lines {
		cells = split(cells[:0], l.text)
		for i, c := range cells {
			switch {
			case isNumber(c):
				numbers[i] = true
			case c[0]|0x20 >= 'a' && c[0]|0x20 <= 'z':
				words[i] = true
			}
			for w := range bytes.FieldsSeq(c) {
				if all++; isLetters(bytes.Trim(w, `.,:;!?()"'`)) {
					letters++
				}
			}
		}
	}
	for i := range n {
		if numbers[i] && words[i] {
			return true
		}
	}
	// In sentences, a word in ten or so is a name with digits or marks.
	const sentence = 5
	return letters == all || all >= sentence*len(lines) && letters*5 >= all*4
}

// areSayings reports whether lines have no digit, and in a column words of which some are marked as
// only a sentence or a command marks them: with a colon behind, or as an option. Cells of one
// column are all marked, or none is.
//
//	link passes: -o static
//	objdump knows it
func areSayings(lines []textLine, split splitter, n int) bool {
	marked, plain := make([]bool, n), make([]bool, n)
	var cells [][]byte
	for _, l := range lines {
		if syntax.FirstDigit(l.text) >= 0 || l.frames != nil {
			return false
		}
		cells = split(cells[:0], l.text)
		for i, c := range cells {
			switch last := len(c) - 1; {
			case last < 1:
			case c[last] == ':' || c[0] == '-' && bytes.ContainsAny(c[1:], "abcdefghijklmnopqrstuvwxyz"):
				marked[i] = true
			default:
				plain[i] = true
			}
		}
	}
	for i := range n {
		if marked[i] && plain[i] {
			return true
		}
	}
	return false
}

// numberColumns has a bit for each of the first columns in which all cells are numbers. Tables of
// as many columns are told apart by it: "nginx 12" and "12 nginx" are not of one printf. Columns
// from the 64th on are not looked at, which only makes two tables one.
func numberColumns(lines []textLine, split splitter, n int) uint64 {
	all := uint64(1)<<min(n, 63) - 1
	var cells [][]byte
	for _, l := range lines {
		cells = split(cells[:0], l.text)
		for i, c := range cells {
			if i < 63 && all&(1<<i) != 0 && !isNumber(c) {
				all &^= 1 << i
			}
		}
		if all == 0 {
			break
		}
	}
	return all
}
