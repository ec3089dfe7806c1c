package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// aggregation takes the rows of an aggregation's default print: those that follow each
// other make a block; rows with the same kinds of keys stack into one table.
func (t *text) aggregation(num int, line []byte) bool {
	if n := len(t.free); n > 0 && t.free[n-1].num != 0 {
		return false // it belongs to the text above it
	}
	keys, value, unsigned, ok := syntax.AggRow(line)
	if !ok {
		return false
	}
	if next := t.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return false // it holds a histogram's keys
		}
		if kind, _ := syntax.Frame(next); kind == syntax.SureFrame {
			return false
		}
	}
	if t.lastStack && len(keys) == 0 {
		t.take(classTable)
		t.stackRow(nil, stackRuns{}, nil, value, unsigned)
		return true
	}
	title := t.title()
	if t.blanks > 0 || t.block == 0 {
		t.block++
	}
	t.take(classTable)
	t.aggRow(title, unnamed(keys), value, unsigned)
	for !t.cur.Done() {
		line := plain(t.cur.Peek())
		if cpu, v, ok := perCPU(line); ok {
			t.take(classTable)
			t.perCPURow(unnamed(keys), cpu, v)
			continue
		}
		next, value, unsigned, ok := syntax.AggRow(line)
		if !ok {
			break
		}
		if after := t.peekAfter(); after != nil {
			if _, ok := syntax.HistHeader(after); ok {
				break
			}
		}
		t.take(classTable)
		keys = next
		t.aggRow(title, unnamed(keys), value, unsigned)
	}
	t.lastStack = false
	return true
}

// aggRow adds a tuple with its value.
func (t *text) aggRow(title string, keys []named, value int64, unsigned bool) {
	t.newBlockIfSeen(tupleOf("agg", keys))
	name := t.nameTuple(keys, false)
	s := t.sheet("agg/"+name+"/"+title+"/"+signature(keys), t.nameOf(title, t.nameOf(name, "agg")), "agg")
	t.context(s)
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.int("value", value, unsigned)
	s.int("block", int64(t.block), false)
	s.end()
}

// perCPU splits what -x aggpercpu prints after a value, `    [CPU 3]   12`.
func perCPU(line []byte) (cpu, value int64, ok bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " "), []byte("[CPU "))
	if !ok {
		return 0, 0, false
	}
	number, rest, ok := bytes.Cut(rest, []byte("]"))
	cpu, ok1 := syntax.Int(number)
	value, ok2 := syntax.Int(bytes.TrimSpace(rest))
	return cpu, value, ok && ok1 && ok2
}

func (t *text) perCPURow(keys []named, cpu, value int64) {
	s := t.sheet("percpu/"+signature(keys), "percpu", "agg")
	t.context(s)
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.int("cpu", cpu, false)
	s.int("value", value, false)
	s.int("block", int64(t.block), false)
	s.end()
}
