// Speed measures what loops, calls and the like take, in seconds of the processor. It is run as a
// program, and by a cell.
package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

func processorTime() float64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func matmul(n int) float64 {
	mk := func() [][]float64 {
		m := make([][]float64, n)
		for i := range m {
			m[i] = make([]float64, n)
			for j := range m[i] {
				m[i][j] = float64(i + j)
			}
		}
		return m
	}
	a, b, c := mk(), mk(), mk()
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			s := 0.0
			for k := 0; k < n; k++ {
				s += a[i][k] * b[k][j]
			}
			c[i][j] = s
		}
	}
	return c[n-1][n-1]
}

func kmeans(n, d, k, rounds int) float64 {
	pts := make([][]float64, n)
	seed := uint32(1)
	for i := range pts {
		pts[i] = make([]float64, d)
		for j := range pts[i] {
			seed = seed*1664525 + 1013904223
			pts[i][j] = float64(seed>>8) / (1 << 24)
		}
	}
	cent := make([][]float64, k)
	for i := range cent {
		cent[i] = append([]float64(nil), pts[i]...)
	}
	for r := 0; r < rounds; r++ {
		sum := make([][]float64, k)
		cnt := make([]int, k)
		for i := range sum {
			sum[i] = make([]float64, d)
		}
		for _, p := range pts {
			best, bd := 0, math.Inf(1)
			for c, q := range cent {
				dist := 0.0
				for j, x := range p {
					t := x - q[j]
					dist += t * t
				}
				if dist < bd {
					best, bd = c, dist
				}
			}
			cnt[best]++
			for j, x := range p {
				sum[best][j] += x
			}
		}
		for c := range cent {
			if cnt[c] > 0 {
				for j := range cent[c] {
					cent[c][j] = sum[c][j] / float64(cnt[c])
				}
			}
		}
	}
	return cent[0][0]
}

func sieve(n int) int {
	c := make([]bool, n+1)
	cnt := 0
	for i := 2; i <= n; i++ {
		if !c[i] {
			cnt++
			for j := i * i; j <= n; j += i {
				c[j] = true
			}
		}
	}
	return cnt
}

func mandel(n int) int {
	total := 0
	for py := 0; py < n; py++ {
		for px := 0; px < n; px++ {
			x0, y0 := float64(px)/float64(n)*3-2, float64(py)/float64(n)*2-1
			x, y := 0.0, 0.0
			i := 0
			for ; i < 100 && x*x+y*y <= 4; i++ {
				x, y = x*x-y*y+x0, 2*x*y+y0
			}
			total += i
		}
	}
	return total
}

type acc struct{ n, sum int }

func (a *acc) add(x int) { a.n++; a.sum += x }
func (a acc) mean() int  { return a.sum / a.n }

func rnd(n int) []int {
	x := make([]int, n)
	s := uint32(1)
	for i := range x {
		s = s*1664525 + 1013904223
		x[i] = int(s >> 8)
	}
	return x
}

func manyLines() string {
	var lb strings.Builder
	for i := 0; i < 1_000_000; i++ {
		lb.WriteString("p")
		lb.WriteString(strconv.Itoa(i % 1000))
		lb.WriteString(" read ")
		lb.WriteString(strconv.Itoa(i))
		lb.WriteString("\n")
	}
	return lb.String()
}

type shape interface{ area() float64 }
type sq struct{ s float64 }
type ci struct{ r float64 }

func (s sq) area() float64 { return s.s * s.s }
func (c ci) area() float64 { return c.r * c.r * 3 }

func Map[A, B any](x []A, f func(A) B) []B {
	y := make([]B, 0, len(x))
	for _, a := range x {
		y = append(y, f(a))
	}
	return y
}
func Reduce[A, B any](x []A, b B, f func(B, A) B) B {
	for _, a := range x {
		b = f(b, a)
	}
	return b
}

var xs = make([]float64, 10_000_000)
var text = strings.Repeat("the quick brown fox jumps over the lazy dog\n", 16<<20/44)
var sx = rnd(1000000)
var sy = rnd(1000000)
var lines = manyLines()

type row struct {
	name string
	run  func()
}

// What the work comes to is kept, or the compiler would leave the work out.
var (
	kept      int
	keptFloat float64
)

var rows = []row{
	{"fib(32)", func() { kept = fib(32) }},
	{"float loop 1e7", func() {
		s := 0.0
		for i := 0; i < 10_000_000; i++ {
			s += float64(i) * 0.5
		}
		keptFloat = s
	}},
	{"sum []float64 1e7", func() {
		s := 0.0
		for _, x := range xs {
			s += x
		}
		keptFloat = s
	}},
	{"transform 1e7", func() {
		ys := make([]float64, len(xs))
		for i, x := range xs {
			ys[i] = x*2 + 1
		}
		keptFloat = ys[len(ys)-1]
	}},
	{"matmul 200", func() { keptFloat = matmul(200) }},
	{"k-means 1e5x4 5 rounds", func() { keptFloat = kmeans(100000, 4, 4, 5) }},
	{"sieve 2e6", func() { kept = sieve(2_000_000) }},
	{"mandelbrot 200", func() { kept = mandel(200) }},
	{"Sqrt+Sin 1e6", func() {
		s := 0.0
		for i := 0; i < 1_000_000; i++ {
			s += math.Sqrt(float64(i)) + math.Sin(float64(i))
		}
		keptFloat = s
	}},
	{"bytes of 16 MB", func() {
		var counts [256]int
		for i := 0; i < len(text); i++ {
			counts[text[i]]++
		}
		kept = counts['e']
	}},
	{"methods 2e6", func() {
		a := &acc{}
		t := 0
		for i := 0; i < 1_000_000; i++ {
			a.add(i)
			t += a.mean()
		}
		kept = t
	}},
	{"sort.Slice 1e6", func() { sort.Slice(sx, func(i, j int) bool { return sx[i] < sx[j] }) }},
	{"slices.SortFunc 1e6", func() { slices.SortFunc(sy, func(a, b int) int { return cmp.Compare(a, b) }) }},
	{"build 1e6 lines", func() {
		var b strings.Builder
		for i := 0; i < 1_000_000; i++ {
			b.WriteString("line ")
			b.WriteString(strconv.Itoa(i))
			b.WriteString(fmt.Sprintf(" %d\n", i*2))
		}
		kept = len(b.String())
	}},
	{"split/Fields/Atoi 1e6", func() {
		m := map[string]int{}
		for _, l := range strings.Split(lines, "\n") {
			f := strings.Fields(l)
			if len(f) == 3 {
				n, _ := strconv.Atoi(f[2])
				m[f[0]] += n
			}
		}
	}},
	{"map[string]int 1e6", func() {
		keys := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
		m := map[string]int{}
		for i := 0; i < 1_000_000; i++ {
			m[keys[i&7]]++
		}
		kept = m["a"]
	}},
	{"map[int]int 1e6", func() {
		m := map[int]int{}
		for i := 0; i < 1_000_000; i++ {
			m[i&1023] += i
		}
		kept = m[1]
	}},
	{"interface calls 1e6", func() {
		sh := []shape{sq{1}, ci{2}}
		t := 0.0
		for i := 0; i < 1_000_000; i++ {
			t += sh[i&1].area()
		}
		keptFloat = t
	}},
	{"generic Map/Reduce 1e6", func() {
		keptFloat = Reduce(Map(rnd(1000000), func(x int) float64 { return float64(x) }), 0.0, func(b, a float64) float64 { return b + a })
	}},
	{"closure calls 1e6", func() {
		n := 0
		inc := func(d int) int { n += d; return n }
		for i := 0; i < 1_000_000; i++ {
			inc(i)
		}
		kept = n
	}},
	{"channel 1e5", func() {
		a, b := make(chan int), make(chan int)
		go func() {
			for x := range a {
				b <- x + 1
			}
			close(b)
		}()
		for i := 0; i < 100_000; i++ {
			a <- i
			<-b
		}
		close(a)
	}},
}

func measure() {
	for _, r := range rows {
		start := processorTime()
		r.run()
		fmt.Printf("%s\t%.4f\n", r.name, processorTime()-start)
	}
}

func main() { measure() }
