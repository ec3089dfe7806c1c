package dtracefs

import (
	"context"
	"testing"

	"dtnotes/dtracefs/internal/generate"
)

// TestScanIsLoad holds that the batches of a scan make up what Load gives at once.
func TestScanIsLoad(t *testing.T) {
	for name, kind := range generated {
		fsys := inMemory(t, kind, 5<<20)
		c, err := Load(fsys, "capture")
		if err != nil {
			t.Fatal(err)
		}
		want := c.Tables[0]
		at, batches, line := 0, 0, 1
		var offset int64
		for b, err := range Scan(context.Background(), fsys, "capture") {
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
	for range Scan(context.Background(), generate.FS{Kind: generate.EventLog, Size: 1 << 40}, "capture") {
		if n++; n == 3 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range Scan(ctx, generate.FS{Kind: generate.Activity, Size: 1 << 40}, "capture") {
		cancel()
		last = err
	}
	if last == nil {
		t.Error("a canceled scan ends without an error")
	}
}
