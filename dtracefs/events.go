package dtracefs

import (
	"bytes"
	"regexp"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// events returns the table of the rows that clauses printed.
func (t *text) events() *sheet {
	key := "events"
	if t.byKey[key] == nil {
		s := t.sheet(key, "events", "events")
		s.col("cpu", Int)
		s.col("id", Int)
		s.col("function", String)
		s.col("name", String)
		s.col("payload", String)
		t.last = append(t.last, func() { typePayloads(s) })
	}
	return t.byKey[key]
}

// event takes a row of the default output with the lines that its payload goes on to.
func (t *text) event(num int, line []byte) bool {
	e, ok := t.parseEvent(line)
	if !ok {
		return false
	}
	t.flushFree()
	t.lastStack = false
	t.take(classTable)
	payload := bytes.TrimSpace(e.Payload)
	more, stack := t.payloadLines(payload)
	if rows := t.formattedPayload(num, payload, more); rows {
		payload, more = nil, nil
	}
	if !t.cur.Done() && (pointerStart.Match(payload) || bytes.HasSuffix(payload, []byte("{")) && structStart.Match(payload) && bytes.HasPrefix(t.cur.Peek(), []byte(" ")) && !t.startsGroup(t.cur.Peek())) {
		t.printedAt(payload)
	}
	for _, l := range more {
		payload = append(append(bytes.Clone(payload), '\n'), l.text...)
	}
	s := t.events()
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
	s.end()
	return true
}

// parseEvent recognizes a row in the mode that the last header set. Without a header only
// a row in its exact columns is one.
func (t *text) parseEvent(line []byte) (syntax.Event, bool) {
	switch t.mode {
	case syntax.EventHeader:
		return syntax.ParseEvent(line)
	case syntax.ProbeHeader:
		return syntax.ParseProbe(line)
	case syntax.NoHeader:
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
func (t *text) payloadLines(payload []byte) (more []textLine, stack []string) {
	if bytes.HasSuffix(payload, []byte("= *")) || bytes.HasSuffix(payload, []byte("{")) {
		return nil, nil
	}
	for !t.cur.Done() {
		num, line := t.cur.Number(), plain(t.cur.Peek())
		if syntax.Blank(line) || t.startsGroup(line) {
			break
		}
		kind, frame := syntax.Frame(line)
		switch {
		case kind == syntax.Annotation && len(stack) > 0:
			stack[len(stack)-1] += " " + string(frame)
		case kind == syntax.SureFrame && len(more) == 0, kind == syntax.MaybeFrame && len(stack) > 0:
			stack = append(stack, string(frame))
		case len(stack) > 0:
			return more, stack
		default:
			more = append(more, textLine{num, line, 0})
		}
		t.take(classTable)
	}
	return more, stack
}

// startsGroup reports whether a line that follows an event's row starts something else.
func (t *text) startsGroup(line []byte) bool {
	if _, ok := t.parseEvent(line); ok {
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
	if next := t.peekAfter(); next != nil {
		if _, ok := syntax.HistHeader(next); ok {
			return true
		}
	}
	return bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("^C"))
}

// formattedPayload files payload and the lines after it as rows if they have one shape:
// a printf or printa with a format then started on the event's row.
func (t *text) formattedPayload(num int, payload []byte, more []textLine) bool {
	if len(payload) == 0 || len(more) == 0 {
		return false
	}
	lines := append([]textLine{{num, payload, 0}}, more...)
	shape := shapeOf(lines[0].text)
	for _, l := range lines[1:] {
		if !shape.same(shapeOf(l.text)) {
			return false
		}
	}
	t.fileRows("", lines)
	return true
}

// typePayloads adds columns arg1… for the values that trace() printed, where all payloads
// of one probe split into as many values.
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

var gap = regexp.MustCompile(` {2,}`)

// traced splits a payload into the values that trace() printed, which lie at least two
// blanks apart; nil for text that printf wrote.
func traced(payload string) []string {
	if payload == "" {
		return nil
	}
	parts := gap.Split(payload, -1)
	if len(parts) == 1 {
		if _, _, ok := syntax.Int64([]byte(payload)); !ok {
			return nil
		}
	}
	return parts
}

var (
	callArgs = regexp.MustCompile(`^([^\s(]+)\((.*)\)\s*$`)
	returned = regexp.MustCompile(`^(\S+) = (.*?)\s*$`)
)

// flow takes a row of -F.
func (t *text) flow(num int, line []byte) bool {
	f, ok := syntax.ParseFlow(line)
	if !ok || f.Direction == "|" && t.mode != syntax.FlowHeader {
		return false
	}
	t.flushFree()
	t.take(classTable)
	s := t.sheet("flow", "flow", "flow")
	if cpu, ok := syntax.Int(f.Before); ok {
		s.int("cpu", cpu, false)
	}
	t.flowRow(s, f)
	return true
}

// flowRow ends a row with what was entered or left.
func (t *text) flowRow(s *sheet, f syntax.Flow) {
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

// listing takes a row of `dtrace -l` and what -v tells of the probe.
func (t *text) listing(num int, line []byte) bool {
	if t.mode != syntax.ListHeader && !isListRow(line) {
		return false
	}
	p, ok := syntax.ParseProbeRow(line)
	if !ok {
		return t.mode == syntax.ListHeader && t.listingDetail(line)
	}
	t.flushFree()
	t.take(classTable)
	s := t.sheet("probes", "probes", "probes")
	if c := s.col("id", Int); p.HasID {
		c.appendInt(p.ID)
	}
	s.text("provider", p.Provider)
	s.text("module", p.Module)
	s.text("function", p.Function)
	s.text("name", p.Name)
	s.end()
	if t.mode == syntax.NoHeader {
		t.mode = syntax.ListHeader
	}
	return true
}

// isListRow recognizes a listing's row in its exact columns, where the header is lost.
func isListRow(line []byte) bool {
	const idEnd, providerEnd, moduleEnd, functionEnd = 5, 16, 34, 68
	if len(line) <= functionEnd+1 || line[functionEnd] != ' ' || line[moduleEnd] != ' ' || line[providerEnd] != ' ' || line[idEnd] != ' ' {
		return false
	}
	_, isID := syntax.Int(bytes.TrimSpace(line[:idEnd]))
	provider := bytes.TrimSpace(line[idEnd:providerEnd])
	name := bytes.TrimRight(line[functionEnd+1:], " ")
	return isID && line[idEnd-1] != ' ' && line[providerEnd-1] != ' ' && len(provider) > 0 && provider[0] >= 'A' && !bytes.Contains(provider, []byte(" ")) &&
		len(name) > 0 && !bytes.Contains(name, []byte(" ")) && !isNumber(name)
}

var argumentType = regexp.MustCompile(`^\s+args\[\d+\]: (.*?)\s*$`)

// listingDetail takes a line of what -v tells of the last probe.
func (t *text) listingDetail(line []byte) bool {
	s := t.byKey["probes"]
	if s == nil || s.n == 0 || line[0] != ' ' && line[0] != '\t' {
		return false
	}
	id := s.index["id"].ints[s.n-1]
	if m := argumentType.FindSubmatch(line); m != nil {
		t.take(classTable)
		a := t.sheet("arguments", "arguments", "arguments")
		a.int("id", id, false)
		a.text("type", m[1])
		a.end()
		return true
	}
	text := string(bytes.TrimSpace(line))
	if text == "Argument Types" || text == "None" {
		t.take(classTable)
		return true
	}
	return t.stabilityLine(line, id)
}
