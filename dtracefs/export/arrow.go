package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	flatbuffers "github.com/google/flatbuffers/go"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/internal/valid"
)

// Arrow writes a table as an Arrow IPC file (Feather version 2): the columnar format 1.5 of
// https://arrow.apache.org/docs/format/Columnar.html, whose messages are tables of FlatBuffers by
// the numbers in Schema.fbs, Message.fbs and File.fbs there. All is little-endian, on whatever
// machine. It fails where the texts of a column are longer than 2 GiB together, besides where w
// does.
//
// The library of Arrow for Go is not used because it brings a library of JSON and arithmetic on
// every type, a sixth of the time to build the program; the tests read with it what is written
// here.
func Arrow(w io.Writer, t *dtracefs.Table) error {
	a := arrowFile{w: w}
	a.write([]byte("ARROW1\x00\x00"))
	// The schema comes first, then a dictionary for each column of text, and only then rows,
	// whose cells of text are numbers in these.
	a.message(headerSchema, nil, func(b *flatbuffers.Builder) flatbuffers.UOffsetT { return arrowSchema(b, t) })
	var dictionaries, batches []block
	for i, c := range t.Columns {
		if c.Type() == dtracefs.String {
			var words batch
			words.texts(c.Dictionary())
			dictionaries = append(dictionaries, a.message(headerDictionary, &words, func(b *flatbuffers.Builder) flatbuffers.UOffsetT {
				data := words.encode(b)
				b.StartObject(3)
				b.PrependInt64Slot(0, int64(i), 0) // which dictionary
				b.PrependUOffsetTSlot(1, data, 0)
				return b.EndObject()
			}))
		}
	}
	rows := batch{rows: t.NumRows()}
	for _, c := range t.Columns {
		rows.column(c)
	}
	batches = append(batches, a.message(headerRecords, &rows, rows.encode))
	a.write([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}) // no more messages
	a.footer(t, dictionaries, batches)
	if a.err != nil {
		return fmt.Errorf("writing table %s as Arrow: %w", t.Name, a.err)
	}
	return nil
}

// Numbers that Arrow's schemas give to what is used here.
const (
	version5 = 4 // of metadata

	headerSchema     = 1
	headerDictionary = 2
	headerRecords    = 3

	typeInt       = 2
	typeFloat     = 3
	typeUTF8      = 5
	typeBool      = 6
	typeTimestamp = 10
	typeList      = 12

	double     = 2 // the precision of a float
	nanosecond = 3 // the unit of a timestamp
)

// A block is where a message stands in the file.
type block struct {
	offset, body int64
	metadata     int32
}

// An arrowFile is written message by message. After an error it writes nothing more, so that only
// the end needs to ask for one.
type arrowFile struct {
	w      io.Writer
	offset int64
	err    error // the first
}

// write writes bytes as they are, and counts them: offsets in the file are known by nothing else.
func (a *arrowFile) write(b []byte) {
	if a.err == nil {
		var n int
		n, a.err = a.w.Write(b)
		a.offset += int64(n)
	}
}

// message writes a message with the body of a batch, if it has one: a mark of four bytes, the
// length of the metadata, the metadata, and the buffers, each filled up to eight bytes. It
// returns where that is.
func (a *arrowFile) message(kind byte, body *batch, header func(*flatbuffers.Builder) flatbuffers.UOffsetT) block {
	if body == nil {
		body = &batch{}
	}
	if a.err == nil {
		a.err = body.err
	}
	fb := flatbuffers.NewBuilder(1024)
	h := header(fb)
	fb.StartObject(5)
	fb.PrependInt64Slot(3, body.size, 0)
	fb.PrependUOffsetTSlot(2, h, 0)
	fb.PrependInt16Slot(0, version5, 0)
	fb.PrependByteSlot(1, kind, 0)
	fb.Finish(fb.EndObject())
	meta := fb.FinishedBytes()
	meta = append(meta, padding[:padded(len(meta))-int64(len(meta))]...)
	at := block{offset: a.offset, metadata: int32(8 + len(meta)), body: body.size}
	a.write(binary.LittleEndian.AppendUint32([]byte{0xff, 0xff, 0xff, 0xff}, uint32(len(meta))))
	a.write(meta)
	for _, b := range body.buffers {
		a.write(b)
		a.write(padding[:padded(len(b))-int64(len(b))])
	}
	return at
}

// footer says where the messages are, for readers that do not read them one after the other.
// Vectors of FlatBuffers are built from their end, and a block is a struct of 24 bytes in them,
// with four of padding behind the length of its metadata.
func (a *arrowFile) footer(t *dtracefs.Table, dictionaries, batches []block) {
	fb := flatbuffers.NewBuilder(1024)
	schema := arrowSchema(fb, t)
	vector := func(blocks []block) flatbuffers.UOffsetT {
		fb.StartVector(24, len(blocks), 8)
		for i := len(blocks) - 1; i >= 0; i-- {
			fb.Prep(8, 24)
			fb.PrependInt64(blocks[i].body)
			fb.Pad(4)
			fb.PrependInt32(blocks[i].metadata)
			fb.PrependInt64(blocks[i].offset)
		}
		return fb.EndVector(len(blocks))
	}
	d, r := vector(dictionaries), vector(batches)
	fb.StartObject(5)
	fb.PrependUOffsetTSlot(3, r, 0)
	fb.PrependUOffsetTSlot(2, d, 0)
	fb.PrependUOffsetTSlot(1, schema, 0)
	fb.PrependInt16Slot(0, version5, 0)
	fb.Finish(fb.EndObject())
	footer := fb.FinishedBytes()
	a.write(footer)
	a.write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), "ARROW1"...))
}

// padded is a length filled up to a multiple of eight bytes, with a part of padding.
func padded(n int) int64 { return (int64(n) + 7) &^ 7 }

var padding [7]byte

// arrowSchema builds the table Schema.
func arrowSchema(b *flatbuffers.Builder, t *dtracefs.Table) flatbuffers.UOffsetT {
	fields := make([]flatbuffers.UOffsetT, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrowField(b, c, i)
	}
	f := b.CreateVectorOfTables(fields)
	meta := b.CreateVectorOfTables([]flatbuffers.UOffsetT{keyValue(b, "name", valid.UTF8(t.Name)), keyValue(b, "kind", t.Kind)})
	b.StartObject(4)
	b.PrependUOffsetTSlot(2, meta, 0)
	b.PrependUOffsetTSlot(1, f, 0)
	return b.EndObject()
}

// keyValue builds the table KeyValue.
func keyValue(b *flatbuffers.Builder, key, value string) flatbuffers.UOffsetT {
	k, v := b.CreateString(key), b.CreateString(value)
	b.StartObject(2)
	b.PrependUOffsetTSlot(1, v, 0)
	b.PrependUOffsetTSlot(0, k, 0)
	return b.EndObject()
}

// arrowField builds the table Field of column i, whose dictionary, if it has one, has the same
// number.
func arrowField(b *flatbuffers.Builder, c *dtracefs.Column, i int) flatbuffers.UOffsetT {
	var dictionary flatbuffers.UOffsetT
	var children []flatbuffers.UOffsetT
	var kind byte
	var typ flatbuffers.UOffsetT
	switch c.Type() {
	case dtracefs.String:
		index := arrowInt(b, 32, true)
		b.StartObject(4)
		b.PrependInt64Slot(0, int64(i), 0)
		b.PrependUOffsetTSlot(1, index, 0)
		dictionary = b.EndObject()
		kind, typ = typeUTF8, empty(b)
	case dtracefs.Float:
		b.StartObject(1)
		b.PrependInt16Slot(0, double, 0)
		kind, typ = typeFloat, b.EndObject()
	case dtracefs.Bool:
		kind, typ = typeBool, empty(b)
	case dtracefs.Time:
		zone := b.CreateString("UTC")
		b.StartObject(2)
		b.PrependUOffsetTSlot(1, zone, 0)
		b.PrependInt16Slot(0, nanosecond, 0)
		kind, typ = typeTimestamp, b.EndObject()
	case dtracefs.Stack:
		children = append(children, field(b, "item", typeUTF8, empty(b), 0, nil))
		kind, typ = typeList, empty(b)
	default:
		kind, typ = typeInt, arrowInt(b, 64, !c.Unsigned())
	}
	return field(b, valid.UTF8(c.Name), kind, typ, dictionary, children)
}

// field builds the table Field. All offsets must be of things that are built already, as
// FlatBuffers allow no table within another that is not finished.
func field(b *flatbuffers.Builder, name string, kind byte, typ, dictionary flatbuffers.UOffsetT, children []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	n, inner := b.CreateString(name), b.CreateVectorOfTables(children)
	b.StartObject(7)
	b.PrependUOffsetTSlot(5, inner, 0)
	b.PrependUOffsetTSlot(4, dictionary, 0)
	b.PrependUOffsetTSlot(3, typ, 0)
	b.PrependUOffsetTSlot(0, n, 0)
	b.PrependByteSlot(2, kind, 0)
	b.PrependBoolSlot(1, true, false) // there may be nulls
	return b.EndObject()
}

// arrowInt builds the table Int. The Booleans are written only where they differ from false, as
// FlatBuffers leave defaults out.
func arrowInt(b *flatbuffers.Builder, bits int32, signed bool) flatbuffers.UOffsetT {
	b.StartObject(2)
	b.PrependInt32Slot(0, bits, 0)
	b.PrependBoolSlot(1, signed, false)
	return b.EndObject()
}

// empty is the table of a type that has no properties.
func empty(b *flatbuffers.Builder) flatbuffers.UOffsetT {
	b.StartObject(0)
	return b.EndObject()
}

// A batch is columns of rows: a node for each of them and each list's items, and their buffers.
type batch struct {
	rows    int
	nodes   []node
	buffers [][]byte
	size    int64 // of the buffers in the file
	err     error
}

// A node is how many cells a column has, and how many of them are null.
type node struct{ length, nulls int64 }

// add adds the buffers of a column. Those of nil are there too, empty: a reader counts them.
func (a *batch) add(buffers ...[]byte) {
	for _, b := range buffers {
		a.buffers = append(a.buffers, b)
		a.size += padded(len(b))
	}
}

// column adds a column: a bit for each cell that is there, or no bits where all are, and the
// cells in the layout of their type. Null cells are zeros.
func (a *batch) column(c *dtracefs.Column) {
	n := c.Len()
	here, nulls := make([]byte, (n+7)/8), 0
	for i := range n {
		if c.Null(i) {
			nulls++
		} else {
			here[i/8] |= 1 << (i % 8)
		}
	}
	if nulls == 0 {
		here = nil
	}
	a.nodes = append(a.nodes, node{int64(n), int64(nulls)})
	switch c.Type() {
	case dtracefs.Stack:
		var frames []string
		offsets := make([]byte, 0, 4*(n+1))
		for i := range n {
			offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(frames)))
			if !c.Null(i) {
				frames = append(frames, c.Stack(i)...)
			}
		}
		// Offsets have 32 bits, of which one is the sign.
		if len(frames) > math.MaxInt32 {
			a.err = fmt.Errorf("column %s has more frames than Arrow's lists hold", c.Name)
		}
		a.add(here, binary.LittleEndian.AppendUint32(offsets, uint32(len(frames))))
		a.texts(frames)
	case dtracefs.Bool:
		bits := make([]byte, (n+7)/8)
		for i := range n {
			if !c.Null(i) && c.Int(i) != 0 {
				bits[i/8] |= 1 << (i % 8)
			}
		}
		a.add(here, bits)
	case dtracefs.String:
		codes := make([]byte, 4*n)
		for i := range n {
			if !c.Null(i) {
				binary.LittleEndian.PutUint32(codes[4*i:], uint32(c.Codes()[i]))
			}
		}
		a.add(here, codes)
	default:
		values := make([]byte, 8*n)
		for i := range n {
			switch {
			case c.Null(i):
			case c.Type() == dtracefs.Float:
				binary.LittleEndian.PutUint64(values[8*i:], math.Float64bits(c.Float(i)))
			default:
				binary.LittleEndian.PutUint64(values[8*i:], uint64(c.Int(i)))
			}
		}
		a.add(here, values)
	}
}

// texts adds texts without nulls. A batch that is made of them alone has as many rows. All texts
// lie behind each other, with the offset at which each starts, and one more for the end.
func (a *batch) texts(texts []string) {
	if len(a.nodes) == 0 {
		a.rows = len(texts)
	}
	offsets := make([]byte, 0, 4*(len(texts)+1))
	var text []byte
	for _, s := range texts {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(text)))
		if text = append(text, valid.UTF8(s)...); len(text) > math.MaxInt32 {
			a.err = fmt.Errorf("the texts of a column are longer than the 2 GiB that Arrow holds")
			return
		}
	}
	a.nodes = append(a.nodes, node{int64(len(texts)), 0})
	a.add(nil, binary.LittleEndian.AppendUint32(offsets, uint32(len(text))), text)
}

// encode builds the table RecordBatch: where each buffer is in the body, and the nodes. The
// offsets are those at which message writes the buffers, so both must go through them in one
// order.
func (a *batch) encode(b *flatbuffers.Builder) flatbuffers.UOffsetT {
	b.StartVector(16, len(a.buffers), 8)
	at := a.size
	for i := len(a.buffers) - 1; i >= 0; i-- {
		at -= padded(len(a.buffers[i]))
		b.Prep(8, 16)
		b.PrependInt64(int64(len(a.buffers[i])))
		b.PrependInt64(at)
	}
	buffers := b.EndVector(len(a.buffers))
	b.StartVector(16, len(a.nodes), 8)
	for i := len(a.nodes) - 1; i >= 0; i-- {
		b.Prep(8, 16)
		b.PrependInt64(a.nodes[i].nulls)
		b.PrependInt64(a.nodes[i].length)
	}
	nodes := b.EndVector(len(a.nodes))
	b.StartObject(5)
	b.PrependInt64Slot(0, int64(a.rows), 0)
	b.PrependUOffsetTSlot(1, nodes, 0)
	b.PrependUOffsetTSlot(2, buffers, 0)
	return b.EndObject()
}
