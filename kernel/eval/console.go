package eval

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"dtnotes/analysis/behavior"
	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/comm"
	"dtnotes/kernel/tracing"
)

// The console is where everything that is written to os.Stdout and os.Stderr in the process goes:
// to the cell that is running, or ran last. What interpreted code prints through package fmt takes
// a direct way, which knows the goroutine's own cell; the mutex keeps both in order.
var console struct {
	mu     sync.Mutex
	users  int
	pipes  [2]*pipe
	filled *readiness // of the pipes
	saved  [2]*os.File
	latest *run
	buf    []byte

	// What was printed directly and is not handed on yet, and the clock that will see to it.
	pending []byte
	stream  int
	owner   *run
	burst   int // how many prints since the clock was set
	clock   *time.Timer

	savedLog io.Writer
	own      arguments
}

var streamNames = [2]string{"stdout", "stderr"}

// Text that is printed in quick succession is joined: a few prints are handed on at once, also lest
// they be lost where the process dies next, and what follows waits a moment, or until there is much
// of it.
const (
	batchAfter = 16 // prints
	batchDelay = 500 * time.Microsecond
	batchSize  = 64 << 10
)

// openConsole redirects os.Stdout and os.Stderr when the first session begins.
//
// The variables os.Stdout and os.Stderr are replaced and not the descriptors below them: what a
// command started by a cell inherits, or the Go runtime writes when it dies, is the process's
// own.
func openConsole() error {
	console.mu.Lock()
	defer console.mu.Unlock()
	if console.users++; console.users > 1 {
		return nil
	}
	console.buf = make([]byte, 64<<10)
	for i := range console.pipes {
		p, err := newPipe()
		if err != nil {
			return fmt.Errorf("capture %s: %w", streamNames[i], err)
		}
		console.pipes[i] = p
		go p.watch(func() (ended bool) {
			console.mu.Lock()
			defer console.mu.Unlock()
			return console.pipes[i] != p || drainOne(i, p)
		})
	}
	var err error
	if console.filled, err = newReadiness(console.pipes[0], console.pipes[1]); err != nil {
		return err
	}
	console.saved = [2]*os.File{os.Stdout, os.Stderr}
	os.Stdout, os.Stderr = console.pipes[0].w, console.pipes[1].w
	console.own = takeArguments()
	console.savedLog = log.Writer()
	log.SetOutput(logWriter{})
	display.SetPublisher(func(b display.Bundle, id string, update bool) {
		toCell(func(out cell.Output) { out.Display(b, id, update) })
	})
	display.SetContext(cellContext)
	behavior.SetScreen(tracing.ShowWatch)
	comm.SetOwner(callbackOwner)
	display.SetClearer(func(wait bool) {
		toCell(func(out cell.Output) { out.Clear(wait) })
	})
	return nil
}

// cellContext is the context of the cell that the calling goroutine belongs to.
func cellContext() context.Context {
	if r := currentRun(); r != nil && r.own != nil && !r.ended.Load() {
		return r.own
	}
	return context.Background()
}

// closeConsole gives os.Stdout and os.Stderr back when the last session ends.
func closeConsole() {
	// This is not done under the mutex, which a reader of the pipe may wait for.
	for _, p := range releaseConsole() {
		p.w.Close()
		p.r.Close()
	}
}

func releaseConsole() []*pipe {
	console.mu.Lock()
	defer console.mu.Unlock()
	if console.users--; console.users > 0 {
		return nil
	}
	drain()
	os.Stdout, os.Stderr = console.saved[0], console.saved[1]
	console.own.giveBack()
	log.SetOutput(console.savedLog)
	display.SetPublisher(nil)
	display.SetClearer(nil)
	display.SetContext(nil)
	behavior.SetScreen(nil)
	comm.SetOwner(nil)
	pipes := console.pipes
	console.filled.close()
	console.filled = nil
	console.pipes, console.latest, console.owner = [2]*pipe{}, nil, nil
	return pipes[:]
}

// flushPending hands on what was printed directly. The caller holds console.mu.
func flushPending() {
	if len(console.pending) > 0 {
		text := string(console.pending)
		console.pending = console.pending[:0]
		console.owner.out.Stream(streamNames[console.stream], text)
	}
}

// tick hands on what has waited for a moment. The clock stops when nothing has come meanwhile.
func tick() {
	console.mu.Lock()
	defer console.mu.Unlock()
	console.burst = 0
	if len(console.pending) == 0 {
		console.clock = nil
		return
	}
	flushPending()
	console.clock.Reset(batchDelay)
}

// drain hands on everything that was written, directly or through the pipes. The caller holds
// console.mu.
func drain() {
	flushPending()
	drainPipes()
}

func drainPipes() {
	if console.filled == nil || !console.filled.ready() {
		return
	}
	for i, p := range console.pipes {
		if p != nil {
			drainOne(i, p)
		}
	}
}

// drainOne reads until the pipe is empty and hands on what it reads; the result says that the
// pipe is closed.
func drainOne(stream int, p *pipe) (ended bool) {
	for {
		n, ended := p.read(console.buf)
		if n == 0 {
			return ended
		}
		flushPending()
		if console.latest != nil {
			console.latest.out.Stream(streamNames[stream], string(console.buf[:n]))
		}
	}
}

// flushConsole hands on everything that has been written so far.
func flushConsole() {
	console.mu.Lock()
	defer console.mu.Unlock()
	drain()
}

// setLatest makes r the cell that undirected output belongs to.
func setLatest(r *run) {
	console.mu.Lock()
	defer console.mu.Unlock()
	drain()
	console.latest = r
}

// toCell gives put the output of the cell that the goroutine belongs to, after what was written
// before.
//
// What was printed before comes first, whatever way it took, as a reader of the cell expects of
// two lines one below the other.
func toCell(put func(cell.Output)) {
	r := runOfGoroutine()
	console.mu.Lock()
	defer console.mu.Unlock()
	drain()
	if r == nil {
		r = console.latest
	}
	if r != nil {
		put(r.out)
	}
}

// printTo prints text to a stream of the cell that the goroutine belongs to.
//
// The first prints of a burst are handed on at once, each with a message of its own; with more of
// them the messages would cost more than the printing, so they are joined until the clock ticks
// or another cell or stream prints. What a cell prints after os.Exit is lost, as it would be in a
// program.
func printTo(stream int, text []byte) {
	r := runOfGoroutine()
	if r != nil && r.exited.Load() != nil {
		return
	}
	console.mu.Lock()
	defer console.mu.Unlock()
	drainPipes()
	if r == nil {
		r = console.latest
	}
	if r == nil {
		return
	}
	if console.owner != r || console.stream != stream || len(console.pending)+len(text) > batchSize {
		flushPending()
		console.owner, console.stream = r, stream
	}
	if console.burst++; console.burst <= batchAfter || len(text) > batchSize {
		r.out.Stream(streamNames[stream], string(text))
	} else {
		console.pending = append(console.pending, text...)
	}
	if console.clock == nil {
		console.clock = time.AfterFunc(batchDelay, tick)
	}
}

// streamOf returns which of the redirected files w is, if it is one.
func streamOf(w any) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || f == nil {
		return 0, false
	}
	for i, p := range console.pipes {
		if p != nil && p.w == f {
			return i, true
		}
	}
	return 0, false
}

// streamWriter is an io.Writer on a stream of the goroutine's cell.
type streamWriter int

func (s streamWriter) Write(b []byte) (int, error) {
	printTo(int(s), b)
	return len(b), nil
}

// logWriter is where package log writes to: what cells log is their output, what the program itself
// logs stays where it was.
type logWriter struct{}

func (logWriter) Write(b []byte) (int, error) {
	if runOfGoroutine() == nil {
		return console.savedLog.Write(b)
	}
	// What a server of package net/http logs of a panic has the interpreter's stack behind it.
	said, _, _ := bytes.Cut(b, []byte("\ngoroutine "))
	if len(said) < len(b) && len(said) > 0 {
		said = append(bytes.Clone(said), '\n')
	}
	printTo(1, said)
	return len(b), nil
}
