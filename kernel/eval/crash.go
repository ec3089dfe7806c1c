package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
)

// CatchCrash has Go write to file what it says when the process dies of something that no code can
// recover from, such as two goroutines writing to a map at once, or a recursion without end in
// compiled code. It returns what it wrote there the last time, in one sentence for the user, or
// nothing; the file is emptied.
//
// It is called once, before a session begins: the report is read before the file is emptied for
// the next.
func CatchCrash(file string) (last string, err error) {
	report, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the report of a crash: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("prepare for a crash: %w", err)
	}
	defer f.Close() // SetCrashOutput keeps its own
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return "", fmt.Errorf("prepare for a crash: %w", err)
	}
	return crashReason(string(report)), nil
}

// reasons tell a cause of death by the function that was on top of the stack: the report has no
// words of Go's own, only the stacks.
var reasons = []struct{ frame, meaning string }{
	{"runtime/maps.fatal(", "two goroutines used a map at the same time, at least one of them to change it; guard it with a sync.Mutex"},
	{"runtime.newstack(", "a recursion in compiled code did not end; perhaps a value that contains itself was encoded"},
	{"runtime.mallocgc(", "there was no memory left"},
	{"runtime.(*mheap).", "there was no memory left"},
	{"sync.fatal(", "a mutex was unlocked that was not locked"},
}

func crashReason(report string) string {
	report = strings.TrimSpace(report)
	if report == "" {
		return ""
	}
	const died = "the kernel died and was started again, without its variables: "
	first, _, _ := strings.Cut(report, "\n\n") // the goroutine that died
	for _, r := range reasons {
		if strings.Contains(first, r.frame) {
			return died + r.meaning
		}
	}
	for line := range strings.Lines(first) {
		if !strings.HasPrefix(line, "goroutine ") && !strings.HasPrefix(line, "\t") {
			return died + strings.TrimSpace(line)
		}
	}
	return died + firstLine(report)
}
