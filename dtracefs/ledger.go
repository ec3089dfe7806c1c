package dtracefs

import (
	"bytes"
	"fmt"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// A ledger books what became of every line of a capture, and keeps what the tracer said
// about itself. Whoever goes past a line must book it: the tests add the shares up.
type ledger struct{ c *Capture }

// A lineClass is what became of a line.
type lineClass uint8

const (
	// The order is that of the shares in accountLines.
	classBlank lineClass = iota
	classNotice
	classTable
	classUnparsed
)

// account books a line of so many bytes, its end included. Text that is no line of the input has
// size 0. That is so for what a record of JSON holds: its text goes through the same readers as
// lines of text do, but the record's own line was booked already.
func (l *ledger) account(class lineClass, size int) {
	if size > 0 {
		l.accountLines(class, 1, size)
	}
}

// accountLines books several lines at once, or, with no lines, a part of one: the ^C that a
// terminal wrote in front of a line is a notice, and the rest of the line is what it would be
// without.
func (l *ledger) accountLines(class lineClass, lines, size int) {
	a := &l.c.Account
	share := [...]*Share{&a.Blank, &a.Notices, &a.Tables, &a.Unparsed}[class]
	share.Lines += lines
	share.Bytes += int64(size)
}

// prose books a line of a table as text that no rule understood. Such a line is booked twice:
// once in Tables, as it is kept, and here, so that inspect can say how much of a capture was kept
// without being understood.
func (l *ledger) prose(size int) {
	if size > 0 {
		l.c.Account.Prose.Lines++
		l.c.Account.Prose.Bytes += int64(size)
	}
}

// message files what the tracer said about itself.
func (l *ledger) message(num int, line []byte, m syntax.Message) {
	text := string(bytes.TrimSpace(line))
	switch m.Kind {
	case "drop":
		drop := Drop{Line: num, Kind: m.DropKind, Count: m.N, Text: text}
		if m.CPU >= 0 {
			drop.CPU = &m.CPU
		}
		l.c.Drops = append(l.c.Drops, drop)
	case "fault":
		// A name of a probe of fewer than four parts, as bpftrace's kprobe:vfs_read, stays in
		// Probe alone: which of the four its parts are is not known.
		f := Fault{Line: num, Clause: m.Clause, ProbeID: m.ProbeID, Probe: m.Probe, Fault: m.Fault,
			Address: m.Address, Action: m.Action, Offset: m.Offset, Message: text}
		parts := strings.SplitN(m.Probe, ":", 4)
		for i, p := range []*string{&f.Provider, &f.Module, &f.Function, &f.Name} {
			if len(parts) == 4 {
				*p = parts[i]
			}
		}
		l.c.Errors = append(l.c.Errors, f)
	default:
		l.notice(num, m.Kind, line, m.N)
	}
}

// notice files what is neither a drop nor a fault. num is 0 where no line of the capture says it.
func (l *ledger) notice(num int, kind string, text []byte, n int64) {
	l.c.Notices = append(l.c.Notices, Notice{num, kind, string(bytes.TrimSpace(text)), n})
}

// unparsed files a line that has a known form but breaks it. The caller books it as well.
func (l *ledger) unparsed(num int, line []byte) {
	l.c.Unparsed = append(l.c.Unparsed, Line{num, string(line)})
}

// truncated says that the capture ends at that line before what it began is whole, as after a
// copy of a file that was still being written. What was begun is in Unparsed.
func (l *ledger) truncated(num int) {
	l.notice(num, "truncated", fmt.Appendf(nil, "the capture is cut at line %d", num), 0)
}
