// Package cell is where the evaluator of Go cells and whoever drives it meet: the Jupyter protocol,
// the headless notebook runner, and tests with a fake on either side. It knows neither Jupyter nor
// the Go interpreter.
package cell

import (
	"context"

	"dtnotes/kernel/display"
)

// An Evaluator runs cells in one session whose state persists from cell to cell. All methods, Eval
// too, may be called while a cell runs.
type Evaluator interface {
	// Eval runs one cell. It returns when the cell has ended, failed, or ctx is done; everything
	// the cell printed until then has been handed to c.Out. A canceled cell leaves the session
	// usable.
	Eval(ctx context.Context, c Cell) Result
	// Complete proposes how the code may go on at the byte offset pos.
	Complete(code string, pos int) Completion
	// Inspect describes the name at the byte offset pos; detail 1 adds what a reader of the
	// documentation or source would want. The second result is false if nothing is known there.
	Inspect(code string, pos, detail int) (display.Bundle, bool)
	// IsComplete tells whether code can run as it is; indent is proposed for the next line if not.
	IsComplete(code string) (status Status, indent string)
	// Close ends the session and releases what it holds.
	Close() error
}

// A Cell is one piece of code and where its effects go.
type Cell struct {
	Code   string
	Number int // execution count, named in errors: cell[3]:1:6
	// Out takes what the cell prints and shows, in order, also what its goroutines print after the
	// cell has ended. It must be safe for concurrent use.
	Out Output
	// Input answers a read from standard input, one line without its end; nil if nobody can be
	// asked.
	Input func(ctx context.Context, prompt string, password bool) (string, error)
	// Again takes with which arguments, beside those that the session was started with, it is to
	// begin again should its process die, be it in this very cell. It is nil where nobody would
	// start it.
	Again func(args []string)
}

// Output takes what a cell prints and shows.
type Output interface {
	// Stream takes text written to "stdout" or "stderr".
	Stream(name, text string)
	// Display takes something to show. A non-empty id names it so that a later call with update
	// set replaces it in place.
	Display(b display.Bundle, id string, update bool)
	// Clear removes the cell's output, at once or, with wait, when the next output comes.
	Clear(wait bool)
}

// Result is how a cell ended.
type Result struct {
	Values []Value        // values of the last expression, if the cell ends in one that has any
	Bundle display.Bundle // how Values show; zero if there is nothing to show
	Page   display.Bundle // what belongs on a pager rather than in the output: the answer to ?name
	Exit   bool           // the user asks a console to end
	Next   *Next          // how the session is to go on in another process; nil if nothing changes
	Err    *Error         // nil if the cell succeeded
}

// Next asks whoever runs the process of a session to end it, to start another program in its place
// that runs sessions like it, and to have that run what is left of the cell.
type Next struct {
	Program string
	Args    []string // beside those that the session was started with
	Dir     string   // where the session worked
	Code    string   // what is left of the cell, its lines at their numbers
}

// Value is a value of the last expression of a cell.
type Value struct {
	V    any
	Type string // as fmt's %T prints it
	Text string // as fmt's %v prints it; only where the session was begun to tell
}

// Status is the answer of IsComplete, in Jupyter's words.
type Status string

// The states that code can be in.
const (
	Complete   Status = "complete"
	Incomplete Status = "incomplete"
	Invalid    Status = "invalid"
	Unknown    Status = "unknown"
)

// Completion is a list of proposals that each replace code[Start:End].
type Completion struct {
	Start, End int // byte offsets
	Items      []CompletionItem
}

// CompletionItem is one proposal.
type CompletionItem struct {
	Text string // what to insert
	// Kind is "function", "method", "field", "variable", "constant", "type", "package", "keyword",
	// "magic", "probe" or "option".
	Kind      string
	Signature string // as go/types prints it; empty if it has none
}
