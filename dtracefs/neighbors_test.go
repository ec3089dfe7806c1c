package dtracefs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/dtracefs/internal/syntax"
)

// neighbors returns the captures in testdata that other tools than tracers printed.
func neighbors(t testing.TB) (names []string) {
	for _, name := range cases(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if dl := dialectOf(data).name; !slices.Contains(tracers, dl) || strings.HasPrefix(name, "bcc-") {
			names = append(names, name)
		}
	}
	return names
}

// tracers are the dialects that are not of neighbors, and JSON, whose words TestNothingIsLost looks
// for by its leaves.
var tracers = []string{"sysstat-json", "bpftrace-json", "libxo-json", "libxo-xml", "statemap", "json", "csv", "folded", "bpftrace", "dtrace", UnknownDialect}

// TestNeighborsNotLost looks for every word of the captures in what they decode to: a cell, a name,
// a notice, a drop, or a line that is told as not understood. Numbers are looked for by value, and
// those with a suffix are left to the goldens.
func TestNeighborsNotLost(t *testing.T) {
	for _, name := range neighbors(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Load(t.Context(), os.DirFS("testdata"), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		numbers := map[float64]bool{}
		for _, table := range c.Tables {
			all.WriteString(table.Name + "\n")
			for _, col := range table.Columns {
				all.WriteString(col.Name + "\n")
				for i := range table.NumRows() {
					all.WriteString(col.Text(i) + "\n")
					numbers[col.Float(i)] = true
				}
			}
		}
		for _, n := range c.Notices {
			all.WriteString(n.Text + "\n")
		}
		for _, d := range c.Drops {
			all.WriteString(d.Text + "\n")
		}
		for _, u := range c.Unparsed {
			all.WriteString(u.Text + "\n")
		}
		hay := strings.ToLower(all.String())
		found := func(word string) bool {
			word = strings.ToLower(strings.Trim(word, ".,-=#*|+<>[]'"))
			if strings.Trim(word, "0123456789.,%kmgt+-be") == "" {
				if strings.ContainsAny(word, "kmgtb") {
					return true
				}
				f, err := strconv.ParseFloat(strings.ReplaceAll(strings.Trim(word, "%+"), ",", ""), 64)
				if err == nil && (numbers[f] || numbers[-f]) {
					return true
				}
			}
			// A number and its unit may stand in cells of their own.
			if end := strings.LastIndexAny(word, "0123456789") + 1; strings.Contains(hay, "\n"+word[end:]+"\n") {
				if f, err := strconv.ParseFloat(word[:end], 64); err == nil && numbers[f] {
					return true
				}
			}
			// Bars have a heading of their own; a b before quotes is how Python prints bytes.
			return strings.Contains(hay, word) || word == "distribution" || strings.Contains(hay, strings.TrimPrefix(word, "b'"))
		}
		marks := " \t;:()/#%<>@="
		if data[0] == '{' {
			marks += "{}\"" // of JSON
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			for w := range strings.FieldsFuncSeq(string(line), func(r rune) bool { return strings.ContainsRune(marks, r) }) {
				if found(w) || inClock(line, w) {
					continue
				}
				for part := range strings.SplitSeq(w, ",") {
					if !found(part) {
						t.Errorf("%s: line %d: %q is lost", name, i+1, part)
					}
				}
			}
		}
	}
}

// inClock reports whether a word is a part of a line's time, which became an instant.
func inClock(line []byte, word string) bool {
	at := bytes.Index(line, []byte(word))
	for i := max(0, at-30); i < len(line) && i <= at; i++ {
		if i > 0 && line[i-1] != ' ' {
			continue
		}
		if n := clockLen(line[i:]); n > 0 && at >= i && at < i+n {
			return true
		}
	}
	return false
}

// clockLen returns how long the time is that b starts with, or 0.
func clockLen(b []byte) int {
	if _, n, ok := syntax.ParseClock(b); ok {
		return n
	}
	return 0
}

// TestNeighborsAreMeasured holds for reports of one row, each with a time of its own, which are
// levels and no events, and for calls, whose arguments are no process.
func TestNeighborsAreMeasured(t *testing.T) {
	for name, want := range map[string]string{
		"vmstat-linux-t.txt":  "vmstat: the level of r as one source",
		"strace-f-tt-T.txt":   "calls: rows by syscall",
		"truss-illumos-f.txt": "calls: rows by syscall, each 1s, time from column seconds, since a start of its own",
	} {
		c, err := Load(t.Context(), os.DirFS("testdata"), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var says []string
		for _, r := range c.Readings() {
			says = append(says, r.Table+": "+r.Says)
		}
		if !strings.Contains(strings.Join(says, "\n"), want) {
			t.Errorf("%s: %q, want %q", name, says, want)
		}
	}
}

// TestScriptIsNoCapture opens a script, which lies beside itself.
func TestScriptIsNoCapture(t *testing.T) {
	script := "/* counts */\nsyscall:::entry { @[execname] = count(); }\ntick-1s { printa(@); }\n"
	c, err := Load(t.Context(), fstest.MapFS{"calls.d": {Data: []byte(script)}}, "calls.d", Options{})
	if err != nil || c.Dialect != UnknownDialect {
		t.Errorf("dialect %s, error %v", c.Dialect, err)
	}
}
