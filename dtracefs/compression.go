package dtracefs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A compression is a format that captures are kept in.
type compression struct {
	suffix string
	magic  string
	open   func(io.Reader) (io.ReadCloser, error)
}

// compressions are told by the first bytes of a file, whatever its name is; the suffix only leads
// to the files beside it. zstd reads in the goroutine that asks: workers of its own would compete
// with those that decode.
var compressions = []*compression{
	{".gz", "\x1f\x8b", func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{".zst", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}},
	{".xz", "\xfd7zXZ\x00", func(r io.Reader) (io.ReadCloser, error) {
		d, err := xz.NewReader(r)
		return io.NopCloser(d), err
	}},
}

// compressionOf returns the format that head starts with, or nil.
func compressionOf(head []byte) *compression {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return c
		}
	}
	return nil
}

// plainName returns name without the suffix of a compression. Scripts and standard error lie
// beside a capture under its plain name.
func plainName(name string) string {
	for _, c := range compressions {
		if rest, ok := strings.CutSuffix(name, c.suffix); ok {
			return rest
		}
	}
	return name
}

// decompress returns r's plain text in UTF-8, whatever it is compressed with. Closing it does not
// close r.
func decompress(r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(8)
	// A file shorter than eight bytes is a text, too.
	if err != nil && err != io.EOF {
		return nil, err
	}
	c := compressionOf(head)
	plain := io.NopCloser(br)
	if c != nil {
		if plain, err = c.open(br); err != nil {
			return nil, fmt.Errorf("decompressing %s: %w", c.suffix[1:], err)
		}
		br = bufio.NewReader(plain)
	}
	text, err := asUTF8(br)
	if err != nil {
		plain.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{text, plain}, nil
}

// readThrough is a file system whose compressed files open as the text within. Whoever opens a
// capture sees text only; a program that wants the stored bytes has another file system.
type readThrough struct{ fs.FS }

func (t readThrough) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, err
	}
	plain, err := decompress(f)
	if err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &plainFile{File: f, plain: plain}, nil
}

func (t readThrough) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(t.FS, name) }

// plainFile reads the text of a compressed file. Its Stat has the size as stored, since that of
// the text is known only at its end: nobody may rely on it for more than a hint.
type plainFile struct {
	fs.File
	plain io.ReadCloser
}

func (f *plainFile) Read(p []byte) (int, error) { return f.plain.Read(p) }

func (f *plainFile) Close() error {
	f.plain.Close()
	return f.File.Close()
}
