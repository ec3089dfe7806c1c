package dtracefs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// cases returns the names of the captures in testdata: all that is neither a golden file, nor a
// script, nor what a tracer wrote to its standard error (.stderr), nor a program (.py).
func cases(tb testing.TB) (names []string) {
	tb.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil || len(entries) == 0 {
		tb.Fatal("no captures in testdata")
	}
	for _, e := range entries {
		if !e.IsDir() && !slices.Contains([]string{".golden", ".d", ".bt", ".py", ".stderr"}, filepath.Ext(e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestGolden holds what the captures in testdata decode to against the file beside each.
// A new case is a new capture, and a run with -update.
func TestGolden(t *testing.T) {
	fsys := os.DirFS("testdata")
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			c, err := Load(t.Context(), fsys, name, Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkCapture(t, c)
			checkNothingIsLeft(t, name, c)
			got, golden := describe(c), filepath.Join("testdata", name+".golden")
			// What is wrong by itself does not become right by being written to a golden file.
			if *update && !t.Failed() {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("decodes to\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// describe writes out what a capture holds, the first and last rows of each table.
func describe(c *Capture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d lines\n", c.Dialect, c.Lines)
	for _, t := range c.Tables {
		fmt.Fprintf(&b, "\n%v\n", t)
		for i := range t.NumRows() {
			if i == 8 && t.NumRows() > 16 {
				fmt.Fprintln(&b, "…")
			}
			if i < 8 || i >= t.NumRows()-8 {
				fmt.Fprintf(&b, "%q\n", row(t, i))
			}
		}
	}
	for _, n := range c.Notices {
		fmt.Fprintf(&b, "notice %+v\n", n)
	}
	for _, d := range c.Drops {
		cpu := "no CPU"
		if d.CPU != nil {
			cpu = strconv.Itoa(*d.CPU)
		}
		fmt.Fprintf(&b, "drop at line %d: %d %s on %s\n", d.Line, d.Count, d.Kind, cpu)
	}
	for _, e := range c.Errors {
		fmt.Fprintf(&b, "error %+v\n", e)
	}
	for _, l := range c.Unparsed {
		fmt.Fprintf(&b, "unparsed %d: %q\n", l.Number, l.Text)
	}
	return b.String()
}

// countedForm counts what a recognizer takes.
type countedForm struct {
	recognizer
	n *int
}

func (c countedForm) take(st *station, num int, line []byte) bool {
	ok := c.recognizer.take(st, num, line)
	if ok {
		*c.n++
	}
	return ok
}

// countedParagraphs counts the paragraphs that a form files.
type countedParagraphs struct {
	paragraphForm
	n *int
}

func (c countedParagraphs) file(st *station, lines []textLine) int {
	n := c.paragraphForm.file(st, lines)
	if n > 0 {
		*c.n++
	}
	return n
}

// readWhole are the dialects that are not cut into parts, and why: a capture of them is held in
// memory as a whole. All others have a cut.
var readWhole = map[string]string{
	"libxo-json":   "one object from the first line to the last",
	"libxo-xml":    "one element from the first line to the last",
	"statemap":     "what its states are called, and from when times count, is told by records of their own",
	"sysstat-json": "one object from the first line to the last",
}

// TestEveryFormIsWhole holds that no entry of the lists lacks something, or has the name of
// another.
func TestEveryFormIsWhole(t *testing.T) {
	named := map[string]bool{}
	once := func(what, name string) {
		if name == "" || named[what+name] {
			t.Errorf("%s %q: it needs a name of its own", what, name)
		}
		named[what+name] = true
	}
	for _, dl := range dialects {
		once("dialect", dl.name)
		if dl.is == nil || dl.start == nil {
			t.Errorf("dialect %s: it needs is, by which it is known, and start, which makes its reader", dl.name)
		}
		if why := readWhole[dl.name]; dl.cut == nil && why == "" {
			t.Errorf("dialect %s: it needs cut, or a reason in readWhole why it has none", dl.name)
		} else if dl.cut != nil && why != "" {
			t.Errorf("dialect %s: it has a cut, and is in readWhole", dl.name)
		}
	}
	for _, f := range forms {
		if once("form", f.name); f.new == nil {
			t.Errorf("form %s: it needs new, which makes its recognizer", f.name)
		}
	}
	for _, p := range paragraphForms {
		if once("form of paragraphs", p.name); p.new == nil {
			t.Errorf("form of paragraphs %s: it needs new", p.name)
		}
	}
}

// TestEveryFormHasACase holds that each dialect, each recognizer and each form of
// paragraphs finds what it knows in a capture of testdata.
func TestEveryFormHasACase(t *testing.T) {
	taken := map[string]*int{}
	count := func(what string) *int {
		if taken[what] == nil {
			taken[what] = new(int)
		}
		return taken[what]
	}
	for _, dl := range dialects {
		count("dialect " + dl.name)
	}
	for _, name := range cases(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		src, err := scriptBeside(os.DirFS("testdata"), name)
		if err != nil {
			t.Fatal(err)
		}
		dl := dialectOf(data)
		*count("dialect " + dl.name)++
		st := newStation()
		for i, f := range forms {
			r := st.forms[i]
			c := countedForm{r, count("form " + f.name)}
			st.forms[i] = c
			if r, ok := r.(resumer); ok {
				st.forms[i] = struct {
					countedForm
					resumer
				}{c, r}
			}
		}
		for i, p := range paragraphForms {
			st.free.forms[i] = countedParagraphs{st.free.forms[i], count("paragraphs of " + p.name)}
		}
		st.read(newDecoder(&Capture{Dialect: dl.name}, Options{}, parseScript(src)), data, 1, true)
	}
	for what, n := range taken {
		if *n == 0 {
			t.Errorf("no capture in testdata has the %s", what)
		}
	}
}
