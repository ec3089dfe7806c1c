//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// ticking puts a dtrace in front of PATH that prints blocks of two processes, as many as there are
// seconds, and keeps its script.
func ticking(t *testing.T, seconds int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var text strings.Builder
	for s := range seconds {
		fmt.Fprintf(&text, "%d000000000\nsyscall nginx %d\nsyscall sh 40\n\n", 1795376740+s, 900+s*7%50)
	}
	script := "#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\ncp \"$1\" " + dir + "/script\ncat " + dir + "/text\n"
	for name, content := range map[string]string{"dtrace": script, "text": text.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

func runCommandLine(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, said bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&said)
	err = cmd.ExecuteContext(context.Background())
	return out.String(), said.String(), err
}

// TestRecordLearnWatch runs the three commands that an operator needs.
func TestRecordLearnWatch(t *testing.T) {
	dir := ticking(t, 120)
	path := filepath.Join(dir, "capture.txt.zst")
	_, stderr, err := runCommandLine(t, "record", "--script", "syscalls,io", "--tracer", "dtrace", "-o", path)
	if err != nil || !strings.Contains(stderr, "recorded "+path) || !strings.Contains(stderr, "480 lines") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	ran, _ := os.ReadFile(filepath.Join(dir, "script"))
	beside, _ := os.ReadFile(filepath.Join(dir, "capture.d"))
	if !bytes.Equal(ran, beside) || !bytes.Contains(ran, []byte("syscall:::entry")) || !bytes.Contains(ran, []byte("io:::start")) {
		t.Errorf("ran\n%s\nand kept\n%s", ran, beside)
	}
	normal := filepath.Join(dir, "normal.json")
	if _, stderr, err := runCommandLine(t, "learn", "-o", normal, path); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	stdout, stderr, err := runCommandLine(t, "watch", normal, "--script", "syscalls", "--no-state")
	if err != nil || !strings.Contains(stderr, "running dtrace with syscalls") {
		t.Errorf("%v\n%s\n%s", err, stdout, stderr)
	}
	b, err := behavior.Load(normal)
	if err != nil {
		t.Fatal(err)
	}
	if got := scriptsOf(b); len(got) != 1 || got[0] != "syscalls" {
		t.Errorf("what prints the behavior is %q", got)
	}
}

func TestRecordRefuses(t *testing.T) {
	dir := ticking(t, 3)
	path := filepath.Join(dir, "capture.txt")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--script", "nosuch"}, "neither a file nor in the library"},
		{[]string{"--script", "io,nosuch"}, "not in the library"},
		{[]string{"--keep", "3"}, "--keep is for the parts"},
		{[]string{"--for", "-3s"}, "want positive"},
		{[]string{"--with", "su"}, "want sudo, doas or pfexec"},
		{[]string{"--tracer", "no-such-tracer"}, "no tracer on PATH"},
	} {
		_, _, err := runCommandLine(t, append([]string{"record", "-o", path}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q gives %v, want %q", c.args, err, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "dtrace"), []byte("#!/bin/sh\necho 'dtrace: failed to compile script x.d: line 3: failed to resolve comm: Unknown variable name' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := runCommandLine(t, "record", "-o", path, "--tracer", "dtrace")
	if err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "did you mean execname") {
		t.Errorf("a script that is not taken gives %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if _, _, err := runCommandLine(t, "watch", filepath.Join(dir, "none.json"), "--script", "io", "--", "dtrace"); err == nil {
		t.Error("a behavior that is not there is watched")
	}
}

func TestRecordParts(t *testing.T) {
	dir := ticking(t, 60)
	path := filepath.Join(dir, "capture.txt")
	for range 3 {
		if _, stderr, err := runCommandLine(t, "record", "--tracer", "dtrace", "--rotate", "1h", "--keep", "1", "-o", path); err != nil {
			t.Fatalf("%v\n%s", err, stderr)
		}
	}
	parts, err := dtracefs.Rotated(os.DirFS(dir), "capture.txt")
	if err != nil || len(parts) != 2 {
		t.Errorf("%v, %q", err, parts)
	}
}
