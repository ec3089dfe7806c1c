package syntax

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestAggRow(t *testing.T) {
	for line, want := range map[string]string{
		"  snmpd                                                             1":          "[{snmpd false}] 1",
		"     1109  svc.startd                                                        1": "[{1109 true} {svc.startd false}] 1",
		"              287": "[] 287",
		"  tar cf /dev/null /                                               -3": "[{tar cf /dev/null / false}] -3",
		"  x 1":                 "none",
		"no number":             "none",
		"18446744073709551615":  "none",
		" 18446744073709551615": "[] 18446744073709551615",
	} {
		keys, v, unsigned, ok := AggRow([]byte(line))
		got := "none"
		if ok {
			var list []string
			for _, k := range keys {
				list = append(list, fmt.Sprintf("{%s %v}", k.Text, k.IsInt))
			}
			got = fmt.Sprint(list, " ", v)
			if unsigned {
				got = fmt.Sprint(list, " ", uint64(v))
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for line, want := range map[string]string{
		"[0]                    3 |@@@   |": "[0] 0 0 3",
		"[2, 4)                16 |@@@   |": "[2, 4) 2 3 16",
		"[1K, 2K)               5 |@     |": "[1K, 2K) 1024 2047 5",
		"(..., 0)               1 |@     |": "(..., 0) -inf -1 1",
		"[10, ...)              1 |@     |": "[10, ...) 10 inf 1",
		"[a, b)                 1 |@     |": "none",
		"text | 1":                          "none",
	} {
		label, b, n, ok := Interval([]byte(line))
		got := "none"
		if ok {
			low, high := fmt.Sprint(b.Low), fmt.Sprint(b.High)
			if b.NoLow {
				low = "-inf"
			}
			if b.NoHigh {
				high = "inf"
			}
			got = fmt.Sprintf("%s %s %s %d", label, low, high, n)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestMapHeadAndEntry(t *testing.T) {
	for line, want := range map[string]string{
		"@: 5":          `"@" " 5" false`,
		"@n[csw, a]: 1": `"@n" "csw, a]: 1" true`,
		"@reads_2:":     `"@reads_2" "" false`,
		"mail@host: 1":  "none",
		"@ 5":           "none",
		"@":             "none",
	} {
		name, rest, open, ok := MapHead([]byte(line))
		got := "none"
		if ok {
			got = fmt.Sprintf("%q %q %v", name, rest, open)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	name, keys, value, ok := MapEntry([]byte("@n[csw, a]: b]: 12"))
	if !ok || string(name) != "@n" || string(keys) != "csw, a]: b" || string(value) != "12" {
		t.Errorf("%q %q %q %v", name, keys, value, ok)
	}
}

func TestFrame(t *testing.T) {
	for line, want := range map[string]FrameKind{
		"              unix`idle+0x3b":                         SureFrame,
		"              0x55c7a06fa5f0":                         SureFrame,
		"              Func_loop.func_c()V":                    MaybeFrame,
		"  [ ./func_slow.py:16 (func_b) ]":                     NoFrame,
		"              [ ./func_slow.py:16 (func_b) ]":         Annotation,
		"              956":                                    NoFrame,
		"a plain line":                                         NoFrame,
		"  unix`idle+0x3b":                                     SureFrame,
		"  unix`idle+0x3b                                    ": NoFrame,
		"  0x55c7a06fa5f0                                    ": NoFrame,
		"": NoFrame,
	} {
		if kind, _ := Frame([]byte(line)); kind != want {
			t.Errorf("%q: kind %d, want %d", line, kind, want)
		}
	}
}

func TestParseEvent(t *testing.T) {
	e, ok := ParseEvent([]byte("  1   3566                     openat:entry   cat       24477"))
	if !ok || e.CPU != 1 || e.ID != 3566 || string(e.Function) != "openat" || string(e.Name) != "entry" || string(e.Payload) != "  cat       24477" {
		t.Errorf("%+v %v", e, ok)
	}
	if e, ok := ParseEvent([]byte("  0      1                           :BEGIN ")); !ok || len(e.Function) != 0 || string(e.Name) != "BEGIN" {
		t.Errorf("%+v %v", e, ok)
	}
	if _, ok := ParseEvent([]byte("a line of text")); ok {
		t.Error("text is taken for an event")
	}
}

func TestParseMessage(t *testing.T) {
	for line, want := range map[string]string{
		"dtrace: script 'x.d' matched 36 probes":                        "matched 36",
		"dtrace: 1005103 drops on CPU 1":                                "drop 1005103",
		"dtrace: [DTRACEDROP_AGGREGATION] 3 aggregation drops on CPU #": "drop 3",
		"dtrace: 2559 dynamic variable drops with non-empty dirty list": "drop 2559",
		"Attaching 3 probes...":                                         "attached 3",
		"Attached 1 probe":                                              "attached 1",
		"Lost 7 events":                                                 "drop 7",
		"stdin:1:14-27: ERROR: Something bad 10":                        "error 0",
		"x.bt:3:5-9: WARNING: late":                                     "warning 0",
		"                ^C":                                            "interrupt 0",
		"the dtrace: of it":                                             "none",
		"error: something":                                              "none",
	} {
		m, ok := ParseMessage([]byte(line))
		got := "none"
		if ok {
			got = fmt.Sprint(m.Kind, " ", m.N)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestIntegers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-5": "-5", "9223372036854775807": "9223372036854775807", "-9223372036854775808": "-9223372036854775808",
		"9223372036854775808": "u9223372036854775808", "18446744073709551615": "u18446744073709551615",
		"18446744073709551616": "none", "-9223372036854775809": "none", "": "none", "-": "none", "+1": "none", "1a": "none",
	} {
		v, unsigned, ok := Int64([]byte(text))
		got := "none"
		switch {
		case ok && unsigned:
			got = fmt.Sprint("u", uint64(v))
		case ok:
			got = fmt.Sprint(v)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestCursor(t *testing.T) {
	c := NewCursorAt([]byte("a\r\n\n\nb"), 7)
	if line, ended := c.Next(); string(line) != "a" || !ended || c.Number() != 8 {
		t.Errorf("%q %v at %d", line, ended, c.Number())
	}
	if n := c.SkipEmpty(); n != 2 || c.Number() != 10 || string(c.Peek()) != "b" {
		t.Errorf("%d empty lines, then %q at %d", n, c.Peek(), c.Number())
	}
	if line, ended := c.Next(); string(line) != "b" || ended || !c.Done() {
		t.Errorf("%q %v", line, ended)
	}
	for n := range 20 {
		for _, rest := range []string{"", "x", "\r\n\n"} {
			if got := EmptyLines([]byte(strings.Repeat("\n", n) + rest)); got != n {
				t.Errorf("%d empty lines before %q, want %d", got, rest, n)
			}
		}
	}
}

func TestParseProbeRow(t *testing.T) {
	p, ok := ParseProbeRow([]byte("   12    syscall           vmlinux                              open entry"))
	if !ok || string(p.ID) != "12" || string(p.Provider) != "syscall" || string(p.Module) != "vmlinux" || string(p.Function) != "open" || string(p.Name) != "entry" {
		t.Errorf("%q %v", p, ok)
	}
	if p, ok := ParseProbeRow([]byte("    1     dtrace                                                     BEGIN")); !ok || len(p.Module) != 0 || string(p.Name) != "BEGIN" {
		t.Errorf("%q %v", p, ok)
	}
}

// FuzzLines holds that no line makes a recognizer panic and that what they split off lies in
// the line.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"  a  1", "@n[a]: 1", "[2, 4) 1 |@|", "  1   2   f:n x", "  0  -> f", "   1  p m f n", "dtrace: 1 drops on CPU 0", "              m`f+0x1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		AggRow(line)
		KeyLine(line)
		Interval(line)
		MapHead(line)
		MapEntry(line)
		Stats(line)
		HistHeader(line)
		HistRow(line)
		Frame(line)
		ParseHeader(line)
		ParseEvent(line)
		ParseProbe(line)
		ParseFlow(line)
		ParseProbeRow(line)
		ParseMessage(line)
		ParseClock(line)
		EpochStamp(line)
		ActivityEntry(line)
		LastInt(line)
		ParseJSON(line)
		ParseExcerpt(line)
		if string(line) != before {
			t.Errorf("%q became %q", before, line)
		}
	})
}

func TestFtrace(t *testing.T) {
	for line, want := range map[string]string{
		"     web server-1678  [000] .... 6412438.703521: do_nanosleep <-hrtimer_nanosleep":       "web server 1678  000 .... 6412438.703521 do_nanosleep <-hrtimer_nanosleep",
		"           <...>-813  (  812) [001] d..2. 6412438.903521: sched_switch: prev_comm=crond": "<...> 813 812 001 d..2. 6412438.903521 sched_switch: prev_comm=crond",
		"            bash-12   [003] 12.000001: sys_open(filename: 1)":                            "bash 12  003  12.000001 sys_open(filename: 1)",
		"@[a-1]: 2":            "none",
		"a-1 [1] 2.5: too few": "none",
	} {
		got := "none"
		if e, ok := ParseFtraceEvent([]byte(line)); ok {
			got = fmt.Sprintf("%s %s %s %s %s %s %s", e.Comm, e.PID, e.TGID, e.CPU, e.Flags, e.Seconds, e.What)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	for line, want := range map[string]string{
		" 0)   0.198 us    |    getname();":                       "0  0.198 1 getname();",
		" 0) + 12.908 us   |  }":                                  "0 + 12.908 0 }",
		"6412440.100001 |   2)   0.117 us    |    idle_cpu();":    "2  0.117 1 idle_cpu();",
		" 1)   crond-812   |               |        schedule() {": "1   3 schedule() {",
		"text | 0) more": "none",
	} {
		got := "none"
		if c, ok := ParseFtraceCall([]byte(line)); ok {
			got = fmt.Sprintf("%s %s %s %d %s", c.CPU, c.Mark, c.Micros, c.Depth, c.Text)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

// FuzzRows holds that no line makes a parser of lines panic, and that what a call or a record was
// split into are parts of it.
func FuzzRows(f *testing.F) {
	for _, line := range []string{
		"4711/2:\t 0.0102\tread(0, 0x080479A0, 1024)\t(sleeping...)", "34233 100123: 0.1 0.2 open(\"/x\",0) ERR#2 'No such file'", "1/1: -> libc:strlen(0x1)",
		" 4711 100123 web server 1795897007.123456 CALL  open(0x7f)", "812 1 ls RET read 12/0xc", " 45123 ls PLDG open, \"rpath\"",
		" web-1678  [000] .... 6412438.703521: do_nanosleep <-hrtimer", " 0)   0.198 us    |    getname();", " => do_sys_open",
		"  1   3566                     openat:entry   cat  24477", "@[a, b]: 1", "[1K, 2M)  4 |@|", "  nginx   5", "4 -> 7 : 12 |****  |",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if c, ok := ParseCall(line); ok && !bytes.Contains(line, c.Name) {
			t.Errorf("call %q of %q", c.Name, line)
		}
		if r, ok := ParseKdump(line); ok && (!bytes.Contains(line, r.Command) || !bytes.Contains(line, r.Text)) {
			t.Errorf("record %q %q of %q", r.Command, r.Text, line)
		}
		if e, ok := ParseFtraceEvent(line); ok && !bytes.Contains(line, e.What) {
			t.Errorf("event %q of %q", e.What, line)
		}
		ParseFtraceCall(line)
		FtraceFrame(line)
		ParseBarsRow(line, true)
		ParseBarsHead(line)
		ParsePerfSample(line)
	})
}

// TestBlank holds that a line that is not blank has a word, for package bytes as well.
func TestBlank(t *testing.T) {
	for _, line := range []string{"", " \t", "\r\f\v", "\u00a0", " \u0085", "\u3000 ", "\x85", "x", " \u00a0x", "é"} {
		if got, want := Blank([]byte(line)), len(bytes.Fields([]byte(line))) == 0; got != want {
			t.Errorf("%q is blank: %v, want %v", line, got, want)
		}
	}
}
