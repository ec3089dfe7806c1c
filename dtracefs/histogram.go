package dtracefs

import (
	"bytes"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// histograms are histograms, each with its header and rows, with the keys that free text before
// it holds and the values of other aggregations that may follow its rows:
//
//	nginx
//	         value  ------------- Distribution ------------- count
//	            -1 |                                         0
//	             0 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 3
//	             1 |                                         0
type histograms struct{}

func (histograms) take(st *station, num int, line []byte) bool {
	byKey, ok := syntax.HistHeader(line)
	if !ok {
		return false
	}
	if byKey {
		st.free.flush()
		keyHistogram(st)
		return true
	}
	if !sameBlock(st) {
		st.block++
	}
	keys, title := st.free.takeKeys()
	histogramOf(st, keys, title, nil)
	return true
}

// sameBlock reports whether a histogram follows the one before it without the second blank line
// that starts another print: one printa prints a histogram for each key, and a single blank line
// between them.
func sameBlock(st *station) bool {
	if st.block == 0 {
		return false
	}
	if n := len(st.free.lines); n > 0 {
		return !st.free.gapBefore
	}
	return st.blanks < 2
}

// histogramOf takes header and rows, and files a row for each bucket. Labels get their bounds
// together, as what `< 10` and `>= 100` mean depends on the others.
func histogramOf(st *station, keys []named, title string, stack []string) {
	st.afterStack = false
	st.take(classTable)
	var labels []string
	var counts []histCount
	for !st.cur.Done() {
		num, line := st.cur.Number(), st.peek()
		label, count, unsigned, hasCount, ok := syntax.HistRow(line)
		if !ok || !isBucketLabel(label) {
			break
		}
		st.take(classTable)
		if !hasCount {
			st.truncated(num)
		}
		labels = append(labels, string(label))
		counts = append(counts, histCount{count, unsigned, hasCount})
	}
	values := valuesAfter(st)
	// A heading without rows says nothing by itself, but the keys over it would be lost with it.
	cut := len(labels) == 0 && (len(keys) > 0 || title != "" || stack != nil || len(values) > 0)
	if cut {
		st.truncated(st.cur.Number() - 1)
		labels = []string{""} // a row for what stood over it
	}
	st.newBlockIfSeen(tupleOf("hist", keys))
	aggregation := st.turns.name(st, keys, true, -1)
	key := "hist/" + aggregation + "/" + signature(keys)
	if stack != nil {
		key += "stack"
	}
	s := st.sheetFor(key, nameOf(aggregation, "hist"), "hist")
	buckets, ok := syntax.Labels(labels)
	for i, label := range labels {
		st.context(s)
		if title != "" {
			s.text("label", []byte(title))
		}
		for _, k := range keys {
			s.key(k.name, k.Key)
		}
		if stack != nil {
			s.open("stack", Stack).appendStack(stack)
		}
		for j, v := range values {
			s.int("value"+strconv.Itoa(j+1), v, false)
		}
		s.int("block", int64(st.block), false)
		bucket := s.open("bucket", String)
		if !cut {
			bucket.appendString(label)
		}
		if ok && !cut {
			s.bucket(buckets[i])
		}
		if c := s.open("count", Int); !cut && counts[i].printed {
			c.appendNumber(counts[i].n, counts[i].unsigned)
		}
		s.end()
	}
}

// A histCount is the count of a bucket; where the capture was cut, none was printed.
type histCount struct {
	n                 int64
	unsigned, printed bool
}

// bucket appends the bounds of a bucket, both included. One without an end leaves the cell null.
func (s *sheet) bucket(b syntax.Bucket) {
	low, high := s.open("bucket_low", Int), s.open("bucket_high", Int)
	if !b.NoLow {
		low.appendNumber(b.Low, b.Unsigned)
	}
	if !b.NoHigh {
		high.appendNumber(b.High, b.Unsigned)
	}
}

// valuesAfter takes the values of other aggregations of a printa, on the line after a histogram's
// rows. A single value over the header of the next histogram is that one's key, though.
func valuesAfter(st *station) []int64 {
	if st.cur.Done() {
		return nil
	}
	line := st.peek()
	fields := bytes.Fields(line)
	if len(fields) == 0 || line[0] != ' ' {
		return nil
	}
	values := make([]int64, len(fields))
	for i, f := range fields {
		v, ok := syntax.Int(f)
		if !ok {
			return nil
		}
		values[i] = v
	}
	if next := st.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return nil
		}
	}
	st.take(classTable)
	return values
}

// isBucketLabel reports whether a label is a number, maybe with a comparison before it, and no
// name as those of agghist.
func isBucketLabel(b []byte) bool {
	for _, p := range []string{"<= ", "< ", ">= ", "abs() < "} {
		if rest, ok := bytes.CutPrefix(b, []byte(p)); ok {
			b = rest
			break
		}
	}
	_, ok := syntax.Int(b)
	return ok
}

// keyHistogram takes the rows of an aggregation that is drawn as bars (agghist).
func keyHistogram(st *station) {
	st.take(classTable)
	st.block++
	s := st.sheetFor("agghist", "agghist", "agg")
	for !st.cur.Done() {
		line := st.peek()
		label, count, unsigned, hasCount, ok := syntax.HistRow(line)
		if !ok || !hasCount {
			return
		}
		st.take(classTable)
		st.context(s)
		_, isInt := syntax.Int(label)
		s.key("key1", syntax.Key{Text: label, IsInt: isInt})
		s.int("value", count, unsigned)
		s.int("block", int64(st.block), false)
		s.end()
	}
}
