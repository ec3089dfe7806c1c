package behavior

import (
	"testing"

	"dtnotes/dtracefs"
)

// What a capture has beside a name decides who is the kernel's own; where it has
// nothing, nothing is decided.
func TestIdentity(t *testing.T) {
	exec, pid, zone := dtracefs.ExecName, dtracefs.PID, dtracefs.ZoneName
	for _, c := range []struct {
		columns []string
		dims    []dtracefs.Dimension
		source  string
		kernel  decision
		tracer  bool
	}{
		{[]string{"execname"}, []dtracefs.Dimension{exec}, "kworker/0:1", unknown, false},
		{[]string{"execname"}, []dtracefs.Dimension{exec}, "bpftrace", unknown, true},
		{[]string{"kind", "execname"}, []dtracefs.Dimension{dtracefs.Kind, exec}, "syscall my bpftrace", unknown, false},
		{[]string{"pid", "ppid", "comm"}, []dtracefs.Dimension{pid, pid, exec}, "44 2 kworker/0:1", yes, false},
		{[]string{"pid", "ppid", "comm"}, []dtracefs.Dimension{pid, pid, exec}, "44 1 kworker/0:1", no, false},
		// The names of these columns do not say what their numbers are.
		{[]string{"p", "q", "comm"}, []dtracefs.Dimension{"", "", exec}, "0 2 kthreadd", unknown, false},
		{[]string{"PPID", "@PID", "COMM"}, []dtracefs.Dimension{pid, pid, exec}, "0 2 kthreadd", yes, false},
		{[]string{"ppid", "pid", "comm"}, []dtracefs.Dimension{pid, pid, exec}, "0 1 systemd", no, false},
		{[]string{"comm", "pid"}, []dtracefs.Dimension{exec, pid}, "swapper/1 0", yes, false},
		{[]string{"comm", "pid"}, []dtracefs.Dimension{exec, pid}, "Web Content 7", unknown, false},
		{[]string{"zonename", "execname"}, []dtracefs.Dimension{zone, exec}, "web kworker/0:1", no, false},
		{[]string{"zonename", "execname"}, []dtracefs.Dimension{zone, exec}, "global dtrace", unknown, true},
		{[]string{"comm", "kthread"}, []dtracefs.Dimension{exec, ""}, "nfsd 1", yes, false},
		{[]string{"comm", "kthread"}, []dtracefs.Dimension{exec, ""}, "kworker/0:1 0", no, false},
		{[]string{"pid", "args"}, []dtracefs.Dimension{pid, exec}, "9 [kworker/0:1]", yes, false},
		{[]string{"pid", "args"}, []dtracefs.Dimension{pid, exec}, "9 /usr/bin/perf", no, true},
		{[]string{"uid", "probefunc"}, []dtracefs.Dimension{dtracefs.UID, dtracefs.ProbeFunc}, "0 read", unknown, false},
	} {
		id := identityOf(&dtracefs.Measure{Names: c.columns, Dims: c.dims}, c.columns[0] == "kind")
		if got := id.kernel(c.source); got != c.kernel {
			t.Errorf("%v %q: kernel is %d, want %d", c.columns, c.source, got, c.kernel)
		}
		if got := id.observer(c.source); got != c.tracer {
			t.Errorf("%v %q: observer is %v", c.columns, c.source, got)
		}
	}
	id := identityOf(&dtracefs.Measure{Names: []string{"pid", "execname"}, Dims: []dtracefs.Dimension{pid, exec}}, false)
	if !id.numbered("812 tracer", []string{"7", "812"}) || id.numbered("812 tracer", []string{"81"}) {
		t.Error("a tracer is known by its number")
	}
}
