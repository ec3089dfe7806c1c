package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/kernel/notebook"
)

// TestVersion holds that the program is of the version that the CHANGELOG has on top.
func TestVersion(t *testing.T) {
	text, err := os.ReadFile("../../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^## (\S+?)(?:,.*)?$`).FindSubmatch(text)
	if m == nil || string(m[1]) != release {
		t.Errorf("the release is %s, and the CHANGELOG begins with %q", release, m)
	}
	if text, _, err := dtnotes(t, "version"); err != nil || !strings.HasPrefix(text, "dtnotes "+release) || !strings.Contains(text, " (go") {
		t.Errorf("version: %v\n%s", err, text)
	}
}

// TestInstall holds that the kernel is where install says, and gone after uninstall.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	text, _, err := dtnotes(t, "install", "--prefix", dir)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.TrimSpace(strings.TrimPrefix(text, "installed the kernel in "))
	if spec := mustRead(t, at+"/kernel.json"); !strings.Contains(spec, "Go (dtnotes)") {
		t.Errorf("the specification is %s", spec)
	}
	if _, _, err := dtnotes(t, "uninstall", "--prefix", dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(at); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", at, err)
	}
	if _, _, err := dtnotes(t, "uninstall", "--prefix", dir); err == nil {
		t.Error("what is not there was removed")
	}
}

// TestCompareTwo draws the difference of two behaviors, and gives it to programs.
func TestCompareTwo(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": webCapture(1, 100, -1), "b.txt": webCapture(2, 100, 20)})
	for _, name := range []string{"a", "b"} {
		if _, _, err := dtnotes(t, "learn", "-o", name+".json", name+".txt"); err != nil {
			t.Fatal(err)
		}
	}
	text, _, err := dtnotes(t, "compare", "a.json", "b.json", "--json", "--graph", "d.svg", "--xkcd")
	if err != nil || !strings.HasPrefix(text, "{") || !strings.Contains(mustRead(t, "d.svg"), "<svg") {
		t.Errorf("compare: %v\n%s", err, text)
	}
	for _, c := range []struct{ args, want string }{
		{"compare a.json b.json --picture p.png", "more than two"},
		{"compare a.json b.json --graph d.txt", ".svg nor .png"},
		{"compare a.json", "say another"},
		{"compare a.json none.json", "none.json"},
	} {
		if _, _, err := dtnotes(t, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}

// TestCountsFilesTogether holds that several files of counts are what their merge is.
func TestCountsFilesTogether(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": hostCalls(1, 0, 90), "b.txt": hostCalls(1, 90, 90)})
	for _, args := range []string{"count a.txt --host web1 -o a.counts", "count b.txt --host web1 -o b.counts", "merge a.counts b.counts -o all.counts",
		"series all.counts -o whole.csv", "series b.counts a.counts -o parts.csv"} {
		if _, stderr, err := dtnotes(t, strings.Fields(args)...); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, stderr)
		}
	}
	if mustRead(t, "whole.csv") != mustRead(t, "parts.csv") {
		t.Error("the series of two files of counts is not that of their merge")
	}
	if _, _, err := dtnotes(t, "series", "a.counts", "a.counts"); err == nil || !strings.Contains(err.Error(), "there twice") {
		t.Errorf("the same counts twice: %v", err)
	}
}

// TestLossesAreSaid holds that what a tracer lost, and what was not understood, is said by whatever
// makes numbers of a capture.
func TestLossesAreSaid(t *testing.T) {
	calls := webCapture(1, 60, -1)
	var maps strings.Builder
	for i := range 30 {
		fmt.Fprintf(&maps, "{\"type\": \"time\", \"data\": \"10:00:%02d\\n\"}\n{\"type\": \"map\", \"data\": {\"@\": {\"web\": %d, \"db\": 4}}}\n", i, i)
	}
	inFolder(t, map[string]string{
		"lost.txt":  calls + "dtrace: 12 drops on CPU 0\ndtrace: error on enabled probe ID 3 (ID 7: syscall::read:entry): invalid address (0x8) in action #1\n",
		"cut.jsonl": maps.String() + `{"type": "map", "data": {"@": {"we`,
		"wrong.csv": "time,web,db\n1,oops,4\n2,4,5\n3,4,5\n",
	})
	for _, c := range []struct{ args, want string }{
		{"count lost.txt -o lost.counts --host a", "the tracer dropped data"},
		{"count cut.jsonl -o cut.counts --host a", "not understood"},
		{"export lost.txt -o tables/", "the tracer dropped data"},
		{"export lost.txt -o more/", "1 errors in probes"},
		{"export cut.jsonl -o cut/", "not understood"},
		{"series lost.txt -o s.csv", "the tracer dropped data"},
	} {
		if _, stderr, err := dtnotes(t, strings.Fields(c.args)...); err != nil || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %v\n%swant %q", c.args, err, stderr, c.want)
		}
	}
	// A cell that is wrong leaves a matrix a matrix, and the error says where it is.
	if _, _, err := dtnotes(t, "learn", "wrong.csv"); err == nil || !strings.Contains(err.Error(), "oops") || !strings.Contains(err.Error(), "2") {
		t.Errorf("a word among numbers: %v", err)
	}
}

// TestThinIsSaid holds that a long series is thinned, and that it is said.
func TestThinIsSaid(t *testing.T) {
	s, err := analysis.NewSeries([]string{"a", "b"}, 0, 1e9, mat.NewDense(50_000, 2, nil))
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd := &cobra.Command{}
	cmd.SetErr(&said)
	thinned, err := thin(cmd, s, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := thinned.Dims(); n > 10_000 || said.String() != fmt.Sprintf("note: learned from %d of 50000 buckets, in stretches spread evenly\n", n) {
		t.Errorf("%d buckets: %s", n, said.String())
	}
}

// TestWhichTracer holds by what a script of a file is known to be of a tracer.
func TestWhichTracer(t *testing.T) {
	inFolder(t, map[string]string{
		"a.bt": "interval:s:1 { exit(); }", "a.d": "tick-1s { exit(0); }", "d": "#pragma D option quiet\nsyscall:::entry { @[execname] = count(); }",
		"b": "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }",
	})
	for _, c := range []struct{ script, asked, with, want string }{
		{"a.bt", "", "", "bpftrace"}, {"a.d", "", "", "dtrace"}, {"d", "", "", "dtrace"}, {"b", "", "", "bpftrace"}, {"a.d", "bpftrace", "", "bpftrace"},
		{"syscalls", "dtrace", "", "dtrace"}, {"nothing", "", "", "error: --script nothing: neither a file nor in the library"}, {"a.d", "", "su", "error: --with su: want sudo"},
	} {
		o := scriptOptions{script: []string{c.script}, tracer: c.asked, with: c.with}
		text, tracer, err := o.program()
		if err != nil {
			tracer = "error: " + err.Error()
		} else if text == "" {
			t.Errorf("%s: no script", c.script)
		}
		if !strings.HasPrefix(tracer, c.want) {
			t.Errorf("%s: %s, want %s", c.script, tracer, c.want)
		}
	}
}

// TestProgressOnTerminals holds that what runs stands on a line that the result takes the place of.
func TestProgressOnTerminals(t *testing.T) {
	var out strings.Builder
	p := progress{w: &out, live: true}
	cell := &notebook.Cell{Source: "\n  x := 1\ny := 2"}
	p.started(notebook.Progress{Nth: 1, Of: 2, Cell: cell})
	p.ended(notebook.Progress{Nth: 1, Of: 2, Cell: cell, Err: errors.New("no")})
	if want := clearLine + "[1/2] x := 1" + clearLine + "[1/2] failed      0s  x := 1\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
