package dtracefs

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// mixed is a table with a column of every type and with nulls.
func mixed() *Table {
	s := newSheet("mixed", "test")
	for i := range 3 {
		s.col("time", Time).appendInt(1795376741117661993 + int64(i))
		s.text("name", []byte([]string{"a", "\xff,\"x\"\n", "a"}[i]))
		if i != 1 {
			s.int("n", int64(-i), false)
			s.col("f", Float).floats = append(s.col("f", Float).floats, 0.5*float64(i))
			s.col("b", Bool).appendInt(int64(i % 2))
			s.col("stack", Stack).appendStack([]string{"m`leaf+0x1", "m`root"}[:2-i/2])
		}
		s.int("u", -1, true)
		s.end()
	}
	return s.Table
}

func TestArrowAndParquetRoundTrip(t *testing.T) {
	want := mixed()
	var feather, pq bytes.Buffer
	if err := want.WriteArrow(&feather); err != nil {
		t.Fatal(err)
	}
	if err := want.WriteParquet(&pq); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(feather.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	batch, err := r.RecordBatch(0)
	if err != nil {
		t.Fatal(err)
	}
	checkColumns(t, "arrow", want, batch.Schema(), func(i int) string { return batch.Column(i).String() })
	pf, err := file.NewParquetReader(bytes.NewReader(pq.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := fr.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	checkColumns(t, "parquet", want, table.Schema(), func(i int) string { return table.Column(i).Data().Chunk(0).String() })
}

func checkColumns(t *testing.T, format string, want *Table, schema *arrow.Schema, column func(int) string) {
	t.Helper()
	r := want.Record()
	defer r.Release()
	for i, f := range schema.Fields() {
		if got := column(i); f.Name != want.Columns[i].Name || got != r.Column(i).String() {
			t.Errorf("%s: column %s reads %s, want %s", format, f.Name, got, r.Column(i))
		}
	}
	if _, ok := r.Column(1).(*array.Dictionary); !ok {
		t.Errorf("strings are %v, want a dictionary", r.Column(1).DataType())
	}
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := mixed().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "time,name,n,f,b,stack,u\n" +
		"2026-11-22T19:45:41.117661993Z,a,0,0,false,m`leaf+0x1;m`root,18446744073709551615\n" +
		"2026-11-22T19:45:41.117661994Z,\"\xff,\"\"x\"\"\n\",,,,,18446744073709551615\n" +
		"2026-11-22T19:45:41.117661995Z,a,-2,1,false,m`leaf+0x1,18446744073709551615\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestFolded(t *testing.T) {
	text := "\n  sh                                                \n              k`leaf+0x1\n              k`root+0x2\n                3\n" +
		"  sh                                                \n              k`leaf+0x9\n              k`root\n                4\n"
	c, err := Load(fstest.MapFS{"x": {Data: []byte(text)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Table("stacks").WriteFolded(&b); err != nil || b.String() != "sh;k`root;k`leaf 7\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if err := mixed().WriteFolded(&b); err != nil {
		t.Error(err)
	}
	if err := (&Table{}).WriteFolded(&b); err == nil {
		t.Error("no error for a table without stacks")
	}
}
