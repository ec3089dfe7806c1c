package dtracefs

import (
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// isJSONLines reports whether a text starts with JSON objects that a script printed, one on a line.
// What bpftrace, FreeBSD's dtrace and statemaps write is asked for before.
func isJSONLines(head []byte) bool {
	n := 0
	for cur := syntax.NewCursor(head); !cur.Done() && n < 20; {
		line, terminated := cur.Next()
		// The tracer's own words may stand among what the script printed, as where it drops
		// events.
		if _, isMessage := syntax.ParseMessage(line); isMessage || syntax.Blank(line) {
			continue
		}
		// The head of a text may end within an object. With whole ones before it, that is no
		// fault.
		if !terminated && n > 0 {
			break
		}
		v, end, err := syntax.ParseJSON(line)
		if err != nil || v.Kind != '{' || len(v.Members) == 0 || !syntax.Blank(line[end:]) {
			return false
		}
		n++
	}
	return n > 0
}

// jsonLines decodes objects, each on its line, into a table for each set of members. Members of
// members are columns with a dotted name.
func jsonLines(d *decoder, cur *syntax.Cursor) {
	for !cur.Done() {
		num, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		if syntax.Blank(line) {
			d.account(classBlank, size)
			continue
		}
		if m, ok := syntax.ParseMessage(line); ok {
			d.account(classNotice, size)
			d.message(num, line, m)
			continue
		}
		v, end, err := syntax.ParseJSON(line)
		if err != nil || v.Kind != '{' || !syntax.Blank(line[end:]) {
			d.account(classUnparsed, size)
			d.unparsed(num, line)
			continue
		}
		d.account(classTable, size)
		fileJSONLine(d, v)
		d.wasExact(from, cur.Offset(), 1)
	}
}

// fileJSONLine files an object. Objects with other members, or with the same ones in another
// order, have a table of their own, so that a column always stands for one thing.
func fileJSONLine(d *decoder, v syntax.JSON) {
	names, leaves := v.Names, v.Members
	if slices.ContainsFunc(v.Members, func(m syntax.JSON) bool { return m.Kind == '{' }) {
		names, leaves = nil, nil
		flattenJSON("", v, func(name string, leaf syntax.JSON) {
			names, leaves = append(names, name), append(leaves, leaf)
		})
	}
	// Names may hold blanks and commas, so a zero byte parts them.
	s := d.sheetFor("json/"+strings.Join(names, "\x00"), "json", "json")
	s.inferred = true
	for i, name := range names {
		switch leaf := leaves[i]; leaf.Kind {
		case 't', 'f', 'n':
			s.leaf(name, leaf)
		default:
			// Of which type numbers are shows when all are there: the first one may be whole and
			// the next have a fraction.
			s.open(name, String).appendString(leafText(leaf))
		}
	}
	s.end()
}

// flattenJSON hands the leaves of a value to each, with the names that lead to them. A list is a
// leaf: its elements are of one column, not columns.
func flattenJSON(name string, v syntax.JSON, each func(name string, leaf syntax.JSON)) {
	// An empty object has no leaves. It is one itself, or its name would be lost.
	if v.Kind != '{' || len(v.Members) == 0 {
		each(name, v)
		return
	}
	for i, n := range v.Names {
		if name != "" {
			n = name + "." + n
		}
		flattenJSON(n, v.Members[i], each)
	}
}

// leafText is a leaf as text, lists and what is in them with their brackets.
func leafText(v syntax.JSON) string {
	parts := make([]string, len(v.Members))
	for i, m := range v.Members {
		parts[i] = leafText(m)
		if v.Kind == '{' {
			parts[i] = v.Names[i] + ": " + parts[i]
		}
	}
	switch all := strings.Join(parts, ", "); v.Kind {
	case 't':
		return "true"
	case 'f':
		return "false"
	case 'n':
		return "null"
	case '{':
		return "{" + all + "}"
	case '[':
		return "[" + all + "]"
	}
	return v.Text
}
