package syntax

import "dtnotes/dtracefs/internal/pattern"

var (
	// A name may end in a number, and it and the process's are joined by a dash: the last dash
	// before digits and a blank parts them.
	ftraceEvent = pattern.New(`^\s*(\S.*?)-(\d+)\s+(?:\(\s*([\d-]+)\)\s+)?\[(\d{3,})\]\s+(?:([\w.#]{4,6})\s+)?(\d+\.\d{6}): (\S.*?)\s*$`)
	ftraceCall  = pattern.New(`^(?:\s*(\d+\.\d{6}) \|)?\s*(\d+)\)(?:\s+(\S.*?)-(\d+)\s+\|)?\s+(?:([$@*#!+])\s*)?(?:([\d.]+) us)?\s+\|( {2,}.*?)\s*$`)
	ftraceFrame = pattern.New(`^\s*=>\s+(\S.*?)\s*$`)
)

// An FtraceEvent is a row of the kernel's own trace, `comm-pid [cpu] flags seconds: what`.
type FtraceEvent struct{ Comm, PID, TGID, CPU, Flags, Seconds, What []byte }

// ParseFtraceEvent splits a row of the kernel's own trace.
func ParseFtraceEvent(line []byte) (e FtraceEvent, ok bool) {
	m := ftraceEvent.FindSubmatch(line)
	if m == nil {
		return e, false
	}
	return FtraceEvent{m[1], m[2], m[3], m[4], m[5], m[6], m[7]}, true
}

// FtraceFrame returns the function of a stack's line, `=> function`.
func FtraceFrame(line []byte) (function []byte, ok bool) {
	if m := ftraceFrame.FindSubmatch(line); m != nil {
		return m[1], true
	}
	return nil, false
}

// An FtraceCall is a row of the kernel's graph of calls, ` 0)   0.198 us    |    function();`.
// Seconds, Comm and PID are there only where options ask for them; Mark is the kernel's sign for
// a call that took long.
type FtraceCall struct {
	Seconds, CPU, Comm, PID, Mark, Micros []byte
	Depth                                 int
	Text                                  []byte // with the brace, or what closes one
}

// ParseFtraceCall splits a row of the kernel's graph of calls.
func ParseFtraceCall(line []byte) (c FtraceCall, ok bool) {
	m := ftraceCall.FindSubmatch(line)
	if m == nil {
		return c, false
	}
	text := TrimIndent(m[7])
	c = FtraceCall{Seconds: m[1], CPU: m[2], Comm: m[3], PID: m[4], Mark: m[5], Micros: m[6], Text: text}
	c.Depth = (len(m[7])-len(text))/2 - 1 // the outermost call stands two blanks in
	return c, len(text) > 0
}
