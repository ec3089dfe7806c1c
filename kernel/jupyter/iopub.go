package jupyter

import (
	"encoding/json"
	"sync"
	"time"
	"unicode/utf8"

	"dtnotes/kernel/display"
	"dtnotes/kernel/zmtp"
)

const (
	streamDelay = 10 * time.Millisecond // text waits so long for more of it
	streamSize  = 1 << 20               // bytes of text in one message, about
)

// iopub publishes to all subscribers, in the order of calls. Text that comes in small pieces is joined
// into messages of up to a megabyte; other messages wait for the text before them. A call waits while a
// subscriber's queue is full, so a cell cannot print faster than its readers read.
type iopub struct {
	codec  *codec
	socket *zmtp.Socket

	mu    sync.Mutex
	text  []byte // text of one parent and stream not yet sent
	owner *message
	name  string
	timer *time.Timer
}

// welcome tells a new subscriber that its subscription is in force, JEP 65.
func (p *iopub) welcome(by *zmtp.Conn, topic []byte) {
	content := map[string]string{"subscription": string(topic)}
	frames := p.codec.build("iopub_welcome", nil, content, nil, nil)
	by.Send(append([][]byte{topic}, frames...)...)
}

// publish sends one message that belongs to parent, which may be nil.
func (p *iopub) publish(msgType string, parent *message, content any) {
	p.publishMessage(msgType, parent, content, nil, nil)
}

func (p *iopub) publishMessage(msgType string, parent *message, content any, metadata json.RawMessage, buffers [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush(true)
	p.send(msgType, parent, content, metadata, buffers)
}

func (p *iopub) send(msgType string, parent *message, content any, metadata json.RawMessage, buffers [][]byte) {
	frames := p.codec.build(msgType, parent, content, metadata, buffers)
	p.socket.Publish(append([][]byte{[]byte("kernel." + p.codec.session + "." + msgType)}, frames...)...)
}

var (
	busy     = json.RawMessage(`{"execution_state":"busy"}`)
	idle     = json.RawMessage(`{"execution_state":"idle"}`)
	starting = json.RawMessage(`{"execution_state":"starting"}`)
)

func (p *iopub) status(parent *message, state json.RawMessage) { p.publish("status", parent, state) }

// stream publishes text that belongs to parent.
func (p *iopub) stream(parent *message, name, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owner != parent || p.name != name {
		p.flush(true)
		p.owner, p.name = parent, name
	}
	for len(text) > 0 {
		n := min(len(text), streamSize)
		p.text = append(p.text, text[:n]...)
		text = text[n:]
		if len(p.text) >= streamSize {
			p.flush(false)
		}
	}
	if len(p.text) > 0 && p.timer == nil {
		p.timer = time.AfterFunc(streamDelay, p.tick)
	}
}

// flushAll sends the text that waits.
func (p *iopub) flushAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush(true)
}

// tick sends text that has waited long enough.
func (p *iopub) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	p.flush(false)
}

// flush sends the text that waits; unless all is asked for, bytes of a character that has not come
// whole stay. p.mu is held.
func (p *iopub) flush(all bool) {
	n := len(p.text)
	if !all {
		n = wholeRunes(p.text)
	}
	if n == 0 {
		return
	}
	content := append(make([]byte, 0, n+n/16+64), `{"name":`...)
	content = appendJSONString(content, p.name)
	content = append(content, `,"text":`...)
	content = append(appendJSONString(content, string(p.text[:n])), '}')
	p.text = append(p.text[:0], p.text[n:]...)
	if cap(p.text) > 4*streamSize {
		p.text = append([]byte(nil), p.text...)
	}
	p.send("stream", p.owner, json.RawMessage(content), nil, nil)
}

// wholeRunes returns the length of b without a character at its end that is cut.
func wholeRunes(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		c := b[len(b)-i]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

// output is the cell.Output of one request.
type output struct {
	iopub  *iopub
	parent *message
}

func (o output) Stream(name, text string) {
	if name != "stderr" {
		name = "stdout"
	}
	o.iopub.stream(o.parent, name, text)
}

func (o output) Display(b display.Bundle, id string, update bool) {
	data, metadata := b.Encode()
	transient := map[string]any{}
	for k, v := range b.Transient {
		transient[k] = v
	}
	if id != "" {
		transient["display_id"] = id
	}
	msgType := "display_data"
	if update && id != "" {
		msgType = "update_display_data"
	}
	o.iopub.publish(msgType, o.parent, map[string]any{"data": data, "metadata": metadata, "transient": transient})
}

func (o output) Clear(wait bool) {
	o.iopub.publish("clear_output", o.parent, map[string]any{"wait": wait})
}

// mute is the cell.Output of a silent request.
type mute struct{}

func (mute) Stream(name, text string)                         {}
func (mute) Display(b display.Bundle, id string, update bool) {}
func (mute) Clear(wait bool)                                  {}
