package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"time"
)

const (
	// quiet is how long a tracer must be silent for what it printed to be a whole block: it
	// writes a block at once, and nothing but the next tick's comes after.
	quiet = 200 * time.Millisecond
	// restless is how long what a tracer printed waits for its silence. After that, what is
	// surely whole is decoded, up to a record's end; the rest waits on.
	restless = time.Second
	// fewestLines is how many lines tell what a stream is. With fewer, a tracer that prints only
	// its banner at first would be taken for what that looks like.
	fewestLines = 4
)

// Follow decodes what a running tracer prints, as it comes from r, and yields a batch each time the
// tracer falls silent; of one that does not, about one a second, and of a torrent one each half a
// megabyte. It ends when r does or ctx is done.
// A read that is under way then is left to itself.
func Follow(ctx context.Context, r io.Reader, name string, o Options) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		f := follower{opt: o, name: name, line: 1}
		chunks, failed := make(chan []byte), make(chan error, 1)
		go pump(ctx, r, chunks, failed)
		var since time.Time // when the first of the text came
		for {
			var silence <-chan time.Time
			if n := len(f.text); n > 0 && f.text[n-1] == '\n' {
				// In the middle of a line it is not silent, however long it takes.
				silence = time.After(quiet)
			}
			n := 0
			select {
			case <-ctx.Done():
				yield(nil, fmt.Errorf("following %s: %w", name, ctx.Err()))
				return
			case <-silence:
				if f.knows() {
					n = len(f.text)
				}
				// While it looks up the symbols of a stack, a tracer is silent in the middle of an
				// entry.
				if at := openEntry(f.text[:n]); at >= 0 {
					n = at
				}
			case chunk, ok := <-chunks:
				if !ok {
					if b := f.batch(len(f.text), true); b != nil && !yield(b, nil) {
						return
					}
					if err := <-failed; err != nil {
						yield(nil, fmt.Errorf("following %s: %w", name, err))
					}
					return
				}
				if len(f.text) == 0 {
					since = time.Now()
				}
				f.text = append(f.text, chunk...)
				if waited := time.Since(since); len(f.text) > chunkSize || waited > restless && f.knows() {
					n, since = f.whole(), time.Now()
				}
			}
			if b := f.batch(n, false); b != nil && !yield(b, nil) {
				return
			}
		}
	}
}

// A follower decodes text that comes bit by bit.
type follower struct {
	opt     Options
	name    string
	text    []byte
	scanner *scanner
	line    int
	at      int64
}

// knows reports whether there is enough to tell what the stream is.
func (f *follower) knows() bool {
	return f.scanner != nil || bytes.Count(f.text, []byte("\n")) >= fewestLines
}

// whole is how much of the text can be decoded without what is still to come.
func (f *follower) whole() int {
	f.start()
	cut := f.scanner.dialect.cut
	if cut == nil {
		return 0
	}
	n := cut(f.text)
	// Text without the end of a record must not be held without end.
	if n == 0 && len(f.text) > 8*chunkSize {
		n = cutAtLine(f.text)
	}
	return n
}

// start makes the scanner, of the dialect that the text so far is of; it holds for the whole
// stream.
func (f *follower) start() {
	if f.scanner == nil {
		f.scanner = newScanner(f.opt, f.name, f.opt.dialectOf(f.text))
	}
}

// batch decodes the first n bytes; nil if there are none, unless they are the last: what the reader
// has held back until then, such as a call that never returned, comes at the end, even where the
// tracer had been silent before.
func (f *follower) batch(n int, last bool) *Batch {
	if n == 0 && !last {
		return nil
	}
	f.start()
	// Such a dialect has no place to be cut at, and is decoded when it has ended.
	if f.scanner.dialect.cut == nil && !last {
		return nil
	}
	data := slices.Clone(f.text[:n])
	f.text = append(f.text[:0], f.text[n:]...)
	b := f.scanner.batch(chunk{data: data, line: f.line, at: f.at, last: last})
	f.line += b.Lines
	// The reader had held nothing back, and as batches came before, an empty one says nothing.
	if n == 0 && f.at > 0 && b.isEmpty() {
		return nil
	}
	f.at += int64(n)
	return b
}

// pump reads until the end or the context's, and then closes chunks. It sends exactly one error
// before, nil for an ordinary end. A pipe that was closed on this side ends so, too.
func pump(ctx context.Context, in io.Reader, chunks chan<- []byte, failed chan<- error) {
	defer close(chunks)
	for {
		// A new one each time: what was sent is still read while the next is filled.
		buf := make([]byte, 64<<10)
		n, err := in.Read(buf)
		if n > 0 {
			select {
			case chunks <- buf[:n]:
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrClosed) {
				err = nil
			}
			failed <- err
			return
		}
	}
}
