package dtracefs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dtnotes/dtracefs/internal/syntax"
)

// neighbors returns the captures in testdata that other tools than tracers printed.
func neighbors(t testing.TB) (names []string) {
	for _, name := range cases(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if dl := dialectOf(data).name; slices.Contains(neighborDialects, dl) {
			names = append(names, name)
		}
	}
	return names
}

var neighborDialects = []string{"sysstat", "vmstat", "mpstat", "iostat", "prstat", "top", "ps"}

// TestNeighborsNotLost looks for every word of the captures in what they decode to: a cell, a name
// or a notice. Numbers are looked for by value, and those with a suffix are left to the goldens.
func TestNeighborsNotLost(t *testing.T) {
	for _, name := range neighbors(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Load(os.DirFS("testdata"), name)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, table := range c.Tables {
			all.WriteString(table.Name + "\n")
			for _, col := range table.Columns {
				all.WriteString(col.Name + "\n")
				for i := range table.NumRows() {
					all.WriteString(col.Text(i) + "\n")
				}
			}
		}
		for _, n := range c.Notices {
			all.WriteString(n.Text + "\n")
		}
		hay := all.String()
		for i, line := range bytes.Split(data, []byte("\n")) {
			for w := range bytes.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" \t,;:()/#%", r) }) {
				word := strings.Trim(string(w), ".-=#*|+<>")
				if n := strings.TrimRight(word, "0123456789.%KMGkmgT+-B"); n == "" {
					// A number: its digits without what a float leaves out.
					word = strings.TrimRight(word, "%+-")
					if strings.Contains(word, ".") {
						word = strings.TrimRight(strings.TrimRight(word, "0"), ".")
					}
					if strings.ContainsAny(word, "KMGkmgTB") {
						continue
					}
					word = strings.TrimLeft(word, "0")
				}
				if !strings.Contains(hay, word) && !strings.Contains(strings.ToLower(hay), strings.ToLower(word)) && !inClock(line, word) {
					t.Errorf("%s: line %d: %q is lost", name, i+1, word)
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
