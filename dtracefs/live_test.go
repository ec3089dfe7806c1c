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
	"syscall"
	"testing"
	"time"
)

// fakeTracer puts a shell script named bpftrace in front of PATH.
func fakeTracer(t *testing.T, body string) { fakeTracerNamed(t, "bpftrace", body) }

func fakeTracerNamed(t *testing.T, name, body string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

const liveScript = `interval:s:1 { print(@n); }`

func TestLiveBatches(t *testing.T) {
	fakeTracer(t, `
test -f "$1" && test "$2" = 25 || exit 9
echo "Attaching 1 probe..."
echo "WARNING: something" >&2
for s in 1 2 3; do
	printf '179537674%d.000000\n@n[csw, a]: %d\n' $s $s
	sleep 0.05
done
echo "Lost 7 events"
`)
	var record bytes.Buffer
	r, err := Live(context.Background(), liveScript, LiveOptions{Args: []string{"25"}, Record: &record, Every: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	rows, drops, warnings := "", 0, 0
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		if a := b.Activity(); a != nil {
			for i := range a.NumRows() {
				rows += a.Column("value").Text(i) + " "
			}
		}
		drops += len(b.Drops)
		for _, n := range b.Notices {
			if n.Kind == "warning" {
				warnings++
			}
		}
	}
	if rows != "1 2 3 " || drops != 1 || warnings != 1 {
		t.Errorf("rows %q, %d drops, %d warnings", rows, drops, warnings)
	}
	if !strings.HasPrefix(record.String(), "Attaching 1 probe...\n") || !strings.HasSuffix(record.String(), "Lost 7 events\n") {
		t.Errorf("recorded %q", record.String())
	}
	if len(r.Command) != 3 || r.Command[2] != "25" || r.Stderr() != "WARNING: something\n" {
		t.Errorf("command %v, stderr %q", r.Command, r.Stderr())
	}
	if _, err := os.Stat(r.Command[1]); !os.IsNotExist(err) {
		t.Errorf("the script's file is left behind: %v", err)
	}
}

func TestLiveFails(t *testing.T) {
	fakeTracer(t, "echo 'x.bt:1:1-2: ERROR: bad' >&2; exit 3")
	r, err := Live(context.Background(), liveScript, LiveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range r.Batches() {
		last = err
	}
	var e *TracerError
	if !errors.As(last, &e) || len(e.Faults) != 1 || e.Faults[0].Text != "bad" || e.Faults[0].Line != 1 || e.Faults[0].Column != 1 || !strings.Contains(last.Error(), "line 1, column 1: bad") {
		t.Errorf("a tracer that fails yields %v", last)
	}
	if _, err := Live(context.Background(), liveScript, LiveOptions{Tracer: "no-such-tracer"}); !errors.Is(err, ErrNoTracer) {
		t.Errorf("without a tracer: %v", err)
	}
}

// TestLiveRefusedProbe runs the library under a tracer that does as DTrace on Linux 6.18 does: a
// probe that the kernel refuses is the end of the whole program.
func TestLiveRefusedProbe(t *testing.T) {
	fakeTracerNamed(t, "dtrace", `
if grep -q '^proc:::exit' "$2"; then
	echo "dtrace: could not enable tracing: BPF program load for 'proc:vmlinux::exit' failed: Permission denied" >&2
	exit 1
fi
printf '1795376741117661993\nfork sh 3\n\n'
`)
	for _, system := range []string{"linux", "illumos"} {
		for _, s := range ScriptsOn(system) {
			for _, src := range []string{s.D, s.ByContainer().D} {
				r, err := Live(context.Background(), src, LiveOptions{Tracer: "dtrace"})
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
				refused := last != nil && strings.Contains(last.Error(), "proc:vmlinux::exit")
				if want := system == "illumos" && s.Name == "processes"; refused != want || !want && (rows != 1 || last != nil) {
					t.Errorf("%s for %s: %d rows, %v", s.Name, system, rows, last)
				}
			}
		}
	}
}

// TestLiveLeavesNothing holds that a tracer that ignores interrupts, and its children, are
// gone when the context has ended.
func TestLiveLeavesNothing(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	fakeTracer(t, `
trap '' INT TERM
sleep 300 &
echo $$ $! > `+pids+`.new && mv `+pids+`.new `+pids+`
echo 1795376741.000000
while :; do sleep 0.01; done
`)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := Live(ctx, liveScript, LiveOptions{Every: 5 * time.Millisecond, Grace: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 1000 {
			if _, err := os.Stat(pids); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	for range r.Batches() {
	}
	data, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(string(data)) {
		pid := 0
		for _, c := range f {
			pid = 10*pid + int(c-'0')
		}
		gone := false
		for range 200 {
			if gone = errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(f); gone {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !gone {
			t.Errorf("process %s is left behind", f)
		}
	}
}

// isZombie reports whether a process has ended and only waits for its parent.
func isZombie(pid string) bool {
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(data), ") ")
	return err == nil && strings.HasPrefix(rest, "Z")
}

func TestLiveStops(t *testing.T) {
	fakeTracer(t, "trap 'echo 1795376742.000000; echo \"@n[csw, a]: 9\"; exit 0' INT\necho 1795376741.000000\nwhile :; do sleep 0.01; done")
	r, err := Live(context.Background(), liveScript, LiveOptions{Every: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	go r.Stop()
	for _, err := range r.Batches() {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestLiveBpftrace runs the real tracer where there is one and it may.
func TestLiveBpftrace(t *testing.T) {
	path, err := exec.LookPath("bpftrace")
	if err != nil {
		t.Skip("bpftrace is not installed")
	}
	if out, err := exec.Command(path, "-e", "BEGIN { exit(); }").CombinedOutput(); err != nil {
		t.Skipf("bpftrace may not trace here: %v: %s", err, bytes.TrimSpace(out))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	src := `interval:ms:100 { @n["tick", "a b"] = count(); printf("%s\n", strftime("%s.%f", nsecs)); print(@n); clear(@n); @k++; if (@k > 4) { exit(); } } END { clear(@n); clear(@k); }`
	r, err := Live(ctx, src, LiveOptions{Tracer: "bpftrace", Every: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatalf("%v\n%s", err, r.Stderr())
		}
		if a := b.Activity(); a != nil {
			rows += a.NumRows()
			if got := a.Column("execname").Text(0); got != "a b" {
				t.Errorf("execname %q", got)
			}
		}
	}
	if rows < 3 {
		t.Errorf("%d rows of activity, want 5\n%s", rows, r.Stderr())
	}
}
