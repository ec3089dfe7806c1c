package tracing

import "testing"

// FuzzPlace holds that help never fails, whatever is being written, and replaces what is there.
func FuzzPlace(f *testing.F) {
	f.Add("syscall::write:entry\n/pid == 3/\n{ @[execname, args[0]] = quantize(arg2); }", 40)
	f.Add("#pragma D\n// x\n/* y */ \"z\\\" {", 10)
	f.Fuzz(func(t *testing.T, script string, pos int) {
		if pos < 0 || pos > len(script) {
			return
		}
		for _, tracer := range []string{"dtrace", "bpftrace"} {
			if p := placeAt(tracer, script, pos); p.start < 0 || p.start > pos || p.end < pos || p.end > len(script) {
				t.Errorf("%+v at %d of %q", p, pos, script)
			}
		}
	})
}
