package dtracefs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"

	"dtnotes/dtracefs/internal/script"
)

// A Batch is what one part of a capture holds. Its tables have the columns that this part
// needs; tables of one name in several batches go on each other.
type Batch struct {
	Capture

	Offset int64 // of the part in the text, in bytes
	Line   int   // number of its first line
}

// isEmpty reports whether there is nothing in the batch that anyone would want to see.
func (b *Batch) isEmpty() bool {
	return len(b.Tables)+len(b.Notices)+len(b.Drops)+len(b.Errors)+len(b.Unparsed) == 0
}

// Scan decodes a capture part by part, in memory that does not grow with it, and yields a batch
// for each, in the order of the text; large ones are decoded ahead on several cores. Parts end at
// the boundaries of records; keys of bpftrace's maps and shapes of free text are found anew in
// each. FreeBSD's structured output and statemaps come as one batch. An error is yielded once and
// ends the iteration.
func Scan(ctx context.Context, fsys fs.FS, name string, o Options) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if err := o.scan(ctx, fsys, name, yield); err != nil {
			yield(nil, fmt.Errorf("scanning capture %s: %w", name, err))
		}
	}
}

// scan is Scan without the words around an error.
func (o Options) scan(ctx context.Context, fsys fs.FS, name string, yield func(*Batch, error) bool) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := decompress(f)
	if err != nil {
		return err
	}
	defer r.Close()
	if o.Script == "" {
		if o.Script, err = scriptBeside(fsys, name); err != nil {
			return fmt.Errorf("script: %w", err)
		}
	}
	return o.scanReader(ctx, r, name, yield)
}

// scanReader yields batches of what r reads until it ends or yield wants no more.
func (o Options) scanReader(ctx context.Context, r io.Reader, name string, yield func(*Batch, error) bool) error {
	head, err := readHead(r)
	if err != nil {
		return err
	}
	if i := binaryAt(head); i >= 0 {
		return fmt.Errorf("byte %d: %w", i, ErrNotText)
	}
	s := newScanner(o, name, o.dialectOf(head))
	s.looks = true
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), s.dialect.cut)
	chunks.lines = true
	// Only of the reader of text is it known what a part depends on of those before it, so only its
	// parts can be decoded ahead and checked (see [state]).
	if st, ok := s.reader.(*station); ok && runtime.GOMAXPROCS(0) > 1 {
		return s.inParts(ctx, st, chunks, yield)
	}
	var buf []byte
	for {
		k, err := chunks.next(ctx, buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !yield(s.batch(k), nil) {
			return nil
		}
		buf = k.data
	}
}

// A scanner decodes the chunks of one capture in their order. Its reader carries over from part
// to part what one leaves open.
type scanner struct {
	opt     Options
	name    string
	dialect dialect
	script  *script.Script
	reader  reader

	looks bool       // for words that were lost
	open  []lostLine // of the part before, of which words were not found yet
}

// newScanner returns the scanner of a capture of that dialect, before its first part.
func newScanner(o Options, name string, dl dialect) *scanner {
	return &scanner{opt: o, name: name, dialect: dl, script: parseScript(o.Script), reader: dl.start()}
}

// moment is the time that the reader believes it is, to be set by whoever has read parts in
// another way; nil if it knows none.
func (s *scanner) moment() *moment {
	switch r := s.reader.(type) {
	case *station:
		return &r.moment
	case *bpftraceJSON:
		return &r.moment
	}
	return nil
}

// midLine reports whether the last part ended within a line that printf writes piece by piece, so
// that what comes next is the rest of it, whatever that looks like.
func (s *scanner) midLine() bool {
	t, ok := s.reader.(*bpftraceJSON)
	return ok && t.partial != ""
}

// newBatch returns the batch of a chunk, with nothing in it.
func (s *scanner) newBatch(k chunk) *Batch {
	return &Batch{Capture: Capture{Name: s.name, Dialect: s.dialect.name, Bytes: int64(len(k.data))}, Offset: k.at, Line: k.line}
}

// batch decodes the next chunk. A capture that is one chunk is decoded as a whole.
func (s *scanner) batch(k chunk) *Batch {
	b := s.newBatch(k)
	d := newDecoder(&b.Capture, s.opt, s.script)
	d.part = k.at > 0 || !k.last
	b.Lines = s.reader.read(d, k.data, k.line, k.last)
	d.finish()
	if s.looks {
		s.open = d.look(k.data, k.line, s.open, k.last)
	}
	return b
}
