package syntax

import (
	"bytes"
	"strings"
)

// deepestRecord bounds how deep records lie in each other.
const deepestRecord = 64

// ParseRecord reads a record or a tuple as bpftrace prints them, `{ .pid = 12, .at = { .x = 1 } }`
// and `(12, nginx)`, which is the whole of text. Their members are numbers, records, tuples or else
// strings: those stand without quotes, so that one ends where the next member or the end shows.
func ParseRecord(text []byte) (v JSON, ok bool) {
	v, rest, ok := compound(bytes.TrimSpace(text), 0)
	return v, ok && len(rest) == 0
}

// SplitKeys splits keys of a map at a separator, but not within a record, a tuple or a list.
func SplitKeys(text, separator string) (keys []string) {
	for {
		// A separator within brackets parts nothing: `(1, 2), 3` is two keys. Brackets that are
		// not closed, as in `(1, 2`, or behind which the key goes on, as in `(1, 2) x`, are text
		// like any other.
		n := closedAt(text)
		if n < 0 || n < len(text) && !strings.HasPrefix(text[n:], separator) {
			n = strings.Index(text, separator)
		}
		if n < 0 || n == len(text) {
			return append(keys, text)
		}
		keys, text = append(keys, text[:n]), text[n+len(separator):]
	}
}

// closedAt is the offset behind the bracket that closes the one that text starts with; -1 if it
// starts with none, or nothing closes it.
func closedAt(text string) int {
	if text == "" || strings.IndexByte("([{", text[0]) < 0 {
		return -1
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func compound(text []byte, depth int) (v JSON, rest []byte, ok bool) {
	switch {
	case depth > deepestRecord:
		return v, nil, false
	case bytes.HasPrefix(text, []byte("{ ")):
		return record(text[2:], depth)
	case len(text) > 0 && text[0] == '(':
		return tuple(text, depth)
	}
	return v, nil, false
}

// tuple reads two members and more in brackets.
func tuple(text []byte, depth int) (v JSON, rest []byte, ok bool) {
	end := closedAt(string(text))
	if end < 0 {
		return v, nil, false
	}
	v.Kind = '['
	for _, part := range SplitKeys(string(text[1:end-1]), ", ") {
		// A part that is more than a record or a tuple is a string, as `x (y, z)` and `(y, z) x`
		// are.
		m, after, ok := compound([]byte(part), depth+1)
		if !ok || len(after) > 0 {
			m = scalar([]byte(part))
		}
		v.Members = append(v.Members, m)
	}
	return v, text[end:], len(v.Members) > 1
}

// record reads members up to the end of their record.
func record(text []byte, depth int) (v JSON, rest []byte, ok bool) {
	v.Kind = '{'
	for {
		name, rest, ok := memberStart(text)
		if !ok {
			return v, nil, false
		}
		var m JSON
		// A record or a tuple counts only if the record around it goes on or ends right behind
		// it. In `{ .a = (x, y) z }` the value is the string `(x, y) z`. The text is then read
		// again from the member's name on.
		if m, rest, ok = compound(rest, depth+1); !ok || !bytes.HasPrefix(rest, []byte(" }")) && !bytes.HasPrefix(rest, []byte(", .")) {
			_, after, _ := memberStart(text)
			end := endOfMember(after)
			if end < 0 {
				return v, nil, false
			}
			m, rest = scalar(after[:end]), after[end:]
		}
		v.Names, v.Members = append(v.Names, string(name)), append(v.Members, m)
		if after, ok := bytes.CutPrefix(rest, []byte(" }")); ok {
			return v, after, true
		}
		if text, ok = bytes.CutPrefix(rest, []byte(", ")); !ok {
			return v, nil, false
		}
	}
}

// memberStart splits `.name = ` off.
func memberStart(text []byte) (name, rest []byte, ok bool) {
	n := 1
	for n < len(text) && (isWordStart(text[n]) || n > 1 && text[n]-'0' <= 9) {
		n++
	}
	if len(text) == 0 || text[0] != '.' || n == 1 {
		return nil, nil, false
	}
	rest, ok = bytes.CutPrefix(text[n:], []byte(" = "))
	return text[1:n], rest, ok
}

// endOfMember is where a member that is no record ends; -1 if nothing shows its end.
func endOfMember(text []byte) int {
	for i := range text {
		if bytes.HasPrefix(text[i:], []byte(" }")) {
			return i
		}
		// Strings stand without quotes, so a comma alone ends none: in `{ .name = a, b, .n = -1
		// }` the name is `a, b`. Only a comma with a member behind it does.
		if after, ok := bytes.CutPrefix(text[i:], []byte(", ")); ok {
			if _, _, ok := memberStart(after); ok {
				return i
			}
		}
	}
	return -1
}

// scalar is a number, or else a string.
func scalar(text []byte) JSON {
	// Integers beyond 63 bits are numbers, too; those in hexadecimal, such as pointers, stay
	// text.
	kind := byte('"')
	if _, _, ok := Int64(text); ok {
		kind = '0'
	}
	return JSON{Kind: kind, Text: string(text)}
}
