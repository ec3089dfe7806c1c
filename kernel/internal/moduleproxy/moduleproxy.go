// Package moduleproxy serves modules to the go command from a folder, for tests without a network.
package moduleproxy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// A Proxy is a folder of modules.
type Proxy struct{ dir string }

// New makes a proxy, has the go command ask nobody else, and gives it and what is made of modules a
// cache of the test's own. The caches of the go command itself stay those of the user, so that
// nothing is built twice.
func New(t testing.TB) *Proxy {
	t.Helper()
	p := &Proxy{t.TempDir()}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(p.dir))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOTOOLCHAIN", "local")
	for name, path := range goEnv(t) { // which would lie in the cache folder of the test otherwise
		t.Setenv(name, path)
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("LocalAppData", cache)
	return p
}

// Add adds a module of files, given by their names, in a version that belongs to its content: what
// the go command has kept of a module of an earlier test is never taken for it. It returns the
// version.
func (p *Proxy) Add(t testing.TB, path string, files map[string]string) (version string) {
	t.Helper()
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s\x00%s\x00", name, files[name])
	}
	version = "v1.0.0-test" + hex.EncodeToString(h.Sum(nil)[:8])
	source := t.TempDir()
	if files["go.mod"] == "" {
		files["go.mod"] = "module " + path + "\n\ngo 1.21\n"
	}
	for name, text := range files {
		file := filepath.Join(source, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	escaped, err := module.EscapePath(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(p.dir, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	err = zip.CreateFromDir(f, module.Version{Path: path, Version: version}, source)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	had, _ := os.ReadFile(filepath.Join(dir, "list"))
	for name, text := range map[string]string{
		version + ".mod":  files["go.mod"],
		version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2020-01-01T00:00:00Z"}`, version),
		"list":            strings.TrimLeft(string(had)+"\n"+version+"\n", "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return version
}

// goEnv is where the go command keeps what it has fetched and built. The test is skipped without
// one.
func goEnv(t testing.TB) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("no go command")
	}
	env := map[string]string{}
	if err := json.Unmarshal(out, &env); err != nil {
		t.Fatal(err)
	}
	return env
}
