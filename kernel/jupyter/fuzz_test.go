package jupyter

import (
	"bytes"
	"log"
	"os"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/zmtp"
)

// FuzzMessage gives a kernel messages of any kind and content, signed rightly, on shell and
// control.
func FuzzMessage(f *testing.F) {
	seeds := []struct{ msgType, content string }{
		{"execute_request", `{"code":"print x","silent":false,"store_history":true,"user_expressions":{"a":"value 1"},"allow_stdin":false,"stop_on_error":true}`},
		{"execute_request", `{"code":"fail"}`}, {"complete_request", `{"code":"é.Pr","cursor_pos":3}`}, {"inspect_request", `{"code":"Print","cursor_pos":-1,"detail_level":1}`},
		{"history_request", `{"hist_access_type":"search","pattern":"[","unique":true,"n":-5}`}, {"history_request", `{"hist_access_type":"range","session":-9223372036854775808}`},
		{"comm_open", `{"comm_id":"x","target_name":"y","data":{}}`}, {"comm_msg", `{"comm_id":"x"}`}, {"comm_info_request", `{}`}, {"is_complete_request", `{"code":"{"}`},
		{"interrupt_request", `{}`}, {"create_subshell_request", `{}`}, {"delete_subshell_request", `{"subshell_id":"x"}`}, {"kernel_info_request", `{}`}, {"input_reply", `{"value":"x"}`},
	}
	for _, s := range seeds {
		f.Add(s.msgType, []byte(`{"msg_id":"1","session":"s","date":"2026-01-01T00:00:00Z","msg_type":"`+s.msgType+`"}`), []byte("{}"), []byte(s.content))
	}
	k := newKernel("key", Options{History: "none", Log: log.New(&syncBuffer{}, "", 0)})
	k.stop = func() {}
	k.session = startSession(func() (cell.Evaluator, error) { return &fake{}, nil }, k.comms)
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		f.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := k.bind(&connection{Transport: "ipc", IP: dir + "/k", ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HBPort: 5}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, msgType string, header, parent, content []byte) {
		if bytes.Contains(content, []byte("wait")) || bytes.Contains(content, []byte("run")) || bytes.Contains(content, []byte("flood")) {
			t.Skip("cells that do not end, or not soon")
		}
		k.codec.seen = seenSet{}
		frames := [][]byte{[]byte("id"), []byte(delimiter), nil, header, parent, []byte("{}"), content}
		frames[2] = k.codec.sign(frames[3:])
		m, err := k.codec.parse(frames)
		if err != nil {
			return
		}
		m.header.Type = msgType
		r := request{m, deadPeer{}, time.Time{}}
		if msgType == "shutdown_request" {
			return
		}
		k.handle(t.Context(), k.main, r)
		k.control(r)
		k.stdin.answer(r)
	})
}

// FuzzParse gives the codec frames of any kind.
func FuzzParse(f *testing.F) {
	f.Add([]byte("<IDS|MSG>\n\n{}\n{}\n{}\n{}"))
	f.Add([]byte("id\n<IDS|MSG>\nsig\n{\"msg_id\":\"1\"}\n{}\n{}\n{}\nbuffer"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		frames := bytes.Split(raw, []byte("\n"))
		for _, key := range []string{"", "key"} {
			c := newCodec(key)
			m, err := c.parse(frames)
			if err != nil {
				continue
			}
			if key != "" {
				t.Fatalf("accepts %q without a signature", raw)
			}
			answer := c.build("x_reply", m, ok(), nil, nil)
			if back, err := c.parse(answer); err != nil || back.parent != m.header {
				t.Errorf("an answer to %q: %+v, %v", raw, back, err)
			}
		}
	})
}

// deadPeer is a peer that is gone: what is sent to it is lost.
type deadPeer struct{}

func (deadPeer) Identity() string            { return "dead" }
func (deadPeer) Send(frames ...[]byte) error { return zmtp.ErrClosed }
