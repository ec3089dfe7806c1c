package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd")
	// The shell has rules of its own for quotes, so the line goes to it as it is.
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /s /c "` + line + `"`}
	return cmd
}

// Run runs a command; when its context ends, so does everything that it has started.
func Run(cmd *exec.Cmd) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("making a group of processes: %w", err)
	}
	defer windows.CloseHandle(job)
	cmd.Cancel = func() error {
		return errors.Join(windows.TerminateJobObject(job, 1), ignoreDone(cmd.Process.Kill()))
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// What it starts from here on belongs to the job as well.
	if process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid)); err == nil {
		windows.AssignProcessToJobObject(job, process)
		windows.CloseHandle(process)
	}
	return cmd.Wait()
}

func ignoreDone(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Interruptible has a command asked to end when its context ends, as by the key of its console.
// Where there is no console to ask through, it is ended.
func Interruptible(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	cmd.Cancel = func() error {
		if windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid)) != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
}

// handedVariable is the variable of the environment that names the handles which a process was
// handed.
const handedVariable = "DTNOTES_HANDED"

// HandOver gives a command that is not started yet ends of pipes, which it gets by Handed.
func HandOver(cmd *exec.Cmd, files ...*os.File) error {
	var handles []syscall.Handle
	var names []string
	for _, f := range files {
		h := syscall.Handle(f.Fd())
		if err := syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT); err != nil {
			return fmt.Errorf("handing over a pipe: %w", err)
		}
		handles, names = append(handles, h), append(names, strconv.FormatUint(uint64(h), 10))
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.AdditionalInheritedHandles = handles
	cmd.Env = append(cmd.Environ(), handedVariable+"="+strings.Join(names, ","))
	return nil
}

// Handed returns the first n ends of pipes that the process was handed.
func Handed(n int) ([]*os.File, error) {
	names := strings.Split(os.Getenv(handedVariable), ",")
	if len(names) < n {
		return nil, errors.New("no pipe was handed over")
	}
	os.Unsetenv(handedVariable)
	files := make([]*os.File, n)
	for i := range files {
		h, err := strconv.ParseUint(names[i], 10, 64)
		if err != nil {
			return nil, errors.New("no pipe was handed over")
		}
		syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
		files[i] = os.NewFile(uintptr(h), "handed over")
	}
	return files, nil
}
