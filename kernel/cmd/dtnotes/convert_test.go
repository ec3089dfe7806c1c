package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestConvert makes a program of a notebook: it passes go vet and prints what the notebook prints.
func TestConvert(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	inFolder(t, nil)
	writeNotebook(t, "n.ipynb",
		"// what later cells use\nx := 1\nfunc f() int { unused := 3; return 10 }\nf()",
		"x = x + 1\nx",
		"x := \"text\"\nfmt.Println(x)",
		"func f() int { return 7 }\nfunc g() int { return f() + 1 }\ng()",
		"func f() int { return 8 }\ng()",
		"type T struct{ n int }\nt := T{3}",
		"func (t T) Double() int { return t.n * 2 }\nt.Double()",
		"text, err := os.ReadFile(\"n.ipynb\")\nlen(text) > 10",
		"p := plot.New()\np.Title.Text = \"picture\"\np",
		"for i := range 2 { fmt.Println(i) }\n_, err = strconv.Atoi(\"x\")\nerr",
		"$ ls\ndefer fmt.Println(\"last\")\n[]plotter.XY{{1, 2}}")
	want, _, err := dtnotes(t, "run", "n.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	_, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program")
	if err != nil || !strings.Contains(notes, "$ ls") {
		t.Fatalf("%v\n%s", err, notes)
	}
	for _, args := range [][]string{{"vet", "."}, {"build", "-o", "program", "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = "program"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s\n%s", args, err, out, mustRead(t, "program/main.go"))
		}
	}
	cmd := exec.Command("./program")
	cmd.Dir = "program"
	got, err := cmd.CombinedOutput()
	want = strings.Replace(want, listOfFolder(t), "", 1)
	if err != nil || string(got) != want {
		t.Errorf("the program prints %q, error %v; the notebook %q", got, err, want)
	}
	if files, err := os.ReadDir("program/figures"); err != nil || len(files) != 2 {
		t.Errorf("figures: %v, error %v", files, err)
	}
}

// listOfFolder is what the notebook's command prints, which the program leaves out.
func listOfFolder(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		if e.Name() != "program" {
			b.WriteString(e.Name() + "\n")
		}
	}
	return b.String()
}
