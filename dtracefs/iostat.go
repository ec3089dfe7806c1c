package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// iostat of illumos, FreeBSD, NetBSD, OpenBSD and macOS. Devices stand under each other (-x), or
// side by side in one row, each with as many columns, among those of the terminals, the processors
// and the load. That of Linux is one of sysstat.
var iostat = &tool{
	name: "iostat",
	sure: true,
	head: func(line []byte, rest *syntax.Cursor) bool {
		// The title is words that others print, too; the heading under it decides.
		if isDevicesHeading(line) || isDevicesTitle(line) && !rest.Done() && isDevicesHeading(rest.Peek()) {
			return true
		}
		return !rest.Done() && isWideHeading(line, rest.Peek())
	},
	opens: isWideGroups,
	line: func(r *reports, num int, line []byte) bool {
		switch {
		case isDevicesTitle(line):
			r.once(num, "heading", line)
			r.take(classTable)
			return true
		case isDevicesHeading(line):
			r.devicesHeading(num, line)
			return true
		}
		if !isWideHeading(line, r.peekAfter()) {
			return false
		}
		r.take(classTable)
		r.wideHeading(num, line)
		return true
	},
}

// isWideGroups reports whether a line can be the first of the two that head rows of devices side by
// side. Devices may be called anything, but terminals or processors are among the groups.
func isWideGroups(line []byte) bool {
	some := false
	for w := range bytes.FieldsSeq(line) {
		s := string(w)
		if s[len(s)-1] == ':' || s[0]-'0' <= 9 {
			return false
		}
		some = some || s == "tty" || s == "cpu"
	}
	return some
}

// isDevicesTitle reports whether a line stands over the headings of extended statistics.
func isDevicesTitle(line []byte) bool {
	first := syntax.TrimIndent(line)
	return bytes.HasPrefix(first, []byte("extended device statistics")) || bytes.HasPrefix(first, []byte("extended disk statistics")) ||
		bytes.HasPrefix(first, []byte("device statistics"))
}

// isDevicesHeading reports whether a line heads a table with a row for each device. illumos parts
// the columns by commas where -r is given.
func isDevicesHeading(line []byte) bool {
	words := bytes.Fields(bytes.ReplaceAll(line, []byte(","), []byte(" ")))
	// illumos with -n has the device last:
	//
	//	r/s    w/s   kr/s   kw/s wait actv wsvc_t asvc_t  %w  %b device
	if len(words) < 6 || string(words[0]) != "device" && string(words[0]) != "disk" && string(words[0]) != "r/s" {
		return false
	}
	has := map[string]bool{}
	for _, w := range words {
		has[string(w)] = true
	}
	return has["r/s"] && has["w/s"] && has["kr/s"] && has["kw/s"] && has["%b"] && (has["device"] || has["disk"])
}

// devicesHeading takes the heading of a table of devices. The columns of terminals and processors
// that stand behind have cells in the first row only. A row may thus be short, but never end
// within the columns of the device.
func (r *reports) devicesHeading(num int, line []byte) {
	commas := bytes.ContainsRune(line, ',')
	if commas {
		line = bytes.ReplaceAll(line, []byte(","), []byte(" "))
	}
	r.heading(num, line, "iostat", func() *report {
		h := syntax.ParseHeading(line)
		rp := &report{name: "iostat", Heading: h, boot: r.block <= r.boot, words: map[string]bool{"device": true, "disk": true}, keys: []string{"device", "disk"}, commas: commas}
		rp.isRow = numbersBeside(max(h.Index("device"), h.Index("disk")))
		rp.short = h.Index("device") + 1
		// Where the device comes first, %b is the last column of its own.
		if rp.short == 1 {
			rp.short = h.Index("%b") + 1
		}
		return rp
	})
}

// wideNames are the columns that groups other than devices have.
var wideNames = map[string][]string{"tty": {"tin", "tout"}, "load average": {"1m", "5m", "15m"}}

// isWideHeading reports whether two lines head rows of devices side by side: names of groups,
// then those of columns. Devices may be called anything, so all names of columns must be known,
// and the columns must go up in the groups.
func isWideHeading(groups, names []byte) bool {
	g, n := bytes.Fields(groups), bytes.Fields(names)
	if len(n) < 3 || len(n) < len(g) || !isWideGroups(groups) {
		return false
	}
	known := 0
	for _, w := range n {
		switch string(w) {
		case "tin", "tout", "kps", "tps", "serv", "KB/t", "MB/s", "t/s", "us", "sy", "wt", "id", "ni", "in", "sp", "st", "1m", "5m", "15m",
			"rps", "wps", "util", "time", "xfrs", "KB", "KB/s", "blks", "msps", "r/s", "w/s", "rs":
			known++
		}
	}
	return known == len(n) && wideGroups(groups, names) != nil
}

// wideHeading takes both lines. Each group gets a table of its own; the devices share one.
func (r *reports) wideHeading(num int, groups []byte) {
	names := r.cur.Peek()
	words := headingWords(groups) + "\n" + headingWords(names)
	// The heading comes again in the middle of the rows. It starts no block, as each row is one.
	if r.table != nil && r.wide == words {
		r.take(classTable)
		return
	}
	r.wide = words
	r.heading(num+1, names, "iostat", func() *report {
		rp := &report{Heading: syntax.ParseHeading(names), perRow: true, boot: true, isRow: numbers, name: "iostat"}
		rp.groups = wideGroups(groups, names)
		return rp
	})
}

// A group is the run of columns that belongs to one device, or to the terminals or processors.
type group struct {
	name     string
	device   bool
	from, to int // columns
	names    []string
}

// wideGroups deals the columns to the groups: those of terminals, processors and the load are
// known by their names, the rest goes to the devices, the same number to each. It returns nil
// where that does not come out even. As FreeBSD prints it, with two devices:
//
//	      tty             ada0             cd0             cpu
//	tin  tout  KB/t  tps  MB/s  KB/t  tps  MB/s  us ni sy in id
func wideGroups(line, columns []byte) (groups []group) {
	var names []string
	for w := range bytes.FieldsSeq(columns) {
		names = append(names, string(w))
	}
	// The one name with a blank is kept together by a byte that stands in no name.
	words := strings.Fields(strings.Replace(string(line), "load average", "load\x00average", 1))
	devices := 0
	taken := 0
	for _, w := range words {
		w = strings.Replace(w, "\x00", " ", 1)
		g := group{name: w, device: w != "tty" && w != "cpu" && w != "load average"}
		switch {
		case w == "cpu":
			// From the last group's names backwards: cpu stands after the devices.
			at := len(names)
			// macOS prints the load behind them.
			if i := indexOf(names, "1m"); i >= 0 {
				at = i
			}
			g.to = at
			for at > 0 && isCPUName(names[at-1]) {
				at--
			}
			g.from = at
		case !g.device:
			own := wideNames[w]
			if i := indexOf(names, own[0]); i >= 0 {
				g.from, g.to = i, min(i+len(own), len(names))
			}
		default:
			devices++
		}
		taken += g.to - g.from
		groups = append(groups, g)
	}
	// What the other groups left over is for the devices, and only now is it known how much.
	at := 0
	for i := range groups {
		g := &groups[i]
		if g.device {
			g.from, g.to = at, at+(len(names)-taken)/devices
		}
		// Groups follow each other without a gap, or the columns are not those of these groups.
		if g.from != at || g.to <= at || g.to > len(names) {
			return nil
		}
		at, g.names = g.to, names[g.from:g.to]
	}
	if at < len(names) {
		return nil
	}
	return groups
}

// isCPUName reports whether a column is one of the processors'.
func isCPUName(s string) bool {
	switch s {
	case "us", "sy", "wt", "id", "ni", "in", "sp", "st":
		return true
	}
	return false
}

// indexOf is the first place of s in a list, -1 if it is not there.
func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

// wideRow files a row of devices side by side, as a row for each device: whoever counts wants a
// source for each.
func (r *reports) wideRow(rp *report, cells [][]byte, boot bool) {
	for _, g := range rp.groups {
		sub := &report{name: "iostat", num: rp.num, keys: []string{"device"}}
		sub.Names = g.names
		if g.device {
			sub.Names = append([]string{"device"}, g.names...)
		} else {
			sub.name = "iostat " + g.name
		}
		s := r.sheetOf(sub, boot)
		if !boot || r.when.set {
			r.stampRow(s)
		}
		if g.device {
			s.open("device", String).appendString(g.name)
		}
		for i, n := range g.names {
			s.open(n, String).appendText(cells[g.from+i])
		}
		s.end()
	}
}
