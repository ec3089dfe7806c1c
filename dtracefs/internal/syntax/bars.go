package syntax

import "bytes"

// A BarsHead is the heading of a histogram of bcc or perf-tools.
type BarsHead struct {
	What  []byte // what the buckets are of, such as usecs
	Count []byte // what is counted
	Below bool   // buckets end before their second number, as perf-tools prints them
}

// ParseBarsHead reads `usecs : count     distribution` of bcc, and `>=(ms) .. <(ms) : I/O
// |Distribution |` of perf-tools.
func ParseBarsHead(line []byte) (h BarsHead, ok bool) {
	line = bytes.TrimRight(line, " ")
	if rest, ok := bytes.CutSuffix(line, []byte("distribution")); ok {
		rest = bytes.TrimRight(rest, " ")
		i := bytes.LastIndex(rest, []byte(": "))
		if i < 1 || len(rest) == len(line)-len("distribution") {
			return h, false
		}
		h.What, h.Count = bytes.TrimSpace(rest[:i]), bytes.TrimSpace(rest[i+1:])
		return h, len(h.What) > 0 && string(h.Count) == "count"
	}
	if len(line) == 0 || line[len(line)-1] != '|' {
		return h, false
	}
	bar := bytes.LastIndexByte(line[:len(line)-1], '|')
	if bar < 0 || string(bytes.TrimSpace(line[bar+1:len(line)-1])) != "Distribution" {
		return h, false
	}
	i := bytes.LastIndex(line[:bar], []byte(": "))
	if i < 1 {
		return h, false
	}
	h.What, h.Count = bytes.TrimSpace(line[:i]), bytes.TrimSpace(line[i+1:bar])
	h.Below = bytes.Contains(h.What, []byte(".. <"))
	return h, len(h.What) > 0 && len(h.Count) > 0
}

// ParseBarsRow reads `4 -> 7 : 12 |****  |`, or `4 : 12 |****  |` of a linear histogram.
func ParseBarsRow(line []byte, below bool) (label []byte, b Bucket, count int64, ok bool) {
	colon := bytes.Index(line, []byte(" : "))
	if colon < 0 {
		return nil, b, 0, false
	}
	label = bytes.TrimSpace(line[:colon])
	low, high, isRange := bytes.Cut(label, []byte(" -> "))
	high = bytes.TrimSpace(high)
	if b.Low, ok = Int(bytes.TrimSpace(low)); !ok {
		return nil, b, 0, false
	}
	b.High = b.Low
	switch {
	case isRange && len(high) == 0:
		b.NoHigh = true
	case isRange:
		if b.High, ok = Int(high); !ok {
			return nil, b, 0, false
		}
		if below {
			b.High--
		}
	}
	number, bar, _ := bytes.Cut(bytes.TrimLeft(line[colon+3:], " "), []byte("|"))
	count, ok = Int(bytes.TrimSpace(number))
	return label, b, count, ok && len(bytes.Trim(bar, "*#@+ |")) == 0
}

// PythonBytes takes the quotes off what Python prints of a string, `b'xvda'` or `'read'`.
func PythonBytes(b []byte) []byte {
	in := bytes.TrimPrefix(b, []byte("b"))
	if n := len(in); n >= 2 && (in[0] == '\'' || in[0] == '"') && in[n-1] == in[0] {
		return in[1 : n-1]
	}
	return b
}
