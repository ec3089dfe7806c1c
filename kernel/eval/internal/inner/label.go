package inner

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"unsafe"
)

//go:linkname profilerLabel runtime/pprof.runtime_getProfLabel
func profilerLabel() unsafe.Pointer

// Labels find out what a goroutine belongs to by its profiler labels: a goroutine inherits them
// from the one that starts it, also when compiled code starts it.
//
// Go has no goroutine-local storage; profiler labels are the only thing that every goroutine
// hands on to those it starts. The address of the label stands for the owner, without what the
// label says: two cells may have one name.
type Labels[T comparable] struct {
	owners sync.Map // address of a profiler label -> T
}

// Set makes the calling goroutine, and those it will start, belong to owner, under a name that
// profiles show.
func (l *Labels[T]) Set(name string, owner T) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("cell", name)))
	p := profilerLabel()
	l.owners.Store(uintptr(p), owner)
	// The entry goes when no goroutine has the label any more.
	runtime.AddCleanup((*labelSet)(p), func(key uintptr) { l.owners.CompareAndDelete(key, owner) }, uintptr(p))
}

// labelSet stands for what a label points to.
type labelSet struct{ _ [16]byte }

// Owner is what the calling goroutine belongs to; false if to nothing.
func (l *Labels[T]) Owner() (owner T, ok bool) {
	if p := profilerLabel(); p != nil {
		if x, found := l.owners.Load(uintptr(p)); found {
			return x.(T), true
		}
	}
	return owner, false
}
