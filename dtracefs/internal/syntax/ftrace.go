package syntax

import "dtnotes/dtracefs/internal/pattern"

var (
	// A name may end in a number, and it and the process's are joined by a dash: the last dash
	// before digits and a blank parts them.
	ftraceEvent = pattern.New(`^\s*(\S.*?)-(\d+)\s+(?:\(\s*([\d-]+)\)\s+)?\[(\d{3,})\]\s+(?:([\w.#]{4,6})\s+)?(\d+\.\d{6}): (\S.*?)\s*$`)
	ftraceCall  = pattern.New(`^(?:\s*(\d+\.\d{6}) \|)?\s*(\d+)\)(?:\s+(\S.*?)-(\d+)\s+\|)?\s+(?:([$@*#!+])\s*)?(?:([\d.]+) us)?\s+\|( {2,}.*?)\s*$`)
	// ` 1)   getname() {`, where durations are not asked for, and so nothing is drawn.
	ftraceNames = pattern.New(`^\s*(\d+)\)( +(?:[\w.]+\(\)(?: \{|;)|\}(?: /\*.*\*/)?))\s*$`)
	// ` 0)  cat-1234   =>   vmstat-5678 `, when another task comes on the processor.
	ftraceSwitch = pattern.New(`^\s*(\d+)\)\s+(\S.*?)-(\d+)\s+=>\s+(\S.*?)-(\d+)\s*$`)
	ftraceFrame  = pattern.New(`^\s*=>\s+(\S.*?)\s*$`)
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
		if m = ftraceNames.FindSubmatch(line); m == nil {
			return c, false
		}
		text := TrimIndent(m[2])
		return FtraceCall{CPU: m[1], Text: text, Depth: (len(m[2]) - len(text) - 1) / 2}, true
	}
	text := TrimIndent(m[7])
	c = FtraceCall{Seconds: m[1], CPU: m[2], Comm: m[3], PID: m[4], Mark: m[5], Micros: m[6], Text: text}
	c.Depth = (len(m[7])-len(text))/2 - 1 // the outermost call stands two blanks in
	return c, len(text) > 0
}

// An FtraceSwitch tells that a processor goes on with another task.
type FtraceSwitch struct{ CPU, Comm, PID, NextComm, NextPID []byte }

// ParseFtraceSwitch splits the row between two drawn lines that tells of another task.
func ParseFtraceSwitch(line []byte) (s FtraceSwitch, ok bool) {
	m := ftraceSwitch.FindSubmatch(line)
	if m == nil {
		return s, false
	}
	return FtraceSwitch{m[1], m[2], m[3], m[4], m[5]}, true
}
