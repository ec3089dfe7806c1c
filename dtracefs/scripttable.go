package dtracefs

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// A header is a script's own heading of a table: names at columns of the line. It is in force
// until another heading or a title comes, so that rows may go on in later paragraphs:
//
//	TIME      PID COMM
//	10:00:01   12 nginx
type header struct {
	words string // the heading's words, to know it when it comes again
	line  string // as it was printed
	num   int    // of the line
	title string
	label string // that stands before the names, of all rows
	tabs  int    // between the names, and between the cells of each row; 0 if blanks part them
	cols  []headCol
	sheet *sheet
	of    *columnKinds

	// loose says that rows have one word for each column, wherever it stands: what printf writes
	// with "%s %d %s\n" under a heading that it writes with the same blanks.
	loose bool

	// ruled are the columns as a line under the heading draws them, with dashes under each; nil
	// where it does not. They decide before words do, as a name may be missing over a column.
	ruled []token
}

// columnKinds are what is known of the columns under one heading, whenever it is printed: where
// they are, in which cells were numbers and in which were other words. It outlasts the parts of a
// capture, as the first rows show most of it.
type columnKinds struct {
	line           string // the heading as it was printed first, with rows
	cols           []headCol
	numbers, words []bool
}

// see takes notice of a row's cells. A dash stands for nothing, and so for neither.
func (k *columnKinds) see(cells [][]byte) {
	for len(k.numbers) < len(cells) {
		k.numbers, k.words = append(k.numbers, false), append(k.words, false)
	}
	for i, c := range cells {
		switch {
		case isNumber(c):
			k.numbers[i] = true
		case len(c) > 0 && c[0] != '-':
			k.words[i] = true
		}
	}
}

// refuse reports whether a row has a word of letters where all others had numbers. A sentence
// that stands under a table, after a blank line, is thus no row of it.
func (k *columnKinds) refuse(cells [][]byte) bool {
	for i, c := range cells {
		if i < len(k.numbers) && k.numbers[i] && !k.words[i] && len(c) > 0 && (c[0]|0x20 >= 'a' && c[0]|0x20 <= 'z' || bytes.IndexByte(c, ' ') > 0 || string(c) == "=") {
			return true
		}
	}
	return false
}

// likeAll reports whether each word of a row is a number where all others had numbers, and none
// where none had.
func (k *columnKinds) likeAll(line []byte, tokens []token) bool {
	for i, t := range tokens {
		if i >= len(k.numbers) || !k.numbers[i] && !k.words[i] {
			return false
		}
		if isNumber(line[t.Start:t.End]) && !k.numbers[i] || !isNumber(line[t.Start:t.End]) && !k.words[i] {
			return false
		}
	}
	return true
}

// A headCol is a column of a table: its name, and the columns of the line at which that stands.
type headCol struct {
	name       string
	start, end int
	left       bool // cells start where the name does; otherwise they end where it ends
}

// A token is a word of a line with its place.
type token = syntax.Word

// tokensOf are the words of a line.
func tokensOf(line []byte) []token { return syntax.Words(nil, line) }

// sampleRows bounds how many rows tell where a table's columns are.
const sampleRows = 200

// scriptTables are a script's own tables: a heading and rows under it, or the rows of the table
// whose heading was printed before. A heading may come long before its rows, or after them, or
// never get any; what is kept here is for these cases.
type scriptTables struct {
	header   *header                 // of the table being printed
	kinds    map[string]*columnKinds // by the words of a heading
	keyNames []string                // what was printed, without rows, over the keys to come
	title    string                  // that stands, with a blank line between, over the heading
	bare     textLine                // a heading under which no row has come yet
	next     int                     // number of the line after the last row
}

// end files a notice for a heading that no table has, so that its words are not lost.
func (f *scriptTables) end(st *station) {
	if f.bare.num > 0 {
		st.notice(f.bare.num, "heading", f.bare.text, 0)
	}
	f.bare = textLine{}
}

// namesOf returns what the heading in force calls the cells of rows that stand under a clock, so
// many in each; nil where it does not say. The column of the clock has no cell in them. A heading
// with rows of its own names those, and no others.
func (f *scriptTables) namesOf(width int) (names []string) {
	if f.header == nil || f.header.sheet != nil {
		return nil
	}
	for _, c := range f.header.cols {
		names = append(names, c.name)
	}
	if at := slices.IndexFunc(names, timeName); at >= 0 && len(names) == width+1 {
		return slices.Delete(names, at, at+1)
	}
	if len(names) != width {
		return nil
	}
	return names
}

// overClock reports whether a line that has no rows under it names the columns of those under the
// clock that comes next: two thirds of its words stand over an edge of their words, but for the
// one that names the clock.
func overClock(st *station, line []byte) bool {
	tokens := tokensOf(line)
	if len(tokens) < 3 || slices.ContainsFunc(tokens, func(k token) bool { return !isName(line[k.Start:k.End]) }) {
		return false
	}
	var rows []textLine
	clocks := 0
	ahead := *st.cur
	for n := 0; n < sampleRows && !ahead.Done(); n++ {
		next, _ := ahead.Next()
		next = plain(next)
		if syntax.Blank(next) {
			continue
		}
		if _, text, ok := clockLine(next); ok && (len(text) == 0 || text[0] == ',') {
			clocks++
			continue
		}
		if clocks == 0 {
			return false
		}
		rows = append(rows, textLine{text: next})
	}
	if len(rows) < 2 {
		return false
	}
	anchored, numeric := anchors(line, tokens, rows)
	return numeric && anchored*3 >= 2*(len(tokens)-1)
}

// titledBy takes a paragraph of n lines that is the title of the table which the next one
// is: one line that ends as titles do.
func (f *scriptTables) titledBy(st *station, lines []textLine, n int) bool {
	last := bytes.TrimRight(lines[0].text, " \t")
	if n != 1 || n+1 >= len(lines) || last[len(last)-1] != ',' && last[len(last)-1] != ':' {
		return false
	}
	next := lines[n+1:]
	for i, l := range next {
		if l.num == 0 {
			next = next[:i]
			break
		}
	}
	if len(next) < 2 || !f.headingHere(st, next, 0) {
		return false
	}
	f.title = tableTitle(st, lines[:1])
	return true
}

// file takes a paragraph, or its beginning, as a heading with rows. Above the heading may stand a
// title, under it a drawn line; the rows end at the next heading. A heading alone waits for its
// rows, and a paragraph without a heading may be rows of the table before.
func (f *scriptTables) file(st *station, lines []textLine) int {
	if n := f.ruledAgain(st, lines); n > 0 {
		return n
	}
	lines = movedBack(lines)
	at := f.headingAt(st, lines)
	if n := len(lines) - 1; at < 0 && lines[n].frames == nil && overClock(st, lines[n].text) {
		at = n
	}
	if at < 0 {
		return f.more(st, lines)
	}
	h := newHeader(lines, at)
	if !h.covers(lines[at+1:]) {
		return f.more(st, lines)
	}
	if k := f.kinds[h.words]; k != nil && k.line == string(lines[at].text) {
		h.cols = k.cols // more rows told them
	}
	if at == len(lines)-1 && at > 0 && len(h.cols) > 0 && isHeading(lines[at].text, lines[:min(at, sampleRows)], true) {
		// Printed in BEGIN and yet last: order across CPUs is not that of time.
		f.rows(st, h, tableTitle(st, nil), lines[:at])
		st.account(classTable, lines[at].size)
		return len(lines)
	}
	title := tableTitle(st, lines[:at])
	if title == "" {
		title, f.title = f.title, ""
	}
	title = strings.TrimSpace(title + " " + h.label)
	h.title = title
	st.account(classTable, lines[at].size)
	rows := lines[at+1:]
	ruled := 0
	if len(rows) > 0 && isDrawn(rows[0]) {
		st.account(classTable, rows[0].size)
		ruled, rows = 1, rows[1:]
	}
	if len(rows) == 0 {
		// No rows yet: they may come in a later paragraph (see more) or under a clock (see
		// namesOf). If neither does, end tells of the words, for which they are kept with their
		// title. A heading that has rows already, and is printed again as every so many rows, has
		// nothing to tell.
		same := f.header != nil && f.header.words == h.words && f.header.sheet != nil
		if same {
			h.sheet = f.header.sheet
		}
		if !same || title != "" {
			bare := bytes.Clone(lines[at].text)
			if title != "" {
				bare = append([]byte(title+"\n"), bare...)
			}
			if f.bare.num > 0 && headingWords(f.bare.text) != headingWords(bare) {
				f.end(st)
			}
			f.bare = textLine{num: lines[at].num, text: bare}
		}
		f.header, f.keyNames = h, nil
		for _, c := range h.cols {
			f.keyNames = append(f.keyNames, c.name)
		}
		return len(lines)
	}
	end := 0
	// The line right under a heading is a row even where it looks like a heading itself; only
	// further down does such a line end the rows. The same heading printed again always does.
	for end < len(rows) && !isDrawn(rows[end]) && !isWordsInRule(rows[end].text) && headingWords(rows[end].text) != h.words && (end == 0 || !f.headingHere(st, rows, end)) {
		end++
	}
	if end > 1 && end < len(rows) && headingWords(rows[end].text) == h.words && h.isOther(rows[end-1].text, rows[:end-1]) {
		end-- // the title of the table that comes next
	}
	f.rows(st, h, title, rows[:end])
	return at + 1 + ruled + end
}

// covers reports whether the rows have no more cells in front than the heading has names, as those
// of /proc/interrupts do: then half of them would have wide blanks within their first cell.
func (h *header) covers(rows []textLine) bool {
	rows = unruled(rows[:min(len(rows), sampleRows)])
	wide := 0
	for _, r := range rows {
		first := bytes.TrimSpace(h.cells(r.text)[0])
		if _, _, isClock := syntax.ParseClock(first); bytes.Contains(first, []byte("  ")) && !isClock {
			wide++
		}
	}
	return 2*wide <= len(rows)
}

// isOther reports whether a line under the heading is no row: it has a word, but for a dash, where
// all the rows above it have numbers.
func (h *header) isOther(line []byte, rows []textLine) bool {
	var above columnKinds
	for _, r := range rows {
		above.see(h.cells(r.text))
	}
	for i, c := range h.cells(line) {
		if above.numbers[i] && !above.words[i] && len(c) > 0 && string(c) != "-" && !isNumber(c) {
			return true
		}
	}
	return false
}

// isDrawn reports whether a line is drawn, between a heading and its rows or under them.
func isDrawn(l textLine) bool {
	return l.frames == nil && len(bytes.TrimSpace(l.text)) > 3 && isRule(l.text)
}

// wordsInRule is a drawn line with words in its middle, as `----- DATA -----`. It is no row,
// whatever table it stands in.
var wordsInRule = pattern.New(`^(?:-{3,}|={3,}|\*{3,}|#{3,}) ?[^-=*#]*[^-=*# ] ?(?:-{3,}|={3,}|\*{3,}|#{3,})\s*$`)

func isWordsInRule(line []byte) bool {
	text := syntax.TrimIndent(line)
	return len(text) > 0 && bytes.IndexByte([]byte("-=*#"), text[0]) >= 0 && wordsInRule.Match(text)
}

// unruled returns the rows up to a line that is drawn under them, maybe with words in it.
func unruled(rows []textLine) []textLine {
	if len(rows) > 0 && isDrawn(rows[0]) {
		rows = rows[1:]
	}
	for i, r := range rows {
		if isDrawn(r) || isWordsInRule(r.text) {
			return rows[:i]
		}
	}
	return rows
}

// ruledColumns returns the columns that a line draws, two at least, with blanks between them; nil
// if it draws none, or if a word of the heading above it stands over none or over two.
func ruledColumns(heading []byte, rows []textLine) (ruled []token) {
	if len(rows) < 2 || !isDrawn(rows[0]) {
		return nil
	}
	ruled = tokensOf(rows[0].text)
	names := tokensOf(heading)
	if len(ruled) < 2 || len(names) < 2 {
		return nil
	}
	for _, k := range names {
		word := heading[k.Start:k.End]
		// Rows stand over a line, too.
		if _, isMeasure := syntax.ParseMeasure(word); isMeasure || isNumber(word) || columnOver(ruled, k) < 0 {
			return nil
		}
	}
	return ruled
}

// movedBack returns the lines with the first one moved to the right, if that is a heading whose
// blanks in front were lost where it was copied: its names, all in capitals, stand over hardly any
// cell, and over three quarters of them once its first name ends where the first cells do.
//
//	PID COMM         PROT PORT
//	3941081 nginx        TCP    80
func movedBack(lines []textLine) []textLine {
	line := lines[0].text
	tokens := tokensOf(line)
	if len(tokens) < 4 || len(lines) < 3 || tokens[0].Start > 0 || lines[0].frames != nil || !namesInCapitals(line) {
		return lines
	}
	rows := lines[1:min(len(lines), sampleRows)]
	end := func(l textLine) int {
		if words := tokensOf(l.text); len(words) > 1 {
			return words[0].End
		}
		return 0
	}
	by := end(rows[0]) - tokens[0].End
	if by <= 0 || slices.ContainsFunc(rows, func(l textLine) bool { return end(l)-tokens[0].End != by }) {
		return lines
	}
	if n, _ := anchors(line, tokens, rows); n*3 >= len(tokens) {
		return lines
	}
	moved := append(bytes.Repeat([]byte(" "), by), line...)
	if n, _ := anchors(moved, tokensOf(moved), rows); n*4 < 3*len(tokens) {
		return lines
	}
	lines = slices.Clone(lines)
	lines[0].text = moved
	return lines
}

// ruledAgain files rows under a line that draws the columns of the table in force once more, as
// zpool iostat does after each interval, and returns how many lines those are.
func (f *scriptTables) ruledAgain(st *station, lines []textLine) int {
	h := f.header
	if h == nil || h.ruled == nil || h.sheet == nil || !isDrawn(lines[0]) || !slices.Equal(tokensOf(lines[0].text), h.ruled) {
		return 0
	}
	n := 1
	for n < len(lines) && !isDrawn(lines[n]) && h.isRow(lines[n].text) {
		n++
	}
	st.account(classTable, lines[0].size)
	h.num, f.next = lines[0].num, 0
	f.rows(st, h, h.title, lines[1:n])
	return n
}

// columnOver returns the column that a word stands over or under; -1 if that is none or two of
// them.
func columnOver(ruled []token, word token) int {
	over := func(c token) bool { return c.Start < word.End && word.Start < c.End }
	i := slices.IndexFunc(ruled, over)
	if i >= 0 && i+1 < len(ruled) && over(ruled[i+1]) {
		return -1
	}
	return i
}

// ruledHeader makes the columns that are drawn under a heading. A column without a name is called
// by its number, as those of rows without a heading are.
func ruledHeader(h *header, line []byte, rows []textLine) {
	for i, c := range h.ruled {
		name := "c" + strconv.Itoa(i+1)
		var words []string
		for _, k := range tokensOf(line) {
			if columnOver(h.ruled, k) == i {
				words = append(words, string(line[k.Start:k.End]))
			}
		}
		if words != nil {
			name = strings.Join(words, " ")
		}
		lefts, rights := flush(rows, c)
		h.cols = append(h.cols, headCol{name, c.Start, c.End, lefts > rights})
	}
	unique(h.cols)
}

// headTokens returns the names in a heading: its words or, where they are not as many as the
// cells of the rows, what stands between gaps, such as `[0, 64)`. Names with blanks are taken
// only where the rows are mostly numbers, since any line has gaps somewhere.
func headTokens(line []byte, rows []textLine) (tokens []token, gaps bool) {
	tokens = tokensOf(line)
	if len(rows) == 0 || sameCount(len(tokens), rows) {
		return tokens, false
	}
	var cells []token
	for _, k := range tokens {
		if n := len(cells); n > 0 && k.Start == cells[n-1].End+1 {
			cells[n-1].End = k.End
			continue
		}
		cells = append(cells, k)
	}
	if !sameCount(len(cells), rows) {
		cells = namesByEnds(tokens, rows)
	}
	if len(cells) < 3 {
		return tokens, false
	}
	for _, r := range rows {
		numbers := 0
		for w := range bytes.FieldsSeq(r.text) {
			if _, ok := syntax.ParseMeasure(w); ok {
				numbers++
			}
		}
		if numbers*2 < len(cells) {
			return tokens, false
		}
	}
	for _, k := range cells {
		if w := line[k.Start:k.End]; isNumber(w) || w[0] == '-' || w[len(w)-1] == ':' {
			return tokens, false
		}
	}
	return cells, true
}

// namesByEnds returns the names in a heading of which some have single blanks within and between
// them, as `Max spin Total spin`: each ends where the cells of its column do; nil where that is not
// so of all columns and rows.
func namesByEnds(tokens []token, rows []textLine) (names []token) {
	first := tokensOf(rows[0].text)
	for _, r := range rows[1:] {
		if !slices.EqualFunc(tokensOf(r.text), first, func(a, b token) bool { return a.End == b.End }) {
			return nil
		}
	}
	for _, cell := range first {
		n := slices.IndexFunc(tokens, func(k token) bool { return k.End == cell.End })
		if n < 0 {
			return nil
		}
		names = append(names, token{Start: tokens[0].Start, End: cell.End})
		tokens = tokens[n+1:]
	}
	if len(tokens) > 0 {
		return nil
	}
	return names
}

// tableTitle files the lines above a heading; one line alone, with no stack under it, is the
// table's title.
func tableTitle(st *station, above []textLine) string {
	if len(above) == 1 && above[0].frames == nil && !isNumber(bytes.TrimSpace(above[0].text)) {
		st.account(classTable, above[0].size)
		return strings.TrimRight(strings.TrimSpace(string(above[0].text)), ",:")
	}
	if len(above) > 0 {
		for _, l := range above {
			st.account(classTable, l.size)
		}
		st.free.rows("", above)
	}
	return ""
}

// headingAt returns the line of the paragraph that is a heading, or -1. It is one of the first
// four lines, or the last: what BEGIN prints on another CPU may come after the rows.
func (f *scriptTables) headingAt(st *station, lines []textLine) int {
	for i := range lines {
		if i > 3 {
			break
		}
		if !f.headingHere(st, lines, i) {
			continue
		}
		// A line in other letters over a heading in capitals is its title.
		if next := i + 1; next < len(lines) && !namesInCapitals(lines[i].text) && namesInCapitals(lines[next].text) && len(tokensOf(lines[next].text)) > 2 && f.headingHere(st, lines, next) {
			return next
		}
		return i
	}
	if n := len(lines) - 1; n > 0 && lines[n].frames == nil && isHeading(lines[n].text, lines[:min(n, sampleRows)], true) {
		return n
	}
	return -1
}

// headingHere reports whether a line is a heading. One that has a stack under it is a row. One
// that was a heading before is one again, whatever stands under it now.
func (f *scriptTables) headingHere(st *station, lines []textLine, i int) bool {
	if lines[i].frames != nil {
		return false
	}
	if words := headingWords(lines[i].text); f.header != nil && words == f.header.words || f.kinds[words] != nil {
		return true
	}
	return isPrinted(st, lines[i].text) || isHeading(lines[i].text, lines[i+1:min(len(lines), i+1+sampleRows)], false)
}

// isPrinted reports whether the script prints a line as the heading of its columns.
func isPrinted(st *station, line []byte) bool {
	if st.script == nil {
		return false
	}
	words, timed := strings.Fields(string(line)), false
	for _, w := range words {
		if !isName([]byte(w)) || strings.HasSuffix(w, ".") {
			return false
		}
		timed = timed || timeName(w)
	}
	return len(words) > 1 && st.script.Heads(words, timed)
}

// headingWords are the words of a line with one blank between each: the same heading may be
// printed in other widths.
func headingWords(line []byte) string { return string(bytes.Join(bytes.Fields(line), []byte(" "))) }

// isHeading reports whether a line's words name the columns of rows: none of them is a number,
// and they are in capitals or the rows stand in their columns. last says that the rows stand
// above the line, which needs more: then its words must stand over their edges, and over numbers.
//
// Much in a capture looks like a heading: a sentence over a list, a command that was typed, the
// first row of words. So it asks for the things one after the other that these do not have.
func isHeading(line []byte, rows []textLine, last bool) bool {
	if !last && ruledColumns(line, rows) != nil {
		return true
	}
	rows = unruled(rows)
	if isTabbed(line, rows) && !last {
		names, numbers := true, false
		for _, w := range bytes.Fields(line) {
			names = names && isName(w)
		}
		for _, c := range bytes.Split(rows[0].text, []byte("\t")) {
			numbers = numbers || isNumber(bytes.TrimSpace(c))
		}
		if names && numbers {
			return true
		}
	}
	if _, gaps := headTokens(line, rows); gaps && !last {
		return true
	}
	tokens := tokensOf(line)
	if len(tokens) < 2 || len(tokens) > 64 {
		return false
	}
	if isCommand(line, tokens) || line[tokens[len(tokens)-1].End-1] == '.' {
		return false
	}
	if areHex(line, tokens) {
		return false
	}
	capitals := 0
	for i, k := range tokens {
		w := line[k.Start:k.End]
		// A short number right behind a word in capitals is a part of its name: the 0 of
		// `DS STATE 0`. Any other number makes the line a row.
		if i == 0 && len(tokens) > 2 && len(w) > 1 && w[len(w)-1] == ':' {
			w = w[:len(w)-1] // of what each row is, as `Device:` of old iostat
		}
		ordinal := i > 0 && len(w) <= 2 && k.Start == tokens[i-1].End+1 && isNumber(w) && isCapitals(line[tokens[i-1].Start:tokens[i-1].End]) && line[tokens[i-1].Start]|0x20 >= 'a' && line[tokens[i-1].Start]|0x20 <= 'z'
		if (!ordinal || len(tokens) == 2) && !isName(w) {
			return false
		}
		if isCapitals(w) {
			capitals++
		}
	}
	// A heading alone has nothing but its capitals to show.
	if len(rows) == 0 {
		return !last && capitals == len(tokens) && len(line) > 8 && !isNumber(line[tokens[len(tokens)-1].Start:tokens[len(tokens)-1].End])
	}
	if bytes.ContainsAny(line, "\"'`") {
		return false
	}
	// A first word that the next line has, too, is a name or a label, and no heading.
	if first := tokensOf(rows[0].text); len(first) > 0 && bytes.Equal(line[tokens[0].Start:tokens[0].End], rows[0].text[first[0].Start:first[0].End]) {
		return false
	}
	if last && len(rows) == 1 && (capitals == 0 || len(tokens) == 2) {
		return false // of two lines the one below is no heading only because it has no number
	}
	if last && slices.ContainsFunc(tokens, func(k token) bool { return line[k.Start]-'0' <= 9 }) {
		return false // with numbers and their units, such as 5us, it is one more row
	}
	anchored, numeric := anchors(line, tokens, rows)
	// Rows without numbers that all start with a name and a colon are pairs, as the fields under
	// the first line of a request.
	if !numeric && !slices.ContainsFunc(rows, func(r textLine) bool {
		word, _, _ := bytes.Cut(syntax.TrimIndent(r.text), []byte(" "))
		return len(word) == 0 || word[len(word)-1] != ':'
	}) {
		return false
	}
	switch {
	// Capitals over rows are most of the evidence: it is enough that a third of the names stand
	// over an edge, or that the rows have as many words.
	case capitals*2 >= len(tokens) && !last && (numeric || capitals == len(tokens)):
		return anchored*3 >= len(tokens) || sameCount(len(tokens), rows)
	// Under its rows a line in capitals needs half of its names at their edges, and numbers; under
	// a single one, which may be anything, most of them.
	case capitals*2 >= len(tokens):
		return anchored*2 >= len(tokens) && numeric && (len(rows) > 1 || anchored*4 >= len(tokens)*3)
	}
	// With single blanks between its words, over cells that are far apart, a line is a title: `Read
	// Bandwidth (bytes)`.
	if anchored < 2 && !hasGap(line) && !slices.ContainsFunc(rows, func(r textLine) bool { return !hasGap(r.text) }) {
		return false
	}
	// Names of several words have only their first or their last one over an edge of cells.
	named := anchored >= 3 && sameCount(anchored, rows)
	named = named && (len(rows) > 1 || isAligned(tokens, rows[0].text))
	return numeric && (anchored*3 >= 2*len(tokens) || named || len(rows) > 1 && sameCount(len(tokens), rows))
}

// hasGap reports whether two blanks or more, or a tab, stand between two words of a line.
func hasGap(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.Contains(line, []byte("  ")) || bytes.IndexByte(line, '\t') >= 0
}

// isTabbed reports whether tabs part the names of a heading and the cells of all its rows, as many
// in each, so that names and cells may have blanks.
func isTabbed(line []byte, rows []textLine) bool {
	n := bytes.Count(line, []byte("\t"))
	if n == 0 || len(rows) == 0 {
		return false
	}
	for _, name := range bytes.Split(line, []byte("\t")) {
		if syntax.Blank(name) {
			return false
		}
	}
	return !slices.ContainsFunc(rows, func(r textLine) bool { return bytes.Count(r.text, []byte("\t")) != n })
}

// areHex reports whether all words are numbers in hexadecimal: each could be a name, as is ada0 of
// a disk, but one of them is long and has digits.
func areHex(line []byte, tokens []token) bool {
	const long = 6
	some := false
	for _, k := range tokens {
		w := line[k.Start:k.End]
		if len(bytes.Trim(w, "0123456789abcdef")) > 0 {
			return false
		}
		some = some || len(w) >= long && syntax.FirstDigit(w) >= 0
	}
	return some
}

// isAligned reports whether each cell of a row ends where a name does that has room before it or
// after it, so that a single row is evidence enough for names of several words.
func isAligned(tokens []token, row []byte) bool {
	gaps := 0
	for i := range tokens[1:] {
		if tokens[i+1].Start > tokens[i].End+1 {
			gaps++
		}
	}
	cells := tokensOf(row)
	for _, c := range cells {
		if !slices.ContainsFunc(tokens, func(k token) bool { return k.End == c.End }) {
			return false
		}
	}
	return gaps > 0 && gaps+1 >= len(cells)/2
}

// isCommand reports whether a line is a command of a few words behind a prompt.
func isCommand(line []byte, tokens []token) bool {
	k := tokens[0]
	return k.End == k.Start+1 && bytes.IndexByte([]byte("#$%"), line[k.Start]) >= 0 && tokens[1].Start == k.End+1 &&
		!isCapitals(line[tokens[1].Start:tokens[1].End])
}

// isName reports whether a word can be a part of a column's name. Marks of code and of data, such
// as braces and backticks, are in none; digits may be, as in disk0, but no more of them than
// letters.
func isName(w []byte) bool {
	if len(w) <= 2 && len(bytes.Trim(w, "-<>")) == 0 {
		return true // as between the ends of a connection
	}
	if bytes.HasPrefix(w, []byte("0x")) {
		return false // an address, or another number in hexadecimal
	}
	if w[len(w)-1] == ':' || w[len(w)-1] == ',' || w[0] == '@' || isNumber(w) || (w[0] == '/' || w[0] == '-') && len(w) > 1 {
		return len(w) == 1 && (w[0] == '-' || w[0] == '#')
	}
	digits, letters := 0, 0
	for _, c := range w {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
		case c == '`', c == '=', c == '"', c == '|', c >= 0x80, c == '{', c == '}', c == ';':
			return false
		}
	}
	return digits <= letters || letters == 0 && digits == 1
}

// isCapitals reports whether a word is in capitals, as are DISKs and IOPS: those after the fourth
// letter do not count. A word without letters is, too.
func isCapitals(w []byte) bool {
	return bytes.ContainsFunc(w, func(r rune) bool { return r >= 'A' && r <= 'Z' }) &&
		!bytes.ContainsFunc(w[:min(len(w), 4)], func(r rune) bool { return r >= 'a' && r <= 'z' }) ||
		len(w) > 0 && !bytes.ContainsFunc(w, func(r rune) bool { return r >= 'a' && r <= 'z' })
}

// anchors counts the words at whose start or end half of the rows have a word start or end. It
// also reports whether a column of numbers is under one of them. Words stand at one edge of
// their column: names at the left one, numbers at the right.
func anchors(line []byte, tokens []token, rows []textLine) (anchored int, numeric bool) {
	for _, k := range tokens {
		hits, numbers := 0, 0
		for _, r := range rows {
			for _, w := range tokensOf(r.text) {
				if w.Start == k.Start || w.End == k.End {
					hits++
					if isNumber(r.text[w.Start:w.End]) {
						numbers++
					}
					break
				}
				if w.Start > k.End {
					break
				}
			}
		}
		if hits*2 >= len(rows) {
			anchored++
		}
		numeric = numeric || numbers*2 > len(rows)
	}
	return anchored, numeric || anyNumber(bytes.Fields(rows[0].text))
}

// sameCount reports whether all rows have n words.
func sameCount(n int, rows []textLine) bool {
	for _, r := range rows {
		if len(rowTokens(r.text)) != n {
			return false
		}
	}
	return true
}

// rowTokens are a row's words; a date is one.
func rowTokens(line []byte) []token {
	tokens := tokensOf(line)
	if len(tokens) < 4 {
		return tokens
	}
	start := tokens[0].Start
	if c, n, ok := syntax.ParseClock(line[start:]); ok && c.Form == syntax.Date {
		words := 0
		for words < len(tokens) && tokens[words].End <= start+n {
			words++
		}
		tokens = append([]token{{Start: start, End: start + n}}, tokens[words:]...)
	}
	return tokens
}

// newHeader finds the columns under the heading at lines[at], by the rows under it, or above it
// where it stands last. Words of a heading that no row stands under belong to the name of the
// next, as in `DS STATE 0`; a unit in parentheses belongs to the name before it.
func newHeader(lines []textLine, at int) *header {
	line := lines[at].text
	words := headingWords(line)
	rows := lines[at+1:]
	if len(rows) == 0 {
		rows = lines[:at]
	}
	drawn := ruledColumns(line, rows)
	rows = unruled(rows[:min(len(rows), sampleRows)])
	h := &header{words: words, line: string(line), num: lines[at].num}
	if h.ruled = drawn; drawn != nil {
		ruledHeader(h, line, rows)
		return h
	}
	if isTabbed(line, rows) {
		at := 0
		for name := range bytes.SplitSeq(line, []byte("\t")) {
			h.cols = append(h.cols, headCol{string(bytes.TrimSpace(name)), at, at + len(name), true})
			at += len(name) + 1
		}
		h.tabs = len(h.cols) - 1
		unique(h.cols)
		return h
	}
	tokens, gaps := headTokens(line, rows)
	if all := tokensOf(line); len(all) > 3 && line[all[0].End-1] == ':' && sameCount(len(all)-1, rows) && len(rows) > 0 {
		// What the row is of, and no name of a column: `avg-cpu:  %user   %nice %system`.
		h.label, tokens, gaps = string(line[all[0].Start:all[0].End-1]), all[1:], false
	}
	// Where no row has as many words as the heading (few), some names are of several words. Where
	// the rows differ (uneven), that may be so, too.
	few := !gaps && len(rows) > 0 && mostTokens(rows) < len(tokens)
	uneven := !gaps && len(rows) > 0 && !sameCount(len(tokens), rows)
	var name []string
	start := -1
	for i, k := range tokens {
		lefts, rights := flush(rows, k)
		if start < 0 {
			start = k.Start
		}
		name = append(name, string(line[k.Start:k.End]))
		joins := (few || uneven) && i+1 < len(tokens) && !unitInBrackets.Match(line[k.Start:k.End]) && tokens[i+1].Start == k.End+1 && lefts == 0 && rights == 0 && !wordAt(rows, tokens[i+1].Start)
		// `# CALLS` is one name.
		joins = joins || i > 0 && i+1 < len(tokens) && tokens[i+1].Start == k.End+1 && string(line[k.Start:k.End]) == "#"
		unit := i+1 < len(tokens) && tokens[i+1].Start == k.End+1 && line[tokens[i+1].Start] == '(' && few
		measured := i+1 < len(tokens) && tokens[i+1].Start == k.End+1 && unitInBrackets.Match(line[tokens[i+1].Start:tokens[i+1].End])
		if joins || unit && rights == 0 || measured {
			continue
		}
		if n := len(h.cols); few && n > 0 && (lefts+rights)*4 <= len(rows) && len(name) == 1 && tokens[i-1].End+1 == k.Start {
			// The last word of the name before.
			h.cols[n-1].name, h.cols[n-1].end = h.cols[n-1].name+" "+name[0], k.End
			name, start = nil, -1
			continue
		}
		if unitInBrackets.Match(line[k.Start:k.End]) {
			lefts, rights = flush(rows, token{Start: start, End: k.End})
		}
		h.cols = append(h.cols, headCol{strings.Join(name, " "), start, k.End, lefts > rights})
		name, start = nil, -1
	}
	if overFirst(h.cols, rows) {
		h.cols = slices.Insert(h.cols, 0, headCol{"c1", 0, h.cols[0].start - 1, true})
	}
	if first := &h.cols[0]; strings.HasSuffix(first.name, ":") {
		first.name = strings.TrimRight(first.name, ":")
	}
	unique(h.cols)
	h.loose = len(rows) > 0 && sameCount(len(h.cols), rows)
	return h
}

// unitInBrackets is what the numbers under a name are measured in, as in `TIME (us)`: it is a part
// of the name wherever the cells stand.
var unitInBrackets = pattern.New(`^\((?:[mnuµ]?s|secs?|[mnu]secs?|min|%|[KMGTkmgt]?i?B|[KMG]?[Hh]z|bytes|pages)(?:/s)?\)$`)

// overFirst reports whether a column without a name stands before the first one: all rows start
// with a word left of the first name, and some have a word more than there are names. free prints
// `Mem:` and `Swap:` so.
func overFirst(cols []headCol, rows []textLine) bool {
	more := false
	for _, r := range rows {
		tokens := rowTokens(r.text)
		if len(tokens) < 2 || tokens[0].End >= cols[0].start || isNumber(r.text[tokens[0].Start:tokens[0].End]) {
			return false
		}
		more = more || len(tokens) == len(cols)+1 && tokens[1].End == cols[0].end && tokens[len(cols)].End == cols[len(cols)-1].end
	}
	return more
}

// wordAt reports whether a row has a word, and no number, that starts there: it stands under the
// name that starts there, and not under one of two words, whose cells start with its first.
func wordAt(rows []textLine, start int) bool {
	return slices.ContainsFunc(rows, func(r textLine) bool {
		return slices.ContainsFunc(rowTokens(r.text), func(k token) bool {
			return k.Start == start && !isNumber(r.text[k.Start:k.End])
		})
	})
}

// flush counts the words of rows that begin, and that end, where a name or a drawn column does.
func flush(rows []textLine, name token) (lefts, rights int) {
	for _, r := range rows {
		for _, w := range rowTokens(r.text) {
			if w.Start == name.Start {
				lefts++
			}
			if w.End == name.End {
				rights++
			}
		}
	}
	return lefts, rights
}

// mostTokens is how many words the longest row has.
func mostTokens(rows []textLine) (n int) {
	for _, r := range rows {
		n = max(n, len(rowTokens(r.text)))
	}
	return n
}

// unique gives every column a name of its own, also beside the columns of the context.
func unique(cols []headCol) {
	seen := map[string]int{"time": 1, "block": 1}
	for i := range cols {
		seen[cols[i].name]++
		if n := seen[cols[i].name]; n > 1 {
			cols[i].name += "_" + strconv.Itoa(n)
		}
	}
}

// rows files the rows under a heading. The title is a part of the key: the same table under two
// titles is two.
func (f *scriptTables) rows(st *station, h *header, title string, rows []textLine) {
	key := "table/" + title + "/" + h.words
	s := st.sheetFor(key, nameOf(title, "table"), "table")
	s.inferred = true
	// What was kept of a heading is told unless it is this one.
	if words := headingWords(f.bare.text); words == h.words || strings.HasSuffix(words, " "+h.words) {
		f.bare = textLine{}
	}
	f.end(st)
	h.sheet = s
	if f.kinds == nil {
		f.kinds = map[string]*columnKinds{}
	}
	if h.of = f.kinds[h.words]; h.of == nil {
		h.of = &columnKinds{line: h.line, cols: h.cols}
		f.kinds[h.words] = h.of
	}
	// Rows without a heading that come later go on no table that stood before this one.
	f.header, st.free.adjacent.sheet = h, nil
	// The blocks of a table that is printed again and again have numbers, if nothing says when.
	// A heading right under a row, as every twenty rows, begins none.
	numbered := !st.stamped || s.index["block"] != nil
	if h.num > 0 && h.num != f.next && numbered {
		st.newBlockIfSeen([]string{key})
	}
	h.num = 0
	for _, r := range rows {
		st.account(classTable, r.size)
		st.context(s)
		if numbered {
			s.int("block", int64(st.block), false)
		}
		cells := h.cells(r.text)
		cells[0] = withoutColon(cells[0])
		h.of.see(cells)
		for i, c := range h.cols {
			s.text(c.name, cells[i])
		}
		s.under(r)
		s.end()
		f.next = r.num + 1
	}
}

// withoutColon takes off the colon behind a clock, as of the rows of vfsstat: `18:35:32:   231
// 12`.
func withoutColon(cell []byte) []byte {
	if n := len(cell) - 1; n > 0 && cell[n] == ':' {
		if _, at, ok := syntax.ParseClock(cell); ok && at == n {
			return cell[:n]
		}
	}
	return cell
}

// more files a paragraph, or what of it stands over a drawn line with words, as rows of the table
// before, if they fit under its heading. It returns how many lines it filed.
func (f *scriptTables) more(st *station, lines []textLine) int {
	if at := slices.IndexFunc(lines, func(l textLine) bool { return isWordsInRule(l.text) }); at >= 0 {
		lines = lines[:at]
	}
	h := f.header
	if h == nil || len(h.cols) < 2 || len(lines) == 0 || isProse(lines) {
		return 0
	}
	fit := 0
	for i, l := range lines {
		if i == sampleRows {
			break
		}
		if h.isRow(l.text) {
			fit++
		}
	}
	// One line that does not fit is enough to refuse them all: text has as many words as the table
	// now and then.
	if fit < min(len(lines), sampleRows) {
		return 0
	}
	f.rows(st, h, h.title, lines)
	return len(lines)
}

// fits reports whether a line can be a row: it has a word for each column, and words stand where
// cells do, or are of the same kinds where nothing stands under a name.
func (h *header) fits(line []byte) bool {
	if h.tabs > 0 && bytes.Count(line, []byte("\t")) == h.tabs {
		return true
	}
	tokens := rowTokens(line)
	if h.ruled != nil && len(tokens)*2 >= len(h.cols) && h.underRules(line, tokens, make([][]byte, len(h.cols))) {
		return true
	}
	if len(tokens) < len(h.cols) {
		return false
	}
	if h.loose && h.of != nil && len(tokens) == len(h.cols) && h.of.likeAll(line, tokens) {
		return true
	}
	hits := 0
	for _, k := range tokens {
		for _, c := range h.cols {
			if k.Start == c.start || k.End == c.end {
				hits++
				break
			}
		}
	}
	return hits*2 >= len(h.cols)
}

// isRow reports whether a line that does not stand right under other rows is one: it fits, and has
// no words where all rows have numbers.
func (h *header) isRow(line []byte) bool {
	return h.fits(line) && (h.of == nil || !h.of.refuse(h.cells(line)))
}

// cells splits a row into as many cells as there are columns. As many words as columns are the
// cells, wherever they stand; of more, the last column takes the rest if it is one of text; and
// only otherwise do places decide.
func (h *header) cells(line []byte) [][]byte {
	n := len(h.cols)
	cells := make([][]byte, n)
	if h.tabs > 0 && bytes.Count(line, []byte("\t")) == h.tabs {
		for i, c := range bytes.Split(line, []byte("\t")) {
			cells[i] = bytes.TrimSpace(c)
		}
		return cells
	}
	tokens := rowTokens(line)
	if h.ruled != nil {
		if h.underRules(line, tokens, cells) {
			return cells
		}
		clear(cells)
	}
	switch {
	case len(tokens) == n:
		if h.inPlace(line, tokens, cells) {
			return cells
		}
		for i, k := range tokens {
			cells[i] = line[k.Start:k.End]
		}
		return cells
	case len(tokens) > n && h.cols[n-1].left:
		// As `12 nginx: worker process` under `PID COMMAND`.
		if h.restFits(tokens) {
			for i := range n - 1 {
				cells[i] = line[tokens[i].Start:tokens[i].End]
			}
			cells[n-1] = bytes.TrimRight(line[tokens[n-1].Start:], " \t")
			return cells
		}
	}
	return h.placed(line, tokens, cells)
}

// underRules splits a row whose words all stand under a column that is drawn; false if one does
// not. The last column takes the rest of the line.
func (h *header) underRules(line []byte, tokens []token, cells [][]byte) bool {
	starts := make([]int, len(cells))
	for _, k := range tokens {
		at := columnOver(h.ruled, k)
		if last := len(h.ruled) - 1; k.Start >= h.ruled[last].Start {
			at = last
		}
		if at < 0 {
			return false
		}
		if cells[at] == nil {
			starts[at] = k.Start
		}
		cells[at] = line[starts[at]:k.End]
	}
	return true
}

// inPlace splits a row that has as many words as columns, but of which a name has a blank and a
// cell is empty: its parts between gaps all stand at edges of columns, in their order, and are one
// fewer than these. One that reaches below another name is none of them: it was longer than its
// column, and shifted what stands behind it.
func (h *header) inPlace(line []byte, tokens []token, cells [][]byte) bool {
	edge := func(k token) bool {
		return slices.ContainsFunc(h.cols, func(c headCol) bool { return k.Start == c.start || k.End == c.end })
	}
	var parts []token
	for _, k := range tokens {
		if i := len(parts) - 1; i >= 0 && k.Start == parts[i].End+1 && !edge(k) {
			parts[i].End = k.End
			continue
		}
		parts = append(parts, k)
	}
	n := len(h.cols)
	if len(parts) != n-1 || n < 3 {
		return false
	}
	columns := make([]int, len(parts))
	next := 0
	for i, p := range parts {
		at := slices.IndexFunc(h.cols[next:], func(c headCol) bool { return c.left && p.Start == c.start || !c.left && p.End == c.end })
		if at < 0 {
			return false
		}
		columns[i] = next + at
		next += at + 1
		for j, c := range h.cols {
			if j != columns[i] && p.Start < c.end && c.start < p.End && columns[i] < n-1 {
				return false
			}
		}
	}
	for i, p := range parts {
		cells[columns[i]] = line[p.Start:p.End]
	}
	return true
}

// restFits reports whether the words from the last column on stand under it, so that it takes the
// rest of the line. Where a word further in front stands right under its name, cells are missing
// before it. Behind words that all stand at an edge of their own columns it may be indented as far
// as it likes, as calls are by their depth. A word that is longer than its column moves all that is
// behind it, and so the edges of their columns.
func (h *header) restFits(tokens []token) bool {
	last := h.cols[len(h.cols)-1]
	at := tokens[len(h.cols)-1]
	if slices.ContainsFunc(tokens[:len(h.cols)-1], func(k token) bool { return k.Start == last.start }) {
		return false
	}
	if at.Start >= last.start-1 && at.Start <= last.end {
		return true
	}
	moved := 0
	for i, k := range tokens[:len(h.cols)-1] {
		c := h.cols[i]
		if i > 0 {
			moved = max(moved, tokens[i-1].End+1-c.start)
		}
		if k.Start != c.start+moved && k.End != c.end+moved {
			return false
		}
	}
	return at.Start >= last.start+moved
}

// placed splits a row by where its words stand: a word under a column's edge starts that
// column's cell, others go on the cell before them.
func (h *header) placed(line []byte, tokens []token, cells [][]byte) [][]byte {
	starts := make([]int, len(cells))
	// at is the column of the cell at hand. It only ever grows: cells stand in the order of the
	// columns, and those that are missing stay nil.
	at := -1
	for i, k := range tokens {
		next := -1
		for j := at + 1; j < len(h.cols); j++ {
			c := h.cols[j]
			// An edge decides. A word that merely lies under the next name starts its cell only if
			// there is a column for each of the words left, or behind a number if that is the last
			// column, which is then one of text.
			lies := k.Start < c.end && k.End > c.start && j == at+1
			text := lies && i > 0 && j == len(cells)-1 && !isNumber(line[k.Start:k.End]) && isNumber(line[tokens[i-1].Start:tokens[i-1].End])
			if c.left && k.Start == c.start || !c.left && k.End == c.end || lies && (text || len(tokens)-i <= len(cells)-j) {
				next = j
				break
			}
		}
		// Under no edge, the first word starts a cell all the same, and another one does if it
		// stands beyond its column's name and there are columns enough for the words left.
		if next < 0 && (at < 0 || at+1 < len(h.cols) && len(tokens)-i <= len(h.cols)-at-1 && k.Start >= h.cols[at].end) {
			next = at + 1
		}
		if next >= 0 {
			at = next
			starts[at] = k.Start
		}
		cells[at] = line[starts[at]:k.End]
	}
	return cells
}
