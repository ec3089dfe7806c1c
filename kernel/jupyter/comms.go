package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter/comm"
)

// comms carries comm messages between front ends and the session, and knows which comms are open.
type comms struct {
	iopub *iopub

	mu      sync.Mutex
	open    map[string]string // target by comm
	parent  *message          // what the session is doing now
	deliver func(ctx context.Context, m comm.Message) error
}

// attach connects the comms of a session: the session's own if it runs elsewhere, or else those of
// this process.
func (c *comms) attach(ev cell.Evaluator) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if remote, ok := ev.(commEvaluator); ok {
		c.deliver = remote.Comm
		remote.OnComm(c.publish)
		return
	}
	c.deliver = deliverHere
	comm.SetTransport(c.publish, func(err error) { fmt.Fprintln(os.Stderr, err) })
}

// deliverHere hands a message to this process's session and waits for its callback, or for ctx.
func deliverHere(ctx context.Context, m comm.Message) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		comm.Deliver(m)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// during says on behalf of which request the session speaks from now on.
func (c *comms) during(m *message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parent = m
}

// commContent is the content of the three comm messages.
type commContent struct {
	ID     string          `json:"comm_id"`
	Target string          `json:"target_name,omitempty"`
	Data   json.RawMessage `json:"data"`
}

// publish sends what the session says to the front ends.
func (c *comms) publish(m comm.Message) {
	c.mu.Lock()
	parent := c.parent
	c.track(m)
	c.mu.Unlock()
	c.iopub.publishMessage(m.Type, parent, commContent{m.ID, m.Target, m.Data}, m.Metadata, m.Buffers)
}

func (c *comms) track(m comm.Message) {
	switch m.Type {
	case "comm_open":
		c.open[m.ID] = m.Target
	case "comm_close":
		delete(c.open, m.ID)
	}
}

// info lists the open comms: those of one target, or all if target is empty.
func (c *comms) info(target string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := map[string]any{}
	for id, t := range c.open {
		if target == "" || t == target {
			list[id] = map[string]string{"target_name": t}
		}
	}
	return list
}

// comm takes a comm message of a front end to the session.
func (k *kernel) comm(ctx context.Context, r request) {
	k.iopub.status(r.message, busy)
	defer k.iopub.status(r.message, idle)
	var content commContent
	if err := r.decode(&content); err != nil {
		k.log.Printf("%v", err)
		return
	}
	// This waits for the session, without which there is nobody to deliver to.
	if _, err := k.session.evaluator(); err != nil {
		k.log.Printf("%s: %v", r.header.Type, err)
		return
	}
	m := comm.Message{Type: r.header.Type, ID: content.ID, Target: content.Target, Data: content.Data, Metadata: r.metadata, Buffers: r.buffers}
	k.comms.mu.Lock()
	k.comms.parent = r.message
	k.comms.track(m)
	deliver := k.comms.deliver
	k.comms.mu.Unlock()
	if err := deliver(ctx, m); err != nil {
		k.log.Printf("%s: %v", r.header.Type, err)
	}
}
