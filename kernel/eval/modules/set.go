package modules

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A Set is what a session has got: a module that requires modules, and the packages that those
// have. It is not changed once it is made.
//
// Sets are shared between sessions, as files in the user's cache: a new request makes a new set,
// out of the one before.
type Set struct {
	Home     string    // the folder of the go.mod
	Own      bool      // that is the user's, not one in the cache
	Requests []Request // in the order in which they were made
	Packages []Package // of all modules but the standard library, dependencies first
	// Compiled are the packages that are compiled into the program of the session, and the versions
	// of their modules.
	Compiled map[string]string
	// Apart are modules whose packages do not start in one program, as some with tests register a
	// name twice: of them only packages are compiled in that are asked for by their own paths.
	Apart []string `json:",omitempty"`
	// Left are generic declarations of packages that are compiled in which cells cannot have, by
	// the paths of the packages, a line each that says why.
	Left map[string][]string `json:",omitempty"`
	News []string            // what was done, a line each

	index map[string]int
}

// A Module is a version of a module.
type Module struct {
	Path, Version string
	Dir           string  `json:",omitempty"`
	GoMod         string  `json:",omitempty"`
	Main          bool    `json:",omitempty"`
	Replace       *Module `json:",omitempty"`
}

// Package finds a package by its import path.
func (s *Set) Package(path string) (*Package, bool) {
	if s == nil {
		return nil, false
	}
	i, ok := s.index[path]
	if !ok {
		return nil, false
	}
	return &s.Packages[i], true
}

// indexed lets the packages be found by their paths.
func (s *Set) indexed() *Set {
	s.index = map[string]int{}
	for i, p := range s.Packages {
		s.index[p.ImportPath] = i
	}
	return s
}

// Closure gives packages and what they import, dependencies first. Where stop says so it goes no
// further, as at what is compiled in. The order is that of go list -deps, in which Packages are.
func (s *Set) Closure(paths []string, stop func(path string) bool) []*Package {
	want := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		p, ok := s.Package(path)
		if !ok || want[path] || stop(path) {
			return
		}
		want[path] = true
		for _, imp := range p.Imports {
			visit(imp)
		}
	}
	for _, p := range paths {
		visit(p)
	}
	var out []*Package
	for i := range s.Packages {
		if want[s.Packages[i].ImportPath] {
			out = append(out, &s.Packages[i])
		}
	}
	return out
}

// And is a set with the packages of another one beside its own.
//
// It serves a program that needs what cells have got and packages of their folder.
func (s *Set) And(other *Set) *Set {
	if s == nil {
		return other
	}
	out := *s
	out.Packages = slices.Clone(s.Packages)
	for _, p := range other.Packages {
		if _, ok := s.Package(p.ImportPath); !ok {
			out.Packages = append(out.Packages, p)
		}
	}
	return out.indexed()
}

// Roots are the packages that a request names: that of its path and those below.
func (s *Set) Roots(r Request) []string {
	var out []string
	for _, p := range s.Packages {
		if p.ImportPath == r.Path || strings.HasPrefix(p.ImportPath, r.Path+"/") {
			if p.Name != "main" && !IsInternal(p.ImportPath) && p.Failure == "" {
				out = append(out, p.ImportPath)
			}
		}
	}
	return out
}

// IsInternal reports whether a package cannot be imported by packages of other modules.
func IsInternal(path string) bool {
	return strings.Contains("/"+path+"/", "/internal/")
}

// Save writes a set into a file, for Load.
func (s *Set) Save(file string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o666)
}

// Keep saves a set in the user's cache, for a session that takes the place of the one that got it.
//
// The name of the file is made of what the set holds, so that a set is kept once, however many
// sessions have it.
func (s *Set) Keep() (file string, err error) {
	cache, err := cacheDir("modules")
	if err != nil {
		return "", err
	}
	file = filepath.Join(cache, keyOf("kept", s.Home, s.Requests, s.Packages, s.Compiled, s.Apart)+".json")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, s.Save(file)
}

// Load reads a set.
func Load(file string) (*Set, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := new(Set)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s.indexed(), nil
}

// usable reports whether the packages of a set are still where they were: the user may have
// cleaned the caches, go clean -modcache for one. A folder of each module is looked for, which
// takes a look at the disk for each and not a run of the go command.
func (s *Set) usable() bool {
	if _, err := os.Stat(filepath.Join(s.Home, "go.mod")); err != nil {
		return false
	}
	looked := map[string]bool{}
	for _, p := range s.Packages {
		if p.Dir == "" || p.Module == nil || looked[p.Module.Path] {
			continue
		}
		looked[p.Module.Path] = true
		if _, err := os.Stat(p.Dir); err != nil {
			return false
		}
	}
	return true
}

// cacheDir is the folder of ours in the user's cache.
func cacheDir(name string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("where to keep modules: %w", err)
	}
	dir := filepath.Join(base, "dtnotes", name)
	return dir, os.MkdirAll(dir, 0o777)
}

// keyOf names what things are made of. What the go command lists depends on the version of Go,
// the system and the settings that name the caches and build flags, so these are in every name.
func keyOf(parts ...any) string {
	h := sha256.New()
	json.NewEncoder(h).Encode(parts)
	json.NewEncoder(h).Encode([]string{format, runtime.Version(), runtime.GOOS, runtime.GOARCH, os.Getenv("CGO_ENABLED"), os.Getenv("GOFLAGS"), os.Getenv("GOMODCACHE"), os.Getenv("GOPATH")})
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// format counts the ways in which sets have been written.
const format = "3"

// Home finds the folder of the go.mod that the packages of a folder belong to; empty if there is
// none.
func Home(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// Get gets modules into a session that works in a folder and has got those of had, which may be
// nil. Messages about what takes its time go to progress. Without a go.mod for the folder the
// module is one in the user's cache, and what is there already is taken from there.
//
// What is there is found by the requests alone, and not by what the modules were when it was
// fetched: a request without a version goes on meaning the version that it first got. Only words
// such as latest ask again. A new set is made in a folder of its own, which takes its name when
// it is whole, as other sessions may get the same at this moment and a session may be killed at
// any.
func Get(ctx context.Context, had *Set, dir string, more []Request, progress io.Writer) (*Set, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	requests := more
	if had != nil {
		requests = with(had.Requests, more)
	}
	if home := Home(dir); home != "" {
		return getOwn(ctx, home, requests, more, progress)
	}
	cache, err := cacheDir("modules")
	if err != nil {
		return nil, err
	}
	place := filepath.Join(cache, keyOf(requests))
	if !slices.ContainsFunc(more, Request.latest) {
		if s, err := Load(filepath.Join(place, listFile)); err == nil && s.usable() {
			return s, nil
		}
	}
	work, err := os.MkdirTemp(cache, "getting-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if err := begin(work, had); err != nil {
		return nil, err
	}
	s := &Set{Home: place, Requests: requests}
	// Only what is new is asked for. The others are in the go.mod that begin has copied, with the
	// versions that the session is using.
	args := []string{"get", "--"}
	for _, r := range requests {
		if had == nil || !slices.Contains(had.Requests, r) {
			args = append(args, r.at(had.versions()).String())
		}
	}
	// A go.work above the cache would make it a part of the user's work.
	env := []string{"GOWORK=off"}
	if _, err := goCommand(ctx, work, env, progress, args...); err != nil {
		return nil, err
	}
	if err := s.list(ctx, work, env, progress); err != nil {
		return nil, err
	}
	if err := s.getBelow(ctx, work, env, progress); err != nil {
		return nil, err
	}
	if err := s.Save(filepath.Join(work, listFile)); err != nil {
		return nil, err
	}
	os.RemoveAll(place) // it is unusable, or older than what was asked for
	if err := os.Rename(work, place); err != nil {
		if other, e := Load(filepath.Join(place, listFile)); e == nil && other.usable() {
			return other, nil // another session was faster
		}
		return nil, err
	}
	return s, nil
}

const listFile = "packages.json"

// begin writes the go.mod of a session that has got modules.
//
// It goes on from the go.mod that the session had, so that versions which cells already use stay.
func begin(dir string, had *Set) error {
	if had == nil || had.Own {
		text := "module notebook\n\ngo " + goVersion() + "\n"
		return os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(had.Home, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// goVersion is the version of the language that the kernel interprets.
func goVersion() string {
	v := strings.TrimPrefix(runtime.Version(), "go")
	parts := strings.SplitN(v, ".", 3)
	if len(parts) < 2 || strings.Trim(parts[0]+parts[1], "0123456789") != "" {
		return "1.26"
	}
	return parts[0] + "." + parts[1]
}

// getOwn gets modules into the module of the user's own in home.
//
// The go.mod is changed as go get would, and News says what has changed. Its list of packages is
// kept under a name made of the files' contents, as the user changes them, too.
func getOwn(ctx context.Context, home string, requests, more []Request, progress io.Writer) (*Set, error) {
	cache, err := cacheDir("modules")
	if err != nil {
		return nil, err
	}
	before, err := requirements(home)
	if err != nil {
		return nil, err
	}
	there := !slices.ContainsFunc(more, func(r Request) bool { return r.latest() || !provides(before, r) })
	read := func() string {
		mod, _ := os.ReadFile(filepath.Join(home, "go.mod"))
		sum, _ := os.ReadFile(filepath.Join(home, "go.sum"))
		return filepath.Join(cache, keyOf("own", home, string(mod), string(sum), requests)+".json")
	}
	if there {
		if s, err := Load(read()); err == nil && s.usable() {
			return s, nil
		}
	}
	args := []string{"get", "--"}
	for _, r := range more {
		args = append(args, r.at(before).String())
	}
	if _, err := goCommand(ctx, home, nil, progress, args...); err != nil {
		return nil, err
	}
	after, err := requirements(home)
	if err != nil {
		return nil, err
	}
	s := &Set{Home: home, Own: true, Requests: requests}
	if err := s.list(ctx, home, nil, progress); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.Packages, func(p Package) bool { return p.Local() }) { // those change
		if err := s.Save(read()); err != nil {
			return nil, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if was, is := before[path], after[path]; was != is {
			change := "now requires " + path + " " + is
			if was != "" {
				change += " in place of " + was
			}
			s.News = append(s.News, filepath.Join(home, "go.mod")+" "+change)
		}
	}
	return s, nil
}

// requirements are the versions that the go.mod of a folder requires.
func requirements(home string) (map[string]string, error) {
	file := filepath.Join(home, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, r := range f.Require {
		out[r.Mod.Path] = r.Mod.Version
	}
	return out, nil
}

// versions are those of the modules that the set has; nil is one without any.
func (s *Set) versions() map[string]string {
	out := map[string]string{}
	if s != nil {
		for _, m := range s.modules() {
			out[m.Path] = m.Version
		}
	}
	return out
}

// at names the version that is there already, among those of modules, where the request names none.
//
// go get without a version takes the latest, which would change a version under the feet of cells
// that have imported it. A request for a package has the version of the module with the longest
// path that the package's begins with.
func (r Request) at(there map[string]string) Request {
	if r.Version != "" {
		return r
	}
	longest := ""
	for path, version := range there {
		if (r.Path == path || strings.HasPrefix(r.Path, path+"/")) && len(path) > len(longest) {
			longest, r.Version = path, version
		}
	}
	return r
}

// provides reports whether requirements have what a request asks for.
func provides(required map[string]string, r Request) bool {
	for path, version := range required {
		if (r.Path == path || strings.HasPrefix(r.Path, path+"/")) && (r.Version == "" || r.Version == version) {
			return true
		}
	}
	return false
}

// list finds the packages that the requests name, those below them, and what they import.
//
// A package that cannot be imported is listed with the reason, and is no error unless it is all
// that a request has: the cell may never import it.
func (s *Set) list(ctx context.Context, dir string, env []string, progress io.Writer) error {
	var patterns []string
	for _, r := range s.Requests {
		patterns = append(patterns, r.Path, r.Path+"/...")
	}
	packages, err := list(ctx, dir, env, progress, patterns, (*listed).look)
	if err != nil {
		return err
	}
	s.Packages = packages
	s.indexed()
	for _, r := range s.Requests {
		if p, ok := s.Package(r.Path); ok && p.Failure != "" && len(s.Roots(r)) == 0 && p.Dir != "" {
			return errors.New(p.Failure)
		}
	}
	return nil
}

// getBelow gets what packages below those that were asked for need beside them, if they are few: go
// get has fetched only what the package of the path itself needs.
//
// With many of them it would fetch what most of a large module needs, of which a cell uses
// little.
func (s *Set) getBelow(ctx context.Context, dir string, env []string, progress io.Writer) error {
	var more []string
	for _, r := range s.Requests {
		for _, p := range s.Packages {
			below := strings.HasPrefix(p.ImportPath, r.Path+"/") && p.Name != "main" && !IsInternal(p.ImportPath)
			if below && p.Module != nil && strings.HasPrefix(p.Failure, missingSum) {
				more = append(more, p.ImportPath+"@"+p.Module.Version)
			}
		}
	}
	if len(more) == 0 || len(more) > fewBelow {
		return nil
	}
	if _, err := goCommand(ctx, dir, env, progress, append([]string{"get", "--"}, more...)...); err != nil {
		return ctx.Err() // an import of them will give the error
	}
	return s.list(ctx, dir, env, progress)
}

const fewBelow = 25

// List finds the packages that a folder's import paths lead to, dependencies first.
func List(ctx context.Context, dir string, paths ...string) (*Set, error) {
	packages, err := list(ctx, dir, nil, nil, paths, (*listed).look)
	if err != nil {
		return nil, err
	}
	return (&Set{Home: Home(dir), Own: true, Packages: packages}).indexed(), nil
}

// list runs go list for patterns and gives what pack keeps of each package that is not of the
// standard library. With -e the go command lists a package that has errors, and says them,
// instead of failing.
func list(ctx context.Context, dir string, env []string, progress io.Writer, patterns []string, pack func(*listed) Package) ([]Package, error) {
	args := append([]string{"list", "-e", "-deps", "-json=" + listFields, "--"}, patterns...)
	out, err := goCommand(ctx, dir, env, progress, args...)
	if err != nil {
		return nil, err
	}
	var packages []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		if !l.Standard {
			packages = append(packages, pack(&l))
		}
	}
}

// LeftOut are lines about what cells cannot have of the package that a request names and those
// below it.
func (s *Set) LeftOut(r Request) []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(s.Left)) {
		if path == r.Path || strings.HasPrefix(path, r.Path+"/") {
			out = append(out, s.Left[path]...)
		}
	}
	return out
}

// Describe is a line about which version a request has got and whether it runs from source or is
// compiled in.
func (s *Set) Describe(r Request) string {
	roots := s.Roots(r)
	if len(roots) == 0 {
		return r.Path + " has no packages to import"
	}
	p, _ := s.Package(roots[0])
	text := p.Version()
	if p.Module != nil {
		text = strings.TrimSpace(p.Module.Path + " " + p.Module.Version)
		if r.Path != p.Module.Path {
			text = r.Path + " of " + text
		}
		if rep := p.Module.Replace; rep != nil {
			text += " => " + strings.TrimSpace(rep.Path+" "+rep.Version)
		}
	}
	version, ok := s.Compiled[roots[0]]
	switch {
	case !ok && s.apart(p):
		return text + ", compiled in as far as it is imported"
	case !ok:
		return text + ", run from source"
	}
	text += ", compiled in"
	if version != p.Version() {
		text += " as " + version + ", which dtnotes needs"
	}
	return text
}
