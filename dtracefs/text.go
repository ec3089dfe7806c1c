package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// longestName bounds, in bytes, an entry whose name goes over the end of a line.
const longestName = 128

// text decodes what DTrace or bpftrace print as text.
func (d *decoder) text(data []byte) {
	cur := syntax.NewCursor(data)
	for !cur.Done() {
		num := cur.Number()
		line, terminated := cur.Next()
		d.textLine(num, line, terminated)
	}
	d.flushPending()
	d.c.Lines = cur.Number() - 1
}

func (d *decoder) textLine(num int, line []byte, terminated bool) {
	a := d.activity
	if a.pending == nil {
		if ns, ok := syntax.EpochStamp(line); ok {
			a.stamp, a.stamped = ns, true
			return
		}
		if syntax.Blank(line) {
			a.stamped = a.stamped && d.c.Dialect == "bpftrace"
			return
		}
	}
	if m, ok := syntax.ParseMessage(line); ok {
		d.message(num, line, m)
		return
	}
	if !a.stamped {
		d.unparsed(num, line)
		return
	}
	if !terminated {
		d.flushPending()
		d.truncated(num, line)
		return
	}
	d.entry(num, line)
}

// entry adds an entry of a block, which may have started on lines before.
func (d *decoder) entry(num int, line []byte) {
	a := d.activity
	whole := line
	if a.pending != nil {
		whole = append(append(a.pending, '\n'), line...)
	}
	kind, name, value, ok := d.splitEntry(whole)
	switch {
	case ok:
		a.pending = nil
		a.add(kind, name, value)
	case len(whole) <= longestName && d.mayGoOn(whole):
		if a.pending == nil {
			a.pendingLine = num
		}
		a.pending = bytes.Clone(whole)
	default:
		d.flushPending()
		d.unparsed(num, line)
	}
}

// mayGoOn reports whether line can be the start of an entry whose name holds the end of
// the line.
func (d *decoder) mayGoOn(line []byte) bool {
	if syntax.OpenMapEntry(line) {
		return true
	}
	i := bytes.IndexByte(line, ' ')
	return i > 0 && syntax.IsKind(line[:i])
}

func (d *decoder) splitEntry(line []byte) (kind, name []byte, value int64, ok bool) {
	if line[0] != '@' {
		e, ok := syntax.ActivityEntry(line)
		return e.Kind, e.Name, e.Value, ok
	}
	_, keys, text, ok := syntax.MapEntry(line)
	if !ok {
		return nil, nil, 0, false
	}
	kind, name, ok = bytes.Cut(keys, []byte(", "))
	value, isInt := syntax.Int(text)
	return kind, name, value, ok && isInt && syntax.IsKind(kind)
}

// flushPending gives up an entry that never ended.
func (d *decoder) flushPending() {
	a := d.activity
	if a.pending == nil {
		return
	}
	for i, l := range bytes.Split(a.pending, []byte("\n")) {
		d.unparsed(a.pendingLine+i, l)
	}
	a.pending = nil
}
