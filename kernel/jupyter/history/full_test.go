//go:build unix

package history

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk lets no file grow beyond a few cells, so that a write ends in the middle of one,
// and then gives room again.
func TestFullDisk(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ) // else it ends the process
	defer signal.Reset(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := was
	limit.Cur = 2500
	dir := filepath.Join(t.TempDir(), "history")
	var said []string
	s := Open(dir, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was)
	var want []string
	for line := 1; line <= 6; line++ {
		source := strings.Repeat(fmt.Sprint(line), 1000)
		s.Input(line, source)
		want = append(want, fmt.Sprintf("[1,%d,%q]", line, source))
		if got := find(t, s, Query{Access: "tail"}); got != "["+strings.Join(want, ",")+"]" {
			t.Fatalf("after line %d: %d bytes, %q", line, len(got), said)
		}
	}
	if len(said) == 0 || !strings.Contains(said[0], "is not kept") {
		t.Errorf("%q", said)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := find(t, Open(dir, func(string, ...any) {}), Query{Access: "tail"}); got != "["+strings.Join(want, ",")+"]" {
		t.Errorf("in the next session: %d bytes", len(got))
	}
}
