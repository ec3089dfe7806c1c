package cell

import "strings"

// Error says why a cell failed. It is a value for showing: nothing of it is Go's own error chain.
type Error struct {
	Name      string   // kind of failure: "compile error", "panic", "interrupted", "exit", ...
	Message   string   // what went wrong and where
	Traceback []string // lines for a terminal, ANSI colors allowed, the offending line marked
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// Shown is the traceback, or what stands for it where there is none.
func (e *Error) Shown() []string {
	if len(e.Traceback) > 0 {
		return e.Traceback
	}
	return []string{Headline(e.Name, e.Message)}
}

// Terminal styles of tracebacks, which have no colors: no red is legible on both the light and the
// dark background that JupyterLab gives to errors.
const (
	Strong = "\x1b[1m" // what kind of error it is, and the mark below the place
	Dim    = "\x1b[2m" // line numbers and hints
	Plain  = "\x1b[0m"
)

// Headline is how every traceback begins: the kind of error stands out before what it says.
func Headline(name, message string) string {
	if rest, ok := strings.CutPrefix(message, name); ok && (rest == "" || rest[0] == ':' || rest[0] == ' ') {
		return Strong + name + Plain + rest
	}
	return Strong + name + ":" + Plain + " " + message
}
