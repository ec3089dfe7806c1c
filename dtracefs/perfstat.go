package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// perfStat reads what `perf stat` prints, with and without -I, for people, with -x and with -j: a
// row for each event and interval.
type perfStat struct {
	*decoder
	separator byte // with -x
	interval  bool // -I was given
	heading   string
	ids       []string // what the heading names between time and counts
	block     int64
	missing   map[string]int64 // values not counted, by event
	firstLine map[string]int
}

func startPerfStat() reader { return &perfStat{} }

// perfStatTitle is how the counts of a whole run begin, in the form for people.
const perfStatTitle = "Performance counter stats for"

// isPerfStat knows perf stat by its heading, or by lines of which each is a count.
func isPerfStat(head []byte) bool {
	cur := syntax.NewCursor(head)
	var sep byte
	objects := false // with -j
	for n := 0; !cur.Done() && n < 8; {
		line, terminated := cur.Next()
		switch {
		case syntax.Blank(line):
			continue
		case isPerfHeading(line) || bytes.HasPrefix(bytes.TrimSpace(line), []byte(perfStatTitle)):
			return true
		// With -o, a file starts with the date.
		case bytes.HasPrefix(line, []byte("# started on ")):
			continue
		// The head of a text may end within a line. What was read before it decides.
		case !terminated && n > 0:
			return true
		case line[0] == '{':
			if c, ok := syntax.ParsePerfJSON(line); !ok || c.Value == nil && n == 0 {
				return false
			}
			objects = true
			n++
			continue
		}
		if sep == 0 {
			// The separator is the user's choice. The first line shows it, and all others must
			// have the same, or the text is not perf's.
			if sep = syntax.PerfSeparator(line); sep == 0 {
				return false
			}
		} else if _, ok := syntax.ParsePerfCSV(line, sep); !ok {
			return false
		}
		n++
	}
	return sep != 0 || objects
}

// isPerfHeading reports whether a line stands over the counts of each interval.
func isPerfHeading(line []byte) bool {
	return len(line) > 0 && line[0] == '#' && bytes.Contains(line, []byte(" time ")) && bytes.HasSuffix(bytes.TrimSpace(line), []byte("counts unit events"))
}

// read decodes a part, and says of each event once how often it was not counted: that is no zero.
func (p *perfStat) read(d *decoder, data []byte, num int, _ bool) int {
	p.decoder, p.missing, p.firstLine = d, map[string]int64{}, map[string]int{}
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, terminated := cur.Next()
		class := p.line(n, line)
		if class == classUnparsed {
			if m, ok := syntax.ParseMessage(line); ok {
				class = classNotice
				p.message(n, line, m)
			} else {
				p.unparsed(n, line)
				if !terminated {
					p.truncated(n)
				}
			}
		}
		p.account(class, cur.Offset()-from)
	}
	for _, what := range sortedKeys(p.missing) {
		p.notice(p.firstLine[what], "not-counted", []byte(what), p.missing[what])
	}
	return cur.Number() - num
}

// line files a line and returns as what it is to be booked. The form for people is tried first
// where its heading or title was seen; without either, lines are those of -x.
func (p *perfStat) line(num int, line []byte) lineClass {
	switch trimmed := bytes.TrimSpace(line); {
	case len(trimmed) == 0:
		return classBlank
	case isPerfHeading(line):
		words := strings.Fields(string(line))
		// perf prints the heading again from time to time; one notice for it is enough.
		if p.heading != string(trimmed) {
			p.heading = string(trimmed)
			p.notice(num, "heading", trimmed, 0)
		}
		// `# time CPU counts unit events` has the names of ids in the middle.
		p.interval, p.separator, p.ids = true, 0, words[2:len(words)-3]
		return classTable
	case bytes.HasPrefix(trimmed, []byte(perfStatTitle)):
		p.interval, p.separator, p.ids = false, 0, nil
		// A file may hold several runs, as with --append. The counts of each are a block.
		p.block++
		p.notice(num, "banner", trimmed, 0)
		return classNotice
	case line[0] == '#':
		p.notice(num, "banner", trimmed, 0)
		return classNotice
	}
	if line[0] == '{' {
		c, ok := syntax.ParsePerfJSON(line)
		if !ok {
			return classUnparsed
		}
		// The columns are called as in the other forms; what the members were called is told once.
		if names := strings.Join(c.Names, " "); p.heading != names {
			p.heading = names
			p.notice(num, "heading", []byte(names), 0)
		}
		p.count(num, c)
		return classTable
	}
	// In the form for people any number with a word behind it is a count, as in `12 monkeys`.
	// That is only safe under a heading or a title of perf's.
	if c, ok := syntax.ParsePerfStat(line, p.interval, len(p.ids)); ok && p.separator == 0 && (p.interval || p.block > 0) {
		p.count(num, c)
		return classTable
	}
	// The separator is sought once, then kept: the lines of a run all have the same, and a
	// heading or a title, behind which another form may come, resets it.
	if p.separator == 0 {
		p.separator = syntax.PerfSeparator(line)
	}
	if p.separator != 0 {
		if c, ok := syntax.ParsePerfCSV(line, p.separator); ok {
			p.count(num, c)
			return classTable
		}
	}
	return classUnparsed
}

// count files a count. Which columns are keys is known here, so it is said and need not be
// inferred: the event and whatever the count is of.
func (p *perfStat) count(num int, c syntax.PerfCount) {
	// What stands behind the intervals sums them up. In the table of intervals it would count
	// everything twice.
	name, kind := "perf stat", kindReport
	if c.Summary {
		name, kind = "perf stat summary", "summary"
	}
	s := p.sheetFor(name, name, kind)
	s.inferred = true
	switch {
	case c.Seconds != nil:
		// Seconds since perf started, which are no instant: perf does not print when that was.
		col := s.open("time", Float)
		f, _ := strconv.ParseFloat(string(c.Seconds), 64)
		col.floats = append(col.floats, f)
	// Counts of a whole run have no time; the number of the run stands for it.
	case p.block > 0 && !c.Summary:
		s.int("block", p.block, false)
	}
	for i, id := range c.IDs {
		// How many CPUs a count sums up stands among the ids, but says nothing of whose it is: a
		// source must not become another one where that number changes.
		name := p.idName(i, id)
		if c.IDNames != nil {
			name = c.IDNames[i]
		}
		if len(id) > 0 {
			s.text(name, id)
			if s.index[name].role = roleKey; name == "cpus" || name == "aggregate-number" {
				s.index[name].role = roleAside
			}
		}
	}
	if c.Counted() {
		s.text("value", c.Value)
		s.index["value"].role = roleCount
	} else if len(c.Value) > 0 {
		// `<not counted>` means that the counter never ran, `<not supported>` that there is none.
		// Neither is a zero, so the cell is null. A row each interval would be a notice each; they
		// are summed and told at the end of the part.
		what := string(c.Value) + ": " + string(c.Event)
		if p.missing[what]++; p.missing[what] == 1 {
			p.firstLine[what] = num
		}
	}
	// Only the event and the cgroup say whose a count is. Shares, run times and metrics say how
	// it was measured, and must not be counted themselves.
	for _, cell := range [...]struct {
		name string
		text []byte
	}{{"unit", c.Unit}, {"event", c.Event}, {"cgroup", c.Cgroup}, {"plus or minus", c.Spread}, {"variance", c.Variance}, {"run time", c.RunTime}, {"percent", c.Percent},
		{"metric value", c.Metric}, {"metric unit", c.MetricOf}} {
		if len(cell.text) > 0 {
			s.text(cell.name, cell.text)
			if s.index[cell.name].role = roleAside; cell.name == "event" || cell.name == "cgroup" {
				s.index[cell.name].role = roleKey
			}
		}
	}
	s.end()
}

// idName names what a count is of, by the heading or by how perf writes it: CPU0, S0, S0-D0-C0, N0,
// or a thread's name and number. The number of CPUs that a count sums up stands behind some.
func (p *perfStat) idName(i int, id []byte) string {
	if i < len(p.ids) {
		return strings.ToLower(p.ids[i])
	}
	switch {
	case bytes.HasPrefix(id, []byte("CPU")):
		return "cpu"
	case i > 0:
		return "cpus"
	// A letter alone is not enough: a thread may be called Nginx.
	case len(id) > 1 && id[1]-'0' <= 9 && id[0] == 'N':
		return "node"
	case len(id) > 1 && id[1]-'0' <= 9 && id[0] == 'S':
		// Each dash goes one level deeper: S0 is a socket, S0-D0 a die in it, S0-D0-C0 a core.
		return [...]string{"socket", "die", "core", "cpu"}[min(bytes.Count(id, []byte("-")), 3)]
	}
	return "thread"
}
