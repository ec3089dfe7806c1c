package eval

import (
	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/internal/inner"
)

// runs knows which cell a goroutine belongs to.
var runs inner.Labels[*run]

// enter makes the calling goroutine, and those it will start, belong to r.
func (r *run) enter() { runs.Set(r.file, r) }

// callbackOwner makes callbacks belong to the cell that the calling goroutine belongs to: they
// print there, also when it has long ended or was interrupted, and a panic in one is reported
// there.
//
// A callback is run in a goroutine of its own, so that it can be stopped, and be given up on,
// without the caller, which is the kernel's: it gets a run of its own, since that of the cell may
// have been halted.
func callbackOwner() func(callback func()) {
	maker := runOfGoroutine()
	if maker == nil {
		return func(callback func()) { callback() }
	}
	rr := maker.runner
	return func(callback func()) {
		r := rr.newRun(maker.file, cell.Cell{Out: maker.out})
		r.ended.Store(true)
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.enter()
			rr.watchStacks()
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
	r, _ := runs.Owner()
	return r
}
