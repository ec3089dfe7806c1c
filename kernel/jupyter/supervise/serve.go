package supervise

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/internal/process"
	"dtnotes/kernel/jupyter/comm"
)

// maxStack bounds the stack of a goroutine, to half of what Go allows: recursion without end in
// compiled code then ends the session before it fills a small machine's memory.
const maxStack = 512 << 20

// gcPercent lets the heap grow to three times what is in use: a session's own heap is small, and
// what a cell prints is soon garbage.
const gcPercent = 200

// Serve runs the session of this process, which a supervisor has started, until the supervisor is
// gone or ends it; frontEnd says that there is a front end that the session's comms can reach.
// Interrupts of the process group are left to the supervisor.
func Serve(newSession func() (cell.Evaluator, error), frontEnd bool) error {
	pipes, err := process.Handed(2)
	if err != nil {
		return errors.New("a session is started by a kernel, not by hand")
	}
	// Interrupts are caught and not ignored, since programs that cells start would inherit that
	// they are ignored. Nobody reads the channel: a signal that is caught does nothing, which is
	// all that is wanted.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	debug.SetMaxStack(maxStack)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ev, err := newSession()
	if err != nil {
		return fmt.Errorf("starting the session: %w", err)
	}
	return serve(ev, pipes[0], pipes[1], frontEnd)
}

// server is the session's side of the connection.
type server struct {
	ev    cell.Evaluator
	out   *sender
	comms chan *frame

	mu      sync.Mutex
	cancel  map[uint64]context.CancelFunc
	waiting map[uint64]chan *frame // questions to the user
	asked   uint64
	trim    *time.Timer // runs when no cell has for a moment
	evals   sync.WaitGroup
}

func serve(ev cell.Evaluator, in io.Reader, out io.Writer, frontEnd bool) error {
	s := &server{ev: ev, out: newSender(out), comms: make(chan *frame, 1024), cancel: map[uint64]context.CancelFunc{}, waiting: map[uint64]chan *frame{}}
	if frontEnd {
		comm.SetTransport(func(m comm.Message) {
			s.out.send(&frame{Kind: commOut, Comm: &commMessage{m.Type, m.ID, m.Target, m.Data, m.Metadata, m.Buffers}})
		}, func(err error) { fmt.Fprintln(os.Stderr, err) })
		defer comm.SetTransport(nil, nil)
	}
	s.trim = time.AfterFunc(trimFirst, trim)
	defer s.trim.Stop()
	go s.runComms()
	defer close(s.comms)
	dec := gob.NewDecoder(in)
	for {
		f := new(frame)
		err := dec.Decode(f)
		if err == io.EOF || err == nil && f.Kind == quit {
			s.cancelAll()
			err := ev.Close()
			s.out.flush()
			s.out.stop(io.ErrClosedPipe)
			return err
		}
		if err != nil {
			return fmt.Errorf("reading from the supervisor: %w", err)
		}
		s.handle(f)
	}
}

// cancelAll ends what still runs, so that commands which cells have started do not outlive the
// session.
func (s *server) cancelAll() {
	s.mu.Lock()
	for _, cancel := range s.cancel {
		cancel()
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() { s.evals.Wait(); close(ended) }()
	select {
	case <-ended:
	// The supervisor waits quitTime for all of this, and kills the process then.
	case <-time.After(quitTime / 4):
	}
}

func (s *server) handle(f *frame) {
	switch f.Kind {
	case evalCell:
		ctx, cancel := context.WithCancel(context.Background())
		s.mu.Lock()
		s.cancel[f.ID] = cancel
		s.mu.Unlock()
		s.evals.Go(func() { s.eval(ctx, f) })
	case cancelCell:
		s.mu.Lock()
		if cancel := s.cancel[f.ID]; cancel != nil {
			cancel()
		}
		s.mu.Unlock()
	case inputLine:
		s.mu.Lock()
		if q := s.waiting[f.ID]; q != nil {
			q <- f
			delete(s.waiting, f.ID)
		}
		s.mu.Unlock()
	case commIn:
		s.comms <- f
	case complete, inspect, isComplete:
		// This goes on while cells run, since completion must not wait for them.
		go s.answer(f)
	}
}

// eval runs a cell and sends its result, after all that the cell has printed until then.
func (s *server) eval(ctx context.Context, f *frame) {
	c := cell.Cell{Code: string(f.Data), Number: f.N, Out: output{s.out, f.ID}, Again: func(args []string) {
		s.out.send(&frame{Kind: beginAgain, ID: f.ID, Args: args})
		s.out.flush() // the next line of the cell may end the process
	}}
	display.SetAsker(nil)
	if f.Flag {
		c.Input = s.input(f.ID)
		display.SetAsker(func(prompt string, password bool) (string, error) { return c.Input(ctx, prompt, password) })
	}
	res := evalSafely(ctx, s.ev, c)
	s.out.send(&frame{Kind: result, ID: f.ID, Data: packResult(res)})
	s.trim.Reset(trimFirst)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel[f.ID]()
	delete(s.cancel, f.ID)
}

// evalSafely turns a panic of the evaluator itself into an error of the cell.
func evalSafely(ctx context.Context, ev cell.Evaluator, c cell.Cell) (res cell.Result) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "evaluator: panic: %v\n%s", p, debug.Stack())
			res = cell.Result{Err: &cell.Error{Name: "internal error", Message: fmt.Sprint("the evaluator panicked: ", p)}}
		}
	}()
	return ev.Eval(ctx, c)
}

// input returns the function that asks the user on behalf of a cell.
func (s *server) input(cellID uint64) func(context.Context, string, bool) (string, error) {
	return func(ctx context.Context, prompt string, password bool) (string, error) {
		reply := make(chan *frame, 1)
		s.mu.Lock()
		s.asked++
		id := s.asked
		s.waiting[id] = reply
		s.mu.Unlock()
		s.out.send(&frame{Kind: askInput, ID: id, N: int(cellID), Name: prompt, Flag: password})
		select {
		case f := <-reply:
			if f.Err != "" {
				return "", errors.New(f.Err)
			}
			return string(f.Data), nil
		case <-ctx.Done():
			s.mu.Lock()
			delete(s.waiting, id)
			s.mu.Unlock()
			return "", ctx.Err()
		}
	}
}

// runComms handles comm messages one after another.
func (s *server) runComms() {
	for f := range s.comms {
		m := f.Comm
		comm.Deliver(comm.Message{Type: m.Type, ID: m.ID, Target: m.Target, Data: m.Data, Metadata: m.Metadata, Buffers: m.Buffers})
		s.out.send(&frame{Kind: answer, ID: f.ID})
	}
}

// answer answers a question about code. A panic in it leaves the answer empty.
func (s *server) answer(f *frame) {
	reply := &frame{Kind: answer, ID: f.ID}
	defer s.out.send(reply)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "evaluator: panic: %v\n%s", p, debug.Stack())
		}
	}()
	code := string(f.Data)
	switch f.Kind {
	case complete:
		reply.Data = pack(s.ev.Complete(code, f.N))
	case inspect:
		b, found := s.ev.Inspect(code, f.N, f.M)
		reply.Data = pack(wireInspect{packBundle(b), found})
	case isComplete:
		status, indent := s.ev.IsComplete(code)
		reply.Data = pack(wireStatus{status, indent})
	}
}

// output is the cell.Output of a cell, in the session's process.
type output struct {
	out *sender
	id  uint64
}

func (o output) Stream(name, text string) { o.out.text(o.id, name, text) }

func (o output) Display(b display.Bundle, id string, update bool) {
	o.out.send(&frame{Kind: show, ID: o.id, Name: id, Flag: update, Data: pack(packBundle(b))})
}

func (o output) Clear(wait bool) {
	o.out.send(&frame{Kind: clearOut, ID: o.id, Flag: wait})
}
