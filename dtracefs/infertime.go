package dtracefs

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// timing is where the time of a table's rows stands.
type timing uint8

const (
	byStamp timing = iota // on a line before the block
	byRow                 // in a column of the row
	byBlock               // nowhere
)

// findAnchor looks for a line of text that shows a wall clock and the table's own clock side by
// side, as a script's first line does: "start 2024-01-05T10:00:00Z timestamp=81234567890". With
// it, times since boot become instants, and captures of several hosts can be put side by side.
// Only the first 64 different texts are looked at: such a line stands at the beginning.
func (c *candidate) findAnchor(tables []*Table) {
	start, ok := timeAt(c.time, 0, c.unit)
	// Without a first time there is nothing to compare with, and a fraction of a second is no
	// number that a script prints beside the date.
	if !ok || c.time.typ == Float {
		return
	}
	for _, t := range tables {
		if t.Kind != "text" && t.Kind != "intervals" {
			continue
		}
		for _, col := range t.Columns {
			if col.typ != String {
				continue
			}
			for _, text := range col.words.values[:min(len(col.words.values), 64)] {
				if at, ok := anchorIn([]byte(text), start, c.unit); ok {
					c.anchor, c.clock = at, ClockEpoch
					return
				}
			}
		}
	}
}

// anchorIn finds in a line the wall clock, the finest if there are several, and a number that a
// clock in units of ns showed at that time. The number has more than three digits and lies near
// start, an hour after it at most or a day before, as no other number would by chance; at is the
// instant at which it was 0. A time of the day alone is no anchor, as it says no date.
func anchorIn(text []byte, start, unit int64) (at int64, ok bool) {
	var wall, own int64
	found, form := false, syntax.TimeOfDay
	for i := 0; i < len(text); i++ {
		if i > 0 && text[i-1] != ' ' && text[i-1] != '\t' && text[i-1] != '=' {
			continue
		}
		// Forms are numbered from the finest on: a number since the epoch tells more than a date.
		if clock, n, ok := syntax.ParseClock(text[i:]); ok && clock.Form <= syntax.Date && (form == syntax.TimeOfDay || clock.Form < form) {
			wall, form = clock.NS, clock.Form
			i += n - 1
			continue
		}
		end := i
		for end < len(text) && text[end]-'0' <= 9 {
			end++
		}
		// The bound keeps the product within 64 bits. Of several numbers the first one counts.
		if v, ok := syntax.Int(text[i:end]); ok && end-i > 3 && v > 0 && v < 1<<62/unit && !found {
			if d := start - v*unit; d > -3600e9 && d < 24*3600e9 {
				own, found = v*unit, true
			}
		}
	}
	return wall - own, found && form != syntax.TimeOfDay
}

// findTime finds the column that holds the time of a row. A column with wall clocks comes first;
// then the clock printed before the block, which dates rows that themselves have no date; only
// then a column of numbers that looks like a clock of its own, as any count may rise; and
// otherwise blocks follow each other. Not finding a time is no error: checkTime says later what
// is missing.
func (o MeasureOptions) findTime(c *candidate) error {
	if o.Time == "none" {
		c.timing, c.clock = byBlock, ClockBlocks
		return nil
	}
	if o.Time != "" {
		col, ok := findTimeColumn(c.table, o.Time)
		if !ok {
			c.missing = "no column " + o.Time
			return nil
		}
		c.time, c.timing = col, byRow
		if col.context {
			c.timing = byStamp
		}
		if c.clock, c.unit = clockOf(col, true); c.clock == "" {
			return &MeasureError{What: fmt.Sprintf("--time %s: column %s of table %s holds no times, such as %q", o.Time, col.Name, c.table.Name, firstText(col))}
		}
		return nil
	}
	// What is told to be something else is no time.
	columns := slices.DeleteFunc(slices.Clone(c.printed), func(c *Column) bool { return c.role != roleUnknown && c.typ != Time })
	if c.table.Kind == kindReport {
		// Only the column time is when; TIME of a process is how long, and STIME since when.
		columns = slices.DeleteFunc(columns, func(c *Column) bool { return c.Name != "time" })
	}
	for _, col := range columns {
		// Whatever the user called a key or a value is not the time, even where it looks like
		// one.
		if bars[col.Name] || matches(findKey, o.By, c.printed, col) || matches(find, o.Value, c.printed, col) {
			continue
		}
		if clock, unit := clockOf(col, false); clock == ClockEpoch || clock == ClockOfDay {
			c.time, c.timing, c.clock, c.unit = col, byRow, clock, unit
			return nil
		}
	}
	if col := c.table.Column("time"); col != nil && col.context && col.typ == Time {
		c.time, c.timing, c.clock, c.unit = col, byStamp, ClockEpoch, 1
		if col.ofDay {
			c.clock = ClockOfDay
		}
		return nil
	}
	for i, col := range columns {
		if bars[col.Name] || matches(findKey, o.By, c.printed, col) || matches(find, o.Value, c.printed, col) {
			continue
		}
		if unit, ok := monotonic(col, i == 0, c); ok {
			c.time, c.timing, c.clock, c.unit = col, byRow, ClockRelative, unit
			return nil
		}
	}
	c.timing, c.clock = byBlock, ClockBlocks
	return nil
}

// findTimeColumn is [find] for a time, which may also be the clock printed before the rows: that
// one goes by its name alone, time, as it has no place in a row.
func findTimeColumn(t *Table, name string) (*Column, bool) {
	if c, ok := find(printed(t), name); ok {
		return c, true
	}
	c := t.Column("time")
	return c, c != nil && strings.EqualFold(name, c.Name)
}

// firstText is an example of a column's cells, for messages.
func firstText(c *Column) string {
	for i := range c.Len() {
		if !c.Null(i) {
			return c.Text(i)
		}
	}
	return ""
}

// lookRows bounds how many cells of a column are looked at to tell what it is.
const lookRows = 2000

// clockOf says what times a column holds, "" if none, and how many ns a number in it is. With
// any, the user says that it is a time, and any numbers will do; otherwise numbers must be so
// large that they are instants of our time, in seconds, milliseconds, microseconds or
// nanoseconds.
func clockOf(c *Column, any bool) (TimeKind, int64) {
	switch c.typ {
	case Time:
		if c.ofDay {
			return ClockOfDay, 1
		}
		return ClockEpoch, 1
	case Int, Float:
		lo, hi := int64(0), int64(0)
		for i := range min(c.Len(), lookRows) {
			if c.Null(i) {
				continue
			}
			v := int64(c.Float(i))
			if lo == 0 {
				lo, hi = v, v
			}
			lo, hi = min(lo, v), max(hi, v)
		}
		// Instants from 2001 to 2096: 1e9 to 4e9 seconds, and a thousand times as much in each
		// finer unit, so that no number fits two of them.
		for unit := int64(1e9); unit >= 1; unit /= 1000 {
			if lo >= 1e9*(1e9/unit) && hi < 4e9*(1e9/unit) && instants(c.Name, lo*unit, hi*unit, any) {
				return ClockEpoch, unit
			}
		}
		if any && lo >= 0 {
			return ClockRelative, nsOf(c.Name, hi)
		}
	case String:
		// Seconds with a fraction that a float would round stay text, and are times all the same.
		form, seen, lo, hi := syntax.Epoch, false, int64(0), int64(0)
		for i := range min(c.Len(), lookRows) {
			if c.Null(i) {
				continue
			}
			text := []byte(c.Text(i))
			clock, n, ok := syntax.ParseClock(text)
			if !ok || n != len(text) || seen && (clock.Form == syntax.Epoch) != (form == syntax.Epoch) {
				return "", 0
			}
			if !seen {
				lo, hi = clock.NS, clock.NS
			}
			form, seen, lo, hi = clock.Form, true, min(lo, clock.NS), max(hi, clock.NS)
		}
		if form == syntax.Epoch && !instants(c.Name, lo, hi, any) {
			return "", 0
		}
		switch {
		case !seen:
		case form == syntax.TimeOfDay:
			return ClockOfDay, 1
		default:
			return ClockEpoch, 1
		}
	}
	return "", 0
}

// instants reports whether numbers that could be ns since the epoch are: counts and addresses may
// be as large, but instants of one capture lie within a few months, and are not all the same in a
// column that nobody calls a time.
func instants(name string, lo, hi int64, any bool) bool {
	return hi-lo < 2e16 && (hi > lo || any || timeName(name))
}

// timeName reports whether a column is called as times are, without the unit in brackets:
// "TIME(s)".
func timeName(name string) bool {
	name = strings.ToLower(name)
	if i := strings.IndexByte(name, '('); i > 0 {
		name = name[:i]
	}
	switch name {
	case "time", "times", "starts", "ts", "timestamp", "walltimestamp", "nsecs", "date", "timestr", "elapsed", "interval_start", "epoch", "t", "when", "stamp", "second", "sec", "clock", "nsec", "at", "datetime":
		return true
	}
	return false
}

// nsOf is how many ns a number of a time is, by the column's name or by how large it gets. A
// number of 1e11 and more is in nanoseconds: as seconds it would be three thousand years. Smaller
// ones are seconds, unless they are called a timestamp, which D has in nanoseconds, and the
// machine started less than two minutes before.
func nsOf(name string, largest int64) int64 {
	name = strings.ToLower(name)
	for _, u := range []struct {
		mark string
		ns   int64
	}{{"(ns)", 1}, {"nsec", 1}, {"(us)", 1e3}, {"usec", 1e3}, {"(µs)", 1e3}, {"(ms)", 1e6}, {"msec", 1e6}, {"(s)", 1e9}} {
		if strings.Contains(name, u.mark) {
			return u.ns
		}
	}
	switch {
	case largest >= 1e11:
		return 1
	case largest >= 1e8 && strings.Contains(name, "timestamp"):
		return 1
	}
	return 1e9
}

// monotonic reports whether a column of numbers is a clock that runs from a start of its own: it
// is called so, or counts ns and hardly ever steps back, or is the second of each of several
// rows. One step back in ten is allowed, since buffers of several CPUs are printed one after the
// other.
func monotonic(c *Column, first bool, of *candidate) (unit int64, ok bool) {
	if c.typ != Int && c.typ != Float || c.unsigned {
		return 0, false
	}
	n := min(c.Len(), lookRows)
	var values []float64
	for i := range n {
		if !c.Null(i) {
			values = append(values, c.Float(i))
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	lo, hi := slices.Min(values), slices.Max(values)
	if lo < 0 {
		return 0, false
	}
	back := 0
	distinct := map[float64]bool{}
	for i, v := range values {
		distinct[v] = true
		if i > 0 && v < values[i-1] {
			back++
		}
	}
	rising := back*10 <= len(values)
	switch {
	case timeName(c.Name):
		// A column called time that steps back often is one all the same if its values vary: an
		// aggregation with the time as a key is printed in the order of its values.
		return nsOf(c.Name, int64(hi)), rising || len(distinct) > 2
	case first && lo >= 1e9 && rising && len(distinct)*2 > len(values):
		return 1, true // an event log whose clock counts ns since boot
	case first && c.Name == "seconds" && rising && len(distinct)*2 > len(values):
		// As of truss -d. Those of kdump -R, since the record before, rise and fall.
		return 1e9, true
	case first && c.typ == Int && isAggregate(of.table) && len(distinct) >= 10 && float64(len(distinct)) >= 0.5*(hi-lo+1) && len(values) >= 2*len(distinct) && of.table.Column("block") == nil:
		// The second as the first key of an aggregation that was printed once: most seconds are
		// there and each has several rows.
		return 1e9, true
	}
	return 0, false
}

// blockOf returns what numbers the block of a row: its time, or the number that the decoder gave.
// The numbers are to be compared only; those of text are not in order.
func (c *candidate) blockOf() func(i int) int64 {
	if c.time != nil && c.timing != byBlock {
		switch c.time.typ {
		case Float:
			// Seconds with a fraction, told apart to the microsecond.
			return func(i int) int64 { return int64(c.time.floats[i] * 1e6) }
		case String:
			return func(i int) int64 { return int64(c.time.codes[i]) }
		}
		return func(i int) int64 { return c.time.ints[i] }
	}
	if b := c.table.Column("block"); b != nil && b.context && b.typ == Int {
		return func(i int) int64 { return b.ints[i] }
	}
	return func(int) int64 { return 0 }
}

// inOrder reports whether the times of the rows hardly ever step back: an aggregation that has the
// time as a key is printed in the order of its values.
func (c *candidate) inOrder() bool {
	last, back, n := int64(0), 0, c.table.NumRows()
	for i := range n {
		if ns, ok := timeAt(c.time, i, c.unit); ok {
			if ns < last {
				back++
			}
			last = ns
		}
	}
	// One step back in twenty is allowed: buffers of several CPUs are printed one after the other.
	return back*20 <= n
}

// atStamp is how many times the table is usually printed under one clock: the median, or 0 where
// that cannot be said. What comes once more under the last clock was printed at exit, and does
// not belong to that second (see [tally.count]).
func (c *candidate) atStamp() int {
	b := c.table.Column("block")
	if c.timing != byStamp || b == nil || !b.context || b.typ != Int {
		return 0
	}
	prints := map[int64]map[int64]bool{}
	for i, at := range c.time.ints {
		if prints[at] == nil {
			prints[at] = map[int64]bool{}
		}
		prints[at][b.ints[i]] = true
	}
	var n []int
	for _, blocks := range prints {
		n = append(n, len(blocks))
	}
	if len(n) < 3 {
		return 0 // too few to tell what is usual
	}
	slices.Sort(n)
	return n[len(n)/2]
}

// countBlocks counts the different times or blocks of the table.
func (c *candidate) countBlocks() {
	block := c.blockOf()
	var seen []int64
	for i := range c.table.NumRows() {
		if c.time != nil && c.time.Null(i) {
			continue
		}
		// Rows of a block nearly always follow each other.
		if b := block(i); len(seen) == 0 || b != seen[len(seen)-1] {
			seen = append(seen, b)
		}
	}
	c.blocks = different(seen)
}

// different counts the different numbers, which it sorts: times of a log nearly are already, and a
// map would take several times as long.
func different(numbers []int64) int {
	slices.Sort(numbers)
	return len(slices.Compact(numbers))
}

// checkTime says what is missing where a table has no times, and how to supply it. Blocks alone
// are enough if the user says so, or if they look like the same thing printed over and over; the
// time between them is then taken for a second.
func (o MeasureOptions) checkTime(c *candidate) {
	if c.timing != byBlock {
		return
	}
	switch {
	// A column that is called so in another table may be anything.
	case c.table.Kind == "calls" && c.table.Column("step") != nil:
		c.missing = "rows that tell no time but that since the row before, in column step: trace with a clock, as by strace -tt"
	case c.events && c.table.Kind == "events":
		c.missing = "events without a time and without a process: print walltimestamp and execname, or count with an aggregation"
	case c.events:
		c.missing = "rows without a time: say --time with one of " + strings.Join(quoteNames(namesOf(c.printed)), ", ")
	case c.blocks < 2:
		c.missing = "keys and a value, but printed once, without a time: print it each second"
	case o.Time == "none" || o.Every > 0:
	case !c.steady():
		c.missing = fmt.Sprintf("keys and a value, but no time between its %d blocks: say --every 1s", c.blocks)
	}
}

// steady reports whether blocks without a time look as if one thing was printed over and over:
// half of them at least have a key that the block before has. Blocks of different things, such as
// the parts of a report, share none.
func (c *candidate) steady() bool {
	block := c.blockOf()
	common, n := 0, 0
	var before, now map[string]bool
	last := int64(-1)
	// share compares the block that ended with the one before. One common key is enough:
	// processes come and go.
	share := func() {
		if before == nil {
			return
		}
		n++
		for k := range now {
			if before[k] {
				common++
				return
			}
		}
	}
	for i := range c.table.NumRows() {
		if b := block(i); b != last {
			if now != nil {
				share()
			}
			before, now, last = now, map[string]bool{}, b
		}
		now[rowKey(c.keys, i)] = true
	}
	share()
	// Without keys there is nothing that could differ. A single pair of blocks may be alike by
	// chance.
	return len(c.keys) == 0 || n >= 2 && common*2 >= n
}

// every finds the time between blocks, and from it the width of a bucket. Rows with times of
// their own have no blocks, so their buckets are a second unless something else is said. Events
// that were printed in blocks keep the block's width for covering time, but are counted by the
// second.
func (o MeasureOptions) every(m *Measure, group []*candidate) {
	m.Every = time.Second
	c := group[0]
	if m.Clock != ClockBlocks && !c.single() {
		times := map[int64]bool{}
		last := int64(math.MinInt64)
		for _, c := range group {
			for i := range c.table.NumRows() {
				if t, ok := timeAt(c.time, i, c.unit); ok && t != last {
					times[t] = true
					last = t
				}
			}
		}
		m.block = time.Duration(typicalStep(ascending(times, m.Clock)))
		if m.block > 0 {
			m.Every = m.block
		}
		if c.events {
			m.Every = time.Second
		}
	}
	if o.Every > 0 {
		m.Every = o.Every
	}
	if m.Clock == ClockBlocks {
		m.block = m.Every
	}
}

// ascending sorts times. Of those of a day, which start anew at midnight, the ones after the
// longest pause come first: a few rows before and after midnight are no day apart.
func ascending(times map[int64]bool, clock TimeKind) []int64 {
	const day = int64(24 * time.Hour)
	sorted := slices.Sorted(maps.Keys(times))
	n := len(sorted)
	if clock != ClockOfDay || n < 2 || sorted[0] < 0 || sorted[n-1] >= day {
		return sorted
	}
	first, longest := 0, sorted[0]+day-sorted[n-1]
	for i := 1; i < n; i++ {
		if d := sorted[i] - sorted[i-1]; d > longest {
			first, longest = i, d
		}
	}
	out := slices.Clone(sorted[first:])
	for _, t := range sorted[:first] {
		out = append(out, t+day)
	}
	return out
}

// beats reports whether most steps of ascending times are about the typical one, which is longer
// than a second: a clock that tells no more than seconds steps by one whatever is printed.
func beats(times []int64) bool {
	step, even := typicalStep(times), 0
	for i := 1; i < len(times); i++ {
		// Between three and five quarters of the typical step, of three steps in four: ticks come
		// late, and a few are missed.
		if d := times[i] - times[i-1]; d*4 > step*3 && d*4 < step*5 {
			even++
		}
	}
	return step > int64(time.Second) && even*4 > (len(times)-1)*3
}

// typicalStep is the median step of ascending times, rounded to three digits; 0 if there is none.
// The median, as ticks are missed under load and runs are appended to each other; rounded, as a
// tick comes some milliseconds late each time: 1.0003 s is one of 1 s.
func typicalStep(times []int64) int64 {
	var steps []int64
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return round(steps[len(steps)/2])
}

// timeAt reads the time of a row in ns.
func timeAt(c *Column, i int, unit int64) (int64, bool) {
	if c == nil || c.Null(i) {
		return 0, false
	}
	switch c.typ {
	case Time:
		return c.ints[i], true
	case Int:
		return c.ints[i] * unit, true
	case Float:
		ns := c.floats[i] * float64(unit)
		if math.Abs(ns) >= 1<<53 {
			// A float tells no ns of an epoch; what was printed has fewer digits.
			return int64(math.Round(ns/1e3)) * 1e3, true
		}
		return int64(ns), true
	case String:
		clock, _, ok := syntax.ParseClock([]byte(c.Text(i)))
		return clock.NS, ok
	}
	return 0, false
}

// round rounds a length of time to three digits.
func round(ns int64) int64 {
	unit := int64(1)
	for ns/unit >= 1000 {
		unit *= 10
	}
	return (ns + unit/2) / unit * unit
}
