package dtracefs

import (
	"bytes"
	"context"
	"io"
	"maps"
	"runtime"
	"sync"

	"dtnotes/dtracefs/internal/syntax"
)

// A part is a chunk that is decoded ahead of its turn, as if what stood before it had left
// nothing open. Most chunks of activity and of logs are like that; those that turn out not to be
// are decoded again when their turn comes. A guess that is wrong costs time, never a difference:
// batches are the same as without.
type part struct {
	chunk
	err   error // of reading; io.EOF at the end
	batch *Batch
	after *station // after the chunk; nil if it was not decoded
	from  state
	done  chan struct{}
}

// A state is what chunks of activity or of a log depend on of those before. It is copied when the
// part is started, and compared with what is so when its turn comes.
type state struct {
	mode syntax.Header
	maps map[string]bool
	log  *syntax.Log
}

// stateOf returns the state of st between two chunks.
func stateOf(st *station) state {
	s := state{mode: st.mode, maps: maps.Clone(st.activity.maps)}
	if st.log.writer != nil {
		s.log = &st.log.writer.format
	}
	return s
}

// mayFollow reports whether a part that was decoded from state s may follow st.
func (s state) mayFollow(st *station) bool {
	// A block that is open, or lines of a paragraph that wait for its end, would go on in this
	// part, and a part that was decoded ahead began without them.
	same := st.mode == s.mode && maps.Equal(st.activity.maps, s.maps) && !st.activity.open() && len(st.free.lines) == 0
	if st.log.writer == nil || s.log == nil {
		return same && st.log.writer == nil && s.log == nil
	}
	return same && st.log.writer.format.Same(*s.log) && !st.activity.stamped
}

// inParts yields the batches of a scan in order, while chunks to come are decoded side by side.
// st is the scanner's own station, which only this goroutine uses.
func (s *scanner) inParts(ctx context.Context, st *station, chunks *chunker, yield func(*Batch, error) bool) error {
	ahead := runtime.GOMAXPROCS(0)
	var queue []*part
	var free [][]byte
	var decoding sync.WaitGroup
	defer decoding.Wait()
	ended := false
	wait := 1 // chunks before which nothing is decoded ahead
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
			// The last part is never decoded ahead: what waits for the end of the text is filed
			// when it is read.
			if wait--; p.err != nil || wait >= 0 || p.last {
				close(p.done)
				continue
			}
			p.from = stateOf(st)
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
		case p.after != nil && p.from.mayFollow(st):
			goOnAfter(st, p.after)
			s.open = p.after.look(nil, p.line, s.open, p.last)
		default:
			// Only a part that was decoded ahead has maps here: those of a station are never nil.
			if p.from.maps != nil {
				// The guess was wrong, so what follows is likely to be of another kind: for some
				// chunks nothing is decoded twice.
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

// decodeAhead decodes a part. It leaves no station where anything but blocks of activity, or but
// rows of a log, was found. A chunk of activity must start with a stamp, one of a log without.
func (s *scanner) decodeAhead(p *part) {
	first, _, _ := bytes.Cut(p.data, []byte("\n"))
	if _, stamped := syntax.EpochStamp(bytes.TrimRight(first, "\r")); stamped == (p.from.log != nil) {
		return
	}
	p.batch = s.newBatch(p.chunk)
	d := newDecoder(&p.batch.Capture, s.opt, s.script)
	d.part = true
	st := newStation()
	st.mode = p.from.mode
	st.resume(d, syntax.NewCursorAt(p.data, p.line))
	st.activity.maps = maps.Clone(p.from.maps)
	if p.from.log != nil {
		st.log.open(st, *p.from.log)
	}
	st.run()
	p.batch.Lines = st.cur.Number() - p.line
	c, a := d.c, d.c.Account
	whole := a.Notices.Lines+a.Unparsed.Lines == 0 && len(c.Notices)+len(c.Drops)+len(c.Errors) == 0 && !st.activity.open()
	if p.from.log != nil {
		// Every line is a row of the log and nothing else.
		whole = whole && len(d.list) == 1 && st.log.writer.sheet.n == a.Tables.Lines
	} else {
		whole = whole && (len(d.list) == 0 || len(d.list) == 1 && d.byKey["intervals"] != nil)
	}
	if whole {
		d.finish()
		p.after = st
	}
}

// goOnAfter takes over the state in which a part was left. The numbers of blocks start from 0 in
// a part, so they are added; a log has the moment of each row in the row.
func goOnAfter(st, after *station) {
	st.decoder, st.cur, st.blanks = after.decoder, after.cur, after.blanks
	*st.activity = *after.activity
	st.block += after.block
	st.afterStack, st.free.adjacent.sheet = false, nil
	if st.log.writer == nil {
		st.moment = after.moment
	}
}
