package dtracefs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Type is the type of a column's cells.
type Type uint8

// The column types. An Int column holds signed 64-bit integers, or unsigned ones where a
// value beyond the signed range was printed (see [Column.Unsigned]). A Time is an instant
// with nanoseconds. A Stack is a list of frames, leaf first.
const (
	Int Type = iota
	Float
	String
	Bool
	Time
	Stack
)

// String returns the type's name as it stands in the JSON form of a capture.
func (t Type) String() string {
	return [...]string{"int", "float", "string", "bool", "time", "stack"}[t]
}

// A Table holds the rows of one thing that a capture printed: an aggregation, the lines of
// one printf, a script's own table, events, stacks, histograms.
type Table struct {
	Name    string    // the aggregation's or map's name or the block's title where known
	Kind    string    // what was printed, such as "activity", "events", "agg", "hist"
	Columns []*Column // all of the same length
}

// NumRows returns the number of rows.
func (t *Table) NumRows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Columns[0].Len()
}

// Column returns the column of that name, or nil.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// String says what the table is in one line.
func (t *Table) String() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = Printable(c.Name) + " " + c.Type().String()
	}
	return fmt.Sprintf("%s (%s): %d rows of %s", Printable(t.Name), t.Kind, t.NumRows(), strings.Join(names, ", "))
}

// A role says what a column is for in a table whose layout is known.
type role uint8

const (
	// roleUnknown leaves it to inference, by the column's name and values.
	roleUnknown role = iota
	roleKey          // tells whose row it is
	roleCount        // counts; other numbers in a tool's report are levels and rates
	roleAside        // neither whose it is nor how much: a process's number, a priority, a unit
)

// A Column is one named column of a table. Its cells lie together in memory: integers,
// times and Booleans as 64-bit integers, strings and stacks as indexes into a dictionary of
// the distinct values.
type Column struct {
	Name string

	typ      Type
	unsigned bool
	ofDay    bool      // Time: only clocks were printed, without their date
	context  bool      // printed around the row and not in it: the clock or number of its block
	role     role      // where the reader knows what the column is for
	is       Dimension // where the reader knows what the values name
	ints     []int64   // Int, Bool (0 or 1), Time (ns since the epoch, or a midnight if ofDay)
	floats   []float64
	codes    []uint32 // String, Stack
	words    *dictionary
	stacks   [][]string
	null     []bool // nil when no cell is null; may be shorter than the column
}

// newColumn returns an empty column. Only text and stacks have a dictionary, so that a capture of
// many narrow tables does not pay for maps that stay empty.
func newColumn(name string, typ Type) *Column {
	c := &Column{Name: name, typ: typ}
	if typ == String || typ == Stack {
		c.words = newDictionary()
	}
	return c
}

// Type returns the type of the column's cells.
func (c *Column) Type() Type { return c.typ }

// Unsigned reports whether an Int column holds unsigned 64-bit integers.
func (c *Column) Unsigned() bool { return c.unsigned }

// OfDay reports whether a Time column holds times of the day: clocks that were printed without a
// date. They count from the midnight before the first, so that they go on after the next one.
func (c *Column) OfDay() bool { return c.ofDay }

// Len returns the number of cells.
func (c *Column) Len() int {
	switch c.typ {
	case Float:
		return len(c.floats)
	case String, Stack:
		return len(c.codes)
	}
	return len(c.ints)
}

// Null reports whether cell i was not printed. The mask grows only when a null comes, so cells
// behind its end are not null.
func (c *Column) Null(i int) bool { return i < len(c.null) && c.null[i] }

// Int returns cell i of an Int, Bool or Time column: for a Time, nanoseconds since the
// epoch. A null cell is 0.
func (c *Column) Int(i int) int64 { return c.ints[i] }

// Float returns cell i of a numeric column as a floating-point number: for a Time, seconds
// since the epoch. A null cell and one that is no number is NaN.
func (c *Column) Float(i int) float64 {
	if c.Null(i) {
		return math.NaN()
	}
	switch c.typ {
	case Float:
		return c.floats[i]
	case Time:
		return float64(c.ints[i]) / 1e9
	case Int, Bool:
		if c.unsigned {
			return float64(uint64(c.ints[i]))
		}
		return float64(c.ints[i])
	}
	if f, err := strconv.ParseFloat(strings.TrimSpace(c.words.at(c.codes[i])), 64); err == nil && c.typ == String {
		return f
	}
	return math.NaN()
}

// Time returns cell i of a Time column, in UTC; a time of the day in 1970.
func (c *Column) Time(i int) time.Time { return time.Unix(0, c.ints[i]).UTC() }

// Stack returns the frames of cell i of a Stack column, leaf first. They are shared: do
// not change them.
func (c *Column) Stack(i int) []string { return c.stacks[c.codes[i]] }

// appendFloat appends the shortest decimal number that is v, without an exponent where tools print
// none: down to a nanosecond in seconds.
func appendFloat(b []byte, v float64) []byte {
	format := byte('g')
	if a := math.Abs(v); a >= 1e-9 && a < 1e-4 {
		format = 'f'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}

// Text returns cell i as text, whatever the column's type: a time in RFC 3339, one of the day as
// 15:04:05, a stack's frames joined by semicolons, a null as "".
func (c *Column) Text(i int) string {
	if c.Null(i) {
		return ""
	}
	switch c.typ {
	case Float:
		return string(appendFloat(nil, c.floats[i]))
	case String:
		return c.words.at(c.codes[i])
	case Bool:
		return strconv.FormatBool(c.ints[i] != 0)
	case Time:
		if c.ofDay {
			return c.Time(i).Format("15:04:05.999999999")
		}
		return c.Time(i).Format(time.RFC3339Nano)
	case Stack:
		return strings.Join(c.stacks[c.codes[i]], ";")
	}
	if c.unsigned {
		return strconv.FormatUint(uint64(c.ints[i]), 10)
	}
	return strconv.FormatInt(c.ints[i], 10)
}

// Codes returns the cells of a String column as indexes into [Column.Dictionary]. Shared:
// do not change it.
func (c *Column) Codes() []uint32 { return c.codes }

// Dictionary returns the distinct values of a String column in the order they first
// appeared. Shared: do not change it.
func (c *Column) Dictionary() []string {
	if c.words == nil {
		return nil
	}
	return c.words.values
}

// The methods that append a cell do not look at the column's type: the caller has the column from
// [sheet.open] or knows it. A cell of the wrong type would leave a column whose length is not
// that of the table.
func (c *Column) appendInt(v int64)     { c.ints = append(c.ints, v) }
func (c *Column) appendFloat(v float64) { c.floats = append(c.floats, v) }
func (c *Column) appendText(v []byte)   { c.codes = append(c.codes, c.words.code(v)) }
func (c *Column) appendString(v string) {
	c.codes = append(c.codes, c.words.codeString(v))
}

// appendStack appends a stack, of which the column keeps one copy however often it comes: a
// profile has few stacks and many rows. Words and stacks have the same codes, as each new key
// adds one to both.
func (c *Column) appendStack(frames []string) {
	code := c.words.codeString(strings.Join(frames, "\x00"))
	if int(code) == len(c.stacks) {
		c.stacks = append(c.stacks, frames)
	}
	c.codes = append(c.codes, code)
}

// appendNull appends a null cell. Its place in the values is filled too, with 0, NaN, or the
// empty string, so that a cell's index is the same in both.
func (c *Column) appendNull() {
	n := c.Len()
	if missing := n + 1 - len(c.null); missing > 0 {
		c.null = append(c.null, make([]bool, missing)...)
	}
	c.null[n] = true
	switch c.typ {
	case Float:
		c.floats = append(c.floats, math.NaN())
	case String:
		c.appendString("")
	case Stack:
		c.appendStack(nil)
	default:
		c.ints = append(c.ints, 0)
	}
}

// appendCell appends cell i of another column, in the type of this one, which must be one that
// holds it (see typeIn).
func (c *Column) appendCell(from *Column, i int) {
	switch {
	case from.Null(i):
		c.appendNull()
	case c.typ == Float:
		c.floats = append(c.floats, from.Float(i))
	case c.typ == String:
		c.appendString(from.Text(i))
	case c.typ == Stack:
		c.appendStack(from.Stack(i))
	default:
		c.ints = append(c.ints, from.ints[i])
		c.unsigned = c.unsigned || from.unsigned
	}
}

// appendColumn appends the cells of another column. Of text each word is looked up once, not each
// cell.
func (c *Column) appendColumn(from *Column) {
	switch {
	case c.typ == String && from.typ == String:
		known := make([]uint32, len(from.words.values)) // 0 until it is looked up, then a code + 1
		c.codes = slices.Grow(c.codes, len(from.codes))
		for i, code := range from.codes {
			switch {
			case from.Null(i):
				c.appendNull()
				continue
			case known[code] == 0:
				known[code] = 1 + c.words.codeString(from.words.at(code))
			}
			c.codes = append(c.codes, known[code]-1)
		}
	case c.typ != String && c.typ != Stack && c.typ != Float && from.null == nil:
		c.ints = append(c.ints, from.ints...)
		c.unsigned = c.unsigned || from.unsigned
	default:
		for i := range from.Len() {
			c.appendCell(from, i)
		}
	}
}

// sample returns values of a column as text: for text the first different ones, otherwise the
// first. What a column is about is told by them; 200 are enough for that, and looking at all
// would cost as much as counting.
func (c *Column) sample() []string {
	const most = 200
	if c.typ == String {
		return c.words.values[:min(most, len(c.words.values))]
	}
	var out []string
	for i := range min(c.Len(), most) {
		out = append(out, c.Text(i))
	}
	return out
}

// dimension is what the values name: what the reader says, or else what the column's name and the
// look of its values tell.
func (c *Column) dimension() Dimension {
	if c.is != "" {
		return c.is
	}
	return DimensionOf(c.Name, c.sample())
}

// A dictionary numbers distinct strings from 0 in the order they appear.
type dictionary struct {
	index  map[string]uint32
	values []string
}

func newDictionary() *dictionary { return &dictionary{index: make(map[string]uint32)} }

func (d *dictionary) at(code uint32) string { return d.values[code] }

// code returns the number of a word. Most words of a capture were there before, and string(b) as
// the index of a map is no copy: only a new word is copied.
func (d *dictionary) code(b []byte) uint32 {
	if code, ok := d.index[string(b)]; ok {
		return code
	}
	return d.add(string(b))
}

// codeString is code for a string. A new one is copied: it may be a part of a long text, such as
// a record of JSON, which would stay in memory with it.
func (d *dictionary) codeString(s string) uint32 {
	if code, ok := d.index[s]; ok {
		return code
	}
	return d.add(strings.Clone(s))
}

func (d *dictionary) add(s string) uint32 {
	code := uint32(len(d.values))
	d.values = append(d.values, s)
	d.index[s] = code
	return code
}
