// Gotests runs the tests of the Go distribution that are whole programs (those marked "// run"
// under $(go env GOROOT)/test) through the evaluator, each in a process of its own, and lists what
// fails by cause. What a program prints must be what its .out file holds, or nothing. The file
// failures.txt explains what fails; the exit status is 1 if anything else does. A program may
// compute for so many seconds of a processor's time, that the load of the machine decides nothing,
// and wait for ten times as many by the clock.
//
//	go run ./kernel/eval/internal/gotests [-v] [-cpu 60s] [FILE...]
package main

import (
	"bytes"
	"context"
	_ "embed" // of what is explained
	"errors"
	"flag"
	"fmt"
	"go/build/constraint"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/eval"
)

// testDir is where the programs are, and run.
var testDir = filepath.Join(goroot(), "test")

func goroot() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		log.Fatalf("find the Go distribution: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// importConfig writes what some programs, which run the compiler, want to know: where the standard
// library's export data is.
func importConfig() (file string, err error) {
	out, err := exec.Command("go", "list", "-export", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", "std").Output()
	if err != nil {
		return "", fmt.Errorf("list export data: %w", err)
	}
	f, err := os.CreateTemp("", "importcfg")
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = f.Write(out)
	return f.Name(), err
}

// workerEnv names the program that a worker process is to run, limitEnv how long it may compute.
const (
	workerEnv = "DTNOTES_GOTEST"
	limitEnv  = "DTNOTES_GOTEST_CPU"
)

func main() {
	log.SetFlags(0)
	if f := os.Getenv(workerEnv); f != "" {
		os.Exit(work(f))
	}
	verbose := flag.Bool("v", false, "show what failing programs print")
	limit := flag.Duration("cpu", time.Minute, "processor time of one program")
	flag.Parse()
	files := flag.Args()
	if len(files) == 0 {
		var err error
		if files, err = programs(testDir); err != nil {
			log.Fatal(err)
		}
	}
	for i, f := range files {
		if abs, err := filepath.Abs(f); err == nil {
			files[i] = abs
		}
	}
	cfg, err := importConfig()
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(cfg)
	os.Setenv("STDLIB_IMPORTCFG", cfg)
	if !report(os.Stdout, runAll(files, *limit), *verbose) {
		os.Remove(cfg)
		os.Exit(1)
	}
}

//go:embed failures.txt
var failures string

// explained are the programs that do not pass, by their names below testDir, each with the reason.
func explained() map[string]string {
	why := map[string]string{}
	for line := range strings.Lines(failures) {
		if name, reason, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			why[name] = reason
		}
	}
	return why
}

// programs lists the tests that are whole programs, for this platform.
func programs(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		src, err := os.ReadFile(path)
		if err == nil && isProgram(string(src)) {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// isProgram reports whether a test is a whole program for this platform: the first line that is
// no build constraint says "// run".
func isProgram(src string) bool {
	action := ""
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "package ") {
			break
		}
		if constraint.IsGoBuild(line) {
			if x, err := constraint.Parse(line); err != nil || !x.Eval(buildTag) {
				return false
			}
			continue
		}
		if action == "" && !constraint.IsPlusBuild(line) {
			action = line
		}
	}
	return action == "// run"
}

// buildTag reports whether a build tag holds, as it would for the go command.
func buildTag(tag string) bool {
	switch tag {
	case runtime.GOOS, runtime.GOARCH, "unix", "gc", "cgo":
		return true
	}
	return strings.HasPrefix(tag, "go1.")
}

// result is what became of one program.
type result struct {
	file, cause, output string
}

// runAll runs as many programs at a time as there are processors. Each has a process of its own,
// as a program may end it, change its folder or leave goroutines behind.
func runAll(files []string, limit time.Duration) []result {
	results := make([]result, len(files))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range files {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			cause, output := runOne(f, limit)
			results[i] = result{f, cause, output}
		})
	}
	wg.Wait()
	return results
}

// runOne runs a program in a process of its own; cause is empty if it passes.
func runOne(file string, limit time.Duration) (cause, output string) {
	exe, err := os.Executable()
	if err != nil {
		return err.Error(), ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), workerEnv+"="+file, limitEnv+"="+limit.String())
	if cmd.Dir = testDir; !strings.HasPrefix(file, testDir) {
		cmd.Dir = filepath.Dir(file)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	output = stdout.String()
	want, _ := os.ReadFile(strings.TrimSuffix(file, ".go") + ".out")
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "waits too long", output
	// The system counts in its own way, so a second less is as much.
	case err != nil && cmd.ProcessState != nil && cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime() >= limit-time.Second:
		return "computes too long", output
	case errors.As(err, &exit) && exit.ExitCode() == failed:
		return stderr.String(), output
	case err != nil:
		return "the process dies: " + firstLine(stderr.String()), output + stderr.String()
	case output != string(want):
		return "other output", output
	}
	return "", output
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// failed is the exit status of a worker whose program failed; the cause is on standard error.
const failed = 3

// work runs a program as one cell in this process and returns the exit status. Standard output
// and error are kept from before the session redirects them.
func work(file string) int {
	stdout, stderr := os.Stdout, os.Stderr
	if limit, err := time.ParseDuration(os.Getenv(limitEnv)); err == nil {
		if err := limitCPU(limit); err != nil {
			fmt.Fprintln(stderr, err)
			return failed
		}
	}
	src, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return failed
	}
	s, err := eval.New(eval.Options{Dir: filepath.Dir(file), CellName: func(int) string { return file }})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return failed
	}
	res := s.Eval(context.Background(), cell.Cell{Code: string(src), Out: fileOutput{stdout}})
	if res.Err != nil && !(res.Err.Name == "exit" && res.Err.Message == "exit status 0") {
		fmt.Fprint(stderr, res.Err.Error())
		return failed
	}
	return 0
}

type fileOutput struct{ f *os.File }

func (o fileOutput) Stream(name, text string)                         { o.f.WriteString(text) }
func (o fileOutput) Display(b display.Bundle, id string, update bool) {}
func (o fileOutput) Clear(wait bool)                                  {}

// report writes how many programs pass, and those that fail grouped by cause, and reports whether
// all that fail are explained.
func report(w *os.File, results []result, verbose bool) bool {
	why := explained()
	known := func(file string) string {
		rel, err := filepath.Rel(testDir, file)
		if err != nil {
			return ""
		}
		return why[filepath.ToSlash(rel)]
	}
	good := true
	byCause := map[string][]result{}
	passed := 0
	for _, r := range results {
		reason := known(r.file)
		if r.cause == "" {
			passed++
			if reason != "" {
				fmt.Fprintf(w, "%s passes, though %s\n", r.file, reason)
			}
			continue
		}
		if reason == "" {
			good = false
			fmt.Fprintf(w, "%s fails, and nothing explains it\n", r.file)
		}
		kind, _, _ := strings.Cut(r.cause, ":")
		byCause[kind] = append(byCause[kind], r)
	}
	var kinds []string
	for k := range byCause {
		kinds = append(kinds, k)
	}
	sort.Slice(kinds, func(i, j int) bool { return len(byCause[kinds[i]]) > len(byCause[kinds[j]]) })
	for _, k := range kinds {
		fmt.Fprintf(w, "%s: %d\n", k, len(byCause[k]))
		for _, r := range byCause[k] {
			fmt.Fprintf(w, "\t%s: %.300s\n", r.file, firstLine(r.cause))
			if verbose && r.output != "" {
				fmt.Fprintf(w, "\t\t%.2000s\n", strings.ReplaceAll(r.output, "\n", "\n\t\t"))
			}
		}
	}
	fmt.Fprintf(w, "%d of %d passed\n", passed, len(results))
	return good
}
