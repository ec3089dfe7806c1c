package syntax

import "bytes"

// deepestRecord bounds how deep records lie in each other.
const deepestRecord = 64

// ParseRecord reads a record as bpftrace prints it, `{ .pid = 12, .comm = nginx, .at = { .x = 1 } }`, which is
// the whole of text. Its members are numbers, records or else strings: those stand without quotes, so that
// one ends where the next member or the end of the record shows.
func ParseRecord(text []byte) (v JSON, ok bool) {
	v, rest, ok := record(bytes.TrimSpace(text), 0)
	return v, ok && len(rest) == 0
}

func record(text []byte, depth int) (v JSON, rest []byte, ok bool) {
	v.Kind = '{'
	text, ok = bytes.CutPrefix(text, []byte("{ "))
	if !ok || depth > deepestRecord {
		return v, nil, false
	}
	for {
		name, rest, ok := memberStart(text)
		if !ok {
			return v, nil, false
		}
		var m JSON
		if m, rest, ok = record(rest, depth+1); !ok {
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
	kind := byte('"')
	if _, _, ok := Int64(text); ok {
		kind = '0'
	}
	return JSON{Kind: kind, Text: string(text)}
}
