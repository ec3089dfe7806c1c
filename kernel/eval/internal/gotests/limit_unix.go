//go:build unix

package main

import (
	"syscall"
	"time"
)

// limitCPU has the system end this process when it has computed for longer than the limit.
func limitCPU(limit time.Duration) error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &r); err != nil {
		return err
	}
	assign(&r.Cur, limit)
	assign(&r.Max, limit)
	return syscall.Setrlimit(syscall.RLIMIT_CPU, &r)
}

// assign sets a limit, of which systems do not agree whether it has a sign.
func assign[T int64 | uint64](to *T, limit time.Duration) { *to = T(limit / time.Second) }
