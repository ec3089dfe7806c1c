package dtracefs

import (
	"bytes"
	"strconv"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// callTrace reads what strace of Linux and truss of illumos and FreeBSD print: a row for each
// system call, with what was asked for of process, time and duration, and tables of signals and
// of how processes ended. A call that another process's lines cut in two is one row, at the time
// it began.
type callTrace struct {
	*decoder
	when clockwork
	open map[string]*openCall // by process
	pids []string             // of open, in the order in which the calls began
}

// An openCall is a call whose return was not printed yet. What it keeps of its line is copied, as
// it may be needed in another part of the capture.
type openCall struct {
	call       syntax.Call
	name, args string
	ns         int64
	ofDay      bool
	timed      bool
	resumed    *openCall // the line that told the rest
}

func startCalls() reader { return &callTrace{open: map[string]*openCall{}} }

// isStrace and isTruss ask whether most of a text's first lines are calls. The dialect is the
// tracer's whose marks stand in one line at least; strace has none of its own.
func isStrace(head []byte) bool { calls, truss := countCalls(head); return calls && !truss }
func isTruss(head []byte) bool  { calls, truss := countCalls(head); return calls && truss }

// countCalls looks at up to 60 lines: two thirds must be of a tracer, and one at least a call
// that returned, since a line such as "main(argc)" is in any source code.
func countCalls(head []byte) (calls, truss bool) {
	lines, traced, full, bsd := 0, 0, 0, 0
	for cur := syntax.NewCursor(head); !cur.Done() && lines < 60; {
		line, terminated := cur.Next()
		// The last line of the head may be cut.
		if syntax.Blank(line) || !terminated && lines > 0 {
			continue
		}
		lines++
		_, signal := parseTrussSignal(line)
		switch c, ok := syntax.ParseCall(line); {
		case ok:
			traced++
			if c.Kind == syntax.FullCall && (c.Ret != nil || c.Errno != nil) {
				full++
			}
			if c.Truss {
				bsd++
			}
		// Any text that is moved in looks like details, so they count only behind a line of a
		// tracer's.
		case signal || isTrussStart(line) || isStraceMessage(line) || attachedAt(line) > 0 || isStackLine(line) || traced > 0 && isCallDetail(line):
			traced++
		}
	}
	return full > 0 && traced*3 >= lines*2, bsd > 0
}

// isTrussStart is how truss -d begins.
func isTrussStart(line []byte) bool { return bytes.HasPrefix(line, []byte("Base time stamp:")) }

// isStraceMessage is how strace speaks of itself, as when it attaches to a process.
func isStraceMessage(line []byte) bool { return bytes.HasPrefix(line, []byte("strace: ")) }

// isCallDetail reports whether a line under a call shows what truss -v knows of its structures,
// or with -r and -w of what was read and written: it stands further in than calls do.
func isCallDetail(line []byte) bool {
	b := line
	// truss puts the numbers of process and thread before details, too: `3201/2:     d=0x05400000`.
	if n := bytes.IndexByte(b, ':'); n > 0 && n < 16 && len(bytes.Trim(b[:n], "0123456789/")) == 0 {
		b = bytes.TrimPrefix(b[n+1:], []byte("\t"))
	}
	return len(b) > 3 && (b[0] == '\t' || bytes.HasPrefix(b, []byte("   "))) && !syntax.Blank(b)
}

// isStackLine reports whether a line is a frame that strace -k prints under a call.
func isStackLine(line []byte) bool { return bytes.HasPrefix(line, []byte(" > ")) }

// cutCalls cuts before the last call or message of the tracer: the stack or the details of the one
// above it are then whole, and so is the table of counts that may stand behind all calls.
func cutCalls(data []byte) int {
	return cutBefore(data, func(line []byte) bool {
		_, call := syntax.ParseCall(line)
		_, signal := parseTrussSignal(line)
		return call || signal || isTrussStart(line) || isStraceMessage(line)
	})
}

// read decodes a part. Calls that are still open stay so for the next one; those that never
// returned are rows without a result, in the order in which they began.
func (t *callTrace) read(d *decoder, data []byte, num int, last bool) int {
	t.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		if isCountsHeading(cur.Peek()) {
			callCounts(d, cur)
			continue
		}
		n, from := cur.Number(), cur.Offset()
		line, terminated := cur.Next()
		size := cur.Offset() - from
		d.account(t.line(cur, n, line, terminated), size)
	}
	if last {
		for _, pid := range t.pids {
			if o := t.open[pid]; o != nil {
				t.row(o, syntax.Call{}, nil)
			}
		}
		t.pids = nil
	}
	return cur.Number() - num
}

// line files a line and returns as what it is to be booked. It may take further lines that belong
// to it, which it books itself.
func (t *callTrace) line(cur *syntax.Cursor, num int, line []byte, terminated bool) lineClass {
	c, ok := syntax.ParseCall(line)
	switch {
	case ok:
		t.call(cur, c)
	case syntax.Blank(line):
		return classBlank
	case isStraceMessage(line), isTrussStart(line):
		t.notice(num, "message", line, 0)
		return classNotice
	case t.trussSignal(line), t.attached(cur, num, line):
	default:
		// The last line of a capture that was cut may be half of a call. Filed as text it would
		// look whole.
		if !terminated && cur.Done() {
			t.unparsed(num, line)
			t.truncated(num)
			return classUnparsed
		}
		// What the traced program printed itself.
		s := t.sheetFor("text", "text", "text")
		s.int("line", int64(num), false)
		s.text("text", line)
		s.end()
	}
	return classTable
}

// attachedAt returns where in a line strace says that it attached to a process, up to its end; -1
// if it does not.
func attachedAt(line []byte) int {
	if !bytes.HasSuffix(line, []byte(" attached")) {
		return -1
	}
	return bytes.LastIndex(line, []byte("strace: Process "))
}

// attached takes a call in which strace said that it attached to a process, which ends the line
// where strace and what it prints go the same way. The rest of the call is on the next line:
//
//	clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLDstrace: Process 12 attached
//	 <unfinished ...>
func (t *callTrace) attached(cur *syntax.Cursor, num int, line []byte) bool {
	i := attachedAt(line)
	if i < 1 || cur.Done() {
		return false
	}
	c, ok := syntax.ParseCall(append(bytes.Clone(line[:i]), cur.Peek()...))
	if !ok {
		return false
	}
	from := cur.Offset()
	cur.Next()
	t.account(classTable, cur.Offset()-from)
	// The word that it is glued to stays whole.
	for i > 0 && line[i-1] != ' ' {
		i--
	}
	t.notice(num, "message", line[i:], 0)
	t.call(cur, c)
	return true
}

// trussSignal files the lines that truss prints about signals.
func (t *callTrace) trussSignal(line []byte) bool {
	c, ok := parseTrussSignal(line)
	if ok {
		t.signal(c)
	}
	return ok
}

// parseTrussSignal reads what truss says of a signal, a fault or the end of a process, maybe
// behind the process's number. Each system has words of its own for them, so they are a list.
func parseTrussSignal(line []byte) (c syntax.Call, ok bool) {
	b := bytes.TrimSpace(line)
	if pid, rest, ok := bytes.Cut(b, []byte(":")); ok {
		n, tid, _ := bytes.Cut(pid, []byte("/"))
		// `4711/1:` are a process and its thread. Any other word before a colon, as in
		// `siginfo: SIGINT`, belongs to what is said.
		if _, ok := syntax.Int(n); ok {
			c.PID, c.TID, b = n, tid, bytes.TrimSpace(rest)
		}
	}
	if i := bytes.IndexByte(b, ' '); i > 0 && b[0]-'0' <= 9 {
		// FreeBSD's times stand before what it says of a signal, too.
		if _, err := strconv.ParseFloat(string(b[:i]), 64); err == nil && bytes.IndexByte(b[:i], '.') > 0 {
			c.Delta, b = b[:i], bytes.TrimLeft(b[i:], " ")
		}
	}
	for _, start := range []string{"Received signal ", "siginfo: ", "SIGNAL ", "process exit", "process killed", "process core dumped", "Process stopped",
		"Incurred fault ", "Stopped by signal ", "<new process>", "<new thread>", "<thread ", "*** "} {
		if !bytes.HasPrefix(b, []byte(start)) {
			continue
		}
		c.Kind = syntax.Signal
		// As in `SIGNAL 2 (SIGINT) code=SI_USER` of FreeBSD, whose first word looks like the name
		// of a signal itself.
		if name := signalName.Find(bytes.TrimPrefix(b, []byte("SIGNAL"))); name != nil {
			c.Name, c.Args = name, b
			return c, true
		}
		// Where no signal is named, the words that were known are the name:
		// `process exit, rval = 0` is a `process exit` with `rval = 0`.
		c.Name, c.Args = bytes.Trim([]byte(start), " :<>*"), bytes.TrimRight(bytes.TrimLeft(b[len(start):], ", "), ">")
		// As `*** process killed ***`, of which only the stars were known.
		if start == "*** " {
			c.Name, c.Args = bytes.Trim(b, " *"), nil
		}
		return c, true
	}
	return c, false
}

var signalName = pattern.New(`\b(?:SIG|FLT)[A-Z][A-Z0-9+]*`)

// signal files a signal, or how a process ended.
func (t *callTrace) signal(c syntax.Call) {
	name := "signals"
	if c.Kind == syntax.Exit {
		name = "exits"
	}
	s := t.sheetFor(name, name, "events")
	s.inferred = true
	t.start(s, &openCall{call: c})
	if c.Kind == syntax.Exit {
		s.text("exit", c.Message)
	} else {
		s.text("signal", c.Name)
		s.text("info", c.Args)
	}
	s.end()
}

// call files a line, or keeps the call until its rest comes. With strace -f, a call during which
// another process's lines are printed comes in two parts:
//
//	[pid 12] read(3,  <unfinished ...>
//	[pid 13] close(4) = 0
//	[pid 12] <... read resumed> "x", 1) = 1
func (t *callTrace) call(cur *syntax.Cursor, c syntax.Call) {
	o := &openCall{call: c, name: string(c.Name), args: string(c.Args)}
	if c.HasClock {
		o.timed, o.ns, o.ofDay = true, c.Clock.NS, c.Clock.Form == syntax.TimeOfDay
		if o.ofDay {
			// The clock is read here and not where the row is filed: midnights are counted as the
			// lines come, and an open call may be filed long after its line.
			o.ns = t.when.ofClock(c.Clock.NS)
		}
	}
	pid := string(c.PID)
	switch c.Kind {
	case syntax.Signal, syntax.Exit:
		// A signal is filed without o, by a function that the lines of truss share. It takes the
		// time from here.
		t.when.ns, t.when.ofDay = o.ns, o.ofDay
		t.signal(c)
	case syntax.UnfinishedCall:
		if t.open[pid] == nil {
			t.pids = append(t.pids, pid)
		} else {
			// The process had a call open whose end was lost.
			t.row(t.open[pid], syntax.Call{}, nil)
		}
		// The line's bytes do not outlast the part of the capture.
		o.call.PID, o.call.TID, o.call.Delta = bytes.Clone(c.PID), bytes.Clone(c.TID), bytes.Clone(c.Delta)
		o.call.IP, o.call.Number, o.call.Comm = bytes.Clone(c.IP), bytes.Clone(c.Number), bytes.Clone(c.Comm)
		t.open[pid] = o
	case syntax.ResumedCall:
		begun := t.open[pid]
		if o := t.open[""]; begun == nil && o != nil && o.name == string(c.Name) {
			begun, pid = o, "" // the first process had no number while it was alone
		}
		if begun == nil && pid == "" {
			// The last process that is left has no number any more.
			for _, p := range t.pids {
				if t.open[p].name == o.name {
					begun, pid = t.open[p], p
				}
			}
		}
		if begun == nil || begun.name != o.name {
			// Its beginning was not printed, as where tracing began within it. If another call of
			// the process is open, it stays so: its own end may still come.
			begun = o
			begun.args = "... " + o.args
			begun.resumed = o
		} else {
			t.close(pid)
			if o.args != "" {
				begun.args += " " + o.args
			}
			begun.resumed = o
		}
		t.row(begun, c, cur)
	default:
		t.row(o, c, cur)
	}
}

// close forgets the open call of a process.
func (t *callTrace) close(pid string) {
	delete(t.open, pid)
	for i, p := range t.pids {
		if p == pid {
			t.pids = append(t.pids[:i], t.pids[i+1:]...)
			return
		}
	}
}

// start begins a row with the time and the process. Cells that the options of the tracer did not
// ask for are left out, so that their columns are not there.
func (t *callTrace) start(s *sheet, o *openCall) {
	c := o.call
	if c.HasClock {
		ns, ofDay := o.ns, o.ofDay
		if !o.timed {
			ns, ofDay = t.when.ns, t.when.ofDay
		}
		if !ofDay {
			ns = c.Clock.In(t.opt.Location)
		}
		s.instant("time", ns, ofDay)
	}
	// strace -r prints seconds since the line before, truss -d those since it began.
	seconds := "seconds"
	if t.c.Dialect == "strace" {
		seconds = "step"
	}
	for _, cell := range [...]struct {
		name string
		text []byte
	}{{seconds, c.Delta}, {"step", c.Step}, {"pid", c.PID}, {"comm", c.Comm}, {"tid", c.TID}, {"ip", c.IP}, {"number", c.Number}, {"depth", c.Depth}, {"direction", c.Arrow}} {
		if len(cell.text) > 0 {
			s.text(cell.name, cell.text)
		}
	}
}

// row files a call that began with o and ended with c, and the stack under it.
func (t *callTrace) row(o *openCall, c syntax.Call, cur *syntax.Cursor) {
	s := t.sheetFor("calls", "calls", "calls")
	s.inferred = true
	t.start(s, o)
	if o.call.Kind == syntax.UnfinishedCall {
		s.open("unfinished", Bool).appendInt(1)
	}
	if r := o.resumed; r != nil {
		switch {
		case r.call.HasClock:
			ns := r.ns
			if !r.ofDay {
				ns = r.call.Clock.In(t.opt.Location)
			}
			s.instant("resumed", ns, r.ofDay)
		case len(r.call.Delta) > 0:
			s.text("resumed", r.call.Delta)
		default:
			s.open("resumed", Bool).appendInt(1)
		}
	}
	s.text("syscall", []byte(o.name))
	s.text("args", []byte(o.args))
	// Where no process has a name, the call says what a row is of; its arguments are none.
	s.index["syscall"].role, s.index["args"].role = roleKey, roleAside
	for _, cell := range [...]struct {
		name string
		text []byte
	}{{"ret", c.Ret}, {"errno", c.Errno}, {"message", c.Message}} {
		if len(cell.text) > 0 {
			s.text(cell.name, cell.text)
		}
	}
	if len(c.Elapsed) > 0 {
		// `<0.000296>`, but also `<unavailable>`, which turns the column into one of text.
		if f, err := strconv.ParseFloat(string(c.Elapsed), 64); err == nil {
			col := s.open("elapsed", Float)
			col.floats = append(col.floats, f)
		} else {
			s.text("elapsed", c.Elapsed)
		}
	}
	var frames []string
	for cur != nil && !cur.Done() && isStackLine(cur.Peek()) {
		from := cur.Offset()
		line, _ := cur.Next()
		t.account(classTable, cur.Offset()-from)
		frames = append(frames, string(line[3:]))
	}
	if frames != nil {
		s.open("stack", Stack).appendStack(frames)
	}
	if details := t.details(cur); details != nil {
		s.text("details", details)
	}
	s.end()
}

// details takes the lines under a call of truss that tell more of it.
func (t *callTrace) details(cur *syntax.Cursor) (text []byte) {
	for t.c.Dialect == "truss" && cur != nil && !cur.Done() && isCallDetail(cur.Peek()) {
		line := cur.Peek()
		_, signal := parseTrussSignal(line)
		// Signals are moved in as far as details are: `3201/1:     Stopped by signal #24, SIGTSTP`.
		if _, call := syntax.ParseCall(line); call || signal {
			break
		}
		if b, isPID := bytes.CutPrefix(bytes.TrimLeft(line, "0123456789/"), []byte(":")); isPID {
			line = b
		}
		from := cur.Offset()
		cur.Next()
		t.account(classTable, cur.Offset()-from)
		if text != nil {
			text = append(text, '\n')
		}
		text = append(text, bytes.TrimSpace(line)...)
	}
	return text
}

// isCountsHeading reports whether a line is the heading of strace -c or truss -c.
func isCountsHeading(line []byte) bool {
	words := bytes.Fields(line)
	switch {
	case len(words) == 7:
		return string(words[0]) == "%" && string(words[1]) == "time" && string(words[6]) == "syscall" && string(words[4]) == "calls"
	case len(words) == 4:
		return string(words[0]) == "syscall" && string(words[1]) == "seconds" && string(words[2]) == "calls" && string(words[3]) == "errors"
	}
	return false
}

// callCounts reads the table of strace -c or truss -c: how often each call came, and what it
// cost. The sum under it is a table of its own. The cursor stands at the heading, and afterwards
// at the first line that is none of the table's.
func callCounts(d *decoder, cur *syntax.Cursor) {
	take := func(class lineClass) []byte {
		from := cur.Offset()
		line, _ := cur.Next()
		d.account(class, cur.Offset()-from)
		return line
	}
	// The one name that holds a blank must be one word for a heading to be cut.
	line := bytes.Replace(take(classTable), []byte("% time"), []byte("%_time"), 1)
	h := syntax.ParseHeading(line)
	h.Names[0] = string(bytes.Replace([]byte(h.Names[0]), []byte("%_"), []byte("% "), 1))
	name, kind := "counts", "table"
	for !cur.Done() {
		line := cur.Peek()
		if isRuledLine(line) {
			take(classTable)
			continue
		}
		// truss has no longer label than that, so a sentence with a colon behind the table is none.
		if label, rest, ok := bytes.Cut(bytes.TrimSpace(line), []byte(":")); ok && len(label) > 0 && len(label) <= len("sys totals") {
			// As `sys totals:   .004   50   2` of illumos.
			s := d.sheetFor("counts total", "counts total", "summary")
			s.inferred = true
			s.text("syscall", label)
			for i, w := range bytes.Fields(rest) {
				// The label stands under the first name, so numbers begin at the second. Should
				// there be more of them than names, they are kept all the same.
				s.text(append(h.Names[1:], "more")[min(i, len(h.Names)-1)], leadingZero(w))
			}
			s.end()
			take(classTable)
			continue
		}
		cells, ok := h.Cells(nil, line)
		if !ok {
			if words := bytes.Fields(line); name == "counts" || len(words) != 3 || !numbers(words) {
				return
			}
			// FreeBSD names no sum.
			cells = append([][]byte{nil}, bytes.Fields(line)...)
		}
		calls := h.Index("calls")
		// A sentence may have as many words as the heading. Every row has a count of calls.
		if _, isInt := syntax.Int(cells[calls]); !isInt {
			return
		}
		take(classTable)
		sum := cells[h.Index("syscall")]
		if sum == nil || string(sum) == "total" {
			name, kind = "counts total", "summary"
		}
		s := d.sheetFor(name, name, kind)
		s.inferred = true
		for i, cell := range cells {
			if cell != nil {
				s.text(h.Names[i], leadingZero(cell))
			}
		}
		s.end()
	}
}

// leadingZero writes `.004` as `0.004`. Otherwise it would not be inferred as a number.
func leadingZero(b []byte) []byte {
	if len(b) > 1 && b[0] == '.' && b[1]-'0' <= 9 {
		return append([]byte{'0'}, b...)
	}
	return b
}

// isRuledLine reports whether a line is drawn under a heading or over a sum.
func isRuledLine(line []byte) bool {
	return len(bytes.Trim(line, "- ")) == 0 && bytes.Contains(line, []byte("---"))
}

// callTotals is the table that strace -c and truss -c print at the end of what the program printed.
type callTotals struct{}

func (callTotals) take(st *station, num int, line []byte) bool {
	// Every line of a capture is asked about. The first letter, of `% time` or `syscall`, rules out
	// nearly all before the words are split.
	if c := syntax.TrimIndent(line)[0]; c != '%' && c != 's' || !isCountsHeading(line) {
		return false
	}
	st.free.flush()
	callCounts(st.decoder, st.cur)
	return true
}
