package dtracefs

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// ownGroup makes the tracer one that can be sent a break without this process getting it, too.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

func stayOnThread() (leave func()) { return func() {} }

// interrupt sends the tracer a break by way of the console that both are on. It kills it where
// there is none, as with a kernel that a client without a console has started.
func interrupt(cmd *exec.Cmd, _ string) error {
	if windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid)) != nil {
		return cmd.Process.Kill()
	}
	return nil
}

// killGroup ends the tracer, if it still runs.
func killGroup(cmd *exec.Cmd, _ string) { cmd.Process.Kill() }

// killed reports whether a process was ended by force, or by a break that it did not handle.
func killed(p *os.ProcessState) bool {
	code := windows.NTStatus(p.ExitCode())
	return code == 1 || code == windows.STATUS_CONTROL_C_EXIT
}

// canPipe says whether a tracer can print into a pipe that has a name.
const canPipe = false

func makePipe(string) error { return errors.ErrUnsupported }

func readPipe(string, io.Writer) (func(), error) { return nil, errors.ErrUnsupported }
