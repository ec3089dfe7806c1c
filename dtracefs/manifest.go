package dtracefs

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// An Entry of a manifest says what one capture is. What the capture does not say is zero.
type Entry struct {
	Name     string
	Dialect  string
	Size     int64 // as stored
	Bytes    int64 // of text
	Lines    int
	Modified time.Time

	First, Last time.Time // instants that it tells; zero where it tells none
	Tables      []string  // names and kinds of its tables
	Rows        int
	Probes      int64 // how many the tracer says that it enabled; 0 where it says nothing
	Script      string
	Lossy       bool
	Unparsed    int
	Err         error // why it could not be read
}

// Duration is how long the capture lasted, as far as it tells.
func (e Entry) Duration() time.Duration { return e.Last.Sub(e.First) }

// Names lists the captures of a file system in order, of which no more than the beginnings are
// read. Scripts, what tracers said on standard error, labels and other companions are no
// captures, nor is what is not text. A capture that cannot be read is listed, and whoever reads
// it is told why. A file is a capture by what it is not: it may have any name and any form.
func Names(ctx context.Context, fsys fs.FS) ([]string, error) {
	names, err := capturesOf(ctx, fsys, mayBeCapture)
	if err == nil && len(names) == 0 {
		// With nothing else in the folder, CSV is no companion of a capture but one itself.
		names, err = capturesOf(ctx, fsys, func(name string) bool {
			ext := strings.ToLower(path.Ext(plainName(name)))
			return (ext == ".csv" || ext == ".tsv") && !strings.HasPrefix(path.Base(name), ".")
		})
	}
	return names, err
}

// capturesOf lists the files of text whose names may be those of captures.
func capturesOf(ctx context.Context, fsys fs.FS, may func(name string) bool) (names []string, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && !d.IsDir() && may(name) && !isBinary(fsys, name) {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// isBinary reports whether a file begins otherwise than text does. One that cannot be read is
// listed all the same: leaving it out would hide it.
func isBinary(fsys fs.FS, name string) bool {
	r, err := openAll([]File{{fsys, name}})
	if err != nil {
		return false
	}
	defer r.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	return (err == nil || err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)) && binaryAt(head[:n]) >= 0
}

// Manifest describes the captures of a file system, those that [Names] lists, which it reads whole.
// A capture that cannot be read has its Err set; the error returned is about the file system or the
// context.
func Manifest(ctx context.Context, fsys fs.FS) ([]Entry, error) {
	names, err := Names(ctx, fsys)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, name := range names {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return entries, err
		}
		e := Entry{Name: name, Size: info.Size(), Modified: info.ModTime()}
		e.describe(ctx, fsys)
		if err := ctx.Err(); err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// companionEndings are those of files that lie with captures and are none: scripts, labels, what
// was made of captures.
var companionEndings = []string{".stderr", ".d", ".bt", ".csv", ".tsv", ".md", ".py", ".sh", ".go", ".ipynb", ".html", ".png", ".svg",
	"meta.json", ".parquet", ".arrow"}

func mayBeCapture(name string) bool {
	base := strings.ToLower(plainName(path.Base(name)))
	return !strings.HasPrefix(base, ".") && !slices.ContainsFunc(companionEndings, func(e string) bool { return strings.HasSuffix(base, e) })
}

// describe scans the capture, part by part, so that a folder of large ones needs no memory for
// them.
func (e *Entry) describe(ctx context.Context, fsys fs.FS) {
	seen := map[string]bool{}
	for b, err := range Scan(ctx, fsys, e.Name, Options{}) {
		if err != nil {
			e.Err = err
			return
		}
		e.add(b, seen)
	}
	var beside Capture
	if err := readStderr(ctx, &ledger{&beside}, fsys, e.Name); err == nil {
		e.told(&beside)
	}
}

// add takes in a part; seen are the tables of the parts before.
func (e *Entry) add(b *Batch, seen map[string]bool) {
	e.Dialect = b.Dialect
	e.Bytes += b.Bytes
	e.Lines += b.Lines
	e.Unparsed += len(b.Unparsed)
	e.told(&b.Capture)
	for _, t := range b.Tables {
		e.Rows += t.NumRows()
		if label := t.Name + " (" + t.Kind + ")"; !seen[label] {
			seen[label] = true
			e.Tables = append(e.Tables, label)
		}
		if c := t.Column("time"); c != nil && c.Type() == Time {
			e.span(c)
		}
	}
}

// span widens the span of the capture to the instants of a column. They are in any order: a clock
// may be set back.
func (e *Entry) span(c *Column) {
	for i := range c.Len() {
		if c.Null(i) {
			continue
		}
		at := c.Time(i)
		if e.First.IsZero() || at.Before(e.First) {
			e.First = at
		}
		if at.After(e.Last) {
			e.Last = at
		}
	}
}

// told takes in what the tracer said about itself, in the capture or on standard error.
func (e *Entry) told(c *Capture) {
	e.Lossy = e.Lossy || c.Lossy()
	for _, n := range c.Notices {
		if n.Kind != "matched" && n.Kind != "attached" {
			continue
		}
		e.Probes += n.N
		// As in `dtrace: script 'run.d' matched 3 probes`.
		if _, rest, ok := strings.Cut(n.Text, "script '"); ok {
			e.Script, _, _ = strings.Cut(rest, "'")
		}
	}
}

// Concat shows captures that belong together, such as the parts of a rotated file, as one file of
// that name, their texts one after the other in the order given. Compressed parts are read
// through; a part whose last line has no end gets one. The size of the file is that of the parts
// as they are stored.
func Concat(fsys fs.FS, as string, names ...string) fs.FS {
	t := newTree()
	var size int64
	for _, n := range names {
		if info, err := fs.Stat(fsys, n); err == nil {
			size += info.Size()
		}
	}
	t.add(as, &node{size: size, mode: 0o444, open: func() (io.ReadCloser, error) {
		return &concatenated{fsys: fsys, names: names}, nil
	}})
	return t
}

// Rotated returns the names of a rotated file's parts, the oldest first: x.log.2.gz, x.log.1,
// x.log for x.log. Parts numbered by their day go the other way round: x.log.20261121 is older
// than x.log.20261122.
func Rotated(fsys fs.FS, name string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		return nil, err
	}
	type part struct {
		name   string
		number uint64
	}
	var parts []part
	var newest []string // without a number: what is being written
	for _, e := range entries {
		rest, ok := strings.CutPrefix(plainName(e.Name()), path.Base(name))
		if !ok || e.IsDir() {
			continue
		}
		full := path.Join(path.Dir(name), e.Name())
		if rest == "" {
			newest = append(newest, full)
		} else if number, ok := syntax.Uint([]byte(strings.TrimPrefix(rest, "."))); ok && rest[0] == '.' {
			parts = append(parts, part{full, number})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case !isDay(a.number) || !isDay(b.number):
			return cmp.Compare(b.number, a.number) // counted from the newest on
		default:
			return cmp.Compare(a.number, b.number)
		}
	})
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	return append(names, newest...), nil
}

// isDay reports whether a part is numbered by its day, as in x.log.20261122.
func isDay(n uint64) bool { return n >= 19700101 && n <= 99991231 }

// concatenated reads files one after the other. Each is opened when its turn comes, so that a
// hundred parts do not need a hundred open files.
type concatenated struct {
	fsys  fs.FS
	names []string
	file  fs.File
	text  io.ReadCloser
	last  byte
}

func (c *concatenated) Read(p []byte) (int, error) {
	for {
		if c.text == nil {
			if len(c.names) == 0 {
				return 0, io.EOF
			}
			if err := c.open(); err != nil {
				return 0, err
			}
		}
		n, err := c.text.Read(p)
		if n > 0 {
			c.last = p[n-1]
			return n, nil
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return 0, err
		}
		c.Close()
		// Otherwise the last line of a part and the first of the next would be one. last is 0 as
		// long as nothing was read.
		if c.last != '\n' && c.last != 0 && len(c.names) > 0 && len(p) > 0 {
			p[0], c.last = '\n', '\n'
			return 1, nil
		}
	}
}

func (c *concatenated) open() (err error) {
	if c.file, err = c.fsys.Open(c.names[0]); err != nil {
		return err
	}
	c.names = c.names[1:]
	c.text, err = decompress(c.file)
	return err
}

// Close closes the file that is being read.
func (c *concatenated) Close() error {
	if c.text != nil {
		c.text.Close()
	}
	c.text = nil
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}
