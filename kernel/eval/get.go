package eval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/bind"
	"dtnotes/kernel/eval/modules"
)

// get is the command %get: it gets modules for the session, and tells how their packages run.
func get(s *Session, ctx context.Context, r *run, arg, _ string) cell.Result {
	requests, err := modules.Parse(arg)
	if err != nil {
		return failure("error", "%get: "+err.Error())
	}
	out := runWriter{r, 0}
	requests = slices.DeleteFunc(requests, func(q modules.Request) bool {
		if s.engine.packages.base(q.Path) {
			fmt.Fprintf(out, "%s is compiled in, import it\n", q.Path)
			return true
		}
		return false
	})
	if len(requests) == 0 {
		return cell.Result{}
	}
	ps := s.engine.packages
	had := ps.got
	s.mu.Unlock()
	set, err := modules.Get(ctx, had, ps.dir, requests, out)
	s.mu.Lock()
	if ctx.Err() != nil {
		return cell.Result{Err: s.texts.runError(interrupted())}
	}
	if err != nil {
		return failure("get error", "%get "+arg+": "+err.Error())
	}
	for _, line := range set.News {
		fmt.Fprintln(out, line)
	}
	ps.got = set
	for _, q := range requests {
		if err := ps.tryOut(q); err != nil {
			return failure("get error", fmt.Sprintf("%%get %s: %v", q, err))
		}
		fmt.Fprintln(out, set.Describe(q))
	}
	return cell.Result{}
}

// tryOut imports the package that a request names, if it names one: what cannot be interpreted is better
// known now.
func (ps *packages) tryOut(q modules.Request) error {
	if p, ok := ps.got.Package(q.Path); !ok || p.Name == "main" || p.Failure != "" {
		return nil
	}
	_, err := ps.importPackage(q.Path)
	return err
}

// base tells what is compiled into every dtnotes: packages, and modules whose packages are.
func (ps *packages) base(path string) bool {
	if compiledIn(path) {
		return true
	}
	return slices.ContainsFunc(bind.Packages(), func(p string) bool { return strings.HasPrefix(p, path+"/") })
}

// mustCompile says that a package cannot be imported from source because of one that it needs.
func (ps *packages) mustCompile(path string, because *modules.Package) error {
	return fmt.Errorf("it cannot be interpreted (%s: %s) and has to be compiled in; %%get %s does that", because.ImportPath, because.Tricks, path)
}

// unknownPackage says what can be done about a package that is not there.
func unknownPackage(path string) error {
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
