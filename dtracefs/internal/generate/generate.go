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
	Pairs                    // epoch seconds, then lines of a process and its count
	DatePairs                // the same under %Y
	Printa                   // %Y, then what printa prints without a format
	ClockMap                 // %H:%M:%S, then a map of bpftrace by process
	ClockJSON                // the same as bpftrace -f json writes it
	CSV                      // a row for each second and process, as a script prints it
	JSONLines                // an object for each second, process and system call
	// Monotonic is a line for each event under the monotonic clock, anchored on the first line.
	Monotonic
)

var kindNames = [...]string{"house", "bpftrace", "bpftrace-json", "log", "pairs", "date-pairs", "printa", "clock-map", "clock-json", "csv", "jsonl", "monotonic"}

// Kinds returns all kinds.
func Kinds() (kinds []Kind) {
	for k := range kindNames {
		kinds = append(kinds, Kind(k))
	}
	return kinds
}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

var names = []string{"nginx", "postgres", "redis-server", "webapp.py", "swapper/0", "swapper/1", "kworker/0:1", "kworker/u8:4",
	"ksoftirqd/0", "migration/1", "rcu_preempt", "collector.py", "qemu-system-x86", "jbd2/vda1-8", "Web Content", "sshd", "cron", "gzip", "tar",
	"gcc", "cc1", "as", "make", "find"}

var kinds = []string{"csw", "syscall", "sysfail", "read_ops", "write_ops", "pgfault", "bio_ops", "fork", "exec", "exit", "read_bytes", "write_bytes"}

var calls = []string{"read:entry", "read:return", "write:entry", "write:return", "futex:entry", "futex:return", "epoll_wait:entry",
	"epoll_wait:return", "sched_switch:off", "recvfrom:entry", "recvfrom:return"}

const start = 1_700_000_000_117_661_993

// NewReader returns a capture of about size bytes, cut at the end of a record.
func NewReader(kind Kind, size int64, seed uint64) *Reader {
	r := &Reader{kind: kind, left: size, rng: rand.New(rand.NewPCG(seed, 1)), clock: start}
	r.counts.Totals = map[string]int64{}
	return r
}

// A Reader generates a capture as it is read.
type Reader struct {
	// Cell, if set, is told of each value that is printed: the second since the epoch that it
	// belongs to, the source, of which the parts are joined by a comma, and the value.
	Cell func(second int64, source string, value int64)

	kind   Kind
	left   int64
	rng    *rand.Rand
	clock  int64
	buf    []byte
	at     int
	counts Counts
}

// Counts are what a capture holds.
type Counts struct {
	Bytes  int64
	Blocks int64            // seconds, or events
	Values int64            // that were printed
	Totals map[string]int64 // of each source
}

// Counts returns what was generated so far: all that was read and up to a buffer more.
func (r *Reader) Counts() Counts { return r.counts }

// tell counts a value of a source.
func (r *Reader) tell(ns int64, source string, value int64) {
	r.counts.Values++
	r.counts.Totals[source] += value
	if r.Cell != nil {
		r.Cell(ns/1e9, source, value)
	}
}

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) {
	if r.at == len(r.buf) {
		if r.left <= 0 {
			return 0, io.EOF
		}
		r.buf, r.at = r.buf[:0], 0
		for len(r.buf) < 64<<10 && int64(len(r.buf)) < r.left {
			r.record()
			r.counts.Blocks++
		}
		r.left -= int64(len(r.buf))
		r.counts.Bytes += int64(len(r.buf))
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

func (r *Reader) record() {
	switch r.kind {
	case EventLog:
		r.event()
	case Monotonic:
		r.monotonic()
	case Activity, BpftraceMap, BpftraceJSON:
		r.clock += int64(time.Second) + int64(r.rng.IntN(20_000)) - 10_000
		r.activity()
	default:
		r.clock += int64(time.Second) + int64(r.rng.IntN(20_000)) - 10_000
		r.table()
	}
}

func (r *Reader) activity() {
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
			r.tell(r.clock, joined[k][i], int64(value))
		}
	}
	switch r.kind {
	case Activity:
		r.buf = append(r.buf, '\n')
	case BpftraceJSON:
		r.buf = append(bytes.TrimSuffix(r.buf, []byte(", ")), "}}}\n"...)
	}
}

// joined are the sources of kinds and names.
var joined = joinEach(kinds)

func joinEach(first []string) [][]string {
	all := make([][]string, len(first))
	for i, f := range first {
		for _, name := range names {
			all[i] = append(all[i], f+","+name)
		}
	}
	return all
}

func (r *Reader) entry(kind, name string, value int) {
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

func (r *Reader) event() {
	r.clock += int64(r.rng.IntN(60_000))
	clock := r.clock
	if r.rng.IntN(50) == 0 {
		clock -= int64(r.rng.IntN(200_000_000)) // order across CPUs is not that of time
	}
	name := r.rng.IntN(len(names))
	for _, v := range []int64{clock, int64(r.rng.IntN(2)), int64(3000 + name), int64(3000 + name)} {
		r.buf = append(strconv.AppendInt(r.buf, v, 10), ' ')
	}
	call := r.rng.IntN(len(calls))
	r.buf = append(append(append(append(r.buf, names[name]...), ' '), calls[call]...), ' ')
	r.tell(clock, callsJoined[call][name], 1)
	r.buf = append(strconv.AppendInt(r.buf, int64(r.rng.IntN(32)), 10), ' ')
	r.buf = append(strconv.AppendInt(r.buf, r.rng.Int64N(1<<47), 10), ' ')
	r.buf = append(strconv.AppendInt(r.buf, int64(r.rng.IntN(1<<16)), 10), '\n')
}

var callsJoined = joinEach(calls)

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
