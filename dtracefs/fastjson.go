package dtracefs

import (
	"bytes"
	"encoding/json"

	"dtnotes/dtracefs/internal/syntax"
)

// What bpftrace writes as JSON has a line for each clock, and one for each print of a map with
// all of its entries: each entry is asked for once, as a map of its own. Only the spelling of
// bpftrace itself is read here; JSON that was written anew by another program has blanks
// elsewhere, and is decoded.
//
//	{"type": "time", "data": "20:15:05\n"}
//	{"type": "map", "data": {"@calls": {"nginx,read": 12, "sshd,write": 3}}}
var (
	jsonMap    = []byte(`{"type": "map", "data": {"`)
	jsonTime   = []byte(`{"type": "time", "data": "`)
	jsonPrintf = []byte(`{"type": "printf", "data": "`)
)

// jsonMaps reads a line of bpftrace's JSON: a map, or a clock, also with what JSON writes around
// it as the clock's shape.
func (f *fastLines) jsonMaps(line []byte) bool {
	if rest, isMap := bytes.CutPrefix(line, jsonMap); isMap && f.timed {
		return f.jsonEntries(line, rest)
	}
	if c, ok := f.clocks.read(line); ok && len(line) == len(f.clocks.text) {
		f.setTime(c, line)
		return true
	}
	// A script may print its clock by time() or by printf(), often with the end of the line, which
	// JSON writes as a backslash and an n.
	for _, head := range [][]byte{jsonTime, jsonPrintf} {
		text, isClock := bytes.CutPrefix(line, head)
		if !isClock {
			continue
		}
		text, isClock = bytes.CutSuffix(text, []byte(`"}`))
		text = bytes.TrimSuffix(text, []byte(`\n`))
		text = bytes.Trim(text, " ")
		if c, n, ok := syntax.ParseClock(text); isClock && ok && n == len(text) {
			f.clocks.learn(line, c)
			f.setTime(c, line)
			return true
		}
	}
	return false
}

// jsonEntries books the entries of a map. The name of the map stands in front of each entry's
// keys when it is looked up, since two maps may have the same keys.
func (f *fastLines) jsonEntries(line, rest []byte) bool {
	end := bytes.IndexByte(rest, '"')
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(`": `)) {
		return false
	}
	name, rest := rest[:end], rest[end+3:]
	// A map without keys has its value alone: {"type": "map", "data": {"@total": 12}}.
	if len(rest) == 0 || rest[0] != '{' {
		v, ok := syntax.Int(bytes.TrimSuffix(rest, []byte("}}")))
		return ok && f.entry(line, append(f.key[:0], name...), &tail{v})
	}
	rest = rest[1:]
	// Within a string of JSON no line can end, so a name and a key never run together.
	f.key = append(append(f.key[:0], name...), '\n')
	start := len(f.key)
	for {
		n := quickKey(rest)
		if n < 0 {
			return false
		}
		keys, number := rest[1:n], rest[n+3:]
		v, digits := leadingNumber(number)
		// Negative numbers, and those of 20 digits and more, are not read by leadingNumber.
		if digits == 0 || digits == len(number) || number[digits]-'0' <= 9 {
			var ok bool
			if keys, v, number, ok = quickMember(rest); !ok {
				return false
			}
			digits = 0
		}
		f.key = append(f.key[:start], keys...)
		slot := f.memo.find(f.key)
		if slot.free() {
			// To give up halfway is safe: of a chunk that is not read to its end nothing counts,
			// and so the entries before this one do not either.
			if !f.entry(jsonOfEntry(name, keys, v), bytes.Clone(f.key), &tail{v}) {
				return false
			}
		} else {
			f.put(slot, &tail{v})
		}
		rest = number[digits:]
		if len(rest) < 2 || rest[0] != ',' || rest[1] != ' ' {
			return string(rest) == "}}}"
		}
		rest = rest[2:]
	}
}

// quickKey is where the key of a member without escapes ends that text starts with; -1 if there is
// none.
func quickKey(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		return -1
	}
	n := 1 + bytes.IndexByte(text[1:], '"')
	if n == 0 || n+3 >= len(text) || text[n+1] != ':' || text[n+2] != ' ' || bytes.IndexByte(text[1:n], '\\') >= 0 {
		return -1
	}
	return n
}

// jsonOfEntry is the line of a map with one entry. The decoder reads it as it would the entry
// among others.
func jsonOfEntry(name, keys []byte, value int64) []byte {
	b := append(bytes.Clone(jsonMap), name...)
	b = append(append(append(b, `": {"`...), keys...), `": `...)
	v, _ := json.Marshal(value)
	return append(append(b, v...), "}}}"...)
}
