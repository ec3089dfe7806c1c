package dtracefs

import (
	"slices"
	"strings"
)

// A tableID is by what tables of several batches are known to go on each other.
type tableID struct{ name, kind string }

// idOf returns it. A name alone is not enough: a map may be printed as numbers and as a
// histogram.
func idOf(t *Table) tableID { return tableID{t.Name, t.Kind} }

// A candidate is a table of the sample as it could be counted. It holds why it cannot be counted,
// in missing, or all that a measure says of it.
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

// unlearnable are the kinds of tables that hold no series, and what they are in words. They are
// counted only where columns of them are named.
var unlearnable = map[string]string{
	"text": "lines of text", "intervals": "what intervals sum up to", "stability": "stability of a script", "probes": "a listing of probes",
	"statemap": "a head", "legend": "a legend", "entities": "a list", "tags": "a list", "dump": "bytes of memory", "print": "a structure",
	"summary": "totals and means",
}

// join puts tables that go on each other together, such as those of the parts of a scan. Blocks
// are numbered only where there are several: in a part of a capture the number stays even if it
// is the same in all rows (see [sheet.finish]), and with one block it says nothing. The tables
// given are not changed.
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

// appendTables returns a table of the rows of both, with the columns of both. Cells of a column
// that one of them lacks are null.
func appendTables(a, b *Table) *Table {
	s := newSheet(a.Name, a.Kind)
	for _, t := range []*Table{a, b} {
		for _, c := range t.Columns {
			// All columns are made before any cell is added, so that each has the type that holds
			// the cells of both.
			if have := s.index[c.Name]; have == nil {
				n := s.col(c.Name, typeIn(c.Name, a, b))
				n.ofDay, n.context, n.role, n.is = c.ofDay, c.context, c.role, c.is
			}
		}
	}
	for _, t := range []*Table{a, b} {
		for _, c := range t.Columns {
			s.index[c.Name].appendColumn(c)
		}
		s.n += t.NumRows()
		for _, c := range s.Columns {
			c.padTo(s.n)
		}
	}
	return s.Table
}

// typeIn is the type of a column that takes the cells of both tables' columns of that name.
// Signed and unsigned integers go together as floats here: a sample is only looked at, not
// exported. What else differs is text.
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

// reading says what the candidate would be learned as, in buckets and clocks of m.
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

// measures are the candidate's parts of a measure, one for each value. kind is what stands before
// the sources. With kinds, each of several values has its own name there, as reads and writes of
// one process are two sources.
func (c *candidate) measures(kind string, kinds bool) []TableMeasure {
	t := TableMeasure{Table: c.table.Name, By: namesOf(c.keys), id: idOf(c.table), timing: c.timing, unit: c.unit, anchor: c.anchor, columnIsNumber: c.time != nil && numeric(c.time), log: c.single(), atStamp: c.atStamp()}
	if c.time != nil {
		t.Time = c.time.Name
		// Where things stand in a printed row is what the fast reading of lines needs: it sees no
		// columns.
		t.timeFirst = slices.Index(c.printed, c.time) == 0
	}
	for _, k := range c.keys {
		t.places = append(t.places, slices.Index(c.printed, k))
	}
	if z := zoneColumn(c.table); z != nil {
		t.zone = z.Name
	}
	for _, col := range c.printed {
		// All keys, not only those of the source: the totals of two threads of one process are
		// two totals, each with an increase of its own.
		if col != c.time && col.typ != Stack && !slices.Contains(c.values, col) && !bars[col.Name] && !(!isAggregate(c.table) && DimensionOf(col.Name, nil) == "" && (numeric(col) && !positional(c.printed) || holdsAmounts(col))) {
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

// weight is how much there is to learn from a candidate: its rows.
func (c *candidate) weight() int { return c.table.NumRows() }
