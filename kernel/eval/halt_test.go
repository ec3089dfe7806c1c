package eval

import (
	"context"
	"expvar"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
)

// starters are the ways in which a cell comes to have a goroutine; BODY is what that does.
var starters = map[string]string{
	"literal":       "go func() { BODY }()",
	"with argument": "go func(n int) { BODY }(1)",
	"named":         "func work(n int) { BODY }\ngo work(1)",
	"method":        "type worker struct{ n int }\nfunc (w *worker) work() { BODY }\ngo (&worker{1}).work()",
	"method value":  "type worker struct{ n int }\nfunc (w worker) work() { BODY }\nf := worker{1}.work\ngo f()",
	"interface":     "type worker struct{ n int }\nfunc (w worker) Run() { BODY }\nvar r interface{ Run() } = worker{1}\ngo r.Run()",
	"generic":       "func work[T any](t T) { BODY }\ngo work(1)",
	"WaitGroup.Go":  "var wg sync.WaitGroup\nwg.Go(func() { BODY })",
	"AfterFunc":     "time.AfterFunc(time.Millisecond, func() { BODY })",
	"context":       "ctx, cancel := context.WithCancel(context.Background())\ncontext.AfterFunc(ctx, func() { BODY })\ncancel()",
	"Ticker":        "tick := time.NewTicker(time.Millisecond)\ngo func() { for range tick.C { BODY } }()",
	"channel":       "jobs := make(chan int, 8)\ngo func() { for range jobs { BODY } }()\njobs <- 1",
	"http handler": "srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { BODY }))\n" +
		"go func() { res, err := http.Get(srv.URL); _, _ = res, err }()",
	"errgroup": "import \"golang.org/x/sync/errgroup\"\nvar group errgroup.Group\ngroup.Go(func() error { BODY; return nil })",
	"compiled": "srv := httptest.NewServer(http.NotFoundHandler())\nsrv.Config.RegisterOnShutdown(func() { BODY })\n" +
		"go srv.Config.Shutdown(context.Background())",
}

var bodies = map[string]string{
	"busy":    "for { beats.Add(1) }",
	"sleep":   "for { beats.Add(1); time.Sleep(time.Millisecond) }",
	"channel": "for { beats.Add(1); <-never }",
	"select":  "for { beats.Add(1); select { case <-never: case <-time.After(time.Millisecond): } }",
	"mutex":   "for { func() { mu.Lock(); defer mu.Unlock(); beats.Add(1) }() }",
	"recover": "for { func() { defer func() { recover() }(); beats.Add(1); panic(\"again\") }() }",
}

const stopPrelude = `import "expvar"
beats := expvar.NewInt("%s")
never := make(chan int)
var mu sync.Mutex
func endless(n int) int { return endless(n+1) + 1 }`

var whole = flag.Bool("whole", false, "test the whole product of how goroutines start, what they do and how they are stopped, and more edits")

// TestStopping holds every way to start a goroutine, with everything that it may be doing, against
// every way to stop it: the cell says the right words and nothing else, the variables stay, mutexes
// are free, and the goroutine ends. Without -whole each pair of a start and a body meets one way to
// stop, and few the stack overflow, which takes its time.
func TestStopping(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	number := 0
	for _, start := range slices.Sorted(maps.Keys(starters)) {
		for _, doing := range slices.Sorted(maps.Keys(bodies)) {
			code, body := starters[start], bodies[doing]
			number++
			ways := []string{"interrupt", "stack", "end"}
			if !*whole {
				ways = []string{ways[2*(number%2)]}
				if number%17 == 1 {
					ways = []string{"stack"}
				}
			}
			for _, how := range ways {
				name := fmt.Sprintf("beats of %s, %s, %s at %d", start, doing, how, time.Now().UnixNano())
				t.Run(start+"/"+doing+"/"+how, func(t *testing.T) {
					stopOne(t, name, strings.ReplaceAll(code, "BODY", body), how)
				})
			}
		}
	}
}

// alien is what nobody wants to read in a cell: frames of the interpreter or of Go's runtime.
var alien = regexp.MustCompile(`ixgo|reflect\.|runtime/|goroutine \d|kernel/eval|panic`)

func stopOne(t *testing.T, name, start, how string) {
	s := newSession(t)
	s.runner.stacks.limit, s.runner.stacks.frames = 4<<20, 20_000
	must(t, s, fmt.Sprintf(stopPrelude, name))
	code := "kept := 41\n" + start + "\nkept++\nfor beats.Value() == 0 { time.Sleep(time.Millisecond) }\nfmt.Println(\"going\")\n"
	switch how {
	case "interrupt":
		code += "for { time.Sleep(time.Millisecond) }"
	case "stack":
		code += "endless(1)"
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &cellOutput{}
	ended := make(chan cell.Result, 1)
	go func() { ended <- s.Eval(ctx, cell.Cell{Code: code, Out: out}) }()
	eventually(t, "the cell runs", func() bool {
		return strings.Contains(out.outcome(cell.Result{}).Stdout, "going") || len(ended) > 0
	})
	if how == "interrupt" {
		cancel()
	}
	res := <-ended
	want := map[string]string{"interrupt": "interrupted: interrupted", "stack": "stack overflow: stack overflow: a recursion does not end"}[how]
	got := ""
	if res.Err != nil {
		got = res.Err.Error()
		if trace := strings.Join(res.Err.Traceback, "\n"); alien.MatchString(trace) {
			t.Errorf("the traceback shows what is not the cell's: %s", trace)
		}
	}
	if got != want {
		t.Fatalf("the cell ended with %q, want %q", got, want)
	}
	if v := must(t, s, "mu.Lock(); mu.Unlock(); kept"); v != "42 :: int" {
		t.Errorf("afterwards kept is %s", v)
	}
	if how == "end" {
		must(t, s, "%reset")
	}
	beats := expvar.Get(name).(*expvar.Int)
	eventually(t, "the goroutine ends", func() bool {
		before := beats.Value()
		time.Sleep(10 * time.Millisecond)
		return beats.Value() == before
	})
	if o := out.outcome(cell.Result{}); o.Stdout != "going\n" || o.Stderr != "" {
		t.Errorf("the cell printed %q and %q", o.Stdout, o.Stderr)
	}
	if v := must(t, s, "40 + 2"); v != "42 :: int" {
		t.Errorf("the next cell shows %s", v)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 3000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// TestManyGoroutines takes breadth for what it is.
func TestManyGoroutines(t *testing.T) {
	s := newSession(t)
	s.runner.stacks.limit = 16 << 20
	must(t, s, "kept := 1\nwait := make(chan int)\nfor range 30000 { go func() { <-wait }() }\ntime.Sleep(300 * time.Millisecond)")
	if v := must(t, s, "close(wait); time.Sleep(200 * time.Millisecond); kept"); v != "1 :: int" {
		t.Errorf("kept is %s", v)
	}
}

// TestLateOverflow has a goroutine run away when its cell has long ended.
func TestLateOverflow(t *testing.T) {
	s := newSession(t)
	s.runner.stacks.limit, s.runner.stacks.frames = 4<<20, 20_000
	out := &cellOutput{}
	s.Eval(context.Background(), cell.Cell{Out: out, Code: "kept := 1\nfunc endless(n int) int { return endless(n+1) + 1 }\n" +
		"timer := time.AfterFunc(200*time.Millisecond, func() { endless(1) })"})
	const want = "panic in a goroutine: stack overflow: a recursion does not end\n"
	eventually(t, "the cell tells of the overflow", func() bool { return out.outcome(cell.Result{}).Stderr == want })
	if v := must(t, s, "kept"); v != "1 :: int" {
		t.Errorf("kept is %s", v)
	}
}

// TestHandlerPanics reads what a server logs of a handler that panics.
func TestHandlerPanics(t *testing.T) {
	s := newSession(t)
	_, printed, err := run1(t, s, "srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(\"oh\") }))\n"+
		"_, err := http.Get(srv.URL)\nerr != nil")
	if err != nil || !strings.Contains(printed, "panic serving") || !strings.Contains(printed, "oh") || strings.Contains(printed, "goroutine ") || strings.Contains(printed, "ixgo") {
		t.Errorf("the cell printed %q, error %v", printed, err)
	}
}

// TestLeftBehind interrupts a cell that cannot be stopped for a while: what its goroutine does
// after that, as showing its value, is its own. The race detector sees what the session would read
// of it.
func TestLeftBehind(t *testing.T) {
	s := gotten(t, t.TempDir())
	must(t, s, "var left = make(chan bool, 1)")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := runContext(ctx, s, "defer func() { left <- true }()\nfunc() error { time.Sleep(200 * time.Millisecond); return io.EOF }()"); err == nil || err.Name != "interrupted" {
		t.Errorf("got %v", err)
	}
	must(t, s, "select {\ncase <-left:\ncase <-time.After(time.Second):\n}")
}
