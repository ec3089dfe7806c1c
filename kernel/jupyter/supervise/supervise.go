// Package supervise runs a session in a process of its own, so that what ends a Go process at
// once (two goroutines writing one map, recursion without end, memory running out) ends the
// session and not the kernel. The cell that was running fails and says why; the next cell runs in
// a new session and says first that the variables are gone.
//
// A Session is a cell.Evaluator in the supervisor's process; Serve is its other end.
//
// Why a process of its own: such a death cannot be caught inside a Go process, and a front end that
// loses its kernel loses the replies, the latest history and the information on what happened. It
// was measured against running the session in the kernel's process (two cores, both loaded): the
// round trip of a cell 0.6 ms against 0.45 ms, the start to the first reply the same within the
// noise, 200 MB/s of output through the pipe. Both processes run one program and share its pages;
// as each gives back the pages that only its start has needed, the two together show 28 MB of
// resident memory after the first cell. The single process, which gives none back, shows 60 MB.
package supervise

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/internal/process"
	"dtnotes/kernel/jupyter/comm"
)

// These are limits of how long a session may take for something.
const (
	cancelTime = 5 * time.Second // a canceled cell may take so long before the session is ended
	quitTime   = 2 * time.Second // a session may take so long to end by itself
	askTime    = 10 * time.Second
	trimFirst  = 150 * time.Millisecond // past the start, which it would slow down, or past a cell
	trimAgain  = 2 * time.Second        // when what else a kernel starts has started
)

// Session is a session in a process of its own. Its methods are those of cell.Evaluator.
type Session struct {
	command func() *exec.Cmd

	mu     sync.Mutex
	next   *cell.Next // how it differs from what command describes; nil if it does not
	child  *child
	note   string // what the next cell has to say of the session before it
	closed bool
	onComm func(comm.Message)
}

var _ cell.Evaluator = (*Session)(nil)

// Start starts a session with the process that command describes; the process calls Serve.
// Command is called again to replace a session that has died.
func Start(command func() *exec.Cmd) (*Session, error) {
	s := &Session{command: command, onComm: func(comm.Message) {}}
	c, err := s.spawn()
	if err != nil {
		return nil, err
	}
	s.child = c
	time.AfterFunc(trimFirst, trim)
	time.AfterFunc(trimAgain, trim)
	return s, nil
}

// child is one process and the requests under way in it.
type child struct {
	session *Session
	cmd     *exec.Cmd
	out     *sender
	crash   *crashText

	mu      sync.Mutex
	nextID  uint64
	outputs map[uint64]cell.Cell    // of every cell, for what its goroutines print later
	answers map[uint64]chan *frame  // by request
	comms   map[string]comm.Message // open comms
	heard   bool                    // something has come from the process
	last    uint64                  // the latest cell
	dead    chan struct{}           // closed when the process has ended and all it said is heard
	reason  string                  // why, set before dead is closed
}

// spawn starts a process of the session; s.mu is held.
func (s *Session) spawn() (*child, error) {
	cmd := s.command()
	if next := s.next; next != nil {
		if next.Program != "" {
			cmd.Path, cmd.Err, cmd.Dir, cmd.Args[0] = next.Program, nil, next.Dir, next.Program
		}
		cmd.Args = append(cmd.Args, next.Args...)
	}
	pipes, err := openPipes()
	if err != nil {
		return nil, fmt.Errorf("starting a session: %w", err)
	}
	if err := process.HandOver(cmd, pipes.childIn, pipes.childOut); err != nil {
		pipes.close()
		return nil, fmt.Errorf("starting a session: %w", err)
	}
	crash := &crashText{to: cmd.Stderr}
	cmd.Stderr = crash
	cmd.WaitDelay = time.Second // a process that the session started may still hold standard error
	err = cmd.Start()
	// These are the supervisor's copies of the child's ends. If they stayed open, no end of input
	// would be seen when the child dies.
	pipes.childIn.Close()
	pipes.childOut.Close()
	if err != nil {
		pipes.close()
		return nil, fmt.Errorf("starting a session: %w", err)
	}
	c := &child{
		session: s, cmd: cmd, out: newSender(pipes.out), crash: crash,
		outputs: map[uint64]cell.Cell{}, answers: map[uint64]chan *frame{}, comms: map[string]comm.Message{}, dead: make(chan struct{}),
	}
	go c.run(pipes)
	return c, nil
}

// pipes are the ends of the two pipes between supervisor and session.
type pipes struct {
	in, out           *os.File
	childIn, childOut *os.File
}

func openPipes() (p pipes, err error) {
	if p.childIn, p.out, err = os.Pipe(); err != nil {
		return p, err
	}
	if p.in, p.childOut, err = os.Pipe(); err != nil {
		return p, errors.Join(err, p.childIn.Close(), p.out.Close())
	}
	return p, nil
}

// close closes all ends. To call it a second time does nothing.
func (p pipes) close() {
	for _, f := range []*os.File{p.in, p.out, p.childIn, p.childOut} {
		f.Close()
	}
}

// run listens to the process until it ends, and then says so to everybody who waits.
func (c *child) run(p pipes) {
	dec := gob.NewDecoder(p.in)
	var text []byte // memory of text that has been handed on, for the next
	for {
		f := &frame{Data: text[:0]}
		if err := dec.Decode(f); err != nil {
			// What comes is not what a session says, so that it cannot be trusted any further.
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				c.cmd.Process.Kill()
			}
			break
		}
		c.handle(f)
		if text = nil; f.Kind == stream {
			text = f.Data
		}
	}
	c.out.stop(io.ErrClosedPipe)
	p.out.Close()
	p.in.Close()
	// The process has closed its pipe, and so is about to end. If it does not end soon, it never
	// will.
	kill := time.AfterFunc(quitTime, func() { c.cmd.Process.Kill() })
	err := c.cmd.Wait()
	kill.Stop()
	c.reason = reason(c.crash.String(), err)
	c.session.died(c)
	close(c.dead)
}

// reason says why a process ended.
func reason(crash string, err error) string {
	head, _, _ := strings.Cut(crash, "\n\n")
	for line := range strings.Lines(head) {
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return strings.TrimSpace(line)
		}
	}
	if head = strings.TrimSpace(head); head != "" {
		return strings.ReplaceAll(head, "\n", "; ")
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			s := "ended by signal " + status.Signal().String()
			// Linux ends a process in this way, without any message, when memory runs out.
			if status.Signal() == syscall.SIGKILL {
				s += ", perhaps because memory ran out"
			}
			return s
		}
		return "ended with " + exit.ProcessState.String()
	}
	if err != nil {
		return err.Error()
	}
	return "ended by itself"
}

// crashText passes on what a session writes to its standard error outside of cells, and keeps the
// beginning of what the Go runtime says when it dies.
type crashText struct {
	to io.Writer

	mu   sync.Mutex
	line []byte // a line not yet whole
	text []byte
}

// crashSize is how much is kept of the last words.
const crashSize = 16 << 10

func (t *crashText) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = append(t.line, p...)
	for {
		i := bytes.IndexByte(t.line, '\n')
		if i < 0 && len(t.line) < crashSize {
			break
		}
		if i < 0 {
			i = len(t.line) - 1
		}
		t.add(t.line[:i+1])
		t.line = t.line[i+1:]
	}
	if t.to != nil {
		t.to.Write(p)
	}
	return len(p), nil
}

// add keeps a line if it begins last words or goes on with them. If last words begin more than
// once, the latest beginning counts.
func (t *crashText) add(line []byte) {
	begins := bytes.HasPrefix(line, []byte("fatal error: ")) || bytes.HasPrefix(line, []byte("panic: ")) ||
		bytes.HasPrefix(line, []byte("runtime: ")) || bytes.HasPrefix(line, []byte("SIG"))
	if begins && bytes.Contains(t.text, []byte("\n\n")) && len(t.text) < crashSize && !bytes.Contains(t.text, []byte("\ngoroutine ")) {
		t.text = t.text[:0]
	}
	if (begins || len(t.text) > 0) && len(t.text)+len(line) <= crashSize {
		t.text = append(t.text, line...)
	}
}

func (t *crashText) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// died notes the end of a child and starts the next one, unless the session was closed or the child
// never came up.
func (s *Session) died(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.child != c {
		return
	}
	s.child = nil
	s.note = fmt.Sprintf("The session before this cell died: %s.\nIts variables are gone; this is a new session.\n", c.reason)
	c.mu.Lock()
	heard, idle, last := c.heard, len(c.answers) == 0, c.outputs[c.last]
	comms := c.comms
	c.mu.Unlock()
	for id := range comms {
		s.onComm(comm.Message{Type: "comm_close", ID: id, Data: json.RawMessage("{}"), Metadata: json.RawMessage("{}")})
	}
	// No cell was running, so that none can fail with the news. It is therefore shown with the
	// output of the last cell.
	if idle && last.Out != nil {
		last.Out.Stream("stderr", fmt.Sprintf("The session died: %s.\nIts variables are gone.\n", c.reason))
	}
	if !heard {
		// The session that has got something does not come up: the next begins as the first did.
		s.next = nil
	} else {
		if next, err := s.spawn(); err == nil {
			s.child = next
		}
	}
}

// current returns the child that runs the session, or a new one if the last has died.
func (s *Session) current() (*child, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the session is closed")
	}
	if s.child == nil {
		c, err := s.spawn()
		if err != nil {
			return nil, err
		}
		s.child = c
	}
	return s.child, nil
}

// handle takes one frame of the session.
func (c *child) handle(f *frame) {
	c.mu.Lock()
	c.heard = true
	from := c.outputs[f.ID]
	c.mu.Unlock()
	switch f.Kind {
	case stream:
		if from.Out != nil {
			from.Out.Stream(f.Name, string(f.Data))
		}
	case show:
		var w wireBundle
		if from.Out != nil && json.Unmarshal(f.Data, &w) == nil {
			from.Out.Display(w.unpack(), f.Name, f.Flag)
		}
	case clearOut:
		if from.Out != nil {
			from.Out.Clear(f.Flag)
		}
	case askInput:
		go c.askUser(f)
	case beginAgain:
		c.session.remember(c, f.Args)
	case commOut:
		c.commOut(f.Comm)
	case result, answer:
		c.mu.Lock()
		reply := c.answers[f.ID]
		delete(c.answers, f.ID)
		c.mu.Unlock()
		if reply != nil {
			reply <- f
		}
	}
}

// askUser asks on behalf of a cell and tells the session what the user said.
func (c *child) askUser(f *frame) {
	c.mu.Lock()
	asking := c.outputs[uint64(f.N)]
	c.mu.Unlock()
	reply := &frame{Kind: inputLine, ID: f.ID}
	if asking.Input == nil {
		reply.Err = "reading standard input: nobody can be asked"
	} else {
		line, err := asking.Input(context.Background(), f.Name, f.Flag)
		reply.Data = []byte(line)
		if err != nil {
			reply.Err = err.Error()
		}
	}
	c.out.send(reply)
}

func (c *child) commOut(m *commMessage) {
	if m == nil {
		return
	}
	msg := comm.Message{Type: m.Type, ID: m.ID, Target: m.Target, Data: m.Data, Metadata: m.Metadata, Buffers: m.Buffers}
	c.trackComm(msg)
	c.session.mu.Lock()
	tell := c.session.onComm
	c.session.mu.Unlock()
	tell(msg)
}

func (c *child) trackComm(m comm.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Type {
	case "comm_open":
		c.comms[m.ID] = m
	case "comm_close":
		delete(c.comms, m.ID)
	}
}

// request sends a frame that gets an answer; before it is sent, prepare may use its ID.
func (c *child) request(f *frame, prepare func(id uint64)) chan *frame {
	reply := make(chan *frame, 1)
	c.mu.Lock()
	c.nextID++
	f.ID = c.nextID
	c.answers[f.ID] = reply
	if prepare != nil {
		prepare(f.ID)
	}
	c.mu.Unlock()
	c.out.send(f)
	return reply
}

// OnComm makes the session hand every message of its comms to f.
func (s *Session) OnComm(f func(comm.Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onComm = f
}

// Comm hands a message of the front end to the session and returns when it has been handled.
func (s *Session) Comm(ctx context.Context, m comm.Message) error {
	c, err := s.current()
	if err != nil {
		return err
	}
	c.trackComm(m)
	f := &frame{Kind: commIn, Comm: &commMessage{m.Type, m.ID, m.Target, m.Data, m.Metadata, m.Buffers}}
	_, err = c.wait(ctx, c.request(f, nil))
	return err
}

// wait waits for the answer to a request.
func (c *child) wait(ctx context.Context, reply chan *frame) (*frame, error) {
	select {
	case f := <-reply:
		return f, nil
	case <-c.dead:
		select {
		case f := <-reply:
			return f, nil
		default:
		}
		return nil, fmt.Errorf("the session died: %s", c.reason)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Eval runs one cell, in a new session if the last one has died.
func (s *Session) Eval(ctx context.Context, cl cell.Cell) cell.Result {
	c, err := s.current()
	if err != nil {
		return failed("session error", err.Error())
	}
	if note := s.takeNote(); note != "" {
		cl.Out.Stream("stderr", note)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ask := cl.Input
	if ask != nil {
		ask = func(_ context.Context, prompt string, password bool) (string, error) {
			return cl.Input(ctx, prompt, password)
		}
	}
	f := &frame{Kind: evalCell, N: cl.Number, Flag: cl.Input != nil, Data: []byte(cl.Code)}
	reply := c.request(f, func(id uint64) {
		c.outputs[id] = cell.Cell{Out: cl.Out, Input: ask}
		c.last = id
	})
	r, err := c.wait(ctx, reply)
	if err != nil && ctx.Err() != nil {
		// The cell is told that it is canceled, and may still have a result of its own.
		r, err = c.cancel(f.ID, reply)
	}
	c.forgetInput(f.ID)
	if err != nil {
		return failed("session died", err.Error()+"\nIts variables are gone; the next cell runs in a new session.")
	}
	res, err := unpackResult(r.Data)
	if err != nil {
		return failed("session error", "reading the result of the cell: "+err.Error())
	}
	if next := res.Next; next != nil {
		if err := s.replace(c, next); err != nil {
			return failed("session error", "going on in another program: "+err.Error())
		}
		if res.Next = nil; strings.TrimSpace(next.Code) != "" {
			cl.Code = next.Code
			// What is left of the cell runs in the new program, as part of the same cell.
			return s.Eval(ctx, cl)
		}
	}
	return res
}

// replace lets the session go on in another program, as it asked for. That program also replaces
// the session when it dies.
func (s *Session) replace(old *child, next *cell.Next) error {
	s.mu.Lock()
	if s.closed || s.child != old {
		s.mu.Unlock()
		return errors.New("the session has ended meanwhile")
	}
	before := s.next
	s.next = next
	c, err := s.spawn()
	if err != nil {
		s.next = before
		s.mu.Unlock()
		return err
	}
	s.child = c
	tell := s.onComm
	s.mu.Unlock()
	old.mu.Lock()
	comms := old.comms
	old.mu.Unlock()
	for id := range comms {
		tell(comm.Message{Type: "comm_close", ID: id, Data: json.RawMessage("{}"), Metadata: json.RawMessage("{}")})
	}
	old.end()
	return nil
}

// remember notes how the process must begin that replaces a session if it dies, as the session has
// asked for.
func (s *Session) remember(c *child, args []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != c {
		return
	}
	next := cell.Next{Args: args}
	if s.next != nil {
		next.Program, next.Dir = s.next.Program, s.next.Dir
	}
	s.next = &next
}

// takeNote returns, once, what the next cell must say about the session before.
func (s *Session) takeNote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	note := s.note
	s.note = ""
	return note
}

// cancel cancels a running cell. A session that does not let go of it is ended.
func (c *child) cancel(id uint64, reply chan *frame) (*frame, error) {
	// This is sent in a goroutine of its own, since the pipe of a session that hangs may be full.
	go c.out.send(&frame{Kind: cancelCell, ID: id})
	patience, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	f, err := c.wait(patience, reply)
	if err != nil && patience.Err() != nil {
		c.cmd.Process.Kill()
		<-c.dead
		return nil, fmt.Errorf("the session was ended: the cell could not be interrupted within %v", cancelTime)
	}
	return f, err
}

// forgetInput lets nobody be asked for a cell that has ended; its output stays.
func (c *child) forgetInput(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.outputs[id]
	o.Input = nil
	c.outputs[id] = o
}

func failed(name, message string) cell.Result {
	return cell.Result{Err: &cell.Error{Name: name, Message: message}}
}

// ask asks the session about code. It returns false if the session cannot answer.
func (s *Session) ask(f *frame, to any) bool {
	c, err := s.current()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	r, err := c.wait(ctx, c.request(f, nil))
	return err == nil && json.Unmarshal(r.Data, to) == nil
}

// Complete proposes how the code may go on.
func (s *Session) Complete(code string, pos int) (answer cell.Completion) {
	if !s.ask(&frame{Kind: complete, Data: []byte(code), N: pos}, &answer) {
		return cell.Completion{Start: pos, End: pos}
	}
	return answer
}

// Inspect describes a name.
func (s *Session) Inspect(code string, pos, detail int) (display.Bundle, bool) {
	var answer wireInspect
	if !s.ask(&frame{Kind: inspect, Data: []byte(code), N: pos, M: detail}, &answer) {
		return display.Bundle{}, false
	}
	return answer.Bundle.unpack(), answer.Found
}

// IsComplete reports whether code can run as it is.
func (s *Session) IsComplete(code string) (cell.Status, string) {
	var answer wireStatus
	if !s.ask(&frame{Kind: isComplete, Data: []byte(code)}, &answer) {
		return cell.Unknown, ""
	}
	return answer.Status, answer.Indent
}

// Close ends the session's process.
func (s *Session) Close() error {
	s.mu.Lock()
	c := s.child
	s.closed = true
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	c.end()
	return nil
}

// end asks the process to end, and ends it if it does not.
func (c *child) end() {
	go c.out.send(&frame{Kind: quit})
	select {
	case <-c.dead:
	case <-time.After(quitTime):
		c.cmd.Process.Kill()
		<-c.dead
	}
}
