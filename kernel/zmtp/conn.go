package zmtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// ErrClosed is the error of sending to a peer that is gone.
var ErrClosed = errors.New("connection closed")

// A Conn is one connected peer of a socket.
type Conn struct {
	socket   *Socket
	nc       net.Conn
	r        *bufio.Reader
	identity string
	peerType string

	mu        sync.Mutex
	changed   sync.Cond  // queue, queued, closing or err changed
	queue     [][]byte   // wire form of what waits to be sent
	queued    int        // bytes waiting or being written
	taken     time.Time  // when the peer last took something, or the queue was empty
	closing   bool       // end when the queue is empty
	err       error      // why the connection ended
	topics    [][]byte   // subscriptions of a subscriber
	published sync.Mutex // held while something is published to it, and while it subscribes
}

func newConn(s *Socket, nc net.Conn) *Conn {
	c := &Conn{socket: s, nc: nc, r: bufio.NewReaderSize(nc, 16<<10)}
	c.changed.L = &c.mu
	return c
}

// Identity returns the peer's routing identity: its own, or one that the socket gave it.
func (c *Conn) Identity() string { return c.identity }

// handshake exchanges greetings and READY commands.
func (c *Conn) handshake() error {
	c.nc.SetDeadline(time.Now().Add(c.socket.opts.HandshakeTimeout))
	defer c.nc.SetDeadline(time.Time{})
	// Both are sent at once, without waiting for the peer's greeting: with the mechanism NULL
	// nothing in READY depends on it.
	if _, err := c.nc.Write(append(greeting(), ready(c.socket.typ.String())...)); err != nil {
		return err
	}
	if err := readGreeting(c.r); err != nil {
		return err
	}
	flags, body, err := readFrame(c.r, 4096)
	if err != nil {
		return fmt.Errorf("reading READY: %w", err)
	}
	if flags&flagCommand == 0 {
		return fmt.Errorf("message before READY: %w", ErrProtocol)
	}
	name, rest, err := parseCommand(body)
	if err != nil {
		return err
	}
	if name != "READY" {
		return fmt.Errorf("%q in place of READY: %w", name, ErrProtocol)
	}
	props, err := parseProperties(rest)
	if err != nil {
		return err
	}
	c.identity, c.peerType = props["identity"], props["socket-type"]
	if !c.socket.typ.accepts(c.peerType) {
		return fmt.Errorf("peer is a %q socket, which a %v does not serve: %w", c.peerType, c.socket.typ, ErrProtocol)
	}
	if len(c.identity) > 255 || len(c.identity) > 0 && c.identity[0] == 0 {
		return fmt.Errorf("identity %q: %w", c.identity, ErrProtocol)
	}
	return nil
}

// readLoop hands messages and subscriptions to the socket until the connection ends.
func (c *Conn) readLoop() error {
	limit := c.socket.opts.MaxMessage
	if c.socket.typ == XPub {
		limit = min(limit, maxTopic)
	}
	var msg [][]byte
	size := 0
	for {
		flags, body, err := readFrame(c.r, limit-size)
		if err != nil {
			if err == io.EOF && msg != nil {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if flags&flagCommand != 0 {
			if err := c.command(body); err != nil {
				return err
			}
			continue
		}
		msg = append(msg, body)
		// A frame costs memory beside its bytes: a message of very many empty ones is a large
		// one, too.
		if size += len(body) + 64; len(msg) > maxFrames || size > limit {
			return fmt.Errorf("message of %d frames, %d bytes: %w", len(msg), size, ErrTooLarge)
		}
		if flags&flagMore != 0 {
			continue
		}
		if c.socket.typ == XPub {
			c.subscriptionMessage(msg)
		} else {
			c.socket.handler.message(c, msg)
		}
		msg, size = nil, 0
	}
}

// command handles a command that came after the handshake.
func (c *Conn) command(body []byte) error {
	name, rest, err := parseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case "PING":
		if len(rest) < 2 || len(rest) > 18 {
			return fmt.Errorf("PING of %d bytes: %w", len(rest), ErrProtocol)
		}
		return c.send(appendFrame(nil, flagCommand, command("PONG", rest[2:]...)))
	case "SUBSCRIBE":
		c.subscribe(rest)
	case "CANCEL":
		c.cancel(rest)
	case "ERROR":
		return fmt.Errorf("peer reports %q: %w", rest, ErrProtocol)
	}
	return nil
}

// subscriptionMessage handles the ZMTP 3.0 form of subscriptions; other messages to a publisher
// are ignored.
func (c *Conn) subscriptionMessage(msg [][]byte) {
	if len(msg) != 1 || len(msg[0]) == 0 {
		return
	}
	switch msg[0][0] {
	case 0:
		c.cancel(msg[0][1:])
	case 1:
		c.subscribe(msg[0][1:])
	}
}

// Limits of what a subscriber can ask for.
const (
	maxTopics = 4096    // subscriptions
	maxTopic  = 4 << 10 // bytes of a subscription
)

func (c *Conn) subscribe(topic []byte) {
	if c.socket.typ != XPub {
		return
	}
	// What the handler sends comes before all that is published to the new subscriber.
	c.published.Lock()
	defer c.published.Unlock()
	c.mu.Lock()
	if len(c.topics) < maxTopics {
		c.topics = append(c.topics, topic)
	}
	c.mu.Unlock()
	c.socket.handler.subscribed(c, topic)
}

func (c *Conn) cancel(topic []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, t := range c.topics {
		if bytes.Equal(t, topic) {
			c.topics = append(c.topics[:i:i], c.topics[i+1:]...)
			return
		}
	}
}

// wants reports whether the peer has subscribed to messages that begin with topic.
func (c *Conn) wants(topic []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.topics {
		if bytes.HasPrefix(topic, t) {
			return true
		}
	}
	return false
}

// Send queues a message for the peer. It waits while the queue is full and the peer goes on
// reading; a peer that takes nothing for Options.Stall then loses its connection.
func (c *Conn) Send(frames ...[]byte) error { return c.send(wire(frames)) }

// wire is the wire form of a message.
func wire(frames [][]byte) []byte {
	n := 0
	for _, f := range frames {
		n += len(f) + 9
	}
	out := make([]byte, 0, n)
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = flagMore
		}
		out = appendFrame(out, flags, f)
	}
	return out
}

// send queues the wire form of a message, as Send describes.
func (c *Conn) send(msg []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A message that is larger than the mark goes into an empty queue, or it could never be sent.
	for c.err == nil && c.queued > 0 && c.queued+len(msg) > c.socket.opts.HighWater {
		if time.Since(c.taken) > c.socket.opts.Stall {
			c.fail(fmt.Errorf("peer has taken nothing for %v: %w", c.socket.opts.Stall, ErrClosed))
			break
		}
		// A condition cannot be waited for with a limit of time.
		wake := time.AfterFunc(c.socket.opts.Stall/4+time.Millisecond, c.wake)
		c.changed.Wait()
		wake.Stop()
	}
	if c.err != nil || c.closing {
		return ErrClosed
	}
	if c.queued == 0 {
		c.taken = time.Now()
	}
	c.queue = append(c.queue, msg)
	c.queued += len(msg)
	c.changed.Broadcast()
	return nil
}

// wake makes waiting senders look at the clock.
func (c *Conn) wake() {
	c.mu.Lock()
	c.changed.Broadcast()
	c.mu.Unlock()
}

// endWriting tells the peer that nothing more comes and leaves it a moment to read what has:
// closing at once could take back bytes on their way. c.mu is held.
func (c *Conn) endWriting() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok && c.err == nil && half.CloseWrite() == nil {
		c.nc.SetReadDeadline(time.Now().Add(lingerRead))
		return
	}
	c.fail(ErrClosed)
}

// lingerRead is how long a peer has to close its side after we have closed ours.
const lingerRead = 500 * time.Millisecond

// writeStep is how many bytes are written at once, so that progress of a slow peer shows.
const writeStep = 256 << 10

// writeLoop sends what is queued until the connection ends or is closed with an empty queue.
func (c *Conn) writeLoop() {
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.closing && c.err == nil {
			c.changed.Wait()
		}
		if c.err != nil || len(c.queue) == 0 {
			c.endWriting()
			c.mu.Unlock()
			return
		}
		// All that waits is taken at once: small messages are then written together.
		batch := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, part := range steps(batch) {
			if _, err := c.nc.Write(part); err != nil {
				c.mu.Lock()
				c.fail(err)
				c.mu.Unlock()
				return
			}
			c.mu.Lock()
			c.queued -= len(part)
			c.taken = time.Now()
			c.changed.Broadcast()
			c.mu.Unlock()
		}
	}
}

// steps joins small messages and cuts large ones into parts of about writeStep bytes.
func steps(batch [][]byte) [][]byte {
	var parts [][]byte
	var join []byte
	for _, msg := range batch {
		if len(join) > 0 && len(join)+len(msg) > writeStep {
			parts, join = append(parts, join), nil
		}
		if len(msg) <= writeStep {
			if join == nil && len(batch) == 1 {
				return append(parts, msg)
			}
			join = append(join, msg...)
			continue
		}
		for len(msg) > writeStep {
			parts, msg = append(parts, msg[:writeStep]), msg[writeStep:]
		}
		join = append(join, msg...)
	}
	if len(join) > 0 {
		parts = append(parts, join)
	}
	return parts
}

// fail ends the connection; c.mu is held.
func (c *Conn) fail(err error) {
	if c.err == nil {
		c.err = err
		c.queue = nil
		c.nc.Close()
	}
	c.changed.Broadcast()
}

// drain lets the connection end when everything queued is sent.
func (c *Conn) drain() {
	c.mu.Lock()
	c.closing = true
	c.changed.Broadcast()
	c.mu.Unlock()
}

// abort ends the connection at once.
func (c *Conn) abort() {
	c.mu.Lock()
	c.fail(ErrClosed)
	c.mu.Unlock()
}
