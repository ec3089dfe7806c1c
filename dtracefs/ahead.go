package dtracefs

import (
	"bytes"
	"context"
	"io"
	"maps"
	"runtime"
	"sync"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// A part is a chunk that is decoded ahead of its turn, as if what stood before it had left
// nothing open. Most chunks of activity and of logs are like that; those that turn out not
// to be are decoded again when their turn comes.
type part struct {
	chunk
	err   error // of reading; io.EOF at the end
	batch *Batch
	text  *text // after the chunk; nil if it was not decoded
	from  state
	done  chan struct{}
}

// A state is what chunks of activity or of a log depend on of those before.
type state struct {
	script *script.Script
	mode   syntax.Header
	maps   map[string]bool
	log    *syntax.Log
}

func (t *text) state() state {
	s := state{script: t.script, mode: t.mode, maps: maps.Clone(t.activity.maps)}
	if t.log != nil {
		s.log = &t.log.format
	}
	return s
}

// goesOnFrom reports whether a part that was decoded from state s may follow t.
func (t *text) goesOnFrom(s state) bool {
	same := t.mode == s.mode && maps.Equal(t.activity.maps, s.maps) && t.activity.pending == nil && len(t.free) == 0
	if t.log == nil || s.log == nil {
		return same && t.log == nil && s.log == nil
	}
	return same && t.log.format.Same(*s.log) && !t.activity.stamped
}

// inParts yields the batches of a scan in order, while chunks to come are decoded side by
// side.
func (s *scanner) inParts(ctx context.Context, chunks *chunker, yield func(*Batch, error) bool) error {
	ahead := runtime.GOMAXPROCS(0)
	var queue []*part
	var free [][]byte
	var decoding sync.WaitGroup
	defer decoding.Wait()
	ended := false
	wait := 0 // chunks before which nothing is decoded ahead
	for {
		for !ended && len(queue) < ahead+1 {
			var buf []byte
			if n := len(free); n > 0 {
				buf, free = free[n-1], free[:n-1]
			}
			p := &part{done: make(chan struct{})}
			if p.chunk, p.err = chunks.next(ctx, buf); p.err != nil {
				ended = true
			}
			queue = append(queue, p)
			if wait--; p.err != nil || wait >= 0 || s.text == nil || p.last {
				close(p.done)
				continue
			}
			p.from = s.text.state()
			decoding.Go(func() {
				defer close(p.done)
				s.decodeAhead(p)
			})
		}
		p := queue[0]
		queue = queue[1:]
		<-p.done
		switch {
		case p.err == io.EOF:
			return nil
		case p.err != nil:
			return p.err
		case p.text != nil && s.text.goesOnFrom(p.from):
			s.text.goOnAfter(p.text)
		default:
			if p.from.maps != nil {
				wait = 16
			}
			p.batch = s.batch(p.chunk)
		}
		if !yield(p.batch, nil) {
			return nil
		}
		free = append(free, p.data)
	}
}

// decodeAhead decodes a part. It leaves the part's text nil where anything but blocks of
// activity, or but rows of a log, was found.
func (s *scanner) decodeAhead(p *part) {
	first, _, _ := bytes.Cut(p.data, []byte("\n"))
	if _, stamped := syntax.EpochStamp(bytes.TrimRight(first, "\r")); stamped == (p.from.log != nil) {
		return
	}
	p.batch = s.newBatch(p.chunk)
	d := newDecoder(&p.batch.Capture, s.opt)
	d.script = p.from.script
	t := &text{decoder: d, cur: syntax.NewCursorAt(p.data, p.line), mode: p.from.mode}
	maps.Copy(d.activity.maps, p.from.maps)
	if p.from.log != nil {
		t.log = newLogWriter(d.sheet("log", "log", "log"), *p.from.log)
	}
	t.run()
	p.batch.Lines = t.cur.Number() - p.line
	c, a := d.c, d.c.Account
	whole := a.Notices.Lines+a.Unparsed.Lines == 0 && len(c.Notices)+len(c.Drops)+len(c.Errors) == 0 && t.activity.pending == nil
	if p.from.log != nil {
		whole = whole && len(d.sheets) == 1 && t.log.sheet.n == a.Tables.Lines
	} else {
		whole = whole && len(d.sheets) == 0
	}
	if whole {
		d.finish()
		p.text = t
	}
}

// goOnAfter takes over the state in which a part was left.
func (t *text) goOnAfter(o *text) {
	t.decoder, t.cur, t.blanks = o.decoder, o.cur, o.blanks
	t.block += o.block
	t.lastStack, t.adjacent = false, nil
	if t.log == nil {
		t.stamp, t.stamped, t.labels = o.stamp, o.stamped, nil
	}
}
