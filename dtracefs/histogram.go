package dtracefs

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// A named is a key with the name that the capture gives it, if any.
type named struct {
	name string
	syntax.Key
}

func unnamed(keys []syntax.Key) []named {
	out := make([]named, len(keys))
	for i, k := range keys {
		out[i] = named{"key" + strconv.Itoa(i+1), k}
	}
	return out
}

// signature tells apart the key lists that make different tables.
func signature(keys []named) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.name)
		if k.IsInt {
			b.WriteByte('#')
		}
		b.WriteByte(',')
	}
	return b.String()
}

// histogram takes a histogram: its header and rows, with the keys that free text before
// it holds and the values of other aggregations that may follow its rows.
func (t *text) histogram(num int, line []byte) bool {
	byKey, ok := syntax.HistHeader(line)
	if !ok {
		return false
	}
	if byKey {
		t.flushFree()
		t.keyHistogram()
		return true
	}
	if !t.sameBlock() {
		t.block++
	}
	keys, title := t.takeKeys()
	t.histogramOf(keys, title, nil)
	return true
}

// sameBlock reports whether a histogram follows the one before it without the second
// blank line that starts another print.
func (t *text) sameBlock() bool {
	if t.block == 0 {
		return false
	}
	if n := len(t.free); n > 0 {
		return !t.gapBefore
	}
	return t.blanks < 2
}

// histogramOf takes header and rows.
func (t *text) histogramOf(keys []named, title string, stack []string) {
	t.lastStack = false
	t.take(classTable)
	var labels []string
	var counts []histCount
	for !t.cur.Done() {
		num, line := t.cur.Number(), plain(t.cur.Peek())
		label, count, unsigned, hasCount, ok := syntax.HistRow(line)
		if !ok || !isBucketLabel(label) {
			break
		}
		t.take(classTable)
		if !hasCount {
			t.truncated(num)
		}
		labels = append(labels, string(label))
		counts = append(counts, histCount{count, unsigned, hasCount})
	}
	values := t.valuesAfter()
	t.newBlockIfSeen(tupleOf("hist", keys))
	aggregation := t.nameTuple(keys, true)
	key := "hist/" + aggregation + "/" + signature(keys)
	if stack != nil {
		key += "stack"
	}
	s := t.sheet(key, t.nameOf(aggregation, "hist"), "hist")
	buckets, ok := syntax.Labels(labels)
	for i, label := range labels {
		t.context(s)
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
		s.int("block", int64(t.block), false)
		s.text("bucket", []byte(label))
		if ok {
			s.bucket(buckets[i])
		}
		if c := s.open("count", Int); counts[i].printed {
			c.appendNumber(counts[i].n, counts[i].unsigned)
		}
		s.end()
	}
}

// newBlockIfSeen starts another block where a tuple comes that the block already has: then
// another aggregation, or the same again, is being printed.
func (t *text) newBlockIfSeen(tuple []string) {
	key := strings.Join(tuple, "\x00")
	if t.seen == nil || t.seenBlock != t.block {
		t.seen, t.seenBlock = map[string]bool{}, t.block
	}
	if t.seen[key] {
		t.block++
		t.seen, t.seenBlock = map[string]bool{}, t.block
	}
	t.seen[key] = true
}

// tupleOf returns the keys after what they are of.
func tupleOf(table string, keys []named) []string {
	tuple := []string{table}
	for _, k := range keys {
		tuple = append(tuple, string(k.Text))
	}
	return tuple
}

type histCount struct {
	n                 int64
	unsigned, printed bool
}

func (s *sheet) bucket(b syntax.Bucket) {
	low, high := s.open("bucket_low", Int), s.open("bucket_high", Int)
	if !b.NoLow {
		low.appendNumber(b.Low, false)
	}
	if !b.NoHigh {
		high.appendNumber(b.High, false)
	}
}

// valuesAfter takes the values of other aggregations of a printa, on the line after a
// histogram's rows.
func (t *text) valuesAfter() []int64 {
	if t.cur.Done() {
		return nil
	}
	line := plain(t.cur.Peek())
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
	if next := t.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return nil
		}
	}
	t.take(classTable)
	return values
}

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
func (t *text) keyHistogram() {
	t.take(classTable)
	t.block++
	s := t.sheet("agghist", "agghist", "agg")
	for !t.cur.Done() {
		line := plain(t.cur.Peek())
		label, count, unsigned, hasCount, ok := syntax.HistRow(line)
		if !ok || !hasCount {
			return
		}
		t.take(classTable)
		t.context(s)
		_, isInt := syntax.Int(label)
		s.key("key1", syntax.Key{Text: label, IsInt: isInt})
		s.int("value", count, unsigned)
		s.int("block", int64(t.block), false)
		s.end()
	}
}

// packed takes packed histograms (aggpack): a header and a row for each tuple.
func (t *text) packed(num int, line []byte) bool {
	if !syntax.PackHeader(line) {
		return false
	}
	t.flushFree()
	t.take(classTable)
	t.block++
	where := syntax.PackColumns(line)
	s := t.sheet("packed", "packed", "packed")
	for !t.cur.Done() {
		keys, low, buckets, high, count, ok := syntax.PackRow(plain(t.cur.Peek()), where)
		if !ok {
			break
		}
		t.take(classTable)
		t.context(s)
		if len(keys) > 0 {
			for i, k := range gap.Split(string(keys), -1) {
				_, isInt := syntax.Int([]byte(k))
				s.key("key"+strconv.Itoa(i+1), syntax.Key{Text: []byte(k), IsInt: isInt})
			}
		}
		s.text("min", low)
		s.text("packed", buckets)
		s.text("max", high)
		s.int("count", count, false)
		s.int("block", int64(t.block), false)
		s.end()
	}
	return true
}

var keyPair = regexp.MustCompile(`([A-Za-z][\w/%]*):\s+(\S+(?: \S+)*)`)

// takeKeys takes the keys that stand on the last line of the free text, at most one blank
// line above; further up it is a title.
func (t *text) takeKeys() (keys []named, title string) {
	n := len(t.free)
	for n > 0 && t.free[n-1].num == 0 {
		n--
	}
	if n == 0 || t.blanks > 1 || t.isStampLine(t.free[n-1].text) {
		title = t.title()
		return nil, title
	}
	line := t.free[n-1].text
	size := t.freeSize(n - 1)
	t.free = t.free[:n-1]
	title = t.title()
	t.account(classTable, size)
	if pairs := keyPair.FindAllSubmatch(line, -1); pairs != nil && bytes.Contains(line, []byte(": ")) && line[0] == ' ' {
		for _, p := range pairs {
			_, isInt := syntax.Int(p[2])
			keys = append(keys, named{string(p[1]), syntax.Key{Text: p[2], IsInt: isInt}})
		}
		return keys, title
	}
	keys = unnamed(syntax.KeyLine(line))
	if len(keys) == 1 && !keys[0].IsInt {
		if parts := gap.Split(string(keys[0].Text), -1); len(parts) > 1 {
			keys = keys[:0]
			for i, p := range parts {
				_, isInt := syntax.Int([]byte(p))
				keys = append(keys, named{"key" + strconv.Itoa(i+1), syntax.Key{Text: []byte(p), IsInt: isInt}})
			}
		}
	}
	if len(keys) == len(t.keyNames) {
		for i := range keys {
			keys[i].name = t.keyNames[i]
		}
	}
	return keys, title
}
