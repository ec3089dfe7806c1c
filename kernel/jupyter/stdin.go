package jupyter

import (
	"context"
	"errors"
	"sync"

	"dtnotes/kernel/zmtp"
)

// stdin asks users for input.
type stdin struct {
	codec  *codec
	iopub  *iopub
	socket *zmtp.Socket

	mu      sync.Mutex
	waiting map[string]*question // by identity of who is asked
}

// question is an input_request that waits for its answer.
type question struct {
	id     string // of the input_request
	answer chan string
}

// ask returns the function that asks whoever sent r for one line.
func (s *stdin) ask(r request) func(ctx context.Context, prompt string, password bool) (string, error) {
	return func(ctx context.Context, prompt string, password bool) (string, error) {
		who := r.from.Identity()
		peers := s.socket.Peers(who)
		if len(peers) == 0 {
			return "", errors.New("reading standard input: the front end has no stdin channel")
		}
		// What was printed so far is sent first, since it is often the question.
		s.iopub.flushAll()
		frames := s.codec.build("input_request", r.message, map[string]any{"prompt": prompt, "password": password}, nil, nil)
		q := &question{id: messageID(frames), answer: make(chan string, 1)}
		s.mu.Lock()
		s.waiting[who] = q
		s.mu.Unlock()
		defer s.forget(who, q)
		for _, peer := range peers { // clients that share an identity are all asked
			peer.Send(frames...)
		}
		select {
		case line := <-q.answer:
			return line, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (s *stdin) forget(who string, q *question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[who] == q {
		delete(s.waiting, who)
	}
}

// answer takes an input_reply to whoever waits for it. An answer to an older question is ignored.
func (s *stdin) answer(r request) {
	var content struct {
		Value string `json:"value"`
	}
	if r.header.Type != "input_reply" || r.decode(&content) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.waiting[r.from.Identity()]
	// Some clients send no parent. Their answer is taken for one to the question that waits.
	if q == nil || r.parent.ID != "" && r.parent.ID != q.id {
		return
	}
	delete(s.waiting, r.from.Identity())
	q.answer <- content.Value
}
