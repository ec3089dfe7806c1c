package bind

import (
	"syscall"
	_ "unsafe" // for go:linkname
)

// Package syscall declares Syscall6 on Solaris and illumos, but nothing implements it, so that a
// program links only as long as it does not name it. The interpreter's table of the package does.
//
//go:linkname syscall6 syscall.Syscall6
func syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno) {
	return syscall.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
}
