package syntax

import (
	"bytes"
	"strings"
)

// Scale reads bpftrace's numbers with a suffix of powers of 1024, such as 2K or 1M, which bounds
// of histograms have; they are exact, as bounds are powers of two.
func Scale(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	shift := 0
	if i := strings.IndexByte("KMGTPE", b[len(b)-1]&^0x20); i >= 0 && b[len(b)-1] > '9' {
		shift = 10 * (i + 1)
		b = b[:len(b)-1]
	}
	v, ok := Int(b)
	return v << shift, ok
}

// Interval splits a row of a bpftrace histogram, `[2, 4)  16 |@@@  |`. Nothing but the bar stands
// behind the count. The bucket has both ends included, so [2, 4) is 2 to 3; a row of one number,
// `[0]`, is that alone.
func Interval(line []byte) (label []byte, b Bucket, count int64, ok bool) {
	if len(line) < 4 || line[0] != '[' && line[0] != '(' {
		return nil, b, 0, false
	}
	end := bytes.IndexAny(line, ")]")
	pipe := bytes.IndexByte(line, '|')
	if end < 0 || pipe < end {
		return nil, b, 0, false
	}
	label = line[:end+1]
	count, ok = Int(bytes.TrimSpace(line[end+1 : pipe]))
	if !ok || len(bytes.Trim(line[pipe:], "|@ \t")) > 0 {
		return nil, b, 0, false
	}
	low, high, two := bytes.Cut(line[1:end], []byte(","))
	low, high = bytes.TrimSpace(low), bytes.TrimSpace(high)
	// A row of a linear histogram with a step of one has a single number.
	if !two {
		high = low
	}
	ok1, ok2 := true, true
	if b.NoLow = string(low) == "..."; !b.NoLow {
		b.Low, ok1 = Scale(low)
	}
	if b.NoHigh = string(high) == "..."; !b.NoHigh {
		b.High, ok2 = Scale(high)
		// Both ends are integers, so an end that is not in the bucket is one above the last that
		// is.
		if line[end] == ')' {
			b.High--
		}
	}
	// As of [8E, 16E).
	b.Unsigned = !b.NoLow && b.Low < 0 && low[0] != '-'
	return label, b, count, ok1 && ok2
}

// MapHead splits `@name` or `@name[keys` off a line that starts a map's print and returns what
// follows; open says that keys started, which may go on over several lines where one is a stack.
func MapHead(line []byte) (name, rest []byte, open, ok bool) {
	if len(line) < 2 || line[0] != '@' {
		return nil, nil, false, false
	}
	n := 1
	for n < len(line) && isWordByte(line[n]) {
		n++
	}
	// A name alone may be anything, as where a script prints the names of its maps.
	if n == len(line) {
		return nil, nil, false, false
	}
	switch line[n] {
	case '[':
		return line[:n], line[n+1:], true, true
	case ':':
		return line[:n], line[n+1:], false, true
	}
	return nil, nil, false, false
}

// Stats splits what bpftrace prints of stats(), `count 2, average 6, total 12`. All three words
// must be there: avg() alone prints a number.
func Stats(b []byte) (count, average, total int64, ok bool) {
	f := bytes.Fields(b)
	if len(f) != 6 || string(f[0]) != "count" || string(f[2]) != "average" || string(f[4]) != "total" {
		return 0, 0, 0, false
	}
	count, ok1 := Int(bytes.TrimSuffix(f[1], []byte(",")))
	average, ok2 := Int(bytes.TrimSuffix(f[3], []byte(",")))
	total, ok3 := Int(f[5])
	return count, average, total, ok1 && ok2 && ok3
}
