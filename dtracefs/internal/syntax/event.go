package syntax

import "bytes"

// A Header says what the rows under it are. It holds until another one comes.
type Header uint8

// The headers that dtrace prints by itself.
const (
	NoHeader     Header = iota
	EventHeader         // CPU ID FUNCTION:NAME
	ProbeHeader         // FUNCTION:NAME alone, as in the test suite's mode
	FlowHeader          // CPU FUNCTION, or FUNCTION alone, with -F
	ListHeader          // ID PROVIDER MODULE FUNCTION NAME, with -l
	headerLength = 60
)

// ParseHeader recognizes a header by its words. The blanks between them differ from one version
// of dtrace to another.
func ParseHeader(line []byte) Header {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	if i == len(line) || line[i] != 'C' && line[i] != 'F' && line[i] != 'I' || len(line) > 2*headerLength {
		return NoHeader
	}
	switch string(bytes.Join(bytes.Fields(line), []byte(" "))) {
	case "CPU ID FUNCTION:NAME":
		return EventHeader
	case "FUNCTION:NAME":
		return ProbeHeader
	case "CPU FUNCTION", "FUNCTION":
		return FlowHeader
	case "ID PROVIDER MODULE FUNCTION NAME":
		return ListHeader
	}
	return NoHeader
}

// An Event is the row that a probe's clause printed: `%3d %6d %32s ` and the payload.
type Event struct {
	HasCPU         bool
	CPU, ID        int64
	Function, Name []byte
	Payload        []byte
}

// ParseEvent splits a row under an [EventHeader]. A payload may be anything, so it is whatever
// stands behind the probe and one blank.
func ParseEvent(line []byte) (e Event, ok bool) {
	rest, cpu, ok1 := leadingInt(line)
	rest, id, ok2 := leadingInt(rest)
	if !ok1 || !ok2 || len(rest) == 0 || rest[0] != ' ' {
		return e, false
	}
	// The probe is right-aligned in 32 columns after one blank.
	e, ok = splitProbe(rest[1:])
	e.HasCPU, e.CPU, e.ID = true, cpu, id
	return e, ok
}

// ParseProbe splits a row under a [ProbeHeader]: `%32s ` and the payload.
func ParseProbe(line []byte) (Event, bool) { return splitProbe(line) }

const probeWidth = 32

// splitProbe splits `function:name` off its payload. The field is right-aligned in 32 columns and
// overflows when longer; functions of some languages hold blanks and colons, so that within the
// 32 columns the name starts after the last colon:
//
//	                      read:entry nginx
//	std::vector<int>::push_back(int const&):return 12
func splitProbe(b []byte) (e Event, ok bool) {
	start := 0
	for start < len(b) && b[start] == ' ' {
		start++
	}
	end := probeWidth
	if start == 0 || len(b) < probeWidth || !probeEnd(b, end) {
		if end = probeFieldEnd(b, start); end < 0 {
			return e, false
		}
	}
	end = min(end, len(b))
	field := b[start:end]
	colon := bytes.LastIndexByte(field, ':')
	if colon < 0 || bytes.IndexByte(field[colon:], ' ') >= 0 {
		return e, false
	}
	e.Function, e.Name = field[:colon], field[colon+1:]
	if end+1 <= len(b) {
		e.Payload = b[end+1:]
	}
	return e, len(e.Name) > 0
}

// probeEnd reports whether a field ends at that column: with a name, and a blank or nothing
// behind.
func probeEnd(b []byte, end int) bool {
	return (len(b) == end || b[end] == ' ') && b[end-1] != ' ' && bytes.IndexByte(b[:end], ':') >= 0
}

// probeFieldEnd finds the end of a field that does not keep to its columns: the blank after the
// first colon that is no part of "::". A line whose first 64 bytes and more hold no colon is no
// such row, and is not looked at to its end.
func probeFieldEnd(b []byte, start int) int {
	for i := start; i < len(b); i++ {
		if b[i] == ' ' && i > start && bytes.IndexByte(b[start:i], ':') >= 0 {
			return i
		}
		if b[i] == ' ' && i-start > 64 {
			return -1
		}
	}
	if bytes.IndexByte(b[start:], ':') < 0 {
		return -1
	}
	return len(b)
}

// leadingInt goes past blanks and a decimal integer.
func leadingInt(b []byte) (rest []byte, v int64, ok bool) {
	i := 0
	for i < len(b) && b[i] == ' ' {
		i++
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == len(b) || b[i] != ' ' {
		return nil, 0, false
	}
	v, ok = Int(b[start:i])
	return b[i:], v, ok
}

// A Flow is a row that -F prints, or a script in its likeness: what was entered or left,
// two columns further in for each call that is open.
type Flow struct {
	Before    []byte // what stands in front of the arrow
	Depth     int
	Direction string // "->", "<-", "=>", "<=" or "|"
	Function  []byte
	Payload   []byte
}

// flowWidth is how many columns the field of a row of -F has, indent and arrow included.
const flowWidth = 41

// ParseFlow splits a row of `-F`, with or without a CPU before it. The depth is counted in steps
// of two columns from where the field starts, 0 for the outermost.
func ParseFlow(line []byte) (f Flow, ok bool) {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] >= '0' && line[i] <= '9') {
		i++
	}
	if i == len(line) {
		return f, false
	}
	n := 2
	switch {
	case line[i] == '|' && i+1 < len(line) && line[i+1] == ' ':
		n = 1
	case i+2 < len(line) && line[i+2] == ' ' && isArrow(line[i:i+2]):
	default:
		return f, false
	}
	cpuEnd := bytes.LastIndexAny(line[:i], "0123456789") + 1
	if bytes.ContainsAny(bytes.TrimSpace(line[:cpuEnd]), " ") {
		return f, false
	}
	f.Before = bytes.TrimSpace(line[:cpuEnd])
	f.Direction = string(line[i : i+n])
	// The field starts one blank after the CPU; its first column is a blank for arrows.
	f.Depth = max(i-cpuEnd-1, 0) / 2
	body := line[i+n+1:]
	end := functionEnd(body, cpuEnd, i+n+1)
	f.Function = bytes.TrimRight(body[:end], " ")
	f.Payload = body[end:]
	return f, len(f.Function) > 0
}

// functionEnd returns where in body, which starts at column at, the function's name ends:
// at the field's last column, or at two blanks where it overflows or columns were lost.
func functionEnd(body []byte, cpuEnd, at int) int {
	if end := cpuEnd + 1 + flowWidth - at; end > 0 && end < len(body) && body[end] == ' ' && body[end-1] != ' ' {
		return end
	}
	if i := bytes.Index(body, []byte("  ")); i >= 0 {
		return i
	}
	if end := cpuEnd + 1 + flowWidth - at; end > 0 && end < len(body) && body[end-1] == ' ' {
		return end
	}
	return len(body)
}

// isArrow reports whether b is one of the marks of -F: -> and <- for functions, => and <= for
// system calls.
func isArrow(b []byte) bool {
	switch string(b) {
	case "->", "<-", "=>", "<=":
		return true
	}
	return false
}
