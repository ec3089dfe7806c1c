package eval

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A pipe takes what is written to one of the redirected files. Reading would wait, and whoever
// waits keeps others from asking how much there is, so nobody reads more than there is.
type pipe struct {
	r, w   *os.File
	handle syscall.Handle // of r, which stays open while the pipe is in console.pipes
}

func newPipe() (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &pipe{r, w, syscall.Handle(r.Fd())}, nil
}

// lookEvery is how often a pipe is looked at while nobody prints; output of programs that cells
// start shows so much later.
const lookEvery = 20 * time.Millisecond

// watch calls drain again and again, until it says that the pipe has ended.
func (p *pipe) watch(drain func() (ended bool)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for range tick.C {
		if drain() {
			return
		}
	}
}

var peekNamedPipe = windows.NewLazySystemDLL("kernel32.dll").NewProc("PeekNamedPipe")

// read takes what is there, without waiting: nothing if there is nothing, or nobody to write any
// more.
func (p *pipe) read(buf []byte) (n int, ended bool) {
	var available uint32
	if ok, _, _ := peekNamedPipe.Call(uintptr(p.handle), 0, 0, 0, uintptr(unsafe.Pointer(&available)), 0); ok == 0 {
		return 0, true
	}
	if available == 0 {
		return 0, false
	}
	n, err := syscall.Read(p.handle, buf[:min(len(buf), int(available))])
	return max(n, 0), err != nil
}
