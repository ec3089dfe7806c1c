package syntax

import (
	"bytes"
	"time"
)

// A ClockForm says how much a printed time says. The finer ones come first.
type ClockForm uint8

// The forms of clocks. A Date without a zone is local time of the traced machine.
const (
	Epoch      ClockForm = iota // a number of seconds, ms, µs or ns since the epoch
	Date                        // a date and a time of the day
	DateNoYear                  // a date without its year, and a time of the day
	TimeOfDay                   // a time of the day alone
)

// A Clock is a time as it was printed. NS counts nanoseconds since the epoch; those of a date
// without a year in 1970, those of a time of the day since midnight. Where Zoned is false, NS is
// the local time taken for UTC.
type Clock struct {
	NS    int64
	Form  ClockForm
	Zoned bool
}

// In returns the instant of a clock whose local times are those of loc, in ns since the epoch. A
// time of the day has none, so it stays what it is.
func (c Clock) In(loc *time.Location) int64 {
	if c.Zoned || loc == nil || loc == time.UTC || c.Form == TimeOfDay {
		return c.NS
	}
	t := time.Unix(0, c.NS).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc).UnixNano()
}

// ParseClock reads the time that b starts with, as tracers, strftime, date, ts and the interval
// tools print them, and returns how many bytes it takes. The time ends where a word does:
// 10:20:30.example is a name. It is asked at the start of nearly every line, so each form is told
// by the first digits or letters, and no pattern is tried.
func ParseClock(b []byte) (c Clock, n int, ok bool) {
	if len(b) == 0 {
		return c, 0, false
	}
	switch first := b[0]; {
	case first >= '0' && first <= '9':
		c, n, ok = numericClock(b)
	case first >= 'A' && first <= 'Z':
		c, n, ok = namedClock(b)
	case first == '[':
		// As `[2026-11-28 20:05:26]`, but a histogram's `[0]` is none.
		if c, n, ok = ParseClock(b[1:]); ok && n+1 < len(b) && b[n+1] == ']' {
			return c, n + 2, c.Form != Epoch
		}
		return c, 0, false
	}
	if ok && n < len(b) && !endsWord(b[n]) && !(b[n] == '.' && n+1 == len(b) && c.Form != Epoch) {
		return c, 0, false // a period may end a line after a clock
	}
	return c, n, ok
}

// endsWord reports whether c may stand behind a time. Quotes and bars stand behind times in CSV
// and JSON; a colon in logs.
func endsWord(c byte) bool {
	return c == ' ' || c == '\t' || c == ',' || c == ';' || c == ']' || c == '\r' || c == '\n' || c == '|' || c == '"' || c == ':'
}

// digitsOf is how many digits b starts with.
func digitsOf(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// numericClock reads a time that starts with a digit: how many there are, and what stands behind
// them, leaves one form each.
func numericClock(b []byte) (c Clock, n int, ok bool) {
	d := digitsOf(b)
	next := byte(0)
	if d < len(b) {
		next = b[d]
	}
	switch {
	case d == 4 && (next == '-' || next == '/'):
		return isoClock(b, next)
	case d == 4 && next == ' ':
		return yearFirst(b)
	case d <= 2 && next == ':':
		ns, n, ok := timeOfDay(b)
		return Clock{NS: ns, Form: TimeOfDay}, n, ok
	case d <= 2 && next == '/':
		return slashDate(b, d)
	case d <= 2 && next == ' ':
		return dayFirst(b)
	case d == 10 || d == 13 || d == 16 || d == 19:
		return epochClock(b, d)
	}
	return c, 0, false
}

// The years in which a number is taken for an instant: from September 2001, when the seconds since
// the epoch got ten digits, to 2096. Nanoseconds since boot have as many digits as milliseconds
// since the epoch once a system is up for 17 minutes; from 35 minutes on they are taken for what
// they are.
const (
	firstEpoch    = 1e9
	lastEpoch     = 4e9
	lastFineEpoch = 2.1e9 // for milliseconds and microseconds: 2036
)

// epochClock reads d digits that count s, ms, µs or ns since the epoch; a fraction may follow.
func epochClock(b []byte, d int) (c Clock, n int, ok bool) {
	v, ok := Int(b[:d])
	if !ok {
		return c, 0, false
	}
	unit := int64(1)
	for range 19 - d {
		unit *= 10
	}
	last := int64(lastEpoch)
	if d == 13 || d == 16 {
		last = lastFineEpoch
	}
	if v < firstEpoch*(1e9/unit) || v/(1e9/unit) >= last {
		return c, 0, false
	}
	v *= unit
	n = d
	if frac, m := fraction(b[n:], unit); m > 0 {
		v, n = v+frac, n+m
	}
	return Clock{NS: v, Form: Epoch, Zoned: true}, n, true
}

// fraction reads `.123` or `,123` as a part of unit nanoseconds.
func fraction(b []byte, unit int64) (ns int64, n int) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return 0, 0
	}
	d := digitsOf(b[1:])
	if d == 0 || b[0] == ',' && d != 3 && d != 6 && d != 9 {
		return 0, 0
	}
	for i := 1; i <= d; i++ {
		unit /= 10
		ns += int64(b[i]-'0') * unit
	}
	return ns, d + 1
}

// timeOfDay reads `20:05:26`, a fraction and AM or PM behind it where they are. The hour may have
// one digit, minutes and seconds have two; a second of 60 is a leap second.
func timeOfDay(b []byte) (ns int64, n int, ok bool) {
	var part [3]int64
	for i := range part {
		if i > 0 {
			if n >= len(b) || b[n] != ':' {
				return 0, 0, false
			}
			n++
		}
		d := digitsOf(b[n:min(len(b), n+3)])
		if d == 0 || d > 2 || i > 0 && d != 2 {
			return 0, 0, false
		}
		v, _ := Int(b[n : n+d])
		part[i], n = v, n+d
	}
	if part[0] > 23 || part[1] > 59 || part[2] > 60 {
		return 0, 0, false
	}
	ns = ((part[0]*60+part[1])*60 + part[2]) * 1e9
	if frac, m := fraction(b[n:], 1e9); m > 0 {
		ns, n = ns+frac, n+m
	}
	if rest := b[n:]; len(rest) >= 3 && rest[0] == ' ' && rest[2] == 'M' && (rest[1] == 'A' || rest[1] == 'P') && part[0] >= 1 && part[0] <= 12 {
		n += 3
		if part[0] == 12 {
			ns -= 12 * 3600e9
		}
		if rest[1] == 'P' {
			ns += 12 * 3600e9
		}
	}
	return ns, n, true
}

// dateNS is the midnight at which a date starts, for dates that a tracer may have printed. The
// 31st of a shorter month is the first of the next one.
func dateNS(year, month, day int64) (ns int64, ok bool) {
	if year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	return time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC).UnixNano(), true
}

// isoClock reads `2026-11-28 20:05:26`, with T between, a fraction and a zone where they are. sep
// stands between the parts of the date: a dash, or a slash as some scripts print it.
func isoClock(b []byte, sep byte) (c Clock, n int, ok bool) {
	if len(b) < 19 || b[7] != sep || b[10] != ' ' && b[10] != 'T' {
		return c, 0, false
	}
	year, ok1 := Int(b[:4])
	month, ok2 := Int(b[5:7])
	day, ok3 := Int(b[8:10])
	date, ok4 := dateNS(year, month, day)
	of, n, ok5 := timeOfDay(b[11:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5) {
		return c, 0, false
	}
	c, n = Clock{NS: date + of, Form: Date}, 11+n
	if m := c.zone(b[n:]); m > 0 {
		n += m
	} else if n < len(b) && b[n] == ' ' {
		if m := c.zone(b[n+1:]); m > 0 {
			n += m + 1
		}
	}
	return c, n, true
}

// zone reads `Z`, `+02:00`, `-0700`, `UTC` or `GMT`. NS becomes that of UTC.
func (c *Clock) zone(b []byte) (n int) {
	for _, name := range []string{"UTC", "GMT", "Z"} {
		if len(b) >= len(name) && string(b[:len(name)]) == name && (len(b) == len(name) || endsWord(b[len(name)])) {
			c.Zoned = true
			return len(name)
		}
	}
	if len(b) < 5 || b[0] != '+' && b[0] != '-' {
		return 0
	}
	n = 5
	hours, ok1 := Int(b[1:3])
	minutes, ok2 := Int(b[3:5])
	if b[3] == ':' && len(b) >= 6 {
		minutes, ok2 = Int(b[4:6])
		n = 6
	}
	if !ok1 || !ok2 || hours > 14 || minutes > 59 {
		return 0
	}
	off := (hours*60 + minutes) * 60e9
	if b[0] == '-' {
		off = -off
	}
	c.NS, c.Zoned = c.NS-off, true
	return n
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// monthOf is the number of the month whose English name b starts with, 0 if none.
func monthOf(b []byte) int64 {
	if len(b) >= 3 {
		for i, m := range months {
			if string(b[:3]) == m {
				return int64(i + 1)
			}
		}
	}
	return 0
}

// yearFirst reads what DTrace's %Y prints, `2026 Nov  8 20:05:26`. The day is padded with a
// blank, so that all clocks of a capture are as long.
func yearFirst(b []byte) (c Clock, n int, ok bool) {
	if len(b) < 20 || b[8] != ' ' || b[11] != ' ' {
		return c, 0, false
	}
	year, ok1 := Int(b[:4])
	day, ok2 := Int(bytes.TrimLeft(b[9:11], " "))
	date, ok3 := dateNS(year, monthOf(b[5:]), day)
	of, n, ok4 := timeOfDay(b[12:])
	return Clock{NS: date + of, Form: Date}, 12 + n, ok1 && ok2 && ok3 && ok4
}

// slashDate reads `11/28/26 20:16:47`, month first unless that cannot be. Where both readings are
// possible, the American one is taken, as %D of strftime prints it.
func slashDate(b []byte, d int) (c Clock, n int, ok bool) {
	first, _ := Int(b[:d])
	n = d + 1
	d2 := digitsOf(b[n:])
	if d2 == 0 || d2 > 2 || n+d2 >= len(b) || b[n+d2] != '/' {
		return c, 0, false
	}
	second, _ := Int(b[n : n+d2])
	n += d2 + 1
	d3 := digitsOf(b[n:])
	if d3 != 2 && d3 != 4 {
		return c, 0, false
	}
	year, _ := Int(b[n : n+d3])
	if d3 == 2 {
		year += 2000
	}
	n += d3
	// There is no such month, so the day comes first.
	if first > 12 {
		first, second = second, first
	}
	date, ok := dateNS(year, first, second)
	if !ok || n >= len(b) || b[n] != ' ' {
		return c, 0, false
	}
	of, m, ok := timeOfDay(b[n+1:])
	return Clock{NS: date + of, Form: Date}, n + 1 + m, ok
}

// dayFirst reads `28 Nov 2026 20:15:05` with a zone where there is one. So mail and HTTP write
// dates, and date -R.
func dayFirst(b []byte) (c Clock, n int, ok bool) {
	d := digitsOf(b)
	day, _ := Int(b[:d])
	if len(b) < d+17 || b[d+4] != ' ' || digitsOf(b[d+5:]) != 4 || b[d+9] != ' ' {
		return c, 0, false
	}
	year, _ := Int(b[d+5 : d+9])
	date, ok1 := dateNS(year, monthOf(b[d+1:]), day)
	of, m, ok2 := timeOfDay(b[d+10:])
	if !ok1 || !ok2 {
		return c, 0, false
	}
	c, n = Clock{NS: date + of, Form: Date}, d+10+m
	return c, n + c.spacedZone(b[n:]), true
}

// spacedZone reads a blank and a zone: one that is given by its offset or is UTC, or the letters
// of another, such as CEST, whose offset only the traced machine knows; those are passed over.
func (c *Clock) spacedZone(b []byte) (n int) {
	if len(b) < 2 || b[0] != ' ' {
		return 0
	}
	if n := c.zone(b[1:]); n > 0 {
		return n + 1
	}
	n = 1
	for n < len(b) && b[n] >= 'A' && b[n] <= 'Z' {
		n++
	}
	if n < 4 || n > 6 || n < len(b) && b[n] != ' ' {
		return 0
	}
	return n
}

var weekdays = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// namedClock reads a time that starts with the name of a day or a month, as date, ctime, RFC 822
// and syslog have it. The name of the day says nothing that the date does not, and is passed
// over.
func namedClock(b []byte) (c Clock, n int, ok bool) {
	if len(b) < 15 {
		return c, 0, false
	}
	if monthOf(b) == 0 {
		day := false
		for _, w := range weekdays {
			day = day || string(b[:3]) == w
		}
		i := 3
		if b[i] == ',' {
			i++
		}
		if !day || b[i] != ' ' {
			return c, 0, false
		}
		// After the day of the week stands a number in RFC 822, and a month in what date prints.
		rest := b[i+1:]
		if rest[0] >= '0' && rest[0] <= '9' {
			c, n, ok = dayFirst(rest)
		} else {
			c, n, ok = monthFirst(rest)
		}
		return c, n + i + 1, ok
	}
	return monthFirst(b)
}

// monthFirst reads `Nov 28 20:15:05`, with a zone and the year behind it where they are, as in
// `Nov 28 20:15:05 UTC 2026`, or with the year before the time. Where no year is printed, it is
// 1970 and the form says so: whoever knows the year may add it.
func monthFirst(b []byte) (c Clock, n int, ok bool) {
	month := monthOf(b)
	if month == 0 || len(b) < 15 || b[3] != ' ' {
		return c, 0, false
	}
	n = 4
	if b[n] == ' ' {
		n++
	}
	d := digitsOf(b[n:])
	if d == 0 || d > 2 || n+d >= len(b) || b[n+d] != ' ' {
		return c, 0, false
	}
	day, _ := Int(b[n : n+d])
	n += d + 1
	year := int64(1970)
	c.Form = DateNoYear
	if digitsOf(b[n:]) == 4 && n+4 < len(b) && b[n+4] == ' ' {
		year, _ = Int(b[n : n+4])
		n, c.Form = n+5, Date
	}
	of, m, ok := timeOfDay(b[n:])
	if !ok {
		return c, 0, false
	}
	n += m
	behind := n + c.spacedZone(b[n:])
	if c.Form == DateNoYear && len(b) >= behind+5 && b[behind] == ' ' && digitsOf(b[behind+1:]) == 4 {
		if y, _ := Int(b[behind+1 : behind+5]); y >= 1970 && y < 2200 {
			year, n, c.Form = y, behind+5, Date
		}
	} else if c.Form == Date {
		n = behind
	} else {
		c.Zoned = false
	}
	date, ok := dateNS(year, month, day)
	c.NS += date + of // the zone's offset is in it
	return c, n, ok
}
