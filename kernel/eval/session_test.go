package eval

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
)

func newSession(t testing.TB) *Session {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// tellAll is Options.PrintValues.
func (s *Session) tellAll() { s.runner.tellsAll, s.engine.tellsAll = true, true }

// run1 evaluates a cell and returns what it showed, printed and failed with.
func run1(t testing.TB, s *Session, code string) (values, printed string, err *cell.Error) {
	t.Helper()
	return runContext(context.Background(), s, code)
}

func runContext(ctx context.Context, s *Session, code string) (values, output string, err *cell.Error) {
	out := &cellOutput{}
	res := s.Eval(ctx, cell.Cell{Code: code, Out: out})
	var shown []string
	for i, v := range res.Values {
		text := ""
		if i < len(s.runner.current.printed) {
			text = s.runner.current.printed[i]
		} else {
			text = printed(v.V)
		}
		shown = append(shown, text+" :: "+v.Type)
	}
	o := out.outcome(cell.Result{})
	return strings.Join(shown, " , "), o.Stdout + o.Stderr, res.Err
}

func must(t testing.TB, s *Session, code string) string {
	t.Helper()
	values, _, err := run1(t, s, code)
	if err != nil {
		t.Fatalf("%s\nfails: %v", code, err)
	}
	return values
}

// TestSessions runs files of cells with what must hold after each; testdata/sessions/README.md
// describes the form.
func TestSessions(t *testing.T) {
	files, _ := filepath.Glob("testdata/sessions/*.txt")
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s := newSession(t)
			s.tellAll()
			for i, block := range strings.Split(strings.TrimRight(string(text), "\n"), "\n---\n") {
				var code, want []string
				for line := range strings.Lines(block) {
					line = strings.TrimSuffix(line, "\n")
					if w, ok := strings.CutPrefix(line, "=> "); ok {
						want = append(want, w)
					} else {
						code = append(code, line)
					}
				}
				// A machine may be busy.
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
				values, printed, failed := runContext(ctx, s, strings.Join(code, "\n"))
				cancel()
				if why := judge(want, values, printed, failed); why != "" {
					t.Errorf("cell %d: %s\n%s", i+1, why, strings.Join(code, "\n"))
				}
			}
		})
	}
}

func judge(want []string, values, printed string, failed *cell.Error) string {
	expectsError := false
	rest := printed
	for _, w := range want {
		if text, ok := strings.CutPrefix(w, "ERR: "); ok {
			expectsError = true
			if failed == nil || !strings.Contains(failed.Message, text) {
				return fmt.Sprintf("error %v; want %q", failed, text)
			}
		} else if text, ok := strings.CutPrefix(w, "OUT: "); ok {
			i := strings.Index(rest, text)
			if i < 0 {
				return fmt.Sprintf("printed %q; want %q", printed, text)
			}
			rest = rest[i+len(text):]
		} else if w == "(no value)" {
			if values != "" {
				return fmt.Sprintf("showed %q; want nothing", values)
			}
		} else if !like(w, values) {
			return fmt.Sprintf("showed %q (error %v); want %q", values, failed, w)
		}
	}
	if failed != nil && !expectsError {
		return "fails: " + failed.Error()
	}
	return ""
}

// like matches text with a pattern in which ~ stands for anything.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "~")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for i, p := range parts[1:] {
		if i == len(parts)-2 {
			return strings.HasSuffix(text, p)
		}
		k := strings.Index(text, p)
		if k < 0 {
			return false
		}
		text = text[k+len(p):]
	}
	return text == ""
}

func TestInterrupt(t *testing.T) {
	for _, code := range []string{
		"for {}",
		"func spin() { for {} }\nspin()",
		"i := 0\nfor { i++ }",
		"L: goto L",
		"$ sleep 100",
		"select {}",
		"var c chan int\n<-c",
		"time.Sleep(time.Hour)",
		"var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()",
		"var mu sync.Mutex\nmu.Lock()\nmu.Lock()",
		"sort.Slice(make([]int, 100_000_000), func(i, j int) bool { return i < j })",
		"func() { defer func() { recover() }(); for {} }()",
		"for { func() { defer func() { recover() }(); for {} }() }",
		"for range func(yield func(int) bool) { for yield(1) {} } {}",
		"type W struct{}\nfunc (W) String() string { for {} }\nW{}",
	} {
		t.Run("", func(t *testing.T) {
			s := newSession(t)
			must(t, s, "keep := 41\nclosure := func() int { return keep + 1 }")
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_, _, err := runContext(ctx, s, code)
			if err == nil || err.Name != "interrupted" {
				t.Errorf("%s\nends with %v", code, err)
			}
			if got := must(t, s, "keep++\nkeep"); got != "42 :: int" {
				t.Errorf("after %s: keep is %s", code, got)
			}
			if got := must(t, s, "closure()"); got != "43 :: int" {
				t.Errorf("after %s: closure gives %s", code, got)
			}
		})
	}
}

func TestClosureOfInterruptedCell(t *testing.T) {
	s := newSession(t)
	must(t, s, "var f func() int")
	for _, block := range []string{"for {}", "select {}"} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		runContext(ctx, s, "f = func() int { n := 0; for i := range 10 { n += i }; return n }\n"+block)
		cancel()
		if got := must(t, s, "f()"); got != "45 :: int" {
			t.Errorf("after %s: closure gives %s", block, got)
		}
	}
}

// TestPackagesOfOneLength has variables whose types are of packages with one name and paths of one
// length get more methods.
func TestPackagesOfOneLength(t *testing.T) {
	s := newSession(t)
	must(t, s, `import html "html/template"
import text "text/template"
type mine int
a := map[mine]*text.Template{1: text.New("of text")}
b := map[mine]*html.Template{1: html.New("of html")}`)
	must(t, s, `func (m mine) Twice() mine { return 2 * m }`)
	if v := must(t, s, `fmt.Sprintf("%T %T", a[1], b[1])`); v != "*template.Template *template.Template :: string" {
		t.Error(v)
	}
	if v := must(t, s, `a[1].Name() + " " + b[1].Name()`); v != "of text of html :: string" {
		t.Error(v)
	}
	must(t, s, `var _ map[mine]*text.Template = a
var _ map[mine]*html.Template = b`)
}
