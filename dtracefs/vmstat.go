package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// vmstat of Linux (-a, -d, -t, -w), illumos (-p, -S, -T), FreeBSD, NetBSD, OpenBSD and AIX, and
// macOS' vm_stat: a row for each interval, under a heading that comes again each page.
var vmstat = &tool{
	name: "vmstat",
	sure: true,
	head: func(line []byte, rest *syntax.Cursor) bool {
		// These two lines are like nothing else, so nothing needs to follow them.
		if isVmstatDisks(line) || isVMStatTitle(line) {
			return true
		}
		if isVmstatHeading(line) {
			return true
		}
		// The groups alone are words that a text about memory may have; the heading under them
		// decides.
		return isVmstatGroups(line) && !rest.Done() && isVmstatHeading(rest.Peek())
	},
	opens: isVmstatDisks,
	line: func(r *reports, num int, line []byte) bool {
		switch {
		case isVmstatGroups(line):
			r.once(num, "heading", line)
			// With -t the groups say that a time follows, and the heading below, which is the
			// next line, has the zone as the name of its column.
			r.zoned = bytes.Contains(line, []byte("timestamp"))
			r.take(classTable)
			return true
		case isVMStatTitle(line):
			r.once(num, "banner", line)
			r.take(classNotice)
			return true
		case isVmstatDisks(line):
			return r.vmstatDisks(num, line)
		case isVmstatHeading(line):
			r.vmstatHeading(num, line)
			return true
		}
		return false
	},
}

// isVmstatGroups reports whether a line is the one over the heading, which groups the columns.
func isVmstatGroups(line []byte) bool {
	// Every line that is no row is asked about.
	if !bytes.Contains(line, []byte("memory")) {
		return false
	}
	words := bytes.Fields(line)
	if len(words) < 4 {
		return false
	}
	// Linux frames the groups in dashes as wide as their columns, `---swap--`; the others do
	// not.
	first := string(bytes.Trim(words[0], "-"))
	if first != "procs" && first != "kthr" && first != "memory" {
		return false
	}
	return bytes.Contains(line, []byte("cpu")) || bytes.Contains(line, []byte("executable")) && bytes.Contains(line, []byte("anonymous"))
}

// isVmstatHeading reports whether a line is a heading, by names that no other tool has together.
// Each system has a set of its own.
func isVmstatHeading(line []byte) bool {
	// Every line that is no row is asked about, so one byte rules out nearly all of them.
	if first := syntax.TrimIndent(line); len(first) == 0 || first[0] != 'r' && first[0] != 's' && first[0] != 'f' {
		return false
	}
	words := bytes.Fields(line)
	has := func(names ...string) bool {
		for _, n := range names {
			found := false
			for _, w := range words {
				found = found || string(w) == n
			}
			if !found {
				return false
			}
		}
		return true
	}
	switch string(words[0]) {
	// As in `r b swpd free … us sy id wa st`; systems differ in the middle.
	case "r":
		return has("us", "sy", "id") && (has("b", "swpd", "free") || has("b", "w", "swap", "free", "re") || has("avm", "fre") || has("b", "avm", "free") ||
			has("w", "avm", "free"))
	// illumos with -p: pages that are executable, anonymous and of the file system.
	case "swap":
		return has("free", "re", "mf", "fr", "de", "sr", "epi", "fpf")
	case "free":
		return has("active", "inactive", "wired", "faults") || has("active", "inac", "wire", "faults")
	}
	return false
}

// isVMStatTitle reports whether a line is the one that macOS' vm_stat starts with.
func isVMStatTitle(line []byte) bool {
	return bytes.HasPrefix(line, []byte("Mach Virtual Memory Statistics:"))
}

// vmstatHeading takes a heading. The same one comes again each page, in the middle of the rows.
func (r *reports) vmstatHeading(num int, line []byte) {
	zoned := r.zoned
	r.zoned = false
	// It starts no block as other headings do: each row is one, on whichever page it stands, and
	// only the very first row is of the time since boot.
	if r.table != nil && r.vmstatHead == headingWords(line) {
		r.take(classTable)
		return
	}
	r.vmstatHead = headingWords(line)
	r.heading(num, line, "vmstat", func() *report {
		rp := &report{name: "vmstat", perRow: true, boot: true, isRow: numbers, Heading: syntax.ParseHeading(line)}
		if strings.HasPrefix(rp.Names[0], "free") {
			// vm_stat counts pages.
			rp.kilo, rp.unit = 1000, "pages; K is 1,000"
		}
		if zoned {
			// The last name is the zone of the time in the rows.
			zone := rp.Names[len(rp.Names)-1]
			rp.Heading = syntax.ParseHeading(line[:bytes.LastIndex(line, []byte(zone))])
			rp.stamp = func(line []byte) (syntax.Clock, []byte, bool) { return clockAtEnd(line, zone) }
			r.once(num, "zone", []byte("times are printed in the zone "+zone))
		}
		return rp
	})
}

// clockAtEnd splits a row that ends in a date and a time of the zone.
func clockAtEnd(line []byte, zone string) (c syntax.Clock, rest []byte, ok bool) {
	line = bytes.TrimRight(line, " ")
	i := bytes.LastIndexByte(line, ' ')
	if i > 0 {
		i = bytes.LastIndexByte(line[:i], ' ')
	}
	if i < 0 {
		return c, nil, false
	}
	c, n, ok := syntax.ParseClock(line[i+1:])
	c.Zoned = c.Zoned || zone == "UTC" || zone == "GMT"
	return c, line[:i], ok && i+1+n == len(line)
}

// isVmstatDisks reports whether a line is the first of the two that head vmstat -d.
func isVmstatDisks(line []byte) bool {
	return bytes.HasPrefix(line, []byte("disk-")) && bytes.Contains(line, []byte("-reads-")) && bytes.Contains(line, []byte("-writes-"))
}

// vmstatDisks takes the two lines that head the counts of the disks: the names in the second come
// twice, under reads and under writes.
func (r *reports) vmstatDisks(num int, line []byte) bool {
	r.once(num, "heading", line)
	r.take(classTable)
	if r.cur.Done() {
		return true
	}
	line = r.cur.Peek()
	names := bytes.Fields(line)
	// Whatever this is, it is left for another: only the line above it was taken.
	if len(names) != 10 || string(names[0]) != "total" {
		return true
	}
	r.heading(num+1, line, "vmstat disks", func() *report {
		rp := &report{name: "vmstat disks", Heading: syntax.ParseHeading([]byte("disk reads writes IO - - - - - - -")), words: map[string]bool{"disk": true}, keys: []string{"disk"}}
		// The column of names has none in the heading. A heading with as many words as there are
		// columns is made up, so that cells are split as under any other.
		rp.Names[0] = "disk"
		for i, n := range names {
			// Four names each are of reads and of writes, and the two that are left of both.
			rp.Names[i+1] = [...]string{"reads ", "writes ", "IO "}[i/4] + string(n)
		}
		rp.isRow = func(cells [][]byte) bool { return numbers(cells[1:]) }
		return rp
	})
	return true
}
