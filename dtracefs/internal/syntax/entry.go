package syntax

import "bytes"

// An Entry is what one process did of one kind: `kind execname value`.
type Entry struct {
	Kind, Name []byte
	Value      int64
}

// ActivityEntry splits `kind execname value`. The kind ends at the first blank and the
// value starts after the last, so that the name between may hold anything, blanks at its
// ends included.
func ActivityEntry(line []byte) (e Entry, ok bool) {
	k := kindLen(line)
	if k == 0 || k >= len(line) || line[k] != ' ' {
		return e, false
	}
	rest, v, unsigned, ok := LastInt(line[k+1:])
	if !ok || unsigned {
		return e, false
	}
	return Entry{line[:k], rest, v}, true
}

// kindLen returns the length of the identifier in lower case that b starts with.
func kindLen(b []byte) int {
	for i, c := range b {
		lower := c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9'
		if !lower {
			return i
		}
	}
	return len(b)
}

// IsKind reports whether b is an identifier in lower case, such as read_bytes.
func IsKind(b []byte) bool { return len(b) > 0 && kindLen(b) == len(b) }

// MapEntry splits a map's entry `@name[keys]: value` as bpftrace prints it. The value
// starts after the last "]: ", so that the keys may hold anything.
func MapEntry(line []byte) (name, keys, value []byte, ok bool) {
	if len(line) < 2 || line[0] != '@' {
		return nil, nil, nil, false
	}
	n := 1
	for n < len(line) && isWordByte(line[n]) {
		n++
	}
	if n == len(line) || line[n] != '[' {
		return nil, nil, nil, false
	}
	end := bytes.LastIndex(line, []byte("]: "))
	if end < n {
		return nil, nil, nil, false
	}
	return line[:n], line[n+1 : end], line[end+3:], true
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
