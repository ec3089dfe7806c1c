package dtracefs

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Schema returns the table's Arrow schema: int64 or uint64, float64, bool, strings as a
// dictionary of utf8, times as timestamps of nanoseconds in UTC, stacks as lists of utf8,
// leaf first. All fields may be null. The table's name and kind are metadata.
func (t *Table) Schema() *arrow.Schema {
	fields := make([]arrow.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrow.Field{Name: validUTF8(c.Name), Type: c.arrowType(), Nullable: true}
	}
	meta := arrow.NewMetadata([]string{"name", "kind"}, []string{validUTF8(t.Name), t.Kind})
	return arrow.NewSchema(fields, &meta)
}

func (c *Column) arrowType() arrow.DataType {
	switch c.typ {
	case Float:
		return arrow.PrimitiveTypes.Float64
	case String:
		return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Time:
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	case Stack:
		return arrow.ListOf(arrow.BinaryTypes.String)
	}
	if c.unsigned {
		return arrow.PrimitiveTypes.Uint64
	}
	return arrow.PrimitiveTypes.Int64
}

// Record returns the table as an Arrow record batch, which shares the memory of the
// columns of numbers and times: change neither while both are in use. Bytes that are not
// UTF-8 are written as \xNN.
func (t *Table) Record() arrow.RecordBatch {
	columns := make([]arrow.Array, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.array()
		defer columns[i].Release()
	}
	return array.NewRecordBatch(t.Schema(), columns, int64(t.NumRows()))
}

func (c *Column) array() arrow.Array {
	n := c.Len()
	switch c.typ {
	case String:
		return c.dictionaryArray()
	case Stack:
		return c.stackArray()
	case Bool:
		b := array.NewBooleanBuilder(memory.DefaultAllocator)
		defer b.Release()
		for i, v := range c.ints {
			if c.Null(i) {
				b.AppendNull()
			} else {
				b.Append(v != 0)
			}
		}
		return b.NewArray()
	}
	values := arrow.Int64Traits.CastToBytes(c.ints)
	if c.typ == Float {
		values = arrow.Float64Traits.CastToBytes(c.floats)
	}
	valid, nulls := c.validity()
	data := array.NewData(c.arrowType(), n, []*memory.Buffer{valid, memory.NewBufferBytes(values)}, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// validity returns the bitmap of the cells that are not null; nil when none is.
func (c *Column) validity() (bitmap *memory.Buffer, nulls int) {
	if c.null == nil {
		return nil, 0
	}
	n := c.Len()
	bits := make([]byte, (n+7)/8)
	for i := range n {
		if c.Null(i) {
			nulls++
		} else {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return memory.NewBufferBytes(bits), nulls
}

func (c *Column) dictionaryArray() arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for _, w := range c.words.values {
		b.Append(validUTF8(w))
	}
	words := b.NewArray()
	defer words.Release()
	valid, nulls := c.validity()
	codes := memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(c.codes))
	index := array.NewData(arrow.PrimitiveTypes.Int32, len(c.codes), []*memory.Buffer{valid, codes}, nil, nulls, 0)
	defer index.Release()
	indexes := array.MakeFromData(index)
	defer indexes.Release()
	return array.NewDictionaryArray(c.arrowType(), indexes, words)
}

func (c *Column) stackArray() arrow.Array {
	b := array.NewListBuilder(memory.DefaultAllocator, arrow.BinaryTypes.String)
	defer b.Release()
	frames := b.ValueBuilder().(*array.StringBuilder)
	for i := range c.codes {
		if c.Null(i) {
			b.AppendNull()
			continue
		}
		b.Append(true)
		for _, f := range c.Stack(i) {
			frames.Append(validUTF8(f))
		}
	}
	return b.NewArray()
}

// WriteArrow writes the table as an Arrow IPC file (Feather version 2).
func (t *Table) WriteArrow(w io.Writer) error {
	r := t.Record()
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

// WriteParquet writes the table as a Parquet file, compressed with zstd.
func (t *Table) WriteParquet(w io.Writer) error {
	r := t.Record()
	defer r.Release()
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy("dtnotes"))
	fw, err := pqarrow.NewFileWriter(r.Schema(), keepOpen{w}, props, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	if err := fw.Write(r); err != nil {
		fw.Close()
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	if err := fw.Close(); err != nil {
		return fmt.Errorf("writing table %s as Parquet: %w", t.Name, err)
	}
	return nil
}

// keepOpen hides that a writer can be closed: closing is its owner's business.
type keepOpen struct{ io.Writer }
