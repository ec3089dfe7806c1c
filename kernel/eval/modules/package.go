package modules

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
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
	Hollow     bool     `json:",omitempty"` // it exports nothing
	Tricks     string   `json:",omitempty"` // what the interpreter cannot run of it; may be empty
	Failure    string   `json:",omitempty"` // why it cannot be imported
}

// Local reports whether the source of a package is not that of a version, and may change.
func (p *Package) Local() bool {
	m := p.Module
	return m == nil || m.Main || m.Replace != nil && m.Replace.Version == ""
}

// state changes when the source of the package does.
//
// Of a version nothing changes. Of a folder it has names, sizes and times of the files.
func (p *Package) state() string {
	state := p.ImportPath + " " + p.Version()
	if !p.Local() {
		return state
	}
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return state
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			state += fmt.Sprint(" ", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return state
}

// Version names the code that a package is compiled from.
func (p *Package) Version() string {
	m := p.Module
	if m == nil {
		return p.Dir
	}
	if m.Replace != nil {
		m = m.Replace
	}
	return m.Path + "@" + m.Version
}

// listed is what go list says of a package.
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

// pack keeps what is to be known of a package.
func (l *listed) pack() Package {
	p := Package{ImportPath: l.ImportPath, Name: l.Name, Dir: l.Dir, Module: l.Module, Imports: l.Imports}
	if l.Error != nil {
		p.Failure = l.Error.Err
	} else if len(l.DepsErrors) > 0 {
		p.Failure = l.DepsErrors[0].Err
	}
	if p.Failure == "" && len(l.GoFiles)+len(l.CgoFiles) == 0 {
		p.Failure = "it has no Go files for this system but tests"
	}
	p.Failure = strings.TrimSpace(p.Failure)
	return p
}

// look keeps what pack does, and also looks at the files of the package.
//
// It decides from the outside what the interpreter could not run: code that is not Go, and Go
// that reaches behind the type system. A directive go:linkname with one name, that of a symbol of
// the package itself, is no such thing.
func (l *listed) look() Package {
	p := l.pack()
	switch {
	case len(l.CgoFiles) > 0 || len(l.SwigFiles)+len(l.SwigCXXFiles) > 0:
		p.Tricks = "it has C"
	case len(l.SFiles)+len(l.SysoFiles)+len(l.CFiles)+len(l.CXXFiles)+len(l.MFiles)+len(l.FFiles) > 0:
		p.Tricks = "it has assembly"
	}
	p.Hollow = true
	for _, name := range slices.Concat(l.GoFiles, l.CgoFiles) {
		text, err := os.ReadFile(filepath.Join(l.Dir, name))
		if err != nil {
			continue // go list has read it, and importing it will give the error
		}
		p.Size += int64(len(text))
		p.Hollow = p.Hollow && !exports(text)
		if p.Tricks == "" && bytes.Contains(text, []byte("//go:linkname ")) && linkname().Match(text) {
			p.Tricks = "it uses what is hidden in other packages (go:linkname)"
		}
	}
	if p.Tricks == "" && slices.Contains(l.Imports, "unsafe") {
		p.Tricks = "it uses unsafe"
	}
	return p
}

// exports reports whether a file of Go declares a name for other packages. One that cannot be
// read is taken for such: importing it will say what is wrong.
func exports(text []byte) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	return err != nil || ast.FileExports(f)
}

var linkname = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^//go:linkname \S+ \S+`) })

// heavy is how much source, in bytes, is still interpreted. To read so much takes some 0.3 s of
// CPU, and an import is to take less than 0.5 s.
const heavy = 320 << 10

// Plan finds the packages that are to be compiled in, and why. compiled reports what every
// dtnotes has, and shared what packages of that mention in what they export: its types have to be
// the same there.
func (s *Set) Plan(compiled, shared func(path string) bool) (need map[string]string) {
	need = map[string]string{}
	add := func(root, why string) {
		for _, p := range s.Closure([]string{root}, compiled) {
			if need[p.ImportPath] == "" && p.Failure == "" {
				need[p.ImportPath] = why
			}
		}
	}
	for _, r := range s.Requests {
		roots := s.Roots(r)
		if p, ok := s.Package(r.Path); ok && p.Failure == "" && p.Name != "main" && !p.Hollow {
			roots = []string{r.Path} // those below it come along when it has to be compiled in
		}
		for _, root := range roots {
			if p, _ := s.Package(root); compiled(root) || s.apart(p) && root != r.Path {
				continue
			}
			if why := s.reason(r, root, compiled, shared); why != "" {
				add(root, why)
			}
		}
	}
	// The packages of a module are compiled in together: they share packages that are internal to
	// it, of which there would be two otherwise.
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
				if s.apart(p) && root != r.Path {
					continue
				}
				if need[root] == "" && !compiled(root) && p.Module != nil && modules[p.Module.Path] != "" {
					add(root, modules[p.Module.Path])
					again = true
				}
			}
		}
	}
	return need
}

// Fewer is the set with no packages compiled in of the modules that were asked for but those asked
// for by their own paths, for a program that does not start. It is false if there are no fewer.
func (s *Set) Fewer() (*Set, bool) {
	out := *s
	out.Apart = slices.Clone(s.Apart)
	for _, r := range s.Requests {
		for _, root := range s.Roots(r) {
			if p, _ := s.Package(root); p.Module != nil && root != r.Path && !s.apart(p) && !slices.Contains(out.Apart, p.Module.Path) {
				out.Apart = append(out.Apart, p.Module.Path)
			}
		}
	}
	slices.Sort(out.Apart)
	return &out, len(out.Apart) > len(s.Apart)
}

func (s *Set) apart(p *Package) bool {
	return p != nil && p.Module != nil && slices.Contains(s.Apart, p.Module.Path)
}

// Torn reports whether a package of a module whose packages are apart is not compiled in, and
// others of it are: from source it would have packages of its own where those are internal to the
// module.
func (s *Set) Torn(p *Package) bool {
	if !s.apart(p) || s.Compiled[p.ImportPath] != "" {
		return false
	}
	for _, q := range s.Packages {
		if q.Module != nil && q.Module.Path == p.Module.Path && s.Compiled[q.ImportPath] != "" {
			return true
		}
	}
	return false
}

// Fetchable reports whether a package is known by name, as one of a module that was got, and what
// it needs was not fetched with it: asking for it by its own path gets it.
func (s *Set) Fetchable(p *Package) bool {
	return !s.Own && p.Module != nil && strings.HasPrefix(p.Failure, missingSum)
}

// missingSum begins what the go command says of a package that needs a module which was not
// fetched.
const missingSum = "missing go.sum entry"

// reason says why a package has to be compiled in; empty if it need not be.
//
// A package whose types are in what compiled-in packages export has to be compiled in, too:
// interpreted, it would have types of its own, which theirs do not fit.
func (s *Set) reason(r Request, root string, compiled, shared func(path string) bool) string {
	var size int64
	for _, p := range s.Closure([]string{root}, compiled) {
		switch size += p.Size; {
		case p.Tricks != "":
			return p.ImportPath + ": " + p.Tricks
		case shared(p.ImportPath):
			return p.ImportPath + ": packages that are compiled in use it"
		}
	}
	switch {
	case r.Compile:
		return "asked for"
	case size > heavy:
		return root + ": with what it imports it is large"
	}
	return ""
}

// Covers reports whether what has to be compiled in is, for the session that had another set
// before. A package counts with the very source that it was compiled from.
func (s *Set) Covers(need map[string]string, had *Set) bool {
	for path := range need {
		p, _ := s.Package(path)
		if IsInternal(path) || p.Name == "main" {
			continue
		}
		was, ok := had.Package(path)
		if !ok || s.Compiled[path] == "" || was.state() != p.state() {
			return false
		}
	}
	return true
}

// Compiling is the set with its requests asking to compile in what more names.
func (s *Set) Compiling(more []Request) *Set {
	out := *s
	var again []Request
	for _, r := range more {
		r.Compile = true
		again = append(again, r)
	}
	out.Requests = with(s.Requests, again)
	return &out
}
