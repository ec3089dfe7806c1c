package dtracefs

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dtnotes/dtracefs/internal/script"
)

func TestLibrary(t *testing.T) {
	scripts := Scripts()
	var names []string
	for _, s := range scripts {
		names = append(names, s.Name)
		if s.Doc == "" || s.D == "" || s.Bpftrace == "" || s.For("/usr/bin/bpftrace") != s.Bpftrace || s.For("dtrace") != s.D {
			t.Errorf("%s is not whole", s.Name)
		}
		for _, src := range []string{s.D, s.Bpftrace} {
			for _, a := range script.Parse(src).Aggregations {
				if s.Name != "stacks" && (len(a.Keys) != 2 || script.KeyName(a.Keys[0], 0) != "kind") {
					t.Errorf("%s: %s is keyed by %v, want kind and process", s.Name, a.Name, a.Keys)
				}
			}
		}
		if !looksLikeBpftrace(s.Bpftrace) || looksLikeBpftrace(s.D) {
			t.Errorf("%s: the languages are not told apart", s.Name)
		}
	}
	if got := strings.Join(names, " "); got != "accepts io processes readwrite stacks switches syscalls" {
		t.Errorf("library holds %s", got)
	}
	if ScriptNamed("io").Name != "io" || ScriptNamed("none").Name != "" {
		t.Error("scripts are not found by name")
	}
}

// TestLibraryRuns runs every script under the real bpftrace where it may trace.
func TestLibraryRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	bpftrace, err := exec.LookPath("bpftrace")
	if err != nil {
		t.Skip("bpftrace is not installed")
	}
	if out, err := exec.Command(bpftrace, "-e", "BEGIN { exit(); }").CombinedOutput(); err != nil {
		t.Skipf("bpftrace may not trace here: %v: %s", err, bytes.TrimSpace(out))
	}
	for _, s := range Scripts() {
		t.Run(s.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r, err := Live(ctx, s.Bpftrace, LiveOptions{Tracer: bpftrace, Every: 100 * time.Millisecond, Grace: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			rows, unparsed := 0, 0
			busy := s.Name == "syscalls" || s.Name == "switches" || s.Name == "readwrite"
			for b, err := range r.Batches() {
				if err != nil && strings.Contains(r.Stderr(), "tracepoint not found") {
					t.Skipf("the kernel shows no tracepoints here: %v", err)
				}
				if err != nil && s.Name == "stacks" && strings.Contains(err.Error(), "killed") {
					t.Skipf("still resolving stacks: %v", err)
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, r.Stderr())
				}
				for _, table := range b.Tables {
					rows += table.NumRows()
				}
				unparsed += len(b.Unparsed)
				// Attached, it has shown what it can, unless it has yet to show something.
				if rows > 0 || !busy {
					time.AfterFunc(500*time.Millisecond, cancel)
				}
			}
			if unparsed > 0 || busy && rows == 0 {
				t.Errorf("%d rows, %d lines unparsed\n%s", rows, unparsed, r.Stderr())
			}
		})
	}
}
