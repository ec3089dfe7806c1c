package main

import (
	"maps"
	"os"
	"os/exec"
	"slices"
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
	want = strings.Replace(want, listOfFolder(t), "", 1)
	_, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program")
	if err != nil || !strings.Contains(notes, "$ ls") {
		t.Fatalf("%v\n%s", err, notes)
	}
	if got := builtProgram(t); got != want {
		t.Errorf("the program prints %q, the notebook %q", got, want)
	}
	if files, err := os.ReadDir("program/figures"); err != nil || len(files) != 2 {
		t.Errorf("figures: %v, error %v", files, err)
	}
}

// builtProgram vets, builds and runs the module in the folder program; it returns what that prints.
func builtProgram(t *testing.T) string {
	t.Helper()
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
	if err != nil {
		t.Fatalf("the program fails: %v\n%s", err, got)
	}
	return string(got)
}

// TestConvertKinds holds the programs of notebooks of many kinds against what the notebooks print.
func TestConvertKinds(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil || testing.Short() {
		t.Skip("no go command, or no time to build each")
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Run(kind, func(t *testing.T) {
			inFolder(t, nil)
			writeNotebook(t, "n.ipynb", kinds[kind]...)
			want, _, err := dtnotes(t, "run", "n.ipynb")
			if err != nil {
				t.Fatal(err)
			}
			_, notes, err := dtnotes(t, "convert", "n.ipynb", "--to", "go", "-o", "program")
			if err != nil {
				t.Fatal(err)
			}
			if got := builtProgram(t); got != want {
				t.Errorf("the program prints %q, the notebook %q", got, want)
			}
			for about, text := range map[string]string{"redefined": "cell 4: type P, which has been declared before, is called P2", "methods": "cell 3: type Sq has the methods of this cell from the start"} {
				if strings.Contains(notes, text) != (about == kind) {
					t.Errorf("the notes are %q", notes)
				}
			}
		})
	}
}

// kinds are notebooks of different kinds, cell by cell.
var kinds = map[string][]string{
	"defers": {
		"defer fmt.Println(\"last of the first\")\nfmt.Println(\"first\")\n1 + 1",
		"func safe(f func()) (err error) {\n\tdefer func() { if r := recover(); r != nil { err = fmt.Errorf(\"caught %v\", r) } }()\n\tf()\n\treturn\n}\nsafe(func() { panic(\"x\") }).Error()",
		"const (\n\tA = iota\n\tB\n)\nvar d time.Duration = B * time.Second\nd",
	},
	"errors": {
		"n, err := strconv.Atoi(\"12\")\nn",
		"_, err = strconv.Atoi(\"x\")\nif err != nil { fmt.Println(\"seen:\", err) }",
		"func half(n int) (int, error) {\n\tif n%2 == 1 { return 0, fmt.Errorf(\"%d is odd\", n) }\n\treturn n / 2, nil\n}\nhalf(8)",
		"v, err := half(3)\nerr",
	},
	"figures": {
		"capture, err := dtracefs.Load(display.Context(), dtracefs.Samples(), \"vm-start.dtrace.txt\", dtracefs.Options{})\nseries, err := analysis.FromFrame(capture.Activity().DataFrame(), analysis.SeriesOptions{})\nseries.Timeline()",
		"import \"gonum.org/v1/plot\"\np := plot.New()\np.Title.Text = \"t\"\np",
		"display.Display(figure.Graph{Nodes: []figure.Node{{Name: \"a\"}, {Name: \"b\"}}, Edges: []figure.Edge{{From: 0, To: 1, Weight: 1}}})",
	},
	"generics": {
		"type Stack[T any] struct{ items []T }\nfunc (s *Stack[T]) Push(v T) { s.items = append(s.items, v) }\nfunc (s *Stack[T]) Pop() (T, bool) {\n\tvar zero T\n\tif len(s.items) == 0 { return zero, false }\n\tv := s.items[len(s.items)-1]\n\ts.items = s.items[:len(s.items)-1]\n\treturn v, true\n}",
		"s := &Stack[string]{}\ns.Push(\"a\"); s.Push(\"b\")\ns.Pop()",
		"func Map[A, B any](in []A, f func(A) B) []B {\n\tvar out []B\n\tfor _, a := range in { out = append(out, f(a)) }\n\treturn out\n}\nMap([]int{1,2,3}, func(i int) string { return fmt.Sprint(i*i) })",
	},
	"goroutines": {
		"var wg sync.WaitGroup\nvar mu sync.Mutex\nsum := 0\nfor i := range 10 { wg.Go(func() { mu.Lock(); defer mu.Unlock(); sum += i }) }\nwg.Wait()\nsum",
		"c := make(chan int, 3)\ngo func() { defer close(c); for i := range 3 { c <- i } }()\nfor v := range c { fmt.Println(v) }",
	},
	"iterators": {
		"import \"iter\"\nfunc count(n int) iter.Seq[int] {\n\treturn func(yield func(int) bool) {\n\t\tfor i := range n { if !yield(i) { return } }\n\t}\n}\nslices.Collect(count(4))",
		"for i := range count(10) { if i == 3 { break }; fmt.Println(i) }",
		"m := map[string]int{\"b\": 2, \"a\": 1}\nslices.Sorted(maps.Keys(m))",
	},
	"labels": {
		"outer:\nfor i := range 3 {\n\tfor j := range 3 {\n\t\tif j == 2 { continue outer }\n\t\tif i == 2 { break outer }\n\t\tfmt.Println(i, j)\n\t}\n}",
		"i := 0\nagain:\nif i < 3 { i++; goto again }\ni",
		"switch { case i > 2: fmt.Println(\"big\"); fallthrough; default: fmt.Println(\"any\") }",
	},
	"methods": {
		"type Shape interface{ Area() float64 }\ntype Sq struct{ S float64 }\nfunc (s Sq) Area() float64 { return s.S * s.S }",
		"shapes := []Shape{Sq{2}, Sq{3}}\ntotal := 0.0\nfor _, s := range shapes { total += s.Area() }\ntotal",
		"func (s Sq) String() string { return fmt.Sprintf(\"square of %g\", s.S) }\nfmt.Println(Sq{5})",
		"type Named struct{ Sq; Name string }\nn := Named{Sq{4}, \"n\"}\nn.Area()",
	},
	"redefined": {
		"x := 1\nf := func() int { return x }\nf()",
		"x := \"now text\"\nx",
		"type P struct{ A int }\np := P{1}\np",
		"type P struct{ A, B string }\np2 := P{\"a\", \"b\"}\np2.B",
		"p",
	},
	"shadowed": {
		"len(\"four\")", "len := 3\nlen + 1",
		"fmt.Println(\"with\", len)",
		"string := \"s\"\nstring", "fmt.Println(string, len)",
	},
	"tables": {
		"type row struct{ Name string; N int }\nrows := []row{{\"a\", 1}, {\"b\", 2}}\nrows",
		"import (\"github.com/go-gota/gota/dataframe\"; \"github.com/go-gota/gota/series\")\ndf := dataframe.New(series.New([]int{3,1,2}, series.Int, \"n\"), series.New([]string{\"x\",\"y\",\"z\"}, series.String, \"s\"))\ndf",
		"df.Arrange(dataframe.Sort(\"n\"))",
		"display.HTML(\"<b>x</b>\")",
	},
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
