package dtracefs

import (
	"bytes"
	"fmt"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// A decoder turns the groups of lines that package syntax recognizes into a capture.
type decoder struct {
	c   *Capture
	opt Options

	script   *script.Script // what printed the capture, if known
	activity *activity
	sheets   []*sheet
	byKey    map[string]*sheet
	maps     map[string]*mapPrint
	inferred map[*sheet]bool
	last     []func() // what is left to do when all lines are read
}

func newDecoder(c *Capture, o Options) *decoder {
	return &decoder{c: c, opt: o, activity: newActivity(), byKey: map[string]*sheet{}, inferred: map[*sheet]bool{}}
}

// A dialect is a way of writing captures, told by how the text starts.
type dialect struct {
	name   string
	is     func(head []byte) bool
	decode func(*decoder, []byte)
}

// dialectOf tells the dialect of a text that starts with head.
func dialectOf(head []byte) dialect {
	head = bytes.TrimLeft(head[:min(len(head), 64<<10)], " \t\r\n")
	for _, dl := range dialects[:len(dialects)-1] {
		if dl.is(head) {
			return dl
		}
	}
	return dialects[len(dialects)-1]
}

var dialects = []dialect{
	{"bpftrace-json", isBpftraceJSON, (*decoder).bpftraceJSON},
	{"libxo-json", isLibxoJSON, (*decoder).libxoJSON},
	{"libxo-xml", isLibxoXML, (*decoder).libxoXML},
	{"statemap", isStatemap, (*decoder).statemap},
	{"folded", isFolded, (*decoder).folded},
	{"bpftrace", isBpftrace, (*decoder).text},
	{"dtrace", isAnything, (*decoder).text},
}

func (d *decoder) decode(data []byte) {
	d.c.Bytes = int64(len(data))
	dl := dialectOf(data)
	d.c.Dialect = dl.name
	dl.decode(d, data)
	if len(data) == 0 {
		d.c.Notices = append(d.c.Notices, Notice{Kind: "empty", Text: "the capture is empty"})
	}
	d.finish()
}

// finish files what was gathered as the capture's tables.
func (d *decoder) finish() {
	for _, f := range d.last {
		f()
	}
	if d.activity.table.NumRows() > 0 {
		d.c.Tables = append(d.c.Tables, d.activity.table)
	}
	for _, s := range d.sheets {
		if s.n > 0 && len(s.Columns) > 0 {
			d.c.Tables = append(d.c.Tables, s.finish(d.inferred[s]))
		}
	}
}

// sheet returns the sheet that rows of that kind go to, told by key; made when there is
// none yet.
func (d *decoder) sheet(key, name, kind string) *sheet {
	if s, ok := d.byKey[key]; ok {
		return s
	}
	s := newSheet(name, kind)
	d.byKey[key] = s
	d.sheets = append(d.sheets, s)
	return s
}

// newTable starts a sheet of its own, whose columns get the type that their text has.
func (d *decoder) newTable(name, kind string) *sheet {
	s := newSheet(name, kind)
	d.sheets = append(d.sheets, s)
	d.inferred[s] = true
	return s
}

// A lineClass is what became of a line.
type lineClass uint8

const (
	classBlank lineClass = iota
	classNotice
	classTable
	classUnparsed
)

// account books a line of so many bytes, its end included. Text that is no line of the
// input has size 0.
func (d *decoder) account(class lineClass, size int) {
	if size > 0 {
		d.accountLines(class, 1, size)
	}
}

func (d *decoder) accountLines(class lineClass, lines, size int) {
	a := &d.c.Account
	share := [...]*Share{&a.Blank, &a.Notices, &a.Tables, &a.Unparsed}[class]
	share.Lines += lines
	share.Bytes += int64(size)
}

func isAnything([]byte) bool { return true }

func isBpftraceJSON(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type"`)) && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type": [`))
}

func isBpftrace(head []byte) bool {
	for cur := syntax.NewCursor(head); !cur.Done(); {
		line, _ := cur.Next()
		if m, ok := syntax.ParseMessage(line); ok && m.Kind == "attached" {
			return true
		}
		if _, _, _, ok := syntax.MapHead(line); ok {
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

func (d *decoder) truncated(num int) {
	d.notice(num, "truncated", fmt.Appendf(nil, "the capture is cut at line %d", num), 0)
}
