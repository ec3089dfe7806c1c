package eval

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	_ "dtnotes/kernel/eval/internal/slots" // room for methods of interpreted types
	"dtnotes/kernel/eval/modules"
)

// Options says how a session is to be; the zero value is a session as a notebook wants it.
type Options struct {
	// Dir is the folder from which packages of a local module are imported; the current folder if
	// empty.
	Dir string
	// CellName names a cell in errors and stacks; "cell[3]" for the third if nil.
	CellName func(number int) string
	// NoInterrupt leaves out the checks that make loops and calls interruptible.
	NoInterrupt bool
	// Got is what has been got before the session begins; nil for nothing.
	Got *modules.Set
	// Restarts says that whoever runs the session heeds the Next of a cell's result.
	Restarts bool
	// PrintValues has the values of results come with their text, as fmt prints it.
	PrintValues bool
}

// A Session evaluates cells; it implements cell.Evaluator. A cell is compiled while no other is,
// and runs beside others. All sessions of a process share its os.Stdout and os.Stderr, which a
// session redirects while it is open, so that only one of them should run cells at a time.
type Session struct {
	opts   Options
	engine *engine
	runner *runner
	texts  *texts
	cells  int

	mu      sync.Mutex // held but while a cell runs: completion looks at all of the above
	closing sync.Once
}

var _ cell.Evaluator = (*Session)(nil)

// New begins a session.
//
// The first session of a process redirects os.Stdout and os.Stderr, and Close of the last gives
// them back.
func New(opts Options) (*Session, error) {
	if err := openConsole(); err != nil {
		return nil, err
	}
	if opts.CellName == nil {
		opts.CellName = func(n int) string { return fmt.Sprintf("cell[%d]", n) }
	}
	s := &Session{opts: opts, texts: newTexts()}
	s.runner = newRunner(&s.mu, s.texts, opts)
	s.engine = newEngine(opts, s.runner, s.texts)
	return s, nil
}

// discard drops what is printed by code that completion or an import runs.
type discard struct{}

func (discard) Stream(name, text string)                         {}
func (discard) Display(b display.Bundle, id string, update bool) {}
func (discard) Clear(wait bool)                                  {}

// reset forgets everything, and ends the goroutines that cells have left behind. The ones of the
// cell that asks for it are among them, so Eval begins a new run for what stands below the
// command.
func (s *Session) reset() {
	s.runner.retire()
	s.opts.Got = s.engine.packages.got // modules are got for good
	s.engine = newEngine(s.opts, s.runner, s.texts)
}

// Close implements cell.Evaluator.
func (s *Session) Close() error {
	s.closing.Do(func() {
		s.runner.close()
		closeConsole()
	})
	return nil
}

// Eval implements cell.Evaluator.
//
// The mutex is held but while a cell's code runs, see runner.execute: so a cell that waits, or
// never ends, keeps no other from being compiled and no completion from being answered. What
// panics here is a mistake of ours, and the cell's failure and not the process's end.
func (s *Session) Eval(ctx context.Context, c cell.Cell) (res cell.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Not while a cell runs: what its code uses is not all reachable by names.
	if s.cells++; s.cells%sweepEvery == 0 && s.runner.idle.Load() {
		s.engine.sweep()
	}
	if c.Number == 0 {
		c.Number = s.cells
	}
	file := s.opts.CellName(c.Number)
	s.texts.add(file, c.Code)
	r := s.runner.begin(ctx, file, c)
	defer func() { s.runner.end(r) }()
	defer func() {
		if x := recover(); x != nil {
			res = failure("internal error", fmt.Sprintf("internal error: %v", x))
		}
	}()
	if s.asksExit(c.Code) {
		return cell.Result{Exit: true}
	}
	segs := segments(c.Code, s.engine.knows)
	// Refused before anything has run: %%time in the middle would time half a cell and say
	// nothing of it.
	if n := len(segs); n > 0 && segs[n-1].late {
		return failure("misplaced command", segs[n-1].magic+" is for a whole cell and has to be its first line")
	}
	for _, seg := range together(segs) {
		// The mutex was free while the segment before ran, and another cell may have become the
		// current one.
		s.runner.resume(r)
		if ctx.Err() != nil {
			return cell.Result{Err: s.texts.runError(interrupted())}
		}
		r.shown, r.bundle, r.printed = nil, display.Bundle{}, nil
		if seg.magic != "" {
			res = s.command(ctx, r, seg)
		} else {
			res = s.goCode(ctx, r, seg.code)
		}
		// The session goes on in another program, with what is left.
		if next := res.Next; next != nil {
			next.Code = seg.left
			return res
		}
		if res.Err != nil {
			return res
		}
		if r.halted() { // by %reset, which ends the goroutines of what stands above it
			s.runner.end(r)
			r = s.runner.begin(ctx, file, c)
		}
	}
	return res
}

// goCode runs the Go code of a cell.
//
// If a cell lost an error and failed after that, the lost one is reported first, as it is most
// likely the reason for the failure.
func (s *Session) goCode(ctx context.Context, r *run, code string) cell.Result {
	e := s.engine
	c, warnings, err := e.compile(r.file, code)
	if missing, ok := errors.AsType[*sourceError](err); ok {
		if res, ok := bring(ctx, s, r, missing); ok && (res.Err != nil || res.Next != nil) {
			return res
		} else if ok {
			c, warnings, err = e.compile(r.file, code)
		}
	}
	if err != nil {
		return cell.Result{Err: e.compileError(err)}
	}
	for _, w := range warnings {
		printTo(1, []byte("warning: "+w+"\n"))
	}
	r.sightings, r.lost, r.watchShown = c.sightings, nil, 0
	err = e.runChecked(ctx, r, c)
	// The goroutine may have been left behind, and may still write what is read below.
	if err != nil && r.halted() {
		return cell.Result{Err: s.texts.runError(err)}
	}
	r.lookAtShown()
	switch {
	case err != nil && r.lost != nil:
		return cell.Result{Err: s.texts.lostFailure(r.lost, s.texts.runError(err))}
	case err != nil:
		return cell.Result{Err: s.texts.runError(err)}
	case r.lost != nil:
		return cell.Result{Err: s.texts.lostFailure(r.lost, nil)}
	}
	res := cell.Result{Bundle: r.bundle}
	for i, v := range r.shown {
		value := cell.Value{V: v, Type: fmt.Sprintf("%T", v)}
		if i < len(r.printed) {
			value.Text = r.printed[i]
		}
		res.Values = append(res.Values, value)
	}
	return res
}

// again tells how the session has to begin again should its process die: with the modules that it
// has got.
func (s *Session) again(r *run) {
	if r.again == nil || s.engine.packages.got == nil {
		return
	}
	file, err := s.engine.packages.got.Keep()
	if err != nil {
		runWriter{r, 1}.Write([]byte("What was got would be lost with the session: " + err.Error() + "\n"))
		return
	}
	r.again([]string{"--modules", file})
}
