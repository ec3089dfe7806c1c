package main

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var gotModulesFlag = flag.String("modules", "", "regular expression of modules of testdata/modules.txt to get from the network and try")

// TestModules gets modules that are in wide use and holds what a notebook with each prints
// against what the Go program made of it does. It fetches much and builds for an hour, so that it
// runs only when it is asked to.
func TestModules(t *testing.T) {
	if *gotModulesFlag == "" {
		t.Skip("without -modules")
	}
	want := regexp.MustCompile(*gotModulesFlag)
	for entry := range strings.SplitSeq(mustRead(t, "testdata/modules.txt"), "===\n") {
		get, code, _ := strings.Cut(entry, "\n")
		name := strings.TrimPrefix(get, "%get ")
		if !want.MatchString(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			inFolder(t, nil)
			writeNotebook(t, "n.ipynb", get, code)
			printed, _, err := dtnotes(t, "run", "n.ipynb")
			if err != nil {
				t.Fatalf("%v\n%s", err, printed)
			}
			if _, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program"); err != nil {
				t.Fatalf("convert: %v\n%s", err, notes)
			}
			cmd := exec.Command("go", "run", ".")
			cmd.Dir, cmd.Stderr = "program", os.Stderr
			compiled, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(printed, string(compiled)) {
				t.Errorf("the notebook prints\n%s\nthe program\n%s", printed, compiled)
			}
		})
	}
}
