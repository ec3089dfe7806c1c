package modules

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Package is what is known of a package before it is read.
type Package struct {
	ImportPath string
	Name       string
	Dir        string
	Module     *Module  `json:",omitempty"` // nil if it belongs to none
	Imports    []string `json:",omitempty"`
	Size       int64    // of its source, in bytes
	Tricks     string   `json:",omitempty"` // what it has that the interpreter cannot run; empty for nothing
	Failure    string   `json:",omitempty"` // why it cannot be imported
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Name, Dir                                       string
	Standard, Incomplete                                        bool
	Module                                                      *Module
	Imports                                                     []string
	GoFiles, CgoFiles, SFiles, CFiles, CXXFiles, MFiles, FFiles []string
	SwigFiles, SwigCXXFiles, SysoFiles                          []string
	Error                                                       *listError
	DepsErrors                                                  []*listError
}

const listFields = "ImportPath,Name,Dir,Standard,Incomplete,Module,Imports,GoFiles,CgoFiles,SFiles,CFiles,CXXFiles,MFiles,FFiles,SwigFiles,SwigCXXFiles,SysoFiles,Error,DepsErrors"

type listError struct {
	ImportStack []string
	Pos, Err    string
}

func (l *listed) pack() Package {
	p := Package{ImportPath: l.ImportPath, Name: l.Name, Dir: l.Dir, Module: l.Module, Imports: l.Imports}
	if l.Error != nil {
		p.Failure = l.Error.Err
	} else if len(l.DepsErrors) > 0 {
		p.Failure = l.DepsErrors[0].Err
	}
	p.Failure = strings.TrimSpace(p.Failure)
	switch {
	case len(l.CgoFiles) > 0 || len(l.SwigFiles)+len(l.SwigCXXFiles) > 0:
		p.Tricks = "it has C"
	case len(l.SFiles)+len(l.SysoFiles)+len(l.CFiles)+len(l.CXXFiles)+len(l.MFiles)+len(l.FFiles) > 0:
		p.Tricks = "it has assembly"
	}
	for _, name := range slices.Concat(l.GoFiles, l.CgoFiles) {
		text, err := os.ReadFile(filepath.Join(l.Dir, name))
		if err != nil {
			continue // go list has read it, and importing it will tell
		}
		p.Size += int64(len(text))
		if p.Tricks == "" && bytes.Contains(text, []byte("//go:linkname ")) && linkname().Match(text) {
			p.Tricks = "it uses what is hidden in other packages (go:linkname)"
		}
	}
	if p.Tricks == "" && slices.Contains(l.Imports, "unsafe") {
		p.Tricks = "it uses unsafe"
	}
	return p
}

var linkname = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^//go:linkname \S+ \S+`) })

// heavy is how much source, in bytes, is still interpreted: beyond it, what a cell imports and calls would
// take longer than compiling it once does.
const heavy = 1 << 20

// Plan divides packages into those that are to be compiled in, and why, and the others. compiled tells
// what is compiled in already.
func (s *Set) Plan(compiled func(path string) bool) (need map[string]string) {
	need = map[string]string{}
	add := func(roots []string, why string) {
		for _, p := range s.Closure(roots, compiled) {
			if need[p.ImportPath] == "" && p.Failure == "" {
				need[p.ImportPath] = why
			}
		}
	}
	for _, r := range s.Requests {
		for _, root := range s.Roots(r) {
			var size int64
			why := ""
			for _, p := range s.Closure([]string{root}, compiled) {
				size += p.Size
				if why == "" && p.Tricks != "" {
					why = p.ImportPath + ": " + p.Tricks
				}
			}
			switch {
			case compiled(root):
			case r.Compile:
				add([]string{root}, "asked for")
			case why != "":
				add([]string{root}, why)
			case size > heavy:
				add([]string{root}, root+": with what it imports it is large")
			}
		}
	}
	s.spread(need, compiled)
	return need
}

// spread has the packages of a module compiled in together: they share packages that are internal to
// it, of which there would be two otherwise.
func (s *Set) spread(need map[string]string, compiled func(path string) bool) {
	for again := true; again; {
		again = false
		modules := map[string]string{}
		for _, p := range s.Packages {
			if why := need[p.ImportPath]; why != "" && p.Module != nil {
				modules[p.Module.Path] = why
			}
		}
		for _, r := range s.Requests {
			for _, root := range s.Roots(r) {
				p, _ := s.Package(root)
				if need[root] != "" || compiled(root) || p.Module == nil || modules[p.Module.Path] == "" {
					continue
				}
				again = true
				for _, dep := range s.Closure([]string{root}, compiled) {
					if need[dep.ImportPath] == "" && dep.Failure == "" {
						need[dep.ImportPath] = modules[p.Module.Path]
					}
				}
			}
		}
	}
}
