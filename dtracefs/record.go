package dtracefs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// RecordOptions say how a recording is kept.
type RecordOptions struct {
	// Script is what prints the capture, and Tracer, "dtrace" or "bpftrace", what runs it. The
	// script is kept beside the capture, where [Load] finds it: capture.d or capture.bt for
	// capture.txt. It is not if the name of the capture has no ending.
	Script, Tracer string

	// Rotate, if positive, is how long a part is. The parts before are capture.txt.1, capture.txt.2
	// and so on, older ones with larger numbers, as [Rotated] lists them.
	Rotate time.Duration

	// Keep is how many parts are kept beside the one that is being written; 0 keeps all.
	Keep int
}

// A Recording is a file that a running tracer is recorded in. It has its name when it is whole:
// until it is closed, or rotated, its name ends in ".partial". So whoever finds a file of that
// name finds a whole one, whenever it looks; and a crash leaves a file that can be read as far as
// it goes.
type Recording struct {
	path string
	opt  RecordOptions
	now  func() time.Time

	mu     sync.Mutex
	file   *os.File
	packed *zstd.Encoder // nil for plain text
	said   *os.File      // standard error, nil while it is silent
	begun  time.Time     // the part
	synced time.Time
	size   int64 // of the text of all parts
	failed error
}

// partial is how the name of a file ends that is not whole.
const partial = ".partial"

// syncEvery is how much time of a compressed recording a crash may lose. Flushing after every
// write would compress little.
const syncEvery = 5 * time.Second

// Record begins a recording at a path; one that ends in .zst is compressed. A capture that is there
// stays until the recording is whole.
func Record(path string, o RecordOptions) (*Recording, error) {
	r := &Recording{path: path, opt: o, now: time.Now}
	for _, suffix := range []string{".gz", ".xz"} {
		if strings.HasSuffix(path, suffix) {
			return nil, fmt.Errorf("recording %s: what is compressed while it comes is .zst", path)
		}
	}
	if err := r.checkScript(); err != nil {
		return nil, fmt.Errorf("recording %s: %w", path, err)
	}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return r, nil
}

// scriptPath is where the script of a recording lies; "" if Load would not look for it.
func (r *Recording) scriptPath() string {
	for _, name := range scriptNames(filepath.ToSlash(filepath.Base(r.path))) {
		if strings.HasSuffix(name, ".d") == (r.opt.Tracer == "dtrace") {
			return filepath.Join(filepath.Dir(r.path), name)
		}
	}
	return ""
}

// checkScript refuses to write over a script that is not that of a capture of this name. The same
// script is no problem, and neither is another one if the capture that it is of is there, since
// that one is replaced together with it.
func (r *Recording) checkScript() error {
	script := r.scriptPath()
	if r.opt.Script == "" || script == "" {
		return nil
	}
	had, err := os.ReadFile(script)
	if errors.Is(err, fs.ErrNotExist) || err == nil && string(had) == r.opt.Script {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(r.path); err == nil {
		return nil
	}
	return fmt.Errorf("%s is another script, which the capture would be read by: choose another name", script)
}

// open begins a part.
func (r *Recording) open() (err error) {
	// What a crash has left under this name is written over.
	if r.file, err = os.Create(r.path + partial); err != nil {
		return err
	}
	if strings.HasSuffix(r.path, ".zst") {
		if r.packed, err = zstd.NewWriter(r.file, zstd.WithEncoderConcurrency(1)); err != nil {
			return err
		}
	}
	r.begun, r.synced = r.now(), r.now()
	return nil
}

// Write records what a tracer printed. After an error it records no more, and says so each time:
// a file with a gap would look whole.
func (r *Recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return 0, r.failed
	}
	rest := p
	if r.opt.Rotate > 0 && r.now().Sub(r.begun) >= r.opt.Rotate {
		if cut := bytes.LastIndexByte(p, '\n') + 1; cut > 0 { // parts end with whole lines
			if r.failed = r.write(p[:cut]); r.failed == nil {
				r.failed = r.rotate()
			}
			rest = p[cut:]
		}
	}
	if r.failed == nil {
		r.failed = r.write(rest)
	}
	if r.failed != nil {
		return 0, r.failed
	}
	return len(p), nil
}

// write writes to the part at hand. The lock is held.
func (r *Recording) write(p []byte) (err error) {
	r.size += int64(len(p))
	if r.packed == nil {
		_, err = r.file.Write(p)
		return err
	}
	if _, err = r.packed.Write(p); err == nil && r.now().Sub(r.synced) >= syncEvery {
		r.synced = r.now()
		err = r.packed.Flush()
	}
	return err
}

// Stderr takes what the tracer says on standard error, which is kept beside the capture in a file
// whose name ends in ".stderr".
func (r *Recording) Stderr() io.Writer { return (*recordingStderr)(r) }

// recordingStderr is a recording as what the tracer complains to. The file is made with the first
// complaint: most tracers have none.
type recordingStderr Recording

func (w *recordingStderr) Write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said == nil {
		if w.said, err = os.Create(plainName(w.path) + ".stderr" + partial); err != nil {
			return 0, err
		}
	}
	return w.said.Write(p)
}

// Size is how many bytes of text were recorded.
func (r *Recording) Size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// rotate puts the part in place and begins the next.
func (r *Recording) rotate() error {
	// In this order: finish gives the part the name of the newest, from which shift moves it on.
	if err := r.finish(); err != nil {
		return err
	}
	if err := r.shift(); err != nil {
		return err
	}
	return r.open()
}

// shift gives every part the number after its own, from the oldest on so that none is written
// over, and removes those that are too many.
func (r *Recording) shift() error {
	plain := plainName(r.path)
	packed := strings.TrimPrefix(r.path, plain)
	part := func(n int) string { return plain + "." + strconv.Itoa(n) + packed }
	n := 1
	for exists(part(n)) {
		n++
	}
	for ; n > 0; n-- {
		from := r.path
		if n > 1 {
			from = part(n - 1)
		}
		if !exists(from) {
			continue
		}
		if r.opt.Keep > 0 && n > r.opt.Keep {
			if err := errors.Join(os.Remove(from), remove(plainName(from)+".stderr")); err != nil {
				return err
			}
			continue
		}
		err := os.Rename(from, part(n))
		if said := plainName(from) + ".stderr"; err == nil && exists(said) {
			err = os.Rename(said, plainName(part(n))+".stderr")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exists reports whether there is anything at a path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// finish closes the part's files and gives them their names. The capture gets its name last:
// whoever sees it finds the script and standard error beside it.
func (r *Recording) finish() error {
	var err error
	if r.packed != nil {
		err = r.packed.Close()
	}
	err = errors.Join(err, r.file.Close())
	said := plainName(r.path) + ".stderr"
	if r.said != nil {
		err = errors.Join(err, r.said.Close(), os.Rename(said+partial, said))
	} else {
		// What an older capture of the name said is not this one's.
		err = errors.Join(err, remove(said))
	}
	r.file, r.packed, r.said = nil, nil, nil
	if script := r.scriptPath(); r.opt.Script != "" && script != "" {
		err = errors.Join(err, os.WriteFile(script, []byte(r.opt.Script), 0o666))
	}
	if err != nil {
		return err
	}
	return os.Rename(r.path+partial, r.path)
}

// Close ends the recording: the capture is whole and has its name. Where parts rotate, it is the
// newest part.
func (r *Recording) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	if r.opt.Rotate > 0 && exists(r.path) { // of a recording before
		if err := r.shift(); err != nil {
			return fmt.Errorf("recording: %w", err)
		}
	}
	if err := r.finish(); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

// Discard ends a recording that holds nothing worth keeping: what was there before stays.
func (r *Recording) Discard() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	if r.packed != nil {
		r.packed.Close()
	}
	err := errors.Join(r.file.Close(), os.Remove(r.path+partial))
	if r.said != nil {
		err = errors.Join(err, r.said.Close(), os.Remove(plainName(r.path)+".stderr"+partial))
	}
	r.file, r.packed, r.said = nil, nil, nil
	return err
}
