package eval

import (
	"os"
	"slices"
	"strings"
	"testing"

	"dtnotes/kernel/cell"
)

// TestRanking has the best proposal first, and none where there is nothing to propose.
func TestRanking(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/table.csv", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	must(t, s, `type point struct { X, y int; Label string }
func label(p point) string { return p.Label }
func lambda(n int) int { return n }
total, title := 1, "t"
ages := map[string]int{"anna": 1, "bert": 2}
df := dataframe.LoadRecords([][]string{{"price", "name"}, {"1", "x"}})`)
	for _, c := range []struct{ code, first, none string }{
		{"strings.ToUpper(t|", "title", ""},
		{"strings.Repeat(\"x\", t|", "total", ""},
		{"x := 1 + t|", "total", ""},
		{"var s string = la|", "label", ""},
		{"var n int = la|", "lambda", ""},
		{"func f() string { return la|", "label", ""},
		{"func f(tint string) string { return t|", "tint", ""},
		{"point{|", "Label", "total"},
		{"point{La|", "Label", "label"},
		{"point{X: 1, |", "Label", "X"},
		{"point{X: t|", "total", ""},
		{"&point{|}", "Label", "total"},
		{"strings.HasPrefix(|", "title", ""},
		{"strings.tou|", "ToUpper", ""},
		{"strings.TU|", "ToUpper", ""},
		{"ages[t|", "title", ""},
		{"ages[\"|", "anna", ""},
		{"ages[\"b|\"]", "bert", ""},
		{"df.Col(\"|\")", "name", ""},
		{"df.Col(\"p|", "price", ""},
		{"os.ReadFile(\"ta|\")", "table.csv", ""},
		{"import \"encoding/js|", "encoding/json", ""},
		{"import (\n\t\"gonum.org/v1/gonum/st|", "gonum.org/v1/gonum/stat", ""},
		{"x := \"to|\"", "", "total"},
		{"// to|", "", "total"},
		{"/* to| */ 1", "", "total"},
		{"'t|'", "", "total"},
		{"unsafe.Size|", "Sizeof", ""},
	} {
		pos := strings.Index(c.code, "|")
		got := s.Complete(strings.Replace(c.code, "|", "", 1), pos)
		var all []string
		for _, it := range got.Items {
			all = append(all, it.Text)
		}
		if c.first != "" && (len(all) == 0 || all[0] != c.first) || c.first == "" && len(all) > 0 {
			t.Errorf("%s: want %q first in %v", c.code, c.first, all[:min(len(all), 8)])
		}
		if c.none != "" && slices.Contains(all, c.none) {
			t.Errorf("%s: %s is proposed", c.code, c.none)
		}
	}
}

// TestHelpInCommands has files and names of commands proposed where a command is written, what Go
// means elsewhere, and says what a command is for.
func TestHelpInCommands(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"data/a.txt", "dates.csv", "two words.txt"} {
		if err := os.MkdirAll(dir+"/data", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	must(t, s, "data := 1\nfunc dated() int { return 1 }")
	for _, c := range []struct{ code, want string }{
		{"$ ls da|", "data/ dates.csv"},
		{"!ls da|", "data/ dates.csv"},
		{"x := 1\n$ cat data/| | head", "data/a.txt"},
		{"$ cat two|", `two\ words.txt`},
		{"$ cat \"two|", "two words.txt"},
		{"%cd da|", "data/"},
		{"%rm dat|", "data dated"},
		{"%%writefile dates|\ntext", "dates.csv"},
		{"%%sh\nls da|", "data/ dates.csv"},
		{"%%html\nda|", ""},
		{"%who da|", ""},
		{"%tim|", "%time"},
		{"%%wr|", "%%writefile"},
		{"%time dated|", "dated"},
		{"%%time\ndated|", "dated"},
		{"?dated|", "dated"},
		{"dated|?", "dated"},
		{"$ echo (\ndated|", "dated"},
		{"x := `\n$ ls da|", ""},
	} {
		pos := strings.Index(c.code, "|")
		got := s.Complete(strings.Replace(c.code, "|", "", 1), pos)
		var texts []string
		for _, item := range got.Items {
			texts = append(texts, item.Text)
		}
		if strings.Join(texts, " ") != c.want {
			t.Errorf("%q: got %q, want %q", c.code, texts, c.want)
		}
	}
	for _, c := range []struct{ code, want string }{
		{"%c|d data", "%cd [FOLDER]"},
		{"%%s|h\nls", "%%sh"},
		{"%tim|e dated()", "%time CODE"},
		{"%time date|d()", "func dated() int"},
		{"%%time|\ndated()", "%time CODE"},
		{"$ ls da|", ""},
	} {
		pos := strings.Index(c.code, "|")
		b, ok := s.Inspect(strings.Replace(c.code, "|", "", 1), pos, 0)
		if got := b.Text(); ok != (c.want != "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.code, got, c.want)
		}
	}
}

// TestDidYouMean misspells names of every kind.
func TestDidYouMean(t *testing.T) {
	s := newSession(t)
	must(t, s, "count := 1\ntype point struct { Width int }\nfunc (point) Area() int { return 1 }")
	for code, want := range map[string]string{
		"coutn + 1":                              "undefined: coutn; did you mean count?",
		"strigns.ToUpper(\"\")":                  "undefined: strigns; did you mean strings?",
		"strings.ToUper(\"\")":                   "undefined: strings.ToUper; did you mean ToUpper?",
		"point{}.Widht":                          "did you mean Width?",
		"point{}.Arae()":                         "did you mean Area?",
		"func f(value int) int { return vlaue }": "did you mean value?",
		"%tmie 1":                                "did you mean %time?",
		"%rm conut":                              "did you mean count?",
	} {
		_, _, err := run1(t, s, code)
		if err == nil || !strings.Contains(err.Message, want) {
			t.Errorf("%s: %v, want %q", code, err, want)
		}
	}
	if _, _, err := run1(t, s, "nopenope + nopenope"); err == nil || strings.Contains(err.Message, "\n") || strings.Contains(err.Message, "mean") {
		t.Errorf("%v", err)
	}
}

// TestOtherNotebooks has the commands of other notebooks for Go.
func TestOtherNotebooks(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ code, values, printed, err string }{
		{"func f() int { return 4 }\n%%\nfmt.Println(f())", "", "4\n", ""},
		{"%main\nfmt.Println(f() + 1)", "", "5\n", ""},
		{"!echo shell", "", "shell\n", ""},
		{"ok := true\n!ok", "false :: bool", "", ""},
		{"!ok", "false :: bool", "", ""},
		{"!strings.HasPrefix(\"a\", \"b\")", "true :: bool", "", ""},
		{"%ls", "", "ok  var   bool", ""},
		{"%list", "", "f   func", ""},
		{"%ls /", "", "", "%ls: it takes nothing"},
		{"!ls /", "", "tmp", ""},
		{"%rm f ok", "", "", ""},
		{"f()", "", "", "undefined: f"},
		{"%list", "", "nothing is declared", ""},
		{"%rm f", "", "", "nothing is called f"},
		{"n := flag.Int(\"n\", 3, \"\")\n%%\nflag.Parse()\nfmt.Println(*n, flag.NArg(), len(os.Args))", "", "3 0 1\n", ""},
		{"n := flag.Int(\"n\", 4, \"\")\nflag.Parse()\nfmt.Println(*n)", "", "4\n", ""},
		{"func() {\n\tdefer func() { fmt.Println(recover()) }()\n\tos.Exit(3)\n}()", "", "", "exit status 3"},
		{"defer func() { fmt.Println(recover()) }()\nlog.Fatal(\"bye\")", "", "bye", "exit status 1"},
		{"*n", "4 :: int", "", ""},
	} {
		values, printed, err := run1(t, s, c.code)
		if values != c.values || !strings.Contains(printed, c.printed) || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Message, c.err) {
			t.Errorf("%s: %q %q %v", c.code, values, printed, err)
		}
	}
}

// TestCommandsAreComplete has commands that would be incomplete Go.
func TestCommandsAreComplete(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]cell.Status{
		"$ ls /* | head":    cell.Complete,
		"$ echo (":          cell.Complete,
		"!echo {":           cell.Complete,
		"%cd /tmp/*":        cell.Complete,
		"%%time\nfor {":     cell.Incomplete,
		"%%time\nx := := 1": cell.Invalid,
		"%%time\n1 + 1":     cell.Complete,
		"x := 1\n$ ls (":    cell.Complete,
		"f(\n$ ls":          cell.Incomplete,
		"1\n%%time":         cell.Invalid,
	} {
		if got, _ := s.IsComplete(code); got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
}
