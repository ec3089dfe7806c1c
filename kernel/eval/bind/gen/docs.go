package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"time"

	"github.com/goplus/ixgo"

	"dtnotes/kernel/eval/internal/docs"
)

// docsFile holds the documentation of the bound packages, one entry each: records of a name, its
// declaration and its comment. The standard library's part depends on the release that made it.
const docsFile = "docs.zip"

type listed struct {
	ImportPath, Dir, Name string
	GoFiles, CgoFiles     []string
}

// documents reads the comments of the packages with these paths.
func documents(dir string, paths []string) (map[string]string, error) {
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles"}, paths...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages for their documentation: %w", err)
	}
	found := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if p.Dir == "" || len(p.GoFiles) == 0 {
			continue
		}
		text, err := document(p)
		if err != nil {
			return nil, fmt.Errorf("read the documentation of %s: %w", p.ImportPath, err)
		}
		found[p.ImportPath] = text
	}
}

func document(p listed) (string, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			return "", err
		}
		files = append(files, f)
	}
	list, err := docs.Of(fset, p.ImportPath, files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range list {
		b.WriteString(r.Name + "\x1f" + r.Decl + "\x1f" + r.Text + "\x1e")
	}
	return b.String(), nil
}

// documentedPaths are the bound packages and those of the standard library that ixgo carries.
func documentedPaths(bound []string) []string {
	paths := append([]string{"builtin"}, bound...)
	for _, p := range ixgo.PackageList() {
		if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") && first != "dtnotes" {
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	return paths
}

// updateDocs writes the documentation if it is not up to date; it tells whether it is stale.
func updateDocs(dir string, bound []string, check bool) (stale bool, err error) {
	now, err := documents(dir, documentedPaths(bound))
	if err != nil {
		return false, err
	}
	path := filepath.Join(dir, docsFile)
	had, madeBy := readDocs(path)
	same := len(had) > 0
	for p, text := range now {
		first, _, _ := strings.Cut(p, "/")
		std := !strings.Contains(first, ".") && first != "dtnotes"
		same = same && (had[p] == text || std && madeBy != runtime.Version())
	}
	for p := range had {
		_, still := now[p]
		same = same && still
	}
	if same || check {
		return !same, nil
	}
	return true, writeDocs(path, now)
}

func readDocs(path string) (docs map[string]string, madeBy string) {
	docs = map[string]string{}
	z, err := zip.OpenReader(path)
	if err != nil {
		return docs, ""
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			continue
		}
		text, err := io.ReadAll(r)
		if err == nil {
			docs[f.Name] = string(text)
		}
	}
	return docs, z.Comment
}

func writeDocs(path string, docs map[string]string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	if err := z.SetComment(runtime.Version()); err != nil {
		return err
	}
	var paths []string
	for p := range docs {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	for _, p := range paths {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p, Method: zip.Deflate, Modified: time.Time{}})
		if err == nil {
			_, err = io.WriteString(w, docs[p])
		}
		if err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}
