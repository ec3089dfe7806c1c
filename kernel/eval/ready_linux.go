package eval

import (
	"fmt"
	"syscall"
	"unsafe"
)

// A readiness finds out with one short system call whether any of its files has something to
// read. It is asked before everything that is printed.
type readiness struct {
	epoll  int
	events [2]syscall.EpollEvent
}

func newReadiness(pipes ...*pipe) (*readiness, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watch output: %w", err)
	}
	for _, p := range pipes {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(p.fd)}
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, p.fd, &event); err != nil {
			syscall.Close(epoll)
			return nil, fmt.Errorf("watch output: %w", err)
		}
	}
	return &readiness{epoll: epoll}, nil
}

// ready is true if in doubt. The call does not wait, so the scheduler need not know of it.
func (r *readiness) ready() bool {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&r.events)), uintptr(len(r.events)), 0, 0, 0)
	return errno != 0 || n > 0
}

func (r *readiness) close() { syscall.Close(r.epoll) }
