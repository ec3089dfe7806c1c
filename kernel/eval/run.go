package eval

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goplus/ixgo"

	"dtnotes/dtracefs"
	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// A run is one cell being run, and after that what its goroutines and closures refer to.
//
// A cell's goroutines go on after the cell has ended, and print to it and are stopped through it,
// so a run lives as long as one of them does. What they share with the session is atomic, or is
// written before the code runs, or is read after it has ended.
type run struct {
	runner   *runner
	file     string // "cell[3]"
	out      cell.Output
	ctx      context.Context
	own      context.Context // what code of the cell may wait for: done at interrupt and end
	release  context.CancelFunc
	input    func(ctx context.Context, prompt string, password bool) (string, error)
	again    func(args []string) // says how the session is to begin again should it die; may be nil
	flag     *stopFlag
	birth    int64         // generation of the session
	haltedAt atomic.Int64  // when its goroutines were told to go, in nanoseconds, or 0
	deep     chan struct{} // gets a value when one of its goroutines is in a recursion without end
	ended    atomic.Bool   // only its goroutines are left
	exits    chan struct{} // is closed when it has exited
	exited   atomic.Pointer[exitValue]
	bottoms  sync.Map // goroutine -> how it can be stopped
	shown    []any    // values of the last expression
	bundle   display.Bundle
	printed  []string     // as fmt prints them, if the session wants that
	progress atomic.Int64 // up to which item the variables have their values
	defers   []func()
	traced   *dtracefs.Capture // of a cell that traces, on its way to a variable

	sightings  []sighting // where the cell gets errors that it does not look at
	lost       *lostError // the first of them
	watchShown int        // the sighting of the last expression, from 1; 0 if there is none
	returned   bool       // it ended by a return statement at its top level
	panicked   error      // what ended the cell, for a deferred function to recover
}

// execute makes a program into an interpreter and runs its initialization, in a goroutine of its
// own that can be given up. load makes what executes it, whose code looks at the flag that it gets.
//
// The caller holds the session's mutex; it is given back as soon as the code runs and taken again
// when it has ended, so that it is held on return as on entry. Loading and running happen in one
// goroutine, whose label says which cell it belongs to, as do all goroutines that it starts.
// Where the code does not stop when it is told to, because it waits for something, that goroutine
// is left behind and execute returns without it.
func (rr *runner) execute(ctx context.Context, r *run, load func(*stopFlag) (program, error), callMain bool) error {
	flag := newStopFlag()
	r.flag = flag
	rr.flags.add(flag)
	rr.watchStacks()
	done := make(chan error, 1)
	compiled := make(chan struct{})
	go func() {
		var err error
		defer func() {
			if x := recover(); x != nil {
				err = fmt.Errorf("run: %v", x)
			}
			// A panic while loading has to release who waits for the end of it, and only then.
			select {
			case <-compiled:
			default:
				close(compiled)
			}
			r.ended.Store(true)
			done <- err
		}()
		// A fault at an address that is not nil's, as unsafe code may bring about, is a panic of
		// the cell and not the end of the process. This holds for one goroutine only.
		debug.SetPanicOnFault(true)
		r.enter()
		interp, e := load(flag)
		if e != nil {
			err = e
			return
		}
		close(compiled)
		if err = interp.RunInit(); err == nil && callMain {
			_, err = interp.RunMain()
		}
		// A return at the top level unwinds the cell by a panic of its own.
		if _, r.returned = thrown(err).(endValue); r.returned {
			err = nil
		}
		if r.exited.Load() == nil {
			err = r.runDefers(err)
		}
		if e := r.exited.Load(); e != nil {
			err = e.failure()
			return
		}
		if err == nil && len(r.shown) > 0 { // here, because it may run code of the user
			r.render()
		}
	}()
	<-compiled
	rr.compiling.Unlock()
	defer rr.compiling.Lock()
	return rr.await(ctx, r, done)
}

// render shows the values of the last expression. An error beside other values comes first, as it
// is what the reader has to know.
//
// It is called in the goroutine of the run, since methods such as String or HTML of a value are
// the user's code: they can be interrupted, print to the cell and lose their panic there. Zero
// values beside an error are not shown: they are what functions return that failed.
func (r *run) render() {
	values := r.shown
	if n := len(values); n > 1 {
		if err, ok := values[n-1].(error); ok {
			values = []any{fmt.Sprintf("error: %s", describe(err))}
			for _, v := range r.shown[:n-1] {
				if !isZero(v) {
					values = append(values, v)
				}
			}
		}
	}
	r.bundle = display.RenderResult(values...)
	if r.runner.tellsAll {
		for _, v := range r.shown {
			r.printed = append(r.printed, printed(v))
		}
	}
}

func isZero(v any) bool { return v == nil || reflect.ValueOf(v).IsZero() }

// printed is a value as fmt's %v prints it. For a value that contains itself, which fmt would
// print without end, it is the text that package display gives.
func printed(v any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprintf("(%T: printing it panics: %v)", v, r)
		}
	}()
	if containsItself(reflect.ValueOf(v), nil) {
		return display.Text(v)
	}
	return fmt.Sprint(v)
}

// containsItself reports whether a value's slices, maps and interfaces lead back to themselves.
// It looks no further than package fmt would print: behind a pointer only at the top, as fmt
// prints only the address of others. path is what leads to v.
//
// For example, x := []any{nil}; x[0] = x. Package fmt would print it until the stack ends, and
// with it the process, as that is in compiled code.
func containsItself(v reflect.Value, path []uintptr) bool {
	switch v.Kind() {
	case reflect.Interface:
		return containsItself(v.Elem(), path)
	case reflect.Pointer:
		if len(path) == 0 && !v.IsNil() { // of others only the address is printed
			return containsItself(v.Elem(), []uintptr{v.Pointer()})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if containsItself(v.Field(i), path) {
				return true
			}
		}
	case reflect.Array:
		return mayNest(v.Type().Elem()) && elementContainsItself(v, path)
	case reflect.Slice:
		return v.Len() > 0 && mayNest(v.Type().Elem()) &&
			(slices.Contains(path, v.Pointer()) || elementContainsItself(v, append(path, v.Pointer())))
	case reflect.Map:
		if v.Len() == 0 || !mayNest(v.Type().Elem()) {
			return false
		}
		if slices.Contains(path, v.Pointer()) {
			return true
		}
		for it := v.MapRange(); it.Next(); {
			if containsItself(it.Value(), append(path, v.Pointer())) {
				return true
			}
		}
	}
	return false
}

func elementContainsItself(v reflect.Value, path []uintptr) bool {
	for i := range v.Len() {
		if containsItself(v.Index(i), path) {
			return true
		}
	}
	return false
}

// mayNest reports whether elements of a type can lead back to what holds them. Where they cannot,
// as in a slice of numbers, it saves the walk over all elements.
func mayNest(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Map:
		return true
	case reflect.Array:
		return mayNest(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if mayNest(f.Type) {
				return true
			}
		}
	}
	return false
}

// runDefers makes the calls of top-level defer statements.
//
// They run in the goroutine of the cell after its code has ended, the last one first, and also
// after a panic, which a later one may recover. A panic in one replaces what went before, as in
// Go.
func (r *run) runDefers(err error) error {
	r.panicked = err
	for len(r.defers) > 0 {
		f := r.defers[len(r.defers)-1]
		r.defers = r.defers[:len(r.defers)-1]
		func() {
			defer func() {
				if x := recover(); x != nil {
					r.panicked = panicError(x)
				}
			}()
			f()
		}()
	}
	return r.panicked
}

// recovered is recover in a deferred function of a cell's top level: nil unless the cell panicked.
//
// The panic has unwound the interpreter by then, so Go's own recover would find nothing. What is
// thrown to end a goroutine is thrown again: code of a cell cannot recover an interrupt or
// os.Exit.
func recovered() any {
	r := currentRun()
	if r == nil || r.halted() {
		return nil
	}
	switch r.panicked.(type) {
	case ixgo.PanicError, ixgo.FatalError:
		v := thrown(r.panicked)
		switch v.(type) {
		case haltValue, exitValue:
			panic(v)
		}
		r.panicked = nil
		return v
	}
	return nil
}

// panicError keeps a panic as ixgo's own error types do.
func panicError(x any) error {
	if e, ok := x.(ixgo.PanicError); ok {
		return e
	}
	return ixgo.FatalError{Value: x}
}
