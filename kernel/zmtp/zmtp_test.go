package zmtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// peer is the connecting side, as libzmq plays it.
type peer struct {
	t  *testing.T
	nc net.Conn
}

func dial(t *testing.T, s *Socket, socketType, identity string) *peer {
	t.Helper()
	nc, err := net.Dial(s.Addr().Network(), s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	body := appendProperty(nil, "Socket-Type", socketType)
	body = appendProperty(body, "Identity", identity)
	nc.Write(append(greeting(), appendFrame(nil, flagCommand, command("READY", body...))...))
	if err := readGreeting(nc); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readFrame(nc, 4096); err != nil {
		t.Fatal(err)
	}
	return &peer{t, nc}
}

func (p *peer) send(frames ...string) {
	var raw [][]byte
	for _, f := range frames {
		raw = append(raw, []byte(f))
	}
	if _, err := p.nc.Write(wire(raw)); err != nil {
		p.t.Error(err)
	}
}

func (p *peer) recv() []string {
	p.t.Helper()
	p.nc.SetReadDeadline(time.Now().Add(20 * time.Second))
	var msg []string
	for {
		flags, body, err := readFrame(p.nc, 1<<30)
		if err != nil {
			p.t.Fatalf("receiving: %v", err)
		}
		msg = append(msg, string(body))
		if flags&flagMore == 0 {
			return msg
		}
	}
}

func listen(t *testing.T, typ Type, h Handler, o Options) *Socket {
	t.Helper()
	s, err := Listen(typ, "tcp://127.0.0.1:0", h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

func TestRouter(t *testing.T) {
	type in struct {
		from string
		msg  string
	}
	got := make(chan in, 10)
	s := listen(t, Router, Handler{Message: func(c *Conn, frames [][]byte) {
		got <- in{c.Identity(), string(bytes.Join(frames, []byte("|")))}
		c.Send(append(frames, []byte("answer"))...)
	}}, Options{})
	named, unnamed := dial(t, s, "DEALER", "me"), dial(t, s, "DEALER", "")
	named.send("a", "", strings.Repeat("long", 100))
	if m := <-got; m.from != "me" || m.msg != "a||"+strings.Repeat("long", 100) {
		t.Errorf("got %+v", m)
	}
	if m := named.recv(); len(m) != 4 || m[3] != "answer" {
		t.Errorf("answer %q", m)
	}
	unnamed.send("b")
	m := <-got
	if len(m.from) != 5 || m.from[0] != 0 {
		t.Errorf("identity of an unnamed peer: %q", m.from)
	}
	unnamed.recv()
	s.Peers("me")[0].Send([]byte("by name"))
	if m := named.recv(); m[0] != "by name" {
		t.Errorf("got %q", m)
	}
	again := dial(t, s, "DEALER", "me")
	again.send("c")
	<-got
	again.recv()
	named.send("d") // both are served
	<-got
	named.recv()
	if n := len(s.Peers("me")); n != 2 {
		t.Errorf("%d peers of one name", n)
	}
	named.nc.Close()
	await(t, func() bool { return len(s.Peers("me")) == 1 })
}

func TestEcho(t *testing.T) {
	s := listen(t, Rep, Handler{}, Options{})
	p := dial(t, s, "REQ", "")
	for range 3 {
		p.send("", "ping")
		if m := p.recv(); len(m) != 2 || m[0] != "" || m[1] != "ping" {
			t.Errorf("got %q", m)
		}
	}
	p.nc.Write(appendFrame(nil, flagCommand, command("PING", 0, 10, 'x', 'y')))
	flags, body, err := readFrame(p.nc, 100)
	if err != nil || flags&flagCommand == 0 || string(body) != "\x04PONGxy" {
		t.Errorf("PING is answered by %#x %q, %v", flags, body, err)
	}
}

func TestPublish(t *testing.T) {
	topics := make(chan string, 10)
	s := listen(t, XPub, Handler{Subscribe: func(c *Conn, topic []byte) {
		c.Send([]byte("welcome"), topic)
		topics <- string(topic)
	}}, Options{})
	all, some := dial(t, s, "SUB", ""), dial(t, s, "SUB", "")
	all.send("\x01")                                                             // ZMTP 3.0
	some.nc.Write(appendFrame(nil, flagCommand, command("SUBSCRIBE", 's', 't'))) // ZMTP 3.1
	<-topics
	<-topics
	if m := all.recv(); m[0] != "welcome" {
		t.Errorf("got %q", m)
	}
	some.recv()
	s.Publish([]byte("status"), []byte("1"))
	s.Publish([]byte("other"), []byte("2"))
	s.Publish([]byte("stream"), []byte("3"))
	for _, want := range []string{"1", "2", "3"} {
		if m := all.recv(); m[1] != want {
			t.Errorf("got %q, want %s", m, want)
		}
	}
	for _, want := range []string{"1", "3"} {
		if m := some.recv(); m[1] != want {
			t.Errorf("got %q, want %s", m, want)
		}
	}
	some.nc.Write(appendFrame(nil, flagCommand, command("CANCEL", 's', 't')))
	some.send("\x01last")
	<-topics
	some.recv()
	s.Publish([]byte("status"))
	s.Publish([]byte("last"))
	if m := some.recv(); m[0] != "last" {
		t.Errorf("after CANCEL got %q", m)
	}
}

func TestIPC(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernel-ipc-1")
	for range 2 {
		s, err := Listen(Rep, "ipc://"+path, Handler{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("socket file %v, %v", info.Mode(), err)
		}
		if _, err := Listen(Rep, "ipc://"+path, Handler{}, Options{}); err == nil {
			t.Error("a path in use is bound twice")
		}
		p := dial(t, s, "REQ", "")
		p.send("", "x")
		p.recv()
		p.nc.Close()
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	s, err := Listen(Rep, "ipc://"+path, Handler{}, Options{})
	if err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	s.Close(t.Context())
}

func TestListenErrors(t *testing.T) {
	for _, endpoint := range []string{"", "udp://1", "tcp://nowhere", "ipc:///no/such/folder/x"} {
		if _, err := Listen(Rep, endpoint, Handler{}, Options{}); err == nil || !strings.Contains(err.Error(), endpoint) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

// TestOrderUnderLoad floods a reader that is slow at first and one that is not.
func TestOrderUnderLoad(t *testing.T) {
	s := listen(t, XPub, Handler{}, Options{HighWater: 1 << 20})
	peers := []*peer{dial(t, s, "SUB", ""), dial(t, s, "SUB", "")}
	for _, p := range peers {
		p.send("\x01")
	}
	await(t, func() bool { return subscribers(s) == len(peers) })
	const n = 20000
	pad := bytes.Repeat([]byte("p"), 1000)
	go func() {
		for i := range n {
			s.Publish([]byte("t"), fmt.Appendf(nil, "%d", i), pad)
		}
		s.Publish([]byte("t"), bytes.Repeat(pad, 10000))
	}()
	var wg sync.WaitGroup
	for k, p := range peers {
		wg.Go(func() {
			time.Sleep(time.Duration(k) * 300 * time.Millisecond)
			for i := range n {
				if m := p.recv(); m[1] != fmt.Sprint(i) {
					t.Errorf("message %d is %s", i, m[1])
					return
				}
			}
			if m := p.recv(); len(m[1]) != 10_000_000 {
				t.Errorf("last message has %d bytes", len(m[1]))
			}
		})
	}
	wg.Wait()
}

func subscribers(s *Socket) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		if c.wants(nil) {
			n++
		}
	}
	return n
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("did not come about")
}

// TestWelcomeIsFirst has subscribers come while much is published.
func TestWelcomeIsFirst(t *testing.T) {
	s := listen(t, XPub, Handler{Subscribe: func(c *Conn, topic []byte) { c.Send([]byte("welcome"), topic) }}, Options{})
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.Publish([]byte("news"))
			}
		}
	})
	defer publishing.Wait()
	defer close(stop)
	for range 100 {
		c := dial(t, s, "SUB", "")
		c.send("\x01")
		if m := c.recv(); m[0] != "welcome" {
			t.Fatalf("first came %q", m)
		}
		c.nc.Close()
	}
}

func TestStalledSubscriberIsGivenUp(t *testing.T) {
	s := listen(t, XPub, Handler{}, Options{HighWater: 1 << 20, Stall: 400 * time.Millisecond})
	stalled, reading := dial(t, s, "SUB", ""), dial(t, s, "SUB", "")
	stalled.send("\x01")
	reading.send("\x01")
	await(t, func() bool { return subscribers(s) == 2 })
	const n = 64
	go func() {
		for range n {
			s.Publish([]byte("t"), make([]byte, 1<<20))
		}
	}()
	for range n {
		reading.recv()
	}
	await(t, func() bool { return subscribers(s) == 1 })
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	sent := make(chan bool)
	s := listen(t, Router, Handler{Message: func(c *Conn, frames [][]byte) {
		for i := range 1000 {
			c.Send(fmt.Appendf(nil, "%d", i), make([]byte, 10000))
		}
		close(sent)
	}}, Options{})
	p := dial(t, s, "DEALER", "x")
	p.send("go")
	<-sent
	closed := make(chan error)
	go func() { closed <- s.Close(t.Context()) }()
	for i := range 1000 {
		if m := p.recv(); m[0] != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, m[0])
		}
	}
	p.nc.Close()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestCloseInTime(t *testing.T) {
	s := listen(t, XPub, Handler{}, Options{})
	p := dial(t, s, "SUB", "")
	p.send("\x01")
	await(t, func() bool { return subscribers(s) == 1 })
	for range 32 {
		s.Publish([]byte("t"), make([]byte, 1<<20))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closing with a stuck peer: %v", err)
	}
}

// TestGarbage sends what is not ZMTP, or too much, and then looks whether others are served.
func TestGarbage(t *testing.T) {
	hello := append(greeting(), appendFrame(nil, flagCommand, command("READY", appendProperty(nil, "Socket-Type", "DEALER")...))...)
	with := func(more ...byte) []byte { return append(bytes.Clone(hello), more...) }
	wrongMechanism := bytes.Clone(hello)
	copy(wrongMechanism[12:], "CURVE")
	oldVersion := bytes.Clone(hello)
	oldVersion[10] = 1
	inputs := map[string][]byte{
		"nothing":            {},
		"http":               []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"cut greeting":       hello[:20],
		"cut ready":          hello[:70],
		"wrong mechanism":    wrongMechanism,
		"old version":        oldVersion,
		"wrong peer":         append(greeting(), appendFrame(nil, flagCommand, command("READY", appendProperty(nil, "Socket-Type", "SUB")...))...),
		"message at once":    append(greeting(), 0, 1, 'x'),
		"bad flags":          with(0xff, 1, 'x'),
		"oversize":           with(flagLong, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"claims much":        with(flagLong, 0, 0, 0, 0, 0x0f, 0xff, 0xff, 0xff),
		"endless frames":     with(bytes.Repeat([]byte{flagMore, 0}, 10000)...),
		"command, no name":   with(flagCommand, 0),
		"command, long name": with(flagCommand, 2, 200, 'x'),
		"zero bytes":         make([]byte, 100000),
		"reserved identity":  append(greeting(), appendFrame(nil, flagCommand, command("READY", appendProperty(appendProperty(nil, "Socket-Type", "DEALER"), "Identity", "\x00abcd")...))...),
	}
	s := listen(t, Router, Handler{Message: func(c *Conn, frames [][]byte) { c.Send(frames...) }}, Options{HandshakeTimeout: 200 * time.Millisecond})
	good := dial(t, s, "DEALER", "good")
	good.send("first")
	good.recv()
	before := runtime.NumGoroutine()
	for name, raw := range inputs {
		nc, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc.Write(raw)
		nc.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, nc)
		nc.Close()
		good.send("still", name)
		if m := good.recv(); m[1] != name {
			t.Errorf("after %s: %q", name, m)
		}
	}
	await(t, func() bool { return runtime.NumGoroutine() <= before })
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.all); n != 1 {
		t.Errorf("%d connections are left", n)
	}
}
