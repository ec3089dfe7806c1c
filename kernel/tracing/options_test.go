package tracing

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseLine(t *testing.T) {
	for line, want := range map[string]Options{
		"":                                 {},
		"--for 30s":                        {For: 30 * time.Second},
		"--for=1m -p 12 -o a.txt.zst":      {For: time.Minute, PID: 12, Output: "a.txt.zst"},
		`-c 'ls -l "/tmp/a b"' --as calls`: {Target: `ls -l "/tmp/a b"`},
		`-c "sh -c 'sleep 1'"`:             {Target: "sh -c 'sleep 1'"},
		"--with sudo -x bufsize=8m -Z -q":  {With: "sudo", Flags: []string{"-x", "bufsize=8m", "-Z", "-q"}},
	} {
		want.Tracer = "dtrace"
		got, variable, err := ParseLine("dtrace", line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
		if as := map[bool]string{true: "calls", false: "capture"}[strings.Contains(line, "--as")]; variable != as {
			t.Errorf("%q is kept as %s", line, variable)
		}
	}
	for line, want := range map[string]string{
		"--for":                "--for wants a value",
		"--for soon":           "want a time such as",
		"--for -1s":            "want a time such as",
		"-p x":                 "want the number of a process",
		"--as 1x":              "want a name for a variable",
		"--with su":            "want sudo, doas or pfexec",
		"-n 'BEGIN {}'":        "the body of the cell is the script",
		"syscalls.d":           "is no option",
		"-c 'ls":               "has no end",
		`-o a\`:                "stands for nothing",
		"-p 3 -c ls":           "name two processes",
		"--with doas -x":       "-x wants a value",
		"-l 'syscall:::entry'": "lists probes",
	} {
		if _, _, err := ParseLine("dtrace", line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", line, err, want)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add(`--for 3s -c 'a "b" \c' --as x`)
	f.Fuzz(func(t *testing.T, line string) {
		if _, variable, err := ParseLine("bpftrace", line); err == nil && variable == "" {
			t.Errorf("%q names no variable", line)
		}
	})
}
