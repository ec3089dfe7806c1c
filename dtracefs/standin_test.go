//go:build unix

package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// standIn puts the stand-in dtrace in front of PATH and has it replay a transcript.
func standIn(t *testing.T, replay string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "standin")+":"+os.Getenv("PATH"))
	t.Setenv("REPLAY", filepath.Join(dir, replay))
	t.Setenv("LIST", filepath.Join(dir, "live/d-list"))
	t.Setenv("PACE", "0.01")
}

// TestLiveReplays runs each transcript of dtrace: what came on standard output is what the batches
// hold, and what failed is told as the transcript has it.
func TestLiveReplays(t *testing.T) {
	names, err := filepath.Glob("testdata/live/d-*.command")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(name, ".command")
		t.Run(filepath.Base(base), func(t *testing.T) {
			standIn(t, "live/"+filepath.Base(base))
			_, src := scriptOfCommand(t, base)
			var record, stderr bytes.Buffer
			r, err := Live(context.Background(), src, LiveOptions{Tracer: "dtrace", Record: &record, RecordStderr: &stderr, Every: 10 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			lines, drops, last := 0, 0, error(nil)
			for b, err := range r.Batches() {
				if last = err; err == nil {
					lines, drops = lines+b.Lines, drops+len(b.Drops)
				}
			}
			want, _ := os.ReadFile(base + ".stdout")
			said, _ := os.ReadFile(base + ".stderr")
			if !bytes.Equal(record.Bytes(), want) || !bytes.Equal(stderr.Bytes(), said) {
				t.Errorf("recorded %d bytes and %d of standard error, want %d and %d", record.Len(), stderr.Len(), len(want), len(said))
			}
			if n := bytes.Count(want, []byte("\n")); lines != n {
				t.Errorf("%d lines, want %d", lines, n)
			}
			if n := bytes.Count(said, []byte(" on CPU ")); drops != n {
				t.Errorf("%d drops, want %d", drops, n)
			}
			var e *TracerError
			if fails := len(readTracerError("dtrace", src, string(said)).Faults) > 0; errors.As(last, &e) != fails {
				t.Errorf("failed with %v", last)
			}
		})
	}
}

func TestLiveNearestProbes(t *testing.T) {
	standIn(t, "live/d-noprobe")
	r, err := Live(context.Background(), "syscall::scoket:entry { trace(1); }", LiveOptions{Tracer: "dtrace"})
	if err != nil {
		t.Fatal(err)
	}
	var e *TracerError
	for _, err := range r.Batches() {
		errors.As(err, &e)
	}
	if e == nil || !strings.Contains(e.Faults[0].Hint, "did you mean syscall::") && !strings.Contains(e.Faults[0].Hint, "probes listed here is called like it") {
		t.Errorf("got %v", e)
	}
	if got := r.opt.nearestProbes(t.Context(), "dtrace", "dtrace", "syscall::scoket:entry"); got != "did you mean syscall::socket:entry?" {
		t.Error(got)
	}
}

// TestLiveKilledTracer is a tracer that dies in the middle of its work.
func TestLiveKilledTracer(t *testing.T) {
	standIn(t, "live/d-interrupted")
	t.Setenv("SIGNAL", "SEGV")
	r, err := Live(context.Background(), "BEGIN {}", LiveOptions{Tracer: "dtrace"})
	if err != nil {
		t.Fatal(err)
	}
	rows, last := 0, error(nil)
	for b, err := range r.Batches() {
		if last = err; err == nil {
			for _, table := range b.Tables {
				rows += table.NumRows()
			}
		}
	}
	if rows == 0 || last == nil || !strings.Contains(last.Error(), "segmentation fault") {
		t.Errorf("%d rows, then %v", rows, last)
	}
}

// TestLiveTarget keeps apart what the command of a run prints, also where the tracer runs through
// sudo.
func TestLiveTarget(t *testing.T) {
	standIn(t, "live/d-interrupted")
	sudo := t.TempDir()
	if err := os.WriteFile(filepath.Join(sudo, "sudo"), []byte("#!/bin/sh\ntest \"$1\" = -n || exit 9\nshift\necho \"$@\" >> "+sudo+"/log\nexec \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", sudo+":"+os.Getenv("PATH"))
	var printed, record bytes.Buffer
	r, err := Live(context.Background(), "BEGIN {}", LiveOptions{Tracer: "dtrace", With: "sudo", PID: 7, Target: "echo of the command", TargetOutput: &printed, Record: &record})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Batches() {
		if err != nil {
			t.Error(err)
		}
	}
	want, _ := os.ReadFile("testdata/live/d-interrupted.stdout")
	if printed.String() != "of the command\n" || record.String() != string(want) {
		t.Errorf("the command printed %q, the script %q", printed.String(), record.String())
	}
	log, _ := os.ReadFile(filepath.Join(sudo, "log"))
	if !strings.Contains(string(log), "dtrace -p 7 -c echo of the command -o ") {
		t.Errorf("ran %q", log)
	}
	if table := r.Latest(""); table == nil || r.Latest(table.Name) != table || r.Latest("nosuch") != nil {
		t.Errorf("the latest table is %v", table)
	}
}

// TestLiveNearestOfAttached is a probe that the tracer finds missing only when it attaches it, as
// bpftrace does with functions of the kernel.
func TestLiveNearestOfAttached(t *testing.T) {
	dir := t.TempDir()
	const script = "#!/bin/sh\ncase $1 in\n-l) printf 'kprobe:vfs_read\\nkprobe:vfs_write\\n' ;;\n*) echo \"ERROR: Error attaching probe: 'kprobe:$NAME'\" >&2; exit 1 ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(dir, "bpftrace"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, c := range []struct {
		name, want string
		near       bool
	}{
		{"vfs_raed", "did you mean kprobe:vfs_read?", true},
		{"something_else", "the kernel does not let kprobe:something_else be traced", false},
	} {
		t.Setenv("NAME", c.name)
		r, err := Live(t.Context(), "kprobe:"+c.name+" { @ = count(); }", LiveOptions{Tracer: "bpftrace"})
		if err != nil {
			t.Fatal(err)
		}
		var e *TracerError
		for _, err := range r.Batches() {
			errors.As(err, &e)
		}
		if e == nil || !strings.HasPrefix(e.Faults[0].Hint, c.want) || strings.Contains(e.Faults[0].Hint, "did you mean") != c.near {
			t.Errorf("%s: got %v", c.name, e)
		}
	}
}
