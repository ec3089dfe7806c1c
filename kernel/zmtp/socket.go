package zmtp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Type is the type of a socket.
type Type int

// The socket types of a kernel.
const (
	Router Type = iota // talks to DEALER, REQ and ROUTER peers, each known by its identity
	Rep                // answers REQ and DEALER peers with their own message: an echo
	XPub               // publishes to SUB and XSUB peers and sees their subscriptions
)

func (t Type) String() string { return [...]string{"ROUTER", "REP", "XPUB"}[t] }

// accepts reports whether a socket serves peers of that type, as the table of valid pairs in ZMTP
// 3.1 has it.
func (t Type) accepts(peer string) bool {
	switch t {
	case Router:
		return peer == "DEALER" || peer == "REQ" || peer == "ROUTER"
	case Rep:
		return peer == "REQ" || peer == "DEALER"
	}
	return peer == "SUB" || peer == "XSUB"
}

// Options limit what peers can do. The zero value has the defaults.
type Options struct {
	MaxMessage       int           // bytes of an incoming message; 256 MiB
	HighWater        int           // bytes queued for a peer before a sender waits; 64 MiB
	Stall            time.Duration // how long a peer with a full queue may take nothing; 10 s
	HandshakeTimeout time.Duration // 10 s
	MaxConns         int           // peers at a time; 1024
	Log              func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	if o.MaxMessage <= 0 {
		o.MaxMessage = 256 << 20
	}
	if o.HighWater <= 0 {
		o.HighWater = 64 << 20
	}
	if o.Stall <= 0 {
		o.Stall = 10 * time.Second
	}
	if o.HandshakeTimeout <= 0 {
		o.HandshakeTimeout = 10 * time.Second
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 1024
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}

// Handler takes what peers send. Its functions are called by each peer's own goroutine, and a
// peer is not read while one of its calls runs. Nil functions ignore what comes.
type Handler struct {
	Message   func(from *Conn, frames [][]byte) // to a Router
	Subscribe func(by *Conn, topic []byte)      // to an XPub, when the subscription is in force
}

func (h Handler) message(c *Conn, frames [][]byte) {
	if h.Message != nil {
		h.Message(c, frames)
	}
}

func (h Handler) subscribed(c *Conn, topic []byte) {
	if h.Subscribe != nil {
		h.Subscribe(c, topic)
	}
}

// A Socket is bound to one address and serves the peers that connect to it.
type Socket struct {
	typ     Type
	opts    Options
	handler Handler
	ln      net.Listener

	mu     sync.Mutex
	conns  []*Conn        // connections past the handshake, oldest first
	all    map[*Conn]bool // also those before
	nextID uint32
	closed bool
	done   sync.WaitGroup
}

// Listen binds a socket to an endpoint, tcp://ADDRESS:PORT or ipc://PATH, and serves it until
// Close. A Rep socket echoes and needs no handler. Port 0 picks a free one; see Addr.
func Listen(typ Type, endpoint string, h Handler, opts Options) (*Socket, error) {
	network, address, err := split(endpoint)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		if err := removeStale(address); err != nil {
			return nil, fmt.Errorf("binding %s: %w", endpoint, err)
		}
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("binding %s: %w", endpoint, err)
	}
	if network == "unix" {
		// Messages on a Unix socket are in the clear: only its owner may connect.
		if err := os.Chmod(address, 0o600); err != nil {
			ln.Close()
			return nil, fmt.Errorf("binding %s: %w", endpoint, err)
		}
	}
	s := &Socket{typ: typ, opts: opts.withDefaults(), handler: h, ln: ln, all: map[*Conn]bool{}}
	if typ == Rep {
		s.handler = Handler{Message: func(c *Conn, frames [][]byte) { c.Send(frames...) }}
	}
	s.done.Add(1)
	go s.accept()
	return s, nil
}

func split(endpoint string) (network, address string, err error) {
	if a, ok := strings.CutPrefix(endpoint, "tcp://"); ok {
		if host, port, err := net.SplitHostPort(a); err == nil && host == "*" {
			a = ":" + port
		}
		return "tcp", a, nil
	}
	if p, ok := strings.CutPrefix(endpoint, "ipc://"); ok {
		return "unix", p, nil
	}
	return "", "", fmt.Errorf("endpoint %q: want tcp://ADDRESS:PORT or ipc://PATH", endpoint)
}

// removeStale removes a Unix socket that nobody serves any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return errors.New("address already in use")
	}
	return os.Remove(path)
}

// Addr returns the address that the socket is bound to.
func (s *Socket) Addr() net.Addr { return s.ln.Addr() }

func (s *Socket) accept() {
	defer s.done.Done()
	for {
		nc, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.opts.Log("%v socket: accepting: %v", s.typ, err)
			// Too many open files, say: to try again at once would only take the time in which
			// some are closed.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := newConn(s, nc)
		if !s.admit(c) {
			nc.Close()
			continue
		}
		go s.serve(c)
	}
}

// admit counts a new connection in, unless there are too many or the socket is closed.
func (s *Socket) admit(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.all) >= s.opts.MaxConns {
		return false
	}
	s.all[c] = true
	s.done.Add(1)
	return true
}

// serve runs one connection from handshake to end.
func (s *Socket) serve(c *Conn) {
	defer s.done.Done()
	defer s.remove(c)
	if err := c.handshake(); err != nil {
		s.opts.Log("%v socket: refusing a connection: %v", s.typ, err)
		return
	}
	s.register(c)
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		c.writeLoop()
	}()
	err := c.readLoop()
	if errors.Is(err, ErrProtocol) || errors.Is(err, ErrTooLarge) {
		s.opts.Log("%v socket: closing a connection: %v", s.typ, err)
	}
}

// register makes the connection known by its identity. Peers may share one: the clients that one
// program makes of one Jupyter session do.
func (s *Socket) register(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.identity == "" {
		s.nextID++
		// Identities that begin with a zero byte are the socket's own to give: peers may not
		// choose one, so none meets another.
		c.identity = string(binary.BigEndian.AppendUint32([]byte{0}, s.nextID))
	}
	s.conns = append(s.conns, c)
	if s.closed {
		c.drain()
	}
}

func (s *Socket) remove(c *Conn) {
	c.abort()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
	s.conns = slices.DeleteFunc(s.conns, func(other *Conn) bool { return other == c })
}

// Peers returns the connected peers of an identity, the oldest first.
func (s *Socket) Peers(identity string) []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var peers []*Conn
	for _, c := range s.conns {
		if c.identity == identity {
			peers = append(peers, c)
		}
	}
	return peers
}

// Publish sends a message to every peer that has subscribed to its first frame. It returns when the
// message is queued for all of them, in the order of calls.
func (s *Socket) Publish(frames ...[]byte) {
	s.mu.Lock()
	peers := slices.Clone(s.conns)
	s.mu.Unlock()
	var msg []byte
	for _, c := range peers {
		if len(frames) == 0 {
			continue
		}
		// Held per peer: one that reads slowly keeps back what follows for itself, and whoever
		// publishes, but no subscription of others.
		c.published.Lock()
		if c.wants(frames[0]) {
			if msg == nil {
				msg = wire(frames)
			}
			if err := c.send(msg); err != nil {
				s.opts.Log("%v socket: a subscriber is gone: %v", s.typ, err)
			}
		}
		c.published.Unlock()
	}
}

// Close stops accepting, sends what is queued to the peers that take it, and ends all connections,
// at the latest when ctx is done.
func (s *Socket) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	ready := make(map[*Conn]bool, len(s.conns))
	for _, c := range s.conns {
		ready[c] = true
		c.drain()
	}
	for c := range s.all {
		if !ready[c] {
			go c.abort()
		}
	}
	s.mu.Unlock()
	err := s.ln.Close()
	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return err
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.all {
		go c.abort()
	}
	s.mu.Unlock()
	<-ended
	return errors.Join(err, ctx.Err())
}
