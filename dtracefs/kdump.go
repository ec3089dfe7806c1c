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

// startKdump starts with no state: a record is read whole with the lines under it, and
// [cutKdump] cuts no record in two, so one part leaves nothing to the next.
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
		// What a process read or wrote may be text of any shape, but kdump moves it in. A text
		// that starts with such lines is none: there is no record that they could belong to.
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
	// Some types are everyday words in capitals, such as USER and MISC, and a log may have one
	// in the columns. A real trace is mostly calls, returns and what they look up, transfer or
	// are sent.
	return known > 0 && known*3 >= records
}

// cutKdump cuts before the last record.
func cutKdump(data []byte) int {
	// Lines under the last record may still come in the next part, and only the start of a
	// record shows that the one before is whole.
	return cutBefore(data, func(line []byte) bool { _, ok := syntax.ParseKdump(line); return ok })
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
	// One table for all types of records, so that a call, what it read and its return stay in
	// the order in which they were traced. Whatever a type does not have is null.
	s := k.sheetFor("records", "records", "calls")
	s.inferred = true
	if len(r.Clock) > 0 {
		// -T prints an instant. -E and -R print seconds since the trace began or since the
		// record before: those are too small for an instant, and stay numbers in a column of
		// another name.
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
	put("elapsed", r.Elapsed)
	put("step", r.Step)
	put("pid", r.PID)
	put("tid", r.TID)
	put("command", r.Command)
	put("type", r.Type)
	put("abi", r.ABI)
	switch string(r.Type) {
	case "CALL":
		// The first parenthesis ends the name; arguments may hold more, as
		// `open(0x7ff,0<O_RDONLY>)` has brackets. Without any, the text is a name alone.
		name, args, ok := bytes.Cut(r.Text, []byte("("))
		put("syscall", name)
		if ok {
			put("args", bytes.TrimSuffix(args, []byte(")")))
		}
	case "RET":
		// `open -1 errno 2 No such file or directory`, `read 4096/0x1000`
		name, rest, _ := bytes.Cut(r.Text, []byte(" "))
		put("syscall", name)
		// A return is kept as it is printed: `4096/0x1000` is one value twice.
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
		// Numbers of processes are set to the right, so a record starts with blanks too where
		// its process has fewer digits than others: being moved in alone says nothing.
		if _, ok := syntax.ParseKdump(line); ok || syntax.Blank(line) {
			break
		}
		from := cur.Offset()
		cur.Next()
		k.account(classTable, cur.Offset()-from)
		// The ends of lines stay, since a dump in hexadecimal is unreadable without them. How
		// far the lines were moved in is kdump's doing and says nothing of the data.
		if data != nil {
			data = append(data, '\n')
		}
		data = append(data, bytes.TrimSpace(line)...)
	}
	put("data", data)
	s.end()
}
