package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/comm"
)

func TestOutputOrder(t *testing.T) {
	s := newSession(t)
	_, printed, err := run1(t, s, `
fmt.Println("a")
fmt.Fprintln(os.Stdout, "b")
os.Stdout.WriteString("c\n")
w := bufio.NewWriter(os.Stdout)
fmt.Fprintln(w, "d")
w.Flush()
fmt.Print("e\n")
json.NewEncoder(os.Stdout).Encode("f")
fmt.Println("g")
io.WriteString(os.Stdout, "h\n")
`)
	if err != nil || printed != "a\nb\nc\nd\ne\n\"f\"\ng\nh\n" {
		t.Errorf("printed %q, error %v", printed, err)
	}
}

// events records in one line what comes on both streams, and when something is shown.
type events struct {
	cellOutput
	log  strings.Builder
	last string
}

func (e *events) Stream(name, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last != name { // text of one stream may come joined
		e.log.WriteString(name + ":")
		e.last = name
	}
	e.log.WriteString(text)
}

func (e *events) Display(b display.Bundle, id string, update bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log.WriteString("shown:" + b.Text() + "\n")
	e.last = ""
}

func (e *events) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.String()
}

func TestStreamsInOrder(t *testing.T) {
	s := newSession(t)
	var e events
	s.Eval(context.Background(), cell.Cell{Out: &e, Code: `
fmt.Println(1)
println(2)
fmt.Fprintln(os.Stderr, 3)
log.SetFlags(0)
log.Println(4)
display.Display("five")
fmt.Println(6)
`})
	if got, want := e.String(), "stdout:1\nstderr:2\n3\n4\nshown:five\nstdout:6\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPrintResults has the results of printing used and dropped, by cells, functions, closures,
// generic code, and while something is being printed.
func TestPrintResults(t *testing.T) {
	s := newSession(t)
	var e events
	res := s.Eval(context.Background(), cell.Cell{Out: &e, Code: `
type loud struct{}
func (loud) String() string { fmt.Print("(loud)"); return "loud" }
func twice[T any](v T) (n int) { fmt.Println(v); n, _ = fmt.Println(v); return n }
n, err := fmt.Println("four")
fmt.Println(n, err)
fmt.Printf("%s %d\n", "x", twice(loud{}))
func() { fmt.Fprint(os.Stderr, "e\n"); m, _ := fmt.Fprintf(os.Stdout, "%03d\n", n); fmt.Println(m) }()
defer fmt.Println("last")
var b strings.Builder
fmt.Fprintln(&b, "kept", 1)
k, _ := fmt.Fprint(&b, "more")
fmt.Print(b.String(), k, "\n")
say := fmt.Println
say("by value")
`})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	want := "stdout:four\n5 <nil>\n(loud)loud\n(loud)loud\nx 5\nstderr:e\nstdout:005\n4\nkept 1\nmore4\nby value\nlast\n"
	if got := e.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestManyWaysToPrint has what is printed directly, through the pipes and shown come as fast as it
// can.
func TestManyWaysToPrint(t *testing.T) {
	s := newSession(t)
	var e events
	res := s.Eval(context.Background(), cell.Cell{Out: &e, Code: `
enc := json.NewEncoder(os.Stdout)
direct := os.Stderr
n := 0
for i := 0; i < 3000; i++ {
	fmt.Println(n); n++
	fmt.Print(n, "\n"); n++
	enc.Encode(n); n++
	println(n); n++
	enc.Encode(n); n++
	direct.WriteString(fmt.Sprintln(n)); n++
	if i % 100 == 0 { display.Display(n); n++ }
	if i % 1000 == 0 { fmt.Print(strings.Repeat("\n", 1<<17)); fmt.Println(n); n++ }
}
`})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	next := 0
	for line := range strings.Lines(e.String()) {
		if i := strings.LastIndexByte(line, ':'); i >= 0 {
			line = line[i+1:]
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if line != strconv.Itoa(next) {
			t.Fatalf("%s comes where %d should", line, next)
		}
		next++
	}
	if want := 3000*6 + 30 + 3; next != want {
		t.Errorf("%d of %d lines", next, want)
	}
}

// TestPanicOfGoroutine has a goroutine die in a function, and looks for the message and the lines.
func TestPanicOfGoroutine(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ body, message string }{
		{"*p = 1", "runtime error: invalid memory address or nil pointer dereference"},
		{"*p++", "runtime error: invalid memory address or nil pointer dereference"},
		{"panic(`boo`)", "boo"},
	} {
		var e events
		code := "func die(p *int) {\n\t" + c.body + "\n}\ngo func() {\n\tdie(nil)\n}()"
		res := s.Eval(context.Background(), cell.Cell{Out: &e, Code: code, Number: 7})
		if res.Err != nil {
			t.Fatal(res.Err)
		}
		want := "panic in a goroutine: " + c.message + "\n\tcell[7]:2 in die\n\tcell[7]:5\n"
		for end := time.Now().Add(10 * time.Second); !strings.Contains(e.String(), want); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("got %q, want %q", e.String(), want)
			}
		}
	}
}

// TestOutputAfterTheCell has a goroutine print while later cells run.
func TestOutputAfterTheCell(t *testing.T) {
	s := newSession(t)
	var first, second events
	res := s.Eval(context.Background(), cell.Cell{Out: &first, Code: `
step := make(chan bool)
go func() { <-step; fmt.Println("of the first"); println("also"); step <- true }()
`})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	s.Eval(context.Background(), cell.Cell{Out: &second, Code: `step <- true; <-step; fmt.Println("of the second")`})
	if got := first.String(); got != "stdout:of the first\nstderr:also\n" {
		t.Errorf("first cell: %q", got)
	}
	if got := second.String(); got != "stdout:of the second\n" {
		t.Errorf("second cell: %q", got)
	}
}

func TestInput(t *testing.T) {
	s := newSession(t)
	lines := []string{"21 2", "a line", "more"}
	ask := func(ctx context.Context, prompt string, password bool) (string, error) {
		if len(lines) == 0 {
			return "", errors.New("no more")
		}
		l := lines[0]
		lines = lines[1:]
		return l, nil
	}
	for code, want := range map[string]string{
		"var a, b int\nfmt.Scan(&a, &b)\na * b": "[42]",
	} {
		res := s.Eval(context.Background(), cell.Cell{Code: code, Out: &events{}, Input: ask})
		if res.Err != nil || fmt.Sprint(values(res)) != want {
			t.Errorf("%s: %v %v", code, values(res), res.Err)
		}
	}
	res := s.Eval(context.Background(), cell.Cell{Code: "sc := bufio.NewScanner(os.Stdin)\nsc.Scan()\nsc.Text()", Out: &events{}, Input: ask})
	if fmt.Sprint(values(res)) != "[a line]" {
		t.Errorf("scanner: %v %v", values(res), res.Err)
	}
	res = s.Eval(context.Background(), cell.Cell{Code: "_, err := fmt.Scanln(&a)\nerr", Out: &events{}})
	if fmt.Sprint(values(res)) != "[EOF]" {
		t.Errorf("nobody to ask: %v %v", values(res), res.Err)
	}
}

func values(res cell.Result) []any {
	var out []any
	for _, v := range res.Values {
		out = append(out, v.V)
	}
	return out
}

// TestManyMethods needs more methods than ixgo has room for by default.
func TestManyMethods(t *testing.T) {
	s := newSession(t)
	for i := range 300 {
		code := fmt.Sprintf("type M%[1]d struct{ n int }\nfunc (m M%[1]d) String() string { return fmt.Sprint(\"M\", m.n) }\nfmt.Sprint(M%[1]d{%[1]d})", i)
		if got, want := must(t, s, code), fmt.Sprintf("M%d :: string", i); got != want {
			t.Fatalf("%s: %s", code, got)
		}
	}
}

// TestEvalWhileCompleting has the other methods called while a cell runs.
func TestEvalWhileCompleting(t *testing.T) {
	s := newSession(t)
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 20 {
			s.Complete("strings.To", 10)
			s.Inspect("strings.ToUpper", 10, 0)
			s.IsComplete("x := 1")
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for i := range 20 {
		if _, _, err := runContext(ctx, s, fmt.Sprintf("x%d := %d\ntime.Sleep(time.Millisecond)\nx%d", i, i, i)); err != nil {
			t.Error(err)
		}
	}
	<-done
}

// TestBeside runs a cell while another is running: both see the same variables, each prints to its
// own.
func TestBeside(t *testing.T) {
	s := newSession(t)
	must(t, s, "x := 1\nstop := make(chan int)")
	first, second := &cellOutput{}, &cellOutput{}
	ended := make(chan cell.Result)
	go func() {
		ended <- s.Eval(context.Background(), cell.Cell{Out: first, Code: "fmt.Println(\"first\")\n<-stop\ny := x\nfmt.Println(y)"})
	}()
	eventually(t, "the first cell runs", func() bool { return first.outcome(cell.Result{}).Stdout == "first\n" })
	res := s.Eval(context.Background(), cell.Cell{Out: second, Code: "x = 7\nfmt.Println(\"second\")\nclose(stop)"})
	if res.Err != nil || second.outcome(cell.Result{}).Stdout != "second\n" {
		t.Errorf("the second cell: %v, %+v", res.Err, second.outcome(cell.Result{}))
	}
	if res := <-ended; res.Err != nil || first.outcome(cell.Result{}).Stdout != "first\n7\n" {
		t.Errorf("the first cell: %v, %+v", res.Err, first.outcome(cell.Result{}))
	}
	if v := must(t, s, "x + y"); v != "14 :: int" {
		t.Errorf("afterwards x + y is %s", v)
	}
}

// TestCallbackOutput has the callback of a comm print, and panic, long after its cell, and after a
// cell that was interrupted.
func TestCallbackOutput(t *testing.T) {
	s := newSession(t)
	comm.SetTransport(func(comm.Message) {}, nil)
	defer comm.SetTransport(nil, nil)
	maker := &cellOutput{}
	res := s.Eval(context.Background(), cell.Cell{Out: maker, Code: `import "dtnotes/kernel/jupyter/comm"
comm.Register("t", func(c *comm.Comm, _ json.RawMessage) {
	c.OnMessage(func(data json.RawMessage, _ [][]byte) {
		for i := range 3 { _ = i }
		fmt.Println("heard", string(data))
		if string(data) == "2" { panic("two") }
	})
})`})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if v := must(t, s, "1"); v != "1 :: int" {
		t.Error(v)
	}
	comm.Deliver(comm.Message{Type: "comm_open", ID: "i", Target: "t"})
	for _, data := range []string{"1", "2", "3"} {
		comm.Deliver(comm.Message{Type: "comm_msg", ID: "i", Data: json.RawMessage(data)})
	}
	want := outcome{Results: []valueText{}, Stdout: "heard 1\nheard 2\nheard 3\n", Stderr: "panic in a callback: two\n\tcell[1]:6\n"}
	eventually(t, "the callbacks have printed", func() bool { return strings.Count(maker.outcome(cell.Result{}).Stdout, "heard") == 3 })
	if got := maker.outcome(cell.Result{}); got.Stdout != want.Stdout || !strings.HasPrefix(got.Stderr, "panic in a callback: two\n\tcell[1]:6") {
		t.Errorf("the cell has %+v, want %+v", got, want)
	}
}

func TestExit(t *testing.T) {
	s := newSession(t)
	eval := func(code string) cell.Result {
		return s.Eval(context.Background(), cell.Cell{Code: code, Out: &cellOutput{}})
	}
	for _, code := range []string{"exit", " quit()\n"} {
		if res := eval(code); !res.Exit || res.Err != nil {
			t.Errorf("%q: %+v", code, res)
		}
	}
	must(t, s, "exit := 3")
	if res := eval("exit"); res.Exit || res.Err != nil {
		t.Errorf("a variable of that name: %+v", res)
	}
}

// TestLostLast has the last expression of a cell give an error, in a session that shows results
// only.
func TestLostLast(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]string{
		"os.Open(\"none\")":                         "open none",
		"os.Remove(\"none\")":                       "remove none",
		"func f() error { return io.EOF }\nf()":     "EOF",
		"errors.New(\"made\")":                      "",
		"fmt.Errorf(\"made\")":                      "",
		"fmt.Println(1)":                            "",
		"bufio.NewScanner(os.Stdin).Err()":          "",
		"strconv.Atoi(\"1\")":                       "",
		"_, err := strconv.Atoi(\"x\")\nerr != nil": "",
	} {
		_, _, err := run1(t, s, code)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s fails: %v", code, err)
		case want != "" && (err == nil || err.Name != "error" || !strings.Contains(err.Message, want) || !strings.Contains(strings.Join(err.Traceback, "\n"), "^")):
			t.Errorf("%s: %+v", code, err)
		}
	}
}

// TestOwnValues shows the values of this module that a notebook begins with.
func TestOwnValues(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string][]string{
		"dtracefs.Samples()": {"<table>", "vm-start.dtrace.txt", "bytes"},
		"dtracefs.Scripts()": {"<table>", ">Name", "syscalls", "Bpftrace"},
	} {
		res := s.Eval(t.Context(), cell.Cell{Code: code, Out: discard{}})
		html, _ := res.Bundle.Data[display.MIMETypeHTML].(string)
		for _, w := range want {
			if !strings.Contains(html, w) {
				t.Errorf("%s shows %q, which has no %q", code, html, w)
			}
		}
	}
}
