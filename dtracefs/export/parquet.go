package export

import (
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/internal/valid"
)

// rowsAtOnce is how many rows are handed to the Parquet writer at a time: enough that the call
// costs nothing, and few to hold.
const rowsAtOnce = 1024

// rowsInGroup is how many rows a row group has at most, and so how many the writer holds.
const rowsInGroup = 128 << 10

// Parquet writes a table as a Parquet file of the same types, compressed with zstd. Its columns
// must have names of their own.
func Parquet(w io.Writer, t *dtracefs.Table) error {
	pw, err := newParquetWriter(w, ShapeOf(t))
	if err != nil {
		return err
	}
	if err := pw.Write(t); err != nil {
		return err
	}
	return pw.Close()
}

// A parquetWriter writes tables of one shape, one after the other.
type parquetWriter struct {
	shape *Shape
	w     *parquet.GenericWriter[any]
}

// newParquetWriter returns a writer of tables of that shape. Every column may hold nulls, since a
// part may lack it.
func newParquetWriter(w io.Writer, s *Shape) (*parquetWriter, error) {
	schema := orderedGroup{Group: parquet.Group{}}
	for _, f := range s.Fields {
		name := valid.UTF8(f.Name)
		// A group of Parquet is a map by name: one of the two would be gone.
		if schema.Group[name] != nil {
			return nil, fmt.Errorf("writing table %s as Parquet: two columns are named %s", s.Name, name)
		}
		schema.Group[name] = parquet.Optional(nodeOf(f))
		schema.names = append(schema.names, name)
	}
	pw := parquet.NewGenericWriter[any](w, parquet.NewSchema("table", schema), parquet.Compression(&parquet.Zstd), parquet.CreatedBy("dtnotes", "", ""),
		parquet.MaxRowsPerRowGroup(rowsInGroup),
		parquet.KeyValueMetadata("name", valid.UTF8(s.Name)), parquet.KeyValueMetadata("kind", s.Kind))
	return &parquetWriter{s, pw}, nil
}

// Write implements [Writer].
func (w *parquetWriter) Write(t *dtracefs.Table) error {
	columns := w.shape.columns(t)
	rows := make([]parquet.Row, 0, rowsAtOnce)
	for i := range t.NumRows() {
		row := rows[:len(rows)+1][len(rows)][:0] // the memory of an earlier row
		for k, c := range columns {
			row = appendCell(row, c, w.shape.Fields[k].Type, i, k)
		}
		if rows = append(rows, row); len(rows) == cap(rows) || i == t.NumRows()-1 {
			if _, err := w.w.WriteRows(rows); err != nil {
				return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
			}
			rows = rows[:0]
		}
	}
	return nil
}

// Close implements [Writer].
func (w *parquetWriter) Close() error {
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("writing table %s as Parquet: %w", w.shape.Name, err)
	}
	return nil
}

// nodeOf is the type of a column in Parquet. Text has a dictionary, as names come again and
// again.
func nodeOf(f Field) parquet.Node {
	switch f.Type {
	case dtracefs.String:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case dtracefs.Float:
		return parquet.Leaf(parquet.DoubleType)
	case dtracefs.Bool:
		return parquet.Leaf(parquet.BooleanType)
	case dtracefs.Time:
		return parquet.Timestamp(parquet.Nanosecond)
	case dtracefs.Stack:
		return parquet.List(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	}
	if f.Unsigned {
		return parquet.Uint(64)
	}
	return parquet.Int(64)
}

// appendCell appends the values of cell i of field k: one, or one for each frame of a stack. A
// part may lack the field's column, c is nil then, and may have numbers where others have text.
// The levels are those of the format: the definition level says how much of an optional list is
// there (0 nothing, 1 an empty list or a value, 2 an item), the repetition level whether an item
// goes on the list.
func appendCell(row parquet.Row, c *dtracefs.Column, typ dtracefs.Type, i, k int) parquet.Row {
	switch {
	case c == nil || c.Null(i):
		return append(row, parquet.NullValue().Level(0, 0, k))
	case typ == dtracefs.Stack:
		frames := c.Stack(i)
		if len(frames) == 0 {
			return append(row, parquet.NullValue().Level(0, 1, k))
		}
		for n, f := range frames {
			row = append(row, parquet.ByteArrayValue([]byte(valid.UTF8(f))).Level(min(n, 1), 2, k))
		}
		return row
	}
	var v parquet.Value
	switch typ {
	case dtracefs.String:
		v = parquet.ByteArrayValue([]byte(valid.UTF8(c.Text(i))))
	case dtracefs.Float:
		v = parquet.DoubleValue(c.Float(i))
	case dtracefs.Bool:
		v = parquet.BooleanValue(c.Int(i) != 0)
	default:
		v = parquet.Int64Value(c.Int(i))
	}
	return append(row, v.Level(0, 1, k))
}

// orderedGroup is a group whose fields keep their order; that of the library sorts them by name.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields implements [parquet.Node].
func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}
