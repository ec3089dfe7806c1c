package dtracefs

import "dtnotes/dtracefs/internal/script"

// A Capture is everything one tracer run (or several appended to one file) printed.
type Capture struct {
	Name    string // the file's name in its file system
	Dialect string // "dtrace", "bpftrace", "bpftrace-json", …
	Bytes   int64  // of text, after decompression
	Lines   int

	Tables   []*Table
	Notices  []Notice
	Drops    []Drop
	Errors   []Fault
	Unparsed []Line // lines that no rule understood

	Account Account // of every line of the text

	stamps []int64        // clocks that were printed on lines of their own, in their order
	script *script.Script // what printed it; nil if not known
}

// Lossy reports whether the tracer said that it lost data.
func (c *Capture) Lossy() bool { return len(c.Drops) > 0 }

// Table returns the first table of that name, or nil. Several may have it: an aggregation of that
// name printed with other keys is another table.
func (c *Capture) Table(name string) *Table {
	for _, t := range c.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Activity returns the table of who did how much of what over time, with columns time,
// kind, execname and value, or nil when the capture holds none.
func (c *Capture) Activity() *Table {
	for _, t := range c.Tables {
		if t.Kind == KindActivity {
			return t
		}
	}
	return nil
}

// KindActivity is the Kind of a table with columns time, kind, execname and value, and zonename,
// container or cgroup before execname where the script counts those apart: what
// each process did of each kind in the block of time that ends at time.
const KindActivity = "activity"

// A Line is a line of the input, numbered from 1.
type Line struct {
	Number int    `json:"line"`
	Text   string `json:"text"`
}

// A Notice is what the tracer, or the decoder, says about a capture.
type Notice struct {
	Line int    `json:"line"` // 0 when it does not stem from a line of the capture
	Kind string `json:"kind"` // such as "matched", "attached", "interrupt", "truncated"
	Text string `json:"text"`
	N    int64  `json:"n"` // the number that it tells, such as the probes matched
}

// A Drop tells that the tracer lost data.
type Drop struct {
	Line int `json:"line"`
	// Kind is such as "principal", "aggregation" or "dynamic variable", or the printed tag.
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	CPU   *int   `json:"cpu"` // nil when not told
	Text  string `json:"text"`
}

// A Fault is a run-time error in an enabled probe.
type Fault struct {
	Line     int    `json:"line"`
	Clause   string `json:"clause"` // the enabling's id or the clause's name
	ProbeID  int64  `json:"probe_id"`
	Probe    string `json:"probe"` // provider:module:function:name
	Provider string `json:"provider"`
	Module   string `json:"module"`
	Function string `json:"function"`
	Name     string `json:"name"`
	Fault    string `json:"fault"`
	Address  string `json:"address"`
	Action   string `json:"action"`
	Offset   string `json:"offset"`
	Message  string `json:"message"`
}

// A Share is a part of the input.
type Share struct {
	Lines int
	Bytes int64 // with the ends of the lines
}

// An Account tells what became of every line of the input.
type Account struct {
	Blank, Notices, Tables, Unparsed Share

	// Prose is what of Tables is text: kept, but not understood.
	Prose Share
}
