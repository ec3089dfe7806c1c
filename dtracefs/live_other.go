//go:build unix && !linux

package dtracefs

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the tracer into a process group of its own.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func stayOnThread() (leave func()) { return func() {} }
