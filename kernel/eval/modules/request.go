package modules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// A Request asks for a module, or for a package of one.
type Request struct {
	Path    string // of the module or the package
	Version string // as go get takes it; empty for what is there or, if nothing is, the latest
	Compile bool   // it is to be compiled in, even if it could run from source
}

// String is the request as go get takes it.
func (r Request) String() string {
	if r.Version == "" {
		return r.Path
	}
	return r.Path + "@" + r.Version
}

// latest reports whether a request may mean something else on another day.
func (r Request) latest() bool {
	return slices.Contains([]string{"latest", "upgrade", "patch", "master", "main", "HEAD"}, r.Version)
}

// Parse reads the arguments of the command, a line for each time that it stands there:
// PATH[@VERSION] …, and -c before those to be compiled in.
func Parse(lines string) (out []Request, err error) {
	for line := range strings.Lines(lines) {
		more, err := parseLine(line)
		if err != nil {
			return nil, err
		}
		out = with(out, more)
	}
	if len(out) == 0 {
		return nil, errors.New("which module? Name its path, such as github.com/google/uuid or github.com/google/uuid@v1.6.0")
	}
	return out, nil
}

// parseLine reads one line. Paths may be copied from an import, with quotes, from a browser, with
// a scheme, or from the words of the go command, with dots at the end.
func parseLine(line string) (out []Request, err error) {
	compile := false
	for _, word := range strings.Fields(line) {
		word = strings.Trim(word, "\"`")
		if word == "-c" {
			compile = true
			continue
		}
		if word == "-u" {
			return nil, errors.New("there is no -u: PATH@latest gets the latest version")
		}
		if strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("unknown option %s: there is -c, which compiles in what could run from source", word)
		}
		path, version, has := strings.Cut(word, "@")
		path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(path, "https://"), "/..."), "/")
		if has && version == "" {
			return nil, fmt.Errorf("%s names no version behind the @", word)
		}
		if strings.HasPrefix(path, ".") || strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("%s is a folder: packages of the module that the notebook lies in are imported without being got", word)
		}
		if err := module.CheckImportPath(path); err != nil {
			return nil, err
		}
		out = append(out, Request{path, version, compile})
	}
	return out, nil
}

// with adds requests to others, in the order of their paths. What is asked for again counts as it
// was asked last.
func with(had, more []Request) []Request {
	out := slices.Clone(had)
	for _, r := range more {
		i := slices.IndexFunc(out, func(h Request) bool { return h.Path == r.Path })
		if i < 0 {
			out = append(out, r)
			continue
		}
		if r.Version == "" {
			r.Version = out[i].Version
		}
		r.Compile = r.Compile || out[i].Compile
		out[i] = r
	}
	slices.SortFunc(out, func(a, b Request) int { return strings.Compare(a.Path, b.Path) })
	return out
}
