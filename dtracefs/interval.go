package dtracefs

import (
	"bytes"
	"regexp"

	"dtnotes/dtracefs/internal/syntax"
)

var (
	stampStart = regexp.MustCompile(`^\s*(\d{4} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)`)
	clockLine  = regexp.MustCompile(`^\s*\d\d:\d\d:\d\d(?:\.\d+)?\s*$`)
	summary    = regexp.MustCompile(`([A-Za-z][\w/ %]*?):\s+([^,:]*?(?:, [\d.]+)*)\s*(?:,|\s{2,}|$)`)
)

// isStampLine reports whether the line tells the instant of the rows that follow it: a
// date as %Y prints it, alone or with what the interval sums up to.
func isStampLine(line []byte) bool {
	if first := syntax.TrimIndent(line); len(first) == 0 || first[0] < '0' || first[0] > '9' {
		return false
	}
	if clockLine.Match(line) {
		return true
	}
	m := stampStart.FindIndex(line)
	if m == nil {
		return false
	}
	rest := bytes.TrimSpace(line[m[1]:])
	return len(rest) == 0 || rest[0] == ','
}

// stampLine keeps the instant that a line tells, and files what it sums up.
func stampLine(st *station, l textLine) {
	st.account(classTable, l.size)
	st.labels, st.block = nil, st.block+1
	m := stampStart.FindSubmatch(l.text)
	if m == nil {
		st.labels = []labeled{{"time", string(bytes.TrimSpace(l.text))}}
		st.stamped = false
		return
	}
	if ns, ok := st.opt.localTime(string(m[1])); ok {
		st.stamp, st.stamped = ns, true
	}
	rest := bytes.TrimLeft(l.text[bytes.Index(l.text, m[1])+len(m[1]):], ", ")
	for _, p := range summary.FindAllSubmatch(rest, -1) {
		st.labels = append(st.labels, labeled{string(bytes.TrimSpace(p[1])), string(bytes.TrimSpace(p[2]))})
	}
	s := st.sheet("intervals", "intervals", "intervals")
	st.inferred[s] = true
	st.context(s)
	if len(st.labels) == 0 && len(rest) > 0 {
		s.text("text", rest)
	}
	s.end()
}
