package main

import (
	"os"
	"strings"
	"testing"

	"dtnotes/kernel/internal/moduleproxy"
)

// gotModules serves a module of plain Go, one with assembly that uses it, and one whose assembly is fine
// but whose Go is not.
func gotModules(t *testing.T) {
	t.Helper()
	proxy := moduleproxy.New(t)
	pure := proxy.Add(t, "example.com/pairs", map[string]string{
		"pairs.go": "package pairs\n\ntype Pair struct{ A, B int }\n\nfunc (p Pair) Sum() int { return p.A + p.B }\n",
	})
	proxy.Add(t, "example.com/fast", map[string]string{
		"go.mod":        "module example.com/fast\n\ngo 1.21\n\nrequire example.com/pairs " + pure + "\n",
		"fast.go":       "// Package fast adds.\npackage fast\n\nimport \"example.com/pairs\"\n\n// Total adds in assembly.\nfunc Total(p pairs.Pair) int64 { return add(int64(p.A), int64(p.B)) }\n\nfunc Each[T any](list []T, f func(T)) {\n\tfor _, x := range list {\n\t\tf(x)\n\t}\n}\n",
		"number.go":     "package fast\n\ntype Number interface{ ~int | ~float64 }\n\ntype Numeric = Number\n",
		"decl_amd64.go": "package fast\n\nfunc add(a, b int64) int64\n\nfunc missing()\n\n// Broken cannot be linked.\nfunc Broken() { missing() }\n",
		"add_amd64.s":   "#include \"textflag.h\"\n\nTEXT ·add(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n",
		"decl_other.go": "//go:build !amd64\n\npackage fast\n\nimport _ \"unsafe\"\n\nfunc add(a, b int64) int64 { return a + b }\n",
		"below/b.go":    "package below\n\nimport \"example.com/fast/internal/secret\"\n\nvar Word = secret.Word\n",

		"tests/t_test.go":      "package tests\n",
		"internal/secret/s.go": "package secret\n\nconst Word = \"told\"\n",
	})
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

// TestGetCompiledIn gets a module that the interpreter cannot run: the notebook goes on in a program that
// has it, in Go programs made of the notebook, and without a network when it has been built once.
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
	if err != nil || !strings.HasSuffix(out, want) || !strings.Contains(out, "example.com/fast v1.0.0-test") || !strings.Contains(out, ", compiled in\n") {
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

// TestGotOutlivesSession has a session that died replaced by one that has got the same.
func TestGotOutlivesSession(t *testing.T) {
	gotModules(t)
	inFolder(t, nil)
	writeCells(t, "cells.txt",
		"%get example.com/pairs\n\nimport \"example.com/pairs\"\npairs.Pair{1, 2}.Sum()",
		"p, _ := os.FindProcess(os.Getpid())\np.Kill()\nselect {}",
		"import \"example.com/pairs\"\npairs.Pair{3, 4}.Sum()")
	out, _, err := dtnotes(t, "eval", "cells.txt")
	if err == nil || !strings.Contains(err.Error(), "1 of 3 cells failed") || !strings.Contains(out, "session died") || !strings.HasSuffix(strings.TrimSpace(out), "7") {
		t.Errorf("%q, error %v", out, err)
	}
}

// TestGetDoesNotBuild tells of a module that does not compile in the compiler's words, and goes on.
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
