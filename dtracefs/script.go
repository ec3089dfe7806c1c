package dtracefs

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// scriptBeside reads the script that printed a capture, from the file beside it with the same
// name and the ending .d or .bt: run.d or run.dtrace.d for run.dtrace.txt. A binary file of that
// name is no script. No file is no error.
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

// scriptNames are the names that the script of a capture may have, those with more of the
// capture's own name first.
func scriptNames(name string) (names []string) {
	base := plainName(name)
	// Each round takes one ending more off: run.dtrace.txt asks for run.dtrace.d and run.dtrace.bt,
	// then for run.d and run.bt.
	for range 3 {
		ext := path.Ext(base)
		if ext == "" || ext == base {
			break
		}
		base = strings.TrimSuffix(base, ext)
		names = append(names, base+".d", base+".bt")
	}
	// A script that is opened itself did not print itself.
	return slices.DeleteFunc(names, func(n string) bool { return n == name })
}

// noScript is what [Options.Script] is where there is none, whatever lies beside the capture.
const noScript = "-"

// parseScript reads what a script says that it prints; nil for no script. A script that does not
// compile is read as far as it is one: what it lacks is read from the capture alone.
func parseScript(src string) *script.Script {
	if src == "" || src == noScript {
		return nil
	}
	s := script.Parse(src)
	// A format that any line matches, such as "%s\n", would take them all.
	s.Formats = slices.DeleteFunc(s.Formats, (*script.Format).Vague)
	// A line is taken for the format of which it holds the most characters.
	slices.SortStableFunc(s.Formats, func(a, b *script.Format) int { return b.Fixed() - a.Fixed() })
	return s
}

// scriptLines are the lines that a format of the script wrote. They come before nearly all other
// recognizers: what the script says of a line is sure, where its shape is only likely.
type scriptLines struct {
	formats map[*script.Format]*formatSheet
	names   map[*script.Format][]string // that a heading gave to columns
	cells   [][]byte                    // of the line at hand
}

// resume forgets the sheets of the text before.
func (f *scriptLines) resume(*station) { f.formats = nil }

func (f *scriptLines) take(st *station, num int, line []byte) bool {
	if st.script == nil || st.mode != syntax.NoHeader {
		return false
	}
	for _, format := range st.script.Formats {
		cells, ok := format.Match(line, f.cells)
		f.cells = cells
		if !ok {
			continue
		}
		st.free.flush()
		st.take(classTable)
		f.row(st, format, cells)
		return true
	}
	return false
}

// A formatSheet is where the lines of a format go.
type formatSheet struct {
	sheet *sheet
	cols  []*Column // of the format's columns, or nil for the instant of what follows
	timed bool      // one of them tells the row's time
	words *Column   // the format itself, if it writes words of its own
}

// sheetOf finds or makes the sheet of a format. Formats whose first two columns have the same
// names share one. A script that prints one thing in two ways, such as an error in other words,
// then has one table of it.
func (f *scriptLines) sheetOf(st *station, format *script.Format) *formatSheet {
	if fs := f.formats[format]; fs != nil {
		return fs
	}
	first := format.Columns[0]
	fs := &formatSheet{}
	if f.formats == nil {
		f.formats = map[*script.Format]*formatSheet{}
	}
	f.formats[format] = fs
	// What printf("%Y\n", walltimestamp) prints is a clock and no row, so it has no sheet (see
	// row).
	if len(format.Columns) == 1 && first.Type == script.Date {
		return fs
	}
	key := formatKey(format)
	fs.sheet = st.sheetFor(key, linesName(st.script, key), "printf")
	if format.Words() {
		fs.words = fs.sheet.col("format", String)
	}
	headed := f.namesOf(st, format)
	for i, c := range format.Columns {
		typ := map[script.Type]Type{script.Int: Int, script.Text: String, script.Date: Time, script.Float: String}[c.Type]
		name := c.Name
		if headed != nil && unspoken.MatchString(name) {
			name = headed[i]
		}
		// Printed with %d, walltimestamp is nanoseconds since the epoch, and a time as well. The
		// first time of a row is the row's own, and any other keeps its name.
		if typ == Time || name == "walltimestamp" {
			typ, name = Time, "time"
			if fs.timed {
				name = c.Name
			}
			fs.timed = true
		}
		col := fs.sheet.col(name, typ)
		// Two columns of one format with the same name are two columns.
		for slices.Contains(fs.cols, col) || col == fs.words {
			name += "'"
			col = fs.sheet.col(name, typ)
		}
		if c.Type == script.Float {
			st.last = append(st.last, col.infer)
		}
		fs.cols = append(fs.cols, col)
	}
	return fs
}

// unspoken are the names of columns of which the script does not say what they are.
var unspoken = pattern.New(`^(?:(?:c|key)\d+|value)$`)

// namesOf returns what the heading that was printed before calls the columns of a format; nil where
// none was. What it says when the first line of the format comes holds for all.
func (f *scriptLines) namesOf(st *station, format *script.Format) []string {
	names, known := f.names[format]
	if !known {
		if f.names == nil {
			f.names = map[*script.Format][]string{}
		}
		names = st.free.tables.namesOf(len(format.Columns))
		f.names[format] = names
	}
	return names
}

// formatKey is the key of the sheet that the lines of a format go to.
func formatKey(format *script.Format) string {
	key := "format/" + format.Columns[0].Name
	if len(format.Columns) > 1 {
		key += "," + format.Columns[1].Name
	}
	return key
}

// linesName names a sheet of lines by the clause whose formats write them, if that is one.
func linesName(s *script.Script, key string) string {
	clause := ""
	for _, f := range s.Formats {
		if formatKey(f) != key {
			continue
		}
		if f.Clause == "" || clause != "" && clause != f.Clause {
			return "lines"
		}
		clause = f.Clause
	}
	return clause
}

// row files the cells of a format. A lone date is the instant of what follows. Formats share
// sheets, so a column may have missed rows of another format: it is filled up first.
func (f *scriptLines) row(st *station, format *script.Format, cells [][]byte) {
	fs := f.sheetOf(st, format)
	if fs.sheet == nil {
		if ns, ok := st.opt.localTime(string(cells[0])); ok {
			// It is zoned: localTime has worked the zone in, which tell would do once more.
			st.tell(syntax.Clock{NS: ns, Form: syntax.Date, Zoned: true}, nil)
		}
		st.block++
		return
	}
	s := fs.sheet
	for i, c := range fs.cols {
		c.padTo(s.n)
		formatCell(st.opt, c, format.Columns[i].Type, cells[i])
	}
	if !fs.timed {
		st.context(s)
	}
	if fs.words != nil {
		fs.words.padTo(s.n)
		fs.words.appendString(format.Text)
	}
	s.n++
}

// formatCell appends a cell of the type that the format says. A cell that is not what it should
// be turns the column into text, as where %d prints a number of another width.
func formatCell(o Options, c *Column, typ script.Type, cell []byte) {
	switch {
	case c.typ == Time && typ == script.Date:
		if ns, ok := o.localTime(string(cell)); ok {
			c.appendInt(ns)
			return
		}
	case c.typ == Time:
		if ns, ok := syntax.EpochStamp(cell); ok {
			c.appendInt(ns)
			return
		}
	case c.typ == Int:
		if v, unsigned, ok := syntax.Int64(cell); ok && (v >= 0 || unsigned || !c.unsigned) {
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
