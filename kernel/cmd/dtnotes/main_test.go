package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dtnotes/dtracefs"
)

// The test program is also the process that cells run in, the command where a test ends that, and
// the stand-in for a tracer that is watched.
func TestMain(m *testing.M) {
	if script := os.Getenv("STAND_IN"); script != "" {
		standIn(script)
	}
	if len(os.Args) > 1 && slices.Contains([]string{"session", "run", "count", "merge"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

// dtnotes runs the command as a user would, in a fresh folder that holds the samples.
func dtnotes(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := command()
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// inFolder changes to a new folder with the given files and the embedded samples.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.CopyFS(dir, dtracefs.Samples()); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestInspect(t *testing.T) {
	inFolder(t, nil)
	text, _, err := dtnotes(t, "inspect", "vm-start.bpftrace.txt")
	if err != nil || !strings.Contains(text, "execname") || !strings.Contains(text, "2878 rows") {
		t.Errorf("inspect: %v\n%s", err, text)
	}
	text, _, err = dtnotes(t, "inspect", "--json", "vm-start.dtrace.txt")
	var got struct {
		Dialect string
		Tables  []struct {
			Columns []struct{ Name, Type string }
			Rows    int
			Data    [][]any
		}
		Unparsed []any
	}
	if err := errors.Join(err, json.Unmarshal([]byte(text), &got)); err != nil {
		t.Fatal(err)
	}
	if got.Dialect == "" || len(got.Tables) != 1 || got.Tables[0].Rows != len(got.Tables[0].Data) || len(got.Unparsed) > 0 {
		t.Errorf("inspect --json: dialect %q, %d tables, %d unparsed", got.Dialect, len(got.Tables), len(got.Unparsed))
	}
}

func TestLearnCapture(t *testing.T) {
	inFolder(t, nil)
	text, _, err := dtnotes(t, "learn", "vm-start.dtrace.txt", "--by", "kind,execname", "--json", "model.json",
		"--graph", "graph.svg", "--timeline", "calls.png", "--matrix", "matrix.png", "--xkcd")
	if err != nil || !strings.Contains(text, "qemu-system-x86") {
		t.Fatalf("learn: %v\n%s", err, text)
	}
	var model struct {
		Names               []string
		Alpha               float64
		Covariance          [][]float64
		Precision           [][]float64
		PartialCorrelations [][]float64 `json:"partial_correlations"`
		Labels, Exemplars   []int
		Embedding           [][]float64
		Edges               []struct{ From, To int }
	}
	if err := json.Unmarshal([]byte(mustRead(t, "model.json")), &model); err != nil {
		t.Fatal(err)
	}
	p := len(model.Names)
	if p == 0 || model.Alpha <= 0 || len(model.Covariance) != p || len(model.Precision) != p || len(model.PartialCorrelations) != p ||
		len(model.Labels) != p || len(model.Exemplars) == 0 || len(model.Embedding) != p || len(model.Edges) == 0 {
		t.Errorf("model of %d sources is incomplete", p)
	}
	if !strings.HasPrefix(strings.TrimSpace(mustRead(t, "graph.svg")), "<") || !strings.HasPrefix(mustRead(t, "calls.png"), "\x89PNG") || !strings.HasPrefix(mustRead(t, "matrix.png"), "\x89PNG") {
		t.Error("pictures are not what their names say")
	}
	first := mustRead(t, "graph.svg")
	if _, _, err := dtnotes(t, "learn", "vm-start.dtrace.txt", "--by", "kind,execname", "--graph", "graph.svg", "--xkcd"); err != nil {
		t.Fatal(err)
	}
	if mustRead(t, "graph.svg") != first {
		t.Error("the same command drew another picture")
	}
}

func TestLearnSeriesToStandardOutput(t *testing.T) {
	rows := []string{"time,a,b,c"}
	x := uint32(1)
	for i := range 60 {
		x = x*1664525 + 1013904223
		rows = append(rows, strings.Join([]string{itoa(i), itoa(int(x >> 26)), itoa(int(x>>26) + i%3), itoa(int(x>>13) & 63)}, ","))
	}
	inFolder(t, map[string]string{"series.csv": strings.Join(rows, "\n") + "\n"})
	text, _, err := dtnotes(t, "learn", "series.csv", "--json", "-", "--transform", "none", "--alpha", "0.1")
	var model struct {
		Names []string
		Alpha float64
	}
	if err := errors.Join(err, json.Unmarshal([]byte(text), &model)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if strings.Join(model.Names, " ") != "a b c" || model.Alpha != 0.1 {
		t.Errorf("model of %v at alpha %v", model.Names, model.Alpha)
	}
}

func itoa(i int) string { b, _ := json.Marshal(i); return string(b) }

// Whatever is wrong with the input, the error says where, and no picture pretends that all is well.
func TestLearnBadInput(t *testing.T) {
	sample, err := fs.ReadFile(dtracefs.Samples(), "vm-start.dtrace.txt")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, map[string]string{
		"empty.txt":    "",
		"binary.txt":   "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00",
		"prose.txt":    "dear diary,\ntoday I traced nothing\n",
		"cut.txt":      string(sample[:len(sample)/2]),
		"nan.csv":      "a,b\n1,2\n3,NaN\n",
		"constant.csv": "a,b\n1,5\n1,5\n1,5\n1,5\n1,5\n",
		"ragged.csv":   "a,b\n1,2\n3\n",
		"word.csv":     "a,b\n1,2\n3,four\n",
	})
	for name, want := range map[string]string{
		"missing.txt": "missing.txt", "empty.txt": "empty.txt", "binary.txt": "not text", "prose.txt": "prose.txt",
		"nan.csv": "nan.csv:3", "constant.csv": "constant", "ragged.csv": "ragged.csv:3", "word.csv": "word.csv:3",
	} {
		_, _, err := dtnotes(t, "learn", name, "--graph", "graph.svg")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("learn %s: %v; want an error with %q", name, err, want)
		}
		if _, err := os.Stat("graph.svg"); err == nil {
			t.Errorf("learn %s drew a picture", name)
		}
	}
	if _, stderr, err := dtnotes(t, "learn", "cut.txt"); err != nil {
		t.Errorf("learn of a capture that was cut: %v\n%s", err, stderr)
	}
	for _, args := range [][]string{
		{"learn", "vm-start.dtrace.txt", "--transform", "cube"}, {"learn", "vm-start.dtrace.txt", "--alpha", "-1"},
		{"learn", "vm-start.dtrace.txt", "--every", "-1s"}, {"learn", "vm-start.dtrace.txt", "--by", "color"},
		{"learn", "vm-start.dtrace.txt", "--graph", "graph.gif"}, {"learn"}, {"draw"},
	} {
		if _, _, err := dtnotes(t, args...); err == nil {
			t.Errorf("dtnotes %s: no error", strings.Join(args, " "))
		}
	}
}

const twoCells = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Two cells"},
 {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "source": "n := 20", "outputs": [], "execution_count": null},
 {"cell_type": "code", "id": "c", "metadata": {}, "source": "fmt.Println(\"n is\", n)\nn + 1", "outputs": [], "execution_count": null}]}`

func TestRun(t *testing.T) {
	inFolder(t, map[string]string{"two.ipynb": twoCells, "bad.ipynb": strings.Replace(twoCells, "n + 1", "n + one", 1)})
	if _, _, err := dtnotes(t, "run", "two.ipynb", "-o", "out.ipynb", "--html", "out.html", "-p", "n=41"); err != nil {
		t.Fatal(err)
	}
	if nb := mustRead(t, "out.ipynb"); !strings.Contains(nb, `"n is 41\n"`) || !strings.Contains(nb, `"42"`) {
		t.Errorf("executed notebook:\n%s", nb)
	}
	if page := mustRead(t, "out.html"); !strings.Contains(page, "<title>Two cells</title>") || !strings.Contains(page, "n is 41") {
		t.Errorf("page:\n%s", page)
	}
	if out, _, err := dtnotes(t, "run", "two.ipynb"); err != nil || out != "n is 20\n21\n" {
		t.Errorf("run without files: %v\n%s", err, out)
	}
	_, stderr, err := dtnotes(t, "run", "bad.ipynb", "-o", "bad-out.ipynb")
	if err == nil || !strings.Contains(err.Error(), "cell 3 (In [2])") || !strings.Contains(err.Error(), "one") {
		t.Errorf("failing cell: %v\n%s", err, stderr)
	}
	if nb := mustRead(t, "bad-out.ipynb"); !strings.Contains(nb, `"output_type": "error"`) {
		t.Errorf("a failing notebook lost its error:\n%s", nb)
	}
	if _, _, err := dtnotes(t, "run", "bad.ipynb", "--allow-errors"); err != nil {
		t.Errorf("--allow-errors: %v", err)
	}
	if _, _, err := dtnotes(t, "run", "two.ipynb", "-o", filepath.Join("no", "such", "folder.ipynb")); err == nil {
		t.Error("wrote into a folder that does not exist")
	}
}

func TestEval(t *testing.T) {
	inFolder(t, map[string]string{"cells.txt": "x := 6\n---\nx * 7\n=> 42 :: int\n---\nx.y\n"})
	out, _, err := dtnotes(t, "eval", "--json", "cells.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], `"value":"42","type":"int"`) || !strings.Contains(lines[2], `"error":{`) {
		t.Errorf("eval --json:\n%s", out)
	}
	if _, _, err := dtnotes(t, "eval", "cells.txt"); err == nil {
		t.Error("eval of a failing cell succeeded")
	}
}

// TestRelease holds that the newest version of the changelog is the program's.
func TestRelease(t *testing.T) {
	text, err := os.ReadFile("../../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, newest, _ := strings.Cut(string(text), "\n## ")
	if !strings.HasPrefix(newest, release) {
		t.Errorf("the changelog begins with %.20q, the program is %s", newest, release)
	}
}
