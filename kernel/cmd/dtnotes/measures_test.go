package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// fed runs the command with a standard input.
func fed(t *testing.T, in io.Reader, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := command()
	var out, errs bytes.Buffer
	cmd.SetIn(in)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// A printer prints what a tracer or a tool does, second by second, under a load that varies.
type printer struct {
	head string
	line func(b *strings.Builder, i int, load float64, noise func(mean float64) float64, fault bool)
}

// print has a fault of ten seconds from second fault on, none if that is negative.
func (p printer) print(seed uint64, seconds, fault int) string {
	rng := rand.New(rand.NewPCG(seed, 11))
	var b strings.Builder
	b.WriteString(p.head)
	load := 50.0
	for i := range seconds {
		if i%10 == 0 {
			load = 20 + 180*rng.Float64()
		}
		noise := func(mean float64) float64 { return max(0, mean+rng.NormFloat64()*max(1, mean/20)) }
		p.line(&b, i, load, noise, fault >= 0 && i >= fault && i < fault+10)
	}
	return b.String()
}

const zone = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60"

// printers are of different worlds: processes of zones, processes with their parents, levels of a
// system and of processes, hosts.
var printers = map[string]struct {
	printer
	args    []string
	culprit string
	told    string   // what learn must say
	other   []string // another measure, which is refused
	refused string   // and how
}{
	"zones": {printer{"", func(b *strings.Builder, i int, load float64, noise func(float64) float64, fault bool) {
		fmt.Fprintf(b, "%d000000000\nsyscall %s nginx %.0f\nsyscall global sshd %.0f\ncsw global sched %.0f\n", 1700000000+i, zone, noise(8*load), noise(30), noise(load))
		if !fault {
			fmt.Fprintf(b, "syscall %s postgres %.0f\n", zone, noise(4*load))
		}
		b.WriteString("\n")
	}}, []string{"--by", "kind,zonename,execname"}, zone + " postgres", "sched", []string{"--by", "kind,execname"}, "say --by kind,zonename,execname"},
	"parents": {printer{"", func(b *strings.Builder, i int, load float64, noise func(float64) float64, fault bool) {
		fmt.Fprintf(b, "2026 Nov 29 10:%02d:%02d\n   PID   PPID EXECNAME            CALLS\n", i/60, i%60)
		row := func(pid, ppid int, name string, n float64) {
			fmt.Fprintf(b, "%6d %6d %-16s %8.0f\n", pid, ppid, name, n)
		}
		row(812, 1, "nginx", noise(8*load))
		row(900, 1, "postgres", noise(5*load))
		row(44, 2, "kworker/0:1", noise(load))
		if fault { // one thread of the kernel that is new, and one that is named so
			row(45, 2, "kworker/3:3", 3000)
			row(5000, 1, "kworker/1:2", 4000)
		}
		b.WriteString("\n")
	}}, []string{"--by", "PID,PPID,EXECNAME"}, "5000 1 kworker/1:2", "44 2 kworker/0:1", []string{"--by", "EXECNAME"}, "say --by PID,PPID,EXECNAME"},
	"vmstat": {printer{"procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n",
		func(b *strings.Builder, i int, load float64, noise func(float64) float64, fault bool) {
			free, us, sy := 800000+noise(2000), noise(load/4), noise(load/8)
			if fault {
				free /= 2
			}
			fmt.Fprintf(b, " 1  0      0 %.0f  20000 300000    0    0 %5.0f %5.0f %.0f %.0f %2.0f %2.0f %2.0f  0  0\n", free, noise(3*load), noise(load), noise(10*load), noise(20*load), us, sy, max(0, 100-us-sy))
		}}, nil, "free", "", []string{"--as", "count"}, "values are taken for count instead of"},
	"pidstat": {printer{"Linux 6.1.0 (vm) \t11/29/26 \t_x86_64_\t(2 CPU)\n", func(b *strings.Builder, i int, load float64, noise func(float64) float64, fault bool) {
		clock := func(i int) string { return fmt.Sprintf("10:%02d:%02d", i/60, i%60) }
		fmt.Fprintf(b, "\n%s      UID       PID    %%usr %%system  %%guest   %%wait    %%CPU   CPU  Command\n", clock(i))
		row := func(pid int, name string, cpu float64) {
			fmt.Fprintf(b, "%s        0 %9d %7.2f %7.2f    0.00    0.00 %7.2f     1  %s\n", clock(i+1), pid, cpu/2, cpu/2, cpu, name)
		}
		row(812, "nginx", noise(load/4))
		row(900, "postgres", noise(load/6))
		collector := noise(2)
		if fault {
			collector = 80
		}
		row(944, "collectd", collector)
	}}, []string{"--by", "Command", "--value", "%CPU"}, "collectd", "", []string{"--value", "%usr"}, "values of %usr instead of %CPU: say --value %CPU"},
	"hosts": {printer{"", func(b *strings.Builder, i int, load float64, noise func(float64) float64, fault bool) {
		fmt.Fprintf(b, "2026 Nov 29 10:%02d:%02d\nHOST         EXECNAME            CALLS\n", i/60, i%60)
		for k, host := range []string{"alpha", "beta"} {
			n := noise(float64(4+k) * load)
			if fault && host == "beta" {
				n *= 12
			}
			fmt.Fprintf(b, "%-12s %-16s %8.0f\n%-12s %-16s %8.0f\n", host, "nginx", noise(8*load), host, "postgres", n)
		}
		b.WriteString("\n")
	}}, []string{"--by", "HOST,EXECNAME"}, "beta postgres", "", []string{"--every", "5s"}, "say --every 1s"},
}

// Whatever is printed is learned, scored and watched the same way, and the same is found: how it
// is counted is said once. A behavior merged of two does as well, and an alert that was accepted
// is none any more.
func TestEveryMeasureFromLearnToWatch(t *testing.T) {
	for name, p := range printers {
		t.Run(name, func(t *testing.T) {
			inFolder(t, map[string]string{"a.txt": p.print(1, 200, -1), "b.txt": p.print(2, 200, -1), "good.txt": p.print(3, 100, -1), "bad.txt": p.print(4, 100, 60)})
			run := func(want error, args ...string) (stdout, stderr string) {
				t.Helper()
				stdout, stderr, err := dtnotes(t, args...)
				if !errors.Is(err, want) {
					t.Fatalf("%v: %v\n%s%s", args, err, stdout, stderr)
				}
				return stdout, stderr
			}
			learn := func(to string, from ...string) string {
				stdout, stderr := run(nil, slices.Concat([]string{"learn", "-o", to}, from, p.args)...)
				return stdout + stderr
			}
			if text := learn("normal.json", "a.txt", "b.txt"); !strings.Contains(text, p.told) {
				t.Fatalf("learn:\n%s", text)
			}
			learn("a.json", "a.txt")
			learn("b.json", "b.txt")
			run(nil, "merge", "a.json", "b.json", "-o", "merged.json")
			brief := p.culprit
			if name == "zones" {
				brief = strings.Replace(brief, zone, zone[:8], 1)
			}
			for _, b := range []string{"normal.json", "merged.json"} {
				for _, c := range []struct {
					file string
					want error
				}{{"good.txt", nil}, {"bad.txt", misbehavior}} {
					scored, _ := run(c.want, "score", b, c.file)
					watched, stderr, err := fed(t, strings.NewReader(mustRead(t, c.file)), "watch", b)
					if !errors.Is(err, c.want) {
						t.Fatalf("watch %s %s: %v\n%s%s", b, c.file, err, watched, stderr)
					}
					if c.want == nil {
						continue
					}
					if p.told != "" && !strings.Contains(stderr, "note: left out") {
						t.Errorf("watch does not say what is left out:\n%s", stderr)
					}
					first := strings.SplitN(scored, "\n", 5)[3]
					if !strings.HasPrefix(strings.TrimSpace(first), brief) || !strings.Contains(watched, "alert: ") || !strings.Contains(watched, brief) {
						t.Errorf("%s\nscore: %s\nwatch: %s", b, scored, watched)
					}
				}
			}
			for _, command := range []string{"score", "watch"} {
				args := slices.Concat([]string{command, "normal.json"}, p.other)
				if command == "score" {
					args = slices.Insert(args, 2, "good.txt")
				}
				if _, _, err := fed(t, strings.NewReader(mustRead(t, "good.txt")), args...); err == nil || !strings.Contains(err.Error(), p.refused) {
					t.Errorf("%v: %v, want %q", args, err, p.refused)
				}
			}
			list, _ := run(nil, "accept", "normal.json")
			if strings.Count(list, "\n") != 1 {
				t.Fatalf("alerts to accept:\n%s", list)
			}
			run(nil, "accept", "normal.json", "1")
			run(nil, "score", "normal.json", "bad.txt")
		})
	}
}

// A run that is given twice would look as if it never varied.
func TestLearnRefusesARunTwice(t *testing.T) {
	capture := webCapture(1, 60, -1)
	inFolder(t, map[string]string{"a.txt": capture, "copy.txt": capture, "b.txt": webCapture(2, 60, -1)})
	if _, stderr, err := dtnotes(t, "count", "a.txt", "-o", "a.counts"); err != nil {
		t.Fatal(err, stderr)
	}
	for _, runs := range [][2]string{{"a.txt", "a.txt"}, {"a.txt", "copy.txt"}, {"a.counts", "a.counts"}} {
		_, _, err := dtnotes(t, "learn", "-o", "normal.json", runs[0], runs[1])
		if err == nil || !strings.Contains(err.Error(), runs[1]+" holds the same run as "+runs[0]) {
			t.Errorf("%s: %v", runs, err)
		}
	}
}

// With a half-life, what is normal now is learned, and what was fades.
func TestWatchForgets(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": webCapture(1, 200, -1), "b.txt": webCapture(2, 200, -1)})
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt", "b.txt"); err != nil {
		t.Fatal(err, stderr)
	}
	before, err := behavior.Load("normal.json")
	if err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, err := fed(t, strings.NewReader(webCapture(3, 2*behavior.Lesson+10, -1)), "watch", "normal.json", "--half-life", "10m"); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	after, err := behavior.Load("normal.json")
	if err != nil {
		t.Fatal(err)
	}
	// Two lessons of ten minutes: the last counts whole, the one before half, and what was learned
	// before both, which is as old as the first's beginning, a little less.
	if want := float64(behavior.Lesson) * 1.5; after.Until <= before.Until || float64(after.Buckets) < want || float64(after.Buckets) > want+float64(before.Buckets) {
		t.Errorf("learned from %d buckets until %.0f, before from %d until %.0f", after.Buckets, after.Until, before.Buckets, before.Until)
	}
	if scored, _, err := dtnotes(t, "score", "normal.json", "a.txt"); err != nil {
		t.Errorf("after learning on: %v\n%s", err, scored)
	}
	if _, _, err := dtnotes(t, "watch", "normal.json", "--half-life", "-1s"); err == nil {
		t.Error("a negative half-life is taken")
	}
	if _, _, err := dtnotes(t, "watch", "normal.json", "--half-life", "1m"); err == nil || !strings.Contains(err.Error(), "at least 10m0s") {
		t.Errorf("a half-life of less than a lesson: %v", err)
	}
}

// Which alerts cannot be raised is told when it becomes so, and not again because its figures are
// others.
func TestReachIsToldOnce(t *testing.T) {
	known, rare := map[string]*behavior.Behavior{}, behavior.ScoreOptions{FalseAlarms: 0.001}
	for name, n := range map[string]int{"few": 30, "more": 34, "many": 4000} {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		x := mat.NewDense(n, 3, nil)
		x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
		s, err := analysis.NewSeries([]string{"a", "b", "c"}, 0, time.Second, x)
		if err != nil {
			t.Fatal(err)
		}
		if known[name], err = behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	text := func(name string) string {
		r, err := known[name].Reach(rare)
		if err != nil {
			t.Fatal(err)
		}
		return r.String()
	}
	if text("few") == text("more") || text("few") == "" || text("more") == "" || text("many") != "" {
		t.Fatalf("told of them:\n%s\n%s\n%s", text("few"), text("more"), text("many"))
	}
	var told strings.Builder
	w := &watch{opt: &watchOptions{scoreOptions: scoreOptions{ScoreOptions: rare}}, warnings: &told}
	for _, name := range []string{"few", "more", "few", "many", "many", "more"} {
		w.b = known[name]
		w.tellReach()
	}
	want := "note: " + text("few") + "\nnote: alerts can be raised in their first bucket again\nnote: " + text("more") + "\n"
	if told.String() != want {
		t.Errorf("told\n%swant\n%s", told.String(), want)
	}
}

// An alert now and then does not keep a watch from learning on: what is normal before and after
// it counts.
func TestWatchLearnsBetweenAlerts(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": webCapture(1, 200, -1), "b.txt": webCapture(2, 200, -1)})
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt", "b.txt"); err != nil {
		t.Fatal(err, stderr)
	}
	if stdout, stderr, err := fed(t, strings.NewReader(webCapture(3, behavior.Lesson+120, behavior.Lesson/2)), "watch", "normal.json", "--half-life", "10m"); !errors.Is(err, misbehavior) {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	b, err := behavior.Load("normal.json")
	if err != nil {
		t.Fatal(err)
	}
	if until := b.Until - 1700000000; until < behavior.Lesson {
		t.Errorf("learned until second %.0f of %d", until, behavior.Lesson+120)
	}
}

// daylong prints a day, block by block, and looks at the heap as it goes.
type daylong struct {
	seconds, at int
	every       int
	block       func(i int) string
	rest        []byte
	heaps       []uint64
}

func (d *daylong) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		if d.at == d.seconds {
			return 0, io.EOF
		}
		if d.at%(d.seconds/8) == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			d.heaps = append(d.heaps, m.HeapAlloc)
		}
		d.rest = []byte(d.block(d.at))
		d.at += d.every
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// A day of the whole command, from the text of a tracer to its last line, takes no more memory
// than its first hours, though processes come and go under ever new names.
func TestWatchADay(t *testing.T) {
	if testing.Short() {
		t.Skip("a day of blocks")
	}
	inFolder(t, nil)
	rng := rand.New(rand.NewPCG(9, 9))
	block := func(start int) func(i int) string {
		return func(i int) string {
			load := 500 + rng.IntN(400)
			text := fmt.Sprintf("%d000000000\nsyscall db %d\nsyscall web %d\n", start+i, 5*load+rng.IntN(90), 9*load+rng.IntN(90))
			for k := range 16 {
				text += fmt.Sprintf("syscall agent%d %d\n", k, 40+rng.IntN(20))
			}
			if rng.IntN(20) == 0 {
				text += fmt.Sprintf("syscall job-%d %d\n", i, 5+rng.IntN(20))
			}
			return text + "\n"
		}
	}
	var a strings.Builder
	for i := range 400 {
		a.WriteString(block(1699990000 - 4000)(10 * i))
	}
	if err := os.WriteFile("a.txt", []byte(a.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt"); err != nil {
		t.Fatal(err, stderr)
	}
	day := &daylong{seconds: 24 * 3600, every: 10, block: block(1700000000)}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	cmd := command()
	cmd.SetIn(day)
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"watch", "normal.json"})
	if err := cmd.ExecuteContext(ctx); err != nil && !errors.Is(err, misbehavior) {
		t.Fatal(err)
	}
	if day.at != day.seconds {
		t.Fatalf("it ended after %d s", day.at)
	}
	// Fed faster than time goes by, it holds a batch now and then: what stays is the least.
	if early, late := slices.Max(day.heaps[1:4]), slices.Min(day.heaps[5:]); late > early+8<<20 {
		t.Errorf("heap of %v bytes over the day", day.heaps)
	}
}
