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

// iopub publishes to all subscribers, in the order of calls. Text that comes in small pieces is
// joined into messages of up to a megabyte; other messages wait for the text before them. A call
// waits while a subscriber's queue is full, so a cell cannot print faster than its readers read.
type iopub struct {
	codec  *codec
	socket *zmtp.Socket

	mu    sync.Mutex
	text  []byte // content of the stream message to come, without its end; empty if there is none
	cut   []byte // bytes after it of a character that has not come whole
	owner *message
	name  string
	timer *time.Timer
}

// welcome sends a new subscriber the message that its subscription is in force (JEP 65).
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
	// Text of another cell, or of the other stream, must not be joined with what waits.
	if p.owner != parent || p.name != name {
		p.flush(true)
		p.owner, p.name = parent, name
	}
	for len(p.cut) > 0 && len(text) > 0 {
		p.cut, text = append(p.cut, text[0]), text[1:]
		if utf8.FullRune(p.cut) {
			p.write(string(p.cut))
			p.cut = p.cut[:0]
		}
	}
	// A write may end within a character, which JSON could not hold: its bytes wait for the rest
	// of it.
	whole := wholeRunes(text)
	p.cut, text = append(p.cut, text[whole:]...), text[:whole]
	for len(text) > streamSize {
		n := wholeRunes(text[:streamSize])
		p.write(text[:n])
		text = text[n:]
	}
	p.write(text)
	if p.timer == nil {
		p.timer = time.AfterFunc(streamDelay, p.tick)
	}
}

// write adds text to the stream message and sends it if it is long enough; p.mu is held.
func (p *iopub) write(text string) {
	if len(text) == 0 {
		return
	}
	if len(p.text) == 0 {
		p.text = append(p.text, `{"name":"`+p.name+`","text":"`...)
	}
	p.text = appendEscaped(p.text, text)
	if len(p.text) >= streamSize {
		p.flush(false)
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

// flush sends the text that waits; unless all is asked for, the bytes of a character that is not
// complete yet stay. p.mu is held.
func (p *iopub) flush(all bool) {
	if all && len(p.cut) > 0 {
		cut := string(p.cut)
		p.cut = p.cut[:0]
		p.write(cut)
	}
	if len(p.text) == 0 {
		return
	}
	content := append(p.text, `"}`...)
	p.text = content[:0] // sending copies it
	p.send("stream", p.owner, json.RawMessage(content), nil, nil)
}

// wholeRunes returns the length of s without a character at its end that is incomplete.
func wholeRunes(s string) int {
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		c := s[len(s)-i]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRuneInString(s[len(s)-i:]) {
				return len(s) - i
			}
			break
		}
	}
	return len(s)
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
