package dtracefs

import (
	"bytes"
	"maps"
	"regexp"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// A text decodes what a tracer prints as text. A capture is a mix in which nothing but
// the shape of the lines separates the parts: each group of lines is offered to the
// recognizers in their order, and what none of them takes is free text, which is filed
// when its end is known.
type text struct {
	*decoder
	cur    *syntax.Cursor
	mode   syntax.Header
	blanks int // blank lines since the last other line

	free       []textLine      // free text not filed yet
	block      int             // number of the block of rows being printed
	seen       map[string]bool // keys of the block's histograms
	seenBlock  int
	lastMap    string   // whose histogram came last
	lastMapEnd int      // number of the line after it
	keyNames   []string // what a script printed over its keys
	noKeys     int      // offset up to which keys over several lines do not end
	formats    map[*script.Format]*formatSheet
	cells      [][]byte          // of the line that a script's format wrote
	turns      map[[2]int]turnOf // whose turn it is among aggregations of such keys
	reserved   bool              // room for the entries that may come
	log        *logWriter        // of the event log being read
	noLog      int               // offset up to which no event log starts
	noStack    int               // offset up to which indented lines start no stack
	lastStack  bool              // the group before was a stack
	stamp      int64             // the last instant printed
	stamped    bool
	labels     []labeled // what an interval's summary line tells
	header     *header   // of the script's table being printed
	section    string    // of the stability attributes being printed
	gapBefore  bool      // two blank lines stood before the last line of free text

	trussColumns []string // names of what stands before a system call
	flowColumns  []string // names of what stands before an arrow; nil outside of a flow
	flowBase     int      // the column of the outermost arrow
	partial      string   // what was printed since the last end of a line

	goesOn          bool   // the free text is the rest of a paragraph too long to hold
	adjacent        *sheet // of the paragraph before, for rows of the same shape
	adjacentTitle   string
	adjacentWidth   int
	adjacentNumbers uint64
}

// longestParagraph bounds, in lines, the free text that is held until its end is known.
const longestParagraph = 1 << 16

// longestLine bounds, in bytes, the lines that have a shape; longer ones are text.
const longestLine = 64 << 10

// A textLine is a line of free text. It has number 0 where lines were blank.
type textLine struct {
	num  int
	text []byte
	size int // in bytes of the input, with the line's end
}

var recognizers = []func(*text, int, []byte) bool{
	(*text).activityLine, (*text).scriptLine, (*text).logLine, (*text).messageLine, (*text).headerLine, (*text).listing,
	(*text).packed, (*text).histogram, (*text).dump, (*text).stability, (*text).bpftraceMap,
	(*text).event, (*text).flow, (*text).printed, (*text).stack, (*text).aggregation,
}

func (d *decoder) text(data []byte) {
	t := &text{decoder: d, cur: syntax.NewCursor(data)}
	t.run()
	t.flushPending()
	d.c.Lines = t.cur.Number() - 1
}

// run takes all groups up to the end of the text at hand.
func (t *text) run() {
	for !t.cur.Done() {
		t.step()
	}
	t.flushFree()
}

// resume goes on with more text, starting at that line, which d decodes. What the text
// before it left open stays so: the mode, the instant, a script's heading.
func (t *text) resume(d *decoder, data []byte, line int) {
	d.activity.stamp, d.activity.stamped, d.activity.maps = t.activity.stamp, t.activity.stamped, t.activity.maps
	d.activity.pending, d.activity.pendingLine, d.activity.pendingSize = t.activity.pending, t.activity.pendingLine, t.activity.pendingSize
	maps.DeleteFunc(d.activity.maps, func(_ string, yes bool) bool { return !yes }) // to be told anew
	t.decoder, t.cur = d, syntax.NewCursorAt(data, line)
	t.formats = nil
	t.noStack, t.noKeys, t.noLog, t.reserved = 0, 0, 0, false
	t.adjacent, t.lastStack = nil, false
	if t.log != nil {
		t.log = newLogWriter(d.sheet("log", "log", "log"), t.log.format)
	}
}

// step takes the next group of lines.
func (t *text) step() {
	if t.activity.pending == nil {
		if n := t.cur.SkipEmpty(); n > 0 {
			t.accountLines(classBlank, n, n)
			t.blank()
			t.blanks += n - 1
			return
		}
	}
	num, line := t.cur.Number(), plain(t.cur.Peek())
	if t.activity.pending == nil && syntax.Blank(line) {
		t.take(classBlank)
		t.blank()
		return
	}
	if len(line) > longestLine {
		t.flushFree()
		t.addFree(num, line)
		t.flushFree()
		t.blanks = 0
		return
	}
	for _, r := range recognizers {
		if r(t, num, line) {
			t.blanks = 0
			return
		}
	}
	t.addFree(num, line)
	t.blanks = 0
}

// blank marks the end of what a blank line ends.
func (t *text) blank() {
	t.blanks++
	if t.c.Dialect != "bpftrace" {
		t.activity.stamped = false
	}
	switch n := len(t.free); {
	case n == 0:
		t.goesOn = false
	case t.free[n-1].num != 0:
		t.free = append(t.free, textLine{})
	}
}

// addFree takes the next line as free text.
func (t *text) addFree(num int, line []byte) {
	from := t.cur.Offset()
	t.cur.Next()
	t.lastStack, t.gapBefore = false, t.blanks > 1
	if len(t.free) == longestParagraph {
		t.flushFree()
		t.goesOn = true
	}
	t.free = append(t.free, textLine{num, line, t.cur.Offset() - from})
}

func (t *text) freeSize(i int) int { return t.free[i].size }

// take goes past the next line, which belongs to class.
func (t *text) take(class lineClass) []byte {
	from := t.cur.Offset()
	line, _ := t.cur.Next()
	t.account(class, t.cur.Offset()-from)
	return plain(line)
}

// peekAfter returns the line after the next one.
func (t *text) peekAfter() []byte {
	c := *t.cur
	c.Next()
	if c.Done() {
		return nil
	}
	return c.Peek()
}

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// plain returns the line without the escapes that color terminals.
func plain(line []byte) []byte {
	if bytes.IndexByte(line, 0x1b) < 0 {
		return line
	}
	return colors.ReplaceAll(line, nil)
}

var (
	prompt   = regexp.MustCompile(`^(?:[\w.-]+@[\w.-]+:\S*[#$%>] ?|[A-Z]:\\[^>]*> ?|[#$%] (?:\./|/|d?trace\b|bpftrace\b|sudo\b|pfexec\b|perl\b|cat\b)|(?:bash|sh|ksh|csh)[-\d.]*[#$] ).*`)
	ellipsis = regexp.MustCompile(`^\s*(?:\[?\s*\.\.\.\s*\]?|@@\w+@@|-- @@\w+ --)\s*$`)
	doing    = regexp.MustCompile(`(?i)^\s*(?:tracing|sampling|measuring|reading|counting|profiling|monitoring|collecting)\b`)
	howToEnd = regexp.MustCompile(`(?i)\b(?:(?:hit|press) (?:ctrl|control|\^)-?c|ctrl-c to (?:end|stop|quit|exit))\b`)
)

// isBanner reports whether a script says on the line that it is at work, or how to end it.
func isBanner(line []byte) bool {
	if len(line) >= 120 {
		return false
	}
	first := syntax.TrimIndent(line)
	return len(first) > 0 && bytes.IndexByte([]byte("tsmrcp"), first[0]|0x20) >= 0 && doing.Match(line) ||
		bytes.ContainsAny(line, "cC") && bytes.ContainsAny(line, "tT^") && howToEnd.Match(line)
}

// messageLine takes what the tracer says about itself, and the marks that whoever pasted
// a capture left in it.
func (t *text) messageLine(num int, line []byte) bool {
	if m, ok := syntax.ParseMessage(line); ok {
		if m.Kind == "interrupt" {
			t.flushFree()
		}
		t.take(classNotice)
		t.message(num, line, m)
		t.blanks = 0
		return true
	}
	kind := ""
	switch c := syntax.TrimIndent(line)[0]; {
	case (c == '.' || c == '[' || c == '-' || c == '@') && ellipsis.Match(line):
		kind = "elided"
	case (c == '#' || c == '$' || c == '%' || bytes.ContainsAny(line, "@\\#$")) && prompt.Match(line):
		kind = "prompt"
	case t.mode == syntax.NoHeader && isBanner(line):
		kind = "banner"
	case c == '^' && bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("^C")):
		return t.gluedInterrupt(num, line)
	}
	if kind == "" {
		return false
	}
	if kind != "banner" {
		t.flushFree()
	}
	t.take(classNotice)
	t.notice(num, kind, line, 0)
	return true
}

// gluedInterrupt takes a line that a terminal glued to the ^C in front of it.
func (t *text) gluedInterrupt(num int, line []byte) bool {
	t.notice(num, "interrupt", []byte("^C"), 0)
	t.flushFree()
	i := bytes.Index(line, []byte("^C"))
	t.addFree(num, line[i+2:])
	return true
}

// headerLine takes the headers that dtrace prints by itself.
func (t *text) headerLine(num int, line []byte) bool {
	h := syntax.ParseHeader(line)
	if h == syntax.NoHeader {
		return false
	}
	t.flushFree()
	t.take(classTable)
	t.mode = h
	return true
}
