//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", line)
}

// Run runs a command; when its context ends, so does everything that it has started.
func Run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Run()
}

// Interruptible has a command asked to end when its context ends, as by the key of its terminal.
func Interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
}

// HandOver gives a command that is not started yet ends of pipes, which it gets by Handed.
func HandOver(cmd *exec.Cmd, files ...*os.File) error {
	cmd.ExtraFiles = files
	return nil
}

// Handed returns the first n ends of pipes that the process was handed.
func Handed(n int) ([]*os.File, error) {
	files := make([]*os.File, n)
	for i := range files {
		fd := 3 + i // after the standard ones
		var status syscall.Stat_t
		// Where nothing was handed over, the number may be that of a file of Go's own.
		if err := syscall.Fstat(fd, &status); err != nil || !isPipe(&status) {
			return nil, errors.New("no pipe was handed over")
		}
		syscall.CloseOnExec(fd)
		files[i] = os.NewFile(uintptr(fd), "handed over")
	}
	return files, nil
}

func isPipe(status *syscall.Stat_t) bool { return status.Mode&syscall.S_IFMT == syscall.S_IFIFO }
