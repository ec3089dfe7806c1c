package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// perfReport reads what `perf report --stdio` prints: a row for each share of an event's samples,
// and with -g the nodes of the call graph under it:
//
//	# Overhead  Command  Shared Object      Symbol
//	# ........  .......  .................  .........
//	    41.67%  nginx    [kernel.kallsyms]  [k] vfs_read
//
// What `perf diff` prints looks the same, with shares before and how they changed in the first
// columns. A symbol that was not there before has no share in the first one.
type perfReport struct {
	*decoder
	names  []string
	starts []int // of the columns, which the line of dots under the heading tells
	event  string
	row    int64 // number of the row at hand
}

func startPerfReport() reader { return &perfReport{} }

var (
	perfReportDots  = pattern.New(`^#  ?\.+(?:  ?\.+)*\s*$`)
	perfReportEvent = pattern.New(`^# (?:Samples: .* of e|E)vents? '(.*)'`)
	// As `|--41.67%--ksys_read`, behind the lines that join nodes.
	perfReportNode = pattern.New(`^[\s|]*(?:-{2,}(?:(\d+\.\d+)%)?-{1,2})?([^\s|-].*?)\s*$`)
)

// cutPerfReport keeps a heading with the line of dots under it, which tells where its columns are.
func cutPerfReport(data []byte) int { return cutUnless(data, isPerfReportHeading) }

func isPerfReportHeading(line []byte) bool {
	return bytes.HasPrefix(line, []byte("#")) && (bytes.Contains(line, []byte("Overhead")) || bytes.Contains(line, []byte("Children")) || isPerfDiffHeading(line))
}

func isPerfDiffHeading(line []byte) bool { return bytes.HasPrefix(line, []byte("# Baseline ")) }

// isPerfReport reports whether a text starts with the comments of a report, the last two of which
// are its heading.
func isPerfReport(head []byte) bool {
	for cur := syntax.NewCursor(head); !cur.Done(); {
		line, _ := cur.Next()
		if isPerfReportHeading(line) {
			return !cur.Done() && perfReportDots.Match(cur.Peek())
		}
		if !syntax.Blank(line) && line[0] != '#' {
			return false
		}
	}
	return false
}

func (p *perfReport) read(d *decoder, data []byte, num int, _ bool) int {
	p.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size, class := cur.Offset()-from, classTable
		switch {
		case syntax.Blank(line):
			class = classBlank
		case isPerfReportHeading(line) && !cur.Done() && perfReportDots.Match(cur.Peek()):
			at := cur.Offset()
			dots, _ := cur.Next()
			d.account(classTable, cur.Offset()-at)
			p.heading(line, dots)
		case line[0] == '#':
			if m := perfReportEvent.FindSubmatch(line); m != nil {
				p.event = string(m[1])
			}
			// Lines of a mark alone are there for looks.
			if len(bytes.Trim(line, "# ")) > 0 {
				d.notice(n, "banner", line, 0)
			}
			class = classNotice
		case p.share(line), p.node(line):
		default:
			class = classUnparsed
			d.unparsed(n, line)
		}
		d.account(class, size)
	}
	return cur.Number() - num
}

// heading keeps the names of the columns and where they start.
func (p *perfReport) heading(line, dots []byte) {
	p.names, p.starts = nil, nil
	for i := 1; i < len(dots); i++ {
		if dots[i] == '.' && dots[i-1] != '.' {
			p.starts = append(p.starts, i)
		}
	}
	for i := range p.starts {
		p.names = append(p.names, string(bytes.TrimSpace(p.cell(line, i))))
	}
}

// cell is what stands in column i of a line, whose last column has no end.
func (p *perfReport) cell(line []byte, i int) []byte {
	from, to := min(p.starts[i], len(line)), len(line)
	if i+1 < len(p.starts) {
		to = min(p.starts[i+1], len(line))
	}
	return line[from:to]
}

// percentOf returns the number of a cell that is a percentage; perf diff prints it with its sign.
func percentOf(cell []byte) (number []byte, ok bool) {
	number, ok = bytes.CutSuffix(cell, []byte("%"))
	number = bytes.TrimPrefix(number, []byte("+"))
	return number, ok && isNumber(number)
}

// share files a row; its first cell is a percentage.
func (p *perfReport) share(line []byte) bool {
	if len(p.starts) == 0 || len(bytes.TrimSpace(line[:min(p.starts[0], len(line))])) > 0 {
		return false
	}
	first := bytes.TrimSpace(p.cell(line, 0))
	if len(first) == 0 && p.names[0] == "Baseline" && len(p.names) > 1 {
		first = bytes.TrimSpace(p.cell(line, 1))
	}
	if _, ok := percentOf(first); !ok {
		return false
	}
	s := p.sheetFor("report", "report", "table")
	s.inferred = true
	// The number joins the nodes of the call graph to the row that they stand under.
	p.row++
	s.int("row", p.row, false)
	if p.event != "" {
		s.text("event", []byte(p.event))
	}
	for i, name := range p.names {
		cell := bytes.TrimSpace(p.cell(line, i))
		if percent, ok := percentOf(cell); ok {
			s.text(name+" (%)", percent)
			continue
		}
		if name == "Symbol" && len(cell) > 4 && cell[0] == '[' && cell[2] == ']' {
			s.text("mode", cell[1:2]) // k for the kernel, . for the process
			cell = bytes.TrimSpace(cell[3:])
		}
		if len(cell) > 0 {
			s.text(name, cell)
		}
	}
	s.end()
	return true
}

// node files a line of the call graph under a row: a function, how deep it stands, and what share
// of the samples it has, where a branch starts. The depth is the column in which the function
// stands: how much further in a level is depends on the options, but an order is an order.
func (p *perfReport) node(line []byte) bool {
	// A node belongs to the row above it, so before the first row there is none.
	if p.row == 0 || line[0] != ' ' {
		return false
	}
	if len(bytes.Trim(line, " |")) == 0 {
		return true // nothing but lines
	}
	m := perfReportNode.FindSubmatchIndex(line)
	if m == nil {
		return false
	}
	s := p.sheetFor("call graph", "call graph", "flow")
	s.inferred = true
	s.int("row", p.row, false)
	s.int("depth", int64(m[4]), false)
	if m[2] >= 0 {
		s.text("share (%)", line[m[2]:m[3]])
	}
	s.text("function", line[m[4]:m[5]])
	s.end()
	return true
}
