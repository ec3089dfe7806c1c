//go:build unix

package eval

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dtnotes/kernel/display"
)

// fakeBpftrace puts a bpftrace in front of PATH that lists probes as the real one does.
func fakeBpftrace(t *testing.T) {
	t.Helper()
	live, err := filepath.Abs("../../dtracefs/testdata/live")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\nif [ \"$1\" = -lv ]; then cat " + live + "/b-listverbose.stdout; else cat " + live + "/b-list.stdout; fi\n"
	if err := os.WriteFile(filepath.Join(dir, "bpftrace"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// TestTraceHelp completes at the mark | and explains there.
func TestTraceHelp(t *testing.T) {
	standIn(t, "live/d-interrupted", "0")
	fakeBpftrace(t)
	s := newSession(t)
	for _, c := range []struct{ code, want, explains string }{
		{"%%bpftrace --f|", "--for", ""},
		{"%%bpftrace --for| 3s\nBEGIN {}", "--for", "end after so long"},
		{"%%bpftrace\ntrace|", "tracepoint:", ""},
		{"%%bpftrace\ntracepoint:sys|", "tracepoint:syscalls:", ""},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_acc|", "tracepoint:syscalls:sys_enter_accept4", ""},
		{"%%bpftrace\nenter_accept4|", "tracepoint:syscalls:sys_enter_accept4", ""},
		{"%%bpftrace\nBEG|", "BEGIN", ""},
		{"%%bpftrace\nBEGIN| { }", "BEGIN", "runs once, before everything else"},
		{"%%bpftrace\nBEGIN { }\ninterval:|", "interval:s:1", ""},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_read| { }", "tracepoint:syscalls:sys_enter_read", "args->fd unsigned int"},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_read { @ = sum(args->co|", "count", ""},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_read { @ = sum(args->count|) }", "count", "count: size_t"},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_read { @[co| ] }", "comm", ""},
		{"%%bpftrace\ntracepoint:syscalls:sys_enter_read { @[comm|] }", "comm", "name of the process"},
		{"%%bpftrace\nBEGIN { @x = hi|", "hist", ""},
		{"%%bpftrace\nBEGIN { @x = hist(|", "", "a distribution in powers of two"},
		{"%%bpftrace\nBEGIN { @read[1] = 1; @re|", "@read", ""},
		{"%%bpftrace\nBEGIN\n/pi|", "pid", ""},
		{"%%dtrace -q\nsys|", "syscall:", ""},
		{"%%dtrace\nsyscall::soc|", "syscall::socket:", ""},
		{"%%dtrace\nsyscall::socket:|", "syscall::socket:entry", ""},
		{"%%dtrace\n#pragma D option qu|", "quiet", ""},
		{"%%dtrace\nsyscall::write:entry\n/execname == \"x\"/\n{\n\tself->begun = timestamp;\n\tself->be|", "self->begun", ""},
		{"%%dtrace\nsyscall::write:entry { @ = quantize(args|", "args[2]", ""},
		{"%%dtrace\nsyscall::write:entry { @ = quant|ize(1); }", "quantize", "a distribution in powers of two"},
		{"%%dtrace\nsyscall::write:entry { @ = quantize(args|[2]); }", "args", "args[2] size_t"},
	} {
		pos := strings.Index(c.code, "|")
		code := c.code[:pos] + c.code[pos+1:]
		out := s.Complete(code, pos)
		var texts []string
		for _, it := range out.Items {
			texts = append(texts, it.Text)
		}
		if c.want != "" && !slices.Contains(texts, c.want) {
			t.Errorf("%q proposes %q, want %s", c.code, texts, c.want)
		}
		if c.explains == "" {
			continue
		}
		b, ok := s.Inspect(code, pos, 0)
		if text, _ := b.Data[display.MIMETypeText].(string); !ok || !strings.Contains(text, c.explains) || strings.Contains(text, "\n") {
			t.Errorf("%q explains %q, want %q", c.code, text, c.explains)
		}
	}
	for _, code := range []string{"%%bpftrace\nBEGIN { printf(\"co|", "%%bpftrace\n/* co|", "%%bpftrace\nBEGIN { // co|"} {
		pos := strings.Index(code, "|")
		if out := s.Complete(code[:pos], pos); len(out.Items) > 0 {
			t.Errorf("%q proposes %v", code, out.Items)
		}
	}
}

// TestNoGoInForeignCells holds that nothing of Go is proposed or explained where the text of a cell
// is no Go.
func TestNoGoInForeignCells(t *testing.T) {
	s := newSession(t)
	for _, name := range []string{"sh", "html", "markdown", "writefile x.txt"} {
		code := "%%" + name + "\necho fmt"
		if got := s.Complete(code, len(code)).Items; len(got) > 0 {
			t.Errorf("%s: proposed %v", name, got)
		}
		if b, ok := s.Inspect(code, len(code), 0); ok {
			t.Errorf("%s: explained %v", name, b)
		}
	}
	if len(s.Complete("%%s", 3).Items) == 0 {
		t.Error("commands of cells are not proposed")
	}
}
