package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"dtnotes/dtracefs"
)

// A Writer takes a table to a file part by part, as the batches of a scan bring it.
type Writer interface {
	// Write writes the rows of a part. Columns of the table that the part lacks are null.
	Write(part *dtracefs.Table) error

	// Close writes the rest. It does not close what it writes to.
	Close() error
}

// Formats are the formats that [NewWriter] knows.
func Formats() []string { return []string{"csv", "parquet", "arrow", "folded"} }

// NewWriter returns a writer of a table in one of [Formats]: CSV, Parquet, an Arrow IPC file, or
// folded stacks. All but Arrow write as they go: Parquet holds a row group, folded stacks a sum for
// each stack.
func NewWriter(w io.Writer, format string, s *Shape) (Writer, error) {
	switch format {
	case "csv":
		names := make([]string, len(s.Fields))
		for i, f := range s.Fields {
			names[i] = f.Name
		}
		return dtracefs.NewCSVWriter(w, names...), nil
	case "parquet":
		return newParquetWriter(w, s)
	case "arrow":
		return &arrowWriter{w: w}, nil
	case "folded":
		if !s.Stacks() {
			return nil, fmt.Errorf("folding table %s: it has no stacks", s.Name)
		}
		return dtracefs.NewFoldedWriter(w), nil
	}
	return nil, fmt.Errorf("writing table %s as %q: the formats are %s", s.Name, format, strings.Join(Formats(), ", "))
}

// An arrowWriter writes one whole table. An Arrow file has a dictionary for each column of text,
// which stands before the first rows and which most readers do not let grow: the table must be
// there whole.
type arrowWriter struct {
	w    io.Writer
	done bool
}

// Write implements [Writer], once.
func (w *arrowWriter) Write(t *dtracefs.Table) error {
	if w.done {
		return fmt.Errorf("writing table %s as Arrow: it comes in parts, and Arrow takes it whole", t.Name)
	}
	w.done = true
	return Arrow(w.w, t)
}

// Close implements [Writer].
func (w *arrowWriter) Close() error { return nil }

// A Shape is what a table is made of, over all its parts. A file has one shape, which must be
// known before its first row is written, so a capture that is written part by part is read twice:
// first for the shapes, then for the rows.
type Shape struct {
	Name, Kind string
	Rows       int64
	Fields     []Field
}

// A Field is a column of a [Shape]. Parts may have another type: integers where others have floats
// or text, text where others have anything.
type Field struct {
	Name     string
	Type     dtracefs.Type
	Unsigned bool

	empty          bool // no part has a cell yet that is not null
	negative, wide bool // an integer below 0; one that a float does not hold
}

// ShapeOf returns the shape of a whole table.
func ShapeOf(t *dtracefs.Table) *Shape {
	s := &Shape{Name: t.Name, Kind: t.Kind, Rows: int64(t.NumRows())}
	for _, c := range t.Columns {
		s.Fields = append(s.Fields, fieldOf(c))
	}
	return s
}

// Stacks reports whether there is a column of stacks.
func (s *Shape) Stacks() bool {
	return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Type == dtracefs.Stack })
}

// columns returns the column of a part for each field, nil where it has none.
func (s *Shape) columns(part *dtracefs.Table) []*dtracefs.Column {
	columns := make([]*dtracefs.Column, len(s.Fields))
	for i, f := range s.Fields {
		columns[i] = part.Column(f.Name)
	}
	return columns
}

// add widens the shape to hold a part too.
func (s *Shape) add(part *dtracefs.Table) {
	s.Rows += int64(part.NumRows())
	for _, c := range part.Columns {
		g := fieldOf(c)
		i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == c.Name })
		if i < 0 {
			s.Fields = append(s.Fields, g)
			continue
		}
		s.Fields[i] = s.Fields[i].with(g)
	}
}

// fieldOf returns the field that holds a column of one part.
func fieldOf(c *dtracefs.Column) Field {
	const exact = 1 << 53 // floats hold all integers up to here
	f := Field{Name: c.Name, Type: c.Type(), Unsigned: c.Unsigned(), empty: true}
	for i := range c.Len() {
		if c.Null(i) {
			continue
		}
		f.empty = false
		if f.Type != dtracefs.Int {
			break
		}
		v := c.Int(i)
		f.negative = f.negative || v < 0 && !f.Unsigned
		f.wide = f.wide || v < -exact || v > exact
	}
	return f
}

// with returns a field that holds the cells of both, to the value: whatever would be rounded, or
// is of types that have nothing in common, is text. It looks at values and not only at types,
// since a part in which a column happens to hold small integers alone must not make text of
// another's floats.
func (f Field) with(g Field) Field {
	negative, wide := f.negative || g.negative, f.wide || g.wide
	switch number := func(t dtracefs.Type) bool { return t == dtracefs.Int || t == dtracefs.Float }; {
	case g.empty:
		return f
	case f.empty:
		return g
	case f.Type == dtracefs.Int && g.Type == dtracefs.Int:
		f.Unsigned = f.Unsigned || g.Unsigned
		if f.Unsigned && negative { // no integer of 64 bits holds both
			f.Type, f.Unsigned = dtracefs.String, false
		}
	case f.Type != g.Type && number(f.Type) && number(g.Type) && !wide:
		f.Type, f.Unsigned = dtracefs.Float, false
	case f.Type != g.Type:
		f.Type, f.Unsigned = dtracefs.String, false
	}
	f.negative, f.wide = negative, wide
	return f
}

// Shapes are those of the tables of a capture, in the order in which a scan comes to them. A part
// is known by its table's name and kind, and by its place among those that have both: two tables
// of one name in a batch are two files.
type Shapes struct {
	All   []*Shape
	index map[shapeKey]int
}

type shapeKey struct {
	name, kind string
	n          int
}

// Add takes in the tables of a batch and returns which of All each is a part of.
func (s *Shapes) Add(tables []*dtracefs.Table) []int {
	at := s.Find(tables)
	for i, t := range tables {
		if at[i] < 0 {
			at[i] = len(s.All)
			s.All = append(s.All, &Shape{Name: t.Name, Kind: t.Kind})
			if s.index == nil {
				s.index = map[shapeKey]int{}
			}
			s.index[keyOf(tables, i)] = at[i]
		}
		s.All[at[i]].add(t)
	}
	return at
}

// Find returns which of All each table of a batch is a part of, -1 for none.
func (s *Shapes) Find(tables []*dtracefs.Table) []int {
	at := make([]int, len(tables))
	for i := range tables {
		at[i] = -1
		if k, ok := s.index[keyOf(tables, i)]; ok {
			at[i] = k
		}
	}
	return at
}

// keyOf is by what table i of a batch is known.
func keyOf(tables []*dtracefs.Table, i int) shapeKey {
	key := shapeKey{name: tables[i].Name, kind: tables[i].Kind}
	for _, t := range tables[:i] {
		if t.Name == key.name && t.Kind == key.kind {
			key.n++
		}
	}
	return key
}
