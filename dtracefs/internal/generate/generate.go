// Package generate makes captures of any length that look like real ones, the same for the
// same seed, so that tests and benchmarks need no large files.
package generate

import (
	"bytes"
	"io"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"time"
)

// A Kind is what a generated capture holds.
type Kind int

// The kinds of captures.
const (
	Activity     Kind = iota // what persec.d prints: a wall clock, entries, a blank line
	BpftraceMap              // the same as bpftrace prints maps
	BpftraceJSON             // the same as bpftrace -f json writes it
	EventLog                 // a line for each event
)

var names = []string{"nginx", "postgres", "redis-server", "webapp.py", "swapper/0", "swapper/1", "kworker/0:1", "kworker/u8:4",
	"ksoftirqd/0", "migration/1", "rcu_preempt", "collector.py", "qemu-system-x86", "jbd2/vda1-8", "Web Content", "sshd", "cron", "gzip", "tar",
	"gcc", "cc1", "as", "make", "find"}

var kinds = []string{"csw", "syscall", "sysfail", "read_ops", "write_ops", "pgfault", "bio_ops", "fork", "exec", "exit", "read_bytes", "write_bytes"}

var calls = []string{"read:entry", "read:return", "write:entry", "write:return", "futex:entry", "futex:return", "epoll_wait:entry",
	"epoll_wait:return", "sched_switch:off", "recvfrom:entry", "recvfrom:return"}

const start = 1_700_000_000_117_661_993

// NewReader returns a capture of about size bytes, cut at the end of a record.
func NewReader(kind Kind, size int64, seed uint64) io.Reader {
	return &reader{kind: kind, left: size, rng: rand.New(rand.NewPCG(seed, 1)), clock: start}
}

type reader struct {
	kind  Kind
	left  int64
	rng   *rand.Rand
	clock int64
	buf   []byte
	at    int
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at == len(r.buf) {
		if r.left <= 0 {
			return 0, io.EOF
		}
		r.buf, r.at = r.buf[:0], 0
		for len(r.buf) < 64<<10 && int64(len(r.buf)) < r.left {
			r.record()
		}
		r.left -= int64(len(r.buf))
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

func (r *reader) record() {
	if r.kind == EventLog {
		r.event()
		return
	}
	r.clock += int64(time.Second) + int64(r.rng.IntN(20_000)) - 10_000
	if r.kind == Activity {
		r.buf = strconv.AppendInt(r.buf, r.clock, 10)
	} else {
		if r.kind == BpftraceJSON {
			r.buf = append(r.buf, `{"type": "printf", "data": "`...)
		}
		r.buf = strconv.AppendInt(r.buf, r.clock/1e9, 10)
		r.buf = append(r.buf, '.')
		micros := strconv.FormatInt(1e6+r.clock%1e9/1000, 10)
		r.buf = append(r.buf, micros[1:]...)
		if r.kind == BpftraceJSON {
			r.buf = append(r.buf, "\\n\"}\n"+`{"type": "map", "data": {"@n": {`...)
		}
	}
	if r.kind != BpftraceJSON {
		r.buf = append(r.buf, '\n')
	}
	for k, kind := range kinds {
		for i, name := range names {
			if (i+k)%3 != 0 || r.rng.IntN(9) < 5 {
				continue // a process does not do everything, nor all the time
			}
			value := r.rng.IntN(1 << (4 + r.rng.IntN(8+k)))
			r.entry(kind, name, value)
		}
	}
	switch r.kind {
	case Activity:
		r.buf = append(r.buf, '\n')
	case BpftraceJSON:
		r.buf = append(bytes.TrimSuffix(r.buf, []byte(", ")), "}}}\n"...)
	}
}

func (r *reader) entry(kind, name string, value int) {
	before, between, behind, end := "", " ", " ", "\n"
	switch r.kind {
	case BpftraceMap:
		before, between, behind = "@n[", ", ", "]: "
	case BpftraceJSON:
		before, between, behind, end = `"`, ",", `": `, ", "
	}
	r.buf = append(append(append(append(append(r.buf, before...), kind...), between...), name...), behind...)
	r.buf = append(strconv.AppendInt(r.buf, int64(value), 10), end...)
}

func (r *reader) event() {
	r.clock += int64(r.rng.IntN(60_000))
	clock := r.clock
	if r.rng.IntN(50) == 0 {
		clock -= int64(r.rng.IntN(200_000_000)) // order across CPUs is not that of time
	}
	name := r.rng.IntN(len(names))
	for _, v := range []int64{clock, int64(r.rng.IntN(2)), int64(3000 + name), int64(3000 + name)} {
		r.buf = append(strconv.AppendInt(r.buf, v, 10), ' ')
	}
	r.buf = append(append(append(append(r.buf, names[name]...), ' '), calls[r.rng.IntN(len(calls))]...), ' ')
	r.buf = append(strconv.AppendInt(r.buf, int64(r.rng.IntN(32)), 10), ' ')
	r.buf = append(strconv.AppendInt(r.buf, r.rng.Int64N(1<<47), 10), ' ')
	r.buf = append(strconv.AppendInt(r.buf, int64(r.rng.IntN(1<<16)), 10), '\n')
}

// FS is a file system of one file, "capture", that is generated as it is read.
type FS struct {
	Kind Kind
	Size int64
	Seed uint64
}

// Open implements [fs.FS].
func (f FS) Open(name string) (fs.File, error) {
	if name != "capture" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return file{NewReader(f.Kind, f.Size, f.Seed), f.Size}, nil
}

type file struct {
	io.Reader
	size int64
}

func (f file) Stat() (fs.FileInfo, error) { return info(f.size), nil }
func (f file) Close() error               { return nil }

type info int64

func (i info) Name() string       { return "capture" }
func (i info) Size() int64        { return int64(i) }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }
