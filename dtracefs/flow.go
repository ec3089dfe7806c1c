package dtracefs

import (
	"bytes"
	"regexp"

	"dtnotes/dtracefs/internal/syntax"
)

var (
	callArgs = regexp.MustCompile(`^([^\s(]+)\((.*)\)\s*$`)
	returned = regexp.MustCompile(`^(\S+) = (.*?)\s*$`)
)

// flows are the rows of -F.
type flows struct{}

func (flows) take(st *station, num int, line []byte) bool {
	f, ok := syntax.ParseFlow(line)
	if !ok || f.Direction == "|" && st.mode != syntax.FlowHeader {
		return false
	}
	st.free.flush()
	st.take(classTable)
	s := st.sheet("flow", "flow", "flow")
	if cpu, ok := syntax.Int(f.Before); ok {
		s.int("cpu", cpu, false)
	}
	flowRow(s, f)
	return true
}

// flowRow ends a row with what was entered or left.
func flowRow(s *sheet, f syntax.Flow) {
	s.int("depth", int64(f.Depth), false)
	s.text("direction", []byte(f.Direction))
	function, payload := f.Function, bytes.TrimSpace(f.Payload)
	switch {
	case f.Direction == "|":
		i := bytes.LastIndexByte(function, ':')
		s.text("function", function[:max(i, 0)])
		s.text("name", function[i+1:])
	case callArgs.Match(function):
		m := callArgs.FindSubmatch(function)
		s.text("function", m[1])
		s.text("args", m[2])
	case returned.Match(function):
		m := returned.FindSubmatch(function)
		s.text("function", m[1])
		s.text("retval", m[2])
	default:
		s.text("function", function)
	}
	s.text("payload", payload)
	s.end()
}
