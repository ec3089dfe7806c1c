package dtracefs

import (
	"bytes"
	"regexp"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

var (
	trussHead = regexp.MustCompile(`^\s*(PID/(?:LWP|THRD)\s.*)?SYSCALL\(args\)\s*=\s*return\s*$`)
	trussRow  = regexp.MustCompile(`^\s*(?:(\d+/(?:0x)?[0-9a-f]+):?)?\s*((?:[\d.]+\s+)*)([A-Za-z_]\w*)\((.*)\)\s*= (\S+)(?: (.*?))?\s*$`)
)

// trussCalls files a paragraph of system calls in the style of truss:
// `pid/lwp: [times] call(args) = return errno`.
func (t *text) trussCalls(lines []textLine) bool {
	head := trussHead.FindSubmatch(lines[0].text)
	rows := lines
	if head != nil {
		rows = lines[1:]
		t.trussColumns = strings.Fields(string(head[1]))
		t.account(classTable, lines[0].size)
	}
	if head == nil && (len(rows) == 0 || !trussRow.Match(rows[0].text)) {
		return false
	}
	for i, l := range rows {
		m := trussRow.FindSubmatch(l.text)
		if m == nil {
			t.paragraph(rows[i:])
			return true
		}
		t.account(classTable, l.size)
		s := t.sheet("calls", "calls", "calls")
		t.inferred[s] = true
		if len(m[1]) > 0 {
			s.text("PID/LWP", m[1])
		}
		for j, v := range bytes.Fields(m[2]) {
			name := "time"
			if j+1 < len(t.trussColumns) {
				name = t.trussColumns[j+1]
			}
			s.text(name, v)
		}
		s.text("syscall", m[3])
		s.text("args", m[4])
		s.text("ret", m[5])
		s.text("errno", m[6])
		s.end()
	}
	return true
}

var flowHead = regexp.MustCompile(`^(.*?)(?:--\s+(\S.*?)|(CALL\(args\)\s*= return))\s*$`)

// scriptFlow files a paragraph of entries and returns that a script printed in the
// likeness of -F: columns, then an arrow, moved in for each call that is open.
func (t *text) scriptFlow(lines []textLine) bool {
	for i, l := range lines {
		m := flowHead.FindSubmatch(l.text)
		if m == nil || bytes.Contains(l.text, []byte("->")) {
			if i >= 3 {
				break
			}
			continue
		}
		if m[2] == nil && m[3] == nil || !isHeading(append(bytes.Clone(m[1]), " X X"...), nil, false) && m[3] == nil && len(bytes.Fields(m[1])) == 0 {
			continue
		}
		if i > 0 {
			t.paragraph(lines[:i])
		}
		t.account(classTable, l.size)
		t.flowColumns, t.flowBase = strings.Fields(string(m[1])), -1
		if t.flowColumns == nil {
			t.flowColumns = []string{}
		}
		if len(lines) > i+1 {
			t.paragraph(lines[i+1:])
		}
		return true
	}
	if t.flowColumns == nil {
		return false
	}
	if _, _, ok := cutArrow(lines[0].text); !ok {
		return false
	}
	for i, l := range lines {
		at, f, ok := cutArrow(l.text)
		if !ok {
			t.paragraph(lines[i:])
			return true
		}
		t.account(classTable, l.size)
		if t.flowBase < 0 {
			t.flowBase = at
		}
		f.Depth = max(at-t.flowBase, 0) / 2
		s := t.sheet("flow", "flow", "flow")
		for j, v := range bytes.Fields(f.Before) {
			if j < len(t.flowColumns) {
				name := t.flowColumns[j]
				if _, isInt := syntax.Int(v); isInt {
					s.key(name, syntax.Key{Text: v, IsInt: true})
				} else {
					s.key(name, syntax.Key{Text: v})
				}
			}
		}
		t.flowRow(s, f)
	}
	return true
}

// cutArrow splits a line at the first arrow.
func cutArrow(line []byte) (at int, f syntax.Flow, ok bool) {
	for i := 0; i+2 < len(line); i++ {
		if (i == 0 || line[i-1] == ' ') && (line[i+2] == ' ') && (line[i] == '-' && line[i+1] == '>' || line[i] == '<' && line[i+1] == '-') {
			f.Before, f.Direction = line[:i], string(line[i:i+2])
			f.Function = bytes.TrimSpace(line[i+3:])
			return i, f, len(f.Function) > 0
		}
	}
	return 0, f, false
}
