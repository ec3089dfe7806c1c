package eval

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"dtnotes/kernel/cell"
)

// A runner runs programs of cells in goroutines, and ends them.
//
// All fields but flags, stacks, idle and generation are used with the session's mutex held.
type runner struct {
	compiling sync.Locker // held but while a cell runs
	texts     *texts
	checks    bool // code looks at its stop flag
	tellsAll  bool // values of results come with their text

	flags      flags
	stacks     stackWatch
	idle       atomic.Bool  // no cell runs
	generation atomic.Int64 // goes up with retire: what is older is to end

	current *run // the cell being compiled, or compiled last
	running []*run
}

// newRunner makes a runner that unlocks compiling while code of a cell runs. There is a current
// run from the beginning, for what completion and imports bring about before a cell has run; what
// it prints is dropped.
func newRunner(compiling sync.Locker, t *texts, opts Options) *runner {
	rr := &runner{compiling: compiling, texts: t, checks: !opts.NoInterrupt, tellsAll: opts.PrintValues}
	rr.stacks.limit, rr.stacks.frames = stackLimit, maxFrames
	rr.current = rr.newRun("", cell.Cell{Out: discard{}})
	return rr
}

func (rr *runner) newRun(file string, c cell.Cell) *run {
	return &run{runner: rr, ctx: context.Background(), file: file, out: c.Out, input: c.Input, again: c.Again, birth: rr.generation.Load(), deep: make(chan struct{}, 1), exits: make(chan struct{})}
}

// begin makes the run of a cell the current one.
//
// Its own context is done when the cell is interrupted or has ended: it is what display.Context
// gives to code that follows a tracer.
func (rr *runner) begin(ctx context.Context, file string, c cell.Cell) *run {
	r := rr.newRun(file, c)
	r.ctx = ctx
	r.own, r.release = context.WithCancel(ctx)
	setLatest(r)
	rr.current = r
	rr.running = append(rr.running, r)
	rr.idle.Store(false)
	return r
}

// resume makes a run the current one again: others may have begun meanwhile.
func (rr *runner) resume(r *run) { rr.current = r }

// end is the end of a run. What goroutines print that belong to no cell goes to a cell that still
// runs, if there is one.
//
// Everything printed so far is handed on first, while it still belongs to this cell. What is left
// of a line of input is forgotten once no cell runs, so that the next cell asks anew.
func (rr *runner) end(r *run) {
	flushConsole()
	r.release()
	rr.running = slices.DeleteFunc(rr.running, func(x *run) bool { return x == r })
	if n := len(rr.running); n > 0 {
		setLatest(rr.running[n-1])
		return
	}
	rr.idle.Store(true)
	stdin.forget()
}

// retire ends the goroutines of all cells so far.
//
// All flags are set for good, and a goroutine that looks at its flag finds that its run is of an
// older generation, which says that it is meant.
func (rr *runner) retire() {
	rr.generation.Add(1)
	rr.flags.retire()
}

func (rr *runner) close() {
	rr.retire()
	rr.stacks.close()
}
