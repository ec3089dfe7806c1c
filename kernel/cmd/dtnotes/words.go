package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"dtnotes/dtracefs"
)

// say prints words for people, with a new line at their end. The names in them are foreign
// text, of which a terminal must see no control characters.
func say(w io.Writer, words ...any) error {
	text := fmt.Sprintln(words...)
	_, err := io.WriteString(w, dtracefs.PrintableLines(text))
	return err
}

// sayf is say for a format, which ends its lines itself.
func sayf(w io.Writer, format string, args ...any) error {
	_, err := io.WriteString(w, dtracefs.PrintableLines(fmt.Sprintf(format, args...)))
	return err
}

// clearLine clears the line of a terminal that shows how far something has come.
const clearLine = "\r\x1b[K"

// control moves the cursor of a terminal. Everything else goes to a terminal by say and sayf.
func control(w io.Writer, sequence string) { io.WriteString(w, sequence) }

// onTerminal reports whether people read what is written to w.
var onTerminal = func(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f)
}

// data returns a writer to w for CSV and JSON. Programs get each value as it is; a terminal gets
// names as [say] shows them.
func data(w io.Writer, csv bool) io.Writer {
	if onTerminal(w) {
		return &printable{w: w, csv: csv}
	}
	return w
}

// printable writes lines as they may be shown.
type printable struct {
	w      io.Writer
	csv    bool   // the end of a line within quotes is part of a value
	quoted bool   // at the end of what was written
	part   []byte // of a character whose other bytes are still to come
}

func (p *printable) Write(b []byte) (int, error) {
	p.part = append(p.part, b...)
	whole := len(p.part)
	// A write may end within a character, whose bytes are held back until the rest is there.
	for i := 1; i < utf8.UTFMax && i <= len(p.part); i++ {
		if last := p.part[len(p.part)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				whole -= i
			}
			break
		}
	}
	var out bytes.Buffer
	for line := range bytes.Lines(p.part[:whole]) {
		text, end := bytes.CutSuffix(line, []byte("\n"))
		out.WriteString(dtracefs.Printable(string(text)))
		if p.csv && bytes.Count(text, []byte(`"`))%2 != 0 {
			p.quoted = !p.quoted
		}
		switch {
		case end && p.quoted:
			out.WriteString(`\n`)
		case end:
			out.WriteByte('\n')
		}
	}
	p.part = append(p.part[:0], p.part[whole:]...)
	_, err := p.w.Write(out.Bytes())
	return len(b), err
}
