package dtracefs

import (
	"context"
	"io"
	"sync"
)

// A fastChunk is a chunk whose lines are read, by its own reader.
type fastChunk struct {
	chunk
	lines *fastLines
	read  bool // its lines have been read
	ok    bool // they are what was expected
}

// fastChunkSize is how much text is read at once, in bytes, where lines are not decoded: what is
// made of it stays in the processor's caches.
const fastChunkSize = 128 << 10

// A sideBySide counts chunks with several workers: their lines are read side by side and counted
// in the order of the text. So the counts do not depend on how many workers there are, and
// whatever a chunk needs of those before, such as running totals, is there when its turn comes.
//
// Every worker does whatever can be done next: it counts the chunk whose turn it is, or takes one
// more from the text and reads its lines. With tasks of their own they would wait for each other,
// and to put a worker to sleep and wake it takes as long as to read a good part of a chunk.
type sideBySide struct {
	c       *counting
	chunks  *chunker
	workers int

	mu      sync.Mutex // of what follows
	changed *sync.Cond
	free    []*fastChunk
	queue   []*fastChunk // in the order of the text
	taking  bool         // a worker takes a chunk from the text
	booking bool         // a worker counts a chunk
	err     error        // why no more chunks are taken
}

func newSideBySide(c *counting, chunks *chunker, workers int) *sideBySide {
	s := &sideBySide{c: c, chunks: chunks, workers: workers}
	s.changed = sync.NewCond(&s.mu)
	// A single worker counts each chunk when it has read it. Of several, each may have read one
	// more while another counts those before.
	for range 2*workers - 1 {
		s.free = append(s.free, &fastChunk{lines: c.fast.lines()})
	}
	return s
}

// all counts the chunks to the end of the text.
func (s *sideBySide) all(ctx context.Context) error {
	var others sync.WaitGroup
	for range s.workers - 1 {
		others.Go(func() { s.work(ctx) })
	}
	s.work(ctx)
	others.Wait()
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// work does what can be done, until all is done or the text cannot be read.
func (s *sideBySide) work(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil || s.err == io.EOF && len(s.queue) > 0 {
		switch {
		case !s.booking && len(s.queue) > 0 && s.queue[0].read:
			s.book()
		case s.err == nil && !s.taking && len(s.free) > 0:
			s.take(ctx)
		default:
			s.changed.Wait()
			continue
		}
		s.changed.Broadcast()
	}
}

// book counts the first chunk of the queue. The lock is open meanwhile.
func (s *sideBySide) book() {
	k := s.queue[0]
	s.queue, s.booking = s.queue[1:], true
	s.mu.Unlock()
	s.c.count(k)
	s.mu.Lock()
	s.booking = false
	s.free = append(s.free, k)
}

// take takes the next chunk from the text, lets others take the one behind it, and reads its
// lines. The lock is open meanwhile.
func (s *sideBySide) take(ctx context.Context) {
	k := s.free[len(s.free)-1]
	s.free, s.taking = s.free[:len(s.free)-1], true
	s.mu.Unlock()
	next, err := s.chunks.next(ctx, k.data)
	if err == nil {
		s.c.progress(next)
	}
	s.mu.Lock()
	s.taking = false
	if err != nil {
		s.err = err
		return
	}
	k.chunk, k.read = next, false
	s.queue = append(s.queue, k)
	s.changed.Broadcast()
	s.mu.Unlock()
	k.ok = k.lines.chunk(k.data)
	s.mu.Lock()
	k.read = true
}
