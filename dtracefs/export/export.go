// Package export hands tables to programs that read Apache Arrow or Parquet, such as pandas,
// polars and DuckDB.
//
// A column of integers becomes int64 or uint64, one of numbers float64, of Booleans bool, of
// strings a dictionary of utf8, of times timestamps of nanoseconds in UTC, of stacks lists of
// utf8, leaf first. All may hold nulls. The table's name and kind are metadata. Bytes that are
// not UTF-8 are written as \xNN.
//
// It is apart from package dtracefs because of what it brings into a program. Parquet is not
// written by way of Arrow, whose writer brings four times as much as the one used here.
package export

import (
	"fmt"
	"io"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/internal/valid"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Record copies a table into an Arrow record batch. Release it after use.
func Record(t *dtracefs.Table) arrow.RecordBatch {
	fields := make([]arrow.Field, len(t.Columns))
	columns := make([]arrow.Array, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = arrayOf(c)
		defer columns[i].Release()
		fields[i] = arrow.Field{Name: valid.UTF8(c.Name), Type: columns[i].DataType(), Nullable: true}
	}
	meta := arrow.NewMetadata([]string{"name", "kind"}, []string{valid.UTF8(t.Name), t.Kind})
	return array.NewRecordBatch(arrow.NewSchema(fields, &meta), columns, int64(t.NumRows()))
}

// arrayOf copies a column.
func arrayOf(c *dtracefs.Column) arrow.Array {
	mem := memory.DefaultAllocator
	switch c.Type() {
	case dtracefs.String:
		return dictionaryOf(c)
	case dtracefs.Float:
		b := array.NewFloat64Builder(mem)
		return fill(c, b, func(i int) { b.Append(c.Float(i)) })
	case dtracefs.Bool:
		b := array.NewBooleanBuilder(mem)
		return fill(c, b, func(i int) { b.Append(c.Int(i) != 0) })
	case dtracefs.Time:
		b := array.NewTimestampBuilder(mem, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"})
		return fill(c, b, func(i int) { b.Append(arrow.Timestamp(c.Int(i))) })
	case dtracefs.Stack:
		b := array.NewListBuilder(mem, arrow.BinaryTypes.String)
		frames := b.ValueBuilder().(*array.StringBuilder)
		return fill(c, b, func(i int) {
			b.Append(true)
			for _, f := range c.Stack(i) {
				frames.Append(valid.UTF8(f))
			}
		})
	}
	if c.Unsigned() {
		b := array.NewUint64Builder(mem)
		return fill(c, b, func(i int) { b.Append(uint64(c.Int(i))) })
	}
	b := array.NewInt64Builder(mem)
	return fill(c, b, func(i int) { b.Append(c.Int(i)) })
}

// fill builds the array of a column: put appends cell i, unless it is null.
func fill(c *dtracefs.Column, b array.Builder, put func(i int)) arrow.Array {
	defer b.Release()
	b.Reserve(c.Len())
	for i := range c.Len() {
		if c.Null(i) {
			b.AppendNull()
		} else {
			put(i)
		}
	}
	return b.NewArray()
}

func dictionaryOf(c *dtracefs.Column) arrow.Array {
	codes := array.NewInt32Builder(memory.DefaultAllocator)
	indexes := fill(c, codes, func(i int) { codes.Append(int32(c.Codes()[i])) })
	defer indexes.Release()
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for _, w := range c.Dictionary() {
		b.Append(valid.UTF8(w))
	}
	words := b.NewArray()
	defer words.Release()
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	return array.NewDictionaryArray(typ, indexes, words)
}

// Arrow writes a table as an Arrow IPC file (Feather version 2).
func Arrow(w io.Writer, t *dtracefs.Table) error {
	r := Record(t)
	defer r.Release()
	fw, err := ipc.NewFileWriter(w, ipc.WithSchema(r.Schema()))
	if err != nil {
		return fmt.Errorf("writing table %s as Arrow: %w", t.Name, err)
	}
	if err := fw.Write(r); err != nil {
		fw.Close()
		return fmt.Errorf("writing table %s as Arrow: %w", t.Name, err)
	}
	if err := fw.Close(); err != nil {
		return fmt.Errorf("writing table %s as Arrow: %w", t.Name, err)
	}
	return nil
}
