package syntax

import "bytes"

// A Key is one key of a tuple as the default print shows it.
type Key struct {
	Text  []byte
	IsInt bool
}

const valueWidth = 17 // a blank and 16 columns

// AggRow splits a row of an aggregation's default print: the keys in their fixed widths, then the
// value right-aligned in 16 columns after a blank. keys is nil for a row without keys. The widths
// matter, as a key may be any text, with blanks and numbers in it; a line of words whose last is
// a number is no such row unless everything stands in its columns.
func AggRow(line []byte) (keys []Key, value int64, unsigned, ok bool) {
	end := len(line)
	for end > 0 && line[end-1] == ' ' {
		end--
	}
	start := end
	for start > 0 && (line[start-1] >= '0' && line[start-1] <= '9' || line[start-1] == '-') {
		start--
	}
	if start == end || start == 0 || line[start-1] != ' ' {
		return nil, 0, false, false
	}
	value, unsigned, ok = Int64(line[start:end])
	if !ok {
		return nil, 0, false, false
	}
	// A longer value pushes to the right; a blank stands before it all the same.
	field := min(end-valueWidth, start-1)
	if field < 0 || !Blank(line[field:start]) {
		return nil, 0, false, false
	}
	keys, ok = Keys(line[:field])
	return keys, value, unsigned, ok
}

// StringWidth is the width of a string key: two blanks and 50 columns.
const StringWidth = 52

// Keys splits keys by the widths of the default print: 4, 6, 9 or 17 columns for an integer of 1,
// 2, 4 or 8 bytes, two blanks and 50 columns for a string or a symbol. Longer ones overflow. ok
// is false where something does not stand in such columns.
func Keys(b []byte) (keys []Key, ok bool) {
	for len(b) > 0 {
		if k, n := intKey(b); n > 0 {
			keys, b = append(keys, k), b[n:]
			continue
		}
		k, n := stringKey(b)
		if n == 0 {
			return nil, false
		}
		keys, b = append(keys, k), b[n:]
	}
	return keys, true
}

// intKey splits an integer off b: right-aligned in its columns, or longer than they are. An
// integer of one byte that overflows its columns cannot be told from one of two; that does not
// matter for its value.
func intKey(b []byte) (k Key, n int) {
	i := 0
	for i < len(b) && b[i] == ' ' {
		i++
	}
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	digits := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == digits || start == 0 || i < len(b) && b[i] != ' ' {
		return k, 0
	}
	switch {
	case i == 4, i == 6, i == 9, i == 17, start == 1 && i > 9:
		return Key{b[start:i], true}, i
	}
	return k, 0
}

// stringKey splits a string off b.
func stringKey(b []byte) (k Key, n int) {
	if len(b) < 3 || b[0] != ' ' || b[1] != ' ' {
		return k, 0
	}
	if len(b) >= StringWidth && (len(b) == StringWidth || b[StringWidth] == ' ') {
		return Key{bytes.TrimRight(b[2:StringWidth], " "), false}, StringWidth
	}
	if len(b) < StringWidth {
		return k, 0
	}
	// Longer than its columns: it ends where the next key's blanks start.
	i := StringWidth
	for i < len(b) && b[i] != ' ' {
		i++
	}
	for i < len(b) && i+1 < len(b) && b[i+1] != ' ' {
		i++
		for i < len(b) && b[i] != ' ' {
			i++
		}
	}
	return Key{b[2:i], false}, i
}

// KeyLine splits a line that holds the keys of a histogram or a stack and nothing else. Lines as
// scripts print them come back as one key, the text. There is always one key at least: that the
// line holds keys is known from what stands under it.
func KeyLine(line []byte) []Key {
	if keys, ok := Keys(line); ok {
		return keys
	}
	text := bytes.TrimSpace(line)
	if bytes.HasPrefix(line, []byte("  ")) && !bytes.HasPrefix(line, []byte("   ")) {
		// Trailing blanks may be lost: what is left still stands in columns.
		kept := bytes.TrimRight(line, " ")
		width := (len(kept) + StringWidth - 1) / StringWidth * StringWidth
		padded := append(bytes.Clone(kept), bytes.Repeat([]byte(" "), width-len(kept))...)
		if keys, ok := Keys(padded); ok {
			return keys
		}
	}
	_, isInt := Int(text)
	return []Key{{text, isInt}}
}
