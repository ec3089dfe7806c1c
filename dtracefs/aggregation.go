package dtracefs

import (
	"bytes"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// aggregations are the rows of an aggregation's default print: those that follow each other make
// a block; rows with the same kinds of keys stack into one table. A row has its keys and its
// value in columns, behind two blanks:
//
//	nginx                                                            12
type aggregations struct{}

func (aggregations) take(st *station, num int, line []byte) bool {
	keys, value, unsigned, lines := nextAggRow(st, line)
	if lines == 0 || st.free.open() && !underLine(st, keys) {
		return false
	}
	if next := st.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return false // it holds a histogram's keys
		}
		// A value over a frame is the value of the stack before it, or of an empty one.
		if kind, _ := syntax.Frame(next); kind == syntax.SureFrame {
			return false
		}
	}
	if st.afterStack && ofEmptyStack(st, keys) {
		behind := st.behindStack
		st.take(classTable)
		stackRow(st, unnamed(keys), stackRuns{}, nil, value, unsigned)
		st.behindStack = behind
		return true
	}
	// A line right above that holds a number says of what time or round the rows are. As their
	// title it would be another one, and so a table, each time.
	if st.free.open() && !endsAsTitle(st.free.lines[len(st.free.lines)-1].text) {
		st.free.flush()
	}
	title := st.free.title()
	// Without a blank line before them rows go on in the block, unless a key comes again (see
	// newBlockIfSeen).
	if st.blanks > 0 || st.block == 0 {
		st.block++
	}
	// A title names the aggregation; only where there is none is it told by its turn.
	st.turn = -1
	if title == "" {
		st.turn = st.turns.number(st, len(keys))
	}
	st.takeLines(classTable, lines)
	aggRow(st, title, unnamed(keys), value, unsigned)
	for !st.cur.Done() {
		line := st.peek()
		// The lines of the CPUs stand under the value that sums them up, whose keys they share.
		if cpu, v, ok := perCPU(line); ok {
			st.take(classTable)
			perCPURow(st, unnamed(keys), cpu, v)
			continue
		}
		next, value, unsigned, lines := nextAggRow(st, line)
		if lines == 0 {
			break
		}
		if after := st.peekAfter(); after != nil {
			if _, ok := syntax.HistHeader(after); ok {
				break
			}
		}
		st.takeLines(classTable, lines)
		keys = next
		aggRow(st, title, unnamed(keys), value, unsigned)
	}
	st.afterStack = false
	return true
}

// nextAggRow splits the row of an aggregation that starts with line, the next one. It goes over
// several lines where a name holds their ends; lines is 0 where it is none.
func nextAggRow(st *station, line []byte) (keys []syntax.Key, value int64, unsigned bool, lines int) {
	if keys, value, unsigned, ok := syntax.AggRow(line); ok {
		return keys, value, unsigned, 1
	}
	if len(line) < 3 || string(line[:2]) != "  " || line[2] == ' ' || len(line) >= syntax.StringWidth {
		return nil, 0, false, 0
	}
	// The columns are counted over all of the lines, as the name is padded as a whole.
	row := bytes.Clone(line)
	ahead := *st.cur
	ahead.Next()
	for lines = 2; lines <= longestName && len(row) < syntax.StringWidth && !ahead.Done(); lines++ {
		next, _ := ahead.Next()
		row = append(append(row, '\n'), plain(next)...)
		if keys, value, unsigned, ok := syntax.AggRow(row); ok && len(keys) > 0 && bytes.IndexByte(keys[0].Text, '\n') >= 0 {
			return keys, value, unsigned, lines
		}
	}
	return nil, 0, false, 0
}

// longestName bounds how many lines the name of a process goes over.
const longestName = 4

// underLine reports whether a row stands by itself, though a line of free text is right above it.
// In general a row belongs to the text above, which may be the heading of a script's own table. It
// does not if that is one line that names no columns and the row has a string in its fifty columns:
//
//	7
//	  nginx                                                            12
func underLine(st *station, keys []syntax.Key) bool {
	lines := st.free.lines
	n := len(lines) - 1
	if n > 0 && lines[n-1].num != 0 || !slices.ContainsFunc(keys, func(k syntax.Key) bool { return !k.IsInt }) {
		return false
	}
	table := []textLine{lines[n]}
	for ahead := *st.cur; len(table) <= sampleRows && !ahead.Done(); {
		next, _ := ahead.Next()
		next = plain(next)
		if _, _, _, ok := syntax.AggRow(next); !ok {
			break
		}
		table = append(table, textLine{num: 1, text: next})
	}
	return !st.free.tables.headingHere(st, table, 0)
}

// endsAsTitle reports whether a line right above rows names them: it has no number, or ends in a
// colon or comma.
func endsAsTitle(line []byte) bool {
	line = bytes.TrimRight(line, " \t")
	return syntax.FirstDigit(line) < 0 || bytes.HasSuffix(line, []byte(":")) || bytes.HasSuffix(line, []byte(","))
}

// aggRow adds a tuple with its value. Rows whose keys are of other types or number have a table
// of their own.
func aggRow(st *station, title string, keys []named, value int64, unsigned bool) {
	if st.script != nil && jointRow(st, title, keys, value, unsigned) {
		return
	}
	st.newBlockIfSeen(tupleOf("agg", keys))
	name := st.turns.name(st, keys, false, st.turn)
	name = nameOf(title, nameOf(name, turnName(st.turn)))
	s := st.sheetFor("agg/"+name+"/"+title+"/"+signature(keys), name, "agg")
	st.context(s)
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.int("value", value, unsigned)
	s.int("block", int64(st.block), false)
	s.end()
}

// jointRow adds a row of several aggregations that the script prints side by side. In the text all
// of its values but the last look like keys:
//
//	open                                                              3               12
func jointRow(st *station, title string, keys []named, value int64, unsigned bool) bool {
	joint, clause := st.script.Joint(len(keys) + 1)
	n := len(keys) + 1 - len(joint) // of keys
	if joint == nil || slices.ContainsFunc(keys[n:], func(k named) bool { return !k.IsInt }) {
		return false
	}
	names := make([]string, len(joint))
	for i, a := range joint {
		names[i] = a.Name
	}
	st.newBlockIfSeen(tupleOf("agg", keys[:n]))
	// Its name is that which a printa with a format has.
	name := nameOf(title, nameOf(clause, "lines"))
	s := st.sheetFor("joint/"+strings.Join(names, ",")+"/"+title+"/"+signature(keys), name, "printf")
	st.context(s)
	taken := map[string]bool{"time": true, "label": true, "block": true}
	column := func(name string) string {
		for taken[name] {
			name += "'"
		}
		taken[name] = true
		return name
	}
	for i, k := range keys[:n] {
		s.key(column(script.KeyName(joint[0].Keys[i], i)), k.Key)
	}
	for i, k := range keys[n:] {
		s.key(column(names[i][1:]), k.Key)
	}
	s.int(column(nameOf(names[len(names)-1][1:], "value")), value, unsigned)
	s.int("block", int64(st.block), false)
	s.end()
	return true
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

// perCPURow adds the value of one CPU under the keys of the row above.
func perCPURow(st *station, keys []named, cpu, value int64) {
	s := st.sheetFor("percpu/"+signature(keys), "percpu", "agg")
	st.context(s)
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.int("cpu", cpu, false)
	s.int("value", value, false)
	s.int("block", int64(st.block), false)
	s.end()
}
