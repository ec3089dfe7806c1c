package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
	"unicode/utf8"

	"dtnotes/dtracefs/internal/syntax"
)

// ErrNotText is what loading a binary file reports.
var ErrNotText = errors.New("not text")

// Options say how captures are decoded. The zero value is the default.
type Options struct {
	// NoStderr keeps Load from reading what the tracer said on standard error, from the
	// file beside the capture whose name ends in ".stderr".
	NoStderr bool

	// Script is the D or bpftrace script that printed the capture. It names columns and
	// aggregations. By default it is looked for beside the capture: x.d or x.bt for x.out;
	// "-" says that there is none.
	Script string

	// Location is the zone of dates that were printed without one, as by %Y: that of the
	// traced machine. The default is UTC.
	Location *time.Location

	// Limit, if positive, is how many bytes of text Load reads at most, to the end of a line. A
	// notice tells where there was more.
	Limit int64
}

// Load decodes the capture of that name, compressed or not. Notices, drops and errors are
// also taken from the file NAME.stderr beside it, if there is one. An empty capture has no
// tables and a notice that says so; a binary file is an error that wraps [ErrNotText].
// What a capture cut in the middle of a line left is in Unparsed, and a notice says so.
// Load stops when ctx is done.
//
// It decodes on one core: what shape text has and of which type a column is it tells from the whole
// of it, and what a line means depends on those before it. [Scan] decodes parts side by side.
func Load(ctx context.Context, fsys fs.FS, name string, o Options) (*Capture, error) {
	data, err := readAll(ctx, fsys, name, o.Limit)
	if err != nil {
		return nil, fmt.Errorf("loading capture %s: %w", name, err)
	}
	limited := o.Limit > 0 && int64(len(data)) > o.Limit
	if limited {
		// A line longer than the limit leaves nothing, rather than a part of a line that would be
		// read as something else.
		data = data[:cutAtLine(data[:o.Limit])]
	}
	if i := binaryAt(data); i >= 0 {
		return nil, fmt.Errorf("loading capture %s: byte %d of %d: %w", name, i, len(data), ErrNotText)
	}
	c := &Capture{Name: name}
	if o.Script == "" {
		if o.Script, err = scriptBeside(fsys, name); err != nil {
			return nil, fmt.Errorf("loading capture %s: script: %w", name, err)
		}
	}
	d := newDecoder(c, o, parseScript(o.Script))
	d.ended = func() bool { return ctx.Err() != nil }
	d.decode(data)
	// The decoder stops at a line when ctx ends, and what it has by then is no capture.
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("loading capture %s: %w", name, err)
	}
	if limited {
		d.notice(0, "cut", fmt.Appendf(nil, "only the first %d bytes of text were read", len(data)), int64(len(data)))
	}
	if !o.NoStderr {
		if err := readStderr(ctx, &d.ledger, fsys, name); err != nil {
			return nil, fmt.Errorf("loading capture %s: %w", name, err)
		}
	}
	return c, nil
}

// readAll reads a file, decompressed. With a positive limit it reads at most one byte more than
// that, by which the caller sees that there was more.
func readAll(ctx context.Context, fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	plain, err := decompress(f)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var text io.Reader = until{ctx, plain}
	if limit > 0 {
		text = io.LimitReader(text, limit+1)
	}
	var buf bytes.Buffer
	// ReadFrom wants so much room for the read that finds the end; without it, a buffer of the
	// right size would be doubled at the last moment. The size is only a hint, and that of the
	// compressed file: a wrong one must not take all memory.
	buf.Grow(int(min(info.Size(), 1<<30)) + bytes.MinRead)
	// A compressed file that is cut, as one that is still being written, is read as far as it
	// goes. Other errors say how far that was.
	if _, err := buf.ReadFrom(text); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("after %d bytes of text: %w", buf.Len(), err)
	} else if err != nil && buf.Len() == 0 {
		return nil, err
	}
	return buf.Bytes(), nil
}

// until reads from r until ctx is done. io.ReadAll and its like know no context; between two
// reads is where they can be stopped.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

const (
	// headSize is how much of a capture, in bytes, tells whether it is text, and of which dialect.
	headSize = 64 << 10
	// longHead is how much tells it where the first line alone is as long as a head.
	longHead = 1 << 20
)

// headOf returns the head of a text. Blank lines before the first word do not count: what a tracer
// prints often starts with one.
func headOf(text []byte) []byte {
	head := withoutBlankLines(text[:min(len(text), headSize)])
	if len(text) > headSize && bytes.IndexByte(head, '\n') < 0 {
		head = withoutBlankLines(text[:min(len(text), longHead)])
	}
	return head
}

// withoutBlankLines returns a text from the first line on that is not blank.
func withoutBlankLines(text []byte) []byte {
	word := len(text) - len(bytes.TrimLeft(text, " \t\r\n\f"))
	return text[bytes.LastIndexAny(text[:word], "\n\f")+1:]
}

// readHead reads what tells the dialect of the text that r holds.
func readHead(r io.Reader) (head []byte, err error) {
	head = make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	if err == nil && bytes.IndexByte(withoutBlankLines(head), '\n') < 0 {
		head = append(head, make([]byte, longHead-headSize)...)
		var more int
		more, err = io.ReadFull(r, head[n:])
		n += more
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // the head is the whole text
	}
	return head[:n], err
}

// binaryAt returns the offset of the first byte that makes data binary, or -1 for text.
// A text may hold a few control bytes and bytes that are not UTF-8, as names that a tracer
// prints do.
func binaryAt(data []byte) int {
	head := data[:min(len(data), headSize)]
	first, odd := -1, 0
	for i := 0; i < len(head); {
		c, n := utf8.DecodeRune(head[i:])
		// Backspace to carriage return and escape are what terminals get: bold text of manual
		// pages, tabs, form feeds, colors. A rune cut off by the end of the head is one odd byte
		// at most.
		if c == utf8.RuneError && n == 1 || c < ' ' && (c < '\b' || c > '\r') && c != '\x1b' {
			odd++
			if first < 0 {
				first = i
			}
		}
		i += n
	}
	if odd*10 > len(head) {
		return first
	}
	return -1
}

// readStderr takes notices, drops and errors from what the tracer said on standard error, of
// which no file is no error. Its lines are not booked: they are none of the capture's, and
// Account adds up to the capture alone.
func readStderr(ctx context.Context, l *ledger, fsys fs.FS, name string) error {
	data, err := readAll(ctx, fsys, plainName(name)+".stderr", 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for cur := syntax.NewCursor(data); !cur.Done(); {
		line, _ := cur.Next()
		stderrLine(l, line)
	}
	return nil
}

// stderrLine files a line of standard error: as what it says if it is a known message, and as it
// is otherwise, since whatever stands there was meant for whoever ran the tracer.
func stderrLine(l *ledger, line []byte) {
	if m, ok := syntax.ParseMessage(line); ok {
		l.message(0, line, m)
	} else if !syntax.Blank(line) {
		l.notice(0, "stderr", line, 0)
	}
}
