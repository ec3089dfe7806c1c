package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// Behind an arrow may stand a call with its arguments, "read(4, 0x7f, 100)", or its return, "read =
// 12".
var (
	callArgs = pattern.New(`^([^\s(]+)\((.*)\)\s*$`)
	returned = pattern.New(`^(\S+) = (.*?)\s*$`)
)

// flows are the rows of -F:
//
//	CPU FUNCTION
//	  0  -> read
//	  0    -> getf
//	  0    <- getf
type flows struct{}

func (flows) take(st *station, num int, line []byte) bool {
	f, ok := syntax.ParseFlow(line)
	if ok && st.free.open() && arrowFrames(*st.cur, line, st.free.lines[len(st.free.lines)-1].text) {
		return false
	}
	if !ok || st.mode != syntax.FlowHeader && (f.Direction == "|" || !isFunction(f.Function)) {
		return false
	}
	st.free.flush()
	st.take(classTable)
	s := st.sheetFor("flow", "flow", "flow")
	if cpu, ok := syntax.Int(f.Before); ok {
		s.int("cpu", cpu, false)
	}
	flowRow(s, f)
	return true
}

// arrowFrames reports whether the line is of a stack as the kernel prints it, under the row or the
// frame before it: two lines at least, all moved in by as much and with the same arrow, and nothing
// but a function behind it. Calls that were traced have returns, too.
//
//	10:00:01 12  nginx
//	 => tcp_retransmit_skb
//	 => tcp_write_xmit
func arrowFrames(cur syntax.Cursor, line, before []byte) bool {
	n := 0
	if _, ok := syntax.FtraceFrame(before); ok {
		n++
	}
	for indent := indentOf(line); !cur.Done(); n++ {
		next, _ := cur.Next()
		function, ok := syntax.FtraceFrame(next)
		if !ok || indentOf(next) != indent {
			return n > 1 && !bytes.Contains(next, []byte("<="))
		}
		if bytes.IndexByte(function, ' ') >= 0 {
			return false
		}
	}
	return n > 1
}

// isFunction reports whether a text names a function, maybe with its arguments or its result: one
// word, but for the names of C++. Other things than calls have arrows before them, too.
func isFunction(text []byte) bool {
	return len(bytes.Fields(text)) == 1 && !isNumber(text) || bytes.ContainsAny(text, "(<`=") || bytes.Contains(text, []byte("::"))
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
