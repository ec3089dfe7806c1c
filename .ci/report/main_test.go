package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReport runs tests that pass, fail and skip, and holds what is told of them.
func TestReport(t *testing.T) {
	for name, c := range map[string]struct{ body, says, failure string }{
		"passes":       {"", "ok  \tx", ""},
		"fails":        {`t.Error("wrong")`, "x_test.go:5: wrong\n--- FAIL: TestX", "failure"},
		"panics":       {`panic("oh")`, "panic: oh", "failure"},
		"wants data":   {`t.Skip("../shared is not there")`, "x_test.go:5: ../shared is not there", "1 tests skip"},
		"says nothing": {`t.SkipNow()`, "TestX must not skip", "1 tests skip"},
		"wants file":   {`t.Run("a", func(t *testing.T) { t.Skip("no file a.txt") })`, "TestX/a must not skip", "1 tests skip"},
		"no tracer":    {`t.Skip("bpftrace is not installed")`, "ok  \tx", ""},
		"a seed":       {`t.Run("seed#1", func(t *testing.T) { t.Log("more"); t.Skip("reaches outside") })`, "ok  \tx", ""},
		"no build":     {`undefined()`, "undefined: undefined", "failure"},
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{
			"go.mod":    "module x\n\ngo 1.26\n",
			"x_test.go": "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { " + c.body + " }\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("go", "test", "-json", "-vet=off", ".")
		cmd.Dir = dir
		text, _ := cmd.CombinedOutput() // its exit status says what the report must say
		var out strings.Builder
		err := report(strings.NewReader(string(text)), &out)
		if (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: %v; said\n%s", name, err, out.String())
		}
	}
	if err := report(strings.NewReader(""), os.Stderr); err == nil {
		t.Error("no error where nothing was tested")
	}
	bare, err := json.Marshal(event{Action: "pass", Package: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := report(strings.NewReader(string(bare)), os.Stderr); err != nil {
		t.Errorf("a last line without an end: %v", err)
	}
}
