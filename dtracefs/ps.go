package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// ps of any system, printed again and again by a loop in a shell, each time under the date.
var ps = &tool{
	name: "ps",
	head: func(line []byte, rest *syntax.Cursor) bool {
		if _, ok := wholeClock(line); ok && !rest.Done() {
			line, _ = rest.Next()
		}
		// A script may print the same names over something else, so the line under them must be a
		// row.
		if !isPsHeading(line) || rest.Done() {
			return false
		}
		h := syntax.ParseHeading(line)
		cells, ok := h.Cells(nil, rest.Peek())
		return ok && psRow(h)(cells)
	},
	line: func(r *reports, num int, line []byte) bool {
		if !isPsHeading(line) {
			return false
		}
		r.heading(num, line, "ps", func() *report {
			h := syntax.ParseHeading(line)
			return &report{Heading: h, isRow: psRow(h), words: psWords, keys: []string{"COMMAND", "CMD", "ARGS", "COMM", "UCOMM"}}
		})
		return true
	},
}

// psRow returns a test whether cells are a row: the numbers of processes are integers.
func psRow(h syntax.Heading) func(cells [][]byte) bool {
	pid := h.Index("PID")
	return intAt(pid)
}

// psWords are the columns whose cells are no numbers, or not to be counted, such as how long a
// process has run.
var psWords = map[string]bool{"COMMAND": true, "CMD": true, "ARGS": true, "COMM": true, "UCOMM": true, "USER": true, "RUSER": true, "EUSER": true, "TIME": true,
	"STIME": true, "START": true, "STARTED": true, "ELAPSED": true, "TTY": true, "TT": true, "STAT": true, "S": true, "ZONE": true, "GROUP": true}

// psNames are what ps calls its columns; true for those that the headings of tracers' scripts do
// not use.
var psNames = map[string]bool{
	"PID": false, "PPID": false, "UID": false, "USER": false, "COMMAND": false, "CMD": false, "ARGS": false, "COMM": false, "TIME": false, "GID": false,
	"ZONE": false, "TID": false, "JID": false, "F": false, "S": false, "C": false, "PGID": false, "SID": false, "PRI": false, "CPU": false, "UCOMM": false,
	"%CPU": true, "%MEM": true, "VSZ": true, "RSS": true, "RSZ": true, "SZ": true, "TT": true, "TTY": true, "STAT": true, "STIME": true, "START": true,
	"STARTED": true, "LSTART": true, "ELAPSED": true, "NI": true, "NICE": true, "PSR": true, "WCHAN": true, "MWCHAN": true, "ADDR": true, "NLWP": true, "LWP": true,
	"RUSER": true, "EUSER": true, "RUID": true, "EUID": true, "CLS": true, "RTPRIO": true, "RGROUP": true, "GROUP": true, "EGROUP": true, "NAME": true,
	"PROJECT": true, "TASKID": true, "PSET": true, "ZONEID": true, "CTID": true, "LIM": true, "RE": true, "SL": true, "PAGEIN": true, "TSIZ": true, "TSIZE": true,
	"NLWP/THCNT": true, "THCNT": true, "MINFL": true, "MAJFL": true, "POLICY": true, "CLASS": true, "UNIT": true, "FLAGS": true, "PGRP": true, "SESS": true,
	"JOBC": true, "STATE": true, "USERNAME": true, "DRS": true, "TRS": true, "CP": true, "P": true, "PSS": true, "USS": true, "CGROUP": true, "LABEL": true,
}

// isPsHeading reports whether a line is a heading all of whose names are ones of ps, with a
// process's number and its command among them, and one at least that is ps's alone: "PID COMM" is
// what many scripts print.
func isPsHeading(line []byte) bool {
	// Names of ps start with a capital or a percent sign, so that one byte rules out most lines.
	if first := syntax.TrimIndent(line); len(first) == 0 || first[0] < 'A' && first[0] != '%' || first[0] > 'Z' {
		return false
	}
	pid, command, own := false, false, false
	for w := range bytes.FieldsSeq(line) {
		its, ok := psNames[string(w)]
		if !ok {
			return false
		}
		own = own || its
		switch string(w) {
		case "PID":
			pid = true
		case "COMMAND", "CMD", "ARGS", "COMM", "UCOMM":
			command = true
		}
	}
	return pid && command && own
}
