package dtracefs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A ValueKind says what the values of a table are, and so how they become counts in buckets.
type ValueKind string

// The kinds of values.
const (
	// AsCount is how many there were in the interval that ends at the time. It adds up.
	AsCount ValueKind = "count"
	AsSum   ValueKind = "sum"   // bytes or time in the interval: adds up
	AsTotal ValueKind = "total" // counts since the start: their differences count
	// AsGauge is a level, a mean or a rate, which is averaged over a wider bucket.
	AsGauge        ValueKind = "gauge"
	AsEvents       ValueKind = "events"       // none: each row is one event
	AsDistribution ValueKind = "distribution" // counts of bars: they add up
)

var valueKinds = []ValueKind{AsCount, AsSum, AsTotal, AsGauge, AsEvents, AsDistribution}

// A Measure says how a capture is counted into time buckets × sources: which tables, what their
// time is, which columns make a source, which hold the value, and what it is. [Infer] finds it.
// The fields with names in JSON are what is kept with counts and behaviors; the others can be
// found again from a capture.
type Measure struct {
	Every  time.Duration  `json:"every"`  // the width of a bucket
	Clock  TimeKind       `json:"clock"`  // what the times are
	Tables []TableMeasure `json:"tables"` // those that count; several join as kinds
	// Names are those of the columns that make a source, in their order.
	Names []string    `json:"names"`
	Dims  []Dimension `json:"dimensions"` // of the parts of a source, as Names
	// Kinds are those that were taken in, in order; nil means all.
	Kinds []string `json:"kinds,omitempty"`
	// Said are the words of [MeasureOptions] that were given, in order.
	Said   []string  `json:"said,omitempty"`
	Notes  []string  `json:"-"` // what was guessed or left out
	Others []Reading `json:"-"` // tables that are not counted, and why

	block      time.Duration // usually between blocks; 0 for events
	kindColumn string        // holds Kinds
}

// A TableMeasure is how one table of a capture is counted.
type TableMeasure struct {
	Table string `json:"table"`
	// Kind stands before the sources, where several tables or values join.
	Kind  string    `json:"kind,omitempty"`
	Time  string    `json:"time,omitempty"`  // the column; "" where only blocks follow each other
	By    []string  `json:"by"`              // the columns that make a source
	Value string    `json:"value,omitempty"` // the column; "" where rows are events
	As    ValueKind `json:"as"`

	// What follows is for counting this capture by this measure, fast, and not for comparing it
	// with another's.
	id     tableID
	keys   []string // all key columns, which tell running totals apart
	timing timing
	unit   int64 // ns of a number in the column Time
	anchor int64 // added to its times, in ns

	columnIsNumber bool   // the column Time holds numbers, not clocks
	timeFirst      bool   // a row starts with it
	places         []int  // of the columns By in a row as it is printed
	log            bool   // rows have times of their own, nearly all different
	fresh          bool   // running totals start within the capture
	atStamp        int    // how often the table is usually printed under one clock
	zone           string // the column of zones in a table of activity, "" if it has none
}

// A TimeKind says what the times of a series are.
type TimeKind string

// The kinds of times.
const (
	ClockEpoch    TimeKind = "epoch"    // instants
	ClockOfDay    TimeKind = "day"      // clocks without a date: days count from the first
	ClockRelative TimeKind = "relative" // time since boot or since the tracer started
	ClockBlocks   TimeKind = "blocks"   // none: blocks follow each other steadily
)

// A Reading is what would be learned from a table, or what is missing for that.
type Reading struct {
	Table string `json:"table"`
	Rows  int    `json:"rows"`
	Says  string `json:"says"` // what would be learned, in words
	// Missing says what is missing, and which option would supply it. It is "" if nothing is.
	Missing string `json:"missing"`
}

func (r Reading) String() string {
	if r.Missing != "" {
		return fmt.Sprintf("%s: %s", quoteName(r.Table), r.Missing)
	}
	return fmt.Sprintf("%s: %s", quoteName(r.Table), r.Says)
}

// quoteName quotes a name in which one could not see where it ends. Other marks stand as they
// are: names such as @reads are clearer so.
func quoteName(name string) string {
	if name == "" || strings.ContainsAny(name, " \t\n") {
		return fmt.Sprintf("%q", name)
	}
	return name
}

// String says in a line for each table what is counted.
func (m *Measure) String() string {
	var b strings.Builder
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "%s: %s\n", quoteName(t.Table), t.says(m))
	}
	return b.String()
}

// says is the sentence of [Measure.String] for one table, such as "counts of value by execname,
// each 1s, time from the clock printed before it".
func (t *TableMeasure) says(m *Measure) string {
	what := map[ValueKind]string{
		AsCount: "counts", AsSum: "sums", AsTotal: "the increase of running totals", AsGauge: "the level",
		AsEvents: "rows", AsDistribution: "the counts of distributions",
	}[t.As]
	if t.Value != "" && t.As != AsDistribution {
		what += " of " + quoteName(t.Value)
	}
	by := "as one source"
	if len(t.By) > 0 {
		by = "by " + strings.Join(t.sources(m), ", ")
	}
	if t.Kind != "" {
		by += fmt.Sprintf(" as %s", quoteName(t.Kind))
	}
	return fmt.Sprintf("%s %s, each %v, time from %s", what, by, m.Every, t.timeSays(m))
}

// sources names the columns that make a source, with what their values are where the name does
// not say so: "key1 (execname)".
func (t *TableMeasure) sources(m *Measure) []string {
	out := quoteNames(t.By)
	// Dims may start with what stands before all sources, the kind; the columns are the last
	// ones. There are fewer of them than columns where the measure is of another table's width.
	first := len(m.Dims) - len(t.By)
	for i, name := range t.By {
		if first < 0 {
			break
		}
		if d := m.Dims[first+i]; d != "" && d != DimensionOf(name, nil) {
			out[i] += fmt.Sprintf(" (%s)", d)
		}
	}
	return out
}

// timeSays says where the time of a row is from.
func (t *TableMeasure) timeSays(m *Measure) string {
	of := map[TimeKind]string{
		ClockEpoch: "", ClockOfDay: ", without a date", ClockRelative: ", since a start of its own", ClockBlocks: "",
	}[m.Clock]
	switch t.timing {
	case byBlock:
		return "the order of its blocks"
	case byStamp:
		return "the clock printed before it" + of
	}
	return "column " + quoteName(t.Time) + of
}

// quoteNames quotes each of the names that needs it.
func quoteNames(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quoteName(n)
	}
	return out
}

// ErrMeasure is wrapped by the error of a capture from which nothing can be learned as it is, or
// as the options say.
var ErrMeasure = errors.New("no series in it")

// ErrNoActivity is the old name of [ErrMeasure].
var ErrNoActivity = ErrMeasure

// A MeasureError tells of each table what is missing, or which readings are equally good. Whoever
// gets it can show the readings and ask which one is meant; its text is for a terminal.
type MeasureError struct {
	What     string // in a line
	Readings []Reading
}

// Error lists the tables, a line each.
func (e *MeasureError) Error() string {
	var b strings.Builder
	b.WriteString(e.What)
	for _, r := range e.Readings {
		b.WriteString("\n  ")
		b.WriteString(r.String())
	}
	return b.String()
}

// Unwrap makes it an [ErrMeasure].
func (e *MeasureError) Unwrap() error { return ErrMeasure }

// Blocks reports whether what was counted was printed block by block, each for the time since the
// one before.
func (m *Measure) Blocks() bool { return m.block > 0 }

// BlockWidth is the usual time between blocks; 0 for events.
func (m *Measure) BlockWidth() time.Duration { return m.block }

// Kinded reports whether the first part of a source says what was counted.
func (m *Measure) Kinded() bool { return len(m.Dims) > 0 && m.Dims[0] == Kind }

// SystemCalls reports whether system calls alone were taken in of several kinds.
func (m *Measure) SystemCalls() bool { return len(m.Kinds) == 1 && m.Kinds[0] == "syscall" }
