package dtracefs

import (
	"bytes"
	"unicode"

	"dtnotes/dtracefs/internal/syntax"
)

// top in batch mode, of Linux (procps and BusyBox), FreeBSD, illumos and macOS: lines of totals, of
// which one has the time, then a table of processes.
var top = &tool{
	name: "top",
	head: func(line []byte, rest *syntax.Cursor) bool {
		if !isTopStart(line) {
			return false
		}
		for i := 0; i < 40 && !rest.Done(); i++ {
			if line, _ = rest.Next(); isTopHeading(line) {
				return true
			}
		}
		return false
	},
	opens: isTopStart, // macOS prints the time on the second line
	line: func(r *reports, num int, line []byte) bool {
		switch {
		case isTopStart(line):
			r.inTop, r.table = true, nil
			r.begins("top")
			// The totals on this line are of the time that macOS prints on the next one.
			if c, ok := wholeClock(r.peekAfter()); ok {
				r.at(c)
			}
			r.topTotals(line)
		// Any line with a colon looks like totals, so they are only taken between the start of a
		// block and its heading.
		case !r.inTop:
			return false
		case isTopHeading(line):
			r.inTop = false
			r.heading(num, line, "top", func() *report { return topReport(line) })
		default:
			if c, ok := wholeClock(line); ok {
				// macOS prints the time on the second line.
				r.take(classTable)
				r.at(c)
				return true
			}
			if !bytes.Contains(line, []byte(":")) {
				return false
			}
			r.topTotals(line)
		}
		return true
	},
}

// isTopStart reports whether a line is the first of a block, by how the tops of each system begin
// and by a second thing, as a log may have lines that start so.
func isTopStart(line []byte) bool {
	for _, start := range []string{"top - ", "last pid: ", "load averages: ", "Processes: ", "Mem: "} {
		if bytes.HasPrefix(line, []byte(start)) {
			switch start {
			case "top - ":
				return bytes.Contains(line, []byte("load average:"))
			case "last pid: ":
				return bytes.Contains(line, []byte("load averages:"))
			case "load averages: ":
				// OpenBSD prints the host in place of the time since boot.
				_, _, ok := endsInClock(line)
				return ok || bytes.Contains(line, []byte(" up "))
			case "Processes: ":
				return bytes.Contains(line, []byte(" total, ")) && bytes.Contains(line, []byte(" threads"))
			}
			return bytes.Contains(line, []byte(" used, ")) && bytes.Contains(line, []byte(" free, ")) && bytes.Contains(line, []byte(" shrd, "))
		}
	}
	return false
}

// isTopHeading reports whether a line heads the table of processes: names of columns, which are in
// capitals in every top, with the number or the command of the process among them. Which others are
// there, the user chooses, as by -m io of FreeBSD and -stats of macOS.
func isTopHeading(line []byte) bool {
	whose, columns := false, 0
	for w := range bytes.FieldsSeq(line) {
		if bytes.IndexFunc(w, unicode.IsLower) >= 0 || bytes.ContainsAny(w, ":,") || isNumber(w) {
			return false
		}
		whose = whose || string(w) == "PID" || string(w) == "COMMAND"
		columns++
	}
	return whose && columns > 1
}

// endsInClock returns the clock that a line of totals ends in, as those of the BSDs and illumos do,
// and what stands before it:
//
//	load averages:  0.05,  0.06,  0.07;               up 12+03:04:05       20:16:47
func endsInClock(line []byte) (c syntax.Clock, before []byte, ok bool) {
	i := bytes.LastIndexByte(line, ' ')
	if i < 1 {
		return c, nil, false
	}
	c, n, ok := syntax.ParseClock(line[i+1:])
	// 2:03 is the time since boot, and has no seconds.
	if !ok || i+1+n != len(line) || c.Form != syntax.TimeOfDay || bytes.Count(line[i:], []byte(":")) != 2 {
		return c, nil, false
	}
	return c, bytes.TrimRight(line[:i], " "), true
}

// topTotals files a line of totals. Where it has a clock, at the start or at the end, that is the
// block's time.
func (r *reports) topTotals(line []byte) {
	text := line
	if rest, ok := bytes.CutPrefix(line, []byte("top - ")); ok {
		if c, n, ok := syntax.ParseClock(rest); ok {
			r.at(c)
			text = rest[n:]
		}
	} else if c, before, ok := endsInClock(line); ok {
		r.at(c)
		text = before
		// The host stands behind a gap, and is none of the loads.
		if i := bytes.LastIndex(text, []byte("  ")); i > 0 && !bytes.Contains(text, []byte(" up ")) && bytes.IndexByte(text[i+2:], ' ') < 0 {
			text = append(append(bytes.TrimRight(bytes.Clone(text[:i]), " "), ", host: "...), text[i+2:]...)
		}
	}
	r.total("top summary", bytes.Replace(text, []byte("  up "), []byte(", up "), 1))
}

// linuxTopKiB are the columns in which top of Linux counts KiB where no suffix is printed.
var linuxTopKiB = map[string]float64{"VIRT": 1024, "RES": 1024, "SHR": 1024, "SWAP": 1024, "CODE": 1024, "DATA": 1024, "USED": 1024,
	"RSan": 1024, "RSfd": 1024, "RSlk": 1024, "RSsh": 1024, "VSZ": 1024}

// topWords are the columns whose cells are no numbers.
var topWords = map[string]bool{"COMMAND": true, "USER": true, "USERNAME": true, "STATE": true, "WAIT": true, "S": true, "TIME": true, "TIME+": true, "STAT": true}

// topReport is the table of processes under a heading. Sources are the names of commands: numbers
// of processes come and go.
func topReport(line []byte) *report {
	rp := &report{Heading: syntax.ParseHeading(line), words: topWords, keys: []string{"COMMAND"}}
	// The user may leave the number of the process out.
	if pid := rp.Index("PID"); pid >= 0 {
		rp.isRow = intAt(pid)
	} else {
		rp.isRow = someNumber
	}
	// The columns tell which top it is: the first are those of procps, the second those of BusyBox.
	if rp.Has("VIRT") || rp.Has("VSZ", "%VSZ") {
		rp.units = linuxTopKiB
		rp.unit = "KiB"
	}
	return rp
}
