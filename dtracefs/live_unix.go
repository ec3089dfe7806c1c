//go:build unix

package dtracefs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// interrupt asks the tracer and all that it started to end.
func interrupt(cmd *exec.Cmd, with string) error { return signalGroup(cmd, with, syscall.SIGINT) }

// killGroup ends what is left of the tracer's process group.
func killGroup(cmd *exec.Cmd, with string) { signalGroup(cmd, with, syscall.SIGKILL) }

// signalGroup signals a process group. What was started with more privileges takes no signals of
// whoever has less: it gets them the same way.
func signalGroup(cmd *exec.Cmd, with string, sig syscall.Signal) error {
	// A negative number means the group that the process leads.
	err := syscall.Kill(-cmd.Process.Pid, sig)
	if !errors.Is(err, syscall.EPERM) || with == "" {
		return err
	}
	line, err := elevated(with)
	if err != nil {
		return err
	}
	// Without `--`, kill would read the negative number as an option.
	line = append(line, "kill", "-"+strconv.Itoa(int(sig)), "--", strconv.Itoa(-cmd.Process.Pid))
	return exec.Command(line[0], line[1:]...).Run()
}

// killed reports whether a process was ended by force.
func killed(p *os.ProcessState) bool {
	status, ok := p.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// canPipe says whether a tracer can print into a pipe that has a name.
const canPipe = true

func makePipe(path string) error {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("a pipe at %s: %w", path, err)
	}
	return nil
}

// readPipe copies what is written into a pipe until finish is called, which waits for what is left.
func readPipe(path string, w io.Writer) (finish func(), err error) {
	// To open a pipe for reading waits for a writer, and the tracer does not run yet. O_NONBLOCK
	// does not wait.
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	// As long as somebody could write, the reader waits.
	keep, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		r.Close()
		return nil, err
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		io.Copy(w, r)
	}()
	return func() {
		keep.Close()
		r.SetReadDeadline(time.Now().Add(time.Second)) // for one who has left a writer behind
		<-copied
		r.Close()
	}, nil
}
