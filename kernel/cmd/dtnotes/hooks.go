package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"dtnotes/analysis/behavior"
	"dtnotes/kernel/internal/process"
)

// A phase says what became of an alert, or of the watch itself.
type phase string

// The phases.
const (
	phaseStart  phase = "start"
	phaseUpdate phase = "update"
	phaseEnd    phase = "end"
	phaseBlind  phase = "blind"  // the watch sees nothing that it could judge
	phaseSeeing phase = "seeing" // it does again
)

// An event is what hooks are told: an alert with its phase, or the reason why the watch is blind.
type event struct {
	Phase    phase  `json:"phase"`
	Behavior string `json:"behavior"`
	Number   int    `json:"number,omitempty"` // of the alert, to accept it by
	Reason   string `json:"reason,omitempty"` // of being blind
	Time     int64  `json:"time"`             // now, seconds since the epoch
	*behavior.Alert
}

// hookTime bounds how long a command or a delivery may take.
const hookTime = 30 * time.Second

// waiting bounds the events that wait for hooks that are slow.
const waiting = 256

// hooks tell events to a command and a web address, one after the other, while the watch goes on.
type hooks struct {
	exec, webhook string
	warnings      io.Writer
	ctx           context.Context
	queue         chan event
	done          sync.WaitGroup
}

// newHooks starts telling events. They are told even after ctx has ended: the end of an alert is
// news when the watch is interrupted, too.
func newHooks(ctx context.Context, exec, webhook string, warnings io.Writer) *hooks {
	h := &hooks{exec: exec, webhook: webhook, warnings: warnings, ctx: context.WithoutCancel(ctx), queue: make(chan event, waiting)}
	h.done.Add(1)
	go func() {
		defer h.done.Done()
		for e := range h.queue {
			if err := h.deliver(e); err != nil {
				say(warnings, "warning:", err)
			}
		}
	}()
	return h
}

// tell queues an event. An update that finds others waiting is left out, since the next one will
// say more.
func (h *hooks) tell(e event) {
	if h.exec == "" && h.webhook == "" || e.Phase == phaseUpdate && len(h.queue) > 0 {
		return
	}
	e.Time = time.Now().Unix()
	select {
	case h.queue <- e:
	// This never waits: a hook that hangs must not stop the watch.
	default:
		sayf(h.warnings, "warning: the hooks are so slow that the %s of an alert was not told to them\n", e.Phase)
	}
}

// close waits until all events are told.
func (h *hooks) close() {
	close(h.queue)
	h.done.Wait()
}

// deliver tells one event to both the command and the web address. If one of them fails, the other
// is still told.
func (h *hooks) deliver(e event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var failed []string
	if h.exec != "" {
		if err := h.run(e.Phase, text); err != nil {
			failed = append(failed, fmt.Sprintf("running %q for the %s of an alert: %v", h.exec, e.Phase, err))
		}
	}
	if h.webhook != "" {
		if err := h.post(text); err != nil {
			failed = append(failed, fmt.Sprintf("telling %s the %s of an alert: %v", h.webhook, e.Phase, err))
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%s", strings.Join(failed, "; "))
	}
	return nil
}

func (h *hooks) run(p phase, text []byte) error {
	ctx, stop := context.WithTimeout(h.ctx, hookTime)
	defer stop()
	hook := process.Shell(ctx, h.exec)
	hook.Env = append(os.Environ(), "DTNOTES_PHASE="+string(p))
	hook.Stdin = bytes.NewReader(append(text, '\n'))
	hook.Stdout, hook.Stderr = h.warnings, h.warnings
	return process.Run(hook)
}

// post delivers an event, trying again, with a pause twice as long each time, when the address
// cannot be reached, fails by itself (5xx), or is told too much at once (429). Any other answer
// would be the same again.
func (h *hooks) post(text []byte) error {
	ctx, stop := context.WithTimeout(h.ctx, hookTime)
	defer stop()
	var last error
	for wait := 200 * time.Millisecond; ; wait *= 2 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.webhook, bytes.NewReader(text))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			// If an answer is read to its end, the connection can be used again.
			io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
			resp.Body.Close()
			if resp.StatusCode < 300 {
				return nil
			}
			if err = fmt.Errorf("it answered %s", resp.Status); resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
				return err
			}
		}
		last = err
		select {
		case <-ctx.Done():
			return last
		case <-time.After(wait):
		}
		if wait > 2*time.Second {
			return last
		}
	}
}
