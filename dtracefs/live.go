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
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
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

	// PID is a process for the script to know as $target, or to take probes of; 0 is none.
	PID int

	// Target is the line of a command that the tracer starts and that the script knows as $target
	// or cpid; the run ends with it. What it prints goes to TargetOutput, or nowhere if that is
	// nil, and not among what the script prints; on standard error and on Windows they come
	// together.
	Target       string
	TargetOutput io.Writer

	// With is what runs the tracer with more privileges: "sudo", "doas" or "pfexec". It is not let
	// ask for a password, for there may be no terminal.
	With string

	// Record, if set, gets what the tracer prints, as it comes.
	Record io.Writer

	// RecordStderr, if set, gets what it says on standard error.
	RecordStderr io.Writer

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

	elevation []string // how Command begins where it has more privileges

	opt    LiveOptions
	tracer string // "dtrace" or "bpftrace"
	src    string
	cmd    *exec.Cmd
	cancel context.CancelFunc
	dir    string // of ours, for the script
	script string // its path
	out    chan []byte
	done   chan struct{} // the tracer has gone
	err    error         // why, once done

	mu     sync.Mutex
	stderr bytes.Buffer
	told   int // how much of stderr batches have told
	latest map[string]*Table
	last   *Table
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
	// The channel has room for a few writes, so that the tracer need not wait for each batch to
	// be taken; when it is full, the tracer waits, and drops by its own rules.
	r := &Run{opt: o, tracer: TracerName(path), src: src, out: make(chan []byte, 16), done: make(chan struct{}), latest: map[string]*Table{}}
	if o.Script == "" {
		r.opt.Script = src
	}
	if err := r.prepare(path, src); err != nil {
		os.RemoveAll(r.dir)
		return nil, fmt.Errorf("running %s: %w", path, err)
	}
	running, cancel := context.WithCancel(ctx)
	r.cancel = cancel
	// The tracer is started by the goroutine that waits for it (see stayOnThread), so whether it
	// did must be told from there.
	started := make(chan error)
	go r.run(running, started)
	if err := <-started; err != nil {
		cancel()
		return nil, fmt.Errorf("running %s: %w", path, err)
	}
	return r, nil
}

// prepare writes the script into a folder of its own and makes the command line. A file and not
// -n or -e, as messages then have lines and columns that are those of the script.
func (r *Run) prepare(path, src string) (err error) {
	if r.dir, err = os.MkdirTemp("", "dtnotes-"); err != nil {
		return err
	}
	o := r.opt
	r.script = filepath.Join(r.dir, "script.bt")
	if r.tracer == "dtrace" {
		r.script = filepath.Join(r.dir, "script.d")
	}
	if err := os.WriteFile(r.script, []byte(src), 0o600); err != nil {
		return err
	}
	if o.With != "" {
		if r.elevation, err = elevated(o.With); err != nil {
			return err
		}
	}
	r.Command = append(append(slices.Clone(r.elevation), path), o.Flags...)
	if o.PID != 0 {
		r.Command = append(r.Command, "-p", strconv.Itoa(o.PID))
	}
	if o.Target != "" {
		r.Command = append(r.Command, "-c", o.Target)
	}
	if r.apart() {
		pipe := filepath.Join(r.dir, "output")
		if err := makePipe(pipe); err != nil {
			return err
		}
		r.Command = append(r.Command, "-o", pipe)
	}
	if r.tracer == "dtrace" {
		r.Command = append(r.Command, "-s")
	}
	r.Command = append(append(r.Command, r.script), o.Args...)
	return nil
}

// apart reports whether the script prints into a pipe of its own, since the command that the
// tracer starts prints where the tracer would.
func (r *Run) apart() bool { return r.opt.Target != "" && canPipe }

// elevated is the start of a command line that has more privileges. -n keeps sudo and doas from
// asking for a password; pfexec never does.
func elevated(with string) ([]string, error) {
	path, err := exec.LookPath(with)
	if err != nil {
		return nil, err
	}
	if filepath.Base(with) == "pfexec" {
		return []string{path}, nil
	}
	return []string{path, "-n"}, nil
}

// TracerName returns which tracer a name or path is of: "dtrace" or "bpftrace".
func TracerName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	if strings.Contains(name, "dtrace") {
		return "dtrace"
	}
	return "bpftrace"
}

// findTracer returns the path of a tracer that can run the script.
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

// TracerOf returns which tracer speaks the language of a script: "bpftrace" by what only that has,
// else "dtrace".
func TracerOf(src string) string {
	if looksLikeBpftrace(src) {
		return "bpftrace"
	}
	return "dtrace"
}

// looksLikeBpftrace reports whether a script is in bpftrace's language, by what D does not have.
// The two share most of their syntax, so names of probes and builtins must do.
func looksLikeBpftrace(src string) bool {
	for _, word := range []string{"#!/usr/bin/env bpftrace", "tracepoint:", "kprobe:", "kretprobe:", "uprobe:", "interval:s:", "interval:ms:", "profile:hz:", "comm]", "comm,"} {
		if strings.Contains(src, word) {
			return true
		}
	}
	return false
}

// run starts the tracer, hands on what it prints and sees it off. The order at the end matters:
// the tracer has gone, then whatever it started is killed, then the pipe is read to its end, and
// only then nothing more can come.
func (r *Run) run(ctx context.Context, started chan<- error) {
	defer stayOnThread()()
	defer close(r.done)
	defer os.RemoveAll(r.dir)
	grace := r.opt.Grace
	if grace <= 0 {
		grace = 30 * time.Second
	}
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...)
	cmd.Stderr = (*runStderr)(r)
	cmd.Stdout = (*runStdout)(r)
	cmd.WaitDelay = grace
	ownGroup(cmd)
	r.cmd = cmd
	cmd.Cancel = func() error { return interrupt(cmd, r.opt.With) }
	finish := func() {}
	if r.apart() {
		cmd.Stdout = r.opt.TargetOutput
		var err error
		if finish, err = readPipe(filepath.Join(r.dir, "output"), (*runStdout)(r)); err != nil {
			started <- err
			return
		}
	}
	err := cmd.Start()
	started <- err
	if err != nil {
		finish()
		return
	}
	err = cmd.Wait()
	killGroup(cmd, r.opt.With)
	finish()
	close(r.out)
	switch {
	case errors.Is(err, exec.ErrWaitDelay) || ctx.Err() != nil && killed(cmd.ProcessState):
		r.err = fmt.Errorf("%s: killed, as it takes no interrupt or had not ended %v after one; what it had left to print is lost", r.tracer, grace)
	case err != nil && ctx.Err() == nil:
		r.err = r.failure(err)
	}
}

// runStdout is a run as what its tracer writes to. What is recorded is recorded before it is
// decoded, so that a capture has it even if decoding fails.
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

// runStderr is a run as what its tracer complains to.
type runStderr Run

func (w *runStderr) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opt.RecordStderr != nil {
		if _, err := w.opt.RecordStderr.Write(p); err != nil {
			return 0, fmt.Errorf("recording: %w", err)
		}
	}
	return w.stderr.Write(p)
}

// Stderr returns what the tracer said on standard error so far.
func (r *Run) Stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stderr.String()
}

// Tracer is which tracer runs: "dtrace" or "bpftrace".
func (r *Run) Tracer() string { return r.tracer }

// Kill ends the tracer at once, if it still runs; what it had left to print is lost.
func (r *Run) Kill() {
	select {
	case <-r.done:
	default:
		r.cancel()
		killGroup(r.cmd, r.opt.With)
	}
}

// Latest returns the table of that name as the last batch that has it holds it, or the last table
// of all for an empty name; nil if nothing came yet. It may be called while Batches is iterated.
func (r *Run) Latest(name string) *Table {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == "" {
		return r.last
	}
	return r.latest[name]
}

// Stop interrupts the tracer and waits until it has gone. What it prints on the way out is lost
// unless Batches is read on. Reading on keeps the tracer from waiting for room in the channel
// while it is told to end.
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

// keepLatest notes the tables of a batch, of which a capture has few.
func (r *Run) keepLatest(tables []*Table) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tables {
		if len(r.latest) < mostLatest || r.latest[t.Name] != nil {
			r.latest[t.Name] = t
		}
		r.last = t
	}
}

// mostLatest bounds the tables that are remembered by name.
const mostLatest = 200

// batches yields what comes, each tick and whenever it is much, and reports whether more is
// wanted. At the end it waits for the tracer to be gone, so that all it said on standard error is
// there for the last batch.
func (r *Run) batches(yield func(*Batch, error) bool) bool {
	every := r.opt.Every
	if every <= 0 {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	l := &liveText{run: r, name: r.tracer}
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
