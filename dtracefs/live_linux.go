package dtracefs

import (
	"os/exec"
	"runtime"
	"syscall"
)

// ownGroup puts the tracer into a process group of its own, and has the kernel kill it if
// this process dies.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// stayOnThread keeps the goroutine on its thread, whose end the kernel takes for the death
// of the tracer's parent.
func stayOnThread() (leave func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
