package oracle

import (
	"context"
	"flag"
	"strings"
	"sync"
	"testing"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/eval"
)

var (
	oracle = flag.Bool("oracle", false, "take all examples and more generated programs")
	native = flag.String("native", "", "what executes cells: off, portable and so on; empty for what the environment says")
)

func newSession(t *testing.T) *eval.Session {
	t.Helper()
	if *native != "" {
		t.Setenv("DTNOTES_NATIVE", *native)
	}
	s, err := eval.New(eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// An output is what cells print to their standard output, and to the other.
type output struct {
	mu          sync.Mutex
	text, other strings.Builder
}

func (o *output) Stream(name, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if name == "stdout" {
		o.text.WriteString(text)
	} else {
		o.other.WriteString(text)
	}
}

func (o *output) Display(display.Bundle, string, bool) {}
func (o *output) Clear(bool)                           {}

// of runs a cell and returns all that has been printed to standard output so far.
func (o *output) of(ctx context.Context, s *eval.Session, code string) (string, *cell.Error) {
	res := s.Eval(ctx, cell.Cell{Code: code, Out: o})
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), res.Err
}
