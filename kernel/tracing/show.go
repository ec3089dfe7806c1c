package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"dtnotes/dtracefs"
	"dtnotes/kernel/display"
)

const (
	refresh = 500 * time.Millisecond // between updates of what is shown
	// interruptGrace is how long a tracer may take to end when its cell was interrupted, since a
	// session that takes longer is ended.
	interruptGrace = 3500 * time.Millisecond
	// mostText bounds the text that is held in memory as a capture.
	mostText = 64 << 20
)

// Screen shows a picture; an update replaces the one before.
type Screen func(b display.Bundle, update bool)

// Notebook returns a screen that shows pictures in the output of the running cell.
func Notebook() Screen {
	var h *display.Handle
	return func(b display.Bundle, update bool) {
		if h == nil || !update {
			h = display.Show(b)
			return
		}
		h.Update(b)
	}
}

// Show runs a script and shows what it prints in the notebook, until the script ends, ctx is done
// or the time is up. What the traced command prints goes to standard output. Show returns what was
// printed as a capture, also if ctx ended. For a long trace, the capture holds the first 64 MB of
// text, and a notice says so and where the rest is. The error for a script that the tracer does not
// accept is a [*dtracefs.TracerError].
func Show(ctx context.Context, script string, o Options) (*dtracefs.Capture, error) {
	return Run(ctx, script, Notebook(), os.Stdout, o)
}

// Run is [Show] with another screen, and another place for what the traced command prints.
func Run(ctx context.Context, script string, screen Screen, target io.Writer, o Options) (*dtracefs.Capture, error) {
	spool, err := newSpool(script, o)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	defer spool.remove()
	running, cancel := context.WithCancel(ctx)
	if o.For > 0 {
		// There are two contexts: that the time is up is how a trace is meant to end, while the end
		// of the cell's context is an interrupt.
		running, cancel = context.WithTimeout(ctx, o.For)
	}
	defer cancel()
	run, err := dtracefs.Live(running, script, dtracefs.LiveOptions{
		Tracer: o.Tracer, PID: o.PID, Target: o.Target, TargetOutput: target, With: o.With, Flags: o.Flags,
		Record: spool.recording, RecordStderr: spool.recording.Stderr(), Every: refresh,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tracing: %w", err), spool.recording.Discard())
	}
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(interruptGrace, run.Kill)
	})
	defer stop()
	v := newView(run.Tracer(), time.Now)
	ended := follow(run, v, screen)
	v.finish(howEnded(ctx, running, ended))
	var refused *dtracefs.TracerError
	// Nothing was traced, and an empty capture would hide the error.
	if errors.As(ended, &refused) && v.lines == 0 {
		screen(v.bundle(), true)
		return nil, errors.Join(ended, spool.recording.Discard())
	}
	capture, note, err := spool.capture()
	v.note = note
	screen(v.bundle(), true)
	return capture, errors.Join(ended, err)
}

// failed is how a trace ended if its tracer failed. The cell's error says more about it.
const failed = "failed"

// howEnded says in a word how a trace ended.
func howEnded(ctx, running context.Context, ended error) string {
	switch {
	case ended != nil:
		return failed
	case ctx.Err() != nil:
		return "interrupted"
	case running.Err() != nil:
		return "time is up"
	}
	return "ended"
}

// follow takes in and shows what comes, until the tracer has ended.
func follow(run *dtracefs.Run, v *view, screen Screen) error {
	type piece struct {
		b   *dtracefs.Batch
		err error
	}
	// The tracer is read in a goroutine of its own, so that the picture goes on while it prints
	// nothing.
	pieces := make(chan piece)
	go func() {
		defer close(pieces)
		for b, err := range run.Batches() {
			pieces <- piece{b, err}
		}
	}()
	screen(v.bundle(), false)
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	var ended error
	var next time.Time
	for {
		select {
		case p, ok := <-pieces:
			if !ok {
				return ended
			}
			if p.err != nil {
				ended = p.err
				continue
			}
			v.add(p.b)
		case begun := <-tick.C:
			if time.Now().Before(next) {
				continue
			}
			screen(v.bundle(), true)
			// A picture that takes long to draw is drawn less often, so that the machine has time
			// for the trace.
			next = time.Now().Add(9*time.Since(begun) - refresh/2)
		}
	}
}

// A spool is where a trace is kept while it runs: the file that the user wants, or a temporary
// file.
type spool struct {
	recording *dtracefs.Recording
	path      string
	script    string
	tracer    string
	folder    string // of ours, "" if the file is the user's
}

func newSpool(script string, o Options) (*spool, error) {
	s := &spool{path: o.Output, script: script}
	tracer := o.Tracer
	if tracer == "" {
		tracer = dtracefs.TracerOf(script)
	}
	s.tracer = filepath.Base(tracer)
	if s.path == "" {
		folder, err := os.MkdirTemp("", "dtnotes-trace-")
		if err != nil {
			return nil, err
		}
		s.folder, s.path = folder, filepath.Join(folder, "trace.txt.zst")
	}
	var err error
	s.recording, err = dtracefs.Record(s.path, dtracefs.RecordOptions{Script: script, Tracer: s.tracer})
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// capture ends the recording and loads it, or as much of it as may be held in memory. In that case
// the note says where the rest is.
func (s *spool) capture() (c *dtracefs.Capture, note string, err error) {
	size := s.recording.Size()
	if err := s.recording.Close(); err != nil {
		return nil, "", err
	}
	fsys, name := os.DirFS(filepath.Dir(s.path)), filepath.Base(s.path)
	// The cell's context is not used here, so that what was traced before an interrupt is kept.
	c, err = dtracefs.Load(context.Background(), fsys, name, dtracefs.Options{Script: s.script, Limit: mostText})
	if err == nil && s.folder != "" {
		c.Name = s.tracer
	}
	if err == nil && size > mostText {
		note = fmt.Sprintf("the capture holds the first %d of %d MB of text; all of it is in %s", mostText>>20, size>>20, s.path)
		s.folder = "" // it is the user's now
	}
	return c, note, err
}

// remove removes the temporary file, if there is one.
func (s *spool) remove() {
	if s.folder != "" {
		os.RemoveAll(s.folder)
	}
}
