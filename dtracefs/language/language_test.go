package language

import (
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tracer := range []string{"dtrace", "bpftrace"} {
		for _, w := range Words(tracer) {
			if w.Name == "" || w.Doc == "" || strings.Contains(w.Doc, "\n") {
				t.Errorf("%s: %+v", tracer, w)
			}
		}
		if w, ok := Find(tracer, "count"); !ok || w.Kind != "aggregation" || w.Signature != "count()" {
			t.Errorf("%s: count is %+v", tracer, w)
		}
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ tracer, name, want string }{
		{"bpftrace", "execname", "comm"},
		{"bpftrace", "coun", "count"},
		{"dtrace", "comm", "execname"},
		{"dtrace", "execnam", "execname"},
		{"dtrace", "probfunc", "probefunc"},
		{"dtrace", "quantise", "quantize"},
		{"dtrace", "pirntf", "printf"},
	} {
		if got := Suggest(c.tracer, c.name); len(got) == 0 || got[0] != c.want {
			t.Errorf("%s in %s suggests %q, want %s first", c.name, c.tracer, got, c.want)
		}
	}
	if got := Suggest("dtrace", "xyzzyx"); len(got) > 0 {
		t.Errorf("suggests %q", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"sys_enter_open", "sys_enter_openat", "sys_enter_opne", "sys_exit_open", "x"}
	if got := Nearest("sys_enter_opne", names, 3); !slices.Equal(got, []string{"sys_enter_open"}) {
		t.Errorf("got %q", got)
	}
}
