package native

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/eval/internal/programs"
)

// TestPrograms holds what programs print here against what they print when Go compiles them: those
// of testdata, and generated ones. One program of all of them is compiled, which is cheap.
func TestPrograms(t *testing.T) {
	sources := map[string]string{}
	files, err := filepath.Glob("testdata/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources[strings.TrimSuffix(filepath.Base(f), ".go")] = string(src)
	}
	seeds := 60
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		sources[fmt.Sprintf("seed%d", seed)] = programs.Generate(int64(seed))
	}
	compareWithGo(t, sources)
}

func compareWithGo(t *testing.T, sources map[string]string) {
	t.Helper()
	want := programs.Compiled(t, sources)
	for _, mode := range []struct{ machine, collect bool }{{false, true}, {true, false}, {true, true}} {
		if mode.machine && !MachineCode() {
			continue
		}
		t.Run(fmt.Sprintf("machine=%t collect=%t", mode.machine, mode.collect), func(t *testing.T) {
			inTier(t, mode.machine)
			if mode.collect {
				collecting(t)
			}
			for name, src := range sources {
				t.Run(name, func(t *testing.T) {
					if _, ok := want[name]; !ok {
						t.Fatal("Go does not compile it")
					}
					got := output(t, src)
					if i := strings.Index(got, "\n  main."); i >= 0 {
						got = got[:i+1]
					}
					if got != want[name] {
						t.Errorf("%s\nprinted:\n%s\nGo:\n%s", src, firstDifference(got, want[name]), firstDifference(want[name], got))
					}
				})
			}
		})
	}
}

// collecting collects garbage all the time until the test ends: the collector has to find
// everything at any time. Machine code does not run while the collector marks, so that is to be
// tested without, too.
func collecting(t *testing.T) {
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				runtime.GC()
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
}

// inTier has the programs of a test executed in a tier; in that of machine code, all functions get
// that at once.
func inTier(t *testing.T, machine bool) {
	testMachine = machine
	t.Cleanup(func() { testMachine = false })
}

// firstDifference is the first line of a that b does not have there.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("line %d: %s", i+1, x[i])
		}
	}
	return "(no more)"
}

// TestCycles checks that one collection is distinguished from the next.
func TestCycles(t *testing.T) {
	if !cyclesKnown {
		t.Fatal("a pool is not laid out as expected")
	}
	was := cycle()
	for range 3 {
		runtime.GC()
		if now := cycle(); now == was {
			t.Error("a collection was not noticed")
		} else {
			was = now
		}
	}
}

// TestSpinning collects and profiles while loops without calls, with and without pointers, go on:
// they give way, and lose nothing.
func TestSpinning(t *testing.T) {
	const source = `package main

type node struct {
	next *node
	n    int
}

var done bool
var sum int

func spin() (n int) {
	for !done {
		n++
	}
	return n
}

func walk() (n int) {
	var list *node
	for i := range 100 {
		list = &node{list, i}
	}
	for !done {
		var turned *node
		for list != nil {
			next := list.next
			list.next = turned
			turned, list = list, next
		}
		list = turned
	}
	for list != nil {
		n += list.n
		list = list.next
	}
	return n
}

func main() {
	ends := make(chan int)
	go func() { ends <- min(spin(), 1) }()
	go func() { ends <- walk() }()
	sum = <-ends + <-ends
}
`
	if !MachineCode() {
		t.Skip("no machine code")
	}
	inTier(t, true)
	var done bool
	var sum int
	p, _ := start(t, source, &testHost{vars: map[string]any{"done": &done, "sum": &sum}})
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	ended := make(chan bool)
	go func() {
		p.Run("init")
		p.Run("main")
		close(ended)
	}()
	began := time.Now()
	for range 5 {
		runtime.GC()
	}
	t.Logf("5 collections took %v", time.Since(began))
	done = true
	<-ended
	if sum != 1+4950 {
		t.Errorf("the sum is %d", sum)
	}
}

// TestFused checks that the program about instructions that are done as one has all of them.
func TestFused(t *testing.T) {
	src, err := os.ReadFile("testdata/fused.go")
	if err != nil {
		t.Fatal(err)
	}
	inTier(t, false)
	p, _ := start(t, string(src), &testHost{})
	seen := map[op]bool{}
	for _, f := range p.all {
		for _, in := range f.code {
			seen[in.run] = true
		}
	}
	for o := opText1; o <= opAddINext; o++ {
		if !seen[o] {
			t.Errorf("no instruction %d behind the last of one", o-opLeave)
		}
	}
}
