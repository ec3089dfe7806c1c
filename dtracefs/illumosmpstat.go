package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// illumosMpstat is mpstat of illumos and Solaris (-a, -A, -p, -T), a table for each interval. That
// of Linux is one of sysstat.
var illumosMpstat = &tool{
	name: "mpstat",
	sure: true,
	head: func(line []byte, _ *syntax.Cursor) bool { return isMpstatHeading(line) },
	line: func(r *reports, num int, line []byte) bool {
		if !isMpstatHeading(line) {
			return false
		}
		r.heading(num, line, "mpstat", func() *report {
			// The heading has begun its block already, so the first table is of block 1.
			return &report{Heading: syntax.ParseHeading(line), keys: []string{"CPU", "SET"}, is: map[string]Dimension{"SET": CPU}, isRow: numbers, boot: r.block <= r.boot}
		})
		return true
	},
}

// isMpstatHeading asks for names of columns that no other tool has together.
func isMpstatHeading(line []byte) bool {
	return (bytes.HasPrefix(line, []byte("CPU ")) || bytes.HasPrefix(line, []byte("SET "))) &&
		bytes.Contains(line, []byte(" minf ")) && bytes.Contains(line, []byte(" xcal ")) && bytes.Contains(line, []byte(" csw "))
}
