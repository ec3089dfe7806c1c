package dtracefs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scriptOfCommand is the script of a transcript: a file beside it, or what its command line holds.
func scriptOfCommand(t *testing.T, base string) (tracer, src string) {
	t.Helper()
	command, err := os.ReadFile(base + ".command")
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSuffix(string(command), "\n")
	tracer = "bpftrace"
	if strings.HasPrefix(filepath.Base(base), "d-") {
		tracer = "dtrace"
	}
	for _, ext := range []string{".d", ".bt"} {
		if data, err := os.ReadFile(base + ext); err == nil {
			return tracer, string(data)
		}
	}
	for _, flag := range []string{" -e ", " -n "} {
		if _, script, ok := strings.Cut(line, flag); ok {
			return tracer, script
		}
	}
	return tracer, ""
}

// TestTracerErrors reads what real tracers said of scripts that they did not take.
func TestTracerErrors(t *testing.T) {
	names, err := filepath.Glob("testdata/live/*.stderr")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var got strings.Builder
	for _, name := range names {
		base := strings.TrimSuffix(name, ".stderr")
		said, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tracer, src := scriptOfCommand(t, base)
		e := readTracerError(tracer, src, string(said))
		if len(e.Faults) == 0 {
			continue
		}
		fmt.Fprintf(&got, "== %s\n", filepath.Base(base))
		for _, f := range e.Faults {
			fmt.Fprintf(&got, "%d:%d+%d %s\n", f.Line, f.Column, f.Width, f.Text)
			if f.Line > 0 && f.Column > 0 {
				line := strings.Split(src, "\n")[f.Line-1]
				fmt.Fprintf(&got, "\tat %q\n", line[f.Column-1:min(len(line), f.Column-1+f.Width)])
			}
			if f.Hint != "" {
				fmt.Fprintf(&got, "\t%s\n", f.Hint)
			}
			if f.Probe != "" {
				fmt.Fprintf(&got, "\tno probe %s\n", f.Probe)
			}
		}
	}
	const golden = "testdata/live/errors.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || got.String() != string(want) {
		t.Errorf("%v; got\n%s", err, got.String())
	}
}

// TestOtherTracerErrors are messages that no transcript holds, as the tracers' sources have them.
func TestOtherTracerErrors(t *testing.T) {
	for _, c := range []struct{ tracer, src, said, text, hint string }{
		{"bpftrace", "kprobe:vfs_read { @ = count(); }", "create_probe_event: open(/sys/kernel/tracing/kprobe_events): No such file or directory\nERROR: Error attaching probe: 'kprobe:vfs_read'\n",
			"1:1 Error attaching probe", "the kernel does not let kprobe:vfs_read be traced"},
		{"bpftrace", "BEGIN { system(\"ls\"); }", "stdin:1:9-21: ERROR: system() is an unsafe function being used in safe mode\n", "1:9 system()", "--unsafe"},
		{"bpftrace", "kfunc:vfs_read { @ = count(); }", "stdin:1:1-15: ERROR: kfunc/kretfunc not available for your kernel version.\n", "1:1 kfunc/kretfunc", "BTF"},
		{"bpftrace", "uprobe:/bin/sh:nosuch { }", "No probes to attach\n", "0:0 No probes", "-l"},
		{"bpftrace", "tracepoint:a:b { }", "ERROR: Error loading program: tracepoint:a:b (try -v)\n", "1:1 Error loading", "verifier refuses what is done at tracepoint:a:b"},
		{"bpftrace", "BEGIN { @a = cout(); }", "stdin:1:14-18: ERROR: Unknown function: cout\nHINT: x\n", "1:14 Unknown function", "did you mean count"},
		{"dtrace", "proc:::exit\n{\n}", "dtrace: could not enable tracing: BPF program load for 'proc:vmlinux::exit' failed: Permission denied\n",
			"0:0 could not enable", "verifier refuses what is done at proc:vmlinux::exit"},
		{"dtrace", "", "dtrace: failed to initialize dtrace: DTrace requires additional privileges\n", "0:0 failed", "root"},
		{"dtrace", "", "dtrace: failed to initialize dtrace: DTrace device not available on system\n", "0:0 failed", "root"},
		{"dtrace", "a\nb\n@x[comm] = count();", "dtrace: failed to compile script /tmp/a.d: line 3: failed to resolve comm: Unknown variable name\n", "3:4 failed", "did you mean execname"},
		{"bpftrace", "", "sudo: a password is required\nERROR: x\n", "0:0 x", ""},
	} {
		e := readTracerError(c.tracer, c.src, c.said)
		if len(e.Faults) != 1 {
			t.Errorf("%q: %+v", c.said, e.Faults)
			continue
		}
		f := e.Faults[0]
		if got := fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Text); !strings.HasPrefix(got, c.text) || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%q: %s (%s), want %s (%s)", c.said, got, f.Hint, c.text, c.hint)
		}
	}
}

func FuzzTracerError(f *testing.F) {
	names, _ := filepath.Glob("testdata/live/*.stderr")
	for _, name := range names {
		if said, err := os.ReadFile(name); err == nil {
			f.Add("a\nb c\n", string(said))
		}
	}
	f.Fuzz(func(t *testing.T, src, said string) {
		for _, tracer := range []string{"dtrace", "bpftrace"} {
			for _, fault := range readTracerError(tracer, src, said).Faults {
				if fault.Line < 0 || fault.Column < 0 || fault.Width < 0 || fault.Text == "" && said == "" {
					t.Errorf("%+v", fault)
				}
			}
		}
	})
}

func TestProbeListings(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile("testdata/live/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	d := dtraceListing(read("d-list.stdout"))
	if n := strings.Count(read("d-list.stdout"), "\n") - 1; len(d) != n || d[0].Name != "syscall:vmlinux:socket:entry" {
		t.Errorf("%d of %d, the first %v", len(d), n, d[0])
	}
	v := dtraceListing(read("d-listverbose.stdout"))
	if got := fmt.Sprint(v); got != "[{syscall:vmlinux:write:entry [{args[0] unsigned int} {args[1] char *} {args[2] size_t}]}]" {
		t.Error(got)
	}
	other := dtraceListing("   ID   PROVIDER            MODULE                          FUNCTION NAME\n" +
		"    1     dtrace                                                     BEGIN\n" +
		"    7       proc           genunix                                   exit\n" +
		"    9        foo                                          some_function go\n")
	if got := fmt.Sprint(other); got != "[{dtrace:::BEGIN []} {proc:genunix::exit []} {foo::some_function:go []}]" {
		t.Error(got)
	}
	b := bpftraceListing(read("b-list.stdout"))
	if n := strings.Count(read("b-list.stdout"), "\n"); len(b) != n {
		t.Errorf("%d of %d", len(b), n)
	}
	if got := fmt.Sprint(bpftraceListing(read("b-listverbose.stdout"))); got != "[{tracepoint:syscalls:sys_enter_read [{args->__syscall_nr int} {args->fd unsigned int} {args->buf char *} {args->count size_t}]}]" {
		t.Error(got)
	}
}
