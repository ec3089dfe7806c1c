package dtracefs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/dtracefs/internal/generate"
)

// TestScanIsLoad holds that the batches of a scan make up what Load gives at once.
func TestScanIsLoad(t *testing.T) {
	for name, kind := range generated {
		fsys := inMemory(t, kind, 5<<20)
		c, err := Load(t.Context(), fsys, "capture", Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := c.Tables[0]
		at, batches, line := 0, 0, 1
		var offset int64
		for b, err := range Scan(context.Background(), fsys, "capture", Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			batches++
			if b.Offset != offset || b.Line != line {
				t.Errorf("%s: batch %d starts at byte %d, line %d; want %d, %d", name, batches, b.Offset, b.Line, offset, line)
			}
			offset += b.Bytes
			line += b.Lines
			if len(b.Tables) != 1 || len(b.Unparsed) > 0 {
				t.Fatalf("%s: batch %d holds %v, unparsed %v", name, batches, b.Tables, b.Unparsed)
			}
			for i := range b.Tables[0].NumRows() {
				if got := row(b.Tables[0], i); got != row(want, at) {
					t.Fatalf("%s: row %d is %s, want %s", name, at, got, row(want, at))
				}
				at++
			}
		}
		if at != want.NumRows() || batches < 4 || offset != c.Bytes {
			t.Errorf("%s: %d rows in %d batches of %d bytes, want %d rows of %d bytes", name, at, batches, offset, want.NumRows(), c.Bytes)
		}
	}
}

func TestScanStops(t *testing.T) {
	n := 0
	for range Scan(context.Background(), generate.FS{Kind: generate.EventLog, Size: 1 << 40}, "capture", Options{}) {
		if n++; n == 3 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range Scan(ctx, generate.FS{Kind: generate.Activity, Size: 1 << 40}, "capture", Options{}) {
		cancel()
		last = err
	}
	if last == nil {
		t.Error("a canceled scan ends without an error")
	}
}

// TestScanAhead holds that batches do not depend on how many are decoded side by side.
func TestScanAhead(t *testing.T) {
	files := map[string][]byte{}
	for name, kind := range generated {
		files[name] = inMemory(t, kind, 2<<20)["capture"].Data
	}
	// What stands between runs keeps chunks from being like those before.
	log := files["log"]
	files["mixed"] = slices.Concat(files["activity"], []byte("dtrace: 3 drops on CPU 1\nfree text\n\n"), log[:1<<20],
		[]byte("1795376741117661993\ncsw new\nline 2\n\n"), files["activity"], []byte("CPU     ID                    FUNCTION:NAME\n"), files["activity"], log)
	files["cut"] = append(slices.Clone(log), "1795376741117661993 0 1 1 sh re"...)
	for name, data := range files {
		var first [][]byte
		for _, cores := range []int{1, 3} {
			before := runtime.GOMAXPROCS(cores)
			var batches [][]byte
			for b, err := range Scan(context.Background(), fstest.MapFS{"capture": {Data: data}}, "capture", Options{}) {
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(&b.Capture)
				if err != nil {
					t.Fatal(err)
				}
				batches = append(batches, fmt.Appendf(text, " at %d, line %d, %+v", b.Offset, b.Line, b.Account))
			}
			runtime.GOMAXPROCS(before)
			if first == nil {
				first = batches
			} else if !slices.EqualFunc(first, batches, bytes.Equal) {
				t.Errorf("%s: %d cores give other batches than one", name, cores)
			}
		}
	}
}

// TestBlocksInParts holds that rows of a part which has one block alone keep its number: without a
// clock it is their time.
func TestBlocksInParts(t *testing.T) {
	var text strings.Builder
	for block := range 3 {
		text.WriteByte('\n')
		for i := range 6000 {
			fmt.Fprintf(&text, "  %-50s %16d\n", fmt.Sprintf("process%d", i), block+i+1)
		}
	}
	fsys := fstest.MapFS{"x": {Data: []byte(text.String())}}
	rows := map[int64]int{}
	for b, err := range Scan(t.Context(), fsys, "x", Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range b.Tables {
			c := table.Column("block")
			if c == nil {
				t.Fatalf("rows from line %d on have no block", b.Line)
			}
			for i := range table.NumRows() {
				rows[c.Int(i)]++
			}
		}
	}
	if len(rows) != 3 || rows[1] != 6000 || rows[2] != 6000 || rows[3] != 6000 {
		t.Errorf("rows by block: %v", rows)
	}
}

// TestLinesInPieces scans lines that bpftrace's printf wrote piece by piece: a part may end within
// one.
func TestLinesInPieces(t *testing.T) {
	const lines = 8000
	var text strings.Builder
	text.WriteString(`{"type": "attached_probes", "data": {"probes": 1}}` + "\n")
	for i := range lines {
		for _, piece := range []string{fmt.Sprintf("nginx %d ", i%9), "read ", fmt.Sprintf(`%d\n`, i)} {
			fmt.Fprintf(&text, `{"type": "printf", "data": "%s"}`+"\n", piece)
		}
	}
	rows := 0
	for b, err := range Scan(t.Context(), fstest.MapFS{"x": {Data: []byte(text.String())}}, "x", Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range b.Tables {
			if table.Kind != "rows" {
				t.Fatalf("from offset %d on: %v", b.Offset, table)
			}
			rows += table.NumRows()
		}
	}
	if rows != lines {
		t.Errorf("%d rows of %d lines", rows, lines)
	}
}

// TestHeadingHoldsForAllParts holds that rows go on the table of a heading that was printed once,
// in whatever part of a long capture they stand, also where nothing of them stands under its names.
func TestHeadingHoldsForAllParts(t *testing.T) {
	const rows = 150_000 // more than a part and more than the longest paragraph hold
	for _, format := range []string{
		"%d.%06d %s %d %s\n",           // under a heading with single blanks
		"%10d.%06d    %-8s  %8d  %s\n", // in columns
		"%d.%06d\t%s\t%d\t%s\n",
	} {
		var text strings.Builder
		text.WriteString(strings.NewReplacer("%10d.%06d", "             time", "%-8s", "event   ", "%8d", "     pid", "%d.%06d", "time", "%d", "pid", "%s\n", "name\n", "%s", "event").Replace(format))
		for i := range rows {
			fmt.Fprintf(&text, format, 1795965383+i/1000, i%1000*1000, []string{"fork", "exec", "exit"}[i%3], 100+i%977, []string{"sh", "tar"}[i%2])
		}
		n := 0
		for b, err := range Scan(t.Context(), fstest.MapFS{"x": {Data: []byte(text.String())}}, "x", Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range b.Tables {
				if n += table.NumRows(); table.Kind != "table" || table.Column("name") == nil {
					t.Fatalf("%q: batch at line %d holds %v", format, b.Line, table)
				}
			}
		}
		if n != rows {
			t.Errorf("%q: %d rows, want %d", format, n, rows)
		}
	}
}
