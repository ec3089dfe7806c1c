//go:build unix

package eval

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// resident is the process's memory in MB, or 0 where that is not told.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, _ := strconv.Atoi(f[1])
			return float64(kb) / 1024
		}
	}
	return 0
}

func median(n int, f func()) time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		f()
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[n/2]
}

// definitions is a cell that defines a type with a method, a function and a variable.
func definitions(i int) string {
	return fmt.Sprintf("type T%[1]d struct{ A, B int }\nfunc (t T%[1]d) String() string { return fmt.Sprint(t.A, t.B) }\n"+
		"func f%[1]d(x T%[1]d) int { return x.A + %[1]d }\nvar v%[1]d = T%[1]d{%[1]d, 2}", i)
}

// BenchmarkStart is the making of a session and its first cell.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s := newSession(b)
		must(b, s, "1+1")
		s.Close()
	}
}

// BenchmarkOnePlusOne reports the median of 200 cells, fresh and after 200 cells of definitions.
func BenchmarkOnePlusOne(b *testing.B) {
	for b.Loop() {
		s := newSession(b)
		fresh := median(200, func() { must(b, s, "1+1") })
		for i := range 200 {
			must(b, s, definitions(i))
		}
		after := median(200, func() { must(b, s, "1+1") })
		runtime.GC()
		b.ReportMetric(fresh.Seconds()*1e3, "fresh-ms")
		b.ReportMetric(after.Seconds()*1e3, "after200-ms")
		b.ReportMetric(resident(), "MB")
	}
}

// BenchmarkManyCells runs 5,000 cells that define what 200 names mean again and again.
func BenchmarkManyCells(b *testing.B) {
	for b.Loop() {
		s := newSession(b)
		for i := range 5000 {
			must(b, s, definitions(i%200))
			if i%1000 == 999 {
				runtime.GC()
				b.ReportMetric(resident(), fmt.Sprintf("MB-at-%d", i+1))
			}
		}
		b.ReportMetric(median(200, func() { must(b, s, "1+1") }).Seconds()*1e3, "after5000-ms")
	}
}

// BenchmarkInterruptChecks compares code with and without the checks that make it interruptible.
func BenchmarkInterruptChecks(b *testing.B) {
	for _, c := range []struct{ name, define, run string }{
		{"fib32", "func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }", "fib(32)"},
		{"loop10M", "func sum() float64 { s := 0.0; for i := 0; i < 10_000_000; i++ { s += float64(i) * 0.5 }; return s }", "sum()"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				plain, checked := compare(b, c.define, c.run)
				b.ReportMetric(plain.Seconds()*1e3, "plain-ms")
				b.ReportMetric(checked.Seconds()*1e3, "checked-ms")
				b.ReportMetric(100*(checked.Seconds()/plain.Seconds()-1), "cost-%")
			}
		})
	}
}

// compare takes the best processor times of code without and with the checks, in turns.
func compare(b *testing.B, define, code string) (plain, checked time.Duration) {
	best := [2]time.Duration{time.Hour, time.Hour}
	var sessions [2]*Session
	for i := range sessions {
		s, err := New(Options{NoInterrupt: i == 0})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		must(b, s, define)
		sessions[i] = s
	}
	for range 5 {
		for i, s := range sessions {
			start := processorTime()
			must(b, s, code)
			best[i] = min(best[i], processorTime()-start)
		}
	}
	return best[0], best[1]
}

func processorTime() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// smallCell is one of many different cells that do little.
func smallCell(i int) string {
	switch i % 10 {
	case 0:
		return definitions(i)
	case 1:
		return fmt.Sprintf("f%[1]d(v%[1]d) + v%[1]d.B", i-1)
	case 2:
		return fmt.Sprintf("v%d.String()", i-2)
	case 3:
		return fmt.Sprintf("s%d := 0\nfor i := range %d {\n\ts%[1]d += i * i\n}\ns%[1]d", i, i)
	case 4:
		return fmt.Sprintf("m%d := map[string]int{\"a\": %[1]d, \"b\": 2}\nm%[1]d[\"c\"]++\nlen(m%[1]d)", i)
	case 5:
		return fmt.Sprintf("fmt.Println(\"cell\", %d, math.Sqrt(%d))", i, i)
	case 6:
		return fmt.Sprintf("x%d := strings.Split(\"a,b,%d\", \",\")\nsort.Slice(x%[1]d, func(i, j int) bool { return x%[1]d[i] > x%[1]d[j] })\nx%[1]d", i, i)
	case 7:
		return fmt.Sprintf("func sum%d[T int | float64](x ...T) (s T) {\n\tfor _, v := range x {\n\t\ts += v\n\t}\n\treturn s\n}\nsum%[1]d(1, 2, %[1]d)", i)
	case 8:
		return fmt.Sprintf("var e%d error = fmt.Errorf(\"%%d\", %[1]d)\nif e%[1]d != nil {\n\tfmt.Print(e%[1]d)\n}", i)
	}
	return fmt.Sprintf("1 + %d", i)
}

// BenchmarkLatency reports what a small cell takes the processor, compiled by package native and
// interpreted: the medians of 200 different cells, and of their differences.
func BenchmarkLatency(b *testing.B) {
	const cells = 200
	tiers := []string{"", "off"}
	for b.Loop() {
		var sessions []*Session
		for _, tier := range tiers {
			b.Setenv(nativeVariable, tier)
			sessions = append(sessions, newSession(b))
		}
		times := make([][]float64, 3)
		for i := range cells {
			var took [2]float64
			for k := range sessions {
				k = (k + i) % 2 // either goes first in turns
				runtime.GC()    // what one leaves is not for the other to collect
				start := processorTime()
				must(b, sessions[k], smallCell(i))
				took[k] = (processorTime() - start).Seconds() * 1e3
				times[k] = append(times[k], took[k])
			}
			times[2] = append(times[2], took[0]-took[1])
		}
		for k, unit := range []string{"ms-native", "ms-interpreted", "ms-more"} {
			slices.Sort(times[k])
			b.ReportMetric(times[k][cells/2], unit)
		}
	}
}

// BenchmarkInterrupt reports how long it takes from the interrupt to the end of the cell.
func BenchmarkInterrupt(b *testing.B) {
	for name, code := range map[string]string{
		"loop":     "for {}",
		"callback": "sort.Slice(make([]int, 50_000_000), func(i, j int) bool { return i < j })",
		"sleep":    "time.Sleep(time.Hour)",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := newSession(b)
				var times []time.Duration
				for range 5 {
					ctx, cancel := context.WithCancel(context.Background())
					var start time.Time
					time.AfterFunc(200*time.Millisecond, func() { start = time.Now(); cancel() })
					runContext(ctx, s, code)
					times = append(times, time.Since(start))
				}
				slices.Sort(times)
				b.ReportMetric(times[2].Seconds()*1e3, "ms")
			}
		})
	}
}

// counting is an output that counts the bytes of text.
type counting struct{ n int }

func (c *counting) Stream(name, text string)                     { c.n += len(text) }
func (c *counting) Display(b display.Bundle, id string, up bool) {}
func (c *counting) Clear(wait bool)                              {}

// BenchmarkLines reports how fast a cell prints lines of 100 bytes.
func BenchmarkLines(b *testing.B) {
	s := newSession(b)
	b.SetBytes(50_000_000)
	for b.Loop() {
		out := &counting{}
		code := "s := strings.Repeat(\"x\", 99)\nfor i := 0; i < 500000; i++ { fmt.Println(s) }"
		if res := s.Eval(context.Background(), cell.Cell{Code: code, Number: 1, Out: out}); res.Err != nil || out.n != 50_000_000 {
			b.Fatal(res.Err, out.n)
		}
	}
}
