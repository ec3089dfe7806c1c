package dtracefs

import "os/exec"

func ownGroup(*exec.Cmd) {}

func stayOnThread() (leave func()) { return func() {} }

// interrupt kills the tracer, as there are no interrupts to send.
func interrupt(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func killGroup(*exec.Cmd) {}
