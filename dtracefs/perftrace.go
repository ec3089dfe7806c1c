package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

var (
	// As `0.061 ( 0.006 ms): sleep/12345 `; a ? stands for a time that is not known.
	perfTraceStart = pattern.New(`^\s*(\?|\d+\.\d+) \( *(?:(\d+\.\d+) ms)? *\): (.*)$`)
	perfTraceWho   = pattern.New(`^((?:\([^()]*\)|[^("])[^("]*?)/(\d+) +(.*)$`)
	perfTraceCall  = pattern.New(`^(\.\.\. \[continued\]: )?([A-Za-z_]\w*)\((.*)$`)
	perfTraceEvent = pattern.New(`^\s*(\d+\.\d+) (?:\( *\): )?(?:(\S.*?)/(\d+) +)?([\w-]+:[\w-]+)[:(](.*)$`)
	perfTraceOwner = pattern.New(`^ (\S.*) \((\d+)\), (\d+) events, ([\d.]+)%$`)
	perfTraceTotal = pattern.New(`^ total, (\d+) events$`)
)

// perfTrace reads what `perf trace` prints: a row for each system call and other event, and with -s
// and -S the sums of each thread. Times are those since the start.
type perfTrace struct {
	*decoder
	owner string // of the sums at hand
	tid   string
	words []string // the heading of the sums
}

func startPerfTrace() reader { return &perfTrace{} }

// isPerfTrace reports whether a text starts with calls or with sums: half of its first lines must
// be calls.
func isPerfTrace(head []byte) bool {
	lines, calls := 0, 0
	for cur := syntax.NewCursor(head); !cur.Done() && lines < 20; {
		line, _ := cur.Next()
		switch {
		case syntax.Blank(line):
			continue
		// With -s there are no calls before the sums. With -S there are, and then nothing else
		// may be.
		case string(bytes.TrimSpace(line)) == perfTraceTitle:
			return lines == calls
		case perfTraceStart.Match(line):
			calls++
		case !perfTraceEvent.Match(line) && lines == 0:
			return false
		}
		lines++
	}
	// Other events, and what else was printed, may stand between the calls.
	return calls > 0 && calls*2 >= lines
}

// perfTraceTitle stands over the sums of -s.
const perfTraceTitle = "Summary of events:"

func (p *perfTrace) read(d *decoder, data []byte, num int, _ bool) int {
	p.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, terminated := cur.Next()
		d.account(p.line(n, line, terminated || !cur.Done()), cur.Offset()-from)
	}
	return cur.Number() - num
}

// line files a line and returns as what it is to be booked. whole is false for a last line
// without an end.
func (p *perfTrace) line(num int, line []byte, whole bool) lineClass {
	if syntax.Blank(line) {
		return classBlank
	}
	// Calls come first: their arguments may hold what looks like an event's name with its
	// colons.
	if m := perfTraceStart.FindSubmatch(line); m != nil && p.call(m) {
		return classTable
	}
	if m := perfTraceEvent.FindSubmatch(line); m != nil {
		s := p.sheetFor("events", "events", "events")
		s.inferred = true
		p.put(s, "time (ms)", m[1])
		p.put(s, "comm", m[2])
		p.put(s, "tid", m[3])
		p.put(s, "event", m[4])
		// An event's fields may stand in parentheses, of which the pattern took the first.
		p.put(s, "args", bytes.TrimSuffix(m[5], []byte(")")))
		s.end()
		return classTable
	}
	if string(bytes.TrimSpace(line)) == perfTraceTitle {
		p.words = nil
		p.notice(num, "heading", line, 0)
		return classNotice
	}
	if m := perfTraceOwner.FindSubmatch(line); m != nil {
		p.owner, p.tid = string(m[1]), string(m[2])
		p.sum(m[3], m[4])
		return classTable
	}
	if m := perfTraceTotal.FindSubmatch(line); m != nil {
		p.owner, p.tid = "total", ""
		p.sum(m[1], nil)
		return classTable
	}
	if p.counts(line) {
		return classTable
	}
	if m, ok := syntax.ParseMessage(line); ok {
		p.message(num, line, m)
		return classNotice
	}
	p.unparsed(num, line)
	if !whole {
		p.truncated(num)
	}
	return classUnparsed
}

// put appends a cell that may be missing.
func (p *perfTrace) put(s *sheet, name string, text []byte) {
	if len(text) > 0 {
		s.text(name, text)
	}
}

// call files a line about a system call; m is what perfTraceStart found in it. A call that waits
// is printed twice: when another thread's line comes between, and when it has returned.
func (p *perfTrace) call(m [][]byte) bool {
	rest := m[3]
	// Where one thread alone is traced, its name and number are left out:
	//
	//	    0.050 ( 0.007 ms): access(filename: "/etc/ld.so.preload", mode: R) = -1 ENOENT (…)
	//
	// So a slash with a number is only taken for them if a call stands behind it; otherwise it
	// is a part of an argument such as a path.
	var comm, tid []byte
	if who := perfTraceWho.FindSubmatch(rest); who != nil && perfTraceCall.Match(who[3]) {
		comm, tid, rest = who[1], who[2], who[3]
	}
	c := perfTraceCall.FindSubmatch(rest)
	if c == nil {
		return false
	}
	// What the call returned stands behind the last `) = `; one that waits has dots there.
	args, result, returned := c[3], []byte(nil), false
	if i := bytes.LastIndex(args, []byte(") = ")); i >= 0 {
		args, result, returned = args[:i], args[i+4:], true
	} else if i := bytes.LastIndex(args, []byte(") ")); i >= 0 && len(bytes.Trim(args[i+2:], " .")) == 0 {
		args = args[:i]
	} else if cut, ok := bytes.CutSuffix(bytes.TrimRight(args, " "), []byte("...")); ok {
		args = cut
	} else {
		return false
	}
	if c[1] != nil {
		args = bytes.TrimSuffix(args, []byte(")"))
	}
	s := p.sheetFor("calls", "calls", "calls")
	s.inferred = true
	// perf does not know when a call began that was under way when it started: such a row has no
	// time, and its elapsed time is not known either.
	if string(m[1]) != "?" {
		s.text("time (ms)", m[1])
	}
	// Blank for a call that has not returned.
	p.put(s, "elapsed (ms)", m[2])
	p.put(s, "comm", comm)
	p.put(s, "tid", tid)
	if c[1] != nil {
		s.text("part", []byte("continued"))
	} else if !returned {
		s.text("part", []byte("unfinished"))
	}
	s.text("syscall", c[2])
	s.text("args", bytes.TrimSpace(args))
	// As `= -1 ENOENT (No such file or directory)`. The name of an error is one word; what is
	// more than that is a note on the return and stays whole.
	ret, more, _ := bytes.Cut(bytes.TrimSpace(result), []byte(" "))
	p.put(s, "ret", ret)
	if errno, message, ok := bytes.Cut(more, []byte(" (")); ok && bytes.IndexByte(errno, ' ') < 0 {
		s.text("errno", errno)
		more = bytes.TrimSuffix(message, []byte(")"))
	}
	p.put(s, "message", more)
	s.end()
	return true
}

// sum files how many events a thread had.
func (p *perfTrace) sum(events, percent []byte) {
	p.words = nil
	s := p.sheetFor("threads", "threads", "summary")
	s.inferred = true
	p.who(s)
	s.text("events", events)
	p.put(s, "percent", percent)
	s.end()
}

// who appends whose the sums are.
func (p *perfTrace) who(s *sheet) {
	s.text("comm", []byte(p.owner))
	if p.tid != "" {
		s.text("tid", []byte(p.tid))
	}
}

// counts takes the lines under a thread: a heading of two lines, the second with units, a rule, and
// a row for each system call.
func (p *perfTrace) counts(line []byte) bool {
	if p.owner == "" {
		return false
	}
	// The line is not blank, so there is a first word.
	words := bytes.Fields(line)
	switch {
	case string(words[0]) == "syscall" && len(words) > 2:
		p.words = nil
		for _, w := range words {
			p.words = append(p.words, string(w))
		}
		return true
	// A rule or a row without a heading above is none of these.
	case p.words == nil:
		return false
	case isRuledLine(line):
		return true
	case words[0][0] == '(':
		// The heading has two lines, of which the second has units for the last columns only:
		//
		//	syscall    calls  errors  total    min    avg    max  stddev
		//	                         (msec) (msec) (msec) (msec)     (%)
		//
		// They go into the names, once: names that have a parenthesis already got theirs.
		if at := len(p.words) - len(words); at > 0 && !strings.Contains(p.words[len(p.words)-1], "(") {
			for i, unit := range words {
				p.words[at+i] += " " + string(unit)
			}
			return true
		}
		return false
	// Names of system calls hold no blanks, so a row has as many words as the heading.
	case len(words) != len(p.words) || !isNumber(words[1]):
		return false
	}
	s := p.sheetFor("counts", "counts", "table")
	s.inferred = true
	p.who(s)
	for i, w := range words {
		// The sign is in the column's name, and the cell a number without it.
		s.text(p.words[i], bytes.TrimSuffix(w, []byte("%")))
	}
	s.end()
	return true
}
