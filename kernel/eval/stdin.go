package eval

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"
)

// stdin is standard input as interpreted code reads it: a line at a time, asked for when it is
// wanted. Where nobody can be asked it is at its end.
var stdin = &inputReader{}

type inputReader struct {
	mu   sync.Mutex
	rest []byte
}

func (in *inputReader) Read(b []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.rest) == 0 {
		r := currentRun()
		if r == nil || r.input == nil {
			return 0, io.EOF
		}
		flushConsole() // the prompt
		line, err := r.input(r.ctx, "", false)
		if err != nil {
			return 0, err
		}
		in.rest = []byte(line + "\n")
	}
	n := copy(b, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// ReadRune makes Scan read no further than it has to.
//
// Package fmt would otherwise read ahead by a buffer of its own and drop what it did not need.
func (in *inputReader) ReadRune() (r rune, size int, err error) {
	return readRune(in)
}

// readRune reads one rune, a byte at a time, until it is whole.
func readRune(r io.Reader) (rune, int, error) {
	var b [4]byte
	n := 0
	for n < len(b) {
		if _, err := io.ReadFull(r, b[n:n+1]); err != nil {
			return 0, 0, err
		}
		n++
		if c := []rune(string(b[:n])); len(c) == 1 && (c[0] != '\uFFFD' || n == len(b)) {
			return c[0], n, nil
		}
	}
	return '\uFFFD', 1, nil
}

// forget drops what is left of a line when the cell that asked for it has ended.
//
// A goroutine that waits for a line holds the mutex, and then there is nothing left.
func (in *inputReader) forget() {
	if in.mu.TryLock() {
		in.rest = nil
		in.mu.Unlock()
	}
}

// reader is what interpreted code gets for r: standard input if it is os.Stdin.
func reader(r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok && f != nil && f == os.Stdin {
		return stdin
	}
	return r
}

func registerReading(c externals) {
	c.RegisterExternal("fmt.Scan", func(v ...any) (int, error) { return fmt.Fscan(stdin, v...) })
	c.RegisterExternal("fmt.Scanln", func(v ...any) (int, error) { return fmt.Fscanln(stdin, v...) })
	c.RegisterExternal("fmt.Scanf", func(f string, v ...any) (int, error) { return fmt.Fscanf(stdin, f, v...) })
	c.RegisterExternal("fmt.Fscan", func(r io.Reader, v ...any) (int, error) { return fmt.Fscan(reader(r), v...) })
	c.RegisterExternal("fmt.Fscanln", func(r io.Reader, v ...any) (int, error) { return fmt.Fscanln(reader(r), v...) })
	c.RegisterExternal("fmt.Fscanf", func(r io.Reader, f string, v ...any) (int, error) { return fmt.Fscanf(reader(r), f, v...) })
	c.RegisterExternal("bufio.NewReader", func(r io.Reader) *bufio.Reader { return bufio.NewReader(reader(r)) })
	c.RegisterExternal("bufio.NewReaderSize", func(r io.Reader, n int) *bufio.Reader { return bufio.NewReaderSize(reader(r), n) })
	c.RegisterExternal("bufio.NewScanner", func(r io.Reader) *bufio.Scanner { return bufio.NewScanner(reader(r)) })
	c.RegisterExternal("io.ReadAll", func(r io.Reader) ([]byte, error) { return io.ReadAll(reader(r)) })
	c.RegisterExternal("(*os.File).Read", func(f *os.File, b []byte) (int, error) { return reader(f).Read(b) })
}

var _ io.RuneReader = stdin
