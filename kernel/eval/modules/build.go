package modules

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"

	"dtnotes/kernel/eval/bind/tables"
	"dtnotes/kernel/internal/process"
)

// own is the path of the module that this package belongs to.
const own = "dtnotes"

// SourceVariable is the variable of the environment that names the folder of the source of dtnotes.
const SourceVariable = "DTNOTES_SOURCE"

// Source finds the source of dtnotes, of which programs are built: the folder given, that which the
// environment names, or that which this program was built from.
func Source(given string) (string, error) {
	root := cmp.Or(given, os.Getenv(SourceVariable))
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		if !filepath.IsAbs(file) {
			return "", errors.New("the source of dtnotes is needed for that, and this program does not know where it is, since it was built with -trimpath: name its folder by " + SourceVariable)
		}
		root = filepath.Join(filepath.Dir(file), "..", "..", "..")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || modfile.ModulePath(text) != own {
		return "", fmt.Errorf("the source of dtnotes is needed for that, and is not in %s: name its folder by %s", root, SourceVariable)
	}
	return root, nil
}

// sourceID changes when the source of dtnotes does.
//
// It goes by sizes and times of files, as reading all of them would take longer than what it
// saves. Tests and their data are no part of a program.
func sourceID(root string) (string, error) {
	var state []string
	add := func(path string, d fs.DirEntry) error {
		info, err := d.Info()
		if err == nil {
			state = append(state, fmt.Sprint(path, info.Size(), info.ModTime().UnixNano()))
		}
		return err
	}
	for _, part := range []string{"go.mod", "go.sum", "analysis", "dtracefs", "kernel"} {
		err := filepath.WalkDir(filepath.Join(root, part), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir() || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			return add(path, d)
		})
		if err != nil {
			return "", err
		}
	}
	return keyOf(state), nil
}

// ProgramModule is the go.mod and go.sum of a program that imports dtnotes, whose source is in
// root, and what a set, which may be nil, has got, in the versions that it has.
//
// It is the go.mod of dtnotes with another name, which requires dtnotes itself, replaced by the
// folder: so the modules of dtnotes have the versions that it was tested with, at least. Sums are
// those of both.
func ProgramModule(name, root string, s *Set) (mod, sum []byte, err error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, nil, err
	}
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range slices.Clone(f.Tool) {
		if err := f.DropTool(t.Path); err != nil {
			return nil, nil, err
		}
	}
	if err := f.AddModuleStmt(name); err != nil {
		return nil, nil, err
	}
	if err := f.AddRequire(own, "v0.0.0"); err != nil {
		return nil, nil, err
	}
	if err := f.AddReplace(own, "", root, ""); err != nil {
		return nil, nil, err
	}
	sums := []string{filepath.Join(root, "go.sum")}
	if s != nil {
		sums = append(sums, filepath.Join(s.Home, "go.sum"))
		if err := s.require(f); err != nil {
			return nil, nil, err
		}
	}
	f.Cleanup()
	if mod, err = f.Format(); err != nil {
		return nil, nil, err
	}
	lines := map[string]bool{}
	for _, file := range sums {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		for line := range strings.Lines(string(text)) {
			lines[strings.TrimRight(line, "\r\n")+"\n"] = true
		}
	}
	sum = []byte(strings.Join(slices.Sorted(maps.Keys(lines)), ""))
	return mod, sum, nil
}

// require adds the modules of a set to a go.mod.
//
// Of a module that dtnotes needs, too, the higher of both versions is taken, as the go command
// would. Replacements by folders are made absolute: the program's go.mod lies elsewhere.
func (s *Set) require(f *modfile.File) error {
	for _, m := range s.modules() {
		version := m.Version
		if m.Main {
			version = "v0.0.0"
			if err := f.AddReplace(m.Path, "", s.Home, ""); err != nil {
				return err
			}
		} else if r := m.Replace; r != nil {
			path := r.Path
			if r.Version == "" && !filepath.IsAbs(path) {
				path = filepath.Join(s.Home, path)
			}
			if err := f.AddReplace(m.Path, "", path, r.Version); err != nil {
				return err
			}
		}
		for _, had := range f.Require {
			if had.Mod.Path == m.Path && semver.Compare(had.Mod.Version, version) > 0 {
				version = had.Mod.Version
			}
		}
		if err := f.AddRequire(m.Path, version); err != nil {
			return err
		}
	}
	return nil
}

// Settle lets the go command add to the go.mod of a folder what its program needs.
func Settle(ctx context.Context, dir string, progress io.Writer) error {
	_, err := goCommand(ctx, dir, environment, progress, "list", "-deps", ".")
	return err
}

// modules are those of the packages, by their paths.
func (s *Set) modules() []*Module {
	byPath := map[string]*Module{}
	for _, p := range s.Packages {
		if p.Module != nil && p.Module.Path != own {
			byPath[p.Module.Path] = p.Module
		}
	}
	var out []*Module
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		out = append(out, byPath[path])
	}
	return out
}

// A Program is one that runs sessions like dtnotes, with more packages compiled in.
type Program struct {
	File string // of the program
	Set  string // the file of the set that its session begins with
}

const (
	programFile = "dtnotes-session"
	kept        = 8 // programs, which are large
)

// Build makes a program with the packages of a set compiled in that need has, and what they
// import; compiled reports what every dtnotes has. A program that is there already is taken.
//
// The program is built in a folder of its own that takes its name when it is whole. That name is
// made of all that goes into it: the source of dtnotes, the versions, the state of packages in
// folders, and the requests, since the program holds the set.
func (s *Set) Build(ctx context.Context, need map[string]string, compiled func(path string) bool, progress io.Writer) (*Program, error) {
	root, err := Source("")
	if err != nil {
		return nil, err
	}
	id, err := sourceID(root)
	if err != nil {
		return nil, err
	}
	mod, sum, err := ProgramModule("session", root, s)
	if err != nil {
		return nil, err
	}
	var roots []string
	for _, path := range slices.Sorted(maps.Keys(need)) {
		if p, ok := s.Package(path); ok && p.Name != "main" && !IsInternal(path) {
			roots = append(roots, path)
		}
	}
	cache, err := cacheDir("programs")
	if err != nil {
		return nil, err
	}
	var states []string
	for _, p := range s.Closure(roots, compiled) {
		states = append(states, p.state())
	}
	place := filepath.Join(cache, keyOf("program", root, id, string(mod), roots, states, s.Requests, s.Apart))
	if p, err := there(place); p != nil || err != nil {
		now := time.Now()
		os.Chtimes(place, now, now) // the latest are kept
		return p, err
	}
	work, err := os.MkdirTemp(cache, "building-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	b := &build{dir: work, set: s, roots: roots, compiled: compiled, progress: progress, left: map[string]bool{}, generic: map[string][]string{}}
	if err := b.write(map[string][]byte{"go.mod": mod, "go.sum": sum, "main.go": []byte(programText)}); err != nil {
		return nil, err
	}
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	os.RemoveAll(place) // it is not whole
	if err := os.Rename(work, place); err != nil {
		if p, e := there(place); p != nil || e != nil {
			return p, e // another session was faster
		}
		return nil, err
	}
	prune(cache)
	p, err := there(place)
	if p == nil && err == nil {
		err = fmt.Errorf("%s is gone", place)
	}
	return p, err
}

// there finds a program that is whole, or a [StartError] about one that was; nil if there is
// neither.
func there(place string) (*Program, error) {
	if text, err := os.ReadFile(filepath.Join(place, lastWordsFile)); err == nil {
		return nil, StartError{string(text)}
	}
	p := &Program{filepath.Join(place, executable(programFile)), filepath.Join(place, listFile)}
	for _, f := range []string{p.File, p.Set} {
		if _, err := os.Stat(f); err != nil {
			return nil, nil
		}
	}
	return p, nil
}

// A StartError is about a program that could be built and does not start: the initialization of a
// package ends it.
type StartError struct{ lastWords string }

func (e StartError) Error() string {
	return "compiled into one program, the packages do not start: " + e.lastWords
}

// lastWordsFile keeps what a program said that did not start, so that it is not built again.
const lastWordsFile = "lastwords.txt"

// startTime is how long packages may take to be initialized before the program is taken for one
// that does not start.
const startTime = time.Minute

// start tries whether the program starts. Where it does not, its place keeps why.
func (b *build) start(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	file := filepath.Join(b.dir, executable(programFile))
	var said bytes.Buffer
	cmd := exec.CommandContext(short, file, Check)
	cmd.Stdout, cmd.Stderr = &said, &said
	err := process.Run(cmd)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	lastWords := err.Error()
	if short.Err() != nil {
		lastWords = fmt.Sprintf("their initialization does not end within %v", startTime)
	}
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			lastWords = strings.TrimSpace(line)
			break
		}
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	return b.write(map[string][]byte{lastWordsFile: []byte(lastWords)})
}

// Check is the argument with which a program does nothing but start.
const Check = "check"

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// prune removes all programs but the latest.
//
// It is called after a build. A program that a session is running may go: its file stays on disk
// as long as the process has it open, where the system allows to remove it at all.
func prune(cache string) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	type aged struct {
		path string
		at   time.Time
	}
	var all []aged
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		if strings.HasPrefix(e.Name(), "building-") { // of a kernel that was killed
			if time.Since(info.ModTime()) > 24*time.Hour {
				os.RemoveAll(filepath.Join(cache, e.Name()))
			}
			continue
		}
		all = append(all, aged{filepath.Join(cache, e.Name()), info.ModTime()})
	}
	slices.SortFunc(all, func(a, b aged) int { return b.at.Compare(a.at) })
	for _, p := range all[min(kept, len(all)):] {
		os.RemoveAll(p.path)
	}
}

const programText = `// A session of dtnotes with packages compiled in that a notebook has got.
package main

import "dtnotes/kernel/session"

func main() { session.Main() }
`

const tablesHeader = "// Tables of the packages that a notebook has got.\npackage main\n\nimport . \"dtnotes/kernel/eval/bind\"\n\n"

// build is a program being built in a folder.
type build struct {
	dir      string
	set      *Set
	roots    []string
	compiled func(path string) bool
	progress io.Writer
	left     map[string]bool     // names of functions that cannot be linked
	generic  map[string][]string // by package, why generic declarations stay out
}

func (b *build) write(files map[string][]byte) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(b.dir, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// environment is that of the go command. What the versions of dtnotes' own modules bring along is
// added to the program's go.mod.
var environment = []string{"GOWORK=off", "GOFLAGS=-mod=mod"}

func (b *build) run(ctx context.Context) error {
	// With the program itself, so that its versions are settled.
	all, err := list(ctx, b.dir, environment, b.progress, append([]string{"."}, b.roots...), (*listed).pack)
	if err != nil {
		return err
	}
	set := (&Set{Packages: all}).indexed()
	var take []string
	for _, p := range set.Closure(b.roots, b.compiled) {
		if p.Failure != "" {
			return errors.New(p.Failure)
		}
		if p.Name != "main" && !IsInternal(p.ImportPath) {
			take = append(take, p.ImportPath)
		}
	}
	fmt.Fprintf(b.progress, "compiling %s, once\n", count(len(take), "package"))
	args := append([]string{"build", "-v", "--"}, take...)
	if _, err := goCommand(ctx, b.dir, environment, b.progress, args...); err != nil {
		return err
	}
	for {
		if err := b.tables(ctx, take); err != nil {
			return err
		}
		fmt.Fprintln(b.progress, "linking them with the session")
		_, err := goCommand(ctx, b.dir, environment, b.progress, "build", "-v", "-ldflags=-s -w", "-o", executable(programFile), ".")
		if err == nil {
			break
		}
		if !b.leaveOut(err) {
			return err
		}
	}
	texts, err := filepath.Glob(filepath.Join(b.dir, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range texts {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	out := &Set{Home: b.set.Home, Own: b.set.Own, Requests: b.set.Requests, Packages: b.set.Packages, Compiled: versions(set, take), Apart: b.set.Apart, Left: b.generic}
	if err := out.Save(filepath.Join(b.dir, listFile)); err != nil {
		return err
	}
	return b.start(ctx)
}

// leaveOut takes from the tables what the linker has found to need what is not there: packages have
// functions that no program can call. It reports whether there is any.
func (b *build) leaveOut(err error) bool {
	var said GoError
	if !errors.As(err, &said) {
		return false
	}
	more := false
	for line := range strings.Lines(said.text) {
		referrer, _, ok := strings.Cut(line, ": relocation target ")
		dot := strings.Index(referrer[strings.LastIndex(referrer, "/")+1:], ".")
		if !ok || dot < 0 {
			continue
		}
		if name := referrer[strings.LastIndex(referrer, "/")+1:][dot+1:]; !b.left[name] {
			b.left[name], more = true, true
		}
	}
	return more
}

// versions maps packages to the modules that they are compiled from.
func versions(s *Set, paths []string) map[string]string {
	out := map[string]string{}
	for _, path := range paths {
		p, _ := s.Package(path)
		out[path] = p.Version()
	}
	return out
}

// tables writes the tables of packages.
func (b *build) tables(ctx context.Context, paths []string) error {
	loaded, err := packages.Load(&packages.Config{
		Context: ctx, Mode: tables.Mode, Dir: b.dir, Env: append(os.Environ(), environment...),
	}, paths...)
	if err != nil {
		return err
	}
	slices.SortFunc(loaded, func(x, y *packages.Package) int { return strings.Compare(x.PkgPath, y.PkgPath) })
	for i, p := range loaded {
		if len(p.Errors) > 0 {
			return p.Errors[0]
		}
		text, left, err := tables.File(tablesHeader, fmt.Sprintf("got%d_", i), []*packages.Package{p})
		if err != nil {
			return err
		}
		if len(left) > 0 {
			b.generic[p.PkgPath] = left
		}
		for name := range b.left {
			text = bytes.ReplaceAll(text, fmt.Appendf(nil, "\t{%q, p0.%s},\n", name, name), nil)
		}
		if err := b.write(map[string][]byte{fmt.Sprintf("got%d.go", i): text}); err != nil {
			return err
		}
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
