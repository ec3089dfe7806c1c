//go:build unix

package eval

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"dtnotes/kernel/cell"
)

// TestCellContext holds that a cell's context ends with the cell and not before, and that a
// callback which comes later is not born canceled.
func TestCellContext(t *testing.T) {
	s := newSession(t)
	if v := must(t, s, "own := display.Context()\nown.Err() == nil"); v != "true :: bool" {
		t.Errorf("in the cell: %s", v)
	}
	if v := must(t, s, "own.Err() == context.Canceled && display.Context().Err() == nil"); v != "true :: bool" {
		t.Errorf("in the next: %s", v)
	}
}

// TestInterruptEndsTracer interrupts a cell that follows a tracer through its own context: the
// tracer is asked to end and does.
func TestInterruptEndsTracer(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ntrap 'echo asked > " + dir + "/end; exit 0' INT\necho $$ > " + dir + "/pid\necho 1795376741.000000\nwhile :; do sleep 0.01; done\n"
	if err := os.WriteFile(filepath.Join(dir, "bpftrace"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	s := newSession(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan cell.Result, 1)
	go func() {
		ended <- s.Eval(ctx, cell.Cell{Out: &cellOutput{}, Code: `run, err := dtracefs.Live(display.Context(), "interval:s:1 {}", dtracefs.LiveOptions{})
if err != nil { panic(err) }
for _, err := range run.Batches() { _ = err }`})
	}()
	var pid int
	eventually(t, "the tracer runs", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0 || len(ended) > 0
	})
	cancel()
	if res := <-ended; res.Err == nil || res.Err.Name != "interrupted" {
		t.Errorf("the cell ended with %v", res.Err)
	}
	eventually(t, "the tracer ends", func() bool {
		said, _ := os.ReadFile(filepath.Join(dir, "end"))
		return string(said) == "asked\n" && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
}
