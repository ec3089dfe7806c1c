//go:build unix

package eval

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"dtnotes/dtracefs"
	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// standIn puts the stand-in dtrace in front of PATH and has it replay a transcript or capture.
func standIn(t *testing.T, replay, pace string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	dir, err := filepath.Abs("../../dtracefs/testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "standin")+":"+os.Getenv("PATH"))
	t.Setenv("REPLAY", filepath.Join(dir, replay))
	t.Setenv("LIST", filepath.Join(dir, "live/d-list"))
	t.Setenv("PACE", pace)
}

// traceOutput keeps what a cell shows.
type traceOutput struct {
	cellOutput
	mu      sync.Mutex
	shows   int
	updates int
	ids     map[string]bool
	last    display.Bundle
}

func (o *traceOutput) Display(b display.Bundle, id string, update bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil {
		o.ids = map[string]bool{}
	}
	o.ids[id] = true
	o.last = b
	if update {
		o.updates++
	} else {
		o.shows++
	}
}

func (o *traceOutput) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last.Text()
}

func TestTraceCell(t *testing.T) {
	standIn(t, "live/d-command", "0.01")
	s := newSession(t)
	path := filepath.Join(t.TempDir(), "calls.txt.zst")
	out := &traceOutput{}
	res := s.Eval(context.Background(), cell.Cell{Out: out, Code: "%%dtrace -q -c 'echo of the command' --as calls -o " + path + "\nsyscall:::entry\n/pid == $target/\n{\n\t@[probefunc] = count();\n}\n"})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if out.shows != 1 || out.updates < 1 || len(out.ids) != 1 || !strings.Contains(out.text(), "ended") || !strings.Contains(out.text(), "exit_group") {
		t.Errorf("shown %d times, %d updates of %d displays, at last %s", out.shows, out.updates, len(out.ids), out.text())
	}
	if o := out.outcome(cell.Result{}); o.Stdout != "of the command\n" {
		t.Errorf("the cell printed %q", o.Stdout)
	}
	loaded, err := dtracefs.Load(t.Context(), os.DirFS(filepath.Dir(path)), filepath.Base(path), dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res = s.Eval(context.Background(), cell.Cell{Out: out, Code: "calls"})
	got, ok := res.Values[0].V.(*dtracefs.Capture)
	if !ok || !reflect.DeepEqual(got, loaded) {
		t.Errorf("the variable is %v, the file holds %v", res.Values[0].V, loaded)
	}
}

// TestTraceCellFails replays each transcript of a tracer that fails: the cell fails, with the
// message's place in it, and what was in the variable before stays.
func TestTraceCellFails(t *testing.T) {
	names, err := filepath.Glob("../../dtracefs/testdata/live/d-*.status")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	s := newSession(t)
	must(t, s, "capture := 42")
	failed := 0
	for _, name := range names {
		status, _ := os.ReadFile(name)
		base := strings.TrimSuffix(name, ".status")
		stdout, _ := os.ReadFile(base + ".stdout")
		if strings.TrimSpace(string(status)) == "0" || strings.TrimSpace(string(status)) == "124" || len(stdout) > 0 {
			continue
		}
		failed++
		standIn(t, "live/"+filepath.Base(base), "0")
		script := "BEGIN { exit(0); }"
		if src, err := os.ReadFile(base + ".d"); err == nil {
			script = string(src)
		}
		res := s.Eval(context.Background(), cell.Cell{Number: 7, Out: &traceOutput{}, Code: "\n%%dtrace\n" + script})
		if res.Err == nil || res.Err.Name != "trace error" {
			t.Errorf("%s: %v", name, res.Err)
			continue
		}
		switch filepath.Base(base) {
		case "d-script-syntax":
			if trace := strings.Join(res.Err.Traceback, "\n"); !strings.Contains(res.Err.Message, `cell[7]:12:20: syntax error near "@n"`) || !strings.Contains(trace, "^^") || !strings.Contains(trace, "printa(") {
				t.Errorf("%s:\n%s\n%s", name, res.Err.Message, trace)
			}
		case "d-script-undefined":
			if !strings.Contains(res.Err.Message, "cell[7]:8:5: ") || !strings.Contains(res.Err.Message, "did you mean probefunc?") {
				t.Errorf("%s: %s", name, res.Err.Message)
			}
		case "d-nouser":
			if !strings.Contains(res.Err.Message, "tracing needs") || !strings.Contains(res.Err.Message, "--with sudo") {
				t.Errorf("%s: %s", name, res.Err.Message)
			}
		}
	}
	if failed < 5 {
		t.Errorf("%d transcripts fail", failed)
	}
	if v := must(t, s, "capture"); v != "42 :: int" {
		t.Errorf("afterwards capture is %s", v)
	}
	t.Setenv("PATH", t.TempDir())
	res := s.Eval(context.Background(), cell.Cell{Out: &traceOutput{}, Code: "%%dtrace\nBEGIN {}"})
	if res.Err == nil || !strings.Contains(res.Err.Message, "there is no dtrace on PATH") {
		t.Errorf("without a tracer: %v", res.Err)
	}
}

// TestTraceCellInterrupt interrupts a trace: it ends as one that was meant to, and what came, also
// on the way out, is in the variable.
func TestTraceCellInterrupt(t *testing.T) {
	replay := filepath.Join(t.TempDir(), "long")
	var text bytes.Buffer
	for range 1000 {
		text.WriteString("1795376741117661993\nsyscall sh 3\n\n")
	}
	for name, content := range map[string]string{replay: text.String(), replay + ".end": "1795376742117661993\nsyscall last 7\n\n"} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	standIn(t, "", "0.05")
	t.Setenv("REPLAY", replay)
	s := newSession(t)
	out := &traceOutput{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan cell.Result, 1)
	go func() { ended <- s.Eval(ctx, cell.Cell{Out: out, Code: "%%dtrace\ntick-1s { }"}) }()
	eventually(t, "something is shown", func() bool { return strings.Contains(out.text(), "sh") || len(ended) > 0 })
	cancel()
	if res := <-ended; res.Err != nil {
		t.Fatal(res.Err)
	}
	if !strings.Contains(out.text(), "interrupted") {
		t.Errorf("at last %s", out.text())
	}
	if v := must(t, s, `a := capture.Activity(); a.NumRows() > 1 && a.Column("execname").Text(a.NumRows()-1) == "last"`); v != "true :: bool" {
		t.Errorf("what came on the way out: %s, %s", v, must(t, s, "capture.String()"))
	}
}

// TestTraceCellBpftrace runs the real tracer where there is one and it may.
func TestTraceCellBpftrace(t *testing.T) {
	path, err := exec.LookPath("bpftrace")
	if err != nil {
		t.Skip("bpftrace is not installed")
	}
	if out, err := exec.Command(path, "-e", "BEGIN { exit(); }").CombinedOutput(); err != nil {
		t.Skipf("bpftrace may not trace here: %v: %s", err, bytes.TrimSpace(out))
	}
	s := newSession(t)
	file := filepath.Join(t.TempDir(), "ticks.txt")
	out := &traceOutput{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	res := s.Eval(ctx, cell.Cell{Out: out, Code: "%%bpftrace --for 2500ms -o " + file + "\ninterval:ms:200 { @[\"tick\", \"a b\"] = count(); time(\"%H:%M:%S\\n\"); print(@); clear(@); }\nEND { clear(@); }"})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if out.updates < 2 || !strings.Contains(out.text(), "time is up") || !strings.Contains(out.text(), "a b") {
		t.Errorf("%d updates, at last %s", out.updates, out.text())
	}
	loaded, err := dtracefs.Load(ctx, os.DirFS(filepath.Dir(file)), "ticks.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res = s.Eval(ctx, cell.Cell{Out: out, Code: "capture"})
	if !reflect.DeepEqual(res.Values[0].V, loaded) {
		t.Errorf("the variable is %v, the file holds %v", res.Values[0].V, loaded)
	}
	res = s.Eval(ctx, cell.Cell{Number: 9, Out: out, Code: "%%bpftrace\ninterval:s:1\n{\n\t@[execname] = count();\n}"})
	if res.Err == nil || !strings.Contains(res.Err.Message, "cell[9]:4:4: Unknown identifier: 'execname'\ndid you mean comm") {
		t.Errorf("an error is told as %v", res.Err)
	}
}
