package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// kdump reads what kdump of FreeBSD, NetBSD and OpenBSD prints of a trace of ktrace: a row for each
// record. Calls and returns have the call's name; what was read and written is text of its record.
type kdump struct {
	*decoder
}

func startKdump() reader { return &kdump{} }

// isKdump reports whether the first lines of a text are records, with a call or a return among
// them. Lines that are moved in go on the record above.
func isKdump(head []byte) bool {
	records, known := 0, 0
	for cur := syntax.NewCursor(head); !cur.Done() && records < 20; {
		line, _ := cur.Next()
		if syntax.Blank(line) {
			continue
		}
		r, ok := syntax.ParseKdump(line)
		if !ok {
			if records == 0 || line[0] != ' ' && line[0] != '\t' {
				return false
			}
			continue
		}
		records++
		switch string(r.Type) {
		case "CALL", "RET", "NAMI", "CAP", "GIO", "PSIG", "STRU", "PFLT":
			known++
		}
	}
	return known > 0 && known*3 >= records
}

// cutKdump cuts before the last record.
func cutKdump(data []byte) int {
	for end := cutAtLine(data); end > 0; {
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		if _, ok := syntax.ParseKdump(data[start:end]); ok {
			return start
		}
		end = start
	}
	return 0
}

func (k *kdump) read(d *decoder, data []byte, num int, _ bool) int {
	k.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		r, ok := syntax.ParseKdump(line)
		switch {
		case ok:
			d.account(classTable, cur.Offset()-from)
			k.record(cur, r)
		case syntax.Blank(line):
			d.account(classBlank, cur.Offset()-from)
		default:
			d.account(classUnparsed, cur.Offset()-from)
			d.unparsed(n, line)
		}
	}
	return cur.Number() - num
}

// record files a record with the lines under it.
func (k *kdump) record(cur *syntax.Cursor, r syntax.KdumpRecord) {
	s := k.sheetFor("records", "records", "calls")
	k.inferred[s] = true
	if len(r.Clock) > 0 {
		if c, n, ok := syntax.ParseClock(r.Clock); ok && n == len(r.Clock) {
			s.instant("time", c.NS, false)
		} else {
			s.text("seconds", r.Clock)
		}
	}
	put := func(name string, text []byte) {
		if len(text) > 0 {
			s.text(name, text)
		}
	}
	put("step", r.Step)
	put("pid", r.PID)
	put("tid", r.TID)
	put("command", r.Command)
	put("type", r.Type)
	switch string(r.Type) {
	case "CALL":
		name, args, ok := bytes.Cut(r.Text, []byte("("))
		put("syscall", name)
		if ok {
			put("args", bytes.TrimSuffix(args, []byte(")")))
		}
	case "RET":
		// `open -1 errno 2 No such file or directory`, `read 4096/0x1000`
		name, rest, _ := bytes.Cut(r.Text, []byte(" "))
		put("syscall", name)
		ret, rest, _ := bytes.Cut(rest, []byte(" "))
		put("ret", ret)
		if more, ok := bytes.CutPrefix(rest, []byte("errno ")); ok {
			errno, message, _ := bytes.Cut(more, []byte(" "))
			put("errno", errno)
			put("message", message)
		} else {
			put("message", rest)
		}
	default:
		put("text", r.Text)
	}
	// The lines under a record have what it read, wrote or looked at.
	var data []byte
	for !cur.Done() {
		line := cur.Peek()
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
			break
		}
		if _, ok := syntax.ParseKdump(line); ok || syntax.Blank(line) {
			break
		}
		from := cur.Offset()
		cur.Next()
		k.account(classTable, cur.Offset()-from)
		if data != nil {
			data = append(data, '\n')
		}
		data = append(data, bytes.TrimSpace(line)...)
	}
	put("data", data)
	s.end()
}
