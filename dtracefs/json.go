package dtracefs

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"dtnotes/dtracefs/internal/valid"
)

// exactInt is the largest integer that every JSON reader keeps exact. Many keep numbers as
// floats.
const exactInt = 1 << 53

// MarshalJSON writes the capture as one object: dialect, bytes, lines, tables, notices, drops,
// errors, unparsed. Integers beyond 2^53 are strings of digits, times are decimal seconds since the
// epoch with nine places, or, without a date, strings such as "10:20:30", Booleans are "true" and
// "false", stacks are lists of frames, and nulls are null. Bytes that are not UTF-8 are written as
// \xNN.
func (c *Capture) MarshalJSON() ([]byte, error) {
	// A list of nothing is [] and not null, which nil would be: readers go through lists without
	// asking.
	tables := make([]*Table, 0, len(c.Tables))
	tables = append(tables, c.Tables...)
	unparsed := make([]Line, len(c.Unparsed))
	for i, l := range c.Unparsed {
		unparsed[i] = Line{l.Number, valid.UTF8(l.Text)}
	}
	return json.Marshal(struct {
		Name     string   `json:"name"`
		Dialect  string   `json:"dialect"`
		Bytes    int64    `json:"bytes"`
		Lines    int      `json:"lines"`
		Tables   []*Table `json:"tables"`
		Notices  []Notice `json:"notices"`
		Drops    []Drop   `json:"drops"`
		Errors   []Fault  `json:"errors"`
		Unparsed []Line   `json:"unparsed"`
	}{c.Name, c.Dialect, c.Bytes, c.Lines, tables,
		append([]Notice{}, c.Notices...), append([]Drop{}, c.Drops...), append([]Fault{}, c.Errors...), unparsed})
}

// MarshalJSON writes the table as an object with name, kind, columns, rows and data, a list of
// rows. It is written by hand, since a table may have millions of cells.
func (t *Table) MarshalJSON() ([]byte, error) {
	b := append([]byte(`{"name":`), quoteJSON(t.Name)...)
	b = append(append(b, `,"kind":`...), quoteJSON(t.Kind)...)
	b = append(b, `,"columns":[`...)
	for i, c := range t.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"name":`...), quoteJSON(c.Name)...)
		b = append(append(b, `,"type":"`...), c.typ.String()...)
		b = append(b, `"}`...)
	}
	b = append(b, `],"rows":`...)
	b = strconv.AppendInt(b, int64(t.NumRows()), 10)
	b = append(b, `,"data":[`...)
	cells := make([]func([]byte, int) []byte, len(t.Columns))
	for i, c := range t.Columns {
		cells[i] = c.jsonCell()
	}
	for r := range t.NumRows() {
		if r > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for i, cell := range cells {
			if i > 0 {
				b = append(b, ',')
			}
			b = cell(b, r)
		}
		b = append(b, ']')
	}
	return append(b, "]}"...), nil
}

// jsonCell returns the function that appends a cell of c as JSON. What depends on the column's
// type is decided once, and not for every cell.
func (c *Column) jsonCell() func(b []byte, i int) []byte {
	cell := c.jsonValue()
	if c.null == nil {
		return cell
	}
	return func(b []byte, i int) []byte {
		if c.Null(i) {
			return append(b, "null"...)
		}
		return cell(b, i)
	}
}

// jsonValue is jsonCell for cells that are not null. Text is quoted once for each word of the
// dictionary.
func (c *Column) jsonValue() func(b []byte, i int) []byte {
	switch c.typ {
	case Float:
		return func(b []byte, i int) []byte { return appendJSONFloat(b, c.floats[i]) }
	case Bool:
		return func(b []byte, i int) []byte { return append(b, quoteJSON(c.Text(i))...) }
	case Time:
		if c.ofDay {
			return func(b []byte, i int) []byte { return append(b, quoteJSON(c.Text(i))...) }
		}
		return func(b []byte, i int) []byte { return appendSeconds(b, c.ints[i]) }
	case String:
		quoted := make([][]byte, len(c.words.values))
		for i, w := range c.words.values {
			quoted[i] = quoteJSON(w)
		}
		return func(b []byte, i int) []byte { return append(b, quoted[c.codes[i]]...) }
	case Stack:
		return func(b []byte, i int) []byte { return appendJSONStack(b, c.Stack(i)) }
	}
	return func(b []byte, i int) []byte { return appendJSONInt(b, c.ints[i], c.unsigned) }
}

// appendJSONInt appends an integer, in quotes where a reader may round it.
func appendJSONInt(b []byte, v int64, unsigned bool) []byte {
	exact := v >= -exactInt && v <= exactInt && !(unsigned && v < 0)
	if !exact {
		b = append(b, '"')
	}
	if unsigned {
		b = strconv.AppendUint(b, uint64(v), 10)
	} else {
		b = strconv.AppendInt(b, v, 10)
	}
	if !exact {
		b = append(b, '"')
	}
	return b
}

// appendJSONFloat appends a number, null for what JSON has no number for.
func appendJSONFloat(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return appendFloat(b, v)
}

// appendSeconds appends ns nanoseconds as decimal seconds with nine places.
func appendSeconds(b []byte, ns int64) []byte {
	sec, frac := ns/1e9, ns%1e9
	if ns < 0 {
		b = append(b, '-')
		sec, frac = -sec, -frac
	}
	return fmt.Appendf(b, "%d.%09d", sec, frac)
}

func appendJSONStack(b []byte, frames []string) []byte {
	b = append(b, '[')
	for i, f := range frames {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, quoteJSON(f)...)
	}
	return append(b, ']')
}

// quoteJSON is a text as JSON, with the bytes spelled out that are not UTF-8: encoding/json would
// replace all of them by one and the same character.
func quoteJSON(s string) []byte {
	b, err := json.Marshal(valid.UTF8(s))
	if err != nil {
		return []byte(`""`)
	}
	return b
}
