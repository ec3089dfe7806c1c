package jupyter

import (
	"context"
	"fmt"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter/comm"
)

// commEvaluator is an evaluator that runs elsewhere and carries the comms of its session.
type commEvaluator interface {
	// OnComm makes the evaluator hand every message of the session's comms to f.
	OnComm(f func(comm.Message))
	// Comm hands a message of the front end to the session and returns when it has been handled.
	Comm(ctx context.Context, m comm.Message) error
}

// session is the evaluator of the kernel, from the moment that it is being started.
type session struct {
	ready chan struct{} // closed when ev and err are set
	ev    cell.Evaluator
	err   error
}

// startSession starts a session in the background, so that the sockets are open sooner.
func startSession(start func() (cell.Evaluator, error), c *comms) *session {
	s := &session{ready: make(chan struct{})}
	go func() {
		defer close(s.ready)
		defer func() {
			if p := recover(); p != nil {
				s.err = fmt.Errorf("starting the session: panic: %v", p)
			}
		}()
		if s.ev, s.err = start(); s.err == nil {
			c.attach(s.ev)
		}
	}()
	return s
}

// evaluator waits until the session has started.
func (s *session) evaluator() (cell.Evaluator, error) {
	<-s.ready
	return s.ev, s.err
}

func (s *session) close() error {
	ev, err := s.evaluator()
	if err != nil {
		return nil
	}
	return ev.Close()
}
