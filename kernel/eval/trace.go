package eval

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"go/token"
	"strings"

	"dtnotes/dtracefs"
	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/tracing"
)

func (s *Session) traceDtrace(ctx context.Context, r *run, arg, code string) cell.Result {
	return s.traceCell(ctx, r, "dtrace", arg, code)
}

func (s *Session) traceBpftrace(ctx context.Context, r *run, arg, code string) cell.Result {
	return s.traceCell(ctx, r, "bpftrace", arg, code)
}

// traceCell runs the text of a cell with a tracer, shows what comes, and leaves it in a variable.
// An interrupt ends the trace as it is meant to end: what came stays.
//
// The capture comes into the session by Go code, the declaration of the variable, so that it is
// declared as any other: with its type, under a name that later cells may declare again.
func (s *Session) traceCell(ctx context.Context, r *run, tracer, arg, code string) cell.Result {
	opts, variable, err := tracing.ParseLine(tracer, arg)
	if err != nil {
		return failure("trace error", fmt.Sprintf("%%%%%s: %v", tracer, err))
	}
	script, above := s.body(r, code)
	if strings.TrimSpace(script) == "" {
		return failure("trace error", fmt.Sprintf("%%%%%s: the script goes below this line", tracer))
	}
	// Each update of the picture replaces the one before, in this cell's output and nowhere else.
	id := "trace-" + rand.Text()
	screen := func(b display.Bundle, update bool) {
		// What was printed before the picture changes is to come before it.
		console.mu.Lock()
		defer console.mu.Unlock()
		drain()
		r.out.Display(b, id, update)
	}
	s.mu.Unlock()
	capture, err := tracing.Run(ctx, script, screen, runWriter{r, 0}, opts)
	s.mu.Lock()
	if capture != nil {
		r.traced = capture
		// The trace is over, and an interrupt has done what it is for.
		if res := s.goCode(context.WithoutCancel(ctx), r, variable+" := "+rtName+".Traced()"); res.Err != nil {
			return res
		}
		r.traced = nil
	}
	if err != nil {
		return cell.Result{Err: s.traceError(r, tracer, above, err)}
	}
	return cell.Result{}
}

// traced is the capture of the cell that is being run, for the statement that gives it to a
// variable.
func traced() *dtracefs.Capture {
	if r := currentRun(); r != nil {
		return r.traced
	}
	return nil
}

// traceError describes why a tracer failed, at the places of the cell where that is known.
//
// Lines of a tracer's message are those of the script, which begins below the command.
func (s *Session) traceError(r *run, tracer string, above int, err error) *cell.Error {
	out := &cell.Error{Name: "trace error"}
	var e *dtracefs.TracerError
	if !errors.As(err, &e) {
		msg := err.Error()
		if errors.Is(err, dtracefs.ErrNoTracer) {
			msg = "there is no " + tracer + " on PATH: it comes with the system or as a package of its own"
		}
		msg = dtracefs.PrintableLines(msg)
		out.Message, out.Traceback = msg, []string{cell.Headline(out.Name, msg)}
		return out
	}
	var messages []string
	for _, f := range e.Faults {
		if f.Privileges {
			f.Hint += "; in a cell, --with sudo, doas or pfexec on its first line does that"
		}
		f.Text = dtracefs.PrintableLines(f.Text)
		at, msg := "", f.Text
		if f.Hint != "" {
			msg += "\n" + f.Hint
		}
		pos := token.Position{Filename: r.file}
		if f.Line > 0 {
			pos.Line, pos.Column = f.Line+above, f.Column
			at = fmt.Sprintf("%s:%d: ", r.file, pos.Line)
			if pos.Column > 0 {
				at = pos.String() + ": "
			}
		}
		messages = append(messages, at+msg)
		out.Traceback = append(out.Traceback, cell.Headline(out.Name, at+f.Text))
		if f.Line > 0 {
			out.Traceback = append(out.Traceback, widened(s.texts.marked(pos), f.Width)...)
		}
		if f.Hint != "" {
			out.Traceback = append(out.Traceback, f.Hint)
		}
	}
	out.Message = strings.Join(messages, "\n")
	return out
}

// widened makes the mark below a line as wide as what it is about.
func widened(lines []string, width int) []string {
	if n := len(lines); n > 0 && width > 1 {
		lines[n-1] = strings.Replace(lines[n-1], "^"+cell.Plain, strings.Repeat("^", width)+cell.Plain, 1)
	}
	return lines
}
