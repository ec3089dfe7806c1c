package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
)

// mixedText is what a reader has of [mixed].
const mixedText = `time timestamp[ns, tz=UTC]: 2026-11-22T19:45:41.117661993Z 2026-11-22T19:45:41.117661994Z 2026-11-22T19:45:41.117661995Z
name dictionary<values=utf8, indices=int32, ordered=false>: a \xff,"x"` + `\n` + ` a
n int64: 0 (null) -2
f float64: 0.5 (null) 1
b bool: false true true
stack list<item: utf8, nullable>: ["m` + "`" + `leaf+0x1","m` + "`" + `root"] ["m` + "`" + `leaf+0x1"] ["m` + "`" + `root"]
u uint64: 1 18446744073709551615 3
`

// mixed is a table with a column of every type, with missing values, and with a name that is not
// UTF-8 and has a quote and a line feed in it. Each column is taken from a capture that prints it.
func mixed(t *testing.T) *dtracefs.Table {
	t.Helper()
	table := &dtracefs.Table{Name: "mixed", Kind: "test"}
	for _, c := range []struct{ as, column, text string }{
		{"time", "time", "2026-11-22T19:45:41.117661993Z a 1\n2026-11-22T19:45:41.117661994Z b 2\n2026-11-22T19:45:41.117661995Z a 3\n"},
		{"name", "name", `{"name":"a"}` + "\n" + `{"name":"` + "\xff" + `,\"x\"\n"}` + "\n" + `{"name":"a"}` + "\n"},
		{"n", "n", `{"n":0}` + "\n" + `{"n":null}` + "\n" + `{"n":-2}` + "\n"},
		{"f", "f", `{"f":0.5}` + "\n" + `{"f":null}` + "\n" + `{"f":1}` + "\n"},
		{"b", "value", `{"type": "map", "data": {"@b": {"x": false, "y": true, "z": true}}}` + "\n"},
		{"stack", "key1", "@[\n    m`leaf+0x1\n    m`root\n, x]: 3\n@[\n    m`leaf+0x1\n, y]: 4\n@[\n    m`root\n, z]: 3\n"},
		{"u", "value", "@n[a]: 1\n@n[b]: 18446744073709551615\n@n[c]: 3\n"},
	} {
		from := parts(t, c.text)[0].Column(c.column)
		if from == nil || from.Len() != 3 {
			t.Fatalf("%q has no column %s of 3 rows", c.text, c.column)
		}
		from.Name = c.as
		table.Columns = append(table.Columns, from)
	}
	return table
}

func TestArrowAndParquet(t *testing.T) {
	table := mixed(t)
	var pq bytes.Buffer
	if err := export.Parquet(&pq, table); err != nil {
		t.Fatal(err)
	}
	batch := readArrow(t, table)
	check(t, "arrow", mixedText, batch.Schema(), batch.Column)
	if name, _ := batch.Schema().Metadata().GetValue("name"); name != "mixed" {
		t.Errorf("the table's name is %q", name)
	}
	read := readParquet(t, pq.Bytes())
	plain := strings.NewReplacer("dictionary<values=utf8, indices=int32, ordered=false>", "utf8", "utf8, nullable>", "utf8>")
	check(t, "parquet", plain.Replace(mixedText), read.Schema(), func(i int) arrow.Array { return read.Column(i).Data().Chunk(0) })
}

// TestParquetOfCaptures writes every table of the captures here and compares it cell by cell.
func TestParquetOfCaptures(t *testing.T) {
	names, err := filepath.Glob("../testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	for _, name := range names {
		c, err := dtracefs.Load(t.Context(), os.DirFS("../testdata"), filepath.Base(name), dtracefs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range c.Tables {
			var pq bytes.Buffer
			if err := export.Parquet(&pq, table); err != nil {
				t.Fatal(err)
			}
			want := readArrow(t, table)
			read := readParquet(t, pq.Bytes())
			if read.NumRows() != want.NumRows() || read.NumCols() != want.NumCols() {
				t.Fatalf("%s, table %s: %d×%d, want %d×%d", name, table.Name, read.NumRows(), read.NumCols(), want.NumRows(), want.NumCols())
			}
			for i := range table.Columns {
				for j := range table.NumRows() {
					if got := read.Column(i).Data().Chunk(0).ValueStr(j); got != want.Column(i).ValueStr(j) {
						t.Fatalf("%s, table %s, column %s, row %d: %q, want %q", name, table.Name, read.Schema().Field(i).Name, j, got, want.Column(i).ValueStr(j))
					}
				}
			}
		}
	}
}

// TestParquetOfManyRows has more rows than are handed on at once, and rows of many frames and of
// none.
func TestParquetOfManyRows(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		text.WriteString("\n")
		for j := range i % 5 {
			fmt.Fprintf(&text, "              k`f%d_%d+0x1\n", i, j)
		}
		fmt.Fprintf(&text, "                %d\n", i+1)
	}
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"x": {Data: []byte(text.String())}}, "x", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table := c.Table("stacks")
	if table == nil || table.NumRows() < 2000 {
		t.Fatalf("no table of many stacks: %v", c)
	}
	var pq bytes.Buffer
	if err := export.Parquet(&pq, table); err != nil {
		t.Fatal(err)
	}
	want, read := readArrow(t, table), readParquet(t, pq.Bytes())
	for i := range table.Columns {
		for j := range table.NumRows() {
			if got := read.Column(i).Data().Chunk(0).ValueStr(j); got != want.Column(i).ValueStr(j) {
				t.Fatalf("column %d, row %d: %q, want %q", i, j, got, want.Column(i).ValueStr(j))
			}
		}
	}
	table.Columns = append(table.Columns, table.Columns[0])
	if err := export.Parquet(&pq, table); err == nil || !strings.Contains(err.Error(), "two columns are named") {
		t.Errorf("two columns of one name: %v", err)
	}
	if err := export.Parquet(&pq, &dtracefs.Table{}); err != nil {
		t.Errorf("no columns: %v", err)
	}
}

// TestArrowOfNothing writes tables without columns, without rows, and with one column.
func TestArrowOfNothing(t *testing.T) {
	for _, table := range []*dtracefs.Table{{}, {Name: "none", Columns: []*dtracefs.Column{{Name: "x"}, {Name: "y"}}}, {Columns: mixed(t).Columns[:1]}} {
		if got := readArrow(t, table); int(got.NumCols()) != len(table.Columns) || int(got.NumRows()) != table.NumRows() {
			t.Errorf("%d×%d, want %d×%d", got.NumRows(), got.NumCols(), table.NumRows(), len(table.Columns))
		}
	}
}

// TestArrowToFullDisk has the file end after every number of bytes.
func TestArrowToFullDisk(t *testing.T) {
	table := mixed(t)
	var whole bytes.Buffer
	if err := export.Arrow(&whole, table); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() {
		if err := export.Arrow(&disk{n}, table); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "writing table mixed as Arrow") {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if err := export.Arrow(&disk{whole.Len()}, table); err != nil {
		t.Error(err)
	}
}

var errFull = errors.New("no space left")

// A disk takes so many bytes.
type disk struct{ left int }

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.left)
	if d.left -= n; n < len(b) {
		return n, errFull
	}
	return n, nil
}

// readArrow writes a table as Arrow and reads it back.
func readArrow(t *testing.T, table *dtracefs.Table) arrow.RecordBatch {
	t.Helper()
	var feather bytes.Buffer
	if err := export.Arrow(&feather, table); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(feather.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := r.RecordBatch(0)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func readParquet(t *testing.T, raw []byte) arrow.Table {
	t.Helper()
	pf, err := file.NewParquetReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	read, err := fr.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func check(t *testing.T, format, want string, schema *arrow.Schema, column func(int) arrow.Array) {
	t.Helper()
	var got strings.Builder
	for i, f := range schema.Fields() {
		// The formats differ in the name of an element.
		fmt.Fprintf(&got, "%s %s:", f.Name, strings.Replace(f.Type.String(), "element:", "item:", 1))
		for j := range column(i).Len() {
			got.WriteString(" " + strings.ReplaceAll(column(i).ValueStr(j), "\n", `\n`))
		}
		got.WriteString("\n")
	}
	if got.String() != want {
		t.Errorf("%s reads\n%swant\n%s", format, got.String(), want)
	}
}
