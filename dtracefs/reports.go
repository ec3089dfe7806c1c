package dtracefs

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// A tool is a program that prints a report each interval: tables under headings, totals beside
// them, a time before them or in their rows. All of them have that in common, and what differs is
// in the entry of each: how a heading looks, and what a row is. A new one is a file with its tool,
// and a line toolDialect(…) in dialects (decode.go).
type tool struct {
	name string

	// head reports whether a line, with those after it, starts what the tool prints.
	head func(line []byte, rest *syntax.Cursor) bool

	// line takes a line that is no row of the table being printed: a heading, a banner, totals.
	// It returns false for a line that it does not know, and leaves it. It is called for every
	// line that is no row, of any tool: a script in a shell may run several of them in turn.
	line func(r *reports, num int, line []byte) bool

	// opens reports whether a line can only be understood together with the next one, as can the
	// first of the two lines of a heading; nil where no line of the tool is like that. No part of a
	// capture ends with such a line.
	opens func(line []byte) bool

	// sure says that no script of a tracer prints headings like those of the tool, which then is
	// read also where its tables stand among what a tracer printed.
	sure bool
}

// tools are those that have a line in dialects, in the same order. It is toolDialect that adds them
// when that list is made, as a list that asks for itself cannot be initialized.
var tools []*tool

// toolDialect makes the dialect of a tool: its first lines are a heading or a banner of the tool,
// maybe under a time. Six lines, as blank ones and a time may stand above.
func toolDialect(t *tool) dialect {
	is := func(head []byte) bool {
		cur := syntax.NewCursor(head)
		for range 6 {
			if cur.Done() {
				return false
			}
			line, _ := cur.Next()
			if syntax.Blank(line) {
				continue
			}
			// A copy, as a tool may read on to see whether the line is its heading.
			after := *cur
			if t.head(line, &after) {
				return !t.sure || !saysTracer(head)
			}
			if _, ok := wholeClock(line); !ok {
				return false
			}
		}
		return false
	}
	tools = append(tools, t)
	return dialect{t.name, is, cutReports, func() reader { return newReports(t) }}
}

func newReports(t *tool) *reports {
	return &reports{tool: t, boot: 1, inBlock: map[string]bool{}, names: map[string]string{}, told: map[string]bool{}}
}

// cutReports cuts after the last line that does not need the next one. A script in a shell may run
// several tools in turn, so all of them are asked.
func cutReports(data []byte) int {
	return cutUnless(data, func(line []byte) bool {
		return slices.ContainsFunc(tools, func(t *tool) bool { return t.opens != nil && t.opens(line) })
	})
}

// reports reads what interval tools print. Rows go to tables with the time that was printed for
// them or, where none was, the number of the block: how many times the table was printed.
type reports struct {
	*decoder
	cur  *syntax.Cursor
	tool *tool

	when    clockwork
	dated   int64 // the midnight that a banner's date tells, in ns since the epoch
	isDated bool

	block   int64
	inBlock map[string]bool // what begins a block and came since this one began
	boot    int64           // the block that tells of the time since the system's boot
	booted  bool            // a row for such a time came, of a tool that prints a row each interval
	used    bool            // the time at hand was a row's
	inRow   bool            // it was printed in the row
	table   *report         // whose rows come
	names   map[string]string
	told    map[string]bool

	// What tools keep from one line to the next.
	vmstatHead string  // words of vmstat's heading
	zoned      bool    // vmstat's heading ends in a zone
	wide       string  // words of iostat's heading
	inTop      bool    // totals come, and then processes
	bannered   bool    // sysstat's banner came
	solaris    bool    // it was that of illumos or Solaris
	run        string  // the tool of sysstat whose tables come since
	average    *report // whose averages come
	ended      bool    // averages came
}

// kindReport is the kind of tables of which a tool prints one each interval.
const kindReport = "report"

// A clockwork is the time that the lines printed last.
type clockwork struct {
	ns    int64
	ofDay bool // the time has no date
	set   bool
	last  int64 // time of the day printed last, to know when a day has passed
	days  int64
	some  bool // last was set
}

// day is a day in ns.
const day = 24 * 3600e9

// ofClock returns the time that a clock of the day is, in ns since the first midnight: one that
// falls back by more than half a day does so because another day began.
func (w *clockwork) ofClock(ns int64) int64 {
	if w.some && ns < w.last-day/2 {
		w.days++
	}
	w.last, w.some = ns, true
	return w.days*day + ns
}

// at takes over the time of a clock for the rows to come. With a banner's date, a time of the day
// is an instant.
func (r *reports) at(c syntax.Clock) {
	w := &r.when
	r.used = false
	if c.Form != syntax.TimeOfDay {
		w.ns, w.ofDay, w.set = c.In(r.opt.Location), false, true
		return
	}
	w.ns, w.ofDay, w.set = w.ofClock(c.NS), true, true
	if r.isDated {
		local := syntax.Clock{NS: r.dated + w.ns, Form: syntax.Date}
		w.ns, w.ofDay = local.In(r.opt.Location), false
	}
}

// wholeClock reads a line that is a time alone, maybe in a frame such as `=== … ===`.
func wholeClock(line []byte) (c syntax.Clock, ok bool) {
	line = bytes.Trim(line, " \t-=#*")
	line = bytes.TrimPrefix(line, []byte("Time: "))
	c, n, ok := syntax.ParseClock(line)
	return c, ok && n == len(line)
}

// A report is a table that a tool prints again and again under its heading. Only the heading and
// isRow are always there; all else is for the tools that need it.
type report struct {
	syntax.Heading
	name    string
	num     int                           // line of the first heading
	perRow  bool                          // each row is an interval of its own
	boot    bool                          // the rows tell of the time since boot
	isRow   func(cells [][]byte) bool     // tells rows from headings and totals
	shape   func(cells [][]byte) [][]byte // other cells than those printed, or nil
	columns []string                      // the columns that shape makes
	stamp   func(line []byte) (c syntax.Clock, rest []byte, ok bool)
	keys    []string             // columns that tell whose a row is
	is      map[string]Dimension // what keys name whose own names do not tell it
	words   map[string]bool      // columns that hold words, not measures, whatever they look like
	kilo    float64              // what K stands for; 1024 where 0
	units   map[string]float64   // what numbers without a suffix in a column count; 1 where none
	unit    string               // told of columns with suffixes
	left    int                  // how many rows come; 0 for any
	short   int                  // how many columns rows but the first may have; 0 for all
	commas  bool                 // rows have commas between cells
	groups  []group              // of devices side by side
	room    [][]byte
}

// read decodes a part. The order matters: a row of the table at hand may begin with a word that a
// heading of another tool begins with.
func (r *reports) read(d *decoder, data []byte, line int, _ bool) int {
	r.decoder, r.cur = d, d.lines(data, line)
	for !r.cur.Done() {
		num, line := r.cur.Number(), r.cur.Peek()
		switch {
		case syntax.Blank(line):
			r.take(classBlank)
		case r.table != nil && r.row(line):
		case r.tool.line(r, num, line):
		case r.clock(line):
		case r.others(num, line):
		default:
			r.strange(num, line)
		}
	}
	return r.cur.Number() - line
}

// others offers the line to the other tools: a loop in a shell runs several.
func (r *reports) others(num int, line []byte) bool {
	for _, t := range tools {
		if t != r.tool && t.line(r, num, line) {
			return true
		}
	}
	return false
}

// strange books a line that no tool prints.
func (r *reports) strange(num int, line []byte) {
	if m, ok := syntax.ParseMessage(line); ok {
		r.take(classNotice)
		r.message(num, line, m)
		return
	}
	r.take(classUnparsed)
	r.unparsed(num, line)
}

// take goes past the next line, which belongs to class.
func (r *reports) take(class lineClass) {
	from := r.cur.Offset()
	r.cur.Next()
	r.account(class, r.cur.Offset()-from)
}

// peekAfter returns the line after the next one, or nil.
func (r *reports) peekAfter() []byte {
	c := *r.cur
	c.Next()
	if c.Done() {
		return nil
	}
	return c.Peek()
}

// clock takes a line that is a time.
func (r *reports) clock(line []byte) bool {
	c, ok := wholeClock(line)
	if !ok {
		return false
	}
	r.take(classTable)
	r.at(c)
	r.newBlock()
	return true
}

// newBlock starts another interval.
func (r *reports) newBlock() {
	r.block++
	clear(r.inBlock)
}

// begins says that something comes which a tool prints once in each interval, such as a heading: if
// it came in this block already, the next block begins. A tool whose blocks begin with a line that
// is no heading calls it for that line. A time that was printed above is that of the block.
func (r *reports) begins(what string) {
	if r.block == 0 {
		r.newBlock()
	} else if r.inBlock[what] {
		// A time printed once, before the tool began, is not that of all blocks.
		r.newBlock()
		r.when.set = false
	}
	r.inBlock[what] = true
}

// heading takes the next line as the heading of a table of that name, which begins a block if it
// comes again. make is called after the block is known, as what is of the first block
// may be the time since boot.
func (r *reports) heading(num int, line []byte, name string, make func() *report) {
	r.take(classTable)
	words := name + "\n" + string(bytes.Join(bytes.Fields(line), []byte(" ")))
	r.begins(words)
	rp := make()
	rp.num = num
	if rp.name == "" {
		rp.name = r.nameOf(name, words, rp)
	}
	r.table = rp
}

// nameOf names the table under a heading: as the tool, and where the tool prints several, the
// others with the first of their values. The same heading has the same name wherever it comes
// again.
func (r *reports) nameOf(name, words string, rp *report) string {
	if n, ok := r.names[words]; ok {
		return n
	}
	taken := func(name string) bool {
		for _, n := range r.names {
			if n == name {
				return true
			}
		}
		return false
	}
	n := name
	for i := 0; taken(n) && i < len(rp.Names); i++ {
		// A name such as %usr, rxpck/s or runq-sz tells tables apart; CPU and DEV stand in several.
		if w := rp.Names[i]; strings.ContainsAny(w, "%/-") || i == len(rp.Names)-1 {
			n = name + " " + w
		}
	}
	r.names[words] = n
	return n
}

// row files a line as a row of the table being printed; false if it is none. Cells are kept as
// text until the end: what a column holds, and in which unit, only all of its cells show.
func (r *reports) row(line []byte) bool {
	rp := r.table
	rest, stamped := line, false
	var c syntax.Clock
	if rp.stamp != nil {
		if c, rest, stamped = rp.stamp(line); !stamped {
			return false
		}
	}
	cells, ok := rp.split(rest)
	if !ok || !rp.isRow(cells) {
		return false
	}
	// The columns copy what they take, so the next row may use the same room.
	rp.room = cells[:0]
	if stamped {
		r.at(c)
	}
	r.inRow = stamped
	r.take(classTable)
	boot := rp.boot
	// vmstat prints a row each interval, so each is a block of its own; the first one is of the
	// time since boot.
	if rp.perRow {
		boot = boot && !r.booted
		// A time that stood above one row is not that of the next.
		if !stamped && r.used {
			r.when.set = false
		}
		// Where no times are printed, the rows number the blocks.
		if r.booted && !r.when.set {
			r.block++
		}
		r.booted, r.used = true, true
	}
	if rp.groups != nil {
		r.wideRow(rp, cells, boot)
		return true
	}
	s := r.sheetOf(rp, boot)
	if !boot || r.when.set {
		// Averages since boot have no number of a block, but end at a time if one was printed.
		r.stampRow(s)
	}
	names := rp.Names
	if rp.shape != nil {
		names, cells = rp.columns, rp.shape(cells)
	}
	for i, cell := range cells {
		if cell != nil {
			s.open(names[i], String).appendText(cell)
		}
	}
	s.end()
	if rp.left > 0 {
		if rp.left--; rp.left == 0 {
			r.table = nil
		}
	}
	return true
}

// split splits a row into its cells.
func (rp *report) split(line []byte) (cells [][]byte, ok bool) {
	if rp.commas {
		cells = bytes.Split(bytes.TrimRight(line, ", "), []byte(","))
		return cells, len(cells) == len(rp.Names) || len(cells) == rp.short
	}
	cells, ok = rp.Cells(rp.room[:0], line)
	if rp.short > 0 && rp.short < len(rp.Names) {
		// A short row has the first columns, wherever its words happen to stand.
		if words := bytes.Fields(line); len(words) == rp.short {
			return words, true
		}
	}
	return cells, ok
}

// stampRow starts a row with the time, or else the number of the block. A time that stands in the
// row itself is printed, and otherwise context.
func (r *reports) stampRow(s *sheet) {
	if r.when.set {
		c := s.instant("time", r.when.ns, r.when.ofDay)
		c.context = !r.inRow
		return
	}
	s.int("block", r.block, false)
}

// asideColumns are numbers that say neither how much nor, of themselves, whose: processes of one
// name add up.
var asideColumns = map[string]bool{"PID": true, "PPID": true, "UID": true, "GID": true, "TID": true, "TGID": true, "LWPID": true, "LWP": true, "PRI": true, "PR": true,
	"NI": true, "NICE": true, "C": true, "P": true, "PSR": true, "PGRP": true, "PGID": true, "SID": true, "SESS": true, "ZONEID": true, "PROJID": true, "TASKID": true,
	"JID": true, "set": true, "prio": true, "F": true, "ADDR": true}

// startTime makes the column of the time the first one.
func (r *reports) startTime(s *sheet) {
	if r.when.set {
		s.col("time", Time).ofDay = r.when.ofDay
	} else {
		s.col("block", Int)
	}
}

// sinceBoot is the notice of a first report that is taken for one since boot.
func sinceBoot(tool string) []byte {
	return []byte("the first report of " + tool + " is taken for that of the time since boot, not for an interval")
}

// sheetOf returns the sheet of a table's rows, with its columns. Most of them first print the
// averages since boot, as if they were an interval: these get a table of their own, which is not
// counted, and a notice says so, as it is a guess.
func (r *reports) sheetOf(rp *report, boot bool) *sheet {
	name, kind := rp.name, kindReport
	if boot {
		tool, _, _ := strings.Cut(name, " ")
		r.once(rp.num, "since-boot", sinceBoot(tool))
		name, kind = name+" since boot", "summary"
	}
	key := "report/" + name
	if s, ok := r.byKey[key]; ok {
		return s
	}
	s := r.sheetFor(key, name, kind)
	s.inferred = true
	if !boot || r.when.set {
		r.startTime(s)
	}
	names := rp.Names
	if rp.shape != nil {
		names = rp.columns
	}
	for _, n := range names {
		switch c := s.col(n, String); {
		case slices.Contains(rp.keys, n):
			c.role, c.is = roleKey, rp.is[n]
		case rp.words[n] || asideColumns[n]:
			c.role = roleAside
		}
	}
	r.last = append(r.last, func() { r.measure(s, rp) })
	return s
}

// measure makes numbers of the columns of text that hold numbers with units, such as 1.5G or 12%,
// and says once in which unit they are. It runs when all rows are there.
func (r *reports) measure(s *sheet, rp *report) {
	var percent, scaled, marked []string
	for _, c := range s.Columns {
		if c.typ != String || rp.words[c.Name] {
			continue
		}
		c.padTo(s.n)
		kilo, unit, whole := rp.kilo, rp.units[c.Name], true
		if kilo == 0 {
			kilo = 1024
		}
		if unit == 0 {
			unit, whole = unitBytes(c.Name), false
		}
		m := c.measure(kilo, unit, whole || unit == 1)
		if m.percent {
			percent = append(percent, c.Name)
		}
		if m.scaled {
			scaled = append(scaled, c.Name)
		}
		if m.marked {
			marked = append(marked, c.Name)
		}
	}
	unit := rp.unit
	if unit == "" {
		unit = "bytes, or the unit that the name tells; K is 1,024"
	}
	r.tell(rp, percent, "printed with a percent sign, numbers are percent")
	r.tell(rp, scaled, "printed with suffixes such as K or M, numbers are in "+unit)
	r.tell(rp, marked, "printed with + or - where they changed since the sample before, left away")
}

// tell says once how cells of those columns were printed, in whichever part of a capture it shows.
func (r *reports) tell(rp *report, columns []string, how string) {
	columns = slices.DeleteFunc(columns, func(name string) bool {
		key := rp.name + "\n" + name + "\n" + how
		told := r.told[key]
		r.told[key] = true
		return told
	})
	if len(columns) > 0 {
		r.notice(rp.num, "unit", []byte(strings.Join(columns, ", ")+": "+how), 0)
	}
}

// unitBytes returns how many bytes a number without a suffix is, by the name of its column, such
// as kB_read/s.
func unitBytes(name string) float64 {
	low := strings.ToLower(name)
	switch {
	case strings.Contains(low, "kb"):
		return 1 << 10
	case strings.Contains(low, "mb"):
		return 1 << 20
	}
	return 1
}

// measured is what stood behind the numbers of a column.
type measured struct{ percent, scaled, marked bool }

// measure turns a column of text whose cells are measures, some with something behind the number,
// into one of numbers in that unit, integers if whole; a dash is a null. It leaves columns in which
// something is no measure, and those of bare numbers.
func (c *Column) measure(kilo, unit float64, whole bool) (how measured) {
	ints, dash := true, false
	values := make([]float64, len(c.words.values))
	null := make([]bool, len(values))
	for i, w := range c.words.values {
		if w == "" || w == "-" {
			null[i], dash = true, dash || w == "-"
			continue
		}
		number := w
		// top of macOS marks what changed since its last sample, as `120+`.
		if last := w[len(w)-1]; last == '+' || last == '-' {
			how.marked, number = true, w[:len(w)-1]
		}
		m, ok := syntax.ParseMeasure([]byte(number))
		if !ok {
			return measured{}
		}
		v := m.Value
		switch m.Suffix {
		case 0:
		case '%':
			how.percent = true
		default:
			how.scaled = true
			if v = m.Scaled(kilo) / unit; whole {
				v, m.Int = math.Round(v), true
			}
		}
		values[i] = v
		// From 2^53 on, a float does not tell each integer from the next.
		ints = ints && m.Int && v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	// Numbers alone are typed when the sheet is finished, which keeps them as they were printed.
	if how == (measured{}) && !dash {
		return how
	}
	typ := Float
	if ints {
		typ = Int
	}
	old := *c
	// In place, as the sheet finds the column by its address.
	*c = *newColumn(c.Name, typ)
	c.context, c.role, c.is = old.context, old.role, old.is
	for i, code := range old.codes {
		switch {
		case old.Null(i) || null[code]:
			c.appendNull()
		case ints:
			c.appendInt(int64(values[code]))
		default:
			c.floats = append(c.floats, values[code])
		}
	}
	return how
}

// once makes a notice the first time that its words are said.
func (r *reports) once(num int, kind string, line []byte) {
	if key := kind + "\n" + string(line); !r.told[key] {
		r.told[key] = true
		r.notice(num, kind, line, 0)
	}
}

// numbers reports whether all cells are numbers.
func numbers(cells [][]byte) bool {
	for _, c := range cells {
		if c == nil {
			continue
		}
		if _, ok := syntax.ParseMeasure(c); !ok {
			return false
		}
	}
	return true
}

// numbersBeside returns a test whether all cells but that one are numbers, and one is there: a line
// of another tool has words elsewhere, too.
func numbersBeside(i int) func(cells [][]byte) bool {
	return func(cells [][]byte) bool {
		return someNumber(cells) && numbers(cells[:min(i, len(cells))]) && numbers(cells[min(i+1, len(cells)):])
	}
}

// someNumber reports whether a cell is a number.
func someNumber(cells [][]byte) bool {
	for _, c := range cells {
		if _, ok := syntax.ParseMeasure(c); ok {
			return true
		}
	}
	return false
}

// intAt returns a test whether that cell is an integer, as a process's number is. Headings that
// come again fail it, as do totals.
func intAt(i int) func(cells [][]byte) bool {
	return func(cells [][]byte) bool {
		_, ok := syntax.Int(cells[i])
		return ok
	}
}

// total files a line of totals, `Name: 1 this, 2 that`, as rows of the tool's summary. A part with
// a colon of its own names those after it. Loads are of the last 1, 5 and 15 minutes.
func (r *reports) total(name string, line []byte) {
	r.inRow = false
	r.take(classTable)
	key := "report/" + name
	s, old := r.byKey[key]
	if !old {
		s = r.sheetFor(key, name, "summary")
		s.inferred = true
		r.startTime(s)
	}
	before, nth := "", 0
	put := func(group, what, value, unit, text []byte) {
		r.stampRow(s)
		last := string(group) + "\x00" + string(what)
		nth++
		if last != before {
			before, nth = last, 0
		}
		// Loads have no names of their own: `load average: 2.81, 3.52, 6.09`. Their order tells
		// which is which.
		minutes := len(what) == 0 && value != nil && nth < 3 && bytes.Contains(bytes.ToLower(group), []byte("load"))
		if minutes {
			what = [][]byte{[]byte("1m"), []byte("5m"), []byte("15m")}[nth]
		}
		for _, cell := range [...]struct {
			column string
			text   []byte
		}{{"group", group}, {"name", what}, {"value", value}, {"unit", unit}, {"text", text}} {
			if len(cell.text) > 0 {
				s.text(cell.column, cell.text)
			}
		}
		s.end()
	}
	syntax.Totals(line, put)
}
