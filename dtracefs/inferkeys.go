package dtracefs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// sameName reports whether two names of tables or columns mean the same: in any case, and with or
// without the @ of an aggregation.
func sameName(a, b string) bool {
	return strings.EqualFold(a, b) || strings.EqualFold(strings.TrimPrefix(a, "@"), strings.TrimPrefix(b, "@"))
}

// printed are the columns of a table as they were printed in a row, from the left. Positions that
// a user counts on the screen are positions in it.
func printed(t *Table) []*Column {
	var out []*Column
	for _, c := range t.Columns {
		if !c.context {
			out = append(out, c)
		}
	}
	return out
}

// find finds a column by its name or by its position from 1. The exact name comes first, then the
// name in any case, then without the marks around it; a name that is a number, such as a
// percentile's, comes before the position.
func find(columns []*Column, name string) (*Column, bool) {
	// All columns are gone through for each way before the next one: a column called exactly so
	// wins wherever it stands.
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
	// Positions come last, as a column may be called by a number: the percentile 99 is no 99th
	// column.
	if i, err := strconv.Atoi(name); err == nil && i >= 1 && i <= len(columns) {
		return columns[i-1], true
	}
	return nil, false
}

// findKey is [find] for a key, which also goes by what its values are: zonename is a column of
// zones, whatever it is called. So one --by does for tables whose columns are called differently,
// such as COMMAND and execname.
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
		switch d := c.dimension(); {
		case d == want:
			return c, true
		case d == "" && text == nil && c.typ == String && c.role == roleUnknown:
			if clock, _ := clockOf(c, false); clock == "" {
				text = c
			}
		}
	}
	// The first text that looks like nothing else is the process, as in nameProcess.
	return text, text != nil && want == ExecName
}

// matches reports whether one of names means that column. find must be the function by which the
// option is read later, or the two would disagree.
func matches(find func([]*Column, string) (*Column, bool), names []string, columns []*Column, col *Column) bool {
	for _, n := range names {
		if c, ok := find(columns, n); ok && c == col {
			return true
		}
	}
	return false
}

// findKeys finds the columns that make a source. What the user says comes first, then what was so
// when o.Like was counted, then what the reader of a tool's report knows; in all other tables a
// key is what is neither the time nor a value nor a number of another kind. It must run after
// findTime and findValues.
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
	if like := o.like(c.table); like != nil {
		if c.keys = findLike(findKey, c.printed, like[0].By); c.keys != nil && !slices.ContainsFunc(c.keys, func(k *Column) bool { return k == c.time || slices.Contains(c.values, k) }) {
			return
		}
		c.keys = nil
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
		// One value of several was asked for. The others beside it are values too, not keys.
		if len(c.values) > 0 && len(o.Value) > 0 && numeric(col) && i >= slices.Index(c.printed, c.values[0])-len(c.values) && valueLike(c, col, i) {
			continue
		}
		if col.role == roleAside {
			continue
		}
		// bpftrace's stats() prints three numbers for each key; the count is what is counted.
		if c.table.Kind == "stats" && (col.Name == "count" || col.Name == "average" || col.Name == "total") {
			continue
		}
		if !isAggregate(c.table) && DimensionOf(col.Name, nil) == "" && holdsAmounts(col) {
			continue // such as 93.9%: text as it was printed, but how much, and not whose
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

// holdsAmounts reports whether a column of text holds nothing but numbers with a percent sign or a
// unit of size behind them. A dash stands where there is none.
func holdsAmounts(c *Column) bool {
	if c.typ != String {
		return false
	}
	any := false
	for _, w := range c.words.values {
		if w == "" || w == "-" {
			continue
		}
		m, ok := syntax.ParseMeasure([]byte(w))
		if !ok {
			return false
		}
		any = any || m.Suffix != 0
	}
	return any
}

// valueLike reports whether a column beside the value that was asked for is a value itself: one of
// several aggregations in a row.
func valueLike(c *candidate, col *Column, i int) bool {
	if c.table.Kind == "agg" {
		// One printa writes several aggregations side by side: where the value asked for is 12, the
		// 4096 of `nginx 4096 12` is another value.
		first := slices.Index(c.printed, c.values[0])
		return i > first || i > 0 && i < first && slices.ContainsFunc(c.printed[:i], func(k *Column) bool { return k.typ == String })
	}
	return DimensionOf(col.Name, nil) == "" && !(positional(c.printed) && i < slices.Index(c.printed, c.values[0]))
}

// who returns the columns of a log of events that say whose they are. Of an event everything is
// printed: process, its number, function, arguments. A source of all of that would have one event
// each, so only what lasts makes a source: host, zone, container and the process's name.
func (o MeasureOptions) who(c *candidate) []*Column {
	var found []*Column
	dims := []Dimension{Host, ZoneName, Container, Cgroup, ExecName}
	if slices.Contains(o.Kinds, "*") {
		// Every kind of event apart: what was probed is the kind.
		dims = append([]Dimension{Kind, ProbeFunc}, dims...)
	}
	for _, d := range dims {
		for _, col := range c.keys {
			if col.dimension() == d {
				found = append(found, col)
				break
			}
		}
	}
	if len(found) > 0 && slices.ContainsFunc(found, func(k *Column) bool { return k.dimension() == ExecName }) {
		return found
	}
	// Without a name that tells, what the reader knows, or the first text of few different values.
	for _, col := range c.keys {
		if col.role == roleKey && !slices.Contains(found, col) {
			return append(found, col)
		}
	}
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

// namesOf returns the names of columns.
func namesOf(columns []*Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

// nameProcess takes the first text of an unnamed key for the process, since that is what tracers
// print most. Of other tools the reader knows which columns are keys, and so what they name: a
// lock is no process. It matters for what is drawn and grouped,
// not for what is counted.
func (o MeasureOptions) nameProcess(m *Measure, c *candidate, exec bool) {
	if exec || c.table.Kind == kindReport {
		return
	}
	// The keys stand last; a kind may stand in front of them.
	at := len(m.Dims) - len(c.keys)
	for i, k := range c.keys {
		if m.Dims[at+i] == "" && k.typ == String && k.role == roleUnknown {
			m.Dims[at+i] = ExecName
			return
		}
	}
}

// takeKinds handles a column that says what was counted: values of different kinds, such as bytes
// and calls, do not add up. Where the kind is not a part of the source, system calls alone count,
// and a note says so. at is the key that holds the kind, or -1 if it is no key.
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
			m.Kinds = unionOf(o.Kinds, nil)
		}
	} else if slices.Contains(have, "syscall") && (at < 0 || len(o.By) == 0 && len(c.keys) > 1) {
		m.Kinds = []string{"syscall"}
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
	if len(o.By) == 0 && m.Kinds != nil && at >= 0 {
		// One kind is no part of a source's name.
		i := len(m.Dims) - len(c.keys) + at
		m.Names, m.Dims = slices.Delete(m.Names, i, i+1), slices.Delete(m.Dims, i, i+1)
		// Tables of several values of one candidate share their lists, so each gets one of its own.
		for j := range m.Tables {
			if k := slices.Index(m.Tables[j].By, col.Name); k >= 0 {
				m.Tables[j].By = slices.Delete(slices.Clone(m.Tables[j].By), k, k+1)
				m.Tables[j].places = slices.Delete(slices.Clone(m.Tables[j].places), k, k+1)
			}
		}
	}
	m.kindColumn = col.Name
}
