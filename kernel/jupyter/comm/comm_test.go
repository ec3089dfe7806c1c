package comm

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// connect records what the session sends and which callbacks fail.
func connect(t *testing.T) (sent *[]Message, failed *[]error) {
	sent, failed = new([]Message), new([]error)
	SetTransport(func(m Message) { *sent = append(*sent, m) }, func(err error) { *failed = append(*failed, err) })
	t.Cleanup(func() { SetTransport(nil, nil) })
	return sent, failed
}

func TestOpenSendClose(t *testing.T) {
	sent, _ := connect(t)
	c, err := Open("picture", map[string]int{"a": 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send([]int{1, 2}, []byte("b")); err != nil {
		t.Error(err)
	}
	if err := c.Send(func() {}); err == nil || !strings.Contains(err.Error(), "picture") {
		t.Errorf("sending what has no JSON form: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Send(1); !errors.Is(err, ErrNoFrontEnd) {
		t.Errorf("sending to a closed comm: %v", err)
	}
	want := []string{`comm_open {"a":1} {}`, `comm_msg [1,2] {}`, `comm_close {} {}`}
	if len(*sent) != len(want) {
		t.Fatalf("sent %+v", *sent)
	}
	for i, m := range *sent {
		if got := m.Type + " " + string(m.Data) + " " + string(m.Metadata); got != want[i] || m.ID != c.ID() {
			t.Errorf("message %d: %s, want %s", i, got, want[i])
		}
	}
}

func TestNoFrontEnd(t *testing.T) {
	if _, err := Open("picture", nil, nil); !errors.Is(err, ErrNoFrontEnd) {
		t.Errorf("got %v", err)
	}
}

func TestDeliver(t *testing.T) {
	sent, failed := connect(t)
	closed, heard := 0, ""
	Register("mine", func(c *Comm, data json.RawMessage) {
		c.OnMessage(func(data json.RawMessage, _ [][]byte) {
			heard += string(data)
			if heard == "12" {
				panic("at two")
			}
		})
		c.OnClose(func() { closed++ })
	})
	defer Register("mine", nil)
	Deliver(Message{Type: "comm_msg", ID: "nobody", Data: json.RawMessage("0")})
	Deliver(Message{Type: "comm_open", ID: "x", Target: "unknown"})
	if len(*sent) != 1 || (*sent)[0].Type != "comm_close" || (*sent)[0].ID != "x" {
		t.Errorf("an unknown target gets %+v", *sent)
	}
	Deliver(Message{Type: "comm_open", ID: "y", Target: "mine"})
	for _, data := range []string{"1", "2", "3"} {
		Deliver(Message{Type: "comm_msg", ID: "y", Data: json.RawMessage(data)})
	}
	Deliver(Message{Type: "comm_close", ID: "y"})
	Deliver(Message{Type: "comm_msg", ID: "y", Data: json.RawMessage("4")})
	if heard != "123" || closed != 1 || len(*failed) != 1 || !strings.Contains((*failed)[0].Error(), "at two") {
		t.Errorf("heard %s, closed %d times, failures %v", heard, closed, *failed)
	}
}
