package dtracefs

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checkCapture holds what is true of every capture: each line of the input is accounted
// for, columns are of one length, and the JSON form is valid.
func checkCapture(t *testing.T, c *Capture) {
	t.Helper()
	a := c.Account
	if lines := a.Blank.Lines + a.Notices.Lines + a.Tables.Lines + a.Unparsed.Lines; lines != c.Lines {
		t.Errorf("%s: %d lines accounted for of %d: %+v", c.Name, lines, c.Lines, a)
	}
	if n := a.Blank.Bytes + a.Notices.Bytes + a.Tables.Bytes + a.Unparsed.Bytes; n != c.Bytes {
		t.Errorf("%s: %d bytes accounted for of %d: %+v", c.Name, n, c.Bytes, a)
	}
	if len(c.Unparsed) != a.Unparsed.Lines {
		t.Errorf("%s: %d lines unparsed, accounted for %d", c.Name, len(c.Unparsed), a.Unparsed.Lines)
	}
	for _, table := range c.Tables {
		names := map[string]bool{}
		for _, col := range table.Columns {
			if col.Len() != table.NumRows() {
				t.Errorf("%s: column %s of %s has %d cells, want %d", c.Name, col.Name, table.Name, col.Len(), table.NumRows())
			}
			if names[col.Name] {
				t.Errorf("%s: two columns %s in %s", c.Name, col.Name, table.Name)
			}
			names[col.Name] = true
		}
		if len(table.Columns) == 0 || table.NumRows() == 0 {
			t.Errorf("%s: table %s is empty", c.Name, table.Name)
		}
	}
	b, err := json.Marshal(c)
	if err != nil || !json.Valid(b) {
		t.Errorf("%s: JSON: %v", c.Name, err)
	}
}

// unparsedShare is the part of the lines that are not blank that no rule understood.
func unparsedShare(c *Capture) float64 {
	return float64(c.Account.Unparsed.Lines) / float64(max(1, c.Lines-c.Account.Blank.Lines))
}

func TestEveryLineIsAccountedFor(t *testing.T) {
	roots := []fs.FS{Samples(), recorded(t)}
	for _, dir := range further("captures", "corpus/files") {
		roots = append(roots, os.DirFS(dir))
	}
	for _, root := range roots {
		err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !isCaptureName(name) {
				return err
			}
			c, err := Load(t.Context(), root, name, Options{})
			if err != nil {
				t.Error(err)
				return nil
			}
			checkCapture(t, c)
			if s := unparsedShare(c); s > 0.01 {
				t.Errorf("%s: %.1f %% of the lines unparsed, as %v", name, 100*s, c.Unparsed[0])
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// recorded are captures that we recorded: runs of programs, some with faults put in and labels of
// them, by two tracers side by side.
func recorded(t testing.TB) fs.FS {
	fsys, err := Open("testdata/recorded/captures.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// further returns those of the folders that exist in a store of more captures than the module
// carries, which DTNOTES_SHARED names where there is one.
func further(dirs ...string) (found []string) {
	store := os.Getenv("DTNOTES_SHARED")
	for _, dir := range dirs {
		dir = filepath.Join(store, dir)
		if info, err := os.Stat(dir); store != "" && err == nil && info.IsDir() {
			found = append(found, dir)
		}
	}
	return found
}

func isCaptureName(name string) bool {
	base := filepath.Base(name)
	for _, s := range []string{".expect.json", ".stderr", ".md", ".csv", ".tsv", ".d", ".bt", "meta.json"} {
		if strings.HasSuffix(base, s) {
			return false
		}
	}
	return !strings.HasPrefix(base, "eventlog") || !testing.Short()
}

// TestNoQuadraticTime decodes text made of one thing over and over, and eight times as
// much of it: time may grow a little faster than the text, but not with its square.
func TestNoQuadraticTime(t *testing.T) {
	units := map[string]string{
		"one line":         "x",
		"one spaced line":  "x 1 ",
		"blank lines":      "\n",
		"@":                "@",
		"@ lines":          "@\n",
		"open keys":        "@[\n",
		"open keys too":    "@n[csw, a\n",
		"frames":           "              unix`idle+0x3b\n",
		"unsure frames":    "              Func_loop.func_c()V\n",
		"frames and gaps":  "              unix`idle+0x3b\n\n",
		"entry starts":     "1795376741117661993\ncsw a\n",
		"numbers":          "1 2 3\n",
		"log":              "1 2 sh read 1\n",
		"headings":         "PID CMD\n",
		"histogram heads":  "           value  ------------- Distribution ------------- count    \n",
		"histogram rows":   "              16 |@@@                                      1        \n",
		"struct heads":     "foo_t {\n    int a = 1\n",
		"JSON starts":      "{\"type\": \"map\", \"data\": {\n",
		"JSON lists":       "{\"type\": \"map\", [",
		"statemap":         "{\"time\": \"1\", \"entity\": \"1\", \"state\": 0}\n",
		"open statemap":    "{\"states\": {}, \"start\": [1, 2]\n",
		"open libxo":       "{\"dtrace\": {\"probes\": [\n",
		"open XML":         "<dtrace><probes>",
		"folded":           "a;b;c 1\n",
		"titles":           "a:\n",
		"pairs":            "a: 1\n",
		"stamps":           "2005 Jul 16 00:34:40,  load: 1.21\n\n",
		"interval headers": "2005 Jul 16 00:34:40,  load: 1.21\n\n  UID    PID CMD\n    0      3 fsflush\n\n",
		"messages":         "dtrace: 3 drops on CPU 1\n",
		"flow":             "  0  -> read\n",
		"dumps":            "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n         0: 4c\n",
	}
	for _, name := range cases(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		units[name] = string(data)
	}
	for name, unit := range units {
		t.Run(name, func(t *testing.T) {
			// A capture of more is read once, and eight times.
			size := max(64<<10, len(unit))
			best := 0.0
			for range 8 {
				small := decodeTime(unit, size)
				large := decodeTime(unit, 8*size)
				ratio := float64(large) / float64(max(small, time.Microsecond))
				if best == 0 || ratio < best {
					best = ratio
				}
				if best < 24 {
					return
				}
			}
			t.Errorf("eight times the text takes %.0f times as long", best)
		})
	}
}

func decodeTime(unit string, size int) time.Duration {
	data := bytes.Repeat([]byte(unit), size/len(unit))
	begin := time.Now()
	newDecoder(&Capture{}, Options{}, nil).decode(data)
	return time.Since(begin)
}
