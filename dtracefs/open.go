package dtracefs

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Open shows what lies at path as a file system: a folder, the files within a zip, tar or
// compressed tar, or any other file alone, with its script and standard error where they
// lie beside it. The path "-" is standard input,
// shown as the file "stdin". Files compressed with gzip, zstd or xz read through: they keep
// their names and open as text. Plain tars and zips are read in place and stay open for the
// life of the process; a compressed tar is held in memory.
func Open(path string) (fs.FS, error) {
	if path == "-" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		root := newTree()
		root.addBytes("stdin", data)
		return readThrough{root}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening captures: %w", err)
	}
	if info.IsDir() {
		return readThrough{os.DirFS(path)}, nil
	}
	fsys, err := openFile(path, info)
	if err != nil {
		return nil, fmt.Errorf("opening captures in %s: %w", path, err)
	}
	return readThrough{fsys}, nil
}

// openFile opens the file at path as what its content says it is.
func openFile(path string, info fs.FileInfo) (fs.FS, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, tarMagicEnd)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.Close()
		return nil, err
	}
	head = head[:n]
	switch {
	// The second is that of a zip without files. zr reads from f whenever one of its files is
	// opened, so f stays open.
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		zr, err := zip.NewReader(f, info.Size())
		if err != nil {
			f.Close()
			return nil, err
		}
		return zr, nil
	case isTar(head):
		return tarFS(f, io.NewSectionReader(f, 0, info.Size()))
	}
	defer f.Close()
	if c := compressionOf(head); c != nil {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		// What is compressed is a tar or a capture alone, and only the beginning of the text says
		// which: the name may be anything. For the latter the file is opened again by its path,
		// when it is read.
		if fsys, err := compressedTar(f, c); fsys != nil || err != nil {
			return fsys, err
		}
	}
	root := newTree()
	root.addFile(filepath.Base(path), path, info)
	for _, name := range companions(filepath.Base(path)) {
		beside := filepath.Join(filepath.Dir(path), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			root.addFile(name, beside, info)
		}
	}
	return root, nil
}

// companions are the names of what may lie beside a capture and tell of it: what the
// tracer said on standard error, and the script.
func companions(name string) []string {
	return append([]string{plainName(name) + ".stderr"}, scriptNames(name)...)
}

// compressedTar returns the files of a compressed tar, or nil if r holds anything else. A tar is
// read by seeking to its files, which a compressed stream does not allow, so the whole is
// decompressed into memory.
func compressedTar(r io.Reader, c *compression) (fs.FS, error) {
	plain, err := c.open(r)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	head := make([]byte, tarMagicEnd)
	n, _ := io.ReadFull(plain, head)
	if !isTar(head[:n]) {
		return nil, nil
	}
	rest, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	data := bytes.NewReader(append(head, rest...))
	return tarFS(data, data)
}
