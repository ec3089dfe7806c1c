package dtracefs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// A tree is a read-only file system of named contents, used for archives that do not bring
// one of their own and for single files.
type tree struct{ nodes map[string]*node }

// A node is a file or a folder of a tree, and describes itself.
type node struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
	open     func() (io.ReadCloser, error) // nil for a folder
	children []fs.DirEntry
}

// newTree returns one with nothing but its root.
func newTree() *tree {
	return &tree{map[string]*node{".": {name: ".", mode: fs.ModeDir | 0o555}}}
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) Mode() fs.FileMode          { return n.mode }
func (n *node) ModTime() time.Time         { return n.modified }
func (n *node) IsDir() bool                { return n.mode.IsDir() }
func (n *node) Sys() any                   { return nil }
func (n *node) Type() fs.FileMode          { return n.mode.Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }
func (n *node) String() string             { return fs.FormatFileInfo(n) }

// add puts a node at name, with the folders above it; a later file of a name replaces an
// earlier one, as in tar.
func (t *tree) add(name string, n *node) {
	n.name = path.Base(name)
	if old, ok := t.nodes[name]; ok {
		// The first stays: a file in the place of a folder would lose what is in that.
		if old.IsDir() != n.IsDir() {
			return
		}
		n.children = old.children
		// In place, as the folder above has a pointer to the node.
		*old = *n
		return
	}
	parent := path.Dir(name)
	// Archives may list files alone, without the folders that they lie in.
	if _, ok := t.nodes[parent]; !ok {
		t.add(parent, &node{mode: fs.ModeDir | 0o555, modified: n.modified})
	}
	// As of a/b in an archive that has a file a.
	if !t.nodes[parent].IsDir() {
		return
	}
	t.nodes[name] = n
	t.nodes[parent].children = append(t.nodes[parent].children, n)
}

// addBytes adds a file in memory, which must not change.
func (t *tree) addBytes(name string, data []byte) {
	t.add(name, &node{size: int64(len(data)), mode: 0o444, open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}})
}

// addFile adds a file of the system, which is opened by its path each time.
func (t *tree) addFile(name, file string, info fs.FileInfo) {
	t.add(name, &node{size: info.Size(), mode: info.Mode().Perm(), modified: info.ModTime(),
		open: func() (io.ReadCloser, error) { return os.Open(file) }})
}

// tarFS lists the tar that scan reads; contents are read from data at their offsets, by as many
// readers at once as there are. Links and devices are left out, as are names that lead out of the
// tree.
func tarFS(data io.ReaderAt, scan io.Reader) (fs.FS, error) {
	t := newTree()
	counted := &countingReader{r: scan}
	tr := tar.NewReader(counted)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading tar at byte %d: %w", counted.n, err)
		}
		// A path from the root is taken as one from the root of the tree, and `./a` as `a`.
		name := path.Clean(strings.TrimPrefix(h.Name, "/"))
		if !fs.ValidPath(name) || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
			continue
		}
		n := &node{mode: h.FileInfo().Mode() & (fs.ModeDir | fs.ModePerm), modified: h.ModTime}
		if h.Typeflag == tar.TypeReg {
			n.size = h.Size
			// The header has been read, and nothing of the content.
			offset := counted.n
			n.open = func() (io.ReadCloser, error) {
				return io.NopCloser(io.NewSectionReader(data, offset, h.Size)), nil
			}
		}
		if name != "." {
			t.add(name, n)
		}
	}
	for _, n := range t.nodes {
		slices.SortFunc(n.children, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t, nil
}

// tarMagicEnd is how many bytes of a file tell whether it is a tar.
const tarMagicEnd = 262

// isTar reports whether head, the first bytes of a file, is a tar's.
func isTar(head []byte) bool {
	return len(head) >= tarMagicEnd && string(head[257:262]) == "ustar"
}

// A countingReader counts the bytes that were read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Open implements [fs.FS].
func (t *tree) Open(name string) (fs.File, error) {
	n, ok := t.nodes[name]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if n.IsDir() {
		return &openFolder{node: n, path: name}, nil
	}
	content, err := n.open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openContent{ReadCloser: content, node: n}, nil
}

// An openContent is an open file.
type openContent struct {
	io.ReadCloser
	node *node
}

func (f *openContent) Stat() (fs.FileInfo, error) { return f.node, nil }

// An openFolder is an open folder; next is the entry that ReadDir returns next.
type openFolder struct {
	node *node
	path string
	next int
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.path, Err: errors.New("is a directory")}
}

func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.node.children[f.next:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(rest) {
		rest = rest[:n]
	}
	f.next += len(rest)
	return slices.Clone(rest), nil
}
