package main

import (
	"bytes"
	"io/fs"
	"time"

	"dtnotes/dtracefs"
)

// load decodes text that is in memory.
func load(text []byte) (*dtracefs.Capture, error) {
	return dtracefs.Load(memory(text), "live")
}

// memory is a file system of one file.
type memory []byte

func (m memory) Open(name string) (fs.File, error) {
	if name != "live" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{bytes.NewReader(m), int64(len(m))}, nil
}

type memoryFile struct {
	*bytes.Reader
	size int64
}

func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Stat() (fs.FileInfo, error) { return memoryInfo(f.size), nil }

type memoryInfo int64

func (i memoryInfo) Name() string       { return "live" }
func (i memoryInfo) Size() int64        { return int64(i) }
func (i memoryInfo) Mode() fs.FileMode  { return 0o444 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }
