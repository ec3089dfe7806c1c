package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter/comm"
)

func TestKernelInfo(t *testing.T) {
	c := serveKernel(t).connect("me")
	for _, channel := range []string{"shell", "control"} {
		a := c.ask(channel, "kernel_info_request", struct{}{})
		got := a.reply.content()
		if got["status"] != "ok" || got["protocol_version"] != "5.5" || got["implementation"] != "dtnotes" || got["debugger"] != false {
			t.Errorf("%s: %v", channel, got)
		}
		info := got["language_info"].(map[string]any)
		if info["name"] != "go" || info["mimetype"] != "text/x-go" || info["file_extension"] != ".go" {
			t.Errorf("language_info %v", info)
		}
		if !reflect.DeepEqual(a.states, []string{"busy", "idle"}) {
			t.Errorf("states %v", a.states)
		}
	}
}

func TestExecute(t *testing.T) {
	c := serveKernel(t).connect("me")
	tests := []struct {
		code    string
		options map[string]any
		types   string
		text    string
		status  string
		count   float64
	}{
		{"value two", nil, "execute_input execute_result", "", "ok", 1},
		{"print some text", nil, "execute_input stream", "some text", "ok", 2},
		{"warn careful", nil, "execute_input stream", "careful", "ok", 3},
		{"show it", nil, "execute_input display_data", "", "ok", 4},
		{"name it", nil, "execute_input display_data update_display_data", "", "ok", 5},
		{"clear wait", nil, "execute_input clear_output", "", "ok", 6},
		{"fail badly", nil, "execute_input error", "", "error", 7},
		{"burst", nil, "execute_input error", "", "error", 8},
		{"value silent", map[string]any{"silent": true}, "", "", "ok", 8},
		{"fail silent", map[string]any{"silent": true}, "", "", "error", 8},
		{"print kept out", map[string]any{"store_history": false}, "execute_input stream", "kept out", "ok", 8},
		{"", nil, "execute_input", "", "ok", 9},
		{"page help", nil, "execute_input", "", "ok", 10},
		{"ask", map[string]any{"allow_stdin": false}, "execute_input error", "", "error", 11},
	}
	for _, tt := range tests {
		a := c.execute(tt.code, tt.options)
		got := a.reply.content()
		if a.types() != tt.types || a.text() != tt.text {
			t.Errorf("%q: %s with %q, want %s with %q", tt.code, a.types(), a.text(), tt.types, tt.text)
		}
		if got["status"] != tt.status || got["execution_count"] != tt.count {
			t.Errorf("%q: reply %v, want %s, %v", tt.code, got, tt.status, tt.count)
		}
		if !reflect.DeepEqual(a.states, []string{"busy", "idle"}) {
			t.Errorf("%q: states %v", tt.code, a.states)
		}
		if tt.status == "error" {
			if traceback, ok := got["traceback"].([]any); !ok || len(traceback) == 0 || got["ename"] == "" {
				t.Errorf("%q: reply %v", tt.code, got)
			}
		}
	}
	a := c.execute("name x")
	shown, updated := a.iopub[1].content(), a.iopub[2].content()
	if shown["transient"].(map[string]any)["display_id"] != "id1" || updated["transient"].(map[string]any)["display_id"] != "id1" {
		t.Errorf("display_id: %v, %v", shown, updated)
	}
	if _, ok := shown["metadata"].(map[string]any); !ok {
		t.Errorf("metadata is %v", shown["metadata"])
	}
	payload := c.execute("page help").reply.content()["payload"].([]any)
	if page := payload[0].(map[string]any); page["source"] != "page" || page["data"].(map[string]any)["text/plain"] != "help" {
		t.Errorf("payload %v", payload)
	}
}

func TestUserExpressions(t *testing.T) {
	c := serveKernel(t).connect("me")
	a := c.execute("print x", map[string]any{"user_expressions": map[string]string{"good": "value 3", "bad": "fail so"}})
	got := a.reply.content()["user_expressions"].(map[string]any)
	good, bad := got["good"].(map[string]any), got["bad"].(map[string]any)
	if good["status"] != "ok" || good["data"].(map[string]any)["text/plain"] != "3" || bad["status"] != "error" || bad["ename"] != "panic" {
		t.Errorf("got %v", got)
	}
}

func TestStopOnError(t *testing.T) {
	c := serveKernel(t).connect("me")
	for _, stop := range []bool{true, false} {
		var cells [][][]byte // all dated before the first one is sent
		for _, code := range []string{"fail", "value 1", "value 2"} {
			cells = append(cells, c.s.codec.build("execute_request", nil, map[string]any{"code": code, "stop_on_error": stop}, nil, nil))
		}
		var ids []string
		for _, cell := range cells {
			ids = append(ids, c.sendFrames("shell", cell))
		}
		var got []any
		for _, id := range ids {
			reply := c.await("shell", id).reply.content()
			if got = append(got, reply["status"]); reply["status"] == "aborted" && reply["execution_count"] != nil {
				t.Errorf("an aborted cell gets the number %v", reply["execution_count"])
			}
		}
		want := []any{"error", "aborted", "aborted"}
		if !stop {
			want = []any{"error", "ok", "ok"}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("stop_on_error %v: %v", stop, got)
		}
		if got := c.execute("value after").reply.content()["status"]; got != "ok" {
			t.Errorf("a cell sent after the reply is %v", got)
		}
	}
}

// TestSkewedClocks has cells come from clients whose clock is wrong: one sent after the reply
// runs, those sent before do not.
func TestSkewedClocks(t *testing.T) {
	c := serveKernel(t).connect("me")
	for _, skew := range []time.Duration{-time.Hour, -5 * time.Second, 0, 5 * time.Second, time.Hour} {
		build := func(code string) [][]byte {
			frames := c.s.codec.build("execute_request", nil, map[string]any{"code": code}, nil, nil)
			var h header
			if err := json.Unmarshal(frames[2], &h); err != nil {
				t.Fatal(err)
			}
			h.Date = time.Now().Add(skew).Format(time.RFC3339Nano)
			frames[2], _ = json.Marshal(h)
			frames[1] = c.s.codec.sign(frames[2:6])
			return frames
		}
		c.await("shell", c.sendFrames("shell", build("value 0")))
		var burst [][][]byte
		for _, code := range []string{"fail", "value 1", "value 2"} {
			burst = append(burst, build(code))
		}
		time.Sleep(10 * time.Millisecond) // on their way
		var got []any
		for _, frames := range burst {
			got = append(got, c.await("shell", c.sendFrames("shell", frames)).reply.content()["status"])
		}
		got = append(got, c.await("shell", c.sendFrames("shell", build("value 3"))).reply.content()["status"])
		if want := []any{"error", "aborted", "aborted", "ok"}; !reflect.DeepEqual(got, want) {
			t.Errorf("with a clock that is off by %v: %v, want %v", skew, got, want)
		}
	}
}

func TestInterrupt(t *testing.T) {
	c := serveKernel(t).connect("me")
	id := c.send("shell", "execute_request", map[string]any{"code": "wait"})
	queued := c.send("shell", "execute_request", map[string]any{"code": "value 1"})
	time.Sleep(50 * time.Millisecond)
	if got := c.ask("control", "interrupt_request", struct{}{}).reply.content(); got["status"] != "ok" {
		t.Errorf("interrupt_reply %v", got)
	}
	if got := c.await("shell", id).reply.content(); got["ename"] != "interrupted" {
		t.Errorf("reply %v", got)
	}
	if got := c.await("shell", queued).reply.content(); got["status"] != "aborted" {
		t.Errorf("what was queued is %v", got)
	}
	c.ask("control", "interrupt_request", struct{}{})
	if got := c.execute("value 1").reply.content(); got["status"] != "ok" {
		t.Errorf("after an interrupt of nothing: %v", got)
	}
}

// TestBesideARunningCell asks while a cell runs that never ends by itself.
func TestBesideARunningCell(t *testing.T) {
	c := serveKernel(t).connect("me")
	id := c.send("shell", "execute_request", map[string]any{"code": "wait"})
	for _, ask := range []struct{ channel, msgType string }{
		{"control", "kernel_info_request"}, {"shell", "kernel_info_request"}, {"shell", "complete_request"}, {"shell", "inspect_request"},
		{"shell", "is_complete_request"}, {"shell", "history_request"}, {"shell", "comm_info_request"}, {"control", "list_subshell_request"},
	} {
		a := c.ask(ask.channel, ask.msgType, map[string]any{"code": "fmt.Pr", "cursor_pos": 6, "hist_access_type": "tail", "n": 3})
		if want := replyType(ask.msgType); a.reply.message.header.Type != want || a.reply.channel != ask.channel {
			t.Errorf("%s is answered by %s on %s", ask.msgType, a.reply.message.header.Type, a.reply.channel)
		}
	}
	c.send("control", "interrupt_request", struct{}{})
	c.await("shell", id)
}

func TestComplete(t *testing.T) {
	c := serveKernel(t).connect("me")
	code := "s := \"𝒢🎉é\"; fmt.Printl more"
	pos := len([]rune("s := \"𝒢🎉é\"; fmt.Printl"))
	got := c.ask("shell", "complete_request", map[string]any{"code": code, "cursor_pos": pos}).reply.content()
	if !reflect.DeepEqual(got["matches"], []any{"Println"}) || got["cursor_end"] != float64(pos) || got["cursor_start"] != float64(pos-6) {
		t.Errorf("got %v", got)
	}
	types := got["metadata"].(map[string]any)["_jupyter_types_experimental"].([]any)
	if first := types[0].(map[string]any); first["type"] != "function" || first["signature"] == "" || first["text"] != "Println" {
		t.Errorf("types %v", types)
	}
	got = c.ask("shell", "complete_request", map[string]any{"code": "xyz", "cursor_pos": 3}).reply.content()
	if !reflect.DeepEqual(got["matches"], []any{}) || got["cursor_start"] != 3.0 || got["cursor_end"] != 3.0 || got["metadata"] == nil || got["status"] != "ok" {
		t.Errorf("without a match: %v", got)
	}
}

func TestInspectAndIsComplete(t *testing.T) {
	c := serveKernel(t).connect("me")
	got := c.ask("shell", "inspect_request", map[string]any{"code": "é.Print", "cursor_pos": 2, "detail_level": 1}).reply.content()
	if got["found"] != true || got["data"].(map[string]any)["text/plain"] != "Print at 3, detail 1" {
		t.Errorf("got %v", got)
	}
	got = c.ask("shell", "inspect_request", map[string]any{"code": "none", "cursor_pos": 2}).reply.content()
	if got["found"] != false || got["status"] != "ok" || !reflect.DeepEqual(got["data"], map[string]any{}) {
		t.Errorf("got %v", got)
	}
	got = c.ask("shell", "is_complete_request", map[string]any{"code": "if x {"}).reply.content()
	if got["status"] != "incomplete" || got["indent"] != "\t" {
		t.Errorf("got %v", got)
	}
}

func TestStdin(t *testing.T) {
	c := serveKernel(t).connect("me")
	id := c.send("shell", "execute_request", map[string]any{"code": "ask name?", "allow_stdin": true})
	question := c.next("stdin")
	if got := question.content(); got["prompt"] != "name?" || got["password"] != false || question.message.parent.ID != id {
		t.Errorf("input_request %v", got)
	}
	c.send("stdin", "input_reply", map[string]any{"value": "Ada"})
	if a := c.await("shell", id); a.text() != "got Ada" {
		t.Errorf("the cell prints %q", a.text())
	}
	id = c.send("shell", "execute_request", map[string]any{"code": "ask again?", "allow_stdin": true})
	c.next("stdin")
	c.send("control", "interrupt_request", struct{}{})
	if got := c.await("shell", id).reply.content(); got["status"] != "error" {
		t.Errorf("interrupted question: %v", got)
	}
	c.send("stdin", "input_reply", map[string]any{"value": "too late"})
	time.Sleep(100 * time.Millisecond) // channels are not ordered among each other
	id = c.send("shell", "execute_request", map[string]any{"code": "ask third?", "allow_stdin": true})
	c.next("stdin")
	c.send("stdin", "input_reply", map[string]any{"value": "in time"})
	if a := c.await("shell", id); a.text() != "got in time" {
		t.Errorf("the cell prints %q", a.text())
	}
}

func TestLateOutputHasItsParent(t *testing.T) {
	c := serveKernel(t).connect("me")
	id := c.send("shell", "execute_request", map[string]any{"code": "late word"})
	c.await("shell", id)
	c.execute("value 1")
	for {
		r := c.next("iopub")
		if r.message.header.Type == "stream" {
			if r.message.parent.ID != id || r.content()["text"] != "word" {
				t.Errorf("late output: %s", r.message.content)
			}
			return
		}
	}
}

func TestFlood(t *testing.T) {
	c := serveKernel(t).connect("me")
	const n = 200000
	a := c.execute(fmt.Sprint("flood ", n))
	var want strings.Builder
	for i := range n {
		fmt.Fprintf(&want, "%d\n", i)
	}
	if a.text() != want.String() {
		t.Errorf("%d bytes arrive, or in another order; want %d", len(a.text()), want.Len())
	}
	if len(a.iopub) > 200 {
		t.Errorf("%d messages", len(a.iopub))
	}
}

// TestInterruptBeforeStart: an interrupt reaches the cell that is queued but has yet to start, and
// no later one.
func TestInterruptBeforeStart(t *testing.T) {
	s := &shell{wake: make(chan struct{}, 1)}
	s.done, s.end = context.WithCancel(context.Background())
	s.push(request{message: &message{}})
	s.interrupt()
	if ctx, _, _ := s.next(); ctx.Err() == nil {
		t.Error("the queued cell is not interrupted")
	}
	s.cancel = nil
	s.interrupt()
	s.push(request{message: &message{}})
	if ctx, _, _ := s.next(); ctx.Err() != nil {
		t.Error("an interrupt of nothing interrupts a later cell")
	}
}

func TestSubshells(t *testing.T) {
	c := serveKernel(t).connect("me")
	id := c.ask("control", "create_subshell_request", struct{}{}).reply.content()["subshell_id"].(string)
	if got := c.ask("control", "list_subshell_request", struct{}{}).reply.content()["subshell_id"]; !reflect.DeepEqual(got, []any{id}) {
		t.Errorf("subshells %v", got)
	}
	send := func(subshell, msgType, code string) answer {
		frames := c.s.codec.build(msgType, nil, map[string]any{"code": code}, nil, nil)
		frames[2] = bytes.Replace(frames[2], []byte(`"version"`), fmt.Appendf(nil, `"subshell_id":%q,"version"`, subshell), 1)
		frames[1] = c.s.codec.sign(frames[2:6])
		writeRaw(c.sockets["shell"], frames)
		return c.await("shell", messageID(frames))
	}
	ask := func(subshell string) answer { return send(subshell, "is_complete_request", "x") }
	running := c.send("shell", "execute_request", map[string]any{"code": "wait"})
	if a := send(id, "execute_request", "print beside"); a.reply.content()["status"] != "ok" || a.text() != "beside" {
		t.Errorf("a cell in a subshell: %v, prints %q", a.reply.content(), a.text())
	}
	if got := ask(id).reply.content(); got["status"] != "complete" {
		t.Errorf("in a subshell: %v", got)
	}
	if got := ask("none").reply.content(); got["status"] != "error" {
		t.Errorf("in a subshell that is not there: %v", got)
	}
	c.send("control", "interrupt_request", struct{}{})
	c.await("shell", running)
	if got := c.ask("control", "delete_subshell_request", map[string]any{"subshell_id": id}).reply.content(); got["status"] != "ok" {
		t.Errorf("delete: %v", got)
	}
	if got := c.ask("control", "delete_subshell_request", map[string]any{"subshell_id": id}).reply.content(); got["status"] != "error" {
		t.Errorf("delete again: %v", got)
	}
}

func TestComms(t *testing.T) {
	c := serveKernel(t).connect("me")
	c.execute("value 1") // the session is there
	comm.Register("echo", func(cm *comm.Comm, data json.RawMessage) {
		cm.OnMessage(func(data json.RawMessage, buffers [][]byte) {
			if string(data) == `"panic"` {
				panic("in a callback")
			}
			cm.Send(map[string]any{"back": data}, buffers...)
		})
	})
	defer comm.Register("echo", nil)
	a := c.await("", c.send("shell", "comm_open", map[string]any{"comm_id": "c0", "target_name": "nobody", "data": map[string]any{}}))
	if len(a.iopub) != 1 || a.iopub[0].message.header.Type != "comm_close" || a.iopub[0].content()["comm_id"] != "c0" {
		t.Errorf("an unknown target gets %s", a.types())
	}
	c.await("", c.send("shell", "comm_open", map[string]any{"comm_id": "c1", "target_name": "echo", "data": map[string]any{}}))
	info := c.ask("shell", "comm_info_request", map[string]any{"target_name": "echo"}).reply.content()["comms"]
	if !reflect.DeepEqual(info, map[string]any{"c1": map[string]any{"target_name": "echo"}}) {
		t.Errorf("comm_info %v", info)
	}
	c.await("", c.send("shell", "comm_msg", map[string]any{"comm_id": "c1", "data": "panic"}))
	a = c.await("", c.send("shell", "comm_msg", map[string]any{"comm_id": "c1", "data": 5}))
	if len(a.iopub) != 1 || a.iopub[0].content()["data"].(map[string]any)["back"] != 5.0 {
		t.Errorf("echo: %s", a.types())
	}
	c.await("", c.send("shell", "comm_close", map[string]any{"comm_id": "c1", "data": map[string]any{}}))
	if info := c.ask("shell", "comm_info_request", struct{}{}).reply.content()["comms"]; len(info.(map[string]any)) != 0 {
		t.Errorf("comm_info after closing %v", info)
	}
}

func TestShutdown(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := serveKernel(t)
		c := s.connect("me")
		c.send("shell", "execute_request", map[string]any{"code": "wait"})
		a := c.ask("control", "shutdown_request", map[string]any{"restart": restart})
		if got := a.reply.content(); got["status"] != "ok" || got["restart"] != restart || a.types() != "shutdown_reply" {
			t.Errorf("reply %v, on iopub %s", got, a.types())
		}
		select {
		case err := <-s.ended:
			s.ended <- err
		case <-time.After(10 * time.Second):
			t.Fatal("the kernel does not end")
		}
		if !s.fake.closed {
			t.Error("the session is not closed")
		}
	}
}

func TestBadRequests(t *testing.T) {
	c := serveKernel(t).connect("me")
	for _, tt := range []struct {
		channel, msgType string
		content          any
	}{
		{"shell", "execute_request", struct{}{}}, {"shell", "execute_request", map[string]any{"code": 5}}, {"shell", "no_such_request", struct{}{}},
		{"shell", "complete_request", map[string]any{"code": []int{1}}}, {"shell", "history_request", map[string]any{"hist_access_type": "magic"}},
		{"control", "debug_request", map[string]any{"command": "initialize"}}, {"control", "shutdown_request", map[string]any{"restart": "maybe"}},
		{"shell", "inspect_request", map[string]any{"cursor_pos": "x"}},
	} {
		a := c.ask(tt.channel, tt.msgType, tt.content)
		got := a.reply.content()
		if traceback, ok := got["traceback"].([]any); got["status"] != "error" || got["ename"] == nil || got["evalue"] == nil || !ok || len(traceback) == 0 {
			t.Errorf("%s %v: %v", tt.msgType, tt.content, got)
		}
		if a.reply.message.header.Type != replyType(tt.msgType) {
			t.Errorf("%s is answered by %s", tt.msgType, a.reply.message.header.Type)
		}
	}
}

func TestDroppedMessages(t *testing.T) {
	s := serveKernel(t)
	c := s.connect("me")
	good := s.codec.build("execute_request", nil, map[string]any{"code": "value 1"}, nil, nil)
	change := func(i int, with string) [][]byte {
		f := append([][]byte(nil), s.codec.build("execute_request", nil, map[string]any{"code": "value 1"}, nil, nil)...)
		f[i] = []byte(with)
		return f
	}
	resign := func(f [][]byte) [][]byte {
		f[1] = s.codec.sign(f[2:6])
		return f
	}
	writeRaw(c.sockets["shell"], good)
	c.await("shell", messageID(good))
	tests := map[string][][]byte{
		errReplay.Error():                     good,
		errSignature.Error():                  change(1, "00ff"),
		errSignature.Error() + " ":            change(1, ""),
		errMalformed.Error():                  {[]byte("abc"), []byte("def")},
		"part 1 is not a JSON object":         resign(change(2, "{not json")),
		"part 4 is not a JSON object":         resign(change(5, "[1]")),
		"0 frames after the delimiter":        {[]byte(delimiter)},
		"header: json: cannot unmarshal numb": resign(change(2, `{"msg_id":5}`)),
	}
	for want, frames := range tests {
		writeRaw(c.sockets["shell"], frames)
		for i := 0; !strings.Contains(s.log.String(), strings.TrimSpace(want)); i++ {
			if i == 1000 {
				t.Fatalf("%q is not logged: %s", want, s.log)
			}
			time.Sleep(2 * time.Millisecond)
		}
		if got := c.execute("value 2").reply.content()["status"]; got != "ok" {
			t.Errorf("after %s: %v", want, got)
		}
	}
	s.fake.mu.Lock()
	defer s.fake.mu.Unlock()
	for _, ran := range s.fake.cells[1:] {
		if ran.Code == "value 1" {
			t.Error("a dropped message was executed")
		}
	}
}

func TestThreeClients(t *testing.T) {
	s := serveKernel(t)
	clients := []*client{s.connect("a"), s.connect("b"), s.connect("c")}
	clients[1].sockets["shell"].Write([]byte{1, 200, 'x'}) // dies in mid-message
	clients[1].sockets["shell"].Close()
	for i, c := range []*client{clients[0], clients[2]} {
		id := c.send("shell", "execute_request", map[string]any{"code": fmt.Sprint("print from ", i)})
		for _, reader := range clients {
			if a := reader.await("", id); a.text() != fmt.Sprint("from ", i) {
				t.Errorf("client sees %q", a.text())
			}
		}
		if r := c.next("shell"); r.message.parent.ID != id {
			t.Errorf("client %d gets a reply to %s", i, r.message.parent.ID)
		}
	}
}

func TestNoSession(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "c.json")
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, path, func() (cell.Evaluator, error) { return nil, errNoSession }, Options{History: "none", Log: log.New(&syncBuffer{}, "", 0)})
	}()
	s := &served{t: t, log: &syncBuffer{}}
	for s.conn == nil || s.conn.ShellPort == 0 {
		time.Sleep(5 * time.Millisecond)
		s.conn, _ = readConnection(path)
	}
	s.codec = newCodec(s.conn.Key)
	c := s.connect("me")
	if got := c.execute("value 1").reply.content(); got["status"] != "error" || !strings.Contains(got["evalue"].(string), "no session today") {
		t.Errorf("reply %v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPortInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	path := filepath.Join(t.TempDir(), "c.json")
	conn := &connection{Transport: "tcp", IP: "127.0.0.1", ShellPort: ln.Addr().(*net.TCPAddr).Port, SignatureScheme: "hmac-sha256"}
	if err := conn.write(path); err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), path, func() (cell.Evaluator, error) { return &fake{}, nil }, Options{History: "none"})
	if err == nil || !strings.Contains(err.Error(), "opening the shell channel") {
		t.Errorf("got %v", err)
	}
}

func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		s := serveKernel(t)
		c := s.connect("me")
		c.execute("print x")
		c.send("control", "shutdown_request", map[string]any{"restart": false})
		err := <-s.ended
		s.ended <- err
		for _, nc := range c.sockets {
			nc.Close()
		}
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 1000 {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines more:\n%s", runtime.NumGoroutine()-before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}
