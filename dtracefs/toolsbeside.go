package dtracefs

import (
	"bytes"
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// besideTools are the tables of interval tools among what a tracer prints, as where a script of a
// shell runs vmstat before or after it. They are read as they are where the tool is alone. What
// goes on behind a heading comes first, as rows of numbers may be anything; a heading itself comes
// when nothing else knows the line.
type besideTools struct {
	r     *reports
	next  int   // the line after the last row or heading
	stamp int64 // the time that the tracer had printed then
}

func (b *besideTools) take(st *station, num int, line []byte) bool {
	if b.r == nil {
		return false
	}
	b.r.decoder, b.r.cur = st.decoder, st.cur
	behind := num-st.blanks == b.next && st.blanks <= 1
	if !behind && !b.amid(st, line) {
		return false
	}
	if (b.r.table == nil || !b.r.row(line)) && (!behind || !b.r.tool.line(b.r, num, line)) {
		return false
	}
	b.tookTo(st)
	return true
}

// fewestAmid is how many numbers make a row of a tool of a line that does not stand under another.
const fewestAmid = 8

// amid reports whether a line may be a row that a tool printed amid the lines of a tracer, as one
// does that runs beside it: vmstat prints one each interval, and a heading only each page. A time
// that the tracer has printed since the row before is that of this one.
func (b *besideTools) amid(st *station, line []byte) bool {
	rp := b.r.table
	if rp == nil || !rp.perRow || len(rp.Names) < fewestAmid {
		return false
	}
	if words := bytes.Fields(line); len(words) != len(rp.Names) || !numbers(words) {
		return false
	}
	st.free.flush()
	if st.stamped && st.stamp != b.stamp {
		b.r.when.ns, b.r.when.ofDay, b.r.when.set, b.r.used = st.stamp, st.ofDay, true, false
	}
	return true
}

// tookTo remembers where the last line that was taken ended.
func (b *besideTools) tookTo(st *station) {
	b.next = st.cur.Number()
	if st.stamped {
		b.stamp = st.stamp
	}
}

// toolHeadings begin the tables of tools.
type toolHeadings struct{ tables *besideTools }

func (h *toolHeadings) take(st *station, num int, line []byte) bool {
	// All free text comes by, and a number in it rules out most lines. Only gstat's blocks begin
	// with some.
	if syntax.FirstDigit(line) >= 0 && !isGstatStart(line) {
		return false
	}
	after := *st.cur
	after.Next()
	i := slices.IndexFunc(tools, func(t *tool) bool {
		ahead := after
		return t.sure && t.head(line, &ahead)
	})
	if i < 0 || isPrinted(st, line) {
		return false // a script may print what looks like a tool's
	}
	st.free.flush()
	if h.tables.r == nil {
		h.tables.r = newReports(tools[i])
	}
	r := h.tables.r
	// A clock right above is that of the block.
	r.when.ns, r.when.ofDay, r.when.set, r.used = st.stamp, st.ofDay, st.stamped && st.afterClock == num, false
	r.tool, r.decoder, r.cur, r.table = tools[i], st.decoder, st.cur, nil
	if !r.tool.line(r, num, line) {
		return false
	}
	h.tables.tookTo(st)
	return true
}

// saysTracer reports whether a line of a text is of a tracer that says what it traces.
func saysTracer(head []byte) bool {
	if !bytes.Contains(head, []byte(" probe")) {
		return false
	}
	for cur := syntax.NewCursor(head); !cur.Done(); {
		line, _ := cur.Next()
		if m, ok := syntax.ParseMessage(line); ok && (m.Kind == "attached" || quotedEnd.Match(line)) {
			return true
		}
	}
	return false
}
