// Package comm lets the code of a session and the front end talk to each other over Jupyter's
// comms: named, two-way channels that widgets are built on.
//
// A session opens comms with Open and accepts those of the front end with Register. Messages of
// the front end are handled one at a time, each by the callback of its comm, which runs as a
// goroutine of its own beside a running cell: data that both use needs the care that goroutines
// need. A callback that panics is reported and harms nothing else.
package comm

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Message is one message of a comm, in either direction.
type Message struct {
	Type     string // "comm_open", "comm_msg" or "comm_close"
	ID       string
	Target   string // of comm_open
	Data     json.RawMessage
	Metadata json.RawMessage
	Buffers  [][]byte
}

// ErrNoFrontEnd is the error of Open where no front end can be reached, as in a notebook run
// without one.
var ErrNoFrontEnd = errors.New("no front end is connected")

// A Comm is one open channel.
type Comm struct {
	id, target string

	run func(callback func()) // on behalf of the cell that has made the comm

	mu        sync.Mutex
	onMessage func(data json.RawMessage, buffers [][]byte)
	onClose   func()
}

// A session has one set of comms, as it has one set of variables.
var (
	mu       sync.Mutex
	send     func(Message)
	report   func(error)
	owner    func() func(callback func())
	comms    = map[string]*Comm{}
	targets  = map[string]target{}
	handling sync.Mutex // one callback at a time
)

// A target is what front ends open comms to.
type target struct {
	open func(c *Comm, data json.RawMessage)
	run  func(callback func())
}

// SetOwner makes callbacks run by the function that f returned when their comm was made. They then
// run on behalf of the cell that made the comm, and their output is that of this cell. With nil,
// they are run directly.
func SetOwner(f func() func(callback func())) {
	mu.Lock()
	defer mu.Unlock()
	owner = f
}

// currentOwner is called when a comm is made.
func currentOwner() func(func()) {
	mu.Lock()
	f := owner
	mu.Unlock()
	if f == nil {
		return func(callback func()) { callback() }
	}
	return f()
}

// SetTransport sends what the session says from now on to out, and failures of callbacks to failed.
// With nil, the session is disconnected. Every open comm is forgotten.
func SetTransport(out func(Message), failed func(error)) {
	mu.Lock()
	defer mu.Unlock()
	send, report = out, failed
	clear(comms)
}

// Open opens a comm to the target that the front end knows by that name.
func Open(target string, data, metadata any, buffers ...[]byte) (*Comm, error) {
	c := &Comm{id: rand.Text(), target: target, run: currentOwner()}
	m := Message{Type: "comm_open", ID: c.id, Target: target, Buffers: buffers}
	if err := m.encode(data, metadata); err != nil {
		return nil, fmt.Errorf("opening comm %s: %w", target, err)
	}
	mu.Lock()
	out := send
	if out != nil {
		comms[c.id] = c
	}
	mu.Unlock()
	if out == nil {
		return nil, fmt.Errorf("opening comm %s: %w", target, ErrNoFrontEnd)
	}
	out(m)
	return c, nil
}

// Register calls open for every comm that the front end opens to the target of that name. With nil,
// it is no longer called.
func Register(name string, open func(c *Comm, data json.RawMessage)) {
	run := currentOwner()
	mu.Lock()
	defer mu.Unlock()
	if open == nil {
		delete(targets, name)
		return
	}
	targets[name] = target{open, run}
}

// ID returns the comm's name, unique among all comms.
func (c *Comm) ID() string { return c.id }

// Target returns the name of what the comm was opened to.
func (c *Comm) Target() string { return c.target }

// OnMessage calls f for every message of the front end.
func (c *Comm) OnMessage(f func(data json.RawMessage, buffers [][]byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onMessage = f
}

// OnClose calls f when the front end closes the comm.
func (c *Comm) OnClose(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onClose = f
}

// Send sends data, any JSON value, to the front end.
func (c *Comm) Send(data any, buffers ...[]byte) error {
	m := Message{Type: "comm_msg", ID: c.id, Buffers: buffers}
	if err := m.encode(data, nil); err != nil {
		return fmt.Errorf("sending to comm %s: %w", c.target, err)
	}
	return c.post(m)
}

// Close closes the comm on both sides.
func (c *Comm) Close() error {
	m := Message{Type: "comm_close", ID: c.id}
	if err := m.encode(nil, nil); err != nil {
		return err
	}
	err := c.post(m)
	mu.Lock()
	delete(comms, c.id)
	mu.Unlock()
	return err
}

func (c *Comm) post(m Message) error {
	mu.Lock()
	out, open := send, comms[c.id] == c
	mu.Unlock()
	if out == nil || !open {
		return fmt.Errorf("comm %s is closed: %w", c.target, ErrNoFrontEnd)
	}
	out(m)
	return nil
}

func (m *Message) encode(data, metadata any) (err error) {
	if m.Data, err = object(data); err != nil {
		return err
	}
	m.Metadata, err = object(metadata)
	return err
}

// object encodes v, and nil as an object without members.
func object(v any) (json.RawMessage, error) {
	if v == nil {
		return json.RawMessage("{}"), nil
	}
	return json.Marshal(v)
}

// Deliver handles one message of the front end and returns when its callback has returned.
func Deliver(m Message) {
	handling.Lock()
	defer handling.Unlock()
	mu.Lock()
	c, open, failed, out := comms[m.ID], targets[m.Target], report, send
	if m.Type == "comm_open" && open.open != nil {
		c = &Comm{id: m.ID, target: m.Target, run: open.run}
		comms[m.ID] = c
	}
	if m.Type == "comm_close" {
		delete(comms, m.ID)
	}
	mu.Unlock()
	defer func() {
		if p := recover(); p != nil && failed != nil {
			failed(fmt.Errorf("callback of comm %s panicked: %v", m.ID, p))
		}
	}()
	switch {
	case m.Type == "comm_open" && open.open != nil:
		c.run(func() { open.open(c, m.Data) })
	case m.Type == "comm_open" && out != nil:
		out(Message{Type: "comm_close", ID: m.ID, Data: json.RawMessage("{}"), Metadata: json.RawMessage("{}")})
	case c == nil:
	case m.Type == "comm_msg":
		if f := c.messageCallback(); f != nil {
			c.run(func() { f(m.Data, m.Buffers) })
		}
	case m.Type == "comm_close":
		if f := c.closeCallback(); f != nil {
			c.run(f)
		}
	}
}

func (c *Comm) messageCallback() func(json.RawMessage, [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.onMessage
}

func (c *Comm) closeCallback() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.onClose
}
