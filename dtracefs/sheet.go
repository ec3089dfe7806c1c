package dtracefs

import (
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// A sheet is a table while it is filled row by row. Columns may appear at any row; the
// cells that a row leaves out are null.
type sheet struct {
	*Table
	index    map[string]*Column
	n        int
	inferred bool            // columns get the type that their text has
	seen     map[string]bool // of what has rows already; see first
	nulls    []string        // members of records that were null

	grouped []string // columns whose numbers had commas between their thousands, see ungroup
}

// newSheet returns a sheet that belongs to no capture yet. Readers take theirs from [sheets].
func newSheet(name, kind string) *sheet {
	return &sheet{Table: &Table{Name: name, Kind: kind}, index: map[string]*Column{}}
}

// col returns the column of that name, made when there is none yet. A new one gets nulls for the
// rows before. One that is there keeps its type: a caller that does not know it asks open.
func (s *sheet) col(name string, typ Type) *Column {
	if c, ok := s.index[name]; ok {
		return c
	}
	c := newColumn(name, typ)
	s.index[name] = c
	s.Columns = append(s.Columns, c)
	c.padTo(s.n)
	return c
}

// open returns a column that takes a cell of that type in the row at hand. Where the column of
// that name has its cell already, or holds what does not go with the type, it is one with a
// number behind the name. So a heading with the same word twice, such as "CPU ID CPU", has
// columns CPU, ID and CPU_2, and nothing is overwritten. An integer goes into a column of text,
// and text turns a column of numbers into text; but a Time or a Stack keeps its type, as the
// cells it has already would lose theirs.
func (s *sheet) open(name string, typ Type) *Column {
	for i := 2; ; i++ {
		c, ok := s.index[name]
		if !ok {
			return s.col(name, typ)
		}
		if c.Len() == s.n {
			if typ == String && (c.typ == Int || c.typ == Float || c.typ == Bool) {
				c.becomeText()
			}
			if c.typ == typ || typ == Int && c.typ == String {
				return c
			}
		}
		name = strings.TrimSuffix(name, "_"+strconv.Itoa(i-1)) + "_" + strconv.Itoa(i)
	}
}

// end ends the row: whatever column has no cell in it gets a null. A row counts only then, so a
// reader that gives up half way must have appended nothing.
func (s *sheet) end() {
	s.n++
	for _, c := range s.Columns {
		c.padTo(s.n)
	}
}

// first reports whether key comes for the first time, in sheets that have one row for each, such
// as that of the types of members.
func (s *sheet) first(key string) bool {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	yes := !s.seen[key]
	s.seen[key] = true
	return yes
}

// padTo appends nulls until the column has n cells.
func (c *Column) padTo(n int) {
	for c.Len() < n {
		c.appendNull()
	}
}

// text appends a cell of text to the row at hand. The bytes are copied if they are new.
func (s *sheet) text(name string, v []byte) { s.open(name, String).appendText(v) }

// int appends an integer; with unsigned, v are the bits of one that may be beyond the signed
// range.
func (s *sheet) int(name string, v int64, unsigned bool) { s.open(name, Int).appendNumber(v, unsigned) }

// appendNumber appends an integer to a column of integers or of text. A column is signed until a
// value needs more; it then holds unsigned ones. One that has seen both a negative value and one
// beyond the signed range fits neither, and becomes text, so that no digit is lost.
func (c *Column) appendNumber(v int64, unsigned bool) {
	if c.typ != Int {
		if unsigned {
			c.appendString(strconv.FormatUint(uint64(v), 10))
		} else {
			c.appendString(strconv.FormatInt(v, 10))
		}
		return
	}
	if unsigned && !c.unsigned {
		c.becomeUnsigned()
	}
	if c.unsigned && v < 0 && !unsigned {
		c.becomeText()
	}
	if c.typ == String {
		c.appendNumber(v, unsigned)
		return
	}
	c.appendInt(v)
}

// becomeUnsigned makes room for integers beyond the signed range. Where negative ones
// were printed too, both only fit as text.
func (c *Column) becomeUnsigned() {
	for i, v := range c.ints {
		if v < 0 && !c.Null(i) {
			c.becomeText()
			return
		}
	}
	c.unsigned = true
}

// becomeText turns the cells into what they would be as text. The column stays where it is, as
// others hold a pointer to it.
func (c *Column) becomeText() {
	t := newColumn(c.Name, String)
	t.context, t.role, t.is = c.context, c.role, c.is
	for i := range c.Len() {
		if c.Null(i) {
			t.appendNull()
		} else {
			t.appendString(c.Text(i))
		}
	}
	*c = *t
}

// instant appends a time. Times of the day and instants do not share a column, since their
// numbers count from different zeros: the second kind that comes gets another name.
func (s *sheet) instant(name string, ns int64, ofDay bool) *Column {
	if c, ok := s.index[name]; ok && c.typ == Time && c.ofDay != ofDay {
		if name += "_of_day"; !ofDay {
			name = "instant"
		}
	}
	before := len(s.Columns)
	c := s.open(name, Time)
	if len(s.Columns) > before {
		c.ofDay = ofDay
	}
	c.appendInt(ns)
	return c
}

// key appends a key of an aggregation: an integer where the tracer printed it as one, otherwise
// text. An integer beyond 64 bits stays text.
func (s *sheet) key(name string, k syntax.Key) {
	if k.IsInt {
		if v, unsigned, ok := syntax.Int64(k.Text); ok {
			s.int(name, v, unsigned)
			return
		}
	}
	s.text(name, k.Text)
}

// leaf appends a value of a JSON text with its type; a string that is a date is a time. What
// does not go with the type that a column has turns it into text.
func (s *sheet) leaf(name string, v syntax.JSON) {
	// The type that a column got from its first cell decides. A later value of another type goes
	// to text below, by way of open.
	c := s.index[name]
	number := v.Kind == '0' && (c == nil || c.typ == Int)
	switch i, unsigned, isInt := syntax.Int64([]byte(v.Text)); {
	case v.Kind == 'n': // the cell stays null; a column that has no other cells is made at the end
		if c == nil && !slices.Contains(s.nulls, name) {
			s.nulls = append(s.nulls, name)
		}
	case number && isInt:
		s.int(name, i, unsigned)
	case v.Kind == '0' && (c == nil || c.typ == Float) && isCanonicalFloat(v.Text):
		f, _ := strconv.ParseFloat(v.Text, 64)
		s.open(name, Float).appendFloat(f)
	case (v.Kind == 't' || v.Kind == 'f') && (c == nil || c.typ == Bool):
		bit := int64(0)
		if v.Kind == 't' {
			bit = 1
		}
		s.open(name, Bool).appendInt(bit)
	case v.Kind == '"' && (c == nil || c.typ == Time) && isDate(v.Text):
		clock, _, _ := syntax.ParseClock([]byte(v.Text))
		s.instant(name, clock.NS, false)
	case v.Kind == 't':
		s.text(name, []byte("true"))
	case v.Kind == 'f':
		s.text(name, []byte("false"))
	case v.Kind == '{' || v.Kind == '[':
		s.text(name, []byte{v.Kind, v.Kind + 2}) // of nothing
	default:
		s.text(name, []byte(v.Text))
	}
}

// appendWord appends an integer to a column of integers; any other word turns it into one of
// text. It is for columns that nearly always hold integers, where inferring at the end would
// first keep every number as a string.
func (c *Column) appendWord(word []byte) {
	if c.typ == Int {
		if v, ok := syntax.Int(word); ok {
			c.appendInt(v)
			return
		}
		c.becomeText()
	}
	c.appendText(word)
}

// isDate reports whether a text is a date with its time and nothing else.
func isDate(text string) bool {
	c, n, ok := syntax.ParseClock([]byte(text))
	return ok && n == len(text) && c.Form == syntax.Date
}

// drop takes a column away. The list is copied: a table that was handed out may share it.
func (s *sheet) drop(name string) {
	for i, c := range s.Columns {
		if c.Name == name {
			s.Columns = append(s.Columns[:i:i], s.Columns[i+1:]...)
			delete(s.index, name)
			return
		}
	}
}

// finish gives text columns the type that all their cells have, where they are inferred. In a
// whole capture it drops the numbers of blocks where there is but one; in a part of one the next
// part may hold another, and without the number its rows could not be told from these.
func (s *sheet) finish(part bool) *Table {
	// A member that was null in every record is a column all the same: its name stood in the
	// text.
	for _, name := range s.nulls {
		s.col(name, String)
	}
	if c := s.index["block"]; c != nil && !part && c.constant() {
		s.drop("block")
	}
	if c := s.index["block"]; c != nil {
		c.context = true
	}
	for _, c := range s.Columns {
		c.padTo(s.n)
		if s.inferred && c.typ == String {
			if c.ungroup() {
				s.grouped = append(s.grouped, c.Name)
			}
			c.infer()
		}
	}
	return s.Table
}

// constant reports whether all cells of a column of integers are the same and none is null.
func (c *Column) constant() bool {
	for i, v := range c.ints {
		if v != c.ints[0] || c.Null(i) {
			return false
		}
	}
	return true
}

// ungroup takes away the commas that part the thousands of numbers, as in 1,234,567, if all cells
// of a column are integers and one has some. Where a number of four digits has none, commas part
// what they list, such as the ports 80,443. It reports whether it did.
func (c *Column) ungroup() bool {
	some := false
	plain := make([]string, len(c.words.values))
	for i, w := range c.words.values {
		var ok bool
		if plain[i], ok = withoutThousands(w); !ok && w != "" {
			return false
		}
		grouped := plain[i] != w
		if !grouped && len(strings.TrimPrefix(w, "-")) > 3 {
			return false
		}
		some = some || grouped
	}
	if !some {
		return false
	}
	words := newDictionary()
	for i, code := range c.codes {
		if !c.Null(i) {
			c.codes[i] = words.codeString(plain[code])
		}
	}
	c.words = words
	return true
}

// withoutThousands returns an integer without the commas that part its thousands; false if it is
// none.
func withoutThousands(w string) (plain string, ok bool) {
	groups := strings.Split(w, ",")
	for i, g := range groups {
		if i == 0 && len(groups) > 1 && (len(strings.TrimPrefix(g, "-")) > 3 || strings.TrimLeft(g, "-0") == "") || i > 0 && (len(g) != 3 || g[0] == '-') {
			return w, false
		}
	}
	plain = strings.Join(groups, "")
	_, _, ok = canonicalInt(plain)
	return plain, ok
}

// infer turns a column of text into one of integers or floats if every cell that is not empty is
// written as one and keeps its digits so. Numbers with leading zeros are left as text, and so are
// integers beyond 64 bits and those that floats would round. What is inferred must print as it
// was printed: 007 and 1.50000000000000000001 would not. It looks at the dictionary, not at the
// cells, so a column of few values costs little.
func (c *Column) infer() {
	ints, floats, negative, unsigned, some := true, true, false, false, false
	for _, w := range c.words.values {
		if w == "" {
			continue
		}
		some = true
		v, u, isInt := canonicalInt(w)
		ints = ints && isInt
		negative, unsigned = negative || isInt && v < 0 && !u, unsigned || u
		floats = floats && isCanonicalFloat(w)
		if !ints && !floats {
			return
		}
	}
	// An empty column stays text, and so does one with both -1 and 18446744073709551615, which no
	// integer type holds.
	if !some || ints && negative && unsigned {
		return
	}
	old := *c
	typ := Float
	if ints {
		typ = Int
	}
	*c = *newColumn(c.Name, typ)
	c.unsigned = ints && unsigned
	c.context, c.role, c.is = old.context, old.role, old.is
	// The text of the column is still held, so room is made once, and not again and again.
	if ints {
		c.ints = make([]int64, 0, len(old.codes))
	} else {
		c.floats = make([]float64, 0, len(old.codes))
	}
	for i, code := range old.codes {
		w := old.words.at(code)
		switch {
		case old.Null(i) || w == "":
			c.appendNull()
		case ints:
			v, _, _ := syntax.Int64([]byte(w))
			c.appendInt(v)
		default:
			f, _ := strconv.ParseFloat(w, 64)
			c.floats = append(c.floats, f)
		}
	}
}

// canonicalInt reads an integer that is written the way integers are printed. Leading zeros are a
// sign of a name, such as a device's or a day's number.
func canonicalInt(w string) (v int64, unsigned, ok bool) {
	digits := strings.TrimPrefix(w, "-")
	if len(digits) > 1 && digits[0] == '0' {
		return 0, false, false
	}
	return syntax.Int64([]byte(w))
}

// exactDigits is how many significant digits of a decimal number a float keeps in every case.
const exactDigits = 15

// isCanonicalFloat reports whether a float keeps all digits of a decimal number. It goes by the
// bytes first, so that words which ParseFloat would take, such as inf, nan and 0x1p4, stay text.
func isCanonicalFloat(w string) bool {
	digits := 0
	for _, c := range []byte(w) {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
		if c >= '1' && c <= '9' || c == '0' && digits > 0 {
			digits++
		}
	}
	if len(w) > 1 && w[0] == '0' && w[1] != '.' {
		return false
	}
	f, err := strconv.ParseFloat(w, 64)
	if err != nil || digits <= exactDigits {
		return err == nil
	}
	// Programs that print a float in full need up to seventeen digits. What has no more than nine
	// behind the point may be a clock, all of whose digits are to be seen.
	_, fraction, _ := strings.Cut(w, ".")
	return len(fraction) > 9 && digitsOf(strconv.FormatFloat(f, 'e', -1, 64)) == digitsOf(w)
}

// digitsOf are the significant digits of a decimal number.
func digitsOf(w string) string {
	if i := strings.IndexAny(w, "eE"); i >= 0 {
		w = w[:i]
	}
	w = strings.Replace(strings.TrimLeft(w, "+-"), ".", "", 1)
	return strings.Trim(w, "0")
}
