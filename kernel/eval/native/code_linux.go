//go:build (amd64 || arm64) && !race && linux

package native

import "golang.org/x/sys/unix"

const machineKnown = true

// machineRun enters machine code by the code at enter. Whenever that leaves, it calls machineExit,
// until that says that machine code must not go on.
func machineRun(vm *machine, enter uintptr)

// executable is memory with code. It is never writable and executable at once.
func executable(code []byte) ([]byte, error) {
	mem, err := unix.Mmap(-1, 0, len(code), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	copy(mem, code)
	if err := unix.Mprotect(mem, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		release(mem)
		return nil, err
	}
	flush(mem)
	return mem, nil
}

func release(mem []byte) { _ = unix.Munmap(mem) }
