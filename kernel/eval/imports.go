package eval

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goplus/ixgo"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/bind"
	"dtnotes/kernel/eval/internal/docs"
	"dtnotes/kernel/eval/modules"
)

// ambient maps the names of packages that need no import to their paths.
var ambient = sync.OnceValue(ambientPackages)

// preferred decides where several packages have a name.
var preferred = map[string]string{
	"rand":      "math/rand",
	"template":  "text/template",
	"scanner":   "text/scanner",
	"transform": "gonum.org/v1/gonum/dsp/transform",
	"plot":      "gonum.org/v1/plot",
	"path":      "path",
	"graph":     "gonum.org/v1/gonum/graph",
	"unit":      "gonum.org/v1/gonum/unit",
	"optimize":  "gonum.org/v1/gonum/optimize",
	"figure":    "dtnotes/analysis/figure",
	"cluster":   "dtnotes/analysis/cluster",
	"color":     "image/color",
	"draw":      "gonum.org/v1/plot/vg/draw",
	"text":      "gonum.org/v1/plot/text",
	"gonum":     "",
}

// unqualified are the functions that need no package before their name, as in gophernotes, unless a
// cell or an import declares the name.
var unqualified = map[string]string{"Display": "dtnotes/kernel/display"}

// unqualifiedFunc is what an unqualified name means; nil if nothing.
func (ps *packages) unqualifiedFunc(name string) types.Object {
	path, ok := unqualified[name]
	if !ok {
		return nil
	}
	p, err := ps.importPackage(path)
	if err != nil {
		return nil
	}
	return p.Scope().Lookup(name)
}

// impossible are packages that cells cannot have, and why.
var impossible = map[string]string{
	"C":            "cells cannot use cgo: they are interpreted, and C would have to be compiled; call a program with os/exec, or use a package that is compiled in",
	"plugin":       "plugins cannot be opened here: they have to be built with exactly the packages of the program that opens them; import the package from source instead",
	"runtime/race": "the race detector has to be compiled in; test a program with go test -race",
}

// packages import for cells what is compiled in and, from source, what belongs to the module of a
// folder.
type packages struct {
	ctx     *ixgo.Context
	scope   *scope
	builder *builder
	runner  *runner
	texts   *texts

	dir         string       // that local packages are looked for in
	got         *modules.Set // what %get has got; nil for nothing
	checks      bool         // loops and calls look at the stop flag
	initialized map[string]bool
	read        map[string]string // packages from source, or tried as such -> their versions
	failed      map[string]error  // packages from source that could not be loaded
	docs        sync.Map          // path -> map[string]bind.Doc, of packages read for it
}

var versionSuffix = regexp.MustCompile(`/v\d+$`)

// ambientPackages chooses a package for each name: the one that preferred says, or one of
// dtnotes, or the one whose path has the fewest slashes. Major versions at the end of a path are
// not its name.
func ambientPackages() map[string]string {
	byName := map[string]string{}
	own := map[string]bool{}
	for _, p := range bind.Packages() {
		own[p] = strings.HasPrefix(p, "dtnotes/")
	}
	for _, p := range ixgo.PackageList() {
		name := path.Base(versionSuffix.ReplaceAllString(p, ""))
		had, taken := byName[name]
		switch {
		case strings.Contains(p, "goplus") || strings.Contains(p, "internal") || strings.HasPrefix(p, "dtnotes/kernel/eval"):
		case own[p], !taken:
			byName[name] = p
		case own[had]:
		case strings.Count(p, "/") < strings.Count(had, "/"):
			byName[name] = p
		}
	}
	for name, p := range preferred {
		if _, ok := byName[name]; ok {
			byName[name] = p
		}
		if p == "" {
			delete(byName, name)
		}
	}
	byName["unsafe"] = "unsafe"
	return byName
}

// importPackage imports a package that is compiled in or, from source, of the module in ps.dir. The
// initialization of a package from source has run when it returns.
//
// It may run code and may take long, as a package from source may import others from source, of
// modules that the go command has to list first.
func (ps *packages) importPackage(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if why := impossible[path]; why != "" {
		return nil, errors.New(why)
	}
	if err := ps.addSource(path); err != nil {
		return nil, err
	}
	// The importer of ixgo knows what is compiled in, and, since addSource, this package.
	p, err := ps.ctx.Importer.Import(path)
	if err != nil {
		if errors.Is(err, ixgo.ErrNotFoundPackage) {
			err = unknownPackage(path)
		}
		return nil, err
	}
	if err := ps.initSource(p); err != nil {
		return nil, err
	}
	return p, nil
}

// addSource registers a package that is not compiled in, and those that it needs, as source.
//
// A package that could not be loaded stays so for the session: ixgo keeps what it has read of it,
// and another import would find half a package.
func (ps *packages) addSource(path string) error {
	if compiledIn(path) {
		return nil
	}
	if ps.ctx.SourcePackage(path) != nil {
		return ps.failed[path]
	}
	closure, err := ps.source(path)
	if err != nil {
		return err
	}
	for _, p := range closure {
		if ps.ctx.SourcePackage(p.ImportPath) == nil {
			if err := ps.load(p); err != nil {
				ps.failed[p.ImportPath] = err
			}
		}
		if err := ps.failed[p.ImportPath]; err != nil {
			ps.failed[path] = err
			return err
		}
	}
	return nil
}

// source finds what has to be loaded from source for a package: it and all that it imports and
// that is not compiled in, those that are imported first.
//
// Before anything is loaded, each of them is looked at for what cannot be interpreted, such as
// assembly.
func (ps *packages) source(path string) ([]*modules.Package, error) {
	set := ps.got
	// A folder with a go.mod may provide a package that %get did not get, or could not; and a
	// package of the folder itself may have changed since it was listed.
	if p, ok := set.Package(path); (!ok || p.Failure != "" || p.Local()) && modules.Home(ps.dir) != "" {
		local, err := modules.List(ps.runner.current.ctx, ps.dir, path)
		if err != nil {
			return nil, fmt.Errorf("look for package from source: %w", err)
		}
		set = local
	}
	if p, ok := set.Package(path); !ok {
		return nil, unknownPackage(path)
	} else if p.Failure != "" {
		return nil, failedPackage(set, p)
	}
	closure := set.Closure([]string{path}, compiledIn)
	for _, p := range closure {
		if p.Tricks != "" || set.Torn(p) {
			return nil, ps.mustCompile(path, p)
		}
	}
	return closure, nil
}

// load reads a package from source. Those that it imports have been read before.
func (ps *packages) load(p *modules.Package) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("load %s: %v", p.ImportPath, x)
		}
	}()
	ps.read[p.ImportPath] = p.Version()
	if err := ps.ctx.AddImport(p.ImportPath, p.Dir); err != nil {
		return err
	}
	ps.texts.addDir(p.Dir)
	sp := ps.ctx.SourcePackage(p.ImportPath)
	for _, file := range sp.Files {
		ps.prepareSource(file)
	}
	return sp.Load()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

func compiledIn(path string) bool {
	if path == "C" || path == "unsafe" {
		return true
	}
	return compiledPaths()[path]
}

var compiledPaths = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, p := range ixgo.PackageList() {
		m[p] = true
	}
	return m
})

// prepareSource instruments a file of a package from source. Unlike a cell, such a file is
// checked by the rules of Go, by which an import that nothing uses is an error: each of the
// imports that the checks may need is used once, whether there are checks or not.
func (ps *packages) prepareSource(f *ast.File) {
	for _, d := range f.Decls {
		instrument(d, ps.checks, declares(f))
	}
	blankUse := func(x ast.Expr) ast.Decl { return blank(x) }
	f.Decls = append(importDecls(map[string]string{rtName: rtPath, rtGenericName: rtGenericPath}), f.Decls...)
	f.Decls = append(f.Decls, blankUse(rt("Stop")), blankUse(&ast.IndexExpr{X: generic("Guard", nil).Fun, Index: ident("int")}))
	for _, d := range f.Decls[:2] {
		f.Imports = append(f.Imports, d.(*ast.GenDecl).Specs[0].(*ast.ImportSpec))
	}
}

// initSource makes a unit of a package from source, and runs its initialization, once.
//
// What it imports is initialized first, as in Go. It is noted as done before it begins: imports
// have no cycles, so whoever comes back here comes by another way and need not wait.
//
// An initialization that fails, or is interrupted, begins anew at the next import: what it would
// have set is not there.
func (ps *packages) initSource(p *types.Package) (err error) {
	if ps.initialized[p.Path()] {
		return nil
	}
	ps.initialized[p.Path()] = true
	defer func() {
		if err != nil {
			delete(ps.initialized, p.Path())
		}
	}()
	if patch := ps.ctx.SourcePackage(p.Path() + "@patch"); patch != nil && patch.Loaded() {
		if err := ps.initSource(patch.Package); err != nil {
			return err
		}
	}
	sp := ps.ctx.SourcePackage(p.Path())
	if sp == nil || !sp.Loaded() {
		for _, imp := range p.Imports() {
			if ps.ctx.SourcePackage(imp.Path()) != nil {
				if err := ps.initSource(imp); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, imp := range sp.Package.Imports() {
		if err := ps.initSource(imp); err != nil {
			return err
		}
	}
	// From here on the package is a unit like a cell: its declarations go into programs that need
	// them, and its variables live in the session.
	u := &unit{pkg: sp.Package, info: sp.Info}
	ps.scope.sources[u.pkg] = u
	decls := ps.scope.declare(u, sp.Files, nil)
	ps.builder.table.begin()
	vars := map[string]reflect.Value{}
	for _, name := range u.pkg.Scope().Names() {
		if v, ok := u.pkg.Scope().Lookup(name).(*types.Var); ok && v.Pkg() == u.pkg {
			rt, err := ps.builder.table.reflectType(v.Type())
			if err != nil {
				return err
			}
			vars[name] = reflect.New(rt)
		}
	}
	ps.builder.table.source[p.Path()] = vars
	if !needsInit(u, sp.Files) {
		return nil
	}
	for _, f := range sp.Files {
		whole := &decl{unit: u, kind: token.FUNC}
		ps.scope.scan(whole, f)
		decls = append(decls, whole)
	}
	o := ps.builder.outlineOf(decls, u)
	ps.builder.table.memory = ps.builder.memoryOf(nil, o)
	imports := u.pkg.Imports()
	prog, err := ps.builder.buildProgram(u, sp.Files, o)
	u.pkg.SetImports(imports)
	if err != nil {
		return err
	}
	r := ps.runner.newRun(p.Path(), cell.Cell{Out: ps.runner.current.out})
	if err := ps.runner.execute(ps.runner.current.ctx, r, ps.builder.loader(prog, o.files(p.Path())), false); err != nil {
		return fmt.Errorf("initialize: %s", ps.texts.runError(err).Message)
	}
	return nil
}

// needsInit reports whether a package has variables with initializers, or functions init. A
// package without needs no program of its own.
func needsInit(u *unit, files []*ast.File) bool {
	if len(u.info.InitOrder) > 0 {
		return true
	}
	for _, f := range files {
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv == nil && fd.Name.Name == "init" {
				return true
			}
		}
	}
	return false
}

// knownImport gives name and path of an import that needs nothing to be run or fetched. While a
// cell is being typed, nothing may be run on its behalf.
func (ps *packages) knownImport(spec *ast.ImportSpec) (name, path string, ok bool) {
	path = strings.Trim(spec.Path.Value, "\"`")
	if !compiledIn(path) && (ps.ctx.SourcePackage(path) == nil || !ps.initialized[path]) {
		return "", "", false
	}
	pkg, err := ps.importPackage(path)
	if err != nil {
		return "", "", false
	}
	if spec.Name != nil {
		return spec.Name.Name, path, true
	}
	return pkg.Name(), path, true
}

// documentation is that of a package by name, as bind.Documentation has it: of what is compiled
// into every dtnotes, or out of the source of a package that was got or lies in the folder.
func (ps *packages) documentation(path string) map[string]bind.Doc {
	if known := bind.Documentation(path); known != nil {
		return known
	}
	if read, ok := ps.docs.Load(path); ok {
		return read.(map[string]bind.Doc)
	}
	found := map[string]bind.Doc{}
	for _, r := range readDocs(ps.sourceDir(path), path) {
		found[r.Name] = bind.Doc{Decl: r.Decl, Text: r.Text}
	}
	ps.docs.Store(path, found)
	return found
}

// sourceDir is the folder of a package's source; empty if it is not known.
func (ps *packages) sourceDir(path string) string {
	if sp := ps.ctx.SourcePackage(path); sp != nil {
		return sp.Dir
	}
	if p, ok := ps.got.Package(path); ok {
		return p.Dir
	}
	return ""
}

// readDocs reads what the source of a package says; nothing if it cannot be read, as a name can
// be shown without its comment.
func readDocs(dir, path string) []docs.Record {
	if dir == "" {
		return nil
	}
	// Only the files that are for this system, as names may be declared once for each.
	p, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		if f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments); err == nil {
			files = append(files, f)
		}
	}
	list, err := docs.Of(fset, path, files)
	if err != nil {
		return nil
	}
	return list
}
