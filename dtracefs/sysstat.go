package dtracefs

import (
	"bytes"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// sysstat is sar, mpstat, pidstat and iostat of Linux, and sar of illumos and Solaris: a banner
// with the date, then tables whose heading and rows start with the time of the day, and at the end
// the averages. iostat prints the time before its tables, if at all.
var sysstat = &tool{
	name: "sysstat",
	head: func(line []byte, rest *syntax.Cursor) bool {
		if _, ok := sysstatBanner(line); ok {
			return true
		}
		_, _, ok := sysstatHeading(line)
		return ok
	},
	line: func(r *reports, num int, line []byte) bool {
		if date, ok := sysstatBanner(line); ok {
			r.take(classNotice)
			r.notice(num, "banner", line, 0)
			r.dated, r.isDated, r.solaris = date, true, line[0] == 'S'
			// Another run begins: its days are counted from its own date on, and its first report
			// may be of the time since boot again.
			r.when = clockwork{}
			r.boot, r.bannered, r.run = r.block+1, true, ""
			r.table = nil
			return true
		}
		if isRestart(line) {
			r.take(classNotice)
			r.notice(num, "restart", line, 0)
			return true
		}
		if r.sysstatAverage(num, line) {
			return true
		}
		c, rest, ok := sysstatHeading(line)
		if ok {
			r.sysstatTable(num, line, c, rest)
			return true
		}
		if r.isDated && areNewNames(line) {
			// Under these the numbers of the next rows stand, and not under the names of the table
			// before.
			r.table = nil
		}
		return r.linuxIostat(num, line)
	},
}

// sysstatBanner reads the first line, `Linux 6.1.0 (host) 11/28/26 _x86_64_ (2 CPU)`, and returns
// the midnight that its date tells. The date is in the form of the locale, so each word is tried.
func sysstatBanner(line []byte) (date int64, ok bool) {
	linux := bytes.HasPrefix(line, []byte("Linux "))
	if !linux && !bytes.HasPrefix(line, []byte("SunOS ")) {
		return 0, false
	}
	words := bytes.Fields(line)
	// Linux puts the host in parentheses. illumos does not:
	//
	//	SunOS gz1 5.11 joyent_20261119T002343Z i86pc    11/28/2026
	if len(words) < 3 || len(words) > 12 || linux && words[2][0] != '(' {
		return 0, false
	}
	for _, w := range words[2:] {
		if len(w) == 10 && w[2] == '.' && w[5] == '.' {
			// As 28.11.2026.
			w = append(append(append(append(append([]byte{}, w[6:]...), '-'), w[3:5]...), '-'), w[:2]...)
		}
		// A date alone is no clock, so midnight is put behind the word.
		if c, n, ok := syntax.ParseClock(append(bytes.Clone(w), " 00:00:00"...)); ok && c.Form == syntax.Date && n == len(w)+9 {
			return c.NS, true
		}
	}
	return 0, false
}

// isRestart reports whether a line says that the machine was started again, in sar's files.
func isRestart(line []byte) bool {
	return bytes.Contains(line, []byte("LINUX RESTART")) || bytes.HasSuffix(bytes.TrimSpace(line), []byte("unix restarts"))
}

// sysstatClock splits the time off the start of a line.
func sysstatClock(line []byte) (c syntax.Clock, rest []byte, ok bool) {
	c, n, ok := syntax.ParseClock(bytes.TrimLeft(line, " "))
	if !ok || c.Form != syntax.TimeOfDay && c.Form != syntax.Epoch {
		return c, nil, false
	}
	return c, line[len(line)-len(bytes.TrimLeft(line, " "))+n:], true
}

// sysstatHeading reads a line that names columns: a time of the day, or `# Time` where pidstat -h
// prints all on a line, then names of which one at least is a rate, a percentage or a known key,
// and none a number.
func sysstatHeading(line []byte) (c syntax.Clock, rest []byte, ok bool) {
	if len(line) < 12 {
		return c, nil, false
	}
	if line[0] == '#' {
		rest = bytes.TrimLeft(line[1:], " ")
		if !bytes.HasPrefix(rest, []byte("Time ")) {
			return c, nil, false
		}
		rest = rest[len("Time "):]
	} else if line[0]-'0' <= 9 {
		if c, rest, ok = sysstatClock(line); !ok || c.Form != syntax.TimeOfDay {
			return c, nil, false
		}
	} else {
		return c, nil, false
	}
	return c, rest, isSysstatNames(rest)
}

// areNewNames reports whether a line is a heading of which no name is known: a time, and words of
// which none is a number.
func areNewNames(line []byte) bool {
	c, rest, ok := sysstatClock(line)
	words := bytes.Fields(rest)
	return ok && c.Form == syntax.TimeOfDay && len(words) > 1 && !slices.ContainsFunc(words, func(w []byte) bool {
		_, isMeasure := syntax.ParseMeasure(w)
		return isMeasure || !isName(w)
	})
}

// isSysstatNames reports whether the words are names of columns of sysstat.
func isSysstatNames(b []byte) bool {
	known, n := false, 0
	for w := range bytes.FieldsSeq(b) {
		// Lines of logs start with a time of the day, too. Their sentences, pairs and lists have
		// what no name of a column has.
		if _, ok := syntax.ParseMeasure(w); ok || w[len(w)-1] == ':' || w[len(w)-1] == ',' || bytes.ContainsAny(w, "()=\"'<>[]|@") {
			return false
		}
		n++
		known = known || w[0] == '%' || bytes.HasSuffix(w, []byte("/s")) || sysstatKnown[string(w)]
	}
	return known && n > 0
}

// sysstatKnown are columns by which a heading is known that has neither a rate nor a percentage.
var sysstatKnown = map[string]bool{"runq-sz": true, "kbmemfree": true, "kbswpfree": true, "totsck": true, "dentunusd": true, "StkSize": true, "threads": true,
	"prio": true, "usr-ms": true, "MHz": true, "rpm": true, "degC": true, "inV": true, "BUS": true, "kbhugfree": true, "MBfsfree": true, "freemem": true, "proc-sz": true,
	"cswch/s": true, "swpocc": true, "INTR": true, "tcp6sck": true}

// sysstatTool returns which of the tools prints a table, by its columns: nothing else says so.
func sysstatTool(h syntax.Heading) string {
	switch {
	case h.Has("PID") || h.Has("TGID"):
		return "pidstat"
	// sar -u ALL prints the same columns as mpstat, but with %steal between these two.
	case h.Has("CPU", "%iowait", "%irq") && h.Index("%irq") == h.Index("%iowait")+1,
		h.Has("CPU", "intr/s"), h.Has("CPU", "TIMER/s"), h.Has("CPU", "0/s"), h.Has("NODE", "%irq"), h.Has("CORE", "SOCK", "NODE"):
		return "mpstat"
	}
	return "sar"
}

// sysstatWords are the columns whose cells are no numbers; in all others a word is none of a row.
var sysstatWords = map[string]bool{"Command": true, "USER": true, "DEV": true, "IFACE": true, "CPU": true, "FILESYSTEM": true, "MOUNTPOINT": true, "device": true,
	"Device": true, "TTY": true, "INTR": true, "NODE": true}

// sysstatIs are the keys whose names do not tell what they name. A node is one of processors and
// memory, and no host.
var sysstatIs = map[string]Dimension{"FILESYSTEM": Device, "MOUNTPOINT": Device, "Filesystem": Device, "NODE": CPU,
	"disk_device": Device, "disk-device": Device, "filesystem": Device, "mountpoint": Device}

// sysstatKeys are the columns that say whose a row is: a process's name, or what the first column
// is of.
func sysstatKeys(h syntax.Heading) []string {
	if h.Has("Command") {
		return []string{"Command"}
	}
	if n := h.Names[0]; sysstatWords[n] || n == "BUS" || n == "FAN" || n == "TEMP" || n == "IN" {
		return []string{n}
	}
	// Names of file systems may be long and stand last.
	if n := h.Names[len(h.Names)-1]; sysstatWords[n] {
		return []string{n}
	}
	return nil
}

// sysstatTable takes a heading. Where the time in it is that of its rows, and not the one before,
// the rows are of the time since boot, which would be the largest interval of all.
func (r *reports) sysstatTable(num int, line []byte, c syntax.Clock, rest []byte) {
	h := syntax.ParseHeading(rest)
	name := sysstatTool(h)
	// Of one run all tables are the one tool's, also those which only its columns of interrupts
	// make, and nothing says whose these are.
	if r.run == "" {
		r.run = name
	} else if r.run == "mpstat" && name == "sar" {
		name = r.run
	}
	since := c.NS
	hasClock := line[0] != '#'
	solaris := r.solaris
	if r.ended {
		// sar prints its tables one after the other, each from the first time on.
		r.ended, r.when = false, clockwork{}
	}
	// The heading's clock is that of the sample before the first row. With it, a midnight between
	// the two is noticed.
	if !r.when.some && hasClock {
		r.when.ofClock(c.NS)
	}
	r.heading(num, rest, name, func() *report {
		rp := &report{Heading: h, isRow: someNumber, words: sysstatWords, keys: sysstatKeys(h), is: sysstatIs}
		rp.stamp = func(line []byte) (syntax.Clock, []byte, bool) {
			c, rest, ok := sysstatClock(line)
			// illumos prints the time once for all devices of a sample:
			//
			//	00:00:00   sd0               6     0.1      41    1640     0.0     2.1
			//	           sd1               0     0.0       1       8     0.0     0.4
			if !ok && solaris && !r.ended && r.when.set && len(line) > 0 && line[0] == ' ' {
				return syntax.Clock{NS: r.when.last, Form: syntax.TimeOfDay}, line, true
			}
			if ok && c.Form == syntax.TimeOfDay && hasClock && c.NS == since && name != "sar" {
				rp.boot = true
			}
			return c, rest, ok
		}
		return rp
	})
	r.average = nil
}

// sysstatAverage takes a line of averages: a word with a colon for the time, then the names of a
// table, or a row. Averages are no interval and are not counted: they stand in tables of their
// own.
func (r *reports) sysstatAverage(num int, line []byte) bool {
	i := bytes.IndexByte(line, ' ')
	switch {
	// top may run in turn, whose totals begin with words and colons, too, and so may the heading of
	// an older iostat.
	case r.inTop || isTopStart(line) || i > 0 && isDeviceName(line[:i]):
		return false
	case i == 0 && r.solaris && r.ended:
		// More rows of averages, of other devices.
	// `Average:` is another word in other languages, so any will do if tables came before. avg-cpu:
	// heads a table of iostat.
	case i >= 2 && line[i-1] == ':' && line[0]-'0' > 9 && string(line[:i]) != "avg-cpu:" && len(r.names) > 0:
	case r.solaris && bytes.HasPrefix(line, []byte("Average ")):
	default:
		return false
	}
	rest := line[i:]
	if isSysstatNames(rest) || r.hasTable(headingWords(rest)) {
		h := syntax.ParseHeading(rest)
		r.take(classTable)
		name := sysstatTool(h)
		if r.run == "mpstat" && name == "sar" {
			name = r.run
		}
		r.average = &report{Heading: h, isRow: someNumber, words: sysstatWords, num: num}
		r.average.name = r.nameOf(name, name+"\n"+headingWords(rest), r.average) + " average"
		return true
	}
	rp := r.average
	if rp == nil {
		// sar repeats no heading where it has one row.
		if r.table == nil || r.table.stamp == nil {
			return false
		}
		rp = &report{Heading: r.table.Heading, name: r.table.name + " average", words: sysstatWords, num: num}
	}
	cells, ok := rp.Cells(nil, rest)
	if !ok || !someNumber(cells) {
		return false
	}
	r.take(classTable)
	r.ended = true
	key := "report/" + rp.name
	s, old := r.byKey[key]
	if !old {
		s = r.sheetFor(key, rp.name, "summary")
		s.inferred = true
		r.last = append(r.last, func() { r.measure(s, rp) })
		if i > 0 {
			// The word is in no cell, so a notice keeps it.
			r.once(num, "average", line[:i])
		}
	}
	for i, cell := range cells {
		if cell != nil {
			s.open(rp.Names[i], String).appendText(cell)
		}
	}
	s.end()
	return true
}

// hasTable reports whether a table with such a heading came.
func (r *reports) hasTable(words string) bool {
	for name := range r.names {
		if _, heading, ok := strings.Cut(name, "\n"); ok && heading == words {
			return true
		}
	}
	return false
}

// linuxIostat takes the headings of iostat of Linux: one of the processors, one of the devices.
func (r *reports) linuxIostat(num int, line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("avg-cpu:")); ok && isSysstatNames(rest) {
		r.heading(num, line, "iostat", func() *report {
			return &report{Heading: syntax.ParseHeading(rest), isRow: numbers, boot: r.bannered && r.block <= r.boot, left: 1, name: "iostat avg-cpu"}
		})
		return true
	}
	// The device comes first, or last where its name may be long, as with -h. Older versions print
	// `Device:`, and a name of a column has no colon otherwise.
	words := bytes.Fields(line)
	if len(words) < 3 || !isDeviceName(words[0]) && !isDeviceName(words[len(words)-1]) || !isSysstatNames(bytes.ReplaceAll(line, []byte("Device:"), []byte("Device"))) {
		return false
	}
	r.heading(num, line, "iostat", func() *report {
		h := syntax.ParseHeading(line)
		for i, n := range h.Names {
			h.Names[i] = strings.TrimSuffix(n, ":")
		}
		return &report{Heading: h, isRow: numbersBeside(max(h.Index("Device"), h.Index("Filesystem"))), boot: r.bannered && r.block <= r.boot, words: sysstatWords, keys: []string{"Device", "Filesystem"}, is: sysstatIs, name: "iostat"}
	})
	return true
}

// isDeviceName reports whether a word names the column of devices.
func isDeviceName(w []byte) bool {
	s := string(w)
	return s == "Device" || s == "Device:" || s == "Filesystem" || s == "Filesystem:"
}
