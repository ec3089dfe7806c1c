package script

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Format is a line that printf or printa writes, as a pattern with a column for each
// conversion. It is no regular expression: strings may hold anything, and padding depends on the
// conversion.
type Format struct {
	Columns []Column
	Text    string // as the script has it, without the end of the line
	Clause  string // the probes of the clause that it stands in

	parts []part
	args  []string
	fixed int // characters that are no conversion
}

// A Column is what one conversion prints.
type Column struct {
	Name string
	Type Type
}

// Type is the type of a column.
type Type uint8

// The types of columns: what %d and the like, %s and the like, %Y, and %f and the like print.
const (
	Int Type = iota
	Text
	Date
	Float
)

// A part is a literal or a conversion.
type part struct {
	literal string
	column  int // -1 for a literal
	padded  bool
	left    bool
	word    bool // holds no blanks
	prefix  string
	typ     Type
}

// newFormat reads a format; nil where its output is no line of its own, holds no conversion or
// one that prints over several lines. Arguments of printa are aggregations; its other conversions
// print their keys, which are named once all aggregations have been read.
func newFormat(text string, args []string) *Format {
	line, ok := strings.CutSuffix(text, "\n")
	if !ok || strings.Contains(line, "\n") {
		return nil
	}
	f := &Format{Text: line}
	var aggregations []string
	for _, a := range args {
		if strings.HasPrefix(a, "@") {
			aggregations = append(aggregations, a)
		} else {
			f.args = append(f.args, a)
		}
	}
	keys := len(aggregations) > 0
	used, nextAgg := 0, 0
	for len(line) > 0 {
		i := strings.IndexByte(line, '%')
		if i < 0 {
			f.literal(line)
			break
		}
		f.literal(line[:i])
		c, rest, ok := conversion(line[i:])
		if !ok {
			return nil
		}
		line = rest
		if c.verb == '%' {
			f.literal("%")
			continue
		}
		name := ""
		switch {
		case c.aggregation && nextAgg < len(aggregations):
			name = strings.TrimSpace(aggregations[nextAgg])
			if nextAgg+1 < len(aggregations) {
				nextAgg++
			}
		case keys:
			name = "key:" + strconv.Itoa(used) + ":" + strings.TrimSpace(aggregations[0])
			used++
		case used < len(f.args):
			name = f.args[used]
			used++
		}
		f.parts = append(f.parts, part{column: len(f.Columns), padded: c.width, left: c.left, word: strings.HasPrefix(name, "probe"), prefix: f.takePrefix(c), typ: c.typ()})
		f.Columns = append(f.Columns, Column{name, c.typ()})
	}
	if len(f.Columns) == 0 {
		return nil
	}
	return f
}

// literal adds text that is printed as it is. Text next to text, as around "%%", is one part.
func (f *Format) literal(s string) {
	if s == "" {
		return
	}
	f.fixed += len(strings.TrimSpace(s))
	if n := len(f.parts); n > 0 && f.parts[n-1].column < 0 {
		f.parts[n-1].literal += s
		return
	}
	f.parts = append(f.parts, part{literal: s, column: -1})
}

// takePrefix takes the sign of a number's base off the text before a conversion, since it is a part
// of what the conversion prints: of "flags=0x%x" the column holds 0x800. Padding with blanks would
// stand between the two.
func (f *Format) takePrefix(c conv) string {
	n := len(f.parts) - 1
	if n < 0 || f.parts[n].column >= 0 || c.width && !c.zero {
		return ""
	}
	text := f.parts[n].literal
	var prefix string
	switch c.verb {
	case 'x', 'X', 'p':
		if prefix = text[max(0, len(text)-2):]; !strings.EqualFold(prefix, "0x") {
			return ""
		}
	case 'o':
		prefix = "0"
	}
	text, ok := strings.CutSuffix(text, prefix)
	if prefix == "" || !ok || text != "" && (isWord(text[len(text)-1]) || text[len(text)-1] == '.') {
		return ""
	}
	f.parts[n].literal = text
	if text == "" {
		f.parts = f.parts[:n]
	}
	return prefix
}

// A conv is a conversion of a format, as far as its output looks different for it.
type conv struct {
	verb                           byte
	width, zero, left, aggregation bool
}

// conversion reads a conversion off s, which starts with the percent sign. A width given by an
// argument counts as one: how wide it is matters not, only that there may be blanks.
func conversion(s string) (c conv, rest string, ok bool) {
	i := 1
	for i < len(s) {
		switch b := s[i]; {
		case b == '-':
			c.left = true
		case b == '@':
			c.aggregation = true
		case b >= '1' && b <= '9' || b == '*':
			c.width = true
		case b == '0' && !c.width:
			c.zero = true
		case strings.IndexByte("+ #0.hlLwz", b) >= 0:
		default:
			c.verb = b
			if b == 'k' || b == 'r' {
				return c, "", false // a stack goes over several lines
			}
			return c, s[i+1:], true
		}
		i++
	}
	return c, "", false
}

// typ is what the conversion prints; what it is not sure of, such as %x or %p, is text.
func (c conv) typ() Type {
	switch c.verb {
	case 'd', 'i', 'u':
		return Int
	case 'Y':
		return Date
	case 'f', 'e', 'g', 'E', 'G':
		return Float
	}
	return Text
}

// nameColumns names the columns by the expressions printed, once all aggregations are known: the
// format may stand before the clause that assigns to them.
func (f *Format) nameColumns(all []Aggregation) {
	seen := map[string]int{}
	for i := range f.Columns {
		c := &f.Columns[i]
		if rest, ok := strings.CutPrefix(c.Name, "key:"); ok {
			number, name, _ := strings.Cut(rest, ":")
			k, _ := strconv.Atoi(number)
			c.Name = "key" + strconv.Itoa(k+1)
			if j := slices.IndexFunc(all, func(a Aggregation) bool { return a.Name == name }); j >= 0 && k < len(all[j].Keys) {
				c.Name = KeyName(all[j].Keys[k], k)
			}
		} else {
			c.Name = columnName(c.Name, i)
		}
		seen[c.Name]++
		if n := seen[c.Name]; n > 1 {
			c.Name += "_" + strconv.Itoa(n)
		}
	}
}

// KeyName names the column of a key, number i of 0, by its expression. A constant string says of
// what kind the counts are: @["read", execname] has the columns kind and execname.
func KeyName(expression string, i int) string {
	if strings.HasPrefix(expression, `"`) {
		return "kind"
	}
	if name := identifier(expression); name != "" {
		return name
	}
	return "key" + strconv.Itoa(i+1)
}

// columnName names the column of an argument of printf, number i of 0.
func columnName(expression string, i int) string {
	if name := identifier(strings.TrimPrefix(expression, "@")); name != "" {
		return name
	}
	if expression == "@" {
		return "value"
	}
	return "c" + strconv.Itoa(i+1)
}

// identifier is the name that an expression goes by: a variable, a member, or what a cast or a
// call of one argument is made of, as fd of `(int)args.fd` and arg0 of `str(arg0)`; "" for
// anything else, such as a sum.
func identifier(e string) string {
	e = strings.TrimSpace(e)
	for _, p := range []string{"this->", "self->", "args->", "$"} {
		e = strings.TrimPrefix(e, p)
	}
	if strings.HasPrefix(e, "(") {
		if _, e, _ = strings.Cut(e, ")"); e == "" {
			return ""
		}
		return identifier(e) // without the cast
	}
	if i := strings.IndexByte(e, '('); i > 0 && strings.HasSuffix(e, ")") {
		if inner := e[i+1 : len(e)-1]; !strings.ContainsAny(inner, ",()") {
			return identifier(inner)
		}
		return ""
	}
	if i := strings.LastIndex(e, "->"); i >= 0 {
		e = e[i+2:]
	}
	// A member stands behind a period in bpftrace; a number may have one, too.
	if i := strings.LastIndexByte(e, '.'); i >= 0 && (e[0] < '0' || e[0] > '9') {
		e = e[i+1:]
	}
	if e == "" || e[0] >= '0' && e[0] <= '9' {
		return ""
	}
	for i := range len(e) {
		if !isWord(e[i]) {
			return ""
		}
	}
	return e
}

// Fixed is how many characters of the format are no conversion: the more, the surer a line
// that matches is one of its.
func (f *Format) Fixed() int { return f.fixed }

// Words reports whether the format writes words of its own. If not, its lines look like rows of
// any other printf.
func (f *Format) Words() bool {
	return slices.ContainsFunc(f.parts, func(p part) bool {
		return p.column < 0 && strings.ContainsFunc(p.literal, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
}

// Vague reports whether any line at all matches: it has no text and no number that a line would
// have to hold.
func (f *Format) Vague() bool {
	for _, c := range f.Columns {
		if c.Type != Text {
			return false
		}
	}
	return f.fixed == 0
}

// mostTries bounds how often a match tries other ends of strings. Formats with several strings
// would otherwise take time that grows with a power of the line's length.
const mostTries = 256

// Match splits a line as the format wrote it, into a cell for each column, in the room of cells.
// A string may hold anything; it ends as early as the rest of the line allows. Where the line
// does not match, the cells mean nothing.
func (f *Format) Match(line []byte, cells [][]byte) ([][]byte, bool) {
	cells = append(cells[:0], make([][]byte, len(f.Columns))...)
	m := matcher{f: f, cells: cells}
	return cells, m.match(0, line)
}

// A matcher matches one line.
type matcher struct {
	f     *Format
	cells [][]byte
	tries int
}

// match matches the parts from number i on with the line's rest.
func (m *matcher) match(i int, line []byte) bool {
	for ; i < len(m.f.parts); i++ {
		p := m.f.parts[i]
		if p.column < 0 {
			rest, ok := bytes.CutPrefix(line, []byte(p.literal))
			if !ok && i == len(m.f.parts)-1 {
				// Blanks at a line's end may be lost.
				ok = bytes.Equal(line, bytes.TrimRight([]byte(p.literal), " ")) && len(line) > 0
			}
			if !ok {
				return false
			}
			line = rest
			continue
		}
		if p.typ == Text {
			return m.text(i, line)
		}
		n := 0
		switch p.typ {
		case Date:
			n = dateLen(line)
		case Float:
			n = floatLen(line, p.padded)
		default:
			n = intLen(line, p.padded)
		}
		if n == 0 {
			return false
		}
		m.cells[p.column] = bytes.TrimLeft(line[:n], " ")
		line = line[n:]
		// Padding on the right is gone or is there; a literal that starts with a blank needs one
		// of its own.
		if p.padded && p.left {
			line = bytes.TrimLeft(line, " ")
			if i+1 < len(m.f.parts) && m.f.parts[i+1].column < 0 && strings.HasPrefix(m.f.parts[i+1].literal, " ") {
				line = append([]byte(" "), line...)
			}
		}
	}
	return len(bytes.TrimRight(line, " ")) == 0
}

// text matches a string from the start of line on, and all that follows. Each place at which the
// next part may start is tried until one fits.
func (m *matcher) text(i int, line []byte) bool {
	p := m.f.parts[i]
	if !bytes.HasPrefix(line, []byte(p.prefix)) {
		return false
	}
	if i == len(m.f.parts)-1 {
		m.cells[p.column] = trimPadding(line, p)
		return !p.word || bytes.IndexByte(line, ' ') < 0
	}
	next := m.f.parts[i+1]
	for end := 0; end <= len(line); end++ {
		if next.column < 0 {
			at := bytes.Index(line[end:], []byte(next.literal))
			if at < 0 {
				return false
			}
			end += at
		}
		if m.tries++; m.tries > mostTries {
			return false
		}
		cell := trimPadding(line[:end], p)
		if len(cell) == 0 && end < len(line) && p.padded {
			continue
		}
		if p.word && bytes.IndexByte(cell, ' ') >= 0 {
			return false
		}
		m.cells[p.column] = cell
		if m.match(i+1, line[end:]) {
			return true
		}
	}
	return false
}

// trimPadding takes the blanks off that a width may have added, on the side on which it does.
func trimPadding(b []byte, p part) []byte {
	switch {
	case !p.padded:
		return b
	case p.left:
		return bytes.TrimRight(b, " ")
	}
	return bytes.TrimLeft(b, " ")
}

// intLen is how much of a line an integer takes, with the padding before it; 0 if there is none.
func intLen(line []byte, padded bool) int {
	i := 0
	for padded && i < len(line) && line[i] == ' ' {
		i++
	}
	if i < len(line) && line[i] == '-' {
		i++
	}
	digits := i
	for i < len(line) && line[i] >= '0' && line[i] <= '9' {
		i++
	}
	if i == digits {
		return 0
	}
	return i
}

// floatLen is how much of a line a decimal number takes, with the padding before it; 0 if there is
// none.
func floatLen(line []byte, padded bool) int {
	i := intLen(line, padded)
	if i == 0 {
		return 0
	}
	digits := func(from int) int {
		for from < len(line) && line[from] >= '0' && line[from] <= '9' {
			from++
		}
		return from
	}
	if i < len(line) && line[i] == '.' {
		i = digits(i + 1)
	}
	if i+1 < len(line) && line[i]|0x20 == 'e' && (line[i+1] == '+' || line[i+1] == '-') {
		if end := digits(i + 2); end > i+2 {
			i = end
		}
	}
	return i
}

// date is what %Y prints.
const date = "2006 Jan _2 15:04:05"

// dateLen is how much of a line a date takes; it looks at the marks only, which is enough between
// other parts.
func dateLen(line []byte) int {
	if len(line) < len(date) || line[4] != ' ' || line[8] != ' ' || line[11] != ' ' || line[14] != ':' || line[17] != ':' {
		return 0
	}
	return len(date)
}
