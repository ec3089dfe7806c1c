package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
)

var (
	trussHead = pattern.New(`^\s*(PID/(?:LWP|THRD)\s.*)?SYSCALL\(args\)\s*=\s*return\s*$`)
	trussRow  = pattern.New(`^\s*(?:(\d+/(?:0x)?[0-9a-f]+):?)?\s*((?:[\d.]+\s+)*)([A-Za-z_]\w*)\((.*)\)\s*= (\S+)(?: (.*?))?\s*$`)
)

// trussCalls are system calls in the style of truss that scripts print, as dtruss does: `pid/lwp:
// [times] call(args) = return errno`. A heading may name the times; it holds for the paragraphs
// that follow.
type trussCalls struct {
	columns []string // names of what stands before a system call
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
	if head == nil && (len(rows) == 0 || !trussRow.Match(rows[0].text)) {
		return 0
	}
	for i, l := range rows {
		m := trussRow.FindSubmatch(l.text)
		if m == nil {
			return len(lines) - len(rows) + i
		}
		st.account(classTable, l.size)
		s := st.sheetFor("calls", "calls", "calls")
		st.inferred[s] = true
		if len(m[1]) > 0 {
			s.text("PID/LWP", m[1])
		}
		for j, v := range bytes.Fields(m[2]) {
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
