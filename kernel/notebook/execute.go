package notebook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// Options say how a notebook is executed. The zero value stops at the first failing cell and sets
// no limit of time.
type Options struct {
	AllowErrors bool          // record the error of a failing cell and go on
	Timeout     time.Duration // of each cell; 0 is none
	Save        func() error  // if not nil, writes the notebook, after every cell
	Started     func(p Progress)
	Ended       func(p Progress)
	Echo        io.Writer // if not nil, takes as text what cells print and show
}

// Progress says how far an execution has come.
type Progress struct {
	Cell    *Cell
	Nth, Of int // among the cells to execute, from 1
	Elapsed time.Duration
	Err     error
}

// CellError says which cell failed, and how.
type CellError struct {
	Position int // in the notebook, from 1, Markdown cells counted
	Number   int // the cell's execution count, as in its prompt In [Number]
	Err      *cell.Error
}

func (e *CellError) Error() string {
	return fmt.Sprintf("cell %d (In [%d]) failed: %s: %s", e.Position, e.Number, e.Err.Name, e.Err.Message)
}

func (e *CellError) Unwrap() error { return e.Err }

// Execute runs every code cell in order and replaces its outputs. Empty cells and cells tagged
// "skip-execution" are left out; cells tagged "raises-exception" may fail. It stops at the first
// failing cell with a *CellError, or when ctx is done; the outputs until then are in the notebook.
func (nb *Notebook) Execute(ctx context.Context, ev cell.Evaluator, opt Options) error {
	if err := nb.checkLanguage(); err != nil {
		return err
	}
	var todo []int
	for i, c := range nb.Cells {
		if c.Type != "code" {
			continue
		}
		// This is done even for cells that are not executed: an output that no code of this run has
		// made would mislead.
		c.Outputs, c.ExecutionCount = nil, 0
		if strings.TrimSpace(c.Source) != "" && !c.Tagged("skip-execution") {
			todo = append(todo, i)
		}
	}
	rec := &recorder{nb: nb, echo: opt.Echo}
	defer rec.close()
	for n, i := range todo {
		c := nb.Cells[i]
		p := Progress{Cell: c, Nth: n + 1, Of: len(todo)}
		if opt.Started != nil {
			opt.Started(p)
		}
		begin := time.Now()
		failure := rec.run(ctx, ev, c, n+1, opt.Timeout)
		p.Elapsed = time.Since(begin)
		if failure != nil {
			p.Err = &CellError{i + 1, n + 1, failure}
		}
		// The notebook is saved before the failure is returned, so that it contains the failure.
		if err := rec.save(opt.Save); err != nil {
			return fmt.Errorf("saving the notebook after cell %d: %w", i+1, err)
		}
		if opt.Ended != nil {
			opt.Ended(p)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped in cell %d (In [%d]): %w", i+1, n+1, context.Cause(ctx))
		}
		if failure != nil && !opt.AllowErrors && !c.Tagged("raises-exception") {
			return p.Err
		}
	}
	nb.stamp()
	return nil
}

// checkLanguage refuses a notebook whose cells are in another language than Go.
func (nb *Notebook) checkLanguage() error {
	spec, _ := nb.Metadata["kernelspec"].(map[string]any)
	info, _ := nb.Metadata["language_info"].(map[string]any)
	for _, lang := range []any{spec["language"], info["name"]} {
		if s, _ := lang.(string); s != "" && !strings.EqualFold(s, "go") {
			return fmt.Errorf("the notebook's language is %s; dtnotes runs Go", s)
		}
	}
	return nil
}

// stamp names the kernel in a notebook that names none, so that a viewer highlights its cells.
func (nb *Notebook) stamp() {
	if nb.Metadata["kernelspec"] == nil {
		nb.Metadata["kernelspec"] = map[string]any{"name": "dtnotes", "display_name": "Go (dtnotes)", "language": "go"}
	}
	if nb.Metadata["language_info"] == nil {
		nb.Metadata["language_info"] = map[string]any{"name": "go", "file_extension": ".go", "mimetype": "text/x-go"}
	}
}

// recorder writes what cells print and show into the notebook. Goroutines of a cell may go on while
// later cells run: what they print belongs to their own cell.
type recorder struct {
	mu     sync.Mutex
	nb     *Notebook
	echo   io.Writer
	sinks  []*sink
	closed bool
}

func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sinks {
		s.flush()
	}
	r.closed = true
}

// save calls f while nothing is recorded and everything that has been is in the notebook.
func (r *recorder) save(f func() error) error {
	if f == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sinks {
		if s.stream != nil {
			s.stream.Text = string(s.text)
		}
	}
	return f()
}

// run executes one cell and returns why it failed, if it did.
func (r *recorder) run(ctx context.Context, ev cell.Evaluator, c *Cell, number int, timeout time.Duration) *cell.Error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("the cell did not end within %v", timeout))
		defer cancel()
	}
	out := &sink{recorder: r, cell: c}
	r.mu.Lock()
	r.sinks = append(r.sinks, out)
	r.mu.Unlock()
	res := ev.Eval(ctx, cell.Cell{Code: c.Source, Number: number, Out: out})
	r.mu.Lock()
	defer r.mu.Unlock()
	c.ExecutionCount = number
	if page := res.Page; len(page.Data) > 0 {
		out.add(&Output{Type: "display_data", Bundle: page})
	}
	if len(res.Bundle.Data) > 0 {
		out.add(&Output{Type: "execute_result", Bundle: res.Bundle, ExecutionCount: number})
	}
	if res.Err == nil {
		return nil
	}
	failure := *res.Err
	// The evaluator says that the cell was interrupted. That this was because of the time it took
	// is known only here.
	if cause := context.Cause(ctx); cause != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failure.Name, failure.Message = "timeout", cause.Error()
		failure.Traceback = append([]string{cell.Headline(failure.Name, failure.Message)}, failure.Traceback...)
	}
	out.add(&Output{Type: "error", Err: Error{failure.Name, failure.Message, failure.Shown()}})
	return &failure
}

// sink is the recorder for one cell.
type sink struct {
	*recorder
	cell   *Cell
	clear  bool    // the next output replaces those before
	stream *Output // the last output, if it is a stream that may still grow
	text   []byte  // of that stream, so that many small writes do not copy it each time
}

// add appends an output; the recorder is locked.
func (s *sink) add(o *Output) {
	s.flush()
	if s.clear {
		s.cell.Outputs, s.clear = nil, false
	}
	s.cell.Outputs = append(s.cell.Outputs, o)
	if text, _ := o.Bundle.Data["text/plain"].(string); s.echo != nil && text != "" {
		fmt.Fprintln(s.echo, strings.TrimSuffix(text, "\n"))
	}
}

func (s *sink) flush() {
	if s.stream != nil {
		s.stream.Text = string(s.text)
	}
	s.stream, s.text = nil, nil
}

func (s *sink) Stream(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || text == "" {
		return
	}
	if s.echo != nil {
		io.WriteString(s.echo, text)
	}
	if s.stream == nil || s.stream.Name != name || s.clear {
		o := &Output{Type: "stream", Name: name}
		s.add(o)
		s.stream = o
	}
	s.text = append(s.text, text...)
}

func (s *sink) Display(b display.Bundle, id string, update bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if !update {
		s.add(&Output{Type: "display_data", Bundle: b, displayID: id})
		return
	}
	// An update reaches the display wherever it is shown, also in cells before.
	for _, c := range s.nb.Cells {
		for _, o := range c.Outputs {
			if o.displayID == id {
				o.Bundle = b
			}
		}
	}
}

func (s *sink) Clear(wait bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear = wait
	if !wait {
		s.stream, s.text, s.cell.Outputs = nil, nil, nil
	}
}
