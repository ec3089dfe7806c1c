package main

import (
	"fmt"
	"io"

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

// clearLine clears the line of a terminal that tells how far something has come.
const clearLine = "\r\x1b[K"

// control moves the cursor of a terminal. Nothing else goes to one but by say and sayf.
func control(w io.Writer, sequence string) { io.WriteString(w, sequence) }
