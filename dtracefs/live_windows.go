package dtracefs

import (
	"errors"
	"io"
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func stayOnThread() (leave func()) { return func() {} }

// interrupt kills the tracer, as there are no interrupts to send.
func interrupt(cmd *exec.Cmd, _ string) error { return cmd.Process.Kill() }

func killGroup(*exec.Cmd, string) {}

// killed is false, since the way to end a tracer here is to kill it.
func killed(*os.ProcessState) bool { return false }

// canPipe tells that a tracer can print into a pipe that has a name.
const canPipe = false

func makePipe(string) error { return errors.ErrUnsupported }

func readPipe(string, io.Writer) (func(), error) { return nil, errors.ErrUnsupported }
