package supervise

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// kind says what a frame between the two processes is.
type kind byte

const (
	evalCell   kind = iota + 1 // to the session: run Data as cell N
	cancelCell                 // to the session: cancel cell ID
	complete                   // to the session: complete Data at N; answered by answer
	inspect                    // to the session: inspect Data at N, detail M; answered by answer
	isComplete                 // to the session: is Data complete; answered by answer
	inputLine                  // to the session: Data is what was typed for question ID, or Err
	commIn                     // to the session: Comm came from the front end; answered by answer
	quit                       // to the session: end
	stream                     // from the session: cell ID wrote Data to stream Name
	show                       // from the session: cell ID shows Data as Name, Flag: update
	clearOut                   // from the session: cell ID clears, Flag: wait
	askInput                   // from the session: question ID of cell N, prompt Name, Flag: secret
	beginAgain                 // from the session: it is to begin with Args should it die
	commOut                    // from the session: Comm goes to the front ends
	result                     // from the session: cell ID has ended with Data
	answer                     // from the session: Data answers ID
)

// frame is what the processes exchange, in gob.
type frame struct {
	Kind kind
	ID   uint64
	N, M int
	Name string
	Flag bool
	Data []byte
	Args []string
	Err  string
	Comm *commMessage
}

// commMessage is a comm.Message as gob takes it.
type commMessage struct {
	Type, ID, Target string
	Data, Metadata   []byte
	Buffers          [][]byte
}

const (
	queueBytes = 8 << 20   // so many bytes may wait to be written before a sender waits
	mergeBytes = 1 << 20   // text is joined and cut to so many bytes
	maxBundle  = 256 << 20 // bytes of one thing to show
)

// sender writes frames in the order they were sent, and joins text that is printed faster than it
// is written.
type sender struct {
	mu      sync.Mutex
	changed sync.Cond
	queue   []*frame
	bytes   int
	writing bool
	err     error
	spare   []byte // memory of text that has been written, for the next
}

func newSender(w io.Writer) *sender {
	s := &sender{}
	s.changed.L = &s.mu
	go s.run(gob.NewEncoder(w))
	return s
}

func (s *sender) send(f *frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.wait(); err != nil {
		return err
	}
	s.bytes += len(f.Data)
	s.queue = append(s.queue, f)
	s.changed.Broadcast()
	return nil
}

// wait waits for room in the queue. s.mu is held.
func (s *sender) wait() error {
	for s.bytes > queueBytes && s.err == nil {
		s.changed.Wait()
	}
	return s.err
}

// text sends what cell id wrote to a stream.
func (s *sender) text(id uint64, name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A cut character is made whole again by whoever publishes it.
	for len(text) > 0 && s.wait() == nil {
		part := text[:min(len(text), mergeBytes)]
		text = text[len(part):]
		s.bytes += len(part)
		if n := len(s.queue); n > 0 {
			if last := s.queue[n-1]; last.Kind == stream && last.ID == id && last.Name == name && len(last.Data) < mergeBytes {
				last.Data = append(last.Data, part...)
				continue
			}
		}
		s.queue = append(s.queue, &frame{Kind: stream, ID: id, Name: name, Data: append(s.spare, part...)})
		s.spare = nil
		s.changed.Broadcast()
	}
}

func (s *sender) run(enc *gob.Encoder) {
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && s.err == nil {
			s.writing, s.spare = false, nil
			s.changed.Broadcast()
			s.changed.Wait()
		}
		if s.err != nil {
			s.mu.Unlock()
			return
		}
		f := s.queue[0]
		s.queue = s.queue[1:]
		s.writing = true
		s.mu.Unlock()
		err := enc.Encode(f)
		s.mu.Lock()
		s.bytes -= len(f.Data)
		if f.Kind == stream && cap(f.Data) > cap(s.spare) {
			s.spare = f.Data[:0]
		}
		if s.err == nil { // stop may have been called meanwhile
			s.err = err
		}
		s.changed.Broadcast()
		s.mu.Unlock()
	}
}

// flush waits until everything sent has been written.
func (s *sender) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for (len(s.queue) > 0 || s.writing) && s.err == nil {
		s.changed.Wait()
	}
}

// stop lets the sender end; what is queued is dropped.
func (s *sender) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.changed.Broadcast()
}

// wireBundle is a display.Bundle in JSON.
type wireBundle struct {
	Data      map[string]json.RawMessage `json:"data,omitempty"`
	Metadata  map[string]json.RawMessage `json:"metadata,omitempty"`
	Transient map[string]json.RawMessage `json:"transient,omitempty"`
}

func packBundle(b display.Bundle) wireBundle {
	if b.Empty() {
		return wireBundle{}
	}
	data, metadata := b.Encode()
	w := wireBundle{packMap(data), packMap(metadata), packMap(b.Transient)}
	size := 0
	for _, raw := range w.Data {
		size += len(raw)
	}
	if size > maxBundle {
		note := fmt.Sprintf("too large to show: %d MB, at most %d MB", size>>20, maxBundle>>20)
		w.Data = packMap(map[string]any{display.MIMETypeText: note})
	}
	return w
}

func packMap(m map[string]any) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		if raw, err := json.Marshal(v); err == nil {
			out[k] = raw
		}
	}
	return out
}

// unpack returns the bundle with text as strings and everything else as raw JSON.
func (w wireBundle) unpack() display.Bundle {
	if len(w.Data) == 0 {
		return display.Bundle{}
	}
	return display.Bundle{Data: unpackMap(w.Data), Metadata: unpackMap(w.Metadata), Transient: unpackMap(w.Transient)}
}

func unpackMap(m map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(m))
	for k, raw := range m {
		var s string
		if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			out[k] = s
		} else {
			out[k] = raw
		}
	}
	return out
}

// wireResult is a cell.Result in JSON; only the types and texts of its values are sent.
type wireResult struct {
	Types  []string    `json:"types,omitempty"`
	Texts  []string    `json:"texts,omitempty"`
	Bundle wireBundle  `json:"bundle"`
	Page   wireBundle  `json:"page"`
	Exit   bool        `json:"exit,omitempty"`
	Next   *cell.Next  `json:"next,omitempty"`
	Err    *cell.Error `json:"err,omitempty"`
}

func packResult(r cell.Result) []byte {
	w := wireResult{Bundle: packBundle(r.Bundle), Page: packBundle(r.Page), Exit: r.Exit, Next: r.Next, Err: r.Err}
	for _, v := range r.Values {
		w.Types, w.Texts = append(w.Types, v.Type), append(w.Texts, v.Text)
	}
	return pack(w)
}

func unpackResult(raw []byte) (cell.Result, error) {
	var w wireResult
	if err := json.Unmarshal(raw, &w); err != nil {
		return cell.Result{}, err
	}
	r := cell.Result{Bundle: w.Bundle.unpack(), Page: w.Page.unpack(), Exit: w.Exit, Next: w.Next, Err: w.Err}
	for i, t := range w.Types {
		r.Values = append(r.Values, cell.Value{Type: t, Text: w.Texts[i]})
	}
	return r, nil
}

// wireInspect is the answer to inspect, wireStatus that to isComplete.
type (
	wireInspect struct {
		Bundle wireBundle `json:"bundle"`
		Found  bool       `json:"found"`
	}
	wireStatus struct {
		Status cell.Status `json:"status"`
		Indent string      `json:"indent"`
	}
)

// pack encodes what this package itself made, which always has a JSON form.
func pack(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
