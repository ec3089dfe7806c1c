package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/comm"
)

// The test program is also the session's process.
func TestMain(m *testing.M) {
	if os.Getenv("DTNOTES_TEST_SESSION") != "" {
		err := Serve(func() (cell.Evaluator, error) {
			if os.Getenv("DTNOTES_TEST_SESSION") == "broken" || slices.Contains(os.Args, "-broken") {
				return nil, errors.New("no session today")
			}
			return &words{}, nil
		}, true)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// words is an evaluator whose cells are words that say what to do.
type words struct{ number int }

func (w *words) Eval(ctx context.Context, c cell.Cell) cell.Result {
	verb, arg, _ := strings.Cut(c.Code, " ")
	switch verb {
	case "value":
		return cell.Result{Bundle: display.Render(arg), Values: []cell.Value{{V: arg, Type: "string"}}, Page: display.HTML("<b>p</b>")}
	case "remember":
		w.number++
		return cell.Result{Bundle: display.Render(w.number)}
	case "again":
		args, then, _ := strings.Cut(arg, "; ")
		c.Again(strings.Fields(args))
		if then == "die" {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	case "args":
		return cell.Result{Bundle: display.Render(fmt.Sprint(os.Args[1:]))}
	case "print":
		c.Out.Stream("stdout", arg)
		c.Out.Display(display.PNG([]byte("png")), "id", true)
		c.Out.Clear(true)
	case "fail":
		return cell.Result{Err: &cell.Error{Name: "panic", Message: arg, Traceback: []string{"a", "b"}}}
	case "ask":
		line, err := c.Input(ctx, "name?", true)
		c.Out.Stream("stdout", fmt.Sprint(line, err))
	case "password":
		line, err := display.Password(arg)
		c.Out.Stream("stdout", fmt.Sprint(line, err))
	case "wait":
		<-ctx.Done()
		return cell.Result{Err: &cell.Error{Name: "interrupted", Message: "interrupted"}}
	case "stuck":
		select {}
	case "burst":
		panic("the evaluator itself")
	case "late":
		go func() {
			time.Sleep(50 * time.Millisecond)
			c.Out.Stream("stdout", arg)
		}()
	case "exit":
		os.Exit(7)
	case "recurse":
		return cell.Result{Bundle: display.Render(recurse(0))}
	case "fatal":
		fatal()
	case "later":
		go func() {
			time.Sleep(50 * time.Millisecond)
			fatal()
		}()
	case "kill":
		p, _ := os.FindProcess(os.Getpid())
		p.Kill()
		select {}
	case "comm":
		cm, err := comm.Open("target", map[string]int{"a": 1}, nil, []byte("buffer"))
		if err != nil {
			return cell.Result{Err: &cell.Error{Name: "comm", Message: err.Error()}}
		}
		cm.OnMessage(func(data json.RawMessage, _ [][]byte) { cm.Send(map[string]any{"back": data}) })
	case "flood":
		line := strings.Repeat("x", 99) + "\n"
		for range 500_000 {
			c.Out.Stream("stdout", line)
		}
	}
	return cell.Result{}
}

func recurse(n int) int {
	if n < 0 {
		return 0
	}
	return recurse(n+1) + 1
}

// fatal does what the Go runtime ends the process for, as it does for two goroutines that write
// one map, but without their luck.
func fatal() {
	var mu sync.Mutex
	mu.Unlock()
}

func (w *words) Complete(code string, pos int) cell.Completion {
	return cell.Completion{Start: 1, End: pos, Items: []cell.CompletionItem{{Text: code, Kind: "variable"}}}
}

func (w *words) Inspect(code string, pos, detail int) (display.Bundle, bool) {
	if code == "panic" {
		panic("inspecting")
	}
	return display.Render(fmt.Sprint(code, pos, detail)), true
}

func (w *words) IsComplete(code string) (cell.Status, string) { return cell.Incomplete, "  " }
func (w *words) Close() error                                 { return nil }

func start(t testing.TB, mode string) *Session {
	t.Helper()
	s, err := Start(func() *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "DTNOTES_TEST_SESSION="+mode)
		return c
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// record is a cell.Output that remembers.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, s)
}

func (r *record) Stream(name, text string) { r.add(name + ": " + text) }
func (r *record) Display(b display.Bundle, id string, update bool) {
	r.add(fmt.Sprintf("display %v %s %v", b.Data, id, update))
}
func (r *record) Clear(wait bool) { r.add(fmt.Sprint("clear ", wait)) }
func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "|")
}

func run(t testing.TB, s *Session, code string) (cell.Result, *record) {
	out := &record{}
	return s.Eval(t.Context(), cell.Cell{Code: code, Number: 1, Out: out}), out
}

func TestEval(t *testing.T) {
	s := start(t, "yes")
	r, _ := run(t, s, "value x")
	if r.Bundle.Text() != "x" || r.Values[0].Type != "string" || r.Page.Data["text/html"] != "<b>p</b>" || r.Err != nil {
		t.Errorf("got %+v", r)
	}
	if _, out := run(t, s, "print hello"); out.String() != "stdout: hello|display map[image/png:cG5n text/plain:image/png, 3 bytes] id true|clear true" {
		t.Errorf("got %s", out)
	}
	if r, _ := run(t, s, "fail so"); r.Err == nil || r.Err.Message != "so" || len(r.Err.Traceback) != 2 {
		t.Errorf("got %+v", r)
	}
	if r, _ := run(t, s, "burst"); r.Err == nil || r.Err.Name != "internal error" {
		t.Errorf("got %+v", r)
	}
	out := &record{}
	s.Eval(t.Context(), cell.Cell{Code: "ask", Out: out, Input: func(_ context.Context, prompt string, password bool) (string, error) {
		return fmt.Sprint("to ", prompt, password), nil
	}})
	if out.String() != "stdout: to name?true<nil>" {
		t.Errorf("got %s", out)
	}
	out = &record{}
	s.Eval(t.Context(), cell.Cell{Code: "password p?", Out: out, Input: func(_ context.Context, prompt string, password bool) (string, error) {
		return fmt.Sprint(prompt, password), nil
	}})
	if out.String() != "stdout: p?true<nil>" {
		t.Errorf("got %s", out)
	}
	_, late := run(t, s, "late word")
	for i := 0; late.String() != "stdout: word" && i < 1000; i++ {
		time.Sleep(5 * time.Millisecond)
	}
	if late.String() != "stdout: word" {
		t.Errorf("late output: %s", late)
	}
}

func TestQuestions(t *testing.T) {
	s := start(t, "yes")
	if c := s.Complete("abc", 2); c.Start != 1 || c.End != 2 || c.Items[0].Text != "abc" {
		t.Errorf("got %+v", c)
	}
	if b, found := s.Inspect("x", 3, 1); !found || b.Text() != "x3 1" {
		t.Errorf("got %+v", b)
	}
	if _, found := s.Inspect("panic", 0, 0); found {
		t.Error("a panic is an answer")
	}
	if status, indent := s.IsComplete("x"); status != cell.Incomplete || indent != "  " {
		t.Errorf("got %s %q", status, indent)
	}
}

func TestInterrupt(t *testing.T) {
	s := start(t, "yes")
	run(t, s, "remember")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if r := s.Eval(ctx, cell.Cell{Code: "wait", Out: &record{}}); r.Err == nil || r.Err.Name != "interrupted" {
		t.Errorf("got %+v", r)
	}
	if r, _ := run(t, s, "remember"); r.Bundle.Text() != "2" {
		t.Errorf("after an interrupt the session remembers %s", r.Bundle.Text())
	}
}

func TestStuckCellIsEnded(t *testing.T) {
	s := start(t, "yes")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := s.Eval(ctx, cell.Cell{Code: "stuck", Out: &record{}}); r.Err == nil || !strings.Contains(r.Err.Message, "could not be interrupted within") {
		t.Errorf("got %+v", r)
	}
	if r, _ := run(t, s, "remember"); r.Bundle.Text() != "1" {
		t.Errorf("got %+v", r)
	}
}

// TestDeaths ends the session in every way and looks at what the cell, and the one after it, say.
func TestDeaths(t *testing.T) {
	for code, why := range map[string]string{
		"fatal":   "fatal error: sync: unlock of unlocked mutex",
		"recurse": "fatal error: stack overflow",
		"exit":    "ended with exit status 7",
		"kill":    "ended by signal killed",
	} {
		if code == "recurse" && testing.Short() {
			continue // takes a gigabyte of stack
		}
		s := start(t, "yes")
		run(t, s, "remember")
		r, _ := run(t, s, code)
		if r.Err == nil || r.Err.Name != "session died" || !strings.Contains(r.Err.Message, why) {
			t.Errorf("%s: %+v", code, r.Err)
		}
		r, out := run(t, s, "remember")
		if r.Bundle.Text() != "1" || !strings.Contains(out.String(), why) || !strings.Contains(out.String(), "variables are gone") {
			t.Errorf("after %s: %+v, %s", code, r, out)
		}
		if r, out := run(t, s, "remember"); r.Bundle.Text() != "2" || out.String() != "" {
			t.Errorf("two cells after %s: %+v, %s", code, r, out)
		}
	}
}

func TestDeathBetweenCells(t *testing.T) {
	s := start(t, "yes")
	_, out := run(t, s, "later")
	for i := 0; !strings.Contains(out.String(), "The session died: fatal error: sync"); i++ {
		if i == 2000 {
			t.Fatalf("the cell does not say what happened: %s", out)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if r, out := run(t, s, "remember"); r.Bundle.Text() != "1" || !strings.Contains(out.String(), "session before this cell died") {
		t.Errorf("got %+v, %s", r, out)
	}
}

// TestDeathIsSurvivedByArgs has a new session begin as the one before it asked, and not as others
// did.
func TestDeathIsSurvivedByArgs(t *testing.T) {
	s := start(t, "yes")
	for _, step := range []struct{ code, args string }{{"value x", "[]"}, {"again -a 1", "[-a 1]"}, {"value x", "[-a 1]"}, {"again -a 2", "[-a 2]"}} {
		if r, _ := run(t, s, step.code); r.Err != nil || r.Next != nil {
			t.Fatalf("%s: %+v", step.code, r)
		}
		run(t, s, "kill")
		if r, _ := run(t, s, "args"); r.Bundle.Text() != step.args {
			t.Errorf("after %s: begun with %s, want %s", step.code, r.Bundle.Text(), step.args)
		}
	}
	for range 20 { // in the very cell that asks
		if r, _ := run(t, s, "again -a 3; die"); r.Err == nil || r.Err.Name != "session died" {
			t.Fatalf("got %+v", r)
		}
		if r, _ := run(t, s, "args"); r.Bundle.Text() != "[-a 3]" {
			t.Fatalf("after a death in the cell that asked: begun with %s", r.Bundle.Text())
		}
	}
}

// TestNextThatDoesNotStart has a session that died begin as the first did, if it does not come up
// as it asked.
func TestNextThatDoesNotStart(t *testing.T) {
	s := start(t, "yes")
	run(t, s, "again -broken")
	run(t, s, "kill")
	r, _ := run(t, s, "args")
	if r.Err != nil { // the one that does not come up had it
		r, _ = run(t, s, "args")
	}
	if r.Err != nil || r.Bundle.Text() != "[]" {
		t.Errorf("got %+v", r)
	}
}

func TestSessionThatDoesNotStart(t *testing.T) {
	s := start(t, "broken")
	for range 2 {
		if r, _ := run(t, s, "value x"); r.Err == nil || r.Err.Name != "session died" {
			t.Errorf("got %+v", r)
		}
	}
	if _, err := Start(func() *exec.Cmd { return exec.Command("/no/such/program") }); err == nil {
		t.Error("no error of a program that is not there")
	}
}

func TestComms(t *testing.T) {
	s := start(t, "yes")
	heard := make(chan comm.Message, 10)
	s.OnComm(func(m comm.Message) { heard <- m })
	run(t, s, "comm")
	open := <-heard
	if open.Type != "comm_open" || open.Target != "target" || string(open.Data) != `{"a":1}` || string(open.Buffers[0]) != "buffer" {
		t.Errorf("got %+v", open)
	}
	if err := s.Comm(t.Context(), comm.Message{Type: "comm_msg", ID: open.ID, Data: json.RawMessage("5")}); err != nil {
		t.Error(err)
	}
	if m := <-heard; string(m.Data) != `{"back":5}` {
		t.Errorf("got %+v", m)
	}
	run(t, s, "fatal")
	if m := <-heard; m.Type != "comm_close" || m.ID != open.ID {
		t.Errorf("after a death: %+v", m)
	}
}

func TestOrderOfOutput(t *testing.T) {
	s := start(t, "yes")
	_, out := run(t, s, "flood")
	n := 0
	for _, l := range out.lines {
		n += len(strings.TrimPrefix(l, "stdout: "))
	}
	if n != 50_000_000 || slices.ContainsFunc(out.lines, func(l string) bool { return !strings.HasSuffix(l, "\n") }) {
		t.Errorf("%d bytes in %d pieces", n, len(out.lines))
	}
}

func TestNothingLeaks(t *testing.T) {
	before, files := runtime.NumGoroutine(), openFiles(t)
	for range 5 {
		s := start(t, "yes")
		run(t, s, "value x")
		run(t, s, "exit")
		run(t, s, "value x")
		s.Close()
	}
	for i := 0; runtime.NumGoroutine() > before || openFiles(t) > files; i++ {
		if i == 1000 {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines more, %d files more:\n%s", runtime.NumGoroutine()-before, openFiles(t)-files, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

type discard struct{ n int }

func (d *discard) Stream(name, text string)                         { d.n += len(text) }
func (d *discard) Display(b display.Bundle, id string, update bool) {}
func (d *discard) Clear(wait bool)                                  {}

// BenchmarkEval is the round trip of an empty cell.
func BenchmarkEval(b *testing.B) {
	s := start(b, "yes")
	for b.Loop() {
		s.Eval(b.Context(), cell.Cell{Code: "value x", Out: &discard{}})
	}
}

// BenchmarkOutput is 50 MB of lines of 100 bytes.
func BenchmarkOutput(b *testing.B) {
	s := start(b, "yes")
	b.SetBytes(50_000_000)
	for b.Loop() {
		s.Eval(b.Context(), cell.Cell{Code: "flood", Out: &discard{}})
	}
}
