package dtracefs

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/valid"
)

// WriteCSV writes the table as CSV with a line of column names. Times are in RFC 3339 with
// nanoseconds in UTC, stacks have their frames joined by semicolons, leaf first, nulls are
// empty. Bytes that are not UTF-8 are written as \xNN.
func (t *Table) WriteCSV(w io.Writer) error {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	cw := NewCSVWriter(w, names...)
	if err := cw.Write(t); err != nil {
		return err
	}
	return cw.Close()
}

// A CSVWriter writes tables that go on each other, such as those of a scan's batches, as one
// CSV.
type CSVWriter struct {
	w       *csv.Writer
	columns []string
	record  []string
	begun   bool
	rows    int
}

// NewCSVWriter returns a writer of CSV, as [Table.WriteCSV] writes it, with columns of those
// names.
func NewCSVWriter(w io.Writer, columns ...string) *CSVWriter {
	return &CSVWriter{w: csv.NewWriter(w), columns: columns, record: make([]string, len(columns))}
}

// Write writes the rows of a table. What it has no column for is empty.
func (w *CSVWriter) Write(t *Table) error {
	if err := w.begin(); err != nil {
		return fmt.Errorf("writing table %s as CSV: %w", t.Name, err)
	}
	columns := t.columnsNamed(w.columns)
	// Cells without a column must be empty, and not be those of the table before.
	clear(w.record)
	for r := range t.NumRows() {
		for i, c := range columns {
			if c != nil {
				w.record[i] = valid.UTF8(c.Text(r))
			}
		}
		if err := w.w.Write(w.record); err != nil {
			return fmt.Errorf("writing table %s as CSV: row %d: %w", t.Name, w.rows, err)
		}
		w.rows++
	}
	return nil
}

// columnsNamed returns the columns of those names, nil where there is none: the tables of a
// scan's batches have the columns that they need, in any order.
func (t *Table) columnsNamed(names []string) []*Column {
	columns := make([]*Column, len(names))
	for i, name := range names {
		if i < len(t.Columns) && t.Columns[i].Name == name { // also where two have the name
			columns[i] = t.Columns[i]
		} else {
			columns[i] = t.Column(name)
		}
	}
	return columns
}

// begin writes the line of names.
func (w *CSVWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	for i, name := range w.columns {
		w.record[i] = valid.UTF8(name)
	}
	return w.w.Write(w.record)
}

// Close writes what is left to write; the names, where there was no table. It does not close
// what it writes to.
func (w *CSVWriter) Close() error {
	err := w.begin()
	if w.w.Flush(); err == nil {
		err = w.w.Error()
	}
	if err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// WriteFolded writes a table with a stack as folded stacks, the input of flame graphs: on
// each line the frames from the root to the leaf, joined by semicolons, and the sum of the
// values of the rows that have them, sorted by frames. Text in other columns, such as the name of
// the process, stands before the root, a kernel stack above a user stack.
// Offsets within functions are left out, so that samples of one function add up. Semicolons
// within frames become colons. Bytes that are not UTF-8 are written as \xNN.
func (t *Table) WriteFolded(w io.Writer) error {
	fw := NewFoldedWriter(w)
	if err := fw.Write(t); err != nil {
		return err
	}
	return fw.Close()
}

// A FoldedWriter writes tables that go on each other as folded stacks. It holds a sum for each
// different stack.
type FoldedWriter struct {
	w    io.Writer
	sums map[string]int64
}

// NewFoldedWriter returns a writer of folded stacks, as [Table.WriteFolded] writes them.
func NewFoldedWriter(w io.Writer) *FoldedWriter {
	return &FoldedWriter{w: w, sums: map[string]int64{}}
}

// Write adds the stacks of a table.
func (w *FoldedWriter) Write(t *Table) error {
	var stacks []*Column
	var keys []*Column
	value := t.Column("value")
	for _, c := range t.Columns {
		switch {
		case c.typ == Stack:
			stacks = append(stacks, c)
		case c.typ == String:
			keys = append(keys, c)
		}
	}
	if len(stacks) == 0 {
		return fmt.Errorf("folding table %s: it has no stacks", t.Name)
	}
	for i := range t.NumRows() {
		var frames []string
		for _, k := range keys {
			if !k.Null(i) {
				frames = append(frames, foldedFrame(k.Text(i)))
			}
		}
		for _, s := range slices.Backward(stacks) {
			if s.Null(i) {
				continue
			}
			for _, f := range slices.Backward(s.Stack(i)) {
				frames = append(frames, foldedFrame(ParseFrame(f).Function()))
			}
		}
		// Rows without a value, as of single samples, count once.
		n := int64(1)
		if value != nil && value.typ == Int {
			n = value.Int(i)
		}
		w.sums[strings.Join(frames, ";")] += n
	}
	return nil
}

// notInFrames replaces the characters that would end a frame or a line.
var notInFrames = strings.NewReplacer(";", ":", "\n", " ", "\r", " ")

// foldedFrame is text as a frame of a folded stack.
func foldedFrame(s string) string { return valid.UTF8(notInFrames.Replace(s)) }

// Close writes the lines, sorted, so that equal stacks are equal bytes. It does not close what it
// writes to.
func (w *FoldedWriter) Close() error {
	bw := bufio.NewWriter(w.w)
	for _, s := range slices.Sorted(maps.Keys(w.sums)) {
		fmt.Fprintf(bw, "%s %d\n", s, w.sums[s])
	}
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("writing folded stacks: %w", err)
	}
	return nil
}

// A Frame is a frame of a stack, taken apart.
type Frame struct {
	Module     string // the file of the code; "" where the tracer told none
	Symbol     string // the function, or an address
	Offset     string // within the function, in hexadecimal or as printed; "" for none
	Annotation string // what a helper says, such as the line of a script
}

// ParseFrame takes a frame apart: module`symbol+0x1f [ annotation ]. Whatever is not there stays
// empty, and a frame that is nothing of the kind is its symbol.
func ParseFrame(s string) Frame {
	var f Frame
	if head, note, ok := strings.Cut(s, " [ "); ok {
		s, f.Annotation = head, strings.TrimSuffix(note, " ]")
	}
	if tick := strings.IndexByte(s, '`'); tick >= 0 {
		f.Module, s = s[:tick], s[tick+1:]
	}
	f.Symbol = s
	if plus := strings.LastIndexByte(s, '+'); plus > 0 && isOffset(s[plus+1:]) {
		f.Symbol, f.Offset = s[:plus], s[plus+1:]
	}
	return f
}

// isOffset reports whether what stands behind a plus is an offset and no part of a name, as
// operator+ of C++ has one. {ptr} stands in captures whose addresses were taken out.
func isOffset(s string) bool {
	if s == "{ptr}" {
		return true
	}
	_, err := strconv.ParseUint(s, 0, 64)
	return err == nil
}

// Function is the frame without its offset and annotation.
func (f Frame) Function() string {
	if f.Module == "" {
		return f.Symbol
	}
	return f.Module + "`" + f.Symbol
}
