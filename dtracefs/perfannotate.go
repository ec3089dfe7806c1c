package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

var (
	perfAnnotateTitle = pattern.New(`^\s*Percent\s*\|\s*Source code & Disassembly of (.+?) for (.+?) \((.*)\)\s*$`)
	// As `   12.50 :   1139:   push   %rbp`; with several events there are several percentages, and
	// lines of source code have none.
	perfAnnotateLine = pattern.New(`^((?:\s*\d+\.\d+)*)\s+:(?:\s|$)(.*)$`)
	perfAnnotateCode = pattern.New(`^\s*([0-9a-f]+):\s+(.*)$`)
)

// perfAnnotate reads what `perf annotate --stdio` prints: for each function a title, and a row for
// each line of its code, with the share of the samples that it has:
//
//	 Percent |  Source code & Disassembly of nginx for cycles (120 samples, percent: local period)
//	----------------------------------------------------------------------------------------------
//	         :   0000000000001139 <main>:
//	   12.50 :   1139:   push   %rbp
type perfAnnotate struct {
	*decoder
	object, event string
}

func startPerfAnnotate() reader { return &perfAnnotate{} }

// isPerfAnnotate reports whether a text starts with the title of a function, over a rule.
func isPerfAnnotate(head []byte) bool {
	cur := syntax.NewCursor(head)
	for n := 0; n < 6 && !cur.Done(); n++ {
		if line, _ := cur.Next(); perfAnnotateTitle.Match(line) {
			return !cur.Done() && isRuledLine(cur.Peek())
		}
	}
	return false
}

func (p *perfAnnotate) read(d *decoder, data []byte, num int, _ bool) int {
	p.decoder = d
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		d.account(p.line(n, line), cur.Offset()-from)
	}
	return cur.Number() - num
}

// line files a line and returns as what it is to be booked.
func (p *perfAnnotate) line(num int, line []byte) lineClass {
	if m := perfAnnotateTitle.FindSubmatch(line); m != nil {
		p.object, p.event = string(m[1]), string(m[2])
		p.notice(num, "banner", line, 0)
		return classNotice
	}
	switch m := perfAnnotateLine.FindSubmatch(line); {
	case syntax.Blank(line):
		return classBlank
	case isRuledLine(line):
		return classTable
	// Any text may have a line with a colon in front, so only what follows a title is code.
	case m != nil && p.object != "":
		p.row(bytes.Fields(m[1]), m[2])
		return classTable
	}
	if m, ok := syntax.ParseMessage(line); ok {
		p.message(num, line, m)
		return classNotice
	}
	p.unparsed(num, line)
	return classUnparsed
}

// row files a line of code. One without anything in it is none.
func (p *perfAnnotate) row(percents [][]byte, code []byte) {
	if syntax.Blank(code) && len(percents) == 0 {
		return
	}
	s := p.sheetFor("annotate", "annotate", "table")
	s.inferred = true
	s.text("object", []byte(p.object))
	s.text("event", []byte(p.event))
	// Lines of source code come first and have neither, but both tell more than the code.
	s.col("percent", String)
	s.col("address", String)
	for _, percent := range percents {
		// Those of further events get columns with a number behind the name.
		s.text("percent", percent)
	}
	// Source code has labels, and `bad: return` looks like an address with an instruction. But only
	// instructions have percentages.
	if m := perfAnnotateCode.FindSubmatch(code); m != nil && len(percents) > 0 {
		s.text("address", m[1])
		code = m[2]
	}
	s.text("code", bytes.TrimSpace(code))
	s.end()
}
