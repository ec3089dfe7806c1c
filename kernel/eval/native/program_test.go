package native

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestPrograms holds what programs print here against what they print when Go compiles them: those of
// testdata, and generated ones. One program of all of them is compiled, which is cheap.
func TestPrograms(t *testing.T) {
	sources := map[string]string{}
	files, err := filepath.Glob("testdata/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources[strings.TrimSuffix(filepath.Base(f), ".go")] = string(src)
	}
	seeds := 60
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		sources[fmt.Sprintf("seed%d", seed)] = generate(int64(seed))
	}
	compareWithGo(t, sources)
}

// FuzzPrograms does the same for any seed.
func FuzzPrograms(f *testing.F) {
	f.Add(int64(1000))
	f.Fuzz(func(t *testing.T, seed int64) {
		sources := map[string]string{}
		for i := range int64(20) {
			sources[fmt.Sprintf("seed%d", uint64(seed+i))] = generate(seed + i)
		}
		compareWithGo(t, sources)
	})
}

func compareWithGo(t *testing.T, sources map[string]string) {
	t.Helper()
	want := compiled(t, sources)
	stop := make(chan bool)
	defer close(stop)
	go func() { // the collector has to find everything at any time
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				runtime.GC()
			}
		}
	}()
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			got := output(t, src)
			if i := strings.Index(got, "\n  main."); i >= 0 {
				got = got[:i+1]
			}
			if got != want[name] {
				t.Errorf("%s\nprinted:\n%s\nGo:\n%s", src, firstDifference(got, want[name]), firstDifference(want[name], got))
			}
		})
	}
}

// firstDifference is the first line of a that b does not have there.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("line %d: %s", i+1, x[i])
		}
	}
	return "(no more)"
}

var (
	packageLine = regexp.MustCompile(`(?m)^package main$`)
	mainLine    = regexp.MustCompile(`(?m)^func main\(\) \{`)
)

// compiled is what programs print when Go compiles them.
func compiled(t *testing.T, sources map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module programs\n\ngo 1.26\n")
	var imports, calls strings.Builder
	for name, src := range sources {
		src = packageLine.ReplaceAllString(src, "package "+name)
		write(name+"/a.go", mainLine.ReplaceAllString(src, "func Main() {"))
		fmt.Fprintf(&imports, "import %q\n", "programs/"+name)
		fmt.Fprintf(&calls, "\trun(%q, %s.Main)\n", name, name)
	}
	write("main.go", "package main\n\nimport \"fmt\"\n"+imports.String()+`
func run(name string, f func()) {
	fmt.Println("=== " + name)
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("panic:", r)
		}
	}()
	f()
}

func main() {
`+calls.String()+"}\n")
	cmd := exec.Command("go", "run", ".")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	all := map[string]string{}
	for _, part := range strings.Split(string(out), "=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		all[name] = text
	}
	return all
}
