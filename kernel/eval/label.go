package eval

import (
	"context"
	"runtime/pprof"
	"sync"
	"unsafe"
)

// Which cell a goroutine belongs to is told by its profiler labels: a goroutine inherits them from
// the one that starts it, also when compiled code starts it.

//go:linkname profilerLabel runtime/pprof.runtime_getProfLabel
func profilerLabel() unsafe.Pointer

var runs sync.Map // profiler label -> *run

// enter makes the calling goroutine, and those it will start, belong to r.
func (r *run) enter() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("cell", r.file)))
	r.label = profilerLabel()
	runs.Store(r.label, r)
}

// runOfGoroutine is the run that the calling goroutine belongs to, or nil.
func runOfGoroutine() *run {
	if l := profilerLabel(); l != nil {
		if r, ok := runs.Load(l); ok {
			return r.(*run)
		}
	}
	return nil
}
