package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/notebook"
)

// writeNotebook writes a notebook of code cells.
func writeNotebook(t *testing.T, name string, cells ...string) {
	t.Helper()
	nb := &notebook.Notebook{}
	for i, code := range cells {
		nb.Cells = append(nb.Cells, &notebook.Cell{ID: fmt.Sprint("c", i), Type: "code", Source: code})
	}
	b, err := nb.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func parseNotebook(t *testing.T, name string) *notebook.Notebook {
	t.Helper()
	nb, err := notebook.Parse([]byte(mustRead(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return nb
}

// TestRunDeath has cells end their process in the ways that no Go program survives: each is a
// cell that fails and says why, and what came before is kept.
func TestRunDeath(t *testing.T) {
	for cause, reason := range map[string]string{
		"m := map[int]int{}\nfor i := range 4 { go func() { for { m[i]++ } }() }\ntime.Sleep(time.Minute)": "concurrent map",
		"var mu sync.Mutex\nmu.Unlock()": "unlock of unlocked mutex",
		"syscall.Kill(os.Getpid(), 9)":   "killed",
	} {
		inFolder(t, nil)
		writeNotebook(t, "n.ipynb", "fmt.Println(\"before\")", cause, "fmt.Println(\"after\")")
		_, stderr, err := dtnotes(t, "run", "n.ipynb", "-o", "n.ipynb")
		if err == nil || !strings.Contains(err.Error(), "cell 2") || !strings.Contains(err.Error(), reason) || strings.Contains(stderr, "goroutine ") {
			t.Errorf("%s: error %v\n%s", cause, err, stderr)
		}
		nb := parseNotebook(t, "n.ipynb")
		if o := nb.Cells[0].Outputs; len(o) != 1 || o[0].Text != "before\n" {
			t.Errorf("%s: the output of the cell before is gone: %v", cause, o)
		}
		if o := nb.Cells[1].Outputs; len(o) == 0 || o[len(o)-1].Type != "error" || !strings.Contains(o[len(o)-1].Err.Value, reason) {
			t.Errorf("%s: the cell does not say why it failed: %v", cause, o)
		}
		if _, _, err := dtnotes(t, "run", "--allow-errors", "n.ipynb", "-o", "n.ipynb"); err != nil {
			t.Errorf("%s: %v", cause, err)
		}
		if o := parseNotebook(t, "n.ipynb").Cells[2].Outputs; len(o) == 0 || o[len(o)-1].Text != "after\n" {
			t.Errorf("%s: the next cell did not run in a new session: %v", cause, o)
		}
	}
}

// TestRunKilled kills the command at any time: the notebook is whole, with all cells that had
// ended.
func TestRunKilled(t *testing.T) {
	inFolder(t, nil)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const cells = 12
	var code []string
	for i := range cells {
		code = append(code, fmt.Sprintf("time.Sleep(5*time.Millisecond); fmt.Println(%d, strings.Repeat(\"x\", 100000))", i))
	}
	writeNotebook(t, "n.ipynb", code...)
	full := 2 * time.Second
	for round := range 20 {
		cmd := exec.Command(program, "run", "n.ipynb", "-o", "n.ipynb")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		cmd.WaitDelay = 10 * time.Second
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if round > 0 {
			time.AfterFunc(time.Duration(rand.Int64N(int64(full))), func() { cmd.Process.Kill() })
		}
		err := cmd.Wait()
		if round == 0 {
			if full = time.Since(begin); err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
		}
		done := strings.Count(stderr.String(), " ok ")
		for i, c := range parseNotebook(t, "n.ipynb").Cells {
			whole := len(c.Outputs) == 1 && strings.HasPrefix(c.Outputs[0].Text, fmt.Sprint(i, " xx")) && c.ExecutionCount == i+1
			if !whole && (i < done || len(c.Outputs) > 0 || c.ExecutionCount != 0) {
				t.Errorf("round %d, killed after %d cells: cell %d is [%d] with %d outputs", round, done, i+1, c.ExecutionCount, len(c.Outputs))
			}
		}
	}
}
