package dtracefs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestMeasureByScript counts captures that look alike with the scripts that printed them beside:
// these tell what a number is and whose.
func TestMeasureByScript(t *testing.T) {
	keys := prefixed(plainNames, "global", "web")
	w := newWorld(5, 40, time.Second, keys)
	maps := "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap("lat"), "\n")
	printas := w.each(inLayout(formY, "\n"), printa, "\n")
	formatted := w.each(inLayout(formY, "\n"), wordsAs("%s %s %d\n"), "\n")
	for _, c := range []struct {
		name, text, script string
		as                 ValueKind
		names              []string
		dims               []Dimension
	}{
		{"a map of averages", maps, "BPF.bt: kretprobe:vfs_read { @lat[cgroup, comm] = avg($us); } interval:s:1 { time(\"%H:%M:%S\\n\"); print(@lat); clear(@lat); }",
			AsGauge, []string{"cgroup", "comm"}, []Dimension{Cgroup, ExecName}},
		{"a map of counts", maps, "BPF.bt: kprobe:vfs_read { @lat[cgroup, comm] = count(); } interval:s:1 { time(\"%H:%M:%S\\n\"); print(@lat); clear(@lat); }",
			AsCount, []string{"cgroup", "comm"}, []Dimension{Cgroup, ExecName}},
		{"the most of an aggregation", printas, "D.d: syscall:::return { @m[zonename, execname] = max(timestamp - self->t); } tick-1s { printf(\"%Y\\n\", walltimestamp); printa(@m); trunc(@m); }",
			AsGauge, []string{"zonename", "execname"}, []Dimension{ZoneName, ExecName}},
		{"counts of an aggregation", printas, "D.d: syscall:::entry { @m[zonename, execname] = count(); } tick-1s { printf(\"%Y\\n\", walltimestamp); printa(@m); trunc(@m); }",
			AsCount, []string{"zonename", "execname"}, []Dimension{ZoneName, ExecName}},
		{"averages with a format", formatted, "D.d: syscall:::return { @took[zonename, execname] = avg(timestamp - self->t); } tick-1s { printf(\"%Y\\n\", walltimestamp); printa(\"%s %s %@d\\n\", @took); trunc(@took); }",
			AsGauge, []string{"zonename", "execname"}, []Dimension{ZoneName, ExecName}},
		{"counts with a format", formatted, "D.d: syscall:::entry { @calls[zonename, execname] = count(); } tick-1s { printf(\"%Y\\n\", walltimestamp); printa(\"%s %s %@d\\n\", @calls); trunc(@calls); }",
			AsCount, []string{"zonename", "execname"}, []Dimension{ZoneName, ExecName}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, src, _ := strings.Cut(c.script, ": ")
			_, ext, _ := strings.Cut(kind, ".")
			fsys := fstest.MapFS{"run.txt": {Data: []byte(c.text)}, "run." + ext: {Data: []byte(src)}}
			counts, err := CountFiles(t.Context(), []File{{fsys, "run.txt"}}, CountOptions{})
			if err != nil {
				t.Fatal(err)
			}
			m, err := counts.Matrix()
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Measure; len(got.Tables) != 1 || got.Tables[0].As != c.as || !slices.Equal(got.Names, c.names) || !slices.Equal(got.Dims, c.dims) {
				t.Errorf("measured %s, names %q, dimensions %q", got, got.Names, got.Dims)
			}
			capture, err := Load(t.Context(), fsys, "run.txt", Options{})
			if err != nil {
				t.Fatal(err)
			}
			says := fmt.Sprint(capture.Readings())
			if level := strings.Contains(says, "the level of"); level != (c.as == AsGauge) {
				t.Errorf("the readings are %s", says)
			}
			if _, err := CountCapture(capture, CountOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTimeInAnyCase names the column of times as options may: in another case, by its position, and
// the clock before the rows by its name.
func TestTimeInAnyCase(t *testing.T) {
	rows := "TS          EXEC     CALLS\n1700000001  nginx    3\n1700000002  nginx    4\n1700000003  nginx    5\n1700000004  nginx    6\n"
	stamped := "2024 Jan  5 10:00:01\n\n  nginx  3\n  sshd  4\n\n2024 Jan  5 10:00:02\n\n  nginx  5\n  sshd  6\n"
	for _, c := range []struct {
		text, time, says string
	}{
		{rows, "TS", "time from column TS"},
		{rows, "ts", "time from column TS"},
		{rows, "1", "time from column TS"},
		{rows, "4", ""},
		{stamped, "Time", "time from the clock printed before it"},
		{stamped, "4", ""},
	} {
		capture, err := Load(t.Context(), fstest.MapFS{"run.txt": {Data: []byte(c.text)}}, "run.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := Infer(capture.Tables, MeasureOptions{Time: c.time})
		if says := fmt.Sprint(m); c.says == "" != (err != nil) || err == nil && !strings.Contains(says, c.says) {
			t.Errorf("--time %s: %s, %v", c.time, says, err)
		}
	}
}

// TestTimesThatStayText holds that seconds since the epoch with more digits than a float has are
// times, and that numbers that lie years apart are not.
func TestTimesThatStayText(t *testing.T) {
	for _, test := range []struct{ text, column string }{
		{"time event pid parent name\n1795965383.891398 exec 22964 1 sh\n1795965383.902234 fork 22965 22964 sh\n1795965384.902481 exec 22965 1 mktemp\n", "time_2"},
		{"event,pid,when\nexec,22964,1795965383.891398\nfork,22965,1795965384.902234\n", "when"},
		{"event,pid,id\nexec,22964,1795965383.891398\nfork,22965,2995965384.902234\n", ""},
	} {
		counts, err := CountFiles(t.Context(), []File{{fstest.MapFS{"x": {Data: []byte(test.text)}}, "x"}}, CountOptions{})
		if test.column == "" {
			if err == nil {
				t.Errorf("%q: counted by a time: %v", test.text, counts.Measure())
			}
			continue
		}
		if err != nil || counts.Measure().Tables[0].Time != test.column {
			t.Errorf("%q: the time is not taken from %s: %v", test.text, test.column, err)
		}
	}
}

// TestValuesSideBySide holds that numbers beside each other in rows without names are values, and
// that those are keys which come again with a value of their own.
func TestValuesSideBySide(t *testing.T) {
	world := func(row func(b *strings.Builder, second int)) string {
		var b strings.Builder
		for second := range 12 {
			fmt.Fprintf(&b, "2026 Nov 22 19:45:%02d\n", 40+second)
			row(&b, second)
		}
		return b.String()
	}
	values := world(func(b *strings.Builder, second int) {
		for pid, name := range []string{"postgres", "postgres", "nginx", "idle", "sleeper"} {
			busy := max(0, 3-pid) // the last two do nothing
			fmt.Fprintf(b, "      %-12s %5d %6d %8d\n", name, 100+pid, busy*(3+second*5%7), 4096*busy*(second%3))
		}
	})
	keys := world(func(b *strings.Builder, second int) {
		for pid, name := range []string{"postgres", "postgres", "nginx"} {
			fmt.Fprintf(b, "      %-12s %5d %6d %8d\n", name, 100+pid, 3, 4096*(second%3))
			fmt.Fprintf(b, "      %-12s %5d %6d %8d\n", name, 100+pid, 4, 4096*(second%5))
		}
	})
	for _, c := range []struct {
		text   string
		values []string
		by     int
	}{{values, []string{"c3", "c4"}, 2}, {keys, []string{"c4"}, 3}} {
		capture, err := Load(t.Context(), fstest.MapFS{"x": {Data: []byte(c.text)}}, "x", Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := Infer(capture.Tables, MeasureOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, of := range m.Tables {
			if got = append(got, of.Value); len(of.By) != c.by {
				t.Errorf("%v: by %v", c.values, of.By)
			}
		}
		if !slices.Equal(got, c.values) {
			t.Errorf("values %v, want %v:\n%v", got, c.values, m)
		}
	}
}

// TestMarkNames holds that the last word of a name says whether its numbers mark things.
func TestMarkNames(t *testing.T) {
	for name, want := range map[string]bool{
		"LPORT": true, "exit_code": true, "block": true, "block_reads": false, "port packets": false, "errors": false, "": false, "%": false,
	} {
		if got := isMarkName(name); got != want {
			t.Errorf("%q marks things: %v, want %v", name, got, want)
		}
	}
}

// TestAmountsAreNoKeys holds that what was printed with a percent sign or a unit is text, but says
// how much a source has, and does not make each of its rows a source.
func TestAmountsAreNoKeys(t *testing.T) {
	text := "PID    COMM      HITS  MISSES  RATIO   CACHED\n"
	for i := range 30 {
		text += fmt.Sprintf("%-6d %-9s %4d  %6d  %4.1f%%  %5dK\n", 100+i%3, []string{"nginx", "redis", "php"}[i%3], 300+i*7%50, i*3%20, 90+float64(i)/10, 40*i)
		if i%3 == 2 {
			text += fmt.Sprintf("\n13:58:%02d\n", 10+i)
		}
	}
	m, err := Infer(load(t, text).Tables, MeasureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.Tables[0].By, ","); got != "COMM" {
		t.Errorf("sources are by %s, want COMM", got)
	}
}
