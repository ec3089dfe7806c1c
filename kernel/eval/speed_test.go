//go:build unix

package eval

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// BenchmarkSpeed prints a table of what the same work takes in a cell by each executor, in CPython
// and in compiled Go, in seconds of the processor:
//
//	go test -run - -bench Speed -benchtime 1x ./kernel/eval
func BenchmarkSpeed(b *testing.B) {
	source, err := os.ReadFile("testdata/speed/speed.go")
	if err != nil {
		b.Fatal(err)
	}
	var table strings.Builder
	// This comes after what the sessions print, which have the output until they end.
	b.Cleanup(func() { fmt.Print("\nseconds of the processor\n" + table.String()) })
	for b.Loop() {
		table.Reset()
		machine, order := measured(b, inTier(b, "machine", string(source)))
		portable, _ := measured(b, inTier(b, "portable", string(source)))
		interpreted, _ := measured(b, inTier(b, "off", string(source)))
		python, _ := measured(b, output(b, "python3", filepath.Join("testdata", "speed", "speed.py")))
		compiled, _ := measured(b, output(b, "go", "run", "testdata/speed/speed.go"))
		w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "work\tinterpreted\tportable\tmachine\tCPython\tGo\tportable / CPython\tmachine / Go\t")
		for _, name := range order {
			fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.4f\t%.3f\t%.4f\t%.2f\t%.1f\t\n", name, interpreted[name], portable[name], machine[name], python[name], compiled[name], portable[name]/python[name], machine[name]/compiled[name])
		}
		w.Flush()
	}
}

var notInCell = regexp.MustCompile(`(?m)^package main$|^func main\(\).*$`)

// inTier is what the program prints as a cell.
func inTier(b *testing.B, tier, source string) string {
	b.Setenv(nativeVariable, tier)
	s := newSession(b)
	must(b, s, notInCell.ReplaceAllString(source, ""))
	_, printed, err := run1(b, s, "measure()")
	if err != nil {
		b.Fatal(err)
	}
	return printed
}

func output(b *testing.B, name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		b.Logf("%s: %v", name, err)
	}
	return string(out)
}

// measured reads lines of a name, a tab and seconds.
func measured(b *testing.B, text string) (seconds map[string]float64, order []string) {
	seconds = map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "\t")
		x, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			b.Fatalf("measured %q", line)
		}
		seconds[name] = x
		order = append(order, name)
	}
	return seconds, order
}
