package eval

import (
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
	}, restarts: s.opts.Restarts, unlocked: func(f func()) {
		s.mu.Unlock()
		defer s.mu.Lock()
		f()
	}}
	program, err := g.get(ctx, requests)
	if ctx.Err() != nil {
		return cell.Result{Err: s.texts.runError(interrupted())}
	}
	if err != nil {
		return failure("get error", "%get "+strings.ReplaceAll(strings.TrimSpace(arg), "\n", " ")+": "+err.Error())
	}
	if program == nil {
		return s.again(r)
	}
	if sc := s.engine.scope; len(sc.names)+len(sc.imports) > 0 {
		runWriter{r, 1}.Write([]byte("The session goes on in a program that has them compiled in: its variables, functions, types and imports are gone.\n" +
			"Where %get stands in the first cell, nothing is lost.\n"))
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
	unlocked func(func()) // runs what takes its time
	done     func()       // is called when nothing is left but to print what was got; may be nil
	news     []string     // of what was changed
}

// get gets modules. The program that it may return has packages compiled in, and the cells have to go on there.
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
		set.Compiled = had.Compiled
	}
	need := set.Plan(g.ps.ours, bind.IsMentioned)
	if set.Covers(need, had) {
		g.ps.got = set
		why := g.ps.tryOut(requests)
		if why == nil {
			g.describe(set, requests)
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, why
		}
		// What cannot be interpreted may still be compiled.
		if program, err = g.build(ctx, set.Compiling(requests), requests); err != nil {
			var said modules.GoError
			if !errors.As(err, &said) {
				return nil, why
			}
		}
		return program, err
	}
	return g.build(ctx, set, requests)
}

// build makes a program that has packages compiled in. Building takes long, so the session is
// unlocked meanwhile.
func (g *getter) build(ctx context.Context, set *modules.Set, requests []modules.Request) (program *modules.Program, err error) {
	need := set.Plan(g.ps.ours, bind.IsMentioned)
	if !g.restarts {
		for _, path := range slices.Sorted(maps.Keys(need)) {
			return nil, fmt.Errorf("%s has to be compiled in (%s), and this session cannot go on in another program", path, need[path])
		}
	}
	g.unlocked(func() { program, err = set.Build(ctx, need, g.ps.ours, g.out) })
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
	return fmt.Errorf("it cannot be interpreted (%s: %s) and has to be compiled in; %%get %s does that", because.ImportPath, because.Tricks, path)
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

// failedPackage says why a package cannot be imported, in the words of the go command without its advice.
func failedPackage(p *modules.Package) error {
	text, _, _ := strings.Cut(firstLine(p.Failure), "; to add")
	if m := unprovided().FindStringSubmatch(text); m != nil {
		return errors.New(text + getHint(m[1]))
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
