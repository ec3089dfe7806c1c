// Command check type-checks all packages and tests of the module as other systems have them, and
// runs the checks of go vet on them, without compiling what they depend on:
//
//	go run ./.ci/check illumos/amd64 linux/arm …
//
// Dependencies are read from their sources, so a system takes seconds. Of vet's checks those are
// left out that need facts about dependencies, such as that of printf, which are the same on every
// system; one of our own is added, fused. With -without, packages under those paths, between
// commas, are left out; what imports them fails.
package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/asmdecl"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/buildtag"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/directive"
	"golang.org/x/tools/go/analysis/passes/framepointer"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/stringintconv"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unsafeptr"
	"golang.org/x/tools/go/packages"
)

var analyzers = []*analysis.Analyzer{
	asmdecl.Analyzer, assign.Analyzer, atomic.Analyzer, bools.Analyzer, buildtag.Analyzer, copylock.Analyzer, directive.Analyzer,
	framepointer.Analyzer, nilfunc.Analyzer, shift.Analyzer, stdmethods.Analyzer, stringintconv.Analyzer, structtag.Analyzer,
	unmarshal.Analyzer, unsafeptr.Analyzer, fused,
}

func main() {
	without := flag.String("without", "", "leave out packages whose paths begin with one of these, between commas")
	flag.Parse()
	root, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	known := &sources{root: root, files: map[string]*ast.File{}}
	failed := false
	for _, target := range flag.Args() {
		if err := check(known, target, *without); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", target, err)
			failed = true
			continue
		}
		fmt.Println("ok", target)
	}
	if failed {
		os.Exit(1)
	}
}

// sources are the files outside of the module that were parsed already: most are the same on all
// systems.
type sources struct {
	root  string
	mu    sync.Mutex
	files map[string]*ast.File
}

func (s *sources) parse(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	s.mu.Lock()
	file := s.files[name]
	s.mu.Unlock()
	if file != nil {
		return file, nil
	}
	if strings.HasPrefix(name, s.root+string(filepath.Separator)) {
		return parser.ParseFile(fset, name, text, parser.AllErrors|parser.ParseComments)
	}
	file, err := parser.ParseFile(fset, name, text, parser.AllErrors|parser.SkipObjectResolution)
	if err != nil {
		return file, err
	}
	s.mu.Lock()
	s.files[name] = file
	s.mu.Unlock()
	return file, nil
}

var fset = token.NewFileSet()

func check(known *sources, target, without string) error {
	system, processor, ok := strings.Cut(target, "/")
	if !ok {
		return fmt.Errorf("want system/processor, such as linux/arm64")
	}
	config := &packages.Config{
		Mode:  packages.LoadAllSyntax | packages.NeedModule,
		Env:   append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0"),
		Tests: true,
		Fset:  fset, ParseFile: known.parse,
	}
	loaded, err := packages.Load(config, "./...")
	if err != nil {
		return err
	}
	if without != "" {
		loaded = slices.DeleteFunc(loaded, func(p *packages.Package) bool {
			return slices.ContainsFunc(strings.Split(without, ","), func(path string) bool { return strings.HasPrefix(p.PkgPath, path) })
		})
	}
	problems := 0
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			fmt.Fprintf(os.Stderr, "%s: %v\n", target, e)
			problems++
		}
	})
	if problems > 0 {
		return fmt.Errorf("%d errors of types", problems)
	}
	graph, err := checker.Analyze(analyzers, loaded, nil)
	if err != nil {
		return err
	}
	for action := range graph.All() {
		if !action.IsRoot {
			continue
		}
		if action.Err != nil {
			return fmt.Errorf("%s of %s: %w", action.Analyzer.Name, action.Package.PkgPath, action.Err)
		}
		for _, d := range action.Diagnostics {
			fmt.Fprintf(os.Stderr, "%s: %s: %s\n", target, action.Package.Fset.Position(d.Pos), d.Message)
			problems++
		}
	}
	if problems > 0 {
		return fmt.Errorf("%d findings", problems)
	}
	return nil
}
