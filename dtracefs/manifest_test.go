package dtracefs

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestManifest(t *testing.T) {
	fsys := fstest.MapFS{
		"a/x.txt":        {Data: []byte("1795376741000000000\ncsw a 1\n\n1795376743000000000\ncsw a 1\n\n")},
		"a/x.txt.stderr": {Data: []byte("dtrace: script 'x.d' matched 13 probes\ndtrace: 5 drops on CPU 0\n")},
		"a/x.d":          {Data: []byte("tick-1s {}\n")},
		"b.out.gz":       {Data: gzipped(t, []byte("Attaching 2 probes...\n@n[a]: 1\n"))},
		"core":           {Data: []byte("\x7fELF\x00\x00\x00\x00\x00\x00\x00\x00")},
		"labels.csv":     {Data: []byte("start,end,kind\n")},
	}
	entries, err := Manifest(context.Background(), fsys)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	x, b := entries[0], entries[1]
	if x.Name != "a/x.txt" || x.Duration() != 2*time.Second || x.Rows != 2 || !x.Lossy || x.Probes != 13 || x.Script != "x.d" || x.Tables[0] != "activity (activity)" {
		t.Errorf("%+v", x)
	}
	if b.Dialect != "bpftrace" || b.Lossy || b.Probes != 2 || b.Lines != 2 || b.Err != nil {
		t.Errorf("%+v", b)
	}
}

func TestRotatedAndConcatenated(t *testing.T) {
	fsys := fstest.MapFS{
		"x.log":       {Data: []byte("1795376743000000000\ncsw c 3\n\n")},
		"x.log.1":     {Data: []byte("1795376742000000000\ncsw b 2")},
		"x.log.2.gz":  {Data: gzipped(t, []byte("1795376741000000000\ncsw a 1\n\n"))},
		"x.log.10.gz": {Data: gzipped(t, []byte("1795376740000000000\ncsw z 9\n\n"))},
		"x.logs":      {Data: []byte("other")},
		"y.log-1":     {Data: []byte("other")},
	}
	names, err := Rotated(fsys, "x.log")
	if got := strings.Join(names, " "); err != nil || got != "x.log.10.gz x.log.2.gz x.log.1 x.log" {
		t.Fatalf("parts %s, %v", got, err)
	}
	all := Concat(fsys, "all", names...)
	c, err := Load(t.Context(), all, "all", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for i := range c.Activity().NumRows() {
		got += row(c.Activity(), i) + "\n"
	}
	want := "2026-11-22T19:45:40Z|csw|z|9\n2026-11-22T19:45:41Z|csw|a|1\n2026-11-22T19:45:42Z|csw|b|2\n2026-11-22T19:45:43Z|csw|c|3\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if _, err := fs.ReadFile(Concat(fsys, "all", "x.log", "absent"), "all"); err == nil {
		t.Error("no error for a part that does not exist")
	}
	dated := fstest.MapFS{"x": {}, "x.20261121": {}, "x.20261120": {}}
	if names, _ := Rotated(dated, "x"); strings.Join(names, " ") != "x.20261120 x.20261121 x" {
		t.Errorf("dated parts %v", names)
	}
	// newsyslog and others count from 0, and a file that was packed may stand beside itself.
	fromZero := fstest.MapFS{"x.log": {}, "x.log.gz": {}, "x.log.0": {}, "x.log.1.gz": {}}
	if names, _ := Rotated(fromZero, "x.log"); strings.Join(names, " ") != "x.log.1.gz x.log.0 x.log x.log.gz" {
		t.Errorf("parts counted from 0 %v", names)
	}
}

// A readingFS counts the bytes that are read from it.
type readingFS struct {
	fs.FS
	read *int
}

type readingFile struct {
	fs.File
	read *int
}

func (f readingFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if _, dir := file.(fs.ReadDirFile); err != nil || dir {
		return file, err
	}
	return readingFile{file, f.read}, nil
}

func (f readingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	*f.read += n
	return n, err
}

// Of captures that are listed no more than the beginnings are read.
func TestNames(t *testing.T) {
	long := []byte(strings.Repeat("1795376741000000000\ncsw a 1\n\n", 100_000))
	read := 0
	fsys := readingFS{fstest.MapFS{
		"b/calls.txt":   {Data: long},
		"a/calls.txt":   {Data: long},
		"a/calls.d":     {Data: []byte("tick-1s {}\n")},
		"a/cut.txt.gz":  {Data: gzipped(t, long)[:1000]},
		"a/part.counts": {Data: append([]byte("dtnotes counts"), make([]byte, 100)...)},
	}, &read}
	names, err := Names(context.Background(), fsys)
	if got := strings.Join(names, " "); err != nil || got != "a/calls.txt a/cut.txt.gz b/calls.txt" {
		t.Errorf("captures %s, %v", got, err)
	}
	if most := len(long) / 10; read > most {
		t.Errorf("read %d bytes, want %d at most", read, most)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Names(ctx, fsys); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}
