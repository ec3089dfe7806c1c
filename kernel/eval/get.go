package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/bind"
	"dtnotes/kernel/eval/modules"
)

// get is the command %get: it gets modules for the session and prints how their packages will run.
func get(s *Session, ctx context.Context, r *run, arg, _ string) cell.Result {
	requests, err := modules.Parse(arg)
	if err != nil {
		return failure("error", "%get: "+err.Error())
	}
	out := runWriter{r, 0}
	first := strings.HasPrefix(strings.TrimSpace(s.texts.text(r.file)), "%get")
	g := &getter{ps: s.engine.packages, out: out, done: func() {
		if first { // the output has nothing yet but the progress, which nobody needs any more
			r.out.Clear(true)
		}
	}, restarts: s.opts.Restarts, unlocked: unlocked(s), anew: func(why string) *packages {
		// Types, variables and functions of both versions would go by one name.
		if !s.engine.scope.empty() {
			tellGone(r, why)
		}
		s.reset()
		return s.engine.packages
	}}
	return g.session(ctx, s, r, requests, "%get "+strings.ReplaceAll(strings.TrimSpace(arg), "\n", " "))
}

// bring gets packages that a cell imports, of modules that the session has got, and reports whether
// it did: those that have to be compiled in where nothing would be lost by going on in another
// program, and those that were not fetched with their modules. what says for whom, in an error.
func bring(ctx context.Context, s *Session, r *run, missing *sourceError) (res cell.Result, ok bool) {
	var requests []modules.Request
	for _, path := range missing.ungotten {
		requests = append(requests, modules.Request{Path: path})
	}
	g := &getter{ps: s.engine.packages, out: runWriter{r, 0}, restarts: s.opts.Restarts && s.engine.scope.empty(), unlocked: unlocked(s)}
	if s.opts.Restarts {
		g.instead = "%get " + strings.Join(missing.ungotten, " ") + " does that, and variables are lost by it"
	}
	if len(requests) == 0 || !g.restarts && g.ps.mustCompileAny(missing.ungotten) {
		return res, false
	}
	return g.session(ctx, s, r, requests, "import "+strings.Join(missing.ungotten, ", ")), true
}

// unlocked gives a function that runs what takes its time while others may use the session.
func unlocked(s *Session) func(f func()) {
	return func(f func()) {
		s.mu.Unlock()
		defer s.mu.Lock()
		f()
	}
}

// tellGone says that the cells so far count no more.
func tellGone(r *run, why string) {
	runWriter{r, 1}.Write([]byte(why + ": its variables, functions, types and imports are gone.\n" +
		"Where %get stands in the first cell, nothing is lost.\n"))
}

// session gets modules for a session and says how the session goes on. what says for whom, in an
// error.
func (g *getter) session(ctx context.Context, s *Session, r *run, requests []modules.Request, what string) cell.Result {
	program, err := g.get(ctx, requests)
	if ctx.Err() != nil {
		return cell.Result{Err: s.texts.runError(interrupted())}
	}
	if err != nil {
		return failure("get error", what+": "+err.Error())
	}
	if program == nil {
		s.again(r)
		return cell.Result{}
	}
	if !s.engine.scope.empty() {
		tellGone(r, "The session goes on in a program that has them compiled in")
	}
	dir, err := filepath.Abs(s.engine.packages.dir)
	if err != nil {
		return failure("get error", err.Error())
	}
	return cell.Result{Next: &cell.Next{Program: program.File, Args: []string{"--modules", program.Set}, Dir: dir}}
}

// getter gets modules for the cells of an engine.
type getter struct {
	ps       *packages
	out      io.Writer
	restarts bool         // the cells can go on in another program
	instead  string       // what helps if they cannot; may be empty
	unlocked func(func()) // runs what takes its time
	// Forgets all that cells have read and made; nil if that cannot be.
	anew func(why string) *packages
	done func()   // called when only printing is left; may be nil
	news []string // of what was changed
}

// get gets modules. The program that it may return has packages compiled in, and the cells have to
// go on there.
//
// First everything is got, then it is decided where it runs: from source if nothing stands
// against it, which is tried by importing it, or else compiled in. Where compiling fails for
// another reason than what the go command says, the first failure is the better answer.
func (g *getter) get(ctx context.Context, requests []modules.Request) (program *modules.Program, err error) {
	requests = slices.DeleteFunc(requests, func(q modules.Request) bool {
		if g.ps.base(q.Path) {
			fmt.Fprintf(g.out, "%s is compiled in, import it\n", q.Path)
			return true
		}
		return false
	})
	if len(requests) == 0 {
		return nil, nil
	}
	had := g.ps.got
	var set *modules.Set
	g.unlocked(func() { set, err = modules.Get(ctx, had, g.ps.dir, requests, g.out) })
	if err != nil {
		return nil, err
	}
	g.news = set.News
	if had != nil {
		set.Compiled, set.Apart, set.Left = had.Compiled, had.Apart, had.Left
	}
	need := set.Plan(g.ps.ours, bind.IsMentioned)
	if set.Covers(need, had) {
		if was, is := g.ps.readOtherwise(set); was != "" && g.anew == nil {
			return nil, fmt.Errorf("%s is to be used now, and %s has been read before: cells have one version of a package", is, was)
		} else if was != "" {
			g.ps = g.anew("The session begins anew, as it has read " + was + ", and " + is + " is to be used now")
		}
		why := g.use(set, had, requests)
		if why == nil || ctx.Err() != nil {
			return nil, why
		}
		// What cannot be interpreted may still be compiled.
		if program, err = g.build(ctx, set.Compiling(requests), had, requests); err != nil {
			var said modules.GoError
			if !errors.As(err, &said) {
				return nil, why
			}
		}
		return program, err
	}
	return g.build(ctx, set, had, requests)
}

// readOtherwise finds a package of a set that has been read from source in another version: was and
// is are the versions, empty if there is none.
func (ps *packages) readOtherwise(set *modules.Set) (was, is string) {
	for _, path := range slices.Sorted(maps.Keys(ps.read)) {
		if p, ok := set.Package(path); ok && p.Version() != ps.read[path] {
			return ps.read[path], p.Version()
		}
	}
	return "", ""
}

// use has cells import what a set has, once that has been tried. What fails leaves what they had
// before.
func (g *getter) use(set, had *modules.Set, requests []modules.Request) error {
	g.ps.got = set
	if err := g.ps.tryOut(requests); err != nil {
		g.ps.got = had
		return err
	}
	g.describe(set, requests)
	return nil
}

// build makes a program that has packages compiled in; nil if none has to be. Building takes long,
// so the session is unlocked meanwhile.
//
// A module brings its packages along with those that were asked for, so that importing them later
// needs no other program. Some, as tests that register a name twice, are not meant to be in one
// program: where that does not start, only what was asked for is compiled in.
func (g *getter) build(ctx context.Context, set, had *modules.Set, requests []modules.Request) (program *modules.Program, err error) {
	need := set.Plan(g.ps.ours, bind.IsMentioned)
	if set.Covers(need, had) {
		return nil, g.use(set, had, requests)
	}
	if !g.restarts {
		for _, path := range slices.Sorted(maps.Keys(need)) {
			return nil, fmt.Errorf("%s has to be compiled in (%s), %s", path, need[path], cmp.Or(g.instead, "and this session cannot go on in another program"))
		}
	}
	g.unlocked(func() { program, err = set.Build(ctx, need, g.ps.ours, g.out) })
	if start, ok := errors.AsType[modules.StartError](err); ok {
		if fewer, ok := set.Fewer(); ok {
			g.news = append(g.news, start.Error()+"; those that are imported are compiled in")
			return g.build(ctx, fewer, had, requests)
		}
	}
	if err != nil {
		return nil, err
	}
	if set, err = modules.Load(program.Set); err != nil {
		return nil, err
	}
	g.describe(set, requests)
	return program, nil
}

func (g *getter) describe(set *modules.Set, requests []modules.Request) {
	if g.done != nil {
		g.done()
	}
	for _, line := range g.news {
		fmt.Fprintln(g.out, line)
	}
	for _, q := range requests {
		fmt.Fprintln(g.out, set.Describe(q))
		for _, line := range set.LeftOut(q) {
			fmt.Fprintln(g.out, line)
		}
	}
}

// tryOut imports the packages that requests name, if they name some: what cannot be interpreted
// should be known now and not when a cell imports it.
//
// It costs the initialization of a package that may never be imported.
func (ps *packages) tryOut(requests []modules.Request) error {
	for _, q := range requests {
		if p, ok := ps.got.Package(q.Path); !ok || p.Name == "main" || p.Dir == "" {
			continue
		}
		if _, err := ps.importPackage(q.Path); err != nil {
			return err
		}
	}
	return nil
}

// ours reports whether a package is compiled into every dtnotes, and not only into a program that
// was built for what the cells got.
func (ps *packages) ours(path string) bool {
	if ps.got != nil && ps.got.Compiled[path] != "" {
		return false
	}
	return compiledIn(path)
}

// base reports whether a path is that of a package which is compiled into every dtnotes, or of a
// module with such packages.
func (ps *packages) base(path string) bool {
	if ps.ours(path) {
		return true
	}
	return slices.ContainsFunc(bind.Packages(), func(p string) bool { return strings.HasPrefix(p, path+"/") && ps.ours(p) })
}

// mustCompile says that a package cannot be imported from source because of one that it needs.
func (ps *packages) mustCompile(path string, because *modules.Package) error {
	why := because.Tricks
	if why == "" {
		why = "other packages of its module are compiled in"
	}
	return &ungotten{fmt.Sprintf("it cannot be interpreted (%s: %s) and has to be compiled in; %%get %s does that, and variables are lost by it", because.ImportPath, why, path), true}
}

// ungotten is the error about a package of a module that was got which asking for by its own path
// would bring.
type ungotten struct {
	msg      string
	compiled bool // into another program
}

func (e *ungotten) Error() string { return e.msg }

// mustCompileAny reports whether one of some packages cannot be imported from source.
func (ps *packages) mustCompileAny(paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		_, err := ps.source(path)
		e, ok := errors.AsType[*ungotten](err)
		return ok && e.compiled
	})
}

// unknownPackage says what can be done about a package that is not there.
func unknownPackage(path string) error {
	if module, _, internal := strings.Cut(path+"/", "/internal/"); internal {
		return fmt.Errorf("it is internal: only packages below %s may import it", module)
	}
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
		return errors.New("no such package, neither compiled in nor got" + getHint(path))
	}
	meant := ""
	if best := nearest(path, slices.Collect(maps.Keys(compiledPaths()))); best != "" {
		meant = fmt.Sprintf("; did you mean %q?", best)
	}
	return errors.New("no such package, neither in the standard library nor in a module of this folder" + meant)
}

// failedPackage says why a package cannot be imported, in the words of the go command without its
// advice.
func failedPackage(set *modules.Set, p *modules.Package) error {
	text, _, _ := strings.Cut(firstLine(p.Failure), "; to add")
	if m := unprovided().FindStringSubmatch(text); m != nil {
		return errors.New(text + getHint(m[1]))
	}
	if set.Fetchable(p) {
		return &ungotten{text + getHint(p.ImportPath), false}
	}
	if p.Dir == "" || strings.HasPrefix(text, "missing go.sum entry") {
		text += getHint(p.ImportPath)
	}
	return errors.New(text)
}

var unprovided = lazily(`no required module provides package ([^\s;:]+)`)

// getHint points to the command that gets a package which may be had.
func getHint(path string) string {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return ""
	}
	return "; %get " + path + " gets it"
}
