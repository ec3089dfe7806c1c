package dtracefs

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/valid"
)

// WriteCSV writes the table as CSV with a line of column names. Times are in RFC 3339 with
// nanoseconds in UTC, stacks have their frames joined by semicolons, leaf first, nulls are
// empty. Bytes that are not UTF-8 are written as \xNN.
func (t *Table) WriteCSV(w io.Writer) error {
	cw := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = valid.UTF8(c.Name)
	}
	if err := cw.Write(record); err != nil {
		return fmt.Errorf("writing table %s as CSV: %w", t.Name, err)
	}
	for r := range t.NumRows() {
		for i, c := range t.Columns {
			record[i] = valid.UTF8(c.Text(r))
		}
		if err := cw.Write(record); err != nil {
			return fmt.Errorf("writing table %s as CSV: row %d: %w", t.Name, r, err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("writing table %s as CSV: %w", t.Name, err)
	}
	return nil
}

// WriteFolded writes a table with a stack as folded stacks, the input of flame graphs: on
// each line the frames from the root to the leaf, joined by semicolons, and the sum of the
// values of the rows that have them, sorted by frames. Keys of text stand before the root,
// a kernel stack above a user stack. Offsets within functions are left out, so that samples
// of one function add up. Semicolons within frames become colons.
func (t *Table) WriteFolded(w io.Writer) error {
	var stacks []*Column
	var keys []*Column
	value := t.Column("value")
	for _, c := range t.Columns {
		switch {
		case c.typ == Stack:
			stacks = append(stacks, c)
		case c.typ == String && strings.HasPrefix(c.Name, "key"):
			keys = append(keys, c)
		}
	}
	if len(stacks) == 0 {
		return fmt.Errorf("folding table %s: it has no stacks", t.Name)
	}
	sums := map[string]int64{}
	for i := range t.NumRows() {
		var frames []string
		for _, k := range keys {
			frames = append(frames, strings.ReplaceAll(k.Text(i), ";", ":"))
		}
		for _, s := range slices.Backward(stacks) {
			if s.Null(i) {
				continue
			}
			for _, f := range slices.Backward(s.Stack(i)) {
				frames = append(frames, strings.ReplaceAll(ParseFrame(f).Function(), ";", ":"))
			}
		}
		n := int64(1)
		if value != nil && value.typ == Int {
			n = value.Int(i)
		}
		sums[strings.Join(frames, ";")] += n
	}
	lines := make([]string, 0, len(sums))
	for s := range sums {
		lines = append(lines, s)
	}
	slices.Sort(lines)
	bw := bufio.NewWriter(w)
	for _, s := range lines {
		fmt.Fprintf(bw, "%s %d\n", s, sums[s])
	}
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("folding table %s: %w", t.Name, err)
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

// ParseFrame takes a frame apart: module`symbol+0x1f [ annotation ].
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
