package eval

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dtnotes/kernel/cell"
)

func TestComplete(t *testing.T) {
	s := newSession(t)
	must(t, s, `type point struct { X, y int; Label string }
func (p *point) Move(dx int) { p.X += dx }
func distance(a, b point) float64 { return 0 }
pt := point{}
df := dataframe.LoadRecords([][]string{{"a"}, {"1"}})
table := map[string]*point{"a": &pt}`)
	for _, c := range []struct {
		code string // | is the cursor
		want string // name/kind/signature, must be among the proposals
		none string // must not be
	}{
		{"pt.|", "Move/method/func(dx int)", ""},
		{"pt.|", "y/field/int", ""},
		{"pt.M|", "Move/method/func(dx int)", "X"},
		{"dist|", "distance/function/func(a point, b point) float64", "pt"},
		{"strings.To|", "ToUpper/function/func(string) string", "Fields"},
		{"df.Fil|", "Filter/method/", ""},
		{"df.|Filter(1)", "Filter/method/", ""},
		{"x := 5\nfor i := range x { fmt.Println(i|", "i/variable/int", ""},
		{"func f(abc int) { ab|", "abc/variable/int", ""},
		{"f := func(abc point) int { return abc.|", "Label/field/string", ""},
		{"table[\"a\"].|", "Label/field/string", ""},
		{"local := pt\nlocal.|\nfmt.Println(local)", "X/field/int", ""},
		{"point{La|", "Label/field/string", ""},
		{"mat.NewDe|", "NewDense/function/", ""},
		{"dtracef|", "dtracefs/package/dtnotes/dtracefs", ""},
		{"%he|", "%help/magic/%help", "%who"},
		{"ra|", "range/keyword/", ""},
		{"if pt.X > 0 {\n\tpt.|\n}", "Label/field/string", ""},
		{"import \"os\"\nos.Get|", "Getenv/function/", ""},
		{"var s fmt.Stringer\ns.|", "String/method/func() string", ""},
		{"strings.NewReader(\"x\").|", "Len/method/func() int", ""},
		{"\"日本\" + strings.Rep|", "Repeat/function/", ""},
	} {
		pos := strings.Index(c.code, "|")
		code := strings.Replace(c.code, "|", "", 1)
		got := s.Complete(code, pos)
		if got.Start > pos || got.End < pos {
			t.Errorf("%s: replaces %d to %d", c.code, got.Start, got.End)
		}
		var all []string
		found := false
		for _, it := range got.Items {
			all = append(all, it.Text)
			found = found || strings.HasPrefix(it.Text+"/"+it.Kind+"/"+it.Signature, c.want)
		}
		if !found {
			t.Errorf("%s: no %s in %v", c.code, c.want, got.Items[:min(len(got.Items), 10)])
		}
		if c.none != "" && slices.Contains(all, c.none) {
			t.Errorf("%s: %s is proposed", c.code, c.none)
		}
	}
	if got := must(t, s, "pt.X"); got != "0 :: int" {
		t.Errorf("completion has changed the session: %s", got)
	}
}

func TestInspect(t *testing.T) {
	s := newSession(t)
	must(t, s, "type point struct{ X int }\n// norm is a norm.\nfunc (p point) norm() int { return p.X }\nfunc twice(n int) int {\n\treturn 2 * n\n}\npt := point{3}")
	for _, c := range []struct {
		code   string
		detail int
		want   []string
	}{
		{"strings.ToUpp|er", 0, []string{"func ToUpper(s string) string", "returns s with all Unicode letters mapped"}},
		{"strings.ToUpper(|", 0, []string{"func ToUpper(s string) string"}},
		{"mat.Dense|", 0, []string{"type mat.Dense struct", "Dense is a dense matrix"}},
		{"var m mat.Dense\nm.Mu|l", 0, []string{"func (m *Dense) Mul(a, b Matrix)", "Mul takes the matrix product"}},
		{"twice|", 0, []string{"func twice(n int) int"}},
		{"pt.norm(|)", 0, []string{"norm() int", "norm is a norm."}},
		{"strings.Repeat(\"x\", |", 0, []string{"func Repeat(s string, count int) string"}},
		{"twice(len(\"abc\"), |", 0, []string{"func twice(n int) int"}},
		{"twice|", 1, []string{"return 2 * n"}},
		{"pt|", 0, []string{"var pt point"}},
		{"pt.nor|m", 1, []string{"norm() int", "return p.X"}},
		{"stat|", 0, []string{"package stat", "gonum.org/v1/gonum/stat"}},
		{"len|", 0, []string{"func len(v Type) int", "length of v"}},
		{"append(|", 0, []string{"append"}},
		{"dtracefs.Load|", 0, []string{"func Load(ctx context.Context, fsys fs.FS, name string"}},
		{"math.Pi|", 0, []string{"Pi"}},
	} {
		pos := strings.Index(c.code, "|")
		b, ok := s.Inspect(strings.Replace(c.code, "|", "", 1), pos, c.detail)
		for _, w := range c.want {
			if !ok || !strings.Contains(b.Text(), w) {
				t.Errorf("%s: no %q in %v %q", c.code, w, ok, b.Text())
			}
		}
	}
	if b, ok := s.Inspect("nosuchname", 3, 0); ok {
		t.Errorf("found %q", b.Text())
	}
}

func TestIsComplete(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]cell.Status{
		"1+1":                     cell.Complete,
		"x := 1":                  cell.Complete,
		"":                        cell.Complete,
		"for i := range 3 {":      cell.Incomplete,
		"f(1,":                    cell.Incomplete,
		"x +":                     cell.Incomplete,
		"x++":                     cell.Complete,
		"`abc":                    cell.Incomplete,
		"/* abc":                  cell.Incomplete,
		"\"abc":                   cell.Invalid,
		"}":                       cell.Invalid,
		"x := := 2":               cell.Invalid,
		"%time 1":                 cell.Complete,
		"?strings":                cell.Complete,
		"$ ls":                    cell.Complete,
		"func f() {\n\treturn\n}": cell.Complete,
		"if x {\n\tf(`\n":         cell.Incomplete,
		"// a comment":            cell.Complete,
	} {
		if got, _ := s.IsComplete(code); got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
	if _, indent := s.IsComplete("if a {\n\tfor {"); indent != "\t\t" {
		t.Errorf("indent %q", indent)
	}
}

func TestMagics(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ code, values, printed, err string }{
		{"x := 5\n%who", "", "x  var  int", ""},
		{"%time x + 1", "6 :: int", "took ", ""},
		{"%%time\ny := 2\nx + y", "7 :: int", "took ", ""},
		{"$ echo out; echo err >&2", "", "out\nerr\n", ""},
		{"$ exit 3", "", "", "exit status 3"},
		{"%nosuch", "", "", strings.Join(commandNames(), ", ")},
		{"%help", "", "?NAME", ""},
		{"s := `\n%who\n?x\n`\nlen(s)", "9 :: int", "", ""},
		{"1\n%%time", "", "", "%%time is for a whole cell"},
		{"\n\nundefinedName", "", "", ":3:1: undefined"},
		{"$ true\n\nundefinedName", "", "", ":3:1: undefined"},
		{"?strings.ToUpper", "", "", ""},
		{"nosuch?", "", "", "nothing known of nosuch"},
		{"%reset\nx", "", "", "undefined: x"},
		{"%cd /\nos.Getwd()", "/ :: string , <nil> :: <nil>", "/\n", ""},
	} {
		t.Chdir(t.TempDir())
		values, printed, err := run1(t, s, c.code)
		if values != c.values || !strings.Contains(printed, c.printed) {
			t.Errorf("%s: shows %q, prints %q", c.code, values, printed)
		}
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Message, c.err) {
			t.Errorf("%s: error %v, want %q", c.code, err, c.err)
		}
	}
}

// TestEveryCommandIsKnown holds that a command has words of its own in %help, is proposed while it
// is typed, and is run by one of the sessions here.
func TestEveryCommandIsKnown(t *testing.T) {
	s := newSession(t)
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var run strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		run.Write(text)
	}
	for name, m := range magics() {
		name = "%" + name
		if usage, _, _ := strings.Cut(m.usage, " "); usage != name || m.help == "" {
			t.Errorf("%s: its usage is %q and its help %q", name, m.usage, m.help)
		}
		if !slices.ContainsFunc(s.Complete(name[:2], 2).Items, func(i cell.CompletionItem) bool { return i.Text == name }) {
			t.Errorf("%s is not proposed after %s", name, name[:2])
		}
		// Modules have tests of their own.
		if runs := regexp.MustCompile(`(?m)^` + name + `(\s|$)`); !runs.MatchString(run.String()) && name != "%get" {
			t.Errorf("no session in testdata/sessions runs %s", name)
		}
	}
}

// TestBeforeTheFirstCell asks when nothing has run yet.
func TestBeforeTheFirstCell(t *testing.T) {
	s := newSession(t)
	if got := s.Complete("slices.Sor", 10); len(got.Items) == 0 {
		t.Error("no proposals for slices.Sor")
	}
	if b, ok := s.Inspect("atomic.Int64", 12, 1); !ok || !strings.Contains(b.Text(), "Int64") {
		t.Errorf("%v %q", ok, b.Text())
	}
}
