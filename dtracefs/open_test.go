package dtracefs

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

var archived = map[string]string{
	"one.out":      "1795376741117661993\ncsw a 1\n\n",
	"run/two.out":  "1795376741117661993\ncsw b 2\n\n",
	"run/x/y.text": "y\n",
}

func gzipped(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func xzipped(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range archived {
		if err := w.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range archived {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenArchives(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "folder"), folderOf(archived)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"a.zip":     zipped(t),
		"a.tar":     tarred(t),
		"a.tar.gz":  gzipped(t, tarred(t)),
		"a.tar.zst": zstandard(t, tarred(t)),
		"a.tar.xz":  xzipped(t, tarred(t)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"folder", "a.zip", "a.tar", "a.tar.gz", "a.tar.zst", "a.tar.xz"} {
		t.Run(name, func(t *testing.T) {
			fsys, err := Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := fstest.TestFS(fsys, "one.out", "run/two.out", "run/x/y.text"); err != nil {
				t.Error(err)
			}
			for file, want := range archived {
				if got, err := fs.ReadFile(fsys, file); err != nil || string(got) != want {
					t.Errorf("%s holds %q, %v; want %q", file, got, err, want)
				}
			}
		})
	}
}

func folderOf(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return m
}

func TestOpenFilesReadThrough(t *testing.T) {
	text := []byte(archived["one.out"])
	for name, data := range map[string][]byte{
		"c.out": text, "c.out.gz": gzipped(t, text), "c.out.zst": zstandard(t, text), "c.out.xz": xzipped(t, text),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		fsys, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(fsys, name); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s reads %q, %v", name, got, err)
		}
		c, err := Load(t.Context(), fsys, name, Options{})
		if err != nil || c.Activity() == nil || c.Activity().NumRows() != 1 {
			t.Errorf("loading %s: %v, %v", name, c, err)
		}
		if c, err = Load(t.Context(), os.DirFS(filepath.Dir(path)), name, Options{}); err != nil || c.Bytes != int64(len(text)) {
			t.Errorf("loading %s from a plain file system: %v, %v", name, c, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent")); err == nil {
		t.Error("no error for a path that does not exist")
	}
	bad := filepath.Join(dir, "bad.tar")
	if err := os.WriteFile(bad, append(tarred(t)[:400], 1, 2, 3), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bad); err == nil {
		t.Error("no error for a tar cut short")
	}
}
