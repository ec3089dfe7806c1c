package dtracefs

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"
)

// A Summary says what a capture holds, in memory that does not grow with it as far as it is
// given batch by batch. Tables of one name and kind in several batches are one.
type Summary struct {
	head          Capture // the beginning, which tells what would be learned
	name, dialect string
	bytes         int64
	lines, prose  int
	tables        []*tableSummary
	index         map[tableKey]*tableSummary

	drops, errors, notices, unparsed found
}

// A tableKey tells tables of several batches apart, as two of one name in a batch are two.
type tableKey struct {
	name, kind string
	nth        int // of such tables in its batch
}

type tableSummary struct {
	name, kind string
	rows       int
	columns    []*columnSummary
}

// found are lines worth a look: how many, and the first of them.
type found struct {
	n     int
	first []Line
}

// shownLines is how many lines of a kind a summary shows; its reader wants their number more.
const shownLines = 5

func (f *found) add(number int, text string) {
	if f.n++; len(f.first) < shownLines {
		f.first = append(f.first, Line{number, text})
	}
}

// Inspect summarizes the capture of that name and what the tracer said on standard error.
func Inspect(ctx context.Context, fsys fs.FS, name string) (*Summary, error) {
	s := &Summary{name: name}
	for b, err := range Scan(ctx, fsys, name, Options{}) {
		if err != nil {
			return nil, err
		}
		s.Add(&b.Capture)
	}
	beside := Capture{Name: name}
	if err := readStderr(ctx, &ledger{&beside}, fsys, name); err != nil {
		return nil, fmt.Errorf("summarizing capture %s: %w", name, err)
	}
	s.tell(&beside)
	return s, nil
}

// Readings says for each table what would be learned from it, or what is missing, as far as the
// first megabyte of the text shows: as much as counting looks at before it decides.
func (s *Summary) Readings() []Reading { return s.head.Readings() }

// Add adds a capture, or the next part of it.
func (s *Summary) Add(c *Capture) {
	if s.index == nil {
		s.index = map[tableKey]*tableSummary{}
	}
	s.name, s.dialect = c.Name, c.Dialect
	s.bytes += c.Bytes
	s.lines += c.Lines
	s.prose += c.Account.Prose.Lines
	// Kept whole is only as much as counting looks at: Readings then says what counting would
	// do, and a large capture is not held in memory.
	if s.head.Bytes < sampleSize {
		s.head.Bytes += c.Bytes
		s.head.Tables, s.head.script = append(s.head.Tables, c.Tables...), c.script
	}
	seen := map[tableKey]int{}
	for _, t := range c.Tables {
		// A name and a kind may be there twice in a batch, as two blocks of one title with other
		// columns are. They are matched with those of the next batch by their order.
		key := tableKey{name: t.Name, kind: t.Kind}
		seen[key]++
		key.nth = seen[key]
		sum := s.index[key]
		if sum == nil {
			sum = &tableSummary{name: t.Name, kind: t.Kind}
			s.index[key] = sum
			s.tables = append(s.tables, sum)
		}
		sum.add(t)
	}
	s.tell(c)
}

// tell takes in what a reader should not overlook.
func (s *Summary) tell(c *Capture) {
	for _, d := range c.Drops {
		s.drops.add(d.Line, d.Text)
	}
	for _, e := range c.Errors {
		s.errors.add(e.Line, e.Message)
	}
	for _, n := range c.Notices {
		s.notices.add(n.Line, n.Text)
	}
	for _, l := range c.Unparsed {
		s.unparsed.add(l.Number, l.Text)
	}
}

// add takes in the rows of a part. Columns that come later go behind the others.
func (t *tableSummary) add(table *Table) {
	t.rows += table.NumRows()
	for _, c := range table.Columns {
		var sum *columnSummary
		for _, old := range t.columns {
			if old.name == c.Name {
				sum = old
			}
		}
		if sum == nil {
			sum = &columnSummary{name: c.Name, typ: c.typ, ofDay: c.ofDay}
			t.columns = append(t.columns, sum)
		}
		sum.add(c)
	}
}

// String says how large the capture is, has a paragraph for each table with what its columns
// range over, and lists everything that a reader should not overlook: drops, errors, lines not
// understood.
func (s *Summary) String() string {
	var b strings.Builder
	// Losses stand in the first line: whoever reads no further must have seen them.
	fmt.Fprintf(&b, "%s: %s, %d bytes in %d lines", Printable(s.name), s.dialect, s.bytes, s.lines)
	if s.drops.n > 0 {
		b.WriteString(", LOSSY: the tracer dropped data")
	}
	b.WriteString("\n")
	if s.dialect == UnknownDialect {
		b.WriteString(unknownSays + ": its lines are one table of text\n")
	} else if s.prose > 0 {
		fmt.Fprintf(&b, "%d of the lines are text that no rule understood: see the table text\n", s.prose)
	}
	for _, t := range s.tables {
		fmt.Fprintf(&b, "\ntable %s (%s), %d rows\n", Printable(t.name), t.kind, t.rows)
		for _, c := range t.columns {
			if c.name == "block" && c.least == c.most {
				continue // there is but one
			}
			fmt.Fprintf(&b, "  %-12s %-6s %s\n", Printable(c.name), c.typ, c)
		}
	}
	s.drops.list(&b, "drop", "")
	s.errors.list(&b, "error", "")
	s.notices.list(&b, "notice", "")
	s.unparsed.list(&b, "line", " not understood")
	return b.String()
}

// list writes how many lines there are and the first of them; nothing for none.
func (f found) list(b *strings.Builder, what, how string) {
	if f.n == 0 {
		return
	}
	if f.n > 1 {
		what += "s"
	}
	fmt.Fprintf(b, "\n%d %s%s\n", f.n, what, how)
	for _, l := range f.first {
		// What the tracer said beside the capture has no line in it.
		if l.Number > 0 {
			fmt.Fprintf(b, "  line %d: ", l.Number)
		} else {
			b.WriteString("  ")
		}
		fmt.Fprintf(b, "%s\n", Printable(strings.TrimSpace(l.Text)))
	}
	if more := f.n - len(f.first); more > 0 {
		fmt.Fprintf(b, "  … and %d more\n", more)
	}
}

// String summarizes the capture, as [Summary.String] does.
func (c *Capture) String() string {
	var s Summary
	s.Add(c)
	return s.String()
}

// Range says in a few words which values a column holds: the smallest and largest number or
// instant, or how many different strings and the first of them.
func (c *Column) Range() string {
	s := columnSummary{typ: c.typ, ofDay: c.ofDay}
	s.add(c)
	return s.String()
}

// A columnSummary is what a column holds over all batches.
type columnSummary struct {
	name        string
	typ         Type
	ofDay       bool
	cells       int
	lo, hi      int64  // of times
	least, most string // of numbers, as they are written
	min, max    float64
	some        bool // there was a number or an instant
	words       []string
	distinct    map[string]bool
}

const (
	// shownWords is how many of a column's strings are shown.
	shownWords = 6
	// mostDistinct bounds how many different values are told apart.
	mostDistinct = 1 << 20
)

// add takes in the cells of a part. Numbers are kept as they are written, besides their value: a
// float would show 18446744073709551615 otherwise.
func (s *columnSummary) add(c *Column) {
	s.cells += c.Len()
	if c.typ != s.typ {
		s.typ = String // for want of a better: parts of the capture differ
	}
	switch {
	// A column of text has each word once in its dictionary, so its rows need not be gone
	// through, however many they are.
	case c.typ == String || c.typ == Stack:
		for _, w := range c.Dictionary() {
			s.word(w)
		}
	// The column was of another type in an earlier part, and these are its words there.
	case s.typ == String || s.typ == Stack:
		for i := range c.Len() {
			s.word(c.Text(i))
		}
	case s.typ == Time:
		for i, v := range c.ints {
			if c.Null(i) {
				continue
			}
			if !s.some {
				s.lo, s.hi, s.some = v, v, true
			}
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
		}
	default:
		least, most := -1, -1
		text := func(i int, before string) string {
			if i < 0 {
				return before
			}
			return c.Text(i)
		}
		for i := range c.Len() {
			switch v := c.Float(i); {
			// A null cell, as of a column that the row lacks.
			case math.IsNaN(v):
			case !s.some:
				s.min, s.max, least, most, s.some = v, v, i, i, true
			case v < s.min || v == s.min && math.Abs(v) >= exactInt && lessInt(c.Text(i), text(least, s.least)):
				s.min, least = v, i
			case v > s.max || v == s.max && math.Abs(v) >= exactInt && lessInt(text(most, s.most), c.Text(i)):
				s.max, most = v, i
			}
		}
		s.least, s.most = text(least, s.least), text(most, s.most)
	}
}

// lessInt compares integers of one sign as they are written. Large ones, such as addresses of the
// kernel, may differ though they are one float.
func lessInt(a, b string) bool {
	if strings.HasPrefix(a, "-") {
		a, b = b, a
	}
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// word takes in a text.
func (s *columnSummary) word(w string) {
	if s.distinct == nil {
		s.distinct = map[string]bool{}
	}
	// Beyond the bound the number is told as "more than": names that never end must not fill the
	// memory of a summary.
	if s.distinct[w] || len(s.distinct) >= mostDistinct {
		return
	}
	s.distinct[w] = true
	if len(s.words) < shownWords {
		s.words = append(s.words, shortened(Printable(w)))
	}
}

// String is what stands behind the column's name and type.
func (s *columnSummary) String() string {
	switch {
	case s.cells == 0:
		return "empty"
	case s.typ == Time:
		layout := time.RFC3339
		if s.ofDay {
			layout = time.TimeOnly
		}
		return fmt.Sprintf("%s and %v on", time.Unix(0, s.lo).UTC().Format(layout), time.Duration(s.hi-s.lo).Round(time.Millisecond))
	case s.typ == String || s.typ == Stack:
		n := fmt.Sprint(len(s.distinct))
		if len(s.distinct) >= mostDistinct {
			n = "more than " + n
		}
		if s.typ == Stack {
			return n + " different"
		}
		text := strings.Join(s.words, ", ")
		if len(s.distinct) > shownWords {
			text += ", …"
		}
		return n + " different: " + text
	}
	return s.least + " … " + s.most
}

// shortened cuts a word that is too long for a line with others.
func shortened(w string) string {
	const most = 80
	n := 0
	for i := range w {
		if n++; n > most {
			return w[:i] + "…"
		}
	}
	return w
}
