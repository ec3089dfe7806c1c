package dtracefs

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dtnotes/dtracefs/internal/script"
)

// aggregationsOf are the aggregations of a program: what it notes of its tracer is none.
func aggregationsOf(program string) []script.Aggregation {
	return slices.DeleteFunc(script.Parse(program).Aggregations, func(a script.Aggregation) bool { return a.Name == "@tracer" })
}

func TestLibrary(t *testing.T) {
	scripts := Scripts()
	var names []string
	for _, s := range scripts {
		names = append(names, s.Name)
		if s.Doc == "" || s.D == "" || s.Bpftrace == "" || s.For("/usr/bin/bpftrace") != s.Bpftrace || s.For("dtrace") != s.D {
			t.Errorf("%s is not whole", s.Name)
		}
		for _, src := range []string{s.D, s.Bpftrace} {
			for _, a := range aggregationsOf(src) {
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

// TestLibraryLeavesOutItsTracer holds that nothing a tracer itself does is counted, in the programs
// of all systems: it is known by its number, whatever it is called.
func TestLibraryLeavesOutItsTracer(t *testing.T) {
	leavesOut := func(name, program, predicate string) {
		parts, err := clausesOf(program)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		counting := 0
		for _, c := range parts.clauses {
			if !strings.Contains(c.body, "count()") && !strings.Contains(c.body, "sum(") {
				continue
			}
			if counting++; !strings.Contains(c.probe, predicate) {
				t.Errorf("%s counts its tracer at %s", name, c.probe)
			}
		}
		if counting == 0 {
			t.Errorf("%s counts nothing", name)
		}
	}
	for system := range systems {
		scripts := ScriptsOn(system)
		all, err := Combine(scripts...)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(scripts, all) {
			leavesOut(s.Name+" in D on "+system, s.D, "pid != $pid")
			leavesOut(s.Name+" in bpftrace", s.Bpftrace, "!@tracer[pid]")
			if strings.Count(s.Bpftrace, "@tracer[pid] = 1;") != 1 || strings.Count(s.Bpftrace, "clear(@tracer);") != 1 {
				t.Errorf("%s in bpftrace does not note its tracer once:\n%s", s.Name, s.Bpftrace)
			}
		}
	}
}

// systems are some whose programs in D differ, and what tells containers apart there.
var systems = map[string]string{"illumos": "zonename", "freebsd": "jailname", "linux": "cgroup", "darwin": "zonename"}

func TestLibraryByContainer(t *testing.T) {
	for system, container := range systems {
		for i, s := range ScriptsOn(system) {
			c := s.ByContainer()
			if c.Name != s.Name || s != ScriptsOn(system)[i] {
				t.Errorf("%s on %s is changed or renamed", s.Name, system)
			}
			for language, src := range map[string][2]string{"D": {s.D, c.D}, "bpftrace": {s.Bpftrace, c.Bpftrace}} {
				plain, by := script.Parse(src[0]), script.Parse(src[1])
				plain.Aggregations, by.Aggregations = aggregationsOf(src[0]), aggregationsOf(src[1])
				if len(by.Aggregations) != len(plain.Aggregations) || len(by.Formats) != len(plain.Formats) {
					t.Errorf("%s on %s in %s lost something:\n%s", s.Name, system, language, src[1])
				}
				want := container
				if language == "bpftrace" {
					want = "cgroup"
				}
				for k, a := range by.Aggregations {
					at := slices.Index(a.Keys, want)
					rest := slices.Delete(slices.Clone(a.Keys), max(at, 0), at+1)
					process := at >= 0 && at+1 < len(a.Keys) && (a.Keys[at+1] == "execname" || a.Keys[at+1] == "comm")
					if !process || !slices.Equal(rest, plain.Aggregations[k].Keys) {
						t.Errorf("%s on %s in %s: %s has the keys %q", s.Name, system, language, a.Name, a.Keys)
					}
				}
				for k, f := range by.Formats {
					if n := len(plain.Formats[k].Columns); n > 1 && len(f.Columns) != n+1 {
						t.Errorf("%s on %s in %s: a line has %d columns, want %d", s.Name, system, language, len(f.Columns), n+1)
					}
				}
			}
			if s.Name != "stacks" && !strings.Contains(c.Doc, container) {
				t.Errorf("%s on %s: its doc does not tell of the key: %s", s.Name, system, c.Doc)
			}
			if system == "linux" && strings.Count(c.D, "inline uint64_t cgroup =") != 1 {
				t.Errorf("%s: cgroup is not defined in\n%s", s.Name, c.D)
			}
		}
	}
}

// TestLibraryAvoidsRefusedProbes holds that no program for Linux has a probe that its kernels
// refuse, while others keep it.
func TestLibraryAvoidsRefusedProbes(t *testing.T) {
	for system := range systems {
		for _, s := range ScriptsOn(system) {
			if has := strings.Contains(s.D, "\nproc:::exit\n"); has != (s.Name == "processes" && system != "linux") {
				t.Errorf("%s on %s: proc:::exit in it: %v", s.Name, system, has)
			}
			if s.Name == "processes" && strings.Count(s.D, "= count()") != 3 {
				t.Errorf("processes on %s does not count three things:\n%s", system, s.D)
			}
		}
	}
}

// TestLibraryByContainerLoads loads what the programs print by container.
func TestLibraryByContainerLoads(t *testing.T) {
	s := ScriptsOn("illumos")[6].ByContainer()
	for name, capture := range map[string]string{
		"syscalls.d": "1795897108914441519\nsyscall global sh 2\nsyscall 6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60 nginx 94\n" +
			"syscall 6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60 Web Content 3\n\n1795897109914444519\nsyscall global collectd 46\n\n",
		"syscalls.bt": "Attaching 3 probes...\n1795897108.914441\n@n[syscall, 1, sh]: 2\n@n[syscall, 4217, nginx]: 94\n@n[syscall, 4217, Web Content]: 3\n" +
			"\n\n1795897109.914444\n@n[syscall, 1, collectd]: 46\n\n\n",
	} {
		src := s.D
		if name == "syscalls.bt" {
			src = s.Bpftrace
		}
		c, err := Load(t.Context(), fstest.MapFS{"syscalls.txt": {Data: []byte(capture)}, name: {Data: []byte(src)}}, "syscalls.txt", Options{})
		if err != nil || len(c.Tables) != 1 || c.Tables[0].NumRows() != 4 || len(c.Unparsed) > 0 {
			t.Fatalf("%s: %v, %v", name, c, err)
		}
		table, sum := c.Tables[0], int64(0)
		for i := range table.NumRows() {
			sum += table.Column("value").Int(i)
		}
		if sum != 2+94+3+46 || table.Column("time") == nil {
			t.Errorf("%s: %v, in all %d", name, table, sum)
		}
		if name == "syscalls.bt" && (table.Column("cgroup") == nil || table.Column("cgroup").Int(1) != 4217 || table.Column("comm") == nil || table.Column("comm").Text(2) != "Web Content") {
			t.Errorf("%s: %v", name, table)
		}
	}
}

// TestLibraryRuns runs every script under the real bpftrace where it may trace, by process and by
// container.
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
	// Under a name of its own, it is told from others that run.
	self := "self" + strconv.Itoa(os.Getpid())
	named := filepath.Join(t.TempDir(), self)
	if err := os.Symlink(bpftrace, named); err != nil {
		t.Fatal(err)
	}
	bpftrace = named
	scripts := Scripts()
	for _, s := range scripts {
		s = s.ByContainer()
		s.Name += " by container"
		scripts = append(scripts, s)
	}
	for _, s := range scripts {
		t.Run(s.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r, err := Live(ctx, s.Bpftrace, LiveOptions{Tracer: bpftrace, Every: 100 * time.Millisecond, Grace: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			rows, unparsed := 0, 0
			base, _, apart := strings.Cut(s.Name, " ")
			busy := base == "syscalls" || base == "switches" || base == "readwrite"
			for b, err := range r.Batches() {
				if err != nil && strings.Contains(r.Stderr(), "tracepoint not found") {
					t.Skipf("the kernel shows no tracepoints here: %v", err)
				}
				if err != nil && base == "stacks" && strings.Contains(err.Error(), "killed") {
					t.Skipf("still resolving stacks: %v", err)
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, r.Stderr())
				}
				for _, table := range b.Tables {
					// Where nothing happened, only the time was printed.
					if apart && table.Name != "intervals" && table.Column("cgroup") == nil {
						t.Errorf("no cgroup in %v", table)
					}
					rows += table.NumRows()
					if comm := table.Column("comm"); comm != nil && base != "processes" {
						for i := range table.NumRows() {
							if comm.Text(i) == self {
								t.Errorf("%s counts its tracer: %v", s.Name, table)
							}
						}
					}
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
