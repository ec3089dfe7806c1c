//go:build unix

package eval

import (
	"os"
	"syscall"
)

// A pipe takes what is written to one of the redirected files.
type pipe struct {
	r, w *os.File
	raw  syscall.RawConn // of r
	fd   int             // of r, which stays open while the pipe is in console.pipes
}

func newPipe() (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &pipe{r: r, w: w}
	if p.raw, err = r.SyscallConn(); err != nil {
		return nil, err
	}
	return p, p.raw.Control(func(fd uintptr) { p.fd = int(fd) })
}

// watch calls drain whenever there is something to read, until it says that the pipe has ended.
func (p *pipe) watch(drain func() (ended bool)) {
	p.raw.Read(func(uintptr) bool { return drain() })
}

// read takes what is there, without waiting: nothing if there is nothing, or nobody to write any
// more.
//
// It reads past package os, which would wait. The descriptor does not block, since package os has
// made it so.
func (p *pipe) read(buf []byte) (n int, ended bool) {
	for {
		n, err := syscall.Read(p.fd, buf)
		switch {
		case n > 0:
			return n, false
		case err == syscall.EINTR:
		default:
			return 0, err != syscall.EAGAIN
		}
	}
}
