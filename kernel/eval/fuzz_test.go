package eval

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
)

// FuzzEval holds that no bytes make the evaluator panic, hang or lose its session. Cells that would
// reach outside the process are left out.
func FuzzEval(f *testing.F) {
	files, _ := filepath.Glob("testdata/sessions/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, code := range SplitCells(string(text)) {
			f.Add(code)
		}
	}
	for _, code := range []string{"", "\x00", "%", "%%", "$", "?", "x?", "{", "}", "()", "func", "type T T", "type T [len(x)]int; var x T",
		"var a = b; var b = a", "import \"\"", "import `C`", "package", "goto x", "L: L: L:", "`", "'", "\"", "/*", "x := x", "_ = _",
		"func init() {}", "func (T) m() {}", "type __rt int", "defer", "go", "interface{ m() }(nil)", "1;2;3", "var _ = iota"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		for _, word := range []string{"$", "os", "exec", "syscall", "net", "http", "unsafe", "runtime", "debug", "cgo", "reflect", "%cd", "%get"} {
			if strings.Contains(code, word) {
				t.Skip("reaches outside")
			}
		}
		s, err := New(Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		res := s.Eval(ctx, cell.Cell{Code: code, Out: &cellOutput{}})
		if res.Err != nil && res.Err.Name == "internal error" {
			t.Errorf("%q: %v", code, res.Err)
		}
		s.Complete(code, len(code)/2)
		s.Inspect(code, len(code)/2, 1)
		s.IsComplete(code)
		if res := s.Eval(context.Background(), cell.Cell{Code: "1+1", Out: &cellOutput{}}); res.Err != nil {
			t.Errorf("after %q: %v", code, res.Err)
		}
	})
}
