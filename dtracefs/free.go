package dtracefs

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dtnotes/dtracefs/internal/syntax"
)

// A labeled is what a summary line tells of the interval whose rows follow it.
type labeled struct{ name, value string }

// context adds to a row the instant and the interval that it was printed for.
func (t *text) context(s *sheet) {
	if t.stamped {
		s.open("time", Time).appendInt(t.stamp)
	}
	for _, l := range t.labels {
		s.text(l.name, []byte(l.value))
	}
}

func (t *text) nameOf(title, otherwise string) string {
	if title == "" {
		return otherwise
	}
	return title
}

// title files the free text and returns its last line if that stands alone, as the title
// of the block that follows.
func (t *text) title() string {
	n := len(t.free)
	for n > 0 && t.free[n-1].num == 0 {
		n--
	}
	if n == 0 || n > 1 && t.free[n-2].num != 0 || t.isStampLine(t.free[n-1].text) || t.blanks > 3 {
		t.flushFree()
		return ""
	}
	line := t.free[n-1]
	t.free = t.free[:n-1]
	t.flushFree()
	t.header = nil
	t.account(classTable, line.size)
	return strings.TrimRight(strings.TrimSpace(string(line.text)), ",:")
}

// flushFree files the free text, paragraph by paragraph.
func (t *text) flushFree() {
	free := t.free
	t.free = nil
	for lines := free; len(lines) > 0; {
		n := 0
		for n < len(lines) && lines[n].num != 0 {
			n++
		}
		if n > 0 {
			t.paragraph(lines[:n])
		}
		if lines = lines[min(n+1, len(lines)):]; len(lines) > 0 {
			t.goesOn = false
		}
	}
	t.free, t.goesOn = free[:0], false
}

var (
	stampStart = regexp.MustCompile(`^\s*(\d{4} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)`)
	clockLine  = regexp.MustCompile(`^\s*\d\d:\d\d:\d\d(?:\.\d+)?\s*$`)
	summary    = regexp.MustCompile(`([A-Za-z][\w/ %]*?):\s+([^,:]*?(?:, [\d.]+)*)\s*(?:,|\s{2,}|$)`)
)

// isStampLine reports whether the line tells the instant of the rows that follow it: a
// date as %Y prints it, alone or with what the interval sums up to.
func (t *text) isStampLine(line []byte) bool {
	if first := syntax.TrimIndent(line); len(first) == 0 || first[0] < '0' || first[0] > '9' {
		return false
	}
	if clockLine.Match(line) {
		return true
	}
	m := stampStart.FindIndex(line)
	if m == nil {
		return false
	}
	rest := bytes.TrimSpace(line[m[1]:])
	return len(rest) == 0 || rest[0] == ','
}

// stampLine keeps the instant that a line tells, and files what it sums up.
func (t *text) stampLine(l textLine) {
	t.account(classTable, l.size)
	t.labels, t.block = nil, t.block+1
	m := stampStart.FindSubmatch(l.text)
	if m == nil {
		t.labels = []labeled{{"time", string(bytes.TrimSpace(l.text))}}
		t.stamped = false
		return
	}
	if ns, ok := t.localTime(string(m[1])); ok {
		t.stamp, t.stamped = ns, true
	}
	rest := bytes.TrimLeft(l.text[bytes.Index(l.text, m[1])+len(m[1]):], ", ")
	for _, p := range summary.FindAllSubmatch(rest, -1) {
		t.labels = append(t.labels, labeled{string(bytes.TrimSpace(p[1])), string(bytes.TrimSpace(p[2]))})
	}
	s := t.sheet("intervals", "intervals", "intervals")
	t.inferred[s] = true
	t.context(s)
	if len(t.labels) == 0 && len(rest) > 0 {
		s.text("text", rest)
	}
	s.end()
}

// localTime reads what %Y prints, in the zone that the options tell.
func (d *decoder) localTime(stamp string) (ns int64, ok bool) {
	zone := d.opt.Location
	if zone == nil {
		zone = time.UTC
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", stamp, zone)
	return at.UnixNano(), err == nil
}

// paragraph files lines of free text that no blank line parts: a script's table with its
// header, rows of one shape, pairs of names and values, or plain text.
func (t *text) paragraph(lines []textLine) {
	if len(lines) == 1 && len(lines[0].text) > longestLine {
		t.account(classTable, lines[0].size)
		t.fileText(lines)
		return
	}
	for len(lines) > 0 && t.isStampLine(lines[0].text) {
		t.stampLine(lines[0])
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return
	}
	for i, l := range lines {
		if i > 0 && t.isStampLine(l.text) {
			t.paragraph(lines[:i])
			t.paragraph(lines[i:])
			return
		}
	}
	if t.trussCalls(lines) || t.scriptFlow(lines) || t.scriptTable(lines) {
		return
	}
	for _, l := range lines {
		t.account(classTable, l.size)
	}
	for len(lines) > 0 {
		title, n := titled(lines)
		if title != "" {
			t.fileRows(title, lines[1:n])
		} else {
			t.fileRows("", lines[:n])
		}
		lines = lines[n:]
	}
}

// titled returns the first line as a title if it ends in a colon and has lines under it,
// and the number of lines up to the next title.
func titled(lines []textLine) (title string, n int) {
	isTitle := func(i int) bool {
		l := bytes.TrimSpace(lines[i].text)
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

// fileRows files lines under no header. Where they have one shape but for the first, that
// is their title.
func (t *text) fileRows(title string, lines []textLine) {
	switch {
	case t.looseTuples(title, lines):
	case t.filePairs(lines):
	case t.fileShape(title, lines):
	case title == "" && len(lines) > 2 && t.fileShape(string(bytes.TrimSpace(lines[0].text)), lines[1:]):
	default:
		if title != "" {
			t.fileText([]textLine{{lines[0].num - 1, []byte(title + ":"), 0}})
		}
		t.fileText(lines)
	}
}

// looseTuples files rows of an aggregation's default print whose columns were not kept,
// as where documentation copied them: two blanks, keys and the value at gaps.
func (t *text) looseTuples(title string, lines []textLine) bool {
	n := 0
	for _, l := range lines {
		if !bytes.HasPrefix(l.text, []byte("  ")) || len(l.text) == 2 || l.text[2] == ' ' {
			return false
		}
		cells := cellsAtGaps(nil, l.text)
		if n == 0 {
			n = len(cells)
		}
		if _, ok := syntax.Int(cells[len(cells)-1]); !ok || len(cells) != n || n < 2 {
			return false
		}
	}
	t.block++
	for _, l := range lines {
		cells := cellsAtGaps(nil, l.text)
		keys := make([]syntax.Key, n-1)
		for i := range keys {
			_, isInt := syntax.Int(cells[i])
			keys[i] = syntax.Key{Text: cells[i], IsInt: isInt}
		}
		value, _ := syntax.Int(cells[n-1])
		t.aggRow(title, unnamed(keys), value, false)
	}
	return true
}

func (t *text) fileText(lines []textLine) {
	s := t.sheet("text", "text", "text")
	var num, words *Column
	for i, l := range lines {
		t.context(s)
		if i == 0 {
			num, words = s.open("line", Int), s.open("text", String)
		}
		num.appendInt(int64(l.num))
		words.appendText(l.text)
		s.end()
	}
	t.adjacent = nil
}

// A shape tells how a line's words look, so that lines of one printf can be told.
type shape struct {
	words  int
	number uint64 // a bit for each of the first words that is a number
}

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

// fileShape files lines that split into as many cells each: at blanks, or else at gaps of
// two blanks and more. Rows of the same shape in the paragraph before go on in its table.
func (t *text) fileShape(title string, lines []textLine) bool {
	split, n := splitOf(lines)
	if split == nil {
		return false
	}
	var cells [][]byte
	if len(lines) == 1 && !anyNumber(split(nil, lines[0].text)) {
		return false
	}
	numbers := numberColumns(lines, split, n)
	s := t.adjacent
	if s == nil || modDigits(title) != t.adjacentTitle || t.adjacentWidth != n || t.adjacentNumbers != numbers && !t.goesOn {
		s = t.newTable(t.nameOf(title, "rows"), "rows")
	}
	t.adjacent, t.adjacentWidth, t.adjacentNumbers, t.adjacentTitle = s, n, numbers, modDigits(title)
	t.block++
	for _, l := range lines {
		t.context(s)
		if title != "" {
			s.text("label", []byte(title))
		}
		cells = split(cells[:0], l.text)
		for i, cell := range cells {
			s.text("c"+strconv.Itoa(i+1), cell)
		}
		s.int("block", int64(t.block), false)
		s.end()
	}
	return true
}

// modDigits is a title without its numbers: titles that differ in nothing else head
// the blocks of one table.
func modDigits(title string) string { return digits.ReplaceAllString(title, "#") }

var digits = regexp.MustCompile(`\d+`)

// A splitter appends the cells of a line to cells.
type splitter func(cells [][]byte, line []byte) [][]byte

// splitOf tells how lines split into as many cells each; nil if they do not.
func splitOf(lines []textLine) (split splitter, n int) {
	var cells [][]byte
	for _, split := range []splitter{cellsAtBlanks, cellsAtGaps, nameAndValue} {
		cells = split(cells[:0], lines[0].text)
		n := len(cells)
		uniform := n > 1 || n == 1 && isNumber(cells[0])
		for i := 1; uniform && i < len(lines); i++ {
			cells = split(cells[:0], lines[i].text)
			uniform = len(cells) == n
		}
		if uniform {
			return split, n
		}
	}
	return nil, 0
}

func cellsAtBlanks(cells [][]byte, line []byte) [][]byte {
	for w := range bytes.FieldsSeq(line) {
		cells = append(cells, w)
	}
	return cells
}

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
	if _, _, ok := syntax.Int64(line[i+1:]); !ok || !bytes.ContainsFunc(line[:i], unicode.IsLetter) {
		return append(cells, line)
	}
	return append(cells, bytes.TrimRight(line[:i], " "), line[i+1:])
}

func anyNumber(cells [][]byte) bool {
	for _, c := range cells {
		if isNumber(c) {
			return true
		}
	}
	return false
}

// numberColumns has a bit for each of the first columns in which all cells are numbers.
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

var (
	pair     = regexp.MustCompile(`([A-Za-z_][\w /()*.\[\]%#-]*?)\s*[:=]\s*([^\s:=](?:[^:=]*?[^\s:=])?)\s*(?:\s{2,}|$)`)
	pairLine = regexp.MustCompile(`^\s*([A-Za-z_][^:=]*?)\s*[:=]\s+(\S.*?)\s*$`)
	wordPair = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z ()/_-]*?)\s+(-?\d[\d.]*)\s*$`)
)

// pairsOf splits a line of names and values, `name: value` once or several times.
func pairsOf(line []byte) (pairs [][2][]byte) {
	rest := bytes.TrimSpace(line)
	at := 0
	for _, m := range pair.FindAllSubmatchIndex(rest, -1) {
		if len(bytes.TrimSpace(rest[at:m[0]])) > 0 {
			pairs = nil
			break
		}
		pairs = append(pairs, [2][]byte{rest[m[2]:m[3]], rest[m[4]:m[5]]})
		at = m[1]
	}
	if pairs != nil && at == len(rest) {
		return pairs
	}
	for _, re := range []*regexp.Regexp{pairLine, wordPair} {
		if m := re.FindSubmatch(line); m != nil {
			return [][2][]byte{{m[1], m[2]}}
		}
	}
	return nil
}

// filePairs files lines of names and values. Lines among them that are none are text.
func (t *text) filePairs(lines []textLine) bool {
	if len(lines) > 10000 {
		return false
	}
	all := make([][][2][]byte, len(lines))
	names := map[string]bool{}
	n, hits := 0, 0
	for i, l := range lines {
		if len(l.text) > 1000 {
			return false
		}
		all[i] = pairsOf(l.text)
		for _, p := range all[i] {
			names[string(p[0])] = true
			n++
		}
		if all[i] != nil {
			hits++
		}
	}
	repeats := len(names) > 0 && n/len(names) > 1
	if hits*10 < len(lines)*7 || len(names) < 2 || repeats && len(names)*2 <= n && len(names) < 4 {
		return false
	}
	s := t.sheet("pairs", "pairs", "pairs")
	for i, l := range lines {
		if all[i] == nil {
			t.fileText([]textLine{l})
		}
		for _, p := range all[i] {
			t.context(s)
			s.text("name", bytes.TrimSpace(p[0]))
			value, unit := p[1], []byte(nil)
			if f := bytes.Fields(p[1]); len(f) == 2 && isNumber(f[0]) && !isNumber(f[1]) {
				value, unit = f[0], f[1]
			}
			s.text("value", value)
			if unit != nil {
				s.text("unit", unit)
			}
			s.end()
		}
	}
	t.adjacent = nil
	return true
}
