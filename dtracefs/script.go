package dtracefs

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// scriptBeside reads the script that printed a capture, from the file beside it with the
// same name and the ending .d or .bt: run.d or run.dtrace.d for run.dtrace.txt.
func scriptBeside(fsys fs.FS, name string) (string, error) {
	base := plainName(name)
	for range 3 {
		ext := path.Ext(base)
		if ext == "" || ext == base {
			break
		}
		base = strings.TrimSuffix(base, ext)
		for _, end := range []string{".d", ".bt"} {
			data, err := fs.ReadFile(fsys, base+end)
			if err == nil && binaryAt(data) < 0 {
				return string(data), nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	return "", nil
}

// useScript makes the decoder name columns by what a script says that it prints.
func (d *decoder) useScript(src string) {
	if src == "" {
		return
	}
	d.script = script.Parse(src)
	d.script.Formats = slices.DeleteFunc(d.script.Formats, (*script.Format).Vague)
	// A line is taken for the format of which it holds the most characters.
	slices.SortStableFunc(d.script.Formats, func(a, b *script.Format) int { return b.Fixed() - a.Fixed() })
}

// scriptLine takes a line that one of the script's formats wrote.
func (t *text) scriptLine(num int, line []byte) bool {
	if t.script == nil || t.mode != syntax.NoHeader {
		return false
	}
	for _, f := range t.script.Formats {
		cells, ok := f.Match(line, t.cells)
		t.cells = cells
		if !ok {
			continue
		}
		t.flushFree()
		t.take(classTable)
		t.formatRow(f, cells)
		return true
	}
	return false
}

// formatRow files the cells of a format. A lone date or wall clock is the instant of what
// follows. Formats whose first two columns have the same names share a table.
func (t *text) formatRow(f *script.Format, cells [][]byte) {
	first := f.Columns[0]
	if len(f.Columns) == 1 {
		if first.Type == script.Date {
			if ns, ok := t.localTime(string(cells[0])); ok {
				t.stamp, t.stamped, t.labels = ns, true, nil
				t.block++
				return
			}
		}
	}
	key := "format/" + first.Name
	if len(f.Columns) > 1 {
		key += "," + f.Columns[1].Name
	}
	s := t.sheet(key, "lines", "printf")
	timed := false
	for i, c := range f.Columns {
		timed = t.formatCell(s, c, cells[i]) || timed
	}
	if !timed {
		t.context(s)
	}
	s.end()
}

// formatCell appends a cell and reports whether it tells the row's time.
func (t *text) formatCell(s *sheet, c script.Column, cell []byte) (timed bool) {
	switch {
	case c.Type == script.Date:
		if ns, ok := t.localTime(string(cell)); ok && !s.has("time") {
			s.col("time", Time).appendInt(ns)
			return true
		}
	case c.Name == "walltimestamp":
		if ns, ok := syntax.EpochStamp(cell); ok && !s.has("time") {
			s.col("time", Time).appendInt(ns)
			return true
		}
	case c.Type == script.Int:
		if v, unsigned, ok := syntax.Int64(cell); ok {
			s.int(c.Name, v, unsigned)
			return false
		}
	}
	s.key(c.Name, syntax.Key{Text: cell})
	return false
}

// has reports whether the row at hand has a cell in that column already.
func (s *sheet) has(name string) bool {
	c := s.index[name]
	return c != nil && c.Len() > s.n
}

// nameTuple names keys by the script's aggregation that prints tuples of so many keys: the
// only such one, or the one whose turn it is when all are printed in their order.
func (t *text) nameTuple(keys []named, histogram bool) (name string) {
	if t.script == nil {
		return ""
	}
	var fitting []script.Aggregation
	for _, a := range t.script.Aggregations {
		if len(a.Keys) == len(keys) && a.Histogram() == histogram && a.Function != "" {
			fitting = append(fitting, a)
		}
	}
	if len(fitting) == 0 {
		return ""
	}
	turn := [2]int{len(keys), 0}
	if histogram {
		turn[1] = 1
	}
	if t.turns == nil {
		t.turns = map[[2]int]turnOf{}
	}
	at, ok := t.turns[turn]
	if !ok {
		at = turnOf{block: t.block}
	} else if at.block != t.block {
		at = turnOf{block: t.block, number: (at.number + 1) % len(fitting)}
	}
	t.turns[turn] = at
	a := fitting[at.number]
	seen := map[string]bool{}
	for i := range keys {
		n := script.KeyName(a.Keys[i], i)
		if seen[n] {
			n = keys[i].name
		}
		seen[n] = true
		keys[i].name = n
	}
	return a.Name
}

type turnOf struct{ block, number int }
