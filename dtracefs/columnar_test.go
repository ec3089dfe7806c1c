package dtracefs_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
	"dtnotes/dtracefs/parquet"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const mixedText = `time timestamp[ns, tz=UTC]: 2026-11-22T19:45:41.117661993Z 2026-11-22T19:45:41.117661994Z 2026-11-22T19:45:41.117661995Z
name dictionary<values=utf8, indices=int32, ordered=false>: a \xff,"x"` + `\n` + ` a
n int64: 0 (null) -2
f float64: 0 (null) 1
b bool: false (null) false
stack list<item: utf8, nullable>: ["m` + "`" + `leaf+0x1","m` + "`" + `root"] (null) ["m` + "`" + `leaf+0x1"]
u uint64: 18446744073709551615 18446744073709551615 18446744073709551615
`

func TestArrowAndParquet(t *testing.T) {
	table := dtracefs.Mixed()
	var feather, pq bytes.Buffer
	if err := export.Arrow(&feather, table); err != nil {
		t.Fatal(err)
	}
	if err := parquet.Write(&pq, table); err != nil {
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
	check(t, "arrow", batch.Schema(), batch.Column)
	if name, _ := batch.Schema().Metadata().GetValue("name"); name != "mixed" {
		t.Errorf("the table's name is %q", name)
	}
	pf, err := file.NewParquetReader(bytes.NewReader(pq.Bytes()))
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
	check(t, "parquet", read.Schema(), func(i int) arrow.Array { return read.Column(i).Data().Chunk(0) })
}

func check(t *testing.T, format string, schema *arrow.Schema, column func(int) arrow.Array) {
	t.Helper()
	var got strings.Builder
	for i, f := range schema.Fields() {
		fmt.Fprintf(&got, "%s %s:", f.Name, strings.Replace(f.Type.String(), "element:", "item:", 1)) // the formats differ in that
		for j := range column(i).Len() {
			got.WriteString(" " + strings.ReplaceAll(column(i).ValueStr(j), "\n", `\n`))
		}
		got.WriteString("\n")
	}
	if got.String() != mixedText {
		t.Errorf("%s reads\n%swant\n%s", format, got.String(), mixedText)
	}
}
