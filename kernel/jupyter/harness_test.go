package jupyter

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// fake is an evaluator whose cells are words that say what to do.
type fake struct {
	mu     sync.Mutex
	cells  []cell.Cell
	closed bool
	run    func(cellOf) // what the cell "run" does
}

func (f *fake) Eval(ctx context.Context, c cell.Cell) cell.Result {
	f.mu.Lock()
	f.cells = append(f.cells, c)
	f.mu.Unlock()
	verb, arg, _ := strings.Cut(c.Code, " ")
	switch verb {
	case "print":
		c.Out.Stream("stdout", arg)
	case "warn":
		c.Out.Stream("stderr", arg)
	case "value":
		return cell.Result{Bundle: display.Render(arg)}
	case "show":
		c.Out.Display(display.Render(arg), "", false)
	case "name":
		c.Out.Display(display.Render(arg), "id1", false)
		c.Out.Display(display.Render(arg+"!"), "id1", true)
	case "clear":
		c.Out.Clear(arg == "wait")
	case "page":
		return cell.Result{Page: display.Render(arg)}
	case "fail":
		return cell.Result{Err: &cell.Error{Name: "panic", Message: arg, Traceback: []string{"line 1", "line 2"}}}
	case "burst":
		panic("the evaluator itself")
	case "wait":
		<-ctx.Done()
		return cell.Result{Err: &cell.Error{Name: "interrupted", Message: "interrupted"}}
	case "ask":
		if c.Input == nil {
			return cell.Result{Err: &cell.Error{Name: "input", Message: "nobody can be asked"}}
		}
		line, err := c.Input(ctx, arg, verb == "password")
		if err != nil {
			return cell.Result{Err: &cell.Error{Name: "input", Message: err.Error()}}
		}
		c.Out.Stream("stdout", "got "+line)
	case "run":
		f.run(c)
	case "late":
		go func() {
			time.Sleep(50 * time.Millisecond)
			c.Out.Stream("stdout", arg)
		}()
	case "flood":
		n, _ := strconv.Atoi(arg)
		for i := range n {
			c.Out.Stream("stdout", fmt.Sprintf("%d\n", i))
		}
	}
	return cell.Result{}
}

func (f *fake) Complete(code string, pos int) cell.Completion {
	start := strings.LastIndexAny(code[:pos], " .") + 1
	c := cell.Completion{Start: start, End: pos}
	for _, w := range []string{"Print", "Println", "Printf"} {
		if strings.HasPrefix(w, code[start:pos]) {
			c.Items = append(c.Items, cell.CompletionItem{Text: w, Kind: "function", Signature: "func " + w + "(a ...any)"})
		}
	}
	return c
}

func (f *fake) Inspect(code string, pos, detail int) (display.Bundle, bool) {
	if !strings.Contains(code, "Print") {
		return display.Bundle{}, false
	}
	return display.Render(fmt.Sprintf("Print at %d, detail %d", pos, detail)), true
}

func (f *fake) IsComplete(code string) (cell.Status, string) {
	if strings.HasSuffix(code, "{") {
		return cell.Incomplete, "\t"
	}
	return cell.Complete, ""
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

type cellOf = cell.Cell

// sleepPastBatch waits until text that waits for more has been sent.
func sleepPastBatch() { time.Sleep(2 * streamDelay) }

// served is a kernel that runs in this process, and its connection.
type served struct {
	t     testing.TB
	conn  *connection
	fake  *fake
	codec *codec
	log   *syncBuffer
	ended chan error
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func serveKernel(t testing.TB) *served { return serveKernelWith(t, Options{History: "none"}) }

func serveKernelWith(t testing.TB, o Options) *served {
	t.Helper()
	s := &served{t: t, fake: &fake{}, log: &syncBuffer{}, ended: make(chan error, 1)}
	o.Log = log.New(s.log, "", 0)
	path := filepath.Join(t.TempDir(), "connection.json")
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		s.ended <- Run(ctx, path, func() (cell.Evaluator, error) { return s.fake, nil }, o)
	}()
	for range 1000 {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	conn, err := readConnection(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("connection file: %v, %v", info, err)
	}
	s.conn, s.codec = conn, newCodec(conn.Key)
	t.Cleanup(func() {
		stop()
		select {
		case err := <-s.ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the kernel does not end")
		}
	})
	return s
}

// client is one front end: a socket a channel, all under one identity.
type client struct {
	s       *served
	t       testing.TB
	sockets map[string]net.Conn
	in      chan received
	backlog []received
}

// received is one message that the kernel has sent.
type received struct {
	channel string
	topic   string
	message *message
	err     error
}

func (r received) content() map[string]any {
	var c map[string]any
	if json.Unmarshal(r.message.content, &c) != nil {
		return nil
	}
	return c
}

func (s *served) connect(identity string) *client {
	s.t.Helper()
	c := &client{s: s, t: s.t, sockets: map[string]net.Conn{}, in: make(chan received, 100000)}
	for channel, socketType := range map[string]string{"iopub": "SUB", "shell": "DEALER", "control": "DEALER", "stdin": "DEALER"} {
		nc, err := net.Dial("tcp", strings.TrimPrefix(s.conn.endpoint(*s.conn.ports()[channel]), "tcp://"))
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { nc.Close() })
		c.sockets[channel] = nc
		nc.Write(hello(socketType, identity))
		if _, err := io.CopyN(io.Discard, nc, 64); err != nil {
			s.t.Fatal(err)
		}
		if _, _, err := readRaw(nc); err != nil {
			s.t.Fatal(err)
		}
		if channel == "iopub" {
			nc.Write([]byte{0, 1, 1})
		}
		go c.listen(channel, nc)
	}
	if m := c.next("iopub"); m.message.header.Type != "iopub_welcome" {
		s.t.Fatalf("first on iopub: %s", m.message.header.Type)
	}
	return c
}

// hello is the greeting and the READY command of a peer.
func hello(socketType, identity string) []byte {
	g := make([]byte, 64)
	g[0], g[8], g[9], g[10], g[11] = 0xff, 1, 0x7f, 3, 0
	copy(g[12:], "NULL")
	body := []byte("\x05READY\x0bSocket-Type")
	body = append(binary.BigEndian.AppendUint32(body, uint32(len(socketType))), socketType...)
	body = append(body, "\x08Identity"...)
	body = append(binary.BigEndian.AppendUint32(body, uint32(len(identity))), identity...)
	return append(append(g, 4, byte(len(body))), body...)
}

func readRaw(r io.Reader) (flags byte, body []byte, err error) {
	head := make([]byte, 9)
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	if head[0]&2 != 0 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(head[1:])
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return head[0], body, err
}

func writeRaw(w io.Writer, frames [][]byte) error {
	var out []byte
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = 1
		}
		if len(f) > 255 {
			out = binary.BigEndian.AppendUint64(append(out, flags|2), uint64(len(f)))
		} else {
			out = append(out, flags, byte(len(f)))
		}
		out = append(out, f...)
	}
	_, err := w.Write(out)
	return err
}

func (c *client) listen(channel string, nc net.Conn) {
	reader := &codec{key: c.s.codec.key}
	for {
		var frames [][]byte
		for {
			flags, body, err := readRaw(nc)
			if err != nil {
				return
			}
			frames = append(frames, body)
			if flags&1 == 0 {
				break
			}
		}
		topic := ""
		if channel == "iopub" {
			topic = string(frames[0])
		}
		m, err := reader.parse(frames)
		c.in <- received{channel, topic, m, err}
	}
}

// next returns the next message of a channel.
func (c *client) next(channel string) received {
	c.t.Helper()
	for i, r := range c.backlog {
		if r.channel == channel {
			c.backlog = slices.Delete(c.backlog, i, i+1)
			return r
		}
	}
	deadline := time.After(20 * time.Second)
	for {
		select {
		case r := <-c.in:
			if r.err != nil {
				c.t.Fatalf("a message on %s that cannot be read: %v", r.channel, r.err)
			}
			if r.channel == channel {
				return r
			}
			c.backlog = append(c.backlog, r)
		case <-deadline:
			c.t.Fatalf("nothing comes on %s; log:\n%s", channel, c.s.log)
		}
	}
}

// send sends a request and returns its msg_id.
func (c *client) send(channel, msgType string, content any) string {
	c.t.Helper()
	return c.sendFrames(channel, c.s.codec.build(msgType, nil, content, nil, nil))
}

// sendFrames sends a request built before.
func (c *client) sendFrames(channel string, frames [][]byte) string {
	c.t.Helper()
	if err := writeRaw(c.sockets[channel], frames); err != nil {
		c.t.Fatal(err)
	}
	return messageID(frames)
}

// answer is what a request has brought about.
type answer struct {
	reply  received
	iopub  []received // from busy to idle, these two left out
	states []string
}

// await collects reply and output of a request up to idle. Messages of other requests are kept.
func (c *client) await(channel, id string) answer {
	c.t.Helper()
	var a answer
	var others []received
	for idle := false; !idle; {
		r := c.next("iopub")
		if r.message.parent.ID != id {
			others = append(others, r)
			continue
		}
		if r.message.header.Type == "status" {
			state := r.content()["execution_state"].(string)
			a.states = append(a.states, state)
			idle = state == "idle"
			continue
		}
		a.iopub = append(a.iopub, r)
	}
	c.backlog = append(others, c.backlog...)
	if channel != "" {
		for {
			if a.reply = c.next(channel); a.reply.message.parent.ID == id {
				break
			}
		}
	}
	return a
}

func (c *client) ask(channel, msgType string, content any) answer {
	c.t.Helper()
	return c.await(channel, c.send(channel, msgType, content))
}

func (c *client) execute(code string, more ...map[string]any) answer {
	c.t.Helper()
	content := map[string]any{"code": code, "allow_stdin": false}
	for _, m := range more {
		for k, v := range m {
			content[k] = v
		}
	}
	return c.ask("shell", "execute_request", content)
}

// types lists the message types of the output, with texts of streams joined.
func (a answer) types() string {
	var types []string
	for _, r := range a.iopub {
		types = append(types, r.message.header.Type)
	}
	return strings.Join(types, " ")
}

func (a answer) text() string {
	var b strings.Builder
	for _, r := range a.iopub {
		if s, ok := r.content()["text"].(string); ok {
			b.WriteString(s)
		}
	}
	return b.String()
}

var errNoSession = errors.New("no session today")
