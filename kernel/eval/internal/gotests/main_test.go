package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if f := os.Getenv(workerEnv); f != "" {
		os.Exit(work(f))
	}
	os.Exit(m.Run())
}

// sample is one program of each kind; the command runs them all.
var sample = []string{
	"append.go", "closedchan.go", "cmp.go", "convert4.go", "defer.go", "escape.go", "func.go", "gc.go", "goprint.go",
	"helloworld.go", "initialize.go", "map.go", "method.go", "named.go", "peano.go", "print.go", "range.go",
	"recover.go", "recover4.go", "sieve.go", "solitaire.go", "stack.go", "string_lit.go", "switch.go", "turing.go", "typeswitch.go",
	"chan/select.go", "chan/sieve1.go", "interface/embed.go", "interface/receiver.go", "ken/chan.go", "ken/embed.go",
	"fixedbugs/bug148.go", "fixedbugs/issue4562.go", "fixedbugs/issue45175.go", "range4.go",
	"typeparam/absdiff3.go", "typeparam/list.go", "typeparam/maps.go", "typeparam/ordered.go", "typeparam/sets.go",
}

// TestExplained holds that what is explained is a program of the distribution.
func TestExplained(t *testing.T) {
	why := explained()
	if len(why) == 0 {
		t.Fatal("nothing is explained")
	}
	for name, reason := range why {
		src, err := os.ReadFile(filepath.Join(testDir, name))
		if err != nil || !isProgram(string(src)) {
			t.Errorf("%s, of which it is said that %s, is no program of this release of Go", name, reason)
		}
	}
}

func TestSample(t *testing.T) {
	for _, name := range sample {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(testDir, name)
			src, err := os.ReadFile(file)
			if err != nil || !isProgram(string(src)) {
				t.Skip("not in this release of Go")
			}
			cause, output := runOne(file, time.Minute)
			if cause != "" {
				t.Errorf("%s\n%.500s", cause, output)
			}
		})
	}
}
