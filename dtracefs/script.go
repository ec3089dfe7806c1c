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
	for _, n := range scriptNames(name) {
		data, err := fs.ReadFile(fsys, n)
		if err == nil && binaryAt(data) < 0 {
			return string(data), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}

// scriptNames are the names that the script of a capture may have.
func scriptNames(name string) (names []string) {
	base := plainName(name)
	for range 3 {
		ext := path.Ext(base)
		if ext == "" || ext == base {
			break
		}
		base = strings.TrimSuffix(base, ext)
		names = append(names, base+".d", base+".bt")
	}
	return names
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

// A formatSheet is where the lines of a format go.
type formatSheet struct {
	sheet *sheet
	cols  []*Column // of the format's columns, or nil for the instant of what follows
	timed bool      // one of them tells the row's time
}

// formatSheet finds or makes the sheet of a format. Formats whose first two columns have
// the same names share one.
func (t *text) formatSheet(f *script.Format) *formatSheet {
	if fs := t.formats[f]; fs != nil {
		return fs
	}
	first := f.Columns[0]
	fs := &formatSheet{}
	if t.formats == nil {
		t.formats = map[*script.Format]*formatSheet{}
	}
	t.formats[f] = fs
	if len(f.Columns) == 1 && first.Type == script.Date {
		return fs
	}
	key := "format/" + first.Name
	if len(f.Columns) > 1 {
		key += "," + f.Columns[1].Name
	}
	fs.sheet = t.sheet(key, "lines", "printf")
	for _, c := range f.Columns {
		typ := map[script.Type]Type{script.Int: Int, script.Text: String, script.Date: Time}[c.Type]
		name := c.Name
		if typ == Time || name == "walltimestamp" {
			typ, name = Time, "time"
			if fs.timed {
				name = c.Name
			}
			fs.timed = true
		}
		col := fs.sheet.col(name, typ)
		for slices.Contains(fs.cols, col) {
			name += "'"
			col = fs.sheet.col(name, typ)
		}
		fs.cols = append(fs.cols, col)
	}
	return fs
}

// formatRow files the cells of a format. A lone date is the instant of what follows.
func (t *text) formatRow(f *script.Format, cells [][]byte) {
	fs := t.formatSheet(f)
	if fs.sheet == nil {
		if ns, ok := t.localTime(string(cells[0])); ok {
			t.stamp, t.stamped, t.labels = ns, true, nil
		}
		t.block++
		return
	}
	s := fs.sheet
	for i, c := range fs.cols {
		c.padTo(s.n)
		t.formatCell(c, f.Columns[i].Type, cells[i])
	}
	if !fs.timed {
		t.context(s)
	}
	s.n++
}

// formatCell appends a cell of the type that the format tells. A cell that is not what it
// should be turns the column into text.
func (t *text) formatCell(c *Column, typ script.Type, cell []byte) {
	switch {
	case c.typ == Time && typ == script.Date:
		if ns, ok := t.localTime(string(cell)); ok {
			c.appendInt(ns)
			return
		}
	case c.typ == Time:
		if ns, ok := syntax.EpochStamp(cell); ok {
			c.appendInt(ns)
			return
		}
	case c.typ == Int:
		if v, unsigned, ok := syntax.Int64(cell); ok && (v >= 0 || !c.unsigned) {
			if unsigned && !c.unsigned {
				c.becomeUnsigned()
			}
			if c.typ == Int {
				c.appendInt(v)
				return
			}
		}
	}
	if c.typ != String {
		c.becomeText()
	}
	c.appendText(cell)
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
