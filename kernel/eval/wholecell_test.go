package eval

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/kernel/cell"
)

func TestWholeCells(t *testing.T) {
	dir := t.TempDir()
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	eval := func(code string) (cell.Result, outcome) {
		out := &cellOutput{}
		res := s.Eval(context.Background(), cell.Cell{Code: code, Out: out})
		o := out.outcome(cell.Result{})
		return res, o
	}
	res, o := eval("\n%%writefile a.txt\n\nx := `not Go\n%who\n")
	if res.Err != nil || o.Stdout != "wrote 3 lines to a.txt\n" {
		t.Errorf("%v, %q", res.Err, o.Stdout)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "a.txt")); string(text) != "\nx := `not Go\n%who\n" {
		t.Errorf("wrote %q", text)
	}
	eval("%%writefile -a a.txt\nmore")
	if text, _ := os.ReadFile(filepath.Join(dir, "a.txt")); !strings.HasSuffix(string(text), "%who\nmore\n") {
		t.Errorf("added to be %q", text)
	}
	if res, o = eval("%%sh\nx=1\ncat a.txt | tail -n 1\necho $x >&2\n"); res.Err != nil || o.Stdout != "more\n" || o.Stderr != "1\n" {
		t.Errorf("%v, %q, %q", res.Err, o.Stdout, o.Stderr)
	}
	if res, _ = eval("%%sh\nexit 3"); res.Err == nil || res.Err.Name != "exit" || !strings.Contains(res.Err.Message, "exit status 3") {
		t.Errorf("%v", res.Err)
	}
	if res, _ = eval("%%html\n<b>x</b>\n"); res.Bundle.Data["text/html"] != "<b>x</b>\n" {
		t.Errorf("%v", res.Bundle)
	}
	if res, _ = eval("%%markdown\n# x\n"); res.Bundle.Data["text/markdown"] != "# x\n" {
		t.Errorf("%v", res.Bundle)
	}
	for code, want := range map[string]string{
		"%%writefile\nx":     "wants the name of a file",
		"%%html x\n":         "takes no arguments",
		"%%nosuch\nx":        "no command %%nosuch; there are " + commandNames()[0] + ", ",
		"%sh ls":             "no command %sh; there are ",
		"%%bpftrace --for x": "--for x: want a time",
		"%%dtrace -n x":      "the body of the cell is the script",
		"%%dtrace":           "the script goes below this line",
	} {
		if res, _ := eval(code); res.Err == nil || !strings.Contains(res.Err.Message, want) {
			t.Errorf("%q fails with %v, want %q", code, res.Err, want)
		}
	}
	for code, want := range map[string]cell.Status{
		"%%dtrace\nBEGIN {": cell.Incomplete, "%%dtrace\nBEGIN { exit(0); }\n\n": cell.Complete,
	} {
		if got, _ := s.IsComplete(code); got != want {
			t.Errorf("%q is %s", code, got)
		}
	}
}
