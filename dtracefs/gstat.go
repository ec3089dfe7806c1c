package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// gstat of FreeBSD in batch mode (-b, also with -d, -o, -s, -p): a line with the time that was
// measured, then a table of disks and what is on them.
//
//	dT: 1.003s  w: 1.000s
//	 L(q)  ops/s    r/s   kBps   ms/r    w/s   kBps   ms/w   %busy Name
//	    0     12      2     64    0.4     10    768    0.5    0.6| ada0
var gstat = &tool{
	name: "gstat",
	sure: true,
	head: func(line []byte, _ *syntax.Cursor) bool { return isGstatStart(line) || isGstatHeading(line) },
	line: func(r *reports, num int, line []byte) bool {
		switch {
		case isGstatStart(line):
			r.begins("gstat")
			r.table = nil
			r.total("gstat summary", line)
		case isGstatHeading(line):
			r.heading(num, line, "gstat", func() *report { return gstatReport(line) })
		default:
			return false
		}
		return true
	},
}

// isGstatStart reports whether a line is the first of a block.
func isGstatStart(line []byte) bool {
	return bytes.HasPrefix(line, []byte("dT: ")) && bytes.Contains(line, []byte("s  w: "))
}

// isGstatHeading reports whether a line heads the table.
func isGstatHeading(line []byte) bool {
	return bytes.HasPrefix(syntax.TrimIndent(line), []byte("L(q) ")) && bytes.HasSuffix(bytes.TrimRight(line, " "), []byte("%busy Name"))
}

// gstatReport reads the heading. How many kB come with an operation and how many a second stands
// under the same name for each kind of operations, behind their number a second.
func gstatReport(line []byte) *report {
	rp := &report{Heading: syntax.ParseHeading(line), keys: []string{"Name"}, words: map[string]bool{"Name": true}, is: map[string]Dimension{"Name": Device}}
	of := ""
	for i, n := range rp.Names {
		switch n, _, _ = strings.Cut(n, "_"); n {
		case "r/s":
			of = "read "
		case "w/s":
			of = "write "
		case "d/s":
			of = "delete "
		case "kB", "kBps":
			rp.Names[i] = of + n
		}
	}
	last := len(rp.Names) - 1
	rp.RestIs(last) // as of a label, `ntfs/System Reserved`
	rp.columns = rp.Names
	// On a terminal a bar parts the share from the name.
	rp.shape = func(cells [][]byte) [][]byte {
		cells[last-1] = bytes.TrimSuffix(cells[last-1], []byte("|"))
		return cells
	}
	rp.isRow = func(cells [][]byte) bool { return numbers(rp.shape(cells)[:last]) }
	return rp
}
