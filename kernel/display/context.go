package display

import (
	"context"
	"sync/atomic"
)

var contexts atomic.Pointer[func() context.Context]

// SetContext has Context answered by of from now on; nil gives a context that never ends again.
func SetContext(of func() context.Context) {
	if of == nil {
		contexts.Store(nil)
		return
	}
	contexts.Store(&of)
}

// Context is the context of the running cell: it is done when the cell is interrupted, and when it
// has ended. What takes long and takes a context stops at interrupt with it:
//
//	run, err := dtracefs.Live(display.Context(), script, dtracefs.LiveOptions{})
//
// In a program made of a notebook it is done at the program's interrupt. Where no cell runs, as
// in a callback after its cell has ended, it never is.
func Context() context.Context {
	if of := contexts.Load(); of != nil {
		return (*of)()
	}
	return context.Background()
}
