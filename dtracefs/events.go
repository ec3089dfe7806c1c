package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// eventSheet returns the table of the rows that clauses printed. Its payloads get their types
// when all are known.
func eventSheet(st *station) *sheet {
	key := "events"
	if st.byKey[key] == nil {
		s := st.sheetFor(key, "events", "events")
		s.col("cpu", Int)
		s.col("id", Int)
		s.col("function", String)
		s.col("name", String)
		s.col("payload", String)
		st.last = append(st.last, func() { typePayloads(s) })
	}
	return st.byKey[key]
}

// events are the rows of the default output, with the lines that their payloads go on to:
//
//	CPU     ID                    FUNCTION:NAME
//	  0   1234                       read:entry   nginx  512
type events struct{}

func (events) take(st *station, num int, line []byte) bool {
	e, ok := parseEvent(st, line)
	if !ok {
		return false
	}
	st.free.flush()
	st.afterStack = false
	st.take(classTable)
	// The row itself is booked; now what belongs to it is taken off the lines that follow. The
	// order matters: frames are sure, rows of one shape are rows, and only what is left is text.
	payload := bytes.TrimSpace(e.Payload)
	more, stack := payloadLines(st, payload)
	var second []string
	if len(stack) > 0 {
		second = secondStack(st)
	}
	if rows := formattedPayload(st, num, payload, more); rows {
		payload, more = nil, nil
	}
	// What an END clause prints under its row may be a table of the script's own.
	if len(payload) == 0 && len(more) > 1 && st.free.tables.headingAt(st, more) >= 0 {
		st.free.stretch(more)
		more = nil
	}
	// print() of a structure starts on the event's row and goes on under it:
	//
	//	  0   3624                      write:entry 0xffffffff83076c20 = *
	//	                                            (struct nsproxy) {
	if !st.cur.Done() && (pointerStart.Match(payload) || bytes.HasSuffix(payload, []byte("{")) && structStart.Match(payload) && bytes.HasPrefix(st.cur.Peek(), []byte(" ")) && !startsGroup(st, st.cur.Peek())) {
		printedAt(st, payload)
	}
	for _, l := range more {
		payload = append(append(bytes.Clone(payload), '\n'), l.text...)
	}
	if c, text, ok := clockLine(payload); ok && len(text) == 0 && c.Form != syntax.Epoch {
		st.tell(c, st.opt.Location) // of the aggregations that are printed next
	}
	st.turns.mark(true)
	s := eventSheet(st)
	if e.HasCPU {
		s.int("cpu", e.CPU, false)
		s.int("id", e.ID, false)
	}
	s.text("function", e.Function)
	s.text("name", e.Name)
	s.text("payload", bytes.TrimSpace(payload))
	if len(stack) > 0 {
		s.open("stack", Stack).appendStack(stack)
	}
	if len(second) > 0 {
		s.open("ustack", Stack).appendStack(second)
	}
	s.end()
	return true
}

// secondStack takes the stack under an event's first one, such as ustack() prints after stack():
// a blank line parts them, and no value follows, which would make it an aggregation's. It looks
// ahead as far as the stack goes, since only what stands behind it says whose it is.
func secondStack(st *station) []string {
	c := *st.cur
	if c.Done() || !syntax.Blank(c.Peek()) {
		return nil
	}
	blanks := 0
	for !c.Done() && syntax.Blank(c.Peek()) {
		c.Next()
		blanks++
	}
	if c.Done() || blanks > 2 {
		return nil
	}
	if kind, _ := syntax.Frame(plain(c.Peek())); kind != syntax.SureFrame {
		return nil
	}
	for ; !c.Done(); c.Next() {
		line := plain(c.Peek())
		if kind, _ := syntax.Frame(line); kind != syntax.NoFrame {
			continue
		}
		if _, _, _, ok := stackValue(line); ok {
			return nil
		}
		if _, ok := syntax.HistHeader(line); ok {
			return nil
		}
		break
	}
	for range blanks {
		st.take(classBlank)
	}
	return takeFrames(st)
}

// parseEvent recognizes a row in the mode that the last header set. Without a header only a row
// in its exact columns is one. A capture that was cut at its head has rows without a header; in a
// column of other width they are too much like rows of a script.
func parseEvent(st *station, line []byte) (syntax.Event, bool) {
	switch st.mode {
	case syntax.EventHeader:
		return syntax.ParseEvent(line)
	case syntax.ProbeHeader:
		return syntax.ParseProbe(line)
	case syntax.NoHeader:
		// Of `%3d %6d %32s `, counted from 0, the CPU ends in column 2, the ID in 9, the probe in
		// 42.
		const probeEnd = 11 + 32
		if len(line) > probeEnd && line[0] == ' ' && line[10] == ' ' && line[probeEnd] == ' ' && line[probeEnd-1] != ' ' &&
			line[2] >= '0' && line[9] >= '0' && line[9] <= '9' {
			return syntax.ParseEvent(line)
		}
	}
	return syntax.Event{}, false
}

// payloadLines takes the lines without a blank line between that a row's payload goes on
// to: text that a printf with a newline in it left, or the frames of stack().
func payloadLines(st *station, payload []byte) (more []textLine, stack []string) {
	// The lines under it are the members of a structure, which printedAt takes.
	if bytes.HasSuffix(payload, []byte("= *")) || bytes.HasSuffix(payload, []byte("{")) {
		return nil, nil
	}
	for !st.cur.Done() {
		num, line := st.cur.Number(), st.peek()
		if syntax.Blank(line) || startsGroup(st, line) {
			break
		}
		kind, frame := syntax.Frame(line)
		switch {
		case kind == syntax.Annotation && len(stack) > 0:
			stack[len(stack)-1] += " " + string(frame)
		// Frames stand right under the row. Once text has come, what looks like one is text.
		case kind == syntax.SureFrame && len(more) == 0, kind == syntax.MaybeFrame && len(stack) > 0:
			stack = append(stack, string(frame))
		case len(stack) > 0:
			return more, stack
		default:
			more = append(more, textLine{num: num, text: line})
		}
		st.take(classTable)
	}
	return more, stack
}

// startsGroup reports whether a line that follows an event's row starts something else. It must
// know all that may stand right under a row, with no blank line between; whatever it does not
// know is taken for a part of the payload.
func startsGroup(st *station, line []byte) bool {
	if _, ok := parseEvent(st, line); ok {
		return true
	}
	if _, ok := syntax.ParseMessage(line); ok || ellipsis.Match(line) || prompt.Match(line) {
		return true
	}
	if _, ok := syntax.HistHeader(line); ok || syntax.ParseHeader(line) != syntax.NoHeader {
		return true
	}
	if _, _, _, ok := syntax.AggRow(line); ok || isRuler(line) || isStructStart(line) {
		return true
	}
	if next := st.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return true
		}
	}
	return bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("^C"))
}

// formattedPayload files payload and the lines after it as rows if they have one shape:
// a printf or printa with a format then started on the event's row.
func formattedPayload(st *station, num int, payload []byte, more []textLine) bool {
	if len(payload) == 0 || len(more) == 0 {
		return false
	}
	lines := append([]textLine{{num: num, text: payload}}, more...)
	shape := shapeOf(lines[0].text)
	for _, l := range lines[1:] {
		if !shape.same(shapeOf(l.text)) {
			return false
		}
	}
	st.free.rows("", lines)
	return true
}

// typePayloads adds columns arg1… for the values that trace() printed, where all payloads of one
// probe split into as many values. It is called when all rows are there. A probe whose payloads
// have varying numbers of values keeps them as text alone, since it is not known which value is
// which.
func typePayloads(s *sheet) {
	payload, function, name := s.index["payload"], s.index["function"], s.index["name"]
	type probe struct{ function, name uint32 }
	values := make([][]string, len(payload.words.values))
	for i, w := range payload.words.values {
		values[i] = traced(w)
	}
	width := map[probe]int{}
	most := 0
	for i, code := range payload.codes {
		p, n := probe{function.codes[i], name.codes[i]}, len(values[code])
		// A width that varied is 0 from then on, whatever comes.
		if old, ok := width[p]; ok && old != n {
			n = 0
		}
		width[p] = n
	}
	for _, n := range width {
		most = max(most, n)
	}
	for a := range most {
		c := newColumn("arg"+strconv.Itoa(a+1), String)
		for i, code := range payload.codes {
			if width[probe{function.codes[i], name.codes[i]}] > a {
				c.appendString(values[code][a])
			} else {
				c.appendNull()
			}
		}
		c.infer()
		s.Columns = append(s.Columns, c)
	}
}

var gap = pattern.New(` {2,}`)

// traced splits a payload into the values that trace() printed, which lie at least two
// blanks apart; nil for text that printf wrote.
func traced(payload string) []string {
	if payload == "" || strings.IndexByte(payload, '\n') >= 0 {
		return nil // of several lines the places of words say nothing
	}
	parts := gap.Split(payload, -1)
	// A gap within brackets is one that printf padded, as in `write(3,   80)`.
	for _, p := range parts {
		if len(parts) > 1 && (strings.Count(p, "(") != strings.Count(p, ")") || strings.Count(p, "[") != strings.Count(p, "]")) {
			return nil
		}
	}
	if len(parts) == 1 {
		if _, _, ok := syntax.Int64([]byte(payload)); !ok {
			return nil
		}
	}
	return parts
}
