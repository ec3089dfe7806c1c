package dtracefs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/script"
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
	// Like is how captures were counted that this one is held against: what the other words leave
	// open is as it was there, as far as the capture has it. nil leaves it to inference.
	Like *Measure
}

// Infer finds how the tables of a capture, or of the beginning of a large one, are counted.
// Options decide first; then the script, if the capture has one beside it; then names of columns;
// then how the values behave from row to row and block to block. Nothing is guessed silently: the
// measure says what it takes each table for, its notes say what was left out, and where two
// readings are equally good it is an error, a [*MeasureError], that lists them.
func Infer(tables []*Table, o MeasureOptions) (*Measure, error) {
	return infer(tables, nil, o)
}

// infer is Infer with the script that printed the tables, which may be nil. What was said is
// noted before o.Like fills in the rest: a later comparison must know which words were the user's
// own.
func infer(tables []*Table, s *script.Script, o MeasureOptions) (*Measure, error) {
	said := o.said()
	o = o.likewise()
	all, err := o.candidates(tables, s)
	if err != nil {
		return nil, err
	}
	m, err := o.choose(all)
	if err == nil {
		m.Said = said
	}
	return m, err
}

// Readings says for each table of the capture what would be learned from it without options, or
// what is missing and which option would supply it.
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
		// Without options the width of a bucket is not yet known; a second is what most would
		// have.
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
			// choose may join tables or drop a kind, so the chosen measure, not the candidate
			// alone, says what would be done.
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

// candidates reads each table as a series. Times that count from a start of their own are
// anchored last, since the line that shows both clocks is in another table.
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

// candidate reads a table as a series as well as it goes. The order matters: a column that is the
// time is neither a value nor a key, values are found before keys, since whatever column is left
// over is a key, and only with all of them can it be seen whether blocks follow each other
// steadily. The first thing missing is what is told.
func (o MeasureOptions) candidate(t *Table, s *script.Script) (*candidate, error) {
	c := &candidate{table: t, printed: printed(t), as: map[*Column]ValueKind{}}
	explicit := len(o.By) > 0 || len(o.Value) > 0
	// Columns that were named by the user are tried whatever the table is.
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

// check finds the words of options that can mean nothing in any table, before any table is read:
// otherwise a mistyped name would look like a table that lacks something. A word that fits one
// table only is fine; the others are then left out.
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
		find   func(*Table, string) (*Column, bool)
	}{{"--time", words(o.Time), findTimeColumn}, {"--by", o.By, inRow(findKey)}, {"--value", o.Value, inRow(find)}} {
		for _, n := range w.names {
			if n == "none" && w.option == "--time" {
				continue
			}
			if !slices.ContainsFunc(tables, func(t *Table) bool {
				_, ok := w.find(t, n)
				return ok && (len(o.Table) == 0 || slices.ContainsFunc(o.Table, func(m string) bool { return sameName(m, t.Name) }))
			}) {
				return &MeasureError{What: fmt.Sprintf("%s %s: no table has such a column", w.option, n), Readings: columnsOf(tables)}
			}
		}
	}
	return nil
}

// inRow looks for a column among those that were printed in a row.
func inRow(find func([]*Column, string) (*Column, bool)) func(*Table, string) (*Column, bool) {
	return func(t *Table, name string) (*Column, bool) { return find(printed(t), name) }
}

// words makes a list of a word that may be missing.
func words(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// joinWords lists words for a message.
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

// columnsOf lists for a message which columns there are to choose from.
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

// joinParts makes one table of those that have the same name and kind, as a scan yields one for
// each batch. The order is that of the first part of each.
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
		// The joined table takes the place of the first part, in the list and by its name, so that
		// the parts to come go on it.
		out[i] = appendTables(byID[id], t)
		byID[id] = out[i]
	}
	return out
}

// countNames are what columns of counts are called: beside one of them, the other numbers of a
// row, such as a process's, are not what is counted. thingNames are called after what they count:
// beside reads stands writes, so all integers of the row count. markNames are the last words in
// what numbers are called that tell where something is, which one it is, or how it ended: nobody
// adds them.
var (
	countNames = []string{"value", "count", "calls", "total", "n", "num", "sum", "events", "ops"}
	thingNames = []string{"bytes", "reads", "writes", "opens", "closes", "faults", "errors", "packets", "switches"}
	markNames  = []string{"fd", "err", "errno", "ret", "retval", "code", "status", "sig", "signal", "port", "lport", "rport", "sport", "dport", "ip",
		"maj", "sector", "block", "lba", "off", "offset", "addr", "address", "inode", "ino", "tpid", "flags", "mode", "cap", "audit", "insetid"}
)

// isMarkName reports whether numbers of a column mark things instead of counting them, by the last
// word of its name: block_reads are reads.
func isMarkName(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' })
	return len(words) > 0 && slices.Contains(markNames, words[len(words)-1])
}

// choose makes a measure of the candidates that can be counted: those of one cadence join, and of
// others only one may be as good as the best. Where none can be counted, the error says of each
// what is missing, but leaves out text, which is everywhere and was never meant to count, unless
// there is nothing else.
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

// group returns the candidates that are counted together, and the rest. Tables that are printed
// under the same clocks, or block by block without one, can be joined: reads and writes of one
// second. Rows with times of their own cannot, as each log has its own columns. Among groups the
// one with most rows is meant, unless another has more than half as many: then the user must
// choose, as the wrong one would be learned without a word. What o.Like counted before comes
// first whatever its size.
func (o MeasureOptions) group(good []*candidate) (group, rest []*candidate, err error) {
	type key struct {
		timing timing
		clock  TimeKind
		table  string
	}
	groups := map[key][]*candidate{}
	var order []key
	for _, c := range good {
		// Times of two kinds, such as dates and ns since boot, cannot lie on one axis.
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
	known := func(k key) int {
		if slices.ContainsFunc(groups[k], func(c *candidate) bool { return o.knows(c.table) }) {
			return 1
		}
		return 0
	}
	// Stable, so that of groups as large as each other the one printed first stays first.
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(cmp.Compare(known(b), known(a)), cmp.Compare(weigh(b), weigh(a)))
	})
	if len(order) > 1 && len(o.Table) == 0 && known(order[0]) == known(order[1]) && weigh(order[1])*2 > weigh(order[0]) {
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
			// An eighth, as an aggregation may be empty in most intervals. The totals at exit
			// come once.
			if c.blocks*8 >= most || o.knows(c.table) {
				steady = append(steady, c)
			} else {
				rest = append(rest, c)
			}
		}
		group = steady
	}
	return group, rest, nil
}

// build fills the measure. Names and dimensions of a source are those of the first table's keys.
func (o MeasureOptions) build(m *Measure, group []*candidate) {
	first := group[0]
	m.Clock = first.clock
	several := len(group) > 1 || o.Like.joins()
	for _, c := range group {
		kind := ""
		// A source needs a name. Where no column gives one, it is that of the table; the @ of an
		// aggregation would be noise in a picture.
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
	kinded := len(m.Tables) > 1 || o.Like.joins()
	if kinded {
		m.Names, m.Dims = append(m.Names, "kind"), append(m.Dims, Kind)
	}
	exec := false
	for _, k := range first.keys {
		d := k.dimension()
		m.Names, m.Dims = append(m.Names, k.Name), append(m.Dims, d)
		exec = exec || d == ExecName
	}
	// Of events by function and process, the function is what happened: the kind.
	if first.events && !kinded && len(m.Dims) > 1 && m.Dims[0] == ProbeFunc {
		m.Dims[0] = Kind
	}
	// Before the kinds, which may take a dimension away: the keys are found by their places from
	// the end.
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
