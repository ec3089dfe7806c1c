package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// A layout is where the time and the values of a line stand. It says nothing of what they mean,
// and so is the same for all forms whose lines look alike.
type layout struct {
	timed  timePlace
	values valuePlace
	n      int    // how many numbers count
	time   []byte // what stands before the time, where it stands within the line
	value  []byte // what stands before the value, where it does
	comma  byte   // what parts the cells of CSV
	field  [2]int // the cells of time and value then
	early  bool   // the value stands before the time
	by     []int  // words of a row that say whose event it is; nil if the whole rest does
	words  int    // of a row of events
	digits uint64 // a bit for each that is a number
	lead   int    // numbers before the words that say whose event it is,
	run    int    // how many words those are; 0 if others stand between
	after  int    // words behind them
	maps   bool   // bpftrace's JSON: a line holds all entries of a map
}

// A timePlace is where the time of a row stands.
type timePlace uint8

const (
	timeAbove  timePlace = iota // on a line of its own
	timeFirst                   // the line starts with it
	timeBehind                  // behind a name, as in JSON
	timeCell                    // in a cell of CSV
)

// A valuePlace is where the numbers of a row stand that count.
type valuePlace uint8

const (
	valueLast valuePlace = iota
	valueFirst
	valueBehind
	valueCell
	valueNone
)

// layouts are those that lines counted as m says may have, the likeliest first; none where lines
// cannot be counted one by one. Levels of a block must be put together first, distributions have
// rows of several lines, blocks without clocks need the blank lines between, and rows of
// different tables would have times of their own. Each layout is only a guess: it is tried on the
// sample.
func layouts(m *Measure, dl dialect, sample []byte) []layout {
	n := len(m.Tables)
	first := &m.Tables[0]
	for i := range m.Tables {
		t := &m.Tables[i]
		if t.As == AsGauge || t.As == AsDistribution || t.timing != first.timing || t.timing == byBlock || t.Table != first.Table && t.timing == byRow {
			return nil
		}
	}
	switch {
	case dl.name == "csv":
		return csvLayouts(m, sample)
	case dl.name == "json":
		return jsonLayouts(m)
	case dl.name == "bpftrace-json" && first.timing == byStamp:
		return []layout{{maps: true, n: 1}}
	// Rows of interval tools have headings and units, and records of other dialects several
	// lines.
	case dl.name != "dtrace" && dl.name != "bpftrace":
		return nil
	case first.timing == byStamp:
		// As in `nginx 12`, or in `12 nginx`, as uniq -c prints it.
		out := []layout{{values: valueLast, n: 1}, {values: valueFirst, n: 1}}
		// As in `nginx 12 4096`, where the columns of a table count apart.
		if n > 1 {
			out = append(out, layout{values: valueLast, n: n})
		}
		return out
	case first.As == AsEvents:
		return eventLayouts(m, sample)
	}
	return []layout{{timed: timeFirst, values: valueLast, n: n}, {timed: timeFirst, values: valueFirst, n: 1}}
}

// jsonLayouts find time and value behind their names. Which of the two stands first in a line is
// not known, so both orders are tried.
func jsonLayouts(m *Measure) []layout {
	t := &m.Tables[0]
	if len(m.Tables) > 1 || t.Time == "" {
		return nil
	}
	name := func(n string) []byte {
		// A member of a member is printed with its own name only, without those around it.
		if i := bytes.LastIndexByte([]byte(n), '.'); i >= 0 {
			n = n[i+1:]
		}
		return []byte(`"` + n + `":`)
	}
	l := layout{timed: timeBehind, time: name(t.Time), values: valueBehind, value: name(t.Value), n: 1}
	if t.As == AsEvents {
		return nil
	}
	early := l
	early.early = true
	return []layout{l, early}
}

// csvLayouts find the cells of time and value by the heading. A cell in quotes with a separator
// in it makes a line unlike the others; such a chunk is decoded.
func csvLayouts(m *Measure, sample []byte) []layout {
	t := &m.Tables[0]
	if len(m.Tables) > 1 || t.As == AsEvents {
		return nil
	}
	sep := csvSeparator(sample)
	r := csvRecords{data: sample, sep: sep}
	c := csvText{}
	for {
		record, _, ok := r.next()
		if !ok {
			return nil
		}
		// Lines without a separator, such as messages, may stand before the heading.
		if record != nil {
			c.heading(record)
			break
		}
	}
	l := layout{timed: timeCell, values: valueCell, n: 1, comma: sep, field: [2]int{-1, -1}}
	for i, name := range c.names {
		if name == t.Time {
			l.field[0] = i
		}
		if name == t.Value {
			l.field[1] = i
		}
	}
	if l.field[0] < 0 || l.field[1] < 0 {
		return nil
	}
	l.early = l.field[1] < l.field[0]
	return []layout{l}
}

// eventLayouts find the words of a row that say whose event it is, by their places in rows of the
// shape that most lines of the sample have.
func eventLayouts(m *Measure, sample []byte) []layout {
	t := &m.Tables[0]
	l := layout{timed: timeFirst, values: valueNone, n: 1}
	if len(m.Tables) > 1 || !t.timeFirst {
		return nil
	}
	for _, place := range t.places {
		// The first word is cut off as the time, so it cannot say whose event it is.
		if place == 0 {
			return nil
		}
		l.by = append(l.by, place-1) // behind the time, which is the first
	}
	counts := map[shape]int{}
	var best shape
	cur := syntax.NewCursor(sample)
	for range rowsAhead {
		if cur.Done() {
			break
		}
		line, _ := cur.Next()
		if i := bytes.IndexByte(line, ' '); i > 0 {
			s := shapeOf(line[i:])
			if counts[s]++; counts[s] > counts[best] {
				best = s
			}
		}
	}
	l.words, l.digits = best.words, best.number
	if len(l.by) == 0 {
		return nil
	}
	l.findRun()
	return []layout{l}
}

// findRun finds the words between numbers among which are those that say whose event it is. Where
// they all stand in one run, a line is known by it: "512 nginx read:entry 4" has the run "nginx
// read:entry" between two numbers.
func (l *layout) findRun() {
	number := func(i int) bool { return l.digits&(1<<i) != 0 }
	for l.lead < l.words && number(l.lead) {
		l.lead++
	}
	for l.lead+l.run < l.words && !number(l.lead+l.run) {
		l.run++
	}
	l.after = l.words - l.lead - l.run
	for _, b := range l.by {
		if b < l.lead || b >= l.lead+l.run {
			l.run = 0
		}
	}
}
