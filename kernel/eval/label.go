package eval

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"unsafe"

	"dtnotes/kernel/cell"
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

// callbackOwner makes callbacks belong to the cell that the calling goroutine belongs to: they print
// there, also when it has long ended or was interrupted, and a panic in one is told there.
func callbackOwner() func(callback func()) {
	maker := runOfGoroutine()
	if maker == nil {
		return func(callback func()) { callback() }
	}
	s := maker.session
	return func(callback func()) {
		r := s.newRun(maker.file, cell.Cell{Out: maker.out})
		r.ended.Store(true)
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.enter()
			s.watchStacks()
			defer func() {
				if x := recover(); x != nil {
					goPanic("panic in a callback: ", x, nil)
				}
			}()
			callback()
		}()
		<-done
	}
}

// runOfGoroutine is the run that the calling goroutine belongs to, or nil.
func runOfGoroutine() *run {
	if l := profilerLabel(); l != nil {
		if r, ok := runs.Load(uintptr(l)); ok {
			return r.(*run)
		}
	}
	return nil
}
