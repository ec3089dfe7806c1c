package export_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
)

// parts are tables of a map as batches of a scan would bring them, one for each text.
func parts(t *testing.T, texts ...string) (tables []*dtracefs.Table) {
	t.Helper()
	for _, text := range texts {
		c, err := dtracefs.Load(t.Context(), fstest.MapFS{"x": {Data: []byte(text)}}, "x", dtracefs.Options{})
		if err != nil || len(c.Tables) != 1 {
			t.Fatalf("%q: %v, %v", text, c, err)
		}
		tables = append(tables, c.Tables[0])
	}
	return tables
}

// TestParts holds that parts with other types and columns than those before make one table that has
// every value as it was printed.
func TestParts(t *testing.T) {
	for _, test := range []struct {
		name   string
		texts  []string
		want   string // CSV
		schema string // of Parquet
	}{
		{"the same", []string{"@n[a]: 1\n", "@n[b]: 2\n"}, "key1,value\na,1\nb,2\n", "key1 utf8, value int64"},
		{"more keys", []string{"@n[a]: 1\n", "@n[b, 7]: 2\n"}, "key1,value,key2\na,1,\nb,2,7\n", "key1 utf8, value int64, key2 int64"},
		{"numbers and text", []string{"@n[1]: 1\n", "@n[b]: 2\n", "@n[3]: 3\n"}, "key1,value\n1,1\nb,2\n3,3\n", "key1 utf8, value int64"},
		{"unsigned", []string{"@n[a]: 1\n", "@n[a]: 18446744073709551615\n"}, "key1,value\na,1\na,18446744073709551615\n", "key1 utf8, value uint64"},
		{"unsigned and negative", []string{"@n[a]: -1\n", "@n[a]: 18446744073709551615\n"}, "key1,value\na,-1\na,18446744073709551615\n",
			"key1 utf8, value utf8"},
	} {
		tables := parts(t, test.texts...)
		var shapes export.Shapes
		for _, table := range tables {
			if at := shapes.Add([]*dtracefs.Table{table}); len(at) != 1 || at[0] != 0 {
				t.Fatalf("%s: parts are told as %v", test.name, at)
			}
		}
		shape := shapes.All[0]
		var text, pq bytes.Buffer
		for format, out := range map[string]*bytes.Buffer{"csv": &text, "parquet": &pq} {
			w, err := export.NewWriter(out, format, shape)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if err := w.Write(table); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if text.String() != test.want {
			t.Errorf("%s: CSV is\n%swant\n%s", test.name, text.String(), test.want)
		}
		schema, cells := readBack(t, pq.Bytes())
		if schema != test.schema || cells != test.want {
			t.Errorf("%s: Parquet reads %s\n%swant %s\n%s", test.name, schema, cells, test.schema, test.want)
		}
		if int(shape.Rows) != len(tables) {
			t.Errorf("%s: %d rows, want %d", test.name, shape.Rows, len(tables))
		}
	}
}

// readBack reads Parquet as a schema and as CSV.
func readBack(t *testing.T, raw []byte) (schema, cells string) {
	t.Helper()
	read := readParquet(t, raw)
	var fields, names, lines []string
	for i, f := range read.Schema().Fields() {
		fields = append(fields, f.Name+" "+f.Type.String())
		names = append(names, f.Name)
		k := 0
		for _, chunk := range read.Column(i).Data().Chunks() {
			for j := range chunk.Len() {
				if i == 0 {
					lines = append(lines, "")
				} else {
					lines[k] += ","
				}
				if !chunk.IsNull(j) {
					lines[k] += chunk.ValueStr(j)
				}
				k++
			}
		}
	}
	return strings.Join(fields, ", "), strings.Join(append([]string{strings.Join(names, ",")}, lines...), "\n") + "\n"
}

// TestTablesOfOneName holds that the parts of several tables of one name are not mixed up.
func TestTablesOfOneName(t *testing.T) {
	a := parts(t, "@n[a]: 1\n")[0]
	b := &dtracefs.Table{Name: a.Name, Kind: "other", Columns: a.Columns}
	var shapes export.Shapes
	for range 2 {
		shapes.Add([]*dtracefs.Table{a, b, a})
	}
	if at := shapes.Find([]*dtracefs.Table{b, a, a, a}); len(shapes.All) != 3 || at[0] != 1 || at[1] != 0 || at[2] != 2 || at[3] != -1 {
		t.Errorf("%d shapes, found %v", len(shapes.All), at)
	}
}

func TestWriterErrors(t *testing.T) {
	table := parts(t, "@n[a]: 1\n")[0]
	shape := export.ShapeOf(table)
	if _, err := export.NewWriter(nil, "folded", shape); err == nil || !strings.Contains(err.Error(), "no stacks") {
		t.Errorf("folding what has no stacks: %v", err)
	}
	if _, err := export.NewWriter(nil, "xls", shape); err == nil || !strings.Contains(err.Error(), "parquet") {
		t.Errorf("an unknown format: %v", err)
	}
	w, err := export.NewWriter(new(bytes.Buffer), "arrow", shape)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(table); err != nil {
		t.Error(err)
	}
	if err := w.Write(table); err == nil {
		t.Error("Arrow took a table in two parts")
	}
}
