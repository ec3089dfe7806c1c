//go:build unix && !aix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// columns is the width of a terminal, or 0 if the file is no terminal.
func columns(f *os.File) int {
	if f == nil {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
