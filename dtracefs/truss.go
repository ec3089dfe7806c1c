package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

var (
	// macOS calls the second number a thread, THRD, and prints it in hexadecimal:
	// `1234/0x5f3a:`. The heading's times are named in the group, as ELAPSD here: `PID/LWP
	// ELAPSD SYSCALL(args)  = return`.
	// Arguments may hold what looks like a return, as in `write(1, "f() = 0", 7) = 7 0`; so they
	// go up to the last `) =` of the line, not to the first. The errno is whatever stands behind
	// the return: dtruss prints a number, truss `Err#2`.
	trussHead = pattern.New(`^\s*(PID/(?:LWP|THRD)\s.*)?SYSCALL\(args\)\s*=\s*return\s*$`)
	trussRow  = pattern.New(`^\s*(?:(\d+/(?:0x)?[0-9a-f]+):?)?\s*((?:[\d.]+\s+)*)([A-Za-z_]\w*)\((.*)\)\s*= (\S+)(?: (.*?))?\s*$`)
)

// trussCalls are system calls in the style of truss that scripts print, as dtruss does: `pid/lwp:
// [times] call(args) = return errno`. A heading may name the times; it holds for the paragraphs
// that follow.
type trussCalls struct {
	columns []string // names of what stands before a system call
}

// trussCall returns the parts of a call, or nil if the line is none.
func trussCall(line []byte) [][]byte {
	m := trussRow.FindSubmatch(line)
	if m == nil || !syntax.IsCallName(m[3]) || syntax.ClosesEarly(m[4]) {
		return nil
	}
	return m
}

func (f *trussCalls) file(st *station, lines []textLine) int {
	head := trussHead.FindSubmatch(lines[0].text)
	rows := lines
	if head != nil {
		rows = lines[1:]
		f.columns = strings.Fields(string(head[1]))
		st.account(classNotice, lines[0].size)
		st.notice(lines[0].num, "heading", lines[0].text, 0)
	}
	// A heading alone is enough to take a paragraph: calls that come after a blank line are read
	// with the names that it gave. Without one, the first line must be a call itself.
	if head == nil && (len(rows) == 0 || trussCall(rows[0].text) == nil) {
		return 0
	}
	for i, l := range rows {
		m := trussCall(l.text)
		if m == nil {
			// The lines up to here are calls. What follows may still be something else that
			// another form of paragraphs knows, so it is not refused as a whole.
			return len(lines) - len(rows) + i
		}
		st.account(classTable, l.size)
		s := st.sheetFor("calls", "calls", "calls")
		// Returns are numbers, addresses or `?`, and times may have a fraction, so the type of a
		// column is only known once all of its cells are.
		s.inferred = true
		if len(m[1]) > 0 {
			s.text("PID/LWP", m[1])
		}
		for j, v := range bytes.Fields(m[2]) {
			// The first name of the heading is that of the process and its thread, which is not
			// among the times. A row with more times than names, or without any heading, has
			// columns time, time_2 and so on.
			name := "time"
			if j+1 < len(f.columns) {
				name = f.columns[j+1]
			}
			s.text(name, v)
		}
		s.text("syscall", m[3])
		s.text("args", m[4])
		s.text("ret", m[5])
		s.text("errno", m[6])
		s.end()
	}
	return len(lines)
}
