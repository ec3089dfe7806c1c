package syntax

import "bytes"

// A BarsHead is the heading of a histogram of bcc or perf-tools.
type BarsHead struct {
	What  []byte // what the buckets are of, such as usecs
	Count []byte // what is counted
	Below bool   // buckets end before their second number, as perf-tools prints them
}

// ParseBarsHead reads `usecs : count     distribution` of bcc, and `>=(ms) .. <(ms) : I/O
// |Distribution |` or `Kbytes : I/O Distribution` of perf-tools. What the buckets are of is the
// name of the table, so it must not be empty.
func ParseBarsHead(line []byte) (h BarsHead, ok bool) {
	line = bytes.TrimRight(line, " ")
	// Nearly all lines end in something else than a bar or the word, and are none.
	if n := len(line); n == 0 || line[n-1] != '|' && line[n-1]|0x20 != 'n' {
		return h, false
	}
	i := bytes.LastIndex(line, []byte(": "))
	if i < 1 {
		return h, false
	}
	rest := line[i+1:]
	// perf-tools draw the ends of the bars in the heading too.
	if n := len(rest) - 1; rest[n] == '|' {
		bar := bytes.IndexByte(rest, '|')
		if bar == n || string(bytes.TrimSpace(rest[bar+1:n])) != "Distribution" {
			return h, false
		}
		rest = rest[:bar]
	} else {
		words := bytes.Fields(rest)
		if len(words) != 2 || !bytes.EqualFold(words[1], []byte("distribution")) {
			return h, false
		}
		rest = words[0]
	}
	h.What, h.Count = bytes.TrimSpace(line[:i]), bytes.TrimSpace(rest)
	h.Below = bytes.Contains(h.What, []byte(".. <"))
	return h, len(h.What) > 0 && len(h.Count) > 0
}

// ParseBarsRow reads `4 -> 7 : 12 |****  |`, or `4 : 12 |****  |` of a linear histogram. A bound
// that is missing is none. Bounds of tenths, as in `1.0 -> 7.9`, are those of a size in which the
// next bucket starts: below 8. With below, the second number is the first of the next bucket.
func ParseBarsRow(line []byte, below bool) (label []byte, b Bucket, count int64, ok bool) {
	colon := bytes.Index(line, []byte(" : "))
	if colon < 0 {
		return nil, b, 0, false
	}
	label = bytes.TrimSpace(line[:colon])
	low, high, isRange := bytes.Cut(label, []byte("->"))
	low, high = bytes.TrimSpace(low), bytes.TrimSpace(high)
	// perf-tools leave out the bound of a bucket that is open on that side.
	if isRange && len(low) == 0 {
		b.NoLow = true
	} else if b.Low, b.Unsigned, ok = bound(low, ".0"); !ok {
		return nil, b, 0, false
	}
	b.High = b.Low
	switch {
	case isRange && len(high) == 0:
		b.NoHigh = true
	case isRange:
		if b.High, _, ok = bound(high, ".9"); !ok {
			return nil, b, 0, false
		}
		if below {
			b.High--
		}
	}
	number, bar, _ := bytes.Cut(bytes.TrimLeft(line[colon+3:], " "), []byte("|"))
	count, ok = Int(bytes.TrimSpace(number))
	return label, b, count, ok && !(b.NoLow && b.NoHigh) && len(bytes.Trim(bar, "*#@+ |")) == 0
}

// bound reads a bound that is a whole number, or that and the tenths of a bucket's edge.
func bound(word []byte, tenths string) (v int64, unsigned, ok bool) {
	return Int64(bytes.TrimSuffix(word, []byte(tenths)))
}

// PythonBytes takes the quotes off what Python prints of a string, `b'xvda'` or `'read'`.
func PythonBytes(b []byte) []byte {
	in := bytes.TrimPrefix(b, []byte("b"))
	if n := len(in); n >= 2 && (in[0] == '\'' || in[0] == '"') && in[n-1] == in[0] {
		return in[1 : n-1]
	}
	return b
}
