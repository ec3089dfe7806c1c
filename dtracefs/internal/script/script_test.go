package script

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

const persec = `#!/usr/sbin/dtrace -s
/* printf("not this %d\n", x); */
#pragma D option quiet
inline int mine = curthread->id == $1;
rawtp:raw_syscalls::sys_enter /mine/ { @n["syscall", execname] = count(); }
syscall::read:return { @n2["read_bytes", execname] = sum(arg1); @dist[pid, probefunc] = quantize(arg1); @[ustack()] = count(); }
tick-1s {
	printf("%d\n", walltimestamp); // a comment
	printa("%s %s %@d\n", @n);
	printa(" %-16s %6d %@8d %@8d\n", @dist, @n2);
	printf("%d %s %s:%s %d \"%s\"\n", pid, execname, probefunc, probename, (int)arg0, copyinstr(arg1));
	printf("%Y %s sched_switch:off %d\n", walltimestamp, self->name, args[0]->b_bcount);
}
`

func TestParse(t *testing.T) {
	s := Parse(persec)
	want := []Aggregation{
		{"@n", []string{`"syscall"`, "execname"}, "count", []map[int]string{{0: "syscall"}}},
		{"@n2", []string{`"read_bytes"`, "execname"}, "sum", []map[int]string{{0: "read_bytes"}}},
		{"@dist", []string{"pid", "probefunc"}, "quantize", []map[int]string{{}}},
		{"@", []string{"ustack()"}, "count", []map[int]string{{}}},
	}
	if !reflect.DeepEqual(s.Aggregations, want) {
		t.Errorf("aggregations %v", s.Aggregations)
	}
	names := []string{"walltimestamp", "kind execname n", "pid probefunc dist n2", "pid execname probefunc probename arg0 arg1", "walltimestamp name b_bcount"}
	for i, f := range s.Formats {
		var got []string
		for _, c := range f.Columns {
			got = append(got, c.Name)
		}
		if strings.Join(got, " ") != names[i] {
			t.Errorf("format %d has columns %v, want %s", i, got, names[i])
		}
	}
	if len(s.Formats) != len(names) {
		t.Errorf("%d formats, want %d", len(s.Formats), len(names))
	}
}

func TestMatch(t *testing.T) {
	s := Parse(persec)
	for _, c := range []struct {
		format int
		line   string
		want   string // cells joined by bars; "" for no match
	}{
		{1, "csw Web Content 4", "csw|Web Content|4"},
		{1, "csw  8", "csw||8"},
		{1, "csw a", ""},
		{2, " bash                 12        5        0", "bash|12|5|0"},
		{3, `7 two words openat:entry 5 "/tmp/a b"`, `7|two words|openat|entry|5|/tmp/a b`},
		{3, `7 sh openat:entry x "/tmp"`, ""},
		{4, "2005 Jul  6 00:34:40 a b sched_switch:off 3", "2005 Jul  6 00:34:40|a b|3"},
	} {
		cells, ok := s.Formats[c.format].Match([]byte(c.line), nil)
		var got []string
		for _, cell := range cells {
			got = append(got, string(cell))
		}
		if ok != (c.want != "") || ok && strings.Join(got, "|") != c.want {
			t.Errorf("%q reads %q, %v; want %q", c.line, got, ok, c.want)
		}
	}
}

// The sign of a number's base is a part of the number, and a decimal number is one.
func TestBases(t *testing.T) {
	s := Parse(`io:::start { printf("open(%s) flags=0x%x mode=0%o 0x%16x v1.0%o %8.2fms %e\n", str(args.filename), args.flags, args.mode, arg3, arg4, $a.b, 1.5); }`)
	f := s.Formats[0]
	cells, ok := f.Match([]byte("open(/a b) flags=0x800 mode=0644 0x              ff v1.07     1.50ms 1.000000e+09"), nil)
	got := string(bytes.Join(cells, []byte("|")))
	if want := "/a b|0x800|0644|ff|7|1.50|1.000000e+09"; !ok || got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var names []string
	for _, c := range f.Columns {
		names = append(names, c.Name)
	}
	if got, want := strings.Join(names, " "), "filename flags mode arg3 arg4 b c7"; got != want {
		t.Errorf("columns %s, want %s", got, want)
	}
	if _, ok := f.Match([]byte("open(a) flags=800 mode=0644 0x              ff v1.07     1.50ms 1.0e+09"), nil); ok {
		t.Error("a number without its sign is taken for one with it")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(persec, "csw a 4")
	f.Add(`@a[1] = hist(1); printf("%5s %-6d\n", a, b`, "x 1")
	f.Fuzz(func(t *testing.T, src, line string) {
		s := Parse(src)
		for _, format := range s.Formats {
			format.Match([]byte(line), nil)
		}
		s.Foreign([]byte(line))
		s.Printed(1, false)
	})
}
