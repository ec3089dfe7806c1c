package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// vmstatSums reads what `vmstat -s` prints on Linux, illumos and the BSDs: what was counted since
// boot, a number and its name on each line. A name that comes again starts the next print.
type vmstatSums struct {
	*decoder
	seen  map[string]bool // names of the print at hand
	block int64
	when  *syntax.Clock // of a date printed above
}

func startVmstatSums() reader { return &vmstatSums{seen: map[string]bool{}} }

// vmstatSum is a line, as `4126340 K used memory`.
var vmstatSum = pattern.New(`^\s*(\d+) (?:(K|M|k|m) )?\s*([A-Za-z].*?)\s*$`)

// isVmstatSums reports whether a text is numbers with names, most of which are those of memory
// and processors: six lines at least, since a number and words are in any list.
func isVmstatSums(head []byte) bool {
	lines, known := 0, 0
	for cur := syntax.NewCursor(head); !cur.Done() && lines < 12; {
		line, _ := cur.Next()
		// vmstat -s prints no time. Who runs it again and again prints the date before it, so
		// the first line may be one; behind the first sum it would be another print.
		if _, isClock := clockAlone(line); syntax.Blank(line) || lines == 0 && isClock {
			continue
		}
		m := vmstatSum.FindSubmatch(line)
		if m == nil {
			return false
		}
		lines++
		// Each system has a list of names of its own, so they are known by the words that most
		// of the names have in common.
		for _, word := range []string{"memory", "swap", "page", "cpu ", "interrupts", "faults", "traps", "context switches", "system calls", "fork"} {
			if bytes.Contains(m[3], []byte(word)) {
				known++
				break
			}
		}
	}
	// The rest of the names has none of the words, such as `boot time`.
	return lines >= 6 && known*3 >= lines*2
}

// clockAlone reads a line that is a date or a time and nothing else.
func clockAlone(line []byte) (c syntax.Clock, ok bool) {
	line = bytes.TrimSpace(line)
	c, n, ok := syntax.ParseClock(line)
	return c, ok && n == len(line)
}

func (v *vmstatSums) read(d *decoder, data []byte, num int, _ bool) int {
	v.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		class := classTable
		if syntax.Blank(line) {
			class = classBlank
		} else if c, ok := clockAlone(line); ok {
			// A time starts a print, even if the print before it was cut before a name came
			// again.
			v.when = &c
			clear(v.seen)
			v.block++
		} else if !v.sum(line) {
			class = classUnparsed
			d.unparsed(n, line)
		}
		d.account(class, cur.Offset()-from)
	}
	return cur.Number() - num
}

// sum files a line. One without a number goes on with the line before, as shares of it.
func (v *vmstatSums) sum(line []byte) bool {
	m := vmstatSum.FindSubmatch(line)
	// The BSDs give shares of the lookups of names on lines of their own, under the number:
	//
	//	     123456 total name lookups
	//	            cache hits (92% pos + 4% neg) system 0% per-directory
	//	            deletions 0%, falsehits 0%, toolong 0%
	//
	// They are kept as rows without a value.
	goesOn := m == nil && len(v.seen) > 0 && (line[0] == ' ' || line[0] == '\t')
	if m == nil && !goesOn {
		return false
	}
	s := v.sheetFor("vmstat sums", "vmstat sums", "table")
	s.inferred = true
	if goesOn {
		m = [][]byte{nil, nil, nil, bytes.TrimSpace(line)}
	} else if v.seen[string(m[3])] {
		// No heading and no blank line stands between prints, but a print names nothing twice.
		clear(v.seen)
		v.block++
	}
	v.seen[string(m[3])] = true
	// A time of the day alone has no instant, so it stays one of the day; a date is local time
	// of the machine unless it names its zone.
	if c := v.when; c != nil {
		ns, ofDay := c.NS, c.Form == syntax.TimeOfDay
		if !ofDay {
			ns = c.In(v.opt.Location)
		}
		s.instant("time", ns, ofDay)
	}
	s.text("name", m[3])
	// The unit stands in a column of its own, so that the values are numbers. They are not
	// brought to bytes: what a prefix stands for is not printed.
	if m[1] != nil {
		s.text("value", m[1])
	}
	if m[2] != nil {
		s.text("unit", m[2])
	}
	s.int("block", v.block, false)
	s.end()
	return true
}
