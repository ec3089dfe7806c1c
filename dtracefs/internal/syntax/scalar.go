package syntax

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// Int returns the decimal integer that b is, with an optional minus sign, in the range of int64.
// strconv would take a plus and need a string; this is called for every number of a capture.
func Int(b []byte) (v int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	u, ok := Uint(b)
	switch {
	case !ok:
		return 0, false
	case neg:
		return -int64(u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}

// Uint returns the decimal integer that b is, in the range of uint64.
func Uint(b []byte) (v uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for i, c := range b {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		// Only the twentieth digit can go beyond 64 bits.
		if i == 19 && (v > math.MaxUint64/10 || v == math.MaxUint64/10 && c > 5) {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	return v, true
}

// LastInt splits "text 123" at its last blank and returns the integer behind it. Unsigned tells
// that the integer only fits an uint64, whose bits v then has. The text may be empty or end in
// blanks: a process may be called so.
func LastInt(line []byte) (text []byte, v int64, unsigned, ok bool) {
	i := len(line)
	for i > 0 && line[i-1] != ' ' {
		i--
	}
	if i == 0 {
		return nil, 0, false, false
	}
	v, unsigned, ok = Int64(line[i:])
	return line[:i-1], v, unsigned, ok
}

// Int64 is [Int] for any 64-bit integer, signed or not.
func Int64(b []byte) (v int64, unsigned, ok bool) {
	if v, ok := Int(b); ok {
		return v, false, true
	}
	u, ok := Uint(b)
	return int64(u), ok, ok
}

// Blank reports whether a line has nothing but blanks. Those of Unicode are some too, as package
// bytes has it: a line that is not blank has a word.
func Blank(line []byte) bool {
	for i, c := range line {
		if c >= utf8.RuneSelf {
			return len(bytes.TrimSpace(line[i:])) == 0
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v' {
			return false
		}
	}
	return true
}

// FirstDigit returns the place of the first digit in a text; -1 if it has none.
func FirstDigit(text []byte) int {
	for i, c := range text {
		if c-'0' <= 9 {
			return i
		}
	}
	return -1
}

// TrimIndent returns the line without the blanks and tabs that it starts with.
func TrimIndent(line []byte) []byte {
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	return line
}

// EpochStamp returns the nanoseconds since the epoch that a line is by itself: a wall clock of 19
// digits (DTrace's walltimestamp), or seconds with a decimal fraction (strftime's %s.%f). A
// number of 19 digits is in range from 2001 on, and other numbers are rarely as long.
func EpochStamp(line []byte) (ns int64, ok bool) {
	n := len(line)
	for n > 0 && line[n-1] == ' ' {
		n--
	}
	line = line[:n]
	if n < 12 || n > 20 || line[0] < '0' || line[0] > '9' {
		return 0, false
	}
	if n == 19 && line[10] != '.' {
		ns, ok = Int(line)
		return ns, ok && ns >= 1e18 && ns < 4e18
	}
	if line[10] != '.' {
		return 0, false
	}
	sec, ok1 := Int(line[:10])
	frac, ok2 := Uint(line[11:])
	for range 9 - (n - 11) {
		frac *= 10
	}
	return sec*1e9 + int64(frac), ok1 && ok2 && sec >= 1e9
}
