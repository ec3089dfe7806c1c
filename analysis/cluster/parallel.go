package cluster

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel runs f(0) … f(n-1) on all cores. Each call must write only what
// belongs to its index, so that the outcome does not depend on their order.
func parallel(n int, f func(i int)) {
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
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}
