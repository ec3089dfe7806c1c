package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// LiveOptions say how a tracer is run. The zero value runs whichever of dtrace and bpftrace
// is found on PATH.
type LiveOptions struct {
	Options

	// Tracer is "dtrace" or "bpftrace", or the path of one. By default it is dtrace where
	// that is found on PATH, otherwise bpftrace; if Options.Script says which language it
	// is in, the tracer that speaks it.
	Tracer string

	// Flags go before the script, such as "-q" or "-f", "json"; Args are what the script
	// knows as $1 and so on.
	Flags, Args []string

	// Record, if set, gets what the tracer prints, as it comes.
	Record io.Writer

	// Every is how long a batch gathers; 0 means a second.
	Every time.Duration

	// Grace is how long a tracer may take to end after an interrupt before it is killed;
	// 0 means thirty seconds, since tracers resolve and print stacks on their way out.
	Grace time.Duration
}

// A Run is a tracer that runs. It ends when its context does, when the tracer exits, or at
// [Run.Stop].
type Run struct {
	// Command is the command line.
	Command []string

	opt    LiveOptions
	cmd    *exec.Cmd
	cancel context.CancelFunc
	script string // a file of ours
	out    chan []byte
	done   chan struct{} // the tracer has gone
	err    error         // why, once done

	mu     sync.Mutex
	stderr bytes.Buffer
	told   int // how much of stderr batches have told
}

// ErrNoTracer is what a live run reports where no tracer is found.
var ErrNoTracer = errors.New("no tracer on PATH")

// Live runs a tracer with a script, the text of a D or bpftrace program. The tracer is
// interrupted when ctx ends, and killed with all that it started if it does not then go.
func Live(ctx context.Context, src string, o LiveOptions) (*Run, error) {
	path, err := findTracer(o.Tracer, src)
	if err != nil {
		return nil, fmt.Errorf("running a tracer: %w", err)
	}
	r := &Run{opt: o, out: make(chan []byte, 16), done: make(chan struct{})}
	r.opt.Script = src
	if r.script, err = writeScript(src); err != nil {
		return nil, fmt.Errorf("running %s: %w", path, err)
	}
	r.Command = append([]string{path}, o.Flags...)
	if filepath.Base(path) == "dtrace" {
		r.Command = append(r.Command, "-s")
	}
	r.Command = append(append(r.Command, r.script), o.Args...)
	running, cancel := context.WithCancel(ctx)
	r.cancel = cancel
	started := make(chan error)
	go r.run(running, started)
	if err := <-started; err != nil {
		cancel()
		os.Remove(r.script)
		return nil, fmt.Errorf("running %s: %w", path, err)
	}
	return r, nil
}

func findTracer(name, src string) (string, error) {
	names := []string{name}
	if name == "" {
		names = []string{"dtrace", "bpftrace"}
		if looksLikeBpftrace(src) {
			names = []string{"bpftrace"}
		}
	}
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("looking for %s: %w", strings.Join(names, " or "), ErrNoTracer)
}

// looksLikeBpftrace tells bpftrace's language from D by what only it has.
func looksLikeBpftrace(src string) bool {
	for _, word := range []string{"#!/usr/bin/env bpftrace", "tracepoint:", "kprobe:", "kretprobe:", "uprobe:", "interval:s:", "interval:ms:", "profile:hz:", "comm]", "comm,"} {
		if strings.Contains(src, word) {
			return true
		}
	}
	return false
}

func writeScript(src string) (string, error) {
	f, err := os.CreateTemp("", "dtnotes-*.d")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(src)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// run starts the tracer, hands on what it prints and sees it off.
func (r *Run) run(ctx context.Context, started chan<- error) {
	defer stayOnThread()()
	defer close(r.done)
	defer os.Remove(r.script)
	grace := r.opt.Grace
	if grace <= 0 {
		grace = 30 * time.Second
	}
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...)
	cmd.Stderr = (*runStderr)(r)
	cmd.Stdout = (*runStdout)(r)
	cmd.WaitDelay = grace
	ownGroup(cmd)
	cmd.Cancel = func() error { return interrupt(cmd) }
	r.cmd = cmd
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = cmd.Wait()
	killGroup(cmd)
	close(r.out)
	switch {
	case err != nil && ctx.Err() == nil:
		r.err = fmt.Errorf("%s: %w%s", r.Command[0], err, r.lastWords())
	case errors.Is(err, exec.ErrWaitDelay) || cmd.ProcessState != nil && !cmd.ProcessState.Exited() && strings.Contains(cmd.ProcessState.String(), "killed"):
		r.err = fmt.Errorf("%s: killed, as it had not ended %v after an interrupt; what it had left to print is lost", r.Command[0], grace)
	}
}

// lastWords is the last line that the tracer said on standard error, to tell why it went.
func (r *Run) lastWords() string {
	lines := strings.Split(strings.TrimSpace(r.Stderr()), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}

type runStdout Run

func (w *runStdout) Write(p []byte) (int, error) {
	if w.opt.Record != nil {
		if _, err := w.opt.Record.Write(p); err != nil {
			return 0, fmt.Errorf("recording: %w", err)
		}
	}
	w.out <- bytes.Clone(p)
	return len(p), nil
}

type runStderr Run

func (w *runStderr) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stderr.Write(p)
}

// Stderr returns what the tracer said on standard error so far.
func (r *Run) Stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stderr.String()
}

// Stop interrupts the tracer and waits until it has gone. What it prints on the way out is
// lost unless Batches is read on.
func (r *Run) Stop() {
	r.cancel()
	for range r.out {
	}
	<-r.done
}

// Batches yields what the tracer prints as it comes, until it exits or the context ends;
// then follows what it prints on its way out. A tracer that fails yields an error last. To
// stop iterating stops the tracer. Batches may be called once.
func (r *Run) Batches() iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		defer r.Stop()
		if !r.batches(yield) {
			return
		}
		<-r.done
		if r.err != nil {
			yield(nil, fmt.Errorf("running a tracer: %w", r.err))
		}
	}
}

func (r *Run) batches(yield func(*Batch, error) bool) bool {
	every := r.opt.Every
	if every <= 0 {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	l := &liveText{run: r, name: filepath.Base(r.Command[0])}
	for {
		select {
		case p, ok := <-r.out:
			if !ok {
				<-r.done
				return l.last(yield)
			}
			l.text = append(l.text, p...)
			if len(l.text) < chunkSize {
				continue
			}
		case <-tick.C:
		}
		if !l.some(yield) {
			return false
		}
	}
}

// liveText cuts what a tracer prints into batches.
type liveText struct {
	run     *Run
	name    string
	text    []byte
	scanner *scanner
	line    int
	at      int64
}

// some yields the whole records that have come.
func (l *liveText) some(yield func(*Batch, error) bool) bool {
	if l.scanner == nil {
		if bytes.IndexByte(l.text, '\n') < 0 {
			return true
		}
		l.start()
	}
	n := 0
	if cut := l.scanner.dialect.cut; cut != nil {
		n = cut(l.text)
	}
	if n == 0 {
		return true
	}
	return l.yield(n, false, yield)
}

// last yields the rest.
func (l *liveText) last(yield func(*Batch, error) bool) bool {
	if l.scanner == nil {
		l.start()
	}
	return l.yield(len(l.text), true, yield)
}

func (l *liveText) start() {
	dl := dialectOf(l.text)
	if dl.name == unknownName {
		dl = dialectNamed("dtrace")
	}
	if dl.name == "dtrace" && l.name != "dtrace" {
		dl = dialectNamed("bpftrace")
	}
	l.scanner = newScanner(l.run.opt.Options, l.name, dl)
	l.line = 1
}

func (l *liveText) yield(n int, last bool, yield func(*Batch, error) bool) bool {
	data := bytes.Clone(l.text[:n])
	l.text = append(l.text[:0], l.text[n:]...)
	b := l.scanner.batch(chunk{data: data, line: l.line, at: l.at, last: last})
	l.line += b.Lines
	l.at += int64(n)
	l.run.tell(b)
	if n == 0 && len(b.Notices)+len(b.Drops)+len(b.Errors) == 0 {
		return true
	}
	return yield(b, nil)
}

// tell adds to a batch what the tracer said on standard error since the one before.
func (r *Run) tell(b *Batch) {
	r.mu.Lock()
	said := bytes.Clone(r.stderr.Bytes()[r.told:])
	said = said[:bytes.LastIndexByte(said, '\n')+1]
	r.told += len(said)
	r.mu.Unlock()
	for cur := syntax.NewCursor(said); !cur.Done(); {
		line, _ := cur.Next()
		stderrLine(&ledger{&b.Capture}, line)
	}
}
