package dtracefs

import (
	"fmt"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/valid"
)

// String summarizes the capture: its size, a paragraph for each table with what its columns range
// over, and everything that a reader should not overlook: drops, errors, lines not understood.
func (c *Capture) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %d bytes in %d lines", c.Name, c.Dialect, c.Bytes, c.Lines)
	if c.Lossy() {
		b.WriteString(", LOSSY: the tracer dropped data")
	}
	b.WriteString("\n")
	for _, t := range c.Tables {
		fmt.Fprintf(&b, "\ntable %s (%s), %d rows\n", t.Name, t.Kind, t.NumRows())
		for _, col := range t.Columns {
			fmt.Fprintf(&b, "  %-12s %-6s %s\n", col.Name, col.Type(), col.Range())
		}
	}
	list(&b, "drop", c.Drops, func(d Drop) (int, string) { return d.Line, d.Text })
	list(&b, "error", c.Errors, func(f Fault) (int, string) { return f.Line, f.Message })
	list(&b, "notice", c.Notices, func(n Notice) (int, string) { return n.Line, n.Text })
	list(&b, "line not understood", c.Unparsed, func(l Line) (int, string) { return l.Number, l.Text })
	return b.String()
}

// list prints the head of a list; a reader of a summary wants its length more than its tail.
func list[T any](b *strings.Builder, what string, items []T, line func(T) (int, string)) {
	const shown = 5
	if len(items) == 0 {
		return
	}
	plural := "s"
	if len(items) == 1 {
		plural = ""
	}
	if first, rest, ok := strings.Cut(what, " "); ok {
		fmt.Fprintf(b, "\n%d %s%s %s\n", len(items), first, plural, rest)
	} else {
		fmt.Fprintf(b, "\n%d %s%s\n", len(items), what, plural)
	}
	for _, item := range items[:min(shown, len(items))] {
		n, text := line(item)
		if n > 0 {
			fmt.Fprintf(b, "  line %d: ", n)
		} else {
			b.WriteString("  ")
		}
		fmt.Fprintf(b, "%s\n", strings.TrimSpace(valid.UTF8(text)))
	}
	if more := len(items) - shown; more > 0 {
		fmt.Fprintf(b, "  … and %d more\n", more)
	}
}

// Range says in a few words which values a column holds: the smallest and largest number or
// instant, or how many different strings and the first of them.
func (c *Column) Range() string {
	if c.Len() == 0 {
		return "empty"
	}
	switch c.Type() {
	case Time:
		first := c.firstCell()
		lo, hi := c.ints[first], c.ints[first]
		for i, v := range c.ints {
			if !c.Null(i) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		layout := time.RFC3339
		if c.ofDay {
			layout = time.TimeOnly
		}
		return fmt.Sprintf("%s and %v on", time.Unix(0, lo).UTC().Format(layout), time.Duration(hi-lo).Round(time.Millisecond))
	case String:
		const shown = 6
		var words []string
		distinct := c.Dictionary()
		for _, w := range distinct[:min(shown, len(distinct))] {
			words = append(words, shortened(valid.UTF8(w)))
		}
		text := strings.Join(words, ", ")
		if len(distinct) > shown {
			text += ", …"
		}
		return fmt.Sprintf("%d different: %s", len(distinct), text)
	case Stack:
		return fmt.Sprintf("%d different", len(c.Dictionary()))
	}
	least := c.firstCell()
	most := least
	for i := range c.Len() {
		if c.Float(i) < c.Float(least) {
			least = i
		}
		if c.Float(i) > c.Float(most) {
			most = i
		}
	}
	return c.Text(least) + " … " + c.Text(most)
}

// firstCell returns the first row in which the column has a cell, or 0.
func (c *Column) firstCell() int {
	for i := range c.Len() {
		if !c.Null(i) {
			return i
		}
	}
	return 0
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
