package eval

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/internal/moduleproxy"
)

// gotten is a session in an empty folder and what is printed there.
func gotten(t *testing.T, dir string) *Session {
	t.Helper()
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var pureModule = map[string]string{
	"pure.go": `// Package pure has nothing but Go.
package pure

import "example.com/dep"

// A Pair is two numbers.
type Pair struct{ A, B int }

// Sum adds them.
func (p Pair) Sum() int { return dep.Add(p.A, p.B) }

// Swap has them in the other order.
func Swap(p Pair) (swapped Pair) { return Pair{p.B, p.A} }
`,
	"sub/sub.go":         "package sub\n\nconst Name = \"below\"\n",
	"other/other.go":     "package other\n\nimport _ \"example.com/absent\"\n",
	"broken/broken.go":   "package broken\n\nfunc F() int { return \"x\" }\n",
	"internal/hidden.go": "package hidden\n",
}

func TestGetFromSource(t *testing.T) {
	proxy := moduleproxy.New(t)
	dep := proxy.Add(t, "example.com/dep", map[string]string{"dep.go": "package dep\n\nfunc Add(a, b int) int { return a + b }\n"})
	rarely := proxy.Add(t, "example.com/rarely", map[string]string{"r.go": "package rarely\n\nconst Used = true\n"})
	files := map[string]string{
		"go.mod":          "module example.com/pure\n\ngo 1.21\n\nrequire (\n\texample.com/dep " + dep + "\n\texample.com/rarely " + rarely + "\n)\n",
		"needs/n.go":      "package needs\n\nimport \"example.com/rarely\"\n\nconst Used = rarely.Used\n",
		"tests/t_test.go": "package tests\n",
	}
	for name, text := range pureModule {
		files[name] = text
	}
	version := proxy.Add(t, "example.com/pure", files)
	dir := t.TempDir()
	s := gotten(t, dir)

	_, _, err := run1(t, s, `import "example.com/pure"`)
	if err == nil || !strings.Contains(err.Message, "%get example.com/pure gets it") {
		t.Errorf("an import of an unknown module: %v", err)
	}
	_, out, err := run1(t, s, "%get example.com/pure")
	if err != nil || !strings.Contains(out, "example.com/pure "+version) {
		t.Fatalf("%q, error %v", out, err)
	}
	if got := must(t, s, "import \"example.com/pure\"\npure.Pair{1, 2}.Sum()"); got != "3 :: int" {
		t.Errorf("a package that was got: %s", got)
	}
	if got := must(t, s, "import \"example.com/pure/sub\"\nsub.Name"); got != "below :: string" {
		t.Errorf("a package below: %s", got)
	}
	if got := must(t, s, "import \"example.com/pure/needs\"\nneeds.Used"); got != "true :: bool" {
		t.Errorf("a package below that needs another module: %s", got)
	}
	for path, want := range map[string]string{
		"example.com/pure/tests":  "no Go files for this system but tests",
		"example.com/pure/other":  "%get example.com/absent gets it",
		"example.com/pure/broken": "broken.go:3:23: cannot use",
		"example.com/pure/none":   "%get example.com/pure/none gets it",
	} {
		for range 2 { // the second time, too
			if _, _, err := run1(t, s, "import \""+path+"\""); err == nil || !strings.Contains(err.Message, want) {
				t.Errorf("import %s: %v", path, err)
			}
		}
	}
	if got := s.Complete("pure.Pa", 7); len(got.Items) == 0 || got.Items[0].Text != "Pair" {
		t.Errorf("completion proposes %v", got.Items)
	}
	if got := s.Complete("import \"example.com/pure/s\"", 26); len(got.Items) == 0 || got.Items[0].Text != "example.com/pure/sub" {
		t.Errorf("completion of a path proposes %v", got.Items)
	}
	for code, want := range map[string]string{
		"pure":                       "Package pure has nothing but Go.",
		"pure.Pair":                  "A Pair is two numbers.",
		"pure.Pair{}.Sum":            "Sum adds them.",
		"pure.Swap":                  "func Swap(p Pair) (swapped Pair)",
		"pure.Swap(pure.Pair{1, 2})": "Swap has them in the other order.",
	} {
		if b, ok := s.Inspect(code, len(code)-1, 0); !ok || !strings.Contains(b.Text(), want) {
			t.Errorf("of %s is said %q", code, b.Text())
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the notebook's folder has %v, error %v", entries, err)
	}

	t.Setenv("GOPROXY", "off") // what was got before needs no proxy
	again := gotten(t, dir)
	if _, out, err := run1(t, again, "%get example.com/pure"); err != nil || strings.Contains(out, "fetching") {
		t.Errorf("again: %q, error %v", out, err)
	}
	if got := must(t, again, "import \"example.com/pure\"\npure.Pair{3, 4}.Sum()"); got != "7 :: int" {
		t.Errorf("again: %s", got)
	}
	if _, _, err := run1(t, again, "%get example.com/later"); err == nil || !strings.Contains(err.Message, "switched off by GOPROXY=off") {
		t.Errorf("a module that has not been fetched, without a proxy: %v", err)
	}
	if got := must(t, again, "pure.Pair{3, 5}.Sum()"); got != "8 :: int" {
		t.Errorf("after a failure: %s", got)
	}
}

// TestImportFetches imports a package below a large module, whose own needs were not fetched with
// it.
func TestImportFetches(t *testing.T) {
	proxy := moduleproxy.New(t)
	rarely := proxy.Add(t, "example.com/rarely", map[string]string{"r.go": "package rarely\n\nconst Used = \"by many\"\n"})
	files := map[string]string{
		"go.mod": "module example.com/large\n\ngo 1.21\n\nrequire example.com/rarely " + rarely + "\n",
		"l.go":   "package large\n",
	}
	for i := range 40 {
		files[fmt.Sprintf("p%d/p.go", i)] = fmt.Sprintf("package p%d\n\nimport \"example.com/rarely\"\n\nconst Used = rarely.Used\n", i)
	}
	proxy.Add(t, "example.com/large", files)
	s := gotten(t, t.TempDir())
	must(t, s, "x := 1")
	if _, _, err := run1(t, s, "%get example.com/large"); err != nil {
		t.Fatal(err)
	}
	if got := must(t, s, "import (\"example.com/large/p7\"; \"example.com/large/p8\")\np7.Used + p8.Used[:x]"); got != "by manyb :: string" {
		t.Errorf("got %s", got)
	}
	// Nobody asks for this module.
	proxy.Add(t, "example.com/rarely", map[string]string{"r.go": "package rarely\n"})
	t.Setenv("GOPROXY", "off")
	if got := must(t, s, "p7.Used[:x]"); got != "b :: string" {
		t.Errorf("later: %s", got)
	}
}

// TestGetTriesOut gets what cannot be run, or not yet: the session has after it what it had before,
// and begins anew with an initialization that has not ended.
func TestGetTriesOut(t *testing.T) {
	proxy := moduleproxy.New(t)
	good := proxy.Add(t, "example.com/tried", map[string]string{"t.go": "package tried\n\nconst Good = true\n"})
	bad := proxy.Add(t, "example.com/tried", map[string]string{"t.go": "package tried\n\nconst Good int = false\n"})
	proxy.Add(t, "example.com/waits", map[string]string{
		"w.go":         "package waits\n\nimport (\n\t\"os\"\n\t\"example.com/waits/first\"\n)\n\nvar N = wait()\n\nfunc wait() int {\n\tfor os.Getenv(\"DTNOTES_TEST_WAITS\") == \"yes\" {\n\t}\n\treturn 1 + first.N\n}\n",
		"first/f.go":   "package first\n\nvar N = 6\n",
		"panics/p.go":  "package panics\n\nvar N = one / zero\n\nvar one, zero = 1, 0\n",
		"panics2/p.go": "package panics2\n\nimport \"example.com/waits/panics\"\n\nvar N = panics.N\n",
	})
	s := gotten(t, t.TempDir())
	if _, _, err := run1(t, s, "%get example.com/tried@"+bad); err == nil || !strings.Contains(err.Message, "t.go:3:18") {
		t.Fatalf("got %v", err)
	}
	if got := s.engine.packages.got; got != nil {
		t.Errorf("what cannot be imported was got: %v", got.Requests)
	}
	t.Setenv("DTNOTES_TEST_WAITS", "yes")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, _, err := runContext(ctx, s, "%get example.com/waits"); err == nil || err.Name != "interrupted" {
		t.Errorf("got %v", err)
	}
	if got := s.engine.packages.got; got != nil {
		t.Errorf("after an interrupt was got: %v", got.Requests)
	}
	t.Setenv("DTNOTES_TEST_WAITS", "")
	if _, _, err := run1(t, s, "%get example.com/waits"); err != nil {
		t.Fatal(err)
	}
	if got := must(t, s, "import \"example.com/waits\"\nwaits.N"); got != "7 :: int" {
		t.Errorf("after an interrupted initialization: %s", got)
	}
	for _, path := range []string{"panics2", "panics", "panics", "panics2"} {
		if _, _, err := run1(t, s, "import \"example.com/waits/"+path+"\""); err == nil || !strings.Contains(err.Message, "divide by zero") {
			t.Errorf("import %s: %v", path, err)
		}
	}
	must(t, s, "%reset")
	if got := must(t, s, "import \"example.com/waits\"\nwaits.N"); got != "7 :: int" {
		t.Errorf("what was got, after %%reset: %s", got)
	}
	if _, _, err := run1(t, s, "%get example.com/tried@"+bad); err == nil {
		t.Error("no error")
	}
	if _, out, err := run1(t, s, "%get example.com/tried@"+good); err != nil || !strings.Contains(out, "is to be used now: its variables, functions, types and imports are gone") {
		t.Errorf("%q, error %v", out, err)
	}
	if got := must(t, s, "import (\"example.com/tried\"; \"example.com/waits\")\nif !tried.Good {\npanic(1)\n}\nwaits.N"); got != "7 :: int" {
		t.Errorf("got %s", got)
	}
}

func TestGetFails(t *testing.T) {
	proxy := moduleproxy.New(t)
	proxy.Add(t, "example.com/broken", map[string]string{"b.go": "package broken\n\nfunc F() int { return \"x\" }\n"})
	proxy.Add(t, "example.com/needy", map[string]string{"n.go": "package needy\n\nimport _ \"example.com/absent\"\n"})
	s := gotten(t, t.TempDir())
	for arg, want := range map[string]string{
		"":                                "which module?",
		"-x example.com/a":                "unknown option -x",
		"./pkg":                           "is a folder",
		"example.com/broken@":             "names no version",
		"example.com/absent":              "no such module or version",
		"example.com/broken@v9.9.9":       "no such module or version",
		"example.com/broken/below":        "no such package",
		"example.com/broken":              "b.go:3:23: cannot use",
		"example.com/needy":               "example.com/absent",
		"example.com/needy example.com/x": "no such module or version",
	} {
		if _, _, err := run1(t, s, "%get "+arg); err == nil || !strings.Contains(err.Message, want) {
			t.Errorf("%%get %s: %v, want %q", arg, err, want)
		}
	}
	t.Setenv("GOPROXY", "http://127.0.0.1:1")
	if _, _, err := run1(t, s, "%get example.com/far"); err == nil || !strings.Contains(err.Message, "is this machine offline?") {
		t.Errorf("offline: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, _, err := run1(t, s, "%get example.com/far2"); err == nil || !strings.Contains(err.Message, "install Go") {
		t.Errorf("without a go command: %v", err)
	}
	for code, want := range map[string]string{"%get fmt": "fmt is compiled in", "%get gonum.org/v1/gonum": "is compiled in"} {
		if _, out, err := run1(t, s, code); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %q, error %v", code, out, err)
		}
	}
}

// TestGetOwn gets modules into the go.mod of the user's own.
func TestGetOwn(t *testing.T) {
	proxy := moduleproxy.New(t)
	version := proxy.Add(t, "example.com/fromown", map[string]string{"f.go": "package fromown\n\nfunc F() int { return 6 }\n"})
	dir := t.TempDir()
	mod := filepath.Join(dir, "go.mod")
	for file, text := range map[string]string{
		mod:                                 "module example.com/you\n\ngo 1.26\n",
		filepath.Join(dir, "pkg/p.go"):      "package pkg\n\nimport \"example.com/fromown\"\n\nfunc G() int { return 7 * fromown.F() }\n",
		filepath.Join(dir, "books/x.ipynb"): "{}",
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := gotten(t, filepath.Join(dir, "books"))
	if _, _, err := run1(t, s, "import \"example.com/you/pkg\""); err == nil || !strings.Contains(err.Message, "%get example.com/fromown gets it") {
		t.Errorf("before: %v", err)
	}
	_, out, err := run1(t, s, "%get example.com/fromown")
	if err != nil || !strings.Contains(out, "go.mod now requires example.com/fromown "+version) {
		t.Errorf("%q, error %v", out, err)
	}
	if text, err := os.ReadFile(mod); err != nil || !strings.Contains(string(text), "example.com/fromown "+version) {
		t.Errorf("go.mod is %s, error %v", text, err)
	}
	if got := must(t, s, "import (\"example.com/you/pkg\"; \"example.com/fromown\")\npkg.G() + fromown.F()"); got != "48 :: int" {
		t.Errorf("got %s", got)
	}
	if _, out, err := run1(t, s, "%get example.com/fromown"); err != nil || strings.Contains(out, "now requires") {
		t.Errorf("again: %q, error %v", out, err)
	}
}

// TestGetInterrupted ends the go command with the cell.
func TestGetInterrupted(t *testing.T) {
	moduleproxy.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	}))
	defer silent.Close()
	defer close(release)
	t.Setenv("GOPROXY", silent.URL)
	s := gotten(t, t.TempDir())
	if _, _, err := runContext(ctx, s, "%get example.com/slow"); err == nil || err.Name != "interrupted" {
		t.Errorf("got %v", err)
	}
	if got := must(t, s, "1 + 1"); got != "2 :: int" {
		t.Errorf("after it: %s", got)
	}
}
