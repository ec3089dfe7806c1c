package eval

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	generate "dtnotes/kernel/eval/internal/oracle"
	"dtnotes/kernel/eval/internal/programs"
	"dtnotes/kernel/eval/native"
)

var (
	soak         = flag.Duration("soak", 0, "how long to run generated programs in all executors; as many as -programs says if 0")
	firstProgram = flag.Uint64("program", 1, "the number of the first of these programs")
	howMany      = flag.Uint64("programs", 6, "how many there are")
)

// differed are the numbers of generated programs that an executor once did not run as compiled Go
// does.
var differed = []uint64{72432, 73200, 200132, 400126}

// generated is the program of a number, of either generator: one has more kinds of types and
// statements, the other more calculations.
func generated(number uint64) string {
	if number%2 == 0 {
		return generate.Generate(number).File("main", "main")
	}
	return programs.Generate(int64(number))
}

// TestExecutors holds what generated programs print as cells, in every executor, against compiled
// Go, while the collector, a profiler and another goroutine disturb them, and interrupts some of
// them. To have it go on for an hour:
//
//	nice -n 15 go test -v -run TestExecutors -soak 1h -timeout 0 ./kernel/eval
func TestExecutors(t *testing.T) {
	if raceMode != 0 {
		t.Skip("where races are looked for, the interpreter executes everything, as the other tests have it do")
	}
	if *soak > 0 {
		soaked(t)
		return
	}
	disturb(t)
	numbers := differed[:len(differed):len(differed)]
	for i := range *howMany {
		numbers = append(numbers, *firstProgram+i)
	}
	sources := map[string]string{}
	for _, n := range numbers {
		sources[fmt.Sprintf("n%d", n)] = generated(n)
	}
	want := programs.Compiled(t, sources)
	for _, x := range executors {
		x.compare(t, sources, want)
	}
}

// soaked runs the test again and again for other programs, each time in a process of its own:
// should that die, the others still run.
func soaked(t *testing.T) {
	const size = 40
	began, failed := time.Now(), 0
	for first := *firstProgram; time.Since(began) < *soak; first += size {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestExecutors$", "-test.timeout=0", fmt.Sprintf("-program=%d", first), fmt.Sprintf("-programs=%d", size))
		if out, err := cmd.CombinedOutput(); err != nil {
			failed++
			t.Errorf("programs from %d on: %v\n%s", first, err, out)
		}
		t.Logf("up to program %d after %v, %d times with a difference", first+size-1, time.Since(began).Round(time.Second), failed)
	}
}

// An executor is one of the ways in which cells are executed. Eagerly all functions get machine
// code at once, and else while they are running.
type executor struct {
	tier  string
	eager bool
}

var executors = []executor{{"off", false}, {"portable", false}, {"machine", false}, {"machine", true}}

func (x executor) String() string {
	if x.eager {
		return x.tier + " at once"
	}
	return x.tier
}

// session is a new one whose cells the executor executes.
func (x executor) session(t *testing.T) *Session {
	t.Setenv(nativeVariable, x.tier)
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.engine.builder.native.world.Eager = x.eager
	return s
}

// compare runs programs in one session, so that their code goes and comes, and each that differs
// once more in a session of its own. In between all names are forgotten: where a program declares
// a type anew, what the one before has made of it may rightly be refused.
func (x executor) compare(t *testing.T, sources, want map[string]string) {
	if x.tier == "machine" && !native.MachineCode() {
		return
	}
	s := x.session(t)
	defer s.Close()
	for name, src := range sources {
		wanted, ok := want[name]
		if !ok { // it is no program
			continue
		}
		got := asProgram(s, src)
		if got != wanted {
			programs.Differ(t, fmt.Sprintf("program %s, %v, prints other than compiled Go", name, x), got, wanted)
			alone := x.session(t)
			t.Logf("alone in its session it prints what it should: %t", asProgram(alone, src) == wanted)
			alone.Close()
		}
		if strings.Contains(src, "\nfunc main() {\n\ttry(") && rand.IntN(2) == 0 {
			x.interrupt(t, s, name, src, wanted)
		}
		must(t, s, "%reset")
	}
}

var cellPlace = regexp.MustCompile(`cell\[\d+\](:\d+)*: `)

// asProgram is what a program prints as a cell, with its panic as a program prints that.
func asProgram(s *Session, src string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out := &cellOutput{}
	res := s.Eval(ctx, cell.Cell{Code: src, Out: out})
	text := out.outcome(cell.Result{}).Stdout
	if res.Err != nil {
		text += cellPlace.ReplaceAllString(res.Err.Error(), "") + "\n"
	}
	return text
}

// interrupt runs a program again and again until it is interrupted. What it has printed by then is
// how it begins to print what it should.
func (x executor) interrupt(t *testing.T, s *Session, name, src, want string) {
	src = strings.Replace(src, "\nfunc main() {\n", "\nfunc main() {\n\tfor {\n\t\tonce()\n\t}\n}\n\nfunc once() {\n", 1)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out := &stoppedOutput{stop: sync.OnceFunc(func() { time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, cancel) })}
	if want == "" {
		out.stop()
	}
	res := s.Eval(ctx, cell.Cell{Code: src, Out: out})
	got := out.outcome(cell.Result{}).Stdout
	if res.Err == nil || res.Err.Name != "interrupted" {
		t.Errorf("program %s, %v: interrupted, it ends with %v", name, x, res.Err)
	}
	rest := got
	for {
		next, ok := strings.CutPrefix(rest, want)
		if !ok || want == "" {
			break
		}
		rest = next
	}
	if !strings.HasPrefix(want, rest) {
		t.Errorf("program %s, %v, interrupted after %d bytes, prints at last\n%s", name, x, len(got), rest)
	}
}

// A stoppedOutput does something when it gets its first text.
type stoppedOutput struct {
	cellOutput
	stop func()
}

func (o *stoppedOutput) Stream(name, text string) {
	o.stop()
	o.cellOutput.Stream(name, text)
}

// disturb has garbage collected, the processor profiled, and another goroutine take some of it,
// until the test ends.
func disturb(t *testing.T) {
	if err := pprof.StartCPUProfile(io.Discard); err == nil { // else somebody profiles already
		t.Cleanup(pprof.StopCPUProfile)
	}
	stop := make(chan bool)
	var all sync.WaitGroup
	t.Cleanup(func() { close(stop); all.Wait() })
	again := func(f func(), rest int) {
		all.Go(func() {
			for {
				began := time.Now()
				f()
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rest) * time.Since(began)):
				}
			}
		})
	}
	again(runtime.GC, 3)
	again(func() {
		for end := time.Now().Add(200 * time.Microsecond); time.Now().Before(end); {
		}
	}, 5)
}
