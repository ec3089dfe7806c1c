package eval

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"unsafe"
)

// Which cell a goroutine belongs to is told by its profiler labels: a goroutine inherits them from
// the one that starts it, also when compiled code starts it.

//go:linkname profilerLabel runtime/pprof.runtime_getProfLabel
func profilerLabel() unsafe.Pointer

var runs sync.Map // address of a profiler label -> *run

// enter makes the calling goroutine, and those it will start, belong to r.
func (r *run) enter() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("cell", r.file)))
	l := profilerLabel()
	runs.Store(uintptr(l), r)
	// The entry goes when no goroutine has the label any more.
	runtime.AddCleanup((*labelSet)(l), func(key uintptr) { runs.CompareAndDelete(key, r) }, uintptr(l))
}

// labelSet stands for what a label points to.
type labelSet struct{ _ [16]byte }

// runOfGoroutine is the run that the calling goroutine belongs to, or nil.
func runOfGoroutine() *run {
	if l := profilerLabel(); l != nil {
		if r, ok := runs.Load(uintptr(l)); ok {
			return r.(*run)
		}
	}
	return nil
}
