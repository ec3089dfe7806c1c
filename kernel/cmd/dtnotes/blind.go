package main

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"sync"
	"time"

	"dtnotes/dtracefs"
)

// blindness is the status of a watch that could not see, with the reason. A monitor that silently
// sees nothing looks like a system in which nothing is wrong: blindness is therefore reported by an
// exit status, a metric and the hooks.
type blindness struct{ reason error }

func (b blindness) Error() string { return "blind: " + b.reason.Error() }
func (b blindness) Unwrap() error { return b.reason }

// blindStatus is the exit status of blindness, apart from that of alerts (3) and of errors (1).
const blindStatus = 4

// warmUp is how long a tracer may take until its first bucket: it compiles, and attaches probes.
const warmUp = 30 * time.Second

// manyLines is more than a tracer prints while it warms up: if so many lines bring no bucket, it is
// reported that they are not understood, without waiting for the end of warmUp.
const manyLines = 50

// sight follows what comes from a tracer, to notice when nothing can be judged: because the tracer
// prints nothing, because what it prints is not understood, or because events are lost.
type sight struct {
	after time.Duration // without a bucket

	mu         sync.Mutex
	begun      time.Time
	printed    time.Time // last
	bucket     time.Time // last; zero before the first
	lost       time.Time // last
	drops      int64     // all
	recent     int64     // since events began to be lost
	lines      int       // since the last bucket
	example    string    // the last line printed
	unreported int64     // drops not yet told
}

func newSight(after time.Duration) *sight { return &sight{after: after, begun: time.Now()} }

// reader notes that something was printed.
func (s *sight) reader(in io.Reader) io.Reader { return sightReader{s, in} }

type sightReader struct {
	s  *sight
	in io.Reader
}

func (r sightReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if n > 0 {
		r.s.mu.Lock()
		r.s.printed = time.Now()
		r.s.lines += bytes.Count(p[:n], []byte("\n"))
		if text := bytes.TrimSpace(p[:n]); len(text) > 0 {
			r.s.example = string(text[bytes.LastIndexByte(text, '\n')+1:])
			r.s.example = r.s.example[:min(len(r.s.example), 200)]
		}
		r.s.mu.Unlock()
	}
	return n, err
}

// batches passes batches on, and notes what the tracer lost.
func (s *sight) batches(in iter.Seq2[*dtracefs.Batch, error]) iter.Seq2[*dtracefs.Batch, error] {
	return func(yield func(*dtracefs.Batch, error) bool) {
		for b, err := range in {
			if b != nil {
				s.mu.Lock()
				for _, d := range b.Capture.Drops {
					s.drop(max(1, d.Count))
				}
				s.mu.Unlock()
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

func (s *sight) drop(n int64) {
	now := time.Now()
	// Nothing was lost for a time, so that the count of what was lost recently begins anew.
	if now.Sub(s.lost) > s.after {
		s.recent = 0
	}
	s.lost = now
	s.drops, s.recent, s.unreported = s.drops+n, s.recent+n, s.unreported+n
}

// dropLine is how dtrace reports on standard error that events were lost, such as "3 dynamic
// variable drops".
var dropLine = regexp.MustCompile(`(\d+)(?: \w+)* drops?\b`)

// stderr passes on what a tracer says, and notes the drops that dtrace reports there.
func (s *sight) stderr(out io.Writer) io.Writer { return &sightErrors{s: s, out: out} }

type sightErrors struct {
	s    *sight
	out  io.Writer
	part []byte
}

func (e *sightErrors) Write(p []byte) (int, error) {
	e.part = append(e.part, p...)
	for {
		at := bytes.IndexByte(e.part, '\n')
		if at < 0 {
			break
		}
		if m := dropLine.FindSubmatch(e.part[:at]); m != nil {
			n, _ := strconv.ParseInt(string(m[1]), 10, 64)
			e.s.mu.Lock()
			e.s.drop(max(1, n))
			e.s.mu.Unlock()
		}
		e.part = e.part[at+1:]
	}
	// No line of dtrace is as long, and a line without an end must not be kept for ever.
	if len(e.part) > 4096 {
		e.part = nil
	}
	return e.out.Write(p)
}

// seen notes a bucket.
func (s *sight) seen() {
	s.mu.Lock()
	s.bucket, s.lines = time.Now(), 0
	s.mu.Unlock()
}

// takeDrops returns the events lost since it was asked last.
func (s *sight) takeDrops() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.unreported
	s.unreported = 0
	return n
}

// blind returns the reason why nothing can be judged now, or nil if it can. The worst comes first:
// that nothing was printed, then that nothing was understood, then that some events were lost.
func (s *sight) blind(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Before the first bucket, the tracer is given time to warm up.
	since, patience := s.bucket, s.after
	if since.IsZero() {
		since, patience = s.begun, max(s.after, warmUp)
	}
	silent := s.printed
	if silent.IsZero() {
		silent = s.begun
	}
	switch {
	case now.Sub(silent) > patience:
		return fmt.Errorf("the tracer has printed nothing for %v", now.Sub(silent).Round(time.Second))
	case now.Sub(since) > patience || s.lines >= manyLines && now.Sub(since) > s.after:
		return fmt.Errorf("what the tracer prints is not understood: %d lines and no counts in %v, the last is %.60q", s.lines, now.Sub(since).Round(time.Second), s.example)
	case !s.lost.IsZero() && now.Sub(s.lost) <= s.after:
		return fmt.Errorf("the tracer loses events: %d of late", s.recent)
	}
	return nil
}
