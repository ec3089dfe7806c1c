package behavior_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// BenchmarkWatch counts and scores 100,000 events a second of 500 sources; one
// iteration is a second of the stream. An hour of it on one core:
//
//	GOMAXPROCS=1 go test -run '^$' -bench Watch -benchtime 3600x ./analysis/behavior
func BenchmarkWatch(b *testing.B) {
	const p, rate = 500, 100_000
	rng := rand.New(rand.NewPCG(1, 1))
	names := make([]string, p)
	kinds := []string{"syscall", "csw", "pgfault", "read_ops", "write_ops"}
	for j := range names {
		names[j] = fmt.Sprintf("%s process-%d", kinds[j%len(kinds)], j/len(kinds))
	}
	x := mat.NewDense(120, p, nil)
	for i := range 120 {
		for j := range p {
			x.Set(i, j, float64(190+rng.IntN(20)))
		}
	}
	s, err := analysis.NewSeries(names, 0, time.Second, x)
	if err != nil {
		b.Fatal(err)
	}
	normal := learn(b, s)
	counter := behavior.NewCounter(time.Second)
	events := func(yield func(behavior.Bucket, error) bool) {
		for t := range b.N + 2 {
			for e := range rate {
				for _, bucket := range counter.Event(1e9+float64(t)+float64(e)/rate, names[(e*7)%p]) {
					if !yield(bucket, nil) {
						return
					}
				}
			}
		}
	}
	var m runtime.MemStats
	peak, held, n := 0.0, [4]float64{}, 0 // bytes
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range behavior.Watch(context.Background(), normal, events, behavior.ScoreOptions{}) {
		if err != nil {
			b.Fatal(err)
		}
		n++
		if n%16 == 0 {
			runtime.ReadMemStats(&m)
			peak = max(peak, float64(m.Sys-m.HeapReleased))
		}
		for q := range held {
			if n == max(1, (q+1)*b.N/4) {
				runtime.GC()
				runtime.ReadMemStats(&m)
				held[q] = float64(m.HeapAlloc)
			}
		}
	}
	b.ReportMetric(rate*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(peak/1e6, "peak-MB")
	b.ReportMetric(held[0]/1e6, "MB-at-1/4")
	b.ReportMetric(held[3]/1e6, "MB-at-end")
}
