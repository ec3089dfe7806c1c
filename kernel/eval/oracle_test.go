package eval

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/internal/programs"
)

var (
	oracle = flag.Bool("oracle", false, "compile the programs of testdata/oracle and hold what they print against the files beside them")
	update = flag.Bool("update", false, "write what compiled Go prints to the files beside the programs")
)

// TestOracle runs programs as cells. They print what they print when Go compiles them, which the
// file beside each holds. Those of folder native do so only where package native executes them.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/oracle/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs: ", err)
	}
	if newNativeTier().on {
		more, err := filepath.Glob("testdata/oracle/native/*.go")
		if err != nil || len(more) == 0 {
			t.Fatal("no programs: ", err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".go"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			beside := strings.TrimSuffix(file, ".go") + ".out"
			want, err := os.ReadFile(beside)
			if *oracle || *update {
				compiled := compiledGo(t, file)
				if *update {
					if err := os.WriteFile(beside, []byte(compiled), 0o666); err != nil {
						t.Fatal(err)
					}
					want, err = []byte(compiled), nil
				}
				programs.Differ(t, beside+" holds other than compiled Go prints", compiled, string(want))
			}
			if err != nil {
				t.Fatal(err)
			}
			programs.Differ(t, "the cell prints other than compiled Go", interpreted(t, string(src)), string(want))
		})
	}
}

// compiledGo is what a program prints to its standard output when Go compiles it.
func compiledGo(t *testing.T, file string) string {
	t.Helper()
	cmd := exec.Command("go", "run", file)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return string(out)
}

// interpreted is the same for a cell.
func interpreted(t *testing.T, src string) string {
	t.Helper()
	s := newSession(t)
	out := &cellOutput{}
	res := s.Eval(context.Background(), cell.Cell{Code: src, Out: out})
	text := out.outcome(cell.Result{}).Stdout
	if res.Err != nil {
		text += res.Err.Error() + "\n"
	}
	return text
}
