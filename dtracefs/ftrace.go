package dtracefs

import (
	"bytes"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// kernelTrace are rows that the Linux kernel traces by itself, as perf-tools and trace_pipe show
// them: events with the frames under them, and the graph of calls:
//
//	bash-1234  [001] .... 5678.123456: sched_switch: prev_comm=bash
//	 1)   0.123 us    |  _raw_spin_lock();
type kernelTrace struct{}

func (kernelTrace) take(st *station, num int, line []byte) bool {
	// Every line of a capture comes by here. A look at single bytes rules out nearly all before a
	// pattern is tried.
	if at := bytes.IndexByte(line, ')'); at > 0 && (bytes.IndexByte(line, '|') > 0 || len(bytes.Trim(line[:at], " 0123456789")) == 0) {
		if c, ok := syntax.ParseFtraceCall(line); ok {
			takeCall(st, c)
			return true
		}
	}
	if line[0] == ' ' && bytes.HasPrefix(syntax.TrimIndent(line), []byte("----")) && isRule(line) {
		return takeSwitch(st)
	}
	// A map's line, `@reads[nginx]: 12`, has all the marks of an event.
	if line[0] == '@' || bytes.IndexByte(line, '[') <= 0 || !bytes.Contains(line, []byte(": ")) {
		return false
	}
	e, ok := syntax.ParseFtraceEvent(line)
	if !ok {
		return false
	}
	st.free.flush()
	st.take(classTable)
	var stack []string
	for !st.cur.Done() {
		frame, ok := syntax.FtraceFrame(st.peek())
		if !ok {
			break
		}
		stack = append(stack, string(frame))
		st.take(classTable)
	}
	s := st.sheetFor("kernel trace", "trace", "events")
	s.inferred = true
	s.seconds(e.Seconds)
	// An event says its name first; the tracer of functions says which function and who called it.
	event, args, named := bytes.Cut(e.What, []byte(": "))
	function, caller, called := bytes.Cut(e.What, []byte(" <-"))
	switch {
	// What stands behind an event's name may hold an arrow, which is not a caller's.
	case named && bytes.IndexByte(event, ' ') < 0:
		caller = nil
	case called && bytes.IndexByte(function, ' ') < 0:
		// Behind the caller stands what was added to the row, as in `read <-sys_read: note`.
		event, args = function, nil
		if by, note, more := bytes.Cut(caller, []byte(": ")); more && bytes.IndexByte(by, ' ') < 0 {
			caller, args = by, note
		}
	default:
		event, args, caller = e.What, nil, nil
	}
	// As `(-----)`, where the kernel has not kept the number.
	cells := []cell{{"comm", e.Comm}, {"pid", e.PID}, {"tgid", bytes.Trim(e.TGID, "-")}, {"cpu", trimZeros(e.CPU)}, {"flags", e.Flags}, {"event", event}, {"args", args}, {"caller", caller}}
	s.cells(cells)
	if stack != nil {
		s.open("stack", Stack).appendStack(stack)
	}
	s.end()
	return true
}

// takeSwitch files that another task comes on a processor, which stands between drawn lines:
//
//	------------------------------------------
//	0)    cat-1234    =>   vmstat-5678
//	------------------------------------------
func takeSwitch(st *station) bool {
	c, ok := syntax.ParseFtraceSwitch(st.peekAfter())
	if !ok {
		return false
	}
	st.free.flush()
	st.take(classTable)
	st.take(classTable)
	if !st.cur.Done() && !syntax.Blank(st.peek()) && isRule(st.peek()) {
		st.take(classTable)
	}
	s := st.sheetFor("kernel switches", "switches", "events")
	s.inferred = true
	s.cells([]cell{{"cpu", c.CPU}, {"comm", c.Comm}, {"pid", c.PID}, {"next_comm", c.NextComm}, {"next_pid", c.NextPID}})
	s.end()
	return true
}

// takeCall files a row of the graph of calls.
func takeCall(st *station, c syntax.FtraceCall) {
	st.free.flush()
	st.take(classTable)
	s := st.sheetFor("kernel calls", "calls", "flow")
	s.inferred = true
	if len(c.Seconds) > 0 {
		s.seconds(c.Seconds)
	}
	s.cells([]cell{{"cpu", c.CPU}, {"comm", c.Comm}, {"pid", c.PID}, {"mark", c.Mark}, {"us", c.Micros}})
	s.int("depth", int64(c.Depth), false)
	s.text("function", c.Text)
	s.end()
}

// A cell is a value with the name of its column.
type cell struct {
	name string
	text []byte
}

// cells appends what there is of the cells.
func (s *sheet) cells(cells []cell) {
	for _, c := range cells {
		if len(c.text) > 0 {
			s.text(c.name, c.text)
		}
	}
}

// seconds appends a time that counts seconds since boot.
func (s *sheet) seconds(text []byte) {
	c := s.open("time", Float)
	// The patterns of package syntax let nothing through that is no number.
	f, _ := strconv.ParseFloat(string(text), 64)
	c.floats = append(c.floats, f)
}
