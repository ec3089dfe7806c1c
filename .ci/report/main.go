// Command report reads what go test -json prints and prints what go test does without it: a closing
// line for each package, and all that those said which failed. It fails if a test did, or if one
// skipped for another reason than those listed here, such as that data is missing:
//
//	go test -json ./... | go run ./.ci/report
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// allowed are the reasons for which a test may skip: what it runs on lacks something, it wants a
// flag, or its seed is one that other tests are for. That data is missing is none: tests have
// theirs in testdata.
var allowed = regexp.MustCompile(`(?m)_test\.go:\d+: (` + strings.Join([]string{
	// The machine.
	`no (shell|python3|machine code|GNU parallel)$`, `no go command`, `bpftrace is not installed$`, `bpftrace may not trace here`,
	`the kernel shows no tracepoints here`, `still resolving stacks`, `the system knows no such refusal`,
	// The release of Go, and chance.
	`not in this release of Go$`, `the map race went unnoticed$`,
	// Flags.
	`measures with -masked`, `writes weights\.txt with -fit$`, `without -(modules|spark)$`,
	`the race detector has memory of its own`, `where races are looked for`,
	// Seeds of fuzz targets.
	`reaches outside$`, `cells that do not end, or not soon$`,
}, "|") + `)`)

// An event is one line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	FailedBuild                               string
}

func main() {
	if err := report(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// report prints to w what r tells; the error says how many tests failed, or skipped without need.
func report(r io.Reader, w io.Writer) error {
	said := map[[2]string]string{} // what each test of a package printed; "" is the package itself
	var failed, skipped, packages int
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.EOF {
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(w, "%s", line) // of the go command itself
			continue
		}
		key := [2]string{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "build-fail":
			failed++
		case "output":
			said[key] += e.Output
			// The closing line, and whatever else is said outside of tests.
			if e.Test == "" && e.Output != "PASS\n" {
				fmt.Fprint(w, e.Output)
			}
		case "fail":
			failed++
			if e.Test != "" {
				fmt.Fprint(w, said[key])
			}
			delete(said, key)
		case "skip":
			if e.Test != "" && !allowed.MatchString(said[key]) {
				skipped++
				fmt.Fprintf(w, "%s: %s must not skip:\n%s", e.Package, e.Test, said[key])
			}
			delete(said, key)
		case "pass":
			delete(said, key)
		}
		if e.Test == "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail") {
			packages++
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d failures", failed)
	case skipped > 0:
		return fmt.Errorf("%d tests skip for a reason that is not allowed", skipped)
	case packages == 0:
		return errors.New("nothing was tested")
	}
	return nil
}
