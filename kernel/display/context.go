package display

import (
	"context"
	"sync/atomic"
)

var contexts atomic.Pointer[func() context.Context]

// SetContext makes Context return what of returns, from now on. With nil, Context again returns a
// context that never ends.
func SetContext(of func() context.Context) {
	if of == nil {
		contexts.Store(nil)
		return
	}
	contexts.Store(&of)
}

// Context is the context of the running cell: it is done when the cell is interrupted, and when it
// has ended. Work that takes long and takes a context stops at an interrupt if it is given this
// one:
//
//	run, err := dtracefs.Live(display.Context(), script, dtracefs.LiveOptions{})
//
// In a program made from a notebook, it is done when the program is interrupted. Where no cell
// runs, as in a callback after its cell has ended, it is never done.
func Context() context.Context {
	if of := contexts.Load(); of != nil {
		return (*of)()
	}
	return context.Background()
}
