// Package parallel spreads independent work over the cores and lets go of work
// that is no longer wanted.
package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// For runs f(0) … f(n-1) on all cores and returns when all are done. Each
// call must write only what belongs to its index, so that the outcome does
// not depend on their order.
func For(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	wg.Wait()
}

// Await runs f and returns its result, or ctx's error as soon as ctx is done.
// F looks at ctx between its long steps and ends by itself shortly after.
func Await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	if ctx.Done() == nil {
		return f()
	}
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}
