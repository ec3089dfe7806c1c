package jupyter

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"dtnotes/kernel/cell"
)

// patience is how long a request that only asks waits for the cell before it. The answer may depend
// on that cell, which mostly ends sooner. But completion must not hang for as long as a computation
// takes.
const patience = 250 * time.Millisecond

// abortWindow is how long after a failed cell a cell may come in that was sent before it failed: on
// a busy machine, the cells that a front end runs at once come in one after the other. A cell that
// is sent after another one has failed, but before the front end has heard of that, runs, as with
// ipykernel.
const abortWindow = 10 * time.Second

// A shell serves requests one after another. There is the main one, and any number of subshells.
type shell struct {
	kernel *kernel

	mu          sync.Mutex
	queue       []request
	wake        chan struct{}      // has room for one
	cancel      context.CancelFunc // of the request being served, nil while there is none
	interrupted bool               // the request about to be served is canceled
	done        context.Context
	end         context.CancelFunc
	exited      chan struct{}
	failed      time.Time // when a cell failed that aborts what was sent before
}

func (k *kernel) newShell() *shell {
	s := &shell{kernel: k, wake: make(chan struct{}, 1), exited: make(chan struct{})}
	s.done, s.end = context.WithCancel(context.Background())
	go s.run()
	return s
}

// dispatch takes a request of the shell channel to its shell. What need not wait for anything is
// answered here.
func (k *kernel) dispatch(r request) {
	if r.header.Type == "kernel_info_request" {
		k.serve(context.Background(), r, k.kernelInfo)
		return
	}
	s := k.main
	// Subshells are those of JEP 91.
	if id := r.header.SubshellID; id != "" {
		k.subMu.Lock()
		s = k.subshells[id]
		k.subMu.Unlock()
		if s == nil {
			k.serve(context.Background(), r, func(context.Context, request) (any, error) {
				return nil, fmt.Errorf("no subshell %q", id)
			})
			return
		}
	}
	s.push(r)
}

// push queues a request. One that only asks is taken out of turn if it waits too long.
func (s *shell) push(r request) {
	s.mu.Lock()
	// An interrupt is meant for what was there when it came, and not for what is sent later.
	s.interrupted = s.interrupted && len(s.queue) > 0
	s.queue = append(s.queue, r)
	waits := s.cancel != nil || len(s.queue) > 1
	s.mu.Unlock()
	select {
	// There is at most one token: whoever is awake looks at the whole queue.
	case s.wake <- struct{}{}:
	default:
	}
	if _, asks := questions[r.header.Type]; asks && waits {
		time.AfterFunc(patience, func() {
			if s.take(r) {
				s.kernel.handle(s.done, s, r)
			}
		})
	}
}

// take removes a request from the queue. It returns false if the request is no longer there.
func (s *shell) take(r request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, q := range s.queue {
		if q.message == r.message {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return true
		}
	}
	return false
}

func (s *shell) run() {
	defer close(s.exited)
	for {
		ctx, r, ok := s.next()
		if !ok {
			return
		}
		s.kernel.handle(ctx, s, r)
		s.mu.Lock()
		cancel := s.cancel
		s.cancel = nil
		s.mu.Unlock()
		cancel()
	}
}

// next waits for a request. It returns false at the end of the shell. The context is canceled by
// interrupt.
func (s *shell) next() (context.Context, request, bool) {
	for s.done.Err() == nil {
		s.mu.Lock()
		if len(s.queue) > 0 {
			r := s.queue[0]
			s.queue = s.queue[1:]
			var ctx context.Context
			ctx, s.cancel = context.WithCancel(s.done)
			if s.interrupted {
				s.interrupted = false
				s.cancel()
			}
			s.mu.Unlock()
			return ctx, r, true
		}
		s.mu.Unlock()
		select {
		case <-s.wake:
		case <-s.done.Done():
		}
	}
	return nil, request{}, false
}

// interrupt cancels the request being served, or the one about to be.
func (s *shell) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
		return
	}
	s.interrupted = len(s.queue) > 0
}

// close ends the shell when the request being served, now canceled, has its reply; what is still
// queued is answered as aborted.
func (s *shell) close() {
	s.end()
	select {
	case <-s.exited:
	// A cell that does not look at its context must not keep the kernel from ending.
	case <-time.After(lingerTime):
	}
	s.kernel.abort(s.takeAll(func(request) bool { return true })...)
}

// fail takes out the cells that are queued behind one that failed. It remembers when that was,
// because of cells that were sent before and have yet to come in.
func (s *shell) fail() []request {
	s.mu.Lock()
	s.failed = time.Now()
	s.mu.Unlock()
	return s.takeAll(func(r request) bool { return r.header.Type == "execute_request" })
}

// takeAll removes from the queue the requests for which the function returns true, and returns
// them.
func (s *shell) takeAll(which func(request) bool) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken, kept []request
	for _, r := range s.queue {
		if which(r) {
			taken = append(taken, r)
		} else {
			kept = append(kept, r)
		}
	}
	s.queue = kept
	return taken
}

// tooLate reports whether a cell was sent before the failure of the one before it was known.
func (s *shell) tooLate(r request) bool {
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	return r.sent.Before(failed) && time.Since(failed) < abortWindow
}

// handle serves one request of a shell.
func (k *kernel) handle(ctx context.Context, s *shell, r request) {
	switch t := r.header.Type; t {
	case "execute_request":
		k.execute(ctx, s, r)
	case "comm_open", "comm_msg", "comm_close":
		k.comm(ctx, r)
	default:
		if answer, ok := questions[t]; ok {
			k.serve(ctx, r, func(ctx context.Context, r request) (any, error) { return answer(k, r) })
			return
		}
		k.unknown(r)
	}
}

// serve sends busy before the answer to a request, and idle after it.
func (k *kernel) serve(ctx context.Context, r request, answer func(context.Context, request) (any, error)) {
	k.iopub.status(r.message, busy)
	defer k.iopub.status(r.message, idle)
	content, err := k.guard(ctx, r, answer)
	if err != nil {
		content = failure("request error", err.Error())
	}
	k.reply(r, replyType(r.header.Type), content)
}

// guard turns a panic in answering a request into an error: one bad request must not end the
// kernel.
func (k *kernel) guard(ctx context.Context, r request, answer func(context.Context, request) (any, error)) (content any, err error) {
	defer func() {
		if p := recover(); p != nil {
			k.log.Printf("answering %s: panic: %v", r.header.Type, p)
			err = fmt.Errorf("answering %s: %v", r.header.Type, p)
		}
	}()
	return answer(ctx, r)
}

// failure is the content of a reply to a request that failed.
func failure(name, message string) map[string]any {
	return map[string]any{"status": "error", "ename": name, "evalue": message, "traceback": []string{cell.Headline(name, message)}}
}

func replyType(requestType string) string {
	const suffix = "_request"
	if n := len(requestType) - len(suffix); n > 0 && requestType[n:] == suffix {
		return requestType[:n] + "_reply"
	}
	return requestType + "_reply"
}

// unknown answers what only looks like a request, so that nobody waits in vain.
func (k *kernel) unknown(r request) {
	k.log.Printf("unknown message type %q", r.header.Type)
	k.serve(context.Background(), r, func(context.Context, request) (any, error) {
		return nil, fmt.Errorf("%s is not supported by this kernel", r.header.Type)
	})
}

// control serves the control channel, beside whatever the shells do.
func (k *kernel) control(r request) {
	ctx := context.Background()
	switch r.header.Type {
	case "interrupt_request":
		k.interrupt()
		k.serve(ctx, r, func(context.Context, request) (any, error) { return ok(), nil })
	case "shutdown_request":
		k.shutdown(r)
	case "kernel_info_request":
		k.serve(ctx, r, k.kernelInfo)
	case "create_subshell_request":
		k.serve(ctx, r, k.createSubshell)
	case "delete_subshell_request":
		k.serve(ctx, r, k.deleteSubshell)
	case "list_subshell_request":
		k.serve(ctx, r, k.listSubshells)
	default:
		k.unknown(r)
	}
}

func ok() map[string]any { return map[string]any{"status": "ok"} }

// shutdown ends the kernel after telling everybody. A cell that runs is interrupted.
func (k *kernel) shutdown(r request) {
	var content struct {
		Restart bool `json:"restart"`
	}
	err := r.decode(&content)
	k.iopub.status(r.message, busy)
	answer := map[string]any{"status": "ok", "restart": content.Restart}
	if err != nil {
		k.reply(r, "shutdown_reply", failure("request error", err.Error()))
		k.iopub.status(r.message, idle)
		return
	}
	k.iopub.publish("shutdown_reply", r.message, answer)
	k.reply(r, "shutdown_reply", answer)
	k.iopub.status(r.message, idle)
	k.stop()
}

func (k *kernel) createSubshell(context.Context, request) (any, error) {
	id := rand.Text()
	k.subMu.Lock()
	defer k.subMu.Unlock()
	k.subshells[id] = k.newShell()
	return map[string]any{"status": "ok", "subshell_id": id}, nil
}

func (k *kernel) deleteSubshell(_ context.Context, r request) (any, error) {
	var content struct {
		ID string `json:"subshell_id"`
	}
	if err := r.decode(&content); err != nil {
		return nil, err
	}
	k.subMu.Lock()
	s := k.subshells[content.ID]
	delete(k.subshells, content.ID)
	k.subMu.Unlock()
	if s == nil {
		return nil, fmt.Errorf("no subshell %q", content.ID)
	}
	go s.close()
	return ok(), nil
}

func (k *kernel) listSubshells(context.Context, request) (any, error) {
	k.subMu.Lock()
	defer k.subMu.Unlock()
	ids := []string{}
	for id := range k.subshells {
		ids = append(ids, id)
	}
	return map[string]any{"status": "ok", "subshell_id": ids}, nil
}
