package dtracefs

import (
	"bytes"
	"fmt"
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// UnknownDialect is the dialect of text that no tracer printed, as far as one can see.
const UnknownDialect = "unknown"

// unknownSays is what inspect and each refusal say of such text.
const unknownSays = "nothing in it is anything that a tracer is known to print"

// SaysUnknown adds to an error about a capture of a dialect that it is unknown, if it is.
func SaysUnknown(err error, dialect string) error {
	if err == nil || dialect != UnknownDialect {
		return err
	}
	return fmt.Errorf("dialect unknown: %s: %w", unknownSays, err)
}

// fewestUnknown is how many lines it takes to say that a text is none of a tracer's: of less
// anything may have been printed.
const fewestUnknown = 8

// isTracerText reports whether what a text starts with is anything that tracers or their
// scripts print: they said something of themselves, or a third of the lines have a shape that
// is known or that other lines have too. It decodes the head to see. What is left is prose,
// source code and the like, in which single lines may look like rows, titles or pairs.
func isTracerText(head []byte) bool {
	// The head may end within a line, and a part of a line is like no other.
	if i := bytes.LastIndexByte(head, '\n'); i > 0 {
		head = head[:i+1]
	}
	c := &Capture{}
	st := newStation()
	d := newDecoder(c, Options{}, nil)
	lines := st.read(d, head, 1, true)
	d.finish()
	for _, n := range c.Notices {
		switch n.Kind {
		// Prose and listings have these as well: dots for what was left out, or a shell's prompt.
		case "banner", "prompt", "elided", "interrupt", "heading", "truncated", "unit":
		default:
			return true
		}
	}
	lines -= c.Account.Blank.Lines
	if len(c.Drops)+len(c.Errors) > 0 || st.mode != syntax.NoHeader {
		return true
	}
	// All of it became free text, and no stack is in it: no other rule knew a line.
	if lines > 0 && !slices.ContainsFunc(c.Tables, func(t *Table) bool { return t.Kind != "text" || t.Column("stack") != nil }) && len(c.Unparsed) == 0 {
		return false
	}
	if lines < fewestUnknown {
		return true
	}
	if slices.ContainsFunc(c.Tables, isTold) {
		return true
	}
	odd := 0 // lines that are like no others
	for _, t := range c.Tables {
		n := t.NumRows()
		if stack := t.Column("stack"); stack != nil && t.Kind == "text" {
			for i := range t.NumRows() {
				if !stack.Null(i) {
					n-- // whatever the line is, the stack under it is one
				}
			}
		}
		switch {
		// Two rows that are alike, a table of one row and a few pairs may come about by chance.
		case t.Kind == "text", t.Kind == "rows" && n < 3, t.Kind == "table" && n < 2, t.Kind == "pairs" && 2*n < lines:
			odd += n
		}
	}
	return 3*odd <= 2*lines
}

// isTold reports whether a table is one that nobody writes but a tool, whatever else is around it:
// a histogram, or rows with numbers under a heading of three names and more, all in capitals.
func isTold(t *Table) bool {
	names, numbers := 0, 0
	for _, c := range t.Columns {
		switch {
		case c.context || c.typ == Stack || c.typ == Time:
		case !isCapitals([]byte(c.Name)):
			return t.Kind == "hist"
		default:
			names++
			if numeric(c) {
				numbers++
			}
		}
	}
	return t.Kind == "hist" || t.Kind == "table" && t.NumRows() > 1 && names > 2 && numbers > 0
}

// unknownText files the lines of a text as they are.
func unknownText(d *decoder, cur *syntax.Cursor) {
	s := d.sheetFor("text", "text", "text")
	// All rows have both columns, so they need not be looked up for each.
	var numbers, texts *Column
	for !cur.Done() {
		num, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		if syntax.Blank(line) {
			d.account(classBlank, size)
			continue
		}
		d.account(classTable, size)
		d.prose(size)
		if numbers == nil {
			numbers, texts = s.open("line", Int), s.open("text", String)
		}
		numbers.appendNumber(int64(num), false)
		texts.appendText(line)
		s.end()
	}
}
