package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Interpreted code is stopped by flags that its loops and functions look at, see guard.go. What
// sees its flag set calls halt, which decides whether the calling goroutine is meant, and how it
// can end.

// A stopFlag is what the code of one program looks at in loops and functions. The flag of a run
// that was halted stays set, so that its goroutines end whenever they look: later cells have
// programs of their own, also for the functions that it declares.
//
// It is a channel that holds a word or none: any goroutine may ask for its length at any time, and
// the interpreter does that without allocating.
type stopFlag struct {
	c    chan struct{}
	kept bool
}

func newStopFlag() *stopFlag { return &stopFlag{c: make(chan struct{}, 1)} }

func (f *stopFlag) set(stop bool) {
	if stop {
		select {
		case f.c <- struct{}{}:
		default:
		}
		return
	}
	select {
	case <-f.c:
	default:
	}
}

// flags are the stop flags of all programs of a session that may still run.
type flags struct {
	mu     sync.Mutex
	list   []weak.Pointer[stopFlag]
	raised int // how many reasons there are to have all of them set
}

func (f *flags) add(x *stopFlag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == cap(f.list) { // before it grows, drop the dead
		live := make([]weak.Pointer[stopFlag], 0, len(f.list)+16)
		for _, w := range f.list {
			if w.Value() != nil {
				live = append(live, w)
			}
		}
		f.list = live
	}
	f.list = append(f.list, weak.Make(x))
}

// setAll sets the flags that are not kept. f.mu is held.
func (f *flags) setAll(stop bool) {
	for _, w := range f.list {
		if x := w.Value(); x != nil && !x.kept {
			x.set(stop)
		}
	}
}

// raise sets all flags until lower is called as often: code of earlier cells, which a goroutine may
// be running, looks at flags of its own.
//
// A goroutine that is not meant looks once, finds that out, and goes on. Raising is counted,
// because an interrupt and a look at the stacks may come at the same time.
func (f *flags) raise() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.raised++; f.raised == 1 {
		f.setAll(true)
	}
}

func (f *flags) lower() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.raised--; f.raised == 0 {
		f.setAll(false)
	}
}

// keep sets one flag for good.
func (f *flags) keep(x *stopFlag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x.set(true)
	x.kept = true
}

// retire sets the flags of all programs there are for good.
func (f *flags) retire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setAll(true)
	f.list = nil
}

const (
	patience   = 30 * time.Millisecond  // for interrupted code to stop by itself
	deepTime   = 5 * time.Second        // after a stack overflow, as a deep stack unwinds slowly
	deferTime  = 20 * time.Millisecond  // deferred functions may take so long after that
	sweepTime  = 300 * time.Millisecond // for finding goroutines of a halted cell in code of others
	probeTime  = 20 * time.Millisecond  // every goroutine looks at its depth meanwhile
	watchBusy  = 5 * time.Millisecond   // how often stacks are looked at while a cell runs
	watchQuiet = 50 * time.Millisecond  // and while only its goroutines do
	probePause = 80 * time.Millisecond  // and then again after that
)

// When a recursion is taken for one without end.
const (
	stackLimit = 200 << 20 // growth of all stacks at which goroutines are asked for their depth
	maxFrames  = 500_000   // of one goroutine's stack; a call in a cell takes two or more
)

// haltError says why a run was halted.
type haltError struct {
	name, msg string
	at        error // where the run was, if it is known
}

func (e *haltError) Error() string { return e.msg }

func interrupted() *haltError { return &haltError{name: "interrupted", msg: "interrupted"} }

// haltValue unwinds a goroutine that is to stop.
type haltValue struct{}

// exitValue unwinds a goroutine that called os.Exit.
type exitValue struct{ code int }

func (e exitValue) failure() *haltError {
	return &haltError{name: "exit", msg: fmt.Sprintf("exit status %d", e.code)}
}

// endValue unwinds a cell that returns at its top level.
type endValue struct{}

// exit is os.Exit: no more code of the cell runs, not even what it deferred, and what it prints
// is lost. In a goroutine whose cell has ended it ends that goroutine alone.
func exit(code int) {
	e := exitValue{code}
	if r := runOfGoroutine(); r != nil && !r.ended.Load() && r.exited.CompareAndSwap(nil, &e) {
		flushConsole()
		r.stop()
		close(r.exits)
	}
	panic(e)
}

// stop has all goroutines of a run stop where they look at their flags.
func (r *run) stop() {
	r.haltedAt.Store(time.Now().UnixNano())
	r.runner.flags.keep(r.flag)
	r.runner.flags.raise()
	time.AfterFunc(sweepTime, r.runner.flags.lower)
}

// leave is called by a deferred function whose stop flag is set: the function goes on if its cell
// was interrupted, but not if the cell called os.Exit.
func leave() {
	if r := runOfGoroutine(); r != nil && r.exited.Load() != nil {
		r.end(goroutineName())
	}
}

// halted reports whether the goroutines of a run are to go: it was halted itself, or the session
// was reset.
func (r *run) halted() bool { return r.haltedAt.Load() != 0 || r.birth != r.runner.generation.Load() }

// await waits until a run has ended by itself or by force.
func (rr *runner) await(ctx context.Context, r *run, done chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return rr.halt(r, done, interrupted())
	case <-r.exits:
		return rr.halt(r, done, r.exited.Load().failure())
	case <-r.deep:
		err := rr.halt(r, done, &haltError{name: "stack overflow", msg: "stack overflow: a recursion does not end"})
		runtime.GC() // gives the stacks back
		return err
	}
}

// halt stops a run: by the flags, or, where it is blocked, by giving up its goroutine.
func (rr *runner) halt(r *run, done chan error, why *haltError) error {
	r.progress.Load() // what the statements up to there wrote can be read from now on
	r.stop()
	wait := patience
	if why.name == "stack overflow" {
		wait = deepTime
	}
	select {
	case why.at = <-done:
	case <-time.After(wait):
	}
	return why
}

// halt is called by interpreted code whose stop flag is set. The flags of all programs are set
// together, so that code of earlier cells stops too where a run calls it; only the goroutines that
// are meant are to go.
func halt() {
	r := runOfGoroutine()
	switch {
	case r == nil:
	case r.halted():
		r.unwind()
	case r.runner.stacks.probing.Load() && runtime.Callers(r.runner.stacks.frames, make([]uintptr, 1)) > 0:
		r.overflow()
	}
}

// overflow ends the calling goroutine, which is in a recursion without end, and the run if it is in
// that.
func (r *run) overflow() {
	if r.ended.Load() {
		goPanic(inGoroutine, errors.New("stack overflow: a recursion does not end"), nil)
	} else {
		r.haltedAt.Store(time.Now().UnixNano())
		select {
		case r.deep <- struct{}{}:
		default:
		}
	}
	r.end(goroutineName())
}

// unwind ends the calling goroutine, or lets it go on for a moment if it runs what was deferred.
func (r *run) unwind() {
	since := time.Now().UnixNano() - r.haltedAt.Load()
	if r.exited.Load() == nil && time.Duration(since) < deferTime && inDeferred() {
		return
	}
	r.end(goroutineName())
}

// end ends the calling goroutine. Where one of the session's own functions is below, it is unwound
// up to there. A goroutine that compiled code has started has nothing below that would recover, and
// neither panic nor runtime.Goexit pass the interpreter's deferred functions unharmed: it waits
// forever. A handler of package net/http has a panic of its own for this.
func (r *run) end(goroutine string) {
	how, known := r.bottoms.Load(goroutine)
	if !known {
		how = bottom()
		r.bottoms.Store(goroutine, how)
	}
	switch how {
	case guarded:
		panic(haltValue{})
	case handler:
		panic(http.ErrAbortHandler)
	}
	select {}
}

// goroutineName is "goroutine 12".
func goroutineName() string {
	var buf [64]byte
	name, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte(" ["))
	return string(name)
}

// inDeferred reports whether the calling code has been called by a deferred function, not far
// below.
func inDeferred() bool {
	var pcs [64]uintptr
	return hasFrame(pcs[:runtime.Callers(2, pcs[:])], func(name string) bool {
		return strings.HasSuffix(name, "ixgo.(*frame).runDefers") || strings.Contains(name, "eval/native.(*deferList).")
	})
}

// What is at the bottom of a goroutine's stack.
type bottomKind int

const (
	foreign bottomKind = iota // compiled code that knows nothing of cells
	guarded                   // a function that recovers what is thrown to stop it
	handler                   // a server of package net/http, which recovers too
)

// bottom looks for the function at the bottom of the calling goroutine's stack. The interpreter
// starts goroutines only with functions that guardGo has prepared.
func bottom() bottomKind {
	pcs := make([]uintptr, 256)
	n := runtime.Callers(2, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 4*len(pcs))
		n = runtime.Callers(2, pcs)
	}
	kind := foreign
	lowest := ""
	hasFrame(pcs[max(0, n-64):n], func(name string) bool {
		switch {
		case strings.HasPrefix(name, "dtnotes/kernel/eval.guard"), strings.HasPrefix(name, "dtnotes/kernel/eval.(*runner).execute"), strings.HasPrefix(name, "dtnotes/kernel/eval.callbackOwner"),
			strings.HasPrefix(name, "dtnotes/kernel/eval.(*nativeHost).Go"):
			kind = guarded
		case strings.HasPrefix(name, "net/http.(*conn).serve"), strings.HasPrefix(name, "net/http.(*http2serverConn).runHandler"):
			kind = handler
		case name != "runtime.goexit":
			lowest = name
		}
		return kind != foreign
	})
	if strings.HasPrefix(lowest, "github.com/goplus/ixgo.makeInstr.") { // its go statement
		return guarded
	}
	return kind
}

func hasFrame(pcs []uintptr, is func(name string) bool) bool {
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if is(f.Function) {
			return true
		}
		if !more {
			return false
		}
	}
}

// A stackWatch looks for goroutines in a recursion without end, before the Go runtime does, which
// would end the process. It looks at the memory of all stacks, which costs nothing; if that has
// grown much, every goroutine is asked for its depth, for it may be many goroutines that take it.
type stackWatch struct {
	limit  uint64 // stackLimit
	frames int    // maxFrames

	mu      sync.Mutex
	active  bool
	closed  bool
	again   bool // a cell has begun, or a goroutine of compiled code's making
	probing atomic.Bool
}

// watchStacks has the stacks watched while the cell that is about to run does, and as long as more
// goroutines are there than before it.
func (rr *runner) watchStacks() {
	w := &rr.stacks
	w.mu.Lock()
	defer w.mu.Unlock()
	w.again = true
	if !w.active && !w.closed && rr.checks {
		w.active = true
		go rr.watch(runtime.NumGoroutine(), stackBytes())
	}
}

// quietRounds is how often in a row there has to be nothing to watch until the watch ends.
const quietRounds = 3

func (rr *runner) watch(goroutines int, base uint64) {
	for quiet := 0; ; {
		period := watchBusy
		if rr.idle.Load() {
			period = watchQuiet
		}
		time.Sleep(period)
		if quiet = rr.stacks.rest(rr.idle.Load() && runtime.NumGoroutine() <= goroutines, quiet); quiet > quietRounds {
			return
		}
		n := stackBytes()
		base = min(base, n)
		if n < base+rr.stacks.limit {
			continue
		}
		// It may take more than once: a goroutine looks at nothing while its stack is being moved.
		rr.stacks.probing.Store(true)
		rr.flags.raise()
		time.Sleep(probeTime)
		rr.flags.lower()
		rr.stacks.probing.Store(false)
		time.Sleep(probePause)
	}
}

func (w *stackWatch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// rest counts how often in a row there was nothing to watch, and ends the watch when that was
// often enough.
func (w *stackWatch) rest(nothing bool, rounds int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		rounds = quietRounds
	case !nothing || w.again:
		w.again = false
		return 0
	}
	if rounds++; rounds > quietRounds {
		w.active = false
	}
	return rounds
}

// stackBytes is how much memory all goroutine stacks take.
func stackBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
