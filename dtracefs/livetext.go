package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// liveText cuts what a tracer prints into batches. It differs from a follower in that the tracer
// is known, and in what it says on standard error.
type liveText struct {
	run     *Run
	name    string
	text    []byte
	scanner *scanner
	line    int
	at      int64
}

// some yields the whole records that have come.
func (l *liveText) some(yield func(*Batch, error) bool) bool {
	if l.scanner == nil {
		// The dialect is chosen once, and half a line is too little for that.
		if bytes.IndexByte(l.text, '\n') < 0 {
			return true
		}
		l.start()
	}
	n := 0
	if cut := l.scanner.dialect.cut; cut != nil {
		n = cut(l.text)
	}
	if n == 0 && len(l.text) > 8*chunkSize {
		n = cutAtLine(l.text) // a record without end must not fill the memory
	}
	if n == 0 {
		return true
	}
	return l.yield(n, false, yield)
}

// last yields the rest.
func (l *liveText) last(yield func(*Batch, error) bool) bool {
	if l.scanner == nil {
		l.start()
	}
	return l.yield(len(l.text), true, yield)
}

// start chooses the dialect from what is there. A tracer runs, so its text is a tracer's whatever
// it looks like; but a script may print JSON or CSV.
func (l *liveText) start() {
	dl := dialectOf(l.text)
	if dl.name == UnknownDialect {
		dl = dialectNamed("dtrace")
	}
	// bpftrace is told by marks that may come later than the first lines, or never.
	if dl.name == "dtrace" && l.name == "bpftrace" {
		dl = dialectNamed("bpftrace")
	}
	l.scanner = newScanner(l.run.opt.Options, l.name, dl)
	l.line = 1
}

// yield decodes the first n bytes and yields them as a batch, with what was said on standard
// error meanwhile. An empty one at the end is not yielded if there is nothing in it.
func (l *liveText) yield(n int, last bool, yield func(*Batch, error) bool) bool {
	// A copy, as the rest then moves to the front of the same memory.
	data := bytes.Clone(l.text[:n])
	l.text = append(l.text[:0], l.text[n:]...)
	b := l.scanner.batch(chunk{data: data, line: l.line, at: l.at, last: last})
	l.line += b.Lines
	l.at += int64(n)
	l.run.tell(b)
	l.run.keepLatest(b.Tables)
	if n == 0 && b.isEmpty() {
		return true
	}
	return yield(b, nil)
}

// mostSaid bounds, in bytes, what is kept of standard error when batches have it already.
const mostSaid = 1 << 20

// tell adds to a batch what the tracer said on standard error since the one before, up to the end
// of its last whole line.
func (r *Run) tell(b *Batch) {
	r.mu.Lock()
	said := bytes.Clone(r.stderr.Bytes()[r.told:])
	said = said[:bytes.LastIndexByte(said, '\n')+1]
	// What is dropped lies before told, so batches had it already.
	if r.told += len(said); r.told > mostSaid {
		r.stderr.Next(mostSaid / 2) // drops may be told for days
		r.told -= mostSaid / 2
	}
	r.mu.Unlock()
	for cur := syntax.NewCursor(said); !cur.Done(); {
		line, _ := cur.Next()
		stderrLine(&ledger{&b.Capture}, line)
	}
}
