package eval

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// mixes are the kinds of cells of which long sessions are made: each declares what 20 names mean
// again and again, with another text each time.
var mixes = []struct {
	name string
	code string // %[1]d is a number below 20, %[2]d one that does not come again, %[3]d one below 7
}{
	{"values", "x%[1]d := %[2]d\nx%[1]d * 2"},
	{"functions", "func f%[1]d(a int) int { return a + %[2]d }\nf%[1]d(1)"},
	{"methods", "type T%[1]d struct{ A, B int }\nfunc (t T%[1]d) String() string { return fmt.Sprint(t.A, t.B, %[2]d) }\nvar v%[1]d = T%[1]d{1, 2}\nfmt.Sprint(v%[1]d)"},
	{"types", "type S%[1]d struct{ A, B%[3]d int }\nfunc (s *S%[1]d) Sum() int { return s.A + s.B%[3]d + %[2]d }\nvar w%[1]d = &S%[1]d{1, 2}\nw%[1]d.Sum()"},
	{"generics", "type P%[1]d[T any] struct{ V T }\nfunc (p P%[1]d[T]) Get() T { println(%[2]d); return p.V }\nvar p%[1]d = P%[1]d[int]{%[2]d}\np%[1]d.Get()"},
	{"closures", "n%[1]d := %[2]d\ng%[1]d := func(a int) int { n%[1]d += a; return n%[1]d }\ng%[1]d(1)"},
	{"interfaces", "type I%[1]d interface{ Do%[3]d() int }\ntype J%[1]d int\nfunc (j J%[1]d) Do%[3]d() int { return int(j) }\nvar i%[1]d I%[1]d = J%[1]d(%[2]d)\nfunc() int { return i%[1]d.Do%[3]d() }()"},
	{"goroutines", "c%[1]d := make(chan int)\ngo func() { c%[1]d <- %[2]d }()\n<-c%[1]d"},
	{"imports", "import str%[1]d \"strings\"\nstr%[1]d.Repeat(\"a\", %[1]d) + fmt.Sprint(rand.Int())"},
	{"prints", "for i := range 10 { fmt.Println(i, %[2]d) }"},
	{"failures", "func h%[1]d() { panic(%[2]d) }\nh%[1]d()"},
	{"mistakes", "undefined%[2]d + 1"},
	{"shapes", "type S%[1]d struct{ A, B%[2]d int }\nfunc (s *S%[1]d) Sum() int { return s.A + s.B%[2]d }\nvar w%[1]d = &S%[1]d{1, 2}\nw%[1]d.Sum()"},
}

// mixed runs cells of some mixes in turn.
func mixed(t testing.TB, s *Session, from, to int, of ...int) {
	for n := from; n < to; n++ {
		m := mixes[of[n%len(of)]]
		_, _, err := run1(t, s, fmt.Sprintf(m.code, n/len(of)%20, n, n/len(of)/20%7))
		if fails := m.name == "failures" || m.name == "mistakes"; (err != nil) != fails {
			t.Fatalf("cell %d of %s: %v", n, m.name, err)
		}
	}
}

func skipWithRace(t *testing.T) {
	if raceMode != 0 {
		t.Skip("the race detector has memory of its own, and takes its time")
	}
}

// inOwnProcess runs the test in a process of its own, and reports whether this is that one. What
// halts goroutines leaves thousands of them behind, and gigabytes that they hold. These are all
// looked at whenever a session is swept and garbage collected: in their process, what comes after
// takes much longer, and the tests of memory twenty times as long.
func inOwnProcess(t *testing.T) bool {
	const mark = "DTNOTES_TEST_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=0", fmt.Sprintf("-test.short=%t", testing.Short()), fmt.Sprintf("-whole=%t", *whole))
	cmd.Env = append(os.Environ(), mark+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// heapInUse is what the heap holds, in bytes, when all that can be freed has been. The session is
// swept first, as it is every now and then: what has gathered since the last time is no growth.
func heapInUse(s *Session) int64 {
	for range 3 { // what has a cleanup or ends with a goroutine takes more than one
		s.mu.Lock()
		s.engine.sweep()
		s.mu.Unlock()
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemoryOfLongSession runs 5,000 cells of all kinds but the last. After the first 500, what the
// session holds may grow by a fifth. Packages reflect and runtime never free the description of a
// type, so that a session in which every cell declares one that looks like none before does grow.
func TestMemoryOfLongSession(t *testing.T) {
	skipWithRace(t)
	if !inOwnProcess(t) {
		return
	}
	s := newSession(t)
	cells := 5000
	if testing.Short() {
		cells = 2000
	}
	all := make([]int, len(mixes)-1)
	for i := range all {
		all[i] = i
	}
	mixed(t, s, 0, 500, all...)
	early := heapInUse(s)
	mixed(t, s, 500, cells, all...)
	late := heapInUse(s)
	t.Logf("%d kB after 500 cells, %d kB after %d", early>>10, late>>10, cells)
	if late > early+early/5 {
		t.Errorf("%d kB after 500 cells, %d kB after %d", early>>10, late>>10, cells)
	}
}

// TestMemoryOfEachMix bounds what a cell leaves behind, for each kind of cell. It looks at up to
// three stretches of cells, of which one must be within the limit: a map that just doubled, here or
// in package reflect, and a cleanup that came late on a busy machine, show in one of them.
func TestMemoryOfEachMix(t *testing.T) {
	skipWithRace(t)
	if testing.Short() {
		t.Skip("takes long")
	}
	if !inOwnProcess(t) {
		return
	}
	for i, m := range mixes {
		t.Run(m.name, func(t *testing.T) {
			s := newSession(t)
			mixed(t, s, 0, 500, i) // all shapes have been there
			cells, limit := 250, int64(300)
			switch m.name {
			case "shapes", "interfaces": // what package reflect has of a type stays
				cells, limit = 1000, 4500
			}
			per, before := int64(math.MaxInt64), heapInUse(s)
			for from := 500; per > limit && from < 500+3*cells; from += cells {
				mixed(t, s, from, from+cells, i)
				after := heapInUse(s)
				per = (after - before) / int64(cells)
				before = after
				t.Logf("%d bytes a cell", per)
			}
			if per > limit {
				t.Errorf("a cell leaves %d bytes behind, more than %d", per, limit)
			}
		})
	}
}

// BenchmarkMemory reports what the heap holds after cells of each kind.
func BenchmarkMemory(b *testing.B) {
	for i, m := range mixes {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				s := newSession(b)
				mixed(b, s, 0, 500, i)
				early := heapInUse(s)
				mixed(b, s, 500, 2000, i)
				b.ReportMetric(float64(early)/1e6, "MB-at-500")
				b.ReportMetric(float64(heapInUse(s))/1e6, "MB-at-2000")
			}
		})
	}
}

// TestReplacedTypes has values of types that were declared again keep their methods: for long
// behind an interface, and for ever where a variable has the type or code that belongs to it is in
// use. It collects garbage often, which is dear beside what other tests leave in memory.
func TestReplacedTypes(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	s := newSession(t)
	define := func(i int) string {
		return fmt.Sprintf("type R struct{ A int }\nfunc (r R) String() string { return fmt.Sprint(%d, r.A) }", i)
	}
	must(t, s, define(0)+"\nvar r = R{7}\nvar behind0 any = R{8}")
	// With this, no later type looks like it and takes its place.
	alone := strings.Replace(define(1), "A int", "A int; alone bool", 1)
	must(t, s, alone+"\nvar behind1 any = R{A: 9}\nmade := func() any { return R{A: 10} }")
	must(t, s, "fmt.Sprint(behind0, behind1, made())")
	for i := 2; i < 2+keepReplaced/2; i++ {
		must(t, s, define(i))
	}
	if got, want := must(t, s, "fmt.Sprint(r, behind0, behind1, made())"), "0 7 0 8 1 9 1 10 :: string"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i := range 2 * (keepReplaced + sweepEvery) {
		must(t, s, define(1000+i))
	}
	heapInUse(s)
	if got, want := must(t, s, "fmt.Sprint(r, behind0, behind1, made())"), "0 7 0 8 1 9 1 10 :: string"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	must(t, s, "made, r = nil, r\nvar r int")
	for i := range 2 * sweepEvery {
		must(t, s, define(2000+i))
	}
	eventually(t, "the program of a replaced type goes", func() bool {
		heapInUse(s)
		_, _, err := run1(t, s, "behind1.(fmt.Stringer).String()")
		return err != nil && strings.Contains(err.Message, "method (main.R).String is gone: its type has been declared again long ago")
	})
	if got := must(t, s, "fmt.Sprint(R{1})"); !strings.HasSuffix(got, " 1 :: string") {
		t.Errorf("got %s", got)
	}
}
