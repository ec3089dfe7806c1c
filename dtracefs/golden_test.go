package dtracefs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds what the captures in testdata decode to against the file beside each.
// A new case is a new capture, and a run with -update.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.*trace.*")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures in testdata")
	}
	fsys := os.DirFS("testdata")
	for _, name := range names {
		if strings.HasSuffix(name, ".golden") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			c, err := Load(fsys, filepath.Base(name))
			if err != nil {
				t.Fatal(err)
			}
			checkCapture(t, c)
			got := describe(c)
			if *update {
				if err := os.WriteFile(name+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("decodes to\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// describe writes out what a capture holds, the first and last rows of each table.
func describe(c *Capture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d lines\n", c.Dialect, c.Lines)
	for _, t := range c.Tables {
		fmt.Fprintf(&b, "\n%v\n", t)
		for i := range t.NumRows() {
			if i == 8 && t.NumRows() > 16 {
				fmt.Fprintln(&b, "…")
			}
			if i < 8 || i >= t.NumRows()-8 {
				fmt.Fprintf(&b, "%q\n", row(t, i))
			}
		}
	}
	for _, n := range c.Notices {
		fmt.Fprintf(&b, "notice %+v\n", n)
	}
	for _, d := range c.Drops {
		fmt.Fprintf(&b, "drop at line %d: %d %s on %d\n", d.Line, d.Count, d.Kind, *d.CPU)
	}
	for _, e := range c.Errors {
		fmt.Fprintf(&b, "error %+v\n", e)
	}
	for _, l := range c.Unparsed {
		fmt.Fprintf(&b, "unparsed %d: %q\n", l.Number, l.Text)
	}
	return b.String()
}
