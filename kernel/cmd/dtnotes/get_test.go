package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dtnotes/kernel/internal/moduleproxy"
)

// gotModules serves a module of plain Go, one with assembly that uses it, and one whose assembly
// is fine but whose Go is not.
func gotModules(t *testing.T) {
	t.Helper()
	proxy := moduleproxy.New(t)
	pure := proxy.Add(t, "example.com/pairs", map[string]string{
		"pairs.go": "package pairs\n\ntype Pair struct{ A, B int }\n\nfunc (p Pair) Sum() int { return p.A + p.B }\n",
	})
	proxy.Add(t, "example.com/fast", map[string]string{
		"go.mod":        "module example.com/fast\n\ngo 1.21\n\nrequire example.com/pairs " + pure + "\n",
		"fast.go":       "// Package fast adds.\npackage fast\n\nimport \"example.com/pairs\"\n\n// Total adds in assembly.\nfunc Total(p pairs.Pair) int64 { return add(int64(p.A), int64(p.B)) }\n\nfunc Each[T any](list []T, f func(T)) {\n\tfor _, x := range list {\n\t\tf(x)\n\t}\n}\n",
		"hidden.go":     "package fast\n\ntype Hidden struct{ n int }\n\nfunc Field[T any](h Hidden, f func(int) T) T { return f(h.n) }\n",
		"number.go":     "package fast\n\ntype Number interface{ ~int | ~float64 }\n\ntype Numeric = Number\n",
		"decl_amd64.go": "package fast\n\nfunc add(a, b int64) int64\n\nfunc missing()\n\n// Broken cannot be linked.\nfunc Broken() { missing() }\n",
		"add_amd64.s":   "#include \"textflag.h\"\n\nTEXT ·add(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n",
		"decl_other.go": "//go:build !amd64\n\npackage fast\n\nimport _ \"unsafe\"\n\nfunc add(a, b int64) int64 { return a + b }\n",
		"below/b.go":    "package below\n\nimport \"example.com/fast/internal/secret\"\n\nvar Word = secret.Word\n",

		"tests/t_test.go":      "package tests\n",
		"internal/secret/s.go": "package secret\n\nconst Word = \"told\"\n",
	})
	const tricky = "import _ \"unsafe\"\n\n"
	proxy.Add(t, "example.com/clash", map[string]string{
		"internal/names/n.go": "package names\n\nvar had = map[string]bool{}\n\nfunc Register(name string) int {\n\tif had[name] {\n\t\tpanic(\"registered twice: \" + name)\n\t}\n\thad[name] = true\n\treturn len(had)\n}\n",
		"a/a.go":              "package a\n\n" + tricky + "import \"example.com/clash/internal/names\"\n\nvar N = names.Register(\"a\")\n",
		"b/b.go":              "package b\n\nimport \"example.com/clash/internal/names\"\n\nfunc Next() int { return names.Register(\"b\") }\n",
		"test/one/t.go":       "package one\n\n" + tricky + "import \"example.com/clash/internal/names\"\n\nvar N = names.Register(\"t\")\n",
		"test/two/t.go":       "package two\n\n" + tricky + "import \"example.com/clash/internal/names\"\n\nvar N = names.Register(\"t\")\n",
	})
	proxy.Add(t, "example.com/light", map[string]string{
		"l.go":       "package light\n\nconst Weight = 1\n",
		"heavy/h.go": "package heavy\n\n" + tricky + "import \"example.com/light\"\n\nconst Weight = 10 * light.Weight\n",
		"lead/l.go":  "package lead\n\n" + tricky + "const Weight = 100\n",
	})
	proxy.Add(t, "example.com/late", map[string]string{"l.go": "package late\n\nconst Four = 4\n"})
	proxy.Add(t, "example.com/wrong", map[string]string{
		"w.go": "package wrong\n\nimport \"unsafe\"\n\nfunc F() unsafe.Pointer { return 1 }\n",
	})
}

// writeCells writes a file of cells.
func writeCells(t *testing.T, name string, cells ...string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(strings.Join(cells, "\n---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGetCompiledIn gets a module that the interpreter cannot run: the notebook goes on in a
// program that has it, in Go programs made of the notebook, and without a network when it has
// been built once.
func TestGetCompiledIn(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	gotModules(t)
	inFolder(t, nil)
	writeNotebook(t, "n.ipynb",
		"%get example.com/fast\n\nimport (\"example.com/fast\"; \"example.com/pairs\")\np := pairs.Pair{1, 2}\nfast.Total(p)",
		"import \"example.com/fast/below\"\nfast.Each([]string{below.Word, \"twice\"}, func(s string) { fmt.Println(s, p.Sum()) })",
		"type named struct{ pairs.Pair }\nfunc (n named) Sum() int { return -n.Pair.Sum() }\nnamed{p}.Sum()",
		"func double[T fast.Numeric](x T) T { return 2 * x }\ndouble(2)")
	want := "3\ntold 3\ntwice 3\n-3\n4\n"
	out, _, err := dtnotes(t, "run", "n.ipynb")
	if err != nil || !strings.HasSuffix(out, want) || !strings.Contains(out, "example.com/fast v1.0.0-test") || !strings.Contains(out, ", compiled in\n") ||
		!strings.Contains(out, "example.com/fast.Field is generic and stays out: it uses the unexported field n of Hidden\n") {
		t.Fatalf("%q, error %v", out, err)
	}
	t.Setenv("GOPROXY", "off")
	out, _, err = dtnotes(t, "run", "n.ipynb")
	if err != nil || !strings.HasSuffix(out, want) || strings.Contains(out, "compiling") {
		t.Errorf("again: %q, error %v", out, err)
	}
	_, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program")
	if err != nil || strings.Contains(notes, "left out") {
		t.Fatalf("%v\n%s", err, notes)
	}
	if mod := mustRead(t, "program/go.mod"); !strings.Contains(mod, "example.com/fast v1.0.0-test") {
		t.Errorf("go.mod is %s", mod)
	}
	if got := builtProgram(t); got != want {
		t.Errorf("the program prints %q", got)
	}

	writeCells(t, "cells.txt",
		"x := 1\nx",
		"%get example.com/fast",
		"x",
		"import \"example.com/fast\"\nfast.Total(struct{ A, B int }{2, 3})",
		"%get example.com/pairs",
		"1 / 0.5")
	out, _, err = dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(err.Error(), "1 of 6 cells failed") {
		t.Errorf("error %v", err)
	}
	for _, part := range []string{"its variables, functions, types and imports are gone", "undefined: x", "5\n", "example.com/pairs v1.0.0-test", "2\n"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in %q", part, out)
		}
	}
}

// TestGetThatDoesNotStart gets a module of which not all packages can be in one program: those that
// are imported can.
func TestGetThatDoesNotStart(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	gotModules(t)
	inFolder(t, nil)
	writeNotebook(t, "n.ipynb", "%get example.com/clash", "import (\"example.com/clash/a\"; \"example.com/clash/b\")\nfmt.Println(a.N, b.Next())", "fmt.Println(a.N + 1)")
	for _, again := range []bool{false, true} {
		out, _, err := dtnotes(t, "run", "n.ipynb")
		if err != nil || !strings.HasSuffix(out, "1 2\n2\n") || !strings.Contains(out, "do not start: panic: registered twice: t") || again && strings.Contains(out, "compiling") {
			t.Errorf("%q, error %v", out, err)
		}
	}
	if _, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program"); err != nil || strings.Contains(notes, "left out") {
		t.Fatalf("%v\n%s", err, notes)
	}
	if got := builtProgram(t); got != "1 2\n2\n" {
		t.Errorf("the program prints %q", got)
	}
	writeCells(t, "cells.txt", "%get example.com/clash/test/one example.com/clash/test/two", "1 + 1")
	out, _, err := dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(out, "registered twice: t") || !strings.HasSuffix(strings.TrimSpace(out), "2") {
		t.Errorf("asked for by their own paths: %q, error %v", out, err)
	}
}

// TestImportBringsPackage imports a package that has to be compiled in, of a module that was got
// and runs from source: it is brought where nothing is lost by that.
func TestImportBringsPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	gotModules(t)
	inFolder(t, nil)
	writeNotebook(t, "n.ipynb", "%get example.com/light",
		"// Two at once, and what stands above them in the cell.\n%get example.com/pairs\nimport (\"example.com/light\"; \"example.com/light/heavy\")\nimport \"example.com/light/lead\"\nfmt.Println(light.Weight + heavy.Weight + lead.Weight)",
		"fmt.Println(heavy.Weight)")
	out, _, err := dtnotes(t, "run", "n.ipynb")
	if err != nil || !strings.HasSuffix(out, "111\n10\n") || strings.Count(out, "linking") > 1 {
		t.Errorf("%q, error %v", out, err)
	}
	if _, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program"); err != nil || strings.Contains(notes, "left out") {
		t.Fatalf("%v\n%s", err, notes)
	}
	if got := builtProgram(t); got != "111\n10\n" {
		t.Errorf("the program prints %q", got)
	}
	writeCells(t, "cells.txt", "%get example.com/light", "x := 41", "import \"example.com/light/heavy\"", "x + 1")
	out, _, err = dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(out, "%get example.com/light/heavy does that, and variables are lost by it") || !strings.HasSuffix(strings.TrimSpace(out), "42") {
		t.Errorf("with a variable: %q, error %v", out, err)
	}
	writeCells(t, "cells.txt", "%get example.com/light", "// The line of an error\n// stays what it is.\nimport \"example.com/light/heavy\"\nheavy.Weigth")
	if out, _, err = dtnotes(t, "eval", "cells.txt"); err == nil || !strings.Contains(out, "cell[2]:4:7") {
		t.Errorf("the line of an error: %q, error %v", out, err)
	}
}

// TestGotOutlivesSession has a session that died replaced by one that has got the same.
func TestGotOutlivesSession(t *testing.T) {
	gotModules(t)
	inFolder(t, nil)
	writeCells(t, "cells.txt",
		"%get example.com/pairs\n\nimport \"example.com/pairs\"\npairs.Pair{1, 2}.Sum()",
		"p, _ := os.FindProcess(os.Getpid())\np.Kill()\nselect {}",
		"import \"example.com/pairs\"\nfmt.Println(pairs.Pair{3, 4}.Sum())",
		// In the very cell that gets it, too.
		"%get example.com/late\nq, _ := os.FindProcess(os.Getpid())\nq.Kill()\nselect {}",
		"import (\"example.com/pairs\"; \"example.com/late\")\npairs.Pair{late.Four, 4}.Sum()")
	out, _, err := dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(err.Error(), "2 of 5 cells failed") || strings.Count(out, "this is a new session") != 2 || !strings.Contains(out, "\n7\n") || !strings.HasSuffix(strings.TrimSpace(out), "8") {
		t.Errorf("%q, error %v", out, err)
	}
}

// TestGetAnotherVersion gets a version when another one has been imported, or could not be.
func TestGetAnotherVersion(t *testing.T) {
	proxy := moduleproxy.New(t)
	var versions []any
	for _, value := range []string{"1", "2", "false"} {
		versions = append(versions, proxy.Add(t, "example.com/versions", map[string]string{"v.go": "package versions\n\nconst N int = " + value + "\n"}))
	}
	inFolder(t, nil)
	cells := fmt.Sprintf("%%get example.com/versions@%s\nimport \"example.com/versions\"\nx := versions.N\nx\n---\n"+
		"%%get example.com/versions@%s\nimport \"example.com/versions\"\nversions.N\n---\nx\n---\n"+
		"%%get example.com/versions@%s\n---\n%%get example.com/versions@%[1]s\nimport \"example.com/versions\"\n10 * versions.N", versions...)
	writeCells(t, "cells.txt", cells)
	out, _, err := dtnotes(t, "eval", "cells.txt")
	at := 0
	for _, part := range []string{"1\n", "is to be used now: its variables, functions, types and imports are gone", "2\n", "undefined: x", "v.go:3:15", "10\n"} {
		i := strings.Index(out[at:], part)
		if i < 0 {
			t.Fatalf("%q is not in %q, error %v", part, out, err)
		}
		at += i + len(part)
	}
}

// TestGetDoesNotBuild checks that a module that does not compile is reported in the compiler's
// words, and that the session goes on.
func TestGetDoesNotBuild(t *testing.T) {
	gotModules(t)
	inFolder(t, nil)
	writeCells(t, "cells.txt", "x := 1", "%get example.com/wrong", "x + 1")
	out, _, err := dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(out, "w.go:5:34: cannot use 1") || !strings.HasSuffix(strings.TrimSpace(out), "2") {
		t.Errorf("%q, error %v", out, err)
	}
	t.Setenv("DTNOTES_SOURCE", t.TempDir())
	out, _, _ = dtnotes(t, "eval", "cells.txt")
	if !strings.Contains(out, "the source of dtnotes is needed") {
		t.Errorf("without the source: %q", out)
	}
}
