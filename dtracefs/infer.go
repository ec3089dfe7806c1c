package dtracefs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// MeasureOptions override what [Infer] finds. The zero value overrides nothing. Columns are named
// as inspect prints them, in any case, or by their position from 1 as printed in a row.
type MeasureOptions struct {
	// Table names the tables that are counted.
	Table []string
	// Time names the column that holds the time of a row; "none" says that only the order of the
	// blocks tells it.
	Time string
	// By names the columns that make a source, joined by a blank.
	By []string
	// Value names the columns that hold what is counted. Several make a source each.
	Value []string
	// As says what the value is.
	As ValueKind
	// Every is the width of a bucket, and the time between blocks where none was printed. 0 means
	// the usual time between the blocks, a second for events.
	Every time.Duration
	// Kinds are the values of a column "kind" to take in; "*" takes all. By default system calls
	// alone where the kind is not a part of the source.
	Kinds []string
}

// timing is where the time of a table's rows stands.
type timing uint8

const (
	byStamp timing = iota // on a line before the block
	byRow                 // in a column of the row
	byBlock               // nowhere
)

// A tableID tells tables of several batches that go on each other.
type tableID struct{ name, kind string }

func idOf(t *Table) tableID { return tableID{t.Name, t.Kind} }

// A candidate is a table of the sample as it could be counted.
type candidate struct {
	table   *Table
	printed []*Column // as in a row, from the left
	time    *Column
	timing  timing
	clock   TimeKind
	unit    int64 // ns of a number in time
	anchor  int64 // the instant at which time was 0, in ns, if the capture prints one
	keys    []*Column
	values  []*Column
	as      map[*Column]ValueKind
	events  bool
	blocks  int // different times or blocks
	missing string
}

// unlearnable are the kinds of tables that hold no series, and what they are in words.
var unlearnable = map[string]string{
	"text": "lines of text", "intervals": "what intervals sum up to", "stability": "stability of a script", "probes": "a listing of probes",
	"statemap": "a head", "legend": "a legend", "entities": "a list", "tags": "a list", "dump": "bytes of memory", "print": "a structure",
	"summary": "totals and means",
}

// Infer finds how the tables of a capture, or of the beginning of a large one, are counted. The
// script that printed them may be nil. The error is a [*MeasureError].
func Infer(tables []*Table, o MeasureOptions) (*Measure, error) {
	return infer(tables, nil, o)
}

func infer(tables []*Table, s *script.Script, o MeasureOptions) (*Measure, error) {
	all, err := o.candidates(tables, s)
	if err != nil {
		return nil, err
	}
	return o.choose(all)
}

// Readings says for each table of the capture what would be learned from it without options, or what
// is missing and which option would supply it.
func (c *Capture) Readings() []Reading {
	var o MeasureOptions
	all, err := o.candidates(c.Tables, c.script)
	if err != nil {
		return nil // only options can be wrong
	}
	m, err := o.choose(all)
	ambiguous := err != nil && slices.ContainsFunc(all, func(c *candidate) bool { return c.missing == "" })
	var out []Reading
	for _, c := range all {
		r := c.reading(&Measure{Every: time.Second, Clock: c.clock})
		switch {
		case ambiguous && r.Missing == "":
			r.Missing = "one of several readings that are equally good, choose it with --table: " + r.Says
		case err == nil:
			var says []string
			for i := range m.Tables {
				if t := &m.Tables[i]; t.id == idOf(c.table) {
					says = append(says, t.says(m))
				}
			}
			if r.Says = strings.Join(says, "; "); says == nil && r.Missing == "" {
				r.Missing = notWithOthers
			}
		}
		out = append(out, r)
	}
	return out
}

// notWithOthers is what is said of a table that could be counted, but not with the others.
const notWithOthers = "not counted: it does not go with the other tables; choose it with --table"

// candidates reads each table as a series.
func (o MeasureOptions) candidates(tables []*Table, s *script.Script) ([]*candidate, error) {
	joined := join(tables)
	if err := o.check(joined); err != nil {
		return nil, err
	}
	var all []*candidate
	for _, t := range joined {
		if len(o.Table) == 0 || slices.ContainsFunc(o.Table, func(n string) bool { return sameName(n, t.Name) }) {
			c, err := o.candidate(t, s)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	for _, c := range all {
		if c.missing == "" && c.clock == ClockRelative {
			c.findAnchor(joined)
		}
	}
	return all, nil
}

// findAnchor looks for a line of text that tells a wall clock and the table's own clock side by side,
// as a script's first line does.
func (c *candidate) findAnchor(tables []*Table) {
	start, ok := timeAt(c.time, 0, c.unit)
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

// anchorIn finds in a line the wall clock, the finest if there are several, and a number that a clock
// in units of ns, which shows start a day later at most, showed at that time.
func anchorIn(text []byte, start, unit int64) (at int64, ok bool) {
	var wall, own int64
	found, form := false, syntax.TimeOfDay
	for i := 0; i < len(text); i++ {
		if i > 0 && text[i-1] != ' ' && text[i-1] != '\t' && text[i-1] != '=' {
			continue
		}
		if clock, n, ok := syntax.ParseClock(text[i:]); ok && clock.Form <= syntax.Date && (form == syntax.TimeOfDay || clock.Form < form) {
			wall, form = clock.NS, clock.Form
			i += n - 1
			continue
		}
		end := i
		for end < len(text) && text[end]-'0' <= 9 {
			end++
		}
		if v, ok := syntax.Int(text[i:end]); ok && end-i > 3 && v > 0 && v < 1<<62/unit && !found {
			if d := start - v*unit; d > -3600e9 && d < 24*3600e9 {
				own, found = v*unit, true
			}
		}
	}
	return wall - own, found && form != syntax.TimeOfDay
}

func sameName(a, b string) bool {
	return strings.EqualFold(a, b) || strings.EqualFold(strings.TrimPrefix(a, "@"), strings.TrimPrefix(b, "@"))
}

// check finds the words of options that can mean nothing in any table.
func (o MeasureOptions) check(tables []*Table) error {
	if o.As != "" && !slices.Contains(valueKinds, o.As) {
		return &MeasureError{What: fmt.Sprintf("--as %s: want one of %s", o.As, joinWords(valueKinds))}
	}
	if o.Every < 0 {
		return &MeasureError{What: fmt.Sprintf("--every %v: want a positive time", o.Every)}
	}
	var names []string
	for _, t := range tables {
		names = append(names, quoteName(t.Name))
	}
	for _, n := range o.Table {
		if !slices.ContainsFunc(tables, func(t *Table) bool { return sameName(n, t.Name) }) {
			return &MeasureError{What: fmt.Sprintf("--table %s: there is no such table among %s", n, strings.Join(names, ", "))}
		}
	}
	for _, w := range []struct {
		option string
		names  []string
		find   func([]*Column, string) (*Column, bool)
	}{{"--time", words(o.Time), find}, {"--by", o.By, findKey}, {"--value", o.Value, find}} {
		for _, n := range w.names {
			if n == "none" && w.option == "--time" {
				continue
			}
			if !slices.ContainsFunc(tables, func(t *Table) bool {
				_, ok := w.find(printed(t), n)
				return ok && (len(o.Table) == 0 || slices.ContainsFunc(o.Table, func(m string) bool { return sameName(m, t.Name) }))
			}) {
				return &MeasureError{What: fmt.Sprintf("%s %s: no table has such a column", w.option, n), Readings: columnsOf(tables)}
			}
		}
	}
	return nil
}

func words(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func joinWords[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

func columnsOf(tables []*Table) []Reading {
	var out []Reading
	for _, t := range tables {
		if _, text := unlearnable[t.Kind]; text {
			continue
		}
		var names []string
		for _, c := range printed(t) {
			names = append(names, quoteName(c.Name))
		}
		out = append(out, Reading{Table: t.Name, Rows: t.NumRows(), Says: "columns " + strings.Join(names, ", ")})
	}
	return out
}

// printed are the columns of a table as they were printed in a row, from the left.
func printed(t *Table) []*Column {
	var out []*Column
	for _, c := range t.Columns {
		if !c.context {
			out = append(out, c)
		}
	}
	return out
}

// find finds a column by its name, in any case, or by its position.
func find(columns []*Column, name string) (*Column, bool) {
	for _, exact := range []func(a, b string) bool{
		func(a, b string) bool { return a == b }, strings.EqualFold,
		func(a, b string) bool { return strings.EqualFold(strings.Trim(a, "@%"), strings.Trim(b, "@%")) },
	} {
		for _, c := range columns {
			if exact(c.Name, name) {
				return c, true
			}
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 1 && i <= len(columns) {
		return columns[i-1], true
	}
	return nil, false
}

// findKey is [find] for a key, which also goes by what its values are: zonename is a column of zones,
// whatever it is called.
func findKey(columns []*Column, name string) (*Column, bool) {
	if c, ok := find(columns, name); ok {
		return c, true
	}
	want := DimensionOf(name, nil)
	if want == "" {
		return nil, false
	}
	var text *Column
	for _, c := range columns {
		switch d := DimensionOf(c.Name, c.sample()); {
		case d == want:
			return c, true
		case d == "" && text == nil && c.typ == String:
			if clock, _ := clockOf(c, false); clock == "" {
				text = c
			}
		}
	}
	// The first text that looks like nothing else is the process, as in nameProcess.
	return text, text != nil && want == ExecName
}

// join puts tables that go on each other together. Blocks are numbered only where there are several.
func join(tables []*Table) []*Table {
	out := joinParts(tables)
	for i, t := range out {
		if b := t.Column("block"); b != nil && b.context && b.constant() {
			whole := *t
			whole.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c *Column) bool { return c == b })
			out[i] = &whole
		}
	}
	return out
}

func joinParts(tables []*Table) []*Table {
	byID := map[tableID]*Table{}
	var out []*Table
	for _, t := range tables {
		id := idOf(t)
		if byID[id] == nil {
			byID[id] = t
			out = append(out, t)
			continue
		}
		i := slices.Index(out, byID[id])
		if byID[id].Kind == KindActivity {
			// Parts of which some have zones and some do not are read without.
			if a, b := zoneColumn(byID[id]), zoneColumn(t); (a == nil) != (b == nil) || a != nil && a.Name != b.Name {
				byID[id], t = zonedAs(byID[id], ""), zonedAs(t, "")
			}
		}
		out[i] = appendTables(byID[id], t)
		byID[id] = out[i]
	}
	return out
}

// appendTables returns a table of the rows of both.
func appendTables(a, b *Table) *Table {
	s := newSheet(a.Name, a.Kind)
	for _, t := range []*Table{a, b} {
		for _, c := range t.Columns {
			if have := s.index[c.Name]; have == nil {
				n := s.col(c.Name, typeIn(c.Name, a, b))
				n.ofDay, n.context, n.role = c.ofDay, c.context, c.role
			}
		}
	}
	for _, t := range []*Table{a, b} {
		n := t.NumRows()
		for _, c := range t.Columns {
			to := s.index[c.Name]
			for i := range n {
				to.appendCell(c, i)
			}
		}
		s.n += n
		for _, c := range s.Columns {
			c.padTo(s.n)
		}
	}
	return s.Table
}

// typeIn is the type of a column that takes the cells of both tables' columns of that name.
func typeIn(name string, a, b *Table) Type {
	x, y := a.Column(name), b.Column(name)
	switch {
	case x == nil:
		return y.typ
	case y == nil || x.typ == y.typ && x.unsigned == y.unsigned:
		return x.typ
	case x.typ <= Float && y.typ <= Float:
		return Float
	}
	return String
}

// candidate reads a table as a series as well as it goes.
func (o MeasureOptions) candidate(t *Table, s *script.Script) (*candidate, error) {
	c := &candidate{table: t, printed: printed(t), as: map[*Column]ValueKind{}}
	explicit := len(o.By) > 0 || len(o.Value) > 0
	if what, no := unlearnable[t.Kind]; no && !explicit {
		c.missing = what
		return c, nil
	}
	if t.NumRows() == 0 {
		c.missing = "no rows"
		return c, nil
	}
	if err := o.findTime(c); err != nil {
		return nil, err
	}
	o.findValues(c, s)
	if c.missing == "" {
		o.findKeys(c)
	}
	if c.missing == "" {
		c.countBlocks()
		o.checkTime(c)
	}
	return c, nil
}

// bars are the columns of a distribution that tell the bar.
var bars = map[string]bool{"bucket": true, "bucket_low": true, "bucket_high": true, "upper": true}

// findTime finds the column that tells the time of a row.
func (o MeasureOptions) findTime(c *candidate) error {
	if o.Time == "none" {
		c.timing, c.clock = byBlock, ClockBlocks
		return nil
	}
	if o.Time != "" {
		col, ok := find(append(c.printed, c.table.Column("time")), o.Time)
		if !ok || col == nil {
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
	columns := c.printed
	if c.table.Kind == kindReport {
		// Only the column time is when; TIME of a process is how long, and STIME since when.
		columns = slices.DeleteFunc(slices.Clone(columns), func(c *Column) bool { return c.Name != "time" })
	}
	for _, col := range columns {
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

// matches reports whether one of names means that column.
func matches(find func([]*Column, string) (*Column, bool), names []string, columns []*Column, col *Column) bool {
	for _, n := range names {
		if c, ok := find(columns, n); ok && c == col {
			return true
		}
	}
	return false
}

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

// clockOf tells what times a column holds, "" if none, and how many ns a number in it is.
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
		for unit := int64(1e9); unit >= 1; unit /= 1000 {
			// Counts and addresses may be as large as the seconds of an epoch; instants of one
			// capture lie within a few months.
			if lo >= 1e9*(1e9/unit) && hi < 4e9*(1e9/unit) && float64(hi-lo)*float64(unit) < 2e16 && (hi > lo || any || timeName(c.Name)) {
				return ClockEpoch, unit
			}
		}
		if any && lo >= 0 {
			return ClockRelative, nsOf(c.Name, hi)
		}
	case String:
		form, seen := syntax.Epoch, false
		for i := range min(c.Len(), lookRows) {
			if c.Null(i) {
				continue
			}
			text := []byte(c.Text(i))
			clock, n, ok := syntax.ParseClock(text)
			if !ok || n != len(text) {
				return "", 0
			}
			if form, seen = clock.Form, true; form == syntax.Epoch {
				return "", 0
			}
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

// timeName reports whether a column is called as times are.
func timeName(name string) bool {
	name = strings.ToLower(name)
	if i := strings.IndexByte(name, '('); i > 0 {
		name = name[:i]
	}
	switch name {
	case "time", "ts", "timestamp", "walltimestamp", "nsecs", "date", "timestr", "elapsed", "interval_start", "epoch", "t", "when", "stamp", "second", "sec", "clock", "nsec", "at", "datetime":
		return true
	}
	return false
}

// nsOf is how many ns a number of a time is, by the column's name or by how large it gets.
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

// monotonic reports whether a column of numbers is a clock that runs from a start of its own: it is
// called so, or counts ns and hardly ever steps back, or is the second of each of several rows.
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
		return nsOf(c.Name, int64(hi)), rising || len(distinct) > 2
	case c.Name == "walltimestamp":
		return 0, false
	case first && lo >= 1e9 && rising && len(distinct)*2 > len(values):
		return 1, true // an event log whose clock counts ns since boot
	case first && c.typ == Int && isAggregate(of.table) && len(distinct) >= 10 && float64(len(distinct)) >= 0.5*(hi-lo+1) && len(values) >= 2*len(distinct) && of.table.Column("block") == nil:
		// The second as the first key of an aggregation that was printed once: most seconds are
		// there and each has several rows.
		return 1e9, true
	}
	return 0, false
}

func isAggregate(t *Table) bool { return t.Kind == "agg" || t.Kind == "map" || t.Kind == KindActivity }

// gaugeWords are words in the names of columns that hold levels.
var gaugeWords = []string{"avg", "average", "mean", "median", "min", "max", "stddev", "std", "rss", "size", "vsz", "virt", "res", "shr",
	"free", "swpd", "buff", "cache", "load", "util", "temp", "lat", "latency", "await", "depth", "qlen", "wait", "idle", "mem", "memory", "level", "usage", "used"}

// isGaugeName reports whether a column is called as levels, means and rates are.
func isGaugeName(name string) bool {
	low := strings.ToLower(name)
	if strings.Contains(low, "%") || strings.HasSuffix(low, "/s") || strings.HasPrefix(low, "p9") || strings.HasPrefix(low, "p5") {
		return true
	}
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if slices.Contains(gaugeWords, w) {
			return true
		}
	}
	return false
}

// countNames are what columns of counts are called, thingNames those of counts of a thing: beside these
// stand counts of other things.
var (
	countNames = []string{"value", "count", "calls", "total", "n", "num", "sum", "events", "ops"}
	thingNames = []string{"bytes", "reads", "writes", "opens", "closes", "faults", "errors", "packets", "switches"}
)

// findValues finds the columns that hold what is counted.
func (o MeasureOptions) findValues(c *candidate, s *script.Script) {
	if len(o.Value) > 0 {
		for _, name := range o.Value {
			col, ok := find(c.printed, name)
			if !ok {
				c.missing = "no column " + name
				return
			}
			if !numeric(col) {
				c.missing = fmt.Sprintf("column %s holds no numbers, but such as %q: say --value with one of %s",
					quoteName(col.Name), firstText(col), strings.Join(quoteNames(namesOf(slices.DeleteFunc(slices.Clone(c.printed), func(k *Column) bool { return !numeric(k) }))), ", "))
				return
			}
			c.values = append(c.values, col)
			c.as[col] = o.valueKind(c, col, s)
		}
		c.events = false
		return
	}
	if o.As == AsEvents {
		c.events = true
		return
	}
	switch c.table.Kind {
	case "hist":
		if col := c.table.Column("count"); col != nil {
			c.values, c.as[col] = []*Column{col}, AsDistribution
			return
		}
	case "stats":
		if col := c.table.Column("count"); col != nil {
			c.values, c.as[col] = []*Column{col}, AsCount
			return
		}
	case "events":
		c.events = true
		return
	case "agg", "map", "tseries", KindActivity:
		if col := c.table.Column("value"); col != nil && numeric(col) {
			c.values = o.wide(c, col)
			for _, v := range c.values {
				c.as[v] = o.valueKind(c, v, s)
			}
			return
		}
		c.missing = "keys, but no number to count"
		return
	}
	c.values = o.likelyValues(c)
	if len(c.values) == 0 {
		c.events = true
		return
	}
	for _, v := range c.values {
		c.as[v] = o.valueKind(c, v, s)
	}
}

func numeric(c *Column) bool { return c.typ == Int || c.typ == Float }

// wide are the values of an aggregation's table: where several aggregations were printed side by
// side, as by printa("%@d %@d"), DTrace's own print looks like integer keys. Those are values if
// what stands before them tells the rows of a block apart all by itself.
func (o MeasureOptions) wide(c *candidate, value *Column) []*Column {
	values := []*Column{value}
	at := slices.Index(c.printed, value)
	for at > 1 && c.printed[at-1].typ == Int && c.printed[at-1] != c.time && !matches(findKey, o.By, c.printed, c.printed[at-1]) && strings.HasPrefix(c.printed[at-1].Name, "key") {
		at--
	}
	if c.table.Kind != "agg" || at == len(c.printed)-1 || at == 0 {
		return values
	}
	before, after := c.printed[:at], c.printed[at:]
	if slices.ContainsFunc(before, func(k *Column) bool { return k == c.time }) && len(before) == 1 {
		return values
	}
	block := c.blockOf()
	rows, seen, again, varies := 0, map[string]bool{}, map[string]string{}, 0
	for i := range min(c.table.NumRows(), lookRows) {
		key := rowKey(before, i)
		rows++
		seen[strconv.FormatInt(block(i), 10)+"\x00"+key] = true
		rest := rowKey(after[:len(after)-1], i)
		if old, ok := again[key]; ok && old != rest {
			varies++
		}
		again[key] = rest
	}
	if len(seen) == rows && varies*4 > rows {
		return after
	}
	return values
}

func rowKey(columns []*Column, i int) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(c.Text(i))
		b.WriteByte(0)
	}
	return b.String()
}

// blockOf tells the block of a row: that of its time, or its number.
func (c *candidate) blockOf() func(i int) int64 {
	if c.time != nil && c.timing != byBlock {
		switch c.time.typ {
		case Float:
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

// likelyValues are the columns of numbers in a table that no aggregation printed: those that are
// called as counts or levels are, or else the last number of a row, or the first. There are none in
// a log of events.
func (o MeasureOptions) likelyValues(c *candidate) []*Column {
	var numbers []*Column
	for _, col := range c.printed {
		dimension := DimensionOf(col.Name, nil) != ""
		if c.table.Kind == kindReport {
			dimension = col.role == roleKey || col.role == roleAside // %user is no user
		}
		if numeric(col) && col != c.time && !dimension && !bars[col.Name] && !matches(findKey, o.By, c.printed, col) {
			numbers = append(numbers, col)
		}
	}
	if len(numbers) == 0 || c.isLog() {
		return nil
	}
	unnamed := strings.HasPrefix(c.printed[len(c.printed)-1].Name, "c") && positional(c.printed)
	if !unnamed {
		var named, counts []*Column
		things := false
		for _, col := range numbers {
			low := strings.ToLower(col.Name)
			if slices.Contains(countNames, low) {
				named = append(named, col)
			}
			things = things || slices.Contains(thingNames, low)
			if col.typ == Int && !isGaugeName(col.Name) {
				counts = append(counts, col)
			}
		}
		switch {
		case len(named) > 0:
			return named
		case things:
			return counts
		}
		return numbers
	}
	var texts, last int
	for i, col := range c.printed {
		if col != c.time {
			last = i
			if !numeric(col) {
				texts++
			}
		}
	}
	if texts == 0 {
		if last := len(numbers) - 1; last > 0 && c.tellsRows(numbers[:last]) {
			return numbers[last:]
		}
		return numbers // numbers side by side without a name for a source
	}
	pick := c.printed[last]
	if !numeric(pick) {
		if pick = c.firstData(); !numeric(pick) || pick == c.time {
			return nil
		}
	}
	if c.repeats(pick) {
		return nil
	}
	return []*Column{pick}
}

// tellsRows reports whether columns of numbers tell apart the rows of a block, of which there are
// several, and come again in other blocks: those of CPUs or processes.
func (c *candidate) tellsRows(columns []*Column) bool {
	block := c.blockOf()
	inBlock, all, blocks := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	n := min(c.table.NumRows(), lookRows)
	for i := range n {
		key := rowKey(columns, i)
		blocks[block(i)] = true
		inBlock[strconv.FormatInt(block(i), 10)+"\x00"+key] = true
		all[key] = true
	}
	return len(inBlock) == n && len(all) > 1 && 2*len(all) <= n && 4*n >= 5*len(blocks)
}

// positional reports whether columns have no names but numbers.
func positional(columns []*Column) bool {
	for _, c := range columns {
		if c.typ == Time && c.Name == "time" {
			continue // the clock that every row starts with
		}
		if len(c.Name) < 2 || c.Name[0] != 'c' {
			return false
		}
		if _, err := strconv.Atoi(c.Name[1:]); err != nil {
			return false
		}
	}
	return true
}

func (c *candidate) firstData() *Column {
	for _, col := range c.printed {
		if col != c.time {
			return col
		}
	}
	return c.printed[0]
}

// isLog reports whether rows have times of their own, nearly all different.
func (c *candidate) isLog() bool {
	if c.timing != byRow {
		return false
	}
	times := map[int64]bool{}
	block := c.blockOf()
	n := min(c.table.NumRows(), lookRows)
	for i := range n {
		times[block(i)] = true
	}
	return n >= 4 && len(times)*2 > n
}

// repeats reports whether many rows of one time are the same but for the value, as those of events
// are and those of counts are not.
func (c *candidate) repeats(value *Column) bool {
	if c.timing != byRow {
		return false
	}
	var rest []*Column
	for _, col := range c.printed {
		if col != value && col != c.time {
			rest = append(rest, col)
		}
	}
	block := c.blockOf()
	n := min(c.table.NumRows(), lookRows)
	seen := map[string]bool{}
	for i := range n {
		seen[strconv.FormatInt(block(i), 10)+"\x00"+rowKey(rest, i)] = true
	}
	return len(seen)*3 < n*2
}

// valueKind says what a value is.
func (o MeasureOptions) valueKind(c *candidate, v *Column, s *script.Script) ValueKind {
	if c.table.Kind == kindReport && o.As == "" {
		if v.role == roleCount {
			return AsCount
		}
		return AsGauge
	}
	if o.As != "" {
		return o.As
	}
	if s != nil {
		for _, a := range s.Aggregations {
			if a.Name == c.table.Name && (c.table.Kind == "agg" || c.table.Kind == "map") || c.table.Kind == "printf" && strings.TrimPrefix(a.Name, "@") == v.Name {
				switch a.Function {
				case "avg", "min", "max", "stddev":
					return AsGauge
				}
			}
		}
	}
	if v.typ == Float || isGaugeName(v.Name) && c.table.Kind != "agg" && c.table.Kind != "map" {
		return AsGauge
	}
	return AsCount
}

// findKeys finds the columns that make a source.
func (o MeasureOptions) findKeys(c *candidate) {
	if len(o.By) > 0 {
		for _, name := range o.By {
			col, ok := findKey(c.printed, name)
			if !ok {
				c.missing = "no column " + name
				return
			}
			c.keys = append(c.keys, col)
		}
		return
	}
	if c.table.Kind == kindReport {
		for _, col := range c.printed {
			if col.role == roleKey && !slices.Contains(c.values, col) {
				c.keys = append(c.keys, col)
			}
		}
		return
	}
	for i, col := range c.printed {
		if col == c.time || col.typ == Stack || col.typ == Time || slices.Contains(c.values, col) || bars[col.Name] {
			continue
		}
		if len(c.values) > 0 && len(o.Value) > 0 && numeric(col) && i >= slices.Index(c.printed, c.values[0])-len(c.values) && valueLike(c, col, i) {
			continue
		}
		if c.table.Kind == "stats" && (col.Name == "count" || col.Name == "average" || col.Name == "total") {
			continue
		}
		if !isAggregate(c.table) && numeric(col) && !positional(c.printed) && DimensionOf(col.Name, nil) == "" {
			continue // another number beside those that count
		}
		if !isAggregate(c.table) && c.table.Kind != "hist" && numeric(col) && (DimensionOf(col.Name, nil) == PID) {
			continue // processes of one name add up unless asked apart
		}
		c.keys = append(c.keys, col)
	}
	if c.events {
		c.keys = o.who(c)
	}
}

// valueLike reports whether a column beside the value that was asked for is a value itself: one of
// several aggregations in a row.
func valueLike(c *candidate, col *Column, i int) bool {
	if c.table.Kind == "agg" {
		first := slices.Index(c.printed, c.values[0])
		return i > first || i > 0 && i < first && slices.ContainsFunc(c.printed[:i], func(k *Column) bool { return k.typ == String })
	}
	return DimensionOf(col.Name, nil) == "" && !(positional(c.printed) && i < slices.Index(c.printed, c.values[0]))
}

// who are the columns of a log of events that say whose they are.
func (o MeasureOptions) who(c *candidate) []*Column {
	var found []*Column
	dims := []Dimension{Host, ZoneName, Container, Cgroup, ExecName}
	if slices.Contains(o.Kinds, "*") {
		// Every kind of event apart: what was probed is the kind.
		dims = append([]Dimension{Kind, ProbeFunc}, dims...)
	}
	for _, d := range dims {
		for _, col := range c.keys {
			if DimensionOf(col.Name, col.sample()) == d {
				found = append(found, col)
				break
			}
		}
	}
	if len(found) > 0 && slices.ContainsFunc(found, func(k *Column) bool { return DimensionOf(k.Name, k.sample()) == ExecName }) {
		return found
	}
	// Without a name that tells, the first text of few different values.
	for _, col := range c.keys {
		if col.typ == String && !slices.Contains(found, col) {
			if n := len(col.words.values); n >= 1 && (n*4 <= c.table.NumRows() || n <= 8) {
				return append(found, col)
			}
		}
	}
	if len(found) == 0 && len(c.keys) > 0 {
		c.missing = "rows with a time, but nothing that says whose they are: say --by with " + strings.Join(quoteNames(namesOf(c.printed)), ", ")
	}
	return found
}

func namesOf(columns []*Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
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
	return back*20 <= n
}

// atStamp is how many times the table is usually printed under one clock.
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

func (c *candidate) countBlocks() {
	block := c.blockOf()
	seen := map[int64]bool{}
	for i := range c.table.NumRows() {
		if c.time != nil && c.time.Null(i) {
			continue
		}
		seen[block(i)] = true
	}
	c.blocks = len(seen)
}

// checkTime says what is missing where a table has no times.
func (o MeasureOptions) checkTime(c *candidate) {
	if c.timing != byBlock {
		return
	}
	switch {
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

// steady reports whether blocks without a time look as if one thing was printed over and over: most
// have a key that the block before has.
func (c *candidate) steady() bool {
	block := c.blockOf()
	common, n := 0, 0
	var before, now map[string]bool
	last := int64(-1)
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
	return len(c.keys) == 0 || n >= 2 && common*2 >= n
}

// reading says what the candidate would be learned as.
func (c *candidate) reading(m *Measure) Reading {
	r := Reading{Table: c.table.Name, Rows: c.table.NumRows(), Missing: c.missing}
	if c.missing == "" {
		var says []string
		for _, t := range c.measures("", false) {
			says = append(says, t.says(m))
		}
		r.Says = strings.Join(says, "; ")
	}
	return r
}

// measures are the candidate's parts of a measure, one for each value.
func (c *candidate) measures(kind string, kinds bool) []TableMeasure {
	t := TableMeasure{Table: c.table.Name, By: namesOf(c.keys), id: idOf(c.table), timing: c.timing, unit: c.unit, anchor: c.anchor, columnIsNumber: c.time != nil && numeric(c.time), log: c.isLog(), atStamp: c.atStamp()}
	if c.time != nil {
		t.Time = c.time.Name
		t.timeFirst = slices.Index(c.printed, c.time) == 0
	}
	for _, k := range c.keys {
		t.places = append(t.places, slices.Index(c.printed, k))
	}
	if z := zoneColumn(c.table); z != nil {
		t.zone = z.Name
	}
	for _, col := range c.printed {
		if col != c.time && col.typ != Stack && !slices.Contains(c.values, col) && !bars[col.Name] && !(numeric(col) && !isAggregate(c.table) && DimensionOf(col.Name, nil) == "" && !positional(c.printed)) {
			t.keys = append(t.keys, col.Name)
		}
	}
	if c.events {
		t.As, t.Kind = AsEvents, kind
		return []TableMeasure{t}
	}
	var out []TableMeasure
	for _, v := range c.values {
		t.Value, t.As = v.Name, c.as[v]
		t.Kind = kind
		if kinds && len(c.values) > 1 {
			t.Kind = strings.TrimSpace(kind + " " + v.Name)
		}
		out = append(out, t)
	}
	return out
}

// choose makes a measure of the candidates that can be counted: those of one cadence join, and of
// others only one may be as good as the best.
func (o MeasureOptions) choose(all []*candidate) (*Measure, error) {
	var good []*candidate
	for _, c := range all {
		if c.missing == "" {
			good = append(good, c)
		}
	}
	m := &Measure{}
	if len(good) == 0 {
		e := &MeasureError{What: "nothing in it can be counted over time"}
		for _, c := range all {
			if _, text := unlearnable[c.table.Kind]; !text || len(all) == 1 {
				e.Readings = append(e.Readings, c.reading(m))
			}
		}
		if len(e.Readings) == 0 {
			e.Readings = append(e.Readings, Reading{Table: "text", Missing: "no table was recognized in the text"})
		}
		return nil, e
	}
	group, rest, err := o.group(good)
	if err != nil {
		return nil, err
	}
	o.build(m, group)
	for _, c := range all {
		if !slices.Contains(group, c) && (c.missing != "" || slices.Contains(rest, c)) {
			r := c.reading(m)
			if c.missing == "" {
				r.Missing = notWithOthers
				m.Notes = append(m.Notes, fmt.Sprintf("table %s is not counted: it does not go with the others; choose it with --table", quoteName(c.table.Name)))
			}
			m.Others = append(m.Others, r)
		}
	}
	return m, nil
}

// weight is how much a candidate tells.
func (c *candidate) weight() int { return c.table.NumRows() }

// group are the candidates that are counted together.
func (o MeasureOptions) group(good []*candidate) (group, rest []*candidate, err error) {
	type key struct {
		timing timing
		clock  TimeKind
		table  string
	}
	groups := map[key][]*candidate{}
	var order []key
	for _, c := range good {
		k := key{timing: c.timing, clock: c.clock}
		if c.timing == byRow {
			k.table = c.table.Name + "\x00" + c.table.Kind
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	weigh := func(k key) int {
		n := 0
		for _, c := range groups[k] {
			n += c.weight()
		}
		return n
	}
	slices.SortStableFunc(order, func(a, b key) int { return cmp.Compare(weigh(b), weigh(a)) })
	if len(order) > 1 && len(o.Table) == 0 && weigh(order[1])*2 > weigh(order[0]) {
		e := &MeasureError{What: "several readings are equally good: choose one with --table"}
		for _, k := range order[:2] {
			for _, c := range groups[k] {
				m := &Measure{Every: time.Second, Clock: c.clock}
				e.Readings = append(e.Readings, c.reading(m))
			}
		}
		return nil, nil, e
	}
	group = groups[order[0]]
	for _, k := range order[1:] {
		rest = append(rest, groups[k]...)
	}
	// What was printed once, or hardly ever, beside tables of every interval is a summary.
	most := 0
	for _, c := range group {
		most = max(most, c.blocks)
	}
	if len(o.Table) == 0 {
		var steady []*candidate
		for _, c := range group {
			if c.blocks*8 >= most {
				steady = append(steady, c)
			} else {
				rest = append(rest, c)
			}
		}
		group = steady
	}
	return group, rest, nil
}

// build fills the measure.
func (o MeasureOptions) build(m *Measure, group []*candidate) {
	first := group[0]
	m.Clock = first.clock
	several := len(group) > 1
	for _, c := range group {
		kind := ""
		if several || len(c.keys) == 0 && len(c.values) <= 1 {
			kind = strings.TrimPrefix(c.table.Name, "@")
			if kind == "" {
				kind = c.table.Name
			}
		}
		ts := c.measures(kind, true)
		for i := range ts {
			if len(c.keys) == 0 && ts[i].Kind == "" {
				ts[i].Kind = ts[i].Value
			}
		}
		m.Tables = append(m.Tables, ts...)
	}
	kinded := len(m.Tables) > 1
	if kinded {
		m.Names, m.Dims = append(m.Names, "kind"), append(m.Dims, Kind)
	}
	exec := false
	for _, k := range first.keys {
		d := DimensionOf(k.Name, k.sample())
		m.Names, m.Dims = append(m.Names, k.Name), append(m.Dims, d)
		exec = exec || d == ExecName
	}
	if first.events && !kinded && len(m.Dims) > 1 && m.Dims[0] == ProbeFunc {
		m.Dims[0] = Kind
	}
	o.nameProcess(m, first, exec)
	o.takeKinds(m, first)
	o.every(m, group)
	for i := range m.Tables {
		m.totals(&m.Tables[i], group, o)
	}
	switch m.Clock {
	case ClockOfDay:
		m.Notes = append(m.Notes, "the clocks have no date: days count from 1970-01-01")
	case ClockRelative:
		m.Notes = append(m.Notes, "times count from a start of their own, such as boot")
	case ClockBlocks:
		if o.Every == 0 {
			m.Notes = append(m.Notes, fmt.Sprintf("no time was printed between the blocks: one is taken for %v; say --every if that is wrong", m.Every))
		}
	}
}

// nameProcess takes the first text of an unnamed key for the process, since that is what tracers
// print most.
func (o MeasureOptions) nameProcess(m *Measure, c *candidate, exec bool) {
	if exec {
		return
	}
	at := len(m.Dims) - len(c.keys)
	for i, k := range c.keys {
		if m.Dims[at+i] == "" && k.typ == String {
			m.Dims[at+i] = ExecName
			return
		}
	}
}

// takeKinds handles a column that tells what was counted: values of different kinds do not add up.
// Where the kind is not a part of the source, system calls alone count.
func (o MeasureOptions) takeKinds(m *Measure, c *candidate) {
	at := -1
	for i := range c.keys {
		if m.Dims[len(m.Dims)-len(c.keys)+i] == Kind {
			at = i
		}
	}
	if at < 0 && c.table.Column("kind") == nil {
		return
	}
	var have []string
	col := c.table.Column("kind")
	if at >= 0 {
		col = c.keys[at]
	}
	if col == nil || col.typ != String {
		return
	}
	have = slices.Sorted(slices.Values(col.words.values))
	if len(o.Kinds) > 0 {
		if !slices.Contains(o.Kinds, "*") {
			m.kinds = map[string]bool{}
			for _, k := range o.Kinds {
				m.kinds[k] = true
			}
		}
	} else if slices.Contains(have, "syscall") && (at < 0 || len(o.By) == 0 && len(c.keys) > 1) {
		m.kinds = map[string]bool{"syscall": true}
		if len(have) > 1 {
			keys := namesOf(c.keys)
			if at < 0 {
				keys = append([]string{col.Name}, keys...)
			}
			others := slices.DeleteFunc(slices.Clone(have), func(k string) bool { return k == "syscall" })
			m.Notes = append(m.Notes, fmt.Sprintf("counted system calls alone, not %s: say --by %s to have them apart",
				strings.Join(others, ", "), strings.Join(keys, ",")))
		}
	}
	if len(o.By) == 0 && m.kinds != nil && at >= 0 {
		// One kind is no part of a source's name.
		i := len(m.Dims) - len(c.keys) + at
		m.Names, m.Dims = slices.Delete(m.Names, i, i+1), slices.Delete(m.Dims, i, i+1)
		for j := range m.Tables {
			if k := slices.Index(m.Tables[j].By, col.Name); k >= 0 {
				m.Tables[j].By = slices.Delete(slices.Clone(m.Tables[j].By), k, k+1)
				m.Tables[j].places = slices.Delete(slices.Clone(m.Tables[j].places), k, k+1)
			}
		}
	}
	m.kindColumn = col.Name
}

// every finds the time between blocks.
func (o MeasureOptions) every(m *Measure, group []*candidate) {
	m.Every = time.Second
	c := group[0]
	if m.Clock != ClockBlocks && !c.isLog() {
		times := map[int64]bool{}
		for _, c := range group {
			for i := range c.table.NumRows() {
				if t, ok := timeAt(c.time, i, c.unit); ok {
					times[t] = true
				}
			}
		}
		m.block = time.Duration(typicalStep(slices.Sorted(maps.Keys(times))))
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

// typicalStep is the median step of ascending times, rounded to three digits; 0 if there is none.
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
		return int64(c.floats[i] * float64(unit)), true
	case String:
		clock, _, ok := syntax.ParseClock([]byte(c.Text(i)))
		return clock.NS, ok
	}
	return 0, false
}

// totals tells running totals from counts: those of a source never fall, and a source that was
// printed once is printed in every block after.
func (m *Measure) totals(t *TableMeasure, group []*candidate, o MeasureOptions) {
	var c *candidate
	for _, g := range group {
		if idOf(g.table) == t.id {
			c = g
		}
	}
	if t.As != AsCount && t.As != AsTotal && t.As != AsDistribution || c.timing == byRow && (c.isLog() || !c.inOrder()) {
		return
	}
	v := c.table.Column(t.Value)
	keys := make([]*Column, 0, len(t.keys))
	for _, k := range t.keys {
		if !c.events {
			keys = append(keys, c.table.Column(k))
		}
	}
	if c.table.Kind == "hist" {
		keys = append(keys, c.table.Column("bucket"))
	}
	block := c.blockOf()
	type state struct {
		value float64
		block int
	}
	last := map[string]state{}
	n, current, rises, falls, gaps, resets := 0, int64(-1), 0, 0, 0, 0
	inBlock, before, firstSum, laterMost := map[string]bool{}, 0, 0.0, 0.0
	up, down := 0, 0 // in the block at hand
	sum := 0.0
	// Where nearly everything falls at once, running totals were reset.
	endBlock := func() {
		if down > 2*up && down > 1 {
			resets++
			if len(inBlock) < before {
				gaps--
			}
		} else {
			rises, falls = rises+up, falls+down
		}
		up, down = 0, 0
	}
	for i := range c.table.NumRows() {
		if b := block(i); b != current {
			endBlock()
			if n == 1 {
				firstSum = sum
			} else if n > 1 {
				laterMost = max(laterMost, sum)
			}
			if n > 1 && len(inBlock) < before {
				gaps++
			}
			before = len(inBlock)
			n, current, sum = n+1, b, 0
			clear(inBlock)
		}
		key := rowKey(keys, i)
		x := v.Float(i)
		inBlock[key] = true
		old, ok := last[key]
		switch {
		case !ok:
			if n > 1 {
				sum += x
			}
		case x > old.value:
			up++
		case x < old.value:
			down++
		}
		if ok {
			sum += x - old.value
		} else if n == 1 {
			sum += x
		}
		last[key] = state{x, n}
	}
	endBlock()
	if n > 1 {
		laterMost = max(laterMost, sum)
	}
	t.fresh = firstSum <= 10*laterMost || n <= 1
	if t.As == AsTotal {
		return
	}
	if o.As == "" && n >= 3 && rises >= 4 && falls*50 <= rises && gaps*20 <= n && resets*10 <= n {
		if t.As == AsDistribution {
			m.Notes = append(m.Notes, fmt.Sprintf("the distributions of %s only grow: their increase counts", quoteName(t.Table)))
			t.keys = append(t.keys, "bucket")
		} else {
			m.Notes = append(m.Notes, fmt.Sprintf("the values of %s only grow: their increase counts; say --as count if that is wrong", quoteName(t.Table)))
		}
		t.As = AsTotal
	}
}

// round rounds a length of time to three digits.
func round(ns int64) int64 {
	unit := int64(1)
	for ns/unit >= 1000 {
		unit *= 10
	}
	return (ns + unit/2) / unit * unit
}
