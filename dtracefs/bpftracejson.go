package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// bpftraceJSON decodes what `bpftrace -f json` prints: an object on each line.
func (d *decoder) bpftraceJSON(data []byte) {
	cur := syntax.NewCursor(data)
	for !cur.Done() {
		num := cur.Number()
		line, terminated := cur.Next()
		if syntax.Blank(line) {
			continue
		}
		if m, ok := syntax.ParseMessage(line); ok {
			d.message(num, line, m)
			continue
		}
		v, end, err := syntax.ParseJSON(line)
		if err == nil && syntax.Blank(line[end:]) && d.bpftraceRecord(num, line, v) {
			continue
		}
		if err != nil && !terminated {
			d.truncated(num, line)
			continue
		}
		d.unparsed(num, line)
	}
	d.c.Lines = cur.Number() - 1
}

// bpftraceRecord files one object; false when it is none of those that bpftrace writes.
func (d *decoder) bpftraceRecord(num int, line []byte, v syntax.JSON) bool {
	data := v.Get("data")
	switch v.Get("type").Text {
	case "attached_probes":
		n, _ := syntax.Int([]byte(data.Get("probes").Text))
		d.notice(num, "attached", line, n)
	case "lost_events":
		n, _ := syntax.Int([]byte(data.Get("events").Text))
		d.c.Drops = append(d.c.Drops, Drop{Line: num, Kind: "event", Count: n, Text: string(line)})
	case "printf", "time":
		if ns, ok := syntax.EpochStamp([]byte(strings.TrimSpace(data.Text))); ok {
			d.activity.stamp, d.activity.stamped = ns, true
			return true
		}
		return false
	case "map":
		return d.jsonActivity(data)
	default:
		return false
	}
	return true
}

// jsonActivity adds the entries of maps keyed by kind and process. The keys are joined by
// commas, so that a process name keeps those of its own.
func (d *decoder) jsonActivity(data syntax.JSON) bool {
	if !d.activity.stamped || len(data.Members) != 1 || data.Members[0].Kind != '{' {
		return false
	}
	m := data.Members[0]
	for i, keys := range m.Names {
		kind, _, ok := strings.Cut(keys, ",")
		_, isInt := syntax.Int([]byte(m.Members[i].Text))
		if !ok || !isInt || !syntax.IsKind([]byte(kind)) {
			return false
		}
	}
	for i, keys := range m.Names {
		kind, name, _ := bytes.Cut([]byte(keys), []byte(","))
		value, _ := syntax.Int([]byte(m.Members[i].Text))
		d.activity.add(kind, name, value)
	}
	return true
}
