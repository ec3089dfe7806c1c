package eval

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const crashEnv = "DTNOTES_CRASH"

// TestCrash kills a process with a map race in a cell and reads the reason.
func TestCrash(t *testing.T) {
	if file := os.Getenv(crashEnv); file != "" {
		if _, err := CatchCrash(file); err != nil {
			t.Fatal(err)
		}
		s := newSession(t)
		must(t, s, "m := map[int]int{}\nfor range 8 { go func() { for i := 0; ; i++ { m[i%8]++ } }() }\ntime.Sleep(20 * time.Second)")
		t.Fatal("nothing died")
	}
	file := filepath.Join(t.TempDir(), "crash")
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashEnv+"="+file)
	if err := cmd.Run(); err == nil {
		t.Skip("the map race went unnoticed")
	}
	last, err := CatchCrash(file)
	if err != nil || !strings.Contains(last, "two goroutines used a map at the same time") {
		t.Errorf("%q, %v", last, err)
	}
	if last, err = CatchCrash(file); err != nil || last != "" {
		t.Errorf("again: %q, %v", last, err)
	}
}
