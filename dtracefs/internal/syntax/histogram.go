package syntax

import (
	"bytes"
	"math"
	"strings"
)

// HistHeader reports whether the line heads a histogram, and whether its rows are labeled by keys
// (agghist) instead of values. Column titles are looked at as words, since terminals and copies
// change the blanks between them; a header that was cut may lack the last.
func HistHeader(line []byte) (byKey, ok bool) {
	i := bytes.Index(line, []byte("- Distribution -"))
	if i < 0 {
		return false, false
	}
	words := bytes.Fields(line)
	if n := len(words); n < 4 || n > 5 || len(bytes.Trim(words[1], "-")) > 0 || len(bytes.Trim(words[3], "-")) > 0 || n == 5 && string(words[4]) != "count" {
		return false, false
	}
	first := string(words[0])
	return first == "key", first == "key" || first == "value"
}

// HistRow splits a row `label bar count`. Bars and columns are hints: the label is what stands
// before the bar and the pipe, the count what stands behind. A missing count, as where a capture
// was cut, is not ok but has hasCount false. A key of agghist may hold a pipe itself, so the last
// one counts.
func HistRow(line []byte) (label []byte, count int64, unsigned, hasCount, ok bool) {
	pipe := bytes.LastIndexByte(line, '|')
	if pipe < 0 {
		return nil, 0, false, false, false
	}
	label = bytes.TrimRight(line[:pipe], "@ ")
	label = bytes.TrimLeft(label, " ")
	text := bytes.TrimRight(bytes.TrimLeftFunc(line[pipe+1:], isBar), " \t")
	if len(text) == 0 {
		return label, 0, false, false, len(label) > 0
	}
	count, unsigned, ok = Int64(text)
	return label, count, unsigned, true, ok && len(label) > 0
}

// isBar reports whether bars are drawn with r: on illumos they are of block elements where the
// terminal is of Unicode.
func isBar(r rune) bool { return r == '@' || r == ' ' || r == '#' || r >= 0x2580 && r <= 0x259f }

// PackHeader reports whether the line heads packed histograms (aggpack):
// `key  min .---. max  | count`.
func PackHeader(line []byte) bool {
	keys, rest, ok := bytes.Cut(line, []byte("min "))
	if !ok || len(keys) > 0 && keys[len(keys)-1] != ' ' {
		return false
	}
	words := bytes.Fields(rest)
	return len(words) == 4 && len(words[0]) >= 3 && words[0][0] == '.' && words[0][len(words[0])-1] == '.' && len(bytes.Trim(words[0], "-.")) == 0 &&
		string(words[1]) == "max" && string(words[2]) == "|" && string(words[3]) == "count"
}

// PackRow splits a packed histogram: keys, the least label, a character for each bucket, the
// greatest label and the count. where are the columns of the dots in the header, under which the
// colons stand unless the keys are longer than their columns.
func PackRow(line []byte, where [2]int) (keys, min, packed, max []byte, count int64, ok bool) {
	bar := bytes.LastIndexByte(line, '|')
	if bar < 0 {
		return
	}
	count, _, ok = Int64(bytes.TrimSpace(line[bar+1:]))
	if !ok {
		return
	}
	left := bytes.Index(line[:bar], []byte(" :"))
	right := bytes.LastIndex(line[:bar], []byte(": "))
	if where[0] > 0 && where[0] < bar && line[where[0]] == ':' {
		left = where[0] - 1
	}
	if left < 0 || right < left+2 {
		return nil, nil, nil, nil, 0, false
	}
	packed = line[left+2 : right]
	max = bytes.TrimSpace(line[right+1 : bar])
	before := bytes.TrimRight(line[:left], " ")
	i := bytes.LastIndexByte(before, ' ') + 1
	if i >= 3 {
		if op := string(bytes.TrimLeft(before[i-3:i], " ")); op == "< " || op == ">= " || op == "<= " {
			i -= len(op)
		}
	}
	return bytes.TrimSpace(before[:i]), bytes.TrimSpace(before[i:]), packed, max, count, true
}

// PackColumns returns the columns of the two dots in a header of packed histograms.
func PackColumns(header []byte) [2]int {
	return [2]int{bytes.IndexByte(header, '.'), bytes.LastIndexByte(header, '.')}
}

// A Bucket is a range of integers, both ends included. NoLow and NoHigh say that it is open on
// that side; the bound there is 0 then.
type Bucket struct {
	Low, High     int64
	NoLow, NoHigh bool
	Unsigned      bool // both bounds are beyond int64, and are the bits of an uint64
}

// Labels turns the labels of one histogram, in their order, into buckets. ok is false for labels
// that are no numbers. A row has one number only, and which numbers fall into it depends on the
// aggregation, which is not printed; but all labels together show whether the steps are even
// (lquantize), powers of two (quantize), or neither (llquantize).
func Labels(labels []string) (buckets []Bucket, ok bool) {
	buckets = make([]Bucket, len(labels))
	values := make([]int64, len(labels))
	plain := make([]bool, len(labels))
	for i, l := range labels {
		switch {
		case strings.HasPrefix(l, "<= "):
			values[i], ok = Int([]byte(l[3:]))
			buckets[i] = Bucket{High: values[i], NoLow: true}
		case strings.HasPrefix(l, "< "):
			values[i], ok = Int([]byte(l[2:]))
			buckets[i] = Bucket{High: values[i] - 1, NoLow: true}
		case strings.HasPrefix(l, ">= "):
			values[i], ok = Int([]byte(l[3:]))
			buckets[i] = Bucket{Low: values[i], NoHigh: true}
		case strings.HasPrefix(l, "abs() < "):
			values[i], ok = Int([]byte(l[8:]))
			buckets[i] = Bucket{Low: 1 - values[i], High: values[i] - 1}
		default:
			values[i], ok = Int([]byte(l))
			plain[i] = true
		}
		if !ok {
			return nil, false
		}
	}
	fillBuckets(buckets, values, plain)
	return buckets, true
}

// fillBuckets sets the ranges of buckets labeled by one bound: the one nearer to 0, so 8 is 8 to
// 15 and -8 is -15 to -8.
func fillBuckets(buckets []Bucket, values []int64, plain []bool) {
	linear := isLinear(values, plain)
	for i, v := range values {
		if !plain[i] {
			continue
		}
		switch {
		case linear != 0:
			buckets[i] = Bucket{Low: v, High: v + linear - 1}
		case v == 0:
			buckets[i] = Bucket{}
		case v < 0:
			low := 2 * v
			if i > 0 && !isPower(values, plain) {
				low = values[i-1]
			}
			buckets[i] = Bucket{Low: low + 1, High: v}
		default:
			high := int64(math.MaxInt64)
			if v <= math.MaxInt64/2 {
				high = 2*v - 1
			}
			if i+1 < len(values) && !isPower(values, plain) {
				high = values[i+1] - 1
			}
			buckets[i] = Bucket{Low: v, High: high}
		}
	}
}

// isLinear returns the step between labels that lie at equal distances, as lquantize's do, or 0.
// Few labels that are powers of two, such as 0, 1, 2, may be of either; they are taken for
// quantize's.
func isLinear(values []int64, plain []bool) int64 {
	var step int64
	n := 0
	for i := 1; i < len(values); i++ {
		if !plain[i] && !plain[i-1] {
			continue
		}
		d := values[i] - values[i-1]
		if !plain[i-1] && d == 0 {
			continue // "< 0" and then 0
		}
		if step == 0 {
			step = d
		}
		if d != step || d <= 0 {
			return 0
		}
		n++
	}
	if n < 2 && isPower(values, plain) || step <= 1 && isPower(values, plain) && n < 3 {
		return 0
	}
	return step
}

// isPower reports whether every label is 0 or a power of two, as quantize's are. A label with a
// comparison before it is none of quantize's.
func isPower(values []int64, plain []bool) bool {
	for i, v := range values {
		if !plain[i] {
			return false
		}
		if v < 0 {
			v = -v
		}
		if v&(v-1) != 0 && v != math.MinInt64 {
			return false
		}
	}
	return true
}
