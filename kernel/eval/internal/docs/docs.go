// Package docs takes the documentation of names out of the source of packages.
package docs

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/format"
	"go/token"
	"strings"
)

// A Record is what a package says of one of its names: "Dense", "Dense.Mul", "" for itself.
type Record struct {
	Name string
	Decl string // of functions and values, and of the package
	Text string // the comment
}

// Of documents the exported names of a package. It changes the files.
//
// go/doc takes the trees apart, so that files are of no other use afterwards. Values of a group
// without a comment of their own have that of the group; those without any are left out, since
// their declaration alone is known from the types.
func Of(fset *token.FileSet, path string, files []*ast.File) ([]Record, error) {
	var mode doc.Mode
	if path == "builtin" { // whose names are not exported
		mode = doc.AllDecls
	}
	d, err := doc.NewFromFiles(fset, files, path, mode)
	if err != nil {
		return nil, err
	}
	var out []Record
	record := func(name, decl, text string) {
		out = append(out, Record{name, decl, strings.TrimSpace(text)})
	}
	record("", "package "+d.Name, d.Doc)
	values := func(vs []*doc.Value) {
		for _, v := range vs {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				text := s.Doc.Text() + s.Comment.Text()
				if text == "" {
					text = v.Doc
				}
				for _, n := range s.Names {
					if n.IsExported() && strings.TrimSpace(text) != "" {
						record(n.Name, v.Decl.Tok.String()+" "+n.Name, text)
					}
				}
			}
		}
	}
	funcs := func(recv string, fs []*doc.Func) {
		for _, f := range fs {
			f.Decl.Body, f.Decl.Doc = nil, nil
			record(recv+f.Name, printed(fset, f.Decl), f.Doc)
		}
	}
	values(d.Consts)
	values(d.Vars)
	funcs("", d.Funcs)
	for _, t := range d.Types {
		record(t.Name, "", t.Doc)
		values(t.Consts)
		values(t.Vars)
		funcs("", t.Funcs)
		funcs(t.Name+".", t.Methods)
	}
	return out, nil
}

func printed(fset *token.FileSet, n ast.Node) string {
	var b bytes.Buffer
	if err := format.Node(&b, fset, n); err != nil {
		return ""
	}
	return b.String()
}
