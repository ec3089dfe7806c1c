package behavior

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"dtnotes/dtracefs"
)

// A Watching is a watch that goes on. Its methods may be called from any goroutine.
type Watching struct {
	b    *Behavior
	stop context.CancelFunc

	mu      sync.Mutex
	buckets []Bucket // the last ones
	values  int      // in them
	report  Report   // without the series
	open    *Alert   // that goes on
	last    Update
	stopped bool
}

// mostWatched is the number of buckets that a watch keeps for its report: an hour of seconds.
const mostWatched = 3600

// mostWatchedValues bounds the values in them, since new names may come without end.
const mostWatchedValues = 500_000

// screen shows watches. It is a pointer that is swapped as a whole, since a kernel sets it while
// cells may begin to watch.
var screen atomic.Pointer[func(w *Watching) (changed func(ended bool))]

// SetScreen makes show show every [Behavior.Watch] from now on, as a notebook does. The function
// that show returns is called after each bucket, and at the end. With nil, nothing is shown any
// more.
func SetScreen(show func(w *Watching) (changed func(ended bool))) {
	if show == nil {
		screen.Store(nil)
		return
	}
	screen.Store(&show)
}

// until yields batches until ctx is done, and notices that also while no batch comes.
func until(ctx context.Context, batches iter.Seq2[*dtracefs.Batch, error]) iter.Seq2[*dtracefs.Batch, error] {
	type piece struct {
		b   *dtracefs.Batch
		err error
	}
	return func(yield func(*dtracefs.Batch, error) bool) {
		// The range over batches blocks while a tracer is silent, and cannot be interrupted: it
		// goes on by itself, and ends at the next batch or with the tracer.
		pieces, gone := make(chan piece), make(chan struct{})
		defer close(gone)
		go func() {
			defer close(pieces)
			for b, err := range batches {
				select {
				case pieces <- piece{b, err}:
				case <-gone:
					return // which stops the tracer
				}
			}
		}()
		for {
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case p, ok := <-pieces:
				if !ok || !yield(p.b, p.err) {
					return
				}
			}
		}
	}
}

// take notes what a bucket brought.
func (w *Watching) take(u Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = u
	r := &w.report
	w.open = u.Alert
	if u.Ended {
		r.Alerts = append(r.Alerts, *u.Alert)
		w.open = nil
	}
	if u.Counts == nil { // the end of the last alert
		return
	}
	r.judged++
	w.buckets, r.Buckets = append(w.buckets, u.Bucket), append(r.Buckets, u.Verdict)
	w.values += len(u.Counts)
	if n := len(w.buckets); n > mostWatched || w.values > mostWatchedValues && n > 1 {
		// A tenth goes at a time, or else every bucket would move all others.
		gone := max(1, n/10)
		for _, b := range w.buckets[:gone] {
			w.values -= len(b.Counts)
		}
		w.buckets = slices.Delete(w.buckets, 0, gone)
		r.Buckets = slices.Delete(r.Buckets, 0, gone)
	}
}

// Stop ends the watch, which then returns its report.
func (w *Watching) Stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.stop()
}

// Last is what the last bucket brought, and how many there were.
func (w *Watching) Last() (u Update, buckets int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.report.judged
}

// Report is what stood out so far, an alert that goes on included.
func (w *Watching) Report() *Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.report
	r.Alerts, r.Buckets = slices.Clone(r.Alerts), slices.Clone(r.Buckets)
	if w.open != nil {
		r.Alerts = append(r.Alerts, *w.open)
	}
	if n := r.judged - len(w.buckets); n > 0 {
		r.Notes = append(slices.Clone(r.Notes), fmt.Sprintf("the first %d buckets are not kept", n))
	}
	r.series = seriesOf(w.b, w.buckets, nil)
	return &r
}
