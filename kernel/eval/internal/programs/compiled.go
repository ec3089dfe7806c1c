package programs

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var mainLine = regexp.MustCompile(`(?m)^func main\(\) \{`)

// Compiled is what programs print when Go compiles them, by their names, with the panic that ends
// them. Those that Go does not compile are left out.
//
// All become packages of one program. The compiler is called without the go command, which would
// not have packages that are all called main, as their types have to say, and would keep what it
// compiles in its cache. The path of a package is as long as "main": programs print the lengths of
// the names of types, in which it stands.
func Compiled(t testing.TB, sources map[string]string) map[string]string {
	t.Helper()
	dir, err := os.MkdirTemp("", "programs")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tool := func(args ...string) (string, error) {
		cmd := exec.Command("go", append([]string{"tool"}, args...)...)
		cmd.Dir = dir
		// What the tests are run under is not for the compiler.
		cmd.Env = append(os.Environ(), "GODEBUG=", "GOGC=100")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	std := exportData(t, sources)
	write("std", std)
	var imports, calls strings.Builder
	refused, paths := "", map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(sources)) {
		path := fmt.Sprintf("zz%02s", strconv.FormatInt(int64(i), 36))
		write(name+".go", mainLine.ReplaceAllString(sources[name], "func Main() {"))
		if out, err := tool("compile", "-c=1", "-lang=go1.26", "-importcfg=std", "-p="+path, "-o="+name+".a", name+".go"); err != nil {
			refused = out
			continue
		}
		paths[name] = path
		std += fmt.Sprintf("packagefile %s=%s.a\n", path, name)
		fmt.Fprintf(&imports, "import p_%s %q\n", name, path)
		fmt.Fprintf(&calls, "\trun(%q, p_%s.Main)\n", name, name)
	}
	if calls.Len() == 0 {
		t.Fatalf("Go compiles none of the programs: %s", refused)
	}
	write("packages", std)
	write("all.go", "package main\n\nimport \"fmt\"\n"+imports.String()+`
func run(name string, f func()) {
	fmt.Print("\x00=== ", name, "\n")
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("panic:", r)
		}
	}()
	f()
}

func main() {
`+calls.String()+"}\n")
	if out, err := tool("compile", "-c=1", "-importcfg=packages", "-p=main", "-o=all.a", "all.go"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := tool("link", "-importcfg=packages", "-o=program", "all.a"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(filepath.Join(dir, "program"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%.3000s", err, stderr.Bytes())
	}
	all := map[string]string{}
	for _, part := range strings.Split(string(out), "\x00=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		all[name] = strings.ReplaceAll(text, paths[name]+".", "main.")
	}
	return all
}

// exportData says where the compiler finds the packages that programs import, and those that
// these need.
func exportData(t testing.TB, sources map[string]string) string {
	t.Helper()
	imported := map[string]bool{"fmt": true}
	for name, src := range sources {
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			continue // nor will Go compile it
		}
		for _, i := range f.Imports {
			imported[strings.Trim(i.Path.Value, `"`)] = true
		}
	}
	args := append([]string{"list", "-export", "-deps", "-f", "{{with .Export}}packagefile {{$.ImportPath}}={{.}}{{end}}"}, slices.Sorted(maps.Keys(imported))...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GODEBUG=", "GOGC=100")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	return string(out)
}
