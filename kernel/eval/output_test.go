package eval

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
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

// TestPrintResults has the results of printing used and dropped, by cells, functions, closures, generic
// code, and while something is being printed.
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

// TestManyWaysToPrint has what is printed directly, through the pipes and shown come as fast as it can.
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
