package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// documents hands the JSON texts of data, one after the other, to each, which returns whether it
// knows such a text. What lies between them and is none is unparsed, line by line. If lenient,
// excerpts as documentation shows them are read, and what a cut left of the last text counts as
// far as it goes. quick, if not nil, is offered each line first and takes those that it can read
// without ado; it must book nothing.
func documents(d *decoder, cur *syntax.Cursor, lenient bool, quick func(line []byte) bool, each func(num int, text []byte, v syntax.JSON) bool) {
	parse := syntax.ParseJSON
	if lenient {
		parse = syntax.ParseExcerpt
	}
	noDocument := 0
	for !cur.Done() {
		num, at := cur.Number(), cur.Offset()
		line := cur.Peek()
		if quick != nil && quick(line) {
			cur.Next()
			d.account(classTable, cur.Offset()-at)
			d.wasExact(at, cur.Offset(), 1)
			continue
		}
		if syntax.Blank(line) {
			cur.Next()
			d.account(classBlank, cur.Offset()-at)
			continue
		}
		// Commas between the objects of a list, and what documentation left out.
		if string(bytes.TrimSpace(line)) == "," || ellipsis.Match(line) {
			cur.Next()
			d.account(classTable, cur.Offset()-at)
			continue
		}
		if m, ok := syntax.ParseMessage(line); ok {
			cur.Next()
			d.account(classNotice, cur.Offset()-at)
			d.message(num, line, m)
			continue
		}
		// Nearly all texts stand on one line each. Only where the line ends too early for one is
		// the rest looked at, and up to where that fails no further line is: otherwise each line
		// of something long that is no JSON would be parsed to its end.
		text := line
		v, end, err := parse(line)
		if err != nil && end >= len(line) && at >= noDocument {
			text = cur.Rest()
			if v, end, err = parse(text); err != nil {
				noDocument = at + end
			}
			if err != nil && end >= len(text) && v.Kind != 0 {
				d.truncated(num)
				if lenient {
					err = nil
				}
			}
		}
		if err != nil || v.Kind != '{' && v.Kind != '[' {
			cur.Next()
			d.account(classUnparsed, cur.Offset()-at)
			d.unparsed(num, line)
			continue
		}
		stop := at + end
		d.whole = false
		ok := each(num, text[:end], v)
		skipTo(d, cur, stop, num, ok)
		if d.whole && len(v.Names) == 2 { // it has no other members than its type and data
			d.wasExact(at, cur.Offset(), cur.Number()-num)
		}
	}
}

// skipTo books the lines up to offset stop. What stands after it on its line is taken for
// the next document if it is one.
func skipTo(d *decoder, cur *syntax.Cursor, stop, num int, ok bool) {
	for !cur.Done() && cur.Offset() < stop {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		switch {
		case syntax.Blank(line):
			d.account(classBlank, size)
		case ok:
			d.account(classTable, size)
		default:
			d.account(classUnparsed, size)
			d.unparsed(n, line)
		}
		if cur.Offset() < stop || from+len(line) <= stop {
			continue
		}
		// More documents may share the last line.
		rest := bytes.TrimSpace(line[stop-from:])
		if len(rest) > 0 && string(rest) != "," {
			d.notice(num, "trailing", rest, 0)
		}
	}
}
