package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// prstat of illumos and Solaris (-a, -J, -L, -m, -t, -Z): a table of processes for each interval,
// a table of users, zones or projects under it, and a line of totals.
var prstat = &tool{
	name: "prstat",
	sure: true,
	// With -t, there are users alone.
	head: func(line []byte, _ *syntax.Cursor) bool { return isPrstatHeading(line) || isPrstatGroups(line) },
	line: func(r *reports, num int, line []byte) bool {
		switch {
		case isPrstatHeading(line):
			r.heading(num, line, "prstat", func() *report { return prstatReport(line) })
		case isPrstatGroups(line):
			r.heading(num, line, "prstat", func() *report {
				rp := &report{Heading: syntax.ParseHeading(line), isRow: intAt(0), words: prstatWords, keys: []string{"ZONE", "PROJECT", "USERNAME"}}
				rp.name = "prstat " + rp.Names[0]
				return rp
			})
		case bytes.HasPrefix(line, []byte("Total: ")) && bytes.Contains(line, []byte("load averages:")):
			r.total("prstat summary", line)
			// No row of the table above comes after the totals.
			r.table = nil
		default:
			return false
		}
		return true
	},
}

// prstatWords are the columns whose cells are no numbers.
var prstatWords = map[string]bool{"USERNAME": true, "PROCESS": true, "STATE": true, "ZONE": true, "PROJECT": true}

// isPrstatHeading reports whether a line heads processes: beside their users, and the last column
// is PROCESS and what is counted.
func isPrstatHeading(line []byte) bool {
	first := syntax.TrimIndent(line)
	return bytes.HasPrefix(first, []byte("PID ")) && bytes.Contains(line, []byte(" USERNAME ")) && bytes.Contains(line, []byte(" PROCESS/"))
}

// isPrstatGroups reports whether a line heads users, tasks, projects or zones.
func isPrstatGroups(line []byte) bool {
	first := syntax.TrimIndent(line)
	return (bytes.HasPrefix(first, []byte("NPROC ")) || bytes.HasPrefix(first, []byte("ZONEID ")) || bytes.HasPrefix(first, []byte("PROJID ")) ||
		bytes.HasPrefix(first, []byte("TASKID "))) && bytes.Contains(line, []byte(" MEMORY "))
}

// prstatReport reads the heading. The last column, `PROCESS/NLWP`, becomes two. The name of a
// process may hold a slash itself, so the last one parts them.
func prstatReport(line []byte) *report {
	at := bytes.LastIndex(line, []byte("PROCESS/"))
	behind := string(bytes.TrimSpace(line[at+len("PROCESS/"):]))
	// COMMAND is a column whose cells may hold blanks, as names of processes do.
	rp := &report{Heading: syntax.ParseHeading(append(bytes.Clone(line[:at]), "COMMAND"...)), isRow: intAt(0), words: prstatWords, keys: []string{"PROCESS"}}
	last := len(rp.Names) - 1
	// Capped, so that it does not write over the names that rows are split by.
	rp.columns = append(rp.Names[:last:last], "PROCESS", behind)
	rp.shape = func(cells [][]byte) [][]byte {
		name := cells[last]
		if i := bytes.LastIndexByte(name, '/'); i >= 0 {
			return append(cells[:last], name[:i], name[i+1:])
		}
		return cells
	}
	// With -m, what is counted are events, and not bytes.
	if rp.Has("USR", "SYS", "SLP") {
		rp.kilo, rp.unit = 1000, "ones; K is 1,000"
	}
	return rp
}
