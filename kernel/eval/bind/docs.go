package bind

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:embed docs.zip
var docsZip []byte

// A Doc is the declaration of a name, as far as it is a function's, and its comment.
type Doc struct{ Decl, Text string }

var docs struct {
	sync.Mutex
	files map[string]*zip.File
	read  map[string]map[string]Doc
}

// Documentation is that of a compiled-in package by name: "Dense", "Dense.Mul", "" for the package.
// It is nil for a package that has none.
func Documentation(path string) map[string]Doc {
	docs.Lock()
	defer docs.Unlock()
	if d, ok := docs.read[path]; ok {
		return d
	}
	if docs.files == nil {
		docs.files, docs.read = map[string]*zip.File{}, map[string]map[string]Doc{}
		if z, err := zip.NewReader(bytes.NewReader(docsZip), int64(len(docsZip))); err == nil {
			for _, f := range z.File {
				docs.files[f.Name] = f
			}
		}
	}
	d := readDocs(docs.files[path])
	docs.read[path] = d
	return d
}

func readDocs(f *zip.File) map[string]Doc {
	if f == nil {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	d := map[string]Doc{}
	for record := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x1e"), "\x1e") {
		if f := strings.SplitN(record, "\x1f", 3); len(f) == 3 {
			d[f[0]] = Doc{f[1], f[2]}
		}
	}
	return d
}
