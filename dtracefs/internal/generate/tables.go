package generate

import (
	"strconv"
	"time"
)

// booted is how long the machine runs at the start.
const booted = 6_269_567_615_661

// appendPadded appends v with at least that many digits.
func appendPadded(b []byte, v int64, digits int) []byte {
	for limit := int64(10); digits > 1; digits, limit = digits-1, limit*10 {
		if v < limit {
			for range digits - 1 {
				b = append(b, '0')
			}
			break
		}
	}
	return strconv.AppendInt(b, v, 10)
}

// appendClock appends the time of day.
func appendClock(b []byte, second int64) []byte {
	b = append(appendPadded(b, second/3600%24, 2), ':')
	b = append(appendPadded(b, second/60%60, 2), ':')
	return appendPadded(b, second%60, 2)
}

// appendDate appends the instant as %Y prints it, in UTC.
func (r *Reader) appendDate(second int64) {
	r.buf = time.Unix(second-second%86400, 0).UTC().AppendFormat(r.buf, "2006 Jan _2 ")
	r.buf = appendClock(r.buf, second)
}

// table appends what each process did in a second.
func (r *Reader) table() {
	second := r.clock / 1e9
	switch r.kind {
	case Pairs:
		r.buf = append(strconv.AppendInt(r.buf, second, 10), '\n')
	case DatePairs:
		r.appendDate(second)
		r.buf = append(r.buf, '\n')
	case Printa:
		r.appendDate(second)
		r.buf = append(r.buf, "\n\n"...)
	case ClockMap:
		r.buf = append(appendClock(r.buf, second), '\n')
	case ClockJSON:
		r.buf = append(appendClock(append(r.buf, `{"type": "time", "data": "`...), second), "\\n\"}\n"+`{"type": "map", "data": {"@": {`...)
	case CSV:
		if r.counts.Blocks == 0 {
			r.buf = append(r.buf, "time,execname,calls\n"...)
		}
	}
	some := false
	for i, name := range names {
		if r.rng.IntN(9) < 4 {
			continue // nobody is busy all the time
		}
		value := int64(1 + r.rng.IntN(1<<(4+r.rng.IntN(8))))
		if r.kind == JSONLines {
			call := r.rng.IntN(len(syscalls))
			r.object(second, name, syscalls[call], value)
			r.tell(r.clock, syscallsJoined[call][i], value)
			continue
		}
		r.row(second, name, value, some)
		r.tell(r.clock, name, value)
		some = true
	}
	switch r.kind {
	case Printa, ClockMap:
		r.buf = append(r.buf, '\n')
	case ClockJSON:
		r.buf = append(r.buf, "}}}\n"...)
	}
}

// row appends what a process did.
func (r *Reader) row(second int64, name string, value int64, goesOn bool) {
	b := r.buf
	switch r.kind {
	case Pairs, DatePairs:
		b = append(append(b, name...), ' ')
	case Printa:
		const keyWidth, valueWidth = 50, 16
		b = append(append(b, "  "...), name...)
		for range keyWidth - len(name) + 1 + valueWidth - len(strconv.FormatInt(value, 10)) {
			b = append(b, ' ')
		}
	case ClockMap:
		b = append(append(append(b, "@["...), name...), "]: "...)
	case ClockJSON:
		if goesOn {
			b = append(b, ", "...)
		}
		b = append(append(append(b, '"'), name...), `": `...)
	case CSV:
		b = append(append(append(strconv.AppendInt(b, second, 10), ','), name...), ',')
	}
	b = strconv.AppendInt(b, value, 10)
	if r.kind != ClockJSON {
		b = append(b, '\n')
	}
	r.buf = b
}

// object appends a line of JSON.
func (r *Reader) object(second int64, name, call string, value int64) {
	b := strconv.AppendInt(append(r.buf, `{"ts":`...), second, 10)
	b = append(append(b, `,"exec":"`...), name...)
	b = append(append(b, `","syscall":"`...), call...)
	b = strconv.AppendInt(append(b, `","count":`...), value, 10)
	r.buf = append(b, "}\n"...)
}

var syscalls = []string{"read", "write", "openat", "futex", "epoll_wait", "recvfrom", "sendto"}

var syscallsJoined = joinEach(syscalls)

// monotonic appends an event under the clock that starts at boot, in order.
func (r *Reader) monotonic() {
	if r.counts.Blocks == 0 {
		r.buf = append(r.buf, "# "...)
		r.appendDate(r.clock / 1e9)
		r.buf = strconv.AppendInt(append(r.buf, " walltimestamp "...), r.clock, 10)
		r.buf = append(strconv.AppendInt(append(r.buf, " timestamp "...), booted, 10), '\n')
	}
	r.clock += int64(r.rng.IntN(60_000))
	i := r.rng.IntN(len(names))
	r.buf = append(strconv.AppendInt(r.buf, r.clock-start+booted, 10), ' ')
	r.buf = append(append(r.buf, names[i]...), ' ')
	r.buf = append(strconv.AppendInt(r.buf, int64(3000+i), 10), ' ')
	r.buf = append(append(r.buf, syscalls[r.rng.IntN(len(syscalls))]...), '\n')
	r.tell(r.clock, names[i], 1)
}
