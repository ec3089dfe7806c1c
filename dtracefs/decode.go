package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// A decoder turns the groups of lines that package syntax recognizes into a capture.
type decoder struct {
	c   *Capture
	opt Options

	activity *activity
}

func newDecoder(c *Capture, o Options) *decoder {
	return &decoder{c: c, opt: o, activity: newActivity()}
}

// A dialect is a way of writing captures, told by how the text starts.
type dialect struct {
	name   string
	is     func(head []byte) bool
	decode func(*decoder, []byte)
}

var dialects = []dialect{
	{"bpftrace-json", isBpftraceJSON, (*decoder).bpftraceJSON},
	{"bpftrace", isBpftrace, (*decoder).text},
	{"dtrace", func([]byte) bool { return true }, (*decoder).text},
}

func (d *decoder) decode(data []byte) {
	d.c.Bytes = int64(len(data))
	head := bytes.TrimLeft(data[:min(len(data), 64<<10)], " \t\r\n")
	for _, dl := range dialects {
		if dl.is(head) {
			d.c.Dialect = dl.name
			dl.decode(d, data)
			break
		}
	}
	if len(data) == 0 {
		d.c.Notices = append(d.c.Notices, Notice{Kind: "empty", Text: "the capture is empty"})
	}
	if d.activity.table.NumRows() > 0 {
		d.c.Tables = append(d.c.Tables, d.activity.table)
	}
}

func isBpftraceJSON(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte(`"type"`))
}

func isBpftrace(head []byte) bool {
	for cur := syntax.NewCursor(head); !cur.Done(); {
		line, _ := cur.Next()
		if m, ok := syntax.ParseMessage(line); ok && m.Kind == "attached" {
			return true
		}
		if _, _, _, ok := syntax.MapEntry(line); ok || syntax.OpenMapEntry(line) {
			return true
		}
	}
	return false
}

// message files what the tracer said about itself.
func (d *decoder) message(num int, line []byte, m syntax.Message) {
	text := string(bytes.TrimSpace(line))
	switch m.Kind {
	case "drop":
		drop := Drop{Line: num, Kind: m.DropKind, Count: m.N, Text: text}
		if m.CPU >= 0 {
			drop.CPU = &m.CPU
		}
		d.c.Drops = append(d.c.Drops, drop)
	case "fault":
		f := Fault{Line: num, Clause: m.Clause, ProbeID: m.ProbeID, Probe: m.Probe, Fault: m.Fault,
			Address: m.Address, Action: m.Action, Offset: m.Offset, Message: m.Fault}
		parts := strings.SplitN(m.Probe, ":", 4)
		for i, p := range []*string{&f.Provider, &f.Module, &f.Function, &f.Name} {
			if len(parts) == 4 {
				*p = parts[i]
			}
		}
		d.c.Errors = append(d.c.Errors, f)
	default:
		d.notice(num, m.Kind, line, m.N)
	}
}

func (d *decoder) notice(num int, kind string, text []byte, n int64) {
	d.c.Notices = append(d.c.Notices, Notice{num, kind, string(bytes.TrimSpace(text)), n})
}

func (d *decoder) unparsed(num int, line []byte) {
	d.c.Unparsed = append(d.c.Unparsed, Line{num, string(line)})
}

func (d *decoder) truncated(num int, line []byte) {
	d.unparsed(num, line)
	d.notice(num, "truncated", []byte("the capture ends in the middle of this line"), 0)
}
